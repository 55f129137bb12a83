"""A projector's config: protobuf text as TensorBoard has it, JSON as the standalone has it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentviewer.domain.errors import UserError
from latentviewer.io.failures import cannot_read, check_regular
from latentviewer.io.projector.messages import parsed
from latentviewer.io.projector.names import shown

CONFIG_NAME = "projector_config.pbtxt"
_PLUGIN_FOLDER = Path("plugins", "org_tensorflow_tensorboard_projector")
_JSON_NAME = "projector_config.json"
_MOST_BYTES = 1 << 20
# The time that protobuf's reader takes grows with the square of a line's length.
_LONGEST_LINE = 16 << 10
_MOST_EMBEDDINGS = 1_000
_SNIFFED_BYTES = 64 << 10


@dataclass(frozen=True)
class EmbeddingInfo:
    """One tensor of a config and what belongs to it, as the config says; nothing is checked.

    Attributes:
        tensor_name: empty where it has none.
        tensor_path, metadata_path, bookmarks_path, sprite_path: empty where there is none.
        tensor_shape: rows and dimensions, or () where the config does not say.
        tile: width and height of one picture in the sprite, or ().
    """

    tensor_name: str = ""
    tensor_path: str = ""
    tensor_shape: tuple[int, ...] = ()
    metadata_path: str = ""
    bookmarks_path: str = ""
    sprite_path: str = ""
    tile: tuple[int, ...] = ()


@dataclass(frozen=True)
class ProjectorConfig:
    """A config as its file has it.

    Attributes:
        path: of the file.
        folder: that its paths start from.
        embeddings: in the order of the file.
    """

    path: Path
    folder: Path
    embeddings: tuple[EmbeddingInfo, ...]


def is_projector(path: Path) -> bool:
    """Whether a path is a projector's folder or config; never raises.

    A folder counts where it has a `projector_config.pbtxt`, at its root or in the place of
    TensorBoard's plugins, or a `*projector_config.json`; a file where it has such a name, or
    ends in .pbtxt or .json and begins like a config.
    """
    try:
        if path.is_dir():
            return bool(_configs_in(path))
        if not path.is_file():
            return False
        if path.name.endswith((CONFIG_NAME, _JSON_NAME)):
            return True
        if path.suffix not in (".pbtxt", ".json"):
            return False
        with path.open("rb") as file:
            start = file.read(_SNIFFED_BYTES)
    except (OSError, ValueError):
        return False
    if path.suffix == ".json":
        return b'"embeddings"' in start and b'"tensorPath"' in start
    return b"embeddings" in start and (b"tensor_path" in start or b"tensor_name" in start)


def read_config(path: Path) -> ProjectorConfig:
    """The config at a path for which `is_projector` holds.

    Args:
        path: of the config, or of the folder that has one.

    Raises:
        UserError: no config or several, unreadable, too large, or damaged.
    """
    file = _config_at(path)
    text = _text(file)
    as_json = file.suffix == ".json" or text.lstrip().startswith("{")
    embeddings = _from_json(file, text) if as_json else _from_pbtxt(file, text)
    if len(embeddings) > _MOST_EMBEDDINGS:
        raise UserError(
            f"{file} lists {len(embeddings):,} embeddings, more than {_MOST_EMBEDDINGS:,}; split "
            "it into several configs."
        )
    return ProjectorConfig(file, file.parent, embeddings)


def _configs_in(folder: Path) -> list[Path]:
    """The file TensorBoard would read, else all JSON configs by name."""
    for place in (folder / CONFIG_NAME, folder / _PLUGIN_FOLDER / CONFIG_NAME):
        if place.is_file():
            return [place]
    return sorted(p for p in folder.iterdir() if p.name.endswith(_JSON_NAME) and p.is_file())


def _config_at(path: Path) -> Path:
    try:
        if not path.is_dir():
            return path
        found = _configs_in(path)
    except OSError as error:
        raise cannot_read(path, error) from error
    if not found:
        raise UserError(f"{path} has no {CONFIG_NAME} in it; name the folder that has one.")
    if len(found) > 1:
        raise UserError(
            f"{path} has several configs ({', '.join(p.name for p in found[:5])}); open one of "
            "them instead of the folder."
        )
    return found[0]


def _text(path: Path) -> str:
    check_regular(path)
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise UserError(
                f"{path} is larger than {_MOST_BYTES >> 20} MB, too large for a config; split it."
            )
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _damaged(path, f"byte {error.start} fits no character") from error
    except OSError as error:
        raise cannot_read(path, error) from error


def _from_pbtxt(path: Path, text: str) -> tuple[EmbeddingInfo, ...]:
    if max(map(len, text.split("\n"))) > _LONGEST_LINE:
        raise UserError(
            f"{path} has a line of more than {_LONGEST_LINE:,} characters; write each field on a "
            "line of its own."
        )
    try:
        message = parsed(text)
    except ValueError as error:
        raise _damaged(path, str(error)) from error
    return tuple(
        EmbeddingInfo(
            e.tensor_name,
            e.tensor_path,
            tuple(e.tensor_shape),
            e.metadata_path,
            e.bookmarks_path,
            e.sprite.image_path,
            tuple(e.sprite.single_image_dim),
        )
        for e in message.embeddings
    )


def _from_json(path: Path, text: str) -> tuple[EmbeddingInfo, ...]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    listed = content.get("embeddings") if isinstance(content, dict) else None
    if not isinstance(listed, list):
        raise UserError(f"{path} has no list “embeddings”; it is no projector's config.")
    return tuple(_embedding(path, i, entry) for i, entry in enumerate(listed, start=1))


def _embedding(path: Path, number: int, entry: Any) -> EmbeddingInfo:
    where = f"{path}, embedding {number}"
    if not isinstance(entry, dict):
        raise UserError(f"{where} is not an object of names and values; mend it.")
    sprite = entry.get("sprite") or {}
    if not isinstance(sprite, dict):
        raise UserError(f"{where}: “sprite” is not an object of names and values; mend it.")
    return EmbeddingInfo(
        _string(entry, "tensorName", where),
        _string(entry, "tensorPath", where),
        _numbers(entry, "tensorShape", where),
        _string(entry, "metadataPath", where),
        _string(entry, "bookmarksPath", where),
        _string(sprite, "imagePath", where),
        _numbers(sprite, "singleImageDim", where),
    )


def _string(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if value is not None and not isinstance(value, str):
        raise UserError(f"{where}: “{key}” is not a text; mend it.")
    return value or ""


def _numbers(entry: Mapping[str, Any], key: str, where: str) -> tuple[int, ...]:
    value = entry.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or any(type(v) is not int or v < 0 for v in value):
        raise UserError(f"{where}: “{key}” is not a list of whole numbers; mend it.")
    return tuple(value)


def _damaged(path: Path, why: str) -> UserError:
    return UserError(
        f"{path} is no projector's config or damaged ({shown(why).rstrip('.')}); mend it or "
        "export it again."
    )
