"""The one table of losses that every property runs over, with their definitions.

Each row defines its loss twice: in SymPy, from which derivatives and pages are derived, and by the
textbook's terms of value, gradient and hessian in mpmath, which the number contract is held to.
"""

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp
import numpy as np

import gradpair as gp
from helpers.definition import INFINITY, Definition

# exp(-708) is 1e-308: that many digits keep 1 - p exact in both tails.
DIGITS = 360


Terms = list[mp.mpf]


@dataclass(frozen=True)
class Case:
    """A loss, its definition in SymPy, and value, gradient and hessian of z for a 1 and for a 0.

    Each of the three is a list of terms to add up, since an error counts relative to the largest of
    them. ``conditioning`` multiplies the error that the number contract allows. ``limits`` are what
    the losses of a 1 and of a 0 tend to where they are wrong, and ``highest`` is the probability
    below which every one has its margin.
    """

    loss: gp.Loss
    definition: Definition
    positive: Callable[[mp.mpf], tuple[Terms, Terms, Terms]]
    negative: Callable[[mp.mpf], tuple[Terms, Terms, Terms]]
    conditioning: float = 1.0
    limits: tuple[float, float] = (math.inf, math.inf)
    highest: float = 1.0

    def __str__(self) -> str:
        return repr(self.loss)

    def share(self, y):
        """The share that the class of 1 has in the loss of a label."""
        return y

    def scales(self, y, z):
        """Sums of the absolute values of the classes' terms in gradient and positive hessian."""
        sides = ((y, np.ones_like(z)), (1 - y, np.zeros_like(z)))
        parts = [np.abs(w * self.loss._gradient_positive_hessian(of, z)) for w, of in sides]
        return parts[0] + parts[1]

    def allowed_in_kernels(self, z, dtype):
        """Errors in eps: those of float32, and of rounding float64 margins, and what powers add."""
        distance = np.abs(z)
        rounding = distance / 2 if dtype == np.float64 else 0.0
        return (12 + rounding) * self.conditioning + (self.conditioning - 1) * distance

    def terms(self, y: float, z: float) -> list[Terms]:
        """Terms of value, gradient and hessian at one row."""
        with mp.workdps(DIGITS):
            y, z = mp.mpf(y), mp.mpf(z)
            return [
                [*(y * term for term in ones), *((1 - y) * term for term in zeros)]
                for ones, zeros in zip(self.positive(z), self.negative(z), strict=True)
            ]


def cross_entropy_costs(sp, sigmoid, z, alpha=1):
    return -alpha * sp.log(sigmoid(z)), -sp.log(sigmoid(-z))


CROSS_ENTROPY = Definition(cross_entropy_costs)
WEIGHTED = Definition(cross_entropy_costs, {"alpha": (0, INFINITY)})


def cross_entropy(loss: gp.Loss, alpha: float) -> Case:
    """Cross-entropy in the textbook's form, p - 1 and p (1 - p)."""
    definition = CROSS_ENTROPY if isinstance(loss, gp.BinaryCrossEntropy) else WEIGHTED

    def positive(z):
        p = 1 / (1 + mp.exp(-z))
        return [-alpha * mp.log(p)], [alpha * (p - 1)], [alpha * p * (1 - p)]

    def negative(z):
        p = 1 / (1 + mp.exp(-z))
        return [-mp.log(1 - p)], [p], [p * (1 - p)]

    return Case(loss, definition, positive, negative)


def focal_costs(sp, sigmoid, z, gamma, alpha):
    p, q = sigmoid(z), sigmoid(-z)
    return -alpha * q**gamma * sp.log(p), -(p**gamma) * sp.log(q)


FOCAL = Definition(focal_costs, {"gamma": (0, INFINITY), "alpha": (0, INFINITY)})


def focal(gamma: float, alpha: float) -> Case:
    """Focal loss, differentiated as a product of (1 - p)**gamma and -log(p)."""
    conditioning = 1 + gamma / 2
    loss, gamma = gp.FocalLoss(gamma, alpha), mp.mpf(gamma)

    def positive(z):
        p = 1 / (1 + mp.exp(-z))
        first = [gamma * p * mp.log(p), p - 1]
        second = [-gamma * gamma * p * p * mp.log(p), gamma * p * (1 - p) * mp.log(p)]
        second.append((1 + 2 * gamma) * p * (1 - p))
        scale = alpha * (1 - p) ** gamma
        values = [-mp.log(p)], first, second
        return tuple([scale * term for term in terms] for terms in values)

    def negative(z):
        value, first, second = positive(-z)
        return tuple(
            [sign * term / alpha for term in terms]
            for sign, terms in ((1, value), (-1, first), (1, second))
        )

    return Case(loss, FOCAL, positive, negative, conditioning)


def poly_costs(sp, sigmoid, z, epsilon):
    p, q = sigmoid(z), sigmoid(-z)
    return -sp.log(p) + epsilon * q, -sp.log(q) + epsilon * p


POLY = Definition(poly_costs, {"epsilon": (-1, INFINITY)})


def poly(epsilon: float) -> Case:
    """PolyLoss: in its derivatives 1 = p + (1 - p) leaves terms of one sign while it is convex."""
    loss, epsilon = gp.PolyLoss(epsilon), mp.mpf(epsilon)

    def positive(z):
        p, q = 1 / (1 + mp.exp(-z)), 1 / (1 + mp.exp(z))
        second = [(1 + epsilon) * p, (1 - epsilon) * q]
        if epsilon > 1:  # the hessian of cross-entropy, and that of epsilon q
            second = [1, epsilon * p, -epsilon * q]
        first = [-q * q, -(1 + epsilon) * p * q]
        return [-mp.log(p), epsilon * q], first, [p * q * term for term in second]

    def negative(z):
        value, first, second = positive(-z)
        return value, [-term for term in first], second

    return Case(loss, POLY, positive, negative)


def generalized_costs(sp, sigmoid, z, q):
    return (1 - sigmoid(z) ** q) / q, (1 - sigmoid(-z) ** q) / q


GENERALIZED = Definition(generalized_costs, {"q": (0, 1)})


def generalized(q: float) -> Case:
    """Generalized cross-entropy, the power of p differentiated as it stands."""
    loss, limit, q = gp.GeneralizedCrossEntropy(q), 1 / q, mp.mpf(q)

    def positive(z):
        p = 1 / (1 + mp.exp(-z))
        rest = p**q * (1 - p)
        return [(1 - p**q) / q], [-rest], [rest * p, -q * rest * (1 - p)]

    def negative(z):
        value, first, second = positive(-z)
        return value, [-term for term in first], second

    return Case(loss, GENERALIZED, positive, negative, limits=(limit, limit))


def asymmetric_costs(sp, sigmoid, z, gamma_positive, gamma_negative, margin):
    p, q = sigmoid(z), sigmoid(-z)
    of_zero = -((p - margin) ** gamma_negative) * sp.log(q + margin)
    return -(q**gamma_positive) * sp.log(p), sp.Piecewise((of_zero, p > margin), (0, True))


ASYMMETRIC = Definition(
    asymmetric_costs,
    {"gamma_positive": (0, INFINITY), "gamma_negative": (0, INFINITY), "margin": (0, 1)},
)


def asymmetric(gamma_positive: float, gamma_negative: float, margin: float) -> Case:
    """Asymmetric loss: of a 0, x**gamma times t = -log(1 - x), with x = p - margin above 0.

    The code forms x without a difference, so that its power has the conditioning of any other.
    """
    loss = gp.AsymmetricLoss(gamma_positive, gamma_negative, margin)
    positive, mirrored = focal(gamma_positive, 1.0), focal(gamma_negative, 1.0)
    conditioning = max(positive.conditioning, mirrored.conditioning)
    if margin == 0:
        return Case(loss, ASYMMETRIC, positive.positive, mirrored.negative, conditioning)
    gamma, m = mp.mpf(gamma_negative), mp.mpf(margin)

    def negative(z):
        p, q = 1 / (1 + mp.exp(-z)), 1 / (1 + mp.exp(z))
        if p <= m:
            return [mp.mpf(0)], [mp.mpf(0)], [mp.mpf(0)]
        x = p - m
        t, of_power, of_log = -mp.log(1 - x), gamma * x ** (gamma - 1), x**gamma / (1 - x)
        second = [
            gamma * (gamma - 1) * x ** (gamma - 2) * t * (p * q) ** 2,
            2 * of_power / (1 - x) * (p * q) ** 2,
            of_power * t * p * q * q,
            -of_power * t * p * p * q,
            # The second derivative of the logarithm and that of p q, of which q - (1 - x) is left.
            of_log * p * q * q,
            -of_log * p * p * q * m / (1 - x),
        ]
        return [x**gamma * t], [of_power * t * p * q, of_log * p * q], second

    limit = (1 - margin) ** gamma_negative * -math.log(margin)
    steepest = gamma_negative * limit / (1 - margin) + (1 - margin) ** gamma_negative / margin
    highest = 1.0 if gamma_positive else steepest / (1 + steepest)
    limits = math.inf, limit
    return Case(loss, ASYMMETRIC, positive.positive, negative, conditioning, limits, highest)


@functools.cache
def smoothed_costs(inner: Definition) -> Definition:
    def costs(sp, sigmoid, z, smoothing, **parameters):
        one, zero = inner.costs(sp, sigmoid, z, **parameters)
        half = smoothing / 2
        return (1 - half) * one + half * zero, half * one + (1 - half) * zero

    return Definition(costs, {**inner.ranges, "smoothing": (0, 1)})


@dataclass(frozen=True)
class SmoothedCase(Case):
    inner: Case | None = None

    def share(self, y):
        return self.inner.share(y * (1 - self.loss.smoothing) + self.loss.smoothing / 2)

    def scales(self, y, z):
        return self.inner.scales(y * (1 - self.loss.smoothing) + self.loss.smoothing / 2, z)

    def allowed_in_kernels(self, z, dtype):
        # Of a float32 label 1 - s / 2 half an ulp is this share of s / 2, and as much its sum.
        # Below 1/64 such labels are not made.
        of_label = 1 / self.loss.smoothing if self.loss.smoothing >= 1 / 64 else 2
        return self.inner.allowed_in_kernels(z, dtype) + of_label


def label_smoothing(inner: Case, smoothing: float) -> Case:
    """A mixture of both labels, each by the definition of the loss inside."""
    half = mp.mpf(smoothing) / 2

    def mixture(of_one, of_zero, z):
        return tuple(
            [*(of_one * term for term in ones), *(of_zero * term for term in zeros)]
            for ones, zeros in zip(inner.positive(z), inner.negative(z), strict=True)
        )

    return SmoothedCase(
        gp.LabelSmoothing(inner.loss, smoothing),
        smoothed_costs(inner.definition),
        lambda z: mixture(1 - half, half, z),
        lambda z: mixture(half, 1 - half, z),
        inner.conditioning,
        inner.limits,
        inner=inner,
    )


@functools.cache
def shifted_costs(inner: Definition) -> Definition:
    def costs(sp, sigmoid, z, positive, negative, **parameters):
        one, _ = inner.costs(sp, sigmoid, z - positive, **parameters)
        _, zero = inner.costs(sp, sigmoid, z + negative, **parameters)
        return one, zero

    real = (-INFINITY, INFINITY)
    return Definition(costs, {**inner.ranges, "positive": real, "negative": real})


@dataclass(frozen=True)
class ShiftedCase(Case):
    inner: Case | None = None

    def share(self, y):
        return self.inner.share(y)

    def scales(self, y, z):
        ones = self.inner.scales(np.ones_like(y), z - self.loss.positive)
        zeros = self.inner.scales(np.zeros_like(y), z + self.loss.negative)
        return [y * a + (1 - y) * b for a, b in zip(ones, zeros, strict=True)]

    def allowed_in_kernels(self, z, dtype):
        # The shifted margin is rounded in the kernel's precision.
        inner, shift = self.inner, max(abs(self.loss.positive), abs(self.loss.negative))
        return inner.allowed_in_kernels(z, dtype) + (np.abs(z) + shift) / 2 * inner.conditioning


def margin_shift(inner: Case, positive: float, negative: float) -> Case:
    """The definition of the loss inside, at the shifted margin of each class.

    The contract is for |z| up to 708. There half an ulp of a shifted margin, eps |z| / 2, is as
    much of what falls like exp(-|z|): 354 eps, which is 60 times 6.
    """
    m1, m0 = mp.mpf(positive), mp.mpf(negative)
    return ShiftedCase(
        gp.MarginShift(inner.loss, positive, negative),
        shifted_costs(inner.definition),
        lambda z: inner.positive(z - m1),
        lambda z: inner.negative(z + m0),
        60 * inner.conditioning,
        inner.limits,
        inner=inner,
    )


CASES = [
    cross_entropy(gp.BinaryCrossEntropy(), 1.0),
    *(
        cross_entropy(gp.WeightedCrossEntropy(alpha), alpha)
        for alpha in (1e-6, 0.3, 7.3, 123456.7, 1e6)
    ),
    focal(0.0, 7.3),
    focal(0.3, 1e-6),
    focal(0.3, 7.3),
    focal(2.0, 0.3),
    focal(2.0, 1.0),
    focal(5.5, 7.3),
    focal(20.0, 0.3),
    focal(20.0, 1e6),
    asymmetric(0.3, 5.5, 0.0),
    asymmetric(0.0, 4.3, 0.05),
    asymmetric(1.7, 2.3, 0.2),
    generalized(0.3),
    generalized(0.7),
    generalized(0.9),
    poly(-1.0),
    poly(-0.3),
    poly(0.8),
    poly(7.3),
    label_smoothing(cross_entropy(gp.BinaryCrossEntropy(), 1.0), 0.003),
    label_smoothing(focal(2.0, 0.3), 0.3),
    margin_shift(cross_entropy(gp.WeightedCrossEntropy(7.3), 7.3), 0.5, 0.2),
    margin_shift(cross_entropy(gp.WeightedCrossEntropy(0.3), 0.3), -1.3, 1.3),
    margin_shift(label_smoothing(focal(2.0, 0.3), 0.3), 1.3, 0.7),
    label_smoothing(margin_shift(cross_entropy(gp.BinaryCrossEntropy(), 1.0), -0.3, 1.1), 0.1),
]
LOSSES = [case.loss for case in CASES]
# What docs/losses.md has pictures of, one of each kind.
PICTURED = [
    gp.BinaryCrossEntropy(),
    gp.WeightedCrossEntropy(3.0),
    gp.FocalLoss(gamma=2.0),
    gp.AsymmetricLoss(gamma_negative=4.0, margin=0.05),
    gp.GeneralizedCrossEntropy(q=0.7),
    gp.PolyLoss(epsilon=1.0),
    gp.LabelSmoothing(gp.BinaryCrossEntropy(), 0.2),
    gp.MarginShift(gp.BinaryCrossEntropy(), positive=1.0),
]
# What boosters are trained with: the extremes of the table are no use there. The hosts have the
# first few themselves.
BUILT_IN = [gp.BinaryCrossEntropy(), gp.WeightedCrossEntropy(0.3), gp.WeightedCrossEntropy(7.3)]
TRAINABLE = [
    *BUILT_IN,
    gp.PolyLoss(2.3),
    gp.GeneralizedCrossEntropy(0.3),
    gp.AsymmetricLoss(0.0, 2.3, 0.05),
    gp.LabelSmoothing(gp.MarginShift(gp.WeightedCrossEntropy(0.3), 0.4, 0.1), 0.1),
    gp.FocalLoss(0.7, 7.3),
    gp.FocalLoss(2.0, 0.3),
]


@dataclass(frozen=True)
class GenericCrossEntropy(gp.Loss):
    """Weighted cross-entropy as a user would write it: the two required methods alone."""

    alpha: float

    def _loss(self, y_true, raw_prediction):
        positive, negative = gp.softplus(-raw_prediction), gp.softplus(raw_prediction)
        return self.alpha * y_true * positive + (1 - y_true) * negative

    def _gradient_hessian(self, y_true, raw_prediction):
        p, q = gp.sigmoid(raw_prediction), gp.sigmoid(-raw_prediction)
        weight = self.alpha * y_true + 1 - y_true
        return (1 - y_true) * p - self.alpha * y_true * q, weight * p * q
