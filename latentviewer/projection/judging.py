"""Four figures by which a map is judged, each from a sample and in short steps."""

from collections.abc import Generator

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.map_judgement import MapJudgement
from latentviewer.domain.space import Latents
from latentviewer.domain.stepping import passed_on, to_the_end
from latentviewer.projection.quality import prepared, quality_steps

PAIRS = 50_000
"""At most so many pairs of samples give the Shepard correlation."""
_VALUES_AT_ONCE = 1_000_000
_RANKED_BY = 0.85  # of the time; the pairs have the rest


def judge_map(
    latents: Latents,
    coordinates: NDArray[np.float32],
    *,
    codes: NDArray[np.int32] | None = None,
    metric: str = "euclidean",
    k: int = 12,
    sample: int = 5_000,
    seed: int = 0,
) -> MapJudgement:
    """Judges a map (n, 2 or 3) of latents (n, d).

    Samples without a finite place on the map are left out. The same seed gives the same
    figures.

    Args:
        codes: (n,) the class of each sample, -1 where unknown; None without labels.
        metric: what near means in latent space; on the map it is always Euclidean. By `dot`
            samples are the farther apart the smaller their inner product is.
        k: neighbours to look at; cut to what so few samples allow.
        sample: at most so many samples are drawn; fewer where d is very large.
        seed: of that draw and of the pairs.

    Raises:
        UserError: an unknown metric.
    """
    return to_the_end(
        judge_steps(latents, coordinates, codes=codes, metric=metric, k=k, sample=sample, seed=seed)
    )


def judge_steps(
    latents: Latents,
    coordinates: NDArray[np.float32],
    *,
    codes: NDArray[np.int32] | None = None,
    metric: str = "euclidean",
    k: int = 12,
    sample: int = 5_000,
    seed: int = 0,
) -> Generator[float, None, MapJudgement]:
    """`judge_map` in steps of some hundredths of a second; yields the fraction done."""
    if len(coordinates) != len(latents) or (codes is not None and len(codes) != len(latents)):
        raise ValueError("latents, coordinates and codes must have one row for each sample")
    ranking = quality_steps(latents, coordinates, k, sample, seed, metric)
    quality = yield from passed_on(ranking, lambda done: _RANKED_BY * done)
    hit, labelled = np.nan, 0
    if codes is not None:
        hit, labelled = _hit(codes[quality.rows], quality.near_on_map)
    first, second = _pairs(len(quality.rows), seed)
    there, here = np.empty(len(first)), np.empty(len(first))
    step = max(1, _VALUES_AT_ONCE // latents.shape[1])
    for start in range(0, len(first), step):
        part = slice(start, start + step)
        one, other = quality.rows[first[part]], quality.rows[second[part]]
        there[part] = _apart(latents[one], latents[other], metric)
        here[part] = _apart(coordinates[one], coordinates[other], "euclidean")
        yield _RANKED_BY + (1 - _RANKED_BY) * min(1.0, (start + step) / len(first))
    return MapJudgement(
        trustworthiness=quality.trustworthiness,
        continuity=quality.continuity,
        neighbourhood_hit=hit,
        shepard=rank_correlation(there, here),
        k=quality.k,
        sample=len(quality.rows),
        of=len(latents),
        labelled=labelled,
        pairs=len(first),
    )


def rank_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Spearman's rho of (p,) and (p,) values: -1 to 1, NaN where either does not vary.

    The product-moment correlation of the ranks, equal values sharing their mean rank
    (Spearman 1904; Kendall and Gibbons, Rank Correlation Methods, 1990, chapter 3).
    """
    if not len(a):
        return float("nan")
    x, y = _mean_ranks(a), _mean_ranks(b)
    x -= x.mean()
    y -= y.mean()
    spread = float(np.sqrt(x @ x) * np.sqrt(y @ y))
    return float(np.clip(x @ y / spread, -1.0, 1.0)) if spread > 0 else float("nan")


def _mean_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])


def _hit(codes: NDArray[np.int32], near: NDArray[np.int32]) -> tuple[float, int]:
    """The mean share of neighbours with the same label, and over how many samples."""
    theirs = codes[near]
    known = theirs >= 0
    counted = (codes >= 0) & known.any(axis=1)
    if not counted.any():
        return float("nan"), 0
    same = (theirs == codes[:, None]) & known
    shares = same[counted].sum(axis=1) / known[counted].sum(axis=1)
    return float(shares.mean()), int(counted.sum())


def _pairs(count: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of different samples: all of them, or `PAIRS` drawn with replacement."""
    if count * (count - 1) // 2 <= PAIRS:
        first, second = np.triu_indices(count, 1)
        return first, second
    # Another stream than that of the sample.
    rng = np.random.default_rng([seed, 1])
    first = rng.integers(0, count, PAIRS)
    second = rng.integers(0, count - 1, PAIRS)
    second += second >= first
    return first, second


def _apart(a: Latents, b: Latents, metric: str) -> NDArray[np.float64]:
    """(p,) what grows with the distance between the rows of (p, d) and (p, d)."""
    x, y = prepared(a, metric), prepared(b, metric)
    if metric == "euclidean":
        x -= y
        return np.asarray(np.einsum("pd,pd->p", x, x))
    return np.asarray(-np.einsum("pd,pd->p", x, y))
