"""LightGBM's own metrics of a binary target, by the names that its users know.

Beside a custom objective LightGBM takes raw scores for probabilities, and they lack the start. Here
they are computed at raw scores that include it, to the values of the built-in objective.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import lightgbm as lgb
import numpy as np

from gradpair import _blocks
from gradpair._links import sigmoid, softplus
from gradpair._validation import Array

NONE = frozenset({"", "none", "null", "na", "custom"})
# As LightGBM cuts them off.
_MOST_LOG_LOSS = -math.log(float(np.float32(1e-15)))
_MOST_CROSS_ENTROPY = -math.log(1e-12)

_TIE = 1e-12

Pointwise = Callable[[Array, Array], Array]  # of labels and raw scores


def _log_loss(y: Array, z: Array) -> Array:
    loss: Array = np.minimum(softplus(np.where(y > 0, -z, z)), _MOST_LOG_LOSS)
    return loss


def _error(y: Array, z: Array) -> Array:
    wrong: Array = (y > 0) == (z <= 0)
    return wrong.astype(np.float64)


def _cross_entropy(y: Array, z: Array) -> Array:
    ones, zeros = (np.minimum(softplus(s), _MOST_CROSS_ENTROPY) for s in (-z, z))
    mean: Array = y * ones + (1 - y) * zeros
    return mean


def _divergence(y: Array, z: Array) -> Array:
    def entropy(p: Array) -> Array:
        return -p * np.log(np.where(p > 0, p, 1.0))

    divergence: Array = _cross_entropy(y, z) - entropy(y) - entropy(1 - y)
    return divergence


def _absolute(y: Array, z: Array) -> Array:
    error: Array = np.abs(y - sigmoid(z))
    return error


def _squared(y: Array, z: Array) -> Array:
    return _absolute(y, z) ** 2


_MEANS: dict[str, Pointwise] = {
    "binary_logloss": _log_loss,
    "binary_error": _error,
    "cross_entropy": _cross_entropy,
    "kullback_leibler": _divergence,
    "l1": _absolute,
    "l2": _squared,
    "rmse": _squared,
}


def _counts(y: Array, z: Array, w: Array) -> tuple[Array, Array]:
    """Return the weights of positives and negatives at each score, from the highest down."""
    order = np.argsort(-z)
    z, positive = z[order], (y > 0)[order]
    # Equal but for rounding: LightGBM adds up the same values with the start first, not last.
    lower = z[:-1] - z[1:] > _TIE * np.maximum(np.abs(z[1:]), 1)
    first = np.flatnonzero(np.concatenate([[True], lower]))
    w = w[order]
    return np.add.reduceat(w * positive, first), np.add.reduceat(w * ~positive, first)


def _area(positive: Array, negative: Array) -> float:
    """Return the area under the ROC curve; ties count one half."""
    above = np.cumsum(positive) - positive / 2
    return float((negative * above).sum() / (positive.sum() * negative.sum()))


def _precision(positive: Array, negative: Array) -> float:
    """Return the average precision."""
    found, rows = np.cumsum(positive), np.cumsum(positive + negative)
    precision = np.divide(found, rows, out=np.zeros_like(found), where=rows > 0)
    return float((positive * precision).sum() / found[-1])


_RANKINGS = {"auc": _area, "average_precision": _precision}

_ALIASES = {
    "binary": "binary_logloss",
    "xentropy": "cross_entropy",
    "kldiv": "kullback_leibler",
    **dict.fromkeys(("mean_absolute_error", "mae", "regression_l1"), "l1"),
    **dict.fromkeys(("mean_squared_error", "mse", "regression_l2", "regression"), "l2"),
    **dict.fromkeys(("root_mean_squared_error", "l2_root"), "rmse"),
}


def names(value: object) -> list[str]:
    """Return the metrics of a parameter: one name, several with commas, or a collection of them."""
    if value is not None and not isinstance(value, str | list | tuple | set):
        msg = f"metric must be a name or a list of names; got {value!r}."
        raise TypeError(msg)
    items = [value] if isinstance(value, str) else list(value or ())
    given = [n.strip() for item in items if item is not None for n in str(item).split(",")]
    return list(dict.fromkeys(_known(name) for name in given if name.lower() not in NONE))


def _known(name: str) -> str:
    """Return what LightGBM calls the metric in its results."""
    known = _ALIASES.get(name.lower(), name.lower())
    if known not in _MEANS and known not in _RANKINGS:
        computed = ", ".join([*_MEANS, *_RANKINGS])
        msg = (
            f"metric={name!r} would be computed from raw scores without the start; drop it, use "
            f"one of {computed}, or pass a function such as gradpair.lightgbm.metric(...)."
        )
        raise ValueError(msg)
    return known


@final
@dataclass(frozen=True)
class NamedMetric:
    """A metric of LightGBM's, for its native API and its estimators."""

    name: str
    start: float

    def __call__(
        self, first: Any, second: Any, sample_weight: Array | None = None
    ) -> tuple[str, float, bool]:
        """Return the name, the value and whether higher is better."""
        rows: tuple[Any, Any, Any] = (first, second, sample_weight)  # as the estimator calls
        if isinstance(second, lgb.Dataset):
            rows = second.get_label(), first, second.get_weight()
        labels, raw, weight = rows
        y, z = np.asarray(labels, np.float64), np.asarray(raw, np.float64) + self.start
        w = None if weight is None else np.asarray(weight, np.float64)
        if self.name in _RANKINGS:
            return self.name, self._ranking(y, z, w), True
        pointwise = _MEANS[self.name]
        mean = _blocks.weighted_mean(lambda y, z, w: w * pointwise(y, z), y, z, w)
        return self.name, math.sqrt(mean) if self.name == "rmse" else mean, False

    def _ranking(self, y: Array, z: Array, w: Array | None) -> float:
        positive, negative = _counts(y, z, np.ones(y.size) if w is None else w)
        if not (positive.any() and negative.any()):
            return 1.0  # as LightGBM says where there is one class only
        return _RANKINGS[self.name](positive, negative)
