"""Measure what the hessian policies of the focal loss do on real data, and print it as Markdown.

``python docs/measure/focal_policies.py`` takes some seconds. The rows are scikit-learn's digits, 8
against the others; what is trained on is evaluated, since the question is what the steps do. Only
the calibration is measured on rows that were held out.
"""

import platform
import sys

import lightgbm as lgb
import numpy as np
import xgboost as xgb
from sklearn.datasets import load_digits

import gradpair as gp

ROUNDS = 30
ALL = slice(None)
X, DIGIT = load_digits(return_X_y=True)
Y = (DIGIT == 8).astype(np.float64)
FOCAL = gp.FocalLoss(gamma=2.0)
BCE = gp.BinaryCrossEntropy()
WAYS = ((BCE, None), (FOCAL, "exact"), (FOCAL, "positive"))


def show(*cells):
    """Print one row of a table."""
    sys.stdout.write(f"| {' | '.join(map(str, cells))} |\n")


def head(title, *names):
    """Print the head of a table."""
    sys.stdout.write(f"\n### {title}\n\n")
    show(*names)
    show(*["---"] * len(names))


def with_xgboost(loss, params, rows=ALL, **how):
    """Train on some rows; return all margins and the number of rows in each leaf of each tree."""
    data = xgb.DMatrix(X)
    params = {"max_depth": 4, "eta": 0.3, "nthread": 2, **params}
    booster = gp.xgboost.train(
        params, xgb.DMatrix(X[rows], label=Y[rows]), ROUNDS, loss=loss, **how
    )
    leaves = booster.predict(data, pred_leaf=True, strict_shape=True)[:, :, 0, 0]
    return booster.predict(data, output_margin=True).astype(np.float64), rows_of(leaves)


def with_lightgbm(loss, params, rows=ALL, **how):
    """Train on some rows; return all margins and the number of rows in each leaf of each tree."""
    params = {"num_leaves": 15, "learning_rate": 0.3, "num_threads": 2, "verbosity": -1, **params}
    booster = gp.lightgbm.train(params, lgb.Dataset(X[rows], Y[rows]), ROUNDS, loss=loss, **how)
    leaves = booster.predict(X, pred_leaf=True).reshape(Y.size, -1)
    return booster.predict(X, raw_score=True), rows_of(leaves)


HOSTS = {"XGBoost": with_xgboost, "LightGBM": with_lightgbm}


def rows_of(leaves):
    """Count the rows in each leaf of each tree."""
    return [np.unique(tree, return_counts=True)[1] for tree in leaves.T]


def mean_loss(loss, margin):
    """Mean loss of the training rows, rounded."""
    return f"{loss.loss(Y, margin).mean():.2g}"


def derivatives():
    """Hessians of a single row."""
    z = np.array([-8.0, -4.0, -2.0, 0.0, 2.0, 4.0, 8.0])
    head("Second derivative of a row of label 1", "hessian", *(f"z = {x:g}" for x in z))
    positive = gp.functional.focal_loss_gradient_positive_hessian(1, z, FOCAL.gamma)[1]
    rows = {"exact": FOCAL.hessian(1, z), "positive": positive, "cross-entropy": BCE.hessian(1, z)}
    for name, values in rows.items():
        show(name, *(f"{value:.2g}" for value in values))


def starts():
    """Training from several starts, with either policy."""
    head(
        f"Mean loss after {ROUNDS} rounds",
        "host", "start", "loss there", "exact", "positive", "exact, max_delta_step=1",
        "positive, max_delta_step=1",
    )  # fmt: skip
    for host, train in HOSTS.items():
        for start in (None, -3.0, 3.0, -8.0):
            constant = gp.optimal_constant(FOCAL, Y) if start is None else start
            cells = []
            for params in ({}, {"max_delta_step": 1.0}):
                for hessian in ("exact", "positive"):
                    margin, _ = train(FOCAL, params, constant=constant, hessian=hessian)
                    cells.append(f"{mean_loss(FOCAL, margin)} (z to {np.abs(margin).max():.2g})")
            named = f"{constant:.3f} (fitted)" if start is None else f"{start:g}"
            show(host, named, mean_loss(FOCAL, np.full(Y.size, constant)), *cells)


def floors():
    """Training from a bad start with the exact hessian and higher floors."""
    head(
        f"Mean loss after {ROUNDS} rounds from -3, hessian='exact'",
        "host", *(f"hessian_floor={floor:g}" for floor in (1e-16, 1e-3, 1e-2, 1e-1)),
    )  # fmt: skip
    for host, train in HOSTS.items():
        cells = []
        for floor in (1e-16, 1e-3, 1e-2, 1e-1):
            how = {"constant": -3.0, "hessian": "exact", "hessian_floor": floor}
            cells.append(mean_loss(FOCAL, train(FOCAL, {}, **how)[0]))
        show(host, *cells)


def counted_rows():
    """For how many rows LightGBM takes a row, by its share of the hessians."""
    head(
        "Rows that LightGBM counts for one row of label 1, and for one of label 0",
        "all margins at", "cross-entropy", "focal, exact", "focal, positive",
    )  # fmt: skip
    for constant in (gp.optimal_constant(FOCAL, Y), -3.0, 3.0):
        z, cells = np.full(Y.size, constant), []
        for loss, how in WAYS:
            hessian = gp.lightgbm.objective(loss, hessian=how)(Y, z)[1].astype(np.float64)
            rows = Y.size * hessian / hessian.sum()
            cells.append(f"{rows[Y == 1][0]:.2g}, {rows[Y == 0][0]:.2g}")
        show(f"{constant:.3g}", *cells)


def sizes():
    """What the hosts' limits on hessian sums and on rows do to the trees."""
    head(
        f"Leaves of {ROUNDS} trees from the fitted constant",
        "host", "limit", "cross-entropy", "focal, exact", "focal, positive",
    )  # fmt: skip
    for host, name, limits in (
        ("XGBoost", "min_child_weight", (0.0, 0.1, 1.0)),
        ("LightGBM", "min_sum_hessian_in_leaf", (1e-6, 1e-3, 1.0)),
    ):
        for limit in limits:
            trees = [HOSTS[host](loss, {name: limit}, hessian=how)[1] for loss, how in WAYS]
            show(host, f"{name}={limit:g}", *(sum(map(len, counts)) for counts in trees))
    head(
        "LightGBM with min_data_in_leaf=20: rows that its leaves really have",
        "rows", "cross-entropy", "focal, exact", "focal, positive",
    )  # fmt: skip
    trees = [with_lightgbm(loss, {}, hessian=how)[1] for loss, how in WAYS]
    show("smallest leaf", *(min(map(min, counts)) for counts in trees))
    below = [np.concatenate(counts) < 20 for counts in trees]
    show("leaves below 20", *(f"{100 * small.mean():.0f} %" for small in below))


def calibration():
    """Held-out probabilities before and after calibration."""
    head(
        f"Held-out log loss after {ROUNDS} rounds on every other row",
        "host", "cross-entropy", "focal, sigmoid(z)", "focal, calibrated_probability(z)",
    )  # fmt: skip
    held_out = slice(1, None, 2)
    for host, train in HOSTS.items():
        plain, focal = (train(loss, {}, slice(0, None, 2))[0] for loss in (BCE, FOCAL))
        calibrated = gp.logit(FOCAL.calibrated_probability(focal))
        losses = (BCE.loss(Y, z)[held_out].mean() for z in (plain, focal, calibrated))
        show(host, *(f"{value:.3f}" for value in losses))


def main():
    """Print everything."""
    derivatives()
    starts()
    floors()
    counted_rows()
    sizes()
    calibration()
    versions = {"xgboost": xgb, "lightgbm": lgb, "numpy": np}
    named = ", ".join(f"{name} {module.__version__}" for name, module in versions.items())
    sys.stdout.write(f"\nPython {platform.python_version()}, {named}; gamma = {FOCAL.gamma:g}, ")
    sys.stdout.write(f"alpha = {FOCAL.alpha:g}; {Y.size} rows, {Y.mean():.1%} of label 1.\n")


if __name__ == "__main__":
    main()
