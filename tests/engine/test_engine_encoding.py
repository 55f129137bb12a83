"""A data set to latents, in batches."""

import dataclasses
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability, DataSet, Images, ModelCard, Posterior
from latentviewer.domain.space import Latents
from latentviewer.engine.encoding import Encoding, EncodingProgress, encode_data, space_of
from latentviewer.engine.loading import open_model


def finished(
    steps: Generator[EncodingProgress, None, Encoding],
) -> tuple[list[EncodingProgress], Encoding]:
    reports = []
    while True:
        try:
            reports.append(next(steps))
        except StopIteration as stop:
            return reports, stop.value


def test_row_i_is_sample_i_with_its_own_error_and_kl(
    tiny_folder: Path, blobs: Callable[[int], DataSet]
) -> None:
    model, data = open_model(tiny_folder), blobs(23)
    reports, encoding = finished(encode_data(model, data, batch=10))
    assert [r.done for r in reports] == [10, 20, 23]
    assert reports[-1].fraction == 1.0
    assert reports[0].text == "Encoded 10 of 23 samples"
    images = data.images(np.arange(23)).astype(np.float64) / 255
    posterior = model.encode(images.astype(np.float32))
    assert posterior.std is not None
    assert encoding.std is not None
    np.testing.assert_allclose(encoding.mean, posterior.mean, atol=1e-5)
    np.testing.assert_allclose(encoding.std, posterior.std, rtol=1e-4)
    error = ((model.decode(posterior.mean) - images) ** 2).reshape(23, -1).mean(1)
    np.testing.assert_allclose(encoding.recon_error, error, rtol=1e-4)
    variance = posterior.std.astype(np.float64) ** 2
    kl = 0.5 * (posterior.mean**2 + variance - 1 - np.log(variance)).sum(1)
    np.testing.assert_allclose(encoding.kl, kl, rtol=1e-4)


def test_the_space_says_where_it_came_from(
    tiny_folder: Path, blobs: Callable[[int], DataSet]
) -> None:
    model, data = open_model(tiny_folder), blobs(12)
    _, encoding = finished(encode_data(model, data))
    space = space_of(encoding, model.card, data, "tiny-vae")
    assert list(space.columns) == ["label", "recon_error", "kl"]
    assert space.label(3) == "3"
    assert space.columns["kl"].text(0) == f"{encoding.kl[0]:.6g}"  # type: ignore[index]
    assert space.provenance.model == "tiny-vae"
    assert space.provenance.model_hash == model.card.weights_hash
    assert space.provenance.data == "blobs"
    np.testing.assert_array_equal(space.latent, encoding.mean)


def test_no_samples_give_no_latents(tiny_folder: Path, blobs: Callable[[int], DataSet]) -> None:
    reports, encoding = finished(encode_data(open_model(tiny_folder), blobs(0)))
    assert reports == []
    assert encoding.mean.shape == (0, 3)


def test_never_more_than_one_batch_is_asked_for(
    tiny_folder: Path, blobs: Callable[[int], DataSet]
) -> None:
    asked: list[int] = []

    class Watched(type(blobs(1))):  # type: ignore[misc]
        def images(self, rows: np.ndarray) -> np.ndarray:
            asked.append(len(rows))
            return super().images(rows)

    data = Watched("blobs", blobs(45).images(np.arange(45)))
    finished(encode_data(open_model(tiny_folder), data, batch=20))
    assert asked == [20, 20, 5]


class EncoderOnly:
    """A model that neither decodes nor has a posterior."""

    def __init__(self, card: ModelCard) -> None:
        self.card = dataclasses.replace(card, capabilities=frozenset({Capability.ENCODE}))

    def encode(self, images: Images) -> Posterior:
        return Posterior(images.reshape(len(images), -1)[:, :3])

    def decode(self, latents: Latents) -> Images:
        raise AssertionError("it does not decode")

    def sample(self, count: int, seed: int) -> Latents:
        raise AssertionError("it does not sample")


def test_what_a_model_cannot_do_is_left_out(
    tiny_folder: Path, blobs: Callable[[int], DataSet]
) -> None:
    model = EncoderOnly(open_model(tiny_folder).card)
    _, encoding = finished(encode_data(model, blobs(12)))
    assert encoding.mean.shape == (12, 3)
    assert encoding.std is encoding.recon_error is encoding.kl is None
    model.card = dataclasses.replace(model.card, capabilities=frozenset({Capability.DECODE}))
    with pytest.raises(UserError, match="tiny-vae has no encoder"):
        next(encode_data(model, blobs(12)))


def test_data_of_another_shape_are_refused(
    tiny_folder: Path, blobs: Callable[[int], DataSet]
) -> None:
    small = type(blobs(1))("small", np.zeros((3, 4, 4, 1), np.uint8))  # type: ignore[call-arg]
    with pytest.raises(UserError, match="small has images of 4 x 4 x 1, and tiny-vae encodes 8"):
        next(encode_data(open_model(tiny_folder), small))
