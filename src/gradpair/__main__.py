"""The command line: ``python -m gradpair`` or ``gradpair``."""

import argparse
import sys
from collections.abc import Sequence

import gradpair


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="gradpair",
        description="Gradient-boosting objectives for binary targets.",
    )
    parser.add_argument("--version", action="version", version=f"gradpair {gradpair.__version__}")
    commands = parser.add_subparsers(title="commands", required=True)
    demo = commands.add_parser(
        "demo", help="train weighted cross-entropy in XGBoost and LightGBM, beside the built-in"
    )
    demo.add_argument(
        "--gamma", type=_gamma, help="train the focal loss of this gamma too, with the same alpha"
    )
    demo.set_defaults(run=_demo)
    arguments = parser.parse_args(argv)
    return int(arguments.run(arguments))


def _gamma(text: str) -> float:
    try:
        return gradpair.FocalLoss(gamma=float(text)).gamma
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _demo(arguments: argparse.Namespace) -> int:
    from gradpair import _demo  # noqa: PLC0415 - needs scikit-learn

    return _demo.run(arguments.gamma)


if __name__ == "__main__":
    sys.exit(main())
