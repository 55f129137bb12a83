"""torchvision's classifiers by name, with weights from a file."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.ports import Classifier, ImageShape, Layered
from latentviewer.engine.adapters.torch_model import pooled
from latentviewer.engine.adapters.torchvision_classifier import untrained
from latentviewer.engine.adopting import adopt_torchvision
from latentviewer.engine.loading import open_model
from latentviewer.torchvision_operators import declare_missing_operators

NAME = "squeezenet1_1"  # among the smallest


@pytest.fixture(scope="module")
def net() -> Any:
    torch.manual_seed(0)
    return untrained(NAME, 7)


@pytest.fixture
def weights(net: Any, tmp_path: Path) -> Path:
    save_file(net.state_dict(), tmp_path / "w.safetensors")
    return tmp_path / "w.safetensors"


def images(count: int) -> np.ndarray:
    return np.random.default_rng(0).random((count, 224, 224, 3), np.float32)


def test_it_answers_as_torchvision_s_own_does(net: Any, weights: Path, tmp_path: Path) -> None:
    model = open_model(adopt_torchvision(NAME, weights, tmp_path / "m"))
    assert isinstance(model, Classifier)
    assert isinstance(model, Layered)
    assert model.card.image == ImageShape(224, 224, 3)
    declare_missing_operators()
    from torchvision.models import get_model_weights

    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    transform = get_model_weights(NAME).DEFAULT.transforms()
    assert tuple(transform.mean) == tuple(mean)
    batch = torch.from_numpy(((images(2) - mean) / std).astype(np.float32)).permute(0, 3, 1, 2)
    with torch.inference_mode():
        expected = net(batch).softmax(dim=1).numpy()
        inner = net.features[4](net.features[3](net.features[2](net.features[1](net.features[0](batch)))))  # fmt: skip  # noqa: E501
    np.testing.assert_allclose(model.probabilities(images(2))["class"], expected, atol=1e-5)
    np.testing.assert_allclose(
        model.features(images(2), "features.4"), inner.mean(dim=(2, 3)).numpy(), atol=1e-5
    )
    assert model.encode(images(2)).mean.shape == (2, model.card.latent_dim)
    assert model.layers[0] == "features.0"
    assert model.classes["class"] == tuple(f"class {i}" for i in range(7))


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small"])
def test_layers_lead_to_the_one_before_the_output(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = untrained(name, 3)
    torch.save({"state_dict": {f"module.{k}": v for k, v in net.state_dict().items()}},
               tmp_path / "w.pth")  # fmt: skip
    model: Any = open_model(
        adopt_torchvision(name, tmp_path / "w.pth", tmp_path / "m", ["a", "b", "c"])
    )
    last = [m for m in net.modules() if isinstance(m, torch.nn.Linear)][-1]
    assert model.card.latent_dim == last.in_features
    features = model.encode(images(1)).mean
    with torch.inference_mode():
        logits = last(torch.from_numpy(features))
    expected = model.probabilities(images(1))["class"]
    np.testing.assert_allclose(logits.softmax(dim=1).numpy(), expected, atol=1e-5)
    assert model.classes["class"] == ("a", "b", "c")


def test_places_and_tokens_are_averaged() -> None:
    values = torch.arange(24.0)
    torch.testing.assert_close(pooled(values.view(2, 3, 2, 2)), values.view(2, 3, 4).mean(2))
    torch.testing.assert_close(pooled(values.view(2, 4, 3)), values.view(2, 4, 3).mean(1))
    torch.testing.assert_close(pooled(values.view(4, 6)), values.view(4, 6))


def test_half_precision_is_widened(net: Any, tmp_path: Path) -> None:
    halves = {k: v.half() for k, v in net.state_dict().items()}
    save_file(halves, tmp_path / "h.safetensors")
    model = open_model(adopt_torchvision(NAME, tmp_path / "h.safetensors", tmp_path / "m"))
    assert model.encode(images(1)).mean.dtype == np.float32


class Payload:
    def __reduce__(self) -> Any:
        return (print, ("this must never run",))


def test_what_does_not_fit_is_refused(
    net: Any, weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "m"

    def refused(reason: str, name: str = NAME, path: Path = weights, **more: Any) -> None:
        with pytest.raises(UserError, match=reason):
            adopt_torchvision(name, path, out, **more)
        assert not out.exists()

    refused("no classifier “resnet1”", name="resnet1")
    refused("no classifier “fcn_resnet50”", name="fcn_resnet50")  # segments, does not classify
    refused("these are not the weights of resnet18", name="resnet18")
    refused("2 names were given", classes=["a", "b"])
    refused("does not exist", path=tmp_path / "none.pth")
    (tmp_path / "broken.safetensors").write_bytes(b"nothing")
    refused("cannot be read", path=tmp_path / "broken.safetensors")
    torch.save([1, 2], tmp_path / "list.pth")
    refused("holds no state dict", path=tmp_path / "list.pth")
    less = dict(net.state_dict())
    del less["features.0.bias"]
    save_file(less, tmp_path / "less.safetensors")
    refused("tensor “features.0.bias” of shape", path=tmp_path / "less.safetensors")
    torch.save({"w": Payload()}, tmp_path / "evil.pth")
    with pytest.raises(UnsafeFileError, match="could run code"):
        adopt_torchvision(NAME, tmp_path / "evil.pth", out)
    assert "never run" not in capsys.readouterr().out


def test_a_folder_that_holds_a_model_is_left_alone(weights: Path, tmp_path: Path) -> None:
    adopt_torchvision(NAME, weights, tmp_path / "m")
    with pytest.raises(UserError, match="already holds a model"):
        adopt_torchvision(NAME, weights, tmp_path / "m")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "resnet1"}, "“resnet1” is no classifier"),
        ({"std": [0.1, 0.1, 0.0]}, "“std” must be positive"),
        ({"mean": [0.1]}, "“mean” must be three numbers"),
        ({"classes": ["one"]}, "“classes” must be a list of 2 names"),
        ({"layers": []}, "“layers” must be a list"),
    ],
)
def test_a_damaged_config_is_named(
    change: dict[str, Any], reason: str, weights: Path, tmp_path: Path
) -> None:
    path = adopt_torchvision(NAME, weights, tmp_path / "m") / "config.json"
    config = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({**config, "architecture": {**config["architecture"], **change}}))
    with pytest.raises(UserError, match=reason):
        open_model(tmp_path / "m")
