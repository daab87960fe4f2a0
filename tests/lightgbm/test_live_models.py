"""What a callback sees while gradpair.lightgbm trains is the model."""

import copy
import pickle
import threading
from types import SimpleNamespace

import lightgbm as lgb
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import LightGBM, digits

HOST = LightGBM()
DATA = digits()
BCE, LOSS, FOCAL = gp.BinaryCrossEntropy(), gp.WeightedCrossEntropy(7.3), gp.FocalLoss(2.0, 0.3)
LOSS_METRIC = gp.lightgbm.metric(LOSS).name
BCE_METRIC = gp.lightgbm.metric(BCE).name
PARAMS = HOST.params
KINDS = [{}, {"boosting": "dart", "drop_rate": 0.4, "skip_drop": 0.2}, {"linear_tree": True}]
kind = pytest.mark.parametrize("kind", KINDS, ids=str)


def dataset(rows=DATA, **kwargs):
    return lgb.Dataset(rows.x, rows.y, **kwargs)


def raw_of(text):
    """Raw scores of a saved model, whether of objective binary or of none."""
    return lgb.Booster(model_str=text).predict(DATA.x, raw_score=True)


class Look:
    """A callback that keeps what it sees of the live model, in every way that it can be seen."""

    def __init__(self, order=None, tmp_path=None):
        self.raw, self.texts, self.files, self.pickles, self.copies = [], [], [], [], []
        self.lock = threading.Lock()  # has no copy
        self.path = tmp_path
        if order is not None:
            self.order = order

    def __call__(self, env):
        model = env.model
        self.raw.append(model.predict(DATA.x, raw_score=True))
        self.texts.append(model.model_to_string(num_iteration=-1))
        loaded = pickle.loads(pickle.dumps(model))
        assert type(loaded) is lgb.Booster
        assert not vars(loaded).keys() & {"_start", "_live"}
        self.pickles.append(loaded.predict(DATA.x, raw_score=True))
        self.copies.append(copy.deepcopy(model).predict(DATA.x, raw_score=True))
        if self.path is not None:
            model.save_model(self.path / f"{env.iteration}.txt", num_iteration=-1)
            self.files.append(raw_of((self.path / f"{env.iteration}.txt").read_text()))


@pytest.mark.parametrize("loss", [LOSS, FOCAL], ids=lambda loss: loss.name)
@pytest.mark.parametrize("order", [None, -100, 25, 31])
def test_in_every_round_a_callback_sees_the_final_model_cut_at_that_round(loss, order, tmp_path):
    look = Look(order, tmp_path)
    booster = gp.lightgbm.train(PARAMS, dataset(), 6, loss=loss, callbacks=[look])
    assert len(look.raw) == 6
    for i in range(6):
        expected = booster.predict(DATA.x, raw_score=True, num_iteration=i + 1)
        for seen in (
            look.raw,
            look.pickles,
            look.copies,
            look.files,
            list(map(raw_of, look.texts)),
        ):
            assert_array_equal(seen[i], expected)


@kind
def test_in_every_round_a_callback_sees_the_model_of_the_built_in_objective(kind):
    ours, native = Look(), Look()
    params = {**PARAMS, **kind}
    booster = gp.lightgbm.train(params, dataset(), 8, loss=BCE, callbacks=[ours])
    expected = lgb.train({**params, "objective": "binary"}, dataset(), 8, callbacks=[native])
    if "boosting" in kind:  # dart does not drop the trees that it drops beside its own objectives
        assert_array_equal(ours.raw[-1], booster.predict(DATA.x, raw_score=True))
        return
    for seen in (ours.raw, ours.pickles, ours.copies, list(map(raw_of, ours.texts))):
        assert_allclose(seen, native.raw, rtol=0, atol=1e-8)
    assert_allclose(booster.predict(DATA.x), expected.predict(DATA.x), rtol=0, atol=1e-9)


@kind
def test_what_a_callback_sees_is_what_the_log_says_of_that_round(kind):
    look, log = Look(), {}
    params = {**PARAMS, **kind}
    HOST.train(
        dataset(), 8, params=params, valid=dataset(), loss=LOSS, callbacks=[look], evals_result=log
    )
    seen = [LOSS.loss(DATA.y, raw).mean() for raw in look.raw]
    assert_allclose(seen, log["valid"][LOSS_METRIC], rtol=1e-9)


def test_the_booster_of_lightgbm_train_itself_is_the_native_model(monkeypatch):
    returned = []
    original = lgb.train

    def wrapped(*args, **kwargs):
        booster = original(*args, **kwargs)
        returned.append((booster.model_to_string(num_iteration=-1), booster.best_iteration))
        return booster

    monkeypatch.setattr(lgb, "train", wrapped)
    soft = lgb.Dataset(DATA.x, 0.1 + 0.7 * DATA.y)
    stop = {"early_stopping_round": 3}
    callback = [lgb.early_stopping(3, verbose=False)]
    for data, kwargs in [
        (dataset(), {}),
        (soft, {}),
        (dataset(), {"params": {"linear_tree": True}}),
        (dataset(DATA.train), {"params": stop, "valid": dataset(DATA.test)}),
        (dataset(DATA.train), {"callbacks": callback, "valid": dataset(DATA.test)}),
    ]:
        booster = HOST.train(data, 60, loss=FOCAL, **kwargs)
        ((text, best_iteration),) = returned
        assert text == booster.model_to_string(num_iteration=-1)
        assert "\nobjective=binary sigmoid:1\n" in text
        assert "start-included" not in booster.model_to_string()
        assert booster.refit(DATA.x, DATA.y).num_trees() == booster.num_trees()
        if kwargs.get("valid"):
            assert booster.num_trees() == booster.best_iteration == best_iteration < 60
        returned.clear()


def test_early_stopping_by_parameters_is_that_of_the_host():
    train, new = DATA.train, DATA.test
    both = {"metric": ["binary_logloss", "auc"]}
    for more in (
        {"early_stopping": 4, "metric": "binary_logloss"},
        {"n_iter_no_change": 4, "first_metric_only": True, **both},
        {"early_stopping_rounds": 4, "early_stopping_min_delta": 0.003, **both},
        {"early_stopping_round": 0, "early_stopping": 4},
        {"early_stopping_round": None, "n_iter_no_change": 4},
    ):
        params = {**PARAMS, **more}
        models = []
        for run in (
            lambda *args, **kw: gp.lightgbm.train(*args, loss=BCE, **kw),
            lambda params, *args, **kw: lgb.train({**params, "objective": "binary"}, *args, **kw),
        ):
            data = dataset(train)
            valid = dataset(new, reference=data)
            models.append(run(params, data, 60, valid_sets=[valid, data]))
        ours, native = models
        assert ours.num_trees() == native.num_trees(), more
        assert ours.best_iteration == native.best_iteration
        asked = {k: v for k, v in params.items() if "early" in k or "change" in k}
        assert asked.items() <= ours.params.items()
        scores = [next(iter(model.best_score["valid_0"].values())) for model in models]
        assert scores[0] == pytest.approx(scores[1], rel=1e-9)
    with pytest.raises(TypeError, match="early_stopping_round should be an integer"):
        gp.lightgbm.train({"early_stopping_round": "5"}, dataset(), 3, loss=BCE)


def test_callbacks_run_in_the_hosts_order_and_get_no_attribute():
    def trained(run):
        calls = []

        def named(name, **attributes):
            def callback(env):
                calls.append((name, env.iteration))

            vars(callback).update(attributes)
            return callback

        early = named("early", order=-70)
        callbacks = [
            named("first"), named("late", order=15), named("second"), early,
            named("before", before_iteration=True), named("third"), early,
            named("one", order=1), named("last"),
        ]  # fmt: skip
        kept = [dict(vars(callback)) for callback in callbacks]
        run(callbacks)
        return calls, [vars(callback) for callback in callbacks] == kept

    ours, unchanged = trained(
        lambda callbacks: gp.lightgbm.train(PARAMS, dataset(), 2, loss=LOSS, callbacks=callbacks)
    )
    params = {**PARAMS, "objective": "binary"}
    native, _ = trained(lambda callbacks: lgb.train(params, dataset(), 2, callbacks=callbacks))
    assert ours == native
    assert unchanged


@pytest.mark.parametrize("collection", [tuple, set, iter])
def test_callbacks_come_in_any_collection(collection):
    look = Look()
    gp.lightgbm.train(PARAMS, dataset(), 2, loss=LOSS, callbacks=collection([look]))
    assert len(look.raw) == 2


@kind
def test_callbacks_of_cv_see_the_models_with_the_starts_of_their_folds(kind):
    seen = []

    def look(env):
        seen.append([b.predict(DATA.x, raw_score=True) for b in env.model.boosters])
        assert len(env.model.predict(DATA.x)) == 3

    folds = [(np.arange(i, DATA.y.size), np.arange(i)) for i in (100, 300, 500)]
    result = gp.lightgbm.cv(
        {**PARAMS, **kind}, dataset(), 4, folds=folds, loss=LOSS, callbacks=[look],
        return_cvbooster=True,
    )  # fmt: skip
    boosters = result["cvbooster"].boosters
    for i in (0, 2, 3):
        if "boosting" in kind and i < 3:  # dart rescales old rounds
            continue
        cut = [b.predict(DATA.x, raw_score=True, num_iteration=i + 1) for b in boosters]
        assert_array_equal(seen[i], cut)
        losses = [
            LOSS.loss(DATA.y[test], raw[test]).mean()
            for raw, (_, test) in zip(cut, folds, strict=True)
        ]
        told = result[f"valid {LOSS_METRIC}-mean"][i]
        assert told == pytest.approx(np.mean(losses), rel=1e-9)


def rollback_in(*rounds):
    def callback(env):
        if env.iteration in rounds:
            boosters = getattr(env.model, "boosters", [env.model])
            for booster in boosters:
                booster.rollback_one_iter()

    return callback


@pytest.mark.parametrize("kind", [{}, {"linear_tree": True}], ids=str)
def test_later_rounds_can_be_taken_back(kind):
    params = {**PARAMS, **kind}
    log, look = {}, Look(order=40)
    callbacks = [rollback_in(2, 4), look]
    booster = HOST.train(
        dataset(), 6, params=params, valid=dataset(), loss=BCE, callbacks=callbacks,
        evals_result=log,
    )  # fmt: skip
    native = lgb.train(
        {**params, "objective": "binary"}, dataset(), 6, callbacks=[rollback_in(2, 4)]
    )
    assert booster.num_trees() == native.num_trees() == 4
    assert_allclose(booster.predict(DATA.x), native.predict(DATA.x), rtol=0, atol=1e-9)
    assert_array_equal(look.raw[-1], booster.predict(DATA.x, raw_score=True))
    assert log["valid"][BCE_METRIC][5] == pytest.approx(BCE.loss(DATA.y, look.raw[-1]).mean())


@pytest.mark.parametrize("rounds", [1, 3])
def test_the_first_round_cannot_be_taken_back(rounds):
    with pytest.raises(ValueError, match="took back the first round"):
        gp.lightgbm.train(PARAMS, dataset(), rounds, loss=LOSS, callbacks=[rollback_in(0)])
    with pytest.raises(ValueError, match="took back the first round"):
        gp.lightgbm.cv(PARAMS, dataset(), 3, nfold=3, loss=LOSS, callbacks=[rollback_in(0)])


def test_parameters_can_be_reset_in_callbacks():
    rates = [0.3, 0.2, 0.1, 0.05]

    def after(env):
        env.model.reset_parameter({"learning_rate": rates[min(env.iteration + 1, 3)]})

    for more in ({}, {"linear_tree": True}):
        params = {**PARAMS, **more, "learning_rate": rates[0]}
        native = lgb.train(
            {**params, "objective": "binary"}, dataset(), 4,
            callbacks=[lgb.reset_parameter(learning_rate=rates)],
        )  # fmt: skip
        for callback in (lgb.reset_parameter(learning_rate=rates), after):
            ours = gp.lightgbm.train(params, dataset(), 4, loss=BCE, callbacks=[callback])
            assert_allclose(ours.predict(DATA.x), native.predict(DATA.x), rtol=0, atol=1e-9)


def test_with_linear_trees_a_callback_cannot_change_the_model_that_it_sees():
    def change(env):
        env.model.set_leaf_output(0, 0, 1.0)

    params = {**PARAMS, "linear_tree": True}
    with pytest.raises(ValueError, match="a callback sees a copy"):
        gp.lightgbm.train(params, dataset(), 3, loss=LOSS, callbacks=[change])


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("where", ["train", "continued", "cv"])
def test_after_an_error_in_a_callback_nothing_has_changed(error, where):
    base = HOST.train(dataset(), 2, loss=LOSS)
    expected = gp.lightgbm.train(PARAMS, dataset(), 3, loss=LOSS).predict(DATA.x)

    def stop(env):
        if env.iteration - env.begin_iteration == 1:
            raise error

    data = dataset(weight=np.ones(DATA.y.size), free_raw_data=False)
    valid = dataset(reference=data, free_raw_data=False)
    params = {**PARAMS, "metric": ["auc"], "early_stopping_round": 2}
    kept = copy.deepcopy(params)
    run = gp.lightgbm.cv if where == "cv" else gp.lightgbm.train
    more = {"nfold": 3} if where == "cv" else {"valid_sets": [valid]}
    more |= {"init_model": base} if where == "continued" else {}
    with pytest.raises(error):
        run(params, data, 5, loss=LOSS, callbacks=[stop], **more)
    assert params == kept
    assert vars(stop) == {}
    for rows in (data, valid):
        scores = rows.construct().get_init_score()
        assert scores is None or not scores.any()
    again = gp.lightgbm.train(PARAMS, data, 3, loss=LOSS, valid_sets=[valid])
    assert_array_equal(again.predict(DATA.x), expected)


@kind
def test_a_checkpoint_is_continued_to_where_training_would_have_ended(kind, tmp_path):
    if "boosting" in kind:
        kind = {"bagging_fraction": 0.999, "bagging_freq": 0}
    params = {**PARAMS, **kind}

    def checkpoint(env):
        env.model.save_model(tmp_path / f"{env.iteration}.txt")

    whole = gp.lightgbm.train(params, dataset(), 8, loss=LOSS, callbacks=[checkpoint])
    for i in (0, 4):
        path = tmp_path / f"{i}.txt"
        for model in (path, str(path), lgb.Booster(model_file=path)):
            booster = gp.lightgbm.train(params, dataset(), 7 - i, loss=LOSS, init_model=model)
            assert booster.num_trees() == 8
            assert_allclose(booster.predict(DATA.x), whole.predict(DATA.x), rtol=0, atol=1e-9)
        look = Look()
        twice = gp.lightgbm.train(
            params, dataset(), 1, loss=LOSS, init_model=path, callbacks=[look]
        )
        assert_array_equal(look.raw[0], twice.predict(DATA.x, raw_score=True))
        again = gp.lightgbm.train(
            params, dataset(), 6 - i, loss=LOSS, init_model=lgb.Booster(model_str=look.texts[0])
        )
        assert_allclose(again.predict(DATA.x), whole.predict(DATA.x), rtol=0, atol=1e-9)


def test_a_checkpoint_becomes_native_without_a_constant():
    look = Look()
    gp.lightgbm.train(PARAMS, dataset(), 4, loss=LOSS, callbacks=[look])
    seen = lgb.Booster(model_str=look.texts[1])
    native = gp.lightgbm.to_native(seen, LOSS, constant=0.0)
    assert_allclose(native.predict(DATA.x), gp.sigmoid(look.raw[1]), rtol=1e-12)
    assert "start-included" not in native.model_to_string()


def test_a_model_that_does_not_say_where_its_start_is_cannot_be_continued():
    bare = lgb.train({**PARAMS, "objective": gp.lightgbm.objective(LOSS, start=1.5)}, dataset(), 3)
    call = r"gradpair\.lightgbm\.to_native\(booster, WeightedCrossEntropy\(alpha=7\.3\), constant="
    for run in (gp.lightgbm.train, gp.lightgbm.cv):
        with pytest.raises(ValueError, match=call):
            run(PARAMS, dataset(), 3, loss=LOSS, init_model=bare)
    told = gp.lightgbm.to_native(bare, LOSS, constant=1.5)
    booster = gp.lightgbm.train(PARAMS, dataset(), 3, loss=LOSS, init_model=told)
    whole = gp.lightgbm.train(PARAMS, dataset(), 6, loss=LOSS, constant=1.5)
    assert_allclose(booster.predict(DATA.x), whole.predict(DATA.x), rtol=0, atol=1e-9)


def test_a_users_own_parameter_in_the_place_of_the_mark_is_kept():
    look = Look()
    params = {**PARAMS, "test_data": "new.csv"}
    booster = gp.lightgbm.train(params, dataset(), 2, loss=LOSS, callbacks=[look])
    assert "[valid: new.csv]" in look.texts[0]
    assert booster.params["test_data"] == "new.csv"
    assert_array_equal(look.raw[1], booster.predict(DATA.x, raw_score=True))
    with pytest.raises(ValueError, match="to_native"):
        gp.lightgbm.train(
            PARAMS, dataset(), 2, loss=LOSS, init_model=lgb.Booster(model_str=look.texts[0])
        )


def test_linear_trees_in_the_parameters_of_the_data_are_no_exception():
    look = Look()
    data = dataset(params={"linear_tree": True})
    booster = gp.lightgbm.train(PARAMS, data, 3, loss=LOSS, callbacks=[look])
    assert "is_linear=1" in booster.model_to_string()
    for i in range(3):
        expected = booster.predict(DATA.x, raw_score=True, num_iteration=i + 1)
        assert_array_equal(look.raw[i], expected)
        assert_array_equal(look.pickles[i], expected)


@pytest.mark.parametrize("more", [{"min_gain_to_split": 1e9}, {"learning_rate": 1e-12}], ids=str)
@kind
def test_a_model_that_learns_nothing_is_seen_at_its_start(more, kind):
    look = Look()
    booster = gp.lightgbm.train(
        {**PARAMS, **kind, **more}, dataset(), 3, loss=LOSS, callbacks=[look]
    )
    assert_allclose(look.raw, gp.optimal_constant(LOSS, DATA.y), rtol=1e-9)
    assert_allclose(booster.predict(DATA.x, raw_score=True), look.raw[-1], rtol=1e-12)


@pytest.mark.parametrize(
    "more",
    [{"feature_fraction": 0.4}, {"feature_fraction": 0.4, "feature_fraction_bynode": 0.5},
     {"bagging_fraction": 0.5, "bagging_freq": 2, "feature_fraction": 0.7}],
    ids=str,
)  # fmt: skip
def test_the_columns_are_those_that_the_built_in_objective_draws(more):
    params = {**PARAMS, **more}
    expected = lgb.train({**params, "objective": "binary"}, dataset(), 20)
    ours = gp.lightgbm.train(params, dataset(), 20, loss=BCE)
    assert HOST.structures(ours) == HOST.structures(expected)
    assert_allclose(ours.predict(DATA.x), expected.predict(DATA.x), rtol=0, atol=1e-9)
    native = lgb.cv({**params, "objective": "binary"}, dataset(), 5, nfold=3)
    cv = gp.lightgbm.cv({**params, "metric": "binary_logloss"}, dataset(), 5, nfold=3, loss=BCE)
    assert_allclose(cv["valid binary_logloss-mean"], native["valid binary_logloss-mean"], rtol=1e-9)


class Locked:
    """A callback, or a metric, that has no copy."""

    def __init__(self):
        self.lock = threading.Lock()
        self.seen = []

    def __call__(self, env):
        raw = env.model.predict(DATA.x, raw_score=True)
        self.seen.append(raw)


class LockedMetric(Locked):
    def __call__(self, y_true, probability):
        self.seen.append(probability.copy())
        return "mine", float(probability.mean()), True


@pytest.mark.parametrize("more", [{}, {"early_stopping_round": 3}], ids=str)
def test_callbacks_and_metrics_of_fit_are_the_users_own_objects(more):
    callback, metric = Locked(), LockedMetric()
    model = BoostingClassifier(HOST.estimator(5, **more), LOSS)
    model.fit(
        DATA.x, DATA.y, eval_set=[(DATA.test.x, DATA.test.y)], callbacks=[callback],
        eval_metric=metric,
    )  # fmt: skip
    assert len(callback.seen) == len(metric.seen) >= model.booster_.num_trees()
    assert set(vars(callback)) == {"lock", "seen"}
    i = model.booster_.num_trees() - 1
    assert_array_equal(callback.seen[i], model.booster_.predict(DATA.x, raw_score=True))
    assert_allclose(metric.seen[i], model.predict_proba(DATA.test.x)[:, 1], rtol=1e-12)


class LossWithLock(type(LOSS)):
    """A loss of the user's that has no copy."""

    def __deepcopy__(self, memo):
        raise TypeError("cannot be copied")


def test_a_loss_is_not_copied():
    ours = gp.lightgbm.train(PARAMS, dataset(), 3, loss=LossWithLock(7.3))
    assert_array_equal(
        ours.predict(DATA.x), gp.lightgbm.train(PARAMS, dataset(), 3, loss=LOSS).predict(DATA.x)
    )


def test_a_callback_that_another_library_adds_may_stop_the_training(monkeypatch):
    original = lgb.train

    def tracked(*args, callbacks, **kwargs):
        def stop(env):
            if env.iteration == 2:
                raise lgb.callback.EarlyStopException(1, env.evaluation_result_list)

        return original(*args, callbacks=[*callbacks, stop], **kwargs)

    monkeypatch.setattr(lgb, "train", tracked)
    booster = gp.lightgbm.train(PARAMS, dataset(), 9, loss=LOSS)
    monkeypatch.undo()
    expected = gp.lightgbm.train(PARAMS, dataset(), 2, loss=LOSS)
    assert booster.num_trees() == booster.best_iteration == 2
    assert_array_equal(booster.predict(DATA.x), expected.predict(DATA.x))


@pytest.mark.parametrize("kind", [{}, {"linear_tree": True}], ids=str)
def test_a_tracker_around_lightgbm_train_gets_every_round_and_the_model(kind, monkeypatch):
    rounds, logged = [], []
    original = lgb.train

    def log_round(env):
        rounds.append(
            {result[1]: result[2] for result in map(tuple_of, env.evaluation_result_list)}
        )

    def tuple_of(result):  # a tuple until 4.7
        if isinstance(result, tuple):
            return result
        return result.dataset_name, result.metric_name, result.metric_value

    def tracked(*args, **kwargs):  # as mlflow does it
        kwargs["callbacks"] += [log_round]
        model = original(*args, **kwargs)
        logged.append(model.model_to_string())
        return model

    monkeypatch.setattr(lgb, "train", tracked)
    log = {}
    params = {**kind, "early_stopping_round": 4, "metric": ["binary_logloss", "auc"]}
    booster = HOST.train(
        dataset(DATA.train), 60, params=params, valid=dataset(DATA.test), loss=LOSS,
        evals_result=log,
    )  # fmt: skip
    for name, values in log["valid"].items():
        assert [metrics[name] for metrics in rounds] == values
    assert booster.best_iteration < len(rounds) < 60
    loaded = lgb.Booster(model_str=logged[0])
    assert_array_equal(loaded.predict(DATA.x), booster.predict(DATA.x))


def test_the_environment_of_a_callback_is_the_hosts():
    seen = []

    def look(env):
        seen.append(SimpleNamespace(**{n: getattr(env, n) for n in ("iteration", "end_iteration")}))
        assert type(env) is lgb.callback.CallbackEnv
        assert isinstance(env.model, lgb.Booster)
        assert [result[0] for result in map(list_of, env.evaluation_result_list)] == ["valid_0"]

    def list_of(result):  # a tuple until 4.7
        return result if isinstance(result, tuple) else (result.dataset_name,)

    params = {**PARAMS, "linear_tree": True}
    gp.lightgbm.train(params, dataset(), 2, loss=LOSS, valid_sets=[dataset()], callbacks=[look])
    assert [env.iteration for env in seen] == [0, 1]
