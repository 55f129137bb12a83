"""The map's side of the session: which projection is shown, how, and where it comes from."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from latentviewer.app.colouring import as_categories
from latentviewer.app.layouts import layout_request, with_layout
from latentviewer.app.method_options import options_of, with_option, without_options
from latentviewer.app.naming import context_of
from latentviewer.app.projecting import Forming, Projecting
from latentviewer.app.services import LaidOut, MapResult
from latentviewer.app.signal import Signal
from latentviewer.app.state import Blend, MapSettings, SessionState
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.formula import unpacked
from latentviewer.domain.map_note import map_note
from latentviewer.domain.observation import ObservedInverse, observation_of
from latentviewer.domain.ports import Inverse
from latentviewer.domain.projection import Method, Value
from latentviewer.domain.space import Latents, Space
from latentviewer.domain.table import Numbers

RADIUS_STEPS = (1.0, 1.5, 2.0, 2.5, 3.5, 5.0, 7.0, 10.0)
_MAPS_OF_OTHERS = 8
METHOD_TITLES = {
    "pca": "PCA",
    "lda": "LDA",
    "umap": "UMAP",
    "tsne": "t-SNE",
    "pacmap": "PaCMAP",
    "densmap": "densMAP",
    "parametric": "Parametric UMAP",
    "isomap": "Isomap",
    "mds": "MDS",
    "axes": "Own axes",
}
"""What can be laid out, in the order of the list, and what the window calls it."""
_USUAL = "umap"


def map_key(method: str, dims: int) -> str:
    """The name a finished map is stored under, such as `umap_2d`."""
    return f"{method}_{dims}d"


def map_title(method: str, dims: int) -> str:
    """What a map is called in the window, such as `UMAP · 2D`."""
    return f"{METHOD_TITLES.get(method, method)} · {dims}D"


def methods(space: Space) -> tuple[str, ...]:
    """What can be laid out, and whatever maps the space brought along."""
    stored = [key.rsplit("_", 1)[0] for key in space.maps]
    return tuple(dict.fromkeys([*METHOD_TITLES, *stored]))


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
        projecting: what is being laid out.
        forming: emitted with the shown map while it takes shape, and with None when it has
            ended, or another one is shown.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._finished: dict[str, MapResult] = {}
        self._of_others: list[tuple[Latents, dict[str, MapResult]]] = []
        self._onto: Latents | None = None
        self._is_forming = False
        self.projecting = Projecting(workspace)
        self.forming: Signal[[Forming | None]] = Signal()
        self.projecting.changed.connect(self._on_projecting)
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

    def toggle_links(self) -> None:
        """Ties the sample under a resting cursor to its neighbours in latent space, or not."""
        self._change("Lines to neighbours", links=not self._workspace.state.map.links)

    def toggle_arrows(self) -> None:
        """Draws how samples move from this map to the second one, or not."""
        self._change("Arrows to the second map", arrows=not self._workspace.state.map.arrows)

    def toggle_thumbnails(self) -> None:
        """Pictures in place of discs when zoomed in."""
        self._change("Thumbnails", thumbnails=not self._workspace.state.map.thumbnails)

    def option(self, name: str, value: Value) -> None:
        """Sets an option of the shown method, such as `n_neighbors`; see `Method.parameters`."""
        method = self._method()
        kept = with_option(self._workspace.state.map, method, name, value)
        title = next(p.title for p in method.parameters if p.key == name)
        self._change(
            f"{method.title}: {title}", merge_key=f"option-{method.key}-{name}", options=kept
        )

    def reset_options(self) -> None:
        """The shown method's own options again."""
        method = self._method()
        kept = without_options(self._workspace.state.map, method)
        self._change(f"{method.title}: usual options", options=kept)

    def options(self, key: str) -> dict[str, Value]:
        """All options of a method as they are set now; none where it is not known."""
        method = self.method_of(key)
        return {} if method is None else options_of(self._workspace.state.map, method)

    def method_of(self, key: str) -> Method | None:
        """What is known of a method; None for maps that came with a space."""
        return next((m for m in self._workspace.services.methods if m.key == key), None)

    def compute(self, name: str | None = None) -> None:
        """Lays out a method's map anew with its present options, and shows it.

        Args:
            name: the method; None for the shown one, or UMAP where that needs no computing.
        """
        shown = self._workspace.state.map.method
        wanted = name or shown
        method = self.method_of(wanted)
        if method is None or not method.in_child:
            if name is not None:
                raise UserError(f"“{name}” is not computed; choose another projection.")
            wanted = _USUAL
        self._begin(wanted, None)
        if wanted != shown:
            self._change(f"Show {METHOD_TITLES[wanted]}", method=wanted)

    def queue(self, name: str) -> None:
        """Lays out another map behind what runs now; what is shown stays."""
        method = self.method_of(name)
        if method is None or not method.in_child:
            raise UserError(f"“{name}” is not computed; choose another projection.")
        self._begin(name, None)

    def go_on(self) -> None:
        """Lays out the shown method with its present options, from the picture as it is."""
        method = self._method()
        forming = self.projecting.forming(self._wanted_key())
        shown = self._workspace.shown_map
        if not method.in_child:
            raise UserError(f"{method.title} has no picture to go on from; it is exact.")
        if forming is not None and _stands(forming.embedding):
            start: Latents | None = np.array(forming.embedding)
        else:
            start = None if shown is None else shown.coordinates
        self._begin(method.key, start)

    def pause(self) -> None:
        """Has the map that forms wait, or go on."""
        keys = self.projecting.keys
        wanted = self._wanted_key()
        key = wanted if wanted in keys else next(iter(keys), None)
        if key is None:
            raise UserError("No map is forming.")
        self.projecting.pause(key)

    def stop(self) -> None:
        """Cancels every map that forms or waits."""
        self.projecting.cancel_all()

    @property
    def is_forming(self) -> bool:
        """Whether the shown map is on its way."""
        return self.projecting.forming(self._wanted_key()) is not None

    def _begin(self, name: str, start: Latents | None) -> None:
        workspace = self._workspace
        space, dims = workspace.space, workspace.state.map.dims
        method, key = self.method_of(name), map_key(name, dims)
        assert method is not None
        context = context_of(space, workspace.state)
        request = layout_request(space, method, dims, self.options(name), context, start)
        self.projecting.start(
            key,
            request,
            lambda made: self._finish(key, made, request.said),
            lambda: self._on_ended(key),
        )
        if key == self._wanted_key():
            # A half-formed map has no way back yet.
            workspace.shown_map = None
            workspace.sources_changed.emit()

    def _finish(self, key: str, made: LaidOut, options: Mapping[str, Value]) -> None:
        workspace = self._workspace
        self._finished.pop(key, None)
        workspace.session.amend(space=with_layout(workspace.space, key, made, options))
        if key == self._wanted_key():
            self._show()
        else:
            method, dims = key.rsplit("_", 1)
            workspace.say(f"{map_title(method, int(dims[0]))} is ready.")
        for sentence in made.notes:
            workspace.say(sentence)

    def _on_ended(self, key: str) -> None:
        """It was cancelled or failed: the map from before, or PCA."""
        if key != self._wanted_key():
            return
        if key in self._available():
            self._show()
        else:
            self._change("Show PCA", method="pca")

    def _on_projecting(self, key: str) -> None:
        if key == self._wanted_key():
            self._tell_forming()

    def _tell_forming(self) -> None:
        forming = self.projecting.forming(self._wanted_key())
        if forming is not None or self._is_forming:
            self._is_forming = forming is not None
            self.forming.emit(forming)

    def _method(self) -> Method:
        key = self._workspace.state.map.method
        method = self.method_of(key)
        if method is None:
            title = method_title(self._workspace.space, key)
            raise UserError(f"{title} came with {self._workspace.space.name}; it has no options.")
        return method

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
            self._tell_forming()
            self._show()

    def _show(self) -> None:
        space = self._workspace.state.space
        if space is None:
            return
        key, dims = self._wanted_key(), self._workspace.state.map.dims
        method = self._workspace.state.map.method
        if self.projecting.forming(key) is not None:
            self._workspace.shown_map = None
            self._workspace.sources_changed.emit()
        elif key in self._finished:
            self._install(key, self._finished[key])
        elif key in space.maps:
            stored, services = space.maps[key], self._workspace.services
            formula = unpacked(map_note(space, key).formula)
            title = method_title(space, method)
            self._workspace.call(
                lambda: described(
                    services.stored_map(space.latent, stored, formula, title), space, key
                ),
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
        elif self.method_of(method) is not None:
            self._compute_or_leave(method)
        else:
            raise UserError(
                f"{space.name} has no {dims}D map “{method}”; choose another projection."
            )

    def replace_inverse(self, of: MapResult, inverse: Inverse) -> None:
        """Another way back for a map, if it still is the shown one."""
        if self._workspace.shown_map is of:
            self._keep(self._wanted_key(), dataclasses.replace(of, inverse=inverse))

    def _compute_or_leave(self, method: str) -> None:
        """Begins; what cannot even begin leaves PCA."""
        try:
            self._begin(method, None)
        except UserError as error:
            self._workspace.fault(error)
            self._change("Show PCA", method="pca")

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


def _stands(embedding: Latents) -> bool:
    """Whether a forming map has begun to be laid out."""
    return len(embedding) > 0 and bool(np.ptp(embedding) > 0)
