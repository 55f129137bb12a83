"""The map's side of the session: which projection is shown, and UMAP while it forms."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from latentviewer.app.colouring import as_categories
from latentviewer.app.services import MapResult, UmapHandle
from latentviewer.app.signal import Signal
from latentviewer.app.state import Blend, Dims, MapSettings, SessionState
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.map_note import map_note
from latentviewer.domain.observation import ObservedInverse, observation_of
from latentviewer.domain.space import Latents, Space
from latentviewer.domain.table import Numbers
from latentviewer.jobs.progress import JobStatus

RADIUS_STEPS = (1.0, 1.5, 2.0, 2.5, 3.5, 5.0, 7.0, 10.0)
_MAPS_OF_OTHERS = 8
METHOD_TITLES = {"pca": "PCA", "umap": "UMAP"}


@dataclass(frozen=True, eq=False)
class Forming:
    """A UMAP that takes shape: its live coordinates (n, 2 or 3) and its job's status."""

    embedding: Latents
    dims: Dims
    status: JobStatus | None


def map_key(method: str, dims: int) -> str:
    """The name a finished map is stored under, such as `umap_2d`."""
    return f"{method}_{dims}d"


def map_title(method: str, dims: int) -> str:
    """What a map is called in the window, such as `UMAP · 2D`."""
    return f"{METHOD_TITLES.get(method, method)} · {dims}D"


def methods(space: Space) -> tuple[str, ...]:
    """What can be shown: PCA and UMAP, and whatever maps the space brought along."""
    stored = [key.rsplit("_", 1)[0] for key in space.maps]
    return tuple(dict.fromkeys(["pca", "umap", *stored]))


def method_title(space: Space, method: str) -> str:
    """What the window calls a method."""
    notes = (map_note(space, map_key(method, dims)) for dims in (2, 3))
    said = next((note.title for note in notes if note.title), method)
    return METHOD_TITLES.get(method, said)


def described(result: MapResult, space: Space, key: str) -> MapResult:
    """A stored map with what the space says of it: axes, and an exact way back if it has one."""
    note, observation = map_note(space, key), observation_of(space)
    exact = note.observed and observation is not None and result.coordinates.shape[1] == 2
    return dataclasses.replace(
        result,
        axes=tuple(axis.title for axis in note.axes) or result.axes,
        inverse=ObservedInverse(observation) if exact and observation else result.inverse,
        note=note,
    )


def own_method(space: Space, dims: int) -> str:
    """The map that a space has a title for, else its UMAP where it has one, else PCA."""
    end = f"_{dims}d"
    titled = [key for key in space.maps if key.endswith(end) and map_note(space, key).title]
    own = titled or [key for key in space.maps if key == map_key("umap", dims)]
    return own[0].removesuffix(end) if own else "pca"


def first_settings(space: Space) -> MapSettings:
    """How a space is shown when it opens: by its own map if it has one, coloured by label."""
    method = own_method(space, 2)
    label = space.label_column()
    if label is not None and len(as_categories(space.columns[label]).names) > max(
        len(space) // 2, 50
    ):
        label = None
    drawn = "sampled" in space.provenance.extra
    if label is None and drawn and "score" in space.columns:
        label = "score"
    radius = 3.5 if len(space) <= 3_000 else 2.5 if len(space) <= 200_000 else 1.5
    if map_note(space, map_key(method, 2)).observed:
        # Evenly spread over one area, they would run into one another.
        radius = 2.0 if len(space) <= 2_000 else 1.5 if len(space) <= 5_000 else 1.0
    return MapSettings(method=method, colour_by=label, radius=radius)


class Maps:
    """Keeps the shown map in step with the settings.

    Attributes:
        forming: emitted with a UMAP that takes shape, and with None when it ended.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._finished: dict[str, MapResult] = {}
        self._of_others: list[tuple[Latents, dict[str, MapResult]]] = []
        self._onto: Latents | None = None
        self._umap: UmapHandle | None = None
        self.forming: Signal[[Forming | None]] = Signal()
        workspace.session.changed.connect(self._on_state)

    def set_method(self, name: str) -> None:
        """Shows a projection; UMAP is computed if it is not there yet."""
        known = methods(self._workspace.space)
        if name not in known:
            raise UserError(f"There is no projection “{name}”; there are {', '.join(known)}.")
        space, dims = self._workspace.space, self._workspace.state.map.dims
        if not _can_show(space, name, dims):
            dims = 3 if dims == 2 else 2
        self._change(f"Show {method_title(space, name)}", method=name, dims=dims)

    def set_dims(self, dims: int) -> None:
        """2D or 3D."""
        if int(dims) not in (2, 3):
            raise UserError(f"A map has 2 or 3 dimensions, not {dims}.")
        space, method = self._workspace.space, self._workspace.state.map.method
        if not _can_show(space, method, int(dims)):
            raise UserError(
                f"“{method_title(space, method)}” has no {dims}D map; choose another projection."
            )
        self._change(f"{dims}D map", dims=int(dims))

    def colour_by(self, column: str | None) -> None:
        """Colours by a column; None or an empty name for one colour."""
        if column and column not in self._workspace.space.columns:
            raise UserError(f"{self._workspace.space.name} has no column “{column}”.")
        self._change(
            f"Colour by {column}" if column else "One colour",
            colour_by=column or None,
            hidden=frozenset(),
            value_range=None,
        )

    def toggle(self, name: str) -> None:
        """Shows or hides a category."""
        settings = self._workspace.state.map
        self._change(f"Show or hide {name or 'no label'}", hidden=settings.hidden ^ {name})

    def isolate(self, name: str) -> None:
        """Shows one category only; again shows all."""
        settings = self._workspace.state.map
        column = self._workspace.space.columns.get(settings.colour_by or "")
        if column is None or isinstance(column, Numbers):
            raise UserError("Colour by a column of labels first.")
        others = frozenset({*as_categories(column).names, ""}) - {name}
        self._change(
            f"Show only {name or 'no label'}",
            hidden=frozenset() if settings.hidden == others else others,
        )

    def set_value_range(self, low: float, high: float) -> None:
        """Shows only rows whose number lies between."""
        low, high = sorted((float(low), float(high)))
        self._change("Filter by value", merge_key="value-range", value_range=(low, high))

    def show_all(self) -> None:
        """Takes every filter away."""
        self._change("Show all points", hidden=frozenset(), value_range=None)

    def change_radius(self, step: int) -> None:
        """One step bigger or smaller."""
        radius = self._workspace.state.map.radius
        nearest = min(range(len(RADIUS_STEPS)), key=lambda i: abs(RADIUS_STEPS[i] - radius))
        chosen = RADIUS_STEPS[min(max(nearest + step, 0), len(RADIUS_STEPS) - 1)]
        self._change("Point size", merge_key="radius", radius=chosen)

    def set_blend(self, name: str) -> None:
        """Discs or density shading."""
        self._change("Overplotting", blend=Blend(name))

    def toggle_density(self) -> None:
        """Discs to density shading and back."""
        now = self._workspace.state.map.blend
        self.set_blend(Blend.DISCS if now is Blend.DENSITY else Blend.DENSITY)

    def toggle_names(self) -> None:
        """Writes beside the points what they are called, or not."""
        self._change("Names on the map", names=not self._workspace.state.map.names)

    def toggle_thumbnails(self) -> None:
        """Pictures in place of discs when zoomed in."""
        self._change("Thumbnails", thumbnails=not self._workspace.state.map.thumbnails)

    def compute_umap(self) -> None:
        """Computes UMAP of the present dimensions in the child process."""
        space, dims = self._workspace.space, self._workspace.state.map.dims
        self.stop()
        epoch = self._workspace.epoch
        key = map_key("umap", dims)

        def done(coordinates: Latents) -> None:
            self._umap = None
            self.forming.emit(None)
            if epoch == self._workspace.epoch:
                self._finished.pop(key, None)
                session = self._workspace.session
                session.amend(space=self._workspace.space.with_map(key, coordinates))
                settings = session.state.map
                if settings.method != "umap":
                    self._change("Show UMAP", method="umap")
                else:
                    self._show()

        def failed(error: BaseException) -> None:
            ended()
            self._workspace.fault(error, epoch)

        def ended() -> None:
            self._umap = None
            self.forming.emit(None)
            if epoch != self._workspace.epoch:
                return
            if self._wanted_key() in self._available():
                self._show()
            else:
                self._change("Show PCA", method="pca")

        def progress(status: JobStatus, _partial: object | None) -> None:
            self._workspace.on_progress(status)
            if self._umap is not None and status.state == "running":
                self.forming.emit(Forming(self._umap.embedding, dims, status))

        handle = self._workspace.services.start_umap(
            space.latent,
            dims,
            done=done,
            failed=failed,
            progress=progress,
            cancelled=ended,
            note=self._workspace.say,
        )
        self._umap = handle
        # A half-formed map has no way back yet.
        self._workspace.shown_map = None
        self._workspace.sources_changed.emit()
        self.forming.emit(Forming(handle.embedding, dims, None))

    def stop(self) -> None:
        """Cancels a UMAP that is forming."""
        if self._umap is not None:
            self._umap.cancel()

    @property
    def is_forming(self) -> bool:
        """Whether a UMAP is on its way."""
        return self._umap is not None

    def forget(self) -> None:
        """Drops what belonged to another space."""
        self.stop()
        self._finished = {}
        self._of_others, self._onto = [], None

    def change_latents(self, old: Latents, new: Latents, onto: Latents | None) -> None:
        """The same samples have other latents now; maps of the old ones are kept for a while.

        Args:
            onto: the map (n, 2 or 3) that new maps are turned to, so that what did not move
                stands still.
        """
        self.stop()
        others = [(latents, maps) for latents, maps in self._of_others if latents is not new]
        found = [maps for latents, maps in self._of_others if latents is new]
        self._of_others = [*others, (old, self._finished)][-_MAPS_OF_OTHERS:]
        self._finished = found[0] if found else {}
        self._onto = onto

    def show(self) -> None:
        """Brings the map for the present settings, computing it where needed."""
        self._show()

    def _change(self, title: str, merge_key: str | None = None, **fields: Any) -> None:
        settings = dataclasses.replace(self._workspace.state.map, **fields)
        if settings != self._workspace.state.map:
            self._workspace.session.change(title, merge_key=merge_key, map=settings)

    def _wanted_key(self) -> str:
        settings = self._workspace.state.map
        return map_key(settings.method, settings.dims)

    def _available(self) -> frozenset[str]:
        space = self._workspace.state.space
        return frozenset({"pca_2d", "pca_3d"} | set(() if space is None else space.maps))

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        same_space = (
            old.space is not None and new.space is not None and old.space.latent is new.space.latent
        )
        if same_space and (old.map.method, old.map.dims) != (new.map.method, new.map.dims):
            self._show()

    def _show(self) -> None:
        space = self._workspace.state.space
        if space is None:
            return
        key, dims = self._wanted_key(), self._workspace.state.map.dims
        method = self._workspace.state.map.method
        if key in self._finished:
            self._install(key, self._finished[key])
        elif key in space.maps:
            stored, services = space.maps[key], self._workspace.services
            self._workspace.call(
                lambda: described(services.stored_map(method, space.latent, stored), space, key),
                lambda result: self._keep(key, result),
            )
        elif method == "pca":
            services, onto = self._workspace.services, self._onto
            if onto is not None and onto.shape != (len(space), dims):
                onto = None

            def pca() -> MapResult:
                if onto is None:
                    return services.pca(space.latent, dims)
                return services.pca_onto(space.latent, dims, onto)

            self._workspace.call(pca, lambda result: self._keep(key, result))
        elif method == "umap":
            self.compute_umap()
        else:
            raise UserError(
                f"{space.name} has no {dims}D map “{method}”; choose another projection."
            )

    def _keep(self, key: str, result: MapResult) -> None:
        self._finished[key] = result
        if key == self._wanted_key():
            self._install(key, result)

    def _install(self, key: str, result: MapResult) -> None:
        self._workspace.shown_map = result
        self._workspace.map_changed.emit(result)
        self._workspace.sources_changed.emit()


def _can_show(space: Space, method: str, dims: int) -> bool:
    """Whether the map is there or can be computed."""
    return method in METHOD_TITLES or map_key(method, dims) in space.maps
