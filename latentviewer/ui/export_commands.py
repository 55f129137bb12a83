"""The work of the commands that ask where samples or the map are to be exported to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFileDialog, QInputDialog

from latentviewer.domain.errors import UserError
from latentviewer.ui.save_dialog import ask_where_to_save

if TYPE_CHECKING:
    from latentviewer.ui.main_window import MainWindow

_TABLES = (
    "CSV table (*.csv)",
    "Parquet (*.parquet)",
    "Arrow (*.arrow)",
    "NPY, latents alone (*.npy)",
)
_MAPS = ("PNG (*.png)", "SVG (*.svg)", "PDF (*.pdf)")
_SIZES = ("1600 x 1000", "3200 x 2000", "6400 x 4000")


class ExportCommands:
    """Asks where to, and what size; the session does the rest."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window

    def work(self) -> Mapping[str, Callable[..., object]]:
        """Command ids and what they do."""
        return {
            "file.export_map": self._export_map,
            "file.export_map_to": self._export_map_to,
            "file.export_samples": self._export_samples,
            "file.export_projector": self._export_projector,
            "file.export_atlas": self._export_atlas,
        }

    def _export_map(self) -> None:
        # Before any dialog lies over it.
        shown = self._window.map_panel.view.grab()
        path = ask_where_to_save(self._window, "Export map", "map", _MAPS)
        if not path:
            return
        if not path.lower().endswith(".png"):
            self._window.dispatch("file.export_map_to", path=path)
            return
        as_shown = f"As on the screen, {shown.width()} x {shown.height()}"
        size, chosen = QInputDialog.getItem(
            self._window,
            "Export map",
            "Size in pixels; one of your own may be typed:",
            [as_shown, *_SIZES],
        )
        if chosen and size == as_shown:
            self._save(shown, path)
        elif chosen:
            self._window.dispatch("file.export_map_to", path=path, size=size)

    def _export_map_to(self, path: object, size: str = "") -> None:
        view, theme = self._window.map_panel.view, self._window.theme
        seen_from = None
        if view.camera.dims == 3:
            right, down, away = view.camera.axes()
            seen_from = np.array([right, -down, -away])
        self._window.workbench.exporting.map_to(str(path), size, theme.name, seen_from)

    def _save(self, picture: QPixmap, path: str) -> None:
        if not picture.save(path):
            raise UserError(f"{path} could not be written; choose another folder.")
        self._window.status.say(f"Wrote {path}.", False)

    def _export_samples(self) -> None:
        path = ask_where_to_save(self._window, self._title(""), self._name, _TABLES)
        if path:
            self._window.dispatch("file.export_samples_to", path=path)

    def _export_projector(self) -> None:
        title = f"{self._title(' for the TensorBoard projector')}: choose an empty folder"
        path = QFileDialog.getExistingDirectory(self._window, title)
        if path:
            self._window.dispatch("file.export_samples_to", path=path, purpose="projector")

    def _export_atlas(self) -> None:
        filters = ("Parquet for Embedding Atlas (*.parquet)",)
        title = self._title(" for Embedding Atlas")
        path = ask_where_to_save(self._window, title, self._name, filters)
        if path:
            self._window.dispatch("file.export_samples_to", path=path, purpose="embedding-atlas")

    @property
    def _name(self) -> str:
        return self._window.workbench.workspace.space.name

    def _title(self, purpose: str) -> str:
        return f"Export {self._window.workbench.exporting.samples}{purpose}"
