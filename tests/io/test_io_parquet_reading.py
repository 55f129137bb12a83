"""Parquet is read into one piece where it holds vectors, and as pyarrow reads it."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from latentviewer.io.parquet_reading import read_parquet


def vectors(values: np.ndarray, gap: int | None = None) -> Any:
    mask = None if gap is None else pa.array(np.arange(len(values)) == gap)
    flat = pa.array(values.reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1], mask=mask)


def write(path: Path, table: Any, **options: Any) -> Path:
    parquet.write_table(table, path, **options)
    return path


@pytest.mark.parametrize("rows", [0, 1, 7, 1000])
@pytest.mark.parametrize("alone", [True, False])
def test_it_reads_what_pyarrow_reads(tmp_path: Path, rows: int, alone: bool) -> None:
    rng = np.random.default_rng(0)
    columns = {"vector": vectors(rng.standard_normal((rows, 5), np.float32))}
    if not alone:
        first = {"label": pa.array([f"w{i % 3}" for i in range(rows)])}
        second = {
            "z": vectors(rng.standard_normal((rows, 2), np.float32)),
            "n": pa.array(range(rows)),
        }
        columns = {**first, **columns, **second}
    table = pa.table(columns).replace_schema_metadata({"about": "kept"})
    path = write(tmp_path / "t.parquet", table, row_group_size=300)
    read = read_parquet(path)
    assert read.equals(parquet.read_table(path))
    assert read.schema.metadata[b"about"] == b"kept"


def test_vectors_are_in_one_piece(tmp_path: Path) -> None:
    values = np.random.default_rng(0).standard_normal((2000, 5), np.float32)
    path = write(tmp_path / "t.parquet", pa.table({"v": vectors(values)}), row_group_size=300)
    assert read_parquet(path).column("v").num_chunks == 1


@pytest.mark.parametrize("gap", [0, 650, 1999])
def test_a_gap_stays_a_gap(tmp_path: Path, gap: int) -> None:
    values = np.random.default_rng(0).standard_normal((2000, 5), np.float32)
    path = write(tmp_path / "t.parquet", pa.table({"v": vectors(values, gap)}), row_group_size=300)
    read = read_parquet(path).column("v")
    assert read.null_count == 1
    assert not read[gap].is_valid
    assert read[(gap + 1) % 2000].as_py() == values[(gap + 1) % 2000].tolist()
