"""Time to import gradpair and what it can use, each in a fresh interpreter."""

import importlib.util
import subprocess
import sys
import time

import _bench

STATEMENTS = {
    "nothing": "pass",
    "nothing again": "pass",
    "numpy": "import numpy",
    "gradpair": "import gradpair",
    "scipy.special": "import scipy.special",
    "scipy.optimize": "import scipy.optimize",
    "numba": "import numba",
    "numba, first round": (
        "import numpy, gradpair; gradpair.set_kernel('numba'); z = numpy.arange(9.0);"
        "gradpair.optimal_constant(gradpair.BinaryCrossEntropy(), z > 3, offset=z)"
    ),
    "xgboost": "import xgboost",
    "gradpair.xgboost": "import gradpair; gradpair.xgboost",
    "lightgbm": "import lightgbm",
    "gradpair.lightgbm": "import gradpair; gradpair.lightgbm",
}


def main(argv=None):
    """Print the table."""
    parser = _bench.arguments(__doc__)
    parser.add_argument("--only", type=lambda text: text.split(","), help="such as numpy,gradpair")
    options = _bench.parsed(parser, argv)
    whats = [
        what
        for what in ["nothing", "nothing again", *(options.only or list(STATEMENTS)[2:])]
        if what.startswith("nothing")
        or importlib.util.find_spec(what.partition(",")[0].partition(".")[0])
    ]
    seconds = {what: [] for what in whats}
    for _ in range(1 + options.repeat):  # the first fills the disk's cache
        for what, times in seconds.items():
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", STATEMENTS[what]], check=True)
            times.append(time.perf_counter() - start)
    empty = _bench.spread(seconds["nothing"][1:])[1]
    rows = [
        {"import": what, "ms beyond an empty interpreter": 1e3 * (_bench.spread(t[1:])[1] - empty)}
        for what, t in seconds.items()
        if what != "nothing"
    ]
    _bench.report(options, "Imports", rows)


if __name__ == "__main__":
    main()
