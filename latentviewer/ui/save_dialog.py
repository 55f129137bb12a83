"""Asks where to write a file; the name and the chosen file type always agree."""

import re
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget


def suffix_of(name_filter: str) -> str:
    """The suffix of a filter such as `GIF (*.gif)`, with its dot; empty for all files."""
    found = re.search(r"\*(\.\w+)", name_filter)
    return found.group(1) if found else ""


def named(path: str, chosen: str, filters: Sequence[str]) -> str:
    """The path with a suffix that can be written.

    A suffix of one of the filters is followed, whichever filter is chosen; any other is a
    part of the name, and the chosen filter's is added.
    """
    known = {suffix_of(name_filter).lower() for name_filter in filters}
    if Path(path).suffix.lower() in known - {""}:
        return path
    return path + (suffix_of(chosen) or suffix_of(filters[0]))


def ask_where_to_save(parent: QWidget, title: str, name: str, filters: Sequence[str]) -> str | None:
    """The path chosen, or None.

    Args:
        name: offered first, without a suffix: that of the chosen filter is added.
        filters: such as `GIF (*.gif)`, the usual one first.
    """
    dialog = QFileDialog(parent, title)
    try:
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setFileMode(QFileDialog.FileMode.AnyFile)
        dialog.setNameFilters(list(filters))
        dialog.setDefaultSuffix(suffix_of(filters[0]))
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(suffix_of(chosen)))
        dialog.selectFile(name)
        if not dialog.exec():
            return None
        asked = dialog.selectedFiles()[0]
        path = named(asked, dialog.selectedNameFilter(), filters)
    finally:
        dialog.deleteLater()
    # The dialog asked about the name that was typed, not about this one.
    if path != asked and Path(path).exists() and not _may_replace(parent, path):
        return None
    return path


def _may_replace(parent: QWidget, path: str) -> bool:
    answer = QMessageBox.question(parent, "Replace file", f"{path} is there already. Replace it?")
    return answer == QMessageBox.StandardButton.Yes
