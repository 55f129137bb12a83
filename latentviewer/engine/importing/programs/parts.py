"""Which parts of a loaded module encode and decode, told by their names."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import NO_IMAGE, ModelCard
from latentviewer.engine.importing.programs.network import WRITE_ADAPTER, Call, Calls
from latentviewer.engine.importing.programs.questions import Role
from latentviewer.engine.importing.programs.trial import Hints

_ENCODES, _DECODES = ("encode", "encoder"), ("decode", "decoder", "generator")


def calls_of(net: Any, role: Role, path: Path) -> Calls:
    """What a module, or a dictionary of modules, can be called for.

    Args:
        role: what the user says it is.

    Raises:
        UserError: it has nothing that could be called in that role.
    """
    encode, decode = _called(net, _ENCODES), _called(net, _DECODES)
    whole = net if callable(net) else None
    if role == "encoder":
        calls = Calls(encode or whole, None)
    elif role == "decoder":
        calls = Calls(None, decode or whole)
    elif encode is None and decode is None:
        calls = Calls(whole, None, rebuilds=True)
    else:
        calls = Calls(encode, decode)
    if calls.encode is None and calls.decode is None:
        raise UserError(
            f"{path} holds nothing called encode, encoder, decode or decoder; "
            f"{WRITE_ADAPTER} that says how it is called."
        )
    if role == "autoencoder" and not calls.rebuilds and None in (encode, decode):
        there, other = ("encoder", "decoder") if decode is None else ("decoder", "encoder")
        raise UserError(
            f"{path} has a part called {there} and none called {other}; answer that it is "
            f"{'an' if there == 'encoder' else 'a'} {there}."
        )
    return calls


def hints_of(net: Any, calls: Calls, latent_dim: int) -> Hints:
    """Shapes of a latent that a decoder with these weights could take.

    The first weight of a network with convolutions has (out, in, h, w), transposed ones
    (in, out, h, w), and latents with places are taken to be square.
    """
    shapes: list[tuple[int, ...]] = [(latent_dim,), (latent_dim, 1, 1)]
    owner = calls.decode if calls.encode is None else None
    weights: Any = getattr(owner, "parameters", None) or getattr(net, "parameters", lambda: ())
    first = next((weight for weight in weights() if weight.ndim > 1), None)
    for channels in () if first is None or first.ndim != 4 else first.shape[1::-1]:
        side = math.isqrt(latent_dim // channels)
        if channels * side * side == latent_dim and side > 1:
            shapes.append((channels, side, side))
    return Hints(latents=tuple(shapes))


def described(path: Path, family: str, digest: str, state: Mapping[str, Tensor]) -> ModelCard:
    """What is known before it is tried."""
    return ModelCard(
        name=path.name,
        path=str(path),
        family=family,
        latent_dim=0,
        image=NO_IMAGE,
        capabilities=frozenset(),
        data=None,
        weights_hash=digest,
        parameters=sum(tensor.numel() for tensor in state.values()),
        figures={},
    )


def _called(net: Any, names: tuple[str, ...]) -> Call | None:
    for name in names:
        part: Any = net.get(name) if isinstance(net, Mapping) else getattr(net, name, None)
        if callable(part):
            call: Callable[[Tensor], Any] = part
            return call
    return None
