import numpy as np
import pytest

from latentviewer.domain.posterior_ellipse import (
    ellipse_outline,
    linear_image,
    moments,
    sampled,
)

RNG = np.random.default_rng(0)


def test_the_linear_image_is_the_covariance_of_mapped_samples() -> None:
    std = np.array([0.5, 2.0, 0.1, 1.0], np.float32)
    components = np.linalg.qr(RNG.standard_normal((4, 4)))[0][:2]
    exact = linear_image(std, components)
    drawn = sampled(np.zeros(4, np.float32), std, 200_000) @ components.T
    np.testing.assert_allclose(moments(drawn)[1], exact, atol=0.03)
    assert linear_image(std, np.eye(4)).diagonal() == pytest.approx([0.25, 4, 0.01, 1])


def test_samples_lie_inside_as_often_as_two_sigma_of_a_plane_say() -> None:
    covariance = np.array([[2.0, 0.9], [0.9, 0.6]])
    points = RNG.multivariate_normal([0, 0], covariance, 50_000)
    for sigmas, share in ((1.0, 1 - np.exp(-0.5)), (2.0, 1 - np.exp(-2.0))):
        outline = ellipse_outline(covariance, sigmas)
        distance = np.einsum("ni,ij,nj->n", outline, np.linalg.inv(covariance), outline)
        np.testing.assert_allclose(distance, sigmas**2)
        mahalanobis = np.einsum("ni,ij,nj->n", points, np.linalg.inv(covariance), points)
        assert (mahalanobis < sigmas**2).mean() == pytest.approx(share, abs=0.01)


def test_the_outline_of_an_ellipsoid_is_that_of_its_picture() -> None:
    covariance = np.diag([4.0, 1.0, 9.0])
    turned = np.linalg.qr(RNG.standard_normal((3, 3)))[0]
    covariance = turned @ covariance @ turned.T
    camera = np.linalg.qr(RNG.standard_normal((3, 3)))[0][:2]
    sphere = RNG.standard_normal((200_000, 3))
    sphere /= np.linalg.norm(sphere, axis=1, keepdims=True)
    ellipsoid = 2 * sphere @ np.linalg.cholesky(covariance).T @ camera.T
    outline = ellipse_outline(camera @ covariance @ camera.T, 2)
    for direction in ([1.0, 0.0], [0.0, 1.0], [0.6, 0.8]):
        reach = (outline @ direction).max()
        assert reach == pytest.approx((ellipsoid @ direction).max(), rel=0.01)


def test_the_ellipse_ends_where_the_widest_direction_says() -> None:
    outline = ellipse_outline(np.diag([9.0, 1.0]), 1, count=4)
    assert np.abs(outline).max(axis=0) == pytest.approx([3, 1])


def test_no_spread_one_direction_and_few_samples_give_no_nan() -> None:
    assert np.abs(ellipse_outline(np.zeros((2, 2)), 2)).max() == 0
    line = ellipse_outline(np.array([[1.0, 1.0], [1.0, 1.0]]), 1)
    np.testing.assert_allclose(line[:, 0], line[:, 1], atol=1e-7)
    tiny = np.array([[1e-30, 0], [0, -1e-40]])
    assert np.isfinite(ellipse_outline(tiny, 2)).all()
    for count in (0, 1):
        mean, covariance = moments(np.ones((count, 3)))
        assert covariance.tolist() == np.zeros((3, 3)).tolist()
        assert np.isfinite(mean).all()


def test_samples_of_a_posterior_repeat() -> None:
    mean, std = np.array([5.0, -1.0], np.float32), np.array([0.1, 0.0], np.float32)
    drawn = sampled(mean, std, 4000)
    assert drawn.dtype == np.float32
    np.testing.assert_array_equal(drawn, sampled(mean, std, 4000))
    np.testing.assert_array_equal(drawn[:, 1], np.full(4000, -1))
    assert drawn[:, 0].std() == pytest.approx(0.1, rel=0.05)
