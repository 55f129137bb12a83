"""Tables with pictures in their cells: every way of writing them, and nothing believed."""

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image
from pyarrow import parquet

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.table import Categories, Numbers, Texts
from latentviewer.io.datasets import is_here, open_data
from latentviewer.io.inspecting import inspect_path
from latentviewer.io.pictures import parquet_tables
from latentviewer.io.pictures.cells import is_image_start
from latentviewer.io.pictures.lazy import LazyImages
from latentviewer.io.pictures.placeholder import placeholder
from latentviewer.io.spaces import open_space

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
COLOURS = (RED, GREEN, BLUE)


def image(colour: tuple[int, int, int] = RED, kind: str = "PNG") -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (6, 4), colour).save(buffer, kind)
    return buffer.getvalue()


def base64_of(colour: tuple[int, int, int], kind: str = "PNG") -> str:
    return base64.b64encode(image(colour, kind)).decode()


def write_parquet(table: Any, path: Path) -> None:
    parquet.write_table(table, path, row_group_size=2)


def write_arrow(table: Any, path: Path, compression: str | None = None) -> None:
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_file(path, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=2)


def write_packed(table: Any, path: Path) -> None:
    write_arrow(table, path, "zstd")


def write_stream(table: Any, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)


WRITERS = [
    pytest.param(write_parquet, ".parquet", id="parquet"),
    pytest.param(write_arrow, ".arrow", id="arrow"),
    pytest.param(write_packed, ".feather", id="packed"),
    pytest.param(write_stream, ".arrow", id="stream"),
]
Write = Callable[[Any, Path], None]


def opened(path: Path) -> LazyImages:
    data = open_data(str(path))
    assert isinstance(data, LazyImages)
    return data


def texts(data: LazyImages, column: str) -> list[str]:
    return [data.columns[column].text(row) for row in range(len(data))]


@pytest.mark.parametrize(("write", "suffix"), WRITERS)
@pytest.mark.parametrize("layout", ["bytes", "large", "struct", "base64", "uri", "dictionary"])
def test_every_layout_in_every_file(tmp_path: Path, write: Write, suffix: str, layout: str) -> None:
    pictures = [image(colour) for colour in COLOURS]
    column: Any = {
        "bytes": pa.array(pictures),
        "large": pa.array(pictures, pa.large_binary()),
        "struct": pa.array([{"bytes": p, "path": f"{i}.png"} for i, p in enumerate(pictures)]),
        "base64": pa.array([base64_of(colour) for colour in COLOURS]),
        "uri": pa.array([f"data:image/png;base64,{base64_of(colour)}" for colour in COLOURS]),
        "dictionary": pa.array(pictures).dictionary_encode(),
    }[layout]
    table = pa.table({"score": [1.5, None, 3.0], "picture": column, "what": ["x", "y", "x"]})
    path = tmp_path / f"t{suffix}"
    write(table, path)
    data = opened(path)
    assert data.images(np.array([2, 0, 1, 0]))[:, 0, 0].tolist() == [
        list(BLUE), list(RED), list(GREEN), list(RED),
    ]  # fmt: skip
    score = data.columns["score"]
    assert isinstance(score, Numbers)
    np.testing.assert_array_equal(score.values, [1.5, np.nan, 3.0])
    assert texts(data, "what") == ["x", "y", "x"]
    assert ("file" in data.columns) == (layout == "struct")
    assert data.notes == ()
    report = inspect_path(path)
    assert (report["kind"], report["format"], report["rows"]) == ("data set", "table", 3)
    assert is_here(str(path))


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".json", ".jsonl"])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_base64_in_texts(tmp_path: Path, suffix: str, kind: str) -> None:
    rows = [{"label": f"l{i}", "img": base64_of(c, kind)} for i, c in enumerate(COLOURS)]
    path = tmp_path / f"t{suffix}"
    if suffix == ".json":
        path.write_text(json.dumps(rows))
    elif suffix == ".jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    else:
        comma = "," if suffix == ".csv" else "\t"
        lines = [comma.join(row.values()) for row in rows]
        path.write_text(f"label{comma}img\n" + "\n".join(lines))
    data = opened(path)
    assert texts(data, "label") == ["l0", "l1", "l2"]
    # Lossy formats come near.
    np.testing.assert_allclose(data.images(np.arange(3))[:, 0, 0], COLOURS, atol=60)
    assert inspect_path(path)["format"] == "table"


def test_a_picture_larger_than_a_usual_cell(tmp_path: Path) -> None:
    buffer = BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (256, 256, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "PNG")
    cell = base64.b64encode(buffer.getvalue()).decode()
    assert len(cell) > 131_072
    (tmp_path / "t.csv").write_text(f"id,img\n1,{cell}\n")
    np.testing.assert_array_equal(opened(tmp_path / "t.csv").images(np.array([0]))[0], noise)


@pytest.mark.parametrize(("write", "suffix"), WRITERS)
def test_names_of_files_below_the_table(tmp_path: Path, write: Write, suffix: str) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.png").write_bytes(image(GREEN))
    path = tmp_path / f"t{suffix}"
    names = ["sub/a.png", "sub\\a.png", "sub/none.png", None]
    write(pa.table({"x": names}), path)
    data = opened(path)
    assert texts(data, "broken") == ["", "", "gone", "empty"]
    assert (data.images(np.array([0, 1])) == GREEN).all()
    struct = [{"bytes": None, "path": "sub/a.png"}, {"bytes": image(RED), "path": "/gone/b.png"}]
    write(pa.table({"x": struct}), path)
    assert opened(path).images(np.array([0, 1]))[:, 0, 0].tolist() == [list(GREEN), list(RED)]


@pytest.mark.parametrize("name", ["../x.png", "/etc/x.png", "C:\\x.png", "a\0b.png", "link.png"])
@pytest.mark.parametrize(("write", "suffix"), WRITERS)
def test_names_of_files_elsewhere_are_refused(
    tmp_path: Path, write: Write, suffix: str, name: str
) -> None:
    (tmp_path / "x.png").write_bytes(image())
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "a.png").write_bytes(image())
    (folder / "link.png").symlink_to(tmp_path / "x.png")
    write(pa.table({"x": ["a.png", name]}), folder / f"t{suffix}")
    with pytest.raises(UnsafeFileError, match=r"row 2 names .* outside the table's folder"):
        opened(folder / f"t{suffix}")


@pytest.mark.parametrize(("write", "suffix"), WRITERS)
def test_broken_cells_are_rows_marked_broken(tmp_path: Path, write: Write, suffix: str) -> None:
    # Past the beginning, by which the column is told.
    cells = [image(BLUE)] * 16 + [None, b"", b"hello", image()[:30]]
    path = tmp_path / f"t{suffix}"
    write(pa.table({"x": pa.array(cells, pa.binary())}), path)
    data = opened(path)
    assert texts(data, "broken")[14:] == ["", "", "empty", "empty", "damaged", "damaged"]
    np.testing.assert_array_equal(data.images(np.array([19]))[0], placeholder(data.image))
    write(pa.table({"x": ["iVBORw0KGgo" + "A" * 80, base64_of(RED), base64_of(RED) + "A"]}), path)
    assert texts(opened(path), "broken") == ["damaged", "", "damaged"]


@pytest.mark.parametrize(("write", "suffix"), WRITERS)
def test_which_column_and_what_is_left_out(tmp_path: Path, write: Write, suffix: str) -> None:
    table = pa.table(
        {
            "file": ["a.png", "b.png"],
            "thumb": [image(GREEN), image(BLUE)],
            "raw": [b"\0\1", b"\2"],
            "box": [[1, 2], [3]],
            "who": [{"name": "x"}, {"name": "y"}],
            "when": pa.array([0, 1], pa.timestamp("s")),
            "id": [f"unlike {i}" for i in range(2)],
        }
    )
    path = tmp_path / f"t{suffix}"
    write(table, path)
    data = opened(path)
    assert data.images(np.array([0]))[0, 0, 0].tolist() == list(GREEN)
    assert set(data.columns) == {"file", "when", "id"}
    assert isinstance(data.columns["file"], Texts | Categories)
    assert texts(data, "when")[1] == "1970-01-01 00:00:01"
    assert sorted(note.split("”")[0] for note in data.notes) == [
        f"Column “{name}" for name in ("box", "raw", "who")
    ]


@pytest.mark.parametrize(("write", "suffix"), WRITERS)
def test_class_names_that_hugging_face_notes(tmp_path: Path, write: Write, suffix: str) -> None:
    feature = {"names": ["cat", "dog"], "_type": "ClassLabel"}
    noted = json.dumps({"info": {"features": {"label": feature, "image": {"_type": "Image"}}}})
    struct = [{"bytes": image(), "path": None}] * 4
    table = pa.table({"image": struct, "label": [1, 0, -1, 7]})
    write(table.replace_schema_metadata({"huggingface": noted}), tmp_path / f"t{suffix}")
    data = opened(tmp_path / f"t{suffix}")
    assert texts(data, "label") == ["dog", "cat", "", ""]
    for nonsense in ("[]", "{", '{"info": 3}', '{"info": {"features": {"label": 3}}}', "[" * 9999):
        noted_table = table.replace_schema_metadata({"huggingface": nonsense})
        write(noted_table, tmp_path / f"t{suffix}")
        assert texts(opened(tmp_path / f"t{suffix}"), "label") == ["1", "0", "-1", "7"]


@pytest.mark.parametrize(("write", "suffix"), WRITERS)
def test_vectors_beside_pictures_stay_a_space(tmp_path: Path, write: Write, suffix: str) -> None:
    path = tmp_path / f"t{suffix}"
    table = pa.table({"x": [image()] * 3, "latent": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]})
    write(table, path)
    assert inspect_path(path)["kind"] == "space"
    assert open_space(path).latent.shape == (3, 2)
    assert len(opened(path)) == 3
    write(table.drop(["x"]), path)
    with pytest.raises(UserError, match="no data set in it"):
        opened(path)
    assert not is_here(str(path))


def test_a_table_of_numbers_is_no_data_set(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(UserError, match="no data set in it"):
        opened(tmp_path / "t.csv")
    assert inspect_path(tmp_path / "t.csv")["kind"] == "space"


def test_a_value_that_is_repeated_takes_its_place_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "a" * 200_000
    same = pa.DictionaryArray.from_arrays(pa.array(np.zeros(5000, np.int32)), [long])
    table = pa.table({"x": [image()] * 5000, "long": same})
    parquet.write_table(table, tmp_path / "t.parquet", store_schema=False)
    assert (tmp_path / "t.parquet").stat().st_size < 1 << 20
    monkeypatch.setattr(parquet_tables, "_MOST_OF_COLUMNS", 64 << 20)
    data = opened(tmp_path / "t.parquet")
    assert data.columns["long"].text(4999) == long
    assert (data.images(np.array([0, 4999])) == RED).all()


def test_what_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "t.parquet"
    rows = 2000
    write = {"x": [image((i % 256, i // 256, 0)) for i in range(rows)], "n": range(rows)}
    parquet.write_table(pa.table(write), path)
    monkeypatch.setattr(parquet_tables, "_MOST_OF_A_GROUP", 1000)
    with pytest.raises(UserError, match=r"in one go, too large for memory"):
        opened(path)
    monkeypatch.undo()
    monkeypatch.setattr(parquet_tables, "_MOST_OF_COLUMNS", 1000)
    with pytest.raises(UserError, match=r"in one go, too large for memory"):
        opened(path)
    monkeypatch.undo()
    monkeypatch.setattr(parquet_tables, "_MOST_ROWS", 1999)
    with pytest.raises(UserError, match=r"has 2,000 rows, more than 1,999; split it"):
        opened(path)


def test_groups_of_rows_are_forgotten_when_they_are_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_parquet(pa.table({"x": [image(COLOURS[i % 3]) for i in range(20)]}), tmp_path / "t.pq")
    monkeypatch.setattr(parquet_tables, "_KEPT", 1)
    cells = parquet_tables.ParquetCells(tmp_path / "t.pq", "x")
    assert len(cells) == 20
    for row in (19, 0, 7, 7):
        assert cells[row] == image(COLOURS[row % 3])
        assert len(cells._groups) == 1


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(("write", "suffix"), WRITERS)
def test_a_name_that_is_not_utf8_is_damage(
    tmp_path: Path, write: Write, suffix: str, inside: bool
) -> None:
    values: Any = [{"deep": {"named": 1}}] if inside else [1]
    table = pa.table({"x": [image()], "outer" if inside else "named": values})
    path = tmp_path / f"t{suffix}"
    if suffix == ".parquet":
        parquet.write_table(table, path, store_schema=False)
    else:
        write(table, path)
    content = path.read_bytes()
    assert b"named" in content
    path.write_bytes(content.replace(b"named", b"nam\xffd"))
    with pytest.raises(UserError, match="is cut short or damaged"):
        opened(path)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (b"BM" + bytes(20), True), (b"BMW is a car, is it", False), (b"BM", False),
        (b"RIFF1234WEBP", True), (b"RIFF1234WAVE", False), (b"", False),
        (b"\xff\xd8\xff\xe0", True),
    ],
)  # fmt: skip
def test_what_begins_an_image(start: bytes, expected: bool) -> None:
    assert is_image_start(start) is expected


def whole_of(write: Write, folder: Path) -> bytes:
    struct = [{"bytes": image(c), "path": "a.png"} for c in COLOURS]
    write(pa.table({"image": struct, "label": ["a", "b", "a"], "n": [1, 2, 3]}), folder / "whole")
    return (folder / "whole").read_bytes()


@pytest.mark.parametrize(("write", "suffix"), WRITERS)
@example(part=0.37241375487223616, flip=2)  # a label's number outside of the dictionary
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(part=st.floats(0, 0.999), flip=st.integers(0, 255))
def test_a_table_broken_anywhere_is_read_or_refused(
    tmp_path: Path, write: Write, suffix: str, part: float, flip: int
) -> None:
    content = bytearray(whole_of(write, tmp_path))
    place = int(len(content) * part)
    content[place] ^= flip
    path = tmp_path / f"t{suffix}"
    path.write_bytes(content if flip else content[:place])
    with suppress(UserError):
        data = open_data(str(path))
        assert len(data.images(np.arange(len(data)))) == len(data)
