"""Paths through the noise of a diffusion model, in the domain and in the session."""

import dataclasses
from pathlib import Path as FilePath

import numpy as np
import pytest

from latentviewer.app.settings import Settings
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.interpolation import slerp
from latentviewer.domain.noise_path import through_noise
from latentviewer.domain.path import Path, Waypoint
from latentviewer.domain.space import HOLDS_NOISE, Provenance, Space
from tests.app.conftest import Fakes
from tests.app.diffusing import Denoiser, WorkerByHand


@pytest.fixture
def worker() -> WorkerByHand:
    return WorkerByHand()


@pytest.fixture
def model() -> Denoiser:
    return Denoiser()


@pytest.fixture
def bench(fakes: Fakes, model: Denoiser, worker: WorkerByHand, tmp_path: FilePath) -> Workbench:
    services = dataclasses.replace(fakes.services(), open_model=lambda _name: model)
    made = Workbench(worker, services, Settings(), tmp_path)  # type: ignore[arg-type]
    made.commands.run("file.open_path", path="six.arrow")
    made.commands.run("path.add_row", row=0)
    made.commands.run("path.add_row", row=4)
    made.commands.run("path.frames", count=20)
    return made


def first_frames(bench: Workbench, worker: WorkerByHand) -> None:
    while bench.paths.film is None or not bench.paths.film.is_denoised:
        worker.turn()


def test_frames_are_slerped_between_the_noises_and_denoised(model: Denoiser) -> None:
    path = Path((Waypoint((3.0, 0.0)), Waypoint((0.0, 5.0))), frames=17, noise=True)
    *_, last = through_noise(path, model, 5, {"label": "b"})
    # The noise of the made-up model is its data plus 8, asked for b.
    ends = np.array([[11, 8], [8, 13]], np.float32)
    assert last.noise is not None
    np.testing.assert_allclose(last.noise[[0, -1]], ends, rtol=1e-6)
    lengths = np.linalg.norm(last.noise, axis=1)
    np.testing.assert_allclose(
        lengths, np.interp(lengths, *[sorted(np.linalg.norm(ends, axis=1))] * 2), rtol=1e-4
    )
    middle = slerp(*ends, np.array([0.5]))[0]
    assert np.linalg.norm(last.noise[8] - middle) < 0.2
    np.testing.assert_allclose(last.latents, last.noise - 8, atol=1e-5)
    assert (last.done, last.fraction) == (17, pytest.approx(1))
    assert last.waypoint_frames is not None
    assert last.waypoint_frames.tolist() == [0, 16]


def test_progress_never_goes_back_and_frames_come_in_order(model: Denoiser) -> None:
    path = Path((Waypoint((3.0, 0.0)), Waypoint((0.0, 5.0))), frames=20)
    come = [(step.fraction, step.done) for step in through_noise(path, model, 3, {})]
    assert come == sorted(come)
    assert come[-1] == (pytest.approx(1), 20)


def test_the_filmstrip_fills_as_frames_come(bench: Workbench, worker: WorkerByHand) -> None:
    bench.commands.run("path.mode", mode="noise")
    film = bench.paths.film
    assert film is not None
    # The film before stays until the first frames are there.
    assert not film.is_denoised
    done = []
    bench.paths.film_changed.connect(lambda film: done.append(film.done if film else None))
    worker.finish()
    assert done == [8, 16, 20]
    film = bench.paths.film
    assert film.whole
    assert film.images is not None
    assert film.places is not None
    assert film.far is not None
    np.testing.assert_allclose(film.latents[[0, -1]], [[0, 0], [4, 1]], atol=1e-5)
    np.testing.assert_allclose(film.places, film.latents, atol=1e-5)
    np.testing.assert_allclose(film.images[:, 0, 0, 0], film.latents[:, 0], atol=1e-5)


def test_a_frame_that_is_not_there_yet_is_not_shown_nor_exported(
    bench: Workbench, worker: WorkerByHand, fakes: Fakes
) -> None:
    bench.commands.run("path.mode", mode="noise")
    first_frames(bench, worker)
    bench.commands.run("path.show_frame", index=15)
    assert bench.paths.current == 7
    with pytest.raises(UserError, match="8 of 20 frames are denoised"):
        bench.paths.export_to("film.gif")
    worker.finish()
    bench.paths.export_to("film.gif")
    worker.finish()
    np.testing.assert_array_equal(fakes.exported[1], bench.paths.film.latents)


def test_a_cancelled_film_keeps_its_frames_and_is_taken_up_again(
    bench: Workbench, worker: WorkerByHand
) -> None:
    bench.commands.run("path.mode", mode="noise")
    first_frames(bench, worker)
    bench.commands.run("jobs.cancel")
    worker.finish()
    assert bench.paths.film.done == 8
    bench.commands.run("path.mode", mode="noise")
    worker.finish()
    assert bench.paths.film.whole


def test_the_latest_path_wins_and_undo_leaves_the_noise(
    bench: Workbench, worker: WorkerByHand
) -> None:
    bench.commands.run("path.mode", mode="noise")
    worker.turn(3)
    bench.commands.run("path.frames", count=10)
    worker.finish()
    film = bench.paths.film
    assert film is not None
    assert (len(film.latents), film.is_denoised) == (10, True)
    bench.commands.run("denoise.ask", what="label=c")
    worker.finish()
    assert bench.paths.film is not film
    for _ in range(3):
        bench.commands.run("edit.undo")
    assert not bench.paths.path.noise
    assert bench.paths.film is not None
    worker.finish()
    assert not bench.paths.film.is_denoised


def test_closing_the_space_ends_the_film(bench: Workbench, worker: WorkerByHand) -> None:
    bench.commands.run("path.mode", mode="noise")
    worker.turn(3)
    bench.commands.run("file.welcome")
    worker.finish()
    assert bench.paths.film is None


def test_noise_is_offered_only_where_there_is_one(opened: Workbench) -> None:
    with pytest.raises(UserError, match="Only a diffusion model has a noise"):
        opened.commands.run("path.mode", mode="noise")


def test_in_a_space_of_noise_every_path_is_denoised(
    bench: Workbench, worker: WorkerByHand, fakes: Fakes
) -> None:
    fakes.space = Space(
        "noise", np.array([[50, 0], [0, 50]], np.float32),
        provenance=Provenance("denoiser", extra={HOLDS_NOISE: True}),
    )  # fmt: skip
    bench.commands.run("file.open_path", path="noise.arrow")
    with pytest.raises(UserError, match="noise already"):
        bench.commands.run("path.mode", mode="noise")
    bench.commands.run("path.add_row", row=0)
    bench.commands.run("path.add_row", row=1)
    bench.commands.run("path.frames", count=3)
    worker.finish()
    film = bench.paths.film
    assert film is not None
    np.testing.assert_allclose(film.latents, [[40, -10], [15, 15], [-10, 40]], atol=1e-5)
    # Its frames stand where their noise does.
    assert film.places is not None
    np.testing.assert_allclose(film.places, [[50, 0], [25, 25], [0, 50]], atol=1e-5)
