"""Time to import gradpair and what it can use, each in a fresh interpreter."""

import importlib.util
import statistics
import subprocess
import sys

import _bench

STATEMENTS = {
    "nothing": "pass",
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
    options = parser.parse_args(argv)

    def start(statement):
        subprocess.run([sys.executable, "-c", statement], check=True)

    calls = {
        what: lambda s=STATEMENTS[what]: start(s)
        for what in ["nothing", *(options.only or list(STATEMENTS)[1:])]
        if what == "nothing" or importlib.util.find_spec(what.partition(",")[0].partition(".")[0])
    }
    seconds = _bench.interleaved(calls, repeat=1 if options.quick else 7)
    empty = statistics.median(seconds["nothing"])
    rows = [
        {"import": what, "ms beyond an empty interpreter": 1e3 * (statistics.median(t) - empty)}
        for what, t in seconds.items()
        if what != "nothing"
    ]
    _bench.report(options, "Imports", rows)


if __name__ == "__main__":
    main()
