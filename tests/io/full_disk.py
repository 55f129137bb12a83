"""A disk that becomes full while a file is written."""

import errno
import io
from pathlib import Path
from typing import Any

import pytest


def fill_disk(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Lets files that are opened for writing take so many bytes or characters."""
    real = Path.open

    def opened(path: Path, mode: str = "r", *more: Any, **options: Any) -> Any:
        file = real(path, mode, *more, **options)
        return file if "w" not in mode else _Full(file, after)

    monkeypatch.setattr(Path, "open", opened)


class _Full(io.IOBase):
    def __init__(self, file: Any, left: int) -> None:
        self._file, self._left = file, left

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        size = len(content) if isinstance(content, str) else memoryview(content).nbytes
        self._left -= size
        if self._left < 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        self._file.write(content)
        return size

    def writelines(self, lines: Any) -> None:
        for line in lines:
            self.write(line)

    def tell(self) -> int:
        return int(self._file.tell())

    def close(self) -> None:
        self._file.close()
        super().close()
