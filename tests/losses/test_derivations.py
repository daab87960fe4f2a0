"""What SymPy derives from the definition of each loss, against code, textbook and pages."""

import importlib
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

from helpers.contract import errors_in_eps
from helpers.definition import DIGITS
from helpers.table import CASES

MEASURE = Path(__file__).parents[2] / "docs" / "measure"
EPS = np.finfo(np.float64).eps


def points(number):
    """Random labels, a half of them hard, and margins."""
    rng = np.random.default_rng(20170802)
    y = np.where(rng.random(number) < 0.5, rng.integers(0, 2, number), rng.random(number))
    return y, rng.normal(0, 8, number)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_code_has_the_derivatives_that_sympy_derives_from_the_definition(case):
    y, z = points(200)
    derived = [case.definition.terms(case.loss, *row) for row in zip(y, z, strict=True)]
    computed = case.loss.loss(y, z), *case.loss.gradient_hessian(y, z)
    for order, values in enumerate(computed):
        terms = [row[order] for row in derived]
        assert errors_in_eps(values, terms, np.float64) * EPS <= 1e-13


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_textbook_s_terms_are_what_sympy_derives(case):
    for y, z in zip(*points(10), strict=True):
        derived = case.definition.terms(case.loss, y, z)
        for told, terms in zip(case.terms(y, z), derived, strict=True):
            with mp.workdps(DIGITS):
                difference = abs(mp.fsum(told) - mp.fsum(terms))
                assert difference <= mp.mpf("1e-30") * max(map(abs, terms))


def test_the_pages_of_derivations_say_what_follows_from_the_table(monkeypatch):
    monkeypatch.syspath_prepend(str(MEASURE))
    derivations = importlib.import_module("derivations")
    pages = derivations.pages()
    for path, text in pages.items():
        assert path.read_text(encoding="utf-8") == text, (
            "python docs/measure/derivations.py --write"
        )
    assert set(derivations.FOLDER.iterdir()) == set(pages)
