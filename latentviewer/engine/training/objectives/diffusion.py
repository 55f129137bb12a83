"""First the autoencoder, then the denoiser in its latents."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.engine.adapters.conv_diffusion import FAMILY
from latentviewer.engine.adapters.conv_vae import kl_nats, reconstruction_nats
from latentviewer.engine.answers import true_answers
from latentviewer.engine.networks.diffusion import DiffusionConfig, DiffusionNet, signal_and_noise
from latentviewer.engine.training.objective import Batch, all_parameters

_STATISTICS_DECAY = 0.98  # of the running mean and deviation of the encoder's means


@dataclass(frozen=True)
class DiffusionObjective:
    """The two stages of latent diffusion (Rombach et al., 2022), one after the other.

    Attributes:
        architecture: the network.
        autoencoder_share: fraction of all steps that train the autoencoder.
        beta: weight of its KL term; far below 1, since the denoiser is the prior.
    """

    architecture: DiffusionConfig
    autoencoder_share: float
    beta: float

    family = FAMILY
    unit = "per image"
    valid_figure = "valid_velocity_error"
    validates = False

    @property
    def image(self) -> ImageShape:
        """The shape of the images that it learns from."""
        return self.architecture.image

    @property
    def stages(self) -> tuple[float, ...]:
        """Fractions of the run at which a stage ends."""
        return (self.autoencoder_share, 1.0)

    def build(self) -> DiffusionNet:
        """A network with first weights."""
        return DiffusionNet(self.architecture)

    def targets(self, data: DataSet) -> Mapping[str, Tensor]:
        """The class of each condition, (n, conditions) int64.

        Raises:
            UserError: a condition's column is not there or has other classes.
        """
        answers = true_answers(self.architecture.conditions, data)
        columns = [torch.from_numpy(codes) for codes in answers.values()]
        if not columns:
            return {"classes": torch.zeros((len(data), 0), dtype=torch.int64)}
        return {"classes": torch.stack(columns, dim=1)}

    def parameter_groups(self, net: DiffusionNet, learning_rate: float) -> list[dict[str, Any]]:
        """All in one; in each stage only one half has gradients."""
        return all_parameters(net, learning_rate)

    def loss(self, net: DiffusionNet, batch: Batch) -> Tensor:
        """The autoencoder's bound per pixel value, or the denoiser's squared error."""
        if batch.done < self.autoencoder_share:
            return self._autoencoder(net, batch).mean()
        return self._denoiser(net, batch, dropping=True).mean()

    def validation(self, net: DiffusionNet, batch: Batch) -> Tensor:
        """The same of each image, with every condition told."""
        if batch.done < self.autoencoder_share:
            return self._autoencoder(net, batch)
        return self._denoiser(net, batch, dropping=False)

    def finish(self, net: DiffusionNet) -> None:
        """Nothing: the kept weights are the model."""

    def latents(self, net: DiffusionNet, images: Tensor) -> Tensor:
        """The spatial latents, laid out flat."""
        return net.encode(images).flatten(1)

    def _autoencoder(self, net: DiffusionNet, batch: Batch) -> Tensor:
        mean, log_variance = net.posterior(batch.images)
        self._follow_statistics(net, mean.detach())
        noise = batch.noise(*self.architecture.spatial)
        logits = net.decode_unscaled(mean + (0.5 * log_variance).exp() * noise)
        kl = kl_nats(mean, log_variance).flatten(1).sum(dim=1)
        nats = reconstruction_nats(batch.images, logits, self.architecture.pixel_std)
        return (nats + self.beta * kl) / batch.images[0].numel()

    def _follow_statistics(self, net: DiffusionNet, mean: Tensor) -> None:
        if not torch.is_grad_enabled():
            return  # measuring must not change what is measured
        with torch.no_grad():
            net.offset.lerp_(mean.mean(dim=(0, 2, 3))[:, None, None], 1 - _STATISTICS_DECAY)
            spread = mean.std(dim=(0, 2, 3))[:, None, None].clamp(min=1e-3)
            net.scale.lerp_(spread, 1 - _STATISTICS_DECAY)

    def _denoiser(self, net: DiffusionNet, batch: Batch, dropping: bool) -> Tensor:
        """The velocity's squared error, a mean over the latent's numbers."""
        with torch.no_grad():
            latents = net.encode(batch.images)
        count, device = len(latents), latents.device
        # One time in each of equal parts, which steadies the mean (Kingma et al., 2021).
        jitter = torch.rand(1, generator=batch.generator)
        time = ((torch.arange(count) + jitter) / count).to(device)
        noise = batch.noise(*self.architecture.spatial)
        classes = batch.targets["classes"]
        if dropping and classes.shape[1]:
            classes = self._dropped(net, classes, batch.generator)
        signal, amount = (part[:, None, None, None] for part in signal_and_noise(time))
        wanted = signal * noise - amount * latents
        velocity: Tensor = net.denoiser(signal * latents + amount * noise, time, classes)
        return (velocity - wanted).square().flatten(1).mean(dim=1)

    def _dropped(self, net: DiffusionNet, classes: Tensor, generator: torch.Generator) -> Tensor:
        """Some conditions not told, so that any part of them can be asked for later."""
        told = torch.rand((len(classes), 1), generator=generator) ** (1 / 3)  # three in four
        keep = torch.rand(classes.shape, generator=generator) < told
        return torch.where(
            keep.to(classes.device), classes, net.nothing_asked(len(classes)).to(classes.device)
        )
