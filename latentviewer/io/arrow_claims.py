"""What packed Arrow files say that they unpack to, before any of it is unpacked.

A packed buffer begins with its unpacked length. Where the buffers lie is told by flatbuffers:
tables whose fields are found through a list of offsets, all little-endian.
https://arrow.apache.org/docs/format/Columnar.html and
https://flatbuffers.dev/internals/
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from latentviewer.domain.errors import UnsafeFileError

_MOST_BYTES = 2 << 30
_LARGEST_RATIO = 100
_MAGIC = b"ARROW1"
_BLOCK_BYTES, _BUFFER_BYTES = 24, 16
# The places of fields in the tables of File.fbs and Message.fbs.
_DICTIONARIES, _BATCHES = 2, 3
_HEADER_KIND, _HEADER, _BODY_LENGTH = 1, 2, 3
_DICTIONARY_BATCH, _RECORD_BATCH = 2, 3
_OF_DICTIONARY = 1
_BUFFERS, _COMPRESSION = 2, 3


def check_claims(file: Any, path: Path) -> None:
    """Refuses a file or stream whose packed buffers say that they unpack to an absurd size.

    What is damaged or cannot be read is left to Arrow's own reader, which says so.

    Args:
        file: open for reading, at its beginning; its place is another one afterwards.
        path: what sentences call it.

    Raises:
        UnsafeFileError: it would, or its parts overlap, as no writer makes them.
    """
    size = file.seek(0, 2)
    file.seek(0)
    most = max(_MOST_BYTES, _LARGEST_RATIO * size)
    claimed = described = 0
    try:
        for message in _messages(file, size):
            claimed += _unpacked(file, *message)
            described += message[0].size
            if claimed > most or described > size:
                break
    except (IndexError, OverflowError, ValueError, OSError):
        return
    if claimed > most or described > size:
        raise UnsafeFileError(
            f"{path} would unpack to {claimed:,} bytes or more from {size:,}; such a file is "
            "refused, write it without compression."
        )


def _messages(file: Any, size: int) -> Iterator[tuple["_Table", int]]:
    """The messages of a file, which its end lists, or of a stream; each with its body's place."""
    if file.read(6) == _MAGIC:
        file.seek(size - 10)
        length = int.from_bytes(file.read(4), "little")
        file.seek(size - 10 - length)
        footer = _root(_exactly(file, length))
        for field in (_DICTIONARIES, _BATCHES):
            at, count = footer.vector(field)
            for number in range(count):
                block = at + number * _BLOCK_BYTES
                place = footer.number(block, 8)
                yield _message(file, place)
        return
    place = 0
    while place < size:
        message, body = _message(file, place)
        yield message, body
        at = message.field(_BODY_LENGTH)
        place = body + (message.number(at, 8) if at else 0)


def _message(file: Any, place: int) -> tuple["_Table", int]:
    file.seek(place)
    length = int.from_bytes(_exactly(file, 4), "little")
    if length == 0xFFFFFFFF:  # since version 0.15 of the format
        length = int.from_bytes(_exactly(file, 4), "little")
    if not length:
        raise ValueError("the end")
    message = _root(_exactly(file, length))
    return message, file.tell()


def _unpacked(file: Any, message: "_Table", body: int) -> int:
    """What the packed buffers of a message unpack to, as they say themselves."""
    kind = message.field(_HEADER_KIND)
    batch = message.table(_HEADER)
    said = message.number(kind, 1) if kind else 0
    if batch is not None and said == _DICTIONARY_BATCH:
        batch = batch.table(_OF_DICTIONARY)
    elif said != _RECORD_BATCH:
        return 0
    if batch is None or not batch.field(_COMPRESSION):
        return 0
    at, count = batch.vector(_BUFFERS)
    claimed = 0
    for number in range(count):
        buffer = at + number * _BUFFER_BYTES
        place, length = batch.number(buffer, 8), batch.number(buffer + 8, 8)
        if length >= 8:
            file.seek(body + place)
            told = int.from_bytes(_exactly(file, 8), "little", signed=True)
            claimed += max(0, told)  # -1 says that it is not packed
    return claimed


def _exactly(file: Any, count: int) -> bytes:
    content: bytes = file.read(count)  # never more than there is
    if len(content) != count:
        raise ValueError("cut short")
    return content


def _root(content: bytes) -> "_Table":
    return _Table(content, int.from_bytes(content[:4], "little"))


class _Table:
    """A table in a flatbuffer; places are from the buffer's start.

    Attributes:
        size: of the buffer in bytes.

    Raises:
        IndexError: something points outside the buffer.
    """

    def __init__(self, content: bytes, place: int) -> None:
        self._content = content
        self.size = len(content)
        self._place = place
        self._fields = place - self.number(place, 4, signed=True)
        self._fields_bytes = self.number(self._fields, 2)

    def number(self, place: int, width: int, signed: bool = False) -> int:
        """A whole number of so many bytes."""
        if place < 0 or place + width > len(self._content):
            raise IndexError(place)
        return int.from_bytes(self._content[place : place + width], "little", signed=signed)

    def field(self, number: int) -> int:
        """Where a field lies; 0 where the table does not have it."""
        entry = 4 + 2 * number
        if entry + 2 > self._fields_bytes:
            return 0
        offset = self.number(self._fields + entry, 2)
        return self._place + offset if offset else 0

    def table(self, number: int) -> "_Table | None":
        """The table that a field points to."""
        at = self.field(number)
        return _Table(self._content, at + self.number(at, 4)) if at else None

    def vector(self, number: int) -> tuple[int, int]:
        """Where the elements of a list begin, and how many there are."""
        at = self.field(number)
        if not at:
            return 0, 0
        at += self.number(at, 4)
        return at + 4, self.number(at, 4)
