"""The pictures of a comparison."""

from typing import Any, get_args

import numpy as np
from matplotlib.figure import Figure

from gradpair._validation import Array
from gradpair.compare._candidates import BUILT_IN
from gradpair.compare._report import Comparison, Kind
from gradpair.compare._scores import METRICS, RECALLS, THRESHOLDS

# Okabe and Ito's colours, which most people can tell apart, but for yellow; with dashes for others.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999")
_DASHES = ("-", "--", "-.", ":")
_BUILT_IN = "#808080"


class Display:
    """A picture of a comparison, in the way of scikit-learn's displays.

    ``ax_`` and ``figure_`` are where it was drawn last.
    """

    def __init__(self, comparison: Comparison, kind: Kind) -> None:
        if kind not in get_args(Kind):
            msg = f"kind must be one of {', '.join(get_args(Kind))}; got {kind!r}."
            raise ValueError(msg)
        self.comparison, self.kind = comparison, kind

    def plot(self, *, ax: Any = None) -> "Display":
        """Draw it, into a new figure if there are no axes."""
        if ax is None:
            from matplotlib import pyplot as plt  # noqa: PLC0415 - only where a figure is shown

            _, ax = plt.subplots(figsize=SIZE, layout="constrained")
        drawn = {
            "differences": _differences,
            "precision-recall": _precision_recall,
            "reliability": _reliability,
            "reliability-raw": _reliability_raw,
            "cost": _cost,
        }
        drawn[self.kind](self.comparison, ax)
        self.ax_, self.figure_ = ax, ax.figure
        return self


SIZE = (4.4, 3.9)


def figure(comparison: Comparison, kind: Kind) -> Figure:
    """Draw a picture without a window."""
    drawn = Figure(figsize=SIZE, layout="constrained")
    Display(comparison, kind).plot(ax=drawn.add_subplot())
    return drawn


def _differences(comparison: Comparison, ax: Any) -> None:
    """Draw the intervals of what the verdict speaks of, each metric in units of its own mean."""
    shown = [d for d in comparison.compared if comparison.claims(d.metric)]
    ax.axvline(0, color=_BUILT_IN, linewidth=1)
    for place, d in enumerate(reversed(shown)):
        scale = 100 / _mean(comparison, d.metric)
        sign = scale if d.kind.more_is_better else -scale
        colour = _BUILT_IN if not d.told else _COLOURS[2] if d.better else _COLOURS[1]
        ends = sorted((sign * d.low, sign * d.high))
        ax.plot(ends, [place, place], color=colour, linewidth=2)
        ax.plot(sign * d.difference, place, "o" if d.told else "|", color=colour)
    labels = [f"{d.candidate}: {d.kind.short}" for d in reversed(shown)]
    ax.set_yticks(range(len(shown)), labels, fontsize=8)
    ax.set_xlabel("% of the built-in; right is better")


def _mean(comparison: Comparison, metric: str) -> float:
    return float(abs(comparison.values(BUILT_IN, metric).mean())) or 1.0


def _precision_recall(comparison: Comparison, ax: Any) -> None:
    _bands(comparison, ax, RECALLS, "precision")
    ax.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    _legend(ax)


def _cost(comparison: Comparison, ax: Any) -> None:
    _bands(comparison, ax, THRESHOLDS, "cost")
    threshold = comparison.settings["threshold"]
    if threshold is not None and 0 < threshold < 1:
        ax.axvline(threshold, color=_BUILT_IN, linewidth=1, linestyle=":")
        above = {"xycoords": ("data", "axes fraction"), "ha": "center", "va": "bottom"}
        ax.annotate(f"{threshold:.3g}", (threshold, 1.0), fontsize="small", **above)
    ax.set_xscale("logit")
    ax.set_xlim(THRESHOLDS[0], THRESHOLDS[-1])
    ticks = [0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999]
    ax.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
    ax.set_ylim(bottom=0)
    ax.set(xlabel="threshold of the recalibrated probability", ylabel="cost per row")
    _legend(ax)


def _reliability(comparison: Comparison, ax: Any) -> None:
    _calibration(comparison, ax, "recalibrated")


def _reliability_raw(comparison: Comparison, ax: Any) -> None:
    _calibration(comparison, ax, "raw")


def _calibration(comparison: Comparison, ax: Any, which: str) -> None:
    ax.plot([0, 1], [0, 1], color=_BUILT_IN, linewidth=1)
    for name, style in _styles(comparison):
        x, y = (_curves(comparison, name, f"{part}_{which}") for part in ("predicted", "observed"))
        keep = ~np.isnan(x).all(axis=0)
        middle, spread = _summary(y[:, keep])
        at = np.nanmean(x[:, keep], axis=0)
        ax.plot(at, middle, marker=".", label=name, **style)
        ax.fill_between(at, middle - spread, middle + spread, color=style["color"], alpha=0.12,
                        linewidth=0)  # fmt: skip
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ax.set(xlabel=f"{which} probability", ylabel="share of positives")
    _legend(ax)


def _bands(comparison: Comparison, ax: Any, x: Array, curve: str) -> None:
    for name, style in _styles(comparison):
        middle, spread = _summary(_curves(comparison, name, curve))
        ax.plot(x, middle, label=name, **style)
        ax.fill_between(x, middle - spread, middle + spread, color=style["color"], alpha=0.12,
                        linewidth=0)  # fmt: skip


def _summary(values: Array) -> tuple[Array, Array]:
    """Return mean and standard deviation over folds."""
    return np.nanmean(values, axis=0), np.nanstd(values, axis=0)


def _curves(comparison: Comparison, name: str, curve: str) -> Array:
    return np.array([fold.curves[name][curve] for fold in comparison.folds])


def _styles(comparison: Comparison) -> list[tuple[str, dict[str, Any]]]:
    found, others = [], 0
    for name in comparison.scored:
        if name == BUILT_IN:
            found.append((name, {"color": _BUILT_IN, "linewidth": 2.5}))
            continue
        colour = _COLOURS[others % len(_COLOURS)]
        dashes = _DASHES[others % len(_DASHES)]
        found.append((name, {"color": colour, "linestyle": dashes, "linewidth": 1.4}))
        others += 1
    return found


def _legend(ax: Any) -> None:
    ax.legend(fontsize=8, frameon=False)


def described(comparison: Comparison, kind: Kind) -> str:
    """Say in words what a picture shows, for those who cannot see it."""
    if kind == "differences":
        shown = [d for d in comparison.compared if comparison.claims(d.metric)]
        parts = [f"{d.candidate} {d.kind.short} {d.difference:+.2g} [{d.low:.2g}, {d.high:.2g}]"
                 for d in shown]  # fmt: skip
        return "Differences to the built-in objective with intervals: " + "; ".join(parts) + "."
    metric, what = {
        "precision-recall": ("average_precision", "Precision against recall"),
        "reliability": ("log_loss", "Share of positives against recalibrated probability"),
        "reliability-raw": ("log_loss_raw", "Share of positives against raw probability"),
        "cost": ("cost", "Cost per row against the threshold"),
    }[kind]
    title = METRICS[metric].title
    means = [f"{n} {comparison.values(n, metric).mean():.4g}" for n in comparison.scored]
    return f"{what}, a curve per candidate with a band over folds; {title}: {', '.join(means)}."
