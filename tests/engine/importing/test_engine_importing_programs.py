"""Files that can run code: shown for what they are, never loaded before trust, opened after it."""

import hashlib
import pickle
import struct
import sys
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.importing import Offer
from latentviewer.domain.ports import Capability, ImageShape, Model
from latentviewer.engine.importing.importer import Importer
from latentviewer.engine.importing.importers import open_imported
from latentviewer.engine.importing.programs.exported import EXPORTED_PROGRAM, TORCHSCRIPT
from latentviewer.engine.importing.programs.pickles import TRUSTED_PICKLE

VAE = {Capability.ENCODE, Capability.DECODE, Capability.POSTERIOR, Capability.SAMPLE}
SMALL = {"height": "8", "width": "8"}


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 4, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(64, 6)
        )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, logvar = self.net(x).chunk(2, 1)
        return mean, logvar


class Decoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(3, 64),
            nn.Unflatten(1, (4, 4, 4)),
            nn.ConvTranspose2d(4, 1, 4, 2, 1),
            nn.Tanh(),
        )

    def forward(self, z: Tensor) -> Tensor:
        made: Tensor = self.net(z)
        return made


class Whole(nn.Module):
    """With submodules only."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(2)
        self.encoder, self.decoder = Encoder(), Decoder()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, logvar = self.encoder(x)
        return self.decoder(mean), mean, logvar


class Methods(Whole):
    """With methods that TorchScript keeps; its parts have other names."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = self.encoder, self.decoder
        del self.encoder, self.decoder

    @torch.jit.export
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, logvar = self.a(x)
        return mean, logvar

    @torch.jit.export
    def decode(self, z: Tensor) -> Tensor:
        made: Tensor = self.b(z)
        return made

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        mean, logvar = self.a(x)
        return self.b(mean), mean, logvar


class Fixed(nn.Module):
    """Takes one latent at a time, as traced modules do now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Decoder()

    def forward(self, z: Tensor) -> Tensor:
        made: Tensor = self.net(z.view(1, 3))
        return made


class FixedEncoder(nn.Module):
    """Takes one picture at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.net = Encoder()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        mean, logvar = self.net(x.view(1, 1, 8, 8))
        return mean, logvar


class Generator(nn.Module):
    """As DCGAN's: latents with places, colours from -1 to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.ConvTranspose2d(5, 3, 4), nn.Tanh())

    def forward(self, z: Tensor) -> Tensor:
        made: Tensor = self.net(z)
        return made


class Raising(nn.Module):
    """Fails once its input is bright."""

    def forward(self, z: Tensor) -> Tensor:
        if bool((z > 100).any()):
            raise ValueError("too bright\nand more")
        return z.view(-1, 1, 8, 8)


def scripted(net: nn.Module, path: Path) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.save(torch.jit.script(net.eval()), path)
    return path


def exported(net: nn.Module, x: Tensor, path: Path, any_batch: bool = True) -> Path:
    shapes = ({0: torch.export.Dim("b")},) if any_batch else None
    torch.export.save(torch.export.export(net.eval(), (x,), dynamic_shapes=shapes), path)
    return path


def opened(importer: Importer, path: Path, answers: Mapping[str, str] = SMALL) -> Model:
    assert importer.recognises(path)
    importer.offer(path, answers)
    return importer.open(path, answers, "cpu")


def refusal(call: Callable[[], object], path: Path, kind: type[UserError] = UserError) -> str:
    with pytest.raises(kind) as caught:
        call()
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


def keys(offer: Offer) -> set[str]:
    return {question.key for question in offer.questions}


@pytest.fixture
def images() -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(0).random((5, 8, 8, 1), np.float32)


def check_as_original(model: Model, net: Any, images: Any) -> None:
    """It encodes and decodes as the module does by itself, which knows -1 to 1."""
    x = torch.from_numpy(2 * images - 1).permute(0, 3, 1, 2)
    with torch.inference_mode():
        _, mean, logvar = net(x)
        made = (net.decode if hasattr(net, "decode") else net.decoder)(mean)
    posterior = model.encode(images)
    assert model.card.latent_dim == 3
    assert model.card.image == ImageShape(8, 8, 1)
    assert np.abs(posterior.mean - mean.numpy()).max() < 1e-6
    assert posterior.std is not None
    assert np.abs(posterior.std - (logvar / 2).exp().numpy()).max() < 1e-6
    wanted = (made.permute(0, 2, 3, 1).numpy() + 1) / 2
    assert np.abs(model.decode(posterior.mean) - wanted).max() < 1e-6


@pytest.mark.parametrize("net", [Whole(), Methods()])
def test_torchscript_is_found_by_methods_and_by_submodules(
    tmp_path: Path, images: Any, net: nn.Module
) -> None:
    model = opened(TORCHSCRIPT, scripted(net, tmp_path / "vae.pt"))
    assert model.card.capabilities == VAE
    assert model.card.family == "torchscript"
    assert model.card.parameters == sum(p.numel() for p in net.parameters())
    check_as_original(model, net, images)
    assert model.encode(images[:1]).mean.shape == (1, 3)
    assert model.encode(images[:0]).mean.shape == (0, 3)
    assert model.decode(np.zeros((0, 3), np.float32)).shape == (0, 8, 8, 1)


def test_the_offer_of_torchscript_says_what_is_in_it_and_why_it_is_dangerous(
    tmp_path: Path,
) -> None:
    path = scripted(Whole(), tmp_path / "vae.pt")
    offer = TORCHSCRIPT.offer(path, {})
    assert offer.format == "torchscript"
    assert offer.file_hash == hashlib.sha256(path.read_bytes()).hexdigest()
    assert offer.danger is not None
    assert str(path) in offer.danger
    assert "vae/code/__torch__" in offer.danger
    assert "would run when it is opened" in offer.danger
    assert {"role", "height", "width", "channels", "input_values", "output_values"} <= keys(offer)
    assert "latent_dim" not in keys(offer)
    assert offer.capabilities == {Capability.ENCODE, Capability.DECODE}
    decoder = TORCHSCRIPT.offer(path, {"role": "decoder", "latent_dim": "7", "channels": "3"})
    assert decoder.capabilities == {Capability.DECODE}
    assert decoder.latent_dim == 7
    assert {"latent_dim", "order"} <= keys(decoder)
    assert "input_values" not in keys(decoder)


@pytest.mark.parametrize("importer", [TORCHSCRIPT, EXPORTED_PROGRAM, TRUSTED_PICKLE])
def test_an_offer_loads_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, importer: Importer
) -> None:
    if importer is TORCHSCRIPT:
        path = scripted(Whole(), tmp_path / "a.pt")
    elif importer is EXPORTED_PROGRAM:
        path = exported(Decoder(), torch.zeros(2, 3), tmp_path / "a.pt2")
    else:
        path = tmp_path / "a.pt"
        torch.save(Whole(), path)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("it was loaded")

    for place, name in [(torch.jit, "load"), (torch.export, "load"), (torch, "load")]:
        monkeypatch.setattr(place, name, never)
    monkeypatch.setattr(pickle, "loads", never)
    assert importer.recognises(path)
    assert importer.offer(path, {}).danger is not None


def test_without_trust_nothing_is_opened_and_with_it_everything(
    tmp_path: Path, images: Any
) -> None:
    path = scripted(Whole(), tmp_path / "vae.pt")
    asked: list[str] = []

    def trusts(content: str) -> bool:
        asked.append(content)
        return len(asked) > 1

    def call() -> Model | None:
        return open_imported(path, SMALL, trusts)

    assert "only if you trust" in refusal(call, path, UnsafeFileError)
    model = call()
    assert model is not None
    assert model.card.weights_hash == asked[0] == asked[1]
    check_as_original(model, Whole().eval(), images)


def test_a_file_that_changes_after_it_was_offered_is_not_opened(tmp_path: Path) -> None:
    path = scripted(Whole(), tmp_path / "vae.pt")

    def trusts(_: str) -> bool:
        scripted(Methods(), path)
        return True

    sentence = refusal(lambda: open_imported(path, SMALL, trusts), path, UnsafeFileError)
    assert "has changed since" in sentence
    other = tmp_path / "never-offered.pt"
    other.write_bytes(path.read_bytes())
    refusal(lambda: TORCHSCRIPT.open(other, SMALL, "cpu"), other, UnsafeFileError)


def test_a_single_forward_is_what_the_role_says(tmp_path: Path, images: Any) -> None:
    net = Whole().eval()
    encoder = opened(TORCHSCRIPT, scripted(net.encoder, tmp_path / "encoder.pt"))
    assert encoder.card.capabilities == {Capability.ENCODE, Capability.POSTERIOR}
    with torch.inference_mode():
        mean, _ = net.encoder(torch.from_numpy(images).permute(0, 3, 1, 2))
        latents = torch.randn(4, 3)
        made = net.decoder(latents).permute(0, 2, 3, 1).numpy()
    assert np.abs(encoder.encode(images).mean - mean.numpy()).max() < 1e-6
    with pytest.raises(UserError, match="has no decoder"):
        encoder.decode(latents.numpy())
    path = scripted(net.decoder, tmp_path / "decoder.pt")
    decoder = opened(TORCHSCRIPT, path, {"latent_dim": "3"})
    assert decoder.card.capabilities == {Capability.DECODE, Capability.SAMPLE}
    assert np.abs(decoder.decode(latents.numpy()) - (made + 1) / 2).max() < 1e-6
    assert np.array_equal(decoder.sample(4, 1), decoder.sample(4, 1))
    assert decoder.sample(0, 1).shape == (0, 3)
    with pytest.raises(UserError, match="has no encoder"):
        decoder.encode(images)
    sentence = refusal(lambda: opened(TORCHSCRIPT, path, {"latent_dim": "4"}), path)
    assert "decoder failed on an array of shape (2, 4)" in sentence
    assert "cannot be multiplied" in sentence


def test_a_whole_autoencoder_of_one_forward_gives_its_latents(tmp_path: Path, images: Any) -> None:
    net = Whole().eval()
    net.a, net.b = net.encoder, net.decoder

    class OneForward(nn.Module):
        def __init__(self, a: nn.Module, b: nn.Module) -> None:
            super().__init__()
            self.a, self.b = a, b

        def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
            mean, logvar = self.a(x)
            return self.b(mean), mean, logvar

    path = exported(
        OneForward(net.encoder, net.decoder), torch.zeros(2, 1, 8, 8), tmp_path / "v.pt2"
    )
    model = opened(EXPORTED_PROGRAM, path, {})
    assert model.card.capabilities == {Capability.ENCODE, Capability.POSTERIOR}
    with torch.inference_mode():
        # The picture that it gives again is from -1 to 1, so that is what it takes.
        mean, _ = net.encoder(torch.from_numpy(2 * images - 1).permute(0, 3, 1, 2))
    assert np.abs(model.encode(images).mean - mean.numpy()).max() < 1e-6


def test_an_autoencoder_that_keeps_its_latents_is_refused(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.Conv2d(2, 1, 3, padding=1))
    path = scripted(net, tmp_path / "ae.pt")
    assert "does not give its latents" in refusal(lambda: opened(TORCHSCRIPT, path), path)


def test_one_part_alone_is_not_taken_for_both(tmp_path: Path) -> None:
    net = Whole()
    net.forward = net.encoder.forward  # type: ignore[method-assign]
    path = tmp_path / "half.pt"
    torch.save({"encoder": net.encoder, "note": 1}, path)
    sentence = refusal(lambda: opened(TRUSTED_PICKLE, path), path)
    assert "answer that it is an encoder" in sentence
    model = opened(TRUSTED_PICKLE, path, {**SMALL, "role": "encoder"})
    assert model.card.latent_dim == 3


def test_latents_with_places_and_single_samples_are_found_by_trying(tmp_path: Path) -> None:
    generator = Generator().eval()
    path = scripted(generator, tmp_path / "generator.pt")
    model = opened(TORCHSCRIPT, path, {"latent_dim": "5"})
    latents = np.random.default_rng(0).standard_normal((3, 5), np.float32)
    with torch.inference_mode():
        made = generator(torch.from_numpy(latents)[:, :, None, None]).permute(0, 2, 3, 1)
    assert model.card.image == ImageShape(4, 4, 3)
    assert np.abs(model.decode(latents) - (made.numpy() + 1) / 2).max() < 1e-6
    square = opened(TORCHSCRIPT, path, {"latent_dim": "20"})
    assert square.card.latent_dim == 20
    assert square.card.image == ImageShape(5, 5, 3)
    fixed = Fixed().eval()
    one = opened(TORCHSCRIPT, scripted(fixed, tmp_path / "decoder.pt"), {"latent_dim": "3"})
    with torch.inference_mode():
        wanted = fixed.net(torch.from_numpy(latents[:, :3])).permute(0, 2, 3, 1)
    assert np.abs(one.decode(latents[:, :3]) - (wanted.numpy() + 1) / 2).max() < 1e-6


def test_an_encoder_of_single_pictures_is_found_by_trying(tmp_path: Path, images: Any) -> None:
    net = FixedEncoder().eval()
    model = opened(TORCHSCRIPT, scripted(net, tmp_path / "encoder.pt"))
    with torch.inference_mode():
        mean, _ = net.net(torch.from_numpy(images).permute(0, 3, 1, 2))
    assert np.abs(model.encode(images).mean - mean.numpy()).max() < 1e-6


def test_answers_on_values_and_outputs_are_followed(tmp_path: Path, images: Any) -> None:
    net = Whole().eval()
    path = scripted(net, tmp_path / "vae.pt")
    told = {"input_values": "0..1", "output_values": "logits", "spread": "standard deviation"}
    model = opened(TORCHSCRIPT, path, {**SMALL, **told})
    with torch.inference_mode():
        made, mean, second = net(torch.from_numpy(images).permute(0, 3, 1, 2))
    posterior = model.encode(images)
    assert np.abs(posterior.mean - mean.numpy()).max() < 1e-6
    assert posterior.std is not None
    assert np.abs(posterior.std - second.numpy()).max() < 1e-6
    wanted = made.sigmoid().permute(0, 2, 3, 1).numpy()
    assert np.abs(model.decode(posterior.mean) - wanted).max() < 1e-6
    plain = opened(TORCHSCRIPT, path, {**SMALL, "spread": "none"})
    assert plain.card.capabilities == {Capability.ENCODE, Capability.DECODE}
    swapped = opened(TORCHSCRIPT, path, {**SMALL, **told, "mean_output": "2"})
    assert np.abs(swapped.encode(images).mean - second.numpy()).max() < 1e-6
    third = {**SMALL, "mean_output": "3"}
    assert "gives 2 outputs" in refusal(lambda: opened(TORCHSCRIPT, path, third), path)


def test_an_encoder_whose_output_is_both_halves_is_split(tmp_path: Path, images: Any) -> None:
    net = Whole().eval()
    net.encoder = net.encoder.net  # type: ignore[assignment]
    path = tmp_path / "vae.pt"
    torch.save({"encoder": net.encoder, "decoder": net.decoder}, path)
    check_as_original(opened(TRUSTED_PICKLE, path), Whole().eval(), images)


def test_sizes_that_do_not_fit_end_in_a_sentence(tmp_path: Path) -> None:
    path = scripted(Whole(), tmp_path / "vae.pt")
    sentence = refusal(lambda: opened(TORCHSCRIPT, path, {}), path)
    assert "(2, 1, 28, 28)" in sentence
    large = {"height": "99999999", "width": "8"}
    assert "at most 8,192" in refusal(lambda: opened(TORCHSCRIPT, path, large), path)
    many = {"role": "decoder", "latent_dim": "999999999999"}
    assert "at most 16,777,216" in refusal(lambda: opened(TORCHSCRIPT, path, many), path)
    flat = scripted(nn.Linear(3, 50), tmp_path / "decoder.pt")
    sentence = refusal(lambda: opened(TORCHSCRIPT, flat, {**SMALL, "latent_dim": "3"}), flat)
    assert "gives 50 values for a picture, and 8 x 8 x 1 are 64" in sentence
    model = opened(TORCHSCRIPT, flat, {"height": "5", "width": "10", "latent_dim": "3"})
    assert model.card.image == ImageShape(5, 10, 1)


def test_the_model_refuses_what_does_not_fit_it(tmp_path: Path, images: Any) -> None:
    model = opened(TORCHSCRIPT, scripted(Whole(), tmp_path / "vae.pt"))
    with pytest.raises(UserError, match="choose a data set that fits"):
        model.encode(images[:, :4])
    with pytest.raises(UserError, match="divide by the largest value"):
        model.encode((images * 255).astype(np.uint8))
    with pytest.raises(UserError, match=r"give it \(n, 3\)"):
        model.decode(np.zeros((2, 4), np.float32))
    with pytest.raises(UserError, match="ask for 0 or more"):
        model.sample(-1, 0)


def test_what_the_code_raises_later_is_a_sentence_too(tmp_path: Path) -> None:
    path = scripted(Raising(), tmp_path / "decoder.pt")
    model = opened(TORCHSCRIPT, path, {"latent_dim": "64"})
    sentence = refusal(lambda: model.decode(np.full((1, 64), 101, np.float32)), path)
    assert "decoder failed" in sentence
    assert "too bright" in sentence


def test_exported_programs_tell_their_shapes_themselves(tmp_path: Path, images: Any) -> None:
    net = Whole().eval()
    path = exported(net.encoder, torch.zeros(2, 1, 8, 8), tmp_path / "encoder.pt2")
    encoder = opened(EXPORTED_PROGRAM, path, {})  # the answers would say 28 x 28
    with torch.inference_mode():
        mean, _ = net.encoder(torch.from_numpy(images).permute(0, 3, 1, 2))
        latents = torch.randn(5, 3)
        made = net.decoder(latents).permute(0, 2, 3, 1).numpy()
    assert encoder.card.image == ImageShape(8, 8, 1)
    assert encoder.card.family == "exported program"
    assert np.abs(encoder.encode(images).mean - mean.numpy()).max() < 1e-6
    assert encoder.encode(images[:1]).mean.shape == (1, 3)
    path = exported(net.decoder, torch.zeros(4, 3), tmp_path / "decoder.pt2", any_batch=False)
    decoder = opened(EXPORTED_PROGRAM, path, {})  # and 64 dimensions; it takes four at once
    assert decoder.card.latent_dim == 3
    for count in (0, 1, 4, 5):
        wanted = (made[:count] + 1) / 2
        given = decoder.decode(latents[:count].numpy())
        assert given.shape == (count, 8, 8, 1)
        assert np.abs(given - wanted).max(initial=0) < 1e-6


def test_two_graphs_in_one_file_are_a_pair(tmp_path: Path, images: Any) -> None:
    from torch.export.pt2_archive._package import package_pt2

    net, any_batch = Whole().eval(), ({0: torch.export.Dim("b")},)
    programs = {
        "encoder": torch.export.export(
            net.encoder, (torch.zeros(2, 1, 8, 8),), dynamic_shapes=any_batch
        ),
        "decoder": torch.export.export(net.decoder, (torch.zeros(2, 3),), dynamic_shapes=any_batch),
    }
    path = tmp_path / "pair.pt2"
    package_pt2(str(path), exported_programs=programs)
    model = opened(EXPORTED_PROGRAM, path)
    assert model.card.capabilities == VAE
    check_as_original(model, net, images)
    other = tmp_path / "other.pt2"
    package_pt2(str(other), exported_programs={"a": programs["encoder"], "b": programs["decoder"]})
    (missing,) = EXPORTED_PROGRAM.offer(other, {}).missing
    assert "2 graphs, a, b" in missing


def test_the_offer_of_an_exported_program_names_its_graphs(tmp_path: Path) -> None:
    path = exported(Decoder(), torch.zeros(2, 3), tmp_path / "decoder.pt2")
    offer = EXPORTED_PROGRAM.offer(path, {})
    assert not TORCHSCRIPT.recognises(path)
    assert not TRUSTED_PICKLE.recognises(path)
    assert offer.danger is not None
    assert str(path) in offer.danger
    assert "its graphs (model) are code" in offer.danger
    assert offer.capabilities == {Capability.DECODE}
    assert not offer.missing


def test_graphs_of_several_inputs_or_whole_numbers_are_refused(tmp_path: Path) -> None:
    class Two(nn.Module):
        def forward(self, a: Tensor, b: Tensor) -> Tensor:
            return a + b

    path = tmp_path / "two.pt2"
    torch.export.save(torch.export.export(Two(), (torch.zeros(2, 3), torch.zeros(2, 3))), path)
    assert "takes 2 inputs (a, b)" in refusal(lambda: opened(EXPORTED_PROGRAM, path), path)
    whole = exported(nn.Embedding(9, 4), torch.zeros(2, 3, dtype=torch.int64), tmp_path / "i.pt2")
    assert "torch.int64" in refusal(lambda: opened(EXPORTED_PROGRAM, whole), whole)


def test_compiled_packages_are_named_as_such(tmp_path: Path) -> None:
    path = tmp_path / "net.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/archive_format", "pt2")
        archive.writestr("net/data/aotinductor/model/cxyz.wrapper.so", b"\x7fELF")
    (missing,) = EXPORTED_PROGRAM.offer(path, {}).missing
    assert "machine code" in missing
    assert "torch.export.save" in missing


def rewritten(path: Path, change: Callable[[str, bytes], bytes]) -> None:
    """The same zip with other contents, stored, as torch reads them."""
    with zipfile.ZipFile(path) as archive:
        held = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in held.items():
            archive.writestr(name, change(name, content))


@pytest.mark.parametrize("kind", ["torchscript", "exported"])
def test_a_damaged_program_ends_in_a_sentence_after_trust(tmp_path: Path, kind: str) -> None:
    if kind == "torchscript":
        importer, path = TORCHSCRIPT, scripted(Whole(), tmp_path / "a.pt")
        spoilt = ".py"
    else:
        importer = EXPORTED_PROGRAM
        path = exported(Decoder(), torch.zeros(2, 3), tmp_path / "decoder.pt2")
        spoilt = "model.json"
    whole = path.read_bytes()
    rewritten(path, lambda name, held: b"nothing" if name.endswith(spoilt) else held)
    sentence = refusal(lambda: opened(importer, path), path)
    assert "could not be loaded" in sentence
    assert "export it again" in sentence
    path.write_bytes(whole[: len(whole) // 2])
    assert not importer.recognises(path)
    refusal(lambda: importer.offer(path, {}), path)
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    assert not importer.recognises(path)
    path.write_bytes(b"")
    assert not importer.recognises(path)
    assert not importer.recognises(tmp_path)
    assert not importer.recognises(tmp_path / "nowhere.pt")


def test_what_torch_only_logs_is_in_the_sentence(tmp_path: Path) -> None:
    path = tmp_path / "decoder.pt2"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/archive_format", "pt2")
        archive.writestr("net/models/model.json", "{}")
        archive.writestr("net/.data/version", "6")
    sentence = refusal(lambda: opened(EXPORTED_PROGRAM, path), path)
    assert "archive_version" in sentence


def test_a_zip_that_swells_or_leaves_its_place_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("net/code/../../../evil.py", b"")
    refusal(lambda: TORCHSCRIPT.offer(path, {}), path, UnsafeFileError)
    with zipfile.ZipFile(path, "w") as archive:
        for index in range(10_001):
            archive.writestr(f"net/code/{index}.py", b"")
        archive.writestr("net/data.pkl", b"\x80\x02}q\x00.")
    assert "10,002 entries" in refusal(lambda: TORCHSCRIPT.offer(path, {}), path)


class Armed:
    """Leaves a file behind when a pickle of it is opened."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("kind", ["zip", "old", "plain"])
def test_pickled_modules_name_their_classes_and_open_with_trust(
    tmp_path: Path, images: Any, kind: str
) -> None:
    net, path = Whole().eval(), tmp_path / "vae.pt"
    if kind == "plain":
        path.write_bytes(pickle.dumps(net))
    else:
        torch.save({"epoch": 3, "model": net}, path, _use_new_zipfile_serialization=kind == "zip")
    assert TRUSTED_PICKLE.recognises(path)
    offer = TRUSTED_PICKLE.offer(path, SMALL)
    assert offer.danger is not None
    assert str(path) in offer.danger
    assert f"“{__name__}.Decoder”, “{__name__}.Encoder”" in offer.danger
    assert "torch.nn" not in offer.danger
    check_as_original(TRUSTED_PICKLE.open(path, SMALL, "cpu"), net, images)


def test_a_pickle_is_not_run_without_trust(tmp_path: Path) -> None:
    trace, path = tmp_path / "trace", tmp_path / "net.pt"
    torch.save({"model": Armed(trace)}, path)
    offer = TRUSTED_PICKLE.offer(path, {})
    assert offer.danger is not None
    assert "pathlib" in offer.danger
    refusal(lambda: open_imported(path, {}, lambda _: False), path, UnsafeFileError)
    assert not trace.exists()
    assert "no module" in refusal(lambda: TRUSTED_PICKLE.open(path, {}, "cpu"), path)
    assert trace.exists()


def test_a_missing_class_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "own" / "own_networks.py"
    source.parent.mkdir()
    source.write_text("from torch import nn\nclass Net(nn.Linear):\n    pass\n")
    path = tmp_path / "net.pt"
    monkeypatch.syspath_prepend(str(source.parent))
    import own_networks

    torch.save(own_networks.Net(3, 4), path)
    monkeypatch.setattr(own_networks, "Net", None)
    monkeypatch.delattr(own_networks, "Net")
    sentence = refusal(lambda: opened(TRUSTED_PICKLE, path), path)
    assert "Net" in sentence
    assert "adapter file" in sentence
    monkeypatch.delitem(sys.modules, "own_networks")
    source.unlink()
    sentence = refusal(lambda: opened(TRUSTED_PICKLE, path), path)
    assert "“own_networks”, which is not installed" in sentence
    assert "adapter file" in sentence


@pytest.mark.parametrize(
    ("held", "reason"),
    [
        ({"w": torch.zeros(2)}, "holds weights and no network"),
        (3, "holds a int and no module"),
        (nn.Identity, "holds a type and no module"),
        ({}, "holds a dict and no module"),
    ],
)
def test_pickles_without_a_module_are_refused_after_trust(
    tmp_path: Path, held: Any, reason: str
) -> None:
    path = tmp_path / "x.pt"
    torch.save(held, path)
    assert reason in refusal(lambda: opened(TRUSTED_PICKLE, path), path)


@pytest.mark.parametrize(
    "content",
    [
        b"\x80\x02",
        b"\x80\x02cos\nsystem\n",
        b"\x80\x04\x95" + struct.pack("<Q", 2**62),
        b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"abc.",
        b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.",
    ],
)
def test_damaged_pickles_end_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.pt"
    path.write_bytes(content)
    assert TRUSTED_PICKLE.recognises(path)
    assert "damaged" in refusal(lambda: TRUSTED_PICKLE.offer(path, {}), path)
