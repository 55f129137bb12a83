"""A pressed mouse on its way over the map."""

from PySide6.QtCore import QPointF

_CLICK_PX = 4


class Drag:
    """From press to release: a click, a move, or an outline that is drawn.

    Attributes:
        pressed: whether a button is held.
        moved: whether the mouse went too far for a click; still known when it is released.
        outline: corners of what is drawn so far, or empty.
    """

    def __init__(self) -> None:
        self._start = self._last = QPointF()
        self._tool = "move"
        self.pressed = False
        self.moved = False
        self.outline: list[QPointF] = []

    @property
    def under_way(self) -> bool:
        """Whether something is being moved or drawn."""
        return self.pressed and self.moved

    def press(self, at: QPointF, tool: str) -> None:
        """A button went down; `rectangle` and `lasso` draw, other tools move."""
        self._start = self._last = at
        self._tool = tool
        self.pressed, self.moved = True, False
        self.outline = [at] if tool in ("rectangle", "lasso") else []

    def to(self, at: QPointF) -> QPointF | None:
        """How far the mouse went since the last move, or None as long as it may be a click."""
        if not self.moved and (at - self._start).manhattanLength() < _CLICK_PX:
            return None
        self.moved = True
        if self.outline and self._tool == "rectangle":
            start = self._start
            self.outline = [start, QPointF(at.x(), start.y()), at, QPointF(start.x(), at.y())]
        elif self.outline:
            self.outline.append(at)
        way, self._last = at - self._last, at
        return way

    def release(self) -> list[QPointF]:
        """The button came up; gives what was drawn, empty where nothing was."""
        drawn = self.outline if self.moved else []
        self.pressed, self.outline = False, []
        return drawn

    def forget_outline(self) -> None:
        """Another tool was chosen meanwhile."""
        self.outline = []
