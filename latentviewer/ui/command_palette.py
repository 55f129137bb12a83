"""The command palette: every command by name, arguments asked for one after another."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, Qt
from PySide6.QtGui import QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from latentviewer.app.commands import COMMANDS, Argument, Command, Commands
from latentviewer.app.workbench import parse_argument
from latentviewer.ui.intent import Dispatch

_SHOWN = 200
_WIDTH = 560
_SHORTCUT_ROLE = Qt.ItemDataRole.UserRole + 1
# Of longer lists one is chosen after its command.
_CHOICES_OFFERED = 40
_CHOICE_COST = 2


def matches(query: str, text: str) -> int | None:
    """How well `text` answers the query: smaller is better, None not at all.

    Every word of the query must begin a word of the text, stand in it, or be spelled by
    its letters in order.
    """
    score = 0
    lowered = text.casefold()
    for word in query.casefold().split():
        if lowered.startswith(word):
            continue
        if any(part.startswith(word) for part in lowered.split()):
            score += 1
        elif word in lowered:
            score += 3
        elif _in_order(word, lowered):
            score += 9
        else:
            return None
    return score


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


class _WithShortcut(QStyledItemDelegate):
    """Draws the shortcut at the right end of its row."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        keys = index.data(_SHORTCUT_ROLE)
        if not keys:
            return
        place: QRect = option.rect
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        palette = option.palette
        painter.save()
        painter.setPen((palette.highlightedText() if chosen else palette.placeholderText()).color())
        painter.drawText(
            place.adjusted(0, 0, -10, 0),
            Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter,
            keys,
        )
        painter.restore()


class CommandPalette(QFrame):
    """A field and a list over the window; Escape goes back a step, then closes."""

    def __init__(
        self,
        commands: Commands,
        choices: Callable[[str], list[tuple[str, str]]],
        dispatch: Dispatch,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._over = parent
        self.setProperty("role", "card")
        self.setAccessibleName("Command palette")
        self._commands = commands
        self._choices = choices
        self._dispatch = dispatch
        self._chosen: Command | None = None
        self._given: dict[str, Any] = {}
        self._field = QLineEdit()
        self._field.setAccessibleName("Command")
        self._list = QListWidget()
        self._list.setAccessibleName("Matching commands")
        self._list.setUniformItemSizes(True)
        self._list.setItemDelegate(_WithShortcut(self._list))
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._fault = QLabel()
        self._fault.setProperty("role", "error")
        self._fault.setWordWrap(True)
        self._fault.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 10, 10, 10)
        column.setSpacing(8)
        column.addWidget(self._field)
        column.addWidget(self._fault)
        column.addWidget(self._list)
        self._field.textChanged.connect(self._fill)
        self._field.returnPressed.connect(self._accept)
        self._list.itemClicked.connect(lambda _item: self._accept())
        self._field.installEventFilter(self)
        self.hide()

    def open(self, command_id: str | None = None, **given: Any) -> None:
        """Shows the palette; with a command, at once at its first argument not `given`."""
        self._chosen, self._given = None, {}
        if command_id is not None:
            self._choose(self._commands.get(command_id), given)
        else:
            self._ask()
        parent = self._over
        width = min(_WIDTH, parent.width() - 40)
        self.setGeometry((parent.width() - width) // 2, 72, width, min(440, parent.height() - 120))
        self.show()
        self.raise_()
        self._field.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._field and event.type() == QEvent.Type.FocusOut and self.isVisible():
            self.hide()
        if not (watched is self._field and isinstance(event, QKeyEvent)):
            return super().eventFilter(watched, event)
        if event.type() == QEvent.Type.ShortcutOverride and event.key() == Qt.Key.Key_Escape:
            # Else Escape would clear the selection under the palette.
            event.accept()
            return True
        if event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                step = 1 if key == Qt.Key.Key_Down else -1
                count = max(1, self._list.count())
                self._list.setCurrentRow((self._list.currentRow() + step) % count)
                return True
            if key == Qt.Key.Key_Escape:
                if self._chosen is not None:
                    self._chosen, self._given = None, {}
                    self._ask()
                else:
                    self._leave()
                return True
        return super().eventFilter(watched, event)

    def _leave(self) -> None:
        self.hide()
        self._over.setFocus()

    def _argument(self) -> Argument | None:
        if self._chosen is None:
            return None
        return next((a for a in self._chosen.arguments if a.name not in self._given), None)

    def _ask(self) -> None:
        argument = self._argument()
        self._fault.hide()
        if argument is None:
            self._field.setPlaceholderText("Type a command")
        elif self._chosen is not None:
            optional = ", or leave empty" if argument.optional else ""
            self._field.setPlaceholderText(f"{self._chosen.title}: {argument.name}{optional}")
        self._field.setText("")
        self._fill()

    def _fill(self) -> None:
        query = self._field.text()
        self._list.clear()
        ranked: list[tuple[int, int, str, object]] = []
        for order, (title, value) in enumerate(self._offers()):
            score = matches(query, title)
            if score is not None:
                cost = _CHOICE_COST if isinstance(value, tuple) else 0
                ranked.append((score + cost, order, title, value))
        for _score, _order, title, value in sorted(ranked, key=lambda r: r[:2])[:_SHOWN]:
            item = QListWidgetItem(title)
            item.setData(Qt.ItemDataRole.UserRole, value)
            if isinstance(value, Command) and value.shortcut:
                keys = QKeySequence(value.shortcut)
                native = QKeySequence.SequenceFormat.NativeText
                item.setData(_SHORTCUT_ROLE, keys.toString(native))
            self._list.addItem(item)
        self._list.setCurrentRow(0)

    def _offers(self) -> list[tuple[str, object]]:
        argument = self._argument()
        if argument is None:
            available = self._commands.all_available()
            listed = [c for c in COMMANDS if c.listed and c.id in available]
            offers: list[tuple[str, object]] = [(command.title, command) for command in listed]
            return offers + (self._with_choices(listed) if self._field.text().strip() else [])
        if argument.choices is None:
            return []
        return [(title, value) for value, title in self._choices(argument.choices)]

    def _with_choices(self, listed: Sequence[Command]) -> list[tuple[str, object]]:
        """Commands with a single choice, and that choice: `Projection → UMAP`."""
        offers: list[tuple[str, object]] = []
        for command in listed:
            if len(command.arguments) == 1 and command.arguments[0].choices is not None:
                argument = command.arguments[0]
                choices = self._choices(command.arguments[0].choices)
                if len(choices) <= _CHOICES_OFFERED:
                    offers += [
                        (f"{command.title} → {title}", (command, {argument.name: value}))
                        for value, title in choices
                    ]
        return offers

    def _accept(self) -> None:
        item = self._list.currentItem()
        value = item.data(Qt.ItemDataRole.UserRole) if item is not None else None
        argument = self._argument()
        if argument is None:
            if isinstance(value, Command):
                self._choose(value)
            elif isinstance(value, tuple):
                self._chosen, given = value
                self._given = dict(given)
                self._next()
            return
        if argument.choices is not None:
            if value is None:
                return
            self._given[argument.name] = value
        else:
            text = self._field.text()
            if not text.strip() and not argument.optional:
                return
            try:
                self._given[argument.name] = (
                    parse_argument(argument.kind, text) if text.strip() else None
                )
            except ValueError:
                self._fault.setText(f"“{text}” is not a {argument.kind}.")
                self._fault.show()
                return
        self._next()

    def _choose(self, command: Command, given: Mapping[str, Any] = MappingProxyType({})) -> None:
        self._chosen, self._given = command, dict(given)
        self._next()

    def _next(self) -> None:
        if self._argument() is not None:
            self._ask()
            return
        command, given = self._chosen, self._given
        self._chosen, self._given = None, {}
        self._leave()
        if command is not None:
            given = {name: value for name, value in given.items() if value is not None}
            self._dispatch(command.id, **given)
