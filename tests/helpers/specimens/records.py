"""Losses as records, right and wrong."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

import gradpair as gp
from helpers.specimens.case import ALPHA, right, wrong
from helpers.specimens.right import brier, log_loss


@right()
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


@right()
@dataclass(frozen=True)
class ShiftedInFloat32(Shifted):
    def _gradient_hessian(self, y_true, raw_prediction):
        columns = super()._gradient_hessian(np.float32(y_true), np.float32(raw_prediction))
        return tuple(column.astype(raw_prediction.dtype) for column in columns)


@wrong(errors={"convex"})
@dataclass(frozen=True)
class ClaimsConvex(gp.Loss):
    """Brier score that says it is convex."""

    def _loss(self, y_true, raw_prediction):
        return brier(y_true, raw_prediction)

    def _gradient_hessian(self, y_true, raw_prediction):
        p, q = gp.sigmoid(raw_prediction), gp.sigmoid(-raw_prediction)
        residual = (1 - y_true) * p - y_true * q
        return 2 * residual * p * q, 2 * p * q * (p * q + residual * (q - p))


@wrong(errors={"positive-hessian"})
@dataclass(frozen=True)
class NoPositiveHessian(ClaimsConvex):
    convex = False


@wrong(errors={"positive-hessian"})
@dataclass(frozen=True)
class WrongPositiveHessian(NoPositiveHessian):
    def _gradient_positive_hessian(self, y_true, raw_prediction):
        return self._gradient_hessian(y_true, raw_prediction)


@wrong(errors={"frozen"})
@dataclass(frozen=True)
class Clipped(Shifted):
    """The gradient of a clipped probability."""

    def _gradient_hessian(self, y_true, raw_prediction):
        gradient, hessian = super()._gradient_hessian(y_true, raw_prediction)
        return np.where(np.abs(raw_prediction) < 16.1, gradient, 0), hessian


@wrong(errors={"gradient", "soft-labels", "output-dtype"})
@dataclass(frozen=True)
class WrongHooks(gp.Loss):
    """Float64 whatever comes in, a sign too many, and a power of the label."""

    def _loss(self, y_true, raw_prediction):
        return -log_loss(y_true, raw_prediction)

    def _gradient_hessian(self, y_true, raw_prediction):
        p, q = expit(raw_prediction.astype(float)), expit(-raw_prediction.astype(float))
        factor = ALPHA**y_true
        return factor * (p - y_true), factor * p * q


@wrong(errors={"not-finite"})
@dataclass(frozen=True)
class NotFinite(Shifted):
    """Overflows in both precisions."""

    def _gradient_hessian(self, y_true, raw_prediction):
        gradient, hessian = super()._gradient_hessian(y_true, raw_prediction)
        return gradient, hessian + 0 * np.exp(raw_prediction)


@wrong(errors={"raises"})
@dataclass(frozen=True)
class RaisingPositiveHessian(NoPositiveHessian):
    def _gradient_positive_hessian(self, y_true, raw_prediction):
        msg = "not today"
        raise ValueError(msg)


@wrong(errors={"output-shape"})
@dataclass(frozen=True)
class OnePositiveHessian(NoPositiveHessian):
    def _gradient_positive_hessian(self, y_true, raw_prediction):
        return 2 * (gp.sigmoid(raw_prediction) * gp.sigmoid(-raw_prediction)) ** 2


@wrong(errors={"raises"})
@dataclass(frozen=True)
class RaisingLoss(Shifted):
    def _loss(self, y_true, raw_prediction):
        msg = "not today"
        raise RuntimeError(msg)


@wrong(errors={"output-shape"})
@dataclass(frozen=True)
class AveragedLoss(Shifted):
    def _loss(self, y_true, raw_prediction):
        return super()._loss(y_true, raw_prediction).mean()


@wrong(errors={"calibration"})
@dataclass(frozen=True)
class WrongShift(Shifted):
    calibration_shift = 3.0


@wrong(errors={"calibration"})
@dataclass(frozen=True)
class ShiftForNone(gp.FocalLoss):
    calibration_shift = 0.0


@wrong(errors={"raises"})
@dataclass(frozen=True)
class RaisingShift(Shifted):
    @property
    def calibration_shift(self):
        msg = "not today"
        raise ZeroDivisionError(msg)


@wrong(errors={"calibration"})
@dataclass(frozen=True)
class SwappedLogGradients(Shifted):
    def _log_gradients(self, raw_prediction):
        return super()._log_gradients(raw_prediction)[::-1]


@wrong(errors={"calibration"})
@dataclass(frozen=True)
class LogGradientsOfRoundedNumbers(gp.FocalLoss):
    """Right where most margins are, and infinite where 1 - p rounds to 0."""

    def _log_gradients(self, raw_prediction):
        p, q = expit(raw_prediction), 1 - expit(raw_prediction)
        ones = q**self.gamma * (q - self.gamma * p * np.log(p))
        zeros = p**self.gamma * (p - self.gamma * q * np.log(q))
        return np.log(self.alpha * ones), np.log(zeros)
