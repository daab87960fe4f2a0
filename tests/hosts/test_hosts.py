"""What holds for both hosts: parity with the built-in objective, the start, saving, weights."""

import copy
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_breast_cancer

import gradpair as gp
from helpers.hosts import HOST, digits
from helpers.table import BUILT_IN, TRAINABLE, GenericCrossEntropy

LOSS = pytest.mark.parametrize("loss", TRAINABLE, ids=repr)
BUILT_IN_LOSS = pytest.mark.parametrize("loss", BUILT_IN, ids=repr)
DATA = digits()


def alpha_of(loss):
    return getattr(loss, "alpha", 1.0)


@HOST
@BUILT_IN_LOSS
@pytest.mark.parametrize("rate", [0.2, 0.01])
@pytest.mark.parametrize("weighted", [False, True])
def test_train_grows_the_trees_of_the_built_in_objective(host, loss, rate, weighted):
    data = digits(rate)
    w = data.weight if weighted else None
    assert data.y.mean() == pytest.approx(rate, rel=0.1)
    start = gp.optimal_constant(loss, data.y, sample_weight=w)
    native = host.train_native(data.x, data.y, w, alpha=alpha_of(loss), start=start)
    ours = host.train(host.data(data.x, data.y, w), loss=loss)
    assert host.structures(ours) == host.structures(native)
    expected = host.native_probability(native, data.x, start)
    assert_allclose(host.probability(ours, data.x), expected, rtol=0, atol=1e-6)


@HOST
@BUILT_IN_LOSS
@pytest.mark.parametrize("weighted", [False, True])
def test_the_estimator_grows_the_trees_of_the_built_in_objective(host, loss, weighted):
    w = DATA.weight if weighted else None
    start = {"base_score": 0.5} if host.name == "xgboost" else {"boost_from_average": False}
    native = host.classifier(host.objective, scale_pos_weight=alpha_of(loss), **start)
    ours = host.classifier(host.module.objective(loss))
    native.fit(DATA.x, DATA.y, sample_weight=w)
    ours.fit(DATA.x, DATA.y, sample_weight=w)
    margins = host.classifier_margin(ours, DATA.x), host.classifier_margin(native, DATA.x)
    assert_allclose(gp.sigmoid(margins[0]), gp.sigmoid(margins[1]), rtol=0, atol=1e-6)


@HOST
def test_the_model_of_no_rounds_to_speak_of_predicts_the_optimal_constant(host):
    loss = gp.WeightedCrossEntropy(7.3)
    start = gp.optimal_constant(loss, DATA.y, sample_weight=DATA.weight)
    rate = {"learning_rate": 1e-9}
    params = {**rate, "eta": 1e-9} if host.name == "xgboost" else rate
    booster = host.train(host.data(DATA.x, DATA.y, DATA.weight), 1, params=params, loss=loss)
    assert_allclose(host.margin(booster, DATA.x), start, atol=1e-6)
    assert_allclose(host.probability(booster, DATA.x), gp.sigmoid(start), atol=1e-7)


@HOST
@pytest.mark.parametrize("constant", [-30.0, -14.0, -13.0, -2.0, 4.9, 5.1, 12.0, 40.0])
def test_any_constant_is_where_training_starts_and_what_the_model_includes(host, constant):
    loss = gp.WeightedCrossEntropy(0.3)
    near = {"params": {"max_delta_step": 0.5}, "loss": loss}  # no step far from the constant
    ours = host.train(host.data(DATA.x, DATA.y), 8, constant=constant, **near)
    offset = np.full(DATA.y.size, constant)
    by_offset = host.train(host.data(DATA.x, DATA.y, offset=offset), 8, constant=0.0, **near)
    expected = host.margin(by_offset, DATA.x) + constant
    # XGBoost holds the intercept as a float32 probability, or the sum in float32 leaves.
    tolerance = 2e-5 if host.name == "xgboost" else 1e-12
    assert_allclose(host.margin(ours, DATA.x), expected, rtol=0, atol=tolerance)
    assert_allclose(host.probability(ours, DATA.x), gp.sigmoid(expected), rtol=0, atol=1e-6)


@HOST
@LOSS
def test_the_constant_is_fitted_on_top_of_the_users_offsets(host, loss):
    train = host.data(DATA.x, DATA.y, DATA.weight, DATA.offset)
    booster = host.train(train, 10, loss=loss)
    constant = gp.optimal_constant(
        loss, DATA.y, offset=DATA.offset.astype(np.float32), sample_weight=DATA.weight
    )
    start = DATA.offset + constant
    native = host.train(host.data(DATA.x, DATA.y, DATA.weight, start), 10, loss=loss, constant=0.0)
    assert_allclose(
        host.margin(booster, DATA.x) - constant, host.margin(native, DATA.x), rtol=0, atol=2e-5
    )


@HOST
@LOSS
def test_training_twice_on_one_data_object_gives_one_model_and_leaves_it_unchanged(host, loss):
    for offset in (None, DATA.offset):
        train = host.data(DATA.x, DATA.y, DATA.weight, offset)
        params = dict(host.params)
        first, second = (host.train(train, 10, params=params, loss=loss) for _ in range(2))
        assert params == host.params
        assert_array_equal(host.margin(first, DATA.x), host.margin(second, DATA.x))
        single = np.float32(DATA.y), np.float32(DATA.weight)
        assert_array_equal(train.get_label(), single[0])
        assert_array_equal(train.get_weight(), single[1])
        kept = train.get_base_margin() if host.name == "xgboost" else train.get_init_score()
        if offset is None:
            assert kept is None or kept.size == 0
        else:
            assert_allclose(kept, offset, rtol=1e-7)


SAVED = {"xgboost": ("json", "ubj"), "lightgbm": ("txt",)}
PREDICT = """
import sys
sys.modules["gradpair"] = None
import numpy as np
x = np.load(sys.argv[2])
if sys.argv[3] == "xgboost":
    import xgboost as xgb
    p = xgb.Booster(model_file=sys.argv[1]).predict(xgb.DMatrix(x))
else:
    import lightgbm as lgb
    p = lgb.Booster(model_file=sys.argv[1]).predict(x)
np.save(sys.argv[2], p)
"""


@HOST
@pytest.mark.parametrize("constant", [None, 9.0])
def test_a_saved_model_predicts_the_same_where_gradpair_is_not_installed(host, constant, tmp_path):
    loss = gp.WeightedCrossEntropy(7.3)
    booster = host.train(host.data(DATA.x, DATA.y), 10, loss=loss, constant=constant)
    expected = host.probability(booster, DATA.x)
    for suffix in SAVED[host.name]:
        model, array = tmp_path / f"model.{suffix}", tmp_path / f"{suffix}.npy"
        booster.save_model(model)
        np.save(array, DATA.x)
        command = [sys.executable, "-c", PREDICT, model, array, host.name]
        subprocess.run(command, check=True, timeout=120)
        assert_array_equal(np.load(array), expected)


@HOST
def test_models_survive_pickle_and_copy(host):
    booster = host.train(host.data(DATA.x, DATA.y), 10, loss=gp.BinaryCrossEntropy())
    expected = host.probability(booster, DATA.x)
    for twin in (pickle.loads(pickle.dumps(booster)), copy.deepcopy(booster)):
        assert_array_equal(host.probability(twin, DATA.x), expected)


@HOST
@LOSS
def test_the_metric_in_the_log_is_the_weighted_mean_loss_of_the_predictions(host, loss):
    train, test = DATA.train, DATA.test
    for offset in (False, True):
        log = {}
        data = host.data(train.x, train.y, train.weight, train.offset if offset else None)
        kwargs = {"reference": data} if host.name == "lightgbm" else {}
        valid = host.data(test.x, test.y, test.weight, test.offset if offset else None, **kwargs)
        booster = host.train(data, 12, valid=valid, loss=loss, evals_result=log)
        margin = host.margin(booster, test.x) + (test.offset if offset else 0)
        expected = np.average(loss.loss(test.y, margin), weights=test.weight)
        assert list(log["valid"]) == [loss.name]
        # XGBoost keeps six decimals of a custom metric.
        assert log["valid"][loss.name][-1] == pytest.approx(expected, rel=1e-6, abs=6e-7)


@HOST
def test_early_stopping_watches_the_loss_and_stops_where_the_built_in_metric_does(host):
    train, test = DATA.train, DATA.test
    loss = gp.BinaryCrossEntropy()
    data = host.data(train.x, train.y)
    kwargs = {"reference": data} if host.name == "lightgbm" else {}
    valid = host.data(test.x, test.y, **kwargs)
    ours = host.train(data, 400, valid=valid, loss=loss, early_stopping_rounds=5)
    start = gp.optimal_constant(loss, train.y)
    native = host.train_native(
        train.x, train.y, start=start, rounds=400, valid=(test.x, test.y), early_stopping_rounds=5
    )
    assert 1 < ours.best_iteration < 390
    assert ours.best_iteration == native.best_iteration


@HOST
@LOSS
def test_a_weight_of_k_equals_k_rows_through_a_booster(host, loss):
    x, y = load_breast_cancer(return_X_y=True)
    x = np.ascontiguousarray(x[:, [0, 1, 4, 8]])  # uncorrelated, and offsets: no two splits tie
    rng = np.random.default_rng(4)
    k, offset = rng.integers(1, 4, y.size), rng.normal(0, 1, y.size)
    # LightGBM estimates how many rows a leaf has from its hessians, XGBoost's histograms weigh
    # the rows: let neither decide a split.
    params = {
        "xgboost": {"tree_method": "exact"},
        "lightgbm": {
            "min_data_in_leaf": 1,
            "min_data_in_bin": 1,
            "max_bin": 1000,
            "min_sum_hessian_in_leaf": 2.0,
        },
    }[host.name]
    # It rounds that estimate bin by bin, and uneven hessians then decide some split after all.
    rounds = 10 if loss.convex else 3
    weighted = host.train(host.data(x, y, k, offset), rounds, params=params, loss=loss)
    repeated = host.data(np.repeat(x, k, axis=0), np.repeat(y, k), None, np.repeat(offset, k))
    rows = host.train(repeated, rounds, params=params, loss=loss)
    assert_allclose(host.probability(weighted, x), host.probability(rows, x), rtol=0, atol=1e-6)


@HOST
def test_soft_labels_train_to_the_probabilities_they_state(host):
    x = np.repeat([[0.0], [1.0]], 400, axis=0)
    y = np.repeat([0.3, 0.8], 400)
    booster = host.train(host.data(x, y), 40, loss=gp.BinaryCrossEntropy())
    assert_allclose(host.probability(booster, [[0.0], [1.0]]), [0.3, 0.8], atol=1e-4)


@HOST
def test_feature_names_categories_and_missing_values_come_through(host):
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(9)
    y = rng.random(2000) < 0.3
    a, missing = (np.where(rng.random(y.size) < 0.2, ~y, y) for _ in range(2))
    frame = pandas.DataFrame(
        {
            "number": np.where(missing, np.nan, rng.normal(size=y.size)),
            "kind": pandas.Categorical(np.where(a, "a", "b")),
        }
    )
    data = host.data(frame, y, **host.categorical)
    booster = host.train(data, 50, loss=gp.BinaryCrossEntropy())
    names = booster.feature_names if host.name == "xgboost" else booster.feature_name()
    assert names == ["number", "kind"]
    rows = host.data(frame, **host.categorical) if host.name == "xgboost" else frame
    p = booster.predict(rows)
    # Each says something of the label that the other does not.
    for group in (a & missing, a & ~missing, ~a & missing, ~a & ~missing):
        assert p[group].mean() == pytest.approx(y[group].mean(), abs=0.02)


@HOST
@pytest.mark.parametrize("loss", TRAINABLE[:1] + TRAINABLE[-1:], ids=repr)
def test_eight_threads_sharing_one_objective_give_the_models_of_eight_single_runs(host, loss):
    objective = host.module.objective(loss)
    params = {**host.params, "nthread" if host.name == "xgboost" else "num_threads": 1}

    def margins(seed):
        rows = np.random.default_rng(seed).permutation(DATA.y.size)[:900]
        x, y = DATA.x[rows], DATA.y[rows]
        if host.name == "xgboost":
            import xgboost as xgb  # noqa: PLC0415

            native = {**params, "objective": "binary:logistic", "base_score": 0.5}
            booster = xgb.train(native, host.data(x, y), 20, obj=objective)
        else:
            import lightgbm as lgb  # noqa: PLC0415

            booster = lgb.train({**params, "objective": objective}, host.data(x, y), 20)
        return host.margin(booster, DATA.x)

    single = [margins(seed) for seed in range(8)]
    with ThreadPoolExecutor(8) as pool:
        shared = list(pool.map(margins, range(8)))
    assert len({m.tobytes() for m in single}) == 8
    assert_array_equal(shared, single)


@HOST
@LOSS
def test_two_results_held_at_once_stay_right(host, loss):
    objective = host.module.objective(loss)
    y, z = DATA.y[:200], np.linspace(-3, 3, 200)
    first = objective(y, z)
    kept = [values.copy() for values in first]
    objective(y, -z)
    assert_array_equal(first, kept)


@HOST
@LOSS
def test_the_objective_returns_fresh_contiguous_float32_of_both_precisions(host, loss):
    for dtype, rtol in ((np.float32, 1e-5), (np.float64, 2e-7)):
        z = DATA.offset.astype(dtype)
        z.flags.writeable = False
        objective = host.module.objective(loss, start=0.5, hessian="exact")
        results = objective(DATA.y, z, DATA.weight)
        gradient, hessian = loss.gradient_hessian(DATA.y, DATA.offset + 0.5)
        expected = DATA.weight * gradient, DATA.weight * np.maximum(hessian, 1e-16)
        for values, reference in zip(results, expected, strict=True):
            assert values.dtype == np.float32
            assert values.flags.c_contiguous
            assert values.flags.owndata
            assert_allclose(values, reference, rtol=rtol, atol=1e-7)


@HOST
def test_the_hessian_floor_is_applied_before_the_weights(host):
    objective = host.module.objective(gp.BinaryCrossEntropy(), hessian_floor=0.01)
    hessian = objective([1, 0, 1], np.array([20.0, 0.0, 20.0]), [3.0, 2.0, 0.0])[1]
    assert_allclose(hessian, [0.03, 0.5, 0.0])
    default = host.module.objective(gp.BinaryCrossEntropy())
    assert_allclose(default([1], np.array([200.0]), [3.0])[1], 3e-16)


@HOST
def test_objectives_and_metrics_are_equal_hashable_and_survive_copies(host):
    loss = gp.WeightedCrossEntropy(7.3)
    for item in (host.module.objective(loss, start=0.25), host.module.metric(loss, name="ours")):
        for twin in (copy.deepcopy(item), pickle.loads(pickle.dumps(item))):
            assert twin == item
            assert hash(twin) == hash(item)
        assert "WeightedCrossEntropy(alpha=7.3)" in repr(item)


@HOST
def test_the_metric_takes_margins_or_probabilities(host):
    loss, z = gp.WeightedCrossEntropy(7.3), DATA.offset
    expected = np.average(loss.loss(DATA.y, z + 0.5), weights=DATA.weight)

    def value(result):
        return result[1] if isinstance(result, tuple) else result

    raw = host.module.metric(loss, start=0.5)
    assert value(raw(DATA.y, z, DATA.weight)) == pytest.approx(expected, rel=1e-14)
    of_probabilities = host.module.metric(loss, start=0.5, input="probability")
    result = value(of_probabilities(DATA.y, gp.sigmoid(z), DATA.weight))
    assert result == pytest.approx(expected, rel=1e-12)
    rounded = np.float32([1.0, 0.0])  # what float32 makes of certain predictions
    assert 10 < value(of_probabilities([0, 1], rounded, None)) < 1000


@HOST
def test_a_users_own_metric_replaces_ours_and_sees_margins_that_include_the_start(host):
    seen = []

    def spy(preds, _):
        seen.append(preds.copy())
        return ("spy", 0.0) if host.name == "xgboost" else ("spy", 0.0, False)

    log = {}
    for constant in (3.0, 11.0):
        seen.clear()
        data = host.data(DATA.x, DATA.y)
        mine = {"custom_metric" if host.name == "xgboost" else "feval": spy}
        booster = host.train(
            data, 3, valid=data, loss=gp.BinaryCrossEntropy(), constant=constant,
            evals_result=log, **mine,
        )  # fmt: skip
        assert [list(names) for names in log.values()] == [["spy"]]
        assert_allclose(seen[-1], host.margin(booster, DATA.x), rtol=0, atol=5e-5)


@HOST
@LOSS
def test_training_continues_from_a_model_of_ours_with_its_start(host, loss):
    name = "xgb_model" if host.name == "xgboost" else "init_model"
    for constant, tolerance in ((None, 1e-7), (9.0, 1e-6)):
        whole = host.train(host.data(DATA.x, DATA.y), 25, loss=loss, constant=constant)
        half = host.train(host.data(DATA.x, DATA.y), 10, loss=loss, constant=constant)
        data = host.data(DATA.x, DATA.y)
        rest = host.train(data, 15, loss=loss, **{name: half})
        expected = host.probability(whole, DATA.x)
        assert_allclose(host.probability(rest, DATA.x), expected, rtol=0, atol=tolerance)


@HOST
def test_a_users_own_loss_trains(host):
    own = host.train(host.data(DATA.x, DATA.y), 10, loss=GenericCrossEntropy(7.3))
    ours = host.train(host.data(DATA.x, DATA.y), 10, loss=gp.WeightedCrossEntropy(7.3))
    assert_allclose(host.probability(own, DATA.x), host.probability(ours, DATA.x), atol=1e-6)
