"""What may use what."""

import ast
import importlib
import inspect
import re
import tomllib
from pathlib import Path

import pytest

from helpers.installed import needs

TESTS = Path(__file__).parent
SOURCE = TESTS.parent / "src"


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


@pytest.mark.parametrize("host", ["catboost", "lightgbm", "xgboost"])
def test_an_estimator_uses_public_names_of_its_host_alone(host):
    needs(host)
    module = importlib.import_module(f"gradpair.{host}._estimator")
    private = re.findall(
        r"\b(?:lgb|xgb|trainer|fitted|estimator|booster_?|basic)\._\w+", inspect.getsource(module)
    )
    assert private == []


PROJECT = tomllib.loads((SOURCE.parent / "pyproject.toml").read_text(encoding="utf-8"))
HOOKS = PROJECT["tool"]["ruff"]["lint"]["flake8-self"]["extend-ignore-names"]  # of losses


def is_private(name):
    return name.startswith("_") and not name.startswith("__") and name not in HOOKS


def names_taken(path):
    """Every name that a file of the package takes from the package, with its line.

    That is what it imports, ``gradpair.xgboost._train.check`` or ``gradpair._blocks``, and what it
    reads of a module that it has imported.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    package = list(path.relative_to(SOURCE).parent.parts)
    bound = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                bound[alias.asname or name] = name
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            parent = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*parent, *filter(None, [node.module])])
            for alias in node.names:
                bound[alias.asname or alias.name] = f"{module}.{alias.name}"
                yield node.lineno, f"{module}.{alias.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            head, *rest = ast.unparse(node).split(".")
            if head in bound and all(part.isidentifier() for part in rest):
                yield node.lineno, ".".join([bound[head], *rest])


def is_of_another_room(taken, room):
    """Whether a name is private to a room, which is a folder or a module of ``gradpair``."""
    package, *parts = taken.split(".")
    if package != "gradpair" or not parts or parts[0] == room:
        return False
    # What lies in gradpair itself is shared, and so are the modules of a shared folder.
    return any(map(is_private, parts[1:]))


def test_no_file_reaches_into_another_room():
    found = {
        f"{path.relative_to(SOURCE)}:{line}: {taken}"
        for path in sorted(SOURCE.rglob("*.py"))
        for line, taken in names_taken(path)
        if is_of_another_room(taken, path.relative_to(SOURCE).with_suffix("").parts[1])
    }
    assert sorted(found) == []
