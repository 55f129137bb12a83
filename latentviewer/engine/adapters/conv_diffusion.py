"""Latent diffusion: noise becomes a latent step by step, and the latent an image at once."""

import math
from collections.abc import Iterator, Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, DenoisingStep, Images, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.torch_model import TorchModel, pictures
from latentviewer.engine.networks.diffusion import DiffusionConfig, signal_and_noise

FAMILY = "conv-diffusion"
CAPABILITIES = frozenset(
    {Capability.ENCODE, Capability.DECODE, Capability.SAMPLE, Capability.DENOISE}
)
_SAMPLING_STEPS = 20
_FIXED_POINT = 4  # evaluations per step of the inversion


class ConvDiffusion(TorchModel):
    """A trained latent diffusion model behind the ports `Model` and `Diffusion`.

    A latent is the autoencoder's spatial one, laid out flat; noise is a latent too.
    """

    @property
    def conditions(self) -> Mapping[str, tuple[str, ...]]:
        """What can be asked for, with the possible classes."""
        config: DiffusionConfig = self._net.config
        return {condition.name: condition.classes for condition in config.conditions}

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, c) float32 in 0..1 to latents (b, d), without a spread.

        Raises:
            UserError: the images have another shape, or are not floating point.
        """
        return Posterior(self._of_images(images, lambda x: (self._net.encode(x).flatten(1),))[0])

    def decode(self, latents: Latents) -> Images:
        """(b, d) float32 to images, (b, h, w, c) float32 in 0..1.

        Raises:
            UserError: the latents have another number of dimensions.
        """
        spatial = self._net.config.spatial
        return self._of_latents(
            latents, lambda z: (pictures(self._net.decode(z.view(-1, *spatial))),)
        )[0]

    def noise(self, count: int, seed: int) -> Latents:
        """(count, d) standard normal noise to start from; same seed, same noise."""
        return self._normal(count, seed)

    def sample(self, count: int, seed: int) -> Latents:
        """(count, d) latents of samples with nothing asked for, in 20 steps."""
        *_, last = self.denoising(self.noise(count, seed), _SAMPLING_STEPS, 1.0, {})
        return last.latents

    def condition_of(self, values: Mapping[str, str | float]) -> Mapping[str, str]:
        """A sample's values by column to the class of each condition that they settle."""
        known: dict[str, str] = {}
        config: DiffusionConfig = self._net.config
        for condition in config.conditions:
            value = values.get(condition.column)
            if condition.threshold is not None and isinstance(value, float):
                if not math.isnan(value):
                    known[condition.name] = condition.classes[value >= condition.threshold]
            elif value in condition.classes:
                known[condition.name] = str(value)
        return known

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

        DDIM without added noise (Song et al., "Denoising diffusion implicit models", 2021,
        equation 12 with sigma 0), so that the same noise always gives the same image.

        Args:
            guidance: 1 follows the condition as it was learned, more overdoes it, 0 ignores it.
            condition: names of conditions with the class that is asked for.
            data: (b, d) that are noised as far as `since` and denoised again (Meng et al.,
                "SDEdit", 2022); needed where that is not 1.
            since: the time to begin at, above 0; 1 begins with the noise alone.

        Raises:
            UserError: no such condition or class, or latents of another size.
            ValueError: `since` is outside its range, or below 1 without `data`.
        """
        if not 0.0 < since <= 1.0 or (since < 1.0 and data is None):
            raise ValueError(f"denoising cannot begin at time {since} with these data")
        self._check_steps(steps)
        classes = self._classes(condition, len(noise))
        latents, begun = self._spatial(noise), noise
        expected = np.zeros_like(noise)
        if data is not None and since < 1.0:
            signal, amount = signal_and_noise(torch.tensor(since))
            latents = signal * self._spatial(data) + amount * latents
            begun, expected = _flat(latents), data
        yield DenoisingStep(0, steps, since, begun, expected)
        times = torch.linspace(since, 0.0, steps + 1)
        for index in range(steps):
            now, then = times[index], times[index + 1]
            with torch.inference_mode():
                clean, grain = self._parts(latents, now, classes, guidance)
                signal, amount = signal_and_noise(then)
                latents = signal * clean + amount * grain
            yield DenoisingStep(index + 1, steps, float(then), _flat(latents), _flat(clean))

    def renoising(
        self, latents: Latents, steps: int, condition: Mapping[str, str]
    ) -> Iterator[DenoisingStep]:
        """From data (b, d) back to the noise that `denoising` makes them from.

        Each step is solved for the noisier latent whose step leads to the present one, by
        fixed-point iteration (Pan et al., "Effective real image editing with accelerated
        iterative diffusion inversion", 2023), with a guidance of 1.

        Raises:
            UserError: no such condition or class, or latents of another size.
        """
        self._check_steps(steps)
        classes = self._classes(condition, len(latents))
        present = self._spatial(latents)
        yield DenoisingStep(0, steps, 0.0, latents, latents)
        times = torch.linspace(0.0, 1.0, steps + 1)
        for index in range(steps):
            now, then = times[index], times[index + 1]
            with torch.inference_mode():
                signal_now, noise_now = signal_and_noise(now)
                signal_then, noise_then = signal_and_noise(then)
                noisier, data = present, present
                for _ in range(_FIXED_POINT):
                    _, grain = self._parts(noisier, then, classes, 1.0)
                    data = (present - noise_now * grain) / signal_now
                    noisier = signal_then * data + noise_then * grain
                present = noisier
            yield DenoisingStep(index + 1, steps, float(then), _flat(present), _flat(data))

    def _parts(
        self, latents: Tensor, time: Tensor, classes: Tensor, guidance: float
    ) -> tuple[Tensor, Tensor]:
        """The data and the noise that the denoiser takes the latents to be made of."""
        moment = time.expand(len(latents)).to(self._device)
        velocity = self._net.velocity(latents, moment, classes, guidance)
        signal, amount = signal_and_noise(time)
        return signal * latents - amount * velocity, amount * latents + signal * velocity

    def _classes(self, condition: Mapping[str, str], count: int) -> Tensor:
        classes: Tensor = self._net.nothing_asked(count).clone()
        known = list(self.conditions)
        for name, wanted in condition.items():
            if name not in known:
                raise UserError(
                    f"{self._card.name} cannot be asked for “{name}”; it knows "
                    f"{', '.join(known) or 'no conditions'}."
                )
            possible = self.conditions[name]
            if wanted not in possible:
                raise UserError(f"“{name}” is {' or '.join(possible)}, not “{wanted}”.")
            classes[:, known.index(name)] = possible.index(wanted)
        return classes.to(self._device)

    def _spatial(self, latents: Latents) -> Tensor:
        d = self._card.latent_dim
        if latents.ndim != 2 or latents.shape[1] != d:
            raise UserError(
                f"{self._card.name} takes latents of {d} dimensions, "
                f"not an array of shape {latents.shape}; give it (n, {d})."
            )
        owned = torch.from_numpy(np.array(latents, np.float32))
        return owned.to(self._device).view(-1, *self._net.config.spatial)

    def _check_steps(self, steps: int) -> None:
        if not 1 <= steps <= 1000:
            raise UserError(f"{steps} steps cannot be taken; ask for 1 to 1,000.")


def _flat(latents: Tensor) -> NDArray[np.float32]:
    flat: NDArray[np.float32] = latents.flatten(1).cpu().numpy().copy()
    return flat
