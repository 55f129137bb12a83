"""The bottom panel: a tab for each way to work with the open space, and one for a training."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QFrame, QTabWidget, QVBoxLayout, QWidget

from latentviewer.ui.editor.arithmetic_tab import ArithmeticTab
from latentviewer.ui.editor.denoising_tab import DenoisingTab
from latentviewer.ui.editor.dimensions_tab import DimensionsTab
from latentviewer.ui.editor.path_tab import PathTab
from latentviewer.ui.editor.projection_tab import ProjectionTab
from latentviewer.ui.editor.ranking_tab import RankingTab
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme


class Editor(QFrame):
    """Attributes:
    path_tab, arithmetic_tab, dimensions_tab, ranking_tab, denoising_tab, projection_tab: the
        pages.
    front_changed: emitted when another page comes to the front.
    """

    front_changed = Signal()

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAccessibleName("Editor")
        self.path_tab = PathTab(dispatch, theme)
        self.arithmetic_tab = ArithmeticTab(dispatch, theme)
        self.dimensions_tab = DimensionsTab(dispatch, theme)
        self.ranking_tab = RankingTab(dispatch, theme)
        self.denoising_tab = DenoisingTab(dispatch, theme)
        self.projection_tab = ProjectionTab(dispatch, theme)
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._of_space = (
            (self.path_tab, "Path", "Path editor  Alt+1"),
            (self.arithmetic_tab, "Arithmetic", "Arithmetic editor  Alt+2"),
            (self.projection_tab, "Projection", "The map's options and faults  Alt+7"),
            (self.dimensions_tab, "Dimensions", "What each latent dimension carries  Alt+3"),
            (self.ranking_tab, "Ranking", "Samples with the largest errors  Alt+4"),
            (self.denoising_tab, "Denoising", "From noise to data, step by step  Alt+5"),
        )
        for number, (tab, title, about) in enumerate(self._of_space):
            self._tabs.addTab(tab, title)
            self._tabs.setTabToolTip(number, about)
        self._tabs.currentChanged.connect(lambda _index: self.front_changed.emit())
        self._tabs.tabBar().setAccessibleName("Editors")
        self._tabs.setStyleSheet("QTabWidget::tab-bar { left: 6px; }")
        self._tabs.tabBar().setDrawBase(False)
        self._tabs.tabBar().setExpanding(False)
        self._training_tab: QWidget | None = None
        self._space_open, self._denoises = True, False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._tabs)

    @property
    def current(self) -> QWidget:
        """The page in front."""
        return self._tabs.currentWidget()

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        for tab, _, _ in self._of_space:
            tab.set_theme(theme)

    def show_path(self) -> None:
        """Brings the path to the front."""
        self._tabs.setCurrentWidget(self.path_tab)

    def show_arithmetic(self) -> None:
        """Brings arithmetic to the front."""
        self._tabs.setCurrentWidget(self.arithmetic_tab)

    def add_training(self, tab: QWidget) -> None:
        """Adds the tab of a training; there is one at most."""
        self._training_tab = tab
        number = self._tabs.addTab(tab, "Training")
        self._tabs.setTabToolTip(number, "Training  Alt+6")

    def show_training(self) -> None:
        """Brings the training to the front, where there is one."""
        if self._training_tab is not None:
            self._tabs.setCurrentWidget(self._training_tab)

    def set_space_open(self, is_open: bool) -> None:
        """Without a space there is nothing to edit: only a training is shown then."""
        self._space_open = is_open
        for tab, _, _ in self._of_space:
            offered = is_open and (tab is not self.denoising_tab or self._denoises)
            self._tabs.setTabVisible(self._tabs.indexOf(tab), offered)

    def show_dimensions(self) -> None:
        """Brings the latent dimensions to the front."""
        self._tabs.setCurrentWidget(self.dimensions_tab)

    def show_ranking(self) -> None:
        """Brings the ranking to the front."""
        self._tabs.setCurrentWidget(self.ranking_tab)

    def show_projection(self) -> None:
        """Brings the projection to the front."""
        self._tabs.setCurrentWidget(self.projection_tab)

    def show_denoising(self) -> None:
        """Brings denoising to the front, where there is any."""
        self._tabs.setCurrentWidget(self.denoising_tab)

    def set_denoising_offered(self, offered: bool) -> None:
        """Whether the model of the open space denoises; else there is no such tab."""
        self._denoises = offered
        self.set_space_open(self._space_open)

    def sizeHint(self) -> QSize:
        return QSize(800, 236)
