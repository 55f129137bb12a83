"""Another model's space of the same samples: what stays, and what begins anew."""

import dataclasses

import numpy as np

from latentviewer.app.state import Blend, RowTarget
from latentviewer.app.workbench import Workbench
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import Categories, categories_of
from tests.app.conftest import Fakes, six


def other_model(rows: int = 6, data: str = "squares") -> Space:
    latent = np.arange(rows * 2, dtype=np.float32).reshape(rows, 2)
    labels = categories_of(["a", "b", "c", "a", "b", None][:rows])
    return Space(
        "the same by another", latent, columns={"label": labels},
        provenance=Provenance(model="other", data=data),
    )  # fmt: skip


def prepared(workbench: Workbench) -> None:
    workbench.commands.run("select.rows", rows=[1, 4, 5])
    workbench.commands.run("groups.create", name="late")
    workbench.commands.run("select.rows", rows=[1, 5])
    workbench.commands.run("preview.pin_row", row=4)
    workbench.commands.run("latent.save", name="kept")
    workbench.commands.run("map.filter", name="c")
    workbench.commands.run("map.blend", name="density")


def test_selection_groups_and_colours_stay_with_the_same_samples(
    opened: Workbench, fakes: Fakes
) -> None:
    prepared(opened)
    said: list[str] = []
    opened.workspace.message.connect(lambda text, _fault: said.append(text))
    fakes.space = other_model()
    opened.commands.run("file.open_path", path="other")
    state = opened.workspace.state
    assert state.selection.rows.tolist() == [1, 5]
    assert [(g.name, g.selection.rows.tolist()) for g in state.groups] == [("late", [1, 4, 5])]
    assert isinstance(state.pinned, RowTarget)
    assert state.pinned.row == 4
    assert (state.map.colour_by, state.map.hidden) == ("label", frozenset({"c"}))
    assert state.map.blend == Blend.DENSITY
    assert state.saved == ()
    assert not opened.workspace.session.unsaved
    assert any("the 2 selected samples and the group stayed" in text for text in said)


def test_rows_that_a_shorter_space_lacks_are_left_out(opened: Workbench, fakes: Fakes) -> None:
    prepared(opened)
    short = other_model(rows=3)
    fakes.space = dataclasses.replace(
        short, columns={"mood": Categories(np.zeros(3, np.int32), ("calm",))}
    )
    opened.commands.run("file.open_path", path="other")
    state = opened.workspace.state
    assert state.selection.rows.tolist() == [1]
    assert [g.selection.rows.tolist() for g in state.groups] == [[1]]
    assert state.pinned is None
    assert (state.map.colour_by, state.map.hidden) == ("mood", frozenset())


def test_other_samples_and_the_same_space_again_begin_anew(opened: Workbench, fakes: Fakes) -> None:
    for space in (other_model(data="circles"), six()):
        prepared(opened)
        fakes.space = space
        opened.commands.run("file.open_path", path="other")
        state = opened.workspace.state
        assert len(state.selection) == 0
        assert state.groups == ()
        fakes.space = six()
        opened.commands.run("file.open_path", path="six")


def test_a_space_of_the_first_samples_finds_its_originals(opened: Workbench, fakes: Fakes) -> None:

    few = dataclasses.replace(
        other_model(rows=3), provenance=Provenance("other", None, "squares", {"first": 3})
    )
    longer = fakes.open_data("squares")
    fakes.open_data = lambda name: longer  # type: ignore[method-assign]
    opened.workspace.services = fakes.services()
    fakes.space = few
    opened.commands.run("file.open_path", path="few")
    data = opened.workspace.data
    assert data is not None
    assert len(data) == 3
    fakes.space = dataclasses.replace(few, provenance=Provenance("other", None, "squares"))
    opened.commands.run("file.open_path", path="few")
    assert opened.workspace.data is None
