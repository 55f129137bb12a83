"""What is measured of a model on a data set, by what the model can do."""

from collections.abc import Callable, Generator
from typing import Any

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, DataSet, Model
from latentviewer.domain.stepping import passed_on, to_the_end
from latentviewer.engine.adapters.conv_classifier import ConvClassifier
from latentviewer.engine.adapters.conv_diffusion import ConvDiffusion
from latentviewer.engine.adapters.gaussian_mixture import GaussianMixtureModel
from latentviewer.engine.measuring.accuracy import measuring_accuracy
from latentviewer.engine.measuring.agreement import measuring_agreement
from latentviewer.engine.measuring.asked import measuring_asked
from latentviewer.engine.measuring.bound import Vae, measuring_bound
from latentviewer.engine.measuring.clusters import measuring_clusters
from latentviewer.engine.measuring.disentangled import measuring_disentanglement
from latentviewer.engine.measuring.generation import measuring_generation
from latentviewer.engine.measuring.importances import LEAST_SAMPLES
from latentviewer.engine.measuring.reconstruction import measuring_reconstruction
from latentviewer.io.factors import FactorData

Measuring = Generator[float, None, dict[str, Any]]
"""Yields the fraction done after each batch; returns the figures by name."""

_ASKED_IN_ALL = 1000  # samples of a conditional model, over all classes of all conditions


def measuring(
    model: Model, data: DataSet, seed: int = 0, judge: ConvClassifier | None = None
) -> Measuring:
    """All figures that the family has.

    Args:
        seed: of whatever is drawn.
        judge: a classifier of such images; without it nothing is said of generated ones.

    Raises:
        UserError: the data set is empty or does not fit, or nothing can be measured.
    """
    parts = _parts(model, data, seed, judge)
    if not parts:
        raise UserError(
            f"Nothing of {model.card.name} can be measured on {data.name} without a classifier "
            "of such images; train one first."
        )
    seen = "observations" if Capability.OBSERVE in model.card.capabilities else "images"
    figures: dict[str, Any] = {seen: len(data)}
    for number, part in enumerate(parts):
        figures |= yield from passed_on(part, _share_of(number, len(parts)))
    return figures


def measure(
    model: Model, data: DataSet, seed: int = 0, judge: ConvClassifier | None = None
) -> dict[str, Any]:
    """`measuring` to its end."""
    return to_the_end(measuring(model, data, seed, judge))


def _parts(model: Model, data: DataSet, seed: int, judge: ConvClassifier | None) -> list[Measuring]:
    can = model.card.capabilities
    parts: list[Measuring] = []
    if isinstance(model, Vae):
        parts.append(measuring_bound(model, data, seed=seed))
    if {Capability.ENCODE, Capability.DECODE} <= can:
        parts.append(measuring_reconstruction(model, data))
        if judge is not None and any(len(head.classes) == 2 for head in judge.heads):
            parts.append(_agreed(model, judge, data))
    if isinstance(model, Vae) and isinstance(data, FactorData) and len(data) >= LEAST_SAMPLES:
        parts.append(_disentangled(model, data, seed))
    if isinstance(model, ConvClassifier):
        parts.append(measuring_accuracy(model, data))
    if isinstance(model, GaussianMixtureModel):
        parts.append(measuring_clusters(model, data))
    if judge is not None and can & {Capability.DISCRIMINATE, Capability.DENOISE}:
        parts.append(_generated(model, judge, data, seed))
    if judge is not None and isinstance(model, ConvDiffusion):
        parts.append(_asked(model, judge, seed))
    return parts


def _share_of(number: int, count: int) -> Callable[[float], float]:
    """From the fraction done of one part to that of all, which are alike."""
    return lambda done: (number + done) / count


def _disentangled(model: Model, data: Any, seed: int) -> Measuring:
    """`data` is a `DataSet` with `FactorData`."""
    found = yield from measuring_disentanglement(model, data, data.factor_names, seed=seed)
    return {key: value for key, value in found.items() if key not in ("factors", "images", "seed")}


def _agreed(model: Model, judge: ConvClassifier, data: DataSet) -> Measuring:
    found = yield from measuring_agreement(model, judge, data)
    return {"agreement": found["agreement"], "agreement_by_question": found["by_question"]}


def _generated(model: Model, judge: ConvClassifier, data: DataSet, seed: int) -> Measuring:
    found = yield from measuring_generation(model, judge, data, seed=seed)
    kept = ("precision", "recall", "frechet_distance")
    return {key: found[key] for key in kept} | {"generated": found["count"]}


def _asked(model: ConvDiffusion, judge: ConvClassifier, seed: int) -> Measuring:
    conditions = [name for name in model.conditions if name in judge.classes]
    if not conditions:
        return {}
    each = max(1, _ASKED_IN_ALL // sum(len(model.conditions[name]) for name in conditions))
    shares: dict[str, float] = {}
    for number, name in enumerate(conditions):
        asking = measuring_asked(model, judge, name, per_class=each, seed=seed)
        found = yield from passed_on(asking, _share_of(number, len(conditions)))
        shares[name] = found["as_asked"]
    rounded = {name: round(share, 4) for name, share in shares.items()}
    return {"as_asked": sum(shares.values()) / len(shares), "as_asked_by_condition": rounded}
