"""Importing a model of another program: what is asked, what is tried, and how it is opened."""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from latentviewer.app.opening import Opening
from latentviewer.app.signal import Signal
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Offer, Trial
from latentviewer.domain.ports import Capability

USUAL_SAMPLES = 1000


@dataclass(frozen=True, eq=False)
class ModelImport:
    """A model that is being imported.

    Attributes:
        path: where it lies.
        answers: what the user said so far, by a question's key.
        data: the data set that it is tried on and will encode; None for the standard one.
        trial: how it did with the last answers that were tried; None before the first.
        busy: whether the present answers are still being tried.
    """

    path: Path
    answers: Mapping[str, str] = field(default_factory=dict)
    data: str | None = None
    trial: Trial | None = None
    busy: bool = True

    @property
    def offer(self) -> Offer | None:
        """What the file is, once that is known."""
        return None if self.trial is None else self.trial.offer

    @property
    def needs_trust(self) -> bool:
        """Whether it waits for the user to let it run code."""
        offer = self.offer
        untried = self.trial is not None and not self.trial.checks and self.trial.fault is None
        return offer is not None and offer.danger is not None and untried and not offer.missing

    @property
    def encodes(self) -> bool:
        """Whether opening it encodes a data set; else samples of its prior are drawn."""
        return self.offer is not None and Capability.ENCODE in self.offer.capabilities


class Importing:
    """Tries a model whenever an answer changes, the newest answers only.

    Attributes:
        current: the model that is being imported, or None.
        changed: emitted with it.
    """

    def __init__(self, workspace: Workspace, opening: Opening) -> None:
        self._workspace, self._opening = workspace, opening
        self._turn = 0
        self.current: ModelImport | None = None
        self.changed: Signal[[ModelImport | None]] = Signal()
        opening.model_offered.connect(self.begin)

    def begin(self, path: str) -> None:
        """Looks at a model file or folder, with what was said about it before."""
        model = ModelImport(Path(path).expanduser().absolute())
        imports, place = self._workspace.services.imports, model.path
        self._turn += 1
        turn = self._turn
        self._show(model)

        def told(answers: dict[str, str]) -> None:
            if turn == self._turn:
                self._try(dataclasses.replace(model, answers=answers))

        self._workspace.worker.call(lambda: imports.answers(place), told, self._failed(turn))

    def answer(self, key: str, value: str) -> None:
        """Answers a question, and tries again."""
        model = self._needed()
        known = {question.key for question in model.offer.questions} if model.offer else set()
        if key not in known:
            raise UserError(f"{model.path.name} does not ask for “{key}”; nothing was changed.")
        if model.answers.get(key) != value:
            self._try(dataclasses.replace(model, answers={**model.answers, key: value}))

    def use_data(self, data: str) -> None:
        """Tries it on a data set, by name or folder."""
        model, named = self._needed(), data.strip() or None
        if named != model.data:
            self._try(dataclasses.replace(model, data=named))

    def trust(self) -> None:
        """Lets the file's present content run code, and tries it."""
        model = self._needed()
        if model.offer is None or not model.needs_trust:
            raise UserError(f"{model.path.name} needs no trust to be opened; go on.")
        imports, content, path = self._workspace.services.imports, model.offer.file_hash, model.path
        self._turn += 1
        turn = self._turn

        def done(_: None) -> None:
            if turn == self._turn:
                self._try(model)

        self._workspace.worker.call(
            lambda: imports.trust(content, path), done, self._failed(turn, keep=True)
        )

    def open(self, data: str | None = None, count: int = USUAL_SAMPLES) -> None:
        """Keeps the answers, and opens a space: the data set encoded, or draws of the prior.

        Args:
            data: what to encode; the data set it was tried on where None.
            count: how many draws, where it does not encode.
        """
        model = self._needed()
        trial, chosen = model.trial, data or model.data
        if trial is None or model.busy:
            raise UserError(f"{model.path.name} is still being tried; wait a moment.")
        if model.needs_trust:
            raise UserError(f"{model.path.name} can run code; trust it first, or leave it.")
        if not trial.opens:
            raise UserError(trial.fault or trial.offer.missing[0])
        if model.encodes and chosen is None:
            raise UserError(f"Say which data set {model.path.name} is to encode.")
        imports, place, answers = self._workspace.services.imports, model.path, model.answers
        self._turn += 1
        turn = self._turn

        def kept(_where: Path) -> None:
            if turn != self._turn:
                return
            self._show(None)
            self._opening.opened.emit(str(place))
            if model.encodes and chosen is not None:
                self._opening.encode(str(place), chosen)
            else:
                self._opening.sample(str(place), count)

        self._workspace.worker.call(
            lambda: imports.keep(place, answers), kept, self._failed(turn, keep=True)
        )

    def cancel(self) -> None:
        """Leaves the model; nothing is kept."""
        self._turn += 1
        self._show(None)

    def revoke(self, content: str) -> None:
        """Trusts the content of a hash no longer."""
        self._workspace.services.imports.revoke(content)
        self._workspace.say("It is no longer trusted, and asks again when it is opened.")

    def trusted(self) -> tuple[tuple[str, str], ...]:
        """Hashes that are trusted, and where their files lay; a refusal is shown."""
        try:
            return self._workspace.services.imports.trusted()
        except UserError as error:
            self._workspace.fault(error)
            return ()

    def _try(self, model: ModelImport) -> None:
        self._turn += 1
        turn = self._turn
        imports = self._workspace.services.imports
        place, answers, data = model.path, model.answers, model.data
        self._show(dataclasses.replace(model, busy=True))

        def tried(trial: Trial) -> None:
            if turn == self._turn:
                self._show(dataclasses.replace(model, trial=trial, busy=False))

        self._workspace.worker.call(
            lambda: imports.try_out(place, answers, data), tried, self._failed(turn)
        )

    def _failed(self, turn: int, keep: bool = False) -> Callable[[BaseException], None]:
        """What shows a refusal; without `keep` the import ends with it."""

        def failed(error: BaseException) -> None:
            if turn == self._turn:
                if not keep:
                    self._show(None)
                self._workspace.fault(error)

        return failed

    def _show(self, model: ModelImport | None) -> None:
        self.current = model
        self.changed.emit(model)

    def _needed(self) -> ModelImport:
        if self.current is None:
            raise UserError("No model is being imported; choose File, Import model.")
        return self.current
