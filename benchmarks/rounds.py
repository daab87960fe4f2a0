"""Whole boosting rounds with our objectives against the host's own, each in a process of its own.

A cell is a fresh process that loads the rows from disk, trains one booster and says how long a
round took (median, without the first) and how many minor page faults it made. All cells of a host
and a number of rows run in turn, several times; a ratio is of a process to the one with the host's
own objective in the same turn. ``native again`` is that process once more: its ratio is the noise.
``(heap kept)`` is the same with malloc's thresholds raised by hand (``MALLOC_*`` of glibc), as the
first call of our objectives raises them by itself.
"""

import argparse
import importlib.util
import json
import os
import resource
import subprocess
import sys
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
CELLS = [
    "native", "native again", "native (heap kept)", "textbook", "textbook (heap kept)",
    *KERNELS, *FOCAL,
]  # fmt: skip
HOSTS = ("xgboost", "lightgbm")


def save_data(n, folder):
    """Write rows in which a tree finds something to split at each depth."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, FEATURES), dtype=np.float32)
    margin = x[:, 0] + x[:, 1] * x[:, 2] - np.abs(x[:, 3]) - 2
    np.save(folder / "x.npy", x)
    np.save(folder / "y.npy", (rng.random(n) < gp.sigmoid(margin)).astype(np.float32))


def textbook(z, data):
    """Gradient and hessian as they stand in blog posts, in the precision of the margins."""
    y = data.get_label()
    p = 1 / (1 + np.exp(-z))
    return y * p * (ALPHA - 1) + p - ALPHA * y, (y * (ALPHA - 1) + 1) * p * (1 - p)


def textbook_focal(z, data):
    """The focal loss, likewise."""
    y = data.get_label()
    p = 1 / (1 + np.exp(-z))
    t, sign = y * p + (1 - y) * (1 - p), 2 * y - 1
    rest, log = 1 - t, np.log(t)
    gradient = sign * rest**GAMMA * (GAMMA * t * log - rest)
    bend = GAMMA * log * (rest - GAMMA * t) + (1 + 2 * GAMMA) * rest
    return gradient, np.maximum(t * rest**GAMMA * bend, 1e-16)


def objective_of(what, host):
    """The custom objective of a cell, None for the host's own."""
    if what.startswith("native"):
        return None
    if "textbook" in what:
        return textbook_focal if what.startswith("focal") else textbook
    loss = gp.FocalLoss(GAMMA) if what.startswith("focal") else gp.WeightedCrossEntropy(ALPHA)
    return getattr(gp, host).objective(loss)


def booster(host, what, x, y, threads):
    """A function that trains one more round."""
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


def run_cell(host, what, folder, threads, rounds):
    """Train in this process; print seconds and minor faults of the median round."""
    x, y = np.load(folder / "x.npy"), np.load(folder / "y.npy")
    update = booster(host, what, x, y, threads)
    if what.split(", ")[-1] in KERNELS:
        gp.set_kernel(what.split(", ")[-1])
    seconds, faults = [], []
    for _ in range(rounds + 1):
        start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        update()
        seconds.append(time.perf_counter() - start)
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([float(np.median(seconds[1:])), float(np.median(faults[1:])), peak]))


def in_process(host, what, folder, options, rounds):
    """Run a cell in a fresh process and return what it has measured."""
    command = [sys.executable, __file__, "--cell", host, what, str(folder)]
    command += ["--threads", str(options.threads), "--rounds", str(rounds)]
    environment = {**os.environ, **(KEPT if "kept" in what else {})}
    done = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, text=True, check=True, timeout=3600
    )
    return json.loads(done.stdout)


def measure(host, n, options):
    """Rows of the table: every cell of a host at a number of rows, in turns."""
    rounds = options.rounds or (5 if options.quick else int(np.clip(3e7 / n, 10, 100)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save_data(n, folder)
        found = {what: [] for what in options.only or CELLS}
        for _ in range(options.repeat):
            for what, cells in found.items():
                cells.append(in_process(host, what, folder, options, rounds))
    seconds = {what: [cell[0] for cell in cells] for what, cells in found.items()}
    for what, cells in found.items():
        low, middle, high = _bench.paired(seconds, what, "native")
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
    parser.add_argument("--repeat", type=int, help="processes of each cell (5)")
    parser.add_argument(
        "--only", type=lambda text: text.split(";"), help="cells, such as native;numpy"
    )
    parser.add_argument("--threads", type=int, default=2, help="threads of the host (2)")
    parser.add_argument("--cell", nargs=3, metavar=("HOST", "OBJECTIVE", "FOLDER"),
                        help=argparse.SUPPRESS)  # fmt: skip
    options = parser.parse_args(argv)
    if options.cell:
        host, what, folder = options.cell
        run_cell(host, what, Path(folder), options.threads, options.rounds)
        return
    options.repeat = options.repeat or (1 if options.quick else 5)
    sizes = options.rows or ([1000, 10_000] if options.quick else [10_000, 100_000, 1_000_000])
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
