"""The line at the bottom: messages, the running job, points drawn, preview latency."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QWidget

from latentviewer.jobs.progress import JobStatus
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme

SHOW_PROGRESS_AFTER_S = 0.3
MESSAGE_SHOWN_MS = 9_000
_HEIGHT_PX = 33


class StatusLine(QWidget):
    """One slim row; nothing in it moves when its texts change."""

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Status")
        # As high as with a running job, so that nothing moves when one begins.
        self.setFixedHeight(_HEIGHT_PX)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 0, 12, 0)
        row.setSpacing(10)
        self._message = QLabel()
        self._message.setAccessibleName("Message")
        self._job = QLabel()
        self._job.setAccessibleName("Running work")
        self._bar = QProgressBar()
        self._bar.setAccessibleName("Progress of the running work")
        self._bar.setFixedWidth(170)
        self._bar.setRange(0, 1000)
        self._cancel = QToolButton()
        self._cancel.setProperty("role", "flat")
        self._cancel.setAccessibleName("Cancel running work")
        self._cancel.setToolTip("Cancel  Ctrl+.")
        self._cancel.setFixedSize(24, 24)
        self._cancel.clicked.connect(lambda: dispatch("jobs.cancel"))
        self._counts = QLabel()
        self._counts.setAccessibleName("Points drawn")
        self._latency = QLabel()
        self._latency.setAccessibleName("Preview latency")
        self._latency.setToolTip("Time from cursor to decoded picture, median of the last 60")
        self._device = QLabel()
        self._device.setAccessibleName("Model and device")
        for label in (self._counts, self._latency, self._device, self._job):
            label.setProperty("role", "dim")
        row.addWidget(self._message, 1)
        for widget in (self._job, self._bar, self._cancel):
            row.addWidget(widget)
        for widget in (self._counts, self._latency, self._device):
            row.addSpacing(8)
            row.addWidget(widget)
        self._fade = QTimer(self)
        self._fade.setSingleShot(True)
        self._fade.timeout.connect(lambda: self._message.setText(""))
        self.set_theme(theme)
        self.set_job(None)

    def set_theme(self, theme: Theme) -> None:
        """Redraws the icon."""
        self._cancel.setIcon(icon("x", theme, 14))

    def say(self, sentence: str, fault: bool) -> None:
        """Shows a sentence for a while; a fault stays until the next sentence."""
        self._message.setProperty("role", "error" if fault else "")
        self._message.style().unpolish(self._message)
        self._message.style().polish(self._message)
        self._message.setText(sentence)
        self._message.setToolTip(sentence)
        self._fade.stop()
        if not fault:
            self._fade.start(MESSAGE_SHOWN_MS)

    @property
    def message(self) -> str:
        """The sentence shown now."""
        return self._message.text()

    def set_job(self, status: JobStatus | None) -> None:
        """Shows a running job once it has taken a moment; None hides it."""
        running = status is not None and status.state == "running"
        visible = running and status is not None and status.elapsed_s >= SHOW_PROGRESS_AFTER_S
        for widget in (self._job, self._bar, self._cancel):
            widget.setVisible(visible)
        if not visible or status is None:
            return
        eta = "" if status.eta_s is None else f", {duration(status.eta_s)} left"
        self._job.setText(f"{status.title}: {status.text}{eta}" if status.text else status.title)
        if status.fraction is None:
            self._bar.setRange(0, 0)
        else:
            self._bar.setRange(0, 1000)
            self._bar.setValue(round(1000 * status.fraction))

    def set_counts(self, drawn: int, there: int) -> None:
        """Points in view and points there."""
        if there == 0:
            self._counts.setText("")
        elif drawn == there:
            self._counts.setText(f"{there:,} points")
        else:
            self._counts.setText(f"{drawn:,} of {there:,} points in view")

    def set_latency(self, median_ms: float | None) -> None:
        """Median time from cursor to picture."""
        self._latency.setText("" if median_ms is None else f"preview {median_ms:.1f} ms")

    def set_model(self, text: str) -> None:
        """Which model answers, and where it runs."""
        self._device.setText(text)


def duration(seconds: float) -> str:
    """`40 s`, `3 min`, `1 h 20 min`."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
