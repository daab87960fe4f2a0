"""CatBoost's custom objective and metric: objects whose methods it calls with blocks of rows."""

import functools
import threading
from dataclasses import dataclass
from typing import Any, Self, final

import numpy as np

from gradpair import _blocks
from gradpair._hosts import callables
from gradpair._kernels.run import DOUBLE, BlockRunner
from gradpair._validation import Array
from gradpair.losses import Loss

try:
    import catboost as cb
except ModuleNotFoundError as error:
    msg = "gradpair.catboost needs CatBoost: pip install 'gradpair[catboost]'"
    raise ModuleNotFoundError(msg, name=error.name) from error

_BLOCK_ROWS = 1000  # the most that CatBoost asks for at a time (seen in 1.2.8 to 1.2.10)
_ALL, _NONE = slice(None), np.empty(0)
_of_thread = threading.local()


class _CatBoost(callables.HostCallable):
    """Marks a callable as CatBoost's."""

    host = "catboost"
    data_type = cb.Pool
    no_jit = True  # CatBoost would offer the methods to numba, and warn that they use self

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        """Return itself: CatBoost copies its parameters, and a loss may hold what has no copy."""
        return self


@final
@dataclass(frozen=True)
class Objective(_CatBoost, callables.ObjectiveCallable):
    """What :func:`objective` returns."""

    __module__ = "gradpair.catboost"  # where pickles look for it

    def calc_ders_range(self, approxes: Any, targets: Any, weights: Any) -> Array:
        """Return minus gradient and minus hessian of a block, weighted, as CatBoost wants them.

        Parameters
        ----------
        approxes : array of shape (n_samples,)
            Raw values.
        targets : array of shape (n_samples,)
            Labels in [0, 1].
        weights : array of shape (n_samples,) or None
            Weights of at least 0.

        Returns
        -------
        array of shape (n_samples, 2), float64
            Derivatives of the log-likelihood: CatBoost maximises.
        """
        margins, derivatives = np.asarray(approxes, DOUBLE), np.empty((2, len(approxes)))
        if not margins.size:
            return derivatives.T
        rows = self._rows(margins.size)
        with np.errstate(all="ignore"):
            if not self._write(rows, targets, margins, *derivatives):
                try:
                    rows.y, rows.raw = np.asarray(targets), margins
                    rows.write_block(_ALL, *derivatives)
                finally:
                    rows.y = rows.raw = _NONE  # the memory is CatBoost's
        if weights is not None:
            derivatives *= np.asarray(weights)
        return np.negative(derivatives, out=derivatives).T

    @staticmethod
    def _write(rows: BlockRunner, targets: Any, z: Array, gradient: Array, hessian: Array) -> bool:
        """Let the loss's kernel write, if it has one that knows all rows: a fifth less a call."""
        if rows.kernel is None:
            return False
        if rows.start:
            z = z + rows.start
        y = np.array(targets, DOUBLE)
        return rows.kernel(y, z, rows.floor, gradient, hessian) is None

    def _rows(self, size: int) -> BlockRunner:
        """Return what this thread computes with; which takes a fourth of a block's time to make."""
        kept = getattr(_of_thread, "kept", None)
        if kept is None or kept[0] is not self or kept[1].size < size:
            none = np.empty(max(size, _BLOCK_ROWS))
            exact, floor, start = self.hessian == "exact", self.hessian_floor, self.start
            runner = BlockRunner(
                self.loss, none, none, start=start, exact=exact, hessian_floor=floor, dtype=DOUBLE
            )
            kept = _of_thread.kept = self, runner
        found: BlockRunner = kept[1]
        return found


@dataclass(frozen=True)
class Metric(_CatBoost, callables.MetricCallable):
    """What :func:`metric` returns, of a subclass for each name: CatBoost logs that of the class."""

    __module__ = "gradpair.catboost"  # where pickles look for it

    weighted: float = 1.0  # by how much the weights of positives that arrive are multiplied already

    @classmethod
    def named(
        cls, loss: Loss, start: float = 0.0, name: str | None = None, weighted: float = 1.0
    ) -> "Metric":
        """Check the arguments and return a metric of the class of its name."""
        checked = Metric.of(loss, start, "raw", name)
        kind = _class_of(checked.name)
        return kind(checked.loss, checked.start, "raw", checked.name, weighted)

    def __reduce__(self) -> tuple[Any, ...]:
        return Metric.named, (self.loss, self.start, self.name, self.weighted)

    def is_max_optimal(self) -> bool:
        """Return False: lower is better."""
        return False

    def evaluate(self, approxes: Any, target: Any, weight: Any) -> tuple[float, float]:
        """Return the weighted sum of the loss over a block, and the sum of the weights."""
        raw, y = np.asarray(approxes[0]), np.asarray(target)
        total = weights = 0.0
        for labels, margins, w in _blocks.in_float64(y, raw, weight):
            share = w if self.weighted == 1 else w / (1 + (self.weighted - 1) * labels)
            total += float(self.loss.loss(labels, margins + self.start, share).sum())
            weights += float(share.sum())
        return total, weights

    def get_final_error(self, error: float, weight: float) -> float:
        """Return the weighted mean of the loss."""
        if not weight:
            msg = (
                "the weights sum to 0; the mean loss needs at least one row with a positive weight."
            )
            raise ValueError(msg)
        return error / weight


@functools.cache
def _class_of(name: str) -> type[Metric]:
    return type(name, (Metric,), {"__module__": Metric.__module__, "__doc__": Metric.__doc__})


def objective(
    loss: Loss, *, start: float = 0.0, hessian: callables.Hessian | None = None
) -> Objective:
    """Make a loss CatBoost's custom objective, for its native API and its estimators alike.

    Pass it as ``loss_function``, beside an ``eval_metric``, which CatBoost then demands. It starts
    at the raw value 0, refuses ``boost_from_average``, ignores ``class_weights`` and
    ``auto_class_weights`` without a word, keeps this object in the parameters of the model, and
    saves a model that is of no class of objectives; :func:`train` mends all of it.

    Parameters
    ----------
    loss : Loss
        The loss to minimise.
    start : float
        Constant raw value that is added to the predictions before the derivatives are taken.
    hessian : {"exact", "positive"} or None
        The second derivative, negative ones as 0, or the one without its negative terms. None is
        "exact" for a convex loss, for which both are the same, and "positive" for any other.

    Returns
    -------
    object with ``calc_ders_range``
        Immutable, picklable and free of state, so that threads may share it. It raises
        ``ValueError`` for labels outside [0, 1], which CatBoost turns into its own error.

    Raises
    ------
    TypeError
        ``loss`` is not a :class:`~gradpair.Loss`, or ``start`` is not a number.
    ValueError
        Another ``hessian``.

    Notes
    -----
    CatBoost scores splits by gradients and weights, and takes hessians for the values of leaves
    alone. So ``alpha`` of :class:`~gradpair.WeightedCrossEntropy` in the derivatives grows other
    trees than ``scale_pos_weight``; :func:`train` puts it into the weights.

    Examples
    --------
    >>> import catboost as cb, numpy as np
    >>> import gradpair as gp
    >>> loss = gp.WeightedCrossEntropy(alpha=3.0)
    >>> obj = gp.catboost.objective(loss)
    >>> obj.calc_ders_range(np.zeros(2), np.array([0.0, 1.0]), None)
    array([[-0.5 , -0.25],
           [ 1.5 , -0.75]])
    >>> X, y = np.arange(50.0).reshape(-1, 1), np.repeat([0, 1], [40, 10])
    >>> params = {"loss_function": obj, "eval_metric": gp.catboost.metric(loss), "iterations": 3}
    >>> params |= {"verbose": False, "allow_writing_files": False}
    >>> model = cb.CatBoost(params).fit(X, y)
    """
    return Objective(loss=loss, start=start, hessian=hessian, hessian_floor=0.0)


def metric(loss: Loss, *, start: float = 0.0, name: str | None = None) -> Metric:
    """Make the weighted mean of a loss a metric, for CatBoost's native API and its estimators.

    Pass it as ``eval_metric``. CatBoost calls it with raw values beside every objective.

    Parameters
    ----------
    loss : Loss
        The loss to report.
    start : float
        Constant raw value that is added to the predictions.
    name : str or None
        Name in the evaluation log; None is ``loss.name``, one for every kind of loss, as
        ``weighted_cross_entropy``, which experiment trackers and pruners can rely on.

    Returns
    -------
    object with ``evaluate``
        Immutable and picklable. Lower is better.

    Raises
    ------
    TypeError
        ``loss`` is not a :class:`~gradpair.Loss`, ``start`` is not a number, ``name`` not a string.

    Examples
    --------
    >>> import numpy as np
    >>> import gradpair as gp
    >>> weighted = gp.catboost.metric(gp.WeightedCrossEntropy(alpha=3.0))
    >>> total, weight = weighted.evaluate((np.zeros(2),), np.array([1.0, 0.0]), None)
    >>> round(weighted.get_final_error(total, weight), 6)
    1.386294
    >>> type(weighted).__name__
    'weighted_cross_entropy'
    """
    return Metric.named(loss, start, name)
