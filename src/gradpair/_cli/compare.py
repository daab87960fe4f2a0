"""The command ``gradpair compare``: losses beside the built-in objective on a user's table."""

import argparse
import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gradpair._cli.tables import TableError, read
from gradpair._hosts import record
from gradpair.losses import forms

INTERRUPTED = 130  # as of a shell's command that Ctrl-C ends


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    told = "a table: .csv, .csv.gz, .tsv, .parquet, .feather, .npy or .npz"
    parser.add_argument("data", metavar="DATA", type=Path, help=told)
    parser.add_argument("--target", required=True, metavar="COLUMN", help="the labels")
    parser.add_argument("--positive", metavar="VALUE", help="the positive label; all others are 0")
    parser.add_argument("--weight", metavar="COLUMN", help="weights of the rows")
    told = "columns to leave out"
    parser.add_argument("--drop", metavar="COLUMN", nargs="+", action="extend", help=told)
    parser.add_argument("--host", choices=tuple(record.HOSTS), help="default: what is installed")
    told = f"with the built-in objective: {', '.join(['spw', 'wce', *forms()])}"
    parser.add_argument("--losses", nargs="+", metavar="LOSS", help=told)
    parser.add_argument("--cost-fn", type=float, metavar="COST", help="of a missed positive")
    parser.add_argument("--cost-fp", type=float, metavar="COST", help="of a false alarm")
    parser.add_argument("--folds", type=int, default=5, metavar="N", help="default: 5")
    parser.add_argument("--repeats", type=int, default=2, metavar="N", help="default: 2")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="default: 0")
    told = "at most; training stops early; default: 200"
    parser.add_argument("--rounds", type=int, default=200, metavar="N", help=told)
    parser.add_argument("--jobs", type=int, metavar="N", help="folds at a time; default: 1")
    told = "keeps results.csv, written after every fold, and report.html"
    parser.add_argument("--out", type=Path, metavar="DIR", help=told)
    told = "go on from the finished folds in DIR"
    parser.add_argument("--resume", action="store_true", help=told)


def run(arguments: argparse.Namespace) -> int:
    """Print the comparison; return 0, 2 if it cannot be made, 130 if it was interrupted."""
    try:
        with _bar() as progress:
            comparison = _compare(arguments, progress)
    except KeyboardInterrupt:
        kept = "nothing is kept; name a folder with --out."
        if arguments.out is not None:
            kept = f"finished folds are in {arguments.out}; go on with --resume."
        print(f"gradpair compare: interrupted; {kept}", file=sys.stderr)
        return INTERRUPTED
    except (TableError, ValueError, TypeError, OSError, ModuleNotFoundError) as error:
        print(f"gradpair compare: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    with contextlib.suppress(BrokenPipeError):
        print(comparison)
        if arguments.out is not None:
            print(f"\nThe report is {arguments.out / 'report.html'}.")
    return 0


def _compare(arguments: argparse.Namespace, progress: Any) -> Any:
    for name in ("folds", "repeats", "rounds"):
        least = 2 if name == "folds" else 1
        if getattr(arguments, name) < least:
            msg = f"--{name} must be at least {least}; got {getattr(arguments, name)}."
            raise TableError(msg)
    if arguments.resume and arguments.out is None:
        msg = "--resume goes on from a folder; name it with --out."
        raise TableError(msg)
    if (arguments.cost_fn is None) != (arguments.cost_fp is None):
        msg = "pass both --cost-fn and --cost-fp, or neither."
        raise TableError(msg)
    from gradpair.compare import compare, default_estimator  # noqa: PLC0415 - needs scikit-learn

    table = read(
        arguments.data, arguments.target, arguments.weight, arguments.positive, arguments.drop or ()
    )
    losses = [part for text in arguments.losses or () for part in text.split(",") if part]
    from sklearn.model_selection import RepeatedStratifiedKFold  # noqa: PLC0415 - an extra

    return compare(
        table.features,
        table.y,
        estimator=default_estimator(arguments.host, arguments.rounds),
        losses=losses if arguments.losses else None,
        costs=None if arguments.cost_fn is None else (arguments.cost_fn, arguments.cost_fp),
        positive=table.positive,
        cv=RepeatedStratifiedKFold(
            n_splits=arguments.folds, n_repeats=arguments.repeats, random_state=arguments.seed
        ),
        sample_weight=table.weight,
        random_state=arguments.seed,
        n_jobs=arguments.jobs,
        out=arguments.out,
        resume=arguments.resume,
        progress=progress,
    )


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[int, int, str], None] | None]:
    """Show how far the fits are, on a terminal."""
    try:
        from rich.console import Console  # noqa: PLC0415 - an extra
        from rich.progress import Progress  # noqa: PLC0415
    except ModuleNotFoundError:
        yield None
        return
    console = Console()
    if not (sys.stdout.isatty() and console.is_terminal):
        yield None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda done, total, name: bar.update(
            task, completed=done, total=total, description=name
        )
