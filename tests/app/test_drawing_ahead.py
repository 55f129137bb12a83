"""Pictures that take long to draw are drawn while nobody waits for them."""

import time
from typing import Any

import numpy as np

from latentviewer.app.state import RowTarget
from latentviewer.app.workbench import Workbench
from latentviewer.domain.space import Provenance, Space
from tests.app.conftest import Fakes, Squares


class SlowSquares(Squares):
    """Each picture takes a while; which ones were asked for is noted."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.asked: list[int] = []

    def images(self, rows: Any) -> Any:
        time.sleep(0.002 * len(rows))
        self.asked += rows.tolist()
        return super().images(rows)


def many(count: int, **known: Any) -> Space:
    latent = np.random.default_rng(0).random((count, 2), np.float32)
    return Space("many", latent, provenance=Provenance("doubling", None, "squares", known))


def test_every_picture_is_drawn_once(workbench: Workbench, fakes: Fakes) -> None:
    data = SlowSquares(20)
    fakes.space = many(20)
    fakes.open_data = lambda name: data  # type: ignore[method-assign]
    workbench.workspace.services = fakes.services()
    workbench.commands.run("file.open_path", path="many")
    assert data.asked == list(range(20))
    workbench.previews.hover(RowTarget(7))
    shown = workbench.previews.shown
    assert shown is not None
    assert shown.original is not None
    np.testing.assert_allclose(shown.original, 70 / 255, rtol=1e-6)
    assert data.asked == list(range(20))


def test_only_the_samples_of_the_space_are_drawn(workbench: Workbench, fakes: Fakes) -> None:
    data = SlowSquares(30)
    fakes.space = many(11, first=11)
    fakes.open_data = lambda name: data  # type: ignore[method-assign]
    workbench.workspace.services = fakes.services()
    workbench.commands.run("file.open_path", path="many")
    assert data.asked == list(range(11))
    assert workbench.workspace.data is not None
    assert len(workbench.workspace.data) == 11
