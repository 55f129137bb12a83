"""Which samples an export writes, with what, and for which program."""

import csv
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from pyarrow import parquet

from latentviewer.app.projects import session_to_json
from latentviewer.app.state import Group, SessionState, Waypoint
from latentviewer.app.state import Path as LatentPath
from latentviewer.bootstrap import find_space
from latentviewer.cli import main
from latentviewer.domain.selection import Selection
from latentviewer.domain.space import Space
from latentviewer.domain.table import Categories, Numbers, categories_of
from latentviewer.io.projects import save_project
from latentviewer.io.spaces import open_space, write_space

SAMPLE = "digits-vae"


def run(*words: object) -> int:
    return main([str(word) for word in words])


def told(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    space = Space(
        "tiny", rng.normal(size=(8, 3)).astype(np.float32),
        columns={"label": categories_of(["a", "b"] * 4), "score": Numbers(np.arange(8.0))},
    )  # fmt: skip
    write_space(space, tmp_path / "tiny.arrow")
    return tmp_path / "tiny.arrow"


@pytest.fixture
def project(tiny: Path, tmp_path: Path) -> Path:
    space = open_space(tiny)
    stops = tuple(Waypoint(space.latent[row], row, "") for row in (6, 1, 3))
    state = SessionState(
        space=space, path=LatentPath(stops),
        groups=(Group("A", Selection.of([1, 6])), Group("empty", Selection.empty())),
    )  # fmt: skip
    save_project(tmp_path / "p.latentviewer", session_to_json(state), space)
    return tmp_path / "p.latentviewer"


def test_rows_are_written_in_their_order_with_their_numbers(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "z.csv"
    assert run("export", tiny, "-o", out, "--rows", "5,#1,5", "--json") == 0
    report = told(capsys)
    assert (report["rows"], report["dims"], report["notes"]) == (2, 3, [])
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["row"] for row in rows] == ["1", "5"]
    assert [row["label"] for row in rows] == ["b", "b"]
    np.testing.assert_array_equal(open_space(out).latent, open_space(tiny).latent[[1, 5]])


def test_rows_by_condition(tmp_path: Path, tiny: Path) -> None:
    out = tmp_path / "z.parquet"
    assert run("export", tiny, "-o", out, "--where", 'label == "a" and score > 1') == 0
    assert parquet.read_table(out).column("row").to_pylist() == [2, 4, 6]


def test_a_group_of_a_project_and_its_groups_as_columns(tmp_path: Path, project: Path) -> None:
    out = tmp_path / "z.parquet"
    assert run("export", project, "-o", out, "--group", "A") == 0
    assert parquet.read_table(out).column("row").to_pylist() == [1, 6]
    assert run("export", project, "-o", out, "--where", "not @A") == 0
    assert parquet.read_table(out).num_rows == 6
    assert run("export", project, "-o", out) == 0
    member = parquet.read_table(out).column("group A").to_pylist()
    assert [row for row, belongs in enumerate(member) if belongs] == [1, 6]


def test_a_path_of_a_project_is_drawn_by_the_projector(tmp_path: Path, project: Path) -> None:
    assert run("export", project, "-o", tmp_path / "folder") == 0
    following = open_space(tmp_path / "folder").columns["__seq_next__"]
    assert isinstance(following, Numbers)
    assert following.values[6] == 1
    assert following.values[1] == 3
    assert np.count_nonzero(np.isfinite(following.values)) == 2


def test_neighbours_by_the_metric_that_is_asked_for(tmp_path: Path, tiny: Path) -> None:
    out = tmp_path / "z.parquet"
    found = {}
    for metric in ("euclidean", "dot"):
        assert run("export", tiny, "-o", out, "--neighbors", 2, "--metric", metric) == 0
        found[metric] = parquet.read_table(out).column("neighbor_ids").to_pylist()
    latents = open_space(tiny).latent.astype(np.float64)
    apart = np.linalg.norm(latents[:, None] - latents, axis=2)
    np.fill_diagonal(apart, np.inf)
    assert found["euclidean"] == np.argsort(apart, axis=1)[:, :2].tolist()
    assert found["dot"] != found["euclidean"]


def test_embedding_atlas_gets_map_neighbours_and_pictures(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "digits.parquet"
    words = ("export", SAMPLE, "-o", out, "--for", "embedding-atlas", "--rows", "3,700,12")
    assert run(*words) == 0
    said = capsys.readouterr().out
    assert "3 rows of 8 dimensions" in said
    assert "Only some samples of digits" in said
    table, space = parquet.read_table(out), find_space(SAMPLE)
    x = table.column("projection_x").to_numpy()
    np.testing.assert_array_equal(x, space.maps["umap_2d"][[3, 12, 700], 0])
    assert table.column("neighbors").to_pylist()[0]["ids"] in ([1, 2], [2, 1])
    assert table.column("image").to_pylist()[0]["bytes"].startswith(b"\x89PNG")
    assert run(*words, "--no-pictures", "--neighbors", 1, "--method", "pca") == 0
    table = parquet.read_table(out)
    assert "image" not in table.column_names
    assert len(table.column("neighbors").to_pylist()[0]["ids"]) == 1
    assert not np.array_equal(table.column("projection_x").to_numpy(), x)


def test_a_map_that_is_asked_for_comes_along(tmp_path: Path, tiny: Path) -> None:
    out = tmp_path / "z.csv"
    assert run("export", tiny, "-o", out) == 0
    assert dict(open_space(out).maps) == {}
    assert run("export", tiny, "-o", out, "--method", "pca") == 0
    assert list(open_space(out).maps) == ["pc_2d"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--rows", "3,8"), "tiny has no row 8; its rows are 0 to 7"),
        (("--rows", "x"), "“x” is not a list of rows"),
        (("--group", "B"), "tiny has no group “B”; its groups: A, empty"),
        (("--group", "empty"), "The group “empty” is empty"),
        (("--where", "score > 99"), "No row of tiny fits score > 99"),
        (("--where", "size > 1"), "no column “size”"),
        (("--where", "#1"), "Rows are needed here"),
        (("--where", " "), "is not a name"),
        (("--rows", "1", "--group", "A"), "not allowed with"),
        (("--method", "cloud"), "no projection “cloud”"),
        (("--neighbors", "0"), "whole number of 1 or more"),
        (("--rows", "4", "--neighbors", "2"), "One sample alone has no neighbours"),
    ],
)
def test_what_is_not_there_is_said_and_nothing_is_written(
    tmp_path: Path, project: Path, capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...], said: str,
) -> None:  # fmt: skip
    out = tmp_path / "z.csv"
    try:
        code = run("export", project, "-o", out, *words)
    except SystemExit as stop:
        code = int(stop.code or 0)
    assert code == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert not out.exists()


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("z.csv", ("--for", "embedding-atlas"), "ends in .parquet"),
        ("z", ("--for", "embedding-atlas"), "ends in .parquet"),
        ("z.npy", ("--neighbors", "3"), "an .npy has no place for neighbours"),
        ("z", ("--neighbors", "3"), "folder has no place for neighbours"),
    ],
)
def test_a_place_that_does_not_do_is_named_before_the_space_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, words: tuple[str, ...], said: str
) -> None:
    assert run("export", "no such space", "-o", tmp_path / name, *words) == 2
    assert said in capsys.readouterr().err


def test_a_space_of_words_keeps_all_of_them(tmp_path: Path) -> None:
    words = ["a,b", 'say "so"', "two\nlines", "=cmd()", "😀"]
    space = Space(
        "words", np.eye(5, dtype=np.float32),
        columns={"word": categories_of(words)},
    )  # fmt: skip
    write_space(space, tmp_path / "words.arrow")
    for name in ("w.csv", "w.parquet", "w.arrow"):
        assert run("export", tmp_path / "words.arrow", "-o", tmp_path / name) == 0
        back = open_space(tmp_path / name).columns["word"]
        assert [back.text(row) for row in range(5)] == words
        if name != "w.csv":
            assert isinstance(back, Categories)


@pytest.mark.parametrize("suffix", [".svg", ".pdf"])
def test_render_writes_shapes(
    tmp_path: Path, tiny: Path, capsys: pytest.CaptureFixture[str], suffix: str
) -> None:
    out = tmp_path / f"map{suffix}"
    words = ("render", tiny, "-o", out, "--method", "pca", "--size", "800x500", "--theme", "light")
    assert run(*words, "--json") == 0
    report = told(capsys)
    assert (report["width"], report["height"]) == (800, 500)
    assert (report["points"], report["drawn"], report["map"]) == (8, 8, "pca_2d")
    if suffix == ".pdf":
        assert out.read_bytes().startswith(b"%PDF-")
        return
    texts = list(ElementTree.parse(out).getroot().itertext())
    assert {"tiny", "label", "a", "b"} <= set(texts)
    assert any(text.startswith("PC 1 · ") for text in texts)
    assert any(text.startswith("PCA in 2D  ·  8 latents of 3 dimensions") for text in texts)


def test_render_refuses_another_ending(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("render", "no such space", "-o", tmp_path / "m.jpg") == 2
    assert "ends in .png, .svg or .pdf" in capsys.readouterr().err
