"""What a job tells of itself, and how it is asked to stop."""

import threading
from dataclasses import dataclass
from typing import Literal

from latentviewer.domain.errors import CancelledError

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True)
class Progress:
    """What a job yields between its batches.

    Attributes:
        fraction: done so far, 0 to 1; None where that is not known.
        text: the stage, in plain words.
        partial: a result so far that is worth showing, or None.
    """

    fraction: float | None
    text: str
    partial: object | None = None


@dataclass(frozen=True)
class JobStatus:
    """A job as the window shows it.

    Attributes:
        elapsed_s: since it began to run. eta_s: left, by the pace so far; None where
            that cannot be told.
    """

    id: int
    title: str
    state: JobState
    fraction: float | None
    text: str
    elapsed_s: float
    eta_s: float | None


class CancelToken:
    """Set once from any thread; looked at between batches."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Asks the work to stop."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._event.is_set()

    def raise_if_cancelled(self) -> None:
        """Ends the work here if it was asked to stop.

        Raises:
            CancelledError: it was.
        """
        if self._event.is_set():
            raise CancelledError


def eta_s(fraction: float | None, elapsed_s: float) -> float | None:
    """Seconds left by the pace so far; None before a fiftieth is done or half a second."""
    if fraction is None or fraction < 0.02 or elapsed_s < 0.5:
        return None
    return elapsed_s * (1 - min(fraction, 1.0)) / fraction


class Pace:
    """How fast a job goes, from the first fraction it told of.

    A run that goes on from the middle starts there, and its pace is that of this sitting.
    """

    def __init__(self) -> None:
        self._first: tuple[float, float] | None = None

    def eta_s(self, fraction: float | None, now: float) -> float | None:
        """Seconds left, or None where that cannot be told yet.

        Args:
            fraction: done so far, 0 to 1, or None where that is not known.
            now: seconds on a clock that never goes back.
        """
        if fraction is None:
            return None
        if self._first is None:
            self._first = (fraction, now)
        begun, at = self._first
        if fraction >= 1 or begun >= 1:
            return 0.0
        return eta_s((fraction - begun) / (1 - begun), now - at)
