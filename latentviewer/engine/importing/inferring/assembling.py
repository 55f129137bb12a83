"""Networks put together from flows, walks and tensors."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from latentviewer.engine.importing.inferring.flows import Flow, Step, side_of
from latentviewer.engine.importing.inferring.plans import Plan
from latentviewer.engine.importing.inferring.state_layers import StateLayer
from latentviewer.engine.importing.inferring.strides import Placing

Make = Callable[[], nn.Module]


@dataclass(frozen=True)
class Finish:
    """The activations of one part.

    Attributes:
        make: makes the one between layers.
        after: for each step, whether one follows it.
        last: makes the one at the end, None where there is none.
    """

    make: Make
    after: tuple[bool, ...]
    last: Make | None = None


def encoder_of(
    plan: Plan, finish: Finish, spread: StateLayer | None, tensors: Mapping[str, Tensor]
) -> tuple[nn.Module, nn.Module | None, nn.Module | None]:
    """The encoder, and the heads of mean and spread where they are layers of their own.

    Args:
        tensors: float32, by name; those of every layer are needed.
    """
    flow, placings = plan.encoder, plan.down.placings
    start = [] if flow[0].takes.is_map else [nn.Flatten()]
    if spread is None:
        body = _modules(flow, placings, finish, tensors)
        return nn.Sequential(*start, *body), None, None
    cut = len(flow) - 1
    body = _modules(flow[:cut], placings[:cut], finish, tensors)
    head, placing = flow[cut], placings[cut]
    if head.area is not None:  # both heads take what is flattened
        body.append(_refolded(head))
    mean = _layer(head, head.layer, placing, tensors)
    return nn.Sequential(*start, *body), mean, _layer(head, spread, placing, tensors)


def decoder_of(plan: Plan, finish: Finish, tensors: Mapping[str, Tensor]) -> nn.Module:
    """The decoder, (b, *latent) to maps or flat pictures; `tensors` as for `encoder_of`."""
    return nn.Sequential(*_modules(plan.decoder, plan.up.placings, finish, tensors))


def _modules(
    flow: Flow,
    placings: tuple[Placing | None, ...],
    finish: Finish,
    tensors: Mapping[str, Tensor],
) -> list[nn.Module]:
    modules: list[nn.Module] = []
    pools = False
    for at, (step, placing) in enumerate(zip(flow, placings, strict=True)):
        if step.area is not None:
            modules.append(_refolded(step))
        if placing is not None and placing.grows:
            modules.append(nn.Upsample(scale_factor=2))
        modules.append(_layer(step, step.layer, placing, tensors))
        if finish.after[at]:
            modules.append(finish.make())
        pools = pools or (placing is not None and placing.pools)
        if pools and (at + 1 == len(flow) or flow[at + 1].way != "norm"):
            modules.append(nn.MaxPool2d(2))
            pools = False
    return modules if finish.last is None else [*modules, finish.last()]


def _refolded(step: Step) -> nn.Module:
    assert step.area is not None
    side = side_of(step.area)
    assert side is not None
    if step.given.is_map:
        return nn.Flatten()
    return nn.Unflatten(1, (step.takes.count, side, side))


def _layer(
    step: Step, layer: StateLayer, placing: Placing | None, tensors: Mapping[str, Tensor]
) -> nn.Module:
    with torch.device("meta"):
        module = _empty(step, layer, placing).requires_grad_(False)
    own = {name.rpartition(".")[2]: tensors[name].float() for name in layer.tensors}
    if layer.kind == "norm":
        own["num_batches_tracked"] = torch.tensor(0)
    # assign: the tensors take the places of those that were never made.
    module.load_state_dict(own, assign=True)
    return module


def _empty(step: Step, layer: StateLayer, placing: Placing | None) -> nn.Module:
    takes, gives, bias = step.takes.count, step.gives.count, layer.bias
    if step.way == "linear":
        return nn.Linear(takes, gives, bias)
    if step.way == "norm":
        kind = nn.BatchNorm2d if step.takes.is_map else nn.BatchNorm1d
        return kind(takes, affine=bias)
    assert placing is not None
    kernel, stride, padding = layer.kernel, placing.stride, placing.padding
    if step.way == "convolution":
        return nn.Conv2d(takes, gives, kernel, stride, padding, bias=bias)
    return nn.ConvTranspose2d(
        takes, gives, kernel, stride, padding, placing.output_padding, bias=bias
    )
