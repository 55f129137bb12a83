"""A bounded walk through the protobuf wire format, without a schema and without copies.

https://protobuf.dev/programming-guides/encoding/
"""

import mmap
from collections.abc import Iterator

Span = tuple[int, int]
"""Where a field's bytes begin and end."""

Held = int | Span | bytes
"""A field's integer, the place of its bytes, or its four or eight bytes of fixed width."""

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST_FIELDS = 2_000_000  # a large network has some ten thousands; this is a few seconds
_LARGEST_TAG = (1 << 32) - 1
_LONGEST_VARINT = 10


class WireError(ValueError):
    """What is wrong with the bytes, such as `a length at byte 12 goes past the end`."""


class Wire:
    """The bytes of one message, to be walked through with one budget of fields.

    Args:
        data: all bytes of the file.
    """

    def __init__(self, data: bytes | mmap.mmap) -> None:
        self._data = data
        self._left = _MOST_FIELDS

    def __len__(self) -> int:
        return len(self._data)

    def fields(self, span: Span) -> Iterator[tuple[int, Held]]:
        """The fields of the message in a span: number and what it holds.

        Raises:
            WireError: a tag, a length or a number that no writer makes, or too many fields.
        """
        at, end = span
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise WireError(f"more than {_MOST_FIELDS:,} fields")
            begins = at
            tag, at = self._varint(at, end)
            # Readers differ on tags beyond 32 bits: another one could see other fields.
            if tag > _LARGEST_TAG or tag < 8:
                raise WireError(f"no field begins at byte {begins:,}")
            kind = tag & 7
            if kind == _VARINT:
                value, at = self._varint(at, end)
                yield tag >> 3, value
            elif kind == _BYTES:
                length, at = self._varint(at, end)
                if length > end - at:
                    raise WireError(f"a length at byte {begins:,} goes past the end")
                yield tag >> 3, (at, at + length)
                at += length
            elif kind in (_FIXED64, _FIXED32):
                size = 8 if kind == _FIXED64 else 4
                if size > end - at:
                    raise WireError(f"a number at byte {begins:,} goes past the end")
                yield tag >> 3, bytes(self._data[at : at + size])
                at += size
            else:
                raise WireError(f"an unknown kind of field at byte {begins:,}")

    def integers(self, value: int | Span) -> list[int]:
        """Signed 64-bit integers of a repeated field, whether packed or one by one."""
        if isinstance(value, int):
            return [_signed(value)]
        at, end = value
        found = []
        while at < end:
            self._left -= 1
            if self._left < 0:
                raise WireError(f"more than {_MOST_FIELDS:,} fields")
            number, at = self._varint(at, end)
            found.append(_signed(number))
        return found

    def text(self, span: Span) -> str:
        """A string; bytes that are not UTF-8 become U+FFFD."""
        return self._data[span[0] : span[1]].decode("utf-8", "replace")

    def _varint(self, at: int, end: int) -> tuple[int, int]:
        value, shift, begins = 0, 0, at
        data = self._data
        while at < end and at - begins < _LONGEST_VARINT:
            byte = data[at]
            value |= (byte & 0x7F) << shift
            at += 1
            if byte < 0x80:
                return value & 0xFFFF_FFFF_FFFF_FFFF, at
            shift += 7
        raise WireError(f"a number at byte {begins:,} has no end")


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value
