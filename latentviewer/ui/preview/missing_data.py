"""What to do where the originals are not on this machine."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QPushButton, QWidget

from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme

_TITLES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
DOWNLOAD_SIZES = {"mnist": "11 MB", "fashion-mnist": "30 MB"}
"""What there is to fetch of each data set."""
_GAP_PX = 8


class MissingData(QWidget):
    """Two buttons; hidden where nothing is missing."""

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name: str | None = None
        self._line = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._line.setContentsMargins(0, 0, 0, 0)
        self._line.setSpacing(_GAP_PX)
        self.get = QPushButton()
        self.get.setProperty("role", "primary")
        self.get.setToolTip("Downloads the data set; nothing is sent")
        self.get.clicked.connect(lambda: dispatch("data.get", name=self._name))
        self.locate = QPushButton("Find on this machine…")
        self.locate.setAccessibleName("Find the data set on this machine")
        self.locate.setToolTip("Choose the folder that holds the data set")
        self.locate.clicked.connect(lambda: dispatch("data.locate"))
        for button in (self.get, self.locate):
            button.setStyleSheet("padding: 5px 7px;")
        self._line.addWidget(self.get, 1)
        self._line.addWidget(self.locate, 1)
        self.set_theme(theme)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        """Redraws the icon."""
        self.get.setIcon(icon("download", theme, 15, "accent_text"))

    def set_missing(self, name: str | None, size_text: str | None) -> None:
        """Which data set is missing, by name, and how much there is to download."""
        self._name = name
        title = _TITLES.get(name or "", name or "")
        text = f"Get {title} ({size_text})" if size_text else f"Get {title}"
        self.get.setText(text)
        self.get.setAccessibleName(text)
        self.setVisible(name is not None)
        self._turn()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._turn()

    def minimumSizeHint(self) -> QSize:
        return QSize(self.locate.sizeHint().width(), super().minimumSizeHint().height())

    def _turn(self) -> None:
        wanted = self.get.sizeHint().width() + self.locate.sizeHint().width() + _GAP_PX
        beside = QBoxLayout.Direction.LeftToRight
        below = QBoxLayout.Direction.TopToBottom
        direction = beside if wanted <= self.width() else below
        if self._line.direction() != direction:
            self._line.setDirection(direction)
