"""Whole boosting rounds with our objectives against the host's own, each in a process of its own.

A cell is a fresh process that loads the rows from disk, trains one booster and says how long a
round took (median, without the first) and how many minor page faults it made. All cells of a host
and a number of rows run in turn, several times; a ratio is of a process to the one with the host's
own objective in the same turn. ``native again`` is that process once more: its ratio is the noise.
``(heap kept)`` is the same with malloc's thresholds raised by hand (``MALLOC_*`` of glibc), as the
first call of our objectives raises them by itself. ``train, ...`` is a whole training, ours or the
host's, divided by its rounds, and relative to the host's: it counts what a training does once.
"""

import importlib.util
import json
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

import _bench
import gradpair as gp
from _bench import KERNELS

FEATURES = 28
ALPHA, GAMMA = 7.3, 2.0
KEPT = {"MALLOC_MMAP_THRESHOLD_": str(1 << 30), "MALLOC_TRIM_THRESHOLD_": str((1 << 31) - 1)}
FOCAL = [f"focal, {kernel}" for kernel in ("textbook", *KERNELS)]
TRAININGS = ["train, native", "train, native again", "train, numpy"]
BASIC = ["native", "native again", "textbook", *KERNELS]
CELLS = {  # of a number of rows; others have all of them
    10_000: [*BASIC, *TRAININGS],
    100_000: [*BASIC, *TRAININGS],
    10_000_000: ["native", "native again", *KERNELS],
}
ALL = [*BASIC, "native (heap kept)", "textbook (heap kept)", *FOCAL, *TRAININGS]
HOSTS = ("xgboost", "lightgbm")


def save_data(n, folder):
    """Write rows in which a tree finds something to split at each depth."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, FEATURES), dtype=np.float32)
    margin = x[:, 0] + x[:, 1] * x[:, 2] - np.abs(x[:, 3]) - 2
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", (rng.random(n) < gp.sigmoid(margin)).astype(np.float32))


def loss_of(what):
    """The loss of a cell."""
    return gp.FocalLoss(GAMMA) if what.startswith("focal") else gp.WeightedCrossEntropy(ALPHA)


def textbook(loss):
    """An objective as it stands in blog posts."""
    formula = _bench.textbook(loss)

    def objective(z, data):
        gradient, hessian = formula(data.get_label(), z)
        return gradient, hessian if loss.convex else np.maximum(hessian, 1e-16)

    return objective


def objective_of(what, host):
    """The custom objective of a cell, None for the host's own."""
    if what.startswith("native"):
        return None
    loss = loss_of(what)
    return textbook(loss) if "textbook" in what else getattr(gp, host).objective(loss)


def booster(cell, x, y):
    """A function that trains one more round."""
    host, what, threads = cell["host"], cell["objective"], cell["threads"]
    objective = objective_of(what, host)
    if host == "xgboost":
        import xgboost as xgb

        rows = xgb.DMatrix(x, label=y, nthread=threads)
        params = {"objective": "binary:logistic", "nthread": threads, "max_depth": 6}
        params |= {"base_score": 0.5} | ({} if objective else {"scale_pos_weight": ALPHA})
        trained = xgb.Booster(params, [rows])
        rounds = iter(range(10**9))
        return lambda: trained.update(rows, next(rounds), objective)
    import lightgbm as lgb

    rows = lgb.Dataset(x, y, free_raw_data=False).construct()
    params = {"num_leaves": 31, "num_threads": threads, "verbosity": -1}
    native = {"objective": "binary", "scale_pos_weight": ALPHA, "boost_from_average": False}
    trained = lgb.Booster({**params, **({"objective": "none"} if objective else native)}, rows)
    return lambda: trained.update(fobj=objective)


def training(cell, x, y):
    """A function that trains so many rounds, from margin 0 as :func:`booster` does."""
    host, what, threads = cell["host"], cell["objective"], cell["threads"]
    ours = {} if "native" in what else {"loss": loss_of(what), "constant": 0.0}
    if host == "xgboost":
        import xgboost as xgb

        rows = xgb.DMatrix(x, label=y, nthread=threads)
        params = {"nthread": threads, "max_depth": 6}
        native = {"objective": "binary:logistic", "base_score": 0.5, "scale_pos_weight": ALPHA}
        train = gp.xgboost.train if ours else xgb.train
    else:
        import lightgbm as lgb

        rows = lgb.Dataset(x, y, free_raw_data=False).construct()
        params = {"num_leaves": 31, "num_threads": threads, "verbosity": -1}
        native = {"objective": "binary", "scale_pos_weight": ALPHA, "boost_from_average": False}
        train = gp.lightgbm.train if ours else lgb.train
    params |= {} if ours else native
    return lambda rounds: train(params, rows, rounds, **ours)


def run_cell(cell):
    """Train in this process; print seconds and minor faults of a round, and the peak in MB."""
    what = cell["objective"]
    x, y = (np.load(Path(cell["folder"]) / f"{name}.npy") for name in "xy")
    if what.split(", ")[-1] in KERNELS:
        gp.set_kernel(what.split(", ")[-1])
    measured = whole if what.startswith("train") else by_round
    seconds, faults = measured(cell, x, y)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, faults, peak]))


def whole(cell, x, y):
    """Seconds and faults of a training, divided by its rounds."""
    train, rounds = training(cell, x, y), cell["rounds"]
    train(1)
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    train(rounds)
    faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    return (time.perf_counter() - start) / rounds, faults / rounds


def by_round(cell, x, y):
    """Median seconds and faults of a round, without the first."""
    update = booster(cell, x, y)
    seconds, faults = [], []
    for _ in range(cell["rounds"] + 1):
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        update()
        seconds.append(time.perf_counter() - start)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    return float(np.median(seconds[1:])), float(np.median(faults[1:]))


def measure(host, n, options):
    """Rows of the table: every cell of a host at a number of rows, in turns."""
    rounds = options.rounds or (5 if options.quick else int(np.clip(3e7 / n, 10, 100)))
    whats = options.only or CELLS.get(n, ALL)
    with tempfile.TemporaryDirectory() as folder:
        save_data(n, Path(folder))
        common = {"host": host, "folder": folder, "threads": options.threads, "rounds": rounds}
        found = _bench.in_processes(
            __file__,
            [{**common, "objective": what} for what in whats],
            repeat=options.repeat,
            environment=lambda cell: KEPT if "kept" in cell["objective"] else {},
        )
    seconds = {what: [cell[0] for cell in cells] for what, cells in zip(whats, found, strict=True)}
    for what, cells in zip(whats, found, strict=True):
        base = seconds["train, native" if what.startswith("train") else "native"]
        low, middle, high = _bench.ratio(seconds[what], base)
        _, faults, peak = np.median(cells, axis=0)
        yield {
            "host": host, "rows": n, "objective": what, "processes": options.repeat,
            "ms/round": 1e3 * _bench.spread(seconds[what])[1], "this / native": middle,
            "quartiles": f"{low:.3f} to {high:.3f}", "faults/round": int(faults),
            "peak MB": int(peak),
        }  # fmt: skip


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--rows", type=_bench.sizes, help="numbers of rows, such as 1e4,1e6")
    parser.add_argument("--rounds", type=int, help="rounds of each booster")
    parser.add_argument(
        "--only", type=lambda text: text.split(";"), help="cells, such as native;numpy"
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of the host (2)")
    options = _bench.parsed(parser, argv)
    if options.cell:
        run_cell(options.cell)
        return
    sizes = options.rows or ([1000, 10_000] if options.quick else [10**k for k in range(4, 8)])
    rows = [
        row
        for host in HOSTS
        if importlib.util.find_spec(host)
        for n in sizes
        for row in measure(host, n, options)
    ]
    _bench.report(options, f"Boosting rounds, {FEATURES} features, {options.threads} threads", rows)


if __name__ == "__main__":
    main()
