"""Print the table of the README from ``benchmarks/results``, at 1,000,000 rows."""

import json
from pathlib import Path

RESULTS = Path(__file__).with_name("results")
ROWS = 1_000_000


def cell(name, column, **where):
    """The value of a benchmark in the row that is described."""
    rows = json.loads((RESULTS / f"{name}.json").read_text())["rows"]
    where["rows"] = ROWS
    (found,) = (row for row in rows if all(row.get(k, v) == v for k, v in where.items()))
    return found[column]


def line(title, number, **base):
    """A line of the table: ours by both kernels, and what they are compared with."""
    ours = [number(what=kernel, **base) for kernel in ("numpy", "numba")]
    return f"| {title} | {number(what='textbook', **base)} | {' | '.join(ours)} |"


def rounds(what, host):
    """Time of a round relative to the host's own."""
    return f"{cell('rounds', 'this / native', host=host, objective=what):.2f}"


def focal_rounds(what, host):
    """The same of the focal loss."""
    return rounds(f"focal, {what}", host)


def faults(what, host):
    """Minor page faults of a round."""
    return f"{cell('rounds', 'faults/round', host=host, objective=what):,}"


def call(what, loss, dtype):
    """Time of a call in the better state of the heap."""
    return f"{cell('kernels', 'ns/row', heap='kept', loss=loss, dtype=dtype, what=what):.1f} ns"


def constant(what, dtype):
    """Time of the optimal constant."""
    name = "scipy newton" if what == "textbook" else what
    where = {"labels and offsets": dtype, "weighted": False}
    return f"{cell('constant', 'ms', what=name, **where):.0f} ms"


def table():
    """The table, with the machine below."""
    about = json.loads((RESULTS / "rounds.json").read_text())["machine"]
    lines = ["| 1,000,000 rows | textbook | ours, NumPy | ours, numba |", "|---|---|---|---|"]
    for host, name in (("xgboost", "XGBoost"), ("lightgbm", "LightGBM")):
        again = rounds("native again", host)
        title = f"round of {name} / its own objective's (noise: {again})"
        lines.append(line(title, rounds, host=host))
        lines.append(line("the same, focal loss", focal_rounds, host=host))
    native = faults("native", "xgboost")
    title = f"minor page faults in a round of XGBoost (its own objective: {native})"
    lines.append(line(title, faults, host="xgboost"))
    dtypes = ("float32", "float64")
    lines += [
        line(f"gradient and hessian of a row, {loss}, {dtype}", call, loss=loss, dtype=dtype)
        for loss in ("WCE", "focal")
        for dtype in dtypes
    ]
    title = "optimal constant with {} offsets (textbook: SciPy's Newton)"
    lines += [line(title.format(dtype), constant, dtype=dtype) for dtype in dtypes]
    machine = f"{about['cpu']}, {about['cores']} cores, {about['date']}"
    return "\n".join([*lines, "", f"Measured on {machine}."])


def main():
    """Print it."""
    print(table())


if __name__ == "__main__":
    main()
