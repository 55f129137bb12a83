"""A tiny model, a tiny recipe and a data set of arrays."""

import dataclasses
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from latentviewer.domain.ports import DataSet, ImageShape
from latentviewer.domain.table import Column, categories_of
from latentviewer.engine.adapters.conv_vae import FAMILY, ConvVaeConfig, ConvVaeNet
from latentviewer.engine.networks.convolutional import ConvConfig
from latentviewer.engine.training.objectives.vae import VaeObjective
from latentviewer.engine.training.recipes import recipe_named
from latentviewer.engine.training.recipes.recipe import Recipe


@dataclasses.dataclass(frozen=True, eq=False)
class ArrayData:
    """A data set that lies in memory."""

    name: str
    pixels: NDArray[np.uint8]

    @property
    def image(self) -> ImageShape:
        return ImageShape(*self.pixels.shape[1:])

    @property
    def columns(self) -> Mapping[str, Column]:
        return {"label": categories_of(np.arange(len(self.pixels)) % 10)}

    def __len__(self) -> int:
        return len(self.pixels)

    def images(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self.pixels[rows]


TINY_NETWORK = ConvConfig(
    height=8,
    width=8,
    channels=1,
    latent_dim=3,
    widths=(4, 4),
    blocks=(1, 1),
    bottleneck_channels=2,
    hidden=8,
)
TINY = ConvVaeConfig(TINY_NETWORK, pixel_std=None)


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture
def tiny_config() -> ConvVaeConfig:
    return TINY


@pytest.fixture
def tiny_folder(tmp_path: Path) -> Path:
    """A model folder that opens: untrained weights, but none of them zero."""
    folder = tmp_path / "tiny-vae"
    folder.mkdir()
    torch.manual_seed(3)
    net = ConvVaeNet(TINY)
    weights = {k: torch.randn_like(v) * 0.3 for k, v in net.state_dict().items()}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    config = {
        "family": FAMILY,
        "architecture": dataclasses.asdict(TINY),
        "data": "digits:train",
        "figures": {"test_nelbo_nats": 12.5},
    }
    (folder / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def blobs() -> Callable[[int], DataSet]:
    """A maker of data sets of n images: bright blobs at random places, 8 x 8 grey."""

    def make(n: int) -> DataSet:
        rng = np.random.default_rng(7)
        places = rng.uniform(1, 7, (n, 2, 1, 1))
        y, x = np.mgrid[0:8, 0:8]
        distance = (y - places[:, 0]) ** 2 + (x - places[:, 1]) ** 2
        pixels = np.rint(255 * np.exp(-distance / 3)).astype(np.uint8)
        return ArrayData("blobs", pixels[..., None])

    return make


@pytest.fixture
def tiny_recipe() -> Recipe:
    """48 images to train on, 16 held out, three epochs."""
    return dataclasses.replace(
        recipe_named("digits-vae"),
        name="tiny-vae",
        objective=VaeObjective(TINY, kl_warmup=0.8),
        epochs=3,
        batch=16,
        holdout=16,
        patience=3,
        learning_rate=1e-2,
    )


@pytest.fixture
def mnist_folder() -> Path:
    """The folder of the real MNIST files."""
    named = os.environ.get("LATENTVIEWER_TEST_DATA")
    root = Path(named) if named else Path(__file__).parents[2].parent / "shared" / "data"
    folder = root / "mnist"
    if not folder.is_dir():
        pytest.skip("the MNIST files are not here; name their folder in LATENTVIEWER_TEST_DATA")
    return folder
