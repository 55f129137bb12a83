"""Handwritten digits of 28 x 28."""

from latentviewer.engine.adapters.conv_vae import ConvVaeConfig
from latentviewer.engine.networks.attributes import Attribute
from latentviewer.engine.networks.classifying import ClassifierConfig
from latentviewer.engine.networks.convolutional import ConvConfig
from latentviewer.engine.networks.diffusion import DiffusionConfig
from latentviewer.engine.training.objectives.autoencoder import AutoencoderObjective
from latentviewer.engine.training.objectives.classifier import ClassifierObjective
from latentviewer.engine.training.objectives.diffusion import DiffusionObjective
from latentviewer.engine.training.objectives.vae import VaeObjective
from latentviewer.engine.training.recipes.recipe import Recipe

_DIGIT = Attribute("label", tuple("0123456789"), "label")

_NETWORK = ConvConfig(
    height=28,
    width=28,
    channels=1,
    latent_dim=16,
    widths=(24, 48),
    blocks=(1, 1),
    bottleneck_channels=16,
    hidden=256,
)

MNIST_VAE = Recipe(
    name="mnist-vae",
    title="A convolutional VAE of handwritten digits, 28 x 28, with 16 latents",
    data="mnist:train",
    test_data="mnist:test",
    objective=VaeObjective(
        ConvVaeConfig(
            _NETWORK,
            pixel_std=None,
        ),
        kl_warmup=0.0,
    ),
    epochs=50,
    holdout=5000,
    patience=6,
    learning_rate=3e-3,
    warmup=0.1,
    clip=100.0,
)

MNIST_AE = Recipe(
    name="mnist-ae",
    title="A convolutional autoencoder of handwritten digits, 28 x 28, with 16 latents",
    data="mnist:train",
    test_data="mnist:test",
    objective=AutoencoderObjective(
        _NETWORK,
        latent_decay=1e-2,
    ),
    epochs=24,
    holdout=5000,
    patience=6,
    learning_rate=3e-3,
    warmup=0.1,
    clip=100.0,
)

MNIST_CLASSIFIER = Recipe(
    name="mnist-classifier",
    title="A convolutional classifier of handwritten digits, 28 x 28",
    data="mnist:train",
    test_data="mnist:test",
    objective=ClassifierObjective(
        ClassifierConfig(
            height=28,
            width=28,
            channels=1,
            widths=(24, 48),
            blocks=(1, 1),
            hidden=64,
            heads=(_DIGIT,),
        ),
        softened=0.25,
        smoothing=0.05,
    ),
    epochs=10,
    holdout=5000,
    patience=4,
    learning_rate=2e-3,
    warmup=0.1,
    weight_decay=2e-2,
    clip=10.0,
)

MNIST_LDM = Recipe(
    name="mnist-ldm",
    title="Latent diffusion of handwritten digits, 28 x 28, led by the digit",
    data="mnist:train",
    test_data="mnist:test",
    objective=DiffusionObjective(
        DiffusionConfig(
            height=28,
            width=28,
            channels=1,
            latent_channels=4,
            widths=(24, 48),
            blocks=(0, 1),
            denoiser_width=64,
            denoiser_blocks=4,
            conditions=(_DIGIT,),
            pixel_std=None,
        ),
        autoencoder_share=0.25,
        beta=0.1,
    ),
    epochs=12,
    holdout=5000,
    patience=12,
    learning_rate=2e-3,
    clip=10.0,
)
