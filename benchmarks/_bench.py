"""What all benchmarks share: interleaved timing, tables, JSON files, a line on the machine."""

import argparse
import datetime as dt
import importlib.util
import json
import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

import gradpair as gp

Row = dict[str, Any]

PACKAGES = ("gradpair", "numpy", "scipy", "numba", "xgboost", "lightgbm", "scikit-learn")
KERNELS = ("numpy", *(["numba"] if importlib.util.find_spec("numba") else []))
LOSSES = {
    "BCE": gp.BinaryCrossEntropy(),
    "WCE": gp.WeightedCrossEntropy(7.3),
    "focal": gp.FocalLoss(2.0),
}


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Return a parser of the options that every benchmark has."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there too")
    parser.add_argument("--quick", action="store_true", help="few rows and repetitions, in seconds")
    return parser


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


def interleaved(
    calls: Mapping[str, Callable[[], object]], *, repeat: int
) -> dict[str, list[float]]:
    """Seconds of every call, all of them in turn and as often, after one call each to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():
        call()
    for _ in range(repeat):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Lower quartile, median and upper quartile."""
    low, middle, high = np.quantile(values, [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)


def paired(seconds: Mapping[str, Sequence[float]], name: str, base: str) -> tuple[float, ...]:
    """Quartiles of the ratio of two calls that ran one after the other."""
    return spread(np.divide(seconds[name], seconds[base]).tolist())


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
