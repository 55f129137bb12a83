"""Opening model folders: what opens, and the sentence that refuses the rest."""

import hashlib
import json
import os
import pickle
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from latentviewer.bundled import models_folder
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.ports import Capability, ImageShape
from latentviewer.engine.loading import model_card, open_model
from latentviewer.engine.weights import read_header

BOTH = pytest.mark.parametrize("opened", [open_model, model_card])


def change_config(folder: Path, **fields: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def change_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    path = folder / "model.safetensors"
    weights = {name: tensor.clone() for name, tensor in load_file(path).items()}
    change(weights)
    save_file(weights, path)


def refusal(folder: Path, opened: Callable[[Path], object] = open_model) -> str:
    with pytest.raises(UserError) as caught:
        opened(folder)
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert str(folder) in sentence
    return sentence


def test_the_card_says_what_the_folder_holds(tiny_folder: Path) -> None:
    card = model_card(tiny_folder)
    assert card == open_model(tiny_folder).card
    assert (card.name, card.family, card.data) == ("tiny-vae", "conv-vae", "digits:train")
    assert (card.latent_dim, card.image) == (3, ImageShape(8, 8, 1))
    assert card.figures["test_nelbo_nats"] == 12.5
    assert Capability.POSTERIOR in card.capabilities
    content = (tiny_folder / "model.safetensors").read_bytes()
    assert card.weights_hash == hashlib.sha256(content).hexdigest()
    weights = load_file(tiny_folder / "model.safetensors")
    assert card.parameters == sum(tensor.numel() for tensor in weights.values())


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_a_file_of_the_folder_opens_the_folder(tiny_folder: Path, name: str) -> None:
    assert open_model(tiny_folder / name).card.name == "tiny-vae"


def test_the_weights_of_the_file_are_the_ones_that_answer(tiny_folder: Path) -> None:
    latents = np.ones((1, 3), np.float32)
    before = open_model(tiny_folder).decode(latents)

    def brighter(weights: dict[str, torch.Tensor]) -> None:
        weights[max(k for k in weights if k.startswith("decoder") and "bias" in k)] += 5.0

    change_weights(tiny_folder, brighter)
    assert not np.allclose(before, open_model(tiny_folder).decode(latents))


@BOTH
@pytest.mark.parametrize(
    ("config", "reason"),
    [
        (b"", "not JSON (line 1, column 1)"),
        (b'{"family": ', "not JSON (line 1"),
        (b"[1, 2]", "a JSON list where an object is needed"),
        (b"null", "a JSON null where an object is needed"),
        (b"\xff\xfe\x00", "not UTF-8 text (byte 0)"),
        (b"[" * 100_000, "not JSON"),
        (b" " * 1_000_001, "larger than a megabyte"),
        (b"{}", "does not name a model family"),
        (b'{"model_type": "bert"}', "“bert”"),
        (b'{"family": "diffusion"}', "“diffusion”"),
        (b'{"family": ["conv-vae"]}', "does not name a model family"),
        (b'{"family": "conv-vae"}', "“architecture” must be a JSON object"),
        (b'{"family": "conv-vae", "architecture": {}}', "“network” is missing"),
        (
            b'{"family": "conv-vae", "architecture": {"network": {}, "pixel_std": null}}',
            "“height” is missing",
        ),
    ],
)
def test_a_damaged_or_foreign_config_is_refused(
    tiny_folder: Path, opened: Callable[[Path], object], config: bytes, reason: str
) -> None:
    (tiny_folder / "config.json").write_bytes(config)
    assert reason in refusal(tiny_folder, opened)


@BOTH
def test_a_config_that_does_not_fit_names_the_first_tensor(
    tiny_folder: Path, opened: Callable[[Path], object]
) -> None:
    fields = json.loads((tiny_folder / "config.json").read_text())["architecture"]
    network = fields["network"]
    change_config(tiny_folder, architecture={**fields, "network": {**network, "hidden": 9}})
    sentence = refusal(tiny_folder, opened)
    assert "has shape (8, 8), and the model asks for (9, 8)" in sentence
    assert "config.json beside it belongs to other weights" in sentence
    change_config(tiny_folder, architecture={**fields, "network": {**network, "blocks": [1, 2]}})
    assert "is missing" in refusal(tiny_folder, opened)


@BOTH
def test_tensors_too_few_too_many_or_of_another_type_are_named(
    tiny_folder: Path, opened: Callable[[Path], object]
) -> None:
    keep = tiny_folder.with_name("kept")
    shutil.copytree(tiny_folder, keep)
    change_weights(tiny_folder, lambda w: w.pop("encoder.0.bias"))
    assert "tensor “encoder.0.bias” of shape (4,) is missing" in refusal(tiny_folder, opened)
    shutil.copytree(keep, tiny_folder, dirs_exist_ok=True)
    change_weights(tiny_folder, lambda w: w.update(extra=torch.zeros(1)))
    assert "tensor “extra” has no place" in refusal(tiny_folder, opened)
    shutil.copytree(keep, tiny_folder, dirs_exist_ok=True)
    change_weights(tiny_folder, lambda w: w.update({k: v.double() for k, v in w.items()}))
    assert "is F64 and must be F32" in refusal(tiny_folder, opened)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_weights_kept_in_half_the_space_answer_alike(tiny_folder: Path, kind: torch.dtype) -> None:
    latents = np.random.default_rng(0).standard_normal((4, 3), np.float32)
    whole = open_model(tiny_folder).decode(latents)
    change_weights(tiny_folder, lambda w: w.update({k: v.to(kind) for k, v in w.items()}))
    halved = open_model(tiny_folder).decode(latents)
    assert halved.dtype == np.float32
    np.testing.assert_allclose(halved, whole, atol=0.02)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tiny_folder: Path, value: float) -> None:
    def spoil(weights: dict[str, torch.Tensor]) -> None:
        weights["decoder.0.weight"][1, 1] = value

    change_weights(tiny_folder, spoil)
    assert "tensor “decoder.0.weight” holds NaN or infinite values" in refusal(tiny_folder)


@BOTH
@pytest.mark.parametrize("kept", [0, 5, 8, 100, -1])
def test_weights_cut_short_are_refused(
    tiny_folder: Path, opened: Callable[[Path], object], kept: int
) -> None:
    path = tiny_folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    assert "cut short" in refusal(tiny_folder, opened)


@BOTH
@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"no json", "it is not JSON"),
        (b"[]", "not a JSON object"),
        (b'{"a": 3}', "at tensor “a”"),
        (b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}', "at tensor “a”"),
        (b'{"a": {"dtype": "F32", "shape": [-1, -1], "data_offsets": [0, 4]}}', "at tensor “a”"),
        (b'{"a": {"dtype": "Q3", "shape": [1], "data_offsets": [0, 4]}}', "unknown dtype Q3"),
        (b'{"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}', "cut short"),
        (b'{"a": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}', "too many"),
    ],
)
def test_a_damaged_header_is_refused(
    tiny_folder: Path, opened: Callable[[Path], object], header: bytes, reason: str
) -> None:
    path = tiny_folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(4))
    assert reason in refusal(tiny_folder, opened)


@BOTH
def test_a_header_of_absurd_length_is_refused_without_reading_it(
    tiny_folder: Path, opened: Callable[[Path], object]
) -> None:
    (tiny_folder / "model.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"{}")
    assert "4,611,686,018,427,387,904 bytes" in refusal(tiny_folder, opened)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200), header=st.booleans())
def test_any_bytes_as_weights_end_in_a_sentence(
    tmp_path: Path, content: bytes, header: bool
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes((struct.pack("<Q", len(content)) if header else b"") + content)
    sentence = str(path)
    try:
        entries = read_header(path)
    except UserError as error:
        sentence = str(error)
    else:
        assert entries == {}
    assert str(path) in sentence


class Armed:
    """Leaves a file behind when a pickle of it is opened."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.trace,)


@BOTH
@pytest.mark.parametrize("name", ["model.pt", "model.pth", "model.ckpt", "model.bin", "m.pkl"])
def test_a_pickle_is_refused_and_never_run(
    tmp_path: Path, opened: Callable[[Path], object], name: str
) -> None:
    trace, path = tmp_path / "trace", tmp_path / name
    path.write_bytes(pickle.dumps(Armed(trace)))
    with pytest.raises(UnsafeFileError, match="can run code when opened") as caught:
        opened(path)
    assert str(path) in str(caught.value)
    assert not trace.exists()


@BOTH
@pytest.mark.parametrize("kind", ["pickle", "zip"])
def test_a_pickle_under_another_name_is_refused(
    tiny_folder: Path, opened: Callable[[Path], object], kind: str
) -> None:
    trace, path = tiny_folder / "trace", tiny_folder / "model.safetensors"
    if kind == "pickle":
        path.write_bytes(pickle.dumps(Armed(trace)))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("archive/data.pkl", pickle.dumps(Armed(trace)))
    with pytest.raises(UnsafeFileError, match="can run code when opened"):
        opened(tiny_folder)
    renamed = tiny_folder / "weights.dat"
    path.rename(renamed)
    with pytest.raises(UnsafeFileError, match="can run code when opened"):
        opened(renamed)
    assert not trace.exists()


def test_a_folder_whose_weights_are_pickled_is_refused_as_unsafe(tiny_folder: Path) -> None:
    (tiny_folder / "model.safetensors").rename(tiny_folder / "pytorch_model.bin")
    with pytest.raises(UnsafeFileError, match=r"pytorch_model\.bin.*can run code"):
        open_model(tiny_folder)


def test_a_python_file_beside_the_weights_is_not_in_the_way(tiny_folder: Path) -> None:
    (tiny_folder / "modeling.py").write_text("raise SystemExit")
    assert open_model(tiny_folder).card.name == "tiny-vae"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("model.onnx", "an ONNX model that cannot be read and is not opened"),
        ("weights.safetensors", "weights without the config.json"),
        ("notes.txt", "is not a model"),
    ],
)
def test_a_file_that_is_not_unsafe_is_refused_for_what_it_is(
    tmp_path: Path, name: str, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(b"\x08\x07 anything")
    assert reason in refusal(path)
    with pytest.raises(UserError) as caught:
        open_model(path)
    assert not isinstance(caught.value, UnsafeFileError)


def test_folders_that_hold_no_model_are_refused(tmp_path: Path, tiny_folder: Path) -> None:
    assert "does not exist; check the path" in refusal(tmp_path / "nowhere")
    empty = tmp_path / "empty"
    empty.mkdir()
    assert "has no config.json" in refusal(empty)
    (empty / "model.onnx").write_bytes(b"x")
    assert "ONNX" in refusal(empty)
    (tiny_folder / "model.safetensors").unlink()
    assert "has no model.safetensors" in refusal(tiny_folder)
    with pytest.raises(UserError, match="does not exist"):
        open_model(tmp_path / "nowhere.pt")


def test_a_folder_in_the_file_s_place_is_refused(tiny_folder: Path) -> None:
    (tiny_folder / "model.safetensors").unlink()
    (tiny_folder / "model.safetensors").mkdir()
    assert "model.safetensors cannot be read: is a directory" in refusal(tiny_folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
@pytest.mark.parametrize("name", ["net.pt", "net.bin2", "config.json", "model.safetensors"])
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path, name: str) -> None:
    bundled = models_folder() / "digits-vae"
    for part in {"config.json", "model.safetensors"} - {name}:
        (tmp_path / part).write_bytes((bundled / part).read_bytes())
    os.mkfifo(tmp_path / name)
    whole = name in ("config.json", "model.safetensors")
    with pytest.raises(UserError, match="is a pipe or a device"):
        open_model(tmp_path if whole else tmp_path / name)


def test_torchscript_is_called_so(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "net.pt", "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02}q\x00.")
        archive.writestr("net/code/__torch__.py", "op_version_set = 1")
    with pytest.raises(UnsafeFileError, match="is a TorchScript file and can run code"):
        open_model(tmp_path / "net.pt")
