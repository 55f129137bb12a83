"""Collects garbage on the main thread, in turns that nobody notices.

Left to itself the collector runs on whichever thread happens to allocate. There it may end
Qt objects that belong to the main thread, and a full collection holds the interpreter for
a quarter of a second once torch is loaded. Here the young objects are collected every second,
and everything only while the cursor rests.
"""

import gc
import time

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 1_000
_FULL_EVERY_S = 60.0
_RESTING_S = 10.0
_IMPORTED = 50_000


class GarbageTurns(QObject):
    """Takes the collector over until `stop`."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        gc.disable()
        self._touched = self._full = time.monotonic()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._turn)
        self._timer.start(_EVERY_MS)

    def touch(self) -> None:
        """The cursor moves: no full collection now."""
        self._touched = time.monotonic()

    def keep_what_is_there(self) -> None:
        """Takes all objects of today out of later collections; after the large imports."""
        gc.freeze()

    def stop(self) -> None:
        """Gives the collector back."""
        self._timer.stop()
        gc.enable()

    def _turn(self) -> None:
        if gc.get_count()[0] > _IMPORTED:
            # Only an import makes so many objects in a second, and they stay.
            gc.freeze()
        gc.collect(1)
        now = time.monotonic()
        if now - self._touched > _RESTING_S and now - self._full > _FULL_EVERY_S:
            gc.collect()
            self._full = time.monotonic()
