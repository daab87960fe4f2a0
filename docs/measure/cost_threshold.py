"""Draw what a threshold costs: docs/images/cost_threshold.svg, in docs/probabilities.md.

A missed positive costs 10, a false alarm 1. The models are trained on a half of scikit-learn's
digits, 8 against the rest, and recalibrated on a quarter; the costs are of the last quarter, means
over 20 such splits.
"""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from xgboost import XGBClassifier

import gradpair as gp
from gradpair.sklearn import BoostingClassifier

MISSED, ALARM, SPLITS = 10.0, 1.0, 20
THRESHOLDS = np.linspace(0.005, 0.995, 199)
PLACE = Path(__file__).parents[1] / "images" / "cost_threshold.svg"
mpl.use("svg")
mpl.rcParams["svg.hashsalt"] = "gradpair"  # the same file in every run


def costs(y, probability):
    """Return the cost per row at each threshold."""
    positive = probability[:, None] > THRESHOLDS
    missed, alarms = (~positive & (y == 1)[:, None]), (positive & (y == 0)[:, None])
    return (MISSED * missed + ALARM * alarms).mean(axis=0)


def curves(x, y, seed):
    """Cost of each model on the rows that none of them has seen."""
    fit, rest = train_test_split(np.arange(y.size), test_size=0.5, stratify=y, random_state=seed)
    held, test = train_test_split(rest, test_size=0.5, stratify=y[rest], random_state=seed)
    host = XGBClassifier(n_estimators=40, max_depth=4, n_jobs=1)
    plain = BoostingClassifier(host).fit(x[fit], y[fit])
    weighted = BoostingClassifier(host, gp.WeightedCrossEntropy(MISSED / ALARM)).fit(x[fit], y[fit])
    models = {
        "cross-entropy": plain,
        "weighted cross-entropy, alpha = 10": weighted,
        "the same, recalibrated": weighted.recalibrate(x[held], y[held]),
    }
    return {
        name: costs(y[test], model.predict_proba(x[test])[:, 1]) for name, model in models.items()
    }


def main():
    """Draw, and print where each curve is lowest."""
    from matplotlib import pyplot as plt  # noqa: PLC0415 - once the backend is set

    x, digit = load_digits(return_X_y=True)
    y = (digit == 8).astype(int)
    splits = [curves(x, y, seed) for seed in range(SPLITS)]
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    best = ALARM / (ALARM + MISSED)
    at_best, at_half = (int(np.abs(THRESHOLDS - t).argmin()) for t in (best, 0.5))
    for name, line in zip(splits[0], ("-", "--", "-."), strict=True):
        mean = np.mean([split[name] for split in splits], axis=0)
        axes.plot(THRESHOLDS, mean, line, label=name)
        lowest = THRESHOLDS[mean.argmin()]
        print(
            f"{name:35} lowest {mean.min():.3f} at {lowest:.2f}; {mean[at_best]:.3f} at 1/11, "
            f"{mean[at_half]:.3f} at 1/2"
        )
    axes.axvline(best, color="0.6", linewidth=1)
    axes.annotate("1/11", (best, 0.97), xycoords=("data", "axes fraction"), color="0.4")
    axes.set(xlabel="threshold of the predicted probability", ylabel="cost per row")
    axes.set(xlim=(0, 1), ylim=(0, None), title="A missed positive costs 10, a false alarm 1")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(PLACE, metadata={"Date": None})


if __name__ == "__main__":
    main()
