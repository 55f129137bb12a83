"""Autoencoder, classifier, GAN and latent diffusion: trained, opened, asked, refused."""

import dataclasses
import json
import math
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import (
    Classifier,
    DataSet,
    Diffusion,
    Discriminator,
    Invertible,
    Layered,
    Model,
)
from latentviewer.engine.loading import model_card, open_model
from latentviewer.engine.measuring import measure
from latentviewer.engine.networks.adversarial import GanConfig, GanNet
from latentviewer.engine.networks.attributes import Attribute
from latentviewer.engine.networks.classifying import ClassifierConfig
from latentviewer.engine.networks.convolutional import ConvConfig
from latentviewer.engine.networks.diffusion import DiffusionConfig, signal_and_noise
from latentviewer.engine.training.objective import Batch, Objective
from latentviewer.engine.training.objectives.autoencoder import AutoencoderObjective
from latentviewer.engine.training.objectives.classifier import ClassifierObjective
from latentviewer.engine.training.objectives.diffusion import DiffusionObjective
from latentviewer.engine.training.objectives.gan import GanObjective
from latentviewer.engine.training.recipes import recipe_named
from latentviewer.engine.training.recipes.recipe import Recipe
from latentviewer.engine.training.run import train
from latentviewer.engine.training.trainer import TrainingProgress, fit, learning_rate

Blobs = Callable[[int], DataSet]

NETWORK = ConvConfig(
    height=8, width=8, channels=1, latent_dim=3, widths=(4, 4), blocks=(1, 0),
    bottleneck_channels=2, hidden=8,
)  # fmt: skip
LABEL = Attribute("label", tuple("0123456789"), "label")
OBJECTIVES: dict[str, Objective] = {
    "autoencoder": AutoencoderObjective(NETWORK, latent_decay=1e-3),
    "classifier": ClassifierObjective(
        ClassifierConfig(8, 8, 1, (4, 4), (0, 1), 6, (LABEL,)), softened=0.5, smoothing=0.1
    ),
    "gan": GanObjective(
        GanConfig(NETWORK, (4, 4), (0, 0), 8),
        autoencoder_share=0.5,
        pixel_std=0.1,
        recognition=0.5,
        penalty=1.0,
        penalty_share=0.25,
        discriminator_rate=1.0,
    ),
    "diffusion": DiffusionObjective(
        DiffusionConfig(8, 8, 1, 2, (4,), (1,), 8, 1, (LABEL,), 0.1),
        autoencoder_share=0.5,
        beta=0.1,
    ),
}
FAMILIES = pytest.mark.parametrize("kind", OBJECTIVES)


@pytest.fixture
def recipe_of(tiny_recipe: Recipe) -> Callable[[str], Recipe]:
    return lambda kind: dataclasses.replace(
        tiny_recipe, name=f"tiny-{kind}", objective=OBJECTIVES[kind]
    )


@pytest.fixture
def opened(
    recipe_of: Callable[[str], Recipe], blobs: Blobs, tmp_path: Path
) -> Callable[[str], Any]:
    """A maker of tiny models, trained for a moment."""

    def make(kind: str) -> Model:
        folder = tmp_path / f"tiny-{kind}"
        to_the_end(train(recipe_of(kind), blobs(64), folder))
        return open_model(folder)

    return make


def to_the_end(steps: Generator[Any, None, Any]) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def last_of(steps: Iterator[Any]) -> Any:
    *_, last = steps
    return last


def images(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 8, 8, 1), np.float32)


@FAMILIES
@pytest.mark.parametrize("epochs_before", [1, 2])
def test_a_run_stopped_in_any_stage_goes_on_with_the_same_curve(
    kind: str,
    epochs_before: int,
    recipe_of: Callable[[str], Recipe],
    blobs: Blobs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("latentviewer.engine.training.trainer._PROGRESS_SECONDS", 0.0)
    recipe = dataclasses.replace(recipe_of(kind), patience=9)
    whole = to_the_end(fit(recipe, blobs(64), tmp_path / "whole"))
    for report in (running := fit(recipe, blobs(64), tmp_path / "parts")):
        if report.epoch > epochs_before:
            break
    running.close()
    parts = to_the_end(fit(recipe, blobs(64), tmp_path / "parts"))
    assert parts.state.history == whole.state.history
    ours, theirs = parts.net.state_dict(), whole.net.state_dict()
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


@FAMILIES
def test_training_changes_every_weight_and_the_folder_opens(
    kind: str, recipe_of: Callable[[str], Recipe], blobs: Blobs, tmp_path: Path
) -> None:
    recipe = recipe_of(kind)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        before = recipe.objective.build().state_dict()
    result = to_the_end(train(recipe, blobs(64), tmp_path))
    after = load_file(tmp_path / "model.safetensors")
    assert after.keys() == before.keys()
    same = [name for name, value in before.items() if torch.equal(value, after[name])]
    assert not same
    assert result.card == model_card(tmp_path)
    readme = (tmp_path / "README.md").read_text("utf-8")
    assert f"`latentviewer train {recipe.name}`" in readme
    assert result.card.weights_hash in readme
    assert f"held-out images | {result.card.figures[recipe.objective.valid_figure]}" in readme


@FAMILIES
def test_the_watched_images_are_seen_as_training_goes_on(
    kind: str,
    recipe_of: Callable[[str], Recipe],
    blobs: Blobs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("latentviewer.engine.training.trainer._PROGRESS_SECONDS", 0.0)
    monkeypatch.setattr("latentviewer.engine.training.trainer._WATCH_SECONDS", 0.0)
    watched = blobs(12).images(np.arange(12))
    plain = to_the_end(fit(recipe_of(kind), blobs(64), tmp_path / "plain"))
    seen: list[TrainingProgress] = []
    watching = fit(recipe_of(kind), blobs(64), tmp_path / "watched", watched=watched)
    while True:
        try:
            seen.append(next(watching))
        except StopIteration as stop:
            trained = stop.value
            break
    latents = [report.latents for report in seen if report.latents is not None]
    assert len(latents) > 3
    assert {x.shape for x in latents} == {(12, latents[0].shape[1])}
    assert not np.array_equal(latents[0], latents[-1])
    # Looking changes nothing.
    assert trained.state.history == plain.state.history


def test_each_stage_has_a_learning_rate_of_its_own(recipe_of: Callable[[str], Recipe]) -> None:
    rates = np.array([learning_rate(recipe_of("diffusion"), step, 100) for step in range(100)])
    peak = recipe_of("diffusion").learning_rate
    for stage in (rates[:50], rates[50:]):
        assert stage.max() == pytest.approx(peak)
        assert stage[-1] < 0.02 * peak


@pytest.mark.parametrize(
    ("kind", "lacks"),
    [
        ("autoencoder", ["sample"]),
        ("classifier", ["decode", "sample"]),
        ("gan", ["encode"]),
        ("diffusion", []),
    ],
)
def test_what_a_family_cannot_do_is_refused_in_a_sentence(
    kind: str, lacks: list[str], opened: Callable[[str], Any]
) -> None:
    model = opened(kind)
    assert {"encode", "decode", "sample"} - model.card.capabilities == set(lacks)
    calls: dict[str, Callable[[], object]] = {
        "encode": lambda: model.encode(images(1)),
        "decode": lambda: model.decode(np.zeros((1, model.card.latent_dim), np.float32)),
        "sample": lambda: model.sample(1, 0),
    }
    for name, call in calls.items():
        if name in lacks:
            with pytest.raises(UserError, match=f"tiny-{kind} has no "):
                call()
        else:
            call()


@pytest.mark.parametrize("count", [0, 1, 513])
def test_an_autoencoder_takes_any_number_of_images(
    count: int, opened: Callable[[str], Any]
) -> None:
    model = opened("autoencoder")
    latents = model.encode(images(count))
    assert latents.std is None
    assert latents.mean.shape == (count, 3)
    assert model.decode(latents.mean).shape == (count, 8, 8, 1)


def test_a_classifier_tells_probabilities_and_the_features_of_each_layer(
    opened: Callable[[str], Any],
) -> None:
    model = opened("classifier")
    assert isinstance(model, Classifier)
    assert isinstance(model, Layered)
    assert model.classes == {"label": tuple("0123456789")}
    p = model.probabilities(images(5))["label"]
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-5)
    assert p.shape == (5, 10)
    assert model.layers == ("level1", "level2", "dense")
    shapes = [model.features(images(5), layer).shape for layer in model.layers]
    assert shapes == [(5, 4), (5, 4), (5, 6)]
    np.testing.assert_array_equal(model.encode(images(5)).mean, model.features(images(5), "dense"))
    with pytest.raises(UserError, match="no layer “logits”; choose level1 or level2 or dense"):
        model.features(images(1), "logits")


def test_a_classifier_learns_what_its_column_says(
    recipe_of: Callable[[str], Recipe], blobs: Blobs, tmp_path: Path
) -> None:
    """Blobs left or right of the middle, told by a number that is cut there."""
    data = blobs(400)
    pixels = data.images(np.arange(400)).astype(float)[..., 0]
    centre = (pixels.sum(axis=1) * np.arange(8)).sum(axis=1) / pixels.sum(axis=(1, 2))

    from latentviewer.domain.table import Numbers

    @dataclasses.dataclass(frozen=True, eq=False)
    class Placed:
        name = "placed"
        image = data.image
        columns = {"centre": Numbers(centre)}  # noqa: RUF012

        def __len__(self) -> int:
            return 400

        def images(self, rows: np.ndarray) -> np.ndarray:
            return data.images(rows)

    side = Attribute("side", ("left", "right"), "centre", 3.5)
    objective = ClassifierObjective(
        ClassifierConfig(8, 8, 1, (8, 8), (0, 0), 16, (side,)), softened=0.0, smoothing=0.0
    )
    recipe = dataclasses.replace(
        recipe_of("classifier"), objective=objective, epochs=20, patience=20
    )
    to_the_end(train(recipe, Placed(), tmp_path))
    figures = measure(open_model(tmp_path), Placed())
    assert figures["balanced_accuracy"] > 0.9
    assert figures["by_question"]["side"] == pytest.approx(figures["balanced_accuracy"], abs=1e-4)


@pytest.mark.parametrize(
    ("attribute", "reason"),
    [
        (Attribute("x", ("a", "b"), "mood"), "no column “mood”"),
        (Attribute("x", tuple("012345678"), "label"), "has “9”"),
        (Attribute("x", ("a", "b"), "label", 0.5), "must hold numbers"),
    ],
)
def test_a_column_that_does_not_fit_is_named(
    attribute: Attribute, reason: str, blobs: Blobs, recipe_of: Callable[[str], Recipe],
    tmp_path: Path,
) -> None:  # fmt: skip
    objective = ClassifierObjective(
        ClassifierConfig(8, 8, 1, (4, 4), (0, 1), 6, (attribute,)), softened=0.5, smoothing=0.1
    )
    recipe = dataclasses.replace(recipe_of("classifier"), objective=objective)
    with pytest.raises(UserError, match=reason):
        to_the_end(train(recipe, blobs(64), tmp_path))


def test_a_discriminator_s_score_does_not_depend_on_the_batch(
    opened: Callable[[str], Any],
) -> None:
    model = opened("gan")
    assert isinstance(model, Discriminator)
    scores = model.score(images(600))
    np.testing.assert_allclose(model.score(images(600)[-1:]), scores[-1:], atol=1e-4)
    assert scores.shape == (600,)


def test_a_new_generator_s_pictures_depend_on_the_latents() -> None:
    """Where biases outweigh the latent at first, all pictures are one and may stay so."""
    recipe = recipe_named("faces-gan")
    assert isinstance(recipe, Recipe)
    torch.manual_seed(0)
    net = recipe.objective.build()
    assert isinstance(net, GanNet)
    latents = torch.randn(64, net.config.latent_dim, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        made = net.generate(latents)
    assert made.std(dim=0).mean() > 0.25 * made.std()


def test_neither_player_s_loss_reaches_the_other(blobs: Blobs) -> None:
    objective = OBJECTIVES["gan"]
    assert isinstance(objective, GanObjective)
    torch.manual_seed(0)
    net = objective.build()
    pixels = torch.from_numpy(images(8)).permute(0, 3, 1, 2)
    batch = Batch(pixels, {}, torch.Generator().manual_seed(0), 0.75)
    objective.loss(net, batch).backward()
    together = {name: p.grad.clone() for name, p in net.named_parameters() if p.grad is not None}
    assert together.keys() == dict(net.named_parameters()).keys()
    # Each player alone, by the textbook, with the other one held still.
    latents = Batch(pixels, {}, torch.Generator().manual_seed(0), 0.0).noise(3)
    made = net.generate(latents)

    def surprise(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
        guess = torch.distributions.Normal(mean, (0.5 * log_variance).exp())
        return -(guess.log_prob(latents) + 0.5 * math.log(2 * math.pi)).mean()

    softplus = torch.nn.functional.softplus
    real = net.discriminator(pixels)
    score, *guess = net.discriminator.judge(made)
    of_generator = torch.autograd.grad(
        softplus(real - score).mean() + 0.5 * surprise(*guess), list(net.generator.parameters())
    )
    steepness = torch.zeros(())
    for some in (pixels[:2].clone(), made[:2].detach()):
        (slope,) = torch.autograd.grad(
            net.discriminator(some.requires_grad_(True)).sum(), some, create_graph=True
        )
        steepness = steepness + slope.square().flatten(1).sum(dim=1).mean()
    fake, *guess = net.discriminator.judge(made.detach())
    pairs = softplus(fake - real).mean() + 0.5 * surprise(*guess) + 0.5 * steepness
    # The score's bias learns from scores of one picture, which alone depend on it.
    alone = softplus(-real).mean() + softplus(fake).mean()
    of_discriminator = [
        torch.autograd.grad(alone if name == "score.bias" else pairs, parameter, retain_graph=True)[
            0
        ]
        for name, parameter in net.discriminator.named_parameters()
    ]
    expected = [*of_generator, *of_discriminator]
    for (name, _), gradient in zip(net.named_parameters(), expected, strict=True):
        torch.testing.assert_close(together[name], gradient, msg=name)


def test_inversion_finds_the_latent_of_a_made_image(
    opened: Callable[[str], Any], tmp_path: Path
) -> None:
    opened("gan")
    path = tmp_path / "tiny-gan" / "model.safetensors"
    generator = torch.Generator().manual_seed(5)  # of weights that make lively images
    weights = {k: torch.randn(v.shape, generator=generator) for k, v in load_file(path).items()}
    save_file({k: 0.4 * v for k, v in weights.items()}, path)
    model: Any = open_model(tmp_path / "tiny-gan")
    assert isinstance(model, Invertible)
    wanted = model.decode(model.sample(4, seed=11))
    steps = list(model.inverting(wanted, steps=120, seed=0))
    errors = np.stack([step.errors for step in steps])
    assert (np.diff(errors, axis=0) <= 0).all()
    assert errors[-1].sum() < 0.5 * errors[0].sum()
    made = np.square(model.decode(steps[-1].latents) - wanted).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(made, errors[-1], rtol=1e-3, atol=1e-7)
    again = last_of(model.inverting(wanted, steps=120, seed=0))
    np.testing.assert_array_equal(again.latents, steps[-1].latents)
    with pytest.raises(UserError, match="8 x 8 pixels"):
        next(model.inverting(np.zeros((1, 9, 9, 1), np.float32), steps=1, seed=0))


def test_inversion_begins_where_the_discriminator_guesses_well(
    opened: Callable[[str], Any], tmp_path: Path
) -> None:
    model = opened("gan")
    path = tmp_path / "tiny-gan" / "model.safetensors"
    far = np.array([[4.0, -4.0, 4.0]], np.float32)  # where no sample of the prior is near
    wanted = model.decode(far)
    weights = load_file(path)
    weights["discriminator.guess.weight"] *= 0
    weights["discriminator.guess.bias"][:3] = torch.from_numpy(far[0])
    save_file(weights, path)
    first = next(open_model(tmp_path / "tiny-gan").inverting(wanted, steps=1, seed=0))  # type: ignore[attr-defined]
    np.testing.assert_array_equal(first.latents, far)
    weights["discriminator.guess.bias"][:3] *= 100
    save_file(weights, path)
    first = next(open_model(tmp_path / "tiny-gan").inverting(wanted, steps=1, seed=0))  # type: ignore[attr-defined]
    assert np.abs(first.latents).max() < 5  # a bad guess is not used


def test_the_same_noise_gives_the_same_image_and_another_class_another(
    opened: Callable[[str], Any],
) -> None:
    model = opened("diffusion")
    assert isinstance(model, Diffusion)
    noise = model.noise(3, seed=1)
    np.testing.assert_array_equal(noise, model.noise(3, seed=1))
    steps = list(model.denoising(noise, 5, 2.0, {"label": "3"}))
    assert [step.step for step in steps] == list(range(6))
    assert [step.time for step in steps] == pytest.approx([1, 0.8, 0.6, 0.4, 0.2, 0])
    np.testing.assert_array_equal(steps[0].latents, noise)
    # At the end nothing is left to take away.
    np.testing.assert_allclose(steps[-1].latents, steps[-1].expected, atol=1e-5)
    assert model.decode(steps[-1].latents).shape == (3, 8, 8, 1)
    again = last_of(model.denoising(noise, 5, 2.0, {"label": "3"}))
    np.testing.assert_array_equal(again.latents, steps[-1].latents)


def test_guidance_reaches_from_nothing_asked_to_overdoing_it(
    opened: Callable[[str], Any],
) -> None:
    model = opened("diffusion")
    noise = model.noise(2, seed=1)

    def made(guidance: float, condition: dict[str, str]) -> np.ndarray:
        return last_of(model.denoising(noise, 1, guidance, condition)).latents

    free, asked = made(1.0, {}), made(1.0, {"label": "3"})
    np.testing.assert_allclose(made(0.0, {"label": "3"}), free, atol=1e-5)
    assert np.abs(asked - free).max() > 1e-6
    # One step is linear in the velocity.
    np.testing.assert_allclose(made(3.0, {"label": "3"}), free + 3 * (asked - free), atol=1e-4)


def test_noise_that_is_found_makes_the_image_again(opened: Callable[[str], Any]) -> None:
    model = opened("diffusion")
    latents = model.encode(images(3)).mean
    condition = {"label": "7"}
    found = last_of(model.renoising(latents, 40, condition))
    assert found.time == 1.0
    made = last_of(model.denoising(found.latents, 40, 1.0, condition)).latents
    spread = latents.std()
    assert np.sqrt(np.square(made - latents).mean()) < 0.05 * spread
    # Any other noise makes another image.
    other = last_of(model.denoising(model.noise(3, 0), 40, 1.0, condition)).latents
    assert np.sqrt(np.square(other - latents).mean()) > 0.5 * spread


def test_denoising_begins_with_half_noised_data(opened: Callable[[str], Any]) -> None:
    model = opened("diffusion")
    noise, data = model.noise(2, 0), model.encode(images(2)).mean
    steps = list(model.denoising(noise, 4, 1.0, {}, data=data, since=0.5))
    # Signal and noise of a time of a half are equally strong.
    np.testing.assert_allclose(steps[0].latents, np.sqrt(0.5) * (data + noise), atol=1e-5)
    np.testing.assert_array_equal(steps[0].expected, data)
    assert [step.time for step in steps] == pytest.approx([0.5, 0.375, 0.25, 0.125, 0])
    # From almost no noise the data come back.
    *_, last = model.denoising(noise, 2, 1.0, {}, data=data, since=0.001)
    np.testing.assert_allclose(last.latents, data, atol=0.05)
    with pytest.raises(ValueError, match=r"0\.5"):
        next(model.denoising(noise, 4, 1.0, {}, since=0.5))
    with pytest.raises(ValueError, match="begin at time 0"):
        next(model.denoising(noise, 4, 1.0, {}, data=data, since=0.0))


def test_what_is_known_of_a_sample_is_what_it_would_be_asked_for(
    opened: Callable[[str], Any],
) -> None:
    model = opened("diffusion")
    assert model.condition_of({"label": "3", "other": 1.0}) == {"label": "3"}
    assert model.condition_of({"label": ""}) == {}
    assert model.condition_of({}) == {}
    config = dataclasses.replace(
        model._net.config, conditions=(Attribute("mood", ("sad", "glad"), "smile", 0.5),)
    )
    model._net.config = config
    moods = [model.condition_of({"smile": value}).get("mood") for value in (0.2, 0.5, np.nan)]
    assert moods == ["sad", "glad", None]


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"mood": "sad"}, "cannot be asked for “mood”; it knows label"),
        ({"label": "ten"}, "not “ten”"),
    ],
)
def test_a_condition_that_is_not_known_is_refused(
    condition: dict[str, str], reason: str, opened: Callable[[str], Any]
) -> None:
    model = opened("diffusion")
    with pytest.raises(UserError, match=reason):
        next(model.denoising(model.noise(1, 0), 4, 1.0, condition))
    with pytest.raises(UserError, match="0 steps"):
        next(model.denoising(model.noise(1, 0), 0, 1.0, {}))
    with pytest.raises(UserError, match="takes latents of 32 dimensions"):
        next(model.denoising(np.zeros((1, 7), np.float32), 4, 1.0, {}))


def test_signal_and_noise_share_the_variance() -> None:
    signal, noise = signal_and_noise(torch.linspace(0, 1, 11))
    torch.testing.assert_close(signal.square() + noise.square(), torch.ones(11))
    assert (signal.diff() < 0).all()
    assert (float(noise[0]), float(signal[0])) == (0.0, 1.0)


@FAMILIES
def test_configs_survive_json_and_name_what_is_wrong(
    kind: str, recipe_of: Callable[[str], Recipe], blobs: Blobs, tmp_path: Path
) -> None:
    to_the_end(train(recipe_of(kind), blobs(64), tmp_path))
    path = tmp_path / "config.json"
    config = json.loads(path.read_text("utf-8"))
    for change, reason in (
        ({"depth": 3}, "“depth” is not known"),
        ({"widths": [0]}, "“widths” must be a whole number"),
    ):
        changed = {**config, "architecture": {**config["architecture"], **change}}
        path.write_text(json.dumps(changed))
        with pytest.raises(UserError, match=reason):
            open_model(tmp_path)


def test_a_judge_says_how_real_samples_look_and_whether_they_are_what_was_asked(
    opened: Callable[[str], Any], blobs: Blobs
) -> None:
    judge, gan = opened("classifier"), opened("gan")
    with pytest.raises(UserError, match="without a classifier of such images"):
        measure(gan, blobs(40))
    found = measure(gan, blobs(40), judge=judge)
    assert {"precision", "recall", "frechet_distance"} <= found.keys()
    assert (found["images"], found["generated"]) == (40, 5000)
    model = opened("diffusion")
    found = measure(model, blobs(40), judge=judge)
    assert {"mse", "psnr_db", "precision", "as_asked"} <= found.keys()
    # A thousand samples in ten classes, made and judged once more by hand.
    told = []
    for number, name in enumerate(LABEL.classes):
        steps = model.denoising(model.noise(100, number), 20, 2.0, {"label": name})
        p = judge.probabilities(model.decode(last_of(steps).latents))["label"]
        told.append((p.argmax(axis=1) == number).mean())
    assert found["as_asked"] == pytest.approx(np.mean(told))
    assert found["as_asked_by_condition"] == {"label": pytest.approx(np.mean(told), abs=1e-4)}


def test_the_card_tells_what_the_judge_found(
    opened: Callable[[str], Any], recipe_of: Callable[[str], Recipe], blobs: Blobs, tmp_path: Path
) -> None:
    judge, folder = opened("classifier"), tmp_path / "judged"
    to_the_end(train(recipe_of("gan"), blobs(64), folder, test_data=blobs(40), judge=judge))
    figures = model_card(folder).figures
    readme = (folder / "README.md").read_text("utf-8")
    for name in ("precision", "recall", "frechet_distance"):
        assert f"| {figures[f'test_{name}']} |" in readme
    assert "Kynkäänniemi" in readme


def test_a_wider_prior_is_written_into_the_weights() -> None:
    """A wider prior before is the standard one after, for pictures and for guesses alike."""
    objective = dataclasses.replace(OBJECTIVES["gan"], widening=1.75)  # type: ignore[type-var]
    assert isinstance(objective, GanObjective)
    torch.manual_seed(0)
    net = objective.build()
    latents = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
    pixels = torch.from_numpy(images(6)).permute(0, 3, 1, 2)
    with torch.no_grad():
        made = net.generate(1.75 * latents)
        score, mean, log_variance = net.discriminator.judge(pixels)
        objective.finish(net)
        again, *guess = net.discriminator.judge(pixels)
        torch.testing.assert_close(net.generate(latents), made)
    torch.testing.assert_close(again, score)
    torch.testing.assert_close(guess[0], mean / 1.75)
    torch.testing.assert_close(guess[1].exp().sqrt(), log_variance.exp().sqrt() / 1.75)


@FAMILIES
def test_the_kept_weights_are_finished(
    kind: str, recipe_of: Callable[[str], Recipe], blobs: Blobs, tmp_path: Path
) -> None:
    class Finished(type(OBJECTIVES[kind])):  # type: ignore[misc]
        def finish(self, net: torch.nn.Module) -> None:
            with torch.no_grad():
                for parameter in net.parameters():
                    parameter.zero_()

    objective = Finished(**vars(OBJECTIVES[kind]))
    recipe = dataclasses.replace(recipe_of(kind), objective=objective)
    trained = to_the_end(fit(recipe, blobs(64), tmp_path))
    assert all(not p.any() for p in trained.net.parameters())


def test_finished_weights_may_be_kept_in_half_the_space(
    recipe_of: Callable[[str], Recipe], blobs: Blobs, tmp_path: Path
) -> None:
    from safetensors.torch import load_file

    recipe = dataclasses.replace(recipe_of("autoencoder"), half_weights=True)
    to_the_end(train(recipe, blobs(64), tmp_path / "half"))
    kept = load_file(tmp_path / "half" / "model.safetensors")
    assert {tensor.dtype for tensor in kept.values()} == {torch.float16}
    assert "float16 in `model.safetensors`" in (tmp_path / "half" / "README.md").read_text()
    assert open_model(tmp_path / "half").encode(images(3)).mean.dtype == np.float32
