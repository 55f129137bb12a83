"""The Qt application: font, style, theme."""

import sys
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontDatabase, QIcon
from PySide6.QtWidgets import QApplication

from latentviewer import __version__
from latentviewer.bundled import resources_folder
from latentviewer.ui.icons import icon_file
from latentviewer.ui.theme import Theme, palette, style_sheet

FONT_FAMILY = "Inter"
FONT_POINTS = 10


def make_application(arguments: list[str] | None = None) -> QApplication:
    """The one application, made or found, with our font and the Fusion style."""
    existing = QApplication.instance()
    if existing is not None:
        app = cast(QApplication, existing)
    else:
        QApplication.setHighDpiScaleFactorRoundingPolicy(
            Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
        )
        app = QApplication(arguments if arguments is not None else sys.argv[:1])
    app.setApplicationName("LatentViewer")
    app.setApplicationVersion(__version__)
    app.setDesktopFileName("latentviewer")
    app.setWindowIcon(QIcon(str(resources_folder() / "icons" / "latentviewer.svg")))
    app.setStyle("Fusion")
    load_fonts()
    font = QFont(FONT_FAMILY)
    font.setPointSize(FONT_POINTS)
    app.setFont(font)
    return app


def load_fonts() -> None:
    """Makes the bundled fonts known, once."""
    if FONT_FAMILY not in QFontDatabase.families():
        for file in sorted((resources_folder() / "fonts").glob("*.otf")):
            QFontDatabase.addApplicationFont(str(file))


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Colours the whole application."""
    app.setPalette(palette(theme))
    app.setStyleSheet(style_sheet(theme, icon_file(f"chevron-down-{theme.name}").as_posix()))
