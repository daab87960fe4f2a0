"""Tables in files, as ``gradpair compare`` reads them."""

import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np


class TableError(Exception):
    """What is wrong with a table, and what to do."""


class Table(NamedTuple):
    """Features, labels and weights of a file."""

    features: Any
    y: Any
    positive: Any  # the positive label, None for the second in order
    weight: Any


def read(
    path: Path, target: str, weight: str | None, positive: str | None, drop: Sequence[str]
) -> Table:
    """Read a table and take its columns apart."""
    if not path.is_file():
        msg = f"{path} is no file; name a table (CSV, Parquet, Feather, .npy or .npz)."
        raise TableError(msg)
    frame = _frame(path)
    taken = [target, *([] if weight is None else [weight]), *drop]
    names = {str(name): name for name in frame.columns}
    for name in taken:
        if name not in names:
            shown = ", ".join(list(names)[:10]) + (", ..." if len(names) > 10 else "")
            msg = f"{path} has no column {name!r}; it has {shown}."
            raise TableError(msg)
    if weight == target:
        msg = f"{target!r} cannot be both the target and the weight."
        raise TableError(msg)
    features = frame.drop(columns=[names[name] for name in taken])
    if not features.shape[1]:
        msg = f"{path} has no column left to learn from."
        raise TableError(msg)
    # Hosts refuse some characters in names, which are of no use to us.
    features = features.set_axis([f"f{i}" for i in range(features.shape[1])], axis=1)
    y, label = _labels(frame[names[target]], target, positive)
    w = None if weight is None else _weights(frame[names[weight]], weight)
    return Table(features, y, label, w)


def _labels(column: Any, target: str, positive: str | None) -> tuple[Any, Any]:
    """Return the labels, and the positive one if the command line names it."""
    if missing := int(column.isna().sum()):
        msg = f"{missing:,} rows have no {target!r}; drop them first."
        raise TableError(msg)
    values = column.drop_duplicates().tolist()
    shown = ", ".join(map(str, values[:5])) + (", ..." if len(values) > 5 else "")
    if len(values) < 2 or (len(values) > 2 and positive is None):
        msg = f"column {target!r} must have two classes; it has {len(values)}: {shown}."
        if len(values) > 2:
            msg += " Name the positive one with --positive; the others are then negative."
        raise TableError(msg)
    found = [value for value in values if positive is not None and _is(value, positive)]
    if positive is not None and not found:
        msg = f"column {target!r} has no {positive!r}; it has {shown}."
        raise TableError(msg)
    return column.to_numpy(), found[0] if found else None


def _is(value: Any, text: str) -> bool:
    """Whether a value is what the command line names, 1 and 1.0 being the same."""
    if str(value) == text:
        return True
    try:
        return not isinstance(value, str) and float(value) == float(text)
    except (TypeError, ValueError):
        return False


def _weights(column: Any, name: str) -> Any:
    """Return checked weights."""
    if column.dtype.kind not in "biuf":
        msg = f"column {name!r} must hold numbers to be weights; it holds {column.dtype}."
        raise TableError(msg)
    weights = column.to_numpy(dtype=float)
    wrong = ~(weights >= 0) | np.isinf(weights)
    if wrong.any():
        row = int(np.argmax(wrong))
        msg = f"weights must be at least 0; column {name!r} has {weights[row]:g} in row {row + 1}."
        raise TableError(msg)
    return weights


def _frame(path: Path) -> Any:
    """Read a file by its suffix."""
    reader = next((r for suffix, r in _READERS.items() if path.name.lower().endswith(suffix)), None)
    if reader is None:
        msg = f"{path} is no table that can be read: expected {', '.join(_READERS)}."
        raise TableError(msg)
    try:
        frame = reader(path)
    except (ValueError, OSError, KeyError, EOFError, zipfile.BadZipFile) as error:
        msg = f"{path} cannot be read as a table: {' '.join(str(error).split())}"
        raise TableError(msg) from error
    if not len(frame):
        msg = f"{path} has no rows."
        raise TableError(msg)
    return frame


def _pandas() -> Any:
    try:
        import pandas as pd  # noqa: PLC0415 - an extra
    except ModuleNotFoundError as error:
        msg = "gradpair compare needs pandas: pip install 'gradpair[compare]'"
        raise TableError(msg) from error
    return pd


def _csv(path: Path) -> Any:
    return _pandas().read_csv(path, low_memory=False)


def _tsv(path: Path) -> Any:
    return _pandas().read_csv(path, sep="\t", low_memory=False)


def _parquet(path: Path) -> Any:
    return _pandas().read_parquet(path)


def _feather(path: Path) -> Any:
    return _pandas().read_feather(path)


def _npy(path: Path) -> Any:
    """Read an array of columns, named if it is a structured one, else by their positions."""
    return _columns(np.load(path, allow_pickle=False), path)


def _npz(path: Path) -> Any:
    """Read one array of features and any of one value per row, each under its name."""
    with np.load(path, allow_pickle=False) as arrays:
        held = {name: arrays[name] for name in arrays.files}
    tables = [name for name, array in held.items() if array.ndim == 2]
    if len(tables) != 1:
        msg = f"{len(tables)} of its arrays are two-dimensional; it needs one, of the features"
        raise ValueError(msg)
    features = held.pop(tables[0])
    frame = _columns(features, path)
    names = held.get("names")
    if names is not None and names.shape == (features.shape[1],):
        frame.columns = names.astype(str)
    for name, array in held.items():
        if array.shape == (len(features),):
            frame[name] = array
    return frame


def _columns(array: Any, path: Path) -> Any:
    if array.dtype.names is None and array.ndim != 2:
        msg = f"{path.name} has {array.ndim} dimensions; a table has two"
        raise ValueError(msg)
    return _pandas().DataFrame(array)


_READERS: dict[str, Callable[[Path], Any]] = {
    ".csv": _csv,
    ".csv.gz": _csv,
    ".tsv": _tsv,
    ".parquet": _parquet,
    ".feather": _feather,
    ".arrow": _feather,
    ".npy": _npy,
    ".npz": _npz,
}
