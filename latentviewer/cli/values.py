"""What is typed after an option, read and checked."""

import argparse
import re
import sys
from collections.abc import Callable
from typing import Any


def typed(what: str) -> Callable[[Callable[[str], Any]], Callable[[str], Any]]:
    """Names what was expected when a value cannot be read."""

    def wrap(read: Callable[[str], Any]) -> Callable[[str], Any]:
        def checked(text: str) -> Any:
            try:
                return read(text)
            except ValueError:
                raise argparse.ArgumentTypeError(f"“{text}” is not {what}") from None

        return checked

    return wrap


@typed("a whole number of 1 or more")
def count(text: str) -> int:
    return at_least(1, text)


@typed("a whole number of 0 or more")
def count_or_zero(text: str) -> int:
    return at_least(0, text)


@typed("a name or a path")
def name(text: str) -> str:
    if not text.strip():
        raise ValueError(text)
    return text


@typed("a row; write its number, such as 12")
def row(text: str) -> int:
    return at_least(0, text.removeprefix("#"))


@typed("a list of rows; write it as 12,401,77")
def rows(text: str) -> tuple[int, ...]:
    return tuple(at_least(0, part.strip().removeprefix("#")) for part in text.split(","))


@typed("a list of samples; write it as 12,401,77")
def parts(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(","))
    if not all(names):
        raise ValueError(text)
    return names


@typed("an option and its value, such as perplexity=50")
def setting(text: str) -> tuple[str, int | float | str | None]:
    name, equals, value = (part.strip() for part in text.partition("="))
    if not (name and equals):
        raise ValueError(text)
    if value in ("", "none"):
        return name, None if value else ""
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value


@typed("a number from 0 to 1")
def part(text: str) -> float:
    value = float(text)
    if not 0.0 <= value <= 1.0:
        raise ValueError(text)
    return value


@typed("a number of 0 or more")
def amount(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < float("inf"):
        raise ValueError(text)
    return value


@typed("a name with a value; write it as label=3")
def pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not (key.strip() and sign and value.strip()):
        raise ValueError(text)
    return key.strip(), value.strip()


@typed("a size of 64 to 16384 pixels a side; write it as 1600x1000")
def size(text: str) -> tuple[int, int]:
    match = re.fullmatch(r"(\d{2,5})[x×](\d{2,5})", text)
    if match is None:
        raise ValueError(text)
    width, height = int(match[1]), int(match[2])
    if not (64 <= width <= 16384 and 64 <= height <= 16384):
        raise ValueError(text)
    return width, height


def at_least(least: int, text: str) -> int:
    value = int(text)
    if value < least or value > sys.maxsize:
        raise ValueError(text)
    return value
