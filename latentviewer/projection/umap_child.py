"""UMAP by umap-learn, stage by stage, in place on memory that others may draw from.

McInnes, Healy, Melville 2018. The stages are umap-learn's own functions; running them one
by one lets the layout be watched while it forms and gives a progress that is true.
"""

import threading
from collections.abc import Callable
from typing import Any

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents
from latentviewer.projection.neighbours import METRICS, nearest
from latentviewer.projection.pca import fit_pca

Report = Callable[[float | None, str], None]

# How the stages share the time on a laptop; the layout has most of it.
_NEIGHBOURS_END, _GRAPH_END = 0.12, 0.2
_FEWEST_POINTS = 5
_EXACT_UP_TO = 12_000
_SPREAD = 10.0


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
) -> Latents:
    """UMAP of (n, d) latents, (n, dims) float32.

    The layout starts from PCA. With a seed the same latents give the same map on the same
    machine; umap-learn then works on one core, without a seed on all.

    Args:
        embedding: where to lay out, (n, dims) float32, C-contiguous; written all the time.
        report: told the fraction done and the stage.

    Raises:
        UserError: the metric is unknown to umap-learn.
    """
    n = len(latents)
    made = np.zeros((n, dims), np.float32) if embedding is None else embedding
    made[...] = _start(latents, dims, seed)
    if n < _FEWEST_POINTS:
        report(1.0, "too few points for UMAP; PCA instead")
        return made
    n_neighbors = max(2, min(n_neighbors, n - 1))
    report(None, "loading umap-learn")
    from sklearn.utils import check_random_state
    from umap.umap_ import (
        find_ab_params,
        fuzzy_simplicial_set,
        make_epochs_per_sample,
        nearest_neighbors,
    )

    random_state = check_random_state(seed)
    report(0.02, "neighbours")
    if n <= _EXACT_UP_TO and metric in METRICS and metric != "dot":
        # As exact as can be, and ready before the approximate search has compiled.
        indices, distances = nearest(latents, latents, n_neighbors, metric)
    else:
        try:
            indices, distances, _index = nearest_neighbors(
                latents, n_neighbors, metric, {}, False, random_state, low_memory=True
            )
        except (ValueError, KeyError) as error:
            raise UserError(f"UMAP cannot use the metric “{metric}”: {error}.") from error
    report(_NEIGHBOURS_END, "graph")
    graph = fuzzy_simplicial_set(
        latents, n_neighbors, random_state, metric, knn_indices=indices, knn_dists=distances
    )[0].tocoo()
    graph.sum_duplicates()
    epochs = n_epochs or (500 if n <= 10_000 else 200)
    graph.data[graph.data < graph.data.max() / epochs] = 0.0
    graph.eliminate_zeros()
    report(_GRAPH_END, "layout")
    a, b = find_ab_params(1.0, min_dist)
    _lay_out(made, graph, epochs, make_epochs_per_sample, a, b, random_state, seed, report)
    if not np.isfinite(made).all():
        raise UserError("UMAP's layout ran off to infinity; choose a larger min_dist.")
    report(1.0, "done")
    return made


def _start(latents: Latents, dims: int, seed: int | None) -> Latents:
    """PCA scaled to ten units, with a little noise so that equal latents can part."""
    coordinates = fit_pca(latents, dims).coordinates
    extent = float(np.abs(coordinates).max()) if coordinates.size else 0.0
    scaled = coordinates * (_SPREAD / extent) if extent > 0 else coordinates
    noise = np.random.default_rng(seed).normal(scale=1e-3, size=coordinates.shape)
    return (scaled + noise).astype(np.float32)


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
