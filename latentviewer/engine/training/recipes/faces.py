"""Cartoon faces of 64 x 64, with known attributes."""

from latentviewer.engine.adapters.conv_vae import ConvVaeConfig
from latentviewer.engine.networks.adversarial import GanConfig
from latentviewer.engine.networks.attributes import Attribute
from latentviewer.engine.networks.classifying import ClassifierConfig
from latentviewer.engine.networks.convolutional import ConvConfig
from latentviewer.engine.networks.diffusion import DiffusionConfig
from latentviewer.engine.training.objectives.autoencoder import AutoencoderObjective
from latentviewer.engine.training.objectives.classifier import ClassifierObjective
from latentviewer.engine.training.objectives.diffusion import DiffusionObjective
from latentviewer.engine.training.objectives.gan import GanObjective
from latentviewer.engine.training.objectives.vae import VaeObjective
from latentviewer.engine.training.recipes.recipe import Recipe

_HALVES = {
    "smile": ("sad", "smiling"),
    "eyes": ("narrow eyes", "wide eyes"),
    "brows": ("worried", "angry"),
    "hair_length": ("short hair", "long hair"),
    "skin": ("light skin", "dark skin"),
    "face_width": ("narrow face", "broad face"),
    "turn": ("turned left", "turned right"),
    "background": ("background hue below a half", "background hue above a half"),
}
"""The continuous attributes, cut in the middle."""

_ATTRIBUTES = (
    Attribute("glasses", ("none", "round", "square"), "glasses"),
    Attribute("hat", ("none", "woolly"), "hat"),
    Attribute("hair_colour", ("black", "brown", "chestnut", "blond", "red", "grey"), "hair_colour"),
    Attribute("beard", ("none", "moustache", "full"), "beard"),
    *(Attribute(name, classes, name, 0.5) for name, classes in _HALVES.items()),
)

FACES_VAE = Recipe(
    name="faces-vae",
    title="A convolutional VAE of cartoon faces, 64 x 64 RGB, with 32 latents",
    data="faces:train",
    test_data="faces:test",
    objective=VaeObjective(
        ConvVaeConfig(
            ConvConfig(
                height=64,
                width=64,
                channels=3,
                latent_dim=32,
                widths=(32, 48, 96),
                blocks=(0, 1, 2),
                bottleneck_channels=16,
                hidden=384,
            ),
            pixel_std=0.07,
        ),
        kl_warmup=0.1,
    ),
    epochs=24,
    holdout=2000,
    patience=6,
    learning_rate=2e-3,
    clip=1000.0,
)

FACES_AE = Recipe(
    name="faces-ae",
    title="A convolutional autoencoder of cartoon faces, 64 x 64 RGB, with 32 latents",
    data="faces:train",
    test_data="faces:test",
    objective=AutoencoderObjective(
        ConvConfig(
            height=64,
            width=64,
            channels=3,
            latent_dim=32,
            widths=(24, 40, 96),
            blocks=(0, 1, 1),
            bottleneck_channels=16,
            hidden=384,
        ),
        latent_decay=1e-2,
    ),
    epochs=12,
    holdout=2000,
    patience=6,
    learning_rate=2e-3,
    clip=1000.0,
    half_weights=True,
)

FACES_CLASSIFIER = Recipe(
    name="faces-classifier",
    title="A convolutional classifier of the twelve attributes of cartoon faces",
    data="faces:train",
    test_data="faces:test",
    objective=ClassifierObjective(
        ClassifierConfig(
            height=64,
            width=64,
            channels=3,
            widths=(24, 48, 96, 128),
            blocks=(0, 1, 1, 1),
            hidden=128,
            heads=_ATTRIBUTES,
        ),
        softened=0.5,
        smoothing=0.0,
    ),
    epochs=12,
    holdout=2000,
    patience=4,
    learning_rate=2e-3,
    weight_decay=1e-2,
    clip=10.0,
)

FACES_GAN = Recipe(
    name="faces-gan",
    title="A convolutional GAN of cartoon faces, 64 x 64 RGB, with 24 latents",
    data="faces:train",
    test_data="faces:test",
    objective=GanObjective(
        GanConfig(
            ConvConfig(
                height=64,
                width=64,
                channels=3,
                latent_dim=24,
                widths=(24, 32, 64, 96),
                blocks=(0, 0, 1, 1),
                bottleneck_channels=32,
                hidden=256,
            ),
            widths=(16, 48, 96, 128),
            blocks=(0, 0, 1, 1),
            hidden=128,
        ),
        autoencoder_share=0.3,
        pixel_std=0.1,
        recognition=0.5,
        penalty=1.0,
        penalty_share=0.125,
        discriminator_rate=1.0,
        widening=1.5,
    ),
    epochs=12,
    batch=32,
    holdout=1000,
    patience=12,
    learning_rate=5e-4,
    warmup=0.02,
    weight_decay=0.0,
    clip=1e6,
)

FACES_LDM = Recipe(
    name="faces-ldm",
    title="Latent diffusion of cartoon faces, 64 x 64 RGB, led by twelve attributes",
    data="faces:train",
    test_data="faces:test",
    objective=DiffusionObjective(
        DiffusionConfig(
            height=64,
            width=64,
            channels=3,
            latent_channels=4,
            widths=(24, 48, 96),
            blocks=(0, 1, 1),
            denoiser_width=96,
            denoiser_blocks=4,
            conditions=_ATTRIBUTES,
            pixel_std=0.05,
        ),
        autoencoder_share=0.35,
        beta=0.1,
    ),
    epochs=20,
    holdout=2000,
    patience=20,
    learning_rate=2e-3,
    clip=10.0,
)
