"""Latent arithmetic: an expression, what it gives, and what lies near."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from latentviewer.domain.ports import Images
from latentviewer.ui.editor.chip_row import ChipRow
from latentviewer.ui.editor.expression_bar import Complete, ExpressionBar
from latentviewer.ui.editor.fault_line import FaultLine
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.preview.caption import Facts
from latentviewer.ui.preview.image import Pixels
from latentviewer.ui.preview.image_tile import TITLE_PX, ImageTile
from latentviewer.ui.preview.nearest import NearestSection
from latentviewer.ui.theme import Theme

_PICTURE_PX = 100
_WIDE_FROM_PX, _LEAST_PX = 760, 400
_HELP_BEGIN = (
    'Write #12 for a sample, mean(label == "3") for an average, @A for a group, $z1 for a kept '
    "latent. Enter evaluates."
)
_HELP_DECODED = "The result is decoded and its nearest samples are listed."


class ArithmeticTab(QWidget):
    """Evaluates by command; setters show the outcome.

    Attributes:
        show_result: emitted when the user wants the result in the preview.
        bar: the expression. examples: clickable ones. fault: the sentence of a fault.
        picture, figures, strip: the result.
    """

    show_result = Signal()

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._dispatch, self._theme = dispatch, theme
        self._rows: NDArray[np.int64] = np.zeros(0, np.int64)
        self._shown_text: str | None = None
        self._narrow = False
        self.setAccessibleName("Arithmetic editor")
        self.bar = ExpressionBar(theme)
        self.bar.evaluated.connect(self._evaluate)
        self.bar.textEdited.connect(lambda _text: self._show_examples())
        self.run = QPushButton("Evaluate")
        self.run.setProperty("role", "primary")
        self.run.setMinimumHeight(36)
        self.run.setAccessibleName("Evaluate expression")
        self.run.setToolTip("Evaluate  Enter")
        self.run.clicked.connect(lambda: self._evaluate(self.bar.text()))
        self.examples = ChipRow("Examples")
        self.examples.chosen.connect(self._fill)
        self.fault = FaultLine(theme)
        self.picture = ImageTile("Decoded", theme)
        self.picture.setFixedSize(_PICTURE_PX, _PICTURE_PX + TITLE_PX)
        self.figures = Facts(theme)
        self.nearest = NearestSection(
            "Nearest samples of the result", None, theme, side=44, columns=2
        )
        self.nearest.chosen.connect(self._on_sample)
        self.show_button = QPushButton("Show in preview")
        self.show_button.setAccessibleName("Show in preview")
        self.show_button.setToolTip("Show the result in the preview")
        self.show_button.clicked.connect(self.show_result.emit)
        self.add = QPushButton("Add to path")
        self.add.setAccessibleName("Add to path")
        self.add.setToolTip("Add shown latent to path  W")
        self.add.clicked.connect(lambda: dispatch("path.add_shown"))
        self.keep = QPushButton("Keep")
        self.keep.setAccessibleName("Keep")
        self.keep.setToolTip("Keep this latent under a name  Ctrl+K")
        self.keep.clicked.connect(lambda: dispatch("latent.save"))
        self._build()
        self.set_theme(theme)
        self.clear_result()

    def _build(self) -> None:
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self.bar, 1)
        line.addWidget(self.run)
        self._below = QStackedLayout()
        self._below.addWidget(self.examples)
        self._below.addWidget(self.fault)
        result = QWidget()
        columns = QHBoxLayout(result)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(16)
        columns.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.setSpacing(6)
        words.addWidget(self.figures)
        buttons = QHBoxLayout()
        buttons.setSpacing(6)
        for button in (self.show_button, self.add, self.keep):
            button.setStyleSheet("padding: 4px 9px;")
            buttons.addWidget(button)
        buttons.addStretch(1)
        words.addStretch(1)
        words.addLayout(buttons)
        columns.addLayout(words, 2)
        near = QVBoxLayout()
        near.setSpacing(2)
        near.addWidget(self.nearest)
        near.addStretch(1)
        columns.addLayout(near, 3)
        help_page = QWidget()
        help_column = QVBoxLayout(help_page)
        help_column.setContentsMargins(0, 6, 0, 0)
        self._help = QLabel(f"{_HELP_BEGIN} {_HELP_DECODED}")
        self._help.setProperty("role", "dim")
        self._help.setWordWrap(True)
        help_column.addWidget(self._help)
        help_column.addStretch(1)
        self._pages = QStackedLayout()
        self._pages.addWidget(help_page)
        self._pages.addWidget(result)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 8, 14, 8)
        column.setSpacing(6)
        column.addLayout(line)
        column.addLayout(self._below)
        column.addLayout(self._pages, 1)

    def minimumSizeHint(self) -> QSize:
        return QSize(_LEAST_PX, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = self.width() < _WIDE_FROM_PX
        if narrow != self._narrow:
            # In a narrow window words give way to icons and tooltips.
            self._narrow = narrow
            for button, text in (
                (self.show_button, "Show in preview"), (self.add, "Add to path"),
                (self.keep, "Keep"),
            ):  # fmt: skip
                button.setText("" if narrow else text)

    @property
    def history(self) -> list[str]:
        """Earlier expressions, newest last."""
        return list(self.bar.history)

    @history.setter
    def history(self, expressions: Sequence[str]) -> None:
        self.bar.history = list(expressions)

    @property
    def has_result(self) -> bool:
        """Whether a result is shown."""
        return self._pages.currentIndex() == 1

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        for part in (self.bar, self.fault, self.picture, self.figures, self.nearest):
            part.set_theme(theme)
        for button, name in (
            (self.show_button, "eye"), (self.add, "plus"), (self.keep, "bookmark"),
        ):  # fmt: skip
            button.setIcon(icon(name, theme, 14))

    def focus_bar(self) -> None:
        """Puts the cursor in the expression."""
        self.bar.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def set_text(self, text: str) -> None:
        """Shows the session's expression."""
        if text != self.bar.text():
            self.bar.setText(text)
        self.bar.set_fault(None)
        self._show_examples()

    def set_completer(self, complete: Complete) -> None:
        """`complete(text, position)` gives what could stand there."""
        self.bar.set_completer(complete)

    def set_examples(self, expressions: Sequence[str]) -> None:
        """Expressions to begin with."""
        self.examples.set_texts(expressions)

    def set_fault(self, sentence: str, position: int) -> None:
        """What is wrong, and at which character."""
        self.bar.set_fault(position)
        self.fault.set_fault(sentence, self.bar.x_of(self.bar.fault or 0))
        self._below.setCurrentIndex(1)

    def set_result(
        self,
        text: str,
        decoded: Images | None,
        rows: NDArray[np.int64],
        labels: Sequence[str],
        distances: NDArray[np.float32],
        images: Pixels | None,
        norm: float | None = None,
    ) -> None:
        """What the expression gave, with its (k,) nearest samples; images (k, h, w, c).

        The same expression again, on another map, leaves alone what is being written.
        """
        if text != self._shown_text:
            self.set_text(text)
        self._shown_text = text
        stands_in = decoded is None and images is not None and len(images) > 0
        self.picture.set_image(images[0] if stands_in and images is not None else decoded)
        self.picture.set_title("Nearest sample" if stands_in else "Decoded")
        self.picture.set_message("" if decoded is not None else "No decoder here.")
        lines = [("Result", text, False)]
        if norm is not None:
            lines.append(("Norm", f"{norm:.3f}", False))
        self.figures.set_lines(tuple(lines))
        self.figures.setToolTip(text)
        self._rows = np.array(rows, np.int64)
        self.nearest.set_samples(rows, labels, distances, images)
        self._pages.setCurrentIndex(1)

    def set_why_not_decoded(self, sentence: str) -> None:
        """Why results are not decoded, said where the picture would be; or empty."""
        self.picture.setToolTip(sentence)
        self._help.setText(f"{_HELP_BEGIN} {sentence or _HELP_DECODED}")

    def set_pictured(self, pictured: bool) -> None:
        """Whether there are any pictures: of latents or of samples."""
        self.picture.setVisible(pictured)
        self.nearest.set_pictured(pictured)

    def set_metric(self, name: str) -> None:
        """By which nearest samples are found."""
        self.nearest.set_metric(name)

    def clear_result(self) -> None:
        """No result: says what can be written."""
        self._rows = np.zeros(0, np.int64)
        self._shown_text = None
        self._pages.setCurrentIndex(0)
        self._show_examples()

    def _evaluate(self, text: str) -> None:
        if text.strip():
            if not self.bar.history or self.bar.history[-1] != text:
                self.bar.history = [e for e in self.bar.history if e != text] + [text]
            self._dispatch("arithmetic.evaluate", text=text)

    def _fill(self, text: str) -> None:
        self.set_text(text)
        self.focus_bar()

    def _show_examples(self) -> None:
        self._below.setCurrentIndex(0)

    def _on_sample(self, at: int) -> None:
        if at < len(self._rows):
            self._dispatch("preview.pin_row", row=int(self._rows[at]))
