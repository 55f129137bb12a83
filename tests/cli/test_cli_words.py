"""Words on the command line: found by name, near by a metric, measured by analogies."""

import json
from pathlib import Path

import pytest

from latentviewer.cli import main

WORDS = "man 1 0 0\nwoman 1 1 0\nking 1 0 1\nqueen 1 1 1\n1990 5 5 5\n"


def run(*words: object) -> int:
    return main([str(word) for word in words])


@pytest.fixture
def words(tmp_path: Path) -> Path:
    path = tmp_path / "words.txt"
    path.write_text(WORDS)
    return path


@pytest.mark.parametrize(("of", "row"), [("king", 2), ("2", 2), ("#2", 2), ("[1990]", 4)], ids=str)
def test_a_sample_is_named_or_counted(
    words: Path, capsys: pytest.CaptureFixture[str], of: str, row: int
) -> None:
    assert run("neighbors", words, "--of", of, "--k", 2, "--json") == 0
    assert json.loads(capsys.readouterr().out)["row"] == row


@pytest.mark.parametrize(
    ("of", "said"),
    [("kng", "no word “kng”; did you mean “king”"), ("1990", "no row 1990; its rows are 0 to 4")],
)
def test_a_sample_that_is_not_there_is_named(
    words: Path, capsys: pytest.CaptureFixture[str], of: str, said: str
) -> None:
    assert run("neighbors", words, "--of", of) == 2
    assert said in capsys.readouterr().err


def test_the_words_of_an_analogy_are_not_its_answers(
    words: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expression = "[king] - [man] + [woman]"
    assert run("eval", words, expression, "--metric", "cosine", "--nearest", 1, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rows_used"] == [0, 1, 2]
    assert [n["label"] for n in told["nearest"]] == ["queen"]
    assert told["nearest"][0]["distance"] == pytest.approx(0, abs=1e-6)


def test_a_path_goes_through_words(words: Path, tmp_path: Path) -> None:
    out = tmp_path / "way.npy"
    assert run("path", words, "--via", "man,queen", "--frames", 3, "-o", out) == 0
    assert out.is_file()


def test_analogies_are_counted_by_section(
    words: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tmp_path / "questions.txt"
    questions.write_text(": royal\nman king woman queen\nMan KING Woman Queen\n: other\na b c d\n")
    assert run("analogies", words, questions, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    royal, other = told["sections"]
    assert (royal["correct"], royal["asked"], royal["accuracy"]) == (2, 2, 1.0)
    assert (other["asked"], other["there"], other["accuracy"]) == (0, 1, None)
    assert (told["metric"], told["total"]["there"]) == ("cosine", 3)
    assert run("analogies", words, questions) == 0
    assert "100.0%" in capsys.readouterr().out
    assert run("analogies", words, tmp_path / "gone.txt") == 2
    assert "gone.txt is not there" in capsys.readouterr().err
