from typing import Any

import numpy as np
import pytest

from latentviewer.domain.ports import Inverse
from latentviewer.projection import linear
from latentviewer.projection.linear import (
    LinearInverse,
    LinearMap,
    linear_inverse,
    linear_map,
    pseudo_inverse,
)


def a_map(k: int = 2, d: int = 5, seed: int = 0) -> LinearMap:
    rng = np.random.default_rng(seed)
    components = rng.normal(size=(k, d))
    return LinearMap(
        rng.normal(size=d), components, pseudo_inverse(components), rng.normal(size=k), ("a", "b")
    )


def test_places_are_the_formula_whatever_the_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    fitted = a_map()
    latents = np.random.default_rng(1).normal(size=(101, 5)).astype(np.float32)
    places = fitted.places(latents)
    assert places.dtype == np.float32
    expected = fitted.origin + (latents.astype(np.float64) - fitted.mean) @ fitted.components.T
    np.testing.assert_allclose(places, expected, atol=1e-5)
    monkeypatch.setattr(linear, "_VALUES_AT_ONCE", 37)
    into = np.full((101, 2), np.nan, np.float32)
    np.testing.assert_allclose(fitted.places(latents, into=into), places, atol=1e-5)


def test_places_are_written_where_they_shall_be() -> None:
    fitted, into = a_map(), np.zeros((7, 2), np.float32)
    latents = np.ones((7, 5), np.float32)
    assert fitted.places(latents, into=into) is into
    np.testing.assert_array_equal(into, fitted.places(latents))


def test_no_latents_have_no_places() -> None:
    assert a_map().places(np.zeros((0, 5), np.float32)).shape == (0, 2)


def test_the_way_back_and_forth_ends_where_it_began() -> None:
    fitted = a_map()
    places = np.random.default_rng(2).normal(size=(20, 2)).astype(np.float32)
    inverse = LinearInverse(fitted, "one")
    assert isinstance(inverse, Inverse)
    latents = inverse.latents(places)
    assert latents.dtype == np.float32
    np.testing.assert_allclose(fitted.places(latents), places, atol=1e-5)


def test_the_pseudo_inverse_gives_the_latent_nearest_to_the_mean() -> None:
    fitted = a_map()
    latent = LinearInverse(fitted, "one").latents(np.ones((1, 2), np.float32))[0] - fitted.mean
    unseen = np.linalg.svd(fitted.components)[2][2:]
    np.testing.assert_allclose(unseen @ latent, 0, atol=1e-6)


def test_the_origin_of_the_map_stands_for_the_mean() -> None:
    fitted = a_map()
    latents = LinearInverse(fitted, "one").latents(fitted.origin[None].astype(np.float32))
    np.testing.assert_allclose(latents[0], fitted.mean, atol=1e-6)


def test_a_map_is_made_anew_from_its_arrays() -> None:
    fitted = a_map()
    again = linear_map(fitted.state, fitted.axes)
    assert again is not None
    assert again.axes == fitted.axes
    for name in ("mean", "components", "back", "origin"):
        np.testing.assert_array_equal(getattr(again, name), getattr(fitted, name))
    plain = linear_map({k: v for k, v in fitted.state.items() if k != "origin"})
    assert plain is not None
    np.testing.assert_array_equal(plain.origin, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mean": np.zeros(4)},
        {"mean": np.zeros((5, 1))},
        {"mean": np.zeros(())},
        {"components": np.zeros(5)},
        {"components": np.zeros(())},
        {"back": np.zeros((5, 2))},
        {"origin": np.zeros(3)},
        {"origin": np.zeros(())},
        {"origin": np.zeros((2, 1))},
        {"mean": np.array(["a"] * 5)},
        {"back": np.full((2, 5), np.nan)},
        {"mean": np.full(5, np.inf)},
    ],
)
def test_arrays_that_are_no_linear_map_are_none(wrong: dict[str, Any]) -> None:
    state = {**a_map().state, **wrong}
    assert linear_map(state) is None
    assert linear_inverse(state, "LDA") is None


@pytest.mark.parametrize("missing", ["mean", "components", "back"])
def test_without_one_of_its_arrays_there_is_no_map(missing: str) -> None:
    state = a_map().state
    del state[missing]
    assert linear_map(state) is None


def test_the_way_back_is_named_after_the_method() -> None:
    for k, name in ((2, "LDA, exact in the plane"), (3, "LDA, exact in the room")):
        inverse = linear_inverse(a_map(k).state, "LDA")
        assert inverse is not None
        assert inverse.name == name
