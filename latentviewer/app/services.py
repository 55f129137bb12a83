"""What the session needs from the rooms it may not import; bootstrap fills it in."""

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.map_sheet import MapSheet
from latentviewer.app.recipes import RecipeOffer, TrainedModel, TrainingRequest
from latentviewer.domain.importing import Answers, Offer, Trial
from latentviewer.domain.map_judgement import MapJudgement
from latentviewer.domain.map_note import MapNote
from latentviewer.domain.path import Path as LatentPath
from latentviewer.domain.ports import DataDistance, DataSet, Inverse, Model
from latentviewer.domain.projection import Method, Value
from latentviewer.domain.selection import Group
from latentviewer.domain.space import Latents, Space
from latentviewer.jobs.progress import JobStatus, Progress


@dataclass(frozen=True)
class Sample:
    """A space that comes with the program.

    Attributes:
        name: what the command line calls it.
        title: what the window calls it.
        description: one plain sentence.
        kind: such as `image vae`.
        model: the bundled model's name.
        data: its data set's name.
        space: the file of its latents.
        available: whether that file is there.
        encodes: whether the model turns pictures into latents.
    """

    name: str
    title: str
    description: str
    kind: str
    model: str
    data: str
    space: Path
    available: bool
    encodes: bool = True


@dataclass(frozen=True, eq=False)
class Opened:
    """What opening a file gave.

    Attributes:
        space: the latents and their table.
        session: the session part of a project file, or None.
        project: the project's path, where further saves go; None for anything else.
        warnings: sentences to show, such as a model that was not found.
    """

    space: Space
    session: Mapping[str, Any] | None
    project: Path | None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class ModelFound:
    """A model without latents: its data set has to be encoded first.

    Attributes:
        reference: the model's name or folder.
        data: the data set it was trained on, or None where it does not say.
        offer: what it is, where another program made it: the user says how to read it.
    """

    reference: str
    data: str | None
    offer: Offer | None = None


@dataclass(frozen=True, eq=False)
class MapResult:
    """A finished map.

    Attributes:
        coordinates: (n, 2 or 3) float32.
        inverse: the way back from a place to a latent.
        places: the way there: (m, d) latents to (m, 2 or 3) places; exact for PCA, the
            weighted mean of the nearest samples' places for the rest.
        axes: a title for each axis; empty where an axis has no meaning of its own.
        components: (2 or 3, d) float64, the axes of a linear map; None where it is not linear.
        note: what else is to be known of it.
    """

    coordinates: Latents
    inverse: Inverse
    places: Callable[[Latents], Latents]
    axes: tuple[str, ...]
    components: NDArray[np.float64] | None = None
    note: MapNote = field(default_factory=MapNote)


@dataclass(frozen=True, eq=False)
class LayoutRequest:
    """A map to be laid out in the child process.

    Attributes:
        method: its short name. title: what the window calls the job.
        latents: (n, d) float32. dims: 2 or 3.
        options: of the method, complete, as it reads them.
        said: the same as the user said them, for the map's note.
        codes, classes: (n,) int32 and what they stand for, of the column that supervises.
        start: (n, dims), the picture to go on from, or None.
    """

    method: str
    title: str
    latents: Latents
    dims: int
    options: Mapping[str, Value]
    said: Mapping[str, Value]
    codes: NDArray[np.int32] | None = None
    classes: tuple[str, ...] = ()
    start: Latents | None = None


@dataclass(frozen=True, eq=False)
class LaidOut:
    """What a layout ended with.

    Attributes:
        coordinates: (n, 2 or 3) float32.
        axes: a title for each axis; none where they mean nothing.
        state: the arrays of its formula, none without one.
        notes: what to mind when reading it, a sentence each.
    """

    coordinates: Latents
    axes: tuple[str, ...] = ()
    state: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class LayoutHandle(Protocol):
    """A map that is forming in the child process."""

    @property
    def embedding(self) -> Latents:
        """(n, 2 or 3) float32, drawn live; the child writes to it while it runs."""
        ...

    def cancel(self) -> None: ...

    def pause(self, wanted: bool) -> None:
        """Has it wait between two steps, or go on."""
        ...


class StartLayout(Protocol):
    """Lays out a map in the child process, after those that were asked for before."""

    def __call__(
        self,
        request: LayoutRequest,
        *,
        done: Callable[[LaidOut], None],
        failed: Callable[[BaseException], None],
        progress: Callable[[JobStatus, object | None], None],
        cancelled: Callable[[], None],
    ) -> LayoutHandle: ...


class SampleModel(Protocol):
    """A job that draws `count` samples of a model's prior into a space.

    Options: `seed`, `truncation`, and for diffusion models `steps`, `guidance`, `condition`.
    """

    def __call__(
        self, model: Model, count: int, **options: Any
    ) -> Generator[Progress, None, Space]: ...


class Nearest(Protocol):
    """Exact nearest rows of `latents` to one query (d,): rows and distances by a metric."""

    def __call__(
        self,
        latents: Latents,
        query: Latents,
        k: int,
        exclude: Iterable[int],
        metric: str = "euclidean",
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]: ...


class ExportSamples(Protocol):
    """A job that writes rows of a space, all where `rows` is None; returns sentences on it.

    `purpose` is `file`, `projector` or `embedding-atlas`; `way` is the path whose lines a
    projector draws, `data` has its pictures, `shown` is the map that Embedding Atlas shows.
    """

    def __call__(
        self,
        space: Space,
        path: Path,
        purpose: str,
        *,
        rows: NDArray[np.int64] | None,
        groups: Sequence[Group],
        way: LatentPath,
        data: DataSet | None,
        shown: str | None,
    ) -> Generator[Progress, None, tuple[str, ...]]: ...


class Imports(Protocol):
    """Models of other programs."""

    def answers(self, path: Path) -> dict[str, str]:
        """What was said about a file before."""
        ...

    def keep(self, path: Path, answers: Answers) -> Path:
        """Keeps what is said about a file; returns where."""
        ...

    def try_out(self, path: Path, answers: Answers, data: str | None) -> Trial:
        """Opens it with the answers so far, and tries it on a few samples of a data set."""
        ...

    def trust(self, content: str, path: Path) -> None:
        """Lets the content of a hash run code, from now on."""
        ...

    def revoke(self, content: str) -> None:
        """No longer."""
        ...

    def trusted(self) -> tuple[tuple[str, str], ...]:
        """The hashes that are trusted, and where their files lay."""
        ...


@dataclass(frozen=True, eq=False)
class Services:
    """Callables, all of which may take long and are run on the worker thread.

    Attributes:
        samples: what comes with the program.
        open_path: a space, a table of latents, a project, or a model; a sample's name too.
        open_model: a model by bundled name or folder.
        open_data: a data set by name or folder; raises `DataNotHereError` where absent.
        fit: a data set in the shape that a model takes, named as in `open_model`; unchanged
            where the model is not to be had.
        use_data_folder: where to look for data sets first, from now on.
        download: a job that fetches a data set by name.
        encode: a job that encodes a data set with a model into a space.
        sample: a job that draws samples of a model's prior into a space.
        invert: a job that searches a latent for each sample of a data set, in so many steps.
        features: a job that gives a layer's features (n, d of the layer) of a data set.
        pca: PCA of latents to 2 or 3 dimensions.
        pca_onto: the same, turned to lie nearest to another map (n, 2 or 3) of the samples.
        stored_map: a map that is there already (n, 2 or 3), with the way back by the arrays
            of its formula, or by neighbours; and what its method is called.
        distance: distance to data.
        nearest: exact neighbours.
        save_project: writes a project atomically.
        export_path: a job that decodes latents (f, d) and writes them as PNG strip, GIF or
            MP4 at so many frames a second, or the latents themselves as NPY.
        methods: what lays out maps.
        start_layout: a map in the child process.
        shuffled: latents with each dimension shuffled by itself, by a seed.
        judge: a job that measures a map of latents, with the classes' codes (n,) or None.
        learn_inverse: a job that trains a way back from a map (n, 2 or 3) of latents; its error
            on samples held out, and that of weighted neighbours.
        overlap: a job that gives the share of neighbours, (n,), that each sample has in common
            on two maps (n, 2 or 3).
        check_cluster: a job that says whether rows are a cluster in latent space and on a map
            (n, 2 or 3).
        neighbour_faults: a job that says of each sample how far its neighbours are lost on a
            map, and how far those beside it are false, (n,) each, 0 to 1.
        recipes: what can be trained, and what lies unfinished.
        train: a job that trains a recipe; its partial results are `TrainingReport`s.
        imports: models of other programs.
        export_samples: a job that writes samples for other programs.
        export_map: a job that writes the map as PNG, SVG or PDF; returns sentences on it.
    """

    samples: Callable[[], tuple[Sample, ...]]
    open_path: Callable[[str], Opened | ModelFound]
    open_model: Callable[[str], Model]
    open_data: Callable[[str], DataSet]
    fit: Callable[[DataSet, str], DataSet]
    use_data_folder: Callable[[Path], None]
    download: Callable[[str], Generator[Progress, None, Path]]
    encode: Callable[[Model, DataSet], Generator[Progress, None, Space]]
    sample: SampleModel
    invert: Callable[[Model, DataSet, int], Generator[Progress, None, Space]]
    features: Callable[[Model, DataSet, str], Generator[Progress, None, Latents]]
    pca: Callable[[Latents, int], MapResult]
    pca_onto: Callable[[Latents, int, Latents], MapResult]
    stored_map: Callable[[Latents, Latents, Mapping[str, NDArray[Any]], str], MapResult]
    distance: Callable[[Latents], DataDistance]
    nearest: Nearest
    save_project: Callable[[Path, Mapping[str, Any], Space], None]
    export_path: Callable[[Model | None, Latents, Path, int], Generator[Progress, None, Path]]
    methods: tuple[Method, ...]
    start_layout: StartLayout
    shuffled: Callable[[Latents, int], Latents]
    judge: Callable[
        [Latents, MapResult, NDArray[np.int32] | None], Generator[Progress, None, MapJudgement]
    ]
    learn_inverse: Callable[
        [Latents, Latents], Generator[Progress, None, tuple[Inverse, float, float]]
    ]
    overlap: Callable[[Latents, Latents], Generator[Progress, None, NDArray[np.float32]]]
    check_cluster: Callable[[Latents, Latents, NDArray[np.int64]], Generator[Progress, None, str]]
    neighbour_faults: Callable[
        [Latents, Latents],
        Generator[Progress, None, tuple[NDArray[np.float32], NDArray[np.float32]]],
    ]
    recipes: Callable[[], tuple[RecipeOffer, ...]]
    train: Callable[[TrainingRequest], Generator[Progress, None, TrainedModel]]
    imports: Imports
    export_samples: ExportSamples
    export_map: Callable[[MapSheet, Path], Generator[Progress, None, tuple[str, ...]]]
