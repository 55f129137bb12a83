"""Everything that decides what comes out of training by gradients."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.ports import DataSet
from latentviewer.engine.training.objective import Objective


@dataclass(frozen=True)
class Recipe:
    """Everything that decides what comes out of training, apart from the data's bytes.

    Attributes:
        name: what the command line calls it, and the model's folder.
        title: one line for the model card.
        data, test_data: data sets by name; the second is used for figures only.
        objective: what is minimised, with the network.
        epochs: passes over the training images, at most.
        holdout: images kept out of training to decide when to stop.
        patience: epochs without a better validation loss after which training stops.
        learning_rate: the peak; reached after `warmup` of all steps, then cosine to zero.
        clip: largest norm of a gradient.
        batch: images per step.
        seed: of the first weights, the split, the order of the images and the noise.
        warmup: fraction of all steps.
        weight_decay: of AdamW (Loshchilov and Hutter, 2019).
        averaging: decay of the running average of the weights; the average is what is kept.
        reduced_precision: compute the layers in bfloat16 where that is faster; too coarse for
            models with only a few nats of KL.
        half_weights: keep the finished weights as float16, in half the space; the figures are
            measured with them.
    """

    name: str
    title: str
    data: str
    test_data: str
    objective: Objective
    epochs: int
    holdout: int
    patience: int
    learning_rate: float
    clip: float
    batch: int = 128
    seed: int = 0
    warmup: float = 0.05
    weight_decay: float = 1e-3
    averaging: float = 0.999
    reduced_precision: bool = True
    half_weights: bool = False

    @property
    def family(self) -> str:
        """Of the model that it makes."""
        return self.objective.family

    @property
    def unit(self) -> str:
        """Of the loss."""
        return self.objective.unit

    @property
    def valid_figure(self) -> str:
        """The model card's name for the validation loss."""
        return self.objective.valid_figure

    def seen(self, data: DataSet) -> NDArray[np.float64] | None:
        """What it looks at in place of images, (n,); None, for it looks at images."""
        return None

    def as_json(self) -> dict[str, Any]:
        """All fields as JSON values."""
        described = dataclasses.asdict(self)  # a dataclass within is a dict within
        return described | {"family": self.objective.family}

    def apart(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The architecture, and how it is trained, as config.json has them."""
        described = dataclasses.asdict(self)
        return described["objective"].pop("architecture"), described

    def facts(self, training: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
        """What the model card says of a finished run.

        Args:
            training: of config.json.
        """
        widening = training["objective"].get("widening", 1.0)
        widened = (
            "prior",
            f"made {widening:g} times wider after training, by the first layer's weights",
        )
        return (
            ("data held out", f"{self.holdout:,} to decide when to stop"),
            (
                "epochs",
                f"{training['epochs_done']} of at most {self.epochs}; the weights are the running "
                f"average at epoch {training['best_epoch']}",
            ),
            (
                "arithmetic",
                f"{training['precision']} while training, float32 everywhere else; "
                f"torch {training['torch']}",
            ),
            *((widened,) if widening != 1.0 else ()),
        )
