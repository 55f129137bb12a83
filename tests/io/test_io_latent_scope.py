"""Folders of Latent Scope open as spaces; what does not fit in them is left out by name."""

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from latentviewer.domain.candidates import Candidate, SeveralCandidatesError
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.space import LEFT_OUT
from latentviewer.domain.table import Categories, Texts
from latentviewer.io.latent_scope import (
    is_latent_scope,
    latent_scope_candidates,
    read_latent_scope,
)

VECTORS = np.random.default_rng(0).normal(size=(4, 5)).astype(np.float32)
XY = np.array([[-1, 0], [1, 1], [0.5, -0.5], [0, 1]])


def put(path: Path, columns: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), path)


def embed(folder: Path, name: str, vectors: Any = VECTORS, dataset: str = "embeddings") -> None:
    with h5py.File(folder / "embeddings" / f"{name}.h5", "w") as file:
        file[dataset] = vectors
    (folder / "embeddings" / f"{name}.json").write_text("{}")


@pytest.fixture
def scope(tmp_path: Path) -> Path:
    folder = tmp_path / "jokes"
    (folder / "embeddings").mkdir(parents=True)
    (folder / "meta.json").write_text('{"id": "jokes"}')
    put(
        folder / "input.parquet",
        {
            "joke": ["a", "b", "c", "d"],
            "score": [1.5, 2.0, None, 4.0],
            "__index_level_0__": [0, 1, 2, 3],
        },
    )
    embed(folder, "embedding-001")
    put(folder / "umaps" / "umap-001.parquet", {"x": XY[:, 0], "y": XY[:, 1]})
    (folder / "umaps" / "umap-001.json").write_text("{}")
    (folder / "umaps" / "umap-001.png").write_bytes(b"")
    put(
        folder / "clusters" / "cluster-001.parquet",
        {"cluster": [0, 1, 1, 0], "raw_cluster": [0, 1, -1, 0]},
    )
    put(folder / "clusters" / "cluster-001-labels-default.parquet", {"label": ["zero", "one"]})
    (folder / "tags").mkdir()
    (folder / "tags" / "❤️.indices").write_text("0\n3\n")
    (folder / "tags" / "none.indices").write_text("")
    return folder


def texts(column: Any) -> list[str]:
    return [column.text(i) for i in range(len(column))]


def left_out(folder: Path) -> list[str]:
    return list(read_latent_scope(folder).provenance.extra[LEFT_OUT])


def test_a_folder_opens_whole(scope: Path) -> None:
    assert is_latent_scope(scope)
    assert latent_scope_candidates(scope) == (Candidate("embedding-001", 4, 5),)
    space = read_latent_scope(scope)
    assert space.name == "jokes"
    np.testing.assert_array_equal(space.latent, VECTORS)
    assert list(space.maps) == ["umap-001"]
    np.testing.assert_array_equal(space.maps["umap-001"], XY)
    assert space.maps["umap-001"].dtype == np.float32
    assert {name: texts(column) for name, column in space.columns.items()} == {
        "joke": ["a", "b", "c", "d"],
        "score": ["1.5", "2", "", "4"],
        "cluster-001": ["0", "1", "1", "0"],
        "cluster-001 raw_cluster": ["0", "1", "", "0"],
        "cluster-001-labels-default": ["zero", "one", "one", "zero"],
        "none": ["false"] * 4,
        "❤️": ["true", "false", "false", "true"],
    }
    assert isinstance(space.columns["cluster-001"], Categories)
    assert isinstance(space.columns["joke"], Texts)
    assert LEFT_OUT not in space.provenance.extra


def test_several_embeddings_have_to_be_picked(scope: Path) -> None:
    embed(scope, "embedding-002", VECTORS[:, :4])
    with pytest.raises(SeveralCandidatesError, match="jokes#embedding-001"):
        read_latent_scope(scope)
    space = read_latent_scope(scope, "embedding-002")
    assert space.latent.shape == (4, 4)
    assert "embedding-001" in space.provenance.extra[LEFT_OUT][0]
    with pytest.raises(UserError, match="no vectors “embedding-009”"):
        read_latent_scope(scope, "embedding-009")


def test_embeddings_that_cannot_be_read_are_named(scope: Path) -> None:
    (scope / "embeddings" / "embedding-002.json").write_text("{}")
    embed(scope, "embedding-003", dataset="other")
    (scope / "embeddings" / "embedding-004.h5").write_bytes(b"nothing")
    said = left_out(scope)
    assert len(said) == 3
    assert "LanceDB" in said[0]
    assert "embedding-002" in said[0]
    assert "embedding-003" in said[1]
    assert "embedding-004" in said[2]


def test_a_folder_with_a_lancedb_alone_is_refused(scope: Path) -> None:
    (scope / "embeddings" / "embedding-001.h5").unlink()
    for use in (latent_scope_candidates, read_latent_scope):
        with pytest.raises(UserError, match=r"embedding-001\.json.*LanceDB"):
            use(scope)
    (scope / "embeddings" / "embedding-001.json").unlink()
    with pytest.raises(UserError, match="no embedding"):
        latent_scope_candidates(scope)


def test_an_embedding_in_another_file_is_refused(scope: Path, tmp_path: Path) -> None:
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["embeddings"] = VECTORS
    with h5py.File(scope / "embeddings" / "embedding-001.h5", "w") as file:
        file["embeddings"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "/embeddings")
    with pytest.raises(UnsafeFileError, match=r"embedding-001\.h5"):
        read_latent_scope(scope)


def test_parts_with_other_rows_are_left_out(scope: Path) -> None:
    embed(scope, "embedding-001", VECTORS[:3])
    space = read_latent_scope(scope)
    assert list(space.columns) == ["none"]
    assert not space.maps
    said = "\n".join(space.provenance.extra[LEFT_OUT])
    for name in ("input.parquet", "cluster-001.parquet", "❤️.indices", "umap-001.parquet"):
        assert name in said


@pytest.mark.parametrize("content", ["4", "-1", "1.5", "x", "9" * 5_000, "²"])
def test_a_tag_that_names_no_row_is_left_out(scope: Path, content: str) -> None:
    (scope / "tags" / "bad.indices").write_text(f"0\n{content}\n")
    assert "bad" not in read_latent_scope(scope).columns
    (sentence,) = left_out(scope)
    assert "bad.indices" in sentence
    assert len(sentence) < 500


@pytest.mark.parametrize(
    "columns",
    [
        {"x": [0.0] * 4},
        {"x": [0.0] * 4, "y": ["a"] * 4},
        {"x": [0.0] * 4, "y": [None, 0.0, 0.0, 0.0]},
        {"x": [0.0] * 4, "y": [np.nan, 0.0, 0.0, 0.0]},
        {"x": [0.0] * 4, "y": [1e300, 0.0, 0.0, 0.0]},
    ],
)
def test_a_map_that_is_none_is_left_out(scope: Path, columns: Any) -> None:
    put(scope / "umaps" / "umap-002.parquet", columns)
    assert list(read_latent_scope(scope).maps) == ["umap-001"]
    assert "umap-002" in left_out(scope)[0]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("cluster-002", {"other": [0, 0, 0, 0]}),
        ("cluster-002", {"cluster": ["a", "b", "a", "b"]}),
        ("cluster-001-labels-001", {"other": ["a", "b"]}),
        ("cluster-001-labels-001", {"label": [1, 2]}),
        ("cluster-001-labels-001", {"label": ["a"]}),
    ],
)
def test_clusters_that_do_not_fit_are_left_out(scope: Path, name: str, columns: Any) -> None:
    put(scope / "clusters" / f"{name}.parquet", columns)
    assert name not in read_latent_scope(scope).columns
    assert name in left_out(scope)[0]


def test_clusters_of_the_same_label_are_one_category(scope: Path) -> None:
    put(scope / "clusters" / "cluster-001-labels-002.parquet", {"label": ["same", "same"]})
    column = read_latent_scope(scope).columns["cluster-001-labels-002"]
    assert isinstance(column, Categories)
    assert column.names == ("same",)


@pytest.mark.parametrize(
    "name", ["input.parquet", "umaps/umap-001.parquet", "clusters/cluster-001.parquet"]
)
def test_damaged_tables_are_left_out(scope: Path, name: str) -> None:
    content = (scope / name).read_bytes()
    (scope / name).write_bytes(content[: len(content) // 2])
    assert any(Path(name).name in sentence for sentence in left_out(scope))


def test_a_folder_without_texts_still_opens(scope: Path) -> None:
    (scope / "input.parquet").unlink()
    assert is_latent_scope(scope)
    assert "input.parquet" in left_out(scope)[0]


def test_other_folders_are_told_apart(scope: Path, tmp_path: Path) -> None:
    assert not is_latent_scope(tmp_path)
    assert not is_latent_scope(tmp_path / "missing")
    assert not is_latent_scope(scope / "input.parquet")
    (scope / "input.parquet").unlink()
    (scope / "meta.json").unlink()
    assert not is_latent_scope(scope)
