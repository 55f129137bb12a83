"""Samples written as CSV come back as they were, and the csv module takes them."""

import csv
import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Space
from latentviewer.domain.stepping import to_the_end
from latentviewer.domain.table import Categories, Numbers, Texts, categories_of
from latentviewer.io.csv_writing import axis_names, write_csv
from latentviewer.io.extracts import Extract, Neighbourhood, extract_of
from latentviewer.io.spaces import open_space
from tests.io.full_disk import fill_disk

ODD = ["a,b", 'say "so"', "two\r\nlines", "=cmd()|' /C calc'!A0", "😀 ñ", " led ", "#12", "\u2028x"]


def written(space: Space, path: Path, **more: Any) -> tuple[str, ...]:
    extract = extract_of(space)
    return to_the_end(write_csv(Extract(extract.space, extract.rows, **more), path))


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def random_latents(n: int, d: int) -> Any:
    """Of all sizes that float32 has, and the numbers at its ends."""
    bits = np.random.default_rng(0).integers(0, 2**32, n * d, np.uint32)
    latents = bits.view(np.float32).copy()
    latents[~np.isfinite(latents)] = 0
    latents[:6] = np.array([-0.0, 1e-45, np.finfo(np.float32).max, 0.1, 1.0, 16777216], np.float32)
    return latents.reshape(n, d)


@pytest.mark.parametrize("dims", [1, 2, 3, 40])
def test_latents_come_back_to_the_bit(tmp_path: Path, dims: int) -> None:
    latents = random_latents(300, dims)
    written(Space("s", latents), tmp_path / "s.csv")
    back = open_space(tmp_path / "s.csv")
    np.testing.assert_array_equal(back.latent.view(np.int32), latents.view(np.int32))
    header, *rows = cells(tmp_path / "s.csv")
    assert header == (["latent"] if dims < 3 else [f"z{i}" for i in range(dims)])
    first = json.loads(rows[0][0]) if dims < 3 else [float(cell) for cell in rows[0]]
    np.testing.assert_array_equal(np.array(first, np.float32), latents[0])


def test_whole_latents_keep_their_point_and_their_sign(tmp_path: Path) -> None:
    latents = np.array([[0, -0.0, 1], [2, 3, 4]], np.float32)
    written(Space("s", latents), tmp_path / "s.csv")
    assert cells(tmp_path / "s.csv")[1] == ["0.0", "-0.0", "1.0"]
    back = open_space(tmp_path / "s.csv").latent
    np.testing.assert_array_equal(np.signbit(back), np.signbit(latents))


def test_it_is_utf8_with_rows_as_rfc_4180_ends_them(tmp_path: Path) -> None:
    space = Space("s", np.zeros((2, 3), np.float32), columns={"word": Texts(("ä", "😀"))})
    written(space, tmp_path / "s.csv")
    content = (tmp_path / "s.csv").read_bytes()
    assert content == "z0,z1,z2,word\r\n0.0,0.0,0.0,ä\r\n0.0,0.0,0.0,😀\r\n".encode()


def test_texts_with_commas_quotes_lines_and_formulas_stay_as_they_are(tmp_path: Path) -> None:
    n = len(ODD)
    space = Space(
        "s", np.arange(3 * n, dtype=np.float32).reshape(n, 3),
        columns={"word": Texts(tuple(ODD)), "kind": categories_of(ODD)},
    )  # fmt: skip
    assert written(space, tmp_path / "s.csv") == ()
    header, *rows = cells(tmp_path / "s.csv")
    assert header[3:] == ["word", "kind"]
    assert [row[3] for row in rows] == ODD
    back = open_space(tmp_path / "s.csv")
    for name in ("word", "kind"):
        assert [back.columns[name].text(i) for i in range(n)] == ODD


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=6), min_size=2),
    st.integers(2, 4),
)
def test_any_texts_come_back(tmp_path: Path, texts: list[str], dims: int) -> None:
    path, n = tmp_path / "s.csv", len(texts)
    marked = tuple(f"t{text}" for text in texts)
    latents = np.random.default_rng(0).normal(size=(n, dims)).astype(np.float32)
    written(Space("s", latents, columns={"word": Texts(marked)}), path)
    back = open_space(path)
    np.testing.assert_array_equal(back.latent, latents)
    assert tuple(back.columns["word"].text(i) for i in range(n)) == marked


def test_numbers_come_back_to_the_bit_and_missing_ones_are_empty(tmp_path: Path) -> None:
    values = [math.nan, math.inf, -math.inf, -0.0, 0.1, 1e300, 5e-324, 2.0**60, 1 / 3]
    whole = [math.nan, 3.0, -7.0, 2.0**53, 0, 1, 10_000_000_000, 5, 6]
    columns = {"score": Numbers(np.array(values)), "age": Numbers(np.array(whole))}
    written(Space("s", np.zeros((9, 3), np.float32), columns=columns), tmp_path / "s.csv")
    _, first, second, *others = cells(tmp_path / "s.csv")
    assert first[3:] == ["", ""]
    assert second[3:] == ["inf", "3"]
    assert others[4][4] == "10000000000"
    back = open_space(tmp_path / "s.csv").columns
    for name, column in columns.items():
        found = back[name]
        assert isinstance(found, Numbers)
        np.testing.assert_array_equal(found.values, column.values)
        np.testing.assert_array_equal(np.signbit(found.values), np.signbit(column.values))


def test_labels_come_back_and_a_missing_one_is_empty(tmp_path: Path) -> None:
    labels = categories_of(["7", None, "b", "7"])
    written(Space("s", np.zeros((4, 3), np.float32), columns={"label": labels}), tmp_path / "s.csv")
    assert [row[3] for row in cells(tmp_path / "s.csv")] == ["label", "7", "", "b", "7"]
    back = open_space(tmp_path / "s.csv").columns["label"]
    assert isinstance(back, Categories)
    assert [back.text(i) for i in range(4)] == ["7", "", "b", "7"]


def test_maps_are_found_again_under_their_names(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    maps = {
        "umap_3d": rng.normal(size=(20, 3)).astype(np.float32),
        "umap_2d": rng.normal(size=(20, 2)).astype(np.float32),
        "xy_2d": rng.normal(size=(20, 2)).astype(np.float32),
        "tsne_2d": rng.normal(size=(20, 2)).astype(np.float32),
    }
    written(Space("s", rng.normal(size=(20, 4)).astype(np.float32), maps=maps), tmp_path / "s.csv")
    header = cells(tmp_path / "s.csv")[0]
    assert header[4:9] == ["umap_1", "umap_2", "umap_3", "umap_x", "umap_y"]
    back = open_space(tmp_path / "s.csv").maps
    assert set(back) == set(maps)
    for name, places in maps.items():
        np.testing.assert_array_equal(back[name], places)


def test_names_of_axes_never_meet() -> None:
    flat, deep = np.zeros((1, 2), np.float32), np.zeros((1, 3), np.float32)
    names = axis_names({"a_2d": flat, "A_2d": flat, "a_3d": deep, "_2d": flat, "umap_2d": flat,
                        "umap_3d": deep, "UMAP": deep})  # fmt: skip
    every = [name.casefold() for axes in names.values() for name in axes]
    assert len(set(every)) == len(every)
    assert names["umap_3d"] == ("umap_1", "umap_2", "umap_3")


def test_what_is_opened_and_written_again_is_the_same_file(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    space = Space(
        "s", rng.normal(size=(30, 3)).astype(np.float32),
        columns={"label": categories_of(list("abc") * 10), "x": Numbers(rng.normal(size=30))},
        maps={"umap_2d": rng.normal(size=(30, 2)).astype(np.float32)},
    )  # fmt: skip
    written(space, tmp_path / "1.csv")
    written(open_space(tmp_path / "1.csv"), tmp_path / "2.csv")
    assert (tmp_path / "1.csv").read_bytes() == (tmp_path / "2.csv").read_bytes()


def test_names_that_a_reader_would_take_for_something_else_are_changed_and_that_is_said(
    tmp_path: Path,
) -> None:
    numbers = Numbers(np.arange(5) / 7)
    names = ["z7", "z3]", "2019", "1e5", "NaN", "inf", " two\nlines ", "", "#", "umap_x", "a,b"]
    lists = Texts(tuple(f"[{i}, 1, 2]" for i in range(5)))
    space = Space(
        "s", np.arange(20, dtype=np.float32).reshape(5, 4),
        columns={**dict.fromkeys(names, numbers), "embedding": lists, "Latent": lists},
        maps={"umap_2d": np.ones((5, 2), np.float32)},
    )  # fmt: skip
    (note,) = written(space, tmp_path / "s.csv")
    for name in ("“z7” as “z7 (column)”", "“2019” as “2019 (column)”", "“embedding” as"):
        assert name in note
    assert "a,b" not in note
    back = open_space(tmp_path / "s.csv")
    np.testing.assert_array_equal(back.latent, space.latent)
    np.testing.assert_array_equal(back.maps["umap_2d"], space.maps["umap_2d"])
    for name in ("z7 (column)", "z3] (column)", "2019 (column)", "1e5 (column)", "NaN (column)",
                 "inf (column)", "two lines", "column", "#", "umap_x (2)", "a,b"):  # fmt: skip
        column = back.columns[name]
        assert isinstance(column, Numbers), name
        np.testing.assert_array_equal(column.values, numbers.values)
    assert back.columns["Latent (column)"].text(2) == "[2, 1, 2]"


def test_a_control_character_is_a_space_and_that_is_said(tmp_path: Path) -> None:
    texts = Texts(("a\0b", "c\x1bd", "plain"))
    space = Space("s", np.zeros((3, 3), np.float32), columns={"word": texts})
    assert written(space, tmp_path / "s.csv") == (
        "Control characters in “word” are written as spaces.",
    )
    back = open_space(tmp_path / "s.csv").columns["word"]
    assert [back.text(i) for i in range(3)] == ["a b", "c d", "plain"]


def test_a_lone_surrogate_is_written_as_its_escape(tmp_path: Path) -> None:
    space = Space("s", np.zeros((1, 3), np.float32), columns={"word": Texts(("\ud800x",))})
    written(space, tmp_path / "s.csv")
    assert cells(tmp_path / "s.csv")[1][3] == "\\ud800x"


def test_neighbours_are_lists_as_json_and_take_the_place_of_earlier_ones(tmp_path: Path) -> None:
    near = Neighbourhood(
        np.array([[1, 2], [0, 2], [1, 0]]), np.array([[0.1, 1], [0.1, 1e-7], [1, 2]], np.float32)
    )
    space = Space(
        "s", np.eye(3, dtype=np.float32),
        columns={"neighbor_ids": Texts(("[9]",) * 3), "neighbor_distances": Texts(("[9]",) * 3)},
    )  # fmt: skip
    written(space, tmp_path / "s.csv", neighbours=near)
    header, first, second, _ = cells(tmp_path / "s.csv")
    assert header[3:] == ["neighbor_ids", "neighbor_distances"]
    assert json.loads(first[3]) == [1, 2]
    np.testing.assert_array_equal(np.array(json.loads(second[4]), np.float32), near.distances[1])
    back = open_space(tmp_path / "s.csv")
    np.testing.assert_array_equal(back.latent, space.latent)
    assert back.columns["neighbor_ids"].text(2) == "[1, 0]"


def test_standard_deviations_are_named_as_left_out(tmp_path: Path) -> None:
    space = Space("s", np.zeros((1, 3), np.float32), np.ones((1, 3), np.float32))
    assert written(space, tmp_path / "s.csv") == (
        "The standard deviations are left out: a CSV has no place for them.",
    )


def test_a_full_disk_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "s.csv").write_text("old")
    fill_disk(monkeypatch, after=3000)
    with pytest.raises(UserError, match=r"disk is full, so .*s\.csv was not written"):
        written(Space("s", np.zeros((9000, 3), np.float32)), tmp_path / "s.csv")
    assert [p.name for p in tmp_path.iterdir()] == ["s.csv"]
    assert (tmp_path / "s.csv").read_text() == "old"


def test_a_cancel_leaves_nothing(tmp_path: Path) -> None:
    extract = extract_of(Space("s", np.zeros((9000, 3), np.float32)))
    steps = write_csv(extract, tmp_path / "s.csv")
    progress = next(steps)
    assert progress.fraction is not None
    assert 0 < progress.fraction < 1
    steps.close()
    assert list(tmp_path.iterdir()) == []


def test_blocks_of_rows_join_without_a_gap(tmp_path: Path) -> None:
    latents = np.random.default_rng(0).normal(size=(9001, 3)).astype(np.float32)
    written(Space("s", latents), tmp_path / "s.csv")
    text = (tmp_path / "s.csv").read_text(encoding="utf-8")
    assert len(list(csv.reader(io.StringIO(text)))) == 9002
    np.testing.assert_array_equal(open_space(tmp_path / "s.csv").latent, latents)
