"""Training for the window: where models go, what lies unfinished, and the live pictures."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import tempfile
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latentviewer.app.recipes import (
    RecipeOffer,
    Snapshot,
    TrainedModel,
    TrainingReport,
    TrainingRequest,
    UnfinishedRun,
)
from latentviewer.bootstrap.working import judge_of
from latentviewer.bundled import data_folder
from latentviewer.domain.errors import UnfinishedRunError, UserError
from latentviewer.jobs.progress import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from latentviewer.domain.ports import DataSet
    from latentviewer.domain.space import Latents, Space
    from latentviewer.domain.table import Column
    from latentviewer.engine.training.recipes import AnyRecipe

WATCHED = 1_500
"""Samples of the test set whose places are drawn while training goes on."""
_CHECKPOINT, _WEIGHTS = "training.safetensors", "model.safetensors"
_MOST_NAMES = 1_000


def models_of_user() -> Path:
    """The folder that models trained in the window go to, one folder each."""
    return data_folder() / "models"


def offers(folders: Sequence[Path]) -> tuple[RecipeOffer, ...]:
    """What can be trained, where it goes, and what lies unfinished.

    Args:
        folders: where data sets are looked for, first to last.
    """
    from latentviewer.engine.training.recipes import RECIPES

    return tuple(_offer(recipe, folders) for recipe in RECIPES)


def train_live(
    request: TrainingRequest, open_data: Callable[[str], DataSet]
) -> Generator[Progress, None, TrainedModel]:
    """Trains a recipe into the user's models and reports where watched samples lie.

    The partial result of each step is a `TrainingReport`.

    Raises:
        UnfinishedRunError: an unfinished run lies there that cannot be gone on with.
        UserError: no such recipe, its data are not here, or the folder cannot be written to.
    """
    yield Progress(None, "loading")
    from latentviewer.engine.devices import leave_a_core_to_the_window
    from latentviewer.engine.training.card import headline
    from latentviewer.engine.training.recipes import recipe_named
    from latentviewer.engine.training.run import train

    leave_a_core_to_the_window()
    recipe = recipe_named(request.recipe)
    folder, unfinished, _ = _place(recipe)
    recipe = _as_asked(recipe, request, unfinished, folder)
    data, measured = open_data(recipe.data), open_data(recipe.test_data)
    try:
        _check_writable(folder)
        yield Progress(None, f"reading {recipe.test_data}")
        rows = np.linspace(0, len(measured) - 1, min(len(measured), WATCHED)).astype(np.int64)
        watched = _table(measured, rows)
        seen = recipe.seen(measured)
        looked_at = measured.images(rows) if seen is None else seen[rows]
        # The first step loads what torch needs for training, which takes a while.
        yield Progress(None, "getting ready")
        steps = train(
            recipe,
            data,
            folder,
            test_data=measured,
            judge=judge_of(measured.name),
            fresh=request.afresh,
            watched=looked_at,
        )
        result = yield from _live(steps, folder, watched, request.after)
    finally:
        # A run that was stopped before anything was kept leaves nothing behind.
        with contextlib.suppress(OSError):
            folder.rmdir()
    return TrainedModel(
        folder=folder,
        name=folder.name,
        data=recipe.test_data,
        figure=headline(result.card.figures),
        epochs=result.epochs,
        best_epoch=result.best_epoch,
    )


def _live(
    steps: Generator[Any, None, Any], folder: Path, watched: Space, snapshot: Snapshot | None
) -> Generator[Progress, None, Any]:
    while True:
        try:
            step = next(steps)
        except StopIteration as stop:
            return stop.value
        done = len(step.history)
        within = step.epochs * step.fraction - done if step.epoch > done else 0.0
        position = done + min(max(within, 0.0), 1.0)
        if step.latents is not None and np.isfinite(step.latents).all():
            snapshot = _picture(step.latents, position, snapshot)
        report = TrainingReport(
            epoch=step.epoch,
            epochs=step.epochs,
            text=step.text,
            loss=step.train_loss,
            position=position,
            history=step.history,
            unit=step.unit,
            folder=folder,
            watched=watched,
            snapshot=snapshot,
        )
        # The losses stand in the tab; the status line has little room.
        brief = step.text.partition(":")[0] if step.text.startswith("Epoch") else step.text
        yield Progress(step.fraction, brief, report)


def _picture(latents: Latents, epoch: float, before: Snapshot | None) -> Snapshot:
    from latentviewer.domain.alignment import turned_to
    from latentviewer.projection.pca import fit_pca

    fitted = fit_pca(latents, 2)
    coordinates = fitted.coordinates
    if before is not None and before.coordinates.shape == coordinates.shape:
        coordinates = turned_to(coordinates, before.coordinates)
    return Snapshot(coordinates, epoch, float(fitted.explained.sum()))


def _table(data: DataSet, rows: NDArray[np.int64]) -> Space:
    """The columns of some samples, as a space whose latents mean nothing."""
    from latentviewer.domain.space import Space

    columns = {name: _rows_of(column, rows) for name, column in data.columns.items()}
    return Space(data.name, np.zeros((len(rows), 2), np.float32), columns=columns)


def _rows_of(column: Column, rows: NDArray[np.int64]) -> Column:
    from latentviewer.domain.table import Categories, Numbers, Texts

    if isinstance(column, Categories):
        return Categories(column.codes[rows], column.names)
    if isinstance(column, Numbers):
        return Numbers(column.values[rows])
    return Texts(tuple(column.values[row] for row in rows.tolist()))


def _offer(recipe: AnyRecipe, folders: Sequence[Path]) -> RecipeOffer:
    from latentviewer.io.datasets import is_here, known_name
    from latentviewer.io.known_sets import KNOWN_SETS

    folder, unfinished, finished = _place(recipe)
    away = next((d for d in (recipe.data, recipe.test_data) if not is_here(d, folders)), None)
    known = None if away is None else known_name(away)
    title = KNOWN_SETS[known].title if known is not None else away
    return RecipeOffer(
        name=recipe.name,
        title=recipe.title,
        data=recipe.data,
        epochs=recipe.epochs,
        seed=recipe.seed,
        folder=folder,
        finished=finished,
        missing=None if away is None else f"{title} is not on this machine.",
        fetch=known,
        unfinished=unfinished,
    )


def _place(recipe: AnyRecipe) -> tuple[Path, UnfinishedRun | None, Path | None]:
    """The folder to train in, the run that lies unfinished there, and a finished model beside.

    Finished models are left alone: the next goes to `name-2`, `name-3` and so on.
    """
    finished: Path | None = None
    for number in range(1, _MOST_NAMES):
        name = recipe.name if number == 1 else f"{recipe.name}-{number}"
        folder = models_of_user() / name
        if (folder / _CHECKPOINT).exists():
            return folder, _unfinished(recipe, folder / _CHECKPOINT), finished
        if (folder / _WEIGHTS).exists():
            finished = folder
        elif not _holds_something(folder):
            return folder, None, finished
    raise UserError(
        f"{models_of_user()} holds {_MOST_NAMES:,} models of {recipe.name}; move some away."
    )


def _holds_something(folder: Path) -> bool:
    """Whether it is there with files in it; what a crash left half written does not count."""
    try:
        return any(not entry.name.startswith(".") for entry in folder.iterdir())
    except FileNotFoundError:
        return False
    except OSError:
        # A file of that name, or a folder that may not be read.
        return folder.exists()


def _unfinished(recipe: AnyRecipe, checkpoint: Path) -> UnfinishedRun:
    from latentviewer.engine.training.checkpoint import read_run

    def lost(why: str) -> UnfinishedRun:
        return UnfinishedRun(0, recipe.epochs, recipe.seed, fault=f"{why}; start afresh.")

    try:
        state, identity = read_run(checkpoint)
    except UnfinishedRunError:
        return lost(f"{checkpoint} is damaged, so the run cannot go on from it")
    try:
        begun = identity["recipe"]
        epochs, seed = int(begun["epochs"]), int(begun["seed"])
    except (KeyError, TypeError, ValueError):
        begun, epochs, seed = None, recipe.epochs, recipe.seed
    if begun != _as_stored(dataclasses.replace(recipe, epochs=epochs, seed=seed)):
        return lost(f"The run in {checkpoint.parent} was begun by another recipe of that name")
    return UnfinishedRun(state.epoch, epochs, seed, tuple(state.history))


def _as_stored(recipe: AnyRecipe) -> Any:
    return json.loads(json.dumps(recipe.as_json()))


def _as_asked(
    recipe: AnyRecipe, request: TrainingRequest, unfinished: UnfinishedRun | None, folder: Path
) -> AnyRecipe:
    """The recipe with the epochs and the seed of the request, or of the run gone on with."""
    if unfinished is None or request.afresh:
        return dataclasses.replace(
            recipe,
            epochs=request.epochs or recipe.epochs,
            seed=recipe.seed if request.seed is None else request.seed,
        )
    if unfinished.fault is not None:
        raise UnfinishedRunError(unfinished.fault)
    for asked, there, what in (
        (request.epochs, unfinished.epochs, "epochs"),
        (request.seed, unfinished.seed, "seed"),
    ):
        if asked is not None and asked != there:
            raise UnfinishedRunError(
                f"The unfinished run in {folder} has another number of epochs or another seed "
                f"({what}: {there}, not {asked}); go on with its own, or start afresh."
            )
    return dataclasses.replace(recipe, epochs=unfinished.epochs, seed=unfinished.seed)


def _check_writable(folder: Path) -> None:
    """Refuses at the start what would fail after the first epoch only."""
    from latentviewer.io.failures import cannot_write

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise cannot_write(folder, error) from error
