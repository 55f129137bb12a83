"""Files of torch.save, in the zip and in the old format, read without running anything.

Their pickle is read by `inert_pickles`, so that nothing of torch's own unpickler is needed, and
stays within what `torch.load(weights_only=True)` allows and the layers of torch.nn; storages are
read one by one, and only those that are asked for.
The formats: https://docs.pytorch.org/docs/stable/notes/serialization.html
"""

import math
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.engine.importing.checkpoints.inert_pickles import (
    DamagedPickle,
    ForbiddenName,
    Inert,
    Made,
    read_inert,
    shown,
)
from latentviewer.engine.importing.checkpoints.known_names import is_known
from latentviewer.engine.importing.checkpoints.tensor_claims import (
    WIDTHS,
    TensorClaim,
    storage_of,
    tensor_from,
)
from latentviewer.io.archives import ZIP_DAMAGE, checked_entries
from latentviewer.io.content import PICKLE_SUFFIXES, content_kind
from latentviewer.io.failures import cannot_read

Layout = Literal["zip", "old", "pickle"]

_MAGIC = 0x1950A86A20F9469CFC6C  # what files in the old format begin with
_MOST_PICKLE_BYTES = 64 << 20
_FOREIGN_ENTRIES = ("archive_format", "constants.pkl", "serialized_exported_program.json")
_COPY = "copy or download it again"


def layout_of(path: Path) -> Layout | None:
    """How a file of torch.save is laid out; `pickle` for any other pickle, None for the rest.

    TorchScript and exported programs are none, though they are zip files with a pickle too.

    Raises:
        UserError: the file is missing or cannot be read.
    """
    kind = content_kind(path)
    if kind == "pickle":
        if not _is_zip(path):
            return "old" if _has_magic(path) else "pickle"
        return "zip" if _pickle_entry(path) is not None else None
    suffix = path.suffix.lower()
    if kind == "unknown" and suffix in PICKLE_SUFFIXES:
        return "old" if _has_magic(path) else "pickle"  # protocols 0 and 1 have no first byte
    return None


class TorchFile:
    """A file of torch.save whose pickle was read.

    Attributes:
        path: where it lies.
        root: what it holds, as `inert_pickles` gives it; see `claim_of` for tensors.

    Raises:
        UserError: it is damaged or is no file of torch.save.
        UnsafeFileError: its pickle names what could run code, or the file claims to be larger
            than it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._blocks: Mapping[str, _Block]
        try:
            self._size = path.stat().st_size
            inert = self._open_zip() if _is_zip(path) else self._open_old()
        except OSError as error:
            raise cannot_read(path, error) from error
        self.root = inert.value

    def check(self, claims: Mapping[str, TensorClaim]) -> None:
        """Looks at what is said of tensors by name; reads no numbers.

        Raises:
            UserError: one cannot be read, or its numbers are missing.
            UnsafeFileError: one, or all together, claim more numbers than the file has.
        """
        for name, claim in claims.items():
            if claim.fault is not None:
                refusal = UnsafeFileError if claim.swells else UserError
                raise refusal(f"{self.path}: tensor “{name}” {claim.fault}.")
        self._check_sizes(claims)

    def read(self, claims: Mapping[str, TensorClaim]) -> dict[str, Tensor]:
        """The tensors by name, on the CPU, contiguous and with the dtype of the file.

        Raises:
            UserError, UnsafeFileError: as `check`, or the file is damaged.
        """
        self.check(claims)
        sharing: dict[str, list[str]] = {}
        for name, claim in claims.items():
            sharing.setdefault(claim.storage, []).append(name)
        found: dict[str, Tensor] = {}
        for key, names in sharing.items():
            data = self._bytes_of(key)
            found.update((name, tensor_from(data, claims[name])) for name in names)
        return {name: found[name] for name in claims}

    def _check_sizes(self, claims: Mapping[str, TensorClaim]) -> None:
        wanted = 0
        for name, claim in claims.items():
            block = self._blocks.get(claim.storage)
            expected = claim.count * claim.dtype.itemsize
            if block is None or block.size != expected:
                has = "are missing" if block is None else f"take {block.size:,} bytes"
                raise UserError(
                    f"{self.path}: the numbers of tensor “{name}” {has}, where {expected:,} bytes "
                    f"should be; {_COPY}."
                )
            wanted += math.prod(claim.shape) * claim.dtype.itemsize
        there = sum(block.size for block in self._blocks.values())
        if wanted > 4 * there:  # tied weights share their numbers, but not all of them
            raise UnsafeFileError(
                f"{self.path} has {there:,} bytes of numbers, and its tensors would take "
                f"{wanted:,}; such a file is refused, save the weights again."
            )

    def _bytes_of(self, key: str) -> bytearray:
        try:
            return self._blocks[key].read()
        except ZIP_DAMAGE as error:
            raise UserError(f"{self.path} is damaged ({error}); {_COPY}.") from error
        except OSError as error:
            raise cannot_read(self.path, error) from error

    def _open_zip(self) -> Inert:
        prefix, pickled = self._unzipped()
        start = f"{prefix}data/"
        self._blocks = {
            name.removeprefix(start): _Block(entry.file_size, _zip_reader(self.path, entry))
            for name, entry in self._entries.items()
            if name.startswith(start)
        }
        return self._inert(pickled)

    def _unzipped(self) -> tuple[str, bytes]:
        """The folder within the zip, and the pickle in it."""
        try:
            with zipfile.ZipFile(self.path) as archive:
                self._entries = {e.filename: e for e in checked_entries(archive, self.path)}
                name = _pickle_entry(self.path)
                if name is None:
                    raise UserError(f"{self.path} is a zip file without weights; {_COPY}.")
                size = self._entries[name].file_size
                if size > _MOST_PICKLE_BYTES:
                    raise UserError(
                        f"{self.path}: its pickle has {size:,} bytes, which is too large for a "
                        "description of weights; save only the state dict."
                    )
                prefix = name.removesuffix("data.pkl")
                order = f"{prefix}byteorder"
                if order in self._entries and archive.read(order) != b"little":
                    raise UserError(
                        f"{self.path} was written on a machine of another byte order; save it "
                        "again on a usual one."
                    )
                return prefix, archive.read(name)
        except ZIP_DAMAGE as error:
            raise UserError(f"{self.path} is a damaged zip file ({error}); {_COPY}.") from error

    def _open_old(self) -> Inert:
        """Five pickles one after another, and then the storages, each after its length."""
        with self.path.open("rb") as file:
            head = file.read(_MOST_PICKLE_BYTES)
        place, values = 0, []
        for _ in range(5):
            inert = self._inert(head[place:])
            values.append(inert)
            place += inert.end
            if values[0].value != _MAGIC:
                raise UserError(
                    f"{self.path} is a pickle, but not one that torch.save wrote; save the model's "
                    "state dict with torch.save or as safetensors."
                )
        keys = values[4].value
        if not isinstance(keys, list) or not _is_little(values[2].value):
            raise UserError(f"{self.path} has a damaged list of storages; {_COPY}.")
        self._blocks = self._blocks_after(place, keys, values[3].stored)
        return values[3]

    def _blocks_after(
        self, place: int, keys: list[Any], stored: Iterable[Made]
    ) -> dict[str, "_Block"]:
        widths = {}
        for note in stored:
            if (storage := storage_of(note)) is not None:
                widths[storage.key] = WIDTHS[storage.kind]
        blocks: dict[str, _Block] = {}
        with self.path.open("rb") as file:
            for key in keys:
                if not isinstance(key, str) or key not in widths:
                    raise UserError(f"{self.path} has a damaged list of storages; {_COPY}.")
                file.seek(place)
                size = int.from_bytes(file.read(8), "little") * widths[key]
                place += 8
                if place + size > self._size:
                    raise UserError(
                        f"{self.path} is cut short or damaged at byte {place:,}; {_COPY}."
                    )
                blocks[key] = _Block(size, _part_reader(self.path, place, size))
                place += size
        return blocks

    def _inert(self, data: bytes) -> Inert:
        try:
            return read_inert(data, is_known)
        except DamagedPickle as error:
            raise UserError(f"{self.path} holds a damaged pickle: {error}; {_COPY}.") from error
        except ForbiddenName as error:
            raise UnsafeFileError(
                f"{self.path} asks for “{shown(str(error))}”, which is neither a tensor nor a "
                "plain layer of torch.nn and could run code; save the model's state_dict() alone, "
                "or write an adapter file with “latentviewer new-adapter”."
            ) from error


@dataclass(frozen=True)
class _Block:
    """A storage's bytes: how many, and the way to them."""

    size: int
    read: Callable[[], bytearray]


def _is_little(told: Any) -> bool:
    return isinstance(told, dict) and told.get("little_endian") is True


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def _has_magic(path: Path) -> bool:
    with path.open("rb") as file:
        start = file.read(64)
    try:
        return bool(read_inert(start, lambda _name: False).value == _MAGIC)
    except (DamagedPickle, ForbiddenName):
        return False


def _pickle_entry(path: Path) -> str | None:
    """The name of the one pickle in a zip that torch.save wrote, or None."""
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
    parts = [name.split("/") for name in names]
    if any("code" in part[:-1] or part[-1] in _FOREIGN_ENTRIES for part in parts):
        return None
    found = [name for name in names if name.split("/")[-1] == "data.pkl"]
    return found[0] if len(found) == 1 else None


def _zip_reader(path: Path, entry: zipfile.ZipInfo) -> Callable[[], bytearray]:
    def read() -> bytearray:
        with zipfile.ZipFile(path) as archive:
            return bytearray(archive.read(entry))

    return read


def _part_reader(path: Path, start: int, size: int) -> Callable[[], bytearray]:
    def read() -> bytearray:
        with path.open("rb") as file:
            file.seek(start)
            return bytearray(file.read(size))

    return read
