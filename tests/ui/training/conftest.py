"""The whole window on made-up services."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from latentviewer.app.settings import Settings
from latentviewer.app.workbench import Workbench
from latentviewer.kernels.reference import NumpyRasteriser
from latentviewer.ui.main_window import MainWindow
from tests.app.conftest import Fakes, WorkerNow


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def window(qtbot: QtBot, fakes: Fakes, tmp_path: Path) -> Iterator[MainWindow]:
    workbench = Workbench(
        WorkerNow(),  # type: ignore[arg-type]
        fakes.services(),
        Settings(hint_seen=True),
        tmp_path,
    )
    made = MainWindow(workbench, NumpyRasteriser())
    made.map_panel.view.animations_enabled = False
    qtbot.addWidget(made)
    made.resize(1200, 800)
    made.show()
    yield made
    workbench.workspace.session.mark_saved()
    made.close()
