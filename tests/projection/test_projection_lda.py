from collections.abc import Sequence

import numpy as np
import pytest
from scipy.linalg import subspace_angles
from sklearn.covariance import ledoit_wolf_shrinkage
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from latentviewer.domain.errors import UserError
from latentviewer.projection import linear
from latentviewer.projection.lda import fit_lda, run_lda
from latentviewer.projection.linear import LinearInverse, linear_inverse
from latentviewer.projection.task import Placed, Task


def groups(
    classes: int, each: int, d: int, seed: int = 0, apart: float = 3.0
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(d, d))
    codes = np.repeat(np.arange(classes), each * (1 + np.arange(classes) % 2)).astype(np.int32)
    rng.shuffle(codes)
    means = rng.normal(scale=apart, size=(classes, d))
    return (means[codes] + rng.normal(size=(len(codes), d)) @ mixing).astype(np.float32), codes


def laid_out(
    latents: np.ndarray, codes: np.ndarray | None, dims: int = 2
) -> tuple[np.ndarray, Placed, list[str], list[float | None]]:
    notes: list[str] = []
    told: list[float | None] = []
    embedding = np.zeros((len(latents), dims), np.float32)

    def neighbourhoods(_k: int, _metric: str, _report: object) -> tuple[np.ndarray, np.ndarray]:
        raise AssertionError("LDA needs no neighbours")

    task = Task(
        latents, embedding, {}, neighbourhoods, codes,
        report=lambda fraction, _stage: told.append(fraction), note=notes.append,
    )  # fmt: skip
    return embedding, run_lda(task), notes, told


def test_the_axes_span_what_scikit_learn_finds() -> None:
    latents, codes = groups(5, 60, 7)
    reference = LinearDiscriminantAnalysis(solver="eigen").fit(latents.astype(np.float64), codes)
    for dims in (2, 3):
        fitted = fit_lda(latents, codes, dims)
        angles = subspace_angles(fitted.components.T, reference.scalings_[:, :dims])
        assert angles.max() < 1e-6
        for axis in range(dims):
            one = subspace_angles(
                fitted.components[axis : axis + 1].T, reference.scalings_[:, [axis]]
            )
            assert one.max() < 1e-6
        shares = reference.explained_variance_ratio_[:dims]
        assert fitted.axes == tuple(f"LD {i + 1} · {100 * s:.0f} %" for i, s in enumerate(shares))


def test_the_unit_is_the_standard_deviation_within_classes() -> None:
    latents, codes = groups(4, 80, 6)
    places, _, notes, told = laid_out(latents, codes, 3)
    means = np.array([places[codes == c].mean(axis=0) for c in range(4)])
    within = (places - means[codes]).astype(np.float64)
    np.testing.assert_allclose(within.T @ within / len(within), np.eye(3), atol=1e-4)
    assert notes == []
    fractions = [f for f in told if f is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


def test_the_mean_of_a_class_stands_for_the_mean_of_its_latents() -> None:
    latents, codes = groups(3, 50, 6)
    places, placed, _, _ = laid_out(latents, codes, 2)
    inverse = linear_inverse(placed.state, "LDA")
    assert inverse is not None
    for c in range(3):
        back = inverse.latents(places[codes == c].mean(axis=0, keepdims=True))[0]
        np.testing.assert_allclose(back, latents[codes == c].mean(axis=0), atol=1e-3)


@pytest.mark.parametrize(("classes", "dims"), [(2, 2), (2, 3), (3, 3), (5, 2), (5, 3)])
def test_the_way_back_and_forth_ends_where_it_began(classes: int, dims: int) -> None:
    latents, codes = groups(classes, 40, 6)
    fitted = fit_lda(latents, codes, dims)
    np.testing.assert_allclose(fitted.components @ fitted.back.T, np.eye(dims), atol=1e-8)
    places = np.random.default_rng(1).normal(size=(9, dims)).astype(np.float32)
    back = LinearInverse(fitted, "LDA").latents(places)
    np.testing.assert_allclose(fitted.places(back), places, atol=1e-3)


def test_two_classes_leave_the_other_axes_to_pca() -> None:
    latents, codes = groups(2, 200, 5)
    places, placed, notes, _ = laid_out(latents, codes, 3)
    assert placed.axes[0] == "LD 1 · 100 %"
    assert placed.axes[1].startswith("PC 1 of the rest · ")
    assert placed.axes[2].startswith("PC 2 of the rest · ")
    assert notes == [
        "2 classes differ along one axis only; the other axes are of PCA in the rest of the space."
    ]
    means = np.array([places[codes == c].mean(axis=0) for c in range(2)])
    np.testing.assert_allclose((places - means[codes]).std(axis=0), 1, atol=1e-3)
    covariance = np.cov(places.T.astype(np.float64))
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-4)
    weights, back = placed.state["components"], placed.state["back"]
    np.testing.assert_allclose(weights[0] @ back[1:].T, 0, atol=1e-10)
    # The widest direction of what a regression on the discriminant leaves.
    centred = latents - latents.mean(axis=0, dtype=np.float64)
    explained = centred @ weights[0]
    left = centred - np.outer(explained, explained @ centred / (explained @ explained))
    widest = np.linalg.svd(left, full_matrices=False)[2][:2]
    assert subspace_angles(widest.T, back[1:].T).max() < 1e-4


def test_the_largest_loading_of_each_axis_is_positive() -> None:
    for seed in range(10):
        latents, codes = groups(3, 30, 6, seed)
        for row in fit_lda(latents, codes, 2).components:
            assert row[np.argmax(np.abs(row))] > 0


def test_unlabelled_samples_are_placed_but_do_not_count() -> None:
    latents, codes = groups(3, 50, 4)
    alone = fit_lda(latents, codes, 2)
    others = np.random.default_rng(5).normal(size=(200, 4), scale=50).astype(np.float32)
    both = np.concatenate([others, latents])
    codes_of_both = np.concatenate([np.full(200, -1, np.int32), codes])
    places, placed, notes, _ = laid_out(both, codes_of_both)
    np.testing.assert_allclose(placed.state["components"], alone.components, atol=1e-9)
    np.testing.assert_allclose(places[:200], alone.places(others), atol=1e-4)
    assert np.ptp(places[:200]) > 1
    assert notes == ["200 samples without a class are placed, but did not count."]


@pytest.mark.parametrize("codes", [None, [0] * 6, [-1] * 6, [-1, -1, 2, 2, -1, 2], []], ids=str)
def test_fewer_than_two_classes_are_refused(codes: Sequence[int] | None) -> None:
    n = 6 if codes is None else len(codes)
    given = None if codes is None else np.array(codes, np.int32)
    with pytest.raises(UserError, match="column of labels with at least two classes"):
        laid_out(np.ones((n, 3), np.float32), given)


def test_codes_need_not_follow_each_other() -> None:
    latents, codes = groups(3, 30, 4)
    plain = fit_lda(latents, codes, 2)
    far = fit_lda(latents, np.array([7, 2_000_000, 40], np.int32)[codes], 2)
    np.testing.assert_allclose(far.components, plain.components, atol=1e-9)


def test_chunks_do_not_change_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    latents, codes = groups(4, 25, 5)
    codes[::7] = -1
    codes[10:30] = -1
    whole = fit_lda(latents, codes, 2)
    monkeypatch.setattr(linear, "_VALUES_AT_ONCE", 37)
    parts = fit_lda(latents, codes, 2)
    np.testing.assert_allclose(parts.components, whole.components, atol=1e-10)
    np.testing.assert_allclose(parts.back, whole.back, atol=1e-10)


def test_fewer_samples_than_dimensions_are_shrunk_as_ledoit_and_wolf_say() -> None:
    latents, codes = groups(3, 5, 40)
    places, placed, notes, _ = laid_out(latents, codes)
    exact = latents.astype(np.float64)
    means = np.array([exact[codes == c].mean(axis=0) for c in range(3)])
    gaps = (exact - means[codes]) / exact.std(axis=0)
    share = ledoit_wolf_shrinkage(gaps, assume_centered=True)
    assert f"shrunk by {100 * share:.2g} % towards an even one" in notes[0]
    assert np.isfinite(places).all()
    # Unlike the classes' single points of an unshrunk fit, they keep some spread.
    spread = np.mean([places[codes == c].std() for c in range(3)])
    assert spread > 0.05
    assert placed.axes[1].startswith("LD 2")


def test_a_constant_column_takes_no_part() -> None:
    latents, codes = groups(3, 40, 4)
    more = np.insert(latents, 2, np.float32(0.1), axis=1)
    notes: list[str] = []
    fitted = fit_lda(more, codes, 2, note=notes.append)
    assert notes == []
    np.testing.assert_array_equal(fitted.components[:, 2], 0)
    plain = fit_lda(latents, codes, 2)
    np.testing.assert_allclose(np.delete(fitted.components, 2, axis=1), plain.components, atol=1e-9)
    np.testing.assert_allclose(
        LinearInverse(fitted, "").latents(np.ones((1, 2), np.float32))[0, 2], 0.1, atol=1e-6
    )


def test_the_units_of_the_columns_do_not_matter() -> None:
    latents, codes = groups(4, 40, 5)
    units = np.array([1e-6, 1, 1e5, 1, 1e3], np.float32)
    notes: list[str] = []
    plain, other = fit_lda(latents, codes, 2), fit_lda(latents * units, codes, 2, note=notes.append)
    assert notes == []
    there, here = other.places(latents * units), plain.places(latents)
    np.testing.assert_allclose(np.abs(there), np.abs(here), atol=1e-3)


def test_classes_of_equal_samples_are_parted() -> None:
    points = np.array([[0, 0, 0], [4, 0, 0], [0, 1, 0], [4, 1, 0]], np.float32)
    codes = np.repeat(np.arange(4), 5).astype(np.int32)
    places, _, notes, _ = laid_out(points[codes], codes)
    assert "samples of each class are equal" in notes[0]
    assert len(np.unique(places.round(4), axis=0)) == 4


def test_equal_means_leave_all_axes_to_pca() -> None:
    half = np.random.default_rng(0).normal(size=(40, 3)) * [1, 5, 2]
    latents = np.concatenate([half, half]).astype(np.float32)
    codes = np.repeat([0, 1], 40).astype(np.int32)
    places, placed, notes, _ = laid_out(latents, codes)
    assert notes == ["The means of the classes are equal; the axes are those of PCA."]
    assert placed.axes[0].startswith("PC 1 of the rest")
    assert abs(placed.state["components"][0]).argmax() == 1
    assert np.isfinite(places).all()


def test_one_dimension_leaves_an_axis_empty() -> None:
    latents = np.array([[0], [1], [5], [6]], np.float32)
    places, placed, _, _ = laid_out(latents, np.array([0, 0, 1, 1], np.int32))
    assert places[2:, 0].min() > places[:2, 0].max()
    np.testing.assert_array_equal(places[:, 1], 0)
    assert placed.axes[1] == "PC 1 of the rest · 0 %"


def test_equal_latents_and_two_samples_are_laid_out() -> None:
    places, _, _, _ = laid_out(np.full((6, 4), 3, np.float32), np.array([0, 1] * 3, np.int32))
    np.testing.assert_array_equal(places, 0)
    two = np.array([[0, 0, 0], [1, 2, 3]], np.float32)
    places, _, _, _ = laid_out(two, np.array([0, 1], np.int32))
    assert np.isfinite(places).all()
    assert abs(places[0, 0] - places[1, 0]) > 0.1
