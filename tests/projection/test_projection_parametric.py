from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from latentviewer.domain.ports import Inverse
from latentviewer.projection import learned_inverse, parametric
from latentviewer.projection.neighbours import nearest
from latentviewer.projection.parametric import ParametricInverse, places_of, run_parametric
from latentviewer.projection.pca import fit_pca
from latentviewer.projection.task import Placed, Task

OPTIONS = {
    "objective": "umap",
    "n_neighbors": 8,
    "min_dist": 0.1,
    "metric": "euclidean",
    "hidden": 32,
    "epochs": None,
    "seed": 0,
}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps, so that the file takes seconds."""
    monkeypatch.setattr(parametric, "_FEWEST_STEPS", 120)
    monkeypatch.setattr(parametric, "_START_STEPS", 40)
    monkeypatch.setattr(learned_inverse, "_STEPS", 100)
    monkeypatch.setattr(learned_inverse, "_FEWEST_STEPS", 20)


def random(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def clusters(n: int, d: int = 10) -> tuple[np.ndarray, np.ndarray]:
    of = np.arange(n) % 5
    return (4 * random(5, d, 1)[of] + random(n, d, 2)).astype(np.float32), of


def task(latents: np.ndarray, dims: int = 2, **given: Any) -> Task:
    def neighbourhoods(k: int, metric: str, report: Any) -> tuple[np.ndarray, np.ndarray]:
        rows, distances = nearest(latents, latents, k + 1, metric)
        own = rows == np.arange(len(rows))[:, None]
        own[~own.any(axis=1), -1] = True
        return rows[~own].reshape(-1, k).astype(np.int32), distances[~own].reshape(-1, k)

    others = {key: given.pop(key) for key in ("start", "report", "note") if key in given}
    return Task(
        latents,
        np.zeros((len(latents), dims), np.float32),
        {**OPTIONS, **given},
        neighbourhoods,
        **others,
    )


def run(latents: np.ndarray, dims: int = 2, **given: Any) -> tuple[np.ndarray, Placed]:
    asked = task(latents, dims, **given)
    placed = run_parametric(asked)
    return asked.embedding, placed


def same_neighbours(places: np.ndarray, of: np.ndarray) -> float:
    rows, _ = nearest(places, places, 6)
    return float((of[rows[:, 1:]] == of[:, None]).mean())


@pytest.mark.parametrize(("objective", "dims"), [("umap", 2), ("umap", 3), ("tsne", 2)])
def test_groups_stay_together_and_part(objective: str, dims: int) -> None:
    latents, of = clusters(400)
    places, placed = run(latents, dims, objective=objective)
    assert same_neighbours(places, of) > 0.97
    middles = np.array([places[of == g].mean(axis=0) for g in range(5)])
    within = np.mean(
        [np.linalg.norm(places[of == g] - middles[g], axis=1).mean() for g in range(5)]
    )
    apart = np.linalg.norm(middles[:, None] - middles, axis=2)[np.triu_indices(5, 1)]
    assert apart.mean() > 2.5 * within
    assert placed.axes == ()


def test_new_samples_are_placed_by_the_arrays_and_known_ones_where_they_are() -> None:
    latents, of = clusters(300)
    places, placed = run(latents)
    placing = places_of(placed.state)
    np.testing.assert_array_equal(placing(latents), places)
    new = latents + 0.1 * random(300, 10, 5)
    middles = np.array([places[of == g].mean(axis=0) for g in range(5)])
    nearest_group, _ = nearest(middles.astype(np.float32), placing(new), 1)
    assert (nearest_group[:, 0] == of).mean() > 0.95


def test_the_way_back_gives_the_latents_of_the_place() -> None:
    latents, of = clusters(300)
    places, placed = run(latents)
    back = ParametricInverse(placed.state)
    assert isinstance(back, Inverse)
    assert back.name == "parametric decoder"
    missed = np.square(back.latents(places) - latents).sum()
    groups = np.array([latents[of == g].mean(axis=0) for g in range(5)])[of]
    # As good as the middle of the right group, which is all that can be told of them.
    assert missed < 1.15 * np.square(groups - latents).sum()


def test_the_same_seed_gives_the_same_map() -> None:
    latents, _ = clusters(150)
    (one, first), (two, second) = run(latents, seed=5), run(latents, seed=5)
    other, _ = run(latents, seed=6)
    np.testing.assert_array_equal(one, two)
    assert first.state.keys() == second.state.keys()
    for key, array in first.state.items():
        np.testing.assert_array_equal(array, second.state[key])
    assert not np.array_equal(one, other)


def test_how_often_it_is_looked_at_does_not_change_it(monkeypatch: pytest.MonkeyPatch) -> None:
    latents, _ = clusters(150)
    seldom, _ = run(latents)
    monkeypatch.setattr(parametric, "_SHOWN_EVERY_S", 0.0)
    monkeypatch.setattr(parametric, "_SHOWN_AT_ONCE", 20)
    often, _ = run(latents)
    np.testing.assert_array_equal(seldom, often)


def test_it_forms_under_ones_eyes_and_tells_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parametric, "_SHOWN_EVERY_S", 0.0)
    latents, _ = clusters(150)
    told: list[float] = []
    stages: list[str] = []
    seen: list[np.ndarray] = []

    def report(fraction: float | None, stage: str) -> None:
        assert fraction is not None
        told.append(fraction)
        stages.append(stage.partition(",")[0])
        seen.append(asked.embedding.copy())

    asked = task(latents, report=report)
    run_parametric(asked)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert list(dict.fromkeys(stages)) == ["graph", "start", "layout", "way back", "done"]
    pictures = [p.tobytes() for p, s in zip(seen, stages, strict=True) if s == "layout"]
    assert len(set(pictures)) > 0.9 * len(pictures)


def test_it_goes_on_from_the_present_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parametric, "_START_STEPS", 150)
    latents, of = clusters(300)
    # Groups on a line in an order of their own, which so few steps leave as it is.
    order = np.array([3, 0, 4, 1, 2])
    start = np.stack([100.0 * order[of], np.zeros(300)], axis=1).astype(np.float32)
    start[7] = np.nan
    places, _ = run(latents, start=start, epochs=2)
    middles = [places[of == g].mean(axis=0) for g in np.argsort(order)]
    line = (np.array(middles) @ np.array([1, 0])).tolist()
    assert line == sorted(line)
    assert np.isfinite(places).all()
    lost, _ = run(latents, start=np.full((300, 2), np.nan, np.float32), epochs=1)
    np.testing.assert_array_equal(lost, run(latents, epochs=1)[0])


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_too_few_are_laid_out_by_pca(n: int) -> None:
    said: list[str] = []
    latents = random(n, 3)
    places, placed = run(latents, note=said.append)
    np.testing.assert_array_equal(places, fit_pca(latents, 2).coordinates)
    assert placed.state == {}
    assert len(said) == 1
    assert f"{n} are laid out by PCA" in said[0]


def test_all_equal_lie_on_one_place() -> None:
    said: list[str] = []
    places, placed = run(np.ones((30, 4), np.float32), note=said.append)
    assert len(np.unique(places, axis=0)) == 1
    assert placed.state == {}
    assert "equal" in said[0]


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: random(6, 4), id="fewer than the neighbours"),
        pytest.param(lambda: random(40, 1), id="one dimension"),
        pytest.param(lambda: random(40, 2000), id="many dimensions"),
        pytest.param(lambda: np.repeat(random(8, 4), 10, axis=0), id="duplicates"),
        pytest.param(lambda: random(60, 4) * np.float32([1, 0, 1e6, 1e-9]), id="scales"),
        pytest.param(lambda: random(60, 4) * np.float32(1e-35), id="all but equal"),
        pytest.param(lambda: random(60, 4) * np.float32(1e15), id="very large"),
        pytest.param(lambda: np.vstack([random(30, 4), random(30, 4) + 1e4]), id="two parts"),
    ],
)
def test_odd_latents_have_a_map(make: Callable[[], np.ndarray]) -> None:
    latents = make().astype(np.float32)
    places, placed = run(latents, epochs=2)
    assert np.isfinite(places).all()
    if placed.state:
        np.testing.assert_array_equal(places_of(placed.state)(latents), places)


def test_fewer_neighbours_are_told_of() -> None:
    said: list[str] = []
    run(random(6, 4), epochs=1, note=said.append)
    assert said == ["6 points have only 5 neighbours each; 5 are used."]


def test_a_constant_dimension_changes_nothing_for_new_samples() -> None:
    latents = random(60, 4)
    latents[:, 2] = 3
    _, placed = run(latents, epochs=2)
    other = latents.copy()
    other[:, 2] = 5
    placing = places_of(placed.state)
    np.testing.assert_array_equal(placing(other), placing(latents))


def test_cosine_with_zero_vectors() -> None:
    latents = random(50, 4)
    latents[:3] = 0
    places, _ = run(latents, metric="cosine", epochs=2)
    assert np.isfinite(places).all()


def test_pairs_are_drawn_by_their_membership() -> None:
    edges = parametric._Edges(
        np.array([0, 1, 2], np.int32), np.array([3, 4, 5], np.int32), np.array([0.5, 0.75, 2.0])
    )
    first, second = edges.drawn(400, np.random.default_rng(0))
    np.testing.assert_array_equal(second, first + 3)
    assert np.abs(np.bincount(first) - [100, 50, 250]).max() <= 1
    assert not np.array_equal(first, np.sort(first))


def test_the_objectives_are_those_of_their_papers() -> None:
    ends, shifts, a, b = random(12, 2), np.array([2, 5]), 1.6, 0.9
    gaps = np.square(ends[:6] - ends[6:]).sum(axis=1)
    others = np.array(
        [np.square(ends - np.roll(ends, -shift, axis=0)).sum(axis=1) for shift in shifts]
    )
    near, far = 1 / (1 + a * gaps**b), 1 / (1 + a * others**b)
    wanted = -np.log(near).mean() - 2 * np.log(1 - far).mean()
    made = parametric._cross_entropy(torch.from_numpy(ends), shifts, a, b)
    assert float(made) == pytest.approx(wanted, rel=1e-2)
    near, far = 1 / (1 + gaps), 1 / (1 + others[:, :6])
    wanted = -np.log(near / (near + far.sum(axis=0))).mean()
    made = parametric._contrast(torch.from_numpy(ends), shifts)
    assert float(made) == pytest.approx(wanted, rel=1e-2)


def test_arrays_of_another_map_are_refused() -> None:
    with pytest.raises(ValueError, match="encoder"):
        places_of({})
    with pytest.raises(ValueError, match="decoder"):
        ParametricInverse({})
