"""The negative ELBO against its formula, written out in numpy."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import DataSet
from latentviewer.engine.adapters.conv_vae import ConvVae
from latentviewer.engine.loading import open_model
from latentviewer.engine.measuring.bound import measuring_bound


def evaluated(*arguments: Any, **options: Any) -> dict[str, Any]:
    steps = measuring_bound(*arguments, **options)
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            figures: dict[str, Any] = stop.value
            return figures


@pytest.fixture
def model(tiny_folder: Path) -> ConvVae:
    model = open_model(tiny_folder)
    assert isinstance(model, ConvVae)
    return model


def test_nelbo_agrees_with_the_formula(model: ConvVae, blobs: Callable[[int], DataSet]) -> None:
    data = blobs(37)
    images = data.images(np.arange(37)).astype(np.float64) / 255
    posterior = model.encode(images.astype(np.float32))
    assert posterior.std is not None
    mean, variance = posterior.mean.astype(np.float64), posterior.std.astype(np.float64) ** 2
    kl = 0.5 * (mean**2 + variance - 1 - np.log(variance)).sum() / 37
    rng, nats = np.random.default_rng(4), 0.0
    for start in range(0, 37, 10):
        part = slice(start, min(start + 10, 37))
        for _ in range(2):
            noise = rng.standard_normal(posterior.mean[part].shape, np.float32)
            z = posterior.mean[part] + posterior.std[part] * noise
            p = model.decode(z).astype(np.float64)
            x = images[part]
            nats -= (x * np.log(p) + (1 - x) * np.log(1 - p)).sum() / 2
    nats /= 37
    figures = evaluated(model, data, samples=2, seed=4, batch=10)
    assert figures["kl"] == pytest.approx(kl, rel=1e-5)
    assert figures["reconstruction"] == pytest.approx(nats, rel=1e-4)
    assert figures["nelbo"] == pytest.approx(kl + nats, rel=1e-4)
    assert figures["active_units"] == int((mean.var(axis=0) > 0.01).sum())
    assert (figures["images"], figures["samples"], figures["seed"]) == (37, 2, 4)


def test_the_figures_depend_on_the_seed_alone(
    model: ConvVae, blobs: Callable[[int], DataSet]
) -> None:
    data = blobs(20)
    assert evaluated(model, data, seed=1) == evaluated(model, data, seed=1)
    assert evaluated(model, data, seed=1) != evaluated(model, data, seed=2)


def test_progress_rises_to_one(model: ConvVae, blobs: Callable[[int], DataSet]) -> None:
    assert list(measuring_bound(model, blobs(25), batch=10)) == [0.4, 0.8, 1.0]


def test_saturated_logits_stay_finite(
    model: ConvVae, blobs: Callable[[int], DataSet], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        model, "decode_logits", lambda z: np.full((len(z), 8, 8, 1), -200, np.float32)
    )
    figures = evaluated(model, blobs(5))
    data = blobs(5)
    expected = 200 * data.images(np.arange(5)).astype(float).sum() / 255 / 5
    assert figures["reconstruction"] == pytest.approx(expected, rel=1e-5)


def test_an_empty_data_set_is_refused(model: ConvVae, blobs: Callable[[int], DataSet]) -> None:
    with pytest.raises(UserError, match="blobs holds no samples"):
        evaluated(model, blobs(0))
