"""The window on a space inferred from one number: chart, bars, truth, and what is not decoded."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from observed_spaces import NAMES, SEEN, weighed
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentviewer.app.settings import Settings
from latentviewer.app.workbench import Workbench
from latentviewer.domain.palette import category_colours
from latentviewer.kernels.reference import NumpyRasteriser
from latentviewer.ui.main_window import MainWindow
from latentviewer.ui.map.chart import FOOT_PX, log_ticks
from latentviewer.ui.theme import LIGHT
from tests.app.conftest import Fakes, WorkerNow


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    fakes = Fakes()
    fakes.space = weighed()
    workbench = Workbench(WorkerNow(), fakes.services(), Settings(hint_seen=True), tmp_path)  # type: ignore[arg-type]
    made = MainWindow(workbench, NumpyRasteriser())
    made.map_panel.view.animations_enabled = False
    qtbot.addWidget(made)
    made.resize(1200, 800)
    made.show()
    made.dispatch("file.open_path", path="weighed.arrow")
    made.map_panel.view.repaint()
    yield made
    workbench.workspace.session.mark_saved()
    made.close()


def at_weight(window: MainWindow, weight: float) -> QPoint:
    """Above all points, where the map is empty."""
    view = window.map_panel.view
    place = np.array([[np.log10(weight), 0.0]])
    x = view.camera.to_pixels(place, view.width(), view.height())[0, 0]
    return QPoint(round(float(x)), 60)


def hover(window: MainWindow, at: QPoint) -> None:
    view = window.map_panel.view
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(at), view.mapToGlobal(QPointF(at)),
        Qt.MouseButton.NoButton, Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    QApplication.sendEvent(view, event)
    QTest.qWait(30)


def picture(window: MainWindow) -> QImage:
    return window.map_panel.view.grab().toImage()


def count_of(image: QImage, colour: QColor) -> int:
    return sum(
        image.pixelColor(x, y) == colour
        for x in range(image.width())
        for y in range(image.height())
    )


def test_an_empty_place_shows_the_probabilities_at_its_weight(window: MainWindow) -> None:
    hover(window, at_weight(window, 1.0))
    bars = window.preview.classes.bars
    assert bars.isVisible()
    assert bars.names == NAMES
    assert bars.readout(0) == "car 1.00"
    hover(window, at_weight(window, 10**0.5))
    np.testing.assert_allclose(bars.values, 0.5, atol=0.05)
    assert bars.truth == ""
    lines = window.preview.facts.lines
    assert [name for name, _, _ in lines] == ["Weight", "Inverse"]
    assert lines[0][1].endswith(" t")
    assert lines[1][1] == "Bayes’ rule, exact"


def test_a_vehicle_shows_its_picture_its_weight_and_the_truth(window: MainWindow) -> None:
    window.dispatch("preview.pin_row", row=3)
    bars = window.preview.classes.bars
    assert bars.truth == "van"
    assert bars.values.argmax() == 0
    assert window.preview.facts.lines[:2] == (
        ("Weight", SEEN.words(float(np.geomspace(0.4, 25, 60)[3])), False), ("Truth", "van", False)
    )  # fmt: skip
    assert window.preview.pictures.original.image is not None
    assert bars.accessibleDescription() == "car 1.00, van 0.00"


def test_bars_to_drag_give_way_to_probabilities_and_come_back(window: MainWindow) -> None:
    window.dispatch("preview.pin_row", row=3)
    assert not window.preview.bars.isVisible()
    window.preview.set_classes((), "", "", "", "")
    assert window.preview.bars.isVisible()
    assert not window.preview.classes.isVisible()
    # Their names stay with the latent's bars.
    assert window.preview.bars.readout(0) == "car 1.00"
    window.preview.set_names(())
    assert window.preview.bars.readout(0) == "z 0 = 1.00"


def test_one_click_shows_the_truth_and_hides_it_again(window: MainWindow) -> None:
    state = window.workbench.workspace.state
    assert state.map.colour_by == "inferred type"
    window.dispatch("preview.pin_row", row=3)
    button = window.preview.classes.uncover
    assert button.text() == "Show the truth"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.workbench.workspace.state.map.colour_by == "type"
    assert button.text() == "Hide the truth"
    # The chip says what is inferred, and the map's colour now means something else.
    assert window.preview.title.chip == "car"
    window.dispatch("preview.pin_row", row=5)
    assert window.preview.title.colour is None
    window.dispatch("preview.pin_row", row=4)
    assert window.preview.title.colour is not None
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.workbench.workspace.state.map.colour_by == "inferred type"
    window.dispatch("edit.undo")
    assert window.workbench.workspace.state.map.colour_by == "type"
    assert button.text() == "Hide the truth"


def test_it_says_in_one_line_why_nothing_is_decoded(window: MainWindow) -> None:
    why = "The model infers a type from a weight; it has no decoder that could draw one."
    assert window.preview.empty.sentence.endswith(why)
    hover(window, at_weight(window, 1.0))
    assert window.preview.pictures.note.text() == why
    assert window.preview.pictures.original.image is None


def test_a_path_between_weights_has_no_pictures_and_says_why(window: MainWindow) -> None:
    window.dispatch("path.add_row", row=0)
    window.dispatch("path.add_row", row=40)
    film = window.workbench.paths.film
    assert film is not None
    assert film.images is None
    assert window.editor.path_tab.caption.startswith("The model infers a type from a weight")
    assert "nothing is drawn" in window.preview.posterior.why_not.sentence


def test_curves_stand_over_the_points_in_the_colours_of_their_types(window: MainWindow) -> None:
    window.dispatch("map.toggle_thumbnails")
    car, van = (QColor(*row) for row in category_colours(2, True).tolist())
    before = picture(window)
    both = count_of(before, car), count_of(before, van)
    assert min(both) > 100
    # The curve goes with its points.
    window.dispatch("map.filter", name="car")
    after = picture(window)
    assert count_of(after, car) == 0
    assert count_of(after, van) >= 0.9 * both[1]


def test_the_curves_follow_the_theme(window: MainWindow) -> None:
    window.set_theme(LIGHT)
    image = picture(window)
    for row in category_colours(2, False).tolist():
        assert count_of(image, QColor(*row)) > 100


def test_a_line_stands_at_the_cursor_and_goes_away(window: MainWindow) -> None:
    hover(window, QPoint(5, 5))
    before = picture(window)
    at = at_weight(window, 3.0)
    hover(window, at)
    there = picture(window)
    line = [there.pixelColor(at.x(), y) != before.pixelColor(at.x(), y) for y in range(80, 300)]
    assert np.mean(line) > 0.9
    hover(window, QPoint(5, 5))
    view = window.map_panel.view
    region = view._box_of_hover()
    assert (region.top(), region.height()) == (0, view.height())
    assert picture(window) == before


def test_the_axis_lies_at_the_foot_below_all_points(window: MainWindow) -> None:
    view = window.map_panel.view
    coordinates = view.scene.coordinates
    assert coordinates is not None
    y = view.camera.to_pixels(coordinates, view.width(), view.height())[:, 1]
    assert y.max() == pytest.approx(view.height() - FOOT_PX, abs=1)
    assert y.min() > 0


def test_another_projection_is_a_plain_map_again(window: MainWindow) -> None:
    view = window.map_panel.view
    assert view._viewpoint.chart is not None
    window.dispatch("map.method", name="pca")
    assert view._viewpoint.chart is None
    window.dispatch("map.method", name="density")
    assert view._viewpoint.chart is not None


def test_a_button_pressed_in_vain_does_not_look_pressed(window: MainWindow) -> None:
    QTest.mouseClick(window.top_bar._dims.button(3), Qt.MouseButton.LeftButton)
    assert "has no 3D map" in window.status.message
    assert window.top_bar._dims.button(2).isChecked()


@pytest.mark.parametrize(
    ("low", "high", "most", "texts"),
    [
        (-1.0, 1.0, 20, ["0.1", "0.2", "0.5", "1", "2", "5", "10"]),
        (-1.0, 1.0, 4, ["0.1", "1", "10"]),
        (-12.0, 12.0, 7, ["1e-12", "1e-8", "0.0001", "1", "10000", "1e8", "1e12"]),
        (0.0, 0.2, 20, ["1", "1.2", "1.4"]),
        (1.0, 1.0, 20, []),
        (float("nan"), 1.0, 20, []),
    ],
)
def test_a_log_axis_has_round_numbers(
    low: float, high: float, most: float, texts: list[str]
) -> None:
    ticks = log_ticks(low, high, most)
    assert [text for _, text in ticks] == texts
    for x, text in ticks:
        assert x == pytest.approx(np.log10(float(text)), abs=1e-9)
        assert low - 1e-9 <= x <= high + 1e-9


def test_beside_another_map_it_is_a_chart_as_well(window: MainWindow) -> None:
    second = window.side_by_side.beside.view
    window.dispatch("map.compare", reference="weighed.arrow")
    assert second._viewpoint.chart is not None
    assert second._viewpoint.chart.caption == "Only the weight is seen; the type is inferred."
    assert second._viewpoint.chart.curves is not None
    window.dispatch("map.filter", name="car")
    assert second._viewpoint.chart.curves is not None
    assert len(second._viewpoint.chart.curves.heights) == 1
