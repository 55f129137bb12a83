"""Where the height, the width and the channels of a picture are in an array's shape."""

import math
from dataclasses import dataclass
from typing import Literal

from latentviewer.engine.importing.convention import Layout
from latentviewer.engine.importing.onnx.network import Dims

_MOST_CHANNELS = 4
_LARGEST_SIDE = 1 << 14
_LARGEST_VALUES = 1 << 26


@dataclass(frozen=True)
class Axes:
    """A shape read as that of pictures; None for what it leaves open.

    Attributes:
        layout: None where even that is open.
        plain: whether grey pictures are given without an axis for channels.
        values: of one picture, where `layout` is flat.
    """

    layout: Layout | None
    height: int | None
    width: int | None
    channels: int | None
    plain: bool = False
    values: int | None = None


@dataclass(frozen=True)
class Reading:
    """An input's shape, read as that of samples.

    Attributes:
        batch: 0 where there is no axis for samples, else its size; None for any.
        one: the shape of one sample.
    """

    batch: int | None
    one: Dims


def as_pictures(dims: Dims) -> Reading | None:
    """An input of pictures: (b, c, h, w), (b, h, w, c), (b, h, w), (b, values), or without b.

    Three axes are one picture's where the first or the last can be of channels; two axes are one
    grey picture's where it would be square. None where it can be no pictures.
    """
    if len(dims) == 4 or (len(dims) == 3 and not _channels(dims[0]) and not _channels(dims[2])):
        return Reading(dims[0], dims[1:])
    square = len(dims) == 2 and dims[0] is not None and dims[0] == dims[1] and dims[0] > 1
    if len(dims) in (1, 3) or square:
        return Reading(0, dims)
    return Reading(dims[0], dims[1:]) if len(dims) == 2 else None


def as_latents(dims: Dims) -> Reading | None:
    """An input of latents: (b, d), (b, c, h, w), (d,), or (c, h, w) where all is known."""
    if len(dims) == 0:
        return None
    if len(dims) == 1 or (len(dims) == 3 and dims[0] is not None):
        return Reading(0, dims)
    return Reading(dims[0], dims[1:])


def axes_of(one: Dims) -> Axes | None:
    """How the shape of one sample is that of a picture, or None where it is none."""
    while len(one) > 3 and one[0] == 1:
        one = one[1:]
    if len(one) == 1:
        return Axes("flat", None, None, None, values=one[0])
    if len(one) == 2:
        return Axes("NCHW", one[0], one[1], 1, plain=True)
    if len(one) != 3:
        return None
    a, b, c = one
    first, last = _channels(a), _channels(c)
    if first and last:
        # A picture of a few pixels: more often square than not.
        return Axes("NHWC", a, b, c) if a == b != c else Axes("NCHW", b, c, a)
    if first:
        return Axes("NCHW", b, c, a)
    if last:
        return Axes("NHWC", a, b, c)
    if a is None and b is None and c is None:
        return Axes(None, None, None, None)
    if a is None:
        return Axes("NCHW", b, c, None)
    return Axes("NHWC", a, b, None) if c is None else None


def size_of(dims: Dims) -> int | None:
    """How many values a shape has; None where it leaves that open."""
    known = [side for side in dims if side is not None]
    return math.prod(known) if len(known) == len(dims) else None


def too_large(height: int, width: int, channels: int) -> bool:
    """Whether pictures are larger than are tried."""
    return max(height, width) > _LARGEST_SIDE or height * width * channels > _LARGEST_VALUES


def sides_of(values: int) -> tuple[int, int] | None:
    """Height and width of a square picture of so many values, grey or RGB or with alpha."""
    for channels in (1, 3, 4, 2):
        side = math.isqrt(values // channels)
        if side * side * channels == values:
            return side, side
    return None


Kind = Literal["picture", "vector", "other"]


def kind_of(one: Dims) -> Kind:
    """What the shape of one sample looks like."""
    if len(one) == 1:
        return "vector"
    return "other" if axes_of(one) is None else "picture"


def _channels(side: int | None) -> bool:
    return side is not None and side <= _MOST_CHANNELS
