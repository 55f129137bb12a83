"""Tables and digits that would unpack to far more than their files; and honest ones, unchanged."""

import gzip
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from latentviewer.domain.errors import UnsafeFileError
from latentviewer.io import arrow_claims, idx, parquet_reading
from latentviewer.io.arrow_claims import check_claims
from latentviewer.io.idx_folders import open_idx_folder, parts_of_folder, recognised_folder
from latentviewer.io.parquet_reading import read_parquet
from latentviewer.io.spaces import space_from_bytes

_ROWS = 300


def honest() -> Any:
    """A table with a column of every kind that is packed in its own way."""
    numbers = np.arange(_ROWS)
    return pa.table(
        {
            "latent": pa.FixedSizeListArray.from_arrays(pa.array(np.ones(_ROWS * 4, "f4")), 4),
            "text": [None if n % 7 == 0 else f"t{n % 5}" for n in numbers],
            "large": pa.array([f"u{n}" for n in numbers], pa.large_string()),
            "bytes": [b"x", None, b""] * (_ROWS // 3),
            "coded": pa.array(["a", "b", None] * (_ROWS // 3)).dictionary_encode(),
            "list": [["a", "b"], [], None] * (_ROWS // 3),
            "struct": [{"a": 1, "b": "q"}] * _ROWS,
            "flag": [True, None, False] * (_ROWS // 3),
            "a.b": ["dotted"] * _ROWS,
        }
    )


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("group", [100, 1000])
def test_a_parquet_file_is_read_as_it_was_written(tmp_path: Path, stored: bool, group: int) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(honest(), path, store_schema=stored, row_group_size=group)
    with parquet.ParquetFile(path) as file:
        expected = file.read()
    found = read_parquet(path)
    assert found.equals(expected)
    assert found.schema.equals(expected.schema, check_metadata=True)


def test_names_that_are_there_twice_and_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    twice = pa.Table.from_arrays([pa.array(["a"]), pa.array(["b"])], names=["x", "x"])
    for table in (twice, honest().slice(0, 0)):
        parquet.write_table(table, path)
        assert read_parquet(path).equals(table)


@pytest.mark.parametrize(
    "column",
    [np.zeros(1 << 20), ["x" * 10_000] * 2000, [b"x" * 10_000] * 2000],
    ids=["numbers", "texts", "bytes"],
)
def test_a_parquet_file_that_swells_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, column: Any
) -> None:
    monkeypatch.setattr(parquet_reading, "_MOST_BYTES", 1 << 20)
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"a": column}), path, store_schema=False, compression="zstd")
    with pytest.raises(UnsafeFileError, match=r"a\.parquet would unpack to [0-9,]+ bytes or more"):
        read_parquet(path)


@pytest.mark.parametrize("packed", ["zstd", "lz4", None])
@pytest.mark.parametrize("new", [pa.ipc.new_file, pa.ipc.new_stream])
def test_packed_arrow_that_swells_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new: Any, packed: str | None
) -> None:
    path = tmp_path / "a.arrow"
    zeros = pa.table({"a": np.zeros(1 << 17), "b": np.zeros(1 << 17)})
    with new(str(path), zeros.schema, options=pa.ipc.IpcWriteOptions(compression=packed)) as file:
        file.write_table(zeros, max_chunksize=1 << 15)
    size = path.stat().st_size
    # Exactly what is in it may be, and a byte less may not.
    monkeypatch.setattr(arrow_claims, "_LARGEST_RATIO", 0)
    monkeypatch.setattr(arrow_claims, "_MOST_BYTES", zeros.nbytes)
    with path.open("rb") as file:
        check_claims(file, path)
    monkeypatch.setattr(arrow_claims, "_MOST_BYTES", zeros.nbytes - 1)
    with path.open("rb") as file:
        if packed is None:
            check_claims(file, path)
            return
        with pytest.raises(UnsafeFileError, match=f"{zeros.nbytes:,} bytes or more from {size:,};"):
            check_claims(file, path)


def test_a_dictionary_that_swells_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow_claims, "_MOST_BYTES", 1 << 20)
    monkeypatch.setattr(arrow_claims, "_LARGEST_RATIO", 0)
    coded = pa.DictionaryArray.from_arrays(pa.array([0]), pa.array(["x" * (1 << 21)]))
    sink = pa.BufferOutputStream()
    table = pa.table({"latent": [[1.0]], "a": coded})
    with pa.ipc.new_file(
        sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
    ) as file:
        file.write_table(table)
    with pytest.raises(UnsafeFileError, match=r"p\.latentviewer would unpack"):
        space_from_bytes(sink.getvalue().to_pybytes(), tmp_path / "p.latentviewer")


def test_a_footer_that_names_one_batch_many_times_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    table = pa.table({f"c{n}": [1.0] for n in range(200)})
    with pa.ipc.new_file(str(path), table.schema) as file:
        file.write_table(table)
    with pa.ipc.open_file(str(path)) as reader:
        assert reader.num_record_batches == 1
    content = path.read_bytes()
    length = int.from_bytes(content[-10:-6], "little")
    footer = bytearray(content[-10 - length : -10])
    # The list of batches: its length, and then the place of the one that is there.
    place = content.index(b"\xff\xff\xff\xff", 16 + int.from_bytes(content[12:16], "little"))
    at = footer.index(struct.pack("<q", place)) - 4
    assert footer[at : at + 4] == struct.pack("<I", 1)
    block = footer[at + 4 : at + 28]
    many = 1 << 12
    # It moves behind the rest, for it would lie over what follows.
    moved = len(footer) + 4
    pointers = [p for p in range(0, at, 4) if p + int.from_bytes(footer[p : p + 4], "little") == at]
    for pointer in pointers:
        footer[pointer : pointer + 4] = struct.pack("<I", moved - pointer)
    footer += bytes(4) + struct.pack("<I", many) + block * many
    path.write_bytes(content[: -10 - length] + footer + struct.pack("<I", len(footer)) + b"ARROW1")
    with path.open("rb") as file, pytest.raises(UnsafeFileError, match=r"a\.arrow would unpack"):
        check_claims(file, path)


def images_of(rows: int, side: int = 1000) -> bytes:
    return b"\0\0\x08\x03" + struct.pack(">III", rows, side, side) + bytes(rows * side * side)


def test_packed_digits_that_swell_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(images_of(3)))
    monkeypatch.setattr(idx, "_RATIO_COUNTS_FROM_BYTES", 3_000_000)
    assert idx.read_images(path).shape == (3, 1000, 1000)
    monkeypatch.setattr(idx, "_RATIO_COUNTS_FROM_BYTES", 2_999_999)
    with pytest.raises(UnsafeFileError, match="says that it unpacks to 3,000,000 bytes from"):
        idx.read_images(path)
    # One that shrinks as pictures do may be of any size.
    noise = np.random.default_rng(1).integers(0, 256, 3_000_000, np.uint8).tobytes()
    path.write_bytes(gzip.compress(images_of(3)[:16] + noise))
    assert idx.read_images(path).shape == (3, 1000, 1000)


def test_labels_that_swell_are_no_known_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "train-images-idx3-ubyte").write_bytes(images_of(1, 2))
    labels = gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 1) + bytes(64 << 20))
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(labels)
    read: list[int] = []
    real = gzip.GzipFile.read
    monkeypatch.setattr(
        gzip.GzipFile, "read", lambda file, size=-1: (read.append(size), real(file, size))[1]
    )
    assert recognised_folder(tmp_path) is None
    assert read
    assert all(0 <= size <= 17 << 20 for size in read)


@pytest.mark.parametrize("linked", ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"])
def test_digits_that_are_a_link_out_of_their_folder_are_refused(
    tmp_path: Path, linked: str
) -> None:
    folder = tmp_path / "digits"
    folder.mkdir()
    contents = {
        "train-images-idx3-ubyte": images_of(1, 2),
        "train-labels-idx1-ubyte": b"\0\0\x08\x01" + struct.pack(">I", 1) + b"\3",
    }
    for name, content in contents.items():
        place = tmp_path / name if name == linked else folder / name
        place.write_bytes(content)
    (folder / linked).symlink_to(tmp_path / linked)
    with pytest.raises(UnsafeFileError, match=f"{linked} is a link to a file outside its folder"):
        open_idx_folder(folder, "digits", None)
    if "images" in linked:
        with pytest.raises(UnsafeFileError, match=f"{linked} is a link"):
            parts_of_folder(folder)
    # The folder itself may be a link; what counts is where its files lie.
    (tmp_path / linked).rename(folder / "own")
    (folder / linked).unlink()
    (folder / linked).symlink_to("own")
    (tmp_path / "elsewhere").symlink_to(folder)
    assert len(open_idx_folder(tmp_path / "elsewhere", "digits", None)) == 1
