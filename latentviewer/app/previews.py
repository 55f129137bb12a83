"""The preview's side of the session: hover, pin, edit, sample."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.abilities import abilities
from latentviewer.app.preview import (
    FEW_STEPS,
    Answer,
    Denoise,
    Glimpse,
    Request,
    Sources,
    answer,
    measured,
)
from latentviewer.app.refining import Refining
from latentviewer.app.services import Nearest
from latentviewer.app.signal import Signal
from latentviewer.app.state import (
    DenoisedTarget,
    LatentTarget,
    PlaceTarget,
    RowTarget,
    SavedLatent,
    SessionState,
    Target,
)
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.metrics import METRIC_TITLES, METRICS
from latentviewer.domain.ports import Capability
from latentviewer.domain.space import Latents

T = TypeVar("T")

NEIGHBOURS_SHOWN = 8
POSTERIOR_SHOWN = 6
MEAN_TITLE = "Mean of the space"
HALF_NOISE = 0.5
"""The time at which signal and noise are of equal strength."""


@dataclass(frozen=True, eq=False)
class Details:
    """What the preview adds when the cursor rests.

    Attributes:
        answer: the answer it belongs to, with posterior pictures.
        rows, distances: the nearest samples in latent space, the sample itself left out.
        labels: their labels.
        images: (k, h, w, c) uint8 pictures of them: originals, or decoded where the data
            are not here; None where neither is to be had.
    """

    answer: Answer
    rows: NDArray[np.int64]
    distances: NDArray[np.float32]
    labels: tuple[str, ...]
    images: NDArray[np.uint8] | None


class Previews:
    """Asks the worker, newest first, and passes on what it answers.

    Attributes:
        glimpsed: emitted with the decoded picture of an answer that is on its way.
        answered: emitted with every new answer.
        detailed: emitted with the details of the answer shown.
        cleared: there is nothing to show.
        shown: the last answer, or None.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._seq = 0
        self._noise: Latents | None = None
        self._spread = 0.0
        self._noise_seed = 0
        self._refining = Refining(self._ask)
        self._target: Target | None = None
        self.shown: Answer | None = None
        self.glimpsed: Signal[[Glimpse]] = Signal()
        self.answered: Signal[[Answer]] = Signal()
        self.detailed: Signal[[Details]] = Signal()
        self.cleared: Signal[[]] = Signal()
        workspace.session.changed.connect(self._on_state)
        workspace.sources_changed.connect(self.refresh)

    @property
    def target(self) -> Target | None:
        """What was asked for last."""
        return self._target

    @property
    def spread(self) -> float:
        """How many standard deviations from the mean are shown."""
        return self._spread

    def hover(self, target: Target | None) -> None:
        """Shows what lies under the cursor; None goes back to what is pinned."""
        chosen = target if target is not None else self._workspace.state.pinned
        self._show(chosen)

    def refresh(self) -> None:
        """Asks again, after the model, the data or the map changed."""
        if self._workspace.state.space is not None:
            self._show(self._target or self._workspace.state.pinned)

    def settle(self) -> None:
        """Adds neighbours and posterior pictures to what is shown."""
        target, space = self._target, self._workspace.state.space
        if target is None or space is None or not self._askable(target):
            return
        sources, nearest = self._workspace.sources(), self._nearest()
        request = self._request(target, POSTERIOR_SHOWN)
        if request.denoise is None:
            self._ask(lambda: _details(request, sources, nearest), self._on_details)
            return
        whole = dataclasses.replace(
            request, denoise=dataclasses.replace(request.denoise, steps=request.denoise.whole)
        )
        self._refining.begin(
            whole,
            sources,
            lambda latent: self._ask(
                lambda: _details(whole, sources, nearest, latent), self._on_details
            ),
        )

    def set_metric(self, name: str) -> None:
        """By which nearest samples are found, here and in the arithmetic."""
        metric = next((known for known in METRICS if known == name), None)
        if metric is None:
            raise UserError(f"There is no metric “{name}”; there are {', '.join(METRICS)}.")
        if metric != self._workspace.state.metric:
            self._workspace.session.change(f"Nearest by {METRIC_TITLES[metric]}", metric=metric)

    def _nearest(self) -> Nearest:
        """By the session's metric."""
        return partial(self._workspace.services.nearest, metric=self._workspace.state.metric)

    def pin_row(self, row: int) -> None:
        """Keeps a sample in the preview."""
        if not 0 <= row < len(self._workspace.space):
            raise UserError(
                f"There is no row {row}; {self._workspace.space.name} has "
                f"{len(self._workspace.space)}."
            )
        self._pin(f"Show #{row}", RowTarget(row))

    def pin_place(self, place: tuple[float, ...]) -> None:
        """Keeps a place of the map in the preview."""
        self._pin("Show a place", PlaceTarget(tuple(float(v) for v in place)))

    def pin_latent(self, latent: Latents, title: str) -> None:
        """Keeps a made latent in the preview."""
        self._pin(f"Show {title}", LatentTarget(np.array(latent, np.float32), title))

    def show_mean(self) -> None:
        """Keeps the mean of all the space's latents in the preview."""
        space = self._workspace.space
        if not len(space):
            raise UserError(f"{space.name} holds no samples, so it has no mean.")
        self._workspace.call(
            lambda: space.latent.mean(axis=0, dtype=np.float64).astype(np.float32),
            lambda mean: self.pin_latent(mean, MEAN_TITLE),
        )

    def unpin(self) -> None:
        """Lets the preview follow the cursor only."""
        self._workspace.session.change("Release the preview", pinned=None)

    def set_dimension(self, index: int, value: float) -> None:
        """Changes one number of the shown latent; the preview follows."""
        shown, target = self._needed(), self._target
        latent, title, row = shown.latent, shown.title, shown.row
        if isinstance(target, LatentTarget) and not self._spread:
            # Asked for last; a quick hand changes it before it is answered.
            latent, title, row = target.latent, target.title, target.row
        if not 0 <= index < len(latent):
            raise UserError(f"The latent has no dimension {index}; it has {len(latent)}.")
        latent = latent.copy()
        latent[index] = value
        self._workspace.session.change(
            f"Set z {index}",
            merge_key=f"set-dimension-{index}",
            pinned=LatentTarget(latent, edited_title(title), row),
        )

    def reset(self) -> None:
        """Takes the edits back: the sample's own latent, without noise."""
        self._spread, self._noise = 0.0, None
        target = self._target
        if isinstance(target, LatentTarget) and target.row is not None:
            self._pin("Reset latent", RowTarget(target.row))
        else:
            self.refresh()

    def set_spread(self, spread: float) -> None:
        """Shows mean + spread * std * noise; 0 shows the mean."""
        self._check_posterior()
        self._spread = min(max(float(spread), 0.0), 3.0)
        if self._spread and self._noise is None:
            self._draw_noise()
        self.refresh()

    def resample(self) -> None:
        """Draws new noise around the mean."""
        self._check_posterior()
        self._spread = self._spread or 1.0
        self._draw_noise()
        self.refresh()

    def save(self, name: str | None = None) -> None:
        """Keeps the shown latent under a name."""
        shown = self._needed()
        saved = self._workspace.state.saved
        taken = {entry.name for entry in saved}
        chosen = (name or "").strip() or next(
            f"z{i}" for i in range(1, len(taken) + 2) if f"z{i}" not in taken
        )
        if chosen in taken:
            raise UserError(f"A latent is kept as “{chosen}” already; choose another name.")
        self._workspace.session.change(
            f"Keep {chosen}", saved=(*saved, SavedLatent(chosen, shown.latent.copy()))
        )

    def show_saved(self, name: str) -> None:
        """Shows a kept latent."""
        for entry in self._workspace.state.saved:
            if entry.name == name:
                self.pin_latent(entry.latent, name)
                return
        raise UserError(f"No latent is kept as “{name}”.")

    def remove_saved(self, name: str) -> None:
        """Forgets a kept latent."""
        kept = tuple(e for e in self._workspace.state.saved if e.name != name)
        self._workspace.session.change(f"Remove {name}", saved=kept)

    def _check_posterior(self) -> None:
        if why := abilities(self._workspace).posterior:
            raise UserError(why)

    def _pin(self, title: str, target: Target) -> None:
        self._workspace.session.change(title, merge_key="pin", pinned=target)

    def _needed(self) -> Answer:
        if self.shown is None:
            raise UserError("Point at the map first; the preview is empty.")
        return self.shown

    def _draw_noise(self) -> None:
        self._noise_seed += 1
        rng = np.random.default_rng(self._noise_seed)
        self._noise = rng.standard_normal(self._workspace.space.dim, np.float32)

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        if new.space is None or old.space is None or old.space.latent is not new.space.latent:
            switched = self._workspace.switches_layer(old, new)
            kept = self._target if switched and isinstance(self._target, RowTarget) else None
            self._target, self.shown, self._noise, self._spread = kept, None, None, 0.0
            if kept is None:
                self.cleared.emit()
        if new.pinned is not old.pinned and new.space is not None:
            self._show(new.pinned)
        elif new.metric != old.metric:
            self.settle()
        elif self._target is not None and new.denoising != old.denoising:
            switched = new.denoising.under_cursor != old.denoising.under_cursor
            if switched or self._denoise(self._target) is not None:
                self.refresh()

    def _show(self, target: Target | None) -> None:
        if target is None:
            return
        self._target = target
        self._refining.stop()
        if self._askable(target):
            request, sources = self._request(target, 0), self._workspace.sources()
            self._ask(lambda: answer(request, sources, glimpse=self._glimpse), self._on_answer)

    def _glimpse(self, seen: Glimpse) -> None:
        """On the worker's thread, within an answer."""
        self._workspace.worker.tell(lambda: self.glimpsed.emit(seen))

    def _askable(self, target: Target) -> bool:
        space = self._workspace.state.space
        if space is None or (isinstance(target, RowTarget) and target.row >= len(space)):
            return False
        if not isinstance(target, PlaceTarget):
            return True
        shown = self._workspace.shown_map
        return (
            shown is not None and len(space) > 0 and shown.coordinates.shape[1] == len(target.place)
        )

    def _request(self, target: Target, posterior_samples: int) -> Request:
        noise = self._noise if self._spread else None
        return Request(target, noise, self._spread, posterior_samples, self._denoise(target))

    def _denoise(self, target: Target) -> Denoise | None:
        """How the target is denoised in few steps; None where it is decoded as it is."""
        state, diffusion = self._workspace.state, self._workspace.diffusion
        if diffusion is None or state.space is None or isinstance(target, DenoisedTarget):
            return None
        is_noise, settings = state.space.holds_noise, state.denoising
        if not is_noise and (not settings.under_cursor or isinstance(target, LatentTarget)):
            return None
        known = diffusion.conditions
        asked = tuple((n, wanted) for n, wanted in settings.condition if wanted in known.get(n, ()))
        return Denoise(
            steps=min(self._refining.few, settings.steps),
            whole=settings.steps,
            guidance=settings.guidance,
            condition=asked,
            seed=settings.seed,
            since=1.0 if is_noise else HALF_NOISE,
        )

    def _ask(self, work: Callable[[], T], show: Callable[[T], None]) -> None:
        self._seq += 1
        epoch = self._workspace.epoch
        self._workspace.worker.preview(
            epoch, self._seq, work, show, lambda error: self._workspace.fault(error, epoch)
        )

    def _on_answer(self, answered: Answer) -> None:
        self.shown = answered
        self.answered.emit(answered)

    def _on_details(self, details: Details) -> None:
        self.shown = details.answer
        self.answered.emit(details.answer)
        self.detailed.emit(details)


def edited_title(title: str) -> str:
    """What a latent is called once a number of it was changed."""
    return title if title.startswith("Edited") else f"Edited {title}"


def _details(
    request: Request, sources: Sources, nearest: Nearest, denoised: Latents | None = None
) -> Details:
    answered = answer(request, sources, denoised)
    space = sources.space
    exclude = () if answered.row is None else (answered.row,)
    compared = measured(request.target, answered.latent, sources)
    rows, distances = np.zeros(0, np.int64), np.zeros(0, np.float32)
    if compared is not None:
        rows, distances = nearest(space.latent, compared, NEIGHBOURS_SHOWN, exclude)
    return Details(
        answer=answered,
        rows=rows,
        distances=distances,
        labels=tuple(space.label(int(row)) for row in rows),
        images=pictures(rows, sources),
    )


def pictures(rows: NDArray[np.int64], sources: Sources) -> NDArray[np.uint8] | None:
    """Originals of the rows, else decoded ones, (k, h, w, c) uint8; None without either."""
    if not len(rows):
        return None
    if sources.data is not None:
        return sources.data.images(rows)
    model = sources.model
    if model is not None and Capability.DECODE in model.card.capabilities:
        latents = np.ascontiguousarray(sources.space.latent[rows])
        if sources.space.holds_noise and sources.diffusion is not None:
            *_, last = Denoise(FEW_STEPS, FEW_STEPS).of(latents, sources.diffusion)
            latents = last.latents
        decoded = model.decode(latents)
        return np.rint(decoded * 255).astype(np.uint8)
    return None
