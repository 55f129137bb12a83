"""Runs the chosen groups of measurements."""

import os
import platform
import sys
from collections.abc import Callable
from typing import Any

from latentviewer.bench.rows import Row

GROUPS = ("map", "latency", "loop", "start", "files", "projections")
"""Of speed; `models`, of quality, is measured only when it is asked for."""


def machine() -> dict[str, Any]:
    """What was measured on."""
    return {
        "platform": platform.platform(),
        "python": sys.version.split()[0],
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "qt": os.environ.get("QT_QPA_PLATFORM", "default"),
    }


def measure(groups: tuple[str, ...], quick: bool, say: Callable[[str], None]) -> list[Row]:
    """The rows of all groups, in order; `say` is told which group runs."""
    rows: list[Row] = []
    for group in groups:
        say(f"measuring: {group}")
        rows += _rows_of(group, quick, say)
    return rows


def _rows_of(group: str, quick: bool, say: Callable[[str], None]) -> list[Row]:
    # Each group imports its peers only when it is asked for.
    if group == "map":
        from latentviewer.bench.map_rows import map_rows

        return map_rows(quick)
    if group == "latency":
        from latentviewer.bench.latency_rows import latency_rows

        return latency_rows(quick)
    if group == "models":
        from latentviewer.bench.model_rows import model_rows

        return model_rows(quick, say)
    if group == "files":
        from latentviewer.bench.file_rows import file_rows

        return file_rows(quick, say)
    if group == "projections":
        from latentviewer.bench.projection_rows import projection_rows
        from latentviewer.bench.tsne_rows import tsne_rows

        return [*projection_rows(quick, say), *tsne_rows(quick, say)]
    if group == "loop":
        from latentviewer.bench.loop_rows import loop_rows

        return loop_rows(quick)
    from latentviewer.bench.start_rows import start_rows

    return start_rows(quick)
