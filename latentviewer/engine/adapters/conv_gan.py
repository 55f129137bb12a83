"""A generative adversarial network: prior samples are its space, and it has no encoder.

Goodfellow et al., "Generative adversarial nets" (2014). A real image is put into the space by
optimisation: the latent whose picture comes nearest is searched for.
"""

from collections.abc import Generator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from latentviewer.domain.ports import Capability, Images, Inversion
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.arguments import check_images
from latentviewer.engine.adapters.torch_model import TorchModel, pictures

FAMILY = "conv-gan"
CAPABILITIES = frozenset(
    {Capability.DECODE, Capability.SAMPLE, Capability.DISCRIMINATE, Capability.INVERT}
)
_DRAWN = 512  # prior samples that each image is compared with to find where to start
_RATE = 0.05  # of Adam, in units of the prior's standard deviation
_PRIOR_PULL = 1e-4  # squared error per value that a squared length of one per dimension costs


class ConvGan(TorchModel):
    """A trained GAN behind the ports `Model`, `Discriminator` and `Invertible`."""

    def decode(self, latents: Latents) -> Images:
        """(b, d) float32 to images, (b, h, w, c) float32 in 0..1.

        Raises:
            UserError: the latents have another number of dimensions.
        """
        return self._of_latents(latents, lambda z: (pictures(self._net.generate(z)),))[0]

    def sample(self, count: int, seed: int) -> Latents:
        """(count, d) latents from the standard normal prior; same seed, same latents."""
        return self._normal(count, seed)

    def score(self, images: Images) -> NDArray[np.float32]:
        """(b, h, w, c) float32 in 0..1 to the discriminator's log odds of being real, (b,).

        Raises:
            UserError: the images have another shape, or are not floating point.
        """
        return self._of_images(images, lambda x: (self._net.discriminator(x),))[0]

    def inverting(self, images: Images, steps: int, seed: int) -> Generator[Inversion, None, None]:
        """Searches for the latents whose pictures come nearest to (b, h, w, c) float32 in 0..1.

        Adam on the latent (Kingma and Ba, 2015) from the best of some prior samples and the
        discriminator's guess, with a pull to the prior's mean (Zhu et al., "Generative visual
        manipulation", 2016). The best latent so far is yielded after each step; there are
        `steps`, and one before them.

        Raises:
            UserError: the images have another shape, or are not floating point.
        """
        check_images(self._card, images)
        wanted = torch.from_numpy(np.ascontiguousarray(images, np.float32))
        wanted = wanted.to(self._device).permute(0, 3, 1, 2)
        latents = self._starts(wanted, seed).requires_grad_(True)
        optimizer = torch.optim.Adam([latents], _RATE)
        best = latents.detach().clone()
        least = torch.full((len(images),), torch.inf, device=self._device)
        for step in range(steps + 1):
            with torch.enable_grad():
                error = (self._net.generate(latents) - wanted).square().flatten(1).mean(dim=1)
                loss = (error + _PRIOR_PULL * latents.square().mean(dim=1)).sum()
            better = error.detach() < least
            least = torch.where(better, error.detach(), least)
            best = torch.where(better[:, None], latents.detach(), best)
            yield Inversion(step, steps, best.cpu().numpy().copy(), least.cpu().numpy().copy())
            if step < steps:
                optimizer.param_groups[0]["lr"] = _RATE * (1.0 - step / steps)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    def _starts(self, wanted: Tensor, seed: int) -> Tensor:
        """For each image the prior sample or the guess whose picture is nearest, (b, d)."""
        drawn = torch.from_numpy(self.sample(_DRAWN, seed)).to(self._device)
        with torch.no_grad():
            made = torch.cat(
                [self._net.generate(part).flatten(1) for part in torch.split(drawn, 64)]
            )
            away, nearest = torch.cdist(wanted.flatten(1), made).min(dim=1)
            _score, guess, _spread = self._net.discriminator.judge(wanted)
            guess_away = (self._net.generate(guess) - wanted).flatten(1).norm(dim=1)
        return torch.where((guess_away < away)[:, None], guess, drawn[nearest])
