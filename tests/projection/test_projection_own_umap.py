"""Our UMAP: what it lays out, that it repeats itself, and what it says of odd spaces."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from latentviewer.domain.errors import UserError
from latentviewer.projection.neighbourhood import find_neighbourhood
from latentviewer.projection.pca import fit_pca
from latentviewer.projection.quality import map_quality
from latentviewer.projection.task import Task
from latentviewer.projection.umap import FEWEST_POINTS, run_umap
from latentviewer.projection.umap_graph import curve, fuzzy_graph

# umap-learn says so when it is imported; nothing here uses it.
pytestmark = pytest.mark.filterwarnings("ignore:Tensorflow not installed:ImportWarning")


def blobs(each: int, count: int = 4, d: int = 8, scale: float = 4) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.normal(scale=scale, size=(count, d)), each, axis=0)
    return (centres + rng.normal(size=centres.shape)).astype(np.float32)


class Made:
    """A run and what it told."""

    def __init__(
        self,
        latents: NDArray[np.float32],
        dims: int = 2,
        codes: NDArray[np.int32] | None = None,
        start: NDArray[np.float32] | None = None,
        meanwhile: Callable[[NDArray[np.float32]], None] = lambda _: None,
        **options: float | str | None,
    ) -> None:
        self.told: list[tuple[float | None, str]] = []
        self.notes: list[str] = []
        self.map = np.zeros((len(latents), dims), np.float32)
        if start is not None:
            self.map[...] = start

        def report(fraction: float | None, stage: str) -> None:
            self.told.append((fraction, stage))
            meanwhile(self.map)

        usual = {"n_neighbors": 15, "min_dist": 0.1, "metric": "euclidean", "seed": 0}
        run_umap(
            Task(
                latents=latents,
                embedding=self.map,
                options={**usual, "n_epochs": None, **options},
                neighbourhoods=lambda k, metric, told: find_neighbourhood(latents, k, metric, told),
                codes=codes,
                start=start,
                report=report,
                note=self.notes.append,
            )
        )


def purity(places: NDArray[np.float32], codes: NDArray[np.int32]) -> float:
    """The share of the ten nearest on the map that are of one's own class."""
    _, rows = cKDTree(places).query(places, k=11)
    return float((codes[rows[:, 1:]] == codes[:, None]).mean())


@pytest.mark.parametrize("dims", [2, 3])
def test_groups_lie_apart_and_neighbours_together(dims: int) -> None:
    latents = blobs(150)
    made = Made(latents, dims)
    assert purity(made.map, np.repeat(np.arange(4), 150).astype(np.int32)) > 0.99
    assert map_quality(latents, made.map).trustworthiness > 0.95
    assert map_quality(latents, made.map).trustworthiness > (
        map_quality(latents, fit_pca(latents, dims).coordinates).trustworthiness
    )


def test_it_is_as_good_as_umap_learn() -> None:
    from tqdm import tqdm
    from umap.layouts import optimize_layout_euclidean
    from umap.umap_ import make_epochs_per_sample

    # Or it starts a thread that outlives this test.
    tqdm.monitor_interval = 0
    latents = blobs(120, count=6, d=12, scale=1.2)
    ties = fuzzy_graph(*find_neighbourhood(latents, 14, "euclidean", lambda _f, _s: None)).tocoo()
    peer = fit_pca(latents, 2).coordinates
    optimize_layout_euclidean(
        peer, peer, *ties.coords, 500, len(peer), make_epochs_per_sample(ties.data, 500),
        *curve(0.1), np.array([1, 2, 3]), move_other=True,
    )  # fmt: skip
    ours, theirs = map_quality(latents, Made(latents).map), map_quality(latents, peer)
    assert ours.trustworthiness > theirs.trustworthiness - 0.005
    assert ours.continuity > theirs.continuity - 0.01


def test_the_same_seed_makes_the_same_picture_on_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    latents = blobs(1_300)
    first = Made(latents, n_epochs=30).map
    for threads in (1, 3):
        for module in ("kernels.crew", "kernels.layout", "projection.umap_graph"):
            monkeypatch.setattr(
                f"latentviewer.{module}.thread_count", lambda threads=threads: threads
            )
        np.testing.assert_array_equal(Made(latents, n_epochs=30).map, first)
    assert not np.array_equal(Made(latents, n_epochs=30, seed=1).map, first)


def test_it_forms_under_ones_eyes() -> None:
    seen: list[NDArray[np.float32]] = []
    made = Made(blobs(100), n_epochs=50, meanwhile=lambda places: seen.append(places.copy()))
    stages = [stage for _, stage in made.told]
    assert list(dict.fromkeys(s.partition(",")[0] for s in stages)) == [
        "neighbours",
        "graph",
        "layout",
        "done",
    ]
    assert [f"layout, epoch {epoch} of 50" in stages for epoch in range(1, 51)] == [True] * 50
    fractions = [fraction for fraction, _ in made.told if fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    layouts = [places for places, stage in zip(seen, stages, strict=True) if "epoch" in stage]
    for one, next_one in itertools.pairwise(layouts):
        assert not np.array_equal(one, next_one)


def test_a_report_that_raises_ends_it() -> None:
    def stop(_places: object) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        Made(blobs(20), meanwhile=stop)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation", "dot"])
def test_every_metric_makes_a_picture(metric: str) -> None:
    latents = blobs(100)
    latents[7] = 0
    made = Made(latents, metric=metric)
    assert np.isfinite(made.map).all()
    assert purity(made.map, np.repeat(np.arange(4), 100).astype(np.int32)) > 0.8


def test_classes_draw_samples_together() -> None:
    latents = np.random.default_rng(0).normal(size=(600, 5)).astype(np.float32)
    codes = (np.arange(600) % 3).astype(np.int32)
    assert purity(Made(latents).map, codes) < 0.5
    assert purity(Made(latents, codes=codes).map, codes) > 0.9
    unknown = np.where(np.arange(600) < 100, -1, codes).astype(np.int32)
    assert purity(Made(latents, codes=unknown).map[100:], codes[100:]) > 0.6
    nothing = Made(latents, codes=np.full(600, -1, np.int32))
    assert purity(nothing.map, codes) < 0.5


def test_it_goes_on_from_a_picture() -> None:
    latents = blobs(150)
    first = Made(latents).map
    turned = np.stack([-first[:, 1], first[:, 0]], axis=1)
    on = Made(latents, start=turned, min_dist=0.2)
    epochs = [stage for _, stage in on.told if "epoch" in stage]
    assert epochs[-1].endswith("of 200")

    def far(places: NDArray[np.float32]) -> NDArray[np.float32]:
        centres = places.reshape(4, 150, 2).mean(axis=1)
        return centres - centres.mean(axis=0)

    was, now = far(turned), far(on.map)
    assert np.linalg.norm(now - was) < 0.5 * np.linalg.norm(was)


@pytest.mark.parametrize("scale", [0.0, 1e-6, 1e6])
def test_it_goes_on_from_pictures_of_any_size(scale: float) -> None:
    latents = blobs(60)
    start = (scale * fit_pca(latents, 2).coordinates).astype(np.float32)
    made = Made(latents, start=start)
    assert 1 < np.ptp(made.map, axis=0).max() < 200
    assert purity(made.map, np.repeat(np.arange(4), 60).astype(np.int32)) > 0.9


@pytest.mark.parametrize("n", range(FEWEST_POINTS))
def test_too_few_points_are_laid_out_by_pca(n: int) -> None:
    latents = blobs(FEWEST_POINTS)[:n]
    made = Made(latents)
    np.testing.assert_array_equal(made.map, fit_pca(latents, 2).coordinates)
    assert made.notes == [f"UMAP needs at least 5 points; {n} are laid out by PCA."]
    assert made.told[-1][0] == 1


@pytest.mark.parametrize("n", [5, 6, 15])
def test_fewer_points_than_neighbours_are_told_of(n: int) -> None:
    made = Made(blobs(n)[:n], n_neighbors=50)
    assert np.isfinite(made.map).all()
    assert made.notes == [f"{n} points have only {n - 1} neighbours each; {n - 1} are used."]


def test_parts_of_the_graph_are_told_of() -> None:
    made = Made(blobs(50, count=3, scale=500))
    assert made.notes == [
        "The neighbours fall into 3 separate parts; how they lie to each other on the map means "
        "nothing."
    ]
    assert np.isfinite(made.map).all()


@pytest.mark.parametrize("n_neighbors", [2, 15, 40])
def test_duplicates_part(n_neighbors: int) -> None:
    latents = np.zeros((200, 6), np.float32)
    latents[100:] = blobs(25, d=6)
    made = Made(latents, n_neighbors=n_neighbors)
    assert np.isfinite(made.map).all()
    assert len(np.unique(made.map, axis=0)) == 200
    alike = Made(np.ones((40, 3), np.float32))
    assert len(np.unique(alike.map, axis=0)) == 40


def test_one_dimension_and_constant_columns_are_laid_out() -> None:
    line = np.linspace(0, 1, 300, dtype=np.float32)[:, None]
    for latents in (line, np.hstack([line, np.full_like(line, 7)])):
        assert map_quality(latents, Made(latents).map).trustworthiness > 0.97


def test_huge_and_tiny_values_make_a_picture() -> None:
    for scale in (1e-20, 1e15):
        latents = (blobs(100) * scale).astype(np.float32)
        made = Made(latents)
        assert purity(made.map, np.repeat(np.arange(4), 100).astype(np.int32)) > 0.95


def test_the_least_distance_spreads_samples() -> None:
    def gap(min_dist: float) -> float:
        places = Made(blobs(150), min_dist=min_dist).map
        return float(np.median(cKDTree(places).query(places, k=2)[0][:, 1]))

    assert gap(0.0) < gap(0.3) < gap(1.0)


def test_places_that_are_no_numbers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentviewer.projection.umap.curve", lambda _min_dist: (np.nan, 1.0))
    with pytest.raises(UserError, match="ran off to infinity"):
        Made(blobs(20))
