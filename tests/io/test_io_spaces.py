"""Spaces survive a round trip, foreign files open, and bad files end in one sentence."""

import contextlib
import errno
import io
import os
import pickle
import resource
import stat
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pyarrow import feather, parquet

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.space import LEFT_OUT, Provenance, Space
from latentviewer.domain.table import Categories, Column, Numbers, Texts
from latentviewer.io import atomic
from latentviewer.io.archives import checked_entries
from latentviewer.io.content import content_kind
from latentviewer.io.spaces import open_space, read_latents, read_space, write_space


def assert_same(one: Space, other: Space) -> None:
    assert one.name == other.name
    np.testing.assert_array_equal(one.latent, other.latent)
    assert other.latent.dtype == np.float32
    if one.latent_std is None or other.latent_std is None:
        assert one.latent_std is None
        assert other.latent_std is None
    else:
        np.testing.assert_array_equal(one.latent_std, other.latent_std)
    assert list(one.columns) == list(other.columns)
    for name, column in one.columns.items():
        assert_same_column(column, other.columns[name])
    assert list(one.maps) == list(other.maps)
    for name, places in one.maps.items():
        np.testing.assert_array_equal(places, other.maps[name])
    assert one.provenance.model == other.provenance.model
    assert one.provenance.model_hash == other.provenance.model_hash
    assert one.provenance.data == other.provenance.data
    assert dict(one.provenance.extra) == dict(other.provenance.extra)


def assert_same_column(one: Column, other: Column) -> None:
    if isinstance(one, Categories):
        assert isinstance(other, Categories)
        assert one.names == other.names
        np.testing.assert_array_equal(one.codes, other.codes)
    elif isinstance(one, Numbers):
        assert isinstance(other, Numbers)
        np.testing.assert_array_equal(one.values, other.values)
    else:
        assert isinstance(other, Texts)
        assert one.values == other.values


scripts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
finite = st.floats(-1e6, 1e6, width=32)


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    n, d = draw(st.integers(0, 12)), draw(st.integers(1, 5))

    def table(width: int) -> Any:
        return draw(hnp.arrays(np.float32, (n, width), elements=finite))

    def column() -> Column:
        kind = draw(st.sampled_from(["categories", "numbers", "texts"]))
        if kind == "texts":
            return Texts(tuple(draw(st.lists(scripts, min_size=n, max_size=n))))
        if kind == "numbers":
            return Numbers(draw(hnp.arrays(np.float64, n, elements=st.floats())))
        names = tuple(draw(st.lists(scripts, unique=True, max_size=6)))
        codes = draw(hnp.arrays(np.int32, n, elements=st.integers(-1, len(names) - 1)))
        return Categories(codes, names)

    titles = scripts | st.sampled_from(["latent", "latent_std", "label", "umap_2d", "embedding"])
    return Space(
        name=draw(scripts.filter(bool)),
        latent=table(d),
        latent_std=table(d) if draw(st.booleans()) else None,
        columns={name: column() for name in draw(st.lists(titles, unique=True, max_size=4))},
        maps={
            name: table(draw(st.sampled_from([2, 3])))
            for name in draw(st.lists(titles, unique=True, max_size=3))
        },
        provenance=Provenance(
            draw(st.none() | scripts),
            draw(st.none() | scripts),
            draw(st.none() | scripts),
            draw(st.dictionaries(scripts, st.integers() | scripts | st.lists(st.booleans()))),
        ),
    )


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(space=spaces())
def test_a_space_comes_back_as_it_was(space: Space, tmp_path: Path) -> None:
    write_space(space, tmp_path / "s.arrow")
    assert_same(space, read_space(tmp_path / "s.arrow"))


def small(**changes: Any) -> Space:
    latent = np.arange(12, dtype=np.float32).reshape(4, 3)
    return Space(**{"name": "small", "latent": latent, **changes})


def write_table(path: Path, columns: dict[str, Any]) -> Path:
    table = pa.table(columns)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return path


def vectors(rows: list[list[float]]) -> Any:
    return pa.array(rows, pa.list_(pa.float32(), len(rows[0])))


def test_latents_are_mapped_from_the_file_and_read_only(tmp_path: Path) -> None:
    write_space(Space("big", np.ones((50_000, 16), np.float32)), tmp_path / "s.arrow")
    before = pa.total_allocated_bytes()
    space = read_space(tmp_path / "s.arrow")
    assert pa.total_allocated_bytes() - before < 100_000
    assert not space.latent.flags.owndata
    assert not space.latent.flags.writeable


def test_labels_of_5000_classes_in_any_script(tmp_path: Path) -> None:
    names = tuple(f"{s}{i}" for i in range(1_250) for s in ("д", "字", "ك", "🐘"))
    codes = np.arange(10_000, dtype=np.int32) % 5_000
    space = Space(
        "many", np.zeros((10_000, 1), np.float32), columns={"label": Categories(codes, names)}
    )
    write_space(space, tmp_path / "s.arrow")
    assert_same(space, read_space(tmp_path / "s.arrow"))


def test_a_lone_surrogate_is_written_as_an_escape(tmp_path: Path) -> None:
    space = small(columns={"file\udcff": Texts(("a", "b\udcff", "c", "d"))})
    write_space(space, tmp_path / "s.arrow")
    assert read_space(tmp_path / "s.arrow").columns["file\udcff"].text(1) == "b\\udcff"


def test_numpy_scalars_in_the_provenance_become_json(tmp_path: Path) -> None:
    extra = {"seed": np.int64(3), "figures": {"elbo": np.float32(0.5)}, "rows": np.arange(2)}
    write_space(small(provenance=Provenance(extra=extra)), tmp_path / "s.arrow")
    assert read_space(tmp_path / "s.arrow").provenance.extra == {
        "seed": 3,
        "figures": {"elbo": 0.5},
        "rows": [0, 1],
    }


def test_any_arrow_reader_sees_plain_types(tmp_path: Path) -> None:
    space = small(
        columns={
            "label": Categories(np.array([0, 1, -1, 0], np.int32), ("a", "b")),
            "score": Numbers(np.array([1, np.nan, 3, 4.0])),
        },
        maps={"umap_2d": np.zeros((4, 2), np.float32)},
    )
    write_space(space, tmp_path / "s.arrow")
    table = feather.read_table(tmp_path / "s.arrow")
    assert table.schema.field("latent").type == pa.list_(pa.float32(), 3)
    assert table.schema.field("umap_2d").type == pa.list_(pa.float32(), 2)
    assert table.column("label").to_pylist() == ["a", "b", None, "a"]
    assert table.column("score").to_pylist() == [1.0, None, 3.0, 4.0]


def test_a_foreign_table_opens_with_every_column(tmp_path: Path) -> None:
    stamps = pa.array([0, 86_400], pa.timestamp("s"))
    path = write_table(
        tmp_path / "foreign.feather",
        {
            "id": pa.array([2**60, 1]),
            "Embedding": pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float64())),
            "label": pa.array([7, None], pa.int64()),
            "good": pa.array([True, None]),
            "size": pa.array([1.5, 2.5], pa.float32()),
            "half": pa.array(np.array([0.5, 2], np.float16)),
            "count": pa.array([3, 4], pa.uint8()),
            "when": stamps,
            "tags": pa.array([["x", "y"], []], pa.list_(pa.string())),
            "kind": pa.array(["same", "same"], pa.large_string()),
            "note": pa.array(["one", "two"], pa.string()),
            "nothing": pa.nulls(2),
            "class": pa.array([5, 5]).dictionary_encode(),
        },
    )
    space = open_space(path)
    np.testing.assert_array_equal(space.latent, [[1, 2], [3, 4]])
    shown = {name: [c.text(0), c.text(1)] for name, c in space.columns.items()}
    assert shown == {
        "id": [str(2**60), "1"],
        "label": ["7", ""],
        "good": ["true", ""],
        "size": ["1.5", "2.5"],
        "half": ["0.5", "2"],
        "count": ["3", "4"],
        "when": ["1970-01-01 00:00:00", "1970-01-02 00:00:00"],
        "tags": ["['x', 'y']", "[]"],
        "kind": ["same", "same"],
        "note": ["one", "two"],
        "nothing": ["", ""],
        "class": ["5", "5"],
    }
    assert isinstance(space.columns["label"], Categories)
    assert isinstance(space.columns["class"], Categories)
    assert isinstance(space.columns["kind"], Categories)
    assert isinstance(space.columns["note"], Texts)
    assert space.name == "foreign"


def test_a_second_wide_vector_column_is_named_as_left_out(tmp_path: Path) -> None:
    path = write_table(
        tmp_path / "two.arrow",
        {"latent": vectors([[1, 2]]), "features": vectors([[0.0] * 500])},
    )
    assert "features" in open_space(path).provenance.extra[LEFT_OUT][0]


def test_broken_metadata_is_said_and_the_latents_still_open(tmp_path: Path) -> None:
    table = pa.table({"latent": vectors([[1, 2]])}).replace_schema_metadata(
        {b"latentviewer": b"{not json"}
    )
    feather.write_feather(table, tmp_path / "s.arrow", compression="zstd")
    space = open_space(tmp_path / "s.arrow")
    assert "not valid JSON" in space.provenance.extra[LEFT_OUT][0]
    np.testing.assert_array_equal(space.latent, [[1, 2]])


def test_several_batches_with_their_own_dictionaries_are_joined(tmp_path: Path) -> None:
    batches = [
        pa.table({"latent": vectors([[1]]), "label": pa.array([name]).dictionary_encode()})
        for name in ("b", "a")
    ]
    parquet.write_table(pa.concat_tables(batches), tmp_path / "t.parquet", row_group_size=1)
    table = pa.concat_tables(batches)
    with (
        pa.OSFile(str(tmp_path / "s.arrows"), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema) as writer,
    ):
        writer.write_table(table)
    for name in ("t.parquet", "s.arrows"):
        space = open_space(tmp_path / name)
        assert [space.label(0), space.label(1)] == ["b", "a"]
        np.testing.assert_array_equal(space.latent, [[1], [2 - 1]])


def test_the_kind_of_file_is_told_by_content(tmp_path: Path) -> None:
    write_space(small(), tmp_path / "space.arrow")
    (tmp_path / "space.arrow").rename(tmp_path / "space.npy")
    assert_same(small(), open_space(tmp_path / "space.npy"))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_tiny_arrays_open(tmp_path: Path, n: int) -> None:
    np.save(tmp_path / "z.npy", np.full((n, 1), 3.0))
    space = open_space(tmp_path / "z.npy")
    assert space.latent.shape == (n, 1)
    write_space(space, tmp_path / "z.arrow")
    assert_same(space, read_space(tmp_path / "z.arrow"))


def test_an_npz_gives_latents_columns_and_maps(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "z.npz",
        z=np.eye(4, dtype=np.float16),
        label=np.array([3, 1, 3, 1]),
        word=np.array(["д", "b", "c", "d"]),
        umap_2d=np.zeros((4, 2)),
        images=np.zeros((4, 2, 2)),
    )
    space = open_space(tmp_path / "z.npz")
    np.testing.assert_array_equal(space.latent, np.eye(4))
    assert isinstance(space.columns["label"], Categories)
    assert space.columns["word"].text(0) == "д"
    assert space.maps["umap_2d"].shape == (4, 2)
    assert "images" in space.provenance.extra[LEFT_OUT][0]


def test_an_npz_takes_its_only_table_as_latents(tmp_path: Path) -> None:
    np.savez(tmp_path / "z.npz", codes=np.ones((2, 5)), n=np.arange(2))
    assert open_space(tmp_path / "z.npz").latent.shape == (2, 5)


class Harm:
    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, ("harm",))


def refused(path: Path, words: str | None, kind: type[UserError] = UserError) -> str:
    with pytest.raises(kind, match=words) as caught:
        open_space(path)
    sentence = str(caught.value)
    assert path.name in sentence
    assert "\n" not in sentence
    return sentence


def test_files_that_could_run_code_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    harm = np.array([Harm()], object)
    np.save(tmp_path / "o.npy", harm, allow_pickle=True)
    np.savez(tmp_path / "o.npz", latent=np.ones((1, 2)), label=harm)
    (tmp_path / "o.pkl").write_bytes(pickle.dumps(Harm()))
    with zipfile.ZipFile(tmp_path / "o.pt", "w") as archive:
        archive.writestr("o/data.pkl", pickle.dumps(Harm()))
    for name in ("o.npy", "o.npz", "o.pkl", "o.pt"):
        refused(tmp_path / name, "run code", UnsafeFileError)
    assert not (tmp_path / "harm").exists()


def arrow_bytes() -> bytes:
    batch = pa.record_batch(
        {"latent": vectors([[1, 2], [3, 4]]), "label": pa.array(["a", "b"]).dictionary_encode()}
    )
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return sink.getvalue()


def test_a_file_cut_short_anywhere_is_one_sentence(tmp_path: Path) -> None:
    whole = arrow_bytes()
    sink = io.BytesIO()
    np.save(sink, np.ones((4, 5), np.float32))
    zipped = io.BytesIO()
    np.savez(zipped, latent=np.ones((4, 5), np.float32))
    columns = io.BytesIO()
    parquet.write_table(pa.table({"latent": vectors([[1, 2]])}), columns)
    for content in (whole, sink.getvalue(), zipped.getvalue(), columns.getvalue()):
        for end in range(0, len(content), 7):
            (tmp_path / "cut").write_bytes(content[:end])
            refused(tmp_path / "cut", None)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_flipped_bytes_open_or_are_refused_but_never_crash(
    tmp_path: Path, data: st.DataObject
) -> None:
    content = bytearray(arrow_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    (tmp_path / "flipped.arrow").write_bytes(content)
    with contextlib.suppress(UserError):
        open_space(tmp_path / "flipped.arrow")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    start=st.sampled_from([b"", b"ARROW1", b"PAR1", b"\x93NUMPY\x01\x00", b"PK\x03\x04"]),
    rest=st.binary(max_size=80),
)
def test_foreign_bytes_are_refused(tmp_path: Path, start: bytes, rest: bytes) -> None:
    (tmp_path / "foreign.bin").write_bytes(start + rest)
    refused(tmp_path / "foreign.bin", None)


def test_bad_content_names_file_place_and_mend(tmp_path: Path) -> None:
    np.save(tmp_path / "nan.npy", np.array([[1.0], [np.nan]]))
    with pytest.raises(UserError, match="row 1"):
        open_space(tmp_path / "nan.npy")
    np.save(tmp_path / "big.npy", np.array([[1e300]]))
    with pytest.raises(UserError, match="too large for float32"):
        open_space(tmp_path / "big.npy")
    np.save(tmp_path / "text.npy", np.array([["a"]]))
    refused(tmp_path / "text.npy", "real numbers")
    (tmp_path / "table.csv").write_text("a,b\nc,d\n")
    refused(tmp_path / "table.csv", "no column of vectors")
    path = write_table(tmp_path / "ragged.arrow", {"z": pa.array([[1.0], [2.0, 3.0]])})
    refused(path, "row 1 has 2 values")
    path = write_table(tmp_path / "hole.arrow", {"z": pa.array([[1.0], None])})
    refused(path, "row 1 has no vector")
    path = write_table(
        tmp_path / "holes.arrow", {"z": pa.array([[1.0], [None]], pa.list_(pa.float32(), 1))}
    )
    refused(path, "missing values")
    path = write_table(tmp_path / "none.arrow", {"a": pa.array([1.0])})
    refused(path, "no column of vectors")
    path = write_table(tmp_path / "two.arrow", {"a": vectors([[1]]), "b": vectors([[1]])})
    refused(path, "several tables of vectors")
    refused(tmp_path / "missing.arrow", "not there")
    refused(tmp_path, "is a folder")


def test_a_failed_save_keeps_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "s.arrow"
    write_space(small(), path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        with pytest.raises(UserError, match=r"s\.arrow"):
            write_space(Space("big", np.ones((9_000, 9), np.float32)), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["s.arrow"]


def test_a_full_disk_is_said_and_the_old_file_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "s.arrow"
    write_space(small(), path)

    def full(_: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic, "_to_disk", full)
    with pytest.raises(UserError, match="disk is full"):
        write_space(small(name="other"), path)
    monkeypatch.undo()
    assert read_space(path).name == "small"
    assert [p.name for p in tmp_path.iterdir()] == ["s.arrow"]


def test_places_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        write_space(small(), tmp_path / "none" / "s.arrow")
    (tmp_path / "folder.arrow").mkdir()
    with pytest.raises(UserError, match="is a folder"):
        write_space(small(), tmp_path / "folder.arrow")
    with pytest.raises(UserError, match="too long"):
        write_space(small(), tmp_path / ("x" * 300 + ".arrow"))
    for name in ("s.npy", "s.txt", "s"):
        with pytest.raises(UserError, match=r"\.arrow or \.parquet"):
            write_space(small(), tmp_path / name)
        assert not (tmp_path / name).exists()


def test_a_parquet_file_holds_the_same_space(tmp_path: Path) -> None:
    names = ("z", "a", "unused", "m")
    codes = np.array([3, 0, -1, 1], np.int32)
    rng = np.random.default_rng(0)
    space = Space(
        "named", rng.normal(size=(4, 3)).astype(np.float32),
        latent_std=rng.random((4, 3), np.float32),
        columns={
            "label": Categories(codes, names),
            "score": Numbers(np.array([1.0, np.nan, np.inf, -2.5])),
            "note": Texts(("", "a", "ü", "a")),
        },
        maps={"umap_2d": rng.normal(size=(4, 2)).astype(np.float32)},
        provenance=Provenance("m", "h", "d", {"seed": 1}),
    )  # fmt: skip
    write_space(space, tmp_path / "s.parquet")
    assert (tmp_path / "s.parquet").read_bytes()[:4] == b"PAR1"
    assert parquet.read_table(tmp_path / "s.parquet").num_rows == 4
    read = open_space(tmp_path / "s.parquet")
    assert_same(space, read)
    assert read.name == space.name
    assert read.provenance == space.provenance
    write_space(Space("none", np.zeros((0, 5), np.float32)), tmp_path / "none.parquet")
    assert open_space(tmp_path / "none.parquet").latent.shape == (0, 5)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.arrow"
    os.mkfifo(pipe)
    for use in (content_kind, open_space, read_latents, lambda path: write_space(small(), path)):
        with pytest.raises(UserError, match=r"pipe\.arrow is a pipe or a device"):
            use(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_one_latent_alone_is_read_where_latents_are_wanted(tmp_path: Path) -> None:
    np.save(tmp_path / "one.npy", np.arange(3, dtype=np.float64))
    np.testing.assert_array_equal(read_latents(tmp_path / "one.npy"), [[0, 1, 2]])
    with pytest.raises(UserError, match="n rows"):
        open_space(tmp_path / "one.npy")


def test_numbers_beyond_float32_are_called_too_large(tmp_path: Path) -> None:
    latents = np.ones((3, 2))
    latents[1, 1] = 1e300
    np.save(tmp_path / "huge.npy", latents)
    np.savez(tmp_path / "huge.npz", latent=latents)
    column = pa.FixedSizeListArray.from_arrays(pa.array(latents.reshape(-1)), 2)
    with pa.OSFile(str(tmp_path / "huge.arrow"), "wb") as file:
        table = pa.table({"latent": column})
        with pa.ipc.new_file(file, table.schema) as writer:
            writer.write_table(table)
    for name in ("huge.npy", "huge.npz", "huge.arrow"):
        with pytest.raises(UserError, match=r"1e\+300, which is too large for float32"):
            open_space(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("adapter.py", b"print(1)", "a Python program"),
        ("net.pt2", b"PK\x03\x04", "an exported PyTorch program"),
        ("net.ckpt", b"\x80\x02}q\x00.", "a pickle"),
    ],
)
def test_files_that_run_code_are_refused_as_unsafe(
    tmp_path: Path, name: str, content: bytes, what: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnsafeFileError, match=what):
        open_space(tmp_path / name)


def test_torchscript_is_called_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("net/code/__torch__.py", "op_version_set = 1")
    assert content_kind(tmp_path / "net.pt") == "torchscript"
    with pytest.raises(UnsafeFileError, match="a TorchScript file"):
        open_space(tmp_path / "net.pt")


def test_an_npz_that_would_swell_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "zeros.npz"
    np.savez_compressed(path, latent=np.zeros((5_000_000, 4), np.float32))
    began = time.monotonic()
    with pytest.raises(UnsafeFileError, match="would unpack to"):
        open_space(path)
    assert time.monotonic() - began < 1


def test_an_npz_whose_entries_share_their_bytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "shared.npz"
    np.savez(path, latent=np.ones((2_000, 4), np.float32), extra=np.ones((2_000, 4), np.float32))
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        entries[0].compress_size = 10**6
        with pytest.raises(UnsafeFileError, match="would unpack to"):
            checked_entries(archive, path)


def test_a_small_table_may_shrink_as_it_likes(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    label = np.zeros(1_000_000, np.int64)
    latent = rng.normal(size=(1_000_000, 2)).astype(np.float32)
    np.savez_compressed(tmp_path / "s.npz", latent=latent, label=label)
    assert len(open_space(tmp_path / "s.npz")) == 1_000_000
