"""From the cursor to the decoded picture on the screen, in the real window."""

import statistics
import threading
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
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
from latentviewer.bootstrap import model_card, open_model, open_sample_window, samples
from latentviewer.bootstrap.staging import Stage
from latentviewer.domain.ports import Capability, Model
from latentviewer.ui.preview.image_tile import ImageTile

_MOVES, _QUICK_MOVES = 500, 120
_LIMIT_MS, _ENCODING_MS, _DENOISED_MS = 4.0, 12.0, 150.0
_BETWEEN_MS = 12
_PATIENCE_MS = 1000


def latency_rows(quick: bool) -> list[Row]:
    """Idle and while a data set is encoded on the same worker, beside a bare loop."""
    moves = _QUICK_MOVES if quick else _MOVES
    with open_sample_window() as stage:
        idle = _moves(stage, moves)
        with _encoding(stage):
            busy = _moves(stage, moves)
    bare = _bare_loop(open_model("mnist-vae"), moves)
    half, peer = statistics.median(bare), _p95(bare)
    encoding = "cursor to picture, while encoding"
    median, p95 = statistics.median(busy), _p95(busy)
    return [
        *_beside_bare("cursor to picture, idle", idle, bare),
        Row(f"{encoding}, median", "ms", median, half, "bare loop", median / half, "", None),
        Row(f"{encoding}, p95", "ms", p95, peer, "bare loop", p95 / peer,
            f"at most {_ENCODING_MS:g} ms", p95 <= _ENCODING_MS),
    ]  # fmt: skip


def preview_rows(sample: str, quick: bool) -> list[Row]:
    """A bundled sample's preview beside a bare loop around its own decoder."""
    moves = _QUICK_MOVES if quick else _MOVES
    times = _window_times(sample, moves)
    card = model_card(next(s.model for s in samples() if s.name == sample))
    name = f"{sample}, cursor to picture"
    if Capability.DENOISE in card.capabilities:
        p95 = _p95(times)
        return [
            Row(f"{name}, p95", "ms", p95, _DENOISED_MS, "limit", p95 / _DENOISED_MS,
                f"at most {_DENOISED_MS:g}", p95 <= _DENOISED_MS)
        ]  # fmt: skip
    return _beside_bare(name, times, _bare_loop(open_model(card.name), moves))


def _beside_bare(name: str, times: list[float], bare: list[float]) -> list[Row]:
    median, half = statistics.median(times), statistics.median(bare)
    p95, peer = _p95(times), _p95(bare)
    goal, met = f"at most {_LIMIT_MS:g} ms", p95 <= _LIMIT_MS
    return [
        Row(f"{name}, median", "ms", median, half, "bare loop", median / half, "", None),
        Row(f"{name}, p95", "ms", p95, peer, "bare loop", p95 / peer, goal, met),
    ]


def _p95(times: list[float]) -> float:
    return float(np.percentile(times, 95))


def _window_times(sample: str, moves: int) -> list[float]:
    with open_sample_window(sample) as stage:
        return _moves(stage, moves)


class _PictureWatch(QObject):
    """Tells when a tile's new picture has been painted and its window's pixels handed on."""

    shown = Signal(object)

    def __init__(self, tile: ImageTile) -> None:
        super().__init__(tile)
        self._tile, self._window = tile, tile.window()
        self._painted: QImage | None = None
        self._updating = False
        tile.installEventFilter(self)
        self._window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._tile and event.type() == QEvent.Type.Paint:
            self._painted = self._tile.image
        elif (
            watched is self._window
            and event.type() == QEvent.Type.UpdateRequest
            and not self._updating
        ):
            # Within this event the window paints what is to be painted and hands it on; only
            # who sends it knows when that has ended.
            self._updating, self._painted = True, None
            try:
                self._window.event(event)
            finally:
                self._updating = False
            self._tell()
            return True
        return False

    def _tell(self) -> None:
        if self._painted is not None:
            self.shown.emit(self._painted)


def _moves(stage: Stage, count: int) -> list[float]:
    """Milliseconds from each mouse event to the end of the paint that shows its answer."""
    view = stage.window.map_panel.view
    tile = stage.window.preview.pictures.decoded
    watch = _PictureWatch(tile)
    rng = np.random.default_rng(0)
    times: list[float] = []
    for _ in range(count):
        at = QPointF(rng.uniform(80, view.width() - 240), rng.uniform(60, view.height() - 60))
        loop = QEventLoop()
        begun: list[tuple[float, QImage | None]] = []

        def move(at: QPointF = at, begun: list[tuple[float, QImage | None]] = begun) -> None:
            begun.append((time.perf_counter(), tile.image))
            QApplication.sendEvent(view, _mouse_move(view, at))

        def shown(
            picture: QImage,
            begun: list[tuple[float, QImage | None]] = begun,
            loop: QEventLoop = loop,
        ) -> None:
            if begun and picture is not begun[0][1]:
                times.append(1000 * (time.perf_counter() - begun[0][0]))
                begun.clear()
                loop.quit()

        watch.shown.connect(shown)
        QTimer.singleShot(_BETWEEN_MS, move)
        QTimer.singleShot(_PATIENCE_MS, loop.quit)
        loop.exec()
        watch.shown.disconnect(shown)
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
        values = np.ascontiguousarray(picture * 255, np.uint8)
        height, width, channels = values.shape
        grey, rgb = QImage.Format.Format_Grayscale8, QImage.Format.Format_RGB888
        kind = grey if channels == 1 else rgb
        self._image = QImage(values.data, width, height, channels * width, kind).copy()
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
