"""Pictures of the whole window, drawn offscreen: for the README and for tutorials."""

from __future__ import annotations

import os
from pathlib import Path as FilePath
from typing import TYPE_CHECKING

from latentviewer.domain.errors import UserError

if TYPE_CHECKING:
    from latentviewer.bootstrap.staging import Stage
    from latentviewer.domain.path import Path

_PATIENCE_S = 120.0


def shot(
    reference: str,
    out: FilePath,
    size: tuple[int, int] = (1440, 900),
    theme: str = "dark",
    scale: int = 1,
    method: str | None = None,
    dims: int | None = None,
    at: int | None = None,
    waypoints: tuple[int, ...] = (),
    way: Path | None = None,
    expression: str = "",
    compare: str | None = None,
) -> tuple[int, int]:
    """Opens a sample or project in a window that nobody sees, and saves its picture.

    Args:
        size: logical pixels. scale: device pixels for each of them.
        at: the row that the preview shows. waypoints: rows of a path.
        way: how that path goes: its mode, its frames, whether it is closed.
        compare: a sample or path whose space stands beside it.

    Returns:
        width and height of the picture in its own pixels.

    Raises:
        UserError: the picture cannot be written, the window does not fit in `size`, or the
            session does not get ready.
    """
    from latentviewer.bootstrap.display import missing_offscreen_packages

    missing = missing_offscreen_packages()
    if missing:
        raise UserError(
            f"Qt lacks system libraries to draw with; on Debian and Ubuntu run: "
            f"sudo apt install {' '.join(missing)}"
        )
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    os.environ["QT_SCALE_FACTOR"] = str(scale)

    from latentviewer.bootstrap.staging import Stage
    from latentviewer.ui.qt_messages import pass_on_qt_messages

    pass_on_qt_messages()

    with Stage(theme, size) as stage:
        stage.open(reference, _PATIENCE_S)
        if method is not None:
            stage.run("map.method", name=method)
        if dims is not None:
            stage.run("map.dims", dims=dims)
        stage.wait_for_map(_PATIENCE_S)
        if compare is not None:
            stage.compare(compare, _PATIENCE_S)
        for waypoint in waypoints:
            stage.run("path.add_row", row=waypoint)
        if way is not None and waypoints:
            stage.run("path.mode", mode=way.mode)
            stage.run("path.frames", count=way.frames)
            if way.closed:
                stage.run("path.closed")
        if expression:
            stage.run("arithmetic.evaluate", text=expression)
        if at is not None:
            stage.run("preview.pin_row", row=at)
        stage.wait_until_quiet(_PATIENCE_S)
        stage.check_size(size)
        return stage.save(out)


def open_sample_window(name: str = "mnist-vae", size: tuple[int, int] = (1440, 900)) -> Stage:
    """A window with a sample, ready to be driven; close it by leaving its context."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

    from latentviewer.bootstrap.staging import Stage
    from latentviewer.ui.qt_messages import pass_on_qt_messages

    pass_on_qt_messages()
    stage = Stage("dark", size)
    stage.__enter__()
    stage.open(name, _PATIENCE_S)
    stage.wait_for_map(_PATIENCE_S)
    stage.wait_until_quiet(_PATIENCE_S)
    return stage
