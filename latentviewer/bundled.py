"""Where the files that come with the program lie: models, spaces, icons, fonts."""

import os
from functools import cache
from pathlib import Path

import platformdirs

_PACKAGE = Path(__file__).resolve().parent


@cache
def _root() -> Path:
    installed = _PACKAGE / "_bundled"
    return installed if installed.is_dir() else _PACKAGE.parent


def models_folder() -> Path:
    """The bundled models, one folder each."""
    return _root() / "models"


def resources_folder() -> Path:
    """Icons, fonts, themes."""
    return _root() / "resources"


def data_folder() -> Path:
    """The user's data sets; `LATENTVIEWER_DATA` names another place.

    Returns the folder's path whether or not it exists; nothing is created.
    """
    named = os.environ.get("LATENTVIEWER_DATA")
    return Path(named) if named else Path(platformdirs.user_data_dir("latentviewer", False))


def state_folder() -> Path:
    """Settings, recent files, autosaved sessions and crash logs of this user."""
    named = os.environ.get("LATENTVIEWER_STATE")
    return Path(named) if named else Path(platformdirs.user_state_dir("latentviewer", False))
