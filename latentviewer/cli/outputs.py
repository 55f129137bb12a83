"""Files that commands write."""

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Images
from latentviewer.io.atomic import replacing
from latentviewer.io.failures import check_regular

_GAP_PX = 2
_LARGEST_SIDE_PX = 30_000


def checked_output(path: Path, *suffixes: str) -> Path:
    """`path`, if a file of one of the kinds can be written there.

    Asked before long work begins, so that hours are not lost to a misspelt folder.

    Raises:
        UserError: another kind of name, a folder that is missing, a place that is closed.
    """
    if path.suffix.lower() not in suffixes:
        raise UserError(f"{path}: write to a name that ends in {_either(suffixes)}.")
    if path.is_dir():
        raise UserError(f"{path} is a folder; choose a file name in it.")
    check_regular(path)
    if not path.parent.is_dir():
        raise UserError(f"The folder {path.parent} does not exist; make it or choose another.")
    closed = not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK))
    if closed:
        raise UserError(f"{path} may not be written (read-only); choose another place or name.")
    return path


def check_output_folder(path: Path) -> None:
    """Refuses a folder that cannot be made or written to, before long work begins.

    Raises:
        UserError: it is a file, the folder it lies in is missing, or the place is closed.
    """
    if path.exists() and not path.is_dir():
        raise UserError(f"{path} is there already and is no folder; name a folder to write to.")
    if not path.parent.is_dir():
        raise UserError(f"The folder {path.parent} does not exist; make it or choose another.")
    if not os.access(path if path.is_dir() else path.parent, os.W_OK | os.X_OK):
        raise UserError(f"{path} may not be written (read-only); choose another place or name.")


def write_array(path: Path, array: NDArray[Any]) -> None:
    """Writes a NumPy file, whole or not at all."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def write_grid(path: Path, images: Images) -> tuple[int, int]:
    """Writes pictures as one PNG, row by row in a nearly square grid; returns its size.

    Args:
        images: (n, h, w, c) float32 in 0..1; each keeps its pixels as they are.

    Returns:
        Width and height in pixels.

    Raises:
        UserError: the picture would be too large, or cannot be written.
    """
    from PIL import Image

    pixels = np.rint(np.clip(images, 0.0, 1.0) * 255.0).astype(np.uint8)
    n, height, width, channels = pixels.shape
    columns = math.ceil(math.sqrt(n))
    rows = math.ceil(n / columns)
    gap = _GAP_PX if n > 1 else 0
    high, wide = rows * (height + gap) - gap, columns * (width + gap) - gap
    if max(high, wide) > _LARGEST_SIDE_PX:
        raise UserError(
            f"{path}: a grid of {n:,} pictures would be {wide:,} x {high:,} pixels; "
            "decode fewer of them, or write .npy."
        )
    grid = np.zeros((high, wide, channels), np.uint8)
    for i in range(n):
        top, left = (i // columns) * (height + gap), (i % columns) * (width + gap)
        grid[top : top + height, left : left + width] = pixels[i]
    with replacing(path) as temporary:
        Image.fromarray(grid[..., 0] if channels == 1 else grid).save(temporary, "PNG")
    return wide, high


def _either(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
