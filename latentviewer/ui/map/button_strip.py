"""A column of small buttons that floats over a map."""

from PySide6.QtWidgets import QFrame, QToolButton, QVBoxLayout, QWidget

from latentviewer.app.commands import COMMANDS
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme

_BUTTON_PX, _ICON_PX = 30, 16


class ButtonStrip(QFrame):
    """One button for each command, with its icon and its shortcut."""

    def __init__(self, name: str, dispatch: Dispatch, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAccessibleName(name)
        self._dispatch = dispatch
        self._buttons: list[tuple[QToolButton, str]] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(3, 3, 3, 3)
        self._column.setSpacing(2)

    def add(self, command_id: str) -> QToolButton:
        """Adds a command's button at the lower end; `set_theme` draws its icon."""
        command = next(c for c in COMMANDS if c.id == command_id)
        button = QToolButton(self)
        button.setProperty("role", "flat")
        button.setFixedSize(_BUTTON_PX, _BUTTON_PX)
        button.setToolTip(f"{command.title}  {command.shortcut}")
        button.setAccessibleName(command.title)
        button.clicked.connect(lambda _checked=False: self._dispatch(command_id))
        self._column.addWidget(button)
        self._buttons.append((button, command.icon))
        return button

    def set_theme(self, theme: Theme) -> None:
        """Icons in the theme's colours."""
        for button, name in self._buttons:
            button.setIcon(icon(name, theme, _ICON_PX))
