"""The way from noise to data, as it comes: what the strip and the map show of it."""

import dataclasses
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.state import DenoisingSettings
from latentviewer.domain.ports import DenoisingStep, Diffusion, Images, Model
from latentviewer.domain.space import Latents
from latentviewer.jobs.progress import Progress


@dataclass(frozen=True, eq=False)
class Trajectory:
    """The steps of one run; of its n steps the first `done` are there.

    A run that begins at a sample first leads back, from data to noise.

    Attributes:
        settings: what was asked for.
        back: how many steps lead from data to noise before it turns; 0 for drawn noise.
        times: (n,) 1 for noise, 0 for data.
        latents: (n, d) where the sample is at each step.
        expected: (n, d) the data that it is taken to become.
        pictures: (n, h, w, c) of `expected`. noisy: of `latents`.
        places: (n, 2 or 3) of `latents` on the map, or None before there is one.
        done: steps so far.
        error: mean squared error per pixel between the sample's picture and the last one,
            where what is asked for is what the noise was found with; else None.
    """

    settings: DenoisingSettings
    back: int
    times: NDArray[np.float32]
    latents: Latents
    expected: Latents
    pictures: Images
    noisy: Images
    places: Latents | None
    done: int
    error: float | None = None

    def __len__(self) -> int:
        return len(self.times)

    @property
    def whole(self) -> bool:
        """Whether all steps are there."""
        return self.done == len(self)

    def shown(self) -> tuple[Latents, Images]:
        """Latents and pictures of what the settings show."""
        return self.of(self.settings.noisy)

    def of(self, noisy: bool) -> tuple[Latents, Images]:
        """Latents and pictures: the noisy ones, or what they are taken to become."""
        return (self.latents, self.noisy) if noisy else (self.expected, self.pictures)


@dataclass(frozen=True, eq=False)
class Run:
    """All that the worker needs for one trajectory.

    Attributes:
        settings: what is asked for. condition, known: of it, what the model knows.
        model: it denoises and decodes.
        is_noise: whether the settings' sample is noise already.
        place: (m, d) latents to (m, 2 or 3) places, or None.
    """

    settings: DenoisingSettings
    condition: Mapping[str, str]
    known: Mapping[str, str]
    model: Model
    is_noise: bool = False
    place: Callable[[Latents], Latents] | None = None

    def steps(self) -> Generator[Progress, None, Trajectory]:
        """Denoises and decodes, a step at a time; each report holds the trajectory so far."""
        model, settings = self.model, self.settings
        assert isinstance(model, Diffusion)
        sample = settings.sample
        back = settings.steps if sample is not None and not self.is_noise else 0
        far = _Recorder(self, back + settings.steps + 1, back)
        noise = model.noise(1, settings.seed) if sample is None else sample.vector()[None]
        if back:
            for step in model.renoising(noise, settings.steps, self.known):
                noise = step.latents
                yield far.add(step, f"finding the noise, step {step.step} of {step.steps}")
        # With nothing asked for there is nothing to guide towards.
        guidance = settings.guidance if self.condition else 1.0
        for step in model.denoising(noise, settings.steps, guidance, self.condition):
            if not (back and step.step == 0):
                yield far.add(step, f"step {step.step} of {step.steps}")
        whole = far.trajectory
        if back and self.condition == self.known:
            given = model.decode(self.settings.sample.vector()[None])[0]  # type: ignore[union-attr]
            gap = np.square(whole.pictures[-1] - given, dtype=np.float64)
            return dataclasses.replace(whole, error=float(np.mean(gap)))
        return whole


class _Recorder:
    """Writes steps into a trajectory, one after another."""

    def __init__(self, run: Run, count: int, back: int) -> None:
        card = run.model.card
        shape = (count, card.image.height, card.image.width, card.image.channels)
        flat = (count, card.latent_dim)
        self._run = run
        self.trajectory = Trajectory(
            run.settings,
            back,
            np.zeros(count, np.float32),
            np.zeros(flat, np.float32),
            np.zeros(flat, np.float32),
            np.zeros(shape, np.float32),
            np.zeros(shape, np.float32),
            None,
            0,
        )

    def add(self, step: DenoisingStep, text: str) -> Progress:
        """Decodes and places a step."""
        far = self.trajectory
        at = far.done
        far.times[at] = step.time
        far.latents[at], far.expected[at] = step.latents[0], step.expected[0]
        both = np.concatenate([step.expected[:1], step.latents[:1]])
        far.pictures[at], far.noisy[at] = self._run.model.decode(both)
        places = far.places
        if self._run.place is not None:
            here = self._run.place(step.latents[:1])
            if places is None:
                places = np.zeros((len(far), here.shape[1]), np.float32)
            places[at] = here[0]
        self.trajectory = dataclasses.replace(far, done=at + 1, places=places)
        return Progress((at + 1) / len(far), text, self.trajectory)
