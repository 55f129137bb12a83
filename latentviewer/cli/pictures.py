"""Commands that draw: the map, and the whole window."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from latentviewer.app.maps import method_title, own_method
from latentviewer.cli.console import counted, follow, write_json, write_line
from latentviewer.cli.mapping import (
    MadeMap,
    MapChoice,
    map_of,
    options_of,
    quality_of,
    quality_words,
)
from latentviewer.cli.outputs import checked_output
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Space

if TYPE_CHECKING:
    from latentviewer.rendering import MapPicture
    from latentviewer.rendering.map_files import WrittenMap


def render(arguments: argparse.Namespace) -> int:
    """Draws the map of a space into a picture."""
    from latentviewer import bootstrap
    from latentviewer.rendering import MapPicture, draw_map, write_picture

    output = checked_output(arguments.output, ".png", ".svg", ".pdf")
    space = bootstrap.find_space(arguments.space)
    column = _column(space, arguments.color_by)
    method = arguments.method or own_method(space, arguments.dims)
    choice = MapChoice(method, arguments.dims, options_of(arguments))
    made = map_of(space, choice)
    quality = quality_of(space, made.coordinates)
    wanted = MapPicture(
        title=space.name,
        subtitle=_subtitle(space, made, arguments.dims, column),
        footer=quality_words(quality),
        axes=made.axes,
        colour_by=column,
        size=arguments.size,
        theme=arguments.theme,
    )
    notes = list(made.notes)
    if output.suffix.lower() == ".png":
        picture, drawn = draw_map(space, made.coordinates, wanted, bootstrap.rasteriser())
        write_picture(output, picture)
    else:
        written = _write_shapes(space, made, wanted, output)
        drawn = written.drawn
        notes += written.notes
    width, height = wanted.size
    if arguments.json:
        write_json(
            {
                "written": output,
                "map": f"{made.method}_{arguments.dims}d",
                "width": width,
                "height": height,
                "points": len(space),
                "drawn": drawn,
                "color_by": column,
                "computed": made.computed,
                "quality": quality,
                "notes": notes,
            }
        )
    else:
        points = counted(len(space), "point")
        write_line(f"Wrote {output}: {points}, {width} x {height} pixels.")
        for note in notes:
            write_line(note)
    return 0


def _write_shapes(space: Space, made: MadeMap, wanted: "MapPicture", output: Path) -> "WrittenMap":
    """Writes an SVG or a PDF that looks as the picture would."""
    from latentviewer.app.colouring import colouring
    from latentviewer.app.map_sheet import MapSheet
    from latentviewer.app.state import MapSettings
    from latentviewer.bootstrap.exporting import application_without_screen, export_map

    settings = MapSettings(colour_by=wanted.colour_by)
    sheet = MapSheet(
        made.coordinates,
        colouring(space, settings, wanted.theme == "dark"),
        wanted.title,
        wanted.subtitle,
        wanted.footer,
        wanted.axes,
        wanted.size,
        wanted.theme,
    )
    # Held while it is drawn with.
    _application = application_without_screen() if output.suffix.lower() == ".pdf" else None
    return follow(f"Draw {output.name}", export_map(sheet, output))


def shot(arguments: argparse.Namespace) -> int:
    """Draws the whole window into a picture."""
    from latentviewer import bootstrap

    output = checked_output(arguments.output, ".png")
    width, height = bootstrap.shot(
        arguments.path,
        output,
        size=arguments.size,
        theme=arguments.theme,
        scale=arguments.scale,
        method=arguments.method,
        dims=arguments.dims,
        at=arguments.at,
        waypoints=tuple(arguments.via),
        compare=arguments.compare,
    )
    if arguments.json:
        write_json({"written": output, "width": width, "height": height})
    else:
        write_line(f"Wrote {output}: {width} x {height} pixels.")
    return 0


def _column(space: Space, named: str | None) -> str | None:
    if named is None:
        return space.label_column()
    if named not in space.columns:
        there = ", ".join(space.columns) or "none"
        raise UserError(f"{space.name} has no column “{named}”; its columns: {there}.")
    return named


def _subtitle(space: Space, made: MadeMap, dims: int, column: str | None) -> str:
    count, dimensions = counted(len(space), "latent"), counted(space.dim, "dimension")
    _, _, why = made.told.partition(" ")
    name = method_title(space, made.method)
    parts = [f"{name} {why}".strip() + f" in {dims}D", f"{count} of {dimensions}"]
    if space.provenance.data is not None:
        parts.append(space.provenance.data)
    if column is not None:
        parts.append(f"coloured by {column}")
    return "  ·  ".join(parts)
