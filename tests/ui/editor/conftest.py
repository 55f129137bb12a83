"""Shared by the tests of the editor."""

from collections.abc import Callable
from typing import Any

import pytest

Said = list[tuple[str, dict[str, Any]]]


@pytest.fixture
def said() -> Said:
    """What the views asked for, as (id, arguments)."""
    return []


@pytest.fixture
def dispatch(said: Said) -> Callable[..., None]:
    def record(command_id: str, **arguments: Any) -> None:
        said.append((command_id, arguments))

    return record
