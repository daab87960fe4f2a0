"""Trainings on one and on two workers: rows per second, and what the workers tell each other.

A cell is a fresh process, or two that XGBoost connects, each on one thread with its part of the
rows. ``constant`` is the time from the call of ``train`` to the first round: it finds out whether
there are offsets, fits the constant and makes the booster. ``round`` is a whole training with the
loss as its metric, divided by its rounds. The slowest worker counts. The reductions are those that
Python makes: gradpair's, and one of XGBoost's in each round, of what a metric has told. What it
reduces in C++, quantiles and histograms, is not among them.
"""

import json
import subprocess
import sys
import time

import numpy as np
import xgboost as xgb
from xgboost import collective
from xgboost.tracker import RabitTracker

import _bench
import gradpair as gp

FEATURES = 28
LOSSES = {"WCE": gp.WeightedCrossEntropy(7.3), "focal": gp.FocalLoss(2.3)}
NATIVE, AGAIN = "native", "native again"
MINUTES = 10  # that the workers of a cell may take


class Reductions:
    """Counts what passes through ``xgboost.collective.allreduce``."""

    def __init__(self):
        self.numbers = np.zeros(2)
        self.reduce, collective.allreduce = collective.allreduce, self

    def __call__(self, values, op):
        self.numbers += 1, values.nbytes
        return self.reduce(values, op)

    def together(self):
        """Wait for the other workers, and count from here."""
        self.reduce(np.zeros(1), collective.Op.SUM)
        self.numbers[:] = 0


class Started(xgb.callback.TrainingCallback):
    """Notes when the first round is about to begin, and how many reductions that took."""

    def __init__(self, reductions):
        super().__init__()
        self.reductions = reductions

    def before_training(self, model):
        """Take the time."""
        self.at, self.numbers = time.perf_counter(), self.reductions.numbers.copy()
        return model


def part_of_rows(cell, rank):
    """Make the rows of a worker, in which a tree finds something to split at each depth."""
    n = cell["rows"] // cell["workers"]
    rng = np.random.default_rng([0, rank])
    x = rng.standard_normal((n, FEATURES), dtype=np.float32)
    offset = rng.normal(0, 1.5, n).astype(np.float32) if cell["offsets"] == "yes" else None
    margin = x[:, 0] + x[:, 1] * x[:, 2] - np.abs(x[:, 3]) - 2 + (0 if offset is None else offset)
    y = (rng.random(n) < gp.sigmoid(margin)).astype(np.float32)
    return xgb.DMatrix(x, label=y, base_margin=offset, nthread=1)


def measure(cell, rank):
    """Return seconds of constant and round, and reductions and bytes of each."""
    data, reductions = part_of_rows(cell, rank), Reductions()
    params, rounds = {"nthread": 1, "max_depth": 6}, cell["rounds"]
    evaluated = {"evals": [(data, "train")], "verbose_eval": False}
    if cell["loss"] in LOSSES:
        loss = {"loss": LOSSES[cell["loss"]]}
        constant, to_start = start_of(params, data, loss, reductions, cell["repeat"])
        train, more = gp.xgboost.train, {**loss, "constant": -2.0}
    else:
        constant, to_start = None, np.zeros(2)
        train, more = xgb.train, {}
        params |= {"objective": "binary:logistic", "base_score": 0.1, "scale_pos_weight": 7.3}
    reductions.together()
    train(params, data, 1, **more, **evaluated)
    of_one = reductions.numbers.copy()
    reductions.together()
    begun = time.perf_counter()
    train(params, data, rounds, **more, **evaluated)
    seconds = (time.perf_counter() - begun) / rounds
    a_round = (reductions.numbers - of_one) / (rounds - 1)
    return [constant, seconds, *to_start.tolist(), *a_round.tolist()]


def start_of(params, data, loss, reductions, repeat):
    """Return the median time from the call to the first round, and its reductions and bytes."""
    seconds = []
    for _ in range(1 + repeat):
        started = Started(reductions)
        reductions.together()
        begun = time.perf_counter()
        gp.xgboost.train(params, data, 1, **loss, callbacks=[started])
        seconds.append(started.at - begun)
    return float(np.median(seconds[1:])), started.numbers


def run_cell(cell):
    """Print what a worker has measured, or what the workers of a cell have, the slowest of each."""
    if "tracker" in cell:
        with collective.CommunicatorContext(**cell["tracker"]):
            found = measure(cell, collective.get_rank())
    else:
        found = measure(cell, 0) if cell["workers"] == 1 else of_workers(cell)
    print(json.dumps(found))


def of_workers(cell):
    """Run the workers of a cell and return the greatest of each number."""
    tracker = RabitTracker(host_ip="127.0.0.1", n_workers=cell["workers"])
    tracker.start()
    own = json.dumps({**cell, "tracker": tracker.worker_args()})
    command = [sys.executable, __file__, "--cell", own]
    workers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(cell["workers"])
    ]
    try:
        told = [worker.communicate(timeout=60 * MINUTES)[0] for worker in workers]
    finally:
        for worker in workers:
            worker.kill()
    tracker.wait_for(timeout=60)
    found = [json.loads(text.splitlines()[-1]) for text in told]  # XGBoost prints ranks before
    return [None if None in column else max(column) for column in zip(*found, strict=True)]


def rows_of_table(n, options):
    """Rows of the table for a number of rows."""
    rounds = options.rounds or (3 if options.quick else int(np.clip(1e7 / n, 10, 100)))
    common = {"rows": n, "rounds": rounds, "repeat": 1 if options.quick else 5}
    kinds = [(what, "no") for what in (NATIVE, AGAIN)]
    kinds += [(loss, offsets) for loss in LOSSES for offsets in ("no", "yes")]
    if options.quick:
        kinds = [(NATIVE, "no"), ("WCE", "yes")]
    cells = [
        {**common, "workers": workers, "loss": loss, "offsets": offsets}
        for workers in options.workers
        for loss, offsets in kinds
    ]
    found = _bench.in_processes(__file__, cells, repeat=options.repeat)
    seconds = {
        (cell["workers"], cell["loss"], cell["offsets"]): [one[1] for one in runs]
        for cell, runs in zip(cells, found, strict=True)
    }
    for cell, runs in zip(cells, found, strict=True):
        low, middle, high = _bench.ratio(
            seconds[cell["workers"], cell["loss"], cell["offsets"]],
            seconds[cell["workers"], NATIVE, "no"],
        )
        constants = [run[0] for run in runs if run[0] is not None]
        of_start, of_round = runs[0][2:4], runs[0][4:]
        yield {
            "rows": n, "workers": cell["workers"], "loss": cell["loss"], "offsets": cell["offsets"],
            "constant, ms": 1e3 * _bench.spread(constants)[1] if constants else None,
            "round, ms": 1e3 * _bench.spread([run[1] for run in runs])[1],
            "round / native": middle, "quartiles": f"{low:.2f} to {high:.2f}",
            "reductions before": round(of_start[0]), "bytes before": round(of_start[1]),
            "reductions a round": round(of_round[0]), "bytes a round": round(of_round[1]),
        }  # fmt: skip


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--rows", type=_bench.sizes, help="numbers of rows, such as 1e4,1e6")
    parser.add_argument("--rounds", type=int, help="rounds of each training")
    parser.add_argument("--workers", type=_bench.sizes, default=[1, 2], help="numbers of workers")
    options = _bench.parsed(parser, argv)
    if options.cell:
        run_cell(options.cell)
        return
    sizes = options.rows or ([10_000] if options.quick else [10**k for k in (4, 5, 6)])
    table = [row for n in sizes for row in rows_of_table(n, options)]
    _bench.report(options, f"One worker and two, {FEATURES} features, one thread each", table)


if __name__ == "__main__":
    main()
