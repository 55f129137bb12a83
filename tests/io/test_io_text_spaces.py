"""Tables of vectors in text: what is told from the first lines, what is asked, what is refused."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from latentviewer.domain.candidates import SeveralCandidatesError
from latentviewer.domain.errors import UserError
from latentviewer.domain.map_note import map_note
from latentviewer.domain.space import LEFT_OUT, NOTES, Space
from latentviewer.domain.table import Categories, Numbers, Texts
from latentviewer.io.content import content_kind, place_and_pick
from latentviewer.io.map_columns import map_columns
from latentviewer.io.spaces import candidates, open_space
from latentviewer.io.vector_columns import vector_columns

TABLE = "text,embedding,label\nhello,{},a\nbig world,{},b\n"


def written(tmp_path: Path, content: str | bytes, name: str = "few.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def notes(space: Space) -> list[str]:
    return list(space.provenance.extra.get(NOTES, []))


@pytest.mark.parametrize(
    "cells",
    [
        ('"[0.5, 1, -2]"', '"[3, 4.25, 5]"'),
        ("[0.5 1.0 -2.0]", "[3.   4.25 5. ]"),
        ('"(0.5, 1, -2)"', '"(3, 4.25, 5)"'),
    ],
    ids=["json", "numpy", "tuples"],
)
def test_vectors_written_as_texts_are_found(tmp_path: Path, cells: tuple[str, str]) -> None:
    space = open_space(written(tmp_path, TABLE.format(*cells)))
    assert_array_equal(space.latent, np.array([[0.5, 1, -2], [3, 4.25, 5]], np.float32))
    assert list(space.columns) == ["text", "label"]
    assert space.label(1) == "b"


@pytest.mark.parametrize(
    ("text", "columns", "latent"),
    [
        ("id,dim_0,dim_1,dim_2\na,1,2,3\nb,4,5,6.5\n", ["id"], [[1, 2, 3], [4, 5, 6.5]]),
        ("dim_2,dim_1,dim_0\n3,2,1\n6,5,4\n", [], [[1, 2, 3], [4, 5, 6]]),
        ("x1,x2,x3,name\n1,2,3,a\n4,5,6,b\n", ["name"], [[1, 2, 3], [4, 5, 6]]),
        (",0,1,2\n0,1.5,2,3\n1,4,5,6\n", ["index"], [[1.5, 2, 3], [4, 5, 6]]),
        ("1.5\t2\t3\n4\t5\t6\n", [], [[1.5, 2, 3], [4, 5, 6]]),
        ("# saved\n1.5 2.5 3.5\n4.5 5.5 6.5\n", [], [[1.5, 2.5, 3.5], [4.5, 5.5, 6.5]]),
        ("cat\t1.5\t2\t3\ndog\t4\t5\t6\n", ["label"], [[1.5, 2, 3], [4, 5, 6]]),
    ],
)
def test_numbers_in_many_columns_are_vectors(
    tmp_path: Path, text: str, columns: list[str], latent: list[list[float]]
) -> None:
    space = open_space(written(tmp_path, text))
    assert_array_equal(space.latent, np.array(latent, np.float32))
    assert list(space.columns) == columns


def test_other_vectors_do_not_take_the_spread_of_the_latents(tmp_path: Path) -> None:
    lists = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    table = {"latent": lists, "latent_std": lists, "other": [[1.0, 2.0, 3.0, 4.0]] * 2}
    path = tmp_path / "s.parquet"
    pq.write_table(pa.table(table), path)
    assert open_space(path, "latent").latent_std is not None
    other = open_space(path, "other")
    assert other.latent_std is None
    assert any("latent_std" in said for said in other.provenance.extra[LEFT_OUT])


def test_numbers_with_leading_zeros_are_names(tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("z0,z1,z2,agent,score\n1,2,3,007,0.5\n4,5,6,008,0\n7,8,10,,-1\n")
    columns = open_space(path).columns
    assert columns["agent"].text(0) == "007"
    assert columns["agent"].text(1) == "008"
    assert isinstance(columns["score"], Numbers)


def test_measurements_are_scaled_and_that_is_said(tmp_path: Path) -> None:
    text = "sepal,petal,same,class,id\n5.1,100,7,a,1\n4.9,300,7,b,2\n6.2,200,7,a,3\n"
    space = open_space(written(tmp_path, text, "iris.csv"))
    assert space.latent.shape == (3, 3)
    assert_allclose(space.latent.mean(axis=0), 0, atol=1e-6)
    assert_allclose(space.latent.std(axis=0), [1, 1, 0], atol=1e-6)
    assert list(space.columns) == ["sepal", "petal", "same", "class", "id"]
    (said,) = notes(space)
    assert said.startswith("iris.csv holds no column of vectors; its 3 columns of numbers")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("name;a;b\nä;1,5;2\nö;2,5;4\n".encode("cp1252"), "Windows-1252"),
        ("name;a;b\nä;1,5;2\nö;2,5;4\n".encode(), "semicolons"),
        ("name;a;b\nä;1,5;2\nö;2,5;4\n".encode(), "commas for decimal points"),
        ("name,a,b\nä,1,2\nö,2,4\n".encode("utf-16"), "UTF-16"),
        ("name|a|b\nä|1|2\nö|2|4\n".encode(), "bars"),
        (b"1.5,2\n3,4\n", "without a header"),
    ],
)
def test_what_is_assumed_is_said(tmp_path: Path, content: bytes, said: str) -> None:
    assert any(said in note for note in notes(open_space(written(tmp_path, content))))


def test_a_plain_file_has_nothing_to_be_said_about(tmp_path: Path) -> None:
    content = "\ufeff" + TABLE.format('"[1, 2, 3]"', '"[3, 4, 5]"')
    assert notes(open_space(written(tmp_path, content))) == []


def test_decimal_commas_are_read_as_such(tmp_path: Path) -> None:
    space = open_space(written(tmp_path, "dim0;dim1;dim2\n1,5;2;3\n4,25;5;6\n"))
    assert_array_equal(space.latent, np.array([[1.5, 2, 3], [4.25, 5, 6]], np.float32))


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('{"t":"a","v":[1,2,3,4]}\n{"t":"b","v":[5,6,7,8]}\n', "few.jsonl"),
        ('[{"t":"a","v":[1,2,3,4]},\n {"t":"b","v":[5,6,7,8]}]', "few.json"),
        ('{"t":["a","b"],"v":[[1,2,3,4],[5,6,7,8]]}', "few.json"),
        ('\ufeff{"t":["a","b"],"v":[[1,2,3,4],[5,6,7,8]]}', "few.json"),
    ],
)
def test_json_in_its_usual_shapes(tmp_path: Path, content: str, name: str) -> None:
    space = open_space(written(tmp_path, content, name))
    assert_array_equal(space.latent, np.array([[1, 2, 3, 4], [5, 6, 7, 8]], np.float32))
    assert list(space.columns) == ["t"]


def test_a_list_of_vectors_alone_is_enough(tmp_path: Path) -> None:
    space = open_space(written(tmp_path, "[[1, 2], [3, 4], [5, 6]]", "z.json"))
    assert_array_equal(space.latent, np.array([[1, 2], [3, 4], [5, 6]], np.float32))


def test_several_vectors_are_a_question_and_a_name_answers_it(tmp_path: Path) -> None:
    rows = [{"one": [1.0] * 4, "two": [2.0] * 5, "places": [0.5, 0.25]} for _ in range(3)]
    path = written(tmp_path, "\n".join(map(json.dumps, rows)), "many.jsonl")
    assert [c.text for c in candidates(path)] == ["one (3 x 4)", "two (3 x 5)", "places (3 x 2)"]
    with pytest.raises(SeveralCandidatesError, match=r"many\.jsonl#one") as asked:
        open_space(path)
    assert [c.name for c in asked.value.candidates] == ["one", "two"]
    found, pick = place_and_pick(f"{path}#two")
    assert (found, pick) == (path, "two")
    assert open_space(found, pick).latent.shape == (3, 5)
    with pytest.raises(UserError, match="holds no vectors “three”; it holds one"):
        open_space(path, "three")


def test_a_file_whose_own_name_has_a_hash_is_found(tmp_path: Path) -> None:
    path = written(tmp_path, "[[1, 2], [3, 4]]", "c#.json")
    assert place_and_pick(str(path)) == (path, None)
    assert place_and_pick(f"{path}#z") == (path, "z")
    assert place_and_pick(str(tmp_path / "gone#z")) == (tmp_path / "gone#z", None)


def test_a_file_with_one_table_has_nothing_to_choose(tmp_path: Path) -> None:
    np.save(tmp_path / "z.npy", np.ones((3, 4), np.float32))
    with pytest.raises(UserError, match="no “other” to choose"):
        open_space(tmp_path / "z.npy", "other")
    words = written(tmp_path, "the 1 2 3\nof 4 5 6\n", "w.txt")
    assert len(open_space(words, "1")) == 1
    with pytest.raises(UserError, match="give a number after the #"):
        open_space(words, "first")


@pytest.mark.parametrize(
    ("names", "keys"),
    [
        (["x", "y"], ["xy_2d"]),
        (["x", "y", "z"], ["xy_3d"]),
        (["projection_x", "projection_y"], ["projection_2d"]),
        (["UMAP_1", "UMAP_2"], ["umap_2d"]),
        (["tsne-0", "tsne-1", "tsne-2"], ["tsne_3d"]),
        (["PC1", "PC2"], ["pc_2d"]),
        (["umap x", "umap y", "x", "y"], ["umap_2d", "xy_2d"]),
        (["max", "may", "x", "PC1", "umap_2", "umap_3"], []),
    ],
)
def test_columns_that_are_a_map_are_known_by_their_names(names: list[str], keys: list[str]) -> None:
    assert [found.key for found in map_columns(names)] == keys


def test_a_map_in_the_table_is_offered_ready(tmp_path: Path) -> None:
    text = "text,projection_x,projection_y,v\na,1,2,[1 2 3 4]\nb,3,-4,[5 6 7 8]\n"
    space = open_space(written(tmp_path, text))
    assert_array_equal(space.maps["projection_2d"], np.array([[1, 2], [3, -4]], np.float32))
    assert map_note(space, "projection_2d").title == "projection_x, projection_y"
    assert isinstance(space.columns["projection_x"], Numbers)


def test_places_alone_are_the_vectors_too(tmp_path: Path) -> None:
    space = open_space(written(tmp_path, "text,x,y\na,1,2\nb,3,-4\n"))
    assert_array_equal(space.latent, np.array([[1, 2], [3, -4]], np.float32))
    assert_array_equal(space.maps["xy_2d"], space.latent)
    assert notes(space) == []


def test_a_map_with_a_hole_is_left_as_columns(tmp_path: Path) -> None:
    space = open_space(written(tmp_path, "v,x,y\n[1 2 3 4],1,2\n[5 6 7 8],,4\n"))
    assert not space.maps
    assert list(space.columns) == ["x", "y"]


def test_lists_of_numbers_in_parquet_and_bytes_beside_them(tmp_path: Path) -> None:
    from pyarrow import parquet

    image = pa.array([{"bytes": b"png", "path": "a.png"}, {"bytes": b"", "path": "b.png"}])
    table = pa.table({"image": image, "vec": pa.array([[1.0] * 20, [2.0] * 20]), "n": [1, 2]})
    parquet.write_table(table, tmp_path / "atlas.parquet")
    space = open_space(tmp_path / "atlas.parquet")
    assert space.latent.shape == (2, 20)
    assert list(space.columns) == ["n"]
    assert space.provenance.extra["left_out"] == ["Column “image” is left out: it holds bytes."]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ("a,b\n1,2\n3,4,5\n", "r.csv", "cannot be read as a table .*Expected 2 columns, got 3"),
        (TABLE.format('"[1, 2]"', '"[1, 2, 3]"'), "r.csv", "row 1 has 3 values, row 0 has 2"),
        (TABLE.format('"[1, 2]"', "none"), "r.csv", "no column of vectors"),
        ("v\n" + "[1 2]\n" * 5 + "[1 two]\n", "r.csv", "row 5 holds “.1 two.”, which is no list"),
        ("v\n" + "[1 2]\n" * 5 + '"[1, NaN]"\n', "r.csv", "NaN or infinite values.*row 5"),
        ("dim0,dim1,dim2\n1,2,3\n4,,6\n", "r.csv", "column “dim1”: row 1 has no number"),
        ("dim0,dim1,dim2\n1,2,3\n4,1e300,6\n", "r.csv", "too large for float32"),
        ("a,b\nc,d\n", "r.csv", "no column of vectors .its columns: a, b."),
        ('{"a": [1, 2', "r.json", "no table in JSON"),
        ('{"a": 1}\n{"a": \n', "r.jsonl", "an object a line"),
        ("[1, 2, 3]", "r.json", "must be a list of objects"),
        ("[" * 100_000, "r.json", "no table in JSON"),
        ("one line only,2\n", "r.csv", "not a file of vectors"),
        ("Some prose.\n\nMore of it.\n", "r.txt", "not a file of vectors"),
    ],
)
def test_what_is_no_table_is_named_with_its_place(
    tmp_path: Path, content: str, name: str, said: str
) -> None:
    with pytest.raises(UserError, match=said):
        open_space(written(tmp_path, content, name))


def test_a_line_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    # Sparse: it claims 10 GB and takes no room.
    path = written(tmp_path, "a,b\n1,2\n")
    with path.open("r+b") as file:
        file.write(b"1,2," * 300_000)
        file.truncate(10 << 30)
    with pytest.raises(UserError):
        open_space(path)


@settings(
    max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.data())
def test_damage_ends_in_a_sentence(tmp_path: Path, data: st.DataObject) -> None:
    seeds = [
        b"a,b,c\n1,2,3\n4,5,6\n",
        b'{"a":1,"v":[1,2]}\n{"a":2,"v":[3,4]}\n',
        b'[{"a":1,"v":[1,2]},{"a":2,"v":[3,4]}]',
        b'v\n"[1, 2]"\n"[3, 4]"\n',
        "n;v\nä;1,5\nö;2,5\n".encode("cp1252"),
        "a,b\n1,2\n3,4\n".encode("utf-16"),
    ]
    content = bytearray(data.draw(st.sampled_from(seeds)))
    for at in data.draw(st.lists(st.integers(0, len(content) - 1), max_size=6)):
        content[at] = data.draw(st.one_of(st.integers(0, 255), st.sampled_from(b'",\n;[]{} ')))
    path = written(tmp_path, bytes(content[: data.draw(st.integers(0, len(content)))]))
    content_kind(path)
    try:
        space = open_space(path)
    except UserError as error:
        assert "few.csv" in str(error)  # noqa: PT017
    else:
        assert np.isfinite(space.latent).all()


def test_columns_of_another_kind_are_no_vectors() -> None:
    table = pa.table(
        {
            "words": pa.array([["a"], ["b"]]),
            "text": ["[see note 3]", "[1, 2]"],
            "year_1999": [1, 2],
            "year_2001": [3, 4],
            "label": [0, 1],
        }
    )
    (found,) = vector_columns(table)
    assert (found.name, found.measured) == ("numbers", True)
    assert found.columns == ("year_1999", "year_2001")


def test_kinds_of_columns(tmp_path: Path) -> None:
    text = "name,kind,size,v\nann,a,1.5,[1 2 3 4]\nbob,b,,[5 6 7 8]\ncy,a,3,[5 6 7 8]\n"
    columns = open_space(written(tmp_path, text)).columns
    assert isinstance(columns["name"], Texts | Categories)
    size = columns["size"]
    assert isinstance(size, Numbers)
    assert_array_equal(size.values, [1.5, np.nan, 3])
