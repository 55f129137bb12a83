"""The denoising tab: what it asks for, and what it shows of a run."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from latentviewer.ui.editor.condition_form import NO_CONDITIONS
from latentviewer.ui.editor.denoising_tab import DenoisingTab
from latentviewer.ui.editor.path_tab import PathTab
from latentviewer.ui.theme import DARK, LIGHT

Said = list[tuple[str, dict[str, Any]]]

DIGITS = {"label": tuple("0123456789")}
TWELVE = {f"attribute {i}": ("no", "yes") for i in range(12)}


@pytest.fixture
def tab(qtbot: QtBot, dispatch: Callable[..., None]) -> Iterator[DenoisingTab]:
    holder = QWidget()
    qtbot.addWidget(holder)
    holder.resize(900, 204)
    # As in the editor, where the window's width decides, not the tab's layout.
    made = DenoisingTab(dispatch, DARK, holder)
    made.resize(900, 204)
    made.set_conditions(DIGITS)
    made.set_settings(3, 20, 2.0, {}, None, False, False)
    holder.show()
    qtbot.waitExposed(holder)
    yield made
    holder.close()


def pictures(count: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(0).random((count, 8, 8, 1), np.float32)


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def test_controls_run_commands(tab: DenoisingTab, said: Said) -> None:
    tab.set_steps(pictures(5), 5, ["noise", "", "", "", "data"])
    for button in (tab.play, tab.new_noise, tab.noisy, tab.under_cursor, tab.find_noise):
        click(button)
    assert [command for command, _ in said] == [
        "denoise.play", "denoise.new_noise", "denoise.noisy", "denoise.under_cursor",
        "denoise.find_noise",
    ]  # fmt: skip
    # Switches wait for the session's answer.
    assert not tab.noisy.isChecked()
    assert not tab.under_cursor.isChecked()


def test_numbers_are_asked_for_once_they_are_entered(tab: DenoisingTab, said: Said) -> None:
    tab.steps.setValue(50)
    tab.seed.setValue(8)
    tab.guidance.setEnabled(True)
    tab.guidance.setValue(35)
    assert said == [
        ("denoise.steps", {"count": 50}),
        ("denoise.seed", {"seed": 8}),
        ("denoise.guidance", {"value": 3.5}),
    ]


def test_a_class_is_chosen_or_none(tab: DenoisingTab, said: Said) -> None:
    choice = tab.form.choices["label"]
    assert [choice.itemText(i) for i in (0, 1, 10)] == ["any", "0", "9"]
    QTest.keyClick(choice, Qt.Key.Key_Down)
    assert said == [("denoise.ask", {"what": "label=0"})]
    tab.set_settings(0, 20, 2.0, {"label": "7"}, None, False, False)
    assert choice.currentText() == "7"
    QTest.keyClick(choice, Qt.Key.Key_Home)
    assert said[-1] == ("denoise.ask", {"what": "label="})


def test_the_sessions_settings_are_shown_without_asking_for_them(
    tab: DenoisingTab, said: Said
) -> None:
    tab.set_settings(12, 100, 8.0, {"label": "1"}, None, True, True)
    shown = (tab.seed.value(), tab.steps.value(), tab.guidance.value())
    assert shown == (12, 100, 80)
    assert tab.noisy.isChecked()
    assert tab.under_cursor.isChecked()
    assert said == []


def test_guidance_waits_for_something_to_guide_towards(tab: DenoisingTab) -> None:
    assert not tab.guidance.isEnabled()
    assert "ask for a class first" in tab.guidance.toolTip()
    tab.set_settings(0, 20, 0.0, {"label": "1"}, None, False, False)
    assert tab.guidance.isEnabled()
    assert "0 ignores it" in tab.guidance.toolTip()


def test_a_samples_noise_takes_the_place_of_the_seed(tab: DenoisingTab, said: Said) -> None:
    assert tab.seed.isVisible()
    tab.set_settings(0, 20, 1.0, {}, "#12 · 7", False, False)
    assert not tab.seed.isVisible()
    assert tab.sample.text() == "#12 · 7"
    click(tab.sample)
    assert said == [("denoise.release", {})]


def test_scrubbing_by_slider_and_by_strip(tab: DenoisingTab, said: Said) -> None:
    tab.set_steps(pictures(21), 21, ["" for _ in range(21)])
    tab.set_current(20)
    assert said == []
    tab.slider.setValue(4)
    tab.strip.horizontalScrollBar().setValue(0)
    QTest.mouseClick(tab.strip.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 40))
    assert said == [("denoise.show_step", {"index": 4}), ("denoise.show_step", {"index": 0})]
    tab.set_current(9)
    assert (tab.slider.value(), tab.strip.current) == (9, 9)


def test_steps_appear_as_they_come(tab: DenoisingTab) -> None:
    images = pictures(21)
    tab.set_steps(images, 1, [])
    assert not tab.play.isEnabled()
    before = tab.strip.grab().toImage()
    tab.set_steps(images, 6, [])
    assert tab.play.isEnabled()
    assert tab.strip.grab().toImage() != before
    tab.set_steps(None, 0, [])
    assert not tab.slider.isEnabled()


def test_a_stopped_run_can_be_run_again(tab: DenoisingTab, said: Said) -> None:
    tab.set_note("stopped at 41 of 101", "step 40", True)
    assert tab.again.isVisible()
    click(tab.again)
    assert said == [("denoise.run", {})]
    assert tab.caption.text() == "stopped at 41 of 101"
    tab.resize(420, 204)
    assert tab.caption.text() == "step 40"
    tab.set_note("step 20 of 20", "step 20 of 20", False)
    assert not tab.again.isVisible()


def test_twelve_conditions_stand_in_two_columns_and_scroll(tab: DenoisingTab) -> None:
    tab.set_conditions(TWELVE)
    QTest.qWait(1)
    choices = list(tab.form.choices.values())
    places = [choice.mapTo(tab.form.widget(), QPoint(0, 0)) for choice in choices]
    assert len({place.x() for place in places}) == 2
    assert len({place.y() for place in places}) == 6
    assert tab.form.verticalScrollBar().maximum() > 0
    assert all(choice.width() >= 90 for choice in choices)


def test_without_conditions_it_says_so(tab: DenoisingTab) -> None:
    tab.set_conditions({})
    assert tab.form.choices == {}
    assert NO_CONDITIONS in [label.text() for label in tab.form.findChildren(type(tab.caption))]


def test_a_narrow_window_has_room_for_all_controls(tab: DenoisingTab) -> None:
    for sample in (None, "#1234 · a long label"):
        tab.set_settings(9_999, 100, 2.0, {}, sample, False, False)
        tab.resize(408, 204)
        QTest.qWait(1)
        shown = [
            w for w in tab.findChildren(QWidget)
            if w.parent() is tab and w.isVisible() and w.y() < 40
        ]  # fmt: skip
        assert max(w.geometry().right() for w in shown) <= 408
        boxes = sorted((w.x(), w.geometry().right()) for w in shown)
        assert all(a[1] < b[0] for a, b in pairwise(boxes))
    tab.set_theme(LIGHT)
    assert not tab.grab().isNull()


def test_noise_stands_among_the_ways_of_a_path_where_there_is_one(
    qtbot: QtBot, dispatch: Callable[..., None], said: Said
) -> None:
    path = PathTab(dispatch, DARK)
    qtbot.addWidget(path)
    assert path.mode.findData("noise") < 0
    path.set_noise_offered(True)
    path.set_noise_offered(True)
    assert path.mode.count() == 3
    path.set_path(["a", "b"], [0, 23], "noise", 24, False)
    assert path.mode.currentText() == "Noise (slerp)"
    # A path that goes through noise keeps its mode until another is chosen.
    path.set_noise_offered(False)
    assert path.mode.currentData() == "noise"
    path.set_path(["a", "b"], [0, 23], "linear", 24, False)
    path.set_noise_offered(False)
    assert path.mode.findData("noise") < 0
    assert said == []
