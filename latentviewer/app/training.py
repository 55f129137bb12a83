"""Training in the window: one run at a time, and what is known of it."""

import dataclasses
from collections.abc import Generator
from dataclasses import dataclass
from enum import StrEnum

from latentviewer.app.recipes import (
    RecipeOffer,
    Snapshot,
    TrainedModel,
    TrainingReport,
    TrainingRequest,
    UnfinishedRun,
)
from latentviewer.app.signal import Signal
from latentviewer.app.snapshots import Snapshots
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UnfinishedRunError, UserError
from latentviewer.jobs.progress import CancelToken, JobStatus, Progress
from latentviewer.jobs.worker import JobHandle

CONTINUE, AFRESH = "continue", "afresh"


class Stage(StrEnum):
    """Where a run stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, eq=False)
class TrainingRun:
    """A run of this session.

    Attributes:
        request: what was asked for.
        stage: where it stands.
        report: the newest, or None before the first.
        text: what is being done now.
        eta_s: seconds left if all epochs are trained, or None.
        sentence: how it ended; empty before.
        kept: the epoch that can be gone on from after a stop or a fault; 0 for none.
        damaged: whether only starting afresh helps.
        model: what it left, or None.
    """

    request: TrainingRequest
    stage: Stage = Stage.WAITING
    report: TrainingReport | None = None
    text: str = ""
    eta_s: float | None = None
    sentence: str = ""
    kept: int = 0
    damaged: bool = False
    model: TrainedModel | None = None

    @property
    def active(self) -> bool:
        """Whether it runs or waits to."""
        return self.stage in (Stage.WAITING, Stage.RUNNING)


class Training:
    """Offers recipes, runs one of them on the worker, and keeps what it reports.

    A run goes on when another space is opened, and gives way to every other job.

    Attributes:
        run: the last one of this session, or None.
        snapshots: its pictures, oldest first.
        offers: what can be trained, as of the last look; None before the first.
        changed: emitted with the run at every report.
        snapshot_added: emitted after `snapshots` grew.
        offers_changed: emitted with new offers.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._handle: JobHandle | None = None
        self.run: TrainingRun | None = None
        self.snapshots = Snapshots()
        self.offers: tuple[RecipeOffer, ...] | None = None
        self.changed: Signal[[TrainingRun]] = Signal()
        self.snapshot_added: Signal[[Snapshot]] = Signal()
        self.offers_changed: Signal[[tuple[RecipeOffer, ...]]] = Signal()
        self._shown: Snapshot | None = None

    @property
    def active(self) -> bool:
        """Whether a run is under way or waits."""
        return self.run is not None and self.run.active

    def look(self) -> None:
        """Finds out anew what can be trained, and what lies unfinished."""
        self._workspace.worker.call(
            self._workspace.services.recipes, self._set_offers, self._workspace.fault
        )

    def look_again(self) -> None:
        """Looks anew if somebody looked before."""
        if self.offers is not None:
            self.look()

    def start(
        self,
        recipe: str,
        epochs: int | None = None,
        seed: int | None = None,
        begin: str = CONTINUE,
    ) -> None:
        """Begins a run, or goes on with the one that lies unfinished.

        Raises:
            UserError: another run is under way, or a number makes no sense.
        """
        if self.run is not None and self.run.active:
            raise UserError(
                f"{self.run.request.recipe} is being trained; stop it first, or wait until it "
                "is done."
            )
        if epochs is not None and epochs < 1:
            raise UserError(f"Training takes at least 1 epoch, not {epochs}.")
        if seed is not None and seed < 0:
            raise UserError(f"A seed is 0 or more, not {seed}.")
        if begin not in (CONTINUE, AFRESH):
            raise UserError(f"Training begins with {CONTINUE} or {AFRESH}, not “{begin}”.")
        before = self.run
        again = before is not None and before.kept > 0 and before.request.recipe == recipe
        if begin == AFRESH or not again:
            self.snapshots, self._shown = Snapshots(), None
        request = TrainingRequest(recipe, epochs, seed, begin == AFRESH, self._shown)
        services = self._workspace.services
        self._move(TrainingRun(request))

        def steps(_token: CancelToken) -> Generator[Progress, None, TrainedModel]:
            return services.train(request)

        self._handle = self._workspace.worker.submit(
            f"Train {recipe}",
            steps,
            done=self._on_done,
            failed=self._on_failed,
            progress=self._on_progress,
            cancelled=self._on_cancelled,
            gives_way=True,
        )
        if self.active:
            self._workspace.track(self._handle, of_space=False)

    def stop(self) -> None:
        """Stops at once; the last finished epoch is kept."""
        if self._handle is not None:
            self._handle.cancel()

    @property
    def model(self) -> TrainedModel:
        """The trained model.

        Raises:
            UserError: no run of this session is done.
        """
        if self.run is None or self.run.model is None:
            raise UserError("No model was trained yet; choose Train a model.")
        return self.run.model

    def _on_progress(self, status: JobStatus, partial: object | None) -> None:
        self._workspace.on_progress(status)
        if self.run is None or status.state != "running":
            return
        report = partial if isinstance(partial, TrainingReport) else self.run.report
        self._move(
            dataclasses.replace(
                self.run,
                stage=Stage.RUNNING,
                report=report,
                text=status.text or self.run.text,
                eta_s=status.eta_s,
            )
        )
        snapshot = report.snapshot if report is not None else None
        if snapshot is not None and snapshot is not self._shown:
            self._shown = snapshot
            self.snapshots.add(snapshot)
            self.snapshot_added.emit(snapshot)

    def _on_done(self, model: TrainedModel) -> None:
        if self.run is None:
            return
        figure = f": {model.figure} on {model.data}" if model.figure else ""
        sentence = f"{model.name} is trained{figure}. It lies in {model.folder}."
        self._move(
            dataclasses.replace(
                self.run, stage=Stage.DONE, text="", eta_s=None, sentence=sentence, model=model
            )
        )
        self._workspace.say(f"{model.name} is trained{figure}.")
        self.look()

    def _on_cancelled(self) -> None:
        self._end(Stage.STOPPED, None)

    def _on_failed(self, error: BaseException) -> None:
        if isinstance(error, UserError):
            self._end(Stage.FAILED, error)
        else:
            # A defect is raised, but the run must not look as if it went on.
            self._end(Stage.FAILED, UserError("Training ended by a fault in the program."))
        self._workspace.fault(error)

    def _end(self, stage: Stage, error: UserError | None) -> None:
        """Ends the run; what is kept of it is looked up on the disk, not guessed."""
        if self.run is None:
            return
        run = dataclasses.replace(
            self.run,
            stage=stage,
            text="",
            eta_s=None,
            sentence="" if error is None else str(error),
            damaged=isinstance(error, UnfinishedRunError),
        )
        self._move(run)

        def found(offers: tuple[RecipeOffer, ...]) -> None:
            self._set_offers(offers)
            if self.run is run:
                self._tell_what_is_kept(run)

        self._workspace.worker.call(self._workspace.services.recipes, found, self._workspace.fault)

    def _tell_what_is_kept(self, run: TrainingRun) -> None:
        unfinished = self.unfinished(run.request.recipe)
        kept = unfinished.epoch if unfinished is not None and unfinished.fault is None else 0
        report = run.report
        if kept and report is not None and unfinished is not None:
            report = dataclasses.replace(report, history=unfinished.history)
        sentence = run.sentence
        if run.stage is Stage.STOPPED:
            sentence = (
                f"Training of {run.request.recipe} stopped; epoch {kept} is kept, and Go on "
                "trains from there."
                if kept
                else f"Training of {run.request.recipe} stopped before its first epoch was done; "
                "nothing is kept."
            )
            self._workspace.say(sentence)
        elif kept:
            sentence = f"{sentence} Epoch {kept} is kept."
        self._move(dataclasses.replace(run, report=report, sentence=sentence, kept=kept))

    def unfinished(self, recipe: str) -> UnfinishedRun | None:
        """The run of a recipe that lies unfinished, as of the last look."""
        return next((o.unfinished for o in self.offers or () if o.name == recipe), None)

    def _set_offers(self, offers: tuple[RecipeOffer, ...]) -> None:
        self.offers = offers
        self.offers_changed.emit(offers)

    def _move(self, run: TrainingRun) -> None:
        self.run = run
        self.changed.emit(run)
