"""The kinds of objectives: those of the list of hosts, and scikit-learn's."""

import math
import sys

import numpy as np
import pytest

import gradpair as gp
from gradpair._hosts import record
from helpers import toy_host
from helpers.specimens import BCE, codes, wrong


def in_lists(labels, margins, weights):
    """Log loss without an array."""
    weights = weights or [1.0] * len(margins)
    p = [1 / (1 + math.exp(-m)) if m > -700 else 0.0 for m in margins]
    gradient = [w * (q - y) for w, q, y in zip(weights, p, labels, strict=True)]
    return gradient, [w * q * (1 - q) for w, q in zip(weights, p, strict=True)]


def in_arrays(labels, margins, weights):
    return tuple(np.array(column) for column in in_lists(labels, margins, weights))


def in_lists_upside_down(labels, margins, weights):
    gradient, hessian = in_lists(labels, margins, weights)
    return [-g for g in gradient], hessian


@pytest.fixture
def toy(monkeypatch):
    """The list of hosts with one more."""
    monkeypatch.setitem(record.HOSTS, "toy_host", "helpers.toy_host")


@pytest.mark.usefixtures("toy")
def test_a_host_that_is_added_to_the_list_is_audited():
    report = gp.check_objective(in_lists, kind="toy_host", loss=BCE)
    assert (report.kind, report.findings) == ("toy_host", ())
    (found,) = gp.check_objective(in_arrays, kind="toy_host", loss=BCE).findings
    assert (found.code, found.advice) == ("output-type", "Return lists.")
    report = gp.check_objective(in_lists_upside_down, kind="toy_host", loss=BCE)
    assert codes(report, "error") == {"sign", "gradient"}


def test_a_host_that_is_not_in_the_list_is_unknown_and_the_others_are_named():
    with pytest.raises(
        ValueError, match=r"'xgboost' or 'lightgbm' or 'catboost' for .*; got 'toy_host'"
    ):
        gp.check_objective(in_lists, kind="toy_host")


@pytest.mark.usefixtures("toy")
def test_a_host_without_such_an_estimator_does_not_audit_for_scikit_learn(monkeypatch):
    expected = gp.check_objective(wrong.two_parameters, kind="sklearn")
    monkeypatch.setitem(sys.modules, "toy_host", toy_host)  # it is installed
    assert [host.name for host in record.installed()][-1] == "toy_host"
    assert gp.check_objective(wrong.two_parameters, kind="sklearn") == expected


def test_scikit_learns_kind_needs_a_host(monkeypatch):
    monkeypatch.setattr(record, "HOSTS", {"toy_host": "helpers.toy_host"})
    with pytest.raises(ModuleNotFoundError, match=r"pip install 'gradpair\[toy_host\]'"):
        gp.check_objective(wrong.two_parameters, kind="sklearn")


@pytest.mark.parametrize("kind", ["xgboost", "lightgbm"])
def test_an_objective_of_ours_says_its_kind(kind):
    objective = getattr(gp, kind).objective(BCE)
    assert gp.check_objective(objective).kind == kind


@pytest.mark.parametrize("present", ["xgboost", "lightgbm"])
def test_with_one_host_its_estimator_alone_audits_for_scikit_learn(present, monkeypatch):
    monkeypatch.setattr(record, "HOSTS", {present: record.HOSTS[present]})
    refused = {"xgboost": {"weights-refused"}, "lightgbm": set()}[present]
    report = gp.check_objective(wrong.weight_of_another_name, kind="sklearn")
    assert codes(report, "error") == refused


def test_of_one_finding_of_two_estimators_the_graver_is_told():
    report = gp.check_objective(wrong.half_precision_for_estimators, kind="sklearn")
    (found,) = [found for found in report.findings if found.code == "output-dtype"]
    assert (found.severity, found.what) == (
        "error",
        "Gradient and hessian: float16, which XGBoost reads wrongly without an error.",
    )


def test_what_one_estimator_alone_finds_says_which():
    report = gp.check_objective(wrong.weight_by_keyword, kind="sklearn", loss=BCE)
    (found,) = report.findings
    assert found.what.startswith("As LGBMClassifier calls it: The objective raises TypeError")
