import os
from collections.abc import Iterator
from multiprocessing.shared_memory import SharedMemory

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.jobs.child import ChildLane
from latentviewer.jobs.progress import JobStatus
from latentviewer.jobs.shared import SharedBlock
from tests.jobs.conftest import MainThread


@pytest.fixture
def lane(main_thread: MainThread) -> Iterator[ChildLane]:
    made = ChildLane(main_thread.deliver, "tests.jobs.entries:serve")
    yield made
    made.stop()


def never(_value: object) -> None:
    raise AssertionError("this must not be called")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_requests_are_served_in_order_in_another_process(
    lane: ChildLane, main_thread: MainThread
) -> None:
    results: list[int] = []
    seen: list[tuple[JobStatus, object]] = []
    for value in (1, 2, 3):
        lane.submit(
            "echo", {"kind": "echo", "value": value}, done=results.append, failed=never,
            progress=lambda status, payload: seen.append((status, payload)),
        )  # fmt: skip
    main_thread.run_until(lambda: len(results) == 3)
    assert results == [1, 2, 3]
    children = {payload for _, payload in seen if payload is not None}
    assert len(children) == 1
    assert os.getpid() not in children
    assert seen[-1][0].state == "done"


def test_cancel_ends_the_process_and_the_next_request_is_served(
    lane: ChildLane, main_thread: MainThread
) -> None:
    children: list[int] = []
    cancelled: list[bool] = []
    handle = lane.submit(
        "hang", {"kind": "hang"}, done=never, failed=never,
        progress=lambda _status, payload: children.append(payload) if payload else None,
        cancelled=lambda: cancelled.append(True),
    )  # fmt: skip
    main_thread.run_until(lambda: children)
    handle.cancel()
    assert not alive(children[0])
    main_thread.run_until(lambda: cancelled)
    results: list[str] = []
    lane.submit("echo", {"kind": "echo", "value": "on"}, done=results.append, failed=never)
    main_thread.run_until(lambda: results)
    assert results == ["on"]


def test_a_request_cancelled_while_it_waits_is_not_served(
    lane: ChildLane, main_thread: MainThread
) -> None:
    hung: list[object] = []
    cancelled: list[str] = []
    first = lane.submit(
        "hang", {"kind": "hang"}, done=never, failed=never,
        progress=lambda _status, payload: hung.append(payload),
        cancelled=lambda: cancelled.append("first"),
    )  # fmt: skip
    second = lane.submit(
        "echo", {"kind": "echo", "value": 1}, done=never, failed=never,
        cancelled=lambda: cancelled.append("second"),
    )  # fmt: skip
    main_thread.run_until(lambda: hung)
    second.cancel()
    first.cancel()
    main_thread.run_until(lambda: len(cancelled) == 2)
    assert cancelled == ["second", "first"]


def test_a_child_that_dies_fails_its_request_in_one_sentence(
    lane: ChildLane, main_thread: MainThread
) -> None:
    faults: list[BaseException] = []
    results: list[int] = []
    lane.submit("Layout", {"kind": "die"}, done=never, failed=faults.append)
    lane.submit("echo", {"kind": "echo", "value": 1}, done=results.append, failed=never)
    main_thread.run_until(lambda: results)
    assert isinstance(faults[0], UserError)
    assert "exit code 3" in str(faults[0])


def test_a_refusal_arrives_as_a_user_error(lane: ChildLane, main_thread: MainThread) -> None:
    faults: list[BaseException] = []
    lane.submit("no", {"kind": "refuse"}, done=never, failed=faults.append)
    main_thread.run_until(lambda: faults)
    assert isinstance(faults[0], UserError)
    assert str(faults[0]) == "That cannot be done."


def test_stop_ends_the_process(main_thread: MainThread) -> None:
    lane = ChildLane(main_thread.deliver, "tests.jobs.entries:serve")
    children: list[int] = []
    lane.submit(
        "hang", {"kind": "hang"}, done=never, failed=never,
        progress=lambda _status, payload: children.append(payload) if payload else None,
    )  # fmt: skip
    main_thread.run_until(lambda: children)
    lane.stop()
    assert not alive(children[0])


def test_both_processes_see_a_shared_block(lane: ChildLane, main_thread: MainThread) -> None:
    with SharedBlock.create(16) as block:
        done: list[bool] = []
        lane.submit(
            "fill", {"kind": "fill", "block": block.name, "value": 2.5},
            done=lambda _: done.append(True), failed=never,
        )  # fmt: skip
        main_thread.run_until(lambda: done)
        array = np.ndarray((4,), np.float32, buffer=block.buffer)
        assert array.tolist() == [2.5] * 4
        del array
        name = block.name
    with pytest.raises(FileNotFoundError):
        SharedMemory(name=name)


def test_a_closed_block_says_so() -> None:
    block = SharedBlock.create(8)
    block.close()
    block.close()
    with pytest.raises(ValueError, match="closed"):
        _ = block.buffer
