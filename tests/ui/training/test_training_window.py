"""From the dialog to the tab, in the whole window."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from latentviewer.app.recipes import UnfinishedRun
from latentviewer.domain.errors import UnfinishedRunError, UserError
from latentviewer.ui.main_window import MainWindow
from latentviewer.ui.theme import DARK
from latentviewer.ui.training.train_dialog import TrainDialog
from latentviewer.ui.training.training_tab import TrainingTab
from tests.app.conftest import Fakes, offer, report

Said = list[tuple[str, dict[str, Any]]]
UNFINISHED = UnfinishedRun(3, 9, 5, ((3.0, 3.0), (2.0, 2.0), (1.0, 1.0)))


def tab_of(window: MainWindow) -> TrainingTab:
    assert window.training.tab is not None
    return window.training.tab


def dialog_of(window: MainWindow) -> TrainDialog:
    (dialog,) = window.findChildren(TrainDialog)
    return dialog


@pytest.fixture
def said() -> Said:
    return []


@pytest.fixture
def dispatch(said: Said) -> Callable[..., None]:
    return lambda command_id, **arguments: said.append((command_id, arguments))


@pytest.fixture
def dialog(qtbot: QtBot, dispatch: Callable[..., None]) -> TrainDialog:
    made = TrainDialog(dispatch, DARK)
    qtbot.addWidget(made)
    made.show()
    return made


def test_the_dialog_says_that_it_looks_before_it_knows(dialog: TrainDialog) -> None:
    assert dialog._loading.isVisible()
    assert not dialog.train.isEnabled()
    dialog.set_offers([offer("tiny-vae")])
    assert not dialog._loading.isVisible()
    assert dialog.train.isEnabled()


def test_a_recipe_is_begun_with_the_numbers_that_stand_there(
    dialog: TrainDialog, said: Said, qtbot: QtBot
) -> None:
    dialog.set_offers([offer("tiny-vae"), offer("big-vae")])
    dialog.recipes.choose("big-vae")
    assert (dialog.epochs.value(), dialog.seed.value()) == (2, 0)
    assert not dialog.go_on.isVisible()
    dialog.seed.setValue(7)
    qtbot.mouseClick(dialog.train, Qt.MouseButton.LeftButton)
    assert said == [("train.start", {"recipe": "big-vae", "epochs": 2, "seed": 7})]
    assert not dialog.isVisible()


def test_an_unfinished_run_is_gone_on_with_unless_asked_otherwise(
    dialog: TrainDialog, said: Said
) -> None:
    dialog.set_offers([offer("other"), offer("tiny-vae", unfinished=UNFINISHED)])
    assert dialog.recipes.offer is not None
    assert dialog.recipes.offer.name == "tiny-vae"
    assert dialog.go_on.isChecked()
    assert dialog.go_on.text() == "Go on after epoch 3 of 9"
    assert (dialog.epochs.value(), dialog.seed.value()) == (9, 5)
    assert not dialog.epochs.isEnabled()
    assert dialog.train.text() == "Go on"
    dialog.afresh.click()
    assert (dialog.epochs.value(), dialog.seed.value()) == (2, 0)
    assert dialog.epochs.isEnabled()
    dialog.go_on.click()
    dialog.train.click()
    assert said == [("train.start", {"recipe": "tiny-vae", "begin": "continue"})]


def test_starting_afresh_says_so(dialog: TrainDialog, said: Said) -> None:
    dialog.set_offers([offer("tiny-vae", unfinished=UNFINISHED)])
    dialog.afresh.click()
    dialog.train.click()
    assert said == [
        ("train.start", {"recipe": "tiny-vae", "epochs": 2, "seed": 0, "begin": "afresh"})
    ]


def test_a_damaged_run_offers_to_start_afresh_only(dialog: TrainDialog) -> None:
    damaged = UnfinishedRun(0, 2, 0, fault="training.safetensors is damaged.")
    dialog.set_offers([offer("tiny-vae", unfinished=damaged)])
    assert dialog.why_not == "training.safetensors is damaged."
    assert not dialog.go_on.isEnabled()
    assert dialog.afresh.isChecked()
    assert dialog.train.isEnabled()


def test_missing_data_can_be_fetched_or_found(
    dialog: TrainDialog, said: Said, qtbot: QtBot
) -> None:
    away = offer("mnist-vae", missing="MNIST is not on this machine.", fetch="mnist")
    dialog.set_offers([away])
    assert dialog.why_not == "MNIST is not on this machine."
    assert not dialog.train.isEnabled()
    assert dialog.missing.get.text() == "Get MNIST (11 MB)"
    qtbot.mouseClick(dialog.missing.get, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(dialog.missing.locate, Qt.MouseButton.LeftButton)
    assert said == [("data.get", {"name": "mnist"}), ("data.locate", {})]
    assert dialog.isVisible()
    dialog.set_offers([offer("mnist-vae")])
    assert dialog.train.isEnabled()
    assert not dialog.missing.isVisible()


def test_while_one_is_trained_no_other_can_be_begun(dialog: TrainDialog, said: Said) -> None:
    dialog.set_offers([offer("tiny-vae")])
    dialog.set_running("big-vae")
    assert "big-vae is being trained" in dialog.why_not
    assert not dialog.train.isEnabled()
    dialog.recipes.itemDoubleClicked.emit(dialog.recipes.item(0))
    assert said == []
    dialog.set_running("")
    assert dialog.train.isEnabled()


def test_the_command_opens_the_dialog_and_what_is_chosen_there_is_trained(
    window: MainWindow, fakes: Fakes, qtbot: QtBot
) -> None:
    window.dispatch("train.choose")
    window.dispatch("train.choose")
    dialog = dialog_of(window)
    assert dialog.recipes.count() == 2
    dialog.train.click()
    assert [r.recipe for r in fakes.requests] == ["tiny-vae"]
    tab = tab_of(window)
    assert tab.isVisible()
    assert window.editor.current is tab
    assert "is trained: negative ELBO 7.5 nats per image" in tab.sentence
    assert tab.buttons["open"].isVisible()
    window.dispatch("train.choose")


def test_without_an_open_space_only_the_training_is_shown(window: MainWindow, fakes: Fakes) -> None:
    window.dispatch("train.start", recipe="tiny-vae")
    tabs = window.editor._tabs
    assert window.welcome.isVisible()
    assert [tabs.tabText(i) for i in range(tabs.count()) if tabs.isTabVisible(i)] == ["Training"]
    window.dispatch("file.open_path", path="six")
    assert [tabs.tabText(i) for i in range(tabs.count()) if tabs.isTabVisible(i)] == [
        "Path", "Arithmetic", "Projection", "Dimensions", "Ranking", "Training",
    ]  # fmt: skip
    assert window.editor.current is tab_of(window)


def test_the_tab_is_there_once_something_was_trained(window: MainWindow) -> None:
    window.dispatch("file.open_path", path="six")
    assert window.training.tab is None
    of_space = window.editor._tabs.count()
    window.dispatch("view.training_tab")
    assert window.editor._tabs.count() == of_space
    window.dispatch("train.start", recipe="tiny-vae")
    window.dispatch("view.path_tab")
    window.dispatch("view.training_tab")
    assert window.editor.current is tab_of(window)
    assert window.editor.height() > 236


def test_the_picture_and_the_curves_are_those_of_the_last_report(
    window: MainWindow, fakes: Fakes
) -> None:
    window.dispatch("train.start", recipe="tiny-vae")
    tab = tab_of(window)
    tab.map.stop()
    newest = fakes.reports[-1].snapshot
    np.testing.assert_array_equal(tab.map.scene.coordinates, newest.coordinates)
    assert tab.map._caption == "4 samples of squares:test  ·  PCA, 50% of the variance"
    assert tab._moment.text() == "epoch 1.5"
    np.testing.assert_array_equal(tab.plot.validation.getData(), [[1], [8.0]])
    assert tab.facts == "1 of 2 epochs  ·  best 8 nats per image at epoch 1"


def test_the_scrubber_goes_back_and_the_newest_is_followed_again(
    window: MainWindow, fakes: Fakes
) -> None:
    fakes.reports = [report(1, 0.1 * i) for i in range(1, 6)]
    window.dispatch("train.start", recipe="tiny-vae")
    tab = tab_of(window)
    assert (tab.scrubber.maximum(), tab.scrubber.value()) == (4, 4)
    tab.scrubber.setValue(1)
    tab.map.stop()
    np.testing.assert_array_equal(tab.map.scene.coordinates, fakes.reports[1].snapshot.coordinates)
    assert tab._moment.text() == "epoch 0.2"
    later = report(1, 0.7).snapshot
    window.workbench.training.snapshots.add(later)
    window.workbench.training.snapshot_added.emit(later)
    assert (tab.scrubber.maximum(), tab.scrubber.value()) == (5, 1)
    assert tab.map.target is not None
    np.testing.assert_array_equal(tab.map.target, fakes.reports[1].snapshot.coordinates)
    tab.scrubber.setValue(5)
    newest = report(1, 0.9).snapshot
    window.workbench.training.snapshots.add(newest)
    window.workbench.training.snapshot_added.emit(newest)
    assert tab.map.target is newest.coordinates
    assert tab.scrubber.value() == 6
    window.dispatch("train.show_snapshot", index=99)
    assert "there is no 99" in window.status.message


def test_the_replay_runs_to_the_end_and_stops(
    window: MainWindow, fakes: Fakes, qtbot: QtBot
) -> None:
    fakes.reports = [report(1, 0.1 * i) for i in range(1, 5)]
    window.dispatch("train.start", recipe="tiny-vae")
    tab = tab_of(window)
    window.training._player.setInterval(5)
    window.dispatch("train.replay")
    assert tab.scrubber.value() == 0
    seen: list[int] = []
    window.training._player.timeout.connect(lambda: seen.append(tab.scrubber.value()))
    qtbot.waitUntil(lambda: not window.training._player.isActive())
    assert seen == [1, 2, 3]
    assert tab.replay.accessibleName() == "Replay the training"
    window.dispatch("train.replay")
    window.dispatch("train.replay")
    assert not window.training._player.isActive()


def test_a_fault_stands_in_the_tab_and_offers_the_mend(window: MainWindow, fakes: Fakes) -> None:
    fakes.train_fault = UserError("The disk is full; free some space.")
    fakes.offers[0] = offer("tiny-vae", unfinished=UnfinishedRun(1, 2, 0, ((9.0, 8.0),)))
    window.dispatch("train.start", recipe="tiny-vae")
    tab = tab_of(window)
    assert tab.sentence == "The disk is full; free some space. Epoch 1 is kept."
    assert tab._sentence.property("role") == "error"
    assert tab.buttons["go_on"].isVisible()
    assert window.status.message == "The disk is full; free some space."
    fakes.train_fault = UnfinishedRunError("It is damaged.")
    tab.buttons["go_on"].click()
    assert tab.buttons["afresh"].isVisible()
    assert not tab.buttons["go_on"].isVisible()
    fakes.train_fault = None
    tab.buttons["afresh"].click()
    assert fakes.requests[-1].afresh
    assert not tab._sentence.property("role")


def test_the_log_scale_is_a_command_and_a_choice_in_the_menu(
    window: MainWindow, fakes: Fakes
) -> None:
    window.dispatch("train.start", recipe="tiny-vae")
    tab = tab_of(window)
    tab.log.click()
    assert tab.plot.log
    assert "train.log_scale" in window._checked()
    window.dispatch("train.log_scale")
    assert not tab.log.isChecked()
    tab.plot.set_losses([(-1.0, 2.0)], (), "", 2)
    window.dispatch("train.log_scale")
    assert "not above zero" in window.status.message
    assert not tab.plot.log


def test_theme_and_rasteriser_reach_the_tab(window: MainWindow) -> None:
    window.dispatch("train.start", recipe="tiny-vae")
    before = tab_of(window).map.scene.colour_of(0)
    window.dispatch("view.toggle_theme")
    assert tab_of(window).map.scene.colour_of(0) != before
    window.dispatch("view.toggle_theme")
    from latentviewer.kernels.reference import NumpyRasteriser

    made = NumpyRasteriser()
    window.set_rasteriser(made)
    assert tab_of(window).map.scene._rasteriser is made
    assert window.map_panel.view.scene._rasteriser is made
