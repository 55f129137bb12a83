"""The state of a training run between two epochs, in one safetensors file.

Tensors lie in the file as such; the rest is JSON in its metadata. Nothing is pickled.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from latentviewer.domain.errors import UnfinishedRunError
from latentviewer.engine.writing import write_atomically

CHECKPOINT_NAME = "training.safetensors"


@dataclass
class RunState:
    """How far a run has come.

    Attributes:
        epoch: epochs done.
        step: optimiser steps done.
        best_epoch: the epoch (from 1) with the best validation loss; 0 before the first.
        best_loss: that loss in nats per image.
        seconds: time spent training, over all sittings.
        history: per epoch, training and validation loss in nats per image.
    """

    epoch: int
    step: int
    best_epoch: int
    best_loss: float
    seconds: float
    history: list[tuple[float, float]]


@dataclass
class RunTensors:
    """Weights by name, as they are trained, as their running average, and the best average."""

    net: nn.Module
    optimizer: torch.optim.Optimizer
    average: dict[str, Tensor]
    best: dict[str, Tensor]


def write_checkpoint(path: Path, state: RunState, tensors: RunTensors, identity: Any) -> None:
    """Replaces the file at `path` by the present state.

    Args:
        identity: JSON values that a resumed run must have in common with this one.
    """
    named = {f"weights/{k}": v.detach() for k, v in tensors.net.named_parameters()}
    named |= {f"average/{k}": v for k, v in tensors.average.items()}
    named |= {f"best/{k}": v for k, v in tensors.best.items()}
    for name, parameter in tensors.net.named_parameters():
        for key, value in tensors.optimizer.state[parameter].items():
            named[f"optimizer/{key}/{name}"] = value
    # safetensors holds contiguous tensors only; the layout in memory is set again on reading.
    plain = {k: v.cpu().contiguous() for k, v in named.items()}
    metadata = {"state": json.dumps(asdict(state)), "identity": json.dumps(identity)}
    write_atomically(path, save(plain, metadata))


def read_checkpoint(path: Path, tensors: RunTensors, identity: Any) -> RunState:
    """Fills `tensors` in place from the file and returns the rest of the state.

    Raises:
        UnfinishedRunError: the file is damaged, or belongs to another recipe or other data.
    """
    state, found = read_run(path)
    if found != json.loads(json.dumps(identity)):
        raise UnfinishedRunError(
            f"{path} is from a run with another recipe, other data or another precision; "
            "name another folder, or delete the file to start again."
        )
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            named = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
        _fill(tensors, named)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _damaged(path) from error
    return state


def read_run(path: Path) -> tuple[RunState, Any]:
    """How far the run in the file has come, and its identity; no tensor is read.

    Raises:
        UnfinishedRunError: the file is damaged.
    """
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
        state = RunState(**json.loads(metadata["state"]))
        state.history = [(float(a), float(b)) for a, b in state.history]
        return state, json.loads(metadata.get("identity", "null"))
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> UnfinishedRunError:
    return UnfinishedRunError(
        f"{path} is damaged and the run cannot go on from it; delete it to start again."
    )


def _fill(tensors: RunTensors, named: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in tensors.net.named_parameters():
            parameter.copy_(named[f"weights/{name}"])
            tensors.average[name].copy_(named[f"average/{name}"])
            tensors.best[name].copy_(named[f"best/{name}"])
            if f"optimizer/step/{name}" not in named:
                continue  # no step has been taken with it yet
            state = tensors.optimizer.state[parameter]
            for key in ("exp_avg", "exp_avg_sq"):
                # Like the parameter in memory layout, which the fused step relies on.
                state[key] = torch.empty_like(parameter).copy_(named[f"optimizer/{key}/{name}"])
            state["step"] = named[f"optimizer/step/{name}"]
