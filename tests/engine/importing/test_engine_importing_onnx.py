"""ONNX encoders and decoders: found for what they are, asked about, and right in their values."""

import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Offer, Question
from latentviewer.domain.ports import Capability, ImageShape, Model
from latentviewer.engine.importing.importers import importer_of, open_imported
from latentviewer.engine.importing.onnx import network
from latentviewer.engine.importing.onnx.importer import ONNX
from latentviewer.engine.importing.onnx.pictures import Axes, axes_of
from tests.engine.importing.onnx_nets import (
    BYTE,
    DOUBLE,
    HALF,
    decoder,
    encoder,
    model,
    save,
    weights,
)

VAE = {Capability.ENCODE, Capability.DECODE, Capability.POSTERIOR, Capability.SAMPLE}
PIXELS, D = 6 * 4, 3
IN, IN2 = weights(PIXELS, D, seed=1), weights(PIXELS, D, seed=2)
OUT = weights(D, PIXELS, seed=3)


def offer(path: Path, **answers: str) -> Offer:
    return ONNX.offer(path, answers)


def opened(path: Path, **answers: str) -> Model:
    found = offer(path, **answers)
    made = ONNX.open(path, answers, "cpu")
    assert made.card.capabilities == found.capabilities
    assert (made.card.latent_dim, made.card.image) == (found.latent_dim, found.image)
    assert made.card.weights_hash == found.file_hash
    return made


def asked(found: Offer) -> dict[str, str]:
    return {question.key: question.guess for question in found.questions}


def question(found: Offer, key: str) -> Question:
    return next(q for q in found.questions if q.key == key)


def missing(path: Path, **answers: str) -> str:
    """What keeps it from being opened; opening says the same."""
    found = offer(path, **answers)
    assert len(found.missing) == 1
    assert not found.capabilities
    with pytest.raises(UserError) as caught:
        ONNX.open(path, answers, "cpu")
    assert str(caught.value) == f"{path}: {found.missing[0]}"
    assert found.missing[0].endswith(".")
    return found.missing[0]


def images(count: int, height: int = 6, width: int = 4, channels: int = 1) -> Any:
    return np.random.default_rng(5).random((count, height, width, channels), np.float32)


def latents(count: int, d: int = D) -> Any:
    return np.random.default_rng(6).standard_normal((count, d), np.float32)


def close(found: Any, wanted: Any, tolerance: float = 1e-5) -> None:
    np.testing.assert_allclose(found, wanted, atol=tolerance, rtol=tolerance)


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """A folder with the encoder and the decoder of a VAE of grey pictures."""
    folder = tmp_path / "my-vae"
    mean_and_spread = encoder(["b", 1, 6, 4], {"mean": IN, "logvar": IN2})
    save(folder / "encoder.onnx", mean_and_spread)
    save(folder / "decoder.onnx", decoder(["b", D], OUT, (1, 6, 4), "Sigmoid"))
    return folder


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def test_a_folder_with_both_is_a_vae(pair: Path) -> None:
    found = offer(pair)
    assert found.format == "onnx"
    assert found.path == str(pair)
    assert found.capabilities == VAE
    assert (found.latent_dim, found.image) == (D, ImageShape(6, 4, 1))
    assert found.danger is None
    assert not found.missing
    assert found.found[0].startswith("An encoder, encoder.onnx: pictures of 6 x 4 in grey")
    assert "mean and a log variance" in found.found[0]
    assert found.found[1].startswith("A decoder, decoder.onnx")
    # Names say what the outputs are, so nothing is asked of them.
    assert asked(found) == {"output_values": "0..1", "input_values": "0..1"}
    assert question(found, "output_values").why == "Its last step is a sigmoid."
    model = opened(pair)
    assert (model.card.name, model.card.family) == ("my-vae", "onnx")
    assert model.card.parameters == 3 * PIXELS * D + 2 * 2 + 2 + 2 + 4 + 1 + 1 - 1
    x = images(5)
    posterior = model.encode(x)
    close(posterior.mean, x.reshape(5, -1) @ IN)
    close(posterior.std, np.exp(x.reshape(5, -1) @ IN2 / 2))
    z = latents(7)
    close(model.decode(z), sigmoid(z @ OUT).reshape(7, 6, 4, 1))
    assert model.decode(z).dtype == np.float32
    np.testing.assert_array_equal(model.decode(z), model.decode(z))
    np.testing.assert_array_equal(model.sample(4, 9), model.sample(4, 9))
    assert model.sample(4, 9).shape == (4, D)


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx"])
def test_one_of_a_pair_brings_the_other(pair: Path, name: str) -> None:
    found = offer(pair / name)
    assert found.capabilities == VAE
    assert opened(pair / name).card.name == "my-vae"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("vae_encoder.onnx", "vae_decoder.onnx"),
        ("a-encoder.onnx", "a-decoder.onnx"),
        ("Encoder.onnx", "Decoder.onnx"),
        ("encoder.fp16.ONNX", "decoder.fp16.ONNX"),
    ],
)
def test_other_names_of_pairs(pair: Path, first: str, second: str) -> None:
    (pair / "encoder.onnx").rename(pair / first)
    (pair / "decoder.onnx").rename(pair / second)
    assert offer(pair).capabilities == VAE
    assert offer(pair / first).capabilities == VAE
    assert offer(pair / second).capabilities == VAE


def test_names_that_are_the_wrong_way_round(pair: Path) -> None:
    (pair / "encoder.onnx").rename(pair / "x")
    (pair / "decoder.onnx").rename(pair / "encoder.onnx")
    (pair / "x").rename(pair / "decoder.onnx")
    close(opened(pair).encode(images(2)).mean, images(2).reshape(2, -1) @ IN)


def test_the_hash_is_of_all_that_is_opened(pair: Path) -> None:
    whole = offer(pair).file_hash
    alone = pair / "alone.onnx"
    alone.write_bytes((pair / "decoder.onnx").read_bytes())
    assert offer(alone).file_hash == hashlib.sha256(alone.read_bytes()).hexdigest()
    save(pair / "encoder.onnx", encoder(["b", 1, 6, 4], {"mean": IN2, "logvar": IN2}))
    changed = offer(pair).file_hash
    assert changed != whole
    for name in ("encoder.onnx", "decoder.onnx"):
        assert offer(pair / name).file_hash == changed
    save(pair / "decoder.onnx", decoder(["b", D], OUT, (1, 6, 4), "Tanh"))
    assert offer(pair).file_hash not in (whole, changed)


def test_halves_that_do_not_fit(pair: Path) -> None:
    save(pair / "decoder.onnx", decoder(["b", 5], weights(5, PIXELS), (1, 6, 4)))
    assert "gives latents of 3 numbers and the decoder takes 5" in missing(pair)
    # One of them named itself is opened alone.
    found = offer(pair / "encoder.onnx")
    assert found.capabilities == {Capability.ENCODE, Capability.POSTERIOR}
    assert "decoder.onnx beside it is left out: the encoder gives latents of 3" in found.found[-1]
    save(pair / "decoder.onnx", decoder(["b", D], weights(D, 64), (1, 8, 8)))
    assert "makes pictures of 8 x 8, and the encoder takes those of 6 x 4" in missing(pair)
    save(pair / "decoder.onnx", encoder(["b", 1, 6, 4], {"mean": IN}))
    assert "both are encoders" in missing(pair)
    (pair / "decoder.onnx").write_bytes(b"nothing")
    found = offer(pair / "encoder.onnx")
    assert "decoder.onnx beside it is left out: is no ONNX model" in found.found[-1]
    with pytest.raises(UserError, match="is no ONNX model"):
        offer(pair)


def test_a_half_that_takes_more_leaves_the_other(pair: Path) -> None:
    nodes = [helper.make_node("Concat", ["z", "label"], ["picture"], axis=1)]
    two = model(nodes, {"z": ["b", 2], "label": ["b", 1]}, {"picture": ["b", 3]}, {})
    save(pair / "decoder.onnx", two)
    assert "it takes 2 inputs (“z”, “label”)" in missing(pair)
    assert offer(pair / "encoder.onnx").capabilities == {
        Capability.ENCODE,
        Capability.POSTERIOR,
    }


def test_several_encoders_in_a_folder(pair: Path) -> None:
    save(pair / "b_encoder.onnx", encoder(["b", 1, 6, 4], {"mean": IN}))
    assert offer(pair).capabilities == VAE  # the plain names are meant
    (pair / "encoder.onnx").rename(pair / "a_encoder.onnx")
    with pytest.raises(UserError, match=r"has 2 encoders, such as a_encoder.onnx and b_encoder"):
        offer(pair)


def test_what_is_recognised(pair: Path, tmp_path: Path) -> None:
    recognised = {
        pair: True,
        pair / "encoder.onnx": True,
        tmp_path: False,
        tmp_path / "nowhere.onnx": False,
        pair / "notes.txt": False,
    }
    (pair / "notes.txt").write_text("encoder")
    assert {path: ONNX.recognises(path) for path in recognised} == recognised
    assert importer_of(pair) is ONNX
    assert importer_of(pair / "decoder.onnx") is ONNX
    autoencoder = tmp_path / "x" / "autoencoder.onnx"
    save(autoencoder, encoder(["b", 1, 6, 4], {"mean": IN}))
    assert not ONNX.recognises(autoencoder.parent)
    # A folder of the program's own is opened as such.
    for name in ("config.json", "model.safetensors"):
        (pair / name).write_text("{}")
    assert not ONNX.recognises(pair)


def test_it_opens_through_the_list_of_importers(pair: Path) -> None:
    model = open_imported(pair, {}, lambda _: False)
    assert model is not None
    assert model.card.family == "onnx"


def test_a_convolution_gives_what_torch_gives(tmp_path: Path) -> None:
    kernel, bias = weights(4, 3, 3, 3), weights(4, seed=2)
    nodes = [
        helper.make_node("Conv", ["x", "k", "c"], ["y"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Relu", ["y"], ["r"]),
        helper.make_node("Flatten", ["r"], ["z"]),
    ]
    net = model(nodes, {"x": ["n", 3, 8, 8]}, {"z": ["n", 64]}, {"k": kernel, "c": bias})
    path = save(tmp_path / "net.onnx", net)
    x = images(3, 8, 8, 3)
    planes = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()) * 2 - 1
    wanted = torch.relu(
        torch.conv2d(planes, torch.from_numpy(kernel), torch.from_numpy(bias), 2, 1)
    )
    made = opened(path, input_values="-1..1")
    close(made.encode(x).mean, wanted.flatten(1).numpy())
    assert made.encode(x).std is None
    assert made.card.capabilities == {Capability.ENCODE}
    swapped = opened(path, input_values="-1..1", order="BGR").encode(x[..., ::-1].copy())
    close(swapped.mean, wanted.flatten(1).numpy())


@pytest.mark.parametrize("batch", ["b", None, 1, 4])
@pytest.mark.parametrize("last", [False, True])
def test_layouts_and_batches_of_pictures(tmp_path: Path, batch: Any, last: bool) -> None:
    one = (6, 4, 3) if last else (3, 6, 4)
    matrix, back = weights(72, D), weights(D, 72)
    save(tmp_path / "encoder.onnx", encoder([batch, *one], {"mu": matrix, "log_var": matrix / 2}))
    save(tmp_path / "decoder.onnx", decoder([batch, D], back, one, "Tanh"))
    found = offer(tmp_path)
    assert found.image == ImageShape(6, 4, 3)
    assert asked(found) == {"output_values": "-1..1", "order": "RGB", "input_values": "-1..1"}
    made = opened(tmp_path)
    for count in (1, 4, 6):
        x, z = images(count, 6, 4, 3), latents(count)
        rows = 2 * (x if last else x.transpose(0, 3, 1, 2)).reshape(count, -1) - 1
        close(made.encode(x).mean, rows @ matrix)
        close(made.encode(x).std, np.exp(rows @ matrix / 4))
        planes = np.tanh(z @ back).reshape(count, *one) / 2 + 0.5
        close(made.decode(z), planes if last else planes.transpose(0, 2, 3, 1))


@pytest.mark.parametrize("one", [(1, 6, 4), (6, 4, 1), (6, 4)])
def test_no_axis_for_samples(tmp_path: Path, one: tuple[int, ...]) -> None:
    # Two axes that are not equal could be rows of values; a grey picture of two is square.
    takes = (1, *one) if len(one) == 2 else one
    save(tmp_path / "encoder.onnx", encoder(takes, {"z": IN}, batch=False))
    save(tmp_path / "decoder.onnx", decoder([D], OUT, one, "Sigmoid", batch=False))
    made = opened(tmp_path)
    x, z = images(3), latents(3)
    close(made.encode(x).mean, x.reshape(3, -1) @ IN)
    close(made.decode(z), sigmoid(z @ OUT).reshape(3, 6, 4, 1))
    assert any("one at a time" in sentence for sentence in offer(tmp_path).found)


def test_grey_pictures_without_an_axis_for_channels(tmp_path: Path) -> None:
    save(tmp_path / "encoder.onnx", encoder(["b", 6, 5], {"z": weights(30, D)}))
    assert opened(tmp_path).card.image == ImageShape(6, 5, 1)
    close(
        opened(tmp_path).encode(images(2, 6, 5)).mean,
        images(2, 6, 5).reshape(2, -1) @ weights(30, D),
    )
    square = save(tmp_path / "square.onnx", encoder([6, 6], {"z": weights(36, D)}, batch=False))
    close(
        opened(square, role="encoder").encode(images(2, 6, 6)).mean,
        images(2, 6, 6).reshape(2, -1) @ weights(36, D),
    )


def test_a_network_that_says_any_number_and_takes_one(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["z", "w"], ["row"]),
        helper.make_node("Reshape", ["row", "one"], ["picture"]),
    ]
    constants = {"w": OUT, "one": np.array([1, 1, 6, 4], np.int64)}
    net = model(nodes, {"z": ["b", D]}, {"picture": ["b", 1, 6, 4]}, constants)
    path = save(tmp_path / "net.onnx", net)
    z = latents(5)
    close(opened(path, output_values="logits").decode(z), sigmoid(z @ OUT).reshape(5, 6, 4, 1))


@pytest.mark.parametrize(
    ("end", "times", "guess"),
    [("Sigmoid", 1, "0..1"), ("Tanh", 1, "-1..1"), ("Sigmoid", 255, "0..255"), (None, 9, "logits")],
)
def test_values_that_a_decoder_gives(
    tmp_path: Path, end: str | None, times: float, guess: str
) -> None:
    path = save(tmp_path / "d.onnx", decoder(["b", D], OUT, (1, 6, 4), end, times=times))
    found = offer(path)
    assert asked(found)["output_values"] == guess
    assert found.capabilities == {Capability.DECODE, Capability.SAMPLE}
    assert "taken for a generator" in found.found[1]
    z = latents(3)
    raw = z @ OUT
    wanted = {"Sigmoid": sigmoid(raw), "Tanh": np.tanh(raw) / 2 + 0.5, None: sigmoid(9 * raw)}[end]
    close(opened(path).decode(z), wanted.reshape(3, 6, 4, 1))
    # An answer goes before the guess.
    if end == "Tanh":
        clipped = np.clip(np.tanh(raw), 0, 1).reshape(3, 6, 4, 1)
        close(opened(path, output_values="0..1").decode(z), clipped)


def test_pictures_with_alpha_lie_on_white(tmp_path: Path) -> None:
    back = weights(D, 96)
    path = save(tmp_path / "d.onnx", decoder(["b", D], back, (4, 6, 4), "Sigmoid"))
    z = latents(2)
    planes = sigmoid(z @ back).reshape(2, 4, 6, 4).transpose(0, 2, 3, 1)
    alpha = planes[..., 3:]
    assert offer(path).image == ImageShape(6, 4, 3)
    close(opened(path).decode(z), planes[..., :3] * alpha + 1 - alpha)


@pytest.mark.parametrize("dtype", [HALF, DOUBLE, BYTE])
def test_types_that_an_encoder_takes(tmp_path: Path, dtype: int) -> None:
    path = save(tmp_path / "e.onnx", encoder(["b", 6, 4, 1], {"mean": IN}, dtype=dtype))
    x = images(3)
    made = opened(path)
    if dtype == BYTE:
        assert not offer(path).questions
        close(made.encode(x).mean, np.rint(255 * x).reshape(3, -1) @ IN, 1e-4)
    else:
        close(made.encode(x).mean, x.reshape(3, -1) @ IN, 2e-3 if dtype == HALF else 1e-5)
    assert made.encode(x).mean.dtype == np.float32


@pytest.mark.parametrize("dtype", [HALF, DOUBLE])
def test_types_that_a_decoder_takes(tmp_path: Path, dtype: int) -> None:
    path = save(tmp_path / "d.onnx", decoder(["b", D], OUT, (1, 6, 4), "Sigmoid", dtype=dtype))
    z = latents(3)
    made = opened(path).decode(z)
    assert made.dtype == np.float32
    close(made, sigmoid(z @ OUT).reshape(3, 6, 4, 1), 2e-3 if dtype == HALF else 1e-5)


def test_a_decoder_that_gives_bytes(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("MatMul", ["z", "w"], ["row"]),
        helper.make_node("Sigmoid", ["row"], ["s"]),
        helper.make_node("Mul", ["s", "k"], ["scaled"]),
        helper.make_node("Reshape", ["scaled", "shape"], ["planes"]),
        helper.make_node("Cast", ["planes"], ["picture"], to=BYTE),
    ]
    constants = {"w": OUT, "k": np.float32([255]), "shape": np.array([-1, 1, 6, 4], np.int64)}
    net = model(nodes, {"z": ["b", D]}, {"picture": ["b", 1, 6, 4]}, constants, made=BYTE)
    path = save(tmp_path / "d.onnx", net)
    assert not offer(path).questions
    wanted = np.floor(255 * sigmoid(latents(2) @ OUT)).reshape(2, 6, 4, 1) / 255
    close(opened(path).decode(latents(2)), wanted)


def test_spatial_latents_of_a_pair_are_flat_for_us(tmp_path: Path) -> None:
    outputs = {"mean": weights(24, 8), "logvar": weights(24, 8)}
    save(tmp_path / "encoder.onnx", encoder(["b", 1, 6, 4], outputs, (2, 2, 2)))
    save(tmp_path / "decoder.onnx", decoder(["b", 2, 2, 2], weights(8, 24), (1, 6, 4), "Sigmoid"))
    made = opened(tmp_path)
    assert made.card.latent_dim == 8
    x, z = images(3), latents(3, 8)
    close(made.encode(x).mean, x.reshape(3, -1) @ weights(24, 8))
    close(made.decode(z), sigmoid(z @ weights(8, 24)).reshape(3, 6, 4, 1))


def test_one_output_of_twice_the_width_is_halved(tmp_path: Path) -> None:
    matrix = weights(24, 16)
    save(tmp_path / "encoder.onnx", encoder(["b", 1, 6, 4], {"out": matrix}, (4, 2, 2)))
    save(tmp_path / "decoder.onnx", decoder(["b", 2, 2, 2], weights(8, 24), (1, 6, 4), "Sigmoid"))
    found = offer(tmp_path)
    assert asked(found)["posterior"] == "log variance"
    assert question(found, "posterior").why == "“out” has twice what the decoder takes."
    row = images(3).reshape(3, -1) @ matrix
    posterior = opened(tmp_path).encode(images(3))
    close(posterior.mean, row[:, :8])
    close(posterior.std, np.exp(row[:, 8:] / 2))
    posterior = opened(tmp_path, posterior="log deviation").encode(images(3))
    close(posterior.std, np.exp(row[:, 8:]))
    posterior = opened(tmp_path, posterior="none").encode(images(3))
    close(posterior.mean, row[:, :8])
    assert posterior.std is None
    assert Capability.SAMPLE not in offer(tmp_path, posterior="none").capabilities


def test_the_halves_of_channels_that_come_last(tmp_path: Path) -> None:
    matrix = weights(24, 16)
    path = save(tmp_path / "e.onnx", encoder(["b", 6, 4, 1], {"moments": matrix}, (2, 2, 4)))
    found = offer(path, role="encoder")
    assert asked(found)["posterior"] == "log variance"
    cells = (images(3).reshape(3, -1) @ matrix).reshape(3, 2, 2, 4)
    posterior = opened(path, role="encoder").encode(images(3))
    close(posterior.mean, cells[..., :2].reshape(3, -1))
    close(posterior.std, np.exp(cells[..., 2:] / 2).reshape(3, -1))


@pytest.mark.parametrize(
    ("names", "key", "guess"),
    [
        (("z_mean", "z_log_var"), None, None),
        (("mu", "sigma"), None, None),
        (("encoder/mu/BiasAdd:0", "encoder/std/Exp:0"), None, None),
        (("436", "437"), "posterior", "log variance"),
        (("mean", "z"), "posterior", "none"),
        (("latent", "logvar"), "posterior", "log variance"),
    ],
)
def test_what_names_say_of_the_spread(
    tmp_path: Path, names: tuple[str, str], key: str | None, guess: str | None
) -> None:
    net = encoder(["b", 1, 6, 4], {names[0]: IN, names[1]: IN2})
    found = offer(save(tmp_path / "e.onnx", net))
    assert asked(found).get("posterior") == guess
    x = images(3)
    close(opened(tmp_path / "e.onnx").encode(x).mean, x.reshape(3, -1) @ IN)


def test_forms_of_spread(tmp_path: Path) -> None:
    path = save(tmp_path / "e.onnx", encoder(["b", 1, 6, 4], {"1": IN, "2": np.abs(IN2)}))
    found = offer(path)
    assert asked(found)["posterior"] == "standard deviation"
    assert question(found, "posterior").why == "A first try gave no value below 0."
    x = images(3)
    spread = x.reshape(3, -1) @ np.abs(IN2)
    close(opened(path).encode(x).std, spread)
    close(opened(path, posterior="variance").encode(x).std, np.sqrt(spread))
    close(opened(path, posterior="log variance").encode(x).std, np.exp(spread / 2))
    assert opened(path, posterior="none").encode(x).std is None


def test_a_whole_autoencoder_cannot_be_split(tmp_path: Path) -> None:
    both = {"rebuilt": weights(24, 24), "latent": IN}
    path = save(tmp_path / "ae.onnx", encoder(["b", 1, 6, 4], {"rebuilt": weights(24, 24)}))
    assert "makes pictures of pictures and gives no latent" in missing(path)
    save(path, encoder(["b", 1, 6, 4], both))
    found = offer(path)
    assert found.capabilities == {Capability.ENCODE}
    close(opened(path).encode(images(2)).mean, images(2).reshape(2, -1) @ IN)


def test_a_whole_vae_is_an_encoder(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("MatMul", ["flat", "m"], ["mu"]),
        helper.make_node("MatMul", ["flat", "v"], ["logvar"]),
        helper.make_node("Sigmoid", ["x"], ["rebuilt"]),
    ]
    gives = {"rebuilt": ["b", 1, 6, 4], "mu": ["b", D], "logvar": ["b", D]}
    net = model(nodes, {"x": ["b", 1, 6, 4]}, gives, {"m": IN, "v": IN2})
    found = offer(save(tmp_path / "vae.onnx", net))
    assert found.capabilities == {Capability.ENCODE, Capability.POSTERIOR}
    assert "only the encoder can be used" in found.found[1]
    assert not found.missing


def dynamic_encoder() -> Any:
    """Of any size: a convolution with a stride of 2, to a mean and a log variance together."""
    nodes = [
        helper.make_node(
            "Conv", ["sample", "k"], ["latent_parameters"], strides=[2, 2], kernel_shape=[2, 2]
        )
    ]
    return model(
        nodes,
        {"sample": ["b", "c", "h", "w"]},
        {"latent_parameters": ["b", 4, None, None]},
        {"k": weights(4, 3, 2, 2)},
    )


def dynamic_decoder() -> Any:
    nodes = [
        helper.make_node(
            "ConvTranspose", ["latent_sample", "k"], ["sample"], strides=[2, 2], kernel_shape=[2, 2]
        )
    ]
    return model(
        nodes,
        {"latent_sample": ["b", 2, "h", "w"]},
        {"sample": ["b", 3, None, None]},
        {"k": weights(2, 3, 2, 2)},
    )


def test_sizes_that_the_files_leave_open_are_asked_for(tmp_path: Path) -> None:
    save(tmp_path / "vae_encoder.onnx", dynamic_encoder())
    save(tmp_path / "vae_decoder.onnx", dynamic_decoder())
    found = offer(tmp_path)
    assert {key: guess for key, guess in asked(found).items() if "values" not in key} == {
        "layout": "NCHW",
        "height": "64",
        "width": "64",
        "channels": "3",
        "order": "RGB",
        "posterior": "log variance",
    }
    assert (found.latent_dim, found.image) == (2 * 32 * 32, ImageShape(64, 64, 3))
    made = opened(tmp_path, height="8", width="12", output_values="-1..1", input_values="-1..1")
    assert (made.card.latent_dim, made.card.image) == (2 * 4 * 6, ImageShape(8, 12, 3))
    x = images(3, 8, 12, 3)
    planes = torch.from_numpy(x.transpose(0, 3, 1, 2).copy()) * 2 - 1
    moments = torch.conv2d(planes, torch.from_numpy(weights(4, 3, 2, 2)), stride=2)
    close(made.encode(x).mean, moments[:, :2].flatten(1).numpy())
    close(made.encode(x).std, (moments[:, 2:] / 2).exp().flatten(1).numpy())
    z = torch.from_numpy(latents(3, 48))
    kernel = torch.from_numpy(weights(2, 3, 2, 2))
    wanted = torch.conv_transpose2d(z.reshape(3, 2, 4, 6), kernel, stride=2).clamp(-1, 1) / 2 + 0.5
    close(made.decode(z.numpy()), wanted.permute(0, 2, 3, 1).numpy())


def test_a_decoder_alone_of_any_size(tmp_path: Path) -> None:
    dynamic = dynamic_decoder()
    path = save(tmp_path / "x_decoder.onnx", dynamic)
    found = offer(path)
    assert asked(found)["latent_height"] == asked(found)["latent_width"] == "8"
    assert (found.latent_dim, found.image) == (128, ImageShape(16, 16, 3))
    found = offer(path, latent_height="2", latent_width="3")
    assert (found.latent_dim, found.image) == (12, ImageShape(4, 6, 3))
    for side in dynamic.graph.input[0].type.tensor_type.shape.dim:
        side.dim_param = "any"
    path = save(tmp_path / "open_decoder.onnx", dynamic)
    assert asked(offer(path))["latent_channels"] == "4"
    # The network has two, and says so when it is tried.
    assert "a first try of it with 4 x 8 x 8 values failed" in missing(path)
    assert offer(path, latent_channels="2").latent_dim == 128


def test_the_other_half_settles_what_one_leaves_open(tmp_path: Path) -> None:
    save(tmp_path / "encoder.onnx", dynamic_encoder())
    back = weights(8, 48)
    save(tmp_path / "decoder.onnx", decoder(["b", 2, 2, 2], back, (3, 4, 4)))
    found = offer(tmp_path)
    assert {"height", "width", "channels"}.isdisjoint(asked(found))
    assert (found.latent_dim, found.image) == (8, ImageShape(4, 4, 3))


def test_the_makers_notes_are_the_guess(tmp_path: Path) -> None:
    net = dynamic_encoder()
    helper.set_model_props(net, {"image_size": "10", "height": "12"})
    found = offer(save(tmp_path / "encoder.onnx", net))
    assert (asked(found)["height"], asked(found)["width"]) == ("12", "10")
    assert found.image == ImageShape(12, 10, 3)


def test_pictures_in_a_row(tmp_path: Path) -> None:
    matrix, back = weights(75, D), weights(D, 75)
    path = save(tmp_path / "e.onnx", encoder(["b", 75], {"z": matrix}))
    assert asked(offer(path))["role"] == "encoder"
    save(tmp_path / "encoder.onnx", encoder(["b", 75], {"z": matrix}))
    save(tmp_path / "decoder.onnx", decoder(["b", D], back, (75,), "Sigmoid"))
    found = offer(tmp_path)
    assert asked(found)["height"] == asked(found)["width"] == "5"
    assert asked(found)["flat_order"] == "NCHW"
    assert found.image == ImageShape(5, 5, 3)
    x, z = images(2, 5, 5, 3), latents(2)
    planes = x.transpose(0, 3, 1, 2).reshape(2, -1)
    close(opened(tmp_path).encode(x).mean, planes @ matrix)
    close(opened(tmp_path, flat_order="flat").encode(x).mean, x.reshape(2, -1) @ matrix)
    made = sigmoid(z @ back)
    close(opened(tmp_path).decode(z), made.reshape(2, 3, 5, 5).transpose(0, 2, 3, 1))
    close(opened(tmp_path, flat_order="flat").decode(z), made.reshape(2, 5, 5, 3))
    assert offer(tmp_path, height="25", width="3").image == ImageShape(25, 3, 1)
    assert "no picture of 7 x 5" in missing(tmp_path, height="7")


def test_the_role_that_open_sizes_suggest(tmp_path: Path) -> None:
    assert asked(offer(save(tmp_path / "a.onnx", dynamic_encoder())))["role"] == "encoder"
    assert asked(offer(save(tmp_path / "b.onnx", dynamic_decoder())))["role"] == "decoder"


@pytest.mark.parametrize(
    ("one", "axes"),
    [
        ((3, 64, 48), Axes("NCHW", 64, 48, 3)),
        ((64, 48, 4), Axes("NHWC", 64, 48, 4)),
        ((4, 4, 3), Axes("NHWC", 4, 4, 3)),
        ((3, 4, 4), Axes("NCHW", 4, 4, 3)),
        ((1, 4, 3), Axes("NCHW", 4, 3, 1)),
        ((3, None, None), Axes("NCHW", None, None, 3)),
        ((None, None, 3), Axes("NHWC", None, None, 3)),
        ((None, 64, 64), Axes("NCHW", 64, 64, None)),
        ((64, 64, None), Axes("NHWC", 64, 64, None)),
        ((None, None, None), Axes(None, None, None, None)),
        ((28, 28), Axes("NCHW", 28, 28, 1, plain=True)),
        ((1, 1, 3, 8, 8), Axes("NCHW", 8, 8, 3)),
        ((784,), Axes("flat", None, None, None, values=784)),
        ((512, 8, 8), None),
        ((2, 3, 8, 8), None),
    ],
)
def test_how_shapes_are_read(one: tuple[int | None, ...], axes: Axes | None) -> None:
    assert axes_of(one) == axes


@pytest.mark.parametrize("role", ["encoder", "decoder"])
def test_a_network_that_could_be_either(tmp_path: Path, role: str) -> None:
    path = save(tmp_path / "net.onnx", encoder(["b", 4, 6, 4], {"y": weights(96, 24)}, (1, 6, 4)))
    assert asked(offer(path))["role"] == "encoder"
    made = opened(path, role=role)
    assert made.card.image == (ImageShape(6, 4, 3) if role == "encoder" else ImageShape(6, 4, 1))
    assert made.card.latent_dim == (24 if role == "encoder" else 96)
    # A name that says it is not asked about.
    (tmp_path / "net.onnx").rename(tmp_path / f"my_{role}.onnx")
    assert "role" not in asked(offer(tmp_path / f"my_{role}.onnx"))
    assert (Capability.DECODE in offer(tmp_path).capabilities) == (role == "decoder")


def test_colours_that_differ_between_the_halves(tmp_path: Path) -> None:
    save(tmp_path / "encoder.onnx", encoder(["b", 1, 6, 4], {"z": IN}))
    save(tmp_path / "decoder.onnx", decoder(["b", D], weights(D, 72), (3, 6, 4), "Sigmoid"))
    made = opened(tmp_path)
    assert made.card.image == ImageShape(6, 4, 3)
    grey = np.repeat(images(2), 3, axis=3)
    close(made.encode(grey).mean, images(2).reshape(2, -1) @ IN)


def test_what_draws_at_random_is_told(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("MatMul", ["flat", "m"], ["mean"]),
        helper.make_node("RandomNormalLike", ["mean"], ["noise"]),
        helper.make_node("Add", ["mean", "noise"], ["z"]),
    ]
    gives = {"z": ["b", D], "mean": ["b", D]}
    path = save(tmp_path / "e.onnx", model(nodes, {"x": ["b", 1, 6, 4]}, gives, {"m": IN}))
    found = offer(path)
    assert "e.onnx draws at random within, so it may answer differently each time." in found.found
    # The mean does not depend on what is drawn.
    close(opened(path).encode(images(2)).mean, images(2).reshape(2, -1) @ IN)


def test_refusals_of_wrong_shapes(pair: Path) -> None:
    model = opened(pair)
    with pytest.raises(UserError, match="6 x 4 pixels and 1 channel, not an array of shape"):
        model.encode(images(2, 4, 6))
    with pytest.raises(UserError, match=r"floating-point images in 0\.\.1, not uint8"):
        model.encode(np.zeros((1, 6, 4, 1), np.uint8))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"latents of 3 dimensions, not an array of shape \(2, 4\)"):
        model.decode(latents(2, 4))
    with pytest.raises(UserError, match="-1 samples cannot be drawn"):
        model.sample(-1, 0)
    assert model.encode(images(0)).mean.shape == (0, D)
    assert model.encode(images(0)).std.shape == (0, D)  # type: ignore[union-attr]
    assert model.decode(latents(0)).shape == (0, 6, 4, 1)


def test_refusals_of_a_half(tmp_path: Path) -> None:
    save(tmp_path / "encoder.onnx", encoder(["b", 1, 6, 4], {"mean": IN, "std": IN2}))
    save(tmp_path / "x" / "decoder.onnx", decoder(["b", D], OUT, (1, 6, 4)))
    half = opened(tmp_path)
    with pytest.raises(UserError, match="has no decoder"):
        half.decode(latents(1))
    with pytest.raises(UserError, match="has no prior to sample from"):
        half.sample(1, 0)
    with pytest.raises(UserError, match="has no encoder"):
        opened(tmp_path / "x").encode(images(1))


def test_many_samples_are_answered_in_parts(pair: Path) -> None:
    x, z = images(700), latents(700)
    model = opened(pair)
    close(model.encode(x).mean, x.reshape(700, -1) @ IN)
    close(model.decode(z), sigmoid(z @ OUT).reshape(700, 6, 4, 1))


def test_weights_in_a_file_beside(tmp_path: Path) -> None:
    net = decoder(["b", D], OUT, (1, 6, 4), "Sigmoid")
    tensor = next(t for t in net.graph.initializer if t.name == "w")
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    places: Mapping[str, str] = {
        "location": "parts/w.bin", "offset": "16", "length": str(OUT.nbytes),
    }  # fmt: skip
    for key, value in places.items():
        entry = tensor.external_data.add()
        entry.key, entry.value = key, value
    (tmp_path / "parts").mkdir()
    beside = tmp_path / "parts" / "w.bin"
    beside.write_bytes(bytes(16) + OUT.tobytes())
    path = save(tmp_path / "d.onnx", net)
    close(opened(path).decode(latents(2)), sigmoid(latents(2) @ OUT).reshape(2, 6, 4, 1))
    before = offer(path).file_hash
    beside.write_bytes(bytes(16) + (2 * OUT).tobytes())
    assert offer(path).file_hash != before
    close(opened(path).decode(latents(2)), sigmoid(2 * latents(2) @ OUT).reshape(2, 6, 4, 1))


def test_functions_of_the_files_own(tmp_path: Path) -> None:
    body = [
        helper.make_node("MatMul", ["a", "b"], ["c"]),
        helper.make_node("Sigmoid", ["c"], ["d"]),
    ]
    opset = helper.make_opsetid("", 17)
    function = helper.make_function("own", "dense", ["a", "b"], ["d"], body, [opset])
    nodes = [
        helper.make_node("dense", ["z", "w"], ["row"], domain="own"),
        helper.make_node("Reshape", ["row", "s"], ["picture"]),
    ]
    constants = {"w": OUT, "s": np.array([-1, 1, 6, 4], np.int64)}
    net = model(
        nodes, {"z": ["b", D]}, {"picture": ["b", 1, 6, 4]}, constants,
        functions=[function], opset_imports=[opset, helper.make_opsetid("own", 1)],
    )  # fmt: skip
    path = save(tmp_path / "d.onnx", net)
    close(opened(path).decode(latents(2)), sigmoid(latents(2) @ OUT).reshape(2, 6, 4, 1))


def test_without_onnxruntime_the_extra_is_named(
    pair: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    network._imported.cache_clear()
    try:
        with pytest.raises(UserError, match=r'pip install "latentviewer\[onnx\]"'):
            offer(pair)
    finally:
        monkeypatch.undo()
        network._imported.cache_clear()


def test_nothing_is_printed(pair: Path, capfd: pytest.CaptureFixture[str]) -> None:
    opened(pair).decode(latents(2))
    captured = capfd.readouterr()
    assert (captured.out, captured.err) == ("", "")
