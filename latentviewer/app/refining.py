"""Denoising under the cursor: few steps at once, the rest while the cursor rests."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from latentviewer.app.preview import FEW_STEPS, Request, Sources, latent_of
from latentviewer.domain.ports import DenoisingStep
from latentviewer.domain.space import Latents

FIRST_PICTURE_S = 0.1
"""What the steps of a first picture may take together, so that it is there within 150 ms."""

_TURN_S = 0.03
_MOST_FIRST_STEPS = 8


class Ask(Protocol):
    """Asks the worker a question of the preview, and shows its answer."""

    def __call__(self, work: Callable[[], Any], show: Callable[[Any], None]) -> None: ...


class Refining:
    """Denoises to the end in short turns; whoever points elsewhere goes before the next turn."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._step_s: float | None = None
        self._turn = 0

    @property
    def few(self) -> int:
        """How many steps a first picture takes, by the pace measured so far."""
        if self._step_s is None:
            return FEW_STEPS // 2
        return min(max(int(FIRST_PICTURE_S / max(self._step_s, 1e-6)), 1), _MOST_FIRST_STEPS)

    def begin(
        self,
        request: Request,
        sources: Sources,
        then: Callable[[Latents], None],
    ) -> None:
        """Denoises a request's latent in all its steps, and tells `then` the data, (d,)."""
        denoise, model = request.denoise, sources.diffusion
        if denoise is None or model is None:
            return
        steps: Iterator[DenoisingStep] | None = None
        self._turn += 1
        turn = self._turn

        def some() -> Latents | None:
            nonlocal steps
            began = time.perf_counter()
            if steps is None:
                steps = denoise.of(latent_of(request.target, sources)[None], model)
            taken = 0
            for step in steps:
                if step.step == step.steps:
                    self._learn(began, taken + 1)
                    latent: Latents = step.latents[0]
                    return latent
                taken += step.step > 0
                if time.perf_counter() - began > _TURN_S:
                    break
            self._learn(began, taken)
            return None

        def go_on(latent: Latents | None) -> None:
            if turn != self._turn:
                return
            if latent is None:
                self._ask(some, go_on)
            else:
                then(latent)

        self._ask(some, go_on)

    def stop(self) -> None:
        """Something else is asked now."""
        self._turn += 1

    def _learn(self, began: float, steps: int) -> None:
        """Keeps the pace: a number that the main thread may read at any moment."""
        if steps:
            measured = (time.perf_counter() - began) / steps
            self._step_s = measured if self._step_s is None else (self._step_s + measured) / 2
