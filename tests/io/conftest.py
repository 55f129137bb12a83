"""Where the real data sets lie for tests."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with `mnist/` and `fashion_mnist/`; the test is skipped without it."""
    named = os.environ.get("LATENTVIEWER_TEST_DATA")
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    folder = Path(named) if named else beside
    if not (folder / "mnist").is_dir():
        pytest.skip(f"no real data sets in {folder}; LATENTVIEWER_TEST_DATA names another folder")
    return folder


@pytest.fixture
def no_user_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty data folder of the user."""
    folder = tmp_path / "user data"
    monkeypatch.setenv("LATENTVIEWER_DATA", str(folder))
    return folder
