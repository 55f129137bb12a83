"""Text tables: every layout gives the same rows, and a broken one is named with its line."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latentviewer.domain.errors import UserError
from latentviewer.domain.table import Categories, Numbers, Texts
from latentviewer.io.text_tables import columns_of, read_table

NAMES = ("file", "size", "note")
ROWS = (("a.png", "1", "x, y"), ("b.png", "-2", "ü"), ("c.png", "", ""))


def written(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", 'file,size,note\na.png,1,"x, y"\nb.png,-2,ü\n\nc.png,,\n'),
        ("t.csv", "file;size;note\r\na.png;1;x, y\r\nb.png;-2;ü\r\nc.png;;"),
        ("t.tsv", "file\tsize\tnote\na.png\t1\tx, y\nb.png\t-2\tü\nc.png\t\t\n"),
        (
            "t.json",
            '[{"file": "a.png", "size": 1, "note": "x, y"}, {"file": "b.png", "size": -2, '
            '"note": "ü"}, {"file": "c.png", "size": null}]',
        ),
        (
            "t.json",
            '{"file": ["a.png", "b.png", "c.png"], "size": [1, -2, null], '
            '"note": ["x, y", "ü", null]}',
        ),
        (
            "t.jsonl",
            '{"file": "a.png", "size": 1, "note": "x, y"}\n{"file": "b.png", "size": -2, '
            '"note": "ü"}\n\n{"file": "c.png"}\n',
        ),
    ],
    ids=["csv", "semicolons", "tsv", "objects", "lists", "lines"],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_every_layout_gives_the_same_rows(
    tmp_path: Path, name: str, text: str, encoding: str
) -> None:
    table = read_table(written(tmp_path, name, text, encoding))
    assert (table.names, table.rows, len(table)) == (NAMES, ROWS, 3)
    columns = columns_of(table)
    assert isinstance(columns["note"], Texts)
    assert isinstance(columns["size"], Numbers)
    np.testing.assert_array_equal(columns["size"].values, [1, -2, np.nan])


def test_cells_are_numbers_only_where_all_of_a_column_are(tmp_path: Path) -> None:
    text = "a,b,c,d,label,kind\n1,1.5,1,1_0,3,x\n2,nan,x,20,1,y\n,1e3,2,30,3,x\n4,2,1,3,3,x\n"
    columns = columns_of(read_table(written(tmp_path, "t.csv", text)))
    kinds = {name: type(column) for name, column in columns.items()}
    assert kinds == {
        "a": Numbers, "b": Numbers, "c": Texts, "d": Texts, "label": Categories,
        "kind": Categories,
    }  # fmt: skip
    assert [columns["b"].text(row) for row in range(4)] == ["1.5", "", "1000", "2"]
    label = columns["label"]
    assert isinstance(label, Categories)
    assert label.names == ("1", "3")


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("t.csv", "", "no rows"),
        ("t.csv", "a,b\n", "no rows"),
        ("t.csv", "a,b\n1,2\n1\n", "line 3 has 1 cells, the header has 2"),
        ("t.csv", 'a,b\n1,"2\n', "line 2 cannot be read"),
        ("t.csv", "a,a\n1,2\n", "two columns “a”"),
        ("t.csv", "a,\n1,2\n", "a column without a name"),
        ("t.csv", 'a\n"x"y\n', "line 2 cannot be read"),
        ("t.json", "{", "not valid JSON"),
        ("t.json", "[" * 100_000, "not valid JSON"),
        ("t.json", "3", "no table"),
        ("t.json", '{"a": [1], "b": [1, 2]}', "different lengths"),
        ("t.json", "[1]", "row 1 is not an object"),
        ("t.json", "[]", "no rows"),
        ("t.jsonl", '{"a": 1}\n{"a": \n', "line 2 is not valid JSON"),
        ("t.jsonl", '{"a": 1}\n7\n', "line 2 is not an object"),
    ],
)
def test_a_broken_table_is_named_with_the_place(
    tmp_path: Path, name: str, text: str, words: str
) -> None:
    path = written(tmp_path, name, text)
    with pytest.raises(UserError, match=words) as caught:
        read_table(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16"])
def test_a_table_that_is_not_utf_8_says_so(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, "t.csv", "file,note\na.png,ü\n", encoding)
    with pytest.raises(UserError, match=r"not UTF-8 text \(byte \d+ .*save it again"):
        read_table(path)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=60), st.sampled_from(["t.csv", "t.tsv", "t.json", "t.jsonl"]))
def test_any_bytes_are_a_table_or_refused(tmp_path: Path, content: bytes, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    try:
        table = read_table(path)
    except UserError:
        return
    assert all(len(row) == len(table.names) for row in table.rows)
    columns_of(table)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.text(min_size=1), st.text()), min_size=1, max_size=5))
def test_json_gives_back_any_text(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    path = tmp_path / "t.json"
    path.write_text(json.dumps([{"a": a, "b": b} for a, b in rows]), "utf-8")
    table = read_table(path)
    assert table.rows == tuple(rows)
    assert len(columns_of(table)) == 2
