"""A model of another program is looked at, asked about, trusted, and opened."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from latentviewer.app.commands import Needs
from latentviewer.app.importing import ModelImport
from latentviewer.app.settings import Settings
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability
from tests.app.conftest import Fakes, WorkerNow
from tests.app.importing import HASH, an_offer

BOTH = (Capability.ENCODE, Capability.DECODE)
PATH = str(Path("/models/net.onnx").absolute())


def put(fakes: Fakes, *can: Capability, **options: Any) -> str:
    fakes.imports.files[PATH] = an_offer(PATH, *can, **options)
    return PATH


def current(workbench: Workbench) -> ModelImport:
    assert workbench.importing.current is not None
    return workbench.importing.current


def test_opening_a_model_offers_it_instead(workbench: Workbench, fakes: Fakes) -> None:
    workbench.commands.run("file.open_path", path=put(fakes, *BOTH))
    model = current(workbench)
    assert model.offer == fakes.imports.files[PATH]
    assert not model.busy
    assert model.encodes
    assert workbench.workspace.state.space is None


def test_what_was_said_before_is_said_again(workbench: Workbench, fakes: Fakes) -> None:
    put(fakes, *BOTH)
    fakes.imports.kept[PATH] = {"output_values": "-1..1"}
    workbench.commands.run("model.import_path", path=PATH)
    assert fakes.imports.tried == [({"output_values": "-1..1"}, None)]


def test_each_answer_is_tried(workbench: Workbench, fakes: Fakes) -> None:
    workbench.commands.run("model.import_path", path=put(fakes, *BOTH))
    workbench.commands.run("import.answer", key="output_values", value="-1..1")
    workbench.commands.run("import.answer", key="output_values", value="-1..1")
    workbench.commands.run("import.answer", key="height", value="16")
    workbench.commands.run("import.data", data=" mnist:test ")
    answers = {"output_values": "-1..1", "height": "16"}
    assert fakes.imports.tried[1:] == [
        ({"output_values": "-1..1"}, None), (answers, None), (answers, "mnist:test"),
    ]  # fmt: skip
    with pytest.raises(UserError, match="does not ask for “colour”"):
        workbench.commands.run("import.answer", key="colour", value="red")


def test_opening_keeps_the_answers_and_encodes(workbench: Workbench, fakes: Fakes) -> None:
    workbench.commands.run("model.import_path", path=put(fakes, *BOTH))
    workbench.commands.run("import.answer", key="output_values", value="-1..1")
    workbench.commands.run("import.open", data="squares")
    assert fakes.imports.kept[PATH] == {"output_values": "-1..1"}
    assert workbench.importing.current is None
    assert workbench.workspace.space.name == "encoded"
    assert PATH in workbench.settings.recent


def test_a_model_that_only_decodes_is_sampled(workbench: Workbench, fakes: Fakes) -> None:
    workbench.commands.run("model.import_path", path=put(fakes, Capability.DECODE))
    workbench.commands.run("import.open", count=12)
    assert fakes.sampled == (12, {"seed": 0, "truncation": 1.0})
    assert workbench.workspace.space.name == "drawn"


def test_what_can_run_code_waits_for_trust(workbench: Workbench, fakes: Fakes) -> None:
    workbench.commands.run("model.import_path", path=put(fakes, *BOTH, danger="It can run code."))
    assert current(workbench).needs_trust
    with pytest.raises(UserError, match="trust it first"):
        workbench.commands.run("import.open", data="squares")
    workbench.commands.run("import.trust")
    assert fakes.imports.hashes == {HASH: PATH}
    assert not current(workbench).needs_trust
    assert workbench.choices("trusted") == [(HASH, f"{PATH} ({HASH[:12]})")]
    workbench.commands.run("import.open", data="squares")
    workbench.commands.run("model.revoke_trust", content=HASH)
    assert fakes.imports.hashes == {}


def test_what_is_harmless_needs_no_trust(workbench: Workbench, fakes: Fakes) -> None:
    workbench.commands.run("model.import_path", path=put(fakes, *BOTH))
    with pytest.raises(UserError, match="needs no trust"):
        workbench.commands.run("import.trust")
    assert fakes.imports.hashes == {}


def test_a_model_that_cannot_be_opened_says_why(workbench: Workbench, fakes: Fakes) -> None:
    workbench.commands.run("model.import_path", path=put(fakes, *BOTH, missing="No decoder."))
    with pytest.raises(UserError, match="No decoder"):
        workbench.commands.run("import.open", data="squares")
    put(fakes, *BOTH)
    fakes.imports.fault = "net.onnx takes 9 x 9 pixels; answer otherwise."
    workbench.commands.run("model.import_path", path=PATH)
    with pytest.raises(UserError, match="9 x 9"):
        workbench.commands.run("import.open", data="squares")
    assert fakes.imports.kept == {}


def test_an_encoder_needs_data(workbench: Workbench, fakes: Fakes) -> None:
    workbench.commands.run("model.import_path", path=put(fakes, *BOTH))
    with pytest.raises(UserError, match="which data set"):
        workbench.commands.run("import.open")


def test_a_refused_file_ends_the_import(
    workbench: Workbench, fakes: Fakes, messages: list[tuple[str, bool]]
) -> None:
    put(fakes, *BOTH)
    fakes.imports.refusal = UserError("net.onnx is damaged.")
    workbench.commands.run("model.import_path", path=PATH)
    assert workbench.importing.current is None
    assert messages == [("net.onnx is damaged.", True)]


def test_answers_that_cannot_be_kept_leave_the_import_open(
    workbench: Workbench, fakes: Fakes, messages: list[tuple[str, bool]]
) -> None:
    workbench.commands.run("model.import_path", path=put(fakes, *BOTH))
    fakes.imports.keeping = UserError("The disk is full.")
    workbench.commands.run("import.open", data="squares")
    assert messages == [("The disk is full.", True)]
    assert current(workbench).offer is not None
    assert workbench.workspace.state.space is None


def test_cancelling_keeps_nothing(workbench: Workbench, fakes: Fakes) -> None:
    workbench.commands.run("model.import_path", path=put(fakes, *BOTH))
    workbench.commands.run("import.cancel")
    assert workbench.importing.current is None
    assert fakes.imports.kept == {}
    assert Needs.IMPORT not in workbench.present()


class _LaterWorker(WorkerNow):
    """Does calls when the test says."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: list[Callable[[], None]] = []

    def call(self, work: Any, done: Any, failed: Any) -> None:
        self.waiting.append(lambda: WorkerNow.call(self, work, done, failed))

    def go(self, place: int = 0) -> None:
        self.waiting.pop(place)()


def test_only_the_newest_answers_are_shown(fakes: Fakes, tmp_path: Path) -> None:
    worker = _LaterWorker()
    workbench = Workbench(worker, fakes.services(), Settings(), tmp_path)  # type: ignore[arg-type]
    workbench.commands.run("model.import_path", path=put(fakes, *BOTH))
    worker.go()
    worker.go()
    workbench.commands.run("import.answer", key="height", value="16")
    workbench.commands.run("import.answer", key="height", value="32")
    assert current(workbench).busy
    with pytest.raises(UserError, match="still being tried"):
        workbench.commands.run("import.open", data="squares")
    worker.go(1)
    assert not current(workbench).busy
    assert current(workbench).answers == {"height": "32"}
    worker.go()
    assert current(workbench).answers == {"height": "32"}
    assert not current(workbench).busy


@pytest.fixture
def messages(workbench: Workbench) -> list[tuple[str, bool]]:
    said: list[tuple[str, bool]] = []
    workbench.workspace.message.connect(lambda text, fault: said.append((text, fault)))
    return said
