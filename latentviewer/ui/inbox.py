"""The one way from a worker onto the main thread."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal


class Inbox(QObject):
    """Runs callables on the thread it lives on, in the order they came.

    Workers hold only `deliver`, never a widget.
    """

    _came = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._open = True
        self._came.connect(self._run, Qt.ConnectionType.QueuedConnection)

    def deliver(self, work: Callable[[], None]) -> None:
        """Queues `work` for the main thread; may be called from any thread."""
        if self._open:
            self._came.emit(work)

    def close(self) -> None:
        """Drops what comes from now on; for the way out."""
        self._open = False

    def _run(self, work: Callable[[], None]) -> None:
        if self._open:
            work()
