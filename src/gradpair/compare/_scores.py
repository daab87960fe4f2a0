"""What is measured on the rows of a test fold: numbers, and curves on common grids."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    precision_recall_curve,
    roc_auc_score,
)

from gradpair._hosts.calibration import Line
from gradpair._links import sigmoid
from gradpair._validation import Array
from gradpair.compare._inputs import Costs, Data
from gradpair.losses import BinaryCrossEntropy


@dataclass(frozen=True)
class Metric:
    """A column: its title, whether more is better, and from which difference on it matters.

    That is an absolute difference where more is better, and otherwise a share of the mean of the
    built-in objective.
    """

    title: str
    short: str
    more_is_better: bool
    matters: float = 0.001
    gain: str = ""  # what a candidate does that is better in it; only these make a verdict
    loss: str = ""


METRICS = {
    "average_precision": Metric(
        "average precision", "AP", True, 0.001, "ranks better", "ranks worse"
    ),
    "roc_auc": Metric("ROC AUC", "AUC", True),
    "log_loss_raw": Metric("log loss, raw", "raw log loss", False, 0.005),
    "log_loss": Metric(
        "log loss, recalibrated",
        "log loss",
        False,
        0.005,
        "gives better probabilities",
        "gives worse probabilities",
    ),
    "brier_raw": Metric("Brier score, raw", "raw Brier", False, 0.005),
    "brier": Metric("Brier score, recalibrated", "Brier", False, 0.005),
    "cost": Metric("cost per row", "cost per row", False, 0.005, "costs less", "costs more"),
    "cost_at_half": Metric("cost at 0.5, raw", "cost at 0.5", False, 0.005),
    "seconds": Metric("seconds to train", "seconds", False, 0.05),
}
RECALLS = np.arange(1, 101) / 100
THRESHOLDS = sigmoid(np.linspace(-7.0, 7.0, 113))
_BINS = 10
_LOSS = BinaryCrossEntropy()


def scores(rows: Data, margins: Array, line: Line) -> dict[str, float]:
    """Return every metric of a model's margins but the seconds."""
    y, w = rows.y, rows.weight
    ranks = {
        "average_precision": average_precision_score(y, margins, sample_weight=w),
        "roc_auc": roc_auc_score(y, margins, sample_weight=w),
    }
    for name, log_odds in (("_raw", margins), ("", line.slope * margins + line.shift)):
        ranks[f"log_loss{name}"] = np.average(_LOSS.loss(y, log_odds), weights=w)
        ranks[f"brier{name}"] = brier_score_loss(y, sigmoid(log_odds), sample_weight=w)
    recalibrated = sigmoid(line.slope * margins + line.shift)
    ranks["cost"] = cost(rows, recalibrated >= rows.costs.threshold)
    ranks["cost_at_half"] = cost(rows, margins >= 0)
    return {name: float(ranks[name]) for name in METRICS if name in ranks}


def cost(rows: Data, alarms: Array) -> float:
    """Return the weighted mean cost of a row."""
    missed, alarm = Costs(*rows.costs)
    costs = np.where(rows.y == 1, np.where(alarms, 0.0, missed), np.where(alarms, alarm, 0.0))
    return float(np.average(costs, weights=rows.weight))


def curves(rows: Data, margins: Array, line: Line) -> dict[str, list[float]]:
    """Return precision at recalls, reliability in bins, and cost at thresholds."""
    w = np.ones(rows.y.size) if rows.weight is None else rows.weight
    precision, recall, _ = precision_recall_curve(rows.y, margins, sample_weight=w)
    first = np.searchsorted(recall[::-1], RECALLS - 1e-9)
    recalibrated = sigmoid(line.slope * margins + line.shift)
    found = {
        "precision": precision[::-1][first],
        "cost": _costs_at_thresholds(rows, recalibrated, w),
    }
    for name, probability in (("raw", sigmoid(margins)), ("recalibrated", recalibrated)):
        bins = _reliability(rows.y, probability, w)
        found[f"predicted_{name}"], found[f"observed_{name}"] = bins
    return {name: np.round(values, 6).tolist() for name, values in found.items()}


def _reliability(y: Array, probability: Array, w: Array) -> tuple[Array, Array]:
    """Return mean probability and share of positives in bins.

    Each bin holds a tenth of the positives that the model expects, so that bins of rare positives
    are as sure as those of frequent ones.
    """
    order = np.argsort(probability, kind="stable")
    expected = np.cumsum((w * probability)[order])
    bins = np.minimum((expected / expected[-1] * _BINS).astype(int), _BINS - 1)
    total, p, ones = (
        np.bincount(bins, values[order], _BINS) for values in (w, w * probability, w * y)
    )
    with np.errstate(invalid="ignore"):
        return p / total, ones / total


def _costs_at_thresholds(rows: Data, probability: Array, w: Array) -> Array:
    """Return the mean cost of calling those rows positive that reach each threshold."""
    missed, alarm = (cost * w for cost in rows.costs)
    change = np.where(rows.y == 1, missed, -alarm)  # by no longer calling a row positive
    order = np.argsort(probability, kind="stable")
    summed = np.concatenate([[0.0], np.cumsum(change[order])])
    below = np.searchsorted(probability[order], THRESHOLDS, side="left")
    all_alarms = np.sum(np.where(rows.y == 1, 0.0, alarm))
    at: Array = (all_alarms + summed[below]) / w.sum()
    return at
