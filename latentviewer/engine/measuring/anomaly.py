"""Whether the reconstruction error tells strange images from those a model knows."""

from collections.abc import Generator
from typing import Any

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.domain.health import reconstruction_error
from latentviewer.domain.measures.ranking import auroc
from latentviewer.domain.ports import Capability, DataSet, Model
from latentviewer.engine.batches import unit_images
from latentviewer.engine.measuring.requirements import (
    need_capabilities,
    need_images,
    need_samples,
)


def measuring_anomaly(
    model: Model, data: DataSet, anomalies: DataSet, batch: int = 250
) -> Generator[float, None, dict[str, Any]]:
    """Yields the fraction done after each batch; returns `auroc` of the mean squared error of
    the decoded posterior mean, `images` and `anomalous_images`, how many, and `anomalies`, the
    name of their data set.

    Args:
        data: images such as the model was trained on.
        anomalies: images of another kind and the same shape.

    Raises:
        UserError: the model lacks what it needs, a data set is empty or does not fit, or an
            error is not a number.
    """
    need_capabilities(model.card, Capability.ENCODE, Capability.DECODE)
    for needed in (data, anomalies):
        need_images(model.card, needed.image, needed.name)
        need_samples(needed)
    total, done = len(data) + len(anomalies), 0
    errors = []
    for source in (data, anomalies):
        parts = []
        for rows, images in unit_images(source, batch):
            parts.append(reconstruction_error(images, model.decode(model.encode(images).mean)))
            yield (done + int(rows[-1]) + 1) / total
        done += len(source)
        errors.append(np.concatenate(parts))
        if np.isnan(errors[-1]).any():
            raise UserError(
                f"{model.card.name} decodes images of {source.name} to NaN; train it again."
            )
    return {
        "auroc": auroc(*errors),
        "images": len(data),
        "anomalous_images": len(anomalies),
        "anomalies": anomalies.name,
    }
