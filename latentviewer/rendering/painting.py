"""Figures painted by Qt: as PDF, and as PNG of any size. A QGuiApplication must exist.

It must know the bundled fonts; painting itself may be done on any thread.
"""

from collections.abc import Iterator

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import (
    QBrush,
    QColor,
    QFont,
    QFontMetricsF,
    QImage,
    QImageWriter,
    QLinearGradient,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QPen,
)

from latentviewer import __version__
from latentviewer.domain.errors import UserError
from latentviewer.rendering.figure import Bar, Discs, Figure, Pixels, Shape, Stroke, Words
from latentviewer.rendering.paper import Rgb

_FAMILY = "Inter"
_POINTS_PER_PX = 0.75
_FINER = 16
"""Units of the PDF's grid in a pixel; letters are placed on it."""
_DISCS_AT_ONCE = 1_000


def pdf_of(figure: Figure) -> Iterator[bytes | None]:
    """A PDF of one page, a pixel being 1/96 inch; None until it is whole.

    The letters that are used are embedded.
    """
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setTitle(figure.title)
    writer.setCreator(f"LatentViewer {__version__}")
    writer.setResolution(96 * _FINER)
    size = QSizeF(figure.width * _POINTS_PER_PX, figure.height * _POINTS_PER_PX)
    page = QPageSize(size, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch)
    # A page that is wider than high is upright all the same, else Qt would turn it.
    upright = QPageLayout.Orientation.Portrait
    layout = QPageLayout(page, upright, QMarginsF(0, 0, 0, 0), QPageLayout.Unit.Point)
    layout.setMode(QPageLayout.Mode.FullPageMode)
    writer.setPageLayout(layout)
    painter = QPainter(writer)
    try:
        painter.setRenderHint(QPainter.RenderHint.LosslessImageRendering)
        for _ in _painted(figure, painter, float(_FINER)):
            yield None
    finally:
        painter.end()
    buffer.close()
    yield bytes(content.data())


def png_of(figure: Figure) -> Iterator[bytes | None]:
    """A PNG of the figure's size; None until it is whole.

    Raises:
        UserError: there is no memory for so many pixels.
    """
    image = QImage(figure.width, figure.height, QImage.Format.Format_RGB32)
    if image.isNull():
        raise UserError(
            f"There is no memory for {figure.width:,} x {figure.height:,} pixels; choose a "
            "smaller size, or an .svg."
        )
    painter = QPainter(image)
    try:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        for _ in _painted(figure, painter, 1.0):
            yield None
    finally:
        painter.end()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"png")).write(image)
    buffer.close()
    yield bytes(content.data())


def _painted(figure: Figure, painter: QPainter, finer: float) -> Iterator[None]:
    """Paints all of it, in steps; lengths are multiplied by `finer`, for fonts don't scale well."""
    page = QRectF(0, 0, figure.width * finer, figure.height * finer)
    painter.fillRect(page, _colour(figure.paper.map))
    for part in figure.parts:
        for shape in part.shapes:
            yield from _shape(shape, painter, finer)


def _shape(shape: Shape, painter: QPainter, finer: float) -> Iterator[None]:
    match shape:
        case Words():
            _words(shape, painter, finer)
        case Stroke():
            painter.setPen(QPen(_colour(shape.colour), shape.width * finer))
            painter.drawLine(QPointF(*shape.start) * finer, QPointF(*shape.end) * finer)
        case Discs():
            yield from _discs(shape, painter, finer)
        case Pixels():
            _pixels(shape, painter, finer)
        case Bar():
            _bar(shape, painter, finer)
    yield


def _discs(discs: Discs, painter: QPainter, finer: float) -> Iterator[None]:
    painter.setPen(Qt.PenStyle.NoPen)
    radius = discs.radius * finer
    places, colours = (discs.centres * finer).tolist(), discs.colours.tolist()
    for number, ((x, y), colour) in enumerate(zip(places, colours, strict=True), start=1):
        painter.setBrush(QColor(*colour))
        painter.drawEllipse(QPointF(x, y), radius, radius)
        if number % _DISCS_AT_ONCE == 0:
            yield


def _words(words: Words, painter: QPainter, finer: float) -> None:
    font = QFont(_FAMILY)
    # By points, for sizes in pixels are whole numbers.
    dots_per_inch = painter.device().logicalDpiY()
    font.setPointSizeF(words.size * finer * 72.0 / dots_per_inch)
    font.setWeight(QFont.Weight.DemiBold if words.bold else QFont.Weight.Normal)
    font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
    painter.setFont(font)
    painter.setPen(_colour(words.colour))
    long = QFontMetricsF(font, painter.device()).horizontalAdvance(words.text)
    back = {"left": 0.0, "middle": long / 2, "right": long}[words.align]
    painter.save()
    painter.translate(QPointF(words.x, words.y) * finer)
    if words.upwards:
        painter.rotate(-90.0)
    painter.drawText(QPointF(-back, 0.0), words.text)
    painter.restore()


def _pixels(picture: Pixels, painter: QPainter, finer: float) -> None:
    height, width = picture.pixels.shape[:2]
    content = picture.pixels.tobytes()
    image = QImage(content, width, height, 3 * width, QImage.Format.Format_RGB888)
    place = QRectF(picture.left, picture.top, picture.width, picture.height)
    painter.drawImage(_times(place, finer), image)


def _bar(bar: Bar, painter: QPainter, finer: float) -> None:
    place = _times(QRectF(bar.left, bar.top, bar.width, bar.height), finer)
    gradient = QLinearGradient(place.topLeft(), place.bottomLeft())
    last = max(len(bar.colours) - 1, 1)
    for number, colour in enumerate(bar.colours.tolist()):
        gradient.setColorAt(number / last, QColor(*colour))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QBrush(gradient))
    painter.drawRoundedRect(place, bar.round_by * finer, bar.round_by * finer)


def _times(place: QRectF, finer: float) -> QRectF:
    return QRectF(
        place.x() * finer, place.y() * finer, place.width() * finer, place.height() * finer
    )


def _colour(rgb: Rgb) -> QColor:
    return QColor(*rgb)
