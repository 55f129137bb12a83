"""Maps that are being laid out: one forms, the others wait behind it."""

from collections.abc import Callable
from dataclasses import dataclass

from latentviewer.app.services import LaidOut, LayoutHandle, LayoutRequest
from latentviewer.app.signal import Signal
from latentviewer.app.state import Dims
from latentviewer.app.workspace import Workspace
from latentviewer.domain.space import Latents
from latentviewer.jobs.progress import JobStatus


@dataclass(frozen=True, eq=False)
class Forming:
    """A map that takes shape.

    Attributes:
        key: the name it will be stored under. title: of its method.
        embedding: its live coordinates (n, 2 or 3), all equal until the first of them stand.
        status: its job's, or None before it began.
        paused: whether it is to wait.
    """

    key: str
    title: str
    embedding: Latents
    status: JobStatus | None
    paused: bool

    @property
    def dims(self) -> Dims:
        """2 or 3."""
        return 3 if self.embedding.shape[1] == 3 else 2


@dataclass(eq=False)
class _Run:
    title: str
    handle: LayoutHandle
    status: JobStatus | None = None
    paused: bool = False


class Projecting:
    """Starts, pauses and ends layouts; one for each map's name.

    Attributes:
        changed: emitted with a map's name whenever it formed a little further, was paused or
            began to wait, and once more when it ended.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._runs: dict[str, _Run] = {}
        self.changed: Signal[[str]] = Signal()

    def forming(self, key: str) -> Forming | None:
        """What is known of a map that is being laid out; None for any other."""
        run = self._runs.get(key)
        if run is None:
            return None
        return Forming(key, run.title, run.handle.embedding, run.status, run.paused)

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the maps that form or wait, in their order."""
        return tuple(self._runs)

    def start(
        self,
        key: str,
        request: LayoutRequest,
        done: Callable[[LaidOut], None],
        ended: Callable[[], None],
    ) -> None:
        """Begins, behind what was begun before; an earlier run of the same map is cancelled.

        Args:
            done: told what was made. ended: called when it was cancelled or failed instead.
        """
        replaced = self._runs.pop(key, None)
        if replaced is not None:
            replaced.handle.cancel()
        epoch = self._workspace.epoch
        run: _Run | None = None

        def take_off() -> bool:
            """Whether it is this one's place that is free now."""
            if run is None or self._runs.get(key) is not run:
                return False
            del self._runs[key]
            self.changed.emit(key)
            return epoch == self._workspace.epoch

        def finish(made: LaidOut) -> None:
            if take_off():
                done(made)

        def fail(error: BaseException) -> None:
            if take_off():
                ended()
                self._workspace.fault(error, epoch)

        def stop() -> None:
            if take_off():
                ended()

        def progress(status: JobStatus, _partial: object | None) -> None:
            self._workspace.on_progress(status)
            if run is not None and self._runs.get(key) is run and status.state == "running":
                run.status = status
                self.changed.emit(key)

        run = _Run(
            request.title,
            self._workspace.services.start_layout(
                request, done=finish, failed=fail, progress=progress, cancelled=stop
            ),
        )
        self._runs[key] = run
        self.changed.emit(key)

    def pause(self, key: str) -> None:
        """Has a map wait, or go on."""
        run = self._runs.get(key)
        if run is not None:
            run.paused = not run.paused
            run.handle.pause(run.paused)
            self.changed.emit(key)

    def cancel(self, key: str) -> None:
        """Ends it; the map that was there before stays."""
        run = self._runs.get(key)
        if run is not None:
            run.handle.cancel()

    def cancel_all(self) -> None:
        """Those that wait first, so that none of them begins."""
        for key in reversed(self.keys):
            self.cancel(key)
