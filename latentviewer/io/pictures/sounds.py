"""WAV files as a data set: pictures of about a second each, see `spectrogram`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Categories, Column, Numbers, Texts
from latentviewer.io.image_files import BrokenImageError, ImageFacts
from latentviewer.io.image_folders import files_below
from latentviewer.io.pictures.lazy import LazyImages, open_lazily
from latentviewer.io.pictures.listing import by_numbers, columns_of_places
from latentviewer.io.pictures.spectrogram import SIDE, span_of, spectrogram, window_of
from latentviewer.io.pictures.wav import WavFacts, read_samples, read_wav_facts

SOUND_SUFFIXES = (".wav", ".wave")
_MOST_PICTURES = 1_000_000


@dataclass(frozen=True, eq=False)
class SoundPictures:
    """Stretches of sound; fulfils `latentviewer.io.pictures.lazy.Pictures`.

    Attributes:
        folder: that the files lie in.
        files: their places below it.
        facts_of: what each file holds, or why it cannot be read.
        file: (n,) which file each picture is of.
        part: (n,) which stretch of it, from 0.
    """

    folder: Path
    files: Sequence[str]
    facts_of: Sequence[WavFacts | BrokenImageError]
    file: NDArray[np.int32]
    part: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.file)

    def facts(self, row: int) -> ImageFacts:
        """64 x 64, grey.

        Raises:
            BrokenImageError: the file could not be read when it was opened.
        """
        self._known(row)
        return ImageFacts(SIDE, SIDE, True)

    def read(self, row: int, shape: ImageShape) -> NDArray[np.uint8]:
        """The spectrogram of one stretch, (64, 64, 1) uint8.

        Raises:
            BrokenImageError: the file cannot be read.
        """
        wav = self._known(row)
        span = span_of(wav.rate)
        path = self.folder / self.files[int(self.file[row])]
        first = int(self.part[row]) * span
        samples = read_samples(path, wav, first, span + window_of(wav.rate) // 2)
        return spectrogram(samples, wav.rate)[..., None]

    def _known(self, row: int) -> WavFacts:
        known = self.facts_of[int(self.file[row])]
        if isinstance(known, BrokenImageError):
            raise known
        return known


def is_sound_name(name: str) -> bool:
    """Whether a file's name ends as a WAV file's."""
    return name.lower().endswith(SOUND_SUFFIXES)


def has_sounds(folder: Path) -> bool:
    """Whether a WAV file lies in a folder or below it."""
    return next(files_below(folder, is_sound_name), None) is not None


def open_sounds(place: Path, name: str) -> LazyImages:
    """A WAV file, or all in a folder, as spectrograms of about a second, 64 x 64, grey.

    Channels are mixed. A rest of less than half a picture at the end of a file is left out;
    a file shorter than one is filled up with silence. Columns: `time_s`, where in its file a
    picture begins, `file` and, from subfolders, `label`.

    Raises:
        UserError: no WAV files, or none that can be read.
    """
    folder = place if place.is_dir() else place.parent
    files = sorted(files_below(folder, is_sound_name), key=by_numbers)
    if not place.is_dir():
        files = [place.name]
    if not files:
        raise UserError(f"{folder} has no WAV files in it; choose the folder that they lie in.")
    known = [_facts(folder / file) for file in files]
    counts = np.array([_pictures_of(wav) for wav in known], np.int64)
    notes = []
    if counts.sum() > _MOST_PICTURES:
        before = np.cumsum(counts) - counts
        counts = np.clip(_MOST_PICTURES - before, 0, counts)
        notes.append(f"Pictures after the first {_MOST_PICTURES:,} are left out.")
    file = np.repeat(np.arange(len(files), dtype=np.int32), counts)
    starts = np.repeat(np.cumsum(counts) - counts, counts)
    part = (np.arange(len(file)) - starts).astype(np.int32)
    spans = np.array([span_of(w.rate) / w.rate if isinstance(w, WavFacts) else 0.0 for w in known])
    columns: dict[str, Column] = {}
    for called, column in columns_of_places(files).items():
        if isinstance(column, Categories):
            columns[called] = Categories(column.codes[file], column.names)
        elif isinstance(column, Texts):
            columns[called] = Texts(tuple(column.values[i] for i in file.tolist()))
    columns["time_s"] = Numbers(part * spans[file])
    source = SoundPictures(folder, files, known, file, part)
    return open_lazily(name, source, columns, notes, str(place))


def _facts(path: Path) -> WavFacts | BrokenImageError:
    try:
        return read_wav_facts(path)
    except BrokenImageError as error:
        return error


def _pictures_of(wav: WavFacts | BrokenImageError) -> int:
    if isinstance(wav, BrokenImageError):
        return 1
    return max(1, round(wav.frames / span_of(wav.rate)))
