"""What is measured of a map, and the ways back that stored maps have."""

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

from latentviewer.bootstrap.judging_maps import (
    check_cluster,
    common_neighbours,
    judge,
    learn_inverse,
    neighbour_faults,
    shuffle,
)
from latentviewer.bootstrap.wiring import _pca, _stored_map
from latentviewer.domain.formula import packed, unpacked
from latentviewer.projection.inverse import NeighbourInverse
from latentviewer.projection.linear import LinearInverse
from latentviewer.projection.methods import METHODS_RUN
from latentviewer.projection.neighbourhood import find_neighbourhood
from latentviewer.projection.parametric import ParametricInverse
from latentviewer.projection.project import method_named
from latentviewer.projection.task import Task

RNG = np.random.default_rng(0)
CODES = np.repeat(np.arange(3, dtype=np.int32), 60)
LATENTS = (RNG.normal(size=(3, 6))[CODES] * 4 + RNG.normal(size=(180, 6))).astype(np.float32)


def ended(job: Generator[Any, None, Any]) -> Any:
    fractions = []
    while True:
        try:
            fractions.append(next(job).fraction)
        except StopIteration as stop:
            known = [f for f in fractions if f is not None]
            assert known == sorted(known)
            return stop.value


def laid_out(name: str, **options: Any) -> tuple[np.ndarray, dict[str, Any]]:
    embedding = np.zeros((180, 2), np.float32)
    task = Task(
        LATENTS, embedding, method_named(name).options(options),
        lambda k, metric, report: find_neighbourhood(LATENTS, k, metric, report),
        CODES, ("a", "b", "c"),
    )  # fmt: skip
    placed = METHODS_RUN[name]()(task)
    return embedding, unpacked(packed(placed.state))


def test_a_map_is_judged_with_its_own_way_back() -> None:
    exact = _pca(LATENTS, 2)
    found = ended(judge(LATENTS, exact, CODES))
    assert found.of == 180
    assert 0.8 < found.trustworthiness <= 1
    assert 0.5 < found.neighbourhood_hit <= 1
    assert found.held_out == 36
    near = _stored_map(LATENTS, exact.coordinates, {}, "UMAP")
    again = ended(judge(LATENTS, near, None))
    assert np.isnan(again.neighbourhood_hit)
    assert again.inverse_error != found.inverse_error
    assert 0 < found.inverse_error < 1


def test_faults_are_those_of_the_map() -> None:
    good = _pca(LATENTS, 2).coordinates
    lost, false = ended(neighbour_faults(LATENTS, good))
    bad = RNG.permutation(good)
    lost_there, false_there = ended(neighbour_faults(LATENTS, bad))
    assert lost.mean() < lost_there.mean() - 0.3
    assert false.mean() < false_there.mean() - 0.3


def test_two_maps_agree_with_themselves() -> None:
    first = _pca(LATENTS, 2).coordinates
    assert ended(common_neighbours(first, first)).min() == 1
    assert ended(common_neighbours(first, RNG.permutation(first))).mean() < 0.4


def test_a_way_back_is_learnt() -> None:
    first = _pca(LATENTS, 2).coordinates
    inverse, error, before = ended(learn_inverse(LATENTS, first))
    assert inverse.latents(first[:3]).shape == (3, 6)
    assert 0 < error < 1.5
    assert 0 < before < 1.5


def test_a_group_is_a_cluster_and_a_random_draw_is_none() -> None:
    first = _pca(LATENTS, 2).coordinates
    group = ended(check_cluster(LATENTS, first, np.flatnonzero(CODES == 1)))
    assert group.startswith("It holds together in latent space")
    drawn = np.sort(RNG.choice(180, 40, replace=False))
    assert not ended(check_cluster(LATENTS, first, drawn)).startswith("It holds together in")


def test_the_control_keeps_every_columns_numbers() -> None:
    made = shuffle(LATENTS, 0)
    np.testing.assert_array_equal(np.sort(made, axis=0), np.sort(LATENTS, axis=0))
    assert (made != LATENTS).any()


def test_a_linear_map_leads_back_in_closed_form_after_it_was_stored() -> None:
    places, formula = laid_out("lda")
    stored = _stored_map(LATENTS, places, formula, "LDA")
    assert isinstance(stored.inverse, LinearInverse)
    assert stored.inverse.name == "LDA, exact in the plane"
    np.testing.assert_allclose(stored.places(LATENTS), places, atol=1e-3)
    back = stored.inverse.latents(places)
    np.testing.assert_allclose(stored.places(back), places, atol=1e-3)


def test_a_parametric_map_leads_back_by_its_network_after_it_was_stored() -> None:
    places, formula = laid_out("parametric", epochs=5, hidden=16)
    stored = _stored_map(LATENTS, places, formula, "Parametric UMAP")
    assert isinstance(stored.inverse, ParametricInverse)
    np.testing.assert_allclose(stored.places(LATENTS), places, atol=1e-3)


@pytest.mark.parametrize(
    "formula",
    [{}, {"mean": np.zeros(6)}, {"decoder": np.zeros(3)},
     {"mean": np.zeros(2), "components": np.eye(2), "back": np.eye(2), "origin": np.zeros(2)}],
)  # fmt: skip
def test_arrays_that_are_no_formula_leave_it_to_the_neighbours(formula: dict[str, Any]) -> None:
    places = _pca(LATENTS, 2).coordinates
    stored = _stored_map(LATENTS, places, formula, "x")
    assert isinstance(stored.inverse, NeighbourInverse)
