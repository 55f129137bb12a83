"""Runs the real window on a real X display and moves the real mouse over it.

Started by test_e2e_window.py in a process of its own; prints one JSON document.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QWidget

from latentviewer.app.preview import Answer
from latentviewer.app.state import PlaceTarget, RowTarget
from latentviewer.bootstrap.wiring import make_window
from latentviewer.bootstrap.working import rasteriser
from latentviewer.ui.application import apply_theme, make_application

PATIENCE_S = 90.0
SAMPLE = "mnist-vae"


class Hand:
    """The mouse and the keyboard, by xdotool."""

    def __init__(self) -> None:
        self.app = make_application(["latentviewer"])
        self.window, self.workbench, self.lanes = make_window()
        apply_theme(self.app, self.window.theme)
        self.window.map_panel.view.animations_enabled = False
        self.window.set_rasteriser(rasteriser())

    def wait(self, there: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + PATIENCE_S
        while not there():
            self.app.processEvents()
            if time.monotonic() > end:
                raise TimeoutError(what)

    def xdotool(self, *words: str) -> None:
        done = subprocess.Popen(["xdotool", *words])
        self.wait(lambda: done.poll() is not None, "xdotool")
        assert done.returncode == 0

    def move(self, widget: QWidget, at: QPointF) -> None:
        point = widget.mapToGlobal(QPoint(round(at.x()), round(at.y())))
        self.xdotool("mousemove", str(point.x()), str(point.y()))

    def click(self, button: int = 1) -> None:
        self.xdotool("click", str(button))

    def press(self, keys: str) -> None:
        self.xdotool("key", keys)

    def shown(self) -> Answer | None:
        return self.workbench.previews.shown


def find_pixel_of(hand: Hand, row: int) -> QPointF | None:
    """A place in the map where the row is on top, or None."""
    view = hand.window.map_panel.view
    coordinates = view.scene.coordinates
    assert coordinates is not None
    x, y = view.camera.to_pixels(coordinates[row][None], view.width(), view.height())[0].tolist()
    at = QPointF(round(x), round(y))
    if not view.rect().adjusted(60, 60, -220, -60).contains(at.toPoint()):
        return None
    on_top = view.scene.row_at(at.x(), at.y(), view.devicePixelRatioF()) == row
    return at if on_top else None


def empty_place(hand: Hand) -> QPointF:
    """A pixel of the map with no point within reach."""
    view = hand.window.map_panel.view
    for y in range(80, view.height() - 80, 6):
        for x in range(80, view.width() - 240, 6):
            if view.scene.row_at(x, y, view.devicePixelRatioF()) is None:
                return QPointF(x, y)
    raise AssertionError("the map has no empty place")


def main(picture: Path) -> dict[str, Any]:
    hand = Hand()
    window, workbench = hand.window, hand.workbench
    told: dict[str, Any] = {}
    try:
        window.show()
        window.dispatch("file.open_sample", name=SAMPLE)
        workspace = workbench.workspace
        hand.wait(
            lambda: (
                workspace.shown_map is not None
                and workspace.model is not None
                and workspace.distance is not None
                and window.map_panel.view.scene.drawn > 0
            ),
            "the sample to open",
        )
        space, view = workspace.space, window.map_panel.view
        hovers = []
        for row in range(len(space)):
            at = find_pixel_of(hand, row)
            if at is None:
                continue
            hand.move(view, at)
            hand.wait(
                lambda row=row: (
                    (shown := hand.shown()) is not None
                    and isinstance(shown.request.target, RowTarget)
                    and shown.request.target.row == row
                ),
                f"the preview of row {row}",
            )
            shown = hand.shown()
            assert shown is not None
            assert shown.decoded is not None
            hovers.append(
                {
                    "row": row,
                    "label": space.label(row),
                    "shown_title": window.preview.title.text,
                    "decoded_mean": float(shown.decoded.mean()),
                    "tile_bright": tile_mean(window.preview.pictures.decoded),
                    "distance_to_model": decoded_error(hand, row, shown.decoded),
                }
            )
            if len(hovers) == 8:
                break
        told["hovers"] = hovers

        hand.move(view, empty_place(hand))
        hand.wait(
            lambda: (
                (shown := hand.shown()) is not None
                and isinstance(shown.request.target, PlaceTarget)
            ),
            "the preview of an empty place",
        )
        place = hand.shown()
        assert place is not None
        told["place"] = {
            "inverse": place.inverse_name,
            "distance": place.distance,
            "decoded": place.decoded is not None,
        }

        row = hovers[0]["row"]
        at = find_pixel_of(hand, row)
        assert at is not None
        hand.move(view, at)
        hand.click()
        hand.wait(lambda: len(workspace.state.selection) == 1, "the click to select")
        told["selected"] = [int(r) for r in workspace.state.selection.rows]

        hand.xdotool("windowfocus", str(int(window.winId())))
        view.setFocus(Qt.FocusReason.OtherFocusReason)
        hand.press("3")
        hand.wait(
            lambda: (
                workspace.shown_map is not None
                and workspace.shown_map.coordinates.shape[1] == 3
                and view.dims == 3
            ),
            "the 3D map",
        )
        hand.wait(lambda: view.scene.drawn > 0, "the 3D map to be drawn")
        for row in range(len(space)):
            at = find_pixel_of(hand, row)
            if at is not None:
                break
        assert at is not None
        hand.move(view, at)
        hand.wait(lambda: (shown := hand.shown()) is not None and shown.row == row, "a hover in 3D")
        told["hover_3d"] = {"row": row, "shown": window.preview.title.text}
        before = view.camera
        hand.xdotool("mousedown", "1")
        hand.move(view, at + QPointF(80, 30))
        hand.xdotool("mouseup", "1")
        hand.wait(lambda: view.camera.yaw != before.yaw, "the drag to turn the map")
        told["turned"] = view.camera.yaw != before.yaw

        hand.press("ctrl+z")
        hand.wait(lambda: workspace.state.map.dims == 2, "undo to bring 2D back")
        told["undone"] = workspace.state.map.dims
        window.grab().save(str(picture))
    finally:
        workbench.workspace.session.mark_saved()
        window.close()
        hand.lanes.stop()
    return told


def decoded_error(hand: Hand, row: int, decoded: np.ndarray) -> float:  # type: ignore[type-arg]
    """How far the shown picture is from what the model decodes of the row, by itself."""
    model = hand.workbench.workspace.model
    assert model is not None
    done: list[Any] = []
    latent = hand.workbench.workspace.space.latent[row]
    hand.workbench.workspace.worker.call(
        lambda: model.decode(latent[None])[0], done.append, done.append
    )
    hand.wait(lambda: bool(done), "the model")
    return float(np.abs(done[0] - decoded).max())


def tile_mean(tile: QWidget) -> float:
    """Mean brightness of what a widget shows, 0 to 1."""
    image = tile.grab().toImage().convertToFormat(tile.grab().toImage().Format.Format_Grayscale8)
    rows = [
        bytes(image.constScanLine(y))[: image.width()]  # type: ignore[arg-type]
        for y in range(image.height())
    ]
    return float(np.frombuffer(b"".join(rows), np.uint8).mean() / 255)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]))) + "\n")
