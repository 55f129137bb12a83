"""The dialog of an import: what it shows, what it asks, and that Enter trusts nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QComboBox, QPushButton, QSpinBox
from pytestqt.qtbot import QtBot

from latentviewer.app.settings import Settings
from latentviewer.app.workbench import Workbench
from latentviewer.domain.ports import Capability
from latentviewer.kernels.reference import NumpyRasteriser
from latentviewer.ui.importing.import_dialog import ImportDialog
from latentviewer.ui.main_window import MainWindow
from tests.app.conftest import Fakes, WorkerNow
from tests.app.importing import HASH, an_offer

PATH = str(Path("/models/net.onnx").absolute())
BOTH = (Capability.ENCODE, Capability.DECODE)


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


def dialog_of(window: MainWindow) -> ImportDialog:
    assert window.imports.dialog is not None
    return window.imports.dialog


def test_questions_are_answered_in_the_dialog(
    window: MainWindow, fakes: Fakes, qtbot: QtBot
) -> None:
    fakes.imports.files[PATH] = an_offer(PATH, *BOTH)
    window.dispatch("file.open_path", path=PATH)
    dialog = dialog_of(window)
    assert dialog.isVisible()
    values, height = dialog.form.fields["output_values"], dialog.form.fields["height"]
    assert isinstance(values, QComboBox)
    assert isinstance(height, QSpinBox)
    assert (values.currentText(), height.value()) == ("0 to 1", 8)
    values.setCurrentIndex(1)
    assert fakes.imports.tried[-1] == ({"output_values": "-1..1"}, None)
    with qtbot.waitSignal(dialog.answered, timeout=20_000):
        height.setValue(16)
    assert fakes.imports.tried[-1] == ({"output_values": "-1..1", "height": "16"}, None)
    assert values is dialog.form.fields["output_values"]


def test_pictures_and_checks_are_shown(window: MainWindow, fakes: Fakes) -> None:
    fakes.imports.files[PATH] = an_offer(PATH, *BOTH)
    window.dispatch("file.open_path", path=PATH)
    trial = dialog_of(window).trial
    assert len(trial.given.cells) == len(trial.made.cells) == 2
    assert [(check.name, check.passed) for check in trial.checks] == [
        ("Latents: shape", True), ("Round trip", False),
    ]  # fmt: skip


def test_it_opens_once_a_data_set_is_named(window: MainWindow, fakes: Fakes, qtbot: QtBot) -> None:
    fakes.imports.files[PATH] = an_offer(PATH, *BOTH)
    window.dispatch("file.open_path", path=PATH)
    dialog = dialog_of(window)
    assert not dialog.go.isEnabled()
    with qtbot.waitSignal(dialog.data_chosen, timeout=20_000):
        dialog.data.setCurrentText("squares")
    assert fakes.imports.tried[-1] == ({}, "squares")
    assert dialog.go.isEnabled()
    QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert window.imports.dialog is None
    assert window.workbench.workspace.space.name == "encoded"
    assert fakes.imports.kept == {PATH: {}}


def test_a_decoder_alone_is_sampled(window: MainWindow, fakes: Fakes) -> None:
    fakes.imports.files[PATH] = an_offer(PATH, Capability.DECODE, Capability.SAMPLE)
    window.dispatch("file.open_path", path=PATH)
    dialog = dialog_of(window)
    assert not dialog.data.isVisible()
    assert dialog.go.text() == "Draw 1,000 samples"
    QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert window.workbench.workspace.space.name == "drawn"


def test_enter_does_not_trust(window: MainWindow, fakes: Fakes) -> None:
    fakes.imports.files[PATH] = an_offer(PATH, *BOTH, danger="net.onnx can run code.")
    window.dispatch("file.open_path", path=PATH)
    dialog = dialog_of(window)
    assert not dialog.form.isVisible()
    assert not dialog.go.isEnabled()
    focused = dialog.focusWidget()
    assert isinstance(focused, QPushButton)
    assert focused is not dialog.trust
    QTest.keyClick(dialog, Qt.Key.Key_Return)
    assert fakes.imports.hashes == {}


def test_trust_is_a_click(window: MainWindow, fakes: Fakes) -> None:
    fakes.imports.files[PATH] = an_offer(PATH, *BOTH, danger="net.onnx can run code.")
    window.dispatch("file.open_path", path=PATH)
    dialog = dialog_of(window)
    QTest.mouseClick(dialog.trust, Qt.MouseButton.LeftButton)
    assert fakes.imports.hashes == {HASH: PATH}
    assert not dialog.trust.isVisible()
    assert dialog.form.isVisible()


def test_escape_leaves_it(window: MainWindow, fakes: Fakes) -> None:
    fakes.imports.files[PATH] = an_offer(PATH, *BOTH)
    window.dispatch("file.open_path", path=PATH)
    QTest.keyClick(dialog_of(window), Qt.Key.Key_Escape)
    assert window.imports.dialog is None
    assert window.workbench.importing.current is None
    assert fakes.imports.kept == {}


def test_what_is_missing_is_said(window: MainWindow, fakes: Fakes, qtbot: QtBot) -> None:
    fakes.imports.files[PATH] = an_offer(PATH, *BOTH, missing="net.onnx has no decoder.")
    window.dispatch("file.open_path", path=PATH)
    dialog = dialog_of(window)
    assert "net.onnx has no decoder." in dialog.missing
    with qtbot.waitSignal(dialog.data_chosen, timeout=20_000):
        dialog.data.setCurrentText("squares")
    assert not dialog.go.isEnabled()
