"""The convolutional VAE behind the Model port."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Model
from latentviewer.engine.adapters.conv_vae import (
    ConvVaeConfig,
    ConvVaeNet,
    config_from_json,
    kl_nats,
    reconstruction_nats,
)
from latentviewer.engine.loading import open_model


@pytest.fixture
def model(tiny_folder: Path) -> Model:
    return open_model(tiny_folder)


@pytest.mark.parametrize("count", [0, 1, 7, 513])
def test_batches_of_any_size_keep_their_length_and_types(model: Model, count: int) -> None:
    images = np.random.default_rng(0).random((count, 8, 8, 1), np.float32)
    posterior = model.encode(images)
    decoded = model.decode(posterior.mean)
    assert posterior.std is not None
    assert posterior.mean.shape == posterior.std.shape == (count, 3)
    assert decoded.shape == (count, 8, 8, 1)
    assert posterior.mean.dtype == posterior.std.dtype == decoded.dtype == np.float32
    assert (posterior.std > 0).all()
    assert ((decoded >= 0) & (decoded <= 1)).all()


def test_a_row_s_answer_does_not_depend_on_the_batch(model: Model) -> None:
    images = np.random.default_rng(1).random((600, 8, 8, 1), np.float32)
    whole = model.encode(images)
    alone = model.encode(images[599:])
    np.testing.assert_allclose(whole.mean[599:], alone.mean, atol=1e-5)
    np.testing.assert_allclose(model.decode(whole.mean)[599:], model.decode(alone.mean), atol=1e-5)


def test_different_latents_decode_differently(model: Model) -> None:
    first, second = model.decode(np.array([[-2, 0, 1], [2, 1, -1]], np.float32))
    assert np.abs(first - second).max() > 0.01


def test_strided_and_float64_input_gives_the_same_answer(model: Model) -> None:
    images = np.random.default_rng(2).random((4, 16, 8, 1), np.float32)[:, ::2]
    wide = model.encode(images.astype(np.float64))
    np.testing.assert_array_equal(model.encode(images.copy()).mean, wide.mean)


@pytest.mark.parametrize(
    "shape", [(8, 8, 1), (2, 8, 8), (2, 8, 8, 3), (2, 28, 28, 1), (2, 1, 8, 8)]
)
def test_images_of_another_shape_are_refused(model: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match=r"tiny-vae encodes images of 8 x 8 pixels and 1 channel"):
        model.encode(np.zeros(shape, np.float32))


def test_integer_images_are_refused(model: Model) -> None:
    with pytest.raises(UserError, match="floating-point"):
        model.encode(np.zeros((1, 8, 8, 1), np.uint8))  # type: ignore[arg-type]


@pytest.mark.parametrize("shape", [(3,), (2, 4), (2, 3, 1), (0, 2)])
def test_latents_of_another_shape_are_refused(model: Model, shape: tuple[int, ...]) -> None:
    with pytest.raises(UserError, match="takes latents of 3 dimensions"):
        model.decode(np.zeros(shape, np.float32))


def test_samples_depend_on_the_seed_alone(model: Model) -> None:
    first = model.sample(2000, seed=5)
    assert first.shape == (2000, 3)
    assert first.dtype == np.float32
    np.testing.assert_array_equal(first, model.sample(2000, seed=5))
    assert not np.array_equal(first, model.sample(2000, seed=6))
    np.testing.assert_allclose(first.mean(0), 0, atol=0.1)
    np.testing.assert_allclose(first.std(0), 1, atol=0.1)
    assert model.sample(0, seed=5).shape == (0, 3)
    with pytest.raises(UserError, match="-1 samples"):
        model.sample(-1, seed=5)


@pytest.mark.parametrize(("height", "width", "channels"), [(28, 28, 1), (8, 8, 1), (4, 12, 3)])
def test_the_network_fits_every_image_that_the_config_allows(
    tiny_config: ConvVaeConfig, height: int, width: int, channels: int
) -> None:
    config = dataclasses.replace(
        tiny_config,
        network=dataclasses.replace(
            tiny_config.network, height=height, width=width, channels=channels
        ),
    )
    net = ConvVaeNet(config)
    images = torch.rand(2, channels, height, width)
    mean, log_variance = net.encode(images)
    assert mean.shape == log_variance.shape == (2, 3)
    assert net.decode(mean).shape == images.shape


def test_reconstruction_and_kl_against_their_definitions() -> None:
    rng = np.random.default_rng(0)
    images, logits = rng.random((5, 1, 4, 4)), rng.normal(0, 3, (5, 1, 4, 4))
    p = 1 / (1 + np.exp(-logits))
    nats = -(images * np.log(p) + (1 - images) * np.log(1 - p)).sum(axis=(1, 2, 3))
    ours = reconstruction_nats(torch.tensor(images), torch.tensor(logits))
    np.testing.assert_allclose(ours, nats, rtol=1e-6)
    gaussian = -torch.distributions.Normal(torch.tensor(p), 0.2).log_prob(torch.tensor(images))
    ours = reconstruction_nats(torch.tensor(images), torch.tensor(logits), 0.2)
    torch.testing.assert_close(ours, gaussian.flatten(1).sum(1))
    mean, log_variance = rng.normal(0, 1, (5, 3)), rng.normal(0, 1, (5, 3))
    p = torch.distributions.Normal(torch.tensor(mean), torch.tensor(np.exp(log_variance / 2)))
    expected = torch.distributions.kl_divergence(p, torch.distributions.Normal(0.0, 1.0))
    ours = kl_nats(torch.tensor(mean), torch.tensor(log_variance))
    torch.testing.assert_close(ours, expected, check_dtype=False)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"height": 10}, "multiples of 4"),
        ({"channels": 2}, "“channels” must be 1 or 3"),
        ({"latent_dim": 0}, "“latent_dim” must be a whole number"),
        ({"latent_dim": 2.0}, "“latent_dim” must be a whole number"),
        ({"hidden": True}, "“hidden” must be a whole number"),
        ({"hidden": 10**9}, "“hidden” must be a whole number"),
        ({"blocks": [1, 65]}, "“blocks” must be a whole number from 0 to 64"),
        ({"widths": [4]}, "one number for each level"),
        ({"widths": "44"}, "“widths” must be a list"),
        ({"depth": 3}, "“depth” is not known"),
    ],
)
def test_a_config_out_of_range_names_the_field(
    tiny_config: ConvVaeConfig, change: dict[str, object], reason: str
) -> None:
    fields = dataclasses.asdict(tiny_config)
    with pytest.raises(ValueError, match=reason):
        config_from_json({**fields, "network": {**fields["network"], **change}})
    assert config_from_json(json.loads(json.dumps(fields))) == tiny_config
    del fields["network"]["hidden"]
    with pytest.raises(ValueError, match="“hidden” is missing"):
        config_from_json(fields)


@pytest.mark.parametrize("std", [0, 0.0, -0.1, 2.0, "0.1", True, float("nan")])
def test_a_pixel_deviation_out_of_range_is_named(tiny_config: ConvVaeConfig, std: object) -> None:
    fields = dataclasses.asdict(tiny_config)
    with pytest.raises(ValueError, match="“pixel_std” must be a number"):
        config_from_json({**fields, "pixel_std": std})
    assert config_from_json({**fields, "pixel_std": 0.1}).pixel_std == 0.1
