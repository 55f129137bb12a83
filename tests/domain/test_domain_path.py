"""Paths through waypoints."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentviewer.domain.errors import UserError
from latentviewer.domain.path import Path, Waypoint

A = Waypoint((0.0, 0.0), 3, "a")
B = Waypoint((4.0, 0.0), None, "b")
C = Waypoint((4.0, 2.0), 7, "c")

POINTS = st.lists(
    st.tuples(*[st.floats(-50, 50, width=32)] * 3).map(Waypoint), min_size=2, max_size=6
)


def test_waypoints_compare_by_content() -> None:
    same = Waypoint(np.array([4.0, 2.0], np.float32), 7, "c")
    assert same == C
    assert hash(same) == hash(C)
    assert same != dataclasses.replace(C, latent=(4.0, 2.5))
    assert Waypoint((0.1,)) == Waypoint(np.array([0.1], np.float32))
    assert C.vector().dtype == np.float32
    assert C.vector().tolist() == [4.0, 2.0]


@pytest.mark.parametrize("latent", [(), ((1.0, 2.0),), (float("nan"),), (1e39,)])
def test_a_waypoint_is_one_finite_latent(latent: tuple[float, ...]) -> None:
    with pytest.raises(UserError):
        Waypoint(latent)


def test_a_path_does_not_mix_spaces_and_has_frames() -> None:
    with pytest.raises(UserError, match="2 and 3 dimensions"):
        Path((A, Waypoint((1.0, 2.0, 3.0))))
    with pytest.raises(UserError, match="1 frame"):
        Path((A,), frames=0)


def test_no_waypoint_gives_no_frame_and_one_is_repeated() -> None:
    assert Path().latents().shape == (0, 0)
    assert Path().waypoint_frames().tolist() == []
    for closed in (False, True):
        single = Path((C,), frames=3, closed=closed)
        assert single.latents().tolist() == [[4.0, 2.0]] * 3
        assert single.waypoint_frames().tolist() == [0]


def test_pace_is_even_over_the_whole_length() -> None:
    frames = Path((A, B, C), frames=7).latents()
    assert frames.tolist() == [[0, 0], [1, 0], [2, 0], [3, 0], [4, 0], [4, 1], [4, 2]]


def test_a_closed_path_returns_to_its_start() -> None:
    path = Path((A, B), frames=5, closed=True)
    assert path.latents().tolist() == [[0, 0], [2, 0], [4, 0], [2, 0], [0, 0]]
    assert path.waypoint_frames().tolist() == [0, 2]


def test_waypoint_frames_lie_at_the_waypoints() -> None:
    assert Path((A, B, C), frames=7).waypoint_frames().tolist() == [0, 4, 6]


@given(POINTS, st.sampled_from(["linear", "slerp"]), st.integers(1, 40), st.booleans())
def test_ends_are_exact(points: list[Waypoint], mode: str, frames: int, closed: bool) -> None:
    path = Path(tuple(points), mode, frames, closed)  # type: ignore[arg-type]
    latents = path.latents()
    assert latents.shape == (frames, 3)
    assert latents.dtype == np.float32
    assert np.isfinite(latents).all()
    assert np.array_equal(latents[0], points[0].vector())
    if frames > 1:
        assert np.array_equal(latents[-1], points[0 if closed else -1].vector())


@given(POINTS, st.integers(2, 40))
def test_no_step_is_longer_than_the_pace(points: list[Waypoint], frames: int) -> None:
    latents = Path(tuple(points), "linear", frames).latents().astype(np.float64)
    stops = np.array([point.latent for point in points])
    pace = np.linalg.norm(np.diff(stops, axis=0), axis=1).sum() / (frames - 1)
    steps = np.linalg.norm(np.diff(latents, axis=0), axis=1)
    assert (steps <= pace * (1 + 1e-4) + 1e-4).all()


@given(POINTS, st.integers(2, 40), st.sampled_from(["linear", "slerp"]))
def test_each_waypoint_is_near_its_frame(points: list[Waypoint], frames: int, mode: str) -> None:
    path = Path(tuple(points), mode, frames)  # type: ignore[arg-type]
    latents, nearest = path.latents().astype(np.float64), path.waypoint_frames()
    many = dataclasses.replace(path, frames=2000).latents().astype(np.float64)
    length = np.linalg.norm(np.diff(many, axis=0), axis=1).sum()
    stops = np.array([point.latent for point in points])
    away = np.linalg.norm(latents[nearest] - stops, axis=1)
    assert (away <= 0.51 * length / (frames - 1) * 1.02 + 1e-3).all()


def test_slerp_keeps_the_norm_along_the_path() -> None:
    stops = (Waypoint((2.0, 0.0)), Waypoint((0.0, 2.0)), Waypoint((-2.0, 0.0)))
    latents = Path(stops, "slerp", 30).latents()
    assert np.allclose(np.linalg.norm(latents, axis=1), 2.0)
    steps = np.linalg.norm(np.diff(latents, axis=0), axis=1)
    assert np.allclose(steps, steps[0], rtol=1e-3)


def test_equal_waypoints_stand_still() -> None:
    assert Path((C, C), frames=3).latents().tolist() == [[4.0, 2.0]] * 3
    assert Path((C, C), "slerp", 3).waypoint_frames().tolist() == [0, 0]


def test_editing_makes_a_new_path() -> None:
    path = Path((A, B), "slerp", 10, True)
    assert path.with_waypoint(C).waypoints == (A, B, C)
    assert path.with_waypoint(C, 0).waypoints == (C, A, B)
    assert path.without(0).waypoints == (B,)
    assert path.replaced(1, C).waypoints == (A, C)
    three = path.with_waypoint(C)
    assert three.moved(0, 2).waypoints == (B, C, A)
    assert three.moved(2, 0).waypoints == (C, A, B)
    assert three.moved(1, 1) == three
    assert path.waypoints == (A, B)
    assert (three.mode, three.frames, three.closed) == ("slerp", 10, True)
    assert hash(path) == hash(Path((A, B), "slerp", 10, True))


def test_places_outside_the_path_are_refused() -> None:
    path = Path((A, B))
    for edit in (
        lambda: path.without(2),
        lambda: path.without(-1),
        lambda: path.moved(0, 2),
        lambda: path.moved(-1, 0),
        lambda: path.replaced(2, C),
        lambda: path.with_waypoint(C, 3),
    ):
        with pytest.raises(IndexError):
            edit()
