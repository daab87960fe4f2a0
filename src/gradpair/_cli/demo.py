"""The command ``gradpair demo``: weighted cross-entropy in every host, beside its built-in loss."""

import functools
import importlib
import importlib.util
from typing import Any, NamedTuple

import numpy as np

import gradpair as gp
from gradpair._hosts import record
from gradpair._hosts.record import Host
from gradpair._validation import Array

_SETTINGS = {"n_estimators": 50, "max_depth": 4, "n_jobs": 1}


class _Digits(NamedTuple):
    """Images of handwritten digits, labelled by whether they show an 8."""

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array


class _Row(NamedTuple):
    """A trained model: its score on the held-out rows, and its trees."""

    score: Array
    trees: list[Any]


def run(gamma: float | None = None) -> int:
    """Print the comparison and return the exit status."""
    hosts = _present()
    if importlib.util.find_spec("sklearn") is None:
        print("gradpair demo needs scikit-learn: pip install 'gradpair[sklearn]'")
        return 1
    if not hosts:
        return 1
    data = _load()
    loss = gp.WeightedCrossEntropy.balanced(data.train_y)
    focal = None if gamma is None else gp.FocalLoss(gamma, loss.alpha)
    unweighted = gp.optimal_constant(gp.BinaryCrossEntropy(), data.train_y)
    start = gp.optimal_constant(loss, data.train_y)
    print(
        f"scikit-learn's digits, 8 against the rest: {data.train_y.size:,} rows to train on,\n"
        f"{data.test_y.size} held out, {data.train_y.mean():.1%} positive. alpha = zeros / ones = "
        f"{loss.alpha:.3f}, so the\nbest start is at log-odds {start:.3f} (unweighted: "
        f"{unweighted:.3f}).\n{_SETTINGS['n_estimators']} rounds, each from its best start.\n"
    )
    print(
        f"{'':8} {'objective':20} {'start':>6} {'trees':>11} {'max |Δp|':>9} "
        f"{'weighted loss':>13} {'AP':>6}"
    )
    verdicts = [_compare(host, data, loss, focal) for host in hosts]
    print("\n" + _conclusion(verdicts))
    return 0


def _present() -> list[Host]:
    """Return the hosts that are installed, and say how to get the others."""
    hosts = []
    for name in record.HOSTS:
        try:
            hosts.append(record.load(name))
        except ModuleNotFoundError as error:
            print(error)
    return hosts


def _load() -> _Digits:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    x, digit = load_digits(return_X_y=True)
    parts = train_test_split(
        x, (digit == 8).astype(int), test_size=0.3, stratify=digit == 8, random_state=0
    )
    return _Digits(parts[0], parts[2], parts[1], parts[3])


def _builtin(host: Host, data: _Digits, loss: gp.Loss) -> _Row:
    """Train the built-in equivalent of a cross-entropy, from the same start."""
    adapter, module = host.adapter(), importlib.import_module(record.HOSTS[host.name])
    params, weight = module.native(loss, data.train_y)
    estimator = adapter.ESTIMATOR(**_SETTINGS, **adapter.QUIET, **params)
    estimator.fit(data.train_x, data.train_y, sample_weight=weight)
    return _row(host, estimator, data.test_x)


def _ours(host: Host, data: _Digits, loss: gp.Loss) -> _Row:
    from gradpair.sklearn import BoostingClassifier  # noqa: PLC0415 - an extra

    adapter = host.adapter()
    model = BoostingClassifier(adapter.ESTIMATOR(**_SETTINGS, **adapter.QUIET), loss)
    return _row(host, model.fit(data.train_x, data.train_y).estimator_, data.test_x)


def _row(host: Host, estimator: Any, test_x: Array) -> _Row:
    adapter = host.adapter()
    score = gp.sigmoid(adapter.margin(estimator, test_x))
    return _Row(score, host.structures(adapter.booster(estimator)))


def _compare(
    host: Host, data: _Digits, loss: gp.WeightedCrossEntropy, focal: gp.FocalLoss | None
) -> tuple[int, float]:
    """Print the rows of a host; return how many trees differ, and the largest Δp."""
    native, ours = _builtin(host, data, loss), _ours(host, data, loss)
    differing = sum(a != b for a, b in zip(native.trees, ours.trees, strict=True))
    gap = float(np.abs(native.score - ours.score).max())
    same = f"{len(ours.trees) - differing}/{len(ours.trees)} equal"
    show = functools.partial(_print, data=data, alpha=loss.alpha)
    start = gp.optimal_constant(loss, data.train_y)
    show(host.title, "built-in", start, native)
    show("", "WeightedCrossEntropy", start, ours, trees=same, gap=f"{gap:.1e}")
    if focal is not None:
        start = gp.optimal_constant(focal, data.train_y)
        show("", f"FocalLoss(gamma={focal.gamma:g})", start, _ours(host, data, focal))
    return differing, gap


def _print(
    title: str,
    objective: str,
    start: float,
    row: _Row,
    *,
    data: _Digits,
    alpha: float,
    trees: str = "",
    gap: str = "",
) -> None:
    """Print a row, with the log loss that weights the positives."""
    from sklearn.metrics import average_precision_score, log_loss  # noqa: PLC0415 - an extra

    weighted = log_loss(data.test_y, row.score, sample_weight=np.where(data.test_y, alpha, 1.0))
    precision = average_precision_score(data.test_y, row.score)
    print(
        f"{title:8} {objective:20} {round(start, 3) + 0.0:6.3f} {trees:>11} {gap:>9} "
        f"{weighted:13.4f} {precision:6.4f}"
    )


def _conclusion(verdicts: list[tuple[int, float]]) -> str:
    """Say in a sentence what the table shows."""
    differing = sum(count for count, _ in verdicts)
    gap = max(difference for _, difference in verdicts)
    if differing or gap > 1e-6:
        return (
            f"{differing} trees differ, and probabilities by up to {gap:.1e}: the host does not\n"
            f"grow the trees that its built-in objective does."
        )
    return (
        f"From the same start the loss grows the trees of scale_pos_weight, and its\n"
        f"probabilities differ by at most {gap:.1e}."
    )
