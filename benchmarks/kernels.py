"""Time per row of gradient and hessian: our objectives, the textbook, scikit-learn, the memory.

Every row of the table is a call on arrays such as a host hands over, checks included, except the
"bare" ones, which are the compiled loops alone. The limits are "triad", which reads two arrays of
the margins' dtype and writes a third, and "traffic", which reads the labels and the margins and
writes two float32 arrays, as an objective must.

The textbook's speed depends on what the allocator did before: its temporaries come from memory that
is at hand, or are mapped and unmapped at each call. Both states are pinned by environment variables
of glibc and measured in processes of their own; elsewhere both are the same.
"""

import importlib
import importlib.util
import json
import os
import subprocess
import sys

import numpy as np

import _bench
import gradpair as gp
from _bench import KERNELS, LOSSES

HEAPS = {
    "kept": {"MALLOC_MMAP_THRESHOLD_": str(1 << 34), "MALLOC_TRIM_THRESHOLD_": str(1 << 36)},
    "unmapped": {"MALLOC_MMAP_THRESHOLD_": str(1 << 17), "MALLOC_TRIM_THRESHOLD_": str(1 << 17)},
}


def textbook(loss):
    """Gradient and hessian as they stand in blog posts, whole arrays at a time."""
    gamma, alpha = getattr(loss, "gamma", None), getattr(loss, "alpha", None)

    def cross_entropy(y, z):
        p = 1 / (1 + np.exp(-z))
        return p - y, p * (1 - p)

    def weighted(y, z):
        p = 1 / (1 + np.exp(-z))
        return y * p * (alpha - 1) + p - alpha * y, (y * (alpha - 1) + 1) * p * (1 - p)

    def focal(y, z):
        p = 1 / (1 + np.exp(-z))
        t, sign = y * p + (1 - y) * (1 - p), 2 * y - 1
        rest, log = 1 - t, np.log(t)
        gradient = sign * rest**gamma * (gamma * t * log - rest)
        bend = gamma * log * (rest - gamma * t) + (1 + 2 * gamma) * rest
        return gradient, t * rest**gamma * bend

    if gamma is not None:
        return focal
    return cross_entropy if alpha is None else weighted


def with_kernel(objective, kernel, y, z):
    """A call of an objective by one kernel."""

    def call():
        with gp.kernel_context(kernel):
            return objective(y, z)

    return call


def limits(y, z):
    """What memory alone costs: triad's traffic, and that of an objective."""
    a, b = np.ones_like(z), np.empty_like(z)
    calls = {"triad": lambda: np.add(a, z, out=b)}
    if "numba" in KERNELS:
        g, h = np.empty((2, z.size), np.float32)
        traffic = compiled_traffic()
        calls["traffic"] = lambda: traffic(y, z, g, h)
    return calls


def compiled_traffic():
    """A loop that reads and writes what an objective does, and hardly computes."""
    import numba

    @numba.njit(fastmath=True)
    def traffic(y, z, g, h):
        for i in range(z.size):
            g[i] = z[i] + y[i]
            h[i] = z[i] - y[i]

    return traffic


def others(name, loss, y, z):
    """The textbook, scikit-learn where it has the loss, and our compiled loop alone."""
    formula = textbook(loss)
    calls = {"textbook": lambda: formula(y, z)}
    if name == "BCE" and importlib.util.find_spec("sklearn"):
        from sklearn._loss.loss import HalfBinomialLoss

        theirs, same = HalfBinomialLoss(), y.astype(z.dtype)
        calls["scikit-learn"] = lambda: theirs.gradient_hessian(same, z, n_threads=1)
    if "numba" in KERNELS and z.dtype == np.float32:
        declared = loss._kernel
        module = importlib.import_module(declared.compiled)
        loop = module.compiled(declared.numbers, exact=loss.convex)
        g, h = np.empty((2, z.size), np.float32)
        calls["bare numba"] = lambda: loop(y, z, np.float32(1e-16), g, h)
    return calls


def measure(options):
    """Rows of the table in this process's heap."""
    rows = []
    for n in options.rows:
        for dtype in (np.float32, np.float64):
            rng = np.random.default_rng(0)
            z = rng.normal(-2, 2, n).astype(dtype)
            y = (rng.random(n) < gp.sigmoid(z)).astype(np.float32)
            for name, loss in LOSSES.items():
                objective = gp.xgboost.objective(loss)
                calls = others(name, loss, y, z)
                calls |= {kernel: with_kernel(objective, kernel, y, z) for kernel in KERNELS}
                calls |= limits(y, z)
                seconds = _bench.interleaved(calls, repeat=options.repeat or repetitions(n))
                rows += [
                    {
                        "loss": name, "dtype": np.dtype(dtype).name, "rows": n, "what": what,
                        "ns/row": 1e9 / n * _bench.spread(times)[1],
                        "textbook / this": 1 / _bench.paired(seconds, what, "textbook")[1],
                        "this / triad": _bench.paired(seconds, what, "triad")[1],
                    }
                    for what, times in seconds.items()
                ]  # fmt: skip
    return rows


def repetitions(n):
    """So many that each size takes about as long, within limits."""
    return int(np.clip(2e7 / n, 5, 100))


def in_heap(name, options):
    """Run this file with the allocator pinned to one state, and return its rows."""
    command = [sys.executable, __file__, "--here", "--rows", ",".join(map(str, options.rows))]
    command += ["--repeat", str(options.repeat or 0)]
    environment = {**os.environ, **HEAPS[name], "OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return [{"heap": name, **row} for row in json.loads(run.stdout)]


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--rows", type=_bench.sizes, help="numbers of rows, such as 1e3,1e6")
    parser.add_argument("--repeat", type=int, help="repetitions of each")
    parser.add_argument(
        "--here", action="store_true", help="print the rows of this process as JSON"
    )
    options = parser.parse_args(argv)
    options.rows = options.rows or (
        [1000, 100_000] if options.quick else [10**k for k in range(3, 8)]
    )
    if options.quick:
        options.repeat = options.repeat or 5
    if options.here:
        print(json.dumps(measure(options)))
        return
    for name, variables in HEAPS.items():
        print(f"heap {name}: {' '.join(f'{k}={v}' for k, v in variables.items())}")
    rows = [row for name in HEAPS for row in in_heap(name, options)]
    _bench.report(options, "Gradient and hessian", rows)


if __name__ == "__main__":
    main()
