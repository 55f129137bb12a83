"""The line at the bottom: messages, the running job, points drawn, preview latency."""

import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from latentviewer.jobs.progress import JobStatus
from latentviewer.ui.elided_label import ElidedLabel
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme

SHOW_PROGRESS_AFTER_S = 0.3
MESSAGE_SHOWN_MS = 9_000
FAULT_SHOWN_MS = 12_000
FAULT_READABLE_MS = 4_000
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
        # Neither may ask for so much room that the window grows.
        self._message = ElidedLabel()
        self._message.setAccessibleName("Message")
        self._job = ElidedLabel()
        self._job.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Preferred)
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
        self._quality = QLabel()
        self._quality.setAccessibleName("Map quality")
        self._latency = QLabel()
        self._latency.setAccessibleName("Preview latency")
        self._latency.setToolTip("Time from cursor to decoded picture, median of the last 60")
        self._device = QLabel()
        self._device.setAccessibleName("Model and device")
        self._selected = QLabel()
        self._selected.setAccessibleName("Points selected")
        told = (self._selected, self._counts, self._quality, self._latency, self._device)
        for label in (*told, self._job):
            label.setProperty("role", "dim")
        row.addWidget(self._message, 1)
        for widget in (self._job, self._bar, self._cancel):
            row.addWidget(widget)
        for label in told:
            row.addSpacing(8)
            row.addWidget(label)
        self._fade = QTimer(self)
        self._fade.setSingleShot(True)
        self._fade.timeout.connect(self._clear)
        self._said = 0
        self._said_at = 0.0
        self._fault = False
        self._running: dict[int, JobStatus] = {}
        self._late = QTimer(self)
        self._late.setSingleShot(True)
        self._late.timeout.connect(lambda: self._show_job(True))
        self.set_theme(theme)
        self.set_job(None)

    def set_theme(self, theme: Theme) -> None:
        """Redraws the icon."""
        self._cancel.setIcon(icon("x", theme, 14))

    def say(self, sentence: str, fault: bool) -> None:
        """Shows a sentence for a while, a fault for longer."""
        self._said += 1
        self._said_at, self._fault = time.monotonic(), fault
        self._message.setProperty("role", "error" if fault else "")
        self._message.style().unpolish(self._message)
        self._message.style().polish(self._message)
        self._message.setText(sentence)
        self._message.setToolTip(sentence)
        self._fade.start(FAULT_SHOWN_MS if fault else MESSAGE_SHOWN_MS)

    @property
    def said(self) -> int:
        """How many sentences were shown so far; tells whether one is new."""
        return self._said

    def outdate(self, said: int, at_once: bool = False) -> None:
        """A command was done after the sentence of that number: an old fault may go.

        Args:
            said: the number of the sentence, as `said` gave it before the command ran.
            at_once: whether what the sentence tells no longer holds, as after an undo.
        """
        if said != self._said or not self.message:
            return
        if at_once:
            self._clear()
        elif self._fault:
            shown_ms = 1000 * (time.monotonic() - self._said_at)
            self._fade.start(max(0, round(FAULT_READABLE_MS - shown_ms)))

    @property
    def message(self) -> str:
        """The sentence shown now."""
        return self._message.text()

    def set_job(self, status: JobStatus | None) -> None:
        """Shows a running job once it has taken a moment, even if it tells nothing further.

        None forgets all jobs.
        """
        if status is None:
            self._running.clear()
        elif status.state == "running":
            self._running[status.id] = status
        else:
            self._running.pop(status.id, None)
        if not self._running:
            self._late.stop()
            self._show_job(False)
        elif not self._bar.isHidden():
            self._show_job(True)
        else:
            waited_s = max(running.elapsed_s for running in self._running.values())
            if waited_s >= SHOW_PROGRESS_AFTER_S:
                self._show_job(True)
            elif not self._late.isActive():
                self._late.start(round(1000 * (SHOW_PROGRESS_AFTER_S - waited_s)))

    def _show_job(self, visible: bool) -> None:
        for widget in (self._job, self._bar, self._cancel):
            widget.setVisible(visible)
        if not visible:
            return
        self._late.stop()
        status = next(reversed(self._running.values()))
        eta = "" if status.eta_s is None else f", {duration(status.eta_s)} left"
        self._job.setText(f"{status.title}: {status.text}{eta}" if status.text else status.title)
        if status.fraction is None:
            self._bar.setRange(0, 0)
        else:
            self._bar.setRange(0, 1000)
            self._bar.setValue(round(1000 * status.fraction))

    def _clear(self) -> None:
        self._fade.stop()
        self._message.setText("")
        self._message.setToolTip("")

    def set_counts(self, drawn: int, there: int) -> None:
        """Points in view and points there."""
        if there == 0:
            self._counts.setText("")
        elif drawn == there:
            self._counts.setText("1 point" if there == 1 else f"{there:,} points")
        else:
            self._counts.setText(f"{drawn:,} of {there:,} points in view")

    def set_selected(self, count: int) -> None:
        """How many points are selected."""
        self._selected.setText(f"{count:,} selected" if count else "")

    def set_quality(self, trust: float | None, about: str) -> None:
        """The shown map's trustworthiness, 0 to 1, and what more there is to say of it."""
        self._quality.setText("" if trust is None else f"trust {trust:.2f}")
        self._quality.setToolTip(about)

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
