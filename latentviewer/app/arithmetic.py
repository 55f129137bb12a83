"""The arithmetic's side of the session: an expression, its picture, its neighbours."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.naming import context_of
from latentviewer.app.preview import Request, answer
from latentviewer.app.previews import NEIGHBOURS_SHOWN, Previews, pictures
from latentviewer.app.services import MapResult
from latentviewer.app.signal import Signal
from latentviewer.app.state import LatentTarget, SessionState
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import ExpressionError
from latentviewer.domain.expression import Context, Expression, complete, evaluate, parse
from latentviewer.domain.ports import DataSet, Images, Model
from latentviewer.domain.space import Latents


@dataclass(frozen=True, eq=False)
class Outcome:
    """What an expression gave.

    Attributes:
        text: the expression.
        latent: (d,) float32.
        decoded: (h, w, c), or None without a decoder.
        rows, distances, labels, images: its nearest samples, those it names by
            number left out.
        place: on the shown map, (2 or 3,), or None.
    """

    text: str
    latent: Latents
    decoded: Images | None
    rows: NDArray[np.int64]
    distances: NDArray[np.float32]
    labels: tuple[str, ...]
    images: NDArray[np.uint8] | None
    place: NDArray[np.float32] | None


class Arithmetic:
    """Evaluates expressions.

    Attributes:
        outcome: the last one, or None.
        outcome_changed: emitted with it.
        fault: emitted with a sentence and the character it is about.
    """

    def __init__(self, workspace: Workspace, previews: Previews) -> None:
        self._workspace = workspace
        self._previews = previews
        self.outcome: Outcome | None = None
        self._worked_with: tuple[Model | None, DataSet | None] | None = None
        self.outcome_changed: Signal[[Outcome | None]] = Signal()
        self.fault: Signal[[str, int]] = Signal()
        workspace.session.changed.connect(self._on_state)
        workspace.map_changed.connect(self._on_map)
        workspace.sources_changed.connect(self._on_sources)

    def context(self) -> Context:
        """The names an expression can use now."""
        return context_of(self._workspace.space, self._workspace.state)

    def complete(self, text: str, position: int) -> list[str]:
        """What could stand at the cursor."""
        if self._workspace.state.space is None:
            return []
        return complete(text, position, self.context())

    def evaluate(self, text: str) -> None:
        """Evaluates, decodes, shows; a fault is told at its character."""
        try:
            expression = parse(text)
        except ExpressionError as error:
            self.fault.emit(str(error), error.position)
            return
        self._work_out(expression, text, self._on_outcome)

    def _work_out(
        self,
        expression: Expression,
        text: str,
        done: Callable[[Outcome | ExpressionError], None],
    ) -> None:
        self._worked_with = (self._workspace.model, self._workspace.data)
        context, sources = self.context(), self._workspace.sources()
        nearest, shown = self._workspace.services.nearest, self._workspace.shown_map
        metric = self._workspace.state.metric

        def work() -> Outcome | ExpressionError:
            try:
                result = evaluate(expression, context)
            except ExpressionError as error:
                return error
            target = LatentTarget(result.latent, text)
            answered = answer(Request(target), sources)
            rows, distances = nearest(
                sources.space.latent,
                result.latent,
                NEIGHBOURS_SHOWN,
                [int(row) for row in result.rows_used],
                metric,
            )
            return Outcome(
                text=text,
                latent=result.latent,
                decoded=answered.decoded,
                rows=rows,
                distances=distances,
                labels=tuple(sources.space.label(int(row)) for row in rows),
                images=pictures(rows, sources),
                place=shown.places(result.latent[None])[0] if shown is not None else None,
            )

        self._workspace.call(work, done)

    def show(self) -> None:
        """Puts the outcome in the preview."""
        if self.outcome is not None:
            self._previews.pin_latent(self.outcome.latent, self.outcome.text)

    def _on_outcome(self, outcome: Outcome | ExpressionError) -> None:
        if isinstance(outcome, ExpressionError):
            self.fault.emit(str(outcome), outcome.position)
            return
        self.outcome = outcome
        if self._workspace.state.expression != outcome.text:
            self._workspace.session.change(
                f"Evaluate {outcome.text}",
                expression=outcome.text,
                pinned=LatentTarget(outcome.latent, outcome.text),
            )
        self.outcome_changed.emit(outcome)

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        changed_space = (old.space.latent if old.space is not None else None) is not (
            new.space.latent if new.space is not None else None
        )
        if new.metric != old.metric and not changed_space:
            self._again()
        if changed_space or (new.expression != old.expression and not new.expression):
            self.outcome, self._worked_with = None, None
            self.outcome_changed.emit(None)
        elif new.expression != old.expression and (
            self.outcome is None or self.outcome.text != new.expression
        ):
            self.evaluate(new.expression)

    def _on_sources(self) -> None:
        if self._worked_with != (self._workspace.model, self._workspace.data):
            self._again()

    def _on_map(self, shown: MapResult | None) -> None:
        if shown is not None:
            self._again()

    def _again(self) -> None:
        """Evaluates what the session holds: after a project was opened, or on another map."""
        text = self._workspace.state.expression
        if not text or self._workspace.state.space is None:
            return
        try:
            expression = parse(text)
        except ExpressionError:
            return
        self._work_out(expression, text, self._on_again)

    def _on_again(self, outcome: Outcome | ExpressionError) -> None:
        # The user may have evaluated another one meanwhile; what no longer holds, such as a
        # name that is gone, is not told again unasked.
        if isinstance(outcome, Outcome) and outcome.text == self._workspace.state.expression:
            self.outcome = outcome
            self.outcome_changed.emit(outcome)
