"""What is measured of a model on a data set, by what the model can do."""

from collections.abc import Generator
from typing import Any

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, DataSet, Model
from latentviewer.engine.adapters.conv_classifier import ConvClassifier
from latentviewer.engine.adapters.gaussian_mixture import GaussianMixtureModel
from latentviewer.engine.measuring.accuracy import measuring_accuracy
from latentviewer.engine.measuring.bound import Vae, measuring_bound
from latentviewer.engine.measuring.clusters import measuring_clusters
from latentviewer.engine.measuring.reconstruction import measuring_reconstruction

Measuring = Generator[float, None, dict[str, Any]]
"""Yields the fraction done after each batch; returns the figures by name."""


def measuring(model: Model, data: DataSet, seed: int = 0) -> Measuring:
    """All figures that the family has.

    Args:
        seed: of whatever is drawn.

    Raises:
        UserError: the data set is empty or does not fit, or nothing can be measured.
    """
    parts: list[Measuring] = []
    can = model.card.capabilities
    if isinstance(model, Vae):
        parts.append(measuring_bound(model, data, seed=seed))
    if {Capability.ENCODE, Capability.DECODE} <= can:
        parts.append(measuring_reconstruction(model, data))
    if isinstance(model, ConvClassifier):
        parts.append(measuring_accuracy(model, data))
    if isinstance(model, GaussianMixtureModel):
        parts.append(measuring_clusters(model, data))
    if not parts:
        raise UserError(f"Nothing of {model.card.name} can be measured on {data.name} alone.")
    seen = "observations" if Capability.OBSERVE in can else "images"
    figures: dict[str, Any] = {seen: len(data)}
    for number, part in enumerate(parts):
        while True:
            try:
                done = next(part)
            except StopIteration as stop:
                figures |= stop.value
                break
            yield (number + done) / len(parts)
    return figures


def measure(model: Model, data: DataSet, seed: int = 0) -> dict[str, Any]:
    """`measuring` to its end."""
    steps = measuring(model, data, seed)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            figures: dict[str, Any] = stop.value
            return figures
