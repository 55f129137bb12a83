"""What the preview asks and what it is answered; runs on the worker thread."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.readouts import Told, classify
from latentviewer.app.services import Nearest
from latentviewer.app.state import LatentTarget, PlaceTarget, RowTarget, Target
from latentviewer.domain.observation import ObservedInverse, observation_of
from latentviewer.domain.ports import (
    Capability,
    Classifier,
    DataDistance,
    DataSet,
    Discriminator,
    Images,
    Inverse,
    Model,
)
from latentviewer.domain.space import Latents, Space
from latentviewer.domain.table import Numbers


@dataclass(frozen=True, eq=False)
class Sources:
    """Whom the worker asks: each may be absent, and the answer is then without it."""

    space: Space
    model: Model | None = None
    data: DataSet | None = None
    inverse: Inverse | None = None
    distance: DataDistance | None = None
    nearest: Nearest | None = None


@dataclass(frozen=True, eq=False)
class StandIn:
    """The nearest sample's original, for a latent that nothing decodes.

    Attributes:
        row, label: the sample.
        image: (h, w, c) float32 in 0..1.
    """

    row: int
    label: str
    image: Images


@dataclass(frozen=True, eq=False)
class Request:
    """One question of the preview.

    Attributes:
        target: a sample, a place, or a latent.
        noise: for a VAE, (d,) standard normal noise; the latent shown is
            mean + `spread` * std * noise. None shows the mean.
        spread: how many standard deviations, 0 to 3.
        posterior_samples: how many pictures around the mean to decode besides.
    """

    target: Target
    noise: Latents | None = None
    spread: float = 0.0
    posterior_samples: int = 0


@dataclass(frozen=True)
class Observed:
    """What is seen of a sample or at a place, where the latents are inferred from one number.

    Attributes:
        column: what is seen, such as `weight`.
        words: the number, such as `1.35 t`.
        truth: a sample's hidden class, or empty.
    """

    column: str
    words: str
    truth: str


@dataclass(frozen=True, eq=False)
class Answer:
    """What the preview shows.

    Attributes:
        title: such as `#401 · 7`, or `Between points`.
        row: the sample, if it is one.
        label: its label, or empty.
        latent: (d,) float32, what was decoded.
        std: (d,) float32 posterior standard deviation, or None.
        original: (h, w, c) float32 in 0..1, or None where the data are not here.
        decoded: (h, w, c) float32 in 0..1, or None without a decoder.
        difference: (h, w, c) float32 in -1..1, decoded - original.
        error: mean squared error per pixel, or None.
        inverse_name: which inverse made the latent, for an empty place.
        distance: Euclidean, from the latent to the nearest sample's, or None for a sample.
        far: whether that distance is beyond what is usual between samples.
        posterior: (m, h, w, c) pictures decoded around the mean, or None.
        observed: the number that the latent was inferred from, or None.
        stand_in: what is shown in place of a decoded picture where the model does not decode;
            None for a sample, which has its own original.
        told: what a classifier answers about the sample's original, question by question;
            None where there is no classifier, no sample or no original.
        score: a discriminator's log odds that the decoded picture is real, or None.
    """

    request: Request
    title: str
    row: int | None
    label: str
    latent: Latents
    std: Latents | None
    original: Images | None
    decoded: Images | None
    difference: Images | None
    error: float | None
    inverse_name: str | None
    distance: float | None
    far: bool
    posterior: Images | None
    observed: Observed | None = None
    stand_in: StandIn | None = None
    told: tuple[Told, ...] | None = None
    score: float | None = None


def answer(request: Request, sources: Sources) -> Answer:
    """Looks up, decodes, compares. Pure but for the model it calls."""
    target = request.target
    space = sources.space
    row: int | None = None
    inverse_name: str | None = None
    if isinstance(target, RowTarget):
        row = target.row
        latent = space.latent[row]
    elif isinstance(target, PlaceTarget):
        if sources.inverse is None:
            raise ValueError("a place was asked for on a map without an inverse")
        latent = sources.inverse.latents(np.array([target.place], np.float32))[0]
        inverse_name = sources.inverse.name
    else:
        latent = target.latent
        row = target.row
    # An owned copy: a space that is mapped from its file cannot be written to.
    latent = np.array(latent, np.float32)
    std = _std_of(target, space)
    if request.noise is not None and std is not None:
        latent = (latent + request.spread * std * request.noise).astype(np.float32)

    decodes = sources.model is not None and Capability.DECODE in sources.model.card.capabilities
    decoded: Images | None = None
    posterior: Images | None = None
    if decodes and sources.model is not None:
        decoded = sources.model.decode(latent[None])[0]
        if request.posterior_samples and std is not None:
            posterior = sources.model.decode(_around(latent, std, request.posterior_samples))
    original = _original(row, sources)
    difference = None
    error = None
    if original is not None and decoded is not None and original.shape == decoded.shape:
        difference = decoded - original
        error = float(np.mean(np.square(difference, dtype=np.float64)))
    distance: float | None = None
    far = False
    is_sample = isinstance(target, RowTarget) and request.noise is None
    if not is_sample and sources.distance is not None and len(space):
        distance = sources.distance.to_nearest(latent)
        far = sources.distance.is_far(distance)
    return Answer(
        request=request,
        title=_title(target, space),
        row=row,
        label=space.label(row) if row is not None else "",
        latent=latent,
        std=std,
        original=original,
        decoded=decoded,
        difference=difference,
        error=error,
        inverse_name=inverse_name,
        distance=distance,
        far=far,
        posterior=posterior,
        observed=_observed(target, sources),
        stand_in=None if decodes or is_sample else stand_in(latent, sources),
        told=_told(row, original, sources) if is_sample else None,
        score=_score(decoded, sources.model),
    )


def _observed(target: Target, sources: Sources) -> Observed | None:
    space = sources.space
    observation = observation_of(space)
    if observation is None or isinstance(target, LatentTarget):
        return None
    if isinstance(target, PlaceTarget):
        if not isinstance(sources.inverse, ObservedInverse):
            return None
        return Observed(observation.column, observation.words(10.0 ** target.place[0]), "")
    seen = space.columns.get(observation.column)
    truth = space.columns.get(observation.question)
    if not isinstance(seen, Numbers):
        return None
    return Observed(
        observation.column,
        observation.words(float(seen.values[target.row])),
        "" if truth is None else truth.text(target.row),
    )


def stand_in(latent: Latents, sources: Sources) -> StandIn | None:
    """The nearest sample to (d,) with its original; None where the data are not here.

    None as well where latents are inferred from a number: many samples share a posterior, and
    none of them stands for it.
    """
    space = sources.space
    if sources.data is None or sources.nearest is None or not len(space):
        return None
    if observation_of(space) is not None:
        return None
    rows, _ = sources.nearest(space.latent, latent, 1, ())
    image = _original(int(rows[0]), sources)
    return None if image is None else StandIn(int(rows[0]), space.label(int(rows[0])), image)


def _told(row: int | None, original: Images | None, sources: Sources) -> tuple[Told, ...] | None:
    model = sources.model
    if row is None or original is None or model is None or not isinstance(model, Classifier):
        return None
    shape = model.card.image
    if original.shape != (shape.height, shape.width, shape.channels):
        return None
    return classify(model, original, sources.space, row)


def _score(decoded: Images | None, model: Model | None) -> float | None:
    if decoded is None or model is None or not isinstance(model, Discriminator):
        return None
    return float(model.score(decoded[None])[0])


def _std_of(target: Target, space: Space) -> Latents | None:
    if isinstance(target, PlaceTarget) or space.latent_std is None:
        return None
    return None if target.row is None else np.array(space.latent_std[target.row])


def _around(latent: Latents, std: Latents, count: int) -> NDArray[np.float32]:
    # One fixed seed: the strip must not flicker while the cursor moves.
    noise = np.random.default_rng(0).standard_normal((count, len(latent)), np.float32)
    return (latent + std * noise).astype(np.float32)


def _original(row: int | None, sources: Sources) -> Images | None:
    if row is None or sources.data is None:
        return None
    image: NDArray[np.uint8] = sources.data.images(np.array([row], np.int64))[0]
    return np.asarray(image, np.float32) / np.float32(255)


def _title(target: Target, space: Space) -> str:
    if isinstance(target, RowTarget):
        label = space.label(target.row)
        return f"#{target.row} · {label}" if label else f"#{target.row}"
    return target.title if isinstance(target, LatentTarget) else "Between the points"
