"""A workbench on made-up services and a worker that works at once."""

from collections.abc import Callable, Generator, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from latentviewer.app.recipes import (
    RecipeOffer,
    Snapshot,
    TrainedModel,
    TrainingReport,
    TrainingRequest,
)
from latentviewer.app.services import (
    LaidOut,
    LayoutRequest,
    MapResult,
    ModelFound,
    Opened,
    Services,
)
from latentviewer.app.settings import Settings
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import DataNotHereError, DataSetFoundError, UserError
from latentviewer.domain.map_judgement import MapJudgement
from latentviewer.domain.ports import Capability, ImageShape, ModelCard, Posterior
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import Numbers, categories_of
from latentviewer.jobs.progress import CancelToken, JobStatus, Progress
from latentviewer.jobs.worker import JobHandle
from latentviewer.projection.project import METHODS
from tests.app.importing import ImportsByHand


class WorkerNow:
    """Does everything at once, on this thread; epochs and numbers as the real one has them."""

    def __init__(self) -> None:
        self.epoch = 0

    def new_epoch(self) -> int:
        self.epoch += 1
        return self.epoch

    def preview(
        self, epoch: int, seq: int, work: Any, show: Any, fail: Any, slot: str = ""
    ) -> None:
        try:
            result = work()
        except Exception as error:
            fail(error)
        else:
            if epoch == self.epoch:
                show(result)

    def tell(self, show: Any) -> None:
        show()

    def call(self, work: Any, done: Any, failed: Any) -> None:
        try:
            result = work()
        except Exception as error:
            failed(error)
        else:
            done(result)

    def prepare(self, steps: Any, failed: Any) -> None:
        try:
            for _ in steps:
                pass
        except Exception as error:
            failed(error)

    def submit(
        self, title: str, start: Any, *, done: Any, failed: Any, progress: Any = None,
        cancelled: Any = None, gives_way: bool = False,
    ) -> JobHandle:  # fmt: skip
        handle = JobHandle(title)
        steps = start(CancelToken())
        try:
            while True:
                step = next(steps)
                if progress:
                    progress(
                        JobStatus(handle.id, title, "running", step.fraction, step.text, 1, None),
                        step.partial,
                    )
        except StopIteration as stop:
            if progress:
                progress(JobStatus(handle.id, title, "done", 1.0, "", 1, None), None)
            done(stop.value)
        except UserError as error:
            failed(error)
        return handle


class DoublingModel:
    """Decodes (a, b) to a 2x2 picture of a and b."""

    card = ModelCard(
        "doubling", "doubling", "made-up", 2, ImageShape(2, 2, 1),
        frozenset({Capability.DECODE, Capability.SAMPLE, Capability.POSTERIOR}),
        "squares", "0" * 64, 0, {},
    )  # fmt: skip

    def encode(self, images: Any) -> Posterior:
        raise AssertionError("not asked for")

    def decode(self, latents: Any) -> Any:
        return np.repeat(latents, 2, axis=1).reshape(-1, 2, 2, 1).astype(np.float32)

    def sample(self, count: int, seed: int) -> Any:
        return np.full((count, 2), seed, np.float32)


class Squares:
    """A data set whose sample i is a 2x2 picture of grey 10 i."""

    name = "squares"
    image = ImageShape(2, 2, 1)
    columns: Mapping[str, Any] = MappingProxyType({})

    def __init__(self, count: int) -> None:
        self._count = count

    def __len__(self) -> int:
        return self._count

    def images(self, rows: Any) -> Any:
        return np.repeat(np.asarray(rows) * 10, 4).reshape(-1, 2, 2, 1).astype(np.uint8)


class SameInverse:
    """A place is its latent."""

    name = "the place itself"

    def latents(self, places: Any) -> Any:
        return np.asarray(places, np.float32)[:, :2]


class PaddingInverse:
    """A place is the beginning of its latent."""

    name = "the place itself"

    def __init__(self, dim: int) -> None:
        self._dim = dim

    def latents(self, places: Any) -> Any:
        made = np.zeros((len(places), self._dim), np.float32)
        made[:, :2] = np.asarray(places)[:, :2]
        return made


class LearntInverse(SameInverse):
    """One that somebody learnt."""

    name = "network, refined from neighbours"


class FarBeyondTen:
    """Every latent with a first number above ten is far."""

    def to_nearest(self, latent: Any) -> float:
        return float(latent[0])

    def is_far(self, distance: float) -> bool:
        return distance > 10


class RunByHand:
    """A layout whose steps and end the test decides."""

    def __init__(self, request: LayoutRequest, callbacks: Mapping[str, Any]) -> None:
        self.request, self.callbacks = request, callbacks
        self.embedding = np.zeros((len(request.latents), request.dims), np.float32)
        if request.start is not None:
            self.embedding[...] = request.start
        self.paused: list[bool] = []

    def cancel(self) -> None:
        self.callbacks["cancelled"]()

    def pause(self, wanted: bool) -> None:
        self.paused.append(wanted)

    def tell(self, text: str) -> None:
        status = JobStatus(1, self.request.title, "running", 0.5, text, 1.0, None)
        self.callbacks["progress"](status, None)

    def finish(self, **made: Any) -> None:
        self.embedding += 7
        self.callbacks["done"](LaidOut(self.embedding, **made))


class LayoutsByHand:
    """Starts them, and keeps them in their order."""

    def __init__(self) -> None:
        self.runs: list[RunByHand] = []

    def __call__(self, request: LayoutRequest, **callbacks: Any) -> RunByHand:
        self.runs.append(RunByHand(request, callbacks))
        return self.runs[-1]

    @property
    def last(self) -> RunByHand:
        return self.runs[-1]

    def finish(self, **made: Any) -> None:
        self.last.finish(**made)


def six() -> Space:
    latent = np.array([[i, i % 3] for i in range(6)], np.float32)
    return Space(
        "six", latent, np.full((6, 2), 0.5, np.float32),
        {"label": categories_of(["a", "b", "c", "a", "b", None]),
         "score": Numbers(np.arange(6, dtype=np.float64))},
        provenance=Provenance(model="doubling", data="squares"),
    )  # fmt: skip


def offer(name: str, **known: Any) -> RecipeOffer:
    return RecipeOffer(
        name, f"A model called {name}", "squares:train", 2, 0, Path("models") / name, **known
    )


WATCHED = Space(
    "squares:test", np.zeros((4, 2), np.float32),
    columns={"score": Numbers(np.arange(4.0)), "kind": categories_of(["a", "b", "b", "a"])},
)  # fmt: skip


def report(epoch: int, position: float, history: Any = (), at: float | None = None) -> Any:
    """A report with a picture of its own; its points lie at `at`, or at the position."""
    place = position if at is None else at
    coordinates = np.array([[place, 0], [0, place], [-place, 0], [0, -place]], np.float32)
    return TrainingReport(
        epoch, 2, f"Epoch {epoch} of 2", 9.5 - position, position, tuple(history),
        "nats per image", Path("models/tiny-vae"), WATCHED, Snapshot(coordinates, position, 0.5),
    )  # fmt: skip


class Fakes:
    """What the services do, open to the test."""

    def __init__(self) -> None:
        self.space: Any = six()
        self.model: Any = DoublingModel()
        self.data_here = True
        self.saved: dict[str, tuple[dict[str, Any], Space]] = {}
        self.layouts = LayoutsByHand()
        self.inverse_error = 0.25
        self.judged: list[tuple[Any, Any]] = []
        self.metrics: list[str] = []
        self.save_fault: Exception | None = None
        self.offers = [offer("tiny-vae"), offer("big-vae", missing="MNIST is not on this machine.",
                                                fetch="mnist")]  # fmt: skip
        self.reports = [report(1, 0.5), report(2, 1.5, [(9.0, 8.0)])]
        self.train_fault: Exception | None = None
        self.requests: list[TrainingRequest] = []
        self.imports = ImportsByHand()

    def open_path(self, reference: str) -> Opened | ModelFound:
        if reference == "missing":
            raise UserError("missing: there is no such file; choose another.")
        if reference == "model":
            return ModelFound("doubling", "squares")
        if reference == "secretive":
            return ModelFound("folder/secretive", None)
        if reference.endswith(".zip"):
            raise DataSetFoundError(f"{reference} is a data set.", reference)
        if reference in self.imports.files:
            return ModelFound(reference, None, self.imports.files[reference])
        if reference in self.saved:
            session, space = self.saved[reference]
            return Opened(space, session, Path(reference))
        return Opened(self.space, None, None)

    def open_data(self, name: str) -> Any:
        if not self.data_here:
            raise DataNotHereError(f"{name} is not on this machine.")
        return Squares(len(self.space))

    def download(self, name: str) -> Generator[Any, None, Path]:
        yield Progress(0.5, "half")
        self.data_here = True
        return Path("folder")

    def save_project(self, path: Path, session: Mapping[str, Any], space: Space) -> None:
        if self.save_fault is not None:
            raise self.save_fault
        self.saved[str(path)] = (dict(session), space)

    def pca(self, latents: Any, dims: int) -> MapResult:
        padded = np.zeros((len(latents), dims), np.float32)
        padded[:, :2] = latents
        places: Callable[[Any], Any] = lambda z: np.pad(z, ((0, 0), (0, dims - 2)))  # noqa: E731
        return MapResult(padded, SameInverse(), places, ("PC 1", "PC 2", "PC 3")[:dims])

    def pca_onto(self, latents: Any, dims: int, onto: Any) -> MapResult:
        self.onto = onto
        padded = np.zeros((len(latents), dims), np.float32)
        padded[:, :2] = latents[:, :2]
        places: Callable[[Any], Any] = lambda z: np.asarray(z)[:, :2]  # noqa: E731
        inverse = PaddingInverse(latents.shape[1])
        return MapResult(padded, inverse, places, ("turned",) * dims)

    def features(self, model: Any, data: Any, layer: str) -> Generator[Any, None, Any]:
        yield Progress(0.5, "half")
        rows = np.arange(len(data))
        return model.features(data.images(rows).astype(np.float32) / 255, layer)

    def stored(self, latents: Any, coordinates: Any, formula: Any, title: str) -> MapResult:
        return MapResult(coordinates, SameInverse(), lambda z: z, ("", ""))

    def learn_inverse(self, latents: Any, coordinates: Any) -> Generator[Any, None, Any]:
        yield Progress(0.5, "")
        return LearntInverse(), self.inverse_error, 0.5

    def overlap(self, first: Any, second: Any) -> Generator[Any, None, Any]:
        yield Progress(0.5, "")
        return np.linspace(0, 1, len(second), dtype=np.float32)

    def check_cluster(self, latents: Any, coordinates: Any, rows: Any) -> Generator[Any, None, str]:
        yield Progress(0.5, "")
        return f"{len(rows)} samples are a cluster."

    def judge(self, latents: Any, shown: Any, codes: Any) -> Generator[Any, None, Any]:
        self.judged.append((shown, codes))
        yield Progress(0.5, "")
        return MapJudgement(0.9, 0.8, 0.7, 0.6, 2, len(latents), len(latents), 5, 15)

    def neighbour_faults(self, latents: Any, coordinates: Any) -> Generator[Any, None, Any]:
        yield Progress(0.5, "")
        lost = np.linspace(0, 1, len(latents), dtype=np.float32)
        return lost, 1 - lost

    def nearest(
        self, latents: Any, query: Any, k: int, exclude: Iterable[int], metric: str = "euclidean"
    ) -> tuple[Any, Any]:
        self.metrics.append(metric)
        distances = np.linalg.norm(latents - query, axis=1)
        distances[list(exclude)] = np.inf
        rows = np.argsort(distances, kind="stable")[:k]
        rows = rows[np.isfinite(distances[rows])]
        return rows, distances[rows]

    def export_path(
        self, model: Any, latents: Any, path: Path, fps: int
    ) -> Generator[Any, None, Path]:
        self.exported = (model, latents, path, fps)
        yield Progress(1.0, "written")
        return path

    def export_samples(
        self, space: Space, path: Path, purpose: str, **wanted: Any
    ) -> Generator[Any, None, tuple[str, ...]]:
        self.exported_samples = (space, path, purpose, wanted)
        yield Progress(1.0, "written")
        return ("A note.",)

    def export_map(self, sheet: Any, path: Path) -> Generator[Any, None, tuple[str, ...]]:
        self.exported_map = (sheet, path)
        yield Progress(None, "drawing")
        return ("A note.",)

    def encode(self, model: Any, data: Any) -> Generator[Any, None, Space]:
        yield Progress(0.5, "half")
        return Space("encoded", np.zeros((len(data), 2), np.float32))

    def sample(self, model: Any, count: int, **options: Any) -> Generator[Any, None, Space]:
        self.sampled = (count, options)
        yield Progress(0.5, "half")
        latent = np.full((count, 2), options["truncation"], np.float32)
        origin = Provenance("doubling", None, None, {"sampled": dict(options)})
        scores = Numbers(np.arange(count, dtype=np.float64))
        return Space("drawn", latent, columns={"score": scores}, provenance=origin)

    def invert(self, model: Any, data: Any, steps: int) -> Generator[Any, None, Space]:
        self.inverted = (data.name, len(data), steps)
        yield Progress(0.5, "error 0.1")
        return Space("found", np.zeros((len(data), 2), np.float32))

    def recipes(self) -> tuple[RecipeOffer, ...]:
        return tuple(self.offers)

    def train(self, request: TrainingRequest) -> Generator[Any, None, TrainedModel]:
        self.requests.append(request)
        for report in self.reports:
            yield Progress(report.position / report.epochs, report.text, report)
        if self.train_fault is not None:
            raise self.train_fault
        return TrainedModel(
            Path("models") / request.recipe, request.recipe, "squares:test",
            "negative ELBO 7.5 nats per image", 2, 2,
        )  # fmt: skip

    def services(self) -> Services:
        return Services(
            samples=tuple, open_path=self.open_path, open_model=lambda name: self.model,
            fit=lambda data, _model: data,
            open_data=self.open_data, use_data_folder=lambda path: None, download=self.download,
            sample=self.sample, invert=self.invert, features=self.features,
            pca_onto=self.pca_onto,
            encode=self.encode, pca=self.pca, stored_map=self.stored,  # type: ignore[arg-type,return-value]
            distance=lambda latents: FarBeyondTen(), nearest=self.nearest,
            save_project=self.save_project, export_path=self.export_path,
            start_layout=self.layouts, methods=METHODS, judge=self.judge,
            learn_inverse=self.learn_inverse, check_cluster=self.check_cluster,
            overlap=self.overlap,
            shuffled=lambda latents, seed: latents[::-1].copy(),
            neighbour_faults=self.neighbour_faults,
            recipes=self.recipes, train=self.train, imports=self.imports,
            export_samples=self.export_samples, export_map=self.export_map,
        )  # fmt: skip


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


@pytest.fixture
def workbench(fakes: Fakes, tmp_path: Path) -> Workbench:
    return Workbench(WorkerNow(), fakes.services(), Settings(), tmp_path)  # type: ignore[arg-type]


@pytest.fixture
def opened(workbench: Workbench) -> Workbench:
    workbench.commands.run("file.open_path", path="six.arrow")
    return workbench
