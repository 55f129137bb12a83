"""Frames of a path as a PNG strip, a GIF, an MP4 or an .npy."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sized
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.io.atomic import replacing
from latentviewer.io.frames import (
    Frame,
    checked_frames,
    enlarged,
    joined_strip,
    scale_for,
    to_uint8,
)
from latentviewer.jobs.progress import Progress

_FILM_HEIGHT_PX = 512
_STRIP_HEIGHT_PX = 128
_STRIP_WIDTH_PX = 16_384
_FPS_RANGE = (1, 120)
_MOST_FRAMES = {".gif": 2_000, ".png": 5_000}
# Players slow a GIF down whose frames are shorter than two hundredths of a second.
_GIF_FPS = 50

Steps = Generator[None, None, None]


def export_frames(
    frames: Iterable[NDArray[Any]],
    path: Path,
    fps: int = 24,
    scale: int | None = None,
    count: int | None = None,
) -> Generator[Progress, None, Path]:
    """Writes frames in the format that the suffix names, whole or not at all.

    Frames are taken one by one, so they may be decoded while they are written; an MP4 keeps
    none of them. Closing the generator between two yields leaves no file.

    Args:
        frames: (h, w, c) each, float in 0..1 or uint8, c being 1 or 3; or one array (f, h, w, c).
        path: ends in .png (strip), .gif, .mp4 or .npy.
        fps: frames a second; a strip and an .npy have none.
        scale: whole factor to enlarge by; chosen by the height where None. Not for .npy.
        count: how many frames there are, for the progress, where `frames` does not know.

    Yields:
        Progress after each frame.

    Returns:
        The path.

    Raises:
        UserError: an unknown suffix, frames of no or different shape, disk full.
    """
    write = _writer(path)
    _check_pace(path, fps, scale)
    if count is None and isinstance(frames, Sized):
        count = len(frames)
    check_export_path(path, count)
    with (
        replacing(path) as temporary,
        closing(write(frames, temporary, fps, scale)) as steps,
    ):
        for done, _ in enumerate(steps, start=1):
            yield Progress(
                min(done / count, 1.0) if count else None,
                f"Frame {done} of {count}" if count else f"Frame {done}",
            )
    return path


def write_strip(frames: Iterable[NDArray[Any]], path: Path, scale: int | None = None) -> None:
    """Writes frames side by side as one PNG; see `export_frames`."""
    _run(_strip, frames, path, 1, scale)


def write_gif(
    frames: Iterable[NDArray[Any]], path: Path, fps: int = 24, scale: int | None = None
) -> None:
    """Writes a GIF that repeats for ever; see `export_frames`."""
    _run(_gif, frames, path, fps, scale)


def write_video(
    frames: Iterable[NDArray[Any]], path: Path, fps: int = 24, scale: int | None = None
) -> None:
    """Writes an MP4, one frame after the other; see `export_frames`."""
    _run(_video, frames, path, fps, scale)


def write_npy(array: NDArray[Any], path: Path) -> None:
    """Writes an array as .npy, whole or not at all.

    Raises:
        UserError: the disk is full or the place cannot be written.
    """
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.save(file, array, allow_pickle=False)


def check_export_path(path: Path, count: int | None = None) -> None:
    """Refuses a suffix that cannot be written, before anything is decoded.

    Args:
        count: how many frames there will be; a GIF and a strip hold them all in memory.

    Raises:
        UserError: names the suffixes that can, or how many frames such a file takes.
    """
    _writer(path)
    most = _MOST_FRAMES.get(path.suffix.lower())
    if count is not None and most is not None and count > most:
        raise UserError(
            f"{path.name} takes at most {most:,} frames, not {count:,}; ask for fewer, or write "
            "an .mp4."
        )


Write = Callable[[Iterable[NDArray[Any]], Path, int, int | None], Steps]


def _run(
    write: Write, frames: Iterable[NDArray[Any]], path: Path, fps: int, scale: int | None
) -> None:
    _check_pace(path, fps, scale)
    with replacing(path) as temporary:
        for _ in write(frames, temporary, fps, scale):
            pass


def _writer(path: Path) -> Write:
    writers: dict[str, Write] = {".png": _strip, ".gif": _gif, ".mp4": _video, ".npy": _npy}
    write = writers.get(path.suffix.lower())
    if write is None:
        raise UserError(
            f"{path.name} cannot be exported as “{path.suffix or 'no suffix'}”; "
            "end the name in .png, .gif, .mp4 or .npy."
        )
    return write


def _check_pace(path: Path, fps: int, scale: int | None) -> None:
    low, high = _FPS_RANGE
    if not low <= fps <= high:
        raise UserError(f"A film has {low} to {high} frames a second, not {fps}.")
    if path.suffix.lower() == ".gif" and fps > _GIF_FPS:
        raise UserError(
            f"A GIF shows at most {_GIF_FPS} frames a second, not {fps}; "
            "choose fewer, or export as .mp4."
        )
    if scale is not None and scale < 1:
        raise UserError(f"Frames are enlarged by a whole factor of at least 1, not {scale}.")


def _strip(frames: Iterable[NDArray[Any]], path: Path, fps: int, scale: int | None) -> Steps:
    from PIL import Image

    kept: list[Frame] = []
    for frame in _scaled(frames, scale, _STRIP_HEIGHT_PX):
        kept.append(frame)
        yield
    _check_any(kept, path)
    strip = joined_strip(kept, _STRIP_WIDTH_PX)
    picture = Image.fromarray(strip[..., 0] if strip.shape[2] == 1 else strip)
    picture.save(path, format="PNG")


def _gif(frames: Iterable[NDArray[Any]], path: Path, fps: int, scale: int | None) -> Steps:
    from PIL import Image

    pictures = []
    for frame in _scaled(frames, scale, _FILM_HEIGHT_PX):
        if frame.shape[2] == 1:
            pictures.append(Image.fromarray(frame[..., 0]))
        else:
            pictures.append(Image.fromarray(frame).quantize(256))
        yield
    _check_any(pictures, path)
    # A GIF counts in hundredths of a second: rounding the moments, not the durations, keeps
    # the pace of the whole.
    moments = [round(100 * number / fps) for number in range(len(pictures) + 1)]
    durations = [10 * (end - start) for start, end in pairwise(moments)]
    pictures[0].save(
        path,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=durations,
        loop=0,
        disposal=1,
    )


def _video(frames: Iterable[NDArray[Any]], path: Path, fps: int, scale: int | None) -> Steps:
    from latentviewer.io.video import encode

    return encode(_scaled(frames, scale, _FILM_HEIGHT_PX), path, fps)


def _npy(frames: Iterable[NDArray[Any]], path: Path, fps: int, scale: int | None) -> Steps:
    kept = []
    for frame in checked_frames(frames):
        kept.append(frame)
        yield
    _check_any(kept, path)
    with path.open("wb") as file:
        np.save(file, np.stack(kept), allow_pickle=False)


def _scaled(frames: Iterable[NDArray[Any]], scale: int | None, height: int) -> Iterator[Frame]:
    for frame in checked_frames(frames):
        yield enlarged(to_uint8(frame), scale or scale_for(frame.shape[0], height))


def _check_any(frames: list[Any], path: Path) -> None:
    if not frames:
        raise UserError("There is no frame to write; put two waypoints on the path first.")
