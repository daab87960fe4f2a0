"""A model recalibrated on held-out rows is a plain model of other margins."""

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

import gradpair as gp
from helpers.hosts import HOST, LIGHTGBM, XGBOOST, digits

DATA = digits()
TRAIN, HELD_OUT = DATA.train, DATA.test
LOSS = gp.WeightedCrossEntropy(7.3)
MISSING = np.where(np.random.default_rng(3).random(DATA.x.shape) < 0.1, np.nan, DATA.x)
# Since 3.4 XGBoost says that dart and gblinear are deprecated.
pytestmark = pytest.mark.filterwarnings("ignore:.*is deprecated:UserWarning")
KINDS = [
    (XGBOOST, {}),
    (XGBOOST, {"num_parallel_tree": 2, "subsample": 0.5}),
    (XGBOOST, {"booster": "dart", "rate_drop": 0.4}),
    (XGBOOST, {"booster": "gblinear", "updater": "coord_descent"}),
    (LIGHTGBM, {}),
    (LIGHTGBM, {"boosting": "dart"}),
    (LIGHTGBM, {"linear_tree": True}),
]


def trained(host, x=TRAIN.x, y=TRAIN.y, **params):
    if params.get("booster") == "gblinear":
        booster = gp.xgboost.train({**params, "nthread": 1}, xgb.DMatrix(x, y), 15, loss=LOSS)
    else:
        booster = host.train(host.data(x, y), 15, loss=LOSS, params=params)
    return booster


def recalibrated(host, booster, x=HELD_OUT.x, y=HELD_OUT.y, weight=None, **kwargs):
    if host is LIGHTGBM:
        return gp.lightgbm.recalibrate(booster, (x, y), sample_weight=weight, **kwargs)
    return gp.xgboost.recalibrate(booster, xgb.DMatrix(x, y, weight=weight), **kwargs)


def platt_by_scikit_learn(margin, y, weight):
    """Slope and shift of Platt's targets: each row counts as one of each class."""
    w = np.ones(y.size) if weight is None else weight * y.size / weight.sum()
    ones, zeros = w @ y, w @ (1 - y)
    target = y * (ones + 1) / (ones + 2) + (1 - y) / (zeros + 2)
    fit = LogisticRegression(C=1e12, tol=1e-10, max_iter=1000).fit(
        np.concatenate([margin, margin])[:, None],
        np.repeat([1, 0], y.size),
        np.concatenate([w * target, w * (1 - target)]),
    )
    return fit.coef_[0, 0], fit.intercept_[0]


@HOST
@pytest.mark.parametrize("weight", [None, HELD_OUT.weight], ids=["unweighted", "weighted"])
def test_platt_fits_the_line_of_a_logistic_regression_to_his_targets(host, weight):
    booster = trained(host)
    before = host.margin(booster, HELD_OUT.x)
    slope, shift = platt_by_scikit_learn(before, HELD_OUT.y, weight)
    after = host.margin(recalibrated(host, booster, weight=weight), HELD_OUT.x)
    assert_allclose(after, slope * before + shift, rtol=1e-5, atol=1e-5)
    assert min(abs(slope - 1), abs(shift)) > 1e-3


@HOST
def test_shift_makes_the_weighted_mean_probability_the_weighted_mean_label(host):
    booster, weight = trained(host), HELD_OUT.weight
    after = recalibrated(host, booster, weight=weight, method="shift")
    mean = np.average(host.probability(after, HELD_OUT.x), weights=weight)
    assert_allclose(mean, np.average(HELD_OUT.y, weights=weight), rtol=1e-6)
    before = host.margin(booster, HELD_OUT.x)
    shift = gp.optimal_constant(
        gp.BinaryCrossEntropy(), HELD_OUT.y, offset=before, sample_weight=weight
    )
    assert_allclose(host.margin(after, HELD_OUT.x) - before, shift, atol=1e-5)


@pytest.mark.parametrize(("host", "params"), KINDS, ids=str)
def test_every_kind_of_model_is_scaled_exactly(host, params):
    booster = trained(host, **params)
    before, after = (
        host.margin(model, MISSING) for model in (booster, recalibrated(host, booster))
    )
    slope, shift = np.polyfit(before, after, 1)
    exact = 1e-12 if host is LIGHTGBM else 1e-6
    assert_allclose(after, slope * before + shift, atol=exact * np.abs(after).max())
    assert slope != pytest.approx(1, abs=0.01)


@HOST
def test_shap_values_a_saved_file_and_continued_training_know_of_it(host, tmp_path):
    after = recalibrated(host, trained(host))
    margin = host.margin(after, DATA.x)
    x = DATA.x if host is LIGHTGBM else xgb.DMatrix(DATA.x)
    shap = {"pred_contrib" if host is LIGHTGBM else "pred_contribs": True}
    assert_allclose(after.predict(x, **shap).sum(axis=1), margin, atol=1e-5)
    after.save_model(tmp_path / "model.json")
    loaded = (lgb if host is LIGHTGBM else xgb).Booster(model_file=tmp_path / "model.json")
    assert_array_equal(host.margin(loaded, DATA.x), margin)
    start = {"init_model" if host is LIGHTGBM else "xgb_model": loaded}
    slow = {"learning_rate" if host is LIGHTGBM else "eta": 1e-9}
    more = host.train(host.data(TRAIN.x, TRAIN.y), 3, loss=LOSS, params=slow, **start)
    assert_allclose(host.margin(more, DATA.x), margin, atol=1e-6)
    assert host.rounds(more) == 18


@HOST
def test_treelite_predicts_the_same(host):
    treelite = pytest.importorskip("treelite")
    after = recalibrated(host, trained(host))
    model = getattr(treelite.frontend, f"from_{host.name}")(after)
    predicted = treelite.gtil.predict(model, DATA.x.astype(np.float32)).ravel()
    assert_allclose(predicted, host.probability(after, DATA.x), atol=1e-6)


@HOST
def test_the_scale_of_weights_does_not_matter(host):
    booster = trained(host)
    margins = [
        host.margin(recalibrated(host, booster, weight=scale * HELD_OUT.weight), DATA.x)
        for scale in (1.0, 1000.0, 1e-3)
    ]
    assert_allclose(margins[1], margins[0], rtol=1e-5, atol=1e-5)
    assert_allclose(margins[2], margins[0], rtol=1e-5, atol=1e-5)


@HOST
def test_the_model_that_was_given_stays_as_it_was(host):
    booster = trained(host)
    before = host.margin(booster, DATA.x)
    recalibrated(host, booster)
    assert_array_equal(host.margin(booster, DATA.x), before)


@HOST
def test_probabilities_of_rows_that_neither_fit_has_seen_get_better(host):
    half = np.arange(HELD_OUT.y.size) % 2 == 0
    booster = host.train(host.data(TRAIN.x, TRAIN.y), 15, loss=gp.WeightedCrossEntropy(40.0))
    after = recalibrated(host, booster, HELD_OUT.x[half], HELD_OUT.y[half])
    before, after = (
        log_loss(HELD_OUT.y[~half], host.probability(model, HELD_OUT.x[~half]))
        for model in (booster, after)
    )
    assert after < before


@HOST
def test_soft_labels_are_fitted(host):
    booster = trained(host)
    margin = host.margin(booster, HELD_OUT.x)
    soft = gp.sigmoid(0.5 * margin + 0.3)
    after = host.margin(recalibrated(host, booster, y=soft), HELD_OUT.x)
    assert_allclose(after, 0.5 * margin + 0.3, atol=0.1)


@HOST
def test_separable_rows_have_a_finite_slope(host):
    booster = trained(host)
    margin = host.margin(booster, HELD_OUT.x)
    after = host.margin(recalibrated(host, booster, y=(margin > 0.0) * 1.0), HELD_OUT.x)
    assert np.abs(after).max() < 100


@HOST
@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"method": "isotonic"}, "method must be 'platt' or 'shift'; got 'isotonic'"),
        ({"y": 1.0 - HELD_OUT.y}, "ranks these rows backwards"),
        ({"y": np.zeros(HELD_OUT.y.size)}, "no row of class 1"),
        ({"x": HELD_OUT.x[:1].repeat(HELD_OUT.y.size, 0)}, "margins of these rows are all"),
    ],
)
def test_what_cannot_be_calibrated_is_refused(host, kwargs, message):
    with pytest.raises(ValueError, match=message):
        recalibrated(host, trained(host), **kwargs)


def test_a_model_that_predicts_no_probabilities_is_refused():
    obj = gp.xgboost.objective(LOSS)
    booster = xgb.train({"nthread": 1}, xgb.DMatrix(TRAIN.x, TRAIN.y), 2, obj=obj)
    with pytest.raises(ValueError, match=r"reg:squarederror.*to_native"):
        recalibrated(XGBOOST, booster)
    params = {**LIGHTGBM.params, "objective": gp.lightgbm.objective(LOSS)}
    booster = lgb.train(params, lgb.Dataset(TRAIN.x, TRAIN.y), 2)
    with pytest.raises(ValueError, match=r"objective 'none'.*to_native"):
        recalibrated(LIGHTGBM, booster)


def test_other_objects_are_refused():
    with pytest.raises(TypeError, match=r"booster must be a xgboost.Booster"):
        gp.xgboost.recalibrate(XGBOOST.estimator(), xgb.DMatrix(TRAIN.x, TRAIN.y))
    with pytest.raises(TypeError, match=r"data must be a xgboost.DMatrix"):
        gp.xgboost.recalibrate(trained(XGBOOST), (TRAIN.x, TRAIN.y))
    with pytest.raises(ValueError, match="the label of data"):
        gp.xgboost.recalibrate(trained(XGBOOST), xgb.DMatrix(TRAIN.x))
    with pytest.raises(TypeError, match="data must be a pair"):
        gp.lightgbm.recalibrate(trained(LIGHTGBM), lgb.Dataset(TRAIN.x, TRAIN.y))


def test_offsets_are_shifted_and_never_scaled():
    margins = xgb.DMatrix(HELD_OUT.x, HELD_OUT.y, base_margin=HELD_OUT.offset)
    booster = trained(XGBOOST)
    after = gp.xgboost.recalibrate(booster, margins, method="shift")
    assert_allclose(after.predict(margins).mean(), HELD_OUT.y.mean(), rtol=1e-5)
    with pytest.raises(ValueError, match="base_margin is no part of the model"):
        gp.xgboost.recalibrate(booster, margins)
    booster, rows = trained(LIGHTGBM), (HELD_OUT.x, HELD_OUT.y)
    after = gp.lightgbm.recalibrate(booster, rows, method="shift", init_score=HELD_OUT.offset)
    probability = gp.sigmoid(LIGHTGBM.margin(after, HELD_OUT.x, HELD_OUT.offset))
    assert_allclose(probability.mean(), HELD_OUT.y.mean(), rtol=1e-9)
    with pytest.raises(ValueError, match="init_score is no part of the model"):
        gp.lightgbm.recalibrate(booster, rows, init_score=HELD_OUT.offset)
