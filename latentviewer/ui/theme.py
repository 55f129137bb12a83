"""The window's two themes: colours, measures, and the style sheet made of them."""

from dataclasses import dataclass
from string import Template

from PySide6.QtGui import QColor, QPalette


@dataclass(frozen=True)
class Theme:
    """Colours as `#rrggbb`; measures in logical pixels.

    Attributes:
        window: behind everything. panel: side panels and the editor. raised: inputs and
            cards. hover: a raised thing under the cursor. border: hairlines.
        text, text_dim, text_faint: three strengths; the first two reach 4.5:1 on `panel`.
        accent: the one accent colour. accent_text: text upon it.
        map: the map's background.
        warning, error: the badge of far places; faults.
        selection_ring: the ring around selected and hovered points.
    """

    name: str
    dark: bool
    window: str
    panel: str
    raised: str
    hover: str
    border: str
    text: str
    text_dim: str
    text_faint: str
    accent: str
    accent_hover: str
    accent_text: str
    map: str
    warning: str
    error: str
    selection_ring: str

    def colour(self, role: str) -> QColor:
        """A role's colour, by attribute name."""
        return QColor(getattr(self, role))


DARK = Theme(
    name="dark",
    dark=True,
    window="#0f1114",
    panel="#16191d",
    raised="#1f2329",
    hover="#2a2f37",
    border="#2b3038",
    text="#e8eaed",
    text_dim="#a3abb6",
    text_faint="#6f7884",
    accent="#6ea8fe",
    accent_hover="#8dbbff",
    accent_text="#0b1220",
    map="#14161a",
    warning="#f2b84b",
    error="#ff7b72",
    selection_ring="#ffffff",
)

LIGHT = Theme(
    name="light",
    dark=False,
    window="#eceae6",
    panel="#f6f5f2",
    raised="#ffffff",
    hover="#e9e7e2",
    border="#d9d6cf",
    text="#1d2126",
    text_dim="#58606b",
    text_faint="#8a919b",
    accent="#2463c9",
    accent_hover="#3b78da",
    accent_text="#ffffff",
    map="#fbfbf9",
    warning="#8a5800",
    error="#b52f26",
    selection_ring="#111317",
)

THEMES: dict[str, Theme] = {theme.name: theme for theme in (DARK, LIGHT)}

SPACING = 8
RADIUS = 6

_SHEET = Template("""
* { outline: none; }
QWidget { color: $text; font-size: 13px; }
QMainWindow, QDialog { background: $window; }
QToolTip { background: $raised; color: $text; border: 1px solid $border; padding: 5px 7px; }
QLabel { background: transparent; }
QLabel[role="dim"] { color: $text_dim; }
QLabel[role="faint"] { color: $text_faint; }
QLabel[role="heading"] { font-size: 11px; font-weight: 600; color: $text_dim; }
QLabel[role="title"] { font-size: 15px; font-weight: 600; }
QLabel[role="display"] { font-size: 26px; font-weight: 600; }
QLabel[role="warning"] { color: $warning; }
QLabel[role="error"] { color: $error; }
QFrame[role="panel"] { background: $panel; border: none; }
QFrame[role="card"] { background: $raised; border: 1px solid $border; border-radius: ${radius}px; }
QFrame[role="line"] { background: $border; max-height: 1px; min-height: 1px; border: none; }

QMenuBar { background: $panel; border-bottom: 1px solid $border; padding: 2px 4px; }
QMenuBar::item { padding: 5px 9px; border-radius: 4px; background: transparent; }
QMenuBar::item:selected { background: $hover; }
QMenu { background: $raised; border: 1px solid $border; padding: 5px; }
QMenu::item { padding: 6px 26px 6px 12px; border-radius: 4px; }
QMenu::item:selected { background: $accent; color: $accent_text; }
QMenu::item:disabled { color: $text_faint; background: transparent; }
QMenu::separator { height: 1px; background: $border; margin: 5px 6px; }

QPushButton, QToolButton { background: $raised; border: 1px solid $border;
  border-radius: ${radius}px; padding: 5px 11px; }
QPushButton:hover, QToolButton:hover { background: $hover; }
QPushButton:pressed, QToolButton:pressed { background: $border; }
QPushButton:disabled, QToolButton:disabled { color: $text_faint; background: transparent; }
QPushButton:focus, QToolButton:focus, QComboBox:focus { border-color: $accent; }
QPushButton[role="primary"] { background: $accent; color: $accent_text; border-color: $accent;
  font-weight: 600; }
QPushButton[role="primary"]:hover { background: $accent_hover; }
QPushButton[role="primary"]:focus { border: 2px solid $text; padding: 4px 10px; }
QPushButton[role="primary"]:disabled { background: transparent; color: $text_faint;
  border-color: $border; }
QToolButton { padding: 5px; }
QToolButton[role="flat"], QPushButton[role="flat"] { background: transparent;
  border-color: transparent; }
QToolButton[role="flat"]:hover, QPushButton[role="flat"]:hover { background: $hover; }
QToolButton:checked, QToolButton[role="flat"]:checked, QPushButton:checked { background: $accent;
  color: $accent_text; border-color: $accent; }
QToolButton:checked:disabled { background: transparent; color: $text_faint;
  border-color: $border; }
QToolButton[role="flat"]:focus, QPushButton[role="flat"]:focus { border-color: $accent; }
QToolButton:checked:focus, QToolButton[role="flat"]:checked:focus, QPushButton:checked:focus {
  border: 2px solid $text; padding: 4px; }
QToolButton::menu-indicator { image: none; }
QDialogButtonBox, QMessageBox { dialogbuttonbox-buttons-have-icons: 0; }

QLineEdit, QComboBox, QSpinBox, QDoubleSpinBox { background: $raised; border: 1px solid $border;
  border-radius: ${radius}px; padding: 5px 8px; selection-background-color: $accent;
  selection-color: $accent_text; min-height: 18px; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus { border-color: $accent; }
QLineEdit[fault="true"] { border-color: $error; }
QLineEdit:disabled, QComboBox:disabled, QSpinBox:disabled { color: $text_faint;
  background: transparent; }
QComboBox { padding-right: 22px; combobox-popup: 0; }
QComboBox::drop-down { border: none; width: 20px; }
QComboBox::down-arrow { image: url("$chevron"); width: 12px; height: 12px; }
QComboBoxPrivateContainer { background: $raised; border: none; }
QComboBox QAbstractItemView { background: $raised; border: 1px solid $border; padding: 3px;
  selection-background-color: $accent; selection-color: $accent_text; }
QSpinBox::up-button, QSpinBox::down-button, QDoubleSpinBox::up-button, QDoubleSpinBox::down-button {
  width: 0; border: none; }
QCheckBox { spacing: 7px; background: transparent; }
QRadioButton { spacing: 7px; background: transparent; }
QRadioButton:disabled { color: $text_faint; }
QRadioButton::indicator { width: 12px; height: 12px; border: 1px solid $text_faint;
  border-radius: 7px; background: $raised; }
QRadioButton::indicator:hover, QRadioButton::indicator:focus { border-color: $accent; }
QRadioButton::indicator:checked { width: 6px; height: 6px; border: 4px solid $accent;
  background: $accent_text; }
QRadioButton::indicator:disabled { border-color: $border; }

QSlider::groove:horizontal { height: 4px; background: $border; border-radius: 2px; }
QSlider::sub-page:horizontal { background: $accent; border-radius: 2px; }
QSlider::handle:horizontal { background: $text; width: 14px; height: 14px; margin: -5px 0;
  border-radius: 7px; }
QSlider::handle:horizontal:hover, QSlider::handle:horizontal:focus { background: $accent; }

QTabWidget::pane { border: none; }
QTabBar { background: transparent; }
QTabBar::tab { background: transparent; color: $text_dim; padding: 7px 13px; border: none;
  border-bottom: 2px solid transparent; }
QTabBar::tab:selected { color: $text; border-bottom: 2px solid $accent; }
QTabBar::tab:hover { color: $text; }
QTabBar::tab:focus { color: $accent; }

QListView, QTreeView, QListWidget { background: transparent; border: none; }
QListView::item { padding: 5px 7px; border-radius: 4px; }
QListView::item:hover { background: $hover; }
QListView::item:selected { background: $accent; color: $accent_text; }

QScrollArea { background: transparent; border: none; }
QScrollArea > QWidget > QWidget { background: transparent; }
QScrollBar:vertical { background: transparent; width: 10px; margin: 0; }
QScrollBar:horizontal { background: transparent; height: 10px; margin: 0; }
QScrollBar::handle { background: $hover; border-radius: 4px; min-height: 28px; min-width: 28px;
  margin: 1px; }
QScrollBar::handle:hover { background: $text_faint; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
  background: none; border: none; width: 0; height: 0; }

QProgressBar { background: $border; border: none; border-radius: 3px; max-height: 6px;
  min-height: 6px; text-align: center; color: transparent; }
QProgressBar::chunk { background: $accent; border-radius: 3px; }
QSplitter::handle { background: $border; }
QSplitter::handle:horizontal { width: 1px; }
QSplitter::handle:vertical { height: 1px; }
QStatusBar { background: $panel; border-top: 1px solid $border; color: $text_dim; }
QStatusBar::item { border: none; }
""")


def style_sheet(theme: Theme, chevron: str) -> str:
    """The application's style sheet; `chevron` is the file of the combo box's arrow."""
    values = {key: value for key, value in vars(theme).items() if isinstance(value, str)}
    return _SHEET.substitute(values, radius=RADIUS, chevron=chevron)


def palette(theme: Theme) -> QPalette:
    """Colours for what the style sheet does not reach."""
    made = QPalette()
    roles = QPalette.ColorRole
    for role, name in (
        (roles.Window, "window"),
        (roles.Base, "raised"),
        (roles.AlternateBase, "panel"),
        (roles.Button, "raised"),
        (roles.ToolTipBase, "raised"),
        (roles.WindowText, "text"),
        (roles.Text, "text"),
        (roles.ButtonText, "text"),
        (roles.ToolTipText, "text"),
        (roles.PlaceholderText, "text_faint"),
        (roles.Highlight, "accent"),
        (roles.HighlightedText, "accent_text"),
        (roles.Link, "accent"),
    ):
        made.setColor(role, theme.colour(name))
    return made
