"""Scenes of 64 x 64 with seven known factors."""

from latentviewer.engine.adapters.conv_vae import ConvVaeConfig
from latentviewer.engine.networks.convolutional import ConvConfig
from latentviewer.engine.training.objectives.vae import VaeObjective
from latentviewer.engine.training.recipes.recipe import Recipe

SHAPES_BETA_VAE = Recipe(
    name="shapes-beta-vae",
    title="A convolutional beta-VAE of drawn scenes, 64 x 64 RGB, with 10 latents",
    data="shapes:train",
    test_data="shapes:test",
    objective=VaeObjective(
        ConvVaeConfig(
            ConvConfig(
                height=64,
                width=64,
                channels=3,
                latent_dim=10,
                widths=(16, 32, 48, 64),
                blocks=(0, 0, 1, 1),
                bottleneck_channels=32,
                hidden=256,
            ),
            pixel_std=0.1,
        ),
        kl_warmup=0.2,
        beta=6.0,
    ),
    epochs=14,
    holdout=2000,
    patience=14,
    learning_rate=2e-3,
    weight_decay=0.0,
    clip=1000.0,
)
