"""How points push each other apart in t-SNE: all pairs at once, over a grid.

With k(r) = 1 / (1 + r²) the push on a point is the sum over all others of k² times the way from
them, which is minus half the gradient of the potential ψ(y) = Σ k(|y - y_j|), and t-SNE's Z is
the sum of ψ over the points. So one convolution with k gives both. It is done as in the smooth
particle-mesh Ewald method (Essmann et al. 1995, eqs. 3.2 to 4.7): points are spread onto a grid
by cubic B-splines, the grid is convolved by FFT with borders of zeros, and ψ and its gradient
are read from the splines. FIt-SNE (Linderman et al. 2019) needs four convolutions, of k², with
polynomials that are not smooth from cell to cell.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from latentviewer.kernels.crew import share_out, thread_count
from latentviewer.kernels.repulsion import BORDER, LANES, UNIT, collect, push_each, spread

POINTS_AT_ONCE = 2_048
"""A piece of work; sums are taken within pieces and then over them, whatever the threads."""

EXACT_UP_TO = {2: 3_000, 3: 15_000}
"""Of so few points all pairs are looked at, which is then quicker than a grid."""
_EACH_AT_ONCE, _NOWHERE = 256, 1e15
_LEAST_SUM = 1e-12
_GRIDS_AT_MOST = 4
_SMALLEST = 32
_LARGEST = {2: 4_096, 3: 256}
_FINEST, _FEW = 0.25, {2: 60, 3: 20}
"""Where the picture has few nodes across, they are closer, down to a part of their spacing."""
_GROWTH, _COARSER = 1.06, 1.1
_KEPT = 2


class Repulsion:
    """The push of n points on each other, on 2 or 3 axes.

    Args:
        spacing: between nodes, in the unit of the places. Half a unit gives the push to 2 % in
            the mean, as near as FIt-SNE's usual grid. It is less where the points lie close
            together, and more where the grid would have over 2,048 nodes (128 in 3D) on an axis.
        exact_up_to: as many points as are pushed pair by pair; None for the usual, `EXACT_UP_TO`.
    """

    def __init__(self, dims: int, spacing: float, exact_up_to: int | None = None) -> None:
        self._dims, self._spacing = dims, spacing
        self._exact_up_to = EXACT_UP_TO[dims] if exact_up_to is None else exact_up_to
        self._kernels: dict[tuple[float, tuple[int, ...]], NDArray[np.float32]] = {}
        sizes = [_SMALLEST]
        for size in _quick_sizes(_LARGEST[dims]):
            if size >= _GROWTH * sizes[-1]:
                sizes.append(size)
        self._sizes = np.array(sizes)

    def __call__(self, places: NDArray[np.float32], push: NDArray[np.float32]) -> float:
        """Fills in the push on each point, Σ k² (y_i - y_j), and returns Z = Σ_{i≠j} k.

        The same to the bit on any number of threads. Of places that are not finite nothing can
        be said; check them before.

        Args:
            places: (n, 2 or 3) float32, finite, C-contiguous.
            push: of that shape, C-contiguous.
        """
        n = len(places)
        if n <= self._exact_up_to:
            return self._each(places, push)
        # Axis by axis, which numpy does thirty times faster.
        low = np.array([column.min() for column in places.T])
        high = np.array([column.max() for column in places.T])
        widest = float((high - low).max())
        spacing = self._fitting(widest)
        needed = 2 * (np.ceil((high - low).astype(np.float64) / spacing) + 2 * BORDER + 1)
        sizes = self._sizes[np.searchsorted(self._sizes, needed)]
        shape = sizes // 2
        scale = np.float32(1 / spacing)
        pieces = -(-n // POINTS_AT_ONCE)

        def spread_some(_number: int, mine: Iterator[int]) -> NDArray[np.int64]:
            grid = np.zeros(int(np.prod(shape)), np.int64)
            for piece in mine:
                begin, end = _piece(piece, n)
                spread(begin, end, places, low, scale, shape, grid)
            return grid

        # A grid for each thread; in 3D those of many threads would fill the memory.
        grids = share_out(
            spread_some, pieces, _GRIDS_AT_MOST if self._dims == 3 else thread_count()
        )
        charge = grids[0]
        for grid in grids[1:]:
            charge += grid
        potential = self._convolved(charge.reshape(shape).astype(np.float32), sizes, spacing)
        flat = potential.reshape(-1)
        sums = np.zeros(pieces)

        def collect_some(_number: int, mine: Iterator[int]) -> None:
            for piece in mine:
                begin, end = _piece(piece, n)
                sums[piece] = collect(begin, end, places, low, scale, shape, flat, push)

        share_out(collect_some, pieces, thread_count())
        return max(float(sums.sum()) - n, _LEAST_SUM)

    def _fitting(self, widest: float) -> float:
        """The spacing for a picture so wide; of few different ones, for the kernels are kept."""
        spacing = self._spacing
        while spacing * (self._sizes[-1] // 2 - 2 * BORDER - 2) < widest:
            spacing *= _COARSER
        while spacing > _FINEST * self._spacing and widest < _FEW[self._dims] * spacing:
            spacing /= 2
        return spacing

    def _each(self, places: NDArray[np.float32], push: NDArray[np.float32]) -> float:
        n = len(places)
        columns = np.zeros((3, -(-n // LANES) * LANES), np.float32)
        columns[: self._dims, :n] = places.T
        columns[0, n:] = _NOWHERE
        pieces = -(-n // _EACH_AT_ONCE)
        sums = np.zeros(pieces)

        def push_some(_number: int, mine: Iterator[int]) -> None:
            for piece in mine:
                begin, end = piece * _EACH_AT_ONCE, min((piece + 1) * _EACH_AT_ONCE, n)
                sums[piece] = push_each(begin, end, columns, push)

        share_out(push_some, pieces, thread_count())
        return max(float(sums.sum()) - n, _LEAST_SUM)

    def _convolved(
        self, charge: NDArray[np.float32], sizes: NDArray[np.int64], spacing: float
    ) -> NDArray[np.float32]:
        """The potential on the grid. Rows that are zero, or not asked for, are left out."""
        from scipy import fft

        workers = thread_count()
        axes = range(self._dims - 1)
        waves = fft.rfft(charge, int(sizes[-1]), axis=-1, workers=workers)
        for axis in reversed(axes):
            waves = fft.fft(waves, int(sizes[axis]), axis=axis, workers=workers, overwrite_x=True)
        waves *= self._kernel(tuple(int(size) for size in sizes), spacing)
        for axis in axes:
            back = fft.ifft(waves, axis=axis, workers=workers, overwrite_x=True)
            waves = back[(slice(None),) * axis + (slice(int(sizes[axis]) // 2),)]
        whole = fft.irfft(waves, int(sizes[-1]), axis=-1, workers=workers)
        return np.ascontiguousarray(whole[..., : int(sizes[-1]) // 2])

    def _kernel(self, sizes: tuple[int, ...], spacing: float) -> NDArray[np.float32]:
        """The transform of k by that of the splines, twice: once to spread, once to read."""
        key = (spacing, sizes)
        if key in self._kernels:
            return self._kernels[key]
        from scipy import fft

        squares = [(spacing * np.arange(size // 2 + 1)) ** 2 for size in sizes]
        # k is even along each axis, so that cosines alone give its transform.
        made = fft.dctn(1 / (1 + sum(np.ix_(*squares))), type=1) / UNIT
        for axis, size in enumerate(sizes):
            spline = (2 + np.cos(2 * np.pi * np.arange(size // 2 + 1) / size)) / 3
            made /= np.expand_dims(spline**2, tuple(a for a in range(len(sizes)) if a != axis))
        for axis, size in enumerate(sizes[:-1]):
            mirror = [*range(size // 2 + 1), *range(size // 2 - 1, 0, -1)]
            made = np.take(made, mirror, axis=axis)
        while len(self._kernels) >= _KEPT:
            del self._kernels[next(iter(self._kernels))]
        self._kernels[key] = np.ascontiguousarray(made, np.float32)
        return self._kernels[key]


def _piece(piece: int, n: int) -> tuple[int, int]:
    return piece * POINTS_AT_ONCE, min((piece + 1) * POINTS_AT_ONCE, n)


def _quick_sizes(largest: int) -> list[int]:
    """Even numbers that FFTs are quick for, with the factors 2, 3 and 5, rising."""
    made = {2**a * 3**b * 5**c for a in range(1, 13) for b in range(6) for c in range(4)}
    return sorted(size for size in made if size <= largest)
