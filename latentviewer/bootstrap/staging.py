"""A window that a program drives instead of a person."""

from __future__ import annotations

import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import numpy as np
from PySide6.QtCore import QBuffer, QByteArray, QEventLoop, QIODevice, QTimer

from latentviewer.app.services import LayoutHandle, LayoutRequest
from latentviewer.bootstrap.wiring import SWITCH_INTERVAL_S, make_window
from latentviewer.bootstrap.working import rasteriser, train
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.io.atomic import write_bytes
from latentviewer.jobs.progress import CancelToken
from latentviewer.jobs.worker import Job, JobHandle
from latentviewer.ui.application import apply_theme, make_application
from latentviewer.ui.theme import THEMES


class Stage:
    """Opens, waits for what is asked, runs commands, saves pictures; leaves nothing behind.

    What goes wrong ends it at once: a refusal is raised as it came, and so is a defect that
    Qt would only print. Ctrl+C is raised between two turns of the event loop, for within one
    it would be lost.
    """

    def __init__(self, theme: str, size: tuple[int, int]) -> None:
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        self._fault: BaseException | None = None
        self._hook_before = sys.excepthook
        self._interrupt_before = _set_interrupt(self._on_interrupt)
        self._app = make_application(["latentviewer"])
        self.window, self.workbench, self._lanes = make_window(remembers=False)
        sys.excepthook = self._on_defect
        self.workbench.workspace.refused.connect(self._on_fault)
        self.workbench.workspace.message.connect(self._on_message)
        self.window.resize(*size)
        self.window.set_theme(THEMES[theme])
        apply_theme(self._app, THEMES[theme])
        self.window.map_panel.view.animations_enabled = False
        self.window.side_by_side.beside.view.animations_enabled = False
        self.window.set_rasteriser(rasteriser())

    def __enter__(self) -> Stage:
        self.window.show()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.workbench.workspace.session.mark_saved()
        self.window.close()
        self._lanes.stop()
        sys.excepthook = self._hook_before
        _set_interrupt(self._interrupt_before)

    def run(self, command_id: str, **arguments: Any) -> None:
        """Runs a command, as a click would."""
        self.workbench.commands.run(command_id, **arguments)

    def open(self, reference: str, patience_s: float) -> None:
        """Opens and waits for map, model and data."""
        importing = self.workbench.importing
        self.run("file.open_path", path=reference)
        self._wait(
            lambda: (
                self.workbench.workspace.state.space is not None
                or (importing.current is not None and importing.current.trial is not None)
            ),
            patience_s,
            reference,
        )
        if importing.current is not None and importing.current.offer is not None:
            danger = importing.current.offer.danger
            importing.cancel()
            if danger is not None:
                raise UnsafeFileError(danger)
            raise UserError(
                f"{reference} is a model of another program; encode a data set with it first: "
                f"latentviewer encode {reference} DATA -o SPACE.arrow."
            )
        self.wait_until_quiet(patience_s)

    def wait_for_map(self, patience_s: float) -> None:
        """Waits until the map for the present settings stands."""
        workbench = self.workbench
        self._wait(
            lambda: (
                workbench.workspace.shown_map is not None
                and workbench.workspace.shown_map.coordinates.shape[1]
                == workbench.workspace.state.map.dims
                and not workbench.maps.is_forming
            ),
            patience_s,
            "the map",
        )

    def compare(self, reference: str, patience_s: float) -> None:
        """Opens a second map, and waits for it and for its model."""
        companion = self.workbench.companion
        self.run("map.compare", reference=reference)
        self._wait(
            lambda: companion.beside is not None and companion.beside.map is not None,
            patience_s,
            reference,
        )
        self.wait_until_quiet(patience_s)

    def check_size(self, size: tuple[int, int]) -> None:
        """Refuses a size that the window with its panels does not fit in."""
        width, height = self.window.width(), self.window.height()
        if (width, height) != size:
            raise UserError(
                f"The window does not fit in {size[0]}x{size[1]}; it needs {width}x{height} "
                "or more."
            )

    def wait_until_quiet(self, patience_s: float) -> None:
        """Waits until the worker has answered everything asked so far."""
        quiet: list[bool] = []
        # Twice: the first answers may ask for more.
        for _ in range(3):
            quiet.clear()
            self.workbench.workspace.worker.call(
                lambda: True, quiet.append, lambda error: quiet.append(False)
            )
            self._wait(lambda: bool(quiet), patience_s, "the worker")
            self._spin(200)

    def save(self, path: Path) -> tuple[int, int]:
        """Saves the window's picture; returns its width and height in pixels."""
        picture = self.window.grab()
        content = QByteArray()
        buffer = QBuffer(content)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        if not picture.save(buffer, "PNG"):
            raise UserError(f"{path}: the window could not be drawn; choose a smaller size.")
        write_bytes(path, bytes(content.data()))
        return picture.width(), picture.height()

    def wait_until_quiet_for(self, seconds: float) -> None:
        """Lets the event loop run for a while."""
        self._spin(round(1000 * seconds))

    def encode_for_ever(self) -> JobHandle:
        """Encodes digits on the window's worker, over and over, until it is cancelled."""
        services = self.workbench.workspace.services

        def steps(_token: CancelToken) -> Job[None]:
            model, data = services.open_model("digits-vae"), services.open_data("digits")
            while True:
                yield from services.encode(model, data)

        return self._submit("Encode", steps)

    def train_for_ever(self) -> JobHandle:
        """Trains the recipe of the small digits on the window's worker until it is cancelled."""
        folder = tempfile.TemporaryDirectory()

        def steps(_token: CancelToken) -> Job[None]:
            with folder as out:
                yield from train("digits-vae", Path(out), epochs=100_000)

        return self._submit("Train", steps)

    def start_umap(self, points: int) -> LayoutHandle:
        """UMAP of random latents in the window's child process."""
        latents = np.random.default_rng(0).standard_normal((points, 16), np.float32)
        services = self.workbench.workspace.services
        method = next(m for m in services.methods if m.key == "umap")
        return services.start_layout(
            LayoutRequest("umap", method.title, latents, 2, method.options({}), {}),
            done=lambda _made: None,
            failed=self.workbench.workspace.fault,
            progress=lambda _status, _partial: None,
            cancelled=lambda: None,
        )

    def _submit(self, title: str, steps: Callable[[CancelToken], Job[None]]) -> JobHandle:
        return self.workbench.workspace.worker.submit(
            title, steps, done=lambda _: None, failed=self.workbench.workspace.fault
        )

    def _on_fault(self, error: BaseException) -> None:
        self._fault = self._fault or error

    def _on_message(self, sentence: str, fault: bool) -> None:
        if fault:
            self._on_fault(UserError(sentence))

    def _on_defect(
        self, kind: type[BaseException], value: BaseException, trace: TracebackType | None
    ) -> None:
        self._on_fault(value.with_traceback(trace))

    def _on_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self._fault = KeyboardInterrupt()

    def _wait(self, there: Callable[[], bool], patience_s: float, what: str) -> None:
        end = time.monotonic() + patience_s
        while not there():
            if self._fault is not None:
                raise self._fault
            if time.monotonic() > end:
                raise UserError(f"{what} was not ready after {patience_s:.0f} s; try again.")
            self._spin(10)

    def _spin(self, milliseconds: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()
        if isinstance(self._fault, KeyboardInterrupt):
            raise self._fault


_OnSignal = Callable[[int, FrameType | None], Any] | int | None


def _set_interrupt(handler: _OnSignal) -> _OnSignal:
    """Sets what Ctrl+C does, and returns what it did before; only the main thread may."""
    if threading.current_thread() is not threading.main_thread():
        return None
    return signal.signal(signal.SIGINT, signal.default_int_handler if handler is None else handler)
