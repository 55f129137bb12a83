"""The window: lays out the panels and joins them to the workbench."""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from latentviewer.app.beside import Beside
from latentviewer.app.colouring import as_categories
from latentviewer.app.maps import method_title, methods
from latentviewer.app.opening import AUTOSAVED
from latentviewer.app.state import Blend, SessionState, Target
from latentviewer.app.training import Stage, TrainingRun
from latentviewer.app.workbench import Workbench
from latentviewer.domain.errors import UserError
from latentviewer.domain.ports import Rasteriser
from latentviewer.domain.table import Categories
from latentviewer.jobs.progress import JobStatus
from latentviewer.ui.application import apply_theme
from latentviewer.ui.command_palette import CommandPalette
from latentviewer.ui.editor.denoising_presenter import DenoisingPresenter
from latentviewer.ui.editor.dimensions_presenter import DimensionsPresenter
from latentviewer.ui.editor.editor import Editor
from latentviewer.ui.editor.presenter import EditorPresenter
from latentviewer.ui.editor.projection_presenter import ProjectionPresenter
from latentviewer.ui.editor.ranking_presenter import RankingPresenter
from latentviewer.ui.importing.presenter import ImportPresenter
from latentviewer.ui.map.beside_panel import BesidePanel
from latentviewer.ui.map.beside_presenter import BesidePresenter
from latentviewer.ui.map.layers_presenter import LayersPresenter
from latentviewer.ui.map.map_panel import MapPanel
from latentviewer.ui.map.presenter import MapPresenter
from latentviewer.ui.map.side_by_side import SideBySide
from latentviewer.ui.menus import Menus
from latentviewer.ui.preview.panel import PreviewPanel
from latentviewer.ui.preview.presenter import PreviewPresenter
from latentviewer.ui.sidebar import Sidebar
from latentviewer.ui.status import StatusLine
from latentviewer.ui.theme import THEMES, Theme
from latentviewer.ui.top_bar import TopBar
from latentviewer.ui.training.presenter import TrainingPresenter
from latentviewer.ui.welcome import WelcomePage
from latentviewer.ui.window_commands import WindowCommands

_SIDEBAR_PX, _PREVIEW_PX, _EDITOR_PX = 236, 348, 236
_TRAINING_PX, _TRAINING_SHARE = 330, 0.45
_FIRST_SIZE = (1440, 900)


class MainWindow(QMainWindow):
    """Shows a workbench.

    Attributes:
        workbench: what it shows.
        panels: map_panel, side_by_side, preview, editor, sidebar, top_bar, welcome, status,
            palette.
        on_first_paint: called once, after the window was painted for the first time.
    """

    def __init__(self, workbench: Workbench, rasteriser: Rasteriser) -> None:
        super().__init__()
        self.workbench = workbench
        self.theme = THEMES[workbench.settings.theme]
        self.on_first_paint: Callable[[], None] | None = None
        self._answered = False
        self._rasteriser = rasteriser
        self._training_known: tuple[Stage, bool] | None = None
        self.setWindowTitle("LatentViewer")
        self.setAcceptDrops(True)
        self.setAccessibleName("LatentViewer")
        self._build(rasteriser)
        self._join()
        self._restore_layout()
        self._show_recent()
        samples = workbench.workspace.services.samples()
        self.welcome.set_samples(samples)
        self.sidebar.set_samples(samples)
        self._on_state(SessionState(), workbench.workspace.state)
        self.welcome.setFocus()

    def dispatch(self, command_id: str, **arguments: Any) -> None:
        """Runs a command; a refusal becomes a sentence in the status line."""
        self.sidebar.end_naming()
        said = self.status.said
        try:
            self.workbench.commands.run(command_id, **arguments)
        except UserError as error:
            self.status.say(str(error), True)
            # A button that was pressed in vain must not look pressed.
            self._show_controls(self.workbench.workspace.state)
        else:
            self.status.outdate(said, at_once=command_id in ("edit.undo", "edit.redo"))
            if command_id == "groups.create" and not arguments and self.sidebar.isVisible():
                self._name_new_group()

    def _name_new_group(self) -> None:
        groups = self.workbench.workspace.state.groups
        if groups:
            self.sidebar.name_group(groups[-1].name)

    def _build(self, rasteriser: Rasteriser) -> None:
        theme = self.theme
        self.map_panel = MapPanel(rasteriser, self.dispatch, theme)
        beside = BesidePanel(rasteriser, self.dispatch, theme)
        self.side_by_side = SideBySide(self.map_panel, beside, self.dispatch, theme)
        self.preview = PreviewPanel(self.dispatch, theme)
        self.editor = Editor(self.dispatch, theme)
        self.sidebar = Sidebar(self.dispatch, theme)
        self.top_bar = TopBar(self.dispatch, theme)
        self.welcome = WelcomePage(self.dispatch, theme)
        self.status = StatusLine(self.dispatch, theme)
        self._middle = QStackedWidget()
        self._middle.addWidget(self.welcome)
        self._middle.addWidget(self.side_by_side)
        self._rows = QSplitter(Qt.Orientation.Vertical)
        self._rows.addWidget(self._middle)
        self._rows.addWidget(self.editor)
        self._columns = QSplitter(Qt.Orientation.Horizontal)
        self._columns.addWidget(self.sidebar)
        self._columns.addWidget(self._rows)
        self._columns.addWidget(self.preview)
        for splitter, stretched in ((self._columns, 1), (self._rows, 0)):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(1)
            splitter.setStretchFactor(stretched, 1)
        self.sidebar.setMinimumWidth(200)
        self.preview.setMinimumWidth(300)
        central = QWidget()
        column = QVBoxLayout(central)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.top_bar)
        column.addWidget(_line())
        column.addWidget(self._columns, 1)
        column.addWidget(_line())
        column.addWidget(self.status)
        self.setCentralWidget(central)
        self.palette_box = CommandPalette(
            self.workbench.commands, self.workbench.choices, self.dispatch, central
        )

    def _join(self) -> None:
        workbench = self.workbench
        workspace = workbench.workspace
        self.menus = Menus(self, workbench.commands, self.dispatch, self.theme)
        self.menus.set_checked(self._checked)
        self.maps = MapPresenter(workbench, self.map_panel, self.theme)
        self.layers = LayersPresenter(workbench, self.map_panel.layers)
        self.previews = PreviewPresenter(workbench, self.preview, self.maps, self.status)
        self.films = EditorPresenter(workbench, self.editor)
        self.training = TrainingPresenter(
            workbench, self.editor, self.dispatch, self._rasteriser, self.theme,
            self._on_training_began,
        )  # fmt: skip
        self.dimensions = DimensionsPresenter(workbench, self.editor.dimensions_tab)
        self.ranking = RankingPresenter(workbench, self.editor.ranking_tab, self.theme)
        self.projection = ProjectionPresenter(workbench, self.editor.projection_tab, self.status)
        self.denoisings = DenoisingPresenter(workbench, self.editor, self.map_panel.view)
        self.imports = ImportPresenter(workbench, self.dispatch, self.theme, self)
        workbench.importing.changed.connect(lambda _model: self._refresh_commands())
        self.window_commands = WindowCommands(self)
        workbench.commands.give_work(self.window_commands.work())
        workspace.session.changed.connect(self._on_state)
        workspace.sources_changed.connect(self._refresh_commands)
        workspace.job_changed.connect(self._on_job)
        workspace.message.connect(self.status.say)
        workbench.paths.film_changed.connect(lambda _film: self._refresh_commands())
        workbench.maps.forming.connect(lambda _forming: self._refresh_commands())
        workbench.training.changed.connect(self._on_training)
        workbench.denoising.changed.connect(self._refresh_commands)
        workbench.companion.changed.connect(self._on_beside)
        workbench.companion.wanted.connect(self._ask_what_to_compare)
        workbench.previews.answered.connect(self._on_answer)
        workbench.previews.cleared.connect(self._on_cleared)
        workbench.opening.opening.connect(self._on_opening)
        workbench.opening.several.connect(self._ask_which_vectors)
        workbench.opening.encoding_wanted.connect(self._ask_how_to_encode)
        workbench.settings_changed.connect(lambda _settings: self._show_recent())
        view = self.map_panel.view
        view.hovered.connect(self._on_hover)
        view.counts_changed.connect(self.status.set_counts)
        # After the first map's own answer is asked for, which therefore comes first.
        self.beside = BesidePresenter(
            workbench, self.side_by_side, self.map_panel.view, self.maps, self.previews,
            self.theme,
        )  # fmt: skip
        self.side_by_side.beside.refused.connect(lambda text: self.status.say(text, True))

    def set_theme(self, theme: Theme) -> None:
        """Light or dark, at once, everywhere."""
        self.theme = theme
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, theme)
        for panel in (
            self.menus, self.maps, self.beside, self.preview, self.editor, self.ranking,
            self.training, self.sidebar, self.top_bar, self.welcome, self.status, self.imports,
        ):  # fmt: skip
            panel.set_theme(theme)
        self.workbench.remember(dataclasses.replace(self.workbench.settings, theme=theme.name))

    def set_rasteriser(self, rasteriser: Rasteriser) -> None:
        """Another rasteriser for every map, such as the fast one once it is loaded."""
        self.map_panel.view.set_rasteriser(rasteriser)
        self.training.set_rasteriser(rasteriser)
        self.side_by_side.beside.view.set_rasteriser(rasteriser)

    def show_panel(self, panel: QWidget, visible: bool) -> None:
        """Shows or hides the sidebar or the editor."""
        panel.setVisible(visible)

    def _on_hover(self, target: Target | None) -> None:
        self.previews.hover(target)
        if target is not None and not self.workbench.settings.hint_seen:
            self.workbench.remember(dataclasses.replace(self.workbench.settings, hint_seen=True))
            self.map_panel.view.set_hint(None)

    def _on_beside(self, old: Beside | None, new: Beside | None) -> None:
        # More and more of it comes; what can be done hangs on whether it is there.
        if (old is None) != (new is None):
            self._refresh_commands()

    def _ask_what_to_compare(self) -> None:
        if self.workbench.choices("comparable"):
            self.palette_box.open("map.compare")
        else:
            raise UserError(
                "No bundled sample shows these data, and no file was opened lately; choose "
                "Compare with file…"
            )

    def _ask_which_vectors(self, path: Path) -> None:
        self.status.say(f"{path.name} holds several tables of vectors; choose one.", False)
        self.palette_box.open("file.open_vectors")

    def _ask_how_to_encode(self, known: Mapping[str, str]) -> None:
        if "data" in known:
            name = Path(known["data"]).name
            self.status.say(f"{name} is a data set; choose a model that encodes it.", False)
        else:
            name = Path(known["model"]).name
            self.status.say(f"{name} does not say what it was trained on; choose data.", False)
        self.palette_box.open("data.encode", **known)

    def _on_answer(self, _answer: object) -> None:
        # Only the first makes a difference to what can be done; the rest come by the dozen.
        if not self._answered:
            self._answered = True
            self._refresh_commands()

    def _on_cleared(self) -> None:
        self._answered = False

    def _on_opening(self, reference: str | None) -> None:
        if reference is not None:
            self.status.say(f"Opening {reference}", False)
        else:
            self.status.say("", False)

    def _on_training_began(self) -> None:
        self.show_panel(self.editor, True)
        self.editor.show_training()
        above, below = self._rows.sizes()
        wanted = round(min(_TRAINING_PX, _TRAINING_SHARE * (above + below)))
        if below < wanted:
            self._rows.setSizes([above + below - wanted, wanted])

    def _on_training(self, run: TrainingRun) -> None:
        # Only what can be done now counts here, and that changes with the stage.
        known = (run.stage, len(self.workbench.training.snapshots) > 1)
        if known != self._training_known:
            self._training_known = known
            self._refresh_commands()

    def _on_job(self, status: JobStatus) -> None:
        self.status.set_job(status)
        self._refresh_commands()

    def _on_state(self, old: SessionState, new: SessionState) -> None:
        open_now = new.space is not None
        self._middle.setCurrentWidget(self.side_by_side if open_now else self.welcome)
        self.preview.setVisible(open_now)
        self.editor.set_space_open(open_now)
        replaced = (
            new.space is None or old.space is None or old.space.latent is not new.space.latent
        )
        if replaced and not self.workbench.workspace.switches_layer(old, new):
            self.top_bar.clear_search()
            if open_now:
                self.map_panel.view.setFocus()
        if old.space is None and new.space is not None:
            self.editor.setVisible(True)
        if new.space is None:
            self.editor.setVisible(self.training.tab is not None)
            self.sidebar.setVisible(False)
            self.top_bar.set_space(None, "")
            self.status.set_counts(0, 0)
            self.status.set_model("")
        elif old.space is None:
            self.sidebar.setVisible(True)
        if new.space is not None and (old.space is not new.space or old.map != new.map):
            self._show_controls(new)
        if new.groups != old.groups or not open_now:
            self.sidebar.set_groups(new.groups)
        if new.saved != old.saved or not open_now:
            self.sidebar.set_saved(new.saved)
        if new.selection is not old.selection or not open_now:
            self.status.set_selected(len(new.selection))
        self._show_title(new)
        self._refresh_commands()

    def _show_controls(self, state: SessionState) -> None:
        space = state.space
        if space is None:
            return
        count = "1 latent" if len(space) == 1 else f"{len(space):,} latents"
        self.top_bar.set_space(space.name, f"{count} × {space.dim}")
        self.top_bar.set_methods(
            [(name, method_title(space, name)) for name in methods(space)], state.map.method
        )
        columns = [("", "One colour")]
        for name, column in space.columns.items():
            many = isinstance(column, Categories) and len(as_categories(column).names) > 50
            columns.append((name, f"{name} (many)" if many else name))
        self.top_bar.set_columns(columns, state.map.colour_by or "")
        self.top_bar.set_dims(state.map.dims)

    def _show_title(self, state: SessionState) -> None:
        unsaved = self.workbench.workspace.session.unsaved and state.space is not None
        mark = " •" if unsaved else ""
        name = state.space.name if state.space is not None else ""
        self.setWindowTitle(f"{name}{mark} – LatentViewer" if name else "LatentViewer")

    def _refresh_commands(self) -> None:
        session = self.workbench.workspace.session
        self.menus.refresh(session.undo_title or "", session.redo_title or "")

    def _checked(self) -> frozenset[str]:
        state = self.workbench.workspace.state
        holds = {
            "map.two": state.map.dims == 2,
            "map.three": state.map.dims == 3,
            "map.toggle_density": state.map.blend is Blend.DENSITY,
            "map.toggle_posterior": self.workbench.settings.posterior,
            "map.toggle_thumbnails": state.map.thumbnails,
            "map.toggle_names": state.map.names,
            "map.toggle_links": state.map.links,
            "map.compare_arrows": state.map.arrows,
            "path.closed": state.path.closed,
            "denoise.under_cursor": state.denoising.under_cursor,
            "view.editor": self.editor.isVisible(),
            "view.sidebar": self.sidebar.isVisible(),
            "train.log_scale": self.training.log,
            f"map.tool_{self.window_commands.tool}": True,
        }
        return frozenset(command_id for command_id, held in holds.items() if held)

    def _show_recent(self) -> None:
        recent = self.workbench.settings.recent
        names = {sample.name for sample in self.workbench.workspace.services.samples()}
        files = [path for path in recent if path not in names]
        aside = [path for path in files if Path(path).stem.endswith(AUTOSAVED)]
        # Each space leaves a copy of its own; the last one is what a person looks for.
        files = [path for path in files if path not in aside[1:]]
        self.welcome.set_recent(files)
        self.sidebar.set_recent(files)

    def _restore_layout(self) -> None:
        self.resize(*_FIRST_SIZE)
        settings = self.workbench.settings
        if settings.geometry:
            self.restoreGeometry(QByteArray.fromHex(settings.geometry.encode()))
        self._columns.setSizes([_SIDEBAR_PX, self.width() - _SIDEBAR_PX - _PREVIEW_PX, _PREVIEW_PX])
        self._rows.setSizes([self.height() - _EDITOR_PX, _EDITOR_PX])
        if settings.layout:
            left, _, right = settings.layout.partition("/")
            self._columns.restoreState(QByteArray.fromHex(left.encode()))
            self._rows.restoreState(QByteArray.fromHex(right.encode()))

    def _remember_layout(self) -> None:
        def text(state: QByteArray) -> str:
            return bytes(state.toHex().data()).decode()

        self.workbench.remember(
            dataclasses.replace(
                self.workbench.settings,
                geometry=text(self.saveGeometry()),
                layout=f"{text(self._columns.saveState())}/{text(self._rows.saveState())}",
            )
        )

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.on_first_paint is not None:
            told, self.on_first_paint = self.on_first_paint, None
            told()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if any(url.isLocalFile() for url in event.mimeData().urls()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        for url in event.mimeData().urls():
            if url.isLocalFile():
                event.acceptProposedAction()
                self.dispatch("file.open_path", path=url.toLocalFile())
                return

    def closeEvent(self, event: QCloseEvent) -> None:
        if self.workbench.workspace.state.space is not None:
            self._remember_layout()
        self.previews.stop()
        self.films.stop()
        self.training.stop()
        self.dimensions.stop()
        self.denoisings.stop()
        try:
            self.workbench.close()
        except (UserError, OSError) as error:
            if not self.window_commands.leave_without_saving(str(error)):
                event.ignore()
                return
        super().closeEvent(event)


def _line() -> QFrame:
    line = QFrame()
    line.setProperty("role", "line")
    return line
