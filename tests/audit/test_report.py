"""The report: its order, its width, its JSON, its exceptions."""

import json
import re

import numpy as np
import pytest

import gradpair as gp
from gradpair.audit import Finding, Point, Report
from helpers.specimens import right, wrong


def test_findings_are_sorted_by_severity():
    parts = [Finding(severity, "code", "What.", "Do.") for severity in ("note", "error", "warning")]
    assert [found.severity for found in Report("f", "xgboost", tuple(parts)).findings] == [
        "error", "warning", "note",
    ]  # fmt: skip


def test_a_report_fits_eighty_columns_and_counts_its_findings():
    report = gp.check_objective(wrong.log_of_probability, kind="xgboost")
    assert max(map(len, str(report).splitlines())) <= 80
    assert re.match(
        r"log_of_probability as xgboost: \d+ errors?, \d+ warnings?, \d+ notes?\.", str(report)
    )
    for found in report.findings:
        assert f"{found.severity} [{found.code}]" in str(report)


def test_a_report_as_a_dict_is_strict_json():
    report = gp.check_objective(wrong.log_of_probability, kind="xgboost")
    told = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert told["ok"] is False
    assert told["findings"][0]["code"] == "not-finite"
    assert told["findings"][0]["point"]["got"] in ("nan", "inf", "-inf")


def test_raise_for_findings_raises_from_the_severity_on():
    clean = gp.check_objective(right.scipy_log_loss, kind="xgboost")
    clean.raise_for_findings("note")
    warned = gp.check_objective(right.documented_by_xgboost, kind="xgboost")
    warned.raise_for_findings()
    with pytest.raises(AssertionError, match="overflow"):
        warned.raise_for_findings("warning")
    with pytest.raises(ValueError, match="severity must be 'error'"):
        warned.raise_for_findings("fatal")


def test_a_point_without_an_expected_value_says_what_was_got():
    assert str(Point(1.0, -3.0, np.nan)) == "worst at y = 1, z = -3: got nan"
