"""Exports from the session: which samples, which map, and what is said."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.app.exporting import SHEET_SIZE, sheet_size
from latentviewer.app.state import Blend
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Space
from latentviewer.jobs.progress import Progress
from tests.app.conftest import Fakes


def said(workbench: Workbench) -> list[tuple[str, bool]]:
    messages: list[tuple[str, bool]] = []
    workbench.workspace.message.connect(lambda text, fault: messages.append((text, fault)))
    return messages


def test_all_samples_go_where_nothing_is_selected(opened: Workbench, fakes: Fakes) -> None:
    messages = said(opened)
    opened.commands.run("file.export_samples_to", path="/somewhere/z.csv")
    space, path, purpose, wanted = fakes.exported_samples
    assert (path, purpose, wanted["rows"]) == (Path("/somewhere/z.csv"), "file", None)
    np.testing.assert_array_equal(space.latent, opened.workspace.space.latent)
    assert wanted["data"] is opened.workspace.data is not None
    assert messages == [(f"Wrote {path}: all 6 samples. A note.", False)]


def test_the_selection_goes_where_there_is_one(opened: Workbench, fakes: Fakes) -> None:
    opened.commands.run("select.rows", rows=[4, 1])
    opened.commands.run("groups.create", name="A")
    messages = said(opened)
    opened.commands.run("file.export_samples_to", path="z.parquet", purpose="projector")
    _, _, purpose, wanted = fakes.exported_samples
    assert purpose == "projector"
    np.testing.assert_array_equal(wanted["rows"], [1, 4])
    assert [group.name for group in wanted["groups"]] == ["A"]
    assert messages == [("Wrote z.parquet: the 2 selected samples. A note.", False)]
    opened.commands.run("select.rows", rows=[4])
    assert opened.exporting.samples == "the selected sample"


def test_the_path_goes_along(opened: Workbench, fakes: Fakes) -> None:
    for row in (3, 0):
        opened.commands.run("path.add_row", row=row)
    opened.commands.run("file.export_samples_to", path="folder", purpose="projector")
    assert [stop.row for stop in fakes.exported_samples[3]["way"].waypoints] == [3, 0]


def test_a_pca_stands_beside_the_one_that_a_reader_makes(opened: Workbench, fakes: Fakes) -> None:
    opened.commands.run("file.export_samples_to", path="z.arrow")
    space, _, _, wanted = fakes.exported_samples
    assert wanted["shown"] == "pc_2d"
    shown = opened.workspace.shown_map
    assert shown is not None
    np.testing.assert_array_equal(space.maps["pc_2d"], shown.coordinates)
    assert "pc_2d" not in opened.workspace.space.maps


def test_a_stored_map_is_shown_under_its_own_name(opened: Workbench, fakes: Fakes) -> None:
    opened.commands.run("map.compute")
    fakes.layouts.finish()
    opened.commands.run("file.export_samples_to", path="z.parquet", purpose="embedding-atlas")
    space, _, _, wanted = fakes.exported_samples
    assert wanted["shown"] == "umap_2d"
    assert list(space.maps) == ["umap_2d"]


def test_without_a_map_samples_go_but_not_to_embedding_atlas(
    opened: Workbench, fakes: Fakes
) -> None:
    opened.workspace.shown_map = None
    opened.commands.run("file.export_samples_to", path="z.csv")
    assert fakes.exported_samples[3]["shown"] is None
    with pytest.raises(UserError, match="The map is not ready yet"):
        opened.commands.run("file.export_samples_to", path="z.parquet", purpose="embedding-atlas")
    with pytest.raises(UserError, match="The map is not ready yet"):
        opened.exporting.map_to("m.svg")


def test_a_map_of_other_settings_is_not_taken_for_this_one(opened: Workbench) -> None:
    space = opened.workspace.space
    opened.workspace.session.amend(space=space.with_map("umap_2d", np.ones((6, 2), np.float32)))
    opened.commands.run("map.method", name="umap")
    # As while the other map is still on its way.
    opened.commands.run("map.method", name="pca")
    services, space = opened.workspace.services, opened.workspace.space
    stored = services.stored_map(space.latent, space.maps["umap_2d"], {}, "UMAP")
    opened.workspace.shown_map = stored
    with pytest.raises(UserError, match="The map is not ready yet"):
        opened.exporting.map_to("m.svg")
    opened.commands.run("map.method", name="umap")
    opened.workspace.shown_map = services.pca(space.latent, 2)
    with pytest.raises(UserError, match="The map is not ready yet"):
        opened.exporting.map_to("m.svg")
    opened.workspace.shown_map = stored
    opened.exporting.map_to("m.svg")


def test_a_refusal_is_said_and_no_export_is_left_running(opened: Workbench, fakes: Fakes) -> None:
    def refuse(*_all: Any, **_more: Any) -> Any:
        yield Progress(None, "Writing")
        raise UserError("z.csv may not be written; choose another place.")

    object.__setattr__(opened.workspace.services, "export_samples", refuse)
    messages = said(opened)
    opened.commands.run("file.export_samples_to", path="z.csv")
    assert messages == [("z.csv may not be written; choose another place.", True)]


def test_the_map_goes_as_it_is_coloured_filtered_and_titled(
    opened: Workbench, fakes: Fakes
) -> None:
    opened.commands.run("map.filter", name="a")
    messages = said(opened)
    opened.exporting.map_to("m.svg", "800 × 500", "light")
    sheet, path = fakes.exported_map
    assert (path, sheet.size, sheet.theme, sheet.title) == (
        Path("m.svg"),
        (800, 500),
        "light",
        "six",
    )
    assert sheet.axes == ("PC 1", "PC 2")
    assert int(sheet.colours.visible().sum()) == 4
    assert sheet.subtitle == (
        "PCA in 2D  ·  6 latents of 2 dimensions  ·  squares  ·  coloured by label  ·  "
        "2 points hidden"
    )
    assert not sheet.density
    assert messages == [("Wrote m.svg: the map of 6 points. A note.", False)]
    opened.commands.run("map.blend", name=Blend.DENSITY.value)
    opened.exporting.map_to("m.png")
    assert fakes.exported_map[0].density
    assert fakes.exported_map[0].size == SHEET_SIZE


def test_a_space_of_one_sample_is_said_as_one(workbench: Workbench, fakes: Fakes) -> None:
    fakes.space = Space("one", np.zeros((1, 2), np.float32))
    workbench.commands.run("file.open_path", path="one.arrow")
    assert workbench.exporting.samples == "the one sample"


@pytest.mark.parametrize(
    ("text", "size"),
    [("1600x1000", (1600, 1000)), (" 64 x 16384 px ", (64, 16384)), ("300×200", (300, 200))],
)
def test_a_size_is_read(text: str, size: tuple[int, int]) -> None:
    assert sheet_size(text) == size


@pytest.mark.parametrize("text", ["", "large", "63x100", "100x16385", "100", "-100x100", "1e3x100"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="is no size of a picture"):
        sheet_size(text)
