"""Linear discriminant analysis: the axes along which classes differ most.

Fisher 1936; for several classes Rao 1948: the eigenvectors of the scatter between classes in
units of the scatter within them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents
from latentviewer.projection.linear import LinearMap, parts
from latentviewer.projection.task import Placed, Task

Matrix = NDArray[np.float64]
_Report = Callable[[float | None, str], None]
_Note = Callable[[str], None]

_SINGULAR = 1e-9  # of the least to the largest eigenvalue
_NOTHING = 1e-9  # of an eigenvalue to the largest, or of a variance to the whole


def run_lda(task: Task) -> Placed:
    """Lays out by LDA of the classes in `task.codes`; unlabelled samples are placed by its axes.

    With fewer than dims + 1 classes the axes that are left are those of PCA in the rest; see
    `fit_lda`.

    Raises:
        UserError: no codes, or fewer than two classes among them.
    """
    fitted = fit_lda(task.latents, task.codes, task.dims, task.report, task.note)
    task.report(0.95, "placing")
    fitted.places(task.latents, into=task.embedding)
    task.report(1.0, "done")
    return Placed(fitted.axes, fitted.state)


def fit_lda(
    latents: Latents,
    codes: NDArray[np.int32] | None,
    dims: int,
    report: _Report = lambda _fraction, _stage: None,
    note: _Note = lambda _sentence: None,
) -> LinearMap:
    """LDA of (n, d) latents, exact, in float64; in chunks, and d² memory.

    Discriminants W maximise the variance between class means over the variance within classes,
    tr (WᵀS_wW)⁻¹ WᵀS_bW; a column that is constant takes no part. Where S_w is singular it is
    shrunk towards a multiple of the identity as Ledoit and Wolf 2004 say (J. Multivariate Anal.
    88, eq. 14), on columns of equal spread. Every axis is in units of the standard deviation
    within classes, and makes its largest loading positive.

    A place stands for the mean plus S W (WᵀS W)⁻¹ times it, S being the covariance of the
    labelled samples: the latent to be expected there by linear regression (Haufe et al. 2014,
    NeuroImage 87, eq. 6). With all discriminants on the map, the mean of a class stands for the
    mean of its latents; the plain pseudo-inverse of W has not this property.

    The axes of PCA beside them are the widest directions v of what that regression leaves. They
    are orthogonal to W, so that moving along v leaves the discriminants alone, and the places
    along them are uncorrelated with the discriminants.

    Args:
        codes: (n,) the class of each sample, -1 where unknown; these do not count.
        dims: k, how many axes.

    Raises:
        UserError: no codes, or fewer than two classes among them.
    """
    scatter = _scatter(latents, codes, report)
    without = int(np.sum(scatter.of < 0))
    if without:
        note(f"{without:,} samples without a class are placed, but did not count.")
    report(0.7, "discriminants")
    weights, shares = _discriminants(scatter, latents, dims, note)
    back = _expected(weights, scatter.total)
    titles = [f"LD {axis + 1} · {100 * share:.0f} %" for axis, share in enumerate(shares)]
    if len(weights) < dims:
        _note_the_rest(scatter, len(weights), dims, note)
        beside, beside_back, shares = _rest(scatter, weights, back, dims - len(weights))
        weights, back = np.concatenate([weights, beside]), np.concatenate([back, beside_back])
        titles += [
            f"PC {axis + 1} of the rest · {100 * share:.0f} %" for axis, share in enumerate(shares)
        ]
    return LinearMap(scatter.mean, weights, back, np.zeros(dims), tuple(titles))


@dataclass(frozen=True, eq=False)
class _Scatter:
    """Covariances (d, d) of the labelled samples within and between classes.

    `means` (c, d) holds each class's mean, `of` (n,) the class of each sample, -1 for none,
    `varies` (d,) which columns are not constant.
    """

    mean: NDArray[np.float64]
    means: Matrix
    of: NDArray[np.int64]
    within: Matrix
    between: Matrix
    varies: NDArray[np.bool_]

    @property
    def classes(self) -> int:
        return len(self.means)

    @property
    def total(self) -> Matrix:
        return self.within + self.between


def _scatter(latents: Latents, codes: NDArray[np.int32] | None, report: _Report) -> _Scatter:
    present = np.unique(codes[codes >= 0]) if codes is not None else np.zeros(0, np.int32)
    if codes is None or len(present) < 2:
        raise UserError(
            "LDA needs classes to tell apart; choose a column of labels with at least two classes."
        )
    n, d = latents.shape
    of = np.where(codes >= 0, np.searchsorted(present, codes), -1).astype(np.int64)
    counts = np.bincount(of[of >= 0]).astype(np.float64)
    sums = np.zeros((len(present), d))
    for part in parts(n, d):
        report(0.2 * part.start / n, "means of the classes")
        known = np.flatnonzero(of[part] >= 0)
        order = known[np.argsort(of[part][known], kind="stable")]
        starts = np.flatnonzero(np.diff(of[part][order], prepend=-1))
        if len(order):
            sums[of[part][order[starts]]] += np.add.reduceat(
                latents[part][order].astype(np.float64), starts, axis=0
            )
    means = sums / counts[:, None]
    mean = (counts / counts.sum()) @ means
    within = np.zeros((d, d))
    low, high = np.full(d, np.inf, np.float32), np.full(d, -np.inf, np.float32)
    for part in parts(n, d):
        report(0.2 + 0.5 * part.start / n, "scatter within the classes")
        known = np.flatnonzero(of[part] >= 0)
        some = latents[part][known]
        low = np.minimum(low, some.min(axis=0, initial=np.inf))
        high = np.maximum(high, some.max(axis=0, initial=-np.inf))
        gaps = some - means[of[part][known]]
        within += gaps.T @ gaps
    within /= counts.sum()
    apart = np.sqrt(counts / counts.sum())[:, None] * (means - mean)
    return _Scatter(mean, means, of, within, apart.T @ apart, low < high)


def _discriminants(
    scatter: _Scatter, latents: Latents, dims: int, note: _Note
) -> tuple[Matrix, NDArray[np.float64]]:
    """At most dims axes (r, d), and the share of each in what tells the classes apart."""
    from scipy.linalg import eigh

    # The same spread for each column: what is singular must not depend on their units.
    used = np.flatnonzero(scatter.varies)
    if not len(used):
        return np.zeros((0, len(scatter.varies))), np.zeros(0)
    scale = 1 / np.sqrt(np.diag(scatter.total)[used])
    within = scatter.within[np.ix_(used, used)] * np.outer(scale, scale)
    between = scatter.between[np.ix_(used, used)] * np.outer(scale, scale)
    ends = np.linalg.eigvalsh(within)[[0, -1]]
    if ends[0] <= _SINGULAR * ends[1]:
        if ends[1] <= _SINGULAR:
            within = np.eye(len(used))
            note("The samples of each class are equal; the widest axes of the means are shown.")
        else:
            share = _shrinkage(scatter, latents, used, scale, within)
            level = np.trace(within) / len(used)
            within = (1 - share) * within + share * level * np.eye(len(used))
            note(
                "The classes have no spread in some directions; their covariance was shrunk by "
                f"{100 * share:.2g} % towards an even one."
            )
    values, vectors = eigh(between, within)
    values, vectors = np.maximum(values[::-1], 0.0), vectors[:, ::-1]
    telling = int(np.sum(values > max(_NOTHING, _NOTHING * values[0])))
    count = min(dims, scatter.classes - 1, telling)
    weights = np.zeros((count, len(scatter.varies)))
    weights[:, used] = (vectors[:, :count] * scale[:, None]).T
    for axis in range(count):
        weights[axis] = _turned(weights[axis])
    return weights, values[:count] / max(values.sum(), np.finfo(float).tiny)


def _shrinkage(
    scatter: _Scatter,
    latents: Latents,
    used: NDArray[np.int64],
    scale: NDArray[np.float64],
    within: Matrix,
) -> float:
    """How far to go from a covariance (d, d) to an even one, 0 to 1 (Ledoit and Wolf 2004)."""
    n, d = latents.shape
    fourth, count = 0.0, 0
    for part in parts(n, d):
        known = scatter.of[part] >= 0
        gaps = (latents[part][known] - scatter.means[scatter.of[part][known]])[:, used] * scale
        fourth += float(np.sum(np.einsum("nd,nd->n", gaps, gaps) ** 2))
        count += len(gaps)
    size = float(np.sum(within**2))
    error = (fourth / count - size) / count
    apart = size - float(np.trace(within)) ** 2 / len(used)
    # Some of it there must be, or the matrix stays singular.
    return float(np.clip(error / apart if apart > 0 else 1.0, 1e-4, 1.0))


def _expected(weights: Matrix, total: Matrix) -> Matrix:
    """(r, d): what one step along each axis adds to the latent to be expected."""
    if not len(weights):
        return np.zeros_like(weights)
    return np.asarray(np.linalg.solve(weights @ total @ weights.T, weights @ total))


def _rest(
    scatter: _Scatter, weights: Matrix, back: Matrix, count: int
) -> tuple[Matrix, Matrix, NDArray[np.float64]]:
    """PCA of what the discriminants leave: components and back (count, d), and their shares."""
    total, d = scatter.total, len(scatter.mean)
    residual = np.eye(d) - back.T @ weights
    left = residual @ total @ residual.T
    values, vectors = np.linalg.eigh(left)
    components, steps, shares = np.zeros((count, d)), np.zeros((count, d)), np.zeros(count)
    least = _NOTHING * float(np.trace(total))
    for axis in range(min(count, d)):
        value = float(values[d - 1 - axis])
        if value <= least:
            break
        vector = _turned(vectors[:, d - 1 - axis])
        component = vector - weights.T @ (back @ vector)
        spread = float(component @ scatter.within @ component)
        scale = np.sqrt(spread if spread > least else value)
        components[axis], steps[axis] = component / scale, vector * scale
        shares[axis] = value / float(np.trace(left))
    return components, steps, shares


def _note_the_rest(scatter: _Scatter, count: int, dims: int, note: _Note) -> None:
    others = "the other axis is" if dims - count == 1 else "the other axes are"
    if count == 0:
        note("The means of the classes are equal; the axes are those of PCA.")
    else:
        along = "one axis" if count == 1 else f"{count} axes"
        note(
            f"{scatter.classes} classes differ along {along} only; {others} of PCA in the rest "
            "of the space."
        )


def _turned(vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Its largest loading made positive."""
    return np.asarray(vector * np.sign(vector[np.argmax(np.abs(vector))]))
