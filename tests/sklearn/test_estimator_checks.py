"""scikit-learn's own checks of an estimator."""

import pytest
from sklearn.utils.estimator_checks import check_estimator, parametrize_with_checks

from gradpair.sklearn import BoostingClassifier
from helpers.hosts import HOSTS, LIGHTGBM, XGBOOST

# Enough to learn the few rows of the checks.
ESTIMATORS = [XGBOOST.estimator(10, max_depth=None), LIGHTGBM.estimator(5, min_child_samples=1)]

# Weights and repeated rows give other histograms in the hosts, or other last digits.
HOSTS_FAIL = {f"check_sample_weight_equivalence_on_{kind}_data" for kind in ("dense", "sparse")}


@parametrize_with_checks([BoostingClassifier(estimator) for estimator in ESTIMATORS])
@pytest.mark.filterwarnings("ignore")
def test_scikit_learns_checks_pass(estimator, check):
    try:
        check(estimator)
    except AssertionError:
        if check.func.__name__ not in HOSTS_FAIL:
            raise
        pytest.xfail("the bare host fails it, as the next test shows")


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=[host.name for host in HOSTS])
@pytest.mark.filterwarnings("ignore")
def test_a_check_is_expected_to_fail_only_where_the_bare_host_fails_it(estimator):
    results = check_estimator(estimator, on_fail=None)
    assert {r["check_name"] for r in results if r["status"] == "failed"} >= HOSTS_FAIL
