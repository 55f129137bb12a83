"""What Hugging Face's `datasets` saves to disk, as it lays it out."""

import json
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from latentviewer.domain.errors import UnsafeFileError, UserError
from latentviewer.io.datasets import is_here, open_data
from latentviewer.io.inspecting import inspect_path
from latentviewer.io.pictures.lazy import LazyImages

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
FEATURES = {
    "image": {"_type": "Image"},
    "label": {"names": ["cat", "dog"], "_type": "ClassLabel"},
}


def image(colour: tuple[int, int, int]) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", (6, 4), colour).save(buffer, "PNG")
    return buffer.getvalue()


def saved(folder: Path, shards: list[list[tuple[tuple[int, int, int], int]]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for number, rows in enumerate(shards):
        name = f"data-{number:05d}-of-{len(shards):05d}.arrow"
        names.append({"filename": name})
        struct = [{"bytes": image(c), "path": f"{number}-{i}.png"} for i, (c, _) in enumerate(rows)]
        table = pa.table({"image": struct, "label": [label for _, label in rows]})
        with pa.ipc.new_stream(folder / name, table.schema) as writer:
            writer.write_table(table)
    write(folder, _data_files=names, _indices_files=None, _split=None)
    (folder / "dataset_info.json").write_text(json.dumps({"features": FEATURES}))
    return folder


def write(folder: Path, **state: Any) -> None:
    (folder / "state.json").write_text(json.dumps(state))


def opened(spec: Path | str) -> LazyImages:
    data = open_data(str(spec))
    assert isinstance(data, LazyImages)
    return data


def texts(data: LazyImages, column: str) -> list[str]:
    return [data.columns[column].text(row) for row in range(len(data))]


def test_files_in_their_order_and_class_names(tmp_path: Path) -> None:
    folder = saved(tmp_path / "set", [[(RED, 1), (GREEN, 0)], [(BLUE, 1)]])
    data = opened(folder)
    assert texts(data, "label") == ["dog", "cat", "dog"]
    assert texts(data, "file") == ["0-0.png", "0-1.png", "1-0.png"]
    shown = data.images(np.array([2, 0, 1]))
    assert shown[:, 0, 0].tolist() == [list(BLUE), list(RED), list(GREEN)]
    report = inspect_path(folder)
    assert (report["kind"], report["format"], report["rows"]) == ("data set", "huggingface", 3)
    assert is_here(str(folder))
    with pytest.raises(UserError, match="no part “test”; it has one part"):
        open_data(f"{folder}:test")


def test_parts_together_and_alone(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    saved(folder / "train", [[(RED, 0), (GREEN, 1)]])
    saved(folder / "validation", [[(BLUE, 1)]])
    (folder / "dataset_dict.json").write_text('{"splits": ["train", "validation"]}')
    data = opened(folder)
    assert texts(data, "split") == ["train", "train", "validation"]
    assert texts(data, "label") == ["cat", "dog", "dog"]
    assert len(opened(f"{folder}:train")) == 2
    alone = opened(f"{folder}:validation")
    assert (len(alone), "split" in alone.columns) == (1, False)
    assert len(opened(folder / "validation")) == 1
    with pytest.raises(UserError, match="no part “test”; it has parts train, validation"):
        open_data(f"{folder}:test")
    with pytest.raises(UserError, match="no part “other”; it has parts train, validation"):
        open_data(f"{folder}:other")
    (folder / "validation" / "data-00000-of-00001.arrow").unlink()
    with pytest.raises(UserError, match=r"data-00000-of-00001\.arrow is not there"):
        open_data(str(folder))


@pytest.mark.parametrize("name", ["../x.arrow", "/etc/x.arrow", "C:\\x.arrow", "link.arrow", "a\0"])
def test_files_outside_are_refused(tmp_path: Path, name: str) -> None:
    folder = saved(tmp_path / "set", [[(RED, 1)]])
    outside = tmp_path / "x.arrow"
    outside.write_bytes((folder / "data-00000-of-00001.arrow").read_bytes())
    (folder / "link.arrow").symlink_to(outside)
    write(folder, _data_files=[{"filename": name}])
    with pytest.raises(UnsafeFileError, match=r"state\.json names .* outside"):
        opened(folder)
    report = inspect_path(folder)
    assert (report["safe"], report["usable"]) == (False, False)


def test_a_part_outside_is_refused(tmp_path: Path) -> None:
    saved(tmp_path / "other", [[(RED, 1)]])
    folder = tmp_path / "set"
    folder.mkdir()
    (folder / "dataset_dict.json").write_text('{"splits": ["../other"]}')
    with pytest.raises(UnsafeFileError, match=r"names “\.\./other”"):
        opened(folder)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("{", "not valid JSON"),
        ("[" * 99_999, "not valid JSON"),
        ("[]", "no object of names and values"),
        ("{}", "names no files of data"),
        ('{"_data_files": []}', "names no files of data"),
        ('{"_data_files": [3]}', "names no files of data"),
        ('{"_data_files": [{"filename": 3}]}', "names no files of data"),
        ('{"_data_files": [{"filename": ""}]}', "names no file"),
        ('{"_data_files": [{"filename": "none.arrow"}]}', r"none\.arrow is not there"),
        ('{"_data_files": [{"filename": "state.json"}]}', r"state\.json is cut short or damaged"),
        ('{"_indices_files": [{"filename": "a"}]}', "flatten_indices"),
    ],
)
def test_a_broken_state_is_named(tmp_path: Path, state: str, words: str) -> None:
    folder = saved(tmp_path / "set", [[(RED, 1)]])
    (folder / "state.json").write_text(state)
    with pytest.raises(UserError, match=words) as caught:
        opened(folder)
    assert "\n" not in str(caught.value)
    assert inspect_path(folder)["why"] == str(caught.value)


def test_features_that_are_not_there_or_no_pictures(tmp_path: Path) -> None:
    folder = saved(tmp_path / "set", [[(RED, 1)]])
    for features in (None, [], {"image": 3, "label": {"_type": "ClassLabel", "names": [1]}}):
        (folder / "dataset_info.json").write_text(json.dumps({"features": features}))
        assert texts(opened(folder), "label") == ["1"]
    table = pa.table({"n": [1], "t": ["x"]})
    with pa.ipc.new_stream(folder / "data-00000-of-00001.arrow", table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(UserError, match=r"no column of pictures \(its columns: n, t\)"):
        opened(folder)
    saved(tmp_path / "set", [[(RED, 1)], [(RED, 1)]])
    with pa.ipc.new_stream(folder / "data-00001-of-00002.arrow", table.schema) as writer:
        writer.write_table(table)
    with pytest.raises(UserError, match="files of different columns"):
        opened(folder)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.sampled_from(["state.json", "dataset_info.json", "data-00000-of-00001.arrow"]),
    part=st.floats(0, 0.999),
    flip=st.integers(0, 255),
)
def test_a_folder_broken_anywhere_is_read_or_refused(
    tmp_path: Path, name: str, part: float, flip: int
) -> None:
    folder = saved(tmp_path / "set", [[(RED, 1), (BLUE, 0)]])
    content = bytearray((folder / name).read_bytes())
    place = int(len(content) * part)
    content[place] ^= flip
    (folder / name).unlink()
    (folder / name).write_bytes(content if flip else content[:place])
    with suppress(UserError):
        data = opened(folder)
        assert len(data.images(np.arange(len(data)))) == len(data)
