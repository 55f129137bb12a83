"""Shared by all tests: no windows, no leftovers, the real data if it is here."""

import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--show-windows", action="store_true", help="draw on the real screen")


def pytest_configure(config: pytest.Config) -> None:
    if not config.getoption("--show-windows"):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    # More than one scale in one run would make sizes depend on the order of the tests.
    os.environ.pop("QT_SCALE_FACTOR", None)


@pytest.fixture(autouse=True)
def no_leftover_threads() -> Iterator[None]:
    """A test that leaves a thread running fails."""
    before = set(threading.enumerate())
    yield
    left = [t for t in threading.enumerate() if t not in before and t.is_alive()]
    # Library pools that live as long as the process are nobody's leftovers.
    left = [t for t in left if not t.name.startswith(("ThreadPoolExecutor", "pytest_timeout"))]
    for thread in left:
        thread.join(timeout=5)
    assert not [t.name for t in left if t.is_alive()], "threads outlived their test"


@pytest.fixture(autouse=True)
def no_unexpected_log_records(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """A test during which something logs a warning or worse fails."""
    yield
    records = [
        record.getMessage()
        for phase in ("setup", "call")
        for record in caplog.get_records(phase)
        if record.levelno >= logging.WARNING
    ]
    assert not records, "unexpected log records"


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and autosaves of a test stay in its own folder."""
    monkeypatch.setenv("LATENTVIEWER_STATE", str(tmp_path / "state"))


def real_data_folder() -> Path | None:
    """MNIST and its like, where they are at hand."""
    named = os.environ.get("LATENTVIEWER_TEST_DATA")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "data"
    return folder if (folder / "mnist").is_dir() else None


@pytest.fixture
def real_data() -> Path:
    """The folder of real data sets; the test is skipped where they are not here."""
    folder = real_data_folder()
    if folder is None:
        pytest.skip("MNIST is not on this machine; name its folder in LATENTVIEWER_TEST_DATA")
    return folder
