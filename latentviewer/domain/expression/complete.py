"""What could stand at the cursor."""

from collections.abc import Iterable, Iterator

from latentviewer.domain.errors import ExpressionError
from latentviewer.domain.expression.evaluate import Context
from latentviewer.domain.expression.functions import FUNCTIONS
from latentviewer.domain.expression.lexer import CLOSING_QUOTE, Kind, Token, tokens
from latentviewer.domain.expression.printing import (
    column_text,
    label_text,
    quoted,
    reference_text,
)
from latentviewer.domain.table import Categories, Texts

MOST_OFFERED = 50
_TEXTS_LOOKED_THROUGH = 50_000

_COMPARATORS = ("==", "!=", "<", "<=", ">", ">=")
_ENDS_OPERAND = frozenset(
    {Kind.NUMBER, Kind.STRING, Kind.NAME, Kind.COLUMN, Kind.ROW, Kind.GROUP, Kind.SAVED, Kind.LABEL}
)
_LATENTS = frozenset({Kind.ROW, Kind.SAVED, Kind.LABEL})
_UNFINISHED_TOKENS = frozenset({Kind.NAME, Kind.KEYWORD, Kind.GROUP, Kind.SAVED})


def complete(text: str, position: int, context: Context) -> list[str]:
    """What could replace the text from `completion_start` to the cursor.

    Names of columns, labels, functions, groups and kept latents that begin with what is
    there, then those that contain it; at most `MOST_OFFERED`, each as it is written. Never
    fails, whatever the text.

    Args:
        text: of the bar.
        position: of the cursor.
        context: the names there are.
    """
    start = completion_start(text, position)
    begun = text[start:position]
    before = _tokens_before(text, start)
    offers = dict.fromkeys(_offers(begun, before, context))
    wanted = _bare(begun)
    by_rank: tuple[list[str], list[str]] = ([], [])
    for offer in offers:
        name = _bare(offer)
        if name.startswith(wanted):
            by_rank[0].append(offer)
        elif wanted in name:
            by_rank[1].append(offer)
    chosen = [*by_rank[0], *by_rank[1]]
    return [] if chosen == [begun] else chosen[:MOST_OFFERED]


def completion_start(text: str, position: int) -> int:
    """Where the unfinished word before the cursor begins; the cursor itself if there is none."""
    try:
        found = tokens(text[:position])
    except ExpressionError as error:
        return error.position
    last = found[-2] if len(found) > 1 else None
    if last is not None and last.end == position and last.kind in _UNFINISHED_TOKENS:
        return last.position
    return min(position, len(text))


def _tokens_before(text: str, start: int) -> list[Token]:
    try:
        return tokens(text[:start])[:-1]
    except ExpressionError:
        return []


def _offers(begun: str, before: list[Token], context: Context) -> Iterator[str]:
    if begun.startswith("@"):
        yield from (reference_text("@", name) for name in context.groups)
    elif begun.startswith("$"):
        yield from (reference_text("$", name) for name in context.saved)
    elif begun.startswith("["):
        yield from map(label_text, _labels(context.space.name_column(), context))
    elif (column := _compared_column(before)) is not None:
        yield from map(quoted, _labels(column, context))
    elif begun[:1] in ("", "`") or begun[:1].isidentifier():
        yield from _words(begun, before, context)


def _words(begun: str, before: list[Token], context: Context) -> Iterator[str]:
    last = before[-1] if before else None
    if last is not None and (last.kind in _ENDS_OPERAND or last.value == ")"):
        if last.kind in (Kind.NAME, Kind.COLUMN):
            ordered = not isinstance(context.space.columns.get(last.value), Categories)
            yield from _COMPARATORS if ordered else _COMPARATORS[:2]
            yield from ("in (", "not in (")
        elif last.kind not in _LATENTS:
            yield from ("and", "or")
        return
    yield from map(column_text, context.space.columns)
    if begun.startswith("`"):
        return
    yield from (f"{name}(" for name in FUNCTIONS)
    yield from (reference_text("@", name) for name in context.groups)
    yield from (reference_text("$", name) for name in context.saved)
    yield "not"


def _compared_column(before: list[Token]) -> str | None:
    """The column whose value is due after these tokens: `label ==`, `label in ("3",`."""
    at = len(before) - 1
    if at >= 1 and before[at].value in _COMPARATORS and before[at].kind is Kind.SYMBOL:
        return _column_name(before[at - 1])
    while at >= 0 and (before[at].kind in (Kind.STRING, Kind.NUMBER) or before[at].value == ","):
        at -= 1
    if at < 2 or before[at].value != "(" or before[-1].kind in (Kind.STRING, Kind.NUMBER):
        return None
    if before[at - 1].kind is not Kind.KEYWORD or before[at - 1].value != "in":
        return None
    at -= 2
    if at >= 1 and before[at].kind is Kind.KEYWORD and before[at].value == "not":
        at -= 1
    return _column_name(before[at])


def _column_name(token: Token) -> str | None:
    return token.value if token.kind in (Kind.NAME, Kind.COLUMN) else None


def _labels(name: str | None, context: Context) -> Iterable[str]:
    """Those of a column; of free texts, only the first ones could be looked through in time."""
    column = context.space.columns.get(name) if name is not None else None
    if isinstance(column, Texts):
        return column.values[:_TEXTS_LOOKED_THROUGH]
    return column.names if isinstance(column, Categories) else ()


def _bare(text: str) -> str:
    """Without the marks around it, for comparing what is typed with what is offered."""
    marks = "@$[" + "".join(CLOSING_QUOTE) + "`"
    return text.lstrip(marks).rstrip('])`"(').casefold()
