"""The rows of the latent dimensions: where pictures lie, what is asked for, what is chosen."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from latentviewer.app.dimensions import Measures
from latentviewer.domain.traversal import prior_range, traversal_values
from latentviewer.ui.editor.dimensions_presenter import figures_of, rows_of
from latentviewer.ui.editor.dimensions_tab import DimensionsTab
from latentviewer.ui.editor.traversal_layout import HEAD_PX, TraversalLayout
from latentviewer.ui.editor.traversals import Traversals
from latentviewer.ui.theme import DARK, LIGHT
from tests.ui.editor.conftest import Said


def measures_of(kl: list[float] | None, variance: list[float]) -> Measures:
    by = np.array(variance if kl is None else kl)
    return Measures(
        order=np.argsort(-by, kind="stable"),
        kl=None if kl is None else np.array(kl),
        variance=np.array(variance),
        active=np.array(variance) > 0.01,
        values=traversal_values(*prior_range(len(variance))),
        has_prior=True,
        mean=np.zeros(len(variance), np.float32),
    )


@pytest.fixture
def tab(qtbot: QtBot, dispatch: Callable[..., None]) -> DimensionsTab:
    made = DimensionsTab(dispatch, DARK)
    qtbot.addWidget(made)
    made.show_rows()
    made.resize(800, 220)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def rows(tab: DimensionsTab) -> Traversals:
    many = measures_of(np.linspace(3, 0.1, 32).tolist(), [1.0] * 32)
    tab.traversals.set_rows(*rows_of(many))
    tab.traversals.set_latent(np.zeros(32, np.float32))
    return tab.traversals


def middle(rows: Traversals, row: int, step: int) -> QPoint:
    return rows.picture_rect(row, step).center().toPoint()


@given(
    st.integers(1, 600), st.integers(2, 13), st.integers(300, 2000), st.integers(60, 900), st.data()
)
def test_every_place_in_a_picture_is_that_picture(
    count: int, steps: int, width: int, height: int, data: st.DataObject
) -> None:
    free = TraversalLayout(count, steps, width, height)
    scrolled = data.draw(st.integers(0, free.beyond))
    layout = TraversalLayout(count, steps, width, height, scrolled)
    row = data.draw(st.sampled_from(layout.seen()))
    step = data.draw(st.integers(0, steps - 1))
    x, y = layout.left(step) + layout.side / 2, layout.top(row) + layout.side / 2
    if y >= HEAD_PX:
        assert layout.at(x, y) == (row, step)
        assert layout.at(layout.left(step) + layout.side + 2, y) == (row, step)
    assert layout.at(layout.words, y) is None
    assert layout.at(x, HEAD_PX - 1) is None
    assert TraversalLayout(count, steps, width, height, free.beyond).seen()[-1] == count - 1


def test_all_pictures_fit_into_a_narrow_window() -> None:
    layout = TraversalLayout(8, 9, 366, 150)
    assert layout.left(8) + layout.side <= 366


def test_only_rows_in_view_are_asked_for(rows: Traversals, qtbot: QtBot) -> None:
    asked: list[list[int]] = []
    rows.wanted.connect(asked.append)
    rows.set_latent(np.ones(32, np.float32))
    assert 0 in asked[-1]
    assert len(asked[-1]) == len(rows.layout_now.seen()) < 10
    bar = rows.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert asked[-1][-1] == 31
    assert 0 not in asked[-1]
    pictures = np.zeros((9, 8, 8, 1), np.float32)
    for dimension in asked[-1]:
        rows.set_pictures(dimension, pictures)
    bar.setValue(bar.maximum() - 1)
    assert set(asked[-1]) <= {27, 28}
    rows.set_latent(np.zeros(32, np.float32))
    assert 31 in asked[-1]


def test_pointing_says_dimension_and_picture_once(rows: Traversals) -> None:
    heard: list[tuple[int, int] | None] = []
    rows.pointed.connect(lambda dimension, step: heard.append((dimension, step)))
    rows.left_alone.connect(lambda: heard.append(None))
    view = rows.viewport()
    QTest.mouseMove(view, middle(rows, 1, 2))
    QTest.mouseMove(view, middle(rows, 1, 2) + QPoint(2, 0))
    QTest.mouseMove(view, middle(rows, 1, 8))
    QTest.mouseMove(view, QPoint(20, 60))
    assert heard == [(1, 2), (1, 8), None]


def test_a_click_sets_the_dimension_by_its_number_not_by_its_rank(
    tab: DimensionsTab, said: Said
) -> None:
    tab.traversals.set_rows(*rows_of(measures_of([0.1, 2.0, 0.5], [1, 1, 1])))
    QTest.mouseClick(
        tab.traversals.viewport(), Qt.MouseButton.LeftButton, pos=middle(tab.traversals, 1, 8)
    )
    assert said == [("preview.set_dimension", {"index": 2, "value": 3.0})]


def test_keys_go_through_the_pictures_and_enter_sets(rows: Traversals, said: Said) -> None:
    heard: list[tuple[int, int]] = []
    rows.pointed.connect(lambda dimension, step: heard.append((dimension, step)))
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_End):
        QTest.keyClick(rows, key)
    assert heard == [(1, 0), (1, 1), (1, 2), (31, 2)]
    assert 31 in rows.layout_now.seen()
    QTest.keyClick(rows, Qt.Key.Key_Return)
    assert said == [("preview.set_dimension", {"index": 31, "value": -1.5})]


def test_a_constant_dimension_says_so_and_cannot_be_clicked(tab: DimensionsTab, said: Said) -> None:
    measures = measures_of(None, [1.0, 0.0])
    measures.values[1] = 0.5
    asked: list[list[int]] = []
    tab.traversals.wanted.connect(asked.append)
    tab.traversals.set_rows(*rows_of(measures))
    tab.traversals.set_latent(np.zeros(2, np.float32))
    assert asked[-1] == [0]
    QTest.mouseClick(
        tab.traversals.viewport(), Qt.MouseButton.LeftButton, pos=middle(tab.traversals, 1, 3)
    )
    assert said == []
    assert not tab.grab().isNull()


def test_infinite_and_missing_divergences_are_words(tab: DimensionsTab) -> None:
    made, title, heads = rows_of(measures_of([1.0, math.inf, math.nan], [1, 1, 0]))
    assert [row.amount for row in made] == ["∞", "1.00", "not a number"]
    assert [row.share for row in made] == [1.0, 1.0, 0.0]
    assert title == "KL to the prior, nats"
    assert heads[0] == "−3"
    tab.traversals.set_rows(made, title, heads)
    assert not tab.grab().isNull()


def test_without_a_posterior_the_header_says_what_decides() -> None:
    _rows, title, _heads = rows_of(measures_of(None, [0.5, 0.001]))
    assert title == "Variance"
    assert figures_of(measures_of(None, [0.5, 0.001])) == (
        "No posterior: sorted by variance · 1 of 2 active", False,
    )  # fmt: skip
    assert figures_of(measures_of([1.5, 0.01], [0.5, 0.001]))[0].startswith("KL 1.51 nats")


def test_it_paints_in_both_themes_before_and_after_its_pictures(
    tab: DimensionsTab, rows: Traversals
) -> None:
    before = tab.grab().toImage()
    rows.set_pictures(0, np.random.default_rng(0).random((9, 28, 28, 1), np.float32))
    after = tab.grab().toImage()
    assert after != before
    rows.set_latent(np.ones(32, np.float32))
    assert tab.grab().toImage() != after
    tab.set_theme(LIGHT)
    assert tab.grab().toImage() != after
