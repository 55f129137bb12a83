"""Word vectors: word2vec's text and binary files, fastText's .vec, and GloVe's."""

import mmap
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import NOTES, Latents, Provenance, Space, checked_latents
from latentviewer.domain.table import Texts
from latentviewer.io.failures import cannot_read

# pyarrow is imported where it is used: it must not be on the way to the first window.

Form = Literal["binary", "text"]
WORD_COLUMN = "word"
_COUNTS = re.compile(rb"[ \t]*([0-9]{1,12})[ \t]+([0-9]{1,6})[ \t]*\r?\n")
_START_BYTES = 1 << 18
_LONGEST_WORD = 4096
_BLOCK_BYTES = 1 << 23
_VALUES_AT_ONCE = 1 << 20
_FLOAT32 = 4


@dataclass(frozen=True)
class Layout:
    """How a file of word vectors is laid out.

    Attributes:
        count: of words as the first line says, or None where there is no such line.
        dims: of one vector.
        begins: the offset of the first word in bytes.
        trailing: whether lines of text end in a space, as fastText writes them.
    """

    form: Form
    count: int | None
    dims: int
    begins: int
    trailing: bool = False


def layout_of(path: Path) -> Layout | None:
    """The layout of a file of word vectors by its first bytes, or None for any other file.

    Text is a word and numbers, separated by single spaces, in each line; the first line may
    hold the counts of words and numbers instead.

    Raises:
        UserError: unreadable.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
    except OSError as error:
        raise cannot_read(path, error) from error
    counts = _COUNTS.match(start)
    if counts is None:
        return _headless(start)
    count, dims, begins = int(counts[1]), int(counts[2]), counts.end()
    if dims < 1:
        return None
    first = _parts(start[begins:].split(b"\n", 1)[0])
    if first is not None and len(first[1]) == dims and all(map(_is_number, first[1])):
        return Layout("text", count, dims, begins, first[2])
    word_end = start.find(b" ", begins, begins + _LONGEST_WORD)
    # A word takes a byte and its space another; that the file is whole is seen when it is read.
    holds_one = word_end >= 0 and size >= word_end + 1 + _FLOAT32 * dims
    return Layout("binary", count, dims, begins) if holds_one or count == 0 else None


def read_word_vectors(path: Path, first: int | None = None) -> Space:
    """A file of word vectors as a space with the column `word`.

    Args:
        first: so many words at most; those files list the most frequent words first.

    Raises:
        UserError: no word vectors, cut short, or a line that does not fit; names the place.
    """
    layout = layout_of(path)
    if layout is None:
        raise UserError(f"{path} holds no word vectors: a word and its numbers in each line.")
    try:
        read = _read_binary if layout.form == "binary" else _read_text
        encoded, latent = read(path, layout, first)
    except OSError as error:
        raise cannot_read(path, error) from error
    notes = []
    if layout.count is not None and len(encoded) < layout.count and first != len(encoded):
        notes.append(
            f"{path.name} says that it has {layout.count:,} words and holds {len(encoded):,}."
        )
    if first is not None and len(encoded) == first and layout.count != first:
        of = "" if layout.count is None else f" of {layout.count:,}"
        notes.append(f"The first {first:,}{of} words of {path.name} are shown.")
    words, replaced = _decoded(encoded)
    if replaced:
        notes.append(f"{_counted(replaced)} not UTF-8; � stands for such bytes.")
    return Space(
        path.stem,
        checked_latents(latent, str(path)),
        columns={WORD_COLUMN: Texts(words)},
        provenance=Provenance(extra={NOTES: notes} if notes else {}),
    )


def _headless(start: bytes) -> Layout | None:
    """GloVe's layout, if its first two lines have a word each and the same count of numbers."""
    lines = start.split(b"\n")
    # The last line may be cut off by the end of what was read.
    whole = lines[:-1] if len(lines) > 1 else lines
    parts = [_parts(line) for line in whole[:2]]
    dims = len(parts[0][1]) if parts[0] is not None else 0
    if dims < 2:
        return None
    for part in parts:
        if part is None or len(part[1]) < dims or not all(map(_is_number, part[1][-dims:])):
            return None
    # A table of numbers alone has no words.
    if all(part is not None and _is_number(part[0]) for part in parts):
        return None
    assert parts[0] is not None
    return Layout("text", None, dims, 0, parts[0][2])


def _parts(line: bytes) -> tuple[bytes, list[bytes], bool] | None:
    """The word of a line, its other parts, and whether it ends in a space."""
    line = line.removesuffix(b"\r")
    trailing = line.endswith(b" ")
    word, *rest = line.removesuffix(b" ").split(b" ")
    # A tab is a table's.
    return (word, rest, trailing) if word and rest and b"\t" not in line else None


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return b"_" not in text


def _read_binary(path: Path, layout: Layout, first: int | None) -> tuple[list[bytes], Latents]:
    assert layout.count is not None
    count = layout.count if first is None else min(first, layout.count)
    vector = _FLOAT32 * layout.dims
    size = path.stat().st_size
    # No memory is taken for words that the file has no room for.
    if size < layout.begins + count * (vector + 1):
        room = max(0, size - layout.begins) // (vector + 1)
        raise UserError(
            f"{path} is cut short: its first line says {layout.count:,} words, and it has room for "
            f"{room:,} at most; copy or download it again."
        )
    words: list[bytes] = []
    latent = np.empty((count, layout.dims), np.float32)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        at, find, add = layout.begins, content.find, words.append
        values = memoryview(latent.data).cast("B") if count else memoryview(b"")
        for row in range(count):
            end = find(b" ", at, at + _LONGEST_WORD)
            if end < 0 or end + 1 + vector > size:
                raise UserError(
                    f"{path} is cut short or damaged at word {row + 1:,} of {layout.count:,} "
                    f"(byte {at:,}); copy or download it again."
                )
            # word2vec ends each vector with a line feed, other writers don't.
            add(content[at:end].lstrip(b"\n"))
            at = end + 1 + vector
            values[row * vector : (row + 1) * vector] = content[end + 1 : at]
    if sys.byteorder == "big":
        latent.byteswap(inplace=True)
    return words, latent


def _read_text(path: Path, layout: Layout, first: int | None) -> tuple[list[bytes], Latents]:
    words, blocks = [], []
    try:
        for some_words, block in _regular_blocks(path, layout):
            words += some_words
            blocks.append(block)
            if first is not None and len(words) >= first:
                break
    except _OddLineError:
        return _read_lines(path, layout, first)
    if not words:
        raise UserError(f"{path} holds no words; make or copy it again.")
    return words[:first], np.concatenate(blocks)[:first]


class _OddLineError(Exception):
    """A line that has not as many parts as the others, or a part that is no number."""


def _regular_blocks(
    path: Path, layout: Layout
) -> Iterator[tuple[list[bytes], NDArray[np.float32]]]:
    """Words and vectors (m, dims) of some lines at a time, in order, as fast as can be.

    Raises:
        _OddLineError: there is one; what came before stays true.
    """
    import pyarrow as pa
    from pyarrow import csv

    numbers = [str(i) for i in range(layout.dims)]
    ends = ["end"] if layout.trailing else []
    types: dict[str, Any] = {name: pa.float32() for name in numbers}
    types |= {name: pa.binary() for name in (WORD_COLUMN, *ends)}
    with path.open("rb") as file:
        file.seek(layout.begins)
        try:
            # Words may be quotation marks, and “nan” is one too.
            blocks = csv.open_csv(
                pa.PythonFile(file, mode="r"),
                csv.ReadOptions(
                    column_names=[WORD_COLUMN, *numbers, *ends], block_size=_BLOCK_BYTES
                ),
                csv.ParseOptions(delimiter=" ", quote_char=False, double_quote=False),
                csv.ConvertOptions(column_types=types, check_utf8=False, null_values=[]),
            )
            for block in blocks:
                columns = [block.column(name).to_numpy() for name in numbers]
                yield block.column(WORD_COLUMN).to_pylist(), np.stack(columns, axis=1)
        except pa.ArrowInvalid as error:
            raise _OddLineError from error


def _read_lines(path: Path, layout: Layout, first: int | None) -> tuple[list[bytes], Latents]:
    """The same line by line: a word may hold spaces, as in GloVe's larger files."""
    words, blocks = [], []
    pending: list[bytes] = []

    def gather() -> None:
        blocks.append(_numbers(b" ".join(pending), len(pending), layout.dims))
        pending.clear()

    with path.open("rb") as file:
        file.seek(layout.begins)
        first_line = 1 if layout.count is None else 2
        for number, line in enumerate(file, start=first_line):
            text = line.rstrip(b"\r\n").removesuffix(b" ")
            if not text:
                continue
            parts = text.rsplit(b" ", layout.dims)
            if len(parts) <= layout.dims:
                raise UserError(
                    f"{path}, line {number:,} has {len(parts) - 1} numbers, not {layout.dims}; "
                    "mend or remove it."
                )
            if not all(map(_is_number, parts[1:])):
                raise UserError(
                    f"{path}, line {number:,}: “{_shown(parts)}” is no number; mend that line."
                )
            words.append(parts[0])
            pending.append(b" ".join(parts[1:]))
            if len(pending) * layout.dims > _VALUES_AT_ONCE:
                gather()
            if len(words) == first:
                break
    gather()
    return words, np.concatenate(blocks)


def _numbers(text: bytes, count: int, dims: int) -> NDArray[np.float32]:
    return np.array(text.split(), np.float32).reshape(count, dims)


def _shown(parts: list[bytes]) -> str:
    bad = next(part for part in parts[1:] if not _is_number(part))
    return bad[:40].decode("utf-8", "replace")


def _decoded(words: list[bytes]) -> tuple[tuple[str, ...], int]:
    """The words as texts, and how many were not UTF-8."""
    try:
        return tuple(word.decode("utf-8") for word in words), 0
    except UnicodeDecodeError:
        texts = tuple(word.decode("utf-8", "replace") for word in words)
        broken = sum(t.encode("utf-8") != w for t, w in zip(texts, words, strict=True))
        return texts, broken


def _counted(count: int) -> str:
    return "One word is" if count == 1 else f"{count:,} words are"
