"""How an imported model did: what it was given, what it made of it, and the self-check."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from latentviewer.domain.importing import Check, Trial
from latentviewer.domain.ports import Images
from latentviewer.ui.icons import icon
from latentviewer.ui.preview.cells import Cell
from latentviewer.ui.preview.image import to_image
from latentviewer.ui.preview.strip import ImageStrip
from latentviewer.ui.theme import Theme

_SHOWN, _SIDE_PX, _ICON_PX = 8, 44, 14
_SIGNS = {True: ("check", "accent"), False: ("x", "error"), None: ("minus", "text_faint")}
_SAID = {True: "passed", False: "failed", None: "not tried"}


class TrialView(QWidget):
    """Two rows of pictures above the lines of the check."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._checks: tuple[Check, ...] = ()
        self._given_title, self._made_title = _heading("Samples"), _heading("Decoded")
        self.given = ImageStrip("Samples", theme, _SIDE_PX, 0, _SHOWN, selectable=False)
        self.made = ImageStrip("Decoded", theme, _SIDE_PX, 0, _SHOWN, selectable=False)
        self._check_title = _heading("Self-check")
        self._lines = QWidget()
        self._grid = QGridLayout(self._lines)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(6)
        self._grid.setColumnStretch(1, 1)
        self.note = QLabel()
        self.note.setProperty("role", "dim")
        self.note.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.note)
        column.addWidget(self._given_title)
        column.addWidget(self.given)
        column.addWidget(self._made_title)
        column.addWidget(self.made)
        column.addSpacing(10)
        column.addWidget(self._check_title)
        column.addSpacing(2)
        column.addWidget(self._lines)
        column.addStretch(1)
        self.set_trial(None, "")

    def set_trial(self, trial: Trial | None, note: str) -> None:
        """Shows a trial; `note` says what to know where there is nothing to show."""
        self.note.setText(note)
        self.note.setVisible(bool(note))
        images = None if trial is None else trial.images
        decoded = None if trial is None else trial.decoded
        if trial is not None and trial.data is not None:
            self._given_title.setText(f"Samples of {trial.data}")
        self._made_title.setText("Decoded" if images is not None else "Draws from the prior")
        for title, strip, pictures in (
            (self._given_title, self.given, images),
            (self._made_title, self.made, decoded),
        ):
            title.setVisible(pictures is not None)
            strip.setVisible(pictures is not None)
            if pictures is not None:
                strip.set_cells(_cells(pictures))
        self._show_checks(() if trial is None else trial.checks)

    def set_stale(self) -> None:
        """Weakens the pictures while other answers are being tried."""
        for strip in (self.given, self.made):
            strip.set_stale()

    @property
    def checks(self) -> tuple[Check, ...]:
        """The lines shown."""
        return self._checks

    def _show_checks(self, checks: Sequence[Check]) -> None:
        if tuple(checks) == self._checks and checks:
            return
        self._checks = tuple(checks)
        self._check_title.setVisible(bool(checks))
        self._lines.setVisible(bool(checks))
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.setParent(None)
                widget.deleteLater()
        for place, check in enumerate(checks):
            name, role = _SIGNS[check.passed]
            sign = QLabel()
            sign.setPixmap(icon(name, self._theme, _ICON_PX, role).pixmap(_ICON_PX, _ICON_PX))
            sign.setAccessibleName(f"{check.name}: {_SAID[check.passed]}")
            text = QLabel(f"{check.name}. {check.text}")
            text.setProperty("role", "error" if check.passed is False else "dim")
            text.setWordWrap(True)
            self._grid.addWidget(sign, place, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(text, place, 1)


def _cells(pictures: Images) -> tuple[Cell, ...]:
    return tuple(Cell(to_image(picture, enlarge=True)) for picture in pictures[:_SHOWN])


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label
