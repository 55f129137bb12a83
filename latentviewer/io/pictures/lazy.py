"""Pictures that are read when they are asked for, wherever they lie.

A picture that cannot be read never stops the others: it is a row like any, shown as a grey
cross. What is found broken on opening is named in the column `broken`; a file that is damaged
or deleted later shows as the cross as well, so that the window's worker goes on.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Categories, Column
from latentviewer.io.free_names import unused
from latentviewer.io.image_data import check_rows
from latentviewer.io.image_files import BrokenImageError, ImageFacts
from latentviewer.io.pictures.placeholder import placeholder

LARGEST_SIDE = 256
"""In pixels; larger pictures are made smaller."""
MOST_LOOKED_INTO = 20_000
"""Up to as many pictures all headers are read on opening; that takes a few seconds."""
SAMPLE = 512
"""How many headers are read of more than that."""
BROKEN = "broken"
"""The column that says what is wrong with a picture; missing where nothing is."""


class Pictures(Protocol):
    """Where pictures lie: a folder, a zip, a table."""

    def __len__(self) -> int: ...

    def facts(self, row: int) -> ImageFacts:
        """Size and colour of one picture, without its pixels.

        Raises:
            UserError: it cannot be read.
        """
        ...

    def read(self, row: int, shape: ImageShape) -> NDArray[np.uint8]:
        """One picture in the given shape, (h, w, c) uint8.

        Raises:
            UserError: it cannot be read.
        """
        ...


@dataclass(frozen=True, eq=False)
class LazyImages:
    """Pictures read on demand; fulfils `latentviewer.domain.ports.DataSet`.

    Attributes:
        name: what the set is called.
        image: the shape that every picture is brought to.
        columns: what is known of each; `broken` where some cannot be read.
        notes: sentences on what was changed or left out.
        source: where the pictures lie.
    """

    name: str
    image: ImageShape
    columns: Mapping[str, Column]
    notes: tuple[str, ...]
    source: Pictures = field(repr=False)

    def __len__(self) -> int:
        return len(self.source)

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named pictures, (len(rows), h, w, c) uint8, read now; a broken one is a grey cross.

        Raises:
            IndexError: a row is negative or past the end.
        """
        check_rows(rows, len(self), self.name)
        shape = self.image
        pixels = np.empty((len(rows), shape.height, shape.width, shape.channels), np.uint8)
        # In the order in which they lie, so that what is unpacked in blocks is so once.
        for i in np.argsort(rows, kind="stable").tolist():
            try:
                pixels[i] = self.source.read(int(rows[i]), shape)
            except UserError:
                pixels[i] = placeholder(shape)
        return pixels


def open_lazily(
    name: str,
    source: Pictures,
    columns: Mapping[str, Column],
    notes: Sequence[str],
    where: str,
) -> LazyImages:
    """A data set of the pictures in a place, after a look at their headers.

    All are brought to the commonest size, and to at most 256 pixels a side; grey where all are
    grey, else RGB. Of more than 20,000 pictures 512, spread evenly, are looked into instead of
    all, and a note says so.

    Args:
        where: the place, for sentences.

    Raises:
        UnsafeFileError: one of those looked into lies where nothing may be read.
        UserError: none of the pictures can be read, or there are none.
    """
    count = len(source)
    if not count:
        raise UserError(f"{where} has no rows; choose another.")
    looked_into = np.arange(count)
    if count > MOST_LOOKED_INTO:
        looked_into = np.linspace(0, count - 1, SAMPLE).round().astype(np.int64)
    facts: list[ImageFacts] = []
    broken: dict[int, str] = {}
    first: UserError | None = None
    for row in looked_into.tolist():
        try:
            facts.append(source.facts(row))
        except UnsafeFileError:
            raise
        except UserError as error:
            first = first or error
            broken[row] = error.reason if isinstance(error, BrokenImageError) else "unreadable"
    if first is not None and not facts:
        raise UserError(
            f"{where}: none of the {len(looked_into):,} pictures looked into can be read; of the "
            f"first it is said: {first}"
        ) from first
    shape, more = common_shape(facts)
    told = [*notes, *more]
    if len(looked_into) < count:
        told.append(
            f"Of the {count:,} images {SAMPLE}, spread evenly, were looked into on opening: size "
            "and colour are theirs, the others are fitted to that when they are shown, and broken "
            "ones among them show as a grey cross."
        )
    if broken:
        reasons = ", ".join(f"{n:,} {why}" for why, n in Counter(broken.values()).most_common())
        called = unused(BROKEN, columns)
        columns = {**columns, called: _reasons(broken, count)}
        told.append(
            f"Images that cannot be read: {len(broken):,} ({reasons}); they show as a grey cross, "
            f"and the column “{called}” names them."
        )
    return LazyImages(name, shape, columns, tuple(told), source)


def common_shape(facts: Sequence[ImageFacts]) -> tuple[ImageShape, list[str]]:
    """The commonest size, the larger of two that are equally common, within bounds; notes."""
    counts = Counter((f.width, f.height) for f in facts)
    width, height = max(counts, key=lambda size: (counts[size], size[0] * size[1], size))
    to_height, to_width = within_bounds(height, width)
    shape = ImageShape(to_height, to_width, 1 if all(f.grey for f in facts) else 3)
    if len(counts) > 1:
        by_area = sorted(counts, key=lambda size: (size[0] * size[1], size))
        small, large = (f"{w} x {h}" for w, h in (by_area[0], by_area[-1]))
        return shape, [
            f"The images are of {len(counts)} sizes, from {small} to {large} pixels; each is "
            f"fitted into {to_width} x {to_height}, with white where its proportions differ."
        ]
    if (to_height, to_width) != (height, width):
        return shape, [
            f"The images of {width} x {height} pixels are made smaller, {to_width} x {to_height}."
        ]
    return shape, []


def within_bounds(height: int, width: int) -> tuple[int, int]:
    """A size with the same proportions and at most 256 pixels a side."""
    shrink = min(1.0, LARGEST_SIDE / max(width, height))
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def _reasons(broken: Mapping[int, str], count: int) -> Categories:
    names = tuple(sorted(set(broken.values())))
    codes = np.full(count, -1, np.int32)
    for row, why in broken.items():
        codes[row] = names.index(why)
    return Categories(codes, names)
