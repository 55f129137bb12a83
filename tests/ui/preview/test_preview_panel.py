"""The panel: what it shows for each kind of answer, and what its controls ask for."""

import numpy as np
import pytest
from preview_answers import MakeAnswer, Recorder
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from latentviewer.app.abilities import Abilities
from latentviewer.app.commands import COMMANDS
from latentviewer.app.preview import StandIn
from latentviewer.app.state import LatentTarget, PlaceTarget, RowTarget
from latentviewer.ui.preview import pictures
from latentviewer.ui.preview.caption import facts, readable_on
from latentviewer.ui.preview.panel import PreviewPanel
from latentviewer.ui.preview.pictures import sides
from latentviewer.ui.theme import DARK, LIGHT

NO_DECODER = "clf reads images and has no decoder, so places have no picture."
DECLARED = {c.id: {a.name for a in c.arguments} for c in COMMANDS}


@pytest.fixture
def panel(qtbot: QtBot, dispatch: Recorder) -> PreviewPanel:
    made = PreviewPanel(dispatch, DARK)
    qtbot.addWidget(made)
    made.resize(348, 780)
    made.show()
    qtbot.waitExposed(made)
    return made


def neighbours(panel: PreviewPanel, count: int, images: bool = True) -> None:
    rows = np.arange(10, 10 + count, dtype=np.int64)
    pixels = np.zeros((count, 28, 28, 1), np.uint8) if images else None
    distances = np.linspace(0.5, 2, count).astype(np.float32)
    panel.set_neighbours(rows, [str(i) for i in range(count)], distances, pixels)


def test_before_the_first_answer_it_says_what_to_do(panel: PreviewPanel) -> None:
    assert panel.empty.isVisible()
    assert "Move the mouse over the map." in panel.empty.sentence
    panel.set_abilities(Abilities(decoder=NO_DECODER))
    assert panel.empty.sentence == f"Move the mouse over the map. {NO_DECODER}"


def test_a_sample_shows_all_three_pictures(panel: PreviewPanel, make_answer: MakeAnswer) -> None:
    panel.set_label_colour((200, 30, 40))
    panel.show_answer(make_answer())
    assert not panel.empty.isVisible()
    for tile in panel.pictures.tiles:
        assert tile.image is not None
        assert not tile.faded
    assert (panel.title.text, panel.title.chip) == ("#401", "7")
    assert panel.title.colour == QColor(200, 30, 40)
    assert ("Index", "401", False) in panel.facts.lines
    assert ("Error", "0.0123, mean squared per pixel", False) in panel.facts.lines
    decoded, original = panel.pictures.decoded, panel.pictures.original
    assert decoded.width() > 2 * original.width()


def test_a_picture_shown_before_its_answer_is_made_once(
    panel: PreviewPanel, make_answer: MakeAnswer
) -> None:
    panel.show_answer(make_answer())
    before = panel.pictures.decoded.image
    answer = make_answer(PlaceTarget((1.0, 2.0)), original=False, far=True)
    assert answer.decoded is not None
    panel.pictures.show_decoded(answer.decoded, far=True)
    early = panel.pictures.decoded.image
    assert early is not before
    assert panel.pictures.decoded.badge == pictures.FAR
    panel.show_answer(answer)
    assert panel.pictures.decoded.image is early
    assert panel.pictures.decoded.badge == pictures.FAR
    panel.show_answer(make_answer(decoded=False))
    assert panel.pictures.decoded.image is None
    assert panel.pictures.decoded.badge == ""
    panel.pictures.show_decoded(answer.decoded, far=False)
    assert panel.pictures.decoded.image is not None


def test_a_far_place_is_faded_and_badged(panel: PreviewPanel, make_answer: MakeAnswer) -> None:
    place = make_answer(
        PlaceTarget((1.0, 2.0)), original=False, row=None, label="", title="Between the points",
        std=None, inverse_name="PCA, exact in the plane", distance=4.31, far=True,
    )  # fmt: skip
    panel.show_answer(place)
    assert panel.pictures.decoded.faded
    assert panel.pictures.decoded.badge == pictures.FAR
    assert panel.pictures.original.message == pictures.NO_ORIGINAL
    assert panel.facts.lines[0] == ("Inverse", "PCA, exact in the plane", False)
    name, words, warning = panel.facts.lines[1]
    assert (name, warning) == ("Distance", True)
    assert words.startswith("4.31")
    before = panel.pictures.decoded.grab().toImage()
    panel.show_answer(make_answer())
    assert not panel.pictures.decoded.faded
    assert panel.pictures.decoded.badge == ""
    assert before != panel.pictures.decoded.grab().toImage()


def test_a_near_place_carries_no_badge(panel: PreviewPanel, make_answer: MakeAnswer) -> None:
    panel.show_answer(
        make_answer(PlaceTarget((0.0, 0.0)), original=False, row=None, label="", distance=0.2)
    )
    assert panel.pictures.decoded.badge == ""
    assert not any(warning for _, _, warning in panel.facts.lines)


def test_a_missing_original_is_said_and_can_be_got(
    panel: PreviewPanel, make_answer: MakeAnswer, dispatch: Recorder
) -> None:
    panel.set_missing_data("mnist", "11 MB")
    panel.show_answer(make_answer(original=False))
    assert panel.pictures.original.image is None
    assert panel.pictures.original.message == "The original is not on this machine."
    assert panel.missing.get.text() == "Get MNIST (11 MB)"
    assert panel.missing.isVisible()
    panel.missing.get.click()
    panel.missing.locate.click()
    assert dispatch.said == [("data.get", {"name": "mnist"}), ("data.locate", {})]
    panel.set_missing_data(None, None)
    assert not panel.missing.isVisible()


def test_without_a_decoder_the_original_is_the_large_one_and_it_says_why(
    panel: PreviewPanel, make_answer: MakeAnswer
) -> None:
    panel.set_abilities(Abilities(decoder=NO_DECODER))
    panel.show_answer(make_answer(decoded=False))
    shown = panel.pictures
    assert shown.original.isVisible()
    assert shown.original.width() > 200
    assert not shown.decoded.isVisible()
    assert not shown.difference.isVisible()
    assert shown.note.isVisible()
    assert shown.note.text().replace("\u200b", "") == NO_DECODER
    assert shown.rect().contains(shown.note.geometry())
    assert shown.note.heightForWidth(shown.note.width()) <= shown.note.height()


def test_a_nearest_sample_stands_in_for_what_is_not_decoded(
    panel: PreviewPanel, make_answer: MakeAnswer
) -> None:
    panel.set_abilities(Abilities(decoder=NO_DECODER))
    image = np.full((28, 28, 1), 0.5, np.float32)
    place = make_answer(
        PlaceTarget((0.0, 0.0)), decoded=False, original=False, row=None, label="", far=True,
        stand_in=StandIn(12, "3", image),
    )  # fmt: skip
    panel.show_answer(place)
    original = panel.pictures.original
    assert original.image is not None
    assert original.accessibleName() == "Nearest sample, #12 · 3 picture"
    assert original.badge == pictures.FAR
    panel.show_answer(make_answer(decoded=False))
    assert original.accessibleName() == "Original picture"
    assert original.badge == ""


def test_samples_without_originals_have_one_large_picture(
    panel: PreviewPanel, make_answer: MakeAnswer
) -> None:
    panel.set_abilities(Abilities(original="Drawn from the prior."))
    panel.show_answer(make_answer(original=False))
    shown = panel.pictures
    assert [tile.isVisible() for tile in shown.tiles] == [False, True, False]
    assert shown.note.text() == "Drawn from the prior."


def test_nothing_to_show_is_one_sentence_and_no_frame(
    panel: PreviewPanel, make_answer: MakeAnswer
) -> None:
    panel.show_answer(make_answer())
    high = panel.pictures.height()
    panel.set_abilities(Abilities(decoder=NO_DECODER, original="No data."))
    panel.show_answer(make_answer(original=False, decoded=False))
    assert not any(tile.isVisible() for tile in panel.pictures.tiles)
    assert panel.pictures.note.isVisible()
    assert panel.pictures.height() < high / 3


def test_posterior_and_prior_say_once_why_neither_is_there(panel: PreviewPanel) -> None:
    panel.set_abilities(Abilities(posterior="Neither.", prior="Neither."))
    assert panel.posterior.why_not.sentence == "Neither."
    assert panel.posterior.slider.isHidden() or not panel.posterior.slider.isVisible()
    panel.set_abilities(Abilities(loading=True, posterior="Loading.", prior="Loading."))
    assert not panel.posterior.isVisible()


def test_colour_pictures_are_shown(panel: PreviewPanel, make_answer: MakeAnswer) -> None:
    panel.show_answer(make_answer(side=64, channels=3))
    assert all(tile.image is not None for tile in panel.pictures.tiles)


def test_an_answer_changes_no_layout(panel: PreviewPanel, make_answer: MakeAnswer) -> None:
    panel.show_answer(make_answer())
    parts = (panel.pictures, panel.facts, panel.bars, panel.posterior)
    before = [part.geometry() for part in parts]
    panel.show_answer(
        make_answer(
            PlaceTarget((0.0, 0.0)),
            original=False,
            row=None,
            label="",
            std=None,
            title="A very long title that would never fit in this narrow panel at all",
            inverse_name="weighted nearest neighbours",
            distance=9.0,
            far=True,
        )
    )
    assert [part.geometry() for part in parts] == before


def test_each_button_runs_its_command(
    panel: PreviewPanel, make_answer: MakeAnswer, dispatch: Recorder
) -> None:
    panel.set_pinned(True)
    panel.show_answer(make_answer())
    for button in (panel.unpin, panel.add, panel.keep, panel.reset, panel.posterior.resample):
        assert button.accessibleName()
        button.click()
    assert [command for command, _ in dispatch.said] == [
        "preview.unpin", "path.add_shown", "latent.save", "preview.reset", "preview.resample",
    ]  # fmt: skip
    for command, arguments in dispatch.said:
        assert set(arguments) <= DECLARED[command]


def test_pinned_is_seen(panel: PreviewPanel, make_answer: MakeAnswer) -> None:
    panel.show_answer(make_answer())
    assert not panel.unpin.isVisible()
    panel.set_pinned(True)
    assert panel.unpin.isVisible()


def test_neighbours_are_chosen_by_click_and_key(
    panel: PreviewPanel, make_answer: MakeAnswer, dispatch: Recorder
) -> None:
    panel.show_answer(make_answer())
    neighbours(panel, 8)
    strip = panel.neighbours.strip
    at = strip.cell_rect(3).center().toPoint()
    QTest.mouseClick(strip, Qt.MouseButton.LeftButton, pos=at)
    QTest.keyClick(strip, Qt.Key.Key_Right)
    QTest.keyClick(strip, Qt.Key.Key_Return)
    assert dispatch.said == [("preview.pin_row", {"row": 13}), ("preview.pin_row", {"row": 14})]
    assert strip.cell_rect(7).right() <= strip.width()


@pytest.mark.parametrize("count", [0, 1, 3, 12])
def test_any_number_of_neighbours(panel: PreviewPanel, make_answer: MakeAnswer, count: int) -> None:
    panel.show_answer(make_answer())
    neighbours(panel, count, images=count != 3)
    assert len(panel.neighbours.strip.cells) == min(count, 8)
    QTest.mouseClick(panel.neighbours.strip, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    assert not panel.grab().isNull()


def test_neighbours_of_something_else_are_weak(
    panel: PreviewPanel, make_answer: MakeAnswer
) -> None:
    target = RowTarget(401)
    panel.show_answer(make_answer(target))
    neighbours(panel, 4)
    panel.show_answer(make_answer(target))
    assert not panel.neighbours.strip.stale
    panel.show_answer(make_answer(RowTarget(3)))
    assert panel.neighbours.strip.stale
    neighbours(panel, 4)
    assert not panel.neighbours.strip.stale


def test_the_spread_slider_asks_and_follows(
    panel: PreviewPanel, make_answer: MakeAnswer, dispatch: Recorder
) -> None:
    panel.set_abilities(Abilities())
    panel.posterior.slider.setValue(15)
    assert dispatch.said == [("preview.spread", {"spread": 1.5})]
    panel.show_answer(make_answer(spread=0.0))
    assert panel.posterior.slider.value() == 0
    panel.show_answer(make_answer(spread=3.0))
    assert panel.posterior.slider.value() == 30
    assert len(dispatch.said) == 1
    panel.show_answer(make_answer())
    panel.set_abilities(Abilities(posterior="One point."))
    assert panel.posterior.why_not.isVisible()
    assert not panel.posterior.slider.isVisible()


def test_posterior_pictures_come_fade_and_go(panel: PreviewPanel, make_answer: MakeAnswer) -> None:
    strip = panel.posterior.strip
    panel.show_answer(make_answer(posterior=6))
    assert len(strip.cells) == 6
    assert not strip.stale
    panel.show_answer(make_answer())
    assert strip.stale
    panel.show_answer(make_answer(std=None, row=None))
    assert strip.cells == ()


def test_an_edited_bar_remembers_the_sample_it_came_from(
    panel: PreviewPanel, make_answer: MakeAnswer, dispatch: Recorder
) -> None:
    sample = make_answer()
    panel.show_answer(sample)
    panel.bars.setFocus()
    QTest.keyClick(panel.bars, Qt.Key.Key_Right)
    QTest.keyClick(panel.bars, Qt.Key.Key_Up)
    command, arguments = dispatch.said[-1]
    assert command == "preview.set_dimension"
    assert set(arguments) == DECLARED[command]
    edited = sample.latent.copy()
    edited[1] = arguments["value"]
    title = "Edited #401 · 7"
    answer = make_answer(LatentTarget(edited, title, 401), title=title, latent=edited)
    panel.show_answer(make_answer(RowTarget(9), title="#9 · 1", latent=-sample.latent))
    panel.show_answer(answer)
    assert panel.bars.edited.tolist() == [False, True, False, False]
    assert panel.title.text == "Edited #401"
    QTest.keyClick(panel.bars, Qt.Key.Key_Delete)
    assert dispatch.said[-1][1] == {"index": 1, "value": float(sample.latent[1])}


def test_clear_goes_back_to_the_beginning(panel: PreviewPanel, make_answer: MakeAnswer) -> None:
    panel.show_answer(make_answer(posterior=3))
    neighbours(panel, 2)
    panel.clear()
    assert panel.empty.isVisible()
    assert panel.neighbours.strip.cells == ()
    assert panel.pictures.decoded.image is None


def test_another_theme_repaints_the_difference(
    panel: PreviewPanel, make_answer: MakeAnswer
) -> None:
    panel.show_answer(make_answer(posterior=6))
    image = panel.pictures.difference.image
    assert image is not None
    dark = image.copy()
    parts = (panel.title, panel.facts, panel.pictures.decoded, panel.bars, panel.posterior.strip)
    before = [part.grab().toImage() for part in parts]
    panel.set_theme(LIGHT)
    assert panel.pictures.difference.image != dark
    for part, picture in zip(parts, before, strict=True):
        assert part.grab().toImage() != picture, part.accessibleName()


def test_a_low_panel_scrolls_and_keeps_its_width(
    panel: PreviewPanel, make_answer: MakeAnswer, qtbot: QtBot
) -> None:
    panel.show_answer(make_answer())
    width = panel.pictures.width()
    for height in (300, 700, 740, 760, 780, 1200):
        panel.resize(348, height)
        assert panel.pictures.width() == width


def test_it_has_no_timers(panel: PreviewPanel, make_answer: MakeAnswer) -> None:
    panel.show_answer(make_answer(posterior=6))
    assert not [timer for timer in panel.findChildren(QTimer) if timer.isActive()]


@pytest.mark.parametrize("width", [120, 272, 320, 400, 900])
def test_two_small_tiles_stand_as_high_as_the_large_one(width: int) -> None:
    large, small = sides(width)
    assert large > 2 * small
    assert width < 200 or large + small + 10 <= width


def test_words_for_every_kind_of_answer() -> None:
    assert facts(None, None, "weighted nearest neighbours", 1.25, False) == (
        ("Inverse", "weighted nearest neighbours", False),
        ("Distance", "1.25 from the nearest sample", False),
    )
    assert [name for name, _, _ in facts(3, 0.5, None, 1.0, True)] == ["Error", "Distance"]
    assert facts(None, None, None, None, False) == ()


def test_chip_text_can_be_read_on_any_colour() -> None:
    assert readable_on(QColor("#ffe14d")).lightness() < 60
    assert readable_on(QColor("#1d3a8a")).lightness() > 200


def test_while_the_decoder_is_loaded_it_says_so(
    panel: PreviewPanel, make_answer: MakeAnswer
) -> None:
    panel.set_abilities(Abilities(decoder="It is being loaded.", loading=True))
    assert "Loading the model" in panel.empty.sentence
    assert "no decoder" not in panel.empty.sentence
    panel.show_answer(make_answer(decoded=False))
    assert panel.pictures.decoded.message == pictures.LOADING
    assert panel.pictures.decoded.width() > 2 * panel.pictures.original.width()
    panel.set_abilities(Abilities(decoder=NO_DECODER))
    assert not panel.pictures.decoded.isVisible()
    assert panel.pictures.note.isVisible()


def test_a_narrow_strip_shows_fewer_pictures_and_none_too_small(panel: PreviewPanel) -> None:
    neighbours(panel, 8)
    strip = panel.neighbours.strip
    strip.resize(310, strip.height())
    assert strip.fitting == 8
    strip.resize(130, strip.height())
    assert strip.fitting == 4
    assert strip.cell_rect(0).width() >= 25
    assert strip.cell_rect(3).right() <= 130
    assert strip.cell_at(129, 10) in (None, 3)
