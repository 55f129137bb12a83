"""Starts the window and ends it cleanly."""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from latentviewer.bundled import state_folder

if TYPE_CHECKING:
    from types import TracebackType

EXIT_AFTER = "LATENTVIEWER_EXIT_AFTER"
FIRST_SAMPLE = "mnist-vae"
WARM_CHILD_AFTER_MS = 4_000


def crash_log() -> Path:
    """Where a crash leaves its trace."""
    return state_folder() / "crash.log"


def _say(sentence: str) -> None:
    sys.stdout.write(f"{sentence}\n")


def open_window(reference: str | None, say: Callable[[str], None] = _say) -> int:
    """Opens the window with a path, a sample, or the first sample; runs until it closes.

    On a machine with no display the sample session is drawn offscreen instead.

    Args:
        say: told, line by line, what was drawn offscreen.

    Raises:
        UserError: there is no display, and the session cannot be drawn either.
    """
    from latentviewer.bootstrap.display import missing_xcb_packages, why_no_display

    why = why_no_display()
    if why is not None:
        from latentviewer.bootstrap.headless import draw_session

        draw_session(reference or FIRST_SAMPLE, why, say)
        return 0
    missing = missing_xcb_packages()
    if missing:
        sys.stderr.write(
            "latentviewer: Qt's xcb plugin lacks system libraries; on Debian and Ubuntu run: "
            f"sudo apt install {' '.join(missing)}\n"
        )
        return 2
    if sys.platform == "win32":
        # There, torch's libraries must be loaded before Qt's.
        import torch  # noqa: F401
    _leave_a_folder_that_is_gone()
    with _crash_log_open():
        return _run(reference)


def _leave_a_folder_that_is_gone() -> None:
    """A window needs no present folder, but torch's libraries end the process without one."""
    try:
        Path.cwd()
    except FileNotFoundError:
        os.chdir(Path.home())


def _run(reference: str | None) -> int:
    from PySide6.QtCore import QTimer

    from latentviewer.ui.application import apply_theme, make_application
    from latentviewer.ui.qt_messages import pass_on_qt_messages

    pass_on_qt_messages()
    app = make_application()
    from latentviewer.bootstrap.wiring import SWITCH_INTERVAL_S, make_window, warm_kernels

    sys.setswitchinterval(SWITCH_INTERVAL_S)

    window, workbench, lanes = make_window()
    _install_fault_hook(window)
    apply_theme(app, window.theme)
    exit_after = os.environ.get(EXIT_AFTER)

    def begin() -> None:
        chosen = reference
        if chosen is None:
            there = [s.name for s in workbench.workspace.services.samples() if s.available]
            chosen = FIRST_SAMPLE if FIRST_SAMPLE in there else next(iter(there), None)
        if chosen is not None:
            window.dispatch("file.open_path", path=chosen)
        warm_kernels(window, lanes)
        # Once the first map answers, so that nothing of it waits for umap-learn's imports.
        QTimer.singleShot(WARM_CHILD_AFTER_MS, window, lanes.child.warm)

    def painted() -> None:
        if exit_after == "first-paint":
            _tell("first-paint")
            QTimer.singleShot(0, app.quit)
        else:
            QTimer.singleShot(0, begin)

    if exit_after == "first-decode":
        _quit_after_first_decode(window)
    window.on_first_paint = painted
    window.show()
    try:
        return int(app.exec())
    finally:
        lanes.stop()


def _quit_after_first_decode(window: object) -> None:
    from PySide6.QtWidgets import QApplication

    from latentviewer.ui.main_window import MainWindow

    assert isinstance(window, MainWindow)

    def hover(_map: object) -> None:
        if window.workbench.workspace.shown_map is not None:
            from latentviewer.app.state import RowTarget

            window.workbench.previews.hover(RowTarget(0))

    def answered(answer: object) -> None:
        if getattr(answer, "decoded", None) is not None:
            _tell("first-decode")
            QApplication.quit()

    window.workbench.workspace.sources_changed.connect(lambda: hover(None))
    window.workbench.previews.answered.connect(answered)


def _tell(event: str) -> None:
    sys.stdout.write(json.dumps({"event": event, "monotonic": time.monotonic()}) + "\n")
    sys.stdout.flush()


class _crash_log_open(contextlib.AbstractContextManager[None]):  # noqa: N801
    """Lets faulthandler write to the crash log while the window runs."""

    def __enter__(self) -> None:
        self._file = None
        try:
            crash_log().parent.mkdir(parents=True, exist_ok=True)
            self._file = crash_log().open("a", encoding="utf-8")
        except OSError as error:
            sys.stderr.write(f"latentviewer: no crash log can be written: {error}\n")
            return
        faulthandler.enable(self._file, all_threads=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            faulthandler.disable()
            self._file.close()


def _install_fault_hook(window: object) -> None:
    """A defect ends in the crash log and in a sentence, not in a lost session."""
    from latentviewer.ui.main_window import MainWindow

    assert isinstance(window, MainWindow)
    before = sys.excepthook

    def hook(kind: type[BaseException], value: BaseException, trace: TracebackType | None) -> None:
        before(kind, value, trace)
        with contextlib.suppress(OSError), crash_log().open("a", encoding="utf-8") as file:
            file.write("".join(traceback.format_exception(kind, value, trace)))
        window.status.say(
            f"Something went wrong in the program ({kind.__name__}); your work is still here. "
            f"Details are in {crash_log()}.",
            True,
        )

    sys.excepthook = hook
