"""One file over http or https: resumed, verified, from the first mirror that has it."""

import gzip
import hashlib
import http
import http.client
import socket
import threading
import urllib.error
import urllib.request
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from latentviewer.domain.errors import UserError
from latentviewer.io.atomic import move_into_place
from latentviewer.io.failures import cannot_write
from latentviewer.jobs.progress import CancelToken

_CHUNK_BYTES = 1 << 17
_LARGEST_BYTES = 256 << 20
_TIMEOUT_S = 30
_TRIES_PER_MIRROR = 5


@dataclass(frozen=True)
class Transfer:
    """How far one file is, as the `partial` of each progress.

    Attributes:
        file: its name.
        done, total: bytes; the total is None where the server does not say.
    """

    file: str
    done: int
    total: int | None


@dataclass(frozen=True)
class Wanted:
    """One file: where it goes and what it must be."""

    path: Path
    packed_md5: str
    content_md5: str

    @property
    def part(self) -> Path:
        return self.path.with_name(self.path.name + ".part")


class Line:
    """The connection in use, which another thread may cut."""

    def __init__(self) -> None:
        self._token = CancelToken()
        self._lock = threading.Lock()
        self._response: http.client.HTTPResponse | None = None

    def cut(self) -> None:
        """Ends a read that waits for the network, and every request to come."""
        self._token.cancel()
        with self._lock, suppress(OSError, ValueError):
            if self._response is not None:
                connection = socket.socket(fileno=self._response.fileno())
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                finally:
                    connection.detach()

    def check(self) -> None:
        """Ends the transfer here if the line was cut.

        Raises:
            CancelledError: it was.
        """
        self._token.raise_if_cancelled()

    @contextmanager
    def using(self, response: http.client.HTTPResponse) -> Iterator[None]:
        """Lets `cut` reach this response until the block ends."""
        with self._lock:
            self._response = response
        try:
            self.check()
            yield
        finally:
            with self._lock:
                self._response = None


class _AddressError(Exception):
    """What an address did wrong, as part of a sentence."""


def fetch(wanted: Wanted, base_urls: Sequence[str], line: Line) -> Generator[Transfer, None, None]:
    """Tries one mirror after the other until the file is there and right.

    What has come before a cut stays in the `.part` file, and the next call goes on from
    there where the server can; a file that is not the known one is never kept.

    Raises:
        CancelledError: the line was cut.
        UserError: no mirror gives the file, or the disk is full.
    """
    faults: list[str] = []
    for base in base_urls:
        try:
            yield from _fetch_from(base + wanted.path.name, wanted, line)
        except _AddressError as fault:
            faults.append(str(fault))
        else:
            _keep(wanted)
            return
    raise UserError(
        f"{wanted.path.name} could not be fetched: {'; '.join(faults) or 'no address is known'}. "
        "Check the network and try again."
    )


def _fetch_from(url: str, wanted: Wanted, line: Line) -> Generator[Transfer, None, None]:
    """Fetches from one address, going on where it was cut as long as more bytes come."""
    last = _AddressError(f"{url} cut the connection too often")
    for _ in range(_TRIES_PER_MIRROR):
        start = _size(wanted.part)
        if start and is_right(wanted, wanted.part):
            return
        try:
            yield from _transfer(url, wanted, start, line)
        except _AddressError as fault:
            if _size(wanted.part) <= start:
                raise
            last = fault
            continue
        if is_right(wanted, wanted.part):
            return
        wanted.part.unlink(missing_ok=True)
        last = _AddressError(f"{url} sent a file with a wrong checksum, which was not kept")
        # After a resumed transfer the first half may be to blame: once more from the start.
        if not start:
            raise last
    raise last


def _transfer(url: str, wanted: Wanted, start: int, line: Line) -> Generator[Transfer, None, None]:
    """One request; appends to the `.part` file, or begins it anew where the server does."""
    with _answer(url, start, line) as response:
        if response is None:
            wanted.part.unlink(missing_ok=True)
            return
        resumed = response.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        done = start if response.status == http.HTTPStatus.PARTIAL_CONTENT and resumed else 0
        length = response.headers.get("Content-Length", "")
        total = done + int(length) if length.isdecimal() else None
        with _opened(wanted.part, "ab" if done else "wb") as part:
            while chunk := response.read1(_CHUNK_BYTES):
                line.check()
                _append(part, chunk, wanted.part)
                done += len(chunk)
                if done > _LARGEST_BYTES:
                    raise _AddressError(f"{url} sends far more bytes than the file has")
                yield Transfer(wanted.path.name, done, total)
    line.check()
    if total is not None and done < total:
        raise _AddressError(f"{url} cut the connection")


@contextmanager
def _answer(url: str, start: int, line: Line) -> Iterator[http.client.HTTPResponse | None]:
    """The response from byte `start` on; None where the server has nothing after it."""
    request = urllib.request.Request(url)
    if start:
        request.add_header("Range", f"bytes={start}-")
    line.check()
    try:
        response = _opener().open(request, timeout=_TIMEOUT_S)
        if response is None:
            raise _AddressError(f"{url} leads to an address that is not http or https")
        with response, line.using(response):
            yield response
    except urllib.error.HTTPError as error:
        with closing(error):
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE or not start:
                raise _AddressError(f"{url} answered {error.code} ({error.reason})") from error
        yield None
    except (OSError, http.client.HTTPException) as error:
        raise _AddressError(f"{url} could not be reached ({_reason(error)})") from error


def _opener() -> urllib.request.OpenerDirector:
    """Speaks http and https only, redirects included."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPRedirectHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


@contextmanager
def _opened(part: Path, mode: str) -> Iterator[IO[bytes]]:
    try:
        file = part.open(mode)
    except OSError as error:
        raise cannot_write(part, error) from error
    with file:
        yield file


def _append(file: IO[bytes], chunk: bytes, part: Path) -> None:
    # Flushed each time, so that a full disk is met here and not when the file is closed.
    try:
        file.write(chunk)
        file.flush()
    except OSError as error:
        raise cannot_write(part, error) from error


def _keep(wanted: Wanted) -> None:
    try:
        move_into_place(wanted.part, wanted.path)
    except OSError as error:
        raise cannot_write(wanted.path, error) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def is_right(wanted: Wanted, path: Path) -> bool:
    """Whether a file is the known one: packed as it was published, or packed otherwise."""
    try:
        with path.open("rb") as file:
            packed = hashlib.file_digest(file, _md5).hexdigest()
        if packed in (wanted.packed_md5, wanted.content_md5):
            return True
        with gzip.open(path) as unpacked:
            content, size = _md5(), 0
            while (chunk := unpacked.read(_CHUNK_BYTES)) and size <= _LARGEST_BYTES:
                content.update(chunk)
                size += len(chunk)
    except (OSError, EOFError, zlib.error):
        return False
    return content.hexdigest() == wanted.content_md5


def _md5() -> "hashlib._Hash":
    return hashlib.md5(usedforsecurity=False)


def _reason(error: BaseException) -> str:
    cause = getattr(error, "reason", error)
    return (getattr(cause, "strerror", None) or str(cause) or type(error).__name__).rstrip(".")
