"""Pictures in .npz files: an array `images` or `imgs`, with factors, columns or a table.

What is kept in memory is bounded by the array's header before anything is unpacked: pictures of
zeros and ones are packed to bits while they are read, so that the 3 GB of dSprites take 377 MB,
and a small file that swells is refused or stays small.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.domain.table import Column
from latentviewer.io.image_data import ImageData
from latentviewer.io.npz import ArrayHeader, NpzArrays, opened_npz
from latentviewer.io.packed_images import PackedImages
from latentviewer.io.sprites import FACTORS, LAYOUT, SpritesData, factor_notes, read_factors
from latentviewer.io.text_tables import columns_of, read_table, table_beside

_IMAGES = ("images", "imgs")
_LATENTS = ("latent", "latents", "embedding", "embeddings", "vector", "vectors", "z")
_TYPES = (np.dtype(np.uint8), np.dtype(bool))
_MOST_KEPT = 2 << 30
_MOST_OF_A_COLUMN = 256 << 20
_BLOCK_BYTES = 4 << 20


def is_image_array(path: Path) -> bool:
    """Whether an .npz holds pictures; one of latents with pictures beside them does not count.

    Raises:
        UnsafeFileError: a forged zip.
        UserError: unreadable or damaged.
    """
    with opened_npz(path) as arrays:
        key = _images_key(arrays)
        latents = any(name in arrays.headers for name in _LATENTS)
        return key is not None and arrays.headers[key].dtype in _TYPES and not latents


def image_array_facts(path: Path) -> tuple[int, ImageShape, tuple[str, ...]]:
    """How many pictures of which shape, and notes, from the headers alone.

    Raises:
        UserError: damaged, or no pictures.
    """
    with opened_npz(path) as arrays:
        key = _checked_key(arrays)
        header = arrays.headers[key]
        return header.shape[0], _image_shape(header), _notes(arrays, key)


def open_image_array(path: Path, name: str) -> DataSet:
    """An .npz of pictures: `images` or `imgs`, (n, h, w), (n, h, w, 1), 3 or 4, uint8 or bool.

    `latents_classes` and `latents_values` as in dSprites make it a `FactorData`; other arrays
    of n values become columns, and so do those of a table of the same name beside it
    (`x.tsv` beside `x.npz`). Zeros and ones are given out as 0 and 255; RGBA lies on white.
    All pictures are read now, so that a damaged file is found before it is shown.

    Raises:
        UnsafeFileError: a forged zip.
        UserError: damaged, too large for memory, of another layout, or a table that does not fit.
    """
    with opened_npz(path) as arrays:
        key = _checked_key(arrays)
        header = arrays.headers[key]
        shape, count = _image_shape(header), header.shape[0]
        pixels = _read_pixels(arrays, key, shape)
        factors = read_factors(arrays, count) if FACTORS in arrays.headers else None
        columns = _columns(arrays, key)
        notes = _notes(arrays, key)
    table = table_beside(path)
    if table is not None:
        content = read_table(table)
        length = len(content)
        if length != count:
            raise UserError(
                f"{table} and {path.name} do not belong together (rows: {length:,}, images: "
                f"{count:,}); give each image its row."
            )
        columns = {**columns, **columns_of(content)}
    if factors is None:
        return ImageData(name, shape, columns, pixels, notes)
    columns = {**factors.columns(), **columns}
    return SpritesData(name, shape, columns, pixels, notes, truth=factors)


def _images_key(arrays: NpzArrays) -> str | None:
    return next(
        (k for k in _IMAGES if k in arrays.headers and len(arrays.headers[k].shape) in (3, 4)), None
    )


def _checked_key(arrays: NpzArrays) -> str:
    key = _images_key(arrays)
    if key is None:
        have = ", ".join(f"{k} {h.shape}" for k, h in list(arrays.headers.items())[:8]) or "none"
        raise UserError(
            f"{arrays.path} has no array of images (its arrays: {have}); name one of shape "
            "(n, height, width) or (n, height, width, 3) “images”."
        )
    header = arrays.headers[key]
    if header.dtype not in _TYPES:
        raise UserError(
            f"{arrays.where(key)} holds values of type {header.dtype}; save them as uint8, "
            "0 to 255."
        )
    channels = header.shape[3] if len(header.shape) == 4 else 1
    if channels not in (1, 3, 4) or 0 in header.shape[1:]:
        raise UserError(
            f"{arrays.where(key)} has the shape {header.shape}; images are "
            "(n, height, width), or that with 1, 3 or 4 channels."
        )
    return key


def _image_shape(header: ArrayHeader) -> ImageShape:
    _, height, width, *channels = header.shape
    return ImageShape(height, width, 1 if channels in ([], [1]) else 3)


def _read_pixels(
    arrays: NpzArrays, key: str, shape: ImageShape
) -> NDArray[np.uint8] | PackedImages:
    header = arrays.headers[key]
    count, inner = header.shape[0], (shape.height, shape.width, shape.channels)
    if header.shape[3:] != (4,):
        _check_size(count * math.ceil(math.prod(inner) / 8), arrays, key)
        packed = _read_packed(arrays, key, inner)
        if packed is not None:
            return packed
    _check_size(count * math.prod(inner), arrays, key)
    pixels = _empty((count, *inner), arrays, key)
    for start, block in _blocks(arrays, key):
        pixels[start : start + len(block)] = _on_white(block).reshape(-1, *inner)
    return pixels


def _read_packed(arrays: NpzArrays, key: str, inner: tuple[int, int, int]) -> PackedImages | None:
    """The pictures as bits, or None as soon as one of them has more than two values."""
    bits = _empty((arrays.headers[key].shape[0], math.ceil(math.prod(inner) / 8)), arrays, key)
    for start, block in _blocks(arrays, key):
        if block.max() > 1:
            return None
        flat = block.reshape(len(block), -1)
        bits[start : start + len(block)] = np.packbits(flat, axis=1)
    return PackedImages(bits, inner)


def _blocks(arrays: NpzArrays, key: str) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    start = 0
    for block in arrays.blocks(key, _BLOCK_BYTES):
        yield start, block.view(np.uint8)
        start += len(block)


def _on_white(block: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if block.ndim < 4 or block.shape[3] != 4:
        return block
    alpha = block[..., 3:].astype(np.uint16)
    mixed = (block[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255
    return mixed.astype(np.uint8)


def _check_size(kept: int, arrays: NpzArrays, key: str) -> None:
    if kept > _MOST_KEPT:
        raise UserError(
            f"{arrays.where(key)} would take {kept / 1e9:.1f} GB of memory, more than "
            f"{_MOST_KEPT / 1e9:.1f} GB; save fewer rows."
        )


def _empty(shape: tuple[int, ...], arrays: NpzArrays, key: str) -> NDArray[np.uint8]:
    try:
        return np.empty(shape, np.uint8)
    except MemoryError as error:
        raise UserError(
            f"{arrays.where(key)} takes {math.prod(shape) / 1e9:.1f} GB and the memory is not "
            "free; close other programs or save fewer rows."
        ) from error


def _notes(arrays: NpzArrays, key: str) -> tuple[str, ...]:
    left_out = [
        f"Array “{name}” of shape {header.shape} is left out: it is not one number or text a row."
        for name, header in _others(arrays, key).items()
        if not _is_column(header, arrays.headers[key].shape[0])
    ]
    return (*factor_notes(arrays), *left_out)


def _columns(arrays: NpzArrays, key: str) -> dict[str, Column]:
    import pyarrow as pa

    from latentviewer.io.arrow_columns import from_arrow

    columns = {}
    for name, header in _others(arrays, key).items():
        if _is_column(header, arrays.headers[key].shape[0]):
            values = arrays.read(name, _MOST_OF_A_COLUMN).reshape(-1).tolist()
            column = from_arrow(pa.chunked_array([pa.array(values)]), name, None)
            if column is not None:
                columns[name] = column
    return columns


def _others(arrays: NpzArrays, key: str) -> dict[str, ArrayHeader]:
    """The arrays that are neither the pictures nor a part of dSprites' layout."""
    own = (key, *LAYOUT) if FACTORS in arrays.headers else (key,)
    return {name: header for name, header in arrays.headers.items() if name not in own}


def _is_column(header: ArrayHeader, count: int) -> bool:
    return header.shape in ((count,), (count, 1)) and header.dtype.kind in "biufU"
