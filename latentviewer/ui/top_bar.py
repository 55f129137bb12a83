"""The row above the map: what is open, which projection, what the colours mean, search."""

from collections.abc import Sequence

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QWidget,
)

from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme
from latentviewer.ui.wheel import guard_wheel

_WIDEST_COLUMN_PX = 210
_WIDEST_POPUP_PX = 420


class TopBar(QFrame):
    """Setters show the session; every control runs a command."""

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAccessibleName("Map controls")
        self._dispatch = dispatch
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 12, 8)
        row.setSpacing(8)
        self._title = QLabel()
        self._title.setProperty("role", "title")
        self._title.setAccessibleName("Open space")
        self._subtitle = QLabel()
        self._subtitle.setProperty("role", "dim")
        self._method = QComboBox()
        self._method.setAccessibleName("Projection")
        self._method.setToolTip("How the latents are laid out on the map")
        self._method.setMinimumWidth(96)
        self._method.activated.connect(
            lambda _index: dispatch("map.method", name=self._method.currentData())
        )
        self._dims = QButtonGroup(self)
        self._dims.setExclusive(True)
        self._buttons: list[tuple[QToolButton, str]] = []
        self._column = QComboBox()
        self._column.setAccessibleName("Colour by")
        self._column.setToolTip("Which column colours the points")
        self._column.setMinimumWidth(96)
        self._column.setMaximumWidth(_WIDEST_COLUMN_PX)
        for box in (self._method, self._column):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.view().setTextElideMode(Qt.TextElideMode.ElideMiddle)
        guard_wheel(self._method, self._column)
        self._column.activated.connect(
            lambda _index: dispatch("map.colour_by", column=self._column.currentData() or "")
        )
        self._search = QLineEdit()
        self._search.setAccessibleName("Search")
        self._search.setPlaceholderText("Search labels, text, #12   Ctrl+F")
        self._search.setClearButtonEnabled(True)
        self._search.setMinimumWidth(150)
        self._search.setMaximumWidth(300)
        self._search.returnPressed.connect(
            lambda: dispatch("search.find", text=self._search.text())
        )
        row.addWidget(self._title)
        row.addWidget(self._subtitle)
        row.addStretch(1)
        row.addWidget(_dim("Projection"))
        row.addWidget(self._method)
        for dims in (2, 3):
            button = QToolButton()
            button.setText(f"{dims}D")
            button.setCheckable(True)
            button.setToolTip(f"{dims}D map  {dims}")
            button.setAccessibleName(f"{dims}D map")
            button.setFixedSize(38, 30)
            button.clicked.connect(lambda _checked=False, d=dims: dispatch("map.dims", dims=d))
            self._dims.addButton(button, dims)
            row.addWidget(button)
        options = QToolButton()
        options.setProperty("role", "flat")
        options.setToolTip("Options and faults of this map  Alt+7")
        options.setAccessibleName("Projection options")
        options.setFixedSize(30, 30)
        options.clicked.connect(lambda _checked=False: dispatch("view.projection_tab"))
        self._buttons.append((options, "settings-2"))
        row.addWidget(options)
        row.addSpacing(6)
        row.addWidget(_dim("Colour"))
        row.addWidget(self._column)
        row.addSpacing(6)
        row.addWidget(self._search, 1)
        for command, name, tip in (
            ("view.palette", "command", "Command palette  Ctrl+Shift+P"),
            ("view.toggle_theme", "sun-moon", "Light or dark theme  Ctrl+Shift+L"),
        ):
            tool = QToolButton()
            tool.setProperty("role", "flat")
            tool.setToolTip(tip)
            tool.setAccessibleName(tip.split("  ")[0])
            tool.setFixedSize(30, 30)
            tool.clicked.connect(lambda _checked=False, c=command: dispatch(c))
            self._buttons.append((tool, name))
            row.addWidget(tool)
        self.set_theme(theme)
        self.set_space(None, "")

    def set_theme(self, theme: Theme) -> None:
        """Redraws the icons."""
        for button, name in self._buttons:
            button.setIcon(icon(name, theme, 16))

    def set_space(self, name: str | None, subtitle: str) -> None:
        """What is open; None greys the controls out."""
        self._title.setText(name or "LatentViewer")
        self._subtitle.setText(subtitle)
        for widget in (self._method, self._column, self._search, *self._dims.buttons()):
            widget.setEnabled(name is not None)

    def clear_search(self) -> None:
        """What was searched for in one space means nothing in another."""
        self._search.clear()

    def set_methods(self, methods: Sequence[tuple[str, str]], current: str) -> None:
        """Projections as (value, title)."""
        _fill(self._method, methods, current)

    def set_columns(self, columns: Sequence[tuple[str, str]], current: str) -> None:
        """Columns as (value, title)."""
        _fill(self._column, columns, current)

    def set_dims(self, dims: int) -> None:
        """Which of 2D and 3D is pressed."""
        self._dims.button(dims).setChecked(True)

    def focus_search(self) -> None:
        """Puts the cursor in the search field."""
        self._search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._search.selectAll()


def _fill(box: QComboBox, entries: Sequence[tuple[str, str]], current: str) -> None:
    with QSignalBlocker(box):
        box.clear()
        for value, title in entries:
            box.addItem(title, value)
        box.setCurrentIndex(max(0, box.findData(current)))
        widest = max(box.view().sizeHintForColumn(0) + 34, box.width())
        box.view().setMinimumWidth(min(widest, _WIDEST_POPUP_PX))


def _dim(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "dim")
    return label
