"""Packages that only some users need."""

import importlib
from types import ModuleType


def needed(name: str) -> ModuleType:
    """Import a package of the extra, or say how to get it."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        msg = f"gradpair.compare needs {package}: pip install 'gradpair[compare]'"
        raise ModuleNotFoundError(msg, name=error.name) from error


needed("sklearn")
