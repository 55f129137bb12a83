"""The camera's way from one look at the map to another."""

from collections.abc import Callable

from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation

from latentviewer.ui.map.camera import Camera

_DURATION_MS = 180


class Flight:
    """Moves a camera smoothly.

    Args:
        look: is given every camera on the way.
    """

    def __init__(self, parent: QObject, look: Callable[[Camera], None]) -> None:
        self._look = look
        self._ends: tuple[Camera, Camera] | None = None
        self._animation = QVariantAnimation(parent)
        self._animation.setDuration(_DURATION_MS)
        self._animation.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._animation.valueChanged.connect(self._on_share)

    def start(self, begin: Camera, end: Camera) -> None:
        """Flies from one to the other."""
        self._animation.stop()
        self._ends = (begin, end)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.start()

    def stop(self) -> None:
        """Stays where it is."""
        self._animation.stop()

    def _on_share(self, share: float) -> None:
        if self._ends is not None:
            begin, end = self._ends
            self._look(begin.between(end, share))
