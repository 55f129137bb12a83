"""How much of an image comes back from its latent."""

from collections.abc import Generator
from typing import Any

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.domain.health import reconstruction_error
from latentviewer.domain.ports import DataSet, Model
from latentviewer.engine.batches import unit_images


def measuring_reconstruction(
    model: Model, data: DataSet, batch: int = 250
) -> Generator[float, None, dict[str, Any]]:
    """`mse`, the mean squared error per value, and `psnr_db`.

    The peak signal-to-noise ratio is each image's own, -10 log10 of its squared error for
    values in 0..1, in decibels, and then the mean over the images.

    Raises:
        UserError: the data set is empty or its images do not fit the model.
    """
    if len(data) == 0:
        raise UserError(f"{data.name} holds no samples, so nothing can be measured on it.")
    errors = []
    for rows, images in unit_images(data, batch):
        errors.append(reconstruction_error(images, model.decode(model.encode(images).mean)))
        yield (int(rows[-1]) + 1) / len(data)
    error = np.concatenate(errors)
    psnr = -10.0 * np.log10(np.maximum(error, 1e-12))
    return {"mse": float(error.mean()), "psnr_db": float(psnr.mean())}
