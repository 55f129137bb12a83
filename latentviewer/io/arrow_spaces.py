"""Spaces as Arrow tables: our own files and foreign ones.

The schema's metadata has one key of ours, `latentviewer`, a JSON object:
`{"version": 1, "name", "provenance": {"model", "model_hash", "data", "extra"},
"fields": {field: {"role": "map" | "column", "name", "kind"}}}`.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from latentviewer.domain.candidates import LATENT_NAMES, Candidate, chosen
from latentviewer.domain.errors import UserError
from latentviewer.domain.map_note import MAPS, MapNote
from latentviewer.domain.space import LEFT_OUT, NOTES, Latents, Provenance, Space, checked_latents
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
from latentviewer.io.failures import naming
from latentviewer.io.free_names import unused
from latentviewer.io.map_columns import map_columns, number_names, places_of
from latentviewer.io.vector_columns import VectorColumns, candidate, vector_columns, vectors_of

METADATA_KEY = b"latentviewer"
_VERSION = 1
_KNOWN_MAPS = ("umap_2d", "umap_3d")


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


def space_of(table: Any, path: Path, pick: str | None = None, told: Sequence[str] = ()) -> Space:
    """An Arrow table, ours or foreign, as a space.

    What cannot be shown is never dropped in silence: a sentence for each such column is
    in the provenance's `extra` under `LEFT_OUT`.

    Args:
        table: with columns that hold vectors, see `vector_columns`.
        path: where it came from, for the name and for sentences.
        pick: the name of the candidate that is meant; see `domain.candidates.chosen`.
        told: sentences on how it was read, for whoever opens it.

    Raises:
        SeveralCandidatesError: there are several, and none of them goes without saying.
        UserError: no vectors, or latents that are not whole and finite.
    """
    left_out: list[str] = []
    metadata = _metadata(table.schema, left_out)
    vectors = _chosen(table, metadata["fields"], path, pick)
    latent = vectors_of(table, vectors, str(path))
    notes = list(told)
    if vectors.measured:
        latent = _standardised(latent)
        notes.append(
            f"{path.name} holds no column of vectors; its {len(vectors.columns)} columns of "
            "numbers are shown as vectors, each scaled to mean 0 and standard deviation 1."
        )
    std: Latents | None = None
    columns: dict[str, Column] = {}
    maps: dict[str, Latents] = {}
    about: dict[str, Any] = {}
    for found in map_columns(
        [n for n in number_names(table.schema) if n not in metadata["fields"]]
    ):
        places = places_of(table, found, str(path))
        if places is not None:
            key = unused(found.key, maps)
            maps[key] = places
            about[key] = MapNote(title="" if key in _KNOWN_MAPS else found.title).as_json()
    in_vectors = set() if vectors.measured else set(vectors.columns)
    for index, field in enumerate(table.schema):
        values = table.column(index)
        said = metadata["fields"].get(field.name, {})
        name, role = said.get("name", field.name), said.get("role")
        if field.name in in_vectors:
            continue
        if field.name == "latent_std" and role is None and is_vector(field.type):
            if "latent" in vectors.columns or "latent" not in table.schema.names:
                std = vectors_from_arrow(values, f"{path}, column “latent_std”")
            else:
                left_out.append("Column “latent_std” is left out: it is the spread of “latent”.")
        elif role != "column" and _is_map(values):
            maps[unused(name, maps)] = vectors_from_arrow(values, f"{path}, column “{name}”")
        else:
            column = from_arrow(values, name, said.get("kind"))
            if column is not None:
                columns[unused(name, columns)] = column
            elif is_vector(field.type):
                left_out.append(
                    f"Column “{name}” is left out: its lists are too wide for a table; "
                    f"{path.name}#{name} shows them instead."
                )
            else:
                left_out.append(f"Column “{name}” is left out: it holds bytes.")
    extra: dict[str, Any] = {}
    if notes:
        extra[NOTES] = notes
    if about:
        extra[MAPS] = about
    checked = checked_latents(latent, str(path))
    with naming(path):
        return Space(
            name=metadata["name"] or path.stem,
            latent=checked,
            latent_std=std,
            columns=columns,
            maps=maps,
            provenance=_provenance(metadata["provenance"], left_out, extra),
        )


def table_candidates(table: Any) -> tuple[Candidate, ...]:
    """What `space_of` can be asked for."""
    fields = _metadata(table.schema, [])["fields"]
    return tuple(candidate(found, table) for found in _vectors_in(table, fields))


def _chosen(
    table: Any, fields: Mapping[str, Mapping[str, str]], path: Path, pick: str | None
) -> VectorColumns:
    found = {vectors.name: vectors for vectors in _vectors_in(table, fields)}
    if not found:
        shown = ", ".join(table.schema.names[:8]) or "none"
        raise UserError(
            f"{path} has no column of vectors (its columns: {shown}); it needs one named “latent” "
            "or “embedding” that holds a list of numbers in each row."
        )
    offered = [candidate(vectors, table) for vectors in found.values()]
    return found[chosen(path, offered, pick).name]


def _vectors_in(table: Any, fields: Mapping[str, Mapping[str, str]]) -> tuple[VectorColumns, ...]:
    """Candidates, but nothing that our own metadata say is something else."""
    known = [f.name for f in table.schema if f.name in fields or f.name == "latent_std"]
    return vector_columns(table.drop_columns(known) if known else table)


def _standardised(latent: Latents) -> Latents:
    """Each dimension to mean 0 and standard deviation 1; a constant one to 0."""
    wide = latent.astype(np.float64)
    deviation = wide.std(axis=0)
    scaled = (wide - wide.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    return np.asarray(scaled, np.float32)


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


def _provenance(
    values: Mapping[str, Any], left_out: list[str], more: Mapping[str, Any]
) -> Provenance:
    def text(key: str) -> str | None:
        value = values.get(key)
        return value if isinstance(value, str) else None

    extra = values.get("extra")
    extra = {**(extra if isinstance(extra, dict) else {}), **more}
    if left_out:
        extra[LEFT_OUT] = [*extra.get(LEFT_OUT, []), *left_out]
    return Provenance(text("model"), text("model_hash"), text("data"), extra)


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
    return unused(f"{plain} (column)" if special else plain, {**taken, **reserved})


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
