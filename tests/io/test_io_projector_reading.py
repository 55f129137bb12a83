"""Projector folders of others open with all they hold, and hostile ones end in one sentence."""

import contextlib
import gzip
import json
import os
import re
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latentviewer.domain.candidates import SeveralCandidatesError
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.space import LEFT_OUT
from latentviewer.domain.table import Categories, Numbers
from latentviewer.io.projector.config import is_projector, read_config
from latentviewer.io.projector.reading import (
    SELECTED,
    projector_candidates,
    read_projector,
    sprite_data,
)

MNIST = "Mnist with images (PCA 32)"


def embedding(**fields: Any) -> dict[str, Any]:
    return {"tensorName": "e", "tensorPath": "tensors.tsv", **fields}


def write_json(folder: Path, *embeddings: dict[str, Any]) -> Path:
    (folder / "projector_config.json").write_text(json.dumps({"embeddings": embeddings}))
    return folder


def write_small(folder: Path, **fields: Any) -> Path:
    """Three vectors in two dimensions."""
    (folder / "tensors.tsv").write_text("1\t2\n3\t4\n5\t6\n")
    return write_json(folder, embedding(**fields))


def refused(folder: Path, words: str, kind: type[UserError] = UserError) -> str:
    with pytest.raises(kind, match=words) as caught:
        read_projector(folder)
    assert type(caught.value) is kind
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert str(folder) in sentence
    return sentence


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


# What real exports hold


def test_both_forms_of_a_real_config_agree(real_data: Path) -> None:
    folder = real_data / "projector"
    as_text = read_config(folder / "projector_config.pbtxt")
    as_json = read_config(folder / "oss_demo_projector_config.json")
    assert as_text.embeddings[0] == as_json.embeddings[0]
    assert as_text.embeddings[0].tile == (28, 28)
    assert as_text.folder == as_json.folder == folder
    assert read_config(folder) == as_text
    found = [(c.name, c.rows, c.dims) for c in projector_candidates(folder)]
    assert found == [(MNIST, 10_000, 32), ("Iris", 150, 4)]
    assert projector_candidates(as_json.path) == projector_candidates(folder)


def test_iris_is_the_same_as_text_and_as_bytes(real_data: Path) -> None:
    folder = real_data / "projector"
    as_text = read_projector(folder / "projector_config.pbtxt", "Iris")
    as_bytes = read_projector(folder / "oss_demo_projector_config.json", "Iris")
    assert as_text.name == "Iris"
    assert as_text.latent.shape == (150, 4)
    np.testing.assert_array_equal(as_text.latent, as_bytes.latent)
    np.testing.assert_array_equal(
        as_bytes.latent.ravel(), np.fromfile(folder / "iris_tensors.bytes", "<f4")
    )
    assert list(as_text.columns) == [
        "sepal-length", "sepal-width", "petal-length", "petal-width", "class",
    ]  # fmt: skip
    length, kind = as_text.columns["sepal-length"], as_text.columns["class"]
    assert isinstance(length, Numbers)
    assert isinstance(kind, Categories)
    np.testing.assert_allclose(length.values, as_text.latent[:, 0], rtol=1e-6)
    assert kind.counts().tolist() == [50, 50, 50]
    assert as_text.provenance.extra == {}


def test_mnist_has_its_labels_and_its_pictures(real_data: Path) -> None:
    folder = real_data / "projector"
    space = read_projector(folder, MNIST)
    labels = np.loadtxt(folder / "mnist_10k_784d_labels.tsv", np.int64)
    column = space.columns["label"]
    assert isinstance(column, Categories)
    assert column.names == tuple("0123456789")
    np.testing.assert_array_equal(column.codes, labels)

    pictures = sprite_data(folder, MNIST)
    assert pictures is not None
    assert len(pictures) == 10_000
    tiles = pictures.images(np.arange(10_000))
    assert tiles.shape == (10_000, 28, 28, 3)
    assert tiles.dtype == np.uint8
    with gzip.open(real_data / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        digits = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 784).astype(np.float64)
    dark = 255.0 - tiles[..., 0].reshape(-1, 784)
    lengths = np.linalg.norm(digits, axis=1) * np.linalg.norm(dark, axis=1)
    assert ((digits * dark).sum(axis=1) / lengths).min() > 0.9
    assert "label" in pictures.columns
    with pytest.raises(IndexError):
        pictures.images(np.array([10_000]))


def test_several_embeddings_have_to_be_chosen_from(real_data: Path) -> None:
    with pytest.raises(SeveralCandidatesError, match="Iris"):
        read_projector(real_data / "projector")
    with pytest.raises(UserError, match="no vectors “Wine”"):
        read_projector(real_data / "projector", "Wine")
    assert sprite_data(real_data / "projector", "Iris") is None


# Where configs lie


@pytest.mark.parametrize("below", [".", "plugins/org_tensorflow_tensorboard_projector"])
def test_a_config_is_found_where_tensorboard_puts_it(tmp_path: Path, below: str) -> None:
    place = tmp_path / below
    place.mkdir(parents=True, exist_ok=True)
    (place / "t.tsv").write_text("1\t2\n")
    (place / "projector_config.pbtxt").write_text('embeddings { tensor_path: "t.tsv" }')
    assert is_projector(tmp_path)
    assert read_config(tmp_path).folder == place
    space = read_projector(tmp_path)
    np.testing.assert_array_equal(space.latent, [[1, 2]])
    assert space.name == "embedding 1"


def test_other_files_and_folders_are_no_projectors(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{"name": "x"}')
    (tmp_path / "model.pbtxt").write_text('node { name: "x" }')
    (tmp_path / "noise.json").write_bytes(bytes(range(256)))
    os.mkfifo(tmp_path / "pipe.json")
    for name in ("package.json", "model.pbtxt", "noise.json", "pipe.json", "absent.json", "a\0b"):
        assert not is_projector(tmp_path / name)
    assert not is_projector(tmp_path)


def test_a_config_of_any_name_is_told_by_its_content(tmp_path: Path) -> None:
    write_small(tmp_path)
    (tmp_path / "projector_config.json").rename(tmp_path / "mine.json")
    (tmp_path / "mine.pbtxt").write_text('embeddings { tensor_path: "tensors.tsv" }')
    for name in ("mine.json", "mine.pbtxt"):
        assert is_projector(tmp_path / name)
        assert len(read_projector(tmp_path / name)) == 3


def test_several_configs_in_a_folder_are_named(tmp_path: Path) -> None:
    write_small(tmp_path)
    (tmp_path / "a_projector_config.json").write_text("{}")
    assert is_projector(tmp_path)
    assert "a_projector_config.json, projector_config.json" in refused(tmp_path, "several configs")


def test_the_layout_of_pytorch_opens_with_its_sprite(tmp_path: Path) -> None:
    from PIL import Image

    place = tmp_path / "00007" / "digits"
    place.mkdir(parents=True)
    (place / "tensors.tsv").write_text("1.0\t2.0\n3.0\t4.0\n5.0\t6.0\n")
    (place / "metadata.tsv").write_text("a\nb\na\n")
    sheet = np.zeros((6, 4, 4), np.uint8)
    sheet[:3, 2:], sheet[3:, :2] = (10, 20, 30, 255), (0, 0, 0, 51)
    Image.fromarray(sheet).save(place / "sprite.png")
    (tmp_path / "projector_config.pbtxt").write_text(
        "embeddings {\n"
        'tensor_name: "digits:00007"\ntensor_path: "00007/digits/tensors.tsv"\n'
        'metadata_path: "00007/digits/metadata.tsv"\n'
        "sprite {\n"
        'image_path: "00007/digits/sprite.png"\nsingle_image_dim: 2\nsingle_image_dim: 3\n}\n}\n'
    )
    space = read_projector(tmp_path)
    assert space.name == "digits:00007"
    column = space.columns["label"]
    assert [column.text(i) for i in range(3)] == ["a", "b", "a"]
    pictures = sprite_data(tmp_path)
    assert pictures is not None
    tiles = pictures.images(np.array([1, 0, 2]))
    assert tiles.shape == (3, 3, 2, 3)
    assert (tiles[0] == (10, 20, 30)).all()
    assert (tiles[1] == 255).all()
    assert (tiles[2] == 204).all()


def test_an_embedding_in_a_checkpoint_alone_is_left_out_in_words(tmp_path: Path) -> None:
    write_small(tmp_path)
    content = json.loads((tmp_path / "projector_config.json").read_text())
    content["embeddings"].append({"tensorName": "w:0", "metadataPath": "/abs/labels.tsv"})
    (tmp_path / "projector_config.json").write_text(json.dumps(content))
    space = read_projector(tmp_path)
    assert len(space) == 3
    assert "“w:0” that it is in a checkpoint" in space.provenance.extra[LEFT_OUT][0]
    with pytest.raises(UserError, match="checkpoint"):
        read_projector(tmp_path, "w:0")
    write_json(tmp_path, {"tensorName": "w:0"})
    refused(tmp_path, "checkpoint")


def test_embeddings_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    write_small(tmp_path)
    (tmp_path / "b.tsv").write_text("9\n")
    write_json(tmp_path, embedding(), embedding(tensorPath="b.tsv"))
    assert [c.name for c in projector_candidates(tmp_path)] == ["e", "e (2)"]
    np.testing.assert_array_equal(read_projector(tmp_path, "e (2)").latent, [[9]])


def test_a_broken_tensor_is_left_out_and_does_not_stop_the_others(tmp_path: Path) -> None:
    write_small(tmp_path)
    (tmp_path / "b.tsv").write_text("1\t2\n3\n")
    write_json(tmp_path, embedding(), embedding(tensorName="b", tensorPath="b.tsv"))
    assert [c.name for c in projector_candidates(tmp_path)] == ["e"]
    assert "“b” is left out" in read_projector(tmp_path).provenance.extra[LEFT_OUT][0]
    with pytest.raises(UserError, match="line 2 has 1 cells"):
        read_projector(tmp_path, "b")
    # Of what was not asked for only the paths are looked at.
    assert LEFT_OUT not in read_projector(tmp_path, "e").provenance.extra
    write_json(tmp_path, embedding(), embedding(tensorName="b", tensorPath="../b.tsv"))
    with pytest.raises(UnsafeFileError):
        read_projector(tmp_path, "e")


def test_fields_that_are_not_known_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "t.tsv").write_text("1\t2\n")
    (tmp_path / "projector_config.pbtxt").write_text(
        'future { deep: [1, 2] other { x: "y" } }\n'
        'model_checkpoint_dir: "/models"\n'
        'embeddings { tensor_name: "é" tensor_path: "t.tsv" colour: BLUE tensor_shape: [1, 2] }'
    )
    assert read_projector(tmp_path).name == "é"


# Tensors


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("king\t1\t2\nqueen\t3\t4\n", ["king", "queen"]),
        ("7\t1\t2\nseven\t3\t4\n", ["7", "seven"]),
        ("a b\t1\t2\r\n\r\nb\t3\t4\r\n\r\n", ["a b", "b"]),
    ],
)
def test_a_first_column_that_is_no_number_is_the_label(
    tmp_path: Path, text: str, labels: list[str]
) -> None:
    write_small(tmp_path)
    (tmp_path / "tensors.tsv").write_bytes(text.encode())
    space = read_projector(tmp_path)
    np.testing.assert_array_equal(space.latent, [[1, 2], [3, 4]])
    column = space.columns["label"]
    assert [column.text(0), column.text(1)] == labels


def test_labels_beside_metadata_keep_both(tmp_path: Path) -> None:
    write_small(tmp_path, metadataPath="m.tsv")
    (tmp_path / "tensors.tsv").write_text("a\t1\nb\t2\n")
    (tmp_path / "m.tsv").write_text("x\ny\n")
    columns = read_projector(tmp_path).columns
    assert [columns["label"].text(0), columns["label (2)"].text(1)] == ["x", "b"]


@pytest.mark.parametrize("name", ["t.bytes", "t.tsv", "t"])
def test_what_is_not_text_is_float32(tmp_path: Path, name: str) -> None:
    values = np.array([[1.5, -2], [np.pi, 0]], "<f4")
    (tmp_path / name).write_bytes(values.tobytes())
    write_json(tmp_path, embedding(tensorPath=name, tensorShape=[2, 2]))
    np.testing.assert_array_equal(read_projector(tmp_path).latent, values)
    write_json(tmp_path, embedding(tensorPath=name))
    refused(tmp_path, "not text, and its tensor_shape is not given")


def test_zeros_are_float32_although_they_are_valid_utf8(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(bytes(16))
    write_json(tmp_path, embedding(tensorPath="t", tensorShape=[2, 2]))
    np.testing.assert_array_equal(read_projector(tmp_path).latent, np.zeros((2, 2)))


@pytest.mark.parametrize(
    "shape",
    [[3, 2], [2, 3], [2, 1], [0, 4], [4, 0], [4], [1, 2, 2], [2**32 - 1, 2**32 - 1], [2**63, 2]],
)
def test_a_shape_that_lies_about_bytes_is_refused(tmp_path: Path, shape: list[int]) -> None:
    (tmp_path / "t.bytes").write_bytes(bytes(16))
    write_json(tmp_path, embedding(tensorPath="t.bytes", tensorShape=shape))
    assert "t.bytes" in refused(tmp_path, "tensor_shape")


def test_a_shape_that_lies_about_text_is_refused(tmp_path: Path) -> None:
    write_small(tmp_path, tensorShape=[4, 2])
    refused(tmp_path, "holds 3 x 2 numbers, but its tensor_shape is 4 x 2")


def test_a_shape_too_large_for_the_format_is_refused(tmp_path: Path) -> None:
    (tmp_path / "projector_config.pbtxt").write_text(
        f'embeddings {{ tensor_path: "t.tsv" tensor_shape: {2**32} }}'
    )
    refused(tmp_path, "no projector's config or damaged")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1\t2\n\n3\tx\n", "line 3, column 2 holds “x”"),
        ("1\t2\n3\n", "line 2 has 1 cells, the first has 2"),
        ("1\t2\n3\t1_0\n", "line 2, column 2"),
        ("1\t2\n3\t\n", "line 2, column 2 holds “”"),
        ("a\nb\n", "line 1 holds no number"),
        ("x\ty\n1\t2\n", "line 1, column 2 holds “y”"),
        ("", "no vectors"),
        ("1\t2\n3\tnan\n", "NaN or infinite values, the first in row 1"),
        ("1\tinf\n3\t4\n", "NaN or infinite values, the first in row 0"),
        ("1\t1e39\n", "too large for float32"),
    ],
)
def test_a_tensor_that_is_no_table_is_refused(tmp_path: Path, text: str, words: str) -> None:
    write_small(tmp_path)
    (tmp_path / "tensors.tsv").write_text(text)
    assert "tensors.tsv" in refused(tmp_path, words)


def test_nan_in_bytes_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.bytes").write_bytes(np.array([1, np.nan], "<f4").tobytes())
    write_json(tmp_path, embedding(tensorPath="t.bytes", tensorShape=[2, 1]))
    refused(tmp_path, "NaN or infinite values, the first in row 1")


# Metadata


def test_the_columns_of_metadata_have_their_kinds(tmp_path: Path) -> None:
    write_small(tmp_path, metadataPath="m.tsv")
    (tmp_path / "m.tsv").write_text(
        "\ufeffword\tsize\t__seq_next__\t\tword\nд\t1.5\t1\t\ta\n\t\t2\t\ta\n🐘\t-3\t\t\tb\n\n\n",
        "utf-8",
    )
    columns = read_projector(tmp_path).columns
    assert list(columns) == ["word", "size", "__seq_next__", "column 4", "word (2)"]
    assert [columns["word"].text(i) for i in range(3)] == ["д", "", "🐘"]
    size, following = columns["size"], columns["__seq_next__"]
    assert isinstance(size, Numbers)
    assert isinstance(following, Numbers)
    np.testing.assert_array_equal(size.values, [1.5, np.nan, -3])
    np.testing.assert_array_equal(following.values, [1, 2, np.nan])


def test_points_that_nothing_follows_are_numbers_too(tmp_path: Path) -> None:
    write_small(tmp_path, metadataPath="m.tsv")
    (tmp_path / "m.tsv").write_text("label\t__next__\na\t\nb\t\nc\t\n")
    following = read_projector(tmp_path).columns["__next__"]
    assert isinstance(following, Numbers)
    assert np.isnan(following.values).all()


def test_a_single_column_has_no_header_and_may_miss_labels(tmp_path: Path) -> None:
    write_small(tmp_path, metadataPath="m.tsv")
    (tmp_path / "m.tsv").write_text("label\n\nx\n\n")
    column = read_projector(tmp_path).columns["label"]
    assert [column.text(i) for i in range(3)] == ["label", "", "x"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\nb\n", "rows of metadata: 2, of the tensor: 3"),
        ("x\ty\n1\t2\n3\t4\n\n", "rows of metadata: 2, of the tensor: 3"),
        ("a\nb\nc\nd\n", "rows of metadata: 4"),
        ("", "rows of metadata: 0"),
        ("x\ty\n1\t2\n3\n4\t5\n", "line 3 has 1 cells"),
    ],
)
def test_metadata_that_do_not_fit_are_refused(tmp_path: Path, text: str, words: str) -> None:
    write_small(tmp_path, metadataPath="m.tsv")
    (tmp_path / "m.tsv").write_text(text)
    assert "m.tsv" in refused(tmp_path, words)


def test_metadata_that_are_not_text_are_refused(tmp_path: Path) -> None:
    write_small(tmp_path, metadataPath="m.tsv")
    (tmp_path / "m.tsv").write_bytes(b"a\n\xff\xfe\nb\n")
    refused(tmp_path, "not UTF-8 text")


def test_iris_with_a_row_less_is_refused(real_data: Path, tmp_path: Path) -> None:
    folder = real_data / "projector"
    (tmp_path / "tensors.tsv").write_bytes((folder / "iris_tensors.tsv").read_bytes())
    lines = (folder / "iris_labels.tsv").read_text().splitlines(keepends=True)
    (tmp_path / "m.tsv").write_text("".join(lines[:10] + lines[11:]))
    write_json(tmp_path, embedding(metadataPath="m.tsv"))
    refused(tmp_path, "rows of metadata: 149, of the tensor: 150")


# Bookmarks


def state(label: str, points: Any, **more: Any) -> dict[str, Any]:
    return {"label": label, "selectedProjection": "tsne", "projections": points, **more}


def places(method: str, width: int, offset: float = 0) -> list[dict[str, float]]:
    return [{f"{method}-{i}": offset + 10 * row + i for i in range(width)} for row in range(3)]


def write_bookmarks(folder: Path, content: Any) -> Path:
    write_small(folder, bookmarksPath="b.txt")
    text = content if isinstance(content, str) else json.dumps(content)
    (folder / "b.txt").write_text(text)
    return folder


def test_bookmarks_become_maps(tmp_path: Path) -> None:
    both = [{**a, **b} for a, b in zip(places("tsne", 3), places("umap", 2), strict=True)]
    pca = [{**p, **q} for p, q in zip(places("pca", 10), places("umap", 2, 0.5), strict=True)]
    write_bookmarks(
        tmp_path,
        [
            state("first", both),
            state("flat", places("tsne", 3, 7), tSNEis3d=False),
            state("again", both),
            state("wide", pca),
            state("camera", []),
        ],
    )
    space = read_projector(tmp_path)
    assert {name: xy.shape for name, xy in space.maps.items()} == {
        "tsne_3d": (3, 3),
        "umap_2d": (3, 2),
        "tsne_2d": (3, 2),
        "umap_2d (wide)": (3, 2),
    }
    np.testing.assert_array_equal(space.maps["tsne_2d"], [[7, 8], [17, 18], [27, 28]])
    np.testing.assert_array_equal(space.maps["umap_2d (wide)"][0], [0.5, 1.5])
    assert LEFT_OUT not in space.provenance.extra


def test_selected_points_are_kept(tmp_path: Path) -> None:
    write_bookmarks(
        tmp_path,
        [
            state("all", [], selectedPoints=[2, 0]),
            state("none", [], selectedPoints=[]),
            state("some", [], selectedPoints=[1], filteredPoints=[0, 2]),
        ],
    )
    assert read_projector(tmp_path).provenance.extra[SELECTED] == [
        {"label": "all", "rows": [2, 0]},
        {"label": "some", "rows": [2]},
    ]


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (3, "not an object"),
        (state("x", places("tsne", 2)[:2]), "for 2 points, not for all 3"),
        (state("x", [*places("tsne", 2)[:2], {}]), "for 2 points, not for all 3"),
        (state("x", places("tsne", 1)), "fewer than two components"),
        (state("x", "abc"), "not a list of objects"),
        (state("x", [{"umap-0": "1", "umap-1": 2}] * 3), "not a number"),
        (state("x", [{"umap-0": True, "umap-1": 2}] * 3), "not a number"),
        (state("x", [{"umap-0": 1e300, "umap-1": 2}] * 3), "not finite"),
        (state("x", [{"umap-0": float("nan"), "umap-1": 2}] * 3), "not finite"),
        (state("x", [{"umap-0": 10**400, "umap-1": 2}] * 3), "too large"),
        (state("x", places("tsne", 2), filteredPoints=[2, 1, 0]), "not for all 3"),
        (state("x", [], selectedPoints=[3]), "not rows of the tensor"),
        (state("x", [], selectedPoints=[-1]), "not rows of the tensor"),
        (state("x", [], selectedPoints={"0": 1}), "not rows of the tensor"),
    ],
)
def test_a_bad_bookmark_is_left_out_and_the_others_open(
    tmp_path: Path, bad: Any, words: str
) -> None:
    write_bookmarks(tmp_path, [bad, state("good", places("umap", 2))])
    space = read_projector(tmp_path)
    assert list(space.maps) == ["umap_2d"]
    assert len(space.provenance.extra[LEFT_OUT]) == 1
    assert re.search(words, space.provenance.extra[LEFT_OUT][0])


@pytest.mark.parametrize("text", ["{", "{}", "[" * 100_000, "null", "\ud800"])
def test_broken_bookmarks_are_left_out(tmp_path: Path, text: str) -> None:
    write_small(tmp_path, bookmarksPath="b.txt")
    (tmp_path / "b.txt").write_bytes(text.encode("utf-8", "surrogatepass"))
    space = read_projector(tmp_path)
    assert len(space) == 3
    assert "b.txt" in space.provenance.extra[LEFT_OUT][0]


def test_bookmarks_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    write_small(tmp_path, bookmarksPath="absent.txt")
    assert "absent.txt is not there" in read_projector(tmp_path).provenance.extra[LEFT_OUT][0]


# What could do harm


@pytest.mark.parametrize("key", ["tensorPath", "metadataPath", "bookmarksPath", "imagePath"])
@pytest.mark.parametrize(
    "named",
    [
        "/etc/hostname",
        "../secret.tsv",
        "sub/../../secret.tsv",
        "..",
        "http://example.org/t.tsv",
        "HTTPS://example.org/t.tsv",
        "file:///etc/hostname",
        "C:\\t.tsv",
        "\\\\server\\share\\t.tsv",
        "..\\secret.tsv",
        "link.tsv",
        "linked/secret.tsv",
        "a\0b",
    ],
)
def test_a_path_out_of_the_folder_is_refused(tmp_path: Path, key: str, named: str) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (tmp_path / "secret.tsv").write_text("1\t2\n3\t4\n5\t6\n")
    (run / "link.tsv").symlink_to(tmp_path / "secret.tsv")
    (run / "linked").symlink_to(tmp_path)
    more = (
        {"sprite": {key: named, "singleImageDim": [1, 1]}} if key == "imagePath" else {key: named}
    )
    write_small(run, **more)
    sentence = refused(run, "copy that file beside the config", UnsafeFileError)
    assert named.replace("\0", " ") in sentence
    for read in (projector_candidates, sprite_data):
        with pytest.raises(UnsafeFileError):
            read(run)


def test_a_link_that_stays_in_the_folder_is_followed(tmp_path: Path) -> None:
    write_small(tmp_path, tensorPath="sub/link.tsv")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "link.tsv").symlink_to("../tensors.tsv")
    assert len(read_projector(tmp_path)) == 3


def test_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    write_small(tmp_path, tensorPath="loop.tsv")
    (tmp_path / "loop.tsv").symlink_to("loop.tsv")
    refused(tmp_path, "loop.tsv")


@pytest.mark.parametrize("key", ["tensorPath", "metadataPath"])
def test_a_folder_or_a_pipe_in_place_of_a_file_is_refused(tmp_path: Path, key: str) -> None:
    (tmp_path / "sub").mkdir()
    os.mkfifo(tmp_path / "pipe")
    write_small(tmp_path, **{key: "sub"})
    refused(tmp_path, "sub is a folder")
    write_small(tmp_path, **{key: "pipe"})
    refused(tmp_path, "pipe is a pipe or a device")
    write_small(tmp_path, **{key: "absent.tsv"})
    refused(tmp_path, "absent.tsv is not there")


@pytest.mark.parametrize(
    ("width", "height", "words"),
    [(60_000, 60_000, "pixels"), (8_193, 10, "8,192 a side"), (8_192, 8_192, "cut short|damaged")],
)
def test_a_sprite_of_absurd_size_is_refused_before_it_is_read(
    tmp_path: Path, width: int, height: int, words: str
) -> None:
    write_small(tmp_path, sprite={"imagePath": "s.png", "singleImageDim": [1, 1]})
    (tmp_path / "s.png").write_bytes(png_header(width, height))
    start = time.perf_counter()
    with pytest.raises(UserError, match=words):
        sprite_data(tmp_path)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    ("tile", "words"),
    [
        ([], "does not give the size"),
        ([2], "does not give the size"),
        ([0, 2], "does not give the size"),
        ([3, 2], "room for 2 pictures"),
        ([10**9, 10**9], "room for 0 pictures"),
    ],
)
def test_tiles_that_do_not_fit_are_refused(tmp_path: Path, tile: list[int], words: str) -> None:
    from PIL import Image

    write_small(tmp_path, sprite={"imagePath": "s.png", "singleImageDim": tile})
    Image.new("RGB", (4, 4)).save(tmp_path / "s.png")
    with pytest.raises(UserError, match=words):
        sprite_data(tmp_path)
    assert len(read_projector(tmp_path)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "embeddings {\n" * 50_000,
        "x {\n" * 50_000,
        "x { y: [\n" * 50_000,
        "embeddings { sprite { x {\n" + "y {\n" * 50_000,
    ],
)
def test_deep_nesting_in_protobuf_text_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "projector_config.pbtxt").write_text(text)
    refused(tmp_path, "no projector's config or damaged")


@pytest.mark.parametrize("text", ["x:1 " * 250_000, "x {} " * 200_000, "x: -" + " -" * 500_000])
def test_a_long_line_in_protobuf_text_does_not_hold_up_the_program(
    tmp_path: Path, text: str
) -> None:
    (tmp_path / "projector_config.pbtxt").write_text(text)
    start = time.perf_counter()
    refused(tmp_path, "a line of more than 16,384 characters")
    assert time.perf_counter() - start < 5


def test_deep_nesting_in_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "projector_config.json").write_text('{"embeddings":' + "[" * 200_000)
    refused(tmp_path, "no projector's config or damaged")


def test_a_config_too_large_is_not_parsed(tmp_path: Path) -> None:
    with (tmp_path / "projector_config.pbtxt").open("wb") as file:
        file.truncate(1 << 40)
    refused(tmp_path, "too large for a config")


def test_a_config_with_too_many_embeddings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "projector_config.pbtxt").write_text("embeddings {}\n" * 1_001)
    refused(tmp_path, "1,001 embeddings")


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"embeddings": 3},
        {"embeddings": [3]},
        {"embeddings": [{"tensorPath": 3}]},
        {"embeddings": [{"tensorPath": "tensors.tsv", "tensorShape": "3"}]},
        {"embeddings": [{"tensorPath": "tensors.tsv", "tensorShape": [-3, 2]}]},
        {"embeddings": [{"tensorPath": "tensors.tsv", "tensorShape": [True, 2]}]},
        {"embeddings": [{"tensorPath": "tensors.tsv", "sprite": [1]}]},
        {"embeddings": []},
        [],
    ],
)
def test_json_of_another_shape_is_refused(tmp_path: Path, content: Any) -> None:
    write_small(tmp_path)
    (tmp_path / "projector_config.json").write_text(json.dumps(content))
    refused(tmp_path, "projector_config.json")


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(["projector_config.pbtxt", "projector_config.json"]),
    start=st.sampled_from(
        [b"", b"embeddings {", b'{"embeddings": [{', b"\xef\xbb\xbf", b"\x1f\x8b"]
    ),
    rest=st.binary(max_size=80) | st.text('{}[]:<>"a1-.,/#\n', max_size=80).map(str.encode),
)
def test_binary_garbage_for_a_config_is_refused(
    tmp_path: Path, name: str, start: bytes, rest: bytes
) -> None:
    (tmp_path / name).write_bytes(start + rest)
    with contextlib.suppress(UserError):
        read_config(tmp_path / name)
    with pytest.raises(UserError):
        read_projector(tmp_path / name)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(content=st.binary(max_size=60), shape=st.lists(st.integers(0, 9), max_size=3))
def test_binary_garbage_for_a_tensor_opens_or_is_refused(
    tmp_path: Path, content: bytes, shape: list[int]
) -> None:
    write_json(tmp_path, embedding(tensorPath="t", tensorShape=shape))
    (tmp_path / "t").write_bytes(content)
    with contextlib.suppress(UserError):
        assert np.isfinite(read_projector(tmp_path).latent).all()
