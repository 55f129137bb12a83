import numpy as np
import pytest

from latentviewer.domain.alignment import turned_to
from latentviewer.domain.errors import UserError
from latentviewer.projection import linear
from latentviewer.projection.landmark_mds import choose_landmarks, run_landmark_mds
from latentviewer.projection.linear import linear_inverse, linear_map
from latentviewer.projection.pca import fit_pca
from latentviewer.projection.task import Placed, Task


def latents_of(n: int = 200, d: int = 8, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (rng.normal(size=(n, d)) * np.linspace(3, 1, d) + 2).astype(np.float32)


def laid_out(
    latents: np.ndarray, dims: int = 2, landmarks: int = 1_000, metric: str = "euclidean",
    seed: int = 0,
) -> tuple[np.ndarray, Placed]:  # fmt: skip
    embedding = np.zeros((len(latents), dims), np.float32)
    told: list[float | None] = []

    def neighbourhoods(_k: int, _metric: str, _report: object) -> tuple[np.ndarray, np.ndarray]:
        raise AssertionError("MDS needs no neighbours")

    options = {"landmarks": landmarks, "metric": metric, "seed": seed}
    placed = run_landmark_mds(
        Task(latents, embedding, options, neighbourhoods, report=lambda f, _s: told.append(f))
    )
    fractions = [f for f in told if f is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    return embedding, placed


def squared_distances(points: np.ndarray) -> np.ndarray:
    exact = points.astype(np.float64)
    return np.asarray(((exact[:, None] - exact[None]) ** 2).sum(axis=-1))


def directions(latents: np.ndarray) -> np.ndarray:
    return np.asarray(latents / np.linalg.norm(latents, axis=1, keepdims=True))


def same_but_for_signs(places: np.ndarray, reference: np.ndarray, atol: float = 1e-4) -> None:
    signs = np.sign((places * reference).sum(axis=0))
    np.testing.assert_allclose(places * signs, reference, atol=atol)


def test_with_all_samples_as_landmarks_it_is_pca() -> None:
    latents = latents_of()
    for dims in (2, 3):
        same_but_for_signs(laid_out(latents, dims)[0], fit_pca(latents, dims).coordinates)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation"])
def test_with_all_samples_as_landmarks_it_is_classical_scaling(metric: str) -> None:
    latents = latents_of(80)
    points = latents.astype(np.float64)
    if metric == "correlation":
        points = points - points.mean(axis=1, keepdims=True)
    if metric != "euclidean":
        points = directions(points)
    squares = squared_distances(points)
    n = len(squares)
    centring = np.eye(n) - 1 / n
    values, vectors = np.linalg.eigh(-0.5 * centring @ squares @ centring)
    expected = vectors[:, :-3:-1] * np.sqrt(values[:-3:-1])
    same_but_for_signs(laid_out(latents, metric=metric)[0], expected)


def test_places_keep_the_inner_products_for_dot() -> None:
    latents = latents_of(60)
    places, placed = laid_out(latents, metric="dot")
    left, values, _ = np.linalg.svd(latents.astype(np.float64), full_matrices=False)
    best = (left[:, :2] * values[:2]) @ (left[:, :2] * values[:2]).T
    np.testing.assert_allclose(places @ places.T, best, atol=1e-2)
    np.testing.assert_array_equal(placed.state["mean"], 0)


def test_others_are_placed_by_their_distances_to_the_landmarks() -> None:
    latents = latents_of(150)
    places, _ = laid_out(latents, landmarks=40, seed=3)
    chosen = choose_landmarks(150, 40, 3)
    assert len(np.unique(chosen)) == 40
    # De Silva and Tenenbaum 2004, section 2.2, as it is written there.
    squares = squared_distances(latents)
    between = squares[np.ix_(chosen, chosen)]
    centring = np.eye(40) - 1 / 40
    values, vectors = np.linalg.eigh(-0.5 * centring @ between @ centring)
    sharp = (vectors[:, :-3:-1] / np.sqrt(values[:-3:-1])).T
    expected = -0.5 * (squares[:, chosen] - between.mean(axis=1)) @ sharp.T
    same_but_for_signs(places, expected)


def test_some_landmarks_give_nearly_the_picture_of_all() -> None:
    latents = latents_of(3_000, 10)
    latents[:, :2] *= 4
    all_of_them, some = laid_out(latents, landmarks=3_000)[0], laid_out(latents, landmarks=300)[0]
    some -= some.mean(axis=0)
    gaps = np.linalg.norm(turned_to(some, all_of_them) - all_of_them, axis=1)
    assert np.median(gaps) < 0.1 * all_of_them.std()


def test_the_seed_chooses_the_landmarks_and_nothing_else_does() -> None:
    latents = latents_of()
    one, again = laid_out(latents, landmarks=20)[0], laid_out(latents, landmarks=20)[0]
    np.testing.assert_array_equal(one, again)
    assert np.abs(laid_out(latents, landmarks=20, seed=1)[0] - one).max() > 0.1


def test_the_largest_loading_of_each_axis_is_positive() -> None:
    for seed in range(10):
        for row in laid_out(latents_of(40, seed=seed), 3)[1].state["components"]:
            assert row[np.argmax(np.abs(row))] > 0


def test_chunks_do_not_change_the_map(monkeypatch: pytest.MonkeyPatch) -> None:
    latents = latents_of(101)
    whole = laid_out(latents, landmarks=30, metric="cosine")[0]
    monkeypatch.setattr(linear, "_VALUES_AT_ONCE", 37)
    np.testing.assert_allclose(
        laid_out(latents, landmarks=30, metric="cosine")[0], whole, atol=1e-6
    )


@pytest.mark.parametrize("metric", ["euclidean", "dot"])
def test_where_it_is_linear_it_has_a_formula_and_a_way_back(metric: str) -> None:
    latents = latents_of()
    places, placed = laid_out(latents, landmarks=50, metric=metric)
    fitted, inverse = linear_map(placed.state), linear_inverse(placed.state, "MDS")
    assert fitted is not None
    assert inverse is not None
    np.testing.assert_allclose(fitted.places(latents), places, atol=1e-6)
    np.testing.assert_allclose(fitted.places(inverse.latents(places)), places, atol=1e-4)


def test_of_directions_it_has_no_formula() -> None:
    assert laid_out(latents_of(), metric="cosine")[1].state == {}


def test_lengths_do_not_matter_to_cosine_nor_shifts_to_correlation() -> None:
    latents = latents_of()
    lengths = np.linspace(0.1, 9, len(latents), dtype=np.float32)[:, None]
    np.testing.assert_allclose(
        laid_out(latents * lengths, metric="cosine")[0],
        laid_out(latents, metric="cosine")[0],
        atol=1e-4,
    )
    np.testing.assert_allclose(
        laid_out(latents + lengths, metric="correlation")[0],
        laid_out(latents, metric="correlation")[0],
        atol=1e-4,
    )


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation", "dot"])
def test_few_flat_and_equal_latents_are_laid_out(metric: str) -> None:
    line = np.outer(np.arange(9), np.ones(4)).astype(np.float32)
    for latents in (
        np.zeros((0, 4), np.float32), np.ones((1, 4), np.float32), latents_of(2, 4),
        latents_of(3, 1),
        np.full((5, 4), 7, np.float32), np.zeros((5, 4), np.float32), line, latents_of(9, 4) * 1e30,
    ):  # fmt: skip
        for dims in (2, 3):
            assert np.isfinite(laid_out(latents, dims, metric=metric)[0]).all()


def test_a_line_leaves_the_other_axes_empty() -> None:
    places, _ = laid_out(np.outer(np.arange(9), np.ones(4)).astype(np.float32), 3)
    np.testing.assert_array_equal(places[:, 1:], 0)
    np.testing.assert_allclose(np.abs(np.diff(places[:, 0])), 2, atol=1e-5)


def test_an_unknown_metric_is_refused() -> None:
    with pytest.raises(UserError, match="There is no metric “taxi”; there are euclidean"):
        laid_out(latents_of(), metric="taxi")
