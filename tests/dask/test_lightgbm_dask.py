"""LightGBM on a cluster of two workers against one machine."""

import itertools
import os
import signal
import time
import warnings

import lightgbm as lgb
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_matrix

import gradpair as gp
from gradpair.lightgbm._model import objective_of, structures
from helpers.hosts import digits
from helpers.process import command

da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
pd = pytest.importorskip("pandas")
distributed = pytest.importorskip("distributed")

from dask import delayed  # noqa: E402 - after the skips

from gradpair.lightgbm import _dask_data  # noqa: E402
from gradpair.lightgbm import dask as gd  # noqa: E402 - after the skips

pytestmark = pytest.mark.cluster

COPIES = 3  # of all rows on each worker, so that every value of a feature occurs on both
DIGITS = digits()
N = COPIES * DIGITS.y.size
X = np.tile(DIGITS.x, (2 * COPIES, 1))
Y = np.tile(DIGITS.y, 2 * COPIES)
OFFSET = np.random.default_rng(1).normal(0, 1.5, 2 * N)
WEIGHT = np.tile(DIGITS.weight, 2 * COPIES)
WEIGHT[N:] *= 10
WEIGHT = np.float32(WEIGHT).astype(float)  # as LightGBM stores it
PARAMS = {"num_leaves": 5, "verbosity": -1, "learning_rate": 0.3}
WEIGHTED, FOCAL = gp.WeightedCrossEntropy(7.3), gp.FocalLoss(1.7, 0.3)
LOSS = pytest.mark.parametrize("loss", [WEIGHTED, FOCAL], ids=["weighted", "focal"])


def cut(values, sizes=(N, N), client=None):
    """Cut an array into parts of these sizes, which the two workers get in turn."""
    if values is None:
        return None
    client = client or distributed.default_client()
    workers = itertools.cycle(sorted(client.scheduler_info()["workers"]))
    blocks, end = [], 0
    for size in sizes:
        block = values[end : (end := end + size)]
        future = client.scatter(block, workers=[next(workers)], hash=False)
        blocks.append(da.from_delayed(delayed(future), block.shape, block.dtype))
    return da.concatenate(blocks)


def train(client, params=None, rounds=2, *, x=X, y=Y, sizes=(N, N), loss=WEIGHTED, **kwargs):
    names = ("sample_weight", "init_score")
    columns = {name: cut(kwargs.pop(name, None), sizes, client) for name in names}
    return gd.train(
        client,
        {**PARAMS, **(params or {})},
        cut(x, sizes, client),
        cut(y, sizes, client),
        rounds,
        loss=loss,
        **columns,
        **kwargs,
    )


def one_machine(params=None, rounds=2, *, y=Y, loss=WEIGHTED, weight=None, offset=None, **kwargs):
    data = lgb.Dataset(X, y, weight=weight, init_score=offset)
    return gp.lightgbm.train({**PARAMS, **(params or {})}, data, rounds, loss=loss, **kwargs)


def assert_same(booster, expected, x=X):
    assert_allclose(booster.predict(x), expected.predict(x), rtol=0, atol=1e-6)


def start_of(client, loss, params=None, **kwargs):
    """The constant that a training starts at: that of a tree which cannot split."""
    params = {"min_data_in_leaf": 10 * N, **(params or {})}
    booster = train(client, params, 1, loss=loss, **kwargs)
    return booster.predict(X[:1], raw_score=True)[0]


def classifier(client, loss, start, x, y, rounds=2, **fit):
    """Fit the classifier of LightGBM with our objective."""
    model = lgb.DaskLGBMClassifier(
        client=client,
        objective=gp.lightgbm.objective(loss, start=start),
        metric="None",
        n_estimators=rounds,
        **PARAMS,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Parameter n_jobs will be ignored")
        return model.fit(x, y, **fit)


@LOSS
@pytest.mark.parametrize("offset", [None, OFFSET], ids=["plain", "init_score"])
def test_a_model_of_few_trees_equals_the_one_of_one_machine(client, loss, offset):
    booster = train(client, loss=loss, sample_weight=WEIGHT, init_score=offset)
    assert_same(booster, one_machine(loss=loss, weight=WEIGHT, offset=offset))


@LOSS
@pytest.mark.parametrize("offset", [None, OFFSET], ids=["plain", "init_score"])
def test_it_starts_at_the_constant_of_all_rows(client, loss, offset):
    expected = gp.optimal_constant(loss, Y, offset=offset, sample_weight=WEIGHT)
    start = start_of(client, loss, sample_weight=WEIGHT, init_score=offset)
    assert start == pytest.approx(expected, rel=0, abs=1e-12)


def test_it_starts_where_it_is_told(client):
    assert start_of(client, WEIGHTED, constant=-0.37) == pytest.approx(-0.37, rel=0, abs=1e-15)
    assert start_of(client, WEIGHTED, params={"boost_from_average": False}) == 0.0


def test_its_trees_are_those_of_the_built_in_objective_on_the_same_cluster(client):
    start = gp.optimal_constant(WEIGHTED, Y, sample_weight=WEIGHT)
    ours = train(client, {"feature_fraction": 0.4}, sample_weight=WEIGHT)
    builtin = lgb.DaskLGBMClassifier(
        client=client,
        n_estimators=2,
        num_leaves=5,
        learning_rate=0.3,
        colsample_bytree=0.4,
        scale_pos_weight=7.3,
        boost_from_average=False,
        verbosity=-1,
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Parameter n_jobs will be ignored")
        builtin.fit(
            cut(X), cut(Y), sample_weight=cut(WEIGHT), init_score=cut(np.full(2 * N, start))
        )
    assert structures(ours) == structures(builtin.booster_)
    raw = builtin.booster_.predict(X, raw_score=True) + start
    assert_allclose(ours.predict(X), gp.sigmoid(raw), rtol=0, atol=1e-6)


@LOSS
def test_a_worker_may_hold_one_class(client, loss):
    x, positive = X[:N], np.where(Y[:N] == 1, 0.9, 0.1)
    x, y, weight = np.tile(x, (2, 1)), np.repeat([0.0, 1.0], N), np.append(1 - positive, positive)
    booster = train(client, x=x, y=y, loss=loss, sample_weight=weight)
    data = lgb.Dataset(x, y, weight=weight)
    assert_same(booster, gp.lightgbm.train(PARAMS, data, 2, loss=loss))


def test_a_worker_may_hold_no_rows(client):
    x, y, weight, offset = (
        da.from_array(values, chunks=((2 * N, 0), *values.shape[1:]))
        for values in (X, Y, WEIGHT, OFFSET)
    )
    booster = gd.train(
        client, PARAMS, x, y, 2, loss=WEIGHTED, sample_weight=weight, init_score=offset
    )
    assert_same(booster, one_machine(weight=WEIGHT, offset=OFFSET))
    given = _dask_data.given(x, y, None, None)
    with _dask_data.kept() as futures:
        held = _dask_data.held(client, WEIGHTED, given, futures)
    # LightGBM would refuse a worker with an empty Array, and the other one would wait for it.
    assert [values.npartitions for values in held.collections.values()] == [1, 1]


def test_the_classifier_of_lightgbm_takes_ones_alone_for_zeros(client):
    """Which is why train does not use it, and why a page tells to shuffle rows."""
    y = np.repeat([0.0, 1.0], N)
    model = classifier(client, WEIGHTED, 0.4, cut(X), cut(y))
    assert model.booster_.predict(X).max() < 0
    booster = train(client, y=y, constant=0.4)
    assert booster.predict(X).max() > gp.sigmoid(0.4)


def test_sparse_rows_are_trained_on(client):
    booster = gd.train(client, PARAMS, cut(X).map_blocks(csr_matrix), cut(Y), 2, loss=WEIGHTED)
    assert_same(booster, one_machine())


def test_soft_labels_are_trained_on(client):
    soft = np.clip(Y, 0.03, 0.93)
    assert_same(train(client, y=soft), one_machine(y=soft))


def test_dataframes_of_unknown_length_are_trained_on(client):
    names = [f"pixel {i}" for i in range(X.shape[1])]
    frame = pd.DataFrame(X, columns=names).assign(y=Y, w=WEIGHT, day=np.arange(Y.size) // (N // 2))
    rows = dd.from_pandas(frame, npartitions=8)
    rows = rows[(rows.day < 1) | (rows.day > 1)]  # leaves a part without rows
    booster = gd.train(client, PARAMS, rows[names], rows.y, 2, loss=FOCAL, sample_weight=rows.w)
    left = frame[frame.day != 1]
    data = lgb.Dataset(left[names], left.y, weight=left.w)
    assert_same(booster, gp.lightgbm.train(PARAMS, data, 2, loss=FOCAL), left[names])
    assert booster.feature_name() == [name.replace(" ", "_") for name in names]
    as_arrays = gd.train(client, PARAMS, rows[names], rows.y.values, 2, loss=FOCAL)
    unweighted = lgb.Dataset(left[names], left.y)
    assert_same(as_arrays, gp.lightgbm.train(PARAMS, unweighted, 2, loss=FOCAL), left[names])
    history = gd.evaluate(client, booster, rows[names].values, rows.y, loss=FOCAL)
    raw = booster.predict(left[names], raw_score=True)
    assert history[-1] == pytest.approx(FOCAL.loss(left.y.to_numpy(), raw).mean(), rel=1e-12)


def test_linear_trees_of_lightgbm_know_the_rows_of_one_worker(client):
    """Which is why train refuses them."""
    y = np.where((np.random.default_rng(2).random(2 * N) < 0.2), 1 - Y, Y)
    params = {**PARAMS, "linear_tree": True, "boost_from_average": False}
    model = lgb.DaskLGBMRegressor(client=client, n_estimators=2, **params)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Parameter n_jobs will be ignored")
        found = model.fit(cut(X), cut(y)).booster_.predict(X)
    alone = [
        lgb.train({**params, "objective": "regression"}, lgb.Dataset(X[rows], y[rows]), 2).predict(
            X
        )
        for rows in (slice(N), slice(N, None))
    ]
    assert min(np.abs(found - prediction).max() for prediction in alone) < 1e-6
    assert np.abs(alone[0] - alone[1]).max() > 0.01


def test_our_objective_in_the_classifier_of_lightgbm_gives_the_same_model(client):
    start = gp.optimal_constant(FOCAL, Y, sample_weight=WEIGHT)
    model = classifier(client, FOCAL, start, cut(X), cut(Y), sample_weight=cut(WEIGHT))
    native = gp.lightgbm.to_native(model.booster_, FOCAL, constant=start)
    expected = train(client, loss=FOCAL, sample_weight=WEIGHT)
    assert_allclose(native.predict(X), expected.predict(X), rtol=0, atol=1e-6)
    assert "[machines: ]" in native.model_to_string()


@pytest.mark.parametrize(
    "params",
    [
        {"boosting": "dart", "drop_rate": 0.7},
        {"l1_regularization": 20.0, "shrinkage_rate": 0.7, "max_leaf": 4},
        {"n_estimators": 3},
        {"data_sample_strategy": "goss"},
        {"num_threads": 0, "metric": "None", "early_stopping_round": 0, "linear_tree": False},
    ],
    ids=lambda params: next(iter(params)),
)
def test_parameters_mean_what_they_mean_on_one_machine(client, params):
    booster = train(client, params, 2)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Found .* in params")
        expected = one_machine(params, 2)
    assert structures(booster) == structures(expected)
    assert_same(booster, expected)


def test_a_voting_learner_and_a_time_out_are_passed_on(client):
    params = {"tree_learner": "voting", "top_k": 64, "time_out": 3}
    assert_same(train(client, params), one_machine())


def test_rates_may_change_from_round_to_round(client):
    rates = [0.7, 0.05]
    booster = train(client, callbacks=[lgb.reset_parameter(learning_rate=rates)])
    expected = one_machine(callbacks=[lgb.reset_parameter(learning_rate=rates)])
    assert_same(booster, expected)


def test_names_and_categories_of_features_are_those_given(client):
    names = [f"f{i}" for i in range(X.shape[1])]
    data = lgb.Dataset(X, Y, feature_name=names, categorical_feature=["f20", "f43"])
    booster = train(client, feature_name=names, categorical_feature=["f20", "f43"])
    assert_same(booster, gp.lightgbm.train(PARAMS, data, 2, loss=WEIGHTED))
    assert booster.feature_name() == names


def test_features_that_cannot_be_split_leave_the_constant(client):
    booster = train(client, x=np.zeros((2 * N, 3)), rounds=3)
    expected = gp.sigmoid(gp.optimal_constant(WEIGHTED, Y))
    assert_allclose(booster.predict(np.zeros((2, 3))), expected, rtol=1e-12)


def test_after_many_rounds_the_loss_is_that_of_one_machine(client):
    def loss_of(booster):
        raw = booster.predict(X, raw_score=True)
        return np.average(WEIGHTED.loss(Y, raw), weights=WEIGHT)

    booster = train(client, rounds=40, sample_weight=WEIGHT)
    assert loss_of(booster) == pytest.approx(
        loss_of(one_machine(rounds=40, weight=WEIGHT)), rel=0.2
    )


def test_the_booster_is_a_plain_one(client, tmp_path):
    booster = train(client, rounds=4)
    text = booster.model_to_string()
    assert objective_of(text) == "binary sigmoid:1"
    for line in ("[machines: ]", "[num_machines: 1]", "[tree_learner: serial]"):
        assert f"\n{line}\n" in text
    assert not {"machines", "num_machines", "local_listen_port"} & set(booster.params)
    booster.save_model(tmp_path / "model.txt")
    np.save(tmp_path / "x.npy", X[:5])
    code = (
        "import sys, numpy as np, lightgbm as lgb; sys.modules['gradpair'] = None\n"
        "print(*lgb.Booster(model_file=sys.argv[1]).predict(np.load(sys.argv[2])))"
    )
    told = command("-c", code, str(tmp_path / "model.txt"), str(tmp_path / "x.npy"))
    assert_allclose([float(p) for p in told.split()], booster.predict(X[:5]), rtol=1e-12)
    loaded = lgb.Booster(model_file=tmp_path / "model.txt")
    assert_same(loaded.refit(X, Y), booster.refit(X, Y))
    more = gp.lightgbm.train(PARAMS, lgb.Dataset(X, Y), 3, loss=WEIGHTED, init_model=booster)
    assert more.num_trees() == 7


def keys_of(client):
    return client.run_on_scheduler(lambda dask_scheduler: set(map(str, dask_scheduler.tasks)))


def test_nothing_is_changed_and_nothing_stays_behind(client):
    params, callbacks = dict(PARAMS), [lgb.reset_parameter(learning_rate=[0.3, 0.2])]
    x, y, held = cut(X), cut(Y), client.persist(cut(X))
    bad = cut(np.where(np.arange(2 * N) < N, Y, 3))
    distributed.wait(held)
    names, before = (x.name, y.name), keys_of(client)
    booster = gd.train(client, params, held, y, 2, loss=WEIGHTED, callbacks=callbacks)
    gd.evaluate(client, booster, x, y, loss=WEIGHTED)
    for fails in (
        lambda: gd.train(client, params, x, bad, loss=WEIGHTED),
        lambda: gd.evaluate(client, booster, x, bad, loss=WEIGHTED),
    ):
        with pytest.raises(ValueError, match=r"y_true must lie in \[0, 1\]"):
            fails()
    assert (params, len(callbacks), (x.name, y.name)) == (PARAMS, 1, names)
    while keys_of(client) - before:  # they go when their time has come
        time.sleep(0.05)
    assert_array_equal(held.blocks[0].compute(), X[:N])


REFUSED = {
    "scale_pos_weight": (3.0, "no effect beside a custom objective"),
    "is_unbalance": (True, "no effect beside a custom objective"),
    "objective": ("regression", "objective must be 'binary'"),
    "boosting": ("rf", "random forests"),
    "early_stopping_round": (5, "judge by its own rows"),
    "n_iter_no_change": (5, "judge by its own rows"),
    "metric": ("auc", "one worker's value"),
    "metrics": (["None", "l2"], "one worker's value"),
    "n_jobs": (4, "threads_per_worker"),
    "num_machines": (2, "workers that hold rows"),
    "mlist": ("machines.txt", "workers that hold rows"),
    "tree_learner": ("feature", "'data' or 'voting'"),
    "tree": ("serial", "'data' or 'voting'"),
    "linear_tree": (True, "rows of one worker alone"),
    "cat_feature": ([3], "pass categorical_feature="),
    "class_weight": ("balanced", "sample_weight="),
}


@pytest.mark.parametrize("name", REFUSED)
def test_parameters_that_go_wrong_on_several_machines_are_refused(client, name):
    value, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        train(client, {name: value})


@pytest.mark.parametrize(
    ("callback", "message"),
    [
        (lgb.early_stopping(3, verbose=False), "early_stopping is refused"),
        (lgb.record_evaluation({}), "record_evaluation has nothing to record"),
        (lgb.log_evaluation(), "log_evaluation has nothing to log"),
        (print, r"only lightgbm.reset_parameter\(...\) is taken"),
    ],
    ids=["early_stopping", "record_evaluation", "log_evaluation", "own"],
)
def test_callbacks_that_go_wrong_on_several_machines_are_refused(client, callback, message):
    with pytest.raises(ValueError, match=message):
        train(client, callbacks=[callback])


def test_what_is_no_collection_or_cut_otherwise_is_refused(client):
    x, y = cut(X), cut(Y)

    def refused(error, match, x=x, y=y, client=client, **kwargs):
        with pytest.raises(error, match=match):
            gd.train(client, PARAMS, x, y, 2, **{"loss": WEIGHTED, **kwargs})

    refused(TypeError, "X must be an Array or a DataFrame of Dask; got ndarray", x=X)
    refused(TypeError, "y must be an Array or a Series of Dask; got ndarray", y=Y)
    refused(TypeError, "sample_weight must be an Array", sample_weight=WEIGHT.tolist())
    refused(ValueError, "y must have 1 dimension", y=x)
    refused(ValueError, "cut between columns", x=x.rechunk({1: 32}))
    refused(ValueError, "got X 2, y 3 parts", y=cut(Y, (N, N - 9, 9)))
    shifted = cut(WEIGHT, (N + 1, N - 1))
    refused(ValueError, f"rows: X {N}, y {N}, sample_weight", sample_weight=shifted)
    alone = (2 * N - 1, 1)
    refused(ValueError, "part 1 of X has one row", x=cut(X, alone), y=cut(Y, alone))
    refused(ValueError, "X has no rows", x=cut(X[:0], (0,)), y=cut(Y[:0], (0,)), constant=0.1)
    refused(ValueError, "no row of class 1", y=cut(0 * Y))
    bad = np.where(np.arange(2 * N) == N + 3, 2, Y)
    refused(ValueError, r"^in part 1: y_true must lie in \[0, 1\]; y_true\[3\] is 2", y=cut(bad))
    refused(ValueError, "offset must be finite", init_score=cut(np.full(2 * N, np.inf)))
    refused(ValueError, "hessian must be", hessian="none")
    refused(TypeError, "loss must be a", loss="focal")
    refused(TypeError, "client must be a distributed.Client", client="tcp://127.0.0.1:8786")
    with pytest.raises(TypeError, match="params must be a dict"):
        gd.train(client, ["num_leaves"], x, y, loss=WEIGHTED)


def test_evaluate_gives_the_mean_of_all_rows_after_each_round(client):
    booster = one_machine(rounds=7, loss=FOCAL, weight=WEIGHT, offset=OFFSET)
    x, y, weight, offset = (
        da.from_array(values, chunks=((N // 3, 0, 2 * N - N // 3), *values.shape[1:]))
        for values in (X, Y, WEIGHT, OFFSET)
    )
    history = gd.evaluate(
        client, booster, x, y, loss=WEIGHTED, sample_weight=weight, init_score=offset
    )
    expected = [
        np.average(
            WEIGHTED.loss(Y, booster.predict(X, raw_score=True, num_iteration=k) + OFFSET),
            weights=WEIGHT,
        )
        for k in range(1, 8)
    ]
    assert_allclose(history, expected, rtol=1e-12)


def test_evaluate_may_be_called_again_and_again(client):
    booster, x, y = one_machine(), cut(X), cut(Y)
    histories = [gd.evaluate(client, booster, x, y, loss=WEIGHTED) for _ in range(8)]
    assert_array_equal(histories, [histories[0]] * 8)


def test_evaluate_refuses_what_it_cannot_judge(client):
    x, y = cut(X), cut(Y)
    booster = train(client)
    raw = lgb.train({**PARAMS, "objective": gp.lightgbm.objective(WEIGHTED)}, lgb.Dataset(X, Y), 2)
    with pytest.raises(ValueError, match="to_native"):
        gd.evaluate(client, raw, x, y, loss=WEIGHTED)
    with pytest.raises(TypeError, match="booster must be"):
        gd.evaluate(client, "model.txt", x, y, loss=WEIGHTED)
    with pytest.raises(ValueError, match="the weights sum to 0"):
        gd.evaluate(client, booster, x, y, loss=WEIGHTED, sample_weight=cut(0 * Y))


class RateThatKills:
    """A learning rate; whoever asks for it in round 3 on one of the workers ends that worker."""

    def __init__(self, address):
        self.address = address

    def __call__(self, iteration):
        if iteration == 3 and distributed.get_worker().address == self.address:
            os.kill(os.getpid(), signal.SIGKILL)
        return 0.1


def test_a_worker_that_dies_ends_the_training_with_the_error_of_lightgbm():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
        ) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        address = next(iter(client.scheduler_info()["workers"]))
        schedule = lgb.reset_parameter(learning_rate=RateThatKills(address))
        x, y = (da.from_array(v, chunks=(N, *v.shape[1:])) for v in (X, Y))  # computed anew
        with pytest.raises(lgb.basic.LightGBMError, match="Socket"):
            gd.train(client, PARAMS, x, y, 500, loss=WEIGHTED, callbacks=[schedule])
