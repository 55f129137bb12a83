"""A state dict's layers told apart: encoder, heads of the posterior, and decoder."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from latentviewer.engine.importing.checkpoints.part_names import Head, Part, head_of, part_of
from latentviewer.engine.importing.inferring.flows import Flow, Signal, flows_of
from latentviewer.engine.importing.inferring.state_layers import StateLayer, Unfit

_CHANNELS = (1, 3, 4, 2)  # that pictures have
_LEAST_VALUES = 16  # of a picture
_LEAST_LAYERS = 2  # one alone may be anything, such as a table of vectors
_MOST = 8  # ways that are tried


@dataclass(frozen=True)
class Parts:
    """The parts of a network; empty or None where it has no such part.

    Attributes:
        encoder: the ways in which its layers can follow one another, the mean's head last
            where there is one.
        spread: the head beside the mean's.
        spread_is: what that gives, as far as its name says.
        halved: whether the encoder gives mean and spread as one, twice as long as a latent.
        decoder: as `encoder`.
        left_out: how many layers are a discriminator's, and are not needed.
    """

    encoder: tuple[Flow, ...]
    spread: StateLayer | None
    spread_is: Head
    halved: bool
    decoder: tuple[Flow, ...]
    left_out: int = 0

    @property
    def layers(self) -> tuple[StateLayer, ...]:
        """All layers that are needed, in order."""
        both = (*self.encoder[:1], *self.decoder[:1])
        own = [step.layer for flow in both for step in flow]
        return tuple(own if self.spread is None else [*own, self.spread])


def parts_of(orders: Iterable[Sequence[StateLayer]], hint: Part | None = None) -> tuple[Parts, ...]:
    """The parts, told by names and by shapes: every likely way, the likeliest first.

    Args:
        orders: the layers in the orders in which they may follow one another, the likeliest
            first; later ones are looked at until one has a clear latent.
        hint: what all of them are, where the place of the weights in the file says so.

    Raises:
        Unfit: they are no plain chain with a latent in it; the first layer that does not fit in
            the first order is named.
    """
    found: list[Parts] = []
    fault: Unfit | None = None
    for layers in orders:
        try:
            found += _parts(layers, hint)
        except Unfit as error:
            fault = fault or error
        if any(_rank(parts)[0] == 0 for parts in found):
            break
    if not found:
        raise fault or Unfit("there are no layers")
    return tuple(sorted(found, key=_rank)[:_MOST])


def _parts(layers: Sequence[StateLayer], hint: Part | None) -> list[Parts]:
    of = {layer.name: part_of(layer.name) or hint for layer in layers}
    kept = [layer for layer in layers if of[layer.name] is not Part.DISCRIMINATOR]
    if sum(layer.kind != "norm" for layer in kept) < _LEAST_LAYERS:
        raise Unfit("there is no encoder and no decoder among its layers")
    left_out = len(layers) - len(kept)
    heads = _heads(kept)
    if heads is None:
        first, last = _range(kept, of)
        return _cuts(kept, first, last, left_out)
    at = min(kept.index(head) for head in heads)
    rest = [layer for layer in kept if layer not in heads]
    before = [la for i, la in enumerate(rest) if of[la.name] is Part.ENCODER
              or (i < at and of[la.name] is not Part.DECODER)]  # fmt: skip
    after = [layer for layer in rest if layer not in before]
    mean, spread = heads
    encoder = flows_of([*before, mean], upwards=False)
    decoder = flows_of(after, upwards=True) if after else ()
    parts = _joined(encoder, decoder, left_out)
    if parts is None or parts.halved:
        raise _unjoined(encoder, decoder)
    named = head_of(spread.name)
    spread_is = Head.LOG_VARIANCE if named in (None, Head.MEAN) else named
    return [dataclasses.replace(parts, spread=spread, spread_is=spread_is)]


def _heads(layers: Sequence[StateLayer]) -> tuple[StateLayer, StateLayer] | None:
    """The layers of mean and spread: named so, or two alike that cannot follow one another."""
    dense = [layer for layer in layers if layer.kind != "norm"]
    means = [layer for layer in dense if head_of(layer.name) is Head.MEAN]
    for mean in means:
        for other in dense:
            if other.shape == mean.shape and head_of(other.name) not in (None, Head.MEAN):
                return mean, other
    for first, second in pairwise(layers):
        alike = first.kind == second.kind != "norm" and first.shape == second.shape
        if alike and not _can_follow(first, second):
            return (second, first) if head_of(second.name) is Head.MEAN else (first, second)
    return None


def _can_follow(first: StateLayer, second: StateLayer) -> bool:
    return any(gives == takes for _, _, gives in first.ways for _, takes, _ in second.ways)


def _range(layers: list[StateLayer], of: dict[str, Part | None]) -> tuple[int, int]:
    """The first and the last place at which the decoder can begin; sorts named parts apart."""
    if all(of[layer.name] is not None for layer in layers):
        layers.sort(key=lambda layer: of[layer.name] is Part.DECODER)
    named = [of[layer.name] for layer in layers]
    encoders = [i for i, part in enumerate(named) if part is Part.ENCODER]
    decoders = [i for i, part in enumerate(named) if part is Part.DECODER]
    first = encoders[-1] + 1 if encoders else 0
    last = decoders[0] if decoders else len(layers)
    if first > last:
        raise Unfit(f"the layer “{layers[last].name}” comes before the end of the encoder")
    return first, last


def _cuts(layers: Sequence[StateLayer], first: int, last: int, left_out: int) -> list[Parts]:
    """Every place where the latent can be.

    Raises:
        Unfit: there is none.
    """
    found: list[Parts] = []
    fault: Unfit | None = None
    for at in range(first, last + 1):
        if at < len(layers) and layers[at].kind == "norm":  # one belongs to the layer before it
            continue
        try:
            encoder = flows_of(layers[:at], upwards=False) if at else ()
            decoder = flows_of(layers[at:], upwards=True) if at < len(layers) else ()
        except Unfit as error:
            fault = fault or error
            continue
        parts = _joined(encoder, decoder, left_out)
        if parts is None:
            fault = fault or _unjoined(encoder, decoder)
        else:
            found.append(parts)
    if not found:
        raise fault or Unfit("no layer leads to a latent")
    return found


def _joined(encoder: tuple[Flow, ...], decoder: tuple[Flow, ...], left_out: int) -> Parts | None:
    """Parts with the flows that fit one another; None where none do."""
    if not encoder or not decoder:
        encoder = tuple(flow for flow in encoder if _is_picture(flow[0].takes))
        decoder = tuple(flow for flow in decoder if _is_picture(flow[-1].gives))
        whole = encoder or decoder
        return Parts(encoder, None, Head.LOG_VARIANCE, False, decoder, left_out) if whole else None
    for halved in (False, True):
        pairs = [
            (down, up)
            for down in encoder
            for up in decoder
            if _fits(down[-1].gives, up[0].takes, 1 + halved)
            and _is_same_picture(down[0].takes, up[-1].gives)
        ]
        if pairs:
            downs, ups = dict.fromkeys(d for d, _ in pairs), dict.fromkeys(u for _, u in pairs)
            return Parts(tuple(downs), None, Head.LOG_VARIANCE, halved, tuple(ups), left_out)
    return None


def _fits(made: Signal, wanted: Signal, times: int) -> bool:
    """Whether the encoder gives what the decoder takes, so many times."""
    if made.is_map == wanted.is_map:
        return made.count == times * wanted.count
    if made.is_map:
        return (times * wanted.count) % made.count == 0
    return made.count % (times * wanted.count) == 0


def _is_picture(signal: Signal) -> bool:
    return signal.count in _CHANNELS if signal.is_map else signal.count >= _LEAST_VALUES


def _is_same_picture(taken: Signal, made: Signal) -> bool:
    if taken.is_map == made.is_map:
        return taken.count == made.count and _is_picture(taken)
    flat, channels = (made, taken) if taken.is_map else (taken, made)
    places, rest = divmod(flat.count, channels.count)
    return _is_picture(channels) and rest == 0 and places >= _LEAST_VALUES


def _rank(parts: Parts) -> tuple[int, int, int]:
    """Which parts to take before others: the clearest latent, and then the shortest."""
    if parts.halved or parts.spread is not None:
        return 0, 0, 0
    if not parts.decoder:
        return 3, 0, 0
    down, up = parts.encoder[0] if parts.encoder else (), parts.decoder[0]
    if not down:
        grows = up[-1].gives.is_map or up[-1].gives.count > up[0].takes.count
        return 2 if grows else 4, 0, 0
    flat = [s.count for s in (down[-1].gives, up[0].takes) if not s.is_map]
    # How long a map is cannot be said yet; it is the latent where convolutions turn around.
    turned = sum(s.way == "transposed" for s in down) + sum(s.way == "convolution" for s in up)
    return (1, 0, min(flat)) if flat else (1, 1 + turned, up[0].takes.count)


def _unjoined(encoder: tuple[Flow, ...], decoder: tuple[Flow, ...]) -> Unfit:
    """Why a chain has no latent in it."""
    if not decoder:
        return Unfit(f"the layer “{encoder[0][0].layer.name}” takes no pictures")
    if not encoder:
        return Unfit(f"the layer “{decoder[0][-1].layer.name}” makes no pictures")
    down, up = encoder[0], decoder[0]
    if not _is_same_picture(down[0].takes, up[-1].gives):
        return Unfit(
            f"the decoder ends with “{up[-1].layer.name}”, which makes other pictures than "
            f"“{down[0].layer.name}” takes"
        )
    return Unfit(
        f"the decoder begins with “{up[0].layer.name}”, which takes {up[0].takes.count}, and the "
        f"encoder gives {down[-1].gives.count}"
    )
