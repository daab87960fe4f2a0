"""LightGBM's custom objective and metric, in the native API and in its estimators."""

from dataclasses import dataclass
from typing import Any, Literal, Self, final

from numpy.typing import ArrayLike

from gradpair._hosts import callables
from gradpair.losses import Loss

try:
    import lightgbm as lgb
except ModuleNotFoundError as error:
    msg = "gradpair.lightgbm needs LightGBM: pip install 'gradpair[lightgbm]'"
    raise ModuleNotFoundError(msg, name=error.name) from error


class _LightGBM(callables.HostCallable):
    """Marks a callable as LightGBM's."""

    host = "lightgbm"
    data_type = lgb.Dataset

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return itself: LightGBM copies its parameters, and a loss may hold what has no copy."""
        return self


@final
@dataclass(frozen=True)
class Objective(_LightGBM, callables.ObjectiveCallable):
    """What :func:`objective` returns."""

    __module__ = "gradpair.lightgbm"  # where pickles look for it


@final
@dataclass(frozen=True)
class Metric(_LightGBM, callables.MetricCallable):
    """What :func:`metric` returns."""

    __module__ = "gradpair.lightgbm"  # where pickles look for it

    def __call__(
        self, first: Any, second: Any, sample_weight: ArrayLike | None = None
    ) -> tuple[str, float, bool]:
        """Return the name, the value and that higher is not better."""
        return self.name, self.mean(first, second, sample_weight), False


def objective(
    loss: Loss,
    *,
    start: float = 0.0,
    hessian: callables.Hessian | None = None,
    hessian_floor: float = callables.HESSIAN_FLOOR,
) -> Objective:
    """Make a loss LightGBM's custom objective, for its native API and its estimators alike.

    Pass it as ``params["objective"]`` of ``lightgbm.train``, to ``Booster.update(fobj=)`` or as
    ``LGBMClassifier(objective=)``. LightGBM then starts at the raw score 0, predicts raw scores,
    and misreads them as probabilities in its built-in metrics; :func:`train` mends all three.
    ``scale_pos_weight``, ``is_unbalance``, ``boost_from_average`` and ``pos_bagging_fraction`` have
    no effect beside it.

    Parameters
    ----------
    loss : Loss
        The loss to minimise.
    start : float
        Constant raw score that is added to the predictions before the derivatives are taken.
    hessian : {"exact", "positive"} or None
        The exact second derivative, or the one without its negative terms. None is "exact" for a
        convex loss, for which both are the same, and "positive" for any other.
    hessian_floor : float
        Least hessian of a row, before weights.

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
    >>> import lightgbm as lgb, numpy as np
    >>> import gradpair as gp
    >>> X, y = np.arange(50.0).reshape(-1, 1), np.repeat([0, 1], [40, 10])
    >>> obj = gp.lightgbm.objective(gp.WeightedCrossEntropy(alpha=3.0))
    >>> obj(y[39:41], np.zeros(2))
    (array([ 0.5, -1.5], dtype=float32), array([0.25, 0.75], dtype=float32))
    >>> params = {"objective": obj, "verbosity": -1}
    >>> booster = lgb.train(params, lgb.Dataset(X, y), num_boost_round=3)
    """
    return Objective(loss=loss, start=start, hessian=hessian, hessian_floor=hessian_floor)


def metric(
    loss: Loss,
    *,
    start: float = 0.0,
    input: Literal["raw", "probability"] = "raw",  # noqa: A002 - the argument of the predictions
    name: str | None = None,
) -> Metric:
    """Make the weighted mean of a loss a metric, for LightGBM's native API and its estimators.

    Pass it as ``lightgbm.train(..., feval=)`` or as ``LGBMClassifier.fit(..., eval_metric=)``.

    Parameters
    ----------
    loss : Loss
        The loss to report.
    start : float
        Constant raw score that is added to the predictions.
    input : {"raw", "probability"}
        What LightGBM passes: raw scores beside a custom objective, probabilities beside a built-in
        one.
    name : str or None
        Name in the evaluation log; None is ``loss.name``, one for every kind of loss, as
        ``weighted_cross_entropy``, which experiment trackers and pruners can rely on. mlflow takes
        names of letters, digits, white space and ``_-./:`` alone.

    Returns
    -------
    callable
        Immutable and picklable. Lower is better.

    Raises
    ------
    TypeError
        ``loss`` is not a :class:`~gradpair.Loss`, or ``start`` is not a number.
    ValueError
        ``input`` is neither of the two.

    Examples
    --------
    >>> import numpy as np
    >>> import gradpair as gp
    >>> weighted = gp.lightgbm.metric(gp.WeightedCrossEntropy(alpha=3.0))
    >>> name, value, higher_is_better = weighted(np.array([1, 0]), np.array([0.0, 0.0]))
    >>> name, round(value, 6), higher_is_better
    ('weighted_cross_entropy', 1.386294, False)
    """
    return Metric.of(loss, start, input, name)
