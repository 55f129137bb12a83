"""The evidence lower bound of a VAE on a data set, in nats."""

import math
from collections.abc import Generator
from dataclasses import asdict, dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.health import active_units
from latentviewer.domain.ports import DataSet, Images, ModelCard, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.batches import unit_images


@runtime_checkable
class Vae(Protocol):
    """A VAE that says which likelihood its decoder stands for."""

    @property
    def card(self) -> ModelCard: ...

    @property
    def pixel_std(self) -> float | None:
        """Of a Gaussian likelihood; None for a Bernoulli one."""
        ...

    def encode(self, images: Images) -> Posterior: ...

    def decode_logits(self, latents: Latents) -> Images: ...


@dataclass(frozen=True)
class Nelbo:
    """Means over a data set, in nats per image.

    Attributes:
        nelbo: negative evidence lower bound, reconstruction + kl; smaller is better.
        reconstruction: expected -log p(x|z) under the posterior, by the model's likelihood.
        kl: from the posterior to the prior.
        active_units: latent dimensions whose posterior mean has a variance above 0.01 over
            the data (Burda et al., "Importance Weighted Autoencoders", 2016, section 5).
        images: how many.
        samples: posterior samples per image in the Monte Carlo estimate.
        seed: of those samples.
    """

    nelbo: float
    reconstruction: float
    kl: float
    active_units: int
    images: int
    samples: int
    seed: int


def measuring_bound(
    model: Vae, data: DataSet, *, samples: int = 1, seed: int = 0, batch: int = 250
) -> Generator[float, None, dict[str, Any]]:
    """Yields the fraction done after each batch; returns the fields of `Nelbo` by name.

    The negative ELBO is that of Kingma and Welling, "Auto-Encoding Variational Bayes" (2014),
    equation 3 with the closed form of the KL term from appendix B.

    Raises:
        UserError: the data set is empty or its images do not fit the model.
    """
    if len(data) == 0:
        raise UserError(f"{data.name} holds no samples, so nothing can be measured on it.")
    noise = np.random.default_rng(seed)
    reconstruction, kl = 0.0, 0.0
    means = []
    for rows, images in unit_images(data, batch):
        posterior = model.encode(images)
        assert posterior.std is not None
        means.append(posterior.mean)
        kl += float(kl_of(posterior).sum(dtype=np.float64))
        for _ in range(samples):
            epsilon = noise.standard_normal(posterior.mean.shape, np.float32)
            logits = model.decode_logits(posterior.mean + posterior.std * epsilon)
            nats = likelihood_nats(images, logits, model.pixel_std)
            reconstruction += float(nats.sum(dtype=np.float64)) / samples
        yield (int(rows[-1]) + 1) / len(data)
    reconstruction, kl = reconstruction / len(data), kl / len(data)
    figures = Nelbo(
        nelbo=reconstruction + kl,
        reconstruction=reconstruction,
        kl=kl,
        active_units=int(active_units(np.concatenate(means)).sum()),
        images=len(data),
        samples=samples,
        seed=seed,
    )
    return asdict(figures)


def kl_of(posterior: Posterior) -> NDArray[np.float32]:
    """KL of each posterior to the standard normal prior, (b,), in nats."""
    mean, std = posterior.mean, posterior.std
    assert std is not None
    kl: NDArray[np.float32] = (0.5 * (mean**2 + std**2 - 1.0) - np.log(std)).sum(axis=1)
    return kl


def likelihood_nats(images: Images, logits: Images, pixel_std: float | None) -> NDArray[np.float32]:
    """-log p(x|z) of each image, (b,), in nats.

    Args:
        images: (b, h, w, c) in 0..1.
        logits: of the likelihood's mean, the same shape.
        pixel_std: of a Gaussian density; None for Bernoulli with values as probabilities.
    """
    if pixel_std is None:
        per_value = np.logaddexp(0.0, logits) - images * logits
    else:
        scaled = (images - 1.0 / (1.0 + np.exp(-logits))) / pixel_std
        per_value = 0.5 * scaled**2 + math.log(pixel_std * math.sqrt(2 * math.pi))
    nats: NDArray[np.float32] = per_value.sum(axis=(1, 2, 3))
    return nats
