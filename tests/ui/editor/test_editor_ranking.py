"""The ranked samples: where they lie, what is asked for, what is chosen."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from latentviewer.app.ranking import Ranks
from latentviewer.ui.editor.ranking_layout import NAMES_PX, RankingLayout
from latentviewer.ui.editor.ranking_presenter import scope_of
from latentviewer.ui.editor.ranking_strip import RankingStrip, value_text
from latentviewer.ui.editor.ranking_tab import RankingTab
from latentviewer.ui.theme import DARK, LIGHT
from tests.ui.editor.conftest import Said

ROWS = np.random.default_rng(0).permutation(10_000)


@pytest.fixture
def tab(qtbot: QtBot, dispatch: Callable[..., None]) -> RankingTab:
    made = RankingTab(dispatch, DARK)
    qtbot.addWidget(made)
    made.set_choice(("kl", "recon_error"), "recon_error", "largest", len(ROWS))
    made.strip.set_lines(("Original", "Decoded", "Difference"))
    made.strip.set_ranks(ROWS, np.linspace(1, 0, len(ROWS)))
    made.resize(800, 220)
    made.show()
    qtbot.waitExposed(made)
    return made


def middle(strip: RankingStrip, index: int) -> QPoint:
    return strip.column_rect(index).center().toPoint()


@given(
    st.integers(1, 10_000), st.integers(1, 3), st.integers(300, 2000), st.integers(90, 700),
    st.data(),
)  # fmt: skip
def test_every_place_in_a_column_is_that_sample(
    count: int, lines: int, width: int, height: int, data: st.DataObject
) -> None:
    free = RankingLayout(count, lines, width, height)
    layout = RankingLayout(count, lines, width, height, data.draw(st.integers(0, free.beyond)))
    index = data.draw(st.sampled_from(layout.seen()))
    x = layout.left(index) + layout.side / 2
    if x >= NAMES_PX:
        assert layout.at(x, 5) == index
        assert layout.at(layout.left(index) + layout.step - 1, 5) == index
    assert layout.at(NAMES_PX - 1, 5) is None
    last = RankingLayout(count, lines, width, height, free.beyond)
    assert last.left(count - 1) + last.step <= max(width, NAMES_PX + last.step)


def test_ten_thousand_samples_ask_for_those_in_view_only(tab: RankingTab) -> None:
    strip = tab.strip
    asked: list[list[int]] = []
    strip.wanted.connect(asked.append)
    bar = strip.horizontalScrollBar()
    for value in range(0, bar.maximum(), bar.maximum() // 40):
        bar.setValue(value)
    assert max(len(rows) for rows in asked) < 25
    bar.setValue(bar.maximum())
    assert asked[-1][-1] == ROWS[-1]
    for row in asked[-1]:
        strip.set_pictures(row, [None, None, None])
    bar.setValue(bar.maximum() - 1)
    assert asked[-1] == []
    strip.forget_pictures()
    assert asked[-1][-1] == ROWS[-1]


def test_pointing_and_clicking_name_the_row_not_the_rank(tab: RankingTab, said: Said) -> None:
    strip = tab.strip
    heard: list[int | None] = []
    strip.pointed.connect(heard.append)
    strip.left_alone.connect(lambda: heard.append(None))
    QTest.mouseMove(strip.viewport(), middle(strip, 2))
    QTest.mouseMove(strip.viewport(), middle(strip, 2) + QPoint(1, 1))
    QTest.mouseMove(strip.viewport(), QPoint(10, 10))
    assert heard == [ROWS[2], None]
    QTest.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=middle(strip, 3))
    assert said == [("ranking.show", {"row": int(ROWS[3])})]


def test_keys_go_through_it_and_enter_chooses(tab: RankingTab, said: Said) -> None:
    strip = tab.strip
    heard: list[int] = []
    strip.pointed.connect(heard.append)
    for key in (Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Left, Qt.Key.Key_Home):
        QTest.keyClick(strip, key)
    assert heard == [ROWS[1], ROWS[-1], ROWS[-2], ROWS[0]]
    QTest.keyClick(strip, Qt.Key.Key_End)
    assert len(ROWS) - 1 in strip.layout_now.seen()
    QTest.keyClick(strip, Qt.Key.Key_Return)
    assert said == [("ranking.show", {"row": int(ROWS[-1])})]


def test_controls_run_commands_and_setters_do_not(tab: RankingTab, said: Said) -> None:
    assert said == []
    tab.count.setValue(7)
    tab.select.click()
    assert said.pop() == (
        "select.top", {"column": "recon_error", "count": 7, "order": "largest"},
    )  # fmt: skip
    tab.column.setCurrentIndex(0)
    tab.column.activated.emit(0)
    assert said.pop() == ("ranking.by", {"column": "kl"})
    tab.order.setCurrentIndex(1)
    tab.order.activated.emit(1)
    assert said.pop() == ("ranking.order", {"order": "smallest"})
    tab.set_choice(("kl",), "kl", "smallest", 3)
    assert (tab.count.maximum(), tab.count.value()) == (3, 3)
    assert said == []


def test_no_value_nothing_to_select(tab: RankingTab) -> None:
    tab.set_choice(("kl",), "kl", "largest", 0)
    tab.strip.set_ranks(ROWS[:0], np.zeros(0))
    assert not tab.select.isEnabled()
    QTest.keyClick(tab.strip, Qt.Key.Key_Right)
    assert not tab.grab().isNull()


def test_it_paints_in_both_themes_with_and_without_pictures(tab: RankingTab) -> None:
    before = tab.grab().toImage()
    picture = QImage(8, 8, QImage.Format.Format_RGB32)
    picture.fill(Qt.GlobalColor.red)
    tab.strip.set_pictures(int(ROWS[0]), [picture, None, picture])
    with_picture = tab.grab().toImage()
    assert with_picture != before
    tab.strip.set_selected(frozenset({int(ROWS[1])}))
    assert tab.grab().toImage() != with_picture
    tab.set_theme(LIGHT)
    tab.resize(390, 200)
    assert not tab.grab().isNull()


def test_values_and_scopes_in_words() -> None:
    values = (0.0370, -1.5, 12.0, 123.4, 1e9, np.inf)
    assert [value_text(v) for v in values] == [
        "0.0370", "−1.50", "12.0", "123", "1.00e+09", "∞",
    ]  # fmt: skip

    def scope(count: int, within: int | None, left_out: int) -> str:
        return scope_of(Ranks("x", "largest", ROWS[:count], np.zeros(count), within, left_out))

    assert scope(10_000, None, 0) == "10,000 samples"
    assert scope(2, 3, 1) == "3 selected samples, 1 without a value"
    assert scope(1, None, 0) == "1 sample"
