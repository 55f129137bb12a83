"""What layers make of a shape, told without making anything of that size.

On torch's `meta` device tensors have a shape and no numbers, so that no claim of a file can fill
the memory. For many layers torch would import its compiler there, which takes seconds; what those
do to a shape is said here.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn

from latentviewer.engine.importing.modules.notes import leaves

Shape = tuple[int, ...]

_BATCH = 2
_MOST_VALUES = 1 << 26  # of what a layer gives for one sample
_KEEPING = (
    nn.Identity, nn.ReLU, nn.SELU, nn.SiLU, nn.Mish, nn.Tanh, nn.Sigmoid, nn.Hardswish,
    nn.Hardsigmoid, nn.LogSigmoid, nn.Softsign, nn.Tanhshrink, nn.LeakyReLU, nn.ELU, nn.CELU,
    nn.GELU, nn.RReLU, nn.Softplus, nn.Hardtanh,
    nn.modules.dropout._DropoutNd,
)  # fmt: skip
"""Layers that give every value for itself."""


def shapes_along(module: nn.Module, shape: Shape) -> list[Shape] | None:
    """The shapes of what each layer of a module on the `meta` device gives for one sample.

    None where it cannot take it, or a layer would give more than fits into memory.
    """
    found: list[Shape] = []
    with torch.inference_mode():
        x = torch.empty((_BATCH, *shape), device="meta")
        for layer in leaves(module):
            made = _made(layer, x)
            if made is None or len(made) != _BATCH or made.ndim < 2:
                return None
            if made.numel() > _BATCH * _MOST_VALUES:
                return None
            x = made
            found.append(tuple(x.shape[1:]))
    return found


def shape_after(module: nn.Module, shape: Shape) -> Shape | None:
    """The shape of what a module gives for one sample; None where `shapes_along` has none."""
    along = shapes_along(module, shape)
    return None if along is None else [shape, *along][-1]


def most_values(module: nn.Module, shape: Shape) -> int:
    """The most values that a layer of a module takes or gives for one sample."""
    return max(int(math.prod(one)) for one in (shape, *(shapes_along(module, shape) or ())))


def _made(layer: nn.Module, x: Tensor) -> Tensor | None:
    known = _known(layer, x)
    if known is not None:
        return x.new_empty(known) if known else None
    try:
        made: Tensor = layer(x)
    except (RuntimeError, ValueError, TypeError, IndexError, NotImplementedError):
        return None  # what torch says of shapes that do not fit
    return made


def _known(layer: nn.Module, x: Tensor) -> Shape | None:
    """The shape that a layer gives, empty where it cannot take it; None for other layers."""
    shape = tuple(x.shape)
    if isinstance(layer, _KEEPING):
        return shape
    if isinstance(layer, nn.Linear):
        return (*shape[:-1], layer.out_features) if shape[-1] == layer.in_features else ()
    if isinstance(layer, nn.modules.conv._ConvNd):  # of which torch checks too little
        fits = x.ndim == len(layer.kernel_size) + 2 and shape[1] == layer.in_channels
        return None if fits else ()
    if isinstance(layer, nn.PReLU):
        return shape if layer.num_parameters in (1, shape[1]) else ()
    if isinstance(layer, nn.GroupNorm):
        return shape if layer.num_channels == shape[1] else ()
    if isinstance(layer, nn.LayerNorm):
        own = tuple(layer.normalized_shape)
        return shape if shape[-len(own) :] == own else ()
    if isinstance(layer, nn.modules.batchnorm._NormBase):
        return shape if layer.num_features == shape[1] and _has_dimensions(layer, x) else ()
    if isinstance(layer, nn.Upsample | nn.AdaptiveAvgPool2d):
        return _resized(layer, shape) if x.ndim == 4 else ()
    return None


def _has_dimensions(layer: nn.Module, x: Tensor) -> bool:
    name = type(layer).__name__
    flat = isinstance(layer, nn.BatchNorm1d) and x.ndim == 2
    return flat or x.ndim == int(name[-2]) + 2  # such as BatchNorm2d


def _resized(layer: nn.Upsample | nn.AdaptiveAvgPool2d, shape: Shape) -> Shape:
    # torch declares numbers or tuples of them, where attributes of a module may be anything.
    wanted: Any
    scale: Any
    if isinstance(layer, nn.Upsample):
        wanted, scale = layer.size, layer.scale_factor
    else:
        wanted, scale = layer.output_size, None
    given = wanted if isinstance(wanted, tuple) else (wanted, wanted)
    scales = scale if isinstance(scale, tuple) else (scale, scale)
    if len(given) != 2 or len(scales) != 2:
        return ()
    sides = []
    for side, fixed, factor in zip(shape[2:], given, scales, strict=True):
        if fixed is None and factor is not None:
            fixed = math.floor(side * factor)
        elif fixed is None:  # an average over all there is keeps a side that is not given
            fixed = side
        if not 1 <= fixed <= _MOST_VALUES:
            return ()
        sides.append(int(fixed))
    return (*shape[:2], *sides)
