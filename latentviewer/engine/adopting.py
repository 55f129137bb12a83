"""A model folder made of a torchvision classifier's weights in a file of the user's."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn

from latentviewer.domain.errors import UserError
from latentviewer.engine.adapters.torch_model import pooled
from latentviewer.engine.adapters.torchvision_classifier import (
    AUXILIARY,
    FAMILY,
    TorchvisionConfig,
    untrained,
)
from latentviewer.engine.importing.checkpoints.state_dicts import state_dict_of
from latentviewer.engine.model_folder import CONFIG_NAME, WEIGHTS_NAME
from latentviewer.engine.weights import check_entries, entries_of
from latentviewer.engine.writing import write_atomically, write_json_atomically

_SHOWN_DEPTH = 2  # of layers: `layer1.0`, not what is within


def adopt_torchvision(
    name: str, weights: Path, out: Path, classes: Sequence[str] | None = None
) -> Path:
    """Writes config.json and model.safetensors to `out`; returns `out`.

    Args:
        name: as `torchvision.models.get_model` takes it.
        weights: a state dict of that classifier, .safetensors, or .pth read without running
            any code from it.
        classes: names of the outputs; by default ImageNet's where there are a thousand.

    Raises:
        UserError: no such classifier, the weights are not its own, or the folder is taken.
        UnsafeFileError: the file holds more than tensors.
    """
    if (out / WEIGHTS_NAME).exists():
        raise UserError(f"{out} already holds a model; name another folder.")
    tensors = _read(weights)
    if name in AUXILIARY:
        tensors = {k: v for k, v in tensors.items() if not k.lower().startswith("aux")}
    count = _outputs(name, tensors, weights)
    if classes is not None and len(classes) != count:
        raise UserError(
            f"{weights} tells {count} classes apart, and {len(classes)} names were given; "
            "give one name for each."
        )
    net = untrained(name, count)
    wanted = net.state_dict()
    mend = f"these are not the weights of {name}"
    check_entries(weights, entries_of(tensors), wanted, mend)
    net.load_state_dict(tensors)
    config = _described(name, net, classes or _class_names(name, count))
    plain = {key: value.contiguous() for key, value in tensors.items()}
    write_atomically(out / WEIGHTS_NAME, save(plain, {"format": "pt"}))
    document = {"family": FAMILY, "name": out.name, "architecture": dataclasses.asdict(config)}
    write_json_atomically(out / CONFIG_NAME, document)
    return out


def _read(weights: Path) -> dict[str, Tensor]:
    if not weights.exists():
        raise UserError(f"{weights} does not exist; check the path.")
    return state_dict_of(weights, {}).tensors()


def _outputs(name: str, tensors: dict[str, Tensor], weights: Path) -> int:
    """How many classes the last layer tells apart."""
    with torch.device("meta"):
        last = list(untrained(name, 1000).state_dict())[-1]
    tensor = tensors.get(last)
    if tensor is None or tensor.ndim < 1 or len(tensor) < 2:
        raise UserError(
            f"{weights} has no tensor “{last}” of two numbers or more; these are not the weights "
            f"of {name}."
        )
    return len(tensor)


def _class_names(name: str, count: int) -> tuple[str, ...]:
    from torchvision.models import get_model_weights

    known: Sequence[str] = get_model_weights(name).DEFAULT.meta.get("categories", ())
    if len(known) == count:
        # ImageNet has two cranes and two maillots.
        seen: dict[str, int] = {}
        named = []
        for word in known:
            seen[word] = seen.get(word, 0) + 1
            named.append(word if seen[word] == 1 else f"{word} {seen[word]}")
        return tuple(named)
    return tuple(f"class {index}" for index in range(count))


def _described(name: str, net: nn.Module, classes: Sequence[str]) -> TorchvisionConfig:
    from torchvision.models import get_model_weights
    from torchvision.models.feature_extraction import (
        create_feature_extractor,
        get_graph_node_names,
    )

    transform = get_model_weights(name).DEFAULT.transforms()
    side = int(transform.crop_size[0])
    _, nodes = get_graph_node_names(net)
    modules = dict(net.named_modules())
    head = list(net.state_dict())[-1].rpartition(".")[0]
    nodes = nodes[: nodes.index(head)]  # what comes after are answers, not features
    layers: list[str] = []
    for node in nodes:
        short = ".".join(node.split(".")[:_SHOWN_DEPTH])
        if short in modules and short not in layers:
            layers.append(short)
    if _module_of(nodes[-1], modules) not in layers[-1:]:
        layers.append(nodes[-1])
    extractor = create_feature_extractor(net, {layer: layer for layer in layers})
    with torch.inference_mode():
        given = extractor(torch.zeros(1, 3, side, side))
    kept = [layer for layer in layers if isinstance(given[layer], Tensor) and given[layer].ndim > 1]
    return TorchvisionConfig(
        name=name,
        height=side,
        width=side,
        mean=tuple(float(v) for v in transform.mean),
        std=tuple(float(v) for v in transform.std),
        classes=tuple(classes),
        layers=tuple(kept),
        latent_dim=pooled(given[kept[-1]]).shape[1],
    )


def _module_of(node: str, modules: dict[str, nn.Module]) -> str:
    short = ".".join(node.split(".")[:_SHOWN_DEPTH])
    return short if short in modules else ""
