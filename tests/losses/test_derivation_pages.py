"""The formulas on the pages of derivations, as they stand there, against the code."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

import gradpair as gp
from helpers.definition import parameters
from helpers.table import CASES

FOLDER = Path(__file__).parents[2] / "docs" / "derivations"
Z = np.array([-3.1, -0.4, 0.7, 2.6])
MEANINGS = {
    "exp": np.exp, "log": np.log, "logit": gp.logit, "s": lambda z: gp.softplus(-z),
    "sigmoid": gp.sigmoid,
}  # fmt: skip


def kinds(loss):
    """The classes of a loss and of those that it wraps."""
    return [type(loss).__name__, *(kinds(loss.inner) if hasattr(loss, "inner") else [])]


def formulas(loss):
    """What the loss's page says of it."""
    name, *inner = kinds(loss)
    file = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()
    page = (FOLDER / f"{file}.md").read_text(encoding="utf-8")
    if not inner:
        return page
    return re.split(r"^## ", page.partition(f"## Around {' of '.join(inner)}\n")[2], flags=re.M)[0]


def value(text, names):
    """What a formula comes to: a space is a product, ^ a power."""
    product = re.sub(r"(?<=[\w)]) (?=[\w(])", "*", text)
    return eval(product.replace("^", "**"), {**MEANINGS, **names})


def names_at(loss, page, z, **more):
    """The letters of a page at margins of a loss."""
    names = {**parameters(loss), "z": z, "eta": np.nan, **more}
    for parameter in re.findall(r"the parameter `(\w+)` written k", page):
        names["k"] = names[parameter]
    names |= {"p": gp.sigmoid(z), "q": gp.sigmoid(-z)}
    for line in re.findall(r"^With (.*`.*)$", page, re.M):
        for name, meaning in re.findall(r"`(\w+) = ([^`]+)`", line):
            names[name] = value(meaning, names)
    return names


def equations(page, left):
    """Right sides of the lines that begin so, with what they hold for."""
    found = re.findall(rf"^    {re.escape(left)} = (.*?)(?:    for (.*), else 0)?$", page, re.M)
    assert found, left
    return found


@pytest.mark.parametrize("case", CASES, ids=str)
def test_formulas_of_a_page_are_what_the_code_computes(case):
    page = formulas(case.loss)
    with np.errstate(invalid="ignore"):  # where a margin leaves nothing
        names = names_at(case.loss, page, Z)
        for label in (0, 1):
            y = np.full(Z.size, float(label))
            told = case.loss.loss(y, Z), *case.loss.gradient_hessian(y, Z)
            for left, computed in zip(
                ("L({}, z)", "dL({}, z)/dz", "d²L({}, z)/dz²"), told, strict=True
            ):
                [(right, condition)] = equations(page, left.format(label))
                derived = value(right, names)
                if condition:
                    derived = np.where(value(condition, names), derived, 0)
                assert_allclose(derived, computed, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_links_and_constants_of_a_page_are_those_of_the_code(case):
    loss, page = case.loss, formulas(case.loss)
    ones, zeros = 3.0, 4.0
    eta = ones / (ones + zeros)
    z = float(loss.calibrated_raw_prediction(eta))
    names = names_at(loss, page, z, eta=eta, P=ones, N=zeros)
    constant = gp.optimal_constant(loss, [1, 0], sample_weight=[ones, zeros])
    assert constant == pytest.approx(z, abs=1e-6)
    for left in ("z", "eta", "logit(eta)", "eta / (1 - eta)", "c"):
        if f"\n    {left} = " not in page:
            continue
        for right, _ in equations(page, left):
            if right.startswith(("the optimal margin", "log(x)")):
                continue
            expected = {"z": z, "c": constant}.get(left)
            expected = value(left, names) if expected is None else expected
            assert value(right, names) == pytest.approx(expected, rel=1e-6, abs=1e-6)
    for equation in re.findall(r"^    (.*x\^2.*) = 0$", page, re.M):
        assert value(equation, names) == pytest.approx(0, abs=1e-9)


def test_what_can_be_solved_and_simplified_is():
    assert "\n    d²L(1, z)/dz² = p q\n" in formulas(
        gp.LabelSmoothing(gp.BinaryCrossEntropy(), 0.1)
    )
    for loss in (gp.PolyLoss(), gp.MarginShift(gp.WeightedCrossEntropy(3.0))):
        assert "no closed form" not in formulas(loss)
