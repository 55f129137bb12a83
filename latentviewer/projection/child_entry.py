"""What the child process does: warm up, then lay out one map after another."""

import contextlib
import os
import time
import traceback
from collections.abc import Iterator, Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.jobs.shared import SharedBlock
from latentviewer.projection.kept_neighbourhoods import KeptNeighbourhoods
from latentviewer.projection.methods import METHODS_RUN, warming
from latentviewer.projection.task import Task

_REPORT_S = 1 / 40
"""Between two reports of one stage: twice as often as a map is drawn."""
_PAUSED_S = 0.02
_WARM = object()

PAUSED = 1
"""The control block's byte while the user wants it to wait."""


def serve(connection: "Connection[Any, Any]") -> None:
    """Serves until the other end closes; see `latentviewer.jobs.child` for the messages.

    A request is a dict with

    - `method`, a key of `METHODS_RUN`, and its `options`, complete;
    - `latents` and `embedding`, each the name and shape of a shared block of float32;
    - `control`, the name of a block of one byte, see `PAUSED`;
    - `codes`, (n,) int32 or None, and `classes`, what they stand for;
    - `go_on`, whether the embedding holds a picture to go on from;
    - `neighbours`, a folder in which they are kept, and `of`, what the latents are called there.

    What it sends when done is the axes' titles, the arrays of a formula, and sentences: what the
    reader of the map should mind.
    """
    _give_way()
    steps = warming()
    while not connection.poll(0) and next(steps, _WARM) is not _WARM:
        pass
    while True:
        try:
            request = connection.recv()
        except (EOFError, OSError):
            return
        try:
            made = _lay_out(request, connection)
        except UserError as error:
            connection.send(("failed", str(error), True))
        except MemoryError:
            connection.send(("failed", "There is not enough memory for this map.", True))
        except (BrokenPipeError, ConnectionResetError):
            return
        except Exception:
            connection.send(("failed", traceback.format_exc(), False))
        else:
            connection.send(("done", made))


def _lay_out(
    request: Mapping[str, Any], connection: "Connection[Any, Any]"
) -> tuple[tuple[str, ...], dict[str, NDArray[Any]], tuple[str, ...]]:
    notes: list[str] = []
    with (
        SharedBlock.attach(request["control"]) as control,
        _array(request["latents"], np.float32) as given,
        _array(request["embedding"], np.float32) as embedding,
    ):
        latents = np.array(given)
        task = Task(
            latents=latents,
            embedding=embedding,
            options=request["options"],
            neighbourhoods=KeptNeighbourhoods(latents, Path(request["neighbours"]), request["of"]),
            codes=request["codes"],
            classes=tuple(request["classes"]),
            start=np.array(embedding) if request["go_on"] else None,
            report=_Reporter(connection, control),
            note=notes.append,
        )
        del given, embedding
        placed = METHODS_RUN[request["method"]]()(task)
        if not np.isfinite(task.embedding).all():
            raise UserError("The layout ran off to infinity; choose other options.")
        del task
    return placed.axes, dict(placed.state), tuple(notes)


@contextlib.contextmanager
def _array(described: Mapping[str, Any], kind: type[np.generic]) -> Iterator[NDArray[Any]]:
    """The array in a shared block."""
    with SharedBlock.attach(described["name"]) as block:
        yield np.ndarray(described["shape"], kind, block.buffer)


class _Reporter:
    """Sends what is done, not more often than it can be drawn, and waits while paused."""

    def __init__(self, connection: "Connection[Any, Any]", control: SharedBlock) -> None:
        self._connection, self._control = connection, control
        self._sent = 0.0
        self._stage = ""

    def __call__(self, fraction: float | None, text: str) -> None:
        stage = text.partition(",")[0]
        now = time.monotonic()
        if stage != self._stage or now - self._sent >= _REPORT_S:
            self._stage, self._sent = stage, now
            self._connection.send(("progress", fraction, text, None))
        if self._control.buffer[0] == PAUSED:
            self._connection.send(("progress", fraction, f"paused, {text}", None))
            while self._control.buffer[0] == PAUSED:
                time.sleep(_PAUSED_S)


def _give_way() -> None:
    """Lets the window and the models go first where there are too few cores for all."""
    if hasattr(os, "nice"):
        os.nice(5)
