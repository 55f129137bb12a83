"""The long work, as generators that yield progress: encode, train, project, export."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from latentviewer.bootstrap.catalogue import bundled_models, open_data, open_model
from latentviewer.bundled import models_folder
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability
from latentviewer.domain.space import NOTES
from latentviewer.domain.stepping import passed_on
from latentviewer.jobs.progress import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from latentviewer.app.services import LaidOut, LayoutRequest
    from latentviewer.domain.path import Path as LatentPath
    from latentviewer.domain.ports import DataSet, Images, Model, Rasteriser
    from latentviewer.domain.space import Latents, Space
    from latentviewer.engine.adapters.conv_classifier import ConvClassifier

T = TypeVar("T")

_DECODE_BATCH = 64


def rasteriser() -> Rasteriser:
    """The fast one, with its kernels loaded."""
    from latentviewer.kernels.rasteriser import NumbaRasteriser, warm

    warm()
    return NumbaRasteriser()


def encode(
    model: Model, data: DataSet, batch: int = 250, layer: str | None = None
) -> Generator[Progress, None, Space]:
    """Encodes a data set into a space with its labels, its errors and its provenance.

    Args:
        layer: of a classifier, instead of its last one.
    """
    from latentviewer.engine.encoding import encode_data, space_of

    if Capability.OBSERVE in model.card.capabilities:
        from latentviewer.engine.observing import observing_data

        observing = observing_data(model, data, reference_of(model), layer)
        return (yield from _with_progress(observing))
    data, note = _fitted(model, data)
    encoding = yield from _with_progress(encode_data(model, data, batch, layer))
    return _noted(space_of(encoding, model.card, data, reference_of(model), layer), note)


def sample(model: Model, count: int, **options: Any) -> Generator[Progress, None, Space]:
    """Draws samples of the model's prior into a space.

    Where a classifier of such images is bundled, it tells what each sample shows.

    Args:
        options: `seed`, `truncation`, `steps`, `guidance`, `condition`; see `engine.sampling`.
    """
    from latentviewer.engine.sampling import Asked, sampling

    card = model.card
    judge = None if card.data is None else judge_of(card.data)
    if judge is not None and judge.card.image != card.image:
        judge = None
    steps = sampling(model, Asked(count, **options), reference_of(model), judge=judge)
    return (yield from _with_progress(steps))


def invert(
    model: Model, data: DataSet, steps: int = 200, seed: int = 0
) -> Generator[Progress, None, Space]:
    """Searches latents for the samples of a data set, for a model without encoder."""
    from latentviewer.engine.sampling import inverting_data

    data, note = _fitted(model, data)
    searching = inverting_data(model, data, reference_of(model), steps=steps, seed=seed)
    return _noted((yield from _with_progress(searching)), note)


def adopt(name: str, weights: Path, out: Path, classes: Sequence[str] | None) -> Path:
    """Makes a model folder of a torchvision classifier's weights; see `engine.adopting`."""
    from latentviewer.engine.adopting import adopt_torchvision

    return adopt_torchvision(name, weights, out, classes)


def _fitted(model: Model, data: DataSet) -> tuple[DataSet, str | None]:
    """The data in the shape that the model takes, and a sentence where that changed them."""
    from latentviewer.io.fitted import fitted

    return fitted(data, model.card.image)


def _noted(space: Space, note: str | None) -> Space:
    if note is None:
        return space
    extra = {**space.provenance.extra, NOTES: [note]}
    provenance = dataclasses.replace(space.provenance, extra=extra)
    return dataclasses.replace(space, provenance=provenance)


def features(model: Model, data: DataSet, layer: str) -> Generator[Progress, None, Latents]:
    """A layer's features of a data set, (n, d of the layer) float32."""
    from latentviewer.engine.encoding import encode_data

    encoding = yield from _with_progress(encode_data(model, data, layer=layer))
    return encoding.mean


def reference_of(model: Model) -> str:
    """How a space names the model: a bundled name, or the folder's path."""
    path = Path(model.card.path)
    bundled = path.resolve().parent == models_folder().resolve()
    return model.card.name if bundled else model.card.path


def _with_progress(steps: Generator[Any, None, T]) -> Generator[Progress, None, T]:
    """The engine's own reports as the lanes' progress."""
    return passed_on(steps, lambda step: Progress(step.fraction, step.text, step))


def recipes() -> tuple[str, ...]:
    """Names that `train` takes."""
    from latentviewer.engine.training.recipes import RECIPES

    return tuple(recipe.name for recipe in RECIPES)


def test_data(recipe: str) -> str:
    """The data set that a recipe's figures are measured on."""
    from latentviewer.engine.training.recipes import recipe_named

    return recipe_named(recipe).test_data


def lay_out(request: LayoutRequest, report: Callable[[float | None, str], None]) -> LaidOut:
    """A map laid out in this process.

    Raises:
        UserError: the method cannot lay out these latents.
    """
    from latentviewer.app.services import LaidOut
    from latentviewer.projection.methods import METHODS_RUN
    from latentviewer.projection.neighbourhood import find_neighbourhood
    from latentviewer.projection.task import Task

    latents = np.ascontiguousarray(request.latents, np.float32)
    notes: list[str] = []
    task = Task(
        latents=latents,
        embedding=np.zeros((len(latents), request.dims), np.float32),
        options=request.options,
        neighbourhoods=lambda k, metric, told: find_neighbourhood(latents, k, metric, told),
        codes=request.codes,
        classes=request.classes,
        report=report,
        note=notes.append,
    )
    placed = METHODS_RUN[request.method]()(task)
    if not np.isfinite(task.embedding).all():
        raise UserError("The layout ran off to infinity; choose other options.")
    return LaidOut(task.embedding, placed.axes, placed.state, tuple(notes))


def noise_path(
    model: Model, space: Space, path: LatentPath, steps: int, condition: Mapping[str, str]
) -> Generator[Progress, None, tuple[Latents, NDArray[np.int64]]]:
    """Frames (f, d) of a path through the model's noise, and the frame of each waypoint.

    Raises:
        UserError: the model has no noise to go through, or cannot be asked for that.
    """
    from latentviewer.domain.noise_path import through_noise
    from latentviewer.domain.ports import Diffusion

    if space.holds_noise and path.noise:
        raise UserError(f"The latents of {space.name} are noise already; choose --mode slerp.")
    denoiser: object = model
    if not isinstance(denoiser, Diffusion):
        raise UserError(
            f"{model.card.name} has no noise to interpolate in; choose --mode linear or slerp."
        )
    come = None
    by_itself = space.holds_noise
    for come in through_noise(path, denoiser, steps, condition, from_noise=by_itself):
        yield Progress(come.fraction, come.text)
    assert come is not None and come.waypoint_frames is not None  # noqa: PT018
    return come.latents, come.waypoint_frames


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
    for step in export_frames(frames, path, frames_per_second):
        yield Progress(0.5 + (step.fraction or 0) / 2, step.text)
    return path


def devices() -> list[dict[str, Any]]:
    """What torch can run on here."""
    from latentviewer.engine.devices import list_devices

    return [{"name": device.name, "title": device.title} for device in list_devices()]


def check_agreement(reference: str, device: str = "cpu") -> dict[str, Any]:
    """Whether a device decodes as the processor does, one latent at a time."""
    from latentviewer.engine.devices import check_agreement as check

    result = check(open_model(reference), device)
    return {
        "device": result.device,
        "difference": result.difference,
        "tolerance": result.tolerance,
        "agrees": result.agrees,
    }


def evaluate(model: Model, data: DataSet) -> dict[str, Any]:
    """The figures of the model's family on a data set, by name.

    Raises:
        UserError: the data do not fit, or the family has none.
    """
    from latentviewer.engine.measuring import measure

    return measure(model, data, judge=judge_of(data.name))


def judge_of(data: str) -> ConvClassifier | None:
    """The bundled classifier of a data set's images, if there is one."""
    from latentviewer.engine.adapters.conv_classifier import ConvClassifier

    name = f"{data.partition(':')[0]}-classifier"
    # A data set may be a path; only a bundled name is meant here.
    found = open_model(name) if name in bundled_models() else None
    return found if isinstance(found, ConvClassifier) else None


def train(
    name: str,
    out: Path,
    *,
    data_folder: Path | None = None,
    epochs: int | None = None,
    seed: int | None = None,
    fresh: bool = False,
) -> Generator[Progress, None, Path]:
    """Trains a recipe into the folder `out`; goes on where an interrupted run stopped.

    Args:
        epochs, seed: instead of the recipe's own.
        fresh: whether to throw an interrupted run's state away.

    Raises:
        UserError: no such recipe, its data are not here, or `out` holds a finished model.
    """
    from latentviewer.engine.training.recipes import recipe_named
    from latentviewer.engine.training.run import train as run

    recipe = recipe_named(name)
    recipe = dataclasses.replace(
        recipe,
        epochs=recipe.epochs if epochs is None else epochs,
        seed=recipe.seed if seed is None else seed,
    )
    data = open_data(recipe.data, data_folder)
    measured = open_data(recipe.test_data, data_folder)
    options: dict[str, Any] = {
        "test_data": measured,
        "judge": judge_of(measured.name),
        "fresh": fresh,
    }
    result = yield from _with_progress(run(recipe, data, out, **options))
    return Path(result.folder)
