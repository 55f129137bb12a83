"""The models that come with the program, and the figures in their cards."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from latentviewer.bundled import models_folder
from latentviewer.domain.ports import Classifier, ImageShape
from latentviewer.engine.adapters.conv_vae import ConvVae
from latentviewer.engine.loading import open_model
from latentviewer.engine.measuring import measure
from latentviewer.io.spaces import read_space

NAMES = ("mnist-vae", "digits-vae")


def opened(name: str) -> ConvVae:
    model = open_model(models_folder() / name)
    assert isinstance(model, ConvVae)
    return model


def idx_images(path: Path) -> np.ndarray:
    with gzip.open(path) as file:
        return np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28, 28, 1)


@pytest.mark.parametrize("name", NAMES)
def test_the_card_tells_the_config_s_figures_and_the_weights_hash(name: str) -> None:
    folder = models_folder() / name
    readme = (folder / "README.md").read_text("utf-8")
    config = json.loads((folder / "config.json").read_text("utf-8"))
    card = opened(name).card
    assert f"`{card.weights_hash}`" in readme
    assert f"`latentviewer train {name}`" in readme
    assert f"`latentviewer train {name} --evaluate`" in readme
    assert dict(card.figures) == config["figures"]
    for key in ("test_nelbo_nats", "test_reconstruction_nats", "test_kl_nats", "valid_nelbo_nats"):
        assert f"| {config['figures'][key]} nats" in readme, key
    assert f"{config['figures']['active_units']} of {card.latent_dim}" in readme


def test_the_models_are_small_and_of_the_promised_shape() -> None:
    mnist, digits = opened("mnist-vae").card, opened("digits-vae").card
    assert (mnist.latent_dim, mnist.image) == (16, ImageShape(28, 28, 1))
    assert digits.image == ImageShape(8, 8, 1)
    assert (models_folder() / "mnist-vae" / "model.safetensors").stat().st_size <= 3_000_000
    assert (models_folder() / "digits-vae" / "model.safetensors").stat().st_size <= 1_000_000
    assert mnist.figures["test_images"] == 10_000
    assert mnist.figures["test_nelbo_nats"] <= 103


def test_mnist_test_digits_come_back_close_to_what_they_were(mnist_folder: Path) -> None:
    images = idx_images(mnist_folder / "t10k-images-idx3-ubyte.gz")[:500].astype(np.float32) / 255
    model = opened("mnist-vae")
    decoded = model.decode(model.encode(images).mean)
    error = np.square(decoded - images).mean(axis=(1, 2, 3))
    spread = np.square(images - images.mean(axis=0)).mean()
    assert error.mean() < 0.2 * spread
    # Each digit comes back as itself: it is the nearest original for nearly all.
    flat, back = images.reshape(500, -1), decoded.reshape(500, -1)
    nearest = (np.square(back).sum(1)[:, None] - 2 * back @ flat.T + np.square(flat).sum(1)).argmin(
        1
    )
    assert (nearest == np.arange(500)).mean() > 0.98


class Digits:
    """The last 297 of scikit-learn's digits, which the model was not trained on."""

    name = "digits:test"
    image = ImageShape(8, 8, 1)

    def __init__(self) -> None:
        grey = load_digits().images[1500:, :, :, None]
        self.pixels = np.rint(grey * (255 / 16)).astype(np.uint8)
        self.columns: dict[str, object] = {}

    def __len__(self) -> int:
        return len(self.pixels)

    def images(self, rows: np.ndarray) -> np.ndarray:
        return self.pixels[rows]


def test_the_card_of_digits_vae_is_what_is_measured_now() -> None:
    model = opened("digits-vae")
    figures = measure(model, Digits())  # type: ignore[arg-type]
    assert figures["nelbo"] == pytest.approx(model.card.figures["test_nelbo_nats"], abs=0.02)
    assert figures["active_units"] == model.card.figures["active_units"]


def test_the_card_of_mnist_vae_agrees_with_a_sample_of_the_test_images(
    mnist_folder: Path,
) -> None:
    images = idx_images(mnist_folder / "t10k-images-idx3-ubyte.gz")
    data = Digits()
    data.image, data.pixels = ImageShape(28, 28, 1), images[::8]
    figures = measure(opened("mnist-vae"), data)  # type: ignore[arg-type]
    # 1,250 of the 10,000: the mean's own standard error is about 0.7 nats.
    assert figures["nelbo"] == pytest.approx(
        opened("mnist-vae").card.figures["test_nelbo_nats"], abs=3
    )


@pytest.mark.parametrize(
    ("name", "file", "count", "columns"),
    [
        ("mnist-vae", "test-latents.arrow", 10_000, {"label", "recon_error", "kl"}),
        ("digits-vae", "latents.arrow", 1_797, {"label", "split", "recon_error", "kl"}),
    ],
)
def test_the_bundled_space_is_of_the_bundled_model(
    name: str, file: str, count: int, columns: set[str]
) -> None:
    path = models_folder() / name / file
    space, card = read_space(path), opened(name).card
    assert path.stat().st_size <= 3_000_000
    assert (len(space), space.dim) == (count, card.latent_dim)
    assert space.latent_std is not None
    assert set(space.columns) == columns
    assert (space.provenance.model, space.provenance.model_hash) == (name, card.weights_hash)
    assert space.maps["umap_2d"].shape == (count, 2)
    assert space.maps["umap_3d"].shape == (count, 3)


def test_the_bundled_latents_of_digits_are_what_the_model_encodes() -> None:
    space = read_space(models_folder() / "digits-vae" / "latents.arrow")
    data = Digits()
    posterior = opened("digits-vae").encode(data.pixels.astype(np.float32) / 255)
    np.testing.assert_allclose(space.latent[1500:], posterior.mean, atol=1e-4)
    assert space.latent_std is not None
    np.testing.assert_allclose(space.latent_std[1500:], posterior.std, atol=1e-4)
    labels = [space.label(row) for row in range(1500, 1797)]
    assert labels == [str(label) for label in load_digits().target[1500:]]


def test_the_bundled_latents_of_mnist_are_what_the_model_encodes(mnist_folder: Path) -> None:
    space = read_space(models_folder() / "mnist-vae" / "test-latents.arrow")
    images = idx_images(mnist_folder / "t10k-images-idx3-ubyte.gz")[:300]
    posterior = opened("mnist-vae").encode(images.astype(np.float32) / 255)
    np.testing.assert_allclose(space.latent[:300], posterior.mean, atol=1e-3)


def test_the_faces_models_do_what_their_cards_say() -> None:
    """On few faces; `latentviewer bench --models` measures on all."""
    from latentviewer.domain.first_samples import first_samples
    from latentviewer.engine.adapters.conv_classifier import ConvClassifier
    from latentviewer.engine.measuring import measure
    from latentviewer.io.datasets import open_data

    classifier = open_model(models_folder() / "faces-classifier")
    assert isinstance(classifier, ConvClassifier)
    assert classifier.card.figures["test_balanced_accuracy"] >= 0.97
    few = first_samples(open_data("faces:test", []), 300)
    assert measure(classifier, few)["balanced_accuracy"] == pytest.approx(
        classifier.card.figures["test_balanced_accuracy"], abs=0.03
    )
    for name in ("faces-vae", "faces-ae"):
        model = open_model(models_folder() / name)
        figures = model.card.figures
        assert figures["test_psnr_db"] >= 26, name
        assert figures["test_agreement"] >= 0.9, name
        found = measure(model, few, judge=classifier)
        assert found["psnr_db"] == pytest.approx(figures["test_psnr_db"], abs=0.5), name
        assert found["agreement"] == pytest.approx(figures["test_agreement"], abs=0.05), name


def test_the_beta_vae_of_shapes_does_what_its_card_says() -> None:
    """On few scenes, too few for the measures of disentanglement; the card has those of all."""
    from latentviewer.domain.first_samples import first_samples
    from latentviewer.engine.measuring import measure
    from latentviewer.io.datasets import open_data

    model = open_model(models_folder() / "shapes-beta-vae")
    figures = model.card.figures
    found = measure(model, first_samples(open_data("shapes:test", []), 200))
    assert found["psnr_db"] == pytest.approx(figures["test_psnr_db"], abs=0.7)
    assert found["kl"] == pytest.approx(figures["test_kl_nats"], rel=0.05)
    assert "mig" not in found
    for name in ("mig", "sap", "dci_disentanglement", "dci_completeness", "dci_informativeness"):
        assert 0 < figures[f"test_{name}"] < 1


def test_the_autoencoder_s_card_promises_what_was_asked(mnist_folder: Path) -> None:
    model = open_model(models_folder() / "mnist-ae")
    assert model.card.latent_dim == 16
    assert model.card.figures["test_mse"] <= 0.006
    images = idx_images(mnist_folder / "t10k-images-idx3-ubyte.gz")[::20].astype(np.float32) / 255
    error = np.square(model.decode(model.encode(images).mean) - images).mean()
    assert error == pytest.approx(model.card.figures["test_mse"], rel=0.1)


def test_the_classifier_of_digits_tells_them(mnist_folder: Path) -> None:
    model = open_model(models_folder() / "mnist-classifier")
    assert isinstance(model, Classifier)
    images = idx_images(mnist_folder / "t10k-images-idx3-ubyte.gz")[::10].astype(np.float32) / 255
    with gzip.open(mnist_folder / "t10k-labels-idx1-ubyte.gz") as file:
        truth = np.frombuffer(file.read(), np.uint8, offset=8)[::10]
    told = model.probabilities(images)["label"].argmax(axis=1)
    assert (told == truth).mean() == pytest.approx(model.card.figures["test_accuracy"], abs=0.01)


def test_the_diffusion_model_of_faces_makes_what_its_card_says() -> None:
    """From few samples; `latentviewer bench --models` measures with 5,000."""
    from latentviewer.engine.adapters.conv_classifier import ConvClassifier
    from latentviewer.engine.adapters.conv_diffusion import ConvDiffusion

    model, judge = (open_model(models_folder() / n) for n in ("faces-ldm", "faces-classifier"))
    assert isinstance(model, ConvDiffusion)
    assert isinstance(judge, ConvClassifier)
    figures = model.card.figures
    assert figures["test_precision"] >= 0.75
    assert figures["test_recall"] >= 0.5
    asked = {"glasses": "round", "hat": "woolly", "beard": "full"}
    *_, last = model.denoising(model.noise(40, 0), 10, 2.0, asked)
    told = judge.probabilities(model.decode(last.latents))
    for question, wanted in asked.items():
        answers = told[question].argmax(axis=1) == judge.classes[question].index(wanted)
        assert answers.mean() >= 0.9, question


def test_the_gan_of_faces_knows_its_samples_and_finds_real_ones_latents() -> None:
    from latentviewer.engine.adapters.conv_classifier import ConvClassifier
    from latentviewer.engine.adapters.conv_gan import ConvGan

    model, judge = (open_model(models_folder() / n) for n in ("faces-gan", "faces-classifier"))
    assert isinstance(model, ConvGan)
    assert isinstance(judge, ConvClassifier)
    assert model.card.figures["test_precision"] >= 0.75
    assert model.card.figures["test_recall"] >= 0.5
    pictures = model.decode(model.sample(60, 0))
    # Every kind is among them: it did not collapse to one face.
    for question, classes in judge.classes.items():
        told = judge.probabilities(pictures)[question].argmax(axis=1)
        assert len(np.unique(told)) >= min(len(classes), 3), question
    space = read_space(models_folder() / "faces-gan" / "latents.arrow")
    assert space.provenance.model_hash == model.card.weights_hash
    assert space.latent.shape == (3000, model.card.latent_dim)
    np.testing.assert_allclose(space.latent.std(axis=0), 1, atol=0.1)


def test_the_diffusion_model_of_digits_draws_the_digit_that_was_asked_for() -> None:
    from latentviewer.engine.adapters.conv_classifier import ConvClassifier
    from latentviewer.engine.adapters.conv_diffusion import ConvDiffusion

    model, judge = (open_model(models_folder() / n) for n in ("mnist-ldm", "mnist-classifier"))
    assert isinstance(model, ConvDiffusion)
    assert isinstance(judge, ConvClassifier)
    assert model.card.figures["test_as_asked"] >= 0.95
    for digit in "0479":
        *_, last = model.denoising(model.noise(20, 0), 10, 2.0, {"label": digit})
        told = judge.probabilities(model.decode(last.latents))["label"].argmax(axis=1)
        assert (told == int(digit)).mean() >= 0.9, digit


def test_all_bundled_weights_together_are_small() -> None:
    sizes = [p.stat().st_size for p in models_folder().glob("*/model.safetensors")]
    assert sum(sizes) <= 40_000_000
