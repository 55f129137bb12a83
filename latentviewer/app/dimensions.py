"""The latent dimensions: what each carries, and what the decoder makes of moving along it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.filling import Filling
from latentviewer.app.previews import MEAN_TITLE, Previews, edited_title
from latentviewer.app.signal import Signal
from latentviewer.app.state import LatentTarget, SessionState, Target
from latentviewer.app.workspace import Workspace
from latentviewer.domain.health import ACTIVE_ABOVE, kl_per_dimension, variance_per_dimension
from latentviewer.domain.ports import Capability, Images, Model
from latentviewer.domain.space import Latents, Space
from latentviewer.domain.traversal import (
    STEPS,
    data_range,
    prior_range,
    traversal_values,
    traverse,
)

_VALUES_PER_CALL = 2_000_000
_ROWS_PER_CALL = 1


@dataclass(frozen=True, eq=False)
class Measures:
    """What is known of each of d dimensions.

    Attributes:
        order: (d,) the dimensions, the one that carries most first: by `kl` where there is
            one, else by `variance`.
        kl: (d,) mean KL divergence of the posterior from the prior in nats; None without a
            posterior.
        variance: (d,) of the latents. active: (d,) whether it is above 0.01.
        values: (d, STEPS) where a traversal of each dimension stops.
        has_prior: whether these go from -3 to 3 for all, and not from percentile to percentile.
        mean: (d,) of the latents.
        fault: why there is no `kl` although there are standard deviations; or empty.
    """

    order: NDArray[np.int64]
    kl: NDArray[np.float64] | None
    variance: NDArray[np.float64]
    active: NDArray[np.bool_]
    values: NDArray[np.float32]
    has_prior: bool
    mean: Latents
    fault: str = ""


@dataclass(frozen=True, eq=False)
class Base:
    """The latent (d,) that all traversals go through, and where it came from."""

    latent: Latents
    title: str
    row: int | None
    target: Target


class _Pointed(LatentTarget):
    """A picture of a traversal in the preview; the traversals do not go through it."""


class Dimensions:
    """Measures the dimensions and decodes their traversals, while somebody looks.

    Attributes:
        measures: of the open space, or None before they are there.
        measured: the share that is measured, 0 to 1.
        base: what the traversals go through, or None.
        changed: the measures, or why there are none, changed.
        rebased: the traversals go through another latent now.
        decoded: emitted with dimensions and, for each, (STEPS, h, w, c) float32 in 0..1.
    """

    def __init__(self, workspace: Workspace, previews: Previews) -> None:
        self._workspace, self._previews = workspace, previews
        self.measures: Measures | None = None
        self.measured = 0.0
        self.base: Base | None = None
        self._watched = False
        self._turn = 0
        self._decoder: Model | None = None
        self.changed: Signal[[]] = Signal()
        self.rebased: Signal[[]] = Signal()
        self.decoded: Signal[[Sequence[int], Sequence[Images]]] = Signal()
        self._filling: Filling[Images] = Filling(
            workspace, _ROWS_PER_CALL, lambda keys, values: self.decoded.emit(keys, values)
        )
        workspace.session.changed.connect(self._on_state)
        workspace.sources_changed.connect(self._on_sources)

    def why_not(self) -> str | None:
        """Why there is nothing to traverse, in one sentence; None where there is."""
        workspace = self._workspace
        space, model = workspace.state.space, workspace.model
        if space is None:
            return "Open a space first."
        if workspace.model_expected:
            return "Loading the decoder…"
        if model is None:
            named = space.provenance.model
            if named is None:
                return f"{space.name} names no model, so no latent can be decoded."
            return f"The model {named} is not at hand for {space.name}; no latent can be decoded."
        if Capability.DECODE not in model.card.capabilities:
            return f"The model {model.card.name} has no decoder, so no latent can be shown."
        if not len(space):
            return f"{space.name} holds no samples."
        return None

    def watch(self, watched: bool) -> None:
        """Whether somebody looks; else nothing is measured and decoded."""
        if watched == self._watched:
            return
        self._watched = watched
        if watched:
            self._measure()
            self.follow()
        else:
            self._filling.want(())

    def want(self, dimensions: Sequence[int]) -> None:
        """Which traversals are looked at and not decoded yet."""
        if self._watched:
            self._filling.want(dimensions)

    def follow(self) -> None:
        """Goes through what the preview shows now; through the mean where it shows nothing."""
        measures, shown = self.measures, self._previews.shown
        if measures is None or not self._watched:
            return
        if shown is None or len(shown.latent) != len(measures.mean):
            target: Target = LatentTarget(measures.mean, MEAN_TITLE)
            self._rebase(Base(measures.mean, MEAN_TITLE, None, target))
        elif not isinstance(shown.request.target, _Pointed):
            # With noise, the shown latent is not the sample's own any more.
            row = shown.row if shown.request.noise is None else None
            self._rebase(Base(shown.latent, shown.title, row, shown.request.target))

    def point(self, dimension: int, step: int) -> None:
        """Shows one picture of a traversal in the preview."""
        base, measures = self.base, self.measures
        if base is None or measures is None:
            return
        value = measures.values[dimension, step : step + 1]
        latent = traverse(base.latent, dimension, value)[0]
        self._previews.hover(_Pointed(latent, edited_title(base.title), base.row))

    def leave(self) -> None:
        """Shows again what the traversals go through."""
        if isinstance(self._previews.target, _Pointed):
            pinned = self._workspace.state.pinned
            back = pinned if pinned is not None or self.base is None else self.base.target
            self._previews.hover(back)

    def _rebase(self, base: Base) -> None:
        before = self.base
        same = before is not None and np.array_equal(before.latent, base.latent)
        self.base = base
        if not same:
            self._ask()
        if not same or (before is not None and before.title != base.title):
            self.rebased.emit()

    def _ask(self) -> None:
        base, measures, model = self.base, self.measures, self._workspace.model
        self._decoder = model
        if base is None or measures is None or model is None or self.why_not() is not None:
            self._filling.ask(None)
            return

        def decode(dimensions: Sequence[int]) -> Sequence[Images]:
            latents = [traverse(base.latent, i, measures.values[i]) for i in dimensions]
            images = model.decode(np.concatenate(latents))
            return [images[k * STEPS : (k + 1) * STEPS] for k in range(len(dimensions))]

        self._filling.ask(decode)

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        if new.space is None or old.space is None or old.space.latent is not new.space.latent:
            self._forget()

    def _on_sources(self) -> None:
        measures = self.measures
        if measures is not None and measures.has_prior != self._has_prior():
            self._forget()
        elif self._workspace.model is not self._decoder and self.base is not None:
            self._ask()
            self.rebased.emit()
        self.changed.emit()
        if self._watched:
            self._measure()

    def _has_prior(self) -> bool:
        return self._workspace.can(Capability.SAMPLE)

    def _forget(self) -> None:
        self._turn += 1
        self.measures, self.base, self.measured = None, None, 0.0
        self._filling.ask(None)
        self.changed.emit()

    def _measure(self) -> None:
        if self.measures is not None or self.why_not() is not None:
            return
        self._turn += 1
        turn, space = self._turn, self._workspace.space
        steps = _measuring(space, self._has_prior())

        def go_on(done: float | Measures) -> None:
            if turn != self._turn:
                return
            if isinstance(done, Measures):
                self.measures, self.measured = done, 1.0
                self.changed.emit()
                self.follow()
            elif self._watched:
                self.measured = done
                self.changed.emit()
                self._workspace.call(lambda: next(steps), go_on)

        self._workspace.call(lambda: next(steps), go_on)


def _measuring(space: Space, has_prior: bool) -> Iterator[float | Measures]:
    """Measures a few dimensions at a time; gives the share done, then everything."""
    n, d = space.latent.shape
    std = space.latent_std
    kl: NDArray[np.float64] | None = None if std is None else np.zeros(d)
    fault = ""
    variance, mean = np.zeros(d), np.zeros(d, np.float32)
    low, high = prior_range(d)
    width = max(1, _VALUES_PER_CALL // max(n, 1))
    for start in range(0, d, width):
        part = slice(start, start + width)
        latents = space.latent[:, part]
        variance[part] = variance_per_dimension(latents)
        mean[part] = latents.mean(axis=0, dtype=np.float64)
        if not has_prior:
            low[part], high[part] = data_range(latents)
        if kl is not None and std is not None:
            try:
                kl[part] = kl_per_dimension(latents, std[:, part])
            except ValueError as error:
                kl, fault = None, str(error)
        if start + width < d:
            yield (start + width) / d
    by = variance if kl is None else kl
    yield Measures(
        order=np.argsort(-by, kind="stable"),
        kl=kl,
        variance=variance,
        active=variance > ACTIVE_ABOVE,
        values=traversal_values(low, high),
        has_prior=has_prior,
        mean=mean,
        fault=fault,
    )
