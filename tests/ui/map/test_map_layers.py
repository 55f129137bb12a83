"""The strip of layers, and points that go from one map to another."""

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from latentviewer.kernels.reference import NumpyRasteriser
from latentviewer.ui.map.camera import Camera
from latentviewer.ui.map.layer_strip import LayerStrip
from latentviewer.ui.map.map_panel import MapPanel
from latentviewer.ui.map.map_view import MapView
from latentviewer.ui.map.morph import between
from latentviewer.ui.theme import DARK

FIVE = ("level1", "level2", "level3", "level4", "dense")
Said = list[tuple[str, dict[str, object]]]


@pytest.fixture
def said() -> Said:
    return []


@pytest.fixture
def dispatch(said: Said) -> Callable[..., None]:
    return lambda command, **arguments: said.append((command, arguments))


@pytest.fixture
def strip(qtbot: QtBot, dispatch: Callable[..., None]) -> LayerStrip:
    made = LayerStrip(dispatch)
    qtbot.addWidget(made)
    return made


def test_a_model_without_layers_has_no_strip(strip: LayerStrip) -> None:
    strip.set_layers((), "", None, "")
    assert strip.isHidden()


def test_a_button_asks_for_its_layer(strip: LayerStrip, said: Said) -> None:
    strip.set_layers(FIVE, "dense", None, "")
    strip.show()
    assert [n for n, b in strip.buttons.items() if b.isChecked()] == ["dense"]
    QTest.mouseClick(strip.buttons["level2"], Qt.MouseButton.LeftButton)
    assert said == [("map.layer", {"name": "level2"})]
    strip.set_layers(FIVE, "dense", "level2", "")
    assert strip.buttons["level2"].text() == "level2 …"
    assert strip.buttons["level2"].isChecked()
    strip.set_layers(FIVE, "dense", None, "")
    assert strip.buttons["dense"].isChecked()
    assert strip.buttons["level2"].text() == "level2"


def test_where_nothing_can_be_computed_it_says_why(strip: LayerStrip, said: Said) -> None:
    why = "The layers need the images of faces:test, which are not on this machine."
    strip.set_layers(FIVE, "dense", None, why)
    strip.show()
    assert strip.sentence == why
    QTest.mouseClick(strip.buttons["level2"], Qt.MouseButton.LeftButton)
    assert said == []
    strip.set_room(220)
    assert strip.width() <= 220
    words = strip._words
    assert words.heightForWidth(words.width()) <= words.height()


@pytest.mark.parametrize("names", [tuple(f"layer {i}" for i in range(40)), FIVE])
def test_many_layers_or_little_room_make_a_slider(
    strip: LayerStrip, said: Said, names: tuple[str, ...]
) -> None:
    strip.set_layers(names, names[2], None, "")
    strip.set_room(230)
    strip.show()
    assert strip.slider.isVisible()
    assert strip.slider.value() == 2
    assert said == []
    strip.slider.setFocus()
    QTest.keyClick(strip.slider, Qt.Key.Key_Right)
    assert said == [("map.layer", {"name": names[3]})]


def test_the_strip_stands_between_tools_and_legend(
    qtbot: QtBot, dispatch: Callable[..., None]
) -> None:
    # A window of its own would be taken apart by the garbage collector, in any order.
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(1000, 700)
    panel = MapPanel(NumpyRasteriser(), dispatch, DARK, window)
    panel.view.animations_enabled = False
    panel.resize(900, 600)
    window.show()
    points = np.random.default_rng(0).normal(size=(50, 2)).astype(np.float32)
    panel.view.set_points(points)
    panel.legend.set_categories(("a",), np.array([50]), np.zeros((1, 3), np.uint8), frozenset())
    panel.legend.show()

    def top() -> float:
        pixels = panel.view.camera.to_pixels(points, panel.view.width(), panel.view.height())
        return float(pixels[:, 1].min())

    before = top()
    panel.layers.set_layers(FIVE, "dense", None, "")
    place = panel.layers.geometry()
    assert panel.rect().contains(place)
    assert not place.intersects(panel.legend.geometry())
    assert not place.intersects(panel._tool_strip.geometry())
    assert before < place.bottom() < top()
    panel.resize(420, 500)
    place = panel.layers.geometry()
    assert panel.layers.slider.isVisible()
    assert panel.layers.slider.width() >= 44
    assert not place.intersects(panel.legend.geometry())
    assert not place.intersects(panel._tool_strip.geometry())
    panel.layers.set_layers((), "", None, "")
    panel.resize(900, 600)
    assert top() == pytest.approx(before, abs=1)


@pytest.mark.parametrize("dims", [2, 3])
def test_a_fitted_camera_leaves_the_upper_edge_free(dims: int) -> None:
    points = np.random.default_rng(1).normal(size=(40, dims)).astype(np.float32)
    camera = Camera(dims, (0.0,) * dims, 1.0).fitted(points, 400, 400, (0, 0), 100)
    y = camera.to_pixels(points, 400, 400)[:, 1]
    assert y.min() >= 100
    assert y.max() <= 400


def test_half_way_a_shape_is_half_changed_at_the_middle_of_the_sizes() -> None:
    begin = np.array([[-1, 0], [1, 0], [0, 0]], np.float32)
    end = np.array([[0, -100], [0, 100], [0, 0]], np.float32) + 50
    np.testing.assert_allclose(between(begin, end, 0.0), begin, atol=1e-5)
    np.testing.assert_allclose(between(begin, end, 1.0), end, atol=1e-4)
    half = between(begin, end, 0.5)
    np.testing.assert_allclose(half.mean(axis=0), [25, 25], atol=1e-4)
    np.testing.assert_allclose(half[1] - half[2], [5, 5], atol=1e-4)
    assert np.isfinite(between(np.zeros((4, 2), np.float32), begin[:1].repeat(4, 0), 0.5)).all()


@pytest.fixture
def view(qtbot: QtBot, dispatch: Callable[..., None]) -> MapView:
    made = MapView(NumpyRasteriser(), dispatch, DARK)
    qtbot.addWidget(made)
    made.resize(300, 300)
    made.show()
    made.animations_enabled = False
    made.set_points(np.random.default_rng(0).normal(size=(30, 2)).astype(np.float32))
    made.animations_enabled = True
    made.repaint()
    return made


def test_points_go_to_their_places_and_the_camera_with_them(view: MapView, qtbot: QtBot) -> None:
    end = np.random.default_rng(1).normal(size=(30, 2)).astype(np.float32) * 1000
    seen: list[float] = []
    step = view._morph._move

    def watch(points: np.ndarray, share: float) -> None:  # type: ignore[type-arg]
        step(points, share)
        pixels = view.camera.to_pixels(points, 300, 300)
        seen.append(float(np.ptp(pixels, axis=0).max()))

    view._morph._move = watch
    view.morph_points(end)
    assert view._morph.running
    assert view.scene.coordinates is not end
    qtbot.waitUntil(lambda: not view._morph.running)
    assert view.scene.coordinates is end
    # In view all the way, although the maps differ in size a thousandfold.
    assert seen
    assert all(100 < size < 900 for size in seen)
    view._viewpoint.stop()


def test_without_animations_points_are_there_at_once(view: MapView) -> None:
    view.animations_enabled = False
    end = np.ones((30, 2), np.float32)
    view.morph_points(end)
    assert view.scene.coordinates is end
    assert not view._morph.running


def test_another_map_ends_the_morph(view: MapView) -> None:
    view.morph_points(np.random.default_rng(1).normal(size=(30, 2)).astype(np.float32))
    other = np.zeros((7, 3), np.float32)
    view.set_points(other)
    assert not view._morph.running
    assert view.scene.coordinates is other
    view.morph_points(np.zeros((7, 2), np.float32))
    assert not view._morph.running
    assert view.dims == 2
