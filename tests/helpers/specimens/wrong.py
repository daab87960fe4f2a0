"""Objectives as users write them, all of them wrong, or right for one host only."""

import functools
import sys

import numpy as np
import pandas as pd
from scipy.special import expit

import gradpair as gp
from helpers.specimens.case import ALPHA, BCE, GAMMA, HARD, OVERFLOW, SURROGATE, weight_of, wrong
from helpers.specimens.right import (
    brier,
    brier_exact,
    brier_gauss_newton,
    exponential_loss,
    focal_gradient,
    log_loss,
    margin_squared_error,
    overflowing_log_loss,
    scipy_log_loss,
    sklearn_log_loss,
    squared_error,
    tiny_log_loss,
    with_parameter,
)


@wrong(gp.FocalLoss(GAMMA), errors={"hessian"}, warnings={"hessian-zero"}, notes=HARD)
def focal_with_label_power(preds, data):
    """(1 - y)**gamma where (1 - p)**gamma belongs."""
    y, w = data.get_label(), weight_of(data)
    z = np.where(y == 1, preds, -preds)
    p, q = expit(z), expit(-z)
    factor = np.where(y == 1, (1 - y) ** GAMMA, y**GAMMA)
    hessian = factor * p * (GAMMA**2 * p * np.logaddexp(0, -z) + (1 + 2 * GAMMA) * q)
    return w * focal_gradient(y, preds), w * hessian


@wrong(BCE, errors={"weights-dropped"})
def unweighted(preds, data):
    p = expit(preds)
    return p - data.get_label(), p * (1 - p)


@wrong(BCE, errors={"weights-dropped"})
def unweighted_hessian(preds, data):
    p = expit(preds)
    return weight_of(data) * (p - data.get_label()), p * (1 - p)


@wrong(BCE, warnings={"weights-rescaled"})
def normalised_weights(preds, data):
    p, w = expit(preds), weight_of(data) / np.mean(weight_of(data))
    return w * (p - data.get_label()), w * p * (1 - p)


@wrong(BCE, errors={"weights"})
def square_root_of_weights(preds, data):
    p, w = expit(preds), np.sqrt(weight_of(data))
    return w * (p - data.get_label()), w * p * (1 - p)


@wrong(BCE, errors={"weights-absent"})
def needs_weights(preds, data):
    p, w = expit(preds), data.get_weight()
    return w * (p - data.get_label()), w * p * (1 - p)


@wrong(BCE, errors={"frozen", "gradient"}, notes=SURROGATE)
@wrong(warnings={"frozen"}, notes=SURROGATE)
def clipped(preds, data):
    p, w = np.clip(expit(preds), 0.01, 0.99), weight_of(data)
    return w * (p - data.get_label()), w * p * (1 - p)


@wrong(BCE, errors={"frozen", "gradient"}, notes=SURROGATE)
@wrong(warnings={"frozen"}, notes=SURROGATE)
def clipped_through(preds, data):
    """The derivative of a loss of clipped probabilities, as automatic differentiation gives it."""
    p, w = expit(preds), weight_of(data)
    inside = (p > 1e-3) & (p < 1 - 1e-3)
    return w * (p - data.get_label()) * inside, w * p * (1 - p)


def clipped_at(bound, preds, data):
    """What automatic differentiation gives beyond the bound: nothing."""
    p, w = expit(preds), weight_of(data)
    inside = (p > bound) & (p < 1 - bound)
    return w * np.where(inside, p - data.get_label(), 0), w * p * expit(-preds)


@wrong(BCE, errors={"frozen"})
@wrong(warnings={"frozen"})
def clipped_at_1e_7(preds, data):
    return clipped_at(1e-7, preds, data)


@wrong(overflowing_log_loss, kind="lightgbm", warnings={"frozen"})  # infinite where this is 0
@wrong(BCE, errors={"frozen"})
@wrong(warnings={"frozen"})
def clipped_at_1e_15(preds, data):
    return clipped_at(1e-15, preds, data)


@wrong(BCE, errors={"hessian"}, warnings={"hessian-negative", "hessian-zero"})
def second_difference_hessian(preds, data):
    y, w, step = data.get_label(), weight_of(data), 1e-6

    def loss(z):
        return log_loss(y, z)

    z = preds.astype(np.float64)
    first = (loss(z + step) - loss(z - step)) / (2 * step)
    return w * first, w * (loss(z + step) - 2 * loss(z) + loss(z - step)) / step**2


@wrong(gp.WeightedCrossEntropy(ALPHA), notes=HARD)
def alpha_to_the_label(preds, data):
    y, p, q = data.get_label(), expit(preds), expit(-preds)
    w = weight_of(data) * ALPHA**y
    return w * (p - y), w * p * q


@wrong(BCE, kind="xgboost", errors={"output-dtype"}, warnings={"frozen"}, notes=SURROGATE | HARD)
@wrong(BCE, kind="lightgbm", warnings={"output-dtype", "frozen"}, notes=SURROGATE | HARD)
def half_precision(preds, data):
    return tuple(column.astype(np.float16) for column in scipy_log_loss(preds, data))


@wrong(BCE, kind="sklearn", errors={"output-dtype"}, warnings={"frozen"}, notes=SURROGATE | HARD)
def half_precision_for_estimators(y_true, y_pred, sample_weight=None):
    columns = sklearn_log_loss(y_true, y_pred, sample_weight)
    return tuple(column.astype(np.float16) for column in columns)


@wrong(BCE, kind="xgboost", errors={"output-dtype"})
def foreign_byte_order(preds, data):
    return tuple(column.astype(">f4") for column in scipy_log_loss(preds, data))


@wrong(BCE, kind="xgboost", errors={"output-dtype"})
def unaligned(preds, data):
    """Columns of a packed record, a byte off."""
    record = np.empty(preds.size, dtype="b, f4, f4")
    record["f1"], record["f2"] = scipy_log_loss(preds, data)
    return record["f1"], record["f2"]


@wrong(kind="xgboost", errors={"output-dtype", "weights-dropped"}, notes=HARD)
def boolean_hessian(preds, data):
    sign = 2 * data.get_label() - 1
    slack = np.maximum(1 - sign * preds, 0)
    return -sign * slack * weight_of(data), slack > 0


@wrong(BCE, kind="lightgbm", errors={"output-layout"})
def strided(preds, data):
    both = np.stack(scipy_log_loss(preds, data), axis=1).astype(np.float32)
    return both[:, 0], both[:, 1]


@wrong(BCE, kind="xgboost", errors={"output-type"})
def series_output(preds, data):
    return tuple(map(pd.Series, scipy_log_loss(preds, data)))


@wrong(BCE, warnings={"frozen"})
def clipped_margin(preds, data):
    return scipy_log_loss(np.clip(preds, -14, 14), data)


@wrong(BCE, warnings={"frozen"})
def clipped_probability(preds, data):
    """Clipped where log loss hardly changes any more."""
    p, w = np.clip(expit(preds), 1e-5, 1 - 1e-5), weight_of(data)
    return w * (p - data.get_label()), w * p * (1 - p)


@wrong(squared_error, errors={"frozen"})
def clipped_squares(preds, data):
    return margin_squared_error(np.clip(preds, -14, 14), data)


@wrong(BCE, errors={"gradient"}, notes=HARD)
def half_for_zeros(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    factor = np.where(data.get_label() == 0, 0.5, 1.0)
    return factor * gradient, factor * hessian


@wrong(BCE, errors={"gradient"}, notes=HARD)
def thousandfold_for_ones(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    factor = np.where(data.get_label() == 1, 1000.0, 1.0)
    return factor * gradient, factor * hessian


@wrong(tiny_log_loss, errors={"gradient"}, notes=HARD)
def tiny_half_for_zeros(preds, data):
    return tuple(1e-9 * column for column in half_for_zeros(preds, data))


@wrong(BCE, errors={"not-finite"})
def one_row_not_a_number(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    gradient[0] = np.nan
    return gradient, hessian


@wrong(BCE, errors={"raises"})
def exits(preds, data):
    sys.exit(0)


@wrong(BCE, kind="lightgbm", errors={"buffer-retained"})
@wrong(BCE, kind="xgboost", warnings={"buffer-retained"})
class Remembering:
    """Keeps the margins for later."""

    def __init__(self):
        self.seen = None

    def __call__(self, preds, data):
        self.seen = preds[:5]
        return scipy_log_loss(preds, data)


@wrong(BCE, kind="lightgbm", errors={"buffer-mutated"})
@wrong(BCE, kind="xgboost", warnings={"buffer-mutated"})
def in_place(preds, data):
    w = weight_of(data)
    expit(preds, out=preds)
    hessian = preds * (1 - preds)
    return w * (preds - data.get_label()), w * hessian


@wrong(squared_error, kind="lightgbm", errors={"buffer-mutated", "buffer-returned"})
def returns_the_buffer(preds, data):
    w = weight_of(data)
    preds -= data.get_label()
    preds *= w
    return preds, w * np.ones_like(preds)


@wrong(kind="lightgbm", errors={"labels-mutated"}, notes=SURROGATE | HARD)
def changes_labels(preds, data):
    sign = data.get_label()
    sign *= 2
    sign -= 1
    slope = expit(-sign * preds)
    w = weight_of(data)
    return -w * sign * slope, w * slope * (1 - slope)


@wrong(BCE, kind="sklearn", errors={"labels-mutated"})
def empties_weights(y_true, y_pred, sample_weight=None):
    """Writes to the weights what a second call writes again."""
    columns = sklearn_log_loss(y_true, y_pred, sample_weight)
    if sample_weight is not None:
        sample_weight[:] = 0
    return columns


@wrong(BCE, errors={"buffer-reused"})
class Reusing:
    """Fills the same arrays in every call."""

    def __init__(self):
        self.out = {}

    def __call__(self, preds, data):
        gradient, hessian = self.out.setdefault(
            preds.size, (np.empty(preds.size), np.empty(preds.size))
        )
        gradient[:], hessian[:] = scipy_log_loss(preds, data)
        return gradient, hessian


@wrong(BCE, errors={"sign", "gradient"}, notes=SURROGATE)
def sign_error(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    return -gradient, hessian


@wrong(BCE, errors={"sign", "gradient"}, warnings={"hessian-negative"})
def log_likelihood(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    return -gradient, -hessian


@wrong(BCE, kind="sklearn", errors={"weights-dropped"}, warnings={"weights-refused"})
def two_parameters(y_true, y_pred):
    p = expit(y_pred)
    return p - y_true, p * (1 - p)


@wrong(BCE, kind="sklearn", warnings={"weights-refused"})
def weight_of_another_name(y_true, y_pred, weight=None):
    return sklearn_log_loss(y_true, y_pred, weight)


@wrong(BCE, kind="sklearn", warnings={"raises"})
def weight_by_keyword(y_true, y_pred, *, sample_weight=None):
    return sklearn_log_loss(y_true, y_pred, sample_weight)


@wrong(BCE, kind="sklearn", warnings={"weights-absent"})
def weight_without_default(y_true, y_pred, sample_weight):
    return sklearn_log_loss(y_true, y_pred, sample_weight)


@wrong(
    kind="sklearn", errors={"weights"}, warnings={"weights-absent", "weights-refused"}, notes=HARD
)
def parameter_in_third_place(y_true, y_pred, alpha=ALPHA):
    p, q = expit(y_pred), expit(-y_pred)
    w = alpha * y_true + 1 - y_true
    return w * (p - y_true), w * p * q


@wrong(kind="sklearn", errors={"group-parameter"})
def parameter_in_fourth_place(y_true, y_pred, sample_weight=None, smoothing=0.1):
    y = y_true if smoothing is None else (1 - smoothing) * y_true + smoothing / 2
    return sklearn_log_loss(y, y_pred, sample_weight)


def partial_target(y_true, y_pred, sample_weight=None, smoothing=0.0):
    y = (1 - smoothing) * y_true + smoothing / 2
    return sklearn_log_loss(y, y_pred, sample_weight)


wrong(kind="sklearn", warnings={"raises"})(functools.partial(partial_target, smoothing=0.1))


@wrong(BCE, errors={"not-deterministic"})
def random_output(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    return gradient * np.random.default_rng().uniform(0.9, 1.1, preds.size), hessian


class FailsTwice:
    """Runs once, then never again."""

    def __init__(self):
        self.calls = 0

    def __call__(self, preds, data):
        self.calls += 1
        if self.calls > 1:
            msg = "out of data"
            raise StopIteration(msg)
        return scipy_log_loss(preds, data)


@wrong(errors={"averaged"})
def averaged(preds, data):
    return tuple(column / preds.size for column in scipy_log_loss(preds, data))


@wrong(warnings={"rows-coupled"})
def normalised_in_batch(preds, data):
    gradient, hessian = scipy_log_loss(preds - preds.mean(), data)
    return gradient, hessian


@wrong(warnings={"rows-coupled"})
def coupled_by_the_sign_of_its_neighbours(preds, data):
    """Changes with the margins beside a row, though not with the number of rows."""
    factor = 1.0 if np.all(np.diff(preds[: preds.size // 4]) > 0) else 2.0
    return tuple(factor * column for column in scipy_log_loss(preds, data))


@wrong(warnings={"rows-coupled"})
def soft_f1(preds, data):
    """The derivatives of a score of all rows together."""
    y, p = data.get_label(), expit(preds)
    total = (y + p).sum()
    slope = p * (1 - p)
    return 2 * slope * ((y * p).sum() - y * total) / total**2, slope


@wrong(BCE, errors={"output-shape"})
def summed(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    return gradient.sum(), hessian.sum()


@wrong(BCE, errors={"output-shape"})
def gradient_only(preds, data):
    return scipy_log_loss(preds, data)[0]


@wrong(BCE, errors={"output-shape"})
def outer_product(preds, data):
    p = expit(preds).reshape(-1, 1)
    return p - data.get_label(), p * (1 - p)


@wrong(BCE, errors={"raises"})
def raises(preds, data):
    return preds @ np.ones(3), preds


@wrong(gp.FocalLoss(GAMMA), errors={"not-finite"}, warnings=OVERFLOW, notes=SURROGATE | HARD)
def log_of_probability(preds, data):
    """Focal loss by its textbook formula, in which p rounds to 0 and 1."""
    y, p, w = data.get_label(), 1 / (1 + np.exp(-preds)), weight_of(data)
    pt = np.where(y == 1, p, 1 - p)
    gradient = (2 * y - 1) * (1 - pt) ** GAMMA * (GAMMA * pt * np.log(pt) + pt - 1)
    return w * gradient, w * np.ones_like(preds)


@wrong(errors={"not-finite"}, warnings=OVERFLOW, notes=HARD)
def exponential(preds, data):
    """AdaBoost's loss, whose derivatives overflow."""
    sign, w = 2 * data.get_label() - 1, weight_of(data)
    size = np.exp(-sign * preds)
    return -w * sign * size, w * size


@wrong(exponential_loss, errors={"frozen"}, notes=HARD)
@wrong(warnings={"frozen"}, notes=HARD)
def exponential_to_a_bound(preds, data):
    sign, w = 2 * data.get_label() - 1, weight_of(data)
    size = np.exp(-sign * preds.clip(-60, 60))
    return -w * sign * size * (np.abs(preds) < 60), w * size


@wrong(brier, warnings={"gradient-rescaled"}, notes=SURROGATE)
def wrong_factor(preds, data):
    """Brier score without the 2, and a hessian without it too."""
    gradient, hessian = brier_gauss_newton(preds, data)
    return gradient / 2, hessian / 2


@wrong(BCE, warnings={"gradient-rescaled"})
def billionfold(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    return 1e9 * gradient, 1e9 * hessian


@wrong(BCE, errors={"gradient", "frozen"}, notes=SURROGATE)  # it vanishes where log loss does not
def wrong_loss(preds, data):
    """Brier score where log loss is meant."""
    return brier_gauss_newton(preds, data)


@wrong(BCE, errors={"hessian"})
def half_the_hessian(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    return gradient, hessian / 2


@wrong(BCE, errors={"gradient", "not-finite"}, warnings=OVERFLOW, notes=SURROGATE)
def no_chain_rule(preds, data):
    """Derivatives with respect to the probability."""
    y, p, w = data.get_label(), expit(preds), weight_of(data)
    return w * (p - y) / (p * (1 - p)), w * (y / p**2 + (1 - y) / (1 - p) ** 2)


@wrong(brier, warnings={"hessian-zero"}, notes=SURROGATE)
def zero_where_negative(preds, data):
    gradient, hessian = brier_exact(preds, data)
    return gradient, np.maximum(hessian, 0)


@wrong(BCE, kind="xgboost", warnings={"not-picklable", "not-deep-copyable"})
@wrong(BCE, kind="lightgbm", errors={"not-deep-copyable"}, warnings={"not-picklable"})
class NoCopies:
    """Holds what no copy can be made of."""

    def __init__(self):
        self.lock = (line for line in "")

    def __call__(self, preds, data):
        return scipy_log_loss(preds, data)


@wrong(BCE, kind="sklearn", errors={"not-deep-copyable"}, warnings={"not-picklable"})
class NoCopiesForEstimators(NoCopies):
    def __call__(self, y_true, y_pred, sample_weight=None):
        return sklearn_log_loss(y_true, y_pred, sample_weight)


@wrong(BCE, kind="xgboost", warnings={"not-picklable", "not-deep-copyable"})
class ExitsInCopies:
    """Leaves when it is copied."""

    def __reduce__(self):
        sys.exit(0)

    def __call__(self, preds, data):
        return scipy_log_loss(preds, data)


@wrong(gp.WeightedCrossEntropy(ALPHA), kind="lightgbm", errors={"copy-differs"})
class Unfinished:
    """Restored from a pickle without what it needs."""

    def __init__(self):
        self.alpha = ALPHA

    def __getstate__(self):
        return {"alphas": self.alpha}

    def __call__(self, preds, data):
        return with_parameter(preds, data, self.alpha)


class Forgetful:
    """Loses its parameter in a copy."""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def __reduce__(self):
        return Forgetful, ()

    def __call__(self, preds, data):
        return with_parameter(preds, data, self.alpha)


wrong(gp.WeightedCrossEntropy(ALPHA), kind="lightgbm", errors={"copy-differs"})(Forgetful(ALPHA))


LAMBDA = wrong(BCE, warnings={"not-picklable"})(lambda *args: scipy_log_loss(*args))  # noqa: PLW0108
