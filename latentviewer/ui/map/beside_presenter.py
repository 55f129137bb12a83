"""Keeps the second map in step with the session, and links what is pointed at in either."""

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.beside import NOTHING, Beside, names
from latentviewer.app.colouring import colouring_beside
from latentviewer.app.maps import map_key, map_title
from latentviewer.app.preview import Answer
from latentviewer.app.state import Blend, RowTarget, SessionState, Target
from latentviewer.app.workbench import Workbench
from latentviewer.domain.alignment import laid_over
from latentviewer.domain.map_note import MapNote
from latentviewer.domain.space import Space
from latentviewer.ui.map.density import chart_of
from latentviewer.ui.map.map_view import MapView
from latentviewer.ui.map.presenter import MapPresenter
from latentviewer.ui.map.side_by_side import SideBySide
from latentviewer.ui.preview.presenter import PreviewPresenter
from latentviewer.ui.theme import Theme

_ARROWS, _MOST_ARROWS = 200, 2_000


class BesidePresenter:
    """From companion to second map; what that map says goes back as commands by itself."""

    def __init__(
        self,
        workbench: Workbench,
        side: SideBySide,
        first: MapView,
        maps: MapPresenter,
        previews: PreviewPresenter,
        theme: Theme,
    ) -> None:
        self._workbench, self._side, self._first = workbench, side, first
        self._maps, self._previews, self._theme = maps, previews, theme
        self._companion, self._view = workbench.companion, side.beside.view
        self._led = False
        self._answer: Answer | None = None
        self._companion.changed.connect(self._on_changed)
        self._companion.answered.connect(self._on_answer)
        workbench.previews.answered.connect(self._on_first_answer)
        workbench.workspace.session.changed.connect(self._on_state)
        workbench.workspace.map_changed.connect(lambda _map: self._show_arrows())
        first.hovered.connect(self._on_first)
        self._view.hovered.connect(self._on_second)
        self._view.thumbnails_wanted.connect(self._fetch_thumbnails)
        self._view.set_row_labels(maps.row_text)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        self._side.set_theme(theme)
        self._show_colours()

    # What is pointed at.

    def _on_first(self, target: Target | None) -> None:
        if self._companion.beside is None:
            return
        self._companion.hover(target, here=False)
        self._first.set_linked(None)
        self._side.beside.set_linked(_row(target))

    def _on_second(self, target: Target | None) -> None:
        self._companion.hover(target)
        leads = isinstance(target, RowTarget)
        if leads or self._led:
            # Over empty places of this map the first preview rests; once is enough to say so.
            self._previews.hover(target if leads else None)
        self._led = leads
        self._view.set_linked(None)
        self._first.set_linked(_row(target))

    # What is shown.

    def _on_changed(self, old: Beside | None, new: Beside | None) -> None:
        view = self._view
        if new is None:
            self._side.set_comparing(False)
            view.set_points(None)
            view.clear_thumbnails()
            self._first.set_linked(None)
            self._first.set_arrows(None)
            return
        if old is None or old.space is not new.space:
            view.clear_thumbnails()
            view.set_points(None)
            view.set_empty_text(
                f"{new.space.name} holds no samples." if len(new.space) == 0 else ""
            )
            self._show_all(new)
            self._side.beside.tile.show_sentence(NOTHING)
            # Whoever compares has seen it, and two maps leave it no room.
            self._first.set_hint(None)
            self._side.set_comparing(True)
        if new.map is not None and (old is None or old.map is not new.map):
            self._show_chart(new)
            view.set_points(new.map.coordinates, fit=True)
            x, y, *z = (*new.map.axes, "", "")
            view.set_axes(x, y, z[0] if z else "")
            self._side.beside.rest()
            self._show_arrows()
        if old is None or (old.space, old.setting) != (new.space, new.setting):
            self._show_headers(new)
        self._side.beside.tile.set_without_decoder(new.without_decoder)

    def _show_all(self, beside: Beside) -> None:
        state = self._workbench.workspace.state
        self._show_colours()
        self._show_settings(state)
        self._show_selection(state, beside)

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        beside = self._companion.beside
        if beside is None or new.space is None or old.space is None:
            return
        if new.map != old.map or new.space.columns is not old.space.columns:
            self._show_colours()
            self._show_settings(new)
        if new.map.arrows != old.map.arrows:
            self._show_arrows()
        if new.map != old.map or new.space is not old.space:
            self._show_headers(beside)
        if new.selection != old.selection:
            self._show_selection(new, beside)
            self._show_arrows()
            self._view.bring_into_view(new.selection.rows)

    def _show_arrows(self) -> None:
        """Of the selection, or of a fair part of all: more would hide the map."""
        workspace, beside = self._workbench.workspace, self._companion.beside
        shown = workspace.shown_map
        second = None if beside is None else beside.map
        if not workspace.state.map.arrows or shown is None or second is None:
            self._first.set_arrows(None)
            return
        here = shown.coordinates[: len(second.coordinates)]
        if here.shape != second.coordinates.shape:
            self._first.set_arrows(None)  # a plane and a room cannot be laid over one another
            return
        rows = workspace.state.selection.rows
        rows = rows[rows < len(here)]
        if not len(rows):
            rows = np.arange(0, len(here), max(1, len(here) // _ARROWS))
        there = laid_over(second.coordinates, here)
        self._first.set_arrows(here[rows[:_MOST_ARROWS]], there[rows[:_MOST_ARROWS]])

    def _show_colours(self) -> None:
        beside, state = self._companion.beside, self._workbench.workspace.state
        if beside is not None and state.space is not None:
            made = colouring_beside(beside.space, state.space, state.map, self._theme.dark)
            self._view.set_colours(made.codes, made.palette)
            self._show_chart(beside)

    def _show_chart(self, beside: Beside) -> None:
        hidden = self._workbench.workspace.state.map.hidden
        note = MapNote() if beside.map is None else beside.map.note
        self._view.set_chart(chart_of(beside.space, note, self._theme.dark, hidden))

    def _show_settings(self, state: SessionState) -> None:
        settings = state.map
        density = settings.blend is Blend.DENSITY
        self._view.set_settings(settings.radius, density, settings.thumbnails)

    def _show_selection(self, state: SessionState, beside: Beside) -> None:
        rows = state.selection.rows
        self._view.set_selection(rows[rows < len(beside.space)])

    def _show_headers(self, beside: Beside) -> None:
        state = self._workbench.workspace.state
        if state.space is None:
            return
        first, second = names(state.space, beside.space)
        self._side.first.set_name(first, _whole(state.space))
        self._side.first.set_map(map_title(state.map.method, state.map.dims))
        self._side.second.set_name(second, f"{_whole(beside.space)}\n{beside.setting.reference}")
        self._side.second.set_maps(
            self._workbench.choices("compare_maps"),
            map_key(beside.setting.method, beside.setting.dims),
        )

    def _fetch_thumbnails(self, rows: NDArray[np.int64]) -> None:
        def add(images: NDArray[np.uint8] | None) -> None:
            if images is not None:
                self._view.add_thumbnails(rows, images)

        self._companion.pictures(rows, add)

    def _on_answer(self, answered: Answer | str) -> None:
        self._answer = None if isinstance(answered, str) else answered
        if isinstance(answered, str):
            self._side.beside.tile.show_sentence(answered)
        else:
            self._show_answer(answered)

    def _on_first_answer(self, first: Answer) -> None:
        # Whichever of the two models answers last completes the tile.
        if self._answer is not None and first.row is not None and self._answer.row == first.row:
            self._show_answer(self._answer)

    def _show_answer(self, answer: Answer) -> None:
        # The open space has the labels; another model's space may lack them.
        row, first, other = answer.row, self._workbench.previews.shown, None
        if first is not None and row is not None and first.row == row and first.error is not None:
            other = (self._side.first.name, first.error)
        title = answer.title if row is None else self._maps.row_text(row)
        self._side.beside.tile.show_answer(answer, title, other)


def _row(target: Target | None) -> int | None:
    return target.row if isinstance(target, RowTarget) else None


def _whole(space: Space) -> str:
    data = f", {space.provenance.data}" if space.provenance.data else ""
    return f"{space.name}: {len(space):,} × {space.dim}{data}"
