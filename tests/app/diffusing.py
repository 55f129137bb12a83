"""A made-up diffusion model, and a worker whose turns the test takes."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from latentviewer.domain.errors import CancelledError, UserError
from latentviewer.domain.ports import Capability, DenoisingStep, ImageShape, ModelCard, Posterior
from latentviewer.jobs.progress import JobStatus
from latentviewer.jobs.worker import JobHandle

SHIFT = {"a": 1.0, "b": 2.0, "c": 3.0}


class Denoiser:
    """Noise becomes itself less 10, plus what was asked for times the guidance.

    It decodes (a, b) to a 2x2 picture of a and b.
    """

    card = ModelCard(
        "denoiser", "denoiser", "made-up", 2, ImageShape(2, 2, 1),
        frozenset(
            {Capability.ENCODE, Capability.DECODE, Capability.SAMPLE, Capability.DENOISE}
        ),
        "squares", "0" * 64, 0, {},
    )  # fmt: skip

    def __init__(self, conditions: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.conditions = {"label": ("a", "b", "c")} if conditions is None else conditions
        self.asked: list[tuple[int, float, dict[str, str]]] = []
        self.taken = 0

    def encode(self, images: Any) -> Posterior:
        return Posterior(images[:, :2, 0, 0])

    def decode(self, latents: Any) -> Any:
        return np.repeat(latents, 2, axis=1).reshape(-1, 2, 2, 1).astype(np.float32)

    def sample(self, count: int, seed: int) -> Any:
        return np.full((count, 2), seed, np.float32)

    def noise(self, count: int, seed: int) -> Any:
        return np.full((count, 2), 100 + seed, np.float32)

    def condition_of(self, values: Mapping[str, str | float]) -> Mapping[str, str]:
        label = values.get("label")
        return {"label": str(label)} if label in self.conditions.get("label", ()) else {}

    def _end(self, noise: Any, guidance: float, condition: Mapping[str, str]) -> Any:
        lead = sum(SHIFT.get(wanted, 0.0) for wanted in condition.values())
        return (noise - 10 + guidance * lead).astype(np.float32)

    def denoising(
        self, noise: Any, steps: int, guidance: float, condition: Mapping[str, str], *,
        data: Any = None, since: float = 1.0,
    ) -> Iterator[DenoisingStep]:  # fmt: skip
        self.asked.append((steps, guidance, dict(condition)))
        begun = noise if data is None else since * noise + (1 - since) * data
        end = self._end(begun, guidance, condition)
        for step in range(steps + 1):
            self.taken += 1
            share = np.float32(step / steps)
            now = (begun + share * (end - begun)).astype(np.float32)
            yield DenoisingStep(step, steps, since * (1 - step / steps), now, end)

    def renoising(
        self, latents: Any, steps: int, condition: Mapping[str, str]
    ) -> Iterator[DenoisingStep]:
        noise = (2 * latents - self._end(latents, 1.0, condition)).astype(np.float32)
        for step in range(steps + 1):
            share = np.float32(step / steps)
            now = (latents + share * (noise - latents)).astype(np.float32)
            yield DenoisingStep(step, steps, step / steps, now, latents)


JUDGED = "Judge the map"


class WorkerByHand:
    """Calls and previews are done at once, jobs a step at a time, when the test says so."""

    def __init__(self) -> None:
        self.epoch = 0
        self.jobs: list[dict[str, Any]] = []

    def new_epoch(self) -> int:
        self.epoch += 1
        return self.epoch

    def preview(self, epoch: int, seq: int, work: Any, show: Any, fail: Any) -> None:
        self.call(work, show, fail)

    def tell(self, show: Callable[[], None]) -> None:
        show()

    def call(self, work: Callable[[], Any], done: Any, failed: Any) -> None:
        try:
            result = work()
        except Exception as error:
            failed(error)
        else:
            done(result)

    def prepare(self, steps: Any, failed: Any) -> None:
        for _ in steps:
            pass

    def submit(self, title: str, start: Any, **told: Any) -> JobHandle:
        handle = JobHandle(title)
        if title == JUDGED:  # of every map, and never before anything else
            return handle
        self.jobs.append({"handle": handle, "start": start, "steps": None, **told})
        return handle

    def turn(self, times: int = 1) -> None:
        """That many steps of the oldest job; one that was cancelled ends."""
        for _ in range(times):
            self._turn()

    def finish(self) -> None:
        """All jobs to their ends."""
        while self.jobs:
            self._turn()

    def _turn(self) -> None:
        job = self.jobs[0]
        handle = job["handle"]
        try:
            handle.token.raise_if_cancelled()
            if job["steps"] is None:
                job["steps"] = job["start"](handle.token)
            step = next(job["steps"])
        except StopIteration as stop:
            self._end(job, "done")
            job["done"](stop.value)
        except CancelledError:
            self._end(job, "cancelled")
            job["cancelled"]()
        except UserError as error:
            self._end(job, "failed")
            job["failed"](error)
        else:
            status = JobStatus(
                handle.id, handle.title, "running", step.fraction, step.text, 1, None
            )
            job["progress"](status, step.partial)

    def _end(self, job: dict[str, Any], state: Any) -> None:
        self.jobs.remove(job)
        handle = job["handle"]
        job["progress"](JobStatus(handle.id, handle.title, state, None, "", 1, None), None)
