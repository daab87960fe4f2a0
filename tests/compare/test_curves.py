"""The curves of a fold, against sums over rows."""

import numpy as np
import pytest

import gradpair as gp
from gradpair._hosts.calibration import Line
from gradpair.compare._inputs import checked
from gradpair.compare._scores import RECALLS, THRESHOLDS, curves
from gradpair.compare._validation import recalibration

RNG = np.random.default_rng(0)
Y = RNG.uniform(size=600) < 0.2
MARGINS = np.round(RNG.normal(2 * Y - 2, 1.0), 1)  # with ties
LINE = Line(0.7, 0.3)
P = gp.sigmoid(0.7 * MARGINS + 0.3)


@pytest.fixture(params=["one cost", "cost per row"])
def rows(request):
    alarm = 0.3 if request.param == "one cost" else RNG.uniform(0.1, 3, Y.size)
    weight = RNG.uniform(0.3, 7, Y.size)
    return checked(np.zeros((Y.size, 1)), Y, weight, (7.0, alarm), None)


def test_the_cost_at_a_threshold_is_that_of_calling_positive_what_reaches_it(rows):
    got = curves(rows, MARGINS, LINE)["cost"]
    for threshold, cost in zip(THRESHOLDS, got, strict=True):
        alarms = threshold <= P
        costs = np.where(Y & ~alarms, 7.0, 0) + np.where(~Y & alarms, rows.costs.false_positive, 0)
        assert cost == pytest.approx(np.average(costs, weights=rows.weight), abs=1e-6)


def test_the_precision_at_a_recall_is_that_of_the_first_threshold_that_has_it(rows):
    w = rows.weight
    cuts = np.unique(MARGINS)[::-1]
    recall = np.array([w[Y & (cut <= MARGINS)].sum() for cut in cuts]) / w[Y].sum()
    precision = [np.average(Y[cut <= MARGINS], weights=w[cut <= MARGINS]) for cut in cuts]
    expected = [precision[np.argmax(recall >= r - 1e-9)] for r in RECALLS]
    assert curves(rows, MARGINS, LINE)["precision"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("which", "p"), [("raw", gp.sigmoid(MARGINS)), ("recalibrated", P)])
def test_a_point_of_reliability_is_a_tenth_of_the_positives_that_are_expected(rows, which, p):
    found = curves(rows, MARGINS, LINE)
    order = np.argsort(p, kind="stable")
    share = np.cumsum((rows.weight * p)[order])
    place = np.minimum((10 * share / share[-1]).astype(int), 9)
    for point in range(10):
        members = order[place == point]
        w = rows.weight[members]
        predicted, observed = (
            found[f"{name}_{which}"][point] for name in ("predicted", "observed")
        )
        assert predicted == pytest.approx(np.average(p[members], weights=w), abs=1e-6)
        assert observed == pytest.approx(np.average(Y[members], weights=w), abs=1e-6)


def test_a_model_that_ranks_backwards_is_recalibrated_to_the_share_of_positives(rows):
    for margins in (-MARGINS, np.full(Y.size, 0.3)):
        slope, shift = recalibration(margins, rows)
        assert slope == 0
        assert gp.sigmoid(shift) == pytest.approx(np.average(Y, weights=rows.weight))
    assert recalibration(MARGINS, rows).slope > 0.5
