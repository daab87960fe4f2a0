"""XGBoost on a Dask cluster of two processes against one machine."""

import asyncio
import copy
import json
import pickle

import numpy as np
import pandas as pd
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose

import gradpair as gp
from helpers.dask_workers import Killed, MapLoss, Watched
from helpers.shared_rows import EVEN, HARD, OFFSET, SOFT, VALID, WEIGHT, X, noisy
from helpers.table import GenericCrossEntropy

distributed = pytest.importorskip("distributed")
da = pytest.importorskip("dask.array")
dd = pytest.importorskip("dask.dataframe")
dask = pytest.importorskip("dask")

from xgboost import dask as host  # noqa: E402 - after the skips
from xgboost.dask import DaskDMatrix, DaskQuantileDMatrix  # noqa: E402

from gradpair.xgboost.dask import train  # noqa: E402

pytestmark = pytest.mark.cluster

WEIGHTED, FOCAL = gp.WeightedCrossEntropy(7.3), gp.FocalLoss(1.7, 0.3)
PARAMS = {"max_depth": 3, "eta": 0.4, "nthread": 1}
structures = gp.xgboost.HOST.structures
N = HARD.size


def spread(client, values, first):
    """Put the rows of ``first`` on one worker and the others on the other one, as two chunks."""
    if values is None:
        return None
    chunks = []
    for rows, worker in zip(
        (first, ~first), sorted(client.scheduler_info()["workers"]), strict=True
    ):
        if rows.any():
            held = dask.delayed(client.scatter(values[rows], workers=[worker], hash=False))
            shape = values[rows].shape
            chunks.append(da.from_delayed(held, shape=shape, dtype=values.dtype))
    return da.concatenate(chunks)


def distribute(client, x, y, weight=None, offset=None, *, first=None, kind=DaskDMatrix, **kwargs):
    first = np.arange(len(y)) % 2 == 0 if first is None else first
    x, y, weight, offset = (spread(client, c, first) for c in (x, y, weight, offset))
    return kind(client, x, y, weight=weight, base_margin=offset, **kwargs)


def together(x, y, weight=None, offset=None):
    return xgb.DMatrix(x, y, weight=weight, base_margin=offset)


def assert_same(booster, expected, data):
    assert structures(booster) == structures(expected)
    assert_allclose(booster.predict(data), expected.predict(data), rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ("loss", "offset", "kind"),
    [
        (WEIGHTED, None, DaskDMatrix),
        (WEIGHTED, OFFSET, DaskQuantileDMatrix),
        (FOCAL, None, DaskQuantileDMatrix),
        (FOCAL, OFFSET, DaskDMatrix),
        (GenericCrossEntropy(7.3), OFFSET, DaskDMatrix),
    ],
    ids=["weighted", "weighted-offsets", "focal", "focal-offsets", "users-own"],
)
def test_a_cluster_trains_the_model_of_one_machine(client, loss, offset, kind):
    dtrain = distribute(client, X, HARD, WEIGHT, offset, kind=kind)
    assert len(dtrain.worker_map) == 2
    result = train(client, PARAMS, dtrain, 4, loss=loss, evals=[(dtrain, "train")])
    data = together(X, HARD, WEIGHT, offset)
    booster = gp.xgboost.train(PARAMS, data, 4, loss=loss)
    assert_same(result["booster"], booster, data)
    z = booster.predict(data, output_margin=True).astype(float)
    mean = np.average(loss.loss(HARD, z), weights=WEIGHT)
    history = result["history"]["train"][loss.name]
    assert len(history) == 4
    assert history[-1] == pytest.approx(mean, abs=6e-7)


@pytest.mark.parametrize("offset", [None, OFFSET], ids=["plain", "offsets"])
def test_soft_labels_and_one_class_on_each_worker_change_nothing(client, offset):
    for y, first in ((SOFT, EVEN), (HARD, HARD == 1)):
        dtrain = distribute(client, X, y, WEIGHT, offset, first=first)
        booster = train(client, PARAMS, dtrain, 2, loss=FOCAL)["booster"]
        data = together(X, y, WEIGHT, offset)
        assert_same(booster, gp.xgboost.train(PARAMS, data, 2, loss=FOCAL), data)


def test_the_start_is_the_constant_of_all_rows(client):
    dtrain = distribute(client, X, HARD, WEIGHT, first=HARD == 1)
    booster = train(client, {**PARAMS, "gamma": 1e9}, dtrain, 1, loss=WEIGHTED)["booster"]
    config = json.loads(booster.save_config())["learner"]["learner_model_param"]
    start = gp.optimal_constant(WEIGHTED, HARD, sample_weight=WEIGHT)
    assert float(config["base_score"].strip("[]")) == pytest.approx(gp.sigmoid(start), rel=1e-6)


def test_data_frames_are_trained_on_like_arrays(client):
    columns = {f"f{i}": X[:, i] for i in range(20, 30)}
    frame = pd.DataFrame({**columns, "y": HARD, "w": WEIGHT, "o": OFFSET})
    parts = dd.from_pandas(frame, npartitions=5)
    x, names = parts[list(columns)], list(columns)
    dtrain = DaskDMatrix(client, x, parts["y"], weight=parts["w"], base_margin=parts["o"])
    booster = train(client, PARAMS, dtrain, 2, loss=WEIGHTED)["booster"]
    assert booster.feature_names == names
    data = together(frame[names], HARD, WEIGHT, OFFSET)
    assert_same(booster, gp.xgboost.train(PARAMS, data, 2, loss=WEIGHTED), data)


def test_trees_are_those_of_the_built_in_objective_on_the_same_workers(client):
    # Features of many values: the workers' sketch is not that of one machine.
    x = X + np.random.default_rng(2).normal(size=X.shape)
    dtrain = distribute(client, x, HARD)
    booster = train(client, PARAMS, dtrain, 8, loss=WEIGHTED)["booster"]
    params = gp.xgboost.native(WEIGHTED, totals=(HARD.sum(), N - HARD.sum()))[0]
    native = host.train(client, {**PARAMS, **params}, dtrain, 8)["booster"]
    assert structures(booster) == structures(native)
    data = xgb.DMatrix(x)
    assert_allclose(booster.predict(data), native.predict(data), rtol=0, atol=1e-6)
    alone = gp.xgboost.train(PARAMS, together(x, HARD), 8, loss=WEIGHTED)
    assert structures(booster) != structures(alone)


@pytest.mark.parametrize("loss", [gp.BinaryCrossEntropy(), MapLoss(1.0)], ids=repr)
def test_early_stopping_sees_what_it_sees_on_one_machine(client, loss):
    labels, params = noisy()
    dtrain = distribute(client, X, labels)
    # Its parts lie elsewhere: all of them on one worker.
    none = np.zeros(VALID.sum(), bool)
    dvalid = distribute(client, X[VALID], HARD[VALID], WEIGHT[VALID], first=none)
    kwargs = {"loss": loss, "early_stopping_rounds": 2, "verbose_eval": False}
    booster = train(client, params, dtrain, 60, evals=[(dvalid, "valid")], **kwargs)["booster"]
    valid = together(X[VALID], HARD[VALID], WEIGHT[VALID])
    expected = gp.xgboost.train(params, together(X, labels), 60, evals=[(valid, "valid")], **kwargs)
    assert 1 < booster.best_iteration < booster.num_boosted_rounds() < 60
    assert booster.best_iteration == expected.best_iteration
    assert booster.best_score == pytest.approx(expected.best_score, abs=1e-6)


@pytest.mark.parametrize("offset", [None, OFFSET], ids=["plain", "offsets"])
def test_a_worker_without_training_rows_takes_part(client, offset):
    everything = np.ones(N, bool)
    dtrain = distribute(client, X, HARD, WEIGHT, offset, first=everything)
    dvalid = distribute(client, X, HARD, WEIGHT, offset)
    assert (len(dtrain.worker_map), len(dvalid.worker_map)) == (1, 2)
    evals = [(dtrain, "train"), (dvalid, "valid")]
    result = train(client, PARAMS, dtrain, 2, loss=FOCAL, evals=evals)
    data = together(X, HARD, WEIGHT, offset)
    assert_same(result["booster"], gp.xgboost.train(PARAMS, data, 2, loss=FOCAL), data)
    assert result["history"]["train"] == result["history"]["valid"]


def test_the_booster_is_plain_and_goes_on(client):
    dtrain = distribute(client, X, HARD, offset=OFFSET)
    data = together(X, HARD, offset=OFFSET)
    first = train(client, PARAMS, dtrain, 2, loss=FOCAL, callbacks=[Watched()])["booster"]
    assert first.attributes() == {"seen0": "1", "seen1": "2"}
    second = train(client, PARAMS, dtrain, 2, loss=FOCAL, xgb_model=first)["booster"]
    expected = gp.xgboost.train(PARAMS, data, 4, loss=FOCAL)
    assert_same(second, expected, data)
    loaded = xgb.Booster(model_file=first.save_raw("json"))
    assert_allclose(
        loaded.predict(data), pickle.loads(pickle.dumps(first)).predict(data), rtol=1e-7
    )
    assert "logloss" in first.eval(data)


def test_nothing_passed_in_is_changed(client):
    params, callbacks = {**PARAMS, "eval_metric": ["logloss"]}, [Watched()]
    dtrain = distribute(client, X, HARD)
    evals, held = [(dtrain, "train")], {w: list(p) for w, p in dtrain.worker_map.items()}
    before = copy.deepcopy(params)
    result = train(
        client, params, dtrain, 2, loss=FOCAL, evals=evals, callbacks=callbacks,
        custom_metric=gp.xgboost.metric(WEIGHTED),
    )  # fmt: skip
    assert (params, len(evals), len(callbacks)) == (before, 1, 1)
    assert dtrain.worker_map == held
    assert list(result["history"]["train"]) == ["logloss", "weighted_cross_entropy"]
    again = train(client, params, dtrain, 2, loss=FOCAL)
    assert again["booster"].save_raw("ubj") == _without_attributes(result["booster"])


def _without_attributes(booster):
    booster = booster.copy()
    booster.set_attr(**dict.fromkeys(booster.attributes()))
    return booster.save_raw("ubj")


def test_an_asynchronous_client_gets_a_coroutine(client):
    address = client.scheduler.address

    async def trained():
        async with distributed.Client(address, asynchronous=True) as other:
            x, y = (da.from_array(values, chunks=2000) for values in (X[:, 20:30], HARD))
            dtrain = await DaskDMatrix(other, x.rechunk((2000, 10)), y)
            return await train(other, PARAMS, dtrain, 2, loss=WEIGHTED)

    booster = asyncio.run(trained())["booster"]
    data = together(X[:, 20:30], HARD)
    assert_same(booster, gp.xgboost.train(PARAMS, data, 2, loss=WEIGHTED), data)


@pytest.mark.parametrize("weighted", [True, False])
def test_the_estimator_of_the_host_takes_our_callables(client, weighted):
    weight = WEIGHT if weighted else None
    start = gp.optimal_constant(FOCAL, HARD, sample_weight=weight)
    estimator = host.DaskXGBClassifier(
        objective=gp.xgboost.objective(FOCAL), eval_metric=gp.xgboost.metric(FOCAL),
        base_score=float(gp.sigmoid(start)), n_estimators=3, max_depth=3, learning_rate=0.4,
    )  # fmt: skip
    estimator.client = client
    x, y, w = (spread(client, values, EVEN) for values in (X, HARD, weight))
    sets = {"eval_set": [(x, y)], "sample_weight_eval_set": [w] if weighted else None}
    estimator.fit(x, y, sample_weight=w, verbose=False, **sets)
    data = together(X, HARD, weight)
    expected = gp.xgboost.train(PARAMS, data, 3, loss=FOCAL)
    assert_same(estimator.get_booster(), expected, data)
    z = expected.predict(data, output_margin=True).astype(float)
    mean = np.average(FOCAL.loss(HARD, z), weights=weight)
    history = estimator.evals_result()["validation_0"]["focal_loss"]
    assert history[-1] == pytest.approx(mean, abs=6e-7)


def test_what_is_wrong_is_refused(client):
    good = distribute(client, X, HARD)
    known = gp.xgboost.train(PARAMS, together(X, HARD), 1, loss=FOCAL)
    cases = [
        (TypeError, "client must be a distributed.Client; got a str", good, {"client": "tcp://x"}),
        (TypeError, "dtrain must be a xgboost.DaskDMatrix", together(X, HARD), {}),
        (TypeError, r"evals\[0\]\[0\] must be a", good, {"evals": [(together(X, HARD), "v")]}),
        (ValueError, "scale_pos_weight has no effect", good, {"params": {"scale_pos_weight": 3}}),
        (ValueError, "obj= has no place beside loss=", good, {"obj": gp.xgboost.objective(FOCAL)}),
        (ValueError, "of class 0 and 0 of class 1 in all", distribute(client, X, 0 * HARD), {}),
        (
            ValueError,
            "in a part of the rows on worker tcp.*y_true must lie in",
            distribute(client, X, 2 * HARD),
            {},
        ),
        *(
            (
                ValueError,
                "in a part of the rows on worker tcp.*y_true must lie in",
                distribute(client, X, np.where(np.arange(N) == 3, 2.0, HARD)),
                given,
            )
            for given in ({"constant": 0.25}, {"xgb_model": known})
        ),
        (
            ValueError,
            r"y_true must have shape \(n_samples,\); got \(\d+, 2\)",
            distribute(client, X, np.column_stack([HARD, HARD])),
            {},
        ),
        (ValueError, "dtrain has no label", DaskDMatrix(client, spread(client, X, EVEN)), {}),
        (
            ValueError,
            "base_score=0.3 has no effect on rows with base_margin",
            distribute(client, X, HARD, offset=OFFSET),
            {"params": {"base_score": 0.3}},
        ),
        (
            ValueError,
            "'gblinear' has no trees",
            distribute(client, X, HARD, offset=OFFSET),
            {"params": {"booster": "gblinear"}},
        ),
    ]
    for error, message, dtrain, given in cases:
        kwargs = {"client": client, "params": PARAMS, "loss": FOCAL, **given}
        with pytest.raises(error, match=message):
            train(kwargs.pop("client"), kwargs.pop("params"), dtrain, 2, **kwargs)


def test_arguments_by_position_are_taken_as_by_the_host(client):
    dtrain = distribute(client, X, HARD)
    with pytest.warns(FutureWarning, match="Pass `evals` as keyword args"):
        result = train(client, PARAMS, dtrain, 1, [(dtrain, "train")], loss=FOCAL)
    assert list(result["history"]) == ["train"]


def test_a_worker_that_dies_ends_in_the_hosts_error():
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, host="127.0.0.1",
            dashboard_address="127.0.0.1:0", memory_limit=0,
        ) as cluster,
        distributed.Client(cluster) as client,
    ):  # fmt: skip
        dtrain = distribute(client, X, HARD)
        assert len(dtrain.worker_map) == 2
        with pytest.raises(Exception, match=r".") as told:
            train(client, PARAMS, dtrain, 50, loss=WEIGHTED, callbacks=[Killed(rank=1, at=3)])
    # Of Dask or of XGBoost, as it comes; the latter's is also a ValueError, of another worker.
    module = type(told.value).__module__.partition(".")[0]
    known = isinstance(told.value, ValueError) and "Invalid worker address" in str(told.value)
    assert module in ("distributed", "xgboost", "concurrent") or known, repr(told.value)
