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
    demo.set_defaults(run=_demo)
    return int(parser.parse_args(argv).run())


def _demo() -> int:
    from gradpair import _demo  # noqa: PLC0415 - needs scikit-learn

    return _demo.run()


if __name__ == "__main__":
    sys.exit(main())
