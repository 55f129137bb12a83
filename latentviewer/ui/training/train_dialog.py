"""The dialog that asks what to train."""

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from latentviewer.app.recipes import RecipeOffer
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.preview.missing_data import DOWNLOAD_SIZES, MissingData
from latentviewer.ui.theme import Theme
from latentviewer.ui.training.recipe_list import RecipeList
from latentviewer.ui.wheel import guard_wheel

_WIDTH_PX, _HEIGHT_PX, _ROOM_PX = 580, 470, 210
_MOST_EPOCHS, _GREATEST_SEED = 100_000, 2_147_483_647


class TrainDialog(QDialog):
    """Recipes, what is special about the chosen one now, and the numbers that can be changed.

    It lies beside the window's work, not over it: getting a data set can be watched, and
    cancelled, below.

    Attributes:
        recipes: the list. go_on, afresh: what to do with an unfinished run.
        epochs, seed: the numbers. missing: the ways to a data set that is not here.
        train: begins.
    """

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Train a model")
        self.resize(_WIDTH_PX, _HEIGHT_PX)
        self._dispatch, self._running = dispatch, ""
        self._loading = QLabel("Looking for recipes…")
        self._loading.setProperty("role", "dim")
        self.recipes = RecipeList(theme)
        self.recipes.setMinimumHeight(150)
        self.recipes.currentItemChanged.connect(lambda *_: self._show_offer())
        self.recipes.itemDoubleClicked.connect(lambda _item: self._begin())
        self._where = _line("dim")
        self._why_not = _line("warning")
        self.missing = MissingData(dispatch, theme)
        self.go_on, self.afresh = QRadioButton(), QRadioButton("Start afresh")
        self.afresh.setToolTip("The unfinished run is thrown away")
        self.go_on.toggled.connect(lambda _on: self._show_numbers())
        self.epochs, self.seed = QSpinBox(), QSpinBox()
        self.epochs.setRange(1, _MOST_EPOCHS)
        self.epochs.setAccessibleName("Epochs at most")
        self.epochs.setToolTip("Training ends sooner where the validation loss no longer falls")
        self.seed.setRange(0, _GREATEST_SEED)
        self.seed.setAccessibleName("Seed")
        self.seed.setToolTip("The same seed gives the same model on the same machine")
        guard_wheel(self.epochs, self.seed)
        self._numbers = QWidget()
        self.train = QPushButton("Train")
        self.train.setProperty("role", "primary")
        self.train.setDefault(True)
        self.train.clicked.connect(self._begin)
        self._close = QPushButton("Close")
        self._close.clicked.connect(self.reject)
        self._build()
        self._show_offer()

    def _build(self) -> None:
        numbers = QHBoxLayout(self._numbers)
        numbers.setContentsMargins(0, 0, 0, 0)
        numbers.setSpacing(8)
        for text, box in (("Epochs at most", self.epochs), ("Seed", self.seed)):
            label = QLabel(text)
            label.setBuddy(box)
            box.setFixedWidth(96)
            box.setAlignment(Qt.AlignmentFlag.AlignCenter)
            numbers.addWidget(label)
            numbers.addWidget(box)
            numbers.addSpacing(14)
        numbers.addStretch(1)
        choices = QHBoxLayout()
        choices.setSpacing(18)
        choices.addWidget(self.go_on)
        choices.addWidget(self.afresh)
        choices.addStretch(1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self._close)
        buttons.addWidget(self.train)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(10)
        column.addWidget(self._loading)
        column.addWidget(self.recipes, 1)
        column.addWidget(self._where)
        column.addWidget(self._why_not)
        column.addWidget(self.missing)
        column.addLayout(choices)
        column.addWidget(self._numbers)
        column.addSpacing(4)
        column.addLayout(buttons)

    def set_offers(self, offers: Sequence[RecipeOffer] | None) -> None:
        """What can be trained; None while that is being looked up."""
        self._loading.setVisible(offers is None)
        if offers is not None:
            self.recipes.set_offers(offers)
            self.resize(self.width(), max(self.height(), self._height_for_all()))
            if not self.recipes.hasFocus() and self._close.hasFocus():
                self.recipes.setFocus()
        self._show_offer()

    def _height_for_all(self) -> int:
        parent = self.parentWidget()
        most = parent.height() - 60 if parent is not None else 900
        return min(self.recipes.sizeHint().height() + _ROOM_PX, most)

    def set_running(self, recipe: str) -> None:
        """The recipe that is being trained now, or the empty text."""
        if recipe != self._running:
            self._running = recipe
            self._show_offer()

    @property
    def where(self) -> str:
        """What is trained on, and where the model goes."""
        return self._where.text()

    @property
    def why_not(self) -> str:
        """Why it cannot be begun, or gone on with, or nothing."""
        return self._why_not.text()

    def _show_offer(self) -> None:
        offer = self.recipes.offer
        self._numbers.setVisible(offer is not None)
        unfinished = offer.unfinished if offer is not None else None
        can_go_on = unfinished is not None and unfinished.fault is None
        for choice in (self.go_on, self.afresh):
            choice.setVisible(unfinished is not None)
        self.go_on.setEnabled(can_go_on)
        (self.go_on if can_go_on else self.afresh).setChecked(True)
        if unfinished is not None:
            self.go_on.setText(
                f"Go on after epoch {unfinished.epoch} of {unfinished.epochs}"
                if can_go_on
                else "Go on"
            )
        self._where.setText(_where(offer) if offer is not None else "")
        self._say_why_not(offer)
        away = offer is not None and offer.missing is not None
        fetch = offer.fetch if offer is not None and away else None
        self.missing.set_missing(fetch, DOWNLOAD_SIZES.get(fetch or ""))
        self.train.setEnabled(offer is not None and not away and not self._running)
        self._show_numbers()

    def _say_why_not(self, offer: RecipeOffer | None) -> None:
        sentence = ""
        if self._running:
            sentence = f"{self._running} is being trained; stop it first, or wait until it is done."
        elif offer is not None and offer.missing is not None:
            sentence = offer.missing
        elif offer is not None and offer.unfinished is not None and offer.unfinished.fault:
            sentence = offer.unfinished.fault
        self._why_not.setText(sentence)
        self._why_not.setVisible(bool(sentence))

    def _show_numbers(self) -> None:
        offer = self.recipes.offer
        if offer is None:
            return
        kept = offer.unfinished if self._goes_on else None
        self.epochs.setValue(offer.epochs if kept is None else kept.epochs)
        self.seed.setValue(offer.seed if kept is None else kept.seed)
        for box in (self.epochs, self.seed):
            box.setEnabled(kept is None)
        self._numbers.setToolTip(
            "" if kept is None else "A run that goes on keeps its epochs and its seed"
        )
        self.train.setText("Train" if kept is None else "Go on")

    @property
    def _goes_on(self) -> bool:
        offer = self.recipes.offer
        return offer is not None and offer.unfinished is not None and self.go_on.isChecked()

    def _begin(self) -> None:
        offer = self.recipes.offer
        if offer is None or not self.train.isEnabled():
            return
        arguments: dict[str, Any] = {"recipe": offer.name}
        if self._goes_on:
            arguments["begin"] = "continue"
        else:
            arguments |= {"epochs": self.epochs.value(), "seed": self.seed.value()}
            if offer.unfinished is not None:
                arguments["begin"] = "afresh"
        self.accept()
        self._dispatch("train.start", **arguments)


def _line(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setWordWrap(True)
    return label


def _where(offer: RecipeOffer) -> str:
    sentence = f"Trains on {offer.data}; the model goes to {offer.folder}."
    if offer.finished is not None:
        sentence += f" The finished {offer.finished.name} beside it stays as it is."
    return sentence
