"""The area under the ROC curve against hand counts and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from latentviewer.domain.measures.ranking import auroc


def test_pairs_counted_by_hand() -> None:
    # 2 beats 1, ties with 2, loses to 3; 4 beats all: 4.5 of 6 pairs.
    assert auroc(np.array([1.0, 2, 3]), np.array([2.0, 4])) == 4.5 / 6


def test_separated_groups_and_a_score_that_says_nothing() -> None:
    low, high = np.array([0.1, 0.2]), np.array([0.3, np.inf])
    assert auroc(low, high) == 1.0
    assert auroc(high, low) == 0.0
    assert auroc(np.zeros(3), np.zeros(5)) == 0.5


@pytest.mark.parametrize("ties", [True, False])
def test_agrees_with_scikit_learn(ties: bool) -> None:
    rng = np.random.default_rng(0)
    negative, positive = rng.normal(0, 2, 500), rng.normal(1, 3, 300)
    if ties:
        negative, positive = np.round(negative), np.round(positive)
    truth = np.repeat([0, 1], [500, 300])
    expected = roc_auc_score(truth, np.concatenate([negative, positive]))
    assert auroc(negative, positive) == pytest.approx(expected, abs=1e-12)


def test_what_cannot_be_ranked_is_refused() -> None:
    some = np.ones(3)
    with pytest.raises(ValueError, match="positive scores must be"):
        auroc(some, some[:0])
    with pytest.raises(ValueError, match="negative scores must be"):
        auroc(some[None], some)
    with pytest.raises(ValueError, match="negative score is NaN"):
        auroc(np.array([1, np.nan]), some)
