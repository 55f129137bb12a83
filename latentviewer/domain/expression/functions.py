"""What functions the language has and what they take; `evaluate` computes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Type(StrEnum):
    """What an expression can be."""

    SCALAR = "number"
    LATENT = "latent"
    ROWS = "rows"


@dataclass(frozen=True)
class Function:
    """A function's declaration.

    Attributes:
        usage: how it is written.
        arguments: their types.
        meaning: one line for the completion list.
    """

    usage: str
    arguments: tuple[Type, ...]
    meaning: str


_LATENT, _SCALAR, _ROWS = Type.LATENT, Type.SCALAR, Type.ROWS

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "mean": Function("mean(rows)", (_ROWS,), "mean latent of rows"),
        "std": Function("std(rows)", (_ROWS,), "standard deviation of rows, per dimension"),
        "norm": Function("norm(v)", (_LATENT,), "length of a latent, a number"),
        "unit": Function("unit(v)", (_LATENT,), "a latent scaled to length 1"),
        "dot": Function("dot(a, b)", (_LATENT, _LATENT), "inner product, a number"),
        "lerp": Function("lerp(a, b, t)", (_LATENT, _LATENT, _SCALAR), "straight from a to b"),
        "slerp": Function("slerp(a, b, t)", (_LATENT, _LATENT, _SCALAR), "by a great circle"),
        "nearest": Function("nearest(v)", (_LATENT,), "latent of the nearest row"),
        "zero": Function("zero()", (), "the origin"),
        "random": Function("random(seed)", (_SCALAR,), "a draw from the prior N(0, I)"),
    }
)
