"""The bridge as a data set: its vehicles are drawn when they are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape
from latentviewer.domain.table import Column
from latentviewer.io.bridge.vehicles import columns_of, vehicles_of
from latentviewer.io.image_data import check_rows

PARTS: Mapping[str, tuple[int, int]] = {"test": (0, 10_000), "train": (10_000, 60_000)}
"""First row and the one after the last."""
SHOWN = 1_000
"""Vehicles of `bridge` without a part; the first of the test part, so never trained on."""


@dataclass(frozen=True, eq=False)
class BridgeData:
    """Rows `first` to `end` of the endless row of vehicles; fulfils `DataSet`.

    Attributes:
        name: such as `bridge:test`.
        seed: of types, weights and looks; another seed, other vehicles.
    """

    name: str
    first: int
    end: int
    seed: int = 0

    @property
    def image(self) -> ImageShape:
        """The shape of one picture."""
        # The drawing is loaded when a picture is asked for.
        return ImageShape(64, 64, 3)

    @cached_property
    def columns(self) -> Mapping[str, Column]:
        """`weight` in tonnes and `type`, the hidden truth."""
        return dict(columns_of(np.arange(self.first, self.end, dtype=np.int64), self.seed))

    def __len__(self) -> int:
        return self.end - self.first

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The named vehicles on the bridge, (len(rows), 64, 64, 3) uint8, drawn now.

        Raises:
            IndexError: a row is negative or past the end.
        """
        from latentviewer.io.bridge.crossing import crossing

        check_rows(rows, len(self), self.name)
        drawn = np.empty((len(rows), 64, 64, 3), np.uint8)
        for i, vehicle in enumerate(vehicles_of(rows + self.first, self.seed)):
            drawn[i] = crossing(vehicle)
        return drawn


def open_bridge(part: str | None) -> BridgeData:
    """`train`, `test`, a number for so many from the first on, or None for the first 1,000.

    Raises:
        UserError: another part.
    """
    if part is None:
        return BridgeData("bridge", 0, SHOWN)
    if part in PARTS:
        return BridgeData(f"bridge:{part}", *PARTS[part])
    if part.isdecimal() and 0 < int(part) <= 1 << 31:
        return BridgeData(f"bridge:{int(part)}", 0, int(part))
    raise UserError(
        f"bridge has no part “{part}”; ask for bridge:train, bridge:test, or as many vehicles as "
        "you like, such as bridge:500."
    )
