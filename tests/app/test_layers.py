"""Layers as spaces of the same samples: what changes, what stays, and the way back."""

import dataclasses
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.app import layers as layers_module
from latentviewer.app.settings import Settings
from latentviewer.app.state import PlaceTarget, RowTarget
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Space
from latentviewer.jobs.worker import Worker
from tests.app.conftest import Fakes, six
from tests.app.families import Reader


def classified() -> Space:
    """Six samples in the last layer of the reader."""
    grey = np.arange(6)
    latent = np.stack([3 * grey, grey % 3, np.sin(grey)], axis=1).astype(np.float32)
    return dataclasses.replace(six(), latent=latent, latent_std=None)


@pytest.fixture
def reader(workbench: Workbench, fakes: Fakes) -> Workbench:
    fakes.model = Reader()
    fakes.model.card = dataclasses.replace(Reader.card, latent_dim=3)
    fakes.space = classified()
    fakes.pca = lambda latents, dims: fakes.pca_onto(latents, dims, None)  # type: ignore[method-assign]
    workbench.workspace.services = fakes.services()
    workbench.commands.run("file.open_path", path="six")
    return workbench


def layer(workbench: Workbench, name: str) -> None:
    workbench.commands.run("map.layer", name=name)


def first_numbers(workbench: Workbench) -> list[float]:
    return [round(float(v), 4) for v in workbench.workspace.space.latent[:, 0]]


def test_a_layer_s_features_become_the_latents(reader: Workbench, fakes: Fakes) -> None:
    assert reader.layers.names == ("first", "second", "last")
    assert reader.layers.current == "last"
    layer(reader, "first")
    space = reader.workspace.space
    assert first_numbers(reader) == [0, 1, 2, 3, 4, 5]
    assert reader.layers.current == "first"
    assert space.name == "squares by first of reader"
    assert space.provenance.extra["layer"] == "first"
    assert space.provenance.data == "squares"
    assert set(space.columns) == {"label", "score"}
    shown = reader.workspace.shown_map
    assert shown is not None
    np.testing.assert_array_equal(shown.coordinates[:, 0], np.arange(6))
    assert reader.workspace.distance is not None
    assert reader.workspace.model is not None


def test_the_new_map_is_turned_onto_the_one_before(reader: Workbench, fakes: Fakes) -> None:
    before = reader.workspace.shown_map
    assert before is not None
    layer(reader, "second")
    assert fakes.onto is before.coordinates


def test_a_layer_is_computed_once(reader: Workbench, fakes: Fakes) -> None:
    for name in ("first", "second", "first", "last", "second"):
        layer(reader, name)
    assert fakes.model.asked == ["first", "second"]


def test_one_undo_brings_the_original_layer_with_its_map_back(
    reader: Workbench, fakes: Fakes
) -> None:
    original, first_map = reader.workspace.space, reader.workspace.shown_map
    layer(reader, "first")
    assert reader.workspace.session.undo_title == "Show layer first"
    reader.commands.run("edit.undo")
    assert reader.workspace.space.latent is original.latent
    assert reader.workspace.space.name == original.name
    assert reader.layers.current == "last"
    assert reader.workspace.shown_map is first_map
    reader.commands.run("edit.redo")
    assert first_numbers(reader) == [0, 1, 2, 3, 4, 5]
    layer(reader, "last")
    assert reader.workspace.space.latent is original.latent
    assert fakes.model.asked == ["first"]


def test_what_belongs_to_samples_stays(reader: Workbench) -> None:
    reader.commands.run("select.rows", rows=[1, 4])
    reader.commands.run("groups.create", name="two")
    reader.commands.run("map.filter", name="c")
    reader.commands.run("preview.pin_row", row=4)
    reader.commands.run("path.add_row", row=0)
    reader.commands.run("path.add_place", place=(1.0, 1.0))
    reader.commands.run("path.add_row", row=5)
    layer(reader, "first")
    state = reader.workspace.state
    assert state.selection.rows.tolist() == [1, 4]
    assert [g.name for g in state.groups] == ["two"]
    assert state.map.hidden == {"c"}
    assert [w.row for w in state.path.waypoints] == [0, 5]
    assert state.path.waypoints[1].latent[0] == 5.0
    assert reader.paths.film is not None
    assert reader.previews.shown is not None
    assert reader.previews.shown.row == 4
    np.testing.assert_array_equal(reader.previews.shown.latent, state.space.latent[4])  # type: ignore[union-attr]
    reader.previews.settle()
    reader.commands.run("edit.undo")
    assert [w.row for w in reader.workspace.state.path.waypoints] == [0, None, 5]


def test_the_sample_under_the_cursor_stays_and_a_place_does_not(reader: Workbench) -> None:
    cleared: list[None] = []
    reader.previews.cleared.connect(lambda: cleared.append(None))
    reader.previews.hover(RowTarget(3))
    layer(reader, "first")
    assert cleared == []
    assert reader.previews.shown is not None
    assert reader.previews.shown.row == 3
    reader.commands.run("preview.pin_place", place=(1.0, 1.0))
    layer(reader, "second")
    assert cleared == [None]
    assert reader.workspace.state.pinned is None
    reader.previews.hover(PlaceTarget((1.0, 1.0)))


def test_kept_latents_stay_with_their_layer(reader: Workbench) -> None:
    reader.previews.hover(RowTarget(3))
    reader.commands.run("latent.save", name="mine")
    layer(reader, "first")
    assert reader.workspace.state.saved == ()
    layer(reader, "last")
    assert [entry.name for entry in reader.workspace.state.saved] == ["mine"]


def test_an_expression_is_evaluated_in_the_new_layer(reader: Workbench) -> None:
    reader.commands.run("arithmetic.evaluate", text="#5 - #1")
    layer(reader, "first")
    outcome = reader.arithmetic.outcome
    assert outcome is not None
    assert outcome.latent[0] == 4.0


def test_a_umap_stays_with_its_layer(reader: Workbench, fakes: Fakes) -> None:
    reader.commands.run("map.compute")
    fakes.layouts.finish()
    assert reader.workspace.state.map.method == "umap"
    layer(reader, "first")
    assert reader.workspace.state.map.method == "pca"
    assert "umap_2d" not in reader.workspace.space.maps
    layer(reader, "last")
    assert "umap_2d" in reader.workspace.space.maps
    reader.commands.run("edit.undo")
    reader.commands.run("edit.undo")
    assert reader.workspace.state.map.method == "umap"
    assert reader.workspace.shown_map is not None
    assert reader.workspace.shown_map.coordinates[0, 0] == 7


def test_a_umap_that_forms_ends_with_the_layer(reader: Workbench) -> None:
    reader.commands.run("map.method", name="umap")
    layer(reader, "first")
    assert not reader.maps.is_forming
    assert reader.workspace.shown_map is not None


def test_columns_found_since_are_kept_on_the_way_back(reader: Workbench) -> None:
    layer(reader, "first")
    space = reader.workspace.space
    reader.workspace.session.amend(space=space.with_column("more", space.columns["score"]))
    reader.commands.run("edit.undo")
    assert "more" in reader.workspace.space.columns
    layer(reader, "first")
    assert "more" in reader.workspace.space.columns


def test_3d_and_2d_are_kept_apart(reader: Workbench) -> None:
    reader.commands.run("map.three")
    layer(reader, "first")
    shown = reader.workspace.shown_map
    assert shown is not None
    assert shown.coordinates.shape == (6, 3)
    reader.commands.run("map.two")
    shown = reader.workspace.shown_map
    assert shown is not None
    assert shown.coordinates.shape == (6, 2)


def test_without_the_images_it_says_why(workbench: Workbench, fakes: Fakes) -> None:
    fakes.model, fakes.data_here = Reader(), False
    workbench.commands.run("file.open_path", path="six")
    assert workbench.layers.names
    assert workbench.layers.why_not == (
        "The layers need the images of squares, which are not on this machine."
    )
    with pytest.raises(UserError, match="not on this machine"):
        layer(workbench, "first")
    workbench.commands.run("data.get", name="squares")
    assert workbench.layers.why_not == ""


def test_models_without_layers_and_unknown_layers_are_refused(
    opened: Workbench, fakes: Fakes
) -> None:
    assert opened.layers.names == ()
    with pytest.raises(UserError, match="doubling has no layers"):
        layer(opened, "first")
    fakes.model = Reader()
    opened.commands.run("file.open_path", path="six")
    with pytest.raises(UserError, match="choose first or second or last"):
        layer(opened, "third")


def test_features_that_are_no_numbers_are_refused(reader: Workbench, fakes: Fakes) -> None:
    heard: list[str] = []
    reader.workspace.message.connect(lambda text, _fault: heard.append(text))
    fakes.model.features = lambda images, _layer: np.full((len(images), 2), np.nan, np.float32)
    before = reader.workspace.state
    layer(reader, "first")
    assert "hold NaN" in heard[0]
    assert reader.workspace.state is before
    assert reader.layers.pending is None


def test_another_space_forgets_the_layers(reader: Workbench, fakes: Fakes) -> None:
    layer(reader, "first")
    fakes.space = dataclasses.replace(classified(), name="again")
    reader.commands.run("file.open_path", path="again")
    assert reader.workspace.state.layer == ""
    assert reader.layers.current == "last"
    layer(reader, "first")
    assert fakes.model.asked == ["first", "first"]
    reader.commands.run("file.welcome")
    assert reader.layers.names == ()


def test_a_space_of_a_layer_opens_with_its_model(workbench: Workbench, fakes: Fakes) -> None:
    fakes.model = Reader()
    origin = dataclasses.replace(six().provenance, extra={"layer": "second"})
    latent = np.zeros((6, 5), np.float32)
    fakes.space = Space("by second", latent, columns=six().columns, provenance=origin)
    fakes.pca = lambda latents, dims: fakes.pca_onto(latents, dims, None)  # type: ignore[method-assign]
    workbench.workspace.services = fakes.services()
    workbench.commands.run("file.open_path", path="six")
    assert workbench.workspace.model is not None
    assert workbench.layers.current == "second"


def test_little_room_forgets_what_was_used_longest_ago(
    reader: Workbench, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Room for two of the three: the opened one, which always stays, and one more.
    monkeypatch.setattr(layers_module, "KEPT_BYTES", 2 * 6 * 3 * 4)
    for name in ("first", "second", "first", "last"):
        layer(reader, name)
    assert fakes.model.asked == ["first", "second", "first"]


def test_what_was_asked_of_the_layer_before_is_not_answered(reader: Workbench) -> None:
    answered: list[str] = []
    waiting: list[Callable[[], None]] = []
    call = reader.workspace.worker.call
    reader.workspace.worker.call = lambda *asked: waiting.append(lambda: call(*asked))  # type: ignore[method-assign]
    reader.workspace.call(lambda: "the last layer's", answered.append)
    reader.workspace.worker.call = call  # type: ignore[method-assign]
    layer(reader, "first")
    for go in waiting:
        go()
    assert answered == []


def test_no_listener_meets_the_map_of_other_latents(reader: Workbench) -> None:
    layer(reader, "first")
    met: list[object] = []
    reader.workspace.session.changed.connect(
        lambda _old, _new: met.extend([reader.workspace.shown_map, reader.workspace.distance])
    )
    # Before the layers themselves bring a new map.
    listeners = reader.workspace.session.changed._listeners
    listeners.insert(1, listeners.pop())
    reader.commands.run("edit.undo")
    assert met == [None, None]


def test_features_that_come_after_the_space_was_closed_are_dropped(reader: Workbench) -> None:
    submit, late = reader.workspace.worker.submit, []

    def later(title: str, start: Any, *, done: Any, **rest: Any) -> Any:
        return submit(title, start, done=lambda result: late.append(lambda: done(result)), **rest)

    reader.workspace.worker.submit = later  # type: ignore[method-assign]
    layer(reader, "first")
    reader.commands.run("file.welcome")
    heard: list[str] = []
    reader.workspace.message.connect(lambda text, _fault: heard.append(text))
    late[0]()
    assert heard == []
    assert reader.workspace.state.space is None
    assert not reader.workspace.session.undo_title


class Later:
    """A real worker whose deliveries the test runs."""

    def __init__(self) -> None:
        self.came: queue.Queue[Callable[[], None]] = queue.Queue()
        self.worker = Worker(self.came.put)
        self.worker.start()

    def run_until(self, there: Callable[[], object]) -> None:
        while not there():
            self.came.get(timeout=60)()


@pytest.mark.parametrize("how", ["cancel", "close", "another layer"])
def test_a_layer_that_is_not_wanted_any_more_changes_nothing(
    fakes: Fakes, tmp_path: Path, how: str
) -> None:
    later = Later()
    fakes.model = Reader()
    workbench = Workbench(later.worker, fakes.services(), Settings(), tmp_path)
    try:
        workbench.commands.run("file.open_path", path="six")
        later.run_until(lambda: workbench.workspace.distance is not None)
        states: list[str] = []
        workbench.workspace.job_changed.connect(lambda status: states.append(status.state))

        def endless(model: Any, data: Any, name: str) -> Any:
            from latentviewer.jobs.progress import Progress

            while True:
                yield Progress(0.5, "half")

        workbench.workspace.services = dataclasses.replace(
            workbench.workspace.services, features=endless
        )
        layer(workbench, "first")
        later.run_until(lambda: "running" in states)
        assert workbench.layers.pending == "first"
        if how == "cancel":
            workbench.commands.run("jobs.cancel")
        elif how == "close":
            workbench.commands.run("file.welcome")
        else:
            layer(workbench, "last")
        later.run_until(lambda: "cancelled" in states)
        later.run_until(lambda: workbench.layers.pending is None)
        assert workbench.workspace.state.layer == ""
        assert not workbench.workspace.session.undo_title
        assert (workbench.workspace.state.space is None) == (how == "close")
    finally:
        later.worker.stop()
