"""The session as JSON values and back: what a project file holds besides its space."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from latentviewer.app.state import (
    GUIDANCE,
    SEEDS,
    STEPS,
    TRUNCATION,
    Blend,
    Compared,
    DenoisingSettings,
    Group,
    LatentTarget,
    MapSettings,
    Path,
    PlaceTarget,
    RowTarget,
    SavedLatent,
    Selection,
    SessionState,
    Target,
    Waypoint,
)
from latentviewer.domain.errors import UserError
from latentviewer.domain.metrics import METRICS, Metric
from latentviewer.domain.projection import Value
from latentviewer.domain.space import Space


def session_to_json(state: SessionState) -> dict[str, Any]:
    """All of the state but the space, as JSON values."""
    settings = dataclasses.asdict(state.map)
    settings["hidden"] = sorted(state.map.hidden)
    return {
        "map": settings,
        "selection": state.selection.rows.tolist(),
        "groups": [{"name": g.name, "rows": g.selection.rows.tolist()} for g in state.groups],
        "saved": [{"name": s.name, "latent": s.latent.tolist()} for s in state.saved],
        "path": {
            "waypoints": [_waypoint_to_json(w) for w in state.path.waypoints],
            "mode": state.path.mode,
            "frames": state.path.frames,
            "closed": state.path.closed,
            "noise": state.path.noise,
        },
        "denoising": _denoising_to_json(state.denoising),
        "expression": state.expression,
        "pinned": _target_to_json(state.pinned),
        "truncation": state.truncation,
        "metric": state.metric,
        "compared": None if state.compared is None else dataclasses.asdict(state.compared),
    }


def session_from_json(values: Mapping[str, Any], space: Space, name: str) -> SessionState:
    """The state that `session_to_json` wrote.

    Args:
        name: of the file, for the sentence of a refusal.

    Raises:
        UserError: a value is missing, of the wrong type, or does not fit the space.
    """
    try:
        return _read(values, space)
    except (UserError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UserError(
            f"{name} cannot be opened: {_fault(error)}; open an earlier copy of the project."
        ) from error


class _MisfitError(ValueError):
    """A value that can be read but not used; its text says which."""


def _fault(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"its session.json lacks “{error.args[0]}”"
    if isinstance(error, _MisfitError | UserError):
        return f"its session.json does not fit its space ({str(error).rstrip('.')})"
    return "its session.json holds a value of the wrong kind"


def _read(values: Mapping[str, Any], space: Space) -> SessionState:
    settings = dict(values["map"])
    settings["hidden"] = frozenset(settings["hidden"])
    settings["blend"] = Blend(settings["blend"])
    if settings["value_range"] is not None:
        low, high = settings["value_range"]
        settings["value_range"] = (float(low), float(high))
    if settings["colour_by"] not in (None, *space.columns):
        settings["colour_by"] = None
    if settings["dims"] not in (2, 3):
        raise _MisfitError(f"a map of {settings['dims']} dimensions")
    # Projects of before methods had options do not mention them.
    settings["options"] = tuple((str(k), _plain(v)) for k, v in settings.get("options", ()))
    path = values["path"]
    if path["mode"] not in ("linear", "slerp"):
        raise _MisfitError(f"interpolation by {path['mode']}")
    return SessionState(
        space=space,
        map=MapSettings(**settings),
        selection=_rows(values["selection"], space),
        groups=tuple(Group(str(g["name"]), _rows(g["rows"], space)) for g in values["groups"]),
        saved=tuple(
            SavedLatent(str(s["name"]), _latent(s["latent"], space)) for s in values["saved"]
        ),
        path=Path(
            tuple(_waypoint(w, space) for w in path["waypoints"]),
            path["mode"],
            int(path["frames"]),
            bool(path["closed"]),
            bool(path.get("noise", False)),
        ),
        # Projects of before there was diffusion do not mention it.
        denoising=_denoising(values.get("denoising"), space),
        expression=str(values["expression"]),
        pinned=_target_from_json(values["pinned"], space),
        # Projects of before there was a second map do not mention it.
        compared=_compared(values.get("compared")),
        truncation=_truncation(values.get("truncation", 1.0)),
        # Projects of before there was a choice do not mention it.
        metric=_metric(values.get("metric", "euclidean")),
    )


def _plain(value: Any) -> Value:
    if not isinstance(value, int | float | str | None):
        raise _MisfitError("an option that is neither number nor text")
    return value


def _waypoint_to_json(waypoint: Waypoint) -> dict[str, Any]:
    return {"latent": list(waypoint.latent), "row": waypoint.row, "label": waypoint.label}


def _waypoint(values: Any, space: Space) -> Waypoint:
    latent = tuple(_latent(values["latent"], space).tolist())
    return Waypoint(latent, values["row"], str(values["label"]))


def _denoising_to_json(settings: DenoisingSettings) -> dict[str, Any]:
    sample = settings.sample
    return {
        "seed": settings.seed,
        "steps": settings.steps,
        "guidance": settings.guidance,
        "condition": dict(settings.condition),
        "sample": None if sample is None else _waypoint_to_json(sample),
        "known": dict(settings.known),
        "noisy": settings.noisy,
        "under_cursor": settings.under_cursor,
    }


def _denoising(values: Any, space: Space) -> DenoisingSettings:
    if values is None:
        return DenoisingSettings()
    sample = values["sample"]
    settings = DenoisingSettings(
        seed=int(values["seed"]),
        steps=int(values["steps"]),
        guidance=float(values["guidance"]),
        condition=_asked(values["condition"]),
        sample=None if sample is None else _waypoint(sample, space),
        known=_asked(values["known"]),
        noisy=bool(values["noisy"]),
        under_cursor=bool(values["under_cursor"]),
    )
    for name, value, (low, high) in (
        ("a seed", settings.seed, SEEDS),
        ("denoising steps", settings.steps, STEPS),
        ("a guidance", settings.guidance, GUIDANCE),
    ):
        if not low <= value <= high:
            raise _MisfitError(f"{name} of {value}")
    return settings


def _asked(values: Any) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((str(name), str(wanted)) for name, wanted in values.items()))


def _metric(value: Any) -> Metric:
    known = next((metric for metric in METRICS if metric == value), None)
    if known is None:
        raise _MisfitError(f"a metric “{value}”")
    return known


def _truncation(value: Any) -> float:
    low, high = TRUNCATION
    if not low <= float(value) <= high:
        raise _MisfitError(f"a truncation of {value}")
    return float(value)


def _compared(values: Any) -> Compared | None:
    if values is None:
        return None
    if values["dims"] not in (2, 3):
        raise _MisfitError(f"a map of {values['dims']} dimensions")
    return Compared(str(values["reference"]), str(values["method"]), values["dims"])


def _rows(values: Any, space: Space) -> Selection:
    rows = np.asarray(values, np.int64).reshape(-1)
    if rows.size and not 0 <= rows.min() <= rows.max() < len(space):
        raise _MisfitError("a row lies outside the space")
    return Selection.of(rows)


def _latent(values: Any, space: Space) -> np.ndarray[Any, np.dtype[np.float32]]:
    latent = np.asarray(values, np.float32)
    if latent.shape != (space.dim,) or not np.isfinite(latent).all():
        raise _MisfitError(f"a latent of shape {latent.shape} in a space of {space.dim} dimensions")
    return latent


def _target_to_json(target: Target | None) -> dict[str, Any] | None:
    if target is None:
        return None
    if isinstance(target, RowTarget):
        return {"row": target.row}
    if isinstance(target, PlaceTarget):
        return {"place": list(target.place)}
    return {"latent": target.latent.tolist(), "title": target.title, "row": target.row}


def _target_from_json(values: Any, space: Space) -> Target | None:
    if values is None:
        return None
    if "latent" in values:
        return LatentTarget(_latent(values["latent"], space), str(values["title"]), values["row"])
    if "place" in values:
        return PlaceTarget(tuple(float(v) for v in values["place"]))
    _rows([values["row"]], space)
    return RowTarget(int(values["row"]))
