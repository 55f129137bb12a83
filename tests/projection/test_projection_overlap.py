import numpy as np
import pytest

from latentviewer.projection.overlap import mean_overlap, overlap


def test_the_share_in_common_whatever_the_order() -> None:
    a = np.array([[1, 2, 3, 4], [0, 2, 3, 4], [7, 8, 9, 5], [1, 2, 4, 5]])
    b = np.array([[4, 3, 2, 1], [5, 6, 7, 8], [9, 1, 2, 3], [5, 1, 4, 0]], np.int32)
    shares = overlap(a, b)
    assert shares.dtype == np.float32
    assert shares.tolist() == [1, 0, 0.25, 0.75]
    assert overlap(b, a).tolist() == shares.tolist()
    assert mean_overlap(shares) == 0.5


def test_many_rows_agree_with_sets() -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.permuted(np.tile(np.arange(20), (9_000, 1)), axis=1)[:, :7] for _ in range(2))
    expected = [len(set(x) & set(y)) / 7 for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert overlap(a, b).tolist() == pytest.approx(expected)


def test_longer_rows_are_cut_to_the_shorter() -> None:
    a = np.array([[1, 2, 3, 4, 5]])
    assert overlap(a, np.array([[5, 1]])).tolist() == [0.5]
    assert overlap(np.array([[5, 1]]), a).tolist() == [0.5]


def test_missing_neighbours_are_not_in_common() -> None:
    a = np.array([[1, 2, -1, -1], [1, -1, -1, -1], [-1, -1, -1, -1], [1, 2, 3, 4]])
    b = np.array([[2, 5, 6, -1], [1, 2, 3, 4], [-1, -1, -1, -1], [-1, -1, -1, -1]])
    shares = overlap(a, b)
    assert shares.tolist() == pytest.approx([0.5, 1, np.nan, np.nan], nan_ok=True)
    assert mean_overlap(shares) == 0.75
    assert a[0].tolist() == [1, 2, -1, -1]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0)])
def test_nobody_has_nothing_in_common(shape: tuple[int, int]) -> None:
    shares = overlap(np.zeros(shape, np.int32), np.zeros(shape, np.int32))
    assert shares.shape == (shape[0],)
    assert np.isnan(shares).all()
    assert np.isnan(mean_overlap(shares))


def test_rows_of_other_samples_are_refused() -> None:
    with pytest.raises(ValueError, match="same n"):
        overlap(np.zeros((3, 2), np.int32), np.zeros((4, 2), np.int32))
