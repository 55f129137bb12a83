"""Writes samples and maps for other programs: joins the writers with what they need."""

from __future__ import annotations

import os
from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.jobs.progress import Progress

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from PySide6.QtWidgets import QApplication

    from latentviewer.app.map_sheet import MapSheet
    from latentviewer.domain.space import Latents, Space
    from latentviewer.io.extracts import Neighbourhood
    from latentviewer.rendering.map_files import WrittenMap

ATLAS_NEIGHBOURS = 15
_QUERIES_AT_ONCE = 1024


def export_samples(
    space: Space,
    path: Path,
    purpose: str = "file",
    *,
    rows: NDArray[np.int64] | None = None,
    neighbours: int | None = None,
    metric: str = "euclidean",
    **wanted: Any,
) -> Generator[Progress, None, tuple[str, ...]]:
    """A job that writes samples; see `io.sample_exports`.

    Args:
        neighbours: how many of each sample are written; None for what the purpose asks for:
            15 for Embedding Atlas where there are others, else none.
        metric: by which they are the nearest.
        wanted: `groups`, `way`, `data`, `shown`.
    """
    from latentviewer.io import sample_exports

    count = len(space) if rows is None else len(rows)
    if neighbours is None and purpose == "embedding-atlas" and count > 1:
        neighbours = ATLAS_NEIGHBOURS
    nearest = None
    if neighbours:
        nearest = partial(neighbours_of, count=neighbours, metric=metric)
    return sample_exports.export_samples(space, path, purpose, rows=rows, nearest=nearest, **wanted)


def neighbours_of(
    latents: Latents, count: int, metric: str
) -> Generator[Progress, None, Neighbourhood]:
    """The nearest of `latents` (n, d) to each of them, without itself; at most n - 1.

    Raises:
        UserError: there is one latent only, or no such metric.
    """
    from latentviewer.io.extracts import Neighbourhood
    from latentviewer.projection.neighbours import Neighbours

    n = len(latents)
    if n < 2:
        raise UserError("One sample alone has no neighbours; choose more, or leave them out.")
    count = min(count, n - 1)
    prepared = Neighbours(latents, metric)
    rows = np.empty((n, count), np.int64)
    distances = np.empty((n, count), np.float32)
    for start in range(0, n, _QUERIES_AT_ONCE):
        asked = np.arange(start, min(start + _QUERIES_AT_ONCE, n))
        found, far = prepared.nearest(latents[asked], count + 1)
        others = found != asked[:, None]
        # Among many equal latents a row may not find itself; the farthest then goes.
        others[others.all(axis=1), -1] = False
        rows[asked] = found[others].reshape(-1, count)
        distances[asked] = far[others].reshape(-1, count)
        yield Progress((asked[-1] + 1) / n, f"Neighbours of {asked[-1] + 1:,} of {n:,}")
    return Neighbourhood(rows, distances)


def export_map(sheet: MapSheet, path: Path) -> Generator[Progress, None, WrittenMap]:
    """A job that writes the map as PNG, SVG or PDF; see `rendering.map_files`.

    All but SVG need a Qt application; where no window is open, `application_without_screen`.
    """
    from latentviewer.bootstrap.working import rasteriser
    from latentviewer.rendering import map_files

    return map_files.export_map(sheet, path, rasteriser)


def application_without_screen() -> QApplication:
    """A Qt application that only draws; it lives as long as what is returned.

    Raises:
        UserError: Qt lacks libraries of the system.
    """
    from latentviewer.bootstrap.display import missing_offscreen_packages

    missing = missing_offscreen_packages()
    if missing:
        raise UserError(
            "Qt lacks system libraries to draw with; on Debian and Ubuntu run: "
            f"sudo apt install {' '.join(missing)}"
        )
    os.environ["QT_QPA_PLATFORM"] = "offscreen"

    from latentviewer.ui.application import make_application
    from latentviewer.ui.qt_messages import pass_on_qt_messages

    pass_on_qt_messages()
    return make_application(["latentviewer"])
