import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.manifold import trustworthiness

from latentviewer.projection.pca import fit_pca
from latentviewer.projection.quality import map_quality


def random(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


@pytest.mark.parametrize(("n", "k"), [(25, 5), (120, 12), (600, 30)])
def test_both_figures_agree_with_scikit_learn(n: int, k: int) -> None:
    latents = random(n, 9)
    places = fit_pca(latents, 2).coordinates
    quality = map_quality(latents, places, k=k)
    assert quality.k == k
    assert quality.trustworthiness == pytest.approx(
        trustworthiness(latents, places, n_neighbors=k), abs=1e-9
    )
    # Continuity is the trustworthiness of the way back.
    assert quality.continuity == pytest.approx(
        trustworthiness(places, latents, n_neighbors=k), abs=1e-9
    )
    assert quality.trustworthiness != pytest.approx(quality.continuity, abs=1e-6)


def test_a_sample_is_seeded_stated_and_measured_among_itself() -> None:
    latents = random(900, 6)
    places = fit_pca(latents, 2).coordinates
    one, again = (map_quality(latents, places, sample=200, seed=3) for _ in range(2))
    other = map_quality(latents, places, sample=200, seed=4)
    assert one.rows.tolist() == again.rows.tolist() == sorted(set(one.rows.tolist()))
    assert len(one.rows) == 200
    assert one.rows.tolist() != other.rows.tolist()
    assert (
        one.trustworthiness
        == again.trustworthiness
        == pytest.approx(
            trustworthiness(latents[one.rows], places[one.rows], n_neighbors=12), abs=1e-6
        )
    )


def test_the_figures_are_the_means_of_those_of_the_rows() -> None:
    latents = random(300, 5)
    quality = map_quality(latents, fit_pca(latents, 2).coordinates)
    assert quality.rows.tolist() == list(range(300))
    assert quality.trust_of_row.mean() == pytest.approx(quality.trustworthiness, abs=1e-6)
    assert quality.continuity_of_row.mean() == pytest.approx(quality.continuity, abs=1e-6)


def test_a_map_that_is_the_space_is_perfect() -> None:
    latents = random(60, 2)
    quality = map_quality(latents, 3 * latents + 7)
    assert quality.trustworthiness == quality.continuity == 1


def test_a_stranger_among_neighbours_lowers_only_its_own_trust() -> None:
    latents = np.arange(40, dtype=np.float32)[:, None] ** 1.5
    places = np.concatenate([latents, np.zeros_like(latents)], axis=1)
    places[0, 0] = places[39, 0] + 1000
    quality = map_quality(latents, places, k=3)
    assert quality.trust_of_row[0] == quality.trust_of_row.min() < 0.2
    assert quality.trust_of_row[20] == 1


@settings(max_examples=40, deadline=None)
@given(n=st.integers(3, 40), k=st.integers(1, 50), seed=st.integers(0, 99))
def test_both_figures_lie_between_nothing_and_all(n: int, k: int, seed: int) -> None:
    quality = map_quality(random(n, 4, seed), random(n, 2, seed + 1), k=k)
    assert 1 <= quality.k < n / 2
    for figure in (quality.trust_of_row, quality.continuity_of_row):
        assert figure.shape == (n,)
        assert figure.min() >= -1e-6
        assert figure.max() <= 1


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_to_compare_give_no_figure(n: int) -> None:
    quality = map_quality(random(n, 4), random(n, 2))
    assert np.isnan(quality.trustworthiness)
    assert np.isnan(quality.continuity)
    assert quality.k == 0
    assert len(quality.trust_of_row) == n


def test_rows_without_a_place_are_left_out_and_do_not_spoil_the_rest() -> None:
    latents = random(300, 5)
    places = fit_pca(latents, 2).coordinates
    lost = [7, 50]
    placed = np.delete(np.arange(300), lost)
    alone = map_quality(latents[placed], places[placed])
    places[lost] = [[np.nan, 0], [0, np.inf]]
    for sample in (2000, 298):
        quality = map_quality(latents, places, sample=sample)
        assert quality.rows.tolist() == placed.tolist()
        assert quality.trustworthiness == alone.trustworthiness
        assert quality.continuity == alone.continuity
    fewer = map_quality(latents, places, sample=290).rows
    assert len(fewer) == 290
    assert not set(lost) & set(fewer.tolist())


def order_by_brute_force(points: np.ndarray) -> np.ndarray:
    exact = points.astype(np.float64)
    gaps = np.square(exact[:, None] - exact[None]).sum(axis=-1)
    np.fill_diagonal(gaps, np.inf)
    return np.argsort(gaps, axis=1, kind="stable")


def figure_by_brute_force(true: np.ndarray, shown: np.ndarray, k: int) -> float:
    n = len(true)
    total = 0
    for row in range(n):
        rank = {int(other): place + 1 for place, other in enumerate(true[row])}
        total += sum(max(0, rank[int(other)] - k) for other in shown[row, :k])
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * total


@pytest.mark.parametrize("d", [3, 8, 33])
def test_equal_latents_and_equal_places_are_ordered_by_row(d: int) -> None:
    rng = np.random.default_rng(d)
    latents = random(40, d)[rng.integers(0, 40, 300)]
    places = fit_pca(latents, 2).coordinates
    above, below = order_by_brute_force(latents), order_by_brute_force(places)
    quality = map_quality(latents, places)
    assert quality.trustworthiness == pytest.approx(
        figure_by_brute_force(above, below, 12), abs=1e-9
    )
    assert quality.continuity == pytest.approx(figure_by_brute_force(below, above, 12), abs=1e-9)
