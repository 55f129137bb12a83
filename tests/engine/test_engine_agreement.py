"""Whether a classifier sees in reconstructions what the data set says of the originals."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, DataSet, Images, ImageShape
from latentviewer.domain.table import Categories, Column, Numbers
from latentviewer.engine.loading import open_model
from latentviewer.engine.measuring.agreement import measuring_agreement
from latentviewer.engine.networks.attributes import Attribute
from tests.engine.stand_ins import StandIn, TableData, card, untrained_classifier

SMALL = ImageShape(1, 2, 1)
HAT = Attribute("hat", ("bare", "hat"), column="hat")
SMILE = Attribute("smile", ("sad", "smiling"), column="mouth", threshold=0.5)
HAIR = Attribute("hair", ("red", "brown", "grey"), column="hair")


def finished(*arguments: Any, **options: Any) -> tuple[list[float], dict[str, Any]]:
    steps, fractions = measuring_agreement(*arguments, **options), []
    while True:
        try:
            fractions.append(next(steps))
        except StopIteration as stop:
            return fractions, stop.value


def portraits(**columns: Column) -> TableData:
    """Ten; the first pixel shows the hat of every second, the second the smile of the last 4."""
    hat, mouth = np.arange(10) % 2, np.where(np.arange(10) < 6, 0.2, 0.9)
    pixels = np.zeros((10, 1, 2, 1), np.uint8)
    pixels[:, 0, 0, 0], pixels[:, 0, 1, 0] = 255 * hat, 255 * (mouth > 0.5)
    known: dict[str, Column] = {
        "hat": Categories(hat.astype(np.int32), ("bare", "hat")),
        "mouth": Numbers(mouth),
        "hair": Categories(np.zeros(10, np.int32), ("red", "brown", "grey")),
    }
    return TableData("portraits", pixels, known | columns)


def by_pixels(images: Images) -> Mapping[str, NDArray[np.float32]]:
    """Right about both, and wrong about the hair."""
    yes = images.reshape(-1, 2)
    two = {
        "hat": np.column_stack([1 - yes[:, 0], yes[:, 0]]),
        "smile": np.column_stack([1 - yes[:, 1], yes[:, 1]]),
    }
    return two | {"hair": np.tile(np.array([0, 0, 1], np.float32), (len(images), 1))}


def reader(*heads: Attribute, **parts: Any) -> StandIn:
    parts = {"answers": by_pixels} | parts
    return StandIn(card("reader", Capability.CLASSIFY, image=SMALL), heads=heads, **parts)


def autoencoder(**parts: Any) -> StandIn:
    return StandIn(card("ae", Capability.ENCODE, Capability.DECODE, image=SMALL), **parts)


def test_a_perfect_reconstruction_agrees_in_every_question_of_two_answers() -> None:
    fractions, figures = finished(autoencoder(), reader(HAT, HAIR, SMILE), portraits(), batch=4)
    assert figures == {
        "agreement": 1.0,
        "by_question": {"hat": 1.0, "smile": 1.0},
        "images": 10,
        "classifier": "reader",
    }
    assert fractions == [0.4, 0.8, 1.0]


def test_what_the_reconstruction_loses_counts() -> None:
    def hatless(latents: Images) -> Images:
        return (latents * np.array([0, 1], np.float32)).reshape(-1, 1, 2, 1)

    _, figures = finished(autoencoder(to_image=hatless), reader(HAT, SMILE), portraits(), batch=3)
    assert figures["by_question"] == {"hat": 0.5, "smile": 1.0}
    assert figures["agreement"] == 0.75

    def smiling(latents: Images) -> Images:
        return np.maximum(latents, np.array([0, 1], np.float32)).reshape(-1, 1, 2, 1)

    _, figures = finished(autoencoder(to_image=smiling), reader(HAT, SMILE), portraits(), batch=3)
    assert figures["by_question"] == {"hat": 1.0, "smile": 0.4}


def test_a_real_vae_read_by_a_real_classifier(
    tiny_folder: Path, blobs: Callable[[int], DataSet]
) -> None:
    model, data = open_model(tiny_folder), blobs(60)
    known = {"round": Numbers(np.random.default_rng(1).uniform(0, 1, 60))}
    table = TableData("blobs", data.images(np.arange(60)), known)
    classifier = untrained_classifier(Attribute("round", ("no", "yes"), "round", threshold=0.5))
    _, figures = finished(model, classifier, table, batch=25)
    images = table.pixels.astype(np.float32) / 255
    told = classifier.probabilities(model.decode(model.encode(images).mean))["round"]
    expected = np.mean((told[:, 1] > 0.5) == (known["round"].values >= 0.5))
    assert figures["agreement"] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"model": StandIn(card("gan", Capability.DECODE, image=SMALL))},
            "gan cannot encode",
        ),
        ({"classifier": reader(HAIR)}, "reader answers no question of two answers"),
        (
            {"model": autoencoder(to_image=lambda z: np.full((len(z), 1, 2, 1), np.nan))},
            "reader has no answer to “hat” for images that ae decodes",
        ),
        ({"data": TableData("portraits", np.zeros((0, 1, 2, 1), "u1"))}, "holds no samples"),
        (
            {"data": TableData("portraits", np.zeros((4, 1, 2, 1), "u1"))},
            "portraits has no column “hat”",
        ),
        (
            {"data": TableData("colours", np.zeros((4, 1, 2, 3), "u1"))},
            "ae takes images of 1 x 2 pixels and 1 channel, those of colours have",
        ),
        (
            {
                "model": StandIn(
                    card("wide", Capability.ENCODE, Capability.DECODE, image=ImageShape(1, 3, 1))
                ),
                "data": TableData("bands", np.zeros((4, 1, 3, 1), "u1")),
            },
            "reader takes images of 1 x 2 .* those of wide have 1 x 3",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {
        "model": autoencoder(),
        "classifier": reader(HAT, SMILE),
        "data": portraits(),
    }
    with pytest.raises(UserError, match=said):
        finished(**(given | changed))
