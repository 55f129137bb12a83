"""Keeps the tab of the latent dimensions in step with the session."""

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QTimer

from latentviewer.app.dimensions import Dimensions, Measures
from latentviewer.app.workbench import Workbench
from latentviewer.domain.ports import Images
from latentviewer.domain.traversal import DATA_PERCENTILES
from latentviewer.ui.editor.dimensions_tab import DimensionsTab
from latentviewer.ui.editor.traversals import Row

SETTLE_MS = 120
_TIP = (
    "KL: mean divergence of the posterior from the prior N(0, 1), in nats (Kingma & Welling 2014)."
    "\nActive: the latents vary by more than 0.01 in this dimension (Burda et al. 2016)."
    "\nThe small mark under a row shows where the latent itself stands."
)


class DimensionsPresenter:
    """From session to rows; what is pointed at goes to the preview."""

    def __init__(self, workbench: Workbench, tab: DimensionsTab) -> None:
        self._dimensions: Dimensions = workbench.dimensions
        self._tab = tab
        self._shown: Measures | None = None
        # Traversals follow the cursor when it rests: decoding them must not slow the preview.
        self._settle = QTimer(tab)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._dimensions.follow)
        workbench.previews.answered.connect(self._on_answer)
        self._dimensions.changed.connect(self._show)
        self._dimensions.rebased.connect(self._show_base)
        self._dimensions.decoded.connect(self._on_decoded)
        tab.looked_at.connect(self._on_looked_at)
        rows = tab.traversals
        rows.wanted.connect(self._dimensions.want)
        rows.pointed.connect(self._on_pointed)
        rows.left_alone.connect(self._on_left_alone)
        self._show()

    def stop(self) -> None:
        """Follows no more; for the way out."""
        self._settle.stop()

    def _on_looked_at(self, looked_at: bool) -> None:
        self._dimensions.watch(looked_at)
        if looked_at:
            self._tab.traversals.ask()
        else:
            self._settle.stop()

    def _on_answer(self, _answer: object) -> None:
        if self._tab.isVisible():
            self._settle.start()

    def _on_pointed(self, dimension: int, step: int) -> None:
        self._dimensions.point(dimension, step)
        self._show_caption(f"with {self._tab.traversals.words(dimension, step)}")

    def _on_left_alone(self) -> None:
        self._dimensions.leave()
        self._show_caption()

    def _show(self) -> None:
        tab, measures = self._tab, self._dimensions.measures
        why = self._dimensions.why_not()
        if why is not None:
            tab.set_empty("No traversals here", why)
        elif measures is None:
            done = self._dimensions.measured
            tab.set_empty("Measuring the dimensions", f"{done:.0%} done." if done else "")
        else:
            tab.show_rows()
        if measures is not self._shown:
            self._shown = measures
            if measures is None:
                tab.traversals.set_rows((), "", ())
            else:
                tab.traversals.set_rows(*rows_of(measures))
            self._show_base()

    def _show_base(self) -> None:
        base = self._dimensions.base
        self._tab.traversals.set_latent(None if base is None else base.latent)
        self._show_caption()

    def _show_caption(self, what: str = "one dimension at a time") -> None:
        base, measures = self._dimensions.base, self._dimensions.measures
        if measures is None:
            return
        figures, warning = figures_of(measures)
        title = "" if base is None else f"{base.title}, {what}"
        self._tab.caption.set_texts(title, figures, _TIP, "warning" if warning else "text_dim")

    def _on_decoded(self, dimensions: Sequence[int], images: Sequence[Images]) -> None:
        for dimension, row in zip(dimensions, images, strict=True):
            self._tab.traversals.set_pictures(dimension, row)


def rows_of(measures: Measures) -> tuple[list[Row], str, list[str]]:
    """The rows in their order, the title over their bars, and those over their pictures."""
    by = measures.variance if measures.kl is None else measures.kl
    finite = by[np.isfinite(by)]
    most = float(finite.max(initial=0.0))
    rows = []
    for i in measures.order.tolist():
        amount = float(by[i])
        share = 1.0 if amount == math.inf else amount / most if most > 0 else 0.0
        rows.append(
            Row(
                dimension=i,
                amount=_amount(amount),
                share=share if math.isfinite(share) else 0.0,
                active=bool(measures.active[i]),
                values=measures.values[i],
            )
        )
    if measures.has_prior:
        heads = [f"{value:g}".replace("-", "−") for value in measures.values[0].tolist()]
    else:
        low, high = DATA_PERCENTILES
        heads = [""] * measures.values.shape[1]
        heads[0], heads[-1] = f"{low:g} %", f"{high:g} %"
    return rows, "Variance" if measures.kl is None else "KL to the prior, nats", heads


def figures_of(measures: Measures) -> tuple[str, bool]:
    """What is said of all dimensions together, and whether it tells of a fault."""
    active = f"{int(measures.active.sum())} of {len(measures.active)} active"
    if measures.fault:
        return f"No KL: {measures.fault}; sorted by variance · {active}", True
    if measures.kl is None:
        return f"No posterior: sorted by variance · {active}", False
    return f"KL {_amount(float(measures.kl.sum()))} nats · {active}", False


def _amount(value: float) -> str:
    if math.isnan(value):
        return "not a number"
    if math.isinf(value):
        return "∞"
    return f"{value:.2f}" if value < 1000 else f"{value:.3g}"
