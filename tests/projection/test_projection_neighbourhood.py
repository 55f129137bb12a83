import os
import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.metrics import METRICS
from latentviewer.projection import neighbourhood
from latentviewer.projection.neighbourhood import find_neighbourhood
from latentviewer.projection.neighbours import nearest

Floats = NDArray[np.float32]
Found = tuple[NDArray[np.int32], Floats]


def quiet(_fraction: float | None, _stage: str) -> None:
    pass


def curved(n: int, d: int, seed: int = 0) -> Floats:
    """Clusters on a curved sheet of six dimensions, with a little noise: like latents."""
    rng = np.random.default_rng(seed)
    inner = rng.normal(size=(n, 6)) + 3 * rng.normal(size=(12, 6))[rng.integers(12, size=n)]
    outer = np.tanh(inner @ rng.normal(size=(6, 24)) / 3) @ rng.normal(size=(24, d))
    return (outer + 0.05 * rng.normal(size=(n, d))).astype(np.float32)


def truth(latents: Floats, asked: NDArray[np.int64], k: int, metric: str) -> Found:
    with np.errstate(over="ignore"):
        rows, distances = nearest(latents, latents[asked], k + 1, metric)
    own = rows == asked[:, None]
    own[~own.any(axis=1), -1] = True
    return rows[~own].reshape(-1, k).astype(np.int32), distances[~own].reshape(-1, k)


def check_form(latents: Floats, found: Found, k: int) -> None:
    rows, distances = found
    n = len(latents)
    columns = max(0, min(k, n - 1))
    assert rows.shape == distances.shape == (n, columns)
    assert rows.dtype == np.int32
    assert distances.dtype == np.float32
    assert ((rows >= 0) & (rows < n)).all()
    assert (rows != np.arange(n)[:, None]).all()
    assert all(len(set(line)) == columns for line in rows.tolist())
    step, further = np.diff(distances, axis=1), np.diff(rows, axis=1)
    assert ((step > 0) | ((step == 0) & (further > 0))).all()


def directly(latents: Floats, rows: NDArray[np.int32], metric: str) -> NDArray[np.float64]:
    """(n, k) distances by their definition, in float64."""
    points = latents.astype(np.float64)
    if metric == "correlation":
        points = points - points.mean(axis=1, keepdims=True)
    if metric in ("cosine", "correlation"):
        length = np.linalg.norm(points, axis=1, keepdims=True)
        points = np.divide(points, length, out=np.zeros_like(points), where=length > 0)
    gaps = np.empty(rows.shape)
    for column, others in enumerate(rows.T):
        if metric == "euclidean":
            gaps[:, column] = np.linalg.norm(points - points[others], axis=1)
        else:
            gaps[:, column] = (metric != "dot") - np.einsum("nd,nd->n", points, points[others])
    return gaps


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize(("n", "d", "k"), [(700, 5, 9), (400, 130, 20), (30, 3, 29), (500, 1, 4)])
def test_few_samples_get_their_true_neighbours(metric: str, n: int, d: int, k: int) -> None:
    latents = curved(n, d)
    found = find_neighbourhood(latents, k, metric, quiet)
    check_form(latents, found, k)
    rows, distances = truth(latents, np.arange(n), k, metric)
    np.testing.assert_allclose(found[1], distances, rtol=1e-6, atol=1e-6)
    if d > 1:
        assert (found[0] == rows).mean() > 0.999


@pytest.mark.parametrize(
    ("metric", "d", "k", "least"),
    [
        ("euclidean", 16, 15, 0.98),
        ("euclidean", 16, 90, 0.97),
        ("euclidean", 200, 15, 0.98),
        ("cosine", 16, 15, 0.98),
        ("correlation", 110, 15, 0.97),
        ("dot", 16, 15, 0.95),
        ("dot", 110, 15, 0.9),
    ],
)
def test_many_samples_get_nearly_all_and_true_distances(
    metric: str, d: int, k: int, least: float
) -> None:
    latents = curved(14_000, d)
    found = find_neighbourhood(latents, k, metric, quiet)
    check_form(latents, found, k)
    asked = np.arange(0, 14_000, 47)
    rows, _ = truth(latents, asked, k, metric)
    hits = [len(np.intersect1d(a, b)) for a, b in zip(found[0][asked], rows, strict=True)]
    assert np.mean(hits) / k >= least
    np.testing.assert_allclose(found[1], directly(latents, found[0], metric), rtol=2e-6, atol=1e-6)


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 5])
def test_next_to_none(metric: str, n: int) -> None:
    latents = curved(n, 4)
    check_form(latents, find_neighbourhood(latents, 15, metric, quiet), 15)
    check_form(latents, find_neighbourhood(latents, 0, metric, quiet), 0)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation"])
@pytest.mark.parametrize("exact", [True, False])
def test_duplicates_are_neighbours_at_no_distance(
    metric: str, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbourhood, "EXACT_UP_TO", 12_000 if exact else 0)
    latents = np.repeat(curved(150, 6), 8, axis=0)
    rows, distances = found = find_neighbourhood(latents, 9, metric, quiet)
    check_form(latents, found, 9)
    assert (distances[:, :7] == 0).all()
    assert (rows[:, :7] // 8 == np.arange(1_200)[:, None] // 8).all()
    assert (distances[:, 7:] > 0).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("exact", [True, False])
def test_samples_that_are_all_equal(
    metric: str, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbourhood, "EXACT_UP_TO", 12_000 if exact else 0)
    for latents in (np.full((900, 3), 2.5, np.float32), np.zeros((900, 3), np.float32)):
        rows, distances = found = find_neighbourhood(latents, 5, metric, quiet)
        check_form(latents, found, 5)
        np.testing.assert_allclose(distances, directly(latents, rows, metric), atol=1e-12)
        if exact:
            assert rows[:6].tolist() == [[r for r in range(6) if r != own] for own in range(6)]
            assert rows[899].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
@pytest.mark.parametrize("exact", [True, False])
def test_vectors_without_a_direction_are_at_right_angles_to_all(
    metric: str, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbourhood, "EXACT_UP_TO", 12_000 if exact else 0)
    latents = curved(1_500, 8)
    latents[::3] = np.float32(0.1) if metric == "correlation" else 0
    rows, distances = found = find_neighbourhood(latents, 6, metric, quiet)
    check_form(latents, found, 6)
    assert (distances[::3] == 1).all()
    near = np.delete(rows, np.s_[::3], axis=0)
    assert (near % 3 != 0).all()


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("exact", [True, False])
def test_far_apart_tiny_huge_and_constant(
    metric: str, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbourhood, "EXACT_UP_TO", 12_000 if exact else 0)
    rng = np.random.default_rng(4)
    apart = curved(800, 5) * np.float32(1e-3)
    apart[400:] += 50
    outlier = curved(800, 5)
    outlier[17] *= np.float32(1e20)
    constant = curved(800, 5)
    constant[:, 2:] = 7
    huge = curved(800, 5) * np.float32(1e30)
    tiny = curved(800, 5) * np.float32(1e-30)
    whole = rng.integers(-2, 3, size=(800, 4)).astype(np.float32)
    for latents in (apart, outlier, constant, huge, tiny, whole):
        found = find_neighbourhood(latents, 7, metric, quiet)
        if not np.isfinite(found[1]).all():
            assert metric == "dot"
            continue
        check_form(latents, found, 7)
        if metric == "dot" and not exact and latents is outlier:
            # Beside a sample 1e20 times as long, all products are nothing to the search.
            continue
        _, distances = truth(latents, np.arange(800), 7, metric)
        same = np.isclose(found[1], distances, rtol=1e-6, atol=1e-9 if metric == "dot" else 1e-6)
        assert same.mean() > (0.9999 if exact else 0.9)


def test_a_cluster_that_is_far_away_has_its_own_neighbours() -> None:
    latents = curved(14_000, 8) * np.float32(1e-2)
    latents[::2] += 100
    rows, _ = find_neighbourhood(latents, 10, "euclidean", quiet)
    asked = np.arange(0, 14_000, 101)
    true, _ = truth(latents, asked, 10, "euclidean")
    hits = [len(np.intersect1d(a, b)) for a, b in zip(rows[asked], true, strict=True)]
    assert np.mean(hits) / 10 > 0.97


@pytest.mark.parametrize("metric", METRICS)
def test_more_neighbours_than_the_lists_looked_through_hold(
    metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbourhood, "EXACT_UP_TO", 0)
    monkeypatch.setattr(neighbourhood, "_probes", lambda *_arguments: 1)
    latents = curved(700, 7)
    found = find_neighbourhood(latents, 300, metric, quiet)
    check_form(latents, found, 300)
    rows, _ = truth(latents, np.arange(700), 300, metric)
    assert (found[0] == rows).mean() > (0.99 if metric == "dot" else 0.999)


def test_it_is_the_same_on_any_number_of_threads() -> None:
    code = (
        "import numpy as np, hashlib\n"
        "from latentviewer.projection.neighbourhood import find_neighbourhood\n"
        "z = np.random.default_rng(2).normal(size=(12_100, 100)).astype(np.float32)\n"
        "z *= np.linspace(0.1, 2, 100, dtype=np.float32)\n"
        "h = hashlib.sha256()\n"
        "for metric in ('euclidean', 'dot'):\n"
        "    for found in find_neighbourhood(z, 5, metric, lambda f, s: None):\n"
        "        h.update(found.tobytes())\n"
        "print(h.hexdigest())\n"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "NUMBA_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for threads in ("1", "3")
    }
    assert len(said) == 1


@pytest.mark.parametrize("n", [900, 13_000])
def test_progress_rises_to_the_end(n: int) -> None:
    said: list[float] = []

    def report(fraction: float | None, stage: str) -> None:
        assert stage == "neighbours"
        assert fraction is not None
        said.append(fraction)

    find_neighbourhood(curved(n, 12), 15, "dot", report)
    assert said == sorted(said)
    assert said[0] == 0
    assert said[-1] == 1
    assert len(said) > 8


def test_what_the_report_raises_ends_the_search() -> None:
    def report(fraction: float | None, _stage: str) -> None:
        if fraction and fraction > 0.4:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        find_neighbourhood(curved(2_000, 12), 15, "euclidean", report)


def test_read_only_and_strided_latents() -> None:
    latents = curved(600, 8)
    expected = find_neighbourhood(latents[:, ::2].copy(), 5, "euclidean", quiet)
    wide = latents.copy()
    wide.setflags(write=False)
    found = find_neighbourhood(wide[:, ::2], 5, "euclidean", quiet)
    assert np.array_equal(found[0], expected[0])
    assert np.array_equal(found[1], expected[1])


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(UserError, match="manhattan"):
        find_neighbourhood(curved(5, 2), 2, "manhattan", quiet)
