"""Every command on small spaces: what it writes, what it prints, how it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentviewer.cli import main
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import Numbers, categories_of
from latentviewer.io.spaces import open_space, write_space

SAMPLE = "digits-vae"


def run(*words: object) -> int:
    return main([str(word) for word in words])


def told(capsys: pytest.CaptureFixture[str]) -> object:
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    space = Space(
        "tiny", rng.normal(size=(40, 3)).astype(np.float32),
        columns={"label": categories_of(["a", "b"] * 20), "score": Numbers(np.arange(40.0))},
    )  # fmt: skip
    write_space(space, tmp_path / "tiny.arrow")
    return tmp_path / "tiny.arrow"


def test_samples_lists_what_is_bundled(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("samples", "--json") == 0
    found = told(capsys)
    assert isinstance(found, list)
    assert {"mnist-vae", "digits-vae"} <= {entry["name"] for entry in found}
    assert set(found[0]) == {"name", "kind", "model", "data", "space", "available"}
    assert all(entry["available"] for entry in found)


def test_encode_writes_the_space_that_is_bundled(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("encode", SAMPLE, "digits", "-o", tmp_path / "d.arrow", "--limit", 30) == 0
    made = open_space(tmp_path / "d.arrow")
    assert run("samples", "--json") == 0
    capsys.readouterr()
    from latentviewer.bootstrap import find_space

    bundled = find_space(SAMPLE)
    np.testing.assert_allclose(made.latent, bundled.latent[:30], atol=1e-4)
    assert made.provenance.model == SAMPLE
    assert made.provenance.data == "digits"
    assert made.latent_std is not None


def test_project_adds_a_map_and_says_how_far_to_trust_it(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mapped.arrow"
    assert run("project", tiny, "--method", "pca", "--dims", 3, "-o", out, "--json") == 0
    report = told(capsys)
    assert isinstance(report, dict)
    assert report["map"] == "pca_3d"
    assert 0 <= report["quality"]["trustworthiness"] <= 1
    assert open_space(out).maps["pca_3d"].shape == (40, 3)


def test_decode_writes_pictures_and_numbers(tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", np.zeros((3, 8), np.float32))
    assert run("decode", SAMPLE, "--latents", tmp_path / "z.npy", "-o", tmp_path / "x.npy") == 0
    assert np.load(tmp_path / "x.npy").shape == (3, 8, 8, 1)
    assert run("decode", SAMPLE, "--latents", tmp_path / "z.npy", "-o", tmp_path / "x.png") == 0
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.width > 8


def test_eval_prints_norm_and_neighbours_without_the_inputs(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    text = 'mean(label == "3") - mean(label == "8") + #12'
    assert run("eval", SAMPLE, text, "--json", "-o", tmp_path / "e.png") == 0
    report = told(capsys)
    assert isinstance(report, dict)
    assert len(report["nearest"]) == 5
    assert 12 not in [entry["row"] for entry in report["nearest"]]
    assert (tmp_path / "e.png").is_file()


@pytest.mark.parametrize("suffix", [".npy", ".png", ".gif", ".mp4"])
def test_path_writes_every_kind_of_film(tmp_path: Path, suffix: str) -> None:
    out = tmp_path / f"walk{suffix}"
    words = ("path", SAMPLE, "--via", "1,5,9", "--mode", "slerp", "--frames", 7, "-o", out)
    assert run(*words) == 0
    assert out.stat().st_size > 0
    if suffix == ".npy":
        assert np.load(out).shape == (7, 8)


def test_neighbors_come_nearest_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("neighbors", SAMPLE, "--of", 12, "--k", 4, "--metric", "cosine", "--json") == 0
    report = told(capsys)
    assert isinstance(report, dict)
    distances = [entry["distance"] for entry in report["neighbors"]]
    assert distances == sorted(distances)
    assert len(distances) == 4


@pytest.mark.parametrize("dims", [2, 3])
def test_render_draws_the_map(tmp_path: Path, dims: int) -> None:
    out = tmp_path / "map.png"
    assert run("render", SAMPLE, "-o", out, "--dims", dims, "--size", "640x400") == 0
    with Image.open(out) as drawn:
        picture = np.asarray(drawn.convert("RGB"))
    assert picture.shape == (400, 640, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 50


def test_inspect_tells_a_model_a_space_and_an_unsafe_file(
    tiny: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("inspect", SAMPLE, "--json") == 0
    model = told(capsys)
    assert isinstance(model, dict)
    assert (model["kind"], model["latent_dim"], model["safe"]) == ("model", 8, True)
    assert run("inspect", tiny, "--json") == 0
    space = told(capsys)
    assert isinstance(space, dict)
    assert (space["kind"], space["rows"]) == ("space", 40)
    (tmp_path / "weights.pt").write_bytes(b"\x80\x02}q\x00.")
    assert run("inspect", tmp_path / "weights.pt", "--json") == 3
    unsafe = told(capsys)
    assert isinstance(unsafe, dict)
    assert not unsafe["safe"]
    assert "weights.pt" in unsafe["why"]


def test_train_refuses_an_unknown_recipe_and_measures_a_bundled_model(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("train", "faces-of-cats") == 2
    assert "mnist-vae" in capsys.readouterr().err
    assert run("train", SAMPLE, "--evaluate", "--json") == 0
    report = told(capsys)
    assert isinstance(report, dict)
    from latentviewer.bootstrap import model_card

    stated = model_card(SAMPLE).figures["test_nelbo_nats"]
    assert report["figures"]["nelbo"] == pytest.approx(stated, abs=0.05)


def test_train_writes_a_model_that_opens(tmp_path: Path) -> None:
    out = tmp_path / "mine"
    assert run("train", SAMPLE, "-o", out, "--epochs", 1) == 0
    assert (out / "README.md").is_file()
    assert run("encode", out, "digits", "-o", tmp_path / "d.arrow", "--limit", 5) == 0
    assert open_space(tmp_path / "d.arrow").provenance.model == str(out)


def test_doctor_finds_nothing_wrong_with_the_models(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("doctor", "--json") == 0
    report = told(capsys)
    assert isinstance(report, dict)
    assert report["agreement"][0]["agrees"]
    assert all(report["bundled"].values())


def test_a_fault_in_an_expression_is_shown_at_its_character(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run("eval", SAMPLE, "#1 + #99999") == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("latentviewer: ")
    assert lines[2].index("^") - lines[1].index("#1") == 5


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (("encode", "no-such-model", "digits", "-o", "x.arrow"), 2, "no-such-model"),
        (("encode", SAMPLE, "no-such-data", "-o", "x.arrow"), 2, "no-such-data"),
        (("neighbors", SAMPLE, "--of", "99999"), 2, "99999"),
        (("path", SAMPLE, "--via", "1", "-o", "x.gif"), 2, "two samples"),
        (("path", SAMPLE, "--via", "1,2", "-o", "x.avi"), 2, ".mp4"),
        (("render", "missing.arrow", "-o", "x.png"), 2, "missing.arrow"),
        (("render", SAMPLE, "--color-by", "nothing", "-o", "x.png"), 2, "nothing"),
        (("decode", SAMPLE, "--latents", "broken.npy", "-o", "x.png"), 2, "broken.npy"),
        (("decode", SAMPLE, "--latents", "pickled.npy", "-o", "x.png"), 3, "pickled.npy"),
        (("eval", "truncated.arrow", "#0"), 2, "truncated.arrow"),
        (("eval", "nan.npy", "#0"), 2, "nan.npy"),
        (("project", "model.pt", "-o", "x.arrow"), 3, "model.pt"),
        (("samples", "--loudly"), 2, "--loudly"),
        (("fly",), 2, "fly"),
    ],
)
def test_refusals_are_one_line_that_names_the_thing(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    code: int,
    named: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY\x01\x00")
    np.save(tmp_path / "pickled.npy", np.array([{}], object), allow_pickle=True)
    np.save(tmp_path / "nan.npy", np.full((3, 2), np.nan, np.float32))
    write_space(Space("s", np.zeros((9, 2), np.float32)), tmp_path / "whole.arrow")
    whole = (tmp_path / "whole.arrow").read_bytes()
    (tmp_path / "truncated.arrow").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "model.pt").write_bytes(b"\x80\x02}q\x00.")
    assert run(*words) == code
    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.strip().splitlines()) == 1
    assert named in output.err
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tiny_spaces_go_through_every_command_that_reads_them(tmp_path: Path, count: int) -> None:
    file = tmp_path / "few.arrow"
    space = Space("few", np.ones((count, 1), np.float32), provenance=Provenance())
    write_space(space, file)
    assert run("render", file, "-o", tmp_path / "m.png", "--size", "320x240") == 0
    assert run("project", file, "--method", "pca", "-o", tmp_path / "p.arrow") == 0
    assert run("eval", file, "zero()") == 0
    assert run("inspect", file) == 0
    assert run("neighbors", file, "--of", 0) == (0 if count else 2)


def test_help_of_every_command_explains_its_json(capsys: pytest.CaptureFixture[str]) -> None:
    from latentviewer.cli.parser import build_parser

    names = build_parser()._subparsers._group_actions[0].choices  # type: ignore[union-attr]
    for name, parser in names.items():
        text = parser.format_help()
        assert ("--json" not in text) or text.count("--json") >= 2, name
    wanted = "open samples inspect encode project decode eval path neighbors render shot train"
    assert {*wanted.split(), "bench", "doctor"} <= set(names)
