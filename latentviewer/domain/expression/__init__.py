"""Latent arithmetic such as `mean(label == "3") - mean(label == "8") + #12`.

A value is a number, a latent or a set of rows; the whole must give a latent.

    #12                       the latent of row 12
    [3], ["T-shirt/top"]      the mean of all with that label
    @A, @"my group"           the mean of a group, or its rows where rows are wanted
    $z1, $"my latent"         a latent that was kept
    + - * /, unary -, ( )     as usual; latents are added, and scaled by numbers
    label == "3"              rows; also != < <= > >=, in ("3", "8"), not in (...)
    `my column` > 0.5         a column whose name is not one word
    and, or, not              join rows
    mean(rows), std(rows), norm(v), unit(v), dot(a, b), lerp(a, b, t), slerp(a, b, t),
    nearest(v), zero(), random(seed)
"""

from latentviewer.domain.expression.complete import complete, completion_start
from latentviewer.domain.expression.evaluate import Context, Result, evaluate
from latentviewer.domain.expression.functions import FUNCTIONS
from latentviewer.domain.expression.printing import format_expression
from latentviewer.domain.expression.syntax import parse
from latentviewer.domain.expression.tree import Expression

__all__ = [
    "FUNCTIONS",
    "Context",
    "Expression",
    "Result",
    "complete",
    "completion_start",
    "evaluate",
    "format_expression",
    "parse",
]
