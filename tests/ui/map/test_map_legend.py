import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from latentviewer.ui.map.legend import Legend
from latentviewer.ui.theme import DARK


class Heard:
    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, object]]] = []

    def __call__(self, command_id: str, **arguments: object) -> None:
        self.calls.append((command_id, arguments))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def legend(qtbot: QtBot, heard: Heard) -> Legend:
    made = Legend(heard, DARK)
    qtbot.addWidget(made)
    made.show()
    return made


def fill(legend: Legend, names: list[str], hidden: frozenset[str] = frozenset()) -> None:
    count = len(names)
    legend.set_categories(
        names, np.arange(count), np.full((count, 3), 99, np.uint8), hidden, title="label"
    )


def row_middle(legend: Legend, row: int) -> QPoint:
    return legend.list.visualRect(legend.list.model().index(row, 0)).center()


def test_a_click_shows_or_hides_a_label(legend: Legend, heard: Heard, qtbot: QtBot) -> None:
    fill(legend, ["a", "b", ""])
    qtbot.mouseClick(legend.list.viewport(), Qt.MouseButton.LeftButton, pos=row_middle(legend, 1))
    qtbot.mouseClick(
        legend.list.viewport(),
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.AltModifier,
        row_middle(legend, 2),
    )
    assert heard.calls == [("map.filter", {"name": "b"}), ("map.isolate", {"name": ""})]


def test_the_keyboard_filters_too(legend: Legend, heard: Heard, qtbot: QtBot) -> None:
    fill(legend, ["a", "b"])
    legend.list.setCurrentIndex(legend.list.model().index(1, 0))
    qtbot.keyClick(legend.list, Qt.Key.Key_Space)
    qtbot.keyClick(legend.list, Qt.Key.Key_Return)
    assert heard.calls == [("map.filter", {"name": "b"}), ("map.isolate", {"name": "b"})]


def test_five_thousand_labels_can_be_found_by_typing(
    legend: Legend, heard: Heard, qtbot: QtBot
) -> None:
    fill(legend, [f"класс {i}" for i in range(5000)])
    assert legend._filter.isVisible()
    qtbot.keyClicks(legend._filter, "4321")
    assert legend.list.model().rowCount() == 1
    qtbot.mouseClick(legend.list.viewport(), Qt.MouseButton.LeftButton, pos=row_middle(legend, 0))
    assert heard.calls == [("map.filter", {"name": "класс 4321"})]


def test_show_all_appears_when_something_is_hidden(
    legend: Legend, heard: Heard, qtbot: QtBot
) -> None:
    fill(legend, ["a", "b"])
    assert not legend._all.isVisible()
    fill(legend, ["a", "b"], frozenset({"a"}))
    qtbot.mouseClick(legend._all, Qt.MouseButton.LeftButton)
    assert heard.calls == [("map.show_all", {})]


def test_dragging_an_end_of_the_colour_bar_filters_by_value(
    legend: Legend, heard: Heard, qtbot: QtBot
) -> None:
    legend.set_numbers("score", 0.0, 10.0, np.zeros((254, 3), np.uint8), (0.0, 10.0))
    bar = legend.bar
    quarter = QPoint(8 + round((bar.width() - 16) * 0.25), 12)
    qtbot.mousePress(bar, Qt.MouseButton.LeftButton, pos=quarter)
    qtbot.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=quarter)
    command, arguments = heard.calls[0]
    assert command == "map.value_range"
    assert arguments["low"] == pytest.approx(2.5, abs=0.1)
    assert arguments["high"] == 10.0
    qtbot.keyClick(bar, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert heard.calls[1][1]["high"] == pytest.approx(9.8)


@pytest.mark.parametrize(
    ("ends", "missing", "scale"),
    [((0.0, 1.0), 0, True), ((0.0, 1.0), 3, True), ((np.nan, np.nan), 3, False)],
)
def test_rows_without_a_number_have_a_line_of_their_own(
    legend: Legend, ends: tuple[float, float], missing: int, scale: bool
) -> None:
    legend.set_numbers("score", *ends, np.full((254, 3), 200, np.uint8), ends, missing)
    lines = legend.bar.height() // 23
    assert lines == (2 if scale else 0) + (1 if missing else 0)
    assert not legend._all.isVisible()


def test_one_value_for_all_is_not_drawn_as_filtered_out(legend: Legend) -> None:
    legend.set_numbers("score", 5.0, 5.0, np.full((254, 3), (10, 200, 10), np.uint8), (5.0, 5.0))
    image = legend.bar.grab().toImage()
    for x in (20, legend.bar.width() // 2, legend.bar.width() - 20):
        assert image.pixelColor(x, 12).green() == 200


def test_a_legend_is_no_higher_than_its_room(legend: Legend) -> None:
    fill(legend, list("abcdefghijkl"))
    before = legend.height()
    legend.set_room(before - 60)
    assert legend.height() <= before - 60


def test_beside_a_second_map_it_is_narrow(legend: Legend) -> None:
    fill(legend, ["a", "b"])
    wide = legend.width()
    legend.set_compact(True)
    narrow = legend.width()
    colours = np.full((4, 3), 99, np.uint8)
    legend.set_numbers("score", 0.0, 1.0, colours)
    scale = legend.width()
    assert narrow < scale < wide
    fill(legend, ["a", "b"], frozenset({"a"}))
    assert legend.width() == narrow
    assert legend._all.text() == "All"
    assert legend.rect().contains(legend._all.geometry())
    legend.set_numbers("score", 0.0, 1.0, colours)
    legend.set_compact(False)
    assert legend.width() == wide
    assert legend._all.text() == "Show all"
