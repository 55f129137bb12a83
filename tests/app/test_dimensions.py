"""Measuring the dimensions and decoding their traversals, without a window."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.app.settings import Settings
from latentviewer.app.state import LatentTarget, PlaceTarget, RowTarget
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability
from latentviewer.domain.space import Provenance, Space
from tests.app.conftest import DoublingModel, Fakes, WorkerNow


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


class WorkerLater(WorkerNow):
    """Keeps calls until the test lets them happen; where `blind`, answers no preview."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Callable[[], None]] = []
        self.held = False
        self.blind = False

    def preview(self, epoch: int, seq: int, work: Any, show: Any, fail: Any) -> None:
        if not self.blind:
            super().preview(epoch, seq, work, show, fail)

    def call(self, work: Any, done: Any, failed: Any) -> None:
        if self.held:
            self.waiting.append(lambda: WorkerNow.call(self, work, done, failed))
        else:
            super().call(work, done, failed)

    def go_on(self) -> None:
        self.waiting.pop(0)()


class Decoded:
    """What came, by dimension."""

    def __init__(self, workbench: Workbench) -> None:
        self.rows: dict[int, Any] = {}
        self.batches: list[tuple[int, ...]] = []
        workbench.dimensions.decoded.connect(self._take)

    def _take(self, dimensions: Any, images: Any) -> None:
        self.batches.append(tuple(dimensions))
        self.rows.update(zip(dimensions, images, strict=True))


def of_model(space: Space) -> Space:
    return dataclasses.replace(space, provenance=Provenance(model="doubling", data="squares"))


def test_the_dimension_that_carries_most_comes_first(opened: Workbench) -> None:
    dimensions = opened.dimensions
    assert dimensions.measures is None
    dimensions.watch(True)
    measures = dimensions.measures
    assert measures is not None
    latent = opened.workspace.space.latent
    expected = (0.5 * (latent.astype(float) ** 2 + 0.25 - 1 - np.log(0.25))).mean(0)
    assert measures.kl is not None
    np.testing.assert_allclose(measures.kl, expected)
    assert measures.order.tolist() == [0, 1]
    np.testing.assert_allclose(measures.variance, latent.var(0), rtol=1e-6)
    assert measures.has_prior
    assert (measures.values[:, 0].tolist(), measures.values[:, -1].tolist()) == ([-3, -3], [3, 3])


def test_without_standard_deviations_variance_decides(workbench: Workbench, fakes: Fakes) -> None:
    latent = np.array([[0, 0], [0.01, 5], [0, -5]], np.float32)
    fakes.space = of_model(Space("ae", latent))
    workbench.commands.run("file.open_path", path="ae.arrow")
    workbench.dimensions.watch(True)
    measures = workbench.dimensions.measures
    assert measures is not None
    assert measures.kl is None
    assert measures.order.tolist() == [1, 0]
    assert measures.active.tolist() == [False, True]


def test_negative_standard_deviations_are_a_fault_and_variance_decides(
    workbench: Workbench, fakes: Fakes
) -> None:
    latent = np.array([[0, 1], [3, 1]], np.float32)
    fakes.space = of_model(Space("bad", latent, np.full((2, 2), -1, np.float32)))
    workbench.commands.run("file.open_path", path="bad.arrow")
    workbench.dimensions.watch(True)
    measures = workbench.dimensions.measures
    assert measures is not None
    assert measures.kl is None
    assert "negative" in measures.fault


def test_without_a_prior_traversals_go_where_the_data_are(
    workbench: Workbench, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = dataclasses.replace(DoublingModel.card, capabilities=frozenset({Capability.DECODE}))
    monkeypatch.setattr(DoublingModel, "card", card)
    latent = np.column_stack([np.linspace(4, 8, 101), np.full(101, 2)]).astype(np.float32)
    fakes.space = of_model(Space("ae", latent))
    workbench.commands.run("file.open_path", path="ae.arrow")
    workbench.dimensions.watch(True)
    measures = workbench.dimensions.measures
    assert measures is not None
    assert not measures.has_prior
    np.testing.assert_allclose(measures.values[0, [0, -1]], [4.04, 7.96], rtol=1e-5)
    np.testing.assert_array_equal(measures.values[1], np.full(9, 2))


def test_pictures_go_through_what_is_shown_and_change_in_one_dimension(opened: Workbench) -> None:
    came = Decoded(opened)
    opened.previews.hover(RowTarget(5))
    opened.dimensions.watch(True)
    base = opened.dimensions.base
    assert base is not None
    assert base.title == "#5"
    opened.dimensions.want([0])
    assert list(came.rows) == [0]
    np.testing.assert_allclose(came.rows[0][:, 0, 0, 0], np.linspace(-3, 3, 9))
    np.testing.assert_allclose(came.rows[0][:, 1, 0, 0], np.full(9, 2))


def test_with_nothing_shown_they_go_through_the_mean(opened: Workbench) -> None:
    opened.dimensions.watch(True)
    base = opened.dimensions.base
    assert base is not None
    assert base.title == "Mean of the space"
    np.testing.assert_allclose(base.latent, [2.5, 1])


def test_pointing_shows_a_picture_and_moves_nothing(opened: Workbench) -> None:
    opened.commands.run("preview.pin_row", row=4)
    dimensions = opened.dimensions
    dimensions.watch(True)
    dimensions.point(0, 8)
    shown = opened.previews.shown
    assert shown is not None
    assert (shown.latent.tolist(), shown.row, shown.title) == ([3, 1], 4, "Edited #4 · b")
    dimensions.follow()
    assert dimensions.base is not None
    assert dimensions.base.latent.tolist() == [4, 1]
    dimensions.leave()
    shown = opened.previews.shown
    assert shown is not None
    assert shown.latent.tolist() == [4, 1]


def test_leaving_with_nothing_pinned_shows_the_base_again(opened: Workbench) -> None:
    opened.previews.hover(PlaceTarget((3.0, 1.0)))
    opened.dimensions.watch(True)
    opened.dimensions.point(1, 0)
    opened.dimensions.leave()
    assert opened.previews.shown is not None
    assert opened.previews.shown.latent.tolist() == [3, 1]
    assert opened.previews.shown.inverse_name is not None


def test_choosing_sets_the_dimension_can_be_undone_and_is_gone_through_next(
    opened: Workbench,
) -> None:
    opened.commands.run("preview.pin_row", row=4)
    dimensions = opened.dimensions
    dimensions.watch(True)
    dimensions.point(0, 8)
    opened.commands.run("preview.set_dimension", index=0, value=3.0)
    dimensions.follow()
    assert dimensions.base is not None
    assert dimensions.base.latent.tolist() == [3, 1]
    dimensions.point(1, 0)
    opened.commands.run("preview.set_dimension", index=1, value=-3.0)
    pinned = opened.workspace.state.pinned
    assert isinstance(pinned, LatentTarget)
    assert (pinned.latent.tolist(), pinned.title) == ([3, -3], "Edited #4 · b")
    opened.commands.run("edit.undo")
    opened.commands.run("edit.undo")
    assert isinstance(opened.workspace.state.pinned, RowTarget)


def test_the_mean_can_be_pinned(opened: Workbench) -> None:
    opened.commands.run("preview.show_mean")
    assert opened.previews.shown is not None
    np.testing.assert_allclose(opened.previews.shown.latent, [2.5, 1])
    opened.commands.run("edit.undo")
    assert opened.workspace.state.pinned is None


def test_nothing_is_measured_or_decoded_while_nobody_looks(opened: Workbench) -> None:
    came = Decoded(opened)
    opened.dimensions.want([0, 1])
    opened.previews.hover(RowTarget(1))
    assert opened.dimensions.measures is None
    assert came.rows == {}


@pytest.fixture
def later(fakes: Fakes, tmp_path: Path) -> tuple[Workbench, WorkerLater]:
    worker = WorkerLater()
    workbench = Workbench(worker, fakes.services(), Settings(), tmp_path)  # type: ignore[arg-type]
    latent = np.random.default_rng(0).standard_normal((20, 2)).astype(np.float32)
    fakes.space = of_model(Space("twenty", latent, np.full((20, 2), 0.5, np.float32)))
    workbench.commands.run("file.open_path", path="twenty.arrow")
    workbench.dimensions.watch(True)
    worker.held = True
    return workbench, worker


def test_what_is_wanted_last_is_decoded_and_only_one_call_waits(
    later: tuple[Workbench, WorkerLater],
) -> None:
    workbench, worker = later
    came = Decoded(workbench)
    for wanted in ([0], [1], [0, 1], [1]):
        workbench.dimensions.want(wanted)
    assert len(worker.waiting) == 1
    worker.go_on()
    worker.go_on()
    assert came.batches == [(0,), (1,)]
    assert worker.waiting == []


def test_a_model_that_goes_while_it_decodes_leaves_no_picture_behind(
    later: tuple[Workbench, WorkerLater],
) -> None:
    workbench, worker = later
    came = Decoded(workbench)
    workbench.dimensions.want([0, 1])
    workbench.workspace.model = None
    workbench.workspace.sources_changed.emit()
    worker.go_on()
    assert came.rows == {}
    assert workbench.dimensions.why_not() is not None
    assert worker.waiting == []


def test_another_latent_drops_what_was_asked_for_the_last(
    later: tuple[Workbench, WorkerLater],
) -> None:
    workbench, worker = later
    came = Decoded(workbench)
    workbench.dimensions.want([0])
    workbench.previews.hover(RowTarget(3))
    workbench.dimensions.follow()
    workbench.dimensions.want([0])
    worker.go_on()
    assert came.rows == {}
    worker.go_on()
    assert list(came.rows) == [0]
    latent = workbench.workspace.space.latent[3]
    np.testing.assert_allclose(came.rows[0][:, 1, 0, 0], np.full(9, latent[1]), rtol=1e-6)


def test_a_decoder_that_fails_says_so_once(
    later: tuple[Workbench, WorkerLater], monkeypatch: pytest.MonkeyPatch
) -> None:
    workbench, worker = later
    heard: list[str] = []
    workbench.workspace.message.connect(lambda text, _fault: heard.append(text))

    def fail(self: DoublingModel, latents: Any) -> Any:
        raise UserError("The decoder is broken; choose another model.")

    monkeypatch.setattr(DoublingModel, "decode", fail)
    workbench.dimensions.want([0])
    workbench.dimensions.want([0, 1])
    worker.go_on()
    workbench.dimensions.want([0, 1])
    assert heard == ["The decoder is broken; choose another model."]
    assert worker.waiting == []


def test_every_reason_for_an_empty_tab_is_a_sentence(
    workbench: Workbench, fakes: Fakes, monkeypatch: pytest.MonkeyPatch
) -> None:
    reasons = [workbench.dimensions.why_not()]
    fakes.space = Space("plain", np.zeros((3, 2), np.float32))
    workbench.commands.run("file.open_path", path="plain")
    reasons.append(workbench.dimensions.why_not())
    fakes.space = of_model(Space("lost", np.zeros((3, 2), np.float32)))
    workbench.commands.run("file.open_path", path="lost")
    workbench.workspace.model = None
    reasons.append(workbench.dimensions.why_not())
    fakes.space = of_model(Space("none", np.zeros((0, 2), np.float32)))
    workbench.commands.run("file.open_path", path="none")
    reasons.append(workbench.dimensions.why_not())
    card = dataclasses.replace(DoublingModel.card, capabilities=frozenset({Capability.ENCODE}))
    monkeypatch.setattr(DoublingModel, "card", card)
    workbench.workspace.sources_changed.emit()
    reasons.append(workbench.dimensions.why_not())
    assert all(reason and reason.endswith(".") for reason in reasons)
    assert len(set(reasons)) == 5
    workbench.dimensions.watch(True)
    assert workbench.dimensions.measures is None


def test_one_sample_can_be_traversed(workbench: Workbench, fakes: Fakes) -> None:
    fakes.space = of_model(Space("one", np.ones((1, 2), np.float32), np.ones((1, 2), np.float32)))
    workbench.commands.run("file.open_path", path="one")
    workbench.dimensions.watch(True)
    measures = workbench.dimensions.measures
    assert measures is not None
    assert not measures.active.any()
    came = Decoded(workbench)
    workbench.dimensions.want([1])
    assert list(came.rows) == [1]


def test_a_hand_quicker_than_the_decoder_sets_what_it_points_at(
    later: tuple[Workbench, WorkerLater],
) -> None:
    workbench, worker = later
    workbench.commands.run("preview.pin_row", row=4)
    workbench.dimensions.follow()
    workbench.dimensions.point(0, 8)
    worker.blind = True
    workbench.dimensions.point(1, 0)
    workbench.commands.run("preview.set_dimension", index=1, value=-3.0)
    pinned = workbench.workspace.state.pinned
    assert isinstance(pinned, LatentTarget)
    assert pinned.latent.tolist() == [workbench.workspace.space.latent[4, 0], -3]
