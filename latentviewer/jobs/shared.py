"""Memory that two processes see."""

import ctypes
import sys
import weakref
from multiprocessing.shared_memory import SharedMemory

_looked_into: list[SharedMemory] = []


class SharedBlock:
    """A named block; its creator unlinks it, whoever attached only closes it.

    Use as a context manager, or call `close` once no array looks into `buffer` any more. An
    owner that forgets is closed when it is collected or the interpreter ends, and by the
    resource tracker if the process is killed.
    """

    def __init__(self, memory: SharedMemory, owner: bool) -> None:
        self._memory: SharedMemory | None = memory
        self.name = memory.name
        self._let_go = weakref.finalize(self, _let_go, memory, owner)

    @classmethod
    def create(cls, size: int) -> "SharedBlock":
        """A new block of at least `size` bytes, all zero."""
        return cls(SharedMemory(create=True, size=max(1, size)), owner=True)

    @classmethod
    def attach(cls, name: str) -> "SharedBlock":
        """A block that another process created and will unlink."""
        if sys.version_info >= (3, 13):
            return cls(SharedMemory(name=name, track=False), owner=False)
        # Before 3.13 attaching registers the block with the resource tracker, which a
        # spawned child shares with its parent; a set there keeps one entry, and the
        # owner's unlink takes it out.
        return cls(SharedMemory(name=name), owner=False)

    @property
    def buffer(self) -> memoryview:
        """The bytes.

        Raises:
            ValueError: the block is closed.
        """
        view = self._memory.buf if self._memory is not None else None
        if view is None:
            raise ValueError("the shared block is closed")
        # An array over a memoryview keeps only what lies under the view, here the mapping, and
        # would read unmapped memory once that is closed. Over this it keeps a holder, and while
        # a holder lives the mapping refuses to close.
        holder = (ctypes.c_ubyte * len(view)).from_buffer(view)
        return memoryview(holder).cast("B")

    def close(self) -> None:
        """Lets go of the block, and frees its name if this is the owner; twice is fine.

        Where an array still looks into the block, the bytes stay until it is gone.
        """
        self._memory = None
        self._let_go()

    def __enter__(self) -> "SharedBlock":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _let_go(memory: SharedMemory, owner: bool) -> None:
    if owner:
        memory.unlink()
    # Blocks that an array still looked into when they were closed get another chance.
    waiting = [*_looked_into, memory]
    _looked_into.clear()
    for each in waiting:
        try:
            each.close()
        except BufferError:
            _looked_into.append(each)
