"""Keeps the map panel in step with the session."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.abilities import abilities
from latentviewer.app.colouring import (
    CategoryLegend,
    Colouring,
    NumberLegend,
    colouring,
)
from latentviewer.app.film import Film
from latentviewer.app.posteriors import MapPosterior
from latentviewer.app.preview import Answer
from latentviewer.app.previews import Details, pictures
from latentviewer.app.projecting import Forming
from latentviewer.app.services import MapResult
from latentviewer.app.state import Blend, SessionState
from latentviewer.app.workbench import Workbench
from latentviewer.domain.space import Latents, Space
from latentviewer.domain.table import Texts
from latentviewer.ui.map.density import chart_of
from latentviewer.ui.map.map_panel import MapPanel
from latentviewer.ui.theme import Theme

FIRST_HINT = "Move the mouse over the map. The decoder answers on the right."
FIRST_HINT_NO_DECODER = "Move the mouse over the map. The samples show on the right."
OBSERVED_HINT = "Move the mouse over the map. The probabilities answer on the right."


class MapPresenter:
    """From session to map; what the map says goes back as commands by itself.

    Attributes:
        colouring: the colours of the open space, or None.
    """

    def __init__(self, workbench: Workbench, panel: MapPanel, theme: Theme) -> None:
        self._workbench, self._panel, self._theme = workbench, panel, theme
        self.colouring: Colouring | None = None
        self._film: Film | None = None
        self._forming = False
        self._layer: str | None = None
        self._linked: int | None = None
        self._map_of: Latents | None = None
        workspace = workbench.workspace
        workspace.session.changed.connect(self._on_state)
        workspace.map_changed.connect(self._on_map)
        workspace.sources_changed.connect(self._on_sources)
        workbench.maps.forming.connect(self._on_forming)
        workbench.paths.film_changed.connect(self._on_film)
        workbench.paths.current_changed.connect(lambda _index: self._show_path())
        workbench.arithmetic.outcome_changed.connect(lambda _outcome: self._show_markers())
        workbench.posteriors.changed.connect(self._on_posterior)
        workbench.previews.detailed.connect(self._on_details)
        workbench.previews.answered.connect(self._on_answer)
        panel.view.thumbnails_wanted.connect(self._fetch_thumbnails)
        panel.view.set_row_labels(self.row_text)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self._panel.set_theme(theme)
        self._show_colours()

    def row_text(self, row: int) -> str:
        """What a row of the open space is called, such as `#12 · 7`."""
        space = self._workbench.workspace.state.space
        if space is None or row >= len(space):
            return ""
        label = space.label(row)
        return f"#{row} · {label}" if label else f"#{row}"

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        view = self._panel.view
        if new.map.links != old.map.links or new.space is None:
            self._unlink()
        replaced = (None if old.space is None else old.space.latent) is not (
            None if new.space is None else new.space.latent
        )
        if replaced and not self._workbench.workspace.switches_layer(old, new):
            self._layer = None
            view.clear_thumbnails()
            view.set_points(None)
            if new.space is not None and len(new.space) == 0:
                view.set_empty_text(f"{new.space.name} holds no samples.")
        if new.space is None:
            self.colouring = None
            return
        columns_changed = old.space is None or old.space.columns is not new.space.columns
        if replaced or columns_changed or new.map != old.map:
            self._show_colours()
        if replaced or new.map != old.map:
            settings = new.map
            view.set_settings(settings.radius, settings.blend is Blend.DENSITY, settings.thumbnails)
        if replaced or columns_changed or new.map.names != old.map.names:
            view.set_names(names_of(new.space) if new.map.names else ())
        if replaced or new.selection != old.selection:
            view.set_selection(new.selection.rows)
            if not replaced:
                view.bring_into_view(new.selection.rows)

    def _show_colours(self) -> None:
        state = self._workbench.workspace.state
        if state.space is None:
            return
        self.colouring = colouring(state.space, state.map, self._theme.dark)
        self._panel.view.set_colours(self.colouring.codes, self.colouring.palette)
        legend = self.colouring.legend
        if isinstance(legend, CategoryLegend):
            self._panel.legend.set_categories(
                legend.names, legend.counts, legend.colours, legend.hidden, title=legend.title
            )
        elif isinstance(legend, NumberLegend):
            self._panel.legend.set_numbers(
                legend.title, legend.low, legend.high, legend.colours, legend.shown,
                legend.missing,
            )  # fmt: skip
        self._panel.legend.setVisible(legend is not None)
        self._show_chart()

    def _show_chart(self) -> None:
        workspace = self._workbench.workspace
        space, shown = workspace.state.space, workspace.shown_map
        chart = None
        if space is not None and shown is not None:
            chart = chart_of(space, shown.note, self._theme.dark, workspace.state.map.hidden)
        self._panel.view.set_chart(chart)

    def _on_map(self, result: MapResult | None) -> None:
        view = self._panel.view
        if result is None:
            return
        view.set_notice(None)
        self._show_chart()
        layer, before = self._workbench.workspace.state.layer, self._layer
        self._layer = layer
        space = self._workbench.workspace.state.space
        of, self._map_of = self._map_of, None if space is None else space.latent
        same = of is not None and of is self._map_of
        if (before is not None and before != layer) or (same and not self._forming):
            view.morph_points(result.coordinates)
        else:
            view.set_points(result.coordinates, fit=True)
        x, y, *z = (*result.axes, "", "")
        view.set_axes(x, y, z[0] if z else "")
        self._show_hint()

    def _show_hint(self) -> None:
        workspace = self._workbench.workspace
        shown = workspace.shown_map
        if self._workbench.settings.hint_seen or shown is None:
            return
        can = abilities(workspace)
        hint = FIRST_HINT if can.loading or not can.decoder else FIRST_HINT_NO_DECODER
        self._panel.view.set_hint(OBSERVED_HINT if shown.note.observed else hint)

    def _on_sources(self) -> None:
        self._show_hint()
        if self._workbench.workspace.data is None:
            return
        # Decoded stand-ins give way to the originals.
        self._panel.view.clear_thumbnails()

    def _on_forming(self, forming: Forming | None) -> None:
        view = self._panel.view
        if forming is None:
            view.set_notice(None)
            self._forming = False
            self._show_path()
            self._show_markers()
            return
        view.set_notice(_notice(forming))
        self._unlink()
        embedding = forming.embedding
        if not len(embedding) or not np.ptp(embedding) > 0:
            return
        if self._forming and view.dims == embedding.shape[1]:
            view.update_points(np.array(embedding))
            return
        # What was placed on the map before has no place on this one yet.
        self._forming = True
        view.set_chart(None)
        view.set_points(np.array(embedding), fit=True)
        view.set_axes("", "", "")
        self._show_path()
        self._show_markers()

    def _on_film(self, film: Film | None) -> None:
        self._film = film
        self._show_path()

    def _show_path(self) -> None:
        film = self._film
        if film is None or film.places is None or self._forming:
            self._panel.view.set_path(None, None, None)
        else:
            self._panel.view.set_path(
                film.places, film.waypoint_places, self._workbench.paths.current
            )

    def _show_markers(self) -> None:
        outcome = self._workbench.arithmetic.outcome
        markers: list[tuple[Latents, str]] = []
        if outcome is not None and outcome.place is not None and not self._forming:
            text = outcome.text if len(outcome.text) <= 28 else outcome.text[:27] + "…"
            markers.append((outcome.place, text))
        self._panel.view.set_markers(markers)

    def _on_details(self, details: Details) -> None:
        """The resting cursor's sample is tied to its neighbours, wherever the map put them."""
        workspace, row = self._workbench.workspace, details.answer.row
        shown = workspace.shown_map
        if row is None or shown is None or self._forming or not workspace.state.map.links:
            return
        if len(details.rows) and max(row, int(details.rows.max())) < len(shown.coordinates):
            self._linked = row
            self._panel.view.set_links(shown.coordinates[row], shown.coordinates[details.rows])

    def _on_answer(self, answer: Answer) -> None:
        if self._linked is not None and answer.row != self._linked:
            self._unlink()

    def _unlink(self) -> None:
        if self._linked is not None:
            self._linked = None
            self._panel.view.set_links(None)

    def _on_posterior(self, posterior: MapPosterior | None) -> None:
        view = self._panel.view
        if posterior is None:
            view.set_posterior(None)
            return
        text = "Posterior, 1 and 2 σ"
        if posterior.samples is not None:
            text += f", from {len(posterior.samples)} placed samples"
        view.set_posterior(
            posterior.centre.astype(np.float32), posterior.covariance, text, posterior.samples
        )

    def _fetch_thumbnails(self, rows: NDArray[np.int64]) -> None:
        workspace = self._workbench.workspace
        if workspace.state.space is None:
            return
        sources = workspace.sources()

        def add(images: NDArray[np.uint8] | None) -> None:
            if images is not None:
                self._panel.view.add_thumbnails(rows, images)

        fetch: Callable[[], NDArray[np.uint8] | None] = lambda: pictures(rows, sources)  # noqa: E731
        workspace.call(fetch, add)


def names_of(space: Space) -> tuple[str, ...]:
    """What is written beside the samples: words, titles; nothing where they have pictures."""
    column = space.columns.get(space.name_column() or "")
    pictured = space.provenance.data is not None or space.provenance.model is not None
    return column.values if isinstance(column, Texts) and not pictured else ()


def _notice(forming: Forming) -> str:
    """What the forming map is doing, in a few words."""
    if forming.status is None:
        return f"{forming.title} is waiting"
    if forming.paused:
        return f"{forming.title} is paused: {forming.status.text.removeprefix('paused, ')}"
    return f"{forming.title} is forming: {forming.status.text}"
