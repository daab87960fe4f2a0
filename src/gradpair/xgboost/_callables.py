"""XGBoost's custom objective and metric, in the native API and in its estimators."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, final

from numpy.typing import ArrayLike

from gradpair import _blocks
from gradpair._hosts import callables
from gradpair._validation import Array, Pair
from gradpair.losses import Loss

try:
    import xgboost as xgb
except ModuleNotFoundError as error:
    msg = "gradpair.xgboost needs XGBoost: pip install 'gradpair[xgboost]'"
    raise ModuleNotFoundError(msg, name=error.name) from error

from gradpair.xgboost import _workers


class _XGBoost(callables.HostCallable):
    """Marks a callable as XGBoost's."""

    host = "xgboost"
    data_type = xgb.DMatrix


@final
@dataclass(frozen=True)
class Objective(_XGBoost, callables.ObjectiveCallable):
    """What :func:`objective` returns."""

    __module__ = "gradpair.xgboost"  # where pickles look for it

    def bound(self, data: xgb.DMatrix) -> Callable[[Array, Any], Pair]:
        """Return it with the labels and weights that the data has now.

        XGBoost copies both for every call: with 10,000 rows that takes as long as the derivatives.
        """
        y, weight = data.get_label(), data.get_weight()
        return lambda preds, _: self(y, preds, weight if weight.size else None)


@final
@dataclass(frozen=True)
class Metric(_XGBoost, callables.MetricCallable):
    """What :func:`metric` returns."""

    __module__ = "gradpair.xgboost"  # where pickles look for it

    @property
    def __name__(self) -> str:
        """What XGBoost's estimators call the metric."""
        return self.name

    def __call__(
        self, first: Any, second: Any, sample_weight: ArrayLike | None = None
    ) -> tuple[str, float] | float:
        """Return ``(name, value)`` to the native API and the value to the estimators."""
        if (workers := _workers.group()) is None:
            value = self.mean(first, second, sample_weight)
        else:
            sums = partial(self.sums, first, second, sample_weight)
            value = _blocks.mean_of(*_workers.together(workers, 2, "sum", sums).tolist())
        return (self.name, value) if isinstance(second, xgb.DMatrix) else value


def objective(
    loss: Loss,
    *,
    start: float = 0.0,
    hessian: callables.Hessian | None = None,
    hessian_floor: float = callables.HESSIAN_FLOOR,
) -> Objective:
    """Make a loss XGBoost's custom objective, for its native API and its estimators alike.

    Pass it as ``xgboost.train(..., obj=)`` together with ``params["objective"] =
    "binary:logistic"`` and ``params["base_score"] = sigmoid(optimal_constant(...))``, or as
    ``XGBClassifier(objective=)``. Without a ``base_score`` XGBoost starts such a model at the
    margin 0, without the objective's name even at 0.5 and predicts margins; :func:`train` does
    both. ``scale_pos_weight`` has no effect beside it.

    Parameters
    ----------
    loss : Loss
        The loss to minimise.
    start : float
        Constant margin that is added to the predictions before the derivatives are taken.
    hessian : {"exact", "positive"} or None
        The exact second derivative, or the one without its negative terms. None is "exact" for a
        convex loss, for which both are the same, and "positive" for any other.
    hessian_floor : float
        Least hessian of a row, before weights; 1e-16 is XGBoost's own.

    Returns
    -------
    callable
        Immutable, picklable and free of state, so that threads may share it. It returns the
        weighted gradient and hessian of each row as fresh float32 arrays. It raises ``ValueError``
        for labels outside [0, 1] and for more than one target, ``TypeError`` for another host's
        data.

    Raises
    ------
    TypeError
        ``loss`` is not a :class:`~gradpair.Loss`, or a number is not one.
    ValueError
        A number or a name outside its range.

    Examples
    --------
    >>> import numpy as np, xgboost as xgb
    >>> import gradpair as gp
    >>> X, y = np.arange(8.0).reshape(-1, 1), np.array([0, 0, 0, 0, 0, 1, 0, 1])
    >>> obj = gp.xgboost.objective(gp.WeightedCrossEntropy(alpha=3.0))
    >>> obj(np.zeros(2, np.float32), xgb.DMatrix([[1.0], [2.0]], label=[1, 0]))
    (array([-1.5,  0.5], dtype=float32), array([0.75, 0.25], dtype=float32))
    >>> params = {"objective": "binary:logistic", "base_score": 0.5}
    >>> booster = xgb.train(params, xgb.DMatrix(X, label=y), num_boost_round=3, obj=obj)
    """
    return Objective(loss=loss, start=start, hessian=hessian, hessian_floor=hessian_floor)


def metric(
    loss: Loss,
    *,
    start: float = 0.0,
    input: Literal["raw", "probability"] = "raw",  # noqa: A002 - the argument of the predictions
    name: str | None = None,
) -> Metric:
    """Make the weighted mean of a loss a metric, for XGBoost's native API and its estimators.

    Pass it as ``custom_metric=`` of ``xgboost.train`` or of :func:`train`, or as
    ``XGBClassifier(eval_metric=)``. XGBoost watches it rather than the metrics that ``eval_metric``
    names beside it.

    Parameters
    ----------
    loss : Loss
        The loss to report.
    start : float
        Constant margin that is added to the predictions.
    input : {"raw", "probability"}
        What XGBoost passes: margins beside a custom objective, probabilities beside a built-in one.
    name : str or None
        Name in the evaluation log; None is ``loss.name``, one for every kind of loss, as
        ``weighted_cross_entropy``, which experiment trackers and pruners can rely on. mlflow takes
        names of letters, digits, white space and ``_-./:`` alone.

    Returns
    -------
    callable
        Immutable and picklable. Lower is better. XGBoost keeps six decimals of its value. On the
        workers of a cluster (Dask, Spark, Ray) it is the mean over the rows of all of them, and all
        have to call it, those without rows too.

    Raises
    ------
    TypeError
        ``loss`` is not a :class:`~gradpair.Loss`, or ``start`` is not a number.
    ValueError
        ``input`` is neither of the two, or ``name`` has white space or a colon.

    Examples
    --------
    >>> import numpy as np
    >>> import gradpair as gp
    >>> weighted = gp.xgboost.metric(gp.WeightedCrossEntropy(alpha=3.0))
    >>> weighted.name
    'weighted_cross_entropy'
    >>> round(weighted(np.array([1, 0]), np.array([0.0, 0.0])), 6)
    1.386294
    """
    made = Metric.of(loss, start, input, name)
    if re.search(r"[\s:]", made.name):
        msg = f"XGBoost reads its log by white space and ':'; name must have neither, got {name!r}."
        raise ValueError(msg)
    return made
