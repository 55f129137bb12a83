"""Downloads against a real local server: resumed, restarted, cut, corrupted, refused."""

import errno
import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Any

import pytest

from latentviewer.domain.errors import UserError
from latentviewer.io import download as downloading
from latentviewer.io import transfer
from latentviewer.io.datasets import is_here, open_data
from latentviewer.io.download import Transfer, download
from latentviewer.jobs.progress import Progress

pytestmark = pytest.mark.usefixtures("no_proxy")

IMAGES = "train-images-idx3-ubyte.gz"


class Server(http.server.HTTPServer):
    """Serves one folder.

    Attributes:
        log: (path, first byte sent, status) of each answer.
        ranges: whether it honours Range.
        cut_after: bytes after which each answer breaks off.
        hold_after: bytes after which the next answer stands still until `released`.
        spoil: changes a file's content before it is sent.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.log: list[tuple[str, int, int]] = []
        self.ranges = True
        self.cut_after: int | None = None
        self.hold_after: int | None = None
        self.released = threading.Event()
        self.redirect: str | None = None
        self.spoil: Callable[[bytes], bytes] = lambda content: content

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away midway is expected here."""


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        name = self.path.strip("/")
        if self.server.redirect:
            self.send_response(302)
            self.send_header("Location", self.server.redirect)
            self.end_headers()
            return
        path = self.server.folder / name
        if not path.is_file():
            self.server.log.append((name, 0, 404))
            self.send_error(404)
            return
        content = self.server.spoil(path.read_bytes())
        asked = self.headers.get("Range")
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        if not self.server.ranges:
            start = 0
        if start >= len(content):
            self.server.log.append((name, start, 416))
            self.send_error(416)
            return
        status = 206 if asked and self.server.ranges else 200
        self.server.log.append((name, start, status))
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.server.hold_after is not None:
            held, self.server.hold_after = self.server.hold_after, None
            self.wfile.write(content[start : start + held])
            self.server.released.wait(20)
            return
        end = None if self.server.cut_after is None else start + self.server.cut_after
        self.wfile.write(content[start:end])

    def log_message(self, *_: Any) -> None:
        """Silent."""


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy of this machine stays out of the way of the local server."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def server(real_data: Path) -> Iterator[Server]:
    with serving(real_data / "mnist") as running:
        yield running


def run(steps: Any) -> tuple[list[Progress], Path]:
    seen = []
    while True:
        try:
            seen.append(next(steps))
        except StopIteration as end:
            return seen, end.value


def start_and_cancel(server: Server, folder: Path) -> int:
    """Closes the transfer while the server stands still, as a cancelled job does."""
    server.hold_after = 1_000_000
    steps = download("mnist", folder, [server.url])
    for step in steps:
        if isinstance(step.partial, Transfer) and step.partial.done == 1_000_000:
            steps.close()
            break
    assert not [t for t in threading.enumerate() if t.name == "download"]
    assert not server.released.is_set()
    server.released.set()
    return 1_000_000


def keep_only_images(folder: Path, real_data: Path) -> None:
    """Puts all files but the large one in place, so that a test transfers only that."""
    place = folder / "mnist"
    place.mkdir(parents=True)
    for path in (real_data / "mnist").glob("*.gz"):
        if path.name != IMAGES:
            (place / path.name).write_bytes(path.read_bytes())


def test_all_four_files_arrive_and_open(server: Server, no_user_data: Path) -> None:
    assert not is_here("mnist")
    steps, place = run(download("mnist", base_urls=[server.url]))
    assert place == no_user_data / "mnist"
    assert is_here("mnist")
    assert len(open_data("mnist:test")) == 10_000
    fractions = [s.fraction for s in steps if s.fraction is not None]
    assert fractions == sorted(fractions)
    assert (fractions[0], fractions[-1]) == (0.0, 1.0)
    assert sorted(p.name for p in place.iterdir()) == sorted(
        p.name for p in server.folder.glob("*.gz")
    )
    before = len(server.log)
    run(download("mnist:test", base_urls=[server.url]))
    assert len(server.log) == before


def test_a_cancelled_transfer_goes_on_where_it_stopped(
    server: Server, tmp_path: Path, real_data: Path
) -> None:
    keep_only_images(tmp_path, real_data)
    done = start_and_cancel(server, tmp_path)
    part = tmp_path / "mnist" / f"{IMAGES}.part"
    assert part.stat().st_size == done
    assert not (tmp_path / "mnist" / IMAGES).exists()
    run(download("mnist", tmp_path, [server.url]))
    assert server.log[-1] == (IMAGES, done, 206)
    assert (tmp_path / "mnist" / IMAGES).read_bytes() == (server.folder / IMAGES).read_bytes()
    assert not part.exists()


def test_no_step_waits_for_a_server_that_stands_still(
    server: Server, tmp_path: Path, real_data: Path
) -> None:
    keep_only_images(tmp_path, real_data)
    server.hold_after = 1_000_000
    steps = download("mnist", tmp_path, [server.url])
    waiting = [step.partial for step in islice(steps, 60)]
    assert all(w.done <= 1_000_000 for w in waiting if isinstance(w, Transfer))
    server.released.set()
    run(steps)
    assert (tmp_path / "mnist" / IMAGES).read_bytes() == (server.folder / IMAGES).read_bytes()


def test_a_server_without_ranges_starts_anew(
    server: Server, tmp_path: Path, real_data: Path
) -> None:
    keep_only_images(tmp_path, real_data)
    server.ranges = False
    start_and_cancel(server, tmp_path)
    run(download("mnist", tmp_path, [server.url]))
    assert server.log[-1] == (IMAGES, 0, 200)
    assert (tmp_path / "mnist" / IMAGES).read_bytes() == (server.folder / IMAGES).read_bytes()


def test_a_cut_connection_is_taken_up_again(
    server: Server, tmp_path: Path, real_data: Path
) -> None:
    keep_only_images(tmp_path, real_data)
    server.cut_after = 3_000_000
    run(download("mnist", tmp_path, [server.url]))
    assert [start for _, start, _ in server.log] == [0, 3_000_000, 6_000_000, 9_000_000]
    assert (tmp_path / "mnist" / IMAGES).read_bytes() == (server.folder / IMAGES).read_bytes()


def test_a_connection_that_gives_nothing_ends_in_a_sentence(server: Server, tmp_path: Path) -> None:
    server.cut_after = 0
    with pytest.raises(UserError, match=r"train-images.*cut the connection.*try again"):
        run(download("mnist", tmp_path, [server.url]))


def test_a_spoiled_file_is_not_kept(server: Server, tmp_path: Path) -> None:
    server.spoil = lambda content: content[:100] + b"\x00" + content[101:]
    with pytest.raises(UserError, match=r"train-images.*wrong checksum.*try again"):
        run(download("mnist", tmp_path, [server.url]))
    assert list((tmp_path / "mnist").iterdir()) == []


def test_a_spoiled_first_half_is_fetched_again(
    server: Server, tmp_path: Path, real_data: Path
) -> None:
    keep_only_images(tmp_path, real_data)
    (tmp_path / "mnist" / f"{IMAGES}.part").write_bytes(b"x" * 5_000_000)
    run(download("mnist", tmp_path, [server.url]))
    assert [start for _, start, _ in server.log] == [5_000_000, 0]
    assert (tmp_path / "mnist" / IMAGES).read_bytes() == (server.folder / IMAGES).read_bytes()


def test_a_part_longer_than_the_file_is_fetched_again(
    server: Server, tmp_path: Path, real_data: Path
) -> None:
    keep_only_images(tmp_path, real_data)
    size = (server.folder / IMAGES).stat().st_size
    (tmp_path / "mnist" / f"{IMAGES}.part").write_bytes(b"x" * (size + 1))
    run(download("mnist", tmp_path, [server.url]))
    assert [status for _, _, status in server.log] == [416, 200]


def test_a_complete_part_needs_no_network(tmp_path: Path, real_data: Path) -> None:
    keep_only_images(tmp_path, real_data)
    content = (real_data / "mnist" / IMAGES).read_bytes()
    (tmp_path / "mnist" / f"{IMAGES}.part").write_bytes(content)
    run(download("mnist", tmp_path, ["http://127.0.0.1:1/"]))
    assert (tmp_path / "mnist" / IMAGES).read_bytes() == content


def test_a_damaged_file_that_is_there_is_replaced(
    server: Server, tmp_path: Path, real_data: Path
) -> None:
    keep_only_images(tmp_path, real_data)
    (tmp_path / "mnist" / IMAGES).write_bytes(b"damaged")
    run(download("mnist", tmp_path, [server.url]))
    assert (tmp_path / "mnist" / IMAGES).read_bytes() == (server.folder / IMAGES).read_bytes()


def test_the_next_mirror_is_tried(server: Server, tmp_path: Path, real_data: Path) -> None:
    keep_only_images(tmp_path, real_data)
    with serving(tmp_path) as empty:
        run(download("mnist", tmp_path, ["http://127.0.0.1:1", empty.url, server.url]))
        assert empty.log == [(IMAGES, 0, 404)]
    assert (tmp_path / "mnist" / IMAGES).exists()


def test_every_mirror_that_failed_is_named(tmp_path: Path) -> None:
    with (
        serving(tmp_path) as empty,
        pytest.raises(
            UserError, match=r"could not be reached.*; .*404.*Check the network"
        ) as caught,
    ):
        run(download("mnist", tmp_path, ["http://127.0.0.1:1/", empty.url]))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1/x"])
def test_a_redirect_never_leaves_the_web(server: Server, tmp_path: Path, target: str) -> None:
    server.redirect = target
    with pytest.raises(UserError, match="could not be fetched"):
        run(download("mnist", tmp_path, [server.url]))
    assert list((tmp_path / "mnist").iterdir()) == []


def test_only_web_addresses_and_known_sets(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not an http or https address"):
        run(download("mnist", tmp_path, ["file:///etc/"]))
    with pytest.raises(UserError, match=r"digits.*cannot be fetched.*always here"):
        run(download("digits", tmp_path))
    with pytest.raises(UserError, match="cannot be fetched"):
        run(download("imagenet", tmp_path))


def test_a_full_disk_is_said_and_the_part_kept(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def __init__(self, file: IO[bytes]) -> None:
            self.file = file

        def write(self, chunk: bytes) -> int:
            if self.file.tell() > 500_000:
                raise OSError(errno.ENOSPC, "No space left on device")
            return self.file.write(chunk)

        def flush(self) -> None:
            self.file.flush()

    write = transfer._append
    monkeypatch.setattr(
        transfer, "_append", lambda file, chunk, part: write(Full(file), chunk, part)
    )
    with pytest.raises(UserError, match="disk is full"):
        run(download("mnist", tmp_path, [server.url]))
    assert (tmp_path / "mnist" / f"{IMAGES}.part").stat().st_size > 500_000


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file"):
        run(download("mnist", tmp_path / "file", ["http://127.0.0.1:1/"]))


def test_the_known_mirrors_are_those_of_torchvision() -> None:
    for name in ("mnist", "fashion-mnist"):
        mirrors, resources = downloading._mirrors_and_resources(name)
        assert all(m.startswith("http") for m in mirrors)
        assert len(resources) == 4
