"""The denoising's side of the session: what is asked for, and the run that answers it."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from latentviewer.app.previews import Previews
from latentviewer.app.services import MapResult
from latentviewer.app.signal import Signal
from latentviewer.app.state import (
    GUIDANCE,
    SEEDS,
    STEPS,
    DenoisedTarget,
    DenoisingSettings,
    PriorTarget,
    RowTarget,
    SessionState,
)
from latentviewer.app.trajectory import Run, Trajectory
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.path import Waypoint
from latentviewer.domain.ports import KnowsConditions, Model
from latentviewer.domain.table import Numbers
from latentviewer.jobs.progress import JobStatus
from latentviewer.jobs.worker import JobHandle

_NOT_ASKED = ("noisy", "under_cursor")
"""Settings that change what is shown, not what is denoised."""


class Denoising:
    """Keeps the trajectory in step with the settings, once somebody has asked for one.

    Attributes:
        trajectory: the last run, or None. current: the step that is shown, or None.
        running: whether steps are still coming.
        changed: emitted when the trajectory or `running` has changed.
        current_changed: emitted with the step that is shown, or None.
    """

    def __init__(self, workspace: Workspace, previews: Previews) -> None:
        self._workspace, self._previews = workspace, previews
        self.trajectory: Trajectory | None = None
        self.current: int | None = None
        self.running = False
        self.changed: Signal[[]] = Signal()
        self.current_changed: Signal[[int | None]] = Signal()
        self._wanted = False
        self._turn = 0
        self._handle: JobHandle | None = None
        self._model: Model | None = None
        # Where the user left the slider, as a share of the whole; None for the end.
        self._left_at: float | None = None
        # Whether the preview follows the run, and what was last shown in it of its own accord.
        self._leads = False
        self._own: DenoisedTarget | None = None
        workspace.session.changed.connect(self._on_state)
        workspace.sources_changed.connect(self._on_sources)
        workspace.map_changed.connect(self._on_map)

    @property
    def settings(self) -> DenoisingSettings:
        """What is asked for."""
        return self._workspace.state.denoising

    @property
    def conditions(self) -> Mapping[str, tuple[str, ...]]:
        """What the model can be asked for, with the classes; empty without one that denoises."""
        diffusion = self._workspace.diffusion
        return {} if diffusion is None else diffusion.conditions

    def look(self) -> None:
        """Somebody looks: the present settings are run unless they were already."""
        self._wanted = True
        if self.trajectory is None and not self.running:
            self._run()

    def run(self) -> None:
        """Runs the present settings, again if they were run or stopped before."""
        self._check()
        self._wanted = self._leads = True
        self._run()

    def set_seed(self, seed: int) -> None:
        """Draws the noise by a seed."""
        low, high = SEEDS
        if not low <= seed <= high:
            raise UserError(f"A seed is {low} to {high:,}, not {seed}.")
        self._set("Noise seed", "denoising-seed", seed=seed, sample=None, known=())

    def new_noise(self) -> None:
        """Draws the noise by the next seed."""
        _, high = SEEDS
        self._set("New noise", seed=(self.settings.seed + 1) % (high + 1), sample=None, known=())

    def set_steps(self, count: int) -> None:
        """How many steps from noise to data."""
        low, high = STEPS
        if not low <= count <= high:
            raise UserError(f"Denoising takes {low} to {high} steps here, not {count}.")
        self._set("Denoising steps", "denoising-steps", steps=count)

    def set_guidance(self, value: float) -> None:
        """How strongly what is asked for leads."""
        low, high = GUIDANCE
        if not low <= value <= high:
            raise UserError(f"Guidance is {low:g} to {high:g}, not {value:g}.")
        self._set("Guidance", "denoising-guidance", guidance=round(float(value), 2))

    def ask(self, what: str) -> None:
        """`name=class` asks for a class, `name=` for any."""
        self._check()
        name, sign, wanted = what.partition("=")
        name, wanted, conditions = name.strip(), wanted.strip(), self.conditions
        if not sign:
            raise UserError(f"“{what}” is not a name with a class; write it as label=3.")
        if name not in conditions:
            known = ", ".join(conditions) or "no conditions"
            raise UserError(f"This model cannot be asked for “{name}”; it knows {known}.")
        if wanted and wanted not in conditions[name]:
            raise UserError(f"“{name}” is {' or '.join(conditions[name])}, not “{wanted}”.")
        asked = dict(self.settings.condition)
        asked.pop(name, None)
        if wanted:
            asked[name] = wanted
        title = f"Ask for {name} {wanted}" if wanted else f"Ask for any {name}"
        self._set(title, condition=tuple(sorted(asked.items())))

    def toggle_noisy(self) -> None:
        """The steps show the noisy latents, or what they are taken to become."""
        noisy = not self.settings.noisy
        self._set("Show noisy latents" if noisy else "Show expected data", noisy=noisy)

    def toggle_under_cursor(self) -> None:
        """The preview denoises what lies under the cursor, or decodes it as it is."""
        under = not self.settings.under_cursor
        self._set("Denoise under the cursor", under_cursor=under)

    def find_noise(self, row: int | None = None) -> None:
        """Takes the noise that a sample is made from, asked for as what it is known to be.

        Args:
            row: of the sample; without it what is pinned, else the one selected sample, else
                what the preview shows.
        """
        self._check()
        sample = self._sample(row)
        known = self._known_of(sample.row)
        # With a guidance of 1 the noise leads back to the sample: where every edit begins.
        self._set(
            f"Noise of {sample.label}", sample=sample, known=known, condition=known, guidance=1.0
        )

    def release_sample(self) -> None:
        """Draws the noise by the seed again."""
        self._set("Noise of the seed", sample=None, known=())

    def show_step(self, index: int | None) -> None:
        """Shows a step in the preview; None shows none."""
        far = self.trajectory
        if far is None or index is None or not far.done:
            self._mark(None)
            return
        last = len(far) - 1
        chosen = min(max(int(index), 0), far.done - 1)
        self._left_at = None if chosen == last else chosen / max(last, 1)
        self._leads = False
        self._show(chosen)

    def why_not(self) -> str:
        """Why nothing can be denoised here, in one sentence; empty where it can."""
        state, model = self._workspace.state, self._workspace.model
        if state.space is None:
            return "Open a space first; File, Open file."
        if self._workspace.diffusion is not None:
            return ""
        if model is None and self._workspace.model_expected:
            return f"{state.space.provenance.model} is still being loaded."
        if model is None:
            return f"{state.space.name} has no model here that could denoise."
        return (
            f"{model.card.name} decodes a latent at once and denoises nothing; open a space of a "
            "diffusion model."
        )

    def _check(self) -> None:
        if why := self.why_not():
            raise UserError(why)

    def _set(self, title: str, merge_key: str | None = None, **fields: Any) -> None:
        self._check()
        settings = dataclasses.replace(self.settings, **fields)
        if settings != self.settings:
            if any(name not in _NOT_ASKED for name in fields):
                self._wanted = True
            self._workspace.session.change(title, merge_key=merge_key, denoising=settings)

    def _sample(self, row: int | None) -> Waypoint:
        space, state = self._workspace.space, self._workspace.state
        if row is None and isinstance(state.pinned, RowTarget):
            row = state.pinned.row
        if row is None and state.pinned is None and len(state.selection) == 1:
            row = int(state.selection.rows[0])
        if row is not None:
            if not 0 <= row < len(space):
                raise UserError(f"There is no row {row}; {space.name} has {len(space)}.")
            label = space.label(row)
            return Waypoint(space.latent[row], row, f"#{row} · {label}" if label else f"#{row}")
        shown = self._previews.shown
        if shown is None:
            raise UserError("Select a sample or point at the map first; the preview is empty.")
        return Waypoint(shown.latent, shown.row, shown.title)

    def _known_of(self, row: int | None) -> tuple[tuple[str, str], ...]:
        """What the table says of a sample, in the model's own conditions."""
        space = self._workspace.space
        model: object = self._workspace.model
        if row is None or not isinstance(model, KnowsConditions):
            return ()
        values: dict[str, str | float] = {}
        for name, column in space.columns.items():
            if isinstance(column, Numbers):
                values[name] = float(column.values[row])
            else:
                values[name] = column.text(row)
        return tuple(sorted(model.condition_of(values).items()))

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        if (old.space is None) != (new.space is None) or (
            old.space is not None
            and new.space is not None
            and old.space.latent is not new.space.latent
        ):
            self._forget()
            return
        before, after = old.denoising, new.denoising
        if before == after:
            return
        same = {name: getattr(after, name) for name in _NOT_ASKED}
        if dataclasses.replace(before, **same) != after:
            if before.sample != after.sample:
                self._left_at = None
            # A prior sample that is shown is drawn again; the run does not take its place.
            self._leads = not isinstance(new.pinned, PriorTarget)
            if self._wanted:
                self._run()
        elif self.trajectory is not None and before.noisy != after.noisy:
            settings = dataclasses.replace(self.trajectory.settings, noisy=after.noisy)
            self.trajectory = dataclasses.replace(self.trajectory, settings=settings)
            self.changed.emit()
            if self.current is not None:
                self._show(self.current)

    def _on_sources(self) -> None:
        if self._workspace.model is not self._model and self._wanted:
            self._run()

    def _on_map(self, shown: MapResult | None) -> None:
        far = self.trajectory
        if shown is None or far is None:
            return
        if self.running:
            self._run()
            return
        turn, done = self._turn, far.done

        def place() -> np.ndarray[Any, np.dtype[np.float32]]:
            there = shown.places(far.latents[:done])
            places = np.zeros((len(far), there.shape[1]), np.float32)
            places[:done] = there
            return places

        def put(places: np.ndarray[Any, np.dtype[np.float32]]) -> None:
            if turn == self._turn and self.trajectory is not None:
                self.trajectory = dataclasses.replace(self.trajectory, places=places)
                self.changed.emit()

        self._workspace.call(place, put)

    def _forget(self) -> None:
        self._stop()
        self._wanted = self._leads = False
        self._left_at, self.trajectory, self._model = None, None, None
        self._mark(None)
        self.changed.emit()

    def _stop(self) -> None:
        self._turn += 1
        self.running = False
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _run(self) -> None:
        self._stop()
        self._own = None
        workspace, settings = self._workspace, self.settings
        self._model = workspace.model
        if self._model is None or workspace.diffusion is None:
            if self.trajectory is not None:
                self.trajectory = None
                self._mark(None)
                self.changed.emit()
            return
        run = Run(
            settings,
            self._understood(settings.condition),
            self._understood(settings.known),
            self._model,
            workspace.space.holds_noise,
            workspace.shown_map.places if workspace.shown_map is not None else None,
        )
        turn, epoch = self._turn, workspace.epoch
        self.running = True
        ended = False

        def on_progress(status: JobStatus, partial: object | None) -> None:
            workspace.on_progress(status)
            if isinstance(partial, Trajectory) and turn == self._turn:
                self._on_trajectory(partial)

        def end(far: Trajectory | None) -> None:
            nonlocal ended
            ended = True
            if turn == self._turn:
                self.running, self._handle = False, None
                if far is not None:
                    self._on_trajectory(far)
                else:
                    self.changed.emit()

        def failed(error: BaseException) -> None:
            end(None)
            workspace.fault(error, epoch)

        handle = workspace.worker.submit(
            "Denoise",
            lambda _token: run.steps(),
            done=end,
            failed=failed,
            progress=on_progress,
            cancelled=lambda: end(None),
        )
        if not ended:
            self._handle = handle
            workspace.track(handle)

    def _understood(self, asked: tuple[tuple[str, str], ...]) -> dict[str, str]:
        """What the model knows of it: a project may have been made with another one."""
        conditions = self.conditions
        return {name: wanted for name, wanted in asked if wanted in conditions.get(name, ())}

    def _on_trajectory(self, far: Trajectory) -> None:
        # The switch may have been thrown since the run began.
        settings = dataclasses.replace(far.settings, noisy=self.settings.noisy)
        self.trajectory = dataclasses.replace(far, settings=settings)
        last = len(far) - 1
        wanted = last if self._left_at is None else round(self._left_at * last)
        chosen = min(wanted, far.done - 1)
        self._mark(chosen)
        self.changed.emit()
        # Who points at something else meanwhile keeps it in the preview.
        if self._leads and self._own in (None, self._previews.target):
            self._show(chosen)

    def _show(self, index: int) -> None:
        far = self.trajectory
        if far is None:
            return
        latents, _ = far.shown()
        self._mark(index)
        self._own = DenoisedTarget(latents[index].copy(), step_title(far, index))
        self._previews.hover(self._own)

    def _mark(self, index: int | None) -> None:
        if index != self.current:
            self.current = index
            self.current_changed.emit(index)


def step_title(far: Trajectory, index: int) -> str:
    """What the preview calls a step."""
    last = len(far) - 1
    if index < far.back:
        return f"Towards noise, step {index} of {far.back}"
    return f"Denoised, step {index - far.back} of {last - far.back}"
