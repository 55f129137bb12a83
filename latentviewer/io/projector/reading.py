"""Projector folders as spaces, with the sprite's pictures as a data set."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentviewer.domain.candidates import Candidate, chosen
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.ports import DataSet
from latentviewer.domain.space import LEFT_OUT, Provenance, Space, checked_latents
from latentviewer.domain.table import Column
from latentviewer.io.free_names import unused
from latentviewer.io.projector.bookmarks import Bookmarks, read_bookmarks
from latentviewer.io.projector.config import EmbeddingInfo, ProjectorConfig, read_config
from latentviewer.io.projector.kinds import KINDS_NAME, restored
from latentviewer.io.projector.metadata import (
    METADATA_NAME,
    joined,
    label_table,
    read_metadata,
    typed_columns,
)
from latentviewer.io.projector.names import shown
from latentviewer.io.projector.places import Places, place_below, places_of
from latentviewer.io.projector.tensors import Tensor, measured, read_tensor

SELECTED = "selected_points"
"""The key in `Provenance.extra` for the points that were selected in the projector's bookmarks:
a list of `{"label": the bookmark's, "rows": [row, ...]}`."""


@dataclass(frozen=True)
class _Entry:
    candidate: Candidate
    info: EmbeddingInfo
    places: Places
    tensor: Tensor


@dataclass(frozen=True)
class _Listing:
    """The embeddings of a config by name: those that can be read, and why others cannot."""

    config: ProjectorConfig
    entries: dict[str, _Entry]
    faults: dict[str, UserError]


def projector_candidates(path: Path) -> tuple[Candidate, ...]:
    """The embeddings of a projector that can be read, each under its `tensor_name`.

    Args:
        path: of a folder or config for which `is_projector` holds.

    Raises:
        UnsafeFileError: the config names a file outside its folder.
        UserError: a broken config, or none of its embeddings can be read.
    """
    return tuple(entry.candidate for entry in _listing(path).entries.values())


def read_projector(path: Path, pick: str | None = None) -> Space:
    """An embedding with its metadata as columns and its bookmarks as maps.

    What is left out, such as embeddings that are in a checkpoint alone and bookmarks that are
    damaged, is listed in the provenance's `extra` under `LEFT_OUT`; selected points are there
    under `SELECTED`.

    Args:
        pick: the name of the embedding, where there are several.

    Raises:
        UnsafeFileError: the config names a file outside its folder.
        UserError: a broken config, tensor or metadata, or it is not clear which embedding is
            meant.
    """
    listing = _listing(path, pick)
    entry = _chosen(listing, path, pick)
    latent, labels = read_tensor(entry.tensor)
    left_out = [
        f"Embedding “{name}” is left out: {fault}" for name, fault in listing.faults.items()
    ]
    columns = _columns(listing.config, entry, left_out)
    if labels is not None:
        columns = joined(columns, typed_columns(label_table(entry.tensor.path, labels)))
    bookmarks = Bookmarks()
    if entry.places.bookmarks is not None:
        bookmarks = read_bookmarks(entry.places.bookmarks, entry.tensor.rows)
    left_out += bookmarks.left_out
    extra: dict[str, Any] = {}
    if left_out:
        extra[LEFT_OUT] = left_out
    if bookmarks.selections:
        extra[SELECTED] = bookmarks.selections
    return Space(
        entry.candidate.name,
        checked_latents(latent, str(entry.tensor.path)),
        None,
        columns,
        bookmarks.maps,
        Provenance(extra=extra),
    )


def has_sprite(path: Path, pick: str | None = None) -> bool:
    """Whether an embedding has pictures; see `sprite_data`."""
    return _chosen(_listing(path), path, pick).places.sprite is not None


def sprite_data(path: Path, pick: str | None = None) -> DataSet | None:
    """The pictures in an embedding's sprite, or None where it has none; picture i is of row i.

    Raises:
        UnsafeFileError, UserError: as `read_projector`, or the sprite is no image, too large, or
            has fewer pictures than there are rows.
    """
    listing = _listing(path, pick)
    entry = _chosen(listing, path, pick)
    if entry.places.sprite is None:
        return None
    from latentviewer.io.projector.sprite import read_sprite

    columns = _columns(listing.config, entry, [])
    return read_sprite(
        entry.places.sprite, entry.info.tile, entry.candidate.name, columns, entry.tensor.rows
    )


def _listing(path: Path, pick: str | None = None) -> _Listing:
    """All embeddings; only the one that is picked, if it is there, has its tensor looked at."""
    config = read_config(path)
    named: dict[str, EmbeddingInfo] = {}
    for number, info in enumerate(config.embeddings, start=1):
        name = shown(info.tensor_name) if info.tensor_name.strip() else f"embedding {number}"
        named[unused(name, named)] = info
    listing = _Listing(config, {}, {})
    for name, info in named.items():
        try:
            places = _places(config, info, name)
            # A run of many steps lists a tensor for each, and all would be read.
            if pick not in named or pick == name:
                tensor = measured(places.tensor, info.tensor_shape)
                candidate = Candidate(name, tensor.rows, tensor.dims)
                listing.entries[name] = _Entry(candidate, info, places, tensor)
        except UnsafeFileError:
            raise
        except UserError as error:
            listing.faults[name] = error
    if pick in listing.faults:
        raise listing.faults[pick]
    if not listing.entries:
        if listing.faults:
            raise next(iter(listing.faults.values()))
        raise UserError(f"{config.path} lists no embeddings; export them again.")
    return listing


def _places(config: ProjectorConfig, info: EmbeddingInfo, name: str) -> Places:
    if not info.tensor_path:
        raise UserError(
            f"{config.path} says of “{name}” that it is in a checkpoint, which is not read here; "
            "save it as a .tsv file and name that as its tensor_path."
        )
    return places_of(config, info)


def _chosen(listing: _Listing, path: Path, pick: str | None) -> _Entry:
    candidates = [entry.candidate for entry in listing.entries.values()]
    return listing.entries[chosen(path, candidates, pick).name]


def _columns(config: ProjectorConfig, entry: _Entry, left_out: list[str]) -> dict[str, Column]:
    path = entry.places.metadata
    if path is None:
        return {}
    table = read_metadata(path, entry.tensor.rows)
    if path == place_below(config, METADATA_NAME):
        kinds = place_below(config, KINDS_NAME)
        try:
            return restored(table, kinds)
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            left_out.append(f"{kinds} is left out ({shown(str(error))}), so kinds are guessed.")
    return typed_columns(table)
