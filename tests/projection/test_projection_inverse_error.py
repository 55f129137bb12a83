import numpy as np
import pytest

from latentviewer.projection import inverse_error as module
from latentviewer.projection.inverse import NeighbourInverse
from latentviewer.projection.inverse_error import inverse_error
from latentviewer.projection.pca import PcaInverse, fit_pca


def random(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


class Answering:
    """Gives the mean of what it has seen, moved by as much as it is told."""

    def __init__(self, places: np.ndarray, latents: np.ndarray, moved: float = 0) -> None:
        self.seen = np.isfinite(places).all(axis=1)
        self.answer = latents[self.seen].mean(axis=0, dtype=np.float64) + moved

    def latents(self, places: np.ndarray) -> np.ndarray:
        return np.tile(self.answer.astype(np.float32), (len(places), 1))


def test_the_mean_is_wrong_by_one() -> None:
    latents = random(400, 6) + np.float32(5)
    found = inverse_error(latents, random(400, 2), Answering, held_out=60)
    assert found.error == pytest.approx(1, abs=1e-6)
    assert found.held_out == 60
    worse = inverse_error(latents, random(400, 2), lambda p, z: Answering(p, z, 2))
    assert worse.error > 1.5


def test_an_exact_way_back_is_not_wrong_at_all() -> None:
    latents = random(300, 2) @ random(2, 7, 1)
    fitted = fit_pca(latents, 2)
    found = inverse_error(latents, fitted.coordinates, lambda _p, _z: PcaInverse(fitted))
    assert found.error < 1e-5


def test_a_linear_way_back_misses_what_it_leaves_unexplained() -> None:
    latents = random(5_000, 6) * np.array([4, 3, 2, 1, 1, 1], np.float32)
    fitted = fit_pca(latents, 2)
    found = inverse_error(latents, fitted.coordinates, lambda _p, _z: PcaInverse(fitted))
    assert found.error == pytest.approx(np.sqrt(1 - fitted.explained.sum()), rel=0.05)


def test_samples_held_out_are_not_seen_by_the_way_back() -> None:
    latents = random(500, 8)
    # Where a sample were seen, it would be given back exactly.
    places = random(500, 2, 1)
    assert inverse_error(latents, places, lambda _p, z: NeighbourInverse(places, z)).error == 0
    assert inverse_error(latents, places, NeighbourInverse).error > 0.9
    smooth = np.concatenate([places, places], axis=1)
    assert inverse_error(smooth, places, NeighbourInverse).error < 0.2


def test_what_is_held_out_follows_from_the_seed_and_has_a_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    latents, places = random(200, 4), random(200, 2)
    places[:50] = np.nan
    made: list[Answering] = []

    def make(p: np.ndarray, z: np.ndarray) -> Answering:
        made.append(Answering(p, z))
        return made[-1]

    one, again, other = (inverse_error(latents, places, make, seed=s) for s in (0, 0, 1))
    assert one == again != other
    assert one.held_out == 30
    assert [int(answering.seen.sum()) for answering in made] == [120] * 3
    assert (made[0].seen == made[1].seen).all()
    assert not (made[0].seen == made[2].seen).all()
    assert np.isnan(places[:50]).all()
    assert np.isfinite(places[50:]).all()
    monkeypatch.setattr(module, "_VALUES_AT_ONCE", 20)
    assert inverse_error(latents, places, make).error == pytest.approx(one.error, abs=1e-9)


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_samples_give_no_figure(n: int) -> None:
    found = inverse_error(random(n, 3), random(n, 2), NeighbourInverse)
    assert np.isnan(found.error)
    assert found.held_out == 0


def test_two_samples_and_equal_samples_are_measured_as_far_as_that_goes() -> None:
    two = inverse_error(random(2, 3), random(2, 2), NeighbourInverse)
    assert two.held_out == 1
    assert two.error == pytest.approx(1)
    equal = inverse_error(np.ones((50, 3), np.float32), random(50, 2), NeighbourInverse)
    assert np.isnan(equal.error)
    assert np.isnan(inverse_error(random(9, 3), random(9, 2) * np.nan, NeighbourInverse).error)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="one row for each sample"):
        inverse_error(random(9, 3), random(8, 2), NeighbourInverse)
    narrow = random(20, 3)
    with pytest.raises(ValueError, match="the way back gave"):
        inverse_error(random(20, 4), random(20, 2), lambda p, _z: Answering(p, narrow))
