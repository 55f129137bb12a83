"""The right panel: what lies under the cursor, decoded."""

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedLayout,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from latentviewer.app.abilities import Abilities
from latentviewer.app.preview import Answer
from latentviewer.app.state import LatentTarget, Target
from latentviewer.domain.space import Latents
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.overlay_scroll import OverlayScrollArea
from latentviewer.ui.preview.caption import Facts, Title, facts
from latentviewer.ui.preview.class_bars import ClassSection
from latentviewer.ui.preview.class_readout import ClassReadout
from latentviewer.ui.preview.empty import EmptyPreview
from latentviewer.ui.preview.image import Pixels
from latentviewer.ui.preview.latent_bars import LatentBars
from latentviewer.ui.preview.missing_data import MissingData
from latentviewer.ui.preview.nearest import NearestSection
from latentviewer.ui.preview.pictures import Pictures
from latentviewer.ui.preview.posterior import PosteriorSection
from latentviewer.ui.preview.prior import PriorSection
from latentviewer.ui.theme import Theme

_EDITED = "Edited "
_BASES_KEPT = 64


class PreviewPanel(QFrame):
    """Shows answers; every control runs a command.

    Setters that are called while the cursor moves only store and ask for repaints: nothing
    changes its size.

    Attributes:
        title, pictures, facts, readout, missing, classes, neighbours, bars, posterior,
            prior: its parts.
    """

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAccessibleName("Preview")
        self._dispatch, self._theme = dispatch, theme
        self._rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._details_of: Target | None = None
        self._shown: Answer | None = None
        self._bases: OrderedDict[str, Latents] = OrderedDict()
        self._icons: list[tuple[QPushButton | QToolButton, str, int]] = []
        self.title = Title(theme)
        self.pictures = Pictures(theme)
        self.facts = Facts(theme)
        self.readout = ClassReadout(theme)
        self.missing = MissingData(dispatch, theme)
        self.classes = ClassSection(dispatch, theme)
        self.neighbours = NearestSection("Nearest samples", dispatch, theme)
        self.neighbours.chosen.connect(self._on_neighbour)
        self.bars = LatentBars(self._edit, theme)
        self.posterior = PosteriorSection(dispatch, theme)
        self.prior = PriorSection(dispatch, theme)
        self.unpin = self._button("", "pin", "Unpin", "preview.unpin", QToolButton())
        self.add = self._button("Add to path", "plus", "Add to path", "path.add_shown")
        self.add.setToolTip("Add shown latent to path  W")
        self.keep = self._button("Keep latent", "bookmark", "Keep latent", "latent.save")
        self.keep.setToolTip("Keep this latent under a name  Ctrl+K")
        self.reset = self._button(
            "", "rotate-ccw", "Reset edited latent", "preview.reset", QToolButton()
        )
        self._build()
        self.set_theme(theme)
        self.clear()

    def _build(self) -> None:
        self.unpin.setToolTip("Pinned: the preview returns here. Click to unpin  Shift+Esc")
        self.unpin.setText("Pinned")
        self.unpin.setProperty("role", "flat")
        if isinstance(self.unpin, QToolButton):
            self.unpin.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        kept = self.unpin.sizePolicy()
        kept.setRetainSizeWhenHidden(True)
        self.unpin.setSizePolicy(kept)
        self.unpin.hide()
        self.reset.setProperty("role", "flat")
        self.reset.setToolTip("Reset edited latent  Ctrl+R")
        self.reset.setFixedSize(26, 24)
        self.empty = EmptyPreview(self._theme)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(14, 10, 14, 14)
        column.setSpacing(8)
        column.addLayout(_row(self.title, self.unpin, stretched=0))
        column.addWidget(self.pictures)
        column.addWidget(self.facts)
        column.addWidget(self.readout)
        column.addWidget(self.missing)
        column.addWidget(self.classes)
        actions = _row(self.add, self.keep)
        actions.setStretch(0, 1)
        actions.setStretch(1, 1)
        column.addLayout(actions)
        column.addSpacing(4)
        column.addWidget(self.neighbours)
        self._latent = QWidget()
        latent = QVBoxLayout(self._latent)
        latent.setContentsMargins(0, 0, 0, 0)
        latent.addLayout(_row(_heading("Latent"), self.reset, stretched=0))
        latent.addWidget(self.bars)
        column.addWidget(self._latent)
        column.addWidget(self.posterior)
        column.addWidget(self.prior)
        column.addStretch(1)
        scroll = OverlayScrollArea()
        scroll.setWidget(body)
        self._pages = QStackedLayout(self)
        self._pages.addWidget(self.empty)
        self._pages.addWidget(scroll)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        for button, name, size in self._icons:
            button.setIcon(icon(name, theme, size, "accent" if name == "pin" else "text_dim"))
        for part in (
            self.title, self.pictures, self.facts, self.readout, self.missing, self.classes,
            self.neighbours, self.bars, self.posterior, self.prior, self.empty,
        ):  # fmt: skip
            part.set_theme(theme)

    def set_label_colour(self, colour: tuple[int, int, int] | None) -> None:
        """The category colour of the label's chip; None for a neutral one."""
        self.title.set_colour(None if colour is None else QColor(*colour))

    def set_abilities(self, can: Abilities) -> None:
        """What the open space can show, and why it can't show the rest."""
        decoder = "" if can.loading else can.decoder
        self.pictures.set_why_not(decoder, can.original, can.loading)
        self.empty.set_why_not(decoder, can.loading)
        neither = bool(can.posterior) and can.posterior == can.prior
        self.neighbours.set_pictured(can.loading or not (can.decoder and can.original))
        self.posterior.setVisible(not can.loading)
        self.prior.setVisible(not (can.loading or neither))
        self.prior.set_why_not(can.prior)
        self.posterior.set_why_not(can.posterior, "Posterior and prior" if neither else "Posterior")
        if self._shown is not None:
            self.show_answer(self._shown)

    def set_readouts(self, questions: Mapping[str, int], scores: bool) -> None:
        """What a classifier is asked, with the number of classes; whether pictures are scored."""
        self.readout.set_questions(questions)
        self.facts.set_room(3 if scores else 2)

    def set_missing_data(self, name: str | None, size_text: str | None) -> None:
        """The data set that is not on this machine, and its download's size; None if here."""
        self.pictures.set_original_missing(name is not None)
        self.missing.set_missing(name, size_text)

    def set_names(self, names: Sequence[str]) -> None:
        """What the latent's dimensions are called; empty for their numbers."""
        self.bars.set_names(names)

    def set_classes(
        self, names: Sequence[str], question: str, seen: str, truth: str, inferred: str
    ) -> None:
        """The classes whose probabilities the latent is; see `ClassSection.set_question`.

        They take the place of the bars to drag: changed alone, a probability would leave the
        others' sum wrong.
        """
        self.classes.set_question(names, question, seen, truth, inferred)
        self._latent.setVisible(not names)

    def set_ranges(self, low: Latents, high: Latents) -> None:
        """The typical range of each dimension in the data, (d,) each."""
        self.bars.set_ranges(low, high)

    def set_metric(self, name: str) -> None:
        """By which nearest samples are found."""
        self.neighbours.set_metric(name)

    def set_pinned(self, pinned: bool) -> None:
        """Whether what is shown is what the preview returns to."""
        if self.unpin.isHidden() == pinned:
            self.unpin.setVisible(pinned)

    def clear(self) -> None:
        """Nothing was asked yet."""
        self._shown, self._details_of = None, None
        self._bases.clear()
        self.pictures.clear()
        self.neighbours.clear()
        self.posterior.set_samples(None, False)
        self.title.set_title("", "")
        self.facts.set_lines(())
        self.readout.set_told(None)
        self._pages.setCurrentIndex(0)

    def show_answer(self, answer: Answer) -> None:
        """Shows everything an answer holds."""
        if self._shown is not None and answer.title == _EDITED + self._shown.title:
            # Edited elsewhere than on the bars.
            self._keep_base(self._shown)
        self._shown = answer
        # First of all, for the decoded picture is on the screen before this returns.
        self.pictures.show_pictures(
            answer.original,
            answer.decoded,
            answer.difference,
            is_sample=answer.row is not None,
            far=answer.far,
            stand_in=answer.stand_in,
        )
        self.title.set_title(answer.title, answer.label)
        self.facts.set_lines(
            facts(
                answer.row, answer.error, answer.inverse_name, answer.distance, answer.far,
                answer.observed, answer.denoised, answer.score,
            )
        )  # fmt: skip
        self.readout.set_told(answer.told)
        truth = "" if answer.observed is None else answer.observed.truth
        self.classes.bars.set_posterior(answer.latent, truth)
        base = self._bases.get(answer.title) if _is_edited(answer) else None
        self.bars.set_latent(answer.latent, answer.std, base)
        self.posterior.set_spread(answer.request.spread)
        self.posterior.set_samples(answer.posterior, answer.std is not None)
        if answer.request.target is not self._details_of:
            self.neighbours.set_stale()
        if self._pages.currentIndex() == 0:
            self._pages.setCurrentIndex(1)

    def set_neighbours(
        self,
        rows: NDArray[np.int64],
        labels: Sequence[str],
        distances: NDArray[np.float32],
        images: Pixels | None,
    ) -> None:
        """The nearest samples of what is shown, (k,) each; images (k, h, w, c) or None."""
        self._rows = np.array(rows, np.int64)
        self._details_of = self._shown.request.target if self._shown is not None else None
        self.neighbours.set_samples(rows, labels, distances, images)

    def sizeHint(self) -> QSize:
        return QSize(348, 720)

    def _on_neighbour(self, at: int) -> None:
        if at < len(self._rows):
            self._dispatch("preview.pin_row", row=int(self._rows[at]))

    def _edit(self, command_id: str, **arguments: object) -> None:
        if self._shown is not None:
            self._keep_base(self._shown)
        self._dispatch(command_id, **arguments)

    def _keep_base(self, shown: Answer) -> None:
        """What is shown before an edit is what a double-click on a bar brings back later."""
        if not _is_edited(shown):
            self._bases[_EDITED + shown.title] = shown.latent
            while len(self._bases) > _BASES_KEPT:
                self._bases.popitem(last=False)

    def _button(
        self,
        text: str,
        picture: str,
        name: str,
        command: str,
        made: QPushButton | QToolButton | None = None,
    ) -> QPushButton | QToolButton:
        button = QPushButton() if made is None else made
        button.setText(text)
        button.setAccessibleName(name)
        run: Callable[[], None] = lambda: self._dispatch(command)  # noqa: E731
        button.clicked.connect(lambda _checked=False: run())
        self._icons.append((button, picture, 15))
        return button


def _is_edited(answer: Answer) -> bool:
    return isinstance(answer.request.target, LatentTarget) and answer.title.startswith(_EDITED)


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label


def _row(*widgets: QWidget, stretched: int | None = None) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    for i, widget in enumerate(widgets):
        row.addWidget(widget, 1 if i == stretched else 0)
    return row
