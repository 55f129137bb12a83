"""Weights in files of others: read as torch reads them, and nothing of the files is run."""

import argparse
import contextlib
import io
import os
import pickle
import random
import shutil
import struct
import warnings
import zipfile
import zlib
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file
from torch import Tensor, nn

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.engine.importing.checkpoints.inert_pickles import (
    DamagedPickle,
    ForbiddenName,
    Named,
    read_inert,
)
from latentviewer.engine.importing.checkpoints.known_names import is_known
from latentviewer.engine.importing.checkpoints.state_dicts import (
    state_dict_of,
    state_dicts_of,
    weights_question,
)
from latentviewer.engine.importing.checkpoints.torch_files import layout_of
from latentviewer.engine.importing.inferring.importer import STATE_DICT

FORMATS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
PROTOCOLS = pytest.mark.parametrize("protocol", range(6))


class Runs:
    """Touches a file when it is unpickled."""

    def __init__(self, canary: Path, by: Callable[..., Any] = os.system) -> None:
        self._canary, self._by = canary, by

    def __reduce__(self) -> Any:
        return self._by, (f"touch {self._canary}",)


def net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(16, 4), nn.BatchNorm1d(4), nn.ReLU(), nn.Linear(4, 16))


def save(value: Any, path: Path, zipped: bool, protocol: int = 2) -> Path:
    torch.save(value, path, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    return path


def read_all(path: Path) -> None:
    for one in state_dicts_of(path):
        one.tensors()


def refusal(path: Path, kind: type[UserError] = UserError) -> str:
    with pytest.raises(UserError) as caught:
        read_all(path)
    sentence = str(caught.value)
    assert type(caught.value) is kind, sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert str(path) in sentence
    return sentence


def zip_of(path: Path, pickled: bytes, **data: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        for key, numbers in data.items():
            archive.writestr(f"archive/data/{key.removeprefix('s')}", numbers)
    return path


def repacked(path: Path, change: Callable[[str, bytes], bytes | None]) -> Path:
    """The zip file with its entries changed, left out where that gives None."""
    with zipfile.ZipFile(path) as archive:
        entries = [(name, change(name, archive.read(name))) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            if content is not None:
                archive.writestr(name, content)
    return path


@FORMATS
@pytest.mark.parametrize("protocol", range(1, 6))
def test_tensors_are_those_that_torch_reads(zipped: bool, protocol: int, tmp_path: Path) -> None:
    state = net().state_dict()
    state["view"] = torch.arange(24.0).view(2, 3, 4)[:, 1:].transpose(0, 2)
    state["tied"] = state["0.weight"]
    state["parameter"] = nn.Parameter(torch.ones(3, requires_grad=True))
    path = save(state, tmp_path / "m.pt", zipped, protocol)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's, that it is another protocol
        wanted = torch.load(path, weights_only=protocol == 2)
    (found,) = state_dicts_of(path)
    tensors = found.tensors()
    assert list(found.shapes) == list(tensors) == list(wanted)
    for name, tensor in wanted.items():
        assert torch.equal(tensors[name], tensor.detach()), name
        assert tensors[name].is_contiguous()
        assert found.shapes[name] == tuple(tensor.shape)
    assert found.in_order
    assert found.numbers == sum(tensor.numel() for tensor in wanted.values())


@FORMATS
@pytest.mark.parametrize(
    "key", ["state_dict", "model_state_dict", "model", "generator", "G_ema", "net", "params"]
)
def test_state_dicts_are_found_where_trainers_keep_them(
    key: str, zipped: bool, tmp_path: Path
) -> None:
    model = net()
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(2, 16)).sum().backward()
    optimizer.step()
    checkpoint = {
        "epoch": 3, "loss": np.float64(0.5), "best": {"at": 2}, "seen": {1, 2}, "none": None,
        "optimizer_state_dict": optimizer.state_dict(), "rng": torch.get_rng_state(),
        "arguments": argparse.Namespace(lr=1e-3), "history": defaultdict(list, a=[1.0]),
        "callbacks": [{"state": OrderedDict()}], "complex": 1 + 2j, "size": torch.Size([2]),
        "dtype": torch.float16, "array": np.arange(3), "bytes": b"abc", "long": 1 << 70,
        key: {f"module._orig_mod.{k}": v for k, v in model.state_dict().items()},
    }  # fmt: skip
    path = save(checkpoint, tmp_path / "c.ckpt", zipped)
    (found,) = state_dicts_of(path)
    assert found.name == key
    for name, tensor in model.state_dict().items():
        assert torch.equal(found.tensors()[name], tensor)
    assert weights_question((found,)) is None


def test_several_are_asked_about_and_ordered(tmp_path: Path) -> None:
    small, large = net().state_dict(), nn.Linear(40, 40).state_dict()
    file = {
        "discriminator": large, "generator": small, "extra": large, "ema": {"shadow": small},
        "encoder": small, "decoder": small,
    }  # fmt: skip
    found = state_dicts_of(save(file, tmp_path / "gan.pt", True))
    question = weights_question(found)
    assert question is not None
    assert question.guess == "encoder and decoder"
    assert [value for value, _ in question.choices] == [
        "encoder and decoder", "ema.shadow", "generator", "decoder", "extra", "encoder",
        "discriminator",
    ]  # fmt: skip
    chosen = state_dict_of(tmp_path / "gan.pt", {"weights_in": "extra"})
    assert chosen.shapes == {"weight": (40, 40), "bias": (40,)}
    both = state_dict_of(tmp_path / "gan.pt", {"weights_in": "nothing"})
    assert next(iter(both.shapes)) == "encoder.0.weight"
    assert torch.equal(both.tensors(["decoder.3.bias"])["decoder.3.bias"], small["3.bias"])


@pytest.mark.parametrize("ending", ["pt", "safetensors"])
def test_every_float_becomes_float32(ending: str, tmp_path: Path) -> None:
    kinds = [torch.float16, torch.bfloat16, torch.float64, torch.float32, torch.int64, torch.uint8]
    state = {f"{at}.weight": torch.arange(4).to(kind) for at, kind in enumerate(kinds)}
    path = tmp_path / f"m.{ending}"
    if ending == "pt":
        torch.save(state, path)
    else:
        save_file(state, path)
    tensors = state_dict_of(path, {}).tensors()
    assert [tensors[name].dtype for name in state] == [torch.float32] * 4 + kinds[4:]
    assert all(tensor.tolist() == [0, 1, 2, 3] for tensor in tensors.values())


def test_files_are_told_by_content_and_not_by_name(tmp_path: Path) -> None:
    state = net().state_dict()
    save_file(state, tmp_path / "a.pt")
    save(state, tmp_path / "b.safetensors", True)
    save(state, tmp_path / "c.onnx", False)
    for name in ("a.pt", "b.safetensors", "c.onnx"):
        assert STATE_DICT.recognises(tmp_path / name)
        tensors = state_dict_of(tmp_path / name, {}).tensors()
        assert torch.equal(tensors["3.weight"], state["3.weight"])


def test_other_files_are_not_recognised(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(net().eval()).save(tmp_path / "script.pt")
    shutil.copy(tmp_path / "script.pt", tmp_path / "script.bin")
    torch.export.save(torch.export.export(net().eval(), (torch.ones(2, 16),)), tmp_path / "e.pt2")
    shutil.copy(tmp_path / "e.pt2", tmp_path / "e.pt")
    np.savez(tmp_path / "a.npz", x=np.ones(3))
    (tmp_path / "text.pt").write_text("weights")
    (tmp_path / "empty.pt").write_bytes(b"")
    (tmp_path / "vectors.txt").write_text("the 0.1 0.2\nof 0.3 0.4\n")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps({"weight": [1.0]}))
    (tmp_path / "folder.pt").mkdir()
    os.mkfifo(tmp_path / "pipe.pt")
    (tmp_path / "script_in.pt").symlink_to(tmp_path / "script.pt")
    zip_of(tmp_path / "two.pt", pickle.dumps({}))
    with zipfile.ZipFile(tmp_path / "two.pt", "a") as archive:
        archive.writestr("other/data.pkl", pickle.dumps({}))
    for path in sorted(tmp_path.iterdir()):
        assert not STATE_DICT.recognises(path), path.name
    assert not STATE_DICT.recognises(tmp_path / "missing.pt")


def hostile(canary: Path) -> list[Any]:
    """What torch or Python would run something for."""
    return [
        Runs(canary),
        {"state_dict": {"weight": torch.ones(2), "bias": Runs(canary)}},
        OrderedDict(weight=torch.ones(2), _metadata=Runs(canary, eval)),
        {"a": [1, {"b": (Runs(canary, exec),)}]},
        {(Runs(canary), 1): 2},
    ]


@PROTOCOLS
@FORMATS
@pytest.mark.parametrize("which", range(5))
@pytest.mark.parametrize("name", ["w.pt", "w.safetensors", "w.bin", "w.ckpt"])
def test_hostile_pickles_run_nothing_and_are_named(
    name: str, which: int, zipped: bool, protocol: int, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    path = save(hostile(canary)[which], tmp_path / name, zipped, protocol)
    recognised = STATE_DICT.recognises(path)
    try:
        layout = layout_of(path)
    except UserError:
        layout = None
    assert not recognised or protocol == 0
    sentence = refusal(path, UnsafeFileError if layout is not None else UserError)
    if layout is not None:
        assert "could run code" in sentence
        assert any(word in sentence for word in ("system”", "eval”", "exec”"))
    assert not canary.exists()


@PROTOCOLS
def test_a_hostile_pickle_of_no_torch_s_runs_nothing(protocol: int, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    path = tmp_path / "w.pt"
    path.write_bytes(pickle.dumps({"w": Runs(canary)}, protocol))
    assert not STATE_DICT.recognises(path)
    assert "system”" in refusal(path, UnsafeFileError)
    assert not canary.exists()


@pytest.mark.parametrize("place", range(5))
def test_each_pickle_of_the_old_format_is_guarded(place: int, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    path = save(net().state_dict(), tmp_path / "m.pt", False)
    content, ends = path.read_bytes(), [0]
    for _ in range(5):
        ends.append(ends[-1] + read_inert(content[ends[-1] :], is_known).end)
    evil = pickle.dumps(Runs(canary), 2)
    path.write_bytes(content[: ends[place]] + evil + content[ends[place + 1] :])
    assert "system”" in refusal(path, UnsafeFileError)
    assert not canary.exists()


@pytest.mark.parametrize(
    ("pickled", "name"),
    [
        (b"cos\nsystem\n(S'true'\ntR.", "os.system"),
        (b"(S'true'\nios\nsystem\n.", "os.system"),
        (b"(cos\nsystem\nS'true'\no.", "os.system"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.", "os.system"),
        (b"\x80\x04\x8c\x05torch\x8c\x09os.system\x93\x8c\x04true\x85R.", "torch.os.system"),
        (b"\x80\x02ctorch.nn.modules.linear\ntorch.hub.load\n.", "torch.nn.modules.linear.torch"),
        (b"\x80\x02c__builtin__\neval\nX\x01\x00\x00\x001\x85R.", "builtins.eval"),
        (b"\x80\x02ctorch.serialization\nload\n)R.", "torch.serialization.load"),
        (b"\x80\x02ctorch.storage\n_load_from_bytes\nC\x01a\x85R.", "torch.storage._load"),
        (b"\x80\x02cbuiltins\ngetattr\n.", "builtins.getattr"),
        (b"\x80\x02\x82\x01.", "copyreg extension 1"),
        (b"\x80\x02ccollections\nOrderedDict os\nsystem\n.", "collections.OrderedDict os"),
        (b"\x80\x04\x8c\x04a\nb \x8c\x03c\xc2\xa0\x93.", "a?b .c?"),
    ],
)
def test_names_that_are_not_allowed_are_told(pickled: bytes, name: str, tmp_path: Path) -> None:
    with pytest.raises(ForbiddenName):
        read_inert(pickled, is_known)
    assert f"“{name}" in refusal(zip_of(tmp_path / "w.pt", pickled), UnsafeFileError)


@pytest.mark.parametrize(
    "pickled",
    [
        b"",
        b".",
        b"\x80\x02",
        b"\x80\x02}",
        b"\x80\x02}}.",
        b"\x80\x02(.",
        b"\x80\x02t.",
        b"\x80\x02h\x05.",
        b"\x80\x02}K\x01s.",
        b"\x80\x02K\x01K\x02a.",
        b"\x80\x02K\x01K\x02K\x03s.",
        b"\x80\x02}(K\x01u.",
        b"\x80\x02K\x01)R.",
        b"\x80\x02K\x01}b.",
        b"\x80\x02\x85.",
        b"\x80\x02K\x01K\x02\x93.",
        b"\x80\x05\x97.",
        b"\x80\x02\xff.",
        b"\x80\x04\x8e" + struct.pack("<Q", 1 << 40) + b"abc.",
        b"\x80\x05\x96" + struct.pack("<Q", 1 << 60) + b"abc.",
        b"\x80\x02\x8b\xff\xff\xff\x7fabc.",
        b"\x80\x02X\xff\xff\xff\x7fabc.",
        b"I" + b"9" * 5000 + b"\n.",
        b"S'\\x'\n.",
        b"\x80\x02}" * 500_001,
    ],
)
def test_damaged_pickles_are_told(pickled: bytes, tmp_path: Path) -> None:
    with pytest.raises(DamagedPickle):
        read_inert(pickled, is_known)
    assert "damaged pickle" in refusal(zip_of(tmp_path / "w.pt", pickled))


def test_what_is_read_is_made_of_plain_values_alone() -> None:
    kept = read_inert(
        pickle.dumps({"a": (1, 2.5, None, True), b"b": ["x", {1}, 1 << 80]}), is_known
    )
    assert kept.value == {"a": (1, 2.5, None, True), b"b": ["x", [1], 1 << 80]}
    assert read_inert(pickle.dumps(OrderedDict), is_known).value == Named("collections.OrderedDict")


def test_a_few_bytes_do_not_keep_it_busy(tmp_path: Path) -> None:
    # Tuples of the same tuple twice: a hash or a comparison would take 2**60 steps.
    nested = b"\x80\x02}" + b")" + b"q\x000h\x00" + b"h\x00\x86q\x00" * 60 + b"K\x01s."
    assert read_inert(nested, is_known).value == {}
    # The same dictionaries in one another in ever so many ways.
    shelves: dict[str, Any] = {"weight": torch.ones(1)}
    for _ in range(30):
        shelves = {f"k{i}": shelves for i in range(40)}
    save(shelves, tmp_path / "nested.pt", True)
    assert "holds no state dict" in refusal(tmp_path / "nested.pt")
    deep: list[Any] = []
    pickled = b"\x80\x02" + b"]" * 200_000 + b"a" * 199_999 + b"."
    deep = read_inert(pickled, is_known).value
    assert isinstance(deep[0], list)
    keys = b"\x80\x02}" + b"\x8b" + struct.pack("<i", 100_000) + b"\x01" * 100_000 + b"q\x000"
    keys += b"h\x00K\x01s" * 50_000 + b"."
    assert read_inert(keys, is_known).value == {}


def claim(shape: tuple[int, ...], stride: tuple[int, ...], count: int, offset: int = 0) -> bytes:
    """A pickled state dict of one tensor with these claims."""

    class Storage:
        pass

    class Pickler(pickle.Pickler):
        def persistent_id(self, value: Any) -> Any:
            if isinstance(value, Storage):
                return ("storage", torch.FloatStorage, "0", "cpu", count)
            return None

    class Claimed:
        def __reduce__(self) -> Any:
            args = (Storage(), offset, shape, stride, False, OrderedDict())
            return torch._utils._rebuild_tensor_v2, args

    stream = io.BytesIO()
    Pickler(stream, 2).dump({"0.weight": Claimed()})
    return stream.getvalue()


@pytest.mark.parametrize(
    ("shape", "stride", "count", "offset"),
    [
        ((10**6, 10**6), (0, 0), 1, 0),  # 4 TB of one number
        ((2,), (0,), 1, 0),
        ((4,), (1,), 4, 1),
        ((2, 2), (3, 1), 4, 0),
        ((4,), (1 << 61,), 4, 0),
    ],
)
def test_tensors_larger_than_their_storage_are_refused(
    shape: tuple[int, ...], stride: tuple[int, ...], count: int, offset: int, tmp_path: Path
) -> None:
    pickled = claim(shape, stride, count, offset)
    path = zip_of(tmp_path / "w.pt", pickled, s0=b"\0" * 4 * count)
    assert "“0.weight” of shape" in refusal(path, UnsafeFileError)


@pytest.mark.parametrize(
    ("shape", "count", "data", "said"),
    [
        ((4,), 4, b"\0" * 12, "take 12 bytes, where 16 bytes should be"),
        ((1 << 40,), 1 << 40, b"\0" * 12, "take 12 bytes"),
        ((4,), 4, None, "are missing"),
        ((0, 1 << 40), 4, b"\0" * 16, "is empty"),
        ((-4,), 4, b"\0" * 16, "is without a shape"),
        ((1,) * 40, 4, b"\0" * 16, "is without a shape"),
        (("4",), 4, b"\0" * 16, "is without a shape"),
        ((4,), 4, struct.pack("<4f", 1, 2, float("nan"), 4), "“0.weight” holds NaN"),
        ((4,), 4, struct.pack("<4f", 1, 2, float("inf"), 4), "“0.weight” holds NaN"),
    ],
)
def test_claims_that_do_not_fit_the_file_are_told(
    shape: tuple[Any, ...], count: int, data: bytes | None, said: str, tmp_path: Path
) -> None:
    stride = tuple(1 for _ in shape)
    data_of = {} if data is None else {"s0": data}
    path = zip_of(tmp_path / "w.pt", claim(shape, stride, count), **data_of)
    assert said in refusal(path)


def test_an_offer_tells_of_tensors_that_swell(tmp_path: Path) -> None:
    state = nn.Sequential(nn.Linear(2, 8), nn.Linear(8, 784)).state_dict()
    path = save(state, tmp_path / "w.pt", True)
    assert STATE_DICT.offer(path, {}).missing == ()
    state["1.weight"] = torch.ones(1).expand(784, 8)
    save(state, path, True)
    with pytest.raises(UnsafeFileError, match=r"“1\.weight” of shape"):
        STATE_DICT.offer(path, {})


def test_many_views_of_one_storage_do_not_fill_the_memory(tmp_path: Path) -> None:
    block = torch.ones(1 << 16)
    save({f"{i}.weight": block for i in range(500)}, tmp_path / "w.pt", True)
    assert "its tensors would take 131,072,000" in refusal(tmp_path / "w.pt", UnsafeFileError)


def test_zip_entries_that_swell_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", claim((1 << 26,), (1,), 1 << 26))
        archive.writestr("a/data/0", bytes(1 << 28))
    assert "would unpack to" in refusal(path, UnsafeFileError)
    outside = tmp_path / "x.pt"
    with zipfile.ZipFile(outside, "w") as archive:
        archive.writestr("../a/data.pkl", claim((1,), (1,), 1))
    assert "points outside" in refusal(outside, UnsafeFileError)


def test_a_packed_entry_that_does_not_swell_is_read(tmp_path: Path) -> None:
    state = net().state_dict()
    path = save(state, tmp_path / "w.pt", True)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    assert torch.equal(state_dict_of(path, {}).tensors()["0.weight"], state["0.weight"])


def test_a_checksum_that_is_wrong_is_told(tmp_path: Path) -> None:
    path = save(net().state_dict(), tmp_path / "w.pt", True)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        at = archive.getinfo("w/data/0").header_offset
    content[at + 200] ^= 1
    path.write_bytes(content)
    assert zlib.crc32(content) != 0
    assert "is damaged (Bad CRC-32" in refusal(path)


@pytest.mark.parametrize("key", ["w/data.pkl", "w/data/0", "w/byteorder"])
def test_entries_that_are_missing_or_changed(key: str, tmp_path: Path) -> None:
    path = save(net().state_dict(), tmp_path / "w.pt", True)
    repacked(path, lambda name, content: None if name == key else content)
    if key == "w/byteorder":  # files from before there was one
        assert len(state_dict_of(path, {}).tensors()) == 9
        repacked(path, lambda name, content: b"big" if name == "w/version" else content)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("w/byteorder", "big")
        assert "another byte order" in refusal(path)
    elif key == "w/data/0":
        assert "tensor “0.weight” are missing" in refusal(path)
    else:
        assert "cannot be read as weights" in refusal(path)


@FORMATS
def test_files_cut_short_are_told_and_nothing_else(zipped: bool, tmp_path: Path) -> None:
    path = save(net().state_dict(), tmp_path / "w.pt", zipped)
    content = path.read_bytes()
    for end in [*range(0, 200, 7), *range(200, len(content), 61), len(content) - 1]:
        path.write_bytes(content[:end])
        refusal(path)
        STATE_DICT.recognises(path)


def test_a_safetensors_file_that_is_damaged_is_told(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file(net().state_dict(), path)
    content = path.read_bytes()
    path.write_bytes(content[:-3])
    assert "cut short" in refusal(path)
    assert STATE_DICT.recognises(path)
    path.write_bytes(content + b"more")
    assert "too many after its tensors" in refusal(path)
    save_file({"0.weight": torch.ones(2, 2).to(torch.float8_e4m3fn)}, path)
    assert "“0.weight” is F8_E4M3, which is not read" in refusal(path)
    save_file({"0.weight": torch.tensor([1.0, float("nan")])}, path)
    assert "“0.weight” holds NaN" in refusal(path)


@FORMATS
@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        (lambda: torch.eye(3).to_sparse(), "is sparse tensor"),
        (lambda: torch.quantize_per_tensor(torch.ones(3), 0.1, 0, torch.qint8), "is qtensor"),
        (lambda: torch.ones(3, dtype=torch.complex64), "is of an unknown kind of number"),
        (lambda: torch.ones(3, dtype=torch.float8_e4m3fn), "is tensor v3"),
        (lambda: torch.ones(3, device="meta"), "is meta tensor no storage"),
    ],
)
def test_tensors_of_other_kinds_are_named(
    tensor: Callable[[], Tensor], said: str, zipped: bool, tmp_path: Path
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of quantised tensors
        state = {"0.bias": torch.ones(2), "0.weight": tensor()}
        path = save(state, tmp_path / "w.pt", zipped)
    assert f"tensor “0.weight” {said}" in refusal(path)
    found = state_dict_of(path, {})
    assert torch.equal(found.tensors(["0.bias"])["0.bias"], torch.ones(2))


def test_files_without_weights_say_so(tmp_path: Path) -> None:
    for at, value in enumerate(
        ([1, 2], {}, {"epoch": 3}, torch.ones(3), "text", {1: torch.ones(2)})
    ):
        path = save(value, tmp_path / f"{at}.pt", True)
        assert "holds no state dict" in refusal(path)
    (tmp_path / "plain.pt").write_bytes(pickle.dumps({"weight": [1.0]}))
    assert "not one that torch.save wrote" in refusal(tmp_path / "plain.pt")
    (tmp_path / "text.txt").write_text("weights")
    assert "neither safetensors nor a file of torch.save" in refusal(tmp_path / "text.txt")
    assert "is not there" in refusal(tmp_path / "none.pt")


def test_names_are_shown_on_one_line(tmp_path: Path) -> None:
    save(
        {"a\nb\u202e.weight": torch.ones(2, 2), "x" * 5000: torch.ones(1)}, tmp_path / "w.pt", True
    )
    assert list(state_dict_of(tmp_path / "w.pt", {}).shapes) == ["a?b?.weight"]
    (missing,) = STATE_DICT.offer(tmp_path / "w.pt", {}).missing
    assert "\n" not in missing


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 1 << 30), zipped=st.booleans())
def test_changed_bytes_never_do_more_than_refuse(seed: int, zipped: bool, tmp_path: Path) -> None:
    path = save({"model": net().state_dict(), "lr": np.float64(1)}, tmp_path / "w.pt", zipped)
    dice = random.Random(seed)

    def changed(name: str, content: bytes) -> bytes:
        if zipped and not name.endswith("data.pkl"):
            return content
        altered = bytearray(content)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(min(len(altered), 1200))
            altered[at] = dice.randrange(256)
        return bytes(altered)

    if zipped:
        repacked(path, changed)
    else:
        path.write_bytes(changed("", path.read_bytes()))
    STATE_DICT.recognises(path)
    with contextlib.suppress(UserError):
        read_all(path)
