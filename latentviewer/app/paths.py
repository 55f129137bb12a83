"""The path's side of the session: waypoints, frames, export."""

import dataclasses
from collections.abc import Callable
from pathlib import Path as FilePath
from typing import cast

import numpy as np

from latentviewer.app.abilities import abilities
from latentviewer.app.film import Film, denoised_film, distances_of
from latentviewer.app.preview import stand_in
from latentviewer.app.previews import Previews
from latentviewer.app.signal import Signal
from latentviewer.app.state import DenoisedTarget, LatentTarget, SessionState
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.interpolation import MODES, Mode
from latentviewer.domain.observation import observation_of
from latentviewer.domain.path import Path, Waypoint
from latentviewer.domain.ports import Capability, Images
from latentviewer.domain.space import Latents
from latentviewer.jobs.progress import JobStatus
from latentviewer.jobs.worker import JobHandle

_FRAMES_PER_CALL = 16
FRAMES_RANGE = (2, 600)
NOISE_MODE = "noise"
INTERPOLATIONS: tuple[str, ...] = (*MODES, NOISE_MODE)


class Paths:
    """Edits the path and decodes it in short turns, so that the preview stays quick.

    Attributes:
        film: the frames, or None without waypoints.
        current: the frame that is shown, or None.
        film_changed: emitted with the film, again and again while it is decoded.
        current_changed: emitted with the frame that is shown, or None.
    """

    def __init__(self, workspace: Workspace, previews: Previews) -> None:
        self._workspace = workspace
        self._previews = previews
        self.film: Film | None = None
        self.current: int | None = None
        self._frame: LatentTarget | None = None
        self._turn = 0
        self._denoising: JobHandle | None = None
        self.film_changed: Signal[[Film | None]] = Signal()
        self.current_changed: Signal[[int | None]] = Signal()
        workspace.session.changed.connect(self._on_state)
        workspace.sources_changed.connect(self._rebuild)

    @property
    def path(self) -> Path:
        """The present path."""
        return self._workspace.state.path

    @property
    def has_pictures(self) -> bool:
        """Whether frames have pictures, decoded or stood in for."""
        return self._workspace.state.space is not None and self._painter() is not None

    def add_row(self, row: int) -> None:
        """Puts a sample at the end of the path."""
        space = self._workspace.space
        if not 0 <= row < len(space):
            raise UserError(f"There is no row {row}; {space.name} has {len(space)}.")
        label = space.label(row)
        self._add(space.latent[row], row, f"#{row} · {label}" if label else f"#{row}")

    def add_place(self, place: tuple[float, ...]) -> None:
        """Puts a place of the map at the end, by the map's inverse."""
        shown = self._workspace.shown_map
        if shown is None:
            raise UserError("The map is not ready yet.")
        self._workspace.call(
            lambda: shown.inverse.latents(np.array([place], np.float32))[0],
            lambda latent: self._add(latent, None, "place"),
        )

    def add_shown(self) -> None:
        """Puts what the preview shows at the end."""
        shown = self._previews.shown
        if shown is None:
            raise UserError("Point at the map first; the preview is empty.")
        edited = isinstance(shown.request.target, LatentTarget) or shown.request.noise is not None
        self._add(shown.latent, None if edited else shown.row, shown.title)

    def remove(self, index: int) -> None:
        """Takes a waypoint out."""
        self._check(index)
        self._set("Remove waypoint", self.path.without(index))

    def move(self, index: int, to: int) -> None:
        """Puts a waypoint at another place in the order."""
        self._check(index)
        self._check(to)
        self._set("Move waypoint", self.path.moved(index, to))

    def clear(self) -> None:
        """Takes all waypoints out."""
        self._set("Clear path", dataclasses.replace(self.path, waypoints=()))

    def set_mode(self, mode: str) -> None:
        """`linear`, `slerp`, or `noise`: slerp between the noises of the waypoints."""
        if mode not in INTERPOLATIONS:
            raise UserError(f"Interpolation is {' or '.join(INTERPOLATIONS)}, not “{mode}”.")
        if mode == NOISE_MODE:
            if why := self.why_no_noise():
                raise UserError(why)
            path = dataclasses.replace(self.path, mode="slerp", noise=True)
            if path != self.path:
                self._set("Interpolate in noise", path)
            elif self._denoising is None and self.film is not None and not self.film.whole:
                self._rebuild()
            return
        path = dataclasses.replace(self.path, mode=cast(Mode, mode), noise=False)
        self._set(f"Interpolate by {mode}", path)

    def why_no_noise(self) -> str:
        """Why waypoints cannot be joined through noise, in one sentence; empty where they can."""
        if self._workspace.space.holds_noise:
            return "The latents of this space are noise already; choose slerp."
        if self._workspace.diffusion is None:
            return "Only a diffusion model has a noise to interpolate in; choose linear or slerp."
        return ""

    def set_frames(self, count: int) -> None:
        """How many frames the whole path has."""
        low, high = FRAMES_RANGE
        if not low <= count <= high:
            raise UserError(f"A path has {low} to {high} frames, not {count}.")
        self._set("Path frames", dataclasses.replace(self.path, frames=count), "path-frames")

    def toggle_closed(self) -> None:
        """Back to the first waypoint at the end, or not."""
        self._set("Closed path", dataclasses.replace(self.path, closed=not self.path.closed))

    def show_frame(self, index: int | None) -> None:
        """Shows a frame in the preview; None stops showing one."""
        if self.film is None or index is None:
            chosen = None
        else:
            count = len(self.film.latents)
            chosen = min(max(int(index), 0), count - 1)
            title = f"Frame {chosen + 1} of {count}"
            if self.film.is_denoised:
                if not self.film.done:
                    return
                chosen = min(chosen, self.film.done - 1)
                self._frame = DenoisedTarget(self.film.latents[chosen].copy(), title)
            else:
                self._frame = LatentTarget(self.film.latents[chosen], title)
            self._previews.hover(self._frame)
        if chosen != self.current:
            self.current = chosen
            self.current_changed.emit(chosen)

    def export_to(self, path: str, frames_per_second: int = 24) -> None:
        """Writes the film: .png strip, .gif, .mp4, or the latents as .npy."""
        film, model = self.film, self._workspace.model
        if film is None:
            raise UserError("Put two waypoints on the path first.")
        target = FilePath(path)
        if film.is_denoised and not film.whole:
            raise UserError(
                f"{film.done} of {len(film.latents)} frames are denoised; export them when all "
                "are there."
            )
        services = self._workspace.services
        decode = model if self._workspace.can(Capability.DECODE) else None
        if decode is None and target.suffix.lower() != ".npy":
            why = abilities(self._workspace).decoder.rstrip(".")
            raise UserError(f"{why}; export the path's latents as .npy instead.")
        handle = self._workspace.worker.submit(
            f"Export {target.name}",
            lambda token: services.export_path(decode, film.latents, target, frames_per_second),
            done=lambda written: self._workspace.say(f"Wrote {written}."),
            failed=self._workspace.fault,
            progress=self._workspace.on_progress,
        )
        self._workspace.track(handle)

    def _keep_place(self, before: Film | None, film: Film) -> None:
        """A new film goes on where the one before stood, in the preview too."""
        count = len(film.latents)
        if self.current is None or before is None or not count:
            self.show_frame(None)
            return
        place = self.current / max(len(before.latents) - 1, 1)
        chosen = min(round(place * (count - 1)), count - 1)
        if self._frame is not None and self._previews.target is self._frame:
            if not np.array_equal(before.latents, film.latents):
                self.show_frame(chosen)
        elif chosen != self.current:
            self.current = chosen
            self.current_changed.emit(chosen)

    def _check(self, index: int) -> None:
        if not 0 <= index < len(self.path.waypoints):
            raise UserError(
                f"The path has no waypoint {index + 1}; it has {len(self.path.waypoints)}."
            )

    def _add(self, latent: Latents, row: int | None, label: str) -> None:
        waypoint = Waypoint(tuple(float(v) for v in latent), row, label)
        self._set("Add waypoint", self.path.with_waypoint(waypoint))

    def _set(self, title: str, path: Path, merge_key: str | None = None) -> None:
        if path != self.path:
            self._workspace.session.change(title, merge_key=merge_key, path=path)

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        if new.path is not old.path or (new.space is None) != (old.space is None):
            self._rebuild()
        elif new.space is not None and (new.path.noise or new.space.holds_noise):
            before, after = old.denoising, new.denoising
            if (before.steps, before.condition) != (after.steps, after.condition):
                self._rebuild()

    def _rebuild(self) -> None:
        self._turn += 1
        if self._denoising is not None:
            self._denoising.cancel()
            self._denoising = None
        path = self.path
        if self._workspace.state.space is None or not path.waypoints:
            self.film = None
            self.show_frame(None)
            self.film_changed.emit(None)
            return
        through_noise = path.noise or self._workspace.space.holds_noise
        if through_noise and self._workspace.model_expected:
            return
        if through_noise and self._workspace.diffusion is not None:
            self._denoise_on(path, self._turn)
            return
        turn, shown = self._turn, self._workspace.shown_map
        distance = self._workspace.distance
        waypoints = np.array([w.latent for w in path.waypoints], np.float32)

        def prepare() -> Film:
            latents = path.latents()
            places = shown.places(latents) if shown is not None and len(latents) else None
            there = shown.places(waypoints) if shown is not None else None
            film = Film(latents, places, there, None, 0)
            if distance is None:
                return film
            gaps, far = distances_of(latents, distance)
            return dataclasses.replace(film, distances=gaps, far=far)

        self._workspace.call(prepare, lambda film: self._decode_on(film, turn))

    def _decode_on(self, film: Film, turn: int) -> None:
        if turn != self._turn:
            return
        before, self.film = self.film, film
        if film.done == 0:
            self._keep_place(before, film)
        self.film_changed.emit(film)
        draw = self._painter()
        if draw is None or film.done >= len(film.latents):
            return

        def some() -> Film:
            end = min(film.done + _FRAMES_PER_CALL, len(film.latents))
            decoded = draw(film.latents[film.done : end])
            images = (
                np.zeros((len(film.latents), *decoded.shape[1:]), np.float32)
                if film.images is None
                else film.images
            )
            images[film.done : end] = decoded
            return dataclasses.replace(film, images=images, done=end)

        self._workspace.call(some, lambda further: self._decode_on(further, turn))

    def _painter(self) -> Callable[[Latents], Images] | None:
        """What makes pictures (m, h, w, c) of latents (m, d): the decoder, or stand-ins."""
        model, sources = self._workspace.model, self._workspace.sources()
        if model is not None and self._workspace.can(Capability.DECODE):
            return model.decode
        nobody = sources.data is None or not len(sources.space)
        if self._workspace.model_expected or nobody or observation_of(sources.space) is not None:
            return None

        def stand_ins(latents: Latents) -> Images:
            found = [stand_in(latent, sources) for latent in latents]
            return np.stack([one.image for one in found if one is not None])

        return stand_ins

    def _denoise_on(self, path: Path, turn: int) -> None:
        """Fills the film as a job; the film before stays until its first frames are there."""
        workspace, before = self._workspace, self.film
        model, settings = workspace.model, workspace.state.denoising
        assert model is not None
        conditions = workspace.diffusion.conditions if workspace.diffusion is not None else {}
        asked = {n: wanted for n, wanted in settings.condition if wanted in conditions.get(n, ())}
        sources, shown = workspace.sources(), workspace.shown_map
        place = shown.places if shown is not None else None
        epoch, ended, kept = workspace.epoch, False, False

        def on_film(film: Film) -> None:
            nonlocal kept
            if turn != self._turn or film is self.film or not film.done:
                return
            self.film = film
            if not kept:
                kept = True
                self._keep_place(before, film)
            self.film_changed.emit(film)

        def on_progress(status: JobStatus, partial: object | None) -> None:
            workspace.on_progress(status)
            if isinstance(partial, Film):
                on_film(partial)

        def done(film: Film) -> None:
            end()
            on_film(film)

        def end() -> None:
            nonlocal ended
            ended = True
            if turn == self._turn:
                self._denoising = None

        def failed(error: BaseException) -> None:
            end()
            workspace.fault(error, epoch)

        handle = workspace.worker.submit(
            "Path through noise",
            lambda _token: denoised_film(path, model, sources, place, settings.steps, asked),
            done=done,
            failed=failed,
            progress=on_progress,
            cancelled=end,
        )
        if not ended:
            self._denoising = handle
            workspace.track(handle)
