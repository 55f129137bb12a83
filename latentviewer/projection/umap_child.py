"""UMAP by umap-learn, stage by stage, in place on memory that others may draw from.

McInnes, Healy, Melville 2018. The stages are umap-learn's own functions; running them one
by one lets the layout be watched while it forms and gives a progress that is true.
"""

import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents, checked_latents
from latentviewer.projection.neighbours import nearest
from latentviewer.projection.pca import fit_pca
from latentviewer.projection.project import UMAP

Report = Callable[[float | None, str], None]
Note = Callable[[str], None]

# How the stages share the time on a laptop; the layout has most of it.
_NEIGHBOURS_END, _GRAPH_END = 0.12, 0.2
FEWEST_POINTS = 5
# As exact as can be, and ready before the approximate search has compiled.
_EXACT_UP_TO = 12_000
_EXTENT = 10.0
_NOISE = 1e-3


def run_umap(
    latents: Latents,
    *,
    dims: int = 2,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    metric: str = "euclidean",
    seed: int | None = 0,
    n_epochs: int | None = None,
    embedding: Latents | None = None,
    report: Report = lambda _fraction, _text: None,
    note: Note = lambda _sentence: None,
) -> Latents:
    """UMAP of (n, d) latents, (n, dims) float32.

    The layout starts from PCA, scaled as umap-learn scales its start, and so shows a map at
    once. Neighbours are exact up to 12,000 samples, beyond by umap-learn's own search. With
    a seed the same latents give the same map on the same machine; neighbours and layout then
    keep to one core. Without a seed they use all. Fewer than `FEWEST_POINTS` are laid out by
    PCA alone.

    Args:
        n_epochs: passes of the layout; None for umap-learn's choice.
        embedding: where to lay out, (n, dims) float32, C-contiguous; written all the time.
        report: told the fraction done and the stage.
        note: told, in a sentence each, what was done otherwise than asked, and what to mind
            when reading the map.

    Raises:
        UserError: an option that UMAP cannot take, or latents that are NaN or infinite.
    """
    UMAP.options({"n_neighbors": n_neighbors, "min_dist": min_dist, "metric": metric, "seed": seed})
    latents = checked_latents(latents, "UMAP")
    n = len(latents)
    made = np.zeros((n, dims), np.float32) if embedding is None else embedding
    if made.shape != (n, dims) or made.dtype != np.float32 or not made.flags.c_contiguous:
        raise ValueError(f"the embedding must be ({n}, {dims}) float32, C-contiguous")
    if n < FEWEST_POINTS:
        # As they are: stretched like the layout's start, the axes would show a shape that
        # the latents do not have.
        made[...] = fit_pca(latents, dims).coordinates
        note(f"UMAP needs at least {FEWEST_POINTS} points; {n} are laid out by PCA.")
        report(1.0, "too few points for UMAP; PCA instead")
        return made
    made[...] = _start(latents, dims, seed)
    if n_neighbors > n - 1:
        note(f"{n} points have only {n - 1} neighbours each; {n - 1} are used, not {n_neighbors}.")
        n_neighbors = n - 1
    report(None, "loading umap-learn")
    from scipy.sparse.csgraph import connected_components
    from sklearn.utils import check_random_state
    from umap.umap_ import find_ab_params, fuzzy_simplicial_set, make_epochs_per_sample

    random_state = check_random_state(seed)
    report(0.02, "neighbours")
    rows, distances = _neighbours(latents, n_neighbors, metric, random_state, seed)
    report(_NEIGHBOURS_END, "graph")
    graph = fuzzy_simplicial_set(
        latents, n_neighbors, random_state, metric, knn_indices=rows, knn_dists=distances
    )[0].tocoo()
    graph.sum_duplicates()
    usual = 500 if n <= 10_000 else 200
    epochs = usual if n_epochs is None else n_epochs
    # Edges too weak to be drawn once in all epochs would only cost time.
    weakest = graph.data.max(initial=0.0) / (epochs if epochs > 10 else usual)
    graph.data[graph.data < weakest] = 0.0
    graph.eliminate_zeros()
    parts = int(connected_components(graph, directed=False, return_labels=False))
    if parts > 1:
        note(
            f"The neighbours fall into {parts:,} separate parts; how they lie to each other on "
            "the map means nothing."
        )
    report(_GRAPH_END, "layout")
    a, b = find_ab_params(1.0, min_dist)
    if graph.nnz:
        _lay_out(made, graph, epochs, make_epochs_per_sample, a, b, random_state, seed, report)
    if not np.isfinite(made).all():
        raise UserError("UMAP's layout ran off to infinity; choose a larger least distance.")
    report(1.0, "done")
    return made


def _neighbours(
    latents: Latents, n_neighbors: int, metric: str, random_state: Any, seed: int | None
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Rows and distances of each sample's neighbours, itself among them, both (n, k)."""
    if len(latents) <= _EXACT_UP_TO:
        near, how_far = nearest(latents, latents, n_neighbors, metric)
        return near.astype(np.int32), how_far
    from umap.umap_ import nearest_neighbors

    jobs = -1 if seed is None else 1
    with warnings.catch_warnings():
        # It says on stderr that samples far from all others got fewer neighbours; the note on
        # separate parts tells of them.
        warnings.filterwarnings("ignore", message="Failed to correctly find")
        rows, distances, _index = nearest_neighbors(
            latents, n_neighbors, metric, {}, False, random_state, low_memory=True, n_jobs=jobs
        )
    return rows, distances


def _start(latents: Latents, dims: int, seed: int | None) -> Latents:
    """PCA with each axis ten units long, and a little noise so that equal latents can part."""
    coordinates = fit_pca(latents, dims).coordinates.astype(np.float64)
    if len(coordinates):
        coordinates -= coordinates.min(axis=0)
        extents = coordinates.max(axis=0)
        coordinates *= _EXTENT / np.where(extents > 0, extents, 1.0)
    noise = np.random.default_rng(seed).normal(scale=_NOISE, size=coordinates.shape)
    return (coordinates + noise).astype(np.float32)


def _lay_out(
    made: Latents,
    graph: Any,
    epochs: int,
    make_epochs_per_sample: Any,
    a: float,
    b: float,
    random_state: Any,
    seed: int | None,
    report: Report,
) -> None:
    from tqdm import tqdm
    from umap.layouts import optimize_layout_euclidean

    # tqdm would start a thread to watch its own bar, and share a semaphore with processes
    # that are not there; a terminated child would leave it behind.
    tqdm.monitor_interval = 0
    tqdm.set_lock(threading.RLock())
    bounds = np.iinfo(np.int32)
    rng_state = random_state.randint(bounds.min + 1, bounds.max - 1, 3).astype(np.int64)
    optimize_layout_euclidean(
        made,
        made,
        graph.row,
        graph.col,
        epochs,
        len(made),
        make_epochs_per_sample(graph.data, epochs),
        a,
        b,
        rng_state,
        parallel=seed is None,
        tqdm_kwds={
            "disable": False,
            "file": _EpochReader(report),
            "bar_format": "{n_fmt}/{total_fmt}",
            "mininterval": 0.03,
            "miniters": 1,
        },
        move_other=True,
    )


class _EpochReader:
    """Takes what tqdm writes, and reports the epoch it tells of."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def write(self, text: str) -> None:
        epoch, _, epochs = text.strip().partition("/")
        if epoch.isdigit() and epochs.isdigit():
            share = int(epoch) / max(1, int(epochs))
            self._report(
                _GRAPH_END + (1 - _GRAPH_END) * share, f"layout, epoch {epoch} of {epochs}"
            )

    def flush(self) -> None:
        """tqdm asks for it; there is nothing to flush."""
