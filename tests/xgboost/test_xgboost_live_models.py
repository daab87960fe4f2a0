"""What callbacks, checkpoints and metrics see after any round is the model cut at that round."""

import copy
import json
import pickle

import numpy as np
import pytest
import xgboost as xgb
from numpy.testing import assert_allclose, assert_array_equal
from packaging.version import Version

import gradpair as gp
from helpers.hosts import XGBOOST, digits

DATA = digits()
TRAIN, TEST = DATA.train, DATA.test
LOSS = gp.WeightedCrossEntropy(7.3)
# From far off, hessians are small and only much regularisation keeps the steps so.
PARAMS = {**XGBOOST.params, "eta": 1.0, "lambda": 1000.0, "min_child_weight": 0.01}
ROUNDS = 6
FITTED = gp.optimal_constant(
    LOSS, TRAIN.y, offset=TRAIN.offset.astype(np.float32), sample_weight=TRAIN.weight
)
BUILT_IN = ["logloss", "error", "error@0.3", "auc", "aucpr"]
STARTS = pytest.mark.parametrize("offsets", [True, False], ids=["offsets", "far off"])


def matrices(offsets, shift=0.0, kind=xgb.DMatrix, **kwargs):
    """Rows to train on and to evaluate on, with a shift of all their margins."""
    made = []
    for rows in (TRAIN, TEST):
        margin = rows.offset if offsets else np.zeros(rows.y.size)
        margin = margin + shift if offsets or shift else None
        more = {"ref": made[0]} if made and kind is xgb.QuantileDMatrix else {}
        made.append(
            kind(rows.x, label=rows.y, weight=rows.weight, base_margin=margin, **more, **kwargs)
        )
    return made


def start_of(offsets):
    """The constant, and the argument that asks for it."""
    return (FITTED, {}) if offsets else (6.0, {"constant": 6.0})


def native(offsets, params=PARAMS, rounds=ROUNDS, *, callbacks=None, stop=None, **kinds):
    """The built-in objective from the same start, as margins of its data; and its log."""
    train, test = matrices(offsets, start_of(offsets)[0], **kinds)
    log = {}
    params = {**params, "objective": "binary:logistic", "scale_pos_weight": 7.3, "base_score": 0.5}
    booster = xgb.train(
        params, train, rounds, evals=[(train, "train"), (test, "test")], evals_result=log,
        verbose_eval=False, callbacks=callbacks, early_stopping_rounds=stop,
    )  # fmt: skip
    cuts = range(1, booster.num_boosted_rounds() + 1)
    margins = [booster.predict(test, output_margin=True, iteration_range=(0, cut)) for cut in cuts]
    return booster, margins, log


def trained(offsets, callback, params=PARAMS, rounds=ROUNDS, **kwargs):
    kinds = {name: kwargs.pop(name) for name in ("kind",) if name in kwargs}
    train, test = matrices(offsets, **kinds)
    kwargs = {"evals": [(train, "train"), (test, "test")], "verbose_eval": False} | kwargs
    kwargs |= start_of(offsets)[1]
    callbacks = [*kwargs.pop("callbacks", ()), callback] if callback else None
    return gp.xgboost.train(params, train, rounds, loss=LOSS, callbacks=callbacks, **kwargs)


class Look(xgb.callback.TrainingCallback):
    """Collects what a look at the live booster gives after each round."""

    def __init__(self, look):
        super().__init__()
        self.look, self.seen = look, []

    def after_iteration(self, model, epoch, evals_log):
        self.seen.append(self.look(model))
        return False


def margins(booster, offsets=True):
    return booster.predict(matrices(offsets)[1], output_margin=True)


LOOKS = {
    "predict": lambda booster: booster,
    "pickle": lambda booster: pickle.loads(pickle.dumps(booster)),
    "copy": copy.deepcopy,
    "save_raw": lambda booster: xgb.Booster(model_file=booster.save_raw("ubj")),
    "slice": lambda booster: booster[: booster.num_boosted_rounds()],
}


@STARTS
@pytest.mark.parametrize("look", LOOKS)
def test_any_look_at_the_booster_after_any_round_shows_the_model_cut_there(offsets, look):
    spy = Look(lambda booster: margins(LOOKS[look](booster), offsets))
    booster = trained(offsets, spy)
    _, expected, _ = native(offsets)
    assert len(spy.seen) == ROUNDS
    for rounds, (seen, reference) in enumerate(zip(spy.seen, expected, strict=True), 1):
        assert_allclose(seen, margins(booster[:rounds], offsets), rtol=0, atol=2e-6)
        assert_allclose(seen, reference, rtol=0, atol=1e-5)


def test_the_cached_predictions_of_all_data_are_those_of_the_model():
    (train, test), seen = matrices(True), []
    spy = Look(lambda b: [b.predict(data, output_margin=True) for data in (train, test)])
    evals = [(test, "test"), (train, "train"), (test, "again")]
    booster = gp.xgboost.train(
        PARAMS, train, 4, loss=LOSS, evals=evals, callbacks=[spy], verbose_eval=False
    )
    for rounds, both in enumerate(spy.seen, 1):
        for rows, cached in zip((TRAIN, TEST), both, strict=True):
            fresh = xgb.DMatrix(rows.x, base_margin=rows.offset)
            seen = booster[:rounds].predict(fresh, output_margin=True)
            assert_allclose(cached, seen, rtol=0, atol=2e-6)


TREES = {
    "exact": {"tree_method": "exact"},
    "approx": {"tree_method": "approx"},
    "leaf-wise": {"grow_policy": "lossguide", "max_leaves": 9},
    "monotone": {"monotone_constraints": "(" + "1," * 63 + "-1)"},
    "parallel trees": {"num_parallel_tree": 3},
    "bounded": {"max_delta_step": 0.7, "lambda": 1},
    "heavy leaves": {"min_child_weight": 8, "lambda": 3, "alpha": 0.2, "gamma": 0.1},
    "slow": {"eta": 0.05, "max_depth": 7, "max_bin": 16},
    "threads": {"nthread": 2},
}


@pytest.mark.parametrize("trees", TREES)
def test_the_parameters_of_the_trees_hold_in_every_round(trees):
    params = PARAMS | TREES[trees]
    booster = trained(True, None, params)
    reference, expected, _ = native(True, params)
    assert XGBOOST.structures(booster) == XGBOOST.structures(reference)
    assert_allclose(margins(booster), expected[-1], rtol=0, atol=1e-5)


def test_the_configuration_is_that_of_a_training_without_a_start_in_a_tree():
    def config(**kwargs):
        train = matrices(False)[0]
        params = {**PARAMS, "eval_metric": ["auc", "error@0.3"], "colsample_bylevel": 0.9}
        booster = gp.xgboost.train(params, train, 3, loss=LOSS, **kwargs)
        made = json.loads(booster.save_config())
        made["learner"]["learner_model_param"].pop("base_score")
        made["learner"]["generic_param"].pop("rng_state", None)  # since 3.3, after other trees
        return made

    assert config(constant=20.0) == config(constant=-1.0)


@STARTS
def test_metrics_of_the_host_are_those_of_its_own_training(offsets):
    log = {}
    booster = trained(offsets, None, {**PARAMS, "eval_metric": BUILT_IN}, evals_result=log)
    _, _, expected = native(offsets, {**PARAMS, "eval_metric": BUILT_IN})
    for name in ("train", "test"):
        assert list(log[name]) == BUILT_IN
        for metric in BUILT_IN:
            assert_allclose(log[name][metric], expected[name][metric], rtol=0, atol=1e-6)
    assert booster.attributes() == {}


@STARTS
def test_our_metric_and_the_users_see_the_start_in_the_first_round_too(offsets):
    seen, log = [], {}

    def users(preds, data):
        seen.append(preds.copy())
        return [("mean", preds.mean()), ("rows", data.num_row())]

    trained(offsets, None, custom_metric=users, evals_result=log)
    _, expected, _ = native(offsets)
    assert list(log["test"]) == ["mean", "rows"]
    assert_allclose(seen[1::2], expected, rtol=0, atol=1e-5)
    trained(offsets, None, evals_result=log)
    name = gp.xgboost.metric(LOSS).name
    losses = [np.average(LOSS.loss(TEST.y, z), weights=TEST.weight) for z in expected]
    assert_allclose(log["test"][name], losses, rtol=1e-5, atol=1e-6)


def test_names_of_features_and_of_categories_come_through():
    pandas = pytest.importorskip("pandas")
    names = [f"größe {i}" for i in range(DATA.x.shape[1])]
    frame = pandas.DataFrame(TRAIN.x, columns=names)
    frame = frame.assign(种=pandas.Categorical(np.where(TRAIN.x[:, 20] > 8, "dark", "light")))
    data = [
        xgb.DMatrix(frame, label=TRAIN.y, base_margin=TRAIN.offset + c, enable_categorical=True)
        for c in (0, gp.optimal_constant(LOSS, TRAIN.y, offset=TRAIN.offset.astype(np.float32)))
    ]
    booster = gp.xgboost.train(PARAMS, data[0], 5, loss=LOSS)
    native = {**PARAMS, "objective": "binary:logistic", "scale_pos_weight": 7.3}
    expected = xgb.train({**native, "base_score": 0.5}, data[1], 5).predict(data[1])
    assert booster.feature_names == [*names, "种"]
    assert booster.feature_types[-1] == "c"
    assert_allclose(booster.predict(data[0]), expected, rtol=0, atol=2e-6)


def test_quantile_matrices_show_the_model_too():
    spy = Look(margins)
    trained(True, spy, kind=xgb.QuantileDMatrix)
    _, expected, _ = native(True, kind=xgb.QuantileDMatrix)
    assert_allclose(spy.seen, expected, rtol=0, atol=1e-5)


@STARTS
@pytest.mark.parametrize("as_pickle", [False, True])
def test_a_checkpoint_predicts_and_continues_as_the_uninterrupted_training(
    offsets, as_pickle, tmp_path
):
    save = xgb.callback.TrainingCheckPoint(tmp_path, interval=1, as_pickle=as_pickle)
    whole = trained(offsets, save)
    _, expected, _ = native(offsets)
    train, test = matrices(offsets)
    files = sorted(tmp_path.iterdir())
    assert len(files) == ROUNDS - 1  # the first round is not saved
    for rounds, file in enumerate(files, 2):
        model = pickle.loads(file.read_bytes()) if as_pickle else xgb.Booster(model_file=file)
        assert_allclose(model.predict(test), gp.sigmoid(expected[rounds - 1]), rtol=0, atol=1e-6)
        if rounds in (2, 4):
            model = model if as_pickle else file
            rest = gp.xgboost.train(PARAMS, train, ROUNDS - rounds, loss=LOSS, xgb_model=model)
            assert_allclose(rest.predict(test), whole.predict(test), rtol=0, atol=1e-6)


@pytest.mark.parametrize("save_best", [False, True])
@STARTS
def test_early_stopping_is_that_of_the_host(offsets, save_best):
    def stop():
        return xgb.callback.EarlyStopping(
            rounds=4, metric_name="logloss", data_name="test", save_best=save_best
        )

    params = {**PARAMS, "eval_metric": ["logloss", "auc"], "lambda": 100.0}
    booster = trained(offsets, stop(), params, 200)
    reference, expected, _ = native(offsets, params, 200, callbacks=[stop()])
    assert 1 < booster.best_iteration == reference.best_iteration < 150
    assert booster.best_score == pytest.approx(reference.best_score, abs=1e-6)
    assert booster.num_boosted_rounds() == reference.num_boosted_rounds()
    assert_allclose(margins(booster, offsets), expected[-1], rtol=0, atol=5e-5)


def test_a_schedule_of_learning_rates_is_kept():
    rates = xgb.callback.LearningRateScheduler([0.5, 0.4, 0.3, 0.2, 0.1, 0.05])
    booster = trained(True, rates)
    _, expected, _ = native(True, callbacks=[rates])
    assert_allclose(margins(booster), expected[-1], rtol=0, atol=1e-5)
    assert np.abs(expected[-1] - native(True)[1][-1]).max() > 0.01


def test_callbacks_do_not_change_the_model():
    def raw(*callbacks):
        return gp.xgboost.train(
            {**PARAMS, "subsample": 0.6, "seed": 3}, matrices(True)[0], 5, loss=LOSS,
            callbacks=callbacks,
        ).save_raw("json")  # fmt: skip

    assert raw() == raw(Look(lambda booster: booster.save_raw()))


def test_where_rows_are_sampled_a_start_in_a_tree_draws_others_before_xgboost_3_3():
    params = {**PARAMS, "subsample": 0.6, "colsample_bytree": 0.5, "seed": 3}
    structures = XGBOOST.structures(trained(True, None, params))
    expected = XGBOOST.structures(native(True, params)[0])
    assert structures[0] == expected[0]
    assert (structures == expected) == (Version(xgb.__version__) >= Version("3.3"))


def test_a_booster_copied_before_its_first_round_trains_like_the_original():
    copies = []

    class Copy(xgb.callback.TrainingCallback):
        def before_iteration(self, model, epoch, evals_log):
            copies.append((copy.deepcopy(model), pickle.loads(pickle.dumps(model))))
            return False

    train, test = matrices(True)
    # In a list of one, which 2.1 takes for a set and may call after ours.
    booster = trained(True, Copy(), rounds=2)
    assert len(copies) == 2
    for twin in copies[1]:
        twin.update(train, 1, gp.xgboost.objective(LOSS))
        assert_allclose(twin.predict(test), booster.predict(test), rtol=0, atol=1e-6)
    for twin in copies[0]:
        assert twin.num_boosted_rounds() == 0


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
@pytest.mark.parametrize("hook", ["before_training", "before_iteration", "after_iteration"])
def test_an_interruption_leaves_nothing_half_changed(hook, kind):
    class Interrupt(xgb.callback.TrainingCallback):
        pass

    def interrupt(self, *args, **kwargs):
        raise kind("stop")

    setattr(Interrupt, hook, interrupt)
    train, test = matrices(True)
    params, callbacks, evals = dict(PARAMS), [Interrupt()], [(test, "test")]
    before = gp.xgboost.train(PARAMS, train, 3, loss=LOSS).save_raw("json")
    with pytest.raises(kind, match="stop"):
        gp.xgboost.train(params, train, 3, loss=LOSS, callbacks=callbacks, evals=evals)
    assert params == PARAMS
    assert len(callbacks) == len(evals) == 1
    assert_allclose(train.get_base_margin(), TRAIN.offset, rtol=1e-6)
    assert gp.xgboost.train(PARAMS, train, 3, loss=LOSS).save_raw("json") == before


def test_no_training_at_all_is_an_error_where_a_tree_was_to_hold_the_start():
    class StopAtOnce(xgb.callback.TrainingCallback):
        def before_iteration(self, model, epoch, evals_log):
            return True

    with pytest.raises(ValueError, match="stopped the training before its first round"):
        trained(True, StopAtOnce())
    plain = gp.xgboost.train(PARAMS, matrices(False)[0], 3, loss=LOSS, callbacks=[StopAtOnce()])
    assert plain.num_boosted_rounds() == 0


FOLDS = [(np.arange(0, 900), np.arange(900, 1400)), (np.arange(400, 1500), np.arange(0, 300))]


@pytest.mark.parametrize("offsets", [True, False])
def test_the_models_of_the_folds_hold_the_start_after_every_round(offsets):
    test = xgb.DMatrix(TEST.x, base_margin=TEST.offset if offsets else None)
    spy = Look(lambda packed: [f.bst.predict(test, output_margin=True) for f in packed.cvfolds])
    data = xgb.DMatrix(DATA.x, label=DATA.y, base_margin=DATA.offset if offsets else None)
    call = {"num_boost_round": 4, "folds": FOLDS, "as_pandas": False}
    params = {**PARAMS, "eval_metric": BUILT_IN}
    result = gp.xgboost.cv(params, data, loss=LOSS, callbacks=[spy], **call)

    def from_the_start(train, test, params):
        margin = train.get_base_margin() if offsets else None
        constant = gp.optimal_constant(LOSS, train.get_label(), offset=margin)
        for rows in (train, test):
            old = rows.get_base_margin() if offsets else np.zeros(rows.num_row())
            rows.set_base_margin(old + constant)
        constants.append(constant)
        return train, test, params

    constants = []
    native = {**params, "objective": "binary:logistic", "scale_pos_weight": 7.3, "base_score": 0.5}
    look = Look(lambda packed: [f.bst.predict(test, output_margin=True) for f in packed.cvfolds])
    expected = xgb.cv(native, data, fpreproc=from_the_start, callbacks=[look], **call)
    assert list(result) == list(expected)
    for name, values in expected.items():
        assert_allclose(result[name], values, rtol=0, atol=1e-6)
    for seen, reference in zip(spy.seen, look.seen, strict=True):
        for fold, constant in enumerate(constants):
            assert_allclose(seen[fold], reference[fold] + constant, rtol=0, atol=1e-5)


@pytest.mark.filterwarnings("ignore:.*You have manually specified the `updater`:UserWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_would_rewrite_the_leaves_that_hold_the_start_is_refused():
    model = trained(True, None)
    train, test = matrices(True)
    update = {"process_type": "update", "updater": "refresh"}
    pruned = {"updater": "prune", "refresh_leaf": False}
    for change in ({}, pruned, {"updater": "refresh,prune"}, {"refresh_leaf": "1"}):
        params = update | change
        with pytest.raises(ValueError, match="process_type='update' would rewrite the leaves"):
            gp.xgboost.train(params, train, ROUNDS, loss=LOSS, xgb_model=model)
    for params in ({"booster": "dart"}, {"rate_drop": 0.2}, {"booster": "gblinear"}):
        with pytest.raises(ValueError, match="use booster='gbtree'"):
            gp.xgboost.train(params, train, 2, loss=LOSS, xgb_model=model)
    kept = {**update, "refresh_leaf": False}
    same = gp.xgboost.train(kept, train, ROUNDS, loss=LOSS, xgb_model=model)
    assert_array_equal(same.predict(test), model.predict(test))


@pytest.mark.parametrize("tree_method", ["hist", "exact"])
def test_a_model_whose_start_is_its_intercept_is_refreshed_as_the_host_does(tree_method):
    train, other = xgb.DMatrix(TRAIN.x, label=TRAIN.y), xgb.DMatrix(TEST.x, label=TEST.y)
    model = gp.xgboost.train({**PARAMS, "tree_method": tree_method}, train, 5, loss=LOSS)
    update = {"process_type": "update", "updater": "refresh", "lambda": 3.0}
    ours = gp.xgboost.train(update, other, 5, loss=LOSS, xgb_model=model)
    native = {**update, "objective": "binary:logistic", "scale_pos_weight": 7.3}
    expected = xgb.train(native, other, 5, xgb_model=model).predict(other)
    assert_allclose(ours.predict(other), expected, rtol=0, atol=1e-6)
    assert np.abs(expected - model.predict(other)).max() > 0.01


@pytest.mark.parametrize("tree_method", ["hist", "exact"])
@pytest.mark.parametrize("depth", [0, 4])
@pytest.mark.parametrize("how", ["train", "to_native", "sliced and saved"])
def test_a_start_in_a_tree_is_recognised_in_any_model(how, depth, tree_method, tmp_path):
    # A tree of depth 0 is one leaf.
    params = {**PARAMS, "tree_method": tree_method, "max_depth": depth or 1}
    params |= {} if depth else {"min_child_weight": 1e9}
    if how == "to_native":
        start = {"objective": "binary:logistic", "base_score": 0.5}
        raw = xgb.train(
            params | start, matrices(True)[0], 5, obj=gp.xgboost.objective(LOSS, start=FITTED)
        )
        model = gp.xgboost.to_native(raw, LOSS, constant=FITTED)
    else:
        model = trained(True, None, params)
    if how == "sliced and saved":
        model[:2].save_model(tmp_path / "model.ubj")
        model = tmp_path / "model.ubj"
    update = {"process_type": "update", "updater": "refresh"}
    with pytest.raises(ValueError, match="process_type='update' would rewrite"):
        gp.xgboost.train(update, matrices(True)[0], 2, loss=LOSS, xgb_model=model)


def test_a_start_is_recognised_in_a_single_leaf_that_moves_away_from_0_with_it():
    loss = gp.WeightedCrossEntropy(1e4)
    train = matrices(False)[0]
    model = gp.xgboost.train({**PARAMS, "gamma": 1e9}, train, 3, loss=loss, constant=6.0)
    assert XGBOOST.structures(model) == [(), (), ()]
    assert (model.predict(train, output_margin=True) > 6.1).all()
    update = {"process_type": "update", "updater": "refresh"}
    with pytest.raises(ValueError, match="process_type='update' would rewrite"):
        gp.xgboost.train(update, train, 2, loss=loss, xgb_model=model)
