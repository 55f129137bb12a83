"""Classical scaling of some samples, the landmarks, and all others placed by their distances.

Torgerson 1952; de Silva and Tenenbaum, Sparse multidimensional scaling using landmark points,
2004.
"""

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.metrics import METRICS
from latentviewer.domain.space import Latents
from latentviewer.projection.linear import LinearMap, parts
from latentviewer.projection.task import Placed, Task

_NOTHING = 1e-6  # of a singular value to the largest


def choose_landmarks(n: int, count: int, seed: int) -> NDArray[np.int64]:
    """At most count of n rows, drawn without replacement, ascending."""
    if count >= n:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, count, replace=False))


def run_landmark_mds(task: Task) -> Placed:
    """Lays out by landmark MDS; options `landmarks`, `metric`, `seed`.

    The squared dissimilarity of two latents is, by metric,

    - `euclidean`: their squared distance; the map is then PCA of the landmarks;
    - `cosine`: the squared chord 2 (1 - cosine), so that the latents' directions are laid out;
    - `correlation`: the same after taking each latent's own mean away;
    - `dot`: none. The places are those whose inner products, from the map's zero, come nearest
      to the latents' own (the same eigenvectors, not centred); with squared distances made of
      inner products the picture would be the Euclidean one.

    All four come of inner products of vectors. The eigenvectors of the landmarks' products are
    then their left singular vectors, and a sample's place by its distances from them (section
    2.2) is its product with the right ones; so no distance need be computed. For `euclidean` and
    `dot` this is the map's formula, and its way back.

    Raises:
        UserError: an unknown metric.
    """
    metric = str(task.options["metric"])
    if metric not in METRICS:
        raise UserError(f"There is no metric “{metric}”; there are {', '.join(METRICS)}.")
    n, d = task.latents.shape
    chosen = choose_landmarks(n, task.whole("landmarks"), task.whole("seed"))
    task.report(0.0, "landmarks")
    points = vectors_of(task.latents[chosen], metric)
    mean = points.mean(axis=0) if len(points) and metric != "dot" else np.zeros(d)
    components = _widest(points - mean, task.dims)
    # Unit vectors at right angles, so that they are their own pseudo-inverse.
    fitted = LinearMap(mean, components, components, np.zeros(task.dims))
    for part in parts(n, d):
        task.report(0.5 + 0.5 * part.start / n, "placing")
        fitted.places(vectors_of(task.latents[part], metric), into=task.embedding[part])
    task.report(1.0, "done")
    return Placed(state=fitted.state if metric in ("euclidean", "dot") else {})


def vectors_of(latents: Latents, metric: str) -> NDArray[np.float64]:
    """(n, d) float64 vectors whose distances or products are those of the metric.

    Of zero length for cosine and correlation where a latent has no direction.
    """
    exact = latents.astype(np.float64)
    if metric in ("euclidean", "dot"):
        return exact
    if metric == "correlation":
        exact -= exact.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(exact, axis=1, keepdims=True)
    return np.asarray(np.divide(exact, lengths, out=np.zeros_like(exact), where=lengths > 0))


def _widest(points: NDArray[np.float64], dims: int) -> NDArray[np.float64]:
    """The first right singular vectors (dims, d) of (m, d); zeros beyond the rank.

    The largest entry of each is made positive.
    """
    components = np.zeros((dims, points.shape[1]))
    if not len(points):
        return components
    _, values, vectors = np.linalg.svd(points, full_matrices=False)
    for axis, vector in enumerate(vectors[:dims]):
        if values[axis] <= _NOTHING * values[0]:
            break
        components[axis] = vector * np.sign(vector[np.argmax(np.abs(vector))])
    return components
