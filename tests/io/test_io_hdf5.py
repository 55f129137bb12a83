"""HDF5 files open as spaces, and those that mean harm or are damaged end in one sentence."""

import contextlib
import os
import time
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latentviewer.domain.candidates import Candidate, SeveralCandidatesError
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.space import LEFT_OUT
from latentviewer.domain.table import Categories, Numbers
from latentviewer.io.hdf5 import apart, opening
from latentviewer.io.hdf5.opening import MOST_MEMBERS, is_hdf5
from latentviewer.io.hdf5.reading import candidates_in, space_in
from latentviewer.io.hdf5.spaces import hdf5_candidates, read_hdf5_space

TEXT = h5py.string_dtype()


def table(rows: int = 6, dims: int = 5) -> Any:
    return np.random.default_rng(0).normal(size=(rows, dims)).astype(np.float32)


def write(path: Path, **members: Any) -> Path:
    with h5py.File(path, "w") as file:
        for name, values in members.items():
            file[name.replace("__", "/")] = values
    return path


def refused(path: Path, words: str, pick: str | None = None, kind: Any = UserError) -> str:
    """What `space_in` says; only for files that do not break HDF5's library."""
    with pytest.raises(kind, match=words) as caught:
        space_in(path, pick)
    sentence = str(caught.value)
    assert path.name in sentence
    assert "\n" not in sentence
    return sentence


def test_a_group_gives_latents_columns_and_maps_through_another_process(tmp_path: Path) -> None:
    path = write(
        tmp_path / "z.h5",
        train__z=table().astype(">f8"),
        train__label=np.array([3, 1, 3, 1, 0, 0]),
        train__score=np.array([0.5, np.nan, 1, 2, 3, 4], np.float16),
        train__word=np.array(["д", "b", "д", "b", "b", "b"], TEXT),
        train__fixed=np.array([b"one", b"two", b"six", b"ten", b"", b"end"]),
        train__good=np.array([True, False, True, True, True, True]),
        train__umap_2d=np.ones((6, 2)),
        train__images=np.zeros((6, 2, 2)),
        other__label=np.arange(6),
    )
    assert hdf5_candidates(path) == (Candidate("train/z", 6, 5),)
    space = read_hdf5_space(path)
    assert space.name == "z"
    np.testing.assert_array_equal(space.latent, table())
    assert space.latent.dtype == np.float32
    assert space.latent.flags.c_contiguous
    shown = {name: [c.text(0), c.text(1)] for name, c in space.columns.items()}
    assert shown == {
        "label": ["3", "1"],
        "score": ["0.5", ""],
        "word": ["д", "b"],
        "fixed": ["one", "two"],
        "good": ["true", "false"],
    }
    assert isinstance(space.columns["label"], Categories)
    assert isinstance(space.columns["score"], Numbers)
    assert list(space.maps) == ["umap_2d"]
    assert len(space.provenance.extra[LEFT_OUT]) == 1
    assert "train/images" in space.provenance.extra[LEFT_OUT][0]


def test_several_tables_have_to_be_picked_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "two.h5", a__z=table(), b__z=table(4, 7).astype(np.int16))
    with pytest.raises(SeveralCandidatesError, match=r"two\.h5#a/z") as caught:
        read_hdf5_space(path)
    assert caught.value.candidates == (Candidate("a/z", 6, 5), Candidate("b/z", 4, 7))
    space = read_hdf5_space(path, "b/z")
    assert space.latent.shape == (4, 7)
    assert "a/z" in space.provenance.extra[LEFT_OUT][0]
    with pytest.raises(UserError, match="no vectors “c”"):
        read_hdf5_space(path, "c")


def test_a_conventional_name_goes_without_saying(tmp_path: Path) -> None:
    path = write(tmp_path / "named.h5", features=table(6, 9), Latent=table())
    assert space_in(path, None).latent.shape == (6, 5)


def test_a_narrow_table_alone_is_the_latents(tmp_path: Path) -> None:
    path = write(tmp_path / "narrow.h5", z=table(6, 2), label=np.arange(6))
    space = space_in(path, None)
    assert space.latent.shape == (6, 2)
    assert not space.maps


def test_packed_and_empty_tables_open(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "packed.h5", "w") as file:
        file.create_dataset(
            "z", data=table(1_000, 4).astype("f8"), chunks=(7, 3), compression="gzip", shuffle=True
        )
        file.create_dataset("e", (0, 3), "f4")
    path = tmp_path / "packed.h5"
    np.testing.assert_array_equal(space_in(path, "z").latent, table(1_000, 4))
    assert space_in(path, "e").latent.shape == (0, 3)


def test_large_tables_are_converted_in_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "_BLOCK_BYTES", 100)
    texts = ["x" * (i % 3 * 70) + str(i) for i in range(300)]
    path = write(tmp_path / "b.h5", z=table(300, 5).astype("f8"), text=np.array(texts, TEXT))
    space = space_in(path, None)
    np.testing.assert_array_equal(space.latent, table(300, 5))
    assert [space.columns["text"].text(i) for i in range(300)] == texts


def test_texts_of_any_length_come_whole(tmp_path: Path) -> None:
    texts = ["", "ü" * 32, "a" * 63, "a" * 64, "a" * 65, "b" * 5_000]
    path = write(tmp_path / "texts.h5", z=table(), text=np.array(texts, TEXT))
    column = space_in(path, None).columns["text"]
    assert [column.text(i) for i in range(6)] == texts


def test_bad_values_are_named(tmp_path: Path) -> None:
    refused(write(tmp_path / "nan.h5", z=np.array([[1.0], [np.nan]])), "row 1")
    refused(write(tmp_path / "huge.h5", z=np.array([[1e300]])), "too large for float32")
    refused(write(tmp_path / "none.h5", a=np.arange(3)), "no table of numbers")
    refused(write(tmp_path / "complex.h5", z=np.ones((2, 2), complex)), "no table of numbers")
    refused(write(tmp_path / "nothing.h5"), "no table of numbers")
    refused(write(tmp_path / "empty.h5", z=h5py.Empty("f4")), "is empty")


def test_missing_files_and_others_are_named(tmp_path: Path) -> None:
    for use in (hdf5_candidates, read_hdf5_space, is_hdf5):
        with pytest.raises(UserError, match="not there"):
            use(tmp_path / "missing.h5")
    (tmp_path / "text.h5").write_text("hello")
    assert not is_hdf5(tmp_path / "text.h5")
    with pytest.raises(UserError, match="damaged"):
        read_hdf5_space(tmp_path / "text.h5")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.h5")
    for use in (is_hdf5, hdf5_candidates, read_hdf5_space):
        with pytest.raises(UserError, match="pipe or a device"):
            use(tmp_path / "pipe.h5")


@pytest.mark.parametrize("before", [0, 512, 1024, 4096])
def test_hdf5_is_told_behind_a_block_of_other_content(tmp_path: Path, before: int) -> None:
    path = tmp_path / "user.h5"
    with h5py.File(path, "w", userblock_size=before) as file:
        file["z"] = table()
    assert is_hdf5(path)
    np.testing.assert_array_equal(space_in(path, None).latent, table())
    path.write_bytes(b"x" * 100 + path.read_bytes()[before:])
    assert not is_hdf5(path)


def lsc(folder: Path, meta: str) -> Path:
    (folder / "latent").mkdir(parents=True)
    (folder / "meta.csv").write_text(meta)
    return write(folder / "latent" / "latent5.h5", latent=table(3))


def test_lsc_rows_carry_their_names(tmp_path: Path) -> None:
    path = lsc(tmp_path / "a", "i,name\n2,c\n0,a\n1,b\n")
    column = space_in(path, None).columns["name"]
    assert [column.text(i) for i in range(3)] == ["a", "b", "c"]


@pytest.mark.parametrize("meta", ["i,name\n0,a\n1,b\n", "i,name\n0,a\n1,b\n1,c\n", "i,name\n0\n"])
def test_lsc_names_of_other_rows_are_left_out(tmp_path: Path, meta: str) -> None:
    space = space_in(lsc(tmp_path / "a", meta), None)
    assert "name" not in space.columns
    assert "meta.csv" in space.provenance.extra[LEFT_OUT][0]


def test_links_to_other_files_are_never_opened(tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.h5", z=table())
    path = tmp_path / "links.h5"
    with h5py.File(path, "w") as file:
        file["outside"] = h5py.ExternalLink(str(secret), "/z")
        file["through"] = h5py.SoftLink("/outside")
        file["folder"] = h5py.ExternalLink(str(secret), "/")
        file["below"] = h5py.SoftLink("/folder/z")
    refused(path, "link to another file", "outside", UnsafeFileError)
    refused(path, "links are not followed", "through")
    refused(path, "links are not followed", "below")
    refused(path, "link", None)
    with h5py.File(path, "a") as file:
        file["z"] = table(3)
    space = space_in(path, None)
    assert space.latent.shape == (3, 5)
    assert len(space.provenance.extra[LEFT_OUT]) == 4


def test_values_in_other_files_are_never_read(tmp_path: Path) -> None:
    (tmp_path / "raw.bin").write_bytes(bytes(400))
    write(tmp_path / "source.h5", z=table(10, 10))
    path = tmp_path / "elsewhere.h5"
    layout = h5py.VirtualLayout((10, 10), "f4")
    layout[:] = h5py.VirtualSource(str(tmp_path / "source.h5"), "z", (10, 10))
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "raw", (10, 10), "f4", external=[(str(tmp_path / "raw.bin"), 0, h5py.h5f.UNLIMITED)]
        )
        file.create_virtual_dataset("virtual", layout)
    refused(path, "values in other files", "raw", UnsafeFileError)
    refused(path, "values in other files", "virtual", UnsafeFileError)
    with pytest.raises(UnsafeFileError):
        candidates_in(path)
    with pytest.raises(UnsafeFileError, match="values in other files"):
        read_hdf5_space(path, "raw")


def test_cycles_of_links_end(tmp_path: Path) -> None:
    path = tmp_path / "cycles.h5"
    with h5py.File(path, "w") as file:
        file["soft"] = h5py.SoftLink("/loop")
        file["loop"] = h5py.SoftLink("/soft")
        file.create_group("a/b")["z"] = table()
        file["a/b/up"] = file["a"]
        file["a/root"] = file["/"]
        file["again"] = file["a/b/z"]
    candidates = candidates_in(path)
    assert len(candidates) == 1
    np.testing.assert_array_equal(space_in(path, candidates[0].name).latent, table())


def test_named_types_and_names_that_cannot_be_shown_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "odd.h5"
    with h5py.File(path, "w") as file:
        file["type"] = np.dtype("f4")
        file["line\nbreak"] = table()
        file.create_dataset(b"caf\xe9", data=table())
        file["z"] = table(3)
    assert candidates_in(path) == (Candidate("z", 3, 5),)
    said = space_in(path, None).provenance.extra[LEFT_OUT]
    assert len(said) == 2
    assert all("cannot be shown" in s and "\n" not in s for s in said)


def test_too_many_and_too_deep_members_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "deep.h5", "w") as file:
        file.create_group("/".join(["g"] * 40))["z"] = table()
    refused(tmp_path / "deep.h5", "deep")
    with h5py.File(tmp_path / "many.h5", "w") as file:
        for number in range(MOST_MEMBERS + 1):
            file[str(number)] = h5py.SoftLink("/x")
    refused(tmp_path / "many.h5", "too many")


@pytest.mark.parametrize("chunks", [None, (1_000, 100)])
def test_a_small_file_cannot_claim_terabytes(tmp_path: Path, chunks: Any) -> None:
    path = tmp_path / "claims.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("z", (25_000_000_000, 100), "f4", chunks=chunks)
        if chunks:
            file["z"][:10, :10] = 1
    began = time.monotonic()
    refused(path, "10,000,000,000,000 bytes", None, UnsafeFileError)
    assert time.monotonic() - began < 5


def test_a_chunk_cannot_claim_gigabytes(tmp_path: Path) -> None:
    path = tmp_path / "chunk.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset(
            "z", (4, 100), "f4", maxshape=(None, 100), chunks=(5_000_000, 100), compression=1
        )
    refused(path, "2,000,000,000 bytes", None, UnsafeFileError)


def test_many_small_claims_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_RATIO_COUNTS_FROM_BYTES", 1 << 16)
    monkeypatch.setattr(opening, "_LARGEST_RATIO", 1)
    path = tmp_path / "sum.h5"
    with h5py.File(path, "w") as file:
        file["z"] = table(1_000, 1)
        for number in range(40):
            file.create_dataset(f"c{number}", (1_000,), "f8", chunks=(1_000,))
    space = space_in(path, "z")
    assert 20 < len(space.columns) < 40
    assert any("far more than" in s for s in space.provenance.extra[LEFT_OUT])


def test_texts_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "shared.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("z", data=table(500, 3), chunks=(500, 3))
        file.create_dataset("text", (500,), TEXT)
        file["text"][0] = "x" * 20_000
    content = bytearray(path.read_bytes())
    with h5py.File(path) as file:
        at = file["text"].id.get_offset()
    content[at : at + 500 * 16] = bytes(content[at : at + 16]) * 500
    path.write_bytes(content)
    space = space_in(path, "z")
    assert "text" not in space.columns
    assert any("share their bytes" in s for s in space.provenance.extra[LEFT_OUT])


def test_filters_that_are_not_built_in_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "filter.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("z", data=table(), chunks=(6, 5), compression="lzf")
    content = path.read_bytes()
    assert content.count(b"lzf") == 1
    number = (32_000).to_bytes(2, "little")
    at = content.rindex(number, 0, content.index(b"lzf"))
    changed = content[:at] + (32_001).to_bytes(2, "little") + content[at + 2 :]
    path.write_bytes(changed)
    refused(path, "filter", "z")


def test_native_plugins_are_not_looked_for(tmp_path: Path) -> None:
    space_in(write(tmp_path / "z.h5", z=table()), None)
    assert h5py.h5pl.size() == 0
    assert os.environ["HDF5_PLUGIN_PRELOAD"] == "::"


def sample(path: Path, libver: str) -> bytes:
    with h5py.File(path, "w", libver=libver) as file:
        file["g/z"] = table()
        file["g/word"] = np.array(list("abcabc"), TEXT)
        file.create_dataset("g/p", data=table(), chunks=(2, 5), compression="gzip")
        file["g"].attrs["note"] = "x"
    return path.read_bytes()


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.95])
def test_a_file_cut_short_is_one_sentence(tmp_path: Path, libver: str, part: float) -> None:
    path = tmp_path / "cut.h5"
    content = sample(path, libver)
    path.write_bytes(content[: int(len(content) * part)])
    with pytest.raises(UserError, match=r"cut\.h5") as caught:
        read_hdf5_space(path, "g/z")
    assert "\n" not in str(caught.value)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data(), libver=st.sampled_from(["earliest", "latest"]))
def test_flipped_bytes_open_or_are_refused_but_never_crash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: st.DataObject, libver: str
) -> None:
    # One in some hundred makes HDF5 2.0 loop for ever.
    monkeypatch.setattr(apart, "_PATIENCE_S", 10.0)
    path = tmp_path / "flipped.h5"
    content = bytearray(sample(path, libver))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    with contextlib.suppress(UserError):
        read_hdf5_space(path, "g/z")


# These stand in for the child's work; the process that runs them is the one that they end.


def _breaks(connection: Any, task: str, name: str, pick: str | None) -> None:
    os.abort()


def _hangs(connection: Any, task: str, name: str, pick: str | None) -> None:
    time.sleep(60)


def _breaks_midway(connection: Any, task: str, name: str, pick: str | None) -> None:
    connection.send_bytes(b'{"bytes": 1000}')
    connection.send_bytes(b"ARROW1")


@pytest.mark.parametrize("work", [_breaks, _breaks_midway])
def test_a_reader_that_breaks_off_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Any
) -> None:
    monkeypatch.setattr(apart, "_serve", work)
    path = write(tmp_path / "z.h5", z=table())
    with pytest.raises(UserError, match=r"z\.h5 is damaged so that its reader broke off"):
        read_hdf5_space(path)


def test_a_reader_that_never_ends_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "_serve", _hangs)
    monkeypatch.setattr(apart, "_PATIENCE_S", 0.2)
    path = write(tmp_path / "z.h5", z=table())
    began = time.monotonic()
    with pytest.raises(UserError, match=r"z\.h5 kept its reader busy"):
        read_hdf5_space(path)
    assert time.monotonic() - began < 30
