"""What is in the user's Datasets, read and left as it is."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np

from gradpair import _validation
from gradpair._validation import Array

Fields = tuple[Array | None, Array | None, Array | None]  # label, weight, init_score


def fields(data: lgb.Dataset, params: Mapping[str, Any]) -> Fields:
    """Read labels, weights and initial scores without constructing the user's Dataset.

    To construct it here would fix parameters such as max_bin before the training sees them.
    """
    if is_constructed(data):
        return data.get_field("label"), data.get_field("weight"), data.get_field("init_score")
    if data.used_indices is not None and data.reference is not None:  # a subset
        label, weight, init_score = fields(data.reference, params)
        rows = data.used_indices
        return _rows(label, rows), _rows(weight, rows), _rows(init_score, rows)
    own: tuple[Any, ...] = (data.label, data.weight, data.init_score)
    if data.label is None and isinstance(data.data, str | Path):  # the file has the label
        in_file = lgb.Dataset(data.data, params={**(data.params or {}), **params}).construct()
        pairs = zip(own, fields(in_file, params), strict=True)
        own = tuple(found if given is None else given for given, found in pairs)
    label, weight, init_score = (None if field is None else _column(field) for field in own)
    # LightGBM stores the first two as float32.
    return _single(label), _single(weight), init_score


def _rows(field: Array | None, rows: Any) -> Array | None:
    return None if field is None else field[rows]


def _single(field: Array | None) -> Array | None:
    return None if field is None else field.astype(np.float32)


def is_constructed(data: lgb.Dataset) -> bool:
    """Whether LightGBM has read a Dataset already."""
    try:
        data.num_data()
    except lgb.basic.LightGBMError:
        return False
    return True


def _column(values: Any) -> Array:
    """Return a one-dimensional array; a DataFrame of one column is one too."""
    array = _validation.numeric("a field of train_set", values)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


def check_no_offsets(data_sets: Sequence[lgb.Dataset], params: Mapping[str, Any]) -> None:
    """Refuse offsets that LightGBM would replace by the scores of the continued model."""
    for data in data_sets:
        offset = fields(data, params)[2]
        if offset is not None and np.any(offset):
            msg = (
                "init_model= and init_score exclude each other: LightGBM replaces the offsets by "
                "the scores of the model. Train all rounds in one go, or drop init_score."
            )
            raise ValueError(msg)


@contextlib.contextmanager
def scores_put_back(
    data_sets: Sequence[lgb.Dataset], init_model: lgb.Booster | None
) -> Iterator[None]:
    """Undo that LightGBM puts the scores of a continued model into the user's Datasets.

    The next training would take them for the user's offsets, of which there were none.
    """
    try:
        yield
    finally:
        for data in data_sets if init_model is not None else ():
            if is_constructed(data):
                data.set_init_score(np.zeros(data.num_data()))
