"""Devices, threads, and whether a device agrees with the processor."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from latentviewer.domain.errors import UserError
from latentviewer.engine import devices as rooms
from latentviewer.engine.devices import (
    Agreement,
    check_agreement,
    chosen_device,
    leave_a_core_to_the_window,
    list_devices,
    training_precision,
)
from latentviewer.engine.loading import open_model


def test_the_processor_is_first_and_the_default() -> None:
    assert list_devices()[0].name == "cpu"
    assert chosen_device() == "cpu"
    assert chosen_device("cpu") == "cpu"


def test_an_accelerator_is_chosen_by_kind_or_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: f"Card {index}")
    assert [d.title for d in list_devices()][1:3] == ["Card 0", "Card 1"]
    assert chosen_device() == "cpu"
    assert chosen_device("cuda") == "cuda:0"
    assert chosen_device("cuda:1") == "cuda:1"


def test_a_device_that_is_not_there_is_refused_with_what_is() -> None:
    with pytest.raises(UserError, match=r"no device “abacus” here; choose cpu"):
        chosen_device("abacus")


@pytest.fixture
def _threads_restored() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("_threads_restored")
@pytest.mark.parametrize(("cores", "threads"), [(1, 1), (2, 1), (8, 7)])
def test_one_core_is_left_to_the_window(
    monkeypatch: pytest.MonkeyPatch, cores: int, threads: int
) -> None:
    monkeypatch.setattr(rooms, "_cores", lambda: cores)
    assert leave_a_core_to_the_window() == threads
    assert torch.get_num_threads() == threads


def test_the_processor_agrees_with_itself(tiny_folder: Path) -> None:
    agreement = check_agreement(open_model(tiny_folder), "cpu")
    assert agreement.agrees
    assert agreement.device == "cpu"
    assert agreement.difference < 1e-5


def test_a_device_that_answers_differently_does_not_agree(
    tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Off:
        def __init__(self, path: Path, device: str) -> None:
            self.model = open_model(path, device)

        def decode(self, latents: np.ndarray) -> np.ndarray:
            return self.model.decode(latents) + np.float32(0.01)

    monkeypatch.setattr(rooms, "open_model", Off)
    agreement = check_agreement(open_model(tiny_folder), "cpu")
    assert not agreement.agrees
    assert agreement.difference == pytest.approx(0.01, abs=1e-4)


def test_nan_is_no_agreement() -> None:
    assert not Agreement("mps", float("nan"), 1e-3).agrees


def test_precision_follows_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    for has, precision in ((True, "bfloat16"), (False, "float32")):
        monkeypatch.setattr(
            torch.cpu, "get_capabilities", lambda has=has: {"avx512_bf16": has}, raising=False
        )
        assert training_precision("cpu") == precision
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert training_precision("cpu") == "float32"
