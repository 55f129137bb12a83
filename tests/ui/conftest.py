"""For tests with widgets: our font and theme, and nothing left behind."""

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentviewer.ui.application import apply_theme, make_application
from latentviewer.ui.theme import DARK


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["latentviewer"]


@pytest.fixture(autouse=True)
def themed(qapp: QApplication) -> None:
    """The application as the program sets it up."""
    make_application()
    if qapp.styleSheet() == "":
        apply_theme(qapp, DARK)


@pytest.fixture(autouse=True)
def no_leftover_widgets(qtbot: QtBot, qapp: QApplication) -> Iterator[None]:
    """A test that leaves a top-level widget or a running timer fails."""
    before = {id(widget) for widget in qapp.topLevelWidgets()}
    yield
    for widget in list(qapp.topLevelWidgets()):
        if id(widget) not in before and widget.parent() is None and not widget.isVisible():
            widget.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    # Those that qtbot closes in its own teardown are hidden by now or will be.
    timers = [
        timer for timer in qapp.findChildren(QTimer) if timer.isActive() and timer.parent() is qapp
    ]
    assert not timers, "timers outlived their test"
