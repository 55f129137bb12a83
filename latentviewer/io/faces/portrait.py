"""Draws a face of given attributes. Distances are pixels of a 64 x 64 picture."""

import colorsys
from dataclasses import dataclass
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from latentviewer.io.faces.attributes import Attributes
from latentviewer.io.pen import Colour, Pen, Point, between

SIDE = 64
_FINER = 3

_SKINS: tuple[Colour, ...] = (
    (255, 224, 196), (240, 194, 153), (208, 150, 106), (160, 108, 74), (122, 80, 54),
)  # fmt: skip
_HAIRS: dict[str, Colour] = {
    "black": (38, 30, 34), "brown": (92, 56, 36), "chestnut": (158, 98, 48),
    "blond": (226, 184, 96), "red": (196, 74, 40), "grey": (168, 168, 176),
}  # fmt: skip
_WHITE: Colour = (255, 255, 255)
_BLACK: Colour = (0, 0, 0)
_PUPIL: Colour = (46, 36, 44)
_FRAME: Colour = (44, 44, 58)
_MOUTH: Colour = (118, 32, 44)
_TEETH: Colour = (255, 250, 246)
_HEIGHT = 18.5
_EYE_APART = 6.6


@dataclass(frozen=True)
class _Face:
    """Where and in which colours everything is.

    Attributes:
        x, y: middle of the head. front: middle of what the face looks at us with.
        half: half the head's width. turn: -1 to 1.
    """

    pen: Pen
    look: Attributes
    x: float
    y: float
    front: float
    half: float
    turn: float
    skin: Colour
    shade: Colour
    hair: Colour
    dark_hair: Colour

    @property
    def eye_y(self) -> float:
        return self.y - 1.5

    @property
    def smile(self) -> float:
        """-1 to 1."""
        return 2 * self.look.smile - 1


def portrait(look: Attributes) -> NDArray[np.uint8]:
    """(64, 64, 3) uint8."""
    pen = Pen(SIDE, _FINER, _hue(look.background, 0.38, 0.93))
    turn, hair = 2 * look.turn - 1, _HAIRS[look.hair_colour]
    skin = _skin(look.skin)
    face = _Face(
        pen, look, 32 + 1.2 * turn, 33.0, 32 + 3.3 * turn, 14.5 + 4.5 * look.face_width, turn,
        skin, between(skin, (80, 24, 34), 0.22), hair, between(hair, _BLACK, 0.25),
    )  # fmt: skip
    for part in (
        _hair_behind, _shoulders, _head, _full_beard, _eyes, _brows, _nose, _mouth, _moustache,
        _hair_in_front, _hat, _glasses,
    ):  # fmt: skip
        part(face)
    return np.asarray(pen.finished(), np.uint8)


def _hue(hue: float, saturation: float, value: float) -> Colour:
    red, green, blue = (round(255 * c) for c in colorsys.hsv_to_rgb(hue % 1, saturation, value))
    return red, green, blue


def _skin(tone: float) -> Colour:
    place = min(max(tone, 0.0), 0.9999) * (len(_SKINS) - 1)
    return between(_SKINS[int(place)], _SKINS[int(place) + 1], place % 1)


def _bow(x: float, y: float, across: float, down: float, begin: float, end: float) -> list[Point]:
    """Points along an ellipse, angles in half turns clockwise from the right."""
    return [(x + across * cos(pi * t), y + down * sin(pi * t)) for t in np.linspace(begin, end, 15)]


def _hair_behind(face: _Face) -> None:
    length = face.look.hair_length
    x, pen = face.x - 1.5 * face.turn, face.pen
    reach = face.half - 2.0 + 5.0 * min(length / 0.3, 1.0)
    high = 13.0 + (_HEIGHT - 14.0) * min(length / 0.2, 1.0)
    pen.oval(x, face.y - 5, reach, high, face.dark_hair)
    pen.block(x - reach, face.y - 6, x + reach, face.y - 5 + 30 * length, 6, face.dark_hair)


def _shoulders(face: _Face) -> None:
    face.pen.oval(32, 72, 24, 20, _hue(face.look.background + 0.45, 0.55, 0.62))
    face.pen.block(face.x - 5.2, 46, face.x + 5.2, 58, 4, face.shade)


def _head(face: _Face) -> None:
    pen, y = face.pen, face.y
    for side in (-1, 1):
        pen.oval(face.x + side * (face.half - 0.2) - 2 * face.turn, y + 1, 3.2, 4.4, face.shade)
    pen.oval(face.x, y, face.half, _HEIGHT, face.skin)
    pen.oval(face.x, y + 5, face.half - 1.2, _HEIGHT - 5.2, face.skin)
    blush = between(face.skin, (236, 84, 88), 0.3)
    for side in (-1, 1):
        pen.oval(face.front + side * 9.2, y + 6.5, 3.1, 2.1, blush)


def _full_beard(face: _Face) -> None:
    if face.look.beard == "full":
        outer = _bow(face.x, face.y + 3, face.half, _HEIGHT - 2.2, 0, 1)
        inner = _bow(face.front, face.y + 4, face.half - 4.5, _HEIGHT - 9.5, 1, 0)
        face.pen.shape([*outer, *inner], face.dark_hair)


def _eyes(face: _Face) -> None:
    pen, y, turn = face.pen, face.eye_y, face.turn
    opened = 0.18 + 0.82 * face.look.eyes
    high = 3.9 * opened
    lid = between(face.shade, (36, 16, 16), 0.6)
    for side in (-1, 1):
        x = face.front + side * _EYE_APART * (1 - 0.1 * turn * side)
        pen.oval(x, y, 3.5, high + 0.25, _WHITE)
        pen.oval(x + 0.9 * turn, y + 0.15, 2.2, min(2.35, high), _PUPIL)
        if opened > 0.45:
            pen.oval(x + 0.9 * turn + 0.8, y - 0.9 * opened, 0.75, 0.75, _WHITE)
        corners = (x - 3.7, y - high - 0.1), (x + 3.7, y - high - 0.1)
        pen.line([corners[0], (x, y - 1.12 * high - 0.55), corners[1]], lid, 0.8)


def _brows(face: _Face) -> None:
    angry, y = 2 * face.look.brows - 1, face.eye_y - 7.2
    colour = between(face.hair, (20, 12, 10), 0.4)
    for side in (-1, 1):
        x = face.front + side * _EYE_APART
        inner = (x - side * 3.6, y + 0.3 + 2.7 * angry)
        outer = (x + side * 4.2, y + 0.4 - 2.2 * angry)
        face.pen.line([inner, (x + side * 0.3, y - 0.9), outer], colour, 1.7)


def _nose(face: _Face) -> None:
    x, y, turn = face.front, face.y, face.turn
    bridge = [(x + 1.2 * turn, y + 1.5), (x + 2 * turn + 1.1, y + 5.2), (x + turn - 0.6, y + 5.8)]
    face.pen.line(bridge, face.shade, 1.3)


def _mouth(face: _Face) -> None:
    x, y, smile = face.front, face.y + 10.2, face.smile
    half = 5.2 + 1.2 * abs(smile)
    lip = between(face.shade, (120, 20, 36), 0.6)
    # A mouth that opens from nothing, so that no step lies between a closed and an open one.
    opened = max(0.0, smile - 0.1) / 0.9
    steps = np.linspace(-1, 1, 11)
    curve = [(x + half * t, y - 1.2 * smile + 2.4 * smile * (1 - t * t)) for t in steps]
    if opened > 0:
        upper = [
            (px, py - opened * 2.0 * (1 - t * t)) for (px, py), t in zip(curve, steps, strict=True)
        ]
        lower = [
            (px, py + opened * 4.4 * (1 - t * t)) for (px, py), t in zip(curve, steps, strict=True)
        ]
        face.pen.shape([*upper, *reversed(lower)], _MOUTH)
        teeth = [
            (px, py + opened * 1.7 * (1 - t * t)) for (px, py), t in zip(upper, steps, strict=True)
        ]
        face.pen.shape([*upper, *reversed(teeth)], _TEETH)
        curve = upper
    face.pen.line(curve, lip, 1.5 - 0.6 * opened)


def _moustache(face: _Face) -> None:
    if face.look.beard == "none":
        return
    x, y = face.front, face.y + 10.2
    right = [(x, y - 3.6), (x + 4, y - 4.2), (x + 8.2, y - 0.8), (x + 4, y - 1.4), (x, y - 1.8)]
    left = [(2 * x - px, py) for px, py in reversed(right)]
    face.pen.shape([*right, *left], face.dark_hair)


def _hair_in_front(face: _Face) -> None:
    length = face.look.hair_length
    x, y, half = face.x, face.y, face.half
    # From none to short it grows out of the head and down the forehead.
    grown = min(length / 0.2, 1.0)
    if grown <= 0:
        return
    half += 1.4 * grown - 1.4
    crown = _bow(x, y - 3.5, half + 1.4, _HEIGHT - 3.5 + 2.9 * grown, 1, 2)
    fringe, temple = y - 16.5 + 7.0 * grown, y - 12 + (9.0 + 2.0 * length) * grown
    edge = [
        (x + half + 1.2, temple), (x + half - 2.2, fringe + 1), (x + 0.45 * half, fringe - 2.2),
        (x + 1 - 3 * face.turn, fringe - 0.4), (x - 0.45 * half, fringe - 3.0),
        (x - half + 2.2, fringe + 1), (x - half - 1.2, temple),
    ]  # fmt: skip
    face.pen.shape([*crown, *edge], face.hair)
    shine = between(face.hair, _WHITE, 0.28)
    if grown < 1:
        return
    face.pen.arc(x - 0.16 * half, y - _HEIGHT + 4.3, 0.46 * half, 4.7, (200, 275), shine, 1.2)


def _hat(face: _Face) -> None:
    if face.look.hat == "none":
        return
    x, y, half = face.x, face.y, face.half
    wool = _hue(face.look.background + 0.12, 0.65, 0.8)
    band = between(wool, _BLACK, 0.22)
    face.pen.shape(_bow(x, y - 8.5, half + 2.2, _HEIGHT - 5.5, 1, 2), wool)
    face.pen.block(x - half - 2.8, y - 11, x + half + 2.8, y - 6.2, 2.2, band)
    face.pen.oval(x, y - _HEIGHT - 4.2, 3.2, 3.2, band)


def _glasses(face: _Face) -> None:
    kind, y, pen = face.look.glasses, face.eye_y, face.pen
    if kind == "none":
        return
    pen.line([(face.front - 1.6, y - 0.4), (face.front + 1.6, y - 0.4)], _FRAME, 1.1)
    for side in (-1, 1):
        x = face.front + side * _EYE_APART
        if kind == "round":
            pen.ring(x, y, 5.2, 5.0, _FRAME, 1.25)
        else:
            pen.frame(x - 5.2, y - 5, x + 5.2, y + 5, 1.6, _FRAME, 1.25)
        temple = (face.x + side * (face.half - 0.2), y - 0.2)
        pen.line([(x + side * 5.0, y - 0.6), temple], _FRAME, 1.0)
