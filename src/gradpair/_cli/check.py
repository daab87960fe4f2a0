"""The command ``gradpair check``: an audit of what the user names."""

import contextlib
import dataclasses
import functools
import importlib.util
import json
import operator
import sys
from pathlib import Path
from typing import Any

from gradpair._cli import output
from gradpair.audit import check_objective
from gradpair.losses import Loss, parameters


class _LoadError(Exception):
    """What was named cannot be had."""


def run(target: str, kind: str | None, loss: str | None, *, as_json: bool) -> int:
    """Print the report; return 0 if it has no error, 1 if it has, 2 if there is no report."""
    try:
        with contextlib.redirect_stdout(sys.stderr):  # what the user's code prints is no report
            expected = None if loss is None else _load(loss)
            report = check_objective(_load(target), kind=kind, loss=expected)
    except (Exception, SystemExit) as error:  # noqa: BLE001 - the user's code may raise anything
        return _fail(error)
    try:
        told = json.dumps(report.to_dict(), indent=2, allow_nan=False) if as_json else str(report)
        print(told if as_json else _coloured(told), flush=True)
    except (OSError, UnicodeError) as error:
        output.discard()
        return 2 if isinstance(error, BrokenPipeError) else _fail(error)
    return 0 if report.ok else 1


def _coloured(report: str) -> str:
    """Return the report, its severities in colours where there is a terminal for them."""
    try:
        from rich.console import Console  # noqa: PLC0415 - an extra
        from rich.text import Text  # noqa: PLC0415
    except ModuleNotFoundError:
        return report
    text, console = Text(report), Console()
    for severity, colour in (("error", "red"), ("warning", "yellow"), ("note", "cyan")):
        text.highlight_regex(rf"(?m)^{severity}(?= \[)", f"bold {colour}")
    with console.capture() as captured:
        console.print(text, soft_wrap=True, end="")
    return captured.get()


def _fail(error: BaseException) -> int:
    name = "" if isinstance(error, _LoadError) else f"{type(error).__name__}: "
    print(f"gradpair check: {name}{' '.join(str(error).split())}", file=sys.stderr)
    return 2


def _load(target: str) -> Any:
    """Return what ``module:attribute`` or ``path/to/file.py:attribute`` names."""
    place, _, attribute = target.rpartition(":")
    if not (place and attribute):
        msg = f"expected module:attribute or path/to/file.py:attribute; got {target!r}."
        raise _LoadError(msg)
    try:
        module = _module(place)
    except (Exception, SystemExit) as error:
        msg = f"cannot import {place}: {type(error).__name__}: {error}"
        raise _LoadError(msg) from error
    try:
        found = operator.attrgetter(attribute)(module)
    except AttributeError as error:
        msg = f"{place} has no attribute {attribute!r}."
        if "(" in attribute:
            msg += " Name an instance, not a call: write it into a file as path/to/file.py:loss."
        raise _LoadError(msg) from error
    # A class of losses stands for its default: a command line has no other way to an instance.
    return _default(target, found) if isinstance(found, type) and issubclass(found, Loss) else found


def _default(target: str, kind: type[Loss]) -> Loss:
    """Make a loss of its parameters' defaults."""
    needed = [name for name, f in parameters(kind).items() if f.default is dataclasses.MISSING]
    if not needed:
        return kind()
    written = ", ".join(f"{name}=..." for name in needed)
    msg = (
        f"{target} is a class that needs {' and '.join(needed)}: write loss = "
        f"{kind.__name__}({written}) into a file, and name path/to/file.py:loss."
    )
    raise _LoadError(msg)


@functools.cache
def _module(place: str) -> Any:
    """Import a module, or run a file as one of a name of its own, under which pickle finds it."""
    file = Path(place).resolve(strict=True) if place.endswith(".py") else None
    sys.path.insert(0, str(file.parent if file else Path.cwd()))
    if file is None:
        return importlib.import_module(place)
    name = f"_gradpair_check_{file.stem}"
    spec: Any = importlib.util.spec_from_file_location(name, file)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
