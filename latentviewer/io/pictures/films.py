"""A film as a data set of its frames, through PyAV.

Only the file itself is read: it is handed over as an open file of a container that was told by
its first bytes, so that no list of other files, playlist or address in it is followed.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Column, Numbers
from latentviewer.io.failures import cannot_read, check_regular, first_line
from latentviewer.io.image_data import check_rows
from latentviewer.io.pictures.lazy import within_bounds
from latentviewer.io.pictures.placeholder import placeholder

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# PyAV is imported where it is used: it must not be on the way to the first window.

FILM_SUFFIXES = (".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi")
MOST_FRAMES = 2_000
"""Taken of one film."""
_MOST_PACKETS = 1_000_000
_MOST_PIXELS = 8_192 * 8_192
_KEPT = 256
# Rather than to seek, to go on decoding, if what is wanted is so few frames ahead.
_NEAR = 48


@dataclass(frozen=True, eq=False)
class FilmData:
    """Frames of a film, decoded when they are asked for; fulfils `DataSet`.

    Attributes:
        name: what the set is called.
        path: of the film.
        image: the shape that every frame is brought to.
        columns: `time_s`, seconds from the first frame, and `frame`, from 0.
        notes: sentences on what was changed or left out.
        stamps: (n,) int64, when each frame is shown, in the film's own unit.
        step: between two frames, in that unit.
        near: how far ahead, in that unit, decoding goes on instead of seeking.
    """

    name: str
    path: Path
    image: ImageShape
    columns: Mapping[str, Column]
    notes: tuple[str, ...]
    stamps: NDArray[np.int64]
    step: int
    near: int
    _kept: OrderedDict[int, NDArray[np.uint8]] = field(default_factory=OrderedDict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __len__(self) -> int:
        return len(self.stamps)

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named frames, (len(rows), h, w, 3) uint8; what cannot be decoded is a grey cross.

        Raises:
            IndexError: a row is negative or past the end.
        """
        check_rows(rows, len(self), self.name)
        pixels = np.empty((len(rows), self.image.height, self.image.width, 3), np.uint8)
        with self._lock:
            wanted = [row for row in np.unique(rows).tolist() if row not in self._kept]
            found = {row: self._kept[row] for row in np.unique(rows).tolist() if row in self._kept}
            if wanted:
                found.update(self._decoded(wanted))
            for i, row in enumerate(rows.tolist()):
                pixels[i] = found.get(row, placeholder(self.image))
            self._kept.update(found)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return pixels

    def _decoded(self, rows: list[int]) -> dict[int, NDArray[np.uint8]]:
        """Those of the rows, in rising order, that can be decoded."""
        found: dict[int, NDArray[np.uint8]] = {}
        try:
            with _opened(self.path) as (container, stream):
                reader = _Reader(container, stream, int(self.stamps[0]), self.step, self.near)
                for row in rows:
                    frame = reader.at(int(self.stamps[row]))
                    if frame is not None:
                        found[row] = _pixels(frame, self.image)
        except UserError:
            # Gone or damaged since it was opened: the rest of the rows show the cross.
            return found
        return found


class _Reader:
    """Goes through a film forwards, and seeks where that is shorter."""

    def __init__(
        self,
        container: "InputContainer",
        stream: "VideoStream",
        first: int,
        step: int,
        near: int,
    ) -> None:
        self._container = container
        self._stream = stream
        self._margins = (0, 16 * step, 128 * step)
        self._near = near
        self._frames = _frames(container, stream)
        self._at = first
        self._last: VideoFrame | None = None

    def at(self, stamp: int) -> "VideoFrame | None":
        """The frame of that time, or None where it cannot be decoded."""
        if not self._at <= stamp <= self._at + self._near:
            self._seek(stamp)
        while self._last is None or self._at < stamp:
            if not self._advance():
                return None
        return self._last if self._at == stamp else None

    def _seek(self, stamp: int) -> None:
        # Where frames are out of order, those before the key frame that was found are lost.
        for margin in self._margins:
            self._container.seek(stamp - margin, stream=self._stream)
            self._frames = _frames(self._container, self._stream)
            self._last = None
            if self._advance() and self._at <= stamp:
                return

    def _advance(self) -> bool:
        for frame in self._frames:
            if frame.pts is not None:
                self._last, self._at = frame, frame.pts
                return True
        return False


def open_film(path: Path, name: str) -> FilmData:
    """The frames of a film's first picture track, in at most 256 pixels a side.

    All packets are listed now and none but the first frame is decoded. Of more than 2,000
    frames 2,000, spread evenly, are taken.

    Raises:
        UserError: unreadable, damaged, of another format, or without pictures.
    """
    with _opened(path) as (container, stream):
        first = next(_frames(container, stream), None)
        if first is None:
            raise UserError(f"{path} has no picture that can be read; make or copy it again.")
        turned = first.rotation % 180 != 0
        height, width = (first.width, first.height) if turned else (first.height, first.width)
        unit = float(stream.time_base or 1)
        container.seek(0, stream=stream)
        listed = _stamps(container, stream)
        # Their times are not sure any more after a seek.
        unsure = container.format.name == "avi" and bool((np.diff(listed) < 0).any())
    stamps = np.unique(listed)
    if not len(stamps):
        raise UserError(f"{path} does not say when its pictures are shown; convert it to MP4.")
    count = len(stamps)
    taken = np.arange(count)
    to_height, to_width = within_bounds(height, width)
    notes = []
    if (to_height, to_width) != (height, width):
        notes.append(
            f"The frames of {width} x {height} pixels are made smaller, {to_width} x {to_height}."
        )
    if count > MOST_FRAMES:
        taken = np.linspace(0, count - 1, MOST_FRAMES).round().astype(np.int64)
        notes.append(f"Of the {count:,} frames {MOST_FRAMES:,}, spread evenly, are taken.")
    if len(listed) == _MOST_PACKETS:
        notes.append(f"Frames after the first {count:,} are left out.")
    seconds = (stamps[taken] - stamps[0]) * unit
    columns = {"time_s": Numbers(seconds), "frame": Numbers(taken.astype(np.float64))}
    step = max(1, int(np.median(np.diff(stamps)))) if count > 1 else 1
    near = int(stamps[-1] - stamps[0]) if unsure else step * _NEAR
    shape = ImageShape(to_height, to_width, 3)
    return FilmData(name, path, shape, columns, tuple(notes), stamps[taken], step, near)


@contextmanager
def _opened(path: Path) -> Iterator[tuple["InputContainer", "VideoStream"]]:
    import av

    check_regular(path)
    try:
        with path.open("rb") as file:
            container_format = _container_format(file.read(16))
            if container_format is None:
                raise UserError(
                    f"{path} is no film that is known here; convert it to MP4, MKV, WebM or AVI."
                )
            file.seek(0)
            with av.open(
                file, "r", format=container_format, metadata_errors="replace", io_open=_refuse
            ) as container:
                if not container.streams.video:
                    raise UserError(f"{path} has no pictures in it; choose another film.")
                stream = container.streams.video[0]
                # What the type does not say: without a decoder there is none.
                if cast(Any, stream).codec_context is None:
                    raise UserError(f"{path} is coded in a way not read here; convert it to MP4.")
                if stream.width * stream.height > _MOST_PIXELS:
                    raise UserError(f"{path} has frames of too many pixels; make it smaller.")
                # The size may change on the way.
                stream.codec_context.options = {"max_pixels": str(_MOST_PIXELS)}
                yield container, stream
    except (av.FFmpegError, ValueError, ArithmeticError) as error:
        raise UserError(
            f"{path} is cut short or damaged ({first_line(error)}); make or copy it again."
        ) from error
    except OSError as error:
        raise cannot_read(path, error) from error


def _container_format(start: bytes) -> str | None:
    """Which of FFmpeg's readers is meant, by a file's first 16 bytes."""
    if start[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"):
        return "mov"
    if start.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    return "avi" if start.startswith(b"RIFF") and start[8:12] == b"AVI " else None


def _refuse(url: str, flags: int, options: Mapping[str, Any]) -> None:
    raise UnsafeFileError(f"The film names another file, “{url}”; it is refused, convert it.")


def _frames(container: "InputContainer", stream: "VideoStream") -> Iterator["VideoFrame"]:
    """Frames from here on; what is damaged is passed over."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            # The file ends within a packet: what came before is whole.
            return
        if packet is None:
            return
        try:
            yield from stream.decode(packet)
        except av.FFmpegError:
            continue


def _stamps(container: "InputContainer", stream: "VideoStream") -> NDArray[np.int64]:
    """When the frames are shown, in the order in which they lie; nothing is decoded."""
    import av

    found: list[int] = []
    packets = container.demux(stream)
    while len(found) < _MOST_PACKETS:
        try:
            packet = next(packets, None)
        except av.FFmpegError:
            break
        if packet is None:
            break
        if packet.pts is not None and packet.size and not packet.is_discard:
            found.append(packet.pts)
    return np.array(found, np.int64)


def _pixels(frame: "VideoFrame", shape: ImageShape) -> NDArray[np.uint8]:
    turns = round(frame.rotation / 90) % 4
    height, width = shape.height, shape.width
    if turns % 2:
        height, width = width, height
    small = frame.reformat(width=width, height=height, format="rgb24", interpolation="AREA")
    return np.rot90(small.to_ndarray(), turns).astype(np.uint8)
