"""Time of the optimal constant with offsets: ours, and scipy.optimize on the textbook's sums.

Every cell is a fresh process; ``scipy newton again`` shows the noise.
"""

import json

import numpy as np

import _bench
import gradpair as gp
from _bench import KERNELS

ALPHA = 7.3
WHATS = ["scipy newton", "scipy newton again", "scipy brentq", *KERNELS]
LOSS = gp.WeightedCrossEntropy(ALPHA)


class Textbook:
    """Weighted sums of gradient and hessian over whole arrays."""

    def __init__(self, y, offset, weight):
        self.y, self.offset = y, offset
        self.weight = 1.0 if weight is None else weight

    def gradient(self, constant):
        """Sum the gradients."""
        p = 1 / (1 + np.exp(-(self.offset + constant)))
        return (self.weight * (self.y * p * (ALPHA - 1) + p - ALPHA * self.y)).sum()

    def hessian(self, constant):
        """Sum the hessians."""
        p = 1 / (1 + np.exp(-(self.offset + constant)))
        return (self.weight * (self.y * (ALPHA - 1) + 1) * p * (1 - p)).sum()


def arrays(cell):
    """Labels, offsets and weights of a cell."""
    rng, n, dtype = np.random.default_rng(0), cell["rows"], cell["labels and offsets"]
    offset = rng.normal(0, 1.5, n).astype(dtype)
    y = (rng.random(n) < gp.sigmoid(offset - 3)).astype(dtype)
    return y, offset, rng.uniform(0.2, 3.0, n).astype(dtype) if cell["weighted"] == "yes" else None


def call_of(cell):
    """What a cell measures."""
    y, offset, weight = arrays(cell)
    if cell["what"] in KERNELS:
        gp.set_kernel(cell["what"])
        return lambda: gp.optimal_constant(LOSS, y, offset=offset, sample_weight=weight)
    from scipy.optimize import brentq, newton

    sums = Textbook(*(a if a is None else a.astype(np.float64) for a in (y, offset, weight)))
    if cell["what"] == "scipy brentq":
        return lambda: brentq(sums.gradient, -20, 20)
    start = gp.optimal_constant(LOSS, y, sample_weight=weight)
    return lambda: newton(sums.gradient, start, fprime=sums.hessian)


def run_cell(cell):
    """Print seconds and constant."""
    call = call_of(cell)
    repeat = _bench.repetitions(cell["rows"])
    print(json.dumps([_bench.median_seconds(call, repeat=repeat), float(call())]))


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--rows", type=_bench.sizes, help="numbers of rows, such as 1e4,1e6")
    options = _bench.parsed(parser, argv)
    if options.cell:
        run_cell(options.cell)
        return
    sizes = options.rows or (
        [10_000] if options.quick else [10_000, 100_000, 1_000_000, 10_000_000]
    )
    table = [
        row
        for n in sizes
        for dtype in options.dtypes
        for weighted in ("no", "yes")
        for row in measure(n, dtype, weighted, options)
    ]
    _bench.report(options, "Optimal constant with offsets", table)


def measure(n, dtype, weighted, options):
    """Rows of the table for arrays of one kind."""
    kind = {"rows": n, "labels and offsets": dtype, "weighted": weighted}
    cells = [{**kind, "what": what} for what in WHATS]
    found = _bench.in_processes(__file__, cells, repeat=options.repeat)
    seconds = [[second for second, _ in results] for results in found]
    expected = found[WHATS.index("scipy brentq")][0][1]
    for cell, times, results in zip(cells, seconds, found, strict=True):
        low, middle, high = _bench.ratio(seconds[0], times)
        yield {
            **cell, "ms": 1e3 * _bench.spread(times)[1], "scipy newton / this": middle,
            "quartiles": f"{low:.2f} to {high:.2f}",
            "differs from brentq": abs(results[0][1] - expected),
        }  # fmt: skip


if __name__ == "__main__":
    main()
