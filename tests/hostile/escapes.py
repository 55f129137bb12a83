"""Files that name other files outside their folder, by every way that a format has.

The folder of a case lies in the one that `lay_secrets` fills, so that `../secret.npy` is there.
"""

import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tests.hostile.disguises import Build
from tests.hostile.secrets_beside import DIMS, ROWS, SIDE

_TENSOR = "\n".join("\t".join(["1.5"] * DIMS) for _ in range(ROWS)) + "\n"
_WAYS: dict[str, Callable[[Path, str], str]] = {
    "up": lambda folder, name: f"../{name}",
    "absolute": lambda folder, name: str(folder.parent / name),
    "down and up": lambda folder, name: f"sub/../../{name}",
    "backslash": lambda folder, name: f"..\\{name}",
    "address": lambda folder, name: f"http://127.0.0.1:9/{name}",
    "file address": lambda folder, name: f"file://{folder.parent / name}",
    "link": lambda folder, name: _linked(folder, name),
    "linked folder": lambda folder, name: f"{_linked(folder, '.')}/{name}",
    "passwd": lambda folder, name: "/etc/passwd",
    "null": lambda folder, name: f"../{name}\0.png",
}
"""How a file outside can be named."""


def _linked(folder: Path, name: str) -> str:
    link = folder / f"link{Path(name).suffix}"
    link.symlink_to(f"../{name}")
    return link.name


def _picture(path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (SIDE, SIDE), (1, 2, 3)).save(path)


def _projector(field: str, secret: str, way: str, as_json: bool) -> Build:
    def build(folder: Path) -> Path:
        (folder / "sub").mkdir()
        (folder / "tensor.tsv").write_text(_TENSOR, "utf-8")
        named = _WAYS[way](folder, secret)
        fields = {"tensorName": "z", "tensorPath": "tensor.tsv"}
        if field == "sprite":
            entry: dict[str, Any] = {
                **fields, "sprite": {"imagePath": named, "singleImageDim": [4, 4]}
            }  # fmt: skip
        else:
            entry = {**fields, f"{field}Path": named}
        if as_json:
            path = folder / "projector_config.json"
            path.write_text(json.dumps({"embeddings": [entry]}), "utf-8")
            return path
        path = folder / "projector_config.pbtxt"
        path.write_text(_as_pbtxt(entry), "utf-8")
        return path

    return build


def _as_pbtxt(entry: dict[str, Any]) -> str:
    quoted = {
        "tensor_name": entry["tensorName"],
        "tensor_path": entry["tensorPath"],
        "metadata_path": entry.get("metadataPath"),
        "bookmarks_path": entry.get("bookmarksPath"),
    }
    lines = [f"  {key}: {json.dumps(value)}" for key, value in quoted.items() if value is not None]
    if "sprite" in entry:
        named = json.dumps(entry["sprite"]["imagePath"])
        lines.append(
            f"  sprite {{\n image_path: {named}\n single_image_dim: 4\n single_image_dim: 4\n }}"
        )
    return "embeddings {\n" + "\n".join(lines) + "\n}\n"


def _image_table(way: str, ending: str) -> Build:
    """A folder of images with a table that names one outside."""

    def build(folder: Path) -> Path:
        images = folder / "images"
        (images / "sub").mkdir(parents=True)
        _picture(images / "own.png")
        # The folder of the case is one deeper here.
        named = _WAYS[way](images, "../secret.png") if way != "absolute" else str(
            folder.parent / "secret.png"
        )  # fmt: skip
        rows = [{"file_name": "own.png", "label": "a"}, {"file_name": named, "label": "b"}]
        if ending == ".csv":
            text = "file_name,label\n" + "".join(f"{r['file_name']},{r['label']}\n" for r in rows)
        else:
            text = "".join(json.dumps(row) + "\n" for row in rows)
        (images / f"table{ending}").write_text(text, "utf-8")
        return images

    return build


def _picture_cells(way: str, ending: str) -> Build:
    """A table whose cells hold pictures, or the names of files."""

    def build(folder: Path) -> Path:
        import pyarrow as pa
        from pyarrow import parquet

        _picture(folder / "own.png")
        (folder / "sub").mkdir()
        own, named = (folder / "own.png").read_bytes(), _WAYS[way](folder, "secret.png")
        cells = [{"bytes": own, "path": None}, {"bytes": None, "path": named}]
        table = pa.table({"image": cells, "label": ["a", "b"]})
        path = folder / f"pictures{ending}"
        if ending == ".parquet":
            parquet.write_table(table, path)
        else:
            with pa.ipc.new_file(str(path), table.schema) as writer:
                writer.write_table(table)
        return path

    return build


def _linked_pictures(inner: str, target: str) -> Build:
    def build(folder: Path) -> Path:
        images = folder / "images"
        images.mkdir()
        _picture(images / "own.png")
        (images / inner).symlink_to(target)
        return images

    return build


def _zip(name: str, entries: dict[str, bytes], links: dict[str, str]) -> Build:
    def build(folder: Path) -> Path:
        path = folder / name
        with zipfile.ZipFile(path, "w") as archive:
            for inner, content in entries.items():
                archive.writestr(inner, content)
            for inner, target in links.items():
                entry = zipfile.ZipInfo(inner)
                entry.create_system = 3
                entry.external_attr = (stat.S_IFLNK | 0o777) << 16
                archive.writestr(entry, target)
        return path

    return build


def _project(entry: str, link: str | None = None) -> Build:
    session = json.dumps({"format": "latentviewer-project", "version": 1}).encode()
    entries = {"session.json": session, "space.arrow": b""}
    if link is None:
        return _zip("p.latentviewer", {**entries, entry: b"x"}, {})
    del entries[entry]
    return _zip("p.latentviewer", entries, {entry: link})


def _onnx(way: str, length: int | None = None) -> Build:
    """A decoder whose weights lie in another file."""

    def build(folder: Path) -> Path:
        from onnx import TensorProto, helper

        (folder / "sub").mkdir()
        weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[2, 2])
        weight.data_location = TensorProto.EXTERNAL
        weight.external_data.add(key="location", value=_WAYS[way](folder, "secret.bin"))
        if length is not None:
            weight.external_data.add(key="length", value=str(length))
        graph = helper.make_graph(
            [helper.make_node("MatMul", ["z", "w"], ["x"])],
            "net",
            [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 2])],
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
            [weight],
        )
        path = folder / "decoder.onnx"
        opset = [helper.make_opsetid("", 17)]
        made = helper.make_model(graph, opset_imports=opset, ir_version=8)
        path.write_bytes(made.SerializeToString())
        return path

    return build


def _onnx_pair_by_link(folder: Path) -> Path:
    model = folder / "model"
    model.mkdir()
    (model / "decoder.onnx").symlink_to("../../secret.bin")
    return model


def _hdf5(how: str) -> Build:
    def build(folder: Path) -> Path:
        import h5py

        path = folder / "embeddings.h5"
        outside = str(folder.parent / "secret.h5")
        with h5py.File(path, "w") as file:
            if how == "link":
                file["embeddings"] = h5py.ExternalLink(outside, "embeddings")
            elif how == "storage":
                raw = [(str(folder.parent / "secret.bin"), 0, ROWS * DIMS * 4)]
                file.create_dataset("embeddings", (ROWS, DIMS), "f4", external=raw)
            else:
                layout = h5py.VirtualLayout((ROWS, DIMS), "f4")
                layout[:] = h5py.VirtualSource(outside, "embeddings", (ROWS, DIMS))
                file.create_virtual_dataset("embeddings", layout)
        return path

    return build


def _latent_scope(linked: str) -> Build:
    """A folder of Latent Scope, one of whose files is a link."""

    def build(folder: Path) -> Path:
        import h5py
        import pyarrow as pa
        from pyarrow import parquet

        scope = folder / "scope"
        for inner in ("embeddings", "tags", "umaps", "clusters"):
            (scope / inner).mkdir(parents=True)
        parquet.write_table(pa.table({"text": ["a"] * ROWS}), scope / "input.parquet")
        with h5py.File(scope / "embeddings" / "embedding-001.h5", "w") as file:
            file["embeddings"] = np.ones((ROWS, DIMS), np.float32)
        place = scope / linked
        place.unlink(missing_ok=True)
        ending = {".indices": ".txt"}.get(place.suffix, place.suffix)
        target = folder.parent / f"secret{ending}"
        place.symlink_to(os.path.relpath(target, place.parent))
        return scope

    return build


def _idx_by_link(folder: Path) -> Path:
    place = folder / "digits"
    place.mkdir()
    (place / "train-images-idx3-ubyte").symlink_to("../../secret.idx")
    return place


def _sub_arrow_by_link(folder: Path) -> Path:
    """A folder is opened for the one space in it."""
    place = folder / "run"
    place.mkdir()
    (place / "latents.arrow").symlink_to("../../secret.npy")
    return place


ESCAPES: dict[str, Build] = {
    **{
        f"projector {field}, {way}{', json' if as_json else ''}": _projector(
            field, secret, way, as_json
        )
        for field, secret in (
            ("tensor", "secret.tsv"), ("metadata", "secret.txt"),
            ("bookmarks", "secret.json"), ("sprite", "secret.png"),
        )
        for way in _WAYS
        for as_json in (False, True)
        if field == "tensor" or way in ("up", "link", "address")
    },
    **{f"image table, {way}": _image_table(way, ".csv") for way in _WAYS if way != "null"},
    **{f"image lines, {way}": _image_table(way, ".jsonl") for way in _WAYS},
    **{f"parquet pictures, {way}": _picture_cells(way, ".parquet") for way in _WAYS},
    **{f"arrow pictures, {way}": _picture_cells(way, ".arrow") for way in ("up", "link")},
    "linked picture": _linked_pictures("link.png", "../../secret.png"),
    "linked folder of pictures": _linked_pictures("sub", "../.."),
    "linked npz of pictures": _linked_pictures("link.npz", "../../secret.npz"),
    "linked table of pictures": _linked_pictures("table.csv", "../../secret.txt"),
    "linked idx": _idx_by_link,
    "linked space": _sub_arrow_by_link,
    "picture zip, up": _zip("images.zip", {"../secret.png": b"x", "own.png": b"x"}, {}),
    "picture zip, absolute": _zip("images.zip", {"/etc/passwd.png": b"x"}, {}),
    "picture zip, link": _zip("images.zip", {}, {"own.png": "../secret.png"}),
    "picture zip, table": _zip(
        "images.zip", {"own.png": b"x", "t.csv": b"file_name,l\n../secret.png,a\nown.png,b\n"}, {}
    ),
    "npz, up": _zip("a.npz", {"../latent.npy": b"x"}, {}),
    "project, up": _project("../secret.txt"),
    "project, absolute": _project("/etc/passwd"),
    "project, drive": _project("C:\\secret.txt"),
    "project, backslash": _project("..\\secret.txt"),
    "project, linked session": _project("session.json", "../secret.json"),
    "project, linked space": _project("space.arrow", "../secret.npy"),
    "torch zip, up": _zip("w.pt", {"archive/data.pkl": b"}.", "../data/0": b"x"}, {}),
    **{f"onnx, {way}": _onnx(way) for way in _WAYS},
    "onnx, absurd length": _onnx("up", 1 << 60),
    "onnx, linked": _onnx_pair_by_link,
    **{f"hdf5, {how}": _hdf5(how) for how in ("link", "storage", "virtual")},
    **{
        f"latent scope, {linked}": _latent_scope(linked)
        for linked in ("input.parquet", "embeddings/embedding-001.h5", "tags/tag.indices")
    },
}  # fmt: skip
"""By name, every file or folder here that names a file outside."""
