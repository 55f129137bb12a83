"""Parametric UMAP: networks that place latents, and that lead back from places.

Sainburg, McInnes, Gentner, Parametric UMAP embeddings for representation and semisupervised
learning, Neural Computation 33 (2021). One network learns the map by UMAP's own measure, on
pairs of neighbours drawn by their membership; a second one learns the way back.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from latentviewer.domain.space import Latents
from latentviewer.projection.learned_inverse import falling, regressing
from latentviewer.projection.pca import fit_pca
from latentviewer.projection.small_network import SmallNetwork, Training, network_from
from latentviewer.projection.task import Placed, Task
from latentviewer.projection.umap_graph import curve, fuzzy_graph

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float32]

FEWEST_POINTS = 5
_NEIGHBOURS_END, _START_END, _LAYOUT_END = 0.05, 0.1, 0.88
_PAIRS = 1_024  # that a step sees
_START_STEPS = 100
_PASSES, _FEWEST_STEPS, _MOST_STEPS = 40, 800, 4_000
_RATE = 3e-3
_NEGATIVE = {"umap": 5, "tsne": 48}
_EXTENT = 10.0
_NOISE = 1e-4  # squared, so that no slope is infinite
_STEPS_DRAWN = 64
_SHOWN_EVERY_S = 0.06
_SHOWN_AT_ONCE = 8_192
_VALUES_AT_ONCE = 2_000_000
_CONSTANT = 1e-6  # of the largest spread of a dimension
_LEAST_SPREAD = 1e-30  # whose inverse is a float32


def run_parametric(task: Task) -> Placed:
    """Lays out by a network; options `objective`, `n_neighbors`, `min_dist`, `metric`, `hidden`,
    `epochs` and `seed`.

    The network first learns PCA's map, or `task.start` drawn to the same size, and then goes on
    from there. With the objective `tsne` it contrasts each pair with others, as Damrich et al.
    2023 bring t-SNE to networks. An epoch is as many pairs as there are samples. While it
    learns, a part of the samples after the other is placed anew, all of them at the end.

    The same latents, options and seed give the same map on the same machine with the same
    number of threads. Fewer than five samples are laid out by PCA, without a network.

    Returns:
        The arrays that `places_of` and `ParametricInverse` take; none of too few samples, or
        of samples all equal.
    """
    n, d = task.latents.shape
    centre, scale = _standard(task.latents)
    if n < FEWEST_POINTS or not scale.any():
        task.embedding[...] = fit_pca(task.latents, task.dims).coordinates
        if n < FEWEST_POINTS:
            few = f"Parametric UMAP needs at least {FEWEST_POINTS} points; {n} are laid out by PCA."
            task.note(few)
        else:
            task.note("All samples are equal, so there is nothing to lay out.")
        task.report(1.0, "done")
        return Placed()
    rng = np.random.default_rng(task.whole("seed"))
    edges = _edges(task)
    hidden, dims = task.whole("hidden"), task.dims
    training = Training([d, hidden, hidden, hidden, dims], rng)
    start = _start(task)
    encoder = _Encoder(training, centre, scale, np.nanmean(start, axis=0))
    shown = _Shown(task, encoder)
    _learn_start(task, training, encoder, start, rng, shown)
    _lay_out(task, training, encoder, edges, rng, shown)
    network = encoder.network()
    task.embedding[...] = network(task.latents)
    arrays = network.arrays("encoder")
    arrays.update(_way_back(task, rng))
    task.report(1.0, "done")
    return Placed(state=arrays)


def places_of(state: Mapping[str, NDArray[Any]]) -> Callable[[Latents], Floats]:
    """From latents (m, d) to places (m, 2 or 3), by the arrays of a finished map.

    Raises:
        ValueError: they are not of such a map.
    """
    return network_from(state, "encoder")


class ParametricInverse:
    """From places back to latents, by the second network.

    It was trained on the map's samples only; what it says of places far from them means
    nothing. What the map does not show is not in what comes back.
    """

    name = "parametric decoder"

    def __init__(self, state: Mapping[str, NDArray[Any]]) -> None:
        self._network = network_from(state, "decoder")

    def latents(self, places: Floats) -> Latents:
        """(m, 2 or 3) places to (m, d) latents."""
        return self._network(places)


@dataclass(frozen=True, eq=False)
class _Edges:
    """Pairs of neighbours, each once, and their memberships summed up."""

    first: NDArray[np.int32]
    second: NDArray[np.int32]
    summed: NDArray[np.float64]

    def drawn(self, count: int, rng: np.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
        """So many pairs, each as often as its membership says, at most one more or less."""
        steps = (np.arange(count) + rng.random()) * (self.summed[-1] / count)
        found = np.minimum(np.searchsorted(self.summed, steps, "right"), len(self.first) - 1)
        rng.shuffle(found)
        return self.first[found], self.second[found]


class _Encoder:
    """The network while it is trained, and the standardised latents it takes."""

    def __init__(
        self, training: Training, centre: Floats, scale: Floats, out_centre: NDArray[np.float64]
    ) -> None:
        self._training, self._centre, self._scale = training, centre, scale
        self._out_centre = out_centre.astype(np.float32)

    def places(self, latents: Latents) -> "torch.Tensor":
        """A tensor (m, dims) with its slopes, about the centre of the start."""
        import torch

        inputs = (latents - self._centre) * self._scale
        made: torch.Tensor = self._training.forward(torch.from_numpy(inputs))
        return made

    def network(self) -> SmallNetwork:
        """As it is now."""
        weights, biases = self._training.layers()
        dims = len(self._out_centre)
        none = np.zeros((len(self._centre), 0), np.float32)
        one = np.ones(dims, np.float32)
        return SmallNetwork(self._centre, self._scale, none, weights, biases, self._out_centre, one)


class _Shown:
    """Places the samples anew a part at a time, so often that the map is seen to form."""

    def __init__(self, task: Task, encoder: _Encoder) -> None:
        self._task, self._encoder = task, encoder
        self._parts = max(1, -(-len(task.latents) // _SHOWN_AT_ONCE))
        self._part, self._since = 0, 0.0

    def __call__(self) -> None:
        if time.monotonic() - self._since < _SHOWN_EVERY_S:
            return
        part = slice(self._part, None, self._parts)
        self._task.embedding[part] = self._encoder.network()(self._task.latents[part])
        self._part = (self._part + 1) % self._parts
        self._since = time.monotonic()


def _learn_start(
    task: Task,
    training: Training,
    encoder: _Encoder,
    start: NDArray[np.float64],
    rng: np.random.Generator,
    shown: _Shown,
) -> None:
    import torch

    known = np.flatnonzero(np.isfinite(start).all(axis=1))
    wanted = (start - start[known].mean(axis=0)).astype(np.float32)
    for step in range(_START_STEPS):
        rows = known[rng.integers(0, len(known), min(len(known), 2 * _PAIRS))]

        def loss(rows: NDArray[Any] = rows) -> torch.Tensor:
            missed = encoder.places(task.latents[rows]) - torch.from_numpy(wanted[rows])
            return missed.square().mean()

        training.step(loss, falling(_RATE, step / _START_STEPS))
        shown()
        done = step / _START_STEPS
        task.report(_NEIGHBOURS_END + (_START_END - _NEIGHBOURS_END) * done, "start")


def _lay_out(
    task: Task,
    training: Training,
    encoder: _Encoder,
    edges: _Edges,
    rng: np.random.Generator,
    shown: _Shown,
) -> None:
    n = len(task.latents)
    pairs = min(_PAIRS, max(n, 2))
    epochs = task.options["epochs"]
    if epochs is None:
        steps = int(np.clip(_PASSES * n / pairs, _FEWEST_STEPS, _MOST_STEPS))
    else:
        steps = max(1, round(task.whole("epochs") * n / pairs))
    objective = str(task.options["objective"])
    others = min(_NEGATIVE[objective], 2 * pairs - 1)
    a, b = curve(float(task.options["min_dist"] or 0.0))
    first, second = edges.drawn(_STEPS_DRAWN * pairs, rng)
    for step in range(steps):
        turn = step % _STEPS_DRAWN * pairs
        if step and turn == 0:
            first, second = edges.drawn(_STEPS_DRAWN * pairs, rng)
        ends = np.concatenate([first[turn : turn + pairs], second[turn : turn + pairs]])
        shifts = rng.integers(1, 2 * pairs, others)

        def loss(ends: NDArray[Any] = ends, shifts: NDArray[np.int64] = shifts) -> "torch.Tensor":
            places = encoder.places(task.latents[ends])
            return (
                _contrast(places, shifts)
                if objective == "tsne"
                else _cross_entropy(places, shifts, a, b)
            )

        training.step(loss, falling(_RATE, step / steps))
        shown()
        done = (step + 1) / steps
        which = f"layout, step {step + 1:,} of {steps:,}"
        task.report(_START_END + (_LAYOUT_END - _START_END) * done, which)


def _gaps(places: "torch.Tensor", shifts: NDArray[np.int64]) -> "tuple[torch.Tensor, torch.Tensor]":
    """Squared distances within pairs, (p,), and from every end to others, (others, 2 p).

    The first half of the ends belongs to the second half. Others are ends of the same step,
    moved along; an end may meet its own neighbour, as in UMAP.
    """
    import torch

    half = len(places) // 2
    near = (places[:half] - places[half:]).square().sum(1)
    round_twice = torch.cat([places, places])
    far = torch.stack([places - round_twice[s : s + len(places)] for s in shifts.tolist()])
    return near + _NOISE, far.square().sum(2) + _NOISE


def _cross_entropy(
    places: "torch.Tensor", shifts: NDArray[np.int64], a: float, b: float
) -> "torch.Tensor":
    """UMAP's cross-entropy (Sainburg et al. 2021, eq. 5), with 1 / (1 + a d^2b)."""
    from torch.nn.functional import softplus

    near, far = _gaps(places, shifts)
    log_a = float(np.log(a))
    drawn = softplus(b * near.log() + log_a).mean()
    pushed = softplus(-(b * far.log() + log_a)).mean()
    return drawn + len(shifts) * pushed


def _contrast(places: "torch.Tensor", shifts: NDArray[np.int64]) -> "torch.Tensor":
    """InfoNCE with 1 / (1 + d²) (Damrich et al., ICLR 2023, eq. 7): t-SNE with many others."""
    near, far = _gaps(places, shifts)
    alike = 1 / (1 + near)
    others = (1 / (1 + far)).sum(0)[: len(alike)]
    return ((alike + others).log() - alike.log()).mean()


def _way_back(task: Task, rng: np.random.Generator) -> dict[str, NDArray[Any]]:
    """The second network's arrays; of a map drawn together to one place it gives the mean."""
    tree = cKDTree(task.embedding)
    training = regressing(task.latents, task.embedding, np.arange(len(task.latents)), tree, rng)
    while True:
        try:
            done = next(training)
        except StopIteration as stop:
            network: SmallNetwork | None = stop.value
            return {} if network is None else network.arrays("decoder")
        task.report(_LAYOUT_END + (1 - _LAYOUT_END) * done, "way back")


def _edges(task: Task) -> _Edges:
    """The fuzzy graph, each pair of neighbours once."""
    n = len(task.latents)
    # As umap-learn counts, a sample is one of its own neighbours.
    wanted = task.whole("n_neighbors")
    k = min(wanted, n)
    if k < wanted:
        task.note(f"{n} points have only {n - 1} neighbours each; {n - 1} are used.")
    metric = str(task.options["metric"])
    rows, distances = task.neighbourhoods(k - 1, metric, task.report)
    task.report(_NEIGHBOURS_END, "graph")
    pairs = fuzzy_graph(rows, distances, metric == "dot").tocoo()
    once = (pairs.row < pairs.col) & (pairs.data > 0)
    return _Edges(
        pairs.row[once].astype(np.int32),
        pairs.col[once].astype(np.int32),
        np.cumsum(pairs.data[once], dtype=np.float64),
    )


def _start(task: Task) -> NDArray[np.float64]:
    """(n, dims) to begin at, about ten units wide: the present picture, or PCA."""
    given = task.start
    if given is None or not np.isfinite(given).all(axis=1).any():
        given = fit_pca(task.latents, task.dims).coordinates
    made = given.astype(np.float64)
    made[~np.isfinite(made).all(axis=1)] = np.nan
    extent = float((np.nanmax(made, axis=0) - np.nanmin(made, axis=0)).max())
    return made * (_EXTENT / extent if extent > 0 else 1.0)


def _standard(latents: Latents) -> tuple[Floats, Floats]:
    """Mean (d,) and one over the standard deviation (d,), 0 of constant dimensions."""
    n, d = latents.shape
    step = max(1, _VALUES_AT_ONCE // d)
    total, squares = np.zeros(d), np.zeros(d)
    for start in range(0, n, step):
        total += latents[start : start + step].sum(axis=0, dtype=np.float64)
    mean = total / max(1, n)
    for start in range(0, n, step):
        squares += np.square(latents[start : start + step] - mean).sum(axis=0)
    spread = np.sqrt(squares / max(1, n))
    varies = spread > max(_LEAST_SPREAD, _CONSTANT * spread.max(initial=0))
    scale = np.divide(1, spread, out=np.zeros(d), where=varies)
    return mean.astype(np.float32), scale.astype(np.float32)
