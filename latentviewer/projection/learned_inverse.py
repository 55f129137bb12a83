"""A way back that is learnt: a small network from places to latents.

Neighbours on a map differ in all that the map cannot show. A mean of twelve keeps much of
that; a network learns what a place has in common with all the data, and so misses less.
"""

import time
from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from latentviewer.domain.space import Latents
from latentviewer.projection.inverse import NeighbourInverse, inverse_square_weights
from latentviewer.projection.small_network import SmallNetwork, Training, with_waves

Floats = NDArray[np.float32]

FEWEST_SAMPLES = 50
"""Of fewer nothing is learnt that their neighbours would not say as well."""

_HELD_OUT, _SMALLEST_SHARE = 1_000, 5
_NEIGHBOURS = 12
_MEAN_OF = 8  # samples that a target is the mean of
_WIDTH, _WAVES = 256, 64
_SLOWEST, _QUICKEST = 0.5, 60.0  # waves, in radians per spread of the map
_RESOLVED = 0.4  # times the samples along an axis: a wave spans some four of them
_BATCH, _SMALLEST_BATCH = 512, 32
_OPERATIONS_PER_STEP = 4e8
_VALUES_PER_STEP = 1_000_000
_STEPS, _FEWEST_STEPS, _PASSES = 1_500, 200, 60
_RATE = 3e-3
_YIELD_S = 0.01
_LEAST_SPREAD = 1e-30  # whose inverse is a float32
_FAR_PERCENTILE, _FADING = 99, 3.0


class LearnedInverse:
    """The network where the map has samples, their weighted neighbours far from them.

    Within `reach` of a sample the network alone decides. From there to three times as far the
    neighbours take over, and beyond they alone decide: a network says anything at all about
    places unlike those it was trained on, and so is never asked about them.

    Unlike `NeighbourInverse` it does not give a sample's own latent on its place, but what is
    common to the latents there.

    Attributes:
        network: from places to latents; None where there was too little to learn from, and
            then all comes from the neighbours.
        reach: in units of the map; the 99th percentile of the distances from samples held out
            to the nearest of the others.
        error: of samples that it was not trained on, the root of the mean squared distance
            between what comes back and their latents, over the same for the mean of the
            others. NaN without a network.
        neighbour_error: the same of the weighted neighbours. NaN without a network.
    """

    name = "network, refined from neighbours"

    def __init__(
        self,
        network: SmallNetwork | None,
        neighbours: NeighbourInverse,
        tree: cKDTree | None,
        reach: float,
        error: float,
        neighbour_error: float,
    ) -> None:
        self.network, self.reach = network, reach
        self.error, self.neighbour_error = error, neighbour_error
        self._neighbours, self._tree = neighbours, tree

    def latents(self, places: Floats) -> Latents:
        """(m, 2 or 3) places to (m, d) latents; zeros where there are no samples."""
        if self.network is None or self._tree is None:
            return self._neighbours.latents(places)
        distances, _rows = self._tree.query(places)
        share = _share(distances, self.reach)
        made = self.network(places)
        far = np.flatnonzero(share < 1)
        if far.size:
            keep = share[far, None]
            made[far] = keep * made[far] + (1 - keep) * self._neighbours.latents(places[far])
        return made


def train_inverse(
    latents: Latents,
    coordinates: Floats,
    *,
    seed: int = 0,
    neighbours: NeighbourInverse | None = None,
) -> Generator[float, None, LearnedInverse]:
    """Learns the way back from a map (n, 2 or 3) of latents (n, d), a little at a time.

    A generator: it gives the fraction done about every 10 ms of work, and returns the way
    back. Some samples, at most 1,000 and at most a fifth, are held out to measure it and never
    trained on. Rows without a finite place are left out. The same latents, map and seed give
    the same network.

    Args:
        seed: of the samples held out, the first weights and what is drawn.
        neighbours: of the same map, if it is there already; it answers far from the samples.
    """
    if len(coordinates) != len(latents):
        raise ValueError("latents and coordinates must have one row for each sample")
    if neighbours is None:
        neighbours = NeighbourInverse(coordinates, latents)
    placed = np.flatnonzero(np.isfinite(coordinates).all(axis=1))
    nothing = LearnedInverse(None, neighbours, None, 0.0, float("nan"), float("nan"))
    if len(placed) < FEWEST_SAMPLES:
        return nothing
    rng = np.random.default_rng(seed)
    count = min(_HELD_OUT, len(placed) // _SMALLEST_SHARE)
    drawn = rng.permutation(len(placed))
    held, seen = np.sort(placed[drawn[:count]]), np.sort(placed[drawn[count:]])
    yield 0.0
    tree = cKDTree(coordinates[seen])
    yield 0.0
    network = yield from regressing(latents, coordinates, seen, tree, rng)
    if network is None:
        return nothing
    k = min(_NEIGHBOURS, len(seen))
    distances, near = tree.query(coordinates[held], k=k)
    distances, near = distances.reshape(count, k), near.reshape(count, k)
    reach = float(np.percentile(distances[:, 0], _FAR_PERCENTILE))
    weights, share = inverse_square_weights(distances), _share(distances[:, 0], reach)
    missed, missed_by_neighbours, spread = 0.0, 0.0, 0.0
    step = max(1, _VALUES_PER_STEP // (k * latents.shape[1]))
    for start in range(0, count, step):
        part = slice(start, start + step)
        true = latents[held[part]].astype(np.float64)
        around = np.einsum("mk,mkd->md", weights[part], latents[seen[near[part]]])
        made = network(coordinates[held[part]])
        blended = share[part, None] * made + (1 - share[part, None]) * around
        missed += float(np.square(true - blended).sum())
        missed_by_neighbours += float(np.square(true - around).sum())
        spread += float(np.square(true - network.out_centre).sum())
        yield 1.0
    if spread <= 0:
        return nothing
    error, by_neighbours = np.sqrt(missed / spread), np.sqrt(missed_by_neighbours / spread)
    return LearnedInverse(network, neighbours, tree, reach, float(error), float(by_neighbours))


def regressing(
    latents: Latents,
    coordinates: Floats,
    seen: NDArray[np.int64],
    tree: cKDTree,
    rng: np.random.Generator,
) -> Generator[float, None, SmallNetwork | None]:
    """Trains a network from places to latents on the rows `seen`, a little at a time.

    What it is shown for a place is the mean latent of the eight samples nearest to it, itself
    among them: the mean square is least at the same network as for single latents but for
    what changes within these eight, and it is found in fewer steps.

    Args:
        tree: of `coordinates[seen]`.

    Returns:
        The network; None where all latents are equal or all places.
    """
    d = latents.shape[1]
    moments = yield from _moments(latents, seen)
    centre, spread = moments
    places = coordinates[seen].astype(np.float64)
    middle = places.mean(axis=0)
    extent = float(np.sqrt(np.square(places - middle).mean()))
    if extent < _LEAST_SPREAD or spread < _LEAST_SPREAD:
        return None
    frequencies = _frequencies(len(seen), len(middle), rng)
    width = len(middle) + 2 * _WAVES
    training = Training([width, _WIDTH, _WIDTH, d], rng)
    operations = 6 * (width * _WIDTH + _WIDTH * _WIDTH + _WIDTH * d)
    batch = int(np.clip(_OPERATIONS_PER_STEP / operations, _SMALLEST_BATCH, _BATCH))
    batch = min(batch, len(seen))
    mean_of = min(_MEAN_OF, len(seen), max(1, _VALUES_PER_STEP // (batch * d)))
    steps = int(np.clip(_PASSES * len(seen) / batch, _FEWEST_STEPS, _STEPS))
    import torch

    since = time.monotonic()
    for step in range(steps):
        drawn = rng.integers(0, len(seen), batch)
        near = tree.query(places[drawn], k=mean_of)[1].reshape(batch, mean_of)
        around = latents[seen[near]].mean(axis=1, dtype=np.float64)
        wanted = ((around - centre) / spread).astype(np.float32)
        shown = with_waves(((places[drawn] - middle) / extent).astype(np.float32), frequencies)

        # What torch takes is made within its step, whatever mode the thread is in.
        def loss(shown: Floats = shown, wanted: Floats = wanted) -> torch.Tensor:
            given: torch.Tensor = training.forward(torch.from_numpy(shown))
            return (given - torch.from_numpy(wanted)).square().mean()

        training.step(loss, falling(_RATE, step / steps))
        if time.monotonic() - since > _YIELD_S:
            yield step / steps
            since = time.monotonic()
    weights, biases = training.layers()
    return SmallNetwork(
        middle.astype(np.float32),
        np.full(len(middle), 1 / extent, np.float32),
        frequencies,
        weights,
        biases,
        centre.astype(np.float32),
        # One scale for all dimensions, as distances count them.
        np.full(d, spread, np.float32),
    )


def falling(rate: float, done: float) -> float:
    """The rate of learning, falling to 0 by half a cosine (Loshchilov, Hutter 2017, eq. 5)."""
    return rate * 0.5 * (1 + float(np.cos(np.pi * done)))


def _moments(
    latents: Latents, seen: NDArray[np.int64]
) -> Generator[float, None, tuple[NDArray[np.float64], float]]:
    """The mean (d,) of the rows, and the root of the mean squared value about it."""
    d = latents.shape[1]
    step = max(1, _VALUES_PER_STEP // d)
    total, squares = np.zeros(d), 0.0
    for start in range(0, len(seen), step):
        total += latents[seen[start : start + step]].sum(axis=0, dtype=np.float64)
        yield 0.0
    mean = total / len(seen)
    for start in range(0, len(seen), step):
        squares += float(np.square(latents[seen[start : start + step]] - mean).sum())
        yield 0.0
    return mean, float(np.sqrt(squares / (len(seen) * d)))


def _frequencies(n: int, dims: int, rng: np.random.Generator) -> Floats:
    """(dims, f) in all directions, as many for each octave, up to what n samples can resolve."""
    directions = rng.standard_normal((dims, _WAVES))
    directions /= np.linalg.norm(directions, axis=0)
    quickest = np.clip(_RESOLVED * n ** (1 / dims), 2 * _SLOWEST, _QUICKEST)
    lengths = np.exp(rng.uniform(np.log(_SLOWEST), np.log(quickest), _WAVES))
    return np.asarray(directions * lengths, np.float32)


def _share(distances: NDArray[np.float64], reach: float) -> NDArray[np.float32]:
    """(m,) the network's share, by the distance to the nearest sample."""
    if reach <= 0:
        return (distances <= 0).astype(np.float32)
    beyond = np.clip((distances / reach - 1) / (_FADING - 1), 0, 1)
    return np.asarray(1 - beyond * beyond * (3 - 2 * beyond), np.float32)
