"""Log loss on test rows before and after recalibration on held-out rows.

Five stratified folds. Of each training fold a quarter is held out to recalibrate on; every
objective trains 80 rounds of XGBoost on the other rows, the built-in one too. ``/ built-in`` is
relative to the raw log loss of the built-in objective. ``--data FOLDER`` names a folder with
mammography.npz, bank_marketing.npz and adult.npz (arrays X, y and names); without it, the sets that
scikit-learn bundles are used.
"""

import functools
from pathlib import Path

import numpy as np
import xgboost as xgb
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold, train_test_split

import _bench
import _data
import gradpair as gp

ROUNDS, FOLDS = 80, 5
PARAMS = {"objective": "binary:logistic", "nthread": 2}


def built_in(rows, y, rounds):
    """The host's own objective."""
    del y
    return xgb.train(PARAMS, rows, rounds)


def ours(loss_of, rows, y, rounds):
    """One of our losses."""
    return gp.xgboost.train(PARAMS, rows, rounds, loss=loss_of(y))


OBJECTIVES = {
    "built-in": built_in,
    "BCE": functools.partial(ours, lambda y: gp.BinaryCrossEntropy()),  # noqa: ARG005
    "WCE.balanced": functools.partial(ours, gp.WeightedCrossEntropy.balanced),
    "focal(1)": functools.partial(ours, lambda y: gp.FocalLoss(1.0)),  # noqa: ARG005
    "focal(2)": functools.partial(ours, lambda y: gp.FocalLoss(2.0)),  # noqa: ARG005
}


def fold_losses(x, y, train, test, rounds):
    """Log losses of one fold: raw, closed formula, shift, Platt, of every objective."""
    fit, held_out = train_test_split(train, test_size=0.25, stratify=y[train], random_state=0)
    fit, held_out, rows = (xgb.DMatrix(x[part], label=y[part]) for part in (fit, held_out, test))
    for name, trained in OBJECTIVES.items():
        booster = trained(fit, fit.get_label(), rounds)
        models = [booster, *(gp.xgboost.recalibrate(booster, held_out, method=m) for m in METHODS)]
        yield name, [log_loss(y[test], model.predict(rows)) for model in models]


METHODS = "shift", "platt"


def measure(name, x, y, rounds):
    """Rows of the table of one set."""
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    found = {objective: [] for objective in OBJECTIVES}
    for train, test in folds.split(x, y):
        for objective, losses in fold_losses(x, y, train, test, rounds):
            found[objective].append(losses)
    means = {objective: np.mean(losses, axis=0) for objective, losses in found.items()}
    for objective, (raw, shift, platt) in means.items():
        yield {
            "set": name, "rows": y.size, "positive": float(y.mean()), "objective": objective,
            "raw": raw, "shift": shift, "platt": platt,
            "platt / built-in": platt / means["built-in"][0],
        }  # fmt: skip


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="sets of your own")
    options = parser.parse_args(argv)
    rounds = 5 if options.quick else ROUNDS
    rows = [row for name, x, y in _data.sets(options.data) for row in measure(name, x, y, rounds)]
    _bench.report(options, "Log loss before and after recalibration", rows)


if __name__ == "__main__":
    main()
