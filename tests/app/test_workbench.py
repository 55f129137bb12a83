from pathlib import Path

import numpy as np
import pytest

from latentviewer.app.preview import Answer, Glimpse
from latentviewer.app.state import LatentTarget, PlaceTarget, RowTarget
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Model
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import categories_of
from tests.app.conftest import Fakes


def messages(workbench: Workbench) -> list[tuple[str, bool]]:
    heard: list[tuple[str, bool]] = []
    workbench.workspace.message.connect(lambda text, fault: heard.append((text, fault)))
    return heard


def shown(workbench: Workbench) -> Answer:
    answer = workbench.previews.shown
    assert answer is not None
    return answer


def test_opening_brings_map_model_data_and_distance(opened: Workbench) -> None:
    workspace = opened.workspace
    assert workspace.shown_map is not None
    assert workspace.model is not None
    assert workspace.data is not None
    assert workspace.distance is not None
    assert workspace.state.map.colour_by == "label"
    assert not workspace.session.unsaved


def test_a_file_that_cannot_be_opened_leaves_the_session_as_it_was(opened: Workbench) -> None:
    heard = messages(opened)
    before = opened.workspace.state
    opened.commands.run("file.open_path", path="missing")
    assert opened.workspace.state is before
    assert heard == [("missing: there is no such file; choose another.", True)]


def test_hovering_a_sample_shows_original_decoded_and_error(opened: Workbench) -> None:
    opened.previews.hover(RowTarget(2))
    answer = shown(opened)
    assert answer.title == "#2 · c"
    assert answer.label == "c"
    assert answer.original is not None
    assert answer.decoded is not None
    np.testing.assert_allclose(answer.original, np.full((2, 2, 1), 20 / 255), rtol=1e-6)
    expected = np.mean((answer.decoded.astype(float) - 20 / 255) ** 2)
    assert answer.error == pytest.approx(expected)
    assert answer.distance is None


def test_the_picture_is_shown_before_the_original_is_looked_up(
    opened: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[object] = []
    data = opened.workspace.data
    assert data is not None
    images = data.images
    monkeypatch.setattr(data, "images", lambda rows: order.append("original") or images(rows))
    opened.previews.glimpsed.connect(order.append)
    opened.previews.answered.connect(order.append)
    opened.previews.hover(RowTarget(2))
    opened.previews.hover(PlaceTarget((11.0, 1.0)))
    seen, original, answer, far_seen, far_answer = order
    assert original == "original"
    assert isinstance(seen, Glimpse)
    assert isinstance(answer, Answer)
    assert seen.decoded is answer.decoded
    assert not seen.far
    assert isinstance(far_seen, Glimpse)
    assert far_seen.far
    assert isinstance(far_answer, Answer)
    assert far_answer.far


def test_hovering_a_place_names_the_inverse_and_badges_what_is_far(opened: Workbench) -> None:
    opened.previews.hover(PlaceTarget((3.0, 1.0)))
    near = shown(opened)
    assert near.inverse_name == "the place itself"
    assert (near.distance, near.far) == (3.0, False)
    assert near.original is None
    opened.previews.hover(PlaceTarget((11.0, 1.0)))
    assert shown(opened).far


def test_leaving_the_map_goes_back_to_what_is_pinned(opened: Workbench) -> None:
    opened.commands.run("preview.pin_row", row=1)
    opened.previews.hover(RowTarget(4))
    assert shown(opened).row == 4
    opened.previews.hover(None)
    assert shown(opened).row == 1


def test_settling_adds_neighbours_without_the_sample_itself(opened: Workbench) -> None:
    details = []
    opened.previews.detailed.connect(details.append)
    opened.previews.hover(RowTarget(0))
    opened.previews.settle()
    assert 0 not in details[0].rows
    assert details[0].rows[0] == 1
    assert details[0].answer.posterior.shape == (6, 2, 2, 1)
    assert details[0].labels[0] == "b"


def test_a_changed_bar_changes_the_latent_and_undoes_as_one(opened: Workbench) -> None:
    opened.commands.run("preview.pin_row", row=3)
    for value in (1.0, 2.0, 9.0):
        opened.commands.run("preview.set_dimension", index=1, value=value)
    np.testing.assert_array_equal(shown(opened).latent, [3.0, 9.0])
    assert shown(opened).row == 3
    opened.commands.run("edit.undo")
    np.testing.assert_array_equal(shown(opened).latent, [3.0, 0.0])


def test_resetting_an_edited_latent_brings_the_sample_back(opened: Workbench) -> None:
    opened.commands.run("preview.pin_row", row=3)
    opened.commands.run("preview.set_dimension", index=0, value=5.0)
    opened.commands.run("preview.reset")
    np.testing.assert_array_equal(shown(opened).latent, [3.0, 0.0])


def test_spread_moves_around_the_mean_by_the_posterior(opened: Workbench) -> None:
    opened.previews.hover(RowTarget(3))
    opened.commands.run("preview.spread", spread=2.0)
    moved = shown(opened).latent
    noise = shown(opened).request.noise
    assert noise is not None
    np.testing.assert_allclose(moved, np.array([3.0, 0.0]) + 2.0 * 0.5 * noise, rtol=1e-6)
    opened.commands.run("preview.spread", spread=0.0)
    np.testing.assert_array_equal(shown(opened).latent, [3.0, 0.0])


def test_a_prior_sample_is_pinned_and_each_is_another(opened: Workbench) -> None:
    opened.commands.run("latent.sample_prior")
    first = shown(opened).latent.copy()
    opened.commands.run("latent.sample_prior")
    assert not np.array_equal(first, shown(opened).latent)


def test_kept_latents_are_shown_again_and_forgotten(opened: Workbench) -> None:
    opened.previews.hover(RowTarget(5))
    opened.commands.run("latent.save")
    opened.commands.run("latent.save", name="mine")
    assert [entry.name for entry in opened.workspace.state.saved] == ["z1", "mine"]
    with pytest.raises(UserError, match="mine"):
        opened.commands.run("latent.save", name="mine")
    opened.previews.hover(RowTarget(0))
    opened.commands.run("latent.show", name="mine")
    np.testing.assert_array_equal(shown(opened).latent, [5.0, 2.0])
    opened.commands.run("latent.remove", name="mine")
    assert [entry.name for entry in opened.workspace.state.saved] == ["z1"]


def test_selections_become_groups_that_expressions_can_use(opened: Workbench) -> None:
    opened.commands.run("select.rows", rows=np.array([0, 2]))
    opened.commands.run("select.rows", rows=np.array([4]), mode="add")
    opened.commands.run("groups.create")
    opened.commands.run("select.none")
    opened.commands.run("groups.select", name="A")
    assert list(opened.workspace.state.selection.rows) == [0, 2, 4]
    opened.commands.run("arithmetic.evaluate", text="@A - #2 + #2")
    assert opened.arithmetic.outcome is not None
    np.testing.assert_allclose(opened.arithmetic.outcome.latent, [2.0, 1.0])
    assert 2 not in opened.arithmetic.outcome.rows
    assert 4 in opened.arithmetic.outcome.rows
    opened.commands.run("groups.rename", name="A", to="evens")
    opened.commands.run("groups.remove", name="evens")
    assert opened.workspace.state.groups == ()


def pinned_row(workbench: Workbench) -> int:
    pinned = workbench.workspace.state.pinned
    assert isinstance(pinned, RowTarget)
    return pinned.row


def test_a_click_on_a_point_is_one_step(opened: Workbench) -> None:
    opened.commands.run("select.point", row=2)
    opened.commands.run("select.point", row=4, mode="add")
    assert list(opened.workspace.state.selection.rows) == [2, 4]
    assert pinned_row(opened) == 4
    opened.commands.run("select.point", row=4, mode="add")
    opened.commands.run("edit.undo")
    assert list(opened.workspace.state.selection.rows) == [2]
    assert pinned_row(opened) == 2
    with pytest.raises(UserError, match="rows 0 to"):
        opened.commands.run("select.point", row=99)


def test_a_search_says_what_the_filter_hides_and_shows_a_single_hit(opened: Workbench) -> None:
    said: list[str] = []
    opened.workspace.message.connect(lambda text, _warning: said.append(text))
    opened.commands.run("map.filter", name="a")
    opened.commands.run("search.find", text="#0")
    assert said[-1] == "1 point found. The filter hides 1 of them."
    assert pinned_row(opened) == 0
    opened.commands.run("map.show_all")
    opened.commands.run("search.find", text="#0")
    assert said[-1] == "1 point found."


def test_undo_takes_back_selections_and_groups(opened: Workbench) -> None:
    opened.commands.run("select.category", name="a")
    opened.commands.run("groups.create", name="α")
    opened.commands.run("edit.undo")
    assert opened.workspace.state.groups == ()
    assert list(opened.workspace.state.selection.rows) == [0, 3]
    opened.commands.run("edit.undo")
    assert len(opened.workspace.state.selection) == 0


def test_a_faulty_expression_is_told_at_its_character(opened: Workbench) -> None:
    faults: list[tuple[str, int]] = []
    opened.arithmetic.fault.connect(lambda text, position: faults.append((text, position)))
    opened.commands.run("arithmetic.evaluate", text="#1 + #99")
    assert faults[0][1] == 5
    assert opened.workspace.state.expression == ""


def test_undo_of_an_expression_evaluates_the_one_before(opened: Workbench) -> None:
    opened.commands.run("arithmetic.evaluate", text="#1")
    opened.commands.run("arithmetic.evaluate", text="#2")
    opened.commands.run("edit.undo")
    assert opened.arithmetic.outcome is not None
    assert opened.arithmetic.outcome.text == "#1"


def test_a_path_is_decoded_frame_by_frame_and_exported(
    opened: Workbench, fakes: Fakes, tmp_path: Path
) -> None:
    films = []
    opened.paths.film_changed.connect(films.append)
    opened.commands.run("path.add_row", row=0)
    opened.commands.run("path.add_place", place=(5.0, 2.0))
    opened.commands.run("path.frames", count=40)
    film = opened.paths.film
    assert film is not None
    assert film.done == 40
    assert film.images is not None
    np.testing.assert_allclose(film.latents[0], [0, 0], atol=1e-6)
    np.testing.assert_allclose(film.latents[-1], [5, 2], atol=1e-6)
    np.testing.assert_allclose(film.images[-1, :, 0, 0], [5, 2], atol=1e-5)
    assert any(f is not None and 0 < f.done < 40 for f in films)
    opened.commands.run("path.show_frame", index=39)
    assert shown(opened).title == "Frame 40 of 40"
    opened.paths.export_to(str(tmp_path / "walk.gif"), 12)
    assert fakes.exported[3] == 12
    assert len(fakes.exported[1]) == 40


def test_waypoints_are_moved_and_removed_and_undone(opened: Workbench) -> None:
    for row in (0, 1, 2):
        opened.commands.run("path.add_row", row=row)
    opened.commands.run("path.move", index=2, to=0)
    assert [w.row for w in opened.paths.path.waypoints] == [2, 0, 1]
    opened.commands.run("path.remove", index=1)
    assert [w.row for w in opened.paths.path.waypoints] == [2, 1]
    opened.commands.run("edit.undo")
    opened.commands.run("edit.undo")
    assert [w.row for w in opened.paths.path.waypoints] == [0, 1, 2]
    with pytest.raises(UserError):
        opened.commands.run("path.remove", index=7)
    opened.commands.run("path.clear")
    assert opened.paths.film is None


def test_umap_forms_and_becomes_a_map_of_the_space(opened: Workbench, fakes: Fakes) -> None:
    formings = []
    opened.maps.forming.connect(formings.append)
    opened.commands.run("map.method", name="umap")
    assert opened.maps.is_forming
    assert opened.workspace.shown_map is None
    opened.previews.hover(PlaceTarget((1.0, 1.0)))
    fakes.layouts.finish()
    assert formings[-1] is None
    assert "umap_2d" in opened.workspace.space.maps
    assert opened.workspace.shown_map is not None
    assert opened.workspace.shown_map.coordinates[0, 0] == 7


def test_a_cancelled_umap_leaves_a_map_behind(opened: Workbench) -> None:
    opened.commands.run("map.method", name="umap")
    opened.commands.run("jobs.cancel")
    assert not opened.maps.is_forming
    assert opened.workspace.state.map.method == "pca"
    assert opened.workspace.shown_map is not None


def test_filters_and_isolation_hide_categories(opened: Workbench) -> None:
    opened.commands.run("map.filter", name="a")
    assert opened.workspace.state.map.hidden == {"a"}
    opened.commands.run("map.isolate", name="b")
    assert opened.workspace.state.map.hidden == {"a", "c", ""}
    opened.commands.run("map.show_all")
    assert opened.workspace.state.map.hidden == frozenset()


def test_a_saved_project_opens_as_it_was_left(opened: Workbench, tmp_path: Path) -> None:
    opened.commands.run("select.rows", rows=np.array([1, 2]))
    opened.commands.run("groups.create", name="two")
    opened.commands.run("path.add_row", row=1)
    opened.commands.run("path.add_row", row=4)
    opened.commands.run("map.dims", dims=3)
    opened.commands.run("map.filter", name="a")
    opened.commands.run("preview.pin_row", row=5)
    opened.commands.run("preview.set_dimension", index=0, value=-1.0)
    opened.commands.run("latent.save")
    target = str(tmp_path / "mine.latentviewer")
    opened.commands.run("file.save_project", path=target)
    assert not opened.workspace.session.unsaved
    before = opened.workspace.state
    opened.commands.run("file.welcome")
    assert opened.workspace.state.space is None
    opened.commands.run("file.open_path", path=target)
    after = opened.workspace.state
    assert after.map == before.map
    assert after.selection == before.selection
    assert [g.name for g in after.groups] == ["two"]
    assert after.path == before.path
    assert isinstance(after.pinned, LatentTarget)
    assert shown(opened).latent[0] == -1.0
    assert [s.name for s in after.saved] == ["z1"]
    assert opened.opening.project == Path(target)


def test_unsaved_work_is_kept_aside_when_another_space_opens(
    opened: Workbench, fakes: Fakes
) -> None:
    opened.commands.run("select.all")
    opened.commands.run("file.open_path", path="other.arrow")
    kept = [path for path in fakes.saved if "autosaved" in path]
    assert len(kept) == 1
    assert fakes.saved[kept[0]][0]["selection"] == [0, 1, 2, 3, 4, 5]
    assert opened.settings.recent[:2] == ("other.arrow", kept[0])


def test_a_failed_save_is_told_and_the_work_stays_unsaved(
    opened: Workbench, fakes: Fakes, tmp_path: Path
) -> None:
    heard = messages(opened)
    opened.commands.run("select.all")
    fakes.save_fault = UserError("disk: no space is left; free some and save again.")
    opened.commands.run("file.save_project", path=str(tmp_path / "x.latentviewer"))
    assert heard[-1] == ("disk: no space is left; free some and save again.", True)
    assert opened.workspace.session.unsaved


def test_missing_data_is_named_and_fetched_only_when_asked(
    workbench: Workbench, fakes: Fakes
) -> None:
    fakes.data_here = False
    workbench.commands.run("file.open_path", path="six")
    assert workbench.workspace.missing_data == "squares"
    workbench.previews.hover(RowTarget(1))
    assert shown(workbench).original is None
    assert shown(workbench).decoded is not None
    workbench.commands.run("data.get", name="squares")
    assert workbench.workspace.missing_data is None
    assert shown(workbench).original is not None


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tiny_spaces_open_and_hover(workbench: Workbench, fakes: Fakes, count: int) -> None:
    fakes.space = Space("tiny", np.zeros((count, 2), np.float32))
    workbench.commands.run("file.open_path", path="tiny")
    workbench.previews.hover(PlaceTarget((0.0, 0.0)))
    workbench.commands.run("select.all")
    workbench.commands.run("map.three")
    workbench.commands.run("search.find", text="a")
    assert len(workbench.workspace.state.selection) == count


def test_search_selects_what_it_finds(opened: Workbench) -> None:
    opened.commands.run("search.find", text="label:b")
    assert list(opened.workspace.state.selection.rows) == [1, 4]
    heard = messages(opened)
    opened.commands.run("search.find", text="nothing like it")
    assert "Nothing found" in heard[0][0]
    assert list(opened.workspace.state.selection.rows) == [1, 4]


def test_every_choice_list_a_command_names_is_known(opened: Workbench) -> None:
    from latentviewer.app.commands import COMMANDS

    opened.commands.run("map.colour_by", column="label")
    opened.previews.hover(RowTarget(0))
    opened.commands.run("latent.save")
    opened.commands.run("select.all")
    opened.commands.run("groups.create")
    opened.commands.run("map.compare", reference="six.arrow")
    sources = {a.choices for c in COMMANDS if c.listed for a in c.arguments if a.choices}
    empty = {source for source in sources if not opened.choices(source)}
    assert empty == {"samples", "asks", "layers", "trusted"}


def test_what_commands_declare_is_what_their_work_takes(opened: Workbench) -> None:
    import inspect

    from latentviewer.app.commands import COMMANDS

    for command in COMMANDS:
        work = opened.commands.work_of(command.id)
        if work is None:
            continue
        inspect.signature(work).bind(**{a.name: None for a in command.arguments})
        required = {a.name: None for a in command.arguments if not a.optional}
        inspect.signature(work).bind(**required)


def test_opening_a_model_encodes_the_data_it_was_trained_on(opened: Workbench) -> None:
    statuses: list[str] = []
    opened.workspace.job_changed.connect(lambda status: statuses.append(status.state))
    opened.commands.run("file.open_path", path="model")
    assert opened.workspace.space.name == "encoded"
    assert statuses[-1] == "done"


def test_a_path_of_other_frames_is_shown_where_the_one_before_stood(opened: Workbench) -> None:
    opened.commands.run("path.add_row", row=0)
    opened.commands.run("path.add_row", row=5)
    opened.commands.run("path.show_frame", index=23)
    assert shown(opened).title == "Frame 24 of 24"
    opened.commands.run("path.frames", count=40)
    assert opened.paths.current == 39
    assert shown(opened).title == "Frame 40 of 40"
    opened.commands.run("path.frames", count=10)
    assert shown(opened).title == "Frame 10 of 10"
    opened.commands.run("path.add_row", row=2)
    np.testing.assert_array_equal(shown(opened).latent, [2.0, 2.0])


def test_a_changed_path_leaves_alone_what_else_the_preview_shows(opened: Workbench) -> None:
    opened.commands.run("path.add_row", row=0)
    opened.commands.run("path.add_row", row=5)
    opened.commands.run("path.show_frame", index=23)
    opened.previews.hover(RowTarget(4))
    opened.commands.run("path.frames", count=40)
    assert shown(opened).row == 4
    assert opened.paths.current == 39
    opened.commands.run("path.clear")
    assert opened.paths.current is None


def test_an_opened_project_has_its_expressions_result_again(
    opened: Workbench, tmp_path: Path
) -> None:
    opened.commands.run("arithmetic.evaluate", text="#5 - #1")
    target = str(tmp_path / "mine.latentviewer")
    opened.commands.run("file.save_project", path=target)
    opened.commands.run("file.welcome")
    assert opened.arithmetic.outcome is None
    opened.commands.run("file.open_path", path=target)
    outcome = opened.arithmetic.outcome
    assert outcome is not None
    assert outcome.text == "#5 - #1"
    np.testing.assert_array_equal(outcome.latent, [4.0, 1.0])
    assert outcome.decoded is not None
    assert outcome.place is not None
    assert outcome.images is not None
    assert not opened.workspace.session.unsaved


def test_redo_brings_an_expressions_result_back(opened: Workbench) -> None:
    opened.commands.run("arithmetic.evaluate", text="#5 - #1")
    opened.commands.run("edit.undo")
    assert opened.arithmetic.outcome is None
    opened.commands.run("edit.redo")
    assert opened.arithmetic.outcome is not None


def test_a_new_expression_is_not_overtaken_by_the_one_before(opened: Workbench) -> None:
    from latentviewer.app.arithmetic import Outcome

    opened.commands.run("arithmetic.evaluate", text="#5")
    before = opened.arithmetic.outcome
    opened.commands.run("arithmetic.evaluate", text="#1")
    assert isinstance(before, Outcome)
    opened.arithmetic._on_again(before)
    assert opened.workspace.state.expression == "#1"
    assert opened.arithmetic.outcome is not None
    assert opened.arithmetic.outcome.text == "#1"


def test_a_decoder_is_expected_until_it_came_or_was_refused(
    workbench: Workbench, fakes: Fakes
) -> None:
    expected: list[tuple[bool, bool]] = []
    workspace = workbench.workspace
    workspace.sources_changed.connect(
        lambda: expected.append((workspace.model_expected, workspace.model is not None))
    )
    workbench.commands.run("file.open_path", path="six.arrow")
    assert expected[0] == (True, False)
    assert expected[-1] == (False, True)
    expected.clear()

    def refuse(name: str) -> Model:
        raise UserError(f"{name} is not on this machine.")

    object.__setattr__(workspace.services, "open_model", refuse)
    fakes.space = Space(
        "alone", np.zeros((6, 2), np.float32), provenance=Provenance(model="doubling")
    )
    workbench.commands.run("file.open_path", path="alone.arrow")
    assert expected[0] == (True, False)
    assert expected[-1] == (False, False)
    fakes.space = Space("plain", np.zeros((6, 2), np.float32))
    workbench.commands.run("file.open_path", path="plain.arrow")
    assert not workspace.model_expected


def test_an_empty_space_offers_its_columns(workbench: Workbench, fakes: Fakes) -> None:
    fakes.space = Space("none", np.zeros((0, 2), np.float32), columns={"kind": categories_of([])})
    workbench.commands.run("file.open_path", path="none.arrow")
    assert ("kind", "kind") in workbench.choices("columns")
    workbench.commands.run("map.colour_by", column="kind")
    assert workbench.commands.available("map.filter")
