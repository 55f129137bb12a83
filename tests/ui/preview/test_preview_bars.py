"""Bars: what a place means, dragging, keys."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from preview_answers import Recorder
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentviewer.ui.preview.bar_scale import BarScale, half_range_of, pitch_of
from latentviewer.ui.preview.latent_bars import LatentBars
from latentviewer.ui.theme import DARK


@pytest.fixture
def bars(qtbot: QtBot, dispatch: Recorder) -> LatentBars:
    made = LatentBars(dispatch, DARK)
    qtbot.addWidget(made)
    made.resize(320, made.height())
    made.set_ranges(np.full(8, -2, np.float32), np.full(8, 2, np.float32))
    made.set_latent(np.linspace(-1, 1, 8).astype(np.float32), np.full(8, 0.4, np.float32), None)
    made.show()
    qtbot.waitExposed(made)
    return made


def press(bars: LatentBars, x: float, y: float) -> None:
    at = QPoint(round(x), round(y))
    QTest.mousePress(bars.viewport(), Qt.MouseButton.LeftButton, pos=at)


@given(
    st.integers(1, 200),
    st.floats(0.1, 50),
    st.floats(-100, 0),
    st.data(),
)
def test_a_place_means_what_was_drawn_there(
    count: int, half_range: float, left: float, data: st.DataObject
) -> None:
    scale = BarScale(count, half_range, left, pitch_of(count, 320), 5, 100)
    index = data.draw(st.integers(0, count - 1))
    value = data.draw(st.floats(-half_range, half_range))
    assert scale.index(scale.x(index)) == index
    assert scale.value(scale.y(value)) == pytest.approx(value, abs=half_range * 1e-9)
    assert index in scale.between(scale.x(index) - 1, scale.x(index) + 1)


def test_beyond_the_range_stands_at_the_edge() -> None:
    scale = BarScale(3, 2.0, 0, 20, 5, 100)
    assert scale.y(99.0) == 5
    assert scale.y(-99.0) == 100
    assert scale.value(-50) == 2.0
    assert scale.index(-1) is None
    assert scale.index(61) is None
    assert scale.y(float("nan")) == scale.zero


def test_the_scale_comes_from_the_data_and_not_from_what_is_shown() -> None:
    low, high = np.array([-2.0], np.float32), np.array([1.0], np.float32)
    assert half_range_of(low, high, np.array([9.0], np.float32)) == pytest.approx(3.0)
    assert half_range_of(None, None, np.array([-4.0], np.float32)) == pytest.approx(6.0)
    assert half_range_of(None, None, np.zeros(4, np.float32)) > 0


def test_dragging_sets_that_dimension_to_the_value_under_the_cursor(
    bars: LatentBars, dispatch: Recorder
) -> None:
    scale = bars.scale
    x, y = scale.x(5), scale.y(1.5)
    press(bars, x, scale.zero)
    QTest.mouseMove(bars.viewport(), QPoint(round(x), round(y)))
    QTest.mouseMove(bars.viewport(), QPoint(round(x) + 60, round(scale.y(-1.0))))
    QTest.mouseRelease(bars.viewport(), Qt.MouseButton.LeftButton)
    commands = [c for c, _ in dispatch.said]
    assert commands == ["preview.set_dimension"] * 2
    first, second = (arguments for _, arguments in dispatch.said)
    assert first["index"] == second["index"] == 5
    one_pixel = scale.value(scale.zero - 1)
    assert first["value"] == pytest.approx(1.5, abs=one_pixel)
    assert second["value"] == pytest.approx(-1.0, abs=one_pixel)
    assert bars.edited.tolist() == [False] * 5 + [True] + [False] * 2


def test_a_click_alone_changes_nothing(bars: LatentBars, dispatch: Recorder) -> None:
    press(bars, bars.scale.x(2), bars.scale.y(1.0))
    QTest.mouseRelease(bars.viewport(), Qt.MouseButton.LeftButton)
    assert dispatch.said == []
    assert bars.current == 2


def test_a_late_answer_does_not_pull_the_dragged_bar_back(bars: LatentBars) -> None:
    old = bars.values.copy()
    scale = bars.scale
    press(bars, scale.x(3), scale.zero)
    QTest.mouseMove(bars.viewport(), QPoint(round(scale.x(3)), round(scale.y(2.0))))
    held = float(bars.values[3])
    bars.set_latent(old + 0.1, None, old)
    assert bars.values[3] == held
    assert bars.values[0] == pytest.approx(old[0] + 0.1)
    QTest.mouseRelease(bars.viewport(), Qt.MouseButton.LeftButton)
    bars.set_latent(old, None, old)
    assert bars.values[3] == old[3]


def test_a_double_click_brings_the_first_value_back(bars: LatentBars, dispatch: Recorder) -> None:
    base = bars.values.copy()
    changed = base.copy()
    changed[6] = 1.9
    bars.set_latent(changed, None, base)
    at = QPoint(round(bars.scale.x(6)), round(bars.scale.zero))
    QTest.mouseDClick(bars.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert dispatch.said == [("preview.set_dimension", {"index": 6, "value": float(base[6])})]
    assert not bars.edited.any()


def test_keys_choose_change_and_reset(bars: LatentBars, dispatch: Recorder) -> None:
    base = bars.values.copy()
    QTest.keyClick(bars, Qt.Key.Key_Right)
    QTest.keyClick(bars, Qt.Key.Key_Right)
    QTest.keyClick(bars, Qt.Key.Key_Left)
    assert bars.current == 1
    QTest.keyClick(bars, Qt.Key.Key_Up)
    assert dispatch.said[-1][1]["index"] == 1
    assert dispatch.said[-1][1]["value"] > base[1]
    QTest.keyClick(bars, Qt.Key.Key_Down)
    QTest.keyClick(bars, Qt.Key.Key_Down)
    assert dispatch.said[-1][1]["value"] < base[1]
    coarse = abs(bars.values[1] - base[1])
    QTest.keyClick(bars, Qt.Key.Key_Delete)
    assert dispatch.said[-1][1] == {"index": 1, "value": float(base[1])}
    QTest.keyClick(bars, Qt.Key.Key_Up, Qt.KeyboardModifier.ShiftModifier)
    assert 0 < abs(bars.values[1] - base[1]) < coarse / 2
    QTest.keyClick(bars, Qt.Key.Key_End)
    QTest.keyClick(bars, Qt.Key.Key_Right)
    assert bars.current == 7
    QTest.keyClick(bars, Qt.Key.Key_Home)
    assert bars.current == 0


def wheel(bars: LatentBars, index: int, steps: int) -> bool:
    at = QPointF(bars.scale.x(index), bars.scale.zero)
    event = QWheelEvent(
        at, at, QPoint(0, 0), QPoint(0, 120 * steps), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(bars.viewport(), event)
    return event.isAccepted()


def test_the_wheel_adjusts_only_where_the_focus_is(
    bars: LatentBars, dispatch: Recorder, qtbot: QtBot
) -> None:
    bars.clearFocus()
    assert not wheel(bars, 4, 1)
    assert dispatch.said == []
    bars.setFocus()
    qtbot.waitUntil(bars.hasFocus)
    before = float(bars.values[4])
    assert wheel(bars, 4, 1)
    ((command, arguments),) = dispatch.said
    assert command == "preview.set_dimension"
    assert arguments["index"] == 4
    assert 0 < arguments["value"] - before < 0.1


def test_words_for_a_dimension(bars: LatentBars) -> None:
    assert bars.readout(7) == "z 7 = 1.00 ± 0.4"
    assert bars.readout(0) == "z 0 = −1.00 ± 0.4"
    assert bars.readout(99) == ""


def test_many_dimensions_scroll_and_keys_bring_them_into_view(bars: LatentBars) -> None:
    assert bars.horizontalScrollBar().maximum() == 0
    bars.set_latent(np.zeros(1024, np.float32), None, None)
    assert bars.horizontalScrollBar().maximum() > 0
    QTest.keyClick(bars, Qt.Key.Key_End)
    width = bars.viewport().width()
    assert bars.current == 1023
    assert 0 <= bars.scale.x(1023) <= width
    assert len(bars.scale.between(0, width)) < 80


@pytest.mark.parametrize("dim", [0, 1, 2])
def test_few_dimensions_are_drawn(bars: LatentBars, dim: int) -> None:
    bars.set_latent(np.zeros(dim, np.float32), None, None)
    QTest.keyClick(bars, Qt.Key.Key_Up)
    assert not bars.grab().isNull()


@pytest.mark.parametrize("count", [1, 2, 5, 8, 64])
def test_bars_fill_their_frame_and_stand_in_the_middle(
    qtbot: QtBot, dispatch: Recorder, count: int
) -> None:
    bars = LatentBars(dispatch, DARK)
    qtbot.addWidget(bars)
    bars.resize(320, bars.height())
    bars.set_latent(np.ones(count, np.float32), None, None)
    bars.show()
    scale, width = bars.scale, bars.viewport().width()
    right = scale.left + count * scale.pitch
    assert scale.left == pytest.approx(width - right, abs=1)
    assert scale.pitch <= 60
    assert scale.left < 1 or scale.pitch == 60
    image = bars.viewport().grab().toImage()
    middle = round(scale.zero) - 3
    assert image.pixelColor(round(scale.x(0)), middle) == QColor(DARK.text_faint)
    if scale.left > 4:
        assert image.pixelColor(round(scale.left) - 3, middle) == QColor(DARK.panel)
        assert image.pixelColor(round(right) + 3, middle) == QColor(DARK.panel)
