"""The list of shortcuts, made from the command list."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QGridLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from latentviewer.app.commands import Command


class ShortcutsDialog(QDialog):
    """Every command that has a shortcut, in the order of the menus."""

    def __init__(self, commands: Sequence[Command], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.resize(460, 620)
        outer = QVBoxLayout(self)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        outer.addWidget(scroll)
        body = QWidget()
        scroll.setWidget(body)
        grid = QGridLayout(body)
        grid.setVerticalSpacing(7)
        grid.setColumnStretch(0, 1)
        row = 0
        menu = None
        for command in commands:
            if not command.shortcut:
                continue
            if command.menu != menu:
                menu = command.menu
                heading = QLabel(menu or "Anywhere")
                heading.setProperty("role", "heading")
                grid.addWidget(heading, row, 0, 1, 2)
                row += 1
            grid.addWidget(QLabel(command.title.rstrip("…")), row, 0)
            keys = QLabel(
                QKeySequence(command.shortcut).toString(QKeySequence.SequenceFormat.NativeText)
            )
            keys.setProperty("role", "dim")
            grid.addWidget(keys, row, 1, Qt.AlignmentFlag.AlignRight)
            row += 1
