import dataclasses
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, QPointF, QSize, Qt, QTimer
from PySide6.QtGui import QIcon, QImage, QKeySequence, QWheelEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFileDialog,
    QLineEdit,
    QMainWindow,
    QMessageBox,
    QPushButton,
    QStyle,
    QStyleOptionComboBox,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from latentviewer.app.commands import COMMANDS, MENUS, Commands, Needs
from latentviewer.jobs.progress import JobStatus
from latentviewer.ui.command_palette import CommandPalette, matches
from latentviewer.ui.elided_button import ElidedButton
from latentviewer.ui.icons import icon, icon_file
from latentviewer.ui.menus import Menus
from latentviewer.ui.save_dialog import ask_where_to_save, named
from latentviewer.ui.sidebar import Sidebar
from latentviewer.ui.status import (
    FAULT_READABLE_MS,
    FAULT_SHOWN_MS,
    MESSAGE_SHOWN_MS,
    StatusLine,
    duration,
)
from latentviewer.ui.theme import DARK, LIGHT, THEMES, Theme
from latentviewer.ui.top_bar import TopBar


class Heard:
    """A dispatch that remembers."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, object]]] = []

    def __call__(self, command_id: str, **arguments: object) -> None:
        self.calls.append((command_id, arguments))


@pytest.fixture
def palette(qtbot: QtBot) -> tuple[CommandPalette, Heard, QWidget]:
    parent = QWidget()
    parent.resize(900, 700)
    qtbot.addWidget(parent)
    heard = Heard()
    commands = Commands(lambda: frozenset(Needs))
    choices = {"methods": [("pca", "PCA"), ("umap", "UMAP")]}
    box = CommandPalette(commands, lambda source: choices.get(source, []), heard, parent)
    parent.show()
    return box, heard, parent


def test_typing_part_of_a_title_and_enter_runs_the_command(
    palette: tuple[CommandPalette, Heard, QWidget], qtbot: QtBot
) -> None:
    box, heard, _ = palette
    box.open()
    qtbot.keyClicks(box._field, "lasso")
    qtbot.keyClick(box._field, Qt.Key.Key_Return)
    assert heard.calls == [("map.tool_lasso", {})]
    assert not box.isVisible()


def test_a_choice_is_found_by_its_own_name(
    palette: tuple[CommandPalette, Heard, QWidget], qtbot: QtBot
) -> None:
    box, heard, _ = palette
    box.open()
    qtbot.keyClicks(box._field, "projection umap")
    assert box._list.item(0).text() == "Projection → UMAP"
    qtbot.keyClick(box._field, Qt.Key.Key_Return)
    assert heard.calls == [("map.method", {"name": "umap"})]


def test_a_shortcut_stands_at_the_right_end_of_its_row(
    palette: tuple[CommandPalette, Heard, QWidget], qtbot: QtBot
) -> None:
    box, _, _ = palette
    box.open()
    qtbot.keyClicks(box._field, "select all")
    item = box._list.item(0)
    assert item.text() == "Select all"

    def right_end() -> QImage:
        row = box._list.visualItemRect(item)
        row.setLeft(row.right() - 70)
        return box._list.viewport().grab(row).toImage()

    before = right_end()
    item.setText("")
    assert right_end() == before, "the title does not reach there"
    item.setData(Qt.ItemDataRole.UserRole + 1, "")
    assert right_end() != before


def test_arguments_are_asked_for_one_after_another(
    palette: tuple[CommandPalette, Heard, QWidget], qtbot: QtBot
) -> None:
    box, heard, _ = palette
    box.open("map.method")
    qtbot.keyClick(box._field, Qt.Key.Key_Down)
    qtbot.keyClick(box._field, Qt.Key.Key_Return)
    assert heard.calls == [("map.method", {"name": "umap"})]
    box.open("preview.set_dimension")
    qtbot.keyClicks(box._field, "three")
    qtbot.keyClick(box._field, Qt.Key.Key_Return)
    assert box._fault.isVisible()
    box._field.setText("3")
    qtbot.keyClick(box._field, Qt.Key.Key_Return)
    box._field.setText("-1.5")
    qtbot.keyClick(box._field, Qt.Key.Key_Return)
    assert heard.calls[-1] == ("preview.set_dimension", {"index": 3, "value": -1.5})


def test_escape_goes_back_a_step_and_then_closes(
    palette: tuple[CommandPalette, Heard, QWidget], qtbot: QtBot
) -> None:
    box, heard, _ = palette
    box.open("map.method")
    qtbot.keyClick(box._field, Qt.Key.Key_Escape)
    assert box.isVisible()
    qtbot.keyClick(box._field, Qt.Key.Key_Escape)
    assert not box.isVisible()
    assert heard.calls == []


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("und", "Undo", True),
        ("sel all", "Select all", True),
        ("clp", "Clear path", True),
        ("zoomx", "Zoom in", False),
        ("", "Anything", True),
    ],
)
def test_matching(query: str, text: str, found: bool) -> None:
    assert (matches(query, text) is not None) == found


def test_better_matches_come_first() -> None:
    begins, within = matches("path", "Path frames"), matches("path", "Clear path")
    scattered = matches("path", "Put all there")
    assert begins is not None
    assert within is not None
    assert begins < within
    assert scattered is None or within < scattered


def test_menus_grey_out_what_is_not_available(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    present: set[Needs] = set()
    heard = Heard()
    menus = Menus(window, Commands(lambda: frozenset(present)), heard, DARK)
    menus.refresh("", "")
    assert not menus.actions["edit.undo"].isEnabled()
    present.add(Needs.UNDO)
    menus.refresh("Select 3 points", "")
    assert menus.actions["edit.undo"].isEnabled()
    assert menus.actions["edit.undo"].text() == "Undo Select 3 points"
    menus.actions["edit.undo"].trigger()
    assert heard.calls == [("edit.undo", {})]


def test_the_file_menu_ends_with_quit(qtbot: QtBot) -> None:
    file_menu = [c.id for c in COMMANDS if c.menu == "File"]
    assert file_menu[-1] == "file.quit"


def test_every_icon_a_command_names_is_bundled() -> None:
    missing = [c.icon for c in COMMANDS if c.icon and not icon_file(c.icon).is_file()]
    assert missing == []


def status(state: str, elapsed_s: float, fraction: float | None = 0.5) -> JobStatus:
    return JobStatus(1, "Encode", state, fraction, "digits", elapsed_s, 42.0)  # type: ignore[arg-type]


def test_progress_shows_after_a_moment_with_a_way_to_cancel(qtbot: QtBot) -> None:
    heard = Heard()
    line = StatusLine(heard, DARK)
    qtbot.addWidget(line)
    line.show()
    line.set_job(status("running", 0.1))
    assert not line._bar.isVisible()
    line.set_job(status("running", 0.4))
    assert line._bar.isVisible()
    assert line._job.text() == "Encode: digits, 42 s left"
    qtbot.mouseClick(line._cancel, Qt.MouseButton.LeftButton)
    assert heard.calls == [("jobs.cancel", {})]
    line.set_job(status("done", 1.0))
    assert not line._bar.isVisible()


def test_a_job_that_tells_nothing_further_is_shown_all_the_same(qtbot: QtBot) -> None:
    line = StatusLine(Heard(), DARK)
    qtbot.addWidget(line)
    line.show()
    line.set_job(status("running", 0.0, None))
    assert not line._bar.isVisible()
    qtbot.waitUntil(line._bar.isVisible, timeout=2000)
    assert line._cancel.isVisible()
    line.set_job(status("cancelled", 0.5, None))
    assert not line._bar.isVisible()


def test_a_job_that_ends_at_once_is_never_shown(qtbot: QtBot) -> None:
    line = StatusLine(Heard(), DARK)
    qtbot.addWidget(line)
    line.show()
    line.set_job(status("running", 0.0))
    line.set_job(status("done", 0.1))
    assert not line._late.isActive()
    assert not line._bar.isVisible()


def test_a_job_that_ends_leaves_another_one_shown(qtbot: QtBot) -> None:
    line = StatusLine(Heard(), DARK)
    qtbot.addWidget(line)
    line.show()
    line.set_job(dataclasses.replace(status("running", 1.0), id=1, title="UMAP"))
    line.set_job(dataclasses.replace(status("running", 1.0), id=2, title="Export"))
    line.set_job(dataclasses.replace(status("done", 2.0), id=2, title="Export"))
    assert line._bar.isVisible()
    assert line._job.text().startswith("UMAP")


def test_a_fault_can_be_read_before_the_next_command_takes_it_away(qtbot: QtBot) -> None:
    line = StatusLine(Heard(), DARK)
    qtbot.addWidget(line)
    line.say("Saved.", False)
    assert line._fade.interval() == MESSAGE_SHOWN_MS
    line.say("It broke.", True)
    assert line._fade.interval() == FAULT_SHOWN_MS > MESSAGE_SHOWN_MS
    line.outdate(line.said)
    assert line.message == "It broke."
    assert 0 < line._fade.interval() <= FAULT_READABLE_MS
    line.say("It broke again.", True)
    line.outdate(line.said - 1)
    assert line._fade.interval() == FAULT_SHOWN_MS, "the command told this one itself"
    line._said_at -= FAULT_READABLE_MS
    line.outdate(line.said)
    qtbot.waitUntil(lambda: line.message == "")


def test_what_no_longer_holds_goes_at_once(qtbot: QtBot) -> None:
    line = StatusLine(Heard(), DARK)
    qtbot.addWidget(line)
    line.say("Group A: 3 points.", False)
    line.outdate(line.said, at_once=True)
    assert line.message == ""
    assert not line._fade.isActive()


@pytest.mark.parametrize(
    ("drawn", "there", "text"),
    [(1, 1, "1 point"), (2, 2, "2 points"), (1, 2, "1 of 2 points in view"), (0, 0, "")],
)
def test_points_are_counted_in_words(qtbot: QtBot, drawn: int, there: int, text: str) -> None:
    line = StatusLine(Heard(), DARK)
    qtbot.addWidget(line)
    line.set_counts(drawn, there)
    assert line._counts.text() == text


def test_every_shortcut_is_one_commands_own_and_opens_no_menu() -> None:
    taken = [c.shortcut for c in COMMANDS if c.shortcut]
    assert len({QKeySequence(s).toString() for s in taken}) == len(taken)
    mnemonics = [QKeySequence.mnemonic(f"&{title}") for title in MENUS]
    assert len(set(mnemonics)) == len(mnemonics)
    assert {QKeySequence(s) for s in taken}.isdisjoint(mnemonics)


def test_an_icon_on_a_highlighted_menu_row_has_the_colour_of_its_text() -> None:
    def colours(mode: QIcon.Mode) -> set[str]:
        image = icon("save", DARK, in_menu=True).pixmap(QSize(16, 16), 1.0, mode).toImage()
        return {
            image.pixelColor(x, y).name()
            for x in range(16)
            for y in range(16)
            if image.pixelColor(x, y).alpha() > 250
        }

    assert colours(QIcon.Mode.Normal) == {DARK.text_dim}
    assert colours(QIcon.Mode.Active) == {DARK.accent_text}
    on = icon("save", DARK, in_menu=True).pixmap(
        QSize(16, 16), 1.0, QIcon.Mode.Normal, QIcon.State.On
    )
    assert on.toImage() == icon("save", DARK).pixmap(QSize(16, 16), 1.0).toImage()


@pytest.mark.parametrize(
    ("path", "chosen", "written"),
    [
        ("/a/path", "GIF (*.gif)", "/a/path.gif"),
        ("/a/path.mp4", "GIF (*.gif)", "/a/path.mp4"),
        ("/a/path.GIF", "MP4 film (*.mp4)", "/a/path.GIF"),
        ("/a/path.v2", "GIF (*.gif)", "/a/path.v2.gif"),
        ("/a/path", "", "/a/path.mp4"),
    ],
)
def test_a_file_is_written_as_the_type_that_was_chosen(
    path: str, chosen: str, written: str
) -> None:
    assert named(path, chosen, ("MP4 film (*.mp4)", "GIF (*.gif)")) == written


def test_a_long_name_gives_way_and_the_whole_of_it_can_be_had(qtbot: QtBot) -> None:
    bar = Sidebar(Heard(), DARK)
    qtbot.addWidget(bar)
    bar.resize(200, 600)
    path = "/home/someone/" + "a very long name & more " * 6 + ".latentviewer"
    bar.set_recent([path])
    bar.show()
    row = bar.findChild(ElidedButton)
    assert isinstance(row, ElidedButton)
    assert row.mapTo(bar, row.rect().topRight()).x() < 200
    assert "…" in row.text()
    assert row.toolTip() == path
    bar.resize(3000, 600)
    qtbot.waitUntil(lambda: row.text().replace("&&", "&") == row.full_text)


def wheel(over: QWidget) -> QWheelEvent:
    centre = QPointF(over.rect().center())
    return QWheelEvent(
        centre, over.mapToGlobal(centre), QPoint(), QPoint(0, -120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip


def test_the_wheel_changes_only_what_has_the_focus(qtbot: QtBot) -> None:
    heard = Heard()
    bar = TopBar(heard, DARK)
    qtbot.addWidget(bar)
    bar.set_space("six", "")
    bar.set_methods([("pca", "PCA"), ("umap", "UMAP")], "pca")
    bar.show()
    bar._search.setFocus()
    QApplication.sendEvent(bar._method, wheel(bar._method))
    assert bar._method.currentData() == "pca"
    assert heard.calls == []
    assert bar._method.focusPolicy() == Qt.FocusPolicy.StrongFocus


def test_a_columns_name_is_shown_whole_where_it_is_short_enough(qtbot: QtBot) -> None:
    bar = TopBar(Heard(), DARK)
    qtbot.addWidget(bar)
    bar.resize(1200, 50)
    bar.set_space("six", "")
    bar.set_columns([("", "One colour")], "")
    bar.show()
    name = "reconstruction_error"
    bar.set_columns([("", "One colour"), (name, name)], name)
    QApplication.processEvents()
    box = bar._column
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    field = box.style().subControlRect(
        QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, box
    )
    assert box.fontMetrics().horizontalAdvance(name) <= field.width()
    bar.set_columns([("x", "a name without end " * 10)], "x")
    QApplication.processEvents()
    assert box.width() <= 210


def changed_by_focus(widget: QWidget, qtbot: QtBot) -> int:
    """How many pixels of a widget tell that it has the focus."""
    window = widget.window()
    other = QLineEdit(window)
    other.setGeometry(0, 0, 1, 1)
    other.show()
    other.setFocus()
    qtbot.waitUntil(other.hasFocus)
    before = widget.grab().toImage()
    widget.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.waitUntil(widget.hasFocus)
    after = widget.grab().toImage()
    return sum(
        before.pixel(x, y) != after.pixel(x, y)
        for x in range(before.width())
        for y in range(before.height())
    )


@pytest.mark.parametrize("role", ["", "flat"])
def test_the_focus_shows_on_a_button_that_is_pressed_in(qtbot: QtBot, role: str) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    button = QToolButton(window)
    button.setProperty("role", role)
    button.setCheckable(True)
    button.setChecked(True)
    button.setGeometry(20, 20, 38, 30)
    window.resize(100, 80)
    window.show()
    qtbot.waitExposed(window)
    assert changed_by_focus(button, qtbot) > 100


def test_the_focus_shows_on_the_main_button(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    button = QPushButton("Evaluate", window)
    button.setProperty("role", "primary")
    button.setGeometry(20, 20, 90, 36)
    window.resize(140, 80)
    window.show()
    qtbot.waitExposed(window)
    assert changed_by_focus(button, qtbot) > 100


def test_dialogs_buttons_carry_no_coloured_icons(qtbot: QtBot) -> None:
    box = QMessageBox(
        QMessageBox.Icon.Question, "Quit?", "Quit?",
        QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel,
    )  # fmt: skip
    qtbot.addWidget(box)
    box.show()
    assert all(button.icon().isNull() for button in box.buttons())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "1 s"), (40, "40 s"), (170, "3 min"), (4800, "80 min"), (9000, "2 h 30 min")],
)
def test_durations_read_as_a_person_says_them(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a: str, b: str) -> float:
    """WCAG 2.2, contrast ratio."""
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES.values(), ids=lambda t: t.name)
def test_text_is_readable_on_what_it_stands_on(theme: Theme) -> None:
    for behind in (theme.panel, theme.raised, theme.window, theme.map):
        assert contrast(theme.text, behind) >= 7
        assert contrast(theme.text_dim, behind) >= 4.5
        assert contrast(theme.warning, behind) >= 4.5
        assert contrast(theme.error, behind) >= 4.5
    assert contrast(theme.accent_text, theme.accent) >= 4.5


def test_the_two_themes_name_the_same_roles() -> None:
    assert vars(DARK).keys() == vars(LIGHT).keys()


def test_a_name_without_a_suffix_gets_the_one_of_the_type_chosen(
    qtbot: QtBot, tmp_path: Path
) -> None:
    window = QWidget()
    qtbot.addWidget(window)

    def choose() -> None:
        (dialog,) = window.findChildren(QFileDialog)
        types = dialog.findChild(QComboBox, "fileTypeCombo")
        assert isinstance(types, QComboBox)
        types.setCurrentIndex(1)
        types.textActivated.emit(types.currentText())
        dialog.accept()

    QTimer.singleShot(0, choose)
    filters = ("MP4 film (*.mp4)", "GIF (*.gif)")
    asked = ask_where_to_save(window, "Export path", str(tmp_path / "path"), filters)
    assert asked == str(tmp_path / "path.gif")


def test_no_text_in_the_status_line_makes_the_window_wider(qtbot: QtBot) -> None:
    line = StatusLine(Heard(), DARK)
    qtbot.addWidget(line)
    line.resize(700, 33)
    line.show()
    line.set_job(dataclasses.replace(status("running", 1.0), text="a long story " * 30))
    line.say("A sentence that names a folder far down. " * 20, True)
    QCoreApplication.processEvents()
    assert line.minimumSizeHint().width() < 500
    assert line._cancel.geometry().right() < 700
    assert line.message.startswith("A sentence")
