"""Maps that are laid out: options, queue, pause, going on, what is kept of them."""

import dataclasses
import json

import numpy as np
import pytest

from latentviewer.app.maps import METHOD_TITLES
from latentviewer.app.projects import session_from_json, session_to_json
from latentviewer.app.state import PlaceTarget
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.formula import packed, unpacked
from latentviewer.domain.map_note import map_note
from latentviewer.projection.project import METHODS
from tests.app.conftest import Fakes, LearntInverse


def said(workbench: Workbench) -> list[str]:
    sentences: list[str] = []
    workbench.workspace.message.connect(lambda text, _fault: sentences.append(text))
    return sentences


def test_the_list_of_methods_is_that_of_what_can_be_laid_out() -> None:
    assert {m.key: m.title for m in METHODS} == METHOD_TITLES


def test_options_go_with_the_request_and_are_undone(opened: Workbench, fakes: Fakes) -> None:
    run = opened.commands.run
    run("map.method", name="umap")
    fakes.layouts.finish()
    run("map.option", name="min_dist", value=0.4)
    run("map.option", name="n_neighbors", value=7)
    assert opened.maps.options("umap")["min_dist"] == 0.4
    run("map.compute")
    request = fakes.layouts.last.request
    assert (request.options["min_dist"], request.options["n_neighbors"]) == (0.4, 7)
    assert request.start is None
    fakes.layouts.finish()
    note = map_note(opened.workspace.space, "umap_2d")
    assert dict(note.options)["n_neighbors"] == 7
    run("edit.undo")
    assert opened.maps.options("umap")["n_neighbors"] == 15
    assert opened.maps.options("umap")["min_dist"] == 0.4
    run("map.reset_options")
    assert opened.workspace.state.map.options == ()


def test_an_option_back_at_its_usual_value_is_not_kept(opened: Workbench, fakes: Fakes) -> None:
    opened.commands.run("map.method", name="umap")
    opened.commands.run("map.option", name="min_dist", value=0.4)
    opened.commands.run("map.option", name="min_dist", value=0.1)
    assert opened.workspace.state.map.options == ()


def test_options_that_are_none_are_refused(opened: Workbench, fakes: Fakes) -> None:
    opened.commands.run("map.method", name="umap")
    with pytest.raises(UserError, match="between 0 and 1"):
        opened.commands.run("map.option", name="min_dist", value=7)
    with pytest.raises(UserError, match="no option “colour”"):
        opened.commands.run("map.option", name="colour", value=7)
    opened.commands.run("map.method", name="pca")
    with pytest.raises(UserError, match="no option"):
        opened.commands.run("map.option", name="min_dist", value=0.2)


def test_options_of_another_version_are_as_usual(opened: Workbench, fakes: Fakes) -> None:
    settings = dataclasses.replace(
        opened.workspace.state.map,
        options=(("umap.min_dist", "wide"), ("umap.n_neighbors", 9), ("umap.spread", 2.0)),
    )
    opened.workspace.session.amend(map=settings)
    options = opened.maps.options("umap")
    assert (options["min_dist"], options["n_neighbors"]) == (0.1, 9)
    assert "spread" not in options


def test_options_are_kept_in_a_project(opened: Workbench, fakes: Fakes) -> None:
    opened.commands.run("map.method", name="umap")
    opened.commands.run("map.option", name="min_dist", value=0.4)
    state = opened.workspace.state
    stored = session_to_json(state)
    assert session_from_json(stored, opened.workspace.space, "p").map == state.map
    del stored["map"]["options"], stored["map"]["links"]
    assert session_from_json(stored, opened.workspace.space, "p").map.options == ()
    stored["map"]["options"] = [["umap.min_dist", [1]]]
    with pytest.raises(UserError, match="does not fit"):
        session_from_json(stored, opened.workspace.space, "p")


def test_going_on_begins_at_the_present_picture(opened: Workbench, fakes: Fakes) -> None:
    opened.commands.run("map.method", name="umap")
    fakes.layouts.finish()
    shown = opened.workspace.shown_map
    assert shown is not None
    opened.commands.run("map.go_on")
    np.testing.assert_array_equal(fakes.layouts.last.request.start, shown.coordinates)
    fakes.layouts.last.embedding[:] = np.arange(12).reshape(6, 2)
    opened.commands.run("map.go_on")
    start = fakes.layouts.last.request.start
    np.testing.assert_array_equal(start, np.arange(12).reshape(6, 2))
    assert opened.maps.projecting.keys == ("umap_2d",)
    opened.commands.run("map.method", name="pca")
    with pytest.raises(UserError, match="exact"):
        opened.commands.run("map.go_on")


def test_a_map_that_was_replaced_while_it_formed_is_not_kept(
    opened: Workbench, fakes: Fakes
) -> None:
    opened.commands.run("map.method", name="umap")
    first = fakes.layouts.last
    opened.commands.run("map.compute")
    first.callbacks["cancelled"]()
    assert opened.maps.is_forming
    assert opened.workspace.state.map.method == "umap"
    fakes.layouts.finish()
    assert "umap_2d" in opened.workspace.space.maps


def test_a_queued_map_waits_and_leaves_what_is_shown(opened: Workbench, fakes: Fakes) -> None:
    sentences = said(opened)
    opened.commands.run("map.method", name="umap")
    opened.commands.run("map.queue", name="tsne")
    assert opened.maps.projecting.keys == ("umap_2d", "tsne_2d")
    umap, tsne = fakes.layouts.runs
    umap.finish()
    assert opened.workspace.state.map.method == "umap"
    shown = opened.workspace.shown_map
    tsne.finish()
    assert opened.workspace.shown_map is shown
    assert {"umap_2d", "tsne_2d"} <= set(opened.workspace.space.maps)
    assert "t-SNE · 2D is ready." in sentences
    with pytest.raises(UserError, match="not computed"):
        opened.commands.run("map.queue", name="pca")


def test_another_map_can_be_looked_at_while_one_forms(opened: Workbench, fakes: Fakes) -> None:
    formings: list[object] = []
    opened.maps.forming.connect(formings.append)
    opened.commands.run("map.method", name="umap")
    opened.commands.run("map.method", name="pca")
    assert formings[-1] is None
    assert opened.workspace.shown_map is not None
    fakes.layouts.last.tell("layout, epoch 1 of 9")
    assert formings[-1] is None
    opened.commands.run("map.method", name="umap")
    assert formings[-1] is not None
    assert opened.workspace.shown_map is None
    assert len(fakes.layouts.runs) == 1
    fakes.layouts.finish()
    assert opened.workspace.shown_map is not None


def test_a_forming_map_is_paused_and_resumed(opened: Workbench, fakes: Fakes) -> None:
    with pytest.raises(UserError, match="No map is forming"):
        opened.maps.pause()
    opened.commands.run("map.method", name="umap")
    opened.commands.run("map.pause")
    forming = opened.maps.projecting.forming("umap_2d")
    assert forming is not None
    assert forming.paused
    opened.commands.run("map.pause")
    assert fakes.layouts.last.paused == [True, False]


def test_a_failed_map_leaves_the_one_from_before(opened: Workbench, fakes: Fakes) -> None:
    sentences = said(opened)
    opened.commands.run("map.method", name="umap")
    fakes.layouts.finish()
    before = opened.workspace.space.maps["umap_2d"]
    opened.commands.run("map.compute")
    fakes.layouts.last.callbacks["failed"](UserError("It ran out of memory."))
    assert opened.workspace.space.maps["umap_2d"] is before
    assert opened.workspace.shown_map is not None
    assert opened.workspace.state.map.method == "umap"
    assert "It ran out of memory." in sentences
    opened.commands.run("map.compute")
    fakes.layouts.finish()
    assert opened.workspace.space.maps["umap_2d"] is not before


def test_a_method_that_needs_labels_takes_those_that_name_the_samples(
    opened: Workbench, fakes: Fakes
) -> None:
    opened.commands.run("map.method", name="lda")
    request = fakes.layouts.last.request
    assert request.codes is not None
    assert request.codes.tolist() == [0, 1, 2, 0, 1, -1]
    assert request.classes == ("a", "b", "c")
    fakes.layouts.finish(axes=("LD 1", "LD 2"), state={"mean": np.zeros(2)})
    note = map_note(opened.workspace.space, "lda_2d")
    assert [axis.title for axis in note.axes] == ["LD 1", "LD 2"]
    assert unpacked(note.formula)["mean"].tolist() == [0, 0]


def test_axes_are_dimensions_directions_and_lines(opened: Workbench, fakes: Fakes) -> None:
    run = opened.commands.run
    run("map.method", name="axes")
    assert fakes.layouts.last.request.options == {"x": "0", "y": "1"}
    fakes.layouts.finish()
    run("map.option", name="x", value='mean(label == "a") -> mean(label == "b")')
    run("map.option", name="y", value="#5 - #0")
    run("map.compute")
    request = fakes.layouts.last.request
    x, y = (json.loads(str(request.options[name])) for name in "xy")
    assert (x["from"], x["to"]) == ([1.5, 0.0], [2.5, 1.0])
    assert x["title"] == 'mean(label == "a") → mean(label == "b")'
    assert y["direction"] == [5.0, 2.0]
    fakes.layouts.finish()
    assert dict(map_note(opened.workspace.space, "axes_2d").options)["y"] == "#5 - #0"


@pytest.mark.parametrize("text", ["nothing", "#0 -> #1 -> #2", "", "mean(@none)", "3 * 4"])
def test_an_axis_that_is_none_is_refused_by_its_name(
    opened: Workbench, fakes: Fakes, text: str
) -> None:
    opened.commands.run("map.method", name="axes")
    fakes.layouts.finish()
    opened.commands.run("map.option", name="y", value=text)
    with pytest.raises(UserError, match="Axis y: "):
        opened.commands.run("map.compute")


def test_what_supervises_must_be_labels(opened: Workbench, fakes: Fakes) -> None:
    by = next(p.key for m in METHODS if m.key == "umap" for p in m.parameters if p.column)
    opened.commands.run("map.method", name="umap")
    assert fakes.layouts.last.request.codes is None
    fakes.layouts.finish()
    opened.commands.run("map.option", name=by, value="label")
    opened.commands.run("map.compute")
    assert fakes.layouts.last.request.codes is not None
    fakes.layouts.finish()
    opened.commands.run("map.option", name=by, value="score")
    with pytest.raises(UserError, match="no column of labels “score”"):
        opened.commands.run("map.compute")
    assert opened.workspace.shown_map is not None


def test_all_that_form_and_wait_are_cancelled_at_once(opened: Workbench, fakes: Fakes) -> None:
    opened.commands.run("map.method", name="umap")
    opened.commands.run("map.queue", name="tsne")
    opened.commands.run("jobs.cancel")
    assert opened.maps.projecting.keys == ()
    assert opened.workspace.state.map.method == "pca"


def test_every_shown_map_is_judged_once(opened: Workbench, fakes: Fakes) -> None:
    assert opened.judging.judgement is not None
    assert opened.judging.judgement.shepard == 0.6
    times = len(fakes.judged)
    assert fakes.judged[-1][1].tolist() == [0, 1, 2, 0, 1, -1]
    opened.commands.run("map.method", name="umap")
    assert opened.judging.judgement is None
    fakes.layouts.finish()
    assert opened.judging.judgement is not None
    opened.commands.run("map.method", name="pca")
    assert len(fakes.judged) == times + 1


def test_lost_and_false_neighbours_are_columns_of_the_shown_map(opened: Workbench) -> None:
    opened.commands.run("map.faults")
    space = opened.workspace.space
    assert opened.workspace.state.map.colour_by == "lost neighbours, PCA · 2D"
    assert space.columns["false neighbours, PCA · 2D"].values[0] == 1.0  # type: ignore[union-attr]


def test_a_way_back_is_learnt_and_kept_where_it_is_better(
    opened: Workbench, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentences = said(opened)
    with pytest.raises(UserError, match="known already: the place itself"):
        opened.judging.learn_way_back()
    assert opened.workspace.shown_map is not None
    inverse = type(opened.workspace.shown_map.inverse)
    monkeypatch.setattr(inverse, "name", "weighted nearest neighbours")
    fakes.inverse_error = 0.75
    opened.commands.run("map.learn_back")
    assert "no better than neighbours" in sentences[-1]
    fakes.inverse_error = 0.25
    opened.commands.run("map.learn_back")
    shown = opened.workspace.shown_map
    assert shown is not None
    assert shown.inverse.name == LearntInverse.name
    assert "error 0.25 in place of 0.50" in sentences[-1]
    opened.previews.hover(PlaceTarget((1.0, 1.0)))
    assert opened.previews.shown is not None
    assert opened.previews.shown.inverse_name == LearntInverse.name


def test_a_selection_is_looked_at(opened: Workbench) -> None:
    sentences = said(opened)
    opened.commands.run("select.all")
    opened.commands.run("select.check")
    assert sentences[-1] == "6 samples are a cluster."


def test_the_control_is_the_same_projection_of_shuffled_latents(
    opened: Workbench, fakes: Fakes
) -> None:
    opened.commands.run("map.method", name="umap")
    fakes.layouts.finish()
    opened.commands.run("map.control")
    beside = opened.companion.beside
    assert beside is not None
    assert not beside.originals
    np.testing.assert_array_equal(beside.space.latent, opened.workspace.space.latent[::-1])
    request = fakes.layouts.last.request
    assert request.method == "umap"
    assert request.latents is beside.space.latent
    fakes.layouts.finish()
    beside = opened.companion.beside
    assert beside is not None
    assert beside.setting.method == "umap"
    assert beside.map is not None
    assert "umap_2d" in beside.space.maps


def test_the_control_of_own_axes_has_the_same_axes(opened: Workbench, fakes: Fakes) -> None:
    opened.commands.run("map.method", name="axes")
    fakes.layouts.finish()
    opened.commands.run("map.option", name="x", value="#5 - #0")
    opened.commands.run("map.control")
    axis = json.loads(str(fakes.layouts.last.request.options["x"]))
    assert axis["title"] == "#5 - #0"
    assert axis["direction"] == [-5.0, -2.0]
    fakes.layouts.finish()
    beside = opened.companion.beside
    assert beside is not None
    assert dict(map_note(beside.space, "axes_2d").options)["x"] == "#5 - #0"


def test_the_neighbours_that_two_maps_have_in_common_are_a_column(
    opened: Workbench, fakes: Fakes
) -> None:
    with pytest.raises(UserError, match="side by side"):
        opened.control.colour_by_overlap()
    opened.commands.run("map.control")
    with pytest.raises(UserError, match="no samples"):
        opened.commands.run("map.compare_overlap")
    sentences = said(opened)
    opened.commands.run("map.compare", reference="another.arrow")
    assert opened.companion.beside is not None
    opened.commands.run("map.compare_overlap")
    name = opened.workspace.state.map.colour_by
    assert name is not None
    assert name.startswith("common neighbours, ")
    assert opened.workspace.space.columns[name].values[-1] == 1.0  # type: ignore[union-attr]
    assert "50 % of neighbours are common." in sentences


def test_a_control_in_a_project_is_made_anew(opened: Workbench, fakes: Fakes) -> None:
    opened.commands.run("map.control")
    stored = session_to_json(opened.workspace.state)
    opened.commands.run("map.compare_close")
    assert opened.companion.beside is None
    fakes.saved["p.latentviewer"] = (stored, opened.workspace.space)
    opened.commands.run("file.open_path", path="p.latentviewer")
    assert opened.companion.beside is not None
    assert opened.companion.beside.space.name.endswith("shuffled")


def test_a_map_of_unknown_making_has_no_control(opened: Workbench) -> None:
    space = opened.workspace.space.with_map("drawn_2d", np.zeros((6, 2), np.float32))
    opened.workspace.session.amend(space=space)
    opened.commands.run("map.method", name="drawn")
    with pytest.raises(UserError, match="is not known"):
        opened.control.start()


def test_formulas_survive_as_text_and_nothing_else_does() -> None:
    arrays = {"mean": np.arange(3.0), "back": np.ones((2, 3), np.float32)}
    back = unpacked(packed(arrays))
    assert set(back) == set(arrays)
    np.testing.assert_array_equal(back["back"], arrays["back"])
    assert packed({}) == ""
    for text in ("", "no base64!", "AAAA", packed(arrays)[:-40]):
        assert unpacked(text) == {}
    objects = packed({"x": np.array([{"a": 1}], dtype=object)})
    assert unpacked(objects) == {}


def test_a_note_keeps_what_made_a_map(opened: Workbench, fakes: Fakes) -> None:
    opened.commands.run("map.method", name="umap")
    fakes.layouts.finish(notes=("Mind the gap.",))
    space = opened.workspace.space
    note = map_note(space, "umap_2d")
    assert note.as_json()["options"]["seed"] == 0
    broken = dataclasses.replace(
        space.provenance, extra={"maps": {"umap_2d": {"options": {"a": [1], "b": 2}}}}
    )
    told = map_note(dataclasses.replace(space, provenance=broken), "umap_2d")
    assert told.options == (("b", 2),)
