"""A process that reads one HDF5 file and ends.

What it sends back is JSON and an Arrow file, never a pickle: a file that took the process over
would still gain nothing here.
"""

import contextlib
import io
import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from latentviewer.domain.candidates import Candidate, SeveralCandidatesError
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.space import Space
from latentviewer.io.failures import cannot_read
from latentviewer.io.spaces import space_from_bytes, write_arrow

_SPAWN = multiprocessing.get_context("spawn")
_PART_BYTES = 1 << 20
_JOIN_S = 2.0
# A slow disk hands over 5 MB a second, and packed values unfold to several times their size.
_PATIENCE_S = 30.0
_SLOWEST_BYTES_A_SECOND = 1 << 20
_MEMORY_BYTES = 8 << 30
_MEMORY_PER_BYTE = 8


def candidates_apart(path: Path) -> tuple[Candidate, ...]:
    """The candidates in a file, found by another process.

    Raises:
        UserError: the other process refused the file, or did not survive it.
    """
    with _answer(path, "candidates", None) as (said, _):
        return tuple(Candidate(name, rows, dims) for name, rows, dims in said["candidates"])


def space_apart(path: Path, pick: str | None) -> Space:
    """A file as a space, read by another process.

    Raises:
        UserError: the other process refused the file, or did not survive it.
    """
    with _answer(path, "space", pick) as (said, receive):
        content = receive(said["bytes"])
    return space_from_bytes(content, path)


@contextmanager
def _answer(path: Path, task: str, pick: str | None) -> Iterator[tuple[dict[str, Any], Any]]:
    try:
        size = path.stat().st_size
    except OSError as error:
        raise cannot_read(path, error) from error
    ends = time.monotonic() + _PATIENCE_S + size / _SLOWEST_BYTES_A_SECOND
    ours, theirs = _SPAWN.Pipe(duplex=False)
    child = _SPAWN.Process(
        target=_serve, args=(theirs, task, str(path), pick), name="latentviewer hdf5", daemon=True
    )

    def wait() -> None:
        if not ours.poll(max(0.0, ends - time.monotonic())):
            raise UserError(
                f"{path} kept its reader busy for too long, so it is damaged or far too large; "
                "make or copy it again."
            )

    def receive(count: int) -> bytearray:
        content, have = bytearray(count), 0
        while have < count:
            wait()
            have += ours.recv_bytes_into(content, have)
        return content

    child.start()
    theirs.close()
    try:
        wait()
        said = json.loads(ours.recv_bytes())
        if "refused" in said:
            raise _refusal(path, said)
        yield said, receive
    except (EOFError, OSError, multiprocessing.BufferTooShort) as error:
        raise UserError(
            f"{path} is damaged so that its reader broke off; make or copy it again."
        ) from error
    finally:
        child.terminate()
        child.join(_JOIN_S)
        if child.is_alive():
            child.kill()
            child.join()
        child.close()
        ours.close()


def _refusal(path: Path, said: dict[str, Any]) -> UserError:
    if said["candidates"]:
        return SeveralCandidatesError(path, [Candidate(*of) for of in said["candidates"]])
    return UnsafeFileError(said["refused"]) if said["unsafe"] else UserError(said["refused"])


def _serve(connection: "Connection[Any, Any]", task: str, name: str, pick: str | None) -> None:
    import signal

    # Ctrl-C in a terminal reaches the whole group; ending this process is the parent's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    path = Path(name)
    _bound(path.stat().st_size)
    from latentviewer.io.hdf5.reading import candidates_in, space_in

    try:
        if task == "candidates":
            found = candidates_in(path)
            _say(connection, {"candidates": [[c.name, c.rows, c.dims] for c in found]})
            return
        space = space_in(path, pick)
    except UserError as error:
        several = error.candidates if isinstance(error, SeveralCandidatesError) else ()
        said = {
            "refused": str(error),
            "unsafe": isinstance(error, UnsafeFileError),
            "candidates": [[c.name, c.rows, c.dims] for c in several],
        }
        _say(connection, said)
        return
    counted: Any = _Counted()
    write_arrow(space, counted)
    _say(connection, {"bytes": counted.tell()})
    sent: Any = _Sent(connection)
    write_arrow(space, sent)


def _say(connection: "Connection[Any, Any]", what: dict[str, Any]) -> None:
    connection.send_bytes(json.dumps(what).encode())


def _bound(size: int) -> None:
    """Bounds the time and memory of this process, where the system can."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        memory = _MEMORY_BYTES + _MEMORY_PER_BYTE * size
        seconds = int(_PATIENCE_S + size / _SLOWEST_BYTES_A_SECOND)
        # A reader that is caught in the C library outlives a parent that was killed.
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Counted(io.RawIOBase):
    """Counts what is written to it."""

    def __init__(self) -> None:
        self._count = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._count

    def write(self, part: Any, /) -> int:
        self._count += memoryview(part).nbytes
        return memoryview(part).nbytes


class _Sent(_Counted):
    """Sends what is written to it."""

    def __init__(self, connection: "Connection[Any, Any]") -> None:
        super().__init__()
        self._connection = connection

    def write(self, part: Any, /) -> int:
        view = memoryview(part).cast("B")
        for start in range(0, len(view), _PART_BYTES):
            self._connection.send_bytes(view[start : start + _PART_BYTES])
        return super().write(part)
