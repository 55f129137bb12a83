"""The posterior of the shown sample on the map, without a window."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.app.services import MapResult
from latentviewer.app.settings import Settings
from latentviewer.app.state import PlaceTarget, RowTarget
from latentviewer.app.workbench import Workbench
from tests.app.conftest import Fakes, SameInverse, WorkerNow, six


class LinearFakes(Fakes):
    """A PCA that says it is linear: the second map axis is twice the second number."""

    def pca(self, latents: Any, dims: int) -> MapResult:
        components = np.zeros((dims, 2))
        components[0, 0], components[1, 1] = 1, 2
        places = (latents @ components.T).astype(np.float32)
        return MapResult(
            places, SameInverse(), lambda z: z @ components.T, ("", "", "")[:dims], components
        )


def workbench_of(fakes: Fakes, folder: Path, settings: Settings | None = None) -> Workbench:
    made = Workbench(WorkerNow(), fakes.services(), settings or Settings(), folder)  # type: ignore[arg-type]
    made.commands.run("file.open_path", path="six.arrow")
    return made


@pytest.fixture
def linear(tmp_path: Path) -> Workbench:
    return workbench_of(LinearFakes(), tmp_path)


@pytest.fixture
def curved(tmp_path: Path) -> Workbench:
    return workbench_of(Fakes(), tmp_path)


def test_on_a_linear_map_it_is_exact_and_there_at_once(linear: Workbench) -> None:
    linear.previews.hover(RowTarget(4))
    shown = linear.posteriors.shown
    assert shown is not None
    assert (shown.row, shown.samples) == (4, None)
    assert shown.centre.tolist() == [4, 2]
    np.testing.assert_allclose(shown.covariance, [[0.25, 0], [0, 1]])
    linear.previews.hover(PlaceTarget((3.0, 1.0)))
    assert linear.posteriors.shown is None


def test_in_3d_it_has_three_dimensions(linear: Workbench) -> None:
    linear.previews.hover(RowTarget(4))
    linear.commands.run("map.dims", dims=3)
    shown = linear.posteriors.shown
    assert shown is not None
    assert shown.covariance.shape == (3, 3)
    linear.commands.run("map.dims", dims=2)
    assert linear.posteriors.shown is not None
    assert linear.posteriors.shown.covariance.shape == (2, 2)


def test_on_another_map_samples_are_placed_when_the_cursor_rests(curved: Workbench) -> None:
    curved.previews.hover(RowTarget(4))
    assert curved.posteriors.shown is None
    curved.previews.settle()
    shown = curved.posteriors.shown
    assert shown is not None
    assert shown.samples is not None
    assert shown.samples.shape == (128, 2)
    np.testing.assert_allclose(shown.centre, [4, 1], atol=0.2)
    np.testing.assert_allclose(shown.covariance, np.eye(2) * 0.25, atol=0.1)
    curved.previews.refresh()
    assert curved.posteriors.shown is shown
    curved.previews.hover(RowTarget(5))
    assert curved.posteriors.shown is None


def test_editing_a_sample_leaves_its_posterior_where_it_is(linear: Workbench) -> None:
    linear.commands.run("preview.pin_row", row=4)
    linear.commands.run("preview.set_dimension", index=0, value=-9.0)
    shown = linear.posteriors.shown
    assert shown is not None
    assert shown.centre.tolist() == [4, 2]


def test_toggling_is_remembered_and_takes_it_away(tmp_path: Path, linear: Workbench) -> None:
    linear.previews.hover(RowTarget(4))
    linear.commands.run("map.toggle_posterior")
    assert linear.posteriors.shown is None
    assert not linear.settings.posterior
    linear.previews.hover(RowTarget(3))
    assert linear.posteriors.shown is None
    again = workbench_of(LinearFakes(), tmp_path, linear.settings)
    again.previews.hover(RowTarget(4))
    assert again.posteriors.shown is None
    again.commands.run("map.toggle_posterior")
    assert again.posteriors.shown is not None


@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_standard_deviations_that_are_none_draw_nothing(tmp_path: Path, bad: float) -> None:
    fakes = LinearFakes()
    std = np.full((6, 2), 0.5, np.float32)
    std[4, 1] = bad
    fakes.space = dataclasses.replace(six(), latent_std=std)
    workbench = workbench_of(fakes, tmp_path)
    workbench.previews.hover(RowTarget(4))
    assert workbench.posteriors.shown is None
    workbench.previews.hover(RowTarget(3))
    assert workbench.posteriors.shown is not None


def test_without_standard_deviations_the_command_says_why(tmp_path: Path) -> None:
    fakes = LinearFakes()
    fakes.space = dataclasses.replace(six(), latent_std=None)
    workbench = workbench_of(fakes, tmp_path)
    heard: list[str] = []
    workbench.workspace.message.connect(lambda text, _fault: heard.append(text))
    workbench.previews.hover(RowTarget(4))
    workbench.previews.settle()
    assert workbench.posteriors.shown is None
    workbench.commands.run("map.toggle_posterior")
    assert heard == []
    workbench.commands.run("map.toggle_posterior")
    assert heard == ["six has no standard deviations, so there is no posterior to draw."]


def test_it_goes_with_its_space(linear: Workbench) -> None:
    linear.previews.hover(RowTarget(4))
    linear.commands.run("file.welcome")
    assert linear.posteriors.shown is None
