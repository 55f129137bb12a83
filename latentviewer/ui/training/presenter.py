"""Keeps the training tab in step with the run; replays its pictures."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer

from latentviewer.app.colouring import colouring
from latentviewer.app.maps import first_settings
from latentviewer.app.recipes import Snapshot
from latentviewer.app.training import Stage, TrainingRun
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Rasteriser
from latentviewer.domain.space import Space
from latentviewer.ui.editor.editor import Editor
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme
from latentviewer.ui.training.wording import actions_of, caption_of, facts_of, moment_of

if TYPE_CHECKING:
    from latentviewer.ui.training.training_tab import TrainingTab

_LONGEST_GLIDE_MS, _SHORTEST_GLIDE_MS, _REPLAY_MS = 900, 90, 110
_TRACE_KEPT = 200


class TrainingPresenter:
    """From the run to the tab, which is made when the first training begins.

    Attributes:
        tab: the tab, or None before. log: whether losses stand on a logarithmic scale.
    """

    def __init__(
        self,
        workbench: Workbench,
        editor: Editor,
        dispatch: Dispatch,
        rasteriser: Rasteriser,
        theme: Theme,
        began: Callable[[], None],
    ) -> None:
        self._training, self._editor = workbench.training, editor
        self._dispatch, self._theme, self._began = dispatch, theme, began
        self._rasteriser = rasteriser
        self.tab: TrainingTab | None = None
        self.log = False
        self._run: TrainingRun | None = None
        self._watched: Space | None = None
        self._trace: list[tuple[float, float]] = []
        self._losses: object = None
        # Epochs done at the picture that was chosen; None follows the newest.
        self._chosen: float | None = None
        self._came = 0.0
        self._player = QTimer(editor)
        self._player.setInterval(_REPLAY_MS)
        self._player.timeout.connect(self._next)
        self._training.changed.connect(self._on_run)
        self._training.snapshot_added.connect(self._on_snapshot)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        if self.tab is not None:
            self.tab.set_theme(theme)
            self._show_colours()

    def set_rasteriser(self, rasteriser: Rasteriser) -> None:
        """Another rasteriser, such as the fast one once it is loaded."""
        self._rasteriser = rasteriser
        if self.tab is not None:
            self.tab.map.set_rasteriser(rasteriser)

    def toggle_log(self) -> None:
        """The loss on a logarithmic scale, or on a plain one.

        Raises:
            UserError: some losses are not above zero.
        """
        if self.tab is None:
            return
        if not self.log and not self.tab.plot.can_log:
            raise UserError("Some losses are not above zero, so they have no place on a log scale.")
        self.log = not self.log
        self.tab.set_log(self.log)

    def show_snapshot(self, index: int) -> None:
        """Shows one of the pictures; the newest is followed from then on.

        Raises:
            UserError: there is no such picture.
        """
        self._stop_replay()
        if not 0 <= index < len(self._training.snapshots):
            raise UserError(
                f"There are {len(self._training.snapshots)} pictures of this training, numbered "
                f"from 0; there is no {index}."
            )
        self._choose(index, glide_ms=_SHORTEST_GLIDE_MS)

    def toggle_replay(self) -> None:
        """Shows the pictures one after another from where it stands, or stops doing so."""
        if self._player.isActive():
            self._stop_replay()
            return
        if self._chosen is None:
            self._choose(0, glide_ms=0)
        self._player.start()
        if self.tab is not None:
            self.tab.set_replaying(True)

    def stop(self) -> None:
        """Ends what moves by itself."""
        self._stop_replay()
        if self.tab is not None:
            self.tab.map.stop()

    def _stop_replay(self) -> None:
        self._player.stop()
        if self.tab is not None:
            self.tab.set_replaying(False)

    def _next(self) -> None:
        index = self._index() + 1
        if index >= len(self._training.snapshots) - 1:
            self._stop_replay()
        self._choose(min(index, len(self._training.snapshots) - 1), glide_ms=_REPLAY_MS)

    def _index(self) -> int:
        snapshots = self._training.snapshots
        return len(snapshots) - 1 if self._chosen is None else snapshots.nearest(self._chosen)

    def _choose(self, index: int, glide_ms: int) -> None:
        snapshots = self._training.snapshots
        snapshot = snapshots[index]
        self._chosen = None if index == len(snapshots) - 1 else snapshot.epoch
        self._show(snapshot, glide_ms)

    def _show(self, snapshot: Snapshot, glide_ms: int) -> None:
        if self.tab is None:
            return
        self.tab.map.show_points(snapshot.coordinates, glide_ms)
        self.tab.map.set_caption(caption_of(snapshot, self._watched))
        self._show_scrubber()

    def _show_scrubber(self) -> None:
        snapshots = self._training.snapshots
        if self.tab is not None and len(snapshots):
            index = self._index()
            self.tab.set_snapshots(len(snapshots), index, moment_of(snapshots[index]))

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        now = time.monotonic()
        since_ms, self._came = round(1000 * (now - self._came)), now
        if self._chosen is None:
            self._show(snapshot, min(max(since_ms, _SHORTEST_GLIDE_MS), _LONGEST_GLIDE_MS))
        else:
            self._show_scrubber()

    def _on_run(self, run: TrainingRun) -> None:
        if self._run is None or self._run.request is not run.request:
            self._begin(goes_on=run.request.after is not None)
        self._run = run
        tab = self.tab
        assert tab is not None
        tab.set_run(
            run.request.recipe, facts_of(run), run.sentence, fault=run.stage is Stage.FAILED
        )
        tab.set_actions(actions_of(run))
        if run.report is not None:
            if run.report.watched is not self._watched:
                self._watched = run.report.watched
                self._show_colours()
            self._show_losses(run)
        if not run.active and not len(self._training.snapshots):
            tab.map.set_empty_text("Training ended before the first picture.")

    def _begin(self, goes_on: bool) -> None:
        if self.tab is None:
            # With it comes pyqtgraph, which the start of the program need not wait for.
            from latentviewer.ui.training.training_tab import TrainingTab

            self.tab = TrainingTab(self._dispatch, self._rasteriser, self._theme)
            self._editor.add_training(self.tab)
        self._stop_replay()
        self._trace, self._losses = [], None
        if not goes_on:
            self._watched, self._chosen = None, None
            self.tab.map.clear()
            self.tab.map.set_empty_text("The first picture comes within seconds.")
            self.tab.plot.set_losses((), (), "", 1)
            self.tab.set_snapshots(0, 0, "")
        self._began()

    def _show_colours(self) -> None:
        if self._watched is not None and self.tab is not None:
            settings = first_settings(self._watched)
            self.tab.map.set_colouring(colouring(self._watched, settings, self._theme.dark))

    def _show_losses(self, run: TrainingRun) -> None:
        report = run.report
        if report is None or self.tab is None or report is self._losses:
            return
        self._losses = report
        done = len(report.history)
        self._trace = [(at, loss) for at, loss in self._trace if at > done]
        if run.active and report.loss is not None and report.position > done:
            self._trace.append((report.position, report.loss))
            if len(self._trace) > _TRACE_KEPT:
                del self._trace[1::2]
        if not run.active:
            self._trace = []
        self.tab.plot.set_losses(report.history, self._trace, report.unit, report.epochs)
        self.tab.set_log(self.log)
