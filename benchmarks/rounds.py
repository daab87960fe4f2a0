"""Whole boosting rounds with our objectives against the host's own, and the noise between them.

One process trains several boosters on the same rows, a round of each in turn: the built-in
objective as ``native``, our weighted cross-entropy by each kernel, the textbook's formula as a
custom objective, and a second native booster, whose ratio to the first is the noise.
Ratios are of rounds that ran one after the other; given are their quartiles.
"""

import importlib.util
import time

import numpy as np

import _bench
import gradpair as gp
from _bench import KERNELS

FEATURES = 28
ALPHA = 7.3
LOSS = gp.WeightedCrossEntropy(ALPHA)


def data(n):
    """Rows in which a tree finds something to split at each depth."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((n, FEATURES), dtype=np.float32)
    margin = x[:, 0] + x[:, 1] * x[:, 2] - np.abs(x[:, 3]) - 2
    return x, (rng.random(n) < gp.sigmoid(margin)).astype(np.float32)


def textbook(z, y):
    """Gradient and hessian as they stand in blog posts, in the precision of the margins."""
    p = 1 / (1 + np.exp(-z))
    return y * p * (ALPHA - 1) + p - ALPHA * y, (y * (ALPHA - 1) + 1) * p * (1 - p)


def xgboost_boosters(n, threads):
    """Functions that train one more round each."""
    import xgboost as xgb

    x, y = data(n)
    rows = xgb.DMatrix(x, label=y, nthread=threads)
    params = {"objective": "binary:logistic", "tree_method": "hist", "nthread": threads}
    params |= {"base_score": 0.5, "max_depth": 6}

    def booster(objective=None, **more):
        trained = xgb.Booster({**params, **more}, [rows])
        iteration = iter(range(10**9))
        return lambda: trained.update(rows, next(iteration), objective)

    native = {"scale_pos_weight": ALPHA}
    return {
        "native": booster(**native),
        "native again": booster(**native),
        "textbook": booster(lambda z, d: textbook(z, d.get_label())),
        **{kernel: by(kernel, booster(gp.xgboost.objective(LOSS))) for kernel in KERNELS},
    }


def lightgbm_boosters(n, threads):
    """Functions that train one more round each."""
    import lightgbm as lgb

    x, y = data(n)
    rows = lgb.Dataset(x, y, free_raw_data=False).construct()
    params = {"num_leaves": 31, "num_threads": threads, "verbosity": -1}

    def booster(objective=None, **more):
        own = {"objective": "none"} if objective else {"objective": "binary", **more}
        trained = lgb.Booster({**params, **own}, rows)
        return lambda: trained.update(fobj=objective)

    native = {"scale_pos_weight": ALPHA, "boost_from_average": False}
    return {
        "native": booster(**native),
        "native again": booster(**native),
        "textbook": booster(lambda z, d: textbook(z, d.get_label())),
        **{kernel: by(kernel, booster(gp.lightgbm.objective(LOSS))) for kernel in KERNELS},
    }


def by(kernel, update):
    """Train a round by one kernel."""

    def call():
        with gp.kernel_context(kernel):
            update()

    return call


HOSTS = {"xgboost": xgboost_boosters, "lightgbm": lightgbm_boosters}


def measure(host, n, threads, rounds):
    """Seconds of every round of every booster, in an order that turns."""
    boosters = HOSTS[host](n, threads)
    for update in boosters.values():
        update()
    seconds = {name: [] for name in boosters}
    names = list(boosters)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            start = time.perf_counter()
            boosters[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--rows", type=_bench.sizes, help="numbers of rows, such as 1e4,1e6")
    parser.add_argument("--rounds", type=int, help="rounds of each booster")
    parser.add_argument("--threads", type=int, default=2, help="threads of the host (2)")
    options = parser.parse_args(argv)
    all_sizes = options.rows or ([1000, 10_000] if options.quick else [10_000, 100_000, 1_000_000])
    rows = []
    for host in (name for name in HOSTS if importlib.util.find_spec(name)):
        for n in all_sizes:
            rounds = options.rounds or (10 if options.quick else int(np.clip(3e7 / n, 40, 200)))
            seconds = measure(host, n, options.threads, rounds)
            for what, times in seconds.items():
                low, middle, high = _bench.paired(seconds, what, "native")
                rows.append(
                    {
                        "host": host, "rows": n, "objective": what, "rounds": rounds,
                        "ms/round": 1e3 * _bench.spread(times)[1],
                        "this / native": middle, "quartiles": f"{low:.3f} to {high:.3f}",
                    }
                )  # fmt: skip
    _bench.report(options, f"Boosting rounds, {FEATURES} features, {options.threads} threads", rows)


if __name__ == "__main__":
    main()
