"""What a decoder takes and gives, as far as its file and a first run say it."""

import numpy as np
from numpy.typing import NDArray

from latentviewer.engine.importing.convention import (
    Convention,
    Values,
    likely_values,
    order_of,
    order_question,
    values_of,
    values_question,
)
from latentviewer.engine.importing.onnx.first_try import first_try
from latentviewer.engine.importing.onnx.graph import shown
from latentviewer.engine.importing.onnx.inquiry import Inquiry, MissingError, UnfitError
from latentviewer.engine.importing.onnx.model import Decoding
from latentviewer.engine.importing.onnx.network import Network
from latentviewer.engine.importing.onnx.pictures import Axes, Reading, as_latents, axes_of
from latentviewer.engine.importing.onnx.sizes import latent_sizes, picture_sizes

# Steps that change no value, so that the one before them tells what the values are.
_SAME_VALUES = frozenset(
    {"Cast", "Dropout", "Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
)
_ENDS: dict[str, tuple[Values, str]] = {
    "Sigmoid": ("0..1", "Its last step is a sigmoid."),
    "HardSigmoid": ("0..1", "Its last step is a hard sigmoid."),
    "Tanh": ("-1..1", "Its last step is a hyperbolic tangent."),
}


def latent_reading(network: Network) -> Reading:
    """How the input of a decoder is read.

    Raises:
        MissingError: it can be no latents.
    """
    reading = as_latents(network.inputs[0].dims)
    if reading is None:
        raise MissingError("its input is a single number; export it with one of latents.")
    return reading


def decoding_of(
    network: Network, inquiry: Inquiry, encoded: tuple[int, ...] | None, picture: Axes | None
) -> Decoding:
    """How a decoder is called and read.

    Args:
        encoded: the shape of what the encoder gives, for what the file leaves open.
        picture: what the encoder takes, for the sizes of a flat picture.

    Raises:
        MissingError: it cannot be called, or gives no pictures.
        UnfitError: it gives others than the encoder takes.
    """
    reading = latent_reading(network)
    native = latent_sizes(inquiry, reading.one, encoded)
    batches, results = first_try(network, reading, native, _normal)
    name = max(results, key=lambda output: results[output][0].size)
    made = results[name]
    axes = axes_of(made.shape[1:])
    if axes is None:
        raise MissingError(
            f"its output “{shown(name)}” has the shape {made.shape[1:]}, which is no picture's; "
            "export it with an output of pictures."
        )
    axes = picture_sizes(inquiry, axes, picture, {})
    height, width, channels = axes.height or 0, axes.width or 0, axes.channels or 0
    if picture is not None:
        taken = picture.height or height, picture.width or width
        if taken != (height, width):
            raise UnfitError(
                f"it makes pictures of {height} x {width}, and the encoder takes those of "
                f"{taken[0]} x {taken[1]}; put the two files in folders of their own."
            )
    values = _values(network, inquiry, name, made)
    order = None
    if channels > 2:
        order = order_question()
        inquiry.ask(order)
    convention = Convention(
        height, width, channels, axes.layout or "NCHW", order_of(order, inquiry.answers), values
    )
    return Decoding(network, batches, native, name, convention)


def last_step(network: Network, output: str) -> str | None:
    """The operator that settles the values of an output; None where the file does not say."""
    nodes = network.file.contents.nodes
    makers = {made: node for node in nodes for made in node.outputs[:1] if node.domain == ""}
    for _ in range(len(nodes)):  # a damaged graph could go in circles
        node = makers.get(output)
        if node is None:
            return None
        if node.op not in _SAME_VALUES or not node.inputs:
            return node.op
        output = node.inputs[0]
    return None


def _values(network: Network, inquiry: Inquiry, name: str, made: NDArray[np.generic]) -> Values:
    if made.dtype.kind in "iu":
        return "0..255"
    guess, why = _ENDS.get(last_step(network, name) or "") or likely_values(made)
    question = values_question("output", guess, why)
    inquiry.ask(question)
    return values_of(question, inquiry.answers)


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return rng.standard_normal(shape, np.float32)
