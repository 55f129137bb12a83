"""Arrays of a formula as text, so that a space's metadata can hold them."""

import base64
import binascii
import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST_BYTES = 64 << 20


def packed(arrays: Mapping[str, NDArray[Any]]) -> str:
    """Arrays by name as base64 of a compressed `.npz`; empty for none."""
    if not arrays:
        return ""
    file = io.BytesIO()
    np.savez_compressed(file, **dict(arrays))  # type: ignore[arg-type]
    return base64.b64encode(file.getvalue()).decode("ascii")


def unpacked(text: str) -> dict[str, NDArray[Any]]:
    """What `packed` wrote; nothing for text that it did not write, or that claims too much.

    No pickled object is ever loaded.
    """
    try:
        content = base64.b64decode(text, validate=True)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                return {}
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile,
            binascii.Error, NotImplementedError, RuntimeError):  # fmt: skip
        return {}
