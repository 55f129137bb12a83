"""The map's tools: what the cursor looks like with each, and what keys held do to a selection."""

from PySide6.QtCore import Qt

TOOLS = ("move", "rectangle", "lasso", "path")
_CURSORS = {
    "move": Qt.CursorShape.ArrowCursor,
    "path": Qt.CursorShape.PointingHandCursor,
}
_MODES = {
    Qt.KeyboardModifier.ShiftModifier: "add",
    Qt.KeyboardModifier.ControlModifier: "toggle",
    Qt.KeyboardModifier.AltModifier: "remove",
}


def cursor_of(tool: str) -> Qt.CursorShape:
    """The cursor over the map with a tool of `TOOLS`."""
    return _CURSORS.get(tool, Qt.CursorShape.CrossCursor)


def selection_mode(modifiers: Qt.KeyboardModifier) -> str:
    """How what is clicked or drawn around joins the selection: `select.rows` takes it."""
    return next((mode for key, mode in _MODES.items() if modifiers & key), "replace")
