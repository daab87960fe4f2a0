"""Time of the optimal constant with offsets: ours, and scipy.optimize on the textbook's sums."""

import numpy as np
from scipy.optimize import brentq, newton

import _bench
import gradpair as gp
from _bench import KERNELS

ALPHA = 7.3
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


def ours(kernel, y, offset, weight):
    """Our constant by one kernel."""

    def call():
        with gp.kernel_context(kernel):
            return gp.optimal_constant(LOSS, y, offset=offset, sample_weight=weight)

    return call


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--rows", type=_bench.sizes, help="numbers of rows, such as 1e4,1e6")
    options = parser.parse_args(argv)
    all_sizes = options.rows or (
        [1000, 10_000] if options.quick else [10_000, 100_000, 1_000_000, 10_000_000]
    )
    table = [
        row
        for n in all_sizes
        for dtype in (np.float32, np.float64)
        for weighted in (False, True)
        for row in measure(n, dtype, weighted, options)
    ]
    _bench.report(options, "Optimal constant with offsets", table)


def measure(n, dtype, weighted, options):
    """Rows of the table for arrays of one kind."""
    rng = np.random.default_rng(0)
    offset = rng.normal(0, 1.5, n).astype(dtype)
    y = (rng.random(n) < gp.sigmoid(offset - 3)).astype(dtype)
    weight = rng.uniform(0.2, 3.0, n).astype(dtype) if weighted else None
    sums = Textbook(*(a if a is None else a.astype(np.float64) for a in (y, offset, weight)))
    start = gp.optimal_constant(LOSS, y, sample_weight=weight)
    calls = {
        "scipy newton": lambda: newton(sums.gradient, start, fprime=sums.hessian),
        "scipy brentq": lambda: brentq(sums.gradient, -20, 20),
        **{kernel: ours(kernel, y, offset, weight) for kernel in KERNELS},
    }
    repeat = 3 if options.quick else int(np.clip(2e7 / n, 5, 100))
    seconds = _bench.interleaved(calls, repeat=repeat)
    expected = calls["scipy brentq"]()
    for what, times in seconds.items():
        yield {
            "rows": n, "labels and offsets": np.dtype(dtype).name, "weighted": weighted,
            "what": what, "ms": 1e3 * _bench.spread(times)[1],
            "scipy newton / this": 1 / _bench.paired(seconds, what, "scipy newton")[1],
            "differs from brentq": abs(calls[what]() - expected),
        }  # fmt: skip


if __name__ == "__main__":
    main()
