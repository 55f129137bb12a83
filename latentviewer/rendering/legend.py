"""The legend beside a drawn map: names with their colours, or a colour bar."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from latentviewer.app.colouring import CategoryLegend, NumberLegend
from latentviewer.rendering.paper import Paper, font_for, inter, shortened

Legend = CategoryLegend | NumberLegend

WIDTH_PX = 210.0
ROW_PX = 25.0
HEADING_PX = 34.0


@dataclass(frozen=True)
class Place:
    """Where a legend may stand, in pixels, and how many pixels one unit of its design has."""

    left: float
    top: float
    height: float
    scale: float


def draw_legend(picture: Image.Image, legend: Legend, paper: Paper, place: Place) -> None:
    """Draws the legend with its heading."""
    draw = ImageDraw.Draw(picture)
    s = place.scale
    heading = font_for(legend.title, "SemiBold", 13 * s)
    title = shortened(legend.title, heading, WIDTH_PX * s)
    draw.text((place.left, place.top), title, paper.text_dim, heading, anchor="la")
    below = Place(place.left, place.top + HEADING_PX * s, place.height - HEADING_PX * s, s)
    if isinstance(legend, NumberLegend):
        _colour_bar(picture, legend, paper, below)
    else:
        _names(picture, legend, paper, below)


def _names(picture: Image.Image, legend: CategoryLegend, paper: Paper, place: Place) -> None:
    s = place.scale
    room = max(int(place.height / (ROW_PX * s)), 1)
    count = len(legend.names)
    shown = count if count <= room else max(room - 1, 0)
    draw = ImageDraw.Draw(picture)
    small = inter("Regular", 13 * s)
    right = place.left + WIDTH_PX * s
    for i in range(shown):
        middle = place.top + (i + 0.5) * ROW_PX * s
        _disc(picture, place.left + 6 * s, middle, 5.5 * s, legend.colours[i])
        number = f"{int(legend.counts[i]):,}"
        draw.text((right, middle), number, paper.text_faint, small, anchor="rm")
        text = legend.names[i] or "no label"
        font = font_for(text, "Regular", 15 * s)
        left = place.left + 22 * s
        space = right - left - small.getlength(number) - 12 * s
        draw.text((left, middle), shortened(text, font, space), paper.text, font, anchor="lm")
    if shown < count:
        middle = place.top + (shown + 0.5) * ROW_PX * s
        rest = f"and {count - shown:,} more"
        draw.text((place.left + 22 * s, middle), rest, paper.text_faint, small, anchor="lm")


def _colour_bar(picture: Image.Image, legend: NumberLegend, paper: Paper, place: Place) -> None:
    s = place.scale
    width, height = round(14 * s), round(min(300 * s, place.height - 20 * s))
    if height < 2:
        return
    levels = np.linspace(len(legend.colours) - 1, 0, height).round().astype(np.intp)
    bar = np.repeat(legend.colours[levels][:, None, :], width, axis=1).astype(np.uint8)
    left, top = round(place.left), round(place.top + 6 * s)
    shape = Image.new("L", (width * 4, height * 4), 0)
    ImageDraw.Draw(shape).rounded_rectangle((0, 0, width * 4 - 1, height * 4 - 1), 16 * s, 255)
    picture.paste(Image.fromarray(bar), (left, top), shape.resize((width, height)))
    draw, font = ImageDraw.Draw(picture), inter("Regular", 13 * s)
    middle = (legend.low + legend.high) / 2.0
    values = [legend.high, middle, legend.low] if legend.high > legend.low else [legend.high]
    if not np.isfinite(legend.high):
        values = []
    for i, value in enumerate(values):
        y = top + height * (i / 2.0)
        draw.text((left + width + 10 * s, y), f"{value:.4g}", paper.text_dim, font, anchor="lm")


def _disc(
    picture: Image.Image,
    x: float,
    y: float,
    radius: float,
    colour: np.ndarray[tuple[int], np.dtype[np.uint8]],
) -> None:
    # Pillow draws ellipses without smoothing, so the disc is drawn large and made small.
    side = int(2 * radius) + 3
    left, top = int(x - side / 2), int(y - side / 2)
    large = Image.new("L", (side * 8, side * 8), 0)
    centre_x, centre_y = (x - left) * 8, (y - top) * 8
    ImageDraw.Draw(large).ellipse(
        (
            centre_x - radius * 8,
            centre_y - radius * 8,
            centre_x + radius * 8,
            centre_y + radius * 8,
        ),
        255,
    )
    mask = large.resize((side, side), Image.Resampling.BOX)
    red, green, blue = (int(v) for v in colour[:3])
    picture.paste((red, green, blue), (left, top), mask)
