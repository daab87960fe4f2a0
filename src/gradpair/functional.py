r"""The mathematics: links, and losses with their derivatives. Arrays in, arrays out.

Conventions of every function here:

- ``y_true`` is a label in [0, 1]. Between 0 and 1 it is a soft label, the probability of a 1.
- ``raw_prediction`` is a log-odds: XGBoost's margin, LightGBM's raw score.
- Both have one shape, usually ``(n_samples,)``, or one of them is a scalar that stands for every
  row. Anything that :func:`numpy.asarray` makes numeric is accepted; no argument is changed.
- float32 margins give float32 results, everything else gives float64.
- Derivatives are with respect to ``raw_prediction``, one per row, neither summed nor averaged.
- Limits at ±inf are exact, nan gives nan, and no floating-point warning is raised.
- Labels outside [0, 1] and shapes that differ raise ``ValueError``; what is not numeric raises
  ``TypeError``.

Throughout, ``s(z) = log(1 + exp(-z))``, ``p = sigmoid(z)`` and ``q = sigmoid(-z)``. ``1 - p`` is
never formed, and nothing is clipped: every formula is written in ``exp(-|z|)``, which keeps full
relative precision in both tails.
"""

from gradpair._links import log_sigmoid, logit, sigmoid, softplus
from gradpair.losses.functional import (
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    binary_cross_entropy_gradient_hessian,
    binary_cross_entropy_hessian,
    focal_loss,
    focal_loss_gradient,
    focal_loss_gradient_hessian,
    focal_loss_gradient_positive_hessian,
    focal_loss_hessian,
    weighted_cross_entropy,
    weighted_cross_entropy_gradient,
    weighted_cross_entropy_gradient_hessian,
    weighted_cross_entropy_hessian,
)

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_gradient",
    "binary_cross_entropy_gradient_hessian",
    "binary_cross_entropy_hessian",
    "focal_loss",
    "focal_loss_gradient",
    "focal_loss_gradient_hessian",
    "focal_loss_gradient_positive_hessian",
    "focal_loss_hessian",
    "log_sigmoid",
    "logit",
    "sigmoid",
    "softplus",
    "weighted_cross_entropy",
    "weighted_cross_entropy_gradient",
    "weighted_cross_entropy_gradient_hessian",
    "weighted_cross_entropy_hessian",
]
