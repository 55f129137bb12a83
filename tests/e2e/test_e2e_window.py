"""A person with a mouse, as far as a program can be one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
_REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def told(display: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("e2e")
    environment = {
        **os.environ,
        "DISPLAY": display,
        "QT_QPA_PLATFORM": "xcb",
        "LATENTVIEWER_STATE": str(folder / "state"),
        "PYTHONPATH": str(_REPOSITORY),
    }
    environment.pop("WAYLAND_DISPLAY", None)
    done = subprocess.run(
        [sys.executable, "-m", "tests.e2e.driver", str(folder / "window.png")],
        cwd=_REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    result: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_hovering_points_shows_the_digit_of_the_point_under_the_mouse(told: dict) -> None:  # type: ignore[type-arg]
    hovers = told["hovers"]
    assert len(hovers) == 8
    for hover in hovers:
        assert hover["shown_title"] == f"#{hover['row']}"
        assert hover["distance_to_model"] < 1e-5
    brightness = {round(hover["tile_bright"], 4) for hover in hovers}
    assert len(brightness) > 4, "the painted picture does not change with the point"


def test_an_empty_place_is_decoded_and_says_how(told: dict) -> None:  # type: ignore[type-arg]
    assert told["place"]["decoded"]
    assert told["place"]["inverse"] == "weighted nearest neighbours"
    assert told["place"]["distance"] > 0


def test_a_click_selects_the_point_under_the_mouse(told: dict) -> None:  # type: ignore[type-arg]
    assert told["selected"] == [told["hovers"][0]["row"]]


def test_the_three_key_turns_to_3d_where_hover_answers_too(told: dict) -> None:  # type: ignore[type-arg]
    assert told["hover_3d"]["shown"] == f"#{told['hover_3d']['row']}"
    assert told["turned"]
    assert told["undone"] == 2
