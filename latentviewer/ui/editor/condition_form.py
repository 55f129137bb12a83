"""What a diffusion model is asked for: one choice for each of its conditions."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QSizePolicy, QWidget

from latentviewer.ui.intent import Dispatch
from latentviewer.ui.overlay_scroll import OverlayScrollArea
from latentviewer.ui.wheel import guard_wheel

ANY = "any"
NO_CONDITIONS = "This model takes no conditions, so there is nothing to guide towards."
_COLUMN_PX, _GAP_PX, _BAR_PX = 100, 8, 14


class ConditionForm(OverlayScrollArea):
    """Two columns where there is room for them, else one; scrolls where there are many.

    Attributes:
        choices: by the condition's name.
    """

    def __init__(self, dispatch: Dispatch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dispatch = dispatch
        self.choices: dict[str, QComboBox] = {}
        self._cells: list[tuple[QLabel, QComboBox]] = []
        self._columns = 0
        self.setAccessibleName("Asked for")
        self._inner = QWidget()
        self._grid = QGridLayout(self._inner)
        self._grid.setContentsMargins(0, 0, _BAR_PX, 0)
        self._grid.setHorizontalSpacing(_GAP_PX)
        self._grid.setVerticalSpacing(2)
        self._none = QLabel(NO_CONDITIONS)
        self._none.setProperty("role", "dim")
        self._none.setWordWrap(True)
        self.setWidget(self._inner)
        self.set_conditions({})

    def width_for(self, narrow: bool) -> int:
        """How wide it wants to be."""
        columns = 1 if narrow or len(self._cells) < 2 else 2
        return columns * (_COLUMN_PX + _GAP_PX) + _BAR_PX

    def set_conditions(self, conditions: Mapping[str, tuple[str, ...]]) -> None:
        """What can be asked for, with the classes; the same again changes nothing."""
        known = {
            name: tuple(choice.itemText(i) for i in range(1, choice.count()))
            for name, choice in self.choices.items()
        }
        if self._columns and known == dict(conditions):
            return
        for label, choice in self._cells:
            label.deleteLater()
            choice.deleteLater()
        self._cells, self.choices = [], {}
        for name, classes in conditions.items():
            self._cells.append(self._cell(name, classes))
            self.choices[name] = self._cells[-1][1]
        self._columns = 0
        self._lay_out()

    def set_asked(self, asked: Mapping[str, str]) -> None:
        """Shows the session's choices."""
        for name, choice in self.choices.items():
            choice.setCurrentIndex(max(0, choice.findData(asked.get(name, ""))))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def _cell(self, name: str, classes: tuple[str, ...]) -> tuple[QLabel, QComboBox]:
        label = QLabel(name.replace("_", " "))
        label.setProperty("role", "faint")
        label.setStyleSheet("font-size: 11px;")
        choice = QComboBox()
        choice.setAccessibleName(f"Ask for {name}")
        choice.setToolTip(f"Which {name.replace('_', ' ')} the model is asked for")
        choice.addItem(ANY, "")
        for wanted in classes:
            choice.addItem(wanted, wanted)
        choice.setStyleSheet("padding: 2px 20px 2px 7px;")
        choice.setMinimumWidth(60)
        choice.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        choice.setMaxVisibleItems(12)
        guard_wheel(choice)
        choice.activated.connect(
            lambda _index: self._dispatch("denoise.ask", what=f"{name}={choice.currentData()}")
        )
        return label, choice

    def _lay_out(self) -> None:
        columns = 2 if self.width() >= self.width_for(False) and len(self._cells) > 1 else 1
        if columns == self._columns:
            return
        self._columns = columns
        while self._grid.takeAt(0) is not None:
            pass
        self._none.setVisible(not self._cells)
        if not self._cells:
            self._grid.addWidget(self._none, 0, 0)
        for i, (label, choice) in enumerate(self._cells):
            line, column = divmod(i, columns)
            self._grid.addWidget(label, 2 * line, column)
            self._grid.addWidget(choice, 2 * line + 1, column)
        for column in (0, 1):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        last = 2 * (len(self._cells) // columns + 1)
        for line in range(self._grid.rowCount()):
            self._grid.setRowStretch(line, 0)
        self._grid.setRowStretch(last, 1)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
