"""Evaluation sets, however they are passed: pairs, or features and labels apart."""

from typing import Any

import numpy as np


def pairs_of(eval_set: Any, eval_X: Any, eval_y: Any) -> list[tuple[Any, Any]]:
    """Return evaluation sets as pairs of features and labels."""
    if (eval_X is None) != (eval_y is None):
        given, other = ("eval_y", "eval_X") if eval_X is None else ("eval_X", "eval_y")
        msg = f"{given} was passed alone; pass {other} too, the other half of the evaluation sets."
        raise ValueError(msg)
    if eval_X is None:
        return _checked_pairs(eval_set)
    if eval_set is not None:
        msg = "pass evaluation sets as eval_set=, or as eval_X= and eval_y=, but not as both."
        raise ValueError(msg)
    if not _several(eval_X):
        return [(eval_X, eval_y)]
    if not isinstance(eval_y, tuple | list) or len(eval_y) != len(eval_X):
        msg = f"eval_X holds {len(eval_X)} sets, so eval_y must be a tuple of as many arrays."
        raise ValueError(msg)
    return list(zip(eval_X, eval_y, strict=True))


def _several(eval_X: Any) -> bool:
    """Whether these are the features of several sets: a tuple, or a list of tables."""
    if isinstance(eval_X, list) and eval_X:
        first = eval_X[0]
        return len(first.shape) == 2 if hasattr(first, "shape") else np.ndim(first) == 2
    return isinstance(eval_X, tuple)


def _checked_pairs(eval_set: Any) -> list[tuple[Any, Any]]:
    """Return a list of pairs; LightGBM also takes one pair alone."""
    if isinstance(eval_set, tuple) and len(eval_set) == 2 and not isinstance(eval_set[0], tuple):
        return [eval_set]
    if eval_set is not None and not isinstance(eval_set, tuple | list):
        msg = f"eval_set must be a list of pairs (X, y); got a {type(eval_set).__name__}."
        raise ValueError(msg)
    for pair in eval_set or ():
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            msg = f"eval_set must be a list of pairs (X, y); got a {type(pair).__name__} in it."
            raise ValueError(msg)
    return [(X, y) for X, y in eval_set or ()]


def one_per_set(name: str, values: Any, n_sets: int) -> list[Any]:
    """Return one entry for each evaluation set."""
    if values is None:
        return [None] * n_sets
    if not isinstance(values, list | tuple) or len(values) != n_sets:
        msg = f"{name} must be a list with one entry for each of the {n_sets} evaluation sets."
        raise ValueError(msg)
    return list(values)
