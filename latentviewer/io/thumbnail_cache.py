"""Small copies of large pictures, kept on the disk between sessions.

A photograph takes 25 to 100 ms to unpack, its copy of at most 256 pixels a side 2 ms. The folder
is a convenience: where it cannot be written or read, pictures are made as if there were none, and
whoever deletes it loses time only.
"""

import hashlib
import os
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import platformdirs
from numpy.typing import NDArray

from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import ImageShape

# Pillow is imported where it is used: it must not be on the way to the first window.

FROM_BYTES = 200_000
"""Smaller files are read as fast as their copies would be."""
_MOST_BYTES = 1 << 30
_KEPT_OF_MOST = 0.8
_SUFFIX = ".png"


class ThumbnailCache:
    """A folder of copies, in PNG, of a bounded size; the oldest go first.

    A copy's name is the SHA-256 of the picture's place, size in bytes, time of change and the
    copy's shape, so that a picture that changed is made anew.
    """

    def __init__(self, folder: Path, most_bytes: int = _MOST_BYTES) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._held: int | None = None
        self._broken = False
        self._lock = threading.Lock()

    def picture(
        self, path: Path, shape: ImageShape, read: Callable[[], NDArray[np.uint8]]
    ) -> NDArray[np.uint8]:
        """The picture of a file in a shape, (h, w, c) uint8: the copy, or what `read` gives.

        Raises:
            UserError: whatever `read` raises; nothing is kept then.
        """
        place = self._place(path, shape)
        if place is None:
            return read()
        kept = _read(place, shape)
        if kept is not None:
            return kept
        pixels = read()
        self._keep(place, pixels)
        return pixels

    def _place(self, path: Path, shape: ImageShape) -> Path | None:
        """Where the copy of a file lies or would lie; None for one that needs none."""
        try:
            about = path.stat()
        except (OSError, ValueError):
            return None
        if about.st_size < FROM_BYTES or self._broken:
            return None
        side = f"{shape.height}x{shape.width}x{shape.channels}"
        key = f"{path.absolute()}\0{about.st_size}\0{about.st_mtime_ns}\0{side}"
        digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / digest[:2] / f"{digest}{_SUFFIX}"

    def _keep(self, place: Path, pixels: NDArray[np.uint8]) -> None:
        from PIL import Image

        temporary = place.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        squeezed = pixels[..., 0] if pixels.shape[2] == 1 else pixels
        with self._lock:
            try:
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                place.parent.mkdir(exist_ok=True)
                Image.fromarray(squeezed).save(temporary, "PNG", compress_level=1)
                size = temporary.stat().st_size
                temporary.replace(place)
                if self._held is None:
                    self._held = sum(found for _, found, _ in self._copies())
                else:
                    self._held += size
                if self._held > self._most_bytes:
                    self._make_room()
            except OSError:
                # A full disk, or a folder that may not be written: do without for this session.
                self._broken = True
                _remove(temporary)

    def _copies(self) -> list[tuple[int, int, Path]]:
        """Time of change, bytes and place of every copy."""
        found = []
        for path in self._folder.glob(f"??/*{_SUFFIX}"):
            about = path.stat()
            found.append((about.st_mtime_ns, about.st_size, path))
        return found

    def _make_room(self) -> None:
        copies = sorted(self._copies())
        held = sum(size for _, size, _ in copies)
        for _, size, path in copies:
            if held <= self._most_bytes * _KEPT_OF_MOST:
                break
            path.unlink(missing_ok=True)
            held -= size
        self._held = held


@cache
def _cache_at(folder: Path) -> ThumbnailCache:
    return ThumbnailCache(folder)


def usual_cache() -> ThumbnailCache:
    """The user's; `LATENTVIEWER_CACHE` names another folder."""
    named = os.environ.get("LATENTVIEWER_CACHE")
    folder = Path(named) if named else Path(platformdirs.user_cache_dir("latentviewer", False))
    return _cache_at(folder / "thumbnails")


def _read(place: Path, shape: ImageShape) -> NDArray[np.uint8] | None:
    from latentviewer.io.image_files import image_in, read_facts

    if not place.is_file():
        return None
    try:
        facts = read_facts(place)
        if (facts.height, facts.width) != (shape.height, shape.width):
            return None
        return image_in(place.read_bytes(), str(place), shape)
    except (UserError, OSError):
        # Cut short by a crash, or another program's: it is made anew.
        return None


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        return
