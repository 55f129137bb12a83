"""Neighbours that are found once and kept, in files that outlive the process that found them."""

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from latentviewer.domain.space import Latents
from latentviewer.projection.neighbourhood import find_neighbourhood
from latentviewer.projection.task import Report


class KeptNeighbourhoods:
    """Fulfils `Neighbourhoods` for one array of latents.

    Args:
        folder: where they are kept; what lies there was written by this class.
        of: what the latents are called there, the same for the same latents only.
    """

    def __init__(self, latents: Latents, folder: Path, of: str) -> None:
        self._latents, self._folder, self._of = latents, folder, of

    def __call__(
        self, k: int, metric: str, report: Report
    ) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """See `latentviewer.projection.task.Neighbourhoods`."""
        k = max(0, min(k, len(self._latents) - 1))
        kept = self._kept(metric, k)
        if kept is not None:
            rows, distances = np.load(kept), np.load(_distances_of(kept))
            return np.ascontiguousarray(rows[:, :k]), np.ascontiguousarray(distances[:, :k])
        rows, distances = find_neighbourhood(self._latents, k, metric, report)
        self._keep(metric, k, rows, distances)
        return rows, distances

    def _kept(self, metric: str, k: int) -> Path | None:
        """The smallest file that has enough columns."""
        found = []
        for path in self._folder.glob(f"{self._of}-{metric}-*.rows.npy"):
            columns = int(path.name.removesuffix(".rows.npy").rpartition("-")[2])
            if columns >= k:
                found.append((columns, path))
        return min(found)[1] if found else None

    def _keep(
        self, metric: str, k: int, rows: NDArray[np.int32], distances: NDArray[np.float32]
    ) -> None:
        path = self._folder / f"{self._of}-{metric}-{k}.rows.npy"
        # The rows last: whoever finds them finds the distances too.
        for array, to in ((distances, _distances_of(path)), (rows, path)):
            unfinished = to.with_name(f"{os.getpid()}.unfinished")
            with unfinished.open("wb") as file:
                np.save(file, array)
            unfinished.replace(to)


def _distances_of(rows: Path) -> Path:
    return rows.with_name(rows.name.replace(".rows.", ".distances."))
