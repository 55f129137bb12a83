"""Spaces written as projector folders, for TensorBoard and for the projector in a browser."""

import contextlib
import json
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents, Space
from latentviewer.domain.table import Categories, Column, Numbers, Texts
from latentviewer.io.atomic import replacing
from latentviewer.io.failures import cannot_write
from latentviewer.io.projector.bookmarks import bookmarks_of
from latentviewer.io.projector.config import CONFIG_NAME
from latentviewer.io.projector.kinds import KINDS_NAME, written
from latentviewer.io.projector.messages import new_config, printed
from latentviewer.io.projector.metadata import METADATA_NAME, NEXT, NEXT_NAMES
from latentviewer.io.projector.names import one_line

_MARK = "# Written by LatentViewer; its next export to this folder replaces it.\n"
_TSV_NAME, _BYTES_NAME = "tensors.tsv", "tensors.bytes"
_BOOKMARKS_NAME, _SPRITE_NAME = "bookmarks.json", "sprite.png"
_OURS = (_TSV_NAME, _BYTES_NAME, METADATA_NAME, KINDS_NAME, _BOOKMARKS_NAME, _SPRITE_NAME)
_MOST_NUMBERS_AS_TEXT = 4_000_000
"""About 50 MB of text, which take some seconds to write and to read."""

_Write = Callable[[Path], object]


def write_projector(
    folder: Path,
    space: Space,
    rows: NDArray[np.int64] | None = None,
    *,
    pictures: NDArray[np.uint8] | None = None,
    next_rows: NDArray[np.int64] | None = None,
) -> tuple[str, ...]:
    """Writes a space as a projector's folder, which `read_projector` reads back as it was.

    - `projector_config.pbtxt`: one embedding, named as the space.
    - `tensors.tsv`: nine digits, which tell every float32. All readers of the format take it,
      also the projector's button “Load”, which takes nothing else. Above 4,000,000 numbers it
      is `tensors.bytes`, float32 without a header, which TensorBoard reads as well.
    - `metadata.tsv`: the columns, and `latentviewer.json` beside it with their kinds; see
      `kinds.py` on texts with tabs or line breaks, which are spaces in the metadata.
    - `bookmarks.json`: a bookmark for each map.
    - `sprite.png`: the pictures in a square grid of at most 8192 pixels a side.

    All files are written before the first takes its place, the config's last.

    Args:
        folder: new, empty, or with an earlier export, whose files are replaced or removed.
        rows: (m,) the rows to write, in this order; all where None. Indices in a column
            `__seq_next__` are turned to those of the written rows.
        pictures: (m, h, w, c) uint8, c being 1 or 3: one for each written row.
        next_rows: (m,) for each written row which of the written rows follows it, -1 for none;
            written as the column `__seq_next__`, whose lines the projector draws.

    Returns:
        Sentences on what was changed or left out.

    Raises:
        UserError: a folder with other content, no rows, disk full or a place that cannot be
            written; what was there is then kept.
    """
    columns, some = dict(space.columns), rows is not None
    rows = np.arange(len(space), dtype=np.int64) if rows is None else rows
    _check(space, rows, pictures, next_rows)
    if some:
        columns = {name: _taken(name, column, rows) for name, column in columns.items()}
    latent = space.latent[rows]
    if next_rows is not None:
        columns[NEXT] = Numbers(np.where(next_rows < 0, np.nan, next_rows).astype(np.float64))
    maps = {name: np.asarray(places[rows], np.float32) for name, places in space.maps.items()}
    notes = []
    if space.latent_std is not None:
        notes.append("The standard deviations are left out: a projector has no place for them.")
    config = new_config()
    info = config.embeddings.add(
        tensor_name=one_line(space.name), tensor_shape=[len(latent), space.dim]
    )
    files: dict[str, _Write] = {}
    info.tensor_path, files[info.tensor_path] = _tensor(latent)
    label = None
    if columns:
        info.metadata_path = METADATA_NAME
        table = written(columns, len(rows))
        files[METADATA_NAME] = _text(table.metadata)
        files[KINDS_NAME] = _text(table.kinds)
        named = space.label_column()
        label = None if named is None else table.titles[list(columns).index(named)]
    states, left_out = bookmarks_of(maps, space.dim, label)
    notes += left_out
    if states:
        info.bookmarks_path = _BOOKMARKS_NAME
        files[_BOOKMARKS_NAME] = _text(json.dumps(states, allow_nan=False))
    if pictures is not None:
        sprite, tile, note = _sprite(pictures)
        notes += note
        info.sprite.image_path = _SPRITE_NAME
        info.sprite.single_image_dim.extend(tile)
        files[_SPRITE_NAME] = sprite
    _write_all(folder, {CONFIG_NAME: _text(_MARK + printed(config)), **files})
    return tuple(notes)


def _check(
    space: Space,
    rows: NDArray[np.int64],
    pictures: NDArray[np.uint8] | None,
    next_rows: NDArray[np.int64] | None,
) -> None:
    count = len(rows)
    if not count:
        raise UserError(f"{space.name} has no rows to export; choose some.")
    if not 0 <= rows.min() <= rows.max() < len(space):
        raise ValueError(f"rows must be 0 to {len(space) - 1}")
    if next_rows is not None and (next_rows.shape != (count,) or next_rows.max() >= count):
        raise ValueError(f"next_rows must be ({count},), each below {count}")
    if pictures is not None and (
        pictures.dtype != np.uint8
        or pictures.ndim != 4
        or len(pictures) != count
        or pictures.shape[3] not in (1, 3)
    ):
        raise ValueError(f"pictures must be ({count}, h, w, 1 or 3) uint8")


def _taken(name: str, column: Column, rows: NDArray[np.int64]) -> Column:
    """A column's values in some rows; where they are rows themselves, as rows of these."""
    if isinstance(column, Categories):
        return Categories(column.codes[rows], column.names)
    if isinstance(column, Texts):
        return Texts(tuple(column.values[row] for row in rows.tolist()))
    values = column.values[rows]
    if name in NEXT_NAMES:
        place = {row: i for i, row in reversed(list(enumerate(rows.tolist())))}
        values = np.array([place.get(value, np.nan) for value in values.tolist()], np.float64)
    return Numbers(values)


def _tensor(latent: Latents) -> tuple[str, _Write]:
    def as_text(path: Path) -> None:
        line = "\t".join(["%.9g"] * latent.shape[1]) + "\n"
        with path.open("w", encoding="ascii", newline="\n") as file:
            for start in range(0, len(latent), 4096):
                block = latent[start : start + 4096].tolist()
                file.writelines(line % tuple(vector) for vector in block)

    if latent.size <= _MOST_NUMBERS_AS_TEXT:
        return _TSV_NAME, as_text
    return _BYTES_NAME, lambda path: path.write_bytes(latent.astype("<f4").data)


def _sprite(pictures: NDArray[np.uint8]) -> tuple[_Write, tuple[int, int], list[str]]:
    from latentviewer.io.projector.sprite import LONGEST_SIDE_PX, sheet_of

    sheet, (width, height) = sheet_of(pictures)
    notes = []
    if (height, width) != pictures.shape[1:3]:
        notes.append(
            f"The pictures are made smaller, from {pictures.shape[2]} x {pictures.shape[1]} to "
            f"{width} x {height} pixels, for a sprite has at most {LONGEST_SIDE_PX:,} a side."
        )
    return lambda path: sheet.save(path, format="PNG"), (width, height), notes


def _text(content: str) -> _Write:
    return lambda path: path.write_bytes(content.encode())


def _write_all(folder: Path, files: dict[str, _Write]) -> None:
    """Writes all files, then puts them into place, the last first."""
    made = _prepared(folder)
    try:
        with ExitStack() as stack:
            for name, write in files.items():
                write(stack.enter_context(replacing(folder / name)))
    except BaseException:
        if made:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise
    for name in _OURS:
        if name not in files:
            with contextlib.suppress(OSError):
                (folder / name).unlink(missing_ok=True)


def _prepared(folder: Path) -> bool:
    """Makes the folder where it is not there, and says whether it did.

    Raises:
        UserError: it has other content, or cannot be made.
    """
    try:
        if not folder.exists():
            folder.mkdir()
            return True
        if not folder.is_dir():
            raise UserError(f"{folder} is a file; name a folder that is new or empty.")
        others = [p.name for p in folder.iterdir() if not p.name.startswith(".")]
        if others and not _is_export(folder / CONFIG_NAME):
            raise UserError(
                f"{folder} has other files in it, such as {one_line(others[0])}; export to a "
                "folder that is new or empty."
            )
    except OSError as error:
        raise cannot_write(folder, error) from error
    return False


def _is_export(config: Path) -> bool:
    try:
        with config.open("rb") as file:
            return file.read(len(_MARK)) == _MARK.encode()
    except (FileNotFoundError, IsADirectoryError):
        return False
