"""Draws the map of a space into a picture, with title and legend, without Qt."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from latentviewer.app.colouring import Colouring, colouring
from latentviewer.app.state import Dims, MapSettings
from latentviewer.domain.ports import Rasteriser, Splat
from latentviewer.domain.space import Latents, Space
from latentviewer.io.atomic import replacing
from latentviewer.rendering.legend import WIDTH_PX, Place, draw_legend
from latentviewer.rendering.paper import PAPERS, Paper, font_for, inter, shortened
from latentviewer.rendering.view import fit_2d, fit_3d, rotation

_DESIGN_SIZE = (1600, 1000)
SIDE_PX, TOP_PX, BOTTOM_PX = 40.0, 108.0, 52.0
"""Room around the map, in pixels of the design."""


@dataclass(frozen=True)
class MapPicture:
    """What to draw.

    Attributes:
        title: in large letters.
        subtitle: one line below it.
        footer: one line at the foot; empty for none.
        axes: a title for each axis, or none of them.
        colour_by: a column of the space, or None for one colour.
        size: width and height in pixels.
        theme: `dark` or `light`.
    """

    title: str
    subtitle: str = ""
    footer: str = ""
    axes: tuple[str, ...] = ()
    colour_by: str | None = None
    size: tuple[int, int] = _DESIGN_SIZE
    theme: str = "dark"


def draw_map(
    space: Space, coordinates: Latents, wanted: MapPicture, rasteriser: Rasteriser
) -> tuple[Image.Image, int]:
    """The map with title, legend and axes.

    Args:
        coordinates: (n, 2) or (n, 3) float32.

    Returns:
        The picture, RGB, and how many points lie in it.
    """
    paper = PAPERS[wanted.theme]
    width, height = wanted.size
    s = sheet_scale(width, height)
    dims: Dims = 3 if coordinates.shape[1] == 3 else 2
    settings = MapSettings(dims=dims, colour_by=wanted.colour_by)
    colours = colouring(space, settings, paper.dark)
    picture = Image.new("RGB", wanted.size, paper.map)
    beside = (WIDTH_PX + 44) * s if colours.legend is not None else 0.0
    left, top = round(SIDE_PX * s), round(TOP_PX * s)
    area = (
        max(round(width - left - SIDE_PX * s - beside), 16),
        max(round(height - top - BOTTOM_PX * s), 16),
    )
    points, drawn = _draw_points(coordinates, colours, area, paper, s, rasteriser)
    picture.paste(points, (left, top))
    if dims == 3:
        _draw_triad(picture, wanted.axes, paper, (left + 46 * s, top + area[1] - 46 * s), s)
    else:
        _draw_axis_titles(picture, wanted.axes, paper, (left, top, *area), s)
    _draw_words(picture, wanted, paper, s)
    if colours.legend is not None:
        place = Place(width - (SIDE_PX + WIDTH_PX) * s, top + 4 * s, area[1] - 8 * s, s)
        draw_legend(picture, colours.legend, paper, place)
    return picture, drawn


def sheet_scale(width: int, height: int) -> float:
    """Pixels per pixel of the design; letters shrink less than the picture does."""
    scale = min(width / _DESIGN_SIZE[0], height / _DESIGN_SIZE[1])
    return max(scale, min(0.62, 1.55 * scale))


def write_picture(path: Path, picture: Image.Image) -> None:
    """Writes a PNG, whole or not at all.

    Raises:
        UserError: see `latentviewer.io.atomic.replacing`.
    """
    with replacing(path) as temporary:
        picture.save(temporary, "PNG")


def _draw_points(
    coordinates: Latents,
    colours: Colouring,
    area: tuple[int, int],
    paper: Paper,
    s: float,
    rasteriser: Rasteriser,
) -> tuple[Image.Image, int]:
    width, height = area
    background = np.array([*paper.map, 255], np.uint8)
    if len(coordinates) == 0:
        return Image.new("RGB", area, paper.map), 0
    fit = fit_3d if coordinates.shape[1] == 3 else fit_2d
    splat = Splat(
        coordinates=np.ascontiguousarray(coordinates, np.float32),
        transform=fit(coordinates, width, height, 24 * s),
        colours=colours.codes,
        palette=colours.palette,
        radius=point_radius(len(coordinates)) * s,
        width=width,
        height=height,
        background=background,
        mixed=True,
    )
    frame = rasteriser.draw(splat)
    return Image.fromarray(np.ascontiguousarray(frame.pixels[..., :3])), frame.drawn


def point_radius(n: int) -> float:
    """Of the discs of n points, in pixels of the design."""
    if n <= 500:
        return 6.0
    if n <= 3_000:
        return 4.5
    return 3.0 if n <= 200_000 else 1.5


def _draw_words(picture: Image.Image, wanted: MapPicture, paper: Paper, s: float) -> None:
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    room = width - 2 * SIDE_PX * s
    for text, y, weight, size, colour in (
        (wanted.title, 34.0, "SemiBold", 27.0, paper.text),
        (wanted.subtitle, 72.0, "Regular", 16.0, paper.text_dim),
    ):
        font = font_for(text, "SemiBold" if weight == "SemiBold" else "Regular", size * s)
        draw.text((SIDE_PX * s, y * s), shortened(text, font, room), colour, font, anchor="la")
    font = inter("Regular", 13 * s)
    foot = shortened(wanted.footer, font, room)
    draw.text((SIDE_PX * s, height - 22 * s), foot, paper.text_faint, font, anchor="ls")


def _draw_axis_titles(
    picture: Image.Image,
    axes: tuple[str, ...],
    paper: Paper,
    area: tuple[int, int, int, int],
    s: float,
) -> None:
    if len(axes) < 2:
        return
    left, top, width, height = area
    font = inter("Regular", 13 * s)
    draw = ImageDraw.Draw(picture)
    bottom = top + height
    draw.line((left, bottom, left + width, bottom), paper.border, max(round(s), 1))
    draw.line((left, top, left, bottom), paper.border, max(round(s), 1))
    draw.text((left + width, bottom - 6 * s), axes[0], paper.text_dim, font, anchor="rs")
    # Pillow cannot write upwards, so the word is drawn on a strip of its own and turned.
    long, high = round(font.getlength(axes[1])) + 4, round(22 * s)
    strip = Image.new("L", (long, high), 0)
    ImageDraw.Draw(strip).text((long - 2, high / 2), axes[1], 255, font, anchor="rm")
    turned = strip.transpose(Image.Transpose.ROTATE_90)
    picture.paste(paper.text_dim, (round(left + 6 * s), top), turned)


def _draw_triad(
    picture: Image.Image,
    axes: tuple[str, ...],
    paper: Paper,
    centre: tuple[float, float],
    s: float,
) -> None:
    """The directions of the three axes, as the points are seen."""
    names = axes if len(axes) == 3 else ("x", "y", "z")
    seen: NDArray[np.float64] = rotation()
    font = inter("Regular", 12 * s)
    fine = 4
    side = round(92 * s)
    large = Image.new("L", (side * fine, side * fine), 0)
    lines = ImageDraw.Draw(large)
    middle = side * fine / 2
    for axis in range(3):
        x, y = seen[0, axis], -seen[1, axis]
        reach = 32 * s * fine
        lines.line(
            (middle, middle, middle + x * reach, middle + y * reach), 255, round(1.5 * s * fine)
        )
    mask = large.resize((side, side), Image.Resampling.BOX)
    left, top = round(centre[0] - side / 2), round(centre[1] - side / 2)
    picture.paste(paper.text_faint, (left, top), mask)
    draw = ImageDraw.Draw(picture)
    for axis, name in enumerate(names):
        x, y = seen[0, axis], -seen[1, axis]
        short = name.split(",")[0]
        anchor = "lm" if x > 0.3 else "rm" if x < -0.3 else "mm"
        at = (centre[0] + x * 38 * s, centre[1] + y * 42 * s)
        draw.text(at, short, paper.text_dim, font, anchor=anchor)


__all__ = ["MapPicture", "draw_map", "write_picture"]
