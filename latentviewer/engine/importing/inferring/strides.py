"""Strides and paddings, which a state dict does not hold: those that the sizes allow.

Each choice has a cost, the less usual the higher; changing it from layer to layer costs too. A
walk is a choice for every layer of a flow, with the sides of the maps in between.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from latentviewer.engine.importing.checkpoints.part_names import between
from latentviewer.engine.importing.inferring.flows import Flow, Step, side_of

_LARGEST_SIDE = 1024
_MOST_VALUES = 1 << 26  # of one map
_KEPT_STATES = 400  # of all steps with a convolution together, but at least:
_LEAST_STATES = 8
_KEPT_WALKS = 2  # that end alike


@dataclass(frozen=True)
class Placing:
    """How a convolution is placed.

    Attributes:
        stride, padding, output_padding: as torch has them.
        pools: whether the map is halved after it by taking the largest of 2 x 2.
        grows: whether the map is doubled before it by repeating each place.
    """

    stride: int
    padding: int
    output_padding: int = 0
    pools: bool = False
    grows: bool = False

    def side_after(self, step: Step, side: int) -> int:
        """The side of the map it makes of one with that side; below 1 where it cannot."""
        kernel = step.layer.kernel
        if step.way == "transposed":
            return (side - 1) * self.stride - 2 * self.padding + kernel + self.output_padding
        side = 2 * side if self.grows else side
        made = (side + 2 * self.padding - kernel) // self.stride + 1
        return made // 2 if self.pools else made


@dataclass(frozen=True)
class Walk:
    """A choice for every step; None for steps that are no convolutions.

    Attributes:
        start: the side of what comes in, None where that is no map.
        ends: the side of what each step gives, likewise.
        sides: of all maps, also of those that are folded or flattened on the way.
    """

    placings: tuple[Placing | None, ...] = ()
    start: int | None = None
    ends: tuple[int | None, ...] = ()
    sides: tuple[int, ...] = ()
    cost: int = 0

    @property
    def end(self) -> int | None:
        """The side of what comes out, None where that is no map."""
        return self.ends[-1] if self.ends else self.start

    def further(
        self, placing: Placing | None, end: int | None, sides: tuple[int, ...], cost: int
    ) -> "Walk":
        """The walk with one step more."""
        placings, ends = (*self.placings, placing), (*self.ends, end)
        return Walk(placings, self.start, ends, sides, self.cost + cost)


def walks_of(flow: Flow, start: int | None, upwards: bool) -> list[Walk]:
    """The cheapest walks from a map's side, or from no map; the cheapest first.

    Args:
        upwards: whether the flow leads to pictures, as a decoder's does.
    """
    first = Walk(start=start, sides=() if start is None else (start,))
    placed = sum(step.layer.kind == "convolution" for step in flow)
    most = max(_LEAST_STATES, _KEPT_STATES // max(placed, 1))
    states: dict[tuple[int | None, _Style], list[Walk]] = {(start, ()): [first]}
    for at, step in enumerate(flow):
        slots = _slots(flow, at, upwards)
        reached: dict[tuple[int | None, _Style], list[Walk]] = {}
        for (_, style), walks in states.items():
            for walk in walks:
                for following, new_style in _followed(walk, style, step, upwards, slots):
                    reached.setdefault((following.end, new_style), []).append(following)
        kept = {key: sorted(ws, key=_cost)[:_KEPT_WALKS] for key, ws in reached.items()}
        best = sorted(kept, key=lambda key: kept[key][0].cost)[:most]
        states = {key: kept[key] for key in best}
    return sorted((walk for walks in states.values() for walk in walks), key=_cost)


_Style = tuple[tuple[tuple[str, int], Placing], ...]
"""The last choice for each way and kernel."""


def _cost(walk: Walk) -> int:
    return walk.cost


def _key(item: tuple[tuple[str, int], Placing]) -> tuple[str, int]:
    return item[0]


def _followed(
    walk: Walk, style: _Style, step: Step, upwards: bool, slots: int | None
) -> Iterator[tuple[Walk, _Style]]:
    side = walk.end
    if step.area is not None:
        folded = side_of(step.area)
        if step.given.is_map and side != folded:
            return
        side = None if step.given.is_map else folded
    if step.layer.kind != "convolution":
        changed = side is not None and side != walk.end
        sides = (*walk.sides, side) if changed and side is not None else walk.sides
        yield walk.further(None, side, sides, 0), style
        return
    if side is None:
        return
    sides = walk.sides if side == walk.end else (*walk.sides, side)
    key = (step.way, step.layer.kernel)
    known = dict(style)
    for placing, cost, is_usual in _choices(step, side, upwards, slots):
        made = placing.side_after(step, side)
        if not 1 <= made <= _LARGEST_SIDE or made * made * step.gives.count > _MOST_VALUES:
            continue
        # What leads from or to a single place says nothing of the other layers.
        if is_usual and key in known:
            cost = 0 if known[key] == placing else cost + 1
        new = tuple(sorted({**known, key: placing}.items(), key=_key)) if is_usual else style
        yield walk.further(placing, made, (*sides, made), cost), new


def _choices(
    step: Step, side: int, upwards: bool, slots: int | None
) -> Iterator[tuple[Placing, int, bool]]:
    """Ways to place a convolution, what each costs, and whether it is one for maps at large."""
    kernel = step.layer.kernel
    if step.way == "transposed":
        if side == 1:
            yield Placing(1, 0), 0, False
        yield from _transposed(kernel, side)
    elif upwards:
        yield from _between_doublings(kernel, slots)
    elif kernel == side and kernel > 1:
        yield Placing(1, 0), 0, False
        yield from (choice for choice in _halving(kernel, side, slots) if choice[0].padding)
    else:
        yield from _halving(kernel, side, slots)


def _between_doublings(kernel: int, slots: int | None) -> Iterator[tuple[Placing, int, bool]]:
    """In decoders without transposed convolutions maps are doubled now and then."""
    if kernel % 2:
        same = (kernel - 1) // 2
        if slots != 0:
            yield Placing(1, same, grows=True), 0, True
        yield Placing(1, same), int(bool(slots)), True
    if kernel > 1:
        yield Placing(1, 0), 3, True


def _halving(kernel: int, side: int, slots: int | None) -> Iterator[tuple[Placing, int, bool]]:
    same = (kernel - 1) // 2
    if kernel == 1:
        yield Placing(1, 0), 0, True
    elif kernel % 2:
        told = int(bool(slots))  # that something else than the convolution halves the map
        yield Placing(2, same), told + (kernel > 5), True
        yield Placing(1, same), 1, True
        if slots != 0:
            yield Placing(1, same, pools=True), 1 - told, True
            yield Placing(1, 0, pools=True), 2, True
        yield Placing(1, 0), 2, True
        yield Placing(2, 0), 1, True
        if kernel > 3:
            yield Placing(2, 1), 2, True
    else:
        inexact = side % 2 or kernel > max(side, 2)
        yield Placing(2, same), 2 if inexact else 0, True
        if kernel > 2:
            yield Placing(2, 0), 1, True
            yield Placing(kernel, 0), 3, True
        yield Placing(1, 0), 3, True


def _transposed(kernel: int, side: int) -> Iterator[tuple[Placing, int, bool]]:
    same = (kernel - 1) // 2
    if kernel == 1:
        yield Placing(1, 0), 0, True
        return
    yield Placing(2, same, kernel % 2), int(side == 1 and kernel > 2) + (kernel > 6), True
    if side == 1:  # the stride is of no account where there is but one place
        return
    if kernel % 2:
        yield Placing(1, same), 2, True
        yield Placing(2, same), 1, True
        yield Placing(2, 0, 1), 3, True
    if kernel > 2:
        yield Placing(2, 0), 1, True
        yield Placing(1, 0), 2, True
    if kernel % 2 == 0 and kernel > 2:
        yield Placing(kernel, 0), 3, True


def _slots(flow: Flow, at: int, upwards: bool) -> int | None:
    """How many layers without tensors there are, beside an activation and a fold, for a map to be
    halved after a step or doubled before it; None where the names do not say."""
    if upwards:
        if at == 0:
            return None
        first, second = flow[at - 1], flow[at]
    else:
        last = at
        while last + 1 < len(flow) and flow[last + 1].way == "norm":
            last += 1
        if last + 1 == len(flow):
            return None
        first, second = flow[last], flow[last + 1]
    count = between(first.layer.name, second.layer.name)
    return None if count is None else max(count - 1 - (second.area is not None), 0)
