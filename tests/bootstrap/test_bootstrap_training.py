"""Where models go, what lies unfinished, and a whole training in a real window."""

import dataclasses
import errno
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.app.recipes import RecipeOffer, TrainedModel, TrainingReport, TrainingRequest
from latentviewer.app.training import Stage as RunStage
from latentviewer.bootstrap import training
from latentviewer.bootstrap.catalogue import open_data
from latentviewer.bootstrap.staging import Stage
from latentviewer.domain.errors import DataNotHereError, UnfinishedRunError, UserError
from latentviewer.engine.networks.convolutional import ConvConfig
from latentviewer.engine.training import recipes
from latentviewer.engine.training.recipes import recipe_named
from latentviewer.jobs.progress import Progress

PATIENCE_S = 60
TRAINER = "latentviewer.engine.training.trainer"
Told = list[Progress]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's data folder, empty; a recipe that takes no time; a report at each step."""
    monkeypatch.setenv("LATENTVIEWER_DATA", str(tmp_path / "data"))
    digits = recipe_named("digits-vae")
    small = ConvConfig(8, 8, 1, 3, (4, 4), (1, 1), 2, 8)
    objective: Any = digits.objective
    architecture = dataclasses.replace(objective.architecture, network=small)
    tiny = dataclasses.replace(
        digits,
        name="tiny-vae",
        objective=dataclasses.replace(objective, architecture=architecture),
        epochs=3,
        batch=300,
    )
    monkeypatch.setattr(recipes, "RECIPES", (tiny, recipe_named("mnist-vae")))
    monkeypatch.setattr(f"{TRAINER}._PROGRESS_SECONDS", 0.0)
    monkeypatch.setattr(f"{TRAINER}._WATCH_SECONDS", 0.0)
    return tmp_path / "data" / "models"


def train(until: int = 10**9, **asked: Any) -> tuple[Told, TrainedModel | None]:
    """Trains to the end, or until so many epochs are done."""
    steps = training.train_live(TrainingRequest("tiny-vae", **asked), open_data)
    told: Told = []
    while True:
        try:
            told.append(next(steps))
        except StopIteration as stop:
            return told, stop.value
        report = told[-1].partial
        if isinstance(report, TrainingReport) and len(report.history) >= until:
            steps.close()
            return told, None


def reports(told: Told) -> list[TrainingReport]:
    return [step.partial for step in told if isinstance(step.partial, TrainingReport)]


def tiny() -> RecipeOffer:
    return next(offer for offer in training.offers([]) if offer.name == "tiny-vae")


def test_a_run_reports_pictures_and_leaves_a_model(folder: Path) -> None:
    told, model = train()
    assert model is not None
    assert model.folder == folder / "tiny-vae"
    assert (model.data, model.epochs) == ("digits:test", 3)
    assert model.figure.startswith("negative ELBO ")
    assert model.figure.endswith(" nats per image")
    assert (model.folder / "model.safetensors").is_file()
    seen = reports(told)
    assert len(seen[-1].history) == 3
    assert seen[-1].watched.name == "digits:test"
    assert len(seen[-1].watched) == 297
    assert seen[-1].watched.label(0) == open_data("digits:test").columns["label"].text(0)
    positions = [r.position for r in seen]
    assert positions == sorted(positions)
    assert (positions[-1], max(positions)) == (3, 3)
    pictures = list({id(r.snapshot): r.snapshot for r in seen if r.snapshot}.values())
    assert len(pictures) > 5
    for before, after in itertools.pairwise(pictures):
        a, b = (np.asarray(p.coordinates, np.float64) for p in (before, after))
        # Turned to match: no other turn or flip of it lies nearer.
        products = b.T @ a
        np.testing.assert_allclose(products, products.T, atol=1e-3 * np.abs(products).max())
        assert np.trace(products) >= 0


def test_a_picture_without_finite_numbers_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{TRAINER}._latents", lambda *_: np.full((297, 3), np.nan, np.float32))
    told, model = train()
    assert model is not None
    assert all(report.snapshot is None for report in reports(told))


def test_a_finished_model_stays_and_the_next_goes_beside_it(folder: Path) -> None:
    train(epochs=1)
    before = (folder / "tiny-vae" / "model.safetensors").read_bytes()
    offer = tiny()
    assert offer.folder == folder / "tiny-vae-2"
    assert offer.finished == folder / "tiny-vae"
    _, second = train(epochs=1, seed=4)
    assert second is not None
    assert second.folder == folder / "tiny-vae-2"
    assert (folder / "tiny-vae" / "model.safetensors").read_bytes() == before
    assert tiny().folder == folder / "tiny-vae-3"


def test_a_folder_with_other_things_in_it_is_left_alone(folder: Path) -> None:
    (folder / "tiny-vae").mkdir(parents=True)
    (folder / "tiny-vae" / "notes.txt").write_text("mine")
    (folder / "tiny-vae-2").write_text("a file")
    assert tiny().folder == folder / "tiny-vae-3"
    (folder / "tiny-vae" / "notes.txt").unlink()
    (folder / "tiny-vae" / ".training.safetensors.half").write_text("of a crash")
    assert tiny().folder == folder / "tiny-vae"


def test_an_unfinished_run_goes_on_with_its_own_epochs_and_seed() -> None:
    whole = reports(train(epochs=4, seed=2)[0])[-1].history
    finished = tiny().finished
    assert finished is not None
    finished.rename(finished.with_name("whole"))
    train(epochs=4, seed=2, until=2)
    offer = tiny()
    assert offer.unfinished is not None
    assert (offer.unfinished.epoch, offer.unfinished.epochs, offer.unfinished.seed) == (2, 4, 2)
    assert offer.unfinished.history == whole[:2]
    told, model = train()
    assert model is not None
    seen = reports(told)
    assert len(seen[0].history) == 2
    assert seen[0].position >= 2
    assert seen[-1].history == whole
    assert tiny().unfinished is None


def test_going_on_turns_the_first_picture_to_the_last(folder: Path) -> None:
    told, _ = train(until=2)
    last = reports(told)[-1].snapshot
    assert last is not None
    flipped = dataclasses.replace(last, coordinates=-last.coordinates)
    first = next(
        r.snapshot
        for r in reports(train(after=flipped, until=3)[0])
        if r.snapshot is not None and r.snapshot is not flipped
    )
    assert np.sum(first.coordinates * flipped.coordinates) > 0


def test_other_numbers_than_those_of_the_unfinished_run_are_refused() -> None:
    train(until=1)
    with pytest.raises(UnfinishedRunError, match=r"epochs: 3, not 7.*start afresh"):
        train(epochs=7)
    with pytest.raises(UnfinishedRunError, match="seed: 0, not 1"):
        train(seed=1)
    told, _ = train(epochs=7, afresh=True, until=1)
    assert reports(told)[0].epochs == 7
    assert reports(told)[0].history == ()


@pytest.mark.parametrize("how", ["cut short", "another recipe", "foreign"])
def test_a_checkpoint_that_cannot_be_gone_on_from_is_told_before(
    folder: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    train(until=1)
    checkpoint = folder / "tiny-vae" / "training.safetensors"
    if how == "cut short":
        checkpoint.write_bytes(checkpoint.read_bytes()[:-10])
    elif how == "foreign":
        checkpoint.write_bytes(b"nothing")
    else:
        changed = dataclasses.replace(recipes.RECIPES[0], learning_rate=1.0)
        monkeypatch.setattr(recipes, "RECIPES", (changed,))
    unfinished = tiny().unfinished
    assert unfinished is not None
    assert unfinished.fault is not None
    assert str(checkpoint.parent) in unfinished.fault
    assert unfinished.fault.endswith("; start afresh.")
    with pytest.raises(UnfinishedRunError):
        train()
    _, model = train(afresh=True)
    assert model is not None


def test_a_run_that_kept_nothing_leaves_no_folder(folder: Path) -> None:
    steps = training.train_live(TrainingRequest("tiny-vae"), open_data)
    for step in steps:
        if isinstance(step.partial, TrainingReport):
            break
    assert (folder / "tiny-vae").is_dir()
    steps.close()
    assert not (folder / "tiny-vae").exists()


def test_a_folder_that_cannot_be_written_to_is_refused_before_the_first_step(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(UserError, match="tiny-vae may not be written"):
        train()
    assert not (folder / "tiny-vae").exists()


def test_a_file_where_the_models_go_is_refused(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("not a folder")
    with pytest.raises(UserError, match="models"):
        train()


def test_data_that_are_not_here_are_told_with_the_way_to_them() -> None:
    offer = next(o for o in training.offers([]) if o.name == "mnist-vae")
    assert offer.missing == "MNIST is not on this machine."
    assert offer.fetch == "mnist"
    with pytest.raises(DataNotHereError):
        list(training.train_live(TrainingRequest("mnist-vae"), open_data))


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage("dark", (1200, 900)) as made:
        yield made


def wait(stage: Stage, *stages: RunStage) -> None:
    stage._wait(
        lambda: (run := stage.workbench.training.run) is not None and run.stage in stages,
        PATIENCE_S,
        "the training",
    )


def test_a_training_in_the_window_from_the_start_to_its_space(stage: Stage, folder: Path) -> None:
    stage.run("train.start", recipe="tiny-vae", epochs=2)
    wait(stage, RunStage.DONE)
    tab = stage.window.training.tab
    assert tab is not None
    assert tab.isVisible()
    assert len(tab.plot.validation.getData()[0]) == 2
    assert tab.map.target is not None
    assert tab.map.target.shape == (297, 2)
    stage.run("train.open")
    workspace = stage.workbench.workspace
    stage._wait(lambda: workspace.state.space is not None, PATIENCE_S, "the space")
    stage.wait_until_quiet(PATIENCE_S)
    assert len(workspace.space) == 297
    assert workspace.model is not None
    assert Path(workspace.model.card.path) == folder / "tiny-vae"
    assert workspace.data is not None


def test_the_preview_answers_and_jobs_go_first_while_it_trains(
    stage: Stage, folder: Path, tmp_path: Path
) -> None:
    stage.open("digits-vae", PATIENCE_S)
    stage.run("train.start", recipe="tiny-vae", epochs=100_000)
    wait(stage, RunStage.RUNNING)
    workbench = stage.workbench
    answered: list[object] = []
    workbench.previews.answered.connect(answered.append)
    stage.run("preview.pin_row", row=5)
    stage._wait(lambda: bool(answered), PATIENCE_S, "the preview")
    stage.run("data.encode", model="digits-vae", data="digits:test")
    stage._wait(lambda: len(workbench.workspace.space) == 297, PATIENCE_S, "the encoded space")
    assert workbench.training.active
    stage.run("train.stop")
    wait(stage, RunStage.STOPPED)


def test_closing_the_window_keeps_the_last_epoch(folder: Path) -> None:
    with Stage("dark", (1200, 900)) as stage:
        stage.run("train.start", recipe="tiny-vae", epochs=100_000)
        training_ = stage.workbench.training
        stage._wait(
            lambda: (
                training_.run is not None
                and training_.run.report is not None
                and len(training_.run.report.history) >= 2
            ),
            PATIENCE_S,
            "two epochs",
        )
    unfinished = tiny().unfinished
    assert unfinished is not None
    assert unfinished.fault is None
    assert unfinished.epoch >= 2
    assert [p.name for p in (folder / "tiny-vae").iterdir()] == ["training.safetensors"]


def test_a_full_disk_ends_the_run_and_keeps_the_epoch_before(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, written = Path.replace, []

    def full_at_the_third(self: Path, target: Any) -> Any:
        written.append(target)
        if len(written) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return replace(self, target)

    with Stage("dark", (1200, 900)) as stage:
        faults: list[str] = []
        # The stage itself would end at the first fault.
        monkeypatch.setattr(stage, "_fault", None)
        workspace = stage.workbench.workspace
        workspace.refused.connect(lambda error: faults.append(str(error)))
        stage.run("train.start", recipe="tiny-vae", epochs=5)
        monkeypatch.setattr("pathlib.Path.replace", full_at_the_third)
        with pytest.raises(UserError, match="no space left on device; free space"):
            wait(stage, RunStage.DONE)
        monkeypatch.setattr("pathlib.Path.replace", replace)
        stage._fault = None
        stage._wait(
            lambda: (
                stage.workbench.training.run is not None and stage.workbench.training.run.kept == 2
            ),
            PATIENCE_S,
            "what is kept",
        )
        run = stage.workbench.training.run
        assert run is not None
        assert run.stage is RunStage.FAILED
        assert run.sentence.endswith("Epoch 2 is kept.")
        assert len(faults) == 1
        stage.run("train.start", recipe="tiny-vae")
        wait(stage, RunStage.DONE)
    assert (folder / "tiny-vae" / "model.safetensors").is_file()
