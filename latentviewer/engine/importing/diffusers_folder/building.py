"""Networks of diffusers' own classes, built from a config and filled with checked weights."""

import importlib.util
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from latentviewer.domain.errors import UserError
from latentviewer.engine.importing.diffusers_folder.config import CONFIG, DENOISER, Component
from latentviewer.engine.importing.diffusers_folder.reading import Reading
from latentviewer.engine.importing.diffusers_folder.weights import check_shapes, read_weights
from latentviewer.io.failures import first_line
from latentviewer.torchvision_operators import declare_missing_operators

MEND = "take the config.json that belongs to the weights"


def networks(path: Path, reading: Reading) -> dict[str, Any]:
    """The networks of a folder by name, with their weights.

    Raises:
        UserError: diffusers is not installed, or a config, the weights and the size of the
            pictures do not fit one another; the place is named.
        UnsafeFileError: a file of weights is a pickle.
    """
    classes = _classes(path)
    found = {}
    for name, component in reading.parts.items():
        kind, weights = classes[component.kind], reading.weights[name]
        with torch.device("meta"):
            outline = _built(kind, component)
        wanted = outline.state_dict()
        check_shapes(weights, wanted)
        _check_answer(outline, component, reading)
        tensors = read_weights(weights, wanted)
        # Built anew: networks keep more than their weights, and on `meta` that has no values.
        found[name] = _built(kind, component)
        found[name].load_state_dict(tensors, assign=True)
    return found


def _classes(path: Path) -> dict[str, Any]:
    """The classes of networks by name; the import takes seconds."""
    if importlib.util.find_spec("diffusers") is None:
        raise UserError(
            f"{path} needs the package diffusers, which is not installed; say "
            'pip install "latentviewer[diffusers]".'
        )
    # Nothing asks for the network here; this holds libraries to it that might.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    declare_missing_operators()
    try:
        from diffusers import AutoencoderKL, AutoencoderTiny, UNet2DModel, VQModel
    except (ImportError, RuntimeError) as error:
        raise UserError(
            f"{path} needs the package diffusers, which cannot be imported ({first_line(error)}); "
            'install it again with pip install "latentviewer[diffusers]".'
        ) from error
    known = (AutoencoderKL, AutoencoderTiny, UNet2DModel, VQModel)
    return {kind.__name__: kind for kind in known}


def _built(kind: Any, component: Component) -> Any:
    taken = inspect.signature(kind.__init__).parameters
    settings = {
        key: value for key, value in component.config.items() if key in taken and key != "self"
    }
    return _tried(component, "no network", lambda: kind(**settings))


def _check_answer(outline: Any, component: Component, reading: Reading) -> None:
    """Whether what goes in and out has the expected shape, tried without memory."""
    shape = reading.image
    picture, latent = (shape.channels, shape.height, shape.width), reading.spatial

    def blank(sides: tuple[int, int, int]) -> Tensor:
        return torch.zeros(1, *sides, device="meta")

    def encoded() -> Tensor:
        given = outline.encode(blank(picture))
        found: Tensor = given.latent_dist.mean if hasattr(given, "latent_dist") else given.latents
        return found

    tries: list[tuple[str, Callable[[], Tensor], tuple[int, int, int]]] = [
        ("encoder", encoded, latent),
        ("decoder", lambda: outline.decode(blank(latent)).sample, picture),
    ]
    if component.kind == DENOISER:
        # It may give a variance in further channels, which is not used.
        tries = [("denoiser", lambda: outline(blank(latent), 1).sample[:, : latent[0]], latent)]
    with torch.inference_mode():
        for what, call, wanted in tries:
            given = tuple(_tried(component, f"no {what} for {picture}", call).shape[1:])
            if given != wanted:
                raise UserError(
                    f"{component.folder / CONFIG}: its {what} gives {given} where {wanted} was to "
                    f"be expected; {MEND}."
                )


def _tried(component: Component, what: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except Exception as error:  # what a network raises is whatever its first fault leads to
        raise UserError(
            f"{component.folder / CONFIG} describes {what}: {component.kind} cannot be made so "
            f"({first_line(error)}); {MEND}."
        ) from error
