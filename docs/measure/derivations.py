"""Derive what docs/derivations says of each loss, from its row in the tests' table.

``--write`` puts the pages there; without it they are printed. The page of a loss is made of its
definition and its docstring; ``foundations.md`` is written by hand, but for its formulas.
"""

import argparse
import inspect
import re
import sys
import textwrap
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "derivations"
FOUNDATIONS = FOLDER / "foundations.md"
sys.path[:0] = [str(Path(__file__).parent), str(ROOT / "tests")]

import sympy as sp  # noqa: E402 - the path comes first
from _algebra import Z  # noqa: E402
from _facts import ETA, ODDS, Facts, N, P  # noqa: E402
from _foundations import rendered  # noqa: E402

import gradpair as gp  # noqa: E402
from helpers.definition import parameters  # noqa: E402
from helpers.table import CASES  # noqa: E402

LABELS = 1, 0
LOGIT = sp.Symbol("logit(eta)")
HEAD = """\
SymPy has derived what follows from the definition, `python docs/measure/derivations.py --write`
has written it, and the tests hold the code to it. The letters are those of
[foundations.md](foundations.md): `p = sigmoid(z)`, `q = sigmoid(-z) = 1 - p`,
`s(z) = log(1 + exp(-z)) = -log(p)`. A label `y` between 0 and 1 costs
`y L(1, z) + (1 - y) L(0, z)`, and its derivatives are mixtures of the same kind."""
CHECKED = (
    "In numbers, for the losses of the tests' table and z from -40 to 40, the hessian is negative:"
)


def wrapped(text, **indent):
    """Prose in lines as long as those of the other pages."""
    text = re.sub(r":math:`(.*?)`", lambda found: f"`{found[1]}`".replace("\\,", " "), text)
    text = " ".join(text.replace("``", "`").split())
    whole = re.sub("`.*?`", lambda found: found[0].replace(" ", "\0"), text)  # code on one line
    lines = textwrap.fill(whole, 118, break_long_words=False, break_on_hyphens=False, **indent)
    return lines.replace("\0", " ")


def section(loss, title):
    """A section of a docstring."""
    text = inspect.getdoc(type(loss))
    found = re.search(rf"^{title}\n-+\n(.*?)(?=\n\n\S[^\n]*\n---|\Z)", text, re.M | re.S)
    return found[1] if found else ""


def listed_parameters(loss):
    """The parameters as the docstring has them."""
    found = re.findall(r"^([\w, ]+) : (.*)\n((?: .*\n?)+)", section(loss, "Parameters"), re.M)
    lines = [
        wrapped(f"- `{name.replace(', ', '`, `')}`, {kind}: {text}", subsequent_indent="  ")
        for name, kind, text in found
    ]
    return "\n".join(lines) or "It has no parameters."


def file_name(loss):
    """The class in lower case."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(loss).__name__).lower()


def kinds(loss):
    """The classes of a loss and of those that it wraps."""
    inner = [value for value in vars(loss).values() if isinstance(value, gp.Loss)]
    return [type(loss).__name__, *(kinds(inner[0]) if inner else [])]


def listed(names):
    """Names in a sentence."""
    *names, last = names
    return f"{', '.join(names)} and {last}" if names else last


def block(*lines):
    """Formulas."""
    return "\n".join(f"    {line}" for line in lines)


def formulas(facts):
    """Definition, gradient and hessian."""
    parts = []
    for title, left, found in (
        ("Definition", "L({}, z)", facts.costs),
        ("Gradient", "dL({}, z)/dz", facts.gradients),
        ("Hessian", "d²L({}, z)/dz²", facts.hessians),
    ):
        lines = []
        for label, expression, where in zip(LABELS, found, facts.conditions, strict=True):
            lines.append(
                f"{left.format(label)} = {facts.write(facts.algebra.gathered(expression))}"
            )
            if where != sp.true:
                lines[-1] += f"    for {facts.write(where.gts)} > {facts.write(where.lts)}, else 0"
        told = f"With {facts.notation()}," if title == "Definition" and facts.notation() else ""
        parts += [f"## {title}", told, block(*lines)]
    return parts


def sign(facts, label, hessian):
    """What SymPy finds of the sign of a hessian."""
    name, factor = f"`d²L({label}, z)/dz²`", facts.undecided(hessian)
    if factor == 1:
        return f"- {name} is a sum of products of what is nowhere negative."
    if factor == hessian or factor.is_Mul:
        return f"- {name} has no sign that its form shows; the table has numbers."
    text = f"- {name} has the sign of `{facts.write(facts.algebra.gathered(factor))}`"
    if line := facts.line(factor):
        return f"{text}, a line in p: {of_line(facts, line)}."
    p, found = facts.limits(factor)
    for end, limit in enumerate(found):
        if limit == -sp.oo or (limit != 0 and facts.nowhere_negative(-limit)):
            told = "-∞" if limit == -sp.oo else f"`{facts.write(sp.factor(limit))}`"
            symbols = sorted(facts.algebra.in_p(factor).free_symbols - {p}, key=str)
            where = f" for {listed([f'`{x}`' for x in symbols])} above 0" if symbols else ""
            text += f", which comes to {told} as {p} comes to {end}{where}: far out it is"
            return f"{text} negative."
    return f"{text}; the table has numbers."


def of_line(facts, line):
    """Where a line in p is negative."""
    ends = {end: sp.factor(line.subs(facts.p, end)) for end in (0, 1)}
    told = [f"`{facts.write(value)}` at p = {end}" for end, value in ends.items()]
    told.append(f"0 at `p = {facts.write(sp.factor(sp.solve(line, facts.p)[0]))}`")
    text = ", ".join(told[:2]) + " and " + told[2]
    always = [end for end, value in ends.items() if facts.nowhere_negative(-value)]
    if always:
        return f"{text}, {'below' if always == [0] else 'above'} which it is negative"
    return f"{text}; so nowhere negative where neither end is"


def probability(p):
    """A probability, with three digits of the smaller of it and its complement."""
    return f"{p:.3g}" if p < 0.5 else f"{1 - float(f'{1 - p:.3g}'):.12g}"


def where_negative(loss, label):
    """Where the hessian that the code computes is negative."""
    z = np.linspace(-40, 40, 80_001)
    negative = loss.hessian(np.full(z.size, float(label)), z) < 0
    edges = np.flatnonzero(np.diff(negative, prepend=False, append=False))
    found = []
    for first, beyond in edges.reshape(-1, 2):
        low = probability(gp.sigmoid(z[first])) if first else ""
        high = probability(gp.sigmoid(z[beyond - 1])) if beyond < z.size else ""
        between = f"{low} < p < {high}" if low else f"p < {high}"
        found.append(between if high else f"p > {low}" if low else "everywhere")
    return " or ".join(found) or "nowhere"


def convexity(facts, losses):
    """Where hessians are negative."""
    lines = ["| loss | `convex` | of a 1 | of a 0 |", "| --- | --- | --- | --- |"]
    for loss in losses:
        regions = [where_negative(loss, label) for label in LABELS]
        if loss.convex != (regions == ["nowhere", "nowhere"]):
            msg = f"{loss!r} says convex={loss.convex}; its hessians are negative at {regions}."
            raise ArithmeticError(msg)
        declared = "yes" if loss.convex else "no"
        lines.append(f"| `{loss!r}` | {declared} | {regions[0]} | {regions[1]} |")
    found = [sign(facts, *pair) for pair in zip(LABELS, facts.hessians, strict=True)]
    return ["## Convexity", "\n".join(found), CHECKED, "\n".join(lines)]


def link(facts, losses):
    """What probability a margin is optimal for, and the constant that follows."""
    write, (positive, negative) = facts.write, facts.gradients
    told = "With g1 and g0 for the gradients of a 1 and of a 0, a margin is optimal where the "
    told += "probability of a 1 is `eta = g0 / (g0 - g1)`:"
    parts = ["## Calibrated link", wrapped(told)]
    if facts.log_odds:
        slope, rest = facts.log_odds
        of_eta = (LOGIT - rest) / slope
        constant = (sp.log(P) - sp.log(N) - rest) / slope
        parts.append(block(f"logit(eta) = {write(slope * Z + rest)}", f"z = {write(of_eta)}"))
        inverse = of_eta.subs(LOGIT, sp.log(ETA / (1 - ETA)))
    elif facts.probability:
        eta, odds = facts.probability
        inverse, constant = sp.log(odds), sp.log(sp.factor(odds.subs(ETA, P / (P + N))))
        parts.append(block(f"eta = {write(eta)}", f"z = {write(inverse)}"))
        parts += outside(facts, odds)
    else:
        odds = (f"({x})" if " " in x else x for x in map(write, (negative, -positive)))
        parts.append(block(f"eta / (1 - eta) = {' / '.join(odds)}"))
        inverse = constant = None
        if facts.quadratic:
            told, inverse = root(facts)
            parts += told
            constant = "log(x) at t = P / N"
        else:
            told = "The inverse has no closed form that SymPy finds; a bracketed root finds it."
            if facts.conditions != [sp.true, sp.true]:
                told += " Where g0 is 0 so is `eta`: there no margin is the best for any "
                told += "probability."
            parts.append(wrapped(told))
    if inverse is not None:
        agree(facts, inverse, losses)
    return parts + of_constant(write, constant)


def root(facts):
    """The equation of which exp(z) is the one positive root, and z."""
    (square, middle, last), factors = facts.quadratic
    exponentials = [f"`{name} = exp({facts.write(sp.log(x))})`" for name, x in factors.items()]
    names = listed(["`x = exp(z)`", "`t = eta / (1 - eta)`", *exponentials])
    parts = [f"{coefficient(facts, square)}x^2"]
    if middle != 0:
        parts.append(f"+ {coefficient(facts, middle)}x")
    parts.append(f"- {coefficient(facts, -last).rstrip() or '1'} = 0")
    told = "The first coefficient is positive and the last negative, so that one root is positive, "
    told += "and its logarithm is z."
    told = [wrapped(f"With {names} that is"), block(" ".join(parts)), told]
    positive = (sp.sqrt(middle**2 - 4 * square * last) - middle) / (2 * square)
    return told, sp.log(positive).subs(factors).subs(ODDS, ETA / (1 - ETA))


def coefficient(facts, expression):
    """An expression as it stands before a power."""
    text = facts.write(sp.collect(expression, ODDS))
    if text == "1":
        return ""
    return f"({text}) " if expression.is_Add or text[0] == "-" else f"{text} "


def outside(facts, odds):
    """Which margins are optimal for no probability."""
    ends = [sp.factor(odds.subs(ETA, end)) for end in (0, 1)]
    if ends[0] == 0:
        return []
    told = " and ".join(f"{end} at `z = {facts.write(sp.log(x))}`" for end, x in enumerate(ends))
    return [f"`eta` is {told}; margins beyond are optimal for no probability."]


def agree(facts, inverse, losses):
    """Hold the link of the code to the one that is derived."""
    for loss in losses:
        numbers = parameters(loss)
        known = {facts.parameters[name]: numbers[name] for name in facts.definition.ranges}
        for eta in (0.03, 0.4, 0.9):
            derived = float(facts.algebra.in_p(inverse).subs({**known, ETA: eta}))
            told = float(loss.calibrated_raw_prediction(eta))
            if abs(told - derived) > 1e-9 * (1 + abs(derived)):
                msg = f"{loss!r} has the margin {told} for {eta}; derived is {derived}."
                raise ArithmeticError(msg)


def of_constant(write, constant):
    """The constant that boosting starts from."""
    closed = constant or "the optimal margin at eta = P / (P + N)"
    closed = closed if isinstance(closed, str) else write(closed)
    return [
        "## Optimal constant",
        "Without offsets, with the weights P = sum w y of the 1s and N = sum w (1 - y) of the 0s:",
        block(f"c = {closed}"),
        "With offsets `o` of rows it is a root of",
        block("sum w (y g1(o + c) + (1 - y) g0(o + c)) = 0"),
        "found as [foundations.md](foundations.md) says.",
    ]


def page(cases):
    """The page of a kind of loss, from the rows that it has in the table."""
    first, by_kinds = cases[0].loss, {}
    for case in cases:
        by_kinds.setdefault(tuple(kinds(case.loss)), []).append(case)
    parts = [
        f"# {type(first).__name__}",
        wrapped(inspect.getdoc(type(first)).split("\n\n")[0]),
        listed_parameters(first),
        wrapped(HEAD),
    ]
    for (_, *inner), alike in by_kinds.items():
        found = derived(alike)
        if inner:
            around = f"## Around {' of '.join(inner)}"
            found = [around, *(re.sub("^## ", "### ", part) for part in found)]
        parts += found
    if references := section(first, "References"):
        parts += ["## References", wrapped(references)]
    return "\n\n".join(part for part in parts if part) + "\n"


def derived(cases):
    """What follows from one definition."""
    facts, losses = Facts(cases[0].definition), [case.loss for case in cases]
    facts.check(parameters(losses[-1]))
    return [*formulas(facts), *convexity(facts, losses), *link(facts, losses)]


def pages():
    """Every page by its path."""
    rows = {}
    for case in CASES:
        rows.setdefault(type(case.loss), []).append(case)
    made = {FOLDER / f"{file_name(cases[0].loss)}.md": page(cases) for cases in rows.values()}
    titles = {path.name: text.partition("\n")[0].strip("# ") for path, text in made.items()}
    return {FOUNDATIONS: rendered(FOUNDATIONS.read_text(encoding="utf-8"), titles), **made}


def main(argv=None):
    """Print the pages, or write them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the pages")
    options = parser.parse_args(argv)
    for path, text in pages().items():
        if options.write:
            path.write_text(text, encoding="utf-8")
        else:
            print(text)


if __name__ == "__main__":
    main()
