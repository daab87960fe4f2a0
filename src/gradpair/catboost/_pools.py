"""Pools: the labels, weights and baselines that they hold, and copies with others."""

import contextlib
from typing import Any, NamedTuple

import catboost as cb
import numpy as np

from gradpair import _blocks, _validation
from gradpair._hosts import params as checks
from gradpair._validation import Array


class Fields(NamedTuple):
    """Labels, weights and offsets of the rows of a Pool; None are ones and zeros."""

    y: Array
    weight: Array | None
    offset: Array | None


def fields(pool: cb.Pool, name: str) -> Fields:
    """Return what a Pool holds beside its features, checked."""
    if (label := pool.get_label()) is None:
        msg = f"{name} has no label; build it with catboost.Pool(X, label=y)."
        raise ValueError(msg)
    label = np.asarray(label)
    if label.dtype == bool or label.dtype.kind in "SUO":  # of files CatBoost keeps the text
        with contextlib.suppress(ValueError, TypeError):
            label = label.astype(float)
    weight, baseline = np.asarray(pool.get_weight()), np.asarray(pool.get_baseline())
    if baseline.ndim == 2 and baseline.shape[1] > 1:
        msg = f"{name} has a baseline of {baseline.shape[1]} columns; gradpair is for one target."
        raise ValueError(msg)
    label = label.ravel() if label.ndim == 2 and label.shape[1] == 1 else label
    y, w = _blocks.training_rows(label, None if np.all(weight == 1) else weight)
    offset = baseline.ravel().astype(float) if baseline.size else None
    return Fields(y, w, None if offset is None else _validation.finite("baseline", offset))


def copy(pool: cb.Pool, held: Fields, *, alpha: float, start: float) -> cb.Pool:
    """Return a Pool of the same rows, which shares their features, with other weights and start."""
    rows = pool.slice(np.arange(pool.num_row()))
    if alpha != 1:
        share = 1 + (alpha - 1) * held.y
        rows.set_weight(share if held.weight is None else share * held.weight)
    if start:
        offset = np.zeros(held.y.size) if held.offset is None else held.offset
        rows.set_baseline((offset + start).reshape(-1, 1))
    return rows


def evaluation_sets(given: Any, pool: cb.Pool) -> list[cb.Pool]:
    """Return evaluation sets as Pools: one or a list of them, or of pairs (X, y)."""
    if given is None:
        return []
    sets = list(given) if isinstance(given, list) else [given]
    return [_as_pool(rows, pool) for rows in sets]


def _as_pool(rows: Any, pool: cb.Pool) -> cb.Pool:
    if isinstance(rows, tuple) and len(rows) == 2:
        rows = cb.Pool(
            *rows,
            cat_features=pool.get_cat_feature_indices(),
            text_features=pool.get_text_feature_indices(),
            embedding_features=pool.get_embedding_feature_indices(),
        )
    checks.check_type("eval_set", rows, cb.Pool, "Pass one, a pair (X, y), or a list of them.")
    return rows
