"""Ranking samples by a number and fetching their pictures, without a window."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.app.ranking import Compared
from latentviewer.app.settings import Settings
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import Numbers, categories_of
from tests.app.conftest import Fakes, WorkerNow

ERRORS = np.array([0.1, 0.5, np.nan, 0.3, 0.9, 0.2])


def six() -> Space:
    latent = np.array([[i, i % 3] for i in range(6)], np.float32)
    return Space(
        "six", latent, None,
        {"kind": categories_of(["a", "b", "c", "a", "b", "c"]),
         "kl": Numbers(np.arange(6, dtype=np.float64)), "recon_error": Numbers(ERRORS)},
        provenance=Provenance(model="doubling", data="squares"),
    )  # fmt: skip


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    made.space = six()
    return made


@pytest.fixture
def workbench(fakes: Fakes, tmp_path: Path) -> Workbench:
    made = Workbench(WorkerNow(), fakes.services(), Settings(), tmp_path)  # type: ignore[arg-type]
    made.commands.run("file.open_path", path="six.arrow")
    made.ranking.watch(True)
    return made


def rows(workbench: Workbench) -> list[int]:
    ranks = workbench.ranking.ranks
    assert ranks is not None
    assert ranks.rows.tolist() == [int(r) for r in ranks.rows]
    return [int(r) for r in ranks.rows]


def test_the_largest_reconstruction_error_comes_first(workbench: Workbench) -> None:
    assert rows(workbench) == [4, 1, 3, 5, 0]
    ranks = workbench.ranking.ranks
    assert ranks is not None
    assert (ranks.column, ranks.left_out, ranks.within) == ("recon_error", 1, None)
    assert ranks.values.tolist() == [0.9, 0.5, 0.3, 0.2, 0.1]


def test_another_column_and_the_other_end(workbench: Workbench) -> None:
    workbench.commands.run("ranking.by", column="kl")
    assert rows(workbench) == [5, 4, 3, 2, 1, 0]
    workbench.commands.run("ranking.order", order="smallest")
    assert rows(workbench) == [0, 1, 2, 3, 4, 5]
    with pytest.raises(UserError, match="no column of numbers “kind”"):
        workbench.commands.run("ranking.by", column="kind")
    with pytest.raises(UserError, match="largest or smallest"):
        workbench.commands.run("ranking.order", order="upwards")


def test_it_is_restricted_to_the_selection(workbench: Workbench) -> None:
    workbench.commands.run("select.rows", rows=np.array([0, 2, 3]))
    assert rows(workbench) == [3, 0]
    ranks = workbench.ranking.ranks
    assert ranks is not None
    assert (ranks.within, ranks.left_out) == (3, 1)
    workbench.commands.run("select.none")
    assert rows(workbench) == [4, 1, 3, 5, 0]


def test_what_is_chosen_in_it_does_not_narrow_it(workbench: Workbench) -> None:
    workbench.commands.run("select.rows", rows=np.array([0, 1, 3]))
    workbench.commands.run("ranking.show", row=3)
    assert workbench.workspace.state.selection.rows.tolist() == [3]
    assert workbench.previews.shown is not None
    assert workbench.previews.shown.row == 3
    assert rows(workbench) == [1, 3, 0]
    workbench.commands.run("edit.undo")
    assert workbench.workspace.state.selection.rows.tolist() == [0, 1, 3]
    assert rows(workbench) == [1, 3, 0]
    workbench.commands.run("select.rows", rows=np.array([4, 5]))
    assert rows(workbench) == [4, 5]


def test_the_top_is_selected_in_one_step_that_can_be_undone(workbench: Workbench) -> None:
    workbench.commands.run("select.top", column="recon_error", count=2)
    assert workbench.workspace.state.selection.rows.tolist() == [1, 4]
    assert workbench.workspace.session.undo_title == "Select 2 largest recon_error"
    assert rows(workbench) == [4, 1, 3, 5, 0]
    workbench.commands.run("select.top", column="recon_error", count=3, order="smallest")
    assert workbench.workspace.state.selection.rows.tolist() == [0, 3, 5]
    workbench.commands.run("edit.undo")
    workbench.commands.run("edit.undo")
    assert len(workbench.workspace.state.selection) == 0


def test_the_top_of_a_selection_is_taken_from_it(workbench: Workbench) -> None:
    workbench.commands.run("select.rows", rows=np.array([0, 3, 5]))
    workbench.commands.run("select.top", column="recon_error", count=1)
    assert workbench.workspace.state.selection.rows.tolist() == [3]


def test_more_than_there_are_is_all_of_them_and_said(workbench: Workbench) -> None:
    heard: list[str] = []
    workbench.workspace.message.connect(lambda text, _fault: heard.append(text))
    workbench.commands.run("select.top", column="recon_error", count=99)
    assert len(workbench.workspace.state.selection) == 5
    assert heard == ["Only 5 samples here have a value in “recon_error”."]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"column": "kind", "count": 1}, "no column of numbers"),
        ({"column": "nowhere", "count": 1}, "no column of numbers"),
        ({"column": "kl", "count": 0}, "at least 1"),
        ({"column": "kl", "count": 1, "order": "odd"}, "largest or smallest"),
    ],
)
def test_what_cannot_be_selected_is_refused(
    workbench: Workbench, arguments: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        workbench.commands.run("select.top", **arguments)


def test_a_column_without_a_single_value_is_refused_and_ranks_nobody(
    workbench: Workbench, fakes: Fakes
) -> None:
    fakes.space = dataclasses.replace(six(), columns={"recon_error": Numbers(np.full(6, np.nan))})
    workbench.commands.run("file.open_path", path="other")
    assert rows(workbench) == []
    with pytest.raises(UserError, match="No sample here has a value"):
        workbench.commands.run("select.top", column="recon_error", count=3)


def test_pictures_are_fetched_for_what_is_wanted(workbench: Workbench) -> None:
    came: dict[int, Compared] = {}
    workbench.ranking.fetched.connect(lambda keys, values: came.update(zip(keys, values)))  # noqa: B905
    workbench.ranking.want([4, 1])
    assert list(came) == [4, 1]
    four = came[4]
    assert four.original is not None
    assert four.decoded is not None
    assert four.difference is not None
    np.testing.assert_allclose(four.original, np.full((2, 2, 1), 40 / 255), rtol=1e-6)
    np.testing.assert_allclose(four.decoded[:, :, 0], [[4, 4], [1, 1]])
    np.testing.assert_allclose(four.difference, four.decoded - four.original)


def test_without_data_or_decoder_the_lines_and_a_sentence_say_so(
    workbench: Workbench, fakes: Fakes
) -> None:
    ranking = workbench.ranking
    assert ranking.lines == ("original", "decoded", "difference")
    assert ranking.what_is_missing() == ""
    fakes.data_here = False
    fakes.space = six()
    workbench.commands.run("file.open_path", path="again")
    assert ranking.lines == ("decoded",)
    assert ranking.what_is_missing() == "squares is not on this machine: no originals."
    workbench.commands.run("data.get", name="squares")
    assert ranking.lines == ("original", "decoded", "difference")
    workbench.workspace.model = None
    workbench.workspace.sources_changed.emit()
    assert ranking.lines == ("original",)
    assert ranking.what_is_missing() == "No decoder: originals only."


def test_a_space_without_numbers_or_samples_says_why(workbench: Workbench, fakes: Fakes) -> None:
    assert workbench.ranking.why_not() is None
    fakes.space = Space("plain", np.zeros((3, 2), np.float32))
    workbench.commands.run("file.open_path", path="plain")
    assert workbench.ranking.ranks is None
    assert "no column of numbers" in str(workbench.ranking.why_not())
    fakes.space = Space("none", np.zeros((0, 2), np.float32), columns={"x": Numbers(np.zeros(0))})
    workbench.commands.run("file.open_path", path="none")
    assert workbench.ranking.why_not() == "none holds no samples."
    workbench.commands.run("file.welcome")
    assert workbench.ranking.why_not() == "Open a space first."


def test_the_palette_is_offered_columns_and_orders(workbench: Workbench) -> None:
    assert [value for value, _ in workbench.choices("numbers")] == ["kl", "recon_error"]
    assert [value for value, _ in workbench.choices("orders")] == ["largest", "smallest"]


def test_nobody_looking_nothing_ranked(fakes: Fakes, tmp_path: Path) -> None:
    made = Workbench(WorkerNow(), fakes.services(), Settings(), tmp_path)  # type: ignore[arg-type]
    made.commands.run("file.open_path", path="six.arrow")
    assert made.ranking.ranks is None
    made.ranking.watch(True)
    made.ranking.watch(False)
    made.commands.run("select.rows", rows=np.array([0, 1]))
    assert made.ranking.ranks is None
    made.ranking.watch(True)
    assert rows(made) == [1, 0]
