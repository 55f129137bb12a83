"""The film: which frame lies where, scrubbing, frames that are not decoded yet."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from latentviewer.ui.editor.film_layout import FilmLayout
from latentviewer.ui.editor.filmstrip import Filmstrip
from latentviewer.ui.theme import DARK, LIGHT


@pytest.fixture
def film(qtbot: QtBot) -> Filmstrip:
    made = Filmstrip(DARK)
    qtbot.addWidget(made)
    made.resize(600, 118)
    made.show()
    qtbot.waitExposed(made)
    return made


def frames(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(0).random((count, 8, 8, 1), np.float32)


@given(st.integers(1, 600), st.floats(20, 120), st.data())
def test_every_place_in_a_frame_is_that_frame(count: int, side: float, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, count - 1))
    scrolled = data.draw(st.floats(0, count * side))
    layout = FilmLayout(count, side, scrolled)
    left = layout.left(index)
    for inside in (0.01, 0.5, 0.99):
        assert layout.index(left + inside * side) == index
    assert index in layout.between(left, left + side)
    assert layout.index(-1e9) == 0
    assert layout.index(1e9) == count - 1


def test_without_frames_there_is_nowhere_to_go(film: Filmstrip) -> None:
    assert FilmLayout(0, 50).index(10) is None
    assert FilmLayout(0, 50).width == 0
    heard: list[int] = []
    film.scrubbed.connect(heard.append)
    film.set_frames(None, 0)
    QTest.mouseClick(film.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(30, 50))
    QTest.keyClick(film, Qt.Key.Key_Right)
    assert heard == []
    assert not film.grab().isNull()


def test_clicking_and_dragging_scrub(film: Filmstrip) -> None:
    film.set_frames(frames(30), 30)
    heard: list[int] = []
    film.scrubbed.connect(heard.append)
    layout = film.layout_now

    def middle(i: int) -> QPoint:
        return QPoint(round(layout.left(i) + layout.side / 2), 50)

    QTest.mousePress(film.viewport(), Qt.MouseButton.LeftButton, pos=middle(2))
    QTest.mouseMove(film.viewport(), middle(2) + QPoint(3, 0))
    QTest.mouseMove(film.viewport(), middle(4))
    QTest.mouseMove(film.viewport(), middle(3))
    QTest.mouseRelease(film.viewport(), Qt.MouseButton.LeftButton)
    QTest.mouseMove(film.viewport(), middle(1))
    assert heard == [2, 4, 3]
    assert film.current == 3


def test_scrubbing_counts_what_is_scrolled_away(film: Filmstrip) -> None:
    film.set_frames(frames(600), 600)
    bar = film.horizontalScrollBar()
    bar.setValue(bar.maximum())
    heard: list[int] = []
    film.scrubbed.connect(heard.append)
    QTest.mouseClick(film.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(595, 50))
    assert heard == [599]


def test_keys_step_through_the_film(film: Filmstrip) -> None:
    film.set_frames(frames(25), 25)
    heard: list[int] = []
    film.scrubbed.connect(heard.append)
    keys = (
        Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_End, Qt.Key.Key_Right,
        Qt.Key.Key_PageUp, Qt.Key.Key_Home,
    )  # fmt: skip
    for key in keys:
        QTest.keyClick(film, key)
    assert heard == [0, 1, 0, 24, 14, 0]


@pytest.mark.parametrize("count", [0, 1, 2, 600])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_any_number_of_frames_half_done(film: Filmstrip, count: int, share: float) -> None:
    film.set_frames(frames(count), int(count * share))
    film.set_pins([0, count - 1, 9999])
    film.set_current(count - 1)
    assert not film.grab().isNull()
    assert film.count == count


def test_a_frame_shows_as_soon_as_it_is_decoded(film: Filmstrip) -> None:
    images = np.zeros((4, 8, 8, 1), np.float32)
    film.set_frames(images, 0)
    waiting = film.grab().toImage()
    images[0] = 1.0
    film.set_frames(images, 1)
    place = film.layout_now
    x, y = round(place.left(0)) + 8, 60
    assert film.grab().toImage().pixelColor(x, y).lightness() > 240
    assert waiting.pixelColor(x, y).lightness() < 100


def test_another_film_forgets_the_pictures_of_the_last(film: Filmstrip) -> None:
    film.set_frames(np.ones((4, 8, 8, 1), np.float32), 4)
    film.grab()
    film.set_current(3)
    film.set_frames(np.zeros((2, 8, 8, 1), np.float32), 2)
    place = film.layout_now
    x = round(place.left(0) + place.side / 2)
    assert film.grab().toImage().pixelColor(x, 60).lightness() < 60
    assert film.current is None


def test_the_shown_frame_is_brought_into_view(film: Filmstrip) -> None:
    film.set_frames(frames(200), 200)
    film.set_current(150)
    layout = film.layout_now
    assert 0 <= layout.left(150) <= film.viewport().width() - layout.side
    film.set_current(0)
    assert film.horizontalScrollBar().value() == 0
    film.set_current(999)
    assert film.current is None


def test_a_line_of_distances_takes_room_and_marks_far_frames(film: Filmstrip) -> None:
    film.set_frames(frames(5), 5)
    side = film.layout_now.side
    plain = film.grab().toImage()
    distances = np.array([0, 1, 2, np.nan, 4], np.float32)
    film.set_distances(distances, distances > 3)
    assert film.layout_now.side < side
    assert film.grab().toImage() != plain
    film.set_frames(frames(9), 9)
    assert film.layout_now.side == side


def test_the_theme_changes_and_no_timer_runs(film: Filmstrip) -> None:
    film.set_frames(frames(3), 1)
    dark = film.grab().toImage()
    film.set_theme(LIGHT)
    assert film.grab().toImage() != dark
    assert not [timer for timer in film.findChildren(QTimer) if timer.isActive()]


def test_the_focus_shows_before_a_frame_is_chosen(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    other = QLineEdit(window)
    film = Filmstrip(DARK, window)
    film.setGeometry(0, 40, 300, 140)
    film.set_frames(np.zeros((4, 8, 8, 1), np.float32), 4)
    window.resize(300, 180)
    window.show()
    qtbot.waitExposed(window)
    other.setFocus()
    qtbot.waitUntil(other.hasFocus)
    before = film.grab().toImage()
    film.setFocus()
    qtbot.waitUntil(film.hasFocus)
    assert film.current is None
    assert film.grab().toImage() != before
