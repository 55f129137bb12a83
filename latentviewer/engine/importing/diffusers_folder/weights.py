"""The weights of diffusers' networks: safetensors, whole or in shards, and nothing else."""

import dataclasses
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.engine.importing.diffusers_folder.config import (
    CONFIG,
    Component,
    check_place,
    read_object,
)
from latentviewer.engine.weights import TensorEntry, check_entries, read_header, sha256_of
from latentviewer.io.failures import cannot_read

_NAME = "diffusion_pytorch_model"
_WHOLE = re.compile(rf"{_NAME}(\.[\w-]+)?\.safetensors")
_INDEX = re.compile(rf"{_NAME}\.safetensors\.index(\.[\w-]+)?\.json")
_SHARD = re.compile(r"-\d+-of-\d+")
_PICKLED = re.compile(rf"{_NAME}(\.[\w-]+)?(-\d+-of-\d+)?\.bin")
_POINTER = b"version https://git-lfs"
_MOST_SHARDS = 1000
_FLOATS = ("F16", "BF16", "F64")
# What attention was called before diffusers 0.14, in files that are still about.
_OLD_ATTENTION = re.compile(r"(.*\battentions\.\d+\.)(query|key|value|proj_attn)(\.weight|\.bias)")
_NEW = {"query": "to_q", "key": "to_k", "value": "to_v", "proj_attn": "to_out.0"}


@dataclass(frozen=True)
class Weights:
    """The files that hold one network's weights.

    Attributes:
        place: the file that is named in sentences.
        files: all of them.
        missing: why they cannot be read, in one sentence, or None.
    """

    place: Path
    files: tuple[Path, ...]
    missing: str | None = None


def variants_of(component: Component) -> dict[str, Path]:
    """Files of weights by variant, such as `fp16`; "" is the usual one, and comes first."""
    found: dict[str, Path] = {}
    for name in _listing(component.folder):
        match = _WHOLE.fullmatch(name) or _INDEX.fullmatch(name)
        if match is not None and not _SHARD.search(name):
            found.setdefault((match[1] or "").removeprefix("."), component.folder / name)
    return dict(sorted(found.items()))


def weights_of(component: Component, variant: str) -> Weights:
    """Where a network's weights lie.

    Raises:
        UserError: the list of shards is damaged.
        UnsafeFileError: they are pickled, or lie elsewhere.
    """
    variants = variants_of(component)
    if not variants:
        return _none_of(component)
    place = variants.get(variant) or next(iter(variants.values()))
    files = (place,) if place.suffix == ".safetensors" else _shards(place)
    for file in files:
        missing = _why_missing(file, place)
        if missing is not None:
            return Weights(place, files, missing)
    return Weights(place, files)


def hash_of(parts: Mapping[str, Component], weights: Mapping[str, Weights]) -> str:
    """SHA-256 over the configs and weights of all parts, hexadecimal."""
    whole = hashlib.sha256()
    for name, component in sorted(parts.items()):
        for file in (component.folder / CONFIG, *weights[name].files):
            if file.is_file():
                whole.update(f"{name}/{file.name} {sha256_of(file)}\n".encode())
    return whole.hexdigest()


def headers_of(weights: Weights) -> dict[str, TensorEntry]:
    """The tensors in all files, by name; reads no numbers.

    Raises:
        UserError: a file is damaged, or two hold the same tensor.
        UnsafeFileError: a file is a pickle under another name.
    """
    found: dict[str, TensorEntry] = {}
    for file in weights.files:
        entries = read_header(file)
        for name in entries:
            if name in found:
                raise UserError(
                    f"{file}: tensor “{name}” is in another shard as well; download the weights "
                    "again."
                )
        found |= entries
    return found


def check_shapes(weights: Weights, wanted: Mapping[str, Tensor]) -> None:
    """Compares what the files claim with what the network has.

    Raises:
        UserError: a tensor is missing, of another shape, or has no place; it is named.
    """
    claimed = headers_of(weights)
    held: dict[str, TensorEntry] = {}
    for name, entry in claimed.items():
        known = _renamed(name, wanted)
        if known != name and known in wanted and entry.shape[2:] == (1, 1):
            entry = dataclasses.replace(entry, shape=entry.shape[:2])
        if entry.dtype in _FLOATS:
            entry = dataclasses.replace(entry, dtype="F32")
        held[known] = entry
    check_entries(weights.place, held, wanted)


def read_weights(weights: Weights, wanted: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors as float32 on the CPU, after `check_shapes`.

    Raises:
        UserError: a file is damaged, or a value is NaN or infinite.
    """
    found: dict[str, Tensor] = {}
    for file in weights.files:
        try:
            tensors = load_file(file, device="cpu")
        except (SafetensorError, OSError) as error:
            raise UserError(f"{file} is damaged ({error}); copy or download it again.") from error
        for name, tensor in tensors.items():
            plain = tensor.float() if tensor.is_floating_point() else tensor
            if not bool(torch.isfinite(plain).all()):
                raise UserError(
                    f"{file}: tensor “{name}” holds NaN or infinite values, so the model cannot "
                    "answer; take another copy."
                )
            known = _renamed(name, wanted)
            found[known] = plain.reshape(wanted[known].shape)
    return found


def _renamed(name: str, wanted: Mapping[str, Tensor]) -> str:
    match = _OLD_ATTENTION.fullmatch(name)
    if match is None or name in wanted:
        return name
    return f"{match[1]}{_NEW[match[2]]}{match[3]}"


def _none_of(component: Component) -> Weights:
    """Of a folder without safetensors.

    Raises:
        UnsafeFileError: there are pickled weights in their place.
    """
    place = component.folder / f"{_NAME}.safetensors"
    for name in _listing(component.folder):
        if _PICKLED.fullmatch(name):
            raise UnsafeFileError(
                f"{component.folder} holds its weights in {name}, a pickle that can run code when "
                "opened; load the model once with diffusers, where you trust it, and write it anew "
                "with save_pretrained, which makes safetensors of it."
            )
    missing = (
        f"The weights of the {component.kind} are missing: {place} is not there; download it into "
        "the folder."
    )
    return Weights(place, (), missing)


def _shards(place: Path) -> tuple[Path, ...]:
    """The files that an index names, each once."""
    listed = read_object(place).get("weight_map")
    if not isinstance(listed, dict) or not listed:
        raise UserError(f"{place} lists no shards under “weight_map”; download it again.")
    names = dict.fromkeys(listed.values())
    if len(names) > _MOST_SHARDS:
        raise UserError(f"{place} lists {len(names):,} shards; that is no file of weights.")
    for name in names:
        plain = isinstance(name, str) and re.fullmatch(r"[\w.-]+\.safetensors", name)
        if not plain or ".." in name:
            raise UnsafeFileError(
                f"{place} names the shard “{str(name)[:100]}”, which is no safetensors file beside "
                "it; it is refused, download the weights again."
            )
    return tuple(place.with_name(name) for name in names)


def _why_missing(file: Path, place: Path) -> str | None:
    check_place(file)
    if not file.is_file():
        told = f", which {place.name} names," if file != place else ""
        return f"Weights are missing: {file}{told} is not there; download it into the folder."
    try:
        with file.open("rb") as opened:
            start = opened.read(len(_POINTER))
    except OSError as error:
        raise cannot_read(file, error) from error
    if start == _POINTER:
        return (
            f"{file} is a git-LFS pointer of {file.stat().st_size:,} bytes and not the weights; "
            "fetch them with “git lfs pull” in its folder."
        )
    return None


def _listing(folder: Path) -> list[str]:
    try:
        return sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise cannot_read(folder, error) from error
