import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA

from latentviewer.domain.ports import Inverse
from latentviewer.projection import pca
from latentviewer.projection.pca import PcaInverse, fit_pca, transform


def latents_of(n: int, d: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, d)) * np.linspace(3, 1, d) + 5).astype(np.float32)


def test_the_map_is_that_of_scikit_learn_but_for_signs() -> None:
    latents = latents_of(500, 8)
    fitted = fit_pca(latents, 3)
    reference = PCA(3, svd_solver="full").fit(latents.astype(np.float64))
    np.testing.assert_allclose(np.abs(fitted.components), np.abs(reference.components_), atol=1e-9)
    np.testing.assert_allclose(fitted.explained, reference.explained_variance_ratio_)
    np.testing.assert_allclose(
        np.abs(fitted.coordinates),
        np.abs(reference.transform(latents.astype(np.float64))),
        atol=1e-5,
    )


def test_the_largest_loading_of_each_component_is_positive() -> None:
    for seed in range(20):
        components = fit_pca(latents_of(50, 6, seed), 3).components
        for component in components:
            assert component[np.argmax(np.abs(component))] > 0


def test_chunks_do_not_change_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    latents = latents_of(101, 5)
    whole = fit_pca(latents, 2)
    monkeypatch.setattr(pca, "_VALUES_AT_ONCE", 37)
    parts = fit_pca(latents, 2)
    np.testing.assert_allclose(parts.components, whole.components, atol=1e-12)
    np.testing.assert_allclose(parts.coordinates, whole.coordinates, atol=1e-5)


def test_very_many_rows_have_the_axes_of_a_fair_part(monkeypatch: pytest.MonkeyPatch) -> None:
    latents = latents_of(40_000, 5)
    latents[::2] += np.array([6, 0, 0, 0, 0], np.float32)
    exact = fit_pca(latents, 3)
    assert exact.rows == 40_000
    assert exact.axes[0] == f"PC 1 · {100 * exact.explained[0]:.0f} %"
    monkeypatch.setattr(pca, "_MANY_VALUES", 1)
    monkeypatch.setattr(pca, "_HUGE_VALUES", 200_000)
    monkeypatch.setattr(pca, "_FAIR_VALUES", 50_000)
    monkeypatch.setattr(pca, "_VALUES_IN_CACHE", 500)
    fair = fit_pca(latents, 3)
    assert fair.rows == 10_000
    assert fair.axes[1].endswith(" %, from 10,000 of 40,000 rows")
    assert fair.coordinates.shape == exact.coordinates.shape
    np.testing.assert_allclose(fair.components, exact.components, atol=0.05)
    np.testing.assert_allclose(fair.explained, exact.explained, atol=0.01)
    monkeypatch.setattr(pca, "_HUGE_VALUES", 200_001)
    assert fit_pca(latents, 3).rows == 40_000


@settings(max_examples=60, deadline=None)
@given(n=st.integers(0, 30), d=st.integers(1, 8), dims=st.integers(2, 3), seed=st.integers(0, 99))
def test_the_inverse_undoes_the_map_in_the_plane(n: int, d: int, dims: int, seed: int) -> None:
    latents = latents_of(n, d, seed)
    fitted = fit_pca(latents, dims)
    assert fitted.coordinates.shape == (n, dims)
    assert np.isfinite(fitted.coordinates).all()
    inverse = PcaInverse(fitted)
    assert isinstance(inverse, Inverse)
    there = inverse.latents(fitted.coordinates)
    assert there.dtype == np.float32
    np.testing.assert_allclose(transform(fitted, there), fitted.coordinates, atol=1e-4)
    if d <= dims:
        np.testing.assert_allclose(there, latents, atol=1e-4)


def test_axes_without_variance_are_zeros() -> None:
    line = np.zeros((20, 4), np.float32)
    line[:, 2] = np.arange(20)
    fitted = fit_pca(line, 3)
    np.testing.assert_allclose(fitted.explained, [1, 0, 0])
    assert not fitted.components[1:].any()
    assert not fitted.coordinates[:, 1:].any()
    assert np.ptp(fitted.coordinates[:, 0]) == pytest.approx(19)


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_points_for_any_axis_lie_at_the_origin(n: int) -> None:
    fitted = fit_pca(latents_of(n, 4), 2)
    assert not fitted.coordinates.any()
    assert not fitted.explained.any()


def test_two_points_lie_on_the_first_axis() -> None:
    latents = latents_of(2, 4)
    coordinates = fit_pca(latents, 2).coordinates
    length = np.linalg.norm(latents[0] - latents[1])
    assert abs(coordinates[0, 0] - coordinates[1, 0]) == pytest.approx(length, rel=1e-5)
    assert not coordinates[:, 1].any()


def test_many_values_give_what_few_give_in_double_precision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    latents = latents_of(4000, 9) + 30  # far from zero, where float32 would lose digits
    exact = fit_pca(latents, 3)
    monkeypatch.setattr(pca, "_MANY_VALUES", 1)
    monkeypatch.setattr(pca, "_VALUES_IN_CACHE", 900)
    quick = fit_pca(latents, 3)
    np.testing.assert_allclose(quick.mean, exact.mean, rtol=1e-6)
    np.testing.assert_allclose(quick.components, exact.components, atol=1e-4)
    np.testing.assert_allclose(quick.coordinates, exact.coordinates, atol=1e-3)
    np.testing.assert_allclose(quick.explained, exact.explained, rtol=1e-4)


def test_many_values_beyond_float32_are_taken_exactly(monkeypatch: pytest.MonkeyPatch) -> None:
    latents = (latents_of(50, 3) * 1e30).astype(np.float32)
    exact = fit_pca(latents, 2)
    monkeypatch.setattr(pca, "_MANY_VALUES", 1)
    np.testing.assert_allclose(fit_pca(latents, 2).components, exact.components, atol=1e-6)


def test_wide_latents_have_the_same_axes_as_narrow_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    latents = (rng.normal(size=(900, 310)) * np.linspace(4, 1, 310)).astype(np.float32)
    wide = fit_pca(latents, 3)
    monkeypatch.setattr(pca, "_WIDE", 1_000)
    whole = fit_pca(latents, 3)
    np.testing.assert_allclose(wide.components, whole.components, atol=1e-8)
    np.testing.assert_allclose(wide.explained, whole.explained, rtol=1e-9)
    constant = np.ones((5, 400), np.float32)
    assert not fit_pca(constant, 2).explained.any()
