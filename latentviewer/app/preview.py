"""What the preview asks and what it is answered; runs on the worker thread."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.readouts import Told, classify
from latentviewer.app.services import Nearest
from latentviewer.app.state import DenoisedTarget, LatentTarget, PlaceTarget, RowTarget, Target
from latentviewer.domain.observation import ObservedInverse, observation_of
from latentviewer.domain.ports import (
    Capability,
    Classifier,
    DataDistance,
    DataSet,
    DenoisingStep,
    Diffusion,
    Discriminator,
    Images,
    Inverse,
    Model,
)
from latentviewer.domain.space import Latents, Space
from latentviewer.domain.table import Numbers

FEW_STEPS = 4
"""Of denoising, for a first picture."""


@dataclass(frozen=True, eq=False)
class Sources:
    """Whom the worker asks: each may be absent, and the answer is then without it."""

    space: Space
    model: Model | None = None
    data: DataSet | None = None
    inverse: Inverse | None = None
    distance: DataDistance | None = None
    nearest: Nearest | None = None

    @property
    def diffusion(self) -> Diffusion | None:
        """The model, if it denoises."""
        model: object = self.model
        return model if isinstance(model, Diffusion) else None


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


@dataclass(frozen=True)
class Denoise:
    """How a latent is denoised before it is decoded.

    Attributes:
        steps: how many, of the `whole` that are wanted in the end.
        guidance, condition: what is asked for, and how strongly.
        seed: of the noise that is mixed in where `since` is below 1.
        since: the time to begin at; 1 takes the latent itself for the noise.
    """

    steps: int
    whole: int
    guidance: float = 1.0
    condition: tuple[tuple[str, str], ...] = ()
    seed: int = 0
    since: float = 1.0

    def of(self, latents: Latents, model: Diffusion) -> Iterator[DenoisingStep]:
        """From (b, d), step by step."""
        asked, guidance = dict(self.condition), self.guidance if self.condition else 1.0
        if self.since == 1.0:
            return model.denoising(latents, self.steps, guidance, asked)
        # One noise for all, so that near latents give near pictures.
        noise = np.repeat(model.noise(1, self.seed), len(latents), axis=0)
        return model.denoising(noise, self.steps, guidance, asked, data=latents, since=self.since)

    @property
    def words(self) -> str:
        """Such as `4 of 20, from half noise, label 6`."""
        begun = "from noise" if self.since == 1.0 else "from half noise"
        asked = [f"{name} {wanted}" for name, wanted in self.condition]
        return ", ".join([f"{self.steps} of {self.whole}", begun, *asked])


@dataclass(frozen=True, eq=False)
class Request:
    """One question of the preview.

    Attributes:
        target: a sample, a place, or a latent.
        noise: for a VAE, (d,) standard normal noise; the latent shown is
            mean + `spread` * std * noise. None shows the mean.
        spread: how many standard deviations, 0 to 3.
        posterior_samples: how many pictures around the mean to decode besides.
        denoise: how the latent is denoised first, or None where it is decoded as it is.
    """

    target: Target
    noise: Latents | None = None
    spread: float = 0.0
    posterior_samples: int = 0
    denoise: Denoise | None = None


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
class Glimpse:
    """The decoded picture, before the rest of the answer is there.

    Attributes:
        decoded: (h, w, c) float32 in 0..1; the answer holds this very array.
        far: as in the answer.
    """

    decoded: Images
    far: bool


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
        denoised: how the latent was denoised before it was decoded, in words, or empty.
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
    denoised: str = ""
    stand_in: StandIn | None = None
    told: tuple[Told, ...] | None = None
    score: float | None = None


def latent_of(target: Target, sources: Sources) -> Latents:
    """What a target stands for, (d,): an owned copy, for a mapped file cannot be written to."""
    if isinstance(target, RowTarget):
        return np.array(sources.space.latent[target.row], np.float32)
    if isinstance(target, PlaceTarget):
        if sources.inverse is None:
            raise ValueError("a place was asked for on a map without an inverse")
        place = np.array([target.place], np.float32)
        return np.array(sources.inverse.latents(place)[0], np.float32)
    return np.array(target.latent, np.float32)


def measured(target: Target, latent: Latents, sources: Sources) -> Latents | None:
    """What of a target is compared with the samples: `latent`, or in a space of noise its noise.

    None for data there, which no distance leads to.
    """
    if not sources.space.holds_noise:
        return latent
    return None if isinstance(target, DenoisedTarget) else latent_of(target, sources)


def first_look(target: Target, sources: Sources) -> Denoise | None:
    """In a space of noise, how a target becomes data where nobody said how; else None."""
    if not sources.space.holds_noise or isinstance(target, DenoisedTarget):
        return None
    return None if sources.diffusion is None else Denoise(FEW_STEPS, FEW_STEPS)


def answer(
    request: Request,
    sources: Sources,
    denoised: Latents | None = None,
    glimpse: Callable[[Glimpse], None] | None = None,
) -> Answer:
    """Looks up, decodes, compares. Pure but for the model it calls.

    Args:
        denoised: (d,) what the request's denoising gives, where that is known already.
        glimpse: told the decoded picture as soon as it is there: an original that is drawn
            and a discriminator's score can take as long again.
    """
    target = request.target
    space = sources.space
    row = None if isinstance(target, PlaceTarget) else target.row
    on_map = isinstance(target, PlaceTarget)
    inverse_name = sources.inverse.name if on_map and sources.inverse is not None else None
    denoise = request.denoise or first_look(target, sources)
    latent = latent_of(target, sources) if denoised is None else denoised
    if denoise is not None and denoised is None and sources.diffusion is not None:
        *_, last = denoise.of(latent[None], sources.diffusion)
        latent = last.latents[0]
    std = _std_of(target, space)
    if request.noise is not None and std is not None:
        latent = (latent + request.spread * std * request.noise).astype(np.float32)

    decodes = sources.model is not None and Capability.DECODE in sources.model.card.capabilities
    decoded: Images | None = None
    posterior: Images | None = None
    if decodes and sources.model is not None:
        decoded = sources.model.decode(latent[None])[0]
    distance: float | None = None
    far = False
    compared = measured(target, latent, sources)
    itself = denoise is None or space.holds_noise
    is_sample = isinstance(target, RowTarget) and request.noise is None and itself
    if not is_sample and compared is not None and sources.distance is not None and len(space):
        distance = sources.distance.to_nearest(compared)
        far = sources.distance.is_far(distance)
    if glimpse is not None and decoded is not None:
        glimpse(Glimpse(decoded, far))
    if decodes and sources.model is not None and request.posterior_samples and std is not None:
        posterior = sources.model.decode(_around(latent, std, request.posterior_samples))
    original = _original(row, sources)
    difference = None
    error = None
    if original is not None and decoded is not None and original.shape == decoded.shape:
        difference = decoded - original
        error = float(np.mean(np.square(difference, dtype=np.float64)))
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
        denoised="" if denoise is None else denoise.words,
        stand_in=None if decodes or is_sample else stand_in(latent, sources),
        told=_told(row, original, sources) if is_sample else None,
        score=_score(decoded, sources.model),
    )


def _observed(target: Target, sources: Sources) -> Observed | None:
    space = sources.space
    observation = observation_of(space)
    if observation is None or isinstance(target, LatentTarget | DenoisedTarget):
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
