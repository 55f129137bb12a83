"""Every payload is a whole attack: loaded as a careless program would, it sets off the canary."""

import base64
import copyreg
import json
import marshal
import pickle
import types
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.hostile.disguises import CARRIERS, keras_lambda
from tests.hostile.payloads import EXTENSION, PAYLOADS, canary, register_extension


@pytest.fixture
def laid(hostile_root: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Lays out one of the hostile files."""

    def lay(name: str) -> Path:
        assert not canary().exists()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # TorchScript is deprecated
            return CARRIERS[name](tmp_path)

    return lay


@pytest.fixture(autouse=True)
def no_canary(hostile_root: Path) -> Iterator[None]:
    register_extension()
    yield
    copyreg.remove_extension("builtins", "exec", EXTENSION)
    canary().unlink(missing_ok=True)


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_sets_off_the_canary(name: str) -> None:
    content = PAYLOADS[name].build()
    assert not canary().exists(), "it ran while it was made"
    PAYLOADS[name].load(content)
    assert canary().exists()


@pytest.mark.parametrize("name", ["tensors and one payload", "tensors and one payload, old format"])
def test_weights_with_a_payload_set_it_off(laid: Callable[[str], Path], name: str) -> None:
    import torch

    torch.load(laid(name), weights_only=False)
    assert canary().exists()


@pytest.mark.parametrize("name", ["object array", "object array among fields"])
def test_an_object_array_sets_it_off(laid: Callable[[str], Path], name: str) -> None:
    np.load(laid(name), allow_pickle=True)
    assert canary().exists()


@pytest.mark.parametrize("name", ["npz of numbers and an object array", "npz of a pickle"])
def test_an_npz_sets_it_off(laid: Callable[[str], Path], name: str) -> None:
    with np.load(laid(name), allow_pickle=True) as arrays:
        for array in arrays.files:
            content = arrays[array]
            if isinstance(content, bytes):
                pickle.loads(content)
    assert canary().exists()


def test_a_script_sets_it_off(laid: Callable[[str], Path]) -> None:
    import torch

    path = laid("torchscript")
    assert not canary().exists(), "it ran while it was made"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.load(str(path))
    assert canary().exists()


@pytest.mark.parametrize("name", ["joblib", "joblib, packed"])
def test_joblib_sets_it_off(laid: Callable[[str], Path], name: str) -> None:
    import joblib

    joblib.load(laid(name))
    assert canary().exists()


def test_an_extension_type_sets_it_off(laid: Callable[[str], Path]) -> None:
    import pyarrow as pa

    with pa.ipc.open_file(str(laid("arrow extension type"))) as reader:
        noted = reader.schema.field("note").metadata[b"ARROW:extension:metadata"]
    pickle.loads(noted)
    assert canary().exists()


def test_a_lambda_sets_it_off(laid: Callable[[str], Path]) -> None:
    with zipfile.ZipFile(laid("keras archive with a lambda")) as archive:
        layers = json.loads(archive.read("config.json"))["config"]["layers"]
    code = layers[0]["config"]["function"]["config"]["code"]
    assert code == keras_lambda()
    types.FunctionType(marshal.loads(base64.b64decode(code)), {})()
    assert canary().exists()
