"""The work of the commands that only a window can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from latentviewer import __version__
from latentviewer.app.abilities import abilities
from latentviewer.app.commands import COMMANDS
from latentviewer.app.opening import PROJECT_SUFFIX
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Capability
from latentviewer.ui.export_commands import ExportCommands
from latentviewer.ui.map.tools import TOOLS
from latentviewer.ui.sampling.invert_dialog import InvertDialog
from latentviewer.ui.sampling.sample_dialog import SampleDialog
from latentviewer.ui.save_dialog import ask_where_to_save
from latentviewer.ui.shortcuts_dialog import ShortcutsDialog
from latentviewer.ui.theme import THEMES
from latentviewer.ui.training.train_dialog import TrainDialog

if TYPE_CHECKING:
    from latentviewer.ui.main_window import MainWindow

_OPENABLE = (
    f"Everything LatentViewer opens (*{PROJECT_SUFFIX} *.arrow *.feather *.parquet *.npy *.npz "
    "*.csv *.tsv *.txt *.json *.jsonl *.vec *.bin *.h5 *.hdf5 *.h5ad *.safetensors *.pbtxt "
    "*.onnx *.pt *.pth *.ckpt *.zip *.gz *.mp4 *.m4v *.mov *.mkv *.webm *.avi *.wav);;"
    "All files (*)"
)
_MODELS = (
    "Models (*.onnx *.safetensors *.pt *.pth *.ckpt *.bin *.pkl *.ts *.pt2 *.py);;All files (*)"
)
_FILMS = ("MP4 film (*.mp4)", "GIF (*.gif)", "PNG strip (*.png)", "Latents (*.npy)")


class WindowCommands:
    """Asks for files, moves the camera, shows panels.

    Attributes:
        tool: the map's, as it was chosen last.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.tool = "move"
        self._train_dialog: TrainDialog | None = None

    def work(self) -> Mapping[str, Callable[..., object]]:
        """Command ids and what they do."""
        window = self._window
        view, meant, editor = window.map_panel.view, window.side_by_side.view, window.editor
        return {
            "file.open": self._open_file,
            "file.open_folder": self._open_folder,
            "model.import": self._import_model,
            "file.save": self._save,
            "file.save_as": self._save_as,
            **ExportCommands(window).work(),
            "file.quit": window.close,
            "search.focus": window.top_bar.focus_search,
            "map.compare_file": self._compare_file,
            "map.fit": lambda: meant().fit(),
            "map.fit_selection": lambda: meant().fit_rows(
                window.workbench.workspace.state.selection.rows
            ),
            "map.zoom_in": lambda: meant().zoom(1.5),
            "map.zoom_out": lambda: meant().zoom(1 / 1.5),
            "map.tool": self._tool,
            "map.tool_move": lambda: self._tool("move"),
            "map.tool_rectangle": lambda: self._tool("rectangle"),
            "map.tool_lasso": lambda: self._tool("lasso"),
            "map.tool_path": lambda: self._tool("path"),
            "path.play": window.films.toggle_play,
            "denoise.play": window.denoisings.toggle_play,
            "path.export": self._export_path,
            "path.export_to": lambda path: window.workbench.paths.export_to(
                str(path), window.films.frames_per_second
            ),
            "model.sample": self._sample,
            "model.invert": self._invert,
            "arithmetic.focus": self._focus_arithmetic,
            "train.choose": self._choose_training,
            "train.replay": window.training.toggle_replay,
            "train.log_scale": window.training.toggle_log,
            "train.show_snapshot": window.training.show_snapshot,
            "data.locate": self._locate_data,
            "view.palette": window.palette_box.open,
            "view.theme": self._theme,
            "view.toggle_theme": lambda: self._theme("light" if window.theme.dark else "dark"),
            "view.editor": lambda: window.show_panel(editor, not editor.isVisible()),
            "view.sidebar": lambda: window.show_panel(
                window.sidebar, not window.sidebar.isVisible()
            ),
            "view.path_tab": lambda: self._tab(editor.show_path),
            "view.arithmetic_tab": self._focus_arithmetic,
            "view.training_tab": lambda: self._tab(editor.show_training),
            "view.dimensions_tab": lambda: self._tab(editor.show_dimensions),
            "view.ranking_tab": lambda: self._tab(editor.show_ranking),
            "view.projection_tab": lambda: self._tab(editor.show_projection),
            "view.denoising_tab": self._denoising_tab,
            "view.focus_map": view.setFocus,
            "view.screenshot": self._screenshot,
            "help.shortcuts": lambda: ShortcutsDialog(COMMANDS, window).exec(),
            "help.about": self._about,
        }

    def leave_without_saving(self, reason: str) -> bool:
        """Asks whether to quit although the unsaved work could not be kept aside."""
        answer = QMessageBox.warning(
            self._window,
            "Unsaved work",
            f"{reason}\n\nQuit and lose the unsaved work?",
            QMessageBox.StandardButton.Discard | QMessageBox.StandardButton.Cancel,
            QMessageBox.StandardButton.Cancel,
        )
        return answer == QMessageBox.StandardButton.Discard

    def _tool(self, name: str) -> None:
        if name not in TOOLS:
            raise UserError(f"There is no map tool “{name}”.")
        self.tool = name
        self._window.map_panel.set_tool(name)
        self._window.side_by_side.beside.view.set_tool(name)

    def _theme(self, name: str) -> None:
        if name not in THEMES:
            raise UserError(f"There is no theme “{name}”; there are {' and '.join(THEMES)}.")
        self._window.set_theme(THEMES[name])

    def _tab(self, show: Callable[[], object]) -> None:
        self._window.show_panel(self._window.editor, True)
        show()

    def _focus_arithmetic(self) -> None:
        self._tab(self._window.editor.show_arithmetic)
        self._window.editor.arithmetic_tab.focus_bar()

    def _denoising_tab(self) -> None:
        if why := self._window.workbench.denoising.why_not():
            raise UserError(why)
        self._tab(self._window.editor.show_denoising)

    def _open_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._window, "Open file", "", _OPENABLE)
        if path:
            self._window.dispatch("file.open_path", path=path)

    def _open_folder(self) -> None:
        path = QFileDialog.getExistingDirectory(self._window, "Open folder")
        if path:
            self._window.dispatch("file.open_path", path=path)

    def _import_model(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._window, "Import model", "", _MODELS)
        if path:
            self._window.dispatch("model.import_path", path=path)

    def _compare_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self._window, "Compare with file", "", _OPENABLE)
        if path:
            self._window.dispatch("map.compare", reference=path)

    def _save(self) -> None:
        if self._window.workbench.opening.project is None:
            self._save_as()
        else:
            self._window.workbench.opening.save()

    def _save_as(self) -> None:
        name = self._window.workbench.workspace.space.name
        filters = (f"LatentViewer project (*{PROJECT_SUFFIX})",)
        path = ask_where_to_save(self._window, "Save project", name, filters)
        if path:
            self._window.dispatch("file.save_project", path=path)

    def _export_path(self) -> None:
        decodes = self._window.workbench.workspace.can(Capability.DECODE)
        films = _FILMS if decodes else _FILMS[-1:]
        path = ask_where_to_save(self._window, "Export path", "path", films)
        if path:
            self._window.dispatch("path.export_to", path=path)

    def _sample(self) -> None:
        workbench = self._window.workbench
        if why := abilities(workbench.workspace).prior:
            raise UserError(why)
        model, conditions = workbench.workspace.model, workbench.sampling.conditions
        settings = workbench.sampling.settings
        name = model.card.name if model is not None else ""
        dialog = SampleDialog(name, conditions, settings, self._window)
        if dialog.exec():
            self._window.dispatch("model.sample_space", **dialog.arguments)
        dialog.deleteLater()

    def _invert(self) -> None:
        workbench = self._window.workbench
        if why := abilities(workbench.workspace).inversion:
            raise UserError(why)
        model = workbench.workspace.model
        if model is None:
            return
        names = [name for name, _title in workbench.choices("data")]
        dialog = InvertDialog(model.card.name, names, model.card.data, self._window)
        if dialog.exec():
            self._window.dispatch("model.invert_data", **dialog.arguments)
        dialog.deleteLater()

    def _locate_data(self) -> None:
        path = QFileDialog.getExistingDirectory(self._window, "Folder of data sets")
        if path:
            self._window.dispatch("data.use_folder", path=path)

    def _choose_training(self) -> None:
        training = self._window.workbench.training
        if self._train_dialog is None:
            made = TrainDialog(self._window.dispatch, self._window.theme, self._window)
            gone = [
                training.offers_changed.connect(made.set_offers),
                training.changed.connect(
                    lambda run: made.set_running(run.request.recipe if run.active else "")
                ),
            ]

            def closed() -> None:
                for disconnect in gone:
                    disconnect()
                self._train_dialog = None
                made.deleteLater()

            made.finished.connect(lambda _result: closed())
            self._train_dialog = made
        dialog, run = self._train_dialog, training.run
        dialog.set_offers(training.offers)
        dialog.set_running(run.request.recipe if run is not None and run.active else "")
        training.look()
        dialog.show()
        dialog.activateWindow()

    def _screenshot(self) -> None:
        self._save_picture(self._window, "latentviewer")

    def _save_picture(self, widget: QWidget, name: str) -> None:
        picture = widget.grab()
        path = ask_where_to_save(self._window, "Save picture", name, ("PNG (*.png)",))
        if not path:
            return
        if not picture.save(path):
            raise UserError(f"{path} could not be written; choose another folder.")
        self._window.status.say(f"Wrote {path}.", False)

    def _about(self) -> None:
        QMessageBox.about(
            self._window,
            "About LatentViewer",
            f"LatentViewer {__version__}\n\nSee, move through and edit latent spaces.\n"
            "Works offline; nothing is sent anywhere. MIT licence.",
        )
