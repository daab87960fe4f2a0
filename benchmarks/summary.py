"""Render the tables of README.md and docs from ``benchmarks/results``.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end of table -->``. ``--write`` puts the
tables there; without it they are printed.
"""

import argparse
import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [
    ROOT / "README.md",
    *(
        ROOT / "docs" / f"{name}.md"
        for name in ("speed", "probabilities", "which_loss", "losses", "many_machines", "catboost")
    ),
]
ROWS, GROWTH = 1_000_000, [10**k for k in range(4, 8)]
KERNELS = "numpy", "numba"
HOSTS = {"xgboost": "XGBoost", "lightgbm": "LightGBM"}
DTYPES = "float32", "float64"
CELL = re.compile(r"(<!-- here: ([\w ,-]+) -->).*?(<!-- end -->)")
BLOCK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)


def result(name):
    """What a benchmark has written."""
    return json.loads((ROOT / "benchmarks" / "results" / f"{name}.json").read_text())


def cell(name, column, **where):
    """The value of a benchmark in the row that is described, None if there is none."""
    found = [row for row in result(name)["rows"] if where.items() <= row.items()]
    return found[0][column] if found else None


def shown(value, form):
    """A number as text, and nothing where there is none."""
    return "" if value is None else format(value, form)


def rounds(host, objective, rows=ROWS, column="this / native", form=".2f"):
    """A number of a round, by default its time relative to the host's own objective."""
    return shown(cell("rounds", column, host=host, rows=rows, objective=objective), form)


def call(loss, dtype, what, rows=ROWS):
    """Nanoseconds per row of a call, in the better state of the heap."""
    where = {"loss": loss, "dtype": dtype, "what": what, "rows": rows, "heap": "kept"}
    return shown(cell("kernels", "ns/row", **where), ".1f")


def constant(dtype, weighted, what, rows=ROWS, *, column="ms", form=",.0f"):
    """Milliseconds of the constant."""
    where = {"labels and offsets": dtype, "weighted": weighted, "what": what, "rows": rows}
    return shown(cell("constant", column, **where), form)


def table(head, lines):
    """A Markdown table."""
    rows = [head, ["---"] * len(head), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def measured_on(*names):
    """The machine and the days of some results."""
    machines = [result(name)["machine"] for name in names]
    days = " and ".join(sorted({machine["date"] for machine in machines}))
    hosts = ("catboost",) if names == ("catboost_rounds",) else ("xgboost", "lightgbm")
    versions = ", ".join(f"{name} {machines[0][name]}" for name in hosts)
    return f"\n\n{machines[0]['cpu']}, {machines[0]['cores']} cores, {days}; {versions}."


def speed():
    """Rounds, calls and constants at 1,000,000 rows."""
    lines = []
    for host, title in HOSTS.items():
        noise = rounds(host, "native again")
        for focal, of in (("", f"round of {title} (noise: {noise})"), ("focal, ", "focal loss")):
            numbers = [rounds(host, f"{focal}{what}") for what in ("textbook", *KERNELS)]
            lines.append([f"{of}, relative to its own objective's", *numbers])
    faults = [
        rounds("xgboost", what, column="faults/round", form=",")
        for what in ("native", "textbook", *KERNELS)
    ]
    lines.append([f"minor page faults in a round of XGBoost (its own: {faults[0]})", *faults[1:]])
    for loss in ("BCE", "WCE", "focal", "focal 2.3"):
        for dtype in DTYPES:
            numbers = [call(loss, dtype, what) for what in ("textbook", *KERNELS)]
            lines.append([f"gradient and hessian of a row, {loss}, {dtype}, ns", *numbers])
    for dtype in DTYPES:
        for weighted, of in (("no", ""), ("yes", ", weights")):
            numbers = [constant(dtype, weighted, what) for what in ("scipy newton", *KERNELS)]
            title = f"constant with {dtype} offsets{of}, ms (textbook: SciPy's Newton)"
            lines.append([title, *numbers])
    head = ["1,000,000 rows", "textbook", "ours, NumPy", "ours, numba"]
    return table(head, lines) + measured_on("rounds", "kernels", "constant")


def growth():
    """The same for more and fewer rows."""
    lines = [
        [f"{what} of {title} / its own", *(rounds(host, objective, n) for n in GROWTH)]
        for host, title in HOSTS.items()
        for what, objective in (
            ("round", "native again"), ("round, textbook,", "textbook"),
            ("round, NumPy,", "numpy"), ("round, numba,", "numba"),
            ("whole training, NumPy,", "train, numpy"),
        )
    ]  # fmt: skip
    lines += [
        [f"peak memory of {title}, {of}, MB"]
        + [rounds(host, what, n, column="peak MB", form=",") for n in GROWTH]
        for host, title in HOSTS.items()
        for what, of in (("native", "its own"), ("numpy", "ours"))
    ]
    lines += [
        [f"call, WCE, {dtype}, {what}, ns per row", *(call("WCE", dtype, what, n) for n in GROWTH)]
        for dtype in DTYPES
        for what in ("textbook", *KERNELS)
    ]
    of_constant = {"column": "scipy newton / this", "form": ".1f"}
    lines += [
        [f"SciPy's Newton / constant, {dtype}{of}, {what}"]
        + [constant(dtype, weighted, what, n, **of_constant) for n in GROWTH]
        for dtype in DTYPES
        for weighted, of in (("no", ""), ("yes", ", weights"))
        for what in ("scipy newton again", *KERNELS)
    ]
    head = ["", *(f"{n:,} rows" for n in GROWTH)]
    return table(head, lines) + measured_on("rounds", "kernels", "constant")


def startup():
    """Rounds that earn the start of numba back."""
    lines = []
    for loss in ("BCE", "WCE", "focal"):
        for code in ("warm", "cold"):
            where = {"loss": loss, "what": "numba", "code": code}
            first = cell("startup", "ms first", rows=ROWS, **where) / 1000
            earned = [cell("startup", "rounds to earn it", rows=n, **where) for n in GROWTH]
            lines.append([loss, code, f"{first:.2f} s", *(shown(n, ",") for n in earned)])
    head = ["loss", "compiled code", "first call", *(f"{n:,} rows" for n in GROWTH)]
    return table(head, lines) + measured_on("startup")


def memory():
    """What stays in a process after calls with float32 margins."""
    lines = []
    for loss in ("WCE", "focal"):
        for what, heap in (("textbook", "as it is"), ("numpy", "not kept"), ("numpy", "kept")):
            where = {"loss": loss, "dtype": "float32", "what": what, "heap": heap}
            numbers = [cell("memory", "MB left", rows=n, **where) for n in GROWTH]
            lines.append([loss, f"{what}, {heap}", *(shown(n, ",.1f") for n in numbers)])
    head = ["loss", "MB left in the process", *(f"{n:,} rows" for n in GROWTH)]
    return table(head, lines) + measured_on("memory")


def recalibration():
    """Log losses before and after, and what they are relative to the built-in objective's."""
    lines = [
        [row["set"], row["objective"], *(f"{row[name]:.4f}" for name in ("raw", "shift", "platt")),
         f"{row['platt / built-in']:.3f}"]
        for row in result("recalibration")["rows"]
    ]  # fmt: skip
    head = ["set", "objective", "raw", "shift", "platt", "platt / built-in, raw"]
    return table(head, lines) + measured_on("recalibration")


def honest():
    """Whether losses help on real data."""
    numbers = ["AP", "log loss", "recalibrated", "cost", "cost at .5"]
    lines = [
        [
            row["set"],
            row["candidate"],
            *(f"{row[name]:.3f}" for name in numbers),
            row["told"] or "-",
        ]
        for row in result("honest")["rows"]
    ]
    return table(["set", "candidate", *numbers, "verdict"], lines) + measured_on("honest")


def family(metric, *, relative):
    """How far every loss is from the built-in objective in a metric, set by set."""
    rows = result("family")["rows"]
    sets, candidates = (
        list(dict.fromkeys(row[name] for row in rows)) for name in ("set", "candidate")
    )
    reference = {name: cell("family", metric, set=name, candidate="built-in") for name in sets}
    lines = [["built-in", *(f"{reference[name]:.4f}" for name in sets)]]
    for candidate in candidates[1:]:
        numbers = []
        for name in sets:
            found = cell("family", metric, set=name, candidate=candidate)
            if found is None:
                numbers.append("failed")
                continue
            difference = found - reference[name]
            share = difference / reference[name]
            text = f"{share:+.1%}" if relative else f"{difference:+.3f}"
            numbers.append(text if text.strip("+-0.%") else text[1:])
        lines.append([candidate, *numbers])
    return table([metric, *sets], lines)


def ranking():
    """Average precision of all losses."""
    return family("AP", relative=False) + measured_on("family")


def recalibrated():
    """Log loss of all losses, recalibrated."""
    return family("log loss", relative=True) + measured_on("family")


def costs():
    """Costs of all losses."""
    return family("cost", relative=True) + measured_on("family")


def here(candidate):
    """What the verdicts say of a loss, in a cell of a table."""
    rows = [row for row in result("family")["rows"] if row["candidate"] == candidate]
    told = {}
    for row in rows:
        for claim in filter(None, "; ".join((row["better"], row["worse"])).split("; ")):
            told.setdefault(claim, []).append(row["set"].replace(",", ""))
    claims = (f"{claim} on {', '.join(sets)}" for claim, sets in told.items())
    return "; ".join(claims) or f"no difference beyond chance on {len(rows)} sets"


# A cluster to calculate with: of so many of the cores that were measured, whose reductions take so
# many milliseconds each.
BILLION, CORES, REDUCTION = 1_000_000_000, 64, 1.0
LOSSES = {"WCE": "weighted cross-entropy", "focal": "focal loss"}


def trainings():
    """Losses with and without offsets, by their names in the results and in the tables."""
    for loss, title in LOSSES.items():
        for offsets, of in (("no", ""), ("yes", ", offsets")):
            yield f"{title}{of}", {"loss": loss, "offsets": offsets}


def of_two(column, rows, **where):
    """A number of the cell with two workers."""
    return cell("scaling", column, rows=rows, workers=2, **where)


def per_round(column, rows, **where):
    """What gradpair reduces in a round: what is reduced without it is XGBoost's."""
    native = {"loss": "native", "offsets": "no"}
    return of_two(column, rows, **where) - of_two(column, rows, **native)


def reductions():
    """What the workers tell each other, by the number of rows."""
    sizes = sorted({row["rows"] for row in result("scaling")["rows"]})
    lines = []
    for title, where in trainings():
        for when, numbers, size in (
            ("before the first round", "reductions before", "bytes before"),
            ("in each round", "reductions a round", "bytes a round"),
        ):
            read = per_round if "round" in numbers else of_two
            counts = [f"{read(numbers, n, **where):,} ({read(size, n, **where):,})" for n in sizes]
            lines.append([f"{title}, {when}", *counts])
    head = ["reductions (bytes of a worker)", *(f"{n:,} rows" for n in sizes)]
    return table(head, lines) + measured_on("scaling")


def workers():
    """Rows per second on one worker and on two."""
    lines = []
    for column, of in (("constant, ms", "constant"), ("round, ms", "round")):
        kinds = [("XGBoost's own objective", {"loss": "native", "offsets": "no"})]
        for title, where in [*(kinds if of == "round" else []), *trainings()]:
            rates = [
                ROWS / cell("scaling", column, rows=ROWS, workers=n, **where) / 1000 for n in (1, 2)
            ]
            lines.append([f"{of}, {title}", *(f"{rate:.1f}" for rate in rates)])
    head = ["million rows per second, of 1,000,000", "1 worker", "2 workers"]
    return table(head, lines) + measured_on("scaling")


def billion():
    """What follows for a billion rows."""
    lines = []
    for title, where in trainings():
        seconds = {}
        for of, count in (("constant", of_two), ("round", per_round)):
            told = "reductions before" if of == "constant" else "reductions a round"
            here = of_two(f"{of}, ms", ROWS, **where) / 1000
            seconds[of] = here / (ROWS / 2) * BILLION / CORES
            seconds[f"{of}, told"] = count(told, ROWS, **where) * REDUCTION / 1000
        numbers = [f"{seconds[of]:.2f}" for of in ("constant", "constant, told")]
        numbers += [
            f"{seconds[of]:.{digits}f}" for of, digits in (("round", 1), ("round, told", 3))
        ]
        lines.append([title, *numbers])
    head = [
        f"{BILLION:,} rows on {CORES} cores, seconds", "constant: rows", "constant: reductions",
        "round: rows", "round: reductions",
    ]  # fmt: skip
    title, where = next(iter(trainings()))
    took = of_two("round, ms", ROWS, **where)
    shown_once = (
        f"\n\nThe round of {title}: {took:.1f} ms / {ROWS // 2:,} rows, times {BILLION:,} / "
        f"{CORES} rows of a core: {took / 1000 / (ROWS / 2) * BILLION / CORES:.1f} s."
    )
    return table(head, lines) + shown_once + measured_on("scaling")


def catboost():
    """Rounds of CatBoost relative to those with its own objective."""
    name, titles = "catboost_rounds", {"native again": "its own again: the noise"}
    rows = result(name)["rows"]
    sizes, cells = (list(dict.fromkeys(row[key] for row in rows)) for key in ("rows", "objective"))
    lines = [
        [titles.get(of, of)]
        + [f"{cell(name, 'this / native', rows=n, objective=of):.2f}" for n in sizes]
        for of in cells[1:]
    ]
    head = ["a round, relative to CatBoost's own objective", *(f"{n:,} rows" for n in sizes)]
    return table(head, lines) + measured_on(name)


TABLES = {
    "speed": speed,
    "growth": growth,
    "startup": startup,
    "memory": memory,
    "recalibration": recalibration,
    "honest": honest,
    "ranking": ranking,
    "recalibrated": recalibrated,
    "costs": costs,
    "reductions": reductions,
    "workers": workers,
    "billion": billion,
    "catboost": catboost,
}


def rendered(text):
    """A page with its tables."""
    text = CELL.sub(lambda found: f"{found[1]}{here(found[2])}{found[3]}", text)
    return BLOCK.sub(lambda found: f"{found[1]}{TABLES[found[2]]()}\n{found[3]}", text)


def main(argv=None):
    """Print the tables, or write them into the pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the tables into the pages")
    if parser.parse_args(argv).write:
        for page in PAGES:
            page.write_text(rendered(page.read_text()))
        return
    for name, make in TABLES.items():
        print(f"<!-- table: {name} -->\n{make()}\n")


if __name__ == "__main__":
    main()
