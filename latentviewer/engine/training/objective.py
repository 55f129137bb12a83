"""What a family minimises: the one thing about training that differs between families."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from latentviewer.domain.ports import DataSet, ImageShape


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step learns from.

    Attributes:
        images: (b, c, h, w) float32 in 0..1, channels_last.
        targets: by name, what the objective read from the data set's columns, each (b, ...).
        generator: where all noise of the step comes from; on the CPU.
        done: fraction of the run's steps done, 0..1.
    """

    images: Tensor
    targets: Mapping[str, Tensor]
    generator: torch.Generator
    done: float

    def noise(self, *shape: int) -> Tensor:
        """Standard normal numbers for the batch, (b, *shape), on the images' device."""
        drawn = torch.randn((len(self.images), *shape), generator=self.generator)
        return drawn.to(self.images.device)


class Objective(Protocol):
    """A loss with the network that it trains; a frozen dataclass, written into config.json."""

    @property
    def family(self) -> str:
        """Of the models that it makes."""
        ...

    @property
    def architecture(self) -> Any:
        """The network's config, a frozen dataclass."""
        ...

    @property
    def image(self) -> ImageShape:
        """The shape of the images that it learns from."""
        ...

    @property
    def unit(self) -> str:
        """Of the loss, such as `nats per image`."""
        ...

    @property
    def valid_figure(self) -> str:
        """The model card's name for the validation loss."""
        ...

    @property
    def validates(self) -> bool:
        """Whether the validation loss tells a better model, so that it may stop the run.

        Where it does not, as for a GAN, the last weights are kept.
        """
        ...

    @property
    def stages(self) -> tuple[float, ...]:
        """Fractions of the run at which a stage ends; each has a learning rate of its own."""
        ...

    def build(self) -> nn.Module:
        """A network with first weights from torch's own generator."""
        ...

    def targets(self, data: DataSet) -> Mapping[str, Tensor]:
        """What it needs beside the images, each (n, ...).

        Raises:
            UserError: a column is not there or does not fit.
        """
        ...

    def parameter_groups(self, net: Any, learning_rate: float) -> list[dict[str, Any]]:
        """The weights as groups for AdamW, each with `lr`."""
        ...

    def loss(self, net: Any, batch: Batch) -> Tensor:
        """The mean over the batch, a scalar to step down."""
        ...

    def validation(self, net: Any, batch: Batch) -> Tensor:
        """The loss of each held-out image, (b,), without what is there for training only."""
        ...

    def finish(self, net: Any) -> None:
        """What is left to do to the kept weights once the last epoch is over."""
        ...

    def latents(self, net: Any, images: Tensor) -> Tensor:
        """(b, c, h, w) to (b, d), where the images lie now; for the map that is drawn live."""
        ...


def all_parameters(net: nn.Module, learning_rate: float) -> list[dict[str, Any]]:
    """All weights in one group."""
    return [{"params": list(net.parameters()), "lr": learning_rate}]
