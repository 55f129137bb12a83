"""Memory that two processes see."""

import sys
from multiprocessing.shared_memory import SharedMemory


class SharedBlock:
    """A named block; its creator unlinks it, whoever attached only closes it.

    Use as a context manager, or call `close` once no array looks into `buffer` any more.
    """

    def __init__(self, memory: SharedMemory, owner: bool) -> None:
        self._memory: SharedMemory | None = memory
        self._owner = owner
        self.name = memory.name

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
        return view

    def close(self) -> None:
        """Lets go of the block, and frees its name if this is the owner; twice is fine.

        Where an array still looks into the block, the bytes stay until it is gone.
        """
        if self._memory is None:
            return
        memory, self._memory = self._memory, None
        try:
            memory.close()
        except BufferError:
            # An array still looks in; its end frees the mapping.
            pass
        finally:
            if self._owner:
                memory.unlink()

    def __enter__(self) -> "SharedBlock":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()
