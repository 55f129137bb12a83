"""The path tab: what each control asks for, and what it shows."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from latentviewer.app.commands import COMMANDS
from latentviewer.ui.editor.editor import Editor
from latentviewer.ui.editor.path_tab import EMPTY, PathTab
from latentviewer.ui.editor.waypoint_chips import WaypointChips
from latentviewer.ui.theme import DARK, LIGHT

Said = list[tuple[str, dict[str, Any]]]
LABELS = ("#18 · 3", "place", "#4021 · Ankle boot")
DECLARED = {c.id: {a.name for a in c.arguments} for c in COMMANDS}


@pytest.fixture
def tab(qtbot: QtBot, dispatch: Callable[..., None]) -> PathTab:
    made = PathTab(dispatch, DARK)
    qtbot.addWidget(made)
    made.resize(860, 200)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def full(tab: PathTab) -> PathTab:
    tab.set_path(LABELS, np.array([0, 8, 23]), "slerp", 24, False)
    tab.set_frames(np.zeros((24, 8, 8, 1), np.float32), 24)
    return tab


def drag(chips: WaypointChips, index: int, to_x: float) -> None:
    start = chips.chip_rect(index).center().toPoint()
    end = QPoint(round(to_x), start.y())
    QTest.mousePress(chips, Qt.MouseButton.LeftButton, pos=start)
    QTest.mouseMove(chips, (start + end) / 2)
    QTest.mouseMove(chips, end)
    QTest.mouseRelease(chips, Qt.MouseButton.LeftButton, pos=end)


def test_an_empty_path_says_how_to_start(tab: PathTab) -> None:
    assert tab.is_empty
    assert EMPTY == (
        "Choose the path tool (P) and click points on the map, or press W to add what the "
        "preview shows."
    )
    tab.set_path(("#1",), (0,), "linear", 24, False)
    assert not tab.is_empty
    tab.set_path((), (), "linear", 24, False)
    assert tab.is_empty


def test_setting_the_path_asks_for_nothing(full: PathTab, said: Said) -> None:
    assert said == []
    assert full.mode.currentData() == "slerp"
    assert full.frames.value() == 24
    assert full.chips.labels == LABELS
    full.set_path(LABELS, (0, 1, 2), "linear", 600, True)
    assert said == []
    assert full.closed.isChecked()


def test_buttons_ask_for_their_commands(full: PathTab, said: Said) -> None:
    for button in (full.play, full.export, full.clear, full.closed):
        assert button.accessibleName()
        button.click()
    assert said == [("path.play", {}), ("path.export", {}), ("path.clear", {}), ("path.closed", {})]
    assert not full.closed.isChecked(), "only the session closes the path"


def test_mode_and_frames_ask_with_their_values(full: PathTab, said: Said) -> None:
    full.mode.setFocus()
    QTest.keyClick(full.mode, Qt.Key.Key_Up)
    full.frames.setValue(60)
    full.frames.setValue(9999)
    assert said == [
        ("path.mode", {"mode": "linear"}),
        ("path.frames", {"count": 60}),
        ("path.frames", {"count": 600}),
    ]
    for command, arguments in said:
        assert set(arguments) == DECLARED[command]
    assert full.frames.minimum() == 2


def test_typing_a_number_asks_once(full: PathTab, said: Said) -> None:
    full.frames.setFocus()
    full.frames.selectAll()
    QTest.keyClicks(full.frames, "120")
    assert said == []
    QTest.keyClick(full.frames, Qt.Key.Key_Return)
    assert said == [("path.frames", {"count": 120})]


def test_the_pace_is_the_tabs_own(full: PathTab, said: Said) -> None:
    assert full.pace == 24
    full.pace_slider.setValue(12)
    assert full.pace == 12
    assert said == []


def test_scrubbing_shows_a_frame(full: PathTab, said: Said) -> None:
    layout = full.film.layout_now
    at = QPoint(round(layout.left(3) + 5), 40)
    QTest.mouseClick(full.film.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert said == [("path.show_frame", {"index": 3})]


def test_play_is_named_after_what_it_does(full: PathTab) -> None:
    assert full.play.accessibleName() == "Play path"
    full.set_playing(True)
    assert full.play.accessibleName() == "Pause path"
    full.set_theme(LIGHT)
    assert full.play.accessibleName() == "Pause path"


def test_without_a_film_there_is_nothing_to_play(full: PathTab) -> None:
    full.set_frames(None, 0)
    assert not full.play.isEnabled()
    assert not full.export.isEnabled()
    full.set_frames(np.zeros((2, 1, 1, 1), np.float32), 0)
    assert full.play.isEnabled()


def test_the_x_of_a_chip_removes_its_waypoint(full: PathTab, said: Said) -> None:
    chips = full.chips
    at = chips.close_rect(1).center().toPoint()
    QTest.mouseClick(chips, Qt.MouseButton.LeftButton, pos=at)
    assert said == [("path.remove", {"index": 1})]
    QTest.mouseClick(chips, Qt.MouseButton.LeftButton, pos=chips.chip_rect(0).center().toPoint())
    assert len(said) == 1


def test_dragging_a_chip_moves_its_waypoint(full: PathTab, said: Said) -> None:
    chips = full.chips
    drag(chips, 0, chips.chip_rect(2).right() + 5)
    drag(chips, 2, 2)
    drag(chips, 1, chips.chip_rect(2).center().x() + 3)
    drag(chips, 1, chips.chip_rect(1).center().x() + 8)
    assert said == [
        ("path.move", {"index": 0, "to": 2}),
        ("path.move", {"index": 2, "to": 0}),
        ("path.move", {"index": 1, "to": 2}),
    ]


def test_chips_by_keyboard(full: PathTab, said: Said) -> None:
    chips = full.chips
    control = Qt.KeyboardModifier.ControlModifier
    QTest.keyClick(chips, Qt.Key.Key_Left, control)
    QTest.keyClick(chips, Qt.Key.Key_Right)
    QTest.keyClick(chips, Qt.Key.Key_Right, control)
    QTest.keyClick(chips, Qt.Key.Key_Right, control)
    QTest.keyClick(chips, Qt.Key.Key_Delete)
    assert said == [("path.move", {"index": 1, "to": 2}), ("path.remove", {"index": 2})]


def test_many_chips_scroll_to_the_newest(full: PathTab) -> None:
    full.set_path([f"#{i} · a label" for i in range(60)], range(60), "linear", 60, False)
    last = full.chips.chip_rect(59)
    assert last.right() <= full.chips.width() + 1
    assert full.chips.chip_rect(0).right() < 0


def test_the_editor_has_two_tabs_and_shows_either(
    qtbot: QtBot, dispatch: Callable[..., None]
) -> None:
    editor = Editor(dispatch, DARK)
    qtbot.addWidget(editor)
    assert editor.current is editor.path_tab
    editor.show_arithmetic()
    assert editor.current is editor.arithmetic_tab
    editor.show_path()
    assert editor.current is editor.path_tab
    editor.set_theme(LIGHT)
