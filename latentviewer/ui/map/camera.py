"""Where the map is looked at from; plain numbers, no Qt."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]
_MARGIN = 0.07
_LEAST_FREE = 0.6
_STEEPEST = math.radians(89)


@dataclass(frozen=True)
class Camera:
    """An orthographic camera over 2 or 3 map axes.

    Attributes:
        dims: 2 or 3.
        centre: the map point in the middle of the picture.
        scale: pixels per map unit.
        yaw, pitch: in 3D, radians; the camera turns around the vertical axis and tilts.
    """

    dims: int
    centre: tuple[float, ...]
    scale: float
    yaw: float = math.radians(-35)
    pitch: float = math.radians(22)

    def fitted(
        self,
        points: Points,
        width: float,
        height: float,
        covered: tuple[float, float] = (0.0, 0.0),
        above: float = 0.0,
    ) -> "Camera":
        """Looks at all points from the present side; fine with none, one, or constant axes.

        Args:
            covered: pixels at the left and the right edge that something floats over.
            above: pixels at the upper edge.
        """
        if len(points) == 0:
            return dataclasses.replace(self, centre=(0.0,) * self.dims, scale=100.0)
        low, high = points.min(axis=0).astype(float), points.max(axis=0).astype(float)
        centre = (low + high) / 2
        left, right = covered
        # In a narrow window some points rather lie under the legend than all of them tiny.
        free = max(width - left - right, _LEAST_FREE * width)
        high_free = max(height - above, _LEAST_FREE * height)
        if self.dims == 2:
            extent = high - low
            room = [
                side / span for side, span in zip((free, high_free), extent, strict=True) if span
            ]
        else:
            # Any turn must fit, so the farthest point from the middle counts.
            sphere = 2 * float(np.sqrt(np.square(points - centre).sum(axis=1).max()))
            room = [min(free, high_free) / sphere] if sphere else []
        scale = min(room) * (1 - 2 * _MARGIN) if room else 100.0
        fitted = dataclasses.replace(self, centre=tuple(centre.tolist()), scale=float(scale))
        share = (left - right) / (left + right) if left + right else 0.0
        return fitted.panned(share * (width - free) / 2, (height - high_free) / 2)

    def axes(self) -> NDArray[np.float64]:
        """Rows: right, down and away, in map units; (2, 2) or (3, 3)."""
        if self.dims == 2:
            return np.array([[1.0, 0.0], [0.0, -1.0]])
        sin_yaw, cos_yaw = math.sin(self.yaw), math.cos(self.yaw)
        sin_pitch, cos_pitch = math.sin(self.pitch), math.cos(self.pitch)
        right = (cos_yaw, sin_yaw, 0.0)
        away = (-sin_yaw * cos_pitch, cos_yaw * cos_pitch, -sin_pitch)
        down = (sin_yaw * sin_pitch, -cos_yaw * sin_pitch, -cos_pitch)
        return np.array([right, down, away])

    def transform(self, width: float, height: float, ratio: float = 1.0) -> Points:
        """(2, 3) or (3, 4): from map units to device pixels and, in 3D, depth."""
        matrix = np.zeros((self.dims, self.dims + 1))
        matrix[:, : self.dims] = self.axes()
        matrix[:2, : self.dims] *= self.scale * ratio
        moved = matrix[:, : self.dims] @ np.array(self.centre)
        matrix[:, self.dims] = -moved
        matrix[0, self.dims] += width * ratio / 2
        matrix[1, self.dims] += height * ratio / 2
        return matrix.astype(np.float32)

    def to_pixels(self, points: NDArray[np.floating], width: float, height: float) -> Points:
        """(n, dims) map points to (n, 2) logical pixels."""
        matrix = self.transform(width, height).astype(np.float64)
        pixels = points @ matrix[:2, : self.dims].T + matrix[:2, self.dims]
        return np.asarray(pixels, np.float32)

    def picture_of(
        self, centre: Points, covariance: NDArray[np.float64], width: float, height: float
    ) -> tuple[Points, NDArray[np.float64]]:
        """A Gaussian (dims,), (dims, dims) as it is seen: (2,) pixels and (2, 2) squared pixels."""
        to_picture = self.axes()[:2] * self.scale
        spot = self.to_pixels(centre[None], width, height)[0]
        return spot, np.asarray(to_picture @ covariance @ to_picture.T)

    def to_map(self, x: float, y: float, width: float, height: float) -> tuple[float, ...]:
        """The map point at a logical pixel; in 3D on the plane through the centre."""
        right, down = self.axes()[:2]
        moved = (x - width / 2) * right + (y - height / 2) * down
        return tuple((np.array(self.centre) + moved / self.scale).tolist())

    def panned(self, dx: float, dy: float) -> "Camera":
        """Drags the map by pixels."""
        right, down = self.axes()[:2]
        centre = np.array(self.centre) - (dx * right + dy * down) / self.scale
        return dataclasses.replace(self, centre=tuple(centre.tolist()))

    def zoomed(self, factor: float, x: float, y: float, width: float, height: float) -> "Camera":
        """Zooms; the map point at the pixel stays there."""
        scale = min(max(self.scale * factor, 1e-9), 1e12)
        before = np.array(self.to_map(x, y, width, height))
        closer = dataclasses.replace(self, scale=scale)
        after = np.array(closer.to_map(x, y, width, height))
        centre = np.array(self.centre) + before - after
        return dataclasses.replace(closer, centre=tuple(centre.tolist()))

    def orbited(self, dx: float, dy: float) -> "Camera":
        """Turns by a drag of pixels; half a degree each. Nothing in 2D."""
        if self.dims == 2:
            return self
        pitch = min(max(self.pitch + math.radians(0.5) * dy, -_STEEPEST), _STEEPEST)
        return dataclasses.replace(self, yaw=self.yaw - math.radians(0.5) * dx, pitch=pitch)

    def between(self, other: "Camera", share: float) -> "Camera":
        """On the way to another camera; the scale moves geometrically."""

        def mix(a: float, b: float) -> float:
            return a + (b - a) * share

        return Camera(
            self.dims,
            tuple(mix(a, b) for a, b in zip(self.centre, other.centre, strict=True)),
            self.scale * (other.scale / self.scale) ** share,
            mix(self.yaw, other.yaw),
            mix(self.pitch, other.pitch),
        )


def nice_ticks(low: float, high: float, count: int) -> list[float]:
    """About `count` round numbers between low and high: steps of 1, 2 or 5 times ten to n."""
    span = high - low
    if not span > 0 or count < 1:
        return []
    rough = span / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
    first = math.ceil(low / step)
    return [index * step for index in range(first, math.floor(high / step) + 1)]
