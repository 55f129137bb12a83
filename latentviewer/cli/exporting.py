"""The command that writes samples for other programs."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from latentviewer.cli.console import counted, follow, write_json, write_line
from latentviewer.cli.mapping import MapChoice, map_of
from latentviewer.cli.outputs import check_output_folder, checked_output
from latentviewer.domain.errors import DataNotHereError, UserError
from latentviewer.domain.selection import Selection
from latentviewer.domain.space import Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from latentviewer.app.state import SessionState
    from latentviewer.domain.ports import DataSet


def export(arguments: argparse.Namespace) -> int:
    """Writes a space, or some of its rows, for the projector, Embedding Atlas, or as a file."""
    from latentviewer.bootstrap.exporting import export_samples

    purpose = _checked_purpose(arguments)
    space, state = _opened(arguments.space)
    groups = () if state is None else state.groups
    rows = _rows(arguments, space, {group.name: group.selection for group in groups})
    count = len(space) if rows is None else len(rows)
    space, shown, map_notes = _with_map(space, arguments.method, purpose)
    data, why_none = (None, "")
    if purpose != "file" and arguments.pictures:
        data, why_none = _data(space)
    written = follow(
        f"Export {arguments.output.name}",
        export_samples(
            space,
            arguments.output,
            purpose,
            neighbours=arguments.neighbors,
            metric=arguments.metric,
            rows=rows,
            groups=groups,
            way=None if state is None else state.path,
            data=data,
            shown=shown,
        ),
    )
    notes = [*map_notes, *written, *([why_none] if why_none else [])]
    if arguments.json:
        write_json({"written": arguments.output, "rows": count, "dims": space.dim, "notes": notes})
        return 0
    write_line(f"Wrote {arguments.output}: {counted(count, 'row')} of {space.dim} dimensions.")
    for note in notes:
        write_line(note)
    return 0


def _checked_purpose(arguments: argparse.Namespace) -> str:
    """What is to be written, before anything is read."""
    from latentviewer.io.sample_exports import ATLAS_SUFFIX, FILE_SUFFIXES, check_purpose

    output, purpose = arguments.output, arguments.purpose
    if purpose == "embedding-atlas":
        checked_output(output, ATLAS_SUFFIX)
    elif output.suffix and not output.is_dir():
        purpose = "file"
        checked_output(output, *FILE_SUFFIXES)
    else:
        purpose = "projector"
        check_output_folder(output)
    check_purpose(output, purpose, arguments.neighbors is not None)
    return str(purpose)


def _opened(reference: str) -> "tuple[Space, SessionState | None]":
    """The space, and the session where it is a project's."""
    from latentviewer import bootstrap
    from latentviewer.app.projects import session_from_json
    from latentviewer.app.services import Opened

    found = bootstrap.open_reference(reference)
    if not isinstance(found, Opened):
        # It says what to do with a model that has no latents.
        return bootstrap.find_space(reference), None
    if found.session is None:
        return found.space, None
    return found.space, session_from_json(found.session, found.space, reference)


def _rows(
    arguments: argparse.Namespace, space: Space, groups: Mapping[str, Selection]
) -> "NDArray[np.int64] | None":
    """The rows that are asked for; None for all.

    Raises:
        UserError: none are, or they are not there.
    """
    if arguments.rows is not None:
        last = max(arguments.rows)
        if last >= len(space):
            there = f"its rows are 0 to {len(space) - 1}" if len(space) else "it has none"
            raise UserError(f"{space.name} has no row {last}; {there}.")
        return Selection.of(arguments.rows).rows
    if arguments.group is not None:
        if arguments.group not in groups:
            there = ", ".join(groups) or "none"
            raise UserError(f"{space.name} has no group “{arguments.group}”; its groups: {there}.")
        found = groups[arguments.group].rows
        if not len(found):
            raise UserError(f"The group “{arguments.group}” is empty; there is nothing to export.")
        return found
    if arguments.where is not None:
        from latentviewer.domain.expression import Context, parse
        from latentviewer.domain.expression.conditions import rows_where

        found = rows_where(parse(arguments.where), Context(space, groups))
        if not len(found):
            raise UserError(f"No row of {space.name} fits {arguments.where}; change the condition.")
        return found
    return None


def _with_map(
    space: Space, method: str | None, purpose: str
) -> tuple[Space, str | None, tuple[str, ...]]:
    """The space with the map that is asked for, its name, and sentences on it.

    Without one Embedding Atlas gets the space's own map, else its PCA; a file those there are.
    """
    from latentviewer.app.maps import own_method

    if method is None and purpose == "embedding-atlas":
        method = own_method(space, 2)
    if method is None or not len(space):
        return space, None, ()
    made = map_of(space, MapChoice(method, 2))
    # A reader makes PCA anew, with a way back from the map; one in a file stands beside it.
    name = "pc_2d" if made.computed and made.method == "pca" else f"{made.method}_2d"
    return space.with_map(name, made.coordinates), name, made.notes


def _data(space: Space) -> "tuple[DataSet | None, str]":
    """The data set whose samples the rows are, or None and why there is none."""
    from latentviewer import bootstrap

    name = space.provenance.data
    if name is None:
        return None, ""
    try:
        return bootstrap.open_data(name), ""
    except DataNotHereError as error:
        return None, f"Without pictures: {error}"
