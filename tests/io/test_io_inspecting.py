"""What a file is, whether it is safe, and why it does not open."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Provenance, Space
from latentviewer.domain.table import Categories, Numbers, Texts
from latentviewer.io.inspecting import inspect_path
from latentviewer.io.projects import save_project
from latentviewer.io.spaces import write_space

SPACE = Space(
    "three",
    np.zeros((3, 2), np.float32),
    np.ones((3, 2), np.float32),
    {
        "label": Categories(np.array([0, 1, -1], np.int32), ("a", "b")),
        "score": Numbers(np.zeros(3)),
        "note": Texts(("x", "y", "z")),
    },
    {"umap_2d": np.zeros((3, 2), np.float32)},
    Provenance("digits-vae", "ab", "digits", {"seed": 3}),
)
FACTS = {
    "name": "three",
    "rows": 3,
    "dims": 2,
    "std": True,
    "columns": [
        {"name": "label", "kind": "categories", "classes": 2},
        {"name": "score", "kind": "numbers"},
        {"name": "note", "kind": "texts"},
    ],
    "maps": {"umap_2d": 2},
    "provenance": {
        "model": "digits-vae",
        "model_hash": "ab",
        "data": "digits",
        "extra": {"seed": 3},
    },
    "notes": [],
    "safe": True,
    "usable": True,
    "why": None,
}


def test_several_tables_of_vectors_are_listed(tmp_path: Path) -> None:
    content = '{"a": [1, 2, 3, 4], "b": [1, 2, 3, 4, 5]}\n' * 3
    (tmp_path / "two.jsonl").write_text(content)
    report = inspect_path(tmp_path / "two.jsonl")
    assert (report["kind"], report["safe"], report["usable"]) == ("space", True, False)
    vectors = [{"name": "a", "rows": 3, "dims": 4}, {"name": "b", "rows": 3, "dims": 5}]
    assert report["vectors"] == vectors
    picked = inspect_path(tmp_path / "two.jsonl", pick="b")
    assert (picked["usable"], picked["dims"], picked["vectors"]) == (True, 5, vectors)


def test_how_a_table_was_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a;dim0;dim1;dim2\nx;1,5;2;3\ny;2,5;4;5\n")
    notes = inspect_path(tmp_path / "t.csv")["notes"]
    assert notes == [
        "Read with semicolons between the values.",
        "Read with commas for decimal points.",
    ]


def test_a_space_and_a_project(tmp_path: Path) -> None:
    write_space(SPACE, tmp_path / "s.arrow")
    report = inspect_path(tmp_path / "s.arrow")
    assert report == {
        **FACTS,
        "path": str(tmp_path / "s.arrow"),
        "kind": "space",
        "format": "arrow",
    }
    json.dumps(report)
    save_project(tmp_path / "p", {}, SPACE)
    assert inspect_path(tmp_path / "p") == {
        **FACTS,
        "path": str(tmp_path / "p"),
        "kind": "project",
        "format": "project",
        "version": 1,
    }


def test_an_unsafe_file_says_why(tmp_path: Path) -> None:
    (tmp_path / "m.pt").write_bytes(pickle.dumps({}))
    report = inspect_path(tmp_path / "m.pt")
    assert (report["safe"], report["usable"], report["format"]) == (False, False, "pickle")
    assert "run code" in report["why"]


def test_damaged_and_unknown_files_say_why(tmp_path: Path) -> None:
    (tmp_path / "s.arrow").write_bytes(b"ARROW1\x00\x00")
    report = inspect_path(tmp_path / "s.arrow")
    assert (report["kind"], report["format"], report["usable"]) == ("unknown", "arrow", False)
    assert "damaged" in report["why"]
    (tmp_path / "x").write_bytes(b"hello")
    assert inspect_path(tmp_path / "x")["format"] == "unknown"
    assert inspect_path(tmp_path)["usable"] is False
    with pytest.raises(UserError, match="not there"):
        inspect_path(tmp_path / "none")


def test_a_folder_of_images(real_data: Path) -> None:
    report = inspect_path(real_data / "fashion_mnist")
    assert report["kind"] == "data set"
    assert report["name"] == "fashion-mnist"
    assert report["rows"] == 70_000
    assert report["parts"] == {"train": 60_000, "test": 10_000}
    assert report["image"] == {"height": 28, "width": 28, "channels": 1}


def test_a_folder_of_broken_images_says_why(tmp_path: Path) -> None:
    (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(b"nothing")
    report = inspect_path(tmp_path)
    assert (report["kind"], report["usable"]) == ("data set", False)
    assert "not an IDX file" in report["why"]
