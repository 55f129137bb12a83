"""densMAP by umap-learn's own layout, on our neighbours and our graph.

Narayan, Berger, Cho, Assessing single-cell transcriptomic variability through
density-preserving data visualization, Nature Biotechnology 39 (2021).
"""

import threading
import warnings

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.projection.task import Placed, Report, Task
from latentviewer.projection.umap import GRAPH_END, graph_of, set_start, too_few, within
from latentviewer.projection.umap_graph import Graph, curve, without_weakest

_FEW = 10_000
_EPOCHS, _EPOCHS_OF_FEW = 400, 700
# Densities count in the last part of the epochs only, and differences less than this little.
_DENSE_SHARE, _VARIANCE_SHIFT = 0.3, 0.1
_LEAST_RADIUS, _LEAST_SPREAD = 1e-8, 1e-6
_AWAY = "densMAP's layout ran off to infinity; give density less weight."


def run_densmap(task: Task) -> Placed:
    """Lays out by densMAP; options `n_neighbors`, `min_dist`, `metric`, `dens_lambda`, `seed`.

    `n_neighbors` counts the sample itself, `dens_lambda` says how much density counts. It starts
    as UMAP does, and works on one core. Fewer than five samples are laid out by PCA.

    Raises:
        UserError: the layout ran off to infinity.
    """
    if too_few(task, "densMAP"):
        return Placed()
    set_start(task)
    graph, rows, distances = graph_of(task)
    usual = _EPOCHS_OF_FEW if len(task.latents) <= _FEW else _EPOCHS
    asked = task.options.get("n_epochs")
    epochs = usual if asked is None else int(asked)
    graph = without_weakest(graph, max(epochs, 100))
    task.report(GRAPH_END, "loading umap-learn")
    radii, sums = local_radii(graph, rows, distances)
    try:
        _lay_out(task, graph, radii, sums, epochs)
    except ZeroDivisionError as error:
        # The compiled layout takes what is no number for nought.
        raise UserError(_AWAY) from error
    if not np.isfinite(task.embedding).all():
        raise UserError(_AWAY)
    task.report(1.0, "done")
    return Placed()


def local_radii(
    graph: Graph, rows: NDArray[np.int32], distances: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """How far the neighbours of each sample lie, and the sum of its memberships, (n,) each.

    The logarithm of the mean squared distance to its neighbours, weighed by membership (Narayan
    et al. 2021, equation 3), over all samples brought to mean 0 and variance 1; 0 for all where
    all are equal.

    Args:
        graph: some or all ties that `fuzzy_graph` makes of the neighbours.
        rows, distances: (n, k) of those neighbours.
    """
    import scipy.sparse

    n, k = rows.shape
    told = scipy.sparse.csr_array(
        (
            distances.reshape(-1).astype(np.float64),
            rows.reshape(-1),
            np.arange(n + 1, dtype=np.int64) * k,
        ),
        shape=(n, n),
    )
    ties = graph.tocoo()
    how_far = told.maximum(told.T.tocsr()).tocsr()[ties.coords[0], ties.coords[1]]
    squares = np.asarray(how_far, np.float64).reshape(-1) ** 2
    # Both ends of each tie count, and the graph has each tie from both.
    sums = 2 * np.bincount(ties.coords[0], ties.data, n)
    weighed = 2 * np.bincount(ties.coords[0], ties.data * squares, n)
    means = np.divide(weighed, sums, out=np.zeros(n), where=sums > 0)
    radii = np.log(_LEAST_RADIUS + means)
    # Of equal radii only rounding is left.
    differ = np.ptp(radii) > _LEAST_SPREAD
    radii = (radii - radii.mean()) / radii.std() if differ else np.zeros(n)
    return radii.astype(np.float32), sums.astype(np.float32)


def _lay_out(
    task: Task,
    graph: Graph,
    radii: NDArray[np.float32],
    sums: NDArray[np.float32],
    epochs: int,
) -> None:
    from sklearn.utils import check_random_state
    from tqdm import tqdm

    with warnings.catch_warnings():
        # It tells of its own neural network, which is not used here.
        warnings.filterwarnings("ignore", message="Tensorflow not installed")
        from umap.layouts import optimize_layout_euclidean
        from umap.umap_ import make_epochs_per_sample

    # tqdm would start a thread to watch its own bar, and share a semaphore with processes
    # that are not there; a terminated child would leave it behind.
    tqdm.monitor_interval = 0
    tqdm.set_lock(threading.RLock())
    ties = graph.tocoo()
    bounds = np.iinfo(np.int32)
    random_state = check_random_state(int(task.options.get("seed") or 0))
    rng_state = random_state.randint(bounds.min + 1, bounds.max - 1, 3).astype(np.int64)
    a, b = curve(float(task.options["min_dist"] or 0.0))
    weight = task.options.get("dens_lambda")
    optimize_layout_euclidean(
        task.embedding,
        task.embedding,
        ties.coords[0].astype(np.int32),
        ties.coords[1].astype(np.int32),
        epochs,
        len(task.embedding),
        make_epochs_per_sample(ties.data, epochs),
        a,
        b,
        rng_state,
        densmap=True,
        densmap_kwds={
            "lambda": 2.0 if weight is None else float(weight),
            "frac": _DENSE_SHARE,
            "var_shift": _VARIANCE_SHIFT,
            "mu": ties.data,
            "mu_sum": sums,
            "R": radii,
        },
        tqdm_kwds={
            "disable": False,
            "file": _EpochReader(within(task.report, GRAPH_END, 1.0)),
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
            self._report(share, f"layout, epoch {epoch} of {epochs}")

    def flush(self) -> None:
        """tqdm asks for it; there is nothing to flush."""
