"""From the cursor to the decoded picture on the screen, in the real window."""

import statistics
import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QEventLoop,
    QObject,
    QPointF,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QWidget

from latentviewer.bench.rows import Row
from latentviewer.bootstrap import open_model, open_sample_window
from latentviewer.bootstrap.staging import Stage
from latentviewer.domain.ports import Model

_MOVES, _QUICK_MOVES = 500, 120
_BETWEEN_MS = 12
_PATIENCE_MS = 1000
_PAINTED = QEvent.Type(QEvent.registerEventType())


def latency_rows(quick: bool) -> list[Row]:
    """Idle and while a data set is encoded on the same worker, beside a bare loop."""
    moves = _QUICK_MOVES if quick else _MOVES
    with open_sample_window() as stage:
        idle = _moves(stage, moves)
        with _encoding(stage):
            busy = _moves(stage, moves)
    bare = _bare_loop(open_model("mnist-vae"), moves)
    peer = float(np.percentile(bare, 95))
    rows = []
    for name, times, limit in (("idle", idle, 4.0), ("while encoding", busy, 12.0)):
        median, p95 = statistics.median(times), float(np.percentile(times, 95))
        rows.append(
            Row(f"cursor to picture, {name}, median", "ms", median, statistics.median(bare),
                "bare loop", median / statistics.median(bare), "", None)
        )  # fmt: skip
        rows.append(
            Row(f"cursor to picture, {name}, p95", "ms", p95, peer, "bare loop", p95 / peer,
                f"at most {limit:g} ms", p95 <= limit)
        )  # fmt: skip
    return rows


def cursor_to_picture_ms(sample: str, moves: int) -> list[float]:
    """Milliseconds from each of some cursor moves over a bundled sample to its picture."""
    with open_sample_window(sample) as stage:
        return _moves(stage, moves)


class _PaintWatch(QObject):
    """Tells when a widget has been painted, and its window's new pixels handed on."""

    painted = Signal()

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            # After this filter the widget paints. The event loop comes to this event next of
            # all, when whoever asked for the paint is done.
            QCoreApplication.postEvent(
                self, QEvent(_PAINTED), Qt.EventPriority.HighEventPriority.value
            )
        return False

    def event(self, event: QEvent) -> bool:
        if event.type() == _PAINTED:
            self.painted.emit()
            return True
        return super().event(event)


def _moves(stage: Stage, count: int) -> list[float]:
    """Milliseconds from each mouse event to the end of the paint that shows its answer."""
    view = stage.window.map_panel.view
    watch = _PaintWatch(stage.window.preview.pictures.decoded)
    rng = np.random.default_rng(0)
    times: list[float] = []
    answered: list[float] = []
    disconnect = stage.workbench.previews.answered.connect(
        lambda _answer: answered.append(time.perf_counter())
    )
    for _ in range(count):
        at = QPointF(rng.uniform(80, view.width() - 240), rng.uniform(60, view.height() - 60))
        loop = QEventLoop()
        begun: list[float] = []

        def move(at: QPointF = at, begun: list[float] = begun) -> None:
            answered.clear()
            begun.append(time.perf_counter())
            QApplication.sendEvent(view, _mouse_move(view, at))

        def painted(begun: list[float] = begun, loop: QEventLoop = loop) -> None:
            if begun and answered:
                times.append(1000 * (time.perf_counter() - begun[0]))
                loop.quit()

        watch.painted.connect(painted)
        QTimer.singleShot(_BETWEEN_MS, move)
        QTimer.singleShot(_PATIENCE_MS, loop.quit)
        loop.exec()
        watch.painted.disconnect(painted)
    disconnect()
    watch.deleteLater()
    return times


def _mouse_move(view: QWidget, at: QPointF) -> QMouseEvent:
    none = Qt.MouseButton.NoButton
    return QMouseEvent(
        QEvent.Type.MouseMove, at, view.mapToGlobal(at), none, none,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip


class _encoding:  # noqa: N801
    """Encodes a data set on the window's own worker, again and again, until the end."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def __enter__(self) -> None:
        self._job = self._stage.encode_for_ever()

    def __exit__(self, *_exception: object) -> None:
        self._job.cancel()


class _Bare(QWidget):
    """A widget that paints the newest picture a thread decoded; nothing else."""

    came = Signal(object)

    def __init__(self, model: Model) -> None:
        super().__init__()
        self._model = model
        self._slot: NDArray[np.float32] | None = None
        self._wake = threading.Condition()
        self._end = False
        self._image = QImage()
        self.done: Callable[[], None] = lambda: None
        self.came.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._loop, name="bare loop")
        self._thread.start()

    def ask(self, latent: NDArray[np.float32]) -> None:
        with self._wake:
            self._slot = latent
            self._wake.notify()

    def stop(self) -> None:
        with self._wake:
            self._end = True
            self._wake.notify()
        self._thread.join()

    def _loop(self) -> None:
        while True:
            with self._wake:
                while self._slot is None and not self._end:
                    self._wake.wait()
                if self._end:
                    return
                latent, self._slot = self._slot, None
            assert latent is not None
            self.came.emit(self._model.decode(latent[None])[0])

    def _show(self, picture: NDArray[np.float32]) -> None:
        grey = np.ascontiguousarray(picture[..., 0] * 255, np.uint8)
        height, width = grey.shape
        self._image = QImage(
            grey.data, width, height, width, QImage.Format.Format_Grayscale8
        ).copy()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawImage(self.rect(), self._image)
        painter.end()
        QTimer.singleShot(0, self.done)


def _bare_loop(model: Model, count: int) -> list[float]:
    widget = _Bare(model)
    widget.resize(256, 256)
    widget.show()
    rng = np.random.default_rng(0)
    times: list[float] = []
    for _ in range(count):
        loop = QEventLoop()
        latent = rng.standard_normal(model.card.latent_dim, np.float32)
        begun: list[float] = []

        def ask(latent: NDArray[np.float32] = latent, begun: list[float] = begun) -> None:
            begun.append(time.perf_counter())
            widget.ask(latent)

        def done(begun: list[float] = begun, loop: QEventLoop = loop) -> None:
            if begun:
                times.append(1000 * (time.perf_counter() - begun[0]))
                loop.quit()

        widget.done = done
        QTimer.singleShot(_BETWEEN_MS, ask)
        QTimer.singleShot(_PATIENCE_MS, loop.quit)
        loop.exec()
    widget.stop()
    widget.close()
    return times
