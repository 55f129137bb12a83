"""The page that stands in the map's place while nothing is open."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from latentviewer.app.services import Sample
from latentviewer.bundled import models_folder
from latentviewer.ui.elided_button import ElidedButton
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.sample_card import SampleCard
from latentviewer.ui.theme import Theme

_CARDS_A_ROW = 3
_RECENT_SHOWN = 6


def sample_picture(sample: Sample) -> QPixmap | None:
    """The picture of a sample's map that lies in its model's folder."""
    file = models_folder() / sample.model / "map.png"
    return QPixmap(str(file)) if file.is_file() else None


class WelcomePage(QScrollArea):
    """Samples with pictures, recent files, and the ways to open something."""

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dispatch, self._theme = dispatch, theme
        self._cards: list[SampleCard] = []
        self._icon_buttons: list[tuple[QPushButton, str]] = []
        self.setWidgetResizable(True)
        self.setAccessibleName("Welcome")
        page = QWidget()
        self.setWidget(page)
        centred = QHBoxLayout(page)
        centred.setContentsMargins(40, 48, 40, 40)
        column = QVBoxLayout()
        column.setSpacing(10)
        centred.addStretch(1)
        centred.addLayout(column)
        centred.addStretch(1)
        title = QLabel("Latent spaces you can touch")
        title.setProperty("role", "display")
        lead = QLabel(
            "A model turns each picture into a point. Move the mouse between the points, "
            "and the decoder draws what the model imagines there."
        )
        lead.setProperty("role", "dim")
        lead.setWordWrap(True)
        column.addWidget(title)
        column.addWidget(lead)
        column.addSpacing(18)
        column.addWidget(_heading("Samples"))
        self._grid = QGridLayout()
        self._grid.setSpacing(14)
        column.addLayout(self._grid)
        column.addSpacing(18)
        column.addWidget(_heading("Your own"))
        buttons = QHBoxLayout()
        for text, command, icon_name in (
            ("Open file…", "file.open", "file"),
            ("Open folder…", "file.open_folder", "folder-open"),
        ):
            button = QPushButton(text)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _checked=False, c=command: dispatch(c))
            self._icon_buttons.append((button, icon_name))
            buttons.addWidget(button)
        drop = QLabel("or drop one anywhere on this window")
        drop.setProperty("role", "faint")
        buttons.addSpacing(6)
        buttons.addWidget(drop)
        buttons.addStretch(1)
        column.addLayout(buttons)
        column.addSpacing(18)
        self._recent_heading = _heading("Recent")
        column.addWidget(self._recent_heading)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(2)
        column.addLayout(self._recent)
        column.addStretch(1)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        for card in self._cards:
            card.set_theme(theme)
        for button, name in self._icon_buttons:
            button.setIcon(icon(name, theme))

    def set_samples(self, samples: Sequence[Sample]) -> None:
        """Fills the grid of cards."""
        for card in self._cards:
            card.deleteLater()
        self._cards = []
        for index, sample in enumerate(samples):
            card = SampleCard(
                sample.title, sample.description, sample_picture(sample), self._theme, large=True
            )
            card.setEnabled(sample.available)
            card.chosen.connect(
                lambda name=sample.name: self._dispatch("file.open_sample", name=name)
            )
            self._grid.addWidget(card, index // _CARDS_A_ROW, index % _CARDS_A_ROW)
            self._cards.append(card)
        if self._cards:
            self.setFocusProxy(self._cards[0])

    def set_recent(self, paths: Sequence[str]) -> None:
        """Lists files opened last."""
        while (item := self._recent.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self._recent_heading.setVisible(bool(paths))
        for path in paths[:_RECENT_SHOWN]:
            button = ElidedButton(Path(path).name)
            button.setToolTip(path)
            button.setAccessibleName(f"Open {path}")
            button.clicked.connect(
                lambda _checked=False, p=path: self._dispatch("file.open_recent", path=p)
            )
            self._recent.addWidget(button)


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label
