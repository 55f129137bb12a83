"""Is there a screen, and can Qt use it."""

import ctypes
import os
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


def has_display() -> bool:
    """Whether a window can be shown: always on macOS and Windows."""
    if os.environ.get("QT_QPA_PLATFORM"):
        return True
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


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
