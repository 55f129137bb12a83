"""What a model, a data set and a map renderer can do, as the rest of the program sees it.

All arrays at these ports are numpy arrays that the receiver owns. Models are called on
one thread only, the worker's; see `latentviewer.jobs`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.observation import Observation
from latentviewer.domain.space import Latents
from latentviewer.domain.table import Column

Images = NDArray[np.float32]


class Capability(StrEnum):
    """What a model offers; a panel shows itself where its capability is there."""

    ENCODE = "encode"
    DECODE = "decode"
    SAMPLE = "sample"
    POSTERIOR = "posterior"
    DISCRIMINATE = "discriminate"
    DENOISE = "denoise"
    LAYERS = "layers"
    CLASSIFY = "classify"
    INVERT = "invert"
    OBSERVE = "observe"


@dataclass(frozen=True)
class ImageShape:
    """Height and width in pixels; 1 channel for grey, 3 for RGB."""

    height: int
    width: int
    channels: int


NO_IMAGE = ImageShape(0, 0, 0)
"""Of a model that neither takes nor makes images."""


@dataclass(frozen=True)
class ModelCard:
    """What is known of a model without running it.

    Attributes:
        name: the folder's or file's name.
        path: where it lies, as text.
        family: such as `conv-vae`.
        latent_dim: dimensions of one latent.
        image: the shape of its images, or `NO_IMAGE`.
        capabilities: what it can do.
        data: the data set it was trained on, by name, if known.
        weights_hash: SHA-256 of the weights file, hexadecimal.
        parameters: how many weights.
        figures: measured figures from its config, such as {"test_nelbo_nats": 101.2}.
    """

    name: str
    path: str
    family: str
    latent_dim: int
    image: ImageShape
    capabilities: frozenset[Capability]
    data: str | None
    weights_hash: str
    parameters: int
    figures: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Posterior:
    """What an encoder gives: mean (b, d) and, for a VAE, standard deviation (b, d)."""

    mean: Latents
    std: Latents | None = None


class Model(Protocol):
    """A loaded model. Call only what `card.capabilities` names."""

    @property
    def card(self) -> ModelCard: ...

    def encode(self, images: Images) -> Posterior:
        """(b, h, w, c) float32 in 0..1 to a posterior over (b, d)."""
        ...

    def decode(self, latents: Latents) -> Images:
        """(b, d) float32 to (b, h, w, c) float32 in 0..1."""
        ...

    def sample(self, count: int, seed: int) -> Latents:
        """(count, d) latents drawn from the prior."""
        ...


@runtime_checkable
class Discriminator(Protocol):
    """A model with the capability `discriminate`."""

    def score(self, images: Images) -> NDArray[np.float32]:
        """(b, h, w, c) float32 in 0..1 to the log odds that they are real, (b,)."""
        ...


@dataclass(frozen=True, eq=False)
class Inversion:
    """How far a search for latents has come.

    Attributes:
        step: steps done, of `steps`.
        latents: the best so far, (b, d) float32.
        errors: their pictures' mean squared error per value in 0..1, (b,) float32.
    """

    step: int
    steps: int
    latents: Latents
    errors: NDArray[np.float32]


@runtime_checkable
class Invertible(Protocol):
    """A model with the capability `invert`: it has no encoder, but latents can be searched."""

    def inverting(self, images: Images, steps: int, seed: int) -> Iterator[Inversion]:
        """Latents for (b, h, w, c) float32 in 0..1, better with each step."""
        ...


@dataclass(frozen=True, eq=False)
class DenoisingStep:
    """One step on the way from noise to data, or back.

    Attributes:
        step: steps done, of `steps`.
        time: 1 for noise, 0 for data.
        latents: where the samples are now, (b, d) float32.
        expected: the data that they are taken to become, (b, d) float32.
    """

    step: int
    steps: int
    time: float
    latents: Latents
    expected: Latents


@runtime_checkable
class Diffusion(Protocol):
    """A model with the capability `denoise`."""

    @property
    def conditions(self) -> Mapping[str, tuple[str, ...]]:
        """What can be asked for, with the possible classes."""
        ...

    def noise(self, count: int, seed: int) -> Latents:
        """(count, d) noise to start from; same seed, same noise."""
        ...

    def denoising(
        self,
        noise: Latents,
        steps: int,
        guidance: float,
        condition: Mapping[str, str],
        *,
        data: Latents | None = None,
        since: float = 1.0,
    ) -> Iterator[DenoisingStep]:
        """From noise (b, d) to data; the same noise always gives the same image.

        Args:
            data: (b, d) what the noise is mixed with where it does not begin at 1.
            since: the time to begin at.
        """
        ...

    def renoising(
        self, latents: Latents, steps: int, condition: Mapping[str, str]
    ) -> Iterator[DenoisingStep]:
        """From data (b, d) back to the noise that `denoising` makes them from."""
        ...


@runtime_checkable
class KnowsConditions(Protocol):
    """A diffusion model that can tell what a sample of its data set would be asked for as."""

    def condition_of(self, values: Mapping[str, str | float]) -> Mapping[str, str]:
        """A sample's values by column to the class of each condition that they settle."""
        ...


@runtime_checkable
class Classifier(Protocol):
    """A model with the capability `classify`."""

    @property
    def classes(self) -> Mapping[str, tuple[str, ...]]:
        """The possible answers to each question it was trained on."""
        ...

    @property
    def thresholds(self) -> Mapping[str, float]:
        """For questions about a number: below it the first answer is true, else the second."""
        ...

    def probabilities(self, images: Images) -> Mapping[str, NDArray[np.float32]]:
        """(b, h, w, c) float32 in 0..1 to each question's (b, classes); rows sum to 1."""
        ...


@runtime_checkable
class Layered(Protocol):
    """A model with the capability `layers`."""

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of its layers, from the input to the output."""
        ...

    def features(self, images: Images, layer: str) -> Latents:
        """(b, h, w, c) float32 in 0..1 to what the layer makes of them, (b, d of the layer).

        Where a layer keeps places, its values are averaged over the picture.
        """
        ...


@runtime_checkable
class Observing(Protocol):
    """A model with the capability `observe`: it sees one number of each sample, no image."""

    @property
    def observation(self) -> Observation:
        """Which number it sees, and what that says about the hidden class."""
        ...

    def posterior(self, values: NDArray[np.float64]) -> Latents:
        """(n,) observed numbers above 0 to the classes' probabilities, (n, k); rows sum to 1."""
        ...


class DataSet(Protocol):
    """Samples in a fixed order; row i of a space is sample i of its data set."""

    @property
    def name(self) -> str:
        """Such as `mnist:test`."""
        ...

    @property
    def image(self) -> ImageShape: ...

    @property
    def columns(self) -> Mapping[str, Column]:
        """Labels and whatever else is known of each sample."""
        ...

    def __len__(self) -> int: ...

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named samples, (len(rows), h, w, c) uint8."""
        ...


@runtime_checkable
class Inverse(Protocol):
    """The way back from a place on the map to a latent."""

    @property
    def name(self) -> str:
        """What the badge says, such as `PCA, exact in the plane`."""
        ...

    def latents(self, places: NDArray[np.float32]) -> Latents:
        """(m, 2 or 3) places to (m, d) latents."""
        ...


@dataclass(frozen=True, eq=False)
class Splat:
    """What the rasteriser needs for one frame. Coordinates are pixels of the picture.

    Attributes:
        coordinates: (n, 2) or (n, 3) float32 in map units. Later points cover earlier ones,
            unless `mixed`; in 3D the nearer one covers, and this counts for equally near ones.
        transform: (2, 3) or (3, 4) float32, affine from map units to pixels (x right,
            y down) and, in 3D, depth (smaller is nearer).
        colours: (n,) uint8 or uint16 index into `palette`.
        palette: (k, 4) uint8 straight RGBA; alpha 0 hides the points of that colour, and
            hidden points are absent from the id buffer too.
        radius: disc radius in pixels.
        width, height: of the picture, in device pixels.
        background: (4,) uint8 RGBA.
        mixed: whether which point covers which is mixed evenly instead, so that the order of
            the points, and with it any class, is of no account.
        on_top: how many of the last points cover all before them even so.
    """

    coordinates: NDArray[np.float32]
    transform: NDArray[np.float32]
    colours: NDArray[np.uint8] | NDArray[np.uint16]
    palette: NDArray[np.uint8]
    radius: float
    width: int
    height: int
    background: NDArray[np.uint8]
    mixed: bool = False
    on_top: int = 0


@dataclass(frozen=True, eq=False)
class Frame:
    """A drawn map.

    Attributes:
        pixels: (height, width, 4) uint8 RGBA.
        ids: (height, width) int32, which point (row of `Splat.coordinates`) covers the
            pixel; -1 where none.
        drawn: points whose centre lies in the picture and is not hidden.
    """

    pixels: NDArray[np.uint8]
    ids: NDArray[np.int32]
    drawn: int


class Rasteriser(Protocol):
    """Draws points and answers questions of geometry about them."""

    def draw(self, splat: Splat) -> Frame:
        """Soft discs, with the exact id buffer."""
        ...

    def draw_density(self, splat: Splat) -> Frame:
        """How many points lie where, in the mean of their colours; ids as `draw` gives."""
        ...

    def inside(
        self, points: NDArray[np.float32], polygon: NDArray[np.float32]
    ) -> NDArray[np.bool_]:
        """Which of (n, 2) points lie in the (m, 2) polygon, by the even-odd rule; exact."""
        ...


Deliver = Callable[[Callable[[], None]], None]
"""Hands a callable to the main thread; the only way a worker reaches the session."""


class DataDistance(Protocol):
    """How far a latent lies from the data, Euclidean, in latent space."""

    def to_nearest(self, latent: Latents) -> float:
        """From (d,) to the nearest of the data."""
        ...

    def is_far(self, distance: float) -> bool:
        """Whether that is beyond the usual distance between neighbours in the data."""
        ...
