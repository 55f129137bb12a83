"""A name for what comes second under the same one."""

from collections.abc import Container


def unused(name: str, taken: Container[str]) -> str:
    """`name`, or the first of `name (2)`, `name (3)` that is not taken."""
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name} ({number})", number + 1
    return candidate
