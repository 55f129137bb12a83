"""The reconstruction error as a score of strangeness."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, DataSet, Images, ImageShape
from latentviewer.engine.loading import open_model
from latentviewer.engine.measuring.anomaly import measuring_anomaly
from tests.engine.stand_ins import StandIn, TableData, card

PIXEL = ImageShape(1, 1, 1)


def finished(*arguments: Any, **options: Any) -> tuple[list[float], dict[str, Any]]:
    steps, fractions = measuring_anomaly(*arguments, **options), []
    while True:
        try:
            fractions.append(next(steps))
        except StopIteration as stop:
            return fractions, stop.value


def grey(name: str, *values: int) -> TableData:
    return TableData(name, np.array(values, np.uint8).reshape(-1, 1, 1, 1))


def to_black(**parts: Any) -> StandIn:
    """Decodes all to black, so that the error is the square of the pixel."""

    def black(latents: Images) -> Images:
        return np.zeros((len(latents), 1, 1, 1), np.float32)

    parts = {"to_image": black} | parts
    return StandIn(card("ae", Capability.ENCODE, Capability.DECODE, image=PIXEL), **parts)


def test_pairs_of_errors_counted_by_hand() -> None:
    fractions, figures = finished(
        to_black(), grey("usual", 10, 20, 30), grey("strange", 20, 200), batch=2
    )
    # 20 beats 10, ties with 20, loses to 30; 200 beats all.
    assert figures == {
        "auroc": 4.5 / 6,
        "images": 3,
        "anomalous_images": 2,
        "anomalies": "strange",
    }
    assert fractions == [0.4, 0.6, 1.0]


def test_a_real_model_tells_nothing_of_a_data_set_from_itself(
    tiny_folder: Path, blobs: Callable[[int], DataSet]
) -> None:
    _, figures = finished(open_model(tiny_folder), blobs(30), blobs(30))
    assert figures["auroc"] == 0.5


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"model": StandIn(card("gan", Capability.DECODE, image=PIXEL))}, "gan cannot encode"),
        ({"data": grey("usual")}, "usual holds no samples"),
        ({"anomalies": grey("strange")}, "strange holds no samples"),
        (
            {"anomalies": TableData("faces", np.zeros((2, 4, 4, 3), "u1"))},
            "ae takes images of 1 x 1 pixels and 1 channel, those of faces have 4 x 4",
        ),
        (
            {"model": to_black(to_image=lambda z: np.where(z > 0.5, np.nan, z)[:, None, None])},
            "ae decodes images of strange to NaN",
        ),
    ],
)
def test_what_has_no_error_is_refused(changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {
        "model": to_black(),
        "data": grey("usual", 1),
        "anomalies": grey("strange", 200),
    }
    with pytest.raises(UserError, match=said):
        finished(**(given | changed))
