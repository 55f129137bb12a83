"""PaCMAP and LocalMAP: near, mid-near and far pairs, weighed in three phases.

Wang, Huang, Rudin, Shaposhnik, JMLR 22, 2021, Algorithm 1; Wang, Sun, Huang, Rudin, AAAI 2025.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents
from latentviewer.projection.landmark_mds import vectors_of
from latentviewer.projection.linear import parts
from latentviewer.projection.pca import fit_pca
from latentviewer.projection.task import Placed, Task

FEWEST_POINTS = 5
_PHASES = (100, 100, 250)
_RATE = 1.0
_MORE_NEIGHBOURS = 50  # of which the nearest by scaled distance are taken
_START_SPREAD, _NOISE = 1e-2, 1e-4
_REACH = 10.0
_RENEWED_EVERY = 10
_PAIRS_END = 0.1
_MID, _FAR, _NEARBY = 1, 2, 3  # what random numbers are for


def run_pacmap(task: Task) -> Placed:
    """Lays out by PaCMAP; options `n_neighbors`, `mid_near`, `further`, `local`, `metric`, `seed`.

    It starts from PCA, or from `task.start`, drawn together to a hundredth of a unit: the first
    phase pulls everything together whatever the start. With `local` the last phase is that of
    LocalMAP, which draws borders between groups sharper. The same latents, options and seed
    give the same map whatever the number of threads. Fewer than five are laid out by PCA.
    """
    n = len(task.latents)
    if n < FEWEST_POINTS:
        task.embedding[...] = fit_pca(task.latents, task.dims).coordinates
        task.note(f"PaCMAP needs at least {FEWEST_POINTS} points; {n} are laid out by PCA.")
        task.report(1.0, "too few points for PaCMAP; PCA instead")
        return Placed()
    wanted, seed = task.number("n_neighbors"), task.whole("seed")
    k = int(min(wanted, n - 1))
    if k < wanted:
        task.note(f"{n} points have only {k} neighbours each; {k} are used, not {wanted:g}.")
    metric = str(task.options["metric"])
    rows, distances = task.neighbourhoods(min(k + _MORE_NEIGHBOURS, n - 1), metric, task.report)
    task.embedding[...] = _start(task, seed)
    task.report(0.02, "pairs")
    if metric != "euclidean":
        # The chord between directions is the root of twice this; only ratios count here.
        distances = np.sqrt(distances)
    near = scaled_neighbours(rows, distances, k)
    mid = np.empty((n, min(n - 1, max(1, int(k * task.number("mid_near"))))), np.int32)
    far = np.empty((n, min(n - 1 - k, max(1, int(k * task.number("further"))))), np.int32)
    _lay_out(task, near, mid, far, _vectors(task.latents, metric), seed)
    task.report(1.0, "done")
    return Placed()


def scaled_neighbours(
    rows: NDArray[np.int32], distances: NDArray[np.float32], k: int
) -> NDArray[np.int32]:
    """The k of each sample's neighbours that are nearest by d² / (σᵢ σⱼ), (n, k), nearest first.

    σ is the mean distance to a sample's fourth to sixth neighbour, so that samples in thin
    regions have neighbours too (JMLR 22, section 5.1).

    Args:
        rows, distances: (n, m), nearest first, m ≥ k.
    """
    exact = distances.astype(np.float64)
    spread = exact[:, min(3, exact.shape[1] - 1) : 6].mean(axis=1)
    # Where the nearest are duplicates.
    spread = np.maximum(spread, 1e-10 * spread.max() or 1.0)
    chosen = np.empty((len(rows), k), np.int32)
    for part in parts(*rows.shape):
        ratios = exact[part] / spread[part][:, None] * (exact[part] / spread[rows[part]])
        order = np.argsort(ratios, axis=1, kind="stable")[:, :k]
        chosen[part] = np.take_along_axis(rows[part], order, axis=1)
    return chosen


def _lay_out(
    task: Task,
    near: NDArray[np.int32],
    mid: NDArray[np.int32],
    far: NDArray[np.int32],
    vectors: Latents,
    seed: int,
) -> None:
    from latentviewer.kernels import pacmap as kernels

    places, local = task.embedding, task.options["local"] == "yes"
    n, dims = places.shape
    bounds = np.linspace(0, n, kernels.BLOCKS + 1).astype(np.int64)

    def key(purpose: int, iteration: int = 0) -> np.uint64:
        return np.uint64((seed << 20) + (iteration << 4) + purpose)

    _in_blocks(bounds, lambda _b, lo, hi: kernels.draw_mid_near(vectors, lo, hi, key(_MID), mid))
    task.report(0.06, "pairs")
    _in_blocks(bounds, lambda _b, lo, hi: kernels.draw_far(near, lo, hi, key(_FAR), far))
    gradients = np.zeros((kernels.BLOCKS, n, dims), np.float32)
    first, second = np.zeros((n, dims), np.float32), np.zeros((n, dims), np.float32)
    total, last = sum(_PHASES), sum(_PHASES[:2])
    for iteration in range(total):
        task.report(
            _PAIRS_END + (1 - _PAIRS_END) * iteration / total,
            f"layout, step {iteration + 1} of {total}",
        )
        weights = phase_weights(iteration)
        half_reach = np.float32(_REACH / 2 if local and iteration >= last else 0)
        rate = kernels.corrected_rate(_RATE, iteration)

        def pull(
            block: int,
            lo: int,
            hi: int,
            weights: NDArray[np.float32] = weights,
            half_reach: np.float32 = half_reach,
        ) -> None:
            kernels.add_gradient(
                places, near, mid, far, lo, hi, weights, half_reach, gradients[block]
            )

        def move(_block: int, lo: int, hi: int, rate: np.float32 = rate) -> None:
            kernels.step(places, gradients, first, second, lo, hi, rate)

        def renew(_block: int, lo: int, hi: int, iteration: int = iteration) -> None:
            now = key(_NEARBY, iteration)
            kernels.draw_far_nearby(places, near, lo, hi, now, np.float32(_REACH), far)

        _in_blocks(bounds, pull)
        _in_blocks(bounds, move)
        if local and iteration >= last and iteration % _RENEWED_EVERY == 0:
            _in_blocks(bounds, renew)


def phase_weights(iteration: int) -> NDArray[np.float32]:
    """(3,) the weights of near, mid-near and far pairs (JMLR 22, Algorithm 1)."""
    if iteration < _PHASES[0]:
        done = iteration / _PHASES[0]
        return np.array([2, 1000 * (1 - done) + 3 * done, 1], np.float32)
    if iteration < _PHASES[0] + _PHASES[1]:
        return np.array([3, 3, 1], np.float32)
    return np.array([1, 0, 1], np.float32)


def _in_blocks(bounds: NDArray[np.int64], work: Callable[[int, int, int], None]) -> None:
    """Runs work(block, start, stop) for all blocks on all cores."""
    from latentviewer.kernels.crew import share_out, thread_count

    def some(_thread: int, blocks: Iterator[int]) -> None:
        for block in blocks:
            work(block, int(bounds[block]), int(bounds[block + 1]))

    share_out(some, len(bounds) - 1, thread_count())


def _start(task: Task, seed: int) -> Latents:
    """A small picture, with a little noise so that equal latents can part."""
    given = task.start if task.start is not None else fit_pca(task.latents, task.dims).coordinates
    places = given.astype(np.float64)
    places -= places.mean(axis=0)
    widest = float(places.std(axis=0).max())
    places *= _START_SPREAD / widest if widest > 0 else 0.0
    noise = np.random.default_rng(seed).normal(scale=_START_SPREAD * _NOISE, size=places.shape)
    return (places + noise).astype(np.float32)


def _vectors(latents: Latents, metric: str) -> Latents:
    if metric == "euclidean":
        return latents
    made = np.empty_like(latents)
    for part in parts(*latents.shape):
        made[part] = vectors_of(latents[part], metric)
    return made
