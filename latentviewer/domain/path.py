"""A way through a latent space: waypoints in order, and how to go between them."""

import dataclasses
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.interpolation import Mode, interpolate
from latentviewer.domain.space import Latents

# A curve's length is measured along this many chords; for a half circle that is exact to
# 1 part in 10,000.
_CHORDS = 64
MOST_FRAMES = 100_000
"""More than an hour of film; the frames of a path are all in memory at once."""


@dataclass(frozen=True)
class Waypoint:
    """A place that a path goes through; equal waypoints have equal content.

    Attributes:
        latent: (d,); given as a tuple or an array, kept as a tuple of float32 values.
        row: the sample it is, or None.
        label: what the filmstrip calls it.
    """

    latent: tuple[float, ...] | Latents
    row: int | None = None
    label: str = ""

    def __post_init__(self) -> None:
        with np.errstate(over="ignore"):
            vector = np.asarray(self.latent, np.float32)
        if vector.ndim != 1 or vector.size == 0:
            raise UserError(f"A waypoint is one latent, not an array of shape {vector.shape}.")
        if not np.isfinite(vector).all():
            raise UserError("A waypoint holds NaN or infinite values; choose another latent.")
        object.__setattr__(self, "latent", tuple(vector.tolist()))

    def vector(self) -> Latents:
        """The latent as a fresh array, (d,) float32."""
        return np.array(self.latent, np.float32)


@dataclass(frozen=True)
class Path:
    """Waypoints in order. Never changed in place.

    Attributes:
        waypoints: all of one dimension.
        mode: the way between two waypoints.
        frames: how many frames the whole path has, 1 to `MOST_FRAMES`.
        closed: whether the path goes back from the last waypoint to the first.
        noise: whether the way leads through the noise of a diffusion model, from the noise
            of one waypoint to that of the next; see `noise_path`. `latents` then gives the
            way that a model without noise takes.
    """

    waypoints: tuple[Waypoint, ...] = ()
    mode: Mode = "linear"
    frames: int = 24
    closed: bool = False
    noise: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "waypoints", tuple(self.waypoints))
        if self.frames < 1:
            raise UserError(f"A path needs 1 frame or more, not {self.frames}.")
        if self.frames > MOST_FRAMES:
            raise UserError(f"A path has at most {MOST_FRAMES:,} frames, not {self.frames:,}.")
        dims = sorted({len(waypoint.latent) for waypoint in self.waypoints})
        if len(dims) > 1:
            raise UserError(
                f"The waypoints have {dims[0]} and {dims[1]} dimensions; "
                "all of a path must come from one space."
            )

    def latents(self) -> Latents:
        """The frames, (frames, d) float32; (0, 0) without waypoints.

        Neighbouring frames lie equally far apart along the path. The first and the last
        frame are exactly the path's ends; waypoints between them lie within half a step
        of a frame, which `waypoint_frames` names.
        """
        if not self.waypoints:
            return np.empty((0, 0), np.float32)
        stops = self._stops()
        if len(stops) == 1:
            return np.repeat(stops, self.frames, axis=0)
        t, lengths = self._lengths(stops)
        ends = np.cumsum(lengths[:, -1])
        starts = ends - lengths[:, -1]
        wanted = np.linspace(0.0, ends[-1], self.frames)
        segment = np.clip(np.searchsorted(ends, wanted), 0, len(lengths) - 1)
        frames = np.empty((self.frames, stops.shape[1]), np.float32)
        for i in np.unique(segment):
            here = segment == i
            at = np.interp(wanted[here] - starts[i], lengths[i], t)
            frames[here] = interpolate(stops[i], stops[i + 1], at, self.mode)
        frames[-1] = stops[-1]
        frames[0] = stops[0]
        return frames

    def waypoint_frames(self) -> NDArray[np.int64]:
        """The frame nearest to each waypoint, (len(waypoints),); the return is not counted."""
        if len(self.waypoints) < 2:
            return np.zeros(len(self.waypoints), np.int64)
        _, lengths = self._lengths(self._stops())
        along = np.concatenate([[0.0], np.cumsum(lengths[:, -1])])
        total = along[-1] if along[-1] > 0.0 else 1.0
        nearest = np.rint(along / total * (self.frames - 1)).astype(np.int64)
        return nearest[: len(self.waypoints)]

    def with_waypoint(self, waypoint: Waypoint, at: int | None = None) -> "Path":
        """One waypoint more, before the one at `at`, or at the end."""
        position = len(self.waypoints) if at is None else at
        if not 0 <= position <= len(self.waypoints):
            raise IndexError(position)
        before, after = self.waypoints[:position], self.waypoints[position:]
        return dataclasses.replace(self, waypoints=(*before, waypoint, *after))

    def without(self, i: int) -> "Path":
        """The waypoint at `i` taken out."""
        self._check(i)
        return dataclasses.replace(self, waypoints=self.waypoints[:i] + self.waypoints[i + 1 :])

    def moved(self, i: int, to: int) -> "Path":
        """The waypoint at `i` taken out and put back so that it stands at `to`."""
        self._check(to)
        return self.without(i).with_waypoint(self.waypoints[i], to)

    def replaced(self, i: int, waypoint: Waypoint) -> "Path":
        """Another waypoint in place of the one at `i`."""
        self._check(i)
        return self.without(i).with_waypoint(waypoint, i)

    def through(self, latents: Latents) -> "Path":
        """The same waypoints at other latents, (len(waypoints), d)."""
        moved = zip(self.waypoints, latents, strict=True)
        waypoints = tuple(dataclasses.replace(stop, latent=latent) for stop, latent in moved)
        return dataclasses.replace(self, waypoints=waypoints)

    def _check(self, i: int) -> None:
        if not 0 <= i < len(self.waypoints):
            raise IndexError(i)

    def _stops(self) -> Latents:
        returning = self.waypoints[:1] if self.closed and len(self.waypoints) > 1 else ()
        return np.array([stop.latent for stop in (*self.waypoints, *returning)], np.float32)

    def _lengths(self, stops: Latents) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Parameters (c + 1,) and, for each segment, the length up to each, (s, c + 1)."""
        if self.mode == "linear":
            chords = np.linalg.norm(np.diff(stops.astype(np.float64), axis=0), axis=1)
            return np.array([0.0, 1.0]), np.column_stack([np.zeros_like(chords), chords])
        t = np.linspace(0.0, 1.0, _CHORDS + 1)
        lengths = np.zeros((len(stops) - 1, len(t)))
        for i, (a, b) in enumerate(pairwise(stops)):
            points = interpolate(a, b, t, self.mode).astype(np.float64)
            steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
            lengths[i, 1:] = np.cumsum(steps)
        return t, lengths
