"""The recipes as a list to choose from, two lines each."""

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import (
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from latentviewer.app.recipes import RecipeOffer
from latentviewer.ui.theme import Theme

_ROW_PX, _EDGE_PX = 46, 10
_OFFER = Qt.ItemDataRole.UserRole


class RecipeList(QListWidget):
    """One row is always chosen, where there are any."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Recipes")
        self.setUniformItemSizes(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setItemDelegate(_Row(theme, self))

    def set_offers(self, offers: Sequence[RecipeOffer]) -> None:
        """Lists the recipes; the one that was chosen stays so."""
        chosen = self.offer
        self.blockSignals(True)
        self.clear()
        for offer in offers:
            item = QListWidgetItem()
            item.setData(_OFFER, offer)
            item.setData(
                Qt.ItemDataRole.AccessibleTextRole, f"{offer.name}, {offer.title}, {mark_of(offer)}"
            )
            self.addItem(item)
        names = [offer.name for offer in offers]
        row = names.index(chosen.name) if chosen is not None and chosen.name in names else -1
        self.setCurrentRow(row if row >= 0 else _first_that_can(offers))
        self.blockSignals(False)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(300, _ROW_PX * max(3, self.count()) + 4)

    @property
    def offer(self) -> RecipeOffer | None:
        """The chosen recipe."""
        item = self.currentItem()
        offer = item.data(_OFFER) if item is not None else None
        return offer if isinstance(offer, RecipeOffer) else None

    def choose(self, name: str) -> None:
        """Chooses by name, where it is listed."""
        for row in range(self.count()):
            offer = self.item(row).data(_OFFER)
            if offer.name == name:
                self.setCurrentRow(row)


def mark_of(offer: RecipeOffer) -> str:
    """What is to be known at a glance: what lies unfinished, what is missing, or the length."""
    unfinished = offer.unfinished
    if offer.missing is not None:
        return f"{offer.data} is not here"
    if unfinished is not None and unfinished.fault is not None:
        return "unfinished, cannot go on"
    if unfinished is not None:
        return f"unfinished, {unfinished.epoch} of {unfinished.epochs} epochs"
    return f"{offer.data}, at most {offer.epochs} epochs"


def _first_that_can(offers: Sequence[RecipeOffer]) -> int:
    """An unfinished one before others, one with its data before one without."""
    if not offers:
        return -1
    return min(
        range(len(offers)),
        key=lambda i: (offers[i].missing is not None, offers[i].unfinished is None, i),
    )


class _Row(QStyledItemDelegate):
    """Name and mark in the first line, title and data in the second."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def sizeHint(
        self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> QSize:
        return QSize(200, _ROW_PX)

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        offer, theme = index.data(_OFFER), self._theme
        if not isinstance(offer, RecipeOffer):
            return
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        strong = theme.colour("accent_text" if chosen else "text")
        weak = theme.colour("accent_text" if chosen else "text_dim")
        box = QRectF(option.rect).adjusted(_EDGE_PX, 5, -_EDGE_PX, -5)
        upper = QRectF(box.left(), box.top(), box.width(), box.height() / 2)
        lower = upper.translated(0, box.height() / 2)
        painter.save()
        font = QFont(option.font)
        painter.setFont(font)
        mark = mark_of(offer)
        warned = offer.missing is not None and not chosen
        painter.setPen(theme.colour("warning") if warned else weak)
        painter.drawText(upper, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, mark)
        room = round(upper.width() - painter.fontMetrics().horizontalAdvance(mark) - 12)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(strong)
        metrics = painter.fontMetrics()
        painter.drawText(
            upper,
            Qt.AlignmentFlag.AlignVCenter,
            metrics.elidedText(offer.name, Qt.TextElideMode.ElideRight, room),
        )
        font.setWeight(QFont.Weight.Normal)
        painter.setFont(font)
        painter.setPen(weak)
        painter.drawText(
            lower,
            Qt.AlignmentFlag.AlignVCenter,
            painter.fontMetrics().elidedText(
                offer.title, Qt.TextElideMode.ElideRight, round(lower.width())
            ),
        )
        painter.restore()
