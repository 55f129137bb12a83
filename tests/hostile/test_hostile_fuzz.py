"""Valid files with bytes changed at random: each is opened, or refused with a sentence."""

from pathlib import Path

import pytest

from tests.hostile.corpus import run_apart
from tests.hostile.seeds import SEEDS

_SPARE = 3 << 30
_SECONDS, _WHOLE_S = 30, 400


@pytest.fixture(scope="module")
def faults(hostile_root: Path) -> dict[str, str | None]:
    job = {"spare": _SPARE, "seconds": _SECONDS}
    said = run_apart("tests.hostile.fuzzing", job, hostile_root, _WHOLE_S)
    return {line["name"]: line["fault"] for line in said}


@pytest.mark.parametrize("name", SEEDS)
def test_every_change_is_opened_or_refused(faults: dict[str, str | None], name: str) -> None:
    assert faults[name] is None, faults[name]
