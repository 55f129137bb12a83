"""The dialog in which a model of another program is looked at, and opened."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from latentviewer.app.importing import USUAL_SAMPLES, ModelImport
from latentviewer.domain.importing import Offer
from latentviewer.domain.ports import Capability
from latentviewer.ui.elided_label import ElidedLabel
from latentviewer.ui.importing.question_form import QuestionForm
from latentviewer.ui.importing.trial_view import TrialView
from latentviewer.ui.overlay_scroll import OverlayScrollArea
from latentviewer.ui.theme import Theme
from latentviewer.ui.wheel import guard_wheel

_WIDTH_PX, _HEIGHT_PX, _TRIAL_PX = 880, 620, 400
_DATA_PX = 340
_TYPED_MS = 500
_HASH_SHOWN = 16


class ImportDialog(QDialog):
    """What was found and is asked on the left, how the model does on the right.

    Attributes:
        answered: a question's key and its answer. data_chosen: what to try it on.
        trusted: the file may run code. opened: open it with the data set named.
        form: the questions. trial: pictures and checks. data: the data set.
        trust, go: the buttons that let it run code, and that open it.
    """

    answered = Signal(str, str)
    data_chosen = Signal(str)
    trusted = Signal()
    opened = Signal(str)

    def __init__(self, theme: Theme, data: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import model")
        self.resize(_WIDTH_PX, _HEIGHT_PX)
        self._model: ModelImport | None = None
        self._asked_for_trust = False
        self._name, self._place = ElidedLabel(), ElidedLabel()
        self._name.setProperty("role", "title")
        self._place.setProperty("role", "faint")
        self._found = _words("dim")
        self._missing = _words("error")
        self._danger = QFrame()
        self._danger.setProperty("role", "card")
        self._why, self._hash = _words("warning"), _words("faint")
        self._hash.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.trust = QPushButton("Trust this file")
        self.trust.setAutoDefault(False)
        self.trust.setToolTip("Only where you know who made it: it can do whatever you can do")
        self.trust.clicked.connect(self.trusted)
        self.form = QuestionForm()
        self.form.answer.connect(self.answered)
        self.data = QComboBox()
        self.data.setEditable(True)
        self.data.addItems(list(data))
        self.data.setCurrentText("")
        self.data.setAccessibleName("Data set")
        self.data.setToolTip("A data set by name, or the path of a folder or file of images")
        self.data.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.data.setMaximumWidth(_DATA_PX)
        line = self.data.lineEdit()
        if line is not None:
            line.setPlaceholderText("Choose a data set, or a folder")
        guard_wheel(self.data)
        self._data_label = QLabel("Data set to encode")
        self._data_label.setBuddy(self.data)
        self._typed = QTimer(self)
        self._typed.setSingleShot(True)
        self._typed.setInterval(_TYPED_MS)
        self._typed.timeout.connect(self._on_data)
        self.data.currentTextChanged.connect(lambda _text: self._typed.start())
        self.trial = TrialView(theme)
        self._cancel, self.go = QPushButton("Cancel"), QPushButton("Open")
        self.go.setProperty("role", "primary")
        self.go.setDefault(True)
        self._cancel.setAutoDefault(False)
        self._cancel.clicked.connect(self.reject)
        self.go.clicked.connect(lambda: self.opened.emit(self.data.currentText().strip()))
        self._build()

    def _build(self) -> None:
        danger = QVBoxLayout(self._danger)
        danger.setContentsMargins(12, 10, 12, 10)
        danger.setSpacing(6)
        danger.addWidget(self._why)
        danger.addWidget(self._hash)
        danger.addWidget(self.trust, 0, Qt.AlignmentFlag.AlignLeft)
        asked = QVBoxLayout()
        asked.setContentsMargins(0, 0, 12, 0)
        asked.setSpacing(10)
        for widget in (self._found, self._missing, self._danger, self.form):
            asked.addWidget(widget)
        asked.addStretch(1)
        left, right = QWidget(), QWidget()
        left.setLayout(asked)
        shown = QVBoxLayout(right)
        shown.setContentsMargins(0, 0, 12, 0)
        shown.addWidget(self.trial)
        columns = QHBoxLayout()
        columns.setSpacing(20)
        for half in (left, right):
            area = OverlayScrollArea()
            area.setWidget(half)
            if half is right:
                area.setFixedWidth(_TRIAL_PX)
            columns.addWidget(area, 0 if half is right else 1)
        buttons = QHBoxLayout()
        # Beside the button that waits for it, not at the end of the questions, out of sight.
        buttons.setSpacing(8)
        buttons.addWidget(self._data_label)
        buttons.addWidget(self.data, 1)
        buttons.addStretch(1)
        buttons.addWidget(self._cancel)
        buttons.addWidget(self.go)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 18, 20, 16)
        column.setSpacing(4)
        column.addWidget(self._name)
        column.addWidget(self._place)
        column.addSpacing(8)
        column.addLayout(columns, 1)
        column.addSpacing(8)
        column.addLayout(buttons)

    def set_import(self, model: ModelImport) -> None:
        """Shows how far an import has come."""
        self._model = model
        self._name.setText(model.path.name)
        self._place.setText(str(model.path.parent))
        offer, trial = model.offer, model.trial
        self._found.setText(_found(offer))
        fault = None if trial is None else trial.fault
        missing = [*(offer.missing if offer is not None else ()), *([fault] if fault else [])]
        self._missing.setText("\n".join(missing))
        self._missing.setVisible(bool(missing))
        self._danger.setVisible(model.needs_trust)
        if model.needs_trust and not self._asked_for_trust:
            # Enter must not trust what nobody has read.
            self._asked_for_trust = True
            self._cancel.setFocus()
        if offer is not None and offer.danger is not None:
            self._why.setText(offer.danger)
            self._hash.setText(f"SHA-256 {offer.file_hash[:_HASH_SHOWN]}…")
            self._hash.setToolTip(offer.file_hash)
        self.form.setVisible(offer is not None and not model.needs_trust)
        if offer is not None:
            self.form.set_questions(offer.questions, model.answers)
        asks_data = model.encodes and not model.needs_trust
        self._data_label.setVisible(asks_data)
        self.data.setVisible(asks_data)
        self.trial.set_trial(trial, self._note(model))
        if model.busy:
            self.trial.set_stale()
        self.go.setText(_what_opening_does(model))
        self._show_open()

    @property
    def missing(self) -> str:
        """Why it cannot be opened, or nothing."""
        return self._missing.text()

    def _note(self, model: ModelImport) -> str:
        if model.trial is None:
            return "Looking at the file…"
        if model.needs_trust:
            return "Nothing was run. What the model does can be shown once you trust it."
        if model.busy:
            return "Trying it…" if not model.trial.checks else ""
        if model.trial.offer.missing or model.trial.fault:
            return "It cannot be tried as it is."
        return ""

    def _show_open(self) -> None:
        model = self._model
        ready = model is not None and model.trial is not None and not model.busy
        can = ready and model is not None and model.trial is not None and model.trial.opens
        named = bool(self.data.currentText().strip()) or (model is not None and not model.encodes)
        trusted = model is not None and not model.needs_trust
        self.go.setEnabled(bool(can and named and trusted))

    def _on_data(self) -> None:
        self.data_chosen.emit(self.data.currentText().strip())
        self._show_open()


def _found(offer: Offer | None) -> str:
    if offer is None:
        return ""
    does = ", ".join(known.value for known in Capability if known in offer.capabilities)
    return "\n".join([*offer.found, *([f"It can: {does}."] if does else [])])


def _what_opening_does(model: ModelImport) -> str:
    if model.offer is None or not model.offer.capabilities:
        return "Open"
    return "Encode and open" if model.encodes else f"Draw {USUAL_SAMPLES:,} samples"


def _words(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setWordWrap(True)
    return label
