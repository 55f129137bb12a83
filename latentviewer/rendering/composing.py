"""Lays a map out on a sheet: the same places, sizes and colours as in a drawn PNG."""

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.colouring import CategoryLegend, NumberLegend
from latentviewer.app.map_sheet import MapSheet
from latentviewer.domain.ports import Rasteriser, Splat
from latentviewer.rendering import BOTTOM_PX, SIDE_PX, TOP_PX, point_radius, sheet_scale
from latentviewer.rendering.figure import (
    Align,
    Bar,
    Discs,
    Figure,
    Part,
    Pixels,
    Shape,
    Stroke,
    Words,
)
from latentviewer.rendering.legend import HEADING_PX, ROW_PX, WIDTH_PX, Place
from latentviewer.rendering.paper import PAPERS, Paper, Weight, font_for, shortened
from latentviewer.rendering.view import fitting, rotation

MOST_DISCS = 20_000
"""So many points are shapes of their own; of more, a picture file becomes slow to open."""
_FINER = 3
_LONGEST_SIDE_PX = 6_000
_BAR_STOPS = 33
_Area = tuple[float, float, float, float]


def compose(
    sheet: MapSheet, rasteriser: Callable[[], Rasteriser], as_shapes: bool = True
) -> tuple[Figure, int, tuple[str, ...]]:
    """The sheet's figure, how many points are on it, and sentences on how they are drawn.

    Points are discs, in an order in which none of the colours lies over the others, or farther
    ones below nearer ones. Above `MOST_DISCS`, and where they are shaded by density, they are
    one picture of several times the resolution.

    Args:
        rasteriser: makes one, for such a picture.
        as_shapes: whether the file will hold shapes; in one of pixels, such a picture has its own.
    """
    paper = PAPERS[sheet.theme]
    width, height = sheet.size
    s = sheet_scale(width, height)
    legend = sheet.colours.legend
    left, top = round(SIDE_PX * s), round(TOP_PX * s)
    beside = (WIDTH_PX + 44) * s if legend is not None else 0.0
    area = (
        left,
        top,
        max(round(width - left - SIDE_PX * s - beside), 16),
        max(round(height - top - BOTTOM_PX * s), 16),
    )
    points, drawn, notes = _points(sheet, area, paper, s, rasteriser, as_shapes)
    parts = [Part("points", points)]
    deep = sheet.coordinates.shape[1] == 3
    axes = _triad(sheet, area, paper, s) if deep else _axes(sheet.axes, area, paper, s)
    parts.append(Part("axes", axes))
    parts.append(Part("words", _words(sheet, paper, s)))
    if legend is not None:
        place = Place(width - (SIDE_PX + WIDTH_PX) * s, top + 4 * s, area[3] - 8 * s, s)
        parts.append(Part("legend", _legend(legend, paper, place)))
    return Figure(sheet.title, width, height, paper, tuple(parts)), drawn, notes


def _points(
    sheet: MapSheet,
    area: _Area,
    paper: Paper,
    s: float,
    rasteriser: Callable[[], Rasteriser],
    as_shapes: bool,
) -> tuple[tuple[Shape, ...], int, tuple[str, ...]]:
    finite = np.isfinite(sheet.coordinates).all(axis=1)
    colours = sheet.colours
    shown = finite & colours.visible()
    count = int(np.count_nonzero(shown))
    if count == 0:
        return (), 0, ()
    deep = sheet.coordinates.shape[1] == 3
    turned = np.eye(2)
    if deep:
        turned = rotation() if sheet.seen_from is None else sheet.seen_from
    left, top, width, height = area
    radius = (sheet.radius or point_radius(len(sheet.coordinates))) * s
    # The whole map is fitted, so that a filter leaves the others where they are.
    all_points = sheet.coordinates[finite].astype(np.float64)
    if count > MOST_DISCS or sheet.density:
        most = _FINER if as_shapes else 1
        finer = max(1, min(most, int(_LONGEST_SIDE_PX / max(width, height))))
        wide, high = round(width * finer), round(height * finer)
        splat = Splat(
            coordinates=np.ascontiguousarray(sheet.coordinates[finite], np.float32),
            transform=fitting(all_points, turned, wide, high, 24 * s * finer)[: 3 if deep else 2],
            colours=colours.codes[finite],
            palette=colours.palette,
            radius=radius * finer,
            width=wide,
            height=high,
            background=np.array([*paper.map, 255], np.uint8),
            mixed=True,
        )
        made = rasteriser()
        frame = made.draw_density(splat) if sheet.density else made.draw(splat)
        pixels = np.ascontiguousarray(frame.pixels[..., :3])
        why = "are shaded by density" if sheet.density else f"are more than {MOST_DISCS:,}"
        note = (
            f"The {count:,} points {why}, so they are one picture of {wide:,} x {high:,} pixels; "
            "words, axes and legend are shapes."
        )
        notes = (note,) if as_shapes else ()
        return (Pixels(pixels, left, top, width, height),), frame.drawn, notes
    matrix = fitting(all_points, turned, round(width), round(height), 24 * s).astype(np.float64)
    seen = sheet.coordinates[shown].astype(np.float64) @ matrix[:, :-1].T + matrix[:, -1]
    order = np.argsort(-seen[:, 2], kind="stable") if deep else _mixed(count)
    centres = seen[order, :2] + (left, top)
    chosen = colours.palette[colours.codes[shown][order], :3]
    return (Discs(centres, chosen, radius),), count, ()


def _mixed(count: int) -> NDArray[np.int64]:
    """Any order that has nothing to do with that of the rows, always the same."""
    return np.random.default_rng(0).permutation(count)


def _axes(axes: tuple[str, ...], area: _Area, paper: Paper, s: float) -> tuple[Shape, ...]:
    if len(axes) < 2:
        return ()
    left, top, width, height = area
    bottom, line = top + height, max(round(s), 1)
    size = 13 * s
    below = _baseline(size)
    return (
        Stroke((left, bottom), (left + width, bottom), paper.border, line),
        Stroke((left, top), (left, bottom), paper.border, line),
        Words(axes[0], left + width, bottom - 6 * s, size, paper.text_dim, "right"),
        Words(
            axes[1], left + 17 * s + below, top + 2, size, paper.text_dim, "right", upwards=True
        ),
    )  # fmt: skip


def _triad(sheet: MapSheet, area: _Area, paper: Paper, s: float) -> tuple[Shape, ...]:
    """The directions of the three axes, as the points are seen, in the lower left corner."""
    seen = rotation() if sheet.seen_from is None else sheet.seen_from
    names = sheet.axes if len(sheet.axes) == 3 and all(sheet.axes) else ("x", "y", "z")
    size, low = 12 * s, _baseline(12 * s)
    lines: list[tuple[float, float]] = []
    words: list[Words] = []
    for axis, name in enumerate(names):
        right, down = float(seen[0, axis]), -float(seen[1, axis])
        lines.append((right * 32 * s, down * 32 * s))
        align: Align = "left" if right > 0.3 else "right" if right < -0.3 else "middle"
        at = (right * 38 * s, down * 42 * s + low)
        words.append(Words(name.split(",")[0], *at, size, paper.text_dim, align))
    # Seen from some sides, a title reaches far to the left, or down.
    left, top, _, height = area
    x = max(left + 46 * s, left - min(_left_end(word) for word in words))
    y = min(top + height - 46 * s, top + height - max(word.y for word in words))
    strokes = [Stroke((x, y), (x + dx, y + dy), paper.text_faint, 1.5 * s) for dx, dy in lines]
    return (*strokes, *(dataclasses.replace(word, x=x + word.x, y=y + word.y) for word in words))


def _left_end(words: Words) -> float:
    long = font_for(words.text, "Regular", words.size).getlength(words.text)
    return words.x - {"left": 0.0, "middle": long / 2, "right": long}[words.align]


def _words(sheet: MapSheet, paper: Paper, s: float) -> tuple[Shape, ...]:
    width, height = sheet.size
    left, room = SIDE_PX * s, width - 2 * SIDE_PX * s
    shapes = []
    for text, y, weight, size, colour in (
        (sheet.title, 34 * s, "SemiBold", 27 * s, paper.text),
        (sheet.subtitle, 72 * s, "Regular", 16 * s, paper.text_dim),
    ):
        bold = weight == "SemiBold"
        line = _cut(text, "SemiBold" if bold else "Regular", size, room)
        shapes.append(Words(line, left, y + _ascent(size), size, colour, bold=bold))
    foot = _cut(sheet.footer, "Regular", 13 * s, room)
    shapes.append(Words(foot, left, height - 22 * s, 13 * s, paper.text_faint))
    return tuple(words for words in shapes if words.text)


def _legend(legend: CategoryLegend | NumberLegend, paper: Paper, place: Place) -> tuple[Shape, ...]:
    s = place.scale
    title = _cut(legend.title, "SemiBold", 13 * s, WIDTH_PX * s)
    heading = Words(
        title, place.left, place.top + _ascent(13 * s), 13 * s, paper.text_dim, bold=True
    )  # fmt: skip
    below = Place(place.left, place.top + HEADING_PX * s, place.height - HEADING_PX * s, s)
    if isinstance(legend, NumberLegend):
        return (heading, *_colour_bar(legend, paper, below))
    return (heading, *_names(legend, paper, below))


def _names(legend: CategoryLegend, paper: Paper, place: Place) -> tuple[Shape, ...]:
    """A row for each name that has points on the sheet, as far as there is room."""
    s = place.scale
    there = [i for i, name in enumerate(legend.names) if name not in legend.hidden]
    room = max(int(place.height / (ROW_PX * s)), 1)
    shown = len(there) if len(there) <= room else max(room - 1, 0)
    right, left = place.left + WIDTH_PX * s, place.left + 22 * s
    small, large = 13 * s, 15 * s
    rows = place.top + (np.arange(len(there)) + 0.5) * ROW_PX * s
    shapes: list[Shape] = []
    if shown:
        centres = np.column_stack([np.full(shown, place.left + 6 * s), rows[:shown]])
        shapes.append(Discs(centres, legend.colours[there[:shown]], 5.5 * s))
    for i, row in zip(there[:shown], rows.tolist(), strict=False):
        number = f"{int(legend.counts[i]):,}"
        space = right - left - font_for(number, "Regular", small).getlength(number) - 12 * s
        text = _cut(legend.names[i] or "no label", "Regular", large, space)
        shapes.append(Words(text, left, row + _baseline(large), large, paper.text))
        shapes.append(
            Words(number, right, row + _baseline(small), small, paper.text_faint, "right")
        )
    if shown < len(there):
        rest = f"and {len(there) - shown:,} more"
        at = float(rows[shown]) + _baseline(small)
        shapes.append(Words(rest, left, at, small, paper.text_faint))
    return tuple(shapes)


def _colour_bar(legend: NumberLegend, paper: Paper, place: Place) -> tuple[Shape, ...]:
    s = place.scale
    width, height = round(14 * s), round(min(300 * s, place.height - 20 * s))
    if height < 2:
        return ()
    left, top = round(place.left), round(place.top + 6 * s)
    stops = np.linspace(len(legend.colours) - 1, 0, _BAR_STOPS).round().astype(np.intp)
    bar = Bar(left, top, width, height, 4 * s, legend.colours[stops])
    middle = (legend.low + legend.high) / 2.0
    values = [legend.high, middle, legend.low] if legend.high > legend.low else [legend.high]
    if not np.isfinite(legend.high):
        values = []
    size = 13 * s
    beside = left + width + 10 * s
    heights = [top + height * (i / 2.0) + _baseline(size) for i in range(len(values))]
    numbers = [
        Words(f"{value:.4g}", beside, y, size, paper.text_dim)
        for value, y in zip(values, heights, strict=True)
    ]
    return (bar, *numbers)


def _cut(text: str, weight: Weight, size: float, room: float) -> str:
    return shortened(text, font_for(text, weight, size), room)


def _ascent(size: float) -> float:
    """From the top of a line of text down to its baseline."""
    return float(font_for("", "Regular", size).getmetrics()[0])


def _baseline(size: float) -> float:
    """From the middle of a line of text down to its baseline."""
    ascent, descent = font_for("", "Regular", size).getmetrics()
    return (ascent - descent) / 2.0
