"""Joins worker, child process, services, workbench and window."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
import weakref
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latentviewer.app.services import MapResult, Services
from latentviewer.app.settings import Settings, settings_from_json, settings_to_json
from latentviewer.app.workbench import Workbench
from latentviewer.bootstrap.catalogue import (
    data_folders,
    open_model,
    open_reference,
    samples,
    settings_file,
)
from latentviewer.bootstrap.exporting import export_map, export_samples
from latentviewer.bootstrap.forming import LayoutLane
from latentviewer.bootstrap.importing import StoredImports
from latentviewer.bootstrap.judging_maps import (
    check_cluster,
    common_neighbours,
    judge,
    learn_inverse,
    neighbour_faults,
    shuffle,
)
from latentviewer.bootstrap.training import offers, train_live
from latentviewer.bootstrap.working import encode, features, invert, sample
from latentviewer.bundled import data_folder, state_folder
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataDistance, DataSet, Model
from latentviewer.jobs.child import ChildLane
from latentviewer.jobs.progress import Progress
from latentviewer.jobs.worker import Worker
from latentviewer.projection.project import METHODS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from latentviewer.app.map_sheet import MapSheet
    from latentviewer.domain.ports import Deliver
    from latentviewer.domain.space import Latents, Space
    from latentviewer.projection.neighbours import Neighbours
    from latentviewer.ui.garbage import GarbageTurns
    from latentviewer.ui.inbox import Inbox
    from latentviewer.ui.main_window import MainWindow

# With Python's own 5 ms the window waits that long for the interpreter whenever the worker
# has it; `latentviewer bench --only latency` shows what this saves.
SWITCH_INTERVAL_S = 0.0005


@dataclass
class Lanes:
    """What runs beside the window, and how it ends.

    Attributes:
        inbox: the way back to the main thread.
        worker: the thread of the models. child: the process of the projections.
        garbage: who collects it, and when.
        warming: the thread that loads the numba kernels, while it does.
    """

    inbox: Inbox
    worker: Worker
    child: ChildLane
    garbage: GarbageTurns
    warming: threading.Thread | None = None

    def stop(self) -> None:
        """Ends threads and process; the inbox first, so that nothing more arrives."""
        self.garbage.stop()
        self.inbox.close()
        self.child.stop()
        # A step that takes longer than the worker's patience ends with the process.
        with contextlib.suppress(TimeoutError):
            self.worker.stop()
        if self.warming is not None:
            self.warming.join()


def make_workbench(
    deliver: Deliver, worker: Worker, child: ChildLane, remembers: bool = True
) -> Workbench:
    """The workbench with its services, and the stored settings.

    Args:
        remembers: whether it is a person's own: their settings are taken and kept. Else it
            knows their data folders only, and leaves nothing behind.
    """
    settings, sentence = stored_settings() if remembers else (_settings_of_nobody(), None)

    def remember_folder(path: Path) -> None:
        kept = tuple(f for f in workbench.settings.data_folders if f != str(path))
        workbench.remember(dataclasses.replace(workbench.settings, data_folders=(str(path), *kept)))

    folders = [Path(folder) for folder in settings.data_folders]
    services = make_services(child, folders, remember_folder)
    workbench = Workbench(worker, services, settings, state_folder() / "autosaved")
    if remembers:
        workbench.settings_changed.connect(_Keeper(workbench).store)
    if sentence:
        deliver(lambda: workbench.workspace.message.emit(sentence, True))
    return workbench


def make_services(
    child: ChildLane, folders: list[Path], remember_folder: Callable[[Path], None]
) -> Services:
    """The rooms below, as the session sees them."""

    def use_folder(path: Path) -> None:
        folders[:] = [path, *(f for f in folders if f != path)]
        remember_folder(path)

    def data(reference: str) -> DataSet:
        from latentviewer.io.datasets import open_data

        return open_data(reference, [*folders, data_folder()])

    return Services(
        samples=samples,
        open_path=open_reference,
        open_model=open_model,
        open_data=data,
        fit=_fit,
        use_data_folder=use_folder,
        download=_download,
        encode=encode,
        sample=sample,
        invert=invert,
        features=features,
        pca=_pca,
        pca_onto=_pca_onto,
        stored_map=_stored_map,
        distance=_distance,
        nearest=_Nearest(),
        save_project=_save_project,
        export_path=_export_path,
        methods=METHODS,
        start_layout=LayoutLane(child),
        shuffled=shuffle,
        judge=judge,
        learn_inverse=learn_inverse,
        check_cluster=check_cluster,
        overlap=common_neighbours,
        neighbour_faults=neighbour_faults,
        recipes=lambda: offers([*folders, data_folder()]),
        train=lambda request: train_live(request, data),
        imports=StoredImports(data),
        export_samples=export_samples,
        export_map=_export_map,
    )


def make_window(
    inbox: Inbox | None = None, remembers: bool = True
) -> tuple[MainWindow, Workbench, Lanes]:
    """The whole program but for its event loop. A QApplication must exist.

    Args:
        remembers: see `make_workbench`.
    """
    from latentviewer.kernels.reference import NumpyRasteriser
    from latentviewer.ui.garbage import GarbageTurns
    from latentviewer.ui.inbox import Inbox as MakeInbox
    from latentviewer.ui.main_window import MainWindow

    inbox = inbox or MakeInbox()
    worker = Worker(inbox.deliver)
    child = ChildLane(inbox.deliver, "latentviewer.projection.child_entry:serve")
    worker.start()
    workbench = make_workbench(inbox.deliver, worker, child, remembers)
    window = MainWindow(workbench, NumpyRasteriser())
    garbage = GarbageTurns(window)
    for view in (window.map_panel.view, window.side_by_side.beside.view):
        view.hovered.connect(lambda _target: garbage.touch())

    def on_sources() -> None:
        # The model is the last of the large imports.
        if workbench.workspace.model is not None:
            garbage.keep_what_is_there()

    workbench.workspace.sources_changed.connect(on_sources)
    return window, workbench, Lanes(inbox, worker, child, garbage)


def warm_kernels(window: MainWindow, lanes: Lanes) -> None:
    """Loads numba's kernels beside the window, then hands them to the map."""

    def load() -> None:
        from latentviewer.kernels.rasteriser import NumbaRasteriser, warm

        warm()
        made = NumbaRasteriser()
        lanes.inbox.deliver(lambda: window.set_rasteriser(made))

    lanes.warming = threading.Thread(target=load, name="warm kernels")
    lanes.warming.start()


def stored_settings() -> tuple[Settings, str | None]:
    """The settings, and a sentence where the stored ones could not be read."""
    from latentviewer.io.settings import load_settings

    values, sentence = load_settings(settings_file())
    return settings_from_json(values), sentence


def _settings_of_nobody() -> Settings:
    folders = tuple(str(folder) for folder in data_folders()[:-1])
    return Settings(data_folders=folders, hint_seen=True)


class _Keeper:
    """Stores the settings; where that fails it says so once, and the work goes on."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        self._said = False

    def store(self, settings: Settings) -> None:
        from latentviewer.io.settings import save_settings

        try:
            save_settings(settings_file(), settings_to_json(settings))
        except UserError as error:
            if not self._said:
                self._said = True
                self._workbench.workspace.message.emit(
                    f"The settings are not kept for the next start. {error}", True
                )


def _fit(data: DataSet, model: str) -> DataSet:
    from latentviewer.bootstrap.catalogue import model_card
    from latentviewer.io.fitted import fitted

    try:
        return fitted(data, model_card(model).image)[0]
    except UserError:
        return data  # opening the model says what is wrong with it


def _download(name: str) -> Generator[Progress, None, Path]:
    from latentviewer.io.download import download

    return download(name.split(":")[0], data_folder())


def _pca(latents: Latents, dims: int) -> MapResult:
    from latentviewer.projection.pca import PcaInverse, fit_pca, transform

    fitted = fit_pca(latents, dims)
    return MapResult(
        fitted.coordinates,
        PcaInverse(fitted),
        lambda latent: transform(fitted, latent),
        fitted.axes,
        fitted.components,
    )


def _pca_onto(latents: Latents, dims: int, onto: Latents) -> MapResult:
    from latentviewer.projection.pca import PcaInverse, fit_pca, transform, turned

    fitted = turned(fit_pca(latents, dims), onto)
    axes = tuple(f"PCA, turned · {100 * share:.0f} %" for share in fitted.explained[:dims])
    return MapResult(
        fitted.coordinates,
        PcaInverse(fitted),
        lambda latent: transform(fitted, latent),
        axes,
        fitted.components,
    )


def _stored_map(
    latents: Latents, coordinates: Latents, formula: Mapping[str, NDArray[Any]], title: str
) -> MapResult:
    from latentviewer.projection.inverse import NeighbourInverse
    from latentviewer.projection.linear import linear_inverse, linear_map
    from latentviewer.projection.placing import NeighbourPlaces

    xy = np.ascontiguousarray(coordinates, np.float32)
    axes = ("",) * xy.shape[1]
    fitted, exact = linear_map(formula), linear_inverse(formula, title)
    if fitted is not None and exact is not None and fitted.components.shape == (
        xy.shape[1], latents.shape[1]
    ):  # fmt: skip
        return MapResult(xy, exact, fitted.places, axes, fitted.components)
    if any(name.startswith("decoder") for name in formula):
        from latentviewer.projection.parametric import ParametricInverse, places_of

        try:
            return MapResult(xy, ParametricInverse(formula), places_of(formula), axes)
        except ValueError:
            pass  # arrays that are none of ours: neighbours lead back as from any map
    return MapResult(xy, NeighbourInverse(xy, latents), NeighbourPlaces(latents, xy), axes)


def _distance(latents: Latents) -> DataDistance:
    from latentviewer.projection.inverse import DataDistance as Measured

    return Measured(latents)


class _Nearest:
    """Fulfils `Nearest`; keeps what was prepared for the latents that were asked last."""

    def __init__(self) -> None:
        self._of: weakref.ref[Latents] | None = None
        self._prepared: dict[str, Neighbours] = {}

    def __call__(
        self,
        latents: Latents,
        query: Latents,
        k: int,
        exclude: Iterable[int],
        metric: str = "euclidean",
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        from latentviewer.projection.neighbours import Neighbours

        if self._of is None or self._of() is not latents:
            self._of, self._prepared = weakref.ref(latents), {}
        if metric not in self._prepared:
            self._prepared = {metric: Neighbours(latents, metric)}
        rows, distances = self._prepared[metric].nearest(query[None], k, exclude)
        return rows[0], distances[0]


def _save_project(path: Path, session: Mapping[str, Any], space: Space) -> None:
    from latentviewer.io.failures import cannot_write
    from latentviewer.io.projects import save_project

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(path, error) from error
    save_project(path, session, space)


def _export_map(sheet: MapSheet, path: Path) -> Generator[Progress, None, tuple[str, ...]]:
    return (yield from export_map(sheet, path)).notes


def _export_path(
    model: Model | None, latents: Latents, path: Path, frames_per_second: int
) -> Generator[Progress, None, Path]:
    from latentviewer.bootstrap.working import export_path

    return export_path(model, latents, path, frames_per_second)
