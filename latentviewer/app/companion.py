"""A second map: another model's space of the same samples, beside the open one."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.beside import (
    CONTROL,
    ELSEWHERE,
    NO_MODEL,
    NOTHING,
    Beside,
    comparable,
    left_out,
    maps_of,
    parts,
    unanswerable,
)
from latentviewer.app.decoder import decoder_of
from latentviewer.app.maps import described, first_settings, map_key, method_title
from latentviewer.app.preview import Answer, Request, Sources, answer
from latentviewer.app.previews import pictures
from latentviewer.app.services import MapResult, ModelFound, Opened
from latentviewer.app.signal import Signal
from latentviewer.app.state import Compared, PlaceTarget, RowTarget, SessionState, Target
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.first_samples import first_rows
from latentviewer.domain.formula import unpacked
from latentviewer.domain.map_note import map_note
from latentviewer.domain.ports import Capability, DataDistance, Model
from latentviewer.domain.space import Space

T = TypeVar("T")

_SLOT = "beside"


class Companion:
    """Opens the second space, asks its model, and leaves the session's undo alone.

    Selection, filters and colours are the session's, for both maps.

    Attributes:
        beside: what is compared with, or None.
        changed: emitted with what stood beside before, and what does now.
        answered: emitted with what its model makes of the place or sample that is pointed
            at, or with the sentence that stands there instead.
        wanted: somebody wants to compare, and has not said with what.
        control_wanted: a project was opened in which the control stood beside.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._loading = self._turn = self._seq = 0
        self._finished: dict[str, MapResult] = {}
        self._target: Target | None = None
        self._kept: PlaceTarget | None = None
        self.beside: Beside | None = None
        self.changed: Signal[[Beside | None, Beside | None]] = Signal()
        self.answered: Signal[[Answer | str]] = Signal()
        self.wanted: Signal[[]] = Signal()
        self.control_wanted: Signal[[Compared]] = Signal()
        workspace.session.changed.connect(self._on_state)
        workspace.sources_changed.connect(self._ask_again)

    def open(self, reference: str | None = None) -> None:
        """Shows a sample's or a file's space beside the open one."""
        if not reference:
            self.wanted.emit()
            return
        self._workspace.say(f"Opening {reference} beside {self._workspace.space.name}")
        self._load(reference, None)

    def show(self, space: Space, setting: Compared, originals: bool = True) -> None:
        """Stands a space beside that was made just now.

        Args:
            originals: whether its row i is the picture of row i.
        """
        self._drop()
        self._stand(space, setting, originals)

    def update(self, space: Space, name: str) -> None:
        """The space beside with one map more, which is shown."""
        self._replace(space=space)
        self._finished.pop(name, None)
        self.set_map(name)

    def close(self) -> None:
        """One map again."""
        self._drop()
        self._workspace.session.amend(compared=None)

    def maps(self) -> tuple[str, ...]:
        """Names of the maps that can be shown: PCA, and those that the space brought along."""
        if self.beside is None:
            return ()
        return maps_of(self.beside.space)

    def set_map(self, name: str) -> None:
        """Shows a map by its name, such as `pca_3d`."""
        if self.beside is None:
            return
        if name not in self.maps():
            known = ", ".join(self.maps())
            raise UserError(f"{self.beside.space.name} has no map “{name}”; it has {known}.")
        method, dims = parts(name)
        self._kept = None
        self._replace(setting=dataclasses.replace(self.beside.setting, method=method, dims=dims))
        self._workspace.session.amend(compared=self.beside.setting)
        self._show_map()

    def hover(self, target: Target | None, here: bool = True) -> None:
        """Asks for what lies under the cursor; None goes back to what is kept.

        Args:
            here: whether the cursor is over the second map; a place of the first one means
                nothing to it, a sample does.
        """
        if target is None:
            self._ask(self._resting())
        else:
            self._ask(target if here or isinstance(target, RowTarget) else None, ELSEWHERE)

    def pin_place(self, place: tuple[float, ...]) -> None:
        """Comes back to a place of the second map whenever nothing is pointed at."""
        self._kept = PlaceTarget(tuple(float(v) for v in place))
        self._ask(self._kept)

    def pictures(
        self, rows: NDArray[np.int64], done: Callable[[NDArray[np.uint8] | None], None]
    ) -> None:
        """Pictures of rows, as `latentviewer.app.previews.pictures` gives them."""
        beside = self.beside
        if beside is not None:
            sources = self._sources(beside)
            self._call(lambda: pictures(rows, sources), done)

    # Opening.

    def _load(self, reference: str, setting: Compared | None) -> None:
        """Opens; with a setting, as it was before."""
        self._loading += 1
        services, loading = self._workspace.services, self._loading

        def done(found: Opened | ModelFound) -> None:
            if loading == self._loading:
                self._install(found, reference, setting)

        def failed(error: BaseException) -> None:
            if loading == self._loading:
                self._refuse(error, setting)

        self._workspace.worker.call(lambda: services.open_path(reference), done, failed)

    def _refuse(self, error: BaseException, setting: Compared | None) -> None:
        if setting is not None and isinstance(error, UserError):
            error = UserError(f"The second map is left out: {error}")
        self._workspace.fault(error)

    def _install(
        self, found: Opened | ModelFound, reference: str, setting: Compared | None
    ) -> None:
        main = self._workspace.state.space
        if main is None:
            return
        try:
            whole = comparable(found, main, reference)
        except UserError as error:
            self._refuse(error, setting)
            return
        space, before = first_rows(whole, len(main)), setting
        if setting is None or map_key(setting.method, setting.dims) not in maps_of(space):
            setting = Compared(self._lasting(reference), first_settings(space).method, 2)
        self._drop()
        sentence = left_out(len(whole), len(main))
        if sentence or setting is not before:
            self._workspace.say(sentence)
        self._stand(space, setting)

    def _stand(self, space: Space, setting: Compared, originals: bool = True) -> None:
        self._set(Beside(space, setting, originals=originals))
        if self._workspace.state.compared != setting:
            self._workspace.session.amend(compared=setting)
        self._show_map()
        self._load_model()
        if len(space):
            latent, services = space.latent, self._workspace.services
            self._call(lambda: services.distance(latent), self._on_distance)
        self.hover(None)

    def _lasting(self, reference: str) -> str:
        """The reference as a project can keep it: a path does not depend on where we are."""
        names = {sample.name for sample in self._workspace.services.samples()}
        return reference if reference in names else str(Path(reference).expanduser().absolute())

    def _load_model(self) -> None:
        assert self.beside is not None
        space, services = self.beside.space, self._workspace.services
        name = space.provenance.model
        if name is None:
            self._replace(without_decoder=NO_MODEL)
            return
        self._call(lambda: decoder_of(space, name, services), self._on_model)

    def _on_model(self, found: Model | str) -> None:
        if isinstance(found, str):
            self._workspace.message.emit(found, True)
            self._replace(without_decoder=found)
        elif Capability.DECODE not in found.card.capabilities:
            self._replace(model=found, without_decoder=f"{found.card.name} cannot decode.")
        else:
            self._replace(model=found, without_decoder="")
        self._ask_again()

    def _on_distance(self, distance: DataDistance) -> None:
        self._replace(distance=distance)
        self._ask_again()

    def _show_map(self) -> None:
        assert self.beside is not None
        space, setting = self.beside.space, self.beside.setting
        key, services = map_key(setting.method, setting.dims), self._workspace.services
        if key in self._finished:
            self._on_map(key, self._finished[key])
        elif key in space.maps:
            stored = space.maps[key]
            formula = unpacked(map_note(space, key).formula)
            self._call(
                lambda: described(
                    services.stored_map(
                        space.latent, stored, formula, method_title(space, setting.method)
                    ),
                    space,
                    key,
                ),
                lambda result: self._on_map(key, result),
            )
        else:
            self._call(
                lambda: services.pca(space.latent, setting.dims),
                lambda result: self._on_map(key, result),
            )

    def _on_map(self, key: str, result: MapResult) -> None:
        self._finished[key] = result
        setting = self.beside.setting if self.beside is not None else None
        if setting is not None and key == map_key(setting.method, setting.dims):
            self._replace(map=result)
            self._ask_again()

    # Asking.

    def _resting(self) -> Target | None:
        pinned = self._workspace.state.pinned
        return self._kept or (pinned if isinstance(pinned, RowTarget) else None)

    def _ask_again(self) -> None:
        if self.beside is not None:
            self._ask(self._target)

    def _ask(self, target: Target | None, instead: str = NOTHING) -> None:
        beside = self.beside
        if beside is None:
            return
        self._target = target
        sentence = unanswerable(target, beside)
        if target is None or sentence:
            self.answered.emit(instead if target is None else sentence)
            return
        self._seq += 1
        turn, epoch = self._turn, self._workspace.epoch
        request, sources = Request(target), self._sources(beside)

        def show(answered: Answer) -> None:
            # While it was made, the cursor may have left for where there is nothing.
            now = self.beside
            if turn == self._turn and now and not unanswerable(self._target, now):
                self.answered.emit(answered)

        def fail(error: BaseException) -> None:
            if turn == self._turn and isinstance(error, UserError):
                self.answered.emit(str(error))
            self._workspace.fault(error, epoch)

        self._workspace.worker.preview(
            epoch, self._seq, lambda: answer(request, sources), show, fail, _SLOT
        )

    def _sources(self, beside: Beside) -> Sources:
        return Sources(
            space=beside.space,
            model=beside.model,
            # The originals are the open space's: row i is the same sample.
            data=self._workspace.data if beside.originals else None,
            inverse=beside.map.inverse if beside.map else None,
            distance=beside.distance,
        )

    # Keeping.

    def _call(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        """Runs short work on the worker; its result is dropped if another space came since."""
        turn = self._turn

        def finish(result: T) -> None:
            if turn == self._turn:
                done(result)

        def fail(error: BaseException) -> None:
            if turn == self._turn:
                self._workspace.fault(error)

        self._workspace.worker.call(work, finish, fail)

    def _replace(self, **fields: object) -> None:
        if self.beside is not None:
            self._set(dataclasses.replace(self.beside, **fields))  # type: ignore[arg-type]

    def _set(self, beside: Beside | None) -> None:
        old, self.beside = self.beside, beside
        self.changed.emit(old, beside)

    def _drop(self) -> None:
        self._loading += 1
        self._turn += 1
        self._finished.clear()
        self._target = self._kept = None
        if self.beside is not None:
            self._set(None)

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        before = None if old.space is None else old.space.latent
        now = None if new.space is None else new.space.latent
        standing = None if self.beside is None else self.beside.setting
        asked = new.compared is not old.compared and new.compared != standing
        if before is not now or asked:
            self._drop()
            if new.compared is not None and new.compared.reference == CONTROL:
                self.control_wanted.emit(new.compared)
            elif new.compared is not None:
                self._load(new.compared.reference, new.compared)
        elif new.pinned is not old.pinned:
            self._kept = None
            self.hover(None)
