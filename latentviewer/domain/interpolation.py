"""Ways between two latents."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents

Mode: TypeAlias = Literal["linear", "slerp"]
MODES: tuple[Mode, ...] = get_args(Mode)

Interpolation: TypeAlias = Callable[[NDArray[Any], NDArray[Any], NDArray[Any]], Latents]

# Below this sine, two directions count as parallel or opposite: the part of one that is
# orthogonal to the other is then mostly float64 rounding.
_SMALLEST_SINE = 1e-8


def lerp(a: NDArray[Any], b: NDArray[Any], t: NDArray[Any]) -> Latents:
    """The straight way from a to b.

    Args:
        a: (d,) where t is 0.
        b: (d,) where t is 1.
        t: (f,); outside 0..1 the line goes on.

    Returns:
        (f, d) float32, computed in float64; exactly a and b at t = 0 and t = 1.
    """
    start, end, at = _float64(a, b, t)
    return _float32(_lerp(start, end, at))


def slerp(a: NDArray[Any], b: NDArray[Any], t: NDArray[Any]) -> Latents:
    """The way from a to b along a great circle, at even angular speed.

    Shoemake 1985, section 3.3, for directions; the norm goes linearly from |a| to |b|, so
    that ends of equal norm keep it. Where there is no single great circle: parallel ends
    and ends of which one is zero are joined by a straight line; exactly opposite ends by
    the great circle through the axis that is least aligned with a, made orthogonal to it;
    for d = 1 there is only the straight line.

    Args:
        a: (d,) where t is 0.
        b: (d,) where t is 1.
        t: (f,); outside 0..1 the circle goes on.

    Returns:
        (f, d) float32, computed in float64; exactly a and b at t = 0 and t = 1.
    """
    start, end, at = _float64(a, b, t)
    norm_start, norm_end = float(np.linalg.norm(start)), float(np.linalg.norm(end))
    if norm_start == 0.0 or norm_end == 0.0:
        return _float32(_lerp(start, end, at))
    u, v = start / norm_start, end / norm_end
    # 2 atan2(|u - v|, |u + v|) is exact for small and for large angles, arccos is not.
    angle = 2.0 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
    across = v - (u @ v) * u
    sine = float(np.linalg.norm(across))
    if sine < _SMALLEST_SINE:
        if angle < 1.0 or len(u) == 1:
            return _float32(_lerp(start, end, at))
        across = _orthogonal_to(u)
    else:
        # Once more, because for nearly opposite ends the first step leaves a rest along u.
        across = across / sine
        across -= (u @ across) * u
        across /= np.linalg.norm(across)
    norms = norm_start + (norm_end - norm_start) * at
    way = np.cos(at * angle)[:, None] * u + np.sin(at * angle)[:, None] * across
    result = norms[:, None] * way
    result[at == 0.0] = start
    result[at == 1.0] = end
    return _float32(result)


INTERPOLATIONS: Mapping[Mode, Interpolation] = MappingProxyType({"linear": lerp, "slerp": slerp})


def interpolate(a: NDArray[Any], b: NDArray[Any], t: NDArray[Any], mode: Mode) -> Latents:
    """From a to b, each (d,), at t (f,), by the named mode: (f, d) float32."""
    return INTERPOLATIONS[mode](a, b, t)


def _float64(
    a: NDArray[Any], b: NDArray[Any], t: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    start, end = np.asarray(a, np.float64), np.asarray(b, np.float64)
    at = np.asarray(t, np.float64)
    if start.ndim != 1 or start.shape != end.shape or start.size == 0:
        raise ValueError(f"ends must both be (d,), not {start.shape} and {end.shape}")
    if at.ndim != 1:
        raise ValueError(f"t must be (f,), not {at.shape}")
    return start, end, at


def _lerp(
    start: NDArray[np.float64], end: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    return (1.0 - at)[:, None] * start + at[:, None] * end


def _float32(values: NDArray[np.float64]) -> Latents:
    # Far outside 0..1 a value may pass float32's range; it is infinite then, not a warning.
    with np.errstate(over="ignore"):
        return values.astype(np.float32)


def _orthogonal_to(unit: NDArray[np.float64]) -> NDArray[np.float64]:
    axis = np.zeros_like(unit)
    axis[np.argmin(np.abs(unit))] = 1.0
    across: NDArray[np.float64] = axis - (unit @ axis) * unit
    return across / np.linalg.norm(across)
