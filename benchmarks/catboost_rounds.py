"""Whole trainings of CatBoost with our objectives against its own, each in a process of its own.

CatBoost asks a custom objective for the derivatives of at most 1,000 rows at a time. A cell is a
fresh process that trains on rows which are quantized already, and says how long that took, divided
by the rounds. All cells of a number of rows run in turn, several times; a ratio is of a process to
the one with CatBoost's own objective in the same turn. ``native again`` is that process once more:
its ratio is the noise. ``textbook`` is the formula of the cross-entropy in NumPy, for each block.
``train`` is ``gradpair.catboost.train`` with the loss as its metric, and ``train, AUC`` with a
metric of CatBoost in its place, as all other cells have.
"""

import json
import time

import numpy as np

import _bench
import gradpair as gp

FEATURES = 28
CELLS = (
    "native", "native again", "textbook", "cross-entropy", "focal", "train, AUC", "train",
    "train, focal",
)  # fmt: skip
PARAMS = {"depth": 6, "learning_rate": 0.1, "leaf_estimation_iterations": 1, "verbose": False}


class Textbook:
    """The objective of a blog post."""

    no_jit = True

    def calc_ders_range(self, approxes, targets, weights):
        p = 1 / (1 + np.exp(-approxes))
        pairs = np.column_stack([targets - p, -p * (1 - p)])
        return pairs if weights is None else pairs * weights[:, None]


def data(n):
    """Rows in which a tree finds something to split at each depth."""
    import catboost as cb

    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, FEATURES), dtype=np.float32)
    margin = x[:, 0] + x[:, 1] * x[:, 2] - np.abs(x[:, 3]) - 2
    pool = cb.Pool(x, (rng.random(n) < gp.sigmoid(margin)).astype(np.float32))
    pool.quantize()
    return pool


def run_cell(cell):
    """Train in this process; print the seconds of a round."""
    import catboost as cb

    what, pool = cell["objective"], data(cell["rows"])
    params = {**PARAMS, "thread_count": cell["threads"]}
    loss = gp.FocalLoss(2.0) if "focal" in what else gp.BinaryCrossEntropy()
    if what.startswith("train"):
        params |= {"eval_metric": "AUC"} if "AUC" in what else {}

        def train(rounds):
            gp.catboost.train(params, pool, rounds, loss=loss, constant=0.0)

    else:
        own = {"textbook": Textbook(), "native": "Logloss", "native again": "Logloss"}
        params |= {"loss_function": own.get(what) or gp.catboost.objective(loss)}
        params |= {"eval_metric": "AUC", "allow_writing_files": False}

        def train(rounds):
            cb.CatBoost({**params, "iterations": rounds}).fit(pool)

    train(1)
    start = time.perf_counter()
    train(cell["rounds"])
    print(json.dumps((time.perf_counter() - start) / cell["rounds"]))


def measure(n, options):
    """Rows of the table: every cell at a number of rows, in turns."""
    rounds = options.rounds or (5 if options.quick else int(np.clip(3e7 / n, 10, 100)))
    common = {"rows": n, "threads": options.threads, "rounds": rounds}
    cells = [{**common, "objective": what} for what in CELLS]
    found = _bench.in_processes(__file__, cells, repeat=options.repeat)
    for what, seconds in zip(CELLS, found, strict=True):
        low, middle, high = _bench.ratio(seconds, found[0])
        yield {
            "rows": n, "objective": what, "processes": options.repeat,
            "ms/round": 1e3 * _bench.spread(seconds)[1], "this / native": middle,
            "quartiles": f"{low:.3f} to {high:.3f}",
        }  # fmt: skip


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--rows", type=_bench.sizes, help="numbers of rows, such as 1e4,1e6")
    parser.add_argument("--rounds", type=int, help="rounds of each training")
    parser.add_argument("--threads", type=int, default=2, help="threads of the host (2)")
    options = _bench.parsed(parser, argv)
    if options.cell:
        run_cell(options.cell)
        return
    sizes = options.rows or ([1000] if options.quick else [10_000, 100_000, 1_000_000])
    rows = [row for n in sizes for row in measure(n, options)]
    title = f"Rounds of CatBoost, {FEATURES} features, {options.threads} threads"
    _bench.report(options, title, rows)


if __name__ == "__main__":
    main()
