"""What is particular to shifted margins: offsets of each class, papers, several minima."""

import dataclasses
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp
from sklearn.model_selection import GridSearchCV

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import HOST, XGBOOST, digits

DATA = digits()
BCE = gp.BinaryCrossEntropy()
INNER = [BCE, gp.WeightedCrossEntropy(7.3), gp.FocalLoss(1.7, 0.3)]
OF_INNER = pytest.mark.parametrize("inner", INNER, ids=repr)
Z = np.linspace(-9, 9, 181)
M1, M0 = 0.7, 0.3
LINKS = ("calibrated_probability", "calibrated_raw_prediction")


def shifts(y):
    """What is added to the margin of each hard label."""
    return np.where(y == 1, -M1, M0)


@OF_INNER
def test_each_class_has_its_margin_and_a_soft_label_a_mixture(inner):
    loss = gp.MarginShift(inner, M1, M0)
    for of in ("loss", "gradient", "hessian"):
        one, zero = getattr(inner, of)(1, Z - M1), getattr(inner, of)(0, Z + M0)
        assert_allclose(getattr(loss, of)(1, Z), one, rtol=1e-14)
        assert_allclose(getattr(loss, of)(0, Z), zero, rtol=1e-14)
        assert_allclose(getattr(loss, of)(0.3, Z), 0.3 * one + 0.7 * zero, rtol=1e-13, atol=1e-15)


@HOST
@OF_INNER
def test_it_trains_the_trees_of_offsets_by_class(host, inner):
    rows = DATA.train
    offset = shifts(rows.y)
    constant = gp.optimal_constant(inner, rows.y, offset=offset, sample_weight=rows.weight)
    by_hand = host.train(host.data(rows.x, rows.y, rows.weight, offset), 12, loss=inner)
    loss = gp.MarginShift(inner, M1, M0)
    ours = host.train(host.data(rows.x, rows.y, rows.weight), 12, loss=loss)
    found = gp.optimal_constant(loss, rows.y, sample_weight=rows.weight)
    assert found == pytest.approx(constant, abs=1e-10)
    assert_allclose(
        host.margin(ours, DATA.test.x),
        host.margin(by_hand, DATA.test.x, np.zeros(DATA.test.y.size)),
        atol=2e-5,
    )


@HOST
@OF_INNER
def test_logit_adjustment_is_a_shift_of_the_margin_and_nothing_more(host, inner):
    rows, tau = DATA.train, 0.7
    data = host.data(rows.x, rows.y, rows.weight)
    loss = gp.MarginShift.logit_adjusted(inner, rows.y, tau, rows.weight)
    prior = np.average(rows.y, weights=rows.weight)
    shift = tau * np.log(prior / (1 - prior))
    plain, adjusted = host.train(data, 12, loss=inner), host.train(data, 12, loss=loss)
    expected = host.margin(plain, DATA.test.x) - shift
    assert_allclose(host.margin(adjusted, DATA.test.x), expected, atol=2e-5)
    assert host.structures(adjusted) == host.structures(plain)
    margin = host.margin(plain, DATA.test.x)
    probability = inner.calibrated_probability(margin)
    assert_allclose(loss.calibrated_probability(margin - shift), probability, rtol=1e-10)


def test_logit_adjustment_is_the_papers_softmax_of_adjusted_logits():
    y, tau = np.repeat([1, 0], [3, 40]), 1.3
    log_prior = np.log(np.array([40, 3]) / 43)  # of 0 and of 1
    logits = np.stack([-Z / 2, Z / 2], axis=-1) + tau * log_prior
    losses = logsumexp(logits, axis=-1)[:, None] - logits
    loss = gp.MarginShift.logit_adjusted(BCE, y, tau)
    for label in (0, 1):
        assert_allclose(loss.loss(label, Z), losses[:, label], rtol=1e-12, atol=1e-14)
    assert loss.calibrated_raw_prediction(3 / 43) == pytest.approx((1 - tau) * np.log(3 / 40))


def test_ldam_is_the_papers_softmax_of_logits_less_margins_that_fall_with_the_class():
    y = np.repeat([1, 0], [3, 40])
    loss = gp.MarginShift.ldam(BCE, y, max_margin=0.9)
    margins = np.array([40, 3]) ** -0.25  # of 0 and of 1
    margins *= 0.9 / margins.max()
    assert_allclose([loss.negative, loss.positive], margins, rtol=1e-14)
    for label in (0, 1):
        logits = np.stack([-Z / 2, Z / 2], axis=-1)
        logits[:, label] -= margins[label]
        expected = logsumexp(logits, axis=-1) - logits[:, label]
        assert_allclose(loss.loss(label, Z), expected, rtol=1e-12, atol=1e-14)


def test_classes_are_counted_as_they_weigh():
    soft, w = np.array([0.25, 0.9, 0.0, 1.0]), np.array([2.0, 0.5, 7.0, 3.0])
    ones, zeros = w @ soft, w @ (1 - soft)
    ldam = gp.MarginShift.ldam(BCE, soft, sample_weight=w)
    assert (ldam.positive, ldam.negative) == pytest.approx((0.5, 0.5 * (ones / zeros) ** 0.25))
    common = gp.MarginShift.ldam(BCE, 1 - soft, sample_weight=w)
    assert (common.negative, common.positive) == pytest.approx((ldam.positive, ldam.negative))
    adjusted = gp.MarginShift.logit_adjusted(BCE, soft, 2.0, w)
    assert adjusted.negative == -adjusted.positive == pytest.approx(2 * np.log(ones / zeros))


@OF_INNER
@pytest.mark.parametrize(("positive", "negative"), [(M1, M0), (-2.5, 0.4), (1.3, -1.3)])
def test_the_calibrated_margin_is_the_numerical_population_minimiser(inner, positive, negative):
    loss = gp.MarginShift(inner, positive, negative)
    for eta in (1e-3, 0.2, 0.5, 0.9):

        def mean(z, eta=eta):
            return float(loss.loss([1, 0], [z, z], [eta, 1 - eta]).sum())

        best = minimize_scalar(mean, bounds=(-30, 30), options={"xatol": 1e-9}).x
        assert loss.calibrated_raw_prediction(eta) == pytest.approx(best, abs=1e-5)
        assert gp.optimal_constant(loss, [1, 0], sample_weight=[eta, 1 - eta]) == pytest.approx(
            best, abs=1e-5
        )


@pytest.mark.parametrize("ones", [0.2, 0.499, 0.51, 0.9])
@pytest.mark.parametrize("wide", [(6.0, 4.0), (90.0, 30.0)])
def test_where_there_are_two_minima_the_constant_is_the_lower_one(ones, wide):
    loss, w = gp.MarginShift(gp.FocalLoss(2.0), *wide), [ones, 1 - ones]
    grid = np.arange(-150, 150, 0.01)
    totals = ones * loss.loss(1, grid) + (1 - ones) * loss.loss(0, grid)
    found = gp.optimal_constant(loss, [1, 0], sample_weight=w)
    assert loss.loss([1, 0], [found, found], w).sum() <= totals.min() * (1 + 1e-12)
    assert found == pytest.approx(grid[totals.argmin()], abs=0.01)


def test_no_formula_calibrates_a_loss_of_two_minima_but_held_out_rows_do():
    loss, train, new = gp.MarginShift(gp.FocalLoss(2.0), 6.0, 4.0), DATA.train, DATA.test
    assert loss.calibration_range is None
    assert gp.LabelSmoothing(loss, 0.1).calibration_range is None
    for link in LINKS:
        with pytest.raises(ValueError, match=r"^MarginShift.* has no margin that rises"):
            getattr(loss, link)([0.5])
    model = BoostingClassifier(XGBOOST.estimator(20), loss)
    with pytest.raises(ValueError, match="has one at none"):
        model.set_params(calibrated=True).fit(train.x, train.y)
    mended = model.set_params(calibrated=False).fit(train.x, train.y).recalibrate(new.x, new.y)
    assert mended.predict_proba(new.x)[:, 1].mean() == pytest.approx(new.y.mean(), abs=0.01)


def test_a_range_that_shifts_turn_around_is_none():
    assert gp.MarginShift(gp.LabelSmoothing(BCE, 0.9), -3.0, -3.0).calibration_range is None
    low, high = gp.LabelSmoothing(BCE, 0.9).calibration_range
    shifted = gp.MarginShift(gp.LabelSmoothing(BCE, 0.9), 3.0, 2.0).calibration_range
    assert shifted == (low - 2, high + 3)


@pytest.mark.parametrize("alpha", [0.3, 7.3])
def test_separated_classes_balance_the_logarithms_of_their_gradients(alpha):
    # Near the root alpha 3 exp(-(900 + c - m1)) = 40 exp(c - 900 + m0), each no longer a number.
    y = np.repeat([1, 0], [3, 40])
    loss = gp.MarginShift(gp.WeightedCrossEntropy(alpha), M1, M0)
    constant = gp.optimal_constant(loss, y, offset=np.where(y == 1, 900.0, -900.0))
    expected = 0.5 * (np.log(alpha * 3 / 40) + M1 - M0)
    assert constant == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("y", [np.float32(0.3), 1.0])
@pytest.mark.parametrize("positive", [M1, -M0], ids=["by class", "alike"])
def test_float32_margins_are_shifted_without_loss(y, positive):
    z = np.float32([80.3, 40.7, -60.1])
    loss = gp.MarginShift(BCE, positive, M0)
    exact = loss.hessian(y, z.astype(np.float64))
    assert_allclose(loss.hessian(y, z), exact, rtol=2 * np.finfo(np.float32).eps)


@OF_INNER
def test_without_shifts_it_is_the_loss_inside_in_every_respect(inner):
    loss = gp.MarginShift(inner)
    for name in ("convex", "self_concordant", "calibration_shift", "scale_pos_weight", "_kernel"):
        assert getattr(loss, name) == getattr(inner, name)
    assert_array_equal(loss.gradient(0.3, Z), inner.gradient(0.3, Z))
    for link in LINKS:
        at = gp.sigmoid(Z)
        assert_allclose(getattr(loss, link)(at), getattr(inner, link)(at), rtol=1e-14)


@HOST
@pytest.mark.parametrize(
    "loss", [gp.MarginShift(BCE, M1, M0), gp.MarginShift(BCE, -M1, M1)], ids=str
)
def test_no_host_has_it_built_in(host, loss):
    with pytest.raises(ValueError, match=r"^MarginShift\(Binary.*has no built-in equivalent"):
        host.module.native(loss, DATA.y)


def test_where_all_margins_are_shifted_alike_the_model_itself_is_calibrated():
    train, new = DATA.train, DATA.test
    plain = BoostingClassifier(XGBOOST.estimator(20)).fit(train.x, train.y)
    loss = gp.MarginShift.logit_adjusted(BCE, train.y)
    assert loss.calibration_shift == loss.negative
    model = BoostingClassifier(XGBOOST.estimator(20), loss, calibrated=True).fit(train.x, train.y)
    assert_allclose(model.predict_proba(new.x), plain.predict_proba(new.x), atol=1e-5)
    assert model.threshold_ == pytest.approx(train.y.mean(), rel=1e-6)
    assert gp.MarginShift(BCE, M1, M0).calibration_shift is None


@pytest.mark.parametrize("bad", [1.02, -0.02, np.nan])
@pytest.mark.parametrize("positive", [M1, -M0], ids=["by class", "alike"])
def test_what_is_no_label_is_refused(bad, positive):
    y, z = np.zeros(7, np.float32), np.zeros(7, np.float32)
    y[3] = bad
    with pytest.raises(ValueError, match=r"y_true must lie in \[0, 1\]; y_true\[3\] is"):
        gp.lightgbm.objective(gp.MarginShift(BCE, positive, M0))(y, z)


@HOST
def test_where_they_are_not_the_classifier_applies_the_formula(host):
    train, new = DATA.train, DATA.test
    loss = gp.MarginShift.ldam(BCE, train.y, max_margin=0.8)
    model = BoostingClassifier(host.estimator(30), loss, calibrated=True).fit(train.x, train.y)
    probability = model.predict_proba(new.x)[:, 1]
    margin = host.margin(model.booster_, new.x)
    assert_allclose(probability, loss.calibrated_probability(margin), rtol=1e-5)
    assert model.threshold_ == pytest.approx(float(loss.calibrated_probability(0.0)))


def test_it_is_a_record_that_can_be_written_again():
    loss = gp.MarginShift(gp.LabelSmoothing(gp.FocalLoss(), 0.1), np.float32(0.5), negative=1)
    assert repr(loss) == (
        "MarginShift(LabelSmoothing(FocalLoss(gamma=2.0, alpha=1.0), smoothing=0.1), "
        "positive=0.5, negative=1.0)"
    )
    assert eval(repr(loss), vars(gp).copy()) == loss
    assert loss.name == "margin_shift_label_smoothing_focal_loss"
    assert dataclasses.replace(loss, positive=0.2).inner is loss.inner
    assert dataclasses.replace(loss, loss=BCE) == gp.MarginShift(BCE, 0.5, 1.0)
    assert gp.MarginShift(loss=BCE, positive=0.1) == gp.MarginShift(BCE, 0.1)


def test_a_search_varies_both_losses():
    grid = {"loss__loss__gamma": [0.5, 3.0], "loss__positive": [0.0, 0.7]}
    model = BoostingClassifier(XGBOOST.estimator(3), gp.MarginShift(gp.FocalLoss(), 0.1))
    search = GridSearchCV(model, grid, cv=2, scoring="neg_log_loss").fit(DATA.x, DATA.y)
    assert len({*search.cv_results_["mean_test_score"]}) == 4
    assert search.best_estimator_.loss_.positive == search.best_params_["loss__positive"]


LDAM, ADJUSTED = gp.MarginShift.ldam, gp.MarginShift.logit_adjusted


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: gp.MarginShift(BCE, np.inf), ValueError, "positive must be finite; got inf."),
        (lambda: gp.MarginShift(BCE, 0, "1"), TypeError, "negative must be a number; got '1'"),
        (lambda: gp.MarginShift(gp.FocalLoss), TypeError, "must be an instance, not the class"),
        (gp.MarginShift, TypeError, "loss must be a gradpair.Loss, such as"),
        (lambda: LDAM(BCE, [1, 0], -0.5), ValueError, "max_margin must be at least 0; got -0.5."),
        (lambda: LDAM(BCE, [1, 0], None), TypeError, "max_margin must be a number; got None"),
        (lambda: LDAM([1, 0], BCE), TypeError, "loss must be a gradpair.Loss, such as"),
        (lambda: LDAM(BCE, [1, 1]), ValueError, "y_true has no row of class 0"),
        (lambda: ADJUSTED(BCE, [1, 0], np.nan), ValueError, "tau must be finite; got nan."),
        (lambda: ADJUSTED(BCE, [1, 2]), ValueError, "y_true must lie in [0, 1]"),
        (lambda: ADJUSTED("bce", [1, 0]), TypeError, "loss must be a gradpair.Loss"),
    ],
    ids=range(11),
)
def test_other_arguments_are_refused(make, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        make()


@pytest.mark.parametrize("make", [LDAM, ADJUSTED], ids=["ldam", "logit_adjusted"])
def test_what_makes_a_loss_of_a_loss_says_how_to_make_it_of_labels(make):
    name = make.__name__
    written = f"lambda y, w: gradpair.MarginShift.{name}(gradpair.BinaryCrossEntropy(), y, sampl"
    with pytest.raises(TypeError, match=re.escape(written)):
        BoostingClassifier(XGBOOST.estimator(2), make).fit(DATA.x, DATA.y)
