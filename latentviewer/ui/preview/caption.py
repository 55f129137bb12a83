"""What the preview shows, in words: its title with the label, and figures under the pictures."""

import math

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentviewer.app.preview import Observed
from latentviewer.ui.preview.image_tile import small_font
from latentviewer.ui.theme import Theme

_TITLE_PX = 30
_LINE_PX = 20
_KEY_PX = 62


class Title(QWidget):
    """A title and a chip in the label's colour; painted, so that it never moves the layout.

    Attributes:
        text: the title. chip: the label, or empty. colour: the chip's, or None.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = theme
        self.text = ""
        self.chip = ""
        self.colour: QColor | None = None
        self.setFixedHeight(_TITLE_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Shown")

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def set_title(self, title: str, label: str) -> None:
        """The label's own mention at the end of the title becomes the chip."""
        self.chip = label
        self.text = title.removesuffix(f" · {label}") if label else title
        self.setToolTip(title)
        self.update()

    def set_colour(self, colour: QColor | None) -> None:
        """The chip's colour; None for a neutral one."""
        if colour != self.colour:
            self.colour = colour
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(160, _TITLE_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        theme = self._theme
        painter.fillRect(self.rect(), theme.colour("panel"))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(17)
        font.setWeight(QFont.Weight.DemiBold)
        chip_font = small_font(self.font(), QFont.Weight.DemiBold)
        chip_font.setPixelSize(12)
        painter.setFont(chip_font)
        metrics = painter.fontMetrics()
        chip = metrics.elidedText(self.chip, Qt.TextElideMode.ElideRight, self.width() // 2)
        chip_width = max(metrics.horizontalAdvance(chip) + 16, 24) if chip else 0
        painter.setFont(font)
        metrics = painter.fontMetrics()
        room = self.width() - (chip_width + 10 if chip else 0)
        text = metrics.elidedText(self.text, Qt.TextElideMode.ElideMiddle, room)
        painter.setPen(theme.colour("text"))
        painter.drawText(QRectF(self.rect()), Qt.AlignmentFlag.AlignVCenter, text)
        if chip:
            left = metrics.horizontalAdvance(text) + 10
            place = QRectF(left, (self.height() - 22) / 2, chip_width, 22)
            fill = self.colour if self.colour is not None else theme.colour("hover")
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            painter.drawRoundedRect(place, 11, 11)
            painter.setFont(chip_font)
            painter.setPen(readable_on(fill))
            painter.drawText(place, Qt.AlignmentFlag.AlignCenter, chip)
        painter.end()


class Facts(QWidget):
    """Lines of a name and a value, two where nobody asks for more.

    Attributes:
        lines: (name, value, whether it is a warning) for each line.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._theme = theme
        self.lines: tuple[tuple[str, str, bool], ...] = ()
        self.setFixedHeight(2 * _LINE_PX)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Figures of what is shown")

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def set_room(self, lines: int) -> None:
        """How many lines there is room for; the same for all that is shown of a space."""
        self.setFixedHeight(lines * _LINE_PX)

    def set_lines(self, lines: tuple[tuple[str, str, bool], ...]) -> None:
        """As many as there is room for."""
        if lines != self.lines:
            self.lines = lines
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 2 * _LINE_PX)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("panel"))
        metrics = painter.fontMetrics()
        room = self.width() - _KEY_PX
        for i, (name, value, warning) in enumerate(self.lines):
            painter.setPen(self._theme.colour("text_dim"))
            line = QRectF(0, i * _LINE_PX, self.width(), _LINE_PX)
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, name)
            painter.setPen(self._theme.colour("warning" if warning else "text"))
            shown = metrics.elidedText(value, Qt.TextElideMode.ElideRight, room)
            painter.drawText(line.adjusted(_KEY_PX, 0, 0, 0), Qt.AlignmentFlag.AlignVCenter, shown)
        painter.end()


def facts(
    row: int | None,
    error: float | None,
    inverse_name: str | None,
    distance: float | None,
    far: bool,
    observed: Observed | None = None,
    denoised: str = "",
    score: float | None = None,
) -> tuple[tuple[str, str, bool], ...]:
    """The two lines that say most of an answer, and a discriminator's score below them."""
    lines: list[tuple[str, str, bool]] = []
    if observed is not None:
        lines.append((observed.column.capitalize(), observed.words, False))
        if observed.truth:
            lines.append(("Truth", observed.truth, False))
    if denoised:
        lines.append(("Steps", denoised, False))
    elif inverse_name is not None:
        lines.append(("Inverse", inverse_name, False))
    elif row is not None and distance is None:
        lines.append(("Index", f"{row:,}", False))
    if error is not None:
        lines.append(("Error", f"{error:.4f}, mean squared per pixel", False))
    if distance is not None:
        away = f"{distance:.2f} from the nearest sample"
        lines.append(("Distance", f"{away}, far" if far else away, far))
    last = [] if score is None else [("Score", score_text(score), False)]
    return (*lines[:2], *last)


def score_text(score: float) -> str:
    """A discriminator's log odds of being real, and what they come to."""
    if math.isnan(score):
        return "none"
    rounded = round(score, 1)
    number = f"{rounded:.1f}".replace("-", "−") if rounded else "0.0"
    taken = "taken for real" if rounded > 0 else "taken for made" if rounded < 0 else "undecided"
    return f"{number}, {taken}"


def readable_on(fill: QColor) -> QColor:
    """Near-black or white, whichever contrasts more with the fill (WCAG 2 luminance)."""

    def linear(channel: float) -> float:
        return channel / 12.92 if channel <= 0.04045 else float(((channel + 0.055) / 1.055) ** 2.4)

    luminance = (
        0.2126 * linear(fill.redF())
        + 0.7152 * linear(fill.greenF())
        + 0.0722 * linear(fill.blueF())
    )
    return QColor("#0b0d10") if luminance > 0.179 else QColor("#ffffff")
