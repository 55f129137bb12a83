"""Mixtures of Gaussians: densities, Bayes' rule, entropy, places under the density."""

import math

import numpy as np
import pytest

from latentviewer.domain.mixture import Mixture, entropy_bits, places_below

TWO = Mixture(("light", "heavy"), (0.0, 2.0), (1.0, 0.5), (0.75, 0.25))


def test_the_posterior_of_two_components_is_what_bayes_rule_gives_by_hand() -> None:
    # At x = 1: 0.75 · N(1; 0, 1) = 0.75 · 0.241971 = 0.181478,
    # 0.25 · N(1; 2, 0.5) = 0.25 · 0.107982 = 0.026995; their sum is 0.208474.
    x = np.array([1.0])
    np.testing.assert_allclose(TWO.joint(x), [[0.181478, 0.026995]], atol=1e-6)
    np.testing.assert_allclose(TWO.density(x), [0.208474], atol=1e-6)
    np.testing.assert_allclose(TWO.log_density(x), [math.log(0.208474)], atol=1e-5)
    np.testing.assert_allclose(TWO.posterior(x), [[0.870508, 0.129492]], atol=1e-5)


def test_far_from_everything_the_posterior_still_sums_to_one() -> None:
    posterior = TWO.posterior(np.array([-1e6, -300.0, 300.0, 1e6]))
    assert np.isfinite(posterior).all()
    np.testing.assert_allclose(posterior.sum(axis=1), 1.0)
    # The broader component has the heavier tails, on either side.
    np.testing.assert_array_equal(posterior.argmax(axis=1), 0)
    assert np.isfinite(TWO.log_density(np.array([1e6]))).all()


def test_a_component_without_a_share_is_never_inferred() -> None:
    mixture = Mixture(("a", "b"), (0.0, 1.0), (1.0, 1.0), (1.0, 0.0))
    np.testing.assert_allclose(mixture.posterior(np.array([1.0])), [[1.0, 0.0]])


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (((0.0, 1.0), (1.0, -0.1), (0.5, 0.5)), "“deviations” holds -0.1 for “heavy”"),
        (((0.0, 1.0), (0.0, 1.0), (0.5, 0.5)), "“deviations” holds 0 for “light”"),
        (((0.0, 1.0), (1.0, 1.0), (0.5, 0.6)), "“shares” sum to 1.1, and must sum to 1"),
        (((0.0, 1.0), (1.0, 1.0), (1.5, -0.5)), "“shares” holds -0.5 for “heavy”"),
        (((0.0, math.nan), (1.0, 1.0), (0.5, 0.5)), "“means” holds nan for “heavy”"),
        (((0.0,), (1.0, 1.0), (0.5, 0.5)), "“means” holds 1 numbers for 2 components"),
    ],
)
def test_what_is_no_mixture_is_refused(numbers: tuple[tuple[float, ...], ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Mixture(("light", "heavy"), *numbers)


def test_entropy_is_in_bits() -> None:
    p = np.array([[1.0, 0.0, 0.0, 0.0], [0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25]])
    entropy = entropy_bits(p)
    np.testing.assert_allclose(entropy, [0.0, 1.0, 2.0])
    assert not np.signbit(entropy).any()


def test_places_fill_the_area_under_the_density_evenly() -> None:
    rng = np.random.default_rng(0)
    heavy = rng.random(6_000) < 0.25
    x = np.where(heavy, rng.normal(2.0, 0.5, 6_000), rng.normal(0.0, 1.0, 6_000))
    places = places_below(TWO, x)
    np.testing.assert_allclose(places[:, 0], x, rtol=1e-6)
    share = places[:, 1] / TWO.density(x)
    assert 0 <= share.min() <= share.max() <= 1 + 1e-6
    np.testing.assert_allclose(np.quantile(share, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.01)
    # Not only in all: also where the density is high and where it is low.
    for part in (np.abs(x) < 0.3, x > 2.5):
        assert np.quantile(share[part], 0.5) == pytest.approx(0.5, abs=0.05)
    np.testing.assert_array_equal(places_below(TWO, x), places)
    assert places_below(TWO, np.array([1.0])).shape == (1, 2)
