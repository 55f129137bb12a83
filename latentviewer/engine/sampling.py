"""Spaces of a model's own making: samples of its prior, and latents found for real images."""

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from latentviewer import __version__
from latentviewer.domain.errors import UserError
from latentviewer.domain.first_samples import FIRST, FirstSamples
from latentviewer.domain.ports import (
    Capability,
    DataSet,
    Diffusion,
    Discriminator,
    Images,
    Invertible,
    Model,
)
from latentviewer.domain.space import HOLDS_NOISE, Provenance, Space
from latentviewer.domain.table import Categories, Column, Numbers
from latentviewer.engine.adapters.conv_classifier import ConvClassifier
from latentviewer.engine.batches import unit_images

TOLD = ", told"
"""At the end of a column's name: a classifier's answers, not the truth."""


@dataclass(frozen=True)
class Asked:
    """Which samples are wanted.

    Attributes:
        count: how many.
        seed: of the prior's random numbers.
        truncation: the prior's standard deviation is multiplied by it: below 1 samples are
            more alike and more typical (Brock et al., "BigGAN", 2019, and Karras et al.,
            "StyleGAN", 2019, appendix B, for a prior whose mean is zero).
        steps: of denoising, for a diffusion model.
        guidance: of a diffusion model, towards `condition`; 1 follows it as it was learned.
        condition: what a diffusion model is asked for, class by name.
        noise: whether a diffusion model's noise itself is wanted, not what it becomes.
    """

    count: int
    seed: int = 0
    truncation: float = 1.0
    steps: int = 20
    guidance: float = 1.0
    condition: Mapping[str, str] = field(default_factory=dict)
    noise: bool = False

    def __post_init__(self) -> None:
        if not 1 <= self.count <= 10_000_000:
            raise UserError(f"{self.count} samples cannot be drawn; ask for 1 to 10,000,000.")
        if not 0.0 <= self.truncation <= 2.0:
            raise UserError(f"A truncation of {self.truncation:g} makes no sense; give 0 to 2.")
        if not 0.0 <= self.guidance <= 20.0:
            raise UserError(f"A guidance of {self.guidance:g} makes no sense; give 0 to 20.")


@dataclass(frozen=True)
class SamplingProgress:
    """How far it has come: samples done, of how many."""

    done: float
    total: int
    text: str

    @property
    def fraction(self) -> float:
        """0..1."""
        return self.done / self.total


def sampling(
    model: Model, asked: Asked, named: str, batch: int = 64, judge: ConvClassifier | None = None
) -> Generator[SamplingProgress, None, Space]:
    """Draws samples into a space; its columns say what is known of each.

    Args:
        named: the model as the space will name it: a bundled name, or a path.
        judge: a classifier, whose likeliest answer of each question is told of each sample's
            picture, in a column named after it with `TOLD`; None where there is none.

    Raises:
        UserError: the model has no prior, or cannot be asked for that.
    """
    card = model.card
    if Capability.SAMPLE not in card.capabilities:
        raise UserError(
            f"{card.name} has no prior to sample from; choose a VAE, a GAN or a diffusion model."
        )
    if asked.condition and not isinstance(model, Diffusion):
        raise UserError(f"{card.name} cannot be asked for anything; only diffusion models can.")
    if asked.noise and not isinstance(model, Diffusion):
        raise UserError(f"{card.name} makes nothing of noise; only diffusion models do.")
    if asked.noise and asked.condition:
        raise UserError("Noise is not asked for anything; leave the condition out.")
    latents = np.empty((asked.count, card.latent_dim), np.float32)
    scores = np.empty(asked.count, np.float64) if isinstance(model, Discriminator) else None
    start = model.noise if isinstance(model, Diffusion) else model.sample
    drawn = start(asked.count, asked.seed) * np.float32(asked.truncation)
    told = None if judge is None or asked.noise else _Told(judge, asked.count)
    for first in range(0, asked.count, batch):
        part = slice(first, min(first + batch, asked.count))
        if isinstance(model, Diffusion) and not asked.noise:
            for step in model.denoising(drawn[part], asked.steps, asked.guidance, asked.condition):
                latents[part] = step.latents
                done = first + (part.stop - first) * step.step / step.steps
                yield _drawn(done, asked.count)
        else:
            latents[part] = drawn[part]
        if told is not None or scores is not None:
            images = model.decode(latents[part])
            if scores is not None and isinstance(model, Discriminator):
                scores[part] = model.score(images)
            if told is not None:
                told.note(part, images)
        yield _drawn(part.stop, asked.count)
    columns: dict[str, Column] = {}
    for name, wanted in asked.condition.items():
        columns[name] = Categories(np.zeros(asked.count, np.int32), (wanted,))
    if told is not None:
        columns |= told.columns
    if scores is not None:
        columns["score"] = Numbers(scores)
    extra: dict[str, Any] = {
        "sampled": {
            "seed": asked.seed,
            "truncation": asked.truncation,
            "steps": asked.steps if isinstance(model, Diffusion) else None,
            "guidance": asked.guidance if isinstance(model, Diffusion) else None,
            "condition": dict(asked.condition),
        },
        "score": "the discriminator's log odds of being real",
        "versions": _versions(),
    }
    if told is not None:
        extra["told_by"] = told.by
    if asked.noise:
        extra[HOLDS_NOISE] = True
    what = "noises" if asked.noise else "samples"
    name = f"{asked.count:,} {what} of {card.name}"
    return Space(
        name, latents, columns=columns, provenance=Provenance(named, card.weights_hash, None, extra)
    )


class _Told:
    """A classifier's likeliest answers, sample by sample; `by` is its name."""

    def __init__(self, judge: ConvClassifier, count: int) -> None:
        self._judge = judge
        self.by = judge.card.name
        self._codes = {question: np.empty(count, np.int32) for question in judge.classes}

    def note(self, part: slice, images: Images) -> None:
        """Asks about the pictures (b, h, w, c) of some samples."""
        for question, shares in self._judge.probabilities(images).items():
            self._codes[question][part] = shares.argmax(axis=1)

    @property
    def columns(self) -> dict[str, Column]:
        """One for each question."""
        classes = self._judge.classes
        return {
            question + TOLD: Categories(codes, classes[question])
            for question, codes in self._codes.items()
        }


def inverting_data(
    model: Model, data: DataSet, named: str, *, steps: int = 200, seed: int = 0, batch: int = 32
) -> Generator[SamplingProgress, None, Space]:
    """Searches a latent for each sample of a data set, so that it has a place on the map.

    Args:
        named: the model as the space will name it.
        steps: of the search; see `Invertible.inverting`.

    Raises:
        UserError: the model has an encoder or no way to search, or the images do not fit.
    """
    card = model.card
    if not isinstance(model, Invertible):
        other = "it has an encoder" if Capability.ENCODE in card.capabilities else "it cannot"
        raise UserError(f"{card.name} is not searched for latents: {other}; choose a GAN.")
    if len(data) == 0:
        raise UserError(f"{data.name} holds no samples, so there is nothing to search for.")
    latents = np.empty((len(data), card.latent_dim), np.float32)
    errors = np.empty(len(data), np.float64)
    for rows, images in unit_images(data, batch):
        first, count = int(rows[0]), len(rows)
        for found in model.inverting(images, steps, seed):
            latents[rows], errors[rows] = found.latents, found.errors
            yield SamplingProgress(
                first + count * found.step / found.steps,
                len(data),
                f"Searching latents for {first + count:,} of {len(data):,} samples, "
                f"error {float(found.errors.mean()):.4f}",
            )
    columns: dict[str, Column] = {**data.columns, "recon_error": Numbers(errors)}
    extra: dict[str, Any] = {
        "inverted": {"steps": steps, "seed": seed},
        "recon_error": "mean squared error per value of the found latent's picture, in 0..1",
        "versions": _versions(),
    }
    if isinstance(data, FirstSamples):
        extra[FIRST] = len(data)
    return Space(
        f"{data.name} in {card.name}",
        latents,
        columns=columns,
        provenance=Provenance(named, card.weights_hash, data.name, extra),
    )


def _drawn(done: float, total: int) -> SamplingProgress:
    return SamplingProgress(done, total, f"Drew {int(done):,} of {total:,} samples")


def _versions() -> dict[str, str]:
    return {"latentviewer": __version__, "torch": str(torch.__version__)}
