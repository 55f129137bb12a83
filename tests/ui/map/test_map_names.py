"""Names beside points: those that come first, none over another, none beyond the edge."""

import numpy as np
import pytest
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter
from pytestqt.qtbot import QtBot

from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import Texts, categories_of
from latentviewer.kernels.reference import NumpyRasteriser
from latentviewer.ui.map.camera import Camera
from latentviewer.ui.map.map_view import MapView
from latentviewer.ui.map.names import Names
from latentviewer.ui.map.presenter import names_of
from latentviewer.ui.theme import DARK

SIZE = (400, 300)


CAMERA = Camera(dims=2, centre=(2.0, 1.5), scale=100.0)  # shows x from 0 to 4, y from 0 to 3


def laid_out(places: list[tuple[float, float]], texts: list[str]) -> Names:
    names = Names()
    names.set_texts(texts)
    coordinates = np.array(places, np.float32)
    names.lay_out(np.arange(len(texts)), coordinates, CAMERA, SIZE, 2.0, QFont())
    return names


def test_the_first_of_those_that_would_cover_each_other_is_shown(qtbot: QtBot) -> None:
    names = laid_out([(2, 1), (2, 1.01), (2, 2.5)], ["first", "second", "apart"])
    assert names.rows == [0, 2]


def test_a_name_beyond_the_edge_is_left_out(qtbot: QtBot) -> None:
    names = laid_out([(3.99, 1), (1, 1), (9, 9)], ["a rather long name", "inside", "far away"])
    assert names.rows == [1]


def test_a_row_without_a_name_takes_no_room(qtbot: QtBot) -> None:
    assert laid_out([(2, 1), (2, 1)], ["", "word"]).rows == [1]


def test_no_name_covers_another(qtbot: QtBot) -> None:
    rng = np.random.default_rng(0)
    places = [tuple(p) for p in rng.uniform([0, 0], [4, 3], (800, 2)).tolist()]
    names = laid_out(places, [f"word {i}" for i in range(800)])
    font = QFont()
    font.setPixelSize(12)
    metrics = QFontMetricsF(font)
    boxes = [
        (spot.x(), spot.y(), spot.x() + metrics.horizontalAdvance(f"word {row}"), spot.y() + 12)
        for row, spot in zip(names.rows, names.spots, strict=True)
    ]
    assert len(boxes) > 20
    for i, (left, top, right, bottom) in enumerate(boxes):
        for other in boxes[:i]:
            apart = left >= other[2] or other[0] >= right or top >= other[3] or other[1] >= bottom
            assert apart


def test_long_names_are_cut_and_lines_joined(qtbot: QtBot) -> None:
    names = laid_out([(0.5, 1)], ["a sentence\nthat goes on " * 20])
    assert names.rows == [0]
    image = QImage(*SIZE, QImage.Format.Format_RGB32)
    image.fill(QColor("black"))
    painter = QPainter(image)
    names.paint(painter, QColor("white"), QColor("black"))
    painter.end()
    lit = [x for x in range(SIZE[0]) if any(image.pixelColor(x, y).value() for y in range(300))]
    assert 60 < max(lit) < 300


def test_the_map_writes_them_and_forgets_them(qtbot: QtBot) -> None:
    view = MapView(NumpyRasteriser(), lambda *_args, **_more: None, DARK)
    qtbot.addWidget(view)
    view.resize(*SIZE)
    view.set_points(np.array([[0, 0], [1, 1], [2, 0.5]], np.float32))
    bare = view.grab().toImage()
    view.set_names(["alpha", "beta", "gamma"])
    named = view.grab().toImage()
    assert named != bare
    view.set_names(())
    assert view.grab().toImage() == bare


@pytest.mark.parametrize(
    ("space", "names"),
    [
        (Space("w", np.ones((2, 2)), columns={"word": Texts(("a", "b"))}), ("a", "b")),
        (Space("w", np.ones((2, 2)), columns={"label": categories_of(["a", "b"])}), ()),
        (Space("w", np.ones((2, 2))), ()),
        (
            Space(
                "w",
                np.ones((2, 2)),
                columns={"name": Texts(("a", "b"))},
                provenance=Provenance(data="emoji"),
            ),
            (),
        ),
    ],
)
def test_only_samples_without_pictures_are_named(space: Space, names: tuple[str, ...]) -> None:
    assert names_of(space) == names
