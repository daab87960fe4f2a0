"""What the user hands over, checked: features, labels, weights, costs."""

import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from sklearn.utils import _safe_indexing, check_array, check_consistent_length, column_or_1d

from gradpair import _blocks, _validation
from gradpair._validation import Array
from gradpair.compare._extras import needed


class Costs(NamedTuple):
    """Costs of a missed positive and of a false alarm, one for all rows or one per row."""

    false_negative: Array
    false_positive: Array

    def of(self, rows: Array) -> "Costs":
        """Return the costs of some rows."""
        return Costs(*(cost[rows] if cost.ndim else cost for cost in self))

    @property
    def threshold(self) -> Array:
        """The probability from which on an alarm is the cheaper choice."""
        threshold: Array = self.false_positive / (self.false_positive + self.false_negative)
        return threshold


class Data(NamedTuple):
    """The rows to compare on, labels encoded as 0 and 1."""

    features: Any
    y: Array
    weight: Array | None
    costs: Costs
    classes: tuple[Any, Any]  # the negative and the positive one

    def take(self, rows: Array) -> "Data":
        """Return some rows."""
        weight = None if self.weight is None else self.weight[rows]
        features = _safe_indexing(self.features, rows)
        return Data(features, self.y[rows], weight, self.costs.of(rows), self.classes)


def checked(
    X: Any, y: ArrayLike, sample_weight: ArrayLike | None, costs: Any, positive: Any
) -> Data:
    """Check the arguments of ``compare``."""
    features = _features(X)
    classes, encoded = _labels(y, positive)
    check_consistent_length(features, encoded)
    weight = None
    if sample_weight is not None:
        weight = _validation.one_per_row(
            "sample_weight", _validation.weights(sample_weight).astype(float), encoded.size
        )
        if not (weight[encoded == 1].sum() and weight[encoded == 0].sum()):
            msg = "sample_weight is 0 for all rows of a class; give both classes some weight."
            raise ValueError(msg)
    return Data(features, encoded, weight, _costs(costs, encoded.size), classes)


def _features(X: Any) -> Any:
    """Return arrays and sparse matrices as they are, and frames as pandas' with categories."""
    if not hasattr(X, "columns") and not hasattr(X, "column_names"):
        return check_array(X, accept_sparse=["csr"], ensure_all_finite=False, dtype="numeric")
    pd = needed("pandas")
    if not isinstance(X, pd.DataFrame):  # of polars and pyarrow
        X = X.to_pandas()
    if not X.shape[1]:
        msg = "X has no columns; keep at least one feature."
        raise ValueError(msg)
    types = dict(zip(X.columns, X.dtypes, strict=True))
    if dates := [str(name) for name, kind in types.items() if kind.kind in "mM"]:
        msg = f"column {dates[0]!r} holds dates or durations; make numbers of them, or drop it."
        raise ValueError(msg)
    is_object, is_string = pd.api.types.is_object_dtype, pd.api.types.is_string_dtype
    texts = [name for name, kind in types.items() if is_object(kind) or is_string(kind)]
    if texts:
        X = X.copy(deep=False)
        for name in texts:
            X[name] = X[name].astype("category")
    return X


def has_categories(features: Any) -> bool:
    """Whether the features are a frame with columns of categories."""
    return any(str(kind) == "category" for kind in getattr(features, "dtypes", ()))


def _labels(y: ArrayLike, positive: Any) -> tuple[tuple[Any, Any], Array]:
    """Return the negative and the positive class, and 1 for rows of the positive one."""
    if hasattr(y, "to_numpy"):
        y = y.to_numpy()
    labels = column_or_1d(np.asarray(y))
    if any(label is None or label != label for label in labels.tolist()):  # noqa: PLR0124 - nan
        msg = "y has missing labels; drop these rows first."
        raise ValueError(msg)
    try:
        classes = np.unique(labels).tolist()
    except TypeError as error:
        msg = f"y must hold labels of one type; {error}."
        raise ValueError(msg) from error
    shown = ", ".join(map(repr, classes[:5])) + (", ..." if len(classes) > 5 else "")
    if len(classes) < 2 or (len(classes) > 2 and positive is None):
        count = "1 class" if len(classes) == 1 else f"{len(classes)} classes"
        msg = f"y must have two classes; it has {count}: {shown}."
        if len(classes) > 2:
            msg += " Name the positive one with positive=; the others are then negative."
        raise ValueError(msg)
    if positive is None:
        positive = classes[1]
    elif positive not in classes:
        msg = f"positive is {positive!r}; y has {shown}."
        raise ValueError(msg)
    others = [label for label in classes if label != positive]
    negative = others[0] if len(others) == 1 else f"not {positive}"
    return (negative, positive), (labels == positive).astype(int)


def _costs(costs: Any, n_samples: int) -> Costs:
    """Return checked costs; without any, each mistake costs 1."""
    try:
        missed, alarm = (1.0, 1.0) if costs is None else costs
    except (TypeError, ValueError) as error:
        msg = f"costs must be a pair (false_negative, false_positive); got {costs!r}."
        raise ValueError(msg) from error
    pair = []
    for name, given in (("false_negative", missed), ("false_positive", alarm)):
        cost = _validation.nonnegative(f"the cost {name}", given).astype(float)
        pair.append(_validation.one_per_row(name, cost, n_samples) if cost.ndim else cost)
    if not np.all(pair[0] + pair[1] > 0):
        msg = "costs are both 0; let at least one of the two mistakes cost something."
        raise ValueError(msg)
    return Costs(*pair)


def digest(data: Data, tests: list[Array]) -> str:
    """Return what tells these rows and folds from others."""
    found = hashlib.sha256(repr((np.shape(data.features), data.classes)).encode())
    per_row = [cost for cost in data.costs if cost.ndim]
    for part in (*_parts(data.features), data.y, data.weight, *per_row, *tests):
        if part is not None:
            found.update(str(part.dtype).encode())
            for block in _blocks.slices(len(part)):
                found.update(np.ascontiguousarray(part[block]).data)
    return found.hexdigest()


def _parts(features: Any) -> list[Array]:
    """Return arrays that hold the features."""
    if isinstance(features, np.ndarray):
        return [features]
    if not hasattr(features, "columns"):
        return [features.data, features.indices, features.indptr]
    hashes = needed("pandas").util.hash_pandas_object(features, index=False)
    return [hashes.to_numpy()]
