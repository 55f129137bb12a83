import itertools
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from latentviewer.kernels import pacmap as kernels
from latentviewer.projection import linear
from latentviewer.projection.neighbours import Neighbours
from latentviewer.projection.pacmap import phase_weights, run_pacmap, scaled_neighbours
from latentviewer.projection.quality import map_quality
from latentviewer.projection.task import Report, Task

OPTIONS = {
    "n_neighbors": 10,
    "mid_near": 0.5,
    "further": 2.0,
    "local": "no",
    "metric": "euclidean",
    "seed": 0,
}


def neighbourhoods_of(
    latents: np.ndarray,
) -> Callable[[int, str, Report], tuple[np.ndarray, np.ndarray]]:
    def find(k: int, metric: str, report: Report) -> tuple[np.ndarray, np.ndarray]:
        n = len(latents)
        near, far = Neighbours(latents, metric).nearest(latents, k + 1)
        own = near == np.arange(n)[:, None]
        own[~own.any(axis=1), -1] = True
        report(None, "neighbours")
        return near[~own].reshape(n, k).astype(np.int32), far[~own].reshape(n, k)

    return find


def laid_out(
    latents: np.ndarray, dims: int = 2, start: np.ndarray | None = None, **options: Any
) -> tuple[np.ndarray, list[str]]:
    embedding = np.full((len(latents), dims), 5, np.float32)
    told: list[float | None] = []
    notes: list[str] = []
    run_pacmap(
        Task(
            latents, embedding, {**OPTIONS, **options}, neighbourhoods_of(latents), start=start,
            report=lambda fraction, _stage: told.append(fraction), note=notes.append,
        )
    )  # fmt: skip
    fractions = [f for f in told if f is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    return embedding, notes


def clusters(each: int = 60, d: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = np.repeat(np.arange(6), each)
    latents = rng.normal(scale=4, size=(6, d))[codes] + rng.normal(size=(len(codes), d))
    return latents.astype(np.float32), codes


def kept(places: np.ndarray, codes: np.ndarray) -> float:
    """The share of nearest samples on the map that are of the same class."""
    rows, _ = Neighbours(places).nearest(places, 2)
    other = np.where(rows[:, 0] == np.arange(len(places)), rows[:, 1], rows[:, 0])
    return float(np.mean(codes[other] == codes))


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("local", ["no", "yes"])
def test_neighbours_stay_together(dims: int, local: str) -> None:
    latents, codes = clusters()
    places, notes = laid_out(latents, dims, local=local)
    assert kept(places, codes) > 0.95
    assert map_quality(latents, places).trustworthiness > 0.93
    assert notes == []


def seen_while_forming(latents: np.ndarray, **options: Any) -> dict[str, np.ndarray]:
    embedding, seen = np.zeros((len(latents), 2), np.float32), {}

    def report(_fraction: float | None, stage: str) -> None:
        seen[stage] = embedding.copy()

    given = {**OPTIONS, **options}
    run_pacmap(Task(latents, embedding, given, neighbourhoods_of(latents), report=report))
    return seen


def test_the_seed_draws_the_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    latents, _ = clusters(10)
    draw, drawn = kernels.draw_far, []

    def seen(near: np.ndarray, lo: int, hi: int, key: Any, far: np.ndarray) -> None:
        draw(near, lo, hi, key, far)
        drawn.append(far[lo:hi].tobytes())

    monkeypatch.setattr(kernels, "draw_far", seen)
    for seed in (0, 0, 1, 2**32 - 1):
        laid_out(latents, seed=seed)
    runs = [frozenset(drawn[at : at + kernels.BLOCKS]) for at in range(0, len(drawn), 8)]
    assert runs[0] == runs[1]
    assert len(set(runs)) == 3


def test_near_pairs_of_local_pull_by_half_the_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    pull, reaches = kernels.add_gradient, []

    def seen(*given: Any) -> None:
        reaches.append(float(given[7]))
        pull(*given)

    monkeypatch.setattr(kernels, "add_gradient", seen)
    laid_out(clusters(10)[0], local="yes")
    assert reaches == [0.0] * (200 * kernels.BLOCKS) + [5.0] * (250 * kernels.BLOCKS)


def test_the_map_is_seen_forming_and_local_changes_its_last_phase() -> None:
    latents, _ = clusters(30)
    plain, local = seen_while_forming(latents), seen_while_forming(latents, local="yes")
    steps = [f"layout, step {step} of 450" for step in range(1, 451)]
    assert np.abs(plain[steps[0]]).max() > 0
    for earlier, later in itertools.pairwise(steps):
        assert (plain[earlier] != plain[later]).any()
    for step in steps[:201]:
        np.testing.assert_array_equal(plain[step], local[step])
    assert (plain[steps[201]] != local[steps[201]]).any()


def test_local_renews_far_pairs_within_reach_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    latents, _ = clusters(30)
    renew, asked = kernels.draw_far_nearby, []

    def seen(
        places: np.ndarray,
        near: np.ndarray,
        lo: int,
        hi: int,
        key: Any,
        reach: Any,
        far: np.ndarray,
    ) -> None:
        asked.append((int(key), float(reach), lo))
        renew(places, near, lo, hi, key, reach, far)

    monkeypatch.setattr(kernels, "draw_far_nearby", seen)
    laid_out(latents, local="yes")
    assert len(asked) == 25 * kernels.BLOCKS
    assert len({key for key, _, _ in asked}) == 25
    assert {reach for _, reach, _ in asked} == {10.0}
    asked.clear()
    laid_out(latents)
    assert asked == []


@pytest.mark.parametrize("local", ["no", "yes"])
def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch, local: str
) -> None:
    from latentviewer.kernels import crew

    latents, _ = clusters(30)
    one, _ = laid_out(latents, local=local)
    monkeypatch.setattr(crew, "thread_count", lambda: 1)
    again, _ = laid_out(latents, local=local)
    assert one.tobytes() == again.tobytes()
    other, _ = laid_out(latents, local=local, seed=1)
    assert np.abs(other - one).max() > 0.1


def test_it_goes_on_from_a_picture_that_is_there() -> None:
    latents, codes = clusters(30)
    # A start that PCA would never give: the classes in a row.
    start = np.stack([codes * 10.0, np.zeros(len(codes))], axis=1).astype(np.float32)
    start += np.random.default_rng(0).normal(size=start.shape).astype(np.float32)
    places, _ = laid_out(latents, start=start)
    plain, _ = laid_out(latents)
    assert np.abs(places - plain).max() > 0.1
    np.testing.assert_array_equal(start[:, 0].round(-1)[-1], 50)


def test_lengths_do_not_matter_to_cosine_but_to_euclid() -> None:
    latents, _ = clusters(20)
    lengths = np.float32(2) ** (np.arange(len(latents)) % 5)[:, None].astype(np.float32)
    start = latents[:, :2]
    plain, _ = laid_out(latents, metric="cosine", start=start)
    np.testing.assert_array_equal(
        laid_out(latents * lengths, metric="cosine", start=start)[0], plain
    )
    euclid = laid_out(latents * lengths, start=start)[0]
    assert np.abs(euclid - laid_out(latents, start=start)[0]).max() > 0.1


def test_chunks_do_not_change_the_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    latents, _ = clusters(20)
    rows, far = neighbourhoods_of(latents)(40, "euclidean", lambda _f, _s: None)
    whole = scaled_neighbours(rows, far, 10)
    monkeypatch.setattr(linear, "_VALUES_AT_ONCE", 37)
    np.testing.assert_array_equal(scaled_neighbours(rows, far, 10), whole)


def test_neighbours_are_chosen_by_scaled_distance() -> None:
    latents, _ = clusters(20)
    rows, far = neighbourhoods_of(latents)(40, "euclidean", lambda _f, _s: None)
    spread = far[:, 3:6].mean(axis=1, dtype=np.float64)
    ratios = far.astype(np.float64) ** 2 / (spread[:, None] * spread[rows])
    expected = np.take_along_axis(rows, np.argsort(ratios, axis=1)[:, :10], axis=1)
    np.testing.assert_array_equal(scaled_neighbours(rows, far, 10), expected)
    assert (expected != rows[:, :10]).any()


def test_the_weights_are_those_of_the_paper() -> None:
    for iteration, weights in (
        (0, [2, 1000, 1]), (50, [2, 501.5, 1]), (100, [3, 3, 1]), (199, [3, 3, 1]),
        (200, [1, 0, 1]), (449, [1, 0, 1]),
    ):  # fmt: skip
        np.testing.assert_allclose(phase_weights(iteration), weights)


def a_few(n: int = 23, dims: int = 2) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    places = rng.normal(scale=3, size=(n, dims)).astype(np.float32)
    pairs = [rng.integers(0, n, (n, k)).astype(np.int32) for k in (4, 2, 6)]
    pairs[2][::3, -1] = -1
    return places, *pairs


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("half_reach", [0.0, 5.0])
def test_the_gradient_is_that_of_the_loss(dims: int, half_reach: float) -> None:
    places, *pairs = a_few(dims=dims)
    weights = np.array([2, 3, 1], np.float32)
    gradient = np.zeros_like(places)
    kernels.add_gradient(places, *pairs, 0, len(places), weights, np.float32(half_reach), gradient)

    def loss(at: np.ndarray) -> float:
        # Definition 1; for LocalMAP its near pairs' force is divided, so they are summed apart.
        total = 0.0
        for kind, rows in enumerate(pairs):
            for i, row in enumerate(rows):
                for j in row[row >= 0]:
                    near = 1 + np.sum((at[i] - at[j]) ** 2)
                    if kind == 0 and half_reach:
                        continue
                    total += weights[kind] * (
                        near / (10 + near), near / (10_000 + near), 1 / (1 + near)
                    )[kind]  # fmt: skip
        return float(total)

    exact, numeric = places.astype(np.float64), np.zeros(places.shape)
    for index in np.ndindex(places.shape):
        moved = np.zeros(places.shape)
        moved[index] = 1e-5
        numeric[index] = (loss(exact + moved) - loss(exact - moved)) / 2e-5
    if half_reach:
        for i, row in enumerate(pairs[0]):
            for j in row:
                gap = exact[i] - exact[j]
                near = 1 + gap @ gap
                force = 2 * 20 / (10 + near) ** 2 * half_reach / np.sqrt(near) * gap
                numeric[i] += force
                numeric[j] -= force
    np.testing.assert_allclose(gradient, numeric, atol=1e-4)


def test_mid_near_pairs_are_the_second_nearest_of_six() -> None:
    n = 4_000
    vectors = np.zeros((n, 3), np.float32)
    vectors[:, 0] = np.arange(n)
    mid = np.empty((n, 5), np.int32)
    kernels.draw_mid_near(vectors, 0, n, np.uint64(1), mid)
    rows = np.arange(n)[:, None]
    assert (mid != rows).all()
    assert all(len(set(row)) == 5 for row in mid)
    # Seen from row 0 distances are even, and the second of six lies 2/7 of the way on average.
    draws = np.empty((n, 5), np.int32)
    first = []
    for seed in range(200):
        kernels.draw_mid_near(vectors, 0, 1, np.uint64(seed), draws)
        first += draws[0].tolist()
    assert abs(np.mean(first) / n - 2 / 7) < 0.03


def test_far_pairs_are_neither_oneself_nor_neighbours_nor_twice() -> None:
    n = 40
    near = ((np.arange(n)[:, None] + np.arange(1, 11)) % n).astype(np.int32)
    far = np.empty((n, 29), np.int32)
    kernels.draw_far(near, 0, n, np.uint64(3), far)
    for i in range(n):
        assert sorted({i, *near[i], *far[i]}) == list(range(n))
    more = np.empty((n, 31), np.int32)
    kernels.draw_far(near, 0, n, np.uint64(3), more)
    assert (more[:, 29:] == -1).all()
    wide = np.empty((2_000, 20), np.int32)
    kernels.draw_far(np.zeros((2_000, 1), np.int32), 0, 2_000, np.uint64(3), wide)
    counts = np.bincount(wide.ravel(), minlength=2_000)[1:]
    assert abs(counts.mean() - 20) < 0.1
    assert abs(counts.std() - np.sqrt(20)) < 1


def test_far_pairs_nearby_lie_within_reach() -> None:
    rng = np.random.default_rng(0)
    places = rng.uniform(0, 30, (500, 2)).astype(np.float32)
    near = rng.integers(0, 500, (500, 5)).astype(np.int32)
    far = np.full((500, 8), -1, np.int32)
    kernels.draw_far_nearby(places, near, 0, 500, np.uint64(1), np.float32(10), far)
    for i in range(500):
        new = far[i][far[i] >= 0]
        assert len(new) >= 6
        assert len(set(new)) == len(new)
        assert not set(new) & {i, *near[i]}
        assert (np.linalg.norm(places[new] - places[i], axis=1) <= 10.001).all()
    kernels.draw_far_nearby(places, near, 0, 500, np.uint64(1), np.float32(0), old := far.copy())
    np.testing.assert_array_equal(old, far)


def test_a_step_is_that_of_adam_and_clears_the_gradients() -> None:
    rng = np.random.default_rng(0)
    places = rng.normal(size=(7, 3)).astype(np.float32)
    expected, m, v = places.astype(np.float64), 0.0, 0.0
    first, second = np.zeros_like(places), np.zeros_like(places)
    for t in range(5):
        gradients = rng.normal(size=(8, 7, 3)).astype(np.float32)
        total = gradients.sum(axis=0, dtype=np.float64)
        m, v = 0.9 * m + 0.1 * total, 0.999 * v + 0.001 * total**2
        rate = np.sqrt(1 - 0.999 ** (t + 1)) / (1 - 0.9 ** (t + 1))
        expected -= rate * m / (np.sqrt(v) + 1e-7)
        kernels.step(places, gradients, first, second, 0, 7, kernels.corrected_rate(1.0, t))
        np.testing.assert_array_equal(gradients, 0)
    np.testing.assert_allclose(places, expected, atol=1e-3)


@pytest.mark.parametrize("n", [0, 1, 2, 4, 5, 6, 7, 10, 11, 12])
def test_few_latents_are_laid_out(n: int) -> None:
    latents = np.random.default_rng(0).normal(size=(n, 3)).astype(np.float32)
    places, notes = laid_out(latents, 2 + n % 2)
    assert np.isfinite(places).all()
    assert len(notes) == (n <= 10)
    assert n < 2 or np.ptp(places) > 0


@pytest.mark.parametrize(
    "latents",
    [
        np.full((40, 3), 2),
        np.zeros((40, 3)),
        np.repeat(np.eye(3, 4), 20, axis=0),
        np.random.default_rng(0).normal(size=(40, 3)) * 1e25,
        np.random.default_rng(0).normal(size=(40, 3)) * 1e-25,
        np.arange(30)[:, None],
    ],
    ids=["equal", "zero", "duplicates", "huge", "tiny", "line"],
)
def test_flat_and_equal_latents_are_laid_out(latents: np.ndarray) -> None:
    places, notes = laid_out(latents.astype(np.float32), 3)
    assert np.isfinite(places).all()
    assert notes == []


@pytest.mark.parametrize("metric", ["cosine", "correlation"])
def test_latents_without_a_direction_are_laid_out(metric: str) -> None:
    latents = clusters(5)[0]
    latents[::4] = 0
    assert np.isfinite(laid_out(latents, metric=metric)[0]).all()


def test_what_was_done_otherwise_is_said() -> None:
    rng = np.random.default_rng(0)
    assert laid_out(rng.normal(size=(4, 3)).astype(np.float32))[1] == [
        "PaCMAP needs at least 5 points; 4 are laid out by PCA."
    ]
    assert laid_out(rng.normal(size=(8, 3)).astype(np.float32))[1] == [
        "8 points have only 7 neighbours each; 7 are used, not 10."
    ]


def test_the_kernels_are_loaded_only_when_it_runs() -> None:
    code = (
        "import sys, latentviewer.projection.pacmap;"
        "sys.exit('latentviewer.kernels.pacmap' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
