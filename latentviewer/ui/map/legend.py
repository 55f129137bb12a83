"""What the colours mean: a list that filters by click, or a colour bar with a range."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QPersistentModelIndex,
    QRectF,
    QSize,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QPushButton,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from latentviewer.app.colouring import MISSING
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme

_ROW_PX = 24
_ROWS_SHOWN = 14
_FILTER_ABOVE = 20
# Narrow ones: of labels without counts, and of a scale with both its ends.
_WIDTH_PX, _NARROW_PX, _NARROW_SCALE_PX = 176, 104, 148
_BAR_PX = 46
# Title, search field and margins above and below the list.
_HEAD_PX = 76
_NAME, _COUNT, _COLOUR, _HIDDEN = (Qt.ItemDataRole.UserRole + i for i in range(4))
_Index = QModelIndex | QPersistentModelIndex


class _Categories(QAbstractListModel):
    """Names, counts, colours; thousands of them cost nothing until they are seen."""

    def __init__(self) -> None:
        super().__init__()
        self.names: Sequence[str] = ()
        self.counts: NDArray[np.int64] = np.zeros(0, np.int64)
        self.colours: NDArray[np.uint8] = np.zeros((0, 3), np.uint8)
        self.hidden: AbstractSet[str] = frozenset()

    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.names)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = index.row()
        name = self.names[row]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return name or "no label"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            state = "hidden" if name in self.hidden else "shown"
            return f"{name or 'no label'}, {int(self.counts[row])} points, {state}"
        if role == _NAME:
            return name
        if role == _COUNT:
            return int(self.counts[row])
        if role == _COLOUR:
            red, green, blue = (int(v) for v in self.colours[row])
            return QColor(red, green, blue)
        if role == _HIDDEN:
            return name in self.hidden
        return None

    def fill(
        self,
        names: Sequence[str],
        counts: NDArray[np.int64],
        colours: NDArray[np.uint8],
        hidden: AbstractSet[str],
    ) -> None:
        """Replaces all rows."""
        same = tuple(names) == tuple(self.names)
        if not same:
            self.beginResetModel()
        self.names, self.counts, self.colours, self.hidden = names, counts, colours, hidden
        if not same:
            self.endResetModel()
        elif names:
            self.dataChanged.emit(self.index(0), self.index(len(names) - 1))


class _RowPainter(QStyledItemDelegate):
    """A swatch, a name, a count."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.theme, self.compact = theme, False

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        width = _NARROW_PX if self.compact else _WIDTH_PX
        return QSize(width - 20, _ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        theme, hidden = self.theme, bool(index.data(_HIDDEN))
        box = QRectF(option.rect)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        view = self.parent()
        if isinstance(view, QListView) and view.hasFocus() and view.currentIndex() == index:
            painter.setPen(QPen(theme.colour("accent"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 4, 4)
        swatch = QRectF(box.left() + 6, box.center().y() - 5, 10, 10)
        colour = index.data(_COLOUR)
        painter.setPen(QPen(colour, 1.5))
        painter.setBrush(Qt.BrushStyle.NoBrush if hidden else colour)
        painter.drawEllipse(swatch)
        count = "" if self.compact else f"{index.data(_COUNT):,}"
        metrics = painter.fontMetrics()
        count_width = metrics.horizontalAdvance(count)
        painter.setPen(theme.colour("text_faint"))
        right = box.adjusted(0, 0, -6, 0)
        painter.drawText(right, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, count)
        painter.setPen(theme.colour("text_faint" if hidden else "text"))
        room = box.width() - 24 - (count_width + 14 if count else 4)
        name = metrics.elidedText(
            str(index.data()), Qt.TextElideMode.ElideRight, max(10, int(room))
        )
        painter.drawText(
            QRectF(box.left() + 24, box.top(), room, box.height()),
            Qt.AlignmentFlag.AlignVCenter,
            name,
        )
        painter.restore()


class _List(QListView):
    """Click or Space filters, double click or Alt+click shows one only."""

    def __init__(self, dispatch: Dispatch, parent: QWidget) -> None:
        super().__init__(parent)
        self._dispatch = dispatch
        self.setUniformItemSizes(True)
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setMouseTracking(True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self.setCurrentIndex(index)
            alone = bool(event.modifiers() & Qt.KeyboardModifier.AltModifier)
            self._dispatch("map.isolate" if alone else "map.filter", name=index.data(_NAME))

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        # The first click of the two has filtered; isolating takes that back by itself.
        index = self.indexAt(event.position().toPoint())
        if index.isValid():
            self._dispatch("map.isolate", name=index.data(_NAME))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        index = self.currentIndex()
        if event.key() == Qt.Key.Key_Space and index.isValid():
            self._dispatch("map.filter", name=index.data(_NAME))
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and index.isValid():
            self._dispatch("map.isolate", name=index.data(_NAME))
        else:
            super().keyPressEvent(event)


class _ColourBar(QWidget):
    """A ramp with two handles; what lies outside is filtered out."""

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._dispatch, self.theme = dispatch, theme
        self._colours = np.zeros((1, 3), np.uint8)
        self._ends, self._shown = (0.0, 1.0), (0.0, 1.0)
        self._held: int | None = None
        self._missing = 0
        self.setFixedHeight(_BAR_PX)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Colour bar")
        self.setAccessibleDescription(
            "Left and right move the lower end of what is shown, with Shift the upper end."
        )

    def fill(
        self,
        ends: tuple[float, float],
        shown: tuple[float, float],
        colours: NDArray[np.uint8],
        missing: int,
    ) -> None:
        """Ends of the scale, the part that is shown, colours (k, 3), rows without a number."""
        self._ends, self._shown, self._colours = ends, shown, colours
        self._missing = missing
        scale = _BAR_PX if np.isfinite(ends[0]) else 0
        self.setFixedHeight(scale + (_ROW_PX if missing else 0))
        self.setEnabled(ends[0] < ends[1])
        self.update()

    def _x_of(self, value: float) -> float:
        low, high = self._ends
        share = (value - low) / (high - low) if high > low else 0.0
        return 8 + share * (self.width() - 16)

    def _value_at(self, x: float) -> float:
        low, high = self._ends
        share = min(max((x - 8) / max(1, self.width() - 16), 0.0), 1.0)
        return low + share * (high - low)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        low, high = self._ends
        bar = QRectF(8, 6, self.width() - 16, 12)
        if np.isfinite(low):
            self._paint_scale(painter, bar, low < high)
        if self._missing:
            self._paint_missing(painter)
        painter.end()

    def _paint_scale(self, painter: QPainter, bar: QRectF, ramped: bool) -> None:
        # One value for all has the colour in the middle.
        colours = self._colours if ramped else self._colours[[len(self._colours) // 2]]
        ramp = np.ascontiguousarray(colours[None])
        image = QImage(
            ramp.data, ramp.shape[1], 1, 3 * ramp.shape[1], QImage.Format.Format_RGB888
        ).copy()
        painter.drawImage(bar, image)
        low, high = self._shown
        painter.setPen(self.theme.colour("text_dim"))
        text = QRectF(6, 24, self.width() - 12, 18)
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft, f"{low:.3g}")
        if not ramped:
            return
        painter.drawText(text, Qt.AlignmentFlag.AlignRight, f"{high:.3g}")
        veil = QColor(self.theme.colour("raised"))
        veil.setAlpha(210)
        painter.fillRect(QRectF(bar.left(), bar.top(), self._x_of(low) - 8, 12), veil)
        painter.fillRect(
            QRectF(self._x_of(high), bar.top(), bar.right() - self._x_of(high), 12), veil
        )
        painter.setPen(QPen(self.theme.colour("map"), 1.5))
        painter.setBrush(self.theme.colour("accent" if self.hasFocus() else "text"))
        for value in self._shown:
            painter.drawEllipse(QRectF(self._x_of(value) - 5, 7, 10, 10))

    def _paint_missing(self, painter: QPainter) -> None:
        line = QRectF(6, self.height() - _ROW_PX, self.width() - 12, _ROW_PX)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(*MISSING))
        painter.drawEllipse(QRectF(line.left(), line.center().y() - 5, 10, 10))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(self.theme.colour("text"))
        painter.drawText(line.adjusted(18, 0, 0, 0), middle, "no value")
        painter.setPen(self.theme.colour("text_faint"))
        painter.drawText(line, middle | Qt.AlignmentFlag.AlignRight, f"{self._missing:,}")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        x = event.position().x()
        gaps = [abs(self._x_of(value) - x) for value in self._shown]
        self._held = 0 if gaps[0] <= gaps[1] else 1
        self._hold(x)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held is not None:
            self._hold(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._held = None

    def _hold(self, x: float) -> None:
        shown = list(self._shown)
        assert self._held is not None
        shown[self._held] = self._value_at(x)
        if shown[0] > shown[1]:
            shown[self._held] = shown[1 - self._held]
        self._dispatch("map.value_range", low=shown[0], high=shown[1])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -0.02, Qt.Key.Key_Right: 0.02}.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        moved = step * (self._ends[1] - self._ends[0])
        low, high = self._shown
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            high = min(max(high + moved, low), self._ends[1])
        else:
            low = max(min(low + moved, high), self._ends[0])
        self._dispatch("map.value_range", low=low, high=high)


class Legend(QFrame):
    """A card that floats over the map.

    Attributes:
        wanted: whether there is something to tell, though perhaps no room.
    """

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setAccessibleName("Legend")
        self._theme, self._room_px = theme, 10_000
        self._crowded, self.wanted = False, False
        self._title = QLabel()
        self._title.setProperty("role", "heading")
        self._all = QPushButton("Show all")
        self._all.setProperty("role", "flat")
        self._all.setStyleSheet("padding: 1px 5px; font-size: 11px;")
        self._all.clicked.connect(lambda: dispatch("map.show_all"))
        self._filter = QLineEdit()
        self._filter.setPlaceholderText("Find a label")
        self._filter.setAccessibleName("Find a label in the legend")
        self._model = _Categories()
        self._proxy = QSortFilterProxyModel(self)
        self._proxy.setSourceModel(self._model)
        self._proxy.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._filter.textChanged.connect(self._proxy.setFilterFixedString)
        self._filter.textChanged.connect(lambda _text: self._shape())
        self.list = _List(dispatch, self)
        self.list.setModel(self._proxy)
        self.list.setAccessibleName("Labels; Space shows or hides, Enter shows one only")
        self._painter = _RowPainter(theme, self.list)
        self.list.setItemDelegate(self._painter)
        self.bar = _ColourBar(dispatch, theme, self)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 7, 8, 8)
        column.setSpacing(4)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._all)
        column.addLayout(head)
        column.addWidget(self._filter)
        column.addWidget(self.list)
        column.addWidget(self.bar)
        self.setFixedWidth(_WIDTH_PX)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Light or dark."""
        self._theme = self._painter.theme = self.bar.theme = theme
        self.update()

    def set_categories(
        self,
        names: Sequence[str],
        counts: NDArray[np.int64],
        colours: NDArray[np.uint8],
        hidden: AbstractSet[str],
        title: str = "",
    ) -> None:
        """Labels with counts, colours (k, 3) and which are hidden."""
        self._model.fill(names, counts, colours, hidden)
        self._set_title(title, scale=False)
        self._all.setVisible(bool(hidden))
        self._filter.setVisible(len(names) > _FILTER_ABOVE)
        self.list.show()
        self.bar.hide()
        self._shape()

    def set_numbers(
        self,
        title: str,
        low: float,
        high: float,
        colours: NDArray[np.uint8],
        shown: tuple[float, float] | None = None,
        missing: int = 0,
    ) -> None:
        """A scale from low to high, the part of it that is shown, and rows without a number.

        Where no row has one, low and high are NaN.
        """
        self._set_title(title, scale=True)
        self.bar.fill((low, high), shown or (low, high), colours, missing)
        filtered = shown is not None and bool(np.isfinite(low)) and shown != (low, high)
        self._all.setVisible(filtered)
        self._filter.hide()
        self.list.hide()
        self.bar.show()
        self._shape()

    def set_compact(self, compact: bool) -> None:
        """Narrow, without counts, where a second map leaves less room."""
        self._painter.compact = compact
        self._all.setText("All" if compact else "Show all")
        self._set_title(self._title.toolTip(), self.list.isHidden())
        self._shape()

    def set_crowded(self, crowded: bool) -> None:
        """Whether the map is too small to have it over a part of it."""
        if crowded != self._crowded:
            self._crowded = crowded
            self.setVisible(self.wanted)

    def setVisible(self, visible: bool) -> None:  # noqa: N802
        self.wanted = visible
        super().setVisible(visible and not self._crowded)

    def set_room(self, height: int) -> None:
        """How many pixels it may be high; what does not fit scrolls."""
        if height != self._room_px:
            self._room_px = height
            self._shape()

    def _set_title(self, title: str, scale: bool) -> None:
        """Its width goes by what it shows: labels, or a scale."""
        narrow = _NARROW_SCALE_PX if scale else _NARROW_PX
        self.setFixedWidth(narrow if self._painter.compact else _WIDTH_PX)
        room = 90 if scale or not self._painter.compact else 52
        shown = self._title.fontMetrics().elidedText(title, Qt.TextElideMode.ElideRight, room)
        self._title.setText(shown)
        self._title.setToolTip(title)

    def _shape(self) -> None:
        fits = max(3, (self._room_px - _HEAD_PX) // _ROW_PX)
        rows = min(max(1, self._proxy.rowCount()), _ROWS_SHOWN, fits)
        self.list.setFixedHeight(rows * _ROW_PX + 2)
        self.adjustSize()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.FontChange:
            self._shape()
        super().changeEvent(event)
