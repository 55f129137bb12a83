"""The training loop: seeded, resumable, stopped by the validation loss."""

import math
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet
from latentviewer.engine.adapters.conv_vae import ConvVaeNet, kl_nats, reconstruction_nats
from latentviewer.engine.training.checkpoint import (
    CHECKPOINT_NAME,
    RunState,
    RunTensors,
    read_checkpoint,
    write_checkpoint,
)
from latentviewer.engine.training.recipes import Recipe

_PROGRESS_SECONDS = 0.1
_VALIDATION_BATCH = 250


@dataclass(frozen=True)
class TrainingProgress:
    """One report of a run.

    Attributes:
        epoch: the epoch under way, from 1.
        epochs: how many there are at most.
        fraction: of the whole run, 0..1.
        text: one short sentence.
        train_loss: mean of the epoch so far, nats per image; None before the first step.
        valid_loss: of the last finished epoch, nats per image; None before the first.
    """

    epoch: int
    epochs: int
    fraction: float
    text: str
    train_loss: float | None
    valid_loss: float | None


@dataclass(frozen=True, eq=False)
class TrainedWeights:
    """What a run leaves.

    Attributes:
        net: the network with the best averaged weights, on the CPU.
        state: the run's history.
        precision: `bfloat16` or `float32`, of the arithmetic while training.
    """

    net: ConvVaeNet
    state: RunState
    precision: str


def fit(
    recipe: Recipe, data: DataSet, out: Path, *, device: str = "cpu", precision: str = "float32"
) -> Generator[TrainingProgress, None, TrainedWeights]:
    """Trains; goes on from the last finished epoch where `out` holds a checkpoint.

    Random numbers depend on the recipe's seed and the epoch only, so that a resumed run does
    what an uninterrupted one does.

    Args:
        data: its images are scaled from uint8 to 0..1.
        out: the folder of the checkpoint.
        precision: `bfloat16` computes the layers in it; weights and losses stay float32.

    Raises:
        UserError: the data do not fit the recipe, or the checkpoint is another run's.
    """
    images = _all_images(recipe, data)  # (n, c, h, w) uint8
    order = np.random.default_rng(recipe.seed).permutation(len(images))
    valid, train = images[order[: recipe.holdout]], images[order[recipe.holdout :]]
    steps_per_epoch = len(train) // recipe.batch
    steps = recipe.epochs * steps_per_epoch
    tensors = _start(recipe, device)
    net = tensors.net
    assert isinstance(net, ConvVaeNet)
    state = RunState(0, 0, 0, math.inf, 0.0, [])
    path = out / CHECKPOINT_NAME
    identity = {
        "recipe": recipe.as_json(),
        "data": data.name,
        "images": len(images),
        "precision": precision,
    }
    if path.exists():
        state = read_checkpoint(path, tensors, identity)

    while state.epoch < recipe.epochs and state.epoch - state.best_epoch < recipe.patience:
        # A sum of losses as a tensor: reading it at each step would wait for the device.
        total, reported, started = torch.zeros((), device=device), 0.0, time.monotonic()
        generator = torch.Generator().manual_seed(recipe.seed * 1_000_003 + state.epoch + 1)
        shuffled = torch.randperm(len(train), generator=generator)
        valid_loss = state.history[-1][1] if state.history else None
        for index in range(steps_per_epoch):
            rows = shuffled[index * recipe.batch : (index + 1) * recipe.batch]
            batch = _unit(train[rows], device)
            noise = torch.randn(
                (len(rows), recipe.architecture.latent_dim), generator=generator
            ).to(device)
            for group in tensors.optimizer.param_groups:
                group["lr"] = learning_rate(recipe, state.step, steps)
            beta = kl_weight(recipe, state.step, steps)
            loss = _loss(net, batch, noise, precision, beta)
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
                yield _report(recipe, state.epoch + 1, state.step / steps, mean, valid_loss)
        train_loss = float(total) / steps_per_epoch
        valid_loss = _validate(net, tensors, valid, recipe, device)
        if not math.isfinite(train_loss) or not math.isfinite(valid_loss):
            raise UserError(
                f"Training {recipe.name} left the numbers' range in epoch {state.epoch + 1}; "
                "train on the CPU, or on another device."
            )
        state.epoch += 1
        state.history.append((train_loss, valid_loss))
        state.seconds += time.monotonic() - started
        if valid_loss < state.best_loss:
            state.best_loss, state.best_epoch = valid_loss, state.epoch
            for name, value in tensors.average.items():
                tensors.best[name].copy_(value)
        write_checkpoint(path, state, tensors, identity)
        yield _report(recipe, state.epoch, state.step / steps, train_loss, valid_loss)

    _load(net, tensors.best)
    return TrainedWeights(net.cpu(), state, precision)


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """Linear warm-up to the peak, then half a cosine to zero."""
    warmup = max(1, round(recipe.warmup * steps))
    if step < warmup:
        return recipe.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    return recipe.learning_rate * 0.5 * (1.0 + math.cos(math.pi * done))


def kl_weight(recipe: Recipe, step: int, steps: int) -> float:
    """Grows from 0 to 1, so that latents are in use before the KL term prices them.

    Sønderby et al., "Ladder variational autoencoders" (2016), section 2.3.
    """
    warmup = recipe.kl_warmup * steps
    return min(1.0, step / warmup) if warmup > 0 else 1.0


def _all_images(recipe: Recipe, data: DataSet) -> Tensor:
    wanted = recipe.architecture.image
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
    images = data.images(np.arange(len(data), dtype=np.int64))
    planes: NDArray[np.uint8] = np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    return torch.from_numpy(planes)


def _start(recipe: Recipe, device: str) -> RunTensors:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        net = ConvVaeNet(recipe.architecture)
    net = net.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(
        net.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
    )
    average = {name: p.detach().clone() for name, p in net.named_parameters()}
    best = {name: p.detach().clone() for name, p in net.named_parameters()}
    return RunTensors(net, optimizer, average, best)


def _unit(images: Tensor, device: str) -> Tensor:
    scaled = images.to(device).float().div_(255.0)
    return scaled.contiguous(memory_format=torch.channels_last)


def _loss(net: ConvVaeNet, images: Tensor, noise: Tensor, precision: str, beta: float) -> Tensor:
    """Negative ELBO per image, one posterior sample, with `beta` times the KL term."""
    with torch.autocast(images.device.type, torch.bfloat16, enabled=precision == "bfloat16"):
        mean, log_variance = net.encode(images)
        logits = net.decode(mean + (0.5 * log_variance).exp() * noise)
    kl = kl_nats(mean, log_variance).sum(dim=1)
    return (reconstruction_nats(images, logits) + beta * kl).mean()


def _average(tensors: RunTensors, decay: float, step: int) -> None:
    """Polyak averaging; the decay grows with the steps so that the start is forgotten."""
    keep = min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        torch._foreach_lerp_(
            list(tensors.average.values()), list(tensors.net.parameters()), 1.0 - keep
        )


def _validate(
    net: ConvVaeNet, tensors: RunTensors, images: Tensor, recipe: Recipe, device: str
) -> float:
    """Negative ELBO per image of the averaged weights; the same noise at every call."""
    trained = {name: p.detach().clone() for name, p in net.named_parameters()}
    _load(net, tensors.average)
    generator = torch.Generator().manual_seed(recipe.seed)
    total = 0.0
    with torch.no_grad():
        for start in range(0, len(images), _VALIDATION_BATCH):
            batch = _unit(images[start : start + _VALIDATION_BATCH], device)
            shape = (len(batch), recipe.architecture.latent_dim)
            noise = torch.randn(shape, generator=generator).to(device)
            total += float(_loss(net, batch, noise, "float32", 1.0)) * len(batch)
    _load(net, trained)
    return total / len(images)


def _load(net: nn.Module, weights: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            parameter.copy_(weights[name])


def _report(
    recipe: Recipe, epoch: int, fraction: float, train: float, valid: float | None
) -> TrainingProgress:
    text = f"Epoch {epoch} of {recipe.epochs}: training loss {train:.2f}"
    if valid is not None:
        text += f", validation {valid:.2f} nats per image"
    return TrainingProgress(epoch, recipe.epochs, fraction, text, train, valid)
