import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentviewer.app.state import PlaceTarget, RowTarget, Target
from latentviewer.domain.ports import Frame, Splat
from latentviewer.kernels.reference import NumpyRasteriser
from latentviewer.ui.map.map_view import MapView
from latentviewer.ui.theme import DARK, LIGHT

SIZE = 400


class Counting(NumpyRasteriser):
    """Counts the frames."""

    def __init__(self) -> None:
        self.frames = 0

    def draw(self, splat: Splat) -> Frame:
        self.frames += 1
        return super().draw(splat)


class Fixture:
    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.calls: list[tuple[str, dict[str, object]]] = []
        self.rasteriser = Counting()
        self.view = MapView(self.rasteriser, self._dispatch, DARK)
        self.view.animations_enabled = False
        self.hovers: list[Target | None] = []
        self.view.hovered.connect(self.hovers.append)
        qtbot.addWidget(self.view)
        self.view.resize(SIZE, SIZE)
        self.view.show()

    def _dispatch(self, command_id: str, **arguments: object) -> None:
        self.calls.append((command_id, arguments))

    def pixel(self, row: int) -> QPoint:
        coordinates = self.view.scene.coordinates
        assert coordinates is not None
        x, y = self.view.camera.to_pixels(coordinates[row][None], SIZE, SIZE)[0].tolist()
        return QPoint(round(x), round(y))

    def send(
        self,
        kind: QEvent.Type,
        at: QPoint,
        buttons: Qt.MouseButton = Qt.MouseButton.NoButton,
        modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    ) -> None:
        place = QPointF(at)
        button = buttons if kind != QEvent.Type.MouseMove else Qt.MouseButton.NoButton
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else buttons
        event = QMouseEvent(kind, place, self.view.mapToGlobal(place), button, held, modifiers)
        QApplication.sendEvent(self.view, event)

    def hover(self, at: QPoint) -> None:
        self.send(QEvent.Type.MouseMove, at)

    def send_leave(self) -> None:
        QApplication.sendEvent(self.view, QEvent(QEvent.Type.Leave))

    def hovered_row(self) -> int:
        hovered = self.hovers[-1]
        assert isinstance(hovered, RowTarget)
        return hovered.row

    def drag(
        self, *places: QPoint, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        left = Qt.MouseButton.LeftButton
        self.send(QEvent.Type.MouseButtonPress, places[0], left, modifiers)
        for place in places[1:]:
            self.send(QEvent.Type.MouseMove, place, left, modifiers)
        self.send(QEvent.Type.MouseButtonRelease, places[-1], left, modifiers)

    def click(
        self, at: QPoint, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
    ) -> None:
        self.drag(at, modifiers=modifiers)


@pytest.fixture
def made(qtbot: QtBot) -> Fixture:
    return Fixture(qtbot)


CORNERS = np.array([[0, 0], [10, 0], [0, 10], [10, 10], [5, 5]], np.float32)


@pytest.fixture
def five(made: Fixture) -> Fixture:
    made.view.set_points(CORNERS)
    palette = np.array([[250, 0, 0, 255], [0, 250, 0, 255]], np.uint8)
    made.view.set_colours(np.array([0, 0, 1, 1, 0], np.uint8), palette)
    made.view.set_settings(5.0, False, False)
    made.view.repaint()
    return made


def test_hovering_names_exactly_the_point_under_the_cursor(five: Fixture) -> None:
    for row in range(5):
        five.hover(five.pixel(row))
        hovered = five.hovers[-1]
        assert isinstance(hovered, RowTarget)
        assert hovered.row == row


def test_a_row_of_another_map_is_ringed_until_the_cursor_is_here(five: Fixture) -> None:
    def seen() -> QImage:
        # Without the frame that says where the focus is.
        return five.view.grab().toImage().copy(4, 4, SIZE - 8, SIZE - 8)

    five.send_leave()
    bare = seen()
    five.view.set_linked(3)
    linked = seen()
    assert linked != bare
    five.hover(five.pixel(3))
    assert seen() == linked
    five.hover(five.pixel(0))
    five.view.set_linked(None)
    assert seen() not in (bare, linked)
    five.send_leave()
    assert seen() == bare
    five.view.set_linked(5)
    assert seen() == bare


def test_hovering_an_empty_place_names_the_place(five: Fixture) -> None:
    at = (five.pixel(0) + five.pixel(4)) / 2
    five.hover(at)
    hovered = five.hovers[-1]
    assert isinstance(hovered, PlaceTarget)
    expected = five.view.camera.to_map(at.x(), at.y(), SIZE, SIZE)
    assert hovered.place == pytest.approx(expected)


def test_where_points_share_a_pixel_the_one_that_is_seen_answers(made: Fixture) -> None:
    made.view.set_points(np.array([[0, 0]] * 9 + [[1, 1]], np.float32))
    palette = np.array([[28 * row, 200, 255 - 28 * row, 255] for row in range(10)], np.uint8)
    made.view.set_colours(np.arange(10, dtype=np.uint8), palette)
    made.view.set_settings(5.0, False, False)
    seen = made.view.grab().toImage().pixelColor(made.pixel(0))
    made.hover(made.pixel(0))
    # A grid line lies faintly over it.
    gaps = np.abs(palette[:, :3].astype(int) - [seen.red(), seen.green(), seen.blue()]).sum(axis=1)
    assert made.hovered_row() == int(np.argmin(gaps[:9]))


def test_hovering_does_not_draw_the_points_again(five: Fixture) -> None:
    before = five.rasteriser.frames
    for row in range(5):
        five.hover(five.pixel(row))
        five.view.repaint()
    assert five.rasteriser.frames == before


def test_leaving_the_map_says_so(five: Fixture) -> None:
    five.hover(five.pixel(0))
    QApplication.sendEvent(five.view, QEvent(QEvent.Type.Leave))
    assert five.hovers[-1] is None


@pytest.mark.parametrize(
    ("modifier", "mode"),
    [
        (Qt.KeyboardModifier.NoModifier, "replace"),
        (Qt.KeyboardModifier.ShiftModifier, "add"),
        (Qt.KeyboardModifier.ControlModifier, "toggle"),
    ],
)
def test_a_click_selects_and_pins(five: Fixture, modifier: Qt.KeyboardModifier, mode: str) -> None:
    five.click(five.pixel(3), modifier)
    assert five.calls == [("select.point", {"row": 3, "mode": mode})]


def test_a_click_on_an_empty_place_pins_the_place(five: Fixture) -> None:
    five.click((five.pixel(0) + five.pixel(4)) / 2)
    assert [call[0] for call in five.calls] == ["preview.pin_place"]


def test_a_drag_pans_and_does_not_click(five: Fixture) -> None:
    before = five.pixel(4)
    five.drag(QPoint(200, 200), QPoint(230, 190))
    assert five.calls == []
    assert five.pixel(4) - before == QPoint(30, -10)


def test_a_drag_turns_in_3d_and_pans_with_shift(made: Fixture) -> None:
    made.view.set_points(np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32))
    made.view.repaint()
    before = made.view.camera
    made.drag(QPoint(200, 200), QPoint(260, 220))
    turned = made.view.camera
    assert turned.yaw != before.yaw
    assert turned.centre == before.centre
    made.drag(QPoint(200, 200), QPoint(260, 220), modifiers=Qt.KeyboardModifier.ShiftModifier)
    assert made.view.camera.yaw == turned.yaw
    assert made.view.camera.centre != turned.centre


def test_the_wheel_zooms_at_the_cursor(five: Fixture) -> None:
    at = five.pixel(2)
    event = QWheelEvent(
        QPointF(at), QPointF(at), QPoint(0, 0), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    before = five.view.camera.scale
    QApplication.sendEvent(five.view, event)
    assert five.view.camera.scale > before
    assert (five.pixel(2) - at).manhattanLength() <= 1


def test_a_rectangle_selects_what_lies_inside(five: Fixture) -> None:
    five.view.set_tool("rectangle")
    left = min(five.pixel(0).x(), five.pixel(2).x()) - 10
    top, bottom = five.pixel(2).y() - 10, five.pixel(0).y() + 10
    five.drag(QPoint(left, top), QPoint(left + 5, top + 30), QPoint(left + 25, bottom))
    command, arguments = five.calls[0]
    assert command == "select.rows"
    assert sorted(arguments["rows"]) == [0, 2]  # type: ignore[call-overload]


def test_a_lasso_selects_visible_points_only(five: Fixture) -> None:
    palette = np.array([[250, 0, 0, 255], [0, 250, 0, 0]], np.uint8)
    five.view.set_colours(np.array([0, 0, 1, 1, 0], np.uint8), palette)
    five.view.set_tool("lasso")
    five.drag(QPoint(1, 1), QPoint(398, 1), QPoint(398, 398), QPoint(1, 398))
    assert sorted(five.calls[0][1]["rows"]) == [0, 1, 4]  # type: ignore[call-overload]


def test_hidden_points_do_not_answer(five: Fixture) -> None:
    palette = np.array([[250, 0, 0, 255], [0, 250, 0, 0]], np.uint8)
    five.view.set_colours(np.array([0, 0, 1, 1, 0], np.uint8), palette)
    five.view.repaint()
    five.hover(five.pixel(2))
    assert isinstance(five.hovers[-1], PlaceTarget)


def test_the_path_tool_puts_points_and_places(five: Fixture) -> None:
    five.view.set_tool("path")
    five.click(five.pixel(1))
    five.click((five.pixel(0) + five.pixel(4)) / 2)
    assert five.calls[0] == ("path.add_row", {"row": 1})
    assert five.calls[1][0] == "path.add_place"


def test_the_keyboard_goes_from_point_to_point(five: Fixture, qtbot: QtBot) -> None:
    qtbot.keyClick(five.view, Qt.Key.Key_N)
    qtbot.keyClick(five.view, Qt.Key.Key_N)
    qtbot.keyClick(five.view, Qt.Key.Key_Return)
    hovered = five.hovers[-1]
    assert isinstance(hovered, RowTarget)
    assert hovered.row == 1
    assert five.calls == [("preview.pin_row", {"row": 1})]
    before = five.view.camera.centre
    qtbot.keyClick(five.view, Qt.Key.Key_Left)
    assert five.view.camera.centre[0] < before[0]


def test_a_forming_map_keeps_the_view_once_moved_by_hand(five: Fixture) -> None:
    five.view.update_points(CORNERS * 3)
    assert five.view.camera.scale == pytest.approx(five.view._viewpoint.fitted(CORNERS * 3).scale)
    five.drag(QPoint(200, 200), QPoint(230, 190))
    camera = five.view.camera
    five.view.update_points(CORNERS * 9)
    assert five.view.camera == camera


def test_thumbnails_are_asked_for_once_and_only_when_few_points_are_in_view(
    made: Fixture,
) -> None:
    wanted: list[list[int]] = []
    made.view.thumbnails_wanted.connect(lambda rows: wanted.append(rows.tolist()))
    many = np.random.default_rng(0).normal(size=(4000, 2)).astype(np.float32)
    made.view.set_points(many)
    made.view.repaint()
    assert wanted == []
    made.view.set_points(CORNERS)
    made.view.repaint()
    made.view.repaint()
    assert sorted(wanted[0]) == [0, 1, 2, 3, 4]
    assert len(wanted) == 1
    made.view.add_thumbnails(np.arange(5), np.full((5, 8, 8, 1), 255, np.uint8))
    image = made.view.grab().toImage()
    assert image.pixelColor(made.pixel(4)).lightness() > 200


def test_a_selection_dims_the_rest(five: Fixture) -> None:
    before = five.view.grab().toImage().pixelColor(five.pixel(0))
    five.view.set_selection(np.array([4]))
    image = five.view.grab().toImage()
    assert image.pixelColor(five.pixel(0)).red() < before.red() / 2
    assert image.pixelColor(five.pixel(4)).red() == before.red()


def test_a_selected_point_lies_on_top_of_the_others(made: Fixture) -> None:
    made.view.set_points(np.vstack([np.zeros((50, 2)), [[1, 1]]]).astype(np.float32))
    for row in (7, 31):
        made.view.set_selection(np.array([row]))
        made.view.repaint()
        made.hover(made.pixel(0))
        assert made.hovered_row() == row


def test_one_selected_point_is_ringed_until_the_filter_hides_it(five: Fixture) -> None:
    def ringed() -> bool:
        at = five.pixel(3) + QPoint(7, 0)
        return five.view.grab().toImage().pixelColor(at).lightness() > 120

    assert not ringed()
    five.view.set_selection(np.array([3]))
    assert ringed()
    palette = np.array([[250, 0, 0, 255], [0, 250, 0, 0]], np.uint8)
    five.view.set_colours(np.array([0, 0, 1, 1, 0], np.uint8), palette)
    assert not ringed()


def test_a_thumbnail_answers_for_its_point(five: Fixture) -> None:
    beside = five.pixel(4) + QPoint(12, -12)
    five.hover(beside)
    assert isinstance(five.hovers[-1], PlaceTarget)
    five.view.set_settings(5.0, False, True)
    five.view.repaint()
    five.view.add_thumbnails(np.arange(5), np.full((5, 8, 8, 1), 255, np.uint8))
    five.hover(beside)
    assert five.hovered_row() == 4
    five.click(beside)
    assert five.calls == [("select.point", {"row": 4, "mode": "replace"})]


def test_thumbnails_of_what_is_not_selected_are_faded(five: Fixture) -> None:
    five.view.set_settings(5.0, False, True)
    five.view.repaint()
    five.view.add_thumbnails(np.arange(5), np.full((5, 8, 8, 1), 255, np.uint8))
    five.view.set_selection(np.array([0]))
    image = five.view.grab().toImage()
    chosen, other = (image.pixelColor(five.pixel(row)).lightness() for row in (0, 4))
    assert chosen > 200
    assert other < 140


def test_turning_a_forming_map_does_not_stop_the_view_from_following(made: Fixture) -> None:
    points = np.random.default_rng(0).normal(size=(20, 3)).astype(np.float32)
    made.view.set_points(points)
    made.drag(QPoint(200, 200), QPoint(260, 220))
    turned, before = made.view.camera.yaw, made.view.camera.scale
    made.view.update_points(points * 8)
    assert made.view.camera.yaw == turned
    assert made.view.camera.scale == pytest.approx(before / 8, rel=0.01)


def test_a_selection_out_of_sight_is_brought_into_view(five: Fixture) -> None:
    QApplication.sendEvent(five.view, QEvent(QEvent.Type.Leave))
    five.view.zoom(4.0)
    before = five.view.camera
    five.view.bring_into_view(np.array([4]))
    assert five.view.camera == before
    five.view.bring_into_view(np.array([0, 1]))
    assert five.view.camera.centre == (5.0, 0.0)


def test_no_cross_is_left_where_the_cursor_was_before_a_repaint(five: Fixture) -> None:
    five.hover((five.pixel(0) + five.pixel(4)) / 2)
    five.view.repaint()
    asked: list[QRect] = []
    five.view.update = lambda region: asked.append(region.boundingRect())  # type: ignore[method-assign]
    cross = (five.pixel(0) + five.pixel(4)) / 2
    five.hover(five.pixel(3))
    five.qtbot.waitUntil(lambda: bool(asked))
    assert asked[0].contains(cross)


def test_counts_tell_what_is_in_view(five: Fixture) -> None:
    counts: list[tuple[int, int]] = []
    five.view.counts_changed.connect(lambda drawn, there: counts.append((drawn, there)))
    QApplication.sendEvent(five.view, QEvent(QEvent.Type.Leave))
    five.view.zoom(4.0)
    five.view.repaint()
    assert counts[-1] == (1, 5)


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize("dims", [2, 3])
def test_tiny_maps_draw_and_answer(made: Fixture, count: int, dims: int) -> None:
    made.view.set_points(np.zeros((count, dims), np.float32))
    made.view.set_colours(np.zeros(count, np.uint8), np.array([[1, 2, 3, 255]], np.uint8))
    made.view.set_empty_text("Nothing here.")
    made.view.repaint()
    made.hover(QPoint(200, 200))
    made.click(QPoint(200, 200))
    made.view.fit()
    made.view.set_theme(LIGHT)
    made.view.set_points(None)
    made.view.repaint()
    made.hover(QPoint(200, 200))


def accent_pixels(view: MapView) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    pixels = np.frombuffer(image.constBits(), np.uint8)
    pixels = pixels.reshape(image.height(), image.bytesPerLine())[:, : 3 * image.width()]
    accent = DARK.colour("accent")
    wanted = np.array([accent.red(), accent.green(), accent.blue()])
    return np.abs(pixels.reshape(image.height(), -1, 3).astype(int) - wanted).max(axis=2) < 40


def test_a_posterior_is_drawn_to_scale_around_its_place(five: Fixture) -> None:
    five.view.clearFocus()
    covariance = np.diag([1.0, 0.25])
    assert not accent_pixels(five.view).any()
    five.view.set_posterior(np.array([5, 5], np.float32), covariance)
    down, across = np.nonzero(accent_pixels(five.view))
    middle, scale = five.pixel(4), five.view.camera.scale
    assert across.max() == pytest.approx(middle.x() + 2 * scale, abs=3)
    assert across.min() == pytest.approx(middle.x() - 2 * scale, abs=3)
    assert down.max() == pytest.approx(middle.y() + 1 * scale, abs=3)
    region = five.view._annotations.region_of_posterior(five.view.camera, (SIZE, SIZE))
    assert all(region.contains(QPoint(x, y)) for x, y in zip(across, down, strict=True))
    five.view.set_posterior(None)
    assert not accent_pixels(five.view).any()


def test_a_posterior_of_another_map_or_of_any_size_does_no_harm(five: Fixture) -> None:
    five.view.clearFocus()
    five.view.set_posterior(np.zeros(3, np.float32), np.eye(3), "three")
    assert not accent_pixels(five.view).any()
    for covariance in (np.zeros((2, 2)), np.eye(2) * 1e30, np.full((2, 2), np.inf)):
        five.view.set_posterior(np.array([5, 5], np.float32), covariance, "large")
        assert not five.view.grab().isNull()


def test_in_3d_the_outline_of_the_ellipsoid_turns_with_the_map(made: Fixture) -> None:
    made.view.set_points(np.random.default_rng(0).random((50, 3)).astype(np.float32) * 10)
    made.view.clearFocus()
    made.view.set_posterior(np.full(3, 5, np.float32), np.diag([4.0, 0.01, 0.01]))
    before = accent_pixels(made.view)
    made.drag(QPoint(200, 200), QPoint(330, 200))
    after = accent_pixels(made.view)
    widths = [np.ptp(np.nonzero(drawn)[1]) for drawn in (before, after)]
    assert min(widths) > 0
    assert abs(widths[0] - widths[1]) > 20


def test_placed_samples_are_dots_and_their_region_is_repainted(five: Fixture) -> None:
    five.view.clearFocus()
    samples = np.array([[1, 1], [9, 2], [4, 9]], np.float32)
    five.view.set_posterior(np.array([5, 5], np.float32), np.zeros((2, 2)), "", samples)
    region = five.view._annotations.region_of_posterior(five.view.camera, (SIZE, SIZE))
    drawn = accent_pixels(five.view)
    for x, y in five.view.camera.to_pixels(samples, SIZE, SIZE).tolist():
        assert drawn[round(y), round(x)]
        assert region.contains(QPoint(round(x), round(y)))
