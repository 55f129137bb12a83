"""Whether a conditional generator makes what it is asked for."""

from collections.abc import Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, DenoisingStep, ImageShape
from latentviewer.engine.measuring.asked import measuring_asked

SHAPE = ImageShape(1, 1, 1)


class Obedient:
    """Makes a latent that is the number asked for, but every fifth sample another one."""

    card: Any = SimpleNamespace(
        name="obedient", image=SHAPE,
        capabilities=frozenset({Capability.DENOISE, Capability.DECODE}),
    )  # fmt: skip
    conditions: Mapping[str, tuple[str, ...]] = {"label": ("a", "b")}

    def noise(self, count: int, seed: int) -> Any:
        return np.full((count, 1), seed, np.float32)

    def denoising(
        self, noise: Any, steps: int, guidance: float, condition: Mapping[str, str]
    ) -> Iterator[DenoisingStep]:
        wanted = float(condition["label"] == "b")
        made = np.full_like(noise, wanted)
        made[::5] = 1 - wanted
        for step in range(steps + 1):
            yield DenoisingStep(step, steps, 1 - step / steps, made, made)

    def renoising(self, *_: object) -> Iterator[DenoisingStep]:
        raise AssertionError("not asked for")

    def decode(self, latents: Any) -> Any:
        return latents.reshape(-1, 1, 1, 1)


class Reader:
    """Tells 0 and 1 apart; its classes stand in another order than the model's."""

    card: Any = SimpleNamespace(
        name="reader", image=SHAPE, capabilities=frozenset({Capability.CLASSIFY})
    )
    classes: Mapping[str, tuple[str, ...]] = {"label": ("b", "a")}

    def probabilities(self, images: Any) -> Any:
        is_b = images.reshape(-1)
        return {"label": np.stack([is_b, 1 - is_b], axis=1).astype(np.float32)}


def test_the_share_counts_names_not_positions() -> None:
    steps = measuring_asked(Obedient(), Reader(), "label", per_class=50, steps=4)
    fractions = []
    while True:
        try:
            fractions.append(next(steps))
        except StopIteration as stop:
            found = stop.value
            break
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert found["as_asked"] == pytest.approx(0.8)
    assert found["by_class"] == {"a": 0.8, "b": 0.8}
    assert (found["samples"], found["classifier"]) == (100, "reader")


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UserError, match="obedient knows no “mood”; it knows label"):
        next(measuring_asked(Obedient(), Reader(), "mood"))
    other = Reader()
    other.classes = {"mood": ("b", "a")}
    with pytest.raises(UserError, match="reader knows no “label”; it knows mood"):
        next(measuring_asked(Obedient(), other, "label"))
    other = Reader()
    other.card = SimpleNamespace(
        name="reader", image=ImageShape(2, 2, 1), capabilities=Reader.card.capabilities
    )
    with pytest.raises(UserError, match="reader takes images"):
        next(measuring_asked(Obedient(), other, "label"))
