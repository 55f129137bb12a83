"""Image files as arrays: what a file holds, told from its header, and its pixels."""

import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.io.failures import cannot_read, check_regular

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}
)
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


def read_facts(path: Path) -> ImageFacts:
    """From the header alone; the pixels may still be broken.

    Raises:
        UserError: unreadable, not an image, too large, or of numbers that are not 0 to 255.
    """
    with _opened(path) as image:
        width, height = image.size
        if _orientation(image) in _SIDEWAYS:
            width, height = height, width
        return ImageFacts(height, width, image.mode in _GREY_MODES or _is_deep(image))


def read_image(path: Path, shape: ImageShape) -> NDArray[np.uint8]:
    """An image of any size in the given shape, (h, w, c) uint8.

    Transparent places are white. An image of another size is fitted into the shape as a whole,
    with white beside it where its proportions differ. Of a moving one this is the first frame.

    Raises:
        UserError: as `read_facts`, or the pixels are cut short or damaged.
    """
    with _opened(path) as image:
        seen = _eight_bits(image, "L" if shape.channels == 1 else "RGB")
        turn = _TURNS.get(_orientation(image))
        if turn is not None:
            seen = seen.transpose(turn)
        if seen.size != (shape.width, shape.height):
            seen = ImageOps.pad(
                seen, (shape.width, shape.height), Image.Resampling.LANCZOS, color="white"
            )
        return np.array(seen, np.uint8).reshape(shape.height, shape.width, shape.channels)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    check_regular(path)
    try:
        with Image.open(path, formats=_FORMATS) as image:
            if image.width * image.height > _MOST_PIXELS:
                raise _too_large(path)
            if image.mode in ("I", "F"):
                raise UserError(
                    f"{path} holds numbers that are not 0 to 255 (mode {image.mode}); save it as "
                    "an ordinary image."
                )
            yield image
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path) from error
    except OSError as error:
        # With a number it is the disk's fault, without one Pillow's word for broken content.
        raise (_damaged(path) if error.errno is None else cannot_read(path, error)) from error
    except _DAMAGE as error:
        raise _damaged(path) from error


def _too_large(path: Path) -> UserError:
    return UserError(
        f"{path} has more than {_MOST_PIXELS:,} pixels, which could fill the memory; make it "
        "smaller."
    )


def _damaged(path: Path) -> UserError:
    return UserError(f"{path} is damaged or not an image; replace or delete it.")


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
