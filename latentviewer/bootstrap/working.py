"""The long work, as generators that yield progress: encode, train, project, export."""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability
from latentviewer.jobs.progress import Progress

if TYPE_CHECKING:
    from latentviewer.domain.ports import DataSet, Images, Model, Rasteriser
    from latentviewer.domain.space import Latents, Space

_DECODE_BATCH = 64


def rasteriser() -> Rasteriser:
    """The fast one, with its kernels loaded."""
    from latentviewer.kernels.rasteriser import NumbaRasteriser

    made = NumbaRasteriser()
    made.warm()
    return made


def encode(
    model: Model, data: DataSet, batch: int = 256, limit: int | None = None
) -> Generator[Progress, None, Space]:
    """Encodes a data set into a space with its labels and provenance."""
    from latentviewer.engine.encoding import encode_data

    return encode_data(model, data, batch=batch, limit=limit)


def recipes() -> tuple[str, ...]:
    """Names that `train` takes."""
    from latentviewer.engine.training.recipes import RECIPES

    return tuple(RECIPES)


def run_umap(
    latents: Latents,
    dims: int,
    seed: int | None,
    n_neighbors: int,
    min_dist: float,
    metric: str,
    report: Callable[[float | None, str], None],
) -> Latents:
    """UMAP in this process, (n, dims) float32."""
    from latentviewer.projection.umap_child import run_umap as run

    return run(
        latents,
        dims=dims,
        seed=seed,
        n_neighbors=n_neighbors,
        min_dist=min_dist,
        metric=metric,
        report=report,
    )


def decode_path(model: Model, latents: Latents) -> Generator[Progress, None, Images]:
    """Frames (f, h, w, c) of latents (f, d), in batches."""
    if Capability.DECODE not in model.card.capabilities:
        raise UserError(f"{model.card.name} has no decoder.")
    shape = model.card.image
    frames = np.empty((len(latents), shape.height, shape.width, shape.channels), np.float32)
    for start in range(0, len(latents), _DECODE_BATCH):
        part = slice(start, start + _DECODE_BATCH)
        frames[part] = model.decode(latents[part])
        yield Progress(min(start + _DECODE_BATCH, len(latents)) / len(latents) / 2, "decoding")
    return frames


def export_path(
    model: Model | None, latents: Latents, path: Path, frames_per_second: int
) -> Generator[Progress, None, Path]:
    """Decodes a path and writes it: .png strip, .gif, .mp4; .npy holds the latents."""
    from latentviewer.io.exports import export_frames, write_npy

    if path.suffix.lower() == ".npy":
        yield Progress(None, "writing")
        write_npy(latents, path)
        return path
    if model is None:
        raise UserError(f"{path.name} needs a decoder; name a .npy file to keep the latents.")
    frames = yield from decode_path(model, latents)
    yield from export_frames(frames, path, fps=frames_per_second)
    return path


def devices() -> list[dict[str, Any]]:
    """What torch can run on here."""
    from latentviewer.engine.devices import list_devices

    return list_devices()


def check_agreement(model: Model) -> dict[str, Any]:
    """Whether accelerator and CPU decode alike."""
    from latentviewer.engine.devices import check_agreement as check

    return check(model)


def evaluate(model: Model, data: DataSet) -> dict[str, float]:
    """Negative evidence lower bound and its parts, nats per image."""
    from latentviewer.engine.evaluation import evaluate_nelbo

    return evaluate_nelbo(model, data)


def train(name: str, data: DataSet, out: Path, **options: Any) -> Generator[Any, None, Any]:
    """Trains a recipe; see `latentviewer.engine.training`."""
    from latentviewer.engine.training.recipes import RECIPES
    from latentviewer.engine.training.trainer import train as run

    if name not in RECIPES:
        raise UserError(f"There is no recipe “{name}”; there are {', '.join(RECIPES)}.")
    return run(RECIPES[name], data, out, **options)
