"""What a comparison found: numbers, and the ways to show them."""

import dataclasses
import math
import textwrap
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Literal

import numpy as np

from gradpair._validation import Array
from gradpair.compare import _progress
from gradpair.compare._candidates import BUILT_IN
from gradpair.compare._extras import needed
from gradpair.compare._scores import METRICS
from gradpair.compare._statistics import Difference, differences
from gradpair.compare._validation import FoldResult
from gradpair.compare._verdict import FEWEST, digits, signed, verdict

Kind = Literal["differences", "precision-recall", "reliability", "reliability-raw", "cost"]

_WIDTH = 80
_CLASSES = "positives", "negatives"
_COLUMNS = {  # of the table in the terminal
    "average_precision": ("", "AP"),
    "roc_auc": ("ROC", "AUC"),
    "log_loss_raw": ("log", "loss"),
    "log_loss": ("", "recal."),
    "brier_raw": ("", "Brier"),
    "brier": ("", "recal."),
    "cost": ("cost", "best t"),
    "cost_at_half": ("cost", "at .5"),
    "seconds": ("", "s"),
}


class Comparison:
    """What :func:`compare` found; ``print`` it, or show it in a notebook.

    Attributes
    ----------
    verdict : str
        What follows from the intervals, a sentence a line.
    results : pandas.DataFrame
        A row per candidate, fold and metric.
    means : pandas.DataFrame
        Means over the folds, a row per candidate and a column per metric.
    differences : pandas.DataFrame
        Mean differences to the built-in objective, with intervals and adjusted p-values.
    failures : dict
        Candidates that failed, and why.
    settings : dict
        What repeats the comparison: parameters, candidates, versions.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from gradpair.compare import compare, default_estimator
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> estimator = default_estimator("lightgbm", rounds=20)
    >>> found = compare(X, y, estimator=estimator, losses=["bce", "focal:2"], cv=3)
    >>> found.means["average_precision"].round(1)
    candidate
    built-in         1.0
    cross-entropy    1.0
    focal(2)         1.0
    Name: average_precision, dtype: float64
    """

    __module__ = "gradpair.compare"

    def __init__(
        self, candidates: Sequence[str], folds: Sequence[FoldResult], settings: dict[str, Any]
    ) -> None:
        self.candidates = list(candidates)
        self.folds = list(folds)
        self.settings = settings
        self.failures = {name: why for fold in folds for name, why in fold.failures.items()}

    @property
    def scored(self) -> list[str]:
        """The candidates that were scored on every fold."""
        return [name for name in self.candidates if name not in self.failures]

    def values(self, candidate: str, metric: str) -> Array:
        """Return a candidate's values of a metric, one per fold."""
        return np.array([fold.scores[candidate][metric] for fold in self.folds])

    @cached_property
    def compared(self) -> list[Difference]:
        """The differences to the built-in objective; those that make the verdict come first."""
        if BUILT_IN in self.failures or not self.folds:
            return []
        others = [name for name in self.scored if name != BUILT_IN]
        share = float(np.mean([fold.n_test / fold.n_train for fold in self.folds]))
        reference = {metric: self.values(BUILT_IN, metric) for metric in METRICS}
        values = {(c, m): self.values(c, m) for c in others for m in METRICS}
        claims = [m for m in METRICS if self.claims(m)]
        families = [[(c, m) for m in claims for c in others]]
        rest = [m for m in METRICS if m not in claims and m != "seconds"]
        families += [[(c, m) for c in others] for m in rest]
        found = [d for family in families for d in differences(values, reference, family, share)]
        if self._rarest[0] < FEWEST:
            return [dataclasses.replace(d, matters=math.inf) for d in found]
        return found

    @property
    def _rarest(self) -> tuple[float, str]:
        """How many rows of the rarer class a fold has, and what they are."""
        if not self.folds:
            return 0.0, "folds"
        ones, zeros = (np.mean([getattr(f, n) for f in self.folds]) for n in _CLASSES)
        return min((float(ones), _CLASSES[0]), (float(zeros), _CLASSES[1]))

    @property
    def verdict_lines(self) -> list[str]:
        """The sentences of the verdict."""
        claims = [d for d in self.compared if self.claims(d.metric)]
        return verdict(claims, self.failures, self._rarest, len(self.folds))

    @property
    def verdict(self) -> str:
        """What follows from the intervals, a sentence a line."""
        return "\n".join(self.verdict_lines)

    @property
    def results(self) -> Any:
        """A row per candidate, fold and metric."""
        rows = [
            (candidate, fold.fold, metric, value)
            for fold in self.folds
            for candidate, values in fold.scores.items()
            for metric, value in values.items()
        ]
        return needed("pandas").DataFrame(rows, columns=["candidate", "fold", "metric", "value"])

    @property
    def means(self) -> Any:
        """Means over the folds, a row per candidate and a column per metric."""
        table = [[float(self.values(name, m).mean()) for m in METRICS] for name in self.scored]
        pd = needed("pandas")
        return pd.DataFrame(table, pd.Index(self.scored, name="candidate"), list(METRICS))

    @property
    def differences(self) -> Any:
        """Mean differences to the built-in objective, with intervals and adjusted p-values."""
        columns = ["candidate", "metric", "difference", "low", "high", "p", "told"]
        rows = [[getattr(d, name) for name in columns] for d in self.compared]
        return needed("pandas").DataFrame(rows, columns=columns)

    def plot(self, kind: Kind = "differences", *, ax: Any = None) -> Any:
        """Draw one of the pictures of the report, as scikit-learn's displays do.

        Parameters
        ----------
        kind : {"differences", "precision-recall", "reliability", "reliability-raw", "cost"}
            What to draw.
        ax : matplotlib.axes.Axes or None
            Where to draw it; None is a new figure.

        Returns
        -------
        Display
            Its ``ax_`` and ``figure_`` are where it was drawn; ``plot(ax=...)`` draws it again.

        Raises
        ------
        ValueError
            Another kind.
        """
        needed("matplotlib")
        from gradpair.compare._plots import Display  # noqa: PLC0415 - an extra

        return Display(self, kind).plot(ax=ax)

    def to_html(self) -> str:
        """Return the report as one page that needs no network."""
        needed("matplotlib")
        from gradpair.compare._page import page  # noqa: PLC0415 - an extra

        return page(self)

    def _repr_html_(self) -> str:
        from gradpair.compare._page import fragment  # noqa: PLC0415 - an extra

        return fragment(self)

    def to_csv(self) -> str:
        """Return ``results`` as text."""
        return _progress.as_csv(self.folds)

    def save(self, folder: Any) -> None:
        """Write ``results.csv`` and ``report.html`` into a folder."""
        place = _progress.Folder(folder)
        place.path.mkdir(parents=True, exist_ok=True)
        place.write(_progress.RESULTS, self.to_csv())
        place.write(_progress.REPORT, self.to_html())

    def __str__(self) -> str:
        blocks = [self.head, *self.verdict_lines]
        told = [textwrap.fill(text, _WIDTH, subsequent_indent="    ") for text in blocks]
        return "\n".join([told[0], "", *told[1:], "", self._table(), *self._intervals()])

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.candidates)} candidates on {len(self.folds)} folds>"

    @property
    def head(self) -> str:
        """What was compared, in a sentence."""
        s = self.settings
        share = s["positives"] / s["rows"]
        return (
            f"{s['estimator']}, {s['rows']:,} rows, {s['positives']:,} of them {s['positive']} "
            f"({share:.2%}), {len(self.folds)} folds."
        )

    def _table(self) -> str:
        heads = [
            (" " * 17 + "".join(f"{column[line]:>7}" for column in _COLUMNS.values())).rstrip()
            for line in (0, 1)
        ]
        rows = []
        for name in self.candidates:
            if name in self.failures:
                rows.append(f"{_short(name, 16):17}{'failed':>7}")
                continue
            cells = [number(self.values(name, metric).mean()) for metric in _COLUMNS]
            rows.append(f"{_short(name, 16):17}" + "".join(f"{cell:>7}" for cell in cells))
        return "\n".join([*heads, *rows])

    def _intervals(self) -> list[str]:
        shown = [d for d in self.compared if self.claims(d.metric)]
        if not shown:
            return []
        lines = ["", "minus the built-in, with intervals (Holm; * is told above):"]
        for d in shown:
            n = digits(d)
            numbers = f"{signed(d.difference, n)} [{signed(d.low, n)}, {signed(d.high, n)}]"
            mark = "*" if d.told else ""
            lines.append(f"{_short(d.candidate, 16):17}{d.kind.short:14}{numbers} {mark}".rstrip())
        return lines

    def claims(self, metric: str) -> bool:
        """Whether a metric is one of those that the verdict speaks of."""
        return bool(METRICS[metric].gain) and (metric != "cost" or self.settings["costs_given"])


def _short(name: str, width: int) -> str:
    return name if len(name) <= width else name[: width - 1] + "…"


def number(value: float) -> str:
    """Return a number in at most six characters."""
    if not math.isfinite(value):
        return str(value)
    for decimals in (4, 3, 2, 1, 0):
        text = f"{value:.{decimals}f}"
        if len(text) <= 6:
            return text
    return f"{value:.0e}"
