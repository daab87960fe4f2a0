"""Whether a package is there."""

import importlib.util

import pytest


def needs(name):
    """Skip what runs now, a test or a module, unless a package is installed."""
    if importlib.util.find_spec(name) is None:
        pytest.skip(f"needs {name}", allow_module_level=True)
