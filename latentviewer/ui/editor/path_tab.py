"""The path: its waypoints, how to go between them, and its film."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSignalBlocker, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSlider,
    QSpinBox,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from latentviewer.ui.editor.empty_tab import EmptyTab
from latentviewer.ui.editor.filmstrip import Filmstrip
from latentviewer.ui.editor.waypoint_chips import WaypointChips
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.preview.image import Pixels
from latentviewer.ui.theme import Theme
from latentviewer.ui.wheel import guard_wheel

_FEWEST_FRAMES, _MOST_FRAMES = 2, 600
_WIDE_FROM_PX, _LEAST_PX = 580, 408
_SLOWEST, _FASTEST, _USUAL_PACE = 2, 60, 24
_MODES = (
    ("linear", "Linear", "Straight from one waypoint to the next"),
    ("slerp", "Slerp", "Along the arc between them, so that the length of the latent is kept"),
)
_NOISE_MODE = (
    "noise",
    "Noise (slerp)",
    "From the noise of one waypoint to that of the next along the arc; each frame is denoised "
    "with the steps and classes of the Denoising tab",
)
EMPTY = (
    "Choose the path tool (P) and click points on the map, or press W to add what the preview "
    "shows."
)


class PathTab(QWidget):
    """Setters show the session's path; every control but the pace runs a command.

    Attributes:
        chips: the waypoints. film: the frames. play, mode, frames, closed, pace_slider,
        export, clear: the controls.
    """

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dispatch, self._theme = dispatch, theme
        self._playing, self._narrow = False, False
        self.setAccessibleName("Path editor")
        self.chips = WaypointChips(dispatch, theme)
        self.film = Filmstrip(theme)
        self.film.scrubbed.connect(lambda index: dispatch("path.show_frame", index=index))
        self.play = QToolButton()
        self.play.setProperty("role", "primary")
        self.play.setFixedSize(34, 30)
        self.play.clicked.connect(lambda: dispatch("path.play"))
        self.mode = QComboBox()
        self.mode.setAccessibleName("Interpolation")
        for mode in _MODES:
            self._add_mode(*mode)
        self.mode.activated.connect(
            lambda _index: dispatch("path.mode", mode=self.mode.currentData())
        )
        self.frames = QSpinBox()
        self.frames.setRange(_FEWEST_FRAMES, _MOST_FRAMES)
        self.frames.setSuffix(" frames")
        self.frames.setAccessibleName("Number of frames")
        self.frames.setToolTip("How many frames the whole path has, 2 to 600")
        self.frames.setKeyboardTracking(False)
        self.frames.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.frames.setFixedWidth(96)
        self.frames.valueChanged.connect(lambda count: dispatch("path.frames", count=count))
        self.closed = QToolButton()
        self.closed.setCheckable(True)
        self.closed.setFixedSize(32, 30)
        self.closed.setAccessibleName("Closed path")
        self.closed.setToolTip("Closed path: return to the first waypoint at the end")
        self.closed.clicked.connect(self._on_closed)
        self.pace_slider = QSlider(Qt.Orientation.Horizontal)
        self.pace_slider.setRange(_SLOWEST, _FASTEST)
        self.pace_slider.setValue(_USUAL_PACE)
        self.pace_slider.setFixedWidth(96)
        self.pace_slider.setAccessibleName("Pace in frames per second")
        self.pace_slider.setToolTip("Frames per second, for playing and for films")
        self._pace_text = QLabel()
        self._pace_text.setProperty("role", "dim")
        self._pace_text.setFixedWidth(44)
        self.pace_slider.valueChanged.connect(self._show_pace)
        self.export = QPushButton("Export…")
        self.export.setAccessibleName("Export path")
        self.export.setToolTip("Export as MP4, GIF, PNG strip or latents  Ctrl+Shift+E")
        self.export.clicked.connect(lambda: dispatch("path.export"))
        self.clear = QToolButton()
        self.clear.setFixedSize(32, 30)
        self.clear.setAccessibleName("Clear path")
        self.clear.setToolTip("Clear path  Ctrl+Backspace")
        self.clear.clicked.connect(lambda: dispatch("path.clear"))
        guard_wheel(self.mode, self.frames, self.pace_slider)
        self._caption = QLabel()
        self._caption.setProperty("role", "dim")
        self._caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._build()
        self._show_pace(_USUAL_PACE)
        self.set_theme(theme)
        self.set_caption("")
        self.set_path((), (), "linear", 24, False)

    def _build(self) -> None:
        controls = QHBoxLayout()
        controls.setSpacing(6)
        for widget in (self.play, self.mode, self.frames, self.closed):
            controls.addWidget(widget)
        controls.addSpacing(4)
        controls.addWidget(self.pace_slider)
        controls.addWidget(self._pace_text)
        controls.addStretch(1)
        controls.addWidget(self.export)
        controls.addWidget(self.clear)
        full = QWidget()
        column = QVBoxLayout(full)
        column.setContentsMargins(14, 6, 14, 8)
        column.setSpacing(6)
        column.addLayout(controls)
        column.addWidget(self.chips)
        column.addWidget(self.film, 1)
        column.addWidget(self._caption)
        self._empty = EmptyTab("spline", "No path yet", EMPTY, self._theme)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self._empty)
        self._pages.addWidget(full)

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _WIDE_FROM_PX
        if narrow != self._narrow:
            self._narrow = narrow
            self._fit()

    def _fit(self) -> None:
        """In a narrow window words give way to icons and tooltips."""
        self.export.setText("" if self._narrow else "Export…")
        self.export.setFixedWidth(34 if self._narrow else self.export.sizeHint().width())
        self.export.setStyleSheet("padding: 5px;" if self._narrow else "")
        self.frames.setSuffix("" if self._narrow else " frames")
        self.frames.setFixedWidth(56 if self._narrow else 96)
        self.pace_slider.setFixedWidth(56 if self._narrow else 96)
        self._pace_text.setVisible(not self._narrow)

    @property
    def pace(self) -> float:
        """Frames per second."""
        return float(self.pace_slider.value())

    @property
    def is_empty(self) -> bool:
        """Whether it says how to start instead of showing a path."""
        return self._pages.currentIndex() == 0

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.chips.set_theme(theme)
        self.film.set_theme(theme)
        self._empty.set_theme(theme)
        self.closed.setIcon(icon("repeat", theme, 16))
        self.clear.setIcon(icon("trash-2", theme, 16))
        self.export.setIcon(icon("film", theme, 15))
        self.set_playing(self._playing)

    @property
    def caption(self) -> str:
        """What is said of the frames, or nothing."""
        return self._caption.text()

    def set_caption(self, sentence: str) -> None:
        """Says what the frames show where it is not what the latents decode to."""
        self._caption.setText(sentence)
        self._caption.setToolTip(sentence)
        self._caption.setVisible(bool(sentence))

    def set_path(
        self,
        waypoint_labels: Sequence[str],
        waypoint_frame_indices: Sequence[int] | NDArray[np.int64],
        mode: str,
        frames: int,
        closed: bool,
    ) -> None:
        """Shows the path of the session."""
        self.chips.set_labels(waypoint_labels)
        self.film.set_pins([int(frame) for frame in waypoint_frame_indices])
        if mode == _NOISE_MODE[0]:
            self.set_noise_offered(True)
        self.mode.setCurrentIndex(max(0, self.mode.findData(mode)))
        self.mode.setToolTip(self.mode.currentData(Qt.ItemDataRole.ToolTipRole))
        with QSignalBlocker(self.frames):
            self.frames.setValue(frames)
        self.closed.setChecked(closed)
        self._pages.setCurrentIndex(1 if len(waypoint_labels) else 0)

    def set_noise_offered(self, offered: bool) -> None:
        """Whether waypoints can be joined through noise; a path that is keeps its mode."""
        at = self.mode.findData(_NOISE_MODE[0])
        if offered and at < 0:
            self._add_mode(*_NOISE_MODE)
        elif not offered and at >= 0 and at != self.mode.currentIndex():
            self.mode.removeItem(at)

    def set_waypoint_frames(self, frames: Sequence[int] | NDArray[np.int64]) -> None:
        """The frame of each waypoint, where only the finished path can tell."""
        self.film.set_pins([int(frame) for frame in frames])

    def _add_mode(self, value: str, title: str, tip: str) -> None:
        self.mode.addItem(title, value)
        self.mode.setItemData(self.mode.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)

    def set_frames(self, images: Pixels | None, done: int) -> None:
        """(f, h, w, c) uint8 or float frames, the first `done` ready; None for no film."""
        self.film.set_frames(images, done)
        several = self.film.count > 1
        self.play.setEnabled(several)
        self.export.setEnabled(self.film.count > 0)

    def set_distances(
        self, distances: NDArray[np.float32] | None, far: NDArray[np.bool_] | None = None
    ) -> None:
        """(f,) distance of each frame to data, and which are far, under the film."""
        self.film.set_distances(distances, far)

    def set_current(self, index: int | None) -> None:
        """Which frame is shown."""
        self.film.set_current(index)

    def set_playing(self, playing: bool) -> None:
        """Whether the film runs."""
        self._playing = playing
        self.play.setIcon(icon("pause" if playing else "play", self._theme, 16, "accent"))
        name = "Pause path" if playing else "Play path"
        self.play.setAccessibleName(name)
        self.play.setToolTip(f"{name}  K")

    def _on_closed(self) -> None:
        # The session answers with set_path; until then the button shows what it says.
        self.closed.setChecked(not self.closed.isChecked())
        self._dispatch("path.closed")

    def _show_pace(self, value: int) -> None:
        self._pace_text.setText(f"{value} fps")
        self.pace_slider.setToolTip(f"{value} frames per second, for playing and for films")
