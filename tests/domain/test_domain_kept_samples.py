"""Pictures are drawn once."""

import time
from collections.abc import Mapping

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from latentviewer.domain.kept_samples import KeptSamples, kept_samples
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Column


class Drawn:
    """Row i is a picture of i, and it is noted that it was asked for; each call takes a while."""

    name = "drawn"
    image = ImageShape(2, 3, 1)
    columns: Mapping[str, Column] = {}

    def __init__(self, count: int, takes_s: float = 0.0) -> None:
        self.count = count
        self.takes_s = takes_s
        self.asked: list[list[int]] = []

    def __len__(self) -> int:
        return self.count

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        self.asked.append(rows.tolist())
        time.sleep(self.takes_s)
        return np.broadcast_to(rows[:, None, None, None], (len(rows), 2, 3, 1)).astype(np.uint8)


def shown(data: KeptSamples, *rows: int) -> list[int]:
    pictures = data.images(np.array(rows, np.int64))
    assert pictures.shape == (len(rows), 2, 3, 1)
    return [int(picture[0, 0, 0]) for picture in pictures]


def test_only_what_is_new_is_drawn() -> None:
    whole = Drawn(20)
    data = KeptSamples(whole, 10)
    assert shown(data, 3, 5) == [3, 5]
    assert shown(data, 5, 4, 3) == [5, 4, 3]
    assert shown(data) == []
    assert whole.asked == [[3, 5], [4]]


def test_rows_beyond_are_drawn_each_time() -> None:
    whole = Drawn(20)
    data = KeptSamples(whole, 10)
    assert len(data) == 20
    assert shown(data, 2, 15) == shown(data, 2, 15) == [2, 15]
    assert whole.asked == [[2, 15], [2, 15]]


def test_what_is_given_away_is_the_caller_s_own() -> None:
    data = KeptSamples(Drawn(20), 10)
    data.images(np.array([7]))[:] = 99
    assert shown(data, 7) == [7]


def test_a_data_set_too_large_is_left_as_it_is() -> None:
    whole = Drawn(40_000_000)
    assert kept_samples(whole, len(whole)) is whole
    assert kept_samples(whole, 0) is whole
    kept = kept_samples(whole, 100)
    assert_array_equal(kept.images(np.array([5])), whole.images(np.array([5])))
    assert isinstance(kept, KeptSamples)


def test_the_others_are_gathered_one_by_one() -> None:
    whole = Drawn(20, takes_s=0.002)
    data = KeptSamples(whole, 4)
    assert shown(data, 0, 2) == [0, 2]
    assert len(list(data.gather())) == 2
    assert whole.asked == [[0, 2], [1], [3]]
    assert shown(data, 0, 1, 2, 3) == [0, 1, 2, 3]
    assert len(whole.asked) == 3
    assert list(data.gather()) == []


def test_what_comes_as_from_memory_is_not_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "perf_counter", lambda: 0.0)
    whole = Drawn(20)
    assert list(KeptSamples(whole, 20).gather()) == []
    assert whole.asked == [[0]]
