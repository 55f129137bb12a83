"""A window that nobody sees: it leaves nothing behind, and ends at once when it cannot go on."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentviewer.app.projects import session_to_json
from latentviewer.app.state import SessionState
from latentviewer.bootstrap import find_space, inspect
from latentviewer.bootstrap.staging import Stage
from latentviewer.bundled import state_folder
from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.io import atomic
from latentviewer.io.projects import save_project

PATIENCE_S = 30
SIZE = (1440, 900)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with Stage("dark", SIZE) as made:
        yield made


def project_without(tmp_path: Path, key: str) -> Path:
    space = find_space("digits-vae")
    whole, broken = tmp_path / "whole.latentviewer", tmp_path / "broken.latentviewer"
    save_project(whole, session_to_json(SessionState(space=space)), space)
    with zipfile.ZipFile(whole) as read, zipfile.ZipFile(broken, "w") as written:
        session = json.loads(read.read("session.json"))
        del session[key]
        written.writestr("session.json", json.dumps(session))
        written.writestr("space.arrow", read.read("space.arrow"))
    return broken


def test_a_stage_takes_no_settings_and_keeps_none(tmp_path: Path) -> None:
    settings = state_folder() / "settings.json"
    settings.parent.mkdir(parents=True)
    stored = json.dumps({"theme": "light", "recent": ["mine.arrow"], "geometry": "00ff"})
    settings.write_text(stored)
    with Stage("dark", SIZE) as stage:
        assert stage.workbench.settings.recent == ()
        stage.open("digits-vae", PATIENCE_S)
        stage.run("arithmetic.evaluate", text="#1")
        stage.wait_until_quiet(PATIENCE_S)
    assert settings.read_text() == stored
    assert [file.name for file in settings.parent.iterdir()] == ["settings.json"]


def test_a_stage_leaves_damaged_settings_to_the_window(stage: Stage) -> None:
    stage.open("digits-vae", PATIENCE_S)
    settings = state_folder() / "settings.json"
    assert not settings.exists()
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text("{")
    with Stage("dark", SIZE) as second:
        second.open("digits-vae", PATIENCE_S)
    assert settings.read_text() == "{"


def test_a_project_whose_session_does_not_fit_is_refused_at_once(
    stage: Stage, tmp_path: Path
) -> None:
    file = project_without(tmp_path, "map")
    said: list[tuple[str, bool]] = []
    stage.workbench.workspace.message.connect(lambda *words: said.append(words))
    began = time.monotonic()
    with pytest.raises(UserError, match=r"broken\.latentviewer.*lacks “map”"):
        stage.open(str(file), PATIENCE_S)
    assert [fault for _sentence, fault in said] == [True]
    assert time.monotonic() - began < PATIENCE_S / 2
    report = inspect(str(file))
    assert (report["kind"], report["usable"], report["safe"]) == ("project", False, True)
    assert "lacks “map”" in report["why"]


def test_a_refusal_keeps_its_kind(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "code.pt").write_bytes(b"\x80\x02}q\x00.")
    with pytest.raises(UnsafeFileError, match=r"code\.pt"):
        stage.open(str(tmp_path / "code.pt"), PATIENCE_S)


def test_a_defect_ends_the_stage_instead_of_its_patience(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_result: object, _reference: object) -> None:
        raise ZeroDivisionError("made for this test")

    monkeypatch.setattr(stage.workbench.opening, "_on_found", broken)
    with pytest.raises(ZeroDivisionError, match="made for this test"):
        stage.open("digits-vae", PATIENCE_S)


def test_an_interrupt_ends_the_stage(stage: Stage) -> None:
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        stage.wait_until_quiet_for(1)
    timer.join()


def test_a_picture_that_cannot_be_written_leaves_the_earlier_one(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "window.png"
    stage.save(out)
    earlier = out.read_bytes()
    with Image.open(out) as picture:
        assert np.asarray(picture).shape[:2] == SIZE[::-1]

    def full(_path: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(atomic, "_to_disk", full)
    with pytest.raises(UserError, match=r"disk is full.*window\.png"):
        stage.save(out)
    assert out.read_bytes() == earlier
    assert [f.name for f in tmp_path.iterdir() if f.is_file()] == ["window.png"]


def test_a_window_whose_settings_cannot_be_kept_says_so_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from latentviewer.bootstrap.wiring import make_workbench
    from latentviewer.jobs.child import ChildLane
    from latentviewer.jobs.worker import Worker

    (tmp_path / "state").write_text("a file where the folder should be")
    deliver = []
    worker = Worker(deliver.append)
    workbench = make_workbench(deliver.append, worker, ChildLane(deliver.append, "none:none"))
    for told in deliver:
        told()
    said: list[str] = []
    workbench.workspace.message.connect(lambda sentence, _fault: said.append(sentence))
    workbench.opening.opened.emit("one.arrow")
    workbench.opening.opened.emit("two.arrow")
    assert workbench.settings.recent == ("two.arrow", "one.arrow")
    assert len(said) == 1
    assert "settings" in said[0]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere there is a display")
def test_ctrl_c_while_it_draws_without_a_display_stops_it(tmp_path: Path) -> None:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("QT_", "LATENTVIEWER"))}
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        kept.pop(name, None)
    code = (
        "import os, signal, sys, threading\n"
        "import latentviewer.bootstrap.staging as staging\n"
        "begun = staging.Stage.open\n"
        "def open(stage, *words):\n"
        "    threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()\n"
        "    begun(stage, *words)\n"
        "staging.Stage.open = open\n"
        "sys.argv = ['latentviewer']\n"
        "from latentviewer.__main__ import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**kept, "LATENTVIEWER_STATE": str(tmp_path / "state")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr, done.stdout) == (130, "latentviewer: stopped.\n", "")
    assert not (tmp_path / "latentviewer.png").exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder that is in use")
@pytest.mark.parametrize("words", [[], ["train", "digits-vae"], ["samples"]])
def test_a_folder_that_is_gone_is_one_sentence(
    words: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from latentviewer.cli import main

    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main(words) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.splitlines()) == 1
    assert "no longer exists" in output.err


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps a folder that is in use")
def test_a_window_leaves_a_folder_that_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from latentviewer.bootstrap import running

    monkeypatch.setattr(running, "_run", lambda reference: 0)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert running.open_window(None) == 0
    assert Path.cwd() == tmp_path


def test_a_model_of_another_program_is_to_be_encoded_first(stage: Stage, tmp_path: Path) -> None:
    import torch

    net = {"encoder.0.weight": torch.ones(3, 64), "decoder.0.weight": torch.ones(64, 3)}
    torch.save(net, tmp_path / "net.pt")
    with pytest.raises(UserError, match=r"encode a data set with it first: latentviewer encode"):
        stage.open(str(tmp_path / "net.pt"), PATIENCE_S)
    assert stage.workbench.importing.current is None
