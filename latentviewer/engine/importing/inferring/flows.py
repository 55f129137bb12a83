"""How layers can follow one another: which convolutions are transposed, and where maps of
channels are flattened and folded again."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from latentviewer.engine.importing.inferring.state_layers import StateLayer, Unfit, Way

_MOST_FLOWS = 32  # that are looked for
_KEPT_FLOWS = 4
_LARGEST_AREA = 512 * 512


@dataclass(frozen=True)
class Signal:
    """What is between two layers: `count` values, or a map with `count` channels."""

    is_map: bool
    count: int


@dataclass(frozen=True)
class Step:
    """A layer at its place in a flow.

    Attributes:
        given: what comes in, before it is folded or flattened.
        takes, gives: what the layer itself takes and gives.
        area: how many places the map has that is flattened or folded before the layer; None
            where neither is.
    """

    layer: StateLayer
    way: Way
    given: Signal
    takes: Signal
    gives: Signal
    area: int | None = None


Flow = tuple[Step, ...]


def flows_of(layers: Sequence[StateLayer], upwards: bool) -> tuple[Flow, ...]:
    """Every way in which layers can follow one another, the likeliest first.

    Args:
        upwards: whether they lead to pictures, as a decoder's do.

    Raises:
        Unfit: there is no way; the first layer that cannot follow is named.
    """
    found: list[Flow] = []
    furthest: list[Flow] = [()]
    impossible: set[tuple[int, Signal | None]] = set()

    def follow(so_far: Flow) -> bool:
        if len(so_far) > len(furthest[0]):
            furthest[0] = so_far
        if len(so_far) == len(layers):
            found.append(so_far)
            return True
        signal = so_far[-1].gives if so_far else None
        if (len(so_far), signal) in impossible:
            return False
        leads = False
        for step in _steps(layers[len(so_far)], signal, upwards):
            if len(found) >= _MOST_FLOWS:
                return True
            leads = follow((*so_far, step)) or leads
        if not leads:
            impossible.add((len(so_far), signal))
        return leads

    if not follow(()):
        raise _gap(layers[len(furthest[0])], furthest[0])
    return tuple(sorted(found, key=lambda flow: _oddness(flow, upwards))[:_KEPT_FLOWS])


def side_of(area: int) -> int | None:
    """The side of a square of so many places, or None where they are no square."""
    side = math.isqrt(area)
    return side if side * side == area and 0 < area <= _LARGEST_AREA else None


def _steps(layer: StateLayer, signal: Signal | None, upwards: bool) -> list[Step]:
    steps = []
    for way, takes, gives in layer.ways:
        step = _norm(layer, signal) if way == "norm" else _joined(layer, signal, way, takes, gives)
        if step is not None:
            steps.append(step)
    return sorted(steps, key=lambda step: (step.way == "transposed") != upwards)


def _joined(
    layer: StateLayer, signal: Signal | None, way: Way, takes: int, gives: int
) -> Step | None:
    wanted, made = Signal(way != "linear", takes), Signal(way != "linear", gives)
    if signal is None or signal == wanted:
        return Step(layer, way, wanted, wanted, made)
    if signal.is_map == wanted.is_map:
        return None
    area = _area(signal, wanted)
    return None if area is None else Step(layer, way, signal, wanted, made, area)


def _norm(layer: StateLayer, signal: Signal | None) -> Step | None:
    if signal is None:  # one that begins a network says nothing of what it takes
        return None
    same = Signal(signal.is_map, layer.shape[0])
    other = Signal(not signal.is_map, layer.shape[0])
    if signal == same:
        return Step(layer, "norm", same, same, same)
    area = _area(signal, other)
    return None if area is None else Step(layer, "norm", signal, other, other, area)


def _area(one: Signal, other: Signal) -> int | None:
    """How many places a map has that holds as many values as the other is long."""
    flat, channels = (other.count, one.count) if one.is_map else (one.count, other.count)
    area, rest = divmod(flat, channels)
    return area if rest == 0 and side_of(area) is not None else None


def _oddness(flow: Flow, upwards: bool) -> int:
    """How unlike the usual networks a flow is: those have one kind for each size of kernel."""
    kinds = {(step.layer.kernel, step.way) for step in flow if step.layer.kind == "convolution"}
    mixed = len(kinds) - len({kernel for kernel, _ in kinds})
    wrong = "convolution" if upwards else "transposed"
    return 10 * mixed + sum(step.way == wrong for step in flow)


def _gap(layer: StateLayer, before: Flow) -> Unfit:
    tensor = f"tensor “{layer.tensors[0]}” of shape {layer.shape}"
    if not before:
        return Unfit(f"{tensor} cannot begin a plain chain")
    gives = before[-1].gives
    what = f"a map of {gives.count} channels" if gives.is_map else f"{gives.count} values"
    return Unfit(f"{tensor} does not follow “{before[-1].layer.name}”, which gives {what}")
