"""The export's side of the session: samples and the map, written for other programs."""

import re
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from latentviewer.app.colouring import colouring
from latentviewer.app.map_sheet import MapSheet
from latentviewer.app.maps import map_key, method_title
from latentviewer.app.services import MapResult
from latentviewer.app.state import Blend
from latentviewer.app.workspace import Workspace
from latentviewer.domain.errors import UserError
from latentviewer.domain.space import Space
from latentviewer.jobs.progress import Progress

SHEET_SIZE = (1600, 1000)
_LEAST_PX, _MOST_PX = 64, 16_384
_SIZE = re.compile(r"\s*(\d{2,5})\s*[x×]\s*(\d{2,5})\s*(?:px|pixels)?\s*")
_LARGER_ON_PAPER = 1.25
"""A sheet is larger than the map in the window, but not by as much as its points would show."""


class Exporting:
    """Writes samples and the map as jobs, and says what was written."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    @property
    def samples(self) -> str:
        """Which samples would be written, such as `the 12 selected samples`."""
        selected = len(self._workspace.state.selection)
        if selected:
            return f"the {selected:,} selected samples" if selected > 1 else "the selected sample"
        count = len(self._workspace.space)
        return f"all {count:,} samples" if count != 1 else "the one sample"

    def samples_to(self, path: str, purpose: str = "file") -> None:
        """Writes what is selected, or all where nothing is, with groups and the shown map.

        Args:
            path: of a folder for `projector`, else of a file; its ending says as what.
            purpose: `file`, `projector` or `embedding-atlas`.
        """
        state, target = self._workspace.state, Path(path)
        what, services = self.samples, self._workspace.services
        space, shown = self._with_shown_map()
        if purpose == "embedding-atlas" and shown is None:
            raise UserError("The map is not ready yet; export when it stands.")
        steps = lambda: services.export_samples(  # noqa: E731
            space,
            target,
            purpose,
            rows=state.selection.rows if len(state.selection) else None,
            groups=state.groups,
            way=state.path,
            data=self._workspace.data,
            shown=shown,
        )
        self._submit(target, steps, lambda notes: (what, *notes))

    def map_to(
        self,
        path: str,
        size: str = "",
        theme: str = "dark",
        seen_from: NDArray[np.float64] | None = None,
    ) -> None:
        """Writes the whole map with title, axes and legend, as it is coloured and filtered now.

        Args:
            path: ends in .png, .svg or .pdf.
            size: such as `1600 x 1000`; empty for that.
            seen_from: the side that a map of three dimensions is seen from; see `MapSheet`.
        """
        shown, target = self._standing(), Path(path)
        if shown is None:
            raise UserError("The map is not ready yet; export when it stands.")
        sheet = self._sheet(shown, sheet_size(size) if size else SHEET_SIZE, theme, seen_from)
        services = self._workspace.services
        self._submit(
            target,
            lambda: services.export_map(sheet, target),
            lambda notes: (f"the map of {self._counted(len(shown.coordinates))}", *notes),
        )

    def _submit(
        self,
        target: Path,
        steps: Callable[[], Generator[Progress, None, tuple[str, ...]]],
        said: Callable[[tuple[str, ...]], tuple[str, ...]],
    ) -> None:
        def done(notes: tuple[str, ...]) -> None:
            what, *others = said(notes)
            self._workspace.say(" ".join([f"Wrote {target}: {what}.", *others]))

        handle = self._workspace.worker.submit(
            f"Export {target.name}",
            lambda _token: steps(),
            done=done,
            failed=self._workspace.fault,
            progress=self._workspace.on_progress,
        )
        self._workspace.track(handle, of_space=False)

    def _with_shown_map(self) -> tuple[Space, str | None]:
        """The space with the map that is shown, and its name; None where none stands yet."""
        space, settings = self._workspace.space, self._workspace.state.map
        key = map_key(settings.method, settings.dims)
        if key in space.maps:
            return space, key
        shown = self._standing()
        if shown is None:
            return space, None
        # A reader makes PCA anew, with a way back from the map; one in a file stands beside it.
        name = map_key("pc", settings.dims)
        return space.with_map(name, shown.coordinates), name

    def _standing(self) -> MapResult | None:
        """The map of the present settings; until it is there, the one before is still shown."""
        space, settings = self._workspace.space, self._workspace.state.map
        shown = self._workspace.shown_map
        if shown is None or shown.coordinates.shape != (len(space), settings.dims):
            return None
        stored = space.maps.get(map_key(settings.method, settings.dims))
        if stored is not None:
            same = np.array_equal(stored, shown.coordinates, equal_nan=True)
            return shown if same else None
        # Of maps that are made and not stored, only PCA's axes have titles.
        return shown if settings.method == "pca" and any(shown.axes) else None

    def _sheet(
        self,
        shown: MapResult,
        size: tuple[int, int],
        theme: str,
        seen_from: NDArray[np.float64] | None,
    ) -> MapSheet:
        space, settings = self._workspace.space, self._workspace.state.map
        colours = colouring(space, settings, theme == "dark")
        hidden = int(np.count_nonzero(~colours.visible()))
        parts: list[Any] = [
            f"{method_title(space, settings.method)} in {shown.coordinates.shape[1]}D",
            f"{len(space):,} latents of {space.dim} dimensions",
            space.provenance.data,
            f"coloured by {settings.colour_by}" if settings.colour_by else None,
            f"{self._counted(hidden)} hidden" if hidden else None,
        ]
        return MapSheet(
            shown.coordinates,
            colours,
            space.name,
            "  ·  ".join(part for part in parts if part),
            axes=shown.axes if any(shown.axes) else (),
            size=size,
            theme=theme,
            radius=settings.radius * _LARGER_ON_PAPER,
            density=settings.blend is Blend.DENSITY,
            seen_from=seen_from,
        )

    def _counted(self, count: int) -> str:
        return "1 point" if count == 1 else f"{count:,} points"


def sheet_size(text: str) -> tuple[int, int]:
    """Width and height in pixels, from `1600 x 1000`.

    Raises:
        UserError: it is none, or too small or too large.
    """
    found = _SIZE.fullmatch(text)
    sides = (int(found[1]), int(found[2])) if found else (0, 0)
    if not all(_LEAST_PX <= side <= _MOST_PX for side in sides):
        raise UserError(
            f"“{text}” is no size of a picture; write width and height, {_LEAST_PX} to "
            f"{_MOST_PX:,} pixels each, such as 1600 x 1000."
        )
    return sides
