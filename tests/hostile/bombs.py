"""Small files that claim or unpack to far more than any machine has, and some that never end."""

import gzip
import io
import json
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.hostile.disguises import Build, torch_zip

_SWOLLEN = 3 << 30  # bytes that zeros unpack to: more than the process may take
_SPARSE = 10 << 30
_LONG = 64 << 20
_SIDE = 60_000
_DEEP = 100_000


def _written(name: str, make: Callable[[], bytes]) -> Build:
    def build(folder: Path) -> Path:
        path = folder / name
        path.write_bytes(make())
        return path

    return build


def _zeros(size: int, start: bytes = b"", wrap: int = -15) -> bytes:
    """Deflated: `start`, and then zeros up to a size; each piece can be repeated as it is."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wrap)
    piece = 1 << 24
    packed = packer.compress(start) + packer.flush(zlib.Z_FULL_FLUSH)
    once = packer.compress(bytes(piece)) + packer.flush(zlib.Z_FULL_FLUSH)
    return packed + once * (size // piece) + packer.compress(b"\0") + packer.flush(zlib.Z_FINISH)


def _zip_of(name: str, start: bytes = b"", size: int = _SWOLLEN, told: int | None = None) -> bytes:
    """A zip with one entry that unpacks to `size` bytes, and says `told`."""
    packed = _zeros(size, start)
    claimed = size + len(start) + 1 if told is None else told
    encoded = name.encode()
    numbers = struct.pack("<HHHHHIII", 20, 0, 8, 0, 0x21, 0, len(packed), claimed)
    local = b"PK\x03\x04" + numbers + struct.pack("<HH", len(encoded), 0) + encoded
    central = b"PK\x01\x02" + struct.pack("<H", 20) + numbers
    central += struct.pack("<HHHHHII", len(encoded), 0, 0, 0, 0, 0, 0) + encoded
    place = len(local) + len(packed)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), place, 0)
    return local + packed + central + end


def _sharing_zip(count: int = 4000) -> bytes:
    """Many entries of one packed content."""
    one = _zip_of("a000000.npy", _npy_header((1 << 20, 12)), 48 << 20)
    start = one.index(b"PK\x01\x02")
    central, end = one[start:-22], one[-22:]
    listed = b"".join(central.replace(b"a000000", f"a{i:06}".encode()) for i in range(count))
    end = end[:8] + struct.pack("<HHII", count, count, len(listed), start) + end[20:]
    return one[:start] + listed + end


def _npy_header(shape: tuple[int, ...], dtype: str = "<f4") -> bytes:
    told = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}"
    return _npy_of(told.encode())


def _npy_of(told: bytes) -> bytes:
    length = len(told) + 1
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", length & 0xFFFF) + told + b"\n"


def _npy_2(length: int, told: bytes) -> bytes:
    return b"\x93NUMPY\x02\x00" + struct.pack("<I", length) + told


def _safetensors(header: bytes, length: int | None = None) -> bytes:
    return (len(header) if length is None else length).to_bytes(8, "little") + header


def _tensor(shape: list[int], end: int, dtype: str = "F32") -> bytes:
    fields = {"z": {"dtype": dtype, "shape": shape, "data_offsets": [0, end]}}
    return json.dumps(fields).encode()


def _gzip_idx(images: bool, rows: int) -> bytes:
    """A header, and zeros behind it: as many as it says, or far more."""
    head = b"\0\0\x08\x03" + struct.pack(">III", rows, 1024, 1024) if images else (
        b"\0\0\x08\x01" + struct.pack(">I", rows)
    )  # fmt: skip
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + _zeros(_SWOLLEN, head) + bytes(8)


def _idx_folder(images: Callable[[], bytes], labels: Callable[[], bytes]) -> Build:
    def build(folder: Path) -> Path:
        place = folder / "digits"
        place.mkdir()
        (place / "train-images-idx3-ubyte.gz").write_bytes(images())
        (place / "train-labels-idx1-ubyte.gz").write_bytes(labels())
        return place

    return build


def _one_picture() -> bytes:
    return gzip.compress(b"\0\0\x08\x03" + struct.pack(">III", 1, 4, 4) + bytes(16))


def _one_label() -> bytes:
    return gzip.compress(b"\0\0\x08\x01" + struct.pack(">I", 1) + b"\3")


def png(width: int, height: int, colour: int = 0, whole: bool = False) -> bytes:
    """A PNG that claims a size; `whole` where its black pixels are all there."""
    head = struct.pack(">IIBBBBB", width, height, 1 if colour == 0 else 8, colour, 0, 0, 0)
    size = height * ((width + 7) // 8 + 1) if whole else 1000
    parts = [(b"IHDR", head), (b"IDAT", _zeros(size, wrap=15)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*part) for part in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(
        ">I", zlib.crc32(kind + content)
    )  # fmt: skip


def _png_text() -> bytes:
    """A small picture with a text in it that unpacks to gigabytes."""
    text = b"Comment\0\0" + _zeros(_SWOLLEN, wrap=15)
    whole = png(8, 8, whole=True)
    at = whole.index(b"IDAT") - 4
    return whole[:at] + _chunk(b"zTXt", text) + whole[at:]


def _gif() -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", _SIDE, _SIDE, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff"
    frame = b"," + struct.pack("<HHHHB", 0, 0, _SIDE, _SIDE, 0)
    return head + frame + b"\x02\x02\x4c\x01\x00;"


def _tiff() -> bytes:
    tags = [(256, 4, _SIDE), (257, 4, _SIDE), (258, 3, 8), (259, 3, 1), (262, 3, 1),
            (273, 4, 8), (277, 3, 1), (278, 4, _SIDE), (279, 4, 0xFFFFFFFF)]  # fmt: skip
    listed = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + listed + bytes(4)


def _bmp() -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, _SIDE, _SIDE, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + head


def _jpeg() -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "JPEG")
    content = bytearray(file.getvalue())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", _SIDE, _SIDE)
    return bytes(content)


def _pictures(**files: Callable[[], bytes]) -> Build:
    def build(folder: Path) -> Path:
        images = folder / "images"
        images.mkdir()
        for name, make in files.items():
            (images / name.replace("_", ".")).write_bytes(make())
        return images

    return build


def _zipped(name: str, make: Callable[[], bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, make())
    return file.getvalue()


def _projector(sprite: Callable[[], bytes], tensor: str, shape: str = "") -> Build:
    def build(folder: Path) -> Path:
        (folder / "tensor.tsv").write_text(tensor, "utf-8")
        (folder / "sprite.png").write_bytes(sprite())
        path = folder / "projector_config.pbtxt"
        lines = 'tensor_name: "z" tensor_path: "tensor.tsv" ' + shape
        tile = 'sprite { image_path: "sprite.png" single_image_dim: 8 single_image_dim: 8 }'
        path.write_text(f"embeddings {{ {lines} {tile} }}", "utf-8")
        return path

    return build


def _sparse(name: str, start: bytes, size: int = _SPARSE) -> Build:
    """Gigabytes that take no room: zeros from the end of `start` on."""

    def build(folder: Path) -> Path:
        path = folder / name
        with path.open("wb") as file:
            file.write(start)
            file.truncate(size)
        return path

    return build


def _long(name: str, start: bytes, piece: bytes) -> Build:
    return _written(name, lambda: start + piece * (_LONG // len(piece)))


def _parquet(make: str) -> Build:
    def build(folder: Path) -> Path:
        import pyarrow as pa
        from pyarrow import parquet

        path = folder / "latents.parquet"
        if make == "dictionary":  # one long text, and many rows that are it
            text = pa.DictionaryArray.from_arrays(
                pa.array(np.zeros(20_000, np.int32)), pa.array(["x" * (1 << 20)])
            )
            columns = {"latent": _vectors(20_000), "text": text}
            parquet.write_table(pa.table(columns), path, compression="zstd", store_schema=False)
        elif make == "constant":  # rows that are all the same take no room
            count, width = 1 << 16, 1 << 10
            zeros = pa.py_buffer(bytes(count * width))
            wide = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), count, [None, zeros])
            rows = pa.table({"a": wide, "b": np.zeros(count)})
            with parquet.ParquetWriter(path, rows.schema, compression="zstd") as writer:
                for _ in range(64):
                    writer.write_table(rows)
        else:
            rows = 1000
            parquet.write_table(pa.table({"latent": _vectors(rows)}), path)
            content = path.read_bytes()
            length = int.from_bytes(content[-8:-4], "little")
            footer = content[-8 - length : -8]
            # Thrift: a field of type i64, and the count as a zigzag number of seven bits a byte.
            assert b"\x16\xd0\x0f" in footer
            footer = footer.replace(b"\x16\xd0\x0f", b"\x16" + b"\xfe" * 7 + b"\x0f")
            claimed = content[: -8 - length] + footer + struct.pack("<I", len(footer)) + b"PAR1"
            path.write_bytes(claimed)
        return path

    return build


def _vectors(rows: int) -> object:
    import pyarrow as pa

    return pa.FixedSizeListArray.from_arrays(pa.array(np.zeros(rows * 2, np.float32)), 2)


def _arrow(how: str, name: str = "latents.arrow") -> Build:
    def build(folder: Path) -> Path:
        import pyarrow as pa

        path = folder / name
        zeros = {str(n): np.zeros(1 << 20) for n in range(6)}
        table = pa.table(zeros if how == "packed" else {"latent": _vectors(1000)})
        options = pa.ipc.IpcWriteOptions(compression="zstd" if how in ("packed", "size") else None)
        new = pa.ipc.new_stream if how == "stream" else pa.ipc.new_file
        with new(str(path), table.schema, options=options) as writer:
            for _ in range(64 if how == "packed" else 1):
                writer.write_table(table)
        if how == "packed":
            return path
        content = path.read_bytes()
        if how == "size":  # what a packed buffer says that it unpacks to
            was, claimed = struct.pack("<q", 8000), struct.pack("<q", 1 << 40)
        elif how == "rows":
            was, claimed = struct.pack("<q", 1000), struct.pack("<q", 1 << 50)
        else:
            was, claimed = struct.pack("<q", 8000), struct.pack("<q", 1 << 50)
        assert was in content
        path.write_bytes(content.replace(was, claimed))
        return path

    return build


def _hdf5(how: str) -> Build:
    def build(folder: Path) -> Path:
        import h5py

        path = folder / "embeddings.h5"
        with h5py.File(path, "w") as file:
            if how == "fill":
                file.create_dataset("embeddings", (1 << 40, 512), "f4", fillvalue=1.0)
            elif how == "chunks":
                shape = (1 << 24, 64)
                file.create_dataset("embeddings", shape, "f4", chunks=(1 << 20, 64), fillvalue=1.0)
            else:
                big = np.zeros((1 << 20, 128), np.int8)
                file.create_dataset("embeddings", data=big, compression="gzip", chunks=big.shape)
        return path

    return build


def _nested_json(start: str, inner: str, end: str) -> Callable[[], bytes]:
    return lambda: (start + inner * _DEEP + end).encode()


def _nested_message(field: int) -> bytes:
    """Protobuf messages each within the other."""
    content = b""
    parts = []
    size = 0
    for _ in range(20_000):
        head = bytes([field << 3 | 2]) + _varint(size)
        parts.append(head)
        size += len(head)
    return content + b"".join(reversed(parts))


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def _onnx(how: str) -> Build:
    def build(folder: Path) -> Path:
        from onnx import TensorProto, helper, numpy_helper

        shape = numpy_helper.from_array(np.array([1 << 20, 1 << 20], np.int64), "shape")
        one = numpy_helper.from_array(np.ones((1, 1), np.float32), "one")
        node = {
            "constant": helper.make_node("ConstantOfShape", ["shape"], ["big"]),
            "expand": helper.make_node("Expand", ["one", "shape"], ["big"]),
            "claims": helper.make_node("Identity", ["claimed"], ["big"]),
        }[how]
        claimed = TensorProto(name="claimed", data_type=TensorProto.FLOAT, dims=[1 << 25, 1 << 25])
        claimed.raw_data = b"\0" * 64
        graph = helper.make_graph(
            [node, helper.make_node("ReduceSum", ["big"], ["sum"]),
             helper.make_node("Add", ["z", "sum"], ["x"])],
            "net",
            [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["n", 2])],
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", 2])],
            [shape, one, *([claimed] if how == "claims" else [])],
        )  # fmt: skip
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        path = folder / "decoder.onnx"
        path.write_bytes(made.SerializeToString())
        return path

    return build


def _doubling(key: bool) -> bytes:
    """A pickle of a pair of a pair of a pair: two to the sixtieth objects, told in 200 bytes."""
    inner = b"\x80\x02)" + b"2\x86" * 60
    return inner[:2] + b"}" + inner[2:] + b"K\x01s." if key else inner + b"."


def _claiming_pickle(instruction: bytes) -> bytes:
    return b"\x80\x04}X\x01\x00\x00\x00w" + instruction + b"s."


def _session(make: Callable[[], bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("session.json", make())
        archive.writestr("space.arrow", b"")
    return file.getvalue()


def _model_folder(config: Callable[[], bytes]) -> Build:
    def build(folder: Path) -> Path:
        model = folder / "model"
        model.mkdir()
        (model / "config.json").write_bytes(config())
        (model / "model.safetensors").write_bytes(_safetensors(_tensor([1], 4)) + bytes(4))
        return model

    return build


_HEAD = b"label,a,b\n"
BOMBS: dict[str, Build] = {
    "npz of zeros": _written("a.npz", lambda: _zip_of("z.npy", _npy_header((1 << 28, 3)))),
    "npz that says it is small": _written(
        "a.npz", lambda: _zip_of("z.npy", _npy_header((10, 4)), told=80 + 160)
    ),
    "npz whose array says it is large": _written(
        "a.npz", lambda: _zipped("z.npy", lambda: _npy_header((10**12, 300)))
    ),
    "npz that shares": _written("a.npz", _sharing_zip),
    "zip of pictures of zeros": _written("a.zip", lambda: _zip_of("a.png")),
    "project of zeros": _written("p.latentviewer", lambda: _zip_of("session.json")),
    "weights of zeros": _written("w.pt", lambda: _zip_of("archive/data.pkl")),
    "idx of zeros": _idx_folder(lambda: _gzip_idx(True, 3000), _one_label),
    "idx longer than it says": _idx_folder(lambda: _gzip_idx(True, 1), _one_label),
    "idx that says it is endless": _idx_folder(
        lambda: gzip.compress(b"\0\0\x08\x03" + b"\xff" * 12), _one_label
    ),
    "labels of zeros": _idx_folder(_one_picture, lambda: _gzip_idx(False, _SWOLLEN)),
    "labels longer than they say": _idx_folder(_one_picture, lambda: _gzip_idx(False, 1)),
    "npy of 10^15 rows": _written("a.npy", lambda: _npy_header((10**15, 3)) + bytes(96)),
    "npy beyond 64 bits": _written("a.npy", lambda: _npy_header((1 << 62, 1 << 62))),
    "npy of fewer than none": _written("a.npy", lambda: _npy_header((-1, 1 << 40)) + bytes(96)),
    "npy of wide texts": _written("a.npy", lambda: _npy_header((4, 4), "<U2000000000")),
    "npy with a deep header": _written(
        "a.npy", lambda: _npy_of(b"(" * 30_000)
    ),
    "npy with an endless header": _written("a.npy", lambda: _npy_2(0xFFFFFFFF, b"{")),
    "npy of zeros, sparse": _sparse("a.npy", _npy_header((1 << 29, 5))),
    "safetensors with an endless header": _written(
        "a.safetensors", lambda: _safetensors(b"{}", 1 << 62)
    ),
    "safetensors with a header of zeros": _sparse(
        "a.safetensors", (100_000_000).to_bytes(8, "little") + b"{", 2 * _LONG
    ),
    "safetensors of 10^15 values": _written(
        "a.safetensors", lambda: _safetensors(_tensor([10**8, 10**7], 4 * 10**15))
    ),
    "safetensors beyond 64 bits": _written(
        "a.safetensors", lambda: _safetensors(_tensor([1 << 61, 1 << 61], 16))
    ),
    "safetensors of huge numbers": _written(
        "a.safetensors", lambda: _safetensors(b'{"z":{"shape":[1' + b"0" * 5000 + b"]}}")
    ),
    "safetensors with a deep header": _written(
        "a.safetensors", lambda: _safetensors(b'{"a":' * _DEEP)
    ),
    "parquet of a dictionary": _parquet("dictionary"),
    "parquet of one value": _parquet("constant"),
    "parquet that says it is endless": _parquet("rows"),
    "arrow of zeros, packed": _arrow("packed"),
    "arrow with lying packed sizes": _arrow("size"),
    "arrow with lying rows": _arrow("rows"),
    "arrow with lying buffers": _arrow("buffers"),
    "arrow stream with lying buffers": _arrow("stream"),
    "hdf5 of a fill value": _hdf5("fill"),
    "hdf5 of a fill value in chunks": _hdf5("chunks"),
    "hdf5 of one packed chunk": _hdf5("packed"),
    "pictures that claim": _pictures(
        a_png=lambda: png(_SIDE, _SIDE), b_gif=_gif, c_tiff=_tiff, d_bmp=_bmp, e_jpg=_jpeg,
        f_png=lambda: png(_SIDE, _SIDE, 2),
    ),
    "picture that is all there": _pictures(a_png=lambda: png(_SIDE, _SIDE, whole=True)),
    "picture with a text of zeros": _pictures(a_png=_png_text),
    "zip of a picture that claims": _written(
        "a.zip", lambda: _zipped("a.png", lambda: png(_SIDE, _SIDE))
    ),
    "sprite that claims": _projector(lambda: png(_SIDE, _SIDE, 2), "1\t2\n3\t4\n"),
    "sprite that is all there": _projector(lambda: png(_SIDE, _SIDE, whole=True), "1\t2\n3\t4\n"),
    "projector that says it is endless": _projector(
        lambda: png(8, 8), "1\t2\n", "tensor_shape: 4000000000 tensor_shape: 4000000000"
    ),
    "projector of one line": _projector(lambda: png(8, 8), "1.5\t" * (1 << 20)),
    "csv of zeros": _sparse("a.csv", b""),
    "csv of zeros behind two lines": _sparse("a.csv", _HEAD + b"x,1,2\n"),
    "tsv of zeros behind two lines": _sparse("a.tsv", b"a\tb\n1\t2\n"),
    "csv of one line": _long("a.csv", b"", b"1.5,2.5,"),
    "csv of one line behind two": _long("a.csv", _HEAD + b"x,1,2\n", b"1.5,2.5,"),
    "csv of an open quote": _long("a.csv", _HEAD + b'x,1,2\n"', b"abc\n"),
    "csv of many columns": _written("a.csv", lambda: (b"1," * 300_000 + b"1\n") * 3),
    "json of zeros": _sparse("a.json", b"[[1.0, 2.0],"),
    "json lines of one line": _long("a.jsonl", b'{"a": 1}\n{"b": "', b"abc"),
    "deep json list": _written("a.json", _nested_json("", "[", "]")),
    "deep json object": _written("a.json", _nested_json("", '{"a":', "")),
    "deep json lines": _written("a.jsonl", _nested_json('{"a": 1}\n', '{"a":[', "")),
    "deep json lines, closed": _written(
        "a.jsonl", lambda: b'{"a": 1}\n{"a":' + b"[" * _DEEP + b"]" * _DEEP + b"}\n"
    ),
    "deep session": _written("p.latentviewer", lambda: _session(lambda: b"[" * _DEEP)),
    "deep config": _model_folder(lambda: b'{"a":' * _DEEP),
    "config of zeros": _model_folder(lambda: bytes(_LONG)),
    "deep projector": _written("projector_config.json", lambda: b'{"embeddings":' + b"[" * _DEEP),
    "deep projector text": _written("projector_config.pbtxt", lambda: b"embeddings {\n" * _DEEP),
    "words that are endless": _written("a.bin", lambda: b"1000000000000 300\nking " + bytes(1200)),
    "words of many dimensions": _written("a.bin", lambda: b"3 1000000000000\nking " + bytes(64)),
    "words of one line": _long("a.txt", b"king 1.0 2.0\nqueen ", b"1.5 "),
    "words of zeros": _sparse("a.bin", b"100000000 300\nking "),
    "deep onnx": _written("a.onnx", lambda: b"\x08\x08" + _nested_message(7)),
    "onnx of a constant": _onnx("constant"),
    "onnx that expands": _onnx("expand"),
    "onnx with lying weights": _onnx("claims"),
    "onnx of zeros": _sparse("a.onnx", b"\x08\x08"),
    "doubling pickle": _written("w.pt", lambda: torch_zip(_doubling(key=False))),
    "doubling key": _written("w.pt", lambda: torch_zip(_doubling(key=True))),
    "doubling pickle, bare": _written("w.pkl", lambda: _doubling(key=True)),
    "pickle of endless bytes": _written(
        "w.pt", lambda: torch_zip(_claiming_pickle(b"\x8e" + struct.pack("<Q", 1 << 60)))
    ),
    "pickle of an endless number": _written(
        "w.pt", lambda: torch_zip(_claiming_pickle(b"\x8b" + struct.pack("<I", 0x7FFFFFFF)))
    ),
    "pickle of a far memo": _written(
        "w.pt", lambda: torch_zip(_claiming_pickle(b"K\x01r" + struct.pack("<I", 0xFFFFFFF0)))
    ),
    "pickle of digits": _written("w.pkl", lambda: b"\x80\x02L" + b"9" * 5_000_000 + b"L\n."),
    "pickle of zeros": _sparse("w.pkl", b"\x80\x02}", _LONG),
    "old weights of zeros": _sparse("w.pth", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", _LONG),
}  # fmt: skip
"""By name, every file here that would take more than there is if it were believed."""
