"""Maps whose axes the user chose: dimensions, directions, or lines through two groups."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents
from latentviewer.projection.linear import LinearMap, parts, pseudo_inverse
from latentviewer.projection.project import Value
from latentviewer.projection.task import Placed, Task

_NAMES = ("x", "y", "z")
_PARALLEL = 1e-5
"""How far a unit vector must reach beyond the others."""


@dataclass(frozen=True)
class DimensionAxis:
    """A dimension of the latents, from 0; the coordinate is its value.

    With `title` None it is called `z 5`.
    """

    index: int
    title: str | None = None


@dataclass(frozen=True, eq=False)
class DirectionAxis:
    """A direction (d,); the coordinate is the inner product with the unit vector along it."""

    vector: NDArray[np.floating]
    title: str


@dataclass(frozen=True, eq=False)
class BetweenAxis:
    """The line from a (d,) to b (d,), such as two groups' means.

    The coordinate is that of the nearest point of the line: 0 at a, and at b their distance,
    so that it has the unit of the latents as every other axis has.
    """

    a: NDArray[np.floating]
    b: NDArray[np.floating]
    title: str


Axis = DimensionAxis | DirectionAxis | BetweenAxis


def run_axes(task: Task) -> Placed:
    """Lays out by the axes in the options `x`, `y` and, in 3D, `z`; see `axis_of`.

    Raises:
        UserError: an axis that is not one, that the latents do not have, or axes that are
            parallel or lie in one plane.
    """
    axes = [axis_of(task.options.get(name), name) for name in _NAMES[: task.dims]]
    fitted = axes_map(task.latents, axes)
    fitted.places(task.latents, into=task.embedding)
    task.report(1.0, "done")
    return Placed(fitted.axes, fitted.state)


def axes_map(latents: Latents, axes: Sequence[Axis]) -> LinearMap:
    """The linear map of (n, d) latents onto k axes, which need not be at right angles.

    Each coordinate is read along its own axis, whatever the others are. A place stands for the
    latent nearest to the mean of the data among those that lie there, by the pseudo-inverse of
    the axes: what is not on the axes is as in the mean.

    Raises:
        UserError: a dimension that is not there, a vector of another length, of zero length or
            not finite, or axes that depend on each other.
    """
    n, d = latents.shape
    components, shifts = np.empty((len(axes), d)), np.empty(len(axes))
    for at, axis in enumerate(axes):
        components[at], shifts[at] = _read_along(axis, d)
    units = components / np.linalg.norm(components, axis=1, keepdims=True)
    _refuse_dependent(units)
    total = np.zeros(d)
    for part in parts(n, d):
        total += latents[part].sum(axis=0, dtype=np.float64)
    mean = total / max(1, n)
    return LinearMap(
        mean,
        components,
        pseudo_inverse(components),
        components @ mean + shifts,
        tuple(_title(axis) for axis in axes),
    )


def axis_of(value: Value, name: str = "axis") -> Axis:
    """The axis that an option says: a dimension as `5` or `z 5`, or what `axis_text` wrote.

    Args:
        name: of the option, for the sentence of refusal.

    Raises:
        UserError: it says no axis.
    """
    text = str(value if value is not None else "").strip()
    number = text.removeprefix("z").strip()
    try:
        if number.isascii() and number.isdigit():
            return DimensionAxis(int(number))
        match json.loads(text):
            case {"dimension": int(index), "title": str(title) | (None as title)}:
                return DimensionAxis(index, title)
            case {"direction": list(vector), "title": str(title)}:
                return DirectionAxis(np.array(vector, np.float64), title)
            case {"from": list(a), "to": list(b), "title": str(title)}:
                return BetweenAxis(np.array(a, np.float64), np.array(b, np.float64), title)
    except (ValueError, TypeError, RecursionError):
        pass  # it is no axis, as any other text
    raise UserError(
        f"Axis {name}: “{text[:40]}” is no axis; write the number of a dimension, such as z 5."
    )


def axis_text(axis: Axis) -> str:
    """One line that `axis_of` reads again, exactly."""
    said: dict[str, object]
    match axis:
        case DimensionAxis(index, title):
            said = {"dimension": index, "title": title}
        case DirectionAxis(vector, title):
            said = {"direction": vector.astype(np.float64).tolist(), "title": title}
        case BetweenAxis(a, b, title):
            ends = [end.astype(np.float64).tolist() for end in (a, b)]
            said = {"from": ends[0], "to": ends[1], "title": title}
    return json.dumps(said, ensure_ascii=False)


def _read_along(axis: Axis, d: int) -> tuple[NDArray[np.float64], float]:
    """Component (d,) and shift: the coordinate of z is component · z + shift."""
    match axis:
        case DimensionAxis(index):
            if not 0 <= index < d:
                raise UserError(
                    f"The latents have no dimension z {index}; choose one from z 0 to z {d - 1}."
                )
            return np.eye(1, d, index)[0], 0.0
        case DirectionAxis(vector, title):
            along = _checked(vector, title, d)
            length = float(np.linalg.norm(along))
            if length == 0:
                raise UserError(
                    f"“{title}” is zero and so points nowhere; choose another direction."
                )
            return along / length, 0.0
        case BetweenAxis(a, b, title):
            start, end = _checked(a, title, d), _checked(b, title, d)
            length = float(np.linalg.norm(end - start))
            if length == 0:
                raise UserError(
                    f"“{title}”: both ends are the same latent; choose two groups that differ."
                )
            component = (end - start) / length
            return component, -float(component @ start)


def _checked(vector: NDArray[np.floating], title: str, d: int) -> NDArray[np.float64]:
    exact = np.asarray(vector, np.float64)
    if exact.shape != (d,):
        raise UserError(
            f"“{title}” has {exact.size} values, but the latents have {d} dimensions; choose a "
            "direction of this space."
        )
    if not np.isfinite(exact).all():
        raise UserError(f"“{title}” holds NaN or infinite values; choose another direction.")
    return exact


def _refuse_dependent(units: NDArray[np.float64]) -> None:
    for second in range(len(units)):
        for first in range(second):
            apart = units[second] - (units[first] @ units[second]) * units[first]
            if np.linalg.norm(apart) < _PARALLEL:
                raise UserError(
                    f"The axes {_NAMES[first]} and {_NAMES[second]} are parallel; choose another "
                    "direction for one of them."
                )
    few = np.linalg.svd(units, compute_uv=False)
    if len(units) > units.shape[1] or few[-1] < _PARALLEL:
        raise UserError(
            "The three axes lie in one plane; choose another direction for one of them."
        )


def _title(axis: Axis) -> str:
    if isinstance(axis, DimensionAxis):
        return f"z {axis.index}" if axis.title is None else axis.title
    return axis.title
