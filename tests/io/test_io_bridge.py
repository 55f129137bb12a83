"""The bridge: hidden types, observed weights, drawn vehicles."""

from pathlib import Path

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.domain.table import Categories, Numbers
from latentviewer.io.bridge.crossing import crossing
from latentviewer.io.bridge.data_set import BridgeData, open_bridge
from latentviewer.io.bridge.vehicles import KINDS, Vehicle, columns_of
from latentviewer.io.datasets import is_here, open_data
from latentviewer.io.inspecting import inspect_data_set


def weights_and_codes(count: int) -> tuple[np.ndarray, np.ndarray]:
    columns = columns_of(np.arange(count))
    weight, kind = columns["weight"], columns["type"]
    assert isinstance(weight, Numbers)
    assert isinstance(kind, Categories)
    return weight.values, kind.codes


def test_it_is_always_here_by_name_and_by_number(tmp_path: Path) -> None:
    assert is_here("bridge", tmp_path)
    assert is_here("bridge:17", tmp_path)
    assert len(open_data("bridge")) == 1_000
    assert open_data("Bridge:17").name == "bridge:17"
    assert len(open_data("bridge:17")) == 17
    assert inspect_data_set("bridge", [])["format"] == "drawn"
    with pytest.raises(UserError, match="no part “night”"):
        open_bridge("night")


def test_a_vehicle_depends_on_its_row_and_the_seed_alone() -> None:
    test = open_bridge("test")
    together = test.images(np.arange(12))
    np.testing.assert_array_equal(test.images(np.array([7, 2])), together[[7, 2]])
    np.testing.assert_array_equal(open_bridge("20").images(np.array([7])), together[[7]])
    train = open_bridge("train")
    assert train.columns["weight"].text(0) == open_bridge("10001").columns["weight"].text(10_000)
    other = BridgeData("bridge", 0, 12, seed=1)
    assert other.columns["weight"].text(0) != test.columns["weight"].text(0)
    with pytest.raises(IndexError):
        test.images(np.array([10_000]))


def test_what_is_shown_was_not_trained_on() -> None:
    shown, train = open_bridge(None), open_bridge("train")
    assert shown.end <= train.first


def test_types_have_their_shares_and_weights_are_log_normal() -> None:
    weights, codes = weights_and_codes(40_000)
    for code, kind in enumerate(KINDS.values()):
        own = np.log(weights[codes == code])
        assert (codes == code).mean() == pytest.approx(kind.share, abs=0.01)
        assert own.mean() == pytest.approx(np.log(kind.median), abs=0.02)
        assert own.std() == pytest.approx(kind.spread, abs=0.015)
        standard = (own - own.mean()) / own.std()
        # Of a normal distribution 68.3 % lie within one standard deviation, 95.4 % within two.
        assert (np.abs(standard) < 1).mean() == pytest.approx(0.683, abs=0.02)
        assert (np.abs(standard) < 2).mean() == pytest.approx(0.954, abs=0.01)


@pytest.mark.parametrize("pair", [("car", "van"), ("lorry", "articulated lorry")])
def test_neighbouring_types_overlap(pair: tuple[str, str]) -> None:
    weights, codes = weights_and_codes(20_000)
    names = tuple(KINDS)
    light, heavy = (weights[codes == names.index(name)] for name in pair)
    above = (light > np.quantile(heavy, 0.05)).mean()
    assert 0.05 < above < 0.5


def test_every_type_has_a_picture_of_its_own() -> None:
    pictures = [crossing(Vehicle(kind, 1.0, 0.0, 12345)).astype(int) for kind in KINDS]
    for i, one in enumerate(pictures):
        for other in pictures[:i]:
            assert (np.abs(one - other).sum(axis=2) > 60).sum() > 60
        # The bridge below is the same.
        np.testing.assert_array_equal(one[52:], pictures[0][52:])


def test_the_picture_does_not_show_more_of_the_weight_than_a_size() -> None:
    light, heavy = (crossing(Vehicle("car", 1.0, by, 9)).astype(int) for by in (-2.0, 2.0))
    assert 0 < (np.abs(light - heavy).sum(axis=2) > 60).sum() < 300
