"""Opens hostile files in a process of its own: `python -m tests.hostile.trial JOB`.

The process watches itself: an audit hook sees what Python runs, imports, starts, connects to and
opens, and a limit of memory and of time stands in for a machine that is brought to its knees.
What came of every file is written at once, so that a process that dies has said how far it got.
"""

import dataclasses
import gc
import json
import os
import platform
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import IO, Any

from tests.hostile.payloads import CANARY, canary, register_extension
from tests.hostile.secrets_beside import SECRET, SECRET_COLOUR, SECRET_NUMBER

_STARTS = frozenset(
    {"os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "subprocess.Popen",
     "pty.spawn", "pickle.find_class", "urllib.Request"}
)  # fmt: skip
_CALLS_OUT = frozenset(
    {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"}
)
_PLANTED = frozenset({"set_off_by_import", "evil", "script_source"})


@dataclasses.dataclass
class Outcome:
    """What came of a file.

    Attributes:
        name: of the case. opener: that was tried.
        kind: `opened`, `refused`, `unsafe`, or `fault` for anything that may not happen.
        said: the sentence of a refusal, or what the fault was.
        ran: what the canary and the audit hook saw.
        seconds: that it took.
    """

    name: str
    opener: str
    kind: str
    said: str
    ran: list[str]
    seconds: float


class _TooLongError(BaseException):
    pass


class _Watch:
    """The audit hook; it cannot be taken out again, but it can be quiet."""

    def __init__(self, root: Path) -> None:
        self._root = f"{root}{os.sep}"
        self._busy = False
        self.folder: str | None = None
        self.seen: list[str] = []

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.folder is None or self._busy:
            return
        self._busy = True
        try:
            self._judge(event, arguments)
        finally:
            self._busy = False

    def _judge(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _STARTS or event in _CALLS_OUT:
            self.seen.append(f"{event} {arguments!r}"[:200])
        elif event == "import" and arguments[0] in _PLANTED:
            self.seen.append(f"import of {arguments[0]}")
        elif event == "exec" and _names_canary(arguments[0]):
            self.seen.append("exec of a payload")
        elif event == "marshal.loads" and CANARY.encode() in bytes(arguments[0]):
            self.seen.append("marshal.loads of a payload")
        elif event == "open" and isinstance(arguments[0], str | bytes):
            self._judge_place(os.fsdecode(arguments[0]))

    def _judge_place(self, named: str) -> None:
        if named.startswith(("/etc/passwd", "/etc/shadow")):
            self.seen.append(f"open of {named}")
        if not os.path.abspath(named).startswith(self._root):  # noqa: PTH100
            return
        place = os.path.realpath(named)
        if not f"{place}{os.sep}".startswith(f"{self.folder}{os.sep}"):
            self.seen.append(f"open of {place}, outside its folder")


def _names_canary(code: Any) -> bool:
    if not isinstance(code, CodeType):
        return False
    if code.co_filename.startswith(os.path.dirname(__file__)):  # noqa: PTH120
        return False
    constants = code.co_consts
    return CANARY in constants or any(_names_canary(inner) for inner in constants)


def _openers() -> dict[str, Callable[[Path], Any]]:
    import numpy as np

    from latentviewer import bootstrap
    from latentviewer.app.services import Opened
    from latentviewer.io.spaces import read_latents

    def reference(path: Path) -> Any:
        found = bootstrap.open_reference(str(path))
        return found.space if isinstance(found, Opened) else None

    def data(path: Path) -> Any:
        opened = bootstrap.open_data(str(path))
        return opened.images(np.arange(min(4, len(opened))))

    return {
        "inspect": lambda path: bootstrap.inspect(str(path)),
        "open_reference": reference,
        "open_model": lambda path: bootstrap.open_model(str(path)) and None,
        "open_data": data,
        "import_offer": lambda path: repr(bootstrap.import_offer(path)),
        "try_import": lambda path: bootstrap.try_import(path, {}, None, bootstrap.open_data).fault,
        "find_space": lambda path: bootstrap.find_space(str(path)),
        "read_latents": read_latents,
    }


def _tells_secret(found: Any) -> bool:
    """Whether what was opened holds what only the files outside have."""
    import numpy as np

    from latentviewer.domain.space import Space

    if isinstance(found, Space):
        texts = [c.text(row) for c in found.columns.values() for row in range(min(9, len(c)))]
        numbers = [found.latent, *found.maps.values()]
        return SECRET in str(texts) or any(_tells_secret(np.asarray(n)) for n in numbers)
    if isinstance(found, np.ndarray) and found.dtype == np.uint8:
        return bool(found.ndim == 4 and (found[..., :3] == SECRET_COLOUR).all(-1).any())
    if isinstance(found, np.ndarray):
        return bool((found[:9] == SECRET_NUMBER).any())
    return SECRET in str(found) or str(SECRET_NUMBER) in str(found)


class Trial:
    """Tries openers, watched and limited; once it is made, this process stays so.

    Args:
        root: of all folders that are opened. spare: bytes of memory that may be taken.
        seconds: that one opening may take.
    """

    def __init__(self, root: Path, spare: int, seconds: int) -> None:
        import torch

        register_extension()
        torch.set_num_threads(1)
        platform.processor()  # starts a program, the first time
        self.openers = _openers()
        self._seconds = seconds
        self._watch = _Watch(root)
        sys.addaudithook(self._watch)
        signal.signal(signal.SIGALRM, self.stop)
        self._spare, self._most = spare, limit_memory(spare)

    def of(self, name: str, opener: str, path: Path) -> Outcome:
        """What comes of opening a file or folder."""
        from latentviewer.domain.errors import UnsafeFileError, UserError

        watch = self._watch
        watch.folder, watch.seen = str(path.parent), []
        begun = time.perf_counter()
        kind, said = "opened", ""
        try:
            found = self._called(opener, path)
            if isinstance(found, dict) and found["why"] is not None:
                kind, said = ("refused" if found["safe"] else "unsafe"), found["why"]
            if _tells_secret(found):
                watch.seen.append("what lies outside its folder was shown")
        except UnsafeFileError as error:
            kind, said = "unsafe", str(error)
        except UserError as error:
            kind, said = "refused", str(error)
        except _TooLongError:
            kind, said = "fault", f"it took more than {self._seconds} s"
        except BaseException as error:
            kind, said = "fault", _shown(error)
        finally:
            watch.folder = None
        if SECRET in said:
            watch.seen.append("what lies outside its folder was told")
        if canary().exists():
            canary().unlink()
            watch.seen.append("the canary was set off")
        return Outcome(name, opener, kind, said, watch.seen, time.perf_counter() - begun)

    def _called(self, opener: str, path: Path) -> Any:
        signal.alarm(self._seconds)
        try:
            return self.openers[opener](path)
        finally:
            signal.alarm(0)

    def tidy(self) -> None:
        """Gives back what earlier files took, so that each has as much as the first."""
        if _address_space() < self._most - self._spare // 2:
            return
        import pyarrow as pa

        gc.collect()
        pa.default_memory_pool().release_unused()

    @staticmethod
    def stop(_signal: int, _frame: Any) -> None:
        """Ends what takes too long."""
        raise _TooLongError


def _shown(error: BaseException) -> str:
    import traceback

    frames = traceback.extract_tb(error.__traceback__)[-6:]
    places = " > ".join(f"{Path(f.filename).name}:{f.lineno}" for f in frames)
    return f"{type(error).__name__}: {str(error)[:300]} at {places}"


def limit_memory(spare: int) -> int:
    """Lets this process take `spare` bytes of address space beyond what it has; returns both."""
    most = _address_space() + spare
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    return most


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    return pages * resource.getpagesize()


def _main(job_file: str) -> None:
    job = json.loads(Path(job_file).read_text("utf-8"))
    trial = Trial(Path(job["root"]), job["spare"], job["seconds"])
    with Path(job["out"]).open("w", encoding="utf-8") as out:
        for name, place in job["cases"]:
            for opener in trial.openers:
                _say(out, {"begun": f"{name}: {opener}"})
                _say(out, dataclasses.asdict(trial.of(name, opener, Path(place))))
            trial.tidy()


def _say(out: IO[str], what: dict[str, Any]) -> None:
    out.write(json.dumps(what) + "\n")
    out.flush()


if __name__ == "__main__":
    _main(sys.argv[1])
