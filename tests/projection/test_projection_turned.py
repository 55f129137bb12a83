"""A PCA map turned onto another: the same plane, with its way back."""

import numpy as np
import pytest

from latentviewer.domain.alignment import turned_to
from latentviewer.projection.pca import PcaInverse, fit_pca, transform, turned


def latents(n: int = 60, d: int = 7) -> np.ndarray:  # type: ignore[type-arg]
    drawn = np.random.default_rng(3).normal(size=(n, d)) * np.linspace(3, 0.2, d)
    return (drawn + 5).astype(np.float32)


@pytest.mark.parametrize("dims", [2, 3])
def test_it_lies_as_the_alignment_says_and_places_agree(dims: int) -> None:
    z = latents()
    fitted = fit_pca(z, dims)
    onto = np.random.default_rng(4).normal(size=(60, dims)).astype(np.float32) + 9
    made = turned(fitted, onto)
    np.testing.assert_allclose(made.coordinates, turned_to(fitted.coordinates, onto), atol=1e-4)
    np.testing.assert_allclose(transform(made, z), made.coordinates, atol=1e-4)
    np.testing.assert_allclose(made.components @ made.components.T, np.eye(dims), atol=1e-9)
    assert made.explained.sum() == pytest.approx(fitted.explained.sum())


def test_the_way_back_leads_to_the_same_latents() -> None:
    z = latents()
    fitted = fit_pca(z, 2)
    made = turned(fitted, fitted.coordinates[:, ::-1].copy())
    np.testing.assert_allclose(made.coordinates, fitted.coordinates[:, ::-1], atol=1e-4)
    np.testing.assert_allclose(
        PcaInverse(made).latents(made.coordinates[:5]),
        PcaInverse(fitted).latents(fitted.coordinates[:5]),
        atol=1e-4,
    )


def test_points_on_a_line_or_in_one_place_are_turned_too() -> None:
    line = np.outer(np.arange(9), [1, 2, 3]).astype(np.float32)
    made = turned(fit_pca(line, 2), np.stack([np.zeros(9), np.arange(9)], 1).astype(np.float32))
    assert np.abs(made.coordinates[:, 0]).max() < 1e-3
    assert np.isfinite(made.components).all()
    still = turned(fit_pca(np.ones((4, 3), np.float32), 2), np.ones((4, 2), np.float32))
    np.testing.assert_array_equal(still.coordinates, 0)
