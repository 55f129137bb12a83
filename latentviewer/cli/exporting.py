"""The command that writes a space for other programs."""

import argparse
from typing import TYPE_CHECKING

import numpy as np

from latentviewer.cli.console import counted, write_json, write_line
from latentviewer.cli.outputs import check_output_folder, checked_output, write_array
from latentviewer.domain.errors import DataNotHereError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from latentviewer.domain.space import Space

_MOST_PICTURE_BYTES = 1 << 28
_FILES = (".arrow", ".parquet", ".npy")


def export(arguments: argparse.Namespace) -> int:
    """Writes a space as a projector's folder, or as a file, told by the name's ending."""
    from latentviewer import bootstrap

    output = arguments.output
    as_file = bool(output.suffix) and not output.is_dir()
    if as_file:
        checked_output(output, *_FILES)
    else:
        check_output_folder(output)
    space = bootstrap.find_space(arguments.space)
    notes: tuple[str, ...] = ()
    if not as_file:
        from latentviewer.io.projector.writing import write_projector

        pictures, why_none = _pictures(space) if arguments.pictures else (None, "")
        notes = write_projector(output, space, pictures=pictures)
        notes = (*notes, why_none) if why_none else notes
    elif output.suffix.lower() == ".npy":
        write_array(output, space.latent)
    else:
        from latentviewer.io.spaces import write_space

        write_space(space, output)
    if arguments.json:
        write_json({"written": output, "rows": len(space), "dims": space.dim, "notes": notes})
        return 0
    write_line(f"Wrote {output}: {counted(len(space), 'row')} of {space.dim} dimensions.")
    for note in notes:
        write_line(note)
    return 0


def _pictures(space: "Space") -> "tuple[NDArray[np.uint8] | None, str]":
    """(n, h, w, c) of all samples, or None and why there are none."""
    from latentviewer import bootstrap
    from latentviewer.domain.ports import NO_IMAGE

    name = space.provenance.data
    if name is None:
        return None, ""
    try:
        data = bootstrap.open_data(name)
    except DataNotHereError as error:
        return None, f"Without pictures: {error}"
    image = data.image
    if image == NO_IMAGE or len(data) < len(space):
        return None, ""
    if len(space) * image.height * image.width * image.channels > _MOST_PICTURE_BYTES:
        return None, f"Without pictures: {len(space):,} of {name} are too many for one sprite."
    return data.images(np.arange(len(space), dtype=np.int64)), ""
