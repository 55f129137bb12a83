"""Draws a vehicle on the bridge. Distances are pixels of a 64 x 64 picture."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.io.bridge.vehicles import Vehicle
from latentviewer.io.pen import Colour, Pen, Point, between

SIDE = 64
_FINER = 3
_DECK_Y = 42.0

_PAINTS: tuple[Colour, ...] = (
    (206, 62, 52), (44, 110, 178), (240, 240, 236), (58, 62, 72), (234, 176, 48),
    (70, 142, 98), (150, 162, 172), (172, 84, 128), (52, 158, 164), (226, 122, 60),
)  # fmt: skip
_SKIES: tuple[tuple[Colour, Colour, Colour], ...] = (
    ((150, 204, 236), (246, 226, 134), (255, 255, 255)),
    ((246, 206, 176), (250, 160, 110), (255, 236, 222)),
    ((190, 208, 232), (255, 246, 210), (240, 246, 252)),
    ((172, 218, 216), (252, 238, 170), (248, 255, 252)),
)
"""Of the sky, the sun and the clouds."""
_HILLS: Colour = (126, 166, 128)
_FAR_HILLS: Colour = (160, 188, 172)
_WATER: Colour = (84, 146, 176)
_FOAM: Colour = (150, 198, 214)
_STONE: Colour = (178, 164, 148)
_DARK_STONE: Colour = (142, 128, 114)
_ROAD: Colour = (92, 92, 100)
_RAIL: Colour = (112, 100, 92)
_TYRE: Colour = (34, 34, 40)
_RIM: Colour = (188, 192, 200)
_GLASS: Colour = (196, 226, 240)
_LAMP: Colour = (255, 236, 150)
_BLACK: Colour = (0, 0, 0)
_WHITE: Colour = (255, 255, 255)


@dataclass(frozen=True)
class _Place:
    """Where the vehicle stands: forwards is to the right, up is positive.

    Attributes:
        grown: how much larger than usual it is.
        paint, trim: its colours.
    """

    pen: Pen
    grown: float
    paint: Colour
    trim: Colour

    @property
    def shade(self) -> Colour:
        return between(self.paint, _BLACK, 0.24)

    def at(self, x: float, up: float) -> Point:
        """`x` from the middle and `up` from the road, in the picture."""
        return 32 + x * self.grown, _DECK_Y - up * self.grown

    def shape(self, points: list[Point], colour: Colour) -> None:
        self.pen.shape([self.at(x, up) for x, up in points], colour)

    def block(
        self, left: float, low: float, right: float, high: float, colour: Colour, round_by: float
    ) -> None:
        (x0, y1), (x1, y0) = self.at(left, low), self.at(right, high)
        self.pen.block(x0, y0, x1, y1, round_by * self.grown, colour)

    def line(self, points: list[Point], colour: Colour, width: float) -> None:
        self.pen.line([self.at(x, up) for x, up in points], colour, width * self.grown)

    def wheel(self, x: float, radius: float) -> None:
        (cx, cy), size = self.at(x, radius), radius * self.grown
        self.pen.oval(cx, cy, size, size, _TYRE)
        self.pen.oval(cx, cy, size * 0.48, size * 0.48, _RIM)

    def dot(self, x: float, up: float, radius: float, colour: Colour) -> None:
        (cx, cy), size = self.at(x, up), radius * self.grown
        self.pen.oval(cx, cy, size, size, colour)


def crossing(vehicle: Vehicle) -> NDArray[np.uint8]:
    """(64, 64, 3) uint8."""
    look = vehicle.look
    sky, sun, cloud = _SKIES[look % len(_SKIES)]
    pen = Pen(SIDE, _FINER, sky)
    _landscape(pen, sun, cloud, (look >> 8) % 256 / 255)
    _bridge(pen)
    paint = _PAINTS[(look >> 16) % len(_PAINTS)]
    trim = _PAINTS[(look >> 24) % len(_PAINTS)]
    if trim == paint:
        trim = _PAINTS[((look >> 24) + 1) % len(_PAINTS)]
    # Heavier ones of a kind are a little larger, for the eye's sake.
    grown = 1.0 + 0.035 * min(max(vehicle.heavy, -2.2), 2.2)
    _DRAWN[vehicle.kind](_Place(pen, grown, paint, trim))
    _railing(pen)
    return np.asarray(pen.finished(), np.uint8)


def _landscape(pen: Pen, sun: Colour, cloud: Colour, drift: float) -> None:
    pen.oval(50 - 8 * drift, 11, 5, 5, sun)
    for x, y, size in ((8 + 16 * drift, 9.0, 1.0), (30 + 10 * drift, 15.0, 0.7)):
        for dx, dy, radius in ((-4.2, 0.8, 2.0), (0.0, 0.0, 2.9), (4.0, 0.7, 2.2)):
            pen.oval(x + dx * size, y + dy * size, 1.5 * radius * size, radius * size, cloud)
    pen.oval(14, 46, 30, 16, _FAR_HILLS)
    pen.oval(56, 48, 26, 15, between(_FAR_HILLS, _HILLS, 0.4))
    pen.oval(34, 52, 24, 12, _HILLS)
    pen.block(0, 48, SIDE, SIDE, 0, _WATER)
    for x, y, half in ((12, 58, 5), (34, 61, 6), (50, 57, 4), (24, 54.5, 3)):
        pen.line([(x - half, y), (x + half, y)], _FOAM, 0.8)


def _bridge(pen: Pen) -> None:
    """Stone, with two arches over the water and half an arch at each side."""
    pen.block(0, _DECK_Y, SIDE, 53, 0, _STONE)
    for x in (-4, 20, 44, 68):
        pen.block(x - 4.5, 50, x + 4.5, 62, 0.8, _STONE)
        pen.block(x + 2.2, 50, x + 4.5, 62, 0.8, _DARK_STONE)
    for x in (8, 32, 56):
        pen.oval(x, 56, 8.6, 8.6, _DARK_STONE)
        pen.oval(x, 57, 7.6, 8.2, between(_WATER, _BLACK, 0.16))
    pen.block(0, 57.5, SIDE, SIDE, 0, _WATER)
    for arch, long in ((8, 4), (32, 5), (56, 3)):
        pen.line([(arch - long, 60.5), (arch + long, 60.5)], _FOAM, 0.8)
    pen.block(0, _DECK_Y - 0.6, SIDE, _DECK_Y + 2.4, 0, _ROAD)
    pen.block(0, _DECK_Y + 2.4, SIDE, _DECK_Y + 3.4, 0, between(_STONE, _WHITE, 0.35))


def _railing(pen: Pen) -> None:
    """Low, in front of the wheels."""
    for x in range(2, SIDE, 6):
        pen.line([(x, _DECK_Y - 1.6), (x, _DECK_Y + 2.4)], _RAIL, 0.7)
    pen.line([(-2, _DECK_Y - 1.6), (SIDE + 2, _DECK_Y - 1.6)], _RAIL, 0.8)


def _motorcycle(place: _Place) -> None:
    jacket = between(place.trim, _BLACK, 0.12)
    for x in (-6.4, 6.4):
        place.wheel(x, 3.7)
    place.line([(6.4, 3.7), (4.2, 10.2)], _TYRE, 1.1)
    place.line([(3.2, 10.6), (5.2, 10.4)], _TYRE, 1.1)
    place.shape([(-8.2, 6.9), (-2.0, 7.2), (0.0, 8.6), (4.4, 8.2), (3.2, 4.0), (-3.4, 3.6)],
                place.paint)  # fmt: skip
    place.shape([(-2.6, 3.4), (3.4, 3.4), (2.4, 6.4), (-1.8, 6.4)], place.shade)
    place.line([(-3.4, 8.4), (0.6, 6.6), (0.4, 3.4)], between(jacket, _BLACK, 0.45), 2.2)
    place.line([(-3.2, 8.6), (-1.2, 14.0)], jacket, 3.4)
    place.line([(-0.8, 13.6), (1.6, 11.4), (4.2, 10.8)], jacket, 1.7)
    place.dot(-0.2, 17.3, 2.7, place.paint)
    place.block(0.4, 16.4, 2.7, 18.3, (40, 46, 58), 0.7)
    place.dot(5.4, 8.4, 1.0, _LAMP)


def _car(place: _Place) -> None:
    place.shape([(-9.0, 6.6), (-6.2, 11.6), (2.4, 11.6), (7.2, 6.6)], place.shade)
    place.shape([(-7.6, 6.8), (-5.5, 10.6), (-1.8, 10.6), (-1.8, 6.8)], _GLASS)
    place.shape([(-0.8, 6.8), (-0.8, 10.6), (2.0, 10.6), (5.4, 6.8)], _GLASS)
    place.block(-13.2, 2.0, 13.2, 7.2, place.paint, 2.3)
    place.block(-13.0, 2.0, 13.0, 3.3, place.shade, 0.6)
    for x in (-7.8, 7.8):
        place.dot(x, 2.9, 3.6, place.shade)
        place.wheel(x, 2.9)
    place.dot(12.3, 5.4, 0.95, _LAMP)
    place.dot(-12.5, 5.4, 0.8, (196, 44, 40))


def _van(place: _Place) -> None:
    place.shape([(6.0, 15.6), (9.0, 15.0), (13.2, 8.6), (15.6, 7.6), (15.6, 3.0), (6.0, 3.0)],
                place.paint)  # fmt: skip
    place.block(-15.8, 2.4, 9.0, 16.2, place.paint, 1.7)
    place.block(-15.6, 2.4, 15.6, 4.0, place.shade, 0.7)
    place.shape([(6.6, 13.9), (8.7, 13.5), (12.0, 8.8), (6.6, 8.8)], _GLASS)
    place.block(-14.0, 7.0, 3.8, 9.6, place.trim, 0.8)
    place.line([(5.2, 4.4), (5.2, 15.0)], place.shade, 0.5)
    for x in (-9.6, 9.4):
        place.dot(x, 3.2, 3.9, place.shade)
        place.wheel(x, 3.2)
    place.dot(14.9, 6.0, 1.0, _LAMP)


def _lorry(place: _Place) -> None:
    box = between(place.trim, _WHITE, 0.25)
    place.block(-20.0, 2.8, 19.0, 5.0, (66, 68, 76), 0.5)
    place.block(-20.4, 5.0, 7.4, 21.0, box, 0.9)
    place.block(-18.6, 11.4, 5.6, 14.2, place.paint, 0.5)
    place.line([(-20.0, 5.6), (7.0, 5.6)], between(box, _BLACK, 0.3), 0.7)
    _cab(place, 8.2)
    for x in (-14.6, -8.6, 14.2):
        place.wheel(x, 3.4)


def _articulated(place: _Place) -> None:
    box = between(place.trim, _WHITE, 0.25)
    place.block(-29.0, 3.2, 26.5, 4.8, (66, 68, 76), 0.5)
    place.block(-29.6, 5.0, 13.6, 22.6, box, 0.8)
    for x in (-22.8, -16.0, -9.2, -2.4, 4.4, 11.2):
        place.line([(x, 6.2), (x, 21.6)], between(box, _BLACK, 0.13), 0.5)
    place.block(-27.6, 12.2, 11.6, 15.2, place.paint, 0.5)
    place.line([(-29.0, 5.6), (13.2, 5.6)], between(box, _BLACK, 0.3), 0.7)
    _cab(place, 16.6)
    for x in (-24.4, -18.2, -12.0, 10.2, 23.0):
        place.wheel(x, 3.3)


def _cab(place: _Place, left: float) -> None:
    right = left + 11.4
    place.shape(
        [(left, 3.4), (left, 18.4), (left + 7.2, 18.4), (right - 0.6, 10.6), (right, 9.6),
         (right, 3.4)],
        place.paint,
    )  # fmt: skip
    place.block(left, 3.0, right, 5.0, place.shade, 0.6)
    place.shape(
        [(left + 3.0, 16.4), (left + 6.4, 16.4), (right - 2.2, 11.0), (left + 3.0, 11.0)], _GLASS
    )
    place.line([(left + 1.6, 5.4), (left + 1.6, 17.4)], place.shade, 0.5)
    place.dot(right - 0.8, 6.6, 1.0, _LAMP)


_DRAWN: Mapping[str, Callable[[_Place], None]] = {
    "motorcycle": _motorcycle,
    "car": _car,
    "van": _van,
    "lorry": _lorry,
    "articulated lorry": _articulated,
}
