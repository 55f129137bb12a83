"""Image files as arrays: what a file holds, told from its header, and its pixels."""

import os
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.io.failures import cannot_read, check_regular

# Others are not asked for: some of Pillow's readers start programs, as that for PostScript does.
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_MOST_PIXELS = 89_478_485
"""As many as Pillow opens without a warning; they take 270 MB."""
# Refused in any case, so that nobody has to read the warning as well.
warnings.simplefilter("error", Image.DecompressionBombWarning)

_DAMAGE = (
    SyntaxError, ValueError, TypeError, EOFError, IndexError, KeyError, AttributeError,
    ArithmeticError, NotImplementedError, struct.error, zlib.error,
)  # fmt: skip
"""What Pillow raises on broken content, beside `OSError` without a number."""

_END_BYTES = 64
_GREY_MODES = frozenset({"1", "L", "LA", "La"})
_ALPHA_MODES = frozenset({"RGBA", "RGBa", "LA", "La", "PA"})
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What undoes each orientation that a camera notes in a JPEG."""

_SIDEWAYS = frozenset({5, 6, 7, 8})


@dataclass(frozen=True)
class ImageFacts:
    """What an image file's header says: its size as it is seen, and whether it is grey."""

    height: int
    width: int
    grey: bool


class BrokenImageError(UserError):
    """An image that cannot be shown.

    Attributes:
        reason: in a word or two, for a table: such as `damaged`.
    """

    def __init__(self, sentence: str, reason: str) -> None:
        super().__init__(sentence)
        self.reason = reason


def read_facts(path: Path) -> ImageFacts:
    """From the header alone, unless the file's end is missing: then the pixels are tried too.

    Raises:
        BrokenImageError: unreadable, not an image, cut short, too large, or of numbers that are
            not 0 to 255.
    """
    with _opened_file(path) as file:
        return _facts(file, str(path))


def facts_in(content: bytes, where: str) -> ImageFacts:
    """The same of an image file in memory; `where` is what sentences call it."""
    return _facts(BytesIO(content), where)


def read_image(path: Path, shape: ImageShape) -> NDArray[np.uint8]:
    """An image of any size in the given shape, (h, w, c) uint8.

    Transparent places are white. An image of another size is fitted into the shape as a whole,
    with white beside it where its proportions differ. Of a moving one this is the first frame.

    Raises:
        BrokenImageError: as `read_facts`, or the pixels are cut short or damaged.
    """
    with _opened_file(path) as file:
        return _pixels(file, str(path), shape)


def image_in(content: bytes, where: str, shape: ImageShape) -> NDArray[np.uint8]:
    """The same of an image file in memory; `where` is what sentences call it."""
    return _pixels(BytesIO(content), where, shape)


def _facts(file: IO[bytes], where: str) -> ImageFacts:
    whole = _has_its_end(file)
    with _opened(file, where) as image:
        width, height = image.size
        if _orientation(image) in _SIDEWAYS:
            width, height = height, width
        facts = ImageFacts(height, width, image.mode in _GREY_MODES or _is_deep(image))
        if not whole:
            image.load()
        return facts


def _pixels(file: IO[bytes], where: str, shape: ImageShape) -> NDArray[np.uint8]:
    with _opened(file, where) as image:
        turn = _TURNS.get(_orientation(image))
        # A large photograph is unpacked at half, a quarter or an eighth of its size, never
        # below twice what is wanted.
        side = 2 * max(shape.width, shape.height)
        image.draft(None, (side, side))
        seen = _eight_bits(image, "L" if shape.channels == 1 else "RGB")
        if turn is not None:
            seen = seen.transpose(turn)
        if seen.size != (shape.width, shape.height):
            seen = ImageOps.pad(
                seen, (shape.width, shape.height), Image.Resampling.LANCZOS, color="white"
            )
        return np.array(seen, np.uint8).reshape(shape.height, shape.width, shape.channels)


def _has_its_end(file: IO[bytes]) -> bool:
    """Whether a file ends as its format wants it, where that is easily told; else True."""
    start = file.read(12)
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _END_BYTES))
    end = file.read(_END_BYTES)
    file.seek(0)
    if start.startswith(b"\x89PNG"):
        return b"IEND" in end
    if start.startswith(b"\xff\xd8"):
        return b"\xff\xd9" in end
    if start.startswith(b"GIF8"):
        return b"\x3b" in end
    if start.startswith(b"RIFF") and start[8:12] == b"WEBP":
        return int.from_bytes(start[4:8], "little") + 8 <= size
    return True


@contextmanager
def _opened_file(path: Path) -> Iterator[IO[bytes]]:
    check_regular(path)
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        reason = "gone" if isinstance(error, FileNotFoundError) else "unreadable"
        raise BrokenImageError(str(cannot_read(path, error)), reason) from error
    except ValueError as error:
        # A name with a NUL character, which no file can have.
        raise BrokenImageError(
            f"{path} is no name of a file ({error}); mend it.", "gone"
        ) from error


@contextmanager
def _opened(file: IO[bytes], where: str) -> Iterator[Image.Image]:
    try:
        with Image.open(file, formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise _too_large(where)
            if image.mode in ("I", "F"):
                raise BrokenImageError(
                    f"{where} holds numbers that are not 0 to 255 (mode {image.mode}); save it as "
                    "an ordinary image.",
                    "not 0 to 255",
                )
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(where) from error
    except OSError as error:
        # With a number it is the disk's fault, without one Pillow's word for broken content.
        if error.errno is not None and not isinstance(file, BytesIO):
            raise
        raise _damaged(file, where) from error
    except _DAMAGE as error:
        raise _damaged(file, where) from error


def _too_large(where: str) -> BrokenImageError:
    return BrokenImageError(
        f"{where} has more than {_MOST_PIXELS:,} pixels, which could fill the memory; make it "
        "smaller.",
        "too large",
    )


def _damaged(file: IO[bytes], where: str) -> BrokenImageError:
    empty = not file.closed and file.seek(0, os.SEEK_END) == 0
    return BrokenImageError(
        f"{where} is damaged or not an image; replace or delete it.",
        "empty" if empty else "damaged",
    )


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith("I;16")


def _eight_bits(image: Image.Image, mode: str) -> Image.Image:
    if _is_deep(image):
        deep = np.asarray(image).astype(np.uint32)
        return Image.fromarray(((deep * 255 + 32_767) // 65_535).astype(np.uint8)).convert(mode)
    if image.mode in _ALPHA_MODES or "transparency" in image.info:
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        white.alpha_composite(image.convert("RGBA"))
        return white.convert(mode)
    return image.convert(mode)


def _orientation(image: Image.Image) -> int:
    # Only of JPEG is it in the header; to find it in a PNG, Pillow reads all pixels.
    if image.format != "JPEG":
        return 1
    try:
        found = image.getexif().get(0x0112, 1)
    except (OSError, *_DAMAGE):
        return 1
    return found if isinstance(found, int) else 1
