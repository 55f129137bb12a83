"""MIG, SAP and the D and C of DCI against small cases worked out by hand."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from latentviewer.domain.measures.disentanglement import (
    completeness,
    disentanglement,
    mutual_information_gap,
    separated_attribute_predictability,
)
from latentviewer.domain.measures.thresholds import threshold_accuracy

Measure = Callable[[NDArray[Any], NDArray[Any]], float]


def sap_of_quantities(codes: NDArray[Any], factors: NDArray[Any]) -> float:
    return separated_attribute_predictability(codes, factors, [True] * factors.shape[1])


def sap_of_classes(codes: NDArray[Any], factors: NDArray[Any]) -> float:
    return separated_attribute_predictability(codes, factors, [False] * factors.shape[1])


def grid(*sizes: int, repeat: int = 1) -> NDArray[np.int64]:
    """Every combination of the factors' values equally often, so that they are independent."""
    return np.array(list(itertools.product(*map(range, sizes))) * repeat)


every = pytest.mark.parametrize(
    "measure", [mutual_information_gap, sap_of_quantities, sap_of_classes]
)


@every
def test_codes_that_are_the_factors_score_1_in_any_order_and_scale(measure: Measure) -> None:
    factors = grid(2, 4, repeat=50)
    codes = np.column_stack([3 - 0.1 * factors[:, 1], 1e3 * factors[:, 0]]).astype(np.float32)
    expected = 1.0 if measure is not sap_of_classes else 1 - (1 / 2 + 1 / 4) / 2
    assert measure(codes, factors) == pytest.approx(expected)


@every
def test_codes_of_other_samples_score_about_0(measure: Measure) -> None:
    factors = grid(2, 4, repeat=500)
    rng = np.random.default_rng(0)
    codes = rng.permutation(factors.astype(np.float32))
    assert 0 <= measure(codes, factors) < 0.03


@every
def test_two_dimensions_that_share_a_factor_leave_no_gap(measure: Measure) -> None:
    factors = grid(3, 3, repeat=20)
    first, second = factors.T.astype(np.float32)
    expected = 0.5 if measure is not sap_of_classes else (1 - 1 / 3) / 2
    assert measure(np.column_stack([first, -first, second]), factors) == pytest.approx(expected)


def test_mig_of_a_dimension_that_tells_one_of_two_bits() -> None:
    factor = grid(4, repeat=5)
    codes = np.column_stack([factor[:, 0] // 2, np.zeros(20)])
    assert mutual_information_gap(codes, factor) == pytest.approx(0.5)


def test_mig_does_not_see_within_a_bin() -> None:
    place = np.arange(40)
    codes, parity = np.column_stack([place, np.zeros(40)]), (place % 2)[:, None]
    assert mutual_information_gap(codes, parity) == pytest.approx(0.0, abs=1e-12)
    assert mutual_information_gap(codes, parity, bins=40) == pytest.approx(1.0)


def test_mig_has_no_bin_for_the_greatest_value_alone() -> None:
    # With two bins, 1 and 2 fall in the second: the entropies are H(1/4, 3/4) of the factor,
    # ln 2 of the bins and 1.5 ln 2 of both.
    codes = np.column_stack([[0.0, 0, 1, 2], np.zeros(4)])
    factor = np.array([[0], [0], [0], [1]])
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    expected = (entropy + np.log(2) - 1.5 * np.log(2)) / entropy
    assert mutual_information_gap(codes, factor, bins=2) == pytest.approx(expected)


def test_sap_of_a_quantity_is_the_gap_of_r_squared() -> None:
    factor = np.arange(4)[:, None]
    codes = np.column_stack([[0.0, 1, 2, 3], [0, 0, 1, 1]])
    # Deviations -1.5 -0.5 0.5 1.5 and ±0.5: covariance sum 2, so R² = 4 / (5 * 1).
    assert sap_of_quantities(codes, factor) == pytest.approx(1 - 0.8)


def test_sap_of_a_quantity_minds_how_far_its_values_are_apart() -> None:
    factor = np.array([0, 1, 10])[:, None]
    codes = np.column_stack([[0.0, 1, 10], [0, 0, 0]])
    assert sap_of_quantities(codes, factor) == pytest.approx(1.0)


def test_sap_of_classes_is_the_gap_of_balanced_accuracies() -> None:
    factor = np.array([0, 0, 1, 1, 2, 2])[:, None]
    codes = np.column_stack([[0.0, 1, 2, 3, 4, 5], [0, 5, 1, 2, 3, 4]])
    # In three pieces, the second dimension tells one of the two samples of class 0.
    assert sap_of_classes(codes, factor) == pytest.approx(1 - (0.5 + 1 + 1) / 3)


def test_an_inactive_dimension_scores_0() -> None:
    factor = np.array([0, 0, 1, 1])[:, None]
    codes = np.column_stack([[0.0, 1, 2, 3], np.full(4, 0.7)])
    assert sap_of_classes(codes, factor) == 1.0
    assert sap_of_quantities(codes, factor) == pytest.approx(0.8)


def test_thresholds_count_each_class_alike() -> None:
    codes, classes = np.arange(4.0)[:, None], np.array([0, 1, 0, 0])
    # Cut before 2: class 1 below is right once in one, class 0 above twice in three.
    assert threshold_accuracy(codes, classes) == pytest.approx([(1 + 2 / 3) / 2])


def test_thresholds_are_the_best_of_all() -> None:
    rng = np.random.default_rng(3)
    for _ in range(30):
        codes = rng.integers(0, 7, (11, 2)).astype(np.float64)
        classes = np.concatenate([np.arange(3), rng.integers(0, 3, 8)])
        share = 1 / (3 * np.bincount(classes))
        for column, found in zip(codes.T, threshold_accuracy(codes, classes), strict=True):
            best = max(
                share[classes][np.array(given)[np.digitize(column, cuts)] == classes].sum()
                for cuts in itertools.combinations(np.arange(-0.5, 7), 2)
                for given in itertools.product(range(3), repeat=3)
            )
            assert found == pytest.approx(best)


def test_d_and_c_of_two_dimensions_and_factors() -> None:
    importances = np.array([[0.9, 0.1], [0.3, 0.7]])
    # Entropies in bits: of 0.9 and 0.1 0.468996, of 0.3 and 0.7 0.881291; down the columns
    # of 0.75 and 0.25 0.811278, of 0.125 and 0.875 0.543564.
    assert disentanglement(importances) == pytest.approx(1 - (0.468996 + 0.881291) / 2, abs=1e-6)
    assert completeness(importances) == pytest.approx(1 - (0.811278 + 0.543564) / 2, abs=1e-6)


def test_d_weighs_a_dimension_by_its_importance_and_c_each_factor_alike() -> None:
    importances = np.array([[3.0, 0.0], [0.5, 0.5]])
    assert disentanglement(importances) == pytest.approx(3 / 4)
    # Of 1/7 and 6/7 0.591673 bits.
    assert completeness(importances) == pytest.approx((1 - 0.591673 + 1) / 2, abs=1e-6)


def test_d_and_c_differ_where_factors_share_or_dimensions_repeat() -> None:
    repeated = np.array([[0.5, 0.0], [0.5, 0.0], [0.0, 1.0]])
    assert disentanglement(repeated) == pytest.approx(1.0)
    assert completeness(repeated) == pytest.approx(1 - np.log(2) / np.log(3) / 2)
    shared = np.array([[1.0, 1.0], [0.0, 0.0]])
    assert disentanglement(shared) == pytest.approx(0.0)
    assert completeness(shared) == pytest.approx(1.0)


def test_d_and_c_of_importances_that_are_equal_or_none() -> None:
    for importances in (np.ones((3, 4)), np.zeros((3, 4))):
        assert disentanglement(importances) == pytest.approx(0.0)
        assert completeness(importances) == pytest.approx(0.0)


@pytest.mark.parametrize("measure", [disentanglement, completeness])
def test_importances_of_another_kind_are_refused(measure: Callable[[Any], float]) -> None:
    for matrix in (np.ones((1, 3)), np.ones((3, 1)), np.ones(3)):
        with pytest.raises(ValueError, match="must be"):
            measure(matrix)
    for value in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="0 or more"):
            measure(np.array([[1.0, value], [1.0, 1.0]]))


@every
@pytest.mark.parametrize(
    ("codes", "factors", "said"),
    [
        (np.zeros((4, 2)), np.zeros((3, 1), int), "codes and factors must be"),
        (np.zeros(4), np.zeros((4, 1), int), "codes and factors must be"),
        (np.zeros((4, 1)), np.arange(4)[:, None], "the least"),
        (np.zeros((1, 2)), np.zeros((1, 1), int), "the least"),
        (np.zeros((0, 2)), np.zeros((0, 1), int), "the least"),
        (np.zeros((4, 2)), np.ones((4, 1)), "whole numbers, not float64"),
        (np.full((4, 2), np.nan), np.arange(4)[:, None], "NaN or infinite"),
        (np.zeros((4, 2)), np.array([[0, 7], [1, 7]] * 2), "factor 1 has one value only"),
    ],
)
def test_what_has_no_gap_is_refused(
    measure: Measure, codes: NDArray[Any], factors: NDArray[Any], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        measure(codes, factors)


def test_sap_must_know_of_each_factor_whether_it_is_ordered() -> None:
    with pytest.raises(ValueError, match="says 1 factors, there are 2"):
        separated_attribute_predictability(np.zeros((4, 2)), grid(2, 2), [True])
