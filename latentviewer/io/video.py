"""MP4, one frame after the other, through PyAV.

Encoders are chosen by licence first: libx264 and libx265, which PyAV's wheels carry, are
under the GPL and are never used. OpenH264 and libvpx are BSD, the systems' own H.264
encoders need none of ours, and FFmpeg's MPEG-4 is LGPL and always there.
"""

from collections.abc import Generator, Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.io.frames import Frame

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.stream import VideoStream

ENCODERS = ("libopenh264", "h264_videotoolbox", "h264_mf", "libvpx-vp9", "mpeg4")
_OPTIONS = {
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "6", "crf": "24", "row-mt": "1"},
    "mpeg4": {"qscale": "3"},
}
_BITS_PER_PIXEL = 0.25
_LEAST_BITS_PER_S = 1_000_000


def available_encoders() -> tuple[str, ...]:
    """Those of `ENCODERS` that this build of PyAV has, best first."""
    import av

    return tuple(name for name in ENCODERS if name in av.codecs_available and _can_encode(name))


def encode(frames: Iterator[Frame], path: Path, fps: int) -> Generator[None, None, None]:
    """Writes an MP4 to a place of the caller's own; yields after each frame.

    Args:
        frames: (h, w, 1 or 3) uint8, at least one; odd sizes are padded by a pixel.

    Raises:
        OSError: the disk is full or the place cannot be written.
        UserError: no frame, or no encoder works on this machine.
    """
    import av

    first = next(frames, None)
    if first is None:
        raise UserError(f"There is no frame to write to {path.name}.")
    try:
        with av.open(str(path), "w", format="mp4") as container:
            stream = _stream(container, first, fps)
            for number, frame in enumerate(_chain(first, frames)):
                picture = av.VideoFrame.from_ndarray(_even_rgb(frame), format="rgb24")
                picture.pts = number
                picture.time_base = Fraction(1, fps)
                container.mux(stream.encode(picture))
                yield
            container.mux(stream.encode())
    except av.FFmpegError as error:
        raise OSError(error.errno, error.strerror) from error


def _stream(container: "OutputContainer", first: Frame, fps: int) -> "VideoStream":
    """A stream of the best encoder that opens; one may be there and not work."""
    import av

    height, width = _even_rgb(first).shape[:2]
    for name in available_encoders():
        context = cast(Any, av.CodecContext.create(name, "w"))
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = Fraction(1, fps)
        try:
            context.open()
        except (av.FFmpegError, ValueError):
            continue
        stream = cast("VideoStream", container.add_stream(name, rate=fps))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = Fraction(1, fps)
        stream.options = dict(_OPTIONS.get(name, {}))
        stream.bit_rate = max(_LEAST_BITS_PER_S, int(width * height * fps * _BITS_PER_PIXEL))
        return stream
    raise UserError("No video encoder works on this machine; export as GIF or PNG instead.")


def _can_encode(name: str) -> bool:
    import av

    try:
        av.codec.Codec(name, "w")
    except (av.codec.codec.UnknownCodecError, ValueError):
        return False
    return True


def _chain(first: Frame, rest: Iterator[Frame]) -> Iterator[Frame]:
    yield first
    yield from rest


def _even_rgb(frame: Frame) -> Frame:
    height, width, channels = frame.shape
    rgb = frame if channels == 3 else frame.repeat(3, axis=2)
    return np.ascontiguousarray(np.pad(rgb, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge"))
