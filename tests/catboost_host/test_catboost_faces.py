"""CatBoost's other names: objective, metric, native, to_native, cv, recalibrate; the auditor."""

import copy
import pickle
import re
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from helpers.catboost_rows import (
    BCE,
    FOCAL,
    NO_FILES,
    PARAMS,
    TEST,
    TRAIN,
    WCE,
    cb,
    pool,
    probability,
    raw,
)  # fmt: skip

Z = np.linspace(-9, 9, 1800)
Y = np.random.default_rng(0).uniform(size=1800).astype(np.float32)
W = np.random.default_rng(1).uniform(0.2, 3, 1800).astype(np.float32)


class Own(gp.Loss):
    """A loss without a kernel: that of a margin moved by 0.7."""

    def _loss(self, y, z):
        return BCE.loss(y, z - 0.7)

    def _gradient_hessian(self, y, z):
        return BCE.gradient_hessian(y, z - 0.7)

    @property
    def calibration_shift(self):
        return -0.7


@pytest.mark.parametrize("weight", [None, W], ids=["unweighted", "weighted"])
@pytest.mark.parametrize("loss", [BCE, WCE, FOCAL, Own()], ids=lambda loss: loss.name)
@pytest.mark.parametrize("y", [Y, Y.round()], ids=["soft", "hard"])
def test_derivatives_are_minus_the_losss_in_float64(loss, y, weight):
    for size in (1000, 1800, 3, 0):
        part = slice(0, size)
        w = None if weight is None else weight[part]
        got = gp.catboost.objective(loss, start=0.3).calc_ders_range(Z[part], y[part], w)
        z, labels = Z[part] + 0.3, y[part].astype(float)
        g, h = loss.gradient_hessian(labels, z, None if w is None else w.astype(float))
        if loss is FOCAL:
            h = gp.functional.focal_loss_gradient_positive_hessian(
                labels, z, gamma=FOCAL.gamma, alpha=FOCAL.alpha
            )[1]
            h = h if w is None else w * h
        assert_allclose(got, -np.column_stack([g, h]), rtol=1e-12, atol=1e-15)


def test_far_out_margins_and_labels_that_are_none():
    objective = gp.catboost.objective(WCE)
    z, y = np.array([-1e300, -800.0, 800.0, 1e300]), np.array([1.0, 1.0, 0.0, 0.0])
    got = objective.calc_ders_range(z, y, None)
    assert_array_equal(got, [[7.3, 0], [7.3, 0], [-1, 0], [-1, 0]])
    with pytest.raises(ValueError, match=r"y_true must lie in \[0, 1\]; y_true\[1\] is 2"):
        objective.calc_ders_range(np.zeros(2), np.array([0.0, 2.0]), None)
    assert_array_equal(objective.calc_ders_range(np.zeros(1), np.ones(1), None), [[3.65, -1.825]])


def test_objective_and_metric_are_records_that_copy_and_pickle():
    for made in (gp.catboost.objective(FOCAL, start=0.3), gp.catboost.metric(FOCAL, start=0.3)):
        again = pickle.loads(pickle.dumps(made))
        assert again == made == copy.deepcopy(made)
        assert hash(again) == hash(made)
        assert type(again) is type(made)
    assert gp.catboost.metric(FOCAL) != gp.catboost.metric(FOCAL, name="mine")
    assert type(gp.catboost.metric(FOCAL, name="mine")).__name__ == "mine"


def test_catboost_trains_with_both_and_warns_of_nothing():
    own, told = gp.catboost.objective(BCE, start=-0.4), gp.catboost.metric(BCE, start=-0.4)
    params = {**PARAMS, **NO_FILES, "loss_function": own, "eval_metric": told}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = cb.CatBoostClassifier(**params).fit(TRAIN.x, TRAIN.y, eval_set=(TEST.x, TEST.y))
    found = model.get_evals_result()["validation"]["binary_cross_entropy"]
    best = min(found)
    assert_allclose(best, np.mean(BCE.loss(TEST.y, raw(model) - 0.4)), rtol=1e-9)
    native = gp.catboost.to_native(model, BCE, constant=-0.4)
    assert_allclose(raw(native), raw(model) - 0.4, rtol=0, atol=1e-12)
    assert b"gradpair" not in pickle.dumps(native)
    assert native.get_params() == {**PARAMS, **NO_FILES}


def test_alpha_in_the_weights_of_an_objective_is_class_weights():
    alpha = np.where(TRAIN.y == 1, 7.3, 1.0)
    start = gp.optimal_constant(WCE, TRAIN.y)
    own, told = gp.catboost.objective(BCE, start=start), gp.catboost.metric(BCE, start=start)
    params = {**PARAMS, **NO_FILES, "loss_function": own, "eval_metric": told}
    model = cb.CatBoost(params).fit(pool(weight=alpha))
    params = {**PARAMS, **NO_FILES, "boost_from_average": True, "class_weights": [1.0, 7.3]}
    other = cb.CatBoostClassifier(**params).fit(TRAIN.x, TRAIN.y)
    assert_allclose(raw(model) + start, raw(other), rtol=0, atol=1e-6)


def test_native_parameters_train_what_train_trains():
    for loss, weight in ((BCE, None), (WCE, TRAIN.weight)):
        params, w = gp.catboost.native(loss, TRAIN.y, weight)
        native = cb.CatBoostClassifier(**PARAMS, **NO_FILES, **params)
        native.fit(TRAIN.x, TRAIN.y, sample_weight=w)
        model = gp.catboost.train(PARAMS, pool(weight=weight), loss=loss)
        assert_allclose(probability(model), probability(native), rtol=0, atol=1e-6)
    params, steps = gp.catboost.native(BCE, TRAIN.y)[0], {"leaf_estimation_iterations": 6}
    whole = {**steps, "leaf_estimation_backtracking": "No"}
    native = cb.CatBoostClassifier(**{**PARAMS, **NO_FILES, **params, **whole})
    model = gp.catboost.train({**PARAMS, **steps}, pool(), loss=BCE)
    assert_allclose(raw(model), raw(native.fit(TRAIN.x, TRAIN.y)), rtol=0, atol=1e-6)
    soft = 0.1 + 0.7 * TRAIN.y
    params, _ = gp.catboost.native(BCE, soft)
    own = cb.CatBoost({**PARAMS, **NO_FILES, **params}).fit(TRAIN.x, soft)
    model = gp.catboost.train(PARAMS, pool(y=soft), loss=BCE)
    assert_allclose(raw(model), raw(own), rtol=0, atol=1e-6)
    assert gp.catboost.native(WCE, totals=(3.0, 9.0))[0]["scale_pos_weight"] == 7.3
    with pytest.raises(ValueError, match="multiplies labels of 1 only"):
        gp.catboost.native(WCE, soft)
    with pytest.raises(ValueError, match="no built-in equivalent"):
        gp.catboost.native(FOCAL, TRAIN.y)


def test_to_native_calibrates_what_a_shift_calibrates():
    model = gp.catboost.train(PARAMS, pool(), loss=WCE)
    calibrated = gp.catboost.to_native(model, WCE, constant=0.0, calibrated=True)
    expected = WCE.calibrated_probability(raw(model))
    assert_allclose(probability(calibrated), expected, rtol=0, atol=1e-12)
    with pytest.raises(ValueError, match="needs a loss whose correction is a shift"):
        gp.catboost.to_native(model, FOCAL, constant=0.0, calibrated=True)


@pytest.mark.parametrize("method", ["platt", "shift"])
def test_recalibration_is_a_line_over_the_margins(method):
    held_out = pool(TEST, weight=TEST.weight)
    own = cb.CatBoostClassifier(**PARAMS, **NO_FILES, boost_from_average=True)
    for model in (gp.catboost.train(PARAMS, pool(), loss=WCE), own.fit(TRAIN.x, TRAIN.y)):
        before = raw(model)
        mended = gp.catboost.recalibrate(model, held_out, method=method)
        slope, shift = np.polyfit(before, raw(mended), 1)
        assert_allclose(raw(mended), slope * before + shift, rtol=0, atol=1e-11)
        assert_array_equal(raw(model), before)
        if method == "shift":
            expected = gp.optimal_constant(
                BCE, TEST.y, offset=before, sample_weight=TEST.weight.astype(np.float32)
            )
            assert_allclose([slope, shift], [1, expected], atol=1e-9)
            mean = np.average(probability(mended), weights=TEST.weight)
            assert_allclose(mean, np.average(TEST.y, weights=TEST.weight), rtol=1e-6)


def test_recalibration_of_rows_with_a_baseline_is_a_shift_beside_it():
    model = gp.catboost.train(PARAMS, pool(), loss=WCE)
    rows = pool(TEST, offset=TEST.offset)
    with pytest.raises(ValueError, match="use method='shift'"):
        gp.catboost.recalibrate(model, rows)
    mended = gp.catboost.recalibrate(model, rows, method="shift")
    expected = gp.optimal_constant(BCE, TEST.y, offset=raw(model, rows))
    assert_allclose(raw(mended) - raw(model), expected, atol=1e-9)


def test_cv_is_a_training_on_each_fold_from_its_own_start(tmp_path):
    rows, rounds = np.arange(TRAIN.y.size), 6
    folds = [(rows[rows % 3 != k], rows[rows % 3 == k]) for k in range(3)]
    data = pool(weight=TRAIN.weight)
    result, models = gp.catboost.cv(
        PARAMS, data, rounds, loss=WCE, folds=folds, return_models=True, as_pandas=False
    )
    finals = []
    for (train, test), model in zip(folds, models, strict=True):
        alone = gp.catboost.train(PARAMS, data.slice(train), rounds, loss=WCE)
        assert_array_equal(raw(alone), raw(model))
        losses = WCE.loss(TRAIN.y[test], raw(model, TRAIN.x[test]))
        finals.append(np.average(losses, weights=TRAIN.weight[test]))
    assert_allclose(result["test-weighted_cross_entropy-mean"][-1], np.mean(finals), rtol=1e-6)
    std = np.std(finals, ddof=1)
    assert_allclose(result["test-weighted_cross_entropy-std"][-1], std, rtol=1e-5)
    assert result["iterations"] == list(range(rounds))
    params = {**PARAMS, **NO_FILES, "loss_function": "Logloss"}
    params["train_dir"] = str(tmp_path)  # CatBoost makes it in any case
    theirs = cb.cv(
        data, params, iterations=6, fold_count=3, as_pandas=False, logging_level="Silent"
    )
    assert [re.sub("Logloss", "weighted_cross_entropy", name) for name in theirs] == list(result)


@pytest.mark.parametrize("metric", [None, "AUC", "F:beta=2"])
def test_cv_ends_where_the_mean_has_not_bettered(metric):
    named = {} if metric is None else {"eval_metric": metric}
    result, models = gp.catboost.cv(
        {**PARAMS, **named, "learning_rate": 0.9}, pool(), 70, loss=BCE, early_stopping_rounds=2,
        return_models=True,
    )  # fmt: skip
    (name,) = [n for n in result if n.startswith("test-") and n.endswith("-mean")]
    means = result[name].to_numpy() * (1 if metric is None else -1)
    assert len(means) < 70
    assert np.argmin(means) == len(means) - 3
    assert [model.tree_count_ for model in models] == [len(means)] * 3


@pytest.mark.parametrize(
    "given",
    [{"early_stopping_rounds": 2}, {"od_wait": 2}, {"od_type": "Iter", "od_wait": 2}],
    ids="-".join,
)
def test_cv_ends_by_what_its_parameters_say(given):
    params = {**PARAMS, "learning_rate": 0.9}
    expected = gp.catboost.cv(params, pool(), 40, loss=BCE, early_stopping_rounds=2)
    result = gp.catboost.cv({**params, **given}, pool(), 40, loss=BCE)
    assert len(result) < 40
    assert result.equals(expected)


def test_cv_refuses_the_threshold_that_stops_one_training_and_waits_as_long_as_catboost():
    with pytest.raises(ValueError, match=r"od_pval=0\.01 stops one training"):
        gp.catboost.cv({**PARAMS, "od_pval": 0.01}, pool(), 3, loss=BCE)
    off = {**PARAMS, "od_pval": 0, "od_type": "IncToDec", "od_wait": 1, "learning_rate": 0.9}
    assert len(gp.catboost.cv(off, pool(), 30, loss=BCE, fold_count=2)) == 30
    waits = {**PARAMS, "od_type": "Iter", "learning_rate": 0.9}
    expected = gp.catboost.cv(waits, pool(), 60, loss=BCE, fold_count=2, early_stopping_rounds=20)
    assert gp.catboost.cv(waits, pool(), 60, loss=BCE, fold_count=2).equals(expected)


def test_the_folds_of_cv_have_equal_shares_of_the_classes():
    seen = []

    class Folds:
        def split(self, x, y):
            seen.append((len(x), y.sum()))
            return [(np.arange(600), np.arange(600, len(x)))]

    gp.catboost.cv(PARAMS, pool(), 2, loss=BCE, folds=Folds())
    assert seen == [(TRAIN.y.size, TRAIN.y.sum())]
    sort = np.argsort(TRAIN.y)
    data = cb.Pool(TRAIN.x[sort], TRAIN.y[sort])
    gp.catboost.cv(PARAMS, data, 2, loss=BCE, shuffle=False)
    with pytest.raises(ValueError, match="training rows of fold 1, the first being 0, are of one"):
        gp.catboost.cv(PARAMS, data, 2, loss=BCE, fold_count=2, stratified=False, shuffle=False)
    grouped = cb.Pool(TRAIN.x, TRAIN.y, group_id=np.arange(TRAIN.y.size) // 3)
    with pytest.raises(ValueError, match="the pool has groups"):
        gp.catboost.cv(PARAMS, grouped, 2, loss=BCE)


class Textbook:
    """What CatBoost's own tutorial writes, but for what ``slip`` says."""

    def __init__(self, slip=None):
        self.slip = slip

    def calc_ders_range(self, approxes, targets, weights):
        p = gp.sigmoid(approxes)
        g, h = targets - p, -p * (1 - p)
        if self.slip == "sign":
            g, h = -g, -h
        if weights is not None and self.slip != "weights":
            g, h = g * weights, h * weights
        if self.slip == "list":
            return list(zip(g.tolist(), h.tolist(), strict=True))
        return np.stack([g, h], axis=0 if self.slip == "shape" else 1)


@pytest.mark.parametrize(
    ("slip", "expected"),
    [
        (None, set()),
        ("sign", {"sign", "gradient", "hessian-negative"}),
        ("weights", {"weights-dropped"}),
        ("list", {"output-type"}),
        ("shape", {"raises"}),
    ],
)
def test_the_auditor_calls_an_objective_as_catboost_does(slip, expected):
    report = gp.check_objective(Textbook(slip), kind="catboost", loss=BCE)
    assert {found.code for found in report.findings} == expected
    assert report.ok == (slip in (None, "list"))


def test_ours_pass_the_audit_and_what_catboost_cannot_call_is_refused():
    for loss in (BCE, WCE, FOCAL):
        report = gp.check_objective(gp.catboost.objective(loss, start=0.3))
        assert report.kind == "catboost"
        assert {found.code for found in report.findings} <= {"hessian-surrogate"}
    for wrong in (lambda _preds, _data: None, Textbook):
        with pytest.raises(
            TypeError, match="pass a loss or object with the method calc_ders_range"
        ):
            gp.check_objective(wrong, kind="catboost")
    with pytest.raises(
        ValueError, match=r"kind must say how the objective is called: .*'catboost'"
    ):
        gp.check_objective(Textbook())
    with pytest.raises(TypeError, match="pass a loss or callable, an instance, not the class"):
        gp.check_objective(Textbook(), kind="xgboost")
