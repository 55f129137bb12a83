import gc
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Iterator
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.jobs.child import ChildLane
from latentviewer.jobs.progress import JobStatus
from latentviewer.jobs.shared import SharedBlock
from tests.jobs.conftest import PATIENCE_S, MainThread


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


def test_a_child_that_died_at_work_is_replaced_before_the_fault_is_told(
    lane: ChildLane, main_thread: MainThread
) -> None:
    faults: list[BaseException] = []
    lane.submit("Layout", {"kind": "die"}, done=never, failed=faults.append)
    main_thread.run_until(lambda: faults)
    assert len(multiprocessing.active_children()) == 1


def test_bytes_that_are_no_message_fail_the_request_and_the_lane_goes_on(
    lane: ChildLane, main_thread: MainThread
) -> None:
    faults: list[BaseException] = []
    results: list[int] = []
    lane.submit("garbage", {"kind": "garbage"}, done=never, failed=faults.append)
    lane.submit("echo", {"kind": "echo", "value": 1}, done=results.append, failed=never)
    main_thread.run_until(lambda: results)
    assert isinstance(faults[0], UserError)


def test_a_request_that_cannot_be_sent_fails_and_the_lane_goes_on(
    lane: ChildLane, main_thread: MainThread
) -> None:
    faults: list[BaseException] = []
    results: list[int] = []
    handle = lane.submit(
        "bad", {"kind": "echo", "value": lambda: 0}, done=never, failed=faults.append
    )
    lane.submit("echo", {"kind": "echo", "value": 1}, done=results.append, failed=never)
    main_thread.run_until(lambda: results)
    assert len(faults) == 1
    assert handle.status.state == "failed"


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


def test_a_block_closed_while_an_array_looks_in_stays_readable() -> None:
    block = SharedBlock.create(16)
    array = np.ndarray((4,), np.float32, buffer=block.buffer)
    array[...] = 3.5
    block.close()
    with pytest.raises(FileNotFoundError):
        SharedMemory(name=block.name)
    gc.collect()
    assert array.tolist() == [3.5] * 4
    del array
    # The next block that closes frees what was left; a fault there would fail this test.
    SharedBlock.create(8).close()
    gc.collect()


def test_a_forgotten_block_is_unlinked() -> None:
    block = SharedBlock.create(8)
    name = block.name
    del block
    gc.collect()
    with pytest.raises(FileNotFoundError):
        SharedMemory(name=name)


PARENT = """
import os, queue, signal
from latentviewer.jobs.child import ChildLane
from latentviewer.jobs.shared import SharedBlock

if __name__ == "__main__":
    came = queue.Queue()
    block = SharedBlock.create(8)
    lane = ChildLane(came.put, "tests.jobs.entries:serve")
    pids = []
    lane.submit(
        "busy", {"kind": "busy"}, done=print, failed=print,
        progress=lambda _status, payload: pids.append(payload) if payload else None,
    )
    while not pids:
        came.get(timeout=60)()
    print(pids[0], block.name, flush=True)
    ENDING
"""


@pytest.mark.parametrize("ending", ["os.kill(os.getpid(), signal.SIGKILL)", "os._exit(0)"])
def test_a_busy_child_and_its_memory_go_with_a_parent_that_was_killed(
    tmp_path: Path, ending: str
) -> None:
    program = tmp_path / "parent.py"
    program.write_text(PARENT.replace("ENDING", ending))
    root = Path(__file__).resolve().parents[2]
    # Child and tracker hold the pipe too: it ends, and this call, when all of them have.
    ended = subprocess.run(
        [sys.executable, program],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, "PYTHONPATH": str(root)},
    )
    with pytest.raises(FileNotFoundError):
        SharedMemory(name=ended.stdout.split()[1])


def test_a_program_that_stops_its_lane_and_forgets_a_block_ends_without_a_word(
    tmp_path: Path,
) -> None:
    program = tmp_path / "parent.py"
    program.write_text(PARENT.replace("ENDING", "lane.stop()"))
    root = Path(__file__).resolve().parents[2]
    ended = subprocess.run(
        [sys.executable, program],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={**os.environ, "PYTHONPATH": str(root)},
        check=True,
    )
    assert ended.stderr == ""
    with pytest.raises(FileNotFoundError):
        SharedMemory(name=ended.stdout.split()[1])
