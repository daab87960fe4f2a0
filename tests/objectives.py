"""Objectives as users write them, right and wrong, with what an audit must say of each."""

import functools
import sys
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

import gradpair as gp

BCE = gp.BinaryCrossEntropy()
ALPHA, GAMMA = 7.3, 2.0


@dataclass(frozen=True)
class Case:
    """An objective, how it is called, and the codes that an audit of it must find.

    ``errors`` and ``warnings`` are all that it may find of that severity.
    """

    objective: Any
    kind: str | None = None
    loss: Any = None
    errors: set[str] = field(default_factory=set)
    warnings: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)

    def __str__(self):
        name = getattr(self.objective, "__name__", type(self.objective).__name__)
        return f"{name}-{self.kind}"


def weight_of(data):
    """Weights of host data, 1 where there are none."""
    weight = data.get_weight()
    return 1.0 if weight is None or not weight.size else weight


# Losses as plain functions.


def squared_error(y_true, raw_prediction):
    return 0.5 * (raw_prediction - y_true) ** 2


def brier(y_true, raw_prediction):
    return (expit(raw_prediction) - y_true) ** 2


def log_loss(y_true, raw_prediction):
    return np.logaddexp(0, raw_prediction) - y_true * raw_prediction


def summed_log_loss(y_true, raw_prediction):
    return log_loss(y_true, raw_prediction).sum()


def tiny_log_loss(y_true, raw_prediction):
    return 1e-9 * log_loss(y_true, raw_prediction)


# Right ones.


def scipy_log_loss(preds, data):
    p = expit(preds)
    w = weight_of(data)
    return w * (p - data.get_label()), w * p * expit(-preds)


def documented_by_xgboost(predt, dtrain):
    """XGBoost's logregobj, with the weights that it leaves out."""
    labels = dtrain.get_label()
    predt = 1.0 / (1.0 + np.exp(-predt))
    grad = predt - labels
    hess = predt * (1.0 - predt)
    return weight_of(dtrain) * grad, weight_of(dtrain) * hess


def documented_by_lightgbm(preds, train_data):
    """LightGBM's loglikelihood, with the weights that it leaves out."""
    labels = train_data.get_label()
    preds = 1.0 / (1.0 + np.exp(-preds))
    grad = preds - labels
    hess = preds * (1.0 - preds)
    return weight_of(train_data) * grad, weight_of(train_data) * hess


def sklearn_log_loss(y_true, y_pred, sample_weight=None):
    p = expit(y_pred)
    gradient, hessian = p - y_true, p * (1 - p)
    if sample_weight is None:
        return gradient, hessian
    return sample_weight * gradient, sample_weight * hessian


def margin_squared_error(preds, data):
    w = weight_of(data)
    return w * (preds - data.get_label()), w * np.ones_like(preds)


def squared_hinge(preds, data):
    """Twice the slack where there is any: kinks at the margins -1 and 1."""
    sign = 2 * data.get_label() - 1
    slack = np.maximum(1 - sign * preds, 0)
    w = weight_of(data)
    return -2 * w * sign * slack, 2.0 * w * (slack > 0)


def hinge(preds, data):
    sign = 2 * data.get_label() - 1
    w = weight_of(data)
    return -w * sign * (sign * preds < 1), w * np.ones_like(preds)


def brier_gauss_newton(preds, data):
    p, q = expit(preds), expit(-preds)
    w = weight_of(data)
    return 2 * w * (p - data.get_label()) * p * q, 2 * w * (p * q) ** 2


def brier_exact(preds, data):
    y, p, q = data.get_label(), expit(preds), expit(-preds)
    w = weight_of(data)
    return 2 * w * (p - y) * p * q, 2 * w * p * q * (p * q + (p - y) * (q - p))


def bounded_hessian(preds, data):
    gradient = expit(preds) - data.get_label()
    w = weight_of(data)
    return w * gradient, w * np.full_like(gradient, 0.25)


def floored_hessian(preds, data):
    p, w = expit(preds), weight_of(data)
    return w * (p - data.get_label()), np.maximum(w * p * (1 - p), 1e-6)


def class_weighted(preds, data):
    y, p = data.get_label(), expit(preds)
    w = weight_of(data) * np.where(y == 1, ALPHA, 1.0)
    return w * (p - y), w * p * (1 - p)


def float32_inside(preds, data):
    """What an automatic differentiation in float32 gives."""
    p = expit(preds.astype(np.float32))
    w = np.float32(weight_of(data))
    return w * (p - data.get_label()), w * p * (1 - p)


def central_difference_hessian(preds, data):
    y, w, step = data.get_label(), weight_of(data), 1e-3

    def gradient(z):
        return expit(z) - y

    return w * gradient(preds), w * (gradient(preds + step) - gradient(preds - step)) / (2 * step)


def column_output(preds, data):
    return tuple(column.reshape(-1, 1) for column in scipy_log_loss(preds, data))


def stacked_output(preds, data):
    """One array of two rows, which hosts unpack."""
    return np.stack(scipy_log_loss(preds, data))


def log_cosh(preds, data):
    """A gradient that is exactly 1 far out, in float32 from 9 on."""
    w = weight_of(data)
    slope = np.tanh(preds - data.get_label())
    return w * slope, w * (1 - slope**2)


def list_output(preds, data):
    return tuple(column.tolist() for column in scipy_log_loss(preds, data))


def integer_hessian(preds, data):
    w = weight_of(data)
    return w * (preds - data.get_label()), np.ones(preds.size, dtype=int) * w


class Smoothed:
    """Label smoothing, as a callable with a parameter."""

    def __init__(self, share):
        self.share = share

    def __call__(self, preds, data):
        p, w = expit(preds), weight_of(data)
        y = (1 - self.share) * data.get_label() + self.share / 2
        return w * (p - y), w * p * (1 - p)


def with_parameter(preds, data, alpha):
    y, p, q = data.get_label(), expit(preds), expit(-preds)
    w = weight_of(data)
    return w * ((1 - y) * p - alpha * y * q), w * (alpha * y + 1 - y) * p * q


def focal_gradient(y, z, gamma=GAMMA):
    p, q = expit(z), expit(-z)
    positive = -(q**gamma) * (gamma * p * np.logaddexp(0, -z) + q)
    negative = p**gamma * (gamma * q * np.logaddexp(0, z) + p)
    return np.where(y == 1, positive, negative)


def focal_positive(preds, data):
    """Focal loss with its hessian's negative term left out."""
    y, w = data.get_label(), weight_of(data)
    z = np.where(y == 1, preds, -preds)
    p, q = expit(z), expit(-z)
    hessian = q**GAMMA * p * (GAMMA**2 * p * np.logaddexp(0, -z) + (1 + 2 * GAMMA) * q)
    return w * focal_gradient(y, preds), w * hessian


def both(objective, *args, **kwargs):
    """Return an objective as a case of either host."""
    return [Case(objective, kind, *args, **kwargs) for kind in ("xgboost", "lightgbm")]


def balanced_inside(preds, data):
    """Cross-entropy that gives both classes of the rows it gets the same total weight."""
    y, w = data.get_label(), weight_of(data)
    total = np.bincount(y > 0.5, np.broadcast_to(w, y.shape), minlength=2)
    return with_parameter(preds, data, total[0] / total[1])


def deprecated(preds, data):
    warnings.warn("call it otherwise", DeprecationWarning, stacklevel=2)
    return scipy_log_loss(preds, data)


@dataclass(frozen=True)
class Shifted(gp.Loss):
    """Weighted cross-entropy without closed forms in its tails, with both calibration hooks."""

    alpha: float = ALPHA

    def _loss(self, y_true, raw_prediction):
        zeros, ones = np.logaddexp(0, raw_prediction), np.logaddexp(0, -raw_prediction)
        return self.alpha * y_true * ones + (1 - y_true) * zeros

    def _gradient_hessian(self, y_true, raw_prediction):
        p = expit(raw_prediction)
        weight = self.alpha * y_true + 1 - y_true
        return weight * p - self.alpha * y_true, weight * p * (1 - p)

    @property
    def calibration_shift(self):
        return -np.log(self.alpha)

    def _log_gradients(self, raw_prediction):
        ones, zeros = gp.log_sigmoid(-raw_prediction), gp.log_sigmoid(raw_prediction)
        return ones + np.log(self.alpha), zeros


@dataclass(frozen=True)
class ShiftedInFloat32(Shifted):
    def _gradient_hessian(self, y_true, raw_prediction):
        columns = super()._gradient_hessian(np.float32(y_true), np.float32(raw_prediction))
        return tuple(column.astype(raw_prediction.dtype) for column in columns)


SURROGATE = {"hessian-surrogate"}
OVERFLOW = {"numerical-warning"}

RIGHT = [
    *both(scipy_log_loss, BCE),
    *both(scipy_log_loss, log_loss),
    Case(documented_by_xgboost, "xgboost", BCE, warnings=OVERFLOW),
    Case(documented_by_lightgbm, "lightgbm", BCE, warnings=OVERFLOW),
    Case(sklearn_log_loss, "sklearn", BCE),
    *both(margin_squared_error, squared_error),
    *both(squared_hinge, notes={"soft-labels"}),
    *both(hinge, notes=SURROGATE | {"soft-labels"}),
    *both(brier_gauss_newton, brier, notes=SURROGATE),
    *both(brier_exact, brier, warnings={"hessian-negative"}),
    *both(bounded_hessian, BCE, notes=SURROGATE),
    *both(floored_hessian, BCE),
    *both(class_weighted, gp.WeightedCrossEntropy(ALPHA), notes={"soft-labels"}),
    *both(float32_inside, BCE),
    Case(central_difference_hessian, "lightgbm", BCE),
    Case(column_output, "xgboost", BCE),
    Case(list_output, "lightgbm", BCE),
    *both(stacked_output, BCE),
    Case(log_cosh, "lightgbm", notes={"soft-labels"}),
    Case(log_cosh, "xgboost", warnings={"hessian-zero"}, notes={"soft-labels"}),
    *both(integer_hessian, squared_error),
    *both(Smoothed(0.1)),
    *both(functools.partial(with_parameter, alpha=ALPHA), gp.WeightedCrossEntropy(ALPHA)),
    *both(focal_positive, gp.FocalLoss(GAMMA), notes=SURROGATE | {"soft-labels"}),
    *both(balanced_inside, BCE, warnings={"class-balanced"}, notes={"soft-labels"}),
    *both(
        balanced_inside,
        gp.WeightedCrossEntropy(ALPHA),
        warnings={"class-balanced"},
        notes={"soft-labels"},
    ),
    *both(deprecated, BCE),
    Case(Shifted()),
    Case(ShiftedInFloat32()),
]


# Wrong ones.


def focal_with_label_power(preds, data):
    """(1 - y)**gamma where (1 - p)**gamma belongs."""
    y, w = data.get_label(), weight_of(data)
    z = np.where(y == 1, preds, -preds)
    p, q = expit(z), expit(-z)
    factor = np.where(y == 1, (1 - y) ** GAMMA, y**GAMMA)
    hessian = factor * p * (GAMMA**2 * p * np.logaddexp(0, -z) + (1 + 2 * GAMMA) * q)
    return w * focal_gradient(y, preds), w * hessian


def unweighted(preds, data):
    p = expit(preds)
    return p - data.get_label(), p * (1 - p)


def unweighted_hessian(preds, data):
    p = expit(preds)
    return weight_of(data) * (p - data.get_label()), p * (1 - p)


def normalised_weights(preds, data):
    p, w = expit(preds), weight_of(data) / np.mean(weight_of(data))
    return w * (p - data.get_label()), w * p * (1 - p)


def square_root_of_weights(preds, data):
    p, w = expit(preds), np.sqrt(weight_of(data))
    return w * (p - data.get_label()), w * p * (1 - p)


def needs_weights(preds, data):
    p, w = expit(preds), data.get_weight()
    return w * (p - data.get_label()), w * p * (1 - p)


def clipped(preds, data):
    p, w = np.clip(expit(preds), 0.01, 0.99), weight_of(data)
    return w * (p - data.get_label()), w * p * (1 - p)


def clipped_through(preds, data):
    """The derivative of a loss of clipped probabilities, as automatic differentiation gives it."""
    p, w = expit(preds), weight_of(data)
    inside = (p > 1e-3) & (p < 1 - 1e-3)
    return w * (p - data.get_label()) * inside, w * p * (1 - p)


def second_difference_hessian(preds, data):
    y, w, step = data.get_label(), weight_of(data), 1e-6

    def loss(z):
        return log_loss(y, z)

    z = preds.astype(np.float64)
    first = (loss(z + step) - loss(z - step)) / (2 * step)
    return w * first, w * (loss(z + step) - 2 * loss(z) + loss(z - step)) / step**2


def alpha_to_the_label(preds, data):
    y, p, q = data.get_label(), expit(preds), expit(-preds)
    w = weight_of(data) * ALPHA**y
    return w * (p - y), w * p * q


def half_precision(preds, data):
    return tuple(column.astype(np.float16) for column in scipy_log_loss(preds, data))


def foreign_byte_order(preds, data):
    return tuple(column.astype(">f4") for column in scipy_log_loss(preds, data))


def unaligned(preds, data):
    """Columns of a packed record, a byte off."""
    record = np.empty(preds.size, dtype="b, f4, f4")
    record["f1"], record["f2"] = scipy_log_loss(preds, data)
    return record["f1"], record["f2"]


def boolean_hessian(preds, data):
    sign = 2 * data.get_label() - 1
    slack = np.maximum(1 - sign * preds, 0)
    return -sign * slack * weight_of(data), slack > 0


def strided(preds, data):
    both = np.stack(scipy_log_loss(preds, data), axis=1).astype(np.float32)
    return both[:, 0], both[:, 1]


def series_output(preds, data):
    return tuple(map(pd.Series, scipy_log_loss(preds, data)))


def clipped_margin(preds, data):
    return scipy_log_loss(np.clip(preds, -14, 14), data)


def clipped_probability(preds, data):
    """Clipped where log loss hardly changes any more."""
    p, w = np.clip(expit(preds), 1e-5, 1 - 1e-5), weight_of(data)
    return w * (p - data.get_label()), w * p * (1 - p)


def clipped_squares(preds, data):
    return margin_squared_error(np.clip(preds, -14, 14), data)


def half_for_zeros(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    factor = np.where(data.get_label() == 0, 0.5, 1.0)
    return factor * gradient, factor * hessian


def thousandfold_for_ones(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    factor = np.where(data.get_label() == 1, 1000.0, 1.0)
    return factor * gradient, factor * hessian


def tiny_half_for_zeros(preds, data):
    return tuple(1e-9 * column for column in half_for_zeros(preds, data))


def one_row_not_a_number(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    gradient[0] = np.nan
    return gradient, hessian


def exits(preds, data):
    sys.exit(0)


class Remembering:
    """Keeps the margins for later."""

    def __init__(self):
        self.seen = None

    def __call__(self, preds, data):
        self.seen = preds[:5]
        return scipy_log_loss(preds, data)


def in_place(preds, data):
    w = weight_of(data)
    expit(preds, out=preds)
    hessian = preds * (1 - preds)
    return w * (preds - data.get_label()), w * hessian


def returns_the_buffer(preds, data):
    w = weight_of(data)
    preds -= data.get_label()
    preds *= w
    return preds, w * np.ones_like(preds)


def changes_labels(preds, data):
    sign = data.get_label()
    sign *= 2
    sign -= 1
    slope = expit(-sign * preds)
    w = weight_of(data)
    return -w * sign * slope, w * slope * (1 - slope)


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


def sign_error(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    return -gradient, hessian


def log_likelihood(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    return -gradient, -hessian


def two_parameters(y_true, y_pred):
    p = expit(y_pred)
    return p - y_true, p * (1 - p)


def weight_of_another_name(y_true, y_pred, weight=None):
    return sklearn_log_loss(y_true, y_pred, weight)


def weight_by_keyword(y_true, y_pred, *, sample_weight=None):
    return sklearn_log_loss(y_true, y_pred, sample_weight)


def weight_without_default(y_true, y_pred, sample_weight):
    return sklearn_log_loss(y_true, y_pred, sample_weight)


def parameter_in_third_place(y_true, y_pred, alpha=ALPHA):
    p, q = expit(y_pred), expit(-y_pred)
    w = alpha * y_true + 1 - y_true
    return w * (p - y_true), w * p * q


def parameter_in_fourth_place(y_true, y_pred, sample_weight=None, smoothing=0.1):
    y = y_true if smoothing is None else (1 - smoothing) * y_true + smoothing / 2
    return sklearn_log_loss(y, y_pred, sample_weight)


def partial_target(y_true, y_pred, sample_weight=None, smoothing=0.0):
    y = (1 - smoothing) * y_true + smoothing / 2
    return sklearn_log_loss(y, y_pred, sample_weight)


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


def averaged(preds, data):
    return tuple(column / preds.size for column in scipy_log_loss(preds, data))


def normalised_in_batch(preds, data):
    gradient, hessian = scipy_log_loss(preds - preds.mean(), data)
    return gradient, hessian


def soft_f1(preds, data):
    """The derivatives of a score of all rows together."""
    y, p = data.get_label(), expit(preds)
    total = (y + p).sum()
    slope = p * (1 - p)
    return 2 * slope * ((y * p).sum() - y * total) / total**2, slope


def summed(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    return gradient.sum(), hessian.sum()


def gradient_only(preds, data):
    return scipy_log_loss(preds, data)[0]


def outer_product(preds, data):
    p = expit(preds).reshape(-1, 1)
    return p - data.get_label(), p * (1 - p)


def raises(preds, data):
    return preds @ np.ones(3), preds


def log_of_probability(preds, data):
    """Focal loss by its textbook formula, in which p rounds to 0 and 1."""
    y, p, w = data.get_label(), 1 / (1 + np.exp(-preds)), weight_of(data)
    pt = np.where(y == 1, p, 1 - p)
    gradient = (2 * y - 1) * (1 - pt) ** GAMMA * (GAMMA * pt * np.log(pt) + pt - 1)
    return w * gradient, w * np.ones_like(preds)


def exponential(preds, data):
    """AdaBoost's loss, whose derivatives overflow."""
    sign, w = 2 * data.get_label() - 1, weight_of(data)
    size = np.exp(-sign * preds)
    return -w * sign * size, w * size


def wrong_factor(preds, data):
    """Brier score without the 2, and a hessian without it too."""
    gradient, hessian = brier_gauss_newton(preds, data)
    return gradient / 2, hessian / 2


def billionfold(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    return 1e9 * gradient, 1e9 * hessian


def wrong_loss(preds, data):
    """Brier score where log loss is meant."""
    return brier_gauss_newton(preds, data)


def half_the_hessian(preds, data):
    gradient, hessian = scipy_log_loss(preds, data)
    return gradient, hessian / 2


def no_chain_rule(preds, data):
    """Derivatives with respect to the probability."""
    y, p, w = data.get_label(), expit(preds), weight_of(data)
    return w * (p - y) / (p * (1 - p)), w * (y / p**2 + (1 - y) / (1 - p) ** 2)


def zero_where_negative(preds, data):
    gradient, hessian = brier_exact(preds, data)
    return gradient, np.maximum(hessian, 0)


class NoCopies:
    """Holds what no copy can be made of."""

    def __init__(self):
        self.lock = (line for line in "")

    def __call__(self, preds, data):
        return scipy_log_loss(preds, data)


class ExitsInCopies:
    """Leaves when it is copied."""

    def __reduce__(self):
        sys.exit(0)

    def __call__(self, preds, data):
        return scipy_log_loss(preds, data)


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


@dataclass(frozen=True)
class ClaimsConvex(gp.Loss):
    """Brier score that says it is convex."""

    def _loss(self, y_true, raw_prediction):
        return brier(y_true, raw_prediction)

    def _gradient_hessian(self, y_true, raw_prediction):
        p, q = gp.sigmoid(raw_prediction), gp.sigmoid(-raw_prediction)
        residual = (1 - y_true) * p - y_true * q
        return 2 * residual * p * q, 2 * p * q * (p * q + residual * (q - p))


@dataclass(frozen=True)
class NoPositiveHessian(ClaimsConvex):
    convex = False


@dataclass(frozen=True)
class WrongPositiveHessian(NoPositiveHessian):
    def _gradient_positive_hessian(self, y_true, raw_prediction):
        return self._gradient_hessian(y_true, raw_prediction)


@dataclass(frozen=True)
class WrongHooks(gp.Loss):
    """Float64 whatever comes in, a sign too many, and a power of the label."""

    def _loss(self, y_true, raw_prediction):
        return -log_loss(y_true, raw_prediction)

    def _gradient_hessian(self, y_true, raw_prediction):
        p, q = expit(raw_prediction.astype(float)), expit(-raw_prediction.astype(float))
        factor = ALPHA**y_true
        return factor * (p - y_true), factor * p * q


@dataclass(frozen=True)
class RaisingPositiveHessian(NoPositiveHessian):
    def _gradient_positive_hessian(self, y_true, raw_prediction):
        msg = "not today"
        raise ValueError(msg)


@dataclass(frozen=True)
class OnePositiveHessian(NoPositiveHessian):
    def _gradient_positive_hessian(self, y_true, raw_prediction):
        return 2 * (gp.sigmoid(raw_prediction) * gp.sigmoid(-raw_prediction)) ** 2


@dataclass(frozen=True)
class RaisingLoss(Shifted):
    def _loss(self, y_true, raw_prediction):
        msg = "not today"
        raise RuntimeError(msg)


@dataclass(frozen=True)
class AveragedLoss(Shifted):
    def _loss(self, y_true, raw_prediction):
        return super()._loss(y_true, raw_prediction).mean()


@dataclass(frozen=True)
class WrongShift(Shifted):
    calibration_shift = 3.0


@dataclass(frozen=True)
class ShiftForNone(gp.FocalLoss):
    calibration_shift = 0.0


@dataclass(frozen=True)
class RaisingShift(Shifted):
    @property
    def calibration_shift(self):
        msg = "not today"
        raise ZeroDivisionError(msg)


@dataclass(frozen=True)
class SwappedLogGradients(Shifted):
    def _log_gradients(self, raw_prediction):
        return super()._log_gradients(raw_prediction)[::-1]


@dataclass(frozen=True)
class LogGradientsOfRoundedNumbers(gp.FocalLoss):
    """Right where most margins are, and infinite where 1 - p rounds to 0."""

    def _log_gradients(self, raw_prediction):
        p, q = expit(raw_prediction), 1 - expit(raw_prediction)
        ones = q**self.gamma * (q - self.gamma * p * np.log(p))
        zeros = p**self.gamma * (p - self.gamma * q * np.log(q))
        return np.log(self.alpha * ones), np.log(zeros)


LAMBDA = lambda *args: scipy_log_loss(*args)  # noqa: E731, PLW0108

WRONG = [
    *both(focal_with_label_power, gp.FocalLoss(GAMMA), {"hessian"}, {"hessian-zero"}),
    *both(unweighted, BCE, {"weights-dropped"}),
    *both(unweighted_hessian, BCE, {"weights-dropped"}),
    *both(normalised_weights, BCE, warnings={"weights-rescaled"}),
    *both(square_root_of_weights, BCE, {"weights"}),
    *both(needs_weights, BCE, {"weights-absent"}),
    *both(clipped, BCE, {"frozen", "gradient"}),
    *both(clipped, None, warnings={"frozen"}, notes=SURROGATE),
    *both(clipped_through, BCE, {"frozen", "gradient"}),
    *both(clipped_through, None, warnings={"frozen"}, notes=SURROGATE),
    *both(second_difference_hessian, BCE, {"hessian"}, {"hessian-negative", "hessian-zero"}),
    *both(alpha_to_the_label, gp.WeightedCrossEntropy(ALPHA), notes={"soft-labels"}),
    *both(clipped_margin, BCE, warnings={"frozen"}),
    *both(clipped_probability, BCE, warnings={"frozen"}),
    *both(clipped_squares, squared_error, {"frozen"}),
    *both(scipy_log_loss, gp.WeightedCrossEntropy(ALPHA), {"gradient"}),
    *both(class_weighted, BCE, {"gradient"}),
    *both(half_for_zeros, BCE, {"gradient"}),
    *both(tiny_half_for_zeros, tiny_log_loss, {"gradient"}),
    *both(thousandfold_for_ones, BCE, {"gradient"}),
    *both(one_row_not_a_number, BCE, {"not-finite"}),
    *both(exits, BCE, {"raises"}),
    Case(half_precision, "xgboost", BCE, {"output-dtype"}, {"frozen"}),
    Case(half_precision, "lightgbm", BCE, warnings={"output-dtype", "frozen"}),
    Case(foreign_byte_order, "xgboost", BCE, {"output-dtype"}),
    Case(unaligned, "xgboost", BCE, {"output-dtype"}),
    Case(boolean_hessian, "xgboost", None, {"output-dtype", "weights-dropped"}),
    Case(strided, "lightgbm", BCE, {"output-layout"}),
    Case(column_output, "lightgbm", BCE, warnings={"output-shape"}),
    Case(list_output, "xgboost", BCE, {"output-type"}),
    Case(series_output, "xgboost", BCE, {"output-type"}),
    Case(Remembering(), "lightgbm", BCE, {"buffer-retained"}),
    Case(Remembering(), "xgboost", BCE, warnings={"buffer-retained"}),
    Case(in_place, "lightgbm", BCE, {"buffer-mutated"}),
    Case(in_place, "xgboost", BCE, warnings={"buffer-mutated"}),
    Case(returns_the_buffer, "lightgbm", squared_error, {"buffer-mutated", "buffer-returned"}),
    Case(changes_labels, "lightgbm", None, {"labels-mutated"}),
    *both(Reusing(), BCE, {"buffer-reused"}),
    *both(sign_error, BCE, {"sign", "gradient"}, notes=SURROGATE),
    *both(log_likelihood, BCE, {"sign", "gradient"}, {"hessian-negative"}),
    Case(two_parameters, "sklearn", BCE, {"weights-dropped"}, {"weights-refused"}),
    Case(weight_of_another_name, "sklearn", BCE, warnings={"weights-refused"}),
    Case(weight_by_keyword, "sklearn", BCE, warnings={"raises"}),
    Case(weight_without_default, "sklearn", BCE, warnings={"weights-absent"}),
    Case(
        parameter_in_third_place,
        "sklearn",
        None,
        {"weights"},
        {"weights-absent", "weights-refused"},
    ),
    Case(parameter_in_fourth_place, "sklearn", None, {"group-parameter"}),
    Case(functools.partial(partial_target, smoothing=0.1), "sklearn", None, warnings={"raises"}),
    *both(LAMBDA, BCE, warnings={"not-picklable"}),
    Case(NoCopies(), "xgboost", BCE, warnings={"not-picklable", "not-deep-copyable"}),
    Case(NoCopies(), "lightgbm", BCE, {"not-deep-copyable"}, {"not-picklable"}),
    Case(ExitsInCopies(), "xgboost", BCE, warnings={"not-picklable", "not-deep-copyable"}),
    Case(Unfinished(), "lightgbm", gp.WeightedCrossEntropy(ALPHA), {"copy-differs"}),
    Case(Forgetful(ALPHA), "lightgbm", gp.WeightedCrossEntropy(ALPHA), {"copy-differs"}),
    *both(random_output, BCE, {"not-deterministic"}),
    *both(averaged, None, {"averaged"}),
    *both(normalised_in_batch, None, warnings={"rows-coupled"}),
    *both(soft_f1, warnings={"rows-coupled"}),
    *both(summed, BCE, {"output-shape"}),
    *both(gradient_only, BCE, {"output-shape"}),
    *both(outer_product, BCE, {"output-shape"}),
    *both(raises, BCE, {"raises"}),
    *both(log_of_probability, gp.FocalLoss(GAMMA), {"not-finite"}, {"numerical-warning"}),
    *both(exponential, None, {"not-finite"}, {"numerical-warning"}, {"soft-labels"}),
    *both(wrong_factor, brier, warnings={"gradient-rescaled"}, notes=SURROGATE),
    *both(billionfold, BCE, warnings={"gradient-rescaled"}),
    *both(wrong_loss, BCE, {"gradient"}, notes=SURROGATE),
    *both(half_the_hessian, BCE, {"hessian"}),
    *both(no_chain_rule, BCE, {"gradient", "not-finite"}, {"numerical-warning"}),
    *both(zero_where_negative, brier, warnings={"hessian-zero"}),
    Case(ClaimsConvex(), errors={"convex"}),
    Case(NoPositiveHessian(), errors={"positive-hessian"}),
    Case(WrongPositiveHessian(), errors={"positive-hessian"}),
    Case(RaisingPositiveHessian(), errors={"raises"}),
    Case(OnePositiveHessian(), errors={"output-shape"}),
    Case(RaisingLoss(), errors={"raises"}),
    Case(AveragedLoss(), errors={"output-shape"}),
    Case(WrongShift(), errors={"calibration"}),
    Case(ShiftForNone(), errors={"calibration"}),
    Case(RaisingShift(), errors={"raises"}),
    Case(SwappedLogGradients(), errors={"calibration"}),
    Case(LogGradientsOfRoundedNumbers(), errors={"calibration"}),
    Case(WrongHooks(), errors={"gradient", "soft-labels", "output-dtype"}),
]
