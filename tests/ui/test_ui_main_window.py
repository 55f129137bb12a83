"""The whole window on made-up services: what is clicked reaches the session and back."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, QRect, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLineEdit,
    QSpinBox,
    QTabBar,
    QWidget,
)
from pytestqt.qtbot import QtBot

from latentviewer.app.commands import COMMANDS
from latentviewer.app.services import Sample
from latentviewer.app.settings import Settings
from latentviewer.app.state import PlaceTarget, RowTarget
from latentviewer.app.workbench import Workbench
from latentviewer.domain.space import Space
from latentviewer.domain.table import Texts, categories_of
from latentviewer.kernels.reference import NumpyRasteriser
from latentviewer.ui.editor.presenter import examples
from latentviewer.ui.elided_button import ElidedButton
from latentviewer.ui.main_window import MainWindow
from latentviewer.ui.name_field import NameField
from latentviewer.ui.theme import LIGHT
from tests.app.conftest import Fakes, WorkerNow
from tests.app.diffusing import Denoiser


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def window(qtbot: QtBot, fakes: Fakes, tmp_path: Path) -> Iterator[MainWindow]:
    services = fakes.services()
    sample = Sample("six", "Six", "Six points.", "made up", "six", "squares", tmp_path, True)
    object.__setattr__(services, "samples", lambda: (sample,))
    workbench = Workbench(WorkerNow(), services, Settings(hint_seen=True), tmp_path)  # type: ignore[arg-type]
    made = MainWindow(workbench, NumpyRasteriser())
    made.map_panel.view.animations_enabled = False
    qtbot.addWidget(made)
    made.resize(1200, 800)
    made.show()
    yield made
    workbench.workspace.session.mark_saved()
    made.close()


@pytest.fixture
def opened(window: MainWindow) -> MainWindow:
    window.dispatch("file.open_sample", name="six")
    window.map_panel.view.repaint()
    return window


def test_every_declared_command_has_its_work(window: MainWindow) -> None:
    assert window.workbench.commands.without_work() == frozenset()


def test_the_welcome_page_stands_until_something_is_open(window: MainWindow, qtbot: QtBot) -> None:
    assert window.welcome.isVisible()
    assert not window.preview.isVisible()
    qtbot.keyClick(window.welcome._cards[0], Qt.Key.Key_Return)
    assert window.map_panel.isVisible()
    assert window.preview.isVisible()
    assert window.windowTitle().startswith("six")
    window.dispatch("file.welcome")
    assert window.welcome.isVisible()


def test_hovering_a_point_reaches_the_preview(opened: MainWindow) -> None:
    opened.map_panel.view.hovered.emit(RowTarget(4))
    assert opened.preview.title.text == "#4"
    assert opened.preview.title.chip == "b"
    opened.map_panel.view.hovered.emit(PlaceTarget((20.0, 1.0)))
    shown = opened.workbench.previews.shown
    assert shown is not None
    assert shown.far


def test_resting_the_cursor_brings_the_neighbours(opened: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitCallback() as detailed:
        opened.workbench.previews.detailed.connect(detailed)
        opened.map_panel.view.hovered.emit(RowTarget(0))
    assert 0 not in detailed.args[0].rows


def test_a_refusal_becomes_a_sentence_and_the_window_lives(opened: MainWindow) -> None:
    opened.dispatch("path.remove", index=3)
    opened.dispatch("preview.pin_row", row=99)
    assert "no row 99" in opened.status.message
    opened.dispatch("file.open_path", path="missing")
    assert opened.status.message == "missing: there is no such file; choose another."
    assert opened.workbench.workspace.state.space is not None


def test_dropping_a_file_opens_it(opened: MainWindow, fakes: Fakes) -> None:
    fakes.space = Space("dropped", np.zeros((3, 2), np.float32))
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile("/somewhere/dropped.arrow")])
    event = QDropEvent(
        QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )  # fmt: skip
    opened.dropEvent(event)
    assert event.isAccepted()
    assert opened.acceptDrops()
    assert opened.workbench.workspace.space.name == "dropped"


def test_a_selection_made_into_a_group_stands_in_the_sidebar(
    opened: MainWindow, qtbot: QtBot
) -> None:
    opened.dispatch("select.rows", rows=np.array([1, 2]))
    opened.dispatch("groups.create")
    opened.dispatch("select.none")
    button = next(
        b for b in opened.sidebar.findChildren(QAbstractButton)
        if b.accessibleName() == "Select group A"
    )  # fmt: skip
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert list(opened.workbench.workspace.state.selection.rows) == [1, 2]


def test_colouring_by_numbers_brings_a_colour_bar(opened: MainWindow) -> None:
    opened.dispatch("map.colour_by", column="score")
    assert opened.map_panel.legend.bar.isVisible()
    opened.dispatch("map.value_range", low=2.0, high=4.0)
    assert opened.map_panel.view.scene.visible().tolist() == [False, False, True, True, True, False]
    opened.dispatch("map.colour_by", column="label")
    assert opened.map_panel.legend.list.isVisible()
    opened.dispatch("map.colour_by", column="")
    assert not opened.map_panel.legend.isVisible()


def test_filtering_in_the_legend_hides_on_the_map_and_undo_brings_back(
    opened: MainWindow,
) -> None:
    opened.dispatch("map.filter", name="a")
    assert opened.map_panel.view.scene.visible().tolist() == [False, True, True, False, True, True]
    opened.dispatch("edit.undo")
    assert opened.map_panel.view.scene.visible().all()


def test_a_forming_umap_is_drawn_and_can_be_cancelled(opened: MainWindow, fakes: Fakes) -> None:
    opened.dispatch("map.method", name="umap")
    fakes.layouts.last.embedding[:] = np.arange(12, dtype=np.float32).reshape(6, 2)
    from latentviewer.jobs.progress import JobStatus

    status = JobStatus(1, "UMAP", "running", 0.5, "layout, epoch 1 of 2", 1.0, 1.0)
    fakes.layouts.last.callbacks["progress"](status, None)
    coordinates = opened.map_panel.view.scene.coordinates
    assert coordinates is not None
    np.testing.assert_array_equal(coordinates, fakes.layouts.last.embedding)
    assert opened.status._bar.isVisible()
    opened.dispatch("jobs.cancel")
    assert opened.workbench.workspace.state.map.method == "pca"


def test_a_path_fills_the_editor(opened: MainWindow) -> None:
    opened.dispatch("path.add_row", row=0)
    opened.dispatch("path.add_row", row=5)
    film = opened.workbench.paths.film
    assert film is not None
    assert film.done == len(film.latents)
    opened.dispatch("path.play")
    assert opened.films._player.isActive()
    opened.dispatch("path.play")
    assert not opened.films._player.isActive()


def test_an_expression_is_marked_on_the_map(opened: MainWindow) -> None:
    opened.dispatch("arithmetic.evaluate", text="#5 - #1")
    ((place, text),) = opened.map_panel.view._annotations.markers
    np.testing.assert_allclose(place, [4.0, 1.0])
    assert text == "#5 - #1"


def test_the_theme_changes_at_once_and_is_remembered(opened: MainWindow) -> None:
    opened.dispatch("view.toggle_theme")
    assert opened.theme is LIGHT
    assert opened.workbench.settings.theme == "light"
    pixel = opened.map_panel.view.grab().toImage().pixelColor(200, 3)
    assert pixel.lightness() > 200
    opened.dispatch("view.toggle_theme")


def test_the_palette_opens_by_command_and_lists_only_what_can_be_done(
    opened: MainWindow,
) -> None:
    opened.dispatch("view.palette")
    assert opened.palette_box.isVisible()
    titles = [
        opened.palette_box._list.item(i).text() for i in range(opened.palette_box._list.count())
    ]
    assert any(t.startswith("Select all") for t in titles)
    assert not any(t.startswith("Redo") for t in titles)


def test_a_data_set_that_is_opened_asks_for_its_model(opened: MainWindow, qtbot: QtBot) -> None:
    said: list[tuple[str, dict[str, str]]] = []
    opened.palette_box._dispatch = lambda command, **given: said.append((command, given))
    opened.dispatch("file.open_path", path="folder/pictures.zip")
    assert opened.palette_box.isVisible()
    assert "pictures.zip is a data set" in opened.status.message
    assert opened.palette_box._field.placeholderText().endswith("model")
    qtbot.keyClick(opened.palette_box._field, Qt.Key.Key_Return)
    assert said == [("data.encode", {"data": "folder/pictures.zip", "model": "doubling"})]


def test_a_model_that_names_no_data_asks_for_them(opened: MainWindow, qtbot: QtBot) -> None:
    said: list[tuple[str, dict[str, str]]] = []
    opened.palette_box._dispatch = lambda command, **given: said.append((command, given))
    opened.dispatch("file.open_path", path="secretive")
    assert "secretive does not say what it was trained on" in opened.status.message
    qtbot.keyClicks(opened.palette_box._field, "emoji")
    qtbot.keyClick(opened.palette_box._field, Qt.Key.Key_Return)
    assert said == [("data.encode", {"model": "folder/secretive", "data": "emoji"})]


def test_every_widget_a_person_can_focus_has_an_accessible_name(opened: MainWindow) -> None:
    nameless = []
    for widget in opened.findChildren(QWidget):
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or not widget.isVisible():
            continue
        if type(widget).__name__.startswith("Q") and not isinstance(
            widget, QAbstractButton | QLineEdit
        ):
            continue
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        if not widget.accessibleName() and not text:
            nameless.append(f"{type(widget).__name__} in {type(widget.parent()).__name__}")
    assert nameless == []


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tiny_spaces_open_and_answer(window: MainWindow, fakes: Fakes, count: int) -> None:
    fakes.space = Space("tiny", np.ones((count, 2), np.float32))
    window.dispatch("file.open_path", path="tiny")
    for command in ("map.three", "map.two", "map.fit", "select.all", "map.toggle_density"):
        window.dispatch(command)
        window.map_panel.view.repaint()
    assert window.workbench.workspace.space.name == "tiny"


def test_five_thousand_labels_in_any_script_open(window: MainWindow, fakes: Fakes) -> None:
    names = [f"標籤 {i}" for i in range(5000)]
    fakes.space = Space(
        "many", np.random.default_rng(0).normal(size=(5000, 2)).astype(np.float32),
        columns={"label": categories_of(names), "text": Texts(tuple(names))},
    )  # fmt: skip
    window.dispatch("file.open_path", path="many")
    window.dispatch("map.colour_by", column="label")
    window.map_panel.view.repaint()
    assert window.map_panel.legend.list.model().rowCount() == 5000
    window.dispatch("map.isolate", name=names[77])
    assert window.map_panel.view.scene.visible().sum() == 1


def test_commands_without_arguments_survive_an_empty_window(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks = {"file.open", "file.open_folder", "file.quit", "help.about", "help.shortcuts",
            "view.screenshot", "data.locate", "model.import"}  # fmt: skip
    for command in COMMANDS:
        if not command.arguments and command.id not in asks:
            window.dispatch(command.id)
    assert window.isVisible()


def test_the_map_has_the_focus_whenever_a_space_was_opened(
    opened: MainWindow, fakes: Fakes, qtbot: QtBot
) -> None:
    view = opened.map_panel.view
    qtbot.waitUntil(view.hasFocus)
    card = opened.sidebar._cards[0]
    card.setFocus()
    fakes.space = Space("other", np.ones((3, 2), np.float32))
    qtbot.keyClick(card, Qt.Key.Key_Return)
    assert opened.workbench.workspace.space.name == "other"
    assert view.hasFocus()


def test_what_was_searched_for_goes_with_its_space(opened: MainWindow, fakes: Fakes) -> None:
    search = opened.top_bar._search
    search.setText("label:b")
    opened.dispatch("map.three")
    assert search.text() == "label:b"
    fakes.space = Space("other", np.ones((3, 2), np.float32))
    opened.dispatch("file.open_path", path="other")
    assert search.text() == ""
    search.setText("x")
    opened.dispatch("file.welcome")
    assert search.text() == ""


def test_an_empty_space_is_named_in_the_title(window: MainWindow, fakes: Fakes) -> None:
    fakes.space = Space("nothing here", np.zeros((0, 2), np.float32))
    window.dispatch("file.open_path", path="nothing")
    assert window.windowTitle().startswith("nothing here")


@pytest.mark.parametrize("count", [0, 1, 2, 6])
@pytest.mark.parametrize("labels", [0, 1, 3])
def test_every_example_that_is_offered_can_be_evaluated(
    window: MainWindow, fakes: Fakes, count: int, labels: int
) -> None:
    names = ["abc"[i % labels] for i in range(count)] if labels else []
    columns = {"label": categories_of(names)} if labels else {}
    fakes.space = Space(
        "small", np.arange(12, dtype=np.float32).reshape(6, 2)[:count], columns=columns
    )
    window.dispatch("file.open_path", path="small")
    faults: list[str] = []
    window.workbench.arithmetic.fault.connect(lambda sentence, _at: faults.append(sentence))
    offered = examples(window.workbench.workspace.space)
    assert offered
    for text in offered:
        window.dispatch("arithmetic.evaluate", text=text)
    assert faults == []


def test_a_frame_stays_marked_while_the_path_gets_more_frames(opened: MainWindow) -> None:
    opened.dispatch("path.add_row", row=0)
    opened.dispatch("path.add_row", row=5)
    opened.dispatch("path.show_frame", index=23)
    opened.dispatch("path.frames", count=40)
    assert opened.editor.path_tab.film.current == 39
    assert opened.preview.title.text == "Frame 40 of 40"


def test_only_what_is_pinned_is_called_pinned(opened: MainWindow) -> None:
    unpin = opened.preview.unpin
    opened.map_panel.view.hovered.emit(RowTarget(2))
    assert unpin.isHidden()
    opened.dispatch("preview.pin_row", row=3)
    assert not unpin.isHidden()
    opened.map_panel.view.hovered.emit(RowTarget(2))
    assert unpin.isHidden()
    opened.map_panel.view.hovered.emit(None)
    assert not unpin.isHidden()
    opened.dispatch("preview.unpin")
    assert unpin.isHidden()


def test_undo_takes_the_sentence_of_what_it_undid_away(opened: MainWindow) -> None:
    opened.dispatch("select.rows", rows=np.array([1, 2]))
    opened.dispatch("groups.create")
    assert opened.status.message.startswith("Group A")
    opened.dispatch("edit.undo")
    assert opened.status.message == ""


def test_copies_kept_aside_do_not_crowd_the_recent_files(window: MainWindow) -> None:
    recent = ("/k/b (autosaved).latentviewer", "/x/mine.npy", "/k/a (autosaved).latentviewer")
    window.workbench.remember(dataclasses.replace(window.workbench.settings, recent=recent))
    rows = [row.toolTip() for row in window.sidebar.findChildren(ElidedButton) if row.isEnabled()]
    assert [path for path in rows if path in recent] == list(recent[:2])


def test_the_window_fits_a_small_screen(opened: MainWindow) -> None:
    opened.dispatch("path.add_row", row=0)
    opened.dispatch("path.add_row", row=5)
    opened.dispatch("arithmetic.evaluate", text="#5 - #1")
    opened.resize(1000, 700)
    for show in ("view.path_tab", "view.arithmetic_tab"):
        opened.dispatch(show)
        QApplication.processEvents()
        assert opened.width() == 1000
        tab = opened.editor.current
        places: dict[str, QRect] = {}
        for part in tab.findChildren(QWidget):
            if part.isVisible() and isinstance(part, QAbstractButton | QComboBox | QSpinBox):
                assert part.accessibleName()
                places[part.accessibleName()] = QRect(part.mapTo(tab, QPoint()), part.size())
                # A spin box asks for room for arrows that the theme does not draw.
                least = 50 if isinstance(part, QSpinBox) else part.minimumSizeHint().width()
                assert part.width() >= least, part.accessibleName()
        for name, place in places.items():
            assert tab.rect().contains(place), name
            assert not [n for n, other in places.items() if n != name and place.intersects(other)]


def test_menus_check_what_holds(opened: MainWindow) -> None:
    def checked() -> set[str]:
        for menu in opened.menus._menus.values():
            menu.aboutToShow.emit()
        return {name for name, action in opened.menus.actions.items() if action.isChecked()}

    assert checked() == {
        "map.two", "map.tool_move", "map.toggle_posterior", "map.toggle_thumbnails",
        "map.toggle_names", "map.toggle_links",
        "view.editor", "view.sidebar",
    }  # fmt: skip
    for command in ("map.three", "map.tool_lasso", "map.toggle_density", "view.sidebar"):
        opened.dispatch(command)
    assert checked() == {
        "map.three", "map.tool_lasso", "map.toggle_posterior", "map.toggle_thumbnails",
        "map.toggle_names", "map.toggle_links",
        "map.toggle_density",
        "view.editor",
    }  # fmt: skip
    opened.menus.actions["map.toggle_density"].trigger()
    assert "map.toggle_density" not in checked()


def test_the_status_line_counts_what_is_selected(opened: MainWindow) -> None:
    opened.dispatch("select.rows", rows=np.array([1, 2]))
    assert opened.status._selected.text() == "2 selected"
    opened.dispatch("select.none")
    assert opened.status._selected.text() == ""
    opened.dispatch("select.all")
    opened.dispatch("file.welcome")
    assert opened.status._selected.text() == ""


def naming(window: MainWindow) -> NameField:
    fields = [f for f in window.sidebar.findChildren(NameField) if f.isVisible()]
    assert len(fields) == 1
    return fields[0]


def group_names(window: MainWindow) -> list[str]:
    return [group.name for group in window.workbench.workspace.state.groups]


def test_a_new_group_can_be_named_at_once(opened: MainWindow, qtbot: QtBot) -> None:
    opened.dispatch("select.rows", rows=np.array([1, 2]))
    opened.dispatch("groups.create")
    field = naming(opened)
    qtbot.waitUntil(field.hasFocus)
    qtbot.keyClicks(field, "loops")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    assert group_names(opened) == ["loops"]
    assert opened.map_panel.view.hasFocus()
    assert len(opened.workbench.workspace.state.selection) == 2


def test_escape_keeps_the_name_and_the_selection(opened: MainWindow, qtbot: QtBot) -> None:
    opened.dispatch("select.rows", rows=np.array([1, 2]))
    opened.dispatch("groups.create")
    field = naming(opened)
    qtbot.waitUntil(field.hasFocus)
    qtbot.keyClicks(field, "loops")
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert group_names(opened) == ["A"]
    assert len(opened.workbench.workspace.state.selection) == 2


def test_a_name_being_written_is_taken_by_the_next_command(
    opened: MainWindow, qtbot: QtBot
) -> None:
    opened.dispatch("select.rows", rows=np.array([1, 2]))
    opened.dispatch("groups.create")
    naming(opened).setText("loops")
    opened.dispatch("select.all")
    assert group_names(opened) == ["loops"]
    opened.dispatch("groups.create", name="given")
    assert not [f for f in opened.sidebar.findChildren(NameField) if f.isVisible()]


def test_the_dimensions_are_traversed_through_what_is_pinned(
    opened: MainWindow, qtbot: QtBot
) -> None:
    opened.dispatch("preview.pin_row", row=4)
    opened.dispatch("view.dimensions_tab")
    tab = opened.editor.dimensions_tab
    QApplication.processEvents()
    assert tab.isVisible()
    assert tab.sentence is None
    assert tab.caption.left.startswith("#4 · b")
    rows = tab.traversals
    at = rows.picture_rect(0, 8).center().toPoint()
    QTest.mouseMove(rows.viewport(), at)
    shown = opened.workbench.previews.shown
    assert shown is not None
    assert shown.latent.tolist() == [3, 1]
    assert "z 0 = 3.00" in tab.caption.left
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=at)
    qtbot.waitUntil(lambda: tab.caption.left.startswith("Edited #4"))
    assert opened.preview.bars.edited.tolist() == [True, False]
    opened.dispatch("edit.undo")
    qtbot.waitUntil(lambda: tab.caption.left.startswith("#4 · b"))


def test_a_space_without_a_decoder_has_a_sentence_in_place_of_traversals(
    window: MainWindow, fakes: Fakes
) -> None:
    fakes.space = Space("plain", np.zeros((3, 2), np.float32))
    window.dispatch("file.open_path", path="plain")
    window.dispatch("view.dimensions_tab")
    assert window.editor.dimensions_tab.sentence == (
        "plain names no model, so no latent can be decoded."
    )


def test_a_ranked_sample_is_shown_selected_and_found_again(opened: MainWindow) -> None:
    opened.dispatch("view.ranking_tab")
    QApplication.processEvents()
    tab = opened.editor.ranking_tab
    strip = tab.strip
    assert tab.sentence is None
    assert strip.rows.tolist() == [5, 4, 3, 2, 1, 0]
    assert tab.caption.left == "6 samples"
    at = strip.column_rect(1).center().toPoint()
    QTest.mouseMove(strip.viewport(), at)
    assert opened.workbench.previews.shown is not None
    assert opened.workbench.previews.shown.row == 4
    assert tab.caption.left == "2: #4 · b, score 4.00"
    QTest.mouseClick(strip.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert opened.workbench.workspace.state.selection.rows.tolist() == [4]
    assert strip.rows.tolist() == [5, 4, 3, 2, 1, 0]
    opened.dispatch("edit.undo")
    assert len(opened.workbench.workspace.state.selection) == 0


def test_a_space_without_numbers_has_a_sentence_in_place_of_a_ranking(
    window: MainWindow, fakes: Fakes
) -> None:
    fakes.space = Space("plain", np.zeros((3, 2), np.float32))
    window.dispatch("file.open_path", path="plain")
    window.dispatch("view.ranking_tab")
    assert "no column of numbers" in str(window.editor.ranking_tab.sentence)


@pytest.fixture
def denoising(qtbot: QtBot, fakes: Fakes, tmp_path: Path) -> Iterator[MainWindow]:
    services = dataclasses.replace(fakes.services(), open_model=lambda _name: Denoiser())
    workbench = Workbench(WorkerNow(), services, Settings(hint_seen=True), tmp_path)  # type: ignore[arg-type]
    made = MainWindow(workbench, NumpyRasteriser())
    made.map_panel.view.animations_enabled = False
    qtbot.addWidget(made)
    made.resize(1000, 700)
    made.show()
    made.dispatch("file.open_path", path="six.arrow")
    yield made
    workbench.workspace.session.mark_saved()
    made.close()


def _tabs(window: MainWindow) -> list[str]:
    bar = window.editor.findChild(QTabBar)
    assert bar is not None
    return [bar.tabText(i) for i in range(bar.count()) if bar.isTabVisible(i)]


def test_the_denoising_tab_is_there_where_the_model_denoises(
    opened: MainWindow, denoising: MainWindow, fakes: Fakes
) -> None:
    assert "Denoising" not in _tabs(opened)
    opened.dispatch("view.denoising_tab")
    assert "doubling decodes a latent at once" in opened.status.message
    assert "Denoising" in _tabs(denoising)
    denoising.dispatch("view.denoising_tab")
    assert denoising.editor.current is denoising.editor.denoising_tab
    denoising.dispatch("file.welcome")
    assert "Denoising" not in _tabs(denoising)


def test_looking_at_denoising_draws_its_way_and_leaving_takes_it_away(
    denoising: MainWindow,
) -> None:
    drawn = denoising.map_panel.view._annotations
    assert drawn._trajectory is None
    denoising.dispatch("view.denoising_tab")
    assert drawn._trajectory is not None
    places, back, current = drawn._trajectory
    assert (len(places), back, current) == (21, 0, 20)
    assert denoising.editor.denoising_tab.strip.done == 21
    denoising.dispatch("denoise.find_noise", row=1)
    assert drawn._trajectory[1] == 20
    assert "comes back with error 0.0000" in _note(denoising)
    denoising.dispatch("denoise.ask", what="label=c")
    assert "comes back" not in _note(denoising)
    denoising.dispatch("view.path_tab")
    assert drawn._trajectory is None


def _note(window: MainWindow) -> str:
    return window.editor.denoising_tab._note[0]


def test_playing_shows_each_step_once_and_ends(denoising: MainWindow, qtbot: QtBot) -> None:
    denoising.dispatch("view.denoising_tab")
    denoising.dispatch("denoise.steps", count=3)
    heard: list[int | None] = []
    denoising.workbench.denoising.current_changed.connect(heard.append)
    denoising.dispatch("denoise.play")
    qtbot.waitUntil(lambda: not denoising.denoisings._player.isActive())
    assert heard == [0, 1, 2, 3]


def test_a_path_through_noise_is_chosen_and_its_waypoints_are_pinned(
    denoising: MainWindow,
) -> None:
    tab = denoising.editor.path_tab
    for row in (0, 4):
        denoising.dispatch("path.add_row", row=row)
    denoising.dispatch("path.mode", mode="noise")
    assert tab.mode.currentData() == "noise"
    assert tab.film.done == 24
    assert tab.film._pins == (0, 23)


def test_the_preview_says_how_far_it_is_denoised(denoising: MainWindow) -> None:
    denoising.dispatch("denoise.under_cursor")
    denoising.map_panel.view.hovered.emit(PlaceTarget((3.0, 1.0)))
    assert denoising.preview.facts.lines[0][:2] == ("Steps", "2 of 20, from half noise")


def test_the_shown_maps_quality_is_told(opened: MainWindow, fakes: Fakes) -> None:
    assert opened.status._quality.text() == "trust 0.90"
    assert "Shepard correlation: 0.600" in opened.status._quality.toolTip()
    opened.dispatch("view.projection_tab")
    tab = opened.editor.projection_tab
    assert tab.isVisible()
    assert tab.quality.head.startswith("On 6 of 6 samples")
    assert tab.no_options.isVisible()
    opened.dispatch("map.method", name="tsne")
    assert opened.status._quality.text() == ""
    assert "perplexity" in tab.form.fields
    assert tab.pause.isVisible()
    fakes.layouts.last.tell("layout, 3 of 9")
    assert opened.map_panel.view._annotations.notice == "t-SNE is forming: layout, 3 of 9"
    opened.dispatch("map.pause")
    assert tab.pause.accessibleName() == "Resume"
    assert "is paused" in (opened.map_panel.view._annotations.notice or "")
    opened.dispatch("map.pause")
    fakes.layouts.finish()
    assert not tab.pause.isVisible()
    assert tab.quality.figures


def test_a_resting_cursor_ties_a_sample_to_its_neighbours(opened: MainWindow) -> None:
    links = opened.map_panel.view._annotations
    opened.workbench.previews.hover(RowTarget(2))
    opened.workbench.previews.settle()
    assert links._links is not None
    origin, others = links._links
    np.testing.assert_array_equal(origin, [2, 2])
    assert len(others) == 5
    opened.workbench.previews.hover(RowTarget(3))
    assert links._links is None
    opened.workbench.previews.settle()
    assert links._links is not None
    opened.dispatch("map.toggle_links")
    assert links._links is None
    opened.workbench.previews.settle()
    assert links._links is None
