"""What the program remembers between starts."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from latentviewer.app.state import TRUNCATION

_RECENT_KEPT = 12


@dataclass(frozen=True)
class Settings:
    """Remembered choices; each has a default.

    Attributes:
        theme: `dark` or `light`.
        recent: paths of files opened last, newest first.
        data_folders: where the user said data sets are.
        geometry, layout: the window's, as Qt gives them, hexadecimal.
        hint_seen: whether the first hint on the map has done its work.
        posterior: whether the map draws the posterior of the shown sample.
        expressions: expressions evaluated last, newest last.
        truncation: of prior samples, as it was set last.
    """

    theme: str = "dark"
    recent: tuple[str, ...] = ()
    data_folders: tuple[str, ...] = ()
    geometry: str = ""
    layout: str = ""
    hint_seen: bool = False
    posterior: bool = True
    expressions: tuple[str, ...] = ()
    truncation: float = 1.0

    def with_recent(self, path: str) -> "Settings":
        """`path` first among the recent ones."""
        others = tuple(p for p in self.recent if p != path)
        return dataclasses.replace(self, recent=(path, *others)[:_RECENT_KEPT])


def settings_from_json(values: Mapping[str, Any]) -> Settings:
    """Settings from what was stored; a value of the wrong type gets its default."""
    default = Settings()
    kept: dict[str, Any] = {}
    for field in dataclasses.fields(Settings):
        value, standard = values.get(field.name), getattr(default, field.name)
        if isinstance(standard, tuple) and isinstance(value, list):
            kept[field.name] = tuple(str(v) for v in value)
        elif type(value) is type(standard):
            kept[field.name] = value
    if kept.get("theme") not in ("dark", "light"):
        kept.pop("theme", None)
    low, high = TRUNCATION
    if not low <= kept.get("truncation", low) <= high:
        kept.pop("truncation")
    return Settings(**kept)


def settings_to_json(settings: Settings) -> dict[str, Any]:
    """As JSON values."""
    return {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in dataclasses.asdict(settings).items()
    }
