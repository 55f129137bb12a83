"""Small handwritten digits, scikit-learn's, of 8 x 8."""

from latentviewer.engine.adapters.conv_vae import ConvVaeConfig
from latentviewer.engine.networks.convolutional import ConvConfig
from latentviewer.engine.training.objectives.vae import VaeObjective
from latentviewer.engine.training.recipes.recipe import Recipe

DIGITS_VAE = Recipe(
    name="digits-vae",
    title="A convolutional VAE of handwritten digits, 8 x 8, with 8 latents",
    data="digits:train",
    test_data="digits:test",
    objective=VaeObjective(
        ConvVaeConfig(
            ConvConfig(
                height=8,
                width=8,
                channels=1,
                latent_dim=8,
                widths=(24, 48),
                blocks=(1, 0),
                bottleneck_channels=32,
                hidden=192,
            ),
            pixel_std=None,
        ),
        kl_warmup=0.8,
    ),
    epochs=240,
    batch=32,
    holdout=150,
    patience=80,
    learning_rate=4e-3,
    warmup=0.1,
    weight_decay=5e-2,
    averaging=0.99,
    clip=100.0,
    reduced_precision=False,
)
