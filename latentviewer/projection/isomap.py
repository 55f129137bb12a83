"""Isomap: classical scaling of the lengths of paths from neighbour to neighbour.

Tenenbaum, de Silva, Langford, Science 290, 2000; with landmarks as de Silva and Tenenbaum, Global
versus local methods in nonlinear dimensionality reduction, NIPS 2003.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.projection.landmark_mds import choose_landmarks, vectors_of
from latentviewer.projection.linear import parts
from latentviewer.projection.task import Placed, Report, Task

_PATHS_AT_ONCE = 700_000
_PATHS_AT_MOST = 150_000_000  # kept, four bytes each
_SHORTEST = 1e-300  # of a link: a sparse matrix has none of length zero
_NOTHING = 1e-10  # of an eigenvalue to the largest
_LINKS_LOOKED_AT = 1_000_000_000
_PRODUCTS_AT_ONCE = 8_000_000
_NEIGHBOURS_END, _GRAPH_END, _PATHS_END = 0.15, 0.2, 0.97


def run_isomap(task: Task) -> Placed:
    """Lays out by landmark Isomap; options `n_neighbors`, `landmarks`, `metric`, `seed`.

    Paths are measured from the landmarks to all samples, over links between samples one of
    which is among the other's nearest. Where links leave the samples in several parts, the
    parts are joined by their shortest links. Of very many samples there are fewer landmarks
    than asked. A link is as long as the distance of its ends or, for cosine and correlation,
    as the angle between them, which unlike 1 - cosine adds up along a path.
    """
    n = len(task.latents)
    wanted, seed = task.whole("n_neighbors"), task.whole("seed")
    if n < 2:
        task.embedding[...] = 0
        task.report(1.0, "done")
        return Placed()
    if wanted > n - 1:
        task.note(f"{n} points have only {n - 1} neighbours each; {n - 1} are used, not {wanted}.")
    metric = str(task.options["metric"])
    rows, distances = task.neighbourhoods(min(wanted, n - 1), metric, _scaled(task.report))
    task.report(_NEIGHBOURS_END, "links")
    lengths = distances.astype(np.float64)
    if metric != "euclidean":
        lengths = _angles(2 * lengths)
    graph = _joined(_links(rows, lengths), task, metric, seed)
    count = task.whole("landmarks")
    fewer = max(10, min(count, _PATHS_AT_MOST // n))
    if fewer < min(count, n):
        task.note(f"Paths are measured from {fewer} landmarks, not {count:,}, to save memory.")
    landmarks = choose_landmarks(n, fewer, seed)
    paths = _paths(graph, landmarks, task.report)
    _place(task, paths, landmarks)
    task.report(1.0, "done")
    return Placed()


def _angles(squares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Between unit vectors, from the squared chord."""
    return np.asarray(2 * np.arcsin(np.sqrt(np.clip(squares, 0, 4)) / 2))


def _links(rows: NDArray[np.int32], lengths: NDArray[np.float64]) -> Any:
    n, k = rows.shape
    a, b = np.repeat(np.arange(n), k), rows.ravel().astype(np.int64)
    return _matrix(n, a, b, lengths.ravel())


def _matrix(
    n: int, a: NDArray[np.int64], b: NDArray[np.int64], lengths: NDArray[np.float64]
) -> Any:
    """The (n, n) symmetric sparse matrix of lengths, each link in both directions."""
    from scipy.sparse import coo_matrix

    pairs = np.minimum(a, b) * n + np.maximum(a, b)
    # A link found from both ends counts once: a sparse matrix would add them up.
    order = np.lexsort((lengths, pairs))
    order = order[np.flatnonzero(np.diff(pairs[order], prepend=-1))]
    low, high = pairs[order] // n, pairs[order] % n
    each = np.maximum(lengths[order], _SHORTEST)
    both = np.concatenate([low, high]), np.concatenate([high, low])
    return coo_matrix((np.concatenate([each, each]), both), shape=(n, n)).tocsr()


def _joined(graph: Any, task: Task, metric: str, seed: int) -> Any:
    """The graph with its parts joined, each to the one nearest to it, until there is one."""
    from scipy.sparse.csgraph import connected_components

    n = graph.shape[0]
    parts_found, part_of = connected_components(graph, directed=False)
    if parts_found == 1:
        return graph
    task.note(
        f"The neighbours fall into {parts_found:,} separate parts; they were joined by the "
        "shortest links between them, and how far they lie apart is uncertain."
    )
    exact = vectors_of(task.latents, metric)
    unit = float(np.abs(exact).max()) or 1.0  # so that no square overflows
    vectors = (exact / unit).astype(np.float32)
    random = np.random.default_rng(seed)
    while parts_found > 1:
        # Borůvka 1926: the shortest link out of each part belongs to the shortest tree.
        task.report(None, f"joining {parts_found:,} parts")
        asked = _asked(part_of, random)
        found, squares = _nearest_outside(vectors, part_of, asked)
        squares *= unit**2
        lengths = np.sqrt(squares) if metric == "euclidean" else _angles(squares)
        order = np.lexsort((asked, lengths, part_of[asked]))
        best = order[np.flatnonzero(np.diff(part_of[asked][order], prepend=-1))]
        there = graph.tocoo()
        graph = _matrix(
            n,
            np.concatenate([there.row.astype(np.int64), asked[best]]),
            np.concatenate([there.col.astype(np.int64), found[best]]),
            np.concatenate([there.data, lengths[best]]),
        )
        parts_found, part_of = connected_components(graph, directed=False)
    return graph


def _asked(part_of: NDArray[np.int32], random: np.random.Generator) -> NDArray[np.int64]:
    """Samples of all parts but the largest; of large parts some, or it would take too long."""
    n, sizes = len(part_of), np.bincount(part_of)
    largest = int(sizes.argmax())
    most = max(1, _LINKS_LOOKED_AT // (n * (len(sizes) - 1)))
    order = np.argsort(part_of, kind="stable")
    members = np.split(order, np.cumsum(sizes)[:-1])
    return np.concatenate(
        [
            part if len(part) <= most else np.sort(random.choice(part, most, replace=False))
            for at, part in enumerate(members)
            if at != largest
        ]
    )


def _nearest_outside(
    vectors: NDArray[np.float32], part_of: NDArray[np.int32], asked: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each asked row the nearest row of another part, and the square of its distance."""
    n = len(vectors)
    middle = vectors.mean(axis=0, dtype=np.float64).astype(np.float32)
    centred = vectors - middle
    squares = np.einsum("nd,nd->n", centred, centred)
    found, squared = np.empty(len(asked), np.int64), np.empty(len(asked))
    step = max(1, _PRODUCTS_AT_ONCE // n)
    for start in range(0, len(asked), step):
        some = asked[start : start + step]
        gaps = squares - 2 * (centred[some] @ centred.T)
        gaps[part_of[some][:, None] == part_of] = np.inf
        nearest = gaps.argmin(axis=1)
        found[start : start + step] = nearest
        exact = vectors[some].astype(np.float64) - vectors[nearest]
        squared[start : start + step] = np.einsum("nd,nd->n", exact, exact)
    return found, squared


def _paths(graph: Any, landmarks: NDArray[np.int64], report: Report) -> NDArray[np.float32]:
    """(m, n) lengths of the shortest paths from the landmarks (Dijkstra 1959)."""
    from scipy.sparse.csgraph import dijkstra

    n, m = graph.shape[0], len(landmarks)
    paths = np.empty((m, n), np.float32)
    step = max(1, _PATHS_AT_ONCE // n)
    for start in range(0, m, step):
        report(
            _GRAPH_END + (_PATHS_END - _GRAPH_END) * start / m,
            f"paths, from landmark {start + 1:,} of {m:,}",
        )
        some = landmarks[start : start + step]
        paths[start : start + step] = dijkstra(graph, directed=True, indices=some)
    return paths


def _place(task: Task, paths: NDArray[np.float32], landmarks: NDArray[np.int64]) -> None:
    """Every sample by its squared paths to the landmarks (NIPS 2003, section 3.2)."""
    between = paths[:, landmarks].astype(np.float64) ** 2
    between = (between + between.T) / 2
    to_place = triangulation(between, task.dims)
    mean = between.mean(axis=1)
    for part in parts(len(task.latents), len(landmarks)):
        task.report(_PATHS_END, "placing")
        squares = paths[:, part].astype(np.float64).T ** 2
        task.embedding[part] = -0.5 * (squares - mean) @ to_place.T


def triangulation(squares: NDArray[np.float64], dims: int) -> NDArray[np.float64]:
    """(k, m): what a sample's -½ (d² - mean d²) to m landmarks is multiplied by to be its place.

    Classical scaling of the landmarks' squared distances (m, m): the eigenvectors of -½ H D² H
    over the roots of their eigenvalues. Axes of zero or negative eigenvalue stay zero; each
    eigenvector's largest entry is made positive.
    """
    from scipy.linalg import eigh

    m = len(squares)
    centred = squares - squares.mean(axis=0)
    products = -0.5 * (centred - centred.mean(axis=1, keepdims=True))
    values, vectors = eigh(products, subset_by_index=[max(0, m - dims), m - 1])
    to_place = np.zeros((dims, m))
    for axis, (value, vector) in enumerate(zip(values[::-1], vectors.T[::-1], strict=True)):
        if value <= 0 or value <= _NOTHING * values[-1]:
            break
        to_place[axis] = vector * np.sign(vector[np.argmax(np.abs(vector))]) / np.sqrt(value)
    return to_place


def _scaled(report: Report) -> Report:
    def told(fraction: float | None, stage: str) -> None:
        report(fraction if fraction is None else _NEIGHBOURS_END * fraction, stage)

    return told
