"""Searching all texts at once finds what searching each of them finds."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentviewer.domain.folded import FoldedTexts, folded

WIDE_A, ACUTE = "\N{FULLWIDTH LATIN SMALL LETTER A}", "\N{COMBINING ACUTE ACCENT}"
letters = st.text(alphabet=f"aAbB éÉß\0\nﬁ😀{WIDE_A}{ACUTE}", max_size=6)


def plainly(texts: list[str], wanted: str) -> tuple[list[bool], list[bool]]:
    sought = folded(wanted.replace("\0", " "))
    each = [folded(text.replace("\0", " ")) for text in texts]
    return [text == sought for text in each], [sought in text for text in each]


@given(texts=st.lists(letters, max_size=8), wanted=letters)
def test_it_finds_what_a_plain_search_finds(texts: list[str], wanted: str) -> None:
    exact, holding = FoldedTexts.of(texts).matching(wanted)
    assert (exact.tolist(), holding.tolist()) == plainly(texts, wanted)


@given(texts=st.lists(st.text(max_size=4), max_size=6), wanted=st.text(max_size=3))
def test_of_any_text(texts: list[str], wanted: str) -> None:
    exact, holding = FoldedTexts.of(texts).matching(wanted)
    assert (exact.tolist(), holding.tolist()) == plainly(texts, wanted)


@given(text=st.text())
def test_folding_is_the_same_for_plain_text_and_for_all(text: str) -> None:
    whole = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    assert folded(text) == whole


@pytest.mark.parametrize("wanted", ["", "a", "ab"])
def test_of_no_texts(wanted: str) -> None:
    texts = FoldedTexts.of([])
    assert len(texts) == 0
    assert [mask.tolist() for mask in texts.matching(wanted)] == [[], []]


def test_a_match_lies_within_one_text() -> None:
    exact, holding = FoldedTexts.of(["ab", "cd", "abcd", ""]).matching("bc")
    assert not exact.any()
    assert holding.tolist() == [False, False, True, False]


def test_more_texts_than_are_folded_at_once() -> None:
    texts = [f"Nummer {i}" for i in range(45_000)]
    exact, holding = FoldedTexts.of(texts).matching("nummer 4444")
    assert exact.nonzero()[0].tolist() == [4444]
    assert holding.nonzero()[0].tolist() == [4444, *range(44_440, 44_450)]
