"""Is there a screen, and can Qt use it."""

import ctypes
import os
import socket
import sys

# Debian's package for each library that Qt's xcb plugin links and that a bare
# installation may lack.
_XCB_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
}
# Needed even to draw offscreen.
_BASE_LIBRARIES = (
    "libEGL.so.1",
    "libGL.so.1",
    "libfontconfig.so.1",
    "libdbus-1.so.3",
    "libxkbcommon.so.0",
)


_LOCAL_PATIENCE_S = 1.0
_REMOTE_PATIENCE_S = 5.0


def has_display() -> bool:
    """Whether a window can be shown: always on macOS and Windows."""
    return why_no_display() is None


def why_no_display() -> str | None:
    """Half a sentence that says why no window can be shown; None where one can.

    A display that is named is asked whether it answers, because Qt ends the process where it
    does not. One on this machine answers within a millisecond.
    """
    if not sys.platform.startswith("linux"):
        return None
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0]
    if platform not in ("", "xcb", "wayland"):
        return None
    names = []
    for variable, used, answers in (
        ("WAYLAND_DISPLAY", "wayland", _wayland_answers),
        ("DISPLAY", "xcb", _x11_answers),
    ):
        name = os.environ.get(variable)
        if not name or platform not in ("", used):
            continue
        if answers(name):
            return None
        names.append(name)
    return f"The display {' or '.join(names)} does not answer" if names else "No display here"


def _wayland_answers(name: str) -> bool:
    folder = os.environ.get("XDG_RUNTIME_DIR", "")
    return _accepts(socket.AF_UNIX, os.path.join(folder, name))  # noqa: PTH118


def _x11_answers(name: str) -> bool:
    """See X(7), display names: `[host]:number[.screen]`."""
    host, colon, rest = name.rpartition(":")
    number = rest.partition(".")[0]
    if not colon or not number.isdigit():
        return False
    if host in ("", "unix"):
        path = f"/tmp/.X11-unix/X{number}"
        # The server listens in Linux's abstract namespace, on the file, or on both.
        return _accepts(socket.AF_UNIX, f"\0{path}") or _accepts(socket.AF_UNIX, path)
    try:
        with socket.create_connection((host.strip("[]"), 6000 + int(number)), _REMOTE_PATIENCE_S):
            return True
    except (OSError, OverflowError, UnicodeError):
        return False


def _accepts(family: int, address: str) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as connection:
            connection.settimeout(_LOCAL_PATIENCE_S)
            connection.connect(address)
    except (OSError, ValueError):
        return False
    return True


def missing_packages(libraries: tuple[str, ...] | None = None) -> list[str]:
    """Debian packages of system libraries that cannot be loaded; empty elsewhere."""
    if not sys.platform.startswith("linux"):
        return []
    return [
        _XCB_LIBRARIES[library]
        for library in (libraries or tuple(_XCB_LIBRARIES))
        if not _loads(library)
    ]


def missing_xcb_packages() -> list[str]:
    """Packages without which no window can open on X11; empty where X11 is not used."""
    if os.environ.get("QT_QPA_PLATFORM", "xcb").split(":")[0] != "xcb":
        return []
    if os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY"):
        return []
    return missing_packages()


def missing_offscreen_packages() -> list[str]:
    """Packages without which Qt cannot even draw offscreen."""
    return missing_packages(_BASE_LIBRARIES)


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
