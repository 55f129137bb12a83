"""What the program does where there is no display: draws its session, says where."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from latentviewer.bootstrap.catalogue import find_space, open_model
from latentviewer.bootstrap.shots import shot
from latentviewer.bootstrap.working import export_path
from latentviewer.domain.errors import UserError
from latentviewer.domain.path import Path as LatentPath
from latentviewer.domain.path import Waypoint
from latentviewer.domain.space import Latents
from latentviewer.domain.table import Categories

PICTURE, VIDEO = "latentviewer.png", "latentviewer.mp4"
_FRAMES, _FRAMES_PER_SECOND = 72, 24


def draw_session(reference: str, folder: Path | None = None) -> int:
    """Draws the window of a sample or project and a short film of a path through it.

    Returns:
        0, or 2 after one line on stderr that says why not.
    """
    folder = folder or Path.cwd()
    try:
        space = find_space(reference)
        rows = first_of_each_label(space.columns.get(space.label_column() or ""), len(space))
        picture = folder / PICTURE
        shot(reference, picture, at=rows[0] if rows else None, waypoints=tuple(rows))
        sys.stdout.write(
            f"No display here, so the window was drawn instead.\n  picture  {picture}\n"
        )
        if len(rows) > 1 and space.provenance.model is not None:
            film = _film(space.provenance.model, space.latent, rows, folder / VIDEO)
            sys.stdout.write(f"  film     {film}\n")
    except UserError as error:
        sys.stderr.write(f"latentviewer: {error}\n")
        return 2
    return 0


def first_of_each_label(column: object, count: int) -> list[int]:
    """The first row of each of the first four labels; evenly spread rows without labels."""
    if isinstance(column, Categories):
        rows = [int(np.argmax(column.codes == code)) for code in range(min(4, len(column.names)))]
        return [row for row in rows if column.codes[row] >= 0]
    return np.linspace(0, count - 1, min(count, 4)).astype(int).tolist() if count else []


def _film(model_name: str, latents: Latents, rows: list[int], out: Path) -> Path:
    path = LatentPath(
        tuple(Waypoint(tuple(latents[row].tolist()), row, f"#{row}") for row in rows),
        "slerp",
        _FRAMES,
        True,
    )
    job = export_path(open_model(model_name), path.latents(), out, _FRAMES_PER_SECOND)
    for _progress in job:
        pass
    return out
