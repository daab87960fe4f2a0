"""The derivatives in a model of their own: Newton's method for logistic regression."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import gradpair as gp


def newton(loss, x, y, weight=None):
    """Coefficients that minimise the loss of X b, by X'g and X'diag(h)X."""
    coefficients = np.zeros(x.shape[1])
    for _ in range(30):
        gradient, hessian = loss.gradient_hessian(y, x @ coefficients, weight)
        coefficients -= np.linalg.solve(x.T @ (hessian[:, None] * x), x.T @ gradient)
    return coefficients


@pytest.mark.parametrize("alpha", [1.0, 7.3])
@pytest.mark.parametrize("weighted", [False, True])
def test_newton_reaches_the_coefficients_of_scikit_learn(alpha, weighted):
    x, y = load_breast_cancer(return_X_y=True)
    x = StandardScaler().fit_transform(x[:, [0, 1, 4, 8]])
    weight = np.random.default_rng(0).uniform(0.5, 2, y.size) if weighted else None
    ours = newton(gp.WeightedCrossEntropy(alpha), np.column_stack([np.ones(y.size), x]), y, weight)
    reference = LogisticRegression(
        C=np.inf, class_weight={0: 1.0, 1: alpha}, solver="newton-cholesky", tol=1e-12
    ).fit(x, y, sample_weight=weight)
    np.testing.assert_allclose(ours, [*reference.intercept_, *reference.coef_[0]], atol=1e-6)


def test_the_gradient_by_the_chain_rule_is_the_textbooks():
    rng = np.random.default_rng(1)
    x, y, b = rng.normal(size=(50, 3)), rng.integers(0, 2, 50), rng.normal(size=3)
    p = 1 / (1 + np.exp(-x @ b))
    gradient = x.T @ gp.BinaryCrossEntropy().gradient(y, x @ b)
    np.testing.assert_allclose(gradient, (p - y) @ x, rtol=1e-12)
