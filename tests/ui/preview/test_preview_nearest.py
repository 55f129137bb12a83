"""The nearest samples: pictures or words, by a metric that is chosen."""

from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from latentviewer.domain.metrics import METRICS
from latentviewer.ui.preview.nearest import NearestSection
from latentviewer.ui.theme import DARK, LIGHT

ROWS = np.array([5, 7, 9], np.int64)
DISTANCES = np.array([0.25, 0.5, 1.5], np.float32)


class Fixture:
    def __init__(self, qtbot: QtBot, columns: int = 1) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.section = NearestSection("Nearest", self._dispatch, DARK, columns=columns)
        self.chosen: list[int] = []
        self.section.chosen.connect(self.chosen.append)
        qtbot.addWidget(self.section)
        self.section.resize(320, 260)
        self.section.show()

    def _dispatch(self, command_id: str, **arguments: Any) -> None:
        self.calls.append((command_id, arguments))

    def show_words(self) -> None:
        self.section.set_pictured(False)
        self.section.set_samples(ROWS, ["princess", "king", ""], DISTANCES, None)


@pytest.fixture
def shown(qtbot: QtBot) -> Fixture:
    return Fixture(qtbot)


def test_words_take_the_place_of_pictures_where_there_are_none(shown: Fixture) -> None:
    assert shown.section.strip.isVisible()
    assert not shown.section.words.isVisible()
    shown.show_words()
    assert not shown.section.strip.isVisible()
    assert [cell.words for cell in shown.section.words.cells] == [
        ("princess", "0.25"), ("king", "0.50"), ("#9", "1.50"),
    ]  # fmt: skip
    assert shown.section.words.cells[0].tip == "#5 · princess, 0.250 away"


def test_a_click_or_a_key_chooses_a_word(shown: Fixture) -> None:
    shown.show_words()
    words = shown.section.words
    at = words.cell_rect(1).center().toPoint()
    QTest.mouseClick(words, Qt.MouseButton.LeftButton, pos=at)
    QTest.keyClick(words, Qt.Key.Key_Down)
    QTest.keyClick(words, Qt.Key.Key_Return)
    QTest.keyClick(words, Qt.Key.Key_Down)
    QTest.keyClick(words, Qt.Key.Key_Return)
    assert shown.chosen == [1, 2, 2]
    below = words.cell_rect(3).center().toPoint()
    QTest.mouseClick(words, Qt.MouseButton.LeftButton, pos=below)
    assert shown.chosen == [1, 2, 2]


def test_in_columns_the_nearest_come_first_downwards(qtbot: QtBot) -> None:
    section = Fixture(qtbot, columns=2).section
    first, second, fifth = (section.words.cell_rect(i) for i in (0, 1, 4))
    assert first.left() == second.left()
    assert second.top() > first.top()
    assert (fifth.top(), fifth.left() > first.right()) == (first.top(), True)


def test_the_metric_is_a_command_and_follows_the_session(shown: Fixture) -> None:
    by = shown.section.by
    assert [by.itemData(i) for i in range(by.count())] == list(METRICS)
    shown.section.set_metric("cosine")
    assert (by.currentText(), shown.calls) == ("Cosine", [])
    by.setCurrentIndex(2)
    by.activated.emit(2)
    assert shown.calls == [("latent.metric", {"name": "dot"})]


def test_a_dot_product_is_shown_as_it_is_and_not_with_its_sign_turned(shown: Fixture) -> None:
    shown.section.set_metric("dot")
    shown.section.set_samples(ROWS, ["a", "b", "c"], -DISTANCES, None)
    cells = shown.section.words.cells
    assert [cell.words[1] for cell in cells] == ["0.25", "0.50", "1.50"]
    assert cells[0].tip == "#5 · a, dot product 0.250"


def test_what_belongs_to_the_sample_before_is_drawn_weakly(shown: Fixture) -> None:
    shown.show_words()
    fresh = shown.section.words.grab().toImage()
    shown.section.set_stale()
    assert shown.section.words.stale
    assert shown.section.words.grab().toImage() != fresh
    shown.show_words()
    assert shown.section.words.grab().toImage() == fresh
    shown.section.set_theme(LIGHT)
    assert shown.section.words.grab().toImage() != fresh
    shown.section.clear()
    assert shown.section.words.cells == shown.section.strip.cells == ()
