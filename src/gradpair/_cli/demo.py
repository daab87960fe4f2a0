"""The command ``gradpair demo``: weighted cross-entropy in every host, beside its built-in loss."""

import importlib
import importlib.util
import warnings
from typing import Any

import numpy as np

import gradpair as gp
from gradpair._hosts import record
from gradpair._validation import Array

_SETTINGS = {"n_estimators": 50, "max_depth": 4, "n_jobs": 1}
_WIDEST = 20  # of a name, in a line of 80 columns
_COLUMNS = "{:8} {:20} {:>6} {:>11} {:>9} {:>13} {:>6}"


def run(gamma: float | None = None) -> int:
    """Print the comparison and return the exit status."""
    hosts = _present()
    if missing := importlib.util.find_spec("sklearn") is None:
        print("gradpair demo needs scikit-learn: pip install 'gradpair[sklearn]'")
    if missing or not hosts:
        return 1
    data = _digits()
    train_y, test_y = data[2:]
    loss = gp.WeightedCrossEntropy.balanced(train_y)
    unweighted = gp.optimal_constant(gp.BinaryCrossEntropy(), train_y)
    print(
        f"scikit-learn's digits, 8 against the rest: {train_y.size:,} rows to train on,\n"
        f"{test_y.size} held out, {train_y.mean():.1%} positive. alpha = zeros / ones = "
        f"{loss.alpha:.3f}, so the\nbest start is at log-odds "
        f"{gp.optimal_constant(loss, train_y):.3f} (unweighted: {unweighted:.3f}).\n"
        f"{_SETTINGS['n_estimators']} rounds, each from its best start.\n"
    )
    print(_COLUMNS.format("", "objective", "start", "trees", "max |Δp|", "weighted loss", "AP"))
    focal = [] if gamma is None else [gp.FocalLoss(gamma, loss.alpha)]
    with warnings.catch_warnings():
        # LightGBM 4.6 names the features of arrays, and then misses the names when it predicts.
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        differences = np.array([_compare(host, loss, focal, data) for host in hosts])
    if (differing := int(differences[:, 0].sum())) or differences[:, 1].max() > 1e-6:
        print(f"\n{differing} trees differ: a host does not grow those of its built-in objective.")
    else:
        print("\nFrom the same start the loss grows the trees of scale_pos_weight, and its")
        print(f"probabilities differ by at most {differences[:, 1].max():.1e}.")
    return 0


def _present() -> list[record.Host]:
    """Return the hosts that are installed, and say how to get the others."""
    hosts = []
    for name in record.HOSTS:
        try:
            hosts.append(record.load(name))
        except ModuleNotFoundError as error:
            print(error)
    return hosts


def _digits() -> list[Array]:
    """Images of handwritten digits and whether they show an 8, for training and held out."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    x, digit = load_digits(return_X_y=True)
    y = (digit == 8).astype(int)
    parts: list[Array] = train_test_split(x, y, test_size=0.3, stratify=y, random_state=0)
    return parts


def _compare(
    host: record.Host, loss: gp.WeightedCrossEntropy, others: list[gp.FocalLoss], data: list[Array]
) -> tuple[int, float]:
    """Print the rows of a host; return how many trees differ, and the largest Δp."""
    from sklearn.metrics import average_precision_score, log_loss  # noqa: PLC0415 - an extra

    from gradpair.sklearn import BoostingClassifier  # noqa: PLC0415

    adapter, module = host.adapter(), importlib.import_module(record.HOSTS[host.name])
    train_x, test_x, train_y, test_y = data
    weights = np.where(test_y == 1, loss.alpha, 1.0)

    def estimator(**params: Any) -> Any:
        return adapter.ESTIMATOR(**_SETTINGS, **adapter.QUIET, **params)

    def row(title: str, name: str, loss: gp.Loss, fitted: Any, *told: str) -> tuple[Array, Any]:
        score: Array = gp.sigmoid(adapter.margin(fitted, test_x))
        start = round(gp.optimal_constant(loss, train_y), 3) + 0.0
        weighted = log_loss(test_y, score, sample_weight=weights)
        numbers = f"{weighted:.4f}", f"{average_precision_score(test_y, score):.4f}"
        print(_COLUMNS.format(title, name, f"{start:.3f}", *told or ("", ""), *numbers))
        return score, host.structures(adapter.booster(fitted))

    params, weight = module.native(loss, train_y)
    native = estimator(**params).fit(train_x, train_y, sample_weight=weight)
    expected, trees = row(host.title, "built-in", loss, native)
    ours = BoostingClassifier(estimator(), loss).fit(train_x, train_y).estimator_
    gap = float(np.abs(gp.sigmoid(adapter.margin(ours, test_x)) - expected).max())
    grown = host.structures(adapter.booster(ours))
    differing = sum(a != b for a, b in zip(trees, grown, strict=True))
    same = f"{len(trees) - differing}/{len(trees)} equal"
    row("", "WeightedCrossEntropy", loss, ours, same, f"{gap:.1e}")
    for other in others:
        fitted = BoostingClassifier(estimator(), other).fit(train_x, train_y).estimator_
        name = f"FocalLoss(gamma={other.gamma:g})"
        row("", name if len(name) <= _WIDEST else f"FocalLoss({other.gamma:.4g})", other, fitted)
    return differing, gap
