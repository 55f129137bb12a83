"""Activations, which a state dict does not hold: which there are, and where they go."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from latentviewer.domain.importing import Question
from latentviewer.engine.importing.checkpoints.part_names import between
from latentviewer.engine.importing.inferring.flows import Flow
from latentviewer.engine.importing.inferring.strides import Walk

ACTIVATIONS: dict[str, tuple[str, Callable[[], nn.Module]]] = {
    "relu": ("ReLU", nn.ReLU),
    "leaky relu 0.2": ("Leaky ReLU, slope 0.2", lambda: nn.LeakyReLU(0.2)),
    "leaky relu 0.01": ("Leaky ReLU, slope 0.01", lambda: nn.LeakyReLU(0.01)),
    "elu": ("ELU", nn.ELU),
    "selu": ("SELU", nn.SELU),
    "gelu": ("GELU", nn.GELU),
    "silu": ("SiLU", nn.SiLU),
    "softplus": ("Softplus", nn.Softplus),
    "tanh": ("Tanh", nn.Tanh),
    "sigmoid": ("Sigmoid", nn.Sigmoid),
    "none": ("None", nn.Identity),
}
"""What an answer stands for: what the window calls it, and how it is made."""


@dataclass(frozen=True)
class Placed:
    """Where activations go in a flow.

    Attributes:
        after: for each step, whether one follows it.
        norm_unsure: whether it is not known on which side of the batch norms they are.
        projection_unsure: whether it is not known if one follows a linear layer whose output
            is folded to a map.
    """

    after: tuple[bool, ...]
    norm_unsure: bool
    projection_unsure: bool


def activation_question(key: str, title: str, guess: str, why: str) -> Question:
    """Asks which activation follows the layers."""
    choices = tuple((value, text) for value, (text, _) in ACTIVATIONS.items())
    return Question(key, title, choices, guess, why)


def placed(flow: Flow, walk: Walk, *, before_norm: bool, after_projection: bool) -> Placed:
    """Where activations go: after each layer but the last, unless names leave no room for one.

    Args:
        before_norm: whether they come before batch norms, where the names do not say.
        after_projection: whether one follows a linear layer whose output is folded to a map,
            where the names do not say.
    """
    after = [False] * len(flow)
    norm_unsure = projection_unsure = False
    dense = [at for at, step in enumerate(flow) if step.way != "norm"]
    for at, following in pairwise(dense):
        last = following - 1  # of the batch norms after the layer, or the layer itself
        here, there = walk.placings[at], walk.placings[following]
        used = (flow[following].area is not None) + any(
            flow[i].area is not None for i in range(at + 1, following)
        )
        used += (here is not None and here.pools) + (there is not None and there.grows)
        slots = between(flow[last].layer.name, flow[following].layer.name)
        room = None if slots is None else slots - used > 0
        if last == at:
            folds = flow[at].way == "linear" and flow[following].takes.is_map
            if room is None and folds:
                projection_unsure, room = True, after_projection
            after[at] = room is not False
            continue
        inner = between(flow[at].layer.name, flow[at + 1].layer.name)
        if inner is None and room is None:
            norm_unsure = True
            after[at if before_norm else last] = True
        elif inner is None:
            after[last if room else at] = True
        elif inner > 0:
            after[at] = True
        else:
            after[last] = room is not False
    return Placed(tuple(after), norm_unsure, projection_unsure)
