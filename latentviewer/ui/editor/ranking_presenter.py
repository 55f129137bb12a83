"""Keeps the ranking in step with the session."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtGui import QImage

from latentviewer.app.ranking import Compared, Ranks
from latentviewer.app.state import SessionState
from latentviewer.app.workbench import Workbench
from latentviewer.domain.ports import Images
from latentviewer.ui.editor.ranking_strip import value_text
from latentviewer.ui.editor.ranking_tab import RankingTab
from latentviewer.ui.preview.image import difference_image, to_image
from latentviewer.ui.preview.image_tile import legend_text
from latentviewer.ui.theme import Theme

_ENLARGED_UP_TO_PX = 40


class RankingPresenter:
    """From session to the ranked samples; what is pointed at goes to the preview."""

    def __init__(self, workbench: Workbench, tab: RankingTab, theme: Theme) -> None:
        self._workbench, self._tab, self._theme = workbench, tab, theme
        self._ranking = workbench.ranking
        self._shown: Ranks | None = None
        self._ranking.changed.connect(self._show)
        self._ranking.refreshed.connect(tab.strip.forget_pictures)
        self._ranking.fetched.connect(self._on_fetched)
        workbench.workspace.session.changed.connect(self._on_state)
        tab.looked_at.connect(self._on_looked_at)
        tab.strip.set_labels(self._label)
        tab.strip.wanted.connect(self._ranking.want)
        tab.strip.pointed.connect(self._on_pointed)
        tab.strip.left_alone.connect(self._on_left_alone)
        self._show()

    def set_theme(self, theme: Theme) -> None:
        """Differences in another theme's colours."""
        self._theme = theme
        self._tab.strip.forget_pictures()

    def _on_looked_at(self, looked_at: bool) -> None:
        self._ranking.watch(looked_at)
        if looked_at:
            self._tab.strip.ask()

    def _label(self, row: int) -> str:
        space = self._workbench.workspace.state.space
        return space.label(row) if space is not None and row < len(space) else ""

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        if new.selection is not old.selection:
            self._tab.strip.set_selected(frozenset(new.selection.rows.tolist()))

    def _show(self) -> None:
        tab, ranking, ranks = self._tab, self._ranking, self._ranking.ranks
        why = ranking.why_not()
        if why is not None:
            tab.set_empty("Nothing to rank", why)
            self._shown = None
            return
        if ranks is None:
            tab.set_empty("Ranking the samples", "")
            return
        tab.set_choice(ranking.columns, ranks.column, ranks.order, len(ranks.rows))
        tab.strip.set_lines([name.capitalize() for name in ranking.lines])
        if ranks is not self._shown:
            self._shown = ranks
            tab.strip.set_ranks(ranks.rows, ranks.values)
        self._show_caption()

    def _show_caption(self, what: str = "") -> None:
        ranks = self._shown
        if ranks is not None:
            missing = self._ranking.what_is_missing()
            tip = legend_text() if "difference" in self._ranking.lines else missing
            role = "warning" if missing and not what else "text_dim"
            self._tab.caption.set_texts(what or scope_of(ranks), "" if what else missing, tip, role)

    def _on_pointed(self, row: int) -> None:
        self._ranking.point(row)
        ranks = self._shown
        if ranks is not None:
            at = int(np.flatnonzero(ranks.rows == row)[0])
            value = value_text(float(ranks.values[at]))
            self._show_caption(f"{at + 1:,}: {self._tab.strip.words(row)}, {ranks.column} {value}")

    def _on_left_alone(self) -> None:
        self._ranking.leave()
        self._show_caption()

    def _on_fetched(self, rows: Sequence[int], fetched: Sequence[Compared]) -> None:
        for row, pictures in zip(rows, fetched, strict=True):
            made = {
                "original": _image(pictures.original),
                "decoded": _image(pictures.decoded),
                "difference": self._difference(pictures.difference),
            }
            self._tab.strip.set_pictures(row, [made[name] for name in self._ranking.lines])

    def _difference(self, difference: Images | None) -> QImage | None:
        if difference is None:
            return None
        return difference_image(difference, self._theme.dark, _is_small(difference))


def scope_of(ranks: Ranks) -> str:
    """What is ranked, in words."""
    among = len(ranks.rows) + ranks.left_out
    of = f"{among:,} samples" if ranks.within is None else f"{among:,} selected samples"
    if among == 1:
        of = of.removesuffix("s")
    return f"{of}, {ranks.left_out:,} without a value" if ranks.left_out else of


def _image(pixels: Images | None) -> QImage | None:
    return None if pixels is None else to_image(pixels, _is_small(pixels))


def _is_small(pixels: Images) -> bool:
    return bool(max(pixels.shape[:2]) <= _ENLARGED_UP_TO_PX)
