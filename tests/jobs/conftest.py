"""A main thread without Qt."""

import queue
from collections.abc import Callable, Iterator

import pytest

from latentviewer.jobs.worker import Worker

PATIENCE_S = 60.0


class MainThread:
    """Collects what lanes deliver; the test runs it when it wants to."""

    def __init__(self) -> None:
        self._came: queue.Queue[Callable[[], None]] = queue.Queue()

    def deliver(self, work: Callable[[], None]) -> None:
        self._came.put(work)

    def run_until(self, there: Callable[[], object]) -> None:
        """Runs deliveries, waiting for each, until the condition holds."""
        while not there():
            self._came.get(timeout=PATIENCE_S)()

    def run_what_came(self) -> None:
        """Runs what has been delivered so far."""
        while not self._came.empty():
            self._came.get_nowait()()


@pytest.fixture
def main_thread() -> MainThread:
    return MainThread()


@pytest.fixture
def worker(main_thread: MainThread) -> Iterator[Worker]:
    made = Worker(main_thread.deliver)
    made.start()
    yield made
    made.stop()
