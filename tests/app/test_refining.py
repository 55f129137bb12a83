"""Denoising under the cursor in short turns: whoever points elsewhere goes first."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from latentviewer.app import refining
from latentviewer.app.preview import Denoise, Request, Sources
from latentviewer.app.refining import Refining
from latentviewer.app.state import LatentTarget
from latentviewer.domain.space import Latents, Space
from tests.app.diffusing import Denoiser


class Asked:
    """Questions that are answered when the test says so."""

    def __init__(self) -> None:
        self.waiting: list[tuple[Callable[[], Any], Callable[[Any], None]]] = []

    def __call__(self, work: Callable[[], Any], show: Callable[[Any], None]) -> None:
        self.waiting.append((work, show))

    def answer(self) -> None:
        work, show = self.waiting.pop(0)
        show(work())


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    # Each turn takes one step.
    monkeypatch.setattr(refining, "_TURN_S", -1.0)
    return Asked()


def request(value: float) -> Request:
    return Request(
        LatentTarget(np.full(2, value, np.float32), "made"), denoise=Denoise(4, 4, since=1.0)
    )


def sources() -> Sources:
    return Sources(Space("none", np.zeros((1, 2), np.float32)), Denoiser())


def test_it_denoises_to_the_end_a_turn_at_a_time(asked: Asked) -> None:
    made: list[Latents] = []
    Refining(asked).begin(request(50), sources(), made.append)
    turns = 0
    while asked.waiting:
        asked.answer()
        turns += 1
    assert turns == 5
    np.testing.assert_array_equal(made, [[40, 40]])


def test_what_is_asked_later_ends_what_was_asked_before(asked: Asked) -> None:
    made: list[Latents] = []
    refine = Refining(asked)
    refine.begin(request(50), sources(), made.append)
    asked.answer()
    refine.begin(request(70), sources(), made.append)
    while asked.waiting:
        asked.answer()
    np.testing.assert_array_equal(made, [[60, 60]])
    refine.begin(request(90), sources(), made.append)
    refine.stop()
    while asked.waiting:
        asked.answer()
    assert len(made) == 1


def test_the_first_picture_takes_as_many_steps_as_there_is_time_for(asked: Asked) -> None:
    refine = Refining(asked)
    assert refine.few == 2
    for step_s, few in ((0.0, 8), (0.02, 5), (0.5, 1)):
        refine._step_s = step_s
        assert refine.few == few
