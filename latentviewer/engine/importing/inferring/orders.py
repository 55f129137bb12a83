"""The orders in which layers may follow one another, where the file does not say."""

import re
from collections.abc import Iterator, Sequence
from itertools import islice, permutations, takewhile

from latentviewer.engine.importing.checkpoints.part_names import natural_order
from latentviewer.engine.importing.inferring.state_layers import StateLayer

_MOST_GROUPS = 6
_MOST_WORK = 120_000  # orders times the square of how many layers each has
_NUMBERED = re.compile(r"(.*?)[_.]?([0-9]{0,6})")


def orders_of(layers: Sequence[StateLayer], in_order: bool) -> Iterator[tuple[StateLayer, ...]]:
    """The likeliest order first, and then those in which groups of like names change places.

    A group is what has one name before its first dot, without the number at its end. Batch norms
    that are groups of their own are put after the layers that have their numbers.

    Args:
        in_order: whether the order given is the one in which the layers were defined; else they
            are sorted by name, with the numbers in it taken as numbers.
    """
    given = tuple(layers)
    by_name = {layer.name: layer for layer in layers}
    first = given if in_order else tuple(by_name[name] for name in natural_order(by_name))
    yield first
    if first != given:
        yield given  # where fc21 stands for a second fc2, the letters sort better
    groups = _groups(first)
    if len(groups) > _MOST_GROUPS:
        return
    for order in islice(permutations(groups), _MOST_WORK // max(len(layers), 1) ** 2):
        changed = tuple(layer for group in order for layer in group)
        if changed not in (first, given):
            yield changed


def _groups(layers: Sequence[StateLayer]) -> list[list[StateLayer]]:
    parts = [layer.name.split(".") for layer in layers]
    alike = takewhile(lambda own: len(set(own)) == 1, zip(*parts, strict=False))
    shared = sum(1 for _ in alike) if len(parts) > 1 else 0
    names = [".".join(own[shared:]) for own in parts]
    splits = {layer: _split(name) for layer, name in zip(layers, names, strict=True)}
    found: dict[str, list[StateLayer]] = {}
    for layer in layers:
        found.setdefault(splits[layer][0], []).append(layer)
    groups = list(found.values())

    def belongs(norm: StateLayer, layer: StateLayer) -> bool:
        same = splits[norm][1] == splits[layer][1] and layer.kind != "norm"
        return same and any(way[2] == norm.shape[0] for way in layer.ways)

    norms = [group for group in groups if all(layer.kind == "norm" for layer in group)]
    others = [group for group in groups if group not in norms]
    for norm in (norm for group in norms for norm in group):
        home = next((g for g in others for layer in g if belongs(norm, layer)), None)
        if home is None:
            return groups
        at = next(i for i, layer in enumerate(home) if belongs(norm, layer))
        home.insert(at + 1, norm)
    return others


def _split(name: str) -> tuple[str, str]:
    """A name without its number, and the number: `conv2` has `conv` and `2`."""
    found = _NUMBERED.fullmatch(name.partition(".")[0])
    return (found[1], found[2]) if found is not None else (name, "")
