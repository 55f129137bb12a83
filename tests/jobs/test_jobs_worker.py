import threading
import time
from collections.abc import Generator
from typing import Any

import pytest

from latentviewer.jobs.progress import CancelToken, JobStatus, Pace, Progress
from latentviewer.jobs.worker import PREVIEWS_IN_A_ROW, REST_S, Worker
from tests.jobs.conftest import PATIENCE_S, MainThread


def never(_value: object) -> None:
    raise AssertionError("this must not be called")


def test_a_waiting_preview_gives_way_to_a_newer_one(
    worker: Worker, main_thread: MainThread
) -> None:
    epoch = worker.new_epoch()
    busy, go = threading.Event(), threading.Event()
    worked: list[int] = []
    shown: list[int] = []

    def hold() -> int:
        busy.set()
        assert go.wait(PATIENCE_S)
        return 0

    worker.preview(epoch, 0, hold, shown.append, never)
    assert busy.wait(PATIENCE_S)
    for seq in range(1, 50):
        worker.preview(epoch, seq, lambda s=seq: worked.append(s) or s, shown.append, never)
    go.set()
    main_thread.run_until(lambda: 49 in shown)
    assert worked == [49]
    assert shown == [0, 49]


def test_an_answer_of_an_older_epoch_is_not_shown(worker: Worker, main_thread: MainThread) -> None:
    first = worker.new_epoch()
    shown: list[str] = []
    answered = threading.Event()
    worker.preview(first, 1, lambda: answered.set() or "old", shown.append, never)
    assert answered.wait(PATIENCE_S)
    second = worker.new_epoch()
    worker.preview(second, 2, lambda: "new", shown.append, never)
    main_thread.run_until(lambda: "new" in shown)
    assert shown == ["new"]


def test_an_answer_that_is_older_than_the_shown_one_is_dropped(
    worker: Worker, main_thread: MainThread
) -> None:
    epoch = worker.new_epoch()
    shown: list[int] = []
    worker.preview(epoch, 5, lambda: 5, shown.append, never)
    main_thread.run_until(lambda: 5 in shown)
    worker.preview(epoch, 4, lambda: 4, shown.append, never)
    worker.preview(epoch, 6, lambda: 6, shown.append, never)
    main_thread.run_until(lambda: 6 in shown)
    assert shown == [5, 6]


def test_slots_take_turns_however_fast_one_of_them_asks(
    worker: Worker, main_thread: MainThread
) -> None:
    epoch = worker.new_epoch()
    worked: list[str] = []
    shown: dict[str, list[int]] = {"": [], "beside": []}
    busy, go = threading.Event(), threading.Event()

    def hold() -> int:
        busy.set()
        assert go.wait(PATIENCE_S)
        return 0

    def ask(slot: str, seq: int) -> None:
        def work() -> int:
            worked.append(slot)
            if seq < 20:
                # The hand is faster than the answers: the same slot asks on and on.
                ask(slot, seq + 1)
            return seq

        worker.preview(epoch, seq, work, shown[slot].append, never, slot)

    worker.preview(epoch, 0, hold, shown[""].append, never)
    assert busy.wait(PATIENCE_S)
    ask("", 1)
    ask("beside", 1)
    go.set()
    main_thread.run_until(lambda: 20 in shown[""] and 20 in shown["beside"])
    assert worked == ["", "beside"] * 20
    assert shown == {"": list(range(21)), "beside": list(range(1, 21))}


def test_a_newer_question_replaces_only_its_own_slots(
    worker: Worker, main_thread: MainThread
) -> None:
    epoch = worker.new_epoch()
    worked: list[tuple[str, int]] = []
    busy, go = threading.Event(), threading.Event()

    def hold() -> None:
        busy.set()
        assert go.wait(PATIENCE_S)

    worker.preview(epoch, 0, hold, lambda _: None, never)
    assert busy.wait(PATIENCE_S)
    for slot, seq in (("", 1), ("beside", 1), ("", 2), ("", 3)):
        worker.preview(
            epoch, seq, lambda s=slot, n=seq: worked.append((s, n)), lambda _: None, never, slot
        )
    go.set()
    main_thread.run_until(lambda: len(worked) == 2)
    assert worked == [("", 3), ("beside", 1)]


def test_previews_and_calls_are_served_between_the_steps_of_a_job(
    worker: Worker, main_thread: MainThread
) -> None:
    epoch = worker.new_epoch()
    order: list[str] = []
    first_step, asked = threading.Event(), threading.Event()

    def job(token: CancelToken) -> Generator[Progress, None, str]:
        order.append("step 1")
        first_step.set()
        assert asked.wait(PATIENCE_S)
        yield Progress(0.5, "half")
        order.append("step 2")
        return "end"

    ended: list[str] = []
    worker.submit("job", job, done=ended.append, failed=never)
    assert first_step.wait(PATIENCE_S)
    worker.call(lambda: order.append("call"), lambda _: None, never)
    worker.preview(epoch, 1, lambda: order.append("preview"), lambda _: None, never)
    asked.set()
    main_thread.run_until(lambda: ended)
    assert order == ["step 1", "preview", "call", "step 2"]


def test_a_job_reports_and_returns(worker: Worker, main_thread: MainThread) -> None:
    def job(token: CancelToken) -> Generator[Progress, None, int]:
        yield Progress(0.5, "half", partial="so far")
        return 7

    results: list[int] = []
    statuses: list[tuple[JobStatus, Any]] = []
    worker.submit(
        "seven", job, done=results.append, failed=never,
        progress=lambda status, partial: statuses.append((status, partial)),
    )  # fmt: skip
    main_thread.run_until(lambda: results)
    assert results == [7]
    assert statuses[0][0].state == "running"
    assert statuses[-1][0].state == "done"
    assert statuses[-1][0].fraction == 1.0


def test_a_cancelled_job_stops_at_its_next_step(worker: Worker, main_thread: MainThread) -> None:
    started, go = threading.Event(), threading.Event()
    closed: list[bool] = []
    steps: list[int] = []

    def job(token: CancelToken) -> Generator[Progress, None, None]:
        try:
            for step in range(1000):
                started.set()
                assert go.wait(PATIENCE_S)
                steps.append(step)
                yield Progress(step / 1000, "")
        finally:
            closed.append(True)

    cancelled: list[bool] = []
    handle = worker.submit(
        "long", job, done=never, failed=never, cancelled=lambda: cancelled.append(True)
    )
    assert started.wait(PATIENCE_S)
    handle.cancel()
    go.set()
    main_thread.run_until(lambda: cancelled)
    assert steps == [0]
    assert closed == [True]
    assert handle.status.state == "cancelled"


def test_a_job_cancelled_while_it_waits_never_begins(
    worker: Worker, main_thread: MainThread
) -> None:
    go = threading.Event()
    began: list[bool] = []

    def first(token: CancelToken) -> Generator[Progress, None, None]:
        assert go.wait(PATIENCE_S)
        yield Progress(None, "")

    def second(token: CancelToken) -> Generator[Progress, None, None]:
        began.append(True)
        yield Progress(None, "")

    cancelled: list[bool] = []
    worker.submit("first", first, done=lambda _: None, failed=never)
    waiting = worker.submit(
        "second", second, done=never, failed=never, cancelled=lambda: cancelled.append(True)
    )
    waiting.cancel()
    go.set()
    main_thread.run_until(lambda: cancelled)
    assert began == []


def test_work_that_fails_tells_so_and_the_thread_goes_on(
    worker: Worker, main_thread: MainThread
) -> None:
    epoch = worker.new_epoch()
    faults: list[BaseException] = []

    def broken() -> None:
        raise RuntimeError("broken")

    def broken_job(token: CancelToken) -> Generator[Progress, None, None]:
        yield Progress(None, "")
        raise RuntimeError("broken job")

    worker.preview(epoch, 1, broken, never, faults.append)
    main_thread.run_until(lambda: len(faults) == 1)
    worker.call(broken, never, faults.append)
    worker.submit("broken", broken_job, done=never, failed=faults.append)
    main_thread.run_until(lambda: len(faults) == 3)
    assert [str(f) for f in faults] == ["broken", "broken", "broken job"]
    answers: list[int] = []
    worker.call(lambda: 1, answers.append, never)
    main_thread.run_until(lambda: answers)


def test_stop_cancels_a_running_job_and_joins(main_thread: MainThread) -> None:
    worker = Worker(main_thread.deliver, name="to be stopped")
    worker.start()
    started = threading.Event()

    def endless(token: CancelToken) -> Generator[Progress, None, None]:
        while True:
            started.set()
            yield Progress(None, "")

    worker.submit("endless", endless, done=never, failed=never)
    assert started.wait(PATIENCE_S)
    worker.stop()
    assert "to be stopped" not in [thread.name for thread in threading.enumerate()]


def test_stop_says_so_when_a_step_does_not_end(main_thread: MainThread) -> None:
    worker = Worker(main_thread.deliver)
    worker.start()
    started, go = threading.Event(), threading.Event()
    worker.call(lambda: started.set() or go.wait(PATIENCE_S), lambda _: None, never)
    assert started.wait(PATIENCE_S)
    with pytest.raises(TimeoutError):
        worker.stop(timeout_s=0.01)
    go.set()
    worker.stop()


def test_previews_without_end_let_a_job_have_its_turn(
    worker: Worker, main_thread: MainThread
) -> None:
    epoch = worker.new_epoch()
    busy, go = threading.Event(), threading.Event()
    order: list[str] = []
    many = 3 * PREVIEWS_IN_A_ROW

    def ask(seq: int) -> None:
        worker.preview(epoch, seq, lambda: answer(seq), lambda _: None, never)

    def answer(seq: int) -> None:
        if seq == 0:
            busy.set()
            assert go.wait(PATIENCE_S)
        order.append("preview")
        if seq < many:
            ask(seq + 1)

    def job(token: CancelToken) -> Generator[Progress, None, None]:
        order.append("step")
        yield Progress(0.5, "")
        order.append("step")

    ended: list[None] = []
    ask(0)
    assert busy.wait(PATIENCE_S)
    worker.submit("job", job, done=ended.append, failed=never)
    go.set()
    main_thread.run_until(lambda: ended and len(order) == many + 3)
    first = order.index("step")
    second = order.index("step", first + 1)
    assert first == PREVIEWS_IN_A_ROW
    assert second - first - 1 == PREVIEWS_IN_A_ROW


def test_an_older_question_does_not_take_the_place_of_a_newer_one(
    worker: Worker, main_thread: MainThread
) -> None:
    old = worker.new_epoch()
    epoch = worker.new_epoch()
    busy, go = threading.Event(), threading.Event()
    shown: list[int] = []
    worker.call(lambda: busy.set() or go.wait(PATIENCE_S), lambda _: None, never)
    assert busy.wait(PATIENCE_S)
    worker.preview(epoch, 6, lambda: 6, shown.append, never)
    worker.preview(epoch, 4, lambda: 4, shown.append, never)
    worker.preview(old, 7, lambda: 7, shown.append, never)
    go.set()
    main_thread.run_until(lambda: shown)
    assert shown == [6]


def test_a_part_of_an_answer_is_shown_before_the_whole_is_there(
    worker: Worker, main_thread: MainThread
) -> None:
    epoch = worker.new_epoch()
    seen: list[str] = []
    go = threading.Event()

    def work() -> str:
        worker.tell(lambda: seen.append("part"))
        assert go.wait(PATIENCE_S)
        return "whole"

    worker.preview(epoch, 1, work, seen.append, never)
    main_thread.run_until(lambda: bool(seen))
    assert seen == ["part"]
    go.set()
    main_thread.run_until(lambda: "whole" in seen)
    assert seen == ["part", "whole"]


def test_a_part_of_an_answer_that_is_out_of_date_is_not_shown(
    worker: Worker, main_thread: MainThread
) -> None:
    seen: list[str] = []
    busy, go = threading.Event(), threading.Event()

    def work() -> str:
        busy.set()
        assert go.wait(PATIENCE_S)
        worker.tell(lambda: seen.append("part"))
        return "whole"

    worker.preview(worker.new_epoch(), 1, work, seen.append, never)
    assert busy.wait(PATIENCE_S)
    newer = worker.new_epoch()
    go.set()
    worker.preview(newer, 2, lambda: "newer", seen.append, never)
    main_thread.run_until(lambda: bool(seen))
    assert seen == ["newer"]


def test_jobs_run_in_the_order_they_came(worker: Worker, main_thread: MainThread) -> None:
    order: list[int] = []

    def job(number: int) -> Generator[Progress, None, int]:
        for _ in range(3):
            order.append(number)
            yield Progress(None, "")
        return number

    ended: list[int] = []
    for number in range(3):
        worker.submit("job", lambda _, n=number: job(n), done=ended.append, failed=never)
    main_thread.run_until(lambda: len(ended) == 3)
    assert order == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert ended == [0, 1, 2]


def test_a_job_that_gives_way_waits_for_one_that_comes_later(
    worker: Worker, main_thread: MainThread
) -> None:
    order: list[str] = []
    first_step, go = threading.Event(), threading.Event()

    def long(token: CancelToken) -> Generator[Progress, None, None]:
        for step in range(3):
            order.append(f"long {step}")
            first_step.set()
            assert go.wait(PATIENCE_S)
            yield Progress(None, "")

    def short(token: CancelToken) -> Generator[Progress, None, None]:
        for step in range(2):
            order.append(f"short {step}")
            yield Progress(None, "")

    ended: list[str] = []
    worker.submit("long", long, done=lambda _: ended.append("long"), failed=never, gives_way=True)
    assert first_step.wait(PATIENCE_S)
    worker.submit("short", short, done=lambda _: ended.append("short"), failed=never)
    go.set()
    main_thread.run_until(lambda: len(ended) == 2)
    assert order == ["long 0", "short 0", "short 1", "long 1", "long 2"]
    assert ended == ["short", "long"]


def test_a_job_that_was_set_aside_is_cancelled_at_once_and_its_work_closed(
    worker: Worker, main_thread: MainThread
) -> None:
    first_step, go, closed = threading.Event(), threading.Event(), threading.Event()
    order: list[str] = []

    def long(token: CancelToken) -> Generator[Progress, None, None]:
        try:
            while True:
                first_step.set()
                assert go.wait(PATIENCE_S)
                yield Progress(None, "")
        finally:
            closed.set()
            order.append("long closed")

    def short(token: CancelToken) -> Generator[Progress, None, None]:
        order.append("short begun")
        handle.cancel()
        yield Progress(None, "")
        order.append("short goes on")

    ended: list[str] = []
    handle = worker.submit(
        "long", long, done=never, failed=never, gives_way=True,
        cancelled=lambda: ended.append("cancelled"),
    )  # fmt: skip
    assert first_step.wait(PATIENCE_S)
    worker.submit("short", short, done=lambda _: ended.append("short"), failed=never)
    go.set()
    main_thread.run_until(lambda: len(ended) == 2)
    assert order == ["short begun", "long closed", "short goes on"]


def test_stopping_closes_a_job_that_was_set_aside(main_thread: MainThread) -> None:
    worker = Worker(main_thread.deliver)
    worker.start()
    begun, go, closed = threading.Event(), threading.Event(), threading.Event()

    def long(token: CancelToken) -> Generator[Progress, None, None]:
        try:
            begun.set()
            assert go.wait(PATIENCE_S)
            yield Progress(None, "")
            raise AssertionError("it was set aside")
        finally:
            closed.set()

    inside = threading.Event()

    def short(token: CancelToken) -> Generator[Progress, None, None]:
        inside.set()
        while not token.cancelled:
            yield Progress(None, "")

    worker.submit("long", long, done=never, failed=never, gives_way=True)
    assert begun.wait(PATIENCE_S)
    worker.submit("short", short, done=never, failed=never)
    go.set()
    assert inside.wait(PATIENCE_S)
    worker.stop()
    assert closed.is_set()


def test_what_is_prepared_waits_until_nothing_else_is_there(
    worker: Worker, main_thread: MainThread
) -> None:
    order: list[str] = []
    inside, go = threading.Event(), threading.Event()

    def hold() -> None:
        inside.set()
        assert go.wait(PATIENCE_S)

    def steps() -> Generator[None, None, None]:
        for name in ("first", "second"):
            order.append(name)
            yield

    def job(token: CancelToken) -> Generator[Progress, None, None]:
        order.append("job")
        yield Progress(None, "")

    worker.call(hold, lambda _: None, never)
    assert inside.wait(PATIENCE_S)
    worker.prepare(steps(), never)
    worker.submit("job", job, done=lambda _: None, failed=never)
    worker.call(lambda: order.append("call"), lambda _: None, never)
    worker.preview(worker.new_epoch(), 0, lambda: order.append("preview"), order.append, never)
    go.set()
    while len(order) < 5:
        threading.Event().wait(0.01)
    assert order == ["preview", "call", "job", "first", "second"]


def test_nothing_is_prepared_while_the_hand_moves(worker: Worker) -> None:
    epoch = worker.new_epoch()
    prepared, still = threading.Event(), threading.Event()
    began, asked = time.monotonic(), 0.0

    def steps() -> Generator[None, None, None]:
        prepared.set()
        yield

    worker.preview(epoch, 0, lambda: None, lambda _: None, never)
    worker.prepare(steps(), never)
    for seq in range(1, 20):
        still.wait(REST_S / 10)
        asked = time.monotonic()
        worker.preview(epoch, seq, lambda: None, lambda _: None, never)
        if asked - began < REST_S:  # A busy machine may hold this thread up for longer.
            assert not prepared.is_set()
        began = asked
    assert prepared.wait(PATIENCE_S)
    assert time.monotonic() - asked >= REST_S


def test_what_is_prepared_anew_takes_the_place_of_the_old(
    worker: Worker, main_thread: MainThread
) -> None:
    inside, go, ended = threading.Event(), threading.Event(), threading.Event()

    def old() -> Generator[None, None, None]:
        inside.set()
        assert go.wait(PATIENCE_S)
        yield
        raise AssertionError("it was replaced")

    def new() -> Generator[None, None, None]:
        ended.set()
        yield

    worker.prepare(old(), never)
    assert inside.wait(PATIENCE_S)
    worker.prepare(new(), never)
    go.set()
    assert ended.wait(PATIENCE_S)
    main_thread.run_what_came()


def test_what_fails_while_it_is_prepared_is_told_once_and_ends(
    worker: Worker, main_thread: MainThread
) -> None:
    heard: list[BaseException] = []

    def steps() -> Generator[None, None, None]:
        yield
        raise OSError("gone")

    worker.prepare(steps(), heard.append)
    main_thread.run_until(lambda: heard)
    assert [str(error) for error in heard] == ["gone"]
    answers: list[int] = []
    worker.call(lambda: 1, answers.append, never)
    main_thread.run_until(lambda: answers)
    assert len(heard) == 1


def test_the_time_left_is_told_by_the_pace_of_this_sitting() -> None:
    pace = Pace()
    assert pace.eta_s(None, 0.0) is None
    assert pace.eta_s(0.5, 10.0) is None
    assert pace.eta_s(0.5, 12.0) is None
    # A tenth of the whole in four seconds, four tenths left.
    assert pace.eta_s(0.6, 14.0) == pytest.approx(16.0)
    assert pace.eta_s(1.0, 20.0) == 0.0
