"""UMAP in a real child process, one for the whole file: umap-learn loads in seconds."""

import contextlib
import os
import queue
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.jobs.child import ChildLane
from latentviewer.jobs.progress import JobStatus
from latentviewer.jobs.shared import SharedBlock
from latentviewer.jobs.worker import JobHandle
from latentviewer.projection import umap_child
from latentviewer.projection.pca import fit_pca
from latentviewer.projection.quality import map_quality
from latentviewer.projection.umap_child import run_umap

PATIENCE_S = 120.0


@dataclass
class Run:
    """One request and what came back."""

    handle: JobHandle
    embedding: NDArray[np.float32]
    blocks: list[SharedBlock]
    statuses: list[JobStatus] = field(default_factory=list)
    seen: list[NDArray[np.float32]] = field(default_factory=list)
    notes: tuple[str, ...] = ()
    error: BaseException | None = None
    ended: str = ""


class Projector:
    """A lane to the child, and a main thread that runs what it delivers."""

    def __init__(self, printed: Path) -> None:
        self.printed = printed
        self._came: queue.Queue[Callable[[], None]] = queue.Queue()
        self.lane = ChildLane(self._came.put, "latentviewer.projection.child_entry:serve")
        self._blocks: list[SharedBlock] = []

    def start(self, latents: NDArray[np.float32], dims: int = 2, **options: object) -> Run:
        given, latents_there = self._shared(latents.shape)
        latents_there[...] = latents
        made, embedding = self._shared((len(latents), dims))
        request = {
            "kind": "umap",
            "latents": {"name": given.name, "shape": latents.shape},
            "embedding": {"name": made.name, "shape": embedding.shape},
            "dims": dims,
            **options,
        }
        runs: list[Run] = []

        def progress(status: JobStatus, _payload: object) -> None:
            runs[0].statuses.append(status)
            runs[0].seen.append(embedding.copy())

        def done(notes: tuple[str, ...]) -> None:
            runs[0].notes, runs[0].ended = notes, "done"

        def failed(error: BaseException) -> None:
            runs[0].error, runs[0].ended = error, "failed"

        def cancelled() -> None:
            runs[0].ended = "cancelled"

        handle = self.lane.submit(
            "UMAP", request, done=done, failed=failed, progress=progress, cancelled=cancelled
        )
        runs.append(Run(handle, embedding, [given, made]))
        return runs[0]

    def until(self, there: Callable[[], object]) -> None:
        while not there():
            self._came.get(timeout=PATIENCE_S)()

    def run(self, latents: NDArray[np.float32], dims: int = 2, **options: object) -> Run:
        run = self.start(latents, dims, **options)
        self.until(lambda: run.ended)
        run.embedding = run.embedding.copy()
        return run

    def close(self) -> None:
        self.lane.stop()
        for block in self._blocks:
            block.close()

    def _shared(self, shape: tuple[int, ...]) -> tuple[SharedBlock, NDArray[np.float32]]:
        block = SharedBlock.create(max(1, 4 * int(np.prod(shape))))
        self._blocks.append(block)
        return block, np.ndarray(shape, np.float32, buffer=block.buffer)


@contextlib.contextmanager
def printing_into(path: Path) -> Iterator[None]:
    """A process that starts meanwhile writes its output and its errors to the file."""
    kept = [os.dup(stream) for stream in (1, 2)]
    with path.open("wb") as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    try:
        yield
    finally:
        for stream, was in zip((1, 2), kept, strict=True):
            os.dup2(was, stream)
            os.close(was)


@pytest.fixture(scope="module")
def projector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Projector]:
    made = Projector(tmp_path_factory.mktemp("child") / "printed.txt")
    with printing_into(made.printed):
        made.lane.warm()
    yield made
    made.close()


def blobs(each: int, count: int = 3, d: int = 8) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.normal(scale=4, size=(count, d)), each, axis=0)
    return (centres + rng.normal(size=centres.shape)).astype(np.float32)


def test_the_layout_forms_where_the_parent_sees_it(projector: Projector) -> None:
    latents = blobs(200)
    run = projector.run(latents)
    assert run.ended == "done", run.error
    texts = [status.text for status in run.statuses]
    stages = list(dict.fromkeys(text.partition(",")[0] for text in texts if text))
    assert [s for s in stages if s in ("neighbours", "graph", "layout")] == [
        "neighbours",
        "graph",
        "layout",
    ]
    assert "layout, epoch 500 of 500" in texts
    fractions = [s.fraction for s in run.statuses if s.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    forming = [
        seen.tobytes()
        for seen, status in zip(run.seen, run.statuses, strict=True)
        if status.text.startswith("layout, epoch")
    ]
    assert len(set(forming)) >= 3
    quality = map_quality(latents, run.embedding)
    start = map_quality(latents, run.seen[texts.index("neighbours")])
    assert quality.trustworthiness > max(0.9, start.trustworthiness)


def test_the_same_seed_gives_the_same_map(projector: Projector) -> None:
    latents = blobs(40)
    one, again, other = (projector.run(latents, seed=seed) for seed in (5, 5, 6))
    assert one.ended == "done"
    np.testing.assert_array_equal(one.embedding, again.embedding)
    assert (one.embedding != other.embedding).any()


def test_without_a_seed_all_cores_lay_out_and_neighbours_stay_together(
    projector: Projector,
) -> None:
    latents = blobs(30)
    run = projector.run(latents, seed=None, n_epochs=200)
    assert run.ended == "done", run.error
    assert map_quality(latents, run.embedding, k=8).trustworthiness > 0.9


def test_a_given_embedding_is_the_one_returned() -> None:
    embedding = np.full((3, 2), 9, np.float32)
    assert run_umap(blobs(1), embedding=embedding) is embedding
    assert np.ptp(embedding[:, 0]) > 1


@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_too_few_points_are_laid_out_by_pca_and_said_so(n: int, dims: int) -> None:
    notes: list[str] = []
    embedding = run_umap(blobs(2)[:n], dims=dims, note=notes.append)
    assert embedding.shape == (n, dims)
    # As PCA gives them: with its axes stretched to the same length it would be another shape.
    np.testing.assert_array_equal(embedding, fit_pca(blobs(2)[:n], dims).coordinates)
    assert len(notes) == 1
    assert "laid out by PCA" in notes[0]


def test_more_neighbours_than_points_are_cut_and_said_so(projector: Projector) -> None:
    run = projector.run(blobs(4), n_neighbors=15)
    assert run.ended == "done"
    assert run.notes == ("12 points have only 11 neighbours each; 11 are used, not 15.",)


@pytest.mark.parametrize(
    "latents",
    [
        pytest.param(np.ones((60, 4), np.float32), id="all equal"),
        pytest.param(np.repeat(blobs(7), 20, axis=0), id="duplicates"),
        pytest.param(blobs(20)[:, :1], id="one dimension"),
        pytest.param(blobs(20) * np.float32([1, 0, 0, 1, 0, 0, 0, 0]), id="constant columns"),
        pytest.param(blobs(20) * np.float32(1e-20), id="tiny"),
        pytest.param(blobs(20) * np.float32(1e15), id="huge"),
    ],
)
@pytest.mark.parametrize("dims", [2, 3])
def test_odd_latents_get_a_map(
    projector: Projector, latents: NDArray[np.float32], dims: int
) -> None:
    run = projector.run(latents, dims, n_epochs=50)
    assert run.ended == "done", run.error
    assert np.isfinite(run.embedding).all()
    assert (np.ptp(run.embedding, axis=0) > 0).all()


def test_separate_parts_are_said_to_mean_nothing_to_each_other(projector: Projector) -> None:
    latents = blobs(30, count=1)
    run = projector.run(np.concatenate([latents, latents + np.float32(1e4)]), n_epochs=20)
    assert run.notes == (
        "The neighbours fall into 2 separate parts; how they lie to each other on the map means "
        "nothing.",
    )
    assert projector.run(latents, n_epochs=20).notes == ()


def test_directions_alone_count_under_cosine(projector: Projector) -> None:
    latents = blobs(30)
    lengths = np.exp(np.random.default_rng(1).normal(size=(len(latents), 1)))
    one = projector.run(latents, metric="cosine", n_epochs=200)
    stretched = projector.run((latents * lengths).astype(np.float32), metric="cosine")
    directions = latents / np.linalg.norm(latents, axis=1, keepdims=True)
    assert one.ended == stretched.ended == "done"
    assert map_quality(directions, stretched.embedding, k=8).trustworthiness > 0.9


def test_an_option_that_cannot_be_is_refused_in_a_sentence(projector: Projector) -> None:
    run = projector.run(blobs(10), metric="nonsense")
    assert isinstance(run.error, UserError)
    assert str(run.error).startswith("Distance: “nonsense” is not known")


def test_an_unknown_request_fails_and_the_child_goes_on(projector: Projector) -> None:
    strange = projector.run(blobs(10), kind="tsne")
    assert isinstance(strange.error, RuntimeError)
    assert "'tsne'" in str(strange.error)
    assert projector.run(blobs(2)[:3]).ended == "done"


def test_an_embedding_that_cannot_be_laid_out_in_place_is_refused() -> None:
    with pytest.raises(ValueError, match="C-contiguous"):
        run_umap(blobs(3), embedding=np.zeros((2, 9), np.float32).T)


@pytest.mark.parametrize("strange", [np.nan, np.inf])
def test_latents_that_are_no_numbers_are_refused_with_their_row(strange: float) -> None:
    latents = blobs(10)
    latents[4, 1] = strange
    with pytest.raises(UserError, match=r"NaN or infinite values, the first in row 4"):
        run_umap(latents)


def search_of_umap(monkeypatch: pytest.MonkeyPatch, warning: str) -> list[Any]:
    """Stands in for umap-learn's search, which would compile for half a minute."""
    jobs: list[Any] = []

    def nearest_neighbors(
        latents: NDArray[np.float32], n_neighbors: int, *_others: Any, n_jobs: int, **_more: Any
    ) -> tuple[NDArray[np.int32], NDArray[np.float32], None]:
        jobs.append(n_jobs)
        warnings.warn(warning, stacklevel=2)
        shape = (len(latents), n_neighbors)
        return np.full(shape, 7, np.int32), np.zeros(shape, np.float32), None

    module = ModuleType("umap.umap_")
    module.nearest_neighbors = nearest_neighbors  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "umap", ModuleType("umap"))
    monkeypatch.setitem(sys.modules, "umap.umap_", module)
    return jobs


def test_large_spaces_are_searched_by_umap_on_one_core_where_seeded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    jobs = search_of_umap(monkeypatch, "Failed to correctly find n_neighbors for some samples.")
    monkeypatch.setattr(umap_child, "_EXACT_UP_TO", 50)
    latents = np.arange(51, dtype=np.float32)[:, None]
    for seed in (0, None):
        rows, _ = umap_child._neighbours(latents, 3, "euclidean", None, seed)
        assert (rows == 7).all()
    assert jobs == [1, -1]
    exact, _ = umap_child._neighbours(latents[:50], 3, "euclidean", None, 0)
    assert exact[5].tolist() == [5, 4, 6]
    assert jobs == [1, -1]


def test_other_warnings_of_the_search_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    search_of_umap(monkeypatch, "something new")
    monkeypatch.setattr(umap_child, "_EXACT_UP_TO", 50)
    with pytest.raises(UserWarning, match="something new"):
        umap_child._neighbours(np.zeros((51, 2), np.float32), 3, "euclidean", None, 0)


# These two last: the first looks back at all before, the other ends the child they used.
def test_the_child_has_printed_nothing(projector: Projector) -> None:
    assert projector.run(blobs(10), n_epochs=20).ended == "done"
    assert projector.printed.read_text() == ""


def test_cancel_ends_a_running_layout_and_the_next_request_is_served(
    projector: Projector,
) -> None:
    run = projector.start(blobs(400), n_epochs=1_000_000)
    projector.until(lambda: run.handle.status.text.startswith("layout, epoch"))
    run.handle.cancel()
    projector.until(lambda: run.ended)
    assert run.ended == "cancelled"
    frozen = run.embedding.copy()
    # The next request needs no umap-learn, so that nobody waits for the new child's imports.
    assert projector.run(blobs(2)[:3]).ended == "done"
    np.testing.assert_array_equal(run.embedding, frozen)
    projector.close()
    for block in run.blocks:
        with pytest.raises(FileNotFoundError):
            SharedMemory(name=block.name)
