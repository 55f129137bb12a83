"""Spaces written for other programs, and read back."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentviewer.bootstrap import find_space
from latentviewer.cli import main
from latentviewer.io import sample_exports
from latentviewer.io.spaces import open_space


def run(*words: object) -> int:
    return main([str(word) for word in words])


def test_a_folder_is_the_projector_s_with_a_sprite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "digits"
    assert run("export", "digits-vae", "-o", folder, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["rows"], told["dims"]) == (1797, 8)
    assert told["notes"] == [
        "The standard deviations are left out: a projector has no place for them."
    ]
    space, back = find_space("digits-vae"), open_space(folder)
    np.testing.assert_array_equal(back.latent, space.latent)
    assert set(back.maps) == set(space.maps)
    assert list(back.columns) == list(space.columns)
    assert [back.label(row) for row in range(50)] == [space.label(row) for row in range(50)]
    with Image.open(folder / "sprite.png") as sprite:
        assert sprite.size == (43 * 8, 43 * 8)
    assert run("export", "digits-vae", "-o", folder, "--no-pictures") == 0
    assert not (folder / "sprite.png").exists()


def test_pictures_that_are_too_many_are_left_out_and_that_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sample_exports, "_MOST_PICTURE_BYTES", 1000)
    assert run("export", "digits-vae", "-o", tmp_path / "digits") == 0
    assert "Without pictures: 1,797 of digits are too many" in capsys.readouterr().out
    assert not (tmp_path / "digits" / "sprite.png").exists()


@pytest.mark.parametrize("name", ["z.npy", "z.parquet", "z.arrow", "z.csv"])
def test_a_file_holds_the_same_latents(tmp_path: Path, name: str) -> None:
    assert run("export", "digits-vae", "-o", tmp_path / name) == 0
    back, space = open_space(tmp_path / name), find_space("digits-vae")
    np.testing.assert_array_equal(back.latent, space.latent)
    if name != "z.npy":
        # A CSV does not say which of its columns are the axes of a map.
        axes = 5 if name == "z.csv" else 0
        assert list(back.columns)[axes:] == list(space.columns)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("z.xlsx", "ends in .csv, .parquet, .arrow, .feather or .npy"),
        ("gone/digits", "does not exist"),
    ],
)
def test_a_place_that_does_not_do_is_named_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    assert run("export", "no such space", "-o", tmp_path / name) == 2
    assert said in capsys.readouterr().err


def test_a_folder_with_other_things_in_it_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    assert run("export", "digits-vae", "-o", tmp_path) == 2
    assert str(tmp_path) in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
