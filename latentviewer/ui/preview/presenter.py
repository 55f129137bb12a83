"""Keeps the preview panel in step with the session."""

import statistics
import time
from collections import deque

import numpy as np
from PySide6.QtCore import QTimer

from latentviewer.app.abilities import abilities
from latentviewer.app.preview import Answer, Glimpse
from latentviewer.app.previews import Details
from latentviewer.app.sampling import settings_of
from latentviewer.app.state import SessionState, Target
from latentviewer.app.workbench import Workbench
from latentviewer.domain.dimension_names import dimension_names
from latentviewer.domain.observation import observation_of
from latentviewer.domain.ports import Classifier, Discriminator
from latentviewer.domain.space import Space
from latentviewer.domain.table import Categories
from latentviewer.ui.map.presenter import MapPresenter
from latentviewer.ui.preview.missing_data import DOWNLOAD_SIZES
from latentviewer.ui.preview.panel import PreviewPanel
from latentviewer.ui.status import StatusLine

SETTLE_MS = 140
_LATENCIES_KEPT = 60


class PreviewPresenter:
    """From hover to preview, and the timing of it."""

    def __init__(
        self, workbench: Workbench, panel: PreviewPanel, maps: MapPresenter, status: StatusLine
    ) -> None:
        self._workbench, self._panel, self._maps, self._status = workbench, panel, maps, status
        self._asked: tuple[Target, float] | None = None
        self._latencies: deque[float] = deque(maxlen=_LATENCIES_KEPT)
        self._settle = QTimer(panel)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(workbench.previews.settle)
        workbench.previews.glimpsed.connect(self._on_glimpse)
        workbench.previews.answered.connect(self._on_answer)
        workbench.previews.detailed.connect(self._on_details)
        workbench.previews.cleared.connect(self._clear)
        workbench.workspace.sources_changed.connect(self._on_sources)
        workbench.workspace.session.changed.connect(self._on_state)

    def hover(self, target: Target | None) -> None:
        """The cursor is somewhere else."""
        if target is not None:
            self._asked = (target, time.perf_counter())
        self._workbench.previews.hover(target)
        self._settle.start()

    def stop(self) -> None:
        """No more questions; for the way out."""
        self._settle.stop()

    def _on_glimpse(self, seen: Glimpse) -> None:
        self._panel.pictures.show_decoded(seen.decoded, seen.far)

    def _on_answer(self, answer: Answer) -> None:
        pinned = self._workbench.workspace.state.pinned
        self._panel.set_pinned(pinned is not None and answer.request.target is pinned)
        row = answer.row
        colours = self._maps.colouring
        if (
            row is not None
            and colours is not None
            and row < len(colours.codes)
            and not self._coloured_by_another(row, answer.label)
        ):
            self._panel.set_label_colour(colours.colour_of(row))
        else:
            self._panel.set_label_colour(None)
        self._panel.show_answer(answer)
        if self._asked is not None and answer.request.target is self._asked[0]:
            self._latencies.append(1000 * (time.perf_counter() - self._asked[1]))
            self._asked = None
            if len(self._latencies) % 10 == 0:
                self._status.set_latency(statistics.median(self._latencies))
        if not self._settle.isActive() and answer.posterior is None:
            self._settle.start()

    def _on_details(self, details: Details) -> None:
        self._settle.stop()
        self._panel.set_neighbours(
            details.rows, list(details.labels), details.distances, details.images
        )

    def _clear(self) -> None:
        self._settle.stop()
        self._latencies.clear()
        self._status.set_latency(None)
        self._panel.clear()

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        self._panel.set_metric(new.metric)
        if settings_of(new) != settings_of(old):
            self._panel.prior.set_settings(settings_of(new))
        if new.pinned is not old.pinned:
            # A new one says so with its answer; the mark must not blink while a bar is dragged.
            if new.pinned is None:
                self._panel.set_pinned(False)
            self._settle.start()
        if (
            new.space is not None
            and (old.space is None or old.space.latent is not new.space.latent)
            and len(new.space)
        ):
            low, high = np.percentile(new.space.latent[:20_000], (2.5, 97.5), axis=0)
            self._panel.set_ranges(low.astype(np.float32), high.astype(np.float32))
        if new.space is not None and new.space is not old.space:
            self._panel.set_names(dimension_names(new.space))
            self._show_classes(new.space)
        if new.map.colour_by != old.map.colour_by or new.space is not old.space:
            self._panel.classes.set_coloured_by(new.map.colour_by or "")

    def _coloured_by_another(self, row: int, label: str) -> bool:
        """Whether the map's colour of a sample stands for another name than its label."""
        state = self._workbench.workspace.state
        if state.space is None:
            return False
        column = state.space.columns.get(state.map.colour_by or "")
        return isinstance(column, Categories) and column.text(row) != label

    def _show_classes(self, space: Space) -> None:
        observation = observation_of(space)
        if observation is None:
            self._panel.set_classes((), "", "", "", "")
            return
        question = observation.question
        truth, inferred = (
            name if name in space.columns else "" for name in (question, f"inferred {question}")
        )
        self._panel.set_classes(
            observation.mixture.names, question, observation.column, truth, inferred
        )

    def _on_sources(self) -> None:
        workspace = self._workbench.workspace
        space = workspace.state.space
        if space is None:
            return
        missing = workspace.missing_data
        name = missing.split(":")[0] if missing else None
        self._panel.set_missing_data(name, DOWNLOAD_SIZES.get(name or ""))
        self._panel.set_abilities(abilities(workspace))
        self._panel.prior.set_conditions(self._workbench.sampling.conditions)
        self._panel.prior.set_settings(self._workbench.sampling.settings)
        model = workspace.model
        questions: dict[str, int] = {}
        if model is not None and isinstance(model, Classifier):
            questions = {question: len(classes) for question, classes in model.classes.items()}
        self._panel.set_readouts(questions, isinstance(model, Discriminator))
        card = workspace.model.card if workspace.model is not None else None
        self._status.set_model(f"{card.name} on cpu" if card is not None else "")
