import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from latentviewer.app.session import Session
from latentviewer.app.state import SessionState
from latentviewer.domain.selection import Selection
from latentviewer.domain.space import Space


def small_space(rows: int = 5) -> Space:
    return Space("five", np.arange(rows * 2, dtype=np.float32).reshape(rows, 2))


def test_undo_and_redo_walk_the_same_states() -> None:
    session = Session()
    session.reset(SessionState(space=small_space()))
    first, second = Selection.of([1]), Selection.of([1, 2])
    session.change("Select 1", selection=first)
    session.change("Select 2", selection=second)
    session.undo()
    assert session.state.selection == first
    session.undo()
    assert session.state.selection == Selection.empty()
    session.redo()
    session.redo()
    assert session.state.selection == second
    assert session.redo_title is None


def test_changes_with_one_merge_key_undo_as_one() -> None:
    session = Session()
    session.reset(SessionState(space=small_space()))
    for text in ("a", "ab", "abc"):
        session.change("Type", merge_key="typing", expression=text)
    session.change("Other", expression="x")
    session.undo()
    assert session.state.expression == "abc"
    session.undo()
    assert session.state.expression == ""


def test_a_new_change_forgets_what_was_undone() -> None:
    session = Session()
    session.change("One", expression="1")
    session.undo()
    session.change("Two", expression="2")
    assert session.redo_title is None
    session.redo()
    assert session.state.expression == "2"


def test_undo_keeps_maps_that_were_computed_since() -> None:
    session = Session()
    session.reset(SessionState(space=small_space()))
    session.change("Type", expression="#1")
    assert session.state.space is not None
    session.amend(space=session.state.space.with_map("umap_2d", np.zeros((5, 2), np.float32)))
    session.undo()
    assert session.state.space is not None
    assert "umap_2d" in session.state.space.maps
    assert session.state.expression == ""


def test_unsaved_follows_changes_and_saves() -> None:
    session = Session()
    session.reset(SessionState(space=small_space()))
    assert not session.unsaved
    session.change("Type", expression="#1")
    assert session.unsaved
    session.mark_saved()
    assert not session.unsaved


@given(st.lists(st.sampled_from(["change", "undo", "redo"]), max_size=60))
def test_any_walk_agrees_with_a_plain_list(walk: list[str]) -> None:
    session = Session()
    past, now, future, count = [], "", [], 0
    for step in walk:
        if step == "change":
            count += 1
            past, now, future = [*past, now], str(count), []
            session.change("Type", expression=now)
        elif step == "undo":
            if past:
                past, now, future = past[:-1], past[-1], [*future, now]
            session.undo()
        else:
            if future:
                past, now, future = [*past, now], future[-1], future[:-1]
            session.redo()
        assert session.state.expression == now
        assert (session.undo_title is None) == (not past)
        assert (session.redo_title is None) == (not future)
