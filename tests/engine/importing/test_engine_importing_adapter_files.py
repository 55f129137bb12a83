"""Adapter files: parsed before trust, executed after it, and held to what they promise."""

import hashlib
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.ports import Capability, ImageShape, Model
from latentviewer.engine.importing.importers import open_imported
from latentviewer.engine.importing.programs.adapter_files import ADAPTER_FILE, new_adapter
from latentviewer.engine.importing.self_check import self_check

HEAD = "import numpy as np\nIMAGE = (2, 3, 1)\nLATENT_DIM = 6\n"
ENCODE = "def encode(model, images):\n    return images.reshape(-1, 6)\n"
DECODE = "def decode(model, latents):\n    return latents.reshape(-1, 2, 3, 1)\n"


def written(path: Path, *parts: str) -> Path:
    path.write_text("".join(parts))
    return path


def opened(path: Path) -> Model:
    assert ADAPTER_FILE.recognises(path)
    ADAPTER_FILE.offer(path, {})
    return ADAPTER_FILE.open(path, {}, "cpu")


def refusal(call: Callable[[], object], path: Path, kind: type[UserError] = UserError) -> str:
    with pytest.raises(kind) as caught:
        call()
    sentence = str(caught.value)
    assert str(path) in sentence
    assert "\n" not in sentence
    return sentence


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "mine.py"


@pytest.fixture
def images() -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(0).random((4, 2, 3, 1), np.float32)


def test_a_new_adapter_works_as_it_is(tmp_path: Path) -> None:
    path = new_adapter(tmp_path / "mine.py")
    offer = ADAPTER_FILE.offer(path, {})
    can = {Capability.ENCODE, Capability.DECODE, Capability.SAMPLE}
    assert offer.capabilities == can
    assert offer.image == ImageShape(32, 32, 3)
    assert offer.latent_dim == 48
    model = opened(path)
    assert model.card.capabilities == can
    y, x = np.mgrid[0:32, 0:32] / 31
    smooth = np.stack([x, y, 1 - x * y], axis=2).astype(np.float32)
    found = self_check(model, np.stack([smooth, smooth[::-1], smooth[:, ::-1]]))
    assert not [check for check in found.checks if check.passed is False]
    assert found.decoded is not None
    assert np.square(found.decoded[0] - smooth).mean() < 0.01
    assert model.sample(3, 1).shape == (3, 48)
    assert np.array_equal(model.sample(3, 1), model.sample(3, 1))


def test_a_new_adapter_is_short_and_is_written_beside_nothing_else(tmp_path: Path) -> None:
    path = new_adapter(tmp_path / "mine")
    assert path == tmp_path / "mine.py"
    assert len(path.read_text().splitlines()) < 50
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.py"]
    path.write_text("kept")
    assert "is not written over" in refusal(lambda: new_adapter(path), path)
    assert path.read_text() == "kept"
    assert "is a folder" in refusal(lambda: new_adapter(tmp_path), tmp_path)
    text = tmp_path / "mine.txt"
    assert "does not end in .py" in refusal(lambda: new_adapter(text), text)
    lost = tmp_path / "no" / "mine.py"
    refusal(lambda: new_adapter(lost), lost.parent)


def test_the_offer_runs_nothing(place: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    written(place, HEAD, f"import os, torch.nn\nopen({str(trace)!r}, 'w')\n", ENCODE)
    offer = ADAPTER_FILE.offer(place, {})
    assert not trace.exists()
    assert offer.file_hash == hashlib.sha256(place.read_bytes()).hexdigest()
    assert offer.capabilities == {Capability.ENCODE}
    assert (offer.image, offer.latent_dim) == (ImageShape(2, 3, 1), 6)
    assert offer.danger is not None
    assert str(place) in offer.danger
    assert "a Python program of 7 lines" in offer.danger
    assert "It imports numpy, os, torch.nn." in offer.found
    assert "files that it reads or imports may change" in offer.found[-1]
    refusal(lambda: open_imported(place, {}, lambda _: False), place, UnsafeFileError)
    assert not trace.exists()


def test_it_opens_with_trust_in_the_source_that_was_offered(place: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    written(place, HEAD, ENCODE, DECODE)
    model = open_imported(place, {}, lambda _: True)
    assert model is not None
    assert model.card.weights_hash == hashlib.sha256(place.read_bytes()).hexdigest()

    def trusts(_: str) -> bool:
        written(place, HEAD, ENCODE, f"open({str(trace)!r}, 'w')\n")
        return True

    written(place, HEAD, ENCODE)
    sentence = refusal(lambda: open_imported(place, {}, trusts), place, UnsafeFileError)
    assert "has changed since" in sentence
    assert not trace.exists()


@pytest.mark.parametrize(
    ("source", "known"),
    [
        (ENCODE, True),
        (DECODE, True),
        ("from networks import encode\n", True),
        ("decode = print\n", True),
        ("def encode(:\n", True),
        ("def other():\n    def encode(): pass\n", False),
        ("import encode\n", False),
        ("", False),
        ("def sample(model, count, seed): ...\n", False),
    ],
)
def test_a_program_is_an_adapter_if_it_encodes_or_decodes(
    place: Path, source: str, known: bool
) -> None:
    written(place, source)
    assert ADAPTER_FILE.recognises(place) is known
    other = place.rename(place.with_suffix(".txt"))
    assert not ADAPTER_FILE.recognises(other)


def test_what_cannot_be_an_adapter_is_not_taken_for_one(place: Path) -> None:
    assert not ADAPTER_FILE.recognises(place)
    place.mkdir()
    assert not ADAPTER_FILE.recognises(place)
    large = written(place.with_name("large.py"), ENCODE, "#" * 1_000_000)
    assert not ADAPTER_FILE.recognises(large)
    assert "at most 1,000,000" in refusal(lambda: ADAPTER_FILE.offer(large, {}), large)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("\n\ndef encode(model images):\n    pass\n", "no valid Python in line 3"),
        ("def encode(): pass\n\0", "cannot be parsed|no valid Python"),
        ("def encode(): pass\nx = " + "(" * 500, "no valid Python in line 2"),
        ("def encode(): pass\nx = " + "-" * 100_000 + "1", "cannot be parsed|no valid Python"),
    ],
)
def test_what_is_no_python_is_refused_with_its_line(place: Path, source: str, reason: str) -> None:
    written(place, source)
    assert ADAPTER_FILE.recognises(place)
    assert re.search(reason, refusal(lambda: ADAPTER_FILE.offer(place, {}), place))


def test_images_and_latents_go_through_as_they_are(place: Path, images: Any) -> None:
    written(place, HEAD, "def load(folder):\n    return 0.5\n", ENCODE, DECODE)
    place.write_text(place.read_text().replace("return images", "return model * images"))
    model = opened(place)
    assert model.card.family == "Python adapter"
    posterior = model.encode(images)
    assert posterior.std is None
    assert np.array_equal(posterior.mean, 0.5 * images.reshape(4, 6))
    assert np.array_equal(model.decode(images.reshape(4, 6)), images)
    assert model.encode(images[:0]).mean.shape == (0, 6)
    assert model.decode(np.zeros((0, 6), np.float32)).shape == (0, 2, 3, 1)
    many = np.tile(images, (40, 1, 1, 1))
    assert np.array_equal(model.encode(many).mean, 0.5 * many.reshape(160, 6))
    with pytest.raises(UserError, match="choose a data set that fits"):
        model.encode(images[:, :1])
    with pytest.raises(UserError, match="choose a data set that fits"):
        model.encode((images * 255).astype(np.uint8))
    with pytest.raises(UserError, match=r"give it \(n, 6\)"):
        model.decode(np.zeros((1, 5), np.float32))
    with pytest.raises(UserError, match="has no function sample"):
        model.sample(1, 0)


def test_a_pair_is_a_posterior(place: Path, images: Any) -> None:
    pair = "def encode(model, images):\n    x = images.reshape(-1, 6)\n    return x, x + 1\n"
    written(place, HEAD, pair)
    can = {Capability.ENCODE, Capability.POSTERIOR}
    assert ADAPTER_FILE.offer(place, {}).capabilities == can
    model = opened(place)
    assert model.card.capabilities == can
    posterior = model.encode(images)
    assert posterior.std is not None
    assert np.array_equal(posterior.std, images.reshape(4, 6) + 1)
    nothing = model.encode(images[:0])
    assert nothing.std is not None
    assert nothing.std.shape == (0, 6)
    with pytest.raises(UserError, match="has no function decode"):
        model.decode(posterior.mean)
    written(place, HEAD, pair.replace("x + 1", "x - 1"))
    assert "standard deviation below 0" in refusal(lambda: opened(place), place)


def test_tensors_on_the_way_are_taken_as_arrays(place: Path, images: Any) -> None:
    tensors = (
        "import torch\ndef encode(model, images):\n"
        "    return torch.nn.Flatten()(torch.from_numpy(images)).double()\n"
    )
    model = opened(written(place, HEAD, tensors))
    mean = model.encode(images).mean
    assert mean.dtype == np.float32
    assert np.array_equal(mean, images.reshape(4, 6))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return images", r"encode gave an array of shape \(2, 2, 3, 1\) where \(2, 6\) was due"),
        ("return images.reshape(-1, 3)", "change it or LATENT_DIM"),
        ("return [1, 2]", "encode gave a list; return a numpy array"),
        ("return None", "encode gave a NoneType"),
        ("return images.reshape(-1, 6) > 0", "an array of bool; return one of float32"),
        ("return images.reshape(-1, 6).astype(str)", "return one of float32"),
        ("return images.reshape(-1, 6) * np.nan", "encode gave values that are NaN"),
        ("return 1 / 0", "line 5: encode failed with ZeroDivisionError"),
        ("raise SystemExit(3)", "line 5: encode failed with SystemExit"),
        ("return np.linalg.inv(images)", "line 5: encode failed with LinAlgError"),
        ("raise ValueError('one\\ntwo')", "one"),
        ("return encode(model, images)", "RecursionError"),
        ("import missing_package_x", "line 5: encode failed with ModuleNotFoundError"),
    ],
)
def test_a_broken_encode_is_named_with_its_line_or_mend(
    place: Path, body: str, reason: str
) -> None:
    written(place, HEAD, f"def encode(model, images):\n    {body}\n")
    assert re.search(reason, refusal(lambda: opened(place), place))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return latents", "change it or IMAGE"),
        ("return latents.reshape(-1, 2, 3, 1) - 0.5", "from -0.5 to -0.5, and images have 0 to 1"),
        ("return latents.reshape(-1, 2, 3, 1) + 255", "x / 255"),
        ("return latents.reshape(-1, 2, 3, 1) / 0 ", "failed with RuntimeWarning|are NaN"),
    ],
)
def test_a_broken_decode_is_named(place: Path, body: str, reason: str) -> None:
    written(place, HEAD, f"def decode(model, latents):\n    {body}\n")
    assert re.search(reason, refusal(lambda: opened(place), place))


def test_what_fails_later_is_named_too(place: Path) -> None:
    model = opened(written(place, HEAD, DECODE))
    far = np.full((1, 6), 3, np.float32)
    assert "decode gave values from 3 to 3" in refusal(lambda: model.decode(far), place)
    rounded = np.full((1, 6), 1.0005, np.float32)
    assert model.decode(rounded).max() == 1


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("IMAGE = (2, 3)\nLATENT_DIM = 6\n", r"IMAGE is \(2, 3\) and must be"),
        ("IMAGE = (2, 3, 2)\nLATENT_DIM = 6\n", "1 channel or 3"),
        ("IMAGE = (2, 3.0, 1)\nLATENT_DIM = 6\n", "IMAGE is"),
        ("IMAGE = (99999999, 3, 1)\nLATENT_DIM = 6\n", "IMAGE is"),
        ("LATENT_DIM = 6\n", "IMAGE is None"),
        ("IMAGE = (2, 3, 1)\n", "LATENT_DIM is None"),
        ("IMAGE = (2, 3, 1)\nLATENT_DIM = 0\n", "LATENT_DIM is 0"),
        ("IMAGE = (2, 3, 1)\nLATENT_DIM = True\n", "LATENT_DIM is True"),
        ("IMAGE = (2, 3, 1)\nLATENT_DIM = 6\nload = 4\n", "load is a int; define it"),
        ("IMAGE = (2, 3, 1)\nLATENT_DIM = 6\n1 / 0\n", "line 3: its code failed"),
        ("import no_such_thing_x\n", "line 1: its code failed with ModuleNotFoundError"),
    ],
)
def test_constants_that_make_no_sense_are_named(place: Path, head: str, reason: str) -> None:
    written(place, head, ENCODE)
    assert re.search(reason, refusal(lambda: opened(place), place))


def test_modules_beside_it_are_found_and_are_each_adapter_s_own(
    tmp_path: Path, images: Any
) -> None:
    before = list(sys.path)
    models = []
    for name, factor in [("a", 2), ("b", 3)]:
        folder = tmp_path / name
        (folder / "own_pack").mkdir(parents=True)
        (folder / "own_pack" / "__init__.py").write_text("from own_pack.deep import FACTOR\n")
        (folder / "own_pack" / "deep.py").write_text(f"FACTOR = {factor}\n")
        (folder / "factor.txt").write_text("1")
        load = "def load(folder):\n    return FACTOR * int((folder / 'factor.txt').read_text())\n"
        encode = ENCODE.replace("return", "return model *")
        path = written(folder / "mine.py", "from own_pack import FACTOR\n", HEAD, load, encode)
        models.append(opened(path))
    flat = images.reshape(4, 6)
    for model, factor in zip(models, (2, 3), strict=True):
        assert np.array_equal(model.encode(images).mean, factor * flat)
    assert sys.path == before
    assert "own_pack" not in sys.modules


def test_data_classes_and_its_own_place_work_in_an_adapter(place: Path) -> None:
    source = (
        "from __future__ import annotations\nfrom dataclasses import dataclass\n"
        "@dataclass\nclass Net:\n    size: int\n"
        "def load(folder):\n    assert __file__ == str(folder / 'mine.py')\n    return Net(3)\n"
    )
    model = opened(written(place, source, HEAD, DECODE))
    assert model.card.parameters == 0
    torch_model = "import torch\ndef load(folder):\n    return torch.nn.Linear(2, 3)\n"
    assert opened(written(place, torch_model, HEAD, DECODE)).card.parameters == 9
