"""Opening, saving, and the model and data that belong to a space."""

from pathlib import Path

from latentviewer.app.carrying import carried
from latentviewer.app.decoder import decoder_of
from latentviewer.app.maps import Maps, first_settings
from latentviewer.app.projects import session_from_json, session_to_json
from latentviewer.app.services import ModelFound, Opened
from latentviewer.app.signal import Signal
from latentviewer.app.state import DenoisingSettings, SessionState
from latentviewer.app.workspace import Workspace
from latentviewer.domain.candidates import SeveralCandidatesError
from latentviewer.domain.errors import DataNotHereError, DataSetFoundError, UserError
from latentviewer.domain.first_samples import FIRST, FirstSamples, first_samples
from latentviewer.domain.kept_samples import KeptSamples, kept_samples
from latentviewer.domain.metrics import Metric
from latentviewer.domain.ports import DataDistance, DataSet, Model
from latentviewer.domain.search import prepare_search
from latentviewer.domain.space import NOTES, Space
from latentviewer.domain.table import Texts
from latentviewer.jobs.progress import CancelToken, Progress
from latentviewer.jobs.worker import Job

PROJECT_SUFFIX = ".latentviewer"
AUTOSAVED = " (autosaved)"


class Opening:
    """Opens spaces and projects in stages, so that the map stands before the model is loaded.

    Attributes:
        project: where Save writes to, or None.
        opening: emitted with what is being opened, and None when that has ended.
        opened: emitted with the reference that was opened.
        data_came: a data set was fetched, or another folder of data sets was named.
        model_offered: emitted with the path of a model of another program, instead of opening it.
        encoding_wanted: emitted with what is known of `data.encode`'s arguments, instead of
            opening a data set, or a model that does not say what it was trained on.
        several: emitted with a file that holds several tables of vectors, instead of opening it.
        candidates: of that file, what `open` takes and what it is called.
    """

    def __init__(self, workspace: Workspace, maps: Maps, autosave_folder: Path) -> None:
        self._workspace = workspace
        self._maps = maps
        self._autosave_folder = autosave_folder
        self.project: Path | None = None
        self.opening: Signal[[str | None]] = Signal()
        self.opened: Signal[[str]] = Signal()
        self.data_came: Signal[[]] = Signal()
        self.model_offered: Signal[[str]] = Signal()
        self.encoding_wanted: Signal[[dict[str, str]]] = Signal()
        self.several: Signal[[Path]] = Signal()
        self.candidates: tuple[tuple[str, str], ...] = ()

    def open(self, reference: str) -> None:
        """Opens a path, or a bundled sample by name; what was open stays until it succeeds."""
        self.opening.emit(reference)
        services = self._workspace.services

        def failed(error: BaseException) -> None:
            self.opening.emit(None)
            if isinstance(error, SeveralCandidatesError):
                self.candidates = tuple(
                    (f"{error.path}#{candidate.name}", candidate.text)
                    for candidate in error.candidates
                )
                self.several.emit(error.path)
            elif isinstance(error, DataSetFoundError):
                self.encoding_wanted.emit({"data": error.reference})
            else:
                self._workspace.fault(error)

        self._workspace.worker.call(
            lambda: services.open_path(reference),
            lambda result: self._on_found(result, reference),
            failed,
        )

    def encode(self, model: str, data: str) -> None:
        """Encodes a data set with a model into a new space, and opens it."""
        services = self._workspace.services

        def steps(_token: CancelToken) -> Job[Space]:
            yield Progress(None, "loading")
            loaded, samples = services.open_model(model), services.open_data(data)
            return (yield from services.encode(loaded, samples))

        handle = self._workspace.worker.submit(
            f"Encode {data}",
            steps,
            done=self.show,
            failed=self._workspace.fault,
            progress=self._workspace.on_progress,
        )
        self._workspace.track(handle)

    def sample(self, model: str, count: int) -> None:
        """Draws samples of a model's prior into a new space, and opens it."""
        services = self._workspace.services

        def steps(_token: CancelToken) -> Job[Space]:
            yield Progress(None, "loading")
            loaded = services.open_model(model)
            return (yield from services.sample(loaded, count, seed=0, truncation=1.0))

        handle = self._workspace.worker.submit(
            f"Draw {count:,} samples",
            steps,
            done=self.show,
            failed=self._workspace.fault,
            progress=self._workspace.on_progress,
        )
        self._workspace.track(handle)

    def show(self, space: Space, denoising: DenoisingSettings | None = None) -> None:
        """Opens a space that was made just now.

        Args:
            denoising: what was asked for when it was made, where it was.
        """
        notes = tuple(space.provenance.extra.get(NOTES, ()))
        self._install(Opened(space, None, None, notes), None, denoising)

    def measure_distance(self) -> None:
        """Has the distance to the present latents measured, where there are any."""
        latent, services = self._workspace.space.latent, self._workspace.services
        if len(latent):
            self._workspace.call(lambda: services.distance(latent), self._on_distance)

    def close(self) -> None:
        """Back to the welcome page; unsaved work is kept aside."""
        self.autosave()
        self._start_anew(SessionState(truncation=self._workspace.state.truncation), None)

    def save(self, path: str | None = None) -> None:
        """Writes the project, where it was last saved or to `path`."""
        target = Path(path) if path else self.project
        if target is None:
            raise UserError("Say where the project is to be saved; File, Save project as.")
        if not target.suffix:
            target = target.with_suffix(PROJECT_SUFFIX)
        state, space = self._workspace.state, self._workspace.space
        services = self._workspace.services

        def done(_: None) -> None:
            self.project = target
            if self._workspace.state is state:
                self._workspace.session.mark_saved()
            self._workspace.say(f"Saved {target}.")
            self.opened.emit(str(target))

        self._workspace.call(
            lambda: services.save_project(target, session_to_json(state), space), done
        )

    def autosave(self) -> Path | None:
        """Keeps unsaved work aside, at once; returns where, or None if there was none."""
        state = self._workspace.state
        if state.space is None or not self._workspace.session.unsaved:
            return None
        safe = "".join(c if c.isalnum() or c in "-_ " else "_" for c in state.space.name).strip()
        target = self._autosave_folder / f"{safe or 'space'}{AUTOSAVED}{PROJECT_SUFFIX}"
        self._workspace.services.save_project(target, session_to_json(state), state.space)
        self._workspace.session.mark_saved()
        self.opened.emit(str(target))
        return target

    def get_data(self, name: str) -> None:
        """Fetches a data set from the network; only ever called by the button that says so."""
        services = self._workspace.services
        handle = self._workspace.worker.submit(
            f"Get {name}",
            lambda token: services.download(name),
            done=lambda folder: self._on_got(name, folder),
            failed=self._workspace.fault,
            progress=self._workspace.on_progress,
        )
        self._workspace.track(handle)

    def use_data_folder(self, path: str) -> None:
        """Looks for data sets in `path` first, from now on."""
        self._workspace.services.use_data_folder(Path(path))
        self._load_data()
        self.data_came.emit()

    def _on_got(self, name: str, folder: Path) -> None:
        self._workspace.say(f"Got {name}; it lies in {folder}.")
        self._load_data()
        self.data_came.emit()

    def _on_found(self, result: Opened | ModelFound, reference: str) -> None:
        if isinstance(result, Opened):
            self._install(result, reference)
            return
        self.opening.emit(None)
        if result.offer is not None:
            self.model_offered.emit(result.reference)
            return
        if result.data is None:
            self.encoding_wanted.emit({"model": result.reference})
            return
        self.encode(result.reference, result.data)

    def _install(
        self,
        result: Opened,
        reference: str | None,
        denoising: DenoisingSettings | None = None,
    ) -> None:
        self.opening.emit(None)
        try:
            if result.session is not None:
                name = str(result.project or result.space.name)
                state = session_from_json(result.session, result.space, name)
            else:
                fresh = SessionState(
                    space=result.space,
                    map=first_settings(result.space),
                    denoising=denoising or DenoisingSettings(),
                    truncation=self._workspace.state.truncation,
                    metric=_first_metric(result.space),
                )
                state = carried(self._workspace.state, fresh)
            self.autosave()
        except UserError as error:
            self._workspace.fault(error)
            return
        kept = _kept(state)
        self._start_anew(state, result.project)
        if kept and result.session is None:
            self._workspace.say(kept)
        if reference is not None:
            self.opened.emit(reference)
        for warning in result.warnings:
            self._workspace.say(warning)
        self._maps.show()
        self._load_model()
        self._load_data()
        self.measure_distance()
        self._workspace.call(lambda: prepare_search(result.space), lambda _: None)

    def _start_anew(self, state: SessionState, project: Path | None) -> None:
        workspace = self._workspace
        self._maps.forget()
        workspace.cancel_jobs(all_of_them=False)
        workspace.epoch = workspace.worker.new_epoch()
        workspace.model = workspace.data = None
        self._prepare(None)
        workspace.model_expected = (
            state.space is not None and state.space.provenance.model is not None
        )
        workspace.missing_data = None
        workspace.shown_map = None
        workspace.distance = None
        self.project = project
        workspace.session.reset(state)
        workspace.map_changed.emit(None)
        workspace.sources_changed.emit()

    def _load_model(self) -> None:
        name = self._workspace.space.provenance.model
        if name is None:
            return
        services, space = self._workspace.services, self._workspace.space
        self._workspace.call(lambda: decoder_of(space, name, services), self._on_model)

    def _on_model(self, result: Model | str) -> None:
        self._workspace.model_expected = False
        if isinstance(result, str):
            self._workspace.message.emit(result, True)
        else:
            self._workspace.model = result
        self._workspace.sources_changed.emit()

    def _load_data(self) -> None:
        if self._workspace.state.space is None:
            return
        name = self._workspace.space.provenance.data
        if name is None:
            return
        services, space = self._workspace.services, self._workspace.space

        def load() -> DataSet | str | None:
            try:
                data = services.open_data(name)
                if space.provenance.model is not None:
                    data = services.fit(data, space.provenance.model)
                data = kept_samples(data, len(space))
            except DataNotHereError:
                return None
            except UserError as error:
                return str(error)
            if space.provenance.extra.get(FIRST) == len(space):
                data = first_samples(data, len(space))
            if len(data) != len(space):
                return (
                    f"The data set {name} has {len(data)} samples, {space.name} has "
                    f"{len(space)} rows; the originals are left out."
                )
            return data

        def done(result: DataSet | str | None) -> None:
            self._workspace.missing_data = name if result is None else None
            if isinstance(result, str):
                self._workspace.message.emit(result, True)
            else:
                self._workspace.data = result
                self._prepare(result)
            self._workspace.sources_changed.emit()

        self._workspace.call(load, done)

    def _prepare(self, data: DataSet | None) -> None:
        kept = data.whole if isinstance(data, FirstSamples) else data
        steps = kept.gather() if isinstance(kept, KeptSamples) else iter(())
        self._workspace.worker.prepare(steps, self._workspace.fault)

    def _on_distance(self, distance: DataDistance) -> None:
        self._workspace.distance = distance
        self._workspace.sources_changed.emit()


def _first_metric(space: Space) -> Metric:
    """Vectors of words and texts have a meaning by their direction; latents by their place."""
    key = space.name_column()
    embedded = space.provenance.model is None and key is not None
    return "cosine" if embedded and isinstance(space.columns[key or ""], Texts) else "euclidean"


def _kept(state: SessionState) -> str:
    """Says what a newly opened space has from the one before."""
    parts = []
    if count := len(state.selection):
        parts.append(f"the {count:,} selected samples" if count > 1 else "the selected sample")
    if count := len(state.groups):
        parts.append(f"{count} groups" if count > 1 else "the group")
    if not parts:
        return ""
    return f"The same samples in another model: {' and '.join(parts)} stayed."
