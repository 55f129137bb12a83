"""Files and folders of images that are no IDX files: which of the layouts they have."""

from pathlib import Path

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.io.failures import cannot_read
from latentviewer.io.image_arrays import image_array_facts, is_image_array, open_image_array
from latentviewer.io.image_folders import has_images, open_image_folder
from latentviewer.io.pictures.films import FILM_SUFFIXES, open_film
from latentviewer.io.pictures.hugging_face import is_saved_data_set, open_saved_data_set
from latentviewer.io.pictures.npy import is_picture_array, open_picture_array
from latentviewer.io.pictures.sounds import SOUND_SUFFIXES, has_sounds, open_sounds
from latentviewer.io.pictures.tables import has_picture_column, open_picture_table
from latentviewer.io.pictures.zips import has_zipped_images, open_image_zip
from latentviewer.io.text_tables import TABLE_SUFFIXES
from latentviewer.io.within import lies_within


def image_format(place: Path) -> str | None:
    """Which layout a file or folder of images has; nothing is opened but headers.

    Returns:
        `npz`: an .npz of images, or a folder with one; `npy`: an .npy of images; `images`: a
        folder of image files, or the table in it; `zip`: a zip of image files; `table`: a table
        with a column of pictures; `huggingface`: a folder that `datasets` saved; `video`: a film;
        `wav`: a WAV file, or a folder with some and without images; None: none of these.

    Raises:
        UnsafeFileError: a forged .npz.
        UserError: a folder that may not be read, a damaged .npz or zip.
    """
    if place.is_dir():
        if is_saved_data_set(place):
            return "huggingface"
        if _arrays_in(place):
            return "npz"
        if has_images(place):
            return "images"
        return "wav" if has_sounds(place) else None
    if not place.is_file():
        return None
    suffix = place.suffix.lower()
    if suffix in FILM_SUFFIXES:
        return "video"
    if suffix in SOUND_SUFFIXES:
        return "wav"
    if has_picture_column(place):
        return "table"
    if suffix in TABLE_SUFFIXES:
        return "images" if has_images(place.parent) else None
    if suffix == ".npz":
        return "npz" if is_image_array(place) else None
    if suffix == ".npy":
        return "npy" if is_picture_array(place) else None
    if suffix == ".zip":
        return "zip" if has_zipped_images(place) else None
    return None


def open_images(place: Path, name: str, part: str | None = None) -> DataSet:
    """The data set at a place for which `image_format` is not None.

    Args:
        part: such as `train`, of a data set that has parts.

    Raises:
        UnsafeFileError: a forged zip, or a table that names files outside its folder.
        UserError: broken, several in one folder, or without that part.
    """
    layout = image_format(place)
    if layout == "huggingface":
        return open_saved_data_set(place, name, part)
    if part is not None:
        raise UserError(f"{place} has no part “{part}”; it is one whole, give its name alone.")
    if layout == "video":
        return open_film(place, name)
    if layout == "wav":
        return open_sounds(place, name)
    if layout == "npy":
        return open_picture_array(place, name)
    if layout == "table":
        return open_picture_table(place, name)
    if layout == "images":
        return open_image_folder(place, name)
    if layout == "zip":
        return open_image_zip(place, name)
    return open_image_array(_one_of(place), name)


def images_shape(place: Path, name: str) -> tuple[int, ImageShape, tuple[str, ...]]:
    """How many images of which shape, and notes, without reading the pixels.

    Raises:
        UserError: as `open_images`, as far as headers and tables show.
    """
    if image_format(place) == "npz":
        return image_array_facts(_one_of(place))
    data = open_images(place, name)
    return len(data), data.image, tuple(getattr(data, "notes", ()))


def _arrays_in(folder: Path) -> list[Path]:
    try:
        there = sorted(
            p for p in folder.iterdir() if p.suffix.lower() == ".npz" and lies_within(p, folder)
        )
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
