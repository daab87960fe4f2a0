"""Differences to the built-in objective, paired by fold, with intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gradpair._validation import Array
from gradpair.compare._scores import METRICS, Metric

LEVEL = 0.05  # of false claims, over all claims that a verdict may make


@dataclass(frozen=True)
class Difference:
    """A candidate's mean minus the built-in objective's, in one metric."""

    candidate: str
    metric: str
    difference: float
    low: float
    high: float
    p: float  # adjusted
    matters: float  # from which size on a difference is told

    @property
    def kind(self) -> Metric:
        """What is known of the metric."""
        return METRICS[self.metric]

    @property
    def told(self) -> bool:
        """Whether the interval leaves out 0 and the difference is large enough to matter."""
        sure = self.low > 0 or self.high < 0
        return sure and self.p < LEVEL and abs(self.difference) >= self.matters

    @property
    def better(self) -> bool:
        """Whether the difference is in the candidate's favour."""
        return (self.difference > 0) == self.kind.more_is_better


def corrected_error(differences: Array, share: float) -> float:
    """Return the standard error of the mean of differences over folds that share training rows.

    That of Nadeau and Bengio (2003), which Bouckaert and Frank (2004) take for r repeats of k
    folds: the variance is (1 / (k r) + n_test / n_train) s², with ``share`` = n_test / n_train.
    """
    return math.sqrt((1 / differences.size + share) * float(np.var(differences, ddof=1)))


def differences(
    values: dict[tuple[str, str], Array],
    reference: dict[str, Array],
    family: Sequence[tuple[str, str]],
    share: float,
) -> list[Difference]:
    """Return the differences of a family of pairs (candidate, metric), adjusted by Holm (1979).

    The intervals are those of the steps of Holm's procedure, so that those that it rejects, and
    no others, leave out 0.
    """
    from scipy import stats  # noqa: PLC0415 - slow to import

    pairs = [values[key] - reference[key[1]] for key in family]
    folds = pairs[0].size if pairs else 0
    if folds < 2:
        return []
    means = np.array([pair.mean() for pair in pairs])
    errors = np.array([corrected_error(pair, share) for pair in pairs])
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(means == 0, 0.0, np.abs(means) / errors)
    p = 2 * stats.t.sf(t, folds - 1)
    adjusted, levels = holm(p)
    half = stats.t.isf(levels / 2, folds - 1) * errors
    found = []
    for (candidate, metric), mean, h, a in zip(family, means, half, adjusted, strict=True):
        kind = METRICS[metric]
        scale = 1.0 if kind.more_is_better else abs(float(reference[metric].mean()))
        found.append(
            Difference(
                candidate,
                metric,
                float(mean),
                float(mean - h),
                float(mean + h),
                float(a),
                kind.matters * scale,
            )
        )
    return found


def holm(p: Array) -> tuple[Array, Array]:
    """Return adjusted p-values, and the level at which each hypothesis was tested."""
    order = np.argsort(p, kind="stable")
    steps = p.size - np.arange(p.size)
    adjusted, levels = np.empty(p.size), np.empty(p.size)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * steps), 1)
    kept = np.flatnonzero(p[order] * steps >= LEVEL)
    last = int(kept[0]) if kept.size else p.size - 1
    levels[order] = LEVEL / np.minimum(steps, p.size)[np.minimum(np.arange(p.size), last)]
    return adjusted, levels
