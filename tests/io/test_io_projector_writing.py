"""Spaces written as projector folders come back as they were, and other readers take them."""

import errno
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory, text_format
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import LEFT_OUT, Space
from latentviewer.domain.table import Categories, Column, Numbers, Texts
from latentviewer.io.projector import writing
from latentviewer.io.projector.config import is_projector
from latentviewer.io.projector.reading import projector_candidates, read_projector, sprite_data
from latentviewer.io.projector.writing import write_projector


def assert_same(one: Space, other: Space) -> None:
    assert one.name == other.name
    np.testing.assert_array_equal(one.latent.view(np.int32), other.latent.view(np.int32))
    assert list(one.columns) == list(other.columns)
    for name, column in one.columns.items():
        assert_same_column(column, other.columns[name])
    assert list(one.maps) == list(other.maps)
    for name, places in one.maps.items():
        np.testing.assert_array_equal(places, other.maps[name])
        assert other.maps[name].dtype == np.float32
    assert LEFT_OUT not in other.provenance.extra


def assert_same_column(one: Column, other: Column) -> None:
    if isinstance(one, Categories):
        assert isinstance(other, Categories)
        assert one.names == other.names
        np.testing.assert_array_equal(one.codes, other.codes)
    elif isinstance(one, Numbers):
        assert isinstance(other, Numbers)
        np.testing.assert_array_equal(one.values, other.values)
        np.testing.assert_array_equal(np.signbit(one.values), np.signbit(other.values))
    else:
        assert isinstance(other, Texts)
        assert one.values == other.values


scripts = st.text(st.characters(), max_size=8) | st.sampled_from(
    ["", " ", "7", "nan", "a\tb", "a b", "a\nb", "\ufeffx", "\udcff", "inf", "0x1"]
)


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    n, d = draw(st.integers(1, 7)), draw(st.integers(1, 4))

    def table(width: int) -> Any:
        finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
        return draw(hnp.arrays(np.float32, (n, width), elements=finite))

    def column() -> Column:
        kind = draw(st.sampled_from(["categories", "numbers", "texts"]))
        if kind == "texts":
            return Texts(tuple(draw(st.lists(scripts, min_size=n, max_size=n))))
        if kind == "numbers":
            values = draw(hnp.arrays(np.float64, n, elements=st.floats()))
            return Numbers(np.where(np.isnan(values), np.nan, values))
        names = tuple(draw(st.lists(scripts, unique=True, max_size=5)))
        codes = draw(hnp.arrays(np.int32, n, elements=st.integers(-1, len(names) - 1)))
        return Categories(codes, names)

    titles = scripts | st.sampled_from(["label", "row", "column 1", "__seq_next__", "class"])
    named = st.sampled_from(["umap_2d", "pca_2d", "tsne_3d", "umap_2d (cosine)", "isomap", "x\ty"])
    return Space(
        name=draw(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=12)),
        latent=table(d),
        columns={name: column() for name in draw(st.lists(titles, unique=True, max_size=4))},
        maps={
            name: table(draw(st.sampled_from([2, 3])))
            for name in draw(st.lists(named, unique=True, max_size=3))
        },
    )


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(space=spaces())
def test_a_space_comes_back_as_it_was(space: Space, tmp_path: Path) -> None:
    folder = tmp_path / "export"
    assert write_projector(folder, space) == ()
    assert_same(space, read_projector(folder))


def small(**changes: Any) -> Space:
    latent = np.arange(12, dtype=np.float32).reshape(4, 3)
    return Space(**{"name": "small", "latent": latent, **changes})


def labelled(*labels: str) -> Categories:
    names = tuple(dict.fromkeys(labels))
    return Categories(np.array([names.index(label) for label in labels], np.int32), names)


def own_config_type() -> Any:
    """TensorBoard's message type, as its .proto has it, made without our code."""
    file = descriptor_pb2.FileDescriptorProto()
    text_format.Parse(
        """
        name: "projector_config.proto" package: "tensorboard" syntax: "proto3"
        message_type { name: "SpriteMetadata"
          field { name: "image_path" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
          field { name: "single_image_dim" number: 2 label: LABEL_REPEATED type: TYPE_UINT32 } }
        message_type { name: "EmbeddingInfo"
          field { name: "tensor_name" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
          field { name: "metadata_path" number: 2 label: LABEL_OPTIONAL type: TYPE_STRING }
          field { name: "bookmarks_path" number: 3 label: LABEL_OPTIONAL type: TYPE_STRING }
          field { name: "tensor_shape" number: 4 label: LABEL_REPEATED type: TYPE_UINT32 }
          field { name: "sprite" number: 5 label: LABEL_OPTIONAL type: TYPE_MESSAGE
                  type_name: ".tensorboard.SpriteMetadata" }
          field { name: "tensor_path" number: 6 label: LABEL_OPTIONAL type: TYPE_STRING } }
        message_type { name: "ProjectorConfig"
          field { name: "model_checkpoint_path" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
          field { name: "embeddings" number: 2 label: LABEL_REPEATED type: TYPE_MESSAGE
                  type_name: ".tensorboard.EmbeddingInfo" }
          field { name: "model_checkpoint_dir" number: 3 label: LABEL_OPTIONAL type: TYPE_STRING } }
        """,
        file,
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(
        pool.FindMessageTypeByName("tensorboard.ProjectorConfig")
    )


def test_the_config_is_read_by_protobuf_without_our_code(tmp_path: Path) -> None:
    space = small(
        name='Zahlen "é" 字',
        columns={"label": labelled("a", "b", "a", "b")},
        maps={"umap_2d": np.ones((4, 2), np.float32)},
    )
    write_projector(tmp_path, space, pictures=np.zeros((4, 5, 7, 1), np.uint8))
    text = (tmp_path / "projector_config.pbtxt").read_text("utf-8")
    config = text_format.Parse(text, own_config_type()())
    assert len(config.embeddings) == 1
    embedding = config.embeddings[0]
    assert embedding.tensor_name == 'Zahlen "é" 字'
    assert list(embedding.tensor_shape) == [4, 3]
    assert embedding.tensor_path == "tensors.tsv"
    assert embedding.metadata_path == "metadata.tsv"
    assert embedding.bookmarks_path == "bookmarks.json"
    assert embedding.sprite.image_path == "sprite.png"
    assert list(embedding.sprite.single_image_dim) == [7, 5]
    assert config.model_checkpoint_path == ""
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "bookmarks.json", "latentviewer.json", "metadata.tsv", "projector_config.pbtxt",
        "sprite.png", "tensors.tsv",
    ]  # fmt: skip


def test_what_is_not_there_is_not_named(tmp_path: Path) -> None:
    write_projector(tmp_path, small())
    config = text_format.Parse(
        (tmp_path / "projector_config.pbtxt").read_text(), own_config_type()()
    )
    embedding = config.embeddings[0]
    assert not embedding.metadata_path
    assert not embedding.bookmarks_path
    assert not embedding.HasField("sprite")
    names = sorted(p.name for p in tmp_path.iterdir())
    assert names == ["projector_config.pbtxt", "tensors.tsv"]


def test_tensorboard_reads_the_same_numbers(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2**32, 40_000, np.uint32).view(np.float32)
    # Whoever reads the shortest digits that tell this one as a double gets its neighbour.
    bits[0] = np.uint32(0x15AE43FD).view(np.float32)
    values = bits[np.isfinite(bits)]
    latent = values[: len(values) // 4 * 4].reshape(-1, 4)
    write_projector(tmp_path, Space("x", latent))
    lines = (tmp_path / "tensors.tsv").read_text().splitlines()
    read = np.array([[float(cell) for cell in line.split("\t")] for line in lines], np.float32)
    np.testing.assert_array_equal(read.view(np.int32), latent.view(np.int32))
    np.testing.assert_array_equal(read_projector(tmp_path).latent, latent)


def test_large_tensors_are_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "_MOST_NUMBERS_AS_TEXT", 11)
    write_projector(tmp_path, small())
    raw = np.fromfile(tmp_path / "tensors.bytes", "<f4").reshape(4, 3)
    np.testing.assert_array_equal(raw, small().latent)
    assert not (tmp_path / "tensors.tsv").exists()
    assert_same(small(), read_projector(tmp_path))


# Metadata


def test_metadata_are_a_table_that_others_read(tmp_path: Path) -> None:
    space = small(
        columns={
            "label": labelled("7", "3", "7", "д\tд"),
            "score": Numbers(np.array([1, 0.1, np.nan, -2.5])),
            "note": Texts(("one\ntwo", "", "три", "x")),
        }
    )
    write_projector(tmp_path, space)
    assert (tmp_path / "metadata.tsv").read_text("utf-8") == (
        "label\tscore\tnote\n7\t1\tone two\n3\t0.1\t\n7\t\tтри\nд д\t-2.5\tx\n"
    )
    assert_same(space, read_projector(tmp_path))


def test_one_column_has_no_header(tmp_path: Path) -> None:
    space = small(columns={"digit": labelled("7", "3", "7", "1")})
    write_projector(tmp_path, space)
    assert (tmp_path / "metadata.tsv").read_text() == "7\n3\n7\n1\n"
    assert_same(space, read_projector(tmp_path))


@pytest.mark.parametrize(
    "columns",
    [
        {"label": Categories(np.array([0, -1, 0, -1], np.int32), ("a",))},
        {"row": Texts(("", " ", "x", ""))},
        {"a": Numbers(np.array([np.nan, 1, 2, 3])), "b": Texts(("", "", "", ""))},
    ],
)
def test_no_line_is_blank_for_the_projector_skips_such_lines(
    tmp_path: Path, columns: dict[str, Column]
) -> None:
    space = small(columns=columns)
    write_projector(tmp_path, space)
    lines = (tmp_path / "metadata.tsv").read_text().removesuffix("\n").split("\n")
    assert all(line.strip() for line in lines)
    assert len(lines) == 5
    assert_same(space, read_projector(tmp_path))


def test_metadata_that_were_edited_count(tmp_path: Path) -> None:
    space = small(columns={"label": labelled("a", "b", "a", "b"), "note": Texts(tuple("wxyz"))})
    write_projector(tmp_path, space)
    (tmp_path / "metadata.tsv").write_text("label\tnote\nnew\tw\nb\tx\na\ty\nb\tz\n")
    found = read_projector(tmp_path)
    assert [found.columns["label"].text(i) for i in range(4)] == ["new", "b", "a", "b"]
    assert "latentviewer.json is left out" in found.provenance.extra[LEFT_OUT][0]


@pytest.mark.parametrize(
    "kinds",
    [
        "{",
        "[]",
        "null",
        '{"columns": 3}',
        '{"columns": [{"name": "label", "kind": "x", "cells": {}}]}',
        '{"columns": [{"name": "label", "kind": "categories", "names": ["a"], "cells": {}}]}',
        '{"columns": [{"name": "label", "kind": "categories", "names": ["a", "b"], '
        '"cells": {"0": 1}}]}',
        '{"columns": [{"name": "label", "kind": "categories", "names": ["a", "a", "b"], '
        '"cells": {"0": -3, "2": -2}}]}',
        '{"columns": [{"name": "label", "kind": "texts", "cells": {"9": "b"}}]}',
        '{"columns": [{"name": "label", "kind": "texts", "cells": {"-1": "b"}}]}',
        '{"columns": [{"name": "label", "kind": "texts", "cells": {"0": 3}}]}',
        '{"columns": [{"name": 3, "kind": "texts", "cells": {"0": "z"}}]}',
        '{"columns":' + "[" * 100_000,
    ],
)
def test_damaged_kinds_are_left_out(tmp_path: Path, kinds: str) -> None:
    write_projector(tmp_path, small(columns={"label": labelled("a", "b", "a", "b")}))
    (tmp_path / "latentviewer.json").write_text(kinds)
    found = read_projector(tmp_path)
    assert [found.columns["label"].text(i) for i in range(4)] == ["a", "b", "a", "b"]
    assert len(found.provenance.extra[LEFT_OUT]) == 1


def test_without_kinds_they_are_guessed(tmp_path: Path) -> None:
    write_projector(tmp_path, small(columns={"digit": labelled("7", "3", "7", "1")}))
    (tmp_path / "latentviewer.json").unlink()
    found = read_projector(tmp_path)
    assert list(found.columns) == ["label"]
    assert found.columns["label"].text(1) == "3"
    assert LEFT_OUT not in found.provenance.extra


def test_rows_that_follow_each_other_come_back(tmp_path: Path) -> None:
    write_projector(tmp_path, small(), next_rows=np.array([1, 2, -1, 0]))
    assert (tmp_path / "metadata.tsv").read_text() == ("__seq_next__\trow\n1\t0\n2\t1\n\t2\n0\t3\n")
    following = read_projector(tmp_path).columns["__seq_next__"]
    assert isinstance(following, Numbers)
    np.testing.assert_array_equal(following.values, [1, 2, np.nan, 0])


def test_some_rows_are_written_in_their_order(tmp_path: Path) -> None:
    space = small(
        columns={
            "label": labelled("a", "b", "a", "b"),
            "note": Texts(tuple("wxyz")),
            "__seq_next__": Numbers(np.array([1, 2, 3, np.nan])),
        },
        maps={"umap_2d": np.arange(8, dtype=np.float32).reshape(4, 2)},
    )
    write_projector(tmp_path, space, np.array([3, 1, 2]))
    found = read_projector(tmp_path)
    np.testing.assert_array_equal(found.latent, space.latent[[3, 1, 2]])
    np.testing.assert_array_equal(found.maps["umap_2d"], space.maps["umap_2d"][[3, 1, 2]])
    label, following = found.columns["label"], found.columns["__seq_next__"]
    assert isinstance(label, Categories)
    assert label.codes.tolist() == [1, 1, 0]
    assert label.names == ("a", "b")
    assert isinstance(following, Numbers)
    np.testing.assert_array_equal(following.values, [np.nan, 2, 0])
    assert [found.columns["note"].text(i) for i in range(3)] == ["z", "x", "y"]


# Bookmarks


def test_bookmarks_hold_what_the_projector_asks_for(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    maps = {
        "umap_3d": rng.normal(size=(4, 3)).astype(np.float32),
        "pca_2d": rng.normal(size=(4, 2)).astype(np.float32),
        "isomap": rng.normal(size=(4, 2)).astype(np.float32),
    }
    space = small(columns={"digit": labelled("7", "3", "7", "1")}, maps=maps)
    write_projector(tmp_path, space)
    states = json.loads((tmp_path / "bookmarks.json").read_text())
    assert [s["label"] for s in states] == list(maps)
    assert [s["selectedProjection"] for s in states] == ["umap", "pca", "tsne"]
    assert [s["umapIs3d"] for s in states] == [True, False, False]
    assert [len(s["pcaComponentDimensions"]) for s in states] == [3, 2, 2]
    for state in states:
        assert state["dataSetDimensions"] == [4, 3]
        assert state["selectedPoints"] == []
        assert state["selectedLabelOption"] == "label"
    assert list(states[0]["projections"][0]) == ["umap-0", "umap-1", "umap-2"]
    assert states[1]["projections"][3]["pca-1"] == float(maps["pca_2d"][3, 1])
    assert_same(space, read_projector(tmp_path))


def test_a_map_without_finite_places_is_left_out_in_words(tmp_path: Path) -> None:
    places = np.zeros((4, 2), np.float32)
    places[1, 0] = np.nan
    notes = write_projector(tmp_path, small(maps={"umap_2d": places}))
    assert notes == ("Map “umap_2d” is left out: a place in it is not finite.",)
    assert read_projector(tmp_path).maps == {}


def test_deviations_are_left_out_in_words(tmp_path: Path) -> None:
    notes = write_projector(tmp_path, small(latent_std=np.ones((4, 3), np.float32)))
    assert "standard deviations are left out" in notes[0]
    assert read_projector(tmp_path).latent_std is None


# Sprites


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_come_back_from_a_square_grid(tmp_path: Path, channels: int) -> None:
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (11, 5, 7, channels), np.uint8)
    space = Space("x", np.zeros((11, 2), np.float32))
    assert write_projector(tmp_path, space, pictures=pictures) == ()
    with Image.open(tmp_path / "sprite.png") as image:
        assert image.size == (4 * 7, 4 * 5)
    found = sprite_data(tmp_path)
    assert found is not None
    np.testing.assert_array_equal(found.images(np.arange(11)), pictures)


def test_a_sprite_too_large_has_smaller_tiles(tmp_path: Path) -> None:
    pictures = np.zeros((10, 300, 3000, 1), np.uint8)
    pictures[::2] = 255
    notes = write_projector(tmp_path, Space("x", np.zeros((10, 2), np.float32)), pictures=pictures)
    assert "from 3000 x 300 to 2048 x 204 pixels" in notes[0]
    with Image.open(tmp_path / "sprite.png") as image:
        assert image.size == (8192, 816)
    found = sprite_data(tmp_path)
    assert found is not None
    assert (found.image.height, found.image.width) == (204, 2048)
    means = found.images(np.arange(10)).mean(axis=(1, 2, 3))
    np.testing.assert_array_equal(means, [255, 0] * 5)


def test_the_real_sprite_comes_back(real_data: Path, tmp_path: Path) -> None:
    folder, name = real_data / "projector", "Mnist with images (PCA 32)"
    space, given = read_projector(folder, name), sprite_data(folder, name)
    assert given is not None
    rows = np.arange(0, 10_000, 50)
    write_projector(tmp_path / "x", space, rows, pictures=given.images(rows))
    found = sprite_data(tmp_path / "x")
    assert found is not None
    np.testing.assert_array_equal(found.images(np.arange(200)), given.images(rows))
    again = read_projector(tmp_path / "x")
    np.testing.assert_array_equal(again.latent, space.latent[rows])
    labels = space.columns["label"]
    assert [again.columns["label"].text(i) for i in range(200)] == [
        labels.text(row) for row in rows.tolist()
    ]


# Folders


def test_an_earlier_export_is_replaced(tmp_path: Path) -> None:
    folder = tmp_path / "export"
    first = small(
        columns={"label": labelled("a", "b", "a", "b")},
        maps={"umap_2d": np.ones((4, 2), np.float32)},
    )
    write_projector(folder, first, pictures=np.zeros((4, 2, 2, 3), np.uint8))
    (folder / "mine.txt").write_text("kept")
    second = Space("second", np.ones((2, 2), np.float32))
    write_projector(folder, second)
    assert_same(second, read_projector(folder))
    assert sorted(p.name for p in folder.iterdir()) == [
        "mine.txt", "projector_config.pbtxt", "tensors.tsv",
    ]  # fmt: skip


def test_other_content_is_never_overwritten(tmp_path: Path) -> None:
    (tmp_path / "projector_config.pbtxt").write_text('embeddings { tensor_path: "tensors.tsv" }')
    (tmp_path / "tensors.tsv").write_text("1\t2\n")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}
    with pytest.raises(UserError, match="has other files in it") as caught:
        write_projector(tmp_path, small())
    assert str(tmp_path) in str(caught.value)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_place_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UserError, match="is a file; name a folder"):
        write_projector(tmp_path / "file", small())
    with pytest.raises(UserError, match="does not exist"):
        write_projector(tmp_path / "absent" / "export", small())
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("earlier", [False, True])
def test_a_full_disk_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, earlier: bool
) -> None:
    folder = tmp_path / "export"
    if earlier:
        write_projector(folder, small())

    def full(_sheet: Any, _path: Path, **_more: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Image.Image, "save", full)
    other = Space("other", np.ones((4, 2), np.float32))
    with pytest.raises(UserError, match=r"disk is full, so .*sprite\.png was not written"):
        write_projector(folder, other, pictures=np.zeros((4, 2, 2, 3), np.uint8))
    if earlier:
        assert_same(small(), read_projector(folder))
        assert sorted(p.name for p in folder.iterdir()) == ["projector_config.pbtxt", "tensors.tsv"]
    else:
        assert not folder.exists()


def test_no_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no rows"):
        write_projector(tmp_path / "x", small(), np.zeros(0, np.int64))
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "given",
    [
        {"rows": np.array([4])},
        {"rows": np.array([-1])},
        {"next_rows": np.array([0, 1])},
        {"next_rows": np.array([0, 1, 2, 4])},
        {"pictures": np.zeros((3, 2, 2, 3), np.uint8)},
        {"pictures": np.zeros((4, 2, 2, 4), np.uint8)},
        {"pictures": np.zeros((4, 2, 2, 3), np.float32)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="must be"):
        write_projector(tmp_path / "x", small(), **given)
    assert not (tmp_path / "x").exists()


def test_an_export_is_a_projector_with_one_embedding(tmp_path: Path) -> None:
    write_projector(tmp_path, small())
    assert is_projector(tmp_path)
    assert [c.text for c in projector_candidates(tmp_path)] == ["small (4 x 3)"]
