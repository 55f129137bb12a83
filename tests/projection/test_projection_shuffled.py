import numpy as np
import pytest

from latentviewer.projection import shuffled as module
from latentviewer.projection.shuffled import shuffled


def tied(n: int, d: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    return (rng.normal(size=(n, 1)) + 0.01 * rng.normal(size=(n, d))).astype(np.float32)


def test_each_column_keeps_its_values_and_loses_its_ties() -> None:
    latents = tied(2_000, 5)
    before = latents.copy()
    made = shuffled(latents, 0)
    assert made.dtype == np.float32
    assert made.flags.c_contiguous
    assert np.array_equal(np.sort(made, axis=0), np.sort(latents, axis=0))
    assert np.array_equal(latents, before)
    off_diagonal = np.corrcoef(made.T)[~np.eye(5, dtype=bool)]
    assert np.abs(off_diagonal).max() < 0.1 < 0.9 < np.corrcoef(latents.T).min()


def test_the_same_seed_gives_the_same_order_however_many_columns_go_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    latents = tied(100, 12)
    made = shuffled(latents, 5)
    assert np.array_equal(made, shuffled(latents, 5))
    assert not np.array_equal(made, shuffled(latents, 6))
    told: list[float | None] = []
    monkeypatch.setattr(module, "_VALUES_AT_ONCE", 500)
    in_blocks = shuffled(latents, 5, lambda fraction, _stage: told.append(fraction))
    assert np.array_equal(made, in_blocks)
    assert told == pytest.approx([5 / 12, 10 / 12, 1])


@pytest.mark.parametrize("shape", [(0, 4), (1, 4), (2, 1), (9, 1)])
def test_few_samples_are_shuffled_as_far_as_that_goes(shape: tuple[int, int]) -> None:
    latents = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
    before = latents.copy()
    for seed in range(8):
        made = shuffled(latents, seed)
        assert made.shape == shape
        assert np.array_equal(np.sort(made, axis=0), before)
        assert np.array_equal(latents, before)


def test_a_map_of_read_only_latents_in_any_layout_can_be_made() -> None:
    latents = np.asfortranarray(tied(50, 3))
    latents.setflags(write=False)
    assert np.array_equal(np.sort(shuffled(latents, 1), axis=0), np.sort(latents, axis=0))
