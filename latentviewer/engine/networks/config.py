"""Configs of networks, read from JSON and checked field by field."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

C = TypeVar("C")

_WIDEST, _MOST_BLOCKS = 4096, 64  # a config that asks for more is taken for damaged


def fields_of(kind: type[C], fields: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON object's values by field name, lists as tuples.

    Args:
        kind: a dataclass; fields with a default may be missing.

    Raises:
        ValueError: a field is missing or unknown; the text names it.
    """
    assert dataclasses.is_dataclass(kind)
    known = {field.name: field for field in dataclasses.fields(kind)}
    for name, field in known.items():
        if name not in fields and field.default is dataclasses.MISSING:
            raise ValueError(f"“{name}” is missing")
    for name in fields:
        if name not in known:
            raise ValueError(f"“{name}” is not known")
    return {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}


def check_count(name: str, value: Any, least: int = 1, most: int = _WIDEST) -> None:
    """Raises ValueError where `value` is no whole number in the range."""
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"“{name}” must be a whole number from {least} to {most}")


def check_counts(name: str, values: Any, least: int = 1, most: int = _WIDEST) -> None:
    """Raises ValueError where `values` is no tuple of one to eight such numbers."""
    if not isinstance(values, tuple) or not 1 <= len(values) <= 8:
        raise ValueError(f"“{name}” must be a list of 1 to 8 whole numbers")
    for value in values:
        check_count(name, value, least, most)


def check_blocks(name: str, values: Any) -> None:
    """Raises ValueError where `values` are no numbers of residual blocks."""
    check_counts(name, values, 0, _MOST_BLOCKS)
