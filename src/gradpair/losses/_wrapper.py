"""What losses have in common that evaluate another one at other labels or margins."""

import functools
from abc import abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradpair._validation import Array, Pair
from gradpair.losses._base import Loss

Part = tuple[Any, Any, Array]  # weight, label and margin of rows, the first two perhaps scalars


class Wrapper(Loss):
    """A sum of another loss at other labels and margins, with weights of at least 0.

    What the other one declares holds for such a sum too, unless its class says otherwise. The field
    of the other one is ``inner``, since ``loss`` is a method, and the parameter is ``loss``.
    """

    inner: Loss

    @abstractmethod
    def _parts(self, y_true: Array, raw_prediction: Array) -> list[Part]:
        """Return the weights, labels and margins of the rows whose losses add up to this one's."""

    def _loss(self, y_true: Array, raw_prediction: Array) -> Array:
        parts = self._parts(y_true, raw_prediction)
        values = ((w, self.inner._loss(label, margin)) for w, label, margin in parts)
        return _total(values).astype(raw_prediction.dtype)

    def _gradient_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        return self._derivatives(self.inner._gradient_hessian, y_true, raw_prediction)

    def _gradient_positive_hessian(self, y_true: Array, raw_prediction: Array) -> Pair:
        return self._derivatives(self.inner._gradient_positive_hessian, y_true, raw_prediction)

    def _derivatives(self, of_inner: Callable[[Array, Array], Pair], y: Array, z: Array) -> Pair:
        parts = [(w, of_inner(label, margin)) for w, label, margin in self._parts(y, z)]
        gradient, hessian = (_total((w, pair[i]) for w, pair in parts) for i in (0, 1))
        return gradient.astype(z.dtype), hessian.astype(z.dtype)

    def _log_pulls(self, y_true: Array, raw_prediction: Array) -> Pair:
        pulls = [
            [np.log(weight) + pull for pull in self.inner._log_pulls(label, margin)]
            for weight, label, margin in self._parts(y_true, raw_prediction)
        ]
        up, down = (functools.reduce(np.logaddexp, logs) for logs in zip(*pulls, strict=True))
        return up, down

    @property
    def name(self) -> str:
        """Its own kind and that of the loss inside, as ``label_smoothing_focal_loss``."""
        return f"{super().name}_{self.inner.name}"

    @property
    def convex(self) -> bool:
        """As the loss inside."""
        return self.inner.convex

    @property
    def self_concordant(self) -> bool:
        """As the loss inside."""
        return self.inner.self_concordant

    @property
    def _reach(self) -> float:
        return self.inner._reach


def _total(parts: Iterable[tuple[Any, Array]]) -> Array:
    """Sum weight · value, of which 0 · inf is 0."""
    values = (np.where(weight > 0, weight * value, 0) for weight, value in parts)
    total: Array = functools.reduce(np.add, values)
    return total
