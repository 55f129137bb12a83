"""Maps that form in the child process, on memory that the window draws from."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latentviewer.app.services import LaidOut, LayoutRequest
from latentviewer.jobs.child import ChildLane
from latentviewer.jobs.progress import JobStatus
from latentviewer.jobs.shared import SharedBlock

if TYPE_CHECKING:
    from latentviewer.domain.space import Latents
    from latentviewer.jobs.worker import JobHandle

_GO_ON, _PAUSED = 0, 1
_SPACES_KEPT = 4


class FormingMap:
    """One run: its live embedding, whether it waits, and its end."""

    def __init__(self, request: LayoutRequest) -> None:
        self._shape = request.latents.shape
        self._given, given = _shared_array(self._shape)
        given[...] = request.latents
        self._made, self.embedding = _shared_array((self._shape[0], request.dims))
        if request.start is not None:
            self.embedding[...] = request.start
        self._control = SharedBlock.create(1)
        self._ended = False
        self.job: JobHandle | None = None

    def described(self) -> dict[str, object]:
        """Its blocks, as `latentviewer.projection.child_entry` takes them."""
        return {
            "latents": {"name": self._given.name, "shape": self._shape},
            "embedding": {"name": self._made.name, "shape": self.embedding.shape},
            "control": self._control.name,
        }

    def cancel(self) -> None:
        """Stops it; true at once."""
        if self.job is not None:
            self.job.cancel()

    def pause(self, wanted: bool) -> None:
        """Has it wait between two steps, or go on; nothing once it has ended."""
        if not self._ended:
            self._control.buffer[0] = _PAUSED if wanted else _GO_ON

    def end(self) -> None:
        """Gives the shared memory back; the last embedding stays as a copy."""
        self._ended = True
        self.embedding = np.array(self.embedding)
        for block in (self._given, self._made, self._control):
            block.close()


class LayoutLane:
    """Starts layouts in a child lane; what neighbours they find is kept for the next one."""

    def __init__(self, child: ChildLane) -> None:
        self._child = child
        self._neighbours = _NeighbourFolder()

    def __call__(
        self,
        request: LayoutRequest,
        *,
        done: Callable[[LaidOut], None],
        failed: Callable[[BaseException], None],
        progress: Callable[[JobStatus, object | None], None],
        cancelled: Callable[[], None],
    ) -> FormingMap:
        """See `latentviewer.app.services.StartLayout`."""
        forming = FormingMap(request)

        def finish(made: Any) -> None:
            forming.end()
            axes, state, notes = made
            done(LaidOut(forming.embedding, axes, state, notes))

        def fail(error: BaseException) -> None:
            forming.end()
            failed(error)

        def stop() -> None:
            forming.end()
            cancelled()

        asked: dict[str, object] = {
            **forming.described(),
            "method": request.method,
            "options": dict(request.options),
            "codes": request.codes,
            "classes": request.classes,
            "go_on": request.start is not None,
            "neighbours": str(self._neighbours.folder),
            "of": self._neighbours.name_of(request.latents),
        }
        forming.job = self._child.submit(
            request.title, asked, done=finish, failed=fail, progress=progress, cancelled=stop
        )
        return forming


class _NeighbourFolder:
    """Where neighbours are kept, for the latents of the last few spaces; gone with the program."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._count = 0
        self._known: list[tuple[weakref.ref[Latents], str]] = []

    @property
    def folder(self) -> Path:
        """Made when it is asked for."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="latentviewer-neighbours-"))
            weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        return self._folder

    def name_of(self, latents: Latents) -> str:
        """The same for the same array; what no longer is there is forgotten."""
        for known, name in self._known:
            if known() is latents:
                return name
        self._count += 1
        name = f"latents-{self._count}"
        kept = [(known, old) for known, old in self._known if known() is not None]
        self._known = [*kept, (weakref.ref(latents), name)][-_SPACES_KEPT:]
        names = {old for _, old in self._known}
        for path in self.folder.glob("latents-*"):
            if "-".join(path.name.split("-")[:2]) not in names:
                path.unlink(missing_ok=True)
        return name


def _shared_array(shape: tuple[int, ...]) -> tuple[SharedBlock, Latents]:
    size = max(4, int(np.prod(shape)) * 4)
    block = SharedBlock.create(size)
    array = np.ndarray(shape, np.float32, buffer=block.buffer)
    array[...] = 0
    return block, array
