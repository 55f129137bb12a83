"""Figures of a generator: which samples are compared, in which features, and what is refused."""

from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.domain.measures.generation import frechet_distance, precision_recall
from latentviewer.domain.ports import Capability, DataSet, ImageShape
from latentviewer.domain.space import Latents
from latentviewer.engine.batches import drawn_rows
from latentviewer.engine.loading import open_model
from latentviewer.engine.measuring.generation import measuring_generation
from latentviewer.engine.networks.attributes import Attribute
from tests.engine.stand_ins import StandIn, TableData, card, untrained_classifier

SMALL = ImageShape(1, 3, 1)
READS = (Capability.ENCODE, Capability.CLASSIFY)
MAKES = (Capability.DECODE, Capability.SAMPLE)


def finished(steps: Generator[float, None, dict[str, Any]]) -> tuple[list[float], dict[str, Any]]:
    fractions = []
    while True:
        try:
            fractions.append(next(steps))
        except StopIteration as stop:
            return fractions, stop.value


def uniform(count: int, seed: int) -> Latents:
    return np.random.default_rng(seed).uniform(0.2, 0.9, (count, 3)).astype(np.float32)


def photographs(n: int) -> TableData:
    return TableData("photographs", np.random.default_rng(9).integers(0, 256, (n, 1, 3, 1), "u1"))


def generator(**parts: Any) -> StandIn:
    return StandIn(card("painter", *MAKES, image=SMALL, latent_dim=3), prior=uniform, **parts)


def critic(**parts: Any) -> StandIn:
    return StandIn(card("critic", *READS, image=SMALL), **parts)


def test_the_classifiers_features_of_both_are_compared() -> None:
    data, model = photographs(40), generator()
    # Features that are not the pixels, so that comparing pixels would show.
    classifier = critic(to_latent=lambda x: np.square(x.reshape(len(x), 3))[:, :2])
    fractions, figures = finished(
        measuring_generation(model, classifier, data, count=60, seed=5, batch=25)
    )
    real = np.square(data.pixels.reshape(40, 3) / np.float32(255))[:, :2]
    made = np.square(uniform(60, 5))[:, :2]
    shares = precision_recall(real, made)
    assert figures == {
        "precision": pytest.approx(shares.precision),
        "recall": pytest.approx(shares.recall),
        "frechet_distance": pytest.approx(frechet_distance(real, made), rel=1e-5),
        "count": 60,
        "real": 40,
        "k": 3,
        "seed": 5,
        "features": "critic",
    }
    assert 0 < figures["recall"] < figures["precision"] <= 1
    assert classifier.batches == [25, 15, 25, 25, 10]
    assert fractions == sorted(fractions)
    assert 0 < fractions[0] < fractions[-1] == 1.0


def test_no_more_real_samples_than_drawn_ones_and_none_twice() -> None:
    seen: list[Latents] = []

    def noting(images: Latents) -> Latents:
        seen.append(images.reshape(len(images), 3))
        return seen[-1]

    data = photographs(500)
    _, figures = finished(
        measuring_generation(generator(), critic(to_latent=noting), data, count=100, seed=1)
    )
    assert (figures["real"], figures["count"]) == (100, 100)
    rows = drawn_rows(data, 100, 1)
    assert len(set(rows.tolist())) == 100
    assert np.allclose(seen[0], data.pixels[rows].reshape(100, 3) / 255)
    assert rows.max() > 400  # not simply the first


def test_the_figures_depend_on_the_seed_alone() -> None:
    def figures(seed: int, batch: int) -> dict[str, Any]:
        steps = measuring_generation(
            generator(), critic(), photographs(90), count=50, seed=seed, batch=batch
        )
        return finished(steps)[1]

    assert figures(1, 20) == figures(1, 50)
    assert figures(1, 20)["frechet_distance"] != figures(2, 20)["frechet_distance"]


def test_a_generator_of_the_real_distribution_is_better_than_one_that_is_stuck() -> None:
    data = photographs(300)
    good = generator(to_image=lambda z: (z.reshape(-1, 1, 3, 1) - 0.2) / 0.7)
    stuck = generator(to_image=lambda z: np.full((len(z), 1, 3, 1), 0.5, np.float32))
    _, of_good = finished(measuring_generation(good, critic(), data, count=300))
    _, of_stuck = finished(measuring_generation(stuck, critic(), data, count=300))
    assert of_good["recall"] > 0.8
    assert of_good["precision"] > 0.8
    assert of_stuck["recall"] < 0.01
    assert of_stuck["frechet_distance"] > 20 * of_good["frechet_distance"]


def test_a_real_vae_in_the_features_of_a_real_classifier(
    tiny_folder: Path, blobs: Callable[[int], DataSet]
) -> None:
    model, data = open_model(tiny_folder), blobs(50)
    classifier = untrained_classifier(Attribute("round", ("no", "yes"), column="label"))
    _, figures = finished(measuring_generation(model, classifier, data, count=40, seed=2))
    rows = drawn_rows(data, 40, 2)
    real = classifier.features(data.images(rows).astype(np.float32) / 255, "dense")
    made = classifier.features(model.decode(model.sample(40, 2)), "dense")
    assert figures["frechet_distance"] == pytest.approx(frechet_distance(real, made), rel=1e-4)
    assert figures["features"] == "untrained"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"model": StandIn(card("reader", *READS, image=SMALL))}, "reader cannot decode"),
        (
            {"model": StandIn(card("ae", Capability.DECODE, image=SMALL))},
            "ae cannot draw samples from a prior",
        ),
        (
            {"classifier": StandIn(card("vae", Capability.ENCODE, image=SMALL))},
            "vae cannot classify; choose a model that can",
        ),
        (
            {"classifier": StandIn(card("big", *READS, image=ImageShape(8, 8, 3)))},
            "big takes images of 8 x 8 pixels and 3 channels, those of painter have 1 x 3 pixels",
        ),
        (
            {"data": TableData("tall", np.zeros((9, 3, 1, 1), "u1"))},
            "those of tall have 3 x 1 pixels and 1 channel;",
        ),
        ({"data": photographs(0)}, "photographs holds no samples"),
        ({"data": photographs(3)}, "photographs holds 3 of the 4 samples or more"),
        ({"count": 3}, "3 samples of painter are too few to compare; ask for 4"),
        (
            {"model": generator(to_image=lambda z: np.full((len(z), 1, 3, 1), np.nan, "f4"))},
            "critic has NaN or infinite features for images of painter",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {
        "model": generator(),
        "classifier": critic(),
        "data": photographs(9),
        "count": 9,
    }
    with pytest.raises(UserError, match=said):
        finished(measuring_generation(**(given | changed)))
