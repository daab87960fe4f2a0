"""Run all benchmarks, ``python benchmarks``, and keep tables and JSON in ``benchmarks/results``."""

import argparse
import contextlib
import importlib
import io
from pathlib import Path

NAMES = (
    "imports", "memory", "startup", "constant", "kernels", "rounds", "catboost_rounds", "scaling",
    "recalibration", "honest", "family",
)  # fmt: skip
ON_DATA = "recalibration", "honest", "family"  # of which --data can name sets


def main(argv=None):
    """Run one after the other; nothing else should run meanwhile."""
    parser = argparse.ArgumentParser(prog="python benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; or all")
    parser.add_argument("--quick", action="store_true", help="few rows and repetitions")
    parser.add_argument("--results", type=Path, default=Path(__file__).with_name("results"))
    parser.add_argument(
        "--data", metavar="FOLDER", help="real data for recalibration, honest and family"
    )
    options = parser.parse_args(argv)
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    options.results.mkdir(parents=True, exist_ok=True)
    for name in options.names or NAMES:
        table, result = io.StringIO(), options.results / f"{name}.json"
        arguments = ["--json", str(result), *(["--quick"] if options.quick else [])]
        arguments += ["--data", options.data] if name in ON_DATA and options.data else []
        with contextlib.redirect_stdout(table):
            importlib.import_module(name).main(arguments)
        result.with_suffix(".md").write_text(table.getvalue().lstrip())
        print(table.getvalue(), flush=True)


if __name__ == "__main__":
    main()
