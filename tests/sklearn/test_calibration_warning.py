"""calibrated=True warns where its closed formula shows to be wrong."""

import numpy as np
import pytest

import gradpair as gp
from gradpair.sklearn import BoostingClassifier
from helpers.hosts import HOST, digits

DATA = digits()
TRAIN, HELD_OUT = DATA.train, DATA.test
BALANCED = gp.WeightedCrossEntropy.balanced


def fit(host, rounds, loss=BALANCED, *, calibrated=True, **kwargs):
    model = BoostingClassifier(host.estimator(rounds), loss, calibrated=calibrated)
    return model.fit(TRAIN.x, TRAIN.y, **kwargs, **host.quiet)


@HOST
def test_a_training_that_stopped_far_from_convergence_is_told(host):
    with pytest.warns(UserWarning, match=r"over the training rows .* average 0\.0\d+, where the"):
        fit(host, 2, gp.WeightedCrossEntropy(40.0))


@HOST
def test_held_out_rows_tell_where_training_rows_do_not(host):
    fit(host, 60)
    with pytest.warns(UserWarning, match=r"over the evaluation set 0 .*recalibrate\(X, y\)"):
        fit(host, 60, eval_set=[(HELD_OUT.x, HELD_OUT.y)])


@HOST
@pytest.mark.parametrize("loss", [gp.BinaryCrossEntropy(), gp.WeightedCrossEntropy(1.1)], ids=repr)
def test_nothing_is_told_where_the_formula_holds(host, loss):
    fit(host, 20, loss, eval_set=[(HELD_OUT.x, HELD_OUT.y)])


@HOST
def test_nothing_is_told_of_uncalibrated_models(host):
    fit(host, 3, calibrated=False, eval_set=[(HELD_OUT.x, HELD_OUT.y)])


@HOST
def test_rows_of_one_class_and_a_handful_of_rows_tell_nothing(host):
    few, zeros = slice(0, 12), HELD_OUT.y == 0
    sets = [(HELD_OUT.x[few], HELD_OUT.y[few]), (HELD_OUT.x[zeros], HELD_OUT.y[zeros])]
    fit(host, 60, eval_set=sets)


@HOST
def test_weights_and_offsets_count(host):
    offset = gp.logit(np.clip(TRAIN.y * 0.5 + 0.02, 0, 1))
    model = BoostingClassifier(host.estimator(3), gp.WeightedCrossEntropy(40.0), calibrated=True)
    with pytest.warns(UserWarning, match="over the training rows"):
        model.fit(TRAIN.x, TRAIN.y, TRAIN.weight, offset=offset)
    probability = model.predict_proba(TRAIN.x, offset=offset)[:, 1]
    means = [np.average(values, weights=TRAIN.weight) for values in (probability, TRAIN.y)]
    with pytest.warns(UserWarning, match=rf"average {means[0]:.3g}, .* average {means[1]:.3g}\."):
        model.fit(TRAIN.x, TRAIN.y, TRAIN.weight, offset=offset)
