"""What every model checks of its arguments, and the standard normal prior that many have."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ModelCard
from latentviewer.domain.space import Latents


def check_images(card: ModelCard, images: NDArray[Any]) -> None:
    """Raises a UserError unless the images are (b, h, w, c) of the model's shape, and floats."""
    shape = card.image
    wanted = (shape.height, shape.width, shape.channels)
    if images.ndim != 4 or images.shape[1:] != wanted:
        raise UserError(
            f"{card.name} encodes images of {shape.height} x {shape.width} pixels and "
            f"{shape.channels} channel{'s' if shape.channels > 1 else ''}, not an array of "
            f"shape {images.shape}; choose a data set that fits."
        )
    if images.dtype.kind != "f":
        raise UserError(
            f"{card.name} encodes floating-point images in 0..1, "
            f"not {images.dtype}; divide by the largest value first."
        )


def check_latents(name: str, dim: int, latents: NDArray[Any]) -> None:
    """Raises a UserError, which calls the model by `name`, unless the latents are (b, dim)."""
    if latents.ndim != 2 or latents.shape[1] != dim:
        raise UserError(
            f"{name} takes latents of {dim} dimensions, "
            f"not an array of shape {latents.shape}; give it (n, {dim})."
        )


def check_count(name: str, count: int) -> None:
    """Raises a UserError, which calls the model by `name`, for fewer samples than none."""
    if count < 0:
        raise UserError(f"{name}: {count} samples cannot be drawn; ask for 0 or more.")


def standard_normal(card: ModelCard, count: int, seed: int) -> Latents:
    """(count, d) latents from the standard normal; same seed, same latents.

    Raises:
        UserError: fewer than none are asked for.
    """
    check_count(card.name, count)
    shape = (count, card.latent_dim)
    return np.random.default_rng(seed).standard_normal(shape, np.float32)
