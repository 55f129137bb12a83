"""Keeps the editor in step with the session; plays the path."""

import numpy as np
from PySide6.QtCore import QTimer

from latentviewer.app.abilities import abilities
from latentviewer.app.arithmetic import Outcome
from latentviewer.app.film import Film
from latentviewer.app.paths import NOISE_MODE
from latentviewer.app.state import SessionState
from latentviewer.app.workbench import Workbench
from latentviewer.domain.expression.printing import label_text
from latentviewer.domain.space import Space
from latentviewer.domain.table import Texts
from latentviewer.ui.editor.editor import Editor

_ANALOGIES = (("king", "man", "woman"), ("paris", "france", "england"), ("walked", "walk", "run"))
STAND_INS = "No decoder here: each frame shows the original of its nearest sample."


class EditorPresenter:
    """From session to editor."""

    def __init__(self, workbench: Workbench, editor: Editor) -> None:
        self._workbench, self._editor = workbench, editor
        self._player = QTimer(editor)
        self._player.timeout.connect(self._next_frame)
        workbench.workspace.session.changed.connect(self._on_state)
        workbench.workspace.sources_changed.connect(self._on_sources)
        workbench.workspace.sources_changed.connect(self._offer_noise)
        workbench.paths.film_changed.connect(self._on_film)
        workbench.paths.current_changed.connect(editor.path_tab.set_current)
        workbench.arithmetic.outcome_changed.connect(self._on_outcome)
        workbench.arithmetic.fault.connect(editor.arithmetic_tab.set_fault)
        editor.arithmetic_tab.set_completer(workbench.arithmetic.complete)
        editor.arithmetic_tab.show_result.connect(workbench.arithmetic.show)
        editor.arithmetic_tab.history = list(workbench.settings.expressions)

    def toggle_play(self) -> None:
        """Plays from the current frame, or stops."""
        film = self._workbench.paths.film
        if self._player.isActive() or film is None or len(film.latents) < 2:
            self.stop()
            return
        current = self._workbench.paths.current
        if current is None or current >= len(film.latents) - 1:
            self._workbench.paths.show_frame(0)
        self._player.start(max(1, round(1000 / self.frames_per_second)))
        self._editor.path_tab.set_playing(True)

    def stop(self) -> None:
        """Stops playing."""
        self._player.stop()
        self._editor.path_tab.set_playing(False)

    @property
    def frames_per_second(self) -> int:
        """The pace of playing and of exported films."""
        return max(1, round(self._editor.path_tab.pace))

    def _next_frame(self) -> None:
        film, current = self._workbench.paths.film, self._workbench.paths.current
        if film is None:
            self.stop()
            return
        following = 0 if current is None else current + 1
        if following >= len(film.latents):
            if not self._workbench.paths.path.closed:
                self.stop()
                return
            following = 0
        self._player.setInterval(max(1, round(1000 / self.frames_per_second)))
        self._workbench.paths.show_frame(following)

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        if new.path is not old.path:
            path = new.path
            self._editor.path_tab.set_path(
                [waypoint.label for waypoint in path.waypoints],
                path.waypoint_frames(),
                NOISE_MODE if path.noise else path.mode,
                path.frames,
                path.closed,
            )
        if new.space is not None and (
            old.space is None or old.space.latent is not new.space.latent
        ):
            self._editor.arithmetic_tab.set_examples(examples(new.space))
        self._editor.arithmetic_tab.set_metric(new.metric)
        if new.expression != old.expression:
            self._editor.arithmetic_tab.set_text(new.expression)

    def _on_sources(self) -> None:
        can = abilities(self._workbench.workspace)
        decoder = "" if can.loading else can.decoder
        stands_in = decoder and self._workbench.paths.has_pictures
        self._editor.path_tab.set_caption(STAND_INS if stands_in else decoder)
        self._editor.arithmetic_tab.set_why_not_decoded(decoder)
        self._editor.arithmetic_tab.set_pictured(not (decoder and can.original))

    def _offer_noise(self) -> None:
        if self._workbench.workspace.state.space is not None:
            self._editor.path_tab.set_noise_offered(not self._workbench.paths.why_no_noise())

    def _on_film(self, film: Film | None) -> None:
        if film is None:
            self.stop()
            self._editor.path_tab.set_frames(None, 0)
            return
        tab = self._editor.path_tab
        if film.images is not None:
            tab.set_frames(film.images, film.done)
        elif not self._workbench.paths.has_pictures:
            tab.set_frames(np.zeros((len(film.latents), 1, 1, 1), np.float32), 0)
        # Else the film before stays until the first pictures of this one are there.
        if tab.film.current != self._workbench.paths.current:
            tab.set_current(self._workbench.paths.current)
        tab.set_distances(film.distances, film.far)
        if film.waypoint_frames is not None:
            tab.set_waypoint_frames(film.waypoint_frames)

    def _on_outcome(self, outcome: Outcome | None) -> None:
        tab = self._editor.arithmetic_tab
        if outcome is None:
            tab.clear_result()
            return
        norm = float(np.linalg.norm(outcome.latent.astype(np.float64)))
        tab.set_result(
            outcome.text,
            outcome.decoded,
            outcome.rows,
            list(outcome.labels),
            outcome.distances,
            outcome.images,
            norm=norm,
        )
        tab.history = list(self._workbench.settings.expressions)


def examples(space: Space) -> list[str]:
    """Expressions that make sense in this space, for the newcomer to click."""
    if not len(space):
        return ["zero()", "random(1)"]
    if len(space) == 1:
        return ["#0", "2 * #0", "random(1)"]
    named = _by_name(space)
    if named:
        return named
    key = space.label_column()
    if key is None:
        return ["#0 + #1", "lerp(#0, #1, 0.5)", "nearest(zero())"]
    names = space.columns[key].names  # type: ignore[union-attr]
    if len(names) < 2:
        return ["lerp(#0, #1, 0.5)", "nearest(zero())"]
    a, b, c = names[3 % len(names)], names[8 % len(names)], names[5 % len(names)]
    quoted = f"`{key}`" if not key.isidentifier() else key
    return [
        f'mean({quoted} == "{a}")',
        f'mean({quoted} == "{a}") - mean({quoted} == "{b}") + #{min(12, len(space) - 1)}',
        f'slerp(mean({quoted} == "{a}"), mean({quoted} == "{c}"), 0.5)',
    ]


def _by_name(space: Space) -> list[str]:
    """The same of samples that have names, such as words: by them."""
    column = space.columns.get(space.name_column() or "")
    if not isinstance(column, Texts):
        return []
    known = set(column.values)
    for a, b, c in _ANALOGIES:
        if {a, b, c} <= known:
            return [f"[{a}] - [{b}] + [{c}]", f"lerp([{a}], [{c}], 0.5)", f"[{a}] - [{b}]"]
    first, second = (label_text(text) for text in column.values[:2])
    return [f"{first} + {second}", f"lerp({first}, {second}, 0.5)", "nearest(zero())"]
