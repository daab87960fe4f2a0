"""The forms in which LightGBM takes its arguments, and what it does with each."""

import lightgbm as lgb
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from helpers.hosts import LightGBM, digits

HOST = LightGBM()
DATA = digits()
BCE = gp.BinaryCrossEntropy()
PARAMS = HOST.params
CODES = np.digitize(DATA.x[:, 20], [2, 5, 9, 13])


def run(ours, params, data, *args, **kwargs):
    """Train with the loss, or with the built-in objective: one call for both."""
    if ours:
        return gp.lightgbm.train(params, data, *args, loss=BCE, **kwargs)
    return lgb.train({**params, "objective": "binary"}, data, *args, **kwargs)


def assert_both_alike(make, rounds=5, **more):
    """Train both with what ``make`` gives afresh: a Dataset, and further arguments."""
    logs, models = [], []
    for ours in (True, False):
        data, kwargs = make()
        params = {**PARAMS, "metric": "binary_logloss", **more, **kwargs.pop("params", {})}
        log = {}
        callbacks = [lgb.record_evaluation(log)]
        models.append(run(ours, params, data, rounds, callbacks=callbacks, **kwargs))
        logs.append(log)
    raw = [model.predict(DATA.x, raw_score=True) for model in models]
    assert_allclose(*raw, rtol=0, atol=1e-9)
    assert list(logs[0]) == list(logs[1])
    for name, metrics in logs[1].items():
        assert_allclose(logs[0][name]["binary_logloss"], metrics["binary_logloss"], rtol=1e-9)
    return models


def one(data):
    return lgb.Dataset(DATA.test.x, DATA.test.y, reference=data)


@pytest.mark.parametrize(
    "sets",
    [
        lambda data: {"valid_sets": one(data)},
        lambda data: {"valid_sets": (one(data), data)},
        lambda data: {"valid_sets": [data], "valid_names": "rows"},
        lambda data: {"valid_sets": data},
        lambda data: {"valid_sets": [one(data), one(data)], "valid_names": ["a", "b"]},
        lambda data: {"valid_sets": [one(data), one(data)], "valid_names": None},
        lambda data: {"valid_sets": []},
    ],
)
def test_evaluation_sets_in_every_form(sets):
    def make():
        data = lgb.Dataset(DATA.train.x, DATA.train.y)
        return data, sets(data)

    assert_both_alike(make)


@pytest.mark.parametrize("name", ["num_iterations", "n_estimators", "num_rounds", "max_iter"])
def test_the_number_of_rounds_in_the_parameters(name):
    ours, native = assert_both_alike(
        lambda: (lgb.Dataset(DATA.x, DATA.y), {"params": {name: 7}}), rounds=3
    )
    assert ours.num_trees() == native.num_trees() == 7


def test_conflicting_numbers_of_rounds_are_resolved_as_the_host_does():
    numbers = {"num_iterations": 4, "n_estimators": 6}
    for ours in (True, False):
        params = {**PARAMS, **numbers}
        with pytest.warns(UserWarning, match="conflicting values for num_iterations"):
            model = run(ours, params, lgb.Dataset(DATA.x, DATA.y), 3)
        assert model.num_trees() == 4
    with pytest.raises(ValueError, match="rounds must be greater than 0"):
        run(True, PARAMS, lgb.Dataset(DATA.x, DATA.y), 0)


class Rows(lgb.Sequence):
    """Rows that LightGBM reads piece by piece."""

    batch_size = 100

    def __getitem__(self, index):
        return DATA.x[index]

    def __len__(self):
        return DATA.x.shape[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: lgb.Dataset(Rows(), DATA.y),
        lambda: lgb.Dataset([Rows()], DATA.y, weight=DATA.weight),
        lambda: lgb.Dataset(DATA.x, DATA.y, group=[100, DATA.y.size - 100]),
        lambda: lgb.Dataset(DATA.x, DATA.y, categorical_feature=[20]),
        lambda: lgb.Dataset(DATA.x, DATA.y, feature_name=[f"f{i}" for i in range(64)]),
        lambda: lgb.Dataset(DATA.x, DATA.y, position=np.arange(DATA.y.size) % 7),
        lambda: lgb.Dataset([DATA.x[:99], DATA.x[99:]], list(DATA.y), weight=list(DATA.weight)),
        lambda: lgb.Dataset(DATA.x, DATA.y, free_raw_data=True).construct(),
        lambda: lgb.Dataset(DATA.x, DATA.y).subset(np.arange(0, DATA.y.size, 3).tolist()),
    ],
)
def test_data_in_every_form(make):
    assert_both_alike(lambda: (make(), {}))


def test_a_frame_with_categories_keeps_them():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(DATA.x).assign(code=pandas.Categorical(list(map(str, CODES))))
    frame.columns = frame.columns.astype(str)
    seen = []

    def look(env):
        seen.append(env.model.predict(frame, raw_score=True))

    models = [
        run(ours, PARAMS, lgb.Dataset(frame, DATA.y), 5, callbacks=[look]) for ours in (True, False)
    ]
    assert_allclose(seen[:5], seen[5:], rtol=0, atol=1e-9)
    assert models[0].pandas_categorical == models[1].pandas_categorical
    assert_array_equal(models[0].predict(frame, raw_score=True), seen[4])


def test_a_booster_that_would_go_on_from_wrong_scores_is_refused():
    data = lgb.Dataset(DATA.x, DATA.y)
    with pytest.raises(ValueError, match="scores without the start, from which eval and update"):
        run(True, PARAMS, data, 3, keep_training_booster=True)


def test_nothing_of_the_host_is_printed_more_than_beside_its_own_objective(capfd):
    def lines(ours):
        data = lgb.Dataset(DATA.x, DATA.y)
        stop = {"early_stopping_round": 3, "metric": "auc", "verbosity": 1, "force_col_wise": True}
        params = {**PARAMS, **stop}
        run(ours, params, data, 20, valid_sets=[one(data)], callbacks=[lgb.log_evaluation(5)])
        found = capfd.readouterr()
        return [line for line in (found.out + found.err).splitlines() if line]

    ours, native = lines(ours=True), lines(ours=False)
    own = ("self-defined objective", "Number of positive", "BoostFromScore", "Start training from")
    kept = [[x for x in found if not any(word in x for word in own)] for found in (ours, native)]
    assert kept[0] == kept[1]
    assert any("Early stopping, best iteration is" in line for line in ours)
