from pathlib import Path

import numpy as np
import pytest

from latentviewer.projection import kept_neighbourhoods
from latentviewer.projection.kept_neighbourhoods import KeptNeighbourhoods

LATENTS = np.random.default_rng(0).standard_normal((40, 3), np.float32)


def silent(_fraction: float | None, _stage: str) -> None:
    """Nobody listens."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    calls: list[tuple[int, str]] = []
    find = kept_neighbourhoods.find_neighbourhood

    def counted(latents: np.ndarray, k: int, metric: str, report: object) -> object:
        calls.append((k, metric))
        return find(latents, k, metric, report)

    monkeypatch.setattr(kept_neighbourhoods, "find_neighbourhood", counted)
    return calls


def test_neighbours_are_found_once_and_fewer_are_taken_of_them(
    tmp_path: Path, asked: list[tuple[int, str]]
) -> None:
    rows, distances = KeptNeighbourhoods(LATENTS, tmp_path, "latents-1")(9, "euclidean", silent)
    again = KeptNeighbourhoods(LATENTS, tmp_path, "latents-1")
    fewer, nearer = again(4, "euclidean", silent)
    assert asked == [(9, "euclidean")]
    np.testing.assert_array_equal(fewer, rows[:, :4])
    np.testing.assert_array_equal(nearer, distances[:, :4])
    again(10, "euclidean", silent)
    assert asked == [(9, "euclidean"), (10, "euclidean")]


def test_metrics_and_latents_are_told_apart(tmp_path: Path, asked: list[tuple[int, str]]) -> None:
    KeptNeighbourhoods(LATENTS, tmp_path, "latents-1")(5, "euclidean", silent)
    KeptNeighbourhoods(LATENTS, tmp_path, "latents-1")(5, "cosine", silent)
    other = LATENTS[::-1].copy()
    rows, _ = KeptNeighbourhoods(other, tmp_path, "latents-10")(5, "euclidean", silent)
    assert len(asked) == 3
    first, _ = KeptNeighbourhoods(LATENTS, tmp_path, "latents-1")(5, "euclidean", silent)
    assert len(asked) == 3
    assert not np.array_equal(rows, first)


def test_there_are_no_more_neighbours_than_samples(
    tmp_path: Path, asked: list[tuple[int, str]]
) -> None:
    few = KeptNeighbourhoods(LATENTS[:4], tmp_path, "latents-1")
    rows, distances = few(15, "euclidean", silent)
    assert rows.shape == distances.shape == (4, 3)
    few(30, "euclidean", silent)
    assert len(asked) == 1


def test_rows_without_their_distances_are_never_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written: list[str] = []
    replace = Path.replace

    def noted(path: Path, target: Path) -> Path:
        written.append(target.name)
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", noted)
    KeptNeighbourhoods(LATENTS, tmp_path, "latents-1")(3, "dot", silent)
    assert written == ["latents-1-dot-3.distances.npy", "latents-1-dot-3.rows.npy"]
