"""The picture of all pictures that a projector shows at its points, row by row in a grid."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Column
from latentviewer.io.image_data import check_rows
from latentviewer.io.image_files import read_facts, read_image

LONGEST_SIDE_PX = 8192
"""Of a sprite; the projector shows no larger one."""


@dataclass(frozen=True, eq=False)
class SpriteData:
    """Tiles of one picture, cut out when they are asked for; fulfils `DataSet`.

    Attributes:
        name: of the embedding.
        image: the shape of one tile.
        columns: those of the space; row i of it is tile i.
        count: of the tiles in use; there may be blank ones at the end.
        sheet: the whole picture, (h, w, c) uint8.
    """

    name: str
    image: ImageShape
    columns: Mapping[str, Column]
    count: int
    sheet: NDArray[np.uint8]

    def __len__(self) -> int:
        return self.count

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named tiles, (len(rows), h, w, c) uint8, a copy.

        Raises:
            IndexError: a row is negative or past the end.
        """
        check_rows(rows, self.count, self.name)
        height, width, channels = self.image.height, self.image.width, self.image.channels
        down, across = self.sheet.shape[0] // height, self.sheet.shape[1] // width
        grid = self.sheet[: down * height, : across * width]
        tiles = grid.reshape(down, height, across, width, channels).swapaxes(1, 2)
        return np.asarray(tiles[rows // across, rows % across], np.uint8)


def read_sprite(
    path: Path, tile: tuple[int, ...], name: str, columns: Mapping[str, Column], count: int
) -> SpriteData:
    """The first `count` tiles of a sprite; transparent places are white.

    Args:
        tile: width and height of one, as the config says.

    Raises:
        UserError: unreadable, no image, larger than the projector shows, a tile size that does
            not fit, or fewer tiles than `count`.
    """
    if len(tile) != 2 or 0 in tile:
        raise UserError(
            f"{path}: the config does not give the size of one picture in it; set its "
            "single_image_dim to width and height."
        )
    facts = read_facts(path)
    if max(facts.width, facts.height) > LONGEST_SIDE_PX:
        raise UserError(
            f"{path} has {facts.width:,} x {facts.height:,} pixels; a sprite has at most "
            f"{LONGEST_SIDE_PX:,} a side, make its pictures smaller."
        )
    width, height = tile
    room = (facts.width // width) * (facts.height // height)
    if room < count:
        raise UserError(
            f"{path} has room for {room:,} pictures of {width:,} x {height:,} pixels, and the "
            f"tensor has {count:,} rows; mend single_image_dim in the config."
        )
    channels = 1 if facts.grey else 3
    sheet = read_image(path, ImageShape(facts.height, facts.width, channels))
    return SpriteData(name, ImageShape(height, width, channels), columns, count, sheet)


def sheet_of(pictures: NDArray[np.uint8]) -> tuple[Image.Image, tuple[int, int]]:
    """Pictures as one, in a square grid with white at its end, and the size of a tile.

    Tiles are made smaller where the whole would be longer than `LONGEST_SIDE_PX`.

    Args:
        pictures: (n, h, w, c) uint8, c being 1 or 3.

    Returns:
        The sprite; width and height of one tile.

    Raises:
        UserError: so many pictures that nothing of them would be left.
    """
    count, height, width, channels = pictures.shape
    side = math.isqrt(count - 1) + 1
    longest = LONGEST_SIDE_PX // side
    if not longest:
        raise UserError(
            f"A sprite has no room for {count:,} pictures; export fewer rows or no pictures."
        )
    largest = max(height, width)
    smaller = largest > longest
    size = (width, height)
    if smaller:
        size = (max(1, width * longest // largest), max(1, height * longest // largest))
    sheet = np.full((side * size[1], side * size[0], channels), 255, np.uint8)
    for row, picture in enumerate(pictures):
        top, left = row // side * size[1], row % side * size[0]
        tile = _resized(picture, size) if smaller else picture
        sheet[top : top + size[1], left : left + size[0]] = tile
    return Image.fromarray(sheet[..., 0] if channels == 1 else sheet), size


def _resized(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    image = Image.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
    small = np.asarray(image.resize(size, Image.Resampling.LANCZOS), np.uint8)
    return small.reshape(size[1], size[0], -1)
