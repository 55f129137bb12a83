"""A data set to latents, in batches, with how well each sample is encoded."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from latentviewer import __version__
from latentviewer.domain.errors import UserError
from latentviewer.domain.first_samples import FIRST, FirstSamples
from latentviewer.domain.health import reconstruction_error
from latentviewer.domain.ports import Capability, DataSet, Layered, Model, ModelCard
from latentviewer.domain.space import Latents, Provenance, Space
from latentviewer.domain.table import Column, Numbers
from latentviewer.engine.batches import unit_images
from latentviewer.engine.measuring.bound import kl_of


@dataclass(frozen=True)
class EncodingProgress:
    """How far an encoding has come: samples done, of how many."""

    done: int
    total: int

    @property
    def fraction(self) -> float:
        """0..1."""
        return self.done / self.total if self.total else 1.0

    @property
    def text(self) -> str:
        """One short sentence."""
        return f"Encoded {self.done:,} of {self.total:,} samples"


@dataclass(frozen=True, eq=False)
class Encoding:
    """The latents of a data set, row i of sample i.

    Attributes:
        mean: (n, d) float32.
        std: (n, d) float32 posterior standard deviations, or None.
        recon_error: (n,) float64, mean squared error per pixel (values in 0..1) between a
            sample and the decoded mean; None where the model does not decode.
        kl: (n,) float64, from the posterior to the standard normal prior in nats; None
            where there is no posterior.
    """

    mean: Latents
    std: Latents | None
    recon_error: NDArray[np.float64] | None
    kl: NDArray[np.float64] | None


def encode_data(
    model: Model, data: DataSet, batch: int = 250, layer: str | None = None
) -> Generator[EncodingProgress, None, Encoding]:
    """Yields after each batch; memory grows by the latents alone.

    Args:
        layer: of a classifier, whose features are taken as latents instead of the last ones.

    Raises:
        UserError: the model does not encode or has no such layer, or the images do not fit it.
    """
    card = model.card
    if layer is not None:
        return (yield from _features(model, data, batch, layer))
    if Capability.ENCODE not in card.capabilities:
        raise UserError(f"{card.name} has no encoder; choose a model that encodes.")
    if data.image != card.image:
        raise UserError(
            f"{data.name} has images of {_size(data)}, and {card.name} encodes "
            f"{card.image.height} x {card.image.width} x {card.image.channels}; "
            "choose a data set that fits."
        )
    n, d = len(data), card.latent_dim
    decodes = Capability.DECODE in card.capabilities
    has_posterior = Capability.POSTERIOR in card.capabilities
    mean = np.empty((n, d), np.float32)
    std = np.empty((n, d), np.float32) if has_posterior else None
    recon_error = np.empty(n, np.float64) if decodes else None
    kl = np.empty(n, np.float64) if has_posterior else None
    for rows, images in unit_images(data, batch):
        part = slice(int(rows[0]), int(rows[-1]) + 1)
        posterior = model.encode(images)
        mean[part] = posterior.mean
        if std is not None and kl is not None and posterior.std is not None:
            std[part] = posterior.std
            kl[part] = kl_of(posterior)
        if recon_error is not None:
            recon_error[part] = reconstruction_error(images, model.decode(posterior.mean))
        yield EncodingProgress(part.stop, n)
    return Encoding(mean, std, recon_error, kl)


def _features(
    model: Model, data: DataSet, batch: int, layer: str
) -> Generator[EncodingProgress, None, Encoding]:
    if not isinstance(model, Layered):
        raise UserError(f"{model.card.name} has no layers to choose from; leave the layer out.")
    if len(data) == 0:
        raise UserError(f"{data.name} holds no samples, so there is nothing to encode.")
    parts = []
    for rows, images in unit_images(data, batch):
        parts.append(model.features(images, layer))
        yield EncodingProgress(int(rows[-1]) + 1, len(data))
    return Encoding(np.concatenate(parts), None, None, None)


def space_of(
    encoding: Encoding, card: ModelCard, data: DataSet, model: str, layer: str | None = None
) -> Space:
    """The encoded data set as a space, with its table, errors and provenance.

    Args:
        model: a bundled model's name, or the path of its folder.
        layer: of a classifier, where the latents are not its last layer's.
    """
    columns: dict[str, Column] = dict(data.columns)
    if encoding.recon_error is not None:
        columns["recon_error"] = Numbers(encoding.recon_error)
    if encoding.kl is not None:
        columns["kl"] = Numbers(encoding.kl)
    extra: dict[str, Any] = {
        "recon_error": "mean squared error per pixel of the decoded mean, values in 0..1",
        "kl": "to the standard normal prior, nats",
        "versions": {"latentviewer": __version__, "torch": str(torch.__version__)},
    }
    if layer is not None:
        extra["layer"] = layer
    if isinstance(data, FirstSamples):
        extra[FIRST] = len(data)
    where = f"{layer} of {card.name}" if layer is not None else card.name
    return Space(
        name=f"{Path(data.name).name} by {where}",
        latent=encoding.mean,
        latent_std=encoding.std,
        columns=columns,
        provenance=Provenance(model, card.weights_hash, data.name, extra),
    )


def _size(data: DataSet) -> str:
    return f"{data.image.height} x {data.image.width} x {data.image.channels}"
