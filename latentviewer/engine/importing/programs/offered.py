"""What was shown to the user is what is opened, byte for byte."""

import hashlib
from pathlib import Path

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.engine.weights import sha256_of
from latentviewer.io.failures import cannot_read, check_regular

_LARGEST_BYTES = 16 << 30


class Offered:
    """Remembers the hashes of files that were offered.

    Trust is in a hash, and a file that is read a second time may hold other bytes by then; so
    it is read once more, as a whole, and run only if the hash is still the one offered.
    """

    def __init__(self) -> None:
        self._hashes: dict[Path, str] = {}

    def hashed(self, path: Path) -> str:
        """SHA-256 of a file, hexadecimal, which `content` will hold it to.

        Raises:
            UserError: it cannot be read.
        """
        check_regular(path)
        return self._kept(path, sha256_of(path))

    def read(self, path: Path) -> tuple[bytes, str]:
        """A small file's bytes and their hash, which `content` will hold it to.

        Raises:
            UserError: it cannot be read.
        """
        content = _bytes_of(path)
        return content, self._kept(path, hashlib.sha256(content).hexdigest())

    def content(self, path: Path) -> tuple[bytes, str]:
        """The bytes that were offered, and their hash.

        Raises:
            UserError: it cannot be read.
            UnsafeFileError: it is another file than was offered, or none was.
        """
        content = _bytes_of(path)
        digest = hashlib.sha256(content).hexdigest()
        if self._hashes.get(path) != digest:
            raise UnsafeFileError(
                f"{path} is not the file that was looked at, for it has changed since; look at it "
                "again, and trust it again if it is what you expect."
            )
        return content, digest

    def _kept(self, path: Path, digest: str) -> str:
        self._hashes[path] = digest
        return digest


OFFERED = Offered()
"""Of every kind of file that can run code; a file is offered by one importer only."""


def _bytes_of(path: Path) -> bytes:
    check_regular(path)
    try:
        size = path.stat().st_size
        if size > _LARGEST_BYTES:
            raise UserError(
                f"{path} has {size:,} bytes, more than are read into memory at once; save its "
                "weights as safetensors."
            )
        return path.read_bytes()
    except OSError as error:
        raise cannot_read(path, error) from error
