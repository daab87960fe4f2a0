"""LightGBM's own metrics by name: its names, its order and its values, from the same start."""

import lightgbm as lgb
import numpy as np
import pytest
from numpy.testing import assert_allclose

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import LightGBM, digits

HOST = LightGBM()
DATA = digits()
TRAIN, NEW = DATA.train, DATA.test
BCE, LOSS = gp.BinaryCrossEntropy(), gp.WeightedCrossEntropy(7.3)
LOSS_METRIC = gp.lightgbm.metric(LOSS).name
BCE_METRIC = gp.lightgbm.metric(BCE).name
PARAMS = HOST.params
NAMES = [
    "binary_logloss", "auc", "binary_error", "cross_entropy", "average_precision",
    "kullback_leibler", "l1", "l2", "rmse",
]  # fmt: skip
ALIASES = {
    "binary": "binary_logloss", "xentropy": "cross_entropy", "kldiv": "kullback_leibler",
    "mae": "l1", "regression_l1": "l1", "mean_absolute_error": "l1", "mse": "l2",
    "regression": "l2", "regression_l2": "l2", "mean_squared_error": "l2", "l2_root": "rmse",
    "root_mean_squared_error": "rmse", "AUC": "auc", "Binary_LogLoss": "binary_logloss",
}  # fmt: skip


def ours(params, *args, **kwargs):
    return gp.lightgbm.train(params, *args, loss=BCE, **kwargs)


def native(params, *args, **kwargs):
    return lgb.train({"objective": "binary", **params}, *args, **kwargs)


def log_of(run, params, rounds=12, *, y=lambda rows: rows.y, weighted=True, callbacks=(), **kwargs):
    """The metrics of every round on new rows and on the training rows, and the model."""
    log = {}
    data = lgb.Dataset(TRAIN.x, y(TRAIN), weight=TRAIN.weight if weighted else None)
    valid = lgb.Dataset(
        NEW.x, y(NEW), weight=NEW.weight if weighted else None, reference=data
    )  # fmt: skip
    booster = run(
        {**PARAMS, **params}, data, rounds, valid_sets=[valid, data], valid_names=["new", "train"],
        callbacks=[lgb.record_evaluation(log), *callbacks], **kwargs,
    )  # fmt: skip
    return log, booster


SINGLE = ("cross_entropy", "kullback_leibler")  # of which LightGBM rounds each row to float32


def assert_same(log, expected, rtol=1e-8):
    assert list(log) == list(expected)
    for name, metrics in expected.items():
        assert list(log[name]) == list(metrics)
        for metric, values in metrics.items():
            atol = 1e-7 if metric in SINGLE else 1e-12
            assert_allclose(log[name][metric], values, rtol=rtol, atol=atol, err_msg=metric)


@pytest.mark.parametrize("weighted", [False, True])
def test_names_order_and_values_are_those_of_the_built_in_objective(weighted):
    for names in (NAMES, NAMES[::-1]):
        logs = [log_of(r, {"metric": names}, weighted=weighted)[0] for r in (ours, native)]
        assert_same(*logs)
        assert list(logs[0]["new"]) == names


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_is_reported_by_the_name_that_the_host_reports(alias):
    logs = [log_of(run, {"metric": alias}, 2)[0] for run in (ours, native)]
    assert_same(*logs)
    assert list(logs[0]["new"]) == [ALIASES[alias]]


@pytest.mark.parametrize(
    "metric",
    [
        {"metric": "auc,binary_logloss"},
        {"metric": "binary,xentropy,binary_logloss"},
        {"metrics": ("binary_error", "auc")},
        {"metric_types": {"auc"}},
        {"metric": ["auc", "binary"], "metrics": "l2"},
        {"metric": ["None", "binary_error"]},
    ],
    ids=str,
)
def test_every_form_of_the_parameter_is_read_as_the_host_reads_it(metric):
    assert_same(*(log_of(run, metric, 3)[0] for run in (ours, native)))


def test_soft_labels_are_measured_as_the_built_in_cross_entropy_measures_them():
    def soft(rows):
        return 0.05 + 0.8 * rows.y

    def native_soft(params, *args, **kwargs):
        return native({**params, "objective": "cross_entropy"}, *args, **kwargs)

    logs = [log_of(run, {"metric": NAMES}, y=soft)[0] for run in (ours, native_soft)]
    assert_same(*logs, rtol=1e-6)


def test_a_metric_asked_for_by_name_sees_offsets_and_the_start_of_any_loss():
    log, names = {}, ["binary_logloss", "auc"]
    data = lgb.Dataset(TRAIN.x, TRAIN.y, init_score=TRAIN.offset)
    valid = lgb.Dataset(NEW.x, NEW.y, init_score=NEW.offset, reference=data)
    booster = gp.lightgbm.train(
        {**PARAMS, "metric": names}, data, 5, [valid], loss=LOSS,
        callbacks=[lgb.record_evaluation(log)],
    )  # fmt: skip
    raw = booster.predict(NEW.x, raw_score=True) + NEW.offset
    assert log["valid_0"]["binary_logloss"][-1] == pytest.approx(BCE.loss(NEW.y, raw).mean())


STOPPING = [
    {"stopping_rounds": 4},
    {"stopping_rounds": 4, "first_metric_only": True},
    {"stopping_rounds": 4, "min_delta": [0.02, 0.002]},
    {"stopping_rounds": 4, "min_delta": [0.02, 0.002], "first_metric_only": True},
]


@pytest.mark.parametrize("stopping", STOPPING, ids=str)
@pytest.mark.parametrize("names", [["auc", "binary_logloss"], ["binary_error", "auc"]], ids=str)
def test_early_stopping_stops_where_the_host_does(names, stopping):
    models = []
    for run in (ours, native):
        stop = lgb.early_stopping(**stopping, verbose=False)
        log, booster = log_of(run, {"metric": names}, 60, callbacks=[stop])
        models.append((len(log["new"][names[0]]), booster.best_iteration, booster.num_trees()))
    assert models[0] == models[1]
    assert models[0][0] < 60


def brier(preds, data):
    return "brier", float(np.mean((data.get_label() - gp.sigmoid(preds)) ** 2)), False


def test_functions_come_behind_the_names_and_the_loss_only_where_nothing_is_asked_for():
    def heads(params, **kwargs):
        return list(log_of(ours, params, 2, **kwargs)[0]["new"])

    assert heads({}) == [BCE_METRIC]
    assert heads({"metric": "None"}) == [BCE_METRIC]
    assert heads({"metric": ""}) == heads({"metric": None}) == [BCE_METRIC]
    assert heads({}, feval=[]) == heads({}, feval=[None]) == [BCE_METRIC]
    assert heads({"metric": "auc"}) == ["auc"]
    assert heads({}, feval=[None, brier]) == ["brier"]
    assert heads({"metric": "auc"}, feval=brier) == ["auc", "brier"]
    both = [gp.lightgbm.metric(BCE), brier]
    assert heads({"metric": ["l2"]}, feval=both) == ["l2", BCE_METRIC, "brier"]


def test_two_metrics_of_one_name_stand_side_by_side():
    pair = [gp.lightgbm.metric(LOSS), gp.lightgbm.metric(BCE), gp.lightgbm.metric(LOSS)]
    mine = [gp.lightgbm.metric(BCE, name="mine"), gp.lightgbm.metric(LOSS, name="other")]
    kept = [metric.name for metric in pair]
    expected = [LOSS_METRIC, BCE_METRIC, f"{LOSS_METRIC}-2", "mine", "other"]
    log, _ = log_of(ours, {}, 3, feval=[*pair, *mine])
    assert list(log["new"]) == expected
    assert log["new"][f"{LOSS_METRIC}-2"] == log["new"][LOSS_METRIC]
    assert [len(values) for values in log["new"].values()] == [3] * 5
    model = BoostingClassifier(HOST.estimator(3), LOSS)
    model.fit(TRAIN.x, TRAIN.y, eval_set=[(NEW.x, NEW.y)], eval_metric=[*pair, *mine])
    assert list(model.evals_result_["valid_0"]) == expected
    cv = gp.lightgbm.cv(
        PARAMS, lgb.Dataset(TRAIN.x, TRAIN.y), 2, nfold=3, loss=LOSS, feval=[*pair, *mine]
    )
    assert [name for name in cv if name.endswith("-mean")] == [f"valid {n}-mean" for n in expected]
    assert [metric.name for metric in pair] == kept
    # Whoever gives two the same name gets what the host makes of that: one history.
    named = [gp.lightgbm.metric(loss, name="same") for loss in (BCE, LOSS)]
    log, _ = log_of(ours, {}, 3, feval=named)
    assert [len(values) for values in log["new"].values()] == [6]


@pytest.mark.parametrize("metrics", ["binary_logloss", ["auc", "binary_error", "xentropy"], "auc"])
def test_cv_reports_what_the_hosts_cv_reports(metrics):
    results = []
    for run, more in ((gp.lightgbm.cv, {"loss": BCE}), (lgb.cv, {})):
        params = {**PARAMS, "metric": "l2", "metric_types": "l1"}
        params |= {} if more else {"objective": "binary"}
        data = lgb.Dataset(DATA.x, DATA.y, weight=DATA.weight)
        results.append(
            run(params, data, 30, nfold=3, metrics=metrics, eval_train_metric=True,
                callbacks=[lgb.early_stopping(4, verbose=False)], **more)
        )  # fmt: skip
    ours, native = results
    assert list(ours) == list(native)
    for name, values in native.items():
        atol = 1e-7 if "cross_entropy" in name else 1e-12
        assert_allclose(ours[name], values, rtol=1e-8, atol=atol)


def test_a_preparation_of_folds_cannot_ask_for_a_metric_of_one_fold():
    def prepared(train, test, params):
        return train, test, {**params, "metric": "auc"}

    with pytest.raises(ValueError, match="pass metrics= to cv"):
        gp.lightgbm.cv(PARAMS, lgb.Dataset(DATA.x, DATA.y), 2, loss=BCE, fpreproc=prepared)


@pytest.mark.parametrize(
    ("own", "passed"),
    [
        ({"metric": ["binary_logloss", "auc"]}, {}),
        ({"metrics": "auc,binary_error"}, {}),
        ({"metric": "binary_logloss"}, {"eval_metric": "auc"}),
        ({"metric": ["auc"]}, {"eval_metric": ["binary_error", "auc"]}),
        ({"metric": "None"}, {"eval_metric": ["binary", "l2"]}),
    ],
    ids=str,
)
def test_the_estimator_reports_what_the_bare_one_reports(own, passed):
    stop = {"early_stopping_round": 4}
    bare = HOST.estimator(40, **own, **stop)
    name = "eval_X" if "eval_X" in bare.fit.__code__.co_varnames else "eval_set"
    sets = {"eval_X": (NEW.x,), "eval_y": (NEW.y,)} if name == "eval_X" else {}
    bare.fit(TRAIN.x, TRAIN.y, **(sets or {"eval_set": [(NEW.x, NEW.y)]}), **passed)
    model = BoostingClassifier(HOST.estimator(40, **own, **stop))
    model.fit(TRAIN.x, TRAIN.y, eval_set=[(NEW.x, NEW.y)], **passed)
    assert_same(model.evals_result_, bare.evals_result_)
    assert model.best_iteration_ == bare.best_iteration_


@pytest.mark.parametrize(
    "name", ["ndcg", "map", "auc_mu", "multi_logloss", "mape", "quantile", "x"]
)
def test_what_is_not_computed_is_refused_with_the_way_out(name):
    way_out = rf"metric='{name}' .*binary_logloss, .* or pass a function"
    data = lgb.Dataset(TRAIN.x, TRAIN.y)
    with pytest.raises(ValueError, match=way_out):
        gp.lightgbm.train({"metric": ["auc", name]}, data, loss=BCE)
    with pytest.raises(ValueError, match=way_out):
        gp.lightgbm.cv({}, data, metrics=name, loss=BCE)
    with pytest.raises(ValueError, match=way_out):
        BoostingClassifier(HOST.estimator(metric=name)).fit(TRAIN.x, TRAIN.y)
    with pytest.raises(ValueError, match=way_out):
        BoostingClassifier(HOST.estimator()).fit(TRAIN.x, TRAIN.y, eval_metric=name)


def test_the_cut_of_the_log_loss_is_the_hosts():
    # A row that is wrong by far: LightGBM cuts its loss off.
    y, score = np.array([0.0, 1.0, 1.0]), np.array([80.0, -3.0, 2.0])
    x, names = np.arange(3.0).reshape(-1, 1), ["binary_logloss", "cross_entropy"]
    log = [{}, {}]
    for run, kept, more in ((ours, log[0], {"constant": 0.0}), (native, log[1], {})):
        data = lgb.Dataset(x, y, init_score=score)
        run(
            {**PARAMS, "metric": names},
            data,
            1,
            [data],
            callbacks=[lgb.record_evaluation(kept)],
            **more,
        )
    assert_same(*log)
