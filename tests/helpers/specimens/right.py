"""Objectives as users write them, all of them right, and losses as plain functions."""

import functools
import warnings

import numpy as np
from scipy.special import expit

import gradpair as gp
from helpers.specimens.case import (
    ALPHA,
    BCE,
    GAMMA,
    HARD,
    OVERFLOW,
    SURROGATE,
    right,
    weight_of,
    wrong,
)


def squared_error(y_true, raw_prediction):
    return 0.5 * (raw_prediction - y_true) ** 2


def brier(y_true, raw_prediction):
    return (expit(raw_prediction) - y_true) ** 2


def log_loss(y_true, raw_prediction):
    return np.logaddexp(0, raw_prediction) - y_true * raw_prediction


def overflowing_log_loss(y_true, raw_prediction):
    """Infinite where 1 - p rounds to 0."""
    return -np.log(1 - expit((1 - 2 * y_true) * raw_prediction))


def capped_hinge_loss(y_true, raw_prediction):
    return np.clip(1 - (2 * y_true - 1) * raw_prediction, 0, 7)


def exponential_loss(y_true, raw_prediction):
    return np.exp((1 - 2 * y_true) * raw_prediction)


def summed_log_loss(y_true, raw_prediction):
    return log_loss(y_true, raw_prediction).sum()


def tiny_log_loss(y_true, raw_prediction):
    return 1e-9 * log_loss(y_true, raw_prediction)


@right(BCE)
@right(log_loss)
@wrong(gp.WeightedCrossEntropy(ALPHA), errors={"gradient"})
def scipy_log_loss(preds, data):
    p = expit(preds)
    w = weight_of(data)
    return w * (p - data.get_label()), w * p * expit(-preds)


@right(BCE, kind="xgboost", warnings=OVERFLOW)
def documented_by_xgboost(predt, dtrain):
    """XGBoost's logregobj, with the weights that it leaves out."""
    labels = dtrain.get_label()
    predt = 1.0 / (1.0 + np.exp(-predt))
    grad = predt - labels
    hess = predt * (1.0 - predt)
    return weight_of(dtrain) * grad, weight_of(dtrain) * hess


@right(BCE, kind="lightgbm", warnings=OVERFLOW)
def documented_by_lightgbm(preds, train_data):
    """LightGBM's loglikelihood, with the weights that it leaves out."""
    labels = train_data.get_label()
    preds = 1.0 / (1.0 + np.exp(-preds))
    grad = preds - labels
    hess = preds * (1.0 - preds)
    return weight_of(train_data) * grad, weight_of(train_data) * hess


@right(BCE, kind="sklearn")
def sklearn_log_loss(y_true, y_pred, sample_weight=None):
    p = expit(y_pred)
    gradient, hessian = p - y_true, p * (1 - p)
    if sample_weight is None:
        return gradient, hessian
    return sample_weight * gradient, sample_weight * hessian


@right(squared_error)
def margin_squared_error(preds, data):
    w = weight_of(data)
    return w * (preds - data.get_label()), w * np.ones_like(preds)


@right(notes=HARD)
def squared_hinge(preds, data):
    """Twice the slack where there is any: kinks at the margins -1 and 1."""
    sign = 2 * data.get_label() - 1
    slack = np.maximum(1 - sign * preds, 0)
    w = weight_of(data)
    return -2 * w * sign * slack, 2.0 * w * (slack > 0)


@right(notes=SURROGATE | HARD)
def hinge(preds, data):
    sign = 2 * data.get_label() - 1
    w = weight_of(data)
    return -w * sign * (sign * preds < 1), w * np.ones_like(preds)


@right(brier, notes=SURROGATE)
def brier_gauss_newton(preds, data):
    p, q = expit(preds), expit(-preds)
    w = weight_of(data)
    return 2 * w * (p - data.get_label()) * p * q, 2 * w * (p * q) ** 2


@right(brier, notes=SURROGATE)
@wrong(warnings={"frozen"}, notes=SURROGATE)
def brier_that_rounds(preds, data):
    """In float32 its gradient is 0 from a margin of 17 on, where it would be 1e-7."""
    p, w = expit(preds), weight_of(data)
    slope = p * (1 - p)
    return 2 * w * (p - data.get_label()) * slope, 2 * w * slope**2


@right(capped_hinge_loss, notes=SURROGATE | HARD)
@wrong(warnings={"frozen"}, notes=SURROGATE | HARD)
def capped_hinge(preds, data):
    """It lets go of rows beyond a margin of 6."""
    sign, w = 2 * data.get_label() - 1, weight_of(data)
    pulled = (sign * preds < 1) & (sign * preds > -6)
    return -w * sign * pulled, w * np.ones_like(preds)


@right(brier, warnings={"hessian-negative"})
def brier_exact(preds, data):
    y, p, q = data.get_label(), expit(preds), expit(-preds)
    w = weight_of(data)
    return 2 * w * (p - y) * p * q, 2 * w * p * q * (p * q + (p - y) * (q - p))


@right(BCE, notes=SURROGATE)
def bounded_hessian(preds, data):
    gradient = expit(preds) - data.get_label()
    w = weight_of(data)
    return w * gradient, w * np.full_like(gradient, 0.25)


@right(BCE)
def floored_hessian(preds, data):
    p, w = expit(preds), weight_of(data)
    return w * (p - data.get_label()), np.maximum(w * p * (1 - p), 1e-6)


@right(gp.WeightedCrossEntropy(ALPHA), notes=HARD)
@wrong(BCE, errors={"gradient"}, notes=HARD)
def class_weighted(preds, data):
    y, p = data.get_label(), expit(preds)
    w = weight_of(data) * np.where(y == 1, ALPHA, 1.0)
    return w * (p - y), w * p * (1 - p)


@right(BCE)
def float32_inside(preds, data):
    """What an automatic differentiation in float32 gives."""
    p = expit(preds.astype(np.float32))
    w = np.float32(weight_of(data))
    return w * (p - data.get_label()), w * p * (1 - p)


@right(BCE, kind="lightgbm")
def central_difference_hessian(preds, data):
    y, w, step = data.get_label(), weight_of(data), 1e-3

    def gradient(z):
        return expit(z) - y

    return w * gradient(preds), w * (gradient(preds + step) - gradient(preds - step)) / (2 * step)


@right(BCE, kind="xgboost")
@wrong(BCE, kind="lightgbm", warnings={"output-shape"})
def column_output(preds, data):
    return tuple(column.reshape(-1, 1) for column in scipy_log_loss(preds, data))


@right(BCE)
def stacked_output(preds, data):
    """One array of two rows, which hosts unpack."""
    return np.stack(scipy_log_loss(preds, data))


@right(kind="lightgbm", notes=HARD)
@right(kind="xgboost", warnings={"hessian-zero"}, notes=HARD)
def log_cosh(preds, data):
    """A gradient that is exactly 1 far out, in float32 from 9 on."""
    w = weight_of(data)
    slope = np.tanh(preds - data.get_label())
    return w * slope, w * (1 - slope**2)


@right(BCE, kind="lightgbm")
@wrong(BCE, kind="xgboost", errors={"output-type"})
def list_output(preds, data):
    return tuple(column.tolist() for column in scipy_log_loss(preds, data))


@right(squared_error)
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


right()(Smoothed(0.1))


def with_parameter(preds, data, alpha):
    y, p, q = data.get_label(), expit(preds), expit(-preds)
    w = weight_of(data)
    return w * ((1 - y) * p - alpha * y * q), w * (alpha * y + 1 - y) * p * q


right(gp.WeightedCrossEntropy(ALPHA))(functools.partial(with_parameter, alpha=ALPHA))


def focal_gradient(y, z, gamma=GAMMA):
    p, q = expit(z), expit(-z)
    positive = -(q**gamma) * (gamma * p * np.logaddexp(0, -z) + q)
    negative = p**gamma * (gamma * q * np.logaddexp(0, z) + p)
    return np.where(y == 1, positive, negative)


@right(gp.FocalLoss(GAMMA), notes=SURROGATE | HARD)
def focal_positive(preds, data):
    """Focal loss with its hessian's negative term left out."""
    y, w = data.get_label(), weight_of(data)
    z = np.where(y == 1, preds, -preds)
    p, q = expit(z), expit(-z)
    hessian = q**GAMMA * p * (GAMMA**2 * p * np.logaddexp(0, -z) + (1 + 2 * GAMMA) * q)
    return w * focal_gradient(y, preds), w * hessian


@right(BCE, warnings={"class-balanced"}, notes=HARD)
@right(gp.WeightedCrossEntropy(ALPHA), warnings={"class-balanced"}, notes=HARD)
def balanced_inside(preds, data):
    """Cross-entropy that gives both classes of the rows it gets the same total weight."""
    y, w = data.get_label(), weight_of(data)
    total = np.bincount(y > 0.5, np.broadcast_to(w, y.shape), minlength=2)
    return with_parameter(preds, data, total[0] / total[1])


@right(BCE)
def in_a_cycle(preds, data):
    """Leaves its margins to the garbage collector."""
    cycle = [preds]
    cycle.append(cycle)
    return scipy_log_loss(preds, data)


@right(BCE)
def deprecated(preds, data):
    warnings.warn("call it otherwise", DeprecationWarning, stacklevel=2)
    return scipy_log_loss(preds, data)
