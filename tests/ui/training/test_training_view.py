"""The training tab: curves, the small map that glides, and its controls."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication, QPointF, Qt
from pytestqt.qtbot import QtBot

from latentviewer.app.colouring import colouring
from latentviewer.app.maps import first_settings
from latentviewer.app.recipes import TrainedModel, TrainingRequest
from latentviewer.app.state import MapSettings
from latentviewer.app.training import Stage, TrainingRun
from latentviewer.kernels.reference import NumpyRasteriser
from latentviewer.ui.theme import DARK, LIGHT
from latentviewer.ui.training.key import Key
from latentviewer.ui.training.live_map import LiveMap
from latentviewer.ui.training.loss_plot import LossPlot
from latentviewer.ui.training.training_tab import TrainingTab
from latentviewer.ui.training.wording import actions_of, facts_of
from tests.app.conftest import WATCHED, report

Said = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def said() -> Said:
    return []


@pytest.fixture
def dispatch(said: Said) -> Callable[..., None]:
    return lambda command_id, **arguments: said.append((command_id, arguments))


@pytest.fixture
def tab(qtbot: QtBot, dispatch: Callable[..., None]) -> TrainingTab:
    made = TrainingTab(dispatch, NumpyRasteriser(), DARK)
    qtbot.addWidget(made)
    made.resize(860, 300)
    made.show()
    qtbot.waitExposed(made)
    return made


@pytest.fixture
def small(qtbot: QtBot) -> LiveMap:
    made = LiveMap(NumpyRasteriser(), DARK)
    qtbot.addWidget(made)
    made.resize(360, 220)
    made.set_colouring(colouring(WATCHED, first_settings(WATCHED), dark=True))
    made.show()
    qtbot.waitExposed(made)
    return made


def square(size: float) -> Any:
    return np.array([[size, 0], [0, size], [-size, 0], [0, -size]], np.float32)


def run_of(stage: Stage, **known: Any) -> TrainingRun:
    return TrainingRun(TrainingRequest("tiny-vae"), stage, **known)


def test_the_curves_are_the_history_and_the_best_is_marked(tab: TrainingTab) -> None:
    plot = tab.plot
    plot.set_losses([(9.0, 8.0), (7.0, 6.0), (5.0, 6.5)], [(3.25, 4.0)], "nats per image", 40)
    np.testing.assert_array_equal(plot.training.getData(), [[1, 2, 3], [9, 7, 5]])
    np.testing.assert_array_equal(plot.validation.getData(), [[1, 2, 3], [8, 6, 6.5]])
    np.testing.assert_array_equal(np.ravel(plot.best.getData()), [2, 6])
    np.testing.assert_array_equal(np.ravel(plot.now.getData()), [3.25, 4.0])
    # The epoch under way begins where the one before has ended.
    np.testing.assert_array_equal(plot.trace.getData(), [[3, 3.25], [5, 4]])
    assert plot.getAxis("left").labelText == "nats per image"
    assert plot.reading_at(1.8) == "epoch 2   training 7   validation 6"


def test_a_log_scale_moves_curves_and_marks_together(tab: TrainingTab) -> None:
    plot = tab.plot
    plot.set_losses([(1000.0, 100.0)], [(1.5, 10.0)], "", 4)
    plot.set_log(True)
    np.testing.assert_allclose(np.ravel(plot.best.getData()), [1, 2])
    np.testing.assert_allclose(np.ravel(plot.now.getData()), [1.5, 1])
    plot.grab()
    low, high = plot.getViewBox().viewRange()[1]
    assert low < 1 < 3 < high


def test_losses_below_zero_have_no_log_scale(tab: TrainingTab) -> None:
    tab.plot.set_losses([(5.0, -1.0)], (), "", 4)
    tab.set_log(True)
    assert not tab.log.isEnabled()
    assert "not above zero" in tab.log.toolTip()
    np.testing.assert_array_equal(np.ravel(tab.plot.best.getData()), [1, -1])


def test_the_mouse_over_the_curves_reads_them(tab: TrainingTab, qtbot: QtBot) -> None:
    tab.plot.set_losses([(9.0, 8.0), (7.0, 6.0)], (), "", 2)
    middle = tab.plot.getViewBox().sceneBoundingRect().center()
    tab.plot._on_mouse(middle)
    assert tab.plot._words.isVisible()
    assert tab.plot._words.toPlainText().startswith("epoch 1")
    tab.plot._on_mouse(QPointF(-5, -5))
    assert not tab.plot._words.isVisible()


def test_points_glide_to_where_the_next_picture_has_them(small: LiveMap, qtbot: QtBot) -> None:
    small.show_points(square(1))
    np.testing.assert_array_equal(small.scene.coordinates, square(1))
    seen: list[float] = []
    small._glide.valueChanged.connect(
        lambda _share: seen.append(float(small.scene.coordinates[0, 0]))  # type: ignore[index]
    )
    small.show_points(square(3), glide_ms=120)
    assert small.gliding
    np.testing.assert_array_equal(small.target, square(3))
    np.testing.assert_array_equal(small.scene.coordinates, square(1))
    qtbot.waitUntil(lambda: not small.gliding)
    np.testing.assert_array_equal(small.scene.coordinates, square(3))
    assert seen == sorted(seen)
    assert any(1 < place < 3 for place in seen)


def test_a_picture_that_comes_on_the_way_begins_where_the_points_are(small: LiveMap) -> None:
    small.show_points(square(1))
    small.show_points(square(3), glide_ms=10_000)
    small._on_share(0.5)
    small.show_points(square(0.5), glide_ms=10_000)
    np.testing.assert_allclose(small.scene.coordinates, square(2))
    small.stop()
    np.testing.assert_allclose(small.scene.coordinates, square(0.5))


def test_without_animations_the_points_are_there_at_once(small: LiveMap) -> None:
    small.animations_enabled = False
    small.show_points(square(1))
    small.show_points(square(2), glide_ms=500)
    np.testing.assert_array_equal(small.scene.coordinates, square(2))


def test_the_map_holds_all_points_beside_its_key(small: LiveMap) -> None:
    small.show_points(square(1))
    small.show_points(square(50))
    x, y = small._camera.to_pixels(square(50), small.width(), small.height()).T
    key = small._key.width(small.width(), small.height())
    assert key > 0
    assert 0 < x.min() < x.max() < small.width() - key
    assert 0 < y.min() < y.max() < small.height() - 19


def test_the_colours_are_those_of_the_first_labels(small: LiveMap) -> None:
    legend = small._key.legend
    assert legend is not None
    assert legend.title == "kind"
    first, second = small.scene.colour_of(0), small.scene.colour_of(1)
    assert first == small.scene.colour_of(3)
    assert first != second
    small.show_points(square(1))
    picture = small.grab().toImage()
    x, y = small._camera.to_pixels(square(1)[:1], small.width(), small.height())[0].tolist()
    ratio = small.devicePixelRatioF()
    assert picture.pixelColor(round(x * ratio), round(y * ratio)) == first


def test_more_labels_than_lines_end_in_how_many_more() -> None:
    key = Key(DARK)
    key.legend = colouring(WATCHED, MapSettings(colour_by="kind"), dark=True).legend
    assert key.lines(300) == ["a", "b"]
    names = tuple(f"class {i}" for i in range(40))
    assert key.legend is not None
    object.__setattr__(key.legend, "names", names)
    lines = key.lines(200)
    assert lines[-1] == f"{40 - len(lines) + 1} more"
    assert key.width(200, 200) == 0


@pytest.mark.parametrize("column", ["score", "kind", None])
def test_any_column_is_drawn_in_both_themes(small: LiveMap, column: str | None) -> None:
    for theme in (LIGHT, DARK):
        small.set_theme(theme)
        small.set_colouring(colouring(WATCHED, MapSettings(colour_by=column), theme.dark))
        small.show_points(square(1))
        assert small.grab().toImage().pixelColor(3, 3) == theme.colour("map")


def test_before_the_first_picture_the_map_says_so(small: LiveMap) -> None:
    small.clear()
    small.set_empty_text("Soon.")
    assert small.target is None
    small.grab()


def test_each_button_runs_its_command(tab: TrainingTab, said: Said, qtbot: QtBot) -> None:
    tab.set_run("tiny-vae", "", "", fault=False)
    tab.set_actions(frozenset(tab.buttons))
    for button in tab.buttons.values():
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert said == [
        ("train.stop", {}),
        ("train.start", {"recipe": "tiny-vae"}),
        ("train.start", {"recipe": "tiny-vae"}),
        ("train.start", {"recipe": "tiny-vae", "begin": "afresh"}),
        ("train.open", {}),
        ("train.choose", {}),
    ]


def test_the_scrubber_asks_for_a_picture_and_shows_what_it_is_told(
    tab: TrainingTab, said: Said, qtbot: QtBot
) -> None:
    assert not tab.scrubber.isEnabled()
    tab.set_snapshots(5, 4, "epoch 4")
    assert said == []
    tab.scrubber.setFocus()
    qtbot.keyClick(tab.scrubber, Qt.Key.Key_Left)
    assert said == [("train.show_snapshot", {"index": 3})]
    qtbot.mouseClick(tab.replay, Qt.MouseButton.LeftButton)
    assert said[-1] == ("train.replay", {})
    tab.set_replaying(True)
    assert tab.replay.accessibleName() == "Pause the replay"


def test_the_log_button_shows_what_the_program_says(
    tab: TrainingTab, said: Said, qtbot: QtBot
) -> None:
    qtbot.mouseClick(tab.log, Qt.MouseButton.LeftButton)
    assert said == [("train.log_scale", {})]
    assert not tab.log.isChecked()
    tab.set_log(True)
    assert tab.log.isChecked()


def test_the_focus_goes_on_to_the_button_that_follows(tab: TrainingTab, qtbot: QtBot) -> None:
    tab.set_actions(frozenset({"stop"}))
    tab.activateWindow()
    tab.buttons["stop"].setFocus()
    qtbot.waitUntil(tab.buttons["stop"].hasFocus)
    tab.set_actions(frozenset({"go_on", "afresh", "choose"}))
    assert tab.buttons["go_on"].hasFocus()
    assert not tab.buttons["stop"].isVisible()


def test_a_fault_is_written_as_one(tab: TrainingTab) -> None:
    tab.set_run("tiny-vae", "facts", "The disk is full.", fault=True)
    assert tab._sentence.isVisible()
    assert tab._sentence.property("role") == "error"
    tab.set_run("tiny-vae", "facts", "", fault=False)
    assert not tab._sentence.isVisible()


@pytest.mark.parametrize("width", [408, 500, 1200])
def test_nothing_is_cut_off_in_a_narrow_window(tab: TrainingTab, width: int) -> None:
    tab.set_run("mnist-classifier", "33 of 240 epochs, and so on and on", "", fault=False)
    tab.set_actions(frozenset({"go_on", "afresh", "choose"}))
    for _ in range(2):  # what a narrow tab leaves out makes it narrower still
        tab.resize(width, 260)
        QCoreApplication.processEvents()
    assert tab.width() == width
    for button in tab.buttons.values():
        if button.isVisible():
            assert button.geometry().right() <= tab.width()
            assert button.width() >= button.sizeHint().width()
    assert tab.plot.geometry().right() < tab.map.geometry().left()


@pytest.mark.parametrize(
    ("run", "words", "buttons"),
    [
        (run_of(Stage.WAITING), "Waits for its turn", {"stop"}),
        (run_of(Stage.RUNNING, text="loading"), "Loading", {"stop"}),
        (
            run_of(Stage.RUNNING, report=report(2, 1.5, [(9.0, 8.0)]), eta_s=200.0),
            "Epoch 2 of 2  ·  at most 3 min left  ·  best 8 nats per image at epoch 1",
            {"stop"},
        ),
        (
            run_of(Stage.STOPPED, report=report(2, 1.5, [(9.0, 8.0)]), kept=1),
            "1 of 2 epochs  ·  best 8 nats per image at epoch 1",
            {"go_on", "afresh", "choose"},
        ),
        (run_of(Stage.STOPPED), "", {"try_again", "choose"}),
        (run_of(Stage.FAILED, damaged=True), "", {"afresh", "choose"}),
        (
            run_of(
                Stage.DONE,
                report=report(1, 1.0, [(9.0, 8.0)]),
                model=TrainedModel(WATCHED.latent, "tiny-vae", "", "", 1, 1),  # type: ignore[arg-type]
            ),
            "1 of at most 2 epochs  ·  best 8 nats per image at epoch 1",
            {"open", "choose"},
        ),
    ],
)
def test_the_tab_says_where_the_run_stands(run: TrainingRun, words: str, buttons: set[str]) -> None:
    assert facts_of(run) == words
    assert actions_of(run) == buttons


def test_the_plot_stands_in_both_themes(tab: TrainingTab) -> None:
    plot: LossPlot = tab.plot
    plot.set_losses([(9.0, 8.0)], (), "nats per image", 3)
    for theme in (LIGHT, DARK):
        tab.set_theme(theme)
        assert plot.grab().toImage().pixelColor(2, 2) == theme.colour("panel")
