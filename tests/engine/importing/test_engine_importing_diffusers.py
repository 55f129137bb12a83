"""Folders of diffusers: what they are, that they answer as diffusers does, and what is refused."""

import json
import os
import shutil
import socket
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.ports import Capability, Diffusion, ImageShape, Model
from latentviewer.engine.importing.diffusers_folder import building
from latentviewer.engine.importing.diffusers_folder.importer import DIFFUSERS_FOLDER
from latentviewer.engine.importing.importers import importer_of
from latentviewer.torchvision_operators import declare_missing_operators

Images = NDArray[np.float32]
WEIGHTS = "diffusion_pytorch_model.safetensors"
SCALED: dict[str, Any] = {"scaling_factor": 0.5, "shift_factor": 0.25}
AUTOENCODER = {Capability.ENCODE, Capability.DECODE}
DIFFUSION = AUTOENCODER | {Capability.SAMPLE, Capability.DENOISE}
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:ab\nsize 334643268\n"


def kl(**settings: Any) -> Any:
    declare_missing_operators()
    from diffusers import AutoencoderKL

    torch.manual_seed(1)
    levels: dict[str, Any] = {
        "block_out_channels": (8, 16),
        "down_block_types": ("DownEncoderBlock2D",) * 2,
        "up_block_types": ("UpDecoderBlock2D",) * 2,
    }
    return AutoencoderKL(**{**levels, "norm_num_groups": 4, "sample_size": 16, **settings}).eval()


def vq(**settings: Any) -> Any:
    declare_missing_operators()
    from diffusers import VQModel

    torch.manual_seed(1)
    levels: dict[str, Any] = {
        "block_out_channels": (8, 16),
        "down_block_types": ("DownEncoderBlock2D",) * 2,
        "up_block_types": ("UpDecoderBlock2D",) * 2,
    }
    net: Any = VQModel(
        **{**levels, "norm_num_groups": 4, "sample_size": 16, "num_vq_embeddings": 7, **settings}
    )
    torch.nn.init.normal_(net.quantize.embedding.weight)
    return net.eval()


def tiny(**settings: Any) -> Any:
    declare_missing_operators()
    from diffusers import AutoencoderTiny

    torch.manual_seed(1)
    levels: dict[str, Any] = {
        "encoder_block_out_channels": (8, 8),
        "decoder_block_out_channels": (8, 8),
        "num_encoder_blocks": (1, 1),
        "num_decoder_blocks": (1, 1),
    }
    return AutoencoderTiny(**{**levels, **settings}).eval()


def unet(**settings: Any) -> Any:
    declare_missing_operators()
    from diffusers import UNet2DModel

    torch.manual_seed(1)
    levels: dict[str, Any] = {
        "block_out_channels": (8, 16),
        "layers_per_block": 1,
        "norm_num_groups": 4,
        "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
        "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
        "attention_head_dim": 8,
    }
    return UNet2DModel(**{**levels, "sample_size": 16, **settings}).eval()


def pipeline(folder: Path, parts: Mapping[str, Any], **schedule: Any) -> Path:
    """A pipeline's folder, its parts in folders of their own."""
    for name, net in parts.items():
        net.save_pretrained(folder / name)
    index = {name: ["diffusers", type(net).__name__] for name, net in parts.items()}
    index |= {"scheduler": ["diffusers", "DDPMScheduler"], "_class_name": "OurPipeline"}  # type: ignore[dict-item]
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "scheduler").mkdir(exist_ok=True)
    settings = {"_class_name": "DDPMScheduler", "clip_sample": False, **schedule}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(settings))
    return folder


def saved(net: Any, folder: Path) -> Path:
    net.save_pretrained(folder)
    return folder


def change_config(folder: Path, **settings: Any) -> None:
    place = folder / "config.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), **settings}))


def change_weights(
    folder: Path, change: Callable[[dict[str, torch.Tensor]], object], name: str = WEIGHTS
) -> None:
    tensors = {key: tensor.clone() for key, tensor in load_file(folder / name).items()}
    change(tensors)
    save_file(tensors, folder / name)


def opened(path: Path, answers: Mapping[str, str] | None = None) -> Model:
    """As the importers open it, and as its offer foretells."""
    assert importer_of(path) is DIFFUSERS_FOLDER
    offer = DIFFUSERS_FOLDER.offer(path, answers or {})
    assert offer.danger is None
    assert not offer.missing
    model = DIFFUSERS_FOLDER.open(path, answers or {}, "cpu")
    assert model.card.capabilities == offer.capabilities
    assert model.card.latent_dim == offer.latent_dim
    assert model.card.image == offer.image
    assert model.card.weights_hash == offer.file_hash
    return model


def refusal(call: Callable[[], object], path: Path, kind: type[UserError] = UserError) -> str:
    with pytest.raises(kind) as caught:
        call()
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


def refused(path: Path, answers: Mapping[str, str] | None = None) -> str:
    return refusal(lambda: DIFFUSERS_FOLDER.open(path, answers or {}, "cpu"), path)


def planes(images: Images) -> torch.Tensor:
    return torch.from_numpy(2 * images - 1).permute(0, 3, 1, 2)


def shown(sample: torch.Tensor) -> Images:
    found: Images = (sample / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    return found


def close(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a.shape == b.shape and bool(np.abs(a - b).max() < 1e-5)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("something asked for the network")

    monkeypatch.setattr(socket.socket, "connect", never)
    monkeypatch.setattr(socket, "getaddrinfo", never)


@pytest.fixture
def images() -> Images:
    return np.random.default_rng(0).random((3, 16, 16, 3), np.float32)


@pytest.mark.parametrize(
    ("settings", "shift", "scale"),
    [
        ({}, 0.0, 0.18215),
        (SCALED, 0.25, 0.5),
        ({**SCALED, "latents_mean": [1.0, 2, 3, 4], "latents_std": [2.0, 4, 5, 8]}, None, None),
    ],
)
def test_an_autoencoder_kl_has_latents_as_its_diffusion_sees_them(
    tmp_path: Path, images: Images, settings: dict[str, Any], shift: float, scale: float
) -> None:
    net = kl(**settings)
    model = opened(saved(net, tmp_path / "vae"))
    assert model.card.family == "diffusers"
    assert model.card.capabilities == AUTOENCODER | {Capability.POSTERIOR}
    assert model.card.image == ImageShape(16, 16, 3)
    assert model.card.latent_dim == 4 * 8 * 8
    assert model.card.parameters == sum(p.numel() for p in net.parameters())
    with torch.inference_mode():
        given = net.encode(planes(images)).latent_dist
        mean, std, made = given.mean, given.std, shown(net.decode(given.mean).sample)
    if shift is None:
        means, stds = torch.tensor([1.0, 2, 3, 4]), torch.tensor([2.0, 4, 5, 8])
        mean = (mean - means[:, None, None]) / stds[:, None, None] * 0.5
        std = std / stds[:, None, None] * 0.5
    else:
        mean, std = (mean - shift) * scale, std * scale
    posterior = model.encode(images)
    assert posterior.std is not None
    assert close(posterior.mean, mean.flatten(1).numpy())
    assert close(posterior.std, std.flatten(1).numpy())
    assert close(model.decode(posterior.mean), made)
    assert model.encode(images[:0]).mean.shape == (0, 256)
    assert model.decode(np.zeros((0, 256), np.float32)).shape == (0, 16, 16, 3)


def test_an_autoencoder_tiny_has_no_spread(tmp_path: Path, images: Images) -> None:
    net = tiny(scaling_factor=0.5, shift_factor=0.25)
    folder = saved(net, tmp_path / "taesd")
    assert DIFFUSERS_FOLDER.offer(folder, {}).image == ImageShape(256, 256, 3)
    model = opened(folder, {"height": "16", "width": "16"})
    assert model.card.capabilities == AUTOENCODER
    with torch.inference_mode():
        latents = net.encode(planes(images)).latents
        made = shown(net.decode(latents).sample)
    posterior = model.encode(images)
    assert posterior.std is None
    assert close(posterior.mean, ((latents - 0.25) * 0.5).flatten(1).numpy())
    assert close(model.decode(posterior.mean), made)


def test_a_decoder_of_another_size_than_its_encoder_is_refused(tmp_path: Path) -> None:
    net = tiny(decoder_block_out_channels=(8, 8, 8), num_decoder_blocks=(1, 1, 1))
    sentence = refused(saved(net, tmp_path / "taesd"), {"height": "16", "width": "16"})
    assert "its decoder gives (3, 32, 32) where (3, 16, 16) was to be expected" in sentence


def test_a_vq_model_quantises_when_it_decodes(tmp_path: Path, images: Images) -> None:
    net = vq(scaling_factor=0.5, vq_embed_dim=2)
    model = opened(saved(net, tmp_path / "vqvae"))
    assert model.card.latent_dim == 2 * 8 * 8
    with torch.inference_mode():
        latents = net.encode(planes(images)).latents
        made = shown(net.decode(latents).sample)
        unquantised = shown(net.decode(latents, force_not_quantize=True).sample)
    posterior = model.encode(images)
    assert close(posterior.mean, (latents * 0.5).flatten(1).numpy())
    assert close(model.decode(posterior.mean), made)
    assert not close(made, unquantised)


def test_other_sizes_and_many_images_go_through(tmp_path: Path, monkeypatch: Any) -> None:
    net = kl(in_channels=1, out_channels=1)
    folder = saved(net, tmp_path / "vae")
    model = opened(folder, {"height": "8", "width": "12"})
    assert model.card.image == ImageShape(8, 12, 1)
    assert model.card.latent_dim == 4 * 4 * 6
    grey = np.random.default_rng(0).random((5, 8, 12, 1), np.float32)
    whole = model.encode(grey).mean
    made = model.decode(whole)
    from latentviewer.engine.importing.diffusers_folder import models

    monkeypatch.setattr(models, "_PIXELS_AT_ONCE", 200)
    assert close(model.encode(grey).mean, whole)
    assert close(model.decode(whole), made)
    assert "multiples of 2, and not 8 x 9" in refused(folder, {"height": "8", "width": "9"})
    assert "at most 4,096" in refused(folder, {"height": "999999999"})
    with pytest.raises(UserError, match="choose a data set that fits"):
        model.encode(grey[:, :4])
    with pytest.raises(UserError, match=r"give it \(n, 96\)"):
        model.decode(whole[:, 1:])


@pytest.mark.parametrize("inner", ["vae", "vqvae"])
def test_the_autoencoder_of_a_pipeline_is_found(tmp_path: Path, images: Images, inner: str) -> None:
    net = kl() if inner == "vae" else vq()
    folder = pipeline(tmp_path / "sd", {inner: net})
    index = json.loads((folder / "model_index.json").read_text())
    index |= {"unet": ["diffusers", "UNet2DConditionModel"], "safety": [None, None], "flag": True}
    (folder / "model_index.json").write_text(json.dumps(index))
    (folder / "unet").mkdir()
    (folder / "unet" / "config.json").write_text('{"_class_name": "UNet2DConditionModel"}')
    offer = DIFFUSERS_FOLDER.offer(folder, {})
    assert f"{type(net).__name__} of diffusers, of a OurPipeline" in offer.found[0]
    assert "Not used: scheduler, unet, safety." in offer.found
    for path in (folder, folder / "model_index.json", folder / inner, folder / inner / WEIGHTS):
        assert close(opened(path).encode(images).mean, opened(folder).encode(images).mean)


def test_half_precision_and_shards_give_the_same_weights(tmp_path: Path, images: Images) -> None:
    net = kl()
    plain = opened(saved(net, tmp_path / "plain")).encode(images).mean
    half = tmp_path / "half"
    net.half().save_pretrained(half, variant="fp16")
    assert [entry.name for entry in half.glob("*.safetensors")] == [
        "diffusion_pytorch_model.fp16.safetensors"
    ]
    with torch.inference_mode():
        rounded = net.float().encode(planes(images)).latent_dist.mean * 0.18215
    given = opened(half).encode(images).mean
    assert close(given, rounded.flatten(1).numpy())
    assert not close(given, plain)
    shutil.copy(half / "diffusion_pytorch_model.fp16.safetensors", tmp_path / "plain")
    question = DIFFUSERS_FOLDER.offer(tmp_path / "plain", {}).questions[-1]
    assert [value for value, _ in question.choices] == ["", "fp16"]
    assert close(opened(tmp_path / "plain").encode(images).mean, plain)
    assert close(opened(tmp_path / "plain", {"variant": "fp16"}).encode(images).mean, given)
    sharded = tmp_path / "sharded"
    kl().save_pretrained(sharded, max_shard_size=20_000)
    assert len(list(sharded.glob("*.safetensors"))) > 1
    assert close(opened(sharded).encode(images).mean, plain)


def test_attention_under_its_old_names_is_known(tmp_path: Path, images: Images) -> None:
    folder = saved(kl(), tmp_path / "vae")
    wanted = opened(folder).encode(images).mean
    old = {"to_q": "query", "to_k": "key", "to_v": "value", "to_out.0": "proj_attn"}

    def rename(tensors: dict[str, torch.Tensor]) -> None:
        for name in [name for name in tensors if ".attentions." in name]:
            for new, former in old.items():
                if f".{new}." in name:
                    tensor = tensors.pop(name)
                    shaped = tensor[:, :, None, None] if tensor.ndim == 2 else tensor
                    tensors[name.replace(new, former)] = shaped.contiguous()

    change_weights(folder, rename)
    assert any(".query." in name for name in load_file(folder / WEIGHTS))
    assert close(opened(folder).encode(images).mean, wanted)


def scheduled(steps: int, **settings: Any) -> Any:
    """diffusers' own DDIM, on the steps that are taken here."""
    from diffusers import DDIMScheduler

    scheduler: Any = DDIMScheduler(
        timestep_spacing="trailing", **{"clip_sample": False, **settings}
    )
    scheduler.set_timesteps(steps)
    return scheduler


@pytest.mark.parametrize("settings", [
    {},
    {"clip_sample": True, "clip_sample_range": 0.7},
    {"prediction_type": "v_prediction", "rescale_betas_zero_snr": True},
    {"prediction_type": "sample", "beta_schedule": "squaredcos_cap_v2"},
    {"beta_schedule": "scaled_linear", "beta_start": 0.001, "beta_end": 0.01},
    {"trained_betas": [0.01] * 1000},
])  # fmt: skip
def test_a_diffusion_in_pixels_denoises_as_ddim_does(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    net = unet()
    model = opened(pipeline(tmp_path / "ddpm", {"unet": net}, **settings))
    assert model.card.capabilities == DIFFUSION
    assert model.card.latent_dim == 3 * 16 * 16
    assert isinstance(model, Diffusion)
    assert model.conditions == {}
    noise = model.noise(2, 5)
    steps = list(model.denoising(noise, 10, 1.0, {}))
    assert [step.step for step in steps] == list(range(11))
    assert [round(step.time, 6) for step in steps] == [round(1 - i / 10, 6) for i in range(11)]
    scheduler = scheduled(10, **settings)
    x = torch.from_numpy(noise).view(2, 3, 16, 16)
    for time, step in zip(scheduler.timesteps, steps[1:], strict=True):
        with torch.inference_mode():
            given = scheduler.step(net(x, time).sample, time, x)
        x = given.prev_sample
        for ours, theirs in ((step.latents, x), (step.expected, given.pred_original_sample)):
            # Untrained networks lead to numbers in the hundreds.
            assert close(ours / 100, theirs.flatten(1).numpy() / 100)
    assert close(
        model.decode(steps[-1].latents),
        shown(torch.from_numpy(steps[-1].latents).view(2, 3, 16, 16)),
    )


def test_pixels_are_their_own_latents(tmp_path: Path, images: Images) -> None:
    model = opened(pipeline(tmp_path / "ddpm", {"unet": unet()}))
    posterior = model.encode(images)
    assert posterior.std is None
    assert close(posterior.mean, planes(images).flatten(1).numpy())
    assert close(model.decode(posterior.mean), images)
    assert model.decode(np.full((1, 768), 9, np.float32)).max() == 1
    assert np.array_equal(model.sample(2, 3), model.sample(2, 3))
    assert not np.array_equal(model.sample(1, 3), model.sample(1, 4))
    assert model.sample(0, 3).shape == (0, 768)


def test_a_sample_goes_back_to_its_noise_and_partly_noised_data_come_back(
    tmp_path: Path, images: Images
) -> None:
    net = unet()
    with torch.no_grad():
        net.conv_out.weight.mul_(0.1)  # a network that is trained is as smooth
    model: Any = opened(pipeline(tmp_path / "ddpm", {"unet": net}))
    noise = model.noise(2, 0)
    *_, data = model.denoising(noise, 20, 1.0, {})
    *_, back = model.renoising(data.latents, 20, {})
    way = np.abs(noise - data.latents).mean()
    assert np.abs(back.latents - noise).mean() < 1e-6 * way  # one evaluation leaves 4e-5
    latents = model.encode(images[:2]).mean
    first, *_, last = model.denoising(noise, 5, 1.0, {}, data=latents, since=0.1)
    kept = float(scheduled(10).alphas_cumprod[99])
    assert first.time == 0.1
    assert close(first.latents, kept**0.5 * latents + (1 - kept) ** 0.5 * noise)
    assert close(first.expected, latents)
    assert last.time == 0
    with pytest.raises(ValueError, match="cannot begin at time"):
        next(model.denoising(noise, 5, 1.0, {}, since=0.5))
    with pytest.raises(UserError, match="it knows no conditions"):
        next(model.denoising(noise, 5, 1.0, {"label": "3"}))
    with pytest.raises(UserError, match="ask for 1 to 1,000"):
        next(model.renoising(noise, 0, {}))
    with pytest.raises(UserError, match=r"give it \(n, 768\)"):
        list(model.denoising(noise[:, 1:], 5, 1.0, {}))


def test_a_latent_diffusion_decodes_with_its_autoencoder(tmp_path: Path, images: Images) -> None:
    vqvae, net = vq(scaling_factor=0.5), unet(sample_size=8)
    folder = pipeline(tmp_path / "ldm", {"vqvae": vqvae, "unet": net})
    model: Any = opened(folder, {"height": "16", "width": "16"})
    assert DIFFUSERS_FOLDER.offer(folder, {}).image == ImageShape(16, 16, 3)
    assert model.card.latent_dim == 3 * 8 * 8
    assert model.card.capabilities == DIFFUSION
    *_, last = model.denoising(model.noise(1, 0), 4, 1.0, {})
    with torch.inference_mode():
        made = vqvae.decode(torch.from_numpy(last.latents).view(1, 3, 8, 8) / 0.5).sample
        latents = vqvae.encode(planes(images)).latents * 0.5
    assert close(model.decode(last.latents), shown(made))
    assert close(model.encode(images).mean, latents.flatten(1).numpy())
    assert close(model.noise(2, 1), model.noise(2, 1))


def test_an_old_pipeline_of_one_network_lies_in_one_folder(tmp_path: Path) -> None:
    folder = saved(unet(out_channels=6), tmp_path / "ddpm")
    offer = DIFFUSERS_FOLDER.offer(folder, {})
    assert any("noise is taken to be added as in DDPM" in line for line in offer.found)
    (folder / "model_index.json").write_text(
        json.dumps({"_class_name": "DDPMPipeline", "unet": ["diffusers", "UNet2DModel"]})
    )
    (folder / "scheduler_config.json").write_text('{"_class_name": "DDIMScheduler"}')
    model: Any = opened(folder)
    assert "of a DDPMPipeline" in DIFFUSERS_FOLDER.offer(folder, {}).found[0]
    (*_, last) = model.denoising(model.noise(1, 0), 5, 1.0, {})
    assert np.abs(last.expected).max() <= 1  # DDIM clips unless it is told not to


@pytest.mark.parametrize(
    ("settings", "schedule", "reason"),
    [
        ({}, {"_class_name": "ScoreSdeVeScheduler"}, "added as by “ScoreSdeVeScheduler”"),
        ({"num_class_embeds": 10}, {}, "has to be asked for a class"),
        ({"in_channels": 9, "out_channels": 9}, {}, "takes 9 channels, and pictures have 1 or 3"),
        ({"out_channels": 4}, {}, "takes 3 channels and gives 4"),
    ],
)
def test_what_is_not_offered_is_said_in_the_offer(
    tmp_path: Path, settings: dict[str, Any], schedule: dict[str, Any], reason: str
) -> None:
    folder = pipeline(tmp_path / "ddpm", {"unet": unet()}, **schedule)
    change_config(folder / "unet", **settings)
    (missing,) = DIFFUSERS_FOLDER.offer(folder, {}).missing
    assert reason in missing
    assert refused(folder) == missing


def test_a_denoiser_of_other_latents_is_refused(tmp_path: Path) -> None:
    folder = pipeline(
        tmp_path / "ldm", {"vqvae": vq(), "unet": unet(in_channels=4, out_channels=4)}
    )
    (missing,) = DIFFUSERS_FOLDER.offer(folder, {}).missing
    assert "denoises 4 channels, and latents have 3" in missing


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"prediction_type": "flow"}, "“prediction_type” must be"),
        ({"num_train_timesteps": 10**9}, "“num_train_timesteps” must be 1 to 100,000"),
        ({"num_train_timesteps": "many"}, "“num_train_timesteps” must be"),
        ({"beta_schedule": "odd"}, "its betas make no sense"),
        ({"beta_start": 2.0, "beta_end": 3.0}, "leave no signal"),
        ({"beta_end": -0.02}, "more than there was"),
        ({"rescale_betas_zero_snr": True}, "leave no signal"),
        ({"clip_sample_range": 0}, "“clip_sample_range” must be above 0"),
        ({"trained_betas": ["a"]}, "its betas make no sense"),
    ],
)
def test_schedules_that_make_no_sense_are_refused(
    tmp_path: Path, settings: dict[str, Any], reason: str
) -> None:
    folder = pipeline(tmp_path / "ddpm", {"unet": unet()}, **settings)
    assert reason in refused(folder)


def test_pointers_and_missing_weights_are_named_as_such(tmp_path: Path) -> None:
    folder = saved(kl(), tmp_path / "vae")
    (folder / WEIGHTS).write_bytes(POINTER)
    offer = DIFFUSERS_FOLDER.offer(folder, {})
    (missing,) = offer.missing
    assert f"{folder / WEIGHTS} is a git-LFS pointer of {len(POINTER)} bytes" in missing
    assert "git lfs pull" in missing
    assert offer.latent_dim == 256
    assert refused(folder) == missing
    (folder / WEIGHTS).unlink()
    (missing,) = DIFFUSERS_FOLDER.offer(folder, {}).missing
    assert f"{folder / WEIGHTS} is not there" in missing
    sharded = tmp_path / "sharded"
    kl().save_pretrained(sharded, max_shard_size=20_000)
    shard = sorted(sharded.glob("*.safetensors"))[1]
    shard.unlink()
    (missing,) = DIFFUSERS_FOLDER.offer(sharded, {}).missing
    assert f"{shard}, which {WEIGHTS}.index.json names, is not there" in missing
    shard.write_bytes(POINTER)
    (missing,) = DIFFUSERS_FOLDER.offer(sharded, {}).missing
    assert f"{shard} is a git-LFS pointer" in missing


def test_pickled_weights_are_refused_and_never_read(tmp_path: Path) -> None:
    folder = saved(kl(), tmp_path / "vae")
    for name in ("diffusion_pytorch_model.bin", "diffusion_pytorch_model.fp16.bin"):
        (folder / WEIGHTS).unlink(missing_ok=True)
        (folder / name).write_bytes(b"\x80\x02cos\nabort\n)R.")
        sentence = refusal(lambda: DIFFUSERS_FOLDER.offer(folder, {}), folder, UnsafeFileError)
        assert f"{name}, a pickle that can run code" in sentence
        assert "save_pretrained" in sentence
        (folder / name).unlink()
    (folder / WEIGHTS).write_bytes(b"\x80\x02cos\nabort\n)R.")
    refusal(lambda: DIFFUSERS_FOLDER.offer(folder, {}), folder, UnsafeFileError)


@pytest.mark.parametrize(
    "name",
    ["../secret.safetensors", "/etc/a.safetensors", "a/b.safetensors", "a.bin", 3, "..safetensors"],
)
def test_shards_may_not_lie_elsewhere(tmp_path: Path, name: Any) -> None:
    folder = saved(kl(), tmp_path / "vae")
    (folder / WEIGHTS).rename(tmp_path / "secret.safetensors")
    (folder / f"{WEIGHTS}.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
    sentence = refusal(lambda: DIFFUSERS_FOLDER.offer(folder, {}), folder, UnsafeFileError)
    assert f"“{name}”" in sentence


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path, images: Images) -> None:
    elsewhere = saved(kl(), tmp_path / "elsewhere")
    folder = pipeline(tmp_path / "sd", {"vae": kl()})
    (folder / "vae" / WEIGHTS).unlink()
    (folder / "vae" / WEIGHTS).symlink_to(elsewhere / WEIGHTS)
    sentence = refusal(lambda: DIFFUSERS_FOLDER.offer(folder, {}), folder, UnsafeFileError)
    assert "not followed" in sentence
    shutil.rmtree(folder / "vae")
    (folder / "vae").symlink_to(elsewhere)
    refusal(lambda: DIFFUSERS_FOLDER.offer(folder, {}), folder, UnsafeFileError)
    # But the cache of huggingface_hub is made of links.
    snapshot, blobs = (
        tmp_path / "models--a--b" / "snapshots" / "1f",
        tmp_path / "models--a--b" / "blobs",
    )
    (snapshot / "vae").mkdir(parents=True)
    blobs.mkdir()
    for name in ("config.json", WEIGHTS):
        (elsewhere / name).rename(blobs / name.upper())
        (snapshot / "vae" / name).symlink_to(Path("../../../blobs") / name.upper())
    for path in (snapshot / "vae", snapshot / "vae" / WEIGHTS):
        assert opened(path).encode(images).mean.shape == (3, 256)


def test_damaged_indexes_are_refused(tmp_path: Path) -> None:
    folder = saved(kl(), tmp_path / "vae")
    held = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).unlink()
    index = folder / f"{WEIGHTS}.index.json"
    for content, reason in [
        ("{}", "lists no shards"),
        ('{"weight_map": []}', "lists no shards"),
        ("[", "is not JSON"),
        ("3", "holds no JSON object"),
        (json.dumps({"weight_map": {str(i): f"{i}.safetensors" for i in range(1001)}}), "1,001"),
    ]:
        index.write_text(content)
        assert reason in refusal(lambda: DIFFUSERS_FOLDER.offer(folder, {}), folder)
    for name in ("a", "b"):
        (folder / f"{name}.safetensors").write_bytes(held)
    index.write_text('{"weight_map": {"x": "a.safetensors", "y": "b.safetensors"}}')
    assert "is in another shard as well" in refused(folder)


def test_weights_that_do_not_fit_are_named(tmp_path: Path) -> None:
    folder = saved(kl(), tmp_path / "vae")
    whole = (folder / WEIGHTS).read_bytes()

    def again(change: Callable[[dict[str, torch.Tensor]], object]) -> str:
        (folder / WEIGHTS).write_bytes(whole)
        change_weights(folder, change)
        return refused(folder)

    first, last = "encoder.conv_in.weight", "quant_conv.bias"
    assert f"tensor “{last}” of shape (8,) is missing" in again(lambda w: w.pop(last))
    assert "tensor “extra” has no place" in again(lambda w: w.update(extra=torch.zeros(1)))
    bad = again(lambda w: w.update({first: torch.zeros(9, 3, 3, 3)}))
    assert f"tensor “{first}” has shape (9, 3, 3, 3), and the model asks for (8, 3, 3, 3)" in bad
    assert "I64 and must be F32" in again(lambda w: w.update({last: torch.zeros(8).long()}))
    assert "NaN or infinite" in again(lambda w: w[last].fill_(float("nan")))
    (folder / WEIGHTS).write_bytes(whole[:-4])
    assert "cut short" in refusal(lambda: DIFFUSERS_FOLDER.offer(folder, {}), folder)
    (folder / WEIGHTS).write_bytes(struct.pack("<Q", 2**62) + b"{}")
    refusal(lambda: DIFFUSERS_FOLDER.offer(folder, {}), folder)


def test_the_files_claims_are_checked_before_a_network_is_built(tmp_path: Path) -> None:
    folder = saved(kl(), tmp_path / "vae")
    change_config(folder, block_out_channels=[8, 400_000])
    assert "has shape" in refused(folder)  # and no 6 terabytes were asked for


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"layers_per_block": 10**6}, "“layers_per_block” is 1000000, larger than"),
        ({"block_out_channels": [8] * 17}, "“block_out_channels” is"),
        ({"block_out_channels": [8, 10**9]}, "larger than"),
        ({"latent_channels": -(10**9)}, "larger than"),
        ({"scaling_factor": float("inf")}, "larger than"),
        ({"latent_channels": "four"}, "“latent_channels” is four and must be a number"),
        ({"in_channels": True}, "“in_channels” is True"),
        ({"norm_num_groups": 3}, "describes no network"),
        ({"norm_num_groups": 0}, "describes no network"),
        ({"down_block_types": ["Odd", "Odd"]}, "describes no network"),
        ({"act_fn": "odd"}, "describes no network"),
        ({"scaling_factor": 0}, "must be numbers other than 0"),
        ({"scaling_factor": "a"}, "“scaling_factor” must be a number"),
        ({"latents_mean": [0.0] * 3, "latents_std": [1.0] * 3}, "must have 4 numbers"),
        ({"latents_mean": [0.0] * 4, "latents_std": [1.0] * 2}, "as many numbers as"),
        ({"latents_mean": [0.0] * 4, "latents_std": [0.0] * 4}, "none 0"),
    ],
)
def test_configs_that_make_no_sense_are_refused(
    tmp_path: Path, settings: dict[str, Any], reason: str
) -> None:
    folder = saved(kl(), tmp_path / "vae")
    change_config(folder, **settings)
    assert reason in refused(folder)


def test_settings_that_no_constructor_knows_are_left_out(tmp_path: Path, images: Images) -> None:
    folder = saved(kl(), tmp_path / "vae")
    wanted = opened(folder).encode(images).mean
    change_config(folder, trust_remote_code=True, auto_map={"AutoModel": "evil.Net"}, self=1)
    (folder / "evil.py").write_text("raise SystemExit")
    assert close(opened(folder).encode(images).mean, wanted)


def test_other_folders_are_not_taken_for_diffusers(tmp_path: Path) -> None:
    for content in ('{"_class_name": "ControlNetModel"}', "{}", "[]", "{", '{"_class_name": []}'):
        folder = tmp_path / "other"
        folder.mkdir(exist_ok=True)
        (folder / "config.json").write_text(content)
        assert not DIFFUSERS_FOLDER.recognises(folder)
    assert not DIFFUSERS_FOLDER.recognises(tmp_path)
    assert not DIFFUSERS_FOLDER.recognises(tmp_path / "nowhere")
    assert not DIFFUSERS_FOLDER.recognises(folder / "config.json")
    (folder / "config.json").unlink()
    (folder / "model_index.json").write_text("{")
    assert DIFFUSERS_FOLDER.recognises(folder)
    assert "is not JSON" in refusal(lambda: DIFFUSERS_FOLDER.offer(folder, {}), folder)
    (folder / "model_index.json").write_text('{"vae": ["diffusers", "AutoencoderDC"]}')
    assert not DIFFUSERS_FOLDER.recognises(folder)


def test_without_diffusers_the_offer_works_and_opening_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = saved(kl(), tmp_path / "vae")
    found = building.importlib.util.find_spec

    def find(name: str, package: str | None = None) -> Any:
        return None if name == "diffusers" else found(name, package)

    monkeypatch.setattr(building.importlib.util, "find_spec", find)
    assert DIFFUSERS_FOLDER.offer(folder, {}).latent_dim == 256
    assert 'pip install "latentviewer[diffusers]"' in refused(folder)


def test_the_network_is_ruled_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    opened(saved(kl(), tmp_path / "vae"))
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    monkeypatch.delenv("HF_HUB_OFFLINE")
