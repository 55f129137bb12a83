import itertools
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from latentviewer.domain.errors import UserError
from latentviewer.kernels import crew
from latentviewer.projection import tsne_affinities, tsne_descent, tsne_repulsion
from latentviewer.projection.neighbourhood import find_neighbourhood
from latentviewer.projection.pca import fit_pca
from latentviewer.projection.quality import map_quality
from latentviewer.projection.task import Report, Task
from latentviewer.projection.tsne import EARLY_STEPS, run_tsne
from latentviewer.projection.tsne_affinities import LANES, Affinities, affinities
from latentviewer.projection.tsne_descent import Descent
from latentviewer.projection.tsne_repulsion import POINTS_AT_ONCE

OPTIONS = {
    "perplexity": 30.0, "exaggeration": 1.0, "n_iter": None, "learning_rate": None,
    "metric": "euclidean", "seed": 0,
}  # fmt: skip


class Made:
    """A map, and what was told while it was made."""

    def __init__(
        self, latents: np.ndarray, dims: int = 2, start: np.ndarray | None = None, **options: object
    ) -> None:
        self.embedding = np.full((len(latents), dims), 5, np.float32)
        self.notes: list[str] = []
        self.told: list[tuple[float | None, str]] = []
        self.widths: list[float] = []
        self.asked: list[tuple[int, str]] = []
        latents = latents.astype(np.float32)

        def report(fraction: float | None, stage: str) -> None:
            self.told.append((fraction, stage))
            self.widths.append(float(np.ptp(self.embedding)) if len(latents) else 0.0)

        def neighbourhoods(k: int, metric: str, report: Report) -> tuple[np.ndarray, np.ndarray]:
            self.asked.append((k, metric))
            return find_neighbourhood(latents, k, metric, report)

        run_tsne(
            Task(
                latents, self.embedding, {**OPTIONS, **options}, neighbourhoods, start=start,
                report=report, note=self.notes.append,
            )
        )  # fmt: skip


def blobs(n: int = 600, d: int = 8, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 5, n)
    return (6 * rng.normal(size=(5, d))[codes] + rng.normal(size=(n, d))).astype(np.float32), codes


def neighbours_of(latents: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    return find_neighbourhood(latents, k, "euclidean", lambda _fraction, _stage: None)


def dense(ties: Affinities) -> np.ndarray:
    n = len(ties.starts) - 1
    table = np.zeros((n, n))
    for i in range(n):
        entries = slice(ties.starts[i], ties.starts[i + 1])
        np.add.at(table[i], ties.others[entries], ties.strengths[entries].astype(np.float64))
    return table


def test_digits_are_laid_out_as_well_as_by_t_sne_elsewhere() -> None:
    # openTSNE 1.0.4 by its defaults: trustworthiness 0.9907, agreement of neighbours 0.979.
    digits = load_digits()
    made = Made(digits.data).embedding
    assert map_quality(digits.data.astype(np.float32), made).trustworthiness > 0.986
    vote = KNeighborsClassifier(10).fit(made[::2], digits.target[::2])
    assert vote.score(made[1::2], digits.target[1::2]) > 0.965


@pytest.mark.parametrize("dims", [2, 3])
def test_groups_lie_apart(dims: int) -> None:
    latents, codes = blobs()
    made = Made(latents, dims, n_iter=150).embedding
    assert np.isfinite(made).all()
    np.testing.assert_allclose(made.mean(axis=0), 0, atol=1e-2)
    assert KNeighborsClassifier(10).fit(made, codes).score(made, codes) > 0.99


def test_a_perplexity_is_the_exponential_of_the_entropy() -> None:
    latents, _codes = blobs(300)
    _rows, distances = neighbours_of(latents, 60)
    given = np.empty(distances.shape, np.float32)
    tsne_affinities._conditional(0, 300, distances, float(np.log(20.0)), given)
    p = given.astype(np.float64)
    entropies = -(p * np.log(np.maximum(p, 1e-300))).sum(axis=1)
    np.testing.assert_allclose(np.exp(entropies), 20, rtol=1e-4)
    # All of one row come from one Gaussian: log p falls in a line with the squared distance.
    squares = distances.astype(np.float64) ** 2
    for row in range(300):
        weighty = p[row] > 1e-4
        line = np.polyfit(squares[row, weighty], np.log(p[row, weighty]), 1)
        assert line[0] < 0
        np.testing.assert_allclose(
            np.polyval(line, squares[row, weighty]), np.log(p[row, weighty]), atol=1e-2
        )


def test_ties_hold_both_ways_and_sum_to_one() -> None:
    latents, _codes = blobs(300)
    rows, distances = neighbours_of(latents, 24)
    ties = affinities(rows, distances, 8.0)
    given = np.empty(distances.shape, np.float32)
    tsne_affinities._conditional(0, 300, distances, float(np.log(8.0)), given)
    table = np.zeros((300, 300))
    np.put_along_axis(table, rows.astype(np.int64), given.astype(np.float64), axis=1)
    np.testing.assert_allclose(dense(ties), (table + table.T) / 600, atol=1e-9)
    assert (np.diff(ties.starts) % LANES == 0).all()


@pytest.mark.parametrize("dims", [2, 3])
def test_a_first_step_goes_down_the_gradient(dims: int) -> None:
    latents, _codes = blobs(400)
    ties = affinities(*neighbours_of(latents, 30), 15.0)
    places = fit_pca(latents, dims).coordinates * 0.6
    p = dense(ties)
    way = places[:, None].astype(np.float64) - places[None]
    near = 1 / (1 + (way**2).sum(axis=2))
    normal = near.sum() - len(places)
    gradient = ((3.0 * p * near - near**2 / normal)[..., None] * way).sum(axis=1)
    moved = places.copy()
    Descent(ties, moved).step(3.0, 7.0, 0.8)
    # The first gain is 0.81; see openTSNE's and van der Maaten's own program.
    step = (moved - (places - places.mean(axis=0))) / (-7.0 * 0.81)
    error = np.linalg.norm(step - gradient) / np.linalg.norm(gradient)
    assert error < 1e-4
    off = p > 0
    wanted = (p[off] * np.log(p[off] / (near[off] / normal))).sum()
    assert Descent(ties, places).divergence() == pytest.approx(wanted, abs=1e-4)


def test_gains_grow_while_the_way_leads_on_and_steps_are_limited() -> None:
    latents, _codes = blobs(200)
    ties = affinities(*neighbours_of(latents, 30), 10.0)
    places = fit_pca(latents, 2).coordinates.copy()
    descent = Descent(ties, places)
    for _ in range(8):
        descent.step(12.0, 1.0, 0.8)
    assert np.median(descent._gains) > 1.5
    before = places.copy()
    descent.step(12.0, 1e9, 0.8)
    steps = np.linalg.norm(places - before + (before - places).mean(axis=0), axis=1)
    assert steps.max() < 2 * 5.0 + 1e-3


def test_every_step_is_reported_and_seen() -> None:
    latents, _codes = blobs(300)
    made = Made(latents, n_iter=100)
    stages = [stage.partition(",")[0] for _fraction, stage in made.told]
    assert [stage for stage, _ in itertools.groupby(stages)] == [
        "neighbours", "ties to the neighbours", "early exaggeration", "layout", "done",
    ]  # fmt: skip
    assert stages.count("early exaggeration") == EARLY_STEPS
    assert stages.count("layout") == 100
    assert f"early exaggeration, 60 of {EARLY_STEPS}" in [stage for _f, stage in made.told]
    fractions = [fraction for fraction, _stage in made.told if fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert len(set(made.widths)) > EARLY_STEPS + 90


def test_it_ends_by_itself_when_little_is_gained() -> None:
    latents, _codes = blobs(300)
    steps = sum(stage.startswith("layout") for _fraction, stage in Made(latents).told)
    assert 100 <= steps < 500
    longer = Made(latents, n_iter=400).embedding
    assert Made(latents, n_iter=steps).embedding.tobytes() == Made(latents).embedding.tobytes()
    assert np.abs(longer - Made(latents).embedding).max() > 0


def test_the_same_seed_gives_the_same_map_whatever_the_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    latents, _codes = blobs(2 * POINTS_AT_ONCE + 300, 5)
    rows, distances = neighbours_of(latents, 10)
    maps = []
    for threads in (1, 2, 5):
        for module in (crew, tsne_repulsion, tsne_affinities, tsne_descent):
            monkeypatch.setattr(module, "thread_count", lambda threads=threads: threads)
        places = fit_pca(latents, 2).coordinates * 0.01
        descent = Descent(affinities(rows, distances, 4.0), places)
        for _ in range(25):
            descent.step(12.0, len(latents) / 12, 0.8)
        maps.append((places.tobytes(), descent.divergence()))
    assert maps[0] == maps[1] == maps[2]


def test_the_seed_decides() -> None:
    latents, _codes = blobs(200)
    first, again, other = (Made(latents, n_iter=50, seed=seed).embedding for seed in (3, 3, 4))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


def test_it_goes_on_from_a_picture() -> None:
    latents, codes = blobs(400)
    made = Made(latents)
    further = Made(latents, start=made.embedding, n_iter=50)
    assert not any(stage.startswith("early") for _fraction, stage in further.told)
    width = np.ptp(made.embedding)
    assert np.linalg.norm(further.embedding - made.embedding, axis=1).mean() < 0.1 * width
    # From a picture of another scale, with samples that have no place.
    odd = 1e6 * made.embedding + np.float32(3e7)
    odd[5], odd[6] = np.nan, np.inf
    again = Made(latents, start=odd).embedding
    assert np.ptp(again) < 500
    assert KNeighborsClassifier(10).fit(again, codes).score(again, codes) > 0.98
    Made(latents, start=np.full((400, 2), np.nan, np.float32), n_iter=50)


def test_a_perplexity_too_large_is_cut_and_said() -> None:
    latents, _codes = blobs(40)
    made = Made(latents, n_iter=50)
    assert made.notes == ["40 points allow a perplexity of 13 at most; it is used, not 30."]
    assert made.asked == [(26, "euclidean")]
    assert Made(blobs(91)[0], n_iter=50).notes == []


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_too_few_points_are_laid_out_by_pca(n: int) -> None:
    latents = blobs(n, 3)[0]
    made = Made(latents)
    np.testing.assert_array_equal(made.embedding, fit_pca(latents, 2).coordinates)
    assert made.notes == [f"t-SNE needs at least 5 points; {n} are laid out by PCA."]
    assert made.told[-1][0] == 1.0


def _apart() -> np.ndarray:
    latents, _codes = blobs(120, 3)
    latents[60:] += 1e5
    return latents


ODD: dict[str, Callable[[], np.ndarray]] = {
    "five points": lambda: blobs(5, 3)[0],
    "all equal": lambda: np.full((60, 4), 2.5, np.float32),
    "many duplicates": lambda: np.repeat(blobs(6, 4)[0], 20, axis=0),
    "one far from the others": lambda: np.vstack([blobs(80, 3)[0], np.full((1, 3), 1e15)]),
    "constant columns": lambda: blobs(100, 5)[0] * np.array([1, 0, 0, 1, 0], np.float32),
    "one column": lambda: blobs(100, 1)[0],
    "two parts far apart": _apart,
    "zero vectors": lambda: np.vstack([np.zeros((30, 4)), blobs(60, 4)[0]]),
    "very small": lambda: blobs(100, 4)[0] * np.float32(1e-30),
    "very large": lambda: blobs(100, 4)[0] * np.float32(1e30),
}


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize("name", ODD)
def test_odd_latents_are_laid_out(name: str, metric: str, dims: int) -> None:
    made = Made(ODD[name](), dims, metric=metric, n_iter=60).embedding
    assert np.isfinite(made).all()
    assert np.ptp(made, axis=0).min() > 0


def test_duplicates_stay_together() -> None:
    latents = np.repeat(blobs(40, 6)[0], 8, axis=0)
    made = Made(latents, perplexity=10.0).embedding.reshape(40, 8, 2)
    within = np.linalg.norm(made - made.mean(axis=1, keepdims=True), axis=2).mean()
    assert within < 0.1 * np.linalg.norm(made.mean(axis=1), axis=1).mean()


def test_more_exaggeration_draws_groups_together() -> None:
    latents, _codes = blobs(400)
    plain, drawn = (Made(latents, exaggeration=e, n_iter=150).embedding for e in (1.0, 4.0))
    assert np.ptp(drawn) < 0.8 * np.ptp(plain)


def test_a_layout_that_runs_off_is_refused() -> None:
    latents, _codes = blobs(100)
    with pytest.raises(UserError, match="ran off to infinity"):
        Made(latents, learning_rate=1e38, exaggeration=1e30)
