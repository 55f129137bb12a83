"""Qt's own messages: to stderr, but for what is said of every offscreen window."""

import sys

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

_EXPECTED = ("This plugin does not support propagateSizeHints",)


def pass_on_qt_messages() -> None:
    """Installs the handler; for a program of its own, not for tests."""
    qInstallMessageHandler(_pass_on)


def _pass_on(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    if not message.startswith(_EXPECTED):
        sys.stderr.write(f"Qt {kind.name.removeprefix('Qt').removesuffix('Msg')}: {message}\n")
