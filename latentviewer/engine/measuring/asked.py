"""Whether a conditional generator makes what it is asked for."""

from collections.abc import Generator
from typing import Any, Protocol

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import (
    Capability,
    Classifier,
    Diffusion,
    Images,
    ModelCard,
)
from latentviewer.domain.space import Latents
from latentviewer.engine.measuring.requirements import need_capabilities, need_images


class Conditional(Diffusion, Protocol):
    """A diffusion model with its card and its decoder."""

    @property
    def card(self) -> ModelCard: ...

    def decode(self, latents: Latents) -> Images: ...


class Judge(Classifier, Protocol):
    """A classifier with its card."""

    @property
    def card(self) -> ModelCard: ...


def measuring_asked(
    model: Conditional,
    classifier: Judge,
    condition: str,
    *,
    per_class: int = 100,
    steps: int = 20,
    guidance: float = 2.0,
    seed: int = 0,
) -> Generator[float, None, dict[str, Any]]:
    """Yields the fraction done after each step; returns `as_asked` and `by_class`.

    `as_asked` is the share of the samples that the classifier takes for the class that was
    asked for. The classifier's own mistakes count against the model.

    Args:
        condition: which of the model's, and of the classifier's questions.
        per_class: samples for each class.

    Raises:
        UserError: the two do not fit each other, or do not know the condition.
    """
    need_capabilities(model.card, Capability.DENOISE, Capability.DECODE)
    need_capabilities(classifier.card, Capability.CLASSIFY)
    need_images(classifier.card, model.card.image, model.card.name)
    for one, known in (
        (model.card.name, model.conditions),
        (classifier.card.name, classifier.classes),
    ):
        if condition not in known:
            raise UserError(f"{one} knows no “{condition}”; it knows {', '.join(known) or 'none'}.")
    classes, answers = model.conditions[condition], classifier.classes[condition]
    by_class: dict[str, float] = {}
    for number, name in enumerate(classes):
        noise = model.noise(per_class, seed + number)
        latents = noise
        for step in model.denoising(noise, steps, guidance, {condition: name}):
            latents = step.latents
            yield (number + step.step / steps) / len(classes)
        told = classifier.probabilities(model.decode(latents))[condition].argmax(axis=1)
        by_class[name] = float(np.mean([answers[code] == name for code in told]))
    return {
        "as_asked": float(np.mean(list(by_class.values()))),
        "by_class": {name: round(share, 4) for name, share in by_class.items()},
        "samples": per_class * len(classes),
        "steps": steps,
        "guidance": guidance,
        "seed": seed,
        "classifier": classifier.card.name,
    }
