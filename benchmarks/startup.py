"""From how many rows the compiled kernel pays, its start-up included.

A cell is a fresh process: the first call of an objective on so many rows, which starts numba and
loads the compiled loop, and the median of the calls after it. ``cold`` finds no compiled code on
disk and compiles. ``rounds to earn it`` is what the start takes beyond NumPy's, divided by what a
later call takes less. ``auto`` uses numba from ``pays from`` rows on.
"""

import json
import tempfile
import time

import _bench
from _bench import KERNELS, LOSSES
from kernels import call_of


def run_cell(cell):
    """Print seconds of the first call, and of a later one."""
    call = call_of(cell)
    start = time.perf_counter()
    call()
    first = time.perf_counter() - start
    print(json.dumps([first, _bench.median_seconds(call, repeat=_bench.repetitions(cell["rows"]))]))


def measure(n, options):
    """Rows of the table: every loss at a number of rows."""
    cells = [
        {"rows": n, "dtype": "float32", "loss": name, "what": what, "code": code}
        for name in options.losses
        if name != "focal 2.3"  # the same loop
        for what, code in (("numpy", "none"), ("numba", "warm"), ("numba", "cold"))
    ]
    found = [[] for _ in cells]
    with tempfile.TemporaryDirectory() as warm:
        for turn in range(1 + options.repeat):  # the first compiles
            for cell, results in zip(cells, found, strict=True):
                with tempfile.TemporaryDirectory() as cold:
                    place = {"NUMBA_CACHE_DIR": warm if cell["code"] == "warm" else cold}
                    (printed,) = _bench.in_processes(
                        __file__, [cell], repeat=1, environment=lambda _, place=place: place
                    )
                if turn:
                    results.extend(printed)
    for cell, results in zip(cells, found, strict=True):
        base = found[[c["loss"] for c in cells].index(cell["loss"])]
        first, later = (_bench.spread(column)[1] for column in zip(*results, strict=True))
        slower = first - _bench.spread([result[0] for result in base])[1]
        saved = _bench.spread([result[1] for result in base])[1] - later
        yield {
            **cell, "ms first": 1e3 * first, "ms later": 1e3 * later,
            "rounds to earn it": round(slower / saved) if saved > 0 < slower else None,
            "pays from": LOSSES[cell["loss"]]._kernel.pays_from,
        }  # fmt: skip


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--rows", type=_bench.sizes, help="numbers of rows, such as 1e4,1e6")
    options = _bench.parsed(parser, argv)
    if options.cell:
        run_cell(options.cell)
        return
    if "numba" not in KERNELS:
        parser.error("numba is not installed: pip install 'gradpair[fast]'")
    sizes = options.rows or ([10_000] if options.quick else [10**k for k in range(4, 8)])
    rows = [row for n in sizes for row in measure(n, options)]
    _bench.report(options, "Start-up of the compiled kernel", rows)


if __name__ == "__main__":
    main()
