"""By what nearest samples are found: chosen, undone, kept in the project, asked of the engine."""

from pathlib import Path

import numpy as np
import pytest

from latentviewer.app.previews import Details
from latentviewer.app.projects import session_from_json, session_to_json
from latentviewer.app.state import RowTarget, SessionState
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.metrics import METRIC_TITLES, METRICS
from latentviewer.domain.space import Space
from latentviewer.domain.table import Texts
from tests.app.conftest import Fakes, six


def words() -> Space:
    latent = np.array([[1, 0], [0, 1], [1, 1]], np.float32)
    return Space("words", latent, columns={"word": Texts(("king", "man", "woman"))})


def test_another_metric_lists_the_nearest_again_and_is_undone(
    opened: Workbench, fakes: Fakes
) -> None:
    heard: list[Details] = []
    opened.previews.detailed.connect(heard.append)
    opened.previews.hover(RowTarget(0))
    opened.previews.settle()
    assert fakes.metrics[-1] == "euclidean"
    opened.commands.run("latent.metric", name="cosine")
    assert (fakes.metrics[-1], len(heard)) == ("cosine", 2)
    opened.commands.run("edit.undo")
    assert (opened.workspace.state.metric, fakes.metrics[-1]) == ("euclidean", "euclidean")


def test_the_result_of_an_expression_follows(opened: Workbench, fakes: Fakes) -> None:
    opened.commands.run("arithmetic.evaluate", text="#1 - #2")
    opened.commands.run("latent.metric", name="dot")
    assert fakes.metrics[-1] == "dot"
    assert opened.arithmetic.outcome is not None
    assert opened.arithmetic.outcome.text == "#1 - #2"


def test_an_unknown_metric_is_named(opened: Workbench) -> None:
    with pytest.raises(UserError, match="no metric “manhattan”; there are euclidean"):
        opened.commands.run("latent.metric", name="manhattan")
    assert opened.workspace.state.metric == "euclidean"
    assert opened.choices("metrics") == list(METRIC_TITLES.items())


def test_words_without_a_model_are_near_by_their_direction(
    workbench: Workbench, fakes: Fakes
) -> None:
    fakes.space = words()
    workbench.commands.run("file.open_path", path="words.bin")
    assert workbench.workspace.state.metric == "cosine"
    fakes.space = six()
    workbench.commands.run("file.open_path", path="six.arrow")
    assert workbench.workspace.state.metric == "euclidean"


@pytest.mark.parametrize("metric", METRICS)
def test_a_project_keeps_it(metric: str) -> None:
    written = session_to_json(SessionState(space=six(), metric=metric))  # type: ignore[arg-type]
    assert session_from_json(written, six(), "p").metric == metric
    with pytest.raises(UserError, match="a metric “hamming”"):
        session_from_json({**written, "metric": "hamming"}, six(), "p")
    del written["metric"]
    assert session_from_json(written, six(), "p").metric == "euclidean"


def test_words_are_named_in_expressions(workbench: Workbench, fakes: Fakes, tmp_path: Path) -> None:
    fakes.space = words()
    workbench.commands.run("file.open_path", path="words.bin")
    workbench.commands.run("arithmetic.evaluate", text="[king] - [man] + [woman]")
    outcome = workbench.arithmetic.outcome
    assert outcome is not None
    np.testing.assert_array_equal(outcome.latent, [2, 0])
    # What went in is left out of what is near.
    assert outcome.rows.tolist() == []
    assert workbench.arithmetic.complete("[wo", 3) == ["[woman]"]
