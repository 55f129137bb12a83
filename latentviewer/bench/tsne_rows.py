"""t-SNE of all MNIST beside openTSNE, both from the latents to the finished map."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from latentviewer.bench.rows import Row
from latentviewer.bootstrap import open_data
from latentviewer.domain.errors import DataNotHereError
from latentviewer.domain.projection import Value
from latentviewer.domain.table import Categories
from latentviewer.projection.neighbours import Neighbours
from latentviewer.projection.pca import fit_pca
from latentviewer.projection.quality import map_quality

_QUICK_ROWS = 10_000
_RUNS, _QUICK_RUNS = 2, 1
_PCA_DIMS = 32
_THREADS = 2
_FASTER, _TRUST, _AGREEMENT = 1.5, 0.005, 0.01
_SAMPLE, _TRUST_K, _AGREEMENT_K = 5_000, 12, 10
_WARM_ROWS = 2_000
_OPTIONS: dict[str, Value] = {
    "perplexity": 30.0, "exaggeration": 1.0, "n_iter": None, "learning_rate": None,
    "metric": "euclidean", "seed": 0,
}  # fmt: skip

_Map = NDArray[np.float32]


def tsne_rows(quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Time, trustworthiness and agreement of neighbours; nothing where MNIST is not here."""
    try:
        images, codes = _mnist(quick)
    except DataNotHereError as error:
        say(f"left out: {error}")
        return []
    few = images[:_WARM_ROWS]
    _ours(few)
    _peers(few)
    rows: list[Row] = []
    for latents in (fit_pca(images, _PCA_DIMS).coordinates, images):
        say(f"measuring: t-SNE of {len(latents):,} x {latents.shape[1]}")
        rows += _rows(latents, codes, _QUICK_RUNS if quick else _RUNS)
    return rows


def _mnist(quick: bool) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """(n, 784) in 0..1, and the digits."""
    images, codes = [], []
    for name in ("mnist:train", "mnist:test"):
        data = open_data(name)
        count = min(len(data), _QUICK_ROWS) if quick else len(data)
        every = np.arange(count, dtype=np.int64)
        images.append(data.images(every).reshape(count, -1).astype(np.float32) / 255)
        column = data.columns["label"]
        assert isinstance(column, Categories)
        codes.append(np.asarray(column.codes[:count], np.int32))
        if quick:
            break
    return np.concatenate(images), np.concatenate(codes)


def _rows(latents: _Map, codes: NDArray[np.int32], runs: int) -> list[Row]:
    mine, theirs = [], []
    for _ in range(runs):
        started = time.perf_counter()
        ours = _ours(latents)
        mine.append(time.perf_counter() - started)
        started = time.perf_counter()
        peers = _peers(latents)
        theirs.append(time.perf_counter() - started)
    seconds, peer = min(mine), min(theirs)
    name = f"t-SNE, {len(latents):,} x {latents.shape[1]}"
    trust, peer_trust = (
        map_quality(latents, made, _TRUST_K, _SAMPLE).trustworthiness for made in (ours, peers)
    )
    agreed, peer_agreed = _agreement(ours, codes), _agreement(peers, codes)
    return [
        Row(f"{name}, neighbours and layout", "s", seconds, peer, "openTSNE", seconds / peer,
            f"at least {_FASTER:g} times faster", _FASTER * seconds <= peer),
        Row(f"{name}, trustworthiness", "", trust, peer_trust, "openTSNE", peer_trust / trust,
            f"at most {_TRUST:g} below the peer", trust >= peer_trust - _TRUST),
        Row(f"{name}, classes agreed with {_AGREEMENT_K} neighbours", "", agreed, peer_agreed,
            "openTSNE", peer_agreed / agreed, f"at most {_AGREEMENT:g} below the peer",
            agreed >= peer_agreed - _AGREEMENT),
    ]  # fmt: skip


def _ours(latents: _Map) -> _Map:
    from latentviewer.projection.neighbourhood import find_neighbourhood
    from latentviewer.projection.task import Task
    from latentviewer.projection.tsne import run_tsne

    made = np.zeros((len(latents), 2), np.float32)
    run_tsne(
        Task(
            latents, made, _OPTIONS,
            lambda k, metric, report: find_neighbourhood(latents, k, metric, report),
        )
    )  # fmt: skip
    return made


def _peers(latents: _Map) -> _Map:
    from openTSNE import TSNE

    return np.asarray(TSNE(random_state=0, n_jobs=_THREADS).fit(latents), np.float32)


def _agreement(made: _Map, codes: NDArray[np.int32]) -> float:
    """The share of a sample that most of its nearest on the map are of the class of."""
    asked = np.sort(np.random.default_rng(0).choice(len(made), min(len(made), _SAMPLE), False))
    near, _distances = Neighbours(made).nearest(made[asked], _AGREEMENT_K + 1)
    own = near == asked[:, None]
    own[~own.any(axis=1), -1] = True
    others = codes[near[~own].reshape(len(asked), _AGREEMENT_K)]
    votes = (others[:, :, None] == np.arange(codes.max() + 1)).sum(axis=1)
    return float((votes.argmax(axis=1) == codes[asked]).mean())
