"""The command ``gradpair demo``: a small comparison of losses on real data, in every host."""

import importlib
import importlib.util
import textwrap
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

import gradpair as gp
from gradpair._hosts import record
from gradpair._validation import Array

_SETTINGS = {"n_estimators": 50, "max_depth": 4}
_COSTS = 10.0, 1.0  # of a missed 8 and of a false alarm
_FOLDS = 5
_COLUMNS = {"average_precision": "AP", "log_loss": "log loss", "cost": "cost per row"}


def run(gamma: float | None = None, names: Sequence[str] | None = None) -> int:
    """Print the comparison, in the hosts that are named or in all, and return the exit status."""
    hosts = _present(names or tuple(record.HOSTS))
    if missing := importlib.util.find_spec("sklearn") is None:
        print("gradpair demo needs scikit-learn: pip install 'gradpair[sklearn]'")
    if missing or not hosts:
        return 1
    x, y = _digits()
    missed, alarm = _COSTS
    print(
        f"scikit-learn's digits, 8 against the rest: {y.size:,} rows, {y.mean():.1%} positive.\n"
        f"A missed 8 costs {missed:g}, a false alarm {alarm:g}. {_FOLDS} folds, "
        f"{_SETTINGS['n_estimators']} rounds; probabilities\nrecalibrated on rows held out."
    )
    with warnings.catch_warnings():
        # LightGBM 4.6 names the features of arrays, and then misses the names when it predicts.
        warnings.filterwarnings("ignore", "X does not have valid feature names")
        for host in hosts:
            _compare(host, gamma, x, y)
        _say_parity([(host.title, *_parity(host, x, y)) for host in hosts])
    return 0


def _present(names: Sequence[str]) -> list[record.Host]:
    """Return the hosts that are installed, and say how to get the others."""
    hosts = []
    for name in dict.fromkeys(names):
        try:
            hosts.append(record.load(name))
        except ModuleNotFoundError as error:
            print(error)
    return hosts


def _digits() -> tuple[Array, Array]:
    """Images of handwritten digits and whether they show an 8."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra

    x, digit = load_digits(return_X_y=True)
    return x, (digit == 8).astype(int)


def _estimator(host: record.Host, **params: Any) -> Any:
    adapter = host.adapter()
    settings = {**host.settings, **_SETTINGS, host.threads: 1}
    return adapter.ESTIMATOR(**settings, **adapter.QUIET, **params)


def _compare(host: record.Host, gamma: float | None, x: Array, y: Array) -> None:
    """Print the verdict on a host, and the means that it comes from."""
    from gradpair.compare import compare  # noqa: PLC0415 - needs scikit-learn

    losses: list[Any] = ["spw"] if "scale_pos_weight" in host.plain else []
    losses += ["bce", "wce", "focal:1", "focal:2"]
    if gamma not in (None, 1, 2):
        losses.append(f"focal:{gamma!r}")
    found = compare(x, y, estimator=_estimator(host), losses=losses, costs=_COSTS, cv=_FOLDS)
    lines = found.verdict_lines
    print()
    for line in (f"{host.title}: {lines[0]}", *lines[1:]):
        print(textwrap.fill(line, 80, subsequent_indent="    "))
    print(" " * 20 + "".join(f"{title:>14}" for title in _COLUMNS.values()))
    for name in found.scored:
        means = [found.values(name, metric).mean() for metric in _COLUMNS]
        print(f"{name:20}" + "".join(f"{mean:14.4f}" for mean in means))


def _parity(host: record.Host, x: Array, y: Array) -> tuple[int, int, float]:
    """Return how many trees of the built-in objective the loss grows, of how many, and max |Δp|."""
    from gradpair.sklearn import BoostingClassifier  # noqa: PLC0415 - an extra

    adapter, module = host.adapter(), importlib.import_module(record.HOSTS[host.name])
    loss = gp.WeightedCrossEntropy.balanced(y)
    params, weight = module.native(loss, y)
    native = _estimator(host, **params).fit(x, y, sample_weight=weight)
    ours = BoostingClassifier(_estimator(host), loss).fit(x, y).estimator_
    margins = [adapter.margin(fitted, x) for fitted in (native, ours)]
    trees, grown = (host.structures(adapter.booster(fitted)) for fitted in (native, ours))
    equal = sum(a == b for a, b in zip(trees, grown, strict=True))
    return equal, len(trees), float(np.abs(np.subtract(*map(gp.sigmoid, margins))).max())


def _say_parity(found: list[tuple[str, int, int, float]]) -> None:
    told = ", ".join(f"{title} {equal}/{trees} equal" for title, equal, trees, _ in found)
    gap = max(gap for *_, gap in found)
    line = f"Trees of WeightedCrossEntropy and of scale_pos_weight: {told}; max |Δp| {gap:.1e}."
    print("\n" + textwrap.fill(line, 80))
