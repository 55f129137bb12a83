"""Figures of the bundled models that need another model or other data beside them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentviewer.bootstrap.catalogue import open_data, open_model
from latentviewer.bundled import models_folder
from latentviewer.domain.first_samples import first_samples
from latentviewer.domain.stepping import to_the_end

if TYPE_CHECKING:
    from latentviewer.domain.ports import DataSet, Model


def weights_bytes() -> int:
    """Bytes of all their weights."""
    return sum(path.stat().st_size for path in Path(models_folder()).glob("*/model.safetensors"))


def figures(name: str, data: str, limit: int | None) -> dict[str, Any]:
    """What `latentviewer train NAME --evaluate` prints, on the first `limit` samples."""
    from latentviewer.engine.measuring import measure

    return measure(open_model(name), _data(data, limit))


def generation(name: str, classifier: str, data: str, count: int) -> dict[str, Any]:
    """Precision, recall and Fréchet distance of `count` samples of a model's prior."""
    from latentviewer.engine.measuring.generation import measuring_generation

    judge = open_model(classifier)
    return to_the_end(measuring_generation(open_model(name), judge, open_data(data), count=count))


def agreement(name: str, classifier: str, data: str, limit: int) -> dict[str, Any]:
    """How often an attribute is read from a reconstruction as it is in the truth."""
    from latentviewer.engine.measuring.agreement import measuring_agreement

    judge: Any = open_model(classifier)
    return to_the_end(measuring_agreement(open_model(name), judge, _data(data, limit)))


def anomaly(name: str, data: str, anomalies: str, limit: int | None) -> dict[str, Any]:
    """The AUROC of the reconstruction error between two data sets."""
    from latentviewer.engine.measuring.anomaly import measuring_anomaly

    both = _data(data, limit), _data(anomalies, limit)
    return to_the_end(measuring_anomaly(open_model(name), *both))


def asked(name: str, classifier: str, condition: str, per_class: int) -> dict[str, Any]:
    """How often a diffusion model makes the class that it is asked for."""
    from latentviewer.engine.measuring.asked import measuring_asked

    model: Any = open_model(name)
    judge: Any = open_model(classifier)
    return to_the_end(measuring_asked(model, judge, condition, per_class=per_class))


def disentanglement(name: str, data: str, factors: Sequence[str], limit: int) -> dict[str, Any]:
    """MIG, SAP and DCI for known factors."""
    from latentviewer.engine.measuring.disentangled import measuring_disentanglement

    model: Model = open_model(name)
    return to_the_end(measuring_disentanglement(model, open_data(data), list(factors), limit=limit))


def _data(name: str, limit: int | None) -> DataSet:
    data = open_data(name)
    return data if limit is None else first_samples(data, limit)
