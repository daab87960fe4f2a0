"""What BoostingClassifier hands to the host modules, and gets back."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from gradpair._adapter import Hessian
from gradpair._validation import Array
from gradpair.losses import Loss


class Rows(NamedTuple):
    """Features with labels 0 and 1, weights and offsets of rows to train or evaluate on."""

    features: Any
    y: Array
    weight: Array | None
    offset: Array | None


@dataclass(frozen=True)
class Plan:
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
