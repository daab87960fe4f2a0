"""Intervals, their adjustment, and the words that follow."""

import dataclasses

import numpy as np
import pytest
from scipy import stats
from sklearn.datasets import load_digits
from xgboost import XGBClassifier

from gradpair.compare import compare
from gradpair.compare._statistics import Difference, corrected_error, differences, holm
from gradpair.compare._verdict import verdict

GAIN = Difference("focal(2)", "average_precision", 0.012, 0.004, 0.020, 0.01, 0.001)
WORSE = Difference("wce", "log_loss", 0.0123, 0.0112, 0.0134, 0.01, 0.001)
MANY = 40.0, "positives"
KEEP = "no loss is better than the built-in on this data: keep it"


def test_the_error_is_the_corrected_one_of_the_papers():
    got = np.array([0.01, 0.03, -0.02, 0.05, 0.02])
    assert corrected_error(got, 0.25) == pytest.approx(got.std(ddof=1) * np.sqrt(1 / 5 + 1 / 4))
    # Independent test sets without a correction: the usual t test of scikit-learn's users.
    t = got.mean() / corrected_error(got, 0.0)
    assert t == pytest.approx(stats.ttest_1samp(got, 0).statistic)


def test_an_interval_is_paired_by_fold():
    rng = np.random.default_rng(0)
    fold = rng.normal(size=10)
    values = {("a", "roc_auc"): fold + 0.3 + 0.01 * rng.normal(size=10)}
    (d,) = differences(values, {"roc_auc": fold}, [("a", "roc_auc")], 0.25)
    half = stats.t.isf(0.025, 9) * corrected_error(values["a", "roc_auc"] - fold, 0.25)
    assert (d.low, d.high) == pytest.approx((d.difference - half, d.difference + half))
    assert d.told
    assert d.better


def test_holm_tests_the_smallest_first_and_stops_at_the_first_that_is_kept():
    p = np.array([0.03, 0.001, 0.02, 0.9])
    adjusted, levels = holm(p)
    assert adjusted == pytest.approx([0.06, 0.004, 0.06, 0.9])
    assert levels == pytest.approx([0.05 / 3, 0.05 / 4, 0.05 / 3, 0.05 / 3])
    adjusted, levels = holm(np.array([0.001, 0.002]))
    assert adjusted == pytest.approx([0.002, 0.002])
    assert levels == pytest.approx([0.05 / 2, 0.05])


def test_an_interval_leaves_out_0_exactly_where_the_adjusted_p_value_is_small():
    rng = np.random.default_rng(3)
    for _ in range(200):
        family = [(name, "roc_auc") for name in "abcdef"]
        shifts = rng.choice([0, 0.5, 1.5], size=6)
        values = {key: rng.normal(size=10) + s for key, s in zip(family, shifts, strict=True)}
        for d in differences(values, {"roc_auc": np.zeros(10)}, family, 0.25):
            assert (d.low > 0 or d.high < 0) == (d.p < 0.05)


def test_equal_candidates_have_an_interval_of_nothing():
    values = {("a", "brier"): np.full(10, 0.3), ("b", "brier"): np.full(10, 0.3 + 1e-9)}
    same, near = differences(values, {"brier": np.full(10, 0.3)}, list(values), 0.25)
    assert (same.low, same.high, same.p) == (0, 0, 1)
    assert not same.told
    assert not near.told


@pytest.mark.parametrize(
    ("found", "failures", "rarest", "said"),
    [
        ([GAIN], {}, MANY, ["focal(2) ranks better: +.012 AP [.004, .020]"]),
        (
            [WORSE],
            {},
            MANY,
            [KEEP, "wce gives worse probabilities: +.012 log loss [.011, .013]"],
        ),
        (
            [GAIN, dataclasses.replace(WORSE, candidate="focal(2)")],
            {},
            MANY,
            [
                "focal(2) ranks better: +.012 AP [.004, .020]",
                "but focal(2) gives worse probabilities: +.012 log loss [.011, .013]",
            ],
        ),
        ([dataclasses.replace(GAIN, low=-0.001, p=0.07)], {}, MANY, [KEEP]),
        ([dataclasses.replace(GAIN, matters=0.013)], {}, MANY, [KEEP]),
        ([GAIN], {}, (3.0, "positives"), ["too few positives to tell: 3 per fold"]),
        ([GAIN], {}, (9.4, "negatives"), ["too few negatives to tell: 9.4 per fold"]),
        ([GAIN], {"x": "E: y"}, MANY, ["focal(2) ranks better: +.012 AP [.004, .020]",
                                       "x failed: E: y"]),
        ([], {"x": "E: y"}, MANY,
         ["no candidate is left to compare with the built-in: keep it", "x failed: E: y"]),
    ],
)  # fmt: skip
def test_the_verdict_follows_from_the_intervals(found, failures, rarest, said):
    assert verdict(found, failures, rarest, 10) == said


def test_a_real_gain_is_told_and_a_real_loss_too():
    x, digit = load_digits(return_X_y=True)
    y = (digit == 8).astype(int)
    poor = XGBClassifier(n_estimators=15, max_depth=3, n_jobs=1, scale_pos_weight=0.003)
    told = compare(x, y, estimator=poor, losses=["bce"], cv=5).verdict.splitlines()
    assert told[0].startswith("cross-entropy ranks better: +.")
    assert told[1].startswith("cross-entropy gives better probabilities: -.")
    good = XGBClassifier(n_estimators=15, max_depth=3, n_jobs=1)
    told = compare(x, y, estimator=good, losses=["wce:0.003"], cv=5).verdict.splitlines()
    assert told[0] == KEEP
    assert told[1].startswith("wce(0.003) ranks worse: -.")


def test_too_few_positives_make_no_verdict():
    x, digit = load_digits(return_X_y=True)
    rare = (digit == 8) & (np.cumsum(digit == 8) <= 15)
    poor = XGBClassifier(n_estimators=5, n_jobs=1, scale_pos_weight=0.003)
    got = compare(x, rare, estimator=poor, losses=["bce"], cv=5)
    assert got.verdict == "too few positives to tell: 3 per fold"
    assert not got.differences["told"].any()
