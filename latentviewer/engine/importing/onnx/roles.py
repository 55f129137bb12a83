"""Whether a network is an encoder or a decoder."""

import re
from typing import Literal

from latentviewer.domain.importing import Question
from latentviewer.engine.importing.onnx.graph import shown
from latentviewer.engine.importing.onnx.inquiry import Inquiry, MissingError
from latentviewer.engine.importing.onnx.network import Network, Port
from latentviewer.engine.importing.onnx.pictures import Kind, as_pictures, kind_of, size_of

Role = Literal["encoder", "decoder"]

_NAMED = re.compile(r"(?<![a-z])(en|de)coder(?![a-z])")
_CHOICES = (
    ("encoder", "An encoder: pictures to latents"),
    ("decoder", "A decoder: latents to pictures"),
)


def named_role(stem: str) -> Role | None:
    """What a file's name without its ending says that it is."""
    found = {match[0] for match in _NAMED.finditer(stem.lower())}
    if len(found) != 1:
        return None
    return "encoder" if "encoder" in found else "decoder"


def role_of(network: Network, inquiry: Inquiry, *, told: Role | None = None) -> Role:
    """What a network is, by the shapes of what it takes and gives; asks where they do not say.

    Args:
        told: what its name says, which decides where shapes allow both.

    Raises:
        MissingError: it takes nothing that could be a picture or a latent.
    """
    taken = _only_input(network)
    gives = [_kind(port) for port in network.outputs if port.dtype is not None]
    if not gives:
        raise MissingError(
            "none of its outputs is of floating-point numbers, so none is a latent or a picture; "
            "export it with such an output."
        )
    role, why, sure = _guessed(network, _kind(taken), gives)
    if sure:
        return role
    if told is not None:
        return told
    answer = inquiry.ask(Question("role", "What it is", _CHOICES, role, why))
    return "decoder" if answer == "decoder" else "encoder"


def _only_input(network: Network) -> Port:
    inputs = network.inputs
    if len(inputs) != 1:
        names = ", ".join(f"“{shown(port.name)}”" for port in inputs[:6]) or "none"
        raise MissingError(
            f"it takes {len(inputs)} inputs ({names}), and a network is called with one; export "
            "it so that the others are fixed."
        )
    (taken,) = inputs
    if taken.dtype is None or not taken.dims:
        raise MissingError(
            f"its input “{shown(taken.name)}” is no array of floating-point numbers or bytes; "
            "export it with one."
        )
    return taken


def _guessed(network: Network, takes: Kind, gives: list[Kind]) -> tuple[Role, str, bool]:
    """The likely role, why, and whether the shapes leave no doubt."""
    made = [port for port in network.outputs if port.dtype is not None]
    unknown = any(not port.dims for port in made)
    if takes == "picture" and "picture" not in gives and not unknown:
        return "encoder", "It takes pictures and gives none.", True
    if takes != "picture" and "picture" in gives:
        return "decoder", "It gives pictures and takes none.", True
    taken = size_of(_one(network.inputs[0]))
    sizes = [size_of(_one(port)) if port.dims else None for port in made]
    known = [size for size in sizes if size is not None]
    if taken is None or len(known) < len(sizes):
        colours, of = _one(network.inputs[0])[0], [_one(port)[0] for port in made if port.dims]
        why = "The file leaves the sizes of what it takes or gives open."
        only_made = 3 in of and colours != 3
        return "decoder" if only_made else "encoder", why, False
    if taken in known:
        # A whole autoencoder, of which only the encoder can be had.
        return "encoder", "It gives as many values as it takes.", True
    role: Role = "decoder" if max(known) > taken else "encoder"
    return role, f"It makes {max(known):,} values of {taken:,}.", False


def _kind(port: Port) -> Kind:
    return kind_of(_one(port)) if port.dims else "other"


def _one(port: Port) -> tuple[int | None, ...]:
    reading = as_pictures(port.dims)
    return port.dims[1:] if reading is None else reading.one
