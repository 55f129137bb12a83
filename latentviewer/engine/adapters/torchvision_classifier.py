"""Any of torchvision's image classifiers, opened by its name with weights from a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, Images, ImageShape, ModelCard, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.torch_model import TorchModel, pooled
from latentviewer.engine.networks.config import check_count, fields_of
from latentviewer.torchvision_operators import declare_missing_operators

FAMILY = "torchvision-classifier"
CAPABILITIES = frozenset({Capability.ENCODE, Capability.LAYERS, Capability.CLASSIFY})
QUESTION = "class"
_MOST_CLASSES = 100_000


@dataclass(frozen=True)
class TorchvisionConfig:
    """What `config.json` holds under `architecture`.

    Attributes:
        name: as `torchvision.models.get_model` takes it, such as `resnet18`.
        height, width: what images are brought to, in pixels.
        mean, std: per channel, what images in 0..1 are normalised by.
        classes: names of the outputs.
        layers: those whose features can be had, from the input to the output; the last one
            is the latent.
        latent_dim: dimensions of that layer.
    """

    name: str
    height: int
    width: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: tuple[str, ...]
    layers: tuple[str, ...]
    latent_dim: int

    def __post_init__(self) -> None:
        for field in ("height", "width"):
            check_count(field, getattr(self, field))
        check_count("latent_dim", self.latent_dim, 1, 1_000_000)
        for field in ("mean", "std"):
            values = getattr(self, field)
            numbers = isinstance(values, tuple) and all(isinstance(v, float) for v in values)
            if not numbers or len(values) != 3 or not all(-10 < v < 10 for v in values):
                raise ValueError(f"“{field}” must be three numbers, one for each channel")
        if min(self.std) <= 0:
            raise ValueError("“std” must be positive")
        for field, least in (("classes", 2), ("layers", 1)):
            names = getattr(self, field)
            texts = isinstance(names, tuple) and all(isinstance(n, str) and n for n in names)
            if not texts or not least <= len(names) <= _MOST_CLASSES:
                raise ValueError(f"“{field}” must be a list of {least} names or more")
        if not isinstance(self.name, str) or self.name not in classifier_names():
            raise ValueError(f"“{self.name}” is no classifier of torchvision")

    @property
    def image(self) -> ImageShape:
        """The shape of the images that it takes."""
        return ImageShape(self.height, self.width, 3)


def config_from_json(fields: Mapping[str, Any]) -> TorchvisionConfig:
    """The config from the JSON object `architecture`.

    Raises:
        ValueError: a field is missing, unknown, or outside its range; the text names it.
    """
    return TorchvisionConfig(**fields_of(TorchvisionConfig, fields))


@cache
def classifier_names() -> tuple[str, ...]:
    """What `torchvision.models` has for whole images."""
    declare_missing_operators()
    from torchvision import models

    return tuple(models.list_models(module=models))


def build(config: TorchvisionConfig) -> nn.Module:
    """The network without weights; its tensors have torchvision's own names."""
    net = untrained(config.name, len(config.classes))
    net.config = config  # type: ignore[assignment]
    return net


def untrained(name: str, classes: int) -> nn.Module:
    """One of torchvision's classifiers without weights, ready to be asked.

    Raises:
        UserError: torchvision has no such classifier.
    """
    if name not in classifier_names():
        raise UserError(
            f"torchvision has no classifier “{name}”; choose one such as resnet18, "
            "mobilenet_v3_small or vit_b_16."
        )
    from torchvision import models

    options: dict[str, bool] = {}
    if name in AUXILIARY:
        # Weights from ImageNet expect images that are scaled once more within the network.
        options = {"aux_logits": False, "init_weights": False, "transform_input": classes == 1000}
    net: nn.Module = models.get_model(name, weights=None, num_classes=classes, **options)
    return net.eval()


AUXILIARY = ("googlenet", "inception_v3")
"""Those with a second output, which is there for training only."""


class TorchvisionClassifier(TorchModel):
    """A network behind the ports `Model`, `Layered` and `Classifier`."""

    def __init__(self, net: nn.Module, card: ModelCard, device: str = "cpu") -> None:
        super().__init__(net, card, device)
        self._config: TorchvisionConfig = self._net.config
        self._extractors: dict[str, Any] = {}
        shape = (1, 3, 1, 1)
        self._mean = torch.tensor(self._config.mean, device=self._device).view(shape)
        self._std = torch.tensor(self._config.std, device=self._device).view(shape)

    @property
    def classes(self) -> Mapping[str, tuple[str, ...]]:
        """One question, with the names of the outputs."""
        return {QUESTION: self._config.classes}

    @property
    def thresholds(self) -> Mapping[str, float]:
        """None: its question is about a class."""
        return {}

    @property
    def layers(self) -> tuple[str, ...]:
        """From the input to the output."""
        return self._config.layers

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, 3) float32 in 0..1 to the last layer before the output, (b, d).

        Raises:
            UserError: the images have another shape, or are not floating point.
        """
        return Posterior(self.features(images, self.layers[-1]))

    def features(self, images: Images, layer: str) -> Latents:
        """(b, h, w, 3) float32 in 0..1 to the layer's (b, d).

        Averaged over the picture where a layer keeps places (b, d, h, w), or over the tokens
        where it has them (b, tokens, d).

        Raises:
            UserError: no such layer, or the images do not fit.
        """
        if layer not in self.layers:
            names = ", ".join(self.layers)
            raise UserError(f"{self._card.name} has no layer “{layer}”; it has {names}.")
        if layer not in self._extractors:
            from torchvision.models.feature_extraction import create_feature_extractor

            self._extractors[layer] = create_feature_extractor(self._net, {layer: layer})
        extractor = self._extractors[layer]
        return self._of_images(images, lambda x: (pooled(extractor(self._scaled(x))[layer]),))[0]

    def probabilities(self, images: Images) -> Mapping[str, NDArray[np.float32]]:
        """(b, h, w, 3) float32 in 0..1 to (b, classes); rows sum to 1.

        Raises:
            UserError: the images have another shape, or are not floating point.
        """
        answers = self._of_images(images, lambda x: (self._net(self._scaled(x)).softmax(dim=1),))
        return {QUESTION: answers[0]}

    def _scaled(self, images: Tensor) -> Tensor:
        return (images - self._mean) / self._std
