"""Figures of health against closed forms and sampling."""

import numpy as np
import pytest

from latentviewer.domain.health import active_units, kl_per_dimension, reconstruction_error


def test_kl_is_that_of_two_gaussians() -> None:
    mean = np.array([[0.0, 1.0, 0.0], [0.0, -1.0, 0.0]], np.float32)
    std = np.array([[1.0, 1.0, 0.5], [1.0, 1.0, 0.5]], np.float32)
    expected = [0.0, 0.5, 0.5 * (0.25 - 1 - np.log(0.25))]
    assert np.allclose(kl_per_dimension(mean, std), expected)


def test_kl_agrees_with_sampling_the_log_ratio() -> None:
    mu, sigma = 0.7, 0.4
    z = mu + sigma * np.random.default_rng(0).standard_normal(200_000)
    ratio = -np.log(sigma) - ((z - mu) / sigma) ** 2 / 2 + z**2 / 2
    kl = kl_per_dimension(np.full((1, 1), mu, np.float32), np.full((1, 1), sigma, np.float32))
    assert kl[0] == pytest.approx(ratio.mean(), abs=0.01)


def test_kl_is_the_mean_over_samples_however_many() -> None:
    rng = np.random.default_rng(1)
    mean = rng.standard_normal((70_000, 2)).astype(np.float32)
    std = rng.uniform(0.1, 1.0, (70_000, 2)).astype(np.float32)
    m, s = mean.astype(np.float64), std.astype(np.float64)
    assert np.allclose(
        kl_per_dimension(mean, std), (0.5 * (m**2 + s**2 - 1 - 2 * np.log(s))).mean(0)
    )


def test_kl_of_a_collapsed_deviation_is_infinite_and_of_nothing_unknown() -> None:
    zero = np.zeros((1, 1), np.float32)
    assert np.isinf(kl_per_dimension(zero, zero)).all()
    nothing = np.zeros((0, 3), np.float32)
    assert np.isnan(kl_per_dimension(nothing, nothing)).tolist() == [True] * 3


def test_kl_refuses_what_is_no_posterior() -> None:
    ones = np.ones((2, 2), np.float32)
    with pytest.raises(ValueError, match="negative"):
        kl_per_dimension(ones, -ones)
    with pytest.raises(ValueError, match="must both"):
        kl_per_dimension(ones, ones[:1])


def test_active_units_vary_over_the_data() -> None:
    wave = np.sin(np.linspace(0, 20, 500))
    mean = np.column_stack([wave, 0.05 * wave, np.full(500, 9.0), 0.2 * wave]).astype(np.float32)
    assert active_units(mean).tolist() == [True, False, False, True]
    assert active_units(mean, threshold=0.1).tolist() == [True, False, False, False]
    assert active_units(mean[:0]).tolist() == [False] * 4
    with pytest.raises(ValueError, match="must be"):
        active_units(mean[0])


def test_reconstruction_error_is_the_mean_square_per_picture() -> None:
    original = np.zeros((2, 2, 2, 3), np.float32)
    decoded = original.copy()
    decoded[1, 0, 0, 0] = 0.6
    assert np.allclose(reconstruction_error(original, decoded), [0.0, 0.36 / 12])


def test_bytes_and_floats_are_compared_on_one_scale() -> None:
    original = np.full((1, 2, 2, 1), 255, np.uint8)
    assert reconstruction_error(original, np.full((1, 2, 2, 1), 0.5, np.float32)).tolist() == [0.25]
    with pytest.raises(ValueError, match="must agree"):
        reconstruction_error(original, original[:, :1])
