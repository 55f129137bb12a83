"""Files that claim more than there is: each ends soon, and with a sentence."""

from pathlib import Path

import pytest

from tests.hostile.bombs import BOMBS
from tests.hostile.corpus import Tried, fault_in, try_all

_SPARE = 3 << 30
_SECONDS, _WHOLE_S = 60, 400


@pytest.fixture(scope="module")
def tried(hostile_root: Path) -> dict[str, Tried]:
    return try_all(BOMBS, hostile_root, _SPARE, _SECONDS, _WHOLE_S)


@pytest.mark.parametrize("name", BOMBS)
def test_a_claim_is_not_believed(tried: dict[str, Tried], name: str) -> None:
    found = tried[name]
    assert len(found.outcomes) > 1
    faults = [fault_in(outcome, found.path) for outcome in found.outcomes]
    assert not [fault for fault in faults if fault is not None]


@pytest.mark.parametrize(
    "name",
    ["npz of zeros", "npz that shares", "parquet of a dictionary", "parquet of one value",
     "hdf5 of a fill value", "project of zeros", "weights of zeros"],
)  # fmt: skip
def test_what_swells_is_called_unsafe(tried: dict[str, Tried], name: str) -> None:
    kinds = {outcome.opener: outcome.kind for outcome in tried[name].outcomes}
    assert kinds["inspect"] == "unsafe"


@pytest.mark.parametrize("name", ["idx of zeros", "labels of zeros"])
def test_packed_digits_that_swell_are_called_unsafe(tried: dict[str, Tried], name: str) -> None:
    kinds = {outcome.opener: outcome.kind for outcome in tried[name].outcomes}
    assert kinds["open_data"] == "unsafe"
