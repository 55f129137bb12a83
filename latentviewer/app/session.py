"""The session: the present state, and the way back through its past."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from latentviewer.app.signal import Signal
from latentviewer.app.state import SessionState

_HISTORY_STEPS = 500


@dataclass(frozen=True, eq=False)
class _Step:
    title: str
    before: SessionState
    merge_key: str | None


class Session:
    """Holds the state; changes go through `change`, and all of them can be undone.

    States are frozen and share what did not change, so the past costs little.

    Attributes:
        changed: emitted with (old, new) after every change, undo and redo.
    """

    def __init__(self) -> None:
        self.changed: Signal[[SessionState, SessionState]] = Signal()
        self._state = SessionState()
        self._past: list[_Step] = []
        self._future: list[_Step] = []
        self._saved_state = self._state

    @property
    def state(self) -> SessionState:
        """The present."""
        return self._state

    def change(self, title: str, merge_key: str | None = None, **fields: Any) -> None:
        """Makes the next state from this one.

        Args:
            title: what Undo calls it, such as `Select 12 points`.
            merge_key: consecutive changes with the same key undo as one, as a slider's do.
            fields: the fields of `SessionState` that change.
        """
        new = dataclasses.replace(self._state, **fields)
        merged = bool(merge_key and self._past and self._past[-1].merge_key == merge_key)
        if not (merged and not self._future):
            self._past.append(_Step(title, self._state, merge_key))
            del self._past[:-_HISTORY_STEPS]
        self._future.clear()
        self._move_to(new)

    def amend(self, **fields: Any) -> None:
        """Changes what the user did not do, such as a finished map; no step of its own."""
        self._move_to(dataclasses.replace(self._state, **fields))

    def reset(self, state: SessionState) -> None:
        """Starts anew from `state`, with no past."""
        self._past.clear()
        self._future.clear()
        self._saved_state = state
        self._move_to(state)

    def undo(self) -> None:
        """Goes back one step; does nothing at the beginning."""
        if self._past:
            step = self._past.pop()
            self._future.append(_Step(step.title, self._state, step.merge_key))
            self._move_to(self._with_present_space(step.before))

    def redo(self) -> None:
        """Goes forward one step; does nothing at the end."""
        if self._future:
            step = self._future.pop()
            self._past.append(_Step(step.title, self._state, None))
            self._move_to(self._with_present_space(step.before))

    @property
    def undo_title(self) -> str | None:
        """What Undo would take back, or None."""
        return self._past[-1].title if self._past else None

    @property
    def redo_title(self) -> str | None:
        """What Redo would bring back, or None."""
        return self._future[-1].title if self._future else None

    @property
    def unsaved(self) -> bool:
        """Whether anything changed since the last save or reset."""
        return self._state is not self._saved_state

    def mark_saved(self) -> None:
        """The present state is on disk."""
        self._saved_state = self._state

    def _with_present_space(self, state: SessionState) -> SessionState:
        # Columns and maps that were computed since are kept: undo takes back what the
        # user did, not what the machine found. Nor does it open or close the second map.
        now = self._state
        present = now.space
        if state.layer != now.layer and state.space is not None and present is not None:
            # Another layer has latents and maps of its own.
            present = dataclasses.replace(state.space, columns=present.columns)
        return dataclasses.replace(state, space=present, compared=now.compared)

    def _move_to(self, new: SessionState) -> None:
        old, self._state = self._state, new
        self.changed.emit(old, new)
