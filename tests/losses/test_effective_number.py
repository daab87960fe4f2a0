"""The weight of positives by effective numbers of rows."""

import mpmath as mp
import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from xgboost import XGBClassifier

import gradpair as gp
from gradpair.sklearn import BoostingClassifier

EFFECTIVE = gp.WeightedCrossEntropy.effective_number


def by_definition(ones, zeros, beta):
    """E of the 0s / E of the 1s as Cui et al. write them, in 400 digits."""
    with mp.workdps(400):
        beta = mp.mpf(beta)
        ones, zeros = ((1 - beta ** mp.mpf(n)) / (1 - beta) for n in (ones, zeros))
        return float(zeros / ones)


@pytest.mark.parametrize("beta", [0.0, 1e-300, 0.3, 0.9, 0.999, 0.9999, 1 - 1e-12, 1 - 2**-53])
@pytest.mark.parametrize(
    ("ones", "zeros"), [(3, 40), (100, 9900), (1, 10**12), (0.37, 2.11), (1e-3, 1e9), (7, 5)]
)
def test_alpha_is_the_ratio_of_the_effective_numbers(beta, ones, zeros):
    loss = EFFECTIVE([1, 0], beta, sample_weight=[ones, zeros])
    assert loss.alpha == pytest.approx(by_definition(ones, zeros, beta), rel=1e-14)


def test_rows_soft_labels_and_weights_are_counted_as_they_weigh():
    y = load_breast_cancer().target
    ones = int(y.sum())
    assert EFFECTIVE(y).alpha == pytest.approx(by_definition(ones, y.size - ones, 0.999), rel=1e-14)
    soft, w = np.array([0.25, 0.9, 0.0, 1.0]), np.array([2.0, 0.5, 7.0, 3.0])
    ones, zeros = w @ soft, w @ (1 - soft)
    expected = by_definition(ones, zeros, 0.7)
    assert EFFECTIVE(soft, 0.7, w).alpha == pytest.approx(expected, rel=1e-14)


def test_it_goes_from_no_weight_to_that_of_balanced():
    y = np.repeat([1, 0], [30, 970])
    balanced = gp.WeightedCrossEntropy.balanced(y).alpha
    alphas = [EFFECTIVE(y, beta).alpha for beta in (0.0, 0.5, 0.9, 0.99, 0.999, 1 - 1e-14)]
    assert alphas[0] == 1
    assert alphas == sorted(alphas)
    assert alphas[-1] == pytest.approx(balanced, rel=1e-9)


@pytest.mark.parametrize("beta", [1.0, 1.5, -0.1, np.nan, np.inf])
def test_a_beta_outside_its_interval_is_refused(beta):
    with pytest.raises(ValueError, match="beta must be"):
        EFFECTIVE([1, 0], beta)


def test_as_a_callable_loss_it_says_what_to_write():
    x, y = load_breast_cancer(return_X_y=True)
    estimator = XGBClassifier(n_estimators=2, n_jobs=1)
    with pytest.raises(TypeError, match=r"write lambda y, w: gradpair\.WeightedCrossEntropy"):
        BoostingClassifier(estimator, EFFECTIVE).fit(x, y)
    made = BoostingClassifier(estimator, lambda y, w: EFFECTIVE(y, 0.99, w)).fit(x, y)
    assert made.loss_ == EFFECTIVE(y, 0.99)
