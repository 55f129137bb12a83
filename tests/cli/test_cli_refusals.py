"""What the command line does when names, options, files or its own output are not as hoped."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from latentviewer.bundled import models_folder
from latentviewer.cli import main
from latentviewer.domain.path import MOST_FRAMES
from latentviewer.domain.space import Space
from latentviewer.domain.table import categories_of
from latentviewer.io.content import content_kind
from latentviewer.io.spaces import open_space, write_space

SAMPLE = "digits-vae"


def run(*words: object) -> int:
    return main([str(word) for word in words])


def refused(capsys: pytest.CaptureFixture[str], code: int, *words: object) -> str:
    """The one line with which a command is refused."""
    capsys.readouterr()
    assert run(*words) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.splitlines()) == 1, output.err
    return output.err


@pytest.fixture
def few(tmp_path: Path) -> Path:
    latent = np.array([[0, 0], [30, 0], [0, 1]], np.float32)
    write_space(Space("few", latent), tmp_path / "few.arrow")
    return tmp_path / "few.arrow"


# names


@pytest.mark.parametrize("name", [".", ".."])
def test_a_folders_name_is_no_bundled_model(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    monkeypatch.chdir(tmp_path / "in")
    said = refused(capsys, 2, "encode", name, "digits", "-o", "x.arrow")
    assert str(models_folder()) not in said
    assert "config.json" in said


@pytest.mark.parametrize(
    "words",
    [
        ("inspect", ""),
        ("encode", "", "digits", "-o", "x.arrow"),
        ("encode", SAMPLE, " ", "-o", "x.arrow"),
        ("render", "", "-o", "x.png"),
        ("eval", SAMPLE, "#1", "--model", ""),
    ],
)
def test_an_empty_name_is_a_fault_of_usage(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is not a name or a path" in refused(capsys, 2, *words)


def test_a_bare_bundled_name_means_the_bundled_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / SAMPLE).mkdir()
    assert run("inspect", SAMPLE) == 0
    capsys.readouterr()
    assert "config.json" in refused(
        capsys, 2, "encode", f"./{SAMPLE}", "digits", "-o", tmp_path / "x.arrow"
    )


@pytest.mark.parametrize(
    "words",
    [
        ("render", "digit-vae", "-o", "x.png"),
        ("encode", "digit-vae", "digits", "-o", "x.arrow"),
        ("inspect", "digit-vae"),
    ],
)
def test_an_unknown_name_is_answered_with_those_there_are(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    said = refused(capsys, 2, *words)
    assert "digits-vae" in said
    assert "mnist-vae" in said


def test_an_unknown_part_of_a_data_set_is_answered_with_the_parts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refused(capsys, 2, "encode", SAMPLE, "digits:val", "-o", tmp_path / "x.arrow")
    assert "digits:train or digits:test" in said


def test_inspect_knows_data_sets_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LATENTVIEWER_DATA", str(tmp_path))
    assert run("inspect", "digits", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["kind"], report["rows"], report["usable"]) == ("data set", 1797, True)
    assert run("inspect", "mnist:test", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["kind"], report["usable"]) == ("data set", False)
    assert "mnist" in report["why"]


# options


@pytest.mark.parametrize(
    "expression", ["-#1", "-[3]+#12", "-unit([3])", "--#1", '-mean(label == "3")']
)
def test_an_expression_may_begin_with_a_minus(
    expression: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "e.npy"
    assert run("eval", SAMPLE, expression, "--json", "-o", out, "--nearest", 1) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["expression"] == expression
    assert run("eval", SAMPLE, f"({expression})", "--json") == 0
    same = json.loads(capsys.readouterr().out)
    np.testing.assert_allclose(report["latent"], same["latent"], rtol=1e-6)
    np.testing.assert_allclose(np.load(out)[0], same["latent"], rtol=1e-6)


def test_options_of_eval_are_still_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--loudly" in refused(capsys, 2, "eval", SAMPLE, "#1", "--loudly")
    assert run("eval", "-h") == 0
    assert "begin with a minus" in capsys.readouterr().out
    assert run("eval", SAMPLE, "-#99999") == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[2].index("^") == lines[1].index("#99999")


def test_help_names_the_keys_that_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], few: Path
) -> None:
    from latentviewer.cli.parser import build_parser

    parsers = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]

    def printed(*words: object) -> set[str]:
        capsys.readouterr()
        run(*words, "--json")
        return set(json.loads(capsys.readouterr().out))

    (tmp_path / "n.pt").write_bytes(b"\x80\x02}q\x00.")
    for command, words in {
        "render": [(SAMPLE, "-o", tmp_path / "m.png", "--size", "320x240")],
        "project": [(few, "-o", tmp_path / "p.arrow")],
        "decode": [(SAMPLE, "--latents", tmp_path / "z.npy", "-o", tmp_path / "z.png")],
        "inspect": [(SAMPLE,), (few,), ("digits",), (tmp_path / "n.pt",)],
    }.items():
        np.save(tmp_path / "z.npy", np.zeros(8, np.float32))
        text = parsers[command].format_help().partition("--json prints")[2]
        for each in words:
            for key in printed(command, *each):
                assert key in text, f"{command}: {key}"
    for key in ("reason", "inverse"):
        assert key not in parsers["inspect"].format_help() + parsers["render"].format_help()


def test_decode_takes_one_latent_alone(tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", np.zeros(8, np.float32))
    assert run("decode", SAMPLE, "--latents", tmp_path / "z.npy", "-o", tmp_path / "x.npy") == 0
    assert np.load(tmp_path / "x.npy").shape == (1, 8, 8, 1)


@pytest.mark.parametrize(
    "option", [("--epochs", "2"), ("--seed", "1"), ("--fresh",), ("--resume",)]
)
def test_measuring_does_not_go_with_options_of_training(
    option: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert option[0] in refused(capsys, 2, "train", SAMPLE, "--evaluate", *option)


def test_train_looks_at_its_target_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def trained(*_words: object, **_options: object) -> None:
        raise AssertionError("it began to train")

    monkeypatch.setattr("latentviewer.bootstrap.train", trained)
    (tmp_path / "file").write_text("")
    assert "no folder" in refused(capsys, 2, "train", SAMPLE, "-o", tmp_path / "file")
    assert "does not exist" in refused(capsys, 2, "train", SAMPLE, "-o", tmp_path / "a" / "b")
    monkeypatch.setattr(os, "access", lambda *_words: False)
    assert "read-only" in refused(capsys, 2, "train", SAMPLE, "-o", tmp_path / "model")


def test_paths_of_absurd_length_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("path", SAMPLE, "--via", "1,2", "--frames")
    said = refused(capsys, 2, *words, MOST_FRAMES + 1, "-o", tmp_path / "p.mp4")
    assert "at most 100,000 frames" in said
    assert "is not a whole number" in refused(
        capsys, 2, *words, "9" * 5000, "-o", tmp_path / "p.mp4"
    )
    said = refused(capsys, 2, *words, 2_001, "-o", tmp_path / "p.gif")
    assert "at most 2,000 frames" in said
    assert run(*words, MOST_FRAMES, "-o", tmp_path / "p.npy") == 0


def test_more_stops_than_frames_are_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("path", SAMPLE, "--via", "1,2,3", "-o", tmp_path / "p.npy", "--frames")
    assert run(*words, 3) == 0
    assert capsys.readouterr().err == ""
    assert run(*words, 3, "--closed") == 0
    assert "--frames 4 or more" in capsys.readouterr().err
    assert run(*words, 1) == 0
    output = capsys.readouterr()
    assert "1 frame," in output.out


# files


def test_output_under_a_parquet_name_is_parquet(few: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.parquet"
    assert run("project", few, "--method", "pca", "-o", out) == 0
    assert content_kind(out) == "parquet"
    assert "pca_2d" in open_space(out).maps


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipes_are_neither_read_nor_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("in.npy", "in.pt", "out.png"):
        os.mkfifo(tmp_path / name)
    for words in (
        ("inspect", tmp_path / "in.npy"),
        ("inspect", tmp_path / "in.pt"),
        ("render", tmp_path / "in.npy", "-o", tmp_path / "m.png"),
        ("encode", tmp_path / "in.pt", "digits", "-o", tmp_path / "m.arrow"),
        ("render", SAMPLE, "-o", tmp_path / "out.png"),
    ):
        assert "is a pipe or a device" in refused(capsys, 2, *words)


@pytest.mark.parametrize("command", ["render", "inspect", "open", "shot"])
def test_a_program_is_refused_as_unsafe_by_every_command(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    if command == "open":
        monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    adapter = tmp_path / "adapter.py"
    adapter.write_text("raise SystemExit(7)")
    output = () if command in ("inspect", "open") else ("-o", tmp_path / "x.png")
    if command == "shot":
        # The window of a process of its own, for its messages and scale are the process's.
        done = subprocess.run(
            [sys.executable, "-m", "latentviewer", command, adapter, *output],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (3, "")
        assert done.stderr.count("\n") == 1
        return
    assert run(command, adapter, *output) == 3
    said = capsys.readouterr()
    assert "adapter.py" in said.out + said.err


def test_shot_refuses_a_size_that_the_window_does_not_fit_in(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "latentviewer", "shot", SAMPLE, "-o", tmp_path / "x.png",
         "--size", "64x4000"],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "does not fit in 64x4000; it needs " in done.stderr
    assert not (tmp_path / "x.png").exists()


def test_shot_compares_only_what_shows_the_same_samples(tmp_path: Path) -> None:
    other = tmp_path / "other.arrow"
    write_space(Space("other", np.ones((3, 2), np.float32)), other)
    picture = tmp_path / "x.png"
    words = [sys.executable, "-m", "latentviewer", "shot", SAMPLE, "-o", picture, "--compare"]
    other_data = subprocess.run(
        [*words, other], capture_output=True, text=True, timeout=120, check=False
    )
    assert other_data.returncode == 2
    assert "only spaces of the same data set can stand side by side." in other_data.stderr
    assert not picture.exists()
    done = subprocess.run(
        [*words, SAMPLE, "--at", "5"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert picture.exists()


# what is said


def test_too_few_points_for_umap_are_called_pca_everywhere(
    few: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, plain = tmp_path / "out.arrow", tmp_path / "plain.arrow"
    assert run("project", few, "--method", "umap", "-o", out, "--json") == 0
    output = capsys.readouterr()
    report = json.loads(output.out)
    assert output.err == ""
    assert (report["map"], report["method"]) == ("pca_2d", "pca (too few points for umap)")
    assert report["parameters"] == {}
    assert "at least 5 points" in report["notes"][0]
    space = open_space(out)
    assert list(space.maps) == ["pca_2d"]
    kept = space.provenance.extra["maps"]["pca_2d"]
    assert kept["method"] == "pca (too few points for umap)"
    assert run("project", few, "--method", "pca", "-o", plain) == 0
    np.testing.assert_array_equal(space.maps["pca_2d"], open_space(plain).maps["pca_2d"])
    capsys.readouterr()
    assert run("project", few, "--method", "umap", "-o", out) == 0
    assert "at least 5 points" in capsys.readouterr().out


def test_labels_with_control_characters_keep_to_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = categories_of(["two\nlines", "esc\x1b[31m", "ü"])
    space = Space("s\x1b", np.eye(3, dtype=np.float32), columns={"label": names})
    write_space(space, tmp_path / "s.arrow")
    assert run("neighbors", tmp_path / "s.arrow", "--of", 2) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert "\x1b" not in "".join(lines)
    assert any("two\\nlines" in line for line in lines)
    assert run("inspect", tmp_path / "s.arrow") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_inspect_speaks_plainly(few: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("inspect", few) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "safe: yes" in lines
    assert "std: no" in lines
    assert run("inspect", SAMPLE) == 0
    text = capsys.readouterr().out
    assert "image: 8 x 8 pixels, 1 channel" in text
    assert not any(mark in text for mark in ("{", "[", "True", "None"))
    assert run("inspect", models_folder() / SAMPLE / "latents.arrow") == 0
    assert "maps umap_2d: 2" in capsys.readouterr().out


def test_equal_latents_have_no_neighbours_to_trust(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_space(Space("same", np.ones((50, 3), np.float32)), tmp_path / "same.arrow")
    out = tmp_path / "out.arrow"
    assert run("project", tmp_path / "same.arrow", "--method", "pca", "-o", out, "--json") == 0
    quality = json.loads(capsys.readouterr().out)["quality"]
    assert quality["trustworthiness"] is None
    assert quality["continuity"] is None


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        ("samples > /dev/full", 1, "no space left"),
        ("samples --json > /dev/full", 1, "no space left"),
        ("--help > /dev/full", 1, "no space left"),
        ("samples >&-", 1, "it is closed"),
        ("samples 2>&-", 0, None),
        ("samples --loudly 2> /dev/full", 2, None),
        ("inspect nothing.arrow 2> /dev/full", 2, None),
        ("inspect nothing.arrow 2>&-", 2, None),
        ("samples | true", 0, None),
    ],
)
def test_a_closed_or_full_output_is_one_line(shell: str, code: int, said: str | None) -> None:
    done = subprocess.run(
        f'"{sys.executable}" -m latentviewer {shell}',
        shell=True, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stderr
    if said is None:
        assert done.stderr == ""
    else:
        assert len(done.stderr.splitlines()) == 1
        assert said in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="needs a POSIX shell")
def test_no_file_takes_the_place_of_a_closed_stream() -> None:
    code = (
        "import os, sys\n"
        "from latentviewer.cli import main\n"
        "assert main(['samples']) == 1\n"
        "sys.exit(os.open(os.devnull, os.O_RDONLY))\n"
    )
    done = subprocess.run(
        f'"{sys.executable}" -c "{code}" <&- >&- 2>&-', shell=True, timeout=60, check=False
    )
    assert done.returncode > 2


def test_noise_is_refused_where_the_model_has_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    way = ("path", SAMPLE, "--via", "1,2", "-o", tmp_path / "p.gif")
    assert "has no noise to interpolate in" in refused(capsys, 2, *way, "--mode", "noise")
    assert "belong to --mode noise" in refused(capsys, 2, *way, "--steps", 3)
    assert "belong to --mode noise" in refused(capsys, 2, *way, "--ask", "label=3")
    twice = ("--mode", "noise", "--ask", "label=3", "--ask", "label=4")
    assert "names the same thing twice" in refused(capsys, 2, *way, *twice)
