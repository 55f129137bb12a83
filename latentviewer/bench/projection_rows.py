"""PCA beside scikit-learn's, and UMAP beside umap-learn, on MNIST; hot, and in a fresh process."""

import json
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from latentviewer.bench.rows import Row
from latentviewer.domain.errors import DataNotHereError

_QUICK_ROWS = 15_000
_DIMS = 32
_RUNS, _QUICK_RUNS = 3, 2
_WARM_ROWS = 5_000
_TIMES, _TIMES_SEEDED, _TIMES_FRESH, _FIRST = 2.0, 3.0, 5.0, 1.3
_LESS_TRUST, _LESS_ACCURACY = 0.005, 0.01
_TRUST_NEIGHBOURS, _TRUST_ROWS = 12, 5_000
_NEIGHBOURS = 10

Places = NDArray[np.float32]
Made = TypeVar("Made")

_OURS = """
import json, sys, time
import numpy as np
from latentviewer.bench.projection_rows import our_umap
latents = np.load(sys.argv[1])
"""
_THEIRS = """
import json, sys, time, warnings
import numpy as np
warnings.simplefilter("ignore")
import umap
latents = np.load(sys.argv[1])
our_umap = lambda latents: umap.UMAP().fit_transform(latents)
"""
_TIMED = """
taken = []
for _ in range(int(sys.argv[2])):
    started = time.perf_counter()
    our_umap(latents)
    taken.append(time.perf_counter() - started)
print(json.dumps(taken))
"""


def projection_rows(quick: bool, say: Callable[[str], None]) -> list[Row]:
    """Times and qualities; without MNIST on this machine it says so and gives none."""
    from latentviewer.projection.pca import fit_pca

    try:
        images, labels = _mnist()
    except DataNotHereError as error:
        say(f"left out: {error}")
        return []
    if quick:
        images, labels = images[:_QUICK_ROWS], labels[:_QUICK_ROWS]
    runs = _QUICK_RUNS if quick else _RUNS
    reduced = fit_pca(images, _DIMS).coordinates
    rows: list[Row] = []
    for latents in (images, reduced):
        n, d = latents.shape
        say(f"measuring: PCA of {n:,} x {d}")
        rows.append(_pca_row(latents, runs))
        say(f"measuring: UMAP of {n:,} x {d}")
        rows += _umap_rows(latents, labels, runs)
        say(f"measuring: UMAP of {n:,} x {d} in a fresh process")
        rows += _fresh_rows(latents)
    return rows


def our_umap(latents: Places) -> Places:
    """(n, 2) by our UMAP with its usual options, neighbours included."""
    from latentviewer.projection.neighbourhood import find_neighbourhood
    from latentviewer.projection.project import UMAP
    from latentviewer.projection.task import Task
    from latentviewer.projection.umap import run_umap

    made = np.zeros((len(latents), 2), np.float32)
    run_umap(
        Task(
            latents=latents,
            embedding=made,
            options=UMAP.options({}),
            neighbourhoods=lambda k, metric, report: find_neighbourhood(latents, k, metric, report),
        )
    )
    return made


def _mnist() -> tuple[Places, NDArray[np.int32]]:
    """Images (70,000, 784), 0 to 1, and their digits."""
    from latentviewer.bootstrap import open_data
    from latentviewer.domain.table import Categories

    images, labels = [], []
    for part in ("mnist:train", "mnist:test"):
        data = open_data(part)
        pixels = data.images(np.arange(len(data)))
        images.append(pixels.reshape(len(data), -1).astype(np.float32) / 255)
        digits = next(c for c in data.columns.values() if isinstance(c, Categories))
        labels.append(digits.codes)
    return np.concatenate(images), np.concatenate(labels)


def _pca_row(latents: Places, runs: int) -> Row:
    from sklearn.decomposition import PCA

    from latentviewer.projection.pca import fit_pca

    def theirs() -> Any:
        return PCA(2, svd_solver="randomized", random_state=0).fit_transform(latents)

    ours, peer = [], []
    for _ in range(runs + 1):
        peer.append(_seconds(theirs)[0])
        ours.append(_seconds(lambda: fit_pca(latents, 2))[0])
    return _faster("PCA", latents, min(ours), min(peer), "scikit-learn, randomised", _TIMES)


def _umap_rows(latents: Places, labels: NDArray[np.int32], runs: int) -> Iterator[Row]:
    from umap import UMAP

    def peer(**options: int) -> Callable[[Places], Places]:
        return lambda latents: np.asarray(UMAP(**options).fit_transform(latents))

    peers = {
        "umap-learn, parallel": peer(),
        "umap-learn, seeded": peer(random_state=0, n_jobs=1),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for lay_out in (our_umap, *peers.values()):
            lay_out(latents[:_WARM_ROWS])
        best: dict[str, _Timed] = {}
        # In turns, so that whatever else the machine does meets all of them.
        for _ in range(runs):
            for name, lay_out in (("ours", our_umap), *peers.items()):
                seconds, places = _seconds(lambda lay_out=lay_out: lay_out(latents))  # type: ignore[misc]
                if name not in best or seconds < best[name].seconds:
                    best[name] = _Timed(seconds, places)
    ours = best["ours"]
    for name, times in zip(peers, (_TIMES, _TIMES_SEEDED), strict=True):
        yield _faster("UMAP, hot", latents, ours.seconds, best[name].seconds, name, times)
    peer_name = next(iter(peers))
    n, d = latents.shape
    maps = (ours.places, best[peer_name].places)
    for quality, less, (mine, other) in (
        ("trustworthiness", _LESS_TRUST, [_trust(latents, places) for places in maps]),
        ("accuracy of 10 neighbours", _LESS_ACCURACY, [_accuracy(p, labels) for p in maps]),
    ):
        yield Row(f"UMAP of {n:,} x {d}, {quality}", "", mine, other, peer_name, mine / other,
                  f"at most {less:g} less than the peer", mine >= other - less)  # fmt: skip


def _fresh_rows(latents: Places) -> Iterator[Row]:
    n, d = latents.shape
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "latents.npy"
        np.save(path, latents)
        _child(_OURS, path, 1)  # fills the cache of kernels, as the first start ever does
        first, second = _child(_OURS, path, 2)
        (peer,) = _child(_THEIRS, path, 1)
    yield _faster("UMAP, fresh process", latents, first, peer, "umap-learn, parallel", _TIMES_FRESH)
    yield Row(f"UMAP of {n:,} x {d}, first run in a process", "s", first, second,
              "the second run", first / second, f"at most {_FIRST:g} times the second",
              first <= _FIRST * second)  # fmt: skip


def _child(program: str, path: Path, runs: int) -> list[float]:
    command = [sys.executable, "-c", program + _TIMED, str(path), str(runs)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    taken: list[float] = json.loads(done.stdout.splitlines()[-1])
    return taken


@dataclass(frozen=True, eq=False)
class _Timed:
    seconds: float
    places: Places


def _seconds(work: Callable[[], Made]) -> tuple[float, Made]:
    started = time.perf_counter()
    made = work()
    return time.perf_counter() - started, made


def _faster(what: str, latents: Places, ours: float, peer: float, name: str, times: float) -> Row:
    n, d = latents.shape
    return Row(f"{what}, {n:,} x {d}", "s", ours, peer, name, peer / ours,
               f"at least {times:g} times faster", peer >= times * ours)  # fmt: skip


def _trust(latents: Places, places: Places) -> float:
    from latentviewer.projection.quality import map_quality

    return map_quality(latents, places, _TRUST_NEIGHBOURS, _TRUST_ROWS).trustworthiness


def _accuracy(places: Places, labels: NDArray[np.int32]) -> float:
    """How often most of the ten nearest on the map have a sample's own label."""
    from scipy.spatial import cKDTree

    _, near = cKDTree(places).query(places, k=_NEIGHBOURS + 1)
    votes = np.zeros((len(places), int(labels.max()) + 1), np.int64)
    for column in range(1, near.shape[1]):
        votes[np.arange(len(places)), labels[near[:, column]]] += 1
    return float((votes.argmax(axis=1) == labels).mean())
