"""Answers as the worker gives them, made up; and a list of what the views asked for."""

from collections.abc import Callable
from typing import Any

import numpy as np

from latentviewer.app.preview import Answer, Request
from latentviewer.app.state import RowTarget, Target

MakeAnswer = Callable[..., Answer]


class Recorder:
    """Stands where the command list would; keeps (id, arguments)."""

    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, command_id: str, **arguments: Any) -> None:
        self.said.append((command_id, arguments))


def make_answer(
    target: Target | None = None,
    *,
    dim: int = 4,
    original: bool = True,
    decoded: bool = True,
    posterior: int = 0,
    side: int = 28,
    channels: int = 1,
    spread: float = 0.0,
    **changes: Any,
) -> Answer:
    rng = np.random.default_rng(1)
    shape = (side, side, channels)
    first = rng.random(shape, np.float32) if original else None
    second = rng.random(shape, np.float32) if decoded else None
    both = first is not None and second is not None
    values: dict[str, Any] = {
        "request": Request(target or RowTarget(401), None, spread, posterior),
        "title": "#401 · 7",
        "row": 401,
        "label": "7",
        "latent": np.linspace(-1, 1, dim).astype(np.float32),
        "std": np.full(dim, 0.4, np.float32),
        "original": first,
        "decoded": second,
        "difference": second - first if both else None,  # type: ignore[operator]
        "error": 0.0123 if both else None,
        "inverse_name": None,
        "distance": None,
        "far": False,
        "posterior": rng.random((posterior, *shape), np.float32) if posterior else None,
    }
    return Answer(**{**values, **changes})
