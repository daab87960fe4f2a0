"""Losses that have a best margin for some probabilities only."""

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp


@dataclasses.dataclass(frozen=True)
class Doubting(gp.Loss):
    """-log p of a 1 and p of a 0, so that η / (1 - η) is p: above 1/2 no margin is the best."""

    convex = False

    def _loss(self, y_true, raw_prediction):
        return y_true * gp.softplus(-raw_prediction) + (1 - y_true) * gp.sigmoid(raw_prediction)

    def _gradient_hessian(self, y_true, raw_prediction):
        p, q = gp.sigmoid(raw_prediction), gp.sigmoid(-raw_prediction)
        return (1 - y_true) * p * q - y_true * q, p * q * (y_true + (1 - y_true) * (q - p))

    def _gradient_positive_hessian(self, y_true, raw_prediction):
        p, q = gp.sigmoid(raw_prediction), gp.sigmoid(-raw_prediction)
        return (1 - y_true) * p * q - y_true * q, p * q * (y_true + (1 - y_true) * q)

    def _log_odds(self, raw_prediction):  # where q fades the difference of logarithms cancels
        return gp.log_sigmoid(raw_prediction)


@dataclasses.dataclass(frozen=True)
class Negated(Doubting):
    """Doubting, with its log-odds negated."""

    def _log_odds(self, raw_prediction):
        return -gp.log_sigmoid(raw_prediction)


def test_a_probability_without_a_margin_is_refused():
    loss = Doubting()
    assert_allclose(
        loss.calibrated_raw_prediction([0.2, 0.4]), gp.logit([1 / 4, 2 / 3]), rtol=1e-13
    )
    for p in (0.51, 0.7):
        with pytest.raises(ValueError, match=f"no margin for a probability of {p}: there the exp"):
            loss.calibrated_raw_prediction([0.2, p])


def test_the_logarithm_of_the_odds_may_be_known_where_their_difference_cancels():
    assert_array_equal(Doubting().calibrated_probability([800.0, np.inf]), [0.5, 0.5])


def test_a_mean_label_without_a_margin_has_no_constant_but_one_on_top_of_offsets():
    loss, y = Doubting(), np.array([1, 1, 0])
    with pytest.raises(ValueError, match=r"Doubting\(\) has no optimal constant here"):
        gp.optimal_constant(loss, y)
    offset = np.array([3.0, 3.0, -3.0])
    constant = gp.optimal_constant(loss, y, offset=offset)
    gradient = loss.gradient(y, offset + constant)
    assert abs(gradient.sum()) <= 1e-10 * np.abs(gradient).sum()
    with pytest.raises(ValueError, match=r"Doubting\(\) has no minimum for constants from"):
        gp.optimal_constant(loss, y, offset=-offset)


def test_the_audit_finds_log_odds_that_are_no_difference_of_the_logarithms():
    assert gp.check_objective(Doubting()).findings == ()
    (found,) = gp.check_objective(Negated()).findings
    assert found.code == "calibration"
    assert found.what.startswith("_log_odds does not return")
