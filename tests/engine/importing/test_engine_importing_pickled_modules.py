"""Whole modules of plain layers, built afresh: they answer as the real ones, and run nothing."""

import io
import os
import pickle
import random
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.importing import Offer
from latentviewer.domain.ports import Capability, ImageShape, Model
from latentviewer.engine.importing.checkpoints.inert_pickles import Made
from latentviewer.engine.importing.checkpoints.known_names import is_known
from latentviewer.engine.importing.checkpoints.torch_files import TorchFile
from latentviewer.engine.importing.inferring.plain_layers import PLAIN_LAYERS, path_of
from latentviewer.engine.importing.modules.importer import PICKLED_MODULE
from latentviewer.engine.importing.modules.notes import noted
from latentviewer.engine.importing.modules.shapes import shapes_along

FORMATS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old"])
WHOLE = "A whole module of plain layers; they are built afresh, and no code of the file is run."


class Runs:
    """Touches a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self._canary}",)


class Own(nn.Module):
    """A class that only this file knows."""

    def __init__(self) -> None:
        super().__init__()
        self.decoder = decoder()


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


def encoder(outputs: int = 10) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, 2, 1, padding_mode="reflect"), nn.BatchNorm2d(8), nn.LeakyReLU(0.1),
        nn.Sequential(nn.Conv2d(8, 16, 3, 2, 1, groups=2, bias=False), nn.GroupNorm(4, 16)),
        nn.GELU("tanh"), nn.Dropout(0.5), nn.Flatten(), nn.Linear(16 * 49, outputs),
    )  # fmt: skip


def decoder(d: int = 5) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(d, 16 * 49), nn.Softplus(2.0), nn.Unflatten(1, (16, 7, 7)),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True),
        nn.Conv2d(16, 8, 3, padding="same"), nn.PReLU(8), nn.InstanceNorm2d(8, affine=True),
        nn.ConvTranspose2d(8, 1, 4, 2, 1), nn.Sigmoid(),
    )  # fmt: skip


def save(value: Any, path: Path, zipped: bool = True, protocol: int = 2) -> Path:
    torch.save(value, path, _use_new_zipfile_serialization=zipped, pickle_protocol=protocol)
    return path


def opened(path: Path, **answers: str) -> tuple[Offer, Model]:
    assert PICKLED_MODULE.recognises(path)
    offer = PICKLED_MODULE.offer(path, answers)
    assert (offer.missing, offer.danger) == ((), None)
    model = PICKLED_MODULE.open(path, answers, "cpu")
    assert (model.card.latent_dim, model.card.image) == (offer.latent_dim, offer.image)
    assert model.card.capabilities == offer.capabilities
    return offer, model


def pictures(made: Tensor) -> np.ndarray:
    return made.detach().permute(0, 2, 3, 1).numpy()


def images(model: Model, count: int = 3) -> tuple[np.ndarray, Tensor]:
    shape = model.card.image
    size = (count, shape.height, shape.width, shape.channels)
    x = np.random.default_rng(0).random(size, np.float32)
    return x, torch.from_numpy(x).permute(0, 3, 1, 2)


def refusal(path: Path, kind: type[UserError] = UserError) -> str:
    with pytest.raises(UserError) as caught:
        PICKLED_MODULE.open(path, {}, "cpu")
    sentence = str(caught.value)
    assert type(caught.value) is kind, sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert str(path) in sentence
    return sentence


@FORMATS
@pytest.mark.parametrize("protocol", range(1, 6))
@pytest.mark.parametrize("kind", ["dict", "module dict", "within a checkpoint"])
def test_an_encoder_and_a_decoder_answer_as_the_real_ones(
    kind: str, protocol: int, zipped: bool, tmp_path: Path
) -> None:
    parts = {"encoder": encoder(), "decoder": decoder()}
    values: dict[str, Any] = {
        "dict": parts,
        "module dict": nn.ModuleDict(parts),
        "within a checkpoint": {"epoch": 3, "model": nn.ModuleDict(parts), "loss": 0.5},
    }
    path = save(values[kind], tmp_path / "m.pt", zipped, protocol)
    for part in parts.values():
        part.eval()
    offer, model = opened(path)
    assert offer.found == (
        "A variational autoencoder: latents of 5 dimensions, pictures of 28 x 28 x 1.", WHOLE
    )  # fmt: skip
    x, batch = images(model)
    with torch.inference_mode():
        mean, log_variance = parts["encoder"](batch).chunk(2, dim=1)
        z = torch.randn(3, 5)
        made = parts["decoder"](z)
    given_ = model.encode(x)
    assert given_.std is not None
    np.testing.assert_allclose(given_.mean, mean.numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(given_.std, (0.5 * log_variance).exp().numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.decode(z.numpy()), pictures(made), rtol=1e-5, atol=1e-5)
    assert Capability.SAMPLE in offer.capabilities


def test_heads_of_their_own(tmp_path: Path) -> None:
    parts = {
        "encoder": encoder()[:-2], "fc_mu": nn.Linear(784, 5), "fc_logvar": nn.Linear(784, 5),
        "decoder": decoder(),
    }  # fmt: skip
    net = nn.ModuleDict(parts).eval()
    offer, model = opened(save(net, tmp_path / "m.pt"))
    x, batch = images(model)
    with torch.inference_mode():
        features = net["encoder"](batch).flatten(1)
        wanted = net["fc_mu"](features), (0.5 * net["fc_logvar"](features)).exp()
    given_ = model.encode(x)
    assert given_.std is not None
    np.testing.assert_allclose(given_.mean, wanted[0].numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(given_.std, wanted[1].numpy(), rtol=1e-5, atol=1e-5)
    assert "split" not in {question.key for question in offer.questions}


@pytest.mark.parametrize("nested", [True, False])
def test_a_whole_autoencoder_is_cut_where_it_is_narrowest(nested: bool, tmp_path: Path) -> None:
    first, second = encoder(6), decoder(6)
    net = nn.Sequential(first, second) if nested else nn.Sequential(*first, *second)
    offer, model = opened(save(net.eval(), tmp_path / "ae.pt"))
    assert offer.capabilities == {Capability.ENCODE, Capability.DECODE}
    x, batch = images(model)
    with torch.inference_mode():
        np.testing.assert_allclose(model.encode(x).mean, first(batch).numpy(), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(
            model.decode(model.encode(x).mean), pictures(net(batch)), rtol=1e-5, atol=1e-5
        )


def test_linear_layers_take_pictures_as_rows(tmp_path: Path) -> None:
    net = nn.Sequential(
        nn.Linear(784, 32), nn.ELU(0.7), nn.Linear(32, 3), nn.Tanh(), nn.Linear(3, 784), nn.Tanh()
    ).eval()
    offer, model = opened(save(net, tmp_path / "mlp.pt"))
    assert [(q.key, q.guess) for q in offer.questions] == [("input_values", "-1..1")]
    x, batch = images(model)
    with torch.inference_mode():
        rows = (2 * batch - 1).flatten(1)
        wanted = (net(rows).view(-1, 1, 28, 28) + 1) / 2
        latents = net[:4](rows).numpy()  # with the activation on them
    np.testing.assert_allclose(model.encode(x).mean, latents, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(
        model.decode(model.encode(x).mean), pictures(wanted), rtol=1e-5, atol=1e-5
    )


@FORMATS
def test_one_half_alone(zipped: bool, tmp_path: Path) -> None:
    offer, model = opened(save(encoder(), tmp_path / "e.pt", zipped))
    assert offer.capabilities == {Capability.ENCODE}
    assert offer.image == ImageShape(28, 28, 1)
    with pytest.raises(UserError, match="has no decoder"):
        model.decode(np.zeros((1, 10), np.float32))
    generator = nn.Sequential(
        nn.ConvTranspose2d(20, 16, 4, 1, 0, bias=False), nn.BatchNorm2d(16), nn.ReLU(True),
        nn.ConvTranspose2d(16, 3, 4, 4), nn.Tanh(),
    ).eval()  # fmt: skip
    offer, model = opened(save({"D": encoder(), "G": generator}, tmp_path / "g.pt", zipped))
    assert offer.questions[0].guess == "G"
    assert offer.capabilities == {Capability.DECODE, Capability.SAMPLE}
    z = torch.randn(3, 20)
    with torch.inference_mode():
        wanted = (pictures(generator(z[:, :, None, None])) + 1) / 2
    np.testing.assert_allclose(model.decode(z.numpy()), wanted, rtol=1e-5, atol=1e-5)
    other = PICKLED_MODULE.offer(tmp_path / "g.pt", {"weights_in": "D"})
    assert other.capabilities == {Capability.ENCODE}


def test_a_decoder_without_an_end_is_tried(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(4, 64), nn.Unflatten(1, (1, 8, 8))).eval()
    net[0].bias.data += 100  # type: ignore[union-attr,operator]
    offer, model = opened(save(net, tmp_path / "d.pt"))
    (question,) = offer.questions
    assert (question.key, question.guess) == ("output_values", "0..255")
    assert "A first try gave values from" in question.why
    _, model = opened(tmp_path / "d.pt", output_values="logits")
    z = torch.randn(2, 4)
    with torch.inference_mode():
        wanted = pictures(net(z).sigmoid())
    np.testing.assert_allclose(model.decode(z.numpy()), wanted, atol=1e-5)


def test_a_size_that_the_layers_leave_open_is_asked(tmp_path: Path) -> None:
    net = nn.Sequential(
        nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4)
    )
    path = save(net, tmp_path / "e.pt")
    offer, _ = opened(path)
    assert offer.questions[0].key == "image_size"
    _, model = opened(path, image_size="64 x 64 x 3")
    assert model.card.image == ImageShape(64, 64, 3)
    assert model.encode(images(model)[0]).mean.shape == (3, 4)


def test_half_precision_and_integers_are_widened(tmp_path: Path) -> None:
    net = decoder().half()
    path = save(net, tmp_path / "d.pt")
    _, model = opened(path)
    z = torch.randn(2, 5)
    with torch.inference_mode():
        wanted = pictures(net.float().eval()(z))
    np.testing.assert_allclose(model.decode(z.numpy()), wanted, atol=1e-5)


def layers() -> list[tuple[nn.Module, tuple[int, ...]]]:
    """Every plain layer with a shape that it takes."""
    maps, row = (4, 8, 8), (8,)
    of_maps: list[nn.Module] = [
        nn.Conv2d(4, 6, 3, 2, 1, dilation=2), nn.ConvTranspose2d(4, 6, 3, 2, 1, 1), nn.MaxPool2d(2),
        nn.AvgPool2d(3, 2, 1), nn.AdaptiveAvgPool2d((3, 2)), nn.AdaptiveMaxPool2d(2),
        nn.BatchNorm2d(4), nn.BatchNorm2d(4, affine=False), nn.InstanceNorm2d(4),
        nn.GroupNorm(2, 4), nn.LayerNorm((8, 8)), nn.LayerNorm(8, elementwise_affine=False),
        nn.PixelShuffle(2), nn.PixelUnshuffle(2), nn.ZeroPad2d(1), nn.ReflectionPad2d((1, 2, 0, 1)),
        nn.ReplicationPad2d(2), nn.Upsample(size=(5, 6)), nn.Upsample(scale_factor=1.6),
        nn.UpsamplingNearest2d(scale_factor=2), nn.UpsamplingBilinear2d(size=9), nn.Flatten(),
        nn.Unflatten(1, (2, 2)), nn.Softmax(1), nn.Dropout2d(), nn.PReLU(), nn.PReLU(4),
    ]  # fmt: skip
    of_rows: list[nn.Module] = [
        nn.Linear(8, 5), nn.Linear(8, 5, bias=False), nn.BatchNorm1d(8), nn.Identity(), nn.ReLU(),
        nn.ReLU6(), nn.SELU(), nn.SiLU(), nn.Mish(), nn.Tanh(), nn.Sigmoid(), nn.Hardswish(),
        nn.Hardsigmoid(), nn.LogSigmoid(), nn.Softsign(), nn.Tanhshrink(), nn.LeakyReLU(0.3),
        nn.ELU(0.5), nn.CELU(0.5), nn.GELU(), nn.GELU("tanh"), nn.RReLU(), nn.Softplus(3, 10),
        nn.Hardtanh(-2, 2), nn.Dropout(), nn.AlphaDropout(), nn.Unflatten(1, (4, 2)),
    ]  # fmt: skip
    return [(layer, maps) for layer in of_maps] + [(layer, row) for layer in of_rows]


@pytest.mark.parametrize("at", range(len(layers())), ids=lambda at: type(layers()[at][0]).__name__)
def test_every_plain_layer_is_built_as_it_was(at: int, tmp_path: Path) -> None:
    layer, shape = layers()[at]
    path = save(layer.eval(), tmp_path / "l.pt")
    file = TorchFile(path)
    made = noted(path, file.root)
    x = torch.randn(2, *shape)
    wanted = layer(x)
    assert shapes_along(made.module, shape) == [tuple(wanted.shape[1:])]
    tensors = file.read(made.claims)
    made.module.load_state_dict(
        {k: tensors.get(k, torch.tensor(0)) for k in made.module.state_dict()}, assign=True
    )
    assert torch.equal(made.module(x), wanted)


def test_every_layer_on_the_list_is_tried_or_of_another_dimension() -> None:
    tried = {path_of(type(layer)) for layer, _ in layers()}
    left = {path.rpartition(".")[2] for path in PLAIN_LAYERS if path not in tried}
    assert left == {
        "Conv1d", "Conv3d", "ConvTranspose1d", "ConvTranspose3d", "BatchNorm3d", "InstanceNorm1d",
        "InstanceNorm3d", "Dropout1d", "Dropout3d",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.ConvTranspose2d(4, 6, 3), (5, 8, 8)),
        (nn.Conv2d(4, 6, 3), (4, 2, 2)),
        (nn.Conv2d(4, 6, 3), (4,)),
        (nn.BatchNorm2d(4), (5, 8, 8)),
        (nn.BatchNorm2d(4), (4,)),
        (nn.BatchNorm1d(4), (4, 8, 8)),
        (nn.Linear(4, 6), (5,)),
        (nn.PReLU(3), (4,)),
        (nn.GroupNorm(2, 4), (6, 8, 8)),
        (nn.LayerNorm(4), (8, 8)),
        (nn.Upsample(scale_factor=2), (8,)),
        (nn.Upsample(scale_factor=1 << 20), (4, 8, 8)),
        (nn.Upsample(size=(1 << 20, 1 << 20)), (4, 8, 8)),
        (nn.AdaptiveAvgPool2d(1 << 20), (4, 8, 8)),
        (nn.AdaptiveMaxPool2d(1 << 16), (4, 8, 8)),
        (nn.ZeroPad2d(1 << 20), (4, 8, 8)),
        (nn.ConvTranspose2d(1, 1, 3, stride=1 << 16), (1, 8, 8)),
        (nn.Linear(4, 1 << 20, device="meta"), (1 << 10, 4)),
        (nn.PixelShuffle(3), (4, 8, 8)),
        (nn.Unflatten(1, (3, 3)), (8,)),
        (nn.ModuleDict(), (8,)),
    ],
)
def test_shapes_that_do_not_fit_or_are_too_large(layer: nn.Module, shape: tuple[int, ...]) -> None:
    assert shapes_along(layer.to("meta").eval(), shape) is None


@FORMATS
@pytest.mark.parametrize("protocol", range(6))
def test_modules_of_other_classes_are_left_to_others(
    protocol: int, zipped: bool, tmp_path: Path
) -> None:
    canary = tmp_path / "canary"
    hooked = decoder()
    hooked.canary = Runs(canary)  # type: ignore[assignment]
    shadowed = decoder()
    shadowed.forward = Runs(canary)  # type: ignore[assignment,method-assign]
    values: list[tuple[Any, str]] = [
        (Own(), "Own”"),
        ({"model": Own()}, "Own”"),
        (nn.Sequential(decoder(), Own()), "Own”"),
        (nn.LSTM(3, 4), "torch.nn.modules.rnn.LSTM”"),
        (Runs(canary), "system”"),
        (hooked, "system”"),
        (shadowed, "system”"),
        ({"encoder": encoder(), "decoder": decoder(), "x": Runs(canary)}, "system”"),
    ]
    for value, name in values:
        path = save(value, tmp_path / "m.pt", zipped, protocol)
        assert not PICKLED_MODULE.recognises(path)
        if protocol:  # torch itself cannot read the files that it writes in protocol 0
            sentence = refusal(path, UnsafeFileError)
            assert name in sentence
            assert "could run code" in sentence
    assert not canary.exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_state_dicts_and_other_files_hold_no_module(zipped: bool, tmp_path: Path) -> None:
    for value in (decoder().state_dict(), {"a": [decoder()]}, [decoder()], 3):
        path = save(value, tmp_path / "s.pt", zipped)
        assert not PICKLED_MODULE.recognises(path)
        assert "holds no module" in refusal(path)
    (tmp_path / "t.pt").write_text("text")
    assert not PICKLED_MODULE.recognises(tmp_path / "t.pt")
    assert not PICKLED_MODULE.recognises(tmp_path)
    (tmp_path / "plain.pt").write_bytes(pickle.dumps({"a": 1}))
    assert not PICKLED_MODULE.recognises(tmp_path / "plain.pt")


def changed(value: nn.Module, path: Path, change: Callable[[Made], None]) -> UserError:
    """What is said of a module after a change of what the pickle says of it."""
    file = TorchFile(save(value, path))
    change(file.root)
    with pytest.raises(UserError) as caught:
        noted(path, file.root)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    return caught.value


def first(root: Made) -> dict[str, Any]:
    state: dict[str, Any] = root.state["_modules"]["0"].state
    return state


def set_field(key: str, value: Any) -> Callable[[Made], None]:
    return lambda root: first(root).update({key: value})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (set_field("in_features", 1 << 40), "field “in_features” of a kind or size"),
        (set_field("in_features", -5), "“0” cannot be built"),
        (set_field("in_features", 0), "field “in_features”"),
        (set_field("in_features", "many"), "cannot be built"),
        (set_field("in_features", Made("torch.Size", ((1,) * 9,))), "field “in_features”"),
        (set_field("in_features", {"a": 1}), "field “in_features”"),
        (set_field("in_features", float("nan")), "field “in_features”"),
        (set_field("in_features", 6), "tensor “0.weight” has shape (784, 5), and its layer asks"),
        (set_field("_parameters", {}), "tensor “0.weight” is missing"),
        (set_field("_buffers", {"extra": None}), None),
        (set_field("_buffers", {"extra": 3}), "holds what is no tensor"),
        (lambda root: first(root)["_parameters"].update(extra=first(root)["_parameters"]["bias"]),
         "tensor “0.extra” has no place in its layer"),
        (set_field("_forward_hooks", {1: Made("torch.Size")}), "has functions attached to it"),
        (set_field("_forward_pre_hooks", [1]), "has functions attached to it"),
        (set_field("forward", Made("torch.Size")), "in place of “forward”"),
        (set_field("__class__", Made("torch.Size")), "in place of “__class__”"),
        (set_field("load_state_dict", 1), "in place of “load_state_dict”"),
        (lambda root: first(root).update({3: 4}), "a field without a name"),
        (lambda root: root.state.update(forward=1), "in place of “forward”"),
        (lambda root: root.state.update(_modules={"forward": root.state["_modules"]["0"]}),
         "holds a layer of the name “forward”"),
        (lambda root: root.state.update(_modules={"a.b": root.state["_modules"]["0"]}),
         "holds a layer of the name “a.b”"),
        (lambda root: root.state.update(_modules={"0": root}), "lies too deep"),
        (lambda root: root.state.update(_modules={"0": Made("torch.Size")}), "“0” has no fields"),
        (lambda root: root.state.update(_modules={"0": Made("torch.Size", state={})}),
         "is “torch.Size”, which is no plain layer"),
        (lambda root: root.state.update(_modules={str(i): root.state["_modules"]["1"]
                                                  for i in range(600)}), "one of too many"),
    ],
)  # fmt: skip
def test_what_a_pickle_says_of_layers_is_checked(
    change: Callable[[Made], None], said: str | None, tmp_path: Path
) -> None:
    if said is None:
        file = TorchFile(save(decoder(), tmp_path / "d.pt"))
        change(file.root)
        assert noted(tmp_path / "d.pt", file.root).numbers > 784
        return
    error = changed(decoder(), tmp_path / "d.pt", change)
    assert said in str(error)
    assert isinstance(error, UnsafeFileError) == ("in place of" in said)


def test_modules_that_cannot_be_used_say_why(tmp_path: Path) -> None:
    batchwise = nn.Sequential(nn.Linear(4, 64), nn.BatchNorm1d(64, track_running_stats=False))
    assert "one picture alone has no answer" in refusal(save(batchwise, tmp_path / "b.pt"))
    lists = nn.ModuleList([nn.Linear(4, 64)])
    assert "says nothing of their order" in refusal(save(lists, tmp_path / "l.pt"))
    nan = decoder()
    nan[0].bias.data[3] = float("nan")  # type: ignore[union-attr,operator,index]
    assert "“0.bias” holds NaN" in refusal(save(nan, tmp_path / "n.pt"))
    for value in (nn.Linear(3, 4), nn.ModuleDict({"a": decoder()}), nn.Sequential(), nn.ReLU(),
                  nn.ModuleDict({"encoder": encoder(), "decoder": decoder(7)})):  # fmt: skip
        path = save(value, tmp_path / "x.pt")
        offer = PICKLED_MODULE.offer(path, {})
        assert offer.capabilities == frozenset()
        (missing,) = offer.missing
        assert "latentviewer new-adapter" in missing
        assert refusal(path) == missing


def test_tensors_that_are_missing_from_the_file_are_told(tmp_path: Path) -> None:
    path = save(decoder(), tmp_path / "d.pt")
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            if not name.endswith("data/1"):
                archive.writestr(name, content)
    assert "the numbers of tensor “0.bias” are missing" in refusal(path)
    with pytest.raises(UserError, match="are missing"):
        PICKLED_MODULE.offer(path, {})


def test_a_module_that_claims_more_than_it_has_is_refused(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(4, 64), nn.Sigmoid())
    net[0].weight = nn.Parameter(torch.ones(1).expand(64, 4))
    sentence = refusal(save(net, tmp_path / "d.pt"), UnsafeFileError)
    assert "“0.weight” of shape (64, 4) claims more numbers" in sentence


def test_unpickling_is_never_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save({"encoder": encoder(), "decoder": decoder()}, tmp_path / "m.pt")

    def never(*_args: Any, **_named: Any) -> Any:
        raise AssertionError("the file was unpickled")

    monkeypatch.setattr(torch, "load", never)
    monkeypatch.setattr(pickle, "load", never)
    monkeypatch.setattr(pickle, "loads", never)
    monkeypatch.setattr(pickle, "Unpickler", never)
    opened(path)


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 1 << 30))
def test_changed_bytes_never_do_more_than_refuse(seed: int, tmp_path: Path) -> None:
    stream = io.BytesIO()
    net = nn.Sequential(nn.Linear(16, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 16))
    torch.save(OrderedDict(model=net), stream)
    dice = random.Random(seed)
    path = tmp_path / "m.pt"
    with zipfile.ZipFile(stream) as archive, zipfile.ZipFile(path, "w") as written:
        for name in archive.namelist():
            content = bytearray(archive.read(name))
            if name.endswith("data.pkl"):
                for _ in range(dice.randint(1, 4)):
                    content[dice.randrange(len(content))] = dice.randrange(256)
            written.writestr(name, bytes(content))
    if not PICKLED_MODULE.recognises(path):
        return
    try:
        offer = PICKLED_MODULE.offer(path, {})
        if not offer.missing:
            PICKLED_MODULE.open(path, {}, "cpu")
    except UserError as error:
        kept = str(error)
    else:
        kept = " ".join(offer.missing)
    assert "\n" not in kept


def test_names_of_the_list_are_those_of_torch() -> None:
    for path, layer in PLAIN_LAYERS.items():
        assert is_known(path)
        assert path.startswith("torch.nn.modules.")
        assert issubclass(layer.kind, nn.Module)
