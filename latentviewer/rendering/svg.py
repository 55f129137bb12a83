"""Figures as SVG 1.1: circles are circles, and words are words that can be searched and edited.

The font is named, not embedded; where Inter is not installed, a similar one of the machine is
used.
"""

import base64
import io
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

import numpy as np

from latentviewer.rendering.figure import Bar, Discs, Figure, Pixels, Shape, Stroke, Words
from latentviewer.rendering.paper import Rgb

_FONTS = "Inter, Helvetica, Arial, sans-serif"
_DISCS_AT_ONCE = 2_000
_ANCHORS = {"left": "start", "middle": "middle", "right": "end"}


def svg_pieces(figure: Figure) -> Iterator[str]:
    """The document in pieces, each of a few thousand circles at most."""
    width, height = figure.width, figure.height
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'font-family="{_FONTS}" xml:space="preserve">\n'
        f"<title>{escape(_printable(figure.title))}</title>\n"
        f'<rect width="{width}" height="{height}" fill="{_hex(figure.paper.map)}"/>\n'
    )
    for part in figure.parts:
        yield f"<g id={quoteattr(part.name)}>\n"
        for shape in part.shapes:
            yield from _pieces(shape, part.name)
        yield "</g>\n"
    yield "</svg>\n"


def _pieces(shape: Shape, part: str) -> Iterator[str]:
    match shape:
        case Words():
            yield _words(shape)
        case Stroke():
            (x1, y1), (x2, y2) = shape.start, shape.end
            yield (
                f'<line x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}" '
                f'stroke="{_hex(shape.colour)}" stroke-width="{_n(shape.width)}"/>\n'
            )
        case Discs():
            yield from _discs(shape)
        case Pixels():
            yield _image(shape)
        case Bar():
            yield _bar(shape, f"{part}-colours")


def _discs(discs: Discs) -> Iterator[str]:
    radius = _n(discs.radius)
    for start in range(0, len(discs.centres), _DISCS_AT_ONCE):
        block = slice(start, start + _DISCS_AT_ONCE)
        places, colours = discs.centres[block].tolist(), discs.colours[block].tolist()
        yield "".join(
            f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{radius}" fill="{_hex(colour)}"/>\n'
            for (x, y), colour in zip(places, colours, strict=True)
        )


def _words(words: Words) -> str:
    x, y = _n(words.x), _n(words.y)
    weight = ' font-weight="600"' if words.bold else ""
    anchor = "" if words.align == "left" else f' text-anchor="{_ANCHORS[words.align]}"'
    turn = f' transform="rotate(-90 {x} {y})"' if words.upwards else ""
    return (
        f'<text x="{x}" y="{y}" font-size="{_n(words.size)}"{weight}{anchor}{turn} '
        f'fill="{_hex(words.colour)}">{escape(words.text)}</text>\n'
    )


def _image(picture: Pixels) -> str:
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture.pixels).save(buffer, "PNG")
    content = base64.b64encode(buffer.getvalue()).decode("ascii")
    return (
        f'<image x="{_n(picture.left)}" y="{_n(picture.top)}" width="{_n(picture.width)}" '
        f'height="{_n(picture.height)}" preserveAspectRatio="none" '
        f'xlink:href="data:image/png;base64,{content}"/>\n'
    )


def _bar(bar: Bar, name: str) -> str:
    parts = np.linspace(0.0, 1.0, len(bar.colours)).tolist()
    stops = "".join(
        f'<stop offset="{_n(part)}" stop-color="{_hex(colour)}"/>'
        for part, colour in zip(parts, bar.colours.tolist(), strict=True)
    )
    return (
        f'<defs><linearGradient id="{name}" x1="0" y1="0" x2="0" y2="1">{stops}'
        "</linearGradient></defs>\n"
        f'<rect x="{_n(bar.left)}" y="{_n(bar.top)}" width="{_n(bar.width)}" '
        f'height="{_n(bar.height)}" rx="{_n(bar.round_by)}" fill="url(#{name})"/>\n'
    )


def _n(number: float) -> str:
    """A length to a thousandth, without what it does not need."""
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _hex(colour: Rgb | list[int]) -> str:
    red, green, blue = colour
    return f"#{red:02x}{green:02x}{blue:02x}"


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)
