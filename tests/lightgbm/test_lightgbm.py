"""What is particular to LightGBM: its Datasets, its model text, its estimators."""

import inspect
import pickle

import lightgbm as lgb
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from gradpair.lightgbm._model import text_with_shift
from helpers.hosts import LightGBM, digits

HOST = LightGBM()
DATA = digits()
LOSS = gp.WeightedCrossEntropy(7.3)


def dataset(**kwargs):
    return lgb.Dataset(DATA.x, DATA.y, **kwargs)


def test_arguments_and_defaults_are_those_of_lightgbm():
    theirs = inspect.signature(lgb.train).parameters
    ours = inspect.signature(gp.lightgbm.train).parameters
    gone = ("feature_name", "categorical_feature")  # deprecated, and no more since 4.6
    current = {name: parameter for name, parameter in theirs.items() if name not in gone}
    assert list(ours)[: len(current)] == list(current)
    for name, parameter in current.items():
        assert ours[name].default == parameter.default
    assert set(ours) - set(current) == {"loss", "constant", "hessian", "hessian_floor"}


def test_the_bare_objective_grows_the_built_in_trees_from_zero():
    params = dict(HOST.params)
    ours = lgb.train({**params, "objective": gp.lightgbm.objective(LOSS)}, dataset(), 50)
    native = {**params, "objective": "binary", "scale_pos_weight": 7.3, "boost_from_average": False}
    expected = lgb.train(native, dataset(), 50)
    assert HOST.structures(ours) == HOST.structures(expected)
    raw = expected.predict(DATA.x, raw_score=True)
    assert_allclose(ours.predict(DATA.x, raw_score=True), raw, rtol=0, atol=1e-9)


def test_update_takes_the_objective():
    objective = gp.lightgbm.objective(LOSS)
    expected = lgb.train({**HOST.params, "objective": objective}, dataset(), 5)
    booster = lgb.Booster({**HOST.params, "objective": "none"}, dataset())
    for _ in range(5):
        booster.update(fobj=objective)
    assert_array_equal(booster.predict(DATA.x), expected.predict(DATA.x))


def test_a_native_model_does_not_know_the_machines_that_trained_it():
    params = {**HOST.params, "machines": "127.0.0.1:12400", "num_machines": 1, "time_out": 1}
    objective = gp.lightgbm.objective(LOSS, start=0.3)
    booster = lgb.train({**params, "objective": objective}, dataset(), 3)
    assert "\n[machines: 127.0.0.1:12400]\n" in booster.model_to_string()
    native = gp.lightgbm.to_native(booster, LOSS, constant=0.3)
    assert "\n[machines: ]\n" in native.model_to_string()
    assert native.params == {**HOST.params, "objective": "binary", "num_iterations": 3}


def test_the_returned_model_is_text_of_a_native_one():
    booster = HOST.train(dataset(), 5, loss=LOSS)
    text = booster.model_to_string(num_iteration=-1)
    assert "\nobjective=binary sigmoid:1\n" in text
    assert "\n[objective: binary]\n" in text
    assert booster.params["objective"] == "binary"
    assert lgb.Booster(model_str=text).model_to_string(num_iteration=-1) == text
    contributions = booster.predict(DATA.x, pred_contrib=True).sum(axis=1)
    assert_allclose(contributions, booster.predict(DATA.x, raw_score=True), rtol=0, atol=1e-9)


def test_the_first_tree_is_that_of_a_natively_trained_model():
    loss = gp.BinaryCrossEntropy()
    ours = HOST.train(dataset(), 5, loss=loss)
    native = lgb.train({**HOST.params, "objective": "binary"}, dataset(), 5)

    def values(node):
        inner = "split_feature" in node
        below = [values(node[side]) for side in ("left_child", "right_child")] if inner else []
        return [
            node["internal_value" if inner else "leaf_value"],
            *(v for part in below for v in part),
        ]

    trees = [booster.dump_model()["tree_info"][0] for booster in (ours, native)]
    # The text of a native model has six digits of its inner values.
    assert_allclose(*(values(tree["tree_structure"]) for tree in trees), rtol=1e-5, atol=1e-5)
    assert trees[0]["shrinkage"] == trees[1]["shrinkage"]
    # Refitting scales a new leaf by the shrinkage of the old one.
    refitted = [
        booster.refit(DATA.x[:900], DATA.y[:900], decay_rate=0.4) for booster in (ours, native)
    ]
    assert_allclose(*(booster.predict(DATA.x) for booster in refitted), rtol=1e-6)


@pytest.mark.parametrize(
    "params",
    [
        {"linear_tree": True},
        {"data_sample_strategy": "goss"},
        {"bagging_fraction": 0.6, "bagging_freq": 1},
        {"num_leaves": 2},
    ],
    ids=str,
)
def test_every_kind_of_tree_holds_the_constant(params):
    constant = -1.7
    params = {**HOST.params, **params}
    ours = gp.lightgbm.train(params, dataset(), 12, loss=LOSS, constant=constant)
    native = {**params, "objective": "binary", "scale_pos_weight": 7.3}
    by_score = dataset(init_score=np.full(DATA.y.size, constant))
    expected = lgb.train(native, by_score, 12).predict(DATA.x, raw_score=True) + constant
    assert_allclose(ours.predict(DATA.x, raw_score=True), expected, rtol=1e-7, atol=1e-7)
    assert_allclose(ours.predict(DATA.x), gp.sigmoid(expected), rtol=0, atol=1e-7)


DART = {"boosting": "dart", "drop_rate": 0.5, "skip_drop": 0.1}


def test_a_dart_model_predicts_what_its_training_saw():
    log = {}
    data = dataset()
    valid = {"valid_sets": [dataset(reference=data), data], "valid_names": ["valid", "train"]}
    callbacks = [lgb.record_evaluation(log)]
    params = {**HOST.params, **DART}
    booster = gp.lightgbm.train(params, data, 12, loss=LOSS, callbacks=callbacks, **valid)
    raw = booster.predict(DATA.x, raw_score=True)
    for name in ("valid", "train"):
        assert log[name][LOSS.name][-1] == pytest.approx(LOSS.loss(DATA.y, raw).mean(), rel=1e-9)
    for sets, names, expected in (
        ([data, dataset(reference=data)], None, {"training", "valid_1"}),
        (data, "mine", {"mine"}),
    ):
        gp.lightgbm.train(params, data, 2, sets, names, loss=LOSS, callbacks=callbacks)
        assert log.keys() == expected


def test_dart_gives_the_same_model_every_time():
    # LightGBM itself drops other trees now and then beside a custom objective, as its memory
    # happens to be.
    expected = HOST.train(dataset(), 20, params=DART, loss=LOSS).predict(DATA.x)
    for i in range(6):
        data = dataset().construct()
        memory = [bytes([i % 2]) * size for size in range(520, 9000, 8) for _ in range(3)]
        del memory  # which LightGBM's object then finds as it was left
        valid = dataset(reference=data) if i > 2 else None
        booster = HOST.train(data, 20, params=DART, loss=LOSS, valid=valid)
        assert_array_equal(booster.predict(DATA.x), expected)
    data = dataset()
    booster = HOST.train(data, 20, params=DART, loss=LOSS, valid=data)
    assert_array_equal(booster.predict(DATA.x), expected)
    # The built-in objective begins to draw one round earlier.
    native = lgb.train({**HOST.params, **DART, "objective": "binary"}, dataset(), 20)
    ours = HOST.train(dataset(), 20, params=DART, loss=gp.BinaryCrossEntropy())
    assert np.abs(ours.predict(DATA.x) - native.predict(DATA.x)).max() > 1e-3


def test_a_model_without_a_single_split_predicts_the_constant():
    params = {**HOST.params, "min_gain_to_split": 1e9}
    booster = gp.lightgbm.train(params, dataset(), 3, loss=LOSS)
    start = gp.optimal_constant(LOSS, DATA.y)
    assert_allclose(booster.predict(DATA.x), gp.sigmoid(start), rtol=1e-9)


def test_boost_from_average_is_what_is_done_and_its_absence_starts_at_zero():
    models = [
        HOST.train(dataset(), 3, params=params, loss=LOSS).predict(DATA.x)
        for params in ({}, {"boost_from_average": True}, {"boost_from_average": False})
    ]
    assert_array_equal(models[0], models[1])
    at_zero = HOST.train(dataset(), 3, loss=LOSS, constant=0.0)
    assert_array_equal(models[2], at_zero.predict(DATA.x))


def as_series(y):
    pandas = pytest.importorskip("pandas")
    return pandas.Series(y, index=np.arange(y.size)[::-1])


def as_frame(y):
    return pytest.importorskip("pandas").DataFrame({"y": y})


@pytest.mark.parametrize("kind", [list, as_series, as_frame, np.float32, np.int64, bool])
def test_labels_of_any_kind_give_the_same_model_before_and_after_construction(kind):
    y = DATA.y.astype(kind) if isinstance(kind, type) and kind is not list else kind(DATA.y)
    expected = HOST.train(dataset(), 5, loss=LOSS).predict(DATA.x)
    data = lgb.Dataset(DATA.x, y)
    for _ in range(2):
        assert_array_equal(HOST.train(data, 5, loss=LOSS).predict(DATA.x), expected)


def test_training_parameters_still_reach_a_dataset_that_was_not_constructed():
    data = dataset(free_raw_data=True)
    HOST.train(data, 2, params={"max_bin": 7}, loss=LOSS)
    assert data.feature_num_bin(20) <= 7


def test_a_subset_has_the_labels_and_weights_of_its_rows():
    rows = np.arange(0, DATA.y.size, 2)
    whole = dataset(weight=DATA.weight, init_score=DATA.offset, free_raw_data=False)
    for constructed in (False, True):
        if constructed:
            whole.construct()
        part = whole.subset(rows.tolist())
        log = HOST.train(part, 5, loss=LOSS, constant=None)
        start = gp.optimal_constant(
            LOSS, DATA.y[rows], offset=DATA.offset[rows], sample_weight=DATA.weight[rows]
        )
        explicit = HOST.train(whole.subset(rows.tolist()), 5, loss=LOSS, constant=start)
        assert_allclose(log.predict(DATA.x), explicit.predict(DATA.x), rtol=1e-9)


def in_file(tmp_path, columns, **kwargs):
    """A Dataset of a file, of which nothing is in memory."""
    path = tmp_path / "rows.csv"
    np.savetxt(path, columns, delimiter=",", fmt="%g")
    return lgb.Dataset(str(path), **kwargs)


def test_labels_in_a_file_are_read_from_it(tmp_path):
    params = {"label_column": 0, "verbosity": -1}
    data = in_file(tmp_path, np.column_stack([DATA.y, DATA.x]), params=params)
    booster = HOST.train(data, 5, loss=LOSS)
    assert_array_equal(booster.predict(DATA.x), HOST.train(dataset(), 5, loss=LOSS).predict(DATA.x))


def test_the_parameters_of_training_say_where_the_labels_of_a_file_are(tmp_path):
    decoy = np.arange(DATA.y.size) % 2
    data = in_file(tmp_path, np.column_stack([decoy, DATA.x, DATA.y]))
    frozen = {"label_column": 1 + DATA.x.shape[1], "learning_rate": 1e-12}
    booster = HOST.train(data, 1, params=frozen, loss=LOSS)
    start = gp.optimal_constant(LOSS, DATA.y)
    assert_allclose(booster.predict(np.column_stack([decoy, DATA.x])), gp.sigmoid(start), rtol=1e-9)


def test_weights_and_offsets_in_memory_belong_to_the_rows_of_a_file(tmp_path):
    columns = np.column_stack([DATA.y, DATA.x])
    kwargs = {"weight": DATA.weight, "init_score": DATA.offset}
    booster = HOST.train(
        in_file(tmp_path, columns, **kwargs), 1, params={"learning_rate": 1e-12}, loss=LOSS
    )
    start = gp.optimal_constant(LOSS, DATA.y, offset=DATA.offset, sample_weight=DATA.weight)
    assert_allclose(booster.predict(DATA.x), gp.sigmoid(start), rtol=1e-9)


def test_continuing_leaves_the_datasets_without_offsets_for_the_next_training():
    base = HOST.train(dataset(), 5, loss=LOSS)
    data = dataset(free_raw_data=False)
    valid = lgb.Dataset(DATA.x, DATA.y, reference=data, free_raw_data=False)
    logs = [{}, {}, {}]
    fresh = HOST.train(data, 5, loss=LOSS, valid=valid, evals_result=logs[0])
    for _ in range(2):
        HOST.train(data, 5, loss=LOSS, init_model=base, valid=valid, evals_result=logs[1])
        for rows in (data, valid):
            assert_array_equal(rows.get_init_score(), np.zeros(DATA.y.size))
    again = HOST.train(data, 5, loss=LOSS, valid=valid, evals_result=logs[2])
    assert_allclose(again.predict(DATA.x), fresh.predict(DATA.x), rtol=1e-9)
    assert_allclose(logs[2]["valid"][LOSS.name], logs[0]["valid"][LOSS.name], rtol=1e-9)


@pytest.mark.parametrize("where", ["train", "valid", "cv"])
def test_offsets_that_lightgbm_would_replace_when_continuing_are_refused(where):
    base = HOST.train(dataset(), 5, loss=LOSS)
    data = dataset(init_score=None if where == "valid" else DATA.offset)
    valid = dataset(init_score=DATA.offset) if where == "valid" else None
    run, more = (gp.lightgbm.cv, {}) if where == "cv" else (HOST.train, {"valid": valid})
    first = (HOST.params, data) if where == "cv" else (data,)
    with pytest.raises(ValueError, match="init_model= and init_score exclude each other"):
        run(*first, 2, loss=LOSS, init_model=base, **more)


def test_models_in_files_can_be_continued(tmp_path):
    half = HOST.train(dataset(), 5, loss=LOSS)
    half.save_model(tmp_path / "half.txt")
    expected = HOST.train(dataset(), 5, loss=LOSS, init_model=half)
    for path in (tmp_path / "half.txt", str(tmp_path / "half.txt")):
        booster = HOST.train(dataset(), 5, loss=LOSS, init_model=path)
        assert booster.num_trees() == 10
        assert_array_equal(booster.predict(DATA.x), expected.predict(DATA.x))


def test_ranking_metrics_are_reported_in_place_of_ours():
    log = {}
    HOST.train(
        dataset(), 4, params={"metric": "auc,average_precision"}, valid=dataset(), loss=LOSS,
        evals_result=log,
    )  # fmt: skip
    assert list(log["valid"]) == ["auc", "average_precision"]


def test_several_metrics_of_the_user_all_see_the_start():
    log = {}
    fevals = [gp.lightgbm.metric(LOSS), gp.lightgbm.metric(gp.BinaryCrossEntropy(), name="bce")]
    booster = HOST.train(dataset(), 4, valid=dataset(), loss=LOSS, evals_result=log, feval=fevals)
    raw = booster.predict(DATA.x, raw_score=True)
    assert log["valid"]["bce"][-1] == pytest.approx(
        gp.BinaryCrossEntropy().loss(DATA.y, raw).mean()
    )
    assert log["valid"][LOSS.name][-1] == pytest.approx(LOSS.loss(DATA.y, raw).mean())


def test_the_training_set_can_be_a_valid_set():
    log = {}
    data = dataset()
    booster = HOST.train(data, 4, valid=data, loss=LOSS, evals_result=log)
    expected = LOSS.loss(DATA.y, booster.predict(DATA.x, raw_score=True)).mean()
    assert log["valid"][LOSS.name][-1] == pytest.approx(expected)


def test_an_early_stopped_model_keeps_its_best_iteration():
    train, test = DATA.train, DATA.test
    data = lgb.Dataset(train.x, train.y)
    valid = lgb.Dataset(test.x, test.y, reference=data)
    booster = HOST.train(data, 300, valid=valid, loss=LOSS, early_stopping_rounds=5)
    assert booster.num_trees() == booster.best_iteration < 300
    assert booster.best_score["valid"][LOSS.name] < 1


def test_the_estimator_gets_weights_in_objective_and_metric():
    model = HOST.classifier(gp.lightgbm.objective(LOSS), rounds=5, metric="None")
    current = "eval_X" in inspect.signature(model.fit).parameters  # since 4.7
    valid = {"eval_X": DATA.x, "eval_y": DATA.y} if current else {"eval_set": [(DATA.x, DATA.y)]}
    model.fit(
        DATA.x, DATA.y, sample_weight=DATA.weight, eval_sample_weight=[DATA.weight],
        eval_metric=gp.lightgbm.metric(LOSS), **valid,
    )  # fmt: skip
    raw = model.predict(DATA.x, raw_score=True)
    expected = np.average(LOSS.loss(DATA.y, raw), weights=DATA.weight)
    (log,) = model.evals_result_.values()
    assert list(log) == [LOSS.name]
    assert log[LOSS.name][-1] == pytest.approx(expected)
    twin = pickle.loads(pickle.dumps(model))
    assert_array_equal(twin.predict(DATA.x, raw_score=True), raw)


def test_beside_the_built_in_objective_the_metric_takes_probabilities():
    log = {}
    booster = lgb.train(
        {**HOST.params, "objective": "binary"}, dataset(), 5, valid_sets=[dataset()],
        valid_names=["t"], feval=gp.lightgbm.metric(LOSS, input="probability"),
        callbacks=[lgb.record_evaluation(log)],
    )  # fmt: skip
    raw = booster.predict(DATA.x, raw_score=True)
    assert log["t"][LOSS.name][-1] == pytest.approx(LOSS.loss(DATA.y, raw).mean(), rel=1e-9)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda t: t.replace("[objective: custom]", "[goal: custom]"), "the objective parameter"),
        (lambda t: t.replace("feature_names=", "names="), "feature_names"),
        (lambda t: t.replace("leaf_value=", "value="), "leaf_value of tree 0"),
        (lambda t: t.replace("tree_sizes=", "sizes="), "tree_sizes"),
        (lambda t: t.replace("shrinkage=", "shrink="), "shrinkage of tree 0"),
    ],
)
def test_a_model_text_of_another_shape_is_refused_with_the_hosts_version(damage, message):
    objective = gp.lightgbm.objective(LOSS)
    booster = lgb.train({**HOST.params, "objective": objective}, dataset(), 2)
    text = booster.model_to_string(num_iteration=-1)
    assert text_with_shift(text, 1.0) != text
    with pytest.raises(RuntimeError, match=rf"LightGBM {lgb.__version__}.*{message} occurs 0"):
        text_with_shift(damage(text), 1.0)
