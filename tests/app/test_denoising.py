"""Denoising in the session: settings with undo, the run, the noise of a sample."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from latentviewer.app.projects import session_from_json, session_to_json
from latentviewer.app.settings import Settings
from latentviewer.app.state import DenoisedTarget, PlaceTarget, RowTarget
from latentviewer.app.trajectory import Trajectory
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import HOLDS_NOISE, Provenance, Space
from tests.app.conftest import Fakes
from tests.app.diffusing import Denoiser, WorkerByHand


@pytest.fixture
def model() -> Denoiser:
    return Denoiser()


@pytest.fixture
def worker() -> WorkerByHand:
    return WorkerByHand()


@pytest.fixture
def bench(fakes: Fakes, model: Denoiser, worker: WorkerByHand, tmp_path: Path) -> Workbench:
    services = dataclasses.replace(fakes.services(), open_model=lambda _name: model)
    made = Workbench(worker, services, Settings(), tmp_path)  # type: ignore[arg-type]
    made.commands.run("file.open_path", path="six.arrow")
    return made


def far(bench: Workbench) -> Trajectory:
    there = bench.denoising.trajectory
    assert there is not None
    return there


def shown_title(bench: Workbench) -> str:
    assert bench.previews.shown is not None
    return bench.previews.shown.title


def test_nothing_is_denoised_until_somebody_looks(bench: Workbench, worker: WorkerByHand) -> None:
    assert worker.jobs == []
    bench.denoising.look()
    worker.finish()
    assert far(bench).whole
    assert len(far(bench)) == 21
    # Looking takes the preview from nobody.
    assert bench.previews.shown is None
    bench.denoising.look()
    assert worker.jobs == []


def test_a_run_goes_from_noise_to_data_with_places_and_pictures(
    bench: Workbench, worker: WorkerByHand, model: Denoiser
) -> None:
    bench.commands.run("denoise.steps", count=4)
    bench.commands.run("denoise.seed", seed=5)
    worker.finish()
    run = far(bench)
    np.testing.assert_allclose(run.latents[:, 0], [105, 102.5, 100, 97.5, 95])
    np.testing.assert_allclose(run.times, [1, 0.75, 0.5, 0.25, 0])
    assert run.places is not None
    np.testing.assert_allclose(run.places, run.latents)
    np.testing.assert_allclose(run.noisy[2], np.full((2, 2, 1), 100))
    np.testing.assert_allclose(run.pictures[2], np.full((2, 2, 1), 95))
    # Nothing is asked for, so there is nothing to guide towards.
    assert model.asked[-1] == (4, 1.0, {})


def test_steps_arrive_one_after_another_and_the_preview_follows(
    bench: Workbench, worker: WorkerByHand
) -> None:
    bench.commands.run("denoise.steps", count=10)
    worker.turn(3)
    assert (far(bench).done, bench.denoising.current, bench.denoising.running) == (3, 2, True)
    assert shown_title(bench) == "Denoised, step 2 of 10"
    # Who points at the map meanwhile keeps what is pointed at.
    bench.previews.hover(RowTarget(1))
    worker.finish()
    assert shown_title(bench) == "#1 · b"
    assert bench.denoising.current == 10
    assert not bench.denoising.running


def test_the_latest_setting_wins_while_a_run_is_under_way(
    bench: Workbench, worker: WorkerByHand, model: Denoiser
) -> None:
    bench.commands.run("denoise.ask", what="label=a")
    worker.turn(5)
    for value in (3.0, 4.0, 5.0):
        bench.commands.run("denoise.guidance", value=value)
    worker.finish()
    assert [guidance for _, guidance, _ in model.asked] == [2.0, 5.0]
    assert far(bench).settings.guidance == 5.0
    assert far(bench).latents[-1, 0] == 100 - 10 + 5


def test_every_setting_is_undone_and_the_run_follows(
    bench: Workbench, worker: WorkerByHand
) -> None:
    bench.commands.run("denoise.new_noise")
    worker.finish()
    for command, arguments in (
        ("denoise.steps", {"count": 3}), ("denoise.guidance", {"value": 0.0}),
        ("denoise.ask", {"what": "label=b"}), ("denoise.noisy", {}),
        ("denoise.under_cursor", {}), ("denoise.find_noise", {"row": 2}),
    ):  # fmt: skip
        before = bench.denoising.settings
        bench.commands.run(command, **arguments)
        assert bench.denoising.settings != before
        bench.commands.run("edit.undo")
        assert bench.denoising.settings == before
        bench.commands.run("edit.redo")
        worker.finish()
    assert far(bench).settings.sample is not None
    bench.commands.run("edit.undo")
    worker.finish()
    assert far(bench).settings.sample is None


def test_a_slider_undoes_as_one(bench: Workbench) -> None:
    for value in (1.0, 2.5, 7.0):
        bench.commands.run("denoise.guidance", value=value)
    bench.commands.run("edit.undo")
    assert bench.denoising.settings.guidance == 2.0
    assert bench.workspace.session.undo_title is None


@pytest.mark.parametrize(
    ("command", "arguments", "reason"),
    [
        ("denoise.steps", {"count": 0}, "1 to 100 steps here, not 0"),
        ("denoise.steps", {"count": 101}, "not 101"),
        ("denoise.guidance", {"value": 8.5}, "0 to 8, not 8.5"),
        ("denoise.guidance", {"value": float("nan")}, "not nan"),
        ("denoise.seed", {"seed": -1}, "not -1"),
        ("denoise.ask", {"what": "label"}, "write it as label=3"),
        ("denoise.ask", {"what": "mood=sad"}, "it knows label"),
        ("denoise.ask", {"what": "label=z"}, "“label” is a or b or c, not “z”"),
        ("denoise.find_noise", {}, "the preview is empty"),
        ("denoise.find_noise", {"row": 6}, "no row 6"),
    ],
)
def test_what_makes_no_sense_is_refused(
    command: str, arguments: dict[str, object], reason: str, bench: Workbench, worker: WorkerByHand
) -> None:
    before = bench.workspace.state
    with pytest.raises(UserError, match=reason):
        bench.commands.run(command, **arguments)
    assert bench.workspace.state is before
    assert worker.jobs == []


def test_guidance_of_nought_and_a_single_step_are_allowed(
    bench: Workbench, worker: WorkerByHand, model: Denoiser
) -> None:
    bench.commands.run("denoise.ask", what="label=c")
    bench.commands.run("denoise.guidance", value=0.0)
    bench.commands.run("denoise.steps", count=1)
    worker.finish()
    assert model.asked[-1] == (1, 0.0, {"label": "c"})
    assert len(far(bench)) == 2


def test_a_hundred_steps_cancelled_midway_keep_what_is_there_and_run_again(
    bench: Workbench, worker: WorkerByHand
) -> None:
    bench.commands.run("denoise.steps", count=100)
    worker.turn(41)
    bench.commands.run("jobs.cancel")
    worker.finish()
    assert (far(bench).done, len(far(bench)), bench.denoising.running) == (41, 101, False)
    bench.commands.run("denoise.show_step", index=90)
    assert bench.denoising.current == 40
    bench.commands.run("denoise.run")
    worker.finish()
    assert far(bench).whole


def test_scrubbing_shows_the_step_and_stays_there_when_a_setting_changes(
    bench: Workbench, worker: WorkerByHand
) -> None:
    bench.commands.run("denoise.steps", count=10)
    worker.finish()
    bench.commands.run("denoise.show_step", index=4)
    assert bench.previews.shown is not None
    assert bench.previews.shown.latent[0] == 90
    bench.commands.run("denoise.noisy")
    assert bench.previews.shown.latent[0] == 96
    bench.commands.run("denoise.seed", seed=1)
    worker.finish()
    assert bench.denoising.current == 4
    assert bench.previews.shown.latent[0] == 97


def test_the_noise_of_a_sample_leads_back_to_it(bench: Workbench, worker: WorkerByHand) -> None:
    bench.commands.run("denoise.steps", count=4)
    bench.commands.run("preview.pin_row", row=1)
    bench.commands.run("denoise.find_noise")
    worker.finish()
    run = far(bench)
    assert run.settings.condition == run.settings.known == (("label", "b"),)
    assert run.settings.guidance == 1.0
    assert (run.back, len(run)) == (4, 9)
    np.testing.assert_allclose(run.latents[[0, 4, 8], 0], [1, 9, 1])
    assert run.error == pytest.approx(0)
    bench.commands.run("denoise.show_step", index=2)
    assert shown_title(bench) == "Towards noise, step 2 of 4"


def test_another_class_with_the_same_noise_edits_the_sample(
    bench: Workbench, worker: WorkerByHand
) -> None:
    bench.commands.run("denoise.find_noise", row=1)
    worker.finish()
    noise = far(bench).latents[far(bench).back].copy()
    bench.commands.run("denoise.ask", what="label=c")
    worker.finish()
    np.testing.assert_array_equal(far(bench).latents[far(bench).back], noise)
    assert far(bench).latents[-1, 0] == 2
    assert far(bench).error is None
    bench.commands.run("denoise.new_noise")
    worker.finish()
    assert far(bench).back == 0


def test_a_sample_without_a_label_and_an_empty_place_have_a_noise_too(
    bench: Workbench, worker: WorkerByHand
) -> None:
    bench.commands.run("denoise.find_noise", row=5)
    assert bench.denoising.settings.known == ()
    bench.commands.run("preview.pin_place", place=(12.0, 4.0))
    bench.commands.run("denoise.find_noise")
    worker.finish()
    run = far(bench)
    assert run.settings.sample is not None
    assert (run.settings.sample.row, run.settings.sample.label) == (None, "Between the points")
    np.testing.assert_array_equal(run.latents[0], [12, 4])
    assert run.error == pytest.approx(0)


def test_a_model_without_conditions_is_asked_for_nothing(
    bench: Workbench, worker: WorkerByHand, model: Denoiser
) -> None:
    model.conditions = {}
    with pytest.raises(UserError, match="it knows no conditions"):
        bench.commands.run("denoise.ask", what="label=a")
    bench.commands.run("denoise.find_noise", row=0)
    worker.finish()
    assert model.asked[-1][1:] == (1.0, {})
    assert bench.choices("asks") == []


def test_what_another_model_was_asked_for_is_left_out(
    bench: Workbench, worker: WorkerByHand, model: Denoiser
) -> None:
    bench.commands.run("denoise.ask", what="label=a")
    worker.finish()
    model.conditions = {"label": ("x", "y")}
    bench.commands.run("denoise.run")
    worker.finish()
    assert model.asked[-1] == (20, 1.0, {})


def test_another_space_begins_anew_and_the_old_run_says_nothing_more(
    bench: Workbench, worker: WorkerByHand, fakes: Fakes
) -> None:
    bench.commands.run("denoise.ask", what="label=a")
    worker.turn(5)
    fakes.space = Space("other", np.zeros((3, 2), np.float32), provenance=Provenance("other"))
    bench.commands.run("file.open_path", path="other.arrow")
    assert bench.denoising.trajectory is None
    assert bench.denoising.settings.condition == ()
    worker.finish()
    assert bench.denoising.trajectory is None
    assert bench.denoising.current is None


def test_closing_the_space_while_denoising_ends_it(bench: Workbench, worker: WorkerByHand) -> None:
    bench.commands.run("denoise.new_noise")
    worker.turn(5)
    bench.commands.run("file.welcome")
    worker.finish()
    assert bench.denoising.trajectory is None
    assert bench.workspace.jobs == []


def test_a_model_that_denoises_nothing_says_so(
    fakes: Fakes, worker: WorkerByHand, tmp_path: Path
) -> None:
    made = Workbench(worker, fakes.services(), Settings(), tmp_path)  # type: ignore[arg-type]
    assert "Open a space first" in made.denoising.why_not()
    made.commands.run("file.open_path", path="six.arrow")
    assert made.denoising.why_not() == (
        "doubling decodes a latent at once and denoises nothing; open a space of a diffusion model."
    )
    with pytest.raises(UserError, match="denoises nothing"):
        made.commands.run("denoise.steps", count=5)
    made.commands.run("denoise.new_noise")
    made.denoising.look()
    assert made.denoising.trajectory is None


def test_the_places_follow_the_map(bench: Workbench, worker: WorkerByHand) -> None:
    bench.commands.run("denoise.steps", count=4)
    worker.finish()
    bench.commands.run("map.three")
    places = far(bench).places
    assert places is not None
    assert places.shape == (5, 3)


def test_a_project_brings_the_settings_back(bench: Workbench) -> None:
    bench.commands.run("denoise.find_noise", row=1)
    bench.commands.run("denoise.steps", count=7)
    bench.commands.run("path.add_row", row=0)
    bench.commands.run("path.mode", mode="noise")
    state = bench.workspace.state
    values = session_to_json(state)
    again = session_from_json(values, bench.workspace.space, "p")
    assert again.denoising == state.denoising
    assert again.path == state.path
    del values["denoising"], values["path"]["noise"]
    older = session_from_json(values, bench.workspace.space, "p")
    assert older.denoising.sample is None
    assert not older.path.noise
    values = session_to_json(state)
    values["denoising"]["steps"] = 5000
    with pytest.raises(UserError, match="denoising steps of 5000"):
        session_from_json(values, bench.workspace.space, "p")


def test_under_the_cursor_few_steps_come_first_and_the_rest_when_it_rests(
    bench: Workbench, model: Denoiser
) -> None:
    bench.previews.hover(PlaceTarget((3.0, 1.0)))
    assert model.asked == []
    bench.commands.run("denoise.under_cursor")
    bench.previews.hover(PlaceTarget((3.0, 1.0)))
    first = bench.previews.shown
    assert first is not None
    assert model.asked[-1][0] < 20
    assert first.denoised == f"{model.asked[-1][0]} of 20, from half noise"
    # Half of noise 100, half of 3, less 10.
    assert first.latent[0] == 41.5
    bench.previews.settle()
    assert model.asked[-1][0] == 20
    assert bench.previews.shown is not None
    assert bench.previews.shown.denoised == "20 of 20, from half noise"
    # What is data already stays as it is.
    asked = len(model.asked)
    bench.previews.hover(DenoisedTarget(np.zeros(2, np.float32), "made"))
    assert len(model.asked) == asked


def test_a_space_of_noise_is_denoised_wherever_it_is_shown(
    bench: Workbench, worker: WorkerByHand, model: Denoiser, fakes: Fakes
) -> None:
    fakes.space = Space(
        "noise", np.full((4, 2), 50, np.float32),
        provenance=Provenance("denoiser", extra={HOLDS_NOISE: True}),
    )  # fmt: skip
    bench.commands.run("file.open_path", path="noise.arrow")
    bench.previews.hover(RowTarget(0))
    assert bench.previews.shown is not None
    assert bench.previews.shown.latent[0] == 40
    assert bench.previews.shown.distance is None
    # Near and far are those of the noise, not of what it becomes.
    bench.previews.hover(PlaceTarget((15.0, 1.0)))
    assert (bench.previews.shown.distance, bench.previews.shown.latent[0]) == (15, 5)
    details = []
    bench.previews.detailed.connect(details.append)
    bench.previews.settle()
    assert details[-1].distances[0] == pytest.approx(np.hypot(35, 49))
    bench.commands.run("arithmetic.evaluate", text="#0 + #1")
    assert bench.arithmetic.outcome is not None
    assert bench.arithmetic.outcome.decoded is not None
    assert bench.arithmetic.outcome.decoded[0, 0, 0] == 90
    # The noise of its samples need not be found.
    bench.commands.run("denoise.find_noise", row=2)
    worker.finish()
    assert far(bench).back == 0
    assert far(bench).latents[0, 0] == 50


def test_fewer_steps_leave_the_marked_step_among_them(
    bench: Workbench, worker: WorkerByHand
) -> None:
    bench.denoising.look()
    worker.finish()
    marked: list[tuple[int | None, int]] = []
    bench.denoising.changed.connect(
        lambda: marked.append((bench.denoising.current, far(bench).done))
    )
    bench.commands.run("denoise.steps", count=3)
    worker.finish()
    assert marked
    assert all(current is not None and current < done for current, done in marked)


def test_the_end_of_a_run_that_was_replaced_is_not_the_end_of_the_next(
    bench: Workbench, worker: WorkerByHand
) -> None:
    bench.commands.run("denoise.steps", count=10)
    worker.turn(5)
    bench.commands.run("denoise.seed", seed=1)
    worker.turn(3)
    assert bench.denoising.running
    assert (far(bench).done, far(bench).settings.seed) == (2, 1)
    bench.commands.run("jobs.cancel")
    worker.finish()
    assert not bench.denoising.running
