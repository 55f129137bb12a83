"""What `latentviewer train` can train: one frozen recipe per bundled model."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from latentviewer.domain.errors import UserError
from latentviewer.engine.adapters.conv_vae import ConvVaeConfig


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what comes out of training, apart from the data's bytes.

    Attributes:
        name: what the command line calls it, and the model's folder.
        title: one line for the model card.
        data, test_data: data sets by name; the second is used for figures only.
        architecture: the network.
        seed: of the first weights, the split, the order of the images and the noise.
        epochs: passes over the training images, at most.
        batch: images per step.
        holdout: images kept out of training to decide when to stop.
        patience: epochs without a better validation loss after which training stops.
        learning_rate: the peak; reached after `warmup` of all steps, then cosine to zero.
        warmup: fraction of all steps.
        kl_warmup: fraction of all steps in which the weight of the KL term grows to 1.
        weight_decay: of AdamW (Loshchilov and Hutter, 2019).
        averaging: decay of the running average of the weights; the average is what is kept.
        clip: largest norm of a gradient.
        reduced_precision: compute the layers in bfloat16 where that is faster; too coarse for
            models with only a few nats of KL.
    """

    name: str
    title: str
    data: str
    test_data: str
    architecture: ConvVaeConfig
    seed: int
    epochs: int
    batch: int
    holdout: int
    patience: int
    learning_rate: float
    warmup: float
    kl_warmup: float
    weight_decay: float
    averaging: float
    clip: float
    reduced_precision: bool

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        return dataclasses.asdict(self)


RECIPES = (
    Recipe(
        name="mnist-vae",
        title="A convolutional VAE of handwritten digits, 28 x 28, with 16 latents",
        data="mnist:train",
        test_data="mnist:test",
        architecture=ConvVaeConfig(
            height=28,
            width=28,
            channels=1,
            latent_dim=16,
            outer_channels=24,
            inner_channels=48,
            outer_blocks=1,
            inner_blocks=1,
            bottleneck_channels=16,
            hidden=256,
        ),
        seed=0,
        epochs=50,
        batch=128,
        holdout=5000,
        patience=6,
        learning_rate=3e-3,
        warmup=0.1,
        kl_warmup=0.0,
        weight_decay=1e-3,
        averaging=0.999,
        clip=100.0,
        reduced_precision=True,
    ),
    Recipe(
        name="digits-vae",
        title="A convolutional VAE of handwritten digits, 8 x 8, with 8 latents",
        data="digits:train",
        test_data="digits:test",
        architecture=ConvVaeConfig(
            height=8,
            width=8,
            channels=1,
            latent_dim=8,
            outer_channels=24,
            inner_channels=48,
            outer_blocks=1,
            inner_blocks=0,
            bottleneck_channels=32,
            hidden=192,
        ),
        seed=0,
        epochs=240,
        batch=32,
        holdout=150,
        patience=80,
        learning_rate=4e-3,
        warmup=0.1,
        kl_warmup=0.8,
        weight_decay=5e-2,
        averaging=0.99,
        clip=100.0,
        reduced_precision=False,
    ),
)


def recipe_named(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        UserError: there is none.
    """
    for recipe in RECIPES:
        if recipe.name == name:
            return recipe
    names = " or ".join(recipe.name for recipe in RECIPES)
    raise UserError(f"There is no recipe “{name}”; train {names}.")
