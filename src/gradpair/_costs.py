"""Costs of single mistakes, as sample weights."""

import numpy as np
from numpy.typing import ArrayLike

from gradpair import _validation
from gradpair._validation import Array

__all__ = ["cost_weights"]


def cost_weights(
    y_true: ArrayLike, *, false_negative: ArrayLike, false_positive: ArrayLike
) -> Array:
    """Turn the cost of getting each row wrong into its sample weight.

    A positive row gets its ``false_negative`` cost, a negative row its ``false_positive`` cost, a
    soft label their mixture. With these weights and :class:`~gradpair.BinaryCrossEntropy`, a
    positive margin says that calling the row positive is the cheaper choice.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,)
        Labels in [0, 1].
    false_negative : float or array-like of shape (n_samples,)
        Cost of missing the row if it is positive, at least 0: say, the amount of a payment.
    false_positive : float or array-like of shape (n_samples,)
        Cost of an alarm on the row if it is negative, at least 0: say, the price of a review.

    Returns
    -------
    float64 array of shape (n_samples,)
        Sample weights.

    Raises
    ------
    ValueError
        Labels outside [0, 1], costs that are negative or not finite, shapes that differ.
    TypeError
        Arrays that are not numeric.

    References
    ----------
    Zadrozny, Langford and Abe, Cost-Sensitive Learning by Cost-Proportionate Example Weighting
    (2003).

    Examples
    --------
    >>> import gradpair as gp
    >>> gp.cost_weights([1, 1, 0], false_negative=[900.0, 20.0, 75.0], false_positive=5.0)
    array([900.,  20.,   5.])
    """
    y = _validation.one_per_row("y_true", _validation.labels(y_true)).astype(np.float64)
    missed = _validation.nonnegative("false_negative", false_negative).astype(np.float64)
    alarm = _validation.nonnegative("false_positive", false_positive).astype(np.float64)
    for name, costs in (("false_negative", missed), ("false_positive", alarm)):
        if costs.ndim:
            _validation.one_per_row(name, costs, y.size)
    return y * missed + (1 - y) * alarm
