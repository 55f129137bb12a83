"""`sample`, `invert` and `encode --layer`, on models made for the moment."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from latentviewer.cli import main
from latentviewer.domain.table import Categories, Numbers
from latentviewer.engine.loading import open_model
from latentviewer.engine.networks.adversarial import GanConfig, GanNet
from latentviewer.engine.networks.attributes import Attribute
from latentviewer.engine.networks.classifying import ClassifierConfig, ClassifierNet
from latentviewer.engine.networks.convolutional import ConvConfig
from latentviewer.engine.networks.diffusion import DiffusionConfig, DiffusionNet
from latentviewer.io.spaces import open_space

VAE = "digits-vae"
LABEL = Attribute("label", tuple("0123456789"), "label")


def run(*words: object) -> int:
    return main([str(word) for word in words])


def written(folder: Path, family: str, net: torch.nn.Module, config: object) -> Path:
    folder.mkdir()
    generator = torch.Generator().manual_seed(2)
    weights = {
        k: 0.3 * torch.randn(v.shape, generator=generator) for k, v in net.state_dict().items()
    }
    save_file(weights, folder / "model.safetensors")
    assert dataclasses.is_dataclass(config)
    document = {"family": family, "architecture": dataclasses.asdict(config)}  # type: ignore[arg-type]
    (folder / "config.json").write_text(json.dumps(document))
    return folder


@pytest.fixture
def gan(tmp_path: Path) -> Path:
    config = GanConfig(ConvConfig(8, 8, 1, 3, (4,), (0,), 2, 8), (4,), (0,), 8)
    return written(tmp_path / "gan", "conv-gan", GanNet(config), config)


@pytest.fixture
def diffusion(tmp_path: Path) -> Path:
    config = DiffusionConfig(8, 8, 1, 1, (4,), (0,), 8, 1, (LABEL,), 0.1)
    return written(tmp_path / "ldm", "conv-diffusion", DiffusionNet(config), config)


@pytest.fixture
def classifier(tmp_path: Path) -> Path:
    config = ClassifierConfig(8, 8, 1, (4, 6), (0, 0), 5, (LABEL,))
    return written(tmp_path / "clf", "conv-classifier", ClassifierNet(config), config)


def test_samples_of_a_prior_depend_on_the_seed_and_shrink_with_truncation(tmp_path: Path) -> None:
    out = tmp_path / "s.arrow"
    latents = {}
    for key, options in {
        "a": (), "again": (), "b": ("--seed", 1), "half": ("--truncation", 0.5),
    }.items():  # fmt: skip
        assert run("sample", VAE, "--count", 70, *options, "-o", out) == 0
        latents[key] = np.array(open_space(out).latent)
    assert latents["a"].shape == (70, 8)
    np.testing.assert_array_equal(latents["a"], latents["again"])
    assert not np.array_equal(latents["a"], latents["b"])
    np.testing.assert_allclose(latents["half"], latents["a"] / 2, rtol=1e-6)
    provenance = open_space(out).provenance
    assert (provenance.model, provenance.data) == (VAE, None)
    assert provenance.extra["sampled"]["truncation"] == 0.5


def test_samples_are_written_as_pictures(tmp_path: Path) -> None:
    assert run("sample", VAE, "--count", 9, "-o", tmp_path / "s.png") == 0
    with Image.open(tmp_path / "s.png") as picture:
        assert picture.size[0] >= 24
    assert run("sample", VAE, "--count", 9, "-o", tmp_path / "s.npy") == 0
    assert np.load(tmp_path / "s.npy").shape == (9, 8, 8, 1)


def test_a_gan_s_samples_carry_the_discriminator_s_score(gan: Path, tmp_path: Path) -> None:
    assert run("sample", gan, "--count", 70, "-o", tmp_path / "s.arrow") == 0
    space, model = open_space(tmp_path / "s.arrow"), open_model(gan)
    column = space.columns["score"]
    assert isinstance(column, Numbers)
    scores = model.score(model.decode(space.latent))  # type: ignore[attr-defined]
    np.testing.assert_allclose(column.values, scores, atol=1e-5)
    assert np.ptp(scores) > 0


def test_a_path_leads_through_the_noise_of_its_samples(
    diffusion: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space, out = tmp_path / "s.arrow", tmp_path / "way.npy"
    assert run("encode", diffusion, "digits", "--limit", 12, "-o", space) == 0
    way = ("path", space, "--via", "2,7", "--frames", 9, "-o")
    noisy = ("--mode", "noise", "--steps", 30)
    frames = {}
    capsys.readouterr()
    for key, options in {
        "noise": noisy, "again": noisy, "slerp": ("--mode", "slerp"),
        "asked": (*noisy, "--ask", "label=3"),
    }.items():  # fmt: skip
        assert run(*way, out, *options, "--json") == 0
        frames[key] = np.load(out)
        told = json.loads(capsys.readouterr().out)
        assert told["mode"] == ("slerp" if key == "slerp" else "noise")
        assert told["frames"] == 9
    np.testing.assert_array_equal(frames["noise"], frames["again"])
    ends = np.array(open_space(space).latent)[[2, 7]]
    spread = ends.std()
    assert np.abs(frames["noise"][[0, -1]] - ends).max() < 0.3 * spread
    assert np.abs(frames["noise"] - frames["slerp"]).max() > 0.1 * spread
    assert np.abs(frames["noise"][4] - frames["asked"][4]).max() > 1e-4
    assert told["condition"] == {"label": "3"}
    assert run(*way, tmp_path / "way.gif", "--mode", "noise", "--steps", 2) == 0
    assert (tmp_path / "way.gif").stat().st_size > 0


def test_a_space_of_noise_is_denoised_along_its_paths(diffusion: Path, tmp_path: Path) -> None:
    space = tmp_path / "n.arrow"
    assert run("sample", diffusion, "--noise", "--count", 6, "--seed", 3, "-o", space) == 0
    opened = open_space(space)
    assert opened.holds_noise
    np.testing.assert_array_equal(opened.latent, open_model(diffusion).noise(6, 3))  # type: ignore[attr-defined]
    out = tmp_path / "way.png"
    assert run("path", space, "--via", "0,1", "--frames", 3, "--steps", 2, "-o", out) == 0
    assert out.stat().st_size > 0


def test_diffusion_is_asked_for_a_class(diffusion: Path, tmp_path: Path) -> None:
    out, latents = tmp_path / "s.arrow", {}
    for key, options in {
        "free": (), "three": ("--ask", "label=3"), "led": ("--ask", "label=3", "--guidance", 4),
    }.items():  # fmt: skip
        assert run("sample", diffusion, "--count", 5, "--steps", 4, *options, "-o", out) == 0
        latents[key] = np.array(open_space(out).latent)
    assert len({values.tobytes() for values in latents.values()}) == 3
    column = open_space(out).columns["label"]
    assert isinstance(column, Categories)
    assert [column.text(row) for row in range(5)] == ["3"] * 5


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("sample", VAE, "--ask", "label=3"), "cannot be asked for anything"),
        (("sample", VAE, "--truncation", "nan"), "is not a number of 0 or more"),
        (("sample", VAE, "--truncation", "3"), "A truncation of 3 makes no sense"),
        (("sample", VAE, "--count", "0"), "is not a whole number of 1 or more"),
        (("sample", "{ldm}", "--ask", "label"), "write it as label=3"),
        (("sample", "{ldm}", "--ask", "label=3", "--ask", "label=4"), "names the same thing twice"),
        (("sample", "{ldm}", "--ask", "label=11"), "not “11”"),
        (("sample", "{ldm}", "--ask", "mood=sad"), "it knows label"),
        (("sample", "{ldm}", "--steps", "1001"), "1001 steps cannot be taken"),
        (("sample", "{clf}"), "has no prior to sample from"),
        (("sample", VAE, "--noise"), "only diffusion models do"),
        (("sample", "{ldm}", "--noise", "--ask", "label=3"), "Noise is not asked for anything"),
        (("invert", VAE, "digits"), "it has an encoder; choose a GAN"),
        (("invert", "{gan}", "nothing-here"), "nothing-here"),
        (("encode", VAE, "digits", "--layer", "dense"), "has no layers to choose from"),
        (("encode", "{clf}", "digits", "--layer", "logits"), "no layer “logits”"),
        (("encode", "{gan}", "digits"), "has no encoder"),
    ],
)
def test_what_cannot_be_done_is_refused(
    words: tuple[str, ...], reason: str, gan: Path, diffusion: Path, classifier: Path,
    tmp_path: Path, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    places = {"gan": gan, "ldm": diffusion, "clf": classifier}
    try:
        code = run(*(word.format(**places) for word in words), "-o", tmp_path / "x.arrow")
    except SystemExit as stop:
        code = int(str(stop.code))
    assert code == 2
    assert reason in capsys.readouterr().err
    assert not (tmp_path / "x.arrow").exists()


def test_latents_are_found_for_real_images(
    gan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ("--limit", 40, "--steps", 30, "-o", tmp_path / "i.arrow", "--json")
    assert run("invert", gan, "digits", *options) == 0
    space, model = open_space(tmp_path / "i.arrow"), open_model(gan)
    assert len(space) == 40
    assert space.provenance.data == "digits"
    assert "label" in space.columns
    from latentviewer.bootstrap import open_data

    wanted = open_data("digits").images(np.arange(40)).astype(np.float32) / 255
    errors = np.square(model.decode(space.latent) - wanted).mean(axis=(1, 2, 3))
    column = space.columns["recon_error"]
    assert isinstance(column, Numbers)
    np.testing.assert_allclose(column.values, errors, atol=1e-5)
    told = json.loads(capsys.readouterr().out)
    assert told["error"] == pytest.approx(errors.mean(), abs=1e-5)


def test_each_layer_of_a_classifier_is_a_space(classifier: Path, tmp_path: Path) -> None:
    dims = []
    for layer in ("level1", "level2", "dense"):
        out = tmp_path / f"{layer}.arrow"
        assert run("encode", classifier, "digits", "--limit", 12, "--layer", layer, "-o", out) == 0
        space = open_space(out)
        assert space.provenance.extra["layer"] == layer
        assert layer in space.name
        dims.append(space.dim)
    assert dims == [4, 6, 5]


def test_images_of_another_shape_are_fitted_with_a_notice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "f.arrow"
    assert run("encode", VAE, "faces:6", "-o", out) == 0
    said = "The images of faces:6 were resized from 64 x 64 to 8 x 8 pixels and made grey."
    assert said in capsys.readouterr().err
    space = open_space(out)
    assert space.provenance.extra["notes"] == [said]
    from latentviewer.bootstrap import open_data, open_model, open_reference
    from latentviewer.io.fitted import fitted

    opened = open_reference(str(out))
    assert said in opened.warnings  # type: ignore[union-attr]
    model = open_model(VAE)
    data, _ = fitted(open_data("faces:6"), model.card.image)
    latents = model.encode(data.images(np.arange(6)).astype(np.float32) / 255).mean
    np.testing.assert_allclose(space.latent, latents, atol=1e-4)


def test_a_torchvision_classifier_is_adopted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from latentviewer.engine.adapters.torchvision_classifier import untrained

    save_file(untrained("squeezenet1_1", 3).state_dict(), tmp_path / "w.safetensors")
    (tmp_path / "names.txt").write_text("ant\n\nbee\ncat\n")
    words = ("adopt", "squeezenet1_1", tmp_path / "w.safetensors", "-o", tmp_path / "m")
    assert run(*words, "--classes", tmp_path / "names.txt", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["classes"], told["latent_dim"]) == (3, 512)
    assert told["layers"][0] == "features.0"
    assert open_model(tmp_path / "m").classes["class"] == ("ant", "bee", "cat")  # type: ignore[attr-defined]
    assert run(*words) == 2
    assert "already holds a model" in capsys.readouterr().err
