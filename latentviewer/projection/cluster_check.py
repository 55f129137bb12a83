"""Whether a selection is a cluster in latent space as well, or only on the map."""

from collections.abc import Generator, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents
from latentviewer.domain.stepping import passed_on, to_the_end
from latentviewer.projection.neighbours import Neighbours
from latentviewer.projection.quality import SAMPLED_VALUES, prepared

FEWEST = 5
"""Selected samples, and others, that it takes."""
HOLDS_FROM = 0.5
"""A selection holds together where the share of neighbours inside goes at least half the way
from what chance gives to all. On MNIST (15 neighbours) digits lie at 0.79 to 0.98, in pixels as in
an autoencoder's 16 dimensions; pieces of a map of Gaussian noise at 0.3 in 16 dimensions and
0.13 in 64, though on the map they hold together at 0.9 and more."""
NEIGHBOURS = 15
_REST = 2_000
_FEWEST_SAMPLED = 50
_PRODUCTS_AT_MOST, _PRODUCTS_AT_ONCE = 60_000_000_000, 1_000_000_000
_PAIRS_AT_MOST, _PAIRS_AT_ONCE = 80_000_000, 2_000_000
_ON_MAP = 0.1  # of the time; latent space has the rest


@dataclass(frozen=True)
class Standing:
    """How a selection stands to the rest; NaN where that cannot be told.

    Attributes:
        inside: 0 to 1, the share of its samples' nearest neighbours that belong to it.
        silhouette: -1 to 1, the mean of (b - a) / max(a, b), where a is a sample's mean
            distance to the others selected and b to the rest (Rousseeuw 1987, eq. 1, with the
            rest as the other cluster). A piece cut out of an even cloud has a high one too,
            and in many dimensions, where all distances are alike, true classes have a low one:
            so it is said, but decides nothing. NaN by inner products, which are no distances.
    """

    inside: float
    silhouette: float


_UNKNOWN = Standing(float("nan"), float("nan"))


@dataclass(frozen=True)
class ClusterCheck:
    """What was found of a selection.

    Attributes:
        latent, on_map: how it stands in latent space and on the map.
        by_chance: what `inside` would be for as many samples drawn at random.
        k: neighbours looked at: 15, or all others of a smaller selection.
        selected, rest: how many samples with a finite place there are of either.
        sampled: on how many of the selection the figures were measured; against all others,
            the silhouette against at most 2,000 of the rest.
        sentence: what that means, or why it cannot be told.
    """

    latent: Standing
    on_map: Standing
    by_chance: float
    k: int
    selected: int
    rest: int
    sampled: int
    sentence: str


def cluster_check(
    latents: Latents,
    coordinates: NDArray[np.float32],
    rows: NDArray[np.integer],
    sample: int = 300,
    seed: int = 0,
    metric: str = "euclidean",
) -> ClusterCheck:
    """Checks a selection on a map (n, 2 or 3) of latents (n, d).

    It holds together where most neighbours of its samples belong to it; see `HOLDS_FROM`. If
    it does so on the map only, the map made it. Samples without a finite place do not count.

    Args:
        rows: the selection; a row that is named twice counts once.
        sample: at most so many of the selection are looked at; fewer where there are so many
            values that it would take long.
        seed: of the draw.
        metric: what near means in latent space; on the map it is always Euclidean.

    Raises:
        UserError: an unknown metric.
    """
    return to_the_end(cluster_steps(latents, coordinates, rows, sample, seed, metric))


def cluster_steps(
    latents: Latents,
    coordinates: NDArray[np.float32],
    rows: NDArray[np.integer],
    sample: int = 300,
    seed: int = 0,
    metric: str = "euclidean",
) -> Generator[float, None, ClusterCheck]:
    """`cluster_check` in steps, of which one, before the first neighbours in latent space, goes
    through all latents; yields the fraction done."""
    placed = np.isfinite(coordinates).all(axis=1)
    chosen = np.zeros(len(latents), np.bool_)
    chosen[rows] = True
    inside, outside = np.flatnonzero(chosen & placed), np.flatnonzero(~chosen & placed)
    selected, rest = len(inside), len(outside)
    refusal = _refusal(selected, rest)
    if refusal:
        return ClusterCheck(_UNKNOWN, _UNKNOWN, float("nan"), 0, selected, rest, 0, refusal)
    k = min(NEIGHBOURS, selected - 1)
    rng = np.random.default_rng(seed)
    can_be_held = max(_FEWEST_SAMPLED, SAMPLED_VALUES // latents.shape[1])
    in_time = min(_PRODUCTS_AT_MOST // latents.size, _PAIRS_AT_MOST // len(latents))
    own = _drawn(rng, inside, min(sample, can_be_held, max(_FEWEST_SAMPLED, in_time)))
    others = _drawn(rng, outside, min(_REST, can_be_held))
    where = np.flatnonzero(placed)
    below = _standing(
        coordinates[placed],
        chosen[placed],
        np.searchsorted(where, own),
        np.searchsorted(where, others),
        k,
        "euclidean",
    )
    on_map = yield from passed_on(below, lambda done: _ON_MAP * done)
    above = _standing(latents, chosen, own, others, k, metric, np.flatnonzero(~placed))
    latent = yield from passed_on(above, lambda done: _ON_MAP + (1 - _ON_MAP) * done)
    by_chance = (selected - 1) / (selected + rest - 1)
    sentence = _sentence(latent, on_map, by_chance)
    return ClusterCheck(latent, on_map, by_chance, k, selected, rest, len(own), sentence)


def _refusal(selected: int, rest: int) -> str:
    if selected < FEWEST:
        return (
            f"{selected} samples with a place on the map are selected; "
            f"it takes {FEWEST} to tell a cluster."
        )
    if rest == 0:
        return "Every sample is selected, so there is nothing that it could stand apart from."
    if rest < FEWEST:
        return f"All samples but {rest} are selected; select fewer to compare them with the rest."
    return ""


def _drawn(rng: np.random.Generator, rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    if len(rows) <= most:
        return rows
    return np.asarray(np.sort(rng.choice(rows, most, replace=False)))


def _standing(
    points: NDArray[np.float32],
    chosen: NDArray[np.bool_],
    own: NDArray[np.int64],
    others: NDArray[np.int64],
    k: int,
    metric: str,
    left_out: Iterable[int] = (),
) -> Generator[float, None, Standing]:
    """Of the sampled rows `own`, in (n, d) points that are `chosen` or not."""
    first = points[own[0]]
    if (points[own] == first).all() and (points[others] == first).all():
        return _UNKNOWN
    silhouette = _silhouette(points[own], points[others], metric)
    yield 0.0
    neighbours = Neighbours(points, metric)
    yield 0.0
    hits = 0
    step = max(1, min(_PRODUCTS_AT_ONCE // points.size, _PAIRS_AT_ONCE // len(points)))
    for start in range(0, len(own), step):
        asked = own[start : start + step]
        near, _ = neighbours.nearest(points[asked], k + 1, left_out)
        oneself = near == asked[:, None]
        # Among many equal samples oneself need not be found; then there is one too many.
        oneself[~oneself.any(axis=1), -1] = True
        hits += int((chosen[near] & ~oneself).sum())
        yield min(1.0, (start + step) / len(own))
    return Standing(hits / (k * len(own)), silhouette)


def _silhouette(own: NDArray[np.float32], others: NDArray[np.float32], metric: str) -> float:
    if metric == "dot":
        return float("nan")
    x, y = prepared(own, metric), prepared(others, metric)
    if metric == "euclidean":
        # Rounding is least about the midst.
        midst = x.mean(axis=0)
        x -= midst
        y -= midst
    within = _distances(x, x, metric)
    np.fill_diagonal(within, 0.0)
    a = within.sum(axis=1) / (len(x) - 1)
    b = _distances(x, y, metric).mean(axis=1)
    larger = np.maximum(a, b)
    return float(np.divide(b - a, larger, out=np.zeros_like(a), where=larger > 0).mean())


def _distances(x: NDArray[np.float64], y: NDArray[np.float64], metric: str) -> NDArray[np.float64]:
    products = x @ y.T
    if metric != "euclidean":
        return np.asarray(np.clip(1 - products, 0.0, 2.0))
    squares = np.einsum("nd,nd->n", x, x)[:, None] + np.einsum("nd,nd->n", y, y)
    return np.asarray(np.sqrt(np.maximum(squares - 2 * products, 0.0)))


def _sentence(latent: Standing, on_map: Standing, by_chance: float) -> str:
    for standing, where in ((latent, "latents"), (on_map, "places on the map")):
        if np.isnan(standing.inside):
            return f"The {where} that were compared are all equal, so there are no clusters."
    there, here = (
        (standing.inside - by_chance) / (1 - by_chance) >= HOLDS_FROM
        for standing in (latent, on_map)
    )
    if there and here:
        return (
            f"It holds together in latent space, where {_long(latent)}, "
            f"and on the map ({_short(on_map)})."
        )
    if here:
        return (
            f"On the map it holds together, where {_long(on_map)}; in latent space it does not "
            f"({_short(latent)}): the map made this cluster."
        )
    if there:
        return (
            f"In latent space it holds together, where {_long(latent)}; on the map it does not "
            f"({_short(on_map)}): the map scattered this cluster."
        )
    return (
        f"It holds together neither in latent space, where {_long(latent)}, "
        f"nor on the map ({_short(on_map)})."
    )


def _long(standing: Standing) -> str:
    silhouette = _rounded(standing.silhouette)
    brackets = f" (silhouette {silhouette})" if silhouette else ""
    return f"{100 * standing.inside:.0f} % of its neighbours belong to it{brackets}"


def _short(standing: Standing) -> str:
    silhouette = _rounded(standing.silhouette)
    return f"{100 * standing.inside:.0f} %" + (f", {silhouette}" if silhouette else "")


def _rounded(figure: float) -> str:
    """With two decimals, and no minus before zero; empty for NaN."""
    return "" if np.isnan(figure) else f"{round(figure, 2) + 0.0:.2f}"
