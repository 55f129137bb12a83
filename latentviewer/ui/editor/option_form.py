"""A method's options, each with its name above its field."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QWidget,
)

from latentviewer.domain.projection import Parameter, Value
from latentviewer.ui.wheel import guard_wheel

_FIELD_PX, _TEXT_PX = 118, 240
_MOST = 2_147_483_647
_PATIENCE_MS = 350  # while a number is still being typed
_DECIMALS = 3

Field = QComboBox | QSpinBox | QDoubleSpinBox | QLineEdit


class OptionForm(QWidget):
    """Setters show; what the user changes is emitted.

    Attributes:
        chosen: emitted with an option's name and its new value.
        fields: by option's name.
    """

    chosen = Signal(str, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parameters: tuple[Parameter, ...] = ()
        self._columns: tuple[str, ...] = ()
        self.fields: dict[str, Field] = {}
        self._cells: list[QWidget] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(2)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self._across = 0

    def set_options(
        self,
        parameters: Sequence[Parameter],
        values: Mapping[str, Value],
        columns: Sequence[str],
    ) -> None:
        """What there is to choose, and what is chosen.

        Args:
            columns: of labels, for an option that names one.
        """
        if (tuple(parameters), tuple(columns)) != (self._parameters, self._columns):
            self._parameters, self._columns = tuple(parameters), tuple(columns)
            self._build()
        for parameter in self._parameters:
            _show(self.fields[parameter.key], values[parameter.key])

    def minimumSizeHint(self) -> QSize:
        return QSize(_FIELD_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def _build(self) -> None:
        while self._grid.takeAt(0) is not None:
            pass
        for cell in (*self._cells, *self.fields.values()):
            cell.setParent(None)
            cell.deleteLater()
        self.fields, self._cells = {}, []
        for parameter in self._parameters:
            field = self._field(parameter)
            field.setAccessibleName(parameter.title)
            field.setToolTip(parameter.tooltip)
            field.setMinimumWidth(_FIELD_PX)
            field.setMaximumWidth(_TEXT_PX if isinstance(field, QLineEdit) else _FIELD_PX)
            guard_wheel(field)
            label = QLabel(parameter.title)
            label.setProperty("role", "dim")
            label.setToolTip(parameter.tooltip)
            label.setBuddy(field)
            self.fields[parameter.key] = field
            self._cells.append(label)
        self._across = 0
        self._place()

    def _place(self) -> None:
        widths = (field.maximumWidth() for field in self.fields.values())
        widest = max(widths, default=_FIELD_PX)
        across = max(1, (self.width() + 12) // (widest + 12))
        if across == self._across:
            return
        self._across = across
        for place, (label, field) in enumerate(zip(self._cells, self.fields.values(), strict=True)):
            row, column = divmod(place, across)
            self._grid.addWidget(label, 2 * row, column)
            self._grid.addWidget(field, 2 * row + 1, column)

    def _field(self, parameter: Parameter) -> Field:
        if parameter.column or parameter.choices:
            return self._choice(parameter)
        if isinstance(parameter.default, str):
            return self._text(parameter)
        return self._number(parameter)

    def _choice(self, parameter: Parameter) -> QComboBox:
        box = QComboBox()
        if parameter.column:
            box.addItem("none" if parameter.may_be_none else "label", "")
            for name in self._columns:
                box.addItem(name, name)
        for value in parameter.choices:
            box.addItem(value, value)
        box.activated.connect(lambda _index: self.chosen.emit(parameter.key, box.currentData()))
        return box

    def _text(self, parameter: Parameter) -> QLineEdit:
        line = QLineEdit()
        line.editingFinished.connect(lambda: self.chosen.emit(parameter.key, line.text().strip()))
        return line

    def _number(self, parameter: Parameter) -> QSpinBox | QDoubleSpinBox:
        box: QSpinBox | QDoubleSpinBox
        if isinstance(parameter.default, float):
            box = _Number()
            box.setDecimals(_DECIMALS)
            box.setSingleStep(0.05)
            box.setRange(
                -1e9 if parameter.lowest is None else parameter.lowest,
                1e9 if parameter.highest is None else parameter.highest,
            )
        else:
            box = QSpinBox()
            box.setRange(
                int(-_MOST if parameter.lowest is None else parameter.lowest),
                int(min(_MOST, _MOST if parameter.highest is None else parameter.highest)),
            )
        if parameter.may_be_none:
            # The lowest place but one stands for none, and says so.
            box.setSpecialValueText("automatic")
            box.setProperty("none", True)
            box.setMinimum(box.minimum() - 1)  # type: ignore[arg-type]
        box.setAlignment(Qt.AlignmentFlag.AlignCenter)
        rest = QTimer(box)
        rest.setSingleShot(True)
        rest.setInterval(_PATIENCE_MS)
        rest.timeout.connect(lambda: self.chosen.emit(parameter.key, _value(box)))
        box.valueChanged.connect(lambda _value: rest.start())
        return box


class _Number(QDoubleSpinBox):
    """Without zeros at its end."""

    def textFromValue(self, value: float) -> str:
        whole, mark, part = super().textFromValue(value).partition(self.locale().decimalPoint())
        part = part.rstrip("0")
        return f"{whole}{mark}{part}" if part else whole


def _value(box: QSpinBox | QDoubleSpinBox) -> Value:
    return None if box.property("none") and box.value() == box.minimum() else box.value()


def _show(field: Field, value: Value) -> None:
    with QSignalBlocker(field):
        if isinstance(field, QComboBox):
            field.setCurrentIndex(max(0, field.findData(value)))
        elif isinstance(field, QLineEdit):
            if not field.hasFocus():
                field.setText(str(value or ""))
        elif value is None:
            field.setValue(field.minimum())  # type: ignore[arg-type]
        elif value != _value(field):
            field.setValue(value)  # type: ignore[arg-type]
