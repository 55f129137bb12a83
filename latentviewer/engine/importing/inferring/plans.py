"""Whole networks that a state dict can belong to: pictures, flows and walks that fit."""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from latentviewer.engine.importing.inferring.flows import Flow, side_of
from latentviewer.engine.importing.inferring.parts import Parts
from latentviewer.engine.importing.inferring.state_layers import Unfit
from latentviewer.engine.importing.inferring.strides import Walk, walks_of

USUAL_SIDES = {
    0: (28, 32, 64, 128, 256),
    2: (8, 16, 48, 96, 112, 224, 512),
    4: (24, 40, 56, 60, 72, 80, 84, 100, 120, 144, 150, 160, 180, 192, 200, 208, 216, 218, 220,
        240, 250, 299, 300, 320, 384, 400, 448, 500, 1024),
}  # fmt: skip
"""Sides of pictures, by how unusual they are."""
_ODDEST = 6  # how unusual any other side is
_SMALLEST_SIDE = 4
_MOST_PLANS = 6
_MOST_ENCODERS = 2  # ways for one's layers to follow one another; it hardly ever has a second
_MOST_CONVOLUTIONS = 16  # in one part
_KEPT_WALKS = 3  # that end alike
_COSTLIER = 2  # than the cheapest plan, and not worth asking about
_SLIMMEST = 2.0  # longer side to shorter


@dataclass(frozen=True)
class Plan:
    """A network that the weights can belong to.

    Attributes:
        height, width, channels: of its pictures.
        latent: the shape of one latent as the decoder takes it, or as the encoder gives it.
        encoder, decoder: the layers and how they are placed; empty where it has no such part.
        cost: how unusual it is.
    """

    height: int
    width: int
    channels: int
    latent: tuple[int, ...]
    encoder: Flow
    down: Walk
    decoder: Flow
    up: Walk
    cost: int

    @property
    def size(self) -> str:
        """Of its pictures, such as `28 x 28 x 1`."""
        return f"{self.height} x {self.width} x {self.channels}"

    @property
    def latent_dim(self) -> int:
        """Dimensions of one latent."""
        return math.prod(self.latent)

    @property
    def values(self) -> int:
        """The most values that a layer takes or gives for one picture."""
        most = [self.height * self.width * self.channels, self.latent_dim]
        for flow, walk in ((self.encoder, self.down), (self.decoder, self.up)):
            for step, end, placing in zip(flow, walk.ends, walk.placings, strict=True):
                side = 1 if end is None else end * (2 if placing and placing.pools else 1)
                most.append(step.gives.count * side * side)
        return max(most)


def plans_of(parts: Parts) -> tuple[Plan, ...]:
    """The likeliest networks, the likeliest first.

    Raises:
        Unfit: no size of pictures, strides and paddings fit, or there are too many convolutions
            to say which do.
    """
    for flow in (*parts.encoder[:1], *parts.decoder[:1]):
        placed = [step.layer for step in flow if step.layer.kind == "convolution"]
        if len(placed) > _MOST_CONVOLUTIONS:
            raise Unfit(
                f"“{placed[_MOST_CONVOLUTIONS].tensors[0]}” comes after {_MOST_CONVOLUTIONS} other "
                "convolutions, too many to tell their strides"
            )
    found = sorted(_plans(parts), key=lambda plan: plan.cost)
    if not found:
        first = (*parts.encoder, *parts.decoder)[0][0].layer
        raise Unfit(
            "no usual strides and paddings lead from pictures to the sizes of the layers from "
            f"“{first.tensors[0]}” on"
        )
    near = [plan for plan in found if plan.cost <= found[0].cost + _COSTLIER]
    kept: dict[tuple[object, ...], Plan] = {}
    for plan in near:
        kept.setdefault((plan.size, plan.down.placings, plan.up.placings), plan)
    return tuple(kept.values())[:_MOST_PLANS]


def _plans(parts: Parts) -> list[Plan]:
    @cache
    def ups(at: int, start: int | None) -> dict[int | None, list[Walk]]:
        return _by_end(walks_of(parts.decoder[at], start, upwards=True))

    found: list[Plan] = []
    for start in _starts(parts.encoder):
        least = min((plan.cost for plan in found), default=start.odd)
        if start.odd > least + _COSTLIER:  # no need to walk from sizes as unusual as that
            continue
        for down in start.walks():
            if not parts.decoder:
                latent = _shape_of(start.flow[-1].gives.count, down.end)
                cost = start.odd + down.cost
                plan = Plan(0, 0, 0, latent, start.flow, down, (), Walk(), cost)
                found += _pictured(plan, start.side)
            for at, decoder in enumerate(parts.decoder):
                joint = _latent(start.flow, down, decoder, 1 + parts.halved)
                if joint is None:
                    continue
                begins, latent = joint
                walks = ups(at, begins)
                # Where both ends are maps, they have to be of one size.
                alike = start.side is not None and None not in walks
                ends = [start.side] if alike else list(walks)
                for up in (walk for end in ends for walk in walks.get(end, [])):
                    cost = start.odd + at + _cost(down, up)
                    plan = Plan(0, 0, 0, latent, start.flow, down, decoder, up, cost)
                    found += _pictured(plan, start.side)
    return found


@dataclass(frozen=True)
class _Start:
    """Where an encoder begins: the side of its pictures, and how unusual that is."""

    side: int | None
    flow: Flow
    odd: int

    def walks(self) -> list[Walk]:
        """The few cheapest walks to each end."""
        if not self.flow:
            return [Walk()]
        ends = _by_end(walks_of(self.flow, self.side, upwards=False))
        return [walk for walks in ends.values() for walk in walks]


def _starts(encoders: tuple[Flow, ...]) -> Iterator[_Start]:
    if not encoders:
        yield _Start(None, (), 0)
    for at, flow in enumerate(encoders[:_MOST_ENCODERS]):
        if not flow[0].takes.is_map:
            yield _Start(None, flow, at)
            continue
        for odd, sides in USUAL_SIDES.items():
            yield from (_Start(side, flow, at + odd) for side in sides)


def _cost(down: Walk, up: Walk) -> int:
    """What both walks cost; a decoder that mirrors its encoder costs nothing more."""
    first = [placing.padding for placing in down.placings if placing is not None]
    second = [placing.padding for placing in up.placings if placing is not None]
    mirrored = first == second[::-1] and down.sides == up.sides[::-1]
    if first and second and (mirrored or not any(first + second)):
        return max(down.cost, up.cost)
    return down.cost + up.cost


def _by_end(walks: list[Walk]) -> dict[int | None, list[Walk]]:
    """The few cheapest walks to each end."""
    kept: dict[int | None, list[Walk]] = {}
    for walk in walks:
        same = kept.setdefault(walk.end, [])
        if len(same) < _KEPT_WALKS:
            same.append(walk)
    return kept


def _latent(
    encoder: Flow, down: Walk, decoder: Flow, times: int
) -> tuple[int | None, tuple[int, ...]] | None:
    """The side that the decoder begins with and the shape of a latent; None if they do not fit."""
    takes = decoder[0].takes
    if not encoder:
        return (1, (takes.count, 1, 1)) if takes.is_map else (None, (takes.count,))
    made = encoder[-1].gives.count * (down.end**2 if down.end is not None else 1)
    if made % times:
        return None
    if not takes.is_map:
        return (None, (takes.count,)) if made == times * takes.count else None
    area, rest = divmod(made // times, takes.count)
    side = side_of(area)
    if rest or side is None or (down.end is not None and side != down.end):
        return None
    return side, (takes.count, side, side)


def _pictured(plan: Plan, side: int | None) -> Iterator[Plan]:
    """The plan with every size of pictures that both its ends can have."""
    ends = []
    if plan.encoder:
        ends.append((plan.encoder[0].takes, side))
    if plan.decoder:
        ends.append((plan.decoder[-1].gives, plan.up.end))
    maps = {(end, signal.count) for signal, end in ends if end is not None}
    counts = {signal.count for signal, end in ends if end is None}
    if not maps:
        shapes = [] if len(counts) > 1 else folded(counts.pop())
    elif len(maps) == 1 and counts <= {end * end * channels for end, channels in maps}:
        odd = 0 if side is not None else _oddness(plan.up.end)  # which an encoder's has already
        shapes = [(end, end, channels, odd) for end, channels in maps if end >= _SMALLEST_SIDE]
    else:
        shapes = []
    for height, width, channels, odd in shapes:
        if plan.decoder and plan.latent_dim >= height * width * channels:
            continue  # nothing would be gained by it
        yield dataclasses.replace(
            plan, height=height, width=width, channels=channels, cost=plan.cost + odd
        )


def _oddness(side: int | None) -> int:
    return next((odd for odd, sides in USUAL_SIDES.items() if side in sides), _ODDEST)


def folded(count: int) -> list[tuple[int, int, int, int]]:
    """Height, width and channels of pictures with so many values, and how unusual they are."""
    shapes = []
    for channels in (1, 3):
        area, rest = divmod(count, channels)
        if rest:
            continue
        for width in range(_SMALLEST_SIDE, math.isqrt(area) + 1):
            height, rest = divmod(area, width)
            if rest == 0 and height <= _SLIMMEST * width:
                square = height == width
                shapes.append((height, width, channels, 0 if square else 2 + (channels > 1)))
    return shapes[-_MOST_PLANS:]


def _shape_of(count: int, side: int | None) -> tuple[int, ...]:
    return (count,) if side is None else (count, side, side)
