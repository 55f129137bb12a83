"""Word vectors in the forms that word2vec, fastText and GloVe write."""

import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import NOTES, Space
from latentviewer.domain.table import Texts
from latentviewer.io.word_vectors import layout_of, read_word_vectors

WORDS = ("the", ",", '"', "1990", "naïve", "nan")
VECTORS = np.arange(18, dtype=np.float32).reshape(6, 3) / 8 - 1


def words_of(space: Space) -> tuple[str, ...]:
    column = space.columns["word"]
    assert isinstance(column, Texts)
    return column.values


def lines(words: Sequence[str], vectors: NDArray[np.float32], end: str = "\n") -> bytes:
    rows = zip(words, vectors.tolist(), strict=True)
    return "".join(f"{w} {' '.join(map(repr, v))}{end}" for w, v in rows).encode()


def binary(words: Sequence[str | bytes], vectors: NDArray[np.float32], feed: bytes = b"") -> bytes:
    content = f"{len(words)} {vectors.shape[1]}\n".encode()
    for word, vector in zip(words, vectors, strict=True):
        encoded = word if isinstance(word, bytes) else word.encode()
        content += encoded + b" " + vector.astype("<f4").tobytes() + feed
    return content


@pytest.mark.parametrize(
    ("content", "form"),
    [
        (lines(WORDS, VECTORS), "text"),
        (lines(WORDS, VECTORS, "\r\n"), "text"),
        (lines(WORDS, VECTORS).rstrip(b"\n"), "text"),
        (b"6 3\n" + lines(WORDS, VECTORS), "text"),
        (b"6 3\n" + lines(WORDS, VECTORS, " \n"), "text"),
        (binary(WORDS, VECTORS), "binary"),
        (binary(WORDS, VECTORS, b"\n"), "binary"),
    ],
    ids=["glove", "glove crlf", "glove cut end", "word2vec", "fasttext", "gensim", "word2vec.c"],
)
def test_each_form_gives_its_words_and_vectors(tmp_path: Path, content: bytes, form: str) -> None:
    path = tmp_path / "few.any"
    path.write_bytes(content)
    layout = layout_of(path)
    assert layout is not None
    assert (layout.form, layout.dims) == (form, 3)
    space = read_word_vectors(path)
    assert space.name == "few"
    assert words_of(space) == WORDS
    assert_array_equal(space.latent, VECTORS)
    assert NOTES not in space.provenance.extra


@pytest.mark.parametrize("content", [lines(WORDS, VECTORS), binary(WORDS, VECTORS)])
def test_the_first_words_are_enough(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "few"
    path.write_bytes(content)
    space = read_word_vectors(path, first=2)
    assert words_of(space) == WORDS[:2]
    assert_array_equal(space.latent, VECTORS[:2])
    (note,) = space.provenance.extra[NOTES]
    assert note.startswith("The first 2")
    assert len(read_word_vectors(path, first=100)) == 6


def test_a_word_may_hold_spaces(tmp_path: Path) -> None:
    path = tmp_path / "glove.txt"
    path.write_bytes(lines(("the", ". . .", "at name@domain.com"), VECTORS[:3]))
    space = read_word_vectors(path)
    assert words_of(space) == ("the", ". . .", "at name@domain.com")
    assert_array_equal(space.latent, VECTORS[:3])
    assert words_of(read_word_vectors(path, first=2)) == ("the", ". . .")


@pytest.mark.parametrize("form", ["text", "binary"])
def test_bytes_that_are_no_utf_8_are_shown_as_such_and_counted(tmp_path: Path, form: str) -> None:
    path = tmp_path / "old"
    words = [b"plain", b"caf\xe9", b"end"]
    rows = [w + b" " + b" ".join(b"%g" % v for v in row) for w, row in zip(words, VECTORS)]  # noqa: B905
    path.write_bytes(b"\n".join(rows) if form == "text" else binary(words, VECTORS[:3]))
    space = read_word_vectors(path)
    assert words_of(space) == ("plain", "caf�", "end")
    (note,) = space.provenance.extra[NOTES]
    assert note == "One word is not UTF-8; � stands for such bytes."


def test_fewer_lines_than_the_first_says_are_told(tmp_path: Path) -> None:
    path = tmp_path / "short.vec"
    path.write_bytes(b"9 3\n" + lines(WORDS, VECTORS))
    (note,) = read_word_vectors(path).provenance.extra[NOTES]
    assert note == "short.vec says that it has 9 words and holds 6."


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (binary(WORDS, VECTORS)[:-1], "cut short"),
        (binary(WORDS, VECTORS)[:40], "cut short"),
        (b"999999999999 300\nthe " + bytes(1200), "cut short"),
        (b"2 3\nthe " + bytes(12) + b"x" * 5000, "word 2 of 2"),
        (b"the 1 2 3\nof 1 2 3\nand 1 2\n", "line 3 has 2 numbers, not 3"),
        (b"3 3\nthe 1 2 3\nof 1 2 3\nand 1 two 3\n", "line 4: “two” is no number"),
        (b"the 1 2 3\nof 1 2 3\nand 1 inf 3\n", "row 2"),
        (b"3 3\n\n\n", "no word"),
    ],
)
def test_what_does_not_fit_is_named_by_its_place(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "broken.vec"
    path.write_bytes(content)
    with pytest.raises(UserError, match=said) as told:
        read_word_vectors(path)
    assert "broken" in str(told.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00" * 100,
        b"x,y\n1,2\n3,4\n",
        b"a\tb\n1\t2\n",
        b"1 2 3\n4 5 6\n",
        b"plain words in a line\nand more of them\n",
        b"Athens Greece Baghdad Iraq\nAthens Greece Bangkok Thailand\n",
        b"12 0\n",
        b"5 3\n",
        struct.pack("<4f", 1, 2, 3, 4),
    ],
)
def test_other_files_are_not_taken_for_word_vectors(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    assert layout_of(path) is None
    with pytest.raises(UserError, match="no word vectors"):
        read_word_vectors(path)


def test_a_file_that_is_gone_ends_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not there"):
        layout_of(tmp_path / "gone.vec")


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damage_ends_in_a_sentence(tmp_path: Path, data: st.DataObject) -> None:
    content = bytearray(data.draw(st.sampled_from([lines(WORDS, VECTORS), binary(WORDS, VECTORS)])))
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=6)):
        content[at] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged"
    path.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    try:
        space = read_word_vectors(path)
    except UserError as error:
        assert "damaged" in str(error)  # noqa: PT017
    else:
        assert len(words_of(space)) == len(space)


@pytest.mark.parametrize(
    ("name", "count", "dims", "first"),
    [
        ("glove_6B_50d_5k.txt", 5050, 50, ("the", ",", ".", "of")),
        ("books_sgns_100d_12k.bin", 12_000, 100, ("the", "and", "of", "to")),
        ("googlenews_300d_1k.bin", 1000, 300, ("in", "for", "that", "is")),
    ],
)
def test_real_files(
    real_data: Path, name: str, count: int, dims: int, first: tuple[str, ...]
) -> None:
    space = read_word_vectors(real_data / "word_vectors" / name)
    assert space.latent.shape == (count, dims)
    assert words_of(space)[:4] == first
    if name.startswith("google"):
        np.testing.assert_allclose(np.linalg.norm(space.latent, axis=1), 1, rtol=1e-4)
