"""Files that carry a payload: under every name, in zips that lie, among honest numbers."""

import base64
import io
import json
import marshal
import pickle
import struct
import tarfile
import textwrap
import warnings
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.hostile.payloads import CODE, EXPRESSION, PAYLOADS, Reduced, by_exec, canary

Build = Callable[[Path], Path]
"""Makes a file, or a folder, in an empty folder; returns its path."""

ENDINGS = (
    ".pkl", ".pickle", ".pt", ".pth", ".ckpt", ".bin", ".joblib", ".dill", ".safetensors",
    ".npz", ".npy", ".arrow", ".feather", ".parquet", ".csv", ".tsv", ".json", ".jsonl", ".onnx",
    ".h5", ".h5ad", ".keras", ".pt2", ".png", ".latentviewer", ".txt", ".vec", ".pbtxt", ".zip", "",
)  # fmt: skip


def _written(name: str, content: bytes) -> Build:
    def build(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return build


def _renamed(payload: str, ending: str) -> Build:
    return lambda folder: _written(f"file{ending}", PAYLOADS[payload].build())(folder)


def torch_zip(pickled: bytes, *more: tuple[str, bytes]) -> bytes:
    """As torch.save writes it: a folder with a pickle, and the numbers of its tensors."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/byteorder", b"little")
        for name, content in more:
            archive.writestr(name, content)
        archive.writestr("archive/version", b"3\n")
    return file.getvalue()


def _in_torch_zip(payload: str, name: str) -> Build:
    return lambda folder: _written(name, torch_zip(PAYLOADS[payload].build()))(folder)


def _wrong_crc(folder: Path) -> Path:
    content = bytearray(torch_zip(by_exec(2)))
    for mark, at in ((b"PK\x03\x04", 14), (b"PK\x01\x02", 16)):
        place = content.index(mark) + at
        content[place : place + 4] = b"\xde\xad\xbe\xef"
    return _written("weights.pt", bytes(content))(folder)


def _flags(local: int, central: int) -> Build:
    def build(folder: Path) -> Path:
        content = bytearray(torch_zip(by_exec(2)))
        for mark, at, flags in ((b"PK\x03\x04", 6, local), (b"PK\x01\x02", 8, central)):
            place = content.index(mark) + at
            content[place : place + 2] = struct.pack("<H", flags)
        return _written("weights.pt", bytes(content))(folder)

    return build


def _other_local_name(folder: Path) -> Path:
    """The list at the end calls the pickle something else than the entry itself does."""
    content = bytearray(torch_zip(by_exec(2)))
    place = content.index(b"PK\x01\x02") + 46
    content[place : place + 16] = b"archive/data.txt"
    return _written("weights.pt", bytes(content))(folder)


def _twice(folder: Path) -> Path:
    """Two pickles of one name: which one is read depends on the reader."""
    harmless = pickle.dumps({}, 2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = torch_zip(harmless, ("archive/data.pkl", by_exec(2)))
    return _written("weights.pt", content)(folder)


def _two_folders(folder: Path) -> Path:
    content = torch_zip(pickle.dumps({}, 2), ("other/data.pkl", by_exec(2)))
    return _written("weights.pt", content)(folder)


def _prefixed(name: str, junk: bytes) -> Build:
    return lambda folder: _written(name, junk + torch_zip(by_exec(2)))(folder)


def _lying_size(folder: Path) -> Path:
    content = bytearray(torch_zip(by_exec(2)))
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        place = content.index(mark) + at
        content[place : place + 4] = struct.pack("<I", 0xFFFFFFF0)
    return _written("weights.pt", bytes(content))(folder)


def _mixed(old: bool) -> Build:
    """A hundred honest tensors, and one thing among them that is none."""

    def build(folder: Path) -> Path:
        import torch

        state: dict[str, Any] = {f"layer.{n}": torch.full((3,), float(n)) for n in range(100)}
        state["layer.50.note"] = Reduced(exec, CODE)
        path = folder / "weights.pth"
        torch.save(state, path, _use_new_zipfile_serialization=not old)
        return path

    return build


def _tensor_pickled_apart(folder: Path) -> Path:
    """The payload takes a tensor's place within a tensor: its storage's type."""
    storage = b"(X\x07\x00\x00\x00storage" + by_exec(2)[2:-1] + b"X\x01\x00\x00\x000X\x03\x00\x00"
    pickled = b"\x80\x02}X\x01\x00\x00\x00w" + storage + b"\x00cpuK\x04tQs."
    return _written("weights.pt", torch_zip(pickled, ("archive/data/0", bytes(16))))(folder)


def _tar(folder: Path) -> Path:
    """The layout that torch.save had first."""
    path = folder / "weights.pt"
    with tarfile.open(path, "w") as archive:
        for name in ("sys_info", "pickle", "storages", "tensors"):
            info = tarfile.TarInfo(name)
            info.size = len(by_exec(2))
            archive.addfile(info, io.BytesIO(by_exec(2)))
    return path


def torchscript(folder: Path) -> Path:
    """A script whose `__setstate__` writes a file when it is loaded."""
    source = textwrap.dedent(
        """
        import torch
        from torch import nn

        class Net(nn.Module):
            def __init__(self, path: str) -> None:
                super().__init__()
                self.path = path

            def forward(self, x: torch.Tensor) -> torch.Tensor:
                torch.save(x, self.path)
                return x

            @torch.jit.export
            def __getstate__(self) -> tuple[str, bool]:
                return (self.path, self.training)

            @torch.jit.export
            def __setstate__(self, state: tuple[str, bool]) -> None:
                self.path = state[0]
                self.training = state[1]
                torch.save(torch.zeros(1), self.path)
        """
    )
    import importlib.util

    import torch

    module_file = folder / "script_source.py"
    module_file.write_text(source, "utf-8")
    spec = importlib.util.spec_from_file_location("script_source", module_file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    path = folder / "script.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(module.Net(str(canary()))).save(str(path))
    module_file.unlink()
    return path


def _torchscript_as(name: str) -> Build:
    def build(folder: Path) -> Path:
        return torchscript(folder).rename(folder / name)

    return build


def _exported_program(folder: Path) -> Path:
    """As torch.export saves it, with a payload for the samples that lie beside the graph."""
    path = folder / "program.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("program/archive_format", b"pt2")
        archive.writestr("program/models/model.json", b"{}")
        for inner in ("sample_inputs/model", "weights/model", "constants/model"):
            archive.writestr(f"program/data/{inner}.pt", torch_zip(by_exec(2)))
    return path


def _object_npy(ending: str, shape: tuple[int, ...] | None = None) -> Build:
    def build(folder: Path) -> Path:
        return _written(f"latents{ending}", object_npy(shape))(folder)

    return build


def object_npy(shape: tuple[int, ...] | None = None) -> bytes:
    """An array of Python objects as numpy saves it; `shape` is what it claims to have."""
    values = np.empty((2, 1), object)
    values[:, 0] = [1.0, Reduced(exec, CODE)]
    file = io.BytesIO()
    np.save(file, values, allow_pickle=True)
    content = file.getvalue()
    if shape is None:
        return content
    was, claimed = b"'shape': (2, 1), }", f"'shape': {shape}, }}".encode()
    assert was in content
    spare = len(claimed) - len(was)
    # numpy pads its headers with blanks, so that there is room.
    return content.replace(was + b" " * spare, claimed)


def _structured_npy(folder: Path) -> Path:
    """Numbers, with one field of Python objects among them."""
    values = np.zeros(2, [("a", "f4", (2,)), ("b", object)])
    values["b"][:] = [1.0, Reduced(exec, CODE)]
    path = folder / "latents.npy"
    np.save(path, values, allow_pickle=True)
    return path


def _npz(arrays: dict[str, bytes], name: str = "latents.npz") -> Build:
    def build(folder: Path) -> Path:
        path = folder / name
        with zipfile.ZipFile(path, "w") as archive:
            for inner, content in arrays.items():
                archive.writestr(inner, content)
        return path

    return build


def _npy(values: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, values)
    return file.getvalue()


def _object_npz(beside: bool, name: str = "latents.npz", wrong_crc: bool = False) -> Build:
    def build(folder: Path) -> Path:
        arrays = {"latent.npy": _npy(np.ones((4, 2), np.float32))} if beside else {}
        path = _npz({**arrays, "label.npy": object_npy()}, name)(folder)
        if wrong_crc:
            content = bytearray(path.read_bytes())
            content[content.rindex(b"PK\x01\x02") + 16] ^= 0xFF
            path.write_bytes(content)
        return path

    return build


def _pickle_in_npz(folder: Path) -> Path:
    """A pickle alone, under the name of an array; numpy loads such when it may."""
    return _npz({"latent.npy": by_exec(4)})(folder)


def _arrow_extension(name: str) -> Build:
    """A column of an extension type whose description is a pickle."""

    def build(folder: Path) -> Path:
        import pyarrow as pa
        from pyarrow import parquet

        noted = {
            b"ARROW:extension:name": b"arrow.py_extension_type",
            b"ARROW:extension:metadata": by_exec(4),
        }
        vectors = pa.array([[1.0, 2.0], [3.0, 4.0]], pa.list_(pa.float32(), 2))
        fields = [pa.field("latent", vectors.type), pa.field("note", pa.int64(), metadata=noted)]
        schema = pa.schema(fields, metadata={b"pandas": by_exec(2), b"latentviewer": by_exec(0)})
        table = pa.Table.from_arrays([vectors, pa.array([1, 2])], schema=schema)
        path = folder / name
        if name.endswith(".parquet"):
            parquet.write_table(table, path)
        else:
            with pa.ipc.new_file(str(path), schema) as writer:
                writer.write_table(table)
        return path

    return build


def keras_lambda() -> str:
    """A lambda layer's function as Keras keeps it: its compiled code in base64."""
    code = compile(EXPRESSION, "payload", "eval")
    return base64.b64encode(marshal.dumps(code)).decode()


def _keras_config() -> dict[str, Any]:
    function = {"class_name": "__lambda__", "config": {"code": keras_lambda()}}
    layers = [{"class_name": "Lambda", "config": {"name": "l", "function": function}}]
    return {"class_name": "Sequential", "config": {"name": "net", "layers": layers}}


def _keras_h5(name: str) -> Build:
    def build(folder: Path) -> Path:
        import h5py

        path = folder / name
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = json.dumps(_keras_config())
            file.attrs["keras_version"] = "3.0.0"
            file["model_weights/dense/kernel"] = np.ones((4, 2), np.float32)
            # What pandas and h5py's readers of old files unpickle.
            file["model_weights"].attrs["pickled"] = np.void(by_exec(4))
        return path

    return build


def _keras_archive(folder: Path) -> Path:
    path = folder / "net.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(_keras_config()))
        archive.writestr("metadata.json", "{}")
    return path


def _joblib(packed: bool) -> Build:
    def build(folder: Path) -> Path:
        content = by_exec(3)
        return _written("model.joblib", zlib.compress(content) if packed else content)(folder)

    return build


def _safetensors(tensor: str, metadata: Any, body: bytes = bytes(16)) -> Build:
    """Numbers that are a pickle, with another one in the metadata."""
    fields = {tensor: {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}
    header = json.dumps({"__metadata__": metadata, **fields}).encode()
    return _written("latents.safetensors", len(header).to_bytes(8, "little") + header + body)


def _model_folder(weights: str, content: Callable[[], bytes]) -> Build:
    def build(folder: Path) -> Path:
        model = folder / "model"
        model.mkdir()
        config = {"family": "conv_vae", "model_type": "x", "auto_map": {"AutoModel": "evil.Net"}}
        (model / "config.json").write_text(json.dumps(config), "utf-8")
        (model / "evil.py").write_text(CODE, "utf-8")
        (model / "model_index.json").write_text('{"_class_name": "evil", "vae": ["evil", "Net"]}')
        (model / weights).write_bytes(content())
        return model

    return build


def _program(name: str) -> Build:
    return _written(name, CODE.encode())


def _csv(folder: Path) -> Path:
    """A spreadsheet's formulas, and Python that a careless reader of lists would evaluate."""
    rows = f'label,latent\n=cmd|\'/C calc\'!A0,"[{EXPRESSION}, 1]"\n@SUM(1),"[1.0, 2.0]"\n'
    return _written("latents.csv", rows.encode())(folder)


_DISGUISES = {
    f"{payload}{ending or ' bare'}": _renamed(payload, ending)
    for payload in ("exec-0", "exec-2", "exec-4")
    for ending in ENDINGS
}
_KINDS = {
    f"{payload} in {name}": _in_torch_zip(payload, name)
    if name != "weights.ckpt"
    else _renamed(payload, ".ckpt")
    for payload in PAYLOADS
    for name in ("weights.pt", "weights.ckpt")
}
CARRIERS: dict[str, Build] = {
    **_DISGUISES,
    **_KINDS,
    **{f"torch zip as {e}": _in_torch_zip("system", f"file{e}") for e in ENDINGS},
    "zip with a wrong checksum": _wrong_crc,
    "zip that says it is encrypted": _flags(1, 1),
    "zip whose entry alone says it is encrypted": _flags(1, 0),
    "zip whose list alone says it is encrypted": _flags(0, 1),
    "zip with unknown flags": _flags(0xFFFE & ~0x800, 0xFFFE & ~0x800),
    "zip with two names for one entry": _other_local_name,
    "zip with a name twice": _twice,
    "zip with two pickles": _two_folders,
    "zip behind junk": _prefixed("weights.pt", b"junk" * 100),
    "zip behind a png": _prefixed("picture.png", b"\x89PNG\r\n\x1a\n" + bytes(64)),
    "zip behind an npy": _prefixed("latents.npy", _npy(np.ones((4, 2), np.float32))),
    "zip with a size that lies": _lying_size,
    "tensors and one payload": _mixed(old=False),
    "tensors and one payload, old format": _mixed(old=True),
    "payload for a storage's type": _tensor_pickled_apart,
    "tar of torch": _tar,
    "torchscript": _torchscript_as("script.pt"),
    "torchscript as safetensors": _torchscript_as("model.safetensors"),
    "torchscript as npz": _torchscript_as("latents.npz"),
    "torchscript as onnx": _torchscript_as("model.onnx"),
    "exported program": _exported_program,
    "object array": _object_npy(".npy"),
    "object array as arrow": _object_npy(".arrow"),
    "object array as csv": _object_npy(".csv"),
    "object array of a lying shape": _object_npy(".npy", (10**6, 3)),
    "object array of an absurd shape": _object_npy(".npy", (10**15, 10**3)),
    "object array among fields": _structured_npy,
    "npz of an object array": _object_npz(beside=False),
    "npz of numbers and an object array": _object_npz(beside=True),
    "npz of an object array, wrong checksum": _object_npz(beside=True, wrong_crc=True),
    "npz of an object array as zip": _object_npz(beside=True, name="images.zip"),
    "npz of an object array as pt": _object_npz(beside=True, name="weights.pt"),
    "npz of a pickle": _pickle_in_npz,
    "arrow extension type": _arrow_extension("latents.arrow"),
    "parquet extension type": _arrow_extension("latents.parquet"),
    "keras h5 with a lambda": _keras_h5("net.h5"),
    "keras hdf5 with a lambda": _keras_h5("net.hdf5"),
    "keras archive with a lambda": _keras_archive,
    "joblib": _joblib(packed=False),
    "joblib, packed": _joblib(packed=True),
    "safetensors with pickles for texts": _safetensors(
        by_exec(0).decode(), {"format": by_exec(0).decode()}
    ),
    "safetensors with a pickle for numbers": _safetensors(
        "z", {}, by_exec(2)[:15] + b"."
    ),
    "model folder of a pickle": _model_folder("pytorch_model.bin", lambda: by_exec(2)),
    "model folder of a disguised pickle": _model_folder("model.safetensors", lambda: by_exec(4)),
    "model folder of a disguised zip": _model_folder(
        "model.safetensors", lambda: torch_zip(by_exec(2))
    ),
    "diffusers folder with code": _model_folder(
        "diffusion_pytorch_model.bin", lambda: torch_zip(by_exec(2))
    ),
    "program": _program("adapter.py"),
    "program as csv": _program("latents.csv"),
    "program as adapter": _program("net.latentviewer.py"),
    "csv of code": _csv,
}  # fmt: skip
"""By name, every file here that carries something that could run."""
