"""Commands that read spaces: samples, inspect, project, eval, neighbors."""

import argparse
import dataclasses
import time
from collections.abc import Mapping
from typing import Any

import numpy as np

from latentviewer.app.layouts import with_layout
from latentviewer.app.services import LaidOut
from latentviewer.cli.console import counted, one_line, write_json, write_line, write_table
from latentviewer.cli.mapping import MapChoice, map_of, options_of, quality_of, quality_words
from latentviewer.cli.models import decoded, decoder_of, write_images
from latentviewer.cli.outputs import checked_output, write_array
from latentviewer.cli.rows import named_row
from latentviewer.domain.map_note import MAPS
from latentviewer.domain.space import Space


def samples(arguments: argparse.Namespace) -> int:
    """Lists what is bundled."""
    from latentviewer import bootstrap

    found = bootstrap.samples()
    if arguments.json:
        keys = ("name", "kind", "model", "data", "space", "available")
        write_json([{key: getattr(sample, key) for key in keys} for sample in found])
        return 0
    rows = [("NAME", "KIND", "MODEL", "DATA", "")]
    for sample in found:
        missing = "" if sample.available else "not here"
        rows.append((sample.name, sample.kind, sample.model, sample.data, missing))
    write_table(rows)
    return 0


def project(arguments: argparse.Namespace) -> int:
    """Adds a projection to a space and writes it."""
    from latentviewer import bootstrap
    from latentviewer.io.spaces import write_space

    output = checked_output(arguments.output, ".arrow", ".parquet")
    space = bootstrap.find_space(arguments.space)
    started = time.monotonic()
    choice = MapChoice(arguments.method, arguments.dims, options_of(arguments), again=True)
    made = map_of(space, choice)
    seconds = time.monotonic() - started
    quality = quality_of(space, made.coordinates)
    key = f"{made.method}_{arguments.dims}d"
    about: dict[str, Any] = {"method": made.told, "dims": arguments.dims}
    about |= {"seed": made.parameters.get("seed"), "parameters": made.parameters}
    about |= {"quality": quality, "notes": list(made.notes)}
    laid = made.made or LaidOut(made.coordinates, made.axes)
    mapped = with_layout(space, key, laid, made.parameters)
    write_space(_told(mapped, key, about), output)
    if arguments.json:
        write_json({"written": output, "map": key, **about, "seconds": seconds})
    else:
        write_line(f"Wrote {output} with the map {key}, made in {seconds:.1f} s.")
        for note in made.notes:
            write_line(note)
        write_line(quality_words(quality))
    return 0


def _told(space: Space, key: str, about: Mapping[str, Any]) -> Space:
    """With what was measured of the map beside what it says itself."""
    maps = space.provenance.extra[MAPS]
    extra = {**space.provenance.extra, MAPS: {**maps, key: {**maps[key], **about}}}
    provenance = dataclasses.replace(space.provenance, extra=extra)
    return dataclasses.replace(space, provenance=provenance)


def evaluate(arguments: argparse.Namespace) -> int:
    """Works out an expression, lists its nearest samples, writes its picture."""
    from latentviewer import bootstrap
    from latentviewer.domain.expression import evaluate, parse

    expression = parse(arguments.expression)
    output = arguments.output
    if output is not None:
        output = checked_output(output, ".png", ".npy")
    context = bootstrap.find_context(arguments.space)
    result = evaluate(expression, context)
    space: Space = context.space
    if output is not None and output.suffix.lower() == ".npy":
        write_array(output, result.latent[None])
    elif output is not None:
        write_images(output, decoded(decoder_of(space, arguments.model), result.latent[None]))
    used = result.rows_used.tolist()
    nearest = _nearest(space, result.latent, arguments.nearest, used, arguments.metric)
    norm = float(np.linalg.norm(result.latent.astype(np.float64)))
    if arguments.json:
        write_json(
            {
                "expression": arguments.expression,
                "dim": space.dim,
                "norm": norm,
                "latent": result.latent,
                "rows_used": result.rows_used,
                "nearest": nearest,
                "written": output,
            }
        )
        return 0
    write_line(f"norm {norm:.6g}")
    _write_neighbours(nearest)
    if output is not None:
        write_line(f"Wrote {output}.")
    return 0


def neighbors(arguments: argparse.Namespace) -> int:
    """Lists the nearest samples of a sample."""
    from latentviewer import bootstrap

    space = bootstrap.find_space(arguments.space)
    row = named_row(space, arguments.of)
    found = _nearest(space, space.latent[row], arguments.k, [row], arguments.metric)
    if arguments.json:
        document = {"row": row, "label": space.label(row)}
        write_json({**document, "metric": arguments.metric, "neighbors": found})
    else:
        _write_neighbours(found)
    return 0


def _nearest(
    space: Space, query: Any, k: int, exclude: list[int], metric: str = "euclidean"
) -> list[dict[str, Any]]:
    from latentviewer.projection.neighbours import nearest

    left = len(space) - len(set(exclude))
    if k == 0 or left <= 0:
        return []
    found_rows, found = nearest(
        space.latent, query[None], min(k, left), metric=metric, exclude=exclude
    )
    rows, distances = found_rows[0], found[0]
    return [
        {"row": int(row), "label": space.label(int(row)), "distance": float(distance)}
        for row, distance in zip(rows, distances, strict=True)
    ]


def _write_neighbours(found: list[dict[str, Any]]) -> None:
    rows = [("ROW", "DISTANCE", "LABEL")]
    rows += [(f"#{n['row']}", f"{n['distance']:.6g}", n["label"]) for n in found]
    write_table(rows, ">>")


def inspect(arguments: argparse.Namespace) -> int:
    """Says what a file or folder is, and whether it is safe."""
    from latentviewer import bootstrap

    report = bootstrap.inspect(arguments.path)
    if arguments.json:
        write_json(report)
    else:
        for key, value in report.items():
            _write_entry(key.replace("_", " "), value)
    return 0 if report["safe"] else 3


def _write_entry(title: str, value: Any) -> None:
    """One entry of a report for a person; an empty one is left out."""
    if isinstance(value, dict) and set(value) == {"height", "width", "channels"}:
        channels = counted(value["channels"], "channel")
        write_line(f"{title}: {value['width']} x {value['height']} pixels, {channels}")
    elif isinstance(value, dict):
        for name, inner in value.items():
            _write_entry(f"{title} {name}", inner)
    elif isinstance(value, list):
        entries = [_entry(item) for item in value]
        sentences = all(entry.endswith(".") for entry in entries)
        if entries:
            write_line(f"{title}: {one_line((' ' if sentences else ', ').join(entries))}")
    elif isinstance(value, bool):
        write_line(f"{title}: {'yes' if value else 'no'}")
    elif value not in (None, ""):
        shown = f"{value:.6g}" if isinstance(value, float) else str(value)
        write_line(f"{title}: {one_line(shown)}")


def _entry(item: Any) -> str:
    if not isinstance(item, dict):
        return str(item)
    if "answer" in item:
        return f"{item['key']} = {item['answer']}"
    if "dims" in item:
        return f"{item['name']} ({item['rows']:,} x {item['dims']:,})"
    classes = f", {item['classes']} classes" if "classes" in item else ""
    return f"{item['name']} ({item['kind']}{classes})"
