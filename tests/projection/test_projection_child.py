"""Maps in a real child process, one for the whole file: it loads in seconds."""

import contextlib
import os
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from multiprocessing.shared_memory import SharedMemory
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from latentviewer.app.services import LaidOut, LayoutRequest
from latentviewer.bootstrap.forming import FormingMap, LayoutLane
from latentviewer.domain.errors import UserError
from latentviewer.jobs.child import ChildLane
from latentviewer.jobs.progress import JobStatus
from latentviewer.projection.project import method_named
from latentviewer.projection.quality import map_quality

PATIENCE_S = 120.0


@dataclass
class Run:
    """One request and what came back."""

    forming: FormingMap
    statuses: list[JobStatus] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    made: LaidOut | None = None
    error: BaseException | None = None
    ended: str = ""

    @property
    def texts(self) -> list[str]:
        return [status.text for status in self.statuses]

    @property
    def places(self) -> NDArray[np.float32]:
        assert self.made is not None, self.error
        return self.made.coordinates


class Projector:
    """A lane to the child, and a main thread that runs what it delivers."""

    def __init__(self, printed: Path) -> None:
        self.printed = printed
        self._came: queue.Queue[Callable[[], None]] = queue.Queue()
        self.child = ChildLane(self._came.put, "latentviewer.projection.child_entry:serve")
        self.lane = LayoutLane(self.child)

    def start(
        self,
        latents: NDArray[np.float32],
        method: str = "umap",
        dims: int = 2,
        *,
        codes: NDArray[np.int32] | None = None,
        start: NDArray[np.float32] | None = None,
        **options: Any,
    ) -> Run:
        complete = method_named(method).options(options)
        request = LayoutRequest(
            method, method, latents, dims, complete, complete, codes, ("a", "b", "c"), start
        )
        runs: list[Run] = []

        def progress(status: JobStatus, _payload: object) -> None:
            runs[0].statuses.append(status)
            runs[0].seen.append(np.array(runs[0].forming.embedding).tobytes())

        def done(made: LaidOut) -> None:
            runs[0].made, runs[0].ended = made, "done"

        def failed(error: BaseException) -> None:
            runs[0].error, runs[0].ended = error, "failed"

        def cancelled() -> None:
            runs[0].ended = "cancelled"

        forming = self.lane(request, done=done, failed=failed, progress=progress,
                            cancelled=cancelled)  # fmt: skip
        runs.append(Run(forming))
        return runs[0]

    def until(self, there: Callable[[], object]) -> None:
        while not there():
            self._came.get(timeout=PATIENCE_S)()

    def run(self, latents: NDArray[np.float32], *about: Any, **options: Any) -> Run:
        run = self.start(latents, *about, **options)
        self.until(lambda: run.ended)
        return run


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


@pytest.fixture
def mortal(tmp_path: Path) -> Iterator[Projector]:
    """One whose child may end."""
    made = Projector(tmp_path / "printed.txt")
    with printing_into(made.printed):
        made.child.warm()
        yield made
        made.child.stop()


@pytest.fixture(scope="module")
def projector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Projector]:
    made = Projector(tmp_path_factory.mktemp("child") / "printed.txt")
    with printing_into(made.printed):
        made.child.warm()
    yield made
    made.child.stop()


def blobs(each: int, count: int = 3, d: int = 8) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    centres = np.repeat(rng.normal(scale=4, size=(count, d)), each, axis=0)
    return (centres + rng.normal(size=centres.shape)).astype(np.float32)


def test_a_map_forms_where_the_parent_sees_it(projector: Projector) -> None:
    latents = blobs(600)
    run = projector.run(latents)
    assert run.ended == "done", run.error
    stages = list(dict.fromkeys(text.partition(",")[0] for text in run.texts if text))
    assert stages.index("neighbours") < stages.index("layout")
    fractions = [s.fraction for s in run.statuses if s.fraction is not None]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    forming = {
        seen for seen, text in zip(run.seen, run.texts, strict=True) if text.startswith("layout")
    }
    assert len(forming) >= 3
    assert map_quality(latents, run.places).trustworthiness > 0.9


def test_the_same_seed_gives_the_same_map(projector: Projector) -> None:
    latents = blobs(60)
    one, again, other = (projector.run(latents, seed=seed) for seed in (5, 5, 6))
    np.testing.assert_array_equal(one.places, again.places)
    assert (one.places != other.places).any()


def test_neighbours_are_kept_from_run_to_run(projector: Projector) -> None:
    latents = blobs(50)
    projector.run(latents, n_neighbors=12)
    folder = projector.lane._neighbours.folder
    name = projector.lane._neighbours.name_of(latents)
    kept = sorted(path.name for path in folder.glob(f"{name}-*"))
    assert len(kept) == 2
    times = [path.stat().st_mtime_ns for path in folder.glob(f"{name}-*")]
    projector.run(latents, n_neighbors=8, min_dist=0.5)
    assert sorted(path.name for path in folder.glob(f"{name}-*")) == kept
    assert [path.stat().st_mtime_ns for path in folder.glob(f"{name}-*")] == times
    for _ in range(5):
        projector.lane._neighbours.name_of(blobs(2))
    assert not list(folder.glob(f"{name}-*")) or projector.lane._neighbours.name_of(latents)


def test_a_paused_map_stands_still_and_goes_on(projector: Projector) -> None:
    run = projector.start(blobs(300), n_epochs=5_000)
    projector.until(lambda: run.texts and run.texts[-1].startswith("layout"))
    run.forming.pause(True)
    projector.until(lambda: run.texts[-1].startswith("paused"))
    time.sleep(0.05)
    before = np.array(run.forming.embedding)
    time.sleep(0.3)
    np.testing.assert_array_equal(run.forming.embedding, before)
    run.forming.pause(False)
    projector.until(lambda: run.ended)
    assert run.ended == "done"
    assert (run.places != before).any()
    run.forming.pause(True)  # after the end it means nothing


def test_it_goes_on_from_the_present_picture(projector: Projector) -> None:
    latents = blobs(60)
    first = projector.run(latents).places
    mirrored = np.ascontiguousarray(first * np.array([-1, 1], np.float32))
    gone_on = projector.run(latents, start=mirrored).places
    near = np.corrcoef(gone_on[:, 0], mirrored[:, 0])[0, 1]
    assert near > 0.9


def test_a_formula_comes_back_with_its_axes(projector: Projector) -> None:
    codes = np.repeat(np.arange(3, dtype=np.int32), 40)
    run = projector.run(blobs(40), "lda", codes=codes)
    assert run.made is not None, run.error
    assert [axis[:4] for axis in run.made.axes] == ["LD 1", "LD 2"]
    assert {"mean", "components"} <= set(run.made.state)


def test_what_cannot_be_laid_out_is_a_sentence(projector: Projector) -> None:
    run = projector.run(blobs(20), "lda", codes=np.zeros(60, np.int32))
    assert run.ended == "failed"
    assert isinstance(run.error, UserError)
    assert projector.run(blobs(20), "mds").ended == "done"


@pytest.mark.parametrize("method", ["tsne", "pacmap", "isomap", "mds", "parametric", "densmap"])
@pytest.mark.parametrize("dims", [2, 3])
def test_every_method_lays_out(projector: Projector, method: str, dims: int) -> None:
    latents = blobs(50)
    quick = {"parametric": {"epochs": 20}, "tsne": {"perplexity": 10.0}}.get(method, {})
    run = projector.run(latents, method, dims, **quick)
    assert run.ended == "done", run.error
    assert run.places.shape == (150, dims)
    assert map_quality(latents, run.places).trustworthiness > 0.8


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
@pytest.mark.parametrize(
    "method", ["umap", "tsne", "pacmap", "isomap", "mds", "parametric", "densmap"]
)
def test_few_samples_are_laid_out_too(projector: Projector, method: str, count: int) -> None:
    run = projector.run(blobs(3)[:count], method)
    assert run.ended == "done", run.error
    assert run.places.shape == (count, 2)
    assert np.isfinite(run.places).all()


def test_equal_samples_and_constant_columns_are_laid_out(projector: Projector) -> None:
    latents = np.ones((80, 5), np.float32)
    latents[:, 0] = np.repeat(np.arange(8), 10)
    for method in ("umap", "tsne", "pacmap", "isomap", "mds"):
        run = projector.run(latents, method)
        assert run.ended == "done", (method, run.error)
        assert np.isfinite(run.places).all()


def test_a_child_that_is_killed_is_a_sentence_and_the_next_run_works(
    mortal: Projector,
) -> None:
    run = mortal.start(blobs(400), n_epochs=5_000)
    mortal.until(lambda: run.texts and run.texts[-1].startswith("layout"))
    assert mortal.child._child is not None
    mortal.child._child.process.kill()
    mortal.until(lambda: run.ended)
    assert run.ended == "failed"
    assert "its process ended by itself" in str(run.error)
    assert mortal.run(blobs(20), "mds").ended == "done"


def test_cancel_ends_a_running_layout_and_the_next_request_is_served(
    mortal: Projector,
) -> None:
    run = mortal.start(blobs(400), n_epochs=5_000)
    mortal.until(lambda: run.texts and run.texts[-1].startswith("layout"))
    names = [block.name for block in (run.forming._given, run.forming._made)]
    run.forming.cancel()
    mortal.until(lambda: run.ended)
    assert run.ended == "cancelled"
    frozen = run.forming.embedding.copy()
    assert mortal.run(blobs(2)[:3], "mds").ended == "done"
    np.testing.assert_array_equal(run.forming.embedding, frozen)
    for name in names:
        with pytest.raises(FileNotFoundError):
            SharedMemory(name=name)


def test_the_neighbours_go_with_the_program() -> None:
    lane = LayoutLane(ChildLane(lambda work: None, "nowhere:nothing"))
    folder = lane._neighbours.folder
    assert folder.is_dir()
    del lane
    assert not folder.exists()


# This one last, for it looks back at all before.
def test_the_child_has_printed_nothing(projector: Projector) -> None:
    assert projector.printed.read_text() == ""
