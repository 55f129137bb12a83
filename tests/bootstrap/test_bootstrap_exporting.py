"""Neighbours of all samples at once, and what an export for Embedding Atlas asks for."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from latentviewer.bootstrap import exporting
from latentviewer.bootstrap.exporting import export_samples, neighbours_of
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Space
from latentviewer.domain.stepping import to_the_end


def by_hand(latents: Any, k: int, metric: str) -> Any:
    z = latents.astype(np.float64)
    apart = np.linalg.norm(z[:, None] - z[None], axis=2)
    distances = apart if metric == "euclidean" else -z @ z.T
    np.fill_diagonal(distances, np.inf)
    rows = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return rows, np.take_along_axis(distances, rows, 1)


@pytest.mark.parametrize("metric", ["euclidean", "dot"])
def test_neighbours_are_the_nearest_others(monkeypatch: pytest.MonkeyPatch, metric: str) -> None:
    monkeypatch.setattr(exporting, "_QUERIES_AT_ONCE", 16)
    latents = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
    found = to_the_end(neighbours_of(latents, 5, metric))
    rows, distances = by_hand(latents, 5, metric)
    np.testing.assert_array_equal(found.rows, rows)
    np.testing.assert_allclose(found.distances, distances, rtol=1e-6)
    assert found.distances.dtype == np.float32


def test_among_equal_latents_nobody_is_its_own_neighbour() -> None:
    latents = np.zeros((9, 3), np.float32)
    found = to_the_end(neighbours_of(latents, 3, "euclidean"))
    assert not (found.rows == np.arange(9)[:, None]).any()
    assert all(len(set(row)) == 3 for row in found.rows.tolist())


def test_there_are_no_more_neighbours_than_others() -> None:
    latents = np.eye(3, dtype=np.float32)
    assert to_the_end(neighbours_of(latents, 99, "cosine")).rows.shape == (3, 2)
    with pytest.raises(UserError, match="One sample alone has no neighbours"):
        to_the_end(neighbours_of(latents[:1], 2, "euclidean"))
    with pytest.raises(UserError, match="no metric “miles”"):
        to_the_end(neighbours_of(latents, 2, "miles"))


def test_embedding_atlas_gets_fifteen_neighbours_and_a_file_none(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    space = Space(
        "s", rng.normal(size=(40, 3)).astype(np.float32),
        maps={"umap_2d": rng.normal(size=(40, 2)).astype(np.float32)},
    )  # fmt: skip
    atlas, plain = tmp_path / "a.parquet", tmp_path / "p.parquet"
    to_the_end(export_samples(space, atlas, "embedding-atlas", shown="umap_2d"))
    to_the_end(export_samples(space, plain))
    assert len(parquet.read_table(atlas).column("neighbors")[0].as_py()["ids"]) == 15
    assert "neighbor_ids" not in parquet.read_table(plain).column_names


def test_a_single_sample_goes_to_embedding_atlas_without_neighbours(tmp_path: Path) -> None:
    space = Space(
        "s", np.ones((3, 3), np.float32), maps={"umap_2d": np.ones((3, 2), np.float32)}
    )  # fmt: skip
    path = tmp_path / "a.parquet"
    rows = np.array([2])
    to_the_end(export_samples(space, path, "embedding-atlas", shown="umap_2d", rows=rows))
    assert parquet.read_table(path).num_rows == 1
    assert "neighbors" not in parquet.read_table(path).column_names


def test_a_cancel_among_the_neighbours_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "_QUERIES_AT_ONCE", 10)
    space = Space("s", np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32))
    steps = export_samples(space, tmp_path / "z.csv", neighbours=2)
    assert next(steps).fraction == 0.25
    steps.close()
    assert list(tmp_path.iterdir()) == []
