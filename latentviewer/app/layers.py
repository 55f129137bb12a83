"""The layers of a model as spaces of the same samples: one is shown, the others are at hand."""

import dataclasses
from collections import OrderedDict
from pathlib import PurePath
from typing import Any

from latentviewer.app.abilities import abilities
from latentviewer.app.maps import Maps, map_key
from latentviewer.app.opening import Opening
from latentviewer.app.services import MapResult
from latentviewer.app.signal import Signal
from latentviewer.app.state import LatentTarget, PlaceTarget, RowTarget, SavedLatent, SessionState
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.path import Path, Waypoint
from latentviewer.domain.ports import Capability, Layered
from latentviewer.domain.space import Latents, Space
from latentviewer.jobs.worker import JobHandle

KEPT_BYTES = 512 << 20
"""How much of latents is kept for going back to; the opened ones and the shown are kept anyway."""


class Layers:
    """Computes a layer's features once, and shows them as the space's latents.

    What is bound to samples stays: selection, groups, colours, the shown sample, waypoints that
    are samples. What is bound to latents stays with its layer.

    Attributes:
        pending: the layer that is being computed, or None.
        changed: the names, the shown one, the pending one, or why there are none, changed.
    """

    def __init__(self, workspace: Workspace, maps: Maps, opening: Opening) -> None:
        self._workspace, self._maps, self._opening = workspace, maps, opening
        self._spaces: OrderedDict[str, Space] = OrderedDict()
        self._saved: dict[str, tuple[SavedLatent, ...]] = {}
        self._last_map: MapResult | None = None
        self._job: JobHandle | None = None
        self.pending: str | None = None
        self.changed: Signal[[]] = Signal()
        workspace.session.changed.connect(self._on_state)
        workspace.map_changed.connect(self._on_map)
        workspace.sources_changed.connect(self.changed.emit)

    @property
    def names(self) -> tuple[str, ...]:
        """From the input to the output; none where the model has no layers."""
        model = self._workspace.model
        can = self._workspace.can(Capability.LAYERS)
        if model is None or not can or not isinstance(model, Layered):
            return ()
        return model.layers

    @property
    def current(self) -> str:
        """The layer whose features are the latents; empty where there are no layers."""
        return self._workspace.state.layer or self._opened_layer

    @property
    def why_not(self) -> str:
        """Why no other layer can be shown, or nothing."""
        return abilities(self._workspace).layers

    def choose(self, name: str) -> None:
        """Shows a layer; its features are computed first where they are not at hand."""
        if name not in self.names:
            why = abilities(self._workspace).layers
            known = " or ".join(self.names)
            raise UserError(f"There is no layer “{name}”; choose {known}." if known else why)
        self._stop()
        if name == self.current:
            self.changed.emit()
            return
        kept = self._spaces.get(self._key(name))
        if kept is not None:
            self._show(name, kept)
        elif self.why_not:
            raise UserError(self.why_not)
        else:
            self._compute(name)

    def _key(self, name: str) -> str:
        return "" if name == self._opened_layer else name

    @property
    def _opened_layer(self) -> str:
        opened, names = self._spaces.get(""), self.names
        if opened is None or not names:
            return ""
        named = opened.provenance.extra.get("layer")
        return named if named in names else names[-1]

    def _compute(self, name: str) -> None:
        workspace = self._workspace
        model, data, epoch = workspace.model, workspace.data, workspace.epoch
        assert model is not None
        assert data is not None
        services = workspace.services
        self.pending = name
        self.changed.emit()

        def ended() -> None:
            if self.pending == name and epoch == workspace.epoch:
                self.pending, self._job = None, None
                self.changed.emit()

        def done(features: Latents) -> None:
            if epoch != workspace.epoch:
                return
            ended()
            try:
                self._show(name, self._space_of(name, features))
            except UserError as error:
                workspace.fault(error)

        def failed(error: BaseException) -> None:
            ended()
            workspace.fault(error, epoch)

        self._job = workspace.worker.submit(
            f"Layer {name}",
            lambda _token: services.features(model, data, name),
            done=done,
            failed=failed,
            progress=workspace.on_progress,
            cancelled=ended,
        )
        workspace.track(self._job)

    def _space_of(self, name: str, features: Latents) -> Space:
        space, model = self._workspace.space, self._workspace.model
        assert model is not None
        origin = space.provenance
        return Space(
            f"{PurePath(origin.data or space.name).name} by {name} of {model.card.name}",
            features,
            columns=space.columns,
            provenance=dataclasses.replace(origin, extra={**origin.extra, "layer": name}),
        )

    def _show(self, name: str, space: Space) -> None:
        state, key = self._workspace.state, self._key(name)
        space = dataclasses.replace(space, columns=self._workspace.space.columns)
        self._saved[state.layer] = state.saved
        settings = state.map
        if map_key(settings.method, settings.dims) not in space.maps:
            settings = dataclasses.replace(settings, method="pca")
        self._workspace.session.change(
            f"Show layer {name}",
            space=space,
            layer=key,
            map=settings,
            path=_path_in(space, state.path),
            saved=self._saved.get(key, ()),
            pinned=_sample_of(state.pinned),
        )

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()
        self.pending, self._job = None, None

    def _on_map(self, shown: MapResult | None) -> None:
        if shown is not None:
            self._last_map = shown

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        if self._workspace.switches_layer(old, new):
            assert old.space is not None
            assert new.space is not None
            self._stop()
            onto = None if self._last_map is None else self._last_map.coordinates
            self._maps.change_latents(old.space.latent, new.space.latent, onto)
            self._keep(new.layer, new.space)
            self._workspace.sources_changed.emit()
            self._maps.show()
            self._opening.measure_distance()
            self.changed.emit()
        elif new.space is None or old.space is None or new.space.latent is not old.space.latent:
            self._stop()
            self._spaces.clear()
            self._saved.clear()
            self._last_map = None
            self.changed.emit()
        if new.space is not None:
            self._keep(new.layer, new.space)

    def _keep(self, layer: str, space: Space) -> None:
        self._spaces[layer] = space
        self._spaces.move_to_end(layer)
        for other in list(self._spaces):
            if sum(kept.latent.nbytes for kept in self._spaces.values()) <= KEPT_BYTES:
                return
            if other not in ("", layer):
                del self._spaces[other]


def _path_in(space: Space, path: Path) -> Path:
    """Waypoints that are samples, at their places in another layer."""
    kept = tuple(
        Waypoint(tuple(float(v) for v in space.latent[w.row]), w.row, w.label)
        for w in path.waypoints
        if w.row is not None
    )
    return dataclasses.replace(path, waypoints=kept)


def _sample_of(target: Any) -> RowTarget | None:
    """The sample that is shown or was edited; places and other latents belong to a layer."""
    if isinstance(target, RowTarget):
        return target
    if isinstance(target, PlaceTarget) or target is None:
        return None
    assert isinstance(target, LatentTarget)
    return None if target.row is None else RowTarget(target.row)
