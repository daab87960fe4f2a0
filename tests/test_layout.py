"""What may use what."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent


def modules_of(tree):
    """The names of all modules that a file imports, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or ""
            yield from ((node.lineno, alias.name) for alias in node.names)


def test_no_test_imports_another():
    found = [
        f"{path.relative_to(TESTS)}:{line}: {module}"
        for path in sorted(TESTS.rglob("*.py"))
        for line, module in modules_of(ast.parse(path.read_text(encoding="utf-8")))
        if any(part.startswith("test_") for part in module.split("."))
    ]
    assert found == []


@pytest.mark.parametrize("name", ["lightgbm", "sklearn", "xgboost"])
def test_a_folder_of_tests_does_not_hide_the_package_of_its_name(name):
    assert (TESTS / name).is_dir()
    assert TESTS not in Path(importlib.import_module(name).__file__).parents


@pytest.mark.parametrize("host", ["lightgbm", "xgboost"])
def test_an_estimator_uses_public_names_of_its_host_alone(host):
    module = importlib.import_module(f"gradpair.{host}._estimator")
    private = re.findall(
        r"\b(?:lgb|xgb|trainer|fitted|estimator|booster_?|basic)\._\w+", inspect.getsource(module)
    )
    assert private == []
