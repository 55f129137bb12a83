"""How the program starts where there is no display, and where Qt lacks libraries."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from latentviewer.bootstrap import display
from latentviewer.bootstrap.running import open_window


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("QT_", "LATENTVIEWER"))}
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        kept.pop(name, None)
    return {**kept, "LATENTVIEWER_STATE": str(tmp_path / "state"), **more}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a display")
def test_without_a_display_the_session_is_drawn_and_filmed(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "latentviewer"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for name in ("latentviewer.png", "latentviewer.mp4"):
        assert (tmp_path / name).stat().st_size > 20_000
        assert name in done.stdout


def test_the_first_paint_comes_before_the_heavy_libraries(tmp_path: Path) -> None:
    code = (
        "import atexit, sys\n"
        "heavy = ('torch', 'numba', 'pyarrow', 'scipy', 'sklearn', 'umap', 'pyqtgraph')\n"
        "atexit.register(lambda: print([m for m in heavy if m in sys.modules]))\n"
        "sys.argv = ['latentviewer']\n"
        "from latentviewer.__main__ import main\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(
            tmp_path, QT_QPA_PLATFORM="offscreen", LATENTVIEWER_EXIT_AFTER="first-paint"
        ),
        capture_output=True,
        text=True,
        timeout=120,
    )
    first, loaded = done.stdout.splitlines()
    assert json.loads(first)["event"] == "first-paint"
    assert loaded == "[]"


def test_missing_system_libraries_are_named_as_debian_packages(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux loads Qt's xcb plugin")
    monkeypatch.setenv("DISPLAY", ":99")
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(display, "_x11_answers", lambda name: True)
    absent = {"libxcb-cursor.so.0", "libxcb-icccm.so.4"}
    monkeypatch.setattr(display, "_loads", lambda library: library not in absent)
    assert open_window(None) == 2
    said = capsys.readouterr().err
    assert "sudo apt install libxcb-cursor0 libxcb-icccm4" in said


def test_a_platform_named_by_the_user_needs_no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert display.has_display()
    assert display.missing_xcb_packages() == []


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a display")
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DISPLAY", ":987"),
        ("DISPLAY", "unix:987.0"),
        ("DISPLAY", "127.0.0.1:987"),
        ("DISPLAY", "127.0.0.1:99999"),
        ("DISPLAY", "nonsense"),
        ("WAYLAND_DISPLAY", "wayland-987"),
        ("WAYLAND_DISPLAY", "x" * 300),
    ],
)
def test_a_display_that_does_not_answer_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert display.why_no_display() == "No display here"
    monkeypatch.setenv(variable, value)
    took_s = []
    for _ in range(10):
        began = time.perf_counter()
        assert display.why_no_display() == f"The display {value} does not answer"
        took_s.append(time.perf_counter() - began)
    assert min(took_s) < 0.002


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a display")
def test_a_display_that_answers_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "w-0")
    with socket.socket(socket.AF_UNIX) as wayland:
        wayland.bind(str(tmp_path / "w-0"))
        wayland.listen()
        assert display.has_display()
        monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
        assert not display.has_display()
    monkeypatch.delenv("QT_QPA_PLATFORM")
    with socket.create_server(("127.0.0.1", 0)) as x11:
        number = x11.getsockname()[1] - 6000
        if number >= 0:
            monkeypatch.setenv("DISPLAY", f"127.0.0.1:{number}.0")
            assert display.has_display()
    with socket.socket(socket.AF_UNIX) as local:
        local.bind("\0/tmp/.X11-unix/X987654")
        local.listen()
        monkeypatch.setenv("DISPLAY", ":987654")
        assert display.has_display()
