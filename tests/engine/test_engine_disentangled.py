"""A model's dimensions against known factors, with forests small enough for a test."""

from typing import Any

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.domain.measures.disentanglement import (
    completeness,
    disentanglement,
    mutual_information_gap,
    separated_attribute_predictability,
)
from latentviewer.domain.ports import Capability, Images, ImageShape
from latentviewer.domain.space import Latents
from latentviewer.domain.table import Categories, Column, Numbers, Texts
from latentviewer.engine.batches import drawn_rows
from latentviewer.engine.measuring import importances
from latentviewer.engine.measuring.disentangled import measuring_disentanglement
from latentviewer.engine.measuring.importances import Importances, finding_importances
from tests.engine.stand_ins import StandIn, TableData, card

SMALL = ImageShape(1, 3, 1)


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importances, "_TREES", 5)


def finished(steps: Any) -> tuple[list[float], Any]:
    fractions = []
    while True:
        try:
            fractions.append(next(steps))
        except StopIteration as stop:
            return fractions, stop.value


def scenes(n: int = 400, **columns: Column) -> TableData:
    """The first pixel shows one of 3 shapes, the second one of 5 sizes, the third is noise."""
    rng = np.random.default_rng(0)
    shape, size = rng.integers(0, 3, n), rng.integers(0, 5, n)
    pixels = np.stack([100 * shape, 50 * size, rng.integers(0, 256, n)], axis=1)
    known: dict[str, Column] = {
        "shape": Categories(shape.astype(np.int32), ("disc", "square", "star")),
        "size": Numbers(0.5 + 0.1 * size),
    }
    return TableData("scenes", pixels.astype(np.uint8)[:, None, :, None], known | columns)


def encoder(**parts: Any) -> StandIn:
    return StandIn(card("vae", Capability.ENCODE, image=SMALL, latent_dim=3), **parts)


def mixed(images: Images) -> Latents:
    turn = np.array([[1, 1, 1], [1, -1, 1], [1, 1, -1]], np.float32)
    latents: Latents = images.reshape(-1, 3) @ turn
    return latents


def test_codes_that_are_the_factors_score_high_and_mixed_ones_low() -> None:
    fractions, good = finished(
        measuring_disentanglement(encoder(), scenes(), ["shape", "size"], batch=150)
    )
    _, bad = finished(
        measuring_disentanglement(encoder(to_latent=mixed), scenes(), ["shape", "size"])
    )
    assert good["dci_disentanglement"] > 0.99
    assert good["dci_completeness"] > 0.99
    assert good["dci_informativeness"] == 1.0
    assert good["mig"] > 0.9
    assert good["sap"] > 0.7
    for name in ("mig", "sap", "dci_disentanglement", "dci_completeness"):
        assert bad[name] < good[name] - 0.2
    assert (good["factors"], good["images"], good["seed"]) == (["shape", "size"], 400, 0)
    assert fractions == sorted(fractions)
    assert fractions[:3] == pytest.approx([0.3 * 150 / 400, 0.3 * 300 / 400, 0.3])
    assert fractions[-1] == 1.0
    assert len(fractions) > 6


def test_the_figures_are_those_of_the_formulas_on_drawn_rows() -> None:
    data = scenes(500)
    model = encoder(to_latent=mixed)
    _, figures = finished(
        measuring_disentanglement(model, data, ["size", "shape"], limit=200, seed=3, batch=60)
    )
    rows = drawn_rows(data, 200, 3)
    codes = mixed(data.pixels[rows].astype(np.float32) / 255)
    shape = data.columns["shape"]
    size = data.columns["size"]
    assert isinstance(shape, Categories)
    assert isinstance(size, Numbers)
    values = np.column_stack([np.rint(10 * size.values[rows] - 5), shape.codes[rows]]).astype(int)
    _, found = finished(finding_importances(codes, values, 3))
    assert figures["mig"] == pytest.approx(mutual_information_gap(codes, values))
    # The size is a quantity, the shape is not.
    expected = separated_attribute_predictability(codes, values, [True, False])
    assert figures["sap"] == pytest.approx(expected)
    assert figures["sap"] != pytest.approx(
        separated_attribute_predictability(codes, values, [False, True])
    )
    assert figures["dci_disentanglement"] == pytest.approx(disentanglement(found.matrix))
    assert figures["dci_completeness"] == pytest.approx(completeness(found.matrix))
    assert figures["dci_informativeness"] == pytest.approx(found.accuracy.mean())
    assert sum(model.batches) == figures["images"] == 200


def test_numbers_without_steps_are_cut_into_bins() -> None:
    size = np.random.default_rng(1).uniform(0, 1, 300)
    pixels = np.zeros((300, 1, 3, 1), np.uint8)
    pixels[:, 0, 0, 0] = np.arange(300) % 2
    pixels[:, 0, 1, 0] = np.floor(255 * size)
    columns: dict[str, Column] = {
        "lit": Categories((np.arange(300) % 2).astype(np.int32), ("no", "yes")),
        "size": Numbers(size),
    }
    data = TableData("scenes", pixels, columns)
    _, figures = finished(measuring_disentanglement(encoder(), data, ["lit", "size"]))
    assert figures["mig"] > 0.8
    assert figures["dci_informativeness"] > 0.8


def test_importances_are_found_where_they_are() -> None:
    rng = np.random.default_rng(2)
    factors = rng.integers(0, 4, (600, 2))
    codes = np.column_stack([rng.standard_normal(600), 5 * factors[:, 1], -factors[:, 0]])
    fractions, found = finished(finding_importances(codes.astype(np.float32), factors, 0))
    assert isinstance(found, Importances)
    assert np.allclose(found.matrix, [[0, 0], [0, 1], [1, 0]], atol=0.01)
    assert found.accuracy.tolist() == [1.0, 1.0]
    assert fractions == pytest.approx(np.arange(1, 41) / 40)  # 2 factors, 4 depths, 5 trees


def test_codes_of_other_samples_have_no_importance_of_their_own() -> None:
    rng = np.random.default_rng(2)
    factors = rng.integers(0, 4, (2000, 2))
    codes = rng.permutation(factors + 0.1 * rng.standard_normal((2000, 2))).astype(np.float32)
    _, found = finished(finding_importances(codes, factors, 0))
    assert disentanglement(found.matrix) < 0.1
    assert (found.accuracy < 0.35).all()


def test_the_depth_is_chosen_so_that_noise_is_not_taken_for_importance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(4)
    factors = rng.integers(0, 4, (1000, 1))
    codes = np.hstack(
        [factors + 0.5 * rng.standard_normal((1000, 1)), rng.standard_normal((1000, 4))]
    )
    _, chosen = finished(finding_importances(codes.astype(np.float32), factors, 0))
    monkeypatch.setattr(importances, "_DEPTHS", (16,))
    _, deep = finished(finding_importances(codes.astype(np.float32), factors, 0))
    assert chosen.matrix[0, 0] > 0.9 > deep.matrix[0, 0]


def test_the_forests_depend_on_the_seed_alone() -> None:
    rng = np.random.default_rng(2)
    factors = rng.integers(0, 3, (200, 2))
    codes = (factors + rng.standard_normal((200, 2))).astype(np.float32)
    first, second, other = (
        finished(finding_importances(codes, factors, seed))[1].matrix for seed in (1, 1, 2)
    )
    assert (first == second).all()
    assert (first != other).any()
    with pytest.raises(ValueError, match="9 samples are too few; 10"):
        finished(finding_importances(codes[:9], factors[:9], 0))


@pytest.mark.parametrize(
    ("column", "said"),
    [
        (Categories(np.full(400, 1, np.int32), ("a", "b")), "“odd” has one value only"),
        (Numbers(np.full(400, 2.5)), "“odd” has one value only"),
        (Categories(np.arange(-1, 399, dtype=np.int32) % 3 - 1, ("a", "b")), "“odd” has gaps"),
        (Numbers(np.where(np.arange(400) == 7, np.nan, 1.0)), "“odd” has gaps"),
        (Numbers(np.where(np.arange(400) == 7, np.inf, 1.0)), "“odd” has gaps"),
        (Texts(("a",) * 400), "“odd” holds text"),
        (
            Categories(np.arange(400, dtype=np.int32), tuple(map(str, range(400)))),
            "“odd” has 400 categories; a factor has at most 100",
        ),
    ],
)
def test_a_column_that_is_no_factor_is_refused(column: Column, said: str) -> None:
    with pytest.raises(UserError, match=f"scenes: the column {said}"):
        finished(measuring_disentanglement(encoder(), scenes(odd=column), ["shape", "odd"]))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"factors": ["shape"]}, "Name two or more different columns of scenes"),
        ({"factors": []}, "Name two or more different columns"),
        ({"factors": ["shape", "shape"]}, "Name two or more different columns"),
        ({"factors": ["shape", "sise"]}, "no column “sise”; choose .* columns: shape, size"),
        ({"model": StandIn(card("gan", Capability.DECODE, image=SMALL))}, "gan cannot encode"),
        (
            {"model": StandIn(card("line", Capability.ENCODE, image=SMALL, latent_dim=1))},
            "line has one dimension only",
        ),
        ({"data": scenes(0)}, "scenes holds no samples"),
        ({"data": scenes(9)}, "scenes holds 9 of the 10 samples or more"),
        ({"data": TableData("s", np.zeros((40, 2, 2, 1), "u1"))}, "those of s have 2 x 2"),
        (
            {"model": encoder(to_latent=lambda x: np.full((len(x), 3), np.inf, np.float32))},
            "vae encodes images of scenes to NaN or infinite latents",
        ),
    ],
)
def test_what_cannot_be_measured_is_refused(changed: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"model": encoder(), "data": scenes(), "factors": ["shape", "size"]}
    with pytest.raises(UserError, match=said):
        finished(measuring_disentanglement(**(given | changed)))
