"""What cannot be audited, and what an audit leaves as it was."""

import re
import subprocess
import sys
import warnings

import numpy as np
import pytest

import gradpair as gp
from helpers.specimens import WRONG, codes, right, wrong


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (gp.check_objective, ValueError, "kind must say how the objective is called"),
        (lambda f: gp.check_objective(f, kind="pyboost"), ValueError, "got 'pyboost'"),
        (
            lambda f: gp.check_objective(3, kind="xgboost"),
            TypeError,
            "pass a loss or callable, an instance, not the class; got 3",
        ),
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
            lambda f: gp.check_objective(f, kind="xgboost", loss=right.summed_log_loss),
            ValueError,
            "loss must return the loss of each row, neither summed nor averaged",
        ),
    ],
)
def test_what_cannot_be_audited_is_refused_with_the_way_out(call, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        call(right.scipy_log_loss)


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
    report = gp.check_objective(wrong.FailsTwice(), kind="lightgbm")
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
    gp.check_objective(right.documented_by_xgboost, kind="xgboost")
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    assert warnings.filters == filters
    assert np.geterr()["over"] == "warn"


def test_one_audit_after_another_says_the_same():
    case = WRONG[0]
    assert case.audit() == case.audit()
