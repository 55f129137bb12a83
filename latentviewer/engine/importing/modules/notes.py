"""Modules of torch.nn, built afresh from what a pickle says of them.

Nothing that a pickle asks for is made: a layer on the list of plain ones is built by its own
constructor from its fields, and is given tensors of the shapes that it asks for. Whatever else is
said of it must be what an untouched layer has.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.engine.importing.checkpoints.inert_pickles import Made, shown
from latentviewer.engine.importing.checkpoints.tensor_claims import TensorClaim, claim_of
from latentviewer.engine.importing.inferring.plain_layers import CONTAINERS, PLAIN_LAYERS

_DEEPEST = 16
_MOST_LAYERS = 500
_LARGEST_NUMBER = 1 << 20
_LONGEST_TEXT = 16
_MOST_NUMBERS = 8  # in one field
_COUNTS = ("channels", "features", "kernel_size", "groups", "parameters", "stride", "dilation",
           "factor", "output_size")  # fmt: skip
"""Endings of fields that must not be zero."""
_OWN = "num_batches_tracked"  # a count that nothing depends on


@dataclass(frozen=True, eq=False)
class Noted:
    """A module on torch's `meta` device, and where its tensors are.

    Attributes:
        module: not for training.
        claims: by the name of the module's tensor.
    """

    module: nn.Module
    claims: dict[str, TensorClaim]

    @property
    def numbers(self) -> int:
        """How many numbers its tensors hold together."""
        return sum(math.prod(claim.shape) for claim in self.claims.values())


def is_module(value: Any) -> bool:
    """Whether an object of a pickle is a module that can be built."""
    return isinstance(value, Made) and (value.of in PLAIN_LAYERS or value.of in CONTAINERS)


def inner_modules(value: Made) -> dict[str, Any]:
    """The modules that a container holds, by name."""
    held = value.state.get("_modules") if isinstance(value.state, dict) else None
    return {shown(str(key)): inner for key, inner in held.items()} if isinstance(held, dict) else {}


def noted(path: Path, value: Made) -> Noted:
    """The module that a pickle describes.

    Raises:
        UserError: a layer is damaged, is none that is built, or its tensors do not fit it.
        UnsafeFileError: a layer has something of its own in place of a method.
    """
    builder = _Builder(path)
    module = builder.built(value, "", 0)
    return Noted(module.eval().requires_grad_(False), builder.claims)


def leaves(module: nn.Module) -> Iterator[nn.Module]:
    """The layers of nested nn.Sequential, in the order in which they are applied."""
    if isinstance(module, nn.Sequential):
        for inner in module:
            yield from leaves(inner)
    else:
        yield module


class _Builder:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._count = 0
        self.claims: dict[str, TensorClaim] = {}

    def built(self, value: Any, name: str, depth: int) -> nn.Module:
        if not isinstance(value, Made) or not isinstance(value.state, dict):
            raise self._damaged(name, "has no fields")
        self._count += 1
        if depth > _DEEPEST or self._count > _MOST_LAYERS:
            raise self._damaged(name, "lies too deep or is one of too many")
        if value.of not in CONTAINERS:
            return self._layer(value, name)
        kind = CONTAINERS[value.of]
        inner = {
            key: self.built(module, f"{name}.{key}" if name else key, depth + 1)
            for key, module in inner_modules(value).items()
        }
        module = nn.Sequential() if kind is nn.Sequential else nn.ModuleDict()
        self._check_untouched(module, value.state, name)
        for key, part in inner.items():
            if not key or "." in key or hasattr(module, key):
                raise self._damaged(name, f"holds a layer of the name “{key}”")
            module.add_module(key, part)
        if kind is nn.ModuleList:
            raise self._damaged(name, "is a list, which says nothing of their order")
        return module

    def _layer(self, value: Made, name: str) -> nn.Module:
        layer = PLAIN_LAYERS.get(value.of)
        if layer is None:
            raise self._damaged(name, f"is “{value.of}”, which is no plain layer")
        state = value.state
        fields = {key: self._plain(state[key], key, name) for key in layer.fields if key in state}
        own = self._tensors(state, name)
        if layer.has_bias:
            fields["bias"] = "bias" in own
        try:
            with torch.device("meta"):
                module = layer.kind(**fields)
        except (TypeError, ValueError, RuntimeError, AssertionError) as error:
            said = shown(str(error)) or type(error).__name__
            raise self._damaged(name, f"cannot be built ({said})") from error
        self._check_untouched(module, state, name)
        self._take(module, own, name)
        return module

    def _tensors(self, state: dict[Any, Any], name: str) -> dict[str, TensorClaim]:
        found = {}
        for group in ("_parameters", "_buffers"):
            held = state.get(group)
            for key, value in held.items() if isinstance(held, dict) else ():
                claim = claim_of(value)
                if value is None or key == _OWN:
                    continue
                if claim is None or not isinstance(key, str):
                    raise self._damaged(name, "holds what is no tensor")
                found[key] = claim
        return found

    def _take(self, module: nn.Module, own: dict[str, TensorClaim], name: str) -> None:
        """Checks the tensors against those that the layer asks for, and keeps where they are."""
        wanted = {k: tuple(t.shape) for k, t in module.state_dict().items() if k != _OWN}
        for key in {**wanted, **own}:
            whole = f"{name}.{key}" if name else key
            if key not in own or key not in wanted:
                what = "is missing" if key in wanted else "has no place in its layer"
                raise UserError(f"{self._path}: tensor “{whole}” {what}; save the module again.")
            if own[key].fault is None and own[key].shape != wanted[key]:
                raise UserError(
                    f"{self._path}: tensor “{whole}” has shape {own[key].shape}, and its layer "
                    f"asks for {wanted[key]}; save the module again."
                )
            self.claims[whole] = own[key]
        has_statistics = "running_mean" in wanted
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and not has_statistics:
            raise self._damaged(name, "normalises by each batch, so that one picture alone has "
                                "no answer")  # fmt: skip

    def _plain(self, value: Any, field: str, name: str) -> Any:
        """A number, a short text, or a few numbers."""
        if isinstance(value, Made) and value.of == "torch.Size" and len(value.args) == 1:
            value = value.args[0]
        if isinstance(value, tuple | list) and len(value) <= _MOST_NUMBERS:
            return tuple(self._plain(part, field, name) for part in value)
        is_number = isinstance(value, int | float) and abs(value) <= _LARGEST_NUMBER
        is_text = isinstance(value, str) and len(value) <= _LONGEST_TEXT
        is_zero = field.endswith(_COUNTS) and value in (0, False)
        if value is None or (is_number and not is_zero) or is_text:
            return value
        raise self._damaged(name, f"has the field “{field}” of a kind or size that it cannot have")

    def _check_untouched(self, module: nn.Module, state: dict[Any, Any], name: str) -> None:
        for key, value in state.items():
            if not isinstance(key, str):
                raise self._damaged(name, "has a field without a name")
            if hasattr(type(module), key) and key not in vars(module):
                raise UnsafeFileError(
                    f"{self._path}: its layer “{name}” has something of its own in place of "
                    f"“{shown(key)}”; such a file is refused, save the model's state_dict()."
                )
            if "hooks" in key and value not in ({}, None):
                raise self._damaged(name, f"has functions attached to it (“{shown(key)}”)")

    def _damaged(self, name: str, what: str) -> UserError:
        layer = f"its layer “{name}”" if name else "its module"
        return UserError(
            f"{self._path}: {layer} {what}; save the model's state_dict(), or the module again."
        )
