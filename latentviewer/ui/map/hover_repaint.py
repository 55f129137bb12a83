"""Repaints where the ring, the chip or the cross was and will be, and nothing else."""

from PySide6.QtCore import QRect, QTimer
from PySide6.QtGui import QRegion
from PySide6.QtWidgets import QWidget

_AFTER_MS = 5


class HoverRepaint:
    """Asks a widget to repaint, a moment later.

    Until the decoder has answered, it then has the interpreter to itself;
    `latentviewer bench --only latency` shows what that saves.
    """

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._painted = QRect()
        self._region = QRegion()
        self._timer = QTimer(widget, singleShot=True, interval=_AFTER_MS)
        self._timer.timeout.connect(self._repaint)

    def painted(self, box: QRect) -> None:
        """The widget was painted with what lies in the box."""
        self._painted = box

    def move_to(self, box: QRect) -> None:
        """What lay in the last box now belongs into this one."""
        # A region, not the box around both: a quick hand moves far.
        self._region += QRegion(self._painted) + QRegion(box)
        if not self._timer.isActive():
            self._timer.start()

    def _repaint(self) -> None:
        region, self._region = self._region, QRegion()
        self._widget.update(region)
