"""The controls of a prior, the dialogs that ask, and what the panel shows for which model."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from latentviewer.app.sampling import SamplingSettings
from latentviewer.app.settings import Settings
from latentviewer.app.state import RowTarget
from latentviewer.app.workbench import Workbench
from latentviewer.kernels.reference import NumpyRasteriser
from latentviewer.ui.editor.presenter import STAND_INS
from latentviewer.ui.main_window import MainWindow
from latentviewer.ui.sampling.controls import SamplingControls
from latentviewer.ui.sampling.invert_dialog import InvertDialog
from latentviewer.ui.sampling.sample_dialog import SampleDialog
from tests.app.conftest import Fakes, WorkerNow, six
from tests.app.families import Autoencoder, Denoiser, Maker, Reader

ASKED = {"label": ("a", "b"), "hair_colour": ("black", "red")}


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def window(qtbot: QtBot, fakes: Fakes, tmp_path: Path) -> Iterator[MainWindow]:
    workbench = Workbench(WorkerNow(), fakes.services(), Settings(hint_seen=True), tmp_path)  # type: ignore[arg-type]
    made = MainWindow(workbench, NumpyRasteriser())
    made.map_panel.view.animations_enabled = False
    qtbot.addWidget(made)
    made.resize(1200, 800)
    made.show()
    yield made
    workbench.workspace.session.mark_saved()
    made.close()


def show(window: MainWindow, fakes: Fakes, loaded: object) -> None:
    fakes.model = loaded
    fakes.space = dataclasses.replace(six(), latent_std=None)
    window.dispatch("file.open_path", path="six")
    window.map_panel.view.hovered.emit(RowTarget(1))


def test_controls_show_what_the_model_takes(qtbot: QtBot) -> None:
    controls = SamplingControls()
    qtbot.addWidget(controls)
    controls.show()
    assert controls.truncation.isVisible()
    assert not controls.steps.isVisible()
    controls.set_conditions(ASKED)
    assert controls.steps.isVisible()
    assert set(controls.asked) == {"label", "hair_colour"}
    settings = SamplingSettings(0.35, 7, 2.5, (("hair_colour", "red"),))
    controls.set_settings(settings)
    assert controls.settings == settings
    controls.set_conditions({})
    assert controls.asked == {}
    controls.set_conditions(None)
    assert not controls.steps.isVisible()


def test_controls_say_what_was_changed_and_nothing_when_they_follow(qtbot: QtBot) -> None:
    controls = SamplingControls()
    qtbot.addWidget(controls)
    said: list[object] = []
    for signal in (
        controls.truncation_changed, controls.steps_changed, controls.guidance_changed,
        controls.asked_changed,
    ):  # fmt: skip
        signal.connect(said.append)
    controls.set_conditions(ASKED)
    controls.set_settings(SamplingSettings(0.35, 7, 2.5, (("label", "b"),)))
    assert said == []
    controls.truncation.setValue(10)
    controls.steps.setValue(9)
    controls.guidance.setValue(4)
    box = controls.asked["label"]
    box.setFocus()
    box.setCurrentIndex(1)
    box.activated.emit(1)
    assert said == [0.5, 9, 4.0, "label=a"]


def test_the_sample_dialog_gives_what_the_command_takes(qtbot: QtBot) -> None:
    dialog = SampleDialog("vae", None, SamplingSettings(0.5))
    qtbot.addWidget(dialog)
    dialog.count.setValue(50)
    assert dialog.arguments == {"count": 50, "seed": 0, "truncation": 0.5}
    asked = SampleDialog("ldm", ASKED, SamplingSettings(condition=(("label", "a"),)))
    qtbot.addWidget(asked)
    assert asked.arguments["condition"] == {"label": "a"}
    assert asked.arguments["steps"] == 20


def test_the_invert_dialog_takes_any_data_set(qtbot: QtBot) -> None:
    dialog = InvertDialog("gan", ["digits", "faces:test"], "faces:test")
    qtbot.addWidget(dialog)
    assert dialog.arguments == {"data": "faces:test", "count": 64, "steps": 200}
    dialog.data.setFocus()
    dialog.data.lineEdit().selectAll()  # type: ignore[union-attr]
    QTest.keyClicks(dialog.data.lineEdit(), "faces:2000")
    assert dialog.arguments["data"] == "faces:2000"


def test_a_classifier_s_window(window: MainWindow, fakes: Fakes) -> None:
    show(window, fakes, Reader())
    preview = window.preview
    assert preview.readout.isVisible()
    assert preview.readout.told is not None
    assert preview.pictures.note.text().startswith("reader reads images")
    assert "neither a posterior nor a prior" in preview.posterior.why_not.sentence
    assert not preview.prior.isVisible()
    window.dispatch("path.add_row", row=0)
    window.dispatch("path.add_row", row=5)
    assert window.editor.path_tab.caption == STAND_INS
    window.dispatch("model.sample")
    assert "neither a posterior nor a prior" in window.status.message
    window.dispatch("latent.sample_prior")
    assert "neither a posterior nor a prior" in window.status.message


def test_a_gan_s_window(window: MainWindow, fakes: Fakes) -> None:
    show(window, fakes, Maker())
    preview = window.preview
    assert not preview.readout.isVisible()
    assert preview.facts.lines[-1][0] == "Score"
    assert "has no encoder" in preview.posterior.why_not.sentence
    assert preview.prior.controls.isVisible()
    preview.prior.controls.truncation.setValue(10)
    assert window.workbench.workspace.state.truncation == 0.5
    window.dispatch("edit.undo")
    assert preview.prior.controls.truncation.value() == 20
    preview.prior.one.click()
    assert preview.title.text == "Prior sample 1"
    assert window.editor.path_tab.caption == ""


def test_a_diffusion_model_s_window(window: MainWindow, fakes: Fakes) -> None:
    show(window, fakes, Denoiser())
    controls = window.preview.prior.controls
    assert controls.steps.isVisible()
    assert controls.asked["label"].isVisible()
    window.dispatch("denoise.ask", what="label=b")
    assert controls.asked["label"].currentText() == "b"


def test_an_autoencoder_s_window(window: MainWindow, fakes: Fakes) -> None:
    show(window, fakes, Autoencoder())
    assert all(tile.isVisible() for tile in window.preview.pictures.tiles)
    assert window.preview.posterior.why_not.isVisible()
    window.dispatch("preview.resample")
    assert "neither a posterior nor a prior" in window.status.message


def test_the_dialogs_open_from_the_menu(
    window: MainWindow, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SampleDialog, "exec", lambda _self: 1)
    monkeypatch.setattr(InvertDialog, "exec", lambda _self: 1)
    show(window, fakes, Maker())
    window.menus.actions["model.invert"].trigger()
    assert fakes.inverted == ("squares", 6, 200)
    show(window, fakes, Maker())
    window.menus.actions["model.sample"].trigger()
    assert fakes.sampled[0] == 1000
    assert window.windowTitle().startswith("drawn")


def test_the_slider_can_be_moved_by_keys(window: MainWindow, fakes: Fakes, qtbot: QtBot) -> None:
    show(window, fakes, Maker())
    slider = window.preview.prior.controls.truncation
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Left)
    assert window.workbench.workspace.state.truncation == pytest.approx(0.95)
