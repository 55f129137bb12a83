"""Fetching known data sets; only ever after a click or a command that says so."""

import threading
import urllib.parse
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

from latentviewer.bundled import data_folder
from latentviewer.domain.errors import CancelledError, UserError
from latentviewer.io.datasets import data_set_names, known_name
from latentviewer.io.failures import cannot_write
from latentviewer.io.known_sets import KNOWN_SETS, KnownSet
from latentviewer.io.transfer import Line, Transfer, Wanted, fetch, is_right
from latentviewer.jobs.progress import Progress
from latentviewer.torchvision_operators import declare_missing_operators

_STEP_S = 0.005
_PATIENCE_S = 1.0
# How the bytes of a set are spread over its files; only the progress bar depends on it.
_WEIGHTS = {"train-images": 0.84, "t10k-images": 0.14, "train-labels": 0.01, "t10k-labels": 0.01}


def download(
    name: str, folder: Path | None = None, base_urls: Sequence[str] | None = None
) -> Generator[Progress, None, Path]:
    """Fetches the four files of `mnist` or `fashion-mnist`, those that are there excepted.

    Closing the generator between two yields stops the transfer; what has come so far stays
    in a `.part` file, and the next call goes on from there where the server can.

    Args:
        name: of the set; a part such as `:test` may follow, all of it is fetched.
        folder: the folder of data sets, by default the user's; the files go below it.
        base_urls: http or https addresses to try in order instead of the known mirrors.

    Yields:
        The newest progress, with a `Transfer` as its partial result; no step waits for the
        network.

    Returns:
        The folder of the files.

    Raises:
        UserError: no such set, no mirror answers, wrong content, disk full.
    """
    found = known_name(name)
    if found is None:
        raise UserError(
            f"“{name}” cannot be fetched; {' and '.join(KNOWN_SETS)} can"
            f"{', digits, faces and shapes are always here' if name in data_set_names() else ''}."
        )
    known = KNOWN_SETS[found]
    mirrors, resources = _mirrors_and_resources(found)
    urls = [_checked_url(url) for url in (mirrors if base_urls is None else base_urls)]
    place = (folder or data_folder()) / known.subfolders[0]
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(place, error) from error
    wanted = [_wanted(place / file, md5, known) for file, md5 in resources]
    first = Progress(0.0, f"Connecting for {known.title}")
    yield first
    yield from _beside(first, lambda line: _fetch_all(known, wanted, urls, line))
    return place


def _fetch_all(
    known: KnownSet, files: Sequence[Wanted], urls: Sequence[str], line: Line
) -> Iterator[Progress]:
    finished = 0.0
    for wanted in files:
        weight = _WEIGHTS[wanted.path.name.rsplit("-", 2)[0]]
        if not is_right(wanted, wanted.path):
            for step in fetch(wanted, urls, line):
                share = step.done / step.total if step.total else 0.0
                yield Progress(finished + weight * min(share, 1.0), _stage(step), step)
        finished += weight
    yield Progress(1.0, f"{known.title} is complete")


def _beside(
    first: Progress, start: Callable[[Line], Iterator[Progress]]
) -> Generator[Progress, None, None]:
    """Runs a transfer on a thread of its own and gives its newest progress again and again.

    A job shares its thread with the previews, and a network may stand still for long: no
    step of this generator waits longer than `_STEP_S`, and closing it cuts the line.
    """
    line, ended = Line(), threading.Event()
    newest = [first]
    faults: list[BaseException] = []

    def work() -> None:
        try:
            for step in start(line):
                newest[:] = [step]
        except CancelledError:
            pass
        except BaseException as error:
            faults.append(error)
        finally:
            ended.set()

    thread = threading.Thread(target=work, name="download", daemon=True)
    thread.start()
    try:
        while not ended.wait(_STEP_S):
            yield newest[0]
        thread.join()
        if faults:
            raise faults[0]
        yield newest[0]
    finally:
        line.cut()
        # A connection that is only being made cannot be cut; it ends by itself and writes
        # nothing any more.
        thread.join(_PATIENCE_S)


def _wanted(path: Path, packed_md5: str, known: KnownSet) -> Wanted:
    return Wanted(path, packed_md5, known.content_hashes[path.name.removesuffix(".gz")])


def _mirrors_and_resources(name: str) -> tuple[list[str], list[tuple[str, str]]]:
    declare_missing_operators()
    from torchvision.datasets import MNIST, FashionMNIST

    source: Any = {"mnist": MNIST, "fashion-mnist": FashionMNIST}[name]
    return list(source.mirrors), list(source.resources)


def _checked_url(url: str) -> str:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise UserError(f"{url} is not an http or https address; give one that is.")
    return url if url.endswith("/") else f"{url}/"


def _stage(step: Transfer) -> str:
    total = f" of {step.total / 1e6:.1f}" if step.total else ""
    return f"{step.file}: {step.done / 1e6:.1f}{total} MB"
