"""The posterior of the shown sample as an ellipse on the map."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.preview import Answer
from latentviewer.app.previews import Previews
from latentviewer.app.services import MapResult
from latentviewer.app.signal import Signal
from latentviewer.app.workspace import Workspace
from latentviewer.domain.posterior_ellipse import linear_image, moments, sampled
from latentviewer.domain.space import Latents

_MOST_SAMPLES, _FEWEST_SAMPLES = 128, 24
_PRODUCTS_AT_MOST = 600_000_000
_PRODUCTS_PER_CALL = 20_000_000


@dataclass(frozen=True, eq=False)
class MapPosterior:
    """What the map draws.

    Attributes:
        row: the sample. centre: (2 or 3,) in map units. covariance: (k, k) of the map.
        samples: (m, k) where samples of the posterior were placed to find it, for their cloud
            need not look like an ellipse; None where the map is linear and it is exact.
    """

    row: int
    centre: NDArray[np.float64]
    covariance: NDArray[np.float64]
    samples: Latents | None


class Posteriors:
    """Finds the ellipse of what the preview shows: at once on a linear map, else at rest.

    Attributes:
        shown: what is drawn, or None. changed: emitted with it.
    """

    def __init__(self, workspace: Workspace, previews: Previews, enabled: bool) -> None:
        self._workspace, self._previews = workspace, previews
        self._enabled = enabled
        self._turn = 0
        self._placing: tuple[MapResult, int] | None = None
        self._sampled: tuple[MapResult, MapPosterior] | None = None
        self.shown: MapPosterior | None = None
        self.changed: Signal[[MapPosterior | None]] = Signal()
        previews.answered.connect(self._on_answer)
        previews.detailed.connect(lambda _details: self._place_samples())
        previews.cleared.connect(lambda: self._show(None))
        workspace.sources_changed.connect(self._on_sources)

    def enable(self, enabled: bool) -> None:
        """Whether ellipses are drawn; says why where this space has none."""
        self._enabled = enabled
        self._refresh()
        self._place_samples()
        space = self._workspace.state.space
        if enabled and space is not None and space.latent_std is None:
            self._workspace.say(
                f"{space.name} has no standard deviations, so there is no posterior to draw."
            )

    def _on_answer(self, answer: Answer) -> None:
        self._refresh(answer)

    def _on_sources(self) -> None:
        if self._sampled is not None and self._sampled[0] is not self._workspace.shown_map:
            self._sampled = None
        self._refresh()

    def _refresh(self, answer: Answer | None = None) -> None:
        answer = answer or self._previews.shown
        row = None if answer is None else answer.row
        result = self._workspace.shown_map
        std = self._std_of(row)
        if not self._enabled or row is None or result is None or std is None:
            self._stop()
            self._show(None)
        elif result.components is not None:
            centre = result.coordinates[row].astype(np.float64)
            covariance = linear_image(std, result.components)
            self._show(MapPosterior(row, centre, covariance, None))
        elif self._sampled is not None and self._sampled[1].row == row:
            self._show(self._sampled[1])
        else:
            if self._placing is None or self._placing[0] is not result or self._placing[1] != row:
                self._stop()
            self._show(None)

    def _stop(self) -> None:
        self._turn += 1
        self._placing = None

    def _std_of(self, row: int | None) -> Latents | None:
        space = self._workspace.state.space
        if space is None or space.latent_std is None or row is None or row >= len(space):
            return None
        std = space.latent_std[row]
        return std if np.isfinite(std).all() and (std >= 0).all() else None

    def _place_samples(self) -> None:
        """On a map without a formula: draws from the posterior, and places what was drawn."""
        answer, result = self._previews.shown, self._workspace.shown_map
        row = None if answer is None else answer.row
        std = self._std_of(row)
        if not self._enabled or row is None or result is None or std is None:
            return
        if self.shown is not None or self._placing is not None:
            return
        self._stop()
        self._placing = (result, row)
        turn = self._turn
        steps = _placing(self._workspace.space.latent, row, std, result)

        def go_on(placed: MapPosterior | None) -> None:
            if turn != self._turn:
                return
            if placed is None:
                self._workspace.call(lambda: next(steps), go_on)
            else:
                self._placing, self._sampled = None, (result, placed)
                self._show(placed)

        self._workspace.call(lambda: next(steps), go_on)

    def _show(self, posterior: MapPosterior | None) -> None:
        if posterior is not None or self.shown is not None:
            self.shown = posterior
            self.changed.emit(posterior)


def _placing(
    latents: Latents, row: int, std: Latents, result: MapResult
) -> Iterator[MapPosterior | None]:
    """Some samples at a time; None until all are placed. Fewer where the space is large."""
    count = int(min(max(_PRODUCTS_AT_MOST // max(latents.size, 1), _FEWEST_SAMPLES), _MOST_SAMPLES))
    drawn = sampled(latents[row], std, count)
    step = max(1, _PRODUCTS_PER_CALL // max(latents.size, 1))
    places = []
    for start in range(0, count, step):
        places.append(result.places(drawn[start : start + step]))
        if start + step < count:
            yield None
    cloud = np.concatenate(places)
    yield MapPosterior(row, *moments(cloud), cloud)
