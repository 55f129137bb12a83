"""Settings are kept, and a broken file is put aside with a sentence."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latentviewer.domain.errors import UserError
from latentviewer.io.settings import load_settings, save_settings

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.dictionaries(st.text(), json_values, max_size=4))
def test_settings_come_back(tmp_path: Path, values: dict[str, object]) -> None:
    path = tmp_path / "state" / "settings.json"
    save_settings(path, values)
    assert load_settings(path) == (values, None)


def test_no_file_is_no_fault(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "settings.json") == ({}, None)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe\x00", b"[" * 100_000])
def test_a_broken_file_is_kept_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    values, sentence = load_settings(path)
    assert values == {}
    assert sentence is not None
    assert "settings.json.broken" in sentence
    assert (tmp_path / "settings.json.broken").read_bytes() == content
    assert load_settings(path) == ({}, None)


def test_a_folder_in_its_place_is_said(tmp_path: Path) -> None:
    values, sentence = load_settings(tmp_path)
    assert values == {}
    assert sentence is not None
    with pytest.raises(UserError, match="is a folder"):
        save_settings(tmp_path, {})


def test_a_place_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file"):
        save_settings(tmp_path / "file" / "settings.json", {})
