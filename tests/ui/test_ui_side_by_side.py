"""Two maps in the window: what is done in either is seen in both."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox
from pytestqt.qtbot import QtBot

from latentviewer.app.beside import ELSEWHERE, NO_MODEL
from latentviewer.app.services import Opened, Sample
from latentviewer.app.settings import Settings
from latentviewer.app.state import PlaceTarget, RowTarget
from latentviewer.app.workbench import Workbench
from latentviewer.domain.space import Provenance, Space
from latentviewer.kernels.reference import NumpyRasteriser
from latentviewer.ui.main_window import MainWindow
from latentviewer.ui.map.beside_panel import NO_WAYPOINT
from latentviewer.ui.map.map_view import MapView
from tests.app.conftest import Fakes, WorkerNow, six


def other(rows: int = 6, model: str | None = "models/other") -> Space:
    latent = np.array([[10 - i, (i * i) % 5] for i in range(rows)], np.float32).reshape(-1, 2)
    umap = np.array([[i, -3 * i] for i in range(rows)], np.float32).reshape(-1, 2)
    return Space(
        "the other", latent, maps={"umap_2d": umap},
        provenance=Provenance(model=model, data="squares"),
    )  # fmt: skip


class Two:
    """A window with two maps, and what a hand does in them."""

    def __init__(self, window: MainWindow, files: dict[str, Space]) -> None:
        self.window, self.files = window, files
        self.first = window.map_panel.view
        self.second = window.side_by_side.beside.view
        self.tile = window.side_by_side.beside.tile

    def compare(self, name: str = "other") -> None:
        self.window.dispatch("map.compare", reference=name)
        QApplication.processEvents()
        self.first.repaint()
        self.second.repaint()

    def spot(self, view: MapView, row: int) -> QPoint:
        coordinates = view.scene.coordinates
        assert coordinates is not None
        x, y = view.camera.to_pixels(coordinates[row][None], view.width(), view.height())[0]
        return QPoint(round(float(x)), round(float(y)))

    def mouse(self, view: MapView, kind: QEvent.Type, at: QPoint, held: bool = False) -> None:
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button = none if kind == QEvent.Type.MouseMove else left
        buttons = left if held and kind != QEvent.Type.MouseButtonRelease else none
        place = QPointF(at)
        event = QMouseEvent(
            kind, place, view.mapToGlobal(place), button, buttons, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(view, event)

    def hover(self, view: MapView, at: QPoint) -> None:
        self.mouse(view, QEvent.Type.MouseMove, at)

    def drag(self, view: MapView, *places: QPoint) -> None:
        self.mouse(view, QEvent.Type.MouseButtonPress, places[0], True)
        for place in places[1:]:
            self.mouse(view, QEvent.Type.MouseMove, place, True)
        self.mouse(view, QEvent.Type.MouseButtonRelease, places[-1], True)

    @property
    def selected(self) -> list[int]:
        return self.window.workbench.workspace.state.selection.rows.tolist()


@pytest.fixture
def two(qtbot: QtBot, tmp_path: Path) -> Iterator[Two]:
    fakes = Fakes()
    files = {"six": six(), "other": other()}
    services = fakes.services()
    sample = Sample("six", "Six", "Six points.", "made up", "six", "squares", tmp_path, True)
    object.__setattr__(services, "samples", lambda: (sample,))

    def open_path(reference: str) -> Any:
        found = files.get(Path(reference).name)
        return fakes.open_path(reference) if found is None else Opened(found, None, None)

    object.__setattr__(services, "open_path", open_path)
    workbench = Workbench(WorkerNow(), services, Settings(hint_seen=True), tmp_path)  # type: ignore[arg-type]
    window = MainWindow(workbench, NumpyRasteriser())
    made = Two(window, files)
    made.first.animations_enabled = made.second.animations_enabled = False
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    window.dispatch("file.open_sample", name="six")
    yield made
    workbench.workspace.session.mark_saved()
    window.close()


@pytest.fixture
def compared(two: Two) -> Two:
    two.compare()
    return two


def test_the_second_map_comes_and_goes(two: Two) -> None:
    window = two.window
    assert not two.second.isVisible()
    assert not window.side_by_side.first.isVisible()
    assert window.map_panel.legend.parent() is window.map_panel
    two.compare()
    assert two.second.isVisible()
    assert abs(two.first.width() - two.second.width()) <= 2
    assert two.first.height() == two.second.height()
    assert window.side_by_side.first.text == "doubling · PCA · 2D"
    assert window.side_by_side.second.text == "other · UMAP · 2D"
    # One legend for both, at the right edge as before.
    assert window.map_panel.legend.parent() is window.side_by_side.beside
    assert window.map_panel.legend.isVisible()
    window.dispatch("map.compare_close")
    assert not two.second.isVisible()
    assert not window.side_by_side.first.isVisible()
    assert window.map_panel.legend.parent() is window.map_panel
    assert window.map_panel.legend.isVisible()
    two.compare()
    window.dispatch("file.welcome")
    assert window.welcome.isVisible()
    window.dispatch("file.open_sample", name="six")
    assert not two.second.isVisible()


def test_a_sample_under_the_cursor_is_ringed_in_the_other_map(compared: Two) -> None:
    still = compared.second.grab().toImage(), compared.first.grab().toImage()
    compared.hover(compared.first, compared.spot(compared.first, 4))
    assert compared.second._linked_row == 4
    assert compared.second.grab().toImage() != still[0]
    assert compared.window.preview.title.text == "#4"
    assert compared.tile.title == "#4 · b"
    assert compared.tile.image is not None
    compared.hover(compared.second, compared.spot(compared.second, 2))
    assert compared.first._linked_row == 2
    assert compared.second._linked_row is None
    assert compared.first.grab().toImage() != still[1]
    assert compared.window.preview.title.text == "#2"
    assert compared.tile.title == "#2 · c"
    QApplication.sendEvent(compared.second, QEvent(QEvent.Type.Leave))
    assert compared.first._linked_row is None


def test_the_tile_shows_the_error_here_and_there(compared: Two) -> None:
    compared.hover(compared.second, compared.spot(compared.second, 3))
    first = compared.window.workbench.previews.shown
    assert first is not None
    (own, _), (their, _) = compared.tile.lines
    # The other's latent of row 3 is (7, 4), the picture's grey is 30 of 255.
    expected = ((7 - 30 / 255) ** 2 + (4 - 30 / 255) ** 2) / 2
    assert own == f"Error {expected:.4f}"
    assert their == f"{first.error:.4f} in doubling"


def test_empty_places_are_each_maps_own(compared: Two) -> None:
    corner = QPoint(compared.second.width() - 60, 400)
    compared.hover(compared.second, corner)
    assert compared.tile.title == "Between the points"
    assert compared.tile.lines[0][0] == "the place itself"
    assert compared.first._linked_row is None
    compared.hover(compared.first, corner)
    assert compared.tile.sentence == ELSEWHERE
    assert compared.window.preview.title.text == "Between the points"


def test_over_empty_places_of_the_second_map_the_first_preview_is_not_asked_again(
    compared: Two,
) -> None:
    asked: list[object] = []
    compared.window.dispatch("select.point", row=1)
    compared.window.workbench.previews.answered.connect(asked.append)
    view = compared.second
    compared.hover(view, compared.spot(view, 3))
    for x in range(40, 44):
        compared.hover(view, QPoint(view.width() - x, 400))
    # The sample, then once what is pinned.
    assert [getattr(answer, "row", None) for answer in asked] == [3, 1]


def test_a_selection_made_in_either_is_the_selection(compared: Two) -> None:
    view = compared.second
    spot = compared.spot(view, 2)
    compared.drag(view, spot)
    assert compared.selected == [2]
    assert compared.first._selected == view._selected == frozenset({2})
    compared.window.dispatch("map.tool_rectangle")
    low, high = compared.spot(view, 0), compared.spot(view, 2)
    compared.drag(
        view, QPoint(low.x() - 8, low.y() - 8), QPoint(low.x(), low.y()),
        QPoint(high.x() + 8, high.y() + 8),
    )  # fmt: skip
    assert compared.selected == [0, 1, 2]
    compared.window.dispatch("map.tool_lasso")
    at = compared.spot(view, 5)
    ring = [QPoint(at.x() + dx, at.y() + dy) for dx, dy in ((-9, -9), (9, -9), (9, 9), (-9, 9))]
    compared.drag(view, *ring)
    assert compared.selected == [5]
    compared.window.dispatch("edit.undo")
    assert compared.selected == [0, 1, 2]
    assert compared.first._selected == view._selected == frozenset({0, 1, 2})


def test_filters_hide_in_both(compared: Two) -> None:
    compared.window.dispatch("map.filter", name="a")
    shown = [False, True, True, False, True, True]
    assert compared.first.scene.visible().tolist() == shown
    assert compared.second.scene.visible().tolist() == shown
    compared.window.dispatch("map.colour_by", column="score")
    compared.window.dispatch("map.value_range", low=2.0, high=9.0)
    assert compared.second.scene.visible().tolist() == [False, False, True, True, True, True]
    compared.window.dispatch("view.toggle_theme")
    assert compared.second._theme.name == "light"
    compared.window.dispatch("view.toggle_theme")


def test_a_click_on_an_empty_place_keeps_it_and_adds_no_waypoint(compared: Two) -> None:
    empty = QPoint(compared.second.width() - 60, 400)
    compared.drag(compared.second, empty)
    QApplication.sendEvent(compared.second, QEvent(QEvent.Type.Leave))
    assert compared.tile.title == "Between the points"
    assert compared.window.workbench.workspace.state.pinned is None
    compared.window.dispatch("map.tool_path")
    compared.drag(compared.second, empty)
    assert compared.window.status.message == NO_WAYPOINT
    compared.drag(compared.second, compared.spot(compared.second, 4))
    assert [w.row for w in compared.window.workbench.workspace.state.path.waypoints] == [4]


def test_the_header_chooses_the_map_and_closes(compared: Two) -> None:
    header = compared.window.side_by_side.second
    box = header.findChild(QComboBox)
    assert box is not None
    assert [box.itemText(i) for i in range(box.count())] == [
        "PCA · 2D", "PCA · 3D", "UMAP · 2D",
    ]  # fmt: skip
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert compared.second.dims == 3
    assert compared.first.dims == 2
    close = header.findChild(QAbstractButton, options=Qt.FindChildOption.FindDirectChildrenOnly)
    assert close is not None
    close.click()
    assert not compared.second.isVisible()


def test_zoom_and_fit_are_for_the_map_that_is_meant(compared: Two) -> None:
    before = compared.first.camera, compared.second.camera
    compared.window.dispatch("map.zoom_in")
    assert compared.first.camera != before[0]
    assert compared.second.camera == before[1]
    now = compared.first.camera
    compared.window.activateWindow()
    compared.second.setFocus()
    compared.window.dispatch("map.zoom_in")
    assert compared.first.camera == now
    assert compared.second.camera != before[1]
    compared.window.dispatch("map.fit")
    assert compared.second.camera == before[1]


def test_the_tile_is_one_line_until_something_is_pointed_at(compared: Two) -> None:
    panel = compared.window.side_by_side.beside
    heights = [compared.tile.height()]
    compared.hover(compared.first, compared.spot(compared.first, 4))
    heights.append(compared.tile.height())
    assert panel.rect().contains(compared.tile.geometry())
    QApplication.sendEvent(compared.first, QEvent(QEvent.Type.Leave))
    heights.append(compared.tile.height())
    assert heights[0] == heights[2] < 40 < 150 < heights[1]
    assert panel.rect().contains(compared.tile.geometry())
    compared.window.dispatch("select.point", row=3)
    QApplication.sendEvent(compared.first, QEvent(QEvent.Type.Leave))
    assert compared.tile.title == "#3 · a"


def test_the_tile_gives_way_to_the_cursor(compared: Two) -> None:
    compared.window.dispatch("preview.pin_row", row=3)
    before = compared.tile.geometry()
    compared.hover(compared.second, before.center())
    assert not compared.tile.geometry().contains(before.center())
    assert compared.window.side_by_side.beside.rect().contains(compared.tile.geometry())


def test_the_tile_rests_where_it_hides_the_fewest_points(two: Two) -> None:
    falling = other()
    rising = dataclasses.replace(falling, maps={"umap_2d": falling.maps["umap_2d"] * (1, -1)})
    heights = []
    for space in (falling, rising):
        two.files["other"] = space
        two.compare()
        two.window.dispatch("preview.pin_row", row=3)
        assert not two.tile.geometry().contains(two.spot(two.second, 0))
        heights.append(two.tile.y())
    assert heights[1] < 20 < heights[0]


def test_the_tile_gives_way_to_what_is_ringed(compared: Two) -> None:
    # The first point of this map lies in the corner where the card would stand.
    compared.hover(compared.first, compared.spot(compared.first, 0))
    place = compared.tile.geometry()
    assert place.height() > 150
    assert not place.contains(compared.spot(compared.second, 0))
    compared.hover(compared.first, compared.spot(compared.first, 5))
    assert not compared.tile.geometry().contains(compared.spot(compared.second, 5))


def test_without_a_decoder_the_tile_says_why_and_all_else_works(two: Two) -> None:
    two.files["other"] = other(model=None)
    two.compare()
    assert two.tile._shown_sentence == NO_MODEL
    two.hover(two.second, two.spot(two.second, 2))
    assert two.first._linked_row == 2
    assert two.tile.title == "#2 · c"
    assert two.tile._shown_sentence == NO_MODEL
    assert two.window.side_by_side.beside.rect().contains(two.tile.geometry())


@pytest.mark.parametrize("rows", [0, 1, 3])
def test_a_shorter_space_lacks_only_its_rows(two: Two, rows: int) -> None:
    two.files["other"] = other(rows)
    two.compare()
    two.window.dispatch("select.all")
    assert two.second._selected == frozenset(range(rows))
    two.hover(two.first, two.spot(two.first, 5))
    assert two.second._linked_row is None
    assert two.tile.sentence == "#5 is not in this space."
    two.second.repaint()


def test_it_fits_a_small_window_and_stacks_in_a_narrow_one(compared: Two) -> None:
    window = compared.window
    window.resize(1000, 700)
    QApplication.processEvents()
    assert (window.width(), window.height()) == (1000, 700)
    assert compared.first.height() == compared.second.height()
    panel = window.side_by_side.beside
    assert panel.width() >= 240
    assert panel.rect().contains(compared.tile.geometry())
    assert not compared.tile.geometry().intersects(panel.corners.zoom.geometry())
    # Over so small a map it would hide more than it tells.
    assert not window.map_panel.legend.isVisible()
    window.dispatch("view.editor")
    window.resize(1000, 1400)
    QApplication.processEvents()
    assert compared.first.width() == compared.second.width()
    assert abs(compared.first.height() - compared.second.height()) <= 2
    assert compared.second.mapTo(window, QPoint()).y() > compared.first.height()
    assert window.map_panel.legend.isVisible()
    assert panel.rect().contains(window.map_panel.legend.geometry())
    compared.window.dispatch("map.colour_by", column="")
    assert not window.map_panel.legend.isVisible()
    window.resize(1000, 700)
    compared.window.dispatch("map.compare_close")
    assert not window.map_panel.legend.isVisible()
    compared.window.dispatch("map.colour_by", column="label")
    assert window.map_panel.legend.isVisible()
    window.dispatch("view.editor")


def test_compare_without_a_name_asks_in_the_palette(two: Two) -> None:
    two.window.menus.actions["map.compare"].trigger()
    palette = two.window.palette_box
    assert palette.isVisible()
    assert palette._field.placeholderText().startswith("Compare with…")
    assert [palette._list.item(i).text() for i in range(palette._list.count())] == ["Six"]
    palette._accept()
    assert two.second.isVisible()


def test_with_nothing_to_choose_from_it_says_what_to_do(two: Two) -> None:
    circles = dataclasses.replace(six(), provenance=Provenance(data="circles"))
    two.files["six"] = circles
    two.window.dispatch("file.open_sample", name="six")
    two.window.dispatch("map.compare")
    assert not two.window.palette_box.isVisible()
    assert "choose Compare with file…" in two.window.status.message


def test_hovering_goes_on_while_a_umap_forms_in_the_first_map(compared: Two) -> None:
    compared.window.dispatch("map.compute")
    compared.hover(compared.second, compared.spot(compared.second, 2))
    assert compared.tile.title == "#2 · c"
    assert isinstance(compared.window.workbench.previews.target, RowTarget)
    compared.hover(compared.second, QPoint(compared.second.width() - 60, 400))
    assert isinstance(compared.window.workbench.companion._target, PlaceTarget)


def test_arrows_lead_to_where_samples_lie_on_the_second_map(compared: Two) -> None:
    window, notes = compared.window, compared.first._annotations
    assert notes._arrows is None
    before = compared.first.grab().toImage()
    window.dispatch("map.compare_arrows")
    assert notes._arrows is not None
    starts, ends = notes._arrows
    shown = window.workbench.workspace.shown_map
    assert shown is not None
    np.testing.assert_array_equal(starts, shown.coordinates)
    assert starts.shape == ends.shape
    # Laid over one another, the two maps have the same middle.
    np.testing.assert_allclose(ends.mean(axis=0), starts.mean(axis=0), atol=1e-4)
    assert compared.first.grab().toImage() != before
    window.dispatch("select.rows", rows=[1, 4])
    assert notes._arrows is not None
    np.testing.assert_array_equal(notes._arrows[0], shown.coordinates[[1, 4]])
    window.dispatch("map.compare_map", name="pca_3d")
    assert notes._arrows is None
    window.dispatch("map.compare_map", name="pca_2d")
    assert notes._arrows is not None
    window.dispatch("map.compare_close")
    assert notes._arrows is None
