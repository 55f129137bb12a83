"""Which files the user trusts to run code, by the hash of their content."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from latentviewer.domain.errors import UserError
from latentviewer.io.atomic import write_bytes
from latentviewer.io.failures import cannot_read, cannot_write

_HASH_DIGITS = 64


@dataclass(frozen=True)
class TrustedFile:
    """A content that may run code.

    Attributes:
        hash: SHA-256 of it, hexadecimal. path: where it lay when it was trusted.
    """

    hash: str
    path: str


class TrustedFiles:
    """Reads and writes the list; what is in the file counts, nothing is remembered beside it.

    Args:
        place: the JSON file of the list; it need not be there.
    """

    def __init__(self, place: Path) -> None:
        self._place = place

    def all(self) -> tuple[TrustedFile, ...]:
        """Those trusted, first to last.

        Raises:
            UserError: the list is damaged or cannot be read; then nothing is trusted.
        """
        try:
            document: Any = json.loads(self._place.read_bytes())
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise cannot_read(self._place, error) from error
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict) or not isinstance(document.get("trusted"), list):
            raise self._damaged()
        files = []
        for entry in document["trusted"]:
            if not isinstance(entry, dict) or not _is_hash(entry.get("hash")):
                raise self._damaged()
            files.append(TrustedFile(entry["hash"], str(entry.get("path", ""))))
        return tuple(files)

    def trusts(self, content: str) -> bool:
        """Whether the content of a hash is trusted."""
        return any(known.hash == content for known in self.all())

    def trust(self, content: str, path: Path) -> None:
        """Trusts the content of a hash from now on.

        Raises:
            UserError: the list cannot be written; then it is not trusted.
        """
        if not _is_hash(content):
            raise ValueError(f"{content!r} is no SHA-256")
        if not self.trusts(content):
            self._write((*self.all(), TrustedFile(content, str(path.absolute()))))

    def revoke(self, content: str) -> None:
        """Trusts it no longer.

        Raises:
            UserError: it was not trusted, or the list cannot be written.
        """
        kept = tuple(known for known in self.all() if known.hash != content)
        if len(kept) == len(self.all()):
            raise UserError(f"No file of the hash {content[:12]} is trusted; nothing was changed.")
        self._write(kept)

    def _write(self, files: tuple[TrustedFile, ...]) -> None:
        document = {"trusted": [{"hash": known.hash, "path": known.path} for known in files]}
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(self._place, error) from error
        text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
        write_bytes(self._place, text.encode("utf-8", "backslashreplace"))

    def _damaged(self) -> UserError:
        return UserError(
            f"The list of trusted files, {self._place}, is damaged, so nothing is trusted; "
            "delete it, and trust again what you need."
        )


def _is_hash(text: object) -> bool:
    return (
        isinstance(text, str)
        and len(text) == _HASH_DIGITS
        and all(c in "0123456789abcdef" for c in text)
    )
