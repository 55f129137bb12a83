"""Drawing from a prior: into the preview, into a space; what is set can be undone."""

import dataclasses
import queue
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.app.sampling import SamplingSettings
from latentviewer.app.settings import Settings, settings_from_json, settings_to_json
from latentviewer.app.state import PriorTarget, SessionState
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.jobs.worker import Worker
from tests.app.conftest import Fakes, WorkerNow, six
from tests.app.families import Denoiser, Maker, Reader


def run(workbench: Workbench, command: str, **arguments: Any) -> None:
    workbench.commands.run(command, **arguments)


def latent(workbench: Workbench) -> list[float]:
    assert workbench.previews.shown is not None
    return [float(v) for v in workbench.previews.shown.latent]


@pytest.fixture
def diffusion(workbench: Workbench, fakes: Fakes) -> Workbench:
    fakes.model = Denoiser()
    run(workbench, "file.open_path", path="six")
    return workbench


def test_truncation_scales_the_sample_that_is_shown_and_undoes_as_one(opened: Workbench) -> None:
    run(opened, "latent.sample_prior")
    run(opened, "latent.sample_prior")
    assert latent(opened) == [2.0, 2.0]
    for value in (0.9, 0.7, 0.5):
        run(opened, "preview.truncation", value=value)
    assert latent(opened) == [1.0, 1.0]
    assert isinstance(opened.workspace.state.pinned, PriorTarget)
    run(opened, "edit.undo")
    assert opened.workspace.state.truncation == 1.0
    assert latent(opened) == [2.0, 2.0]
    run(opened, "edit.redo")
    assert latent(opened) == [1.0, 1.0]
    run(opened, "latent.sample_prior")
    assert latent(opened) == [1.5, 1.5]


def test_truncation_nought_is_the_mean_and_leaves_samples_alone(opened: Workbench) -> None:
    run(opened, "preview.pin_row", row=3)
    run(opened, "preview.truncation", value=0)
    assert latent(opened) == [3.0, 0.0]
    run(opened, "latent.sample_prior")
    assert latent(opened) == [0.0, 0.0]


@pytest.mark.parametrize("value", [-0.1, 2.1, float("nan"), float("inf")])
def test_a_truncation_out_of_range_is_refused(opened: Workbench, value: float) -> None:
    with pytest.raises(UserError, match="Truncation goes from 0 to 2"):
        run(opened, "preview.truncation", value=value)
    assert opened.workspace.state.truncation == 1.0


def test_truncation_is_remembered(opened: Workbench, fakes: Fakes, tmp_path: Path) -> None:
    run(opened, "preview.truncation", value=0.7)
    assert opened.settings.truncation == 0.7
    stored = settings_from_json(settings_to_json(opened.settings))
    again = Workbench(WorkerNow(), fakes.services(), stored, tmp_path)  # type: ignore[arg-type]
    run(again, "file.open_path", path="six")
    assert again.workspace.state.truncation == 0.7
    assert not again.workspace.session.unsaved
    for bad in (7.0, "much", float("nan")):
        assert settings_from_json({"truncation": bad}) == Settings()


def test_diffusion_is_asked_step_by_step(diffusion: Workbench, fakes: Fakes) -> None:
    run(diffusion, "denoise.steps", count=4)
    run(diffusion, "denoise.guidance", value=3.0)
    run(diffusion, "denoise.ask", what="label=b")
    run(diffusion, "latent.sample_prior")
    assert (4, 3.0, {"label": "b"}) in fakes.model.asked
    assert latent(diffusion) == [5.0, 5.0]
    run(diffusion, "denoise.steps", count=7)
    assert latent(diffusion) == [8.0, 8.0]
    run(diffusion, "edit.undo")
    assert latent(diffusion) == [5.0, 5.0]
    run(diffusion, "denoise.ask", what="label=")
    assert diffusion.sampling.settings.condition == ()
    assert ("label=c", "label: c") in diffusion.choices("asks")


def test_without_a_class_nothing_leads(diffusion: Workbench, fakes: Fakes) -> None:
    run(diffusion, "denoise.guidance", value=3.0)
    run(diffusion, "latent.sample_prior")
    assert fakes.model.asked[-1] == (20, 1.0, {})
    run(diffusion, "model.sample_space", count=2)
    assert fakes.sampled[1]["guidance"] == 1.0


def test_in_a_space_of_noise_noise_is_drawn(workbench: Workbench, fakes: Fakes) -> None:
    fakes.model = Denoiser()
    origin = dataclasses.replace(six().provenance, extra={"holds_noise": True})
    fakes.space = dataclasses.replace(six(), provenance=origin)
    run(workbench, "file.open_path", path="six")
    run(workbench, "preview.truncation", value=0.5)
    run(workbench, "latent.sample_prior")
    pinned = workbench.workspace.state.pinned
    assert isinstance(pinned, PriorTarget)
    np.testing.assert_array_equal(pinned.latent, [0.5, 0.5])


@pytest.mark.parametrize(
    ("command", "arguments", "reason"),
    [
        ("model.sample_space", {"count": 5, "steps": 0}, "denoising steps goes from 1 to 100"),
        ("model.sample_space", {"count": 5, "guidance": 21.0}, "Guidance goes from 0 to 8"),
        ("model.sample_space", {"count": 5, "truncation": 3.0}, "Truncation goes from 0 to 2"),
        ("model.sample_space", {"count": 0}, "0 samples cannot be drawn"),
        ("model.invert_data", {"data": "squares"}, "has an encoder"),
    ],
)
def test_what_makes_no_sense_is_refused(
    diffusion: Workbench, command: str, arguments: dict[str, Any], reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        run(diffusion, command, **arguments)
    assert diffusion.sampling.settings == SamplingSettings()


def test_a_space_is_drawn_and_opened_and_the_old_one_kept_aside(
    diffusion: Workbench, fakes: Fakes
) -> None:
    run(diffusion, "select.all")
    run(
        diffusion, "model.sample_space", count=7, seed=3, truncation=0.0, steps=2, guidance=1.5,
        condition={"label": "c"},
    )  # fmt: skip
    assert fakes.sampled == (
        7,
        {"seed": 3, "truncation": 0.0, "steps": 2, "guidance": 1.5, "condition": {"label": "c"}},
    )
    state = diffusion.workspace.state
    assert state.space is not None
    assert (state.space.name, len(state.space)) == ("drawn", 7)
    assert diffusion.sampling.settings == SamplingSettings(0.0, 2, 1.5, (("label", "c"),))
    assert len([path for path in fakes.saved if "autosaved" in path]) == 1
    assert state.map.colour_by == "score"
    assert diffusion.workspace.shown_map is not None


def test_truncation_stays_and_what_is_asked_for_does_not(
    diffusion: Workbench, fakes: Fakes
) -> None:
    run(diffusion, "denoise.ask", what="label=b")
    run(diffusion, "preview.truncation", value=0.5)
    origin = dataclasses.replace(six().provenance, model="other")
    fakes.space = dataclasses.replace(six(), provenance=origin)
    run(diffusion, "file.open_path", path="other")
    assert diffusion.sampling.settings == SamplingSettings(truncation=0.5)


def test_a_vae_is_given_no_steps(opened: Workbench, fakes: Fakes) -> None:
    run(opened, "model.sample_space", count=3)
    assert fakes.sampled == (3, {"seed": 0, "truncation": 1.0})


def test_latents_are_searched_for_the_first_images(workbench: Workbench, fakes: Fakes) -> None:
    fakes.model = Maker()
    run(workbench, "file.open_path", path="six")
    run(workbench, "model.invert_data", data="squares", count=4, steps=9)
    assert fakes.inverted == ("squares", 4, 9)
    assert workbench.workspace.space.name == "found"
    run(workbench, "file.open_path", path="six")
    for wrong in ({"count": 0}, {"steps": 0}, {"steps": 100_000}):
        with pytest.raises(UserError):
            run(workbench, "model.invert_data", data="squares", **wrong)


def test_a_data_set_that_is_not_here_is_named(workbench: Workbench, fakes: Fakes) -> None:
    fakes.model = Maker()
    run(workbench, "file.open_path", path="six")
    heard: list[str] = []
    workbench.workspace.message.connect(lambda text, _fault: heard.append(text))
    fakes.data_here = False
    run(workbench, "model.invert_data", data="squares")
    assert heard == ["squares is not on this machine."]
    assert workbench.workspace.space.name == "six"


def test_settings_are_saved_with_a_project(diffusion: Workbench, tmp_path: Path) -> None:
    run(diffusion, "denoise.ask", what="label=b")
    run(diffusion, "preview.truncation", value=0.25)
    target = str(tmp_path / "mine.latentviewer")
    run(diffusion, "file.save_project", path=target)
    before = diffusion.sampling.settings
    run(diffusion, "preview.truncation", value=1.5)
    run(diffusion, "file.open_path", path=target)
    assert diffusion.sampling.settings == before


def test_projects_from_before_and_damaged_ones(opened: Workbench) -> None:
    from latentviewer.app.projects import session_from_json, session_to_json

    values = session_to_json(SessionState(space=six()))
    del values["truncation"]
    assert session_from_json(values, six(), "old").truncation == 1.0
    for damage in (9, "x", float("nan"), None):
        whole = {**session_to_json(SessionState(space=six())), "truncation": damage}
        with pytest.raises(UserError, match="cannot be opened"):
            session_from_json(whole, six(), "bad")


class Later:
    """A real worker whose deliveries the test runs."""

    def __init__(self) -> None:
        self._came: queue.Queue[Callable[[], None]] = queue.Queue()
        self.worker = Worker(self._came.put)
        self.worker.start()

    def run_until(self, there: Callable[[], object]) -> None:
        while not there():
            self._came.get(timeout=60)()


def test_sampling_cancelled_half_way_leaves_everything_as_it_was(
    fakes: Fakes, tmp_path: Path
) -> None:
    fakes.model = Denoiser()
    later = Later()
    workbench = Workbench(later.worker, fakes.services(), Settings(), tmp_path)
    try:
        run(workbench, "file.open_path", path="six")
        later.run_until(lambda: workbench.workspace.distance is not None)
        states: list[str] = []
        workbench.workspace.job_changed.connect(lambda status: states.append(status.state))
        before = workbench.workspace.state
        workbench.workspace.services = dataclasses.replace(
            workbench.workspace.services, sample=endless
        )
        run(workbench, "model.sample_space", count=5)
        later.run_until(lambda: "running" in states)
        run(workbench, "jobs.cancel")
        later.run_until(lambda: "cancelled" in states)
        assert workbench.workspace.state is before
        assert workbench.workspace.jobs == []
    finally:
        later.worker.stop()


def endless(model: Any, count: int, **options: Any) -> Any:
    from latentviewer.jobs.progress import Progress

    while True:
        yield Progress(0.5, "half")


def test_a_quick_hand_draws_only_the_last(fakes: Fakes, tmp_path: Path) -> None:
    fakes.model = Denoiser()
    later = Later()
    workbench = Workbench(later.worker, fakes.services(), Settings(), tmp_path)
    try:
        run(workbench, "file.open_path", path="six")
        later.run_until(lambda: workbench.workspace.distance is not None)
        for _ in range(3):
            run(workbench, "latent.sample_prior")
        later.run_until(lambda: workbench.workspace.state.pinned is not None)
        pinned = workbench.workspace.state.pinned
        assert isinstance(pinned, PriorTarget)
        assert pinned.seed == 3
        assert workbench.workspace.session.undo_title == "Show Prior sample 3"
    finally:
        later.worker.stop()


def test_a_classifier_s_space_refuses(workbench: Workbench, fakes: Fakes) -> None:
    fakes.model = Reader()
    run(workbench, "file.open_path", path="six")
    with pytest.raises(UserError, match="neither a posterior nor a prior"):
        run(workbench, "model.sample_space", count=5)


def test_undo_while_the_sample_is_drawn_again_keeps_the_old_one(opened: Workbench) -> None:
    run(opened, "latent.sample_prior")
    waiting: list[Callable[[], None]] = []
    call = opened.workspace.worker.call

    def late(work: Any, done: Any, failed: Any) -> None:
        waiting.append(lambda: call(work, done, failed))

    opened.workspace.worker.call = late  # type: ignore[method-assign]
    run(opened, "preview.truncation", value=0.5)
    run(opened, "edit.undo")
    opened.workspace.worker.call = call  # type: ignore[method-assign]
    for go in waiting:
        go()
    assert latent(opened) == [1.0, 1.0]
    pinned = opened.workspace.state.pinned
    assert isinstance(pinned, PriorTarget)
    np.testing.assert_array_equal(pinned.latent, [1, 1])
