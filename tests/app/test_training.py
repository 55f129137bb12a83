"""A run from the first report to the sentence it ends with."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.app.recipes import Snapshot, TrainingReport, UnfinishedRun
from latentviewer.app.settings import Settings
from latentviewer.app.snapshots import Snapshots
from latentviewer.app.training import Stage
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UnfinishedRunError, UserError
from latentviewer.jobs.progress import CancelToken, JobStatus
from latentviewer.jobs.worker import JobHandle
from tests.app.conftest import Fakes, WorkerNow, offer, report
from tests.app.diffusing import JUDGED
from tests.app.test_workbench import messages


class WorkerByHand(WorkerNow):
    """Jobs wait until the test takes their next step; the rest happens at once."""

    def submit(
        self, title: str, start: Any, *, done: Any, failed: Any, progress: Any = None,
        cancelled: Any = None, gives_way: bool = False,
    ) -> JobHandle:  # fmt: skip
        if title == JUDGED:
            return JobHandle(title)
        self.handle = JobHandle(title)
        self.steps = start(CancelToken())
        self.callbacks = {"done": done, "failed": failed, "cancelled": cancelled}
        self.progress, self.gives_way = progress, gives_way
        return self.handle

    def step(self) -> None:
        step = next(self.steps)
        self.tell("running", step.fraction, step.text, step.partial)

    def tell(self, state: Any, fraction: Any = None, text: str = "", partial: Any = None) -> None:
        status = JobStatus(self.handle.id, self.handle.title, state, fraction, text, 1.0, 30.0)
        self.progress(status, partial)

    def end(self, how: str, *value: Any) -> None:
        self.tell({"done": "done", "failed": "failed", "cancelled": "cancelled"}[how])
        self.callbacks[how](*value)


@pytest.fixture
def worker() -> WorkerByHand:
    return WorkerByHand()


@pytest.fixture
def by_hand(fakes: Fakes, worker: WorkerByHand, tmp_path: Path) -> Workbench:
    return Workbench(worker, fakes.services(), Settings(), tmp_path)  # type: ignore[arg-type]


def unfinished(epoch: int, **known: Any) -> UnfinishedRun:
    history = tuple((9.0 - i, 8.0 - i) for i in range(epoch))
    return UnfinishedRun(epoch, 2, 0, history, **known)


def test_a_run_passes_on_what_it_reports_and_ends_with_its_figure(
    by_hand: Workbench, worker: WorkerByHand
) -> None:
    training, heard = by_hand.training, messages(by_hand)
    pictures: list[Snapshot] = []
    training.snapshot_added.connect(pictures.append)
    by_hand.commands.run("train.start", recipe="tiny-vae", epochs=7)
    assert training.run is not None
    assert training.run.stage is Stage.WAITING
    assert worker.gives_way
    assert not by_hand.commands.available("train.open")
    worker.step()
    assert training.run.stage is Stage.RUNNING
    worker.step()
    assert training.run.report is not None
    assert training.run.report.best == (1, 8.0)
    assert training.run.eta_s == 30.0
    assert [p.epoch for p in pictures] == [0.5, 1.5]
    assert len(training.snapshots) == 2
    with pytest.raises(StopIteration) as stop:
        worker.step()
    worker.end("done", stop.value.value)
    assert training.run.stage is Stage.DONE
    assert heard == [
        ("tiny-vae is trained: negative ELBO 7.5 nats per image on squares:test.", False)
    ]
    assert str(Path("models/tiny-vae")) in training.run.sentence
    assert by_hand.workspace.jobs == []
    assert by_hand.commands.available("train.open")


def test_the_request_carries_what_was_asked(by_hand: Workbench, fakes: Fakes) -> None:
    worker = by_hand.workspace.worker
    by_hand.commands.run("train.start", recipe="tiny-vae", epochs=7, seed=3, begin="afresh")
    worker.step()  # type: ignore[attr-defined]
    (request,) = fakes.requests
    assert (request.recipe, request.epochs, request.seed) == ("tiny-vae", 7, 3)
    assert request.afresh


def test_a_second_run_is_refused_while_one_is_under_way(by_hand: Workbench) -> None:
    by_hand.commands.run("train.start", recipe="tiny-vae")
    with pytest.raises(UserError, match="tiny-vae is being trained; stop it first"):
        by_hand.commands.run("train.start", recipe="big-vae")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"epochs": 0}, "at least 1 epoch"),
        ({"seed": -1}, "0 or more"),
        ({"begin": "somehow"}, "“somehow”"),
    ],
)
def test_numbers_that_make_no_sense_are_refused(
    by_hand: Workbench, arguments: dict[str, Any], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        by_hand.commands.run("train.start", recipe="tiny-vae", **arguments)
    assert by_hand.training.run is None


def test_stopping_says_what_is_kept_and_how_to_go_on(
    by_hand: Workbench, worker: WorkerByHand, fakes: Fakes
) -> None:
    heard = messages(by_hand)
    by_hand.commands.run("train.start", recipe="tiny-vae")
    worker.step()
    by_hand.commands.run("train.stop")
    assert worker.handle.token.cancelled
    # One epoch more than the last report told of.
    fakes.offers[0] = offer("tiny-vae", unfinished=unfinished(1))
    worker.end("cancelled")
    run = by_hand.training.run
    assert run is not None
    assert (run.stage, run.kept) == (Stage.STOPPED, 1)
    assert run.report is not None
    assert run.report.history == ((9.0, 8.0),)
    assert run.sentence == (
        "Training of tiny-vae stopped; epoch 1 is kept, and Go on trains from there."
    )
    assert heard == [(run.sentence, False)]
    assert not by_hand.commands.available("train.stop")


def test_stopping_before_the_first_epoch_says_that_nothing_is_kept(
    by_hand: Workbench, worker: WorkerByHand
) -> None:
    by_hand.commands.run("train.start", recipe="tiny-vae")
    by_hand.commands.run("jobs.cancel")
    assert worker.handle.token.cancelled
    worker.end("cancelled")
    assert by_hand.training.run is not None
    assert "nothing is kept" in by_hand.training.run.sentence


def test_a_fault_is_a_sentence_and_the_last_epoch_is_kept(
    by_hand: Workbench, worker: WorkerByHand, fakes: Fakes
) -> None:
    heard = messages(by_hand)
    by_hand.commands.run("train.start", recipe="tiny-vae")
    worker.step()
    fakes.offers[0] = offer("tiny-vae", unfinished=unfinished(1))
    worker.end("failed", UserError("The disk is full; free some space."))
    run = by_hand.training.run
    assert run is not None
    assert (run.stage, run.kept, run.damaged) == (Stage.FAILED, 1, False)
    assert run.sentence == "The disk is full; free some space. Epoch 1 is kept."
    assert heard == [("The disk is full; free some space.", True)]


def test_a_damaged_run_can_only_be_begun_afresh(
    by_hand: Workbench, worker: WorkerByHand, fakes: Fakes
) -> None:
    fakes.offers[0] = offer("tiny-vae", unfinished=unfinished(0, fault="It is damaged."))
    by_hand.commands.run("train.start", recipe="tiny-vae")
    worker.end("failed", UnfinishedRunError("It is damaged."))
    run = by_hand.training.run
    assert run is not None
    assert (run.damaged, run.kept) == (True, 0)


def test_a_defect_ends_the_run_too(by_hand: Workbench, worker: WorkerByHand) -> None:
    by_hand.commands.run("train.start", recipe="tiny-vae")
    with pytest.raises(ZeroDivisionError):
        worker.end("failed", ZeroDivisionError())
    assert not by_hand.training.active


def test_a_run_goes_on_when_another_space_is_opened(
    by_hand: Workbench, worker: WorkerByHand
) -> None:
    by_hand.commands.run("train.start", recipe="tiny-vae")
    by_hand.commands.run("file.open_path", path="six.arrow")
    by_hand.commands.run("file.welcome")
    assert not worker.handle.token.cancelled
    by_hand.close()
    assert worker.handle.token.cancelled


def test_the_trained_model_opens_with_the_data_it_was_measured_on(
    workbench: Workbench, fakes: Fakes
) -> None:
    opened: list[str] = []
    services = workbench.workspace.services
    object.__setattr__(services, "open_model", lambda name: opened.append(name) or None)
    object.__setattr__(services, "open_data", lambda name: opened.append(name) or [0, 0])
    workbench.commands.run("train.start", recipe="tiny-vae")
    workbench.commands.run("train.open")
    assert opened[:2] == [str(Path("models/tiny-vae")), "squares:test"]
    assert workbench.workspace.space.name == "encoded"


def test_data_that_came_are_looked_for_once_somebody_asked(
    workbench: Workbench, fakes: Fakes
) -> None:
    seen: list[int] = []
    workbench.training.offers_changed.connect(lambda offers: seen.append(len(offers)))
    workbench.commands.run("data.get", name="mnist")
    assert seen == []
    workbench.training.look()
    fakes.offers = fakes.offers[:1]
    heard = messages(workbench)
    workbench.commands.run("data.get", name="mnist")
    assert seen == [2, 1]
    assert heard == [("Got mnist; it lies in folder.", False)]
    assert workbench.choices("recipes") == [("tiny-vae", "tiny-vae")]


def test_a_report_without_epochs_has_no_best() -> None:
    first: TrainingReport = report(1, 0.2)
    assert first.best is None


def snapshot(epoch: float) -> Snapshot:
    return Snapshot(np.zeros((1, 2), np.float32), epoch, 1.0)


def test_pictures_are_thinned_evenly_and_the_newest_is_there() -> None:
    kept = Snapshots(most=10)
    assert len(kept) == 0
    for epoch in range(1000):
        kept.add(snapshot(epoch))
        assert len(kept) <= 10
        assert kept[len(kept) - 1].epoch == epoch
        assert kept[0].epoch == 0
    epochs = [kept[i].epoch for i in range(len(kept))]
    gaps = np.diff(epochs)
    assert set(gaps[:-1].tolist()) == {gaps[0]}
    assert 0 < gaps[-1] <= gaps[0]
    with pytest.raises(IndexError):
        kept[len(kept)]
    assert kept[kept.nearest(500.2)].epoch == min(epochs, key=lambda e: abs(e - 500.2))


def test_going_on_keeps_the_pictures_and_hands_on_the_last(
    by_hand: Workbench, worker: WorkerByHand, fakes: Fakes
) -> None:
    by_hand.commands.run("train.start", recipe="tiny-vae")
    worker.step()
    last = by_hand.training.snapshots[0]
    fakes.offers[0] = offer("tiny-vae", unfinished=unfinished(1))
    worker.end("cancelled")
    fakes.reports = [report(2, 1.2)]
    by_hand.commands.run("train.start", recipe="tiny-vae")
    worker.step()
    assert fakes.requests[-1].after is last
    assert len(by_hand.training.snapshots) == 2
    worker.end("cancelled")
    by_hand.commands.run("train.start", recipe="tiny-vae", begin="afresh")
    worker.step()
    assert fakes.requests[-1].after is None
    assert len(by_hand.training.snapshots) == 1
