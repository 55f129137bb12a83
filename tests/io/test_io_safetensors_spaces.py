"""Tensors open as spaces; whatever a header claims falsely ends in one sentence."""

import contextlib
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from latentviewer.domain.candidates import Candidate, SeveralCandidatesError
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import LEFT_OUT
from latentviewer.domain.table import Categories, Numbers
from latentviewer.io import safetensors_spaces
from latentviewer.io.safetensors_spaces import (
    is_safetensors,
    read_safetensors_space,
    safetensors_candidates,
)

TABLE = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)


def by_hand(path: Path, header: Any, data: bytes = b"") -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def entry(dtype: str, shape: Any, *offsets: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": list(offsets)}


def refused(path: Path, words: str) -> None:
    for use in (safetensors_candidates, read_safetensors_space):
        with pytest.raises(UserError, match=words) as caught:
            use(path)
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_tensors_give_latents_columns_and_maps(tmp_path: Path) -> None:
    path = tmp_path / "z.safetensors"
    save_file(
        {
            "z": TABLE,
            "label": np.array([3, 1, 3, 1, 0, 0]),
            "score": np.array([0.5, np.nan, 1, 2, 3, 4], np.float16),
            "good": np.array([True] * 5 + [False]),
            "umap_2d": np.ones((6, 2)),
            "images": np.zeros((6, 2, 2), np.float32),
        },
        path,
        {"made by": "us"},
    )
    assert is_safetensors(path)
    assert safetensors_candidates(path) == (Candidate("z", 6, 5),)
    space = read_safetensors_space(path)
    assert space.name == "z"
    np.testing.assert_array_equal(space.latent, TABLE)
    assert isinstance(space.columns["label"], Categories)
    assert isinstance(space.columns["score"], Numbers)
    assert [space.columns["score"].text(i) for i in range(3)] == ["0.5", "", "1"]
    assert [space.columns["good"].text(i) for i in (0, 5)] == ["true", "false"]
    np.testing.assert_array_equal(space.maps["umap_2d"], np.ones((6, 2)))
    (sentence,) = space.provenance.extra[LEFT_OUT]
    assert "images" in sentence


def test_float32_is_mapped_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.safetensors"
    save_file({"z": np.ones((50_000, 16), np.float32)}, path)
    tracemalloc.start()
    space = read_safetensors_space(path)
    # The check for finite values is a byte a number.
    assert tracemalloc.get_traced_memory()[1] < 1_500_000
    tracemalloc.stop()
    assert not space.latent.flags.owndata
    assert not space.latent.flags.writeable


def test_a_tensor_that_is_not_aligned_is_copied(tmp_path: Path) -> None:
    header = json.dumps({"z": entry("F32", [6, 5], 0, 120)}).encode()
    header += b" " * ((1 - len(header)) % 4)
    assert (8 + len(header)) % 4 == 1
    latent = read_safetensors_space(
        by_hand(tmp_path / "z.safetensors", header, TABLE.tobytes())
    ).latent
    assert latent.flags.aligned
    np.testing.assert_array_equal(latent, TABLE)


@pytest.mark.parametrize(
    ("name", "dtype"),
    [("F64", "<f8"), ("F16", "<f2"), ("I8", "i1"), ("U8", "u1"), ("I16", "<i2"), ("U16", "<u2"),
     ("I32", "<i4"), ("U32", "<u4"), ("I64", "<i8"), ("U64", "<u8")],
)  # fmt: skip
def test_other_dtypes_are_converted_in_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, dtype: str
) -> None:
    monkeypatch.setattr(safetensors_spaces, "_BLOCK_BYTES", 40)
    values = np.arange(21).reshape(7, 3).astype(dtype)
    path = by_hand(
        tmp_path / "z.safetensors",
        {"z": entry(name, [7, 3], 0, values.nbytes)},
        values.tobytes(),
    )
    np.testing.assert_array_equal(read_safetensors_space(path).latent, np.arange(21).reshape(7, 3))


def test_bfloat16_is_the_upper_half_of_float32(tmp_path: Path) -> None:
    exact = np.array([[1.5, -2.0, 0.0, 3.0e38], [0.15625, 1, 2, 256]], np.float32)
    halves = (exact.view(np.uint32) >> 16).astype("<u2")
    path = by_hand(
        tmp_path / "z.safetensors",
        {"z": entry("BF16", [2, 4], 0, 16), "c": entry("BF16", [2], 16, 20)},
        halves.tobytes() + halves[:, 0].tobytes(),
    )
    space = read_safetensors_space(path)
    np.testing.assert_array_equal(space.latent, (halves.astype(np.uint32) << 16).view(np.float32))
    np.testing.assert_array_equal(space.latent[:, :3], exact[:, :3])
    assert [space.columns["c"].text(i) for i in range(2)] == ["1.5", "0.15625"]


def test_several_tensors_have_to_be_picked_by_name(tmp_path: Path) -> None:
    path = tmp_path / "two.safetensors"
    save_file({"a": TABLE, "b": TABLE[:4].copy()}, path)
    with pytest.raises(SeveralCandidatesError, match=r"two\.safetensors#"):
        read_safetensors_space(path)
    space = read_safetensors_space(path, "b")
    assert space.latent.shape == (4, 5)
    assert "a (6 x 5)" in space.provenance.extra[LEFT_OUT][0]
    with pytest.raises(UserError, match="no vectors “c”"):
        read_safetensors_space(path, "c")


def test_empty_tensors_lie_anywhere(tmp_path: Path) -> None:
    header = {
        "e": entry("F32", [0, 3], 120, 120),
        "z": entry("F32", [6, 5], 0, 120),
        "f": entry("F32", [0], 0, 0),
    }
    path = by_hand(tmp_path / "e.safetensors", header, TABLE.tobytes())
    np.testing.assert_array_equal(read_safetensors_space(path, "z").latent, TABLE)
    assert read_safetensors_space(path, "e").latent.shape == (0, 3)


def test_dtypes_that_are_not_shown_are_left_out(tmp_path: Path) -> None:
    header = {
        "z": entry("F32", [6, 5], 0, 120),
        "eight": entry("F8_E4M3", [6, 2], 120, 132),
        "four": entry("F4", [6, 2], 132, 138),
    }
    path = by_hand(tmp_path / "f.safetensors", header, TABLE.tobytes() + bytes(18))
    said = read_safetensors_space(path).provenance.extra[LEFT_OUT]
    assert len(said) == 2
    assert "F8_E4M3" in said[0]


def test_bad_values_are_named(tmp_path: Path) -> None:
    save_file({"z": np.array([[1.0], [np.nan]])}, tmp_path / "nan.safetensors")
    with pytest.raises(UserError, match="row 1"):
        read_safetensors_space(tmp_path / "nan.safetensors")
    save_file({"z": np.array([[1e300]])}, tmp_path / "huge.safetensors")
    with pytest.raises(UserError, match="too large for float32"):
        read_safetensors_space(tmp_path / "huge.safetensors")
    save_file({"z": np.arange(4)}, tmp_path / "none.safetensors")
    refused(tmp_path / "none.safetensors", "no table of numbers")


DEEP = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
Z = entry("F32", [2, 3], 0, 24)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (b"{", "not JSON"),
        (b"{\xff}", "not JSON"),
        (DEEP, "not JSON"),
        (b'{"z":' + json.dumps(Z).encode() + b',"z":' + json.dumps(Z).encode() + b"}", "once"),
        (b'{"z":{"dtype":"F32","dtype":"F64","shape":[2,3],"data_offsets":[0,24]}}', "once"),
        (b"[1]", "not a JSON object"),
        ({"z": 1}, "“z”"),
        ({"z": {"dtype": "F32", "shape": [2, 3]}}, "“z”"),
        ({"z": {**Z, "more": 1}}, "“z”"),
        ({"z": {**Z, "dtype": 4}}, "“z”"),
        ({"z": {**Z, "dtype": "F99"}}, "F99"),
        ({"z": {**Z, "shape": 6}}, "“z”"),
        ({"z": {**Z, "shape": [2.0, 3]}}, "“z”"),
        ({"z": {**Z, "shape": [True, 6]}}, "“z”"),
        ({"z": {**Z, "shape": [-2, -3]}}, "“z”"),
        ({"z": {**Z, "shape": [2, 4]}}, "“z”"),
        ({"z": {**Z, "shape": [2**61, 2**61]}}, "“z”"),
        ({"z": {**Z, "shape": [2**100, 3]}}, "“z”"),
        ({"z": {**Z, "data_offsets": [0]}}, "“z”"),
        ({"z": {**Z, "data_offsets": [24, 0]}}, "“z”"),
        ({"z": {**Z, "data_offsets": [-24, 0]}}, "“z”"),
        ({"z": {**Z, "data_offsets": [0, "24"]}}, "“z”"),
        ({"z": entry("F32", [10**6, 10**6], 0, 4 * 10**12)}, "4,000,000,000,000 bytes"),
        ({"z": Z, "y": Z}, "does not begin where the last one ends"),
        ({"z": entry("F32", [2, 2], 8, 24)}, "does not begin"),
        ({"z": entry("F32", [1, 3], 0, 12)}, "12 bytes and 24"),
        ({"z": entry("F4", [1, 3], 0, 1)}, "“z”"),
        ({"__metadata__": [1], "z": Z}, "metadata"),
        ({"__metadata__": {"a": 1}, "z": Z}, "metadata"),
        ({}, "0 bytes and 24"),
    ],
)
def test_headers_that_lie_are_refused(tmp_path: Path, header: Any, words: str) -> None:
    refused(by_hand(tmp_path / "lie.safetensors", header, bytes(24)), words)


@pytest.mark.parametrize("length", [25, 10**8 + 1, 2**63, 2**64 - 1])
def test_a_header_longer_than_its_file_is_not_read(tmp_path: Path, length: int) -> None:
    path = tmp_path / "long.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + b"{" + bytes(23))
    assert not is_safetensors(path)
    tracemalloc.start()
    refused(path, f"{length:,}")
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()


def test_files_cut_short_anywhere_are_refused(tmp_path: Path) -> None:
    save_file({"z": TABLE, "label": np.arange(6)}, tmp_path / "whole.safetensors")
    content = (tmp_path / "whole.safetensors").read_bytes()
    for end in range(len(content)):
        (tmp_path / "cut.safetensors").write_bytes(content[:end])
        refused(tmp_path / "cut.safetensors", r"cut\.safetensors")


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_flipped_bytes_open_or_are_refused_but_never_crash(
    tmp_path: Path, data: st.DataObject
) -> None:
    path = tmp_path / "flipped.safetensors"
    save_file({"z": TABLE[:2].copy(), "label": np.arange(2)}, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    is_safetensors(path)
    with contextlib.suppress(UserError):
        read_safetensors_space(path)


def test_missing_files_and_others_are_named(tmp_path: Path) -> None:
    for use in (is_safetensors, safetensors_candidates, read_safetensors_space):
        with pytest.raises(UserError, match="not there"):
            use(tmp_path / "missing.safetensors")
    (tmp_path / "text").write_text("hello")
    (tmp_path / "empty").write_bytes(b"")
    for name in ("text", "empty"):
        assert not is_safetensors(tmp_path / name)
        refused(tmp_path / name, "no whole safetensors file")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for use in (is_safetensors, safetensors_candidates, read_safetensors_space):
        with pytest.raises(UserError, match="pipe or a device"):
            use(tmp_path / "pipe")
