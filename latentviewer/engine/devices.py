"""Where models run: the processor, or an accelerator where there is one."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Model
from latentviewer.domain.space import Latents
from latentviewer.engine.loading import open_model

_AGREEMENT = 1e-3  # of grey values in 0..1; a quarter of what 8 bits can show
_COMPARED_LATENTS = 32


@dataclass(frozen=True)
class Device:
    """A place to run a model.

    Attributes:
        name: as torch spells it, such as `cpu` or `cuda:0`.
        title: what the window calls it.
    """

    name: str
    title: str


@dataclass(frozen=True)
class Agreement:
    """Whether a device answers as the processor does.

    Attributes:
        device: the one that was checked.
        difference: largest absolute difference between decoded values in 0..1.
        tolerance: what is still called agreement.
    """

    device: str
    difference: float
    tolerance: float

    @property
    def agrees(self) -> bool:
        """Whether the difference is within tolerance; NaN is not."""
        return self.difference <= self.tolerance


def list_devices() -> tuple[Device, ...]:
    """Every device that torch can use here, the processor first."""
    found = [Device("cpu", f"Processor, {_cores()} cores")]
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            found.append(Device(f"cuda:{index}", torch.cuda.get_device_name(index)))
    if torch.backends.mps.is_available():
        found.append(Device("mps", "Apple GPU"))
    return tuple(found)


def chosen_device(wanted: str | None = None) -> str:
    """The device's name that a wish such as `cuda`, `cuda:1`, `mps` or `cpu` means.

    Without a wish it is the processor: for networks as small as the bundled ones the way
    to an accelerator and back takes longer than the answer.

    Raises:
        UserError: the device is not there.
    """
    if wanted is None:
        return "cpu"
    names = [device.name for device in list_devices()]
    for name in names:
        if wanted == name or wanted == name.partition(":")[0]:
            return name
    raise UserError(f"There is no device “{wanted}” here; choose {' or '.join(names)}.")


def leave_a_core_to_the_window() -> int:
    """Limits torch to one thread fewer than there are cores, at least one; returns how many."""
    threads = max(1, _cores() - 1)
    torch.set_num_threads(threads)
    return threads


def training_precision(device: str = "cpu") -> str:
    """`bfloat16` where the device computes it faster than `float32`, else `float32`."""
    kind = torch.device(device).type
    if kind == "cuda":
        return "bfloat16" if torch.cuda.is_bf16_supported(False) else "float32"
    # Older releases than torch 2.10 cannot say what the processor has.
    capabilities: dict[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    fast = kind == "cpu" and bool(capabilities.get("avx512_bf16"))
    return "bfloat16" if fast else "float32"


def check_agreement(model: Model, device: str, *, seed: int = 0) -> Agreement:
    """Decodes latents from the prior, one by one with `model` and at once on `device`.

    With `cpu` it still checks that an answer does not depend on the batch.

    Raises:
        UserError: the model's folder no longer opens, or there is no such device.
    """
    checked = open_model(Path(model.card.path), chosen_device(device))
    latents = model.sample(_COMPARED_LATENTS, seed)
    return Agreement(device, _largest_difference(model, checked, latents), _AGREEMENT)


def _largest_difference(reference: Model, checked: Model, latents: Latents) -> float:
    one_by_one = np.concatenate([reference.decode(row[None]) for row in latents])
    return float(np.abs(one_by_one - checked.decode(latents)).max())


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
