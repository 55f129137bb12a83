import numpy as np
import pytest
from sklearn.metrics import silhouette_samples

from latentviewer.domain.errors import UserError
from latentviewer.domain.metrics import METRICS
from latentviewer.projection import cluster_check as module
from latentviewer.projection.cluster_check import cluster_check, cluster_steps


def random(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def apart(d: int, gap: float = 8) -> np.ndarray:
    """100 samples around a corner far from the other 300."""
    points = random(400, d, d)
    points[:100] += np.float32(gap)
    return points


FIRST = np.arange(100)


def test_a_cluster_in_both() -> None:
    check = cluster_check(apart(6), apart(2), FIRST)
    assert check.latent.inside == check.on_map.inside == 1
    assert check.latent.silhouette > 0.7
    assert (check.k, check.selected, check.rest, check.sampled) == (15, 100, 300, 100)
    assert check.by_chance == pytest.approx(99 / 399)
    assert check.sentence == (
        "It holds together in latent space, where 100 % of its neighbours belong to it "
        f"(silhouette {check.latent.silhouette:.2f}), and on the map "
        f"(100 %, {check.on_map.silhouette:.2f})."
    )


def test_a_cluster_that_the_map_made() -> None:
    check = cluster_check(random(400, 6), apart(2), FIRST)
    assert check.latent.inside == pytest.approx(check.by_chance, abs=0.06)
    assert check.latent.silhouette == pytest.approx(0, abs=0.05)
    assert check.sentence.startswith(
        "On the map it holds together, where 100 % of its neighbours belong to it (silhouette 0."
    )
    assert "in latent space it does not (2" in check.sentence
    assert check.sentence.endswith("the map made this cluster.")


def test_a_cluster_that_the_map_scattered() -> None:
    check = cluster_check(apart(6), random(400, 2), FIRST)
    assert check.sentence.startswith("In latent space it holds together, where 100 %")
    assert check.sentence.endswith("the map scattered this cluster.")


def test_no_cluster_at_all() -> None:
    check = cluster_check(random(400, 6), random(400, 2), FIRST)
    assert check.sentence.startswith("It holds together neither in latent space, where 2")
    assert "-0.00" not in check.sentence


def test_a_cluster_amid_a_ring_is_one() -> None:
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 300)
    ring = 9 * np.stack([np.cos(angle), np.sin(angle)], axis=1) + rng.normal(size=(300, 2))
    places = np.concatenate([random(100, 2), ring]).astype(np.float32)
    check = cluster_check(np.tile(places, 3), places, FIRST)
    assert check.on_map.inside == check.latent.inside == 1
    assert check.on_map.silhouette > 0.5


def test_most_of_the_samples_drawn_at_random_hold_together_no_more_than_by_chance() -> None:
    rows = np.random.default_rng(0).choice(1_000, 800, replace=False)
    check = cluster_check(random(1_000, 6), random(1_000, 2), rows)
    assert check.latent.inside > 0.7
    assert check.sentence.startswith("It holds together neither")


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation"])
def test_the_silhouette_of_all_is_that_of_scikit_learn(metric: str) -> None:
    latents = random(150, 5) + np.float32(0.5)
    rows = np.arange(40)
    latents[rows, 0] += 2
    check = cluster_check(latents, random(150, 2), rows, metric=metric)
    own = np.arange(150) < 40
    expected = silhouette_samples(latents.astype(np.float64), own, metric=metric)[own].mean()
    assert check.latent.silhouette == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("metric", METRICS)
def test_the_share_inside_is_counted_by_the_metric(metric: str) -> None:
    latents = random(120, 5) + np.float32(0.5)
    rows = np.arange(8)
    latents[rows, 1] += 1
    x = latents.astype(np.float64)
    if metric == "euclidean":
        gaps = np.linalg.norm(x[:, None] - x[None], axis=-1)
    else:
        x = x - x.mean(axis=1, keepdims=True) if metric == "correlation" else x
        x = x if metric == "dot" else x / np.linalg.norm(x, axis=1, keepdims=True)
        gaps = -x @ x.T
    np.fill_diagonal(gaps, np.inf)
    near = np.argsort(gaps, axis=1, kind="stable")[:8, :7]
    check = cluster_check(latents, random(120, 2), rows, metric=metric)
    assert check.k == 7
    assert check.latent.inside == pytest.approx((near < 8).mean())
    assert np.isnan(check.latent.silhouette) == (metric == "dot")
    assert "nan" not in check.sentence


def test_samples_without_a_place_do_not_count_on_either_side() -> None:
    latents, places = apart(6), apart(2)
    whole = cluster_check(latents, places, FIRST)
    lost = np.arange(0, 400, 4)
    # Were they counted, they would be in the way.
    filled = np.insert(latents, lost, latents[50], axis=0)
    map_filled = np.insert(places, lost, np.nan, axis=0)
    rows = np.flatnonzero(np.insert(np.arange(400) < 100, lost, False))
    assert cluster_check(filled, map_filled, rows) == whole
    at_lost = np.flatnonzero(~np.isfinite(map_filled).all(axis=1))
    assert cluster_check(filled, map_filled, np.append(rows, at_lost)) == whole


def test_a_row_named_twice_counts_once() -> None:
    latents, places = apart(6), apart(2)
    assert cluster_check(latents, places, np.repeat(FIRST, 2)) == cluster_check(
        latents, places, FIRST
    )


def test_a_sample_is_seeded_and_tells_nearly_the_same() -> None:
    latents, places = random(3_000, 6), random(3_000, 2)
    rows = np.flatnonzero(latents[:, 0] > 0.3)
    one, again, other = (cluster_check(latents, places, rows, 200, s) for s in (0, 0, 1))
    every = cluster_check(latents, places, rows, 3_000)
    assert one == again != other
    assert (one.sampled, every.sampled) == (200, len(rows))
    assert one.latent.inside == pytest.approx(every.latent.inside, abs=0.05)
    assert one.latent.silhouette == pytest.approx(every.latent.silhouette, abs=0.05)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (range(0), "0 samples with a place on the map are selected; it takes 5"),
        (range(4), "4 samples with a place on the map are selected; it takes 5"),
        (range(30), "Every sample is selected"),
        (range(28), "All samples but 2 are selected; select fewer"),
    ],
)
def test_what_cannot_be_compared_is_said(rows: range, sentence: str) -> None:
    check = cluster_check(random(30, 4), random(30, 2), np.array(rows, np.int64))
    assert check.sentence.startswith(sentence)
    assert np.isnan([check.latent.inside, check.on_map.silhouette]).all()


def test_equal_samples_are_no_cluster_unless_the_rest_lies_elsewhere() -> None:
    latents, places = np.ones((60, 4), np.float32), random(60, 2)
    rows = np.arange(20)
    check = cluster_check(latents, places, rows)
    assert check.sentence.startswith("The latents that were compared are all equal")
    check = cluster_check(random(60, 4), np.ones((60, 2), np.float32), rows)
    assert check.sentence.startswith("The places on the map that were compared are all equal")
    latents[20:] = random(40, 4) + 9
    check = cluster_check(latents, places, rows)
    assert check.latent.inside == 1
    assert check.latent.silhouette == pytest.approx(1, abs=1e-6)
    check = cluster_check(random(0, 4), random(0, 2), np.empty(0, np.int64))
    assert check.sentence.startswith("0 samples")


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(UserError, match="no metric “hamming”"):
        cluster_check(apart(6), apart(2), FIRST, metric="hamming")


def test_the_work_comes_in_steps_that_rise_to_the_end() -> None:
    done = list(cluster_steps(apart(6), apart(2), FIRST))
    assert done == sorted(done)
    assert done[-1] == 1


def test_of_very_many_samples_fewer_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAIRS_AT_MOST", 400 * 70)
    assert cluster_check(apart(6), apart(2), FIRST).sampled == 70
    monkeypatch.setattr(module, "_PRODUCTS_AT_MOST", 400 * 6 * 60)
    assert cluster_check(apart(6), apart(2), FIRST).sampled == 60
    monkeypatch.setattr(module, "_PAIRS_AT_MOST", 0)
    assert cluster_check(apart(6), apart(2), FIRST).sampled == 50
