"""One thread that owns every model: previews first, then short calls, then jobs.

A preview waits in a slot of its own, and a newer one takes its place, so that the answer
shown is always to the latest question that could be answered in time. Who asks beside another,
as a second map does, has a slot of its own; slots take turns. Jobs are generators; between two
of their steps the thread looks at everything that is more urgent. A job that gives way, such as
an hour of training, is set aside while another one is there. What can be prepared goes on, step
by step, while none of these is there and the hand rests.
"""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from latentviewer.domain.errors import CancelledError
from latentviewer.jobs.progress import CancelToken, JobState, JobStatus, Pace, Progress

T = TypeVar("T")
Deliver = Callable[[Callable[[], None]], None]
Job = Generator[Progress, None, T]

REPORTS_PER_S = 20
# After so many previews in a row, other work that waits gets one turn: a hand that never rests
# must not stop a job. Few enough to stay below the slowest twentieth of the answers.
PREVIEWS_IN_A_ROW = 32
# Nothing is prepared so soon after a question: a moving hand asks its next one within that time.
REST_S = 0.15

_ids = itertools.count(1)


class JobHandle:
    """A submitted job, as its submitter sees it.

    Attributes:
        id: a number of its own. title: what the window calls it.
        status: as of the last report.
    """

    def __init__(self, title: str) -> None:
        self.id = next(_ids)
        self.title = title
        self.token = CancelToken()
        self.status = JobStatus(self.id, title, "waiting", None, "", 0.0, None)
        self._on_cancel: Callable[[], None] | None = None

    def cancelled_by(self, on_cancel: Callable[[], None]) -> None:
        """Names what the lane does besides when it is cancelled."""
        self._on_cancel = on_cancel

    def cancel(self) -> None:
        """Asks it to stop; it does at its next step, or never begins."""
        self.token.cancel()
        if self._on_cancel is not None:
            self._on_cancel()


@dataclass
class _Question:
    epoch: int
    seq: int
    work: Callable[[], Any]
    show: Callable[[Any], None]
    fail: Callable[[BaseException], None]
    slot: str


@dataclass
class _Call:
    work: Callable[[], Any]
    done: Callable[[Any], None]
    failed: Callable[[BaseException], None]


@dataclass
class _Preparing:
    steps: Iterator[object]
    failed: Callable[[BaseException], None]


@dataclass
class _Run(Generic[T]):
    handle: JobHandle
    start: Callable[[CancelToken], Job[T]]
    done: Callable[[T], None]
    failed: Callable[[BaseException], None]
    progress: Callable[[JobStatus, object | None], None] | None
    cancelled: Callable[[], None] | None
    gives_way: bool
    steps: Job[T] | None = None
    began: float = 0.0
    reported: float = field(default=-1.0)
    pace: Pace = field(default_factory=Pace)


class Worker:
    """The thread and its three queues.

    Args:
        deliver: hands a callable to the main thread; every callback comes through it.
        name: of the thread.
    """

    def __init__(self, deliver: Deliver, name: str = "models") -> None:
        self._deliver = deliver
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._wake = threading.Condition()
        # In the order in which they are answered: a newer question keeps its slot's turn.
        self._questions: dict[str, _Question] = {}
        self._calls: deque[_Call] = deque()
        self._runs: deque[_Run[Any]] = deque()
        self._answering: _Question | None = None
        self._running: _Run[Any] | None = None
        self._preparing: _Preparing | None = None
        self._asked_at = float("-inf")
        self._stopping = False
        self._previews_in_a_row = 0
        self._epoch = 0
        self._shown_seq: dict[str, int] = {}

    def start(self) -> None:
        """Begins to work."""
        self._thread.start()

    def new_epoch(self) -> int:
        """Makes every preview asked before a thing of the past; main thread only."""
        with self._wake:
            self._epoch += 1
            self._shown_seq.clear()
            self._questions.clear()
        return self._epoch

    def preview(
        self,
        epoch: int,
        seq: int,
        work: Callable[[], T],
        show: Callable[[T], None],
        fail: Callable[[BaseException], None],
        slot: str = "",
    ) -> None:
        """Asks; a question that still waits in the slot is replaced.

        The answer is shown if its epoch is the present one and nothing newer was shown:
        under continuous dragging every answer that arrives is shown.

        Args:
            slot: who asks; numbers are compared within a slot.
        """
        with self._wake:
            waiting = self._questions.get(slot)
            if epoch != self._epoch or (waiting is not None and waiting.seq > seq):
                return
            self._questions[slot] = _Question(epoch, seq, work, show, fail, slot)
            self._asked_at = time.monotonic()
            self._wake.notify()

    def tell(self, show: Callable[[], None]) -> None:
        """From within a preview's work: shows a part of the answer before the whole is there.

        It is shown where the answer itself would be.
        """
        question = self._answering
        assert question is not None

        def shown() -> None:
            if self._is_current(question):
                show()

        self._deliver(shown)

    def call(
        self,
        work: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        """Short work, in order; after a waiting preview, before the next step of a job."""
        with self._wake:
            self._calls.append(_Call(work, done, failed))
            self._wake.notify()

    def prepare(self, steps: Iterator[object], failed: Callable[[BaseException], None]) -> None:
        """Goes through `steps` while nobody waits for anything, in place of earlier ones.

        Args:
            steps: each so short that a question may wait for it.
        """
        with self._wake:
            self._preparing = _Preparing(steps, failed)
            self._wake.notify()

    def submit(
        self,
        title: str,
        start: Callable[[CancelToken], Job[T]],
        *,
        done: Callable[[T], None],
        failed: Callable[[BaseException], None],
        progress: Callable[[JobStatus, object | None], None] | None = None,
        cancelled: Callable[[], None] | None = None,
        gives_way: bool = False,
    ) -> JobHandle:
        """Queues a job behind those that wait.

        Args:
            gives_way: whether every other job goes first, even one that comes later.
        """
        handle = JobHandle(title)
        handle.cancelled_by(self._nudge)
        with self._wake:
            self._runs.append(_Run(handle, start, done, failed, progress, cancelled, gives_way))
            self._wake.notify()
        return handle

    def stop(self, timeout_s: float = 5) -> None:
        """Cancels what runs and waits, and joins the thread.

        Raises:
            TimeoutError: one step of the work takes longer than `timeout_s`.
        """
        with self._wake:
            self._stopping = True
            for run in (self._running, *self._runs):
                if run is not None:
                    run.handle.token.cancel()
            self._questions.clear()
            self._preparing = None
            self._wake.notify()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
            if self._thread.is_alive():
                raise TimeoutError(f"the worker did not end within {timeout_s} s")

    def _nudge(self) -> None:
        with self._wake:
            self._wake.notify()

    def _loop(self) -> None:
        while True:
            with self._wake:
                preparing = self._wait()
                if self._stopping:
                    break
                question = call = None
                others_wait = bool(self._calls or self._running or self._runs)
                if others_wait and self._previews_in_a_row >= PREVIEWS_IN_A_ROW:
                    self._previews_in_a_row = 0
                elif self._questions:
                    question = self._questions.pop(next(iter(self._questions)))
                if question is not None:
                    self._previews_in_a_row += 1
                else:
                    self._previews_in_a_row = 0
                    call = self._calls.popleft() if self._calls else None
                    if call is None and others_wait:
                        self._choose_run()
            if question is not None:
                self._answer(question)
            elif call is not None:
                self._do(call)
            elif self._running is not None:
                self._step(self._running)
            elif preparing is not None:
                self._prepare(preparing)
            # Waiting for the next, the thread keeps nothing of the last alive.
            question = call = preparing = None
        for run in (self._running, *self._runs):
            if run is not None and run.steps is not None:
                run.steps.close()

    def _wait(self) -> _Preparing | None:
        """Until there is something to do; what is prepared, where nothing else is."""
        while not (self._stopping or self._questions or self._calls or self._running or self._runs):
            if self._preparing is None:
                self._wake.wait()
                continue
            rest = self._asked_at + REST_S - time.monotonic()
            if rest <= 0:
                return self._preparing
            self._wake.wait(rest)
        return None

    def _choose_run(self) -> None:
        """What was cancelled first, for it ends at once; what gives way last."""
        there = [run for run in (self._running, *self._runs) if run is not None]
        if len(there) > 1:
            self._running = min(there, key=lambda r: (not r.handle.token.cancelled, r.gives_way))
            self._runs = deque(run for run in there if run is not self._running)
        elif self._running is None:
            self._running = self._runs.popleft()

    def _answer(self, question: _Question) -> None:
        self._answering = question
        try:
            result = question.work()
        except BaseException as error:
            fault = error
            self._deliver(lambda: self._if_current(question, lambda: question.fail(fault)))
            return
        finally:
            self._answering = None
        self._deliver(lambda: self._if_current(question, lambda: question.show(result)))

    def _is_current(self, question: _Question) -> bool:
        shown = self._shown_seq.get(question.slot, -1)
        return question.epoch == self._epoch and question.seq > shown

    def _if_current(self, question: _Question, act: Callable[[], None]) -> None:
        if self._is_current(question):
            self._shown_seq[question.slot] = question.seq
            act()

    def _do(self, call: _Call) -> None:
        try:
            result = call.work()
        except BaseException as error:
            fault = error
            self._deliver(lambda: call.failed(fault))
            return
        self._deliver(lambda: call.done(result))

    def _step(self, run: _Run[Any]) -> None:
        try:
            run.handle.token.raise_if_cancelled()
            if run.steps is None:
                run.began = time.monotonic()
                run.steps = run.start(run.handle.token)
                self._report(run, "running", Progress(None, ""))
            step = next(run.steps)
        except StopIteration as stop:
            self._finish(run, "done")
            result = stop.value
            self._deliver(lambda: run.done(result))
        except CancelledError:
            if run.steps is not None:
                run.steps.close()
            self._finish(run, "cancelled")
            if run.cancelled is not None:
                self._deliver(run.cancelled)
        except BaseException as error:
            fault = error
            self._finish(run, "failed")
            self._deliver(lambda: run.failed(fault))
        else:
            self._report(run, "running", step)

    def _prepare(self, preparing: _Preparing) -> None:
        try:
            next(preparing.steps)
        except BaseException as error:
            with self._wake:
                if self._preparing is preparing:
                    self._preparing = None
            if not isinstance(error, StopIteration):
                fault = error
                self._deliver(lambda: preparing.failed(fault))

    def _finish(self, run: _Run[Any], state: JobState) -> None:
        self._running = None
        self._report(run, state, Progress(1.0 if state == "done" else None, ""))

    def _report(self, run: _Run[Any], state: JobState, step: Progress) -> None:
        now = time.monotonic()
        elapsed = now - run.began if run.began else 0.0
        status = JobStatus(
            run.handle.id,
            run.handle.title,
            state,
            step.fraction,
            step.text,
            elapsed,
            run.pace.eta_s(step.fraction, now),
        )
        run.handle.status = status
        due = state != "running" or now - run.reported >= 1 / REPORTS_PER_S
        if run.progress is not None and due:
            run.reported = now
            told, partial = run.progress, step.partial
            self._deliver(lambda: told(status, partial))
