"""UMAP: neighbours, the graph of section 3.1, and a layout that is parallel and repeatable.

McInnes, Healy, Melville, UMAP, 2018 (arXiv 1802.03426).
"""

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.kernels.layout import Layout
from latentviewer.projection.pca import fit_pca
from latentviewer.projection.task import Note, Placed, Report, Task
from latentviewer.projection.umap_graph import (
    Graph,
    curve,
    fuzzy_graph,
    supervised,
    without_weakest,
)

FEWEST_POINTS = 5
CLASS_WEIGHT = 0.5
# How the stages share the time on a laptop.
NEIGHBOURS_END, GRAPH_END = 0.4, 0.45
_FEW = 10_000
_EPOCHS, _EPOCHS_OF_FEW = 250, 500
_EXTENT, _LEAST_EXTENT, _MOST_EXTENT = 10.0, 5.0, 100.0
_NOISE = 1e-3
# From a picture that is there: gentle steps, and fewer.
_RATE_FROM_PICTURE, _SHARE_FROM_PICTURE = 0.5, 0.4


def run_umap(task: Task) -> Placed:
    """Lays out by UMAP; options `n_neighbors`, `min_dist`, `metric`, `n_epochs`, `seed`.

    `n_neighbors` counts the sample itself. It starts from PCA, each axis ten units long, or goes
    on from `task.start` in fewer and gentler epochs. With `task.codes` the ties between classes
    are weakened. The same latents, options and seed give the same map whatever the number of
    threads. Fewer than `FEWEST_POINTS` are laid out by PCA.

    Raises:
        UserError: the layout ran off to infinity.
    """
    if too_few(task, "UMAP"):
        return Placed()
    set_start(task)
    graph, _rows, _distances = graph_of(task)
    few = len(task.latents) <= _FEW
    asked = task.options.get("n_epochs")
    epochs = (_EPOCHS_OF_FEW if few else _EPOCHS) if asked is None else int(asked)
    rate = 1.0
    if task.start is not None:
        rate = _RATE_FROM_PICTURE
        epochs = max(1, round(_SHARE_FROM_PICTURE * epochs)) if asked is None else epochs
    lay_out(task, without_weakest(graph, max(epochs, 100)), epochs, rate)
    if not np.isfinite(task.embedding).all():
        raise UserError("UMAP's layout ran off to infinity; choose another least distance.")
    task.report(1.0, "done")
    return Placed()


def too_few(task: Task, method: str) -> bool:
    """Whether there are fewer than `FEWEST_POINTS`; they are laid out by PCA then."""
    n = len(task.latents)
    if n >= FEWEST_POINTS:
        return False
    # As they are: stretched like the layout's start, the axes would show a shape that the
    # latents do not have.
    task.embedding[...] = fit_pca(task.latents, task.dims).coordinates
    task.note(f"{method} needs at least {FEWEST_POINTS} points; {n} are laid out by PCA.")
    task.report(1.0, f"too few points for {method}; PCA instead")
    return True


def set_start(task: Task) -> None:
    """PCA with each axis ten units long, or the picture there is in a size that forces can move.

    With a little noise so that equal latents can part.
    """
    if task.start is None:
        places = fit_pca(task.latents, task.dims).coordinates.astype(np.float64)
    else:
        places = task.start.astype(np.float64)
    places -= places.min(axis=0)
    extents = places.max(axis=0)
    if task.start is None:
        places *= _EXTENT / np.where(extents > 0, extents, 1.0)
    elif extents.max() > 0 and not _LEAST_EXTENT <= extents.max() <= _MOST_EXTENT:
        places *= _EXTENT / extents.max()
    rng = np.random.default_rng(_seed(task))
    places += rng.normal(scale=_NOISE, size=places.shape)
    task.embedding[...] = places


def graph_of(task: Task) -> tuple[Graph, NDArray[np.int32], NDArray[np.float32]]:
    """The graph to lay out, and the neighbours it was made of, as `Neighbourhoods` gives them."""
    n = len(task.latents)
    metric, asked = str(task.options["metric"]), int(task.options["n_neighbors"] or 0)
    if asked > n:
        task.note(f"{n} points have only {n - 1} neighbours each; {n - 1} are used.")
    rows, distances = task.neighbourhoods(
        min(asked, n) - 1, metric, within(task.report, 0.0, NEIGHBOURS_END)
    )
    task.report(NEIGHBOURS_END, "graph")
    graph = fuzzy_graph(rows, distances, signed=metric == "dot")
    if task.codes is not None:
        graph = supervised(graph, task.codes, CLASS_WEIGHT)
    tell_of_parts(graph, task.note)
    task.report(GRAPH_END, "layout")
    return graph, rows, distances


def within(report: Report, start: float, end: float) -> Report:
    """A report of a stage that lies between two fractions of the whole."""

    def told(fraction: float | None, stage: str) -> None:
        report(None if fraction is None else start + (end - start) * fraction, stage)

    return told


def tell_of_parts(graph: Graph, note: Note) -> None:
    """Notes where the graph falls into parts."""
    from scipy.sparse.csgraph import connected_components

    parts = int(connected_components(graph, directed=False, return_labels=False))
    if parts > 1:
        note(
            f"The neighbours fall into {parts:,} separate parts; how they lie to each other on "
            "the map means nothing."
        )


def lay_out(task: Task, graph: Graph, epochs: int, rate: float) -> None:
    """Moves `task.embedding` for so many epochs, with a rate that falls evenly to nought."""
    a, b = curve(float(task.options["min_dist"] or 0.0))
    layout = Layout(
        task.embedding,
        graph.indptr.astype(np.int64),
        graph.indices.astype(np.int32),
        graph.data / graph.data.max(initial=1e-30),
        a,
        b,
        _seed(task),
    )
    report = within(task.report, GRAPH_END, 1.0)
    for epoch in range(epochs):
        stage = f"layout, epoch {epoch + 1} of {epochs}"
        share = (epoch + 1) / epochs
        layout.move(epoch, rate * (1 - epoch / epochs), lambda: report(share, stage))  # noqa: B023


def _seed(task: Task) -> int:
    return int(task.options.get("seed") or 0)
