"""Mutates a valid file of every kind and opens it: `python -m tests.hostile.fuzzing JOB`.

A process of its own, for a library in C that breaks would take the tests with it. The examples
are the same each time.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.hostile.corpus import fault_in
from tests.hostile.seeds import OPENED_AS_FOLDER, SEEDS
from tests.hostile.trial import Trial

_FEW = {"hdf5": 6, "onnx": 25}  # each starts a process, or a session of onnxruntime
_USUAL = 50
_TRIED = ("inspect", "open_reference", "open_data", "import_offer")
_LARGE = st.sampled_from([b"\xff" * 4, b"\xff" * 8, b"\x00" * 8, b"\xff\xff\xff\x7f", b"9" * 12])


@st.composite
def changed(draw: st.DrawFn, content: bytes) -> bytes:
    """The content with a few bytes flipped, put in, taken out, written over, or cut off."""
    found = bytearray(content)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, max(0, len(found) - 1)))
        match draw(st.sampled_from(("flip", "insert", "delete", "large", "repeat", "cut"))):
            case "flip" if found:
                found[at] ^= 1 << draw(st.integers(0, 7))
            case "insert":
                found[at:at] = draw(st.binary(min_size=1, max_size=9))
            case "delete":
                del found[at : at + draw(st.integers(1, 16))]
            case "large":
                large = draw(_LARGE)
                found[at : at + len(large)] = large
            case "repeat":
                found[at:at] = found[at : at + 64] * draw(st.integers(1, 8))
            case _:
                del found[at:]
    return bytes(found)


def _fuzz(name: str, folder: Path, trial: Trial) -> str | None:
    """What was wrong with the smallest change that broke a reader, or None."""
    folder.mkdir(parents=True)
    file = SEEDS[name](folder)
    content = file.read_bytes()
    path = file.parent if name in OPENED_AS_FOLDER else file
    for opener in _TRIED:
        outcome = trial.of(name, opener, path)
        if (fault := fault_in(outcome, path)) is not None:
            return f"as it is: {fault}"

    @settings(
        max_examples=_FEW.get(name, _USUAL),
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
    )
    @given(mutated=changed(content))
    def every_change_is_opened_or_refused(mutated: bytes) -> None:
        file.write_bytes(mutated)
        for opener in _TRIED:
            outcome = trial.of(name, opener, path)
            fault = fault_in(outcome, path)
            assert fault is None, f"{fault}, of {mutated[:2000]!r}"

    try:
        every_change_is_opened_or_refused()
    except AssertionError as error:
        return str(error)
    return None


def _main(job_file: str) -> None:
    job: dict[str, Any] = json.loads(Path(job_file).read_text("utf-8"))
    trial = Trial(Path(job["root"]), job["spare"], job["seconds"])
    # numpy and Pillow say on the way what a sentence says in the end.
    warnings.simplefilter("ignore")
    with Path(job["out"]).open("w", encoding="utf-8") as out:
        for number, name in enumerate(SEEDS):
            out.write(json.dumps({"begun": name}) + "\n")
            out.flush()
            fault = _fuzz(name, Path(job["root"]) / f"{number:02}", trial)
            out.write(json.dumps({"name": name, "fault": fault}) + "\n")
            out.flush()


if __name__ == "__main__":
    _main(sys.argv[1])
