"""The mixture that sees a weight: opening, observing, fitting, measuring, and what it refuses."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.mixture import GaussianMixture

from latentviewer.bootstrap.working import encode
from latentviewer.bundled import models_folder
from latentviewer.domain.dimension_names import dimension_names
from latentviewer.domain.errors import UserError
from latentviewer.domain.first_samples import first_samples
from latentviewer.domain.map_note import map_note
from latentviewer.domain.observation import observation_of
from latentviewer.domain.ports import NO_IMAGE, Capability, ImageShape, Observing
from latentviewer.domain.space import Space
from latentviewer.domain.table import Categories, Column, Numbers
from latentviewer.engine.adapters.gaussian_mixture import GaussianMixtureModel
from latentviewer.engine.loading import open_model
from latentviewer.engine.measuring import measure
from latentviewer.engine.measuring.clusters import matched
from latentviewer.engine.training.recipes import recipe_named
from latentviewer.engine.training.recipes.mixture import MixtureRecipe
from latentviewer.engine.training.run import train
from latentviewer.io.bridge.data_set import BridgeData, open_bridge
from latentviewer.io.spaces import read_space

FOLDER = models_folder() / "bridge"


class Weighed:
    """Vehicles of given weights, and of types if they are told."""

    name = "weighed"
    image = ImageShape(4, 4, 1)

    def __init__(self, weights: Any, types: Categories | None = None) -> None:
        self.columns: dict[str, Column] = {"weight": Numbers(np.array(weights, np.float64))}
        if types is not None:
            self.columns["type"] = types

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def images(self, rows: np.ndarray) -> np.ndarray:
        raise AssertionError("a model that sees weights looked at a picture")


def opened(folder: Path = FOLDER) -> GaussianMixtureModel:
    model = open_model(folder)
    assert isinstance(model, GaussianMixtureModel)
    return model


def encoded(data: Any) -> Space:
    return end_of(encode(opened(), data))


def end_of(steps: Any) -> Any:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def recipe(**changes: Any) -> MixtureRecipe:
    found = recipe_named("bridge")
    assert isinstance(found, MixtureRecipe)
    return dataclasses.replace(found, **changes)


def test_the_posterior_is_what_scikit_learn_predicts() -> None:
    model = opened()
    mixture = model.observation.mixture
    peer = GaussianMixture(len(mixture.names), covariance_type="spherical")
    peer.weights_ = np.array(mixture.shares) / sum(mixture.shares)
    peer.means_ = np.array(mixture.means)[:, None]
    peer.covariances_ = np.square(mixture.deviations)
    peer.precisions_cholesky_ = 1 / np.array(mixture.deviations)
    weights = np.geomspace(0.05, 200, 400)
    x = np.log10(weights)[:, None]
    np.testing.assert_allclose(model.posterior(weights), peer.predict_proba(x), atol=1e-6)
    np.testing.assert_allclose(mixture.log_density(x[:, 0]), peer.score_samples(x), atol=1e-9)


def test_it_observes_and_does_nothing_else() -> None:
    model = opened()
    assert model.card.capabilities == {Capability.OBSERVE}
    assert isinstance(model, Observing)
    assert model.card.image == NO_IMAGE
    with pytest.raises(UserError, match="sees a weight, not images"):
        model.encode(np.zeros((1, 64, 64, 3), np.float32))
    with pytest.raises(UserError, match="no decoder"):
        model.decode(np.zeros((1, 5), np.float32))


def test_a_space_has_posteriors_names_columns_and_a_map() -> None:
    data = open_bridge("200")
    space = encoded(data)
    np.testing.assert_allclose(space.latent.sum(axis=1), 1.0, atol=1e-6)
    assert dimension_names(space) == ("motorcycle", "car", "van", "lorry", "articulated lorry")
    assert list(space.columns) == ["weight", "inferred type", "type", "probability", "entropy"]
    inferred, probability = space.columns["inferred type"], space.columns["probability"]
    assert isinstance(inferred, Categories)
    assert isinstance(probability, Numbers)
    np.testing.assert_array_equal(inferred.codes, space.latent.argmax(axis=1))
    np.testing.assert_allclose(probability.values, space.latent.max(axis=1))
    # The same name has the same colour in both columns.
    truth = space.columns["type"]
    assert isinstance(truth, Categories)
    assert inferred.names == truth.names
    note = map_note(space, "density_2d")
    assert [axis.title for axis in note.axes] == [
        "weight in t, log scale", "density"
    ]  # fmt: skip
    assert note.observed
    assert note.caption == "Only the weight is seen; the type is inferred."
    weight = space.columns["weight"]
    assert isinstance(weight, Numbers)
    x, y = space.maps["density_2d"].T
    np.testing.assert_allclose(x, np.log10(weight.values), atol=1e-6)
    observation = observation_of(space)
    assert observation is not None
    assert (y <= observation.mixture.density(x.astype(float)) + 1e-6).all()
    assert (y >= 0).all()


def test_one_vehicle_and_the_first_few_are_observed_too() -> None:
    assert len(encoded(Weighed([1.4]))) == 1
    space = encoded(first_samples(open_bridge(None), 7))
    assert len(space) == 7
    assert space.provenance.extra["first"] == 7


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        ([1.0, np.nan, 2.0], "holds no number in row 1, and bridge needs a number above 0"),
        ([1.0, 2.0, 0.0], "holds 0 in row 2"),
        ([-3.0, -1.0], "holds -3 in row 0 and 1 more rows"),
        ([np.inf], "holds inf in row 0"),
        ([], "holds no samples"),
    ],
)
def test_weights_that_are_none_are_refused_in_a_sentence(weights: list[float], said: str) -> None:
    with pytest.raises(UserError, match=said):
        encoded(Weighed(weights))


def test_a_data_set_without_weights_is_refused_in_a_sentence() -> None:
    data = Weighed([1.0])
    data.columns = {"weight": Categories(np.zeros(1, np.int32), ("heavy",))}
    with pytest.raises(UserError, match="must hold numbers"):
        encoded(data)
    data.columns = {"height": Numbers(np.ones(1))}
    with pytest.raises(UserError, match="weighed has no column “weight”, which is all that bridge"):
        end_of(encode(opened(), data))  # type: ignore[arg-type]
    with pytest.raises(UserError, match="no layers"):
        end_of(encode(opened(), Weighed([1.0]), layer="dense"))  # type: ignore[arg-type]


def damaged(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> Path:
    copy = folder / "bridge"
    shutil.copytree(FOLDER, copy)
    tensors = load_file(copy / "model.safetensors")
    change(tensors)
    save_file(tensors, copy / "model.safetensors")
    return copy


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("deviations", -0.1, "“deviations” holds -0.1 for “car”, and must be above 0"),
        ("deviations", 0.0, "“deviations” holds 0 for “car”"),
        ("shares", 0.9, "“shares” sum to 1.4"),
        ("shares", -0.2, "“shares” holds -0.2 for “car”"),
        ("means", float("nan"), "tensor “means” holds NaN"),
    ],
)
def test_damaged_tensors_are_refused_in_a_sentence(
    tmp_path: Path, name: str, value: float, said: str
) -> None:
    def change(tensors: dict[str, torch.Tensor]) -> None:
        tensors[name][1] = value

    with pytest.raises(UserError, match=said) as refusal:
        open_model(damaged(tmp_path, change))
    assert "model.safetensors" in str(refusal.value)


def test_tensors_of_another_number_of_classes_are_refused(tmp_path: Path) -> None:
    copy = damaged(tmp_path, lambda tensors: tensors.update(means=torch.zeros(4)))
    with pytest.raises(UserError, match=r"“means” has shape \(4,\)"):
        open_model(copy)
    config = json.loads((copy / "config.json").read_text())
    config["architecture"]["classes"] = ["car"]
    (copy / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="“classes” must be 2 to 64 names"):
        open_model(copy)


def test_the_same_seed_fits_the_same_mixture_and_it_is_near_the_truth(tmp_path: Path) -> None:
    data, test = BridgeData("bridge:train", 10_000, 22_000), open_bridge("2000")
    small = recipe(holdout=2_000, tolerance=1e-6)
    seen = list(train(small, data, tmp_path / "a", test_data=test))
    list(train(small, data, tmp_path / "b"))
    weights = [(tmp_path / name / "model.safetensors").read_bytes() for name in "ab"]
    assert weights[0] == weights[1]
    mixture = opened(tmp_path / "a").observation.mixture
    np.testing.assert_allclose(
        10 ** np.array(mixture.means), [0.30, 1.35, 2.60, 11.0, 26.0], rtol=0.12
    )
    np.testing.assert_allclose(mixture.shares, [0.08, 0.46, 0.20, 0.13, 0.13], atol=0.04)
    # Expectation-maximisation never makes the likelihood worse, and the report tells how far.
    losses = [loss for loss, _ in seen[-1].history]
    assert len(losses) > 3
    assert (np.diff(losses) <= 1e-12).all()
    fractions = [step.fraction for step in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] <= 1


def test_the_bundled_figures_are_what_is_measured_now() -> None:
    model = opened()
    figures, card = measure(model, open_bridge("test")), model.card.figures
    assert figures["observations"] == card["test_observations"] == 10_000
    for name in ("log_likelihood_nats", "type_accuracy", "adjusted_rand_index"):
        assert figures[name] == pytest.approx(card[f"test_{name}"], abs=1e-3), name
    assert figures["by_class"] == card["test_by_class"]
    readme = (FOLDER / "README.md").read_text("utf-8")
    assert f"`{model.card.weights_hash}`" in readme
    assert f"| {card['test_type_accuracy']} |" in readme
    assert "`latentviewer train bridge`" in readme
    assert "scikit-learn" in readme


def test_accuracy_is_as_good_as_overlap_allows() -> None:
    # Bayes' rule with the true numbers, which no method can beat but by luck.
    from latentviewer.domain.mixture import Mixture
    from latentviewer.io.bridge.vehicles import KINDS

    data = open_bridge("test")
    kinds = KINDS.values()
    truth = Mixture(
        tuple(KINDS),
        tuple(np.log10([kind.median for kind in kinds])),
        tuple(kind.spread / np.log(10) for kind in kinds),
        tuple(kind.share for kind in kinds),
    )
    weight, hidden = data.columns["weight"], data.columns["type"]
    assert isinstance(weight, Numbers)
    assert isinstance(hidden, Categories)
    best = (truth.posterior(np.log10(weight.values)).argmax(axis=1) == hidden.codes).mean()
    assert 0.85 < best < 0.97
    assert opened().card.figures["test_type_accuracy"] == pytest.approx(best, abs=0.005)


def test_components_are_matched_with_classes_one_to_one() -> None:
    truth = np.array([0, 0, 0, 1, 1, 2, 2, 2])
    inferred = np.array([2, 2, 1, 0, 0, 1, 1, 2])
    np.testing.assert_array_equal(matched(truth, inferred, 3), [2, 0, 1])


def test_without_the_truth_only_the_likelihood_is_measured() -> None:
    assert set(measure(opened(), Weighed([1.0, 2.0]))) == {  # type: ignore[arg-type]
        "observations", "log_likelihood_nats"
    }  # fmt: skip


def test_too_few_vehicles_to_learn_from_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"bridge:50 has 50 samples, and bridge needs at least"):
        next(train(recipe(), open_bridge("50"), tmp_path))
    with pytest.raises(UserError, match="holds 0 in row 1"):
        next(train(recipe(), Weighed([1.0, 0.0]), tmp_path))  # type: ignore[arg-type]


def test_the_bundled_space_is_small_and_of_the_bundled_model() -> None:
    path = FOLDER / "latents.arrow"
    space = read_space(path)
    assert path.stat().st_size <= 300_000
    assert space.provenance.model_hash == opened().card.weights_hash
    fresh = encoded(open_bridge(None))
    np.testing.assert_allclose(space.latent, fresh.latent, atol=1e-6)
    np.testing.assert_allclose(space.maps["density_2d"], fresh.maps["density_2d"], atol=1e-5)
    assert dict(space.provenance.extra)["maps"] == dict(fresh.provenance.extra)["maps"]


def test_watched_vehicles_are_reported_as_the_fit_goes_on(tmp_path: Path) -> None:
    data = BridgeData("bridge:train", 10_000, 14_000)
    small, watched = recipe(holdout=500, epochs=3), np.array([0.3, 1.4, 30.0])
    reports = list(train(small, data, tmp_path, watched=watched))
    latents = reports[-1].latents
    assert latents is not None
    assert latents.shape == (3, 5)
    np.testing.assert_allclose(latents.sum(axis=1), 1.0, atol=1e-6)
    assert len(set(latents.argmax(axis=1).tolist())) == 3
    np.testing.assert_array_equal(small.seen(Weighed([2.0])), [2.0])  # type: ignore[arg-type]
