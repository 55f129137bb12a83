"""What the program does where there is no display: draws its session, says where."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from latentviewer.bootstrap.catalogue import find_space, open_model
from latentviewer.bootstrap.shots import shot
from latentviewer.bootstrap.working import export_path
from latentviewer.domain.path import Path as LatentPath
from latentviewer.domain.path import Waypoint
from latentviewer.domain.space import Latents
from latentviewer.domain.table import Categories

PICTURE, VIDEO = "latentviewer.png", "latentviewer.mp4"
_FRAMES_PER_SECOND = 24
_WAY = LatentPath(mode="slerp", frames=72, closed=True)


def draw_session(
    reference: str, why: str, say: Callable[[str], None], folder: Path | None = None
) -> None:
    """Draws the window of a sample or project and a short film of the path that it shows.

    Args:
        why: half a sentence that says why no window opens.
        say: told what was written, a line each.
        folder: where to; by default the present one.

    Raises:
        UserError: it cannot be opened, drawn or written.
    """
    folder = folder or Path.cwd()
    space = find_space(reference)
    rows = first_of_each_label(space.columns.get(space.label_column() or ""), len(space))
    picture = folder / PICTURE
    shot(
        reference,
        picture,
        at=rows[0] if rows else None,
        waypoints=tuple(rows),
        way=_WAY,
    )
    say(f"{why}, so the window was drawn instead.")
    say(f"  picture  {picture}")
    if len(rows) > 1 and space.provenance.model is not None:
        film = _film(space.provenance.model, space.latent, rows, folder / VIDEO)
        say(f"  film     {film}")


def first_of_each_label(column: object, count: int) -> list[int]:
    """The first row of each of the first four labels; evenly spread rows without labels."""
    if isinstance(column, Categories):
        rows = [int(np.argmax(column.codes == code)) for code in range(min(4, len(column.names)))]
        return [row for row in rows if column.codes[row] >= 0]
    return np.linspace(0, count - 1, min(count, 4)).astype(int).tolist() if count else []


def _film(model_name: str, latents: Latents, rows: list[int], out: Path) -> Path:
    stops = tuple(Waypoint(tuple(latents[row].tolist()), row, f"#{row}") for row in rows)
    path = dataclasses.replace(_WAY, waypoints=stops)
    job = export_path(open_model(model_name), path.latents(), out, _FRAMES_PER_SECOND)
    for _progress in job:
        pass
    return out
