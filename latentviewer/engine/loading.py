"""Opening model folders safely: config.json and model.safetensors, and nothing else.

No file is opened in a way that could run code from it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

import torch
from torch import nn

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, ImageShape, Model, ModelCard
from latentviewer.engine.adapters import (
    conv_ae,
    conv_classifier,
    conv_diffusion,
    conv_gan,
    conv_vae,
    gaussian_mixture,
    torchvision_classifier,
)
from latentviewer.engine.model_folder import CONFIG_NAME, WEIGHTS_NAME, model_folder, read_config
from latentviewer.engine.networks import adversarial, classifying, convolutional, diffusion, mixture
from latentviewer.engine.weights import (
    check_entries,
    parameter_count,
    read_header,
    read_tensors,
    sha256_of,
)


class Architecture(Protocol):
    """What a family's config says."""

    @property
    def image(self) -> ImageShape: ...

    @property
    def latent_dim(self) -> int: ...


@dataclass(frozen=True)
class Family:
    """How to open one kind of model.

    Attributes:
        read_config: the JSON object `architecture` to a config; raises ValueError that
            names the field at fault.
        build: an untrained network of that config.
        wrap: the network with its weights, its card and a device, as a `Model`.
        capabilities: what it can do.
    """

    read_config: Callable[[Mapping[str, Any]], Architecture]
    build: Callable[[Any], nn.Module]
    wrap: Callable[[Any, ModelCard, str], Model]
    capabilities: frozenset[Capability]


def _families() -> dict[str, Family]:
    """Every family that can be opened; a new one is one entry here and one file."""
    return {
        conv_vae.FAMILY: Family(
            conv_vae.config_from_json, conv_vae.ConvVaeNet, conv_vae.ConvVae, conv_vae.CAPABILITIES
        ),
        conv_ae.FAMILY: Family(
            convolutional.conv_config, conv_ae.ConvAeNet, conv_ae.ConvAe, conv_ae.CAPABILITIES
        ),
        conv_gan.FAMILY: Family(
            adversarial.gan_config, adversarial.GanNet, conv_gan.ConvGan, conv_gan.CAPABILITIES
        ),
        conv_diffusion.FAMILY: Family(
            diffusion.diffusion_config,
            diffusion.DiffusionNet,
            conv_diffusion.ConvDiffusion,
            conv_diffusion.CAPABILITIES,
        ),
        conv_classifier.FAMILY: Family(
            classifying.classifier_config,
            classifying.ClassifierNet,
            conv_classifier.ConvClassifier,
            conv_classifier.CAPABILITIES,
        ),
        torchvision_classifier.FAMILY: Family(
            torchvision_classifier.config_from_json,
            torchvision_classifier.build,
            torchvision_classifier.TorchvisionClassifier,
            torchvision_classifier.CAPABILITIES,
        ),
        gaussian_mixture.FAMILY: Family(
            mixture.mixture_config,
            mixture.MixtureNet,
            gaussian_mixture.GaussianMixtureModel,
            gaussian_mixture.CAPABILITIES,
        ),
    }


@dataclass(frozen=True)
class _Described:
    """A folder whose config and weights' header agree."""

    card: ModelCard
    family: Family
    weights: Path
    net: nn.Module  # on the meta device: shapes without memory


def open_model(path: Path, device: str = "cpu") -> Model:
    """The model in a folder, ready to be called.

    Args:
        path: the folder, or its config.json or model.safetensors.
        device: as torch spells it; see `latentviewer.engine.devices`.

    Raises:
        UserError: nothing there, damaged, of a family this version does not know, or a
            config that does not fit the weights.
        UnsafeFileError: a file that can run code when opened.
    """
    described = _describe(path)
    tensors = read_tensors(described.weights, described.net.state_dict())
    net = described.net
    net.load_state_dict(tensors, assign=True)
    return described.family.wrap(net, described.card, device)


def model_card(path: Path) -> ModelCard:
    """What is known of the model in a folder; its weights are hashed but not loaded.

    Raises:
        UserError, UnsafeFileError: as `open_model` does.
    """
    return _describe(path).card


def _describe(path: Path) -> _Described:
    folder = model_folder(path)
    config = read_config(folder)
    families = _families()
    name = config.get("family")
    if not isinstance(name, str) or name not in families:
        raise UserError(_foreign(folder / CONFIG_NAME, config, families))
    family = families[name]
    architecture = config.get("architecture")
    if not isinstance(architecture, dict):
        raise UserError(
            f"{folder / CONFIG_NAME}: “architecture” must be a JSON object; "
            "take the config.json that was written with the weights."
        )
    try:
        fields = family.read_config(architecture)
    except ValueError as error:
        raise UserError(
            f"{folder / CONFIG_NAME}: in “architecture”, {error}; "
            "take the config.json that was written with the weights."
        ) from error
    with torch.device("meta"):
        net = family.build(fields)
    weights = folder / WEIGHTS_NAME
    entries = read_header(weights)
    check_entries(weights, entries, net.state_dict())
    data, figures = config.get("data"), config.get("figures")
    card = ModelCard(
        name=folder.name,
        path=str(folder),
        family=name,
        latent_dim=fields.latent_dim,
        image=fields.image,
        capabilities=family.capabilities,
        data=data if isinstance(data, str) else None,
        weights_hash=sha256_of(weights),
        parameters=parameter_count(entries),
        figures=MappingProxyType(figures if isinstance(figures, dict) else {}),
    )
    return _Described(card, family, weights, net)


def _foreign(path: Path, config: Mapping[str, Any], families: Mapping[str, Family]) -> str:
    known = " or ".join(families)
    for key in ("family", "model_type", "_class_name"):
        if isinstance(config.get(key), str):
            said = f"describes a “{config[key][:60]}”, which this version does not open"
            break
    else:
        said = "does not name a model family"
    return f"{path} {said}; open a folder whose “family” is {known}."
