"""Models of other programs, as the test has them."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Check, Offer, Question, Trial
from latentviewer.domain.ports import Capability, ImageShape

HASH = "ab" * 32
VALUES = Question(
    "output_values", "Values it gives", (("0..1", "0 to 1"), ("-1..1", "−1 to 1")), "0..1", "So."
)
HEIGHT = Question("height", "Height", (), "8", "The file leaves it open.")


def an_offer(path: str, *can: Capability, danger: str | None = None, missing: str = "") -> Offer:
    """Of a file at `path` that can do `can`."""
    return Offer(
        path, "onnx", HASH, ("An encoder.",), frozenset(can), 2, ImageShape(8, 8, 1),
        (VALUES, HEIGHT), danger, (missing,) if missing else (),
    )  # fmt: skip


class ImportsByHand:
    """Fulfils `Imports`; a test puts files in and looks at what was kept and tried."""

    def __init__(self) -> None:
        self.files: dict[str, Offer] = {}
        self.kept: dict[str, dict[str, str]] = {}
        self.tried: list[tuple[dict[str, str], str | None]] = []
        self.hashes: dict[str, str] = {}
        self.fault: str | None = None
        self.refusal: UserError | None = None
        self.keeping: UserError | None = None

    def answers(self, path: Path) -> dict[str, str]:
        return self.kept.get(str(path), {})

    def keep(self, path: Path, answers: Mapping[str, str]) -> Path:
        if self.keeping is not None:
            raise self.keeping
        self.kept[str(path)] = dict(answers)
        return path

    def try_out(self, path: Path, answers: Mapping[str, str], data: str | None) -> Trial:
        if self.refusal is not None:
            raise self.refusal
        self.tried.append((dict(answers), data))
        offer = self.files[str(path)]
        if offer.missing or (offer.danger is not None and offer.file_hash not in self.hashes):
            return Trial(offer)
        if self.fault is not None:
            return Trial(offer, fault=self.fault)
        images = np.zeros((2, 8, 8, 1), np.float32)
        encodes = Capability.ENCODE in offer.capabilities
        return Trial(
            offer, images if encodes else None, (data or "digits") if encodes else None,
            images if Capability.DECODE in offer.capabilities else None,
            (Check("Latents: shape", True, "2, for each of 2."), Check("Round trip", False, "No.")),
        )  # fmt: skip

    def trust(self, content: str, path: Path) -> None:
        self.hashes[content] = str(path)

    def revoke(self, content: str) -> None:
        del self.hashes[content]

    def trusted(self) -> tuple[tuple[str, str], ...]:
        return tuple(self.hashes.items())
