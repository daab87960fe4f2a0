"""Packages that only some users need."""

import importlib
from types import ModuleType


def needed(name: str) -> ModuleType:
    """Import a package of the extra, or say how to get it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        msg = f"gradpair.compare needs {name}: pip install 'gradpair[compare]'"
        raise ModuleNotFoundError(msg, name=error.name) from error
