"""How far a map can be trusted, as jobs of the worker."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from latentviewer.domain.stepping import passed_on
from latentviewer.jobs.progress import Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from latentviewer.app.services import MapResult
    from latentviewer.domain.map_judgement import MapJudgement
    from latentviewer.domain.ports import Inverse
    from latentviewer.domain.space import Latents

T = TypeVar("T")

_SAMPLE, _HELD_OUT = 3_000, 500
_WIDTH = 30
"""So many neighbours are known on each side; the nearer half are those that count."""
_COMMON = 15


def judge(
    latents: Latents, result: MapResult, codes: NDArray[np.int32] | None
) -> Generator[Progress, None, MapJudgement]:
    """See `Services.judge`."""
    from latentviewer.projection.inverse import NeighbourInverse
    from latentviewer.projection.inverse_error import inverse_error
    from latentviewer.projection.judging import judge_steps

    inverse = result.inverse
    found = yield from _progress(
        judge_steps(latents, result.coordinates, codes=codes, sample=_SAMPLE)
    )
    missed = inverse_error(
        latents,
        result.coordinates,
        NeighbourInverse if isinstance(inverse, NeighbourInverse) else lambda _xy, _z: inverse,
        _HELD_OUT,
    )
    return dataclasses.replace(found, inverse_error=missed.error, held_out=missed.held_out)


def learn_inverse(
    latents: Latents, coordinates: Latents
) -> Generator[Progress, None, tuple[Inverse, float, float]]:
    """See `Services.learn_inverse`."""
    from latentviewer.projection.learned_inverse import train_inverse

    made = yield from _progress(train_inverse(latents, coordinates))
    return made, made.error, made.neighbour_error


def common_neighbours(
    first: Latents, second: Latents
) -> Generator[Progress, None, NDArray[np.float32]]:
    """See `Services.overlap`."""
    from latentviewer.projection.kept_neighbours import map_neighbours
    from latentviewer.projection.overlap import overlap

    yield Progress(0.0, "neighbours on the first map")
    near = map_neighbours(first, _COMMON)
    yield Progress(0.5, "neighbours on the second map")
    return overlap(near, map_neighbours(second, _COMMON))


def check_cluster(
    latents: Latents, coordinates: Latents, rows: NDArray[np.int64]
) -> Generator[Progress, None, str]:
    """See `Services.check_cluster`."""
    from latentviewer.projection.cluster_check import cluster_steps

    found = yield from _progress(cluster_steps(latents, coordinates, rows))
    return found.sentence


def _progress(steps: Generator[float, None, T]) -> Generator[Progress, None, T]:
    """Fractions as progress."""
    return passed_on(steps, lambda done: Progress(done, ""))


def shuffle(latents: Latents, seed: int) -> Latents:
    """See `Services.shuffled`."""
    from latentviewer.projection.shuffled import shuffled

    return shuffled(latents, seed)


def neighbour_faults(
    latents: Latents, coordinates: Latents
) -> Generator[Progress, None, tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """See `Services.neighbour_faults`."""
    from latentviewer.projection.kept_neighbours import kept_neighbours, map_neighbours
    from latentviewer.projection.neighbourhood import find_neighbourhood

    yield Progress(None, "neighbours on the map")
    below = map_neighbours(coordinates, _WIDTH)
    yield Progress(None, "neighbours in latent space")
    above, _ = find_neighbourhood(latents, _WIDTH, "euclidean", lambda _fraction, _text: None)
    yield Progress(None, "comparing")
    return kept_neighbours(above, below)
