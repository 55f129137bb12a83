"""How well a VAE does on a data set, in nats."""

from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet, Images, ModelCard, Posterior
from latentviewer.domain.space import Latents

_ACTIVE_VARIANCE = 0.01


class BernoulliVae(Protocol):
    """A VAE whose decoder gives the logits of a Bernoulli likelihood."""

    @property
    def card(self) -> ModelCard: ...

    def encode(self, images: Images) -> Posterior: ...

    def decode_logits(self, latents: Latents) -> Images: ...


@dataclass(frozen=True)
class Nelbo:
    """Means over a data set, in nats per image.

    Attributes:
        nelbo: negative evidence lower bound, reconstruction + kl; smaller is better.
        reconstruction: expected -log p(x|z) under the posterior, Bernoulli on grey values.
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


def evaluate_nelbo(
    model: BernoulliVae, data: DataSet, *, samples: int = 1, seed: int = 0, batch: int = 250
) -> dict[str, Any]:
    """`Nelbo` of a model on a data set as a JSON object; see `evaluating_nelbo`."""
    steps = evaluating_nelbo(model, data, samples=samples, seed=seed, batch=batch)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: Nelbo = stop.value
            return asdict(result)


def evaluating_nelbo(
    model: BernoulliVae, data: DataSet, *, samples: int = 1, seed: int = 0, batch: int = 250
) -> Generator[float, None, Nelbo]:
    """Yields the fraction done after each batch; returns the figures.

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
            nats = bernoulli_nats(images, logits)
            reconstruction += float(nats.sum(dtype=np.float64)) / samples
        yield (int(rows[-1]) + 1) / len(data)
    variance = np.concatenate(means).var(axis=0, dtype=np.float64)
    reconstruction, kl = reconstruction / len(data), kl / len(data)
    return Nelbo(
        nelbo=reconstruction + kl,
        reconstruction=reconstruction,
        kl=kl,
        active_units=int((variance > _ACTIVE_VARIANCE).sum()),
        images=len(data),
        samples=samples,
        seed=seed,
    )


def kl_of(posterior: Posterior) -> NDArray[np.float32]:
    """KL of each posterior to the standard normal prior, (b,), in nats."""
    mean, std = posterior.mean, posterior.std
    assert std is not None
    kl: NDArray[np.float32] = (0.5 * (mean**2 + std**2 - 1.0) - np.log(std)).sum(axis=1)
    return kl


def bernoulli_nats(images: Images, logits: Images) -> NDArray[np.float32]:
    """-log p(x|z) of each image, (b,), in nats; images in 0..1 are probabilities."""
    nats: NDArray[np.float32] = (np.logaddexp(0.0, logits) - images * logits).sum(axis=(1, 2, 3))
    return nats


def unit_images(data: DataSet, batch: int) -> Iterator[tuple[NDArray[np.int64], Images]]:
    """Consecutive batches: rows, and images as (b, h, w, c) float32 in 0..1.

    Only one batch is in memory at a time.
    """
    for start in range(0, len(data), batch):
        rows = np.arange(start, min(start + batch, len(data)), dtype=np.int64)
        yield rows, to_unit(data.images(rows))


def to_unit(images: NDArray[np.uint8]) -> Images:
    """uint8 in 0..255 to float32 in 0..1."""
    return images.astype(np.float32) / np.float32(255.0)
