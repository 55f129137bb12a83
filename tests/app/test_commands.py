from collections import Counter

import pytest

from latentviewer.app.commands import (
    COMMANDS,
    MENUS,
    Commands,
    Needs,
    UnknownCommandError,
)
from latentviewer.domain.errors import UserError


def test_ids_and_shortcuts_are_given_once() -> None:
    assert [i for i, n in Counter(c.id for c in COMMANDS).items() if n > 1] == []
    assert [s for s, n in Counter(c.shortcut for c in COMMANDS).items() if s and n > 1] == []


def test_every_menu_a_command_names_is_there() -> None:
    assert {c.menu for c in COMMANDS if c.menu} <= set(MENUS)


def test_commands_in_menus_need_no_required_argument() -> None:
    asking = [c.id for c in COMMANDS if c.menu and any(not a.optional for a in c.arguments)]
    assert asking == []


def test_a_command_runs_with_what_it_declares_only() -> None:
    seen: list[str] = []
    commands = Commands(lambda: frozenset({Needs.SPACE}))
    commands.give_work({"map.method": seen.append})
    with pytest.raises(TypeError):
        commands.run("map.method")
    with pytest.raises(TypeError):
        commands.run("map.method", name="pca", colour="red")
    assert seen == []


def test_a_command_without_its_needs_does_nothing() -> None:
    seen: list[str] = []
    commands = Commands(frozenset)
    commands.give_work({"select.all": lambda: seen.append("all")})
    commands.run("select.all")
    assert seen == []
    assert not commands.available("select.all")


def test_unknown_and_workless_commands_are_told_apart() -> None:
    commands = Commands(lambda: frozenset(Needs))
    with pytest.raises(UnknownCommandError):
        commands.run("no.such")
    with pytest.raises(UnknownCommandError):
        commands.give_work({"no.such": lambda: None})
    with pytest.raises(UserError):
        commands.run("view.palette")


def test_work_is_given_once() -> None:
    commands = Commands(frozenset)
    commands.give_work({"edit.undo": lambda: None})
    with pytest.raises(ValueError, match=r"edit\.undo"):
        commands.give_work({"edit.undo": lambda: None})
