"""The auditor: it finds what is wrong, and is silent about what is right."""

import functools
import json
import re
import subprocess
import sys
import warnings
from pathlib import Path

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from scipy.special import expit

import gradpair as gp
import objectives
from gradpair.audit import Finding, Point, Report
from gradpair.audit._numerical import derivative
from gradpair.lightgbm._subjects import LGBMClassifierSubject
from gradpair.xgboost._subjects import XGBClassifierSubject
from objectives import RIGHT, WRONG
from table import CASES, LOSSES

PAGE = Path(__file__).parents[1] / "docs" / "custom_loss.md"


def codes(report, severity):
    return {found.code for found in report.findings if found.severity == severity}


def audit(case, **kwargs):
    return gp.check_objective(case.objective, kind=case.kind, loss=case.loss, **kwargs)


@pytest.mark.parametrize("case", RIGHT, ids=str)
def test_a_right_objective_has_no_error_and_no_other_remark_than_it_deserves(case):
    report = audit(case)
    assert report.ok, report
    assert codes(report, "warning") == case.warnings
    assert codes(report, "note") == case.notes


@pytest.mark.parametrize("case", WRONG, ids=str)
def test_a_wrong_objective_raises_its_findings_and_no_other_error_or_warning(case):
    report = audit(case)
    assert codes(report, "error") == case.errors, report
    assert codes(report, "warning") == case.warnings
    assert codes(report, "note") >= case.notes
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
@pytest.mark.parametrize("loss", LOSSES[1::4], ids=lambda loss: loss.name)
def test_the_adapters_suit_both_estimators(host, loss):
    report = gp.check_objective(host.objective(loss), kind="sklearn")
    assert {found.code for found in report.findings} <= {"hessian-surrogate"}, report


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_verdict_does_not_hang_on_the_margins_that_were_drawn(seed):
    named = {str(case): case for case in RIGHT + WRONG}
    for name in ("squared_hinge-xgboost", "focal_positive-xgboost", "float32_inside-lightgbm"):
        report = audit(named[name], seed=seed)
        assert report.ok, report
        assert not codes(report, "warning")
    for name in ("focal_with_label_power-xgboost", "second_difference_hessian-lightgbm"):
        assert "hessian" in codes(audit(named[name], seed=seed), "error")


def test_a_finding_names_the_worst_row_and_what_was_expected_there():
    loss = gp.BinaryCrossEntropy()
    report = gp.check_objective(objectives.half_the_hessian, kind="lightgbm", loss=loss)
    (found,) = report.findings
    point = found.point
    exact = loss.hessian([point.y_true], [point.raw_prediction])[0]
    assert point.expected == pytest.approx(exact, rel=1e-3)
    assert point.got == pytest.approx(exact / 2)
    assert "0.5 times" in found.what


def test_the_gradient_of_a_log_likelihood_is_told_from_a_slip_of_the_sign():
    advice = {}
    for objective in (objectives.log_likelihood, objectives.sign_error):
        report = gp.check_objective(objective, kind="xgboost")
        advice[objective] = next(f.advice for f in report.findings if f.code == "sign")
    assert "log-likelihood" in advice[objectives.log_likelihood]
    assert "log-likelihood" not in advice[objectives.sign_error]


@pytest.mark.parametrize("objective", [objectives.log_of_probability, objectives.exponential])
def test_the_advice_on_what_is_not_finite_fits_logarithms_and_exponentials(objective):
    report = gp.check_objective(objective, kind="lightgbm")
    advice = next(f.advice for f in report.findings if f.code == "not-finite")
    assert "log_expit(z) for log(p)" in advice
    assert "where a loss grows like exp(z), bound the margin" in advice


def test_a_gradient_that_is_wrong_for_one_label_says_for_which():
    report = gp.check_objective(
        objectives.scipy_log_loss, kind="xgboost", loss=gp.WeightedCrossEntropy(3.0)
    )
    (found,) = report.findings
    assert "rows differ, all of label 1. It is 0.333 times that." in found.what
    assert found.point.y_true == 1


def test_the_shift_of_a_loss_is_reported_beside_the_one_that_its_gradients_have():
    (found,) = gp.check_objective(objectives.WrongShift()).findings
    shift = f"{-np.log(objectives.ALPHA):.6g}"
    assert "calibration_shift is 3, " in found.what
    assert f"goes from {shift} to {shift}." in found.what


def test_every_code_that_an_audit_can_find_is_in_the_collection_and_on_the_page():
    found = {
        f"`{code}`" for case in RIGHT + WRONG for code in case.errors | case.warnings | case.notes
    }
    table = re.findall(r"^\| (`[a-z-]+`) \|", PAGE.read_text(), re.MULTILINE)
    assert sorted(table) == sorted(found)


# How the hosts call an objective, which the auditor does for them.


def recorded(function, calls):
    """Return a function of the same signature that notes its arguments."""

    @functools.wraps(function)
    def recorder(*args, **kwargs):
        calls.append((args, kwargs))
        return function(*args, **kwargs)

    return recorder


def from_host(classifier, function, weight):
    x, y = np.arange(60.0).reshape(-1, 1), np.tile([0, 1, 1], 20)
    calls = []
    classifier(objective=recorded(function, calls), n_estimators=1).fit(x, y, sample_weight=weight)
    return calls[0]


def from_auditor(subject, function, weight):
    calls = []
    subject = subject(recorded(function, calls))
    subject.call(
        np.zeros(60, subject.precisions[-1]), subject.data(np.tile([0.0, 1, 1], 20), weight)
    )
    return calls[0]


def shapes(call):
    args, kwargs = call
    kinds = [None if arg is None else (arg.dtype, arg.shape) for arg in args]
    return kinds, {name: (arg.dtype, arg.shape) for name, arg in kwargs.items()}


@pytest.mark.parametrize("weight", [None, np.linspace(1, 2, 60)], ids=["unweighted", "weighted"])
@pytest.mark.parametrize(
    "function",
    [
        objectives.two_parameters,
        objectives.sklearn_log_loss,
        objectives.weight_by_keyword,
        objectives.weight_of_another_name,
        objectives.weight_without_default,
        objectives.parameter_in_fourth_place,
        functools.partial(objectives.partial_target, smoothing=0.1),
    ],
    ids=lambda f: getattr(f, "__name__", "partial"),
)
@pytest.mark.parametrize(
    ("classifier", "subject"),
    [
        (functools.partial(xgb.XGBClassifier, n_jobs=1), XGBClassifierSubject),
        (
            functools.partial(lgb.LGBMClassifier, verbosity=-1, n_jobs=1),
            LGBMClassifierSubject,
        ),
    ],
    ids=["XGBClassifier", "LGBMClassifier"],
)
def test_the_auditor_calls_a_function_as_the_estimators_do(classifier, subject, function, weight):
    try:
        expected = shapes(from_host(classifier, function, weight))
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)):
            from_auditor(subject, function, weight)
    else:
        assert shapes(from_auditor(subject, function, weight)) == expected


def train_xgboost(objective, n=300):
    x = np.random.default_rng(0).normal(size=(n, 3))
    rows = xgb.DMatrix(x, label=(x[:, 0] > 0.5).astype(float))
    params = {"objective": "binary:logistic", "base_score": 0.5, "nthread": 1}
    return xgb.train(params, rows, 3, obj=objective).predict(rows)


def train_lightgbm(objective, n=300):
    x = np.random.default_rng(0).normal(size=(n, 3))
    rows = lgb.Dataset(x, (x[:, 0] > 0.5).astype(float))
    params = {"objective": objective, "verbosity": -1, "num_threads": 1}
    return lgb.train(params, rows, 3).predict(x)


def test_lightgbm_asserts_on_what_the_audit_calls_output_layout():
    with pytest.raises(AssertionError):
        train_lightgbm(objectives.strided)


@pytest.mark.parametrize(
    "objective", [objectives.half_precision, objectives.foreign_byte_order, objectives.unaligned]
)
def test_xgboost_misreads_without_an_error_what_the_audit_calls_output_dtype(objective):
    right = train_xgboost(objectives.scipy_log_loss)
    assert not np.allclose(train_xgboost(objective), right, atol=0.1)


def test_xgboost_hands_over_a_copy_of_its_margins_and_lightgbm_the_same_memory_every_round():
    in_place, right = map(train_xgboost, (objectives.in_place, objectives.scipy_log_loss))
    np.testing.assert_allclose(in_place, right, atol=1e-6)
    addresses = []

    def noting(preds, data):
        addresses.append(preds.ctypes.data)
        return objectives.scipy_log_loss(preds, data)

    train_lightgbm(noting)
    assert len(addresses) == 3
    assert len(set(addresses)) == 1


@pytest.mark.parametrize("objective", [objectives.list_output, objectives.series_output])
def test_xgboost_refuses_what_the_audit_calls_output_type(objective):
    with pytest.raises(TypeError):
        train_xgboost(objective)


@pytest.mark.parametrize("objective", [objectives.list_output, objectives.stacked_output])
def test_lightgbm_takes_lists_and_both_hosts_unpack_one_array(objective):
    expected = train_lightgbm(objectives.scipy_log_loss)
    np.testing.assert_array_equal(train_lightgbm(objective), expected)
    np.testing.assert_array_equal(
        train_xgboost(objectives.stacked_output), train_xgboost(objectives.scipy_log_loss)
    )


def test_lightgbm_fails_to_train_with_what_cannot_be_deep_copied():
    with pytest.raises(TypeError, match="generator"):
        train_lightgbm(objectives.NoCopies())


def test_lightgbm_forgets_weights_that_are_all_one():
    rows = lgb.Dataset(np.arange(20.0).reshape(-1, 1), np.zeros(20), weight=np.ones(20))
    assert rows.construct().get_weight() is None


# Numerical derivatives.


def test_a_derivative_is_right_within_its_tolerance_and_the_tolerance_is_small():
    z = np.linspace(-12, 12, 101)
    p = expit(z)
    for precision in (np.float64, np.float32):
        slope = derivative(lambda x: expit(x.astype(precision)), z, np.ones(z.size))  # noqa: B023
        assert not slope.differs(p * (1 - p)).any()
        assert np.median(slope.tolerance) < 1e-4
        assert slope.differs(1.1 * p * (1 - p))[np.abs(z) < 4].all()


def test_a_derivative_beside_a_kink_or_a_jump_accuses_nobody():
    z = np.linspace(-1, 1, 64)  # the jump is at 0.01
    slope = derivative(lambda x: np.where(x < 0.01, -1.0, 1.0), z, np.ones(z.size))
    assert not slope.differs(np.zeros(z.size)).any()
    slope = derivative(lambda x: np.maximum(x, 0.01), z, np.ones(z.size))
    assert not slope.differs((z > 0.01).astype(float)).any()


# The report.


def test_findings_are_sorted_by_severity():
    parts = [Finding(severity, "code", "What.", "Do.") for severity in ("note", "error", "warning")]
    assert [found.severity for found in Report("f", "xgboost", tuple(parts)).findings] == [
        "error", "warning", "note",
    ]  # fmt: skip


def test_a_report_fits_eighty_columns_and_counts_its_findings():
    report = gp.check_objective(objectives.log_of_probability, kind="xgboost")
    assert max(map(len, str(report).splitlines())) <= 80
    assert re.match(
        r"log_of_probability as xgboost: \d+ errors?, \d+ warnings?, \d+ notes?\.", str(report)
    )
    for found in report.findings:
        assert f"{found.severity} [{found.code}]" in str(report)


def test_a_report_as_a_dict_is_strict_json():
    report = gp.check_objective(objectives.log_of_probability, kind="xgboost")
    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert told["ok"] is False
    assert told["findings"][0]["code"] == "not-finite"
    assert told["findings"][0]["point"]["got"] in ("nan", "inf", "-inf")


def test_raise_for_findings_raises_from_the_severity_on():
    clean = gp.check_objective(objectives.scipy_log_loss, kind="xgboost")
    clean.raise_for_findings("note")
    warned = gp.check_objective(objectives.documented_by_xgboost, kind="xgboost")
    warned.raise_for_findings()
    with pytest.raises(AssertionError, match="overflow"):
        warned.raise_for_findings("warning")
    with pytest.raises(ValueError, match="severity must be 'error'"):
        warned.raise_for_findings("fatal")


def test_a_point_without_an_expected_value_says_what_was_got():
    assert str(Point(1.0, -3.0, np.nan)) == "worst at y = 1, z = -3: got nan"


# What cannot be audited, and what an audit leaves as it was.


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (gp.check_objective, ValueError, "kind must say how the objective is called"),
        (lambda f: gp.check_objective(f, kind="catboost"), ValueError, "got 'catboost'"),
        (lambda f: gp.check_objective(3, kind="xgboost"), TypeError, "a loss or callable; got 3"),
        (
            lambda f: gp.check_objective(gp.FocalLoss, kind="xgboost"),
            TypeError,
            "an instance, not the class",
        ),
        (
            lambda f: gp.check_objective(gp.FocalLoss(), kind="xgboost"),
            ValueError,
            "pass gradpair.xgboost.objective(loss)",
        ),
        (
            lambda f: gp.check_objective(f, kind="xgboost", loss=gp.FocalLoss),
            TypeError,
            "loss must be a gradpair.Loss or a function",
        ),
        (
            lambda f: gp.check_objective(f, kind="xgboost", loss=objectives.summed_log_loss),
            ValueError,
            "loss must return the loss of each row, neither summed nor averaged",
        ),
    ],
)
def test_what_cannot_be_audited_is_refused_with_the_way_out(call, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        call(objectives.scipy_log_loss)


@pytest.mark.parametrize("host", ["xgboost", "lightgbm"])
def test_a_kind_whose_host_is_missing_says_which_extra_to_install(host):
    code = (
        f"import sys; sys.modules[{host!r}] = None; import gradpair\n"
        f"try:\n    gradpair.check_objective(print, kind={host!r})\n"
        f"except ModuleNotFoundError as e:\n    print(e)\n"
        f"f = lambda y, z: (1 / (1 + 2.718281828 ** -z) - y, 0 * z + 1)\n"
        f"print(gradpair.check_objective(f, kind='sklearn').kind)"
    )
    command = [sys.executable, "-c", code]
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
    assert f"pip install 'gradpair[{host}]'" in told
    assert told.split()[-1] == "sklearn"


def test_an_objective_that_fails_in_the_midst_of_an_audit_is_a_finding():
    report = gp.check_objective(objectives.FailsTwice(), kind="lightgbm")
    assert codes(report, "error") == {"raises"}
    assert "StopIteration: out of data" in report.findings[0].what


def test_an_interrupt_is_not_a_finding():
    def interrupted(preds, data):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gp.check_objective(interrupted, kind="xgboost")


def test_an_audit_leaves_random_state_and_warnings_as_they_were():
    np.random.seed(0)  # noqa: NPY002 - the global state is the subject
    before, filters = np.random.get_state()[1].copy(), list(warnings.filters)  # noqa: NPY002
    gp.check_objective(objectives.documented_by_xgboost, kind="xgboost")
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert warnings.filters == filters
    assert np.geterr()["over"] == "warn"


def test_one_audit_after_another_says_the_same():
    case = WRONG[0]
    assert audit(case) == audit(case)
