"""The bottom panel: tabs for the path, for arithmetic and, where a model denoises, for that."""

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QFrame, QTabWidget, QVBoxLayout, QWidget

from latentviewer.ui.editor.arithmetic_tab import ArithmeticTab
from latentviewer.ui.editor.denoising_tab import DenoisingTab
from latentviewer.ui.editor.path_tab import PathTab
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme


class Editor(QFrame):
    """Attributes:
    path_tab, arithmetic_tab, denoising_tab: the pages.
    front_changed: emitted when another page comes to the front.
    """

    front_changed = Signal()

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAccessibleName("Editor")
        self.path_tab = PathTab(dispatch, theme)
        self.arithmetic_tab = ArithmeticTab(dispatch, theme)
        self.denoising_tab = DenoisingTab(dispatch, theme)
        self._tabs = QTabWidget()
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self.path_tab, "Path")
        self._tabs.addTab(self.arithmetic_tab, "Arithmetic")
        denoising = self._tabs.addTab(self.denoising_tab, "Denoising")
        self._tabs.setTabToolTip(denoising, "From noise to data, step by step  Alt+5")
        self._tabs.currentChanged.connect(lambda _index: self.front_changed.emit())
        self._tabs.setTabToolTip(0, "Path editor  Alt+1")
        self._tabs.setTabToolTip(1, "Arithmetic editor  Alt+2")
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
        self.path_tab.set_theme(theme)
        self.arithmetic_tab.set_theme(theme)
        self.denoising_tab.set_theme(theme)

    def show_path(self) -> None:
        """Brings the path to the front."""
        self._tabs.setCurrentWidget(self.path_tab)

    def show_arithmetic(self) -> None:
        """Brings arithmetic to the front."""
        self._tabs.setCurrentWidget(self.arithmetic_tab)

    def show_denoising(self) -> None:
        """Brings denoising to the front, where there is any."""
        self._tabs.setCurrentWidget(self.denoising_tab)

    def set_denoising_offered(self, offered: bool) -> None:
        """Whether the model of the open space denoises; else there is no such tab."""
        self._tabs.setTabVisible(self._tabs.indexOf(self.denoising_tab), offered)

    def sizeHint(self) -> QSize:
        return QSize(800, 236)
