"""Export commands of the window: they ask where to, and the session writes."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from PySide6.QtWidgets import QFileDialog, QInputDialog
from pytestqt.qtbot import QtBot

from latentviewer.app.settings import Settings
from latentviewer.app.workbench import Workbench
from latentviewer.kernels.reference import NumpyRasteriser
from latentviewer.ui import export_commands
from latentviewer.ui.main_window import MainWindow
from latentviewer.ui.theme import LIGHT
from tests.app.conftest import Fakes, WorkerNow


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def opened(qtbot: QtBot, fakes: Fakes, tmp_path: Path) -> Iterator[MainWindow]:
    workbench = Workbench(WorkerNow(), fakes.services(), Settings(hint_seen=True), tmp_path)  # type: ignore[arg-type]
    window = MainWindow(workbench, NumpyRasteriser())
    window.map_panel.view.animations_enabled = False
    qtbot.addWidget(window)
    window.resize(1200, 800)
    window.show()
    window.dispatch("file.open_path", path="six.arrow")
    yield window
    workbench.workspace.session.mark_saved()
    window.close()


class Answers:
    """Answers the dialogs, and keeps what they asked."""

    def __init__(self, path: str | None, size: str | None = None) -> None:
        self.path, self.size = path, size
        self.titles: list[str] = []
        self.filters: tuple[str, ...] = ()
        self.sizes: list[str] = []

    def save(self, _parent: Any, title: str, name: str, filters: Any) -> str | None:
        self.titles.append(title)
        self.name, self.filters = name, tuple(filters)
        return self.path

    def folder(self, _parent: Any, title: str) -> str:
        self.titles.append(title)
        return self.path or ""

    def item(self, _parent: Any, _title: str, _label: str, items: Any) -> tuple[str, bool]:
        self.sizes = list(items)
        return (self.sizes[0] if self.size == "as shown" else self.size or "", bool(self.size))


def answer(monkeypatch: pytest.MonkeyPatch, path: str | None, size: str | None = None) -> Answers:
    answers = Answers(path, size)
    monkeypatch.setattr(export_commands, "ask_where_to_save", answers.save)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", answers.folder)
    monkeypatch.setattr(QInputDialog, "getItem", answers.item)
    return answers


def test_exports_stand_in_the_file_menu_and_wait_for_a_space(
    opened: MainWindow, fakes: Fakes
) -> None:
    actions = opened.menus.actions
    ids = ("file.export_map", "file.export_samples", "file.export_projector", "file.export_atlas")
    opened.menus.refresh()
    assert all(actions[command].isEnabled() for command in ids)
    assert actions["file.export_samples"].text() == "Export samples…"
    opened.dispatch("file.welcome")
    assert not any(actions[command].isEnabled() for command in ids)


def test_samples_are_asked_for_by_how_many_there_are(
    opened: MainWindow, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = answer(monkeypatch, "/there/z.csv")
    opened.dispatch("file.export_samples")
    opened.dispatch("select.rows", rows=[1, 2])
    opened.menus.actions["file.export_samples"].trigger()
    assert answers.titles == ["Export all 6 samples", "Export the 2 selected samples"]
    assert answers.name == "six"
    assert [f[f.index("*") :] for f in answers.filters] == [
        "*.csv)", "*.parquet)", "*.arrow)", "*.npy)",
    ]  # fmt: skip
    _, path, purpose, wanted = fakes.exported_samples
    assert (path, purpose) == (Path("/there/z.csv"), "file")
    np.testing.assert_array_equal(wanted["rows"], [1, 2])
    assert opened.status.message == "Wrote /there/z.csv: the 2 selected samples. A note."


@pytest.mark.parametrize(
    ("command", "purpose", "title"),
    [
        ("file.export_projector", "projector",
         "Export all 6 samples for the TensorBoard projector: choose an empty folder"),
        ("file.export_atlas", "embedding-atlas", "Export all 6 samples for Embedding Atlas"),
    ],
)  # fmt: skip
def test_other_programs_have_their_own_commands(
    opened: MainWindow, fakes: Fakes, monkeypatch: pytest.MonkeyPatch,
    command: str, purpose: str, title: str,
) -> None:  # fmt: skip
    answers = answer(monkeypatch, "/there/it")
    opened.dispatch(command)
    assert answers.titles == [title]
    assert fakes.exported_samples[1:3] == (Path("/there/it"), purpose)


def test_who_leaves_a_dialog_exports_nothing(
    opened: MainWindow, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(monkeypatch, None)
    for command in ("samples", "projector", "atlas", "map"):
        opened.dispatch(f"file.export_{command}")
    answer(monkeypatch, "/there/m.png", None)
    opened.dispatch("file.export_map")
    assert not hasattr(fakes, "exported_samples")
    assert not hasattr(fakes, "exported_map")


@pytest.mark.parametrize("suffix", [".svg", ".PDF"])
def test_a_map_of_shapes_goes_in_the_window_s_theme(
    opened: MainWindow, fakes: Fakes, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    answer(monkeypatch, f"/there/m{suffix}")
    opened.set_theme(LIGHT)
    opened.dispatch("file.export_map")
    sheet, path = fakes.exported_map
    assert path == Path(f"/there/m{suffix}")
    assert (sheet.theme, sheet.size, sheet.seen_from) == ("light", (1600, 1000), None)
    assert opened.status.message == f"Wrote /there/m{suffix}: the map of 6 points. A note."


def test_a_png_is_written_as_shown_or_in_any_size(
    opened: MainWindow, fakes: Fakes, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "m.png"
    answers = answer(monkeypatch, str(path), "as shown")
    opened.dispatch("file.export_map")
    view = opened.map_panel.view
    assert answers.sizes[0] == f"As on the screen, {view.width()} x {view.height()}"
    with Image.open(path) as picture:
        assert picture.size == (view.width(), view.height())
    assert not hasattr(fakes, "exported_map")
    answer(monkeypatch, str(path), "1234 x 567")
    opened.dispatch("file.export_map")
    assert fakes.exported_map[0].size == (1234, 567)
    answer(monkeypatch, str(path), "huge")
    opened.dispatch("file.export_map")
    assert "“huge” is no size of a picture" in opened.status.message


def test_a_map_of_three_dimensions_is_seen_from_the_same_side(
    opened: MainWindow, fakes: Fakes
) -> None:
    opened.dispatch("map.three")
    view = opened.map_panel.view
    opened.dispatch("file.export_map_to", path="m.svg")
    seen = fakes.exported_map[0].seen_from
    right, down, away = view.camera.axes()
    np.testing.assert_array_equal(seen, [right, -down, -away])
    np.testing.assert_allclose(seen @ seen.T, np.eye(3), atol=1e-12)


def test_a_picture_that_cannot_be_written_is_said(
    opened: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer(monkeypatch, str(tmp_path / "gone" / "m.png"), "as shown")
    opened.dispatch("file.export_map")
    assert "m.png could not be written" in opened.status.message
