"""How far the shown map can be trusted: measured in the background, once for each map."""

import weakref
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.colouring import as_categories
from latentviewer.app.maps import Maps, map_title
from latentviewer.app.services import MapResult
from latentviewer.app.signal import Signal
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.map_judgement import MapJudgement
from latentviewer.domain.ports import Inverse
from latentviewer.domain.space import Space
from latentviewer.domain.table import Numbers
from latentviewer.jobs.progress import CancelToken
from latentviewer.jobs.worker import Job, JobHandle

T = TypeVar("T")

LOST, FALSE = "lost neighbours", "false neighbours"


class Judging:
    """Judges a map when it comes to be shown; says which samples it tore apart.

    Attributes:
        changed: emitted when a judgement came, or another map is shown.
    """

    def __init__(self, workspace: Workspace, maps: Maps) -> None:
        self._workspace, self._maps = workspace, maps
        # By the map itself: made anew under the same name, it is another one.
        self._found: weakref.WeakKeyDictionary[MapResult, MapJudgement] = (
            weakref.WeakKeyDictionary()
        )
        self._job: JobHandle | None = None
        self.changed: Signal[[]] = Signal()
        workspace.map_changed.connect(self._on_map)

    @property
    def judgement(self) -> MapJudgement | None:
        """Of the shown map; None while it is measured."""
        shown = self._workspace.shown_map
        return None if shown is None else self._found.get(shown)

    def colour_by_faults(self) -> None:
        """Makes two columns of the shown map's lost and false neighbours, coloured by the first.

        Raises:
            UserError: no map is shown.
        """
        workspace = self._workspace
        shown, space, settings = workspace.shown_map, workspace.space, workspace.state.map
        if shown is None or len(space) < 3:
            raise UserError("Wait for the map; there is none to look for faults in.")
        services, title = workspace.services, map_title(settings.method, settings.dims)

        def steps(_token: CancelToken) -> Job[tuple[NDArray[np.float32], NDArray[np.float32]]]:
            return (yield from services.neighbour_faults(space.latent, shown.coordinates))

        def done(found: tuple[NDArray[np.float32], NDArray[np.float32]]) -> None:
            now = workspace.state.space
            if now is None or now.latent is not space.latent:
                return
            made = now
            names = [f"{name}, {title}" for name in (LOST, FALSE)]
            for name, values in zip(names, found, strict=True):
                made = made.with_column(name, Numbers(values.astype(np.float64)))
            workspace.session.amend(space=made)
            self._maps.colour_by(names[0])

        self._submit("Neighbours of every sample", steps, done)

    def learn_way_back(self) -> None:
        """Trains a network from the shown map to its latents; it is kept where it is better.

        Raises:
            UserError: no map is shown, or its way back is exact.
        """
        workspace, shown = self._workspace, self._workspace.shown_map
        if shown is None:
            raise UserError("Wait for the map; there is none to find a way back from.")
        if shown.components is not None or not shown.inverse.name.startswith("weighted"):
            raise UserError(f"The way back is known already: {shown.inverse.name}.")
        services, latent = workspace.services, workspace.space.latent

        def steps(_token: CancelToken) -> Job[tuple[Inverse, float, float]]:
            return (yield from services.learn_inverse(latent, shown.coordinates))

        def done(found: tuple[Inverse, float, float]) -> None:
            inverse, error, before = found
            if error < before:
                self._maps.replace_inverse(shown, inverse)
                workspace.say(
                    f"The way back is learnt: error {error:.2f} in place of {before:.2f}."
                )
            else:
                workspace.say(f"A network leads back no better than neighbours ({before:.2f}).")

        self._submit("Learn the way back", steps, done)

    def check_selection(self) -> None:
        """Says whether the selected samples are a cluster, there and on the map.

        Raises:
            UserError: no map is shown.
        """
        workspace, shown = self._workspace, self._workspace.shown_map
        if shown is None:
            raise UserError("Wait for the map; there is none to look at the selection on.")
        services, latent = workspace.services, workspace.space.latent
        rows = workspace.state.selection.rows

        def steps(_token: CancelToken) -> Job[str]:
            return (yield from services.check_cluster(latent, shown.coordinates, rows))

        self._submit("Look at the selection", steps, workspace.say)

    def _submit(
        self, title: str, steps: Callable[[CancelToken], Job[T]], done: Callable[[T], None]
    ) -> None:
        workspace = self._workspace
        workspace.track(
            workspace.worker.submit(
                title, steps, done=done, failed=workspace.fault, progress=workspace.on_progress
            )
        )

    def _on_map(self, shown: MapResult | None) -> None:
        if self._job is not None:
            self._job.cancel()
            self._job = None
        self.changed.emit()
        space = self._workspace.state.space
        if space is None or shown is None or shown in self._found or len(space) < 3:
            return
        services, codes = self._workspace.services, _codes(space)
        latent, epoch = space.latent, self._workspace.epoch

        def steps(_token: CancelToken) -> Job[MapJudgement]:
            return (yield from services.judge(latent, shown, codes))

        def done(found: MapJudgement) -> None:
            self._job = None
            self._found[shown] = found
            if epoch == self._workspace.epoch:
                self.changed.emit()

        self._job = self._workspace.worker.submit(
            "Judge the map",
            steps,
            done=done,
            failed=lambda error: self._workspace.fault(error, epoch),
            gives_way=True,
        )


def _codes(space: Space) -> NDArray[np.int32] | None:
    """Of the column that names the samples, or None without one."""
    name = space.label_column()
    if name is None:
        return None
    return np.asarray(as_categories(space.columns[name]).codes, np.int32)
