"""What can be trained, what is asked for, and what training reports."""

from dataclasses import dataclass
from pathlib import Path

from latentviewer.domain.space import Latents, Space


@dataclass(frozen=True)
class UnfinishedRun:
    """A run that was stopped, as it lies on the disk.

    Attributes:
        epoch, epochs: how many are done, of how many.
        seed: of the run.
        history: training and validation loss of each epoch done.
        fault: why it cannot be gone on with, a sentence, or None.
    """

    epoch: int
    epochs: int
    seed: int
    history: tuple[tuple[float, float], ...] = ()
    fault: str | None = None


@dataclass(frozen=True)
class RecipeOffer:
    """A recipe as the window offers it.

    Attributes:
        name: what commands call it. title: one line.
        data: the data set that it trains on, such as `mnist:train`.
        epochs: at most. seed: the recipe's own.
        folder: where the model goes, or where the unfinished run lies.
        finished: a finished model of the recipe that lies beside it and stays, or None.
        missing: why it cannot be trained now, a sentence, or None.
        fetch: the name of the data set to get, where its data are missing and can be had.
        unfinished: the run that lies in `folder`, or None.
    """

    name: str
    title: str
    data: str
    epochs: int
    seed: int
    folder: Path
    finished: Path | None = None
    missing: str | None = None
    fetch: str | None = None
    unfinished: UnfinishedRun | None = None


@dataclass(frozen=True, eq=False)
class TrainingRequest:
    """What a person asked for.

    Attributes:
        recipe: its name.
        epochs, seed: instead of the recipe's own; an unfinished run keeps its own.
        afresh: throws an unfinished run's state away.
        after: the last picture of the sitting that this one goes on from, which the first
            picture is turned to; None where there is none.
    """

    recipe: str
    epochs: int | None = None
    seed: int | None = None
    afresh: bool = False
    after: "Snapshot | None" = None


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Where the watched samples lay at one moment.

    Attributes:
        coordinates: (n, 2) float32, the plane of their PCA, turned to match the one before.
        epoch: epochs done by then, such as 3.25.
        explained: share of the variance that lies in the plane, 0 to 1.
    """

    coordinates: Latents
    epoch: float
    explained: float


@dataclass(frozen=True, eq=False)
class TrainingReport:
    """All there is to tell of a run at one moment; any report may be left out.

    Attributes:
        epoch: under way, from 1. epochs: at most.
        text: one short sentence.
        loss: the training loss of the epoch so far, or None.
        position: epochs done, with a fraction, such as 3.25.
        history: training and validation loss of each finished epoch.
        unit: of the losses, such as `nats per image`.
        folder: where the state of the run is kept.
        watched: the table of the samples that are drawn; its latents mean nothing.
        snapshot: the newest, or None before the first.
    """

    epoch: int
    epochs: int
    text: str
    loss: float | None
    position: float
    history: tuple[tuple[float, float], ...]
    unit: str
    folder: Path
    watched: Space
    snapshot: Snapshot | None

    @property
    def best(self) -> tuple[int, float] | None:
        """The epoch with the best validation loss, and that loss; None before the first."""
        if not self.history:
            return None
        epoch = min(range(len(self.history)), key=lambda i: self.history[i][1])
        return epoch + 1, self.history[epoch][1]


@dataclass(frozen=True)
class TrainedModel:
    """A model that training left.

    Attributes:
        folder: its folder. name: the folder's name.
        data: the data set to see it with, which it was measured on.
        figure: the figure to name it by, in words; may be empty.
        epochs, best_epoch: trained, and which of them the weights are of.
    """

    folder: Path
    name: str
    data: str
    figure: str
    epochs: int
    best_epoch: int
