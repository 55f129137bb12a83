"""Where the points of a splat land: a grid of cells as large as pixels, with a margin.

Cell (reach + 2, reach + 2) is the pixel in the upper left corner. The margin holds the
centres outside the picture whose discs reach into it or into the pixels around it; the
outermost ring of cells, the rim, catches all the others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import Splat
from latentviewer.kernels.disc import STEPS, Disc


@dataclass(frozen=True, eq=False)
class Grid:
    """The grid of one picture, in sub-pixel steps.

    Attributes:
        to_cells: (3, 4) float32, map units to steps right, steps down, and depth.
        columns, rows: cells, rim included.
        rim: (2,) float32, the last step in x and y.
        frame: (4,) float32, left, top, right and bottom of the picture.
    """

    to_cells: NDArray[np.float32]
    columns: int
    rows: int
    rim: NDArray[np.float32]
    frame: NDArray[np.float32]


def make_grid(splat: Splat, disc: Disc) -> Grid:
    """The grid of a splat whose points are drawn as the given disc.

    Raises:
        ValueError: arrays whose shapes or types do not fit together.
    """
    _check(splat)
    before = disc.reach + 2
    columns, rows = splat.width + 2 * before, splat.height + 2 * before
    affine = np.zeros((3, 4), np.float64)
    if splat.coordinates.shape[1] == 2:
        affine[:2, :2], affine[:2, 3] = splat.transform[:, :2], splat.transform[:, 2]
    else:
        affine[:] = splat.transform
    affine[:2, 3] += before
    affine[:2] *= STEPS
    frame = [before, before, before + splat.width, before + splat.height]
    return Grid(
        affine.astype(np.float32),
        columns,
        rows,
        np.array([columns * STEPS - 1, rows * STEPS - 1], np.float32),
        np.array(frame, np.float32) * np.float32(STEPS),
    )


def _check(splat: Splat) -> None:
    c, t = splat.coordinates, splat.transform
    if c.ndim != 2 or c.shape[1] not in (2, 3) or c.dtype != np.float32:
        raise ValueError(f"coordinates must be (n, 2) or (n, 3) float32, not {c.shape} {c.dtype}")
    if t.shape != (c.shape[1], c.shape[1] + 1):
        raise ValueError(f"a transform of shape {t.shape} does not fit {c.shape[1]} dimensions")
    if splat.colours.shape != (len(c),) or splat.colours.dtype not in (np.uint8, np.uint16):
        raise ValueError("colours must be (n,) uint8 or uint16, one for each point")
    if splat.width < 1 or splat.height < 1:
        raise ValueError(f"a picture of {splat.width} by {splat.height} pixels cannot be drawn")
