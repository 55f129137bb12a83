"""Folders of IDX files: MNIST, its relatives and whatever is laid out like them."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Categories, Column
from latentviewer.io import idx
from latentviewer.io.image_data import ImageData
from latentviewer.io.known_sets import KNOWN_SETS, KnownSet
from latentviewer.io.within import check_within, lies_within

_FILE_PREFIX = {"train": "train", "test": "t10k"}
_SIDE = 28
_MOST_LABEL_BYTES = 16 << 20  # a hundred times what a known set has


def open_idx_folder(path: Path, name: str, split: str | None) -> ImageData:
    """A folder for which `pairs_in` is not empty, or one part of it.

    Args:
        name: what the set is called, without its part.

    Raises:
        UnsafeFileError: a file is a link out of the folder, or packed absurdly.
        UserError: no such part, or files that are broken or do not belong together.
    """
    pairs = pairs_in(path)
    if split is not None:
        prefix = next((p for p in (_FILE_PREFIX[split], split) if p in pairs), None)
        if prefix is None:
            raise UserError(f"{path} has no part “{split}”; its parts are {', '.join(pairs)}.")
        pairs = {prefix: pairs[prefix]}
    named = {_split_name(prefix): files for prefix, files in pairs.items()}
    return _load(name if split is None else f"{name}:{split}", named, None)


def parts_of_folder(folder: Path) -> dict[str, tuple[int, ...]]:
    """The parts of a folder of IDX files with their shapes (n, h, w), from the headers.

    Raises:
        UnsafeFileError: a file is a link out of the folder.
        UserError: a file that is broken or of another format.
    """
    pairs = pairs_in(folder)
    for files in pairs.values():
        check_within(files.images, folder)
    return {
        _split_name(prefix): idx.read_shape(files.images, idx.IMAGES_MAGIC)
        for prefix, files in pairs.items()
    }


def recognised_folder(folder: Path) -> str | None:
    """The name of the known set whose labels lie in a folder, or None."""
    found = _recognised(pairs_in(folder))
    return found.name if found else None


def holds_known(folder: Path, known: KnownSet, splits: Sequence[str]) -> bool:
    """Whether a folder has the files of these parts of a known set, not those of another."""
    pairs = pairs_in(folder)
    found = [pairs.get(_FILE_PREFIX[split]) for split in splits]
    return all(f is not None and f.labels is not None for f in found) and not any(
        _belongs_to_another(known, f.labels) for f in found if f and f.labels
    )


def load_known(folder: Path, name: str, known: KnownSet, splits: Sequence[str]) -> ImageData:
    """These parts of a known set from a folder for which `holds_known` is true.

    Raises:
        UnsafeFileError: a file is a link out of the folder, or packed absurdly.
        UserError: files that are broken or not what the known set has.
    """
    pairs = pairs_in(folder)
    return _load(name, {s: pairs[_FILE_PREFIX[s]] for s in splits}, known)


def _belongs_to_another(known: KnownSet, labels: Path) -> bool:
    """Whether a label file is that of another known set: all of them use the same names."""
    digest = _label_hash(labels)
    return any(other.has_labels(digest) for other in KNOWN_SETS.values() if other != known)


def _label_hash(labels: Path) -> str | None:
    """The MD5 of a file's unpacked labels; None where they are more than any known set's."""
    if not lies_within(labels, labels.parent):
        return None
    try:
        with idx.opened(labels) as stream:
            content = stream.read(_MOST_LABEL_BYTES + 1)
    except UserError:
        return None
    if len(content) > _MOST_LABEL_BYTES:
        return None
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _split_name(prefix: str) -> str:
    return "test" if prefix == "t10k" else prefix


@dataclass(frozen=True)
class IdxFiles:
    """The pictures of one part and, where there are any, their labels."""

    images: Path
    labels: Path | None


def pairs_in(folder: Path) -> dict[str, IdxFiles]:
    """Pairs of image and label files by prefix: `train` first, then `t10k`, then others."""
    try:
        entries = {p.name: p for p in sorted(folder.iterdir(), reverse=True) if p.is_file()}
    except OSError:
        return {}
    pairs = {}
    for name, path in entries.items():
        stem = name.removesuffix(".gz")
        for ending in ("-images-idx3-ubyte", "-images.idx3-ubyte"):
            if stem.endswith(ending):
                prefix = stem.removesuffix(ending)
                # Sorted backwards, so that the plain file stands in for its .gz twin.
                pairs[prefix] = IdxFiles(path, _labels_beside(entries, prefix))
    order = {"train": 0, "t10k": 1, "test": 1}
    return dict(sorted(pairs.items(), key=lambda item: (order.get(item[0], 2), item[0])))


def _labels_beside(entries: Mapping[str, Path], prefix: str) -> Path | None:
    for ending in ("-labels-idx1-ubyte", "-labels.idx1-ubyte"):
        for packed in ("", ".gz"):
            if (found := entries.get(f"{prefix}{ending}{packed}")) is not None:
                return found
    return None


def _load(name: str, files: Mapping[str, IdxFiles], known: KnownSet | None) -> ImageData:
    parts: list[NDArray[np.uint8]] = []
    codes: list[NDArray[np.int32]] = []
    for split, pair in files.items():
        for file in (pair.images, pair.labels):
            if file is not None:
                check_within(file, file.parent)
        pixels = idx.read_images(pair.images)
        if known is not None:
            _check_known(known, split, pair.images, pixels.shape)
        labels = None if pair.labels is None else idx.read_labels(pair.labels)
        if labels is not None and len(labels) != len(pixels):
            raise UserError(
                f"{pair.labels} has {len(labels):,} labels, {pair.images.name} has "
                f"{len(pixels):,} images; get the two files again."
            )
        if parts and parts[0].shape[1:] != pixels.shape[1:]:
            raise UserError(
                f"{pair.images} has images of another size than the other parts; "
                "open one part at a time with :train or :test."
            )
        parts.append(pixels)
        codes.append(
            np.full(len(pixels), -1, np.int32) if labels is None else labels.astype(np.int32)
        )
    pixels = (parts[0] if len(parts) == 1 else np.concatenate(parts))[..., None]
    columns: dict[str, Column] = {}
    joined = np.concatenate(codes)
    if (joined >= 0).any():
        columns["label"] = _label_column(joined, known or _recognised(files))
    if len(files) > 1:
        columns["split"] = split_column({s: len(p) for s, p in zip(files, parts, strict=True)})
    shape = ImageShape(pixels.shape[1], pixels.shape[2], 1)
    return ImageData(name, shape, columns, pixels)


def _check_known(known: KnownSet, split: str, path: Path, shape: tuple[int, ...]) -> None:
    expected = (known.counts[split], _SIDE, _SIDE)
    if shape != expected:
        raise UserError(
            f"{path} has images of shape {shape}, {known.title} has {expected}; get the file "
            "again, or open its folder by path."
        )


def _recognised(files: Mapping[str, IdxFiles]) -> KnownSet | None:
    """The known set whose label files these are, for its class names."""
    hashes = {_label_hash(pair.labels) for pair in files.values() if pair.labels is not None}
    for known in KNOWN_SETS.values():
        if hashes and all(known.has_labels(digest) for digest in hashes):
            return known
    return None


def _label_column(codes: NDArray[np.int32], known: KnownSet | None) -> Categories:
    if known is not None and codes.max() < len(known.classes):
        return Categories(codes, known.classes)
    distinct = np.unique(codes[codes >= 0])
    renumbered = np.where(codes >= 0, np.searchsorted(distinct, codes), -1).astype(np.int32)
    return Categories(renumbered, tuple(str(v) for v in distinct.tolist()))


def split_column(counts: Mapping[str, int]) -> Categories:
    codes = np.repeat(np.arange(len(counts), dtype=np.int32), list(counts.values()))
    return Categories(codes, tuple(counts))
