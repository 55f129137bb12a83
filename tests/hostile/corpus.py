"""All hostile files by name, laid out in folders of their own, and tried in another process."""

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.hostile.disguises import CARRIERS, Build
from tests.hostile.escapes import ESCAPES
from tests.hostile.payloads import CANARY
from tests.hostile.secrets_beside import lay_secrets
from tests.hostile.trial import Outcome

CORPUS: dict[str, Build] = {**CARRIERS, **ESCAPES}
_CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Tried:
    """A file, and what came of it by each opener."""

    path: Path
    outcomes: list[Outcome]


def try_all(
    builds: Mapping[str, Build], root: Path, spare: int, seconds: int, whole_s: int
) -> dict[str, Tried]:
    """What came of each file, by its name, from one process that opened them all.

    Args:
        root: an empty folder; what is large in it is deleted.
        spare: bytes of memory that the process may take.
        seconds: that one opening may take, and `whole_s` all of them.
    """
    lay_secrets(root)
    found: dict[str, Tried] = {}
    for number, (name, build) in enumerate(builds.items()):
        folder = root / f"{number:03}"
        folder.mkdir()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of files that are made wrong on purpose
            found[name] = Tried(build(folder), [])
    cases = [(name, str(tried.path)) for name, tried in found.items()]
    told = {"cases": cases, "spare": spare, "seconds": seconds}
    for said in run_apart("tests.hostile.trial", told, root, whole_s):
        found[said["name"]].outcomes.append(Outcome(**said))
    for folder in root.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    return found


def run_apart(module: str, job: Mapping[str, Any], root: Path, seconds: int) -> list[Any]:
    """Runs a module of these tests in a process of its own; returns what it wrote.

    Raises:
        AssertionError: it broke off; the text says at what.
    """
    place, out = root / "job.json", root / "outcomes.jsonl"
    place.write_text(json.dumps({**job, "root": str(root), "out": str(out)}), "utf-8")
    own = {
        CANARY: os.environ[CANARY],
        "LATENTVIEWER_STATE": str(root.with_name("state")),
        "LATENTVIEWER_DATA": str(root.with_name("data")),
    }
    few = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    try:
        ended = subprocess.run(
            [sys.executable, "-m", module, str(place)],
            cwd=_CHECKOUT,
            env={**os.environ, **few, **own},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        how = f"ended with {ended.returncode}: {ended.stderr[-2000:]}" if ended.returncode else ""
    except subprocess.TimeoutExpired:
        how = f"did not end within {seconds} s"
    lines = out.read_text("utf-8").splitlines() if out.exists() else []
    said = [json.loads(line) for line in lines]
    begun = [line["begun"] for line in said if "begun" in line]
    assert not how, f"{module} {how}, at {begun[-1] if begun else 'the start'}"
    return [line for line in said if "begun" not in line]


def fault_in(outcome: Outcome, path: Path) -> str | None:
    """What is wrong with an outcome, or None: refusals are a sentence that names the file."""
    if outcome.ran:
        return f"{outcome.opener}: {'; '.join(outcome.ran)}"
    if outcome.kind == "fault":
        return f"{outcome.opener}: {outcome.said}"
    if outcome.kind == "opened":
        return None
    said = outcome.said
    if not said.endswith(".") or "\n" in said or "Traceback" in said:
        return f"{outcome.opener} says no plain sentence: {said!r}"
    # Of several files the one at fault is named, and that is not always the one that was opened.
    if path.name not in said and str(path.parent) not in said:
        return f"{outcome.opener} does not name the file: {said!r}"
    return None
