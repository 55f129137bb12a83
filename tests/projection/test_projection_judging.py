import numpy as np
import pytest
from scipy.stats import spearmanr
from sklearn.manifold import trustworthiness

from latentviewer.domain.errors import UserError
from latentviewer.domain.metrics import METRICS
from latentviewer.projection import judging
from latentviewer.projection.judging import judge_map, judge_steps, rank_correlation
from latentviewer.projection.pca import fit_pca
from latentviewer.projection.quality import map_quality


def random(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def all_distances(points: np.ndarray, metric: str) -> np.ndarray:
    x = points.astype(np.float64)
    if metric == "euclidean":
        return np.linalg.norm(x[:, None] - x[None], axis=-1)
    if metric == "dot":
        return -x @ x.T
    if metric == "correlation":
        x = x - x.mean(axis=1, keepdims=True)
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    return 1 - x @ x.T


def trust_by_ranks(true: np.ndarray, shown: np.ndarray, k: int) -> float:
    n = len(true)
    true, shown = true.copy(), shown.copy()
    np.fill_diagonal(true, np.inf)
    np.fill_diagonal(shown, np.inf)
    rank = np.argsort(np.argsort(true, axis=1, kind="stable"), axis=1) + 1
    near = np.argsort(shown, axis=1, kind="stable")[:, :k]
    excess = np.maximum(np.take_along_axis(rank, near, axis=1) - k, 0).sum()
    return 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * excess


def test_of_all_samples_the_figures_are_those_of_scikit_learn_and_scipy() -> None:
    latents = random(280, 7)
    places = fit_pca(latents, 2).coordinates
    judged = judge_map(latents, places)
    assert (judged.k, judged.sample, judged.of, judged.pairs) == (12, 280, 280, 280 * 279 // 2)
    assert judged.trustworthiness == pytest.approx(
        trustworthiness(latents, places, n_neighbors=12), abs=1e-6
    )
    assert judged.continuity == pytest.approx(
        trustworthiness(places, latents, n_neighbors=12), abs=1e-6
    )
    both = np.triu_indices(280, 1)
    there, here = all_distances(latents, "euclidean"), all_distances(places, "euclidean")
    assert judged.shepard == pytest.approx(spearmanr(there[both], here[both])[0], abs=1e-6)
    assert np.isnan(judged.neighbourhood_hit)
    assert judged.labelled == 0


@pytest.mark.parametrize("metric", METRICS)
def test_near_in_latent_space_is_what_the_metric_says(metric: str) -> None:
    latents = random(150, 6) + np.float32(0.7)
    places = latents[:, :2].copy()
    judged = judge_map(latents, places, metric=metric, k=9)
    there, here = all_distances(latents, metric), all_distances(places, "euclidean")
    assert judged.trustworthiness == pytest.approx(trust_by_ranks(there, here, 9), abs=1e-9)
    assert judged.continuity == pytest.approx(trust_by_ranks(here, there, 9), abs=1e-9)
    both = np.triu_indices(150, 1)
    assert judged.shepard == pytest.approx(spearmanr(there[both], here[both])[0], abs=1e-9)


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(UserError, match="no metric “hamming”"):
        judge_map(random(30, 3), random(30, 2), metric="hamming")


def test_the_hit_is_the_share_of_neighbours_with_the_same_label() -> None:
    # On a line, two on either side of each; the ends have theirs on one side.
    places = np.stack([np.arange(8.0), np.zeros(8)], axis=1).astype(np.float32)
    places[:, 0] += np.arange(8) * 0.01
    codes = np.array([0, 0, 0, 0, 1, 1, 1, 1], np.int32)
    judged = judge_map(random(8, 4), places, codes=codes, k=2)
    # Nearest two by row: 12, 02, 13, 24 (a stranger), 35 (a stranger), 46, 57, 65.
    assert judged.k == 2
    assert judged.neighbourhood_hit == pytest.approx((6 * 1 + 2 * 0.5) / 8)
    assert judged.labelled == 8
    codes[4] = -1
    judged = judge_map(random(8, 4), places, codes=codes, k=2)
    # Row 4 is not asked, and does not count for rows 3 and 5.
    assert judged.neighbourhood_hit == 1
    assert judged.labelled == 7
    assert judge_map(random(8, 4), places, codes=np.full(8, -1, np.int32)).labelled == 0


def test_labels_go_with_their_rows_where_only_some_are_sampled() -> None:
    codes = np.repeat(np.arange(5, dtype=np.int32), 80)
    places = random(400, 2) + 100 * codes[:, None].astype(np.float32)
    places[::7] = np.nan
    shuffle = np.random.default_rng(0).permutation(400)
    judged = judge_map(random(400, 3), places[shuffle], codes=codes[shuffle], sample=150, seed=2)
    assert judged.neighbourhood_hit == 1
    assert (judged.sample, judged.of) == (150, 400)


def test_the_same_seed_gives_the_same_figures() -> None:
    latents = random(900, 5)
    places = fit_pca(latents, 2).coordinates
    one, again = (judge_map(latents, places, sample=400, seed=3) for _ in range(2))
    other = judge_map(latents, places, sample=400, seed=4)
    # A figure that cannot be had is no figure at all, and not equal to itself.
    assert repr(one) == repr(again) != repr(other)


def test_drawn_pairs_tell_what_all_pairs_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    latents = random(300, 5)
    places = fit_pca(latents, 2).coordinates
    exact = judge_map(latents, places)
    monkeypatch.setattr(judging, "PAIRS", 20_000)
    drawn = judge_map(latents, places)
    assert drawn.pairs == 20_000
    assert drawn.shepard != exact.shepard
    assert drawn.shepard == pytest.approx(exact.shepard, abs=0.02)
    first, second = judging._pairs(300, 0)
    assert (first != second).all()
    assert first.min() == second.min() == 0
    assert first.max() == second.max() == 299


def test_rank_correlation_shares_the_ranks_of_equal_values() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 6, 200).astype(float), rng.integers(0, 4, 200).astype(float)
    assert rank_correlation(a, b) == pytest.approx(spearmanr(a, b)[0], abs=1e-12)
    assert rank_correlation(a, np.exp(a)) == 1
    assert rank_correlation(a, -a) == -1
    assert np.isnan(rank_correlation(a, np.ones(200)))
    assert np.isnan(rank_correlation(np.empty(0), np.empty(0)))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_too_few_samples_give_no_figures(n: int) -> None:
    judged = judge_map(random(n, 3), random(n, 2), codes=np.zeros(n, np.int32))
    figures = (judged.trustworthiness, judged.continuity, judged.neighbourhood_hit, judged.shepard)
    assert np.isnan(figures).all()
    assert (judged.k, judged.sample, judged.of) == (0, n, n)


def test_equal_latents_and_equal_places_give_no_figure_that_would_mean_nothing() -> None:
    latents, places = random(60, 4), random(60, 2)
    nothing_above = judge_map(np.ones_like(latents), places)
    assert np.isnan([nothing_above.trustworthiness, nothing_above.shepard]).all()
    nothing_below = judge_map(latents, np.ones_like(places))
    assert np.isnan(nothing_below.shepard)
    assert 0 <= nothing_below.trustworthiness <= 1
    nowhere = judge_map(latents, np.full_like(places, np.nan))
    assert (nowhere.sample, nowhere.of, nowhere.pairs) == (0, 60, 0)


@pytest.mark.parametrize("metric", METRICS)
def test_vectors_without_length_and_values_of_any_size_are_judged(metric: str) -> None:
    latents = random(80, 5)
    latents[:5] = 0
    latents[5:10] *= np.float32(1e30)
    judged = judge_map(latents, latents[:, :2].copy(), metric=metric)
    assert 0 <= judged.trustworthiness <= 1
    assert -1 <= judged.shepard <= 1


def test_the_work_comes_in_steps_that_rise_to_the_end() -> None:
    latents = random(1_200, 5)
    done = list(judge_steps(latents, fit_pca(latents, 2).coordinates))
    assert done == sorted(done)
    assert done[0] == 0
    assert done[-1] == 1
    assert len(done) > 8


def test_very_long_latents_are_judged_on_fewer_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("latentviewer.projection.quality.SAMPLED_VALUES", 30_000)
    assert judge_map(random(500, 200), random(500, 2)).sample == 150
    assert judge_map(random(500, 2_000), random(500, 2)).sample == 100


@pytest.mark.parametrize("d", [2, 3])
def test_equally_far_places_of_a_lattice_are_ordered_by_row(d: int) -> None:
    lattice = np.stack(np.meshgrid(*[np.arange(5.0)] * d), axis=-1).reshape(-1, d)
    places = lattice.astype(np.float32) * np.float32(0.37) + np.float32(11.3)
    quality = map_quality(random(len(places), 6), places, k=7)
    exact = places.astype(np.float64)
    gaps = sum(np.square(exact[:, None, axis] - exact[None, :, axis]) for axis in range(d))
    np.fill_diagonal(gaps, np.inf)
    expected = np.argsort(gaps, axis=1, kind="stable")[:, :7]
    assert quality.near_on_map.tolist() == expected.tolist()


def test_arrays_that_do_not_belong_together_are_refused() -> None:
    with pytest.raises(ValueError, match="one row for each sample"):
        judge_map(random(30, 3), random(29, 2))
    with pytest.raises(ValueError, match="one row for each sample"):
        judge_map(random(30, 3), random(30, 2), codes=np.zeros(29, np.int32))
