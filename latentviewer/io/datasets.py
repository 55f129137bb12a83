"""Data sets by name or by folder."""

import gzip
import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.bundled import data_folder
from latentviewer.domain.errors import DataNotHereError, UserError
from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.domain.table import Categories, Column
from latentviewer.io import idx
from latentviewer.io.known_sets import DIGIT_NAMES, KNOWN_SETS, KnownSet

_DIGITS_TEST = 297
_SPLITS = ("train", "test")
ALWAYS_HERE = {"digits": "scikit-learn", "faces": "drawn"}
"""The sets that need no files, and where their samples come from."""
_FILE_PREFIX = {"train": "train", "test": "t10k"}


_SIDE = 28

Folders = Path | Sequence[Path] | None


@dataclass(frozen=True, eq=False)
class ImageData:
    """Pictures held in memory; fulfils `latentviewer.domain.ports.DataSet`.

    Attributes:
        name: such as `mnist:test`.
        image: the shape of one picture.
        columns: labels, and `split` where several splits are joined.
        pixels: (n, h, w, c) uint8; not to be changed.
    """

    name: str
    image: ImageShape
    columns: Mapping[str, Column]
    pixels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.pixels)

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named samples, (len(rows), h, w, c) uint8, a copy.

        Raises:
            IndexError: a row is negative or past the end.
        """
        if rows.size and not 0 <= rows.min() <= rows.max() < len(self.pixels):
            raise IndexError(f"{self.name} has rows 0 to {len(self.pixels) - 1}")
        return self.pixels[rows]


def open_data(spec: str, folder: Folders = None) -> DataSet:
    """A data set by name (`digits`, `faces`, `mnist:test`) or folder of IDX files.

    Args:
        spec: the name or folder, with `:train` or `:test` for one part of it; of `faces` any
            number can be had, such as `faces:5000`.
        folder: looked into first, before the user's data folder; several are tried in
            order. Each may be the folder of the files or the one above it.

    Raises:
        DataNotHereError: a data set known by name that is on none of these places.
        UserError: an unknown name, or files that are broken.
    """
    name, split = _split_spec(spec)
    splits = (split,) if split else _SPLITS
    if name == "digits":
        return _digits(split)
    if name == "faces":
        # Pillow is loaded when a face is asked for.
        from latentviewer.io.faces.data_set import open_faces

        return open_faces(split)
    if name in KNOWN_SETS:
        known = KNOWN_SETS[name]
        place = _place_of(known, splits, folder)
        if place is None:
            raise DataNotHereError(_not_here(known, folder))
        pairs = _pairs_in(place)
        title = name if split is None else f"{name}:{split}"
        return _load(title, {s: pairs[_FILE_PREFIX[s]] for s in splits}, known)
    return _open_folder(name, split)


def is_here(spec: str, folder: Folders = None) -> bool:
    """Whether `open_data` would find the files; none of their pictures is read."""
    return find_data(spec, folder) is not None


def find_data(spec: str, folder: Folders = None) -> Path | None:
    """The folder that a data set's files lie in, or None where it is not on the machine.

    Those that need no files, `digits` and `faces`, answer with the present folder.
    """
    name, split = _split_spec(spec)
    if name in ALWAYS_HERE:
        return Path()
    if name in KNOWN_SETS:
        return _place_of(KNOWN_SETS[name], (split,) if split else _SPLITS, folder)
    path = Path(name).expanduser()
    return path if path.is_dir() and _pairs_in(path) else None


def data_set_names() -> tuple[str, ...]:
    """The names that `open_data` knows, without their parts."""
    return (*ALWAYS_HERE, *KNOWN_SETS)


def data_set_name(spec: str) -> str:
    """A name without its part, as it is spelt here; anything else as it was given."""
    return _split_spec(spec)[0]


def is_data_set_name(spec: str) -> bool:
    """Whether a text is such a name, with or without a part."""
    return _split_spec(spec)[0] in data_set_names()


def parts_of_folder(folder: Path) -> dict[str, tuple[int, ...]]:
    """The parts of a folder of IDX files with their shapes (n, h, w), from the headers.

    Raises:
        UserError: a file that is broken or of another format.
    """
    return {
        _split_name(prefix): idx.read_shape(files.images, idx.IMAGES_MAGIC)
        for prefix, files in _pairs_in(folder).items()
    }


def recognised_folder(folder: Path) -> str | None:
    """The name of the known set whose labels lie in a folder, or None."""
    found = _recognised(_pairs_in(folder))
    return found.name if found else None


def known_name(spec: str) -> str | None:
    """The name of the set that can be fetched, such as `mnist` for `MNIST:test`, or None."""
    name = _split_spec(spec)[0]
    return name if name in KNOWN_SETS else None


def _split_spec(spec: str) -> tuple[str, str | None]:
    head, colon, tail = spec.rpartition(":")
    # Only of the faces, which are drawn, there are parts of other names.
    split_off = tail in _SPLITS or head.lower() == "faces"
    name, split = (head, tail) if colon and split_off else (spec, None)
    folded = name.lower().replace("_", "-")
    folded = "fashion-mnist" if folded == "fashionmnist" else folded
    return (folded if folded in data_set_names() else name), split


def _digits(split: str | None) -> DataSet:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    pixels = np.rint(bunch.images * (255 / 16)).astype(np.uint8)[..., None]
    codes = bunch.target.astype(np.int32)
    first_test = len(codes) - _DIGITS_TEST
    rows = {"train": slice(first_test), "test": slice(first_test, None), None: slice(None)}[split]
    columns: dict[str, Column] = {"label": Categories(codes[rows], DIGIT_NAMES)}
    if split is None:
        columns["split"] = _split_column({"train": first_test, "test": _DIGITS_TEST})
    name = "digits" if split is None else f"digits:{split}"
    return ImageData(name, ImageShape(8, 8, 1), columns, pixels[rows])


def _open_folder(name: str, split: str | None) -> DataSet:
    path = Path(name).expanduser()
    if not path.is_dir():
        names = ", ".join(data_set_names())
        head, _, part = name.partition(":")
        if is_data_set_name(head):
            raise UserError(
                f"{head} has no part “{part}”; give {head}, {head}:train or {head}:test."
            )
        raise UserError(
            f"There is no data set “{name}”; give {names} or a folder that has IDX files."
        )
    pairs = _pairs_in(path)
    if not pairs:
        raise UserError(
            f"{path} has no data set in it: no file whose name ends in images-idx3-ubyte; "
            "choose the folder that the files lie in."
        )
    if split is not None:
        prefix = next((p for p in (_FILE_PREFIX[split], split) if p in pairs), None)
        if prefix is None:
            raise UserError(f"{path} has no part “{split}”; its parts are {', '.join(pairs)}.")
        pairs = {prefix: pairs[prefix]}
    named = {_split_name(prefix): files for prefix, files in pairs.items()}
    return _load(name if split is None else f"{name}:{split}", named, None)


def _split_name(prefix: str) -> str:
    return "test" if prefix == "t10k" else prefix


@dataclass(frozen=True)
class _Files:
    images: Path
    labels: Path | None


def _pairs_in(folder: Path) -> dict[str, _Files]:
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
                pairs[prefix] = _Files(path, _labels_beside(entries, prefix))
    order = {"train": 0, "t10k": 1, "test": 1}
    return dict(sorted(pairs.items(), key=lambda item: (order.get(item[0], 2), item[0])))


def _labels_beside(entries: Mapping[str, Path], prefix: str) -> Path | None:
    for ending in ("-labels-idx1-ubyte", "-labels.idx1-ubyte"):
        for packed in ("", ".gz"):
            if (found := entries.get(f"{prefix}{ending}{packed}")) is not None:
                return found
    return None


def _roots(folder: Folders) -> list[Path]:
    named = [folder] if isinstance(folder, Path) else list(folder or ())
    return list(dict.fromkeys([*named, data_folder()]))


def _places(known: KnownSet, folder: Folders) -> list[Path]:
    return [
        place for root in _roots(folder) for place in (root, *map(root.joinpath, known.subfolders))
    ]


def _place_of(known: KnownSet, splits: Sequence[str], folder: Folders) -> Path | None:
    for place in _places(known, folder):
        pairs = _pairs_in(place)
        found = [pairs.get(_FILE_PREFIX[split]) for split in splits]
        if all(f is not None and f.labels is not None for f in found) and not any(
            _belongs_to_another(known, f.labels) for f in found if f and f.labels
        ):
            return place
    return None


def _belongs_to_another(known: KnownSet, labels: Path) -> bool:
    """Whether a label file is that of another known set: all of them use the same names."""
    digest = _label_hash(labels)
    return any(other.has_labels(digest) for other in KNOWN_SETS.values() if other != known)


def _label_hash(labels: Path) -> str | None:
    try:
        content = labels.read_bytes()
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error):
        return None
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _not_here(known: KnownSet, folder: Folders) -> str:
    looked = " and ".join(str(root) for root in _roots(folder))
    return (
        f"{known.title} is not on this machine (looked in {looked}); press “Get {known.title}”, "
        f"run `latentviewer get {known.name}`, or choose the folder that has it."
    )


def _load(name: str, files: Mapping[str, _Files], known: KnownSet | None) -> DataSet:
    parts: list[NDArray[np.uint8]] = []
    codes: list[NDArray[np.int32]] = []
    for split, pair in files.items():
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
        columns["split"] = _split_column({s: len(p) for s, p in zip(files, parts, strict=True)})
    shape = ImageShape(pixels.shape[1], pixels.shape[2], 1)
    return ImageData(name, shape, columns, pixels)


def _check_known(known: KnownSet, split: str, path: Path, shape: tuple[int, ...]) -> None:
    expected = (known.counts[split], _SIDE, _SIDE)
    if shape != expected:
        raise UserError(
            f"{path} has images of shape {shape}, {known.title} has {expected}; get the file "
            "again, or open its folder by path."
        )


def _recognised(files: Mapping[str, _Files]) -> KnownSet | None:
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


def _split_column(counts: Mapping[str, int]) -> Categories:
    codes = np.repeat(np.arange(len(counts), dtype=np.int32), list(counts.values()))
    return Categories(codes, tuple(counts))
