import subprocess
import sys

import numpy as np
import pytest
import torch

from latentviewer.projection.small_network import (
    SmallNetwork,
    Training,
    network_from,
    with_waves,
)


def random(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def network(d: int = 3, waves: int = 4, hidden: int = 5, out: int = 2) -> SmallNetwork:
    widths = (d + 2 * waves, hidden, out)
    return SmallNetwork(
        random(d, seed=1),
        np.abs(random(d, seed=2)) + 1,
        random(d, waves, seed=3),
        (random(widths[0], widths[1], seed=4), random(widths[1], widths[2], seed=5)),
        (random(widths[1], seed=6), random(widths[2], seed=7)),
        random(out, seed=8),
        np.abs(random(out, seed=9)),
    )


def test_it_gives_what_its_formula_says() -> None:
    made, x = network(), random(7, 3, seed=10)
    standard = (x - made.centre) * made.scale
    angles = standard @ made.frequencies
    shown = np.hstack([standard, np.sin(angles), np.cos(angles)])
    inner = np.maximum(shown @ made.weights[0] + made.biases[0], 0)
    wanted = (inner @ made.weights[1] + made.biases[1]) * made.out_scale + made.out_centre
    np.testing.assert_allclose(made(x), wanted, rtol=1e-4, atol=1e-5)
    assert made(x).dtype == np.float32


def test_without_waves_and_without_rows() -> None:
    made = network(waves=0)
    assert made(random(4, 3)).shape == (4, 2)
    assert made(np.zeros((0, 3), np.float32)).shape == (0, 2)


def test_many_rows_are_taken_in_parts_with_the_same_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, x = network(), random(50, 3)
    whole = made(x)
    monkeypatch.setattr("latentviewer.projection.small_network._VALUES_AT_ONCE", 40)
    np.testing.assert_allclose(made(x), whole, rtol=1e-5, atol=1e-6)


def test_a_scale_of_zero_leaves_a_dimension_out() -> None:
    made = network()
    made.scale[1] = 0
    x = random(4, 3)
    other = x.copy()
    other[:, 1] = 1e9
    np.testing.assert_array_equal(made(x), made(other))


def test_to_arrays_and_back() -> None:
    made, x = network(), random(6, 3)
    arrays = {**made.arrays("one"), **network(out=3).arrays("two")}
    np.testing.assert_array_equal(network_from(arrays, "one")(x), made(x))
    assert network_from(arrays, "two")(x).shape == (6, 3)


@pytest.mark.parametrize(
    "change",
    [
        {"one.weight1": np.zeros((4, 2), np.float32)},
        {"one.scale": np.zeros(2, np.float32)},
        {"one.out_centre": np.zeros(3, np.float32)},
        {"one.frequencies": np.zeros((3, 1), np.float32)},
    ],
)
def test_arrays_that_do_not_fit_are_refused(change: dict[str, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="do not fit"):
        network_from({**network().arrays("one"), **change}, "one")


def test_missing_arrays_are_named() -> None:
    with pytest.raises(ValueError, match=r"no “encoder\.centre”"):
        network_from({}, "encoder")
    arrays = network().arrays("one")
    del arrays["one.bias1"]
    with pytest.raises(ValueError, match=r"one\.bias1"):
        network_from(arrays, "one")


def test_waves_lie_behind_the_inputs() -> None:
    made = with_waves(np.array([[0.5]], np.float32), np.array([[2.0]], np.float32))
    np.testing.assert_allclose(made, [[0.5, np.sin(1), np.cos(1)]], rtol=1e-6)


def trained(steps: int, seed: int = 0) -> tuple[Training, list[float]]:
    training = Training([2, 16, 1], np.random.default_rng(seed))

    def loss() -> torch.Tensor:
        x = torch.from_numpy(random(200, 2))
        return (training.forward(x) - x[:, :1] * x[:, 1:]).square().mean()

    return training, [training.step(loss, 0.01) for _ in range(steps)]


def test_training_lowers_the_loss_and_numpy_answers_as_torch_does() -> None:
    training, losses = trained(300)
    assert losses[-1] < 0.1 * losses[0]
    none, one = np.zeros((2, 0), np.float32), np.ones(2, np.float32)
    made = SmallNetwork(0 * one, one, none, *training.layers(), 0 * one[:1], one[:1])
    x = random(9, 2, seed=3)
    told = training.forward(torch.from_numpy(x)).detach().numpy()
    np.testing.assert_allclose(made(x), told, rtol=1e-4, atol=1e-5)


def test_adam_moves_as_its_algorithm_says() -> None:
    # Of one weight and one bias the slopes are known: 2 (w x + b - y) times x and 1.
    training = Training([1, 1], np.random.default_rng(0))
    at = np.array([training.layers()[0][0].item(), training.layers()[1][0].item()])
    x, y, rate = 1.5, -2.0, 0.05
    mean, square = np.zeros(2), np.zeros(2)
    for step in range(1, 8):
        training.step(lambda: (training.forward(torch.tensor([[x]])) - y).square().sum(), rate)
        slopes = 2 * (at[0] * x + at[1] - y) * np.array([x, 1])
        mean = 0.9 * mean + 0.1 * slopes
        square = 0.999 * square + 0.001 * slopes**2
        at -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    (weight,), (bias,) = training.layers()
    np.testing.assert_allclose([weight.item(), bias.item()], at, rtol=1e-5)


def test_training_leaves_torch_as_it_found_it() -> None:
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    with torch.inference_mode():
        _, losses = trained(20)
        assert torch.is_inference_mode_enabled()
        assert not torch.is_grad_enabled()
    assert losses[-1] < losses[0]
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
    assert not torch.is_inference_mode_enabled()


def test_the_same_seed_gives_the_same_weights() -> None:
    (one, _), (two, _), (other, _) = trained(10), trained(10), trained(10, seed=1)
    for a, b in zip(one.layers()[0], two.layers()[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(one.layers()[0][0], other.layers()[0][0])


def test_answers_need_no_torch_and_training_no_compiler() -> None:
    script = """
import sys
import numpy as np
from latentviewer.projection.small_network import SmallNetwork, Training
import latentviewer.projection.parametric
a = np.ones(2, np.float32)
weights, none = (np.ones((2, 2), np.float32),), np.zeros((2, 0), np.float32)
SmallNetwork(a, a, none, weights, (a,), a, a)(a[None])
assert "torch" not in sys.modules
training = Training([2, 2], np.random.default_rng(0))
import torch
training.step(lambda: training.forward(torch.ones(1, 2)).sum(), 0.1)
assert "torch._dynamo" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True)
