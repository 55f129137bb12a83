"""The layout of t-SNE by gradient descent, bit-equal on any number of threads.

The gradient is that of van der Maaten 2014, eq. 8, without its factor 4: attraction over the
ties of each point, repulsion by `tsne_repulsion`. Momentum and gains are those
of van der Maaten and Hinton 2008, section 3.4, after Jacobs 1988.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.kernels.compiling import kernel, read_only
from latentviewer.kernels.crew import share_out, thread_count
from latentviewer.projection.tsne_affinities import LANES, Affinities
from latentviewer.projection.tsne_repulsion import POINTS_AT_ONCE, Repulsion

Array = np.ndarray[Any, Any]

_SPACING = {2: 0.5, 3: 0.8}
_LEAST_GAIN, _LONGEST_STEP = 0.01, 5.0
_ASKED = 10_000


@kernel(
    types.void(
        types.int64,
        types.int64,
        read_only(types.int64, 1),
        read_only(types.int32, 1),
        read_only(types.float32, 1),
        read_only(types.float32, 2),
        types.float32[:, ::1],
    )
)
def _attract(
    begin: int, end: int, starts: Array, others: Array, strengths: Array, places: Array,
    pull: Array,
) -> None:  # fmt: skip
    """Σ p k (y_i - y_j) for the points from `begin` to `end`."""
    dims, flat = places.shape[1], places.reshape(places.size)
    # Look-ups do not vectorise, so they have a loop of their own. A place in the plane is
    # looked up as one number of 64 bits.
    near = np.empty(2 * LANES, np.float32)
    pairs, twos = near.view(np.int64), flat[: flat.size // 2 * 2].view(np.int64)
    third, one, none = np.empty(LANES, np.float32), np.float32(1.0), np.float32(0.0)
    x, y, z = np.empty(LANES, np.float32), np.empty(LANES, np.float32), np.empty(LANES, np.float32)
    for i in range(begin, end):
        for lane in range(LANES):
            x[lane], y[lane], z[lane] = none, none, none
        if dims == 2:
            here, there = places[i, 0], places[i, 1]
            for first in range(starts[i], starts[i + 1], LANES):
                for lane in range(LANES):
                    pairs[lane] = twos[np.uint32(others[np.uint64(first + lane)])]
                for lane in range(LANES):
                    dx, dy = here - near[2 * lane], there - near[2 * lane + 1]
                    weight = strengths[np.uint64(first + lane)] / (one + dx * dx + dy * dy)
                    x[lane] += weight * dx
                    y[lane] += weight * dy
        else:
            here, there, deep = places[i, 0], places[i, 1], places[i, 2]
            for first in range(starts[i], starts[i + 1], LANES):
                for lane in range(LANES):
                    at = np.uint64(3) * np.uint64(others[np.uint64(first + lane)])
                    near[2 * lane], near[2 * lane + 1] = flat[at], flat[at + np.uint64(1)]
                    third[lane] = flat[at + np.uint64(2)]
                for lane in range(LANES):
                    dx, dy = here - near[2 * lane], there - near[2 * lane + 1]
                    dz = deep - third[lane]
                    far = one + dx * dx + dy * dy + dz * dz
                    weight = strengths[np.uint64(first + lane)] / far
                    x[lane] += weight * dx
                    y[lane] += weight * dy
                    z[lane] += weight * dz
            pull[i, 2] = z.sum()
        pull[i, 0], pull[i, 1] = x.sum(), y.sum()


@kernel(
    types.void(
        types.int64,
        types.int64,
        read_only(types.float32, 2),
        read_only(types.float32, 2),
        types.float32,
        types.float32,
        types.float32,
        types.float32,
        types.float32[:, ::1],
        types.float32[:, ::1],
        types.float32[:, ::1],
        types.float64[::1],
    )
)
def _step(
    begin: int, end: int, pull: Array, push: Array, exaggeration: float, share: float, rate: float,
    momentum: float, velocity: Array, gains: Array, places: Array, sums: Array,
) -> None:  # fmt: skip
    """Moves the points from `begin` to `end`.

    Args:
        share: 1 / Z.
        sums: filled with the sums of their new places along each axis.
    """
    dims, none = places.shape[1], np.float32(0.0)
    longest = np.float32(_LONGEST_STEP)
    sums[:] = 0.0
    for i in range(begin, end):
        square = none
        for axis in range(dims):
            slope = exaggeration * pull[i, axis] - share * push[i, axis]
            before, gain = velocity[i, axis], gains[i, axis]
            # Going on downhill, the slope is against the velocity.
            onward = before * slope < none or (before == none and slope == none)
            if onward:
                gain += np.float32(0.2)
            else:
                gain = gain * np.float32(0.8) + np.float32(_LEAST_GAIN)
            now = momentum * before - rate * gain * slope
            gains[i, axis], velocity[i, axis] = gain, now
            square += now * now
        length = np.sqrt(square)
        shorter = longest / length if length > longest else np.float32(1.0)
        for axis in range(dims):
            velocity[i, axis] *= shorter
            places[i, axis] += velocity[i, axis]
            sums[axis] += np.float64(places[i, axis])


@kernel(
    types.void(
        types.int64,
        types.int64,
        types.int64,
        read_only(types.int64, 1),
        read_only(types.int32, 1),
        read_only(types.float32, 1),
        read_only(types.float32, 2),
        types.float64[::1],
    )
)
def _diverge(
    begin: int, end: int, every: int, starts: Array, others: Array, strengths: Array,
    places: Array, sums: Array,
) -> None:  # fmt: skip
    """Σ p log(p / k) and Σ p over the ties of every so many-th point from `begin` to `end`."""
    dims = places.shape[1]
    sums[:] = 0.0
    for i in range(begin, end, every):
        for a in range(starts[i], starts[i + 1]):
            p = np.float64(strengths[a])
            if p > 0.0:
                far = 1.0
                for axis in range(dims):
                    far += np.float64(places[i, axis] - places[others[a], axis]) ** 2
                sums[0] += p * np.log(p * far)
                sums[1] += p


class Descent:
    """A layout in the making.

    Args:
        ties: of n samples.
        places: (n, 2 or 3) float32, C-contiguous: where they start; moved in place.

    Attributes:
        places: the argument.
    """

    def __init__(self, ties: Affinities, places: NDArray[np.float32]) -> None:
        self._ties, self.places = ties, places
        self._repulsion = Repulsion(places.shape[1], _SPACING[places.shape[1]])
        self._pull, self._push = np.empty_like(places), np.empty_like(places)
        self._velocity, self._gains = np.zeros_like(places), np.ones_like(places)
        self._pieces = -(-len(places) // POINTS_AT_ONCE)

    def step(self, exaggeration: float, rate: float, momentum: float) -> None:
        """One step of every point; afterwards their mean is at zero.

        Raises:
            UserError: the layout ran off to infinity.
        """
        places, ties, n = self.places, self._ties, len(self.places)
        normal = self._repulsion(places, self._push)
        sums = np.zeros((self._pieces, places.shape[1]))

        def attract(_number: int, mine: Iterator[int]) -> None:
            for piece in mine:
                begin, end = self._piece(piece)
                _attract(begin, end, ties.starts, ties.others, ties.strengths, places, self._pull)

        def move(_number: int, mine: Iterator[int]) -> None:
            for piece in mine:
                begin, end = self._piece(piece)
                _step(
                    begin, end, self._pull, self._push, exaggeration, 1 / normal, rate, momentum,
                    self._velocity, self._gains, places, sums[piece],
                )  # fmt: skip

        share_out(attract, self._pieces, thread_count())
        share_out(move, self._pieces, thread_count())
        mean = sums.sum(axis=0) / n
        # A place that is not finite makes the mean so.
        if not np.isfinite(mean).all():
            raise UserError(
                "t-SNE's layout ran off to infinity; choose a smaller learning rate or "
                "exaggeration."
            )
        for column, middle in zip(places.T, mean.astype(np.float32), strict=True):
            column -= middle

    def divergence(self, exaggeration: float = 1.0) -> float:
        """What the layout makes small: the Kullback-Leibler divergence, in nats, where the
        exaggeration is 1. Of many points a fair part is asked.
        """
        ties, sums = self._ties, np.zeros((self._pieces, 2))
        every = max(1, len(self.places) // _ASKED)

        def diverge(_number: int, mine: Iterator[int]) -> None:
            for piece in mine:
                begin, end = self._piece(piece)
                _diverge(
                    begin, end, every, ties.starts, ties.others, ties.strengths, self.places,
                    sums[piece],
                )  # fmt: skip

        share_out(diverge, self._pieces, thread_count())
        apart, weight = sums.sum(axis=0)
        normal = self._repulsion(self.places, self._push)
        return float(exaggeration * apart / weight + np.log(normal))

    def _piece(self, piece: int) -> tuple[int, int]:
        return piece * POINTS_AT_ONCE, min((piece + 1) * POINTS_AT_ONCE, len(self.places))
