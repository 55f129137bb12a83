"""The layers that a state dict's tensors belong to, told by their names and shapes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["linear", "convolution", "norm"]
Way = Literal["linear", "convolution", "transposed", "norm"]
"""What a layer does; a convolution's weights alone do not say whether it is transposed."""

_MOST_LAYERS = 200
_SUFFIXES = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")


class Unfit(Exception):  # noqa: N818  (said of the weights, not of the program)
    """The weights are no plain chain; the text is a sentence that names where."""


@dataclass(frozen=True)
class StateLayer:
    """One layer.

    Attributes:
        name: of its module, such as `encoder.0`; empty where the tensors have no prefix.
        shape: of its weight; of a batch norm the number of channels alone.
        bias: whether it has one; of a batch norm, whether it scales and shifts.
    """

    name: str
    kind: Kind
    shape: tuple[int, ...]
    bias: bool
    ways: tuple[tuple[Way, int, int], ...]
    """What it can be, each with the channels or features it takes and gives."""

    @property
    def kernel(self) -> int:
        """The side of a convolution's kernel; 1 for the rest."""
        return self.shape[2] if self.kind == "convolution" else 1

    @property
    def tensors(self) -> tuple[str, ...]:
        """The names of those of its tensors that are needed."""
        own: tuple[str, ...] = ("weight", "bias") if self.bias else ("weight",)
        if self.kind == "norm":
            own = ("running_mean", "running_var") + (("weight", "bias") if self.bias else ())
        return tuple(named(self.name, suffix) for suffix in own)


def named(layer: str, suffix: str) -> str:
    """What a tensor of a layer is called."""
    return f"{layer}.{suffix}" if layer else suffix


def layers_of(shapes: Mapping[str, tuple[int, ...]]) -> tuple[StateLayer, ...]:
    """The layers in the order of their first tensors.

    Raises:
        Unfit: a tensor belongs to no layer of a plain chain, or does not fit the others of its
            layer.
    """
    grouped: dict[str, dict[str, tuple[int, ...]]] = {}
    for name, shape in shapes.items():
        prefix, _, suffix = name.rpartition(".")
        if suffix not in _SUFFIXES:
            raise Unfit(
                f"tensor “{name}” of shape {shape} belongs to no linear, convolution or batch-norm "
                "layer"
            )
        grouped.setdefault(prefix, {})[suffix] = shape
    if len(grouped) > _MOST_LAYERS:
        raise Unfit(f"there are {len(grouped):,} layers, more than a plain chain has")
    return tuple(_layer(prefix, own) for prefix, own in grouped.items())


def _layer(name: str, own: Mapping[str, tuple[int, ...]]) -> StateLayer:
    if "running_mean" in own or "running_var" in own:
        return _norm(name, own)
    if "weight" not in own:
        first = next(iter(own))
        raise Unfit(f"tensor “{named(name, first)}” has no “{named(name, 'weight')}” beside it")
    shape, bias = own["weight"], own.get("bias")
    weight = f"tensor “{named(name, 'weight')}” of shape {shape}"
    if min(shape, default=0) < 1 or len(shape) not in (2, 4):
        raise Unfit(
            f"{weight} is not that of a linear layer, a convolution of pictures or a batch norm "
            "with running statistics"
        )
    ways: list[tuple[Way, int, int]]
    if len(shape) == 2:
        ways = [("linear", shape[1], shape[0])]
    else:
        if shape[2] != shape[3]:
            raise Unfit(f"{weight} has a kernel that is not square")
        ways = [("convolution", shape[1], shape[0]), ("transposed", shape[0], shape[1])]
    if bias is not None:
        ways = [way for way in ways if bias == (way[2],)]
    if not ways:
        raise Unfit(
            f"tensor “{named(name, 'bias')}” of shape {bias} does not fit the weight {shape}"
        )
    kind: Kind = "linear" if len(shape) == 2 else "convolution"
    return StateLayer(name, kind, shape, bias is not None, tuple(ways))


def _norm(name: str, own: Mapping[str, tuple[int, ...]]) -> StateLayer:
    for suffix in ("running_mean", "running_var"):
        if suffix not in own:
            raise Unfit(f"tensor “{named(name, suffix)}” is missing")
    shape = own["running_mean"]
    for suffix, other in own.items():
        if suffix != "num_batches_tracked" and (other != shape or len(other) != 1):
            raise Unfit(
                f"tensor “{named(name, suffix)}” of shape {other} does not fit the running mean "
                f"{shape}"
            )
    if ("weight" in own) != ("bias" in own):
        missing = "bias" if "weight" in own else "weight"
        raise Unfit(f"tensor “{named(name, missing)}” is missing")
    return StateLayer(name, "norm", shape, "weight" in own, (("norm", shape[0], shape[0]),))
