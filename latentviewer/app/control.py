"""What a second map is a measure of: the control, and the neighbours both maps agree on."""

import dataclasses

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.beside import CONTROL, names
from latentviewer.app.companion import Companion
from latentviewer.app.layouts import layout_request, with_layout
from latentviewer.app.maps import Maps, map_key, method_title
from latentviewer.app.naming import context_of
from latentviewer.app.services import LaidOut
from latentviewer.app.state import Compared, Dims
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.map_note import MAPS
from latentviewer.domain.space import Latents, Space
from latentviewer.domain.table import Numbers
from latentviewer.jobs.progress import CancelToken
from latentviewer.jobs.worker import Job

SEED = 0


class Control:
    """Makes the control of the shown map and stands it beside.

    Each latent dimension keeps its values, in another order. What the map of it shows is the
    method's own doing, or that of single dimensions.
    """

    def __init__(self, workspace: Workspace, maps: Maps, companion: Companion) -> None:
        self._workspace, self._maps, self._companion = workspace, maps, companion
        companion.control_wanted.connect(self._show)

    def start(self) -> None:
        """For the shown method and dimensions."""
        settings = self._workspace.state.map
        self._show(Compared(CONTROL, settings.method, settings.dims))

    def colour_by_overlap(self) -> None:
        """Makes a column of the neighbours each sample has on both maps, and colours by it.

        Raises:
            UserError: no second map stands, or it is the control, whose samples are others.
        """
        workspace, beside = self._workspace, self._companion.beside
        first = workspace.shown_map
        if beside is None or beside.map is None or first is None:
            raise UserError("Two maps must stand side by side; choose Compare with…")
        if not beside.originals:
            raise UserError("The control's rows are no samples; compare with another space.")
        services, space, second = workspace.services, workspace.space, beside.map
        name = f"common neighbours, {names(space, beside.space)[1]}"

        def steps(_token: CancelToken) -> Job[NDArray[np.float32]]:
            count = len(second.coordinates)
            return (yield from services.overlap(first.coordinates[:count], second.coordinates))

        def done(shares: NDArray[np.float32]) -> None:
            now = workspace.state.space
            if now is None or now.latent is not space.latent:
                return
            values = np.full(len(now), np.nan)
            values[: len(shares)] = shares
            workspace.session.amend(space=now.with_column(name, Numbers(values)))
            self._maps.colour_by(name)
            if np.isfinite(values).any():
                workspace.say(f"{100 * np.nanmean(values):.0f} % of neighbours are common.")

        workspace.track(
            workspace.worker.submit(
                "Common neighbours", steps, done=done, failed=workspace.fault,
                progress=workspace.on_progress,
            )
        )  # fmt: skip

    def _show(self, wanted: Compared) -> None:
        workspace, space = self._workspace, self._workspace.space
        method = self._maps.method_of(wanted.method)
        if method is None:
            title = method_title(space, wanted.method)
            raise UserError(
                f"How “{title}” was made is not known, so there is no control of it; choose a "
                "projection that is computed here."
            )
        if len(space) < 3:
            raise UserError(f"{space.name} has too few samples for a control.")
        services, latents = workspace.services, space.latent

        def done(shuffled: Latents) -> None:
            made = _control_of(workspace.space, shuffled)
            self._companion.show(made, Compared(CONTROL, "pca", wanted.dims), originals=False)
            if method.in_child:
                self._lay_out(made, wanted.method, wanted.dims)

        workspace.call(lambda: services.shuffled(latents, SEED), done)

    def _lay_out(self, made: Space, name: str, dims: Dims) -> None:
        method, key = self._maps.method_of(name), map_key(name, dims)
        assert method is not None
        context = context_of(made, self._workspace.state)
        request = layout_request(made, method, dims, self._maps.options(name), context)
        request = dataclasses.replace(request, title=f"{request.title} of the control")

        def done(laid: LaidOut) -> None:
            beside = self._companion.beside
            if beside is not None and beside.space is made:
                self._companion.update(with_layout(made, key, laid, request.said), key)

        self._maps.projecting.start(CONTROL, request, done, lambda: None)


def _control_of(space: Space, shuffled: Latents) -> Space:
    extra = {name: value for name, value in space.provenance.extra.items() if name != MAPS}
    return Space(
        f"{space.name}, shuffled",
        shuffled,
        columns=space.columns,
        provenance=dataclasses.replace(space.provenance, extra=extra),
    )
