"""A classifier whose layers are latent spaces."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, Images, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.adapters.torch_model import TorchModel, pooled
from latentviewer.engine.networks.attributes import Attribute
from latentviewer.engine.networks.classifying import ClassifierConfig

FAMILY = "conv-classifier"
CAPABILITIES = frozenset({Capability.ENCODE, Capability.LAYERS, Capability.CLASSIFY})


class ConvClassifier(TorchModel):
    """A trained classifier behind the ports `Model`, `Layered` and `Classifier`."""

    @property
    def heads(self) -> tuple[Attribute, ...]:
        """The questions with their possible answers and where the truth stands."""
        config: ClassifierConfig = self._net.config
        return config.heads

    @property
    def classes(self) -> Mapping[str, tuple[str, ...]]:
        """The possible answers to each question."""
        return {head.name: head.classes for head in self.heads}

    @property
    def thresholds(self) -> Mapping[str, float]:
        """For questions about a number: below it the first answer is true, else the second."""
        return {head.name: head.threshold for head in self.heads if head.threshold is not None}

    @property
    def layers(self) -> tuple[str, ...]:
        """From the input to the output."""
        names: tuple[str, ...] = self._net.layers
        return names

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, c) float32 in 0..1 to the last layer before the heads, (b, d).

        Raises:
            UserError: the images have another shape, or are not floating point.
        """
        return Posterior(self.features(images, self.layers[-1]))

    def features(self, images: Images, layer: str) -> Latents:
        """(b, h, w, c) float32 in 0..1 to the layer's (b, d), averaged over the picture.

        Raises:
            UserError: no such layer, or the images do not fit.
        """
        if layer not in self.layers:
            names = " or ".join(self.layers)
            raise UserError(f"{self._card.name} has no layer “{layer}”; choose {names}.")

        return self._of_images(images, lambda x: (pooled(self._net.features(x, layer)),))[0]

    def probabilities(self, images: Images) -> Mapping[str, NDArray[np.float32]]:
        """(b, h, w, c) float32 in 0..1 to each question's (b, classes), rows sum to 1.

        Raises:
            UserError: the images have another shape, or are not floating point.
        """
        answers = self._of_images(
            images, lambda x: tuple(logits.softmax(dim=1) for logits in self._net(x))
        )
        return {head.name: p for head, p in zip(self.heads, answers, strict=True)}
