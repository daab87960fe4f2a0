"""What BoostingClassifier hands to a host's adapter of estimators and gets back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from gradpair._hosts.callables import Hessian
from gradpair._validation import Array
from gradpair.losses import Loss


class EncodedRows(NamedTuple):
    """Features with labels 0 and 1, weights and offsets of rows to train or evaluate on."""

    features: Any
    y: Array
    weight: Array | None
    offset: Array | None
    training: bool = False  # whether an evaluation set is the training set


@dataclass(frozen=True)
class TrainingPlan:
    """How to train."""

    loss: Loss
    constant: float
    hessian: Hessian | None
    calibrated: bool  # whether the model itself shall give calibrated probabilities

    @property
    def model_shift(self) -> float:
        """What calibrates the margins of the trained model."""
        return (self.loss.calibration_shift or 0.0) if self.calibrated else 0.0


class Trained(NamedTuple):
    """The host's estimator with a model of probabilities, and how its training went."""

    estimator: Any
    best_iteration: int | None
    evals_result: dict[str, Any]


def fields_of_sets(sets: Sequence[EncodedRows]) -> tuple[list[Any], list[Array], Any, Any]:
    """Return features, labels, weights and offsets of evaluation sets.

    Weights of 1 stand in where only some sets have weights; offsets all sets have, or none.
    """
    features, labels, weights, offsets, _ = map(list, zip(*sets, strict=True))
    if any(weight is not None for weight in weights):
        weights = [np.ones(s.y.size) if s.weight is None else s.weight for s in sets]
    given_offsets = None if offsets[0] is None else offsets
    return features, labels, None if weights[0] is None else weights, given_offsets
