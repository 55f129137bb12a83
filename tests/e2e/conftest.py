"""A screen that nobody sees, with a mouse that really moves."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

_NEEDED = ("Xvfb", "xdotool")


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """The DISPLAY of a fresh Xvfb.

    Where its programs are missing the test is skipped on a person's machine and fails
    in CI, which is told to install them.
    """
    if not sys.platform.startswith("linux"):
        pytest.skip("the end-to-end tests drive X11")
    missing = [program for program in _NEEDED if shutil.which(program) is None]
    if missing:
        reason = f"{' and '.join(missing)} not found; on Debian: apt install xvfb xdotool"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[writer],
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as told:
        number = told.readline().strip()
    assert number, "Xvfb did not start"
    yield f":{number}"
    server.terminate()
    server.wait(timeout=10)
