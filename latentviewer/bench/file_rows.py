"""Large files of vectors and labels beside the libraries that only read them."""

import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.bench.rows import Row
from latentviewer.domain.search import find_rows, prepare_search
from latentviewer.domain.space import Space
from latentviewer.domain.table import Texts

_ROWS, _QUICK_ROWS = 1_000_000, 100_000
_DIMS = 128
_WORDS, _QUICK_WORDS = 200_000, 40_000
_RUNS, _QUICK_RUNS = 3, 2
_TIMES, _MEMORY, _SEARCH_MS, _BANDWIDTH = 3.0, 1.3, 50.0, 2.0
_QUERIES = ("w", "wo", "word 9", "WORD 123", "nothing like it")

# In a process of its own, whose largest memory is the work's. What a process inherits from the
# one that started it counts in getrusage, so that Linux is asked in its own way.
_MAP = """
import json, sys, time
from pathlib import Path
import numpy as np, pyarrow, pyarrow.parquet, pyarrow.compute
from latentviewer.io.spaces import open_space
from latentviewer.projection.pca import fit_pca
def largest():
    if sys.platform == "linux":
        lines = Path("/proc/self/status").read_text().splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    if sys.platform == "darwin":
        import resource
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return 0
open_space(Path(sys.argv[2])); fit_pca(np.zeros((9, 4), np.float32), 2)
before = largest()
started = time.perf_counter()
places = fit_pca(open_space(Path(sys.argv[1])).latent, 2).coordinates
seconds = time.perf_counter() - started
print(json.dumps({"seconds": seconds, "bytes": largest() - before, "rows": len(places)}))
"""
_READ = {
    ".parquet": """
import json, sys, time
import pyarrow.parquet
started = time.perf_counter()
rows = pyarrow.parquet.read_table(sys.argv[1]).num_rows
print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows}))
""",
    ".npy": """
import json, sys, time
import numpy as np
started = time.perf_counter()
rows = len(np.load(sys.argv[1]))
print(json.dumps({"seconds": time.perf_counter() - started, "rows": rows}))
""",
}


def file_rows(quick: bool, say: Callable[[str], None]) -> list[Row]:
    """From a file to the map, word vectors, search and neighbours."""
    runs = _QUICK_RUNS if quick else _RUNS
    count = _QUICK_ROWS if quick else _ROWS
    vectors = _clusters(count)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for suffix in (".npy", ".parquet"):
            say(f"measuring: {count:,} x {_DIMS} from {suffix}")
            rows += _map_rows(Path(folder), suffix, vectors, runs)
        say("measuring: word vectors")
        rows += _word_rows(Path(folder), _QUICK_WORDS if quick else _WORDS, runs)
    say("measuring: search and neighbours")
    return [*rows, _search_row(count), _neighbour_row(vectors, runs)]


def _clusters(count: int) -> NDArray[np.float32]:
    """(count, dims): ten clusters, as latents often are."""
    rng = np.random.default_rng(0)
    vectors = rng.standard_normal((count, _DIMS), np.float32)
    vectors += 3 * rng.standard_normal((10, _DIMS), np.float32)[rng.integers(0, 10, count)]
    return vectors


def _map_rows(folder: Path, suffix: str, vectors: NDArray[np.float32], runs: int) -> list[Row]:
    path, small = folder / f"vectors{suffix}", folder / f"small{suffix}"
    _write(path, vectors)
    _write(small, vectors[:100])
    ours, peer, largest = [], [], []
    for _ in range(runs):
        peer.append(float(_child(_READ[suffix], path)["seconds"]))
        measured = _child(_MAP, path, small)
        ours.append(float(measured["seconds"]))
        largest.append(float(measured["bytes"]))
    path.unlink()
    reader = "numpy.load" if suffix == ".npy" else "pyarrow read_table"
    seconds, read, most = statistics.median(ours), statistics.median(peer), max(largest)
    name = f"{len(vectors):,} x {_DIMS} from {suffix} to the map by PCA"
    return [
        Row(name, "s", seconds, read, reader, seconds / read,
            f"at most {_TIMES:g} times the peer", seconds <= _TIMES * read),
        Row(f"{name}, memory", "MB", most / 1e6, vectors.nbytes / 1e6, "the vectors",
            most / vectors.nbytes, f"at most {_MEMORY:g} times the vectors",
            most <= _MEMORY * vectors.nbytes),
    ]  # fmt: skip


def _write(path: Path, vectors: NDArray[np.float32]) -> None:
    if path.suffix == ".npy":
        np.save(path, vectors)
        return
    import pyarrow as pa
    import pyarrow.parquet

    flat = pa.array(vectors.reshape(-1))
    column = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
    pyarrow.parquet.write_table(pa.table({"vector": column}), path)


def _child(program: str, *paths: Path) -> dict[str, float]:
    command = [sys.executable, "-c", program, *map(str, paths)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    told: dict[str, float] = json.loads(done.stdout)
    return told


def _word_rows(folder: Path, count: int, runs: int) -> list[Row]:
    from latentviewer.io.spaces import open_space

    path = folder / "words.bin"
    vectors = np.random.default_rng(1).standard_normal((count, 300), np.float32)
    with path.open("wb") as file:
        file.write(f"{count} 300\n".encode())
        for row in range(count):
            file.write(f"word{row} ".encode() + vectors[row].tobytes() + b"\n")
    del vectors
    ours = _median(lambda: open_space(path), runs)
    peer = None
    if importlib.util.find_spec("gensim") is not None:
        from gensim.models import KeyedVectors

        peer = _median(lambda: KeyedVectors.load_word2vec_format(str(path), binary=True), runs)
    path.unlink()
    ratio = None if peer is None else ours / peer
    return [
        Row(f"word2vec binary, {count:,} x 300", "s", ours, peer, "gensim", ratio,
            "at most as long as the peer", None if peer is None else ours <= peer)
    ]  # fmt: skip


def _search_row(count: int) -> Row:
    labels = Texts(tuple(f"Word {row} of {row % 977}" for row in range(count)))
    space = Space("labels", np.zeros((count, 1), np.float32), columns={"label": labels})
    prepare_search(space)
    slowest = max(1000 * _median(lambda q=q: find_rows(space, q), 5) for q in _QUERIES)  # type: ignore[misc]
    return Row(f"search in {count:,} labels, slowest of {len(_QUERIES)}", "ms", slowest,
               _SEARCH_MS, "limit", slowest / _SEARCH_MS, f"at most {_SEARCH_MS:g} ms",
               slowest <= _SEARCH_MS)  # fmt: skip


def _neighbour_row(vectors: NDArray[np.float32], runs: int) -> Row:
    """Beside the time to read the vectors once: their product with one query, by BLAS."""
    from latentviewer.projection.neighbours import Neighbours

    prepared = Neighbours(vectors)
    query = vectors[:1] + np.float32(0.1)
    flat = vectors.reshape(-1)
    ours, peer = [], []
    for _ in range(3 * runs):
        started = time.perf_counter()
        np.dot(flat, flat)
        peer.append(time.perf_counter() - started)
        started = time.perf_counter()
        prepared.nearest(query, 10)
        ours.append(time.perf_counter() - started)
    mine, read = 1000 * statistics.median(ours), 1000 * statistics.median(peer)
    return Row(f"10 nearest of one in {len(vectors):,} x {_DIMS}", "ms", mine, read,
               "reading them once (BLAS dot)", mine / read,
               f"at most {_BANDWIDTH:g} times the peer", mine <= _BANDWIDTH * read)  # fmt: skip


def _median(work: Callable[[], object], runs: int) -> float:
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)
