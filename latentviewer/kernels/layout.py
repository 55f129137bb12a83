"""UMAP's layout: points pull at their neighbours and push others away, epoch by epoch.

The forces are those of McInnes, Healy, Melville 2018, section 3.2 and appendix C. What differs
from the usual way to apply them makes the layout the same on any number of threads:

- Each point is moved by one thread alone, from the places of the epoch before; two sets of
  places are swapped.
- Which edges act in an epoch, and who is pushed away, follows from seed, point and epoch only.
- Those pushed away are drawn in blocks of sixteen that lie side by side in a copy of the places
  in random order. A block is as good as sixteen draws, and it is read and worked out as one
  vector; drawn one by one they took ten times as long.

Pulls are added up and, where they would carry a point beyond the neighbours it is pulled to,
shortened; pushes are not, or clusters would stay where they were. Tried on 70,000 x 32 of MNIST,
200 epochs, trustworthiness and accuracy of 10 neighbours (umap-learn: .962, .973): as here .965
and .971; pushes shortened too (an implicit step) .943 and .954; pulls one after the other, each
computed anew, .962 and .973 in half again the time; one after the other but computed before,
.952 and .955, and unstable where pushes come first. 100 epochs gave .937 and .951. A start 30
units wide instead of 10 gave .956 and .968.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numba
import numpy as np
from numba import types
from numpy.typing import NDArray

from latentviewer.kernels.compiling import read_only
from latentviewer.kernels.crew import share_out, thread_count

Array = np.ndarray[Any, Any]
f4, i4, u2, u4 = np.float32, np.int32, np.uint16, np.uint32

_BLOCK = 16
# Pushed away for each neighbour pulled at, as in the paper.
_PUSHES = 5
_BLOCKS_AT_ONCE = 8
_PULLS = 8
# Pulls so many times too strong are those of points with a great many neighbours, whose pushes
# would fling them out of the picture.
_STRONG = 40
_POINTS_AT_ONCE = 2_048
_PATIENCE_S = 0.025

# Sums may be taken in any order, so that they run in vectors; the order is fixed when it is
# compiled. All is in this one file, whose change alone makes numba's cache stale.
_FREE = {"contract", "reassoc", "nsz", "arcp"}
_inner = numba.njit(nogil=True, error_model="numpy", fastmath=_FREE)


@_inner
def _power(x: Any, b: Any) -> Any:
    """x to the power of b within half a percent, for x > 0 and not denormal.

    As 2 ** (b log2 x), with a cubic for the logarithm and a square for the power, both of least
    greatest error over [1, 2).
    """
    bits = f4(x).view(np.int32)
    exponent = f4((bits >> i4(23)) - i4(127))
    mantissa = i4((bits & i4(0x7FFFFF)) | i4(0x3F800000)).view(np.float32)
    log = f4(0.15824856) * mantissa + f4(-1.05187439)
    log = log * mantissa + f4(3.04788323)
    log = log * mantissa + f4(-2.15362028)
    scaled = i4((b * (exponent + log) + f4(127.0)) * f4(8388608.0))
    fraction = i4((scaled & i4(0x7FFFFF)) | i4(0x3F800000)).view(np.float32)
    whole = i4(scaled & i4(0x7F800000)).view(np.float32)
    power = f4(0.34400106) * fraction + f4(-0.03695531)
    return whole * (power * fraction + f4(0.69543029))


@_inner
def _pushed(
    x: Any, y: Any, z: Any, others: Array, start: int, blocks: int, a: Any, b: Any
) -> tuple[Any, Any, Any]:
    """The sum of pushes away from others, each at most 4 along an axis."""
    px, py, pz = f4(0), f4(0), f4(0)
    for block in range(blocks):
        begin = start + block * _BLOCK
        xs, ys = others[0, begin : begin + _BLOCK], others[1, begin : begin + _BLOCK]
        zs = others[2, begin : begin + _BLOCK]
        for l in range(_BLOCK):
            dx, dy, dz = x - xs[l], y - ys[l], z - zs[l]
            square = dx * dx + dy * dy + dz * dz
            power = _power(max(square, f4(1e-12)), b)
            push = f4(2) * b / ((f4(0.001) + square) * (f4(1) + a * power))
            px += min(max(push * dx, f4(-4)), f4(4))
            py += min(max(push * dy, f4(-4)), f4(4))
            pz += min(max(push * dz, f4(-4)), f4(4))
    return px, py, pz


@_inner
def _pulled(
    x: Any, y: Any, z: Any, near: Array, count: int, a: Any, b: Any
) -> tuple[Any, Any, Any, Any]:
    """The sum of pulls towards the first `count` columns of `near` (3, m), and of their weights."""
    px, py, pz, total = f4(0), f4(0), f4(0), f4(0)
    for begin in range(0, count, _PULLS):
        xs, ys = near[0, begin : begin + _PULLS], near[1, begin : begin + _PULLS]
        zs = near[2, begin : begin + _PULLS]
        for l in range(_PULLS):
            dx, dy, dz = xs[l] - x, ys[l] - y, zs[l] - z
            square = max(dx * dx + dy * dy + dz * dz, f4(1e-12))
            power = _power(square, b)
            pull = f4(2) * a * b * power / (square * (f4(1) + a * power))
            pull = pull if begin + l < count else f4(0)
            total += pull
            px += pull * dx
            py += pull * dy
            pz += pull * dz
    return px, py, pz, total


@_inner
def _mixed(h: Any) -> Any:
    """A 32 bit number in which every bit depends on every bit (Wellons, lowbias32)."""
    h = u4((h ^ (h >> u4(16))) * u4(0x7FEB352D))
    h = u4((h ^ (h >> u4(15))) * u4(0x846CA68B))
    return u4(h ^ (h >> u4(16)))


# With the kernel's own flags; `kernel` of the neighbouring files leaves sums as written.
@numba.njit(
    [
        types.void(
            types.int64,
            types.int64,
            types.uint32,
            types.uint32,
            types.float32,
            types.float32,
            types.float32,
            read_only(types.int64, 1),
            read_only(types.int32, 1),
            read_only(types.uint16, 1),
            read_only(types.int32, 1),
            types.float32[:, ::1],
            types.float32[:, ::1],
            types.float32[:, ::1],
            types.float32[:, ::1],
            types.float32[:, ::1],
        )
    ],
    nogil=True,
    cache=True,
    error_model="numpy",
    fastmath=_FREE,
)
def move_points(
    begin: int,
    end: int,
    seed: int,
    epoch: int,
    rate: float,
    a: float,
    b: float,
    first: Array,
    neighbours: Array,
    often: Array,
    slots: Array,
    before: Array,
    others: Array,
    after: Array,
    others_after: Array,
    shown: Array,
) -> None:
    """One epoch for the points from `begin` to `end`; see `Layout`.

    Args:
        rate: how far a force of 1 moves a point.
        a, b: of the curve 1 / (1 + a d ** 2b).
        first, neighbours: the graph as compressed rows. often: (edges,) how often each edge
            acts, in epochs of 65,536.
        slots: (n,) the column of each point in `others`.
        before, after: (n, 3) places. others, others_after: (3, n + some) the same in random
            order, and then the first of them again.
        shown: (n, 2 or 3), written.
    """
    n, columns, dims = before.shape[0], others.shape[1], shown.shape[1]
    most = 0
    for i in range(begin, end):
        most = max(most, first[i + 1] - first[i])
    acting = np.empty(most + 1, np.int32)
    near = np.zeros((3, most + _PULLS), np.float32)
    for i in range(begin, end):
        x, y, z = before[i, 0], before[i, 1], before[i, 2]
        count = 0
        for edge in range(first[i], first[i + 1]):
            # Its turn is when a counter of 16 bits overflows; each edge starts elsewhere.
            turn = u2(u4(edge) * u4(40503) + u4(epoch) * u4(often[edge]))
            acting[count] = neighbours[edge]
            count += turn < often[edge]
        if count:
            for l in range(count):
                j = acting[l]
                near[0, l], near[1, l], near[2, l] = before[j, 0], before[j, 1], before[j, 2]
            px, py, pz, total = _pulled(x, y, z, near, count, a, b)
            # Twice, as the edge acts on both its ends, once from either side.
            pull = f4(2) * rate
            strength = max(f4(1), pull * total)
            pull /= strength
            blocks = (_PUSHES * count + _BLOCK - 1) // _BLOCK
            push = rate * f4(_PUSHES * count) / f4(_BLOCK * blocks)
            push *= min(f4(1), f4(_STRONG) / strength)
            x, y, z = x + pull * px, y + pull * py, z + pull * pz
            random = _mixed(u4(u4(i) * u4(0x9E3779B1)) ^ _mixed(u4(epoch) ^ _mixed(u4(seed))))
            while blocks > 0:
                some = min(blocks, _BLOCKS_AT_ONCE)
                start = int((np.uint64(random) * np.uint64(n)) >> np.uint64(32))
                qx, qy, qz = _pushed(
                    before[i, 0], before[i, 1], before[i, 2], others, start, some, a, b
                )
                x, y, z = x + push * qx, y + push * qy, z + push * qz
                blocks -= some
                random = _mixed(u4(random + u4(0x9E3779B9)))
        after[i, 0], after[i, 1], after[i, 2] = x, y, z
        slot = np.int64(slots[i])
        while slot < columns:
            others_after[0, slot], others_after[1, slot], others_after[2, slot] = x, y, z
            slot += n
        shown[i, 0], shown[i, 1] = x, y
        if dims == 3:
            shown[i, 2] = z


class Layout:
    """A layout in the making.

    Args:
        shown: (n, 2 or 3) float32, C-contiguous, n > 0: the start; every move is written there.
        first: (n + 1,) int64, neighbours: (edges,) int32: the graph as compressed rows, with
            both directions of each edge.
        share: (edges,) how often each edge acts, 0 to 1 of the epochs.
        a, b: of the curve 1 / (1 + a d ** 2b) that membership follows on the map.
        seed: of all that is random. threads: the most to use; no result depends on it.
    """

    def __init__(
        self,
        shown: NDArray[np.float32],
        first: NDArray[np.int64],
        neighbours: NDArray[np.int32],
        share: NDArray[np.floating],
        a: float,
        b: float,
        seed: int,
        threads: int | None = None,
    ) -> None:
        n, dims = shown.shape
        self._shown, self._first, self._neighbours = shown, first, neighbours
        self._often = np.minimum(share * 65_536, 65_535).astype(np.uint16)
        self._a, self._b, self._seed = a, b, seed
        self._threads = thread_count() if threads is None else threads
        self._slots = np.random.default_rng(seed).permutation(n).astype(np.int32)
        self._before = np.zeros((n, 3), np.float32)
        self._before[:, :dims] = shown
        self._others = np.zeros((3, n + _BLOCK * _BLOCKS_AT_ONCE), np.float32)
        points_of = np.empty(n, np.int64)
        points_of[self._slots] = np.arange(n)
        around = np.resize(points_of, self._others.shape[1])
        self._others[:] = self._before[around].T
        self._after, self._others_after = np.empty_like(self._before), self._others.copy()
        self._per_call = _BLOCK

    def move(self, epoch: int, rate: float, meanwhile: Callable[[], None]) -> None:
        """One epoch.

        Args:
            epoch: its number, which all that is random depends on.
            rate: how far a force of 1 moves a point.
            meanwhile: called about forty times a second, and at least once.
        """
        n = len(self._before)
        pieces = -(-n // _POINTS_AT_ONCE)
        done = 0
        while done < pieces:
            some = min(self._per_call, pieces - done)
            began = time.perf_counter()
            share_out(self._work(done, epoch, rate), some, self._threads)
            took = max(time.perf_counter() - began, 1e-6)
            self._per_call = max(1, min(4 * some, int(some * _PATIENCE_S / took)))
            done += some
            if done < pieces:
                meanwhile()
        self._before, self._after = self._after, self._before
        self._others, self._others_after = self._others_after, self._others
        meanwhile()

    def _work(self, skipped: int, epoch: int, rate: float) -> Callable[[int, Iterator[int]], None]:
        n = len(self._before)

        def work(_thread: int, left: Iterator[int]) -> None:
            for piece in left:
                begin = (skipped + piece) * _POINTS_AT_ONCE
                move_points(
                    begin,
                    min(n, begin + _POINTS_AT_ONCE),
                    self._seed,
                    epoch,
                    rate,
                    self._a,
                    self._b,
                    self._first,
                    self._neighbours,
                    self._often,
                    self._slots,
                    self._before,
                    self._others,
                    self._after,
                    self._others_after,
                    self._shown,
                )

        return work
