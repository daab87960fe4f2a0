"""The formulas of docs/derivations/foundations.md."""

import re

import numpy as np
import sympy as sp
from _written import Writer

import gradpair as gp

BLOCK = re.compile(r"(<!-- derived: (\w+) -->\n).*?(<!-- end of derived -->)", re.DOTALL)
Z, Y, C = sp.symbols("z y c", real=True)
P, Q, ALPHA, M, K, U, V1, V0 = sp.symbols("p q alpha m k u v1 v0", positive=True)
SIGMOID, LOSS_OF_1, LOSS_OF_0 = 1 / (1 + sp.exp(-Z)), sp.log(1 + sp.exp(-Z)), sp.log(1 + sp.exp(Z))


def holds(left, right):
    """Make sure that two expressions are the same."""
    difference = left - right
    if sp.factor(sp.together(difference)) != 0 and sp.simplify(difference) != 0:
        msg = f"{left} is not {right}."
        raise ArithmeticError(msg)


def in_p(expression):
    """An expression in z as one in p and q, where it is their product."""
    found = sp.factor(sp.simplify(expression.subs(Z, sp.log(P / (1 - P)))))
    return sp.powsimp(found.subs(1 - P, Q).subs(P - 1, -Q))


def sigmoid():
    """Derivatives of the sigmoid and of the logarithms."""
    write, lines = Writer([P, Q]), []
    for name, expression in (
        ("p", SIGMOID),
        ("q", 1 - SIGMOID),
        ("s(z)", LOSS_OF_1),
        ("s(-z)", LOSS_OF_0),
    ):
        lines.append(f"d{name}/dz = {write(in_p(sp.diff(expression, Z)))}")
    second = sp.diff(SIGMOID, Z, 2)
    holds(second, SIGMOID * (1 - SIGMOID) * (1 - 2 * SIGMOID))
    return [*lines, "d²p/dz² = p q (q - p)"]


def chain():
    """Derivatives by coefficients, of two rows and two columns of symbols."""
    x = sp.Matrix(2, 2, sp.symbols("x1:5", real=True))
    y, b = (sp.Matrix(sp.symbols(f"{name}1:3", real=True)) for name in "yb")
    p = (x * b).applyfunc(lambda margin: SIGMOID.subs(Z, margin))
    total = sum(
        (LOSS_OF_1 + (1 - label) * Z).subs(Z, margin)  # s(-z) = s(z) + z
        for label, margin in zip(y, x * b, strict=True)
    )
    weights = sp.diag(*(each * (1 - each) for each in p))
    gradient = sp.Matrix([sp.diff(total, of) for of in b])
    for found, told in ((gradient, x.T * (p - y)), (sp.hessian(total, list(b)), x.T * weights * x)):
        for left, right in zip(found, told, strict=True):
            holds(left, right)
    return ["gradient = X' (p - y)", "hessian  = X' diag(p q) X"]


def textbook():
    """Weighted cross-entropy for any label."""
    loss = ALPHA * Y * LOSS_OF_1 + (1 - Y) * LOSS_OF_0
    gradient = Y * SIGMOID * (ALPHA - 1) + SIGMOID - ALPHA * Y
    hessian = (Y * (ALPHA - 1) + 1) * SIGMOID * (1 - SIGMOID)
    holds(sp.diff(loss, Z), gradient)
    holds(sp.diff(loss, Z, 2), hessian)
    return [
        "dL/dz   = y p (alpha - 1) + p - alpha y         = (1 - y) p - alpha y q",
        "d²L/dz² = (y (alpha - 1) + 1) p (1 - p)         = (1 - y) p q + alpha y p q",
    ]


def link():
    """The probability for which a margin is optimal."""
    eta, positive, negative = sp.symbols("eta g1 g0")
    (found,) = sp.solve(eta * positive + (1 - eta) * negative, eta)
    holds(found, negative / (negative - positive))
    return ["eta = g(0, z) / (g(0, z) - g(1, z))"]


def constant():
    """The constant where all rows share one margin."""
    write = Writer([ALPHA, M, K, U])
    total = ALPHA * M * sp.log(1 + 1 / U) + K * sp.log(1 + U)
    slope = sp.factor(sp.together(U * sp.diff(total, U)))
    (root,) = sp.solve(slope, U)
    return [
        "F(c)  = alpha m s(c) + k s(-c) = alpha m log(1 + 1 / u) + k log(1 + u)",
        f"F'(c) = u dF/du = {write(slope)}",
        f"F'(c) = 0  at  u = {write(root)},  c = {write(sp.expand_log(sp.log(root)))}",
        f"for alpha = 1:  u = {write(root.subs(ALPHA, 1))}",
    ]


def offsets():
    """The equation that offsets make, and what it is with two of them."""
    write = Writer([ALPHA, M, K, V1, V0, U])
    terms = ALPHA * M * sp.log(1 + 1 / (U * V1)), K * sp.log(1 + U * V0)
    slopes = [sp.factor(U * sp.diff(term, U)) for term in terms]
    if not all(sp.factor(sp.diff(slope, U)).is_positive for slope in slopes):
        msg = f"{slopes} do not rise."
        raise ArithmeticError(msg)
    polynomial = sp.Poly(sp.fraction(sp.together(sum(slopes)))[0], U)
    powers = (sp.factor(value) * U**power for (power,), value in polynomial.terms())
    return [
        "F(c)  = alpha m s(o1 + c) + k s(-o0 - c)",
        "      = alpha m log(1 + 1 / (v1 u)) + k log(1 + v0 u)",
        f"F'(c) = {write(slopes[1])} - {write(-slopes[0])}",
        f"F'(c) = 0  at  {write(sp.Add(*powers))} = 0",
    ]


def example():
    """A thousand rows, as the notebooks that this package grew out of have them."""
    random = np.random.RandomState(0)
    y = random.binomial(1, 0.1, 1000)
    offset = random.normal(0, 1, 1000)
    loss = gp.BinaryCrossEntropy()
    m, k = y.sum(), (1 - y).sum()
    return [
        "random = np.random.RandomState(0)",
        "y, o = random.binomial(1, 0.1, 1000), random.normal(0, 1, 1000)",
        f"m = {m}, k = {k}",
        f"without offsets  c = log(m / k) = {gp.optimal_constant(loss, y):.12f}",
        f"with offsets o   c = {gp.optimal_constant(loss, y, offset=offset):.12f}",
    ]


FORMULAS = {
    found.__name__: found for found in (sigmoid, chain, textbook, link, constant, offsets, example)
}


def rendered(text, pages):
    """The page with its formulas, and with links to the pages of losses."""

    def filled(found):
        start, name, end = found.groups()
        if name == "pages":
            return start + "".join(f"- [{title}]({file})\n" for file, title in pages.items()) + end
        lines = "".join(f"    {line}\n" for line in FORMULAS[name]())
        return f"{start}\n{lines}\n{end}"

    return BLOCK.sub(filled, text)
