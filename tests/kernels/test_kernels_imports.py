"""The window draws its first frames before numba is loaded."""

import subprocess
import sys


def test_the_plain_rasteriser_does_not_load_numba() -> None:
    code = (
        "import sys, latentviewer.kernels.reference;"
        "sys.exit('numba' in sys.modules or 'scipy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
