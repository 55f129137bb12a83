"""The classifier's answers and the discriminator's score, as they are drawn."""

import math

import pytest
from preview_answers import MakeAnswer, Recorder
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from latentviewer.app.readouts import Told
from latentviewer.ui.preview.caption import facts, score_text
from latentviewer.ui.preview.class_readout import NOT_A_SAMPLE, ClassReadout, percent, words
from latentviewer.ui.preview.panel import PreviewPanel
from latentviewer.ui.theme import DARK


def told(question: str, answer: str = "yes", share: float = 0.9, truth: str | None = None) -> Told:
    ranked = ((answer, share), ("no", 1 - share))
    return Told(question, answer, share, truth, ranked if answer else ())


@pytest.fixture
def readout(qtbot: QtBot) -> ClassReadout:
    made = ClassReadout(DARK)
    qtbot.addWidget(made)
    made.resize(320, 100)
    return made


def has(image: QImage, colour: QColor) -> bool:
    return any(
        image.pixelColor(x, y).rgb() == colour.rgb()
        for x in range(image.width())
        for y in range(image.height())
    )


def test_nothing_asked_is_nothing_shown(readout: ClassReadout) -> None:
    readout.set_questions({})
    assert readout.isHidden()


def test_its_height_is_the_questions_not_the_answers(readout: ClassReadout) -> None:
    heights = {}
    for count in (1, 2, 12, 40):
        readout.set_questions({f"q{i}": 3 for i in range(count)})
        heights[count] = readout.height()
        readout.set_told(tuple(told(f"q{i}") for i in range(count)))
        readout.set_told(None)
        assert readout.height() == heights[count]
    assert heights[2] < heights[12] < heights[40]
    readout.set_questions({"what": 1000})
    assert readout.height() < heights[12]


def test_one_question_is_drawn_as_bars(readout: ClassReadout) -> None:
    readout.set_questions({"what": 1000})
    ranked = tuple((f"a rather long class name {i}", 0.5 / 2**i) for i in range(5))
    readout.show()
    readout.set_told((Told("what", ranked[0][0], 0.5, None, ranked),))
    picture = readout.grab().toImage()
    assert has(picture, DARK.colour("accent"))
    # The longest bar is the first one's.
    filled = [
        sum(picture.pixelColor(x, y).rgb() == DARK.colour(c).rgb() for x in range(136, 280))
        for y, c in ((27, "accent"), (46, "text_faint"))
    ]
    assert filled[0] > 1.6 * filled[1] > 0


def test_what_differs_from_what_is_known_is_marked(readout: ClassReadout) -> None:
    readout.set_questions({"hat": 2, "smile": 2})
    readout.show()
    readout.set_told((told("hat", truth="yes"), told("smile", truth="yes")))
    assert not has(readout.grab().toImage(), DARK.colour("warning"))
    readout.set_told((told("hat", truth="yes"), told("smile", truth="no")))
    assert has(readout.grab().toImage(), DARK.colour("warning"))
    assert "smile: yes, 90 %; known to be no" in readout.accessibleDescription()
    left, right = readout.told_at(20, 30), readout.told_at(300, 30)
    assert left is not None
    assert right is not None
    assert (left.question, right.question) == ("hat", "smile")


def test_no_number_is_said(readout: ClassReadout) -> None:
    for questions in ({"hat": 2}, {"hat": 2, "smile": 2}):
        readout.set_questions(questions)
        readout.show()
        readout.set_told(tuple(told(q, "", math.nan) for q in questions))
        assert "the model gives no number" in readout.accessibleDescription()
        assert has(readout.grab().toImage(), DARK.colour("warning"))


def test_percentages_do_not_claim_certainty() -> None:
    assert [percent(p) for p in (0.0, 0.001, 0.5, 0.9951, 1.0, math.nan)] == [
        "0 %", "<1 %", "50 %", ">99 %", "100 %", "–",
    ]  # fmt: skip
    assert words(told("hat")) == "hat: yes, 90 %"


def test_the_panel_shows_answers_and_clears_them(
    qtbot: QtBot, make_answer: MakeAnswer, dispatch: Recorder
) -> None:
    panel = PreviewPanel(dispatch, DARK)
    qtbot.addWidget(panel)
    panel.set_readouts({"hat": 2}, False)
    panel.show_answer(make_answer(told=(told("hat"),)))
    assert panel.readout.told is not None
    panel.show_answer(make_answer())
    assert panel.readout.told is None
    assert panel.readout.accessibleDescription() == NOT_A_SAMPLE
    panel.set_readouts({}, False)
    assert panel.readout.isHidden()


def test_a_score_says_what_it_comes_to(
    qtbot: QtBot, make_answer: MakeAnswer, dispatch: Recorder
) -> None:
    assert [score_text(s) for s in (1.34, -2.12, 0.0, math.nan)] == [
        "1.3, taken for real", "−2.1, taken for made", "0.0, undecided", "none",
    ]  # fmt: skip
    three = facts(None, None, "exact", 1.0, False, score=1.3)
    assert [name for name, _, _ in three] == ["Inverse", "Distance", "Score"]
    panel = PreviewPanel(dispatch, DARK)
    qtbot.addWidget(panel)
    low = panel.facts.height()
    panel.set_readouts({}, True)
    assert panel.facts.height() > low
    panel.show_answer(make_answer(score=-0.5))
    assert panel.facts.lines[-1] == ("Score", "−0.5, taken for made", False)
