"""A latent space: n latents and a table of n rows."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.table import Categories, Column, Texts

Latents = NDArray[np.float32]

_TITLES = ("label", "word", "words", "token", "title", "name", "text", "sentence")
"""Columns of texts that name their rows, the first first."""

NOTES = "notes"
"""In a provenance's `extra`: sentences that whoever opens the space should be told."""

LEFT_OUT = "left_out"
"""In a provenance's `extra`: what a reader left out of the file, a sentence each."""

HOLDS_NOISE = "holds_noise"
"""In a provenance's `extra`: true where the latents are noise that its model denoises."""
_ROWS_AT_ONCE = 65_536  # that are looked at, so that little memory is needed beside them


@dataclass(frozen=True)
class Provenance:
    """Where a space came from, enough to make it again.

    Attributes:
        model: a bundled model's name or a path; None for embeddings without one.
        model_hash: SHA-256 of the weights, hexadecimal.
        data: a data set's name or path, such as `mnist:test`; row i of the space is
            sample i of it.
        extra: seeds, versions, figures; JSON values only.
    """

    model: str | None = None
    model_hash: str | None = None
    data: str | None = None
    extra: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, eq=False)
class Space:
    """n latents with a table of n rows. Never changed in place.

    Attributes:
        name: what the window calls it.
        latent: (n, d) float32, C-contiguous, finite.
        latent_std: (n, d) float32 posterior standard deviations, or None.
        columns: the table, each column n long.
        maps: finished projections by name, such as `umap_2d`: (n, 2) or (n, 3) float32.
        provenance: where it came from.
    """

    name: str
    latent: Latents
    latent_std: Latents | None = None
    columns: Mapping[str, Column] = field(default_factory=dict)
    maps: Mapping[str, Latents] = field(default_factory=dict)
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        checked = checked_latents(self.latent, self.name)
        object.__setattr__(self, "latent", checked)
        if self.latent_std is not None:
            std = np.ascontiguousarray(self.latent_std, np.float32)
            if std.shape != checked.shape:
                raise UserError(
                    f"{self.name}: the standard deviations have shape {std.shape}, "
                    f"the latents {checked.shape}; they must agree."
                )
            object.__setattr__(self, "latent_std", std)
        for key, column in self.columns.items():
            if len(column) != len(checked):
                raise UserError(
                    f"{self.name}: column “{key}” has {len(column)} rows, "
                    f"the latents have {len(checked)}; they must agree."
                )
        for key, xy in self.maps.items():
            if xy.ndim != 2 or len(xy) != len(checked) or xy.shape[1] not in (2, 3):
                raise UserError(
                    f"{self.name}: the map “{key}” has shape {xy.shape}; "
                    f"it must be ({len(checked)}, 2) or ({len(checked)}, 3)."
                )
        object.__setattr__(self, "columns", MappingProxyType(dict(self.columns)))
        object.__setattr__(self, "maps", MappingProxyType(dict(self.maps)))

    def __len__(self) -> int:
        return len(self.latent)

    @property
    def dim(self) -> int:
        """Dimensions of one latent."""
        return int(self.latent.shape[1])

    @property
    def holds_noise(self) -> bool:
        """Whether its latents are noise, that its model makes data of."""
        return bool(self.provenance.extra.get(HOLDS_NOISE, False))

    def with_column(self, name: str, column: Column) -> "Space":
        """The same space with one column more, or replaced."""
        return dataclasses.replace(self, columns={**self.columns, name: column})

    def with_map(self, name: str, coordinates: Latents) -> "Space":
        """The same space with one finished projection more, or replaced."""
        return dataclasses.replace(self, maps={**self.maps, name: coordinates})

    def label_column(self) -> str | None:
        """The column that names the samples: `label` if there, else the first of categories."""
        named = [k for k, c in self.columns.items() if isinstance(c, Categories)]
        return "label" if "label" in named else (named[0] if named else None)

    def name_column(self) -> str | None:
        """The column that says what a row is called: its label, its word or title, its class."""
        key = self.label_column()
        if key == "label":
            return key
        texts = {k.casefold(): k for k, c in self.columns.items() if isinstance(c, Texts)}
        return next((texts[title] for title in _TITLES if title in texts), key)

    def label(self, row: int) -> str:
        """What a row is called in the window; an empty string where nothing says."""
        key = self.name_column()
        return self.columns[key].text(row) if key is not None else ""


def checked_latents(latent: NDArray[Any], name: str) -> Latents:
    """`latent` as (n, d) float32, C-contiguous and finite.

    Raises:
        UserError: wrong number of axes, no dimensions, or values that are NaN or
            infinite; the first such row is named.
    """
    if latent.ndim != 2 or latent.shape[1] < 1:
        raise UserError(
            f"{name}: latents must be a table of n rows and d ≥ 1 columns, "
            f"not of shape {latent.shape}."
        )
    latents = np.ascontiguousarray(latent, np.float32)
    bad = np.concatenate(
        [
            start + np.flatnonzero(~np.isfinite(latents[start : start + _ROWS_AT_ONCE]).all(axis=1))
            for start in range(0, max(len(latents), 1), _ROWS_AT_ONCE)
        ]
    )
    if bad.size:
        raise UserError(
            f"{name}: {len(bad)} of {len(latents)} latents hold NaN or infinite values, the first "
            f"in row {int(bad[0])}; remove those rows or encode again."
        )
    return latents
