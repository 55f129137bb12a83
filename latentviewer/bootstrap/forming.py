"""UMAP in the child process, on memory that the window draws from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from latentviewer.jobs.child import ChildLane
from latentviewer.jobs.progress import JobStatus
from latentviewer.jobs.shared import SharedBlock

if TYPE_CHECKING:
    from latentviewer.domain.space import Latents
    from latentviewer.jobs.worker import JobHandle

SEED = 0


class FormingUmap:
    """One run: its live embedding and its end."""

    def __init__(self, embedding: Latents, blocks: tuple[SharedBlock, ...]) -> None:
        self.embedding = embedding
        self.job: JobHandle | None = None
        self._blocks = blocks

    def cancel(self) -> None:
        """Stops it; true at once."""
        if self.job is not None:
            self.job.cancel()

    def end(self) -> None:
        """Gives the shared memory back; the last embedding stays as a copy."""
        self.embedding = np.array(self.embedding)
        for block in self._blocks:
            block.close()


class UmapLane:
    """Starts UMAP runs in a child lane."""

    def __init__(self, child: ChildLane) -> None:
        self._child = child

    def __call__(
        self,
        latents: Latents,
        dims: int,
        *,
        done: Callable[[Latents], None],
        failed: Callable[[BaseException], None],
        progress: Callable[[JobStatus, object | None], None],
        cancelled: Callable[[], None],
        note: Callable[[str], None],
    ) -> FormingUmap:
        """See `latentviewer.app.services.UmapStart`."""
        given, given_array = _shared_array(latents.shape)
        given_array[...] = latents
        del given_array
        made, embedding = _shared_array((len(latents), dims))
        forming = FormingUmap(embedding, (given, made))
        del embedding
        request: Mapping[str, Any] = {
            "kind": "umap",
            "latents": {"name": given.name, "shape": latents.shape, "dtype": "float32"},
            "embedding": {"name": made.name, "shape": (len(latents), dims), "dtype": "float32"},
            "dims": dims,
            "seed": SEED,
        }

        def finish(sentences: Sequence[str]) -> None:
            forming.end()
            done(forming.embedding)
            for sentence in sentences:
                note(sentence)

        def fail(error: BaseException) -> None:
            forming.end()
            failed(error)

        def stop() -> None:
            forming.end()
            cancelled()

        forming.job = self._child.submit(
            "UMAP", request, done=finish, failed=fail, progress=progress, cancelled=stop
        )
        return forming


def _shared_array(shape: tuple[int, ...]) -> tuple[SharedBlock, Latents]:
    size = max(4, int(np.prod(shape)) * 4)
    block = SharedBlock.create(size)
    array = np.ndarray(shape, np.float32, buffer=block.buffer)
    array[...] = 0
    return block, array
