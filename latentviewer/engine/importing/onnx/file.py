"""One ONNX file: looked at as a whole before anything of it is opened, with what lies beside it."""

import hashlib
import mmap
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.engine.importing.onnx.bounds import LARGEST_BYTES, bytes_of, check_contents
from latentviewer.engine.importing.onnx.graph import Contents, Tensor, contents_of, shown
from latentviewer.engine.importing.onnx.wire import WireError
from latentviewer.engine.weights import refuse_disguised_pickle, sha256_of
from latentviewer.io.failures import cannot_read, check_regular

_LARGEST_BESIDE_BYTES = 4 << 30  # of all weights that lie in files of their own
_PLACE_KEYS = frozenset({"location", "offset", "length", "checksum"})
_NUMBER = re.compile(r"[0-9]{1,15}")
_ORT_FORMAT = b"ORTM"  # https://onnxruntime.ai/docs/reference/ort-format-models.html


@dataclass(frozen=True)
class OnnxFile:
    """A file that was found harmless.

    Attributes:
        contents: what is in it.
        beside: files that its weights lie in, by the name it has for them.
        digest: SHA-256 of the file; where there are files beside it, of the digests of all.
    """

    path: Path
    contents: Contents
    beside: Mapping[str, Path]
    digest: str

    def content(self) -> tuple[bytes, dict[str, bytes]]:
        """The file's bytes and those of the files beside it, by name: the ones looked at.

        Raises:
            UserError: one cannot be read, or has changed since.
        """
        try:
            model = self.path.read_bytes()
            weights = {name: path.read_bytes() for name, path in self.beside.items()}
        except OSError as error:
            raise cannot_read(self.path, error) from error
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in weights.items()}
        if combined(hashlib.sha256(model).hexdigest(), digests) != self.digest:
            raise UserError(f"{self.path} has changed while it was opened; open it again.")
        return model, weights


def read_onnx(path: Path) -> OnnxFile:
    """What a file holds, after it was found harmless.

    Raises:
        UserError: it is no ONNX model, is damaged, or asks for more than there is.
        UnsafeFileError: it is a pickle, needs native code, or reaches outside its folder.
    """
    contents = _read(path)
    # Before anything else, for where a file reaches tells most about it.
    beside = _beside(path, contents)
    check_contents(path, contents)
    _check_lengths(path, contents, beside)
    digests = {name: sha256_of(file) for name, file in beside.items()}
    return OnnxFile(path, contents, beside, combined(sha256_of(path), digests))


def combined(model: str, others: Mapping[str, str]) -> str:
    """One SHA-256 for several files' by name; the model's own where there are no others."""
    if not others:
        return model
    lines = [model, *(f"{digest} {name}" for name, digest in sorted(others.items()))]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def _read(path: Path) -> Contents:
    check_regular(path)
    mend = "copy or download it again"
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            first = file.read(8)
            refuse_disguised_pickle(path, first)
            if first[4:8] == _ORT_FORMAT or path.suffix.lower() == ".ort":
                raise UserError(
                    f"{path} is in onnxruntime's own format, which holds no model for other "
                    "programs; open the .onnx file that it was made from."
                )
            if size == 0:
                raise UserError(f"{path} is empty; {mend}.")
            if size >= LARGEST_BYTES:
                raise UserError(
                    f"{path} has {size:,} bytes, and an ONNX file ends at {LARGEST_BYTES:,}; save "
                    "its weights as external data."
                )
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
                contents = contents_of(data)
    except OSError as error:
        raise cannot_read(path, error) from error
    except WireError as error:
        raise UserError(f"{path} is no ONNX model, or is damaged: {error}; {mend}.") from error
    if contents is None:
        raise UserError(f"{path} is no ONNX model: there is no graph in it; {mend}.")
    return contents


def _beside(path: Path, contents: Contents) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for tensor in contents.tensors:
        if tensor.external is None:
            continue
        unknown = sorted(set(tensor.external) - _PLACE_KEYS)
        if unknown:
            raise UserError(
                f"{path}: tensor “{shown(tensor.name)}” says “{shown(unknown[0])}” of where it "
                "lies, which is not known here; save the model's weights anew."
            )
        location = tensor.external.get("location", "")
        place = _placed(path, tensor, location)
        if not tensor.main:
            # onnxruntime would look for those itself, and not in the model's folder.
            raise UserError(
                f"{path}: tensor “{shown(tensor.name)}” lies in another file and is not one of the "
                "graph's own weights; save the model with all its weights inside."
            )
        # As onnxruntime writes it when it looks for it.
        found[str(PurePosixPath(location))] = place
    return found


def _placed(path: Path, tensor: Tensor, location: str) -> Path:
    """The file that a tensor lies in, which is within the model's folder and there."""
    name, where = shown(tensor.name), shown(location)
    windows = PureWindowsPath(location)
    outside = (
        not location
        or not location.isprintable()
        # onnxruntime takes addresses in memory for paths that begin so.
        or any(letter in location for letter in "*\\:�")
        or windows.is_absolute()
        or bool(windows.root)
        or ".." in windows.parts
    )
    file = path.parent / location
    if not outside:
        # A link may lead anywhere, whatever its name.
        outside = not within(file, path.parent)
    if outside:
        raise UnsafeFileError(
            f"{path}: tensor “{name}” lies in “{where}”, which is not in the folder of the model; "
            "nothing is read from there, put the file beside the model and save it anew."
        )
    check_regular(file)
    if not file.is_file():
        raise UserError(
            f"{path}: tensor “{name}” lies in the file “{where}”, which is not there; put it "
            "beside the model."
        )
    return file


def within(file: Path, folder: Path) -> bool:
    """Whether a file lies in a folder once all links are followed."""
    try:
        return Path(os.path.realpath(file)).is_relative_to(os.path.realpath(folder))
    except (OSError, ValueError):
        return False


def _check_lengths(path: Path, contents: Contents, beside: Mapping[str, Path]) -> None:
    try:
        sizes = {name: file.stat().st_size for name, file in beside.items()}
    except OSError as error:
        raise cannot_read(path, error) from error
    total = sum(sizes.values())
    if total > _LARGEST_BESIDE_BYTES:
        raise UserError(
            f"{path} has {total:,} bytes of weights beside it, more than the "
            f"{_LARGEST_BESIDE_BYTES:,} that are read; take a smaller model."
        )
    claimed = sum(bytes_of(tensor) for tensor in contents.tensors if tensor.external is not None)
    # Tensors may share bytes, but a thousand of them on the same ones are a trap.
    if claimed > 2 * total:
        raise UserError(
            f"{path}: its tensors claim {claimed:,} bytes of the {total:,} beside it; copy or "
            "export it again."
        )
    for tensor in contents.tensors:
        if tensor.external is None:
            continue
        wanted = bytes_of(tensor)
        offset, length = tensor.external.get("offset", "0"), tensor.external.get("length", "")
        file = str(PurePosixPath(tensor.external["location"]))
        fits = (
            _NUMBER.fullmatch(offset) is not None
            and (not length or (_NUMBER.fullmatch(length) is not None and int(length) == wanted))
            and int(offset) + wanted <= sizes[file]
        )
        if not fits:
            raise UserError(
                f"{path}: tensor “{shown(tensor.name)}” takes {wanted:,} bytes, which “"
                f"{shown(file)}” does not have from byte {shown(offset)} on; copy or download both "
                "again."
            )
