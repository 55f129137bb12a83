"""A small valid file of every kind that is read here, for mutation."""

import gzip
import io
import json
import pickle
import struct
import zipfile
from pathlib import Path

import numpy as np

from tests.hostile.disguises import Build

_ROWS, _DIMS = 6, 4
_VALUES = np.arange(_ROWS * _DIMS, dtype=np.float32).reshape(_ROWS, _DIMS)


def _written(name: str, content: bytes) -> Build:
    def build(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(content)
        return path

    return build


def _table(name: str) -> Build:
    def build(folder: Path) -> Path:
        import pyarrow as pa
        from pyarrow import feather, parquet

        vectors = pa.FixedSizeListArray.from_arrays(pa.array(_VALUES.ravel()), _DIMS)
        label = pa.array(["a", "b", "a", None, "c", "a"]).dictionary_encode()
        table = pa.table({"latent": vectors, "label": label, "size": np.arange(_ROWS) / 2})
        path = folder / name
        if name.endswith(".parquet"):
            parquet.write_table(table, path)
        elif name.endswith(".feather"):
            feather.write_feather(table, str(path), compression="zstd")
        else:
            new = pa.ipc.new_stream if "stream" in name else pa.ipc.new_file
            with new(str(path), table.schema) as writer:
                writer.write_table(table)
        return path

    return build


def _npy() -> bytes:
    file = io.BytesIO()
    np.save(file, _VALUES)
    return file.getvalue()


def _npz() -> bytes:
    file = io.BytesIO()
    np.savez(file, latent=_VALUES, label=np.array(list("abcabc")), size=np.arange(_ROWS))
    return file.getvalue()


def _image_npz() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, images=np.zeros((3, 8, 8), np.uint8), labels=np.arange(3))
    return file.getvalue()


def _safetensors() -> bytes:
    fields = {"z": {"dtype": "F32", "shape": [_ROWS, _DIMS], "data_offsets": [0, _VALUES.nbytes]}}
    header = json.dumps(fields).encode()
    return len(header).to_bytes(8, "little") + header + _VALUES.tobytes()


def _lines(separator: str, head: str = "") -> bytes:
    rows = [separator.join(f"{value:.1f}" for value in row) for row in _VALUES]
    return (head + "\n".join(rows) + "\n").encode()


def _words(binary: bool) -> bytes:
    head = f"{_ROWS} {_DIMS}\n".encode()
    if binary:
        return head + b"".join(b"w%d " % i + row.tobytes() for i, row in enumerate(_VALUES))
    rows = (f"w{i} " + " ".join(map(str, row)) for i, row in enumerate(_VALUES.tolist()))
    return head + "\n".join(rows).encode() + b"\n"


def _png() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", (8, 8), (1, 2, 3)).save(file, "PNG")
    return file.getvalue()


def _image_zip() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a/1.png", _png())
        archive.writestr("b/2.png", _png())
    return file.getvalue()


def _in_folder(folder_name: str, others: dict[str, bytes], mutated: str, content: bytes) -> Build:
    """The file that is mutated has to be the one that is opened or lie in the folder that is."""

    def build(folder: Path) -> Path:
        place = folder / folder_name
        place.mkdir(exist_ok=True)
        for name, other in others.items():
            (place / name).write_bytes(other)
        (place / mutated).write_bytes(content)
        return place / mutated

    return build


def _idx(packed: bool) -> bytes:
    content = b"\0\0\x08\x03" + struct.pack(">III", 3, 4, 4) + bytes(range(48))
    return gzip.compress(content) if packed else content


def _labels() -> bytes:
    return b"\0\0\x08\x01" + struct.pack(">I", 3) + b"\1\2\3"


def _torch(old: bool) -> Build:
    def build(folder: Path) -> Path:
        import torch

        path = folder / "weights.pt"
        state = {"fc.weight": torch.zeros(3, 4), "fc.bias": torch.zeros(3)}
        torch.save(state, path, _use_new_zipfile_serialization=not old)
        return path

    return build


def _onnx(folder: Path) -> Path:
    from onnx import TensorProto, helper, numpy_helper

    graph = helper.make_graph(
        [helper.make_node("MatMul", ["z", "w"], ["x"])],
        "net",
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 2])],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 4])],
        [numpy_helper.from_array(np.ones((2, 4), np.float32), "w")],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path = folder / "decoder.onnx"
    path.write_bytes(made.SerializeToString())
    return path


def _hdf5(folder: Path) -> Path:
    import h5py

    path = folder / "embeddings.h5"
    with h5py.File(path, "w") as file:
        file["embeddings"] = _VALUES
    return path


def _project(folder: Path) -> Path:
    arrow = _table("space.arrow")(folder)
    session = {"format": "latentviewer-project", "version": 1}
    path = folder / "p.latentviewer"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("session.json", json.dumps(session))
        archive.writestr("space.arrow", arrow.read_bytes())
    arrow.unlink()
    return path


_CONFIG = b"""embeddings {
  tensor_name: "z"
  tensor_path: "tensor.tsv"
  tensor_shape: 6
  tensor_shape: 4
  metadata_path: "metadata.tsv"
}
"""
_METADATA = b"label\tsize\na\t1\nb\t2\nc\t3\nd\t4\ne\t5\nf\t6\n"
_IMAGE_TABLE = b"file_name,label\na.png,x\nb.png,y\n"
_PICTURES = {"a.png": _png(), "b.png": _png()}
_JSON = [{"label": "a", "latent": row} for row in _VALUES.tolist()]

SEEDS: dict[str, Build] = {
    "arrow": _table("a.arrow"),
    "arrow stream": _table("stream.arrow"),
    "feather": _table("a.feather"),
    "parquet": _table("a.parquet"),
    "npy": _written("a.npy", _npy()),
    "npz": _written("a.npz", _npz()),
    "csv": _written("a.csv", _lines(",", "a,b,c,d\n")),
    "tsv": _written("a.tsv", _lines("\t")),
    "json": _written("a.json", json.dumps(_JSON).encode()),
    "json lines": _written("a.jsonl", b"\n".join(json.dumps(r).encode() for r in _JSON)),
    "words": _written("a.vec", _words(binary=False)),
    "binary words": _written("a.bin", _words(binary=True)),
    "safetensors": _written("a.safetensors", _safetensors()),
    "project": _project,
    "projector config": _in_folder(
        "p", {"tensor.tsv": _lines("\t"), "metadata.tsv": _METADATA},
        "projector_config.pbtxt", _CONFIG,
    ),
    "idx": _in_folder("d", {"train-labels-idx1-ubyte": _labels()}, "train-images-idx3-ubyte",
                      _idx(packed=False)),
    "packed idx": _in_folder("d", {"train-labels-idx1-ubyte": _labels()},
                             "train-images-idx3-ubyte.gz", _idx(packed=True)),
    "labels": _in_folder("d", {"train-images-idx3-ubyte": _idx(packed=False)},
                         "train-labels-idx1-ubyte", _labels()),
    "picture": _in_folder("i", {"b.png": _png()}, "a.png", _png()),
    "table of pictures": _in_folder("i", _PICTURES, "table.csv", _IMAGE_TABLE),
    "zip of pictures": _written("a.zip", _image_zip()),
    "npz of pictures": _written("a.npz", _image_npz()),
    "weights": _torch(old=False),
    "old weights": _torch(old=True),
    "pickle": _written("a.pkl", pickle.dumps({"a": [1, 2.5, "x", None], "b": (True, b"y")}, 4)),
    "onnx": _onnx,
    "hdf5": _hdf5,
}  # fmt: skip
OPENED_AS_FOLDER = frozenset({"idx", "packed idx", "labels", "picture", "table of pictures"})
"""Of these the folder is opened and not the file that is changed."""
