"""Menus and shortcuts, derived from the command list."""

from collections.abc import Callable

from PySide6.QtGui import QAction, QIcon, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from latentviewer.app.commands import COMMANDS, MENUS, Commands
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme

# A new group begins in its menu with these.
_AFTER_A_LINE = frozenset(
    {
        "file.save", "file.export_map", "data.locate", "file.quit", "search.focus",
        "groups.create", "map.compute", "map.compare", "map.fit", "map.tool_move",
        "map.bigger_points", "latent.sample_prior", "denoise.new_noise", "path.play",
        "train.stop", "train.replay", "view.editor", "view.path_tab", "view.screenshot",
    }
)  # fmt: skip

# What is on or off, or one of several.
CHECKABLE = frozenset(
    {
        "map.two", "map.three", "map.tool_move", "map.tool_rectangle", "map.tool_lasso",
        "map.tool_path", "map.toggle_density", "map.toggle_thumbnails", "map.toggle_names",
        "map.toggle_posterior", "map.toggle_links", "map.compare_arrows",
        "path.closed", "train.log_scale", "view.editor", "view.sidebar", "denoise.under_cursor",
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
            menu.aboutToShow.connect(self._draw_checks)
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
            action.setCheckable(command.id in CHECKABLE)
        self._theme, self._drawn_in = theme, ""
        self._checked: Callable[[], frozenset[str]] = frozenset

    def set_theme(self, theme: Theme) -> None:
        """Icons in another theme's colours."""
        self._theme = theme

    def set_checked(self, checked: Callable[[], frozenset[str]]) -> None:
        """Who knows which of `CHECKABLE` hold; asked when a menu opens."""
        self._checked = checked

    def _draw_checks(self) -> None:
        checked = self._checked()
        for command_id in CHECKABLE:
            action, name = self.actions[command_id], self._commands.get(command_id).icon
            action.setChecked(command_id in checked)
            shown = "check" if command_id in checked else name
            action.setIcon(icon(shown, self._theme, in_menu=True) if shown else QIcon())

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
