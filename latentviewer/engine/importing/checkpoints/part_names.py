"""What the names of layers say: which part of a model, and which of its heads, they are."""

import re
from collections.abc import Iterable
from enum import Enum
from itertools import pairwise

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ENCODER = frozenset({"enc", "inference", "recognition", "qz", "infer"})
_DECODER = frozenset({"dec", "generator", "gen", "generative", "netg", "px", "deconv", "upconv",
                      "convt", "tconv", "convtranspose"})  # fmt: skip
_DISCRIMINATOR = frozenset({"discriminator", "disc", "critic", "netd"})
_LETTERS = {"q": "encoder", "p": "decoder", "g": "decoder", "d": "discriminator"}
_MEAN = frozenset({"mu", "mus", "mean", "means", "loc", "zmu", "zmean"})
_LOG_VARIANCE = frozenset({"logvar", "var", "lnvar", "logv", "lv", "variance", "logvariance"})
_DEVIATION = frozenset({"sigma", "std", "stddev", "logsigma", "logstd", "scale", "deviation"})
_SQUARED = re.compile(r"(2|sq|squared?)(\.\d+)?$")
_INDEX = re.compile(r"[0-9]{1,6}")
_DIGITS = "0123456789"
_RUNS = re.compile(r"[0-9]+|[^0-9]+")
_HEAD_DEPTH = 2  # of a head's name, counted from its end: `fc_mu`, or `fc_mu.0`


class Part(Enum):
    """A part of a model."""

    ENCODER = "encoder"
    DECODER = "decoder"
    DISCRIMINATOR = "discriminator"
    BOTH = "encoder and decoder"


class Head(Enum):
    """What a layer gives of a posterior."""

    MEAN = "mean"
    LOG_VARIANCE = "log variance"
    DEVIATION = "log standard deviation"


def words_of(name: str) -> list[str]:
    """The words in a name, in small letters: `fcLogVar_2.0` has `fc`, `log` and `var`."""
    return [word.lower() for word in _WORD.findall(name)]


def part_of(name: str) -> Part | None:
    """The part that a layer or a state dict belongs to, told by the outermost telling word."""
    for component in name.split("."):
        found = {part for word in _all_words(component) if (part := _part(word)) is not None}
        if {Part.ENCODER, Part.DECODER} <= found and " and " in component:
            return Part.BOTH
        letters = words_of(component)
        if not found and letters and set(letters[1:]) <= {"ema"} and letters[0] in _LETTERS:
            return Part(_LETTERS[letters[0]])
        if len(found) == 1:
            return found.pop()
    return None


def head_of(name: str) -> Head | None:
    """What a layer gives of a posterior, as far as its name says."""
    words = {word for component in name.split(".")[-_HEAD_DEPTH:] for word in words_of(component)}
    if words & _DEVIATION:
        return Head.LOG_VARIANCE if _SQUARED.search(name) else Head.DEVIATION
    if words & _LOG_VARIANCE:
        return Head.LOG_VARIANCE
    return Head.MEAN if words & _MEAN else None


def natural_order(names: Iterable[str]) -> list[str]:
    """Names sorted with the numbers in them taken as numbers: `conv2` before `conv10`."""

    def key(name: str) -> list[tuple[int, int, str]]:
        parts = (part.lstrip("0") if part[0] in _DIGITS else part for part in _RUNS.findall(name))
        # Of two numbers without leading zeros the longer one is the larger.
        return [(1, 0, p) if p and p[0] not in _DIGITS else (0, len(p), p) for p in parts]

    return sorted(names, key=key)


def between(first: str, second: str) -> int | None:
    """How many layers without tensors lie between two of one nn.Sequential.

    None where the names do not say; `encoder.0` and `encoder.3` have two between them.
    """
    (parent, _, own), (other, _, next_own) = first.rpartition("."), second.rpartition(".")
    if parent != other or not (_INDEX.fullmatch(own) and _INDEX.fullmatch(next_own)):
        return None
    count = int(next_own) - int(own) - 1
    return count if count >= 0 else None


def _all_words(component: str) -> list[str]:
    """Single words, and each two that follow one another as one: `net_G` is `netg` too."""
    words = words_of(component)
    return words + [first + second for first, second in pairwise(words)]


def _part(word: str) -> Part | None:
    if word.startswith("encod") or word in _ENCODER:
        return Part.ENCODER
    if word.startswith("decod") or word in _DECODER:
        return Part.DECODER
    return Part.DISCRIMINATOR if word in _DISCRIMINATOR else None
