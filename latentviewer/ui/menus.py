"""Menus and shortcuts, derived from the command list."""

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from latentviewer.app.commands import COMMANDS, MENUS, Commands
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme

# A new group begins in its menu with these.
_AFTER_A_LINE = frozenset(
    {
        "file.save", "file.export_map", "data.locate", "file.quit", "search.focus",
        "groups.create", "map.compute_umap", "map.fit", "map.tool_move", "map.bigger_points",
        "latent.sample_prior", "path.play", "view.editor", "view.path_tab", "view.screenshot",
    }
)  # fmt: skip


class Menus:
    """One action for each command that stands in a menu or has a shortcut.

    Attributes:
        actions: by command id.
    """

    def __init__(
        self, window: QMainWindow, commands: Commands, dispatch: Dispatch, theme: Theme
    ) -> None:
        self._commands = commands
        self.actions: dict[str, QAction] = {}
        self._menus: dict[str, QMenu] = {}
        bar = window.menuBar()
        bar.setAccessibleName("Menus")
        for title in MENUS:
            menu = bar.addMenu(f"&{title}")
            menu.aboutToShow.connect(self.refresh)
            menu.aboutToShow.connect(self._draw_icons)
            self._menus[title] = menu
        for command in COMMANDS:
            if not (command.menu or command.shortcut):
                continue
            action = QAction(command.title, window)
            if command.shortcut:
                action.setShortcut(QKeySequence(command.shortcut))
            action.triggered.connect(
                lambda _checked=False, command_id=command.id: dispatch(command_id)
            )
            self.actions[command.id] = action
            if command.menu:
                menu = self._menus[command.menu]
                if command.id in _AFTER_A_LINE:
                    menu.addSeparator()
                menu.addAction(action)
            else:
                window.addAction(action)
        self._theme, self._drawn_in = theme, ""

    def set_theme(self, theme: Theme) -> None:
        """Icons in another theme's colours."""
        self._theme = theme

    def _draw_icons(self) -> None:
        # When a menu is first opened: drawn at the start, they would hold up the first paint.
        if self._drawn_in == self._theme.name:
            return
        self._drawn_in = self._theme.name
        for command_id, action in self.actions.items():
            name = self._commands.get(command_id).icon
            if name:
                action.setIcon(icon(name, self._theme, in_menu=True))

    def refresh(self, undo: str | None = None, redo: str | None = None) -> None:
        """Greys out what is not available; says what Undo and Redo would do."""
        available = self._commands.all_available()
        for command_id, action in self.actions.items():
            action.setEnabled(command_id in available)
        if undo is not None:
            self.actions["edit.undo"].setText(f"Undo {undo}" if undo else "Undo")
        if redo is not None:
            self.actions["edit.redo"].setText(f"Redo {redo}" if redo else "Redo")
