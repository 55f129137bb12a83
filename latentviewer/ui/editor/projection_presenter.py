"""Keeps the tab of the shown projection in step with the session."""

import math

from latentviewer.app.maps import method_title
from latentviewer.app.projecting import Forming
from latentviewer.app.state import SessionState
from latentviewer.app.workbench import Workbench
from latentviewer.domain.map_judgement import MapJudgement
from latentviewer.domain.table import Numbers
from latentviewer.ui.editor.judgement_list import Figure
from latentviewer.ui.editor.projection_tab import ProjectionTab
from latentviewer.ui.status import StatusLine


class ProjectionPresenter:
    """From session to tab, while it is looked at."""

    def __init__(self, workbench: Workbench, tab: ProjectionTab, status: StatusLine) -> None:
        self._workbench, self._tab, self._status = workbench, tab, status
        self._looked_at = False
        workbench.workspace.session.changed.connect(self._on_state)
        workbench.maps.forming.connect(self._on_forming)
        workbench.maps.projecting.changed.connect(lambda _key: self._show_run())
        workbench.judging.changed.connect(self._show_quality)
        tab.looked_at.connect(self._on_looked_at)

    def _on_looked_at(self, looked_at: bool) -> None:
        self._looked_at = looked_at
        if looked_at:
            self._show()

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        if self._looked_at and (old.map is not new.map or old.space is not new.space):
            self._show()

    def _on_forming(self, _forming: Forming | None) -> None:
        if self._looked_at:
            self._show_run()

    def _show(self) -> None:
        state, maps = self._workbench.workspace.state, self._workbench.maps
        if state.space is None:
            return
        method = maps.method_of(state.map.method)
        title = f"{method_title(state.space, state.map.method)} · {state.map.dims}D"
        if method is None:
            none = f"This map came with {state.space.name}; how it was made is not known."
            self._tab.set_method(title, "", "", (), {}, (), none)
        else:
            columns = [n for n, c in state.space.columns.items() if not isinstance(c, Numbers)]
            self._tab.set_method(
                title,
                method.description,
                method.repeatable,
                method.parameters,
                maps.options(method.key),
                columns,
                f"{method.title} has no options. {method.repeatable}",
            )
        self._show_run()
        self._show_quality()

    def _show_quality(self) -> None:
        found = self._workbench.judging.judgement
        if found is None:
            self._status.set_quality(None, "")
        else:
            told = "\n".join(f"{f.title}: {_words(f.value)}" for f in figures_of(found))
            self._status.set_quality(_known(found.trustworthiness), told)
        if not self._looked_at:
            return
        shown = self._workbench.workspace.shown_map
        if found is None:
            head = "Measuring the map…" if shown is not None else "No map yet."
            self._tab.set_quality(head, (), shown is not None)
        else:
            head = f"On {found.sample:,} of {found.of:,} samples, {found.k} neighbours each"
            self._tab.set_quality(head, figures_of(found), True)

    def _show_run(self) -> None:
        state, maps = self._workbench.workspace.state, self._workbench.maps
        if not self._looked_at or state.space is None:
            return
        method = maps.method_of(state.map.method)
        keys = maps.projecting.keys
        first = maps.projecting.forming(keys[0]) if keys else None
        self._tab.set_run(
            computes=method is not None and method.in_child,
            forming=bool(keys),
            paused=first is not None and first.paused,
        )


def figures_of(found: MapJudgement) -> tuple[Figure, ...]:
    """The measures, each with what it says."""
    figures = [
        Figure(
            "Trustworthiness",
            "Whether those beside a sample on the map are its neighbours in latent space; "
            "1 is all of them (Venna & Kaski 2006).",
            _known(found.trustworthiness),
        ),
        Figure(
            "Continuity",
            "Whether a sample's neighbours in latent space are beside it on the map; 1 is all "
            "of them (Venna & Kaski 2006).",
            _known(found.continuity),
        ),
        Figure(
            "Shepard correlation",
            "Whether what is far apart in latent space is far apart on the map: rank "
            f"correlation of {found.pairs:,} distances.",
            _known(found.shepard),
        ),
    ]
    if found.labelled:
        figures.insert(
            2,
            Figure(
                "Neighbourhood hit",
                "The share of those beside a sample that have its label, over "
                f"{found.labelled:,} samples.",
                _known(found.neighbourhood_hit),
            ),
        )
    if found.held_out:
        figures.append(
            Figure(
                "Error of the way back",
                f"On {found.held_out:,} samples it has not seen: 0 is exact, 1 no better than "
                "the mean of the data.",
                _known(found.inverse_error),
            )
        )
    return tuple(figures)


def _words(value: float | None) -> str:
    return "not known" if value is None else f"{value:.3f}"


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
