"""The training loop: seeded, resumable, stopped by the validation loss."""

import math
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet
from latentviewer.domain.space import Latents
from latentviewer.engine.training.checkpoint import (
    CHECKPOINT_NAME,
    RunState,
    RunTensors,
    read_checkpoint,
    write_checkpoint,
)
from latentviewer.engine.training.objective import Batch
from latentviewer.engine.training.recipes.recipe import Recipe

# How long a preview may have to wait for a step that is quick; also the pace of the reports.
_PROGRESS_SECONDS = 0.02
_WATCH_SECONDS = 2.0
_WATCH_PAUSE = 9.0
_VALIDATION_BATCH = 250
_READ_AT_ONCE = 1000


@dataclass(frozen=True, eq=False)
class TrainingProgress:
    """One report of a run.

    Attributes:
        epoch: the epoch under way, from 1.
        epochs: how many there are at most.
        fraction: of the whole run, 0..1.
        text: one short sentence.
        train_loss: mean of the epoch so far; None before the first step.
        valid_loss: of the last finished epoch; None before the first.
        unit: of both, such as `nats per image`.
        history: training and validation loss of each finished epoch.
        latents: where the watched images lie now, (n, d) float32; None where nothing new is
            known of them.
    """

    epoch: int
    epochs: int
    fraction: float
    text: str
    train_loss: float | None
    valid_loss: float | None
    unit: str = ""
    history: tuple[tuple[float, float], ...] = ()
    latents: Latents | None = None


@dataclass(frozen=True, eq=False)
class TrainedWeights:
    """What a run leaves.

    Attributes:
        net: the network with the best averaged weights, on the CPU.
        state: the run's history.
        about: what else config.json says of the run, such as versions.
    """

    net: nn.Module
    state: RunState
    about: Mapping[str, str]


@dataclass(frozen=True, eq=False)
class _Samples:
    """Images (n, h, w, c) uint8, and what else the objective learns from."""

    images: Tensor
    targets: Mapping[str, Tensor]

    def __len__(self) -> int:
        return len(self.images)

    def batch(self, rows: Tensor, generator: torch.Generator, done: float, device: str) -> Batch:
        targets = {name: values[rows].to(device) for name, values in self.targets.items()}
        return Batch(_unit(self.images[rows], device), targets, generator, done)


def fit(
    recipe: Recipe,
    data: DataSet,
    out: Path,
    *,
    device: str = "cpu",
    precision: str = "float32",
    watched: NDArray[np.uint8] | None = None,
) -> Generator[TrainingProgress, None, TrainedWeights]:
    """Trains; goes on from the last finished epoch where `out` holds a checkpoint.

    Random numbers depend on the recipe's seed and the epoch only, so that a resumed run does
    what an uninterrupted one does.

    Args:
        data: its images are scaled from uint8 to 0..1.
        out: the folder of the checkpoint.
        precision: `bfloat16` computes the layers in it; weights and losses stay float32.
        watched: images (n, h, w, c) whose latents are reported every few seconds.

    Raises:
        UserError: the data do not fit the recipe, or the checkpoint is another run's.
    """
    objective = recipe.objective
    _check_fit(recipe, data)
    tensors = _start(recipe, device)
    net = tensors.net
    state = RunState(0, 0, 0, math.inf, 0.0, [])
    path = out / CHECKPOINT_NAME
    identity = {
        "recipe": recipe.as_json(),
        "data": data.name,
        "images": len(data),
        "precision": precision,
    }
    if path.exists():
        state = read_checkpoint(path, tensors, identity)
    samples = yield from _read(recipe, data, state)
    order = torch.from_numpy(np.random.default_rng(recipe.seed).permutation(len(data)))
    valid, train = order[: recipe.holdout], order[recipe.holdout :]
    steps_per_epoch = len(train) // recipe.batch
    steps = recipe.epochs * steps_per_epoch
    watching = None if watched is None else _unit(torch.from_numpy(watched), device)
    look_next = -math.inf

    while state.epoch < recipe.epochs and not _is_over(recipe, state):
        # A sum of losses as a tensor: reading it at each step would wait for the device.
        total, reported, started = torch.zeros((), device=device), 0.0, time.monotonic()
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + state.epoch + 1)
        shuffled = train[torch.randperm(len(train), generator=generator)]
        for index in range(steps_per_epoch):
            rows = shuffled[index * recipe.batch : (index + 1) * recipe.batch]
            batch = samples.batch(rows, generator, state.step / steps, device)
            scale = learning_rate(recipe, state.step, steps) / recipe.learning_rate
            for group in tensors.optimizer.param_groups:
                group["lr"] = group["peak_lr"] * scale
            with torch.autocast(
                batch.images.device.type, torch.bfloat16, enabled=precision == "bfloat16"
            ):
                loss = objective.loss(net, batch)
            tensors.optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(net.parameters(), recipe.clip)
            tensors.optimizer.step()
            state.step += 1
            _average(tensors, recipe.averaging, state.step)
            total += loss.detach()
            if time.monotonic() - reported >= _PROGRESS_SECONDS:
                reported = time.monotonic()
                mean = float(total) / (index + 1)
                report = _report(recipe, state, state.epoch + 1, state.step / steps, mean)
                if watching is not None and reported >= look_next:
                    report = yield from _look(recipe, net, watching, report)
                    # Looking takes a tenth of the time at most, however large the images.
                    took = time.monotonic() - reported
                    look_next = time.monotonic() + max(_WATCH_SECONDS, _WATCH_PAUSE * took)
                yield report
        train_loss = float(total) / steps_per_epoch
        # As a step within this epoch would see it; the next may begin another stage.
        done = (state.step - 1) / steps
        valid_loss = _validate(recipe, tensors, samples, valid, done, device)
        if not math.isfinite(train_loss) or not math.isfinite(valid_loss):
            raise UserError(
                f"Training {recipe.name} left the numbers' range in epoch {state.epoch + 1}; "
                "train on the CPU, or on another device."
            )
        state.epoch += 1
        state.history.append((train_loss, valid_loss))
        state.seconds += time.monotonic() - started
        if valid_loss < state.best_loss or not objective.validates:
            state.best_loss, state.best_epoch = valid_loss, state.epoch
            for name, value in tensors.average.items():
                tensors.best[name].copy_(value)
        write_checkpoint(path, state, tensors, identity)
        report = _report(recipe, state, state.epoch, state.step / steps, train_loss)
        if watching is not None:
            report = yield from _look(recipe, net, watching, report)
        yield report

    _load(net, tensors.best)
    objective.finish(net)
    about = {"precision": precision, "torch": torch.__version__}
    return TrainedWeights(net.cpu(), state, about)


def _is_over(recipe: Recipe, state: RunState) -> bool:
    return recipe.objective.validates and state.epoch - state.best_epoch >= recipe.patience


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """In each stage a linear warm-up to the peak, then half a cosine to zero."""
    ends = [round(end * steps) for end in recipe.objective.stages]
    stage = next((i for i, end in enumerate(ends) if step < end), len(ends) - 1)
    first = ends[stage - 1] if stage else 0
    step, steps = step - first, ends[stage] - first
    warmup = max(1, round(recipe.warmup * steps))
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return recipe.learning_rate * 0.5 * (1.0 + math.cos(math.pi * done))


def _check_fit(recipe: Recipe, data: DataSet) -> None:
    wanted = recipe.objective.image
    if data.image != wanted:
        raise UserError(
            f"{recipe.name} trains on images of {wanted.height} x {wanted.width} pixels and "
            f"{wanted.channels} channels, but {data.name} has {data.image.height} x "
            f"{data.image.width} and {data.image.channels}; train on {recipe.data}."
        )
    if len(data) < recipe.holdout + recipe.batch:
        raise UserError(
            f"{data.name} has {len(data)} samples, and {recipe.name} needs at least "
            f"{recipe.holdout + recipe.batch}; train on {recipe.data}."
        )


def _read(
    recipe: Recipe, data: DataSet, state: RunState
) -> Generator[TrainingProgress, None, _Samples]:
    """All samples in memory; some data sets draw each image when it is asked for."""
    image = data.image
    images = np.empty((len(data), image.height, image.width, image.channels), np.uint8)
    reported = time.monotonic()
    for start in range(0, len(data), _READ_AT_ONCE):
        rows = np.arange(start, min(start + _READ_AT_ONCE, len(data)), dtype=np.int64)
        images[rows] = data.images(rows)
        if time.monotonic() - reported >= _PROGRESS_SECONDS:
            reported = time.monotonic()
            report = _report(recipe, state, state.epoch + 1, state.epoch / recipe.epochs, None)
            text = f"Reading {data.name}: {start + len(rows):,} of {len(data):,}"
            yield replace(report, text=text)
    return _Samples(torch.from_numpy(images), recipe.objective.targets(data))


def _start(recipe: Recipe, device: str) -> RunTensors:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        net = recipe.objective.build()
    net = net.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    groups = recipe.objective.parameter_groups(net, recipe.learning_rate)
    for group in groups:
        group["peak_lr"] = group["lr"]
    optimizer = torch.optim.AdamW(
        groups, recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    average = {name: p.detach().clone() for name, p in net.named_parameters()}
    best = {name: p.detach().clone() for name, p in net.named_parameters()}
    return RunTensors(net, optimizer, average, best)


def _unit(images: Tensor, device: str) -> Tensor:
    """(n, h, w, c) uint8 to (n, c, h, w) float32 in 0..1; in memory it stays channels_last."""
    return images.to(device).float().div_(255.0).permute(0, 3, 1, 2)


def _look(
    recipe: Recipe, net: Any, images: Tensor, report: TrainingProgress
) -> Generator[TrainingProgress, None, TrainingProgress]:
    """The report with the images' latents; it is yielded without them in between."""
    parts: list[Latents] = []
    for part in torch.split(images, _VALIDATION_BATCH):
        if parts:
            yield report
        parts.append(_latents(recipe, net, part))
    return replace(report, latents=np.concatenate(parts))


def _latents(recipe: Recipe, net: Any, images: Tensor) -> Latents:
    with torch.no_grad():
        latents: Latents = recipe.objective.latents(net, images).float().cpu().numpy()
    return latents


def _average(tensors: RunTensors, decay: float, step: int) -> None:
    """Polyak averaging; the decay grows with the steps so that the start is forgotten."""
    keep = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        torch._foreach_lerp_(
            list(tensors.average.values()), list(tensors.net.parameters()), 1.0 - keep
        )


def _validate(
    recipe: Recipe, tensors: RunTensors, samples: _Samples, rows: Tensor, done: float, device: str
) -> float:
    """The held-out images' mean loss by the averaged weights; the same noise at every call."""
    net = tensors.net
    trained = {name: p.detach().clone() for name, p in net.named_parameters()}
    _load(net, tensors.average)
    generator = torch.Generator().manual_seed(recipe.seed)
    total = 0.0
    with torch.no_grad():
        for part in torch.split(rows, _VALIDATION_BATCH):
            batch = samples.batch(part, generator, done, device)
            total += float(recipe.objective.validation(net, batch).sum())
    _load(net, trained)
    return total / len(rows)


def _load(net: nn.Module, weights: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.copy_(weights[name])


def _report(
    recipe: Recipe, state: RunState, epoch: int, fraction: float, train: float | None
) -> TrainingProgress:
    unit = recipe.objective.unit
    valid = state.history[-1][1] if state.history else None
    text = f"Epoch {epoch} of {recipe.epochs}"
    if train is not None:
        text += f": training loss {train:.4g}"
        text += f" {unit}" if valid is None else f", validation {valid:.4g} {unit}"
    return TrainingProgress(
        epoch, recipe.epochs, fraction, text, train, valid, unit, tuple(state.history)
    )
