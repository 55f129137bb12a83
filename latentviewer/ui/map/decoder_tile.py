"""The second map's small preview: what its own model decodes."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from latentviewer.app.beside import NOTHING
from latentviewer.app.preview import Answer
from latentviewer.ui.preview.image import to_image
from latentviewer.ui.preview.image_tile import fitted, small_font
from latentviewer.ui.theme import Theme

_EDGE_PX, _LINE_PX = 9, 16
_LARGEST_PX, _SMALLEST_PX = 128, 64
_SENTENCE_PX, _BESIDE_PX = 210, 72
_FADED_OPACITY = 0.32


class DecoderTile(QWidget):
    """A card with a title, a picture and two lines. The mouse goes through it to the map.

    Attributes:
        title: what is decoded. lines: a text each, and whether it is a warning.
        image: the picture, or None. sentence: what stands in its place.
    """

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Decoded by the second map's model")
        self._theme = theme
        self._side, self._line = _LARGEST_PX, 10_000
        self._without, self._idle = "", False
        self._far = False
        self.title, self.sentence = "", ""
        self.lines: tuple[tuple[str, bool], ...] = ()
        self.image: QImage | None = None
        self._shape()

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self.update()

    def set_room(self, width: int, height: int) -> None:
        """How large the map is that it lies on."""
        side = min(max(min(width, height) // 3, _SMALLEST_PX), _LARGEST_PX)
        # Beside the zoom buttons, at its end of the map.
        line = max(width - _BESIDE_PX - 2 * _EDGE_PX, 0)
        if (side, line) != (self._side, self._line):
            self._side, self._line = side, line
            self._shape()

    def set_without_decoder(self, sentence: str) -> None:
        """Why there are no pictures at all; the empty text says that there are."""
        if sentence != self._without:
            self._without = sentence
            self._shape()

    def show_answer(self, answer: Answer, title: str, other: tuple[str, float] | None) -> None:
        """Shows what was decoded.

        Args:
            other: the first map's name, and the error of the same sample there.
        """
        decoded = answer.decoded
        self._set_idle(False)
        self.image = None if decoded is None else to_image(decoded, enlarge=True)
        self._far = answer.far
        self.title, self.sentence = title, ""
        self.lines = _lines(answer, other) if decoded is not None else ()
        self._say()

    def show_sentence(self, sentence: str) -> None:
        """Shows a sentence where there is nothing to decode.

        Where nothing is pointed at, the tile is no higher than that line, and hides no points.
        """
        self._set_idle(sentence == NOTHING)
        self.image, self._far, self.title, self.lines = None, False, "", ()
        self.sentence = sentence
        self._say()

    def _set_idle(self, idle: bool) -> None:
        if idle != self._idle:
            self._idle = idle
            self._shape()

    def _say(self) -> None:
        told = [self.title, *(text for text, _ in self.lines), self._shown_sentence]
        self.setAccessibleDescription(". ".join(text for text in told if text))
        self.update()

    @property
    def _shown_sentence(self) -> str:
        return self._without or self.sentence

    def _shape(self) -> None:
        """Its size hangs on the room, on the decoder and on the cursor, never on the answer."""
        wide, high = self._side, self._side + 3 * _LINE_PX
        if self._without:
            wide = max(self._side, min(_SENTENCE_PX, 3 * self._side))
            high = _LINE_PX + _height_of(self._without, self._font(), wide)
        elif self._idle:
            wide = min(QFontMetrics(self._font()).horizontalAdvance(NOTHING) + 2, self._line)
            high = _LINE_PX - _EDGE_PX
        self.setFixedSize(QSize(wide + 2 * _EDGE_PX, high + 2 * _EDGE_PX))
        self._say()

    def _font(self) -> QFont:
        return small_font(self.font(), QFont.Weight.Normal)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, theme = QPainter(self), self._theme
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setPen(theme.colour("border"))
        painter.setBrush(theme.colour("raised"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        wide = self.width() - 2 * _EDGE_PX
        if self._idle and not self._without:
            line = QRectF(self.rect()).adjusted(_EDGE_PX, 0, -_EDGE_PX, 0)
            self._paint_line(painter, line, self.sentence, "text_dim", QFont.Weight.Normal)
            painter.end()
            return
        head = QRectF(_EDGE_PX, _EDGE_PX - 2, wide, _LINE_PX)
        self._paint_line(painter, head, self.title or "Decoded", "text", QFont.Weight.DemiBold)
        place = QRectF(_EDGE_PX, head.bottom() + 2, wide, self._side)
        if self._without:
            place.setBottom(self.height() - _EDGE_PX + 2)
            self._paint_sentence(painter, place, Qt.AlignmentFlag.AlignTop)
            painter.end()
            return
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.colour("map"))
        painter.drawRoundedRect(place, 4, 4)
        if self.image is not None:
            painter.setOpacity(_FADED_OPACITY if self._far else 1.0)
            painter.drawImage(fitted(self.image, place), self.image)
            painter.setOpacity(1.0)
        else:
            self._paint_sentence(
                painter, place.adjusted(8, 8, -8, -8), Qt.AlignmentFlag.AlignCenter
            )
        for i, (text, warning) in enumerate(self.lines):
            line = QRectF(_EDGE_PX, place.bottom() + 2 + i * _LINE_PX, wide, _LINE_PX)
            role = "warning" if warning else "text_dim"
            self._paint_line(painter, line, text, role, QFont.Weight.Normal)
        painter.end()

    def _paint_line(
        self, painter: QPainter, place: QRectF, text: str, role: str, weight: QFont.Weight
    ) -> None:
        painter.setFont(small_font(self.font(), weight))
        painter.setPen(self._theme.colour(role))
        shown = painter.fontMetrics().elidedText(
            text, Qt.TextElideMode.ElideRight, int(place.width())
        )
        painter.drawText(place, Qt.AlignmentFlag.AlignVCenter, shown)

    def _paint_sentence(self, painter: QPainter, place: QRectF, where: Qt.AlignmentFlag) -> None:
        painter.setFont(self._font())
        painter.setPen(self._theme.colour("text_dim"))
        painter.drawText(place, int(where | Qt.TextFlag.TextWordWrap), self._shown_sentence)


def _height_of(text: str, font: QFont, width: int) -> int:
    room = QRectF(0, 0, width, 10_000).toRect()
    flags = int(Qt.TextFlag.TextWordWrap)
    return QFontMetrics(font).boundingRect(room, flags, text).height() + 4


def _lines(answer: Answer, other: tuple[str, float] | None) -> tuple[tuple[str, bool], ...]:
    """Error of a sample, here and there; inverse and distance of a place."""
    lines: list[tuple[str, bool]] = []
    if answer.inverse_name is not None:
        lines.append((answer.inverse_name, False))
    if answer.error is not None:
        lines.append((f"Error {answer.error:.4f}", False))
        if other is not None:
            lines.append((f"{other[1]:.4f} in {other[0]}", False))
    elif answer.row is not None:
        lines.append(("No original to compare", False))
    if answer.distance is not None:
        far = ", far" if answer.far else ""
        lines.append((f"{answer.distance:.2f} from data{far}", answer.far))
    return tuple(lines[:2])
