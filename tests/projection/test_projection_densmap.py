"""densMAP: densities on the map as in the space, and what it says of odd spaces."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from latentviewer.domain.errors import UserError
from latentviewer.projection import densmap
from latentviewer.projection.densmap import local_radii, run_densmap
from latentviewer.projection.neighbourhood import find_neighbourhood
from latentviewer.projection.pca import fit_pca
from latentviewer.projection.task import Task
from latentviewer.projection.umap_graph import fuzzy_graph

DENSE = np.repeat([True, False], 150)


def dense_and_sparse() -> NDArray[np.float32]:
    """Two groups, one ten times as wide as the other."""
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(300, 6)) * np.where(DENSE, 0.1, 1.0)[:, None]
    latents[~DENSE] += 8
    return latents.astype(np.float32)


class Made:
    """A run and what it told."""

    def __init__(
        self, latents: NDArray[np.float32], dims: int = 2, **options: float | str | None
    ) -> None:
        self.told: list[tuple[float | None, str]] = []
        self.notes: list[str] = []
        self.map = np.zeros((len(latents), dims), np.float32)
        usual = {"n_neighbors": 20, "min_dist": 0.1, "metric": "euclidean", "seed": 0}
        run_densmap(
            Task(
                latents=latents,
                embedding=self.map,
                options={**usual, "dens_lambda": 2.0, **options},
                neighbourhoods=lambda k, metric, told: find_neighbourhood(latents, k, metric, told),
                report=lambda fraction, stage: self.told.append((fraction, stage)),
                note=self.notes.append,
            )
        )


def width_of_sparse(places: NDArray[np.float32]) -> float:
    """How far samples of the wide group lie from each other, in units of the dense one."""
    gaps = cKDTree(places).query(places, k=6)[0][:, 5]
    return float(np.median(gaps[~DENSE]) / np.median(gaps[DENSE]))


def test_the_wide_group_is_wide_on_the_map() -> None:
    latents = dense_and_sparse()
    plain = Made(latents, dens_lambda=0.0)
    made = Made(latents)
    assert width_of_sparse(made.map) > 1.5 * width_of_sparse(plain.map)
    stages = [stage for _, stage in made.told]
    assert "layout, epoch 700 of 700" in stages
    fractions = [fraction for fraction, _ in made.told if fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    np.testing.assert_array_equal(Made(latents).map, made.map)


def test_it_lays_out_in_three_dimensions_and_by_angles() -> None:
    made = Made(dense_and_sparse(), 3, metric="cosine", n_epochs=50)
    assert np.isfinite(made.map).all()
    assert (np.ptp(made.map, axis=0) > 1).all()


def test_radii_are_those_of_umap_learn() -> None:
    latents = dense_and_sparse()
    rows, distances = find_neighbourhood(latents, 14, "euclidean", lambda _f, _s: None)
    graph = fuzzy_graph(rows, distances)
    radii, sums = local_radii(graph, rows, distances)
    # As it is written there, tie by tie.
    dense, how_far = graph.toarray(), np.linalg.norm(latents[:, None] - latents, axis=2)
    total, weighed = np.zeros(300), np.zeros(300)
    for j, k in zip(*np.nonzero(dense), strict=True):
        for end in (j, k):
            weighed[end] += dense[j, k] * how_far[j, k] ** 2
            total[end] += dense[j, k]
    expected = np.log(1e-8 + weighed / total)
    expected = (expected - expected.mean()) / expected.std()
    np.testing.assert_allclose(radii, expected, atol=1e-4)
    np.testing.assert_allclose(sums, total, rtol=1e-5)
    assert radii[DENSE].mean() < -0.9 < 0.9 < radii[~DENSE].mean()


def test_duplicates_part() -> None:
    latents = np.ones((60, 4), np.float32)
    made = Made(latents, n_epochs=60)
    assert np.isfinite(made.map).all()
    assert len(np.unique(made.map, axis=0)) == 60
    rows, distances = find_neighbourhood(latents, 14, "euclidean", lambda _f, _s: None)
    assert not local_radii(fuzzy_graph(rows, distances), rows, distances)[0].any()


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_too_few_points_are_laid_out_by_pca(n: int) -> None:
    latents = dense_and_sparse()[:n]
    made = Made(latents)
    np.testing.assert_array_equal(made.map, fit_pca(latents, 2).coordinates)
    assert made.notes == [f"densMAP needs at least 5 points; {n} are laid out by PCA."]


def test_five_points_and_separate_parts_are_laid_out() -> None:
    assert np.isfinite(Made(dense_and_sparse()[:5], n_epochs=30).map).all()
    latents = dense_and_sparse()
    latents[DENSE] += 1_000
    assert "2 separate parts" in Made(latents, n_epochs=30).notes[0]


def test_places_that_are_no_numbers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(densmap, "curve", lambda _min_dist: (np.nan, 1.0))
    with pytest.raises(UserError, match="ran off to infinity"):
        Made(dense_and_sparse(), n_epochs=30)
