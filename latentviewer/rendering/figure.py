"""A picture as shapes and words, before anything is drawn; lengths are pixels of the whole."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from latentviewer.rendering.paper import Paper, Rgb

Align: TypeAlias = Literal["left", "middle", "right"]


@dataclass(frozen=True)
class Words:
    """One line of text.

    Attributes:
        x, y: where its left end, middle or right end stands on the baseline.
        size: of the letters, in pixels. bold: whether they are semi-bold.
        upwards: whether it is written from below to above.
    """

    text: str
    x: float
    y: float
    size: float
    colour: Rgb
    align: Align = "left"
    bold: bool = False
    upwards: bool = False


@dataclass(frozen=True)
class Stroke:
    """A straight line."""

    start: tuple[float, float]
    end: tuple[float, float]
    colour: Rgb
    width: float


@dataclass(frozen=True, eq=False)
class Discs:
    """Filled circles; later ones cover earlier ones.

    Attributes:
        centres: (n, 2). colours: (n, 3) uint8.
    """

    centres: NDArray[np.float64]
    colours: NDArray[np.uint8]
    radius: float


@dataclass(frozen=True, eq=False)
class Pixels:
    """A picture (h, w, 3) uint8 that fills a rectangle."""

    pixels: NDArray[np.uint8]
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, eq=False)
class Bar:
    """A rectangle with round corners; `colours` (k, 3) uint8 pass from its top to its foot."""

    left: float
    top: float
    width: float
    height: float
    round_by: float
    colours: NDArray[np.uint8]


Shape: TypeAlias = Words | Stroke | Discs | Pixels | Bar


@dataclass(frozen=True)
class Part:
    """Shapes that belong together, such as `points` or `legend`."""

    name: str
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Figure:
    """The whole picture; later parts lie over earlier ones."""

    title: str
    width: int
    height: int
    paper: Paper
    parts: tuple[Part, ...]
