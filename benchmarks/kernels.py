"""Time per row of gradient and hessian: our objectives, the textbook, scikit-learn, the memory.

A cell is a fresh process that calls on arrays such as a host hands over, checks included, except
the "bare" ones, which are the compiled loops alone. All cells of a number of rows run in turn,
several times; ``textbook again`` shows the noise. The limits are "triad", which reads two arrays of
the margins' dtype and writes a third, and "traffic", which reads the labels and the margins and
writes two float32 arrays, as an objective must.

With ``heap kept`` glibc's thresholds are raised by environment variables, so that temporaries come
from memory that the process has already: the textbook's better state. ``default`` is a process as
it starts.
"""

import importlib
import importlib.util
import json

import numpy as np

import _bench
import gradpair as gp
from _bench import KERNELS, LOSSES, textbook
from gradpair._hosts.callables import ObjectiveCallable

ALL_LOSSES = 1_000_000  # rows at which every loss is measured
HEAPS = {
    "kept": {"MALLOC_MMAP_THRESHOLD_": str(1 << 34), "MALLOC_TRIM_THRESHOLD_": str(1 << 36)},
    "default": {},
}


class Objective(ObjectiveCallable):
    """An objective without a host, which takes long to import."""

    host, data_type = "no host", object


def limits(what, y, z):
    """What memory alone costs: triad's traffic, or that of an objective."""
    if what == "triad":
        a, b = np.ones_like(z), np.empty_like(z)
        return lambda: np.add(a, z, out=b)
    import numba

    @numba.njit(fastmath=True)
    def traffic(y, z, g, h):
        for i in range(z.size):
            g[i] = z[i] + y[i]
            h[i] = z[i] - y[i]

    g, h = np.empty((2, z.size), np.float32)
    return lambda: traffic(y, z, g, h)


def call_of(cell):
    """What a cell measures."""
    rng, n, what = np.random.default_rng(0), cell["rows"], cell["what"]
    z = rng.normal(-2, 2, n).astype(cell["dtype"])
    y = (rng.random(n) < gp.sigmoid(z)).astype(np.float32)
    if (loss := LOSSES.get(cell["loss"])) is None:
        return limits(what, y, z)
    if what in KERNELS:
        gp.set_kernel(what)
        objective = Objective(loss=loss, start=0.0, hessian=None, hessian_floor=1e-16)
        return lambda: objective(y, z)
    if what == "scikit-learn":
        from sklearn._loss.loss import HalfBinomialLoss

        theirs, same = HalfBinomialLoss(), y.astype(z.dtype)
        return lambda: theirs.gradient_hessian(same, z, n_threads=1)
    if what == "bare numba":
        declared = loss._kernel
        loop = importlib.import_module(declared.compiled).compiled(
            declared.numbers, exact=loss.convex
        )
        g, h = np.empty((2, n), np.float32)
        return lambda: loop(y, z, np.float32(1e-16), g, h)
    formula = textbook(loss)
    return lambda: formula(y, z)


def cells_of(n, options):
    """Return the cells of a number of rows."""
    for dtype in options.dtypes:
        kind = {"heap": "kept", "dtype": dtype, "rows": n}
        for what in ("triad", *(["traffic"] if "numba" in KERNELS else [])):
            yield {**kind, "loss": "none", "what": what}
        for name in options.losses if n == ALL_LOSSES or options.rows else ["WCE"]:
            whats = ["textbook", "textbook again", *KERNELS]
            if name == "BCE" and importlib.util.find_spec("sklearn"):
                whats.append("scikit-learn")
            if dtype == "float32" and "numba" in KERNELS:
                whats.append("bare numba")
            yield from ({**kind, "loss": name, "what": what} for what in whats)
        kind = {**kind, "heap": "default", "loss": "WCE"}
        yield from ({**kind, "what": what} for what in ("textbook", "textbook again", *KERNELS))


def measure(n, options):
    """Rows of the table: every cell of a number of rows, in turns."""
    cells = list(cells_of(n, options))

    def environment(cell):
        return {**HEAPS[cell["heap"]], "OMP_NUM_THREADS": "1"}

    found = _bench.in_processes(__file__, cells, repeat=options.repeat, environment=environment)
    seconds = {tuple(cell.values()): times for cell, times in zip(cells, found, strict=True)}

    def relative(cell, **other):
        base = seconds.get(tuple({**cell, **other}.values()))
        return None if base is None else _bench.ratio(found[cells.index(cell)], base)[1]

    for cell, times in zip(cells, found, strict=True):
        of_textbook = relative(cell, what="textbook")
        yield {
            **cell, "ns/row": 1e9 / n * _bench.spread(times)[1],
            "textbook / this": of_textbook and 1 / of_textbook,
            "this / triad": relative(cell, heap="kept", loss="none", what="triad"),
        }  # fmt: skip


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--rows", type=_bench.sizes, help="numbers of rows, such as 1e4,1e6")
    options = _bench.parsed(parser, argv)
    if options.cell:
        repeat = _bench.repetitions(options.cell["rows"])
        print(json.dumps(_bench.median_seconds(call_of(options.cell), repeat=repeat)))
        return
    sizes = options.rows or ([10_000] if options.quick else [10**k for k in range(4, 8)])
    for name, variables in HEAPS.items():
        print(f"heap {name}: {' '.join(f'{k}={v}' for k, v in variables.items()) or 'as it is'}")
    rows = [row for n in sizes for row in measure(n, options)]
    _bench.report(options, "Gradient and hessian", rows)


if __name__ == "__main__":
    main()
