"""Samples written as Arrow and Parquet: pyarrow opens them, and they come back as they were."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from latentviewer.domain.errors import UserError
from latentviewer.domain.selection import Group, Selection
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.stepping import to_the_end
from latentviewer.domain.table import Categories, Numbers, Texts, categories_of
from latentviewer.io import arrow_writing
from latentviewer.io.arrow_writing import write_arrow, write_parquet
from latentviewer.io.extracts import Extract, Neighbourhood, extract_of
from latentviewer.io.spaces import open_space
from tests.io.full_disk import fill_disk

_ODD = ["a,b", 'so "so"', "two\nlines", "=cmd()", "😀", ""]
Write = Callable[[Extract, Path], Any]
KINDS = pytest.mark.parametrize(
    ("write", "name"), [(write_arrow, "s.arrow"), (write_parquet, "s.parquet")]
)


def space_of(n: int = 6) -> Space:
    rng = np.random.default_rng(0)
    return Space(
        "odd", rng.normal(size=(n, 3)).astype(np.float32), np.ones((n, 3), np.float32),
        {"label": categories_of([*_ODD, *_ODD][:n]), "word": Texts(tuple([*_ODD, *_ODD][:n])),
         "score": Numbers(np.array([np.nan, np.inf, -np.inf, -0.0, 1e300, 0.1] * 2)[:n])},
        {"umap_2d": rng.normal(size=(n, 2)).astype(np.float32)},
        Provenance("model", "0", "squares", {"seed": 3}),
    )  # fmt: skip


def table(path: Path) -> Any:
    if path.suffix == ".parquet":
        return parquet.read_table(path)
    with pa.memory_map(str(path)) as source:
        return pa.ipc.open_file(source).read_all()


@KINDS
def test_everything_comes_back_unchanged(tmp_path: Path, write: Write, name: str) -> None:
    space = space_of()
    to_the_end(write(extract_of(space), tmp_path / name))
    back = open_space(tmp_path / name)
    np.testing.assert_array_equal(back.latent.view(np.int32), space.latent.view(np.int32))
    np.testing.assert_array_equal(back.latent_std, space.latent_std)
    np.testing.assert_array_equal(back.maps["umap_2d"], space.maps["umap_2d"])
    assert back.provenance == space.provenance
    assert back.columns["word"].values == space.columns["word"].values  # type: ignore[union-attr]
    score, wanted = back.columns["score"], space.columns["score"]
    assert isinstance(score, Numbers)
    assert isinstance(wanted, Numbers)
    np.testing.assert_array_equal(score.values, wanted.values)
    label, labels = back.columns["label"], space.columns["label"]
    assert isinstance(label, Categories)
    assert isinstance(labels, Categories)
    assert label.names == labels.names
    np.testing.assert_array_equal(label.codes, labels.codes)


@KINDS
def test_a_group_is_a_column_of_booleans(tmp_path: Path, write: Write, name: str) -> None:
    groups = (Group("my first", Selection.of([0, 5])), Group("none", Selection.empty()))
    to_the_end(write(extract_of(space_of(), None, groups), tmp_path / name))
    read = table(tmp_path / name)
    assert read.schema.field("group my first").type == pa.bool_()
    assert read.column("group my first").to_pylist() == [True, False, False, False, False, True]
    assert read.column("group none").to_pylist() == [False] * 6
    back = open_space(tmp_path / name).columns["group my first"]
    assert [back.text(i) for i in (0, 1)] == ["true", "false"]


@KINDS
@pytest.mark.parametrize("k", [1, 2, 3, 20])
def test_neighbours_are_lists_and_no_map(tmp_path: Path, write: Write, name: str, k: int) -> None:
    space = dataclasses.replace(space_of(), latent_std=None)
    near = Neighbourhood(
        np.arange(6 * k).reshape(6, k) % 6, np.arange(6 * k, dtype=np.float32).reshape(6, k)
    )
    extract = Extract(space.with_column("neighbor_ids", Texts(("old",) * 6)), np.arange(6))
    extract = Extract(extract.space, extract.rows, neighbours=near)
    to_the_end(write(extract, tmp_path / name))
    read = table(tmp_path / name)
    assert read.schema.field("neighbor_ids").type == pa.list_(pa.int64())
    assert read.schema.field("neighbor_distances").type == pa.list_(pa.float32())
    assert read.column("neighbor_ids").to_pylist() == near.rows.tolist()
    assert read.column("neighbor_distances").to_pylist() == near.distances.tolist()
    back = open_space(tmp_path / name)
    np.testing.assert_array_equal(back.latent, space.latent)
    assert list(back.maps) == ["umap_2d"]
    if k <= 16:
        assert back.columns["neighbor_ids"].text(1) == str(near.rows[1].tolist())
    else:
        assert "“neighbor_ids” is left out" in back.provenance.extra["left_out"][0]
        near_again = open_space(tmp_path / name, "neighbor_ids")
        np.testing.assert_array_equal(near_again.latent, near.rows)


def test_parquet_in_groups_of_rows_is_the_same_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    space = space_of(12)
    to_the_end(write_parquet(extract_of(space), tmp_path / "one.parquet"))
    monkeypatch.setattr(arrow_writing, "_VALUES_AT_ONCE", 100)
    steps = list(write_parquet(extract_of(space), tmp_path / "many.parquet"))
    groups = parquet.ParquetFile(tmp_path / "many.parquet").num_row_groups
    assert groups == len(steps) > 1
    assert steps[-1].fraction == 1.0
    assert table(tmp_path / "many.parquet").equals(table(tmp_path / "one.parquet"))


def test_arrow_is_one_batch_so_that_latents_are_mapped(tmp_path: Path) -> None:
    to_the_end(write_arrow(extract_of(space_of(12)), tmp_path / "s.arrow"))
    with pa.memory_map(str(tmp_path / "s.arrow")) as source:
        assert pa.ipc.open_file(source).num_record_batches == 1


@KINDS
def test_a_full_disk_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Write, name: str
) -> None:
    (tmp_path / name).write_text("old")
    space = Space("s", np.random.default_rng(0).normal(size=(9000, 3)).astype(np.float32))
    fill_disk(monkeypatch, after=3000)
    with pytest.raises(UserError, match="disk is full, so"):
        to_the_end(write(extract_of(space), tmp_path / name))
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "old"
