"""Keeps the denoising tab and the trajectory on the map in step with the session."""

from PySide6.QtCore import QTimer

from latentviewer.app.projecting import Forming
from latentviewer.app.state import SessionState
from latentviewer.app.trajectory import Trajectory
from latentviewer.app.workbench import Workbench
from latentviewer.ui.editor.editor import Editor
from latentviewer.ui.map.map_view import MapView

_LONGEST_PLAY_MS = 4_000
_SLOWEST_STEP_MS = 120


class DenoisingPresenter:
    """From session to tab and map; plays the steps."""

    def __init__(self, workbench: Workbench, editor: Editor, view: MapView) -> None:
        self._workbench, self._editor, self._view = workbench, editor, view
        self._tab = editor.denoising_tab
        self._forming = False
        self._player = QTimer(editor)
        self._player.timeout.connect(self._next_step)
        denoising = workbench.denoising
        workbench.workspace.session.changed.connect(self._on_state)
        workbench.workspace.sources_changed.connect(self._on_sources)
        workbench.maps.forming.connect(self._on_forming)
        denoising.changed.connect(self._on_run)
        denoising.current_changed.connect(lambda _index: self._on_current())
        self._tab.looked.connect(denoising.look)
        editor.front_changed.connect(self._draw)
        editor.set_denoising_offered(False)

    def toggle_play(self) -> None:
        """Plays from the current step, or stops."""
        far, current = self._workbench.denoising.trajectory, self._workbench.denoising.current
        if self._player.isActive() or far is None or far.done < 2:
            self.stop()
            return
        if current is None or current >= far.done - 1:
            self._workbench.denoising.show_step(0)
        self._player.start(min(_SLOWEST_STEP_MS, _LONGEST_PLAY_MS // len(far)))
        self._tab.set_playing(True)

    def stop(self) -> None:
        """Stops playing."""
        self._player.stop()
        self._tab.set_playing(False)

    def _next_step(self) -> None:
        denoising = self._workbench.denoising
        far, current = denoising.trajectory, denoising.current
        if far is None or current is None:
            self.stop()
        elif current + 1 < far.done:
            denoising.show_step(current + 1)
        elif not denoising.running:
            self.stop()

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        if new.denoising is not old.denoising or new.space is not old.space:
            settings = new.denoising
            known = self._workbench.denoising.conditions
            asked = {n: w for n, w in settings.condition if w in known.get(n, ())}
            self._tab.set_settings(
                settings.seed,
                settings.steps,
                settings.guidance,
                asked,
                None if settings.sample is None else settings.sample.label,
                settings.noisy,
                settings.under_cursor,
            )
            self._show_note()

    def _on_sources(self) -> None:
        offered = self._workbench.workspace.diffusion is not None
        self._editor.set_denoising_offered(offered)
        if offered:
            self._tab.set_conditions(self._workbench.denoising.conditions)
            state = self._workbench.workspace.state
            self._on_state(SessionState(), state)
            if self._tab.isVisible():
                self._workbench.denoising.look()

    def _on_run(self) -> None:
        far = self._workbench.denoising.trajectory
        if far is None:
            self.stop()
            self._tab.set_steps(None, 0, ())
        else:
            self._tab.set_steps(far.shown()[1], far.done, captions(far))
            self._tab.set_current(self._workbench.denoising.current)
        self._show_note()
        self._draw()

    def _on_current(self) -> None:
        self._tab.set_current(self._workbench.denoising.current)
        self._show_note()
        self._draw()

    def _on_forming(self, forming: Forming | None) -> None:
        self._forming = forming is not None
        self._draw()

    def _draw(self) -> None:
        """The way on the map, while the tab is in front and the map is not forming."""
        denoising = self._workbench.denoising
        far = denoising.trajectory
        in_front = self._editor.current is self._tab
        if far is None or far.places is None or self._forming or not in_front:
            self._view.set_trajectory(None, 0, None)
        else:
            self._view.set_trajectory(far.places[: far.done], far.back, denoising.current)

    def _show_note(self) -> None:
        denoising = self._workbench.denoising
        far, current = denoising.trajectory, denoising.current
        if far is None or current is None:
            self._tab.set_note("", "", False)
            return
        short = step_words(far, current)
        text = f"{short} · t {far.times[current]:.2f}"
        tip = "t is 1 for noise and 0 for data"
        stopped = not denoising.running and not far.whole
        if stopped:
            text = f"stopped at {far.done} of {len(far)} · {text}"
            tip = f"It was stopped when {far.done} of {len(far)} steps were there"
        elif far.error is not None:
            text = f"comes back with error {far.error:.4f} · {text}"
            short = f"error {far.error:.4f}" if current == len(far) - 1 else short
            tip = "Mean squared error per pixel between the sample's picture and the last step"
            if far.settings.guidance != 1.0:
                tip += "; a guidance other than 1 leads away from the sample"
        self._tab.set_note(text, short, stopped, tip)


def step_words(far: Trajectory, index: int) -> str:
    """Such as `step 7 of 20`."""
    if index < far.back:
        return f"to noise {index} of {far.back}"
    return f"step {index - far.back} of {len(far) - 1 - far.back}"


def captions(far: Trajectory) -> list[str]:
    """A word over each step: where it begins, turns and ends, and the time between."""
    words = [f"{time:.2f}" for time in far.times]
    last = len(far) - 1
    if far.back:
        words[0] = "sample"
    words[far.back] = "noise"
    words[last] = "data"
    # Times of steps that are still to come are not known yet.
    for index in range(far.done, last):
        if index != far.back:
            words[index] = ""
    return words
