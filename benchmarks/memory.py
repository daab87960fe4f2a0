"""Memory that a call of an objective needs, and what a training leaves to the process.

``beyond the results`` is what tracemalloc sees of a call beyond its arguments and the two float32
arrays that it returns, 8 bytes per row. ``peak`` is the resident memory of the process at its
highest, ``left`` what is resident more than before once arguments and results are dropped: free
memory that malloc keeps. A cell is a fresh process that calls ten times.
"""

import gc
import json
import resource
import tracemalloc
from pathlib import Path

import _bench
from _bench import KERNELS
from kernels import call_of

MEGA = 1e6


def resident():
    """Bytes of this process that are in memory, 0 where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * resource.getpagesize()


def run_cell(cell):
    """Print megabytes: beyond the results, at the peak, left."""
    call = call_of({**cell, "rows": 1000})  # imports, and compiles
    call()
    before = resident()
    call = call_of(cell)
    for _ in range(10):
        call()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    tracemalloc.start()
    call()
    beyond = tracemalloc.get_traced_memory()[1] - 8 * cell["rows"]
    tracemalloc.stop()
    del call
    gc.collect()
    print(json.dumps([size / MEGA for size in (beyond, peak, resident() - before)]))


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--rows", type=_bench.sizes, help="numbers of rows, such as 1e5,1e6")
    options = _bench.parsed(parser, argv)
    if options.cell:
        run_cell(options.cell)
        return
    cells = [
        {"rows": n, "dtype": dtype, "loss": name, "what": what, "heap": heap}
        for n in options.rows or ([10_000] if options.quick else [10**k for k in range(4, 8)])
        for dtype in options.dtypes
        for name in options.losses
        for what in ("textbook", *KERNELS)
        for heap in (("as it is",) if what == "textbook" else ("kept", "not kept"))
    ]
    found = _bench.in_processes(
        __file__,
        cells,
        repeat=1,
        environment=lambda cell: {
            "GRADPAIR_KEEP_HEAP": "0" if cell["heap"] == "not kept" else "1",
            "NUMPY_MADVISE_HUGEPAGE": "0",
        },
    )
    names = "MB beyond the results", "MB at the peak", "MB left"
    table = [
        {**cell, **dict(zip(names, numbers, strict=True))}
        for cell, (numbers,) in zip(cells, found, strict=True)
    ]
    _bench.report(options, "Memory of calls", table)


if __name__ == "__main__":
    main()
