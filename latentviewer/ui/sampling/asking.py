"""What the dialogs of this room share: a sentence above, two buttons below."""

from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton


def sentence(text: str) -> QLabel:
    """What the dialog does."""
    label = QLabel(text)
    label.setProperty("role", "dim")
    label.setWordWrap(True)
    return label


def buttons(dialog: QDialog, accept: str) -> QHBoxLayout:
    """Cancel, and the button that does it."""
    cancel, go = QPushButton("Cancel"), QPushButton(accept)
    go.setProperty("role", "primary")
    go.setDefault(True)
    cancel.setAutoDefault(False)
    cancel.clicked.connect(dialog.reject)
    go.clicked.connect(dialog.accept)
    row = QHBoxLayout()
    row.addStretch(1)
    row.addWidget(cancel)
    row.addWidget(go)
    return row
