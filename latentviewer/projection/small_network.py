"""A small multilayer perceptron: arrays and a numpy forward pass, and torch to train it.

Whoever only asks it for answers needs no torch, and an answer to one question comes within
the time of a few small products.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_VALUES_AT_ONCE = 2_000_000
_FADE, _FADE_SQUARES, _LEAST = 0.9, 0.999, 1e-8  # of Adam; the paper's own figures


@dataclass(frozen=True, eq=False)
class SmallNetwork:
    """Standardises, adds waves, and passes through layers with ReLU between them.

    Attributes:
        centre, scale: (d,) float32; inputs become (x - centre) * scale. A scale of 0 leaves a
            dimension out.
        frequencies: (d, f) float32; to the standardised x are added sin(x F) and cos(x F), the
            Fourier features of Tancik et al. 2020, with which fine structure is learnt at all.
            f may be 0.
        weights: of each layer, (in, out) float32. biases: of each layer, (out,) float32.
        out_centre, out_scale: (k,) float32; what leaves the last layer is multiplied, then
            moved.
    """

    centre: Floats
    scale: Floats
    frequencies: Floats
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]
    out_centre: Floats
    out_scale: Floats

    def __call__(self, inputs: Floats) -> Floats:
        """(m, d) to (m, k) float32, in parts that need little memory."""
        made = np.empty((len(inputs), len(self.out_centre)), np.float32)
        widest = max(len(self.centre), *(len(bias) for bias in self.biases))
        step = max(1, _VALUES_AT_ONCE // widest)
        for start in range(0, len(inputs), step):
            part = slice(start, start + step)
            made[part] = self._some(inputs[part])
        return made

    def features(self, inputs: Floats) -> Floats:
        """(m, d) to (m, d + 2 f): what the first layer takes."""
        return with_waves((inputs - self.centre) * self.scale, self.frequencies)

    def _some(self, inputs: Floats) -> Floats:
        values = self.features(inputs)
        last = len(self.weights) - 1
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            values = values @ weight
            values += bias
            if layer < last:
                np.maximum(values, 0, out=values)
        values *= self.out_scale
        values += self.out_centre
        return values

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """The arrays by names that begin with `name` and a point; `network_from` reads them."""
        single = {
            "centre": self.centre,
            "scale": self.scale,
            "frequencies": self.frequencies,
            "out_centre": self.out_centre,
            "out_scale": self.out_scale,
        }
        made: dict[str, NDArray[Any]] = {f"{name}.{key}": array for key, array in single.items()}
        for layer, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            made[f"{name}.weight{layer}"], made[f"{name}.bias{layer}"] = weight, bias
        return made


def network_from(arrays: Mapping[str, NDArray[Any]], name: str) -> SmallNetwork:
    """The network that `SmallNetwork.arrays` wrote under this name.

    Raises:
        ValueError: there is none, or its arrays do not fit together.
    """

    def array(key: str) -> Floats:
        try:
            return np.ascontiguousarray(arrays[f"{name}.{key}"], np.float32)
        except KeyError:
            raise ValueError(f"the arrays hold no “{name}.{key}”") from None

    layers = sum(key.startswith(f"{name}.weight") for key in arrays)
    made = SmallNetwork(
        array("centre"),
        array("scale"),
        array("frequencies"),
        tuple(array(f"weight{layer}") for layer in range(layers)),
        tuple(array(f"bias{layer}") for layer in range(layers)),
        array("out_centre"),
        array("out_scale"),
    )
    d, waves = len(made.centre), made.frequencies.shape[-1]
    widths = [d + 2 * waves, *(len(bias) for bias in made.biases)]
    shapes = [weight.shape for weight in made.weights]
    if (
        not layers
        or made.scale.shape != (d,)
        or made.frequencies.shape != (d, waves)
        or shapes != list(pairwise(widths))
        or not made.out_centre.shape == made.out_scale.shape == (widths[-1],)
    ):
        raise ValueError(f"the arrays of “{name}” do not fit together")
    return made


def with_waves(inputs: Floats, frequencies: Floats) -> Floats:
    """(m, d) standardised inputs to (m, d + 2 f) with their waves."""
    if not frequencies.shape[1]:
        return inputs
    angles = inputs @ frequencies
    return np.concatenate([inputs, np.sin(angles), np.cos(angles)], axis=1)


class Training:
    """The layers of a network as torch tensors, and Adam (Kingma, Ba 2015, Algorithm 1).

    torch's own optimiser would load its compiler at the first step, for seconds. Nothing of
    torch's random state or settings is used or changed, and nothing stays switched on between
    two steps, so that other work of the thread may come between.

    Args:
        widths: of the inputs, of each layer in between, and of what comes out.
        rng: of the first weights (He et al. 2015, for ReLU).
    """

    def __init__(self, widths: Sequence[int], rng: np.random.Generator) -> None:
        import torch

        self._torch = torch
        shapes = list(pairwise(widths))
        ends = np.cumsum([0, *(a * b + b for a, b in shapes)])
        values = np.zeros(ends[-1], np.float32)
        for (a, b), end in zip(shapes, ends, strict=False):
            values[end : end + a * b] = rng.standard_normal(a * b) * np.sqrt(2 / max(1, a))
        # The last layer begins small: what comes out then is near its centre.
        values[ends[-2] :] *= 0.1
        with torch.inference_mode(False):
            self._values = torch.from_numpy(values)
            self._slopes = torch.zeros_like(self._values)
            self._mean, self._square = torch.zeros_like(self._values), self._slopes.clone()
            self._layers = []
            for (a, b), end in zip(shapes, ends, strict=False):
                cuts = ((end, end + a * b, (a, b)), (end + a * b, end + a * b + b, (b,)))
                for start, stop, shape in cuts:
                    # Parts of one array each, so that a step is a few operations for all.
                    part = self._values[start:stop].view(shape).requires_grad_()
                    part.grad = self._slopes[start:stop].view(shape)
                    self._layers.append(part)
        self._steps = 0

    def forward(self, inputs: Any) -> Any:
        """A tensor (m, in) to a tensor (m, out)."""
        torch = self._torch
        values = inputs
        for layer in range(0, len(self._layers), 2):
            values = torch.addmm(self._layers[layer + 1], values, self._layers[layer])
            if layer + 2 < len(self._layers):
                values = torch.relu(values)
        return values

    def step(self, loss: Callable[[], Any], rate: float) -> float:
        """One step down the slope of the loss, which is computed here; gives the loss."""
        torch = self._torch
        with torch.inference_mode(False), torch.enable_grad():
            self._slopes.zero_()
            found = loss()
            found.backward()
        with torch.no_grad():
            self._steps += 1
            self._mean.lerp_(self._slopes, 1 - _FADE)
            self._square.mul_(_FADE_SQUARES).addcmul_(
                self._slopes, self._slopes, value=1 - _FADE_SQUARES
            )
            unbiased = rate / (1 - _FADE**self._steps)
            root = (self._square / (1 - _FADE_SQUARES**self._steps)).sqrt_().add_(_LEAST)
            self._values.addcdiv_(self._mean, root, value=-unbiased)
        return float(found.detach())

    def layers(self) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
        """Copies of the weights and biases as they are now."""
        arrays = [part.detach().numpy().copy() for part in self._layers]
        return tuple(arrays[::2]), tuple(arrays[1::2])
