"""What a space says of what was observed, of its maps, and of its dimensions' names."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from latentviewer.domain.dimension_names import DIMENSIONS, dimension_names
from latentviewer.domain.map_note import MAPS, Axis, MapNote, map_note
from latentviewer.domain.mixture import Mixture
from latentviewer.domain.observation import (
    OBSERVATION,
    Observation,
    ObservedInverse,
    observation_of,
)
from latentviewer.domain.space import Provenance, Space

SEEN = Observation("weight", "t", "type", Mixture(("a", "b"), (0.0, 1.0), (0.2, 0.2), (0.5, 0.5)))
NOTE = MapNote("Weight", (Axis("weight in t", "log10"), Axis("density")), "Seen.", True)


def space(**extra: Any) -> Space:
    latent = np.array([[0.2, 0.8], [1.0, 0.0]], np.float32)
    maps = {"weight_2d": np.zeros((2, 2), np.float32)}
    return Space("s", latent, maps=maps, provenance=Provenance(extra=extra))


def test_a_space_gives_back_what_was_said() -> None:
    said = space(
        **{
            OBSERVATION: SEEN.as_json(),
            MAPS: {"weight_2d": NOTE.as_json()},
            DIMENSIONS: ["a", "b"],
        }
    )
    assert observation_of(said) == SEEN
    assert map_note(said, "weight_2d") == NOTE
    assert map_note(said, "umap_2d") == MapNote()
    assert dimension_names(said) == ("a", "b")


@pytest.mark.parametrize(
    "damage",
    [
        {"deviations": [0.2, -0.2]},
        {"shares": [0.5, 0.6]},
        {"means": [0.0]},
        {"means": "ab"},
        {"classes": ["a", "b", "c"]},
        {"means": None},
    ],
)
def test_damage_is_left_out_not_believed(damage: dict[str, Any]) -> None:
    assert observation_of(space(observation=SEEN.as_json() | damage)) is None
    assert observation_of(space(observation=[1])) is None
    assert observation_of(space()) is None
    other = dataclasses.replace(space(observation=SEEN.as_json()), latent=np.eye(2, 3))
    assert observation_of(other) is None


@pytest.mark.parametrize("said", [None, 3, {"axes": 3}, {"axes": [{}, {}, {}], "title": 4}])
def test_a_note_without_sense_is_empty(said: Any) -> None:
    assert map_note(space(maps={"weight_2d": said}), "weight_2d") == MapNote()
    assert map_note(space(maps=said), "weight_2d") == MapNote()


@pytest.mark.parametrize("said", [["a"], "ab", [1, 2], ["a", ""], None])
def test_names_are_all_there_or_none(said: Any) -> None:
    assert dimension_names(space(dimensions=said)) == ()


def test_the_way_back_is_exact_and_looks_at_the_weight_alone() -> None:
    places = np.array([[0.5, 0.1], [0.5, 9.0], [0.0, 0.0]], np.float32)
    latents = ObservedInverse(SEEN).latents(places)
    np.testing.assert_allclose(latents[:2], 0.5, atol=1e-6)
    np.testing.assert_allclose(latents, SEEN.posterior(10 ** places[:, 0].astype(float)), atol=1e-6)


@pytest.mark.parametrize(
    ("value", "words"),
    [(1.3456, "1.35 t"), (0.0301, "0.0301 t"), (26.04, "26.0 t"), (123.4, "123 t")],
)  # fmt: skip
def test_numbers_are_said_with_three_digits(value: float, words: str) -> None:
    assert SEEN.words(value) == words
