"""Sizes that a file leaves open: from its other half, from its notes, or asked."""

import dataclasses
import math
from collections.abc import Mapping

from latentviewer.domain.importing import Question
from latentviewer.engine.importing.convention import Layout
from latentviewer.engine.importing.onnx.inquiry import Inquiry, MissingError
from latentviewer.engine.importing.onnx.network import Dims
from latentviewer.engine.importing.onnx.pictures import Axes, sides_of, too_large

_GUESSED_SIDE = 64
_GUESSED_LATENT = 64
_LATENT_SIDES = (
    ("latent_channels", "Channels of a latent", 4),
    ("latent_height", "Height of a latent", 8),
    ("latent_width", "Width of a latent", 8),
)
_NOTED = {
    "height": ("height", "image_height", "image_size", "input_size"),
    "width": ("width", "image_width", "image_size", "input_size"),
}
_LARGEST_LATENT = 1 << 24


def picture_sizes(
    inquiry: Inquiry, axes: Axes, other: Axes | None, notes: Mapping[str, str]
) -> Axes:
    """The axes with nothing left open.

    Args:
        other: of the pictures of the other half, where there is one.
        notes: what the file's maker noted.

    Raises:
        MissingError: the answers cannot be, or are too large.
    """
    if axes.layout == "flat" and axes.values is not None:
        full = _flat(inquiry, axes.values, other)
    else:
        layout = axes.layout or _layout(inquiry)
        full = dataclasses.replace(
            axes,
            layout=layout,
            height=axes.height or _side(inquiry, "height", other.height if other else None, notes),
            width=axes.width or _side(inquiry, "width", other.width if other else None, notes),
            channels=axes.channels or (other and other.channels) or _channels(inquiry),
        )
    height, width, channels = full.height or 0, full.width or 0, full.channels or 0
    if channels > 4 or too_large(height, width, channels):
        raise MissingError(
            f"its pictures of {height:,} x {width:,} with {channels} channels are larger than are "
            "shown; export it for smaller ones."
        )
    return full


def latent_sizes(inquiry: Inquiry, one: Dims, encoded: tuple[int, ...] | None) -> tuple[int, ...]:
    """The shape of one latent that a decoder takes.

    Args:
        one: what its file says of it.
        encoded: the shape of what the encoder gives.

    Raises:
        MissingError: too much is left open, or it is too large.
    """
    if encoded is not None and len(encoded) == len(one):
        one = tuple(a if a is not None else b for a, b in zip(one, encoded, strict=True))
    if None in one and encoded is not None and len(one) == 1:
        one = (math.prod(encoded),)
    open_axes = one.count(None)
    why = "The file leaves it open."
    if open_axes and len(one) == 1:
        one = (inquiry.number("latent", "Dimensions of a latent", _GUESSED_LATENT, why),)
    elif open_axes > len(_LATENT_SIDES):
        raise MissingError(
            "its file leaves the shape of a latent open; export it with the sizes of latents."
        )
    elif open_axes:
        # The channels come first where they are open too.
        asked = iter(_LATENT_SIDES[-open_axes:])
        one = tuple(inquiry.number(*next(asked), why) if side is None else side for side in one)
    native = tuple(side or 1 for side in one)
    if math.prod(native) > _LARGEST_LATENT:
        raise MissingError(
            f"its latents have {math.prod(native):,} numbers, more than are tried; export it for "
            "smaller ones."
        )
    return native


def _flat(inquiry: Inquiry, values: int, other: Axes | None) -> Axes:
    height = width = 0
    if other is not None and other.height and other.width:
        height, width = other.height, other.width
    if not height or values % (height * width) or values // (height * width) not in (1, 2, 3, 4):
        guess = sides_of(values)
        why = f"A picture is given as {values:,} values in a row"
        why += "." if guess is None else ", which is a square's number."
        tall, wide = guess or (1, values)
        height = inquiry.number("height", "Height in pixels", tall, why)
        width = inquiry.number("width", "Width in pixels", wide, why)
    channels, rest = divmod(values, height * width)
    if rest or channels not in (1, 2, 3, 4):
        raise MissingError(
            f"{values:,} values in a row are no picture of {height:,} x {width:,} with 1 to 4 "
            "channels; answer with its true height and width."
        )
    layout: Layout = "NCHW"
    if channels > 1:
        choices = (("NCHW", "Colour by colour"), ("flat", "Pixel by pixel"))
        why = "PyTorch's networks have them colour by colour."
        question = Question("flat_order", "Order of the values in a row", choices, "NCHW", why)
        layout = "flat" if inquiry.ask(question) == "flat" else "NCHW"
    return Axes(layout, height, width, channels, values=values)


def _layout(inquiry: Inquiry) -> Layout:
    choices = (("NCHW", "Channels, height, width"), ("NHWC", "Height, width, channels"))
    why = "The file leaves all sizes open; most networks have it so."
    answer = inquiry.ask(Question("layout", "Order of the axes", choices, "NCHW", why))
    return "NHWC" if answer == "NHWC" else "NCHW"


def _side(inquiry: Inquiry, key: str, other: int | None, notes: Mapping[str, str]) -> int:
    if other:
        return other
    guess, why = _GUESSED_SIDE, "The file leaves it open."
    for note in _NOTED[key]:
        said = notes.get(note, "")
        if said.isascii() and said.isdigit() and 0 < len(said) < 6 and int(said) > 0:
            guess, why = int(said), f"The file has the note “{note}”."
            break
    return inquiry.number(key, f"{key.title()} in pixels", guess, why)


def _channels(inquiry: Inquiry) -> int:
    choices = (("1", "Grey"), ("2", "Grey and alpha"), ("3", "Colour"), ("4", "Colour and alpha"))
    why = "The file leaves it open; most networks have three."
    return int(inquiry.ask(Question("channels", "Channels", choices, "3", why)))
