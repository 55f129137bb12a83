"""Samples of the prior, into the preview or into a space, and latents for real images."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from latentviewer.app.abilities import abilities
from latentviewer.app.opening import Opening
from latentviewer.app.state import (
    GUIDANCE,
    STEPS,
    TRUNCATION,
    DenoisingSettings,
    PriorTarget,
    SessionState,
)
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.first_samples import first_samples
from latentviewer.domain.ports import Model
from latentviewer.domain.space import Latents, Space
from latentviewer.jobs.progress import CancelToken, Progress
from latentviewer.jobs.worker import Job, JobHandle

MOST_SAMPLES = 1_000_000
MOST_SEARCH_STEPS = 10_000
USUAL_SEARCH_STEPS = 200


@dataclass(frozen=True)
class SamplingSettings:
    """How a prior is sampled.

    Attributes:
        truncation: the prior's standard deviation is multiplied by it, 0 to 2.
        steps: of denoising; this and what follows for diffusion models.
        guidance: towards `condition`; 1 follows it as it was learned.
        condition: what is asked for, as (name, class) pairs.
    """

    truncation: float = 1.0
    steps: int = 20
    guidance: float = 2.0
    condition: tuple[tuple[str, str], ...] = ()


class Sampling:
    """Draws from the model of the open space."""

    def __init__(self, workspace: Workspace, opening: Opening) -> None:
        self._workspace, self._opening = workspace, opening
        self._seed = 0
        self._drawing: JobHandle | None = None
        workspace.session.changed.connect(self._on_state)

    @property
    def settings(self) -> SamplingSettings:
        """How the session samples now."""
        return settings_of(self._workspace.state)

    @property
    def conditions(self) -> Mapping[str, tuple[str, ...]] | None:
        """What the model can be asked for; None where it is no diffusion model."""
        diffusion = self._workspace.diffusion
        return None if diffusion is None else diffusion.conditions

    def set_truncation(self, value: float) -> None:
        """How far from the prior's mean samples lie: 1 as it is, 0 the mean itself, up to 2."""
        self._model()
        self._set(f"Truncation {value:g}", "truncation", {"truncation": float(value)}, {})

    def sample_prior(self) -> None:
        """Shows a latent drawn from the prior; each call a new one, in a fixed order."""
        self._model()
        self._seed += 1
        seed = self._seed

        def show(latent: Latents) -> None:
            title = f"Prior sample {seed}"
            self._workspace.session.change(
                f"Show {title}", merge_key="pin", pinned=PriorTarget(latent, title, None, seed)
            )

        self._draw(seed, show)

    def sample_space(
        self,
        count: int,
        seed: int = 0,
        truncation: float | None = None,
        steps: int | None = None,
        guidance: float | None = None,
        condition: Mapping[str, str] | None = None,
    ) -> None:
        """Draws a space of samples as a job, and opens it.

        Args:
            truncation, steps, guidance, condition: set for the session, as its own step,
                where given.
        """
        model = self._model()
        if not 1 <= count <= MOST_SAMPLES:
            raise UserError(f"{count:,} samples cannot be drawn; ask for 1 to {MOST_SAMPLES:,}.")
        asked = None if condition is None else tuple(sorted(condition.items()))
        denoising = {"steps": steps, "guidance": guidance, "condition": asked}
        self._set(
            "How the prior is sampled",
            None,
            {"truncation": truncation},
            denoising if self._workspace.diffusion is not None else {},
        )
        settings = self.settings
        options: dict[str, Any] = {"seed": int(seed), "truncation": settings.truncation}
        if self._workspace.diffusion is not None:
            options |= {
                "steps": settings.steps,
                "guidance": _guidance(settings),
                "condition": dict(settings.condition),
            }
        services = self._workspace.services
        self._submit(
            f"Sample {model.card.name}", lambda _token: services.sample(model, count, **options)
        )

    def invert(self, data: str, count: int | None = None, steps: int = USUAL_SEARCH_STEPS) -> None:
        """Searches latents for the first samples of a data set as a job, and opens them."""
        model = self._workspace.model
        if why := abilities(self._workspace).inversion:
            raise UserError(why)
        if count is not None and count < 1:
            raise UserError(f"Latents for {count} images cannot be searched; ask for 1 or more.")
        if not 1 <= steps <= MOST_SEARCH_STEPS:
            raise UserError(f"A search takes 1 to {MOST_SEARCH_STEPS:,} steps, not {steps:,}.")
        assert model is not None
        services = self._workspace.services

        def search(_token: CancelToken) -> Job[Space]:
            yield Progress(None, f"loading {data}")
            samples = services.open_data(data)
            wanted = samples if count is None else first_samples(samples, count)
            return (yield from services.invert(model, wanted, steps))

        self._submit(f"Find latents in {model.card.name}", search)

    def _model(self) -> Model:
        if why := abilities(self._workspace).prior:
            raise UserError(why)
        assert self._workspace.model is not None
        return self._workspace.model

    def _set(
        self,
        title: str,
        merge_key: str | None,
        own: Mapping[str, Any],
        denoising: Mapping[str, Any],
    ) -> None:
        """One step that sets what is not None, of the state and of its denoising."""
        state = self._workspace.state
        ours = {name: value for name, value in own.items() if value is not None}
        theirs = {name: value for name, value in denoising.items() if value is not None}
        asked = dataclasses.replace(state.denoising, **theirs)
        new = dataclasses.replace(state, denoising=asked, **ours)
        _check(new)
        if settings_of(new) != settings_of(state):
            self._workspace.session.change(title, merge_key=merge_key, denoising=asked, **ours)

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        pinned = new.pinned
        if not isinstance(pinned, PriorTarget) or pinned is not old.pinned:
            return
        if settings_of(old) != settings_of(new):
            self._draw_again(pinned)

    def _draw_again(self, pinned: PriorTarget) -> None:
        """The sample that is shown, with other settings; a part of the step that changed them."""
        settings = self.settings

        def show(latent: Latents) -> None:
            state = self._workspace.state
            now = state.pinned
            same = isinstance(now, PriorTarget) and now.seed == pinned.seed
            if same and settings_of(state) == settings:
                self._workspace.session.amend(
                    pinned=PriorTarget(latent, pinned.title, None, pinned.seed)
                )

        self._draw(pinned.seed, show)

    def _draw(self, seed: int, show: Callable[[Latents], None]) -> None:
        model, settings, diffusion = self._model(), self.settings, self._workspace.diffusion
        scale = np.float32(settings.truncation)
        if diffusion is None or self._workspace.space.holds_noise:
            # In a space of noise the preview denoises what is drawn, as it does any noise.
            start = model.sample if diffusion is None else diffusion.noise
            self._workspace.call(lambda: start(1, seed)[0] * scale, show)
            return
        if self._drawing is not None:
            self._drawing.cancel()
        epoch = self._workspace.epoch

        def denoise(_token: CancelToken) -> Job[Latents]:
            noise = diffusion.noise(1, seed) * scale
            latent: Latents = noise[0]
            for step in diffusion.denoising(
                noise, settings.steps, _guidance(settings), dict(settings.condition)
            ):
                latent = step.latents[0]
                yield Progress(step.step / step.steps, f"step {step.step} of {step.steps}")
            return latent

        def done(latent: Latents) -> None:
            if epoch == self._workspace.epoch:
                show(latent)

        self._drawing = self._workspace.worker.submit(
            "Sample from the prior",
            denoise,
            done=done,
            failed=lambda error: self._workspace.fault(error, epoch),
            progress=self._workspace.on_progress,
        )
        self._workspace.track(self._drawing)

    def _submit(self, title: str, start: Callable[[CancelToken], Job[Space]]) -> None:
        epoch, denoising = self._workspace.epoch, self._workspace.state.denoising

        def done(space: Space) -> None:
            # What was asked of one space must not take another's place.
            if epoch == self._workspace.epoch:
                kept = DenoisingSettings(
                    steps=denoising.steps,
                    guidance=denoising.guidance,
                    condition=denoising.condition,
                )
                self._opening.show(space, kept)

        handle = self._workspace.worker.submit(
            title,
            start,
            done=done,
            failed=lambda error: self._workspace.fault(error, epoch),
            progress=self._workspace.on_progress,
        )
        self._workspace.track(handle)


def settings_of(state: SessionState) -> SamplingSettings:
    """How a state samples a prior."""
    asked = state.denoising
    return SamplingSettings(state.truncation, asked.steps, asked.guidance, asked.condition)


def _guidance(settings: SamplingSettings) -> float:
    """Where nothing is asked for there is nothing to be led to."""
    return settings.guidance if settings.condition else 1.0


def _check(state: SessionState) -> None:
    for name, value, (low, high) in (
        ("Truncation", state.truncation, TRUNCATION),
        ("Guidance", state.denoising.guidance, GUIDANCE),
        ("The number of denoising steps", state.denoising.steps, STEPS),
    ):
        # NaN lies in no range.
        if not low <= value <= high:
            raise UserError(f"{name} goes from {low:g} to {high:,g}; {value:g} does not.")
