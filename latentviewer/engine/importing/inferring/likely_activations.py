"""Which activation the statistics of batch norms speak for.

What a batch norm gives has the mean of its bias and the deviation of its weight. What an
activation makes of that, put through the next layer, has to have the mean that the next batch
norm has seen; of the usual activations only the right one comes near.
"""

import math
from collections.abc import Callable, Iterable

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from latentviewer.engine.importing.inferring.activations import ACTIVATIONS
from latentviewer.engine.importing.inferring.flows import Flow, Step, side_of
from latentviewer.engine.importing.inferring.state_layers import named
from latentviewer.engine.importing.inferring.strides import Placing, Walk

_NODES = 24  # of the quadrature over a Gaussian
_MOST_NUMBERS = 1 << 23  # of a weight that is read for this
_MOST_PLACES = 3
_NEAR = 0.3  # of the squared means that may be left unexplained
_UNUSUAL = {
    "leaky relu 0.01": 1.5, "elu": 1.5, "selu": 2.0, "gelu": 1.5, "silu": 1.5, "softplus": 2.0,
    "none": 2.0,
}  # fmt: skip
"""What errors are multiplied by, as some activations are hard to tell from more usual ones."""

Read = Callable[[Iterable[str]], dict[str, Tensor]]


def likely_activation(flow: Flow, walk: Walk, read: Read) -> str | None:
    """A key of `ACTIVATIONS`, or None where the statistics say nothing clear.

    Args:
        read: the tensors of these names, float32.
    """
    errors, total = _errors(flow, walk, read)
    weighed = {name: error * _UNUSUAL.get(name, 1.0) for name, error in errors.items()}
    best = min(weighed, key=lambda name: weighed[name])
    return best if total > 0 and weighed[best] < _NEAR * total else None


def _errors(flow: Flow, walk: Walk, read: Read) -> tuple[dict[str, float], float]:
    """What each activation leaves unexplained of the squared means, and how much those are."""
    errors = dict.fromkeys(ACTIVATIONS, 0.0)
    total = 0.0
    for at in _places(flow, walk):
        norm, dense, seen = flow[at : at + 3]
        mean_name = named(seen.layer.name, "running_mean")
        tensors = read((*norm.layer.tensors, *dense.layer.tensors, mean_name))
        mean = tensors[mean_name]
        total += float(mean.square().sum())
        weight = tensors[named(dense.layer.name, "weight")]
        bias = tensors.get(named(dense.layer.name, "bias"))
        for name, (_, make) in ACTIVATIONS.items():
            active = _expected(make(), tensors, norm.layer.name)
            given = _given(dense, walk.placings[at + 1], walk.ends[at], active, weight, bias)
            errors[name] += float((given - mean).square().sum())
    return errors, total


def _places(flow: Flow, walk: Walk) -> list[int]:
    """Where a batch norm that scales, a layer, and another batch norm follow one another."""
    found = []
    for at in range(len(flow) - 2):
        norm, dense, seen = flow[at : at + 3]
        pooled = any(p is not None and p.pools for p in walk.placings[max(at - 1, 0) : at + 2])
        small = math.prod(dense.layer.shape) <= _MOST_NUMBERS
        alike = norm.way == seen.way == "norm" != dense.way and seen.area is None
        if alike and norm.layer.bias and small and not pooled:
            found.append(at)
    return found[:_MOST_PLACES]


def _given(
    step: Step,
    placing: Placing | None,
    side: int | None,
    active: Tensor,
    weight: Tensor,
    bias: Tensor | None,
) -> Tensor:
    """What a layer gives on average for a constant in each channel, (gives,).

    Args:
        side: of the map that it takes, None where it takes none.
        active: (channels,).
    """
    if step.way == "linear":
        return F.linear(active.repeat_interleave(step.area or 1), weight, bias)
    side = side_of(step.area) if step.area is not None else side
    assert placing is not None
    assert side is not None
    side *= 1 + placing.grows
    channels = active.reshape(step.takes.count, -1).mean(dim=1)
    maps = channels[None, :, None, None].expand(1, -1, side, side)
    if step.way == "convolution":
        made = F.conv2d(maps, weight, bias, placing.stride, placing.padding)
    else:
        made = F.conv_transpose2d(
            maps, weight, bias, placing.stride, placing.padding, placing.output_padding
        )
    return made.mean(dim=(0, 2, 3))


def _expected(activation: torch.nn.Module, tensors: dict[str, Tensor], name: str) -> Tensor:
    """What an activation makes of each channel of a batch norm on average, (channels,)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    points = torch.from_numpy(nodes.astype(np.float32))
    shares = torch.from_numpy((weights / weights.sum()).astype(np.float32))
    mean, deviation = tensors[named(name, "bias")], tensors[named(name, "weight")]
    active: Tensor = activation(mean[:, None] + deviation[:, None] * points)
    return active @ shares
