"""A line in place of a row, to give it another name."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget


class NameField(QLineEdit):
    """Enter and leaving the field take the name, Escape keeps the one before.

    Attributes:
        ended: emitted once, with the new name or the empty text, and whether by a key.
    """

    ended = Signal(str, bool)

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(name, parent)
        self._name, self._open = name, True
        self.setAccessibleName(f"New name of {name}")
        self.selectAll()
        self.returnPressed.connect(lambda: self.end(by_key=True))
        self.editingFinished.connect(self.end)

    def end(self, by_key: bool = False, keep: bool = False) -> None:
        """Ends it; `keep` the name before."""
        if self._open:
            self._open = False
            name = self.text().strip()
            self.ended.emit("" if keep or name == self._name else name, by_key)

    def event(self, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            # Else Escape would clear the selection.
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.end(by_key=True, keep=True)
        else:
            super().keyPressEvent(event)
