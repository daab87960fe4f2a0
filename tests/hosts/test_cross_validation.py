"""Cross-validation: every fold starts from its own training rows."""

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import StratifiedKFold

import gradpair as gp
from helpers.hosts import HOST, HOSTS, LIGHTGBM, XGBOOST, digits
from helpers.table import TRAINABLE

DATA = digits()
# Folds of very different rates, so that a start from other rows would show.
ORDER = np.argsort(DATA.y + np.random.default_rng(0).normal(0, 0.7, DATA.y.size))
PARTS = np.array_split(ORDER, 3)
FOLDS = [
    (np.sort(np.concatenate([p for j, p in enumerate(PARTS) if j != i])), np.sort(PARTS[i]))
    for i in range(3)
]
LOSS = pytest.mark.parametrize("loss", TRAINABLE, ids=repr)


def cross_validate(host, data, loss, rounds=15, params=None, **kwargs):
    """The means of the loss over the folds, by round."""
    params = {**host.params, **(params or {})}
    if host.name == "xgboost":
        kwargs |= {"as_pandas": False}
    result = host.module.cv(params, data, rounds, folds=FOLDS, loss=loss, **kwargs)
    prefix = "test-" if host.name == "xgboost" else "valid "
    return np.array(result[f"{prefix}{loss.name}-mean"])


def by_hand(host, loss, weight=None, offset=None, rounds=15, **kwargs):
    """The same by a loop over the folds with train."""
    logs = []
    for train, test in FOLDS:
        rows = [
            [None if column is None else column[part] for column in (DATA.y, weight, offset)]
            for part in (train, test)
        ]
        data = host.data(DATA.x[train], *rows[0])
        more = {"reference": data} if host.name == "lightgbm" else {}
        log = {}
        valid = host.data(DATA.x[test], *rows[1], **more)
        host.train(data, rounds, valid=valid, loss=loss, evals_result=log, **kwargs)
        logs.append(log["valid"][loss.name])
    return np.mean(logs, axis=0)


@HOST
@LOSS
@pytest.mark.parametrize("offset", [False, True])
def test_cv_equals_a_loop_written_by_hand(host, loss, offset):
    offset = DATA.offset if offset else None
    data = host.data(DATA.x, DATA.y, DATA.weight, offset)
    result = cross_validate(host, data, loss)
    expected = by_hand(host, loss, DATA.weight, offset)
    assert_allclose(result, expected, rtol=1e-4)


@HOST
@pytest.mark.parametrize("policy", [{"hessian": "exact"}, {"hessian_floor": 0.05}], ids=str)
def test_the_hessian_policy_reaches_every_fold(host, policy):
    loss = gp.FocalLoss(2.0, 7.3)
    result = cross_validate(host, host.data(DATA.x, DATA.y), loss, **policy)
    assert_allclose(result, by_hand(host, loss, **policy), rtol=1e-4)
    default = cross_validate(host, host.data(DATA.x, DATA.y), loss)
    assert np.abs(result / default - 1).max() > 1e-2


@HOST
def test_each_fold_starts_at_the_optimum_of_its_own_training_rows(host):
    loss = gp.BinaryCrossEntropy()
    frozen = {"eta": 1e-9} if host.name == "xgboost" else {"learning_rate": 1e-12}
    result = cross_validate(host, host.data(DATA.x, DATA.y), loss, rounds=1, params=frozen)
    expected = [
        loss.loss(DATA.y[test], gp.optimal_constant(loss, DATA.y[train])).mean()
        for train, test in FOLDS
    ]
    assert result[0] == pytest.approx(np.mean(expected), abs=1e-6)
    of_all = [
        loss.loss(DATA.y[test], gp.optimal_constant(loss, DATA.y)).mean() for _, test in FOLDS
    ]
    assert abs(np.mean(expected) - np.mean(of_all)) > 1e-3


@HOST
def test_cv_leaves_the_data_as_it_was(host):
    data = host.data(DATA.x, DATA.y, DATA.weight, DATA.offset)
    results = [cross_validate(host, data, gp.WeightedCrossEntropy(7.3)) for _ in range(2)]
    assert_array_equal(*results)
    kept = data.get_base_margin() if host.name == "xgboost" else data.get_field("init_score")
    assert_allclose(kept, DATA.offset, rtol=1e-7)
    assert_allclose(data.get_label(), DATA.y)


@HOST
def test_early_stopping_stops_where_the_built_in_metric_does(host):
    loss = gp.BinaryCrossEntropy()
    folds = list(StratifiedKFold(3, shuffle=True, random_state=0).split(DATA.x, DATA.y))
    start = gp.optimal_constant(loss, DATA.y)
    if host.name == "xgboost":
        data = xgb.DMatrix(DATA.x, label=DATA.y)
        stop = {"early_stopping_rounds": 5, "as_pandas": False, "folds": folds}
        native = {**host.params, "objective": "binary:logistic", "base_score": gp.sigmoid(start)}
        expected = xgb.cv(native, data, 300, **stop)["test-logloss-mean"]
        ours = gp.xgboost.cv(host.params, data, 300, loss=loss, constant=start, **stop)
        ours = ours[f"test-{loss.name}-mean"]
    else:
        params = {**host.params, "early_stopping_round": 5}
        scores = np.full(DATA.y.size, start)
        data = lgb.Dataset(DATA.x, DATA.y, init_score=scores)
        native = {**params, "objective": "binary"}
        expected = lgb.cv(native, data, 300, folds=folds)["valid binary_logloss-mean"]
        plain = lgb.Dataset(DATA.x, DATA.y)
        ours = gp.lightgbm.cv(params, plain, 300, folds=folds, loss=loss, constant=start)
        ours = ours[f"valid {loss.name}-mean"]
    assert 5 < len(ours) < 250
    if host.name == "xgboost":
        assert len(ours) == len(expected)
        assert_allclose(ours, expected, rtol=1e-4)
    else:  # its log loss of a Dataset with an init_score lacks nothing
        assert len(ours) == len(expected)
        assert_allclose(ours, expected, rtol=1e-6)


def test_the_boosters_of_lightgbm_predict_probabilities_that_include_their_start():
    loss = gp.WeightedCrossEntropy(7.3)
    frozen = {**LIGHTGBM.params, "learning_rate": 1e-12}
    result = gp.lightgbm.cv(
        frozen, lgb.Dataset(DATA.x, DATA.y), 2, folds=FOLDS, loss=loss, return_cvbooster=True
    )
    for booster, (train, _) in zip(result["cvbooster"].boosters, FOLDS, strict=True):
        start = gp.optimal_constant(loss, DATA.y[train])
        assert_allclose(booster.predict(DATA.x), gp.sigmoid(start), rtol=1e-9)


def test_a_constant_holds_for_every_fold():
    loss = gp.BinaryCrossEntropy()
    expected = np.mean([loss.loss(DATA.y[test], -1.0).mean() for _, test in FOLDS])
    for host in HOSTS:
        frozen = {"eta": 1e-9} if host.name == "xgboost" else {"learning_rate": 1e-12}
        data = host.data(DATA.x, DATA.y)
        result = cross_validate(host, data, loss, rounds=1, params=frozen, constant=-1.0)
        assert result[0] == pytest.approx(expected, abs=1e-6)


@HOST
def test_a_users_own_preparation_of_the_folds_runs_first(host):
    seen = []

    def spy(train, test, params):
        seen.append(train.num_row() if host.name == "xgboost" else len(train.used_indices))
        return train, test, params

    cross_validate(host, host.data(DATA.x, DATA.y), gp.BinaryCrossEntropy(), rounds=1, fpreproc=spy)
    assert seen == [train.size for train, _ in FOLDS]


@HOST
def test_what_the_preparation_puts_into_the_parameters_is_checked_too(host):
    loss = gp.BinaryCrossEntropy()

    def add(**more):
        return lambda train, test, params: (train, test, {**params, **more})

    hook = add(scale_pos_weight=9.0)
    with pytest.raises(ValueError, match="scale_pos_weight has no effect"):
        cross_validate(host, host.data(DATA.x, DATA.y), loss, rounds=1, fpreproc=hook)
    start = {"base_score": 0.5} if host.name == "xgboost" else {"boost_from_average": False}
    by_hook = cross_validate(host, host.data(DATA.x, DATA.y), loss, rounds=2, fpreproc=add(**start))
    at_zero = cross_validate(host, host.data(DATA.x, DATA.y), loss, rounds=2, constant=0.0)
    assert_array_equal(by_hook, at_zero)


def test_built_in_metrics_can_be_asked_for():
    loss = gp.BinaryCrossEntropy()
    data = xgb.DMatrix(DATA.x, label=DATA.y)
    both = {"metrics": ["logloss"], "custom_metric": gp.xgboost.metric(loss, name="ours")}
    result = gp.xgboost.cv(XGBOOST.params, data, 5, loss=loss, as_pandas=False, **both)
    assert_allclose(result["test-logloss-mean"], result["test-ours-mean"], rtol=1e-4)
    result = gp.lightgbm.cv(
        LIGHTGBM.params, lgb.Dataset(DATA.x, DATA.y), 5, metrics="auc", loss=loss, nfold=3
    )
    assert "valid auc-mean" in result


@HOST
def test_cv_refuses_what_train_refuses(host):
    data = host.data(DATA.x, DATA.y)
    for params in ({"scale_pos_weight": 9.0}, {"objective": "multiclass"}):
        with pytest.raises(ValueError, match=next(iter(params))):
            host.module.cv(params, data, 2, loss=gp.BinaryCrossEntropy())
    with pytest.raises(TypeError, match="must be a"):
        host.module.cv({}, DATA.x, 2, loss=gp.BinaryCrossEntropy())
    one_class = host.data(DATA.x, np.zeros(DATA.y.size))
    with pytest.raises(ValueError, match="no row of class 1"):
        host.module.cv(host.params, one_class, 2, loss=gp.BinaryCrossEntropy(), stratified=False)


def test_cv_of_lightgbm_refuses_a_metric_that_would_be_wrong():
    with pytest.raises(ValueError, match="metric='mape' would be computed from raw scores"):
        gp.lightgbm.cv(
            {}, lgb.Dataset(DATA.x, DATA.y), 2, metrics="mape", loss=gp.BinaryCrossEntropy()
        )


def test_cv_of_lightgbm_continues_a_model():
    loss = gp.BinaryCrossEntropy()
    base = LIGHTGBM.train(lgb.Dataset(DATA.x, DATA.y), 5, loss=loss)
    data = lgb.Dataset(DATA.x, DATA.y, free_raw_data=False)
    frozen = {**LIGHTGBM.params, "learning_rate": 1e-12}
    result = gp.lightgbm.cv(frozen, data, 1, folds=FOLDS, loss=loss, init_model=base)
    raw = base.predict(DATA.x, raw_score=True)
    expected = np.mean([loss.loss(DATA.y[test], raw[test]).mean() for _, test in FOLDS])
    assert result[f"valid {loss.name}-mean"][0] == pytest.approx(expected, rel=1e-9)
    assert_array_equal(data.get_init_score(), np.zeros(DATA.y.size))
