"""import, trust and new-adapter: from a file of another program to its latents."""

import json
from pathlib import Path

import numpy as np
import pytest

from latentviewer.cli import main
from latentviewer.io.import_answers import answers_file
from latentviewer.io.spaces import open_space
from tests.engine.importing.onnx_nets import decoder, encoder, save, weights

D, PIXELS = 5, 64  # latents of pictures of 8 x 8


def run(*words: object) -> int:
    return main([str(word) for word in words])


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LATENTVIEWER_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    """An encoder and its transpose as a decoder: a round trip that works."""
    basis = np.linalg.qr(weights(PIXELS, D))[0].astype(np.float32)
    folder = tmp_path / "net"
    save(folder / "encoder.onnx", encoder(["b", 1, 8, 8], {"mean": basis}))
    save(folder / "decoder.onnx", decoder(["b", D], basis.T.copy(), (1, 8, 8)))
    return folder


@pytest.fixture
def adapter(tmp_path: Path) -> Path:
    path = tmp_path / "mine.py"
    assert run("new-adapter", path) == 0
    return path


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    document: dict[str, object] = json.loads(capsys.readouterr().out)
    return document


def test_a_pair_of_onnx_files_is_tried_and_its_answers_kept(
    pair: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", pair, "--answer", "output_values=0..1", "--json") == 0
    report = told(capsys)
    assert (report["format"], report["data"], report["latent_dim"]) == ("onnx", "digits", D)
    checks = {check["name"]: check["passed"] for check in report["checks"]}  # type: ignore[attr-defined]
    assert checks["Latents: shape"] is True
    assert checks["Decoding: same answer twice"] is True
    assert report["kept"] == str(answers_file(pair))
    kept = json.loads(answers_file(pair).read_text())
    assert kept["answers"] == {"output_values": "0..1"}


def test_what_was_imported_encodes_and_decodes(pair: Path, tmp_path: Path) -> None:
    assert run("encode", pair, "digits", "--limit", 20, "-o", tmp_path / "z.arrow") == 0
    space = open_space(tmp_path / "z.arrow")
    assert space.latent.shape == (20, D)
    assert space.provenance.model == str(pair)
    assert run("eval", tmp_path / "z.arrow", "#3", "-o", tmp_path / "three.png") == 0
    assert (tmp_path / "three.png").is_file()


def test_answers_change_how_it_is_read(pair: Path, tmp_path: Path) -> None:
    pictures = []
    np.save(tmp_path / "z.npy", np.ones((1, D), np.float32))
    for values in ("0..1", "-1..1"):
        assert run("import", pair, "--answer", f"output_values={values}") == 0
        out = tmp_path / "x.npy"
        assert run("decode", pair, "--latents", tmp_path / "z.npy", "-o", out) == 0
        pictures.append(np.load(out))
    inside = (pictures[0] > 0) & (pictures[0] < 1)
    assert inside.sum() > 10
    np.testing.assert_allclose(pictures[1][inside], (pictures[0][inside] + 1) / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("answer", "said"),
    [("colour=red", "does not ask for “colour”"), ("output_values=loud", "“loud” is no answer")],
)
def test_an_answer_to_nothing_is_refused(
    pair: Path, capsys: pytest.CaptureFixture[str], answer: str, said: str
) -> None:
    assert run("import", pair, "--answer", answer) == 2
    assert said in capsys.readouterr().err
    assert not answers_file(pair).exists()


def test_code_runs_only_once_it_is_trusted(
    adapter: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    canary = tmp_path / "ran"
    adapter.write_text(f"open({str(canary)!r}, 'w').close()\n" + adapter.read_text())
    for words in (["inspect"], ["import"], ["encode"]):
        more = ["faces:3", "-o", tmp_path / "z.arrow"] if words == ["encode"] else []
        assert run(*words, adapter, *more) == 3
        assert not canary.exists()
    capsys.readouterr()
    assert run("trust", adapter, "--json") == 0
    content = told(capsys)["hash"]
    assert not canary.exists()
    assert run("import", adapter) == 0
    assert canary.exists()
    canary.unlink()
    assert run("trust", "--list") == 0
    assert str(content) in capsys.readouterr().out
    # Trust is the content's: another line, and it asks again.
    adapter.write_text(adapter.read_text() + "\n# changed\n")
    assert run("import", adapter) == 3
    assert not canary.exists()


def test_trust_is_taken_back_by_the_beginning_of_its_hash(
    adapter: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run("trust", adapter, "--json") == 0
    content = str(told(capsys)["hash"])
    assert run("trust", content[:10], "--revoke") == 0
    assert run("import", adapter) == 3
    assert run("trust", content[:10], "--revoke") == 2


def test_a_new_adapter_works_as_it_is_and_is_never_written_over(
    adapter: Path, tmp_path: Path
) -> None:
    before = adapter.read_text()
    assert run("new-adapter", adapter) == 2
    assert adapter.read_text() == before
    assert run("trust", adapter) == 0
    assert run("encode", adapter, "faces:6", "-o", tmp_path / "z.arrow") == 0
    assert open_space(tmp_path / "z.arrow").latent.shape[0] == 6


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["import", "nothing.onnx"], "does not exist"),
        (["import", "mnist-vae"], "does not exist"),
        (["trust"], "Name the file"),
        (["trust", "nothing.py"], "asks for trust"),
        (["trust", "x.py", "--list"], "names no file"),
        (["new-adapter", "missing/mine.py"], "missing"),
    ],
)
def test_refusals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: list[str], said: str,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert run(*words) == 2
    assert said in capsys.readouterr().err


def test_what_needs_no_trust_takes_none(pair: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("trust", pair) == 2
    assert "needs no trust" in capsys.readouterr().err
