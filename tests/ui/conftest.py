"""For tests with widgets: our font and theme, and nothing left behind."""

import gc
from collections.abc import Iterator

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent, QTimer
from PySide6.QtWidgets import QApplication

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
def nothing_left_over(qapp: QApplication) -> Iterator[None]:
    """A test that leaves a top-level widget or a running timer fails.

    It does not ask for qtbot, so that it ends after qtbot has closed its widgets.
    """
    before = {id(widget) for widget in qapp.topLevelWidgets()}
    yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    gc.collect()
    widgets = [
        type(widget).__name__
        for widget in qapp.topLevelWidgets()
        if id(widget) not in before and widget.parent() is None and widget.isVisible()
    ]
    assert not widgets, "widgets outlived their test"
    timers = [
        f"a timer of {type(thing.parent()).__name__}"
        for thing in gc.get_objects()
        # By type: isinstance would ask objects that answer with warnings.
        if issubclass(type(thing), QTimer) and shiboken6.isValid(thing) and thing.isActive()
    ]
    assert not timers, "timers outlived their test"
