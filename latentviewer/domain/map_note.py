"""What a space says about a map that it brought along."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from latentviewer.domain.projection import Value
from latentviewer.domain.space import Space

MAPS = "maps"
"""In a provenance's `extra`: by a map's name, what is to be known of it."""

LOG10, LINEAR = "log10", "linear"
"""Scales of an axis whose numbers mean something."""


@dataclass(frozen=True)
class Axis:
    """An axis of a map.

    Attributes:
        title: empty where it has no meaning of its own.
        scale: `linear` or `log10` where its numbers mean something, else empty. On a `log10`
            axis the map's number is the decimal logarithm of what is written beside it.
    """

    title: str
    scale: str = ""


@dataclass(frozen=True)
class MapNote:
    """What is to be known of a map.

    Attributes:
        title: what the list of projections calls it; empty for its own name.
        axes: one for each of its dimensions.
        caption: one sentence that is written over it, or empty.
        observed: whether its x axis is the logarithm of the observed number, and its places lie
            below the mixture's density.
        height: map units for a density of 1, there.
        options: of the method that made it, by name.
        formula: arrays of its formula, see `domain.formula`; empty without one.
    """

    title: str = ""
    axes: tuple[Axis, ...] = ()
    caption: str = ""
    observed: bool = False
    height: float = 1.0
    options: tuple[tuple[str, Value], ...] = ()
    formula: str = ""

    def as_json(self) -> dict[str, Any]:
        """JSON values that `map_note` reads."""
        made: dict[str, Any] = {"options": dict(self.options), "formula": self.formula}
        return {
            "title": self.title,
            "axes": [{"title": axis.title, "scale": axis.scale} for axis in self.axes],
            "caption": self.caption,
            "observed": self.observed,
            "height": self.height,
            **{key: value for key, value in made.items() if value},
        }


def map_note(space: Space, key: str) -> MapNote:
    """What the space says of its map `key`; what does not make sense is left out."""
    maps = space.provenance.extra.get(MAPS)
    said = maps.get(key) if isinstance(maps, Mapping) else None
    if not isinstance(said, Mapping) or key not in space.maps:
        return MapNote()
    axes = said.get("axes")
    read = tuple(_axis(axis) for axis in axes) if isinstance(axes, list | tuple) else ()
    return MapNote(
        title=_text(said.get("title")),
        axes=read if len(read) == space.maps[key].shape[1] else (),
        caption=_text(said.get("caption")),
        observed=said.get("observed") is True,
        height=_above_zero(said.get("height")),
        options=_options(said.get("options")),
        formula=_text(said.get("formula")),
    )


def _axis(said: Any) -> Axis:
    if not isinstance(said, Mapping):
        return Axis(_text(said))
    scale = said.get("scale")
    return Axis(_text(said.get("title")), scale if scale in (LOG10, LINEAR) else "")


def _options(said: Any) -> tuple[tuple[str, Value], ...]:
    if not isinstance(said, Mapping):
        return ()
    plain = int | float | str | None
    return tuple((str(k), v) for k, v in sorted(said.items()) if isinstance(v, plain))


def noted(space: Space, key: str, note: MapNote) -> Space:
    """The space with another note on its map `key`."""
    extra = dict(space.provenance.extra)
    maps = extra.get(MAPS)
    extra[MAPS] = {**(maps if isinstance(maps, Mapping) else {}), key: note.as_json()}
    provenance = dataclasses.replace(space.provenance, extra=extra)
    return dataclasses.replace(space, provenance=provenance)


def _above_zero(said: Any) -> float:
    number = float(said) if isinstance(said, int | float) else 1.0
    return number if math.isfinite(number) and number > 0 else 1.0


def _text(said: Any) -> str:
    return said if isinstance(said, str) else ""
