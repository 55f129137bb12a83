"""Data sets by name, by folder or by file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from latentviewer.bundled import data_folder
from latentviewer.domain.errors import DataNotHereError, UserError
from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.domain.table import Categories, Column
from latentviewer.io.idx_folders import (
    holds_known,
    load_known,
    open_idx_folder,
    pairs_in,
    split_column,
)
from latentviewer.io.image_data import ImageData
from latentviewer.io.known_sets import DIGIT_NAMES, KNOWN_SETS, LOCAL_SETS, KnownSet, LocalSet

_DIGITS_TEST = 297
_SPLITS = ("train", "test")
ALWAYS_HERE = {"digits": "scikit-learn", "faces": "drawn", "shapes": "drawn", "bridge": "drawn"}
"""The sets that need no files, and where their samples come from."""

Folders = Path | Sequence[Path] | None


def open_data(spec: str, folder: Folders = None) -> DataSet:
    """A data set by name (`digits`, `faces`, `mnist:test`), or by folder or file of images.

    A folder has IDX files, image files, an .npz of images, or what Hugging Face's `datasets`
    saved; a file is such an .npz, a zip of image files, a table with a column of pictures, or the
    table of a folder of image files; see `latentviewer.io.image_places`. What was changed or left
    out on the way stands in the data set's `notes`, where it has them.

    Args:
        spec: the name or folder, with `:train` or `:test` for one part of it; of `faces`,
            `shapes` and `bridge`, which are drawn, any number can be had, such as `faces:5000`.
        folder: looked into first, before the user's data folder; several are tried in
            order. Each may be the folder of the files or the one above it.

    Raises:
        DataNotHereError: a data set known by name that is on none of these places.
        UnsafeFileError: a forged zip, or a table that names files outside its folder.
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
    if name == "shapes":
        from latentviewer.io.shapes.data_set import open_shapes

        return open_shapes(split)
    if name == "bridge":
        from latentviewer.io.bridge.data_set import open_bridge

        return open_bridge(split)
    if name in KNOWN_SETS:
        known = KNOWN_SETS[name]
        place = _place_of(known, splits, folder)
        if place is None:
            raise DataNotHereError(_not_here(known, folder))
        return load_known(place, name if split is None else f"{name}:{split}", known, splits)
    if name in LOCAL_SETS:
        return _open_local(LOCAL_SETS[name], split, folder)
    return _open_path(name, split)


def is_here(spec: str, folder: Folders = None) -> bool:
    """Whether `open_data` would find the files; none of their pictures is read."""
    return find_data(spec, folder) is not None


def find_data(spec: str, folder: Folders = None) -> Path | None:
    """Where a data set's files lie, or None where it is not on the machine.

    Those that need no files, such as `digits`, answer with the present folder.
    """
    name, split = _split_spec(spec)
    if name in ALWAYS_HERE:
        return Path()
    if name in KNOWN_SETS:
        return _place_of(KNOWN_SETS[name], (split,) if split else _SPLITS, folder)
    if name in LOCAL_SETS:
        return _place_of_local(LOCAL_SETS[name], folder)
    path = Path(name).expanduser()
    return path if _is_place(path) else None


def data_set_names() -> tuple[str, ...]:
    """The names that `open_data` knows, without their parts."""
    return (*ALWAYS_HERE, *KNOWN_SETS, *LOCAL_SETS)


def data_set_name(spec: str) -> str:
    """A name without its part, as it is spelt here; anything else as it was given."""
    return _split_spec(spec)[0]


def is_data_set_name(spec: str) -> bool:
    """Whether a text is such a name, with or without a part."""
    return _split_spec(spec)[0] in data_set_names()


def known_name(spec: str) -> str | None:
    """The name of the set that can be fetched, such as `mnist` for `MNIST:test`, or None."""
    name = _split_spec(spec)[0]
    return name if name in KNOWN_SETS else None


def _split_spec(spec: str) -> tuple[str, str | None]:
    head, colon, tail = spec.rpartition(":")
    # Only of what is drawn there are parts of other names.
    split_off = tail in _SPLITS or ALWAYS_HERE.get(head.lower()) == "drawn"
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
        columns["split"] = split_column({"train": first_test, "test": _DIGITS_TEST})
    name = "digits" if split is None else f"digits:{split}"
    return ImageData(name, ImageShape(8, 8, 1), columns, pixels[rows])


def _open_local(local: LocalSet, split: str | None, folder: Folders) -> DataSet:
    place = _place_of_local(local, folder)
    if place is None:
        looked = " and ".join(str(root) for root in _roots(folder))
        raise UserError(
            f"{local.name} is not on this machine (looked for the folder {local.subfolders[0]} in "
            f"{looked}); put it there, or give the folder that has it."
        )
    return _open_place(place, local.name, split)


def _open_path(name: str, split: str | None) -> DataSet:
    from latentviewer.io.content import is_projector_place, place_and_pick

    path, pick = place_and_pick(name)
    if is_projector_place(path):
        from latentviewer.io.projector.reading import sprite_data

        sprites = sprite_data(path, pick)
        if sprites is None:
            raise UserError(f"{name} has no pictures: its config names no sprite.")
        return sprites
    if not path.exists() and split is None and (parted := _parted(name)) is not None:
        return parted
    if not path.exists():
        names = ", ".join(data_set_names())
        head, _, part = name.partition(":")
        if is_data_set_name(head):
            raise UserError(
                f"{head} has no part “{part}”; give {head}, {head}:train or {head}:test."
            )
        raise UserError(
            f"There is no data set “{name}”; give {names} or a folder or file of images."
        )
    return _open_place(path, name, split)


def _parted(name: str) -> DataSet | None:
    """A part of any name, such as `folder:validation`, of a data set that has parts."""
    from latentviewer.io.pictures.hugging_face import is_saved_data_set, open_saved_data_set

    head, _, part = name.rpartition(":")
    folder = Path(head).expanduser()
    if not head or not is_saved_data_set(folder):
        return None
    return open_saved_data_set(folder, name, part)


def _open_place(path: Path, name: str, split: str | None) -> DataSet:
    if path.is_dir() and pairs_in(path):
        return open_idx_folder(path, name, split)
    from latentviewer.io.image_places import image_format, open_images

    if image_format(path) is None:
        raise UserError(
            f"{path} has no data set in it: no images, no .npz of images, and no file whose name "
            "ends in images-idx3-ubyte; choose the folder that the files lie in."
        )
    return open_images(path, name, split)


def _roots(folder: Folders) -> list[Path]:
    named = [folder] if isinstance(folder, Path) else list(folder or ())
    return list(dict.fromkeys([*named, data_folder()]))


def _places(known: KnownSet, folder: Folders) -> list[Path]:
    return [
        place for root in _roots(folder) for place in (root, *map(root.joinpath, known.subfolders))
    ]


def _place_of(known: KnownSet, splits: Sequence[str], folder: Folders) -> Path | None:
    return next((p for p in _places(known, folder) if holds_known(p, known, splits)), None)


def _place_of_local(local: LocalSet, folder: Folders) -> Path | None:
    for root in _roots(folder):
        # Any folder of images would do, so that only its own name tells which set it is.
        places = [root] if root.name in local.subfolders else []
        places += [root / name for name in local.subfolders]
        for place in places:
            if place.is_dir() and _is_place(place):
                return place
    return None


def _is_place(path: Path) -> bool:
    if path.is_dir() and pairs_in(path):
        return True
    from latentviewer.io.image_places import image_format

    try:
        return image_format(path) is not None
    except UserError:
        # Broken, but there: opening it says what is wrong.
        return True


def _not_here(known: KnownSet, folder: Folders) -> str:
    looked = " and ".join(str(root) for root in _roots(folder))
    return (
        f"{known.title} is not on this machine (looked in {looked}); press “Get {known.title}”, "
        f"run `latentviewer get {known.name}`, or choose the folder that has it."
    )
