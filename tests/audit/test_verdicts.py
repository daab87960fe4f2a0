"""The auditor finds what is wrong, and is silent about what is right."""

import re
from pathlib import Path

import numpy as np
import pytest

import gradpair as gp
from helpers.specimens import ALPHA, RIGHT, WRONG, codes, records, right, wrong
from helpers.table import CASES, LOSSES

PAGE = Path(__file__).parents[2] / "docs" / "custom_loss.md"


@pytest.mark.parametrize("case", RIGHT, ids=str)
def test_a_right_objective_has_no_error_and_no_other_remark_than_it_deserves(case):
    report = case.audit()
    assert report.ok, report
    assert codes(report, "warning") == case.warnings
    assert codes(report, "note") == case.notes


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_a_wrong_objective_raises_its_findings_and_no_other_error_or_warning(case):
    report = case.audit()
    assert codes(report, "error") == case.errors, report
    assert codes(report, "warning") == case.warnings
    assert codes(report, "note") == case.notes
    assert report.ok == (not case.errors)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_loss_of_the_table_has_a_finding(case):
    assert gp.check_objective(case.loss).findings == ()


@pytest.mark.parametrize("host", [gp.xgboost, gp.lightgbm])
@pytest.mark.parametrize("case", CASES, ids=str)
def test_no_adapter_of_the_table_has_more_than_the_note_that_its_hessian_is_a_bound(case, host):
    start = 0.7 if case.loss.name.startswith("focal") else 0.0
    for options in ({"hessian": "positive"}, {"hessian": "exact", "hessian_floor": 0.01}):
        report = gp.check_objective(host.objective(case.loss, start=start, **options))
        assert {found.code for found in report.findings} <= {"hessian-surrogate"}, report


@pytest.mark.parametrize("host", [gp.xgboost, gp.lightgbm])
@pytest.mark.parametrize("loss", LOSSES[1::4], ids=repr)
def test_the_adapters_suit_both_estimators(host, loss):
    report = gp.check_objective(host.objective(loss), kind="sklearn")
    assert {found.code for found in report.findings} <= {"hessian-surrogate"}, report


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_verdict_does_not_hang_on_the_margins_that_were_drawn(seed):
    named = {str(case): case for case in RIGHT + WRONG}
    for name in ("squared_hinge-xgboost", "focal_positive-xgboost", "float32_inside-lightgbm"):
        report = named[name].audit(seed=seed)
        assert report.ok, report
        assert not codes(report, "warning")
    for name in ("focal_with_label_power-xgboost", "second_difference_hessian-lightgbm"):
        assert "hessian" in codes(named[name].audit(seed=seed), "error")


def test_a_finding_names_the_worst_row_and_what_was_expected_there():
    loss = gp.BinaryCrossEntropy()
    report = gp.check_objective(wrong.half_the_hessian, kind="lightgbm", loss=loss)
    (found,) = report.findings
    point = found.point
    exact = loss.hessian([point.y_true], [point.raw_prediction])[0]
    assert point.expected == pytest.approx(exact, rel=1e-3)
    assert point.got == pytest.approx(exact / 2)
    assert "0.5 times" in found.what


@pytest.mark.parametrize("kind", ["xgboost", "lightgbm"])
@pytest.mark.parametrize(
    ("objective", "clip"), [(wrong.clipped_at_1e_7, 17), (wrong.clipped_at_1e_15, 36)]
)
def test_no_gradient_on_wrong_rows_is_an_error_if_the_loss_has_one_there(objective, clip, kind):
    (known,) = gp.check_objective(objective, kind=kind, loss=gp.BinaryCrossEntropy()).findings
    (unknown,) = gp.check_objective(objective, kind=kind).findings
    assert (known.severity, unknown.severity) == ("error", "warning")
    for found in (known, unknown):
        assert found.code == "frozen"
        assert "Such rows are never corrected." in found.what
        assert found.point.got == 0
        assert 15 < abs(found.point.raw_prediction) <= clip
    assert abs(known.point.expected) == pytest.approx(1)
    assert unknown.point.expected is None


def test_rows_far_out_do_not_hide_a_gradient_of_0_nearer_by_even_of_an_exponential_loss():
    (found, *_) = gp.check_objective(
        wrong.exponential_to_a_bound, kind="lightgbm", loss=right.exponential_loss
    ).findings
    assert "first at |z| = 80" in found.what


def test_a_gradient_of_0_is_found_once():
    findings = gp.check_objective(wrong.clipped_through, kind="xgboost").findings
    assert [found.code for found in findings].count("frozen") == 1


def test_what_is_not_finite_in_both_precisions_is_found_once():
    findings = gp.check_objective(records.NotFinite()).findings
    assert [found.code for found in findings].count("not-finite") == 1


def test_a_weight_that_is_ignored_is_said_to_be():
    report = gp.check_objective(wrong.unweighted, kind="lightgbm")
    assert "Weights are ignored." in report.findings[0].what


@pytest.mark.parametrize("kind", ["xgboost", "lightgbm"])
def test_a_gradient_that_vanishes_with_that_of_its_loss_is_not_accused(kind):
    for objective in (right.brier_exact, right.brier_that_rounds):
        for loss, severities in ((None, ["warning"]), (right.brier, [])):
            findings = gp.check_objective(objective, kind=kind, loss=loss).findings
            assert [f.severity for f in findings if f.code == "frozen"] == severities


def test_the_gradient_of_a_log_likelihood_is_told_from_a_slip_of_the_sign():
    advice = {}
    for objective in (wrong.log_likelihood, wrong.sign_error):
        report = gp.check_objective(objective, kind="xgboost")
        advice[objective] = next(f.advice for f in report.findings if f.code == "sign")
    assert "log-likelihood" in advice[wrong.log_likelihood]
    assert "log-likelihood" not in advice[wrong.sign_error]


@pytest.mark.parametrize("objective", [wrong.log_of_probability, wrong.exponential])
def test_the_advice_on_what_is_not_finite_fits_logarithms_and_exponentials(objective):
    report = gp.check_objective(objective, kind="lightgbm")
    advice = next(f.advice for f in report.findings if f.code == "not-finite")
    assert "log_expit(z) for log(p)" in advice
    assert "where a loss grows like exp(z), bound the margin" in advice


def test_a_gradient_that_is_wrong_for_one_label_says_for_which():
    report = gp.check_objective(
        right.scipy_log_loss, kind="xgboost", loss=gp.WeightedCrossEntropy(3.0)
    )
    (found,) = report.findings
    assert "rows differ, all of label 1. It is 0.333 times that." in found.what
    assert found.point.y_true == 1


def test_the_shift_of_a_loss_is_reported_beside_the_one_that_its_gradients_have():
    (found,) = gp.check_objective(records.WrongShift()).findings
    shift = f"{-np.log(ALPHA):.6g}"
    assert "calibration_shift is 3, " in found.what
    assert f"goes from {shift} to {shift}." in found.what


def test_every_code_that_an_audit_can_find_is_in_the_collection_and_on_the_page():
    found = {
        f"`{code}`" for case in RIGHT + WRONG for code in case.errors | case.warnings | case.notes
    }
    table = re.findall(r"^\| (`[a-z-]+`) \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(table) == sorted(found)
