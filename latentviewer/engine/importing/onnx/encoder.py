"""What an encoder takes and gives, as far as its file and a first run say it."""

import math

import numpy as np
from numpy.typing import NDArray

from latentviewer.engine.importing.convention import (
    Convention,
    Values,
    order_of,
    order_question,
    values_of,
    values_question,
)
from latentviewer.engine.importing.onnx.first_try import first_try
from latentviewer.engine.importing.onnx.graph import shown
from latentviewer.engine.importing.onnx.inquiry import Inquiry, MissingError
from latentviewer.engine.importing.onnx.model import Encoding
from latentviewer.engine.importing.onnx.network import Dims, Network
from latentviewer.engine.importing.onnx.pictures import Axes, Reading, as_pictures, axes_of
from latentviewer.engine.importing.onnx.posterior import latent_of
from latentviewer.engine.importing.onnx.sizes import picture_sizes


def picture_axes(network: Network) -> tuple[Reading, Axes]:
    """How the input of an encoder is read.

    Raises:
        MissingError: it can be no pictures.
    """
    port = network.inputs[0]
    reading = as_pictures(port.dims)
    axes = None if reading is None else axes_of(reading.one)
    if reading is None or axes is None:
        said = " x ".join("?" if side is None else str(side) for side in port.dims)
        raise MissingError(
            f"its input “{shown(port.name)}” has the shape {said}, which is no picture's; export "
            "it with an input of pictures."
        )
    return reading, axes


def encoding_of(
    network: Network, inquiry: Inquiry, wanted: Dims | None, picture: Convention | None
) -> Encoding:
    """How an encoder is called and read.

    Args:
        wanted: what the decoder takes, as far as its file says it.
        picture: how the decoder gives pictures, for what the file leaves open.

    Raises:
        MissingError: it cannot be called, or gives no latents.
    """
    reading, axes = picture_axes(network)
    other = None
    if picture is not None:
        other = Axes(picture.layout, picture.height, picture.width, picture.channels)
    full = picture_sizes(inquiry, axes, other, network.file.contents.metadata)
    height, width, channels = full.height or 0, full.width or 0, full.channels or 0
    order = None
    if channels > 2:
        order = order_question()
        inquiry.ask(order)
    convention = Convention(
        height,
        width,
        channels,
        full.layout or "NCHW",
        order_of(order, inquiry.answers),
        _values(network, inquiry, picture),
    )
    native: tuple[int, ...] = convention.shape
    if axes.layout == "flat":
        native = (math.prod(native),)
    elif axes.plain:
        native = (height, width)
    largest = 255 if network.inputs[0].dtype == np.uint8 else 1

    def noise(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
        return largest * rng.random(shape, np.float32)

    batches, results = first_try(network, reading, native, noise)
    results = {name: array for name, array in results.items() if array.dtype.kind == "f"}
    latent = latent_of(
        inquiry, results, math.prod(native), wanted, channels_last=convention.layout == "NHWC"
    )
    return Encoding(network, batches, native, convention, latent)


def _values(network: Network, inquiry: Inquiry, picture: Convention | None) -> Values:
    if network.inputs[0].dtype == np.uint8:
        return "0..255"
    guess: Values = "0..1"
    why = "Most encoders take them so."
    if picture is not None:
        guess = "0..1" if picture.values == "logits" else picture.values
        why = "The decoder gives such."
    question = values_question("input", guess, why)
    inquiry.ask(question)
    return values_of(question, inquiry.answers)
