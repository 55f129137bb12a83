"""What is open now: the session, and the model, data and map that belong to it."""

from collections.abc import Callable
from typing import TypeVar

from latentviewer.app.preview import Sources
from latentviewer.app.services import MapResult, Services
from latentviewer.app.session import Session
from latentviewer.app.signal import Signal
from latentviewer.app.state import SessionState
from latentviewer.domain.errors import CancelledError, UserError
from latentviewer.domain.ports import Capability, DataDistance, DataSet, Diffusion, Model
from latentviewer.domain.space import Space
from latentviewer.jobs.progress import JobStatus
from latentviewer.jobs.worker import JobHandle, Worker

T = TypeVar("T")


class Workspace:
    """Shared by the controllers; lives on the main thread, as all of `app` does.

    Attributes:
        session: the undoable state.
        worker: the thread that owns every torch model.
        services: the rooms below.
        model, data: what is loaded for the open space, or None.
        model_expected: whether the space names a model that is still being loaded.
        missing_data: the name of a data set that is not on this machine, or None.
        shown_map: the finished map for the present settings, or None.
        distance: distance to the data of the open space, or None.
        sources_changed: the model, the data, the inverse or the distance came or went.
        map_changed: emitted with the map that is shown now, or None.
        job_changed: emitted with the status of a job, when it moves.
        message: emitted with a plain sentence, and whether it tells of a fault.
        refused: emitted with a refusal, before its sentence is.
    """

    def __init__(self, worker: Worker, services: Services) -> None:
        self.session = Session()
        self.worker = worker
        self.services = services
        self.model: Model | None = None
        self.data: DataSet | None = None
        self.model_expected = False
        self.missing_data: str | None = None
        self.shown_map: MapResult | None = None
        self.distance: DataDistance | None = None
        self.epoch = 0
        self.jobs: list[JobHandle] = []
        self._lasting: set[int] = set()
        self.sources_changed: Signal[[]] = Signal()
        self.map_changed: Signal[[MapResult | None]] = Signal()
        self.job_changed: Signal[[JobStatus]] = Signal()
        self.message: Signal[[str, bool]] = Signal()
        self.refused: Signal[[UserError]] = Signal()
        # Before all others: what they ask next must not meet the map of other latents.
        self.session.changed.connect(self._on_state)

    @property
    def state(self) -> SessionState:
        """The present state of the session."""
        return self.session.state

    @property
    def space(self) -> Space:
        """The open space.

        Raises:
            UserError: none is open.
        """
        if self.state.space is None:
            raise UserError("Open a space first; File, Open file.")
        return self.state.space

    def can(self, capability: Capability) -> bool:
        """Whether the loaded model offers `capability`."""
        return self.model is not None and capability in self.model.card.capabilities

    @property
    def diffusion(self) -> Diffusion | None:
        """The loaded model, if it denoises."""
        model = self.model
        return model if self.can(Capability.DENOISE) and isinstance(model, Diffusion) else None

    def switches_layer(self, old: SessionState, new: SessionState) -> bool:
        """Whether a change shows another layer of the same samples, and not another space."""
        both = old.space is not None and new.space is not None
        return both and old.layer != new.layer and self.model is not None

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        if self.switches_layer(old, new):
            self.epoch = self.worker.new_epoch()
            self.shown_map = None
            self.distance = None

    def sources(self) -> Sources:
        """A frozen view of what the worker may ask, taken now."""
        return Sources(
            space=self.space,
            model=self.model,
            data=self.data,
            inverse=self.shown_map.inverse if self.shown_map else None,
            distance=self.distance,
            nearest=self.services.nearest,
        )

    def call(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Runs short work on the worker; its result is dropped if the space changed since."""
        epoch = self.epoch

        def finish(result: T) -> None:
            if epoch == self.epoch:
                done(result)

        self.worker.call(work, finish, lambda error: self.fault(error, epoch))

    def fault(self, error: BaseException, epoch: int | None = None) -> None:
        """Shows a refusal as its sentence; anything else is a defect and is raised."""
        if isinstance(error, CancelledError) or (epoch is not None and epoch != self.epoch):
            return
        if isinstance(error, UserError):
            self.refused.emit(error)
            self.message.emit(str(error), True)
        else:
            raise error

    def say(self, sentence: str) -> None:
        """Shows a sentence that is no fault."""
        self.message.emit(sentence, False)

    def track(self, handle: JobHandle, of_space: bool = True) -> None:
        """Keeps a job so that it can be cancelled.

        Args:
            of_space: whether it means nothing once another space is open.
        """
        self.jobs.append(handle)
        if not of_space:
            self._lasting.add(handle.id)

    def on_progress(self, status: JobStatus, _partial: object | None = None) -> None:
        """Passes a job's status on, and forgets it when it has ended."""
        if status.state in ("done", "failed", "cancelled"):
            self.jobs = [job for job in self.jobs if job.id != status.id]
            self._lasting.discard(status.id)
        self.job_changed.emit(status)

    def cancel_jobs(self, all_of_them: bool = True) -> None:
        """Cancels everything that runs or waits, or only what belongs to the open space."""
        for job in tuple(self.jobs):
            if all_of_them or job.id not in self._lasting:
                job.cancel()
