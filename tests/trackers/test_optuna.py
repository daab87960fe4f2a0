"""Optuna's pruning callbacks, with a key that stays the same while the loss is searched."""

import pytest
from numpy.testing import assert_allclose, assert_array_equal

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import HOST, digits

optuna = pytest.importorskip("optuna")
integration = pytest.importorskip("optuna_integration")

DATA = digits()
NAME = "weighted_cross_entropy"
ROUNDS, PRUNED_AT = 9, 4


def callback(host, trial, name):
    """Return the host's pruning callback, which watches the loss on an evaluation set."""
    if host.name == "xgboost":
        return integration.XGBoostPruningCallback(trial, f"{name}-{NAME}")
    return integration.LightGBMPruningCallback(trial, NAME, name)


def through_train(host, loss, trial):
    """Train by ``train`` and return what was reported of each round."""
    log, (train, test) = {}, (DATA.train, DATA.test)
    data = host.data(train.x, train.y)
    kwargs = {"reference": data} if host.name == "lightgbm" else {}
    valid = host.data(test.x, test.y, **kwargs)
    callbacks = [callback(host, trial, "valid")]
    host.train(data, ROUNDS, valid=valid, loss=loss, evals_result=log, callbacks=callbacks)
    assert [type(item).__module__.partition(".")[0] for item in callbacks] == ["optuna_integration"]
    return log["valid"][NAME]


def through_cv(host, loss, trial):
    """Train by ``cv``, whose pruning callback sees the mean over the folds."""
    name = "test" if host.name == "xgboost" else "valid"
    kwargs = {"stratified": True, "seed": 7, "callbacks": [callback(host, trial, name)]}
    data = host.data(DATA.x, DATA.y)
    result = host.module.cv(host.params, data, ROUNDS, nfold=3, loss=loss, **kwargs)
    (key,) = (key for key in result if key.startswith(name) and key.endswith(f"{NAME}-mean"))
    return list(result[key])


def through_classifier(host, loss, trial):
    """Fit a BoostingClassifier, whose callback is the host's own argument."""
    train, test = DATA.train, DATA.test
    name = "validation_0" if host.name == "xgboost" else "valid_0"
    asked = [callback(host, trial, name)]
    params = {"callbacks": asked} if host.name == "xgboost" else {}
    fit = dict(host.quiet) if host.name == "xgboost" else {"callbacks": asked}
    model = BoostingClassifier(host.estimator(ROUNDS, **params), loss)
    model.fit(train.x, train.y, eval_set=[(test.x, test.y)], **fit)
    return model.evals_result_[name][NAME]


WAYS = pytest.mark.parametrize(
    "way", [through_train, through_cv, through_classifier], ids=lambda way: way.__name__
)


def study(host, way, pruner):
    """Search alpha; return the finished trials, and what was reported in those not pruned."""
    told = {}

    def objective(trial):
        alpha = trial.suggest_float("alpha", 0.3, 30.0, log=True)
        told[trial.number] = way(host, gp.WeightedCrossEntropy(alpha), trial)
        return told[trial.number][-1]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), pruner=pruner)
    found.optimize(objective, n_trials=3)
    return found.trials, told


@HOST
@WAYS
def test_the_pruner_sees_the_loss_of_every_round_while_alpha_is_searched(host, way):
    trials, told = study(host, way, optuna.pruners.NopPruner())
    assert len({trial.params["alpha"] for trial in trials}) == 3
    for trial in trials:
        assert list(trial.intermediate_values) == list(range(ROUNDS))
        assert_allclose(list(trial.intermediate_values.values()), told[trial.number], rtol=1e-6)


@HOST
@WAYS
def test_a_trial_that_the_pruner_gives_up_ends_in_that_round(host, way):
    pruner = optuna.pruners.ThresholdPruner(upper=0.0, n_warmup_steps=PRUNED_AT)
    trials, told = study(host, way, pruner)
    assert [trial.state.name for trial in trials] == ["PRUNED"] * 3
    assert [trial.last_step for trial in trials] == [PRUNED_AT] * 3
    assert told == {}


@HOST
def test_a_pruned_training_leaves_the_data_as_they_were(host):
    data = host.data(DATA.x, DATA.y)
    expected = host.train(data, ROUNDS, loss=gp.WeightedCrossEntropy(7.3))

    def objective(trial):
        callbacks = [callback(host, trial, "valid")]
        loss = gp.WeightedCrossEntropy(7.3)
        host.train(data, ROUNDS, valid=data, loss=loss, callbacks=callbacks)

    found = optuna.create_study(pruner=optuna.pruners.ThresholdPruner(upper=0.0))
    found.optimize(objective, n_trials=1)
    assert found.trials[0].state.name == "PRUNED"
    again = host.train(data, ROUNDS, loss=gp.WeightedCrossEntropy(7.3))
    assert_array_equal(host.margin(again, DATA.x), host.margin(expected, DATA.x))
