"""What is in the user's Datasets, read and left as it is."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import lightgbm as lgb
import numpy as np

from gradpair import _validation
from gradpair._validation import Array


class Fields(NamedTuple):
    """What a Dataset has of each row, by the names that LightGBM knows."""

    label: Array | None
    weight: Array | None
    init_score: Array | None


def fields(data: lgb.Dataset, params: Mapping[str, Any]) -> Fields:
    """Read labels, weights and initial scores without constructing the user's Dataset.

    To construct it here would fix parameters such as max_bin before the training sees them.
    """
    if is_constructed(data):
        return Fields(*map(data.get_field, Fields._fields))
    if data.used_indices is not None and data.reference is not None:  # a subset
        whole, rows = fields(data.reference, params), data.used_indices
        return Fields(*(None if field is None else field[rows] for field in whole))
    own: tuple[Any, ...] = (data.label, data.weight, data.init_score)
    if data.label is None and isinstance(data.data, str | Path):  # the file has the label
        in_file = lgb.Dataset(data.data, params={**(data.params or {}), **params}).construct()
        pairs = zip(own, fields(in_file, params), strict=True)
        own = tuple(found if given is None else given for given, found in pairs)
    return stored(*own)


def stored(label: Any, weight: Any, init_score: Any, of: str = "a field of train_set") -> Fields:
    """Return what LightGBM makes of labels, weights and initial scores."""
    kinds = (np.float32, np.float32, np.float64)
    columns = zip((label, weight, init_score), kinds, strict=True)
    return Fields(*(_column(values, kind, of) for values, kind in columns))


def is_constructed(data: lgb.Dataset) -> bool:
    """Whether LightGBM has read a Dataset already."""
    try:
        data.num_data()
    except lgb.basic.LightGBMError:
        return False
    return True


def _column(values: Any, dtype: type, of: str) -> Array | None:
    """Return a one-dimensional array; a DataFrame of one column is one too."""
    if values is None:
        return None
    if str(getattr(values, "dtype", "")) == "object":  # which LightGBM casts
        with contextlib.suppress(TypeError, ValueError):
            values = np.asarray(values, np.float64)
    array: Array = _validation.numeric(of, values).astype(dtype)
    return array[:, 0] if array.ndim == 2 and array.shape[1] == 1 else array


@contextlib.contextmanager
def continuing(
    init_model: lgb.Booster | None, data_sets: Sequence[lgb.Dataset], params: Mapping[str, Any]
) -> Iterator[None]:
    """Keep the scores of a continued model, which LightGBM puts into the user's Datasets, out.

    Offsets, which it would replace by them, are refused. Where there were none, the next training
    would take the scores for offsets: zeros stand there afterwards.
    """
    continued = () if init_model is None else data_sets
    for data in continued:
        offset = fields(data, params).init_score
        if offset is not None and np.any(offset):
            msg = (
                "init_model= and init_score exclude each other: LightGBM replaces the offsets by "
                "the scores of the model. Train all rounds in one go, or drop init_score."
            )
            raise ValueError(msg)
    try:
        yield
    finally:
        for data in continued:
            if is_constructed(data):
                data.set_init_score(np.zeros(data.num_data()))
