"""Arithmetic of numbers and latents."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import ExpressionError
from latentviewer.domain.interpolation import lerp, slerp

Vector: TypeAlias = NDArray[np.float64]
Quantity: TypeAlias = float | Vector


def combined(sign: str, a: Quantity, b: Quantity, at: int, right: int) -> Quantity:
    """`a sign b`, for + - * and /.

    Args:
        at: position of the operator.
        right: position of b.

    Raises:
        ExpressionError: the types do not fit, at `at`; a division by zero, at `right`.
    """
    if sign == "*":
        if not isinstance(a, float) and not isinstance(b, float):
            raise ExpressionError("Two latents cannot be multiplied; use dot(a, b).", at)
        return a * b
    if sign == "/":
        if not isinstance(b, float):
            raise ExpressionError("Nothing can be divided by a latent; divide by a number.", at)
        if b == 0.0:
            raise ExpressionError("This divides by zero.", right)
        return a / b
    if isinstance(a, float) != isinstance(b, float):
        raise ExpressionError(
            "A number and a latent cannot be added or subtracted; "
            "multiply the number by a latent first.",
            at,
        )
    return a + b if sign == "+" else a - b


def norm(v: Vector) -> float:
    """Length of (d,)."""
    return float(np.linalg.norm(v))


def unit(v: Vector, position: int) -> Vector:
    """(d,) scaled to length 1.

    Raises:
        ExpressionError: v is zero, or too small for float64 to have a direction.
    """
    # By the largest value first, so that squares neither vanish nor overflow.
    largest = float(np.abs(v).max())
    if largest < np.finfo(np.float64).tiny:
        raise ExpressionError("A latent of zeros has no direction.", position)
    scaled = v / largest
    return np.asarray(scaled / np.linalg.norm(scaled), np.float64)


def between(mode: str, a: Vector, b: Vector, t: float) -> Vector:
    """`lerp` or `slerp` of (d,) and (d,) at t."""
    way = lerp if mode == "lerp" else slerp
    found: Vector = way(a, b, np.array([t]))[0].astype(np.float64)
    return found
