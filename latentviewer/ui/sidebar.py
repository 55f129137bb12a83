"""The left panel: samples, recent files, groups, kept latents."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from latentviewer.app.services import Sample
from latentviewer.app.state import Group, SavedLatent
from latentviewer.ui.elided_button import ElidedButton
from latentviewer.ui.icons import icon
from latentviewer.ui.intent import Dispatch
from latentviewer.ui.name_field import NameField
from latentviewer.ui.overlay_scroll import OverlayScrollArea
from latentviewer.ui.sample_card import SampleCard
from latentviewer.ui.theme import Theme
from latentviewer.ui.welcome import sample_picture

_RECENT_SHOWN = 5


class _Section(QWidget):
    """A heading and rows under it."""

    def __init__(self, title: str, empty: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        heading = QLabel(title)
        heading.setProperty("role", "heading")
        column.addWidget(heading)
        column.addSpacing(3)
        self._empty = QLabel(empty)
        self._empty.setProperty("role", "faint")
        self._empty.setWordWrap(True)
        column.addWidget(self._empty)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(3)
        column.addLayout(self._rows)

    def fill(self, rows: Sequence[QWidget]) -> None:
        """Replaces the rows."""
        while (item := self._rows.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for row in rows:
            self._rows.addWidget(row)
        self._empty.setVisible(not rows)


class Sidebar(QFrame):
    """What can be opened, and what was made from it."""

    def __init__(self, dispatch: Dispatch, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAccessibleName("Spaces and groups")
        self._dispatch, self._theme = dispatch, theme
        self._cards: list[SampleCard] = []
        self._groups: tuple[Group, ...] = ()
        self._naming: NameField | None = None
        self._saved: tuple[SavedLatent, ...] = ()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        scroll = OverlayScrollArea()
        outer.addWidget(scroll)
        body = QWidget()
        scroll.setWidget(body)
        column = QVBoxLayout(body)
        column.setContentsMargins(14, 14, 12, 14)
        column.setSpacing(20)
        self._samples_section = _Section("Samples", "No samples came with this copy.")
        self._recent_section = _Section("Recent", "Files you open are listed here.")
        self._groups_section = _Section(
            "Groups", "Select points, then press Ctrl+G to name them. Write a group as @A."
        )
        self._saved_section = _Section(
            "Kept latents", "Press Ctrl+K to keep what the preview shows. Write it as $z1."
        )
        for section in (
            self._samples_section,
            self._groups_section,
            self._saved_section,
            self._recent_section,
        ):
            column.addWidget(section)
        column.addStretch(1)

    def set_theme(self, theme: Theme) -> None:
        """Repaints in another theme."""
        self._theme = theme
        for card in self._cards:
            card.set_theme(theme)
        self.set_groups(self._groups)
        self.set_saved(self._saved)

    def set_samples(self, samples: Sequence[Sample]) -> None:
        """Lists what comes with the program."""
        self._cards = []
        for sample in samples:
            if not sample.available:
                continue
            card = SampleCard(sample.title, sample.kind, sample_picture(sample), self._theme)
            card.setToolTip(sample.description)
            card.chosen.connect(
                lambda name=sample.name: self._dispatch("file.open_sample", name=name)
            )
            self._cards.append(card)
        self._samples_section.fill(self._cards)

    def set_recent(self, paths: Sequence[str]) -> None:
        """Lists files opened last."""
        self._recent_section.fill([self._recent_row(path) for path in paths[:_RECENT_SHOWN]])

    def set_groups(self, groups: tuple[Group, ...]) -> None:
        """Lists the named groups."""
        self._groups, self._naming = groups, None
        self._groups_section.fill([self._group_row(group) for group in groups])

    def name_group(self, name: str) -> None:
        """Puts a field in place of a group's row, with the cursor in it."""
        field = NameField(name)
        self.set_groups(self._groups)
        self._naming = field

        def ended(to: str, by_key: bool) -> None:
            self.set_groups(self._groups)
            if to:
                self._dispatch("groups.rename", name=name, to=to)
            if by_key:
                self._dispatch("view.focus_map")

        field.ended.connect(ended)
        self._groups_section.fill(
            [field if g.name == name else self._group_row(g) for g in self._groups]
        )
        field.show()
        field.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def end_naming(self) -> None:
        """Takes the name as it stands; the user does something else."""
        if self._naming is not None:
            self._naming.end()

    def set_saved(self, saved: tuple[SavedLatent, ...]) -> None:
        """Lists the kept latents."""
        self._saved = saved
        self._saved_section.fill([self._saved_row(entry) for entry in saved])

    def _recent_row(self, path: str) -> QWidget:
        return self._row(
            Path(path).name,
            path,
            lambda: self._dispatch("file.open_recent", path=path),
            f"Open {path}",
        )

    def _group_row(self, group: Group) -> QWidget:
        name = group.name
        row = self._row(
            f"@{name}   {len(group.selection):,}",
            f"Select the {len(group.selection):,} points of {name}",
            lambda: self._dispatch("groups.select", name=name),
            f"Select group {name}",
        )

        def rename() -> None:
            to, agreed = QInputDialog.getText(self, "Rename group", "Name", text=name)
            if agreed:
                self._dispatch("groups.rename", name=name, to=to)

        return self._with_menu(
            row,
            name,
            (("Rename…", rename), ("Remove", lambda: self._dispatch("groups.remove", name=name))),
        )

    def _saved_row(self, entry: SavedLatent) -> QWidget:
        name = entry.name
        row = self._row(
            f"${name}",
            f"Show {name} in the preview",
            lambda: self._dispatch("latent.show", name=name),
            f"Show kept latent {name}",
        )
        return self._with_menu(
            row, name, (("Remove", lambda: self._dispatch("latent.remove", name=name)),)
        )

    def _row(self, text: str, tip: str, chosen: Callable[[], None], accessible: str) -> QPushButton:
        button = ElidedButton(text)
        button.setToolTip(tip)
        button.setAccessibleName(accessible)
        button.clicked.connect(lambda _checked=False: chosen())
        return button

    def _with_menu(
        self, button: QPushButton, name: str, entries: Sequence[tuple[str, Callable[[], None]]]
    ) -> QWidget:
        holder = QWidget()
        line = QHBoxLayout(holder)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2)
        line.addWidget(button, 1)
        more = QToolButton()
        more.setProperty("role", "flat")
        more.setIcon(icon("ellipsis", self._theme, 14))
        more.setAccessibleName(f"More for {name}")
        more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(more)
        for title, work in entries:
            menu.addAction(title).triggered.connect(lambda _checked=False, w=work: w())
        more.setMenu(menu)
        line.addWidget(more)
        return holder
