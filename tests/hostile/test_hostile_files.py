"""Files that could run something or name files outside: opened in every way, and nothing does."""

from pathlib import Path

import pytest

from tests.hostile.corpus import Tried, fault_in, try_all
from tests.hostile.disguises import CARRIERS
from tests.hostile.escapes import ESCAPES

_SPARE = 3 << 30
_SECONDS, _WHOLE_S = 30, 400


@pytest.fixture(scope="module")
def tried(hostile_root: Path) -> dict[str, Tried]:
    return try_all({**CARRIERS, **ESCAPES}, hostile_root, _SPARE, _SECONDS, _WHOLE_S)


@pytest.mark.parametrize("name", [*CARRIERS, *ESCAPES])
def test_nothing_runs_and_a_refusal_is_a_sentence(tried: dict[str, Tried], name: str) -> None:
    found = tried[name]
    assert len(found.outcomes) > 1
    faults = [fault_in(outcome, found.path) for outcome in found.outcomes]
    assert not [fault for fault in faults if fault is not None]


@pytest.mark.parametrize("name", ["exec-4.pt", "system in weights.pt", "torchscript", "program"])
def test_what_could_run_is_called_unsafe(tried: dict[str, Tried], name: str) -> None:
    kinds = {outcome.opener: outcome.kind for outcome in tried[name].outcomes}
    assert kinds["inspect"] == kinds["open_model"] == "unsafe"


@pytest.mark.parametrize("field", ["tensor", "metadata", "bookmarks", "sprite"])
@pytest.mark.parametrize("way", ["up", "link", "address"])
def test_what_a_projector_names_outside_is_unsafe(
    tried: dict[str, Tried], field: str, way: str
) -> None:
    kinds = {o.opener: o.kind for o in tried[f"projector {field}, {way}"].outcomes}
    assert kinds["open_reference"] == "unsafe"
