"""Shares work out to the processor's cores by threads of our own.

numba's own parallel loops would do so as well, but compile several times longer, abort the
process when two threads start them at once (numba issue 8563), and with OpenMP, whose threads
wait by spinning, lose whole time slices whenever another program is busy.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from typing import TypeVar

import numba

Result = TypeVar("Result")


def thread_count() -> int:
    """Threads to work with: the cores this process may use, or NUMBA_NUM_THREADS."""
    # numba makes up this name when it is imported, so no checker can see it.
    return max(1, int(numba.config.NUMBA_NUM_THREADS))  # type: ignore[attr-defined]


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, thread_count() - 1))


def share_out(
    work: Callable[[int, Iterator[int]], Result], pieces: int, threads: int
) -> list[Result]:
    """Runs `work` on some threads, the caller's among them, and waits for all of them.

    Args:
        work: is given the number of its thread, from 0, and the pieces still to do, which
            it takes by iterating; all threads take from the same, in rising order. To gain
            anything, it spends its time in kernels, which run without the interpreter lock.
        pieces: how many there are.
        threads: the most to use.

    Returns:
        What each thread returned.
    """
    left = iter(range(pieces))
    threads = max(1, min(threads, pieces, thread_count()))
    others = [_pool().submit(work, number, left) for number in range(1, threads)]
    try:
        first = work(0, left)
    finally:
        wait(others)
    return [first, *(other.result() for other in others)]
