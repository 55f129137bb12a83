"""Selections, groups and search."""

from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.colouring import as_categories, colouring
from latentviewer.app.state import RowTarget
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.search import find_rows
from latentviewer.domain.selection import (
    CombineMode,
    Group,
    Selection,
    combine,
    next_group_name,
    valid_group_name,
)


def _points(count: int) -> str:
    return "1 point" if count == 1 else f"{count:,} points"


class Selecting:
    """What is selected, and the named groups made of it."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def rows(self, rows: object, mode: str = "replace") -> None:
        """Selects rows: mode `replace`, `add`, `remove` or `toggle`."""
        self._set(self._combined(np.unique(np.asarray(rows, np.int64)), mode))

    def point(self, row: int, mode: str = "replace") -> None:
        """Selects a row as `rows` does and keeps it in the preview, in one step."""
        selection = self._combined(np.array([row], np.int64), mode)
        state = self._workspace.state
        shown = isinstance(state.pinned, RowTarget) and state.pinned.row == row
        if selection != state.selection or not shown:
            pinned = state.pinned if shown else RowTarget(int(row))
            self._workspace.session.change(_title(selection), selection=selection, pinned=pinned)

    def _combined(self, wanted: NDArray[np.int64], mode: str) -> Selection:
        if mode not in get_args(CombineMode):
            raise UserError(f"A selection cannot be combined by “{mode}”.")
        space = self._workspace.space
        if wanted.size and not (wanted[0] >= 0 and wanted[-1] < len(space)):
            raise UserError(f"{space.name} has rows 0 to {len(space) - 1}; others were named.")
        return combine(self._workspace.state.selection, wanted, cast(CombineMode, mode))

    def all(self) -> None:
        """Selects every row."""
        self._set(Selection.of(np.arange(len(self._workspace.space))))

    def none(self) -> None:
        """Selects nothing."""
        self._set(Selection.empty())

    def invert(self) -> None:
        """Selects what was not selected."""
        everything = Selection.of(np.arange(len(self._workspace.space)))
        self._set(everything.minus(self._workspace.state.selection))

    def category(self, name: str) -> None:
        """Selects all rows with a label of the column that colours the map."""
        space = self._workspace.space
        key = self._workspace.state.map.colour_by or space.label_column()
        if key is None:
            raise UserError(f"{space.name} has no column of labels.")
        column = as_categories(space.columns[key])
        if name and name not in column.names:
            raise UserError(f"No row of “{key}” is “{name}”.")
        code = column.names.index(name) if name else -1
        self._set(Selection.of(np.flatnonzero(column.codes == code)))

    def find(self, text: str) -> None:
        """Selects every row that the search finds."""
        found = find_rows(self._workspace.space, text)
        if not len(found):
            self._workspace.say(
                f"Nothing found for “{text}”." if text.strip() else "Type to search."
            )
            return
        fields = {} if len(found) > 1 else {"pinned": RowTarget(int(found[0]))}
        self._workspace.session.change(
            f"Search “{text}”", merge_key="search", selection=Selection.of(found), **fields
        )
        shown = colouring(self._workspace.space, self._workspace.state.map, True).visible()
        hidden = int(np.count_nonzero(~shown[found]))
        filtered = f" The filter hides {hidden:,} of them." if hidden else ""
        self._workspace.say(f"{_points(len(found))} found.{filtered}")

    def create_group(self, name: str | None = None) -> None:
        """Makes a group of the selection."""
        groups = self._workspace.state.groups
        taken = [group.name for group in groups]
        chosen = valid_group_name(name, taken) if name else next_group_name(taken)
        selection = self._workspace.state.selection
        self._workspace.session.change(
            f"Make group {chosen}", groups=(*groups, Group(chosen, selection))
        )
        self._workspace.say(f"Group {chosen}: {_points(len(selection))}. Write it as @{chosen}.")

    def select_group(self, name: str) -> None:
        """Selects a group's rows."""
        self._set(self._group(name).selection)

    def rename_group(self, name: str, to: str) -> None:
        """Gives a group another name."""
        group, groups = self._group(name), self._workspace.state.groups
        others = [g.name for g in groups if g is not group]
        chosen = valid_group_name(to, others)
        renamed = tuple(Group(chosen, g.selection) if g is group else g for g in groups)
        self._workspace.session.change(f"Rename {name} to {chosen}", groups=renamed)

    def remove_group(self, name: str) -> None:
        """Forgets a group; its samples stay."""
        group = self._group(name)
        kept = tuple(g for g in self._workspace.state.groups if g is not group)
        self._workspace.session.change(f"Remove group {name}", groups=kept)

    def _group(self, name: str) -> Group:
        for group in self._workspace.state.groups:
            if group.name == name:
                return group
        raise UserError(f"There is no group “{name}”.")

    def _set(self, selection: Selection) -> None:
        if selection != self._workspace.state.selection:
            self._workspace.session.change(_title(selection), selection=selection)


def _title(selection: Selection) -> str:
    return f"Select {_points(len(selection))}" if len(selection) else "Clear selection"
