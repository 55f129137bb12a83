"""What a drawn map is set on: colours as in the window, and letters without Qt."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

from PIL import ImageFont

from latentviewer.bundled import resources_folder

Weight = Literal["Regular", "Medium", "SemiBold"]
Rgb = tuple[int, int, int]
Font = ImageFont.FreeTypeFont


@dataclass(frozen=True)
class Paper:
    """Colours of one theme; the same as the window's of that name."""

    dark: bool
    map: Rgb
    text: Rgb
    text_dim: Rgb
    text_faint: Rgb
    border: Rgb


PAPERS: dict[str, Paper] = {
    "dark": Paper(
        dark=True,
        map=(0x14, 0x16, 0x1A),
        text=(0xE8, 0xEA, 0xED),
        text_dim=(0xA3, 0xAB, 0xB6),
        text_faint=(0x6F, 0x78, 0x84),
        border=(0x2B, 0x30, 0x38),
    ),
    "light": Paper(
        dark=False,
        map=(0xFB, 0xFB, 0xF9),
        text=(0x1D, 0x21, 0x26),
        text_dim=(0x58, 0x60, 0x6B),
        text_faint=(0x8A, 0x91, 0x9B),
        border=(0xD9, 0xD6, 0xCF),
    ),
}

# Inter has Latin, Greek and Cyrillic. For other scripts a font of the machine is looked
# for; Pillow searches the system's font folders for these names.
_OTHER_SCRIPTS = (
    "NotoSansCJK-Regular.ttc",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
    "DejaVuSans.ttf",
    "DroidSansFallbackFull.ttf",
    "msyh.ttc",
    "segoeui.ttf",
    "Arial Unicode.ttf",
    "PingFang.ttc",
)
# No font has a shape for this code point, so it shows what a missing letter looks like.
_NO_LETTER = "\uffff"


@cache
def inter(weight: Weight, size: float) -> Font:
    """The bundled font; `size` in pixels."""
    return ImageFont.truetype(str(resources_folder() / "fonts" / f"Inter-{weight}.otf"), size)


def font_for(text: str, weight: Weight, size: float) -> Font:
    """Inter where it has all the letters, else the machine's font that misses fewest."""
    first = inter(weight, size)
    missing = _missing(first, text)
    if missing == 0:
        return first
    others = [font for name in _OTHER_SCRIPTS if (font := _system_font(name, size)) is not None]
    return min([first, *others], key=lambda font: _missing(font, text))


def shortened(text: str, font: Font, width: float) -> str:
    """`text` on one line, with an ellipsis where it is wider than `width` pixels."""
    line = "".join(c if c.isprintable() else " " for c in text)
    if font.getlength(line) <= width:
        return line
    low, high = 0, len(line)
    while low < high:
        middle = (low + high + 1) // 2
        if font.getlength(line[:middle].rstrip() + "…") <= width:
            low = middle
        else:
            high = middle - 1
    return line[:low].rstrip() + "…"


@cache
def _system_font(name: str, size: float) -> Font | None:
    try:
        return ImageFont.truetype(name, size)
    except OSError:
        return None


def _missing(font: Font, text: str) -> int:
    return sum(not _has(font, letter) for letter in set(text) if not letter.isspace())


@cache
def _has(font: Font, letter: str) -> bool:
    if letter.isascii():
        return True
    drawn, none = font.getmask(letter), font.getmask(_NO_LETTER)
    return drawn.size != none.size or bytes(drawn) != bytes(none)
