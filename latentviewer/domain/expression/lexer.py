"""From text to tokens."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from latentviewer.domain.errors import ExpressionError


class Kind(StrEnum):
    """What a token is."""

    NUMBER = "number"
    STRING = "string"
    NAME = "name"
    COLUMN = "column"
    ROW = "row"
    GROUP = "group"
    SAVED = "saved"
    LABEL = "label"
    KEYWORD = "keyword"
    SYMBOL = "symbol"
    END = "end"


@dataclass(frozen=True)
class Token:
    """One word of the language.

    Attributes:
        kind: what it is.
        value: its meaning without marks and escapes; the symbol itself for symbols.
        position: its first character.
        end: the character after its last.
    """

    kind: Kind
    value: str
    position: int
    end: int


KEYWORDS = frozenset({"and", "or", "not", "in"})
CLOSING_QUOTE = {'"': '"', "'": "'", "“": "”"}

_SYMBOLS = ("==", "!=", "<=", ">=", "<", ">", "+", "-", "*", "/", "(", ")", ",")
_ALSO_WRITTEN = {"−": "-", "×": "*", "·": "*", "÷": "/", "≠": "!=", "≤": "<=", "≥": ">="}
_MENDS = {
    "=": "Write == to compare",
    "&": "Write “and” to join conditions",
    "|": "Write “or” to join conditions",
    "!": "Write “not” before a condition, or != between its sides",
    "^": "There are no powers; multiply instead",
    "]": "There is no [ before this ]",
}
_NUMBER = re.compile(r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DIGITS = re.compile(r"[0-9]+")


def tokens(text: str) -> list[Token]:
    """All tokens of `text`, the last of kind `END`.

    Raises:
        ExpressionError: something that is no token; its position is where that begins.
    """
    found: list[Token] = []
    position = 0
    while True:
        while position < len(text) and text[position].isspace():
            position += 1
        if position == len(text):
            found.append(Token(Kind.END, "", position, position))
            return found
        token = _token_at(text, position)
        found.append(token)
        position = token.end


def name_end(text: str, start: int) -> int:
    """Where the bare name that begins at `start` ends; `start` itself if none does.

    Letters of any script, digits and underscores; not a digit first.
    """
    end = start
    while end < len(text) and (text[end] if end == start else "a" + text[end]).isidentifier():
        end += 1
    return end


def is_name(text: str) -> bool:
    """Whether `text` can stand as a bare name."""
    return bool(text) and name_end(text, 0) == len(text) and text not in KEYWORDS


def _token_at(text: str, start: int) -> Token:
    first = text[start]
    if first in _READERS:
        return _READERS[first](text, start)
    if number := _NUMBER.match(text, start):
        return Token(Kind.NUMBER, number.group(), start, number.end())
    if (end := name_end(text, start)) > start:
        word = text[start:end]
        return Token(Kind.KEYWORD if word in KEYWORDS else Kind.NAME, word, start, end)
    if first in _ALSO_WRITTEN:
        return Token(Kind.SYMBOL, _ALSO_WRITTEN[first], start, start + 1)
    for symbol in _SYMBOLS:
        if text.startswith(symbol, start):
            return Token(Kind.SYMBOL, symbol, start, start + len(symbol))
    shown = f"“{first}”" if first.isprintable() else "This character"
    mend = _MENDS.get(first, f"{shown} means nothing here; take it out")
    raise ExpressionError(f"{mend}.", start)


def _string(text: str, start: int) -> Token:
    value, end = _quoted(text, start, start)
    return Token(Kind.STRING, value, start, end)


def _quoted(text: str, start: int, blame: int) -> tuple[str, int]:
    """The quoted text at `start` and where it ends; a backslash keeps what follows it."""
    closing = CLOSING_QUOTE[text[start]]
    parts: list[str] = []
    position = start + 1
    while position < len(text):
        if text[position] == closing:
            return "".join(parts), position + 1
        if text[position] == "\\" and position + 1 < len(text):
            position += 1
        parts.append(text[position])
        position += 1
    raise ExpressionError(f"This quotation is not closed; write {closing} at its end.", blame)


def _column(text: str, start: int) -> Token:
    end = start + 1
    parts: list[str] = []
    while (mark := text.find("`", end)) >= 0:
        parts.append(text[end:mark])
        if not text.startswith("``", mark):
            return Token(Kind.COLUMN, "`".join(parts), start, mark + 1)
        end = mark + 2
    raise ExpressionError("This column's name is not closed; write ` at its end.", start)


def _row(text: str, start: int) -> Token:
    digits = _DIGITS.match(text, start + 1)
    if digits is None:
        raise ExpressionError("Write the number of a row after #, such as #12.", start)
    return Token(Kind.ROW, digits.group(), start, digits.end())


def _reference(kind: Kind, mend: str) -> Callable[[str, int], Token]:
    def read(text: str, start: int) -> Token:
        after = start + 1
        if after < len(text) and text[after] in CLOSING_QUOTE:
            value, end = _quoted(text, after, start)
            return Token(kind, value, start, end)
        end = name_end(text, after)
        if end == after:
            raise ExpressionError(mend, start)
        return Token(kind, text[after:end], start, end)

    return read


def _label(text: str, start: int) -> Token:
    position = start + 1
    while position < len(text) and text[position].isspace():
        position += 1
    if position < len(text) and text[position] in CLOSING_QUOTE:
        value, position = _quoted(text, position, start)
        while position < len(text) and text[position].isspace():
            position += 1
        if text.startswith("]", position):
            return Token(Kind.LABEL, value, start, position + 1)
    elif (closing := text.find("]", position)) >= 0:
        value = text[position:closing].strip()
        if not value:
            raise ExpressionError("Write a label between [ and ], such as [3].", start)
        return Token(Kind.LABEL, value, start, closing + 1)
    raise ExpressionError("This label is not closed; write ] at its end.", start)


_READERS: dict[str, Callable[[str, int], Token]] = {
    **dict.fromkeys(CLOSING_QUOTE, _string),
    "`": _column,
    "#": _row,
    "@": _reference(Kind.GROUP, 'Write a group\'s name after @, such as @A or @"my group".'),
    "$": _reference(Kind.SAVED, 'Write a kept latent\'s name after $, such as $z1 or $"mine".'),
    "[": _label,
}
