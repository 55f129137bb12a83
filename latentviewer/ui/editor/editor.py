"""The bottom panel: tabs for the path, arithmetic, dimensions and a ranking."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QFrame, QTabWidget, QVBoxLayout, QWidget

from latentviewer.ui.editor.arithmetic_tab import ArithmeticTab
from latentviewer.ui.editor.dimensions_tab import DimensionsTab
from latentviewer.ui.editor.path_tab import PathTab
from latentviewer.ui.editor.ranking_tab import RankingTab
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme


class Editor(QFrame):
    """Attributes:
    path_tab, arithmetic_tab, dimensions_tab, ranking_tab: the pages.
    """

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAccessibleName("Editor")
        self.path_tab = PathTab(dispatch, theme)
        self.arithmetic_tab = ArithmeticTab(dispatch, theme)
        self.dimensions_tab = DimensionsTab(dispatch, theme)
        self.ranking_tab = RankingTab(dispatch, theme)
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self.path_tab, "Path")
        self._tabs.addTab(self.arithmetic_tab, "Arithmetic")
        self._tabs.addTab(self.dimensions_tab, "Dimensions")
        self._tabs.addTab(self.ranking_tab, "Ranking")
        self._tabs.setTabToolTip(0, "Path editor  Alt+1")
        self._tabs.setTabToolTip(1, "Arithmetic editor  Alt+2")
        self._tabs.setTabToolTip(2, "What each latent dimension carries  Alt+3")
        self._tabs.setTabToolTip(3, "Samples with the largest errors  Alt+4")
        self._tabs.tabBar().setAccessibleName("Editors")
        self._tabs.setStyleSheet("QTabWidget::tab-bar { left: 6px; }")
        self._tabs.tabBar().setDrawBase(False)
        self._tabs.tabBar().setExpanding(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._tabs)

    @property
    def current(self) -> QWidget:
        """The page in front."""
        return self._tabs.currentWidget()

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        for tab in (
            self.path_tab, self.arithmetic_tab, self.dimensions_tab, self.ranking_tab,
        ):  # fmt: skip
            tab.set_theme(theme)

    def show_path(self) -> None:
        """Brings the path to the front."""
        self._tabs.setCurrentWidget(self.path_tab)

    def show_arithmetic(self) -> None:
        """Brings arithmetic to the front."""
        self._tabs.setCurrentWidget(self.arithmetic_tab)

    def show_dimensions(self) -> None:
        """Brings the latent dimensions to the front."""
        self._tabs.setCurrentWidget(self.dimensions_tab)

    def show_ranking(self) -> None:
        """Brings the ranking to the front."""
        self._tabs.setCurrentWidget(self.ranking_tab)

    def sizeHint(self) -> QSize:
        return QSize(800, 236)
