"""Maps as SVG, PDF and PNG: every point, the axes, the legend, and the look of the drawn PNG."""

import base64
import dataclasses
import io
import re
import zlib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from latentviewer.app.colouring import colouring
from latentviewer.app.map_sheet import MapSheet
from latentviewer.app.state import MapSettings
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Space
from latentviewer.domain.stepping import to_the_end
from latentviewer.domain.table import Numbers, categories_of
from latentviewer.kernels.reference import NumpyRasteriser
from latentviewer.rendering import MapPicture, composing, draw_map
from latentviewer.rendering.map_files import WrittenMap, export_map
from latentviewer.ui.application import make_application
from tests.io.full_disk import fill_disk

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"


def never() -> Any:
    raise AssertionError("no rasteriser is needed for shapes")


def space_of(n: int = 60, dims: int = 2) -> Space:
    rng = np.random.default_rng(0)
    names = ["zebra & co", "<b>", "😀 мир", None]
    return Space(
        "Things <&>", rng.normal(size=(n, 4)).astype(np.float32),
        columns={"kind": categories_of([names[i % 4] for i in range(n)]),
                 "score": Numbers(np.linspace(2, 5, n))},
        maps={"m": rng.normal(size=(n, dims)).astype(np.float32)},
    )  # fmt: skip


def sheet_of(space: Space, colour_by: str | None = "kind", **more: Any) -> MapSheet:
    settings = MapSettings(colour_by=colour_by, **more.pop("settings", {}))
    axes = tuple(f"PC {axis + 1} · 25 %" for axis in range(space.maps["m"].shape[1]))
    known = {"theme": "light", "axes": axes, "subtitle": "some points", "footer": "a footer"}
    wanted = {**known, **more}
    colours = colouring(space, settings, wanted["theme"] == "dark")
    return MapSheet(space.maps["m"], colours, space.name, **wanted)


def write(sheet: MapSheet, path: Path, rasteriser: Any = never) -> WrittenMap:
    return to_the_end(export_map(sheet, path, rasteriser))


def parts(path: Path) -> dict[str, Any]:
    root = ElementTree.parse(path).getroot()
    return {"": root, **{group.get("id", ""): group for group in root.iter(f"{SVG}g")}}


def colour_of(sheet: MapSheet, row: int) -> str:
    return "#" + bytes(sheet.colours.colour_of(row)).hex()


def texts(element: Any) -> list[str]:
    return [text.text for text in element.iter(f"{SVG}text")]


@pytest.mark.parametrize("dims", [2, 3])
def test_an_svg_has_a_circle_for_each_point_of_its_colour(tmp_path: Path, dims: int) -> None:
    space = space_of(dims=dims)
    sheet = sheet_of(space)
    assert write(sheet, tmp_path / "m.svg") == WrittenMap(60, ())
    circles = list(parts(tmp_path / "m.svg")["points"].iter(f"{SVG}circle"))
    assert len(circles) == 60
    wanted = sorted(colour_of(sheet, row) for row in range(60))
    assert sorted(circle.get("fill") for circle in circles) == wanted
    for circle in circles:
        assert 40 <= float(circle.get("cx")) <= 1600 - 40 - 254
        assert 108 <= float(circle.get("cy")) <= 1000 - 52


def test_an_svg_names_title_axes_and_legend(tmp_path: Path) -> None:
    write(sheet_of(space_of()), tmp_path / "m.svg")
    found = parts(tmp_path / "m.svg")
    assert found[""].get("viewBox") == "0 0 1600 1000"
    assert found[""].find(f"{SVG}title").text == "Things <&>"
    assert texts(found["words"]) == ["Things <&>", "some points", "a footer"]
    assert texts(found["axes"]) == ["PC 1 · 25 %", "PC 2 · 25 %"]
    assert len(list(found["axes"].iter(f"{SVG}line"))) == 2
    legend = texts(found["legend"])
    assert legend[0] == "kind"
    assert set(legend[1::2]) == {"zebra & co", "<b>", "😀 мир", "no label"}
    assert legend[2::2] == ["15"] * 4
    assert len(list(found["legend"].iter(f"{SVG}circle"))) == 4


def test_words_stand_inside_the_sheet(tmp_path: Path) -> None:
    for dims, turned in ((2, None), (3, None), (3, np.diag([-1.0, -1.0, 1.0]))):
        write(sheet_of(space_of(dims=dims), seen_from=turned), tmp_path / "m.svg")
        for text in parts(tmp_path / "m.svg")[""].iter(f"{SVG}text"):
            x, y, size = (float(text.get(key)) for key in ("x", "y", "font-size"))
            long = 0.55 * size * len(text.text)
            left = {"end": x - long, "middle": x - long / 2}.get(text.get("text-anchor", ""), x)
            if text.get("transform") is None:
                assert left >= 30, text.text
                assert left + long <= 1600, text.text
            assert 0 < y < 1000


def test_a_legend_of_numbers_is_a_bar_with_its_ends(tmp_path: Path) -> None:
    write(sheet_of(space_of(), "score"), tmp_path / "m.svg")
    legend = parts(tmp_path / "m.svg")["legend"]
    assert texts(legend) == ["score", "5", "3.5", "2"]
    stops = [stop.get("stop-color") for stop in legend.iter(f"{SVG}stop")]
    assert len(set(stops)) > 20
    (rect,) = legend.iter(f"{SVG}rect")
    assert rect.get("fill") == "url(#legend-colours)"


def test_what_is_filtered_out_is_neither_a_point_nor_in_the_legend(tmp_path: Path) -> None:
    sheet = sheet_of(space_of(), settings={"hidden": frozenset({"<b>", ""})})
    assert write(sheet, tmp_path / "m.svg").drawn == 30
    found = parts(tmp_path / "m.svg")
    assert len(list(found["points"].iter(f"{SVG}circle"))) == 30
    assert set(texts(found["legend"])[1::2]) == {"zebra & co", "😀 мир"}
    # The others stay where they are without the filter.
    places = {c.get("cx") for c in found["points"].iter(f"{SVG}circle")}
    write(sheet_of(space_of()), tmp_path / "all.svg")
    every = parts(tmp_path / "all.svg")["points"].iter(f"{SVG}circle")
    assert places <= {c.get("cx") for c in every}


def test_many_labels_end_in_how_many_more_there_are(tmp_path: Path) -> None:
    space = Space(
        "s", np.zeros((90, 2), np.float32),
        columns={"kind": categories_of([f"name {i}" for i in range(90)])},
        maps={"m": np.zeros((90, 2), np.float32)},
    )  # fmt: skip
    write(sheet_of(space), tmp_path / "m.svg")
    legend = texts(parts(tmp_path / "m.svg")["legend"])
    shown = sum(text.startswith("name ") for text in legend)
    assert legend[-1] == f"and {90 - shown} more"


def test_more_points_are_one_picture_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composing, "MOST_DISCS", 59)
    written = write(sheet_of(space_of()), tmp_path / "m.svg", NumpyRasteriser)
    assert written.drawn == 60
    assert written.notes == (
        "The 60 points are more than 59, so they are one picture of 3,798 x 2,520 pixels; words, "
        "axes and legend are shapes.",
    )
    found = parts(tmp_path / "m.svg")
    assert list(found["points"].iter(f"{SVG}circle")) == []
    (image,) = found["points"].iter(f"{SVG}image")
    content = base64.b64decode(image.get(HREF).partition(",")[2])
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (3798, 2520)
        assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 20
    assert texts(found["axes"]) == ["PC 1 · 25 %", "PC 2 · 25 %"]


@pytest.mark.parametrize("dims", [2, 3])
def test_density_is_one_picture_too(tmp_path: Path, dims: int) -> None:
    sheet = sheet_of(space_of(dims=dims), density=True)
    (note,) = write(sheet, tmp_path / "m.svg", NumpyRasteriser).notes
    assert "are shaded by density" in note
    assert len(list(parts(tmp_path / "m.svg")["points"].iter(f"{SVG}image"))) == 1


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("dims", [2, 3])
def test_it_looks_like_the_drawn_png(
    tmp_path: Path, qapp: QApplication, theme: str, dims: int
) -> None:
    make_application()
    space = space_of(300, dims)
    sheet = sheet_of(space, theme=theme, size=(800, 500))
    wanted = MapPicture(
        sheet.title, sheet.subtitle, sheet.footer, sheet.axes, "kind", (800, 500), theme
    )  # fmt: skip
    drawn, _ = draw_map(space, space.maps["m"], wanted, NumpyRasteriser())
    plain = np.asarray(drawn, np.int16)
    write(sheet, tmp_path / "m.png")
    write(sheet, tmp_path / "m.svg")
    with Image.open(tmp_path / "m.png") as image:
        painted = np.asarray(image.convert("RGB"), np.int16)
    shapes = rendered(tmp_path / "m.svg", 800, 500)
    inked = np.abs(plain - plain[0, 0]).max(axis=2) > 40
    for other in (painted, shapes):
        assert np.abs(plain - other).mean() < 4
        also = np.abs(other - other[0, 0]).max(axis=2) > 40
        # What has ink in one has ink in the other, but for letters of another font and edges.
        assert np.count_nonzero(inked & also) > 0.75 * np.count_nonzero(inked)


def rendered(path: Path, width: int, height: int) -> Any:
    renderer = QSvgRenderer(str(path))
    assert renderer.isValid()
    image = QImage(width, height, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(height, width, 4)
    return pixels[..., 2::-1].astype(np.int16)


def test_nearer_points_cover_farther_ones(tmp_path: Path) -> None:
    places = np.array([[0, 0, 1], [0, 0, 0], [1, 1, 2], [-1, -1, -3]], np.float32)
    names = categories_of(["near", "far", "other", "other"])
    space = Space("s", np.zeros((4, 2), np.float32), columns={"k": names}, maps={"m": places})
    sheet = sheet_of(space, "k", seen_from=np.eye(3))
    write(sheet, tmp_path / "m.svg")
    fills = [c.get("fill") for c in parts(tmp_path / "m.svg")["points"].iter(f"{SVG}circle")]
    near, far = colour_of(sheet, 0), colour_of(sheet, 1)
    assert fills.index(far) < fills.index(near)


def test_no_colour_lies_over_the_others(tmp_path: Path) -> None:
    space = Space(
        "s", np.zeros((200, 2), np.float32),
        columns={"k": categories_of(["a"] * 100 + ["b"] * 100)},
        maps={"m": np.zeros((200, 2), np.float32)},
    )  # fmt: skip
    write(sheet_of(space, "k"), tmp_path / "m.svg")
    first = (tmp_path / "m.svg").read_bytes()
    fills = [c.get("fill") for c in parts(tmp_path / "m.svg")["points"].iter(f"{SVG}circle")]
    assert len(set(fills[-10:])) == len(set(fills[:10])) == 2
    write(sheet_of(space, "k"), tmp_path / "m.svg")
    assert (tmp_path / "m.svg").read_bytes() == first


def test_a_pdf_has_the_size_of_the_sheet_its_letters_and_every_disc(
    tmp_path: Path, qapp: QApplication
) -> None:
    make_application()
    write(sheet_of(space_of(), size=(1200, 800)), tmp_path / "m.pdf")
    content = (tmp_path / "m.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", content)
    assert box is not None
    # A pixel is three quarters of a point.
    assert [float(side) for side in box.groups()] == [900, 600]
    fonts = set(re.findall(rb"/FontName /\w+\+([\w-]+)", content))
    assert {b"Inter-Regular", b"Inter-SemiBold"} <= fonts
    assert len(re.findall(rb"/FontFile2", content)) >= 2
    page = max(streams(content), key=lambda stream: stream.count(b" c\n"))
    # A disc is four curves; the legend has four discs more.
    assert page.count(b" c\n") == 4 * (60 + 4)
    # Title, subtitle, footer, two axes and a heading, and two words in each of four rows.
    assert page.count(b"BT") >= 14
    # Three quarters of their size on a sheet of 1600 x 1000, in sixteenths of a pixel.
    sizes = {float(size) for size in re.findall(rb"/F\d+ ([\d.]+) Tf", page)}
    assert sizes == {27 * 12, 16 * 12, 15 * 12, 13 * 12}


def streams(pdf: bytes) -> list[bytes]:
    found = []
    for match in re.finditer(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            found.append(zlib.decompress(match[1]))
        except zlib.error:
            continue
    return found


def test_a_picture_in_a_pdf_keeps_its_pixels(
    tmp_path: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_application()
    monkeypatch.setattr(composing, "MOST_DISCS", 10)
    write(sheet_of(space_of()), tmp_path / "m.pdf", NumpyRasteriser)
    content = (tmp_path / "m.pdf").read_bytes()
    assert b"/Subtype /Image" in content
    assert b"/DCTDecode" not in content
    assert b"/Width 3798" in content


@pytest.mark.parametrize("size", [(64, 64), (2400, 1500)])
def test_a_png_may_have_any_size(tmp_path: Path, qapp: QApplication, size: tuple[int, int]) -> None:
    make_application()
    write(sheet_of(space_of(), size=size), tmp_path / "m.png")
    with Image.open(tmp_path / "m.png") as picture:
        assert picture.size == size
        assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 3


def test_a_png_of_many_points_has_no_word_on_shapes(
    tmp_path: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_application()
    monkeypatch.setattr(composing, "MOST_DISCS", 10)
    assert write(sheet_of(space_of()), tmp_path / "m.png", NumpyRasteriser).notes == ()


@pytest.mark.parametrize("name", ["m.svg", "m.pdf", "m.png"])
@pytest.mark.parametrize("dims", [2, 3])
def test_odd_maps_are_drawn_as_far_as_they_go(
    tmp_path: Path, qapp: QApplication, name: str, dims: int
) -> None:
    make_application()
    for places in ([], [[0] * dims], [[0] * dims, [np.nan] * dims, [np.inf] * dims, [5] * dims]):
        coordinates = np.array(places, np.float32).reshape(-1, dims)
        n = len(coordinates)
        space = Space(
            "", np.zeros((n, 2), np.float32), columns={"score": Numbers(np.full(n, np.nan))},
            maps={"m": coordinates},
        )  # fmt: skip
        for colour_by in ("score", None):
            sheet = dataclasses.replace(sheet_of(space, colour_by), axes=())
            finite = int(np.isfinite(coordinates).all(axis=1).sum())
            assert write(sheet, tmp_path / name).drawn == finite
            assert (tmp_path / name).stat().st_size > 100


def test_another_ending_is_refused_and_a_full_disk_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UserError, match=r"m\.jpg: write a map to a name that ends in \.png, \.svg"):
        write(sheet_of(space_of()), tmp_path / "m.jpg")
    (tmp_path / "m.svg").write_text("old")
    fill_disk(monkeypatch, after=500)
    with pytest.raises(UserError, match="disk is full"):
        write(sheet_of(space_of()), tmp_path / "m.svg")
    assert [p.name for p in tmp_path.iterdir()] == ["m.svg"]
    assert (tmp_path / "m.svg").read_text() == "old"


@pytest.mark.parametrize("name", ["m.svg", "m.pdf"])
def test_a_cancel_leaves_nothing(tmp_path: Path, qapp: QApplication, name: str) -> None:
    make_application()
    steps = export_map(sheet_of(space_of()), tmp_path / name, never)
    next(steps)
    next(steps)
    steps.close()
    assert list(tmp_path.iterdir()) == []
