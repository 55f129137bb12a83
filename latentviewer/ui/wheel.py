"""The mouse wheel scrolls past a control that nobody chose, instead of changing it."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QWidget


class _WheelGuard(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if (
            event.type() == QEvent.Type.Wheel
            and isinstance(watched, QWidget)
            and not watched.hasFocus()
        ):
            event.ignore()
            return True
        return super().eventFilter(watched, event)


def guard_wheel(*controls: QWidget) -> None:
    """Combo boxes, sliders and the like answer the wheel only where they have the focus."""
    for control in controls:
        # By click and Tab only: Qt's own policy gives the focus to whatever the wheel is over.
        control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        control.installEventFilter(_WheelGuard(control))
