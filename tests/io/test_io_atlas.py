"""Samples written for Embedding Atlas: the columns it asks for, and our own reader takes them."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image
from pyarrow import parquet

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.selection import Group, Selection
from latentviewer.domain.space import LEFT_OUT, Provenance, Space
from latentviewer.domain.stepping import to_the_end
from latentviewer.domain.table import Categories, Column, Numbers, Texts, categories_of
from latentviewer.io import atlas
from latentviewer.io.atlas import write_atlas
from latentviewer.io.extracts import Extract, Neighbourhood, extract_of
from latentviewer.io.spaces import open_space
from tests.io.full_disk import fill_disk


class Pictures:
    """Sample i is a picture of grey i, 3 x 2 pixels."""

    name = "greys"
    columns: Mapping[str, Column] = {}

    def __init__(self, channels: int = 1) -> None:
        self.image = ImageShape(2, 3, channels)

    def __len__(self) -> int:
        return 100

    def images(self, rows: Any) -> Any:
        shape = (len(rows), 2, 3, self.image.channels)
        return np.broadcast_to(rows.reshape(-1, 1, 1, 1), shape).astype(np.uint8)


def space_of() -> Space:
    rng = np.random.default_rng(0)
    return Space(
        "words", rng.normal(size=(5, 4)).astype(np.float32), None,
        {"text": Texts(("a,b", "=cmd()", "😀", "x\ny", "")), "label": categories_of(list("ababa")),
         "score": Numbers(np.array([np.nan, np.inf, 1, 2, 3]))},
        {"umap_2d": rng.normal(size=(5, 2)).astype(np.float32),
         "umap_3d": rng.normal(size=(5, 3)).astype(np.float32)},
        Provenance("model", "0", "greys", {}),
    )  # fmt: skip


def near_of() -> Neighbourhood:
    rows = np.array([[1, 2], [0, 2], [1, 3], [4, 2], [3, 2]])
    return Neighbourhood(rows, (rows / 7).astype(np.float32))


def test_it_has_the_columns_that_embedding_atlas_asks_for(tmp_path: Path) -> None:
    space = space_of()
    extract = extract_of(space, None, (Group("A", Selection.of([1])),))
    extract = Extract(extract.space, extract.rows, extract.groups, neighbours=near_of())
    notes = to_the_end(
        write_atlas(extract, space.maps["umap_2d"], Pictures(), tmp_path / "a.parquet")
    )
    assert notes == ()
    table = parquet.read_table(tmp_path / "a.parquet")
    assert table.column_names == [
        "projection_x", "projection_y", "text", "label", "score", "group A", "neighbors", "image",
        "vector",
    ]  # fmt: skip
    types = {field.name: field.type for field in table.schema}
    assert types["projection_x"] == types["projection_y"] == pa.float32()
    assert types["vector"] == pa.list_(pa.float32())
    assert types["group A"] == pa.bool_()
    assert types["image"] == pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    first = table.slice(0, 1).to_pylist()[0]
    assert first["neighbors"] == {"ids": [1, 2], "distances": near_of().distances[0].tolist()}
    assert first["score"] is None
    np.testing.assert_array_equal(first["vector"], space.latent[0])
    x, y = table.column("projection_x").to_numpy(), table.column("projection_y").to_numpy()
    np.testing.assert_array_equal(np.stack([x, y], 1), space.maps["umap_2d"])
    assert table.column("text").to_pylist() == ["a,b", "=cmd()", "😀", "x\ny", ""]


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_png_of_the_rows_that_are_written(tmp_path: Path, channels: int) -> None:
    extract = extract_of(space_of(), np.array([1, 4]))
    places = extract.space.maps["umap_2d"]
    to_the_end(write_atlas(extract, places, Pictures(channels), tmp_path / "a.parquet"))
    images = parquet.read_table(tmp_path / "a.parquet").column("image").to_pylist()
    for image, row in zip(images, (1, 4), strict=True):
        with Image.open(io.BytesIO(image["bytes"])) as picture:
            assert picture.size == (3, 2)
            assert np.asarray(picture).max() == np.asarray(picture).min() == row
        assert image["path"] is None


def test_our_own_reader_opens_it_and_says_what_it_leaves_out(tmp_path: Path) -> None:
    space = space_of()
    extract = Extract(space, np.arange(5), neighbours=near_of())
    path = tmp_path / "a.parquet"
    to_the_end(write_atlas(extract, space.maps["umap_2d"], Pictures(), path))
    back = open_space(path)
    np.testing.assert_array_equal(back.latent.view(np.int32), space.latent.view(np.int32))
    np.testing.assert_array_equal(back.maps["projection_2d"], space.maps["umap_2d"])
    assert (back.name, back.provenance.model, back.provenance.data) == ("words", "model", "greys")
    assert back.columns["text"].values == space.columns["text"].values  # type: ignore[union-attr]
    assert isinstance(back.columns["label"], Categories)
    assert "'ids': [1, 2]" in back.columns["neighbors"].text(0)
    assert back.provenance.extra[LEFT_OUT] == ["Column “image” is left out: it holds bytes."]


def test_a_file_of_another_program_with_pictures_opens_too(tmp_path: Path) -> None:
    images = pa.StructArray.from_arrays(
        [pa.array([b"\x89PNG", None]), pa.array(["a.png", None])], names=["bytes", "path"]
    )
    neighbors = pa.StructArray.from_arrays(
        [pa.array([[1], [0]]), pa.array([[0.5], [0.5]])], names=["ids", "distances"]
    )
    columns = {
        "text": ["a", "b"], "image": images, "embedding": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]],
        "projection_x": [0.0, 1.0], "projection_y": [2.0, 3.0], "__neighbors": neighbors,
    }  # fmt: skip
    parquet.write_table(pa.table(columns), tmp_path / "theirs.parquet")
    back = open_space(tmp_path / "theirs.parquet")
    np.testing.assert_array_equal(back.latent, [[1, 2, 3], [4, 5, 6]])
    np.testing.assert_array_equal(back.maps["projection_2d"], [[0, 2], [1, 3]])
    assert back.columns["__neighbors"].text(1) == "{'ids': [0], 'distances': [0.5]}"
    assert back.provenance.extra[LEFT_OUT] == ["Column “image” is left out: it holds bytes."]


def test_a_map_of_three_dimensions_has_a_third_column(tmp_path: Path) -> None:
    space = space_of()
    places = space.maps["umap_3d"]
    to_the_end(write_atlas(extract_of(space), places, None, tmp_path / "a.parquet"))
    table = parquet.read_table(tmp_path / "a.parquet")
    np.testing.assert_array_equal(table.column("projection_z").to_numpy(), places[:, 2])
    assert "image" not in table.column_names
    assert "neighbors" not in table.column_names


def test_columns_with_its_names_are_kept_under_others(tmp_path: Path) -> None:
    mine = Numbers(np.arange(5.0))
    names = ("vector", "neighbors", "image", "projection_x")
    space = Space("s", np.eye(5, dtype=np.float32), columns=dict.fromkeys(names, mine))
    places = np.ones((5, 2), np.float32)
    to_the_end(write_atlas(extract_of(space), places, None, tmp_path / "a.parquet"))
    back = open_space(tmp_path / "a.parquet")
    np.testing.assert_array_equal(back.latent, space.latent)
    for name in names:
        column = back.columns[f"{name} (column)"]
        assert isinstance(column, Numbers)
        np.testing.assert_array_equal(column.values, mine.values)


def test_standard_deviations_are_named_as_left_out(tmp_path: Path) -> None:
    space = Space("s", np.zeros((2, 3), np.float32), np.ones((2, 3), np.float32))
    notes = to_the_end(
        write_atlas(extract_of(space), np.zeros((2, 2), np.float32), None, tmp_path / "a.parquet")
    )
    assert notes == (
        "The standard deviations are left out: Embedding Atlas has no place for them.",
    )


def test_a_cancel_among_the_pictures_and_a_full_disk_leave_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atlas, "_PICTURES_AT_ONCE", 2)
    space, path = space_of(), tmp_path / "a.parquet"
    steps = write_atlas(extract_of(space), space.maps["umap_2d"], Pictures(), path)
    assert next(steps).text == "Picture 2 of 5"
    steps.close()
    fill_disk(monkeypatch, after=200)
    with pytest.raises(UserError, match="disk is full"):
        to_the_end(write_atlas(extract_of(space), space.maps["umap_2d"], None, path))
    assert list(tmp_path.iterdir()) == []
