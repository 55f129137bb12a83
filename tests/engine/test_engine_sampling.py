"""Samples of a prior, and what a classifier says they show."""

import numpy as np
import pytest

from latentviewer.bundled import models_folder
from latentviewer.domain.space import Space
from latentviewer.domain.stepping import to_the_end
from latentviewer.domain.table import Categories
from latentviewer.engine.adapters.conv_classifier import ConvClassifier
from latentviewer.engine.loading import open_model
from latentviewer.engine.sampling import TOLD, Asked, sampling


@pytest.fixture(scope="module")
def judge() -> ConvClassifier:
    model = open_model(models_folder() / "mnist-classifier")
    assert isinstance(model, ConvClassifier)
    return model


def test_a_classifier_tells_what_each_sample_shows(judge: ConvClassifier) -> None:
    model = open_model(models_folder() / "mnist-vae")
    asked = Asked(70, seed=3)
    space: Space = to_the_end(sampling(model, asked, "mnist-vae", batch=32, judge=judge))
    column = space.columns["label" + TOLD]
    assert isinstance(column, Categories)
    assert column.names == tuple("0123456789")
    shown = judge.probabilities(model.decode(space.latent))["label"].argmax(axis=1)
    np.testing.assert_array_equal(column.codes, shown)
    assert len(set(shown.tolist())) > 5
    assert space.provenance.extra["told_by"] == "mnist-classifier"


def test_without_a_classifier_nothing_is_told() -> None:
    model = open_model(models_folder() / "mnist-vae")
    space: Space = to_the_end(sampling(model, Asked(5), "mnist-vae"))
    assert not space.columns
    assert "told_by" not in space.provenance.extra
