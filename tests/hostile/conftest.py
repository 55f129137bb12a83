"""Where the canary is, and an empty folder beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.payloads import CANARY


@pytest.fixture(scope="module")
def hostile_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty folder for hostile files; the environment names a canary that is not there."""
    whole = tmp_path_factory.mktemp("hostile")
    root = whole / "root"
    root.mkdir()
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv(CANARY, str(whole / "canary"))
        yield root
