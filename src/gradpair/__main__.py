"""The command line: ``python -m gradpair`` or ``gradpair``."""

import argparse
import sys
from collections.abc import Sequence
from typing import Any

import gradpair
from gradpair._cli import output
from gradpair._hosts import record


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    try:
        try:
            return _run(argv)
        finally:
            print(end="", flush=True)
    except BrokenPipeError:  # nobody reads on: | head
        output.discard()
        return 1


def _run(argv: Sequence[str] | None) -> int:
    """Run a command, or print the help where none is given."""
    parser = argparse.ArgumentParser(
        prog="gradpair", description="Gradient-boosting objectives for binary targets."
    )
    parser.add_argument("--version", action="version", version=f"gradpair {gradpair.__version__}")
    commands = parser.add_subparsers(title="commands")
    demo = commands.add_parser(
        "demo", help="a small comparison of losses, in every host on real data"
    )
    told = "compare the focal loss of this gamma too"
    demo.add_argument("--gamma", type=_gamma, help=told)
    told = "in these hosts; default: all that are installed"
    demo.add_argument("--host", choices=tuple(record.HOSTS), nargs="+", action="extend", help=told)
    demo.set_defaults(run=_demo)
    check = commands.add_parser(
        "check",
        help="audit an objective",
        description="Audit an objective. Imports what is named and calls it; nothing is trained.",
        epilog="Exit status: 0 no error was found, 1 errors were found, 2 the audit cannot run.",
    )
    named = "module:attribute"
    told = "a gradpair loss or a callable, also as path/to/file.py:attribute"
    check.add_argument("target", metavar=named, help=told)
    told = "as which host's (preds, data), or as (y_true, y_pred[, sample_weight]), it is called"
    check.add_argument("--kind", choices=(*record.HOSTS, "sklearn"), help=told)
    told = "the loss of its gradient: a gradpair loss or a function of y_true and raw_prediction"
    check.add_argument("--loss", metavar=named, help=told)
    check.add_argument("--json", action="store_true", help="print the report as JSON")
    check.set_defaults(run=_check)
    _add_compare(commands)
    arguments = parser.parse_args(argv)
    if not hasattr(arguments, "run"):
        parser.print_help()
        return 0
    return int(arguments.run(arguments))


def _gamma(text: str) -> float:
    try:
        return gradpair.FocalLoss(gamma=float(text)).gamma
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _demo(arguments: argparse.Namespace) -> int:
    from gradpair._cli import demo as _demo  # noqa: PLC0415 - needs scikit-learn

    return _demo.run(arguments.gamma, arguments.host)


def _check(arguments: argparse.Namespace) -> int:
    from gradpair._cli import check as _check  # noqa: PLC0415 - only this command needs it

    return _check.run(arguments.target, arguments.kind, arguments.loss, as_json=arguments.json)


def _add_compare(commands: Any) -> None:
    from gradpair._cli import compare as _compare  # noqa: PLC0415 - beside its arguments

    compare = commands.add_parser(
        "compare",
        help="does a loss help on your data?",
        description="Train losses beside the host's built-in objective on the same folds.",
        epilog="Exit status: 0 compared, 2 the comparison cannot be made, 130 interrupted.",
    )
    _compare.add_arguments(compare)
    compare.set_defaults(run=_compare.run)


if __name__ == "__main__":
    sys.exit(main())
