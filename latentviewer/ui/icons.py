"""Line icons in the theme's colours, sharp at any scale."""

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from latentviewer.bundled import resources_folder
from latentviewer.ui.theme import Theme

_SCALES = (1, 2, 3)


def icon_file(name: str) -> Path:
    """The SVG file of an icon."""
    return resources_folder() / "icons" / f"{name}.svg"


@lru_cache(maxsize=512)
def _pixmap(name: str, colour: str, size: int, scale: int) -> QPixmap:
    source = icon_file(name).read_text("utf-8").replace("currentColor", colour)
    image = QImage(QSize(size * scale, size * scale), QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    QSvgRenderer(QByteArray(source.encode())).render(
        painter, QRectF(0, 0, size * scale, size * scale)
    )
    painter.end()
    pixmap = QPixmap.fromImage(image)
    pixmap.setDevicePixelRatio(scale)
    return pixmap


def icon(
    name: str, theme: Theme, size: int = 16, role: str = "text_dim", in_menu: bool = False
) -> QIcon:
    """An icon for buttons and menus: accent text when checked, faint when disabled.

    In a menu it also gets the accent text's colour on the highlighted row.
    """
    made = QIcon()
    for scale in _SCALES:
        made.addPixmap(_pixmap(name, getattr(theme, role), size, scale))
        made.addPixmap(
            _pixmap(name, theme.text_faint, size, scale), QIcon.Mode.Disabled, QIcon.State.Off
        )
        if not in_menu:
            made.addPixmap(
                _pixmap(name, theme.accent_text, size, scale), QIcon.Mode.Normal, QIcon.State.On
            )
        else:
            # A checked row is not filled; only the highlighted one is.
            made.addPixmap(
                _pixmap(name, getattr(theme, role), size, scale),
                QIcon.Mode.Normal,
                QIcon.State.On,
            )
            for mode in (QIcon.Mode.Active, QIcon.Mode.Selected):
                for state in (QIcon.State.Off, QIcon.State.On):
                    made.addPixmap(_pixmap(name, theme.accent_text, size, scale), mode, state)
    return made


def pixmap(name: str, theme: Theme, size: int = 16, role: str = "text_dim") -> QPixmap:
    """An icon as a picture, at twice the size for sharp screens."""
    return _pixmap(name, getattr(theme, role), size, 2)
