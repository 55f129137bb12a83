"""Joins the dialog of an import to the workbench."""

from PySide6.QtWidgets import QWidget

from latentviewer.app.importing import ModelImport
from latentviewer.app.workbench import Workbench
from latentviewer.ui.importing.import_dialog import ImportDialog
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.theme import Theme


class ImportPresenter:
    """Shows the dialog while a model is being imported.

    Attributes:
        dialog: the dialog, or None.
    """

    def __init__(
        self, workbench: Workbench, dispatch: Dispatch, theme: Theme, window: QWidget
    ) -> None:
        self._workbench, self._dispatch = workbench, dispatch
        self._theme, self._window = theme, window
        self.dialog: ImportDialog | None = None
        workbench.importing.changed.connect(self._on_import)

    def set_theme(self, theme: Theme) -> None:
        """For the next dialog."""
        self._theme = theme

    def _on_import(self, model: ModelImport | None) -> None:
        if model is None:
            if self.dialog is not None:
                closing, self.dialog = self.dialog, None
                closing.done(ImportDialog.DialogCode.Accepted)
                closing.deleteLater()
            return
        if self.dialog is None:
            self.dialog = self._made()
            self.dialog.set_import(model)
            self.dialog.show()
        else:
            self.dialog.set_import(model)

    def _made(self) -> ImportDialog:
        names = [name for name, _title in self._workbench.choices("data")]
        dialog = ImportDialog(self._theme, names, self._window)
        dispatch = self._dispatch
        dialog.answered.connect(lambda key, value: dispatch("import.answer", key=key, value=value))
        dialog.data_chosen.connect(lambda data: dispatch("import.data", data=data))
        dialog.trusted.connect(lambda: dispatch("import.trust"))
        dialog.opened.connect(
            lambda data: dispatch("import.open", **({"data": data} if data else {}))
        )
        dialog.rejected.connect(lambda: dispatch("import.cancel"))
        return dialog
