"""What is particular to smoothed labels: soft ones by hand, the range of the calibration."""

import dataclasses
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize_scalar
from sklearn.model_selection import GridSearchCV

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import HOST, XGBOOST, digits

DATA = digits()
BCE = gp.BinaryCrossEntropy()
INNER = [BCE, gp.WeightedCrossEntropy(7.3), gp.FocalLoss(1.7, 0.3)]
OF_INNER = pytest.mark.parametrize("inner", INNER, ids=repr)
Z = np.linspace(-9, 9, 181)


def smoothed(y, smoothing):
    return y * (1 - smoothing) + smoothing / 2


@OF_INNER
@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
def test_it_is_the_loss_inside_at_soft_labels(inner, y):
    loss = gp.LabelSmoothing(inner, 0.3)
    for of in ("loss", "gradient", "hessian"):
        expected = getattr(inner, of)(smoothed(y, 0.3), Z)
        assert_allclose(getattr(loss, of)(y, Z), expected, rtol=1e-13, atol=1e-14)


@HOST
@OF_INNER
def test_it_trains_the_model_of_soft_labels_that_float32_holds_bit_for_bit(host, inner):
    rows = DATA.train
    soft, start = smoothed(rows.y, 0.25), {"constant": -1.7}
    by_hand = host.train(host.data(rows.x, soft, rows.weight), 12, loss=inner, **start)
    loss = gp.LabelSmoothing(inner, 0.25)
    ours = host.train(host.data(rows.x, rows.y, rows.weight), 12, loss=loss, **start)
    assert_array_equal(host.margin(ours, DATA.test.x), host.margin(by_hand, DATA.test.x))


@HOST
def test_other_soft_labels_are_hosts_own_but_for_their_rounding(host):
    rows, offset = DATA.train, DATA.train.offset
    soft = host.data(rows.x, smoothed(rows.y, 0.1), rows.weight, offset)
    by_hand = host.train(soft, 12, loss=BCE)
    loss = gp.LabelSmoothing(BCE, 0.1)
    ours = host.train(host.data(rows.x, rows.y, rows.weight, offset), 12, loss=loss)
    assert_allclose(host.margin(ours, rows.x), host.margin(by_hand, rows.x), atol=2e-5)


def test_xgboost_itself_grows_the_model_on_soft_labels():
    rows, soft = DATA.train, smoothed(DATA.train.y, 0.1)
    start = gp.optimal_constant(BCE, soft, sample_weight=rows.weight)
    native = XGBOOST.train_native(rows.x, soft, rows.weight, start=start, rounds=30)
    data = XGBOOST.data(rows.x, rows.y, rows.weight)
    ours = XGBOOST.train(data, 30, loss=gp.LabelSmoothing(BCE, 0.1))
    expected = XGBOOST.native_probability(native, DATA.test.x, start)
    assert_allclose(XGBOOST.probability(ours, DATA.test.x), expected, atol=1e-6)


@OF_INNER
def test_the_constant_is_that_of_the_loss_inside_for_soft_labels(inner):
    loss, soft = gp.LabelSmoothing(inner, 0.2), smoothed(DATA.y, 0.2)
    for offset in (None, DATA.offset):
        given = {"offset": offset, "sample_weight": DATA.weight}
        expected = gp.optimal_constant(inner, soft, **given)
        assert gp.optimal_constant(loss, DATA.y, **given) == pytest.approx(expected, abs=1e-10)


def test_separated_classes_have_a_constant_where_the_wrong_label_is_all_that_pulls():
    # Three ones far right pull down by s / 2, and one zero far left pulls up by as much. They
    # balance where 3 (s / 2 - q) = s / 2, which is at q = s / 3, near the largest margin.
    y, s = np.array([1, 1, 1, 0]), 1e-300
    offset = np.where(y == 1, 2000.0, -2000.0)
    constant = gp.optimal_constant(gp.LabelSmoothing(BCE, s), y, offset=offset)
    assert constant == pytest.approx(-2000 - np.log(s / 3), abs=1e-9)


@OF_INNER
def test_calibration_is_the_inverse_of_the_smoothing(inner):
    loss, s = gp.LabelSmoothing(inner, 0.3), 0.3
    low, high = loss.calibration_range
    z = np.linspace(low, high, 40)[1:-1]
    expected = (inner.calibrated_probability(z) - s / 2) / (1 - s)
    assert_allclose(loss.calibrated_probability(z), expected, rtol=1e-12)
    for eta in (0.01, 0.4, 0.9):

        def mean(margin, eta=eta):
            return float(loss.loss([1, 0], [margin, margin], [eta, 1 - eta]).sum())

        best = minimize_scalar(mean, bounds=(-20, 20), options={"xatol": 1e-9}).x
        assert loss.calibrated_raw_prediction(eta) == pytest.approx(best, abs=1e-5)


def test_margins_beyond_every_smoothed_label_have_no_probability():
    loss = gp.LabelSmoothing(BCE, 0.1)
    most = np.log(0.95 / 0.05)
    assert_allclose(loss.calibration_range, [-most, most])
    single = loss.calibrated_raw_prediction(np.float32([0, 1]))
    assert_allclose(loss.calibrated_probability(single), [0, 1], atol=1e-6)
    with pytest.raises(
        ValueError, match=r"in \[-2\.94444, 2\.94444\], where LabelSmoothing.*got v"
    ):
        loss.calibrated_probability([0.0, 3.0])


def test_a_smoothed_label_without_a_margin_leaves_the_range_open():
    inner = gp.AsymmetricLoss(0.0, 2.3, 0.05)  # has margins for probabilities up to .96
    loss = gp.LabelSmoothing(inner, 0.05)
    assert loss.calibration_range == (pytest.approx(inner.calibrated_raw_prediction(0.025)), np.inf)
    top = float(loss.calibrated_probability(30.0))
    assert top == pytest.approx((float(inner.calibrated_probability(30.0)) - 0.025) / 0.95)
    with pytest.raises(ValueError, match=r"^LabelSmoothing.* has no margin for a probability of 1"):
        loss.calibrated_raw_prediction(1.0)


@HOST
def test_the_classifier_calibrates_it_on_held_out_rows_alone(host):
    train, new = DATA.train, DATA.test
    model = BoostingClassifier(host.estimator(30), gp.LabelSmoothing(BCE, 0.1))
    with pytest.raises(ValueError, match=r"only at those from -2\.94444 to 2\.94444; a trained"):
        model.set_params(calibrated=True).fit(train.x, train.y)
    model.set_params(calibrated=False).fit(train.x, train.y)
    margin = model.decision_function(new.x)
    assert (np.abs(margin) > 2.95).any()
    mended = model.recalibrate(new.x, new.y)
    assert mended.threshold_ == pytest.approx(0.5)
    assert mended.predict_proba(new.x)[:, 1].mean() == pytest.approx(new.y.mean(), abs=0.01)


@pytest.mark.parametrize(("alpha", "threshold"), [(9.0, 1 / 18), (99.0, 0.0)])
def test_the_implied_threshold_is_that_of_its_labels_and_of_its_costs(alpha, threshold):
    # At a margin of 0 the costs alone ask for 1 / (1 + alpha), of which smoothing takes s / 2 off.
    x, y = DATA.train.x, DATA.train.y
    loss = gp.LabelSmoothing(gp.WeightedCrossEntropy(alpha), 0.1)
    model = BoostingClassifier(XGBOOST.estimator(5), loss).fit(x, y).recalibrate(x, y)
    assert model.threshold_ == pytest.approx(threshold, abs=1e-12)


@OF_INNER
def test_without_smoothing_it_is_the_loss_inside_in_every_respect(inner):
    loss = gp.LabelSmoothing(inner, 0)
    for name in ("convex", "self_concordant", "calibration_shift", "scale_pos_weight", "_kernel"):
        assert getattr(loss, name) == getattr(inner, name)
    assert loss.calibration_range == inner.calibration_range
    assert_array_equal(loss.calibrated_probability(Z), inner.calibrated_probability(Z))
    assert_array_equal(loss.gradient(0.3, Z), inner.gradient(0.3, Z))


@HOST
def test_no_host_has_it_built_in(host):
    loss = gp.LabelSmoothing(gp.WeightedCrossEntropy(7.3), 0.1)
    with pytest.raises(ValueError, match=r"^LabelSmoothing\(Weighted.*has no built-in equivalent"):
        host.module.native(loss, DATA.y)


def test_kernels_are_those_of_the_loss_inside():
    kernel = gp.LabelSmoothing(gp.FocalLoss(2.0), 0.1)._kernel
    assert kernel.numbers == (gp.FocalLoss(2.0)._kernel, 0.1)
    assert gp.LabelSmoothing(gp.LabelSmoothing(BCE, 0.1), 0.2)._kernel.numbers[0].numbers[1] == 0.1
    assert gp.LabelSmoothing(gp.FocalLoss(30.0), 0.1)._kernel is None


@pytest.mark.parametrize("bad", [1.02, -0.02, np.nan])
def test_a_label_that_smoothing_would_make_one_is_refused(bad):
    y, z = np.zeros(7, np.float32), np.zeros(7, np.float32)
    y[3] = bad
    with pytest.raises(ValueError, match=r"y_true must lie in \[0, 1\]; y_true\[3\] is"):
        gp.xgboost.objective(gp.LabelSmoothing(BCE, 0.1))(y, z)


def test_it_is_a_record_that_can_be_written_again():
    loss = gp.LabelSmoothing(gp.LabelSmoothing(gp.FocalLoss(2.0), 0.1), smoothing=np.float32(0.5))
    assert repr(loss) == (
        "LabelSmoothing(LabelSmoothing(FocalLoss(gamma=2.0, alpha=1.0), smoothing=0.1), "
        "smoothing=0.5)"
    )
    assert eval(repr(loss), vars(gp).copy()) == loss
    assert loss.name == "label_smoothing_label_smoothing_focal_loss"
    assert dataclasses.replace(loss, smoothing=0.2).inner is loss.inner
    assert dataclasses.replace(loss, loss=BCE) == gp.LabelSmoothing(BCE, 0.5)
    assert gp.LabelSmoothing(loss=BCE, smoothing=0.1) == gp.LabelSmoothing(BCE, 0.1)


def test_labels_smoothed_twice_are_smoothed_by_the_product_of_what_is_kept():
    twice = gp.LabelSmoothing(gp.LabelSmoothing(BCE, 0.1), 0.2)
    once = gp.LabelSmoothing(BCE, 1 - 0.9 * 0.8)
    assert_allclose(twice.gradient(1, Z), once.gradient(1, Z), rtol=1e-13, atol=1e-15)
    assert_allclose(twice.calibration_range, once.calibration_range, rtol=1e-13)


def test_a_search_varies_both_losses():
    grid = {"loss__loss__gamma": [0.5, 3.0], "loss__smoothing": [0.0, 0.3]}
    model = BoostingClassifier(XGBOOST.estimator(3), gp.LabelSmoothing(gp.FocalLoss(), 0.1))
    search = GridSearchCV(model, grid, cv=2, scoring="neg_log_loss").fit(DATA.x, DATA.y)
    assert len({*search.cv_results_["mean_test_score"]}) == 4
    assert search.best_estimator_.loss_.smoothing == search.best_params_["loss__smoothing"]


@pytest.mark.parametrize(
    ("loss", "smoothing", "kind", "message"),
    [
        (BCE, 1, ValueError, "smoothing must be below 1, where no label would be left; got 1."),
        (BCE, -0.1, ValueError, "smoothing must be at least 0; got -0.1."),
        (BCE, np.nan, ValueError, "smoothing must be finite; got nan."),
        (BCE, "0.1", TypeError, "smoothing must be a number; got '0.1' of type str."),
        (BCE, None, TypeError, "smoothing must be a number; got None of type NoneType."),
        (gp.FocalLoss, 0.1, TypeError, "must be an instance, not the class FocalLoss: write"),
        (0.1, 0.1, TypeError, "loss must be a gradpair.Loss, such as"),
        (None, 0.1, TypeError, "loss must be a gradpair.Loss, such as"),
        (0.1, BCE, TypeError, "loss must be a gradpair.Loss, such as"),
        (gp.WeightedCrossEntropy.balanced, 0.1, TypeError, "pass what it returns, as"),
    ],
    ids=str,
)
def test_other_arguments_are_refused(loss, smoothing, kind, message):
    with pytest.raises(kind, match=re.escape(message)):
        gp.LabelSmoothing(loss, smoothing)
    with pytest.raises(TypeError, match="the class LabelSmoothing: write LabelSmoothing"):
        gp.LabelSmoothing(gp.LabelSmoothing, 0.1)


@pytest.mark.parametrize("inner", [BCE, gp.FocalLoss(2.0)], ids=repr)
def test_links_of_float32_are_those_of_float64_rounded(inner):
    loss = gp.LabelSmoothing(inner, 1e-3)
    p = np.float32([1e-6, 0.01, 0.3, 0.98, 0.9999, 0.99999])
    z = loss.calibrated_raw_prediction(p)
    assert z.dtype == np.float32
    assert_allclose(z, loss.calibrated_raw_prediction(p.astype(float)), rtol=2e-7)
    told = loss.calibrated_probability(z)
    assert told.dtype == np.float32
    assert_allclose(told, loss.calibrated_probability(z.astype(float)), rtol=3e-6)
