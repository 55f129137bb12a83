"""Axes that the user names: a dimension, a direction, or a line from one latent to another."""

import json
import re
from collections.abc import Mapping

from latentviewer.domain.errors import UserError
from latentviewer.domain.expression import Context, evaluate, parse
from latentviewer.domain.projection import Value
from latentviewer.domain.space import Latents

AXES = "axes"
"""The short name of the method whose axes these are."""

_DIMENSION = re.compile(r"z?\s*([0-9]+)")
_FROM_TO = re.compile(r"\s*(?:->|→)\s*")


def resolved(options: Mapping[str, Value], context: Context) -> dict[str, Value]:
    """Each option `x`, `y`, `z` as `latentviewer.projection.custom_axes` reads it.

    Args:
        options: texts such as `z 5`, `mean(@glasses) - mean(@none)`, or
            `mean(@none) -> mean(@glasses)`.
        context: the names that an expression can use.

    Raises:
        UserError: a text that is none of these; the sentence names the axis.
    """
    return {name: _axis(name, str(text or ""), context) for name, text in options.items()}


def _axis(name: str, text: str, context: Context) -> str:
    dimension = _DIMENSION.fullmatch(text.strip())
    if dimension is not None:
        return dimension.group(1)
    ends = [_latent(name, part, context) for part in _FROM_TO.split(text)]
    if len(ends) == 1:
        return json.dumps({"direction": ends[0].tolist(), "title": text.strip()})
    if len(ends) == 2:
        title = " → ".join(part.strip() for part in _FROM_TO.split(text))
        said = {"from": ends[0].tolist(), "to": ends[1].tolist(), "title": title}
        return json.dumps(said, ensure_ascii=False)
    raise UserError(f"Axis {name}: “{text}” has more than one arrow; name two ends.")


def _latent(name: str, text: str, context: Context) -> Latents:
    try:
        return evaluate(parse(text), context).latent
    except UserError as error:
        raise UserError(
            f"Axis {name}: {error} Write a dimension such as z 5, a direction such as "
            "mean(@A) - mean(@B), or a line such as mean(@A) -> mean(@B)."
        ) from error
