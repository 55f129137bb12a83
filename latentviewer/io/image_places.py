"""Files and folders of images that are no IDX files: which of the layouts they have."""

from pathlib import Path

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.io.failures import cannot_read
from latentviewer.io.image_arrays import image_array_facts, is_image_array, open_image_array
from latentviewer.io.image_folders import has_images, open_image_folder
from latentviewer.io.text_tables import TABLE_SUFFIXES


def image_format(place: Path) -> str | None:
    """`npz`: an .npz of images, or a folder with one; `images`: a folder of image files, or the
    table in it; None: neither. Nothing is opened but headers.

    Raises:
        UnsafeFileError: a forged .npz.
        UserError: a folder that may not be read, a damaged .npz.
    """
    if place.is_dir():
        if _arrays_in(place):
            return "npz"
        return "images" if has_images(place) else None
    if place.suffix.lower() in TABLE_SUFFIXES:
        return "images" if place.is_file() and has_images(place.parent) else None
    if place.suffix.lower() != ".npz" or not place.is_file():
        return None
    return "npz" if is_image_array(place) else None


def open_images(place: Path, name: str) -> DataSet:
    """The data set at a place for which `image_format` is not None.

    Raises:
        UnsafeFileError: a forged zip, or a table that names files outside its folder.
        UserError: broken, or several in one folder.
    """
    if image_format(place) == "images":
        return open_image_folder(place, name)
    return open_image_array(_one_of(place), name)


def images_shape(place: Path, name: str) -> tuple[int, ImageShape, tuple[str, ...]]:
    """How many images of which shape, and notes, without reading the pixels.

    Raises:
        UserError: as `open_images`, as far as headers and tables show.
    """
    if image_format(place) == "images":
        data = open_image_folder(place, name)
        return len(data), data.image, data.notes
    return image_array_facts(_one_of(place))


def _arrays_in(folder: Path) -> list[Path]:
    try:
        there = sorted(p for p in folder.iterdir() if p.suffix.lower() == ".npz")
    except OSError as error:
        raise cannot_read(folder, error) from error
    return [p for p in there if is_image_array(p)]


def _one_of(place: Path) -> Path:
    if not place.is_dir():
        return place
    found = _arrays_in(place)
    if len(found) > 1:
        raise UserError(
            f"{place} has several files of images ({', '.join(p.name for p in found[:5])}); open "
            "one of them instead of the folder."
        )
    return found[0]
