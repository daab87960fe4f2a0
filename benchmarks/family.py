"""Every loss against the built-in objective, by ``gradpair compare`` on real data.

Five folds, twice, of every set; XGBoost with its defaults, at most 80 rounds, early stopping on an
inner split. ``AP``, ``log loss`` (recalibrated on held-out rows) and ``cost`` (of a row, where a
missed positive costs 10 and a false alarm 1, at the threshold that this implies) are means over the
folds, ``better`` and ``worse`` what the verdict tells from chance. ``--data FOLDER`` names a folder
with mammography.npz, bank_marketing.npz and adult.npz (arrays X, y and names), beside the sets that
scikit-learn bundles. The three metrics of every candidate and fold are kept as CSV beside the JSON.
"""

from pathlib import Path

import _bench
import _data
import gradpair as gp
from gradpair.compare import compare, default_estimator

COSTS = 10.0, 1.0
COLUMNS = {"AP": "average_precision", "log loss": "log_loss", "cost": "cost"}
VERDICTS = "better", "worse"
PLAIN = gp.BinaryCrossEntropy()
LOSSES = {
    "scale_pos_weight": "spw",
    "cross-entropy": PLAIN,
    "balanced": gp.WeightedCrossEntropy.balanced,
    "effective number": lambda y, w: gp.WeightedCrossEntropy.effective_number(y, sample_weight=w),
    "focal": gp.FocalLoss(gamma=2.0),
    "asymmetric": gp.AsymmetricLoss(gamma_negative=2.0),
    "asymmetric, margin": gp.AsymmetricLoss(gamma_negative=4.0, margin=0.05),
    "generalized": gp.GeneralizedCrossEntropy(q=0.7),
    "poly": gp.PolyLoss(epsilon=1.0),
    "smoothing": gp.LabelSmoothing(PLAIN, 0.1),
    "ldam": lambda y, w: gp.MarginShift.ldam(PLAIN, y, sample_weight=w),
    "logit adjusted": lambda y, w: gp.MarginShift.logit_adjusted(PLAIN, y, sample_weight=w),
}


def told(found, candidate, better):
    """What the verdict says that a candidate does better, or worse."""
    return "; ".join(
        (d.kind.gain if better else d.kind.loss)
        for d in found.compared
        if d.candidate == candidate and d.told and d.better == better and found.claims(d.metric)
    )


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="sets of your own")
    options = parser.parse_args(argv)
    rounds, folds = (5, 2) if options.quick else (80, None)
    sets = [*_data.sets(None), *(_data.sets(options.data) if options.data else ())]
    table, kept = [], []
    for name, x, y in sets:
        estimator = default_estimator("xgboost", rounds=rounds).set_params(n_jobs=1)
        found = compare(x, y, estimator=estimator, losses=LOSSES, costs=COSTS, cv=folds)
        for candidate in found.scored:
            means = {c: float(found.values(candidate, m).mean()) for c, m in COLUMNS.items()}
            verdict = {word: told(found, candidate, word == "better") for word in VERDICTS}
            table.append({"set": name, "candidate": candidate, **means, **verdict})
            kept += [
                f'{name},"{candidate}",{fold},{column},{value}'
                for column, metric in COLUMNS.items()
                for fold, value in enumerate(found.values(candidate, metric))
            ]
    if options.json:
        head = "set,candidate,fold,metric,value"
        options.json.with_suffix(".csv").write_text("\n".join([head, *kept]) + "\n")
    _bench.report(options, "Every loss against the built-in objective on real data", table)


if __name__ == "__main__":
    main()
