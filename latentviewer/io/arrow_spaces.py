"""Spaces as Arrow tables: our own files and foreign ones.

The schema's metadata has one key of ours, `latentviewer`, a JSON object:
`{"version": 1, "name", "provenance": {"model", "model_hash", "data", "extra"},
"fields": {field: {"role": "map" | "column", "name", "kind"}}}`.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Latents, Provenance, Space, checked_latents
from latentviewer.domain.table import Column
from latentviewer.io.arrow_columns import (
    encodable,
    from_arrow,
    is_vector,
    kind_of,
    to_arrow,
    vectors_from_arrow,
    vectors_to_arrow,
)

METADATA_KEY = b"latentviewer"
_VERSION = 1
LATENT_NAMES = ("latent", "latents", "embedding", "embeddings", "vector", "vectors", "z")
LEFT_OUT = "left_out"
"""The key in `Provenance.extra` under which a reader lists, in sentences, what it left out."""


def table_of(space: Space) -> Any:
    """A space as one Arrow record batch with its metadata."""
    arrays: dict[str, Any] = {"latent": vectors_to_arrow(space.latent)}
    if space.latent_std is not None:
        arrays["latent_std"] = vectors_to_arrow(space.latent_std)
    fields: dict[str, Mapping[str, str]] = {}
    for name, places in space.maps.items():
        field = _free_name(name, arrays, fields)
        fields[field] = {"role": "map", "name": name}
        arrays[field] = vectors_to_arrow(places)
    for name, column in space.columns.items():
        field = _free_name(name, arrays, fields)
        fields[field] = {"role": "column", "name": name, "kind": kind_of(column)}
        arrays[field] = to_arrow(column)
    provenance = space.provenance
    metadata = {
        "version": _VERSION,
        "name": space.name,
        "provenance": {
            "model": provenance.model,
            "model_hash": provenance.model_hash,
            "data": provenance.data,
            "extra": dict(provenance.extra),
        },
        "fields": fields,
    }
    batch = pa.RecordBatch.from_arrays(list(arrays.values()), names=list(arrays))
    return batch.replace_schema_metadata({METADATA_KEY: json.dumps(metadata, default=_plain)})


def space_of(table: Any, path: Path) -> Space:
    """An Arrow table, ours or foreign, as a space.

    What cannot be shown is never dropped in silence: a sentence for each such column is
    in the provenance's `extra` under `LEFT_OUT`.

    Args:
        table: with a column of vectors named as in `LATENT_NAMES`, or only one such column.
        path: where it came from, for the name and for sentences.

    Raises:
        UserError: no such column, or latents that are not whole and finite.
    """
    left_out: list[str] = []
    metadata = _metadata(table.schema, left_out)
    latent_index = _latent_index(table.schema, path)
    latent = vectors_from_arrow(table.column(latent_index), f"{path}, column “latent”")
    std: Latents | None = None
    columns: dict[str, Column] = {}
    maps: dict[str, Latents] = {}
    for index, field in enumerate(table.schema):
        values = table.column(index)
        said = metadata["fields"].get(field.name, {})
        name, role = said.get("name", field.name), said.get("role")
        if index == latent_index:
            continue
        if field.name == "latent_std" and role is None and is_vector(field.type):
            std = vectors_from_arrow(values, f"{path}, column “latent_std”")
        elif role != "column" and _is_map(values):
            maps[_unused(name, maps)] = vectors_from_arrow(values, f"{path}, column “{name}”")
        else:
            column = from_arrow(values, name, said.get("kind"))
            if column is None:
                left_out.append(f"Column “{name}” is left out: its lists are too wide for a table.")
            else:
                columns[_unused(name, columns)] = column
    return Space(
        name=metadata["name"] or path.stem,
        latent=checked_latents(latent, str(path)),
        latent_std=std,
        columns=columns,
        maps=maps,
        provenance=_provenance(metadata["provenance"], left_out),
    )


def _metadata(schema: Any, left_out: list[str]) -> dict[str, Any]:
    """The metadata with every part there and of the right type."""
    values: Any = {}
    raw = (schema.metadata or {}).get(METADATA_KEY)
    if raw is not None:
        try:
            values = json.loads(raw)
        except (ValueError, RecursionError):
            left_out.append("Its provenance is left out: the metadata is not valid JSON.")
    if not isinstance(values, dict):
        values = {}
    if isinstance(values.get("version"), int) and values["version"] > _VERSION:
        left_out.append("It was written by a newer version of LatentViewer; parts may be missing.")
    fields, provenance = values.get("fields"), values.get("provenance")
    name = values.get("name")
    return {
        "name": name if isinstance(name, str) else "",
        "provenance": provenance if isinstance(provenance, dict) else {},
        "fields": {
            key: {k: v for k, v in said.items() if isinstance(v, str)}
            for key, said in (fields.items() if isinstance(fields, dict) else ())
            if isinstance(said, dict)
        },
    }


def _provenance(values: Mapping[str, Any], left_out: list[str]) -> Provenance:
    def text(key: str) -> str | None:
        value = values.get(key)
        return value if isinstance(value, str) else None

    extra = values.get("extra")
    extra = dict(extra) if isinstance(extra, dict) else {}
    if left_out:
        extra[LEFT_OUT] = [*extra.get(LEFT_OUT, []), *left_out]
    return Provenance(text("model"), text("model_hash"), text("data"), extra)


def _latent_index(schema: Any, path: Path) -> int:
    vectors: dict[str, int] = {
        f.name: i for i, f in reversed(list(enumerate(schema))) if is_vector(f.type)
    }
    folded = {name.casefold(): name for name in vectors}
    for wanted in LATENT_NAMES:
        if wanted in folded:
            return vectors[folded[wanted]]
    if len(vectors) == 1:
        return next(iter(vectors.values()))
    if vectors:
        raise UserError(
            f"{path} has several columns of vectors ({', '.join(sorted(vectors))}); "
            "rename the one that holds the latents to “latent”."
        )
    shown = ", ".join(schema.names[:8]) or "none"
    raise UserError(
        f"{path} has no column of vectors (its columns: {shown}); it needs one named “latent” "
        "or “embedding” that holds a list of numbers in each row."
    )


def _is_map(values: Any) -> bool:
    of_type = values.type
    return (
        pa.types.is_fixed_size_list(of_type)
        and of_type.list_size in (2, 3)
        and pa.types.is_floating(of_type.value_type)
        and not values.null_count
    )


def _free_name(name: str, taken: Mapping[str, Any], reserved: Mapping[str, Any]) -> str:
    """A field name for `name`: itself, unless it is taken or would be read as the latents."""
    plain = encodable(name)
    special = plain.casefold() in (*LATENT_NAMES, "latent_std")
    return _unused(f"{plain} (column)" if special else plain, {**taken, **reserved})


def _unused(name: str, taken: Mapping[str, Any]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name} ({number})", number + 1
    return candidate


def _plain(value: Any) -> Any:
    """JSON for the values that seeds and figures come as."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be kept in a space's metadata")
