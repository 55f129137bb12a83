"""Training: seeded, resumable, stopped by the validation loss, written as a model folder."""

import dataclasses
import json
import math
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet
from latentviewer.engine.adapters.conv_vae import ConvVae, ConvVaeConfig
from latentviewer.engine.loading import model_card, open_model
from latentviewer.engine.measuring import measure
from latentviewer.engine.training.objectives.vae import VaeObjective
from latentviewer.engine.training.recipes import RECIPES, recipe_named
from latentviewer.engine.training.recipes.recipe import Recipe
from latentviewer.engine.training.run import TrainingResult, train
from latentviewer.engine.training.trainer import (
    TrainingProgress,
    fit,
    learning_rate,
)

Blobs = Callable[[int], DataSet]
TRAINER = "latentviewer.engine.training.trainer"


def finished(steps: Generator[Any, None, Any]) -> tuple[list[TrainingProgress], Any]:
    reports = []
    while True:
        try:
            reports.append(next(steps))
        except StopIteration as stop:
            return reports, stop.value


def stopped_after(steps: Generator[TrainingProgress, None, Any], epochs: int) -> None:
    """Cancels a run between two epochs, or in the middle of the next one."""
    for report in steps:
        if report.epoch > epochs:
            break
    steps.close()


def same_weights(first: Path, second: Path) -> bool:
    one, two = (load_file(folder / "model.safetensors") for folder in (first, second))
    return one.keys() == two.keys() and all((one[k] == two[k]).all() for k in one)


def test_the_same_seed_gives_the_same_weights(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path
) -> None:
    recipe = dataclasses.replace(tiny_recipe, epochs=1)
    for name in ("a", "b"):
        finished(train(recipe, blobs(64), tmp_path / name))
    finished(train(dataclasses.replace(recipe, seed=1), blobs(64), tmp_path / "c"))
    assert same_weights(tmp_path / "a", tmp_path / "b")
    assert not same_weights(tmp_path / "a", tmp_path / "c")


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_resumed_run_gives_the_weights_of_an_uninterrupted_one(
    tiny_recipe: Recipe,
    blobs: Blobs,
    tmp_path: Path,
    precision: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "latentviewer.engine.training.run.training_precision", lambda device: precision
    )
    # Reports at every step, so that the run can be stopped within an epoch too.
    monkeypatch.setattr(f"{TRAINER}._PROGRESS_SECONDS", 0.0)
    recipe = dataclasses.replace(tiny_recipe, reduced_precision=True)
    finished(train(recipe, blobs(64), tmp_path / "whole"))
    parts = tmp_path / "parts"
    stopped_after(train(recipe, blobs(64), parts), epochs=1)
    assert not (parts / "model.safetensors").exists()
    stopped_after(train(recipe, blobs(64), parts), epochs=2)
    reports, result = finished(train(recipe, blobs(64), parts))
    assert reports[0].epoch == 3
    assert result.epochs == 3
    assert same_weights(tmp_path / "whole", parts)
    assert not list(parts.glob("*training*"))


def test_the_loss_falls_and_the_progress_rises(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path
) -> None:
    recipe = dataclasses.replace(tiny_recipe, epochs=12)
    reports, result = finished(train(recipe, blobs(200), tmp_path / "m", test_data=blobs(40)))
    losses = [r.valid_loss for r in reports if r.valid_loss is not None]
    assert losses[-1] < losses[0] - 1
    fractions = [r.fraction for r in reports]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] <= fractions[-1] <= 1
    assert reports[0].epochs == 12
    assert any("validation" in r.text for r in reports)
    assert isinstance(result, TrainingResult)


def test_the_folder_opens_and_its_card_tells_what_was_measured(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path
) -> None:
    folder = tmp_path / "tiny-vae"
    _, result = finished(train(tiny_recipe, blobs(64), folder, test_data=blobs(40)))
    assert sorted(p.name for p in folder.iterdir()) == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    model = open_model(folder)
    assert isinstance(model, ConvVae)
    assert model.card == result.card == model_card(folder)
    assert model.card.data == "blobs"
    measured = measure(model, blobs(40))
    assert model.card.figures["test_nelbo_nats"] == pytest.approx(measured["nelbo"], abs=1e-3)
    readme = (folder / "README.md").read_text("utf-8")
    assert f"{model.card.figures['test_nelbo_nats']} nats per image" in readme
    assert "latentviewer train tiny-vae --evaluate" in readme
    assert model.card.weights_hash in readme
    training = json.loads((folder / "config.json").read_text())["training"]
    assert (training["seed"], training["epochs_done"]) == (0, 3)


def test_training_stops_when_the_validation_loss_no_longer_falls(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([9.0, 5.0, 7.0, 6.0, 8.0])
    monkeypatch.setattr(f"{TRAINER}._validate", lambda *_: next(losses))
    # A schedule that does not depend on the number of epochs, to compare with a shorter run.
    monkeypatch.setattr(f"{TRAINER}.learning_rate", lambda *_: 1e-2)
    monkeypatch.setattr(VaeObjective, "kl_weight", lambda *_: 1.0)
    recipe = dataclasses.replace(tiny_recipe, epochs=20, patience=2)
    _, trained = finished(fit(recipe, blobs(64), tmp_path / "long"))
    assert (trained.state.epoch, trained.state.best_epoch) == (4, 2)
    assert trained.state.best_loss == 5.0
    losses = iter([9.0, 5.0])
    _, expected = finished(
        fit(dataclasses.replace(recipe, epochs=2), blobs(64), tmp_path / "short")
    )
    kept, best = trained.net.state_dict(), expected.net.state_dict()
    assert all((kept[key] == best[key]).all() for key in kept)


def test_a_loss_that_is_not_finite_stops_the_run_and_keeps_the_last_epoch(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses = iter([9.0, math.nan])
    monkeypatch.setattr(f"{TRAINER}._validate", lambda *_: next(losses))
    with pytest.raises(UserError, match="in epoch 2"):
        finished(fit(tiny_recipe, blobs(64), tmp_path))
    assert (tmp_path / "training.safetensors").exists()


def test_a_checkpoint_of_another_run_is_refused(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path
) -> None:
    stopped_after(fit(tiny_recipe, blobs(64), tmp_path), epochs=1)
    for recipe, data in (
        (dataclasses.replace(tiny_recipe, seed=9), blobs(64)),
        (tiny_recipe, blobs(65)),
    ):
        with pytest.raises(UserError, match="another recipe, other data"):
            next(fit(recipe, data, tmp_path))


def test_a_fresh_run_forgets_an_unfinished_one(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path
) -> None:
    stopped_after(fit(tiny_recipe, blobs(64), tmp_path / "a"), epochs=1)
    other = dataclasses.replace(tiny_recipe, seed=9, epochs=1)
    finished(train(other, blobs(64), tmp_path / "a", fresh=True))
    finished(train(other, blobs(64), tmp_path / "b"))
    assert same_weights(tmp_path / "a", tmp_path / "b")


def test_the_card_names_the_options_that_differ_from_the_recipe(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path
) -> None:
    changed = dataclasses.replace(tiny_recipe, name="digits-vae", epochs=1, seed=4)
    finished(train(changed, blobs(64), tmp_path))
    readme = (tmp_path / "README.md").read_text("utf-8")
    assert "`latentviewer train digits-vae --epochs 1 --seed 4`" in readme


@pytest.mark.parametrize("content", [b"", b"nothing", bytes(400)])
def test_a_damaged_checkpoint_is_refused(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "training.safetensors").write_bytes(content)
    with pytest.raises(UserError, match=r"training\.safetensors is damaged"):
        next(fit(tiny_recipe, blobs(64), tmp_path))


def test_a_checkpoint_cut_short_is_refused(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path
) -> None:
    stopped_after(fit(tiny_recipe, blobs(64), tmp_path), epochs=1)
    path = tmp_path / "training.safetensors"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(UserError, match="delete it to start again"):
        next(fit(tiny_recipe, blobs(64), tmp_path))


def test_a_finished_model_is_not_overwritten(
    tiny_recipe: Recipe, blobs: Blobs, tiny_folder: Path
) -> None:
    before = (tiny_folder / "model.safetensors").read_bytes()
    with pytest.raises(UserError, match="already holds a trained model"):
        next(train(tiny_recipe, blobs(64), tiny_folder))
    assert (tiny_folder / "model.safetensors").read_bytes() == before


def test_data_that_do_not_fit_are_refused(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="needs at least 32"):
        next(train(tiny_recipe, blobs(31), tmp_path))
    with pytest.raises(UserError, match="28 x 28 pixels"):
        next(train(recipe_named("mnist-vae"), blobs(64), tmp_path))


def test_a_folder_that_cannot_be_written_ends_in_a_sentence(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="could not be written"):
        finished(train(tiny_recipe, blobs(64), tmp_path / "file"))


def test_the_learning_rate_warms_up_and_ends_at_zero(tiny_recipe: Recipe) -> None:
    rates = np.array([learning_rate(tiny_recipe, step, 100) for step in range(101)])
    peak = tiny_recipe.learning_rate
    assert rates.max() == pytest.approx(peak)
    assert (np.diff(rates[:10]) > 0).all()
    assert (np.diff(rates[10:]) < 0).all()
    assert rates[100] == pytest.approx(0, abs=1e-9)


def test_the_kl_term_grows_to_its_full_weight(tiny_config: ConvVaeConfig) -> None:
    objective = VaeObjective(tiny_config, kl_warmup=0.5, beta=4.0)
    weights = [objective.kl_weight(done) for done in (0, 0.25, 0.5, 0.99)]
    assert weights == [0.0, 2.0, 4.0, 4.0]
    assert VaeObjective(tiny_config, kl_warmup=0.0).kl_weight(0) == 1.0


def test_the_recipe_decides_whether_precision_may_be_reduced(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "latentviewer.engine.training.run.training_precision", lambda device: "bfloat16"
    )
    for reduced, precision in ((False, "float32"), (True, "bfloat16")):
        recipe = dataclasses.replace(tiny_recipe, epochs=1, reduced_precision=reduced)
        folder = tmp_path / precision
        finished(train(recipe, blobs(64), folder))
        config = json.loads((folder / "config.json").read_text())
        assert config["training"]["precision"] == precision


def test_recipes_are_found_by_name() -> None:
    assert [recipe_named(r.name) for r in RECIPES] == list(RECIPES)
    json.dumps([r.as_json() for r in RECIPES])
    with pytest.raises(UserError, match=r"train mnist-vae, .* or "):
        recipe_named("celeba-vae")


def test_watched_images_are_reported_where_the_network_puts_them(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{TRAINER}._VALIDATION_BATCH", 16)
    watched = blobs(40).images(np.arange(40))
    recipe = dataclasses.replace(tiny_recipe, epochs=1, averaging=0.0)
    reports, trained = finished(fit(recipe, blobs(64), tmp_path, watched=watched))
    seen = [r.latents for r in reports if r.latents is not None]
    assert seen[0].shape == (40, 3)
    assert not np.array_equal(seen[0], seen[-1])
    # Without averaging the kept weights are those of the last step.
    images = torch.from_numpy(watched).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        expected = trained.net.encode(images)[0].numpy()
    np.testing.assert_allclose(seen[-1], expected, rtol=1e-4, atol=1e-5)
    # Between two parts something more urgent can be done.
    assert sum(r.latents is None and r.history != () for r in reports) == 2


def test_looking_at_large_images_takes_a_tenth_of_the_time(
    tiny_recipe: Recipe, blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]

    def tick() -> float:
        clock[0] += 0.1
        return clock[0]

    def slow(*_: object) -> Any:
        clock[0] += 10.0
        return np.zeros((4, 3), np.float32)

    monkeypatch.setattr(f"{TRAINER}.time.monotonic", tick)
    monkeypatch.setattr(f"{TRAINER}._latents", slow)
    recipe = dataclasses.replace(tiny_recipe, epochs=1, batch=1)
    watched = blobs(4).images(np.arange(4))
    reports, _ = finished(fit(recipe, blobs(2000), tmp_path, watched=watched))
    looks = sum(r.latents is not None for r in reports)
    # One at the start and one at the end; in between a look of 10 in each 100 seconds.
    assert clock[0] > 250
    assert 1 <= looks - 2 <= clock[0] / 100
