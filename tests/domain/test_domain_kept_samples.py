"""Pictures are drawn once."""

from collections.abc import Mapping

import numpy as np
from numpy.testing import assert_array_equal
from numpy.typing import NDArray

from latentviewer.domain.kept_samples import KeptSamples, kept_samples
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Column


class Drawn:
    """Row i is a picture of i, and it is noted that it was asked for."""

    name = "drawn"
    image = ImageShape(2, 3, 1)
    columns: Mapping[str, Column] = {}

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked: list[list[int]] = []

    def __len__(self) -> int:
        return self.count

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        self.asked.append(rows.tolist())
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
