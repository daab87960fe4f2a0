"""What all benchmarks share: interleaved timing, tables, JSON files, a line on the machine."""

import argparse
import datetime as dt
import importlib.util
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import gradpair as gp

Row = dict[str, Any]

PACKAGES = (
    "gradpair",
    "numpy",
    "scipy",
    "numba",
    "xgboost",
    "lightgbm",
    "catboost",
    "scikit-learn",
)
KERNELS = ("numpy", *(["numba"] if importlib.util.find_spec("numba") else []))
LOSSES = {
    "BCE": gp.BinaryCrossEntropy(),
    "WCE": gp.WeightedCrossEntropy(7.3),
    "focal": gp.FocalLoss(2.0),
    "focal 2.3": gp.FocalLoss(2.3),  # no square
}


def textbook(loss: gp.Loss) -> Callable[..., tuple[Any, Any]]:
    """Gradient and hessian as they stand in blog posts, whole arrays at a time."""
    gamma, alpha = getattr(loss, "gamma", None), getattr(loss, "alpha", None)

    def cross_entropy(y, z):
        p = 1 / (1 + np.exp(-z))
        return p - y, p * (1 - p)

    def weighted(y, z):
        p = 1 / (1 + np.exp(-z))
        return y * p * (alpha - 1) + p - alpha * y, (y * (alpha - 1) + 1) * p * (1 - p)

    def focal(y, z):
        p = 1 / (1 + np.exp(-z))
        t, sign = y * p + (1 - y) * (1 - p), 2 * y - 1
        rest, log = 1 - t, np.log(t)
        gradient = sign * rest**gamma * (gamma * t * log - rest)
        bend = gamma * log * (rest - gamma * t) + (1 + 2 * gamma) * rest
        return gradient, t * rest**gamma * bend

    if gamma is not None:
        return focal
    return cross_entropy if alpha is None else weighted


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the options that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    parser.add_argument("--quick", action="store_true", help="few rows and repetitions, in seconds")
    parser.add_argument("--repeat", type=int, help="processes of each cell (5)")
    parser.add_argument("--cell", type=json.loads, help=argparse.SUPPRESS)
    return parser


def parsed(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse, and fill in how often each cell runs."""
    options = parser.parse_args(argv)
    options.repeat = options.repeat or (1 if options.quick else 5)
    options.losses = ["WCE"] if options.quick else list(LOSSES)
    options.dtypes = ["float32"] if options.quick else ["float32", "float64"]
    return options


def sizes(text: str) -> list[int]:
    """Read numbers of rows, such as ``1e3,1e6``."""
    return [int(float(number)) for number in text.split(",")]


def machine() -> dict[str, str]:
    """Describe the machine, the versions and the day."""
    found = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "cpu": _cpu(),
        "cores": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else "?"),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "absent"
    return found


def _cpu() -> str:
    """Name the processor and its widest vectors."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "?"
    info = dict(line.partition(":")[::2] for line in reversed(lines) if ":" in line)
    fields = {name.strip(): value.strip() for name, value in info.items()}
    flags = fields.get("flags", "").split()
    widest = next((f for f in ("avx512f", "avx2", "sse2") if f in flags), "unknown vectors")
    return f"{fields.get('model name', '?')}, {widest}"


def median_seconds(call: Callable[[], object], *, repeat: int) -> float:
    """Median time of a call in this process, after one to warm up."""
    call()
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - start)
    return float(np.median(seconds))


def repetitions(n: int) -> int:
    """So many calls that each number of rows takes about as long, within limits."""
    return int(np.clip(2e7 / n, 5, 100))


def in_processes(
    script: str,
    cells: Sequence[Row],
    *,
    repeat: int,
    environment: Callable[[Row], Mapping[str, str]] = lambda cell: {},  # noqa: ARG005
) -> list[list[Any]]:
    """Run ``script --cell CELL`` in fresh processes, all cells in turn, ``repeat`` times.

    Return what each cell has printed, as JSON, in each turn.
    """
    found: list[list[Any]] = [[] for _ in cells]
    for _ in range(repeat):
        for cell, results in zip(cells, found, strict=True):
            done = subprocess.run(
                [sys.executable, script, "--cell", json.dumps(cell)],
                env={**os.environ, **environment(cell)},
                stdout=subprocess.PIPE,
                text=True,
                check=True,
                timeout=3600,
            )
            results.append(json.loads(done.stdout))
    return found


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)


def ratio(seconds: Sequence[float], base: Sequence[float]) -> tuple[float, float, float]:
    """Quartiles of the ratio of two cells that ran in the same turns."""
    return spread(np.divide(seconds, base).tolist())


def report(options: argparse.Namespace, title: str, rows: list[Row]) -> None:
    """Print the results as a Markdown table with the machine below, and write them as JSON."""
    about = machine()
    print(f"\n### {title}\n")
    names = list(dict.fromkeys(name for row in rows for name in row))
    print("| " + " | ".join(names) + " |")
    print("|" + " --- |" * len(names))
    for row in rows:
        print("| " + " | ".join(_cell(row.get(name)) for name in names) + " |")
    print("\n" + "; ".join(f"{name} {value}" for name, value in about.items()))
    if options.json:
        result = {"title": title, "machine": about, "rows": rows}
        options.json.write_text(json.dumps(result, indent=1) + "\n")


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"
    if isinstance(value, int):
        return f"{value:,}"
    return str(value)
