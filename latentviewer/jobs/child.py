"""One warm child process for what would hold the interpreter too long.

The child is spawned, not forked, so that it never inherits Qt or threads. Cancelling ends
the process and spawns the next one: true at once, whatever library is running in it.
"""

import contextlib
import importlib
import multiprocessing
import multiprocessing.connection
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from latentviewer.domain.errors import UserError
from latentviewer.jobs.progress import JobState, JobStatus, eta_s
from latentviewer.jobs.worker import Deliver, JobHandle

_SPAWN = multiprocessing.get_context("spawn")
_JOIN_S = 2.0


@dataclass(eq=False)
class _Run:
    handle: JobHandle
    request: Mapping[str, object]
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]
    progress: Callable[[JobStatus, object | None], None] | None
    cancelled: Callable[[], None] | None
    began: float = 0.0
    paced: tuple[float, float] | None = None


class _Child:
    """A process, the pipe to it, and the thread that reads the pipe."""

    def __init__(self, entry: str, on_message: Callable[["_Child", Any], None]) -> None:
        ours, theirs = _SPAWN.Pipe()
        self.connection: Connection[Any, Any] = ours
        self.process: SpawnProcess = _SPAWN.Process(
            target=_serve, args=(entry, theirs), name="latentviewer projections", daemon=True
        )
        self.process.start()
        theirs.close()
        self._on_message = on_message
        self.reader = threading.Thread(target=self._read, name="projections", daemon=True)
        self.reader.start()

    def end(self) -> None:
        """Ends the process at once."""
        self.process.terminate()
        self.process.join(_JOIN_S)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()
        if threading.current_thread() is not self.reader:
            self.reader.join()
        self.connection.close()
        self.process.close()

    def _read(self) -> None:
        while True:
            try:
                message = self.connection.recv()
            except Exception as error:
                if not isinstance(error, EOFError | OSError):
                    # Bytes that are no message: this child is of no more use.
                    self.process.terminate()
                self._on_message(self, None)
                return
            self._on_message(self, message)


class ChildLane:
    """Runs requests one after another in the child.

    Args:
        deliver: hands a callable to the main thread; every callback comes through it.
        entry: `package.module:function`, called in the child with the connection; it
            receives requests and sends `("progress", fraction, text, payload)`,
            `("done", payload)` or `("failed", sentence, is_user_error)`.
    """

    def __init__(self, deliver: Deliver, entry: str) -> None:
        self._deliver = deliver
        self._entry = entry
        self._lock = threading.RLock()
        self._child: _Child | None = None
        self._running: _Run | None = None
        self._waiting: deque[_Run] = deque()
        self._stopped = False

    def warm(self) -> None:
        """Starts the child, so that the first request need not wait for its imports."""
        with self._lock:
            if self._child is None and not self._stopped:
                self._child = _Child(self._entry, self._on_message)

    def submit(
        self,
        title: str,
        request: Mapping[str, object],
        *,
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
        progress: Callable[[JobStatus, object | None], None] | None = None,
        cancelled: Callable[[], None] | None = None,
    ) -> JobHandle:
        """Queues a request; it must be picklable."""
        handle = JobHandle(title)
        run = _Run(handle, request, done, failed, progress, cancelled)
        handle.cancelled_by(lambda: self._cancel(run))
        with self._lock:
            self._waiting.append(run)
            self._next()
        return handle

    def stop(self) -> None:
        """Ends the child; what runs or waits is dropped without a word."""
        with self._lock:
            self._stopped = True
            self._running = None
            self._waiting.clear()
            child, self._child = self._child, None
        if child is not None:
            child.end()

    def _next(self) -> None:
        while self._running is None and self._waiting and not self._stopped:
            run = self._running = self._waiting.popleft()
            try:
                self.warm()
                assert self._child is not None
            except OSError as error:
                sentence = f"{run.handle.title} could not start a process of its own: {error}."
                self._fail(run, UserError(sentence))
                continue
            run.began = time.monotonic()
            self._report(run, "running", None, "starting", None)
            try:
                self._child.connection.send(dict(run.request))
            except OSError:
                # It died while idle; the reader tells of it, and the run fails there.
                return
            except Exception as error:
                self._fail(run, error)

    def _fail(self, run: _Run, error: BaseException) -> None:
        self._running = None
        self._report(run, "failed", None, "", None)
        self._deliver(lambda: run.failed(error))

    def _cancel(self, run: _Run) -> None:
        with self._lock:
            if run is self._running:
                child, self._child = self._child, None
                self._running = None
            elif run in self._waiting:
                self._waiting.remove(run)
                child = None
            else:
                return
        if child is not None:
            child.end()
        self._report(run, "cancelled", None, "", None)
        if run.cancelled is not None:
            self._deliver(run.cancelled)
        with self._lock:
            self.warm()
            self._next()

    def _on_message(self, child: _Child, message: Any) -> None:
        with self._lock:
            if child is not self._child:
                return
            run = self._running
            if message is None:
                self._on_death(child)
                return
            if run is None:
                return
            kind = message[0]
            if kind == "progress":
                _, fraction, text, payload = message
                self._report(run, "running", fraction, text, payload)
                return
            if kind == "done":
                self._running = None
                self._report(run, "done", 1.0, "", None)
                payload = message[1]
                self._deliver(lambda: run.done(payload))
            else:
                _, sentence, is_user_error = message
                self._fail(run, UserError(sentence) if is_user_error else RuntimeError(sentence))
            self._next()

    def _on_death(self, child: _Child) -> None:
        run, self._running, self._child = self._running, None, None
        child.process.join(_JOIN_S)
        code = child.process.exitcode
        child.end()
        if run is None:
            # It died idle. Were it spawned again at once, one that cannot even start would
            # be spawned for ever; the next request does it.
            self._next()
            return
        sentence = (
            f"{run.handle.title} stopped: its process ended by itself (exit code {code}); "
            "there may be too little memory. Try again, or with fewer points."
        )
        with contextlib.suppress(OSError):
            self.warm()
        self._fail(run, UserError(sentence))
        self._next()

    def _left_s(self, run: _Run, fraction: float | None) -> float | None:
        # Counted from the first fraction, so that imports and waiting do not slow the pace.
        if fraction is None:
            return None
        now = time.monotonic()
        if run.paced is None:
            run.paced = (now, fraction)
        since, first = run.paced
        share = (fraction - first) / (1 - first) if first < 1 else 1.0
        return eta_s(share, now - since)

    def _report(
        self,
        run: _Run,
        state: JobState,
        fraction: float | None,
        text: str,
        payload: object | None,
    ) -> None:
        elapsed = time.monotonic() - run.began if run.began else 0.0
        status = JobStatus(
            run.handle.id,
            run.handle.title,
            state,
            fraction,
            text,
            elapsed,
            self._left_s(run, fraction),
        )
        run.handle.status = status
        if run.progress is not None:
            told = run.progress
            self._deliver(lambda: told(status, payload))


def _serve(entry: str, connection: "Connection[Any, Any]") -> None:
    # Ctrl-C in a terminal reaches the whole group; ending the child is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, name="end with parent", daemon=True).start()
    module, _, function = entry.partition(":")
    getattr(importlib.import_module(module), function)(connection)


def _end_with_parent() -> None:
    # A parent that was killed closes the pipe, but work that never looks at it would go on.
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)
