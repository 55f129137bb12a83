"""Unconditional diffusion with a UNet2DModel, in pixels or in an autoencoder's latents.

Ho et al., "Denoising diffusion probabilistic models" (2020), for what the network was trained to
do, and Song et al., "Denoising diffusion implicit models" (2021), for how it is used: without
added noise, so that the same noise always gives the same image.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, DenoisingStep, Images, ModelCard, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.arguments import check_latents
from latentviewer.engine.adapters.torch_model import TorchModel, pictures
from latentviewer.engine.importing.diffusers_folder.models import DiffusersAutoencoder

CAPABILITIES = frozenset(
    {Capability.ENCODE, Capability.DECODE, Capability.SAMPLE, Capability.DENOISE}
)
SCHEDULERS = frozenset(
    f"{name}Scheduler"
    for name in (
        "DDPM", "DDPMParallel", "DDIM", "DDIMParallel", "DDIMInverse", "PNDM", "LMSDiscrete",
        "EulerDiscrete", "EulerAncestralDiscrete", "HeunDiscrete", "KDPM2Discrete",
        "KDPM2AncestralDiscrete", "DPMSolverMultistep", "DPMSolverSinglestep", "DPMSolverSDE",
        "DEISMultistep", "UniPCMultistep",
    )
)  # fmt: skip
"""Ways of sampling for networks that are trained alike, on a signal and a noise whose squares
sum to one."""
PREDICTIONS = ("epsilon", "sample", "v_prediction")
_CLIPS_UNASKED = (
    "DDPMScheduler",
    "DDPMParallelScheduler",
    "DDIMScheduler",
    "DDIMParallelScheduler",
)
_SAMPLING_STEPS = 50
_FIXED_POINT = 4  # evaluations per step of the inversion
_PLACES_AT_ONCE = 1 << 18  # so that memory does not grow with the size of the images
_LONGEST_SCHEDULE = 100_000
_SIGNAL_SETTINGS = (
    "num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas",
    "rescale_betas_zero_snr",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Schedule:
    """How much noise there is when, and what the network says of it.

    Attributes:
        signals: (steps + 1,) float32, the share of the data before any step and after each.
        prediction: one of `PREDICTIONS`.
        clip: the largest value that data are expected to have, or None.
    """

    signals: Tensor
    prediction: str
    clip: float | None

    @property
    def steps(self) -> int:
        """In how many steps it was trained to add noise."""
        return len(self.signals) - 1

    def at(self, time: float) -> int:
        """The step of a time in 0..1; 0 for data alone."""
        step = round(time * self.steps)
        return max(step, 1) if time > 0 else 0

    def shares(self, step: int) -> tuple[Tensor, Tensor]:
        """How much signal and how much noise there is after a step."""
        signal = self.signals[step]
        return signal, (1 - signal.square()).clamp(min=0).sqrt()


def schedule_of(config: Mapping[str, Any]) -> Schedule:
    """From a scheduler_config.json; what it leaves out is as DDPM has it.

    Raises:
        ValueError: the settings make no sense; the text says which.
    """
    from diffusers import DDPMScheduler

    prediction = config.get("prediction_type", "epsilon")
    if prediction not in PREDICTIONS:
        raise ValueError(f"“prediction_type” must be {' or '.join(PREDICTIONS)}")
    steps = config.get("num_train_timesteps", 1000)
    if type(steps) is not int or not 1 <= steps <= _LONGEST_SCHEDULE:
        raise ValueError(f"“num_train_timesteps” must be 1 to {_LONGEST_SCHEDULE:,}")
    settings = {name: config[name] for name in _SIGNAL_SETTINGS if config.get(name) is not None}
    try:
        scheduler: Any = DDPMScheduler
        kept: Tensor = scheduler(**settings).alphas_cumprod.float()
    except (TypeError, ValueError, NotImplementedError, RuntimeError) as error:
        raise ValueError(f"its betas make no sense ({error})") from error
    falling = bool((kept[1:] <= kept[:-1]).all()) and 0 <= float(kept[-1]) <= float(kept[0]) <= 1
    if not falling or (float(kept[-1]) == 0 and prediction == "epsilon"):
        raise ValueError("its betas leave no signal, or more than there was")
    clips = config.get("clip_sample", config.get("_class_name", "DDPMScheduler") in _CLIPS_UNASKED)
    largest = config.get("clip_sample_range", 1.0)
    if type(largest) not in (int, float) or not largest > 0:
        raise ValueError("“clip_sample_range” must be above 0")
    signals = torch.cat([torch.ones(1), kept.sqrt()])
    return Schedule(signals, str(prediction), float(largest) if clips is True else None)


class DiffusersDenoiser(TorchModel):
    """A UNet2DModel behind the ports `Model` and `Diffusion`.

    A latent is an image's values from -1 to 1, or an autoencoder's latent, laid out flat with
    channels first; noise is a latent too.

    Args:
        net: with its weights.
        spatial: channels, rows and columns of what it denoises.
        autoencoder: of the latents; None where they are pixels.
    """

    def __init__(
        self,
        net: Any,
        card: ModelCard,
        spatial: tuple[int, int, int],
        schedule: Schedule,
        autoencoder: DiffusersAutoencoder | None,
        device: str = "cpu",
    ) -> None:
        super().__init__(net, card, device)
        self._spatial_shape, self._schedule, self._autoencoder = spatial, schedule, autoencoder
        self._at_once = max(1, _PLACES_AT_ONCE // (spatial[1] * spatial[2]))

    @property
    def conditions(self) -> Mapping[str, tuple[str, ...]]:
        """Nothing can be asked for."""
        return {}

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, c) float32 in 0..1 to latents (b, d), without a spread.

        Raises:
            UserError: the images have another shape, or are not floating point.
        """
        if self._autoencoder is not None:
            return Posterior(self._autoencoder.encode(images).mean)
        return Posterior(self._of_images(images, lambda x: ((2 * x - 1).flatten(1),))[0])

    def decode(self, latents: Latents) -> Images:
        """(b, d) float32 to images, (b, h, w, c) float32 in 0..1.

        Raises:
            UserError: the latents have another number of dimensions.
        """
        if self._autoencoder is not None:
            return self._autoencoder.decode(latents)
        return self._of_latents(
            latents,
            lambda z: (pictures((z.view(-1, *self._spatial_shape) / 2 + 0.5).clamp(0, 1)),),
        )[0]

    def noise(self, count: int, seed: int) -> Latents:
        """(count, d) standard normal noise to start from; same seed, same noise."""
        return self._normal(count, seed)

    def sample(self, count: int, seed: int) -> Latents:
        """(count, d) latents of samples, in 50 steps."""
        *_, last = self.denoising(self.noise(count, seed), _SAMPLING_STEPS, 1.0, {})
        return last.latents

    def denoising(
        self,
        noise: Latents,
        steps: int,
        guidance: float,
        condition: Mapping[str, str],
        *,
        data: Latents | None = None,
        since: float = 1.0,
    ) -> Iterator[DenoisingStep]:
        """From noise (b, d) to data, yielding where it begins and then each of `steps`.

        Song et al., equation 12 with sigma 0.

        Args:
            guidance: of no account, as nothing is asked for.
            data: (b, d) that are noised as far as `since` and denoised again (Meng et al.,
                "SDEdit", 2022); needed where that is not 1.
            since: the time to begin at, above 0; 1 begins with the noise alone.

        Raises:
            UserError: something is asked for, or latents of another size.
            ValueError: `since` is outside its range, or below 1 without `data`.
        """
        if not 0.0 < since <= 1.0 or (since < 1.0 and data is None):
            raise ValueError(f"denoising cannot begin at time {since} with these data")
        self._check(steps, condition)
        schedule = self._schedule
        latents, begun, expected = self._places(noise), noise, np.zeros_like(noise)
        if data is not None and since < 1.0:
            signal, amount = schedule.shares(schedule.at(since))
            latents = signal * self._places(data) + amount * latents
            begun, expected = _flat(latents), data
        yield DenoisingStep(0, steps, since, begun, expected)
        times = np.linspace(since, 0.0, steps + 1)
        for index, (now, then) in enumerate(pairwise(times)):
            with torch.inference_mode():
                clean, grain = self._taken_apart(latents, schedule.at(now), schedule.clip)
                signal, amount = schedule.shares(schedule.at(then))
                latents = signal * clean + amount * grain
            yield DenoisingStep(index + 1, steps, float(then), _flat(latents), _flat(clean))

    def renoising(
        self, latents: Latents, steps: int, condition: Mapping[str, str]
    ) -> Iterator[DenoisingStep]:
        """From data (b, d) back to the noise that `denoising` makes them from.

        Each step is solved for the noisier latent whose step leads to the present one, by
        fixed-point iteration (Pan et al., "Effective real image editing with accelerated
        iterative diffusion inversion", 2023), as if nothing was clipped.

        Raises:
            UserError: something is asked for, or latents of another size.
        """
        self._check(steps, condition)
        schedule = self._schedule
        present = self._places(latents)
        yield DenoisingStep(0, steps, 0.0, latents, latents)
        times = np.linspace(0.0, 1.0, steps + 1)
        for index, (now, then) in enumerate(pairwise(times)):
            with torch.inference_mode():
                signal_now, noise_now = schedule.shares(schedule.at(now))
                signal_then, noise_then = schedule.shares(schedule.at(then))
                noisier, data = present, present
                for _ in range(_FIXED_POINT):
                    _, grain = self._taken_apart(noisier, schedule.at(then), None)
                    data = (present - noise_now * grain) / signal_now
                    noisier = signal_then * data + noise_then * grain
                present = noisier
            yield DenoisingStep(index + 1, steps, float(then), _flat(present), _flat(data))

    def _taken_apart(self, latents: Tensor, step: int, clip: float | None) -> tuple[Tensor, Tensor]:
        """The data and the noise that the network takes the latents to be made of."""
        signal, amount = (share.to(self._device) for share in self._schedule.shares(step))
        # Networks that learned the variance as well give it in further channels.
        parts = torch.split(latents, self._at_once) if len(latents) else ()
        made = (self._net(part, step - 1).sample[:, : latents.shape[1]] for part in parts)
        given = torch.cat([latents[:0], *made])
        match self._schedule.prediction:
            case "epsilon":
                clean, grain = (latents - amount * given) / signal, given
            case "sample":
                clean, grain = given, (latents - signal * given) / amount
            case _:  # Salimans and Ho, "Progressive distillation" (2022), appendix D
                clean = signal * latents - amount * given
                grain = signal * given + amount * latents
        return clean if clip is None else clean.clamp(-clip, clip), grain

    def _places(self, latents: Latents) -> Tensor:
        check_latents(self._card.name, self._card.latent_dim, latents)
        owned = torch.from_numpy(np.array(latents, np.float32))
        return owned.to(self._device).view(-1, *self._spatial_shape)

    def _check(self, steps: int, condition: Mapping[str, str]) -> None:
        if not 1 <= steps <= 1000:
            raise UserError(f"{steps} steps cannot be taken; ask for 1 to 1,000.")
        if condition:
            raise UserError(
                f"{self._card.name} cannot be asked for “{next(iter(condition))}”; it knows no "
                "conditions."
            )


def _flat(latents: Tensor) -> NDArray[np.float32]:
    flat: NDArray[np.float32] = latents.flatten(1).cpu().numpy().copy()
    return flat
