"""Long work passed on or run to its end."""

from collections.abc import Generator

import pytest

from latentviewer.domain.stepping import passed_on, to_the_end


def halves(parts: int) -> Generator[float, None, str]:
    for part in range(parts):
        yield part / 2
    return "done"


def test_reports_are_changed_and_the_result_is_not() -> None:
    steps = passed_on(halves(3), lambda done: f"{done:g}")
    assert [next(steps) for _ in range(3)] == ["0", "0.5", "1"]
    with pytest.raises(StopIteration) as stop:
        next(steps)
    assert stop.value.value == "done"


def test_the_end_is_reached_without_listening() -> None:
    assert to_the_end(halves(3)) == to_the_end(halves(0)) == "done"


def test_a_fault_comes_through() -> None:
    def broken() -> Generator[float, None, None]:
        yield 0.5
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        to_the_end(passed_on(broken(), abs))
