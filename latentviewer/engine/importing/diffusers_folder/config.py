"""What a folder of diffusers says of itself: which parts there are, and with which settings.

The layout: https://huggingface.co/docs/diffusers/using-diffusers/loading and
https://huggingface.co/docs/diffusers/api/configuration
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.io.failures import cannot_read, check_regular

CONFIG, PIPELINE, SCHEDULE = "config.json", "model_index.json", "scheduler_config.json"
AUTOENCODERS = ("AutoencoderKL", "AutoencoderTiny", "VQModel")
DENOISER = "UNet2DModel"

_LARGEST_JSON_BYTES = 1_000_000
# Beyond these no network is built, not even without memory: it would take for ever.
_LARGEST_NUMBER, _LONGEST_LIST, _MOST_LAYERS = 1_000_000, 16, 64
_LAYER_COUNTS = ("layers_per_block", "num_encoder_blocks", "num_decoder_blocks")


@dataclass(frozen=True)
class Component:
    """A network of its own folder.

    Attributes:
        folder: where its config.json and weights lie.
        kind: its class, such as `AutoencoderKL`.
        config: what config.json says.
    """

    folder: Path
    kind: str
    config: Mapping[str, Any]


@dataclass(frozen=True)
class Layout:
    """The parts of a folder that are of use here.

    Attributes:
        folder: the whole.
        pipeline: its class where it is a pipeline, such as `DDPMPipeline`.
        autoencoder, denoiser: its networks, or None; one of them is there.
        schedule: what scheduler_config.json says, or None.
        unused: names of further parts.
    """

    folder: Path
    pipeline: str | None
    autoencoder: Component | None
    denoiser: Component | None
    schedule: Mapping[str, Any] | None
    unused: tuple[str, ...] = ()


def folder_of(path: Path) -> Path:
    """The folder that a path means, which may be of a file in it."""
    told = path.name in (CONFIG, PIPELINE) or path.name.startswith("diffusion_pytorch_model")
    return path.parent if told and path.is_file() else path


def layout_in(path: Path) -> Layout | None:
    """The parts in a folder, or None where it is none of diffusers that is known here.

    Raises:
        UserError: a file that should say so is damaged.
    """
    folder = folder_of(path)
    if not folder.is_dir():
        return None
    if not (folder / PIPELINE).is_file():
        alone = _component(folder, part=False)
        if alone is None:
            return None
        return _layout(folder, None, alone, None, _schedule_in(folder), ())
    index = read_object(folder / PIPELINE)
    names = [name for name in index if not name.startswith("_")]
    # Older pipelines of one network keep it beside model_index.json.
    autoencoder = _component(folder / "vae") or _component(folder / "vqvae")
    unet = _component(folder / "unet") or _component(folder, part=False)
    if autoencoder is None and (unet is None or unet.kind != DENOISER):
        return None
    used = set() if autoencoder is None else {autoencoder.folder.name}
    if unet is not None and unet.kind == DENOISER:
        used |= {"unet", "scheduler"}
    unused = tuple(name for name in names if name not in used and isinstance(index[name], list))
    kind = index.get("_class_name")
    pipeline = kind[:60] if isinstance(kind, str) else "pipeline"
    return _layout(folder, pipeline, autoencoder, unet, _schedule_in(folder), unused)


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a small file.

    Raises:
        UserError: it is not there, too large, or no such object.
        UnsafeFileError: it is a link to somewhere else.
    """
    check_regular(path)
    check_place(path)
    try:
        if path.stat().st_size > _LARGEST_JSON_BYTES:
            raise UserError(
                f"{path} is larger than a megabyte and so is no config; take the one that was "
                "written with the weights."
            )
        found: Any = json.loads(path.read_bytes())
    except OSError as error:
        raise cannot_read(path, error) from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not JSON; copy or download it again.") from error
    if not isinstance(found, dict):
        raise UserError(
            f"{path} holds no JSON object; take the one that was written with the weights."
        )
    return found


def check_place(path: Path) -> None:
    """Refuses links that lead out of their folder.

    The cache of huggingface_hub is let through: there a model's files are links from
    `snapshots/REVISION` to `blobs`, https://huggingface.co/docs/huggingface_hub/guides/manage-cache

    Raises:
        UnsafeFileError: the file or folder lies elsewhere.
    """
    real, folder = path.resolve(), path.absolute().parent
    cache = next((known.parent for known in folder.parents if known.name == "snapshots"), None)
    homes = [folder] if cache is None else [folder, cache / "blobs"]
    if not any(real.is_relative_to(home.resolve()) for home in homes):
        raise UnsafeFileError(
            f"{path} is a link to something outside its folder, which is not followed; copy what "
            "it leads to there."
        )


def check_config(component: Component) -> None:
    """Refuses settings that no network has, before one is built of them.

    Raises:
        UserError: a number or a list is too large; its name is given.
    """
    for name, value in component.config.items():
        parts = value if isinstance(value, list) else [value]
        large = len(parts) > _LONGEST_LIST and name not in ("latents_mean", "latents_std")
        for part in parts:
            limit = _MOST_LAYERS if name in _LAYER_COUNTS else _LARGEST_NUMBER
            if isinstance(part, int | float) and not abs(part) <= limit:
                large = True
        if large and not name.startswith("_"):
            raise UserError(
                f"{component.folder / CONFIG}: “{name[:60]}” is {str(value)[:60]}, larger than in "
                "any network that is opened; take the config.json that belongs to the weights."
            )


def whole(component: Component, name: str, usual: int) -> int:
    """A setting that is a number of things, or `usual` where it is not given.

    Raises:
        UserError: it is something else.
    """
    value = component.config.get(name)
    if value is None:
        return usual
    if type(value) is not int or not 0 < value <= _LARGEST_NUMBER:
        raise UserError(
            f"{component.folder / CONFIG}: “{name}” is {str(value)[:60]} and must be a number of "
            "at least 1; take the config.json that belongs to the weights."
        )
    return value


def size_of(component: Component) -> tuple[int, int] | None:
    """Height and width that the network was trained on, if it says so."""
    value = component.config.get("sample_size")
    sides = value if isinstance(value, list) else [value, value]
    known = [s for s in sides if type(s) is int and 0 < s <= _LARGEST_NUMBER]
    return (known[0], known[1]) if len(known) == len(sides) == 2 else None


def factor_of(component: Component) -> int:
    """How many pixels of a side become one place of a latent or of the coarsest layer."""
    name = (
        "encoder_block_out_channels"
        if component.kind == "AutoencoderTiny"
        else ("block_out_channels")
    )
    usual = 4 if component.kind in ("AutoencoderTiny", DENOISER) else 1
    blocks = component.config.get(name)
    count = len(blocks) if isinstance(blocks, list) else usual
    return int(2 ** max(min(count, _LONGEST_LIST) - 1, 0))


def _layout(
    folder: Path,
    pipeline: str | None,
    first: Component | None,
    second: Component | None,
    schedule: Mapping[str, Any] | None,
    unused: tuple[str, ...],
) -> Layout:
    parts = [part for part in (first, second) if part is not None]
    autoencoder = next((part for part in parts if part.kind in AUTOENCODERS), None)
    denoiser = next((part for part in parts if part.kind == DENOISER), None)
    return Layout(folder, pipeline, autoencoder, denoiser, schedule, unused)


def _component(folder: Path, part: bool = True) -> Component | None:
    if not (folder / CONFIG).is_file():
        return None
    if part:
        check_place(folder)
    config = read_object(folder / CONFIG)
    kind = config.get("_class_name")
    if kind not in (*AUTOENCODERS, DENOISER):
        return None
    return Component(folder, str(kind), config)


def _schedule_in(folder: Path) -> dict[str, Any] | None:
    for place in (folder / "scheduler" / SCHEDULE, folder / SCHEDULE):
        if place.is_file():
            return read_object(place)
    return None
