"""The arithmetic tab: faults at their character, completion, history, results."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from latentviewer.ui.editor.arithmetic_tab import ArithmeticTab
from latentviewer.ui.theme import DARK, LIGHT

Said = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def tab(qtbot: QtBot, dispatch: Callable[..., None]) -> ArithmeticTab:
    made = ArithmeticTab(dispatch, DARK)
    qtbot.addWidget(made)
    made.resize(860, 200)
    made.show()
    qtbot.waitExposed(made)
    made.focus_bar()
    qtbot.waitUntil(made.bar.hasFocus)
    return made


def show_result(tab: ArithmeticTab, count: int = 5, decoded: bool = True) -> None:
    tab.set_result(
        "#1 + #2",
        np.ones((8, 8, 1), np.float32) if decoded else None,
        np.arange(20, 20 + count),
        [str(i) for i in range(count)],
        np.linspace(0, 1, count).astype(np.float32),
        np.zeros((count, 8, 8, 1), np.uint8) if count else None,
        norm=3.25,
    )


def reddish_columns(tab: ArithmeticTab) -> list[int]:
    """Where the fault's colour is drawn inside the bar's frame."""
    image, red = tab.bar.grab().toImage(), QColor(DARK.error)
    ratio = image.devicePixelRatio()
    found = []
    for x in range(4, tab.bar.width() - 4):
        for y in range(tab.bar.height() // 2, tab.bar.height() - 3):
            pixel = image.pixelColor(round(x * ratio), round(y * ratio))
            near = abs(pixel.red() - red.red()) + abs(pixel.green() - red.green())
            if near + abs(pixel.blue() - red.blue()) < 60:
                found.append(x)
                break
    return found


def test_enter_and_the_button_evaluate(tab: ArithmeticTab, said: Said) -> None:
    QTest.keyClicks(tab.bar, "#1 + #2")
    QTest.keyClick(tab.bar, Qt.Key.Key_Return)
    tab.run.click()
    assert said == [("arithmetic.evaluate", {"text": "#1 + #2"})] * 2
    tab.bar.clear()
    QTest.keyClick(tab.bar, Qt.Key.Key_Return)
    assert len(said) == 2


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    text=st.text(st.sampled_from('mean(label=="3")+-#$@ ij'), min_size=1, max_size=300),
    data=st.data(),
)
def test_a_character_is_where_the_line_edit_says(
    tab: ArithmeticTab, text: str, data: st.DataObject
) -> None:
    """Scrolled or not, whatever the cursor's place: Qt maps our place back to the character."""
    tab.bar.setText(text)
    tab.bar.setCursorPosition(data.draw(st.integers(0, len(text))))
    position = data.draw(st.integers(0, len(text)))
    x = tab.bar.x_of(position)
    if 12 < x < tab.bar.width() - 12:
        assert tab.bar.cursorPositionAt(QPoint(round(x), tab.bar.height() // 2)) == position


def test_the_mark_is_drawn_under_the_character(tab: ArithmeticTab) -> None:
    text = 'mean(label == "3") - meen(label == "8")'
    tab.set_text(text)
    assert reddish_columns(tab) == []
    for position in (0, text.index("meen"), len(text) - 1):
        tab.set_fault("There is no function “meen”.", position)
        columns = reddish_columns(tab)
        left, right = tab.bar.x_of(position), tab.bar.x_of(position + 1)
        assert columns
        assert (left + right) / 2 - 7 <= min(columns)
        assert max(columns) <= (left + right) / 2 + 7
        assert left - 7 <= np.mean(columns) <= right + 7


def test_a_fault_at_the_end_stands_after_the_text(tab: ArithmeticTab) -> None:
    tab.set_text("#1 +")
    tab.set_fault("Something is missing at the end.", 4)
    assert tab.bar.fault == 4
    assert min(reddish_columns(tab)) >= tab.bar.x_of(4) - 4
    tab.set_fault("Beyond the text.", 400)
    assert tab.bar.fault == 4


def test_a_fault_is_said_and_goes_with_the_next_letter(tab: ArithmeticTab) -> None:
    tab.set_text("#1 +")
    tab.set_fault("Something is missing at the end.", 4)
    assert tab.fault.isVisible()
    assert tab.fault.sentence == "Something is missing at the end."
    assert tab.fault.accessibleDescription() == tab.fault.sentence
    QTest.keyClicks(tab.bar, " #")
    assert tab.bar.fault is None
    assert not tab.fault.isVisible()
    assert reddish_columns(tab) == []


def test_completions_replace_the_unfinished_word(tab: ArithmeticTab) -> None:
    asked: list[tuple[str, int]] = []

    def complete(text: str, position: int) -> list[str]:
        asked.append((text, position))
        return ["mean(", "median_thing("] if text.endswith("me") else []

    tab.set_completer(complete)
    QTest.keyClicks(tab.bar, "#1 + me")
    assert asked[-1] == ("#1 + me", 7)
    assert tab.bar.offers.texts == ["mean(", "median_thing("]
    assert tab.bar.offers.isVisible()
    QTest.keyClick(tab.bar, Qt.Key.Key_Tab)
    assert tab.bar.text() == "#1 + mean("
    assert tab.bar.cursorPosition() == len("#1 + mean(")
    assert not tab.bar.offers.isVisible()


def test_an_offer_is_taken_with_arrow_and_enter(tab: ArithmeticTab, said: Said) -> None:
    tab.set_completer(lambda text, _p: ["mean(", "mode("] if text == "m" else [])
    QTest.keyClicks(tab.bar, "m")
    QTest.keyClick(tab.bar, Qt.Key.Key_Down)
    QTest.keyClick(tab.bar, Qt.Key.Key_Down)
    QTest.keyClick(tab.bar, Qt.Key.Key_Return)
    assert tab.bar.text() == "mode("
    assert said == []


def test_enter_evaluates_although_completions_are_offered(tab: ArithmeticTab, said: Said) -> None:
    tab.set_completer(lambda _t, _p: ["zero("])
    QTest.keyClicks(tab.bar, "z")
    assert tab.bar.offers.isVisible()
    QTest.keyClick(tab.bar, Qt.Key.Key_Return)
    assert said == [("arithmetic.evaluate", {"text": "z"})]
    assert not tab.bar.offers.isVisible()


def test_an_offer_is_taken_by_click(tab: ArithmeticTab, said: Said) -> None:
    tab.set_completer(lambda _t, _p: ["mean(", "mode("])
    QTest.keyClicks(tab.bar, "#1 + m")
    offers = tab.bar.offers
    at = offers.visualItemRect(offers.item(1)).center()
    QTest.mouseClick(offers.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert tab.bar.text() == "#1 + mode("
    assert tab.bar.hasFocus()
    assert said == []


def test_offers_stay_inside_the_window(tab: ArithmeticTab) -> None:
    tab.set_completer(lambda _t, _p: [f"function_with_a_long_name_{i}(" for i in range(50)])
    QTest.keyClicks(tab.bar, "#1 + " * 30 + "f")
    assert tab.bar.offers.isVisible()
    assert tab.rect().contains(tab.bar.offers.geometry())


def test_escape_closes_the_offers(tab: ArithmeticTab) -> None:
    tab.set_completer(lambda _t, _p: ["zero("])
    QTest.keyClicks(tab.bar, "z")
    QTest.keyClick(tab.bar, Qt.Key.Key_Escape)
    assert not tab.bar.offers.isVisible()
    assert tab.bar.text() == "z"


def test_up_and_down_recall(tab: ArithmeticTab) -> None:
    tab.history = ["#1", "#2"]
    QTest.keyClicks(tab.bar, "#9")
    seen = []
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Down):
        QTest.keyClick(tab.bar, key)
        seen.append(tab.bar.text())
    assert seen == ["#2", "#1", "#1", "#2", "#9"]
    QTest.keyClick(tab.bar, Qt.Key.Key_Return)
    assert tab.history == ["#1", "#2", "#9"]
    tab.set_text("#1")
    QTest.keyClick(tab.bar, Qt.Key.Key_Return)
    assert tab.history == ["#2", "#9", "#1"]


def test_examples_fill_the_bar(tab: ArithmeticTab, said: Said) -> None:
    tab.set_examples(["#0 & #1", "zero()"])
    first, _second = tab.examples.chips
    assert first.text() == "#0 && #1"
    first.click()
    assert tab.bar.text() == "#0 & #1"
    assert said == []
    tab.set_examples([])
    assert tab.examples.chips == ()


def test_examples_that_do_not_fit_are_left_out(tab: ArithmeticTab) -> None:
    tab.set_examples([f'mean(label == "{i}") - something long' for i in range(9)])
    shown = [chip for chip in tab.examples.chips if chip.isVisible()]
    assert 0 < len(shown) < 9
    assert all(chip.geometry().right() <= tab.examples.width() for chip in shown)


def test_a_result_is_shown_with_its_samples(tab: ArithmeticTab, said: Said) -> None:
    assert not tab.has_result
    show_result(tab)
    assert tab.has_result
    assert tab.picture.image is not None
    assert ("Norm", "3.250", False) in tab.figures.lines
    at = tab.nearest.strip.cell_rect(2).center().toPoint()
    QTest.mouseClick(tab.nearest.strip, Qt.MouseButton.LeftButton, pos=at)
    assert said == [("preview.pin_row", {"row": 22})]
    tab.clear_result()
    assert not tab.has_result


@pytest.mark.parametrize("count", [0, 1, 8, 20])
def test_any_number_of_samples_and_no_decoder(tab: ArithmeticTab, count: int) -> None:
    show_result(tab, count, decoded=False)
    assert (tab.picture.image is None) == (count == 0)
    title = "Nearest sample" if count else "Decoded"
    assert tab.picture.accessibleName() == f"{title} picture"
    assert tab.picture.message
    assert not tab.grab().isNull()


def test_buttons_of_the_result(tab: ArithmeticTab, said: Said, qtbot: QtBot) -> None:
    show_result(tab)
    with qtbot.waitSignal(tab.show_result):
        tab.show_button.click()
    tab.add.click()
    tab.keep.click()
    assert said == [("path.add_shown", {}), ("latent.save", {})]


def test_the_result_changes_its_theme(tab: ArithmeticTab) -> None:
    show_result(tab)
    dark = tab.nearest.strip.grab().toImage()
    tab.set_theme(LIGHT)
    assert tab.nearest.strip.grab().toImage() != dark


def test_the_same_result_again_leaves_alone_what_is_being_written(tab: ArithmeticTab) -> None:
    show_result(tab)
    tab.bar.setText("#1 + #2 - #")
    show_result(tab)
    assert tab.bar.text() == "#1 + #2 - #"
    tab.clear_result()
    show_result(tab)
    assert tab.bar.text() == "#1 + #2"
