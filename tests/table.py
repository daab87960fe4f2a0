"""The one table of losses that every property runs over, with their definitions in mpmath."""

from collections.abc import Callable
from dataclasses import dataclass

import mpmath as mp

import gradpair as gp

# exp(-708) is 1e-308: that many digits keep 1 - p exact in both tails.
DIGITS = 360


@dataclass(frozen=True)
class Case:
    """A loss and its terms for a label of 1 and of 0, each (value, gradient, hessian) of z.

    ``conditioning`` multiplies the error that the number contract allows.
    """

    loss: gp.Loss
    positive: Callable[[mp.mpf], tuple[mp.mpf, mp.mpf, mp.mpf]]
    negative: Callable[[mp.mpf], tuple[mp.mpf, mp.mpf, mp.mpf]]
    conditioning: float = 1.0

    def __str__(self) -> str:
        return self.loss.name

    def terms(self, y: float, z: float) -> list[tuple[mp.mpf, mp.mpf]]:
        """Positive and negative term of value, gradient and hessian at one row."""
        with mp.workdps(DIGITS):
            y, z = mp.mpf(y), mp.mpf(z)
            return [
                (y * one, (1 - y) * zero)
                for one, zero in zip(self.positive(z), self.negative(z), strict=True)
            ]


def cross_entropy(loss: gp.Loss, alpha: float) -> Case:
    """Cross-entropy in the textbook's form, p - 1 and p (1 - p)."""

    def positive(z):
        p = 1 / (1 + mp.exp(-z))
        return -alpha * mp.log(p), alpha * (p - 1), alpha * p * (1 - p)

    def negative(z):
        p = 1 / (1 + mp.exp(-z))
        return -mp.log(1 - p), p, p * (1 - p)

    return Case(loss, positive, negative)


CASES = [
    cross_entropy(gp.BinaryCrossEntropy(), 1.0),
    *(
        cross_entropy(gp.WeightedCrossEntropy(alpha), alpha)
        for alpha in (1e-6, 0.3, 7.3, 123456.7, 1e6)
    ),
]
LOSSES = [case.loss for case in CASES]
# What boosters are trained with: the extremes of the table are no use there.
TRAINABLE = [gp.BinaryCrossEntropy(), gp.WeightedCrossEntropy(0.3), gp.WeightedCrossEntropy(7.3)]
