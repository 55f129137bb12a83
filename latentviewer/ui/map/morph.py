"""Points on their way from one map to another."""

from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QEasingCurve, QObject, QVariantAnimation

from latentviewer.ui.map.camera import Points

DURATION_MS = 400


class Morph:
    """Moves points smoothly.

    Args:
        move: is given the points on the way, and the share of it, 0 to 1.
        done: is given the points at its end.
    """

    def __init__(
        self,
        parent: QObject,
        move: Callable[[Points, float], None],
        done: Callable[[Points], None],
    ) -> None:
        self._move, self._done = move, done
        self._ends: tuple[Points, Points] | None = None
        self._animation = QVariantAnimation(parent)
        self._animation.setDuration(DURATION_MS)
        self._animation.setEasingCurve(QEasingCurve.Type.InOutCubic)
        self._animation.valueChanged.connect(self._on_share)
        self._animation.finished.connect(self._on_finished)

    def start(self, begin: Points, end: Points) -> None:
        """From one map to the other; both (n, 2 or 3)."""
        self._ends = (begin, end)
        self._animation.setStartValue(0.0)
        self._animation.setEndValue(1.0)
        self._animation.start()

    def stop(self) -> None:
        """Ends where it is; nothing is done."""
        self._ends = None
        self._animation.stop()

    @property
    def running(self) -> bool:
        """Whether points are on their way."""
        return self._ends is not None

    def _on_share(self, share: float) -> None:
        if self._ends is not None:
            self._move(between(*self._ends, share), share)

    def _on_finished(self) -> None:
        if self._ends is not None:
            end, self._ends = self._ends[1], None
            self._done(end)


def between(begin: Points, end: Points, share: float) -> Points:
    """Points (n, k) a share of the way from one map to another.

    Shapes go into one another in a straight line, sizes by a constant factor, as a camera
    zooms: maps of very different sizes stay in view on the whole way.
    """
    (middle, size), (last_middle, last_size) = _frame(begin), _frame(end)
    shape = (begin - middle) / size * (1 - share) + (end - last_middle) / last_size * share
    present = size ** (1 - share) * last_size**share
    centre = middle * (1 - share) + last_middle * share
    return np.asarray(centre + present * shape, np.float32)


def _frame(points: Points) -> tuple[Points, float]:
    """The middle (k,) and the size of points; a size of nought counts as one."""
    middle = points.mean(axis=0)
    size = float(np.abs(points - middle).max(initial=0.0))
    return middle, size or 1.0
