"""Memory that a call of an objective needs beyond its arguments, as tracemalloc sees it.

The two float32 results are 8 bytes per row; the rest is temporary.
"""

import tracemalloc

import numpy as np

import _bench
import gradpair as gp
from _bench import KERNELS, LOSSES
from kernels import textbook, with_kernel


def peak(call):
    """Most bytes at any time during a call."""
    call()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--rows", type=_bench.sizes, help="numbers of rows, such as 1e5,1e6")
    options = parser.parse_args(argv)
    table = []
    for n in options.rows or ([100_000] if options.quick else [100_000, 1_000_000, 10_000_000]):
        for dtype in (np.float32, np.float64):
            z = np.random.default_rng(0).normal(-2, 2, n).astype(dtype)
            y = (z > 0).astype(np.float32)
            for name, loss in LOSSES.items():
                formula = textbook(loss)
                calls = {"textbook": lambda f=formula, y=y, z=z: f(y, z)}
                objective = gp.xgboost.objective(loss)
                calls |= {kernel: with_kernel(objective, kernel, y, z) for kernel in KERNELS}
                for what, call in calls.items():
                    found = peak(call)
                    table.append(
                        {
                            "loss": name, "dtype": np.dtype(dtype).name, "rows": n, "what": what,
                            "bytes/row": found / n, "MB beyond the results": (found - 8 * n) / 1e6,
                        }
                    )  # fmt: skip
    _bench.report(options, "Memory of a call", table)


if __name__ == "__main__":
    main()
