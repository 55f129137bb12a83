"""The tab of the shown projection: options, run, figures."""

from collections.abc import Iterator
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QApplication, QComboBox, QDoubleSpinBox, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from latentviewer.projection.project import LDA, TSNE, UMAP
from latentviewer.ui.editor.judgement_list import Figure
from latentviewer.ui.editor.projection_tab import ProjectionTab
from latentviewer.ui.theme import DARK, LIGHT


class Heard:
    def __init__(self) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []

    def __call__(self, command: str, **arguments: Any) -> None:
        self.said.append((command, arguments))


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def tab(qtbot: QtBot, heard: Heard) -> Iterator[ProjectionTab]:
    holder = QWidget()
    qtbot.addWidget(holder)
    holder.resize(1200, 300)
    made = ProjectionTab(heard, DARK, holder)
    made.resize(1100, 230)
    holder.show()
    yield made
    holder.hide()


def show(tab: ProjectionTab, method: Any, **given: Any) -> None:
    tab.set_method(
        method.title, method.description, method.repeatable, method.parameters,
        method.options(given), ("label", "kind"), "none",
    )  # fmt: skip


def test_every_option_has_a_field_of_its_kind_with_its_tooltip(tab: ProjectionTab) -> None:
    show(tab, UMAP, min_dist=0.25, metric="cosine", labels="kind")
    fields = tab.form.fields
    assert set(fields) == {parameter.key for parameter in UMAP.parameters}
    for parameter in UMAP.parameters:
        assert fields[parameter.key].toolTip() == parameter.tooltip
        assert fields[parameter.key].accessibleName() == parameter.title
    distance, metric, labels = fields["min_dist"], fields["metric"], fields["labels"]
    assert isinstance(distance, QDoubleSpinBox)
    assert distance.value() == 0.25
    assert isinstance(metric, QComboBox)
    assert metric.currentData() == "cosine"
    assert isinstance(labels, QComboBox)
    assert labels.currentData() == "kind"
    assert labels.itemText(0) == "none"
    epochs = fields["n_epochs"]
    assert isinstance(epochs, QSpinBox)
    assert epochs.text() == "automatic"


def test_a_changed_field_runs_the_command_once_it_rests(
    tab: ProjectionTab, heard: Heard, qtbot: QtBot
) -> None:
    show(tab, TSNE)
    perplexity = tab.form.fields["perplexity"]
    assert isinstance(perplexity, QDoubleSpinBox)
    assert perplexity.value() == 30
    perplexity.setValue(40)
    perplexity.setValue(50)
    qtbot.waitUntil(lambda: bool(heard.said))
    assert heard.said == [("map.option", {"name": "perplexity", "value": 50.0})]
    steps = tab.form.fields["n_iter"]
    assert isinstance(steps, QSpinBox)
    steps.setValue(300)
    qtbot.waitUntil(lambda: len(heard.said) == 2)
    assert heard.said[-1] == ("map.option", {"name": "n_iter", "value": 300})
    steps.setValue(steps.minimum())
    qtbot.waitUntil(lambda: len(heard.said) == 3)
    assert heard.said[-1] == ("map.option", {"name": "n_iter", "value": None})


def test_showing_what_is_set_runs_nothing(tab: ProjectionTab, heard: Heard, qtbot: QtBot) -> None:
    show(tab, TSNE)
    show(tab, TSNE, perplexity=44.0, n_iter=200)
    show(tab, LDA)
    show(tab, TSNE)
    qtbot.wait(450)
    assert heard.said == []


def test_a_choice_is_told_at_once(tab: ProjectionTab, heard: Heard) -> None:
    show(tab, UMAP)
    metric = tab.form.fields["metric"]
    assert isinstance(metric, QComboBox)
    metric.setCurrentIndex(metric.findData("correlation"))
    metric.activated.emit(metric.currentIndex())
    assert heard.said == [("map.option", {"name": "metric", "value": "correlation"})]


def test_without_options_a_sentence_stands_there(tab: ProjectionTab) -> None:
    tab.set_method("PCA · 2D", "about", "always", (), {}, (), "PCA has no options.")
    assert tab.no_options.isVisible()
    assert tab.no_options.text() == "PCA has no options."
    assert not tab.form.isVisible()
    assert not tab.reset.isVisible()


@pytest.mark.parametrize(
    ("state", "visible"),
    [
        ((False, False, False), set()),
        ((True, False, False), {"compute", "go_on"}),
        ((True, True, True), {"compute", "go_on", "pause", "cancel"}),
        ((False, True, False), {"pause", "cancel"}),
    ],
)
def test_only_what_can_be_done_is_offered(
    tab: ProjectionTab, state: tuple[bool, bool, bool], visible: set[str]
) -> None:
    tab.set_run(*state)
    names = ("compute", "go_on", "pause", "cancel")
    assert {name for name in names if getattr(tab, name).isVisible()} == visible
    assert tab.pause.accessibleName() == ("Resume" if state[2] else "Pause")


def test_each_button_runs_its_command(tab: ProjectionTab, heard: Heard) -> None:
    show(tab, UMAP)
    tab.set_run(True, True, False)
    tab.set_quality("On 5", (), True)
    for button in (tab.compute, tab.go_on, tab.pause, tab.cancel, tab.reset, tab.faults,
                   tab.control):  # fmt: skip
        button.click()
    assert [command for command, _ in heard.said] == [
        "map.compute", "map.go_on", "map.pause", "jobs.cancel", "map.reset_options",
        "map.faults", "map.control",
    ]  # fmt: skip


def test_figures_are_told_to_the_eye_and_to_a_reader(tab: ProjectionTab) -> None:
    figures = (Figure("Trustworthiness", "what it says", 0.953), Figure("Hit", "tip", None))
    before = tab.quality.grab().toImage()
    tab.set_quality("On 2,000 of 5,000 samples", figures, True)
    assert tab.quality.accessibleDescription() == (
        "On 2,000 of 5,000 samples. Trustworthiness 0.953, Hit –"
    )
    assert tab.quality.grab().toImage() != before
    assert tab.control.isEnabled()
    tab.set_quality("Measuring…", (), False)
    assert not tab.control.isEnabled()
    help_event = QHelpEvent(QEvent.Type.ToolTip, QPoint(10, 30), QPoint(10, 30))
    assert tab.quality.event(help_event)


def test_in_a_narrow_window_buttons_are_pictures(tab: ProjectionTab) -> None:
    tab.set_run(True, False, False)
    assert tab.compute.text() == "Compute"
    tab.resize(500, 230)
    assert tab.compute.text() == ""
    assert tab.compute.accessibleName() == "Compute"
    assert tab.minimumSizeHint().width() <= 400
    tab.resize(1100, 230)
    assert tab.compute.text() == "Compute"


def test_fields_go_into_as_many_columns_as_there_is_room(tab: ProjectionTab) -> None:
    show(tab, UMAP)
    QApplication.processEvents()
    wide = {field.y() for field in tab.form.fields.values()}
    tab.resize(460, 230)
    QApplication.processEvents()
    narrow = {field.y() for field in tab.form.fields.values()}
    assert len(narrow) > len(wide)


def test_another_theme_repaints(tab: ProjectionTab) -> None:
    tab.set_quality("On 5", (Figure("Trust", "tip", 0.5),), True)
    dark = tab.quality.grab().toImage()
    tab.set_theme(LIGHT)
    assert tab.quality.grab().toImage() != dark
    assert tab.focusPolicy() == Qt.FocusPolicy.NoFocus
