"""Cross-entropy, one question at a time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor

from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.engine.adapters.conv_classifier import FAMILY
from latentviewer.engine.answers import true_answers
from latentviewer.engine.networks.classifying import ClassifierConfig, ClassifierNet
from latentviewer.engine.training.objective import Batch, all_parameters


@dataclass(frozen=True)
class ClassifierObjective:
    """The sum of the heads' cross-entropies.

    Attributes:
        architecture: the network.
        softened: share of each batch that is blurred and made noisy, so that decoded images,
            which are softer than drawn ones, are read as well.
        smoothing: of the labels (Szegedy et al., 2016); keeps the answers calibrated.
    """

    architecture: ClassifierConfig
    softened: float
    smoothing: float

    family = FAMILY
    unit = "nats per image"
    valid_figure = "valid_cross_entropy_nats"
    validates = True
    stages = (1.0,)

    @property
    def image(self) -> ImageShape:
        """The shape of the images that it learns from."""
        return self.architecture.image

    def build(self) -> ClassifierNet:
        """A network with first weights."""
        return ClassifierNet(self.architecture)

    def targets(self, data: DataSet) -> Mapping[str, Tensor]:
        """The true class of each head, (n,) int64.

        Raises:
            UserError: a head's column is not there or has other classes.
        """
        answers = true_answers(self.architecture.heads, data)
        return {name: torch.from_numpy(codes) for name, codes in answers.items()}

    def parameter_groups(self, net: ClassifierNet, learning_rate: float) -> list[dict[str, Any]]:
        """All in one."""
        return all_parameters(net, learning_rate)

    def loss(self, net: ClassifierNet, batch: Batch) -> Tensor:
        """The mean cross-entropy with smoothed labels, a part of the images softened."""
        images = batch.images.clone()
        some = images[: round(self.softened * len(images))]
        if len(some):
            grain = torch.randn(some.shape, generator=batch.generator).to(some.device)
            blurred = F.avg_pool2d(F.pad(some, (1, 1, 1, 1), mode="replicate"), 3, 1)
            some.copy_(blurred + 0.03 * grain)
        return self._cross_entropy(net, images, batch.targets, self.smoothing).mean()

    def validation(self, net: ClassifierNet, batch: Batch) -> Tensor:
        """The cross-entropy itself."""
        return self._cross_entropy(net, batch.images, batch.targets, 0.0)

    def finish(self, net: ClassifierNet) -> None:
        """Nothing: the kept weights are the model."""

    def latents(self, net: ClassifierNet, images: Tensor) -> Tensor:
        """The last layer before the heads."""
        return net.features(images, net.layers[-1])

    def _cross_entropy(
        self, net: ClassifierNet, images: Tensor, targets: Mapping[str, Tensor], smoothing: float
    ) -> Tensor:
        nats = [
            F.cross_entropy(logits, targets[head.name], reduction="none", label_smoothing=smoothing)
            for head, logits in zip(self.architecture.heads, net(images), strict=True)
        ]
        return torch.stack(nats).sum(dim=0)
