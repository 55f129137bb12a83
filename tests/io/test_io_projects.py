"""Projects come back whole; harmful, damaged and newer ones are refused."""

import errno
import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import Categories
from latentviewer.io import projects
from latentviewer.io.projects import is_project, read_project, save_project

SPACE = Space(
    "digits",
    np.arange(20, dtype=np.float32).reshape(5, 4),
    columns={"label": Categories(np.array([0, 1, 0, -1, 1], np.int32), ("a", "字"))},
    maps={"pca_2d": np.zeros((5, 2), np.float32)},
    provenance=Provenance(model="digits-vae", data="digits", extra={"seed": 1}),
)
SESSION: dict[str, Any] = {"map": {"dims": 3}, "groups": [{"name": "Ä \udcff", "rows": [1, 2]}]}


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(path: Path, changes: dict[str, bytes | None]) -> Path:
    """A project whose entries were replaced, added, or (None) taken out."""
    contents = {**parts(path), **changes}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in contents.items():
            if content is not None:
                archive.writestr(name, content)
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    path = tmp_path / "p.latentviewer"
    save_project(path, SESSION, SPACE)
    return path


def refused(path: Path, words: str, kind: type[UserError] = UserError) -> None:
    before = set(path.parent.parent.rglob("*"))
    with pytest.raises(kind, match=words) as caught:
        read_project(path)
    assert path.name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert set(path.parent.parent.rglob("*")) == before


def test_a_project_comes_back(project: Path) -> None:
    session, space = read_project(project)
    assert session == {**SESSION, "format": "latentviewer-project", "version": 1}
    assert space.name == "digits"
    np.testing.assert_array_equal(space.latent, SPACE.latent)
    assert [space.label(i) for i in range(5)] == ["a", "字", "a", "", "字"]
    np.testing.assert_array_equal(space.maps["pca_2d"], SPACE.maps["pca_2d"])
    assert space.provenance.extra == {"seed": 1}
    assert set(parts(project)) == {"session.json", "space.arrow"}


def test_the_space_in_it_is_a_plain_arrow_file(project: Path, tmp_path: Path) -> None:
    from pyarrow import feather

    (tmp_path / "s.arrow").write_bytes(parts(project)["space.arrow"])
    assert feather.read_table(tmp_path / "s.arrow").num_rows == 5


def test_an_empty_space_comes_back(tmp_path: Path) -> None:
    save_project(tmp_path / "p", {}, Space("none", np.zeros((0, 3), np.float32)))
    assert read_project(tmp_path / "p")[1].latent.shape == (0, 3)


@pytest.mark.parametrize(
    "name",
    ["../evil.txt", "/etc/evil", "a/../../evil", "C:\\evil", "..\\evil", "\\\\host\\share\\evil"],
)
def test_an_entry_that_points_outside_is_refused(project: Path, name: str) -> None:
    refused(rewritten(project, {name: b"evil"}), "points outside", UnsafeFileError)


def test_a_link_is_refused(project: Path) -> None:
    entry = zipfile.ZipInfo("link")
    entry.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(project, "a") as archive:
        archive.writestr(entry, "/etc/passwd")
    refused(project, "a link", UnsafeFileError)


def test_an_entry_twice_is_refused(project: Path) -> None:
    with zipfile.ZipFile(project, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("session.json", "{}")
    refused(project, "twice")


def test_a_zip_bomb_is_refused(project: Path) -> None:
    with zipfile.ZipFile(project, "a", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("zeros", bytes(100 << 20))
    refused(project, "would unpack to")


def session_bytes(**changes: Any) -> bytes:
    return json.dumps({"format": "latentviewer-project", "version": 1, **changes}).encode()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"session.json": None}, "has no session.json"),
        ({"space.arrow": None}, "has no space.arrow"),
        ({"session.json": b"{"}, "damaged"),
        ({"session.json": b"[" * 100_000}, "damaged"),
        ({"session.json": b"[]"}, "not a project"),
        ({"session.json": b"{}"}, "not a project"),
        ({"session.json": session_bytes(version=2)}, "version 2.*newer"),
        ({"session.json": session_bytes(version="x")}, "does not say its version"),
        ({"space.arrow": b"ARROW1"}, "damaged"),
    ],
)
def test_a_foreign_or_newer_project_is_refused(
    project: Path, changes: dict[str, bytes | None], words: str
) -> None:
    refused(rewritten(project, changes), words)


def test_an_older_session_is_migrated(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(projects, "VERSION", 3)
    monkeypatch.setattr(
        projects,
        "_MIGRATIONS",
        {1: lambda s: {**s, "steps": ["one"]}, 2: lambda s: {**s, "steps": [*s["steps"], "two"]}},
    )
    session, _ = read_project(project)
    assert session["steps"] == ["one", "two"]
    assert session["version"] == 3


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_damaged_project_ends_in_a_sentence(project: Path, data: st.DataObject) -> None:
    whole = project.read_bytes()
    content = bytearray(whole)
    if data.draw(st.booleans()):
        content = content[: data.draw(st.integers(0, len(whole) - 1))]
    for _ in range(data.draw(st.integers(0, 3))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    damaged = project.with_name("damaged.latentviewer")
    damaged.write_bytes(content)
    try:
        session, space = read_project(damaged)
    except UserError as error:
        named = "damaged.latentviewer" in str(error)
        assert named
    else:
        assert session["groups"] == SESSION["groups"]
        np.testing.assert_array_equal(space.latent, SPACE.latent)


def test_a_project_is_known_by_content_and_a_damaged_one_by_name(
    project: Path, tmp_path: Path
) -> None:
    content = project.read_bytes()
    (tmp_path / "renamed.zip").write_bytes(content)
    (tmp_path / "cut.latentviewer").write_bytes(content[:50])
    (tmp_path / "cut.zip").write_bytes(content[:50])
    assert is_project(tmp_path / "renamed.zip")
    assert is_project(tmp_path / "cut.latentviewer")
    assert not is_project(tmp_path / "cut.zip")
    refused(tmp_path / "cut.latentviewer", "damaged")
    with pytest.raises(UserError, match="not there"):
        is_project(tmp_path / "none")


def test_missing_and_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not there"):
        read_project(tmp_path / "missing")
    with pytest.raises(UserError, match="is a folder"):
        read_project(tmp_path)


def test_a_disk_that_fills_up_keeps_the_old_project(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = project.read_bytes()

    def full(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(projects._Counted, "write", full)
    with pytest.raises(UserError, match=r"disk is full.*p\.latentviewer"):
        save_project(project, {"other": 1}, SPACE)
    assert project.read_bytes() == before
    assert list(project.parent.iterdir()) == [project]


def test_a_value_that_is_no_json_leaves_the_old_project(project: Path) -> None:
    before = project.read_bytes()
    with pytest.raises(TypeError):
        save_project(project, {"bad": object()}, SPACE)
    assert project.read_bytes() == before
    assert list(project.parent.iterdir()) == [project]
