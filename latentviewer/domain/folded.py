"""Many texts in one piece of memory, so that all are searched at once."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_BETWEEN = "\0"
_AT_ONCE = 20_000
_MANY = 8  # one match for so many texts, from where on marking them is quicker than looking up


def folded(text: str) -> str:
    """Without differences of case and of the width of characters.

    Unicode's compatibility caseless matching (The Unicode Standard, D146) without its last rounds,
    which only rare texts of Greek and of ligatures need.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


@dataclass(frozen=True, eq=False)
class FoldedTexts:
    """Texts, folded, in UTF-8 one after the other.

    Attributes:
        memory: (bytes,) uint8: a zero, then each text with a zero after it.
        starts: (n + 1,) int64, where each text begins; the last is where another would.
        counts: (256,) int64, how often each byte is there.
    """

    memory: NDArray[np.uint8]
    starts: NDArray[np.int64]
    counts: NDArray[np.int64]

    @staticmethod
    def of(texts: Sequence[str]) -> "FoldedTexts":
        """Folds many texts, some at a time, so that other threads have their turn."""
        parts = (_memory_of(texts[at : at + _AT_ONCE]) for at in range(0, len(texts), _AT_ONCE))
        memory = np.frombuffer(b"".join((b"\0", *parts)), np.uint8)
        return FoldedTexts(
            memory, np.flatnonzero(memory == 0) + 1, np.bincount(memory, minlength=256)
        )

    def __len__(self) -> int:
        return len(self.starts) - 1

    def matching(self, wanted: str) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Which texts are `wanted`, and which hold it, both (n,); `wanted` is folded first."""
        text = folded(wanted.replace(_BETWEEN, " ")).encode("utf-8", "surrogatepass")
        sought, begins = np.frombuffer(text, np.uint8), self.starts[:-1]
        is_it = np.zeros(len(self), np.bool_)
        as_long = np.flatnonzero(np.diff(self.starts) == len(sought) + 1)
        for at, byte in enumerate(sought):
            as_long = as_long[self.memory[begins[as_long] + at] == byte]
        is_it[as_long] = True
        if len(sought) == 0 or len(self) == 0:
            return is_it, np.ones(len(self), np.bool_)
        if len(sought) > len(self.memory):
            return is_it, np.zeros(len(self), np.bool_)
        if len(sought) == 1:
            # Most texts hold a given letter, often more than once.
            return is_it, np.logical_or.reduceat(self.memory == sought[0], begins)
        places = self._places(sought)
        if len(places) > len(self) // _MANY:
            marked = np.zeros(len(self.memory), np.bool_)
            marked[places] = True
            return is_it, np.logical_or.reduceat(marked, begins)
        holds = np.zeros(len(self), np.bool_)
        holds[np.searchsorted(self.starts, places, side="right") - 1] = True
        return is_it, holds

    def _places(self, sought: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Where two bytes or more begin, ascending: the rarest two at once, then the others."""
        first, second, *others = np.argsort(self.counts[sought], kind="stable").tolist()
        room = len(self.memory) - len(sought) + 1
        there = self.memory[first : first + room] == sought[first]
        there &= self.memory[second : second + room] == sought[second]
        found: NDArray[np.int64] = np.flatnonzero(there)
        for at in others:
            found = found[self.memory[found + at] == sought[at]]
        return found


def _memory_of(texts: Sequence[str]) -> bytes:
    """Some texts, folded, each with a zero after it; the zeros are the only ones."""
    joined = _BETWEEN.join(texts)
    if joined.count(_BETWEEN) != len(texts) - 1:
        joined = _BETWEEN.join(text.replace(_BETWEEN, " ") for text in texts)
    return f"{folded(joined)}{_BETWEEN}".encode("utf-8", "surrogatepass")
