"""Samples of the prior, into the preview or into a space, and latents for real images."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from latentviewer.app.abilities import abilities
from latentviewer.app.opening import Opening
from latentviewer.app.sampling_settings import checked
from latentviewer.app.state import PriorTarget, SamplingSettings
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.first_samples import first_samples
from latentviewer.domain.ports import Diffusion, Model
from latentviewer.domain.space import Latents, Space
from latentviewer.jobs.progress import CancelToken, Progress
from latentviewer.jobs.worker import Job, JobHandle

MOST_SAMPLES = 1_000_000
MOST_SEARCH_STEPS = 10_000
USUAL_SEARCH_STEPS = 200


class Sampling:
    """Draws from the model of the open space."""

    def __init__(self, workspace: Workspace, opening: Opening) -> None:
        self._workspace, self._opening = workspace, opening
        self._seed = 0
        self._drawing: JobHandle | None = None

    @property
    def conditions(self) -> Mapping[str, tuple[str, ...]] | None:
        """What the model can be asked for; None where it is no diffusion model."""
        model = self._workspace.model
        return model.conditions if model is not None and isinstance(model, Diffusion) else None

    def set_truncation(self, value: float) -> None:
        """How far from the prior's mean samples lie: 1 as it is, 0 the mean itself, up to 2."""
        self._model()
        self._set(f"Truncation {value:g}", "truncation", truncation=float(value))

    def set_steps(self, count: int) -> None:
        """How many steps of denoising."""
        self._diffusion()
        self._set(f"{count} denoising steps", "denoising-steps", steps=int(count))

    def set_guidance(self, value: float) -> None:
        """How strongly a diffusion model follows what it is asked for."""
        self._diffusion()
        self._set(f"Guidance {value:g}", "guidance", guidance=float(value))

    def ask_for(self, asked: str) -> None:
        """Asks a diffusion model for a class, as `label=3`; `label=` asks for any."""
        model = self._diffusion()
        name = next((n for n in model.conditions if asked.startswith(f"{n}=")), None)
        if name is None:
            known = ", ".join(model.conditions) or "nothing"
            raise UserError(f"“{asked}” cannot be asked for; write name=class, of {known}.")
        wanted = asked.removeprefix(f"{name}=")
        if wanted and wanted not in model.conditions[name]:
            raise UserError(f"“{name}” is {' or '.join(model.conditions[name])}, not “{wanted}”.")
        others = {n: c for n, c in self._settings.condition if n != name}
        condition = {**others, name: wanted} if wanted else others
        self._set(f"Ask for {asked}", None, condition=tuple(sorted(condition.items())))

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
        given: dict[str, Any] = {"truncation": truncation, "steps": steps, "guidance": guidance}
        fields = {name: value for name, value in given.items() if value is not None}
        if condition is not None:
            fields["condition"] = tuple(sorted(condition.items()))
        self._set("How the prior is sampled", None, **fields)
        options: dict[str, Any] = {"seed": int(seed), "truncation": self._settings.truncation}
        if isinstance(model, Diffusion):
            options |= {
                "steps": self._settings.steps,
                "guidance": self._settings.guidance,
                "condition": dict(self._settings.condition),
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

    @property
    def _settings(self) -> SamplingSettings:
        return self._workspace.state.sampling

    def _model(self) -> Model:
        if why := abilities(self._workspace).prior:
            raise UserError(why)
        assert self._workspace.model is not None
        return self._workspace.model

    def _diffusion(self) -> Diffusion:
        model = self._model()
        if not isinstance(model, Diffusion):
            raise UserError(
                f"{model.card.name} draws its samples at once; only diffusion models have steps, "
                "guidance and classes to ask for."
            )
        return model

    def _set(self, title: str, merge_key: str | None, **fields: Any) -> None:
        settings = checked(dataclasses.replace(self._settings, **fields))
        if settings == self._settings:
            return
        self._workspace.session.change(title, merge_key=merge_key, sampling=settings)
        pinned = self._workspace.state.pinned
        if isinstance(pinned, PriorTarget):
            self._draw_again(pinned, settings)

    def _draw_again(self, pinned: PriorTarget, settings: SamplingSettings) -> None:
        """The sample that is shown, with other settings; a part of the step that changed them."""

        def show(latent: Latents) -> None:
            state = self._workspace.state
            now = state.pinned
            same = isinstance(now, PriorTarget) and now.seed == pinned.seed
            if same and state.sampling == settings:
                self._workspace.session.amend(
                    pinned=PriorTarget(latent, pinned.title, None, pinned.seed)
                )

        self._draw(pinned.seed, show)

    def _draw(self, seed: int, show: Callable[[Latents], None]) -> None:
        model, settings = self._model(), self._settings
        scale = np.float32(settings.truncation)
        if not isinstance(model, Diffusion):
            self._workspace.call(lambda: model.sample(1, seed)[0] * scale, show)
            return
        if self._workspace.space.holds_noise:
            self._workspace.call(lambda: model.noise(1, seed)[0] * scale, show)
            return
        if self._drawing is not None:
            self._drawing.cancel()
        epoch = self._workspace.epoch

        def denoise(_token: CancelToken) -> Job[Latents]:
            noise = model.noise(1, seed) * scale
            latent: Latents = noise[0]
            for step in model.denoising(
                noise, settings.steps, settings.guidance, dict(settings.condition)
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
        epoch = self._workspace.epoch

        def done(space: Space) -> None:
            # What was asked of one space must not take another's place.
            if epoch == self._workspace.epoch:
                self._opening.show(space)

        handle = self._workspace.worker.submit(
            title,
            start,
            done=done,
            failed=lambda error: self._workspace.fault(error, epoch),
            progress=self._workspace.on_progress,
        )
        self._workspace.track(handle)
