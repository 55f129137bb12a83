from collections.abc import Generator

import numpy as np
import pytest

from latentviewer.domain.ports import Inverse
from latentviewer.projection import learned_inverse
from latentviewer.projection.inverse import NeighbourInverse
from latentviewer.projection.learned_inverse import LearnedInverse, train_inverse


def random(n: int, d: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def bent(n: int, d: int = 8, noise: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """Latents that lie about a bent sheet, and their places on it."""
    places = np.random.default_rng(0).uniform(-2, 2, (n, 2)).astype(np.float32)
    bends = np.hstack([places, np.sin(3 * places), places**2]) @ random(6, d, 1)
    return (bends + noise * random(n, d, 2)).astype(np.float32), places


def all_of(training: Generator[float, None, LearnedInverse]) -> LearnedInverse:
    while True:
        try:
            next(training)
        except StopIteration as stop:
            made: LearnedInverse = stop.value
            return made


@pytest.fixture(scope="module")
def sheet() -> tuple[np.ndarray, np.ndarray, LearnedInverse]:
    latents, places = bent(1500)
    return latents, places, all_of(train_inverse(latents, places))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(learned_inverse, "_STEPS", 40)
    monkeypatch.setattr(learned_inverse, "_FEWEST_STEPS", 40)


def test_it_misses_less_than_the_neighbours(
    sheet: tuple[np.ndarray, np.ndarray, LearnedInverse],
) -> None:
    _, _, made = sheet
    assert isinstance(made, Inverse)
    assert made.network is not None
    assert made.error < 0.97 * made.neighbour_error < 0.97


def test_the_errors_are_those_of_samples_it_has_not_seen(
    sheet: tuple[np.ndarray, np.ndarray, LearnedInverse],
) -> None:
    latents, places, made = sheet
    drawn = np.random.default_rng(0).permutation(len(latents))
    held, seen = drawn[:300], drawn[300:]
    around = NeighbourInverse(places[seen], latents[seen]).latents(places[held])
    spread = np.square(latents[held] - latents[seen].mean(axis=0)).sum()
    by_neighbours = np.sqrt(np.square(around - latents[held]).sum() / spread)
    assert made.neighbour_error == pytest.approx(by_neighbours, rel=1e-4)
    back = np.sqrt(np.square(made.latents(places[held]) - latents[held]).sum() / spread)
    # The way back itself knows those held out, but only far from the others does it show.
    assert made.error == pytest.approx(back, rel=0.03)


def test_far_from_the_samples_the_neighbours_decide(
    sheet: tuple[np.ndarray, np.ndarray, LearnedInverse],
) -> None:
    latents, places, made = sheet
    neighbours = NeighbourInverse(places, latents)
    far = np.array([[9, 9], [-50, 3], [1e6, -1e6]], np.float32)
    np.testing.assert_allclose(made.latents(far), neighbours.latents(far), rtol=1e-4, atol=1e-5)
    # On the way out nothing jumps.
    way = np.stack([np.linspace(1.5, 6, 2000), np.zeros(2000)], axis=1).astype(np.float32)
    beyond = np.linalg.norm(np.diff(made.latents(way), axis=0), axis=1)
    inside = np.linalg.norm(np.diff(neighbours.latents(way), axis=0), axis=1)
    assert beyond.max() <= inside.max() + 0.2


def test_near_a_sample_the_network_alone_decides(
    sheet: tuple[np.ndarray, np.ndarray, LearnedInverse],
) -> None:
    _, places, made = sheet
    assert made.network is not None
    assert 0 < made.reach < 0.5
    np.testing.assert_array_equal(made.latents(places[:9]), made.network(places[:9]))


def test_it_tells_how_far_it_is_and_gives_way_often() -> None:
    latents, places = bent(400)
    told = list(train_inverse(latents, places))
    assert told == sorted(told)
    assert 0 <= told[0] <= told[-1] <= 1
    assert len(told) > 10


@pytest.mark.usefixtures("quick")
def test_the_same_seed_gives_the_same_network() -> None:
    latents, places = bent(200)
    one, two = (all_of(train_inverse(latents, places, seed=3)) for _ in range(2))
    other = all_of(train_inverse(latents, places, seed=4))
    asked = random(5, 2, 9)
    np.testing.assert_array_equal(one.latents(asked), two.latents(asked))
    assert one.error == two.error != other.error


@pytest.mark.parametrize("n", [0, 1, 2, 49])
def test_of_few_samples_nothing_is_learnt(n: int) -> None:
    latents, places = random(n, 4), random(n, 2, 1)
    made = all_of(train_inverse(latents, places))
    assert made.network is None
    assert np.isnan(made.error)
    assert not made.error < made.neighbour_error
    asked = random(3, 2, 2)
    wanted = NeighbourInverse(places, latents).latents(asked)
    np.testing.assert_array_equal(made.latents(asked), wanted)


@pytest.mark.parametrize("equal", ["latents", "places", "both"])
def test_of_equal_latents_or_places_nothing_is_learnt(equal: str) -> None:
    latents, places = random(60, 4), random(60, 2, 1)
    if equal != "places":
        latents[:] = latents[0]
    if equal != "latents":
        places[:] = places[0]
    made = all_of(train_inverse(latents, places))
    assert made.network is None
    assert np.isfinite(made.latents(places[:2])).all()


@pytest.mark.usefixtures("quick")
def test_samples_without_a_place_are_left_out() -> None:
    latents, places = bent(300)
    more = np.vstack([places, [[np.nan, 0], [0, np.inf]]]).astype(np.float32)
    lost = np.vstack([latents, np.full((2, 8), 1e9)]).astype(np.float32)
    made = all_of(train_inverse(lost, more))
    wanted = all_of(train_inverse(latents, places))
    np.testing.assert_array_equal(made.latents(places[:20]), wanted.latents(places[:20]))


@pytest.mark.parametrize("d", [1, 2000])
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.usefixtures("quick")
def test_of_one_dimension_and_of_many(d: int, dims: int) -> None:
    places = random(120, dims)
    latents = (np.tanh(places) @ random(dims, d, 1)).astype(np.float32)
    made = all_of(train_inverse(latents, places))
    assert made.latents(places[:4]).shape == (4, d)
    assert made.error < 0.7


def test_duplicates_and_latents_far_from_zero_are_taken() -> None:
    latents, places = bent(60)
    twice, there = np.repeat(latents, 3, axis=0) * 1e-3 + 50, np.repeat(places, 3, axis=0) * 1e4
    made = all_of(train_inverse(twice.astype(np.float32), there.astype(np.float32)))
    assert np.isfinite(made.latents(there[:6])).all()
    assert np.abs(made.latents(there[:6]) - 50).max() < 1


def test_rows_must_agree() -> None:
    with pytest.raises(ValueError, match="one row for each"):
        next(train_inverse(random(4, 3), random(5, 2)))
