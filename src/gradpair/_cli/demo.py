"""The demo: weighted cross-entropy in both hosts, beside their built-in objective."""

import functools
import importlib.util
import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import gradpair as gp
from gradpair._validation import Array

_ROUNDS = 50
_XGBOOST = {"max_depth": 4, "nthread": 1}
_LIGHTGBM = {"num_leaves": 15, "num_threads": 1, "verbosity": -1}


class _Digits(NamedTuple):
    """Images of handwritten digits, labelled by whether they show an 8."""

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array


class _Row(NamedTuple):
    """A trained model: its score on the held-out rows, its trees and the time it took."""

    score: Array
    trees: list[Any]
    seconds: float


class _Host(NamedTuple):
    """How a host trains, with its built-in objective from a start and with a loss of ours."""

    title: str
    native: Callable[[_Digits, float, float], _Row]
    ours: Callable[[_Digits, gp.Loss], _Row]


def run(gamma: float | None = None) -> int:
    """Print the comparison and return the exit status."""
    hosts = {
        "xgboost": _Host("XGBoost", _xgboost_native, _xgboost),
        "lightgbm": _Host("LightGBM", _lightgbm_native, _lightgbm),
    }
    titles = {"sklearn": "scikit-learn", **{name: host.title for name, host in hosts.items()}}
    missing = [name for name in titles if importlib.util.find_spec(name) is None]
    for name in missing:
        print(f"{titles[name]} is not installed: pip install 'gradpair[{name}]'")
    present = [host for name, host in hosts.items() if name not in missing]
    if "sklearn" in missing or not present:
        return 1

    data = _load()
    loss = gp.WeightedCrossEntropy.balanced(data.train_y)
    focal = None if gamma is None else gp.FocalLoss(gamma, loss.alpha)
    unweighted = gp.optimal_constant(gp.BinaryCrossEntropy(), data.train_y)
    start = gp.optimal_constant(loss, data.train_y)
    print(
        f"scikit-learn's digits, 8 against the rest: {data.train_y.size:,} rows to train on, "
        f"{data.test_y.size} held out, {data.train_y.mean():.1%} positive.\n"
        f"alpha = zeros / ones = {loss.alpha:.3f}, so the best start is at log-odds {start:.3f} "
        f"(unweighted: {unweighted:.3f}). {_ROUNDS} rounds, each from its best start.\n"
    )
    print(
        f"{'':9} {'objective':22} {'start':>7} {'trees':>11} {'largest |Δp|':>13} "
        f"{'weighted log loss':>18} {'AP':>7} {'seconds':>8}"
    )
    verdicts = [_compare(host, data, loss, focal) for host in present]
    print("\n" + _conclusion(verdicts))
    return 0


def _load() -> _Digits:
    from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra
    from sklearn.model_selection import train_test_split  # noqa: PLC0415

    x, digit = load_digits(return_X_y=True)
    y = (digit == 8).astype(np.float64)
    train_x, test_x, train_y, test_y = train_test_split(
        x, y, test_size=0.3, stratify=y, random_state=0
    )
    return _Digits(train_x, train_y, test_x, test_y)


def _xgboost_row(data: _Digits, train: Callable[[Any], Any]) -> _Row:
    import xgboost as xgb  # noqa: PLC0415 - an extra

    rows = xgb.DMatrix(data.train_x, label=data.train_y)
    booster, seconds = _timed(lambda: train(rows))
    trees = [xgboost_structure(json.loads(d)) for d in booster.get_dump(dump_format="json")]
    return _Row(booster.predict(xgb.DMatrix(data.test_x)), trees, seconds)


def _xgboost_native(data: _Digits, alpha: float, start: float) -> _Row:
    import xgboost as xgb  # noqa: PLC0415 - an extra

    params = {**_XGBOOST, "objective": "binary:logistic", "scale_pos_weight": alpha}
    params["base_score"] = float(gp.sigmoid(start))
    return _xgboost_row(data, lambda rows: xgb.train(params, rows, _ROUNDS))


def _xgboost(data: _Digits, loss: gp.Loss) -> _Row:
    return _xgboost_row(data, lambda rows: gp.xgboost.train(_XGBOOST, rows, _ROUNDS, loss=loss))


def _lightgbm_row(data: _Digits, train: Callable[[], Any], missing_start: float) -> _Row:
    booster, seconds = _timed(train)
    trees = [lightgbm_structure(t["tree_structure"]) for t in booster.dump_model()["tree_info"]]
    raw = booster.predict(data.test_x, raw_score=True) + missing_start
    return _Row(gp.sigmoid(raw), trees, seconds)


def _lightgbm_native(data: _Digits, alpha: float, start: float) -> _Row:
    import lightgbm as lgb  # noqa: PLC0415 - an extra

    params = {**_LIGHTGBM, "objective": "binary", "scale_pos_weight": alpha}
    starts = np.full(data.train_y.size, start)

    def train() -> Any:
        rows = lgb.Dataset(data.train_x, data.train_y, init_score=starts)
        return lgb.train(params, rows, _ROUNDS)

    return _lightgbm_row(data, train, start)


def _lightgbm(data: _Digits, loss: gp.Loss) -> _Row:
    import lightgbm as lgb  # noqa: PLC0415 - an extra

    def train() -> Any:
        rows = lgb.Dataset(data.train_x, data.train_y)
        return gp.lightgbm.train(_LIGHTGBM, rows, _ROUNDS, loss=loss)

    return _lightgbm_row(data, train, 0.0)


def xgboost_structure(node: dict[str, Any]) -> Any:
    """Return the splits of a tree of XGBoost's JSON dump, without the values of its leaves."""
    if "leaf" in node:
        return ()
    children = tuple(xgboost_structure(child) for child in node["children"])
    return node["split"], node["split_condition"], children


def lightgbm_structure(node: dict[str, Any]) -> Any:
    """Return the splits of a tree of LightGBM's dump, without the values of its leaves."""
    if "split_feature" not in node:
        return ()
    children = tuple(lightgbm_structure(node[side]) for side in ("left_child", "right_child"))
    return node["split_feature"], node["threshold"], children


def _timed(train: Callable[[], Any]) -> tuple[Any, float]:
    train()  # the first training of a process also loads and sets up
    begin = time.perf_counter()
    booster = train()
    return booster, time.perf_counter() - begin


def _compare(
    host: _Host, data: _Digits, loss: gp.WeightedCrossEntropy, focal: gp.FocalLoss | None
) -> tuple[int, float]:
    """Print the rows of a host; return how many trees differ, and the largest Δp."""
    start = gp.optimal_constant(loss, data.train_y)
    native, ours = host.native(data, loss.alpha, start), host.ours(data, loss)
    differing = sum(a != b for a, b in zip(native.trees, ours.trees, strict=True))
    gap = float(np.abs(native.score - ours.score).max())
    same = f"{len(ours.trees) - differing}/{len(ours.trees)} equal"
    weight = np.where(data.test_y == 1, loss.alpha, 1.0)
    show = functools.partial(_print, data=data, weight=weight)
    show(host.title, "built-in", start, native)
    show("", "WeightedCrossEntropy", start, ours, trees=same, gap=f"{gap:.1e}")
    if focal is not None:
        start = gp.optimal_constant(focal, data.train_y)
        show("", f"FocalLoss(gamma={focal.gamma:g})", start, host.ours(data, focal))
    return differing, gap


def _print(
    title: str,
    objective: str,
    start: float,
    row: _Row,
    *,
    data: _Digits,
    weight: Array,
    trees: str = "",
    gap: str = "",
) -> None:
    from sklearn.metrics import average_precision_score, log_loss  # noqa: PLC0415 - an extra

    weighted = log_loss(data.test_y, row.score, sample_weight=weight)
    precision = average_precision_score(data.test_y, row.score)
    print(
        f"{title:9} {objective:22} {round(start, 3) + 0.0:7.3f} {trees:>11} {gap:>13} "
        f"{weighted:18.4f} {precision:7.4f} {row.seconds:8.2f}"
    )


def _conclusion(verdicts: list[tuple[int, float]]) -> str:
    """Say in a sentence what the table shows."""
    differing = sum(count for count, _ in verdicts)
    gap = max(difference for _, difference in verdicts)
    if differing or gap > 1e-6:
        return (
            f"{differing} trees differ, and probabilities by up to {gap:.1e}: the host does not "
            f"grow the trees that its built-in objective does."
        )
    return (
        f"From the same start the loss grows the trees of scale_pos_weight, and its probabilities "
        f"differ by at most {gap:.1e}."
    )
