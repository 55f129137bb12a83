"""The frames of a path, and how those come that are made of noise."""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.preview import Sources
from latentviewer.domain.noise_path import through_noise
from latentviewer.domain.path import Path
from latentviewer.domain.ports import DataDistance, Diffusion, Images, Model
from latentviewer.domain.space import Latents
from latentviewer.jobs.progress import Progress


@dataclass(frozen=True, eq=False)
class Film:
    """The frames of the present path.

    Attributes:
        latents: (f, d) float32.
        places: (f, 2 or 3) on the shown map, or None.
        waypoint_places: (w, 2 or 3), or None.
        images: (f, h, w, c) float32, the first `done` of them ready: decoded, or where the
            model does not decode, the nearest sample's original; None without either.
        done: frames ready so far.
        is_denoised: whether the frames come of noise: beyond `done` their latents and places
            are not there yet.
        waypoint_frames: the frame nearest to each waypoint, where the path itself cannot tell.
        distances: (f,) float32 to the nearest of the data, and `far` (f,) bool, whether
            that is beyond the usual; None before the data have been measured.
    """

    latents: Latents
    places: Latents | None
    waypoint_places: Latents | None
    images: Images | None
    done: int
    distances: NDArray[np.float32] | None = None
    far: NDArray[np.bool_] | None = None
    is_denoised: bool = False
    waypoint_frames: NDArray[np.int64] | None = None

    @property
    def whole(self) -> bool:
        """Whether all frames are there."""
        return self.done == len(self.latents)


def distances_of(
    latents: Latents, distance: DataDistance
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """How far each of (f, d) lies from the data, (f,), and which are far."""
    gaps = [distance.to_nearest(latent) for latent in latents]
    far = [distance.is_far(gap) for gap in gaps]
    return np.array(gaps, np.float32), np.array(far, np.bool_)


def denoised_film(
    path: Path,
    model: Model,
    sources: Sources,
    place: Callable[[Latents], Latents] | None,
    steps: int,
    condition: Mapping[str, str],
) -> Generator[Progress, None, Film]:
    """The frames of a path through noise; each report holds the film so far, once it has any.

    Args:
        place: (m, d) latents to (m, 2 or 3) places, or None. In a space of noise frames stand
            where their noise does.
    """
    assert isinstance(model, Diffusion)
    in_noise, shape = sources.space.holds_noise, model.card.image
    stops = np.array([waypoint.latent for waypoint in path.waypoints], np.float32)
    stop_places = place(stops) if place is not None else None
    images = np.zeros((path.frames, shape.height, shape.width, shape.channels), np.float32)
    places: Latents | None = None
    gaps, far = np.zeros(path.frames, np.float32), np.zeros(path.frames, np.bool_)
    measured = sources.distance is not None and not in_noise
    film = Film(np.zeros_like(stops), None, stop_places, images, 0, is_denoised=True)
    for come in through_noise(path, model, steps, condition, from_noise=in_noise):
        if come.done == film.done:
            yield Progress(come.fraction, come.text, film if film.done else None)
            continue
        new = slice(film.done, come.done)
        images[new] = model.decode(come.latents[new])
        if place is not None:
            shown = come.noise[new] if in_noise and come.noise is not None else come.latents[new]
            here = place(shown)
            places = here if places is None else np.concatenate([places, here])
        if measured and sources.distance is not None:
            gaps[new], far[new] = distances_of(come.latents[new], sources.distance)
        film = Film(
            come.latents, places, stop_places, images, come.done,
            gaps if measured and come.done == path.frames else None,
            far if measured and come.done == path.frames else None,
            is_denoised=True, waypoint_frames=come.waypoint_frames,
        )  # fmt: skip
        yield Progress(come.fraction, come.text, film)
    return film
