"""A path through the noise of a diffusion model."""

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.path import Path
from latentviewer.domain.ports import Diffusion
from latentviewer.domain.space import Latents

FRAMES_AT_ONCE = 8


@dataclass(frozen=True, eq=False)
class NoisePath:
    """How far the frames of a path through noise have come.

    Attributes:
        fraction: of the work, 0 to 1.
        text: the stage, in plain words.
        latents: (frames, d) float32, the first `done` of them denoised.
        noise: (frames, d) float32 what they are denoised from; None before it is found.
        done: frames so far.
        waypoint_frames: the frame nearest to each waypoint, or None before the noise is found.
    """

    fraction: float
    text: str
    latents: Latents
    noise: Latents | None
    done: int
    waypoint_frames: NDArray[np.int64] | None


def through_noise(
    path: Path,
    model: Diffusion,
    steps: int,
    condition: Mapping[str, str],
    *,
    from_noise: bool = False,
) -> Iterator[NoisePath]:
    """Finds the noise of each waypoint, goes from noise to noise by slerp, denoises each frame.

    Noise of many dimensions lies near a sphere, and slerp stays on it; the straight way would
    pass through noise that is too weak (Song et al., "Denoising diffusion implicit models",
    2021, section 5.3). Guidance is 1 both ways, so that the waypoints come back as they were.

    Args:
        steps: of denoising, and of finding the noise.
        condition: what is asked for on the whole way.
        from_noise: whether the waypoints are noise already; the path's own mode then joins them.

    Yields:
        After each step of the model; `latents` is the same array each time.

    Raises:
        UserError: the model cannot be asked for that.
    """
    stops = np.array([waypoint.latent for waypoint in path.waypoints], np.float32)
    batches = -(-path.frames // FRAMES_AT_ONCE)
    # A step towards noise costs about as much as four of denoising, for it is solved for.
    towards = 0.0 if from_noise else 4.0 * len(stops)
    whole = towards + batches * FRAMES_AT_ONCE
    frames = np.zeros((path.frames, stops.shape[1]), np.float32)
    way = path
    if not from_noise:
        noise = stops
        for step in model.renoising(stops, steps, condition):
            noise = step.latents
            share, text = step.step / steps, f"finding noise, step {step.step} of {steps}"
            yield NoisePath(towards / whole * share, text, frames, None, 0, None)
        way = dataclasses.replace(path, mode="slerp").through(noise)
    noises, pins = way.latents(), way.waypoint_frames()
    for start in range(0, path.frames, FRAMES_AT_ONCE):
        part = slice(start, min(start + FRAMES_AT_ONCE, path.frames))
        for step in model.denoising(noises[part], steps, 1.0, condition):
            share = (towards + start + FRAMES_AT_ONCE * step.step / steps) / whole
            text = f"denoising frame {start + 1} to {part.stop} of {path.frames}"
            if step.step == steps:
                frames[part] = step.latents
                yield NoisePath(share, text, frames, noises, part.stop, pins)
            else:
                yield NoisePath(share, text, frames, noises, start, pins)
