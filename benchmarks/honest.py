"""Does a loss help? ``gradpair compare`` on real data, with costs of 10 and 1.

Five folds, twice, of every set; XGBoost with its defaults, at most 200 rounds, early stopping on an
inner split. ``AP`` to ``cost`` are means over the folds: average precision, log loss as it is and
recalibrated, and what a row costs where a missed positive costs 10 and a false alarm 1, at the
threshold that this implies and at 0.5. ``told`` is what the verdict says of the candidate.
``--data FOLDER`` names a folder with mammography.npz, bank_marketing.npz and adult.npz (arrays X, y
and names); without it, the sets that scikit-learn bundles are used. A row per candidate, fold and
metric is kept as CSV beside the JSON.
"""

from pathlib import Path

import _bench
import _data
from gradpair.compare import compare, default_estimator

COSTS = 10.0, 1.0
COLUMNS = {
    "AP": "average_precision", "log loss": "log_loss_raw", "recalibrated": "log_loss",
    "cost": "cost", "cost at .5": "cost_at_half",
}  # fmt: skip


def told(found, candidate):
    """The sentence of the verdict on a candidate, if there is one."""
    lines = [
        line for line in found.verdict_lines if line.startswith((candidate, f"but {candidate}"))
    ]
    return "; ".join(line.removeprefix("but ").removeprefix(f"{candidate} ") for line in lines)


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="sets of your own")
    options = parser.parse_args(argv)
    rounds, folds = (5, 2) if options.quick else (200, None)
    table, kept = [], []
    for name, x, y in _data.sets(options.data):
        estimator = default_estimator("xgboost", rounds=rounds)
        found = compare(x, y, estimator=estimator, costs=COSTS, cv=folds)
        for candidate in found.scored:
            means = {c: float(found.values(candidate, m).mean()) for c, m in COLUMNS.items()}
            table.append(
                {"set": name, "candidate": candidate, **means, "told": told(found, candidate)}
            )
        head, *lines = found.to_csv().splitlines()
        kept += [*([] if kept else [f"set,{head}"]), *(f"{name},{line}" for line in lines)]
    if options.json:
        options.json.with_suffix(".csv").write_text("\n".join(kept) + "\n")
    _bench.report(options, "Losses against the built-in objective on real data", table)


if __name__ == "__main__":
    main()
