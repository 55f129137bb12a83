"""The projector's bookmarks: a JSON array of states, each with coordinates of all points.

t-SNE and UMAP are read as maps. PCA is read only where this program wrote it: the projector works
it out by itself and puts ten components of it in every bookmark.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents
from latentviewer.io.failures import cannot_read, check_regular
from latentviewer.io.free_names import unused
from latentviewer.io.projector.names import shown

_MOST_BYTES = 256 << 20
_MAP_NAME = "mapName"
"""In a state that this program wrote: what the map is called; the projector passes it over."""
_IS_3D = {"tsne": "tSNEis3d", "umap": "umapIs3d"}
"""Each method with the state's word on whether its third component is shown."""


@dataclass(frozen=True)
class Bookmarks:
    """What was found in bookmarks.

    Attributes:
        maps: by name, such as `umap_2d`: (n, 2) or (n, 3) float32.
        selections: `{"label", "rows"}` for each bookmark that has points selected.
        left_out: sentences on what could not be used.
    """

    maps: dict[str, Latents] = field(default_factory=dict)
    selections: list[dict[str, Any]] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


def read_bookmarks(path: Path, rows: int) -> Bookmarks:
    """The bookmarks of `rows` points; what is damaged is left out, never an error.

    Of several maps of one method the first has its name alone, such as `umap_2d`, and others
    their bookmark's label as well; one that is kept in several bookmarks comes once.
    """
    found = Bookmarks()
    try:
        states = _states(path)
    except UserError as error:
        found.left_out.append(f"The bookmarks are left out: {error}")
        return found
    for number, state in enumerate(states, start=1):
        _add(found, state, number, rows)
    return found


def bookmarks_of(
    maps: Mapping[str, Latents], dims: int, label: str | None
) -> tuple[list[dict[str, Any]], list[str]]:
    """A state for each map, and a sentence on each map that is left out.

    A map whose name begins with `pca` or `umap` stands under that in the projector; any other
    stands under t-SNE, which takes places as they are.

    Args:
        dims: of the latents.
        label: the column that the projector shows beside the points, as the metadata have it.
    """
    states, left_out = [], []
    for name, places in maps.items():
        if not np.isfinite(places).all():
            left_out.append(f"Map “{shown(name)}” is left out: a place in it is not finite.")
            continue
        method = next((m for m in ("pca", "umap") if name.casefold().startswith(m)), "tsne")
        states.append(_state(name, method, places, dims, label or ""))
    return states, left_out


def _state(name: str, method: str, places: Latents, dims: int, label: str) -> dict[str, Any]:
    """A state with everything that the projector asks of it."""
    keys = [f"{method}-{i}" for i in range(places.shape[1])]
    deep = places.shape[1] == 3
    return {
        "label": name,
        "isSelected": False,
        "selectedProjection": method,
        "dataSetDimensions": [len(places), dims],
        "tSNEIteration": 0,
        "tSNEPerplexity": 30,
        "tSNELearningRate": 10,
        "tSNEis3d": deep,
        "umapIs3d": deep,
        "umapNeighbors": 15,
        "umapMinDist": 0.1,
        "pcaComponentDimensions": [0, 1, 2] if deep else [0, 1],
        "projections": [dict(zip(keys, place, strict=True)) for place in places.tolist()],
        "selectedPoints": [],
        "cameraDef": None,
        "selectedColorOptionName": label,
        "forceCategoricalColoring": False,
        "selectedLabelOption": label,
        _MAP_NAME: name,
    }


def _states(path: Path) -> list[Any]:
    check_regular(path)
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UserError(f"{path} is larger than {_MOST_BYTES >> 20} MB; split it.")
        states = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not valid JSON ({shown(str(error))}); mend it.") from error
    except OSError as error:
        raise cannot_read(path, error) from error
    if not isinstance(states, list):
        raise UserError(f"{path} is not a list of bookmarks; save them again.")
    return states


def _add(found: Bookmarks, state: Any, number: int, rows: int) -> None:
    """Adds what one state holds, or sentences on why not."""
    if not isinstance(state, dict):
        found.left_out.append(f"Bookmark {number} is left out: it is not an object.")
        return
    label = state.get("label")
    label = shown(label) if isinstance(label, str) and label else str(number)
    try:
        selected = _selected(state, rows)
        if selected:
            found.selections.append({"label": label, "rows": selected})
    except ValueError as error:
        found.left_out.append(f"The selection of bookmark “{label}” is left out: {error}.")
    try:
        for method, name in _maps_in(state):
            places = _places(state, method, rows)
            name = name or f"{method}_{places.shape[1]}d"
            if name not in found.maps:
                found.maps[name] = places
            elif not any(np.array_equal(places, known) for known in found.maps.values()):
                found.maps[unused(f"{name} ({label})", found.maps)] = places
    except ValueError as error:
        found.left_out.append(f"Bookmark “{label}” is left out: {error}.")


def _maps_in(state: Mapping[str, Any]) -> Iterator[tuple[str, str | None]]:
    """Each map in a state: its method, and its name where this program wrote it.

    Raises:
        ValueError: says what is wrong with the state.
    """
    points = state.get("projections") or []
    if not isinstance(points, list) or not all(isinstance(p, dict) for p in points):
        raise ValueError("its “projections” are not a list of objects")
    name, method = state.get(_MAP_NAME), state.get("selectedProjection")
    if isinstance(name, str) and method in ("pca", *_IS_3D):
        yield method, name
        return
    for method in _IS_3D:
        if any(f"{method}-0" in p for p in points):
            yield method, None


def _places(state: Mapping[str, Any], method: str, rows: int) -> Latents:
    points = state["projections"]
    flat = state.get(_IS_3D.get(method, "")) is False
    keys = [f"{method}-{i}" for i in range(2 if flat else 3)]
    keys = [key for key in keys if any(key in p for p in points)]
    if len(keys) < 2:
        raise ValueError(f"its {method} has fewer than two components")
    placed = sum(all(key in p for key in keys) for p in points)
    if placed != rows or len(points) != rows or _filtered(state, rows) != range(rows):
        raise ValueError(f"its {method} has places for {placed:,} points, not for all {rows:,}")
    values = [[p[key] for key in keys] for p in points]
    if any(type(v) not in (int, float) for place in values for v in place):
        raise ValueError(f"a place in its {method} is not a number")
    try:
        with np.errstate(over="ignore"):
            places: NDArray[np.float32] = np.array(values, np.float64).astype(np.float32)
    except OverflowError as error:
        raise ValueError(f"a place in its {method} is too large") from error
    if not np.isfinite(places).all():
        raise ValueError(f"a place in its {method} is not finite")
    return places


def _selected(state: Mapping[str, Any], rows: int) -> list[int]:
    """The rows that a state has selected; it counts among those that it shows.

    Raises:
        ValueError: they are not rows of the tensor.
    """
    shown_rows = _filtered(state, rows)
    return [shown_rows[i] for i in _indices(state, "selectedPoints", len(shown_rows))]


def _filtered(state: Mapping[str, Any], rows: int) -> Sequence[int]:
    if state.get("filteredPoints") is None:
        return range(rows)
    kept = _indices(state, "filteredPoints", rows)
    return range(rows) if kept == list(range(rows)) else kept


def _indices(state: Mapping[str, Any], key: str, count: int) -> list[int]:
    listed = state.get(key) or []
    if not isinstance(listed, list) or any(
        type(i) is not int or not 0 <= i < count for i in listed
    ):
        raise ValueError(f"its “{key}” are not rows of the tensor")
    return listed
