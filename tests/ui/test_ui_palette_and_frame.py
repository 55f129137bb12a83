import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from latentviewer.app.commands import COMMANDS, Commands, Needs
from latentviewer.jobs.progress import JobStatus
from latentviewer.ui.command_palette import CommandPalette, matches
from latentviewer.ui.icons import icon_file
from latentviewer.ui.menus import Menus
from latentviewer.ui.status import StatusLine, duration
from latentviewer.ui.theme import DARK, LIGHT, THEMES, Theme


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


def test_a_fault_stays_until_the_next_sentence(qtbot: QtBot) -> None:
    line = StatusLine(Heard(), DARK)
    qtbot.addWidget(line)
    line.say("Saved.", False)
    assert line._fade.isActive()
    line.say("It broke.", True)
    assert not line._fade.isActive()
    assert line.message == "It broke."


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
