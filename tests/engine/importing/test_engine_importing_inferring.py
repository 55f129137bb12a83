"""Networks told from the names and shapes of their tensors, against the real ones."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file
from torch import Tensor, nn

from latentviewer.domain.errors import UserError
from latentviewer.domain.importing import Offer
from latentviewer.domain.ports import Capability, ImageShape, Model
from latentviewer.engine.importing.inferring.importer import STATE_DICT
from latentviewer.engine.importing.self_check import self_check

Net = TypeVar("Net", bound=nn.Module)
BOTH_FORMATS = pytest.mark.parametrize("ending", ["pt", "safetensors"])


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


class ExampleVae(nn.Module):
    """The VAE of PyTorch's own examples."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 400)
        self.fc21 = nn.Linear(400, 20)
        self.fc22 = nn.Linear(400, 20)
        self.fc3 = nn.Linear(20, 400)
        self.fc4 = nn.Linear(400, 784)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.fc1(x.view(-1, 784)).relu()
        return self.fc21(h), (0.5 * self.fc22(h)).exp()

    def decode(self, z: Tensor) -> Tensor:
        return self.fc4(self.fc3(z).relu()).sigmoid().view(-1, 1, 28, 28)


class TwoHeadVae(nn.Module):
    """Blocks of convolutions, two heads, and a last block of its own; ends with a tanh."""

    def __init__(self, widths: tuple[int, ...] = (8, 12, 16, 24, 32), d: int = 10) -> None:
        super().__init__()
        blocks, inner = [], 3
        for width in widths:
            conv = nn.Conv2d(inner, width, 3, 2, 1)
            blocks.append(nn.Sequential(conv, nn.BatchNorm2d(width), nn.LeakyReLU()))
            inner = width
        self.encoder = nn.Sequential(*blocks)
        self.fc_mu = nn.Linear(widths[-1] * 4, d)
        self.fc_var = nn.Linear(widths[-1] * 4, d)
        self.decoder_input = nn.Linear(d, widths[-1] * 4)
        blocks = []
        for wide, narrow in zip(widths[::-1], widths[-2::-1], strict=False):
            conv = nn.ConvTranspose2d(wide, narrow, 3, 2, 1, 1)
            blocks.append(nn.Sequential(conv, nn.BatchNorm2d(narrow), nn.LeakyReLU()))
        self.decoder = nn.Sequential(*blocks)
        last = nn.ConvTranspose2d(widths[0], widths[0], 3, 2, 1, 1)
        self.final_layer = nn.Sequential(
            last, nn.BatchNorm2d(widths[0]), nn.LeakyReLU(),
            nn.Conv2d(widths[0], 3, 3, padding=1), nn.Tanh(),
        )  # fmt: skip
        self.widest = widths[-1]

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        h = self.encoder(2 * x - 1).flatten(1)
        return self.fc_mu(h), (0.5 * self.fc_var(h)).exp()

    def decode(self, z: Tensor) -> Tensor:
        h = self.decoder_input(z).view(-1, self.widest, 2, 2)
        return (self.final_layer(self.decoder(h)) + 1) / 2


class OneHeadVae(nn.Module):
    """Convolutions by name, and one head for mean and log variance."""

    def __init__(self, interleaved: bool = False) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 4, 2, 1)
        self.conv2 = nn.Conv2d(8, 16, 4, 2, 1)
        self.fc = nn.Linear(16 * 49, 12)
        self.fc_dec = nn.Linear(6, 16 * 49)
        self.deconv1 = nn.ConvTranspose2d(16, 8, 4, 2, 1)
        self.deconv2 = nn.ConvTranspose2d(8, 1, 4, 2, 1)
        self.interleaved = interleaved

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        both = self.fc(self.conv2(self.conv1(x).relu()).relu().flatten(1))
        mean, log_variance = both.chunk(2, dim=1)
        if self.interleaved:
            mean, log_variance = both[:, 0::2], both[:, 1::2]
        return mean, (0.5 * log_variance).exp()

    def decode(self, z: Tensor) -> Tensor:
        h = self.fc_dec(z).relu().view(-1, 16, 7, 7)
        return self.deconv2(self.deconv1(h).relu()).sigmoid()


class Generator(nn.Module):
    """A DCGAN's."""

    def __init__(self, d: int = 20, width: int = 8) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        widths = [width * 8, width * 4, width * 2, width]
        for at, (inner, outer) in enumerate(zip([d, *widths], widths, strict=False)):
            place = (1, 0) if at == 0 else (2, 1)
            conv = nn.ConvTranspose2d(inner, outer, 4, *place, bias=False)
            layers += [conv, nn.BatchNorm2d(outer), nn.ReLU(True)]
        last = nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False)
        self.main = nn.Sequential(*layers, last, nn.Tanh())

    def decode(self, z: Tensor) -> Tensor:
        return (self.main(z[:, :, None, None]) + 1) / 2


class DenseAutoencoder(nn.Module):
    """Linear layers with a batch norm after one activation and before another."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(784, 64), nn.BatchNorm1d(64), nn.ELU(), nn.Linear(64, 32), nn.ELU(),
            nn.BatchNorm1d(32), nn.Linear(32, 3),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(3, 32), nn.ELU(), nn.Linear(32, 32), nn.Linear(32, 24), nn.BatchNorm1d(24),
            nn.Linear(24, 784), nn.Sigmoid(),
        )  # fmt: skip

    def encode(self, x: Tensor) -> tuple[Tensor, None]:
        return self.encoder(x.flatten(1)), None

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z).view(-1, 1, 28, 28)


class PooledAutoencoder(nn.Module):
    """Max pooling on the way down and doubling on the way up, which have no tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(16 * 64, 9),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(9, 16 * 64), nn.ReLU(), nn.Unflatten(1, (16, 8, 8)),
            nn.Upsample(scale_factor=2), nn.Conv2d(16, 8, 3, padding=1), nn.ReLU(),
            nn.Upsample(scale_factor=2), nn.Conv2d(8, 3, 3, padding=1), nn.Sigmoid(),
        )  # fmt: skip

    def encode(self, x: Tensor) -> tuple[Tensor, None]:
        return self.encoder(x), None

    def decode(self, z: Tensor) -> Tensor:
        return self.decoder(z)


class UnpaddedVae(nn.Module):
    """Without padding, as world models have it; the second head is a log deviation."""

    def __init__(self) -> None:
        super().__init__()
        widths = (3, 6, 8, 10, 12)
        for at, (inner, outer) in enumerate(pairwise(widths), 1):
            self.add_module(f"conv{at}", nn.Conv2d(inner, outer, 4, stride=2))
        self.fc_mu = nn.Linear(48, 5)
        self.fc_logsigma = nn.Linear(48, 5)
        self.fc1 = nn.Linear(5, 48)
        for at, (inner, outer, kernel) in enumerate(
            ((48, 10, 5), (10, 8, 5), (8, 6, 6), (6, 3, 6)), 1
        ):
            self.add_module(f"deconv{at}", nn.ConvTranspose2d(inner, outer, kernel, stride=2))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        for at in range(1, 5):
            x = self.get_submodule(f"conv{at}")(x).relu()
        x = x.flatten(1)
        return self.fc_mu(x), self.fc_logsigma(x).exp()

    def decode(self, z: Tensor) -> Tensor:
        x = self.fc1(z).relu()[:, :, None, None]
        for at in range(1, 5):
            x = self.get_submodule(f"deconv{at}")(x)
            x = x.relu() if at < 4 else x.sigmoid()
        return x


class ConvolutionalLatent(nn.Module):
    """The latent is a map; there is no linear layer."""

    def __init__(self) -> None:
        super().__init__()
        self.enc1 = nn.Conv2d(1, 8, 3, 2, 1)
        self.enc2 = nn.Conv2d(8, 4, 3, 2, 1)
        self.dec1 = nn.ConvTranspose2d(4, 8, 2, 2)
        self.dec2 = nn.ConvTranspose2d(8, 1, 2, 2)

    def encode(self, x: Tensor) -> tuple[Tensor, None]:
        return self.enc2(self.enc1(x).relu()).flatten(1), None

    def decode(self, z: Tensor) -> Tensor:
        h = z.view(-1, 4, 7, 7).relu()
        return self.dec2(self.dec1(h).relu()).sigmoid()


def trained(net: Net, seed: int = 0) -> Net:
    """With tensors as after training: none of them as they were made."""
    torch.manual_seed(seed)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.5)
            module.running_mean.normal_()  # type: ignore[union-attr,operator]
            module.running_var.uniform_(0.5, 2.0)  # type: ignore[union-attr,operator]
    return net.eval()


def saved(net: nn.Module, folder: Path, ending: str = "pt") -> Path:
    path = folder / f"net.{ending}"
    if ending == "pt":
        torch.save({"epoch": 3, "model_state_dict": net.state_dict()}, path)
    else:
        save_file(net.state_dict(), path)
    return path


def opened(path: Path, **answers: str) -> tuple[Offer, Model]:
    assert STATE_DICT.recognises(path)
    offer = STATE_DICT.offer(path, answers)
    assert offer.missing == ()
    assert offer.danger is None
    model = STATE_DICT.open(path, answers, "cpu")
    assert (model.card.latent_dim, model.card.image) == (offer.latent_dim, offer.image)
    assert model.card.capabilities == offer.capabilities
    assert model.card.weights_hash == offer.file_hash
    return offer, model


def images(shape: ImageShape, count: int = 3) -> NDArray[np.float32]:
    size = (count, shape.height, shape.width, shape.channels)
    return np.random.default_rng(0).random(size, np.float32)


def assert_same(net: Any, model: Model) -> None:
    """Encoder and decoder answer as the real network's do."""
    can, card = model.card.capabilities, model.card
    with torch.inference_mode():
        if Capability.ENCODE in can:
            x = images(card.image)
            mean, std = net.encode(torch.from_numpy(x).permute(0, 3, 1, 2))
            given = model.encode(x)
            np.testing.assert_allclose(given.mean, mean.numpy(), rtol=1e-5, atol=1e-5)
            assert (given.std is None) == (std is None)
            if std is not None:
                assert given.std is not None
                np.testing.assert_allclose(given.std, std.numpy(), rtol=1e-5, atol=1e-5)
        if Capability.DECODE in can:
            z = np.random.default_rng(1).standard_normal((3, card.latent_dim), np.float32)
            made = net.decode(torch.from_numpy(z)).permute(0, 2, 3, 1).numpy()
            np.testing.assert_allclose(model.decode(z), made, rtol=1e-5, atol=1e-5)


def guesses(offer: Offer) -> dict[str, str]:
    return {question.key: question.guess for question in offer.questions}


@BOTH_FORMATS
def test_the_vae_of_pytorch_s_examples_opens_without_an_answer(ending: str, tmp_path: Path) -> None:
    net = trained(ExampleVae())
    offer, model = opened(saved(net, tmp_path, ending))
    assert_same(net, model)
    assert offer.found[0] == (
        "A variational autoencoder: latents of 20 dimensions, pictures of 28 x 28 x 1."
    )
    assert offer.found[1] == "Encoder: 784 → 400 → 20."
    assert offer.capabilities == {
        Capability.ENCODE, Capability.DECODE, Capability.SAMPLE, Capability.POSTERIOR
    }  # fmt: skip
    assert guesses(offer) == {
        "activation": "relu",
        "decoder_activation": "relu",
        "output_values": "logits",
        "input_values": "0..1",
        "spread": "log variance",
    }
    assert model.sample(4, 1).shape == (4, 20)
    assert all(check.passed is not False for check in self_check(model, images(offer.image)).checks
               if not check.name.startswith("Round trip"))  # fmt: skip


@BOTH_FORMATS
def test_convolutions_with_two_heads(ending: str, tmp_path: Path) -> None:
    net = trained(TwoHeadVae())
    offer, model = opened(saved(net, tmp_path, ending))
    assert_same(net, model)
    assert offer.image == ImageShape(64, 64, 3)
    assert guesses(offer)["activation"] == "leaky relu 0.01"
    assert guesses(offer)["projection_activation"] == "no"
    assert guesses(offer)["output_values"] == guesses(offer)["input_values"] == "-1..1"


@BOTH_FORMATS
@pytest.mark.parametrize("interleaved", [False, True])
def test_one_head_is_split_as_it_is_answered(
    interleaved: bool, ending: str, tmp_path: Path
) -> None:
    net = trained(OneHeadVae(interleaved))
    offer, model = opened(
        saved(net, tmp_path, ending), split="interleaved" if interleaved else "halves"
    )
    assert_same(net, model)
    assert guesses(offer)["split"] == "halves"
    assert offer.latent_dim == 6


@BOTH_FORMATS
def test_a_dcgan_s_generator(ending: str, tmp_path: Path) -> None:
    net = trained(Generator())
    offer, model = opened(saved(net, tmp_path, ending))
    assert_same(net, model)
    assert offer.capabilities == {Capability.DECODE, Capability.SAMPLE}
    assert (offer.latent_dim, offer.image) == (20, ImageShape(64, 64, 3))
    with pytest.raises(UserError, match="has no encoder"):
        model.encode(images(offer.image))


@BOTH_FORMATS
def test_gaps_between_numbers_tell_where_activations_are(ending: str, tmp_path: Path) -> None:
    net = trained(DenseAutoencoder())
    offer, model = opened(saved(net, tmp_path, ending), activation="elu")
    assert_same(net, model)
    assert offer.capabilities == {Capability.ENCODE, Capability.DECODE}
    assert guesses(offer)["decoder_activation"] == "elu"  # as was answered for the encoder
    assert "activation_before_norm" not in guesses(offer)
    with pytest.raises(UserError, match="no prior"):
        model.sample(1, 0)


@BOTH_FORMATS
def test_pooling_and_doubling_are_told_by_gaps_and_sizes(ending: str, tmp_path: Path) -> None:
    net = trained(PooledAutoencoder())
    offer, model = opened(saved(net, tmp_path, ending))
    assert_same(net, model)
    assert offer.image == ImageShape(32, 32, 3)


@BOTH_FORMATS
def test_layers_without_padding(ending: str, tmp_path: Path) -> None:
    net = trained(UnpaddedVae())
    offer, model = opened(saved(net, tmp_path, ending))
    assert_same(net, model)
    assert offer.image == ImageShape(64, 64, 3)
    assert guesses(offer)["spread"] == "log standard deviation"


@BOTH_FORMATS
def test_the_latent_of_convolutions_alone_is_a_map(ending: str, tmp_path: Path) -> None:
    net = trained(ConvolutionalLatent())
    path = saved(net, tmp_path, ending)
    offer, _ = opened(path)
    assert "latent_activation" in guesses(offer)
    assert offer.latent_dim == 4 * 7 * 7
    # The real one has its activation in the decoder: to what is decoded it makes no difference.
    _, model = opened(path, latent_activation="yes", image_size="28 x 28 x 1")
    x = images(ImageShape(28, 28, 1))
    with torch.inference_mode():
        wanted = net.decode(net.encode(torch.from_numpy(x).permute(0, 3, 1, 2))[0])
    given = model.decode(model.encode(x).mean)
    np.testing.assert_allclose(given, wanted.permute(0, 2, 3, 1).numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    ("activation", "function"),
    [
        ("leaky relu 0.2", nn.LeakyReLU(0.2)),
        ("leaky relu 0.01", nn.LeakyReLU(0.01)),
        ("elu", nn.ELU()),
        ("gelu", nn.GELU()),
        ("silu", nn.SiLU()),
        ("tanh", nn.Tanh()),
        ("sigmoid", nn.Sigmoid()),
        ("none", nn.Identity()),
    ],
)
def test_every_activation_is_what_it_is_called(
    activation: str, function: Callable[[Tensor], Tensor], tmp_path: Path
) -> None:
    net = trained(ExampleVae())
    _, model = opened(saved(net, tmp_path), decoder_activation=activation)
    z = torch.randn(2, 20)
    with torch.inference_mode():
        wanted = net.fc4(function(net.fc3(z))).sigmoid().view(2, 28, 28, 1)
    np.testing.assert_allclose(model.decode(z.numpy()), wanted.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("answer", "squash"),
    [
        ("logits", torch.sigmoid),
        ("-1..1", lambda x: (x.tanh() + 1) / 2),
        ("0..1", lambda x: x.clamp(0, 1)),
        ("0..255", lambda x: (x / 255).clamp(0, 1)),
    ],
)
def test_what_follows_the_last_layer_is_answered(
    answer: str, squash: Callable[[Tensor], Tensor], tmp_path: Path
) -> None:
    net = trained(ExampleVae())
    _, model = opened(saved(net, tmp_path), output_values=answer)
    z = torch.randn(2, 20)
    with torch.inference_mode():
        wanted = squash(net.fc4(net.fc3(z).relu())).view(2, 28, 28, 1)
    np.testing.assert_allclose(model.decode(z.numpy()), wanted.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("answer", "deviation"),
    [
        ("log standard deviation", torch.exp),
        ("standard deviation", torch.abs),
        ("softplus of it", nn.functional.softplus),
    ],
)
def test_what_the_second_head_gives_is_answered(
    answer: str, deviation: Callable[[Tensor], Tensor], tmp_path: Path
) -> None:
    net = trained(ExampleVae())
    _, model = opened(saved(net, tmp_path), spread=answer, input_values="-1..1")
    x = images(ImageShape(28, 28, 1))
    with torch.inference_mode():
        wanted = deviation(net.fc22(net.fc1(torch.from_numpy(2 * x - 1).flatten(1)).relu()))
    std = model.encode(x).std
    assert std is not None
    np.testing.assert_allclose(std, wanted.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("slope", [0.2, 0.0])
def test_statistics_of_batch_norms_tell_the_activation(slope: float, tmp_path: Path) -> None:
    torch.manual_seed(2)
    net = Generator(width=16)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.5)
            module.momentum = None  # the plain mean of all batches
    net.main[2] = net.main[5] = net.main[8] = net.main[11] = nn.LeakyReLU(slope)
    with torch.inference_mode():
        net.train()
        for _ in range(4):
            net.decode(torch.randn(32, 20))
    net.eval()
    offer, model = opened(saved(net, tmp_path))
    assert guesses(offer)["activation"] == ("leaky relu 0.2" if slope else "relu")
    assert "statistics" in next(q.why for q in offer.questions if q.key == "activation")
    assert_same(net, model)


def test_a_size_and_strides_can_be_answered(tmp_path: Path) -> None:
    path = saved(trained(Generator()), tmp_path)
    offer = STATE_DICT.offer(path, {})
    sizes = next(q for q in offer.questions if q.key == "image_size")
    assert sizes.guess == "64 x 64 x 3"
    other = STATE_DICT.offer(path, {"image_size": "32 x 32 x 3"})
    assert other.image == ImageShape(32, 32, 3)
    path = saved(trained(TwoHeadVae()), tmp_path)
    strides = next(q for q in STATE_DICT.offer(path, {}).questions if q.key == "strides")
    pooled = next(value for value, _ in strides.choices if "max-pooled (5 times)" in value)
    _, model = opened(path, strides=pooled)
    assert model.encode(images(model.card.image)).mean.shape == (3, 10)


def test_an_answer_that_is_no_choice_is_the_guess(tmp_path: Path) -> None:
    net = trained(ExampleVae())
    _, model = opened(saved(net, tmp_path), activation="cosine", output_values="7", spread="")
    assert_same(net, model)


def test_an_encoder_alone_and_a_decoder_alone(tmp_path: Path) -> None:
    net = trained(PooledAutoencoder())
    torch.save(net.encoder.state_dict(), tmp_path / "e.pt")
    offer, model = opened(tmp_path / "e.pt")
    assert offer.capabilities == {Capability.ENCODE}
    assert_same(net, model)
    with pytest.raises(UserError, match="has no decoder"):
        model.decode(np.zeros((1, 9), np.float32))
    torch.save(net.decoder.state_dict(), tmp_path / "d.pt")
    offer, model = opened(tmp_path / "d.pt")
    assert offer.capabilities == {Capability.DECODE, Capability.SAMPLE}
    assert_same(net, model)


def test_parts_that_lie_apart_in_the_file_are_one_network(tmp_path: Path) -> None:
    net = trained(DenseAutoencoder())
    parts = {"decoder": net.decoder.state_dict(), "encoder": net.encoder.state_dict()}
    torch.save(parts, tmp_path / "m.pt")
    offer, model = opened(tmp_path / "m.pt", activation="elu")
    assert_same(net, model)
    assert offer.questions[0].key == "weights_in"
    assert offer.questions[0].guess == "encoder and decoder"
    alone = STATE_DICT.offer(tmp_path / "m.pt", {"weights_in": "decoder"})
    assert Capability.ENCODE not in alone.capabilities


def test_averaged_weights_come_first_and_discriminators_last(tmp_path: Path) -> None:
    first, second = trained(Generator(), 1), trained(Generator(), 2)
    critic = nn.Sequential(nn.Conv2d(3, 512, 4, 2, 1), nn.Conv2d(512, 1024, 4, 2, 1))
    torch.save(
        {"D": critic.state_dict(), "G": first.state_dict(), "G_ema": second.state_dict(),
         "step": 7}, tmp_path / "gan.pt",
    )  # fmt: skip
    offer, model = opened(tmp_path / "gan.pt")
    which = offer.questions[0]
    assert [value for value, _ in which.choices] == ["G_ema", "G", "D"]
    assert_same(second, model)
    _, model = opened(tmp_path / "gan.pt", weights_in="G")
    assert_same(first, model)


def test_a_discriminator_among_the_layers_is_left_out(tmp_path: Path) -> None:
    net = trained(Generator())
    critic = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.Conv2d(8, 1, 4, 2, 1))
    whole = {f"generator.{key}": value for key, value in net.state_dict().items()}
    whole |= {f"discriminator.{key}": value for key, value in critic.state_dict().items()}
    torch.save(whole, tmp_path / "gan.pt")
    offer, model = opened(tmp_path / "gan.pt")
    assert offer.found[-1] == "2 layers of a discriminator are left out."
    assert_same(net, model)


def test_pictures_that_are_not_square_are_folded_and_asked(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(2, 30), nn.ReLU(), nn.Linear(30, 28 * 20))
    torch.save({"decoder." + k: v for k, v in net.state_dict().items()}, tmp_path / "frey.pt")
    offer, model = opened(tmp_path / "frey.pt")
    assert offer.image == ImageShape(28, 20, 1)
    assert model.decode(np.zeros((2, 2), np.float32)).shape == (2, 28, 20, 1)


def test_none_and_many_go_through(tmp_path: Path) -> None:
    _, model = opened(saved(trained(TwoHeadVae()), tmp_path))
    nothing = model.decode(np.zeros((0, 10), np.float32))
    assert nothing.shape == (0, 64, 64, 3)
    assert model.encode(nothing).mean.shape == (0, 10)
    z = np.random.default_rng(0).standard_normal((600, 10), np.float32)
    many = model.decode(z)
    np.testing.assert_allclose(many[-1:], model.decode(z[-1:]), atol=1e-5)
    with pytest.raises(UserError, match="takes latents of 10 dimensions"):
        model.decode(z[:, :9])
    with pytest.raises(UserError, match="encodes images of 64 x 64 pixels"):
        model.encode(many[:, :32])


def without(name: str, tensors: dict[str, Tensor]) -> None:
    del tensors[name]


def reshaped(name: str, shape: tuple[int, ...], tensors: dict[str, Tensor]) -> None:
    tensors[name] = torch.ones(shape)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: without("fc_mu.weight", t), "“fc_mu.bias” has no “fc_mu.weight” beside it"),
        (lambda t: without("encoder.1.1.running_var", t), "“encoder.1.1.running_var” is missing"),
        (lambda t: without("encoder.1.1.weight", t), "“encoder.1.1.weight” is missing"),
        (lambda t: without("encoder.2.0.weight", t), "“encoder.2.0.bias” has no"),
        (lambda t: reshaped("fc_mu.bias", (11,), t), "“fc_mu.bias” of shape (11,) does not fit"),
        (lambda t: reshaped("encoder.1.1.bias", (3,), t), "“encoder.1.1.bias” of shape (3,)"),
        (lambda t: reshaped("encoder.1.0.weight", (12, 9, 3, 3), t),
         "“encoder.1.0.weight” of shape (12, 9, 3, 3) does not follow “encoder.0.1”"),
        (lambda t: reshaped("encoder.1.0.weight", (12, 8, 3, 2), t), "kernel that is not square"),
        (lambda t: reshaped("decoder_input.weight", (128, 11), t),
         "“decoder_input”, which takes 11, and the encoder gives 10"),
        (lambda t: reshaped("attention.in_proj_weight", (30, 10), t),
         "“attention.in_proj_weight” of shape (30, 10) belongs to no"),
        (lambda t: reshaped("norm.weight", (10,), t), "“norm.weight” of shape (10,) is not that"),
        (lambda t: reshaped("fc_extra.weight", (7, 7), t), "“fc_extra.weight” of shape (7, 7)"),
        (lambda t: reshaped("conv3d.weight", (7, 7, 3, 3, 3), t), "“conv3d.weight” of shape"),
        (lambda t: reshaped("scale", (), t), "“scale” of shape ()"),
    ],
)  # fmt: skip
@BOTH_FORMATS
def test_what_is_no_plain_chain_is_named(
    change: Callable[[dict[str, Tensor]], None], said: str, ending: str, tmp_path: Path
) -> None:
    tensors = dict(trained(TwoHeadVae()).state_dict())
    change(tensors)
    path = tmp_path / f"net.{ending}"
    if ending == "pt":
        torch.save(tensors, path)
    else:
        save_file(tensors, path)
    offer = STATE_DICT.offer(path, {})
    (missing,) = offer.missing
    of_order = "does not follow" in said or "encoder gives" in said
    if ending == "pt" or not of_order:  # sorted by name, another layer is the first that fails
        assert said in missing
    assert str(path) in missing
    assert "latentviewer new-adapter PATH" in missing
    assert missing.endswith(".")
    assert "\n" not in missing
    assert offer.capabilities == frozenset()
    with pytest.raises(UserError) as caught:
        STATE_DICT.open(path, {}, "cpu")
    assert str(caught.value) == missing


def test_a_skip_between_layers_and_odd_sizes_are_no_chain(tmp_path: Path) -> None:
    net = nn.ModuleDict({"down": nn.Conv2d(3, 8, 3), "up": nn.ConvTranspose2d(16, 3, 3)})
    torch.save(net.state_dict(), tmp_path / "unet.pt")
    (missing,) = STATE_DICT.offer(tmp_path / "unet.pt", {}).missing
    assert "“up.weight” of shape (16, 3, 3, 3) does not follow “down”" in missing
    net = nn.ModuleDict({"conv": nn.Conv2d(3, 8, 3), "fc": nn.Linear(8 * 121 * 121, 4)})
    torch.save(net.state_dict(), tmp_path / "odd.pt")
    (missing,) = STATE_DICT.offer(tmp_path / "odd.pt", {}).missing
    assert "no usual strides and paddings" in missing
    deep = {f"encoder.{i}.weight": torch.ones(3, 3, 3, 3) for i in range(40)}
    torch.save(deep, tmp_path / "deep.pt")
    (missing,) = STATE_DICT.offer(tmp_path / "deep.pt", {}).missing
    assert "too many to tell their strides" in missing
    torch.save({f"layer{i}.weight": torch.ones(1, 1) for i in range(300)}, tmp_path / "many.pt")
    (missing,) = STATE_DICT.offer(tmp_path / "many.pt", {}).missing
    assert "300 layers" in missing


def test_torchvision_s_classifiers_are_left_to_adopt(tmp_path: Path) -> None:
    from latentviewer.engine.adapters.torchvision_classifier import untrained
    from latentviewer.engine.importing.checkpoints.known_classifiers import (
        _TENSORS,
        known_classifier,
    )

    with torch.device("meta"):
        for name in _TENSORS:
            shapes = {k: tuple(t.shape) for k, t in untrained(name, 7).state_dict().items()}
            assert known_classifier(shapes) == name
    torch.save(untrained("squeezenet1_1", 5).state_dict(), tmp_path / "w.pth")
    offer = STATE_DICT.offer(tmp_path / "w.pth", {})
    assert offer.missing == (
        f"{tmp_path / 'w.pth'} has the weights of torchvision's classifier squeezenet1_1; "
        "“latentviewer adopt squeezenet1_1” makes a model folder of them.",
    )
