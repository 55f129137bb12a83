"""Analogies counted by hand, by brute force, and against the figures that others have measured."""

from pathlib import Path

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.domain.measures.analogies import (
    ANALOGY_METRICS,
    Score,
    Section,
    analogy_scores,
    parse_sections,
)
from latentviewer.domain.table import Texts
from latentviewer.io.word_vectors import read_word_vectors

WORDS = ("man", "woman", "king", "queen", "Queen", "apple")
VECTORS = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 1], [1, 1, 1], [9, 9, 9], [0, 0, 0.1]], np.float32)
ROYAL = Section("royal", (("man", "king", "woman", "queen"), ("Man", "KING", "woman", "Queen")))


def test_the_three_words_themselves_are_no_answer_and_case_does_not_count() -> None:
    (score,) = analogy_scores(VECTORS, WORDS, [ROYAL])
    assert score == Score("royal", correct=2, asked=2, there=2)
    # Without “queen” the nearest is “king”, which was given: what is left is wrong.
    (without,) = analogy_scores(
        VECTORS[[0, 1, 2, 5]],
        ("man", "woman", "king", "apple"),
        [Section("royal", (("man", "king", "woman", "apple"), ("man", "king", "woman", "queen")))],
    )
    assert without == Score("royal", correct=1, asked=1, there=2)


def test_a_section_without_its_words_has_no_accuracy() -> None:
    (score,) = analogy_scores(VECTORS, WORDS, [Section("none", (("a", "b", "c", "d"),))])
    assert (score.correct, score.asked, score.there) == (0, 0, 1)
    assert np.isnan(score.accuracy)


@pytest.mark.parametrize("metric", ANALOGY_METRICS)
def test_it_agrees_with_brute_force(metric: str) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(40, 5)).astype(np.float32)
    words = [f"w{i}" for i in range(40)]
    questions = [tuple(rng.choice(40, 4, replace=False).tolist()) for _ in range(200)]
    section = Section("any", tuple(tuple(f"w{i}" for i in q) for q in questions))
    (score,) = analogy_scores(vectors, words, [section], metric)
    used = (
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if metric == "cosine" else vectors
    )
    right = 0
    for a, b, c, d in questions:
        asked = used[b] - used[a] + used[c]
        by = -np.linalg.norm(used - asked, axis=1) if metric == "euclidean" else used @ asked
        by[[a, b, c]] = -np.inf
        right += int(by.argmax() == d)
    assert score.correct == right > 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a b c d\n", "line 1 stands before the first section"),
        (": capitals\na b c\n", "line 2 has 3 words"),
        (": capitals\n\na b c d e\n", "line 3 has 5 words"),
    ],
)
def test_a_line_that_is_no_question_is_named(text: str, said: str) -> None:
    with pytest.raises(UserError, match=said):
        parse_sections(text, "questions.txt")


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(UserError, match="not measured by “correlation”"):
        analogy_scores(VECTORS, WORDS, [ROYAL], "correlation")


@pytest.mark.parametrize(
    ("name", "correct", "asked"),
    [("glove_6B_50d_5k.txt", 1_942, 3_006), ("books_sgns_100d_12k.bin", 3_481, 5_157)],
)
def test_accuracy_is_what_gensim_measures(
    real_data: Path, name: str, correct: int, asked: int
) -> None:
    folder = real_data / "word_vectors"
    space = read_word_vectors(folder / name)
    column = space.columns["word"]
    assert isinstance(column, Texts)
    sections = parse_sections((folder / "questions-words.txt").read_text("utf-8"), "questions")
    assert (len(sections), sum(len(s.questions) for s in sections)) == (14, 19_544)
    scores = analogy_scores(space.latent, column.values, sections)
    assert (sum(s.correct for s in scores), sum(s.asked for s in scores)) == (correct, asked)
