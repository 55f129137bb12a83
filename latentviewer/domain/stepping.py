"""Long work as generators that report and then return: run to the end, or passed on."""

from collections.abc import Callable, Generator
from typing import Any, TypeVar

Report = TypeVar("Report")
Passed = TypeVar("Passed")
Result = TypeVar("Result")


def passed_on(
    steps: Generator[Report, None, Result], change: Callable[[Report], Passed]
) -> Generator[Passed, None, Result]:
    """The same work, each report changed on its way; returns what the work returns."""
    while True:
        try:
            report = next(steps)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        yield change(report)


def to_the_end(steps: Generator[Any, None, Result]) -> Result:
    """What the work returns, its reports unheard."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            result: Result = stop.value
            return result
