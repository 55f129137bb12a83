"""What a classifier and a discriminator say of what the preview shows."""

import dataclasses
import math

import numpy as np
import pytest

from latentviewer.app.preview import Answer
from latentviewer.app.readouts import RANKED, classify
from latentviewer.app.state import LatentTarget, PlaceTarget, RowTarget
from latentviewer.app.workbench import Workbench
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.space import Space
from latentviewer.domain.table import Numbers, Texts
from tests.app.conftest import Fakes, six
from tests.app.families import Maker, Reader


def image(grey: float) -> np.ndarray:  # type: ignore[type-arg]
    return np.full((2, 2, 1), grey / 25.5, np.float32)


def shown(workbench: Workbench) -> Answer:
    answer = workbench.previews.shown
    assert answer is not None
    return answer


def test_answers_stand_beside_what_is_known() -> None:
    label, score = classify(Reader(), image(1), six(), 1)
    assert (label.question, label.answer, label.truth) == ("label", "b", "b")
    assert label.probability == pytest.approx(0.8)
    assert [name for name, _ in label.ranked] == ["b", "a", "c"]
    assert not label.differs
    assert (score.answer, score.truth, score.differs) == ("low", "low", False)
    label, score = classify(Reader(), image(5), six(), 0)
    assert (label.answer, label.truth, label.differs) == ("c", "a", True)
    assert (score.answer, score.truth, score.differs) == ("high", "low", True)


def test_what_is_not_known_is_no_difference() -> None:
    gap = classify(Reader(), image(2), six(), 5)[0]
    assert gap.truth is None
    assert not gap.differs
    latent = np.zeros((1, 2), np.float32)
    for columns in (
        {},
        {"label": Texts(("other classes",)), "score": Numbers(np.array([np.nan]))},
        {"label": Numbers(np.array([7.0]))},
    ):
        for one in classify(Reader(), image(0), Space("s", latent, columns=columns), 0):  # type: ignore[arg-type]
            assert one.truth is None
            assert not one.differs


def test_a_thousand_classes_are_ranked_and_cut() -> None:
    class Thousand(Reader):
        classes = {"what": tuple(f"class {i}" for i in range(1000))}  # noqa: RUF012

        def probabilities(self, images: object) -> dict[str, np.ndarray]:  # type: ignore[type-arg,override]
            shares = np.full((1, 1000), 1e-4, np.float32)
            shares[0, [700, 3, 999]] = 0.5, 0.25, 0.1
            return {"what": shares}

    (one,) = classify(Thousand(), image(0), six(), 0)
    assert len(one.ranked) == RANKED
    assert [name for name, _ in one.ranked[:3]] == ["class 700", "class 3", "class 999"]


def test_no_number_is_no_answer() -> None:
    class Broken(Reader):
        def probabilities(self, images: object) -> dict[str, np.ndarray]:  # type: ignore[type-arg,override]
            return {
                "label": np.array([[0.1, np.nan, 0.2]], np.float32),
                "score": np.array([[np.inf, 0]], np.float32),
            }

    for one in classify(Broken(), image(0), six(), 0):
        assert one.answer == ""
        assert math.isnan(one.probability)
        assert one.ranked == ()
        assert not one.differs


def test_the_preview_asks_the_classifier_about_samples_only(
    workbench: Workbench, fakes: Fakes
) -> None:
    fakes.model = Reader()
    workbench.commands.run("file.open_path", path="six")
    workbench.previews.hover(RowTarget(2))
    told = shown(workbench).told
    assert told is not None
    assert [one.answer for one in told] == ["c", "low"]
    for target in (PlaceTarget((1.0, 1.0)), LatentTarget(np.zeros(2, np.float32), "z", 2)):
        workbench.previews.hover(target)
        assert shown(workbench).told is None


def test_originals_of_another_size_or_none_are_not_classified(
    workbench: Workbench, fakes: Fakes
) -> None:
    fakes.model = Reader()
    fakes.model.card = dataclasses.replace(Reader.card, image=ImageShape(4, 4, 3))
    workbench.commands.run("file.open_path", path="six")
    workbench.previews.hover(RowTarget(2))
    assert shown(workbench).told is None
    fakes.data_here, fakes.model = False, Reader()
    workbench.commands.run("file.open_path", path="six")
    workbench.previews.hover(RowTarget(2))
    assert shown(workbench).told is None


def test_the_decoded_picture_is_scored(workbench: Workbench, fakes: Fakes) -> None:
    fakes.model = Maker()
    workbench.commands.run("file.open_path", path="six")
    for target, score in ((RowTarget(4), 2.0), (PlaceTarget((0.5, 0.0)), -1.5)):
        workbench.previews.hover(target)
        assert shown(workbench).score == pytest.approx(score)


def test_a_vae_is_not_scored(opened: Workbench) -> None:
    opened.previews.hover(RowTarget(4))
    assert shown(opened).score is None
    assert shown(opened).told is None
