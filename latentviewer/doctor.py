"""Looks at the installation and the machine, and says what is wrong with them."""

import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from typing import Any

from latentviewer import __version__
from latentviewer.domain.errors import UserError

_PACKAGES = ("PySide6-Essentials", "torch", "torchvision", "numpy", "numba", "umap-learn",
             "scikit-learn", "pyarrow", "pyqtgraph", "av")  # fmt: skip
_DATA = ("digits", "faces", "shapes", "mnist", "fashion-mnist", "emoji")


def examine() -> dict[str, Any]:
    """Versions, devices, the agreement of each device with the processor, files, problems.

    Nothing is changed and nothing is fetched.
    """
    from latentviewer import bootstrap
    from latentviewer.bootstrap.display import has_display, missing_packages
    from latentviewer.io.datasets import find_data

    problems: list[str] = []
    missing = missing_packages()
    if missing:
        problems.append(
            f"Qt lacks system libraries; on Debian and Ubuntu: sudo apt install {' '.join(missing)}"
        )
    samples = bootstrap.samples()
    problems += [f"The sample {s.name} is not in {s.space}." for s in samples if not s.available]
    devices = bootstrap.devices()
    agreement = []
    for device in devices:
        try:
            check = bootstrap.check_agreement(samples[0].model, device["name"])
        except UserError as error:
            problems.append(str(error))
            continue
        agreement.append(check)
        if not check["agrees"]:
            problems.append(f"{device['title']} does not decode as the processor does.")
    folders = list(bootstrap.data_folders())
    found = {name: find_data(name, folders) for name in _DATA}
    return {
        "version": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "packages": {name: importlib.metadata.version(name) for name in _PACKAGES},
        "qt": {
            "platform": os.environ.get("QT_QPA_PLATFORM")
            or ("default" if has_display() else "none, no display"),
            "missing_packages": missing,
        },
        "devices": devices,
        "agreement": agreement,
        "bundled": {sample.name: sample.available for sample in samples},
        "data": {
            name: None if place is None else ("built in" if place == Path() else str(place))
            for name, place in found.items()
        },
        "kernels": _kernel_cache(),
        "problems": problems,
    }


def _kernel_cache() -> str:
    from latentviewer import kernels

    folder = Path(kernels.__file__).parent / "__pycache__"
    cached = list(folder.glob("*.nbc"))
    if cached:
        return f"{len(cached)} compiled kernels kept"
    return "not compiled yet; the first start does it once"
