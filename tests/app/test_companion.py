"""A second map beside the open one: what it shows, what it shares, what it refuses."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.app.beside import ELSEWHERE, NO_MODEL, NOTHING, Beside, names
from latentviewer.app.colouring import colouring, colouring_beside
from latentviewer.app.preview import Answer
from latentviewer.app.services import ModelFound, Opened
from latentviewer.app.state import MapSettings, PlaceTarget, RowTarget
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import Numbers, categories_of
from tests.app.conftest import DoublingModel, Fakes, six


class TriplingModel(DoublingModel):
    """Another model of the same size: tells whose latent was decoded."""

    card = dataclasses.replace(DoublingModel.card, name="tripling")

    def decode(self, latents: Any) -> Any:
        return 3 * super().decode(latents)


def other(rows: int = 6, **fields: Any) -> Space:
    latent = np.array([[100 + i, i % 2] for i in range(rows)], np.float32)
    umap = np.array([[i, -i] for i in range(rows)], np.float32)
    made = Space(
        "the other", latent, maps={"umap_2d": umap},
        provenance=Provenance(model="models/tripling", data="squares"),
    )  # fmt: skip
    return dataclasses.replace(made, **fields)


class Beginning:
    """A workbench with `six` open, and files that can stand beside it."""

    def __init__(self, workbench: Workbench, fakes: Fakes) -> None:
        self.workbench, self.fakes = workbench, fakes
        self.files: dict[str, Space | ModelFound | UserError] = {"six": six(), "other": other()}
        self.models: dict[str, Any] = {
            "doubling": DoublingModel(), "models/tripling": TriplingModel(),
        }  # fmt: skip
        services = workbench.workspace.services
        object.__setattr__(services, "open_path", self._open_path)
        object.__setattr__(services, "open_model", self._open_model)
        self.said: list[tuple[str, bool]] = []
        self.answers: list[Answer | str] = []
        workbench.workspace.message.connect(lambda text, fault: self.said.append((text, fault)))
        workbench.companion.answered.connect(self.answers.append)
        self.run("file.open_path", path="six")

    def _open_path(self, reference: str) -> Opened | ModelFound:
        found = self.files.get(Path(reference).name)
        if found is None:
            return self.fakes.open_path(reference)
        if isinstance(found, UserError):
            raise found
        return found if isinstance(found, ModelFound) else Opened(found, None, None)

    def _open_model(self, name: str) -> Any:
        if isinstance(self.models[name], UserError):
            raise self.models[name]
        return self.models[name]

    def run(self, command_id: str, **arguments: Any) -> None:
        self.workbench.commands.run(command_id, **arguments)

    @property
    def beside(self) -> Beside:
        beside = self.workbench.companion.beside
        assert beside is not None
        return beside

    @property
    def answer(self) -> Answer:
        answered = self.answers[-1]
        assert isinstance(answered, Answer)
        return answered


@pytest.fixture
def begun(workbench: Workbench, fakes: Fakes) -> Beginning:
    return Beginning(workbench, fakes)


@pytest.fixture
def compared(begun: Beginning) -> Beginning:
    begun.run("map.compare", reference="other")
    return begun


def test_the_second_space_stands_with_its_own_map_and_model(compared: Beginning) -> None:
    beside = compared.beside
    assert (beside.setting.method, beside.setting.dims) == ("umap", 2)
    assert beside.map is not None
    np.testing.assert_array_equal(beside.map.coordinates, other().maps["umap_2d"])
    assert beside.without_decoder == ""
    assert names(six(), beside.space) == ("doubling", "tripling")
    state = compared.workbench.workspace.state
    assert state.space is not None
    assert state.space.name == "six"
    assert state.compared == beside.setting
    assert not [text for text, fault in compared.said if fault]


def test_a_sample_is_decoded_by_both_models_each_from_its_own_latent(compared: Beginning) -> None:
    compared.workbench.previews.hover(RowTarget(2))
    compared.workbench.companion.hover(RowTarget(2), here=False)
    main, beside = compared.workbench.previews.shown, compared.answer
    assert main is not None
    assert main.decoded is not None
    assert beside.decoded is not None
    assert main.decoded[0, 0, 0] == 2
    assert beside.decoded[0, 0, 0] == 3 * 102
    # The same original for both, and each its own error.
    np.testing.assert_array_equal(main.original, beside.original)
    expected = np.mean((beside.decoded.astype(float) - 20 / 255) ** 2)
    assert beside.error == pytest.approx(expected)


def test_an_empty_place_is_answered_by_the_map_it_lies_on(compared: Beginning) -> None:
    compared.workbench.companion.hover(PlaceTarget((7.0, 1.0)))
    decoded = compared.answer.decoded
    assert decoded is not None
    assert decoded[0, 0, 0] == 21
    assert compared.answer.inverse_name == "the place itself"
    compared.workbench.companion.hover(PlaceTarget((7.0, 1.0)), here=False)
    assert compared.answers[-1] == ELSEWHERE
    compared.workbench.companion.hover(None)
    assert compared.answers[-1] == NOTHING


def test_without_a_cursor_the_pinned_sample_stands_in_both(compared: Beginning) -> None:
    compared.run("select.point", row=4)
    assert compared.answer.row == 4
    compared.workbench.companion.hover(PlaceTarget((1.0, 1.0)))
    compared.workbench.companion.hover(None)
    assert compared.answer.row == 4
    compared.run("map.compare_place", place=(3.0, 0.0))
    compared.workbench.companion.hover(RowTarget(1))
    compared.workbench.companion.hover(None)
    assert isinstance(compared.answer.request.target, PlaceTarget)
    compared.run("preview.pin_row", row=5)
    assert compared.answer.row == 5


def test_its_map_is_changed_without_a_step_of_undo(compared: Beginning) -> None:
    session = compared.workbench.workspace.session
    compared.run("select.rows", rows=[1, 2])
    compared.run("map.compare_map", name="pca_3d")
    assert compared.beside.map is not None
    assert compared.beside.map.coordinates.shape == (6, 3)
    assert session.undo_title == "Select 2 points"
    compared.run("edit.undo")
    assert len(session.state.selection) == 0
    assert compared.beside.setting.dims == 3
    assert session.state.compared == compared.beside.setting
    with pytest.raises(UserError, match="the other has no map “umap_3d”; it has pca_2d"):
        compared.run("map.compare_map", name="umap_3d")
    titles = dict(compared.workbench.choices("compare_maps"))
    assert titles == {"pca_2d": "PCA · 2D", "pca_3d": "PCA · 3D", "umap_2d": "UMAP · 2D"}


def test_closing_leaves_one_map(compared: Beginning) -> None:
    compared.run("map.compare_close")
    assert compared.workbench.companion.beside is None
    assert compared.workbench.workspace.state.compared is None
    assert not compared.workbench.commands.available("map.compare_close")
    compared.workbench.companion.hover(RowTarget(1))
    assert compared.answers[-1] == NOTHING


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (other(provenance=Provenance(data="circles")), "other shows circles, six shows squares;"),
        (other(provenance=Provenance()), "other shows samples of no named data set,"),
        (ModelFound("tripling", "squares"), "a model without latents; encode squares with it"),
        (UserError("other is damaged; choose another."), "other is damaged"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_what_stands_stays(
    compared: Beginning, found: Any, sentence: str
) -> None:
    before = compared.beside
    compared.files["other"] = found
    compared.run("map.compare", reference="other")
    assert compared.workbench.companion.beside is before
    text, fault = compared.said[-1]
    assert fault
    assert sentence in text
    # What stands still answers.
    compared.workbench.companion.hover(RowTarget(3))
    assert compared.answer.row == 3


def test_a_space_can_be_compared_with_itself(begun: Beginning) -> None:
    begun.run("map.compare", reference="six")
    assert not [text for text, fault in begun.said if fault]
    begun.workbench.companion.hover(RowTarget(2))
    assert begun.answer.decoded is not None
    assert begun.answer.decoded[0, 0, 0] == 2
    assert names(six(), begun.beside.space) == ("six", "six")
    nameless = dataclasses.replace(six(), provenance=Provenance())
    begun.files["six"] = nameless
    begun.run("file.open_path", path="six")
    begun.run("map.compare", reference="six")
    assert begun.beside.without_decoder == NO_MODEL


def test_rows_that_either_lacks_are_not_there(begun: Beginning) -> None:
    begun.files["other"] = other(4)
    begun.run("map.compare", reference="other")
    begun.workbench.companion.hover(RowTarget(5), here=False)
    assert begun.answers[-1] == "#5 is not in this space."
    begun.workbench.workspace.sources_changed.emit()
    assert begun.answers[-1] == "#5 is not in this space."
    begun.files["other"] = other(9)
    begun.run("map.compare", reference="other")
    assert len(begun.beside.space) == 6
    assert len(begun.beside.space.maps["umap_2d"]) == 6
    assert begun.said[-1] == (
        "The first 6 of its 9 samples are here; the rest is left out.", False
    )  # fmt: skip


def test_it_says_why_nothing_is_decoded(begun: Beginning) -> None:
    begun.models["models/tripling"] = UserError("its weights are cut short; train it again.")
    begun.run("map.compare", reference="other")
    why = "Without its decoder: its weights are cut short; train it again."
    assert begun.beside.without_decoder == why
    assert begun.said[-1] == (why, True)
    begun.workbench.companion.hover(RowTarget(1))
    assert begun.answer.decoded is None
    classifier = TriplingModel()
    classifier.card = dataclasses.replace(
        TriplingModel.card, capabilities=frozenset({Capability.ENCODE})
    )
    begun.models["models/tripling"] = classifier
    begun.run("map.compare", reference="other")
    assert begun.beside.without_decoder == "tripling cannot decode."


def test_a_decoder_that_fails_says_so_in_its_tile(compared: Beginning) -> None:
    def broken(latents: Any) -> Any:
        raise UserError("the model gave no number; train it again.")

    compared.models["models/tripling"].decode = broken
    compared.workbench.companion.hover(RowTarget(1))
    assert compared.answers[-1] == "the model gave no number; train it again."
    assert compared.said[-1][1]


def test_it_closes_when_other_data_is_opened_and_stays_with_another_model_of_the_same(
    compared: Beginning,
) -> None:
    compared.files["third"] = dataclasses.replace(six(), name="third")
    compared.run("file.open_path", path="third")
    assert compared.beside.space.name == "the other"
    assert not compared.workbench.workspace.session.unsaved
    compared.files["circles"] = dataclasses.replace(
        six(), name="circles", provenance=Provenance(model="doubling", data="circles")
    )
    compared.run("file.open_path", path="circles")
    assert compared.workbench.companion.beside is None
    assert compared.workbench.workspace.state.compared is None
    compared.run("map.compare", reference="circles")
    compared.run("file.welcome")
    assert compared.workbench.companion.beside is None


def test_a_project_opens_with_what_was_compared(compared: Beginning) -> None:
    compared.run("map.compare_map", name="pca_3d")
    compared.run("file.save_project", path="kept.latentviewer")
    compared.run("file.welcome")
    compared.run("file.open_path", path="kept.latentviewer")
    # Nothing is said, so that what was said of the project stands.
    assert compared.said[-1][0].startswith("Saved ")
    assert (compared.beside.setting.method, compared.beside.setting.dims) == ("pca", 3)
    assert Path(compared.beside.setting.reference).is_absolute()
    assert not compared.workbench.workspace.session.unsaved


def test_a_project_opens_without_what_is_no_longer_there(compared: Beginning) -> None:
    compared.run("file.save_project", path="kept.latentviewer")
    compared.run("file.welcome")
    compared.files["other"] = UserError("other is not there; choose another.")
    compared.run("file.open_path", path="kept.latentviewer")
    assert compared.workbench.workspace.state.space is not None
    assert compared.workbench.companion.beside is None
    assert ("The second map is left out: other is not there; choose another.", True) in (
        compared.said
    )
    # Saved again, the project still names it: the file may come back.
    compared.run("file.save_project", path="kept.latentviewer")
    compared.files["other"] = other()
    compared.run("file.open_path", path="kept.latentviewer")
    assert compared.beside.space.name == "the other"


def test_a_project_of_before_and_a_broken_setting(compared: Beginning) -> None:
    compared.run("file.save_project", path="kept.latentviewer")
    key = "kept.latentviewer"
    session, _space = compared.fakes.saved[key]
    del session["compared"]
    compared.run("file.open_path", path=key)
    assert compared.workbench.companion.beside is None
    session["compared"] = {"reference": "other", "method": "gone", "dims": 2}
    compared.run("file.open_path", path=key)
    assert compared.beside.setting.method == "umap"
    session["compared"] = {"reference": "other"}
    compared.run("file.open_path", path=key)
    assert "session.json lacks “dims”" in compared.said[-1][0]


def test_the_two_models_are_asked_in_slots_of_their_own(compared: Beginning) -> None:
    worker = compared.workbench.workspace.worker
    asked: list[str] = []
    preview = worker.preview

    def note(*arguments: Any) -> None:
        # One slot for both would let the later question replace the earlier one.
        asked.append(arguments[5] if len(arguments) > 5 else "")
        preview(*arguments)

    object.__setattr__(worker, "preview", note)
    compared.workbench.previews.hover(RowTarget(2))
    compared.workbench.companion.hover(RowTarget(2), here=False)
    assert len(asked) == 2
    assert len(set(asked)) == 2


def test_without_a_name_somebody_has_to_be_asked(begun: Beginning) -> None:
    asked: list[bool] = []
    begun.workbench.companion.wanted.connect(lambda: asked.append(True))
    begun.run("map.compare")
    assert asked == [True]
    assert begun.workbench.companion.beside is None


def test_a_umap_that_forms_leaves_the_second_map_alone(compared: Beginning) -> None:
    compared.run("map.compute")
    compared.workbench.companion.hover(RowTarget(2))
    assert compared.answer.row == 2
    compared.fakes.layouts.finish()
    assert compared.beside.map is not None
    np.testing.assert_array_equal(compared.beside.map.coordinates, other().maps["umap_2d"])


def test_colours_mean_the_same_in_both_maps() -> None:
    main = six()
    score = Numbers(np.array([2.5, 50.0, np.nan, 0.0], np.float64))
    labels = categories_of(["c", "a", "x", None])
    beside = other(4, columns={"score": score, "label": labels})
    by_label = MapSettings(colour_by="label", hidden=frozenset({"a"}))
    first, second = colouring(main, by_label, True), colouring_beside(beside, main, by_label, True)
    np.testing.assert_array_equal(first.palette, second.palette)
    # c, a, and two that the main space's labels do not name.
    assert second.codes.tolist() == [2, 0, 3, 3]
    assert second.visible().tolist() == [True, False, True, True]
    by_score = MapSettings(colour_by="score", value_range=(0.0, 3.0))
    second = colouring_beside(beside, main, by_score, True)
    # On the main scale of 0 to 5, filtered at 3; half of it is the middle of the ramp.
    assert second.codes.tolist() == [127, 255, 255, 0]
    # Without the column, the main space's own values.
    lacking = other(4)
    np.testing.assert_array_equal(
        colouring_beside(lacking, main, by_label, True).codes, first.codes[:4]
    )
    plain = colouring_beside(lacking, main, MapSettings(colour_by=None), True)
    assert plain.codes.tolist() == [0] * 4
